// SPDX-License-Identifier: MIT
//
// Axes: places, steps, units and labels.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/lab_scale.h"

static void places_lie_between_the_ends_and_nowhere_else(void **state)
{
    (void)state;
    const struct lab_scale scale = {.from = 100, .to = 200, .place_from = 800, .place_to = 10800};
    assert_int_equal(lab_scale_place(&scale, 100), 800);
    assert_int_equal(lab_scale_place(&scale, 150), 5800);
    assert_int_equal(lab_scale_place(&scale, 200), 10800);
    assert_int_equal(lab_scale_place(&scale, 99), 800);
    assert_int_equal(lab_scale_place(&scale, UINT64_MAX), 10800);
}

static void axis_that_points_up_has_falling_places(void **state)
{
    (void)state;
    const struct lab_scale scale = {.from = 0, .to = 3, .place_from = 1000, .place_to = 0};
    assert_int_equal(lab_scale_place(&scale, 0), 1000);
    assert_int_equal(lab_scale_place(&scale, 1), 667);
    assert_int_equal(lab_scale_place(&scale, 3), 0);
}

static void range_of_all_numbers_does_not_overflow(void **state)
{
    (void)state;
    const struct lab_scale scale = {.from = 0, .to = UINT64_MAX, .place_to = 12000};
    assert_int_equal(lab_scale_place(&scale, UINT64_MAX / 2), 6000);
    assert_int_equal(lab_scale_place(&scale, UINT64_MAX), 12000);
}

static void steps_are_one_two_and_five_times_a_power_of_ten(void **state)
{
    (void)state;
    assert_int_equal(lab_scale_step(10, 10), 1);
    assert_int_equal(lab_scale_step(11, 10), 2);
    assert_int_equal(lab_scale_step(21, 10), 2); // ten steps fit
    assert_int_equal(lab_scale_step(22, 10), 5);
    assert_int_equal(lab_scale_step(1060000000, 10), 100000000);
    assert_int_equal(lab_scale_step(0, 5), 1);
    assert_true(lab_scale_step(UINT64_MAX, 1) > 0);
}

static void unit_is_the_largest_of_which_there_is_one(void **state)
{
    (void)state;
    assert_string_equal(lab_scale_unit(LAB_QUANTITY_TIME_NS, 999999999).name, "ms");
    assert_string_equal(lab_scale_unit(LAB_QUANTITY_TIME_NS, 1000000000).name, "s");
    assert_string_equal(lab_scale_unit(LAB_QUANTITY_BYTES, 1500).name, "kB");
    assert_string_equal(lab_scale_unit(LAB_QUANTITY_BYTES, 0).name, "octets");
    assert_string_equal(lab_scale_unit(LAB_QUANTITY_BPS, 96500000).name, "Mbit/s");
}

static void labels_have_the_decimals_of_the_step(void **state)
{
    (void)state;
    char text[LAB_SCALE_TEXT_MAX];
    struct lab_unit seconds = lab_scale_unit(LAB_QUANTITY_TIME_NS, 2000000000);
    assert_string_equal(lab_scale_label(1500000000, 500000000, seconds, text), "1.5");
    assert_string_equal(lab_scale_label(1000000000, 500000000, seconds, text), "1.0");
    assert_string_equal(lab_scale_label(2000000000, 1000000000, seconds, text), "2");
    assert_string_equal(lab_scale_label(1020000000, 20000000, seconds, text), "1.02");
    assert_string_equal(
        lab_scale_label(40000000, 20000000, lab_scale_unit(LAB_QUANTITY_TIME_NS, 90000000), text),
        "40");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(places_lie_between_the_ends_and_nowhere_else),
        cmocka_unit_test(axis_that_points_up_has_falling_places),
        cmocka_unit_test(range_of_all_numbers_does_not_overflow),
        cmocka_unit_test(steps_are_one_two_and_five_times_a_power_of_ten),
        cmocka_unit_test(unit_is_the_largest_of_which_there_is_one),
        cmocka_unit_test(labels_have_the_decimals_of_the_step),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
