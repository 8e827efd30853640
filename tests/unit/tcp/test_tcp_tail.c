// SPDX-License-Identifier: MIT
//
// Tail-loss probes on the wire: RFC 8985 §7.
#include "loss_steps.h"

static bool was_cut(void)
{
    return segment_conn()->cc.ssthresh_bytes != TCP_CC_SSTHRESH_INITIAL;
}

// §7.2: two round trips; FLY has waited for one.
static void silence_sends_the_last_segment_again(void **state)
{
    (void)state;
    LOSS_OPEN(10);
    FLY(3, 0);
    EXPECT_AFTER(MS(100), .flags = PSH | ACK, .seq = 2001, .ack = 1, .data = 1000,
                 WHY(SEND_TAIL_PROBE));
    SEND_ACK(3001);
}

static void silence_after_one_segment_waits_for_a_delayed_acknowledgment(void **state)
{
    (void)state;
    LOSS_OPEN(10);
    FLY(1, 0);
    EXPECT_AFTER(MS(300), .flags = PSH | ACK, .seq = 1, .ack = 1, .data = 1000,
                 WHY(SEND_TAIL_PROBE));
    SEND_ACK(1001);
}

static void silence_sends_new_data_first(void **state)
{
    (void)state;
    LOSS_OPEN(10);
    FLY(10, 3000);
    EXPECT_AFTER(MS(100), .flags = ACK, .seq = 10001, .ack = 1, .data = 1000, WHY(SEND_TAIL_PROBE));
    EXPECT_NOTHING();
    ADVANCE(MS(100));
    SEND_ACK(11001);
    EXPECT_DATA(11001);
    segment_forget_sent();
    CHECK(!was_cut());
    SEND_ACK(13001);
    CHECK(!was_cut());
}

// RFC 9293 §3.8.6 [SHLD-16]: what the peer has taken its window back from is not sent again.
static void hist_133_silence_behind_a_smaller_window_waits_for_the_timer(void **state)
{
    (void)state;
    LOSS_OPEN(10);
    FLY(3, 0);
    SEND(.flags = ACK, .seq = 1, .ack = 1, .window = 2999);
    EXPECT_WITHIN(SEC(2), .flags = ACK, .seq = 1, .ack = 1, .data = 1000, WHY(SEND_TIMEOUT));
    SEND_ACK(3001);
}

// The whole last segment and no more, so that a duplicate of it can be told from a repair.
static void probe_is_the_last_segment_as_it_was_sent(void **state)
{
    (void)state;
    LOSS_OPEN(10);
    SET(NODELAY, 1);
    WRITE(2500);
    EXPECT_RUN_ALL(1, 2501, 1000);
    EXPECT_AFTER(MS(200), .flags = PSH | ACK, .seq = 2001, .ack = 1, .data = 500,
                 WHY(SEND_TAIL_PROBE));
    SEND_ACK(2501);
}

static void probe_of_the_last_segment_carries_its_fin(void **state)
{
    (void)state;
    LOSS_OPEN(2);
    WRITE(4000);
    EXPECT_RUN(1, 2001, 1000);
    CLOSE();
    ADVANCE(MS(100));
    SEND_ACK(2001);
    EXPECT_DATA(2001);
    EXPECT(.flags = FIN | PSH | ACK, .seq = 3001, .ack = 1, .data = 1000);
    EXPECT_AFTER(MS(200), .flags = FIN | PSH | ACK, .seq = 3001, .ack = 1, .data = 1000,
                 WHY(SEND_TAIL_PROBE));
    SEND_ACK(4002);
    IN_STATE(FIN_WAIT_2);
}

// §7.3: and then the retransmission timer, which begins anew with the probe.
static void second_silence_is_a_timeout(void **state)
{
    (void)state;
    LOSS_OPEN(10);
    FLY(3, 0);
    EXPECT_AFTER(MS(100), .flags = PSH | ACK, .seq = 2001, .ack = 1, .data = 1000,
                 WHY(SEND_TAIL_PROBE));
    EXPECT_AFTER(SEC(1), .flags = ACK, .seq = 1, .ack = 1, .data = 1000, WHY(SEND_TIMEOUT));
    SEND_ACK(3001);
}

