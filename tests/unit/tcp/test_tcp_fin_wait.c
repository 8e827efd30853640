// SPDX-License-Identifier: MIT
//
// We closed first: FIN-WAIT-1 and FIN-WAIT-2 (RFC 9293 §3.6 and §3.10.7.4), half-close, and what
// happens when the user has gone altogether.
#include "lib/segment.h"

// RFC 9293 §3.6, Figure 12, the side of the active closer.
static void normal_close_goes_through_every_state(void **state)
{
    (void)state;
    OPEN_ACTIVE();
    SHUTDOWN(WRITE);
    IN_STATE(FIN_WAIT_1);
    EXPECT(.flags = FIN | ACK, .seq = 1, .ack = 1, WHY(SEND_FIN));
    SEND(.flags = ACK, .seq = 1, .ack = 2);
    IN_STATE(FIN_WAIT_2);
    NO_EVENT();
    SEND(.flags = FIN | ACK, .seq = 1, .ack = 2);
    IN_STATE(TIME_WAIT);
    EXPECT(.flags = ACK, .seq = 2, .ack = 2, WHY(SEND_ACK_OF_FIN));
    EVENT(READABLE);
    EVENT_CLOSED(OK);
    READ(0);
    CLOSE();
    ADVANCE(SEC(61));
    IN_STATE(CLOSED);
    EXPECT_FREE();
}

// RFC 9293 §3.3.2, note 2 of Figure 5.
static void fin_with_the_acknowledgment_of_ours_leads_to_time_wait(void **state)
{
    (void)state;
    REACH(FIN_WAIT_1);
    SEND(.flags = FIN | ACK, .seq = 1, .ack = 2);
    IN_STATE(TIME_WAIT);
    EXPECT(.flags = ACK, .seq = 2, .ack = 2);
}

static void fin_without_it_leads_to_closing(void **state)
{
    (void)state;
    REACH(FIN_WAIT_1);
    SEND(.flags = FIN | ACK, .seq = 1, .ack = 1);
    IN_STATE(CLOSING);
    EXPECT(.flags = ACK, .seq = 2, .ack = 2);
}

static void data_is_received_after_our_fin(void **state)
{
    (void)state;
    REACH(FIN_WAIT_1);
    SEND(.flags = PSH | ACK, .seq = 1, .ack = 1, .data = 100); // does not acknowledge our FIN
    READ(100);
    IN_STATE(FIN_WAIT_1);
    SEND(.flags = PSH | ACK, .seq = 101, .ack = 2, .data = 100);
    IN_STATE(FIN_WAIT_2);
    READ(100);
    SEND(.flags = FIN | PSH | ACK, .seq = 201, .ack = 2, .data = 100);
    IN_STATE(TIME_WAIT);
    EXPECT(.flags = ACK, .seq = 2, .ack = 302);
    READ(100);
    READ(0);
}

static void fin_follows_all_that_is_queued(void **state)
{
    (void)state;
    uint32_t mss = bench.version == 4 ? 1460 : 1440;
    OPEN_ACTIVE();
    WRITE(2000);
    SHUTDOWN(WRITE);
    EXPECT(.flags = ACK, .seq = 1, .ack = 1, .data = mss);
    EXPECT(.flags = FIN | PSH | ACK, .seq = 1 + mss, .ack = 1, .data = 2000 - mss);
    SEND(.flags = ACK, .seq = 1, .ack = 2001); // all but the FIN
    IN_STATE(FIN_WAIT_1);
    SEND(.flags = ACK, .seq = 1, .ack = 2002);
    IN_STATE(FIN_WAIT_2);
}

static void fin_is_repeated_until_acknowledged(void **state)
{
    (void)state;
    REACH(FIN_WAIT_1);
    EXPECT_AFTER(SEC(1), .flags = FIN | ACK, .seq = 1, .ack = 1, WHY(SEND_TIMEOUT));
    EXPECT_AFTER(SEC(2), .flags = FIN | ACK, .seq = 1, .ack = 1);
    EXPECT_AFTER(SEC(4), .flags = FIN | ACK, .seq = 1, .ack = 1);
    SEND(.flags = ACK, .seq = 1, .ack = 2);
    IN_STATE(FIN_WAIT_2);
    ADVANCE(SEC(30));
    EXPECT_NOTHING();
}

static void fin_out_of_order_waits_for_what_is_missing(void **state)
{
    (void)state;
    REACH(FIN_WAIT_2);
    SEND(.flags = FIN | ACK, .seq = 101, .ack = 2);
    IN_STATE(FIN_WAIT_2);
    SEND(.flags = PSH | ACK, .seq = 1, .ack = 2, .data = 100);
    IN_STATE(TIME_WAIT);
    READ(100);
    READ(0);
    EXPECT(.flags = ACK, .seq = 2, .ack = 102);
}

static void nothing_more_can_be_sent(void **state)
{
    (void)state;
    REACH(FIN_WAIT_1);
    RESULT(segment_user_send(1), SHUT_DOWN);
    SHUTDOWN(WRITE); // again: nothing happens
    EXPECT_NOTHING();
    SEND(.flags = ACK, .seq = 1, .ack = 2);
    RESULT(segment_user_send(1), SHUT_DOWN);
    EXPECT_NOTHING();
    IN_STATE(FIN_WAIT_2);
}

