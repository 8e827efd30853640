// SPDX-License-Identifier: MIT
//
// The peer closed first and so did we: LAST-ACK, RFC 9293 §3.10.7.4.
#include "lib/segment.h"

static void acknowledgment_of_our_fin_ends_it_without_time_wait(void **state)
{
    (void)state;
    REACH(LAST_ACK);
    SEND(.flags = ACK, .seq = 2, .ack = 2);
    IN_STATE(CLOSED);
    EVENT_CLOSED(OK);
    EXPECT_NOTHING();
    CLOSE();
    EXPECT_FREE();
}

static void other_acknowledgments_change_nothing(void **state)
{
    (void)state;
    REACH(LAST_ACK);
    SEND(.flags = ACK, .seq = 2, .ack = 1);
    EXPECT_NOTHING();
    SEND(.flags = ACK, .seq = 2, .ack = 3);
    EXPECT(.flags = ACK, .seq = 2, .ack = 2);
    IN_STATE(LAST_ACK);
}

static void fin_is_repeated_until_acknowledged(void **state)
{
    (void)state;
    REACH(LAST_ACK);
    EXPECT_AFTER(SEC(1), .flags = FIN | ACK, .seq = 1, .ack = 2);
    EXPECT_AFTER(SEC(2), .flags = FIN | ACK, .seq = 1, .ack = 2);
    EXPECT_AFTER(SEC(4), .flags = FIN | ACK, .seq = 1, .ack = 2);
    SEND(.flags = ACK, .seq = 2, .ack = 2);
    IN_STATE(CLOSED);
}

// hist/116: the peer did not hear our acknowledgment of its FIN.
static void hist_116_repeated_fin_is_acknowledged(void **state)
{
    (void)state;
    REACH(LAST_ACK);
    SEND(.flags = FIN | ACK, .seq = 1, .ack = 1);
    EXPECT(.flags = ACK, .seq = 2, .ack = 2);
    IN_STATE(LAST_ACK);
    SEND(.flags = FIN | ACK, .seq = 1, .ack = 2); // old: its acknowledgment does not count either
    EXPECT(.flags = ACK, .seq = 2, .ack = 2);
    SEND(.flags = ACK, .seq = 2, .ack = 2);
    IN_STATE(CLOSED);
    EXPECT_NOTHING();
}

static void reset_ends_it(void **state)
{
    (void)state;
    REACH(LAST_ACK);
    SEND(.flags = RST, .seq = 2);
    IN_STATE(CLOSED);
    EVENT(CLOSED);
    EXPECT_NOTHING();
}

// hist/113: FreeBSD's LAST-ACK that never ended.
static void hist_113_silent_peer_is_given_up(void **state)
{
    (void)state;
    REACH(LAST_ACK);
    CLOSE();
    for (uint32_t i = 0; i < 8; i++) {
        EXPECT_WITHIN(SEC(61), .flags = FIN | ACK, .seq = 1, .ack = 2);
    }
    EXPECT_WITHIN(SEC(61), .flags = RST | ACK, .seq = 2, .ack = 2, WHY(SEND_RST_ORPHAN));
    IN_STATE(CLOSED);
    EXPECT_FREE();
}

// The repetition of the FIN finds nobody and is told so: the peer, in FIN-WAIT-2, goes on.
static void segment_after_the_end_is_reset(void **state)
{
    (void)state;
    REACH(CLOSED);
    SEND(.flags = FIN | ACK, .seq = 1, .ack = 2);
    EXPECT(.flags = RST, .seq = 2);
}

static const struct CMUnitTest tests[] = {
    SEGMENT_TEST(acknowledgment_of_our_fin_ends_it_without_time_wait),
    SEGMENT_TEST(other_acknowledgments_change_nothing),
    SEGMENT_TEST(fin_is_repeated_until_acknowledged),
    SEGMENT_TEST(hist_116_repeated_fin_is_acknowledged),
    SEGMENT_TEST(reset_ends_it),
    SEGMENT_TEST(hist_113_silent_peer_is_given_up),
    SEGMENT_TEST(segment_after_the_end_is_reset),
};
SEGMENT_MAIN(tests)
