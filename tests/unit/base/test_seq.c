// SPDX-License-Identifier: MIT
//
// Sequence numbers against 64-bit positions that never wrap.
#include "base/seq.h"

#include "lib/test_cmocka.h"
#include "lib/test_random.h"

static void order_of_near_numbers_is_that_of_their_positions(void **state)
{
    (void)state;
    uint64_t seed = 47;
    for (uint32_t i = 0; i < 200000; i++) {
        uint64_t x = test_random(&seed) >> 20;
        uint64_t y = x + (test_random(&seed) >> (33 + test_random_below(&seed, 31)));
        struct seq a = seq_make((uint32_t)x);
        struct seq b = seq_make((uint32_t)y);
        assert_int_equal(seq_eq(a, b), x == y);
        assert_int_equal(seq_lt(a, b), x < y);
        assert_int_equal(seq_le(b, a), x == y);
        assert_int_equal(seq_gt(b, a), x < y);
        assert_int_equal(seq_ge(a, b), x == y);
        assert_int_equal(seq_max(a, b).n, b.n);
        assert_int_equal(seq_max(b, a).n, b.n);
        assert_int_equal(seq_min(a, b).n, a.n);
        assert_int_equal(seq_min(b, a).n, a.n);
        assert_int_equal(seq_distance(a, b), y - x);
        assert_int_equal(seq_add(a, (uint32_t)(y - x)).n, b.n);
        assert_int_equal(seq_sub(b, (uint32_t)(y - x)).n, a.n);
    }
}

static void number_is_within_from_left_edge_to_before_the_right(void **state)
{
    (void)state;
    struct seq left = seq_make(0xfffffff0);
    assert_true(seq_within(left, left, 1));
    assert_false(seq_within(left, left, 0));
    assert_true(seq_within(seq_make(0x0f), left, 32));
    assert_false(seq_within(seq_make(0x10), left, 32));
    assert_false(seq_within(seq_make(0xffffffef), left, UINT32_MAX));
    assert_true(seq_within(seq_make(0xffffffee), left, UINT32_MAX));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(order_of_near_numbers_is_that_of_their_positions),
        cmocka_unit_test(number_is_within_from_left_edge_to_before_the_right),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
