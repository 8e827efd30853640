// SPDX-License-Identifier: MIT
//
// How much goes for each acknowledgment while a loss is repaired, on the wire: RFC 9937 §6.
#include "loss_steps.h"

// Twenty in flight, the first is lost, and two arrived before the third showed it: RecoverFS is 18
// segments, and for what arrives of them 10/18 as much goes, rounded up, above ssthresh.
static void above_ssthresh_a_share_of_what_arrives_goes(void **state)
{
    (void)state;
    LOSS_OPEN(20);
    segment_conn()->cc.cwnd_bytes = 20000;
    FLY(20, 0);
    SEND_SACK(1, {1001, 2001});
    SEND_SACK(1, {1001, 3001});
    EXPECT_NOTHING();
    SEND_SACK(1, {1001, 4001});
    EXPECT_SEGMENT(1, WHY(SEND_RACK));
    CHECK_EQ(segment_conn()->cc.ssthresh_bytes, 10000);
    WRITE(20000);
    uint32_t next = 20001;
    uint32_t out = 1;                    // the first retransmission
    for (uint32_t i = 2; i <= 13; i++) { // segments delivered since recovery began
        SEND_SACK(1, {1001, 3001 + 1000 * i});
        if (i <= 11 && 1000 * i * 10 / 18 >= 1000 * (out + 1) - 1) {
            EXPECT_DATA(next);
            next += 1000;
            out++;
        }
        EXPECT_NOTHING();
    }
    CHECK_EQ(out, 6);
    CHECK_EQ(tcp_scoreboard_pipe(&LOSS()->board), 10000);
    SEND_SACK(1, {1001, 17001}); // from here on one for one
    EXPECT_DATA(next);
    SEND_SACK(1, {1001, 18001});
    EXPECT_DATA(next + 1000);
    CHECK_EQ(tcp_scoreboard_pipe(&LOSS()->board), 10000);
    SEND_ACK(20001);
    segment_forget_sent();
    CHECK_EQ(segment_conn()->cc.cwnd_bytes, 10000);
}

// Fourteen of twenty are lost: below ssthresh as much goes as arrives, and one segment more as soon
// as SND.UNA moves.
static void below_ssthresh_what_arrives_lets_as_much_go(void **state)
{
    (void)state;
    LOSS_OPEN(20);
    segment_conn()->cc.cwnd_bytes = 20000;
    FLY(20, 0);
    SEND_SACK(1, {14001, 15001});
    SEND_SACK(1, {14001, 16001});
    EXPECT_NOTHING();
    SEND_SACK(1, {14001, 17001});
    EXPECT_SEGMENT(1, WHY(SEND_RACK));
    EXPECT_NOTHING();
    SEND_SACK(1, {14001, 18001});
    EXPECT_DATA(1001);
    EXPECT_NOTHING();
    SEND_SACK(1, {14001, 20001});
    EXPECT_DATA(2001);
    EXPECT_DATA(3001);
    EXPECT_NOTHING();
    ADVANCE(MS(100));
    SEND_SACK(1001, {14001, 20001});
    EXPECT_DATA(4001);
    EXPECT_DATA(5001);
    EXPECT_NOTHING();
    SEND_ACK(20001);
    CHECK_EQ(segment_conn()->cc.cwnd_bytes, 10000);
}

// An acknowledgment that says nothing new lets nothing go.
static void acknowledgments_without_news_let_nothing_go(void **state)
{
    (void)state;
    LOSS_OPEN(20);
    segment_conn()->cc.cwnd_bytes = 20000;
    FLY(20, 5000);
    SEND_SACK(1, {14001, 17001});
    segment_forget_sent();
    for (uint32_t i = 0; i < 50; i++) {
        SEND_SACK(1, {14001, 17001});
    }
    EXPECT_NOTHING();
    SEND_ACK(20001);
    segment_forget_sent();
}

// RFC 9937 §6.2: the window is ssthresh when recovery ends, whatever is in flight then.
static void window_after_recovery_is_ssthresh(void **state)
{
    (void)state;
    LOSE_FIRST();
    SEND_ACK(10001);
    CHECK_EQ(segment_conn()->cc.ssthresh_bytes, 5000);
    CHECK_EQ(segment_conn()->cc.cwnd_bytes, 5000);
}

// The examples of RFC 9937 (and RFC 6937): twenty in flight, more to send, and a window that is to
// be halved. The first two acknowledgments let a new segment go each, as limited transmit has it.
static void fly_twenty_of_many(void)
{
    LOSS_OPEN(20);
    FLY(20, 20000);
}

// The first is lost. Of RecoverFS, 20, half is to go: for the third acknowledgment what is lost,
// and then a new segment for every other one. Octets are counted, and go when they make a whole
// segment, which is one acknowledgment later than where segments are counted, and rounded up. In
// the end as much is in flight as the window will be, and one goes for one.
static void example_of_a_single_loss(void **state)
{
    (void)state;
    uint32_t next = 20001;
    fly_twenty_of_many();
    for (uint32_t ack = 1; ack <= 19; ack++) {
        SEND_SACK(1, {1001, 1001 + 1000 * ack});
        if (ack == 3) {
            EXPECT_SEGMENT(1, WHY(SEND_RACK));
        } else if (ack < 3 || (ack > 5 && ack < 18 && ack % 2 == 0) || ack > 18) {
            EXPECT_DATA(next);
            next += 1000;
        }
        EXPECT_NOTHING();
    }
    CHECK_EQ(next, 20001 + 9 * 1000);
    CHECK_EQ(tcp_scoreboard_pipe(&LOSS()->board), 10000);
    SEND_SACK(1, {1001, 21001});
    EXPECT_DATA(next);
    CHECK_EQ(tcp_scoreboard_pipe(&LOSS()->board), segment_conn()->cc.ssthresh_bytes);
    ABORT();
    segment_forget_sent();
}

// The first fifteen are lost: only four are on their way when that is found out, and one goes for
// each that arrives, as long as SND.UNA stays.
static void example_of_a_burst_of_losses(void **state)
{
    (void)state;
    fly_twenty_of_many();
    for (uint32_t ack = 15; ack <= 19; ack++) {
        SEND_SACK(1, {15001, 1001 + 1000 * ack});
        EXPECT_DATA(ack < 17 ? 20001 + 1000 * (ack - 15) : 1 + 1000 * (ack - 17));
        EXPECT_NOTHING();
        CHECK(ack < 17 || tcp_scoreboard_pipe(&LOSS()->board) == 5000);
    }
    ABORT();
    segment_forget_sent();
}

static const struct CMUnitTest tests[] = {
    SEGMENT_TEST(above_ssthresh_a_share_of_what_arrives_goes),
    SEGMENT_TEST(below_ssthresh_what_arrives_lets_as_much_go),
    SEGMENT_TEST(acknowledgments_without_news_let_nothing_go),
    SEGMENT_TEST(window_after_recovery_is_ssthresh),
    SEGMENT_TEST(example_of_a_single_loss),
    SEGMENT_TEST(example_of_a_burst_of_losses),
};

SEGMENT_MAIN(tests)
