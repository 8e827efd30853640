// SPDX-License-Identifier: MIT
//
// The timer wheel: never early, never lost, in the order of ticks, over any jump of time; and
// random operations against an array that is searched from end to end.
#include "base/wheel.h"

#include <synfin/stack.h>

#include "lib/test_cmocka.h"
#include "lib/test_random.h"
#include "lib/wheel_model.h"

#define TICK_NS (UINT64_C(1) << WHEEL_TICK_SHIFT)

static void entry_at_its_deadline_expires_and_not_before(void **state)
{
    (void)state;
    struct wheel wheel;
    struct wheel_entry entry;
    for (uint32_t bit = 0; bit < 64; bit++) {
        for (uint64_t now_ns = 0; now_ns < 3 * TICK_NS; now_ns += TICK_NS / 3) {
            uint64_t deadline_ns = now_ns + (UINT64_C(1) << bit) - 1;
            wheel_init(&wheel, now_ns);
            wheel_entry_init(&entry);
            wheel_arm(&wheel, &entry, deadline_ns);
            assert_true(wheel_is_armed(&entry));
            assert_int_equal(wheel_next_deadline(&wheel), deadline_ns);
            if (deadline_ns > now_ns) {
                wheel_advance(&wheel, deadline_ns - 1);
                assert_null(wheel_pop_due(&wheel));
            }
            wheel_advance(&wheel, deadline_ns);
            assert_ptr_equal(wheel_pop_due(&wheel), &entry);
            assert_false(wheel_is_armed(&entry));
            assert_int_equal(wheel_next_deadline(&wheel), SYNFIN_NEVER);
            assert_int_equal(wheel.entries, 0);
        }
    }
}

static void entry_armed_in_the_past_is_due_at_the_next_advance(void **state)
{
    (void)state;
    struct wheel wheel;
    struct wheel_entry entry;
    wheel_init(&wheel, 10 * TICK_NS);
    wheel_entry_init(&entry);
    wheel_arm(&wheel, &entry, 5);
    assert_true(wheel_next_deadline(&wheel) <= 10 * TICK_NS);
    assert_null(wheel_pop_due(&wheel));
    wheel_advance(&wheel, 3); // an earlier time changes nothing
    assert_null(wheel_pop_due(&wheel));
    wheel_advance(&wheel, 10 * TICK_NS);
    assert_ptr_equal(wheel_pop_due(&wheel), &entry);
}

static void entry_armed_for_never_is_cancelled(void **state)
{
    (void)state;
    struct wheel wheel;
    struct wheel_entry entry;
    wheel_init(&wheel, 0);
    wheel_entry_init(&entry);
    wheel_arm(&wheel, &entry, 100);
    wheel_arm(&wheel, &entry, SYNFIN_NEVER);
    assert_false(wheel_is_armed(&entry));
    wheel_cancel(&wheel, &entry);
    wheel_advance(&wheel, UINT64_MAX);
    assert_null(wheel_pop_due(&wheel));
    assert_int_equal(wheel.entries, 0);
}

static void entry_cancelled_while_due_is_not_given(void **state)
{
    (void)state;
    struct wheel wheel;
    struct wheel_entry entries[3];
    wheel_init(&wheel, 0);
    for (uint32_t i = 0; i < 3; i++) {
        wheel_entry_init(&entries[i]);
        wheel_arm(&wheel, &entries[i], 1000 + i);
    }
    wheel_advance(&wheel, 2000);
    wheel_cancel(&wheel, &entries[1]);
    assert_true(wheel_next_deadline(&wheel) <= 1000);
    assert_ptr_equal(wheel_pop_due(&wheel), &entries[0]);
    wheel_arm(&wheel, &entries[2], 900000);
    assert_null(wheel_pop_due(&wheel));
    assert_int_equal(wheel_next_deadline(&wheel), 900000);
}

static void entry_armed_again_in_the_loop_waits_for_the_next_advance(void **state)
{
    (void)state;
    struct wheel wheel;
    struct wheel_entry entry;
    wheel_init(&wheel, 0);
    wheel_entry_init(&entry);
    wheel_arm(&wheel, &entry, 50);
    for (uint32_t i = 0; i < 5; i++) {
        wheel_advance(&wheel, TICK_NS);
        assert_ptr_equal(wheel_pop_due(&wheel), &entry);
        wheel_arm(&wheel, &entry, TICK_NS);
        assert_null(wheel_pop_due(&wheel));
    }
}

