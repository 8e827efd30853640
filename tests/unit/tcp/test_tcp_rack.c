// SPDX-License-Identifier: MIT
//
// What is lost, by time, on the wire: RFC 8985 §6, RFC 2018, RFC 6675 §5.
#include "loss_steps.h"

static void three_sacked_segments_show_a_loss(void **state)
{
    (void)state;
    LOSS_OPEN(10);
    FLY(5, 0);
    SEND_SACK(1, {1001, 2001});
    SEND_SACK(1, {1001, 3001});
    EXPECT_NOTHING();
    SEND_SACK(1, {1001, 4001});
    EXPECT_SEGMENT(1, WHY(SEND_RACK));
    SEND_ACK(5001);
    EXPECT_NOTHING();
    CHECK(segment_conn()->loss == NULL);
}

// RFC 8985 §6.2 step 4 counts segments, whatever their size.
static void three_small_sacked_segments_show_a_loss(void **state)
{
    (void)state;
    LOSS_OPEN(10);
    SET(NODELAY, 1);
    for (uint32_t i = 0; i < 5; i++) {
        WRITE(10);
        EXPECT(.flags = PSH | ACK, .seq = 1 + 10 * i, .ack = 1, .data = 10);
    }
    ADVANCE(MS(100));
    SEND_SACK(1, {11, 21});
    SEND_SACK(1, {11, 31});
    EXPECT_NOTHING();
    SEND_SACK(1, {11, 41});
    EXPECT(.flags = ACK, .seq = 1, .ack = 1, .data = 10, WHY(SEND_RACK));
    SEND_ACK(51);
}

// Fewer than three: after a quarter of the least round trip.
static void one_sacked_segment_shows_a_loss_after_the_reordering_window(void **state)
{
    (void)state;
    LOSS_OPEN(10);
    FLY(3, 0);
    SEND_SACK(1, {1001, 2001});
    EXPECT_NOTHING();
    EXPECT_AFTER(MS(25), .flags = ACK, .seq = 1, .ack = 1, .data = 1000, WHY(SEND_RACK));
    SEND_ACK(3001);
}

// RFC 8985 §6.2 step 2: what was sent last of all that has arrived counts, and not what arrived
// last. Both what is before it and what is behind the late one are lost.
static void older_segment_that_arrives_later_does_not_turn_time_back(void **state)
{
    (void)state;
    LOSS_OPEN(10);
    for (uint32_t i = 0; i < 4; i++) {
        WRITE(1000);
        EXPECT(.flags = PSH | ACK, .seq = 1 + 1000 * i, .ack = 1, .data = 1000);
        ADVANCE(MS(1));
    }
    ADVANCE(MS(96));
    SEND_SACK(1, {3001, 4001});
    SEND_SACK(1, {1001, 2001}, {3001, 4001});
    EXPECT_NOTHING();
    ADVANCE(MS(40));
    const struct tcp_scoreboard *board = &segment_conn()->loss->board;
    CHECK_EQ(board->lost_bytes + board->resent_bytes, 2000);
    segment_forget_sent();
    SEND_ACK(4001);
}

// RFC 9293 §3.8.2, RFC 6298 §5.4: the timer is about the earliest segment, be it that this one has
// just been sent again.
static void timeout_loses_the_first_segment_whenever_that_was_sent(void **state)
{
    (void)state;
    LOSS_OPEN(10);
    FLY(5, 0);
    SEND_SACK(1, {1001, 2001});
    SEND_SACK(1, {1001, 3001});
    SEND_SACK(1, {1001, 4001});
    EXPECT_SEGMENT(1, WHY(SEND_RACK));
    struct tcp_conn *conn = segment_conn();
    tcp_rack_on_timeout(conn, bench.now_ns);
    const struct tcp_span *first = tcp_scoreboard_first_lost(&conn->loss->board);
    CHECK(first != NULL && seq_eq(first->left, conn->snd.una));
}

