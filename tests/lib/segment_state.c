// SPDX-License-Identifier: MIT
//
// What the segment tests ask of the stack behind them: its invariants, its counts, and whether
// everything is back.
#include "lib/segment.h"
#include "stack/stack_internal.h"
#include "tcp/tcp_internal.h"

uint32_t segment_count(enum synfin_tcp_state state)
{
    struct synfin_stack_stats stats = {.size = sizeof stats};
    synfin_stack_stats(bench.stack, &stats);
    return stats.by_state[state];
}

static uint32_t count_half_opens(const struct tcp_conn *listener)
{
    const struct tcp_stub_table *table = &bench.tcp->half_open;
    uint32_t count = 0;
    for (uint32_t queue = 0; queue < TCP_STUB_QUEUES; queue++) {
        struct tcp_stub *stub = tcp_stub_oldest(table, queue);
        for (; stub != NULL; stub = tcp_stub_younger(table, stub)) {
            struct tcp_pair pair;
            tcp_stub_pair(table, stub, &pair);
            count += tcp_port_find_listener(bench.tcp, &pair.local, pair.local_port) == listener;
        }
    }
    return count;
}

static void check_lists(const struct tcp_conn *conn, struct segment_place at)
{
    if (conn->state != SYNFIN_TCP_STATE_LISTEN || conn->is_passive) {
        return;
    }
    uint32_t acceptables = 0;
    const struct list_node *node = conn->listen.acceptable.next;
    for (; node != &conn->listen.acceptable; node = node->next) {
        acceptables++;
    }
    segment_equal(conn->listen.half_opens, count_half_opens(conn), "half-open children", at);
    segment_equal(conn->listen.acceptables, acceptables, "acceptable children", at);
}

void segment_check_all(struct segment_place at)
{
    const struct slab_pool *pool = &bench.tcp->conns;
    uint32_t by_state[SYNFIN_TCP_STATE_COUNT] = {0};
    for (uint32_t i = 0; i < pool->slabs_high * pool->objects_per_slab; i++) {
        const struct tcp_conn *conn = slab_pool_at(pool, i);
        if (conn != NULL) {
            tcp_conn_check(bench.tcp, conn);
            check_lists(conn, at);
            by_state[conn->state]++;
        }
    }
    tcp_stub_table_check(&bench.tcp->half_open);
    tcp_stub_table_check(&bench.tcp->time_wait);
    for (uint32_t i = 0; i < SYNFIN_TCP_STATE_COUNT; i++) {
        segment_equal(bench.tcp->by_state[i], by_state[i],
                      synfin_tcp_state_name((enum synfin_tcp_state)i), at);
    }
}

void segment_expect_free(struct segment_place at)
{
    const struct tcp *tcp = bench.tcp;
    segment_equal(tcp->in_table, 0, "connections in the table", at);
    segment_equal(tcp->half_open.pool.objects, 0, "half-open connections", at);
    segment_equal(tcp->time_wait.pool.objects, 0, "pairs in TIME-WAIT", at);
    segment_equal(tcp->runs.objects, 0, "runs in use", at);
    segment_equal(tcp->chunks.pool.objects, 0, "chunks in use", at);
    segment_equal(tcp->conns.objects,
                  tcp->by_state[SYNFIN_TCP_STATE_CLOSED] + tcp->by_state[SYNFIN_TCP_STATE_LISTEN],
                  "connection blocks in use", at);
}
