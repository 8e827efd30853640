// SPDX-License-Identifier: MIT
//
// Shares of the stack's memory: see tcp_memory.h. The rule that a queue may be as long as what is
// free (a dynamic threshold, as switches with one memory for all ports have it) needs neither a
// count of those who take part nor a look at any other connection.
#include "tcp/tcp_memory.h"
#include "tcp/tcp_internal.h"

static uint64_t larger(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static uint32_t smaller(uint64_t a, uint32_t b)
{
    return a < b ? (uint32_t)a : b;
}

uint64_t tcp_memory_free(const struct tcp *tcp)
{
    const struct slab_pool *pool = &tcp->chunks.pool;
    uint64_t in_use = (uint64_t)(pool->slabs - pool->spares) * pool->objects_per_slab;
    uint64_t unused = in_use - pool->objects;
    return tcp->memory->limit_bytes - tcp->memory->taken_bytes + tcp->memory->spare_bytes
           + unused * pool->stride_bytes;
}

// What is free beyond so many eighths of all.
static uint64_t free_above(const struct tcp *tcp, uint32_t eighths)
{
    uint64_t kept = tcp->memory->limit_bytes / 8 * eighths;
    uint64_t free = tcp_memory_free(tcp);
    return free > kept ? free - kept : 0;
}

bool tcp_memory_is_plenty(const struct tcp *tcp)
{
    return free_above(tcp, 4) > 0;
}

bool tcp_memory_may_keep(const struct tcp *tcp)
{
    return free_above(tcp, 2) > 0;
}

// Two segments, so that the peer is not driven into small ones, or what one chunk holds; in whole
// units of the window's scale.
static uint64_t least_to_receive(const struct tcp *tcp, const struct tcp_conn *conn)
{
    uint64_t least = larger(2 * (uint64_t)conn->rcv.mss_seen, tcp->chunks.capacity);
    uint64_t unit = UINT64_C(1) << conn->rcv.wscale_shift;
    return (least + unit - 1) / unit * unit;
}

uint32_t tcp_memory_buffer_in_units(const struct tcp_conn *conn)
{
    uint32_t least = UINT32_C(2) << conn->rcv.wscale_shift;
    uint32_t buffer = conn->set.receive_buffer_bytes;
    return conn->rcv.wscale_shift > 0 && buffer < least ? least : buffer;
}

uint32_t tcp_memory_receive_limit(const struct tcp *tcp, const struct tcp_conn *conn)
{
    uint32_t buffer = tcp_memory_buffer_in_units(conn);
    uint64_t share = free_above(tcp, 1);
    return share >= buffer ? buffer : smaller(larger(share, least_to_receive(tcp, conn)), buffer);
}

uint32_t tcp_memory_send_limit(const struct tcp *tcp, const struct tcp_conn *conn)
{
    uint32_t buffer = conn->set.send_buffer_bytes;
    uint64_t share = free_above(tcp, 3) / 2;
    uint64_t least = larger(2 * (uint64_t)conn->snd.mss, tcp->chunks.capacity);
    return share >= buffer ? buffer : smaller(larger(share, least), buffer);
}

uint32_t tcp_memory_may_take(const struct tcp *tcp, const struct tcp_conn *conn, uint32_t bytes)
{
    if (free_above(tcp, 1) > 0) {
        return bytes;
    }
    uint64_t least = least_to_receive(tcp, conn);
    uint64_t held = (uint64_t)conn->receive.bytes + conn->ooo.bytes;
    return smaller(least > held ? least - held : 0, bytes);
}

void tcp_memory_note(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns)
{
    uint32_t buffer = conn->set.receive_buffer_bytes;
    uint32_t limit = tcp_memory_receive_limit(tcp, conn);
    bool is_short = limit < buffer;
    if (is_short == conn->is_short_of_memory) {
        return;
    }
    conn->is_short_of_memory = is_short;
    struct tcp_resize resize = {
        .reason = is_short ? SYNFIN_REASON_WINDOW_HELD : SYNFIN_REASON_WINDOW_RELEASED,
        .bytes = limit,
        .before_bytes = buffer,
        .measured_bytes = smaller(tcp_memory_free(tcp), UINT32_MAX),
    };
    tcp_trace_buffer(tcp, conn, &resize, now_ns);
}

void tcp_memory_await(struct tcp *tcp, struct tcp_conn *conn)
{
    if (conn->listener == NULL && list_is_empty(&conn->family)) {
        list_push_back(&tcp->starved, &conn->family);
    }
}

// One at a time, and none while there is no chunk: whoever is told and finds none waits again.
void tcp_memory_wake(struct tcp *tcp)
{
    if (list_is_empty(&tcp->starved)) {
        return;
    }
    void *chunk = slab_pool_take_raw(&tcp->chunks.pool, NULL);
    if (chunk == NULL) {
        return;
    }
    slab_pool_give(&tcp->chunks.pool, chunk);
    struct tcp_conn *conn = CONTAINER_OF(list_pop_front(&tcp->starved), struct tcp_conn, family);
    conn->is_send_blocked = false;
    tcp_event_tell(tcp, conn, SYNFIN_EVENT_WRITABLE);
}
