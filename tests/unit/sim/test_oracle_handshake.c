// SPDX-License-Identifier: MIT
//
// What violates H1 to H5, and is named.
#include "judged.h"

#include "lib/test_cmocka.h"
#include "sim/oracle_subjects.h"

static struct judged judged;

static void h1_octets_before_the_handshake_are_seen(void **state)
{
    (void)state;
    struct world_config config;
    uint8_t octet = 0;
    judged_config(&config);
    judged_init(&judged, &config, 4);
    synfin_socket socket = world_connect(&judged.world, 4, JUDGED_PORT);
    oracle_connecting(judged.oracle, 0, socket, judged.world.now_ns);
    oracle_read(judged.oracle, 0, socket, &octet, 1, judged.world.now_ns);
    judged_assert_violated(&judged, ORACLE_H1);
    judged_end(&judged);
}

static void h1_accept_before_the_third_segment_is_seen(void **state)
{
    (void)state;
    judged_begin(&judged);
    judged_of(&judged, 1)->una_told = 0;
    judged_of(&judged, 1)->has_opened = false;
    oracle_accepted(judged.oracle, 1, judged.listener, judged.user[1].socket, 0);
    judged_assert_violated(&judged, ORACLE_H1);
    judged_end(&judged);
}

// To the listener, from a caller who is no host of the world, a moment later.
static struct segment_wire called(uint32_t seq, uint16_t flags)
{
    judged.world.now_ns += WORLD_MS;
    return (struct segment_wire){.src = world_addr(&judged.world, 0, 4),
                                 .dst = world_addr(&judged.world, 1, 4),
                                 .src_port = 5000,
                                 .dst_port = JUDGED_PORT,
                                 .hop_limit = 64,
                                 .seq = seq,
                                 .flags = flags,
                                 .window = 8192,
                                 .mss = flags == ORACLE_SYN ? 1460 : 0,
                                 .wscale = -1};
}

static void call(uint32_t seq, uint16_t flags)
{
    const struct segment_wire segment = called(seq, flags);
    judged_give(&judged, 1, &segment);
}

// Both SYN+ACKs wait; the last one, of the SYN that was not reset, is the first to leave.
static void answer_in_reverse(uint32_t iss[2])
{
    struct synfin_packet packets[2];
    struct segment_wire answer;
    uint8_t octets[128];
    uint64_t now_ns = judged.world.now_ns;
    assert_int_equal(synfin_stack_output(judged.world.host[1].stack, 0, packets, 2, now_ns), 2);
    for (uint32_t i = 2; i-- > 0;) {
        uint32_t bytes = synfin_packet_copy(&packets[i], octets, sizeof octets);
        assert_null(segment_wire_parse(octets, bytes, &answer));
        iss[i] = answer.seq;
        oracle_sent(judged.oracle, 1, 0, &packets[i], now_ns);
    }
    assert_int_not_equal(iss[0], iss[1]);
}

// A half-open connection ends before its SYN+ACK leaves, and its caller calls again. The judge
// hears that the third segment acknowledges the SYN+ACK of the first, 0, or of the second, 1.
static void open_again_as_heard(uint32_t which)
{
    struct world_config config;
    uint32_t iss[2];
    synfin_socket socket;
    judged_config(&config);
    judged_init(&judged, &config, 4);
    oracle_leave_out(judged.oracle, UINT64_C(1) << ORACLE_H2); // nobody has the caller's number
    call(100, ORACLE_SYN);
    call(101, ORACLE_RST);
    call(200, ORACLE_SYN);
    answer_in_reverse(iss);
    struct segment_wire third = called(201, ORACLE_ACK);
    struct synfin_packet packet;
    uint8_t octets[128];
    third.ack = iss[which] + 1;
    judged_tell_received(&judged, 1, &third, ORACLE_GENUINE);
    third.ack = iss[1] + 1;
    synfin_packet_wrap(&packet, octets, segment_wire_build(&third, octets));
    synfin_stack_input(judged.world.host[1].stack, 0, &packet, 1, judged.world.now_ns);
    assert_int_equal(
        synfin_socket_accept(judged.world.host[1].stack, judged.listener, &socket, NULL),
        SYNFIN_ERROR_OK);
    oracle_accepted(judged.oracle, 1, judged.listener, socket, judged.world.now_ns);
}

