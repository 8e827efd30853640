// SPDX-License-Identifier: MIT
//
// Figures about the whole stack.
#include <string.h>

#include "stack/stack_internal.h"

static uint64_t used_bytes(const struct slab_pool *pool)
{
    return (uint64_t)pool->objects * pool->object_bytes;
}

static uint64_t used_by_stubs(const struct tcp_stub_table *table)
{
    return (uint64_t)table->pool.objects * sizeof(struct tcp_stub);
}

void synfin_stack_stats(const synfin_stack *stack, struct synfin_stack_stats *out)
{
    const struct tcp *tcp = &stack->tcp;
    struct synfin_stack_stats stats = {
        .size = out->size,
        .memory_bytes = stack->memory.taken_bytes,
        .memory_used_bytes = sizeof *stack + used_bytes(&tcp->conns) + used_bytes(&tcp->runs)
                             + used_bytes(&tcp->chunks.pool) + used_by_stubs(&tcp->half_open)
                             + used_by_stubs(&tcp->time_wait),
        .sockets = tcp->conns.objects,
        .packets_in = stack->packets_in,
        .packets_out = stack->packets_out,
        .segments_in = tcp->segments_in,
        .segments_out = tcp->segments_out,
        .segments_retransmitted = tcp->segments_retransmitted,
        .octets_in = tcp->octets_in,
        .octets_out = tcp->octets_out,
    };
    memcpy(stats.by_state, tcp->by_state, sizeof stats.by_state);
    stats.by_state[SYNFIN_TCP_STATE_SYN_RECEIVED] += tcp->half_open.pool.objects;
    stats.by_state[SYNFIN_TCP_STATE_TIME_WAIT] += tcp->time_wait.pool.objects;
    memcpy(out, &stats, out->size < sizeof stats ? out->size : sizeof stats);
}

uint64_t synfin_stack_count(const synfin_stack *stack, enum synfin_reason reason)
{
    return (uint32_t)reason < SYNFIN_REASON_COUNT ? stack->report.count[reason] : 0;
}
