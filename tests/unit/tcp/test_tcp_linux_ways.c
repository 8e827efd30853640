// SPDX-License-Identifier: MIT
//
// The ways of enum synfin_linux_way in data, losses and windows, one at a time: each is on in a
// test of its own. What the RFCs have by default is tested where their subject is.
#include "linux_steps.h"
#include "loss_steps.h"

static void three_of_five_are_sacked(void)
{
    FLY(5, 0);
    SEND_SACK(1, {1001, 2001});
    SEND_SACK(1, {1001, 3001});
    SEND_SACK(1, {1001, 4001});
    EXPECT_SEGMENT(1, WHY(SEND_RACK));
}

static void late_timers_reordering_takes_two_milliseconds_more(void **state)
{
    (void)state;
    ONLY(LATE_TIMERS);
    LOSS_OPEN(10);
    FLY(3, 0);
    SEND_SACK(1, {1001, 2001});
    EXPECT_AFTER(MS(27), .flags = ACK, .seq = 1, .ack = 1, .data = 1000, WHY(SEND_RACK));
    SEND_ACK(3001);
}

// By default two segments and a part of the third are enough to look for what is missing.
static void whole_sacks_part_of_a_segment_says_nothing(void **state)
{
    (void)state;
    ONLY(WHOLE_SACKS);
    LOSS_OPEN(10);
    FLY(4, 0);
    SEND_SACK(1, {4000, 4001});
    CHECK_EQ(LOSS()->board.sacked_bytes, 0);
    SEND_SACK(1, {1500, 3500});
    CHECK_EQ(LOSS()->board.sacked_bytes, 1000);
    SEND_ACK(4001);
}

// What says nothing does not put the probe off either: two round trips after the data.
static void whole_sacks_part_of_a_segment_does_not_delay_the_probe(void **state)
{
    (void)state;
    ONLY(WHOLE_SACKS);
    LOSS_OPEN(10);
    FLY(4, 0);
    SEND_SACK(1, {4000, 4001});
    EXPECT_AFTER(MS(100), .flags = PSH | ACK, .seq = 3001, .ack = 1, .data = 1000,
                 WHY(SEND_TAIL_PROBE));
    SEND_ACK(4001);
}

static void cut_window_loss_halves_the_window_not_the_flight(void **state)
{
    (void)state;
    ONLY(CUT_WINDOW);
    LOSS_OPEN(10);
    three_of_five_are_sacked();
    CHECK_EQ(segment_conn()->cc.ssthresh_bytes, 5000);
    SEND_ACK(5001);
}

static void cut_once_second_loss_of_a_segment_does_not_cut_again(void **state)
{
    (void)state;
    for (FOR_BOTH(CUT_ONCE)) {
        LOSS_OPEN(10);
        FLY(10, 5000);
        SEND_SACK(1, {1001, 4001});
        uint32_t ssthresh = segment_conn()->cc.ssthresh_bytes;
        SEND_SACK(1, {1001, 10001}); // new segments follow what goes again
        segment_forget_sent();
        ADVANCE(MS(120));
        SEND_SACK(1, {1001, 11001});
        CHECK(LOSS()->board.lost_again_ns != 0);
        CHECK((segment_conn()->cc.ssthresh_bytes < ssthresh) == (is_linux == 0));
        SEND_ACK(seq_distance(segment_conn()->iss, segment_conn()->snd.nxt));
        segment_forget_sent();
    }
}

static void ease_marks_window_shrinks_with_what_arrives(void **state)
{
    (void)state;
    ONLY(EASE_MARKS);
    LOSS_OPEN(10);
    FLY(10, 5000);
    struct tcp_conn *conn = segment_conn();
    conn->ecn.mode = TCP_ECN_CLASSIC;
    SEND(.flags = ACK | ECE, .seq = 1, .ack = 2001);
    CHECK_EQ(conn->cc.ssthresh_bytes, 5000);
    // One segment for two that arrived, instead of none until half of the window is empty.
    EXPECT(.flags = ACK | CWR, .seq = 10001, .ack = 1, .data = 1000, .ecn = ECT0,
           WHY(SEND_DATA_CWR));
    EXPECT_NOTHING();
    SEND_ACK(11001);
    segment_forget_sent();
}

