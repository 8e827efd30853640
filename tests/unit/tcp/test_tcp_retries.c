// SPDX-License-Identifier: MIT
//
// When nobody answers: how often and how long SYN, SYN+ACK, data and FIN are sent again, what the
// user is told in the end, and what a connection without a user may cost. RFC 9293 §3.8.3,
// RFC 6298 §5.
#include "lib/segment.h"

// RFC 9293 §3.8.3 [MUST-22, MUST-23]: 1+2+4+8+16+32+60+60 = 183 s, more than three minutes.
static void silent_server_is_given_up_after_three_minutes(void **state)
{
    static const uint32_t waits_s[] = {1, 2, 4, 8, 16, 32, 60};
    (void)state;
    CONNECT();
    EXPECT(.flags = SYN);
    uint64_t begin_ns = bench.now_ns;
    for (size_t i = 0; i < sizeof waits_s / sizeof waits_s[0]; i++) {
        EXPECT_AFTER(SEC(waits_s[i]), .flags = SYN, WHY(SEND_SYN_AGAIN));
        IN_STATE(SYN_SENT);
        if (i == 2) { // RFC 9293 §3.8.3: R1
            EVENT(UNANSWERED);
        }
        NO_EVENT();
    }
    ADVANCE(SEC(60) - MS(10));
    IN_STATE(SYN_SENT);
    ADVANCE(MS(20));
    REASON(SYN_RETRIES_OVER);
    IN_STATE(CLOSED);
    CHECK(bench.now_ns - begin_ns >= SEC(180));
    EVENT_CLOSED(TIMED_OUT);
    EXPECT_NOTHING();
    RESULT(segment_user_send(1), TIMED_OUT);
    CLOSE();
    EXPECT_FREE();
}

static void syn_retries_are_the_users(void **state)
{
    (void)state;
    segment_config()->rto_initial_ns = MS(200);
    CONNECT();
    SET(SYN_RETRIES, 2);
    EXPECT(.flags = SYN);
    EXPECT_AFTER(MS(200), .flags = SYN);
    EXPECT_AFTER(MS(400), .flags = SYN);
    ADVANCE(MS(801));
    EVENT_CLOSED(TIMED_OUT);
    EXPECT_NOTHING();
}

static void no_syn_retry_at_all(void **state)
{
    (void)state;
    CONNECT();
    SET(SYN_RETRIES, 0);
    EXPECT(.flags = SYN);
    ADVANCE(SEC(1) + MS(1));
    EVENT_CLOSED(TIMED_OUT);
    EXPECT_NOTHING();
}

static void answer_to_a_later_syn_connects(void **state)
{
    (void)state;
    CONNECT();
    EXPECT(.flags = SYN);
    EXPECT_AFTER(SEC(1), .flags = SYN);
    EXPECT_AFTER(SEC(2), .flags = SYN);
    SEND(.flags = SYN | ACK, .ack = 1, .mss = 1460);
    IN_STATE(ESTABLISHED);
    EXPECT(.flags = ACK, .seq = 1, .ack = 1);
    ADVANCE(SEC(300));
    EXPECT_NOTHING();
}

// The user timeout ends an attempt to connect as well.
static void user_timeout_ends_connecting(void **state)
{
    (void)state;
    CONNECT();
    SET(USER_TIMEOUT, (int64_t)SEC(5));
    EXPECT(.flags = SYN);
    EXPECT_AFTER(SEC(1), .flags = SYN);
    EXPECT_AFTER(SEC(2), .flags = SYN);
    ADVANCE(SEC(2) + MS(1));
    EVENT_CLOSED(TIMED_OUT);
    IN_STATE(CLOSED);
    segment_forget_sent();
}

