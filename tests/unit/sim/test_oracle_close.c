// SPDX-License-Identifier: MIT
//
// What violates C1 to C8, and is named.
#include "judged.h"

#include "lib/test_cmocka.h"
#include "sim/oracle_subjects.h"

static struct judged judged;

// Host 0 says that its connection has changed its state.
static void tell_state(enum synfin_tcp_state from, enum synfin_tcp_state to,
                       enum synfin_reason reason, uint64_t now_ns)
{
    const struct synfin_trace_event event = {.kind = SYNFIN_TRACE_STATE,
                                             .t_ns = now_ns,
                                             .reason = reason,
                                             .conn = judged_of(&judged, 0)->number,
                                             .as.state = {from, to}};
    oracle_trace(oracle_trace_ctx(judged.oracle, 0), &event);
}

// A world in which it is in TIME-WAIT since one second. Returns how long that has to last.
static uint64_t begin_time_wait(void)
{
    judged_begin(&judged);
    tell_state(SYNFIN_TCP_STATE_FIN_WAIT_2, SYNFIN_TCP_STATE_TIME_WAIT, SYNFIN_REASON_UNKNOWN,
               WORLD_S);
    return 2 * judged_host(&judged, 0)->stack_config.msl_ns;
}

static void tell_time_wait_over(enum synfin_reason reason, uint64_t now_ns)
{
    tell_state(SYNFIN_TCP_STATE_TIME_WAIT, SYNFIN_TCP_STATE_CLOSED, reason, now_ns);
}

static void c1_edge_that_is_none_is_seen(void **state)
{
    (void)state;
    judged_begin(&judged);
    tell_state(SYNFIN_TCP_STATE_ESTABLISHED, SYNFIN_TCP_STATE_TIME_WAIT, SYNFIN_REASON_UNKNOWN, 0);
    judged_assert_violated(&judged, ORACLE_C1);
    judged_block(&judged, 0)->state = SYNFIN_TCP_STATE_SYN_SENT;
    judged_look(&judged, 0, false);
    judged_assert_violated(&judged, ORACLE_C1);
    judged_block(&judged, 0)->state = SYNFIN_TCP_STATE_ESTABLISHED;
    judged_end(&judged);
}

static void c1_state_without_its_cause_is_seen(void **state)
{
    (void)state;
    judged_begin(&judged);
    judged_block(&judged, 0)->state = SYNFIN_TCP_STATE_CLOSE_WAIT;
    judged_look(&judged, 0, false);
    judged_assert_violated(&judged, ORACLE_C1);
    judged_block(&judged, 0)->state = SYNFIN_TCP_STATE_ESTABLISHED;
    judged_end(&judged);
}

static void c2_fin_with_octets_unread_is_seen(void **state)
{
    (void)state;
    struct segment_wire segment;
    judged_begin(&judged);
    judged.user[1].reads_nothing = true;
    judged_write(&judged, 0, 100);
    judged_segment(&judged, 1, &segment);
    oracle_closing(judged.oracle, 1, judged.user[1].socket, judged.world.now_ns);
    segment.flags |= ORACLE_FIN;
    judged_tell_sent(&judged, 1, &segment, SYNFIN_REASON_SEND_FIN);
    judged_assert_violated(&judged, ORACLE_C2);
    oracle_finish(judged.oracle, judged.world.now_ns); // and no reset ever
    judged_assert_violated(&judged, ORACLE_C2);
    judged_end(&judged);
}

static void c3_end_before_all_is_acknowledged_is_seen(void **state)
{
    (void)state;
    judged_fly(&judged);
    judged_of(&judged, 0)->is_gone = true;
    oracle_finish(judged.oracle, judged.world.now_ns);
    judged_assert_violated(&judged, ORACLE_C3);
    judged_end(&judged);
}

// World 16143 of seed 96: the user of a Fast Open server wrote and closed, and no acknowledgment of
// the SYN+ACK was acceptable.
static void c3_what_never_opened_ends_in_silence(void **state)
{
    (void)state;
    judged_fly(&judged);
    struct oracle_end *end = judged_of(&judged, 0);
    end->is_gone = true;
    end->shadow.una = 0;
    oracle_close_on_finish(judged_host(&judged, 0), judged.world.now_ns);
    judged_assert_right(&judged);
    end->shadow.una = 1;
    oracle_close_on_finish(judged_host(&judged, 0), judged.world.now_ns);
    judged_assert_violated(&judged, ORACLE_C3);
    judged_end(&judged);
}

static void c4_short_time_wait_is_seen(void **state)
{
    (void)state;
    uint64_t lasts_ns = begin_time_wait();
    tell_time_wait_over(SYNFIN_REASON_TIME_WAIT_OVER, WORLD_S + lasts_ns);
    judged_assert_right(&judged);
    tell_time_wait_over(SYNFIN_REASON_TIME_WAIT_OVER, WORLD_S + lasts_ns - 1);
    judged_assert_violated(&judged, ORACLE_C4);
    judged_end(&judged);
}

static void c4_time_wait_ended_by_a_reset_is_seen(void **state)
{
    (void)state;
    judged_begin(&judged);
    tell_time_wait_over(SYNFIN_REASON_RST_ARRIVED, 1000 * WORLD_S);
    judged_assert_violated(&judged, ORACLE_C4);
    judged_end(&judged);
}