// Seed 91, world 3287: both waited for a neighbour, and what had waited longer left last.
static void h1_is_held_where_syn_acks_overtake_each_other(void **state)
{
    (void)state;
    open_again_as_heard(1);
    judged_assert_right(&judged);
    judged_end(&judged);
    open_again_as_heard(0);
    judged_assert_violated(&judged, ORACLE_H1);
    judged_end(&judged);
}

static void h2_another_number_of_a_syn_is_seen(void **state)
{
    (void)state;
    struct segment_wire segment;
    judged_begin(&judged);
    judged_segment(&judged, 0, &segment);
    segment.seq = judged_of(&judged, 0)->iss + 1;
    segment.flags = ORACLE_SYN;
    segment.ack = 0;
    segment.mss = 1460;
    judged_tell_sent(&judged, 0, &segment, SYNFIN_REASON_SEND_SYN_AGAIN);
    judged_assert_violated(&judged, ORACLE_H2);
    judged_end(&judged);
}

static void h2_open_with_nobody_is_seen(void **state)
{
    (void)state;
    judged_begin(&judged);
    judged_of(&judged, 1)->peer = NULL;
    judged_of(&judged, 1)->has_opened = false;
    oracle_accepted(judged.oracle, 1, judged.listener, judged.user[1].socket, 0);
    judged_assert_violated(&judged, ORACLE_H2);
    judged_end(&judged);
}

// World 14992 of seed 97: an old SYN calls after the connection whose octets were ahead of the
// clock that numbers follow, and TIME-WAIT acknowledges the first octet of the new one.
static void h2_number_that_the_peer_has_passed_may_meet_it(void **state)
{
    (void)state;
    judged_begin(&judged);
    struct oracle_end *end = judged_of(&judged, 1);
    uint32_t shown = oracle_ends_shown(judged.oracle, end);
    oracle_ranges_add(&end->peer->arrived, 0, 51);
    for (uint32_t behind = 50; behind <= 51; behind++) {
        judged_assert_right(&judged);
        end->has_opened = end->is_lied_to = false;
        end->peer->irs = shown - behind;
        oracle_accepted(judged.oracle, 1, judged.listener, judged.user[1].socket, 0);
    }
    judged_assert_violated(&judged, ORACLE_H2);
    judged_end(&judged);
}

static void h2_numbers_unlike_the_wire_are_seen(void **state)
{
    (void)state;
    judged_begin(&judged);
    judged_block(&judged, 1)->irs.n += 1;
    judged_look(&judged, 1, false);
    judged_assert_violated(&judged, ORACLE_H2);
    judged_end(&judged);
}

static void h3_more_half_open_than_the_backlog_are_seen(void **state)
{
    (void)state;
    judged_begin(&judged);
    struct tcp_conn *listener = socket_conn(judged.world.host[1].stack, judged.listener);
    listener->listen.half_opens += 9;
    judged_look(&judged, 1, false);
    judged_assert_violated(&judged, ORACLE_H3);
    listener->listen.half_opens -= 9;
    listener->state = SYNFIN_TCP_STATE_CLOSED;
    judged_look(&judged, 1, false);
    judged_assert_violated(&judged, ORACLE_H3);
    listener->state = SYNFIN_TCP_STATE_LISTEN;
    judged_end(&judged);
}

static void h4_timestamps_left_out_are_seen(void **state)
{
    (void)state;
    struct segment_wire segment;
    judged_begin(&judged);
    judged_segment(&judged, 1, &segment);
    segment.has_timestamps = false;
    judged_tell_sent(&judged, 1, &segment, SYNFIN_REASON_SEND_ACK_DELAYED);
    judged_assert_violated(&judged, ORACLE_H4);
    judged_end(&judged);
}

static void h4_blocks_not_agreed_on_are_seen(void **state)
{
    (void)state;
    judged_begin(&judged);
    judged_of(&judged, 1)->heard.has_sack = false;
    judged_tell_block(&judged, 1, 100, 200, SYNFIN_REASON_SEND_ACK_OUT_OF_ORDER);
    judged_assert_violated(&judged, ORACLE_H4);
    judged_end(&judged);
}