// 1+2+4+8+16+32 = 63 s, and the half-open connection is gone; hist/76 in small. Of the six SYN+ACKs
// only three leave: a peer that has said 44 octets is sent no more than 132 (hist/110).
static void hist_76_silent_client_is_freed(void **state)
{
    static const uint32_t waits_s[] = {1, 2};
    (void)state;
    LISTEN(1);
    SEND(.flags = SYN, .mss = 1460);
    EXPECT(.flags = SYN | ACK, .ack = 1);
    for (size_t i = 0; i < sizeof waits_s / sizeof waits_s[0]; i++) {
        EXPECT_AFTER(SEC(waits_s[i]), .flags = SYN | ACK, .ack = 1, WHY(SEND_SYN_ACK_AGAIN));
        IN_STATE(SYN_RECEIVED);
    }
    for (uint32_t wait_s = 4; wait_s <= 16; wait_s *= 2) {
        ADVANCE(SEC(wait_s) + MS(1));
        REASON(DROP_AMPLIFICATION);
        EXPECT_NOTHING();
    }
    ADVANCE(SEC(32) - MS(20));
    IN_STATE(SYN_RECEIVED);
    ADVANCE(MS(30));
    REASON(SYN_ACK_RETRIES_OVER);
    IN_STATE(LISTEN);
    NO_EVENT();
    EXPECT_NOTHING();
    EXPECT_FREE();
    SEND(.flags = SYN, .mss = 1460, .peer_port = 40001); // and there is room for the next
    EXPECT(.flags = SYN | ACK, .ack = 1, .peer_port = 40001);
}

static void syn_ack_retries_are_configured(void **state)
{
    (void)state;
    segment_config()->syn_ack_initial_ns = MS(100);
    segment_config()->syn_ack_retries = 1;
    LISTEN(1);
    SEND(.flags = SYN, .mss = 1460);
    EXPECT(.flags = SYN | ACK, .ack = 1);
    EXPECT_AFTER(MS(100), .flags = SYN | ACK, .ack = 1);
    ADVANCE(MS(201));
    IN_STATE(LISTEN);
    EXPECT_FREE();
}

// RFC 9293 §3.8.3 [MUST-20, SHLD-9, SHLD-10, SHLD-11]: at R1 the next hop is doubted, at R2 the
// connection ends: 1+2+4+8+16+32+10*60 = 663 s.
static void data_without_answer_ends_at_r2(void **state)
{
    (void)state;
    OPEN_ACTIVE();
    WRITE(10);
    EXPECT(.flags = PSH | ACK, .seq = 1, .ack = 1, .data = 10);
    uint64_t begin_ns = bench.now_ns;
    for (uint32_t i = 0; i < 15; i++) {
        uint64_t wait_ns = i < 6 ? SEC(1u << i) : SEC(60);
        EXPECT_AFTER(wait_ns, .flags = PSH | ACK, .seq = 1, .ack = 1, .data = 10);
        segment_reason(SYNFIN_REASON_R1_REACHED, i == 2, HERE);
        if (i == 2) {
            EVENT(UNANSWERED);
        }
        NO_EVENT();
    }
    CHECK(bench.now_ns - begin_ns >= SEC(100));
    EXPECT_AFTER(SEC(60), .flags = RST | ACK, .seq = 11, .ack = 1, WHY(SEND_RST_TIMEOUT));
    REASON(RETRIES_OVER);
    EVENT_CLOSED(TIMED_OUT);
    CLOSE();
    EXPECT_FREE();
}

// The device takes nothing meanwhile.
static void pass_unasked(uint64_t ns)
{
    bench.now_ns += ns;
    synfin_stack_advance(bench.stack, bench.now_ns);
}

static void run_out_unasked(uint64_t ns)
{
    pass_unasked(ns - 1);
    NO_EVENT();
    pass_unasked(1);
    REASON(DATA_NEVER_LEFT);
    EVENT_CLOSED(NOT_SENT);
    CHECK_EQ(bench.event.reason, SYNFIN_REASON_DATA_NEVER_LEFT);
    segment_forget_sent(); // the reset
}

// So that R2 is reached after 1+2+4+8 s.
static void open_with_three_retries(void)
{
    segment_config()->data_retries = 3;
    OPEN_ACTIVE();
}

// RFC 9293 §3.8.3 [MUST-20]: behind a device that takes nothing, too, where nothing can be counted.
static void data_that_never_leave_are_given_up(void **state)
{
    (void)state;
    open_with_three_retries();
    WRITE(10);
    run_out_unasked(SEC(15));
}

static void end_that_never_leaves_is_given_up(void **state)
{
    (void)state;
    open_with_three_retries();
    SHUTDOWN(WRITE);
    run_out_unasked(SEC(15));
}

// More data do not put it off.
static void data_behind_others_that_never_leave_are_given_up_with_them(void **state)
{
    (void)state;
    open_with_three_retries();
    WRITE(10);
    pass_unasked(SEC(14));
    WRITE(10);
    run_out_unasked(SEC(1));
}

