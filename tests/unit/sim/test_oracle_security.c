// SPDX-License-Identifier: MIT
//
// What violates X1 to X6, and is named.
#include "judged.h"

#include "lib/test_cmocka.h"
#include "sim/oracle_subjects.h"

static struct judged judged;

static void x1_reset_with_the_number_ignored_is_seen(void **state)
{
    (void)state;
    struct segment_wire segment;
    judged_begin(&judged);
    judged_segment(&judged, 0, &segment);
    segment.flags = ORACLE_RST;
    segment.ack = 0;
    judged_tell_received(&judged, 1, &segment, ORACLE_FORGED);
    oracle_after_event(judged.oracle, 1, judged.world.now_ns);
    judged_assert_violated(&judged, ORACLE_X1);
    judged_end(&judged);
}

static void x1_reset_beside_the_number_obeyed_is_seen(void **state)
{
    (void)state;
    struct segment_wire segment;
    judged_begin(&judged);
    judged_segment(&judged, 0, &segment);
    segment.flags = ORACLE_RST;
    segment.seq += 1;
    segment.ack = 0;
    judged_tell_received(&judged, 1, &segment, ORACLE_FORGED);
    synfin_socket_abort(judged.world.host[1].stack, judged.user[1].socket, judged.world.now_ns);
    oracle_after_event(judged.oracle, 1, judged.world.now_ns);
    judged_assert_violated(&judged, ORACLE_X1);
    judged_end(&judged);
}

static void x2_change_of_another_connection_is_seen(void **state)
{
    (void)state;
    struct segment_wire segment;
    judged_begin(&judged);
    judged_segment(&judged, 0, &segment);
    segment.src_port = 999; // another pair, or none
    judged_tell_received(&judged, 1, &segment, ORACLE_FORGED);
    judged_block(&judged, 1)->snd.wnd += 1;
    oracle_after_event(judged.oracle, 1, judged.world.now_ns);
    judged_assert_violated(&judged, ORACLE_X2);
    judged_end(&judged);
}

// World 747 of seed 77: the device had gathered a segment for another and an ICMP error, which
// ended the connection that it was about.
static void x2_connection_of_a_second_arrival_may_change(void **state)
{
    (void)state;
    static const uint8_t port_unreachable[2] = {3, 3};
    const struct synfin_addr router = synfin_addr_ipv4(192, 0, 2, 99);
    struct segment_wire segment;
    uint8_t octets[200];
    judged_begin(&judged);
    judged_segment(&judged, 0, &segment);
    segment.src_port = 999;
    judged_tell_received(&judged, 1, &segment, ORACLE_FORGED);
    judged_segment(&judged, 1, &segment);
    uint32_t bytes = segment_wire_build_icmp(&router, &segment, port_unreachable, 0, octets);
    judged_hear(&judged, 1, octets, bytes, ORACLE_FORGED);
    judged_block(&judged, 1)->snd.wnd += 1;
    oracle_after_event(judged.oracle, 1, judged.world.now_ns);
    judged_assert_right(&judged);
    judged_end(&judged);
}

static void x3_key_in_a_header_is_seen(void **state)
{
    (void)state;
    struct segment_wire segment;
    judged_begin(&judged);
    const uint8_t *key = (const uint8_t *)&judged.world.host[0].stack->tcp.isn_key;
    judged_segment(&judged, 0, &segment);
    segment.ts_val = oracle_get32(key);
    segment.ts_ecr = oracle_get32(key + 4);
    judged.oracle->totals.packets = 15; // one in 16 is searched
    judged_tell_sent(&judged, 0, &segment, SYNFIN_REASON_SEND_ACK_DELAYED);
    judged_assert_violated(&judged, ORACLE_X3);
    judged_end(&judged);
}

static void x4_amplification_is_seen(void **state)
{
    (void)state;
    struct segment_wire segment;
    judged_begin(&judged);
    judged_segment(&judged, 1, &segment);
    segment.flags = ORACLE_SYN | ORACLE_ACK;
    segment.dst_port = 999;
    segment.mss = 1460;
    judged_tell_stray(&judged, 1, &segment);
    judged_assert_violated(&judged, ORACLE_X4);
    judged_end(&judged);
}

static void x5_effect_of_a_wrong_checksum_is_seen(void **state)
{
    (void)state;
    struct segment_wire segment;
    judged_begin(&judged);
    judged_segment(&judged, 0, &segment);
    segment.has_bad_checksum = true;
    judged_tell_received(&judged, 1, &segment, ORACLE_CORRUPTED);
    judged.world.host[1].stack->tcp.by_state[SYNFIN_TCP_STATE_CLOSED]++;
    oracle_after_event(judged.oracle, 1, judged.world.now_ns);
    judged_assert_violated(&judged, ORACLE_X5);
    judged.world.host[1].stack->tcp.by_state[SYNFIN_TCP_STATE_CLOSED]--;
    judged_end(&judged);
}

static void x6_blind_icmp_with_an_effect_is_seen(void **state)
{
    (void)state;
    static const uint8_t too_big[2] = {3, 4};
    const struct synfin_addr router = synfin_addr_ipv4(192, 0, 2, 99);
    struct segment_wire segment;
    uint8_t octets[200];
    judged_begin(&judged);
    judged_segment(&judged, 0, &segment); // quotes what was not sent
    uint32_t bytes = segment_wire_build_icmp(&router, &segment, too_big, 1000, octets);
    judged_hear(&judged, 0, octets, bytes, ORACLE_FORGED);
    judged_block(&judged, 0)->pmtu_bytes -= 100;
    oracle_after_event(judged.oracle, 0, judged.world.now_ns);
    judged_assert_violated(&judged, ORACLE_X6);
    judged_block(&judged, 0)->pmtu_bytes = 100;
    judged_look(&judged, 0, false);
    judged_assert_violated(&judged, ORACLE_X6);
    judged_end(&judged);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(x1_reset_with_the_number_ignored_is_seen),
        cmocka_unit_test(x1_reset_beside_the_number_obeyed_is_seen),
        cmocka_unit_test(x2_change_of_another_connection_is_seen),
        cmocka_unit_test(x2_connection_of_a_second_arrival_may_change),
        cmocka_unit_test(x3_key_in_a_header_is_seen),
        cmocka_unit_test(x4_amplification_is_seen),
        cmocka_unit_test(x5_effect_of_a_wrong_checksum_is_seen),
        cmocka_unit_test(x6_blind_icmp_with_an_effect_is_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
