// SPDX-License-Identifier: MIT
//
// Slabs and pools: limits, numbers, reuse, and a hundred thousand random operations against an
// array of what should be in use.
#include "base/slab.h"

#include <string.h>

#include "lib/test_cmocka.h"
#include "lib/test_env.h"
#include "lib/test_random.h"

enum { SLAB_BYTES = 4096 };

struct fixture {
    struct synfin_env env;
    struct slab_source source;
    struct slab_pool pool;
};

static void set_up(struct fixture *f, size_t limit_bytes, uint32_t object_bytes,
                   uint32_t objects_max)
{
    test_env_init(&f->env);
    slab_source_init(&f->source, &f->env, limit_bytes, SLAB_BYTES);
    slab_pool_init(&f->pool, &f->source, object_bytes, objects_max);
}

static void tear_down(struct fixture *f)
{
    slab_pool_deinit(&f->pool);
    assert_int_equal(f->source.taken_bytes, 0);
    assert_int_equal(test_env_of(&f->env)->slabs, 0);
}

static void source_at_limit_gives_null(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f, 1000, 16, UINT32_MAX);
    uint8_t *memory = slab_source_take(&f.source, 600);
    assert_non_null(memory);
    for (uint32_t i = 0; i < 600; i++) {
        assert_int_equal(memory[i], 0);
    }
    assert_null(slab_source_take(&f.source, 401));
    assert_null(slab_source_take(&f.source, SIZE_MAX));
    void *rest = slab_source_take(&f.source, 400);
    assert_non_null(rest);
    slab_source_give(&f.source, memory, 600);
    slab_source_give(&f.source, rest, 400);
    tear_down(&f);
}

static void object_is_zeroed_aligned_and_found_by_number(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f, SIZE_MAX, 60, UINT32_MAX);
    void *objects[200];
    for (uint32_t i = 0; i < 200; i++) {
        uint32_t index;
        uint8_t *object = slab_pool_take(&f.pool, &index);
        assert_non_null(object);
        assert_int_equal(index, i);
        assert_int_equal((uintptr_t)object % 64, 0); // 60 + 4 octets of tag: a cache line
        for (uint32_t k = 0; k < 60; k++) {
            assert_int_equal(object[k], 0);
        }
        memset(object, 0xff, 60);
        objects[i] = object;
    }
    for (uint32_t i = 0; i < 200; i++) {
        assert_ptr_equal(slab_pool_at(&f.pool, i), objects[i]);
        assert_int_equal(slab_pool_index(&f.pool, objects[i]), i);
    }
    assert_null(slab_pool_at(&f.pool, 200));
    assert_null(slab_pool_at(&f.pool, UINT32_MAX));
    tear_down(&f);
}

static void pool_at_objects_max_gives_null(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f, SIZE_MAX, 100, 3);
    void *first = slab_pool_take(&f.pool, NULL);
    assert_true(slab_pool_has_room(&f.pool));
    assert_non_null(slab_pool_take(&f.pool, NULL));
    assert_non_null(slab_pool_take(&f.pool, NULL));
    assert_false(slab_pool_has_room(&f.pool));
    assert_null(slab_pool_take(&f.pool, NULL));
    slab_pool_give(&f.pool, first);
    assert_ptr_equal(slab_pool_take(&f.pool, NULL), first);
    tear_down(&f);
}

static void pool_whose_environment_fails_gives_null_and_recovers(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f, SIZE_MAX, 1000, UINT32_MAX);
    for (uint32_t fail_after = 0; fail_after < 3; fail_after++) {
        test_env_of(&f.env)->fail_after = test_env_of(&f.env)->takes + fail_after;
        uint32_t taken = 0;
        while (slab_pool_take(&f.pool, NULL) != NULL) {
            taken++;
        }
        // The first failure is the directory's, the second and third the slabs'.
        assert_int_equal(taken, fail_after == 0 ? 0 : (fail_after - 1) * f.pool.objects_per_slab);
        test_env_of(&f.env)->fail_after = UINT32_MAX;
        assert_non_null(slab_pool_take(&f.pool, NULL));
        slab_pool_deinit(&f.pool);
        assert_int_equal(test_env_of(&f.env)->slabs, 0);
    }
    tear_down(&f);
}