// They wait from when the flight before them was acknowledged.
static void data_behind_a_flight_that_never_leave_are_given_up(void **state)
{
    (void)state;
    open_with_three_retries();
    WRITE(10);
    EXPECT(.flags = PSH | ACK, .seq = 1, .ack = 1, .data = 10);
    WRITE(10);
    SEND(.flags = ACK, .seq = 1, .ack = 11);
    run_out_unasked(SEC(15));
}

static void probe_that_never_leaves_is_given_up(void **state)
{
    (void)state;
    open_with_three_retries();
    SEND(.flags = ACK, .seq = 1, .ack = 1, .window = SHUT);
    WRITE(100);
    EXPECT_NOTHING();
    pass_unasked(SEC(1)); // in which it is due
    run_out_unasked(SEC(15));
}

// The window was shut behind what is in flight.
static void probe_in_place_of_a_flight_that_never_leaves_is_given_up(void **state)
{
    (void)state;
    open_with_three_retries();
    WRITE(100);
    EXPECT(.flags = PSH | ACK, .seq = 1, .ack = 1, .data = 100);
    SEND(.flags = ACK, .seq = 1, .ack = 1, .window = SHUT);
    pass_unasked(SEC(1));
    run_out_unasked(SEC(15));
}

// They begin to count when they leave, however late.
static void data_that_leave_late_have_all_their_retries(void **state)
{
    (void)state;
    open_with_three_retries();
    WRITE(10);
    pass_unasked(SEC(15) - 1);
    EXPECT(.flags = PSH | ACK, .seq = 1, .ack = 1, .data = 10);
    for (uint32_t i = 0; i < 3; i++) {
        EXPECT_AFTER(SEC(1u << i), .flags = PSH | ACK, .seq = 1, .ack = 1, .data = 10);
    }
    EXPECT_AFTER(SEC(8), .flags = RST | ACK, .seq = 11, .ack = 1, WHY(SEND_RST_TIMEOUT));
    EVENT(UNANSWERED);
    EVENT_CLOSED(TIMED_OUT);
}

// What waits for the peer's window is another's business once the device has asked.
static void data_that_wait_for_the_window_are_not_unsent(void **state)
{
    (void)state;
    open_with_three_retries();
    SEND(.flags = ACK, .seq = 1, .ack = 1, .window = SHUT);
    WRITE(100);
    for (uint32_t i = 0; i < 8; i++) {
        EXPECT_WITHIN(SEC(61), .flags = ACK, .seq = 1, .ack = 1, .data = 1);
        SEND(.flags = ACK, .seq = 1, .ack = 1, .window = SHUT);
    }
    IN_STATE(ESTABLISHED);
    NO_REASON(DATA_NEVER_LEFT);
}

// RFC 9293 §3.8.3 [MUST-21]
static void user_sets_r2_of_a_connection(void **state)
{
    (void)state;
    OPEN_ACTIVE();
    SET(USER_TIMEOUT, (int64_t)SEC(10));
    WRITE(10);
    EXPECT(.flags = PSH | ACK, .seq = 1, .ack = 1, .data = 10);
    EXPECT_AFTER(SEC(1), .flags = PSH | ACK, .seq = 1, .ack = 1, .data = 10);
    EXPECT_AFTER(SEC(2), .flags = PSH | ACK, .seq = 1, .ack = 1, .data = 10);
    EXPECT_AFTER(SEC(4), .flags = PSH | ACK, .seq = 1, .ack = 1, .data = 10);
    EXPECT_AFTER(SEC(3), .flags = RST | ACK, .seq = 11, .ack = 1);
    REASON(USER_TIMEOUT_OVER);
    EVENT(UNANSWERED);
    EVENT_CLOSED(TIMED_OUT);
}

// What was acknowledged in between begins the count anew.
static void progress_begins_the_count_anew(void **state)
{
    (void)state;
    segment_config()->data_retries = 3;
    OPEN_ACTIVE();
    WRITE(10);
    EXPECT(.flags = PSH | ACK, .seq = 1, .ack = 1, .data = 10);
    for (uint32_t i = 0; i < 3; i++) {
        EXPECT_WITHIN(SEC(9), .flags = PSH | ACK, .seq = 1, .ack = 1, .data = 10);
    }
    SEND(.flags = ACK, .seq = 1, .ack = 11);
    ADVANCE(SEC(100));
    IN_STATE(ESTABLISHED);
    WRITE(10);
    EXPECT(.flags = PSH | ACK, .seq = 11, .ack = 1, .data = 10);
    for (uint32_t i = 0; i < 3; i++) {
        EXPECT_WITHIN(SEC(61), .flags = PSH | ACK, .seq = 11, .ack = 1, .data = 10);
    }
    IN_STATE(ESTABLISHED);
    EXPECT_WITHIN(SEC(61), .flags = RST | ACK, .seq = 21, .ack = 1);
}

