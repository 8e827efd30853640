// SPDX-License-Identifier: MIT
//
// F-RTO on the wire (RFC 5682): two acknowledgments after a timeout tell a path that stood still
// from one that lost, with SACK and without, and without timestamps.
#include "data_steps.h"
#include "loss_steps.h"

// The peer acknowledges whatever comes, up to `end`.
static void finish(uint32_t end)
{
    uint32_t nxt;
    do {
        segment_forget_sent();
        nxt = seq_distance(segment_conn()->iss, segment_conn()->snd.nxt);
        SEND_ACK(nxt);
    } while (nxt < end);
    EXPECT_NOTHING();
}

// Five segments in flight to a peer without SACK, `more` octets behind them, and the timer expires.
static void time_out_plain(uint32_t more)
{
    segment_config()->congestion = SYNFIN_CONGESTION_NEWRENO;
    segment_config()->initial_window_segments = 5;
    OPEN(.mss = 1000);
    WRITE(5000 + more);
    EXPECT_RUN(1, 4001, 1000);
    EXPECT(.flags = (uint16_t)(more > 0 ? ACK : PSH | ACK), .seq = 4001, .ack = 1, .data = 1000);
    EXPECT_AFTER(SEC(1), .flags = ACK, .seq = 1, .ack = 1, .data = 1000, WHY(SEND_TIMEOUT));
    EXPECT_NOTHING();
    CHECK_EQ(segment_conn()->cc.cwnd_bytes, 1000);
}

// RFC 5682 §2.1 steps 2b and 3b, RFC 4015 §3.1 step 9
static void second_new_acknowledgment_undoes_the_timeout(void **state)
{
    (void)state;
    time_out_plain(5000);
    SEND_ACK(1001);
    EXPECT_SEGMENT(5001, WHY(SEND_FRTO));
    EXPECT_SEGMENT(6001, WHY(SEND_FRTO));
    EXPECT_NOTHING();
    SEND_ACK(2001);
    CHECK_EQ(segment_conn()->cc.ssthresh_bytes, TCP_CC_SSTHRESH_INITIAL);
    // What is in flight and what this acknowledged, which slow start then lets grow.
    CHECK_EQ(segment_conn()->cc.cwnd_bytes, 5000 + 1000 + 1000);
    EXPECT_SEGMENT(7001, WHY(SEND_DATA));
    EXPECT_SEGMENT(8001, WHY(SEND_DATA));
    EXPECT_NOTHING(); // nothing old goes again
    finish(10001);
}

// Step 3a: only the new has arrived, so the old was lost.
static void duplicate_after_the_new_data_means_loss(void **state)
{
    (void)state;
    time_out_plain(5000);
    SEND_ACK(1001);
    EXPECT_SEGMENT(5001, WHY(SEND_FRTO));
    EXPECT_SEGMENT(6001, WHY(SEND_FRTO));
    SEND_ACK(1001);
    EXPECT_SEGMENT(1001, WHY(SEND_AFTER_TIMEOUT));
    EXPECT_SEGMENT(2001, WHY(SEND_AFTER_TIMEOUT));
    EXPECT_NOTHING();
    CHECK_EQ(segment_conn()->cc.ssthresh_bytes, 2500);
    SEND_ACK(1001);
    EXPECT_NOTHING();
    finish(10001);
}

// Step 2a
static void duplicate_before_any_new_acknowledgment_means_loss(void **state)
{
    (void)state;
    time_out_plain(5000);
    SEND_ACK(1);
    EXPECT_NOTHING();
    SEND_ACK(1001);
    EXPECT_SEGMENT(1001, WHY(SEND_AFTER_TIMEOUT));
    EXPECT_SEGMENT(2001, WHY(SEND_AFTER_TIMEOUT));
    EXPECT_NOTHING();
    SEND_ACK(5001);
    segment_forget_sent();
    CHECK_EQ(segment_conn()->cc.ssthresh_bytes, 2500);
    finish(10001);
}

// Step 2a: part of the first segment is not all that went again.
static void acknowledgment_within_the_first_segment_means_loss(void **state)
{
    (void)state;
    time_out_plain(5000);
    SEND_ACK(501);
    EXPECT_SEGMENT(1001, WHY(SEND_AFTER_TIMEOUT));
    finish(10001);
}

// Step 2b: nothing new is there, and nothing can be found out.
static void without_new_data_the_timeout_is_taken_for_a_loss(void **state)
{
    (void)state;
    time_out_plain(0);
    SEND_ACK(1001);
    EXPECT_SEGMENT(1001, WHY(SEND_AFTER_TIMEOUT));
    EXPECT_SEGMENT(2001, WHY(SEND_AFTER_TIMEOUT));
    EXPECT_NOTHING();
    SEND_ACK(5001);
    CHECK_EQ(segment_conn()->cc.ssthresh_bytes, 2500);
}

