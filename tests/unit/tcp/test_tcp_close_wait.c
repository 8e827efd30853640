// SPDX-License-Identifier: MIT
//
// The peer closed first: CLOSE-WAIT, RFC 9293 §3.6 and §3.10.7.4.
#include "lib/segment.h"

static void fin_is_acknowledged_and_told(void **state)
{
    (void)state;
    OPEN_PASSIVE();
    SEND(.flags = FIN | ACK, .seq = 1, .ack = 1);
    REASON(RECEIVED_FIN);
    IN_STATE(CLOSE_WAIT);
    EXPECT(.flags = ACK, .seq = 1, .ack = 2, WHY(SEND_ACK_OF_FIN));
    EVENT(READABLE);
    NO_EVENT();
    READ(0);
}

static void data_before_the_fin_is_read_first(void **state)
{
    (void)state;
    OPEN_PASSIVE();
    SEND(.flags = PSH | ACK, .seq = 1, .ack = 1, .data = 40);
    SEND(.flags = FIN | PSH | ACK, .seq = 41, .ack = 1, .data = 60);
    IN_STATE(CLOSE_WAIT);
    EXPECT(.flags = ACK, .seq = 1, .ack = 102);
    READ(40);
    READ(60);
    READ(0);
    READ(0);
}

static void data_goes_on_in_our_direction(void **state)
{
    (void)state;
    uint32_t mss = bench.version == 4 ? 1460 : 1440;
    REACH(CLOSE_WAIT);
    WRITE(3000);
    EXPECT(.flags = ACK, .seq = 1, .ack = 2, .data = mss);
    EXPECT(.flags = ACK, .seq = 1 + mss, .ack = 2, .data = mss);
    SEND(.flags = ACK, .seq = 2, .ack = 1 + 2 * mss);
    EXPECT(.flags = PSH | ACK, .seq = 1 + 2 * mss, .ack = 2, .data = 3000 - 2 * mss);
    SEND(.flags = ACK, .seq = 2, .ack = 3001);
    IN_STATE(CLOSE_WAIT);
    CLOSE();
    IN_STATE(LAST_ACK);
    EXPECT(.flags = FIN | ACK, .seq = 3001, .ack = 2);
    SEND(.flags = ACK, .seq = 2, .ack = 3002);
    IN_STATE(CLOSED);
    EXPECT_FREE();
}

static void repeated_fin_is_acknowledged_again(void **state)
{
    (void)state;
    REACH(CLOSE_WAIT);
    SEND(.flags = FIN | ACK, .seq = 1, .ack = 1);
    EXPECT(.flags = ACK, .seq = 1, .ack = 2);
    IN_STATE(CLOSE_WAIT);
    NO_EVENT();
}

// RFC 9293 §3.10.7.4, sixth to eighth: should not occur; ignored.
static void text_urgency_and_fin_after_the_fin_are_ignored(void **state)
{
    (void)state;
    REACH(CLOSE_WAIT);
    SEND(.flags = FIN | PSH | URG | ACK, .seq = 2, .ack = 1, .data = 30, .urgent = 10);
    IN_STATE(CLOSE_WAIT);
    NO_EVENT();
    READ(0);
    EXPECT_NOTHING();
    CHECK_EQ(segment_conn()->rcv.nxt.n, bench.irs + 2);
}

static void stays_until_the_user_closes(void **state)
{
    (void)state;
    REACH(CLOSE_WAIT);
    ADVANCE(SEC(1000000));
    IN_STATE(CLOSE_WAIT);
    EXPECT_NOTHING();
    SHUTDOWN(WRITE);
    IN_STATE(LAST_ACK);
    EXPECT(.flags = FIN | ACK, .seq = 1, .ack = 2);
}

// RFC 9293 §3.6 [MUST-12]
static void reset_is_told_though_the_peer_had_closed(void **state)
{
    (void)state;
    REACH(CLOSE_WAIT);
    SEND(.flags = RST, .seq = 2);
    IN_STATE(CLOSED);
    EVENT_CLOSED(RESET);
    RESULT(segment_user_send(5), RESET);
}

// RFC 9293 §3.6.1 [SHLD-3]; hist/119
static void hist_119_close_with_data_unread_resets(void **state)
{
    (void)state;
    OPEN_PASSIVE();
    SEND(.flags = FIN | PSH | ACK, .seq = 1, .ack = 1, .data = 10);
    EXPECT(.flags = ACK, .seq = 1, .ack = 12);
    READ(4);
    CLOSE();
    EXPECT(.flags = RST | ACK, .seq = 1, .ack = 12, WHY(SEND_RST_UNREAD));
    IN_STATE(LISTEN);
    EXPECT_FREE();
}

static void close_with_everything_read_does_not_reset(void **state)
{
    (void)state;
    OPEN_PASSIVE();
    SEND(.flags = FIN | PSH | ACK, .seq = 1, .ack = 1, .data = 10);
    READ(10);
    CLOSE();
    EXPECT(.flags = FIN | ACK, .seq = 1, .ack = 12);
    IN_STATE(LAST_ACK);
}

static void fin_beyond_a_shut_window_is_not_taken(void **state)
{
    (void)state;
    segment_config()->receive_buffer_bytes = 2000;
    OPEN_PASSIVE();
    SEND(.flags = PSH | ACK, .seq = 1, .ack = 1, .data = 1000);
    SEND(.flags = FIN | PSH | ACK, .seq = 1001, .ack = 1, .data = 1001);
    IN_STATE(ESTABLISHED);
    EXPECT_WITHIN(MS(500), .flags = ACK, .seq = 1, .ack = 2001, .window = SHUT);
    READ(2000);
    EXPECT(.flags = ACK, .seq = 1, .ack = 2001, .window = 2000);
    SEND(.flags = FIN | PSH | ACK, .seq = 2001, .ack = 1, .data = 1);
    IN_STATE(CLOSE_WAIT);
    EXPECT(.flags = ACK, .seq = 1, .ack = 2003);
}

// hist/132: a FIN takes no room, so it is taken at window 0.
static void hist_132_fin_alone_is_taken_at_a_shut_window(void **state)
{
    (void)state;
    segment_config()->receive_buffer_bytes = 2000;
    OPEN_PASSIVE();
    SEND(.flags = PSH | ACK, .seq = 1, .ack = 1, .data = 2000);
    EXPECT_WITHIN(MS(500), .flags = ACK, .seq = 1, .ack = 2001, .window = SHUT);
    SEND(.flags = FIN | ACK, .seq = 2001, .ack = 1);
    IN_STATE(CLOSE_WAIT);
    EXPECT(.flags = ACK, .seq = 1, .ack = 2002);
}

static const struct CMUnitTest tests[] = {
    SEGMENT_TEST(fin_is_acknowledged_and_told),
    SEGMENT_TEST(data_before_the_fin_is_read_first),
    SEGMENT_TEST(data_goes_on_in_our_direction),
    SEGMENT_TEST(repeated_fin_is_acknowledged_again),
    SEGMENT_TEST(text_urgency_and_fin_after_the_fin_are_ignored),
    SEGMENT_TEST(stays_until_the_user_closes),
    SEGMENT_TEST(reset_is_told_though_the_peer_had_closed),
    SEGMENT_TEST(hist_119_close_with_data_unread_resets),
    SEGMENT_TEST(close_with_everything_read_does_not_reset),
    SEGMENT_TEST(fin_beyond_a_shut_window_is_not_taken),
    SEGMENT_TEST(hist_132_fin_alone_is_taken_at_a_shut_window),
};
SEGMENT_MAIN_TWICE(tests)
