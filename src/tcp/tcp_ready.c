// SPDX-License-Identifier: MIT
//
// Who has something to send: a list per interface, which the device's asking goes round, and
// another of those that wait for their next hop's address.
#include "tcp/tcp_internal.h"

struct tcp_conn *tcp_ready_first(struct tcp *tcp, uint32_t iface)
{
    struct list_node *list = &tcp->ready[iface];
    return list_is_empty(list) ? NULL : CONTAINER_OF(list->next, struct tcp_conn, ready);
}

void tcp_ready_rotate(struct tcp *tcp, struct tcp_conn *conn)
{
    if (conn->is_ready) {
        list_remove(&conn->ready);
        list_push_back(&tcp->ready[conn->path.iface], &conn->ready);
    }
}

void tcp_park(struct tcp *tcp, struct tcp_conn *conn)
{
    tcp_output_forget(tcp, conn);
    list_push_back(&tcp->parked[conn->path.iface], &conn->ready);
    conn->is_parked = true;
}

void tcp_unpark_all(struct tcp *tcp, uint32_t iface)
{
    struct list_node *node;
    while ((node = list_pop_front(&tcp->parked[iface])) != NULL) {
        struct tcp_conn *conn = CONTAINER_OF(node, struct tcp_conn, ready);
        conn->is_parked = false;
        tcp_output_want(tcp, conn);
    }
    tcp_stray_unpark_all(tcp, iface);
}

bool tcp_has_output(const struct tcp *tcp, uint32_t iface)
{
    return !list_is_empty(&tcp->ready[iface]) || tcp_stray_is_ready(tcp, iface);
}
