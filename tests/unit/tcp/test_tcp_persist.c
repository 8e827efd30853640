// SPDX-License-Identifier: MIT
//
// Windows that shut, shrink and open again, seen from the sender: RFC 9293 §3.8.6.
#include "data_steps.h"

// Everything acknowledged, the window shut, 100 octets waiting; 1001 is the next number.
static void shut_with_data_waiting(void)
{
    OPEN(.mss = 1000);
    WRITE(1000);
    EXPECT(.flags = PSH | ACK, .seq = 1, .ack = 1, .data = 1000);
    SEND(.flags = ACK, .seq = 1, .ack = 1001, .window = SHUT);
    WRITE(100);
    EXPECT_NOTHING();
}

// RFC 9293 §3.8.6 [MUST-35], §3.8.6.1 [MUST-36, SHLD-29]: one octet of what waits, after one RTO.
static void first_probe_is_one_octet_after_the_timeout(void **state)
{
    (void)state;
    shut_with_data_waiting();
    EXPECT_AFTER(SEC(1), .flags = ACK, .seq = 1001, .ack = 1, .data = 1, WHY(SEND_WINDOW_PROBE));
    SEND(.flags = ACK, .seq = 1, .ack = 1001, .window = SHUT);
}

// RFC 9293 §3.8.6.1 [SHLD-30]
static void probes_come_at_doubled_intervals(void **state)
{
    (void)state;
    static const uint32_t seconds[] = {1, 2, 4, 8, 16, 32, 60, 60, 60};
    shut_with_data_waiting();
    for (uint32_t i = 0; i < 9; i++) {
        EXPECT_AFTER(SEC(seconds[i]), .flags = ACK, .seq = 1001, .ack = 1, .data = 1);
        SEND(.flags = ACK, .seq = 1, .ack = 1001, .window = SHUT);
    }
}

// The next probe is due and has not left, as when the neighbour's address is being asked for. The
// octet of the first one goes again, for the window's sake.
static void window_that_opens_before_a_probe_leaves_is_used(void **state)
{
    (void)state;
    shut_with_data_waiting();
    EXPECT_AFTER(SEC(1), .flags = ACK, .seq = 1001, .ack = 1, .data = 1);
    SEND(.flags = ACK, .seq = 1, .ack = 1001, .window = SHUT);
    bench.now_ns += SEC(2) + MS(1);
    synfin_stack_advance(bench.stack, bench.now_ns);
    SEND(.flags = ACK, .seq = 1, .ack = 1001, .window = 5000);
    EXPECT(.flags = ACK, .seq = 1001, .ack = 1, .data = 1, WHY(SEND_WINDOW_OPENED));
    SEND_ACK(1002);
    EXPECT(.flags = PSH | ACK, .seq = 1002, .ack = 1, .data = 99);
    SEND_ACK(1101);
    EXPECT_NOTHING();
}

// RFC 9293 §3.8.6.1 [MUST-37]: as long as probes are answered the connection stays.
static void answered_probes_keep_the_connection_for_hours(void **state)
{
    (void)state;
    shut_with_data_waiting();
    for (uint32_t i = 0; i < 300; i++) {
        EXPECT_WITHIN(SEC(61), .flags = ACK, .seq = 1001, .ack = 1, .data = 1);
        SEND(.flags = ACK, .seq = 1, .ack = 1001, .window = SHUT);
        IN_STATE(ESTABLISHED);
    }
    SEND(.flags = ACK, .seq = 1, .ack = 1002, .window = 5000);
    EXPECT(.flags = PSH | ACK, .seq = 1002, .ack = 1, .data = 99);
    SEND_ACK(1101);
}

// RFC 9293 §3.8.3 [MUST-20]: R2, when nobody answers.
static void unanswered_probes_end_the_connection(void **state)
{
    (void)state;
    segment_config()->data_retries = 4;
    shut_with_data_waiting();
    EXPECT_AFTER(SEC(1), .flags = ACK, .seq = 1001, .ack = 1, .data = 1);
    EXPECT_AFTER(SEC(2), .flags = ACK, .seq = 1001, .ack = 1, .data = 1);
    EXPECT_AFTER(SEC(4), .flags = ACK, .seq = 1001, .ack = 1, .data = 1);
    EXPECT_AFTER(SEC(8), .flags = ACK, .seq = 1001, .ack = 1, .data = 1);
    EXPECT_AFTER(SEC(16), .flags = RST | ACK, .seq = 1001, .ack = 1);
    EVENT_CLOSED(TIMED_OUT);
}

