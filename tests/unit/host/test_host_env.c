// SPDX-License-Identifier: MIT
//
// The environment and the clocks of the host layer.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include <synfin/host.h>

static void slabs_of_any_size_are_aligned(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 63, 64, 65, 4096, 65536 - 1, 65536, 2 << 20};
    struct synfin_env env;
    synfin_host_env(&env);
    assert_int_equal(env.size, sizeof(env));
    assert_null(env.trace);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        uint8_t *slab = env.slab_take(env.ctx, sizes[i]);
        assert_non_null(slab);
        assert_int_equal((uintptr_t)slab % 64, 0);
        memset(slab, 0xa5, sizes[i]);
        env.slab_give(env.ctx, slab, sizes[i]);
    }
}

static void slab_of_impossible_size_is_refused(void **state)
{
    (void)state;
    struct synfin_env env;
    synfin_host_env(&env);
    assert_null(env.slab_take(env.ctx, SIZE_MAX));
    assert_null(env.slab_take(env.ctx, SIZE_MAX - 62));
}

static void entropy_fills_everything_and_differs(void **state)
{
    (void)state;
    uint8_t first[600] = {0};
    uint8_t second[600] = {0};
    uint32_t zeros = 0;
    struct synfin_env env;
    synfin_host_env(&env);
    env.entropy(env.ctx, first, sizeof(first));
    env.entropy(env.ctx, second, sizeof(second) - 1);
    assert_memory_not_equal(first, second, sizeof(first));
    for (size_t i = 0; i < sizeof(first); i++) {
        zeros += first[i] == 0;
    }
    assert_true(zeros < 40); // 2.3 expected
    assert_int_equal(second[sizeof(second) - 1], 0);
}

static void clock_advances_and_offset_leads_to_the_epoch(void **state)
{
    (void)state;
    uint64_t before_ns = synfin_host_now();
    uint64_t after_ns = synfin_host_now();
    assert_true(after_ns >= before_ns);
    int64_t epoch_ns = (int64_t)after_ns + synfin_host_epoch_offset();
    int64_t apart_s = epoch_ns / 1000000000 - (int64_t)time(NULL);
    assert_true(apart_s >= -1 && apart_s <= 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slabs_of_any_size_are_aligned),
        cmocka_unit_test(slab_of_impossible_size_is_refused),
        cmocka_unit_test(entropy_fills_everything_and_differs),
        cmocka_unit_test(clock_advances_and_offset_leads_to_the_epoch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