static void what_arrives_within_the_reordering_window_is_not_sent_again(void **state)
{
    (void)state;
    LOSS_OPEN(10);
    FLY(3, 0);
    SEND_SACK(1, {1001, 2001});
    ADVANCE(MS(20));
    SEND_ACK(3001);
    ADVANCE(MS(500));
    EXPECT_NOTHING();
    CHECK_EQ(segment_conn()->cc.ssthresh_bytes, TCP_CC_SSTHRESH_INITIAL);
}

// RFC 8985 §6.2 steps 3 and 4
static void three_sacked_segments_are_no_loss_once_reordering_was_seen(void **state)
{
    (void)state;
    LOSS_OPEN(10);
    FLY(10, 0);
    SEND_SACK(1, {1001, 2001});
    SEND_ACK(2001); // the first was late
    SEND_SACK(2001, {3001, 4001});
    SEND_SACK(2001, {3001, 5001});
    SEND_SACK(2001, {3001, 7001});
    EXPECT_NOTHING();
    EXPECT_AFTER(MS(25), .flags = ACK, .seq = 2001, .ack = 1, .data = 1000, WHY(SEND_RACK));
    SEND_ACK(10001);
}

// RFC 8985 §6.2 step 4: each round trip with duplicates adds a quarter.
static void duplicates_widen_the_reordering_window(void **state)
{
    (void)state;
    LOSS_OPEN(10);
    FLY(10, 0);
    SEND_SACK(2001, {1, 1001});
    SEND_SACK(2001, {1001, 2001}); // of the same round trip
    SEND_SACK(2001, {3001, 4001});
    EXPECT_NOTHING();
    EXPECT_AFTER(MS(50), .flags = ACK, .seq = 2001, .ack = 1, .data = 1000, WHY(SEND_RACK));
    SEND_ACK(10001);
}

// A duplicate block that is none widens nothing.
// RFC 8985 §6.2 step 4: RACK.reo_wnd is at most SRTT, however many round trips had duplicates.
static void reordering_window_is_at_most_a_round_trip(void **state)
{
    (void)state;
    LOSS_OPEN(10);
    FLY(5, 0);
    segment_conn()->recovery.has_seen_reordering = true;
    segment_conn()->recovery.reo_wnd_mult = 2;
    CHECK_EQ(tcp_rack_window(segment_conn()), MS(75));
    segment_conn()->recovery.reo_wnd_mult = 4;
    CHECK_EQ(tcp_rack_window(segment_conn()), MS(100));
    SEND_ACK(5001);
}

static void inverted_duplicate_block_is_ignored(void **state)
{
    (void)state;
    LOSS_OPEN(10);
    FLY(10, 0);
    SEND_SACK(2001, {1001, 1});
    CHECK_EQ(segment_conn()->recovery.reo_wnd_mult, 0);
    SEND_SACK(2001, {UINT32_C(0x80000000), UINT32_C(0x80000100)});
    CHECK_EQ(segment_conn()->recovery.reo_wnd_mult, 0);
    SEND_ACK(10001);
}

static void blocks_of_nothing_in_flight_are_ignored(void **state)
{
    (void)state;
    LOSS_OPEN(10);
    FLY(5, 0);
    SEND_ACK(1001);
    SEND_SACK(1001, {20001, 21001}, {4001, 6001}); // never sent, and half of it
    SEND_SACK(1001, {4001, 2001});                 // inverted
    SEND_SACK(1001, {1, 1001});                    // old
    SEND_SACK(1001, {1, 4001});                    // across SND.UNA
    CHECK_EQ(LOSS()->board.sacked_bytes, 0);
    CHECK_EQ(tcp_scoreboard_pipe(&LOSS()->board), 4000);
    EXPECT_NOTHING();
    SEND_ACK(5001);
}

