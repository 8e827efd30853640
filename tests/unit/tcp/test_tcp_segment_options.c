// SPDX-License-Identifier: MIT
//
// Options of segments in use: window scale and timestamps (RFC 7323), SACK blocks that we send
// (RFC 2018), and options that mean nothing to us.
#include "data_steps.h"

// hist/134: all pairs of shifts, and windows around 2^16.
static void hist_134_all_pairs_of_window_scales_count_alike(void **state)
{
    ONLY_WITH_ENTRIES();
    if (bench.iss > 1) {
        return; // 225 connections per run are enough in two of them
    }
    for (uint32_t pair = 0; pair < 15 * 15; pair++) {
        uint32_t theirs = pair / 15;
        uint32_t ours = pair % 15;
        steps_begin_again(state);
        segment_config()->receive_buffer_bytes = ours == 0 ? 65535 : 65535u << ours;
        OPEN(.mss = 1000, .wscale = SHIFT((int16_t)theirs));
        const struct tcp_conn *conn = segment_conn();
        CHECK_EQ(conn->rcv.wscale_shift, ours);
        static const int32_t fields[] = {1, 32767, 32768, 65534, 65535};
        for (uint32_t i = 0; i < 5; i++) {
            SEND(.flags = ACK, .seq = 1, .ack = 1, .window = fields[i]);
            CHECK_EQ(conn->snd.wnd, (uint32_t)fields[i] << theirs);
        }
        SET(QUICKACK, 1);
        SEND(.flags = ACK, .seq = 1, .ack = 1, .data = 10);
        EXPECT(.flags = ACK, .seq = 1, .ack = 11);
        uint32_t edge = 10 + ((uint32_t)bench.last.window << ours);
        CHECK(edge >= 65535 && edge <= (65535u << ours) + (1u << ours));
        READ(10);
    }
}

// RFC 7323 §2.2: the window of a SYN is never scaled; a scale that one side lacks is no scale.
static void window_of_a_syn_is_not_scaled(void **state)
{
    ONLY_WITH_ENTRIES();
    (void)state;
    OPEN(.mss = 1000, .wscale = SHIFT(7), .window = 1000);
    CHECK_EQ(segment_conn()->snd.wnd, 1000u << 7); // the third segment's
    steps_begin_again(state);
    LISTEN(8);
    SEND(.flags = SYN, .mss = 1000, .wscale = SHIFT(7), .window = 1000);
    EXPECT(.flags = SYN | ACK, .ack = 1, .wscale = SHIFT(4), .window = 65535);
    steps_begin_again(state);
    CONNECT();
    EXPECT(.flags = SYN);
    SEND(.flags = SYN | ACK, .ack = 1, .mss = 1000, .wscale = SHIFT(7), .window = 1000);
    CHECK_EQ(segment_conn()->snd.wnd, 1000);
    EXPECT(.flags = ACK, .seq = 1, .ack = 1);
}

static void scale_that_was_not_offered_is_not_used(void **state)
{
    (void)state;
    OPEN(.mss = 1000, .window = 1000);
    CHECK_EQ(bench.last.wscale, -1);
    CHECK_EQ(segment_conn()->snd.wnd, 1000);
    CHECK_EQ(segment_conn()->rcv.wscale_shift, 0);
}

// RFC 7323 §2.3: more than 14 counts as 14.
static void scale_above_fourteen_is_fourteen(void **state)
{
    ONLY_WITH_ENTRIES();
    (void)state;
    OPEN(.mss = 1000, .wscale = SHIFT(200), .window = 1000);
    CHECK_EQ(segment_conn()->snd.wscale_shift, 14);
}

// RFC 7323 §3.2
// Seed 2177 of test_transfer_properties: the acknowledgment of the last FIN, when it comes from
// what is left in TIME-WAIT, keeps the edge though the window is no multiple of the scale's unit.
static void right_edge_stays_in_time_wait(void **state)
{
    (void)state;
    ONLY_WITH_ENTRIES();
    segment_config()->receive_buffer_bytes = 1 << 18;
    OPEN(.mss = 1000, .wscale = SHIFT(0));
    CLOSE();
    EXPECT(.flags = FIN | ACK, .seq = 1, .ack = 1, .window = 1 << 15);
    SEND_ACK(2);
    SEND(.flags = FIN | ACK, .seq = 1, .ack = 2);
    SEND(.flags = FIN | ACK, .seq = 1, .ack = 2);
    EXPECT(.flags = ACK, .seq = 2, .ack = 2, .window = 1 << 15);
    EXPECT(.flags = ACK, .seq = 2, .ack = 2, .window = 1 << 15);
    IN_STATE(TIME_WAIT);
}

