// SPDX-License-Identifier: MIT
//
// The handshake's third segment is missing: RFC 9293 §3.10.7.4, state SYN-RECEIVED, as the child
// of a listener and as the other half of a simultaneous open.
#include "lib/segment.h"

static void receive_syn(void)
{
    REACH(SYN_RECEIVED);
}

static void open_crossing(void)
{
    CONNECT();
    EXPECT(.flags = SYN);
    SEND(.flags = SYN, .mss = 1460);
    EXPECT(.flags = SYN | ACK, .ack = 1);
    IN_STATE(SYN_RECEIVED);
}

static void acknowledgment_establishes_and_is_told_once(void **state)
{
    (void)state;
    receive_syn();
    SEND(.flags = ACK, .seq = 1, .ack = 1);
    REASON(RECEIVED_HANDSHAKE_ACK);
    IN_STATE(ESTABLISHED);
    EVENT(ACCEPTABLE);
    SEND(.flags = ACK, .seq = 1, .ack = 1);
    NO_EVENT();
    ACCEPT();
    NO_EVENT();
    EXPECT_NOTHING();
}

static void acknowledgment_with_data_establishes_and_gives_it(void **state)
{
    (void)state;
    receive_syn();
    SEND(.flags = PSH | ACK, .seq = 1, .ack = 1, .data = 300);
    IN_STATE(ESTABLISHED);
    ACCEPT();
    READ(300);
    EXPECT_WITHIN(MS(500), .flags = ACK, .seq = 1, .ack = 301);
}

static void acknowledgment_with_fin_leads_to_close_wait(void **state)
{
    (void)state;
    receive_syn();
    SEND(.flags = FIN | ACK, .seq = 1, .ack = 1, .data = 5);
    IN_STATE(CLOSE_WAIT);
    EXPECT(.flags = ACK, .seq = 1, .ack = 7);
    ACCEPT();
    READ(5);
    READ(0);
}

static void window_of_the_third_segment_counts(void **state)
{
    (void)state;
    LISTEN(4);
    SEND(.flags = SYN, .mss = 1460, .window = 1000);
    EXPECT(.flags = SYN | ACK, .ack = 1);
    SEND(.flags = ACK, .seq = 1, .ack = 1, .window = 500);
    ACCEPT();
    WRITE(2000);
    EXPECT(.flags = ACK, .seq = 1, .ack = 1, .data = 500);
    EXPECT_NOTHING();
}

// Of the SYN's window nothing is kept: 400 octets are more than half of the largest since.
static void largest_window_is_counted_from_the_third_segment(void **state)
{
    (void)state;
    LISTEN(4);
    SEND(.flags = SYN, .mss = 1460, .window = 1000);
    EXPECT(.flags = SYN | ACK, .ack = 1);
    SEND(.flags = ACK, .seq = 1, .ack = 1, .window = 400);
    ACCEPT();
    CHECK_EQ(segment_conn()->snd.wnd_max, 400);
    WRITE(2000);
    EXPECT(.flags = ACK, .seq = 1, .ack = 1, .data = 400);
    EXPECT_NOTHING();
}

// hist/87: an acknowledgment of something else is reset at its number, and nothing changes.
static void hist_87_bad_acknowledgment_is_reset_and_changes_nothing(void **state)
{
    ONLY_WITH_ENTRIES();
    static const uint32_t acks[] = {
        0, 2, 3, UINT32_MAX, UINT32_C(1) << 31, (UINT32_C(1) << 31) + 2, 70000};
    (void)state;
    receive_syn();
    for (size_t i = 0; i < sizeof acks / sizeof acks[0]; i++) {
        SEND(.flags = ACK, .seq = 1, .ack = acks[i], .data = (uint32_t)i);
        EXPECT(.flags = RST, .seq = acks[i], WHY(SEND_RST_BAD_HANDSHAKE_ACK));
        REASON(DROP_BAD_ACK);
        IN_STATE(SYN_RECEIVED);
    }
    SEND(.flags = ACK, .seq = 1, .ack = 1);
    IN_STATE(ESTABLISHED);
}