static void pool_of_large_objects_takes_larger_slabs(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f, SIZE_MAX, 3 * SLAB_BYTES, UINT32_MAX);
    assert_int_equal(f.pool.objects_per_slab, 1);
    uint8_t *a = slab_pool_take(&f.pool, NULL);
    uint8_t *b = slab_pool_take(&f.pool, NULL);
    memset(a, 1, 3 * SLAB_BYTES);
    memset(b, 2, 3 * SLAB_BYTES);
    assert_int_equal(a[3 * SLAB_BYTES - 1], 1);
    slab_pool_give(&f.pool, a);
    slab_pool_give(&f.pool, b);
    assert_int_equal(f.pool.spares, 2);
    tear_down(&f);
}

enum { SWING = 10, OBJECTS_MOST = SWING * 15 };

// Takes as many objects as fill so many slabs, and gives them all back.
static void swing(struct fixture *f, uint32_t slabs)
{
    void *object[OBJECTS_MOST];
    uint32_t count = slabs * f->pool.objects_per_slab;
    assert_true(count <= OBJECTS_MOST);
    for (uint32_t i = 0; i < count; i++) {
        object[i] = slab_pool_take_raw(&f->pool, NULL);
        assert_non_null(object[i]);
    }
    while (count-- > 0) {
        slab_pool_give(&f->pool, object[count]);
    }
}

// sim --seed 91 --world 2572 --only memory,super --connections 1: M1. Each super-packet filled five
// slabs, and its acknowledgment emptied them.
static void pool_that_swings_takes_its_slabs_once(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f, SIZE_MAX, 300, UINT32_MAX);
    swing(&f, SWING);
    uint32_t takes = test_env_of(&f.env)->takes;
    for (uint32_t round = 0; round < 100; round++) {
        swing(&f, SWING);
        slab_source_trim(&f.source);
    }
    assert_int_equal(test_env_of(&f.env)->takes, takes);
    tear_down(&f);
}

static void slabs_that_were_not_needed_between_two_trims_go_back(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f, SIZE_MAX, 300, UINT32_MAX);
    swing(&f, SWING);
    assert_int_equal(f.source.surplus, SWING - 1);
    assert_int_equal(f.source.spare_bytes, SWING * SLAB_BYTES);
    slab_source_trim(&f.source); // they were needed since the one before
    assert_int_equal(f.pool.slabs, SWING);
    swing(&f, 3);
    slab_source_trim(&f.source);
    assert_int_equal(f.pool.slabs, 3);
    slab_source_trim(&f.source);
    assert_int_equal(f.pool.slabs, 1);
    slab_source_trim(&f.source);
    assert_int_equal(f.pool.slabs, 1); // as ever
    assert_int_equal(f.source.surplus, 0);
    tear_down(&f);
}

static void spares_go_to_whoever_has_none(void **state)
{
    (void)state;
    struct fixture f;
    struct slab_pool other;
    set_up(&f, (SWING + 1) * SLAB_BYTES, 300, UINT32_MAX);
    slab_pool_init(&other, &f.source, 500, UINT32_MAX);
    swing(&f, SWING);
    uint32_t count = 0;
    while (slab_pool_take(&other, NULL) != NULL) {
        count++;
    }
    assert_int_equal(f.pool.slabs, 0);
    assert_int_equal(count, SWING * other.objects_per_slab); // the rest are directories
    slab_pool_deinit(&other);
    tear_down(&f);
}

static void spares_go_back_when_the_environment_has_none(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f, SIZE_MAX, 300, UINT32_MAX);
    swing(&f, 3);
    test_env_of(&f.env)->fail_after = 0;
    test_env_of(&f.env)->fail_times = 2;
    void *memory = slab_source_take(&f.source, SLAB_BYTES);
    assert_non_null(memory);
    assert_int_equal(f.pool.slabs, 1);
    slab_source_give(&f.source, memory, SLAB_BYTES);
    tear_down(&f);
}

static void empty_pool_numbers_as_a_new_one(void **state)
{
    (void)state;
    enum { COUNT = 300 };
    struct fixture f;
    set_up(&f, SIZE_MAX, 44, UINT32_MAX);
    void *objects[COUNT];
    uint64_t seed = 7;
    for (uint32_t round = 0; round < 20; round++) {
        for (uint32_t i = 0; i < COUNT; i++) {
            uint32_t index;
            objects[i] = slab_pool_take_raw(&f.pool, &index);
            assert_int_equal(index, i);
        }
        for (uint32_t left = COUNT; left > 0; left--) {
            uint32_t i = test_random_below(&seed, left);
            slab_pool_give(&f.pool, objects[i]);
            objects[i] = objects[left - 1];
        }
        assert_int_equal(f.pool.spares, f.pool.slabs);
        assert_null(slab_pool_at(&f.pool, 0));
    }
    tear_down(&f);
}