// RFC 9293 §3.6 [MUST-12]
static void reset_ends_either_state_and_is_told(void **state)
{
    (void)state;
    REACH(FIN_WAIT_1);
    SEND(.flags = RST, .seq = 1);
    IN_STATE(CLOSED);
    EVENT_CLOSED(RESET);
    CLOSE();
    EXPECT_FREE();
    (void)segment_teardown(state);
    (void)segment_setup(state);
    REACH(FIN_WAIT_2);
    SEND(.flags = RST, .seq = 1);
    EVENT_CLOSED(RESET);
    EXPECT_NOTHING();
}

// A user who only shut down still reads: no limit but its own patience.
static void fin_wait_2_with_a_reader_has_no_limit(void **state)
{
    (void)state;
    REACH(FIN_WAIT_2);
    ADVANCE(SEC(86400));
    IN_STATE(FIN_WAIT_2);
    EXPECT_NOTHING();
    SEND(.flags = FIN | ACK, .seq = 1, .ack = 2);
    EXPECT(.flags = ACK, .seq = 2, .ack = 2);
}

// hist/118: nobody holds the connection, and the peer never closes.
static void hist_118_orphan_leaves_fin_wait_2(void **state)
{
    (void)state;
    REACH(FIN_WAIT_2);
    CLOSE();
    ADVANCE(SEC(59));
    IN_STATE(FIN_WAIT_2);
    ADVANCE(SEC(2));
    REASON(FIN_WAIT_2_OVER);
    IN_STATE(CLOSED);
    EXPECT_NOTHING();
    EXPECT_FREE();
}

static void user_says_how_long_an_orphan_waits_for_the_fin(void **state)
{
    (void)state;
    REACH(FIN_WAIT_2);
    SET(FIN_WAIT_2, (int64_t)SEC(5));
    CLOSE();
    ADVANCE(SEC(4));
    IN_STATE(FIN_WAIT_2);
    ADVANCE(SEC(2));
    REASON(FIN_WAIT_2_OVER);
    IN_STATE(CLOSED);
    EXPECT_FREE();
}

static void orphan_in_fin_wait_2_still_closes_in_order(void **state)
{
    (void)state;
    OPEN_ACTIVE();
    CLOSE();
    EXPECT(.flags = FIN | ACK, .seq = 1, .ack = 1);
    SEND(.flags = ACK, .seq = 1, .ack = 2);
    ADVANCE(SEC(50));
    SEND(.flags = FIN | ACK, .seq = 1, .ack = 2);
    EXPECT(.flags = ACK, .seq = 2, .ack = 2);
    ADVANCE(SEC(59));
    IN_STATE(TIME_WAIT);
    ADVANCE(SEC(2));
    IN_STATE(CLOSED);
    NO_EVENT();
    EXPECT_FREE();
}

// RFC 9293 §3.6.1 [MAY-1, SHLD-3]; hist/119: data for a user who has gone is not lost silently.
static void hist_119_data_after_close_is_reset(void **state)
{
    (void)state;
    OPEN_ACTIVE();
    CLOSE();
    EXPECT(.flags = FIN | ACK, .seq = 1, .ack = 1);
    SEND(.flags = PSH | ACK, .seq = 1, .ack = 2, .data = 10);
    EXPECT(.flags = RST | ACK, .seq = 2, .ack = 1, WHY(SEND_RST_NO_READER));
    IN_STATE(CLOSED);
    EXPECT_FREE();
    SEND(.flags = PSH | ACK, .seq = 11, .ack = 2, .data = 10);
    EXPECT(.flags = RST, .seq = 2);
}

static void data_sent_before_the_close_was_known_is_reset_too(void **state)
{
    (void)state;
    REACH(FIN_WAIT_2);
    CLOSE();
    SEND(.flags = FIN | PSH | ACK, .seq = 1, .ack = 2, .data = 10);
    EXPECT(.flags = RST | ACK, .seq = 2, .ack = 1, WHY(SEND_RST_NO_READER));
    EXPECT_FREE();
}

static void data_after_shutdown_of_reading_is_reset(void **state)
{
    (void)state;
    OPEN_ACTIVE();
    SHUTDOWN(READ);
    EVENT(READABLE);
    SEND(.flags = PSH | ACK, .seq = 1, .ack = 1, .data = 10);
    EXPECT(.flags = RST | ACK, .seq = 1, .ack = 1);
    EVENT_CLOSED(RESET);
}

static const struct CMUnitTest tests[] = {
    SEGMENT_TEST(normal_close_goes_through_every_state),
    SEGMENT_TEST(fin_with_the_acknowledgment_of_ours_leads_to_time_wait),
    SEGMENT_TEST(fin_without_it_leads_to_closing),
    SEGMENT_TEST(data_is_received_after_our_fin),
    SEGMENT_TEST(fin_follows_all_that_is_queued),
    SEGMENT_TEST(fin_is_repeated_until_acknowledged),
    SEGMENT_TEST(fin_out_of_order_waits_for_what_is_missing),
    SEGMENT_TEST(nothing_more_can_be_sent),
    SEGMENT_TEST(reset_ends_either_state_and_is_told),
    SEGMENT_TEST(fin_wait_2_with_a_reader_has_no_limit),
    SEGMENT_TEST(hist_118_orphan_leaves_fin_wait_2),
    SEGMENT_TEST(user_says_how_long_an_orphan_waits_for_the_fin),
    SEGMENT_TEST(orphan_in_fin_wait_2_still_closes_in_order),
    SEGMENT_TEST(hist_119_data_after_close_is_reset),
    SEGMENT_TEST(data_sent_before_the_close_was_known_is_reset_too),
    SEGMENT_TEST(data_after_shutdown_of_reading_is_reset),
};
SEGMENT_MAIN(tests)
