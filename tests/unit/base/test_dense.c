// SPDX-License-Identifier: MIT
//
// Dense pools: page sizes, numbers, limits, what goes back and when, misuse; and random operations
// against an array of what should be in use.
#include "base/dense.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "lib/test_cmocka.h"
#include "lib/test_env.h"
#include "lib/test_random.h"

enum { SLAB_BYTES = 4096, OBJECT_BYTES = 60, PER_PAGE = 64, MODEL_MAX = 3000 };

struct fixture {
    struct synfin_env env;
    struct slab_source source;
    struct dense_pool pool;
};

static jmp_buf after_panic;
static bool expects_panic;

_Noreturn void synfin_panic(const char *file, int line, const char *what)
{
    if (!expects_panic) {
        print_error("%s:%d: %s\n", file, line, what);
        abort();
    }
    expects_panic = false;
    longjmp(after_panic, 1);
}

static void set_up(struct fixture *f, size_t limit_bytes, uint32_t objects_max)
{
    test_env_init(&f->env);
    slab_source_init(&f->source, &f->env, limit_bytes, SLAB_BYTES);
    dense_pool_init(&f->pool, &f->source, OBJECT_BYTES, objects_max);
    assert_int_equal(f->source.taken_bytes, 0);
}

static void tear_down(struct fixture *f)
{
    dense_pool_deinit(&f->pool);
    assert_int_equal(f->source.taken_bytes, 0);
    assert_int_equal(test_env_of(&f->env)->slabs, 0);
}

static void object_is_zeroed_aligned_and_found_by_number(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f, SIZE_MAX, UINT32_MAX);
    void *objects[3 * PER_PAGE];
    for (uint32_t i = 0; i < 3 * PER_PAGE; i++) {
        uint32_t number;
        uint8_t *object = dense_pool_take(&f.pool, &number);
        assert_non_null(object);
        assert_int_equal(number, i);
        assert_int_equal((uintptr_t)object % 4, 0);
        for (uint32_t k = 0; k < OBJECT_BYTES; k++) {
            assert_int_equal(object[k], 0);
        }
        memset(object, 0xff, OBJECT_BYTES);
        objects[i] = object;
    }
    for (uint32_t i = 0; i < 3 * PER_PAGE; i++) {
        assert_ptr_equal(dense_pool_at(&f.pool, i), objects[i]);
    }
    assert_int_equal(f.pool.pages, 3);
    tear_down(&f);
}

static void page_is_the_largest_power_of_two_that_fits_a_slab(void **state)
{
    (void)state;
    static const struct {
        uint32_t slab_bytes, object_bytes, page_shift;
    } rows
        [] =
            {
                {65536, 60, 10},  {65536, 64, 10}, {65536, 68, 9},    {4096, 60, 6},
                {4096, 512, 3},   {4096, 516, 3},  {4096, 100000, 3}, {1 << 20, 60, 14},
                {1 << 20, 4, 15}, // slots are numbered by 15 bits at most
            };
    for (uint32_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fixture f;
        uint32_t number;
        set_up(&f, SIZE_MAX, UINT32_MAX);
        f.source.slab_bytes = rows[i].slab_bytes;
        dense_pool_init(&f.pool, &f.source, rows[i].object_bytes, UINT32_MAX);
        assert_int_equal(f.pool.page_shift, rows[i].page_shift);
        for (uint32_t k = 0; k <= UINT32_C(1) << rows[i].page_shift; k++) {
            assert_non_null(dense_pool_take(&f.pool, &number));
            assert_int_equal(number, k);
        }
        assert_int_equal(f.pool.pages, 2);
        tear_down(&f);
    }
}

static void page_when_taken_is_not_touched(void **state)
{
    (void)state;
    struct fixture f;
    uint32_t number;
    set_up(&f, SIZE_MAX, UINT32_MAX);
    const uint8_t *object = dense_pool_take(&f.pool, &number);
    for (uint32_t i = OBJECT_BYTES; i < PER_PAGE * OBJECT_BYTES; i++) {
        assert_int_equal(object[i], 0xd7); // the environment's rubbish
    }
    tear_down(&f);
}

