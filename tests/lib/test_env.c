// SPDX-License-Identifier: MIT
//
// The environment of tests. Memory is handed out 64 octets into an aligned block, so that code
// which silently relies on pages or larger alignment is found out, and is filled with a pattern,
// so that nobody relies on zeros.
#include "lib/test_env.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lib/test_random.h"

enum { ALIGNMENT = 64, RUBBISH = 0xd7 };

static struct test_env shared;

static bool must_fail(struct test_env *state)
{
    if (state->takes < state->fail_after || state->fail_times == 0) {
        return false;
    }
    if (state->fail_times != UINT32_MAX) {
        state->fail_times--;
    }
    return true;
}

static void *take_slab(void *ctx, size_t bytes)
{
    struct test_env *state = ctx;
    if (must_fail(state)) {
        return NULL;
    }
    size_t whole = (bytes + 2 * ALIGNMENT) / (2 * ALIGNMENT) * (2 * ALIGNMENT);
    uint8_t *block = aligned_alloc(2 * ALIGNMENT, whole + 2 * ALIGNMENT);
    if (block == NULL) {
        return NULL;
    }
    state->takes++;
    state->slabs++;
    state->slabs_max = state->slabs > state->slabs_max ? state->slabs : state->slabs_max;
    state->bytes += bytes;
    memset(block + ALIGNMENT, RUBBISH, bytes);
    return block + ALIGNMENT;
}

static void give_slab(void *ctx, void *slab, size_t bytes)
{
    struct test_env *state = ctx;
    if (state->slabs == 0 || state->bytes < bytes) {
        abort(); // given back what was never taken
    }
    state->slabs--;
    state->bytes -= bytes;
    free((uint8_t *)slab - ALIGNMENT);
}

static void fill_entropy(void *ctx, void *out, size_t bytes)
{
    struct test_env *state = ctx;
    for (uint8_t *p = out; bytes > 0; p++, bytes--) {
        *p = (uint8_t)test_random(&state->entropy);
    }
}

void test_env_bind(struct synfin_env *env, struct test_env *state, uint64_t seed)
{
    *state = (struct test_env){.fail_after = UINT32_MAX, .fail_times = UINT32_MAX, .entropy = seed};
    *env = (struct synfin_env){
        .size = sizeof *env,
        .ctx = state,
        .slab_take = take_slab,
        .slab_give = give_slab,
        .entropy = fill_entropy,
    };
}

void test_env_init(struct synfin_env *env)
{
    test_env_bind(env, &shared, 1);
}

struct test_env *test_env_of(const struct synfin_env *env)
{
    return env->ctx;
}
