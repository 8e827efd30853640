// SPDX-License-Identifier: MIT
//
// A stack's life: creation in the environment's memory, interfaces, addresses and routes, and
// giving everything back.
#include "base/addr_kind.h"
#include "stack/stack_internal.h"

#include <string.h>

#include "base/check.h"

// A shorter struct is that of an older header: what it lacks is NULL.
static bool read_env(struct synfin_env *to, const struct synfin_env *from)
{
    memset(to, 0, sizeof *to);
    if (from->size < sizeof from->size || from->size > sizeof *to) {
        return false;
    }
    memcpy(to, from, from->size);
    to->size = sizeof *to;
    return to->slab_take != NULL && to->slab_give != NULL && to->entropy != NULL;
}

static void draw_key(const struct synfin_env *env, struct siphash_key *key)
{
    env->entropy(env->ctx, key, sizeof *key);
}

// Makes what is in the stack; on failure the caller gives back what was made.
static enum synfin_error build(struct synfin_stack *stack, uint64_t now_ns)
{
    const struct synfin_env *env = &stack->memory.env;
    struct net_config net = {
        .source = &stack->memory,
        .wheel = &stack->wheel,
        .report = &stack->report,
        .reassembly_bytes_max = stack->config.reassembly_bytes_max,
        .hop_limit = stack->config.hop_limit,
    };
    stack->now_ns = now_ns;
    report_init(&stack->report, env->trace, env->trace_ctx);
    wheel_init(&stack->wheel, now_ns);
    draw_key(env, &stack->flow_key);
    draw_key(env, &net.key);
    enum synfin_error error =
        tcp_init(&stack->tcp, &stack->config, &stack->memory, &stack->wheel, &stack->report);
    if (error != SYNFIN_ERROR_OK) {
        return error;
    }
    stack->net = net_create(&net, now_ns);
    if (stack->net == NULL) {
        tcp_deinit(&stack->tcp);
        return SYNFIN_ERROR_NO_MEMORY;
    }
    return SYNFIN_ERROR_OK;
}

// Gives the stack's own slab back through a copy of the source that lies in it.
static void give_stack(struct synfin_stack *stack)
{
    struct slab_source memory = stack->memory;
    slab_source_give(&memory, stack, sizeof *stack);
    ASSERT(memory.taken_bytes == 0);
}

enum synfin_error synfin_stack_create(const struct synfin_env *env,
                                      const struct synfin_stack_config *config, uint64_t now_ns,
                                      synfin_stack **out)
{
    struct synfin_env full_env;
    struct synfin_stack_config full;
    *out = NULL;
    if (!read_env(&full_env, env) || !stack_config_read(&full, config)) {
        return SYNFIN_ERROR_INVALID;
    }
    struct slab_source memory;
    slab_source_init(&memory, &full_env, full.memory_limit_bytes, full.slab_bytes);
    struct synfin_stack *stack = slab_source_take(&memory, sizeof *stack);
    if (stack == NULL) {
        return SYNFIN_ERROR_NO_MEMORY;
    }
    stack->memory = memory;
    stack->config = full;
    enum synfin_error error = build(stack, now_ns);
    if (error != SYNFIN_ERROR_OK) {
        give_stack(stack);
        return error;
    }
    *out = stack;
    return SYNFIN_ERROR_OK;
}

void synfin_stack_destroy(synfin_stack *stack)
{
    if (stack == NULL) {
        return;
    }
    // In this order: net takes its entry off the wheel, whose other entries lie in connections.
    net_destroy(stack->net);
    tcp_deinit(&stack->tcp);
    give_stack(stack);
}

enum synfin_error synfin_stack_add_iface(synfin_stack *stack,
                                         const struct synfin_iface_config *config, uint32_t *iface)
{
    struct synfin_iface_config full;
    if (!stack_config_read_iface(&full, config)) {
        return SYNFIN_ERROR_INVALID;
    }
    uint32_t number;
    enum synfin_error error = net_add_iface(stack->net, &full, stack->now_ns, &number);
    if (error != SYNFIN_ERROR_OK) {
        return error;
    }
    ASSERT(number < SYNFIN_IFACES_MAX);
    stack_path_of_iface(stack, number, &stack->tcp.answer[number]);
    *iface = number;
    return SYNFIN_ERROR_OK;
}

static bool has_valid_bits(const struct synfin_prefix *prefix)
{
    return prefix->bits <= (addr_kind_is_ipv4(&prefix->addr) ? 32 : 128);
}

enum synfin_error synfin_stack_add_addr(synfin_stack *stack, uint32_t iface,
                                        const struct synfin_prefix *prefix)
{
    if (iface >= net_ifaces(stack->net) || !has_valid_bits(prefix)) {
        return SYNFIN_ERROR_INVALID;
    }
    return net_add_addr(stack->net, iface, prefix, stack->now_ns);
}

enum synfin_error synfin_stack_add_route(synfin_stack *stack, uint32_t iface,
                                         const struct synfin_prefix *prefix,
                                         const struct synfin_addr *gateway)
{
    if (iface >= net_ifaces(stack->net) || !has_valid_bits(prefix)) {
        return SYNFIN_ERROR_INVALID;
    }
    return net_add_route(stack->net, iface, prefix, gateway);
}
