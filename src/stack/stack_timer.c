// SPDX-License-Identifier: MIT
//
// Time: one wheel holds one entry per connection and one of net's. Memory has a time of its own, at
// which nobody is woken up who has none to give back.
#include "base/deadline.h"
#include "stack/stack_internal.h"

// As long as the longest wait for an answer (stack_config.c: rto_max_ns): what flights need is
// needed again before, however slowly they follow each other.
#define TRIM_NS (60 * NS_PER_S)

static void trim_memory(struct synfin_stack *stack, uint64_t now_ns)
{
    if (stack->trim_ns <= now_ns) {
        slab_source_trim(&stack->memory);
        stack->trim_ns = deadline_after(now_ns, TRIM_NS);
    }
}

void synfin_stack_advance(synfin_stack *stack, uint64_t now_ns)
{
    now_ns = stack_now(stack, now_ns);
    net_reclaim(stack->net);
    wheel_advance(&stack->wheel, now_ns);
    const struct wheel_entry *tick = net_tick(stack->net);
    for (struct wheel_entry *entry; (entry = wheel_pop_due(&stack->wheel)) != NULL;) {
        if (entry == tick) {
            net_advance(stack->net, now_ns);
        } else {
            tcp_timer_fire(&stack->tcp, entry, now_ns);
        }
    }
    stack_path_poll_changes(stack);
    trim_memory(stack, now_ns);
}

uint64_t synfin_stack_next_deadline(const synfin_stack *stack)
{
    uint64_t trim_ns = stack->memory.surplus > 0 ? stack->trim_ns : SYNFIN_NEVER;
    return deadline_min(wheel_next_deadline(&stack->wheel), trim_ns);
}