static void resend_bursts_what_left_together_goes_again_together(void **state)
{
    (void)state;
    ONLY(RESEND_BURSTS);
    segment_iface_config()->gso_bytes = 65535;
    LOSS_OPEN(10);
    WRITE(2000);
    EXPECT(.flags = PSH | ACK, .seq = 1, .ack = 1, .data = 2000);
    WRITE(3000);
    EXPECT(.flags = PSH | ACK, .seq = 2001, .ack = 1, .data = 3000);
    ADVANCE(MS(100));
    SEND_SACK(1, {2001, 5001});
    EXPECT(.flags = PSH | ACK, .seq = 1, .ack = 1, .data = 2000, WHY(SEND_RACK));
    SEND_ACK(5001);
}

static void repay_resent_progress_without_it_lets_nothing_more_go(void **state)
{
    (void)state;
    ONLY(REPAY_RESENT);
    LOSS_OPEN(10);
    FLY(10, 0);
    SEND_SACK(1, {1001, 4001});
    EXPECT_SEGMENT(1, WHY(SEND_RACK));
    struct tcp_conn *conn = segment_conn();
    conn->cc.ssthresh_bytes = 20000;
    uint32_t pipe = tcp_scoreboard_pipe(&LOSS()->board);
    tcp_prr_allow(conn, 1000, false);
    CHECK_EQ(LOSS()->prr.allowed_bytes, 1000);
    tcp_prr_allow(conn, 1000, true);
    CHECK_EQ(LOSS()->prr.allowed_bytes, LOSS()->prr.delivered_bytes - LOSS()->prr.out_bytes + 1000);
    CHECK_EQ(tcp_scoreboard_pipe(&LOSS()->board), pipe);
    SEND_ACK(10001);
}

static void time_all_every_segment_sent_once_is_timed(void **state)
{
    (void)state;
    ONLY(TIME_ALL);
    LOSS_OPEN(10);
    FLY(4, 0);
    ADVANCE(MS(20));
    SEND_ACK(1001); // the one that is timed by default
    uint64_t srtt_ns = segment_conn()->rtt.srtt_ns;
    ADVANCE(MS(40));
    SEND_ACK(2001);
    CHECK(segment_conn()->rtt.srtt_ns > srtt_ns);
    SEND_ACK(4001);
}

static void quick_acks_first_segments_are_acknowledged_one_by_one(void **state)
{
    (void)state;
    ONLY(QUICK_ACKS);
    OPEN(.mss = 1000);
    for (uint32_t i = 0; i < 3; i++) {
        SEND(.flags = ACK, .seq = 1 + 1000 * i, .ack = 1, .data = 1000);
        EXPECT(.flags = ACK, .seq = 1, .ack = 1001 + 1000 * i);
    }
}

static void keep_window_outlasts_an_idle_time(void **state)
{
    (void)state;
    ONLY(KEEP_WINDOW);
    LOSS_OPEN(10);
    FLY(10, 0);
    SEND_ACK(10001);
    uint32_t cwnd = segment_conn()->cc.cwnd_bytes;
    CHECK(cwnd > 10000);
    ADVANCE(SEC(60));
    WRITE(1000);
    EXPECT(.flags = PSH | ACK, .seq = 10001, .ack = 1, .data = 1000);
    CHECK_EQ(segment_conn()->cc.cwnd_bytes, cwnd);
    SEND_ACK(11001);
}

static void count_delivered_all_of_it_opens_the_window(void **state)
{
    (void)state;
    ONLY(COUNT_DELIVERED);
    LOSS_OPEN(10);
    FLY(10, 0);
    SEND_ACK(10001); // L would be eight segments
    CHECK_EQ(segment_conn()->cc.cwnd_bytes, 20000);
}

// Who comes late by seven segments is not lost, and what arrives meanwhile counts as it comes.
static void count_delivered_once_much_is_late_sacks_open_the_window(void **state)
{
    for (FOR_BOTH(COUNT_DELIVERED)) {
        LOSS_OPEN(10);
        FLY(10, 0);
        SEND_SACK(1, {9001, 10001});
        CHECK_EQ(segment_conn()->cc.cwnd_bytes, 10000);
        SEND_SACK(1, {3001, 4001}, {9001, 10001});
        CHECK_EQ(segment_conn()->cc.cwnd_bytes, is_linux ? 11000 : 10000);
        SEND_ACK(10001);
        CHECK_EQ(segment_conn()->cc.cwnd_bytes, is_linux ? 19000 : 18000);
    }
}

