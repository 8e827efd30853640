// SPDX-License-Identifier: MIT
//
// What violates T1 to T8, and is named.
#include "judged.h"

#include <string.h>

#include "lib/test_cmocka.h"
#include "sim/oracle_subjects.h"
#include "tcp/tcp_loss.h"

static struct judged judged;

static void t1_flight_without_a_timer_is_seen(void **state)
{
    (void)state;
    judged_fly(&judged);
    uint64_t *deadline_ns = judged_block(&judged, 0)->deadline_ns;
    for (uint32_t i = 0; i < SYNFIN_TCP_TIMER_COUNT; i++) {
        deadline_ns[i] = SYNFIN_NEVER;
    }
    judged_look(&judged, 0, false);
    judged_assert_violated(&judged, ORACLE_T1);
    judged_end(&judged);
}

static void t1_timer_without_flight_is_seen(void **state)
{
    (void)state;
    judged_begin(&judged);
    uint64_t *deadline_ns = judged_block(&judged, 0)->deadline_ns;
    deadline_ns[SYNFIN_TCP_TIMER_RETRANSMIT] = judged.world.now_ns + WORLD_S;
    judged_look(&judged, 0, false);
    judged_assert_violated(&judged, ORACLE_T1);
    deadline_ns[SYNFIN_TCP_TIMER_RETRANSMIT] = SYNFIN_NEVER;
    judged_end(&judged);
}

static void t2_waiting_data_without_a_timer_are_seen(void **state)
{
    (void)state;
    judged_begin(&judged);
    judged_block(&judged, 0)->send.bytes = 10;
    judged_look(&judged, 0, false);
    judged_assert_violated(&judged, ORACLE_T2);
    judged_block(&judged, 0)->send.bytes = 0;
    judged_end(&judged);
}

// A device that takes nothing is no peer that does not answer, but is not waited for longer.
static void t2_data_for_a_device_without_a_timer_are_seen(void **state)
{
    (void)state;
    judged_begin(&judged);
    struct tcp_conn *conn = judged_block(&judged, 0);
    uint64_t *deadline_ns = &conn->deadline_ns[SYNFIN_TCP_TIMER_RETRANSMIT];
    conn->send.bytes = 10;
    conn->is_ready = true;
    judged_look(&judged, 0, false);
    judged_assert_violated(&judged, ORACLE_T2);
    *deadline_ns = conn->timer.deadline_ns = judged.world.now_ns + 900 * WORLD_S;
    judged_look(&judged, 0, false);
    judged_assert_violated(&judged, ORACLE_T4); // the wheel does not know
    *deadline_ns = SYNFIN_NEVER;
    conn->send.bytes = 0;
    conn->is_ready = false;
    judged_end(&judged);
}

static void t3_timeout_above_its_limit_is_seen(void **state)
{
    (void)state;
    judged_fly(&judged);
    judged_block(&judged, 0)->deadline_ns[SYNFIN_TCP_TIMER_RETRANSMIT] += 121 * WORLD_S;
    judged_look(&judged, 0, false);
    judged_assert_violated(&judged, ORACLE_T3);
    judged_block(&judged, 0)->deadline_ns[SYNFIN_TCP_TIMER_RETRANSMIT] -= 121 * WORLD_S;
    judged_end(&judged);
}

static void t3_timeout_not_doubled_is_seen(void **state)
{
    (void)state;
    struct synfin_trace_event event = {.kind = SYNFIN_TRACE_TIMER_ARMED,
                                       .reason = SYNFIN_REASON_ARM_BACKOFF,
                                       .as.timer.timer = SYNFIN_TCP_TIMER_RETRANSMIT};
    judged_fly(&judged);
    struct tcp_conn *conn = judged_block(&judged, 0);
    event.conn = conn->number;
    event.t_ns = judged.world.now_ns;
    event.as.timer.deadline_ns = event.t_ns + 400 * WORLD_MS;
    conn->retries = 1;
    oracle_trace(oracle_trace_ctx(judged.oracle, 0), &event);
    judged_assert_right(&judged);
    conn->retries = 2;
    event.as.timer.deadline_ns = event.t_ns + 799 * WORLD_MS;
    oracle_trace(oracle_trace_ctx(judged.oracle, 0), &event);
    judged_assert_violated(&judged, ORACLE_T3);
    event.reason = SYNFIN_REASON_ARM_RETRANSMIT;
    event.as.timer.deadline_ns = event.t_ns + 100 * WORLD_MS; // below the least
    oracle_trace(oracle_trace_ctx(judged.oracle, 0), &event);
    judged_assert_violated(&judged, ORACLE_T3);
    conn->retries = 0;
    judged_end(&judged);
}