// A peer that shuts its window has answered: it is asked, not given up, also after R2.
static void window_shut_after_the_last_retry_is_probed(void **state)
{
    (void)state;
    OPEN(.mss = 1000);
    WRITE(100);
    EXPECT(.flags = PSH | ACK, .seq = 1, .ack = 1, .data = 100);
    for (uint32_t i = 0; i < 15; i++) {
        EXPECT_WITHIN(SEC(61), .flags = PSH | ACK, .seq = 1, .ack = 1, .data = 100);
    }
    SEND(.flags = ACK, .seq = 1, .ack = 1, .window = SHUT);
    EXPECT_WITHIN(SEC(61), .flags = ACK, .seq = 1, .ack = 1, .data = 1, WHY(SEND_WINDOW_PROBE));
}

// hist/129: every window update is lost; the answer to a probe brings it.
static void hist_129_lost_window_update_is_replaced_by_a_probe(void **state)
{
    (void)state;
    shut_with_data_waiting();
    EXPECT_AFTER(SEC(1), .flags = ACK, .seq = 1001, .ack = 1, .data = 1);
    SEND(.flags = ACK, .seq = 1, .ack = 1002, .window = 5000); // taken
    EXPECT(.flags = PSH | ACK, .seq = 1002, .ack = 1, .data = 99);
    SEND_ACK(1101);
    ADVANCE(SEC(100));
    EXPECT_NOTHING();
}

// The octet of a refused probe goes again with the rest.
static void opened_window_sends_the_probed_octet_again(void **state)
{
    (void)state;
    shut_with_data_waiting();
    EXPECT_AFTER(SEC(1), .flags = ACK, .seq = 1001, .ack = 1, .data = 1);
    SEND(.flags = ACK, .seq = 1, .ack = 1001, .window = SHUT);
    EXPECT_NOTHING();
    SEND(.flags = ACK, .seq = 1, .ack = 1001, .window = 5000);
    EXPECT(.flags = ACK, .seq = 1001, .ack = 1, .data = 1, WHY(SEND_WINDOW_OPENED));
    SEND_ACK(1002);
    EXPECT(.flags = PSH | ACK, .seq = 1002, .ack = 1, .data = 99);
    SEND_ACK(1101);
}

// hist/109: what we acknowledge while our probe is refused lies inside the peer's shut window.
static void hist_109_acknowledgment_during_probing_is_acceptable_to_the_peer(void **state)
{
    (void)state;
    shut_with_data_waiting();
    EXPECT_AFTER(SEC(1), .flags = ACK, .seq = 1001, .ack = 1, .data = 1);
    SEND(.flags = ACK, .seq = 1, .ack = 1001, .window = SHUT);
    SET(QUICKACK, 1);
    SEND(.flags = PSH | ACK, .seq = 1, .ack = 1001, .data = 10, .window = SHUT);
    EXPECT(.flags = ACK, .seq = 1001, .ack = 11);
    READ(10);
}

static void fin_alone_is_probed_with(void **state)
{
    (void)state;
    OPEN(.mss = 1000);
    WRITE(10);
    EXPECT(.flags = PSH | ACK, .seq = 1, .ack = 1, .data = 10);
    SEND(.flags = ACK, .seq = 1, .ack = 11, .window = SHUT);
    SHUTDOWN(WRITE);
    IN_STATE(FIN_WAIT_1);
    EXPECT_AFTER(SEC(1), .flags = FIN | ACK, .seq = 11, .ack = 1);
    SEND(.flags = ACK, .seq = 1, .ack = 12, .window = SHUT);
    IN_STATE(FIN_WAIT_2);
}

// hist/131: 1 to MSS-1 octets of window, with a whole segment to send.
static void hist_131_any_small_window_is_used_in_the_end(void **state)
{
    static const int32_t windows[] = {1, 2, 100, 499, 500, 999};
    for (uint32_t i = 0; i < sizeof windows / sizeof windows[0]; i++) {
        steps_begin_again(state);
        OPEN(.mss = 1000, .window = 4000);
        WRITE(1000);
        EXPECT(.flags = PSH | ACK, .seq = 1, .ack = 1, .data = 1000);
        SEND(.flags = ACK, .seq = 1, .ack = 1001, .window = windows[i]);
        WRITE(2000);
        EXPECT_NOTHING();
        EXPECT_AFTER(SEC(1), .flags = ACK, .seq = 1001, .ack = 1, .data = (uint32_t)windows[i]);
        SEND(.flags = ACK, .seq = 1, .ack = 1001 + (uint32_t)windows[i], .window = 4000);
        EXPECT(.flags = ACK, .seq = 1001 + (uint32_t)windows[i], .ack = 1, .data = 1000);
    }
}

