// SPDX-License-Identifier: MIT
//
// Fast retransmit and NewReno's recovery on the wire: RFC 5681 §3.2, RFC 6582, RFC 3042. Windows
// are NewReno's where a number depends on them.
#include "data_steps.h"

static void send_ten(uint32_t more)
{
    segment_config()->congestion = SYNFIN_CONGESTION_NEWRENO;
    OPEN(.mss = 1000);
    WRITE(10000 + more);
    steps_expect_run(1, 10001, 1000, more == 0, HERE);
}

// RFC 9293 §3.8.2 [MUST-19]
static void third_duplicate_sends_the_missing_segment(void **state)
{
    (void)state;
    OPEN(.mss = 1000);
    WRITE(4000);
    EXPECT_RUN_ALL(1, 4001, 1000);
    SEND_ACK(1);
    SEND_ACK(1);
    EXPECT_NOTHING();
    SEND_ACK(1);
    EXPECT(.flags = ACK, .seq = 1, .ack = 1, .data = 1000, WHY(SEND_FAST_RETRANSMIT));
    SEND_ACK(4001);
    EXPECT_NOTHING();
}

// RFC 3042: each of the first two lets one new segment go.
static void first_two_duplicates_send_new_data(void **state)
{
    (void)state;
    send_ten(5000);
    SEND_ACK(1);
    EXPECT(.flags = ACK, .seq = 10001, .ack = 1, .data = 1000, WHY(SEND_LIMITED_TRANSMIT));
    SEND_ACK(1);
    EXPECT(.flags = ACK, .seq = 11001, .ack = 1, .data = 1000, WHY(SEND_LIMITED_TRANSMIT));
    SEND_ACK(1);
    EXPECT(.flags = ACK, .seq = 1, .ack = 1, .data = 1000, WHY(SEND_FAST_RETRANSMIT));
    EXPECT_NOTHING();
    CHECK_EQ(segment_conn()->cc.ssthresh_bytes, 5000);
}

// RFC 5681 §3.2 steps 4 and 5: inflated by each duplicate, new data goes when it allows.
static void further_duplicates_send_new_data(void **state)
{
    (void)state;
    send_ten(3000);
    for (uint32_t i = 0; i < 2; i++) {
        SEND_ACK(1);
        EXPECT(.flags = ACK, .seq = 10001 + 1000 * i, .ack = 1, .data = 1000);
    }
    SEND_ACK(1);
    EXPECT(.flags = ACK, .seq = 1, .ack = 1, .data = 1000);
    for (uint32_t i = 0; i < 4; i++) { // 5 + 3 + 4 = 12 are in flight already
        SEND_ACK(1);
        EXPECT_NOTHING();
    }
    SEND_ACK(1);
    EXPECT(.flags = PSH | ACK, .seq = 12001, .ack = 1, .data = 1000);
    SEND_ACK(13001);
    CHECK_EQ(segment_conn()->recovery.is_active, false);
}

// RFC 6582 §3.2 step 3: three of ten are lost; each partial acknowledgment sends the next.
static void partial_acknowledgments_send_one_hole_after_the_other(void **state)
{
    (void)state;
    send_ten(0);
    for (uint32_t i = 0; i < 3; i++) {
        SEND_ACK(1);
    }
    EXPECT(.flags = ACK, .seq = 1, .ack = 1, .data = 1000);
    SEND_ACK(4001);
    EXPECT(.flags = ACK, .seq = 4001, .ack = 1, .data = 1000, WHY(SEND_PARTIAL_ACK));
    EXPECT_NOTHING();
    SEND_ACK(7001);
    EXPECT(.flags = ACK, .seq = 7001, .ack = 1, .data = 1000, WHY(SEND_PARTIAL_ACK));
    EXPECT_NOTHING();
    SEND_ACK(10001);
    EXPECT_NOTHING();
    CHECK_EQ(segment_conn()->recovery.is_active, false);
    CHECK_EQ(segment_conn()->cc.cwnd_bytes, 2000);
}

