// SPDX-License-Identifier: MIT
//
// What was no loss is given back, on the wire: RFC 3522, RFC 3708, RFC 4015.
#include "loss_steps.h"

#define ACK_TS(n, echo) SEND(.flags = ACK, .seq = 1, .ack = (n), .ts = TS(LOSS_TS, (echo)))
#define SACK_TS(n, echo, ...) \
    SEND(.flags = ACK, .seq = 1, .ack = (n), .ts = TS(LOSS_TS, (echo)), .sack = {__VA_ARGS__})
#define EXPECT_TS(at, why)                                                                  \
    EXPECT(.flags = ACK, .seq = (at), .ack = 1, .data = LOSS_SEGMENT, .ts = TS(0, LOSS_TS), \
           WHY(why))

// Ten segments: gives the time that they carried.
static uint32_t fly_ten(void)
{
    LOSS_OPEN_TS(10);
    FLY(10, 0);
    return bench.last.ts_val;
}

// The first of them is taken for lost.
static uint32_t lose_first(void)
{
    uint32_t echo = fly_ten();
    SACK_TS(1, echo, {1001, 4001});
    EXPECT_TS(1, SEND_RACK);
    CHECK_EQ(segment_conn()->cc.ssthresh_bytes, 5000);
    return echo;
}

static void late_segment_undoes_a_fast_retransmit(void **state)
{
    (void)state;
    uint32_t echo = lose_first();
    ADVANCE(MS(10));
    ACK_TS(4001, echo);
    CHECK_EQ(segment_conn()->cc.ssthresh_bytes, TCP_CC_SSTHRESH_INITIAL);
    CHECK(segment_conn()->cc.cwnd_bytes >= 10000);
    CHECK_EQ(segment_conn()->recovery.is_active, false);
    EXPECT_NOTHING();
    ACK_TS(10001, echo);
}

// What is later than the first waits for its own time instead of being lost at once again.
static void undo_takes_the_marks_of_loss_back(void **state)
{
    (void)state;
    uint32_t echo = fly_ten();
    SACK_TS(1, echo, {5001, 8001});
    EXPECT_TS(1, SEND_RACK);
    EXPECT_TS(1001, SEND_RACK);
    EXPECT_TS(2001, SEND_RACK);
    ADVANCE(MS(5));
    SACK_TS(1001, echo, {5001, 8001});
    CHECK_EQ(LOSS()->board.lost_bytes, 0);
    CHECK_EQ(segment_conn()->recovery.is_active, false);
    EXPECT_NOTHING();
    ACK_TS(8001, echo);
    EXPECT_NOTHING();
    ACK_TS(10001, echo);
    CHECK_EQ(segment_conn()->cc.ssthresh_bytes, TCP_CC_SSTHRESH_INITIAL);
}

// RFC 4015 §3.4: it was no loss, but a router has marked, and one response to that was due.
static void mark_keeps_what_was_cut(void **state)
{
    (void)state;
    uint32_t echo = fly_ten();
    segment_conn()->ecn.mode = TCP_ECN_CLASSIC;
    SACK_TS(1, echo, {1001, 4001});
    EXPECT_TS(1, SEND_RACK);
    ADVANCE(MS(10));
    SEND(.flags = ACK | ECE, .seq = 1, .ack = 4001, .ts = TS(LOSS_TS, echo));
    CHECK_EQ(segment_conn()->recovery.is_active, false);
    CHECK_EQ(segment_conn()->cc.ssthresh_bytes, 5000);
    CHECK(segment_conn()->cc.cwnd_bytes <= 6000);
    EXPECT_NOTHING();
    ACK_TS(10001, echo);
}

static void repaired_loss_is_not_undone(void **state)
{
    (void)state;
    (void)lose_first();
    uint32_t echo = bench.last.ts_val;
    ADVANCE(MS(100));
    ACK_TS(4001, echo);
    CHECK_EQ(segment_conn()->cc.ssthresh_bytes, 5000);
    ACK_TS(10001, echo);
    CHECK_EQ(segment_conn()->cc.cwnd_bytes, 5000);
}

// RFC 3522 §3.2: the first acknowledgment of what went again decides. Another segment of the
// flight that is only late says nothing of that loss.
static void late_segment_after_a_repaired_loss_undoes_nothing(void **state)
{
    (void)state;
    uint32_t echo = fly_ten();
    SACK_TS(1, echo, {1001, 4001}, {5001, 10001});
    EXPECT_TS(1, SEND_RACK);
    uint32_t again = bench.last.ts_val;
    segment_forget_sent();
    ADVANCE(MS(100));
    SACK_TS(4001, again, {5001, 10001});
    segment_forget_sent();
    ACK_TS(10001, echo);
    CHECK_EQ(segment_conn()->cc.ssthresh_bytes, 5000);
}