// RFC 9293 §3.5 [MUST-11]; Figure 11: back to LISTEN, and the user is not told.
static void reset_of_a_passive_open_returns_to_listen(void **state)
{
    ONLY_WITH_ENTRIES();
    (void)state;
    receive_syn();
    SEND(.flags = RST, .seq = 1);
    REASON(RECEIVED_RST);
    IN_STATE(LISTEN);
    NO_EVENT();
    EXPECT_NOTHING();
    EXPECT_FREE();
    ADVANCE(SEC(200));
    EXPECT_NOTHING();
}

// RFC 9293 §3.5 [MUST-11]
static void reset_of_an_active_open_refuses(void **state)
{
    (void)state;
    open_crossing();
    SEND(.flags = RST, .seq = 1);
    IN_STATE(CLOSED);
    EVENT_CLOSED(REFUSED);
    EXPECT_NOTHING();
    EXPECT_FREE();
}

// RFC 9293 §3.10.7.4, second step, and RFC 5961 §3.2.
static void inexact_reset_is_challenged(void **state)
{
    ONLY_WITH_ENTRIES();
    (void)state;
    receive_syn();
    SEND(.flags = RST, .seq = 2);
    EXPECT(.flags = ACK, .seq = 1, .ack = 1, WHY(SEND_CHALLENGE_RST));
    SEND(.flags = RST, .seq = 65535);
    EXPECT(.flags = ACK, .seq = 1, .ack = 1);
    SEND(.flags = RST, .seq = 65536);
    REASON(DROP_RST_OUT_OF_WINDOW);
    SEND(.flags = RST, .seq = 0);
    REASON(DROP_RST_OUT_OF_WINDOW);
    EXPECT_NOTHING();
    IN_STATE(SYN_RECEIVED);
}

static void repeated_syn_is_answered_by_the_same_syn_ack(void **state)
{
    ONLY_WITH_ENTRIES();
    (void)state;
    receive_syn();
    SEND(.flags = SYN, .mss = 1460); // a duplicate made by the network: one answer serves both
    REASON(RECEIVED_SYN_AGAIN);
    EXPECT_NOTHING();
    ADVANCE(MS(200));
    SEND(.flags = SYN, .mss = 1460);
    REASON(RECEIVED_SYN_AGAIN);
    EXPECT(.flags = SYN | ACK, .ack = 1, WHY(SEND_SYN_ACK_AGAIN));
    CHECK_EQ(segment_count(SYNFIN_TCP_STATE_SYN_RECEIVED), 1);
    SEND(.flags = ACK, .seq = 1, .ack = 1);
    IN_STATE(ESTABLISHED);
}

// RFC 5961 §4.2 before the handshake is complete: one forged SYN ends nothing. A peer that did
// begin anew resets what the challenge tells it of, and its next SYN is welcome.
static void another_syn_is_challenged_in_a_passive_open(void **state)
{
    ONLY_WITH_ENTRIES();
    (void)state;
    receive_syn();
    SEND(.flags = SYN, .seq = 1000);
    REASON(DROP_SYN_IN_CONNECTION);
    EXPECT(.flags = ACK, .seq = 1, .ack = 1, WHY(SEND_CHALLENGE_SYN));
    IN_STATE(SYN_RECEIVED);
    SEND(.flags = RST, .seq = 1);
    IN_STATE(LISTEN);
    EXPECT_FREE();
    segment_new_incarnation(1000);
    SEND(.flags = SYN, .mss = 1460);
    EXPECT(.flags = SYN | ACK, .ack = 1);
    IN_STATE(SYN_RECEIVED);
}

static void another_syn_is_challenged_in_an_active_open(void **state)
{
    (void)state;
    open_crossing();
    SEND(.flags = SYN, .seq = 1000);
    EXPECT(.flags = ACK, .seq = 1, .ack = 1, WHY(SEND_CHALLENGE_SYN));
    IN_STATE(SYN_RECEIVED);
}

static void syn_outside_the_window_is_answered_and_dropped(void **state)
{
    ONLY_WITH_ENTRIES();
    (void)state;
    receive_syn();
    SEND(.flags = SYN, .seq = 900000);
    EXPECT(.flags = ACK, .seq = 1, .ack = 1);
    IN_STATE(SYN_RECEIVED);
}

static void segment_without_acknowledgment_is_dropped(void **state)
{
    ONLY_WITH_ENTRIES();
    (void)state;
    receive_syn();
    SEND(.flags = FIN, .seq = 1, .data = 3);
    REASON(DROP_NO_ACK);
    SEND(.flags = 0, .seq = 1);
    REASON(DROP_NO_ACK);
    EXPECT_NOTHING();
    IN_STATE(SYN_RECEIVED);
}