// hist/141: a partial acknowledgment that ends inside a segment.
static void hist_141_partial_acknowledgment_inside_a_segment_goes_on_from_there(void **state)
{
    (void)state;
    send_ten(0);
    for (uint32_t i = 0; i < 3; i++) {
        SEND_ACK(1);
    }
    EXPECT(.flags = ACK, .seq = 1, .ack = 1, .data = 1000);
    SEND_ACK(4501);
    EXPECT(.flags = ACK, .seq = 4501, .ack = 1, .data = 1000);
    SEND_ACK(10001);
}

// RFC 6582 §3.2 step 2
static void duplicates_of_the_same_loss_start_no_second_recovery(void **state)
{
    (void)state;
    send_ten(0);
    for (uint32_t i = 0; i < 3; i++) {
        SEND_ACK(1);
    }
    EXPECT(.flags = ACK, .seq = 1, .ack = 1, .data = 1000);
    SEND_ACK(10001);
    WRITE(2000);
    EXPECT_RUN_ALL(10001, 12001, 1000);
    for (uint32_t i = 0; i < 5; i++) {
        SEND_ACK(10001);
        EXPECT_NOTHING();
    }
    SEND_ACK(12001);
}

static void segment_with_data_is_no_duplicate_acknowledgment(void **state)
{
    (void)state;
    OPEN(.mss = 1000);
    WRITE(4000);
    EXPECT_RUN_ALL(1, 4001, 1000);
    for (uint32_t i = 0; i < 6; i++) {
        SEND(.flags = ACK, .seq = 1 + i, .ack = 1, .data = 1);
    }
    EXPECT_WITHIN(MS(500), .flags = ACK, .seq = 4001, .ack = 7); // no data again
    READ(6);
}

// Seed 98 of test_transfer_properties: what probes a shut window has data, though none is taken.
static void window_probe_is_no_duplicate_acknowledgment(void **state)
{
    (void)state;
    segment_config()->receive_buffer_bytes = 1000;
    OPEN(.mss = 1000);
    WRITE(4000);
    EXPECT_RUN_ALL(1, 4001, 1000);
    SEND(.flags = ACK, .seq = 1, .ack = 1, .data = 1000);
    EXPECT_WITHIN(MS(500), .flags = ACK, .seq = 4001, .ack = 1001, .window = SHUT);
    for (uint32_t i = 0; i < 6; i++) {
        SEND(.flags = ACK, .seq = 1001, .ack = 1, .data = 1);
        EXPECT(.flags = ACK, .seq = 4001, .ack = 1001, .window = SHUT);
        EXPECT_NOTHING();
    }
    READ(1000);
    EXPECT(.flags = ACK, .seq = 4001, .ack = 1001);
}

static void acknowledgment_with_another_window_is_no_duplicate(void **state)
{
    (void)state;
    OPEN(.mss = 1000);
    WRITE(4000);
    EXPECT_RUN_ALL(1, 4001, 1000);
    for (int32_t i = 0; i < 6; i++) {
        SEND(.flags = ACK, .seq = 1, .ack = 1, .window = 60000 - i);
    }
    EXPECT_NOTHING();
}

// Small segments are counted like large ones (Nagle is off).
static void loss_among_small_segments_is_repaired_fast(void **state)
{
    (void)state;
    OPEN(.mss = 1000);
    SET(NODELAY, 1);
    for (uint32_t i = 0; i < 4; i++) {
        WRITE(10);
        EXPECT(.flags = PSH | ACK, .seq = 1 + 10 * i, .ack = 1, .data = 10);
    }
    for (uint32_t i = 0; i < 3; i++) {
        SEND_ACK(1);
    }
    EXPECT(.flags = PSH | ACK, .seq = 1, .ack = 1, .data = 40, WHY(SEND_FAST_RETRANSMIT));
    SEND_ACK(41);
}

