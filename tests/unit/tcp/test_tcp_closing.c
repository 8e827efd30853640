// SPDX-License-Identifier: MIT
//
// Both ends closed, and our FIN is not acknowledged yet: CLOSING, RFC 9293 §3.10.7.4.
#include "lib/segment.h"

// RFC 9293 §3.6, Figure 13.
static void acknowledgment_of_our_fin_leads_to_time_wait(void **state)
{
    (void)state;
    REACH(CLOSING);
    SEND(.flags = ACK, .seq = 2, .ack = 2);
    IN_STATE(TIME_WAIT);
    EXPECT_NOTHING();
    EVENT_CLOSED(OK);
    ADVANCE(SEC(61));
    IN_STATE(CLOSED);
}

static void other_acknowledgments_are_ignored(void **state)
{
    (void)state;
    REACH(CLOSING);
    SEND(.flags = ACK, .seq = 2, .ack = 1);
    IN_STATE(CLOSING);
    EXPECT_NOTHING();
    SEND(.flags = ACK, .seq = 2, .ack = 3);
    REASON(DROP_BAD_ACK);
    EXPECT(.flags = ACK, .seq = 2, .ack = 2);
    IN_STATE(CLOSING);
}

// hist/117: our FIN goes again, with its FIN bit.
static void hist_117_fin_is_repeated_with_its_bit(void **state)
{
    (void)state;
    REACH(CLOSING);
    EXPECT_AFTER(SEC(1), .flags = FIN | ACK, .seq = 1, .ack = 2);
    EXPECT_AFTER(SEC(2), .flags = FIN | ACK, .seq = 1, .ack = 2);
    SEND(.flags = ACK, .seq = 2, .ack = 2);
    IN_STATE(TIME_WAIT);
}

static void repeated_fin_is_acknowledged_and_the_state_stays(void **state)
{
    (void)state;
    REACH(CLOSING);
    SEND(.flags = FIN | ACK, .seq = 1, .ack = 1);
    EXPECT(.flags = ACK, .seq = 2, .ack = 2);
    IN_STATE(CLOSING);
}

// hist/109: both acknowledgments of a simultaneous close are lost. The FIN that comes again is old
// and counts for nothing; the answers to the FINs settle it, and nobody answers an answer.
static void hist_109_simultaneous_close_with_losses_settles(void **state)
{
    (void)state;
    REACH(CLOSING);
    SEND(.flags = FIN | ACK, .seq = 1, .ack = 2);
    EXPECT(.flags = ACK, .seq = 2, .ack = 2);
    IN_STATE(CLOSING);
    EXPECT_AFTER(SEC(1), .flags = FIN | ACK, .seq = 1, .ack = 2);
    SEND(.flags = ACK, .seq = 2, .ack = 2);
    EXPECT_NOTHING();
    IN_STATE(TIME_WAIT);
}

static void text_and_urgency_are_ignored(void **state)
{
    (void)state;
    REACH(CLOSING);
    SEND(.flags = PSH | URG | ACK, .seq = 2, .ack = 1, .data = 20, .urgent = 5);
    IN_STATE(CLOSING);
    NO_EVENT();
    EXPECT_NOTHING();
}

static void reset_ends_it(void **state)
{
    (void)state;
    REACH(CLOSING);
    SEND(.flags = RST, .seq = 2);
    IN_STATE(CLOSED);
    EVENT(CLOSED);
    CLOSE();
    EXPECT_NOTHING();
    EXPECT_FREE();
}

// hist/113: a peer that falls silent.
static void hist_113_silent_peer_is_given_up(void **state)
{
    (void)state;
    REACH(CLOSING);
    CLOSE();
    for (uint32_t i = 0; i < 8; i++) {
        EXPECT_WITHIN(SEC(61), .flags = FIN | ACK, .seq = 1, .ack = 2);
    }
    EXPECT_WITHIN(SEC(61), .flags = RST | ACK, .seq = 2, .ack = 2, WHY(SEND_RST_ORPHAN));
    IN_STATE(CLOSED);
    EXPECT_FREE();
}

static const struct CMUnitTest tests[] = {
    SEGMENT_TEST(acknowledgment_of_our_fin_leads_to_time_wait),
    SEGMENT_TEST(other_acknowledgments_are_ignored),
    SEGMENT_TEST(hist_117_fin_is_repeated_with_its_bit),
    SEGMENT_TEST(repeated_fin_is_acknowledged_and_the_state_stays),
    SEGMENT_TEST(hist_109_simultaneous_close_with_losses_settles),
    SEGMENT_TEST(text_and_urgency_are_ignored),
    SEGMENT_TEST(reset_ends_it),
    SEGMENT_TEST(hist_113_silent_peer_is_given_up),
};
SEGMENT_MAIN(tests)
