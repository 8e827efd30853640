// SPDX-License-Identifier: MIT
//
// The table of counts, also against sorted values.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/cli_spread.h"
#include "lib/test_random.h"

static struct cli_spread spread;

static int begin(void **state)
{
    (void)state;
    memset(&spread, 0, sizeof(spread));
    return 0;
}

static void nothing_added_gives_zero(void **state)
{
    (void)state;
    assert_int_equal(cli_spread_quantile(&spread, 500), 0);
    assert_int_equal(spread.least_ns, 0);
    assert_int_equal(cli_spread_mean(&spread), 0);
}

static void small_values_are_exact(void **state)
{
    (void)state;
    for (uint64_t ns = 0; ns < 256; ns++) {
        cli_spread_add(&spread, ns);
    }
    assert_int_equal(cli_spread_quantile(&spread, 0), 0);
    assert_int_equal(cli_spread_quantile(&spread, 500), 127);
    assert_int_equal(cli_spread_quantile(&spread, 501), 128);
    assert_int_equal(cli_spread_quantile(&spread, 1000), 255);
    assert_int_equal(cli_spread_mean(&spread), 127);
}

static void greatest_value_of_all_has_a_step(void **state)
{
    (void)state;
    cli_spread_add(&spread, UINT64_MAX);
    assert_int_equal(cli_spread_quantile(&spread, 500), UINT64_MAX);
    cli_spread_add(&spread, 5);
    assert_int_equal(spread.least_ns, 5);
    assert_int_equal(spread.greatest_ns, UINT64_MAX);
    assert_int_equal(cli_spread_quantile(&spread, 500), 5);
}

static void quantile_never_exceeds_the_greatest(void **state)
{
    (void)state;
    cli_spread_add(&spread, 1000001);
    assert_int_equal(cli_spread_quantile(&spread, 990), 1000001);
}

static int compare(const void *a, const void *b)
{
    uint64_t first = *(const uint64_t *)a;
    uint64_t second = *(const uint64_t *)b;
    return (first > second) - (first < second);
}

static void quantiles_of_any_values_are_within_a_128th(void **state)
{
    (void)state;
    enum { VALUES = 5000 };
    static const uint32_t permilles[] = {1, 10, 250, 500, 900, 990, 999, 1000};
    static uint64_t values[VALUES];
    uint64_t random = 20261122;
    for (int i = 0; i < VALUES; i++) {
        values[i] = test_random(&random) >> test_random_below(&random, 64);
        cli_spread_add(&spread, values[i]);
    }
    qsort(values, VALUES, sizeof(values[0]), compare);
    for (size_t i = 0; i < sizeof(permilles) / sizeof(permilles[0]); i++) {
        uint64_t rank = ((uint64_t)VALUES * permilles[i] + 999) / 1000;
        uint64_t exact = values[rank - 1];
        uint64_t got = cli_spread_quantile(&spread, permilles[i]);
        assert_true(got >= exact);
        assert_true(got - exact <= exact / 128);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(nothing_added_gives_zero, begin),
        cmocka_unit_test_setup(small_values_are_exact, begin),
        cmocka_unit_test_setup(greatest_value_of_all_has_a_step, begin),
        cmocka_unit_test_setup(quantile_never_exceeds_the_greatest, begin),
        cmocka_unit_test_setup(quantiles_of_any_values_are_within_a_128th, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
