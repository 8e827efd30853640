// SPDX-License-Identifier: MIT
//
// What violates Q1 to Q9 and Q11, and is named.
#include "judged.h"

#include "lib/test_cmocka.h"
#include "sim/oracle_subjects.h"
#include "tcp/tcp_loss.h"

static struct judged judged;

static void q1_acknowledged_by_nobody_is_seen(void **state)
{
    (void)state;
    judged_fly(&judged);
    judged_block(&judged, 0)->snd.una.n += 1;
    judged_look(&judged, 0, false);
    judged_assert_violated(&judged, ORACLE_Q1);
    judged_end(&judged);
}

static void q2_acknowledgment_moving_back_is_seen(void **state)
{
    (void)state;
    struct segment_wire segment;
    judged_begin(&judged);
    judged_write(&judged, 0, 1000);
    judged_segment(&judged, 1, &segment);
    segment.ack -= 1;
    judged_tell_sent(&judged, 1, &segment, SYNFIN_REASON_SEND_ACK_DELAYED);
    judged_assert_violated(&judged, ORACLE_Q2);
    judged_end(&judged);
}

static void q3_right_edge_moving_left_is_seen(void **state)
{
    (void)state;
    struct segment_wire segment;
    judged_begin(&judged);
    judged_segment(&judged, 1, &segment);
    segment.window -= 2;
    judged_tell_sent(&judged, 1, &segment, SYNFIN_REASON_SEND_ACK_DELAYED);
    judged_assert_violated(&judged, ORACLE_Q3);
    judged_end(&judged);
}

// World 3004 of seed 93. A cookie has opened, and a challenge of the half-open connection whose
// place it took had to wait for the device: its edge is that of another number.
static void q3_challenge_of_the_number_before_a_cookie_is_apart(void **state)
{
    (void)state;
    struct segment_wire segment;
    judged_fly(&judged);
    judged_run(&judged, WORLD_S);
    struct oracle_end *end = judged_of(&judged, 1);
    struct oracle_end *before = oracle_ends_add(judged_host(&judged, 1), 0);
    before->account = end->account;
    before->is_passive = true;
    oracle_ends_set_iss(judged.oracle, before, end->iss + 1000000);
    oracle_ends_set_irs(judged.oracle, before, end->irs);
    oracle_ranges_add(&before->arrived, 0, 1);
    end->account->early = 2;
    judged_segment(&judged, 1, &segment);
    segment.seq = before->iss + 1;
    segment.ack = before->irs + 1;
    segment.window = 1;
    end->half_open = before;
    judged_tell_sent(&judged, 1, &segment, SYNFIN_REASON_SEND_ACK_UNACCEPTABLE);
    judged_assert_right(&judged);
    segment.seq = end->iss + 2; // of neither
    judged_tell_sent(&judged, 1, &segment, SYNFIN_REASON_SEND_ACK_UNACCEPTABLE);
    judged_assert_violated(&judged, ORACLE_Q3);
    judged_end(&judged);
}

static void q4_octets_beyond_the_edge_are_seen(void **state)
{
    (void)state;
    struct segment_wire segment;
    judged_begin(&judged);
    judged_segment(&judged, 0, &segment);
    segment.seq = judged_of(&judged, 0)->iss + (uint32_t)judged_of(&judged, 0)->edge_told - 99;
    judged_text(&judged, 0, &segment, 100);
    judged_tell_sent(&judged, 0, &segment, SYNFIN_REASON_SEND_DATA);
    judged_assert_violated(&judged, ORACLE_Q4);
    judged_end(&judged);
}

// Host 0 sends so many octets again, from this one of its flight on.
static void tell_again(uint32_t from, uint32_t bytes)
{
    struct segment_wire segment;
    judged_segment(&judged, 0, &segment);
    segment.seq = judged_block(&judged, 0)->snd.una.n + from;
    judged_text(&judged, 0, &segment, bytes);
    judged_tell_sent(&judged, 0, &segment, SYNFIN_REASON_SEND_RACK);
}

static void q4_octets_again_beyond_a_shrunk_window_are_seen(void **state)
{
    (void)state;
    judged_fly(&judged);
    judged_block(&judged, 0)->snd.wnd = 1500;
    tell_again(500, 1000);
    tell_again(1500, 1); // a probe
    judged_assert_right(&judged);
    tell_again(501, 1000);
    judged_assert_violated(&judged, ORACLE_Q4);
    judged_end(&judged);
}

static void q5_more_than_the_congestion_window_is_seen(void **state)
{
    (void)state;
    struct segment_wire segment;
    judged_begin(&judged);
    judged_block(&judged, 0)->cc.cwnd_bytes = 999;
    judged_segment(&judged, 0, &segment);
    judged_text(&judged, 0, &segment, 1000);
    judged_tell_sent(&judged, 0, &segment, SYNFIN_REASON_SEND_DATA);
    judged_assert_violated(&judged, ORACLE_Q5);
    judged_end(&judged);
}

