// SPDX-License-Identifier: MIT
//
// The order of arrivals against a naive model: a list that is searched for its smallest.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "link/link_internal.h"
#include "link_fixture.h"

enum { SLOTS = 400, STEPS = 20000, SLOT_BYTES = sizeof(struct link_slot) };

// Slots without room for a packet, one behind the other.
static struct link_slot *slot_at(struct link_slot *slots, uint32_t i)
{
    return (struct link_slot *)(void *)((uint8_t *)slots + (size_t)i * SLOT_BYTES);
}

static uint32_t random_below(uint64_t *seed, uint32_t bound)
{
    *seed = *seed * UINT64_C(6364136223846793005) + 1442695040888963407;
    return (uint32_t)(*seed >> 33) % bound;
}

struct model {
    struct link_slot *slot[SLOTS];
    uint32_t count;
};

static uint32_t model_first(const struct model *model)
{
    uint32_t first = 0;
    for (uint32_t i = 1; i < model->count; i++) {
        const struct link_slot *a = model->slot[i];
        const struct link_slot *b = model->slot[first];
        if (a->arrives_ns < b->arrives_ns
            || (a->arrives_ns == b->arrives_ns && a->number < b->number)) {
            first = i;
        }
    }
    return first;
}

static void queue_with_random_holds_gives_what_the_model_gives(void **state)
{
    (void)state;
    struct fixture_memory memory;
    struct synfin_env env;
    fixture_env(&env, &memory);
    struct slab_source source;
    slab_source_init(&source, &env, SIZE_MAX, 4096);
    struct link_slot *slots = calloc(SLOTS, SLOT_BYTES);
    assert_non_null(slots);
    struct link_slot *vacant[SLOTS];
    uint32_t vacant_count = SLOTS;
    for (uint32_t i = 0; i < SLOTS; i++) {
        vacant[i] = slot_at(slots, i);
    }
    struct link_queue queue;
    memset(&queue, 0, sizeof queue);
    struct model model = {.count = 0};
    uint64_t seed = 11;
    uint64_t in_order_ns = 0;
    for (uint64_t step = 1; step <= STEPS; step++) {
        bool wants_push = random_below(&seed, 100) < (step / 1000 % 2 == 0 ? 60U : 40U);
        if (wants_push && vacant_count != 0) {
            struct link_slot *slot = vacant[--vacant_count];
            slot->number = step;
            in_order_ns += random_below(&seed, 3);
            slot->arrives_ns = in_order_ns;
            if (random_below(&seed, 2) == 0) {
                slot->arrives_ns += random_below(&seed, 200);
                assert_true(link_queue_reserve(&queue, &source));
                link_queue_hold(&queue, slot);
            } else {
                link_queue_push(&queue, slot);
            }
            model.slot[model.count++] = slot;
        } else if (model.count != 0) {
            uint32_t first = model_first(&model);
            struct link_slot *slot = link_queue_peek(&queue);
            assert_ptr_equal(slot, model.slot[first]);
            link_queue_pop(&queue);
            model.slot[first] = model.slot[--model.count];
            vacant[vacant_count++] = slot;
        }
        assert_int_equal(link_queue_peek(&queue) == NULL, model.count == 0);
    }
    assert_true(queue.held_capacity > 16);
    link_queue_deinit(&queue, &source);
    assert_int_equal(memory.taken_bytes, 0);
    free(slots);
}

static void reserve_without_memory_fails_and_keeps_the_held(void **state)
{
    (void)state;
    struct fixture_memory memory;
    struct synfin_env env;
    fixture_env(&env, &memory);
    struct slab_source source;
    slab_source_init(&source, &env, SIZE_MAX, 4096);
    struct link_slot *slots = calloc(16, SLOT_BYTES);
    assert_non_null(slots);
    struct link_queue queue;
    memset(&queue, 0, sizeof queue);
    for (uint32_t i = 0; i < 16; i++) {
        struct link_slot *slot = slot_at(slots, i);
        slot->arrives_ns = 100 - i;
        slot->number = i;
        assert_true(link_queue_reserve(&queue, &source));
        link_queue_hold(&queue, slot);
    }
    memory.limit_bytes = memory.taken_bytes;
    assert_false(link_queue_reserve(&queue, &source));
    for (uint32_t i = 16; i-- > 0;) {
        assert_ptr_equal(link_queue_peek(&queue), slot_at(slots, i));
        link_queue_pop(&queue);
    }
    assert_null(link_queue_peek(&queue));
    link_queue_deinit(&queue, &source);
    assert_int_equal(memory.taken_bytes, 0);
    free(slots);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(queue_with_random_holds_gives_what_the_model_gives),
        cmocka_unit_test(reserve_without_memory_fails_and_keeps_the_held),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
