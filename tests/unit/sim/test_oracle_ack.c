// SPDX-License-Identifier: MIT
//
// What violates A1 to A4, and is named.
#include "judged.h"

#include "lib/test_cmocka.h"
#include "sim/oracle_subjects.h"

static struct judged judged;

static void a1_acknowledgment_of_more_than_arrived_is_seen(void **state)
{
    (void)state;
    struct segment_wire segment;
    judged_begin(&judged);
    judged_segment(&judged, 1, &segment);
    segment.ack += 1;
    judged_tell_sent(&judged, 1, &segment, SYNFIN_REASON_SEND_ACK_DELAYED);
    judged_assert_violated(&judged, ORACLE_A1);
    judged_end(&judged);
}

static void a1_acknowledgment_before_rcv_nxt_is_seen(void **state)
{
    (void)state;
    struct segment_wire segment;
    judged_begin_owing(&judged, 100);
    judged_segment(&judged, 1, &segment);
    segment.ack -= 50;
    judged_tell_sent(&judged, 1, &segment, SYNFIN_REASON_SEND_ACK_DELAYED);
    judged_assert_violated(&judged, ORACLE_A1);
    judged_end(&judged);
}

// World 1295 of seed 77: words of a header had changed places, and 21 octets lay behind a number
// before the first.
static void a1_octets_behind_a_number_before_the_first_are_acknowledged(void **state)
{
    (void)state;
    static const uint8_t octets[40];
    struct segment_wire segment;
    judged_begin(&judged);
    judged_segment(&judged, 0, &segment);
    segment.seq -= 19;
    segment.payload = octets;
    segment.payload_bytes = sizeof octets;
    judged_give(&judged, 1, &segment);
    judged_run(&judged, WORLD_S);
    assert_int_equal(judged_of(&judged, 1)->ack, 22);
    judged_assert_right(&judged);
    judged_segment(&judged, 1, &segment);
    segment.ack += 1;
    judged_tell_sent(&judged, 1, &segment, SYNFIN_REASON_SEND_ACK_DELAYED);
    judged_assert_violated(&judged, ORACLE_A1);
    judged_end(&judged);
}

static void a2_late_acknowledgment_is_seen(void **state)
{
    (void)state;
    judged_begin_owing(&judged, 100);
    judged_assert_right(&judged);
    judged.world.now_ns += 501 * WORLD_MS;
    judged_look(&judged, 1, true); // the stack's timer was not given the time
    judged_assert_violated(&judged, ORACLE_A2);
    judged_end(&judged);
}

static void a2_two_segments_waiting_are_seen(void **state)
{
    (void)state;
    judged_begin_owing(&judged, 100);
    judged_of(&judged, 1)->duty.mss_seen = judged_of(&judged, 1)->offered.mss = 50;
    judged_look(&judged, 1, false);
    judged_assert_violated(&judged, ORACLE_A2);
    judged_end(&judged);
}

// World 18824 of seed 97: the acknowledgment was made, and no next hop has taken it.
static void a2_acknowledgment_that_no_next_hop_takes_is_made(void **state)
{
    (void)state;
    judged_begin_owing(&judged, 100);
    struct tcp_conn *conn = judged_block(&judged, 1);
    struct synfin_trace_event event = {
        .kind = SYNFIN_TRACE_SEGMENT_SENT,
        .conn = conn->number,
        .t_ns = judged.world.now_ns,
        .as.segment = {.seq = conn->snd.nxt.n, .ack = conn->rcv.nxt.n, .flags = SYNFIN_TCP_ACK}};
    oracle_trace(oracle_trace_ctx(judged.oracle, 1), &event);
    event.kind = SYNFIN_TRACE_PACKET_DROPPED;
    event.reason = SYNFIN_REASON_DROP_NEIGHBOUR_FAILED;
    oracle_trace(oracle_trace_ctx(judged.oracle, 1), &event);
    judged_of(&judged, 1)->duty.mss_seen = judged_of(&judged, 1)->offered.mss = 50;
    judged_look(&judged, 1, false);
    judged_assert_right(&judged);
    judged_end(&judged);
}

