// SPDX-License-Identifier: MIT
//
// Legal runs, over good and bad networks, leave the judge of the simulation without a complaint.
#include "judged.h"

#include <synfin/link.h>

#include "lib/test_cmocka.h"

static void run_legal(const struct world_config *config, uint32_t version, uint64_t octets)
{
    static struct judged judged;
    judged_init(&judged, config, version);
    judged_open(&judged);
    judged_assert_right(&judged);
    judged.user[0].to_write = judged.user[1].to_write = octets;
    judged.user[0].keeps_open = judged.user[1].keeps_open = false;
    for (uint32_t i = 0; i < 600 && !(judged.user[0].has_end && judged.user[1].has_end); i++) {
        judged_run(&judged, WORLD_S);
        judged_assert_right(&judged);
    }
    assert_int_equal(judged.user[0].delivered, octets);
    assert_int_equal(judged.user[1].delivered, octets);
    judged_close(&judged);
    judged_assert_right(&judged);
    judged_end(&judged);
}

static void oracle_clean_path_is_right(void **state)
{
    struct world_config config;
    (void)state;
    judged_config(&config);
    run_legal(&config, 4, 3000000);
    run_legal(&config, 6, 3000000);
}

static void oracle_bad_path_is_right(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 12; seed++) {
        struct world_config config;
        judged_config(&config);
        config.seed = config.link.seed = seed;
        config.link.loss_ppm = 30000;
        config.link.reorder_ppm = 50000;
        config.link.duplicate_ppm = 20000;
        config.stack[0].use_sack = seed % 3 != 0;
        config.stack[1].use_timestamps = seed % 2 != 0;
        run_legal(&config, seed % 2 == 0 ? 4 : 6, 400000);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(oracle_clean_path_is_right),
        cmocka_unit_test(oracle_bad_path_is_right),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
