// SPDX-License-Identifier: MIT
//
// Sets of octets, against a map of single octets.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cli/lab_ranges.h"
#include "lib/test_random.h"

static void ranges_that_touch_become_one(void **state)
{
    (void)state;
    struct lab_ranges set = {0};
    lab_ranges_add(&set, (struct lab_range){10, 20});
    lab_ranges_add(&set, (struct lab_range){30, 40});
    lab_ranges_add(&set, (struct lab_range){5, 5});
    assert_int_equal(set.ranges, 2);
    lab_ranges_add(&set, (struct lab_range){20, 30});
    assert_int_equal(set.ranges, 1);
    assert_int_equal(set.octets, 30);
    lab_ranges_deinit(&set);
}

static void removal_inside_leaves_both_sides(void **state)
{
    (void)state;
    struct lab_ranges set = {0};
    lab_ranges_add(&set, (struct lab_range){0, 100});
    lab_ranges_remove(&set, (struct lab_range){40, 60});
    assert_int_equal(set.ranges, 2);
    assert_int_equal(set.range[0].end, 40);
    assert_int_equal(set.range[1].begin, 60);
    assert_int_equal(lab_ranges_count(&set, (struct lab_range){30, 70}), 20);
    lab_ranges_deinit(&set);
}

static void check(const struct lab_ranges *set, const bool *map, uint32_t octets, uint64_t seed)
{
    uint32_t at = 0;
    uint64_t sum = 0;
    bool is_equal = true;
    for (uint32_t i = 0; i < set->ranges; i++) {
        const struct lab_range *range = &set->range[i];
        is_equal &= range->begin < range->end && (i == 0 || set->range[i - 1].end < range->begin);
        for (; at < range->begin; at++) {
            is_equal &= !map[at];
        }
        for (; at < range->end; at++) {
            is_equal &= map[at];
        }
        sum += range->end - range->begin;
    }
    for (; at < octets; at++) {
        is_equal &= !map[at];
    }
    if (!is_equal || sum != set->octets) {
        fail_msg("seed %llu", (unsigned long long)seed);
    }
}

static void random_sets_agree_with_a_map(void **state)
{
    enum { OCTETS = 500, STEPS = 2000 };
    (void)state;
    for (uint64_t seed = 1; seed <= 10; seed++) {
        static bool map[OCTETS];
        struct lab_ranges set = {0};
        uint64_t random = seed;
        memset(map, 0, sizeof map);
        for (int step = 0; step < STEPS; step++) {
            uint32_t begin = (uint32_t)test_random_below(&random, OCTETS);
            uint32_t length = (uint32_t)test_random_below(&random, 30);
            uint32_t end = begin + length < OCTETS ? begin + length : OCTETS;
            struct lab_range range = {begin, end};
            bool is_added = test_random_below(&random, 2) == 0;
            uint64_t counted = 0;
            for (uint32_t i = begin; i < end; i++) {
                counted += map[i];
                map[i] = is_added;
            }
            assert_int_equal(lab_ranges_count(&set, range), counted);
            if (is_added) {
                lab_ranges_add(&set, range);
            } else {
                lab_ranges_remove(&set, range);
            }
            check(&set, map, OCTETS, seed);
        }
        lab_ranges_deinit(&set);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranges_that_touch_become_one),
        cmocka_unit_test(removal_inside_leaves_both_sides),
        cmocka_unit_test(random_sets_agree_with_a_map),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
