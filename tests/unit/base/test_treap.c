// SPDX-License-Identifier: MIT
//
// The tree against an array: places, nearest of a kind, depth and work.
#include "base/treap.h"

#include <string.h>

#include "lib/test_cmocka.h"
#include "lib/test_random.h"

enum { NODES = 200, MANY = 50000 };

// The same nodes, in an array in their order.
struct model {
    struct treap tree;
    struct treap_node nodes[NODES];
    struct treap_node *order[NODES];
    struct treap_node *unused[NODES];
    uint32_t count;
};

static void set_up(struct model *m, uint64_t seed)
{
    treap_init(&m->tree, seed);
    m->count = 0;
    for (uint32_t i = 0; i < NODES; i++) {
        m->unused[i] = &m->nodes[i];
    }
}

static void insert_at(struct model *m, uint32_t place, uint8_t kinds)
{
    struct treap_node *node = m->unused[NODES - 1 - m->count];
    treap_insert_after(&m->tree, node, place == 0 ? NULL : m->order[place - 1], kinds);
    for (uint32_t i = m->count; i > place; i--) {
        m->order[i] = m->order[i - 1];
    }
    m->order[place] = node;
    m->count++;
}

static void remove_at(struct model *m, uint32_t place)
{
    m->count--;
    m->unused[NODES - 1 - m->count] = m->order[place];
    treap_remove(&m->tree, m->order[place]);
    for (uint32_t i = place; i < m->count; i++) {
        m->order[i] = m->order[i + 1];
    }
}

// The nearest place of one of `kinds` from `place` in steps of `step`, or NULL.
static struct treap_node *model_from(const struct model *m, int32_t place, int32_t step,
                                     uint8_t kinds)
{
    for (; place >= 0 && place < (int32_t)m->count; place += step) {
        if ((m->order[place]->kinds & kinds) != 0) {
            return m->order[place];
        }
    }
    return NULL;
}

static void assert_equals_model(struct model *m, uint8_t kinds)
{
    uint32_t count = 0;
    assert_true(treap_check(&m->tree, &count));
    assert_int_equal(count, m->count);
    int32_t last = (int32_t)m->count - 1;
    assert_ptr_equal(treap_first(&m->tree, kinds), model_from(m, 0, 1, kinds));
    assert_ptr_equal(treap_last(&m->tree, kinds), model_from(m, last, -1, kinds));
    struct treap_node *walked = NULL;
    for (int32_t i = 0; i <= last; i++) {
        walked = treap_walk(&m->tree, walked);
        assert_ptr_equal(walked, m->order[i]);
        assert_ptr_equal(treap_next(&m->tree, walked, kinds), model_from(m, i + 1, 1, kinds));
        assert_ptr_equal(treap_prev(&m->tree, walked, kinds), model_from(m, i - 1, -1, kinds));
    }
    assert_null(walked == NULL ? NULL : treap_walk(&m->tree, walked));
}

static void tree_equals_array_after_random_operations(void **state)
{
    (void)state;
    static struct model m;
    uint64_t seed = 41;
    for (uint32_t round = 0; round < 40; round++) {
        set_up(&m, test_random(&seed));
        for (uint32_t step = 0; step < 600; step++) {
            bool is_growing = test_random_below(&seed, 600) > step;
            uint8_t kinds = (uint8_t)(1U << test_random_below(&seed, 8));
            if (m.count > 0 && test_random_below(&seed, 3) == 0) {
                treap_set_kinds(&m.tree, m.order[test_random_below(&seed, m.count)], kinds);
            } else if (m.count < NODES && is_growing) {
                insert_at(&m, test_random_below(&seed, m.count + 1), kinds);
            } else if (m.count > 0) {
                remove_at(&m, test_random_below(&seed, m.count));
            }
            assert_equals_model(&m, (uint8_t)(1U << test_random_below(&seed, 8)));
            assert_equals_model(&m, TREAP_ANY);
        }
    }
}

static void empty_tree_has_no_nodes(void **state)
{
    (void)state;
    struct treap tree;
    uint32_t count = 1;
    treap_init(&tree, 7);
    assert_null(treap_first(&tree, TREAP_ANY));
    assert_null(treap_last(&tree, TREAP_ANY));
    assert_null(treap_walk(&tree, NULL));
    assert_true(treap_check(&tree, &count));
    assert_int_equal(count, 0);
}

static void same_seed_gives_the_same_tree(void **state)
{
    (void)state;
    static struct model a, b, c;
    set_up(&a, 5);
    set_up(&b, 5);
    set_up(&c, 6);
    bool is_other = false;
    for (uint32_t i = 0; i < NODES; i++) {
        insert_at(&a, i / 2, 1);
        insert_at(&b, i / 2, 1);
        insert_at(&c, i / 2, 1);
        assert_int_equal(a.order[i / 2]->priority, b.order[i / 2]->priority);
        is_other = is_other || a.order[i / 2]->priority != c.order[i / 2]->priority;
    }
    assert_int_equal(a.tree.steps, b.tree.steps);
    assert_true(is_other);
}

static void check_sees_damage(void **state)
{
    (void)state;
    static struct model m;
    uint32_t count;
    set_up(&m, 3);
    for (uint32_t i = 0; i < 9; i++) {
        insert_at(&m, i, 1);
    }
    m.order[4]->kinds_below |= 2;
    assert_false(treap_check(&m.tree, &count));
    m.order[4]->kinds_below = 1;
    uint32_t priority = m.tree.root->priority;
    m.tree.root->priority = 0;
    assert_false(treap_check(&m.tree, &count));
    m.tree.root->priority = priority;
    m.tree.root->parent = m.order[0];
    assert_false(treap_check(&m.tree, &count));
    m.tree.root->parent = NULL;
    assert_true(treap_check(&m.tree, &count));
}

static uint32_t depth_of(const struct treap_node *node)
{
    uint32_t depth = 0;
    for (; node != NULL; node = node->parent) {
        depth++;
    }
    return depth;
}

// 2^16 > MANY; a tree of random priorities is hardly ever deeper than 4 log2 n.
static void tree_filled_from_one_end_stays_flat(void **state)
{
    (void)state;
    static struct treap_node nodes[MANY];
    for (uint32_t is_backward = 0; is_backward < 2; is_backward++) {
        struct treap tree;
        treap_init(&tree, 11);
        for (uint32_t i = 0; i < MANY; i++) {
            treap_insert_after(&tree, &nodes[i], is_backward != 0 || i == 0 ? NULL : &nodes[i - 1],
                               1);
        }
        assert_true(tree.steps < UINT64_C(24) * MANY);
        for (uint32_t i = 0; i < MANY; i++) {
            assert_in_range(depth_of(&nodes[i]), 1, 64);
        }
        for (uint32_t i = 0; i < MANY; i++) {
            treap_remove(&tree, &nodes[i]);
        }
        assert_null(tree.root);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tree_equals_array_after_random_operations),
        cmocka_unit_test(empty_tree_has_no_nodes),
        cmocka_unit_test(same_seed_gives_the_same_tree),
        cmocka_unit_test(check_sees_damage),
        cmocka_unit_test(tree_filled_from_one_end_stays_flat),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