static void timestamps_are_echoed(void **state)
{
    (void)state;
    OPEN(.mss = 1000, .ts = TS(100, 0));
    SET(QUICKACK, 1);
    SEND(.flags = ACK, .seq = 1, .ack = 1, .data = 10, .ts = TS(200, 0));
    EXPECT(.flags = ACK, .seq = 1, .ack = 11, .ts = TS(0, 200));
    READ(10);
}

// RFC 7323 §4.3: with delayed acknowledgments the earliest segment's is echoed.
static void earliest_unacknowledged_timestamp_is_echoed(void **state)
{
    (void)state;
    OPEN(.mss = 1000, .ts = TS(100, 0));
    SEND(.flags = ACK, .seq = 1, .ack = 1, .data = 10, .ts = TS(200, 0));
    SEND(.flags = ACK, .seq = 11, .ack = 1, .data = 10, .ts = TS(300, 0));
    EXPECT_WITHIN(MS(500), .flags = ACK, .seq = 1, .ack = 21, .ts = TS(0, 200));
    SEND(.flags = ACK, .seq = 31, .ack = 1, .data = 10, .ts = TS(400, 0)); // behind a gap
    EXPECT(.flags = ACK, .seq = 1, .ack = 21, .ts = TS(0, 200));
    READ(20);
}

static void timestamps_not_offered_are_not_used(void **state)
{
    (void)state;
    OPEN(.mss = 1000);
    SEND(.flags = ACK, .seq = 1, .ack = 1, .data = 10, .ts = TS(5, 5));
    EXPECT_WITHIN(MS(500), .flags = ACK, .seq = 1, .ack = 11); // EXPECT: without timestamps
    READ(10);
}

// RFC 7323 §3.2: a segment without them is dropped, a reset is not.
static void segment_that_lacks_timestamps_is_dropped(void **state)
{
    (void)state;
    OPEN(.mss = 1000, .ts = TS(100, 0));
    SEND(.flags = ACK, .seq = 1, .ack = 1, .data = 10);
    REASON(DROP_NO_TIMESTAMP);
    EXPECT_NOTHING();
    SEND(.flags = RST, .seq = 1);
    EVENT_CLOSED(RESET);
}

// RFC 5961 §4.2: a peer that restarted may offer none in its SYN, and must be told all the same.
static void syn_without_timestamps_is_challenged(void **state)
{
    (void)state;
    OPEN(.mss = 1000, .ts = TS(100, 0));
    SEND(.flags = SYN, .seq = 1000, .mss = 1000);
    EXPECT(.flags = ACK, .seq = 1, .ack = 1, .ts = TS(0, 100), WHY(SEND_CHALLENGE_SYN));
}

// RFC 7323 §5.3 R1
static void segment_from_the_past_is_answered_and_dropped(void **state)
{
    (void)state;
    OPEN(.mss = 1000, .ts = TS(100, 0));
    SEND(.flags = ACK, .seq = 1, .ack = 1, .data = 10, .ts = TS(99, 0));
    REASON(DROP_PAWS);
    EXPECT(.flags = ACK, .seq = 1, .ack = 1, .ts = TS(0, 100));
    SEND(.flags = ACK, .seq = 1, .ack = 1, .data = 10, .ts = TS(100 + 0x80000001u, 0));
    REASON(DROP_PAWS);
    EXPECT(.flags = ACK, .seq = 1, .ack = 1, .ts = TS(0, 100));
}

static void timestamps_may_pass_the_end_of_their_range(void **state)
{
    (void)state;
    OPEN(.mss = 1000, .ts = TS(0xfffffff0u, 0));
    SEND(.flags = ACK, .seq = 1, .ack = 1, .data = 10, .ts = TS(5, 0));
    EXPECT_WITHIN(MS(500), .flags = ACK, .seq = 1, .ack = 11, .ts = TS(0, 5));
    READ(10);
}

// RFC 7323 §5.5: after 24 days a TS.Recent says nothing.
static void old_timestamp_expires_after_24_days(void **state)
{
    (void)state;
    OPEN(.mss = 1000, .ts = TS(100, 0));
    ADVANCE(SEC(24 * 24 * 3600 + 1));
    SEND(.flags = ACK, .seq = 1, .ack = 1, .data = 10, .ts = TS(50, 0));
    EXPECT_WITHIN(MS(500), .flags = ACK, .seq = 1, .ack = 11, .ts = TS(0, 50));
    READ(10);
}