// An acknowledgment of before the first octet is an old one; what it has blocks of has come.
static void q5_blocks_of_an_old_acknowledgment_tell_of_a_loss(void **state)
{
    (void)state;
    struct segment_wire segment;
    judged_fly(&judged);
    judged_segment(&judged, 1, &segment);
    segment.ack -= 2000;
    segment.sack_blocks = 1;
    segment.sack[0].left = segment.ack + 2100;
    segment.sack[0].right = segment.ack + 2200;
    judged_tell_received(&judged, 0, &segment, ORACLE_GENUINE);
    judged_block(&judged, 0)->cc.cwnd_bytes = 999;
    judged_segment(&judged, 0, &segment);
    judged_text(&judged, 0, &segment, 1000);
    judged_tell_sent(&judged, 0, &segment, SYNFIN_REASON_SEND_DATA);
    judged_assert_right(&judged);
    judged_end(&judged);
}

static void q6_segment_above_the_mss_is_seen(void **state)
{
    (void)state;
    struct segment_wire segment;
    judged_begin(&judged);
    judged_segment(&judged, 0, &segment);
    judged_of(&judged, 0)->heard.mss = 1000;
    judged_text(&judged, 0, &segment, 1000);
    judged_tell_sent(&judged, 0, &segment, SYNFIN_REASON_SEND_DATA);
    judged_assert_violated(&judged, ORACLE_Q6);
    judged_end(&judged);
}

// Octets of options count: of 64 a segment with timestamps carries 52.
static void q6_mss_below_the_least_is_the_least(void **state)
{
    (void)state;
    struct segment_wire segment;
    judged_begin(&judged);
    judged_segment(&judged, 0, &segment);
    judged_of(&judged, 0)->heard.mss = 28;
    judged_text(&judged, 0, &segment, 52);
    judged_tell_sent(&judged, 0, &segment, SYNFIN_REASON_SEND_DATA);
    judged_assert_right(&judged);
    segment.seq += 52;
    judged_text(&judged, 0, &segment, 53);
    judged_tell_sent(&judged, 0, &segment, SYNFIN_REASON_SEND_DATA);
    judged_assert_violated(&judged, ORACLE_Q6);
    judged_end(&judged);
}

static void q7_runs_that_do_not_add_up_are_seen(void **state)
{
    (void)state;
    struct segment_wire segment;
    judged_begin(&judged);
    judged_segment(&judged, 0, &segment);
    segment.seq += 1000;
    judged_text(&judged, 0, &segment, 100);
    judged_give(&judged, 1, &segment);
    judged_assert_right(&judged);
    judged_block(&judged, 1)->ooo.bytes += 1;
    judged_look(&judged, 1, false);
    judged_assert_violated(&judged, ORACLE_Q7);
    judged_block(&judged, 1)->ooo.bytes -= 1;
    judged_block(&judged, 1)->ooo.first->left.n -= 1000; // not behind a gap
    judged_look(&judged, 1, false);
    judged_assert_violated(&judged, ORACLE_Q7);
    judged_block(&judged, 1)->ooo.first->left.n += 1000;
    judged_end(&judged);
}

static void q8_scoreboard_that_does_not_add_up_is_seen(void **state)
{
    (void)state;
    judged_fly(&judged);
    struct tcp_loss *loss = judged_block(&judged, 0)->loss;
    assert_non_null(loss);
    loss->board.flight_bytes += 1;
    judged_look(&judged, 0, false);
    judged_assert_violated(&judged, ORACLE_Q8);
    loss->board.flight_bytes -= 1;
    loss->board.own.left.n += 1;
    judged_look(&judged, 0, false);
    judged_assert_violated(&judged, ORACLE_Q8);
    loss->board.own.left.n -= 1;
    judged_end(&judged);
}

static void q9_block_that_did_not_arrive_is_seen(void **state)
{
    (void)state;
    judged_begin(&judged);
    judged_tell_block(&judged, 1, 100, 200, SYNFIN_REASON_SEND_ACK_OUT_OF_ORDER);
    judged_assert_violated(&judged, ORACLE_Q9);
    judged_end(&judged);
}

static void q9_duplicate_that_came_once_is_seen(void **state)
{
    (void)state;
    judged_begin(&judged);
    judged_write(&judged, 0, 1000);
    judged_tell_block(&judged, 1, -100, 0, SYNFIN_REASON_SEND_ACK_DUPLICATE);
    judged_assert_violated(&judged, ORACLE_Q9);
    judged_end(&judged);
}