static void pool_at_objects_max_gives_null(void **state)
{
    (void)state;
    struct fixture f;
    uint32_t first, number;
    set_up(&f, SIZE_MAX, 3);
    assert_non_null(dense_pool_take(&f.pool, &first));
    assert_non_null(dense_pool_take(&f.pool, &number));
    assert_non_null(dense_pool_take(&f.pool, &number));
    assert_null(dense_pool_take(&f.pool, &number));
    dense_pool_give(&f.pool, first);
    assert_non_null(dense_pool_take(&f.pool, &number));
    assert_int_equal(number, first);
    tear_down(&f);
}

static void pool_whose_environment_fails_gives_null_and_recovers(void **state)
{
    (void)state;
    struct fixture f;
    uint32_t number;
    set_up(&f, SIZE_MAX, UINT32_MAX);
    for (uint32_t fail_after = 0; fail_after < 12; fail_after++) {
        test_env_of(&f.env)->fail_after = test_env_of(&f.env)->takes + fail_after;
        uint32_t taken = 0;
        while (dense_pool_take(&f.pool, &number) != NULL) {
            taken++;
        }
        // The first take is the directory's, and so is the tenth: it is full with eight pages.
        uint32_t pages = fail_after < 1 ? 0 : fail_after < 10 ? fail_after - 1 : fail_after - 2;
        assert_int_equal(taken, pages * PER_PAGE);
        assert_int_equal(f.pool.pages, pages);
        test_env_of(&f.env)->fail_after = UINT32_MAX;
        assert_non_null(dense_pool_take(&f.pool, &number));
        assert_int_equal(number, taken);
        dense_pool_deinit(&f.pool);
        assert_int_equal(test_env_of(&f.env)->slabs, 0);
    }
    tear_down(&f);
}

static void emptied_pages_go_back_but_one(void **state)
{
    (void)state;
    struct fixture f;
    uint32_t number;
    set_up(&f, SIZE_MAX, UINT32_MAX);
    for (uint32_t i = 0; i < 10 * PER_PAGE; i++) {
        assert_non_null(dense_pool_take(&f.pool, &number));
    }
    for (uint32_t i = 0; i < 10 * PER_PAGE; i++) {
        dense_pool_give(&f.pool, i);
        uint32_t empty = (i + 1) / PER_PAGE;
        assert_int_equal(f.pool.pages, empty < 1 ? 10 : 11 - empty);
    }
    assert_int_equal(f.pool.objects, 0);
    assert_int_equal(test_env_of(&f.env)->slabs, 2); // the spare, and the directory
    uint32_t takes = test_env_of(&f.env)->takes;
    for (uint32_t i = 0; i < 100; i++) {
        assert_non_null(dense_pool_take(&f.pool, &number));
        dense_pool_give(&f.pool, number);
    }
    assert_int_equal(test_env_of(&f.env)->takes, takes);
    tear_down(&f);
}

static void give_and_expect_panic(struct dense_pool *pool, uint32_t number)
{
    expects_panic = true;
    if (setjmp(after_panic) == 0) {
        dense_pool_give(pool, number);
        fail_msg("gave %u", number);
    }
}

static void number_given_wrongly_panics(void **state)
{
    (void)state;
    struct fixture f;
    uint32_t number;
    set_up(&f, SIZE_MAX, UINT32_MAX);
    give_and_expect_panic(&f.pool, 0);
    assert_non_null(dense_pool_take(&f.pool, &number));
    give_and_expect_panic(&f.pool, 1); // never taken
    give_and_expect_panic(&f.pool, PER_PAGE);
    give_and_expect_panic(&f.pool, UINT32_MAX);
    dense_pool_give(&f.pool, 0);
    give_and_expect_panic(&f.pool, 0); // its page is the spare now
    assert_int_equal(f.pool.objects, 0);
    tear_down(&f);
}

#if defined(SYNFIN_ASSERT_SLOW)
static void number_given_twice_panics_and_writing_a_free_object_too(void **state)
{
    (void)state;
    struct fixture f;
    uint32_t number;
    set_up(&f, SIZE_MAX, UINT32_MAX);
    assert_non_null(dense_pool_take(&f.pool, &number));
    uint8_t *object = dense_pool_take(&f.pool, &number);
    dense_pool_give(&f.pool, number);
    give_and_expect_panic(&f.pool, number);
    object[OBJECT_BYTES - 1] = 0;
    expects_panic = true;
    if (setjmp(after_panic) == 0) {
        (void)dense_pool_take(&f.pool, &number);
        fail();
    }
    tear_down(&f);
}
#endif