static void text_outside_the_window_is_answered_and_dropped(void **state)
{
    ONLY_WITH_ENTRIES();
    (void)state;
    receive_syn();
    SEND(.flags = ACK, .seq = 80000, .ack = 1, .data = 10);
    REASON(DROP_UNACCEPTABLE);
    EXPECT(.flags = ACK, .seq = 1, .ack = 1);
    IN_STATE(SYN_RECEIVED);
}

// hist/90: the peer agreed on timestamps and drops them from the third segment.
static void hist_90_third_segment_without_timestamps_ends_in_bounded_time(void **state)
{
    ONLY_WITH_ENTRIES();
    (void)state;
    LISTEN(1);
    SEND(.flags = SYN, .mss = 1460, .ts = TS(5, 0));
    EXPECT(.flags = SYN | ACK, .ack = 1, .ts = TS(0, 5));
    SEND(.flags = ACK, .seq = 1, .ack = 1);
    REASON(DROP_NO_TIMESTAMP);
    for (uint32_t i = 0; i < 5; i++) {
        EXPECT_WITHIN(SEC(40), .flags = SYN | ACK, .ack = 1, .ts = TS(0, 5));
        SEND(.flags = ACK, .seq = 1, .ack = 1);
    }
    ADVANCE(SEC(70));
    IN_STATE(LISTEN);
    EXPECT_FREE();
}

// RFC 9293 §3.10.4: nothing was sent and nothing waits, so the FIN may follow the SYN.
static void shutdown_of_an_active_open_leads_to_fin_wait_1(void **state)
{
    (void)state;
    open_crossing();
    SHUTDOWN(WRITE);
    IN_STATE(FIN_WAIT_1);
    SEND(.flags = ACK, .seq = 1, .ack = 1);
    EXPECT(.flags = FIN | ACK, .seq = 1, .ack = 1);
    SEND(.flags = ACK, .seq = 1, .ack = 2);
    IN_STATE(FIN_WAIT_2);
}

static void shutdown_with_data_queued_waits_for_established(void **state)
{
    (void)state;
    CONNECT();
    EXPECT(.flags = SYN);
    WRITE(50);
    SEND(.flags = SYN, .mss = 1460);
    EXPECT(.flags = SYN | ACK, .ack = 1);
    SHUTDOWN(WRITE);
    IN_STATE(SYN_RECEIVED);
    SEND(.flags = ACK, .seq = 1, .ack = 1);
    IN_STATE(FIN_WAIT_1);
    EXPECT(.flags = FIN | PSH | ACK, .seq = 1, .ack = 1, .data = 50);
}

static const struct CMUnitTest tests[] = {
    SEGMENT_TEST(acknowledgment_establishes_and_is_told_once),
    SEGMENT_TEST(acknowledgment_with_data_establishes_and_gives_it),
    SEGMENT_TEST(acknowledgment_with_fin_leads_to_close_wait),
    SEGMENT_TEST(window_of_the_third_segment_counts),
    SEGMENT_TEST(largest_window_is_counted_from_the_third_segment),
    SEGMENT_TEST(hist_87_bad_acknowledgment_is_reset_and_changes_nothing),
    SEGMENT_TEST(reset_of_a_passive_open_returns_to_listen),
    SEGMENT_TEST(reset_of_an_active_open_refuses),
    SEGMENT_TEST(inexact_reset_is_challenged),
    SEGMENT_TEST(repeated_syn_is_answered_by_the_same_syn_ack),
    SEGMENT_TEST(another_syn_is_challenged_in_a_passive_open),
    SEGMENT_TEST(another_syn_is_challenged_in_an_active_open),
    SEGMENT_TEST(syn_outside_the_window_is_answered_and_dropped),
    SEGMENT_TEST(segment_without_acknowledgment_is_dropped),
    SEGMENT_TEST(text_outside_the_window_is_answered_and_dropped),
    SEGMENT_TEST(hist_90_third_segment_without_timestamps_ends_in_bounded_time),
    SEGMENT_TEST(shutdown_of_an_active_open_leads_to_fin_wait_1),
    SEGMENT_TEST(shutdown_with_data_queued_waits_for_established),
};
SEGMENT_MAIN_TWICE(tests)