// The holes go in order, and nothing new before them: RFC 6675 §4, NextSeg.
static void holes_are_repaired_in_order_before_new_data(void **state)
{
    (void)state;
    LOSS_OPEN(10);
    FLY(10, 2000);
    SEND_SACK(1, {1001, 2001}, {3001, 4001}, {5001, 10001});
    EXPECT_SEGMENT(1, WHY(SEND_RACK));
    EXPECT_SEGMENT(2001, WHY(SEND_RACK));
    EXPECT_SEGMENT(4001, WHY(SEND_RACK));
    EXPECT_SEGMENT(10001, WHY(SEND_DATA));
    EXPECT(.flags = PSH | ACK, .seq = 11001, .ack = 1, .data = 1000);
    SEND_ACK(12001);
}

// RFC 8985 §6.2: what went again and is lost again needs no timeout.
static void lost_retransmission_goes_again_and_cuts_again(void **state)
{
    (void)state;
    LOSS_OPEN(10);
    FLY(10, 5000);
    SEND_SACK(1, {1001, 4001});
    EXPECT_SEGMENT(1, WHY(SEND_RACK));
    SEND_SACK(1, {1001, 8001});
    EXPECT_DATA(10001);
    EXPECT_DATA(11001);
    EXPECT_NOTHING();
    ADVANCE(MS(100));
    CHECK_EQ(segment_conn()->cc.ssthresh_bytes, 5000);
    SEND_SACK(1, {1001, 8001}, {10001, 11001});
    EXPECT_SEGMENT(1, WHY(SEND_RACK));
    segment_forget_sent();
    CHECK_EQ(segment_conn()->retries, 0);
    CHECK_EQ(segment_conn()->cc.ssthresh_bytes, 2500); // RFC 5681 §4.3
    SEND_ACK(11001);
    segment_forget_sent();
    SEND_ACK(13001);
    segment_forget_sent();
    SEND_ACK(15001);
}

// RFC 5681 §3.1: once per flight.
static void losses_of_one_flight_cut_the_window_once(void **state)
{
    (void)state;
    LOSE_FIRST();
    SEND_SACK(4001, {5001, 8001});
    EXPECT_SEGMENT(4001, WHY(SEND_RACK));
    CHECK_EQ(segment_conn()->cc.ssthresh_bytes, 5000);
    SEND_ACK(10001);
    CHECK_EQ(segment_conn()->recovery.is_active, false);
}

// What was sent after recovery began is another flight, even when the acknowledgment that ended
// recovery acknowledged no more than that.
static void loss_in_the_next_flight_cuts_the_window_again(void **state)
{
    (void)state;
    LOSE_FIRST();
    SEND_ACK(10001);
    CHECK_EQ(segment_conn()->cc.ssthresh_bytes, 5000);
    WRITE(4000);
    EXPECT_RUN_ALL(10001, 14001, 1000);
    ADVANCE(MS(100));
    SEND_SACK(10001, {11001, 14001});
    EXPECT_SEGMENT(10001, WHY(SEND_RACK));
    CHECK_EQ(segment_conn()->cc.ssthresh_bytes, 2000);
    CHECK_EQ(segment_conn()->recovery.is_active, true);
    SEND_ACK(14001);
}

static void timeout_sends_all_but_the_sacked_again(void **state)
{
    (void)state;
    LOSS_OPEN(10);
    FLY(5, 0);
    SEND_SACK(1, {2001, 3001}, {4001, 5001});
    EXPECT_NOTHING();
    EXPECT_AFTER(MS(25), .flags = ACK, .seq = 1, .ack = 1, .data = 1000, WHY(SEND_RACK));
    EXPECT_AFTER(SEC(1), .flags = ACK, .seq = 1, .ack = 1, .data = 1000, WHY(SEND_TIMEOUT));
    EXPECT_NOTHING(); // slow start from one segment
    CHECK_EQ(segment_conn()->cc.cwnd_bytes, 1000);
    SEND_SACK(1001, {2001, 3001}, {4001, 5001});
    EXPECT_SEGMENT(1001, WHY(SEND_AFTER_TIMEOUT));
    SEND_SACK(3001, {4001, 5001});
    EXPECT_SEGMENT(3001, WHY(SEND_AFTER_TIMEOUT));
    SEND_ACK(5001);
    EXPECT_NOTHING();
}

