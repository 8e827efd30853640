// SPDX-License-Identifier: MIT
//
// Rates, times, numbers and shares as people read them.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/cli_figures.h"

static void rate_is_bits_per_second_without_overflow(void **state)
{
    (void)state;
    const uint64_t s = 1000000000;
    assert_int_equal(cli_figures_rate(125000000, s), 1000000000);
    assert_int_equal(cli_figures_rate(1, s), 8);
    assert_int_equal(cli_figures_rate(1500, 0), 0);
    assert_int_equal(cli_figures_rate(1500, 999), 0);
    // A hundred days at 10 Gbit/s.
    assert_int_equal(cli_figures_rate(UINT64_C(1250000000) * 8640000, 8640000 * s), 10000000000);
}

static void times_have_the_unit_and_one_decimal_that_people_read(void **state)
{
    (void)state;
    char text[CLI_FIGURES_TEXT_MAX];
    assert_string_equal(cli_figures_time(0, text), "0 ns");
    assert_string_equal(cli_figures_time(999, text), "999 ns");
    assert_string_equal(cli_figures_time(1000, text), "1 us");
    assert_string_equal(cli_figures_time(41399, text), "41.3 us");
    assert_string_equal(cli_figures_time(20000000, text), "20 ms");
    assert_string_equal(cli_figures_time(1050000000, text), "1 s");
    assert_string_equal(cli_figures_time(61500000000, text), "61.5 s");
}

static void durations_have_three_decimals(void **state)
{
    (void)state;
    char text[CLI_FIGURES_TEXT_MAX];
    assert_string_equal(cli_figures_exact(0, text), "0.000 ms");
    assert_string_equal(cli_figures_exact(868612999, text), "868.612 ms");
    assert_string_equal(cli_figures_exact(1060999999, text), "1.060 s");
}

static void share_of_a_whole_that_fills_64_bits_does_not_overflow(void **state)
{
    (void)state;
    assert_int_equal(cli_figures_ppm(1, 4), 250000);
    assert_int_equal(cli_figures_ppm(3, 2), 1500000);
    assert_int_equal(cli_figures_ppm(7, 0), 0);
    assert_int_equal(cli_figures_ppm(UINT64_MAX, UINT64_MAX), 1000000);
    assert_int_equal(cli_figures_ppm(UINT64_MAX / 2, UINT64_MAX), 499999);
}

static void rates_have_the_unit_and_two_decimals(void **state)
{
    (void)state;
    char text[CLI_FIGURES_TEXT_MAX];
    assert_string_equal(cli_figures_bps(999, text), "999 bit/s");
    assert_string_equal(cli_figures_bps(1000, text), "1.00 kbit/s");
    assert_string_equal(cli_figures_bps(96549999, text), "96.54 Mbit/s");
    assert_string_equal(cli_figures_bps(10050000000, text), "10.05 Gbit/s");
}

static void numbers_stand_in_groups_of_three_digits(void **state)
{
    (void)state;
    char text[CLI_FIGURES_TEXT_MAX];
    assert_string_equal(cli_figures_number(0, text), "0");
    assert_string_equal(cli_figures_number(999, text), "999");
    assert_string_equal(cli_figures_number(1000, text), "1,000");
    assert_string_equal(cli_figures_number(UINT64_MAX, text), "18,446,744,073,709,551,615");
}

static void shares_are_never_rounded_up(void **state)
{
    (void)state;
    char text[CLI_FIGURES_TEXT_MAX];
    assert_string_equal(cli_figures_share(999999, text), "99.99 %");
    assert_string_equal(cli_figures_share(1000000, text), "100.00 %");
    assert_string_equal(cli_figures_share(1200, text), "0.12 %");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rate_is_bits_per_second_without_overflow),
        cmocka_unit_test(times_have_the_unit_and_one_decimal_that_people_read),
        cmocka_unit_test(durations_have_three_decimals),
        cmocka_unit_test(share_of_a_whole_that_fills_64_bits_does_not_overflow),
        cmocka_unit_test(rates_have_the_unit_and_two_decimals),
        cmocka_unit_test(numbers_stand_in_groups_of_three_digits),
        cmocka_unit_test(shares_are_never_rounded_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
