// SPDX-License-Identifier: MIT
//
// Bars that are joined still cover what they covered, and memory stays bounded.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/lab_bars.h"
#include "cli/lab_series.h"
#include "lib/test_random.h"

static void bars_of_one_moment_that_touch_become_one(void **state)
{
    (void)state;
    struct lab_bars bars = {0};
    lab_bars_add(&bars, 1, 0, 100);
    lab_bars_add(&bars, 1, 100, 200);
    lab_bars_add(&bars, 1, 300, 400);
    lab_bars_add(&bars, 2, 400, 500);
    assert_int_equal(bars.bars, 3);
    assert_int_equal(lab_bars_join(bars.bar, bars.bars, 10, 0), 2);
    assert_int_equal(bars.bar[0].end, 200);
    assert_int_equal(bars.bar[1].begin, 300);
    assert_int_equal(bars.bar[1].end, 500);
    assert_int_equal(lab_bars_join(bars.bar, 2, 10, 100), 1);
    assert_int_equal(bars.bar[0].end, 500);
    lab_bars_deinit(&bars);
}

// Everything that was covered is covered afterwards, whatever was joined.
static void bars_without_end_stay_within_their_bound_and_lose_nothing(void **state)
{
    (void)state;
    struct lab_bars bars = {0};
    uint64_t random = 3;
    for (uint64_t i = 0; i < 3 * LAB_SERIES_MAX; i++) {
        uint64_t begin = i * 1448 + test_random_below(&random, 40) * 100000;
        lab_bars_add(&bars, i * 12000, begin, begin + 1448);
    }
    assert_false(bars.is_out_of_memory);
    assert_true(bars.bars <= LAB_SERIES_MAX);
    uint64_t covered = 0;
    for (uint32_t i = 0; i < bars.bars; i++) {
        covered += bars.bar[i].end - bars.bar[i].begin;
    }
    assert_true(covered >= UINT64_C(3) * LAB_SERIES_MAX * 1448);
    lab_bars_deinit(&bars);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bars_of_one_moment_that_touch_become_one),
        cmocka_unit_test(bars_without_end_stay_within_their_bound_and_lose_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