// An orphan is given up sooner: 1+2+4+8+16+32+60+60+60 = 243 s.
static void orphan_with_data_is_given_up(void **state)
{
    (void)state;
    OPEN_ACTIVE();
    WRITE(10);
    CLOSE();
    EXPECT(.flags = FIN | PSH | ACK, .seq = 1, .ack = 1, .data = 10);
    for (uint32_t i = 0; i < 8; i++) {
        EXPECT_AFTER(i < 6 ? SEC(1u << i) : SEC(60), .flags = FIN | PSH | ACK, .seq = 1, .ack = 1,
                     .data = 10);
    }
    EXPECT_AFTER(SEC(60), .flags = RST | ACK, .seq = 12, .ack = 1, WHY(SEND_RST_ORPHAN));
    REASON(ORPHAN_OVER);
    NO_EVENT();
    EXPECT_FREE();
}

// hist/114: close with unsent data and a window that stays shut.
static void hist_114_close_at_a_shut_window_leaves_established_and_ends(void **state)
{
    (void)state;
    OPEN_ACTIVE();
    SEND(.flags = ACK, .seq = 1, .ack = 1, .window = SHUT);
    WRITE(100);
    EXPECT_NOTHING();
    CLOSE();
    IN_STATE(FIN_WAIT_1);
    uint32_t probes = 0;
    while (segment_conn() != NULL && probes < 100) {
        ADVANCE(SEC(1));
        if (synfin_stack_next_deadline(bench.stack) == SYNFIN_NEVER) {
            break;
        }
        probes++;
    }
    ADVANCE(SEC(400));
    IN_STATE(CLOSED);
    segment_forget_sent();
    EXPECT_FREE();
}

// hist/115: a peer that answers every probe and never opens cannot hold an orphan for ever.
static void hist_115_orphan_at_a_window_shut_by_an_answering_peer_ends(void **state)
{
    (void)state;
    OPEN_ACTIVE();
    SEND(.flags = ACK, .seq = 1, .ack = 1, .window = SHUT);
    WRITE(100);
    CLOSE();
    uint32_t probes = 0;
    for (uint32_t i = 0; i < 8; i++) {
        EXPECT_WITHIN(SEC(61), .flags = ACK, .seq = 1, .ack = 1, .data = 1, WHY(SEND_WINDOW_PROBE));
        SEND(.flags = ACK, .seq = 1, .ack = 1, .window = SHUT);
        probes++;
    }
    EXPECT_WITHIN(SEC(61), .flags = RST | ACK, .seq = 1, .ack = 1, WHY(SEND_RST_ORPHAN));
    CHECK_EQ(probes, 8);
    EXPECT_FREE();
}

// With its user there, the same connection lives as long as the peer answers.
static void answered_probes_keep_a_connection(void **state)
{
    (void)state;
    OPEN_ACTIVE();
    SEND(.flags = ACK, .seq = 1, .ack = 1, .window = SHUT);
    WRITE(100);
    for (uint32_t i = 0; i < 30; i++) {
        EXPECT_WITHIN(SEC(61), .flags = ACK, .seq = 1, .ack = 1, .data = 1);
        SEND(.flags = ACK, .seq = 1, .ack = 1, .window = SHUT);
        IN_STATE(ESTABLISHED);
    }
}

// hist/126: a user timeout shorter than the retransmission timeout makes no burst.
static void hist_126_user_timeout_at_a_shut_window_ends_without_a_burst(void **state)
{
    (void)state;
    OPEN_ACTIVE();
    SEND(.flags = ACK, .seq = 1, .ack = 1, .window = SHUT);
    SET(USER_TIMEOUT, (int64_t)MS(300));
    WRITE(100);
    EXPECT_AFTER(MS(300), .flags = RST | ACK, .seq = 1, .ack = 1);
    EVENT_CLOSED(TIMED_OUT);
    EXPECT_NOTHING();
}