// RFC 9293 §3.8.6 [MUST-34, SHLD-15, SHLD-17], hist/133: the window is taken back at every point of
// what is in flight: nothing new goes, nothing is given up, and it resumes.
static void hist_133_window_taken_back_is_survived(void **state)
{
    for (uint32_t left = 0; left <= 3000; left += 250) {
        steps_begin_again(state);
        OPEN(.mss = 1000);
        WRITE(5000);
        EXPECT_RUN_ALL(1, 5001, 1000);
        SEND(.flags = ACK, .seq = 1, .ack = 1001, .window = left == 0 ? SHUT : (int32_t)left);
        WRITE(1000);
        EXPECT_NOTHING();
        uint32_t bytes = left == 0 ? 1 : left < 1000 ? left : 1000; // a probe, or what fits
        EXPECT_AFTER(SEC(1), .flags = ACK, .seq = 1001, .ack = 1, .data = bytes);
        CHECK(segment_conn()->state == SYNFIN_TCP_STATE_ESTABLISHED);
        SEND(.flags = ACK, .seq = 1, .ack = 5001, .window = 5000);
        EXPECT(.flags = PSH | ACK, .seq = 5001, .ack = 1, .data = 1000);
    }
}

// RFC 9293 §3.8.6 [SHLD-16]: what lies in the window and was not acknowledged goes again.
static void old_data_inside_a_smaller_window_is_sent_again(void **state)
{
    (void)state;
    OPEN(.mss = 1000);
    WRITE(4000);
    EXPECT_RUN_ALL(1, 4001, 1000);
    SEND(.flags = ACK, .seq = 1, .ack = 1001, .window = 1500);
    EXPECT_AFTER(SEC(1), .flags = ACK, .seq = 1001, .ack = 1, .data = 1000);
    SEND(.flags = ACK, .seq = 1, .ack = 2001, .window = 1500);
    EXPECT(.flags = ACK, .seq = 2001, .ack = 1, .data = 1000);
    EXPECT(.flags = ACK, .seq = 3001, .ack = 1, .data = 500);
    SEND(.flags = ACK, .seq = 1, .ack = 4001, .window = 1500);
}

// RFC 9293 §3.8.6 [MUST-34]: the window of an old segment changes nothing.
static void window_of_an_old_segment_is_ignored(void **state)
{
    (void)state;
    OPEN(.mss = 1000);
    SEND(.flags = ACK, .seq = 101, .ack = 1, .data = 100, .window = 5000);
    EXPECT(.flags = ACK, .seq = 1, .ack = 1);
    SEND(.flags = ACK, .seq = 1, .ack = 1, .data = 100, .window = 100); // sent before
    EXPECT(.flags = ACK, .seq = 1, .ack = 201);
    CHECK_EQ(segment_conn()->snd.wnd, 5000);
    READ(200);
}

// RFC 9293 §3.10.7.4: a retransmission by the peer has an old number and a new window, which
// counts from what it acknowledges.
static void window_of_a_retransmission_that_acknowledges_more_counts(void **state)
{
    (void)state;
    OPEN(.mss = 1000, .window = 2000);
    SEND(.flags = ACK, .seq = 101, .ack = 1, .data = 100, .window = 2000);
    EXPECT(.flags = ACK, .seq = 1, .ack = 1);
    WRITE(5000);
    EXPECT(.flags = ACK, .seq = 1, .ack = 1, .data = 1000);
    EXPECT(.flags = ACK, .seq = 1001, .ack = 1, .data = 1000);
    SEND(.flags = ACK, .seq = 1, .ack = 2001, .data = 100, .window = SHUT);
    EXPECT(.flags = ACK, .seq = 2001, .ack = 201); // and no data beyond 2001
    READ(200);
}

// RFC 9293 §3.1 [MUST-1, REC-1]: a window is a number without sign.
static void largest_windows_are_not_negative(void **state)
{
    (void)state;
    OPEN(.mss = 1000, .window = 65535, .wscale = SHIFT(14));
    CHECK_EQ(segment_conn()->snd.wnd, 65535u << 14);
    SEND(.flags = ACK, .seq = 1, .ack = 1, .window = 32768);
    CHECK_EQ(segment_conn()->snd.wnd, 32768u << 14);
    WRITE(1000);
    EXPECT(.flags = PSH | ACK, .seq = 1, .ack = 1, .data = 1000);
    SEND_ACK(1001);
}

