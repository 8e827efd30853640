// SPDX-License-Identifier: MIT
//
// Sets of intervals against a bitmap, around the point where sequence numbers wrap.
#include "base/ranges.h"

#include <string.h>

#include "lib/test_cmocka.h"
#include "lib/test_env.h"
#include "lib/test_random.h"

enum { SPACE = 300 };

struct fixture {
    struct synfin_env env;
    struct slab_source source;
    struct slab_pool nodes;
    struct ranges ranges;
};

static void set_up(struct fixture *f, uint32_t nodes_max)
{
    test_env_init(&f->env);
    slab_source_init(&f->source, &f->env, SIZE_MAX, 4096);
    slab_pool_init(&f->nodes, &f->source, sizeof(struct ranges_node), nodes_max);
    ranges_init(&f->ranges);
}

static void tear_down(struct fixture *f)
{
    ranges_clear(&f->ranges, &f->nodes);
    assert_int_equal(f->ranges.count, 0);
    assert_int_equal(f->nodes.objects, 0);
    slab_pool_deinit(&f->nodes);
    assert_int_equal(test_env_of(&f->env)->slabs, 0);
}

static bool add(struct fixture *f, uint32_t left, uint32_t right, uint32_t max)
{
    return ranges_add(&f->ranges, &f->nodes, seq_make(left), seq_make(right), max);
}

static void assert_only(const struct fixture *f, uint32_t left, uint32_t right)
{
    assert_int_equal(f->ranges.count, 1);
    assert_int_equal(f->ranges.first->left.n, left);
    assert_int_equal(f->ranges.first->right.n, right);
}

static void range_that_touches_is_joined(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f, UINT32_MAX);
    assert_true(add(&f, 0xfffffff0, 0xfffffff8, 4));
    assert_true(add(&f, 8, 16, 4));
    assert_int_equal(f.ranges.count, 2);
    assert_true(add(&f, 16, 20, 4));
    assert_true(add(&f, 0xffffffe0, 0xfffffff0, 4));
    assert_int_equal(f.ranges.count, 2);
    assert_true(add(&f, 0xfffffff8, 8, 4));
    assert_only(&f, 0xffffffe0, 20);
    tear_down(&f);
}

static void range_at_the_limit_is_refused_and_changes_nothing(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f, 3);
    assert_true(add(&f, 10, 20, 2));
    assert_true(add(&f, 30, 40, 2));
    assert_false(add(&f, 50, 60, 2));
    assert_true(add(&f, 50, 60, 9));
    assert_false(add(&f, 70, 80, 9)); // the pool has three
    assert_int_equal(f.ranges.count, 3);
    assert_int_equal(ranges_bytes(&f.ranges), 30);
    assert_true(add(&f, 15, 55, 3)); // needs no node
    assert_only(&f, 10, 60);
    assert_true(add(&f, 5, 5, 0)); // an empty range
    assert_only(&f, 10, 60);
    tear_down(&f);
}

static void assert_equals_bitmap(const struct fixture *f, const bool *bits, uint32_t base)
{
    uint32_t bytes = 0;
    uint32_t runs = 0;
    for (uint32_t i = 0; i < SPACE; i++) {
        bytes += bits[i];
        runs += bits[i] && (i == 0 || !bits[i - 1]);
        struct seq at = seq_make(base + i);
        assert_true(ranges_contains(&f->ranges, at, seq_add(at, 1)) == bits[i]);
    }
    assert_int_equal(ranges_bytes(&f->ranges), bytes);
    assert_int_equal(f->ranges.count, runs);
    range_for_each (node, &f->ranges) {
        assert_true(seq_lt(node->left, node->right));
        assert_true(node->next == NULL || seq_lt(node->right, node->next->left));
    }
}

static void ranges_equal_bitmap_after_random_operations(void **state)
{
    (void)state;
    uint64_t seed = 17;
    for (uint32_t round = 0; round < 1000; round++) {
        struct fixture f;
        bool bits[SPACE] = {false};
        uint32_t base = UINT32_MAX - test_random_below(&seed, SPACE);
        set_up(&f, UINT32_MAX);
        for (uint32_t step = 0; step < 200; step++) {
            uint32_t left = test_random_below(&seed, SPACE);
            uint32_t right = left + test_random_below(&seed, 12);
            right = right < SPACE ? right : SPACE;
            if (test_random_below(&seed, 30) == 0) {
                ranges_trim_left(&f.ranges, &f.nodes, seq_make(base + left));
                memset(bits, 0, left);
            } else if (add(&f, base + left, base + right, 20)) {
                memset(bits + left, 1, right - left);
            } else {
                assert_int_equal(f.ranges.count, 20);
            }
            if (step % 4 == 0) {
                assert_equals_bitmap(&f, bits, base);
            }
        }
        tear_down(&f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(range_that_touches_is_joined),
        cmocka_unit_test(range_at_the_limit_is_refused_and_changes_nothing),
        cmocka_unit_test(ranges_equal_bitmap_after_random_operations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
