// SPDX-License-Identifier: MIT
//
// What violates Q10, and is named: a transfer is run twice, the second time with other keys.
#include <string.h>

#include "judged.h"

#include "lib/test_cmocka.h"

static struct judged judged;
static struct oracle_trail trail;

// A transfer over a bad link; only the keys of both stacks follow from `keys`.
static void begin_run(uint64_t keys)
{
    struct world_config config;
    judged_config(&config);
    config.seed = keys;
    config.link.seed = 5;
    config.link.loss_ppm = 30000;
    config.link.reorder_ppm = 30000;
    judged_init(&judged, &config, 4);
    judged.random = 3;
    judged.oracle->seed = 3;
    oracle_follow(judged.oracle, &trail);
    judged_open(&judged);
    judged_write(&judged, 0, 200000);
    judged_write(&judged, 1, 50000);
}

static void q10_other_keys_keep_every_shape(void **state)
{
    (void)state;
    begin_run(1);
    judged_close(&judged);
    judged_assert_right(&judged);
    judged_end(&judged);
    trail.is_whole = true;
    for (uint64_t keys = 2; keys < 10; keys++) {
        begin_run(keys);
        judged_close(&judged);
        judged_assert_right(&judged);
        judged_end(&judged);
    }
    oracle_trail_deinit(&trail);
}

// The first run had one segment more at its end, of which the second has still to tell.
static void begin_run_behind_a_longer_one(void)
{
    struct segment_wire segment;
    begin_run(1);
    judged_segment(&judged, 0, &segment);
    judged_tell_sent(&judged, 0, &segment, SYNFIN_REASON_SEND_ACK_DUPLICATE);
    judged_end(&judged);
    trail.is_whole = true;
    begin_run(2);
}

static void q10_segment_by_the_number_is_seen(void **state)
{
    (void)state;
    struct segment_wire segment;
    begin_run_behind_a_longer_one();
    judged_assert_right(&judged);
    judged_segment(&judged, 0, &segment);
    segment.window += 1;
    judged_tell_sent(&judged, 0, &segment, SYNFIN_REASON_SEND_ACK_DUPLICATE);
    const struct oracle_violation *violation;
    assert_true(oracle_violations(judged.oracle, &violation) > 0);
    assert_non_null(strstr(violation->text, "SEND_ACK_DUPLICATE, was SEND_ACK_DUPLICATE; window "));
    judged_assert_violated(&judged, ORACLE_Q10);
    judged_end(&judged);
    oracle_trail_deinit(&trail);
}

static void q10_segment_that_is_missing_is_seen(void **state)
{
    (void)state;
    begin_run_behind_a_longer_one();
    oracle_finish(judged.oracle, judged.world.now_ns);
    judged_assert_violated(&judged, ORACLE_Q10);
    judged_end(&judged);
    oracle_trail_deinit(&trail);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(q10_other_keys_keep_every_shape),
        cmocka_unit_test(q10_segment_by_the_number_is_seen),
        cmocka_unit_test(q10_segment_that_is_missing_is_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
