// SPDX-License-Identifier: MIT
//
// Both ends open, or close, at the same time: RFC 9293 §3.5, Figure 8, and §3.6, Figure 13.
#include "lib/segment.h"

static void cross_syns(void)
{
    CONNECT();
    EXPECT(.flags = SYN);
    SEND(.flags = SYN, .mss = 1460);
}

// RFC 9293 §3.5 [MUST-10]
static void crossed_syns_open_one_connection(void **state)
{
    (void)state;
    cross_syns();
    REASON(RECEIVED_SYN_CROSSED);
    IN_STATE(SYN_RECEIVED);
    EXPECT(.flags = SYN | ACK, .seq = 0, .ack = 1, WHY(SEND_SYN_ACK));
    SEND(.flags = SYN | ACK, .ack = 1, .mss = 1460);
    IN_STATE(ESTABLISHED);
    EVENT(CONNECTED);
    NO_EVENT();
    EXPECT(.flags = ACK, .seq = 1, .ack = 1, WHY(SEND_HANDSHAKE_ACK)); // ours may be lost
    EXPECT_NOTHING();
    WRITE(10);
    EXPECT(.flags = PSH | ACK, .seq = 1, .ack = 1, .data = 10);
    SEND(.flags = PSH | ACK, .seq = 1, .ack = 11, .data = 5);
    READ(5);
}

// RFC 7323 §2.2: the window of a SYN+ACK is not scaled, here as little as in any other handshake.
// Found by the simulation.
static void window_of_the_crossed_syn_ack_is_not_scaled(void **state)
{
    (void)state;
    CONNECT();
    EXPECT(.flags = SYN);
    SEND(.flags = SYN, .mss = 1460, .wscale = SHIFT(4), .window = 1000);
    EXPECT(.flags = SYN | ACK, .seq = 0, .ack = 1);
    SEND(.flags = SYN | ACK, .ack = 1, .mss = 1460, .wscale = SHIFT(4), .window = 1000);
    IN_STATE(ESTABLISHED);
    EXPECT(.flags = ACK, .seq = 1, .ack = 1);
    CHECK_EQ(segment_conn()->snd.wnd, 1000);
    CHECK_EQ(segment_conn()->snd.wscale_shift, 4);
}

// RFC 9293 §3.5 [MUST-10]: Figure 8's last line is <ACK> here.
static void bare_acknowledgment_completes_it_too(void **state)
{
    (void)state;
    cross_syns();
    EXPECT(.flags = SYN | ACK, .ack = 1);
    SEND(.flags = ACK, .seq = 1, .ack = 1);
    IN_STATE(ESTABLISHED);
    EVENT(CONNECTED);
}

static void crossed_syn_ack_is_sent_again(void **state)
{
    (void)state;
    cross_syns();
    EXPECT(.flags = SYN | ACK, .ack = 1);
    EXPECT_WITHIN(SEC(3), .flags = SYN | ACK, .ack = 1);
    SEND(.flags = SYN, .mss = 1460); // nor has the peer heard us
    EXPECT(.flags = SYN | ACK, .ack = 1);
    SEND(.flags = SYN | ACK, .ack = 1);
    IN_STATE(ESTABLISHED);
    EXPECT(.flags = ACK, .seq = 1, .ack = 1);
}

// A SYN beside a RST is no SYN that comes again: found by tests/matrix.
static void reset_with_the_crossed_syn_is_not_answered(void **state)
{
    (void)state;
    cross_syns();
    EXPECT(.flags = SYN | ACK, .ack = 1);
    SEND(.flags = SYN | RST); // RFC 9293 §3.10.7.4: not acceptable, and no answer to a reset
    REASON(DROP_RST_OUT_OF_WINDOW);
    EXPECT_NOTHING();
    SEND(.flags = SYN | RST | ACK, .ack = 1); // nor is it one beyond: RFC 5961 §3.2
    REASON(DROP_RST_OUT_OF_WINDOW);
    IN_STATE(SYN_RECEIVED);
    EXPECT_NOTHING();
}

// RFC 7323 §4.3: what is echoed is the timestamp of the SYN that is answered.
static void crossed_syn_again_has_its_own_timestamp_echoed(void **state)
{
    (void)state;
    CONNECT();
    EXPECT(.flags = SYN);
    SEND(.flags = SYN, .mss = 1460, .ts = TS(1000, 0));
    EXPECT(.flags = SYN | ACK, .ack = 1, .ts = TS(0, 1000));
    SEND(.flags = SYN, .mss = 1460, .ts = TS(2000, 0));
    EXPECT(.flags = SYN | ACK, .ack = 1, .ts = TS(0, 2000));
}

// An acknowledgment of nothing, or of more than the SYN, is no answer to it.
static void hist_87_bad_acknowledgment_completes_nothing(void **state)
{
    static const uint32_t acks[] = {0, 2, 77, UINT32_MAX};
    (void)state;
    cross_syns();
    EXPECT(.flags = SYN | ACK, .ack = 1);
    for (size_t i = 0; i < sizeof acks / sizeof acks[0]; i++) {
        SEND(.flags = ACK, .seq = 1, .ack = acks[i]);
        EXPECT(.flags = RST, .seq = acks[i], WHY(SEND_RST_BAD_HANDSHAKE_ACK));
        REASON(DROP_BAD_ACK);
        IN_STATE(SYN_RECEIVED);
    }
    SEND(.flags = ACK, .seq = 1, .ack = 1);
    IN_STATE(ESTABLISHED);
    EVENT(CONNECTED);
}