static void arm_after_timeout(uint64_t wait_ns, uint8_t retries)
{
    struct synfin_trace_event event = {.kind = SYNFIN_TRACE_TIMER_ARMED,
                                       .reason = SYNFIN_REASON_ARM_BACKOFF,
                                       .t_ns = judged.world.now_ns,
                                       .as.timer.timer = SYNFIN_TCP_TIMER_RETRANSMIT};
    struct tcp_conn *conn = judged_block(&judged, 0);
    event.conn = conn->number;
    event.as.timer.deadline_ns = event.t_ns + wait_ns;
    conn->retries = retries;
    conn->rtt.backoff++;
    oracle_trace(oracle_trace_ctx(judged.oracle, 0), &event);
    conn->retries = 0;
}

// A round trip as long as the mean leaves it as it was, as all do that a coarse clock cannot see.
static void t3_sample_that_changes_nothing_ends_a_backoff(void **state)
{
    (void)state;
    struct segment_wire segment;
    judged_fly(&judged);
    struct oracle_end *end = judged_of(&judged, 0);
    struct tcp_conn *conn = judged_block(&judged, 0);
    conn->uses_timestamps = false;
    arm_after_timeout(400 * WORLD_MS, 1);
    judged_look(&judged, 0, false);
    judged_segment(&judged, 1, &segment);
    segment.ack = end->iss + (uint32_t)end->una_told;
    segment.sack_blocks = 1;
    segment.sack[0].left = segment.ack + 1500;
    segment.sack[0].right = segment.ack + 3000;
    judged_tell_received(&judged, 0, &segment, ORACLE_GENUINE);
    conn->rtt.backoff = 0;
    judged_look(&judged, 0, false);
    arm_after_timeout(400 * WORLD_MS, 2);
    judged_assert_right(&judged);
    conn->rtt.backoff = 0; // and one more, which narrows the deviation
    judged_tell_received(&judged, 0, &segment, ORACLE_GENUINE);
    judged_look(&judged, 0, false);
    arm_after_timeout(300 * WORLD_MS, 2);
    judged_assert_right(&judged);
    judged_look(&judged, 0, false);
    end->is_timed = false;
    judged_tell_received(&judged, 0, &segment, ORACLE_GENUINE); // no news
    conn->rtt.backoff = 0;
    judged_look(&judged, 0, false);
    arm_after_timeout(400 * WORLD_MS, 2);
    judged_assert_violated(&judged, ORACLE_T3);
    conn->rtt.backoff = 0;
    judged_end(&judged);
}

static void t3_sample_of_what_was_sent_twice_is_seen(void **state)
{
    (void)state;
    judged_fly(&judged);
    struct oracle_end *end = judged_of(&judged, 0);
    struct tcp_conn *conn = judged_block(&judged, 0);
    conn->uses_timestamps = false;
    oracle_ranges_add(&end->resent, end->shadow.una, end->shadow.una + 1000);
    end->una_told += 1000;
    conn->snd.una.n += 1000;
    conn->loss->board.una.n += 1000;
    conn->loss->board.own.left.n += 1000;
    conn->loss->board.flight_bytes -= 1000;
    conn->rtt.srtt_ns += 1;
    judged_look(&judged, 0, false);
    judged_assert_violated(&judged, ORACLE_T3);
    judged_end(&judged);
}

// What SACK tells of for the first time is a round trip, unless it was sent twice.
static void t3_sample_of_what_sack_told_is_right_once(void **state)
{
    (void)state;
    struct segment_wire segment;
    judged_fly(&judged);
    struct oracle_end *end = judged_of(&judged, 0);
    judged_block(&judged, 0)->uses_timestamps = false;
    judged_segment(&judged, 1, &segment);
    segment.ack = end->iss + (uint32_t)end->una_told;
    segment.sack_blocks = 1;
    segment.sack[0].left = segment.ack + 1500;
    segment.sack[0].right = segment.ack + 3000;
    oracle_ranges_add(&end->resent, end->una_told + 1000, end->una_told + 2000);
    judged_tell_received(&judged, 0, &segment, ORACLE_GENUINE);
    judged_block(&judged, 0)->rtt.srtt_ns += 1;
    judged_look(&judged, 0, false);
    judged_assert_right(&judged);
    oracle_ranges_add(&end->resent, end->una_told + 2000, end->una_told + 4000);
    segment.sack[0].right = segment.ack + 4000; // news, but of what was sent twice
    judged_tell_received(&judged, 0, &segment, ORACLE_GENUINE);
    judged_block(&judged, 0)->rtt.srtt_ns += 1;
    judged_look(&judged, 0, false);
    judged_assert_violated(&judged, ORACLE_T3);
    judged_end(&judged);
}

static void t4_deadline_before_the_wheel_is_seen(void **state)
{
    (void)state;
    judged_fly(&judged);
    struct tcp_conn *conn = judged_block(&judged, 0);
    uint64_t deadline_ns = conn->timer.deadline_ns;
    conn->timer.deadline_ns = SYNFIN_NEVER - 1;
    judged_look(&judged, 0, false);
    judged_assert_violated(&judged, ORACLE_T4);
    conn->timer.deadline_ns = deadline_ns;
    judged.world.host[0].stack->wheel.entries += 1;
    oracle_sweep(judged.oracle, judged.world.now_ns);
    judged_assert_violated(&judged, ORACLE_T4);
    judged.world.host[0].stack->wheel.entries -= 1;
    judged_end(&judged);
}