struct model {
    uint32_t number[MODEL_MAX];
    uint64_t mark[MODEL_MAX];
    uint32_t count;
};

static void take_one(struct fixture *f, struct model *m, uint64_t mark)
{
    uint32_t number;
    uint8_t *object = dense_pool_take(&f->pool, &number);
    if (object == NULL) {
        assert_true(m->count == f->pool.objects_max
                    || f->source.taken_bytes + (size_t)PER_PAGE * OBJECT_BYTES
                           > f->source.limit_bytes);
        return;
    }
    assert_ptr_equal(dense_pool_at(&f->pool, number), object);
    for (uint32_t i = 0; i < OBJECT_BYTES; i++) {
        assert_int_equal(object[i], 0);
    }
    for (uint32_t at = 0; at + sizeof mark <= OBJECT_BYTES; at += sizeof mark) {
        memcpy(object + at, &mark, sizeof mark); // two objects in one place would tread on it
    }
    m->number[m->count] = number;
    m->mark[m->count++] = mark;
}

static void give_one(struct fixture *f, struct model *m, uint32_t which)
{
    const uint8_t *object = dense_pool_at(&f->pool, m->number[which]);
    for (uint32_t at = 0; at + sizeof m->mark[0] <= OBJECT_BYTES; at += sizeof m->mark[0]) {
        assert_memory_equal(object + at, &m->mark[which], sizeof m->mark[0]);
    }
    dense_pool_give(&f->pool, m->number[which]);
    m->number[which] = m->number[--m->count];
    m->mark[which] = m->mark[m->count];
}

// Neither more pages than objects and one, nor more numbers than there ever were pages for.
static void check_against(const struct fixture *f, const struct model *m, uint32_t count_most)
{
    assert_int_equal(f->pool.objects, m->count);
    assert_true(f->pool.pages <= m->count + 1);
    assert_true(f->pool.pages * PER_PAGE >= m->count);
    assert_true(f->pool.pages_high <= count_most + 1);
    assert_int_equal(f->source.taken_bytes, test_env_of(&f->env)->bytes);
    assert_true(f->source.taken_bytes <= f->source.limit_bytes);
}

static void pool_equals_model_after_random_operations(void **state)
{
    (void)state;
    static struct model m;
    for (uint64_t seed = 1; seed <= 6; seed++) {
        struct fixture f;
        uint64_t random = seed;
        uint32_t bias = 50;
        uint32_t count_most = 0;
        set_up(&f, seed % 2 == 0 ? 100000 : SIZE_MAX, seed % 3 == 0 ? 1000 : MODEL_MAX);
        m.count = 0;
        for (uint32_t i = 0; i < 40000; i++) {
            if (i % 2000 == 0) {
                bias = 20 + test_random_below(&random, 61);
            }
            if (test_random_below(&random, 100) < bias) {
                take_one(&f, &m, test_random(&random));
            } else if (m.count > 0) {
                give_one(&f, &m, test_random_below(&random, m.count));
            }
            count_most = m.count > count_most ? m.count : count_most;
            check_against(&f, &m, count_most);
        }
        while (m.count > 0) {
            give_one(&f, &m, m.count - 1);
        }
        assert_int_equal(f.pool.pages, 1);
        tear_down(&f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(object_is_zeroed_aligned_and_found_by_number),
        cmocka_unit_test(page_is_the_largest_power_of_two_that_fits_a_slab),
        cmocka_unit_test(page_when_taken_is_not_touched),
        cmocka_unit_test(pool_at_objects_max_gives_null),
        cmocka_unit_test(pool_whose_environment_fails_gives_null_and_recovers),
        cmocka_unit_test(emptied_pages_go_back_but_one),
        cmocka_unit_test(number_given_wrongly_panics),
#if defined(SYNFIN_ASSERT_SLOW)
        cmocka_unit_test(number_given_twice_panics_and_writing_a_free_object_too),
#endif
        cmocka_unit_test(pool_equals_model_after_random_operations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