static void queued_data_waits_for_the_acknowledgment(void **state)
{
    (void)state;
    CONNECT();
    WRITE(30);
    EXPECT(.flags = SYN);
    SEND(.flags = SYN, .mss = 1460);
    EXPECT(.flags = SYN | ACK, .ack = 1);
    EXPECT_NOTHING();
    SEND(.flags = SYN | ACK, .ack = 1, .mss = 1460);
    EXPECT(.flags = PSH | ACK, .seq = 1, .ack = 1, .data = 30);
}

// hist/109: the SYN+ACK of a simultaneous open lies before RCV.NXT; it must not begin a war.
static void hist_109_repeated_syn_acks_settle(void **state)
{
    (void)state;
    cross_syns();
    EXPECT(.flags = SYN | ACK, .ack = 1);
    SEND(.flags = SYN | ACK, .ack = 1);
    IN_STATE(ESTABLISHED);
    EXPECT(.flags = ACK, .seq = 1, .ack = 1);
    SEND(.flags = SYN | ACK, .ack = 1); // again, because ours was lost
    EXPECT(.flags = ACK, .seq = 1, .ack = 1, WHY(SEND_HANDSHAKE_ACK_AGAIN));
    SEND(.flags = ACK, .seq = 1, .ack = 1);
    EXPECT_NOTHING();
}

static void options_of_the_crossed_syn_count(void **state)
{
    (void)state;
    CONNECT();
    EXPECT(.flags = SYN);
    SEND(.flags = SYN, .mss = 700, .wscale = SHIFT(2), .sack_ok = true, .ts = TS(9, 0));
    EXPECT(.flags = SYN | ACK, .ack = 1, .wscale = SHIFT(4), .sack_ok = true, .ts = TS(0, 9));
    SEND(.flags = SYN | ACK, .ack = 1, .mss = 700, .wscale = SHIFT(2), .sack_ok = true,
         .ts = TS(10, 0));
    WRITE(688);
    WRITE(688);
    EXPECT(.flags = ACK, .seq = 1, .ack = 1, .data = 688, .ts = TS(0, 10));
    EXPECT(.flags = PSH | ACK, .seq = 689, .ack = 1, .data = 688, .ts = TS(0, 10));
}

static void retries_of_a_crossed_open_end(void **state)
{
    (void)state;
    cross_syns();
    EXPECT(.flags = SYN | ACK, .ack = 1);
    for (uint32_t i = 0; i < 5; i++) {
        EXPECT_WITHIN(SEC(61), .flags = SYN | ACK, .ack = 1);
    }
    ADVANCE(SEC(130));
    IN_STATE(CLOSED);
    EVENT(UNANSWERED);
    EVENT_CLOSED(TIMED_OUT);
    CLOSE();
    EXPECT_FREE();
}

// RFC 9293 §3.6, Figure 13.
static void crossed_fins_close_one_connection(void **state)
{
    (void)state;
    OPEN_ACTIVE();
    CLOSE();
    EXPECT(.flags = FIN | ACK, .seq = 1, .ack = 1);
    SEND(.flags = FIN | ACK, .seq = 1, .ack = 1);
    IN_STATE(CLOSING);
    EXPECT(.flags = ACK, .seq = 2, .ack = 2);
    SEND(.flags = ACK, .seq = 2, .ack = 2);
    IN_STATE(TIME_WAIT);
    ADVANCE(SEC(61));
    IN_STATE(CLOSED);
    EXPECT_NOTHING();
    EXPECT_FREE();
}

static void crossed_fins_with_data_deliver_it(void **state)
{
    (void)state;
    OPEN_ACTIVE();
    WRITE(20);
    SHUTDOWN(WRITE);
    EXPECT(.flags = FIN | PSH | ACK, .seq = 1, .ack = 1, .data = 20);
    SEND(.flags = FIN | PSH | ACK, .seq = 1, .ack = 1, .data = 40);
    IN_STATE(CLOSING);
    EXPECT(.flags = ACK, .seq = 22, .ack = 42);
    READ(40);
    READ(0);
    SEND(.flags = ACK, .seq = 42, .ack = 22);
    IN_STATE(TIME_WAIT);
}

static const struct CMUnitTest tests[] = {
    SEGMENT_TEST(crossed_syns_open_one_connection),
    SEGMENT_TEST(window_of_the_crossed_syn_ack_is_not_scaled),
    SEGMENT_TEST(bare_acknowledgment_completes_it_too),
    SEGMENT_TEST(crossed_syn_ack_is_sent_again),
    SEGMENT_TEST(reset_with_the_crossed_syn_is_not_answered),
    SEGMENT_TEST(crossed_syn_again_has_its_own_timestamp_echoed),
    SEGMENT_TEST(hist_87_bad_acknowledgment_completes_nothing),
    SEGMENT_TEST(queued_data_waits_for_the_acknowledgment),
    SEGMENT_TEST(hist_109_repeated_syn_acks_settle),
    SEGMENT_TEST(options_of_the_crossed_syn_count),
    SEGMENT_TEST(retries_of_a_crossed_open_end),
    SEGMENT_TEST(crossed_fins_close_one_connection),
    SEGMENT_TEST(crossed_fins_with_data_deliver_it),
};
SEGMENT_MAIN(tests)