// RFC 2018 §8: the acknowledgment stops where octets begin that were reported as received, and the
// timer decides.
static void receiver_that_has_reneged_is_sent_everything_again(void **state)
{
    (void)state;
    LOSS_OPEN(10);
    FLY(3, 0);
    SEND_SACK(1, {1001, 3001});
    EXPECT_AFTER(MS(25), .flags = ACK, .seq = 1, .ack = 1, .data = 1000);
    SEND_ACK(1001); // and the rest is not acknowledged any more
    EXPECT_NOTHING();
    EXPECT_AFTER(SEC(1), .flags = ACK, .seq = 1001, .ack = 1, .data = 1000, WHY(SEND_TIMEOUT));
    CHECK_EQ(LOSS()->board.sacked_bytes, 0);
    SEND_ACK(2001);
    EXPECT(.flags = PSH | ACK, .seq = 2001, .ack = 1, .data = 1000, WHY(SEND_AFTER_TIMEOUT));
    SEND_ACK(3001);
}

// What looks like it may be an acknowledgment that another one has overtaken.
static void acknowledgment_overtaken_by_a_later_one_is_no_reneging(void **state)
{
    (void)state;
    LOSS_OPEN(10);
    FLY(3, 0);
    SEND_SACK(1, {1001, 3001});
    EXPECT_AFTER(MS(25), .flags = ACK, .seq = 1, .ack = 1, .data = 1000);
    SEND_ACK(1001);
    ADVANCE(MS(900));
    SEND_ACK(3001);
    ADVANCE(SEC(3));
    EXPECT_NOTHING();
}

static void window_shut_during_recovery_holds_the_repair(void **state)
{
    (void)state;
    LOSS_OPEN(10);
    FLY(5, 0);
    SEND(.flags = ACK, .seq = 1, .ack = 1, .window = SHUT, .sack = {{1001, 4001}});
    segment_forget_sent(); // within the window as it was until then
    SEND(.flags = ACK, .seq = 1, .ack = 1001, .window = SHUT, .sack = {{1001, 2001}});
    EXPECT_NOTHING();
    SEND(.flags = ACK, .seq = 1, .ack = 4001, .window = 5000);
    SEND_ACK(5001);
    EXPECT_NOTHING();
}

static void window_shrunk_during_recovery_bounds_the_repair(void **state)
{
    (void)state;
    LOSS_OPEN(10);
    FLY(6, 0);
    SEND(.flags = ACK, .seq = 1, .ack = 1, .window = 1000, .sack = {{2001, 5001}});
    EXPECT_SEGMENT(1, WHY(SEND_RACK));
    SEND(.flags = ACK, .seq = 1, .ack = 1001, .window = 400, .sack = {{2001, 5001}});
    EXPECT(.flags = ACK, .seq = 1001, .ack = 1, .data = 400);
    SEND_ACK(1401);
    EXPECT(.flags = ACK, .seq = 1401, .ack = 1, .data = 600);
    SEND_ACK(6001);
}

// A packet too big is no congestion, and what went as one segment goes as several.
static void path_that_shrinks_during_recovery_gets_smaller_segments(void **state)
{
    static const uint8_t v4[2] = {3, 4};
    static const uint8_t v6[2] = {2, 0};
    (void)state;
    LOSS_OPEN(10);
    FLY(5, 0);
    SEND_SACK(1, {1001, 4001});
    EXPECT_SEGMENT(1, WHY(SEND_RACK));
    uint32_t ssthresh = segment_conn()->cc.ssthresh_bytes;
    uint32_t headers = bench.version == 4 ? 40 : 60;
    uint32_t mtu = bench.version == 4 ? 600 + headers : 1280;
    segment_icmp(bench.version == 4 ? v4 : v6, mtu, 1, HERE);
    segment_forget_sent();
    CHECK_EQ(segment_conn()->cc.ssthresh_bytes, ssthresh);
    CHECK_EQ(segment_conn()->snd.mss, bench.version == 4 ? 600 : 1000);
    SEND_ACK(4001);
    segment_forget_sent();
    SEND_ACK(5001);
    EXPECT_NOTHING();
    CHECK_EQ(segment_conn()->recovery.is_active, false);
}

