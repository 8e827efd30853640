// SPDX-License-Identifier: MIT
//
// An environment for tests: slabs from malloc, aligned as the contract says and no better, filled
// with rubbish and counted; takes that fail on order; entropy that is the same in every run.
#ifndef TEST_ENV_H
#define TEST_ENV_H

#include <stddef.h>
#include <stdint.h>

#include <synfin/stack.h>

struct test_env {
    uint32_t slabs;      // taken and not given back
    uint32_t slabs_max;  // the most that were so at a time
    size_t bytes;        // in these
    uint32_t takes;      // slab_take calls that succeeded since init
    uint32_t fail_after; // takes from this one on fail; UINT32_MAX: none
    uint32_t fail_times; // so many of them, and the rest succeeds; UINT32_MAX: all
    uint64_t entropy;    // state of the generator
};

// Makes `env` one over state that all callers of this function share, and starts that afresh.
void test_env_init(struct synfin_env *env);
// The same over state of the caller's own, with entropy of its own: for tests with two stacks.
void test_env_bind(struct synfin_env *env, struct test_env *state, uint64_t seed);
// The state behind an environment.
struct test_env *test_env_of(const struct synfin_env *env);

#endif
