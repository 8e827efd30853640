// SPDX-License-Identifier: MIT
//
// What violates S1 to S8, and is named.
#include "judged.h"

#include "lib/test_cmocka.h"
#include "sim/oracle_subjects.h"

static struct judged judged;

static void s1_wrong_octet_delivered_is_seen(void **state)
{
    (void)state;
    uint8_t octets[100];
    judged_begin(&judged);
    judged.user[1].reads_nothing = true;
    judged_write(&judged, 0, sizeof octets);
    oracle_stream_octets(judged_of(&judged, 0)->key, 0, octets, sizeof octets);
    octets[77] ^= 1;
    oracle_read(judged.oracle, 1, judged.user[1].socket, octets, sizeof octets, 0);
    judged_assert_violated(&judged, ORACLE_S1);
    judged_end(&judged);
}

static void s1_more_than_was_written_is_seen(void **state)
{
    (void)state;
    uint8_t octets[100];
    judged_begin(&judged);
    oracle_stream_octets(judged_of(&judged, 0)->key, 0, octets, sizeof octets);
    oracle_read(judged.oracle, 1, judged.user[1].socket, octets, sizeof octets, 0);
    judged_assert_violated(&judged, ORACLE_S1);
    judged_end(&judged);
}

static void s2_octets_repeated_are_seen(void **state)
{
    (void)state;
    uint8_t octets[10];
    judged_begin(&judged);
    judged.user[1].reads_nothing = true;
    judged_write(&judged, 0, 100);
    oracle_stream_octets(judged_of(&judged, 0)->key, 0, octets, sizeof octets);
    oracle_read(judged.oracle, 1, judged.user[1].socket, octets, sizeof octets, 0);
    judged_assert_right(&judged);
    judged_look(&judged, 1, false); // the stack still has them
    judged_assert_violated(&judged, ORACLE_S2);
    judged_end(&judged);
}

static void s2_octets_in_order_left_lying_are_seen(void **state)
{
    (void)state;
    struct segment_wire segment;
    judged_begin(&judged);
    judged_segment(&judged, 0, &segment);
    judged_text(&judged, 0, &segment, 100);
    judged_tell_received(&judged, 1, &segment, ORACLE_GENUINE);
    judged_look(&judged, 1, false); // the stack was not given the segment
    judged_assert_violated(&judged, ORACLE_S2);
    judged_end(&judged);
}

static void s3_end_without_fin_is_seen(void **state)
{
    (void)state;
    judged_begin(&judged);
    oracle_read(judged.oracle, 1, judged.user[1].socket, NULL, 0, 0);
    judged_assert_violated(&judged, ORACLE_S3);
    judged_end(&judged);
}

static void s3_octets_behind_the_end_are_seen(void **state)
{
    (void)state;
    uint8_t octet = 0;
    judged_begin(&judged);
    judged.user[0].keeps_open = false;
    judged_run(&judged, WORLD_S);
    assert_true(judged.user[1].has_end);
    judged_assert_right(&judged);
    oracle_read(judged.oracle, 1, judged.user[1].socket, &octet, 1, 0);
    judged_assert_violated(&judged, ORACLE_S3);
    judged_end(&judged);
}

static void s4_wrong_octet_sent_is_seen(void **state)
{
    (void)state;
    static const uint8_t octets[20];
    struct segment_wire segment;
    judged_begin(&judged);
    judged_of(&judged, 0)->written = sizeof octets;
    judged_segment(&judged, 0, &segment);
    segment.payload = octets;
    segment.payload_bytes = sizeof octets;
    judged_tell_sent(&judged, 0, &segment, SYNFIN_REASON_SEND_DATA);
    judged_assert_violated(&judged, ORACLE_S4);
    judged_end(&judged);
}

static void s5_octets_not_written_are_seen(void **state)
{
    (void)state;
    struct segment_wire segment;
    judged_begin(&judged);
    judged_segment(&judged, 0, &segment);
    judged_text(&judged, 0, &segment, 100);
    judged_of(&judged, 0)->written = 99;
    judged_tell_sent(&judged, 0, &segment, SYNFIN_REASON_SEND_DATA);
    judged_assert_violated(&judged, ORACLE_S5);
    judged_end(&judged);
}