static void t5_late_report_is_seen(void **state)
{
    (void)state;
    judged_fly(&judged);
    struct wheel *wheel = &judged.world.host[0].stack->wheel;
    struct wheel kept = *wheel;
    memset(wheel->occupied, 0, sizeof wheel->occupied);
    oracle_sweep(judged.oracle, judged.world.now_ns);
    judged_assert_violated(&judged, ORACLE_T5);
    memcpy(wheel->occupied, kept.occupied, sizeof wheel->occupied);
    judged_end(&judged);
}

static void t6_orphan_that_never_ends_is_seen(void **state)
{
    (void)state;
    judged_begin(&judged);
    struct oracle_end *end = judged_of(&judged, 0);
    end->is_closed = true;
    end->closed_ns = judged.world.now_ns;
    const struct synfin_stack_config *stack = &judged_host(&judged, 0)->stack_config;
    judged.world.now_ns += stack->orphan_ns + stack->fin_wait_2_ns + 2 * stack->msl_ns;
    judged.world.now_ns += 2 * WORLD_S;
    judged_look(&judged, 0, true);
    judged_assert_violated(&judged, ORACLE_T6);
    judged_end(&judged);
}

static void t7_no_end_after_the_healing_is_seen(void **state)
{
    (void)state;
    const struct oracle_path path = {.rtt_ns = 2 * WORLD_MS, .connections = 1};
    judged_begin(&judged);
    uint64_t bound_ns = oracle_heal(judged.oracle, &path, judged.world.now_ns);
    assert_true(bound_ns > judged.world.now_ns);
    oracle_finish(judged.oracle, bound_ns);
    judged_assert_violated(&judged, ORACLE_T7);
    judged_end(&judged);
}

// World 282 of seed 96: of two crossed SYNs one had lost its scale on the way, so that windows of
// 128 KiB were taken for 128 octets.
static void t7_bound_is_longer_where_a_scale_was_lost(void **state)
{
    (void)state;
    const struct oracle_path path = {.rtt_ns = 2 * WORLD_MS, .connections = 1, .octets = 1 << 20};
    uint64_t bound_ns[2];
    for (uint32_t i = 0; i < 2; i++) {
        judged_begin(&judged);
        judged_of(&judged, 0)->heard.wscale = i == 0 ? judged_of(&judged, 0)->heard.wscale : -1;
        judged_block(&judged, 1)->set.receive_buffer_bytes = 1 << 17;
        judged_of(&judged, 1)->offered.wscale = 10;
        bound_ns[i] = oracle_heal(judged.oracle, &path, judged.world.now_ns) - judged.world.now_ns;
        judged_end(&judged);
    }
    uint64_t rounds = path.octets / 33 - path.octets / 200; // octets in each at worst
    assert_true(bound_ns[1] > bound_ns[0] + rounds * 200 * WORLD_MS);
}

static void t8_firing_before_its_time_is_seen(void **state)
{
    (void)state;
    struct synfin_trace_event event = {.kind = SYNFIN_TRACE_TIMER_FIRED, .conn = 1};
    judged_fly(&judged);
    judged_block(&judged, 0)->retries = 1;
    judged_look(&judged, 0, false);
    judged_assert_violated(&judged, ORACLE_T8);
    judged_block(&judged, 0)->retries = 0;
    event.t_ns = judged.world.now_ns;
    event.as.timer.deadline_ns = event.t_ns + 1;
    oracle_trace(oracle_trace_ctx(judged.oracle, 0), &event);
    judged_assert_violated(&judged, ORACLE_T8);
    judged_end(&judged);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(t1_flight_without_a_timer_is_seen),
        cmocka_unit_test(t1_timer_without_flight_is_seen),
        cmocka_unit_test(t2_waiting_data_without_a_timer_are_seen),
        cmocka_unit_test(t2_data_for_a_device_without_a_timer_are_seen),
        cmocka_unit_test(t3_timeout_above_its_limit_is_seen),
        cmocka_unit_test(t3_timeout_not_doubled_is_seen),
        cmocka_unit_test(t3_sample_that_changes_nothing_ends_a_backoff),
        cmocka_unit_test(t3_sample_of_what_was_sent_twice_is_seen),
        cmocka_unit_test(t3_sample_of_what_sack_told_is_right_once),
        cmocka_unit_test(t4_deadline_before_the_wheel_is_seen),
        cmocka_unit_test(t5_late_report_is_seen),
        cmocka_unit_test(t6_orphan_that_never_ends_is_seen),
        cmocka_unit_test(t7_no_end_after_the_healing_is_seen),
        cmocka_unit_test(t7_bound_is_longer_where_a_scale_was_lost),
        cmocka_unit_test(t8_firing_before_its_time_is_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
