// SPDX-License-Identifier: MIT
//
// What violates I1 to I5, and is named.
#include "judged.h"

#include "lib/test_cmocka.h"
#include "net/net_state.h"
#include "sim/oracle_subjects.h"

static struct judged judged;

static void i1_fragments_kept_too_long_are_seen(void **state)
{
    (void)state;
    judged_begin(&judged);
    struct fragment_datagram *datagram = &judged.world.host[0].stack->net->fragments.datagram[0];
    datagram->is_used = true;
    datagram->deadline_ns = judged.world.now_ns + 62 * WORLD_S;
    oracle_sweep(judged.oracle, judged.world.now_ns);
    judged_assert_violated(&judged, ORACLE_I1);
    datagram->is_used = false;
    judged_end(&judged);
}

static void i2_effect_of_a_long_chain_is_seen(void **state)
{
    (void)state;
    uint8_t octets[40 + 9 * 8] = {0x60};
    judged_begin(&judged);
    octets[5] = 9 * 8;
    octets[6] = 60;
    octets[7] = 64;
    for (uint32_t i = 0; i < 9; i++) {
        octets[40 + 8 * i] = i == 8 ? 59 : 60;
    }
    judged_hear(&judged, 1, octets, sizeof octets, ORACLE_FORGED);
    oracle_after_event(judged.oracle, 1, judged.world.now_ns);
    judged_assert_right(&judged);
    judged_hear(&judged, 1, octets, sizeof octets, ORACLE_FORGED);
    judged.world.host[1].stack->tcp.by_state[SYNFIN_TCP_STATE_CLOSED]++;
    oracle_after_event(judged.oracle, 1, judged.world.now_ns);
    judged_assert_violated(&judged, ORACLE_I2);
    judged.world.host[1].stack->tcp.by_state[SYNFIN_TCP_STATE_CLOSED]--;
    judged_end(&judged);
}

static void i3_error_about_a_packet_to_many_is_seen(void **state)
{
    (void)state;
    static const uint8_t unreachable[2] = {3, 1};
    struct segment_wire segment;
    uint8_t octets[200];
    judged_begin(&judged);
    judged_segment(&judged, 1, &segment);
    segment.dst = synfin_addr_ipv4(224, 0, 0, 1);
    const struct synfin_addr own = judged_block(&judged, 0)->pair.local;
    uint32_t bytes = segment_wire_build_icmp(&own, &segment, unreachable, 0, octets);
    judged_tell_octets(&judged, 0, octets, bytes, SYNFIN_REASON_UNKNOWN);
    judged_assert_violated(&judged, ORACLE_I3);
    judged_end(&judged);
}

static void i3_too_many_errors_are_seen(void **state)
{
    (void)state;
    static const uint8_t unreachable[2] = {3, 1};
    struct segment_wire segment;
    uint8_t octets[200];
    judged_begin(&judged);
    judged_segment(&judged, 1, &segment);
    const struct synfin_addr own = judged_block(&judged, 0)->pair.local;
    uint32_t bytes = segment_wire_build_icmp(&own, &segment, unreachable, 0, octets);
    for (uint32_t i = 0; i < 400; i++) {
        judged_tell_octets(&judged, 0, octets, bytes, SYNFIN_REASON_UNKNOWN);
    }
    judged_assert_right(&judged);
    judged_tell_octets(&judged, 0, octets, bytes, SYNFIN_REASON_UNKNOWN);
    judged_assert_violated(&judged, ORACLE_I3);
    judged_end(&judged);
}

static void i4_neighbours_that_do_not_add_up_are_seen(void **state)
{
    (void)state;
    judged_begin(&judged);
    judged.world.host[0].stack->net->neighbours.used += 1;
    oracle_sweep(judged.oracle, judged.world.now_ns);
    judged_assert_violated(&judged, ORACLE_I4);
    judged.world.host[0].stack->net->neighbours.used -= 1;
    judged_end(&judged);
}

static void i5_wrong_checksum_is_seen(void **state)
{
    (void)state;
    struct segment_wire segment;
    judged_begin(&judged);
    judged_segment(&judged, 0, &segment);
    segment.has_bad_checksum = true;
    judged_tell_sent(&judged, 0, &segment, SYNFIN_REASON_SEND_ACK_DELAYED);
    judged_assert_violated(&judged, ORACLE_I5);
    judged_end(&judged);
}

static void i5_malformed_segments_are_seen(void **state)
{
    (void)state;
    struct segment_wire right;
    judged_begin(&judged);
    judged_segment(&judged, 0, &right);
    for (uint32_t i = 0; i < 5; i++) {
        struct segment_wire segment = right;
        segment.flags = i == 0 ? ORACLE_ACK | ORACLE_SYN | ORACLE_FIN : segment.flags;
        segment.flags = i == 1 ? ORACLE_FIN : segment.flags;
        segment.mss = i == 2 ? 1460 : 0; // without SYN
        segment.urgent = i == 3 ? 1 : 0;
        segment.extra[0] = 254; // nobody knows it
        segment.extra[1] = 4;
        segment.extra_bytes = i == 4 ? 4 : 0;
        judged_tell_sent(&judged, 0, &segment, SYNFIN_REASON_SEND_ACK_DELAYED);
        judged_assert_violated(&judged, ORACLE_I5);
    }
    judged_end(&judged);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(i1_fragments_kept_too_long_are_seen),
        cmocka_unit_test(i2_effect_of_a_long_chain_is_seen),
        cmocka_unit_test(i3_error_about_a_packet_to_many_is_seen),
        cmocka_unit_test(i3_too_many_errors_are_seen),
        cmocka_unit_test(i4_neighbours_that_do_not_add_up_are_seen),
        cmocka_unit_test(i5_wrong_checksum_is_seen),
        cmocka_unit_test(i5_malformed_segments_are_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
