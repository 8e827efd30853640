// SPDX-License-Identifier: MIT
//
// The retransmission timer and the round trips that it goes by while a flight is repaired:
// RFC 6675 §6, RFC 6298 §3 and §5.
#include "loss_steps.h"

static void first_segment_sent_again_starts_the_timer_anew(void **state)
{
    (void)state;
    LOSE_FIRST(); // sent again 100 ms after it was sent
    EXPECT_AFTER(SEC(1), .flags = ACK, .seq = 1, .ack = 1, .data = 1000, WHY(SEND_TIMEOUT));
    SEND_ACK(10001);
}

static void another_segment_sent_again_leaves_the_timer(void **state)
{
    (void)state;
    LOSE_FIRST();
    ADVANCE(MS(50));
    SEND_SACK(1, {5001, 9001}, {1001, 4001});
    EXPECT_SEGMENT(4001, WHY(SEND_RACK));
    EXPECT_AFTER(MS(950), .flags = ACK, .seq = 1, .ack = 1, .data = 1000, WHY(SEND_TIMEOUT));
    SEND_ACK(10001);
}

// A timeout has doubled the wait; what follows it does not begin that anew.
static void segment_lost_again_after_a_timeout_leaves_the_timer(void **state)
{
    (void)state;
    LOSE_FIRST();
    EXPECT_AFTER(SEC(1), .flags = ACK, .seq = 1, .ack = 1, .data = 1000, WHY(SEND_TIMEOUT));
    CHECK_EQ(segment_conn()->deadline_ns[SYNFIN_TCP_TIMER_RETRANSMIT] - bench.now_ns, SEC(2));
    SEND_ACK(10001);
}

// Two holes, and the first new segment behind them, which is timed.
static void repair_two(void)
{
    LOSS_OPEN(10);
    FLY(10, 1000);
    SEND_SACK(1, {1001, 4001});
    EXPECT_SEGMENT(1, WHY(SEND_RACK));
    SEND_SACK(1, {1001, 7001});
    EXPECT(.flags = PSH | ACK, .seq = 10001, .ack = 1, .data = 1000);
    SEND_SACK(1, {8001, 10001}, {1001, 7001});
    EXPECT_SEGMENT(7001, WHY(SEND_RACK));
    CHECK_EQ(segment_conn()->rtt.srtt_ns, MS(100));
    ADVANCE(MS(300));
}

static void sacked_segment_is_timed_while_others_are_sent_again(void **state)
{
    (void)state;
    repair_two();
    SEND_SACK(1, {8001, 11001}, {1001, 7001});
    CHECK_EQ(segment_conn()->rtt.srtt_ns, (7 * MS(100) + MS(300)) / 8);
    CHECK_EQ(segment_conn()->rtt.is_timing, false);
    SEND_ACK(11001);
    CHECK_EQ(segment_conn()->rtt.srtt_ns, (7 * MS(100) + MS(300)) / 8); // once
}

// It may have waited for what was sent again.
static void acknowledgment_of_a_repair_times_nothing(void **state)
{
    (void)state;
    repair_two();
    SEND_ACK(11001);
    CHECK_EQ(segment_conn()->rtt.srtt_ns, MS(100));
    CHECK_EQ(segment_conn()->rtt.is_timing, false);
}

static void segment_sent_again_is_not_timed(void **state)
{
    (void)state;
    repair_two();
    SEND_SACK(1, {1001, 10001}); // the repair of the second hole
    CHECK_EQ(segment_conn()->rtt.srtt_ns, MS(100));
    CHECK_EQ(segment_conn()->rtt.is_timing, true);
    SEND_ACK(11001);
}

static const struct CMUnitTest tests[] = {
    SEGMENT_TEST(first_segment_sent_again_starts_the_timer_anew),
    SEGMENT_TEST(another_segment_sent_again_leaves_the_timer),
    SEGMENT_TEST(segment_lost_again_after_a_timeout_leaves_the_timer),
    SEGMENT_TEST(sacked_segment_is_timed_while_others_are_sent_again),
    SEGMENT_TEST(acknowledgment_of_a_repair_times_nothing),
    SEGMENT_TEST(segment_sent_again_is_not_timed),
};

SEGMENT_MAIN(tests)