// The same when the peer's window holds the new data back.
static void window_without_room_for_new_data_means_loss(void **state)
{
    (void)state;
    segment_config()->congestion = SYNFIN_CONGESTION_NEWRENO;
    segment_config()->initial_window_segments = 5;
    OPEN(.mss = 1000, .window = 5000);
    WRITE(10000);
    EXPECT_RUN(1, 5001, 1000);
    EXPECT_AFTER(SEC(1), .flags = ACK, .seq = 1, .ack = 1, .data = 1000, WHY(SEND_TIMEOUT));
    SEND(.flags = ACK, .seq = 1, .ack = 1001, .window = 4000);
    EXPECT_SEGMENT(1001, WHY(SEND_AFTER_TIMEOUT));
    segment_forget_sent();
    SEND(.flags = ACK, .seq = 1, .ack = 5001, .window = 5000);
    finish(10001);
}

// One new segment is enough.
static void single_new_segment_is_enough_to_find_out(void **state)
{
    (void)state;
    time_out_plain(400);
    SEND_ACK(1001);
    EXPECT(.flags = PSH | ACK, .seq = 5001, .ack = 1, .data = 400, WHY(SEND_FRTO));
    EXPECT_NOTHING();
    SEND_ACK(2001);
    CHECK_EQ(segment_conn()->cc.ssthresh_bytes, TCP_CC_SSTHRESH_INITIAL);
    finish(5401);
}

// A path that stands still for longer than two timeouts: only the first segment went again.
static void second_timeout_of_the_same_segment_can_be_spurious(void **state)
{
    (void)state;
    time_out_plain(5000);
    EXPECT_AFTER(SEC(2), .flags = ACK, .seq = 1, .ack = 1, .data = 1000, WHY(SEND_TIMEOUT));
    SEND_ACK(1001);
    EXPECT_SEGMENT(5001, WHY(SEND_FRTO));
    EXPECT_SEGMENT(6001, WHY(SEND_FRTO));
    SEND_ACK(2001);
    CHECK_EQ(segment_conn()->cc.ssthresh_bytes, TCP_CC_SSTHRESH_INITIAL);
    finish(10001);
}

// Step 1: after a loss that is being repaired acknowledgments would prove nothing.
static void timeout_during_a_repair_is_no_question(void **state)
{
    (void)state;
    time_out_plain(5000);
    SEND_ACK(1);
    SEND_ACK(1001);
    EXPECT_SEGMENT(1001, WHY(SEND_AFTER_TIMEOUT));
    EXPECT_SEGMENT(2001, WHY(SEND_AFTER_TIMEOUT));
    EXPECT_AFTER(SEC(2), .flags = ACK, .seq = 1001, .ack = 1, .data = 1000, WHY(SEND_TIMEOUT));
    SEND_ACK(2001);
    EXPECT_SEGMENT(2001, WHY(SEND_AFTER_TIMEOUT));
    finish(10001);
}

// With SACK, without timestamps: ten in flight, `more` behind them; probe, and timeout.
static void time_out_sack(uint32_t more)
{
    LOSS_OPEN(10);
    FLY(10, more);
    EXPECT_AFTER(MS(100), .flags = ACK, .seq = 10001, .ack = 1, .data = 1000, WHY(SEND_TAIL_PROBE));
    EXPECT_WITHIN(SEC(2), .flags = ACK, .seq = 1, .ack = 1, .data = 1000, WHY(SEND_TIMEOUT));
    EXPECT_NOTHING();
}

// RFC 5682 §3.1 step 3b
static void what_was_sent_once_arrives_and_the_timeout_is_undone(void **state)
{
    (void)state;
    time_out_sack(9000);
    SEND_ACK(1001);
    EXPECT_SEGMENT(11001, WHY(SEND_FRTO));
    EXPECT_SEGMENT(12001, WHY(SEND_FRTO));
    EXPECT_NOTHING();
    SEND_ACK(3001);
    CHECK_EQ(segment_conn()->cc.ssthresh_bytes, TCP_CC_SSTHRESH_INITIAL);
    CHECK_EQ(LOSS()->board.lost_bytes, 0);
    EXPECT_SEGMENT(13001, WHY(SEND_DATA));
    segment_forget_sent();
    SEND_ACK(11001); // the rest arrives, and nothing of it had gone again
    segment_forget_sent();
    SEND_ACK(19001);
    CHECK_EQ(segment_conn()->cc.ssthresh_bytes, TCP_CC_SSTHRESH_INITIAL);
}