static void a3_acknowledgment_without_cause_is_seen(void **state)
{
    (void)state;
    struct segment_wire segment;
    judged_begin(&judged);
    judged_segment(&judged, 0, &segment);
    judged_tell_received(&judged, 1, &segment, ORACLE_GENUINE); // a pure acknowledgment
    judged_segment(&judged, 1, &segment);
    judged_tell_sent(&judged, 1, &segment, SYNFIN_REASON_SEND_ACK_DELAYED);
    judged_assert_violated(&judged, ORACLE_A3);
    judged_end(&judged);
}

// Host 1 challenges an acknowledgment that is 3000 octets old.
static void challenge_old(void)
{
    struct segment_wire segment;
    struct oracle_end *end = judged_of(&judged, 1);
    judged_segment(&judged, 0, &segment);
    end->una_told += 3000;
    end->nxt = end->una_told;
    judged_tell_received(&judged, 1, &segment, ORACLE_GENUINE);
    judged_segment(&judged, 1, &segment);
    judged_tell_sent(&judged, 1, &segment, SYNFIN_REASON_SEND_CHALLENGE_ACK);
}

static void a3_challenge_within_the_largest_window_is_seen(void **state)
{
    (void)state;
    judged_begin(&judged);
    judged_write(&judged, 1, 100); // a window came back with its acknowledgment
    challenge_old();
    judged_assert_violated(&judged, ORACLE_A3);
    judged_end(&judged);
}

// A connection that is half open yet: the listener waits for data, and the third segment had none.
static struct oracle_end *begin_half_open(void)
{
    struct world_config config;
    judged_config(&config);
    judged_init(&judged, &config, 4);
    judged_ask_of(&judged, 1, judged.listener, SYNFIN_OPTION_DEFER_ACCEPT, 10 * WORLD_S);
    judged_open(&judged);
    assert_false(judged.user[1].is_open);
    return judged_of(&judged, 0)->peer;
}

// World 11857 of seed 91.
static void a3_window_that_a_listener_refused_is_not_the_largest(void **state)
{
    (void)state;
    (void)begin_half_open();
    judged_write(&judged, 0, 1);
    assert_true(judged.user[1].is_open);
    challenge_old();
    judged_assert_right(&judged);
    judged_end(&judged);
}

static void a4_too_many_challenges_are_seen(void **state)
{
    (void)state;
    struct segment_wire segment;
    judged_begin(&judged);
    judged_segment(&judged, 1, &segment);
    judged_of(&judged, 1)->account->credit = 100000;
    judged_of(&judged, 1)->account->early = 0; // none waits that was half open when it was made
    for (uint32_t i = 0; i < 2 * judged_host(&judged, 1)->stack_config.challenge_acks_per_second;
         i++) {
        judged_tell_sent(&judged, 1, &segment, SYNFIN_REASON_SEND_CHALLENGE_RST);
    }
    judged_assert_right(&judged);
    judged_tell_sent(&judged, 1, &segment, SYNFIN_REASON_SEND_CHALLENGE_RST);
    judged_assert_violated(&judged, ORACLE_A4);
    judged_end(&judged);
}

// Host 1 answers so often within a moment, whatever called for it.
static void answer_often(struct oracle_end *end, enum synfin_reason reason, uint32_t times)
{
    static uint8_t octets[SEGMENT_WIRE_MAX];
    struct segment_wire segment;
    struct synfin_packet packet;
    assert_null(segment_wire_parse(judged.last[1], judged.last_bytes[1], &segment));
    segment.seq += (segment.flags & ORACLE_SYN) != 0;
    segment.flags = ORACLE_ACK;
    segment.mss = 0;
    segment.wscale = -1;
    segment.sack_permitted = false;
    synfin_packet_wrap(&packet, octets, segment_wire_build(&segment, octets));
    packet.conn = end->number;
    packet.reason = (uint16_t)reason;
    end->account->credit = 100000;
    for (uint32_t i = 0; i < times; i++) {
        oracle_sent(judged.oracle, 1, 0, &packet, judged.world.now_ns);
    }
}