// hist/100: a timestamp counts after the sequence number was found good, and not from beyond it.
static void hist_100_timestamp_outside_the_window_is_not_stored(void **state)
{
    (void)state;
    OPEN(.mss = 1000, .ts = TS(100, 0));
    SEND(.flags = ACK, .seq = 1000000, .ack = 1, .data = 10, .ts = TS(0x7000000, 0));
    EXPECT(.flags = ACK, .seq = 1, .ack = 1, .ts = TS(0, 100));
    SEND(.flags = ACK, .seq = 500, .ack = 1, .data = 10, .ts = TS(0x7000000, 0)); // behind a gap
    EXPECT(.flags = ACK, .seq = 1, .ack = 1, .ts = TS(0, 100));
    SEND(.flags = ACK, .seq = 1, .ack = 1, .data = 10, .ts = TS(101, 0));
    EXPECT(.flags = ACK, .seq = 1, .ack = 11, .ts = TS(0, 101));
    READ(10);
}

// RFC 2018 §4: the run that changed last comes first; 4 fit.
static void sack_blocks_come_newest_first(void **state)
{
    ONLY_WITH_ENTRIES();
    (void)state;
    OPEN(.mss = 1000, .sack_ok = true);
    SEND(.flags = ACK, .seq = 101, .ack = 1, .data = 10);
    EXPECT(.flags = ACK, .seq = 1, .ack = 1, .sack = {{101, 111}});
    SEND(.flags = ACK, .seq = 301, .ack = 1, .data = 10);
    EXPECT(.flags = ACK, .seq = 1, .ack = 1, .sack = {{301, 311}, {101, 111}});
    SEND(.flags = ACK, .seq = 201, .ack = 1, .data = 10);
    EXPECT(.flags = ACK, .seq = 1, .ack = 1, .sack = {{201, 211}, {301, 311}, {101, 111}});
    SEND(.flags = ACK, .seq = 111, .ack = 1, .data = 10);
    EXPECT(.flags = ACK, .seq = 1, .ack = 1, .sack = {{101, 121}, {201, 211}, {301, 311}});
    SEND(.flags = ACK, .seq = 401, .ack = 1, .data = 10);
    EXPECT(.flags = ACK, .seq = 1, .ack = 1,
           .sack = {{401, 411}, {101, 121}, {201, 211}, {301, 311}});
    SEND(.flags = ACK, .seq = 501, .ack = 1, .data = 10);
    EXPECT(.flags = ACK, .seq = 1, .ack = 1,
           .sack = {{501, 511}, {401, 411}, {101, 121}, {201, 211}});
    SEND(.flags = ACK, .seq = 1, .ack = 1, .data = 600);
    EXPECT(.flags = ACK, .seq = 1, .ack = 601, .sack = {{101, 121}}); // twice; nothing is missing
    READ(600);
}

// The examples of RFC 2018 §4: of eight segments of 500 octets the last four are lost, the first,
// or every second.
static void arrive(uint32_t number, uint32_t ack, const uint32_t held[3][2])
{
    uint32_t seq = 1 + 500 * (number - 1);
    SEND(.flags = ACK, .seq = seq, .ack = 1, .data = 500);
    struct segment want = {.flags = ACK, .seq = 1, .ack = ack};
    for (uint32_t i = 0; i < 3 && held[i][1] > 0; i++) {
        want.sack[i].left = 1 + 500 * (held[i][0] - 1);
        want.sack[i].right = 1 + 500 * held[i][1];
    }
    segment_expect(&want, 0, HERE);
}
#define ARRIVE(number, ack, ...) \
    arrive((number), 1 + 500 * (ack), (const uint32_t[3][2]){__VA_ARGS__})

static void example_of_the_last_segments_lost(void **state)
{
    ONLY_WITH_ENTRIES();
    (void)state;
    OPEN(.mss = 500, .sack_ok = true);
    SET(QUICKACK, 1);
    for (uint32_t i = 1; i <= 4; i++) {
        ARRIVE(i, i, {0, 0});
    }
    READ(2000);
}

static void example_of_the_first_segment_lost(void **state)
{
    ONLY_WITH_ENTRIES();
    (void)state;
    OPEN(.mss = 500, .sack_ok = true);
    for (uint32_t i = 2; i <= 8; i++) {
        ARRIVE(i, 0, {2, i});
    }
}

static void example_of_every_second_segment_lost(void **state)
{
    ONLY_WITH_ENTRIES();
    (void)state;
    OPEN(.mss = 500, .sack_ok = true);
    SET(QUICKACK, 1);
    ARRIVE(1, 1, {0, 0});
    ARRIVE(3, 1, {3, 3});
    ARRIVE(5, 1, {5, 5}, {3, 3});
    ARRIVE(7, 1, {7, 7}, {5, 5}, {3, 3});
    ARRIVE(4, 1, {3, 5}, {7, 7});
    ARRIVE(2, 5, {7, 7});
    READ(2500);
}