static void late_acknowledgment_undoes_a_timeout(void **state)
{
    (void)state;
    LOSS_OPEN_TS(10);
    FLY(4, 0);
    uint32_t echo = bench.last.ts_val;
    EXPECT_AFTER(MS(100), .flags = PSH | ACK, .seq = 3001, .ack = 1, .data = 1000,
                 .ts = TS(0, LOSS_TS), WHY(SEND_TAIL_PROBE));
    EXPECT_WITHIN(SEC(2), .flags = ACK, .seq = 1, .ack = 1, .data = 1000, .ts = TS(0, LOSS_TS),
                  WHY(SEND_TIMEOUT));
    CHECK_EQ(segment_conn()->cc.cwnd_bytes, 1000);
    ADVANCE(MS(10));
    ACK_TS(1001, echo);
    CHECK(segment_conn()->cc.ssthresh_bytes > 5000);
    CHECK(segment_conn()->cc.cwnd_bytes >= 4000);
    EXPECT(.flags = PSH | ACK, .seq = 3001, .ack = 1, .data = 1000, .ts = TS(0, LOSS_TS));
    EXPECT_NOTHING(); // what the probe has sent twice goes again, and nothing else
    ACK_TS(4001, echo);
}

static void timeout_that_found_a_loss_is_not_undone(void **state)
{
    (void)state;
    LOSS_OPEN_TS(10);
    FLY(4, 0);
    EXPECT_AFTER(MS(100), .flags = PSH | ACK, .seq = 3001, .ack = 1, .data = 1000,
                 .ts = TS(0, LOSS_TS), WHY(SEND_TAIL_PROBE));
    EXPECT_WITHIN(SEC(2), .flags = ACK, .seq = 1, .ack = 1, .data = 1000, .ts = TS(0, LOSS_TS),
                  WHY(SEND_TIMEOUT));
    uint32_t again = bench.last.ts_val;
    ADVANCE(MS(100));
    ACK_TS(1001, again);
    EXPECT_TS(1001, SEND_AFTER_TIMEOUT);
    segment_forget_sent();
    CHECK_EQ(segment_conn()->cc.ssthresh_bytes, 2000);
    ACK_TS(4001, again);
}

// Without timestamps nothing can tell which transmission has arrived.
static void late_segment_without_timestamps_undoes_nothing(void **state)
{
    (void)state;
    LOSS_OPEN(10);
    FLY(10, 0);
    SEND_SACK(1, {1001, 4001});
    EXPECT_DATA(1);
    SEND_ACK(4001);
    CHECK_EQ(segment_conn()->cc.ssthresh_bytes, 5000);
    SEND_ACK(10001);
}

// RFC 3708 §3: all that went again was there before; also when nothing is in flight any more.
static void duplicates_of_all_retransmissions_undo_a_recovery(void **state)
{
    (void)state;
    LOSS_OPEN(10);
    FLY(10, 0);
    SEND_SACK(1, {2001, 7001});
    EXPECT_DATA(1);
    EXPECT_DATA(1001);
    EXPECT_NOTHING();
    SEND_ACK(10001); // the first transmissions, late
    CHECK_EQ(segment_conn()->cc.cwnd_bytes, 5000);
    ADVANCE(MS(90));
    SEND_SACK(10001, {1, 1001});
    CHECK_EQ(segment_conn()->cc.ssthresh_bytes, 5000); // half of them
    SEND_SACK(10001, {1001, 2001});
    CHECK_EQ(segment_conn()->cc.ssthresh_bytes, TCP_CC_SSTHRESH_INITIAL);
    CHECK_EQ(segment_conn()->cc.cwnd_bytes, 10000);
    CHECK(segment_conn()->recovery.has_seen_reordering);
    EXPECT_NOTHING();
}

// While other data is in flight, and together with an acknowledgment of some.
static void duplicate_in_an_acknowledgment_undoes_a_recovery(void **state)
{
    (void)state;
    LOSS_OPEN(10);
    FLY(10, 5000);
    SEND_SACK(1, {1001, 4001});
    EXPECT_DATA(1);
    SEND_ACK(10001);
    segment_forget_sent();
    CHECK_EQ(segment_conn()->cc.ssthresh_bytes, 5000);
    SEND_SACK(12001, {1, 1001});
    CHECK_EQ(segment_conn()->cc.ssthresh_bytes, TCP_CC_SSTHRESH_INITIAL);
    segment_forget_sent();
    SEND_ACK(15001);
    segment_forget_sent();
}

