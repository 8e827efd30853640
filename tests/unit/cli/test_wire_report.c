// SPDX-License-Identifier: MIT
//
// Rates and times as the report writes them.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/wire_report.h"

static void rate_is_bits_per_second_without_overflow(void **state)
{
    (void)state;
    const uint64_t s = 1000000000;
    assert_int_equal(wire_report_rate(125000000, s), 1000000000);
    assert_int_equal(wire_report_rate(1, s), 8);
    assert_int_equal(wire_report_rate(1500, 0), 0);
    assert_int_equal(wire_report_rate(1500, 999), 0);
    // A hundred days at 10 Gbit/s.
    assert_int_equal(wire_report_rate(UINT64_C(1250000000) * 8640000, 8640000 * s), 10000000000);
}

static void times_have_the_unit_and_one_decimal_that_people_read(void **state)
{
    (void)state;
    char text[WIRE_REPORT_TIME_MAX];
    assert_string_equal(wire_report_time(0, text), "0 ns");
    assert_string_equal(wire_report_time(999, text), "999 ns");
    assert_string_equal(wire_report_time(1000, text), "1 us");
    assert_string_equal(wire_report_time(41399, text), "41.3 us");
    assert_string_equal(wire_report_time(20000000, text), "20 ms");
    assert_string_equal(wire_report_time(1050000000, text), "1 s");
    assert_string_equal(wire_report_time(61500000000, text), "61.5 s");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rate_is_bits_per_second_without_overflow),
        cmocka_unit_test(times_have_the_unit_and_one_decimal_that_people_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