static void probe_shows_the_loss_of_what_was_before_it(void **state)
{
    (void)state;
    LOSS_OPEN(10);
    FLY(3, 0);
    EXPECT_AFTER(MS(100), .flags = PSH | ACK, .seq = 2001, .ack = 1, .data = 1000);
    ADVANCE(MS(100));
    SEND_SACK(1, {2001, 3001});
    EXPECT_SEGMENT(1, WHY(SEND_RACK));
    SEND_SACK(1001, {2001, 3001});
    EXPECT_SEGMENT(1001, WHY(SEND_RACK));
    SEND_ACK(3001);
    CHECK(was_cut());
}

// Flight, probe, its acknowledgment.
static void probe_three(uint32_t dsack_left)
{
    LOSS_OPEN(10);
    FLY(3, 0);
    EXPECT_AFTER(MS(100), .flags = PSH | ACK, .seq = 2001, .ack = 1, .data = 1000);
    ADVANCE(MS(100));
    if (dsack_left != 0) {
        SEND_SACK(3001, {dsack_left, 3001});
    } else {
        SEND_ACK(3001);
    }
}

static void send_three_more(void)
{
    WRITE(3000);
    EXPECT_RUN_ALL(3001, 6001, 1000);
    ADVANCE(MS(100));
    SEND_ACK(6001);
}

// §7.4.2: the loss was repaired by the probe, and nothing else has shown it.
static void probe_that_repaired_a_loss_cuts_the_window(void **state)
{
    (void)state;
    probe_three(0);
    CHECK(!was_cut());
    send_three_more();
    CHECK_EQ(segment_conn()->cc.ssthresh_bytes, 2000);
    CHECK_EQ(segment_conn()->recovery.is_active, false);
}

static void probe_that_was_a_duplicate_cuts_nothing(void **state)
{
    (void)state;
    probe_three(2001);
    send_three_more();
    CHECK(!was_cut());
}

// A peer that does not report duplicates acknowledges the probe by itself.
static void probe_with_an_acknowledgment_of_its_own_cuts_nothing(void **state)
{
    (void)state;
    probe_three(0);
    SEND_ACK(3001);
    send_three_more();
    CHECK(!was_cut());
}

// The first flight after a recovery is probed like any.
static void flight_after_recovery_is_probed(void **state)
{
    (void)state;
    LOSS_OPEN(10);
    FLY(5, 0);
    SEND_SACK(1, {1001, 4001});
    EXPECT_DATA(1);
    SEND_ACK(5001);
    WRITE(2000);
    EXPECT_RUN_ALL(5001, 7001, 1000);
    EXPECT_WITHIN(MS(500), .flags = PSH | ACK, .seq = 6001, .ack = 1, .data = 1000,
                  WHY(SEND_TAIL_PROBE));
    SEND_ACK(7001);
}

// The device had no room until the answer came.
static void probe_that_is_answered_before_it_leaves_is_none(void **state)
{
    (void)state;
    LOSS_OPEN(10);
    FLY(3, 0);
    segment_conn()->pending.tail_probe = true;
    SEND_ACK(3001);
    WRITE(1000);
    EXPECT(.flags = PSH | ACK, .seq = 3001, .ack = 1, .data = 1000, WHY(SEND_DATA));
    CHECK(!LOSS()->tail.is_out);
    SEND_ACK(4001);
}

static const struct CMUnitTest tests[] = {
    SEGMENT_TEST(silence_sends_the_last_segment_again),
    SEGMENT_TEST(silence_after_one_segment_waits_for_a_delayed_acknowledgment),
    SEGMENT_TEST(silence_sends_new_data_first),
    SEGMENT_TEST(hist_133_silence_behind_a_smaller_window_waits_for_the_timer),
    SEGMENT_TEST(probe_is_the_last_segment_as_it_was_sent),
    SEGMENT_TEST(probe_of_the_last_segment_carries_its_fin),
    SEGMENT_TEST(second_silence_is_a_timeout),
    SEGMENT_TEST(probe_shows_the_loss_of_what_was_before_it),
    SEGMENT_TEST(probe_that_repaired_a_loss_cuts_the_window),
    SEGMENT_TEST(probe_that_was_a_duplicate_cuts_nothing),
    SEGMENT_TEST(probe_with_an_acknowledgment_of_its_own_cuts_nothing),
    SEGMENT_TEST(flight_after_recovery_is_probed),
    SEGMENT_TEST(probe_that_is_answered_before_it_leaves_is_none),
};

SEGMENT_MAIN(tests)