static void jump_to_the_end_of_time_gives_all_in_the_order_of_ticks(void **state)
{
    (void)state;
    enum { COUNT = 5000 };
    static struct wheel wheel;
    static struct wheel_entry entries[COUNT];
    wheel_init(&wheel, 12345);
    uint64_t seed = 3;
    for (uint32_t i = 0; i < COUNT; i++) {
        uint64_t deadline_ns = test_random(&seed) >> test_random_below(&seed, 64);
        wheel_entry_init(&entries[i]);
        wheel_arm(&wheel, &entries[i], deadline_ns == SYNFIN_NEVER ? 0 : deadline_ns);
    }
    wheel_advance(&wheel, UINT64_MAX);
    uint64_t tick = 0;
    for (uint32_t i = 0; i < COUNT; i++) {
        struct wheel_entry *entry = wheel_pop_due(&wheel);
        assert_non_null(entry);
        assert_true(entry->deadline_ns >> WHEEL_TICK_SHIFT >= tick);
        tick = entry->deadline_ns >> WHEEL_TICK_SHIFT;
    }
    assert_null(wheel_pop_due(&wheel));
    assert_int_equal(wheel.entries, 0);
}

// 100 entries within one tick, each due at another time: waking up when told gives each in time
// without a wake-up in vain but the first, which finds the tick itself.
static void next_deadline_of_a_crowded_tick_wastes_no_wake_ups(void **state)
{
    (void)state;
    enum { COUNT = 100 };
    static struct wheel wheel;
    struct wheel_entry entries[COUNT];
    wheel_init(&wheel, 0);
    for (uint32_t i = 0; i < COUNT; i++) {
        wheel_entry_init(&entries[i]);
        wheel_arm(&wheel, &entries[i], 70 * TICK_NS + 600 * (i + 1));
    }
    uint32_t wakes = 0;
    uint32_t given = 0;
    while (given < COUNT) {
        uint64_t now_ns = wheel_next_deadline(&wheel);
        assert_true(now_ns <= 70 * TICK_NS + 600 * (given + 1));
        wheel_advance(&wheel, now_ns);
        wakes++;
        struct wheel_entry *entry = wheel_pop_due(&wheel);
        if (entry != NULL) {
            assert_ptr_equal(entry, &entries[given]);
            assert_int_equal(entry->deadline_ns, now_ns);
            given++;
        }
    }
    assert_true(wakes <= COUNT + 2); // the slot of level 1, the tick
}

static void step_model(struct wheel_model *m, uint64_t *seed, uint32_t reach_bits)
{
    uint32_t which = test_random_below(seed, m->entries);
    uint64_t wait_ns = test_random(seed) >> (64 - reach_bits + test_random_below(seed, reach_bits));
    uint64_t to_ns = m->now_ns + wait_ns < m->now_ns ? m->now_ns : m->now_ns + wait_ns;
    uint64_t next_ns = wheel_next_deadline(&m->wheel);
    switch (test_random_below(seed, 8)) {
    case 0: wheel_model_cancel(m, which); break;
    case 1: assert_true(wheel_model_advance(m, m->now_ns + wait_ns / 64)); break;
    case 2:
        assert_true(wheel_model_advance(m, next_ns == SYNFIN_NEVER ? m->now_ns : next_ns));
        break;
    case 3: wheel_model_arm(m, which, m->now_ns - (wait_ns & 0xff) % (m->now_ns + 1)); break;
    default: wheel_model_arm(m, which, to_ns); break;
    }
    assert_true(wheel_model_check(m, which));
}

static void wheel_equals_model_after_random_operations(void **state)
{
    (void)state;
    static struct wheel_model m;
    uint64_t seed = 11;
    for (uint32_t round = 0; round < 60; round++) {
        wheel_model_init(&m, WHEEL_MODEL_MAX,
                         round % 3 == 0 ? 0 : test_random(&seed) >> (round % 50));
        for (uint32_t step = 0; step < 5000; step++) {
            step_model(&m, &seed, 10 + round % 50);
        }
        assert_true(wheel_model_advance(&m, SYNFIN_NEVER - 1));
        assert_int_equal(m.wheel.entries, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entry_at_its_deadline_expires_and_not_before),
        cmocka_unit_test(entry_armed_in_the_past_is_due_at_the_next_advance),
        cmocka_unit_test(entry_armed_for_never_is_cancelled),
        cmocka_unit_test(entry_cancelled_while_due_is_not_given),
        cmocka_unit_test(entry_armed_again_in_the_loop_waits_for_the_next_advance),
        cmocka_unit_test(jump_to_the_end_of_time_gives_all_in_the_order_of_ticks),
        cmocka_unit_test(next_deadline_of_a_crowded_tick_wastes_no_wake_ups),
        cmocka_unit_test(wheel_equals_model_after_random_operations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