// The same by a block: of what was sent once something arrived behind a hole.
static void block_of_what_was_sent_once_undoes_the_timeout(void **state)
{
    (void)state;
    time_out_sack(9000);
    SEND_ACK(1001);
    EXPECT_SEGMENT(11001, WHY(SEND_FRTO));
    EXPECT_SEGMENT(12001, WHY(SEND_FRTO));
    SEND_SACK(1001, {2001, 3001});
    CHECK_EQ(segment_conn()->cc.ssthresh_bytes, TCP_CC_SSTHRESH_INITIAL);
    finish(19001);
}

// RFC 5682 §3.1 step 3a: only what is new is there.
static void block_of_the_new_alone_means_loss(void **state)
{
    (void)state;
    time_out_sack(9000);
    SEND_ACK(1001);
    EXPECT_SEGMENT(11001, WHY(SEND_FRTO));
    EXPECT_SEGMENT(12001, WHY(SEND_FRTO));
    SEND_SACK(1001, {11001, 12001});
    CHECK(segment_conn()->cc.ssthresh_bytes < TCP_CC_SSTHRESH_INITIAL);
    EXPECT_SEGMENT(1001, WHY(SEND_AFTER_TIMEOUT));
    finish(19001);
}

// RFC 5682 §3.1: with SACK a duplicate before the first new acknowledgment decides nothing.
static void duplicate_with_a_block_leaves_the_question_open(void **state)
{
    (void)state;
    time_out_sack(9000);
    SEND_SACK(1, {9001, 10001});
    EXPECT_NOTHING();
    SEND_SACK(1001, {9001, 10001});
    EXPECT_SEGMENT(11001, WHY(SEND_FRTO));
    EXPECT_SEGMENT(12001, WHY(SEND_FRTO));
    SEND_SACK(2001, {9001, 10001});
    CHECK_EQ(segment_conn()->cc.ssthresh_bytes, TCP_CC_SSTHRESH_INITIAL);
    finish(19001);
}

// All is acknowledged at once: there is nothing left to find out.
static void acknowledgment_of_everything_ends_the_question(void **state)
{
    (void)state;
    time_out_sack(9000);
    SEND_ACK(11001);
    CHECK_EQ(segment_conn()->undo.frto, 0);
    finish(19001);
}

// RFC 8985 §6.3: the timer tells of the first segment; what was sent last may still be on its way.
static void timeout_leaves_what_was_just_sent_in_flight(void **state)
{
    (void)state;
    LOSS_OPEN(10);
    FLY(3, 0);
    SEND_ACK(1001); // RACK knows the round trip: 100 ms
    CHECK_EQ(LOSS()->rack.rtt_ns, MS(100));
    ADVANCE(MS(950));
    segment_forget_sent(); // a tail-loss probe
    ADVANCE(MS(200));
    WRITE(2000);
    EXPECT_RUN_ALL(3001, 5001, 1000);
    EXPECT_WITHIN(SEC(1), .flags = ACK, .seq = 1001, .ack = 1, .data = 1000, WHY(SEND_TIMEOUT));
    CHECK(LOSS()->board.flight_bytes == 2000);
    finish(5001);
}

static const struct CMUnitTest tests[] = {
    SEGMENT_TEST(second_new_acknowledgment_undoes_the_timeout),
    SEGMENT_TEST(duplicate_after_the_new_data_means_loss),
    SEGMENT_TEST(duplicate_before_any_new_acknowledgment_means_loss),
    SEGMENT_TEST(acknowledgment_within_the_first_segment_means_loss),
    SEGMENT_TEST(without_new_data_the_timeout_is_taken_for_a_loss),
    SEGMENT_TEST(window_without_room_for_new_data_means_loss),
    SEGMENT_TEST(single_new_segment_is_enough_to_find_out),
    SEGMENT_TEST(second_timeout_of_the_same_segment_can_be_spurious),
    SEGMENT_TEST(timeout_during_a_repair_is_no_question),
    SEGMENT_TEST(what_was_sent_once_arrives_and_the_timeout_is_undone),
    SEGMENT_TEST(block_of_what_was_sent_once_undoes_the_timeout),
    SEGMENT_TEST(block_of_the_new_alone_means_loss),
    SEGMENT_TEST(duplicate_with_a_block_leaves_the_question_open),
    SEGMENT_TEST(acknowledgment_of_everything_ends_the_question),
    SEGMENT_TEST(timeout_leaves_what_was_just_sent_in_flight),
};

SEGMENT_MAIN(tests)
