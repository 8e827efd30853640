// SPDX-License-Identifier: MIT
//
// See tcp_record.h. Ends are sequence numbers in a search tree: marks are added at its right edge,
// acknowledged ones taken off its left edge, and any segment finds the next one in O(log n).
#include "tcp/tcp_record.h"

#include "base/check.h"
#include "base/treap.h"
#include "tcp/tcp_internal.h"
#include "tcp/tcp_linux.h"

struct tcp_record {
    struct treap_node order;
    struct seq end; // behind its last octet
};

struct tcp_records {
    struct treap order;
};

_Static_assert(sizeof(struct tcp_records) <= sizeof(struct tcp_record), "one pool serves both");

enum { ANY_KIND = 1 };

uint32_t tcp_record_bytes(void)
{
    return sizeof(struct tcp_record);
}

static struct tcp_record *record_of(struct treap_node *node)
{
    return node == NULL ? NULL : CONTAINER_OF(node, struct tcp_record, order);
}

// Only the user chooses places, so that the seed is no secret.
static bool begin(struct tcp *tcp, struct tcp_conn *conn)
{
    if (conn->records == NULL) {
        conn->records = slab_pool_take(&tcp->records, NULL);
        if (conn->records != NULL) {
            treap_init(&conn->records->order, conn->number);
        }
    }
    return conn->records != NULL;
}

static void end_if_empty(struct tcp *tcp, struct tcp_conn *conn)
{
    if (conn->records != NULL && conn->records->order.root == NULL) {
        slab_pool_give(&tcp->records, conn->records);
        conn->records = NULL;
    }
}

static bool append(struct tcp *tcp, struct tcp_conn *conn, struct seq end)
{
    struct treap *order = &conn->records->order;
    struct treap_node *last = treap_last(order, TREAP_ANY);
    if (last != NULL && seq_eq(record_of(last)->end, end)) {
        return true;
    }
    struct tcp_record *record = slab_pool_take(&tcp->records, NULL);
    if (record == NULL) {
        return false;
    }
    record->end = end;
    treap_insert_after(order, &record->order, last, ANY_KIND);
    return true;
}

enum synfin_error tcp_record_end(struct tcp *tcp, struct tcp_conn *conn)
{
    if (!tcp_state_is(conn, TCP_FACT_MAY_QUEUE)) {
        return SYNFIN_ERROR_INVALID;
    }
    if (conn->send.bytes == 0) {
        return SYNFIN_ERROR_OK;
    }
    bool is_marked = begin(tcp, conn) && append(tcp, conn, tcp_output_end(conn));
    end_if_empty(tcp, conn);
    if (!is_marked) {
        return SYNFIN_ERROR_NO_MEMORY;
    }
    tcp_linux_on_record_end(conn);
    tcp_output_want(tcp, conn);
    return SYNFIN_ERROR_OK;
}

static void drop_until(struct tcp *tcp, struct tcp_conn *conn, struct seq until)
{
    while (conn->records != NULL) {
        struct treap *order = &conn->records->order;
        struct tcp_record *first = record_of(treap_first(order, TREAP_ANY));
        if (first != NULL && seq_gt(first->end, until)) {
            return;
        }
        if (first != NULL) {
            treap_remove(order, &first->order);
            slab_pool_give(&tcp->records, first);
        }
        end_if_empty(tcp, conn);
    }
}

void tcp_record_drop_acked(struct tcp *tcp, struct tcp_conn *conn)
{
    drop_until(tcp, conn, conn->snd.una);
}

void tcp_record_drop_all(struct tcp *tcp, struct tcp_conn *conn)
{
    drop_until(tcp, conn, tcp_output_end(conn));
}

// The nearest ends on both sides of a number: the last one at or before it, and the first behind.
static void find(const struct tcp_conn *conn, struct seq at, struct tcp_record **before,
                 struct tcp_record **behind)
{
    struct treap_node *node = conn->records->order.root;
    *before = *behind = NULL;
    while (node != NULL) {
        struct tcp_record *record = record_of(node);
        if (seq_le(record->end, at)) {
            *before = record;
            node = node->child[1];
        } else {
            *behind = record;
            node = node->child[0];
        }
    }
}

uint32_t tcp_record_trim_to_end(const struct tcp_conn *conn, struct seq seq, uint32_t bytes)
{
    struct tcp_record *before, *behind;
    find(conn, seq, &before, &behind);
    uint32_t left = behind != NULL ? seq_distance(seq, behind->end) : bytes;
    return left < bytes ? left : bytes;
}

bool tcp_record_has_end(const struct tcp_conn *conn, struct seq seq)
{
    struct tcp_record *before, *behind;
    find(conn, seq, &before, &behind);
    return before != NULL && seq_eq(before->end, seq);
}

struct seq tcp_record_find_begin(const struct tcp_conn *conn, struct seq left, struct seq right)
{
    struct tcp_record *before, *behind;
    find(conn, seq_sub(right, 1), &before, &behind);
    return before != NULL ? seq_max(before->end, left) : left;
}

bool tcp_record_check(const struct tcp_conn *conn)
{
    uint32_t nodes, counted = 0;
    struct seq previous = conn->snd.una;
    if (conn->records == NULL) {
        return true;
    }
    const struct treap *order = &conn->records->order;
    for (struct treap_node *node = treap_walk(order, NULL); node != NULL;
         node = treap_walk(order, node)) {
        struct seq end = record_of(node)->end;
        if (seq_le(end, previous) || seq_gt(end, tcp_output_end(conn))) {
            return false;
        }
        previous = end;
        counted++;
    }
    return treap_check(order, &nodes) && nodes == counted && counted > 0;
}