// A FIN takes a place like an octet.
static void lost_fin_is_found_like_any_loss(void **state)
{
    (void)state;
    LOSS_OPEN(10);
    WRITE(2000);
    EXPECT_RUN_ALL(1, 2001, 1000);
    CLOSE();
    EXPECT(.flags = FIN | ACK, .seq = 2001, .ack = 1);
    ADVANCE(MS(100));
    SEND_SACK(1, {1001, 2002});
    EXPECT_AFTER(MS(25), .flags = ACK, .seq = 1, .ack = 1, .data = 1000, WHY(SEND_RACK));
    SEND_ACK(2001); // the FIN was not kept
    EXPECT_AFTER(SEC(1), .flags = FIN | ACK, .seq = 2001, .ack = 1);
    SEND_ACK(2002);
    IN_STATE(FIN_WAIT_2);
}

// Without a scoreboard the losses are found as without SACK.
static void flight_without_memory_is_repaired_as_without_sack(void **state)
{
    (void)state;
    LOSS_OPEN(10);
    uint32_t objects_max = bench.tcp->losses.objects_max;
    bench.tcp->losses.objects_max = 0;
    FLY(5, 0);
    CHECK(segment_conn()->loss == NULL);
    for (uint32_t i = 0; i < 3; i++) {
        SEND_SACK(1, {1001, 2001 + 1000 * i});
    }
    EXPECT_SEGMENT(1, WHY(SEND_FAST_RETRANSMIT));
    SEND_ACK(5001);
    EXPECT_NOTHING();
    bench.tcp->losses.objects_max = objects_max;
}

// What cannot be noted is not taken for delivered: the timers repair it.
static void block_without_memory_is_not_taken_for_delivered(void **state)
{
    (void)state;
    LOSS_OPEN(10);
    uint32_t objects_max = bench.tcp->spans.objects_max;
    bench.tcp->spans.objects_max = 0;
    FLY(5, 0);
    SEND_SACK(1, {1001, 4001});
    EXPECT_NOTHING();
    CHECK_EQ(tcp_scoreboard_pipe(&LOSS()->board), 5000);
    EXPECT_AFTER(MS(200), .flags = PSH | ACK, .seq = 4001, .ack = 1, .data = 1000,
                 WHY(SEND_TAIL_PROBE));
    EXPECT_AFTER(SEC(1), .flags = ACK, .seq = 1, .ack = 1, .data = 1000, WHY(SEND_TIMEOUT));
    SEND_ACK(5001);
    EXPECT_NOTHING();
    bench.tcp->spans.objects_max = objects_max;
}

// RFC 8985 §6.2 step 4: the sixteenth recovery without a duplicate takes back what duplicates have
// widened, and one with a duplicate begins the count anew.
static void wide_reordering_window_outlasts_fifteen_recoveries(void **state)
{
    (void)state;
    struct tcp_recovery recovery = {.reo_wnd_mult = 3, .reo_wnd_persist = 16};
    for (uint32_t i = 0; i < 15; i++) {
        tcp_rack_forget_duplicates(&recovery);
        CHECK_EQ(recovery.reo_wnd_mult, 3);
    }
    tcp_rack_forget_duplicates(&recovery);
    CHECK_EQ(recovery.reo_wnd_mult, 0);
    tcp_rack_forget_duplicates(&recovery);
    CHECK_EQ(recovery.reo_wnd_persist, 0);
}