// One of two was needed.
static void duplicate_of_a_part_undoes_nothing(void **state)
{
    (void)state;
    LOSS_OPEN(10);
    FLY(10, 0);
    SEND_SACK(1, {2001, 7001});
    EXPECT_DATA(1);
    EXPECT_DATA(1001);
    SEND_ACK(10001);
    SEND_SACK(10001, {1, 1001});
    SEND_SACK(10001, {1, 501}); // of the same: the other is left over
    CHECK_EQ(segment_conn()->cc.ssthresh_bytes, 5000);
    EXPECT_NOTHING();
}

// What was sent again twice and reported once was needed once.
static void lost_retransmission_and_one_duplicate_undo_nothing(void **state)
{
    (void)state;
    LOSS_OPEN(10);
    FLY(10, 0);
    SEND_SACK(1, {1001, 9001});
    EXPECT_DATA(1);
    EXPECT_AFTER(SEC(1), .flags = ACK, .seq = 1, .ack = 1, .data = 1000, WHY(SEND_TIMEOUT));
    SEND_ACK(10001);
    uint32_t cut = segment_conn()->cc.ssthresh_bytes;
    SEND_SACK(10001, {1, 501});
    CHECK_EQ(segment_conn()->cc.ssthresh_bytes, cut);
    EXPECT_NOTHING();
}

// A block of what lies elsewhere says nothing of this cut.
static void duplicate_of_something_else_undoes_nothing(void **state)
{
    (void)state;
    LOSS_OPEN(10);
    FLY(10, 0);
    SEND_ACK(2001);
    SEND_SACK(2001, {3001, 6001});
    EXPECT_SEGMENT(2001, WHY(SEND_RACK));
    SEND_ACK(10001);
    SEND_SACK(10001, {1, 1001});
    CHECK_EQ(segment_conn()->cc.ssthresh_bytes, 4000);
    EXPECT_NOTHING();
}

// After a timeout: late, when F-RTO could not find out for lack of new data.
static void duplicate_undoes_a_timeout(void **state)
{
    (void)state;
    LOSS_OPEN(10);
    FLY(4, 0);
    EXPECT_AFTER(MS(100), .flags = PSH | ACK, .seq = 3001, .ack = 1, .data = 1000,
                 WHY(SEND_TAIL_PROBE));
    EXPECT_WITHIN(SEC(2), .flags = ACK, .seq = 1, .ack = 1, .data = 1000, WHY(SEND_TIMEOUT));
    SEND_ACK(4001);
    CHECK_EQ(segment_conn()->cc.ssthresh_bytes, 2000);
    SEND_SACK(4001, {3001, 4001}); // the probe's
    CHECK_EQ(segment_conn()->cc.ssthresh_bytes, 2000);
    SEND_SACK(4001, {1, 1001});
    CHECK(segment_conn()->cc.ssthresh_bytes > 5000);
    CHECK(segment_conn()->rtt.was_spurious); // RFC 4015 §3.1 step 11
    EXPECT_NOTHING();
}

static const struct CMUnitTest tests[] = {
    SEGMENT_TEST(late_segment_undoes_a_fast_retransmit),
    SEGMENT_TEST(undo_takes_the_marks_of_loss_back),
    SEGMENT_TEST(mark_keeps_what_was_cut),
    SEGMENT_TEST(repaired_loss_is_not_undone),
    SEGMENT_TEST(late_segment_after_a_repaired_loss_undoes_nothing),
    SEGMENT_TEST(late_acknowledgment_undoes_a_timeout),
    SEGMENT_TEST(timeout_that_found_a_loss_is_not_undone),
    SEGMENT_TEST(late_segment_without_timestamps_undoes_nothing),
    SEGMENT_TEST(duplicates_of_all_retransmissions_undo_a_recovery),
    SEGMENT_TEST(duplicate_in_an_acknowledgment_undoes_a_recovery),
    SEGMENT_TEST(duplicate_of_a_part_undoes_nothing),
    SEGMENT_TEST(lost_retransmission_and_one_duplicate_undo_nothing),
    SEGMENT_TEST(duplicate_of_something_else_undoes_nothing),
    SEGMENT_TEST(duplicate_undoes_a_timeout),
};

SEGMENT_MAIN(tests)