// 0.7 of five segments; RFC 9438 §4.6 has octets.
static void cubic_steps_loss_cuts_to_whole_segments(void **state)
{
    for (FOR_BOTH(CUBIC_STEPS)) {
        OPEN(.mss = 1000);
        WRITE(5000);
        EXPECT_RUN_ALL(1, 5001, 1000);
        for (uint32_t i = 0; i < 3; i++) {
            SEND_ACK(1);
        }
        EXPECT_SEGMENT(1, WHY(SEND_FAST_RETRANSMIT));
        CHECK_EQ(segment_conn()->cc.ssthresh_bytes, is_linux ? 3000 : 3500);
        SEND_ACK(5001);
    }
}

// A round of 140 ms where the least is 100: HyStart++ goes on more slowly, and looks again.
static void hystart_ends_slow_start_where_the_round_trip_has_risen(void **state)
{
    for (FOR_BOTH(HYSTART)) {
        LOSS_OPEN_TS(20);
        FLY(20, 0);
        uint32_t sent = bench.last.ts_val;
        ADVANCE(MS(40));
        for (uint32_t acked = 2000; acked <= 18000; acked += 2000) {
            CHECK(tcp_cc_is_initial_slow_start(&segment_conn()->cc));
            SEND(.flags = ACK, .seq = 1, .ack = 1 + acked, .ts = TS(LOSS_TS, sent));
        }
        CHECK(tcp_cc_is_initial_slow_start(&segment_conn()->cc) == !is_linux);
        SEND(.flags = ACK, .seq = 1, .ack = 20001, .ts = TS(LOSS_TS, sent));
    }
}

// Neither a round trip, nor the end of a backoff, nor that a timeout was premature: by default they
// are dropped, and with this way only what a timed segment tells is taken.
static void bare_segments_acknowledgments_without_timestamps_measure_nothing(void **state)
{
    (void)state;
    ONLY(BARE_SEGMENTS);
    LOSS_OPEN_TS(10);
    FLY(4, 0);
    SEND_ACK(1001);
    uint64_t srtt_ns = segment_conn()->rtt.srtt_ns;
    ADVANCE(MS(50));
    SEND_ACK(2001);
    CHECK_EQ(segment_conn()->rtt.srtt_ns, srtt_ns);
    segment_forget_sent();
    ADVANCE(SEC(1) + MS(200));
    segment_forget_sent();
    CHECK_EQ(segment_conn()->rtt.backoff, 1);
    uint32_t cwnd = segment_conn()->cc.cwnd_bytes;
    SEND_ACK(3001);
    CHECK_EQ(segment_conn()->rtt.srtt_ns, srtt_ns);
    CHECK(segment_conn()->cc.cwnd_bytes < 10000 && cwnd <= 2000);
    segment_forget_sent();
    SEND_ACK(4001);
    segment_forget_sent();
}

static const struct CMUnitTest tests[] = {
    SEGMENT_TEST(late_timers_reordering_takes_two_milliseconds_more),
    SEGMENT_TEST(whole_sacks_part_of_a_segment_says_nothing),
    SEGMENT_TEST(whole_sacks_part_of_a_segment_does_not_delay_the_probe),
    SEGMENT_TEST(cut_window_loss_halves_the_window_not_the_flight),
    SEGMENT_TEST(cut_once_second_loss_of_a_segment_does_not_cut_again),
    SEGMENT_TEST(ease_marks_window_shrinks_with_what_arrives),
    SEGMENT_TEST(resend_bursts_what_left_together_goes_again_together),
    SEGMENT_TEST(repay_resent_progress_without_it_lets_nothing_more_go),
    SEGMENT_TEST(time_all_every_segment_sent_once_is_timed),
    SEGMENT_TEST(quick_acks_first_segments_are_acknowledged_one_by_one),
    SEGMENT_TEST(keep_window_outlasts_an_idle_time),
    SEGMENT_TEST(count_delivered_all_of_it_opens_the_window),
    SEGMENT_TEST(count_delivered_once_much_is_late_sacks_open_the_window),
    SEGMENT_TEST(cubic_steps_loss_cuts_to_whole_segments),
    SEGMENT_TEST(hystart_ends_slow_start_where_the_round_trip_has_risen),
    SEGMENT_TEST(bare_segments_acknowledgments_without_timestamps_measure_nothing),
};

SEGMENT_MAIN(tests)