// The last octets have arrived, so that nothing new can be noted with them: the rest of the flight
// goes on as one without a board, and the timer repairs it.
static void new_data_without_memory_behind_what_has_arrived_go_without_a_board(void **state)
{
    (void)state;
    LOSS_OPEN(10);
    FLY(2, 0);
    SEND_SACK(1, {1001, 2001});
    uint32_t objects_max = bench.tcp->spans.objects_max;
    bench.tcp->spans.objects_max = bench.tcp->spans.objects;
    WRITE(1000);
    EXPECT(.flags = PSH | ACK, .seq = 2001, .ack = 1, .data = 1000);
    CHECK(segment_conn()->loss == NULL);
    EXPECT_AFTER(MS(900), .flags = ACK, .seq = 1, .ack = 1, .data = 1000, WHY(SEND_TIMEOUT));
    bench.tcp->spans.objects_max = objects_max;
    SEND_ACK(2001);
    EXPECT(.flags = PSH | ACK, .seq = 2001, .ack = 1, .data = 1000);
    SEND_ACK(3001);
}

// RFC 6675 §5: Update() for each acknowledgment. One that was overtaken moves nothing else.
static void old_acknowledgment_tells_what_has_arrived(void **state)
{
    (void)state;
    LOSS_OPEN(10);
    FLY(10, 0);
    SEND_ACK(2001);
    uint32_t window = segment_conn()->snd.wnd;
    SEND(.flags = ACK, .seq = 1, .ack = 1001, .window = 9, .sack = {{4001, 5001}, {1501, 2501}});
    REASON(RECEIVED_SACK);
    CHECK_EQ(LOSS()->board.sacked_bytes, 1000); // what lies across SND.UNA is no block of ours
    CHECK_EQ(segment_conn()->snd.wnd, window);
    CHECK_EQ(seq_distance(segment_conn()->iss, segment_conn()->snd.una), 2001);
    SEND_ACK(10001);
}

static const struct CMUnitTest tests[] = {
    SEGMENT_TEST(old_acknowledgment_tells_what_has_arrived),
    SEGMENT_TEST(three_sacked_segments_show_a_loss),
    SEGMENT_TEST(three_small_sacked_segments_show_a_loss),
    SEGMENT_TEST(one_sacked_segment_shows_a_loss_after_the_reordering_window),
    SEGMENT_TEST(older_segment_that_arrives_later_does_not_turn_time_back),
    SEGMENT_TEST(timeout_loses_the_first_segment_whenever_that_was_sent),
    SEGMENT_TEST(what_arrives_within_the_reordering_window_is_not_sent_again),
    SEGMENT_TEST(three_sacked_segments_are_no_loss_once_reordering_was_seen),
    SEGMENT_TEST(duplicates_widen_the_reordering_window),
    SEGMENT_TEST(reordering_window_is_at_most_a_round_trip),
    SEGMENT_TEST(inverted_duplicate_block_is_ignored),
    SEGMENT_TEST(blocks_of_nothing_in_flight_are_ignored),
    SEGMENT_TEST(holes_are_repaired_in_order_before_new_data),
    SEGMENT_TEST(lost_retransmission_goes_again_and_cuts_again),
    SEGMENT_TEST(losses_of_one_flight_cut_the_window_once),
    SEGMENT_TEST(loss_in_the_next_flight_cuts_the_window_again),
    SEGMENT_TEST(timeout_sends_all_but_the_sacked_again),
    SEGMENT_TEST(receiver_that_has_reneged_is_sent_everything_again),
    SEGMENT_TEST(acknowledgment_overtaken_by_a_later_one_is_no_reneging),
    SEGMENT_TEST(window_shut_during_recovery_holds_the_repair),
    SEGMENT_TEST(window_shrunk_during_recovery_bounds_the_repair),
    SEGMENT_TEST(path_that_shrinks_during_recovery_gets_smaller_segments),
    SEGMENT_TEST(lost_fin_is_found_like_any_loss),
    SEGMENT_TEST(flight_without_memory_is_repaired_as_without_sack),
    SEGMENT_TEST(block_without_memory_is_not_taken_for_delivered),
    SEGMENT_TEST(wide_reordering_window_outlasts_fifteen_recoveries),
    SEGMENT_TEST(new_data_without_memory_behind_what_has_arrived_go_without_a_board),
};

SEGMENT_MAIN(tests)
