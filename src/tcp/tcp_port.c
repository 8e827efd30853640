// SPDX-License-Identifier: MIT
//
// Local ports: listeners and bound sockets by port, and the choice of ephemeral ports. Ephemeral
// ports are random (RFC 6056 §3.3.1), so that somebody off the path must guess them; only the
// pair of endpoints must be unique, not the port.
#include "base/addr_kind.h"
#include "base/check.h"
#include "tcp/tcp_internal.h"
#include "tcp/tcp_time_wait.h"

static struct tcp_conn **bucket_of(struct tcp *tcp, uint16_t port)
{
    return &tcp->port_bucket[port % TCP_PORT_BUCKETS];
}

void tcp_port_insert(struct tcp *tcp, struct tcp_conn *conn)
{
    ASSERT(!conn->is_bound && !conn->is_in_table);
    struct tcp_conn **bucket = bucket_of(tcp, conn->pair.local_port);
    conn->table_next = *bucket;
    *bucket = conn;
    conn->is_bound = true;
}

void tcp_port_remove(struct tcp *tcp, struct tcp_conn *conn)
{
    if (!conn->is_bound) {
        return;
    }
    struct tcp_conn **link = bucket_of(tcp, conn->pair.local_port);
    while (*link != conn) {
        link = &(*link)->table_next;
    }
    *link = conn->table_next;
    conn->table_next = NULL;
    conn->is_bound = false;
}

// :: stands for every address of both versions, 0.0.0.0 for every IPv4 address.
static bool covers(const struct synfin_addr *bound, const struct synfin_addr *addr)
{
    if (!synfin_addr_is_unspecified(bound)) {
        return addr_kind_is_equal(bound, addr);
    }
    return !addr_kind_is_ipv4(bound) || addr_kind_is_ipv4(addr);
}

struct tcp_conn *tcp_port_find_listener(const struct tcp *tcp, const struct synfin_addr *local,
                                        uint16_t port)
{
    struct tcp_conn *found = NULL;
    struct tcp_conn *conn = tcp->port_bucket[port % TCP_PORT_BUCKETS];
    for (; conn != NULL; conn = conn->table_next) {
        if (conn->state != SYNFIN_TCP_STATE_LISTEN || conn->pair.local_port != port
            || !covers(&conn->pair.local, local)) {
            continue;
        }
        if (!synfin_addr_is_unspecified(&conn->pair.local)) {
            return conn;
        }
        found = conn;
    }
    return found;
}

// A connection that is opening keeps nobody from listening: RFC 9293 §3.9.1.1 [MUST-42].
bool tcp_port_is_taken(const struct tcp *tcp, const struct synfin_addr *local, uint16_t port)
{
    const struct tcp_conn *conn = tcp->port_bucket[port % TCP_PORT_BUCKETS];
    for (; conn != NULL; conn = conn->table_next) {
        if (conn->pair.local_port == port
            && (covers(&conn->pair.local, local) || covers(local, &conn->pair.local))) {
            return true;
        }
    }
    return false;
}

static uint32_t port_count(const struct tcp *tcp)
{
    return (uint32_t)tcp->config.port_last - tcp->config.port_first + 1;
}

static uint16_t port_at(const struct tcp *tcp, uint32_t start, uint32_t step)
{
    return (uint16_t)(tcp->config.port_first + (start + step) % port_count(tcp));
}

// What a new active open finds of its pair.
enum pair_is {
    PAIR_IS_FREE,
    PAIR_IS_WAITING, // in TIME-WAIT, which lets it go
    PAIR_IS_TAKEN,
};

static enum pair_is judge_pair(const struct tcp *tcp, const struct tcp_pair *pair, uint64_t now_ns)
{
    uint64_t hash = tcp_stub_hash(&tcp->table_key, pair);
    if (tcp_table_find_hashed(tcp, pair, hash) != NULL
        || tcp_stub_find(&tcp->half_open, pair, hash) != NULL) {
        return PAIR_IS_TAKEN;
    }
    const struct tcp_stub *stub = tcp_stub_find(&tcp->time_wait, pair, hash);
    if (stub == NULL) {
        return PAIR_IS_FREE;
    }
    return tcp_time_wait_may_take(tcp, stub, now_ns) ? PAIR_IS_WAITING : PAIR_IS_TAKEN;
}

bool tcp_port_may_take(const struct tcp *tcp, const struct tcp_pair *pair, uint64_t now_ns)
{
    return judge_pair(tcp, pair, now_ns) != PAIR_IS_TAKEN;
}

// A pair in TIME-WAIT is taken only when no other is left.
enum synfin_error tcp_port_choose(struct tcp *tcp, struct tcp_pair *pair, uint64_t now_ns)
{
    uint32_t start = entropy_below(&tcp->entropy, port_count(tcp));
    uint16_t waiting = 0;
    for (uint32_t step = 0; step < port_count(tcp); step++) {
        pair->local_port = port_at(tcp, start, step);
        if (tcp_port_is_taken(tcp, &pair->local, pair->local_port)) {
            continue;
        }
        enum pair_is is = judge_pair(tcp, pair, now_ns);
        if (is == PAIR_IS_FREE) {
            return SYNFIN_ERROR_OK;
        }
        waiting = is == PAIR_IS_WAITING ? pair->local_port : waiting;
    }
    pair->local_port = waiting;
    return waiting != 0 ? SYNFIN_ERROR_OK : SYNFIN_ERROR_NO_PORTS;
}

void tcp_port_forget_half_opens(struct tcp *tcp)
{
    for (uint32_t i = 0; i < TCP_PORT_BUCKETS; i++) {
        for (struct tcp_conn *conn = tcp->port_bucket[i]; conn != NULL; conn = conn->table_next) {
            conn->listen.half_opens = 0;
        }
    }
}

enum synfin_error tcp_port_choose_free(struct tcp *tcp, const struct synfin_addr *local,
                                       uint16_t *port)
{
    uint32_t start = entropy_below(&tcp->entropy, port_count(tcp));
    for (uint32_t step = 0; step < port_count(tcp); step++) {
        *port = port_at(tcp, start, step);
        if (!tcp_port_is_taken(tcp, local, *port)) {
            return SYNFIN_ERROR_OK;
        }
    }
    return SYNFIN_ERROR_IN_USE;
}
