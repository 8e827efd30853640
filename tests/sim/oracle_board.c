// SPDX-License-Identifier: MIT
//
// The scoreboard, counted again: Q8. Spans are gone through by a walk of the judge's own.
#include <inttypes.h>
#include <stddef.h>

#include "sim/oracle_subjects.h"
#include "tcp/tcp_loss.h"

enum { FEW_SPANS = 16, LOOKS = 64 };

static const struct treap_node *leftmost(const struct treap_node *node)
{
    while (node != NULL && node->child[0] != NULL) {
        node = node->child[0];
    }
    return node;
}

static const struct treap_node *behind(const struct treap_node *node)
{
    if (node->child[1] != NULL) {
        return leftmost(node->child[1]);
    }
    while (node->parent != NULL && node == node->parent->child[1]) {
        node = node->parent;
    }
    return node->parent;
}

_Static_assert(offsetof(struct tcp_span, order) == 0, "a node is where its span is");

static const struct tcp_span *span_of(const struct treap_node *node)
{
    return (const struct tcp_span *)(const void *)node;
}

struct count {
    uint64_t octets[TCP_SPAN_STATE_LOST + 1];
    uint32_t spans;
    uint64_t last;
    bool is_sorted, is_true;
};

static void count_span(struct count *count, const struct oracle_look *look,
                       const struct tcp_span *span)
{
    const struct oracle_end *end = look->end;
    uint64_t left = oracle_place(span->left.n, end->iss, look->una);
    uint64_t right = oracle_place(span->right.n, end->iss, look->una);
    uint32_t state = span->order.kinds & (TCP_SPAN_STATE_LOST * 2 - 1);
    bool is_state = state != 0 && (state & (state - 1)) == 0;
    count->is_sorted = count->is_sorted && is_state && left == count->last && left < right;
    if (is_state) {
        count->octets[state] += right - left;
    }
    if (state == TCP_SPAN_STATE_SACKED && !look->host->had_fragments
        && !oracle_ranges_hold(&end->sacked, left, right)) {
        count->is_true = false;
    }
    count->last = right;
    count->spans++;
}

static void judge(const struct oracle_look *look, const struct tcp_scoreboard *board,
                  const struct count *count)
{
    bool adds_up = count->octets[TCP_SPAN_STATE_FLIGHT] == board->flight_bytes
                   && count->octets[TCP_SPAN_STATE_RESENT] == board->resent_bytes
                   && count->octets[TCP_SPAN_STATE_SACKED] == board->sacked_bytes
                   && count->octets[TCP_SPAN_STATE_LOST] == board->lost_bytes
                   && count->spans == board->count && count->last == look->nxt;
    if (!adds_up || !count->is_sorted || !count->is_true) {
        oracle_fail(look->host->oracle, ORACLE_Q8, look->end, look->now_ns,
                    "%u spans up to %" PRIu64 ", SND.NXT %" PRIu64 "; %s, %s, %s", count->spans,
                    count->last, look->nxt, count->is_sorted ? "in order" : "out of order",
                    adds_up ? "adding up" : "not adding up",
                    count->is_true ? "as told" : "with blocks that nobody told");
    }
}

void oracle_board_look(const struct oracle_look *look)
{
    const struct tcp_loss *loss = look->conn->loss;
    if (loss == NULL
        || (loss->board.count > FEW_SPANS && look->host->oracle->totals.events % LOOKS != 0)) {
        return;
    }
    struct count count = {.last = look->una, .is_sorted = true, .is_true = true};
    const struct treap_node *node = leftmost(loss->board.order.root);
    for (; node != NULL && count.spans <= loss->board.count; node = behind(node)) {
        count_span(&count, look, span_of(node));
    }
    judge(look, &loss->board, &count);
}