static void h4_answer_with_more_than_was_offered_is_seen(void **state)
{
    (void)state;
    struct segment_wire segment;
    judged_begin(&judged);
    judged_of(&judged, 1)->heard.wscale = -1;
    judged_segment(&judged, 1, &segment);
    segment.seq = judged_of(&judged, 1)->iss;
    segment.flags = ORACLE_SYN | ORACLE_ACK;
    segment.mss = 1460;
    segment.wscale = 7;
    judged_tell_sent(&judged, 1, &segment, SYNFIN_REASON_SEND_SYN_ACK_AGAIN);
    judged_assert_violated(&judged, ORACLE_H4);
    judged_end(&judged);
}

// World 2576 of seed 95. Nobody is called by what ends at once, but may be answered so.
static void syn_with_fin_offers_nothing(void **state)
{
    (void)state;
    struct segment_wire segment;
    judged_begin(&judged);
    struct oracle_end *end = judged_of(&judged, 0);
    judged_segment(&judged, 1, &segment);
    segment.seq = end->irs;
    segment.has_timestamps = false;
    end->has_irs = false;
    segment.flags = ORACLE_SYN | ORACLE_FIN;
    judged_tell_received(&judged, 0, &segment, ORACLE_CORRUPTED);
    assert_false(end->has_irs);
    assert_true(end->heard.has_timestamps);
    static const uint16_t taken[] = {ORACLE_SYN, ORACLE_SYN | ORACLE_FIN | ORACLE_ACK};
    for (uint32_t i = 0; i < 2; i++) {
        end->has_irs = false;
        end->heard.has_timestamps = true;
        segment.flags = (uint8_t)taken[i];
        judged_tell_received(&judged, 0, &segment, ORACLE_CORRUPTED);
        assert_true(end->has_irs);
        assert_false(end->heard.has_timestamps);
    }
    end->heard.has_timestamps = true;
    judged_assert_right(&judged);
    judged_end(&judged);
}

static void h5_accepted_twice_is_seen(void **state)
{
    (void)state;
    judged_begin(&judged);
    oracle_accepted(judged.oracle, 1, judged.listener, judged.user[1].socket, 0);
    judged_assert_violated(&judged, ORACLE_H5);
    struct tcp_conn *listener = socket_conn(judged.world.host[1].stack, judged.listener);
    listener->listen.acceptables += 9;
    judged_look(&judged, 1, false);
    judged_assert_violated(&judged, ORACLE_H5);
    listener->listen.acceptables -= 9;
    judged_end(&judged);
}

// After a leap back of its clock a caller's number may lie among the octets of an earlier SYN.
static void syn_acknowledged_is_the_nearest(void **state)
{
    (void)state;
    static struct oracle_syns syns;
    const struct oracle_packet with_text = {.seq = 100, .payload_bytes = 8};
    const struct oracle_packet later = {.seq = 108};
    oracle_syns_note(&syns, &with_text, ORACLE_GENUINE);
    oracle_syns_note(&syns, &later, ORACLE_GENUINE);
    assert_int_equal(oracle_syns_acked(&syns, 101)->seq, 100);
    assert_int_equal(oracle_syns_acked(&syns, 108)->seq, 100);
    assert_int_equal(oracle_syns_acked(&syns, 109)->seq, 108);
    assert_null(oracle_syns_acked(&syns, 110));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(h1_octets_before_the_handshake_are_seen),
        cmocka_unit_test(h1_accept_before_the_third_segment_is_seen),
        cmocka_unit_test(h1_is_held_where_syn_acks_overtake_each_other),
        cmocka_unit_test(h2_another_number_of_a_syn_is_seen),
        cmocka_unit_test(h2_open_with_nobody_is_seen),
        cmocka_unit_test(h2_number_that_the_peer_has_passed_may_meet_it),
        cmocka_unit_test(h2_numbers_unlike_the_wire_are_seen),
        cmocka_unit_test(h3_more_half_open_than_the_backlog_are_seen),
        cmocka_unit_test(h4_timestamps_left_out_are_seen),
        cmocka_unit_test(h4_blocks_not_agreed_on_are_seen),
        cmocka_unit_test(h4_answer_with_more_than_was_offered_is_seen),
        cmocka_unit_test(syn_with_fin_offers_nothing),
        cmocka_unit_test(h5_accepted_twice_is_seen),
        cmocka_unit_test(syn_acknowledged_is_the_nearest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
