// SPDX-License-Identifier: MIT
//
// The windowed minimum: when a value is forgotten, and random values against a model that keeps
// them all.
#include "base/windowed_min.h"

#include "lib/test_cmocka.h"
#include "lib/test_random.h"

static void first_value_is_the_least(void **state)
{
    (void)state;
    struct windowed_min filter;
    windowed_min_init(&filter);
    assert_int_equal(windowed_min_update(&filter, 700, 5), 5);
    assert_int_equal(windowed_min_update(&filter, 700, 9), 5);
    assert_int_equal(windowed_min_update(&filter, 700, 4), 4);
}

static void value_counts_for_its_slot_and_three_more(void **state)
{
    (void)state;
    struct windowed_min filter;
    windowed_min_init(&filter);
    assert_int_equal(windowed_min_update(&filter, 10, 5), 5);
    assert_int_equal(windowed_min_update(&filter, 12, 8), 5);
    assert_int_equal(windowed_min_update(&filter, 13, 9), 5);
    assert_int_equal(windowed_min_update(&filter, 14, 9), 8);
    assert_int_equal(windowed_min_update(&filter, 16, 9), 9);
}

static void silence_of_many_slots_forgets_everything(void **state)
{
    (void)state;
    struct windowed_min filter;
    for (uint32_t silence = 4; silence != 0 && silence < UINT32_MAX / 2; silence *= 3) {
        windowed_min_init(&filter);
        for (uint32_t slot = 0; slot < 4; slot++) {
            windowed_min_update(&filter, slot, 1 + slot);
        }
        assert_int_equal(windowed_min_update(&filter, 3 + silence, 50), 50);
    }
}

static void slot_number_may_wrap(void **state)
{
    (void)state;
    struct windowed_min filter;
    windowed_min_init(&filter);
    filter.slot = UINT32_MAX - 1;
    assert_int_equal(windowed_min_update(&filter, UINT32_MAX, 5), 5);
    assert_int_equal(windowed_min_update(&filter, 0, 7), 5);
    assert_int_equal(windowed_min_update(&filter, 2, 9), 5);
    assert_int_equal(windowed_min_update(&filter, 3, 9), 7);
}

static void clock_that_goes_back_counts_as_standing_still(void **state)
{
    (void)state;
    struct windowed_min filter;
    windowed_min_init(&filter);
    assert_int_equal(windowed_min_update(&filter, 100, 5), 5);
    assert_int_equal(windowed_min_update(&filter, 90, 6), 5);
    assert_int_equal(filter.slot, 100);
    assert_int_equal(windowed_min_update(&filter, 104, 7), 7);
}

enum { VALUES = 20000, SEED = 41 };

// The least of all values whose slot is one of the last four.
static uint32_t least_of(const uint32_t *slots, const uint32_t *values, uint32_t count)
{
    uint32_t least = UINT32_MAX;
    for (uint32_t i = count; i > 0 && slots[count - 1] - slots[i - 1] < 4; i--) {
        least = values[i - 1] < least ? values[i - 1] : least;
    }
    return least;
}

static void random_values_give_what_a_model_gives(void **state)
{
    (void)state;
    static uint32_t slots[VALUES], values[VALUES];
    uint64_t random = SEED;
    struct windowed_min filter;
    windowed_min_init(&filter);
    uint32_t slot = 0;
    for (uint32_t i = 0; i < VALUES; i++) {
        uint32_t kind = test_random_below(&random, 16);
        slot += kind < 12 ? 0 : kind < 15 ? 1 : test_random_below(&random, 8);
        slots[i] = slot;
        values[i] = test_random_below(&random, 1000);
        assert_int_equal(windowed_min_update(&filter, slot, values[i]),
                         least_of(slots, values, i + 1));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_value_is_the_least),
        cmocka_unit_test(value_counts_for_its_slot_and_three_more),
        cmocka_unit_test(silence_of_many_slots_forgets_everything),
        cmocka_unit_test(slot_number_may_wrap),
        cmocka_unit_test(clock_that_goes_back_counts_as_standing_still),
        cmocka_unit_test(random_values_give_what_a_model_gives),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