// A window that opens before the probe has left makes it needless.
static void window_that_opens_first_spares_the_probe(void **state)
{
    (void)state;
    shut_with_data_waiting();
    struct tcp_conn *conn = segment_conn();
    uint64_t due_ns = conn->deadline_ns[SYNFIN_TCP_TIMER_PERSIST];
    bench.now_ns = due_ns;
    synfin_stack_advance(bench.stack, bench.now_ns); // the device is busy: nothing is pulled
    CHECK(conn->pending.probe);
    SEND(.flags = ACK, .seq = 1, .ack = 1001, .window = 5000);
    EXPECT(.flags = PSH | ACK, .seq = 1001, .ack = 1, .data = 100);
    EXPECT_NOTHING();
    SEND_ACK(1101);
}

// The peer has refused the probe's octet, so that what it expects is the number before: a reset
// with SND.NXT would lie outside its window.
static void reset_after_a_refused_probe_is_the_number_that_the_peer_expects(void **state)
{
    (void)state;
    shut_with_data_waiting();
    EXPECT_WITHIN(SEC(2), .flags = ACK, .seq = 1001, .ack = 1, .data = 1);
    SEND(.flags = ACK, .seq = 1, .ack = 1001, .window = SHUT);
    ABORT();
    EXPECT(.flags = RST | ACK, .seq = 1001, .ack = 1);
}

// Nothing is left to probe with when what the first probe brought is acknowledged after all.
static void acknowledgment_of_all_spares_the_probe(void **state)
{
    (void)state;
    OPEN(.mss = 1000);
    SEND(.flags = ACK, .seq = 1, .ack = 1, .window = SHUT);
    WRITE(1);
    EXPECT_AFTER(SEC(1), .flags = ACK, .seq = 1, .ack = 1, .data = 1, WHY(SEND_WINDOW_PROBE));
    bench.now_ns = segment_conn()->deadline_ns[SYNFIN_TCP_TIMER_PERSIST];
    synfin_stack_advance(bench.stack, bench.now_ns); // the device is busy: nothing is pulled
    CHECK(segment_conn()->pending.probe);
    SEND(.flags = ACK, .seq = 1, .ack = 2, .window = SHUT);
    EXPECT_NOTHING();
    CHECK(segment_conn()->deadline_ns[SYNFIN_TCP_TIMER_RETRANSMIT] == SYNFIN_NEVER);
    ADVANCE(SEC(100));
    EXPECT_NOTHING();
    CHECK(!segment_conn()->pending.probe);
}

static const struct CMUnitTest tests[] = {
    SEGMENT_TEST(reset_after_a_refused_probe_is_the_number_that_the_peer_expects),
    SEGMENT_TEST(first_probe_is_one_octet_after_the_timeout),
    SEGMENT_TEST(probes_come_at_doubled_intervals),
    SEGMENT_TEST(window_that_opens_before_a_probe_leaves_is_used),
    SEGMENT_TEST(answered_probes_keep_the_connection_for_hours),
    SEGMENT_TEST(unanswered_probes_end_the_connection),
    SEGMENT_TEST(window_shut_after_the_last_retry_is_probed),
    SEGMENT_TEST(hist_129_lost_window_update_is_replaced_by_a_probe),
    SEGMENT_TEST(opened_window_sends_the_probed_octet_again),
    SEGMENT_TEST(hist_109_acknowledgment_during_probing_is_acceptable_to_the_peer),
    SEGMENT_TEST(fin_alone_is_probed_with),
    SEGMENT_TEST(hist_131_any_small_window_is_used_in_the_end),
    SEGMENT_TEST(hist_133_window_taken_back_is_survived),
    SEGMENT_TEST(old_data_inside_a_smaller_window_is_sent_again),
    SEGMENT_TEST(window_of_an_old_segment_is_ignored),
    SEGMENT_TEST(window_of_a_retransmission_that_acknowledges_more_counts),
    SEGMENT_TEST(largest_windows_are_not_negative),
    SEGMENT_TEST(window_that_opens_first_spares_the_probe),
    SEGMENT_TEST(acknowledgment_of_all_spares_the_probe),
};

SEGMENT_MAIN(tests)
