// SPDX-License-Identifier: MIT
//
// What the stack does as Linux does it, when its configuration asks for that: one way at a time.
#include "linux_steps.h"

// RFC 7323 §3.2 lets such a segment be dropped, which is what happens without this way.
static void segment_without_the_timestamps_agreed_on_is_taken(void **state)
{
    for (FOR_BOTH(BARE_SEGMENTS)) {
        OPEN(.mss = 1000, .ts = TS(100, 0));
        SEND(.flags = ACK, .seq = 1, .ack = 1, .data = 100);
        CHECK_EQ(segment_conn()->totals.bytes_received, is_linux ? 100 : 0);
        segment_forget_sent();
    }
}

// RFC 9293 §3.8.6.1 [MUST-36] asks for an octet; this way repeats the number before SND.UNA.
static void probe_of_a_shut_window_is_empty(void **state)
{
    (void)state;
    ONLY(EMPTY_PROBES);
    OPEN(.mss = 1000);
    WRITE(1000);
    EXPECT(.flags = PSH | ACK, .seq = 1, .ack = 1, .data = 1000);
    SEND(.flags = ACK, .seq = 1, .ack = 1001, .window = SHUT);
    WRITE(100);
    EXPECT_AFTER(SEC(1), .flags = ACK, .seq = 1000, .ack = 1, WHY(SEND_WINDOW_PROBE));
    SEND(.flags = ACK, .seq = 1, .ack = 1001, .window = SHUT);
    EXPECT_AFTER(SEC(2), .flags = ACK, .seq = 1000, .ack = 1, WHY(SEND_WINDOW_PROBE));
    SEND(.flags = ACK, .seq = 1, .ack = 1001, .window = 5000);
    EXPECT(.flags = PSH | ACK, .seq = 1001, .ack = 1, .data = 100);
    SEND_ACK(1101);
}

// <SEQ=SEG.ACK><CTL=RST>, as RFC 9293 §3.10.7.1 answers where there is no connection.
static void data_for_a_user_who_has_gone_are_answered_by_a_bare_reset(void **state)
{
    (void)state;
    ONLY(RESET_AS_ANSWER);
    OPEN(.mss = 1000);
    CLOSE();
    EXPECT(.flags = FIN | ACK, .seq = 1, .ack = 1);
    SEND_ACK(2);
    SEND(.flags = ACK, .seq = 1, .ack = 2, .data = 100);
    EXPECT(.flags = RST, .seq = 2, WHY(SEND_RST_NO_READER));
    EXPECT_FREE();
}

static void data_behind_a_shutdown_of_reading_are_taken(void **state)
{
    (void)state;
    ONLY(READ_ON);
    OPEN(.mss = 1000);
    SHUTDOWN(READ);
    SEND(.flags = ACK, .seq = 1, .ack = 1, .data = 100);
    IN_STATE(ESTABLISHED);
    CHECK_EQ(segment_conn()->totals.bytes_received, 100);
    segment_forget_sent();
}

static const struct CMUnitTest tests[] = {
    SEGMENT_TEST(segment_without_the_timestamps_agreed_on_is_taken),
    SEGMENT_TEST(probe_of_a_shut_window_is_empty),
    SEGMENT_TEST(data_for_a_user_who_has_gone_are_answered_by_a_bare_reset),
    SEGMENT_TEST(data_behind_a_shutdown_of_reading_are_taken),
};
SEGMENT_MAIN(tests)