// RFC 2018 §3, hist/21: with timestamps three fit into 40 octets, however many runs there are.
static void hist_21_three_sack_blocks_fit_beside_timestamps(void **state)
{
    (void)state;
    OPEN(.mss = 1000, .sack_ok = true, .ts = TS(1, 0));
    for (uint32_t i = 0; i < 60; i++) {
        SEND(.flags = ACK, .seq = 101 + 20 * i, .ack = 1, .data = 10, .ts = TS(1, 0));
        struct segment want = {.flags = ACK, .seq = 1, .ack = 1, .ts = TS(0, 1)};
        for (uint32_t k = 0; k < 3 && k <= i; k++) {
            want.sack[k].left = 101 + 20 * (i - k);
            want.sack[k].right = want.sack[k].left + 10;
        }
        segment_expect(&want, 0, HERE);
    }
}

static void sack_that_was_not_offered_is_not_sent(void **state)
{
    (void)state;
    OPEN(.mss = 1000);
    SEND(.flags = ACK, .seq = 101, .ack = 1, .data = 10);
    EXPECT(.flags = ACK, .seq = 1, .ack = 1);
}

// RFC 9293 §3.1 [MUST-5, MUST-6], §3.2 [MUST-64]: unknown options in any segment, anywhere.
static void unknown_options_are_ignored_in_every_segment(void **state)
{
    (void)state;
    LISTEN(8);
    SEND(.flags = SYN, .mss = 1000, .options = {253, 5, 1, 2, 3, 1, 99, 2}, .option_bytes = 8);
    EXPECT(.flags = SYN | ACK, .ack = 1);
    SEND(.flags = ACK, .seq = 1, .ack = 1, .options = {1, 254, 3, 7}, .option_bytes = 4);
    ACCEPT();
    IN_STATE(ESTABLISHED);
    SEND(.flags = ACK, .seq = 1, .ack = 1, .data = 10, .options = {69, 4, 0, 0}, .option_bytes = 4);
    EXPECT_WITHIN(MS(500), .flags = ACK, .seq = 1, .ack = 11);
    READ(10);
}

// RFC 9293 §3.1 [MUST-7]: a length that is no length drops the segment, and nothing else happens.
static void illegal_option_length_drops_the_segment(void **state)
{
    (void)state;
    OPEN(.mss = 1000);
    for (uint8_t length = 0; length <= 1; length++) {
        SEND(.flags = ACK, .seq = 1, .ack = 1, .data = 10, .options = {253, length, 0, 0},
             .option_bytes = 4);
        EXPECT_NOTHING();
        RESULT(segment_user_recv(1, &(size_t){0}), AGAIN);
    }
    IN_STATE(ESTABLISHED);
}

// RFC 9293 §3.2 [MUST-65]: EXPECT compares; an MSS in a later segment changes nothing here.
static void mss_option_after_the_syn_is_ignored(void **state)
{
    ONLY_WITH_ENTRIES();
    (void)state;
    OPEN(.mss = 1000);
    SEND(.flags = ACK, .seq = 1, .ack = 1, .mss = 100);
    CHECK_EQ(segment_conn()->snd.mss, 1000);
}

static const struct CMUnitTest tests[] = {
    SEGMENT_TEST(hist_134_all_pairs_of_window_scales_count_alike),
    SEGMENT_TEST(window_of_a_syn_is_not_scaled),
    SEGMENT_TEST(scale_that_was_not_offered_is_not_used),
    SEGMENT_TEST(scale_above_fourteen_is_fourteen),
    SEGMENT_TEST(right_edge_stays_in_time_wait),
    SEGMENT_TEST(timestamps_are_echoed),
    SEGMENT_TEST(earliest_unacknowledged_timestamp_is_echoed),
    SEGMENT_TEST(timestamps_not_offered_are_not_used),
    SEGMENT_TEST(syn_without_timestamps_is_challenged),
    SEGMENT_TEST(segment_that_lacks_timestamps_is_dropped),
    SEGMENT_TEST(segment_from_the_past_is_answered_and_dropped),
    SEGMENT_TEST(timestamps_may_pass_the_end_of_their_range),
    SEGMENT_TEST(old_timestamp_expires_after_24_days),
    SEGMENT_TEST(hist_100_timestamp_outside_the_window_is_not_stored),
    SEGMENT_TEST(sack_blocks_come_newest_first),
    SEGMENT_TEST(example_of_the_last_segments_lost),
    SEGMENT_TEST(example_of_the_first_segment_lost),
    SEGMENT_TEST(example_of_every_second_segment_lost),
    SEGMENT_TEST(hist_21_three_sack_blocks_fit_beside_timestamps),
    SEGMENT_TEST(sack_that_was_not_offered_is_not_sent),
    SEGMENT_TEST(unknown_options_are_ignored_in_every_segment),
    SEGMENT_TEST(illegal_option_length_drops_the_segment),
    SEGMENT_TEST(mss_option_after_the_syn_is_ignored),
};

SEGMENT_MAIN_TWICE(tests)