static void s5_acknowledged_octets_again_are_seen(void **state)
{
    (void)state;
    struct segment_wire segment;
    judged_begin(&judged);
    judged_write(&judged, 0, 1000);
    judged_segment(&judged, 0, &segment);
    segment.seq -= 100;
    judged_text(&judged, 0, &segment, 100);
    judged_tell_sent(&judged, 0, &segment, SYNFIN_REASON_SEND_TIMEOUT);
    judged_assert_violated(&judged, ORACLE_S5);
    judged_end(&judged);
}

static void s6_acknowledged_octets_lost_are_seen(void **state)
{
    (void)state;
    judged_begin(&judged);
    judged_write(&judged, 0, 1000);
    judged_of(&judged, 1)->ack += 10;
    judged_look(&judged, 1, false);
    judged_assert_violated(&judged, ORACLE_S6);
    judged_end(&judged);
}

static void s7_fin_without_close_is_seen(void **state)
{
    (void)state;
    struct segment_wire segment;
    judged_begin(&judged);
    judged_segment(&judged, 0, &segment);
    segment.flags |= ORACLE_FIN;
    judged_tell_sent(&judged, 0, &segment, SYNFIN_REASON_SEND_FIN);
    judged_assert_violated(&judged, ORACLE_S7);
    judged_end(&judged);
}

static void s7_octets_behind_the_fin_are_seen(void **state)
{
    (void)state;
    struct segment_wire segment;
    judged_begin(&judged);
    judged.user[0].keeps_open = false;
    judged_run(&judged, WORLD_S);
    judged_segment(&judged, 0, &segment);
    judged_text(&judged, 0, &segment, 10);
    judged_tell_sent(&judged, 0, &segment, SYNFIN_REASON_SEND_DATA);
    judged_assert_violated(&judged, ORACLE_S7);
    judged_end(&judged);
}

// Host 0 sends the last octets of its flight again, and what nobody has sent before.
static void tell_joined(uint32_t again, uint32_t more)
{
    struct segment_wire segment;
    judged_segment(&judged, 0, &segment);
    segment.seq -= again;
    judged_text(&judged, 0, &segment, again + more);
    judged_tell_sent(&judged, 0, &segment, SYNFIN_REASON_SEND_TIMEOUT);
}

static void s8_new_octets_behind_what_goes_again_are_seen(void **state)
{
    (void)state;
    judged_fly(&judged);
    tell_joined(500, 0);
    judged_assert_right(&judged);
    tell_joined(500, 1);
    judged_assert_violated(&judged, ORACLE_S8);
    judged_end(&judged);
}

// It was refused, for all that the sender knows.
static void octet_of_a_window_probe_goes_again_with_others(void **state)
{
    (void)state;
    judged_fly(&judged);
    tell_joined(1, 500);
    judged_assert_right(&judged);
    judged_end(&judged);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(s1_wrong_octet_delivered_is_seen),
        cmocka_unit_test(s1_more_than_was_written_is_seen),
        cmocka_unit_test(s2_octets_repeated_are_seen),
        cmocka_unit_test(s2_octets_in_order_left_lying_are_seen),
        cmocka_unit_test(s3_end_without_fin_is_seen),
        cmocka_unit_test(s3_octets_behind_the_end_are_seen),
        cmocka_unit_test(s4_wrong_octet_sent_is_seen),
        cmocka_unit_test(s5_octets_not_written_are_seen),
        cmocka_unit_test(s5_acknowledged_octets_again_are_seen),
        cmocka_unit_test(s6_acknowledged_octets_lost_are_seen),
        cmocka_unit_test(s7_fin_without_close_is_seen),
        cmocka_unit_test(s7_octets_behind_the_fin_are_seen),
        cmocka_unit_test(s8_new_octets_behind_what_goes_again_are_seen),
        cmocka_unit_test(octet_of_a_window_probe_goes_again_with_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
