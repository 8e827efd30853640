// SPDX-License-Identifier: MIT
//
// Thinning keeps what a picture shows, and memory stays bounded.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/lab_series.h"
#include "lib/test_random.h"

static void points_are_sorted_by_time(void **state)
{
    (void)state;
    static const uint64_t times[] = {5, 9, 7, 6, 10};
    struct lab_series series = {0};
    for (uint32_t i = 0; i < 5; i++) {
        lab_series_add(&series, times[i], times[i] * 10);
    }
    assert_int_equal(series.points, 5);
    for (uint32_t i = 1; i < 5; i++) {
        assert_true(series.point[i - 1].t_ns < series.point[i].t_ns);
        assert_int_equal(series.point[i].value, series.point[i].t_ns * 10);
    }
    lab_series_deinit(&series);
}

static void level_line_takes_two_points(void **state)
{
    (void)state;
    struct lab_series series = {0};
    for (uint64_t t_ns = 0; t_ns < 1000; t_ns++) {
        lab_series_add(&series, t_ns, t_ns < 500 ? 7 : 8);
    }
    assert_int_equal(series.points, 4);
    assert_int_equal(series.point[1].t_ns, 499);
    assert_int_equal(series.point[3].t_ns, 999);
    lab_series_deinit(&series);
}

static void value_at_a_time_is_the_last_before_it(void **state)
{
    (void)state;
    struct lab_series series = {0};
    assert_int_equal(lab_series_at(&series, 5, 99), 99);
    lab_series_add(&series, 10, 1);
    lab_series_add(&series, 20, 2);
    assert_int_equal(lab_series_at(&series, 9, 99), 99);
    assert_int_equal(lab_series_at(&series, 10, 99), 1);
    assert_int_equal(lab_series_at(&series, 19, 99), 1);
    assert_int_equal(lab_series_at(&series, 1000, 99), 2);
    lab_series_deinit(&series);
}

// First, last, least and greatest of each column, found anew.
static void thinning_keeps_the_ends_and_extremes_of_every_column(void **state)
{
    (void)state;
    enum { POINTS = 4000, COLUMNS = 50, SPAN = 10000 };
    static struct lab_point all[POINTS], thin[POINTS];
    uint64_t random = 4;
    uint64_t t_ns = 0;
    for (uint32_t i = 0; i < POINTS; i++) {
        t_ns += test_random_below(&random, 5);
        all[i] = (struct lab_point){t_ns, test_random_below(&random, 1000)};
    }
    memcpy(thin, all, sizeof all);
    uint64_t width_ns = SPAN / COLUMNS + 1;
    uint32_t kept = lab_series_thin(thin, POINTS, 0, SPAN, COLUMNS);
    assert_true(kept <= 4 * COLUMNS);
    for (uint64_t column = 0; column * width_ns <= t_ns; column++) {
        uint64_t least[2] = {UINT64_MAX, UINT64_MAX};
        uint64_t most[2] = {0, 0};
        uint64_t last[2] = {0, 0};
        for (uint32_t i = 0; i < POINTS + kept; i++) {
            uint32_t which = i >= POINTS;
            const struct lab_point *point = which ? &thin[i - POINTS] : &all[i];
            if (point->t_ns / width_ns == column) {
                least[which] = point->value < least[which] ? point->value : least[which];
                most[which] = point->value > most[which] ? point->value : most[which];
                last[which] = point->value;
            }
        }
        assert_int_equal(least[0], least[1]);
        assert_int_equal(most[0], most[1]);
        assert_int_equal(last[0], last[1]);
    }
}

static void series_without_end_stays_within_its_bound(void **state)
{
    (void)state;
    struct lab_series series = {0};
    uint64_t random = 9;
    for (uint64_t t_ns = 0; t_ns < 5 * LAB_SERIES_MAX; t_ns++) {
        lab_series_add(&series, t_ns, t_ns == 70000 ? 5000 : test_random_below(&random, 1000));
    }
    assert_false(series.is_out_of_memory);
    assert_true(series.points <= LAB_SERIES_MAX);
    uint64_t greatest = 0;
    for (uint32_t i = 0; i < series.points; i++) {
        greatest = series.point[i].value > greatest ? series.point[i].value : greatest;
    }
    assert_int_equal(greatest, 5000); // a single peak is not lost
    lab_series_deinit(&series);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(points_are_sorted_by_time),
        cmocka_unit_test(level_line_takes_two_points),
        cmocka_unit_test(value_at_a_time_is_the_last_before_it),
        cmocka_unit_test(thinning_keeps_the_ends_and_extremes_of_every_column),
        cmocka_unit_test(series_without_end_stays_within_its_bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