static void c4_wait_that_did_not_begin_anew_is_seen(void **state)
{
    (void)state;
    uint64_t lasts_ns = begin_time_wait();
    const struct synfin_trace_event again = {.kind = SYNFIN_TRACE_SEGMENT_RECEIVED,
                                             .reason = SYNFIN_REASON_TIME_WAIT_RESTARTED,
                                             .conn = judged_of(&judged, 0)->number,
                                             .t_ns = 2 * WORLD_S};
    oracle_trace(oracle_trace_ctx(judged.oracle, 0), &again);
    tell_time_wait_over(SYNFIN_REASON_TIME_WAIT_OVER, WORLD_S + lasts_ns);
    judged_assert_violated(&judged, ORACLE_C4);
    judged_end(&judged);
}

static void c5_orphan_for_ever_is_seen(void **state)
{
    (void)state;
    judged_begin(&judged);
    judged.user[0].keeps_open = false;
    judged_run(&judged, WORLD_S);
    struct tcp_conn *conn = judged_block(&judged, 0);
    struct oracle_end *end = judged_of(&judged, 0);
    assert_int_equal(conn->state, SYNFIN_TCP_STATE_FIN_WAIT_2);
    judged_assert_right(&judged);
    conn->is_orphan = end->is_closed = true;
    end->closed_ns = judged.world.now_ns;
    judged.world.now_ns += judged_host(&judged, 0)->stack_config.fin_wait_2_ns + 2 * WORLD_S;
    judged_look(&judged, 0, true);
    judged_assert_violated(&judged, ORACLE_C5);
    conn->is_orphan = false;
    judged_end(&judged);
}

static void c6_segment_after_the_reset_is_seen(void **state)
{
    (void)state;
    struct segment_wire segment;
    judged_begin(&judged);
    judged_segment(&judged, 0, &segment);
    segment.flags = ORACLE_RST | ORACLE_ACK;
    segment.has_timestamps = false;
    judged_tell_sent(&judged, 0, &segment, SYNFIN_REASON_SEND_RST_ABORT);
    judged_assert_right(&judged);
    judged_tell_sent(&judged, 0, &segment, SYNFIN_REASON_SEND_RST_ABORT);
    judged_assert_violated(&judged, ORACLE_C6);
    judged_end(&judged);
}

static void c6_reset_to_a_reset_is_seen(void **state)
{
    (void)state;
    struct segment_wire segment;
    judged_begin(&judged);
    judged_segment(&judged, 0, &segment);
    segment.flags = ORACLE_RST | ORACLE_ACK;
    segment.src_port = 999; // no connection has it
    segment.has_timestamps = false;
    judged_tell_received(&judged, 1, &segment, ORACLE_FORGED);
    struct segment_wire answer = segment;
    answer.src = segment.dst;
    answer.dst = segment.src;
    answer.src_port = segment.dst_port;
    answer.dst_port = segment.src_port;
    judged_tell_stray(&judged, 1, &answer);
    judged_assert_violated(&judged, ORACLE_C6);
    judged_end(&judged);
}

static void c7_half_open_connection_left_is_seen(void **state)
{
    (void)state;
    struct segment_wire segment;
    judged_begin(&judged);
    judged_segment(&judged, 0, &segment);
    segment.flags = ORACLE_RST;
    segment.ack = 0;
    judged_host(&judged, 0)->boot++; // it has forgotten everything
    judged_tell_received(&judged, 1, &segment, ORACLE_GENUINE);
    oracle_after_event(judged.oracle, 1, judged.world.now_ns);
    judged_assert_violated(&judged, ORACLE_C7);
    judged_host(&judged, 0)->boot--;
    judged_end(&judged);
}

static void c8_text_after_half_close_left_lying_is_seen(void **state)
{
    (void)state;
    struct segment_wire segment;
    judged_begin(&judged);
    judged.user[0].keeps_open = false;
    judged_run(&judged, WORLD_S);
    judged_segment(&judged, 1, &segment);
    judged_text(&judged, 1, &segment, 100);
    judged_tell_received(&judged, 0, &segment, ORACLE_GENUINE);
    judged_look(&judged, 0, false);
    judged_assert_violated(&judged, ORACLE_C8);
    judged_end(&judged);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(c1_edge_that_is_none_is_seen),
        cmocka_unit_test(c1_state_without_its_cause_is_seen),
        cmocka_unit_test(c2_fin_with_octets_unread_is_seen),
        cmocka_unit_test(c3_end_before_all_is_acknowledged_is_seen),
        cmocka_unit_test(c3_what_never_opened_ends_in_silence),
        cmocka_unit_test(c4_short_time_wait_is_seen),
        cmocka_unit_test(c4_time_wait_ended_by_a_reset_is_seen),
        cmocka_unit_test(c4_wait_that_did_not_begin_anew_is_seen),
        cmocka_unit_test(c5_orphan_for_ever_is_seen),
        cmocka_unit_test(c6_segment_after_the_reset_is_seen),
        cmocka_unit_test(c6_reset_to_a_reset_is_seen),
        cmocka_unit_test(c7_half_open_connection_left_is_seen),
        cmocka_unit_test(c8_text_after_half_close_left_lying_is_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
