// SPDX-License-Identifier: MIT
//
// What every world of the lab is made of; see lab_rig.h.
#include "cli/lab_rig.h"

#include <stdlib.h>
#include <string.h>

static void *take_slab(void *ctx, size_t bytes)
{
    (void)ctx;
    return aligned_alloc(64, (bytes + 63) / 64 * 64);
}

static void give_slab(void *ctx, void *slab, size_t bytes)
{
    (void)ctx;
    (void)bytes;
    free(slab);
}

void lab_rig_env(struct synfin_env *env)
{
    memset(env, 0, sizeof *env);
    env->size = sizeof *env;
    env->slab_take = take_slab;
    env->slab_give = give_slab;
}

// SplitMix64 of Steele, Lea and Flood, OOPSLA 2014: predictable on purpose, in the lab only.
static uint64_t draw(uint64_t *state)
{
    *state += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = *state;
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static void fill_entropy(void *ctx, void *out, size_t bytes)
{
    uint64_t *random = ctx;
    uint8_t *octets = out;
    for (size_t i = 0; i < bytes; i++) {
        octets[i] = (uint8_t)draw(random);
    }
}

struct synfin_addr lab_rig_addr(enum synfin_link_side side, bool is_ipv6)
{
    uint8_t host = side == SYNFIN_LINK_A ? 1 : 2;
    struct synfin_addr addr = {{0x20, 0x01, 0x0d, 0xb8}};
    addr.octet[15] = host;
    return is_ipv6 ? addr : synfin_addr_ipv4(192, 0, 2, host);
}

static enum synfin_error add_ways(synfin_stack *stack, const struct synfin_addr *addr)
{
    static const struct synfin_addr direct = {{0}};
    struct synfin_iface_config config;
    uint32_t iface = 0;
    synfin_iface_config_default(&config);
    bool is_ipv4 = synfin_addr_is_ipv4(addr);
    struct synfin_prefix prefix = {.addr = *addr, .bits = is_ipv4 ? 24 : 64};
    struct synfin_prefix all = {.addr = is_ipv4 ? synfin_addr_ipv4(0, 0, 0, 0) : direct};
    enum synfin_error error = synfin_stack_add_iface(stack, &config, &iface);
    if (error == SYNFIN_ERROR_OK) {
        error = synfin_stack_add_addr(stack, iface, &prefix);
    }
    if (error == SYNFIN_ERROR_OK) {
        error = synfin_stack_add_route(stack, iface, &all, &direct);
    }
    return error;
}

enum synfin_error lab_rig_make(const struct lab_rig_host *host, synfin_stack **out)
{
    struct synfin_env env;
    lab_rig_env(&env);
    env.ctx = host->random;
    env.entropy = fill_entropy;
    env.trace = host->trace;
    env.trace_ctx = host->trace_ctx;
    *out = NULL;
    enum synfin_error error = synfin_stack_create(&env, host->stack, 0, out);
    return error == SYNFIN_ERROR_OK ? add_ways(*out, &host->addr) : error;
}
