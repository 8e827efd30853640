// SPDX-License-Identifier: MIT
//
// Lists: order, removal from anywhere, and nodes on no list.
#include "base/list.h"

#include "lib/test_cmocka.h"

static void nodes_come_out_in_order(void **state)
{
    (void)state;
    struct list_node list, nodes[4];
    list_init(&list);
    assert_null(list_pop_front(&list));
    for (uint32_t i = 0; i < 4; i++) {
        list_init(&nodes[i]);
    }
    list_push_back(&list, &nodes[1]);
    list_push_back(&list, &nodes[2]);
    list_push_front(&list, &nodes[0]);
    list_push_back(&list, &nodes[3]);
    const struct list_node *expected = nodes;
    list_for_each (node, &list) {
        assert_ptr_equal(node, expected);
        expected++;
    }
    assert_ptr_equal(expected, nodes + 4);
    list_remove(&nodes[1]);
    list_remove(&nodes[1]); // on no list: harmless
    assert_true(list_is_empty(&nodes[1]));
    assert_ptr_equal(list_pop_front(&list), &nodes[0]);
    assert_ptr_equal(list_pop_front(&list), &nodes[2]);
    assert_ptr_equal(list_pop_front(&list), &nodes[3]);
    assert_true(list_is_empty(&list));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nodes_come_out_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
