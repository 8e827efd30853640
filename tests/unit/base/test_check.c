// SPDX-License-Identifier: MIT
//
// Failed checks reach the embedder's synfin_panic, which this program defines over the library's
// weak one; and misuse of pools is such a failure instead of silent damage.
#include "base/check.h"

#include <string.h>

#include "base/slab.h"
#include "lib/test_cmocka.h"
#include "lib/test_env.h"

static jmp_buf after_panic;
static const char *panic_what;

_Noreturn void synfin_panic(const char *file, int line, const char *what)
{
    assert_non_null(file);
    assert_true(line > 0);
    panic_what = what;
    longjmp(after_panic, 1);
}

static void assert_of_a_false_condition_panics_with_its_text(void **state)
{
    (void)state;
    volatile int two = 2;
    ASSERT(two == 2);
    if (setjmp(after_panic) == 0) {
        ASSERT(two == 3);
        fail();
    }
    assert_string_equal(panic_what, "two == 3");
}

static void give_and_expect_panic(struct slab_pool *pool, void *object)
{
    panic_what = NULL;
    if (setjmp(after_panic) == 0) {
        slab_pool_give(pool, object);
        fail();
    }
    assert_non_null(panic_what);
}

static void object_given_wrongly_panics(void **state)
{
    (void)state;
    struct synfin_env env;
    struct slab_source source;
    struct slab_pool pool, other;
    test_env_init(&env);
    slab_source_init(&source, &env, SIZE_MAX, 4096);
    slab_pool_init(&pool, &source, 100, UINT32_MAX);
    slab_pool_init(&other, &source, 100, UINT32_MAX);
    uint8_t *object = slab_pool_take(&pool, NULL);
    uint8_t *kept = slab_pool_take(&pool, NULL);
    give_and_expect_panic(&other, object);
    slab_pool_give(&pool, object);
    give_and_expect_panic(&pool, object); // twice
    memset(kept, 1, pool.stride_bytes);   // past its end
    give_and_expect_panic(&pool, kept);
    slab_pool_deinit(&pool);
    slab_pool_deinit(&other);
    assert_int_equal(test_env_of(&env)->slabs, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(assert_of_a_false_condition_panics_with_its_text),
        cmocka_unit_test(object_given_wrongly_panics),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