static void a4_too_many_answers_of_a_half_open_connection_are_seen(void **state)
{
    (void)state;
    struct oracle_end *end = begin_half_open();
    uint32_t most = 3 * judged_host(&judged, 1)->stack_config.challenge_acks_per_second;
    answer_often(end, SYNFIN_REASON_SEND_ACK_UNACCEPTABLE, most);
    judged_assert_right(&judged);
    answer_often(end, SYNFIN_REASON_SEND_ACK_UNACCEPTABLE, 1);
    judged_assert_violated(&judged, ORACLE_A4);
    judged_end(&judged);
}

// World 6898 of seed 96: what a block says first is what its half-open connection would have said.
static void a4_answers_of_a_block_that_has_just_opened_are_its_own(void **state)
{
    (void)state;
    judged_begin(&judged);
    struct oracle_end *end = judged_of(&judged, 1);
    uint32_t most = 3 * judged_host(&judged, 1)->stack_config.challenge_acks_per_second;
    end->account->early = most + 1;
    answer_often(end, SYNFIN_REASON_SEND_ACK_UNACCEPTABLE, most + 1);
    judged_assert_right(&judged);
    judged_end(&judged);
}

static void a4_answers_that_waited_are_not_of_one_second(void **state)
{
    (void)state;
    struct oracle_end *end = begin_half_open();
    judged_host(&judged, 1)->answers_since_ns = judged.world.now_ns - WORLD_S;
    answer_often(end, SYNFIN_REASON_SEND_ACK_UNACCEPTABLE, 100);
    judged_assert_right(&judged);
    judged_end(&judged);
}

static void a4_too_many_answers_in_time_wait_are_seen(void **state)
{
    (void)state;
    judged_begin(&judged);
    struct oracle_end *end = judged_of(&judged, 1);
    judged.user[0].keeps_open = judged.user[1].keeps_open = false;
    judged_run(&judged, WORLD_S);
    assert_true(judged_block(&judged, 1)->is_done); // it has shrunk
    end->time_wait_ns = judged.world.now_ns;        // as traced
    answer_often(end, SYNFIN_REASON_SEND_ACK_DUPLICATE, 6);
    judged_assert_right(&judged);
    answer_often(end, SYNFIN_REASON_SEND_ACK_DUPLICATE, 1);
    judged_assert_violated(&judged, ORACLE_A4);
    judged_end(&judged);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a1_acknowledgment_of_more_than_arrived_is_seen),
        cmocka_unit_test(a1_acknowledgment_before_rcv_nxt_is_seen),
        cmocka_unit_test(a1_octets_behind_a_number_before_the_first_are_acknowledged),
        cmocka_unit_test(a2_late_acknowledgment_is_seen),
        cmocka_unit_test(a2_two_segments_waiting_are_seen),
        cmocka_unit_test(a2_acknowledgment_that_no_next_hop_takes_is_made),
        cmocka_unit_test(a3_acknowledgment_without_cause_is_seen),
        cmocka_unit_test(a3_challenge_within_the_largest_window_is_seen),
        cmocka_unit_test(a3_window_that_a_listener_refused_is_not_the_largest),
        cmocka_unit_test(a4_too_many_challenges_are_seen),
        cmocka_unit_test(a4_too_many_answers_of_a_half_open_connection_are_seen),
        cmocka_unit_test(a4_answers_of_a_block_that_has_just_opened_are_its_own),
        cmocka_unit_test(a4_answers_that_waited_are_not_of_one_second),
        cmocka_unit_test(a4_too_many_answers_in_time_wait_are_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
