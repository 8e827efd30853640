// SPDX-License-Identifier: MIT
//
// What the sockets have to say, in the order in which it happened to them.
#include "stack/stack_internal.h"

bool synfin_stack_next_event(synfin_stack *stack, struct synfin_event *event)
{
    struct tcp_conn *conn;
    if (!tcp_next_event(&stack->tcp, event, &conn)) {
        return false;
    }
    event->socket = socket_handle(stack, conn);
    return true;
}
