// SPDX-License-Identifier: MIT
//
// Random numbers: repeatable by key, within their bound, and evenly spread.
#include "base/entropy.h"

#include "lib/test_cmocka.h"

static void numbers_of_equal_keys_are_equal_and_of_others_differ(void **state)
{
    (void)state;
    struct entropy a, b, c;
    entropy_init(&a, &(struct siphash_key){1, 2});
    entropy_init(&b, &(struct siphash_key){1, 2});
    entropy_init(&c, &(struct siphash_key){1, 3});
    uint64_t previous = 0;
    for (uint32_t i = 0; i < 1000; i++) {
        uint64_t number = entropy_next(&a);
        assert_int_equal(number, entropy_next(&b));
        assert_int_not_equal(number, entropy_next(&c));
        assert_int_not_equal(number, previous);
        previous = number;
    }
}

static void number_below_bound_stays_below_it(void **state)
{
    (void)state;
    struct entropy entropy;
    entropy_init(&entropy, &(struct siphash_key){3, 4});
    for (uint32_t i = 0; i < 32; i++) {
        uint32_t bound = UINT32_MAX >> i;
        for (uint32_t k = 0; k < 100; k++) {
            assert_true(entropy_below(&entropy, bound) < bound);
        }
    }
    assert_int_equal(entropy_below(&entropy, 1), 0);
}

// With this bound a plain remainder would give the lower half twice as often as the upper one, and
// a plain multiplication every third number twice as often as the others.
static void number_below_an_awkward_bound_has_no_bias(void **state)
{
    (void)state;
    enum { DRAWS = 60000 };
    const uint32_t bound = UINT32_C(0xc0000000);
    struct entropy entropy;
    entropy_init(&entropy, &(struct siphash_key){5, 6});
    uint32_t thirds[3] = {0};
    uint32_t remainders[3] = {0};
    for (uint32_t i = 0; i < DRAWS; i++) {
        uint32_t number = entropy_below(&entropy, bound);
        thirds[number >> 30]++;
        remainders[number % 3]++;
    }
    for (uint32_t i = 0; i < 3; i++) {
        assert_in_range(thirds[i], DRAWS / 3 - 700, DRAWS / 3 + 700); // 6 standard deviations
        assert_in_range(remainders[i], DRAWS / 3 - 700, DRAWS / 3 + 700);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_of_equal_keys_are_equal_and_of_others_differ),
        cmocka_unit_test(number_below_bound_stays_below_it),
        cmocka_unit_test(number_below_an_awkward_bound_has_no_bias),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