// hist/144: forged duplicates.
static void hist_144_flood_of_duplicates_sends_little(void **state)
{
    (void)state;
    segment_config()->send_buffer_bytes = 1 << 20;
    OPEN(.mss = 1000, .wscale = SHIFT(4));
    WRITE(500000);
    EXPECT_RUN(1, 10001, 1000);
    for (uint32_t i = 0; i < 3; i++) {
        SEND_ACK(1);
    }
    for (uint32_t i = 0; i < 500; i++) {
        SEND_ACK(1);
    }
    CHECK(segment_conn()->recovery.inflation_bytes <= 12 * 1000);
    uint32_t seq = 10001;
    EXPECT(.flags = ACK, .seq = 1, .ack = 1, .data = 1000);
    while (seq_lt(seq_make(segment_conn()->iss.n + seq), segment_conn()->snd.nxt)) {
        EXPECT(.flags = ACK, .seq = seq, .ack = 1, .data = 1000);
        seq += 1000;
    }
    CHECK(seq <= 30001);
}

// The same, where each lets go what it may before the next one comes: what went because of a
// duplicate is no reason to believe in another.
static void hist_144_duplicates_between_new_segments_send_little(void **state)
{
    (void)state;
    segment_config()->send_buffer_bytes = 1 << 20;
    OPEN(.mss = 1000, .wscale = SHIFT(4));
    WRITE(500000);
    EXPECT_RUN(1, 10001, 1000);
    uint64_t before = segment_conn()->totals.bytes_sent;
    for (uint32_t i = 0; i < 500; i++) {
        SEND_ACK(1);
        segment_forget_sent();
    }
    CHECK_EQ(segment_conn()->totals.bytes_sent - before, 9000); // of 7 + 12 segments 10 were there
    SEND_ACK(4001); // the next hole: 15 are outstanding, of which 9 are taken for arrived
    segment_forget_sent();
    before = segment_conn()->totals.bytes_sent;
    for (uint32_t i = 0; i < 500; i++) {
        SEND_ACK(4001);
        segment_forget_sent();
    }
    CHECK(segment_conn()->totals.bytes_sent - before <= 7000);
}

// RFC 5681 §3.2: a second loss in the same window needs the timer when its repair is lost too.
static void lost_retransmission_waits_for_the_timer(void **state)
{
    (void)state;
    OPEN(.mss = 1000);
    WRITE(4000);
    EXPECT_RUN_ALL(1, 4001, 1000);
    for (uint32_t i = 0; i < 3; i++) {
        SEND_ACK(1);
    }
    EXPECT(.flags = ACK, .seq = 1, .ack = 1, .data = 1000);
    EXPECT_AFTER(SEC(1), .flags = ACK, .seq = 1, .ack = 1, .data = 1000, WHY(SEND_TIMEOUT));
    SEND_ACK(4001);
}

static const struct CMUnitTest tests[] = {
    SEGMENT_TEST(third_duplicate_sends_the_missing_segment),
    SEGMENT_TEST(first_two_duplicates_send_new_data),
    SEGMENT_TEST(further_duplicates_send_new_data),
    SEGMENT_TEST(partial_acknowledgments_send_one_hole_after_the_other),
    SEGMENT_TEST(hist_141_partial_acknowledgment_inside_a_segment_goes_on_from_there),
    SEGMENT_TEST(duplicates_of_the_same_loss_start_no_second_recovery),
    SEGMENT_TEST(segment_with_data_is_no_duplicate_acknowledgment),
    SEGMENT_TEST(window_probe_is_no_duplicate_acknowledgment),
    SEGMENT_TEST(acknowledgment_with_another_window_is_no_duplicate),
    SEGMENT_TEST(loss_among_small_segments_is_repaired_fast),
    SEGMENT_TEST(hist_144_flood_of_duplicates_sends_little),
    SEGMENT_TEST(hist_144_duplicates_between_new_segments_send_little),
    SEGMENT_TEST(lost_retransmission_waits_for_the_timer),
};

SEGMENT_MAIN(tests)
