// SPDX-License-Identifier: MIT
//
// Connections by their pair of endpoints: a keyed hash table with chains, so that an attacker
// who does not know the key cannot aim at one chain. It doubles when it holds as many
// connections as buckets; when there is no memory to double it stays as it is.
#include "base/check.h"
#include "tcp/tcp_internal.h"

enum { BUCKETS_MIN = 64, BUCKETS_MAX = 1 << 24 };

_Static_assert(sizeof(struct tcp_pair) == 36, "hashed as octets: no padding");

static uint32_t bucket_of(const struct tcp *tcp, const struct tcp_pair *pair)
{
    return (uint32_t)tcp_stub_hash(&tcp->table_key, pair) & (tcp->bucket_count - 1);
}

static void take_buckets(struct tcp *tcp, struct tcp_conn **buckets, uint32_t count)
{
    tcp->buckets = buckets;
    tcp->bucket_count = count;
}

enum synfin_error tcp_table_init(struct tcp *tcp)
{
    struct tcp_conn **buckets =
        slab_source_take(tcp->memory, BUCKETS_MIN * sizeof(struct tcp_conn *));
    if (buckets == NULL) {
        return SYNFIN_ERROR_NO_MEMORY;
    }
    take_buckets(tcp, buckets, BUCKETS_MIN);
    return SYNFIN_ERROR_OK;
}

void tcp_table_deinit(struct tcp *tcp)
{
    slab_source_give(tcp->memory, tcp->buckets, tcp->bucket_count * sizeof(struct tcp_conn *));
    take_buckets(tcp, NULL, 0);
}

static void link_conn(struct tcp *tcp, struct tcp_conn *conn)
{
    uint32_t bucket = bucket_of(tcp, &conn->pair);
    conn->table_next = tcp->buckets[bucket];
    tcp->buckets[bucket] = conn;
}

static void grow(struct tcp *tcp)
{
    uint32_t old_count = tcp->bucket_count;
    struct tcp_conn **old = tcp->buckets;
    if (old_count >= BUCKETS_MAX) {
        return;
    }
    struct tcp_conn **buckets =
        slab_source_take(tcp->memory, 2 * (size_t)old_count * sizeof(struct tcp_conn *));
    if (buckets == NULL) {
        return;
    }
    take_buckets(tcp, buckets, 2 * old_count);
    for (uint32_t i = 0; i < old_count; i++) {
        while (old[i] != NULL) {
            struct tcp_conn *conn = old[i];
            old[i] = conn->table_next;
            link_conn(tcp, conn);
        }
    }
    slab_source_give(tcp->memory, old, old_count * sizeof(struct tcp_conn *));
}

static bool is_same(const struct tcp_pair *a, const struct tcp_pair *b)
{
    return __builtin_memcmp(a, b, sizeof(*a)) == 0;
}

struct tcp_conn *tcp_table_find_hashed(const struct tcp *tcp, const struct tcp_pair *pair,
                                       uint64_t hash)
{
    struct tcp_conn *conn = tcp->buckets[(uint32_t)hash & (tcp->bucket_count - 1)];
    while (conn != NULL && !is_same(&conn->pair, pair)) {
        conn = conn->table_next;
    }
    return conn;
}

// Segments come in bursts of one connection: the one found last is tried before the table.
struct tcp_conn *tcp_table_find_again(struct tcp *tcp, const struct tcp_pair *pair, uint64_t *hash)
{
    if (tcp->found_last != NULL && is_same(&tcp->found_last->pair, pair)) {
        return tcp->found_last;
    }
    *hash = tcp_stub_hash(&tcp->table_key, pair);
    struct tcp_conn *conn = tcp_table_find_hashed(tcp, pair, *hash);
    if (conn != NULL) {
        tcp->found_last = conn;
    }
    return conn;
}

struct tcp_conn *tcp_table_find(const struct tcp *tcp, const struct tcp_pair *pair)
{
    return tcp_table_find_hashed(tcp, pair, tcp_stub_hash(&tcp->table_key, pair));
}

void tcp_table_insert(struct tcp *tcp, struct tcp_conn *conn)
{
    ASSERT(!conn->is_in_table);
    ASSERT_SLOW(tcp_table_find(tcp, &conn->pair) == NULL);
    if (tcp->in_table >= tcp->bucket_count) {
        grow(tcp);
    }
    link_conn(tcp, conn);
    conn->is_in_table = true;
    tcp->in_table++;
}

void tcp_table_remove(struct tcp *tcp, struct tcp_conn *conn)
{
    if (!conn->is_in_table) {
        return;
    }
    struct tcp_conn **link = &tcp->buckets[bucket_of(tcp, &conn->pair)];
    while (*link != conn) {
        link = &(*link)->table_next;
    }
    *link = conn->table_next;
    conn->table_next = NULL;
    if (tcp->found_last == conn) {
        tcp->found_last = NULL;
    }
    conn->is_in_table = false;
    tcp->in_table--;
}