// Memory that comes back as it was left, with the tags of objects that a pool forgot.
static void *take_recycled(void *ctx, size_t bytes)
{
    static _Alignas(64) uint8_t slab[SLAB_BYTES];
    static _Alignas(64) uint8_t directory[SLAB_BYTES];
    (void)ctx;
    return bytes == SLAB_BYTES ? slab : directory;
}

static void give_recycled(void *ctx, void *slab, size_t bytes)
{
    (void)ctx;
    (void)slab;
    (void)bytes;
}

static void number_in_recycled_memory_is_not_in_use(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f, SIZE_MAX, 60, UINT32_MAX);
    f.source.env.slab_take = take_recycled;
    f.source.env.slab_give = give_recycled;
    for (uint32_t i = 0; i < 5; i++) {
        assert_non_null(slab_pool_take(&f.pool, NULL));
    }
    assert_non_null(slab_pool_at(&f.pool, 4));
    slab_pool_deinit(&f.pool);
    assert_non_null(slab_pool_take(&f.pool, NULL));
    assert_non_null(slab_pool_at(&f.pool, 0));
    assert_null(slab_pool_at(&f.pool, 4));
    tear_down(&f);
}

// A model: what is in use, by number, with a stamp that the object must still hold.
struct model {
    uint8_t *object[4000];
    uint32_t live[4000]; // numbers in use
    uint32_t count;
};

static void fill(uint8_t *object, uint32_t index)
{
    memset(object, (int)(index * 31 & 0xff), 73);
}

static void take_one(struct fixture *f, struct model *m)
{
    uint32_t index;
    uint8_t *object = slab_pool_take(&f->pool, &index);
    assert_non_null(object);
    assert_true(index < 4000);
    assert_null(m->object[index]);
    assert_int_equal(object[0] | object[72], 0);
    fill(object, index);
    m->object[index] = object;
    m->live[m->count++] = index;
}

static void give_one(struct fixture *f, struct model *m, uint32_t which)
{
    uint32_t index = m->live[which];
    uint8_t expected[73];
    fill(expected, index);
    assert_memory_equal(m->object[index], expected, 73);
    slab_pool_give(&f->pool, m->object[index]);
    m->object[index] = NULL;
    m->live[which] = m->live[--m->count];
}

static void pool_equals_model_after_random_operations(void **state)
{
    (void)state;
    static struct model m;
    struct fixture f;
    set_up(&f, SIZE_MAX, 73, UINT32_MAX);
    memset(&m, 0, sizeof m);
    uint64_t seed = 42;
    for (uint32_t step = 0; step < 300000; step++) {
        // The wanted number swings, so that slabs fill up and empty again.
        uint32_t wanted = step / 3000 % 2 == 0 ? 1900 : 10;
        bool takes = test_random_below(&seed, 16) < (m.count < wanted ? 12 : 4);
        if (takes && m.count < 2000) {
            take_one(&f, &m);
        } else if (m.count > 0) {
            give_one(&f, &m, test_random_below(&seed, m.count));
        }
        uint32_t probe = test_random_below(&seed, 4000);
        assert_ptr_equal(slab_pool_at(&f.pool, probe), m.object[probe]);
        assert_int_equal(f.pool.objects, m.count);
    }
    assert_int_equal(f.source.taken_bytes, test_env_of(&f.env)->bytes);
    tear_down(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(source_at_limit_gives_null),
        cmocka_unit_test(object_is_zeroed_aligned_and_found_by_number),
        cmocka_unit_test(pool_at_objects_max_gives_null),
        cmocka_unit_test(pool_whose_environment_fails_gives_null_and_recovers),
        cmocka_unit_test(pool_of_large_objects_takes_larger_slabs),
        cmocka_unit_test(pool_that_swings_takes_its_slabs_once),
        cmocka_unit_test(slabs_that_were_not_needed_between_two_trims_go_back),
        cmocka_unit_test(spares_go_to_whoever_has_none),
        cmocka_unit_test(spares_go_back_when_the_environment_has_none),
        cmocka_unit_test(empty_pool_numbers_as_a_new_one),
        cmocka_unit_test(number_in_recycled_memory_is_not_in_use),
        cmocka_unit_test(pool_equals_model_after_random_operations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