static void q9_newest_block_not_first_is_seen(void **state)
{
    (void)state;
    struct segment_wire segment;
    judged_begin(&judged);
    judged_segment(&judged, 0, &segment);
    uint32_t first = segment.seq;
    segment.seq = first + 1000;
    judged_text(&judged, 0, &segment, 100);
    judged_give(&judged, 1, &segment);
    segment.seq = first + 2000;
    judged_text(&judged, 0, &segment, 100);
    judged_give(&judged, 1, &segment);
    judged_segment(&judged, 1, &segment);
    segment.sack_blocks = 2;
    segment.sack[0].left = first + 1000;
    segment.sack[0].right = first + 1100;
    segment.sack[1].left = first + 2000;
    segment.sack[1].right = first + 2100;
    judged_tell_sent(&judged, 1, &segment, SYNFIN_REASON_SEND_ACK_OUT_OF_ORDER);
    judged_assert_violated(&judged, ORACLE_Q9);
    judged_end(&judged);
}

static void tell_cut(enum synfin_reason reason, uint32_t cwnd_bytes, uint32_t ssthresh_bytes)
{
    struct synfin_trace_event event = {.kind = SYNFIN_TRACE_CONGESTION,
                                       .conn = judged_of(&judged, 0)->number,
                                       .reason = reason,
                                       .t_ns = judged.world.now_ns};
    event.as.congestion.cwnd_bytes = cwnd_bytes;
    event.as.congestion.ssthresh_bytes = ssthresh_bytes;
    oracle_trace(oracle_trace_ctx(judged.oracle, 0), &event);
}

// Seven tenths of three full-sized segments.
static void q11_loss_that_cuts_too_little_is_seen(void **state)
{
    static const enum synfin_reason reasons[] = {SYNFIN_REASON_CC_FAST_RETRANSMIT,
                                                 SYNFIN_REASON_CC_LOST_AGAIN};
    (void)state;
    judged_fly(&judged);
    uint32_t most = UINT32_C(3) * judged_block(&judged, 0)->snd.mss * 7 / 10;
    for (uint32_t i = 0; i < 2; i++) {
        tell_cut(reasons[i], most, most);
        judged_assert_right(&judged);
        tell_cut(reasons[i], most + 1, most);
        judged_assert_violated(&judged, ORACLE_Q11);
        tell_cut(reasons[i], most, most + 1);
        judged_assert_violated(&judged, ORACLE_Q11);
    }
    tell_cut(SYNFIN_REASON_CC_MARK, most + 1, most + 1); // a mark may be taken more gently
    judged_block(&judged, 0)->snd.mss = 1800;            // two of which are always left
    tell_cut(SYNFIN_REASON_CC_FAST_RETRANSMIT, 3600, 3600);
    judged_assert_right(&judged);
    judged_end(&judged);
}

static void q11_timeout_that_leaves_more_than_a_segment_is_seen(void **state)
{
    (void)state;
    judged_fly(&judged);
    uint32_t mss = judged_block(&judged, 0)->snd.mss;
    tell_cut(SYNFIN_REASON_CC_TIMEOUT, mss, 2 * mss);
    judged_assert_right(&judged);
    tell_cut(SYNFIN_REASON_CC_TIMEOUT, mss + 1, 2 * mss);
    judged_assert_violated(&judged, ORACLE_Q11);
    judged_end(&judged);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(q1_acknowledged_by_nobody_is_seen),
        cmocka_unit_test(q2_acknowledgment_moving_back_is_seen),
        cmocka_unit_test(q3_right_edge_moving_left_is_seen),
        cmocka_unit_test(q3_challenge_of_the_number_before_a_cookie_is_apart),
        cmocka_unit_test(q4_octets_beyond_the_edge_are_seen),
        cmocka_unit_test(q4_octets_again_beyond_a_shrunk_window_are_seen),
        cmocka_unit_test(q5_more_than_the_congestion_window_is_seen),
        cmocka_unit_test(q5_blocks_of_an_old_acknowledgment_tell_of_a_loss),
        cmocka_unit_test(q6_segment_above_the_mss_is_seen),
        cmocka_unit_test(q6_mss_below_the_least_is_the_least),
        cmocka_unit_test(q7_runs_that_do_not_add_up_are_seen),
        cmocka_unit_test(q8_scoreboard_that_does_not_add_up_is_seen),
        cmocka_unit_test(q9_block_that_did_not_arrive_is_seen),
        cmocka_unit_test(q9_duplicate_that_came_once_is_seen),
        cmocka_unit_test(q9_newest_block_not_first_is_seen),
        cmocka_unit_test(q11_loss_that_cuts_too_little_is_seen),
        cmocka_unit_test(q11_timeout_that_leaves_more_than_a_segment_is_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
