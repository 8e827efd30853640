// SPDX-License-Identifier: MIT
//
// Time: one wheel holds one entry per connection and one of net's.
#include "stack/stack_internal.h"

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
}

uint64_t synfin_stack_next_deadline(const synfin_stack *stack)
{
    return wheel_next_deadline(&stack->wheel);
}