// RFC 9293 §3.6.1: an orphan's FIN-WAIT-2 is limited by configuration.
static void fin_wait_2_of_an_orphan_is_configured(void **state)
{
    (void)state;
    segment_config()->fin_wait_2_ns = SEC(3);
    REACH(FIN_WAIT_2);
    CLOSE();
    ADVANCE(SEC(3) - MS(1));
    IN_STATE(FIN_WAIT_2);
    ADVANCE(MS(2));
    IN_STATE(CLOSED);
    EXPECT_FREE();
}

// hist/116: the first k FINs are lost, then all is in order.
static void hist_116_lost_fins_close_cleanly(void **state)
{
    for (uint32_t k = 0; k <= 5; k++) {
        (void)segment_teardown(state);
        (void)segment_setup(state);
        OPEN_ACTIVE();
        CLOSE();
        EXPECT(.flags = FIN | ACK, .seq = 1, .ack = 1);
        for (uint32_t i = 0; i < k; i++) {
            EXPECT_AFTER(SEC(1u << i), .flags = FIN | ACK, .seq = 1, .ack = 1);
        }
        SEND(.flags = FIN | ACK, .seq = 1, .ack = 2);
        EXPECT(.flags = ACK, .seq = 2, .ack = 2);
        for (uint32_t i = 0; i < k; i++) { // and our acknowledgment is lost as often
            SEND(.flags = FIN | ACK, .seq = 1, .ack = 2);
            EXPECT(.flags = ACK, .seq = 2, .ack = 2);
        }
        ADVANCE(SEC(61));
        IN_STATE(CLOSED);
        EXPECT_FREE();
    }
}

// RFC 9293 §3.10.8: a peer that was never heard has nothing to be reset.
static void user_timeout_of_an_unanswered_syn_sends_no_reset(void **state)
{
    (void)state;
    CONNECT();
    SET(USER_TIMEOUT, (int64_t)MS(500));
    EXPECT(.flags = SYN);
    ADVANCE(MS(500));
    REASON(USER_TIMEOUT_OVER);
    EVENT_CLOSED(TIMED_OUT);
    EXPECT_NOTHING();
}

static const struct CMUnitTest tests[] = {
    SEGMENT_TEST(silent_server_is_given_up_after_three_minutes),
    SEGMENT_TEST(syn_retries_are_the_users),
    SEGMENT_TEST(no_syn_retry_at_all),
    SEGMENT_TEST(answer_to_a_later_syn_connects),
    SEGMENT_TEST(user_timeout_ends_connecting),
    SEGMENT_TEST(hist_76_silent_client_is_freed),
    SEGMENT_TEST(syn_ack_retries_are_configured),
    SEGMENT_TEST(data_without_answer_ends_at_r2),
    SEGMENT_TEST(data_that_never_leave_are_given_up),
    SEGMENT_TEST(end_that_never_leaves_is_given_up),
    SEGMENT_TEST(data_behind_others_that_never_leave_are_given_up_with_them),
    SEGMENT_TEST(data_behind_a_flight_that_never_leave_are_given_up),
    SEGMENT_TEST(probe_that_never_leaves_is_given_up),
    SEGMENT_TEST(probe_in_place_of_a_flight_that_never_leaves_is_given_up),
    SEGMENT_TEST(data_that_leave_late_have_all_their_retries),
    SEGMENT_TEST(data_that_wait_for_the_window_are_not_unsent),
    SEGMENT_TEST(user_sets_r2_of_a_connection),
    SEGMENT_TEST(user_timeout_of_an_unanswered_syn_sends_no_reset),
    SEGMENT_TEST(progress_begins_the_count_anew),
    SEGMENT_TEST(orphan_with_data_is_given_up),
    SEGMENT_TEST(hist_114_close_at_a_shut_window_leaves_established_and_ends),
    SEGMENT_TEST(hist_115_orphan_at_a_window_shut_by_an_answering_peer_ends),
    SEGMENT_TEST(answered_probes_keep_a_connection),
    SEGMENT_TEST(hist_126_user_timeout_at_a_shut_window_ends_without_a_burst),
    SEGMENT_TEST(fin_wait_2_of_an_orphan_is_configured),
    SEGMENT_TEST(hist_116_lost_fins_close_cleanly),
};
SEGMENT_MAIN(tests)
