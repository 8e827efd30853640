// SPDX-License-Identifier: MIT
//
// Times at both ends of their range.
#include "base/deadline.h"

#include "lib/test_cmocka.h"

static void deadline_beyond_all_time_is_never(void **state)
{
    (void)state;
    assert_int_equal(deadline_after(0, 0), 0);
    assert_int_equal(deadline_after(5, NS_PER_S), NS_PER_S + 5);
    assert_int_equal(deadline_after(SYNFIN_NEVER - 5, 4), SYNFIN_NEVER - 1);
    assert_int_equal(deadline_after(SYNFIN_NEVER - 5, 5), SYNFIN_NEVER);
    assert_int_equal(deadline_after(SYNFIN_NEVER - 5, SYNFIN_NEVER), SYNFIN_NEVER);
    assert_int_equal(deadline_after(SYNFIN_NEVER, 0), SYNFIN_NEVER);
}

static void never_is_never_due(void **state)
{
    (void)state;
    assert_true(deadline_is_due(7, 7));
    assert_false(deadline_is_due(8, 7));
    assert_true(deadline_is_due(SYNFIN_NEVER - 1, SYNFIN_NEVER));
    assert_false(deadline_is_due(SYNFIN_NEVER, SYNFIN_NEVER));
}

static void age_of_what_is_still_to_come_is_zero(void **state)
{
    (void)state;
    assert_int_equal(deadline_age(3, 10), 7);
    assert_int_equal(deadline_age(10, 10), 0);
    assert_int_equal(deadline_age(11, 10), 0);
    assert_int_equal(deadline_min(3, SYNFIN_NEVER), 3);
    assert_int_equal(deadline_max(3, 4), 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(deadline_beyond_all_time_is_never),
        cmocka_unit_test(never_is_never_due),
        cmocka_unit_test(age_of_what_is_still_to_come_is_zero),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
