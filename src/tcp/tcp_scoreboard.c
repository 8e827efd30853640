// SPDX-License-Identifier: MIT
//
// The scoreboard of tcp_scoreboard.h. Two facts carry the bounds on work:
//
// 1. Neighbours that are SACKED are one span, and the tree finds the next span that is not, so
//    that a SACK block costs what it changes, not what it covers.
// 2. What is LOST and was never sent again (TCP_SPAN_UNDOABLE) is older than all that is in flight:
//    spans become LOST from the oldest on, and whatever goes out later is newer. What undo_lost
//    returns therefore goes to the front of the list of times.
#include "tcp/tcp_scoreboard.h"

#include "base/check.h"

enum {
    TCP_SPAN_UNDOABLE = 16, // beside LOST: lost from FLIGHT
    STATES = 15,
    IN_FLIGHT = TCP_SPAN_STATE_FLIGHT | TCP_SPAN_STATE_RESENT,
    NOT_SACKED = STATES - TCP_SPAN_STATE_SACKED,
    ELDERS_MAX = 32, // spans looked at for remaining_ns
};

static struct tcp_span *span_of(struct treap_node *node)
{
    return node == NULL ? NULL : CONTAINER_OF(node, struct tcp_span, order);
}

static struct tcp_span *span_at_time(struct list_node *node)
{
    return CONTAINER_OF(node, struct tcp_span, times);
}

static bool has_state(const struct tcp_span *span, uint32_t states)
{
    return (span->order.kinds & states) != 0;
}

enum tcp_span_state tcp_scoreboard_state_of(const struct tcp_span *span)
{
    return (enum tcp_span_state)(span->order.kinds & STATES);
}

static struct tcp_span *next_of(struct tcp_scoreboard *board, struct tcp_span *span, uint8_t kinds)
{
    return span_of(treap_next(&board->order, &span->order, kinds));
}

static struct tcp_span *prev_of(struct tcp_scoreboard *board, struct tcp_span *span, uint8_t kinds)
{
    return span_of(treap_prev(&board->order, &span->order, kinds));
}

static uint32_t offset_of(const struct tcp_scoreboard *board, struct seq at)
{
    return seq_distance(board->una, at);
}

static bool is_below(const struct tcp_scoreboard *board, struct seq a, struct seq b)
{
    return offset_of(board, a) < offset_of(board, b);
}

static uint32_t bytes_of(const struct tcp_span *span)
{
    return seq_distance(span->left, span->right);
}

static uint32_t *counter_of(struct tcp_scoreboard *board, const struct tcp_span *span)
{
    switch (tcp_scoreboard_state_of(span)) {
    case TCP_SPAN_STATE_FLIGHT: return &board->flight_bytes;
    case TCP_SPAN_STATE_RESENT: return &board->resent_bytes;
    case TCP_SPAN_STATE_SACKED: return &board->sacked_bytes;
    case TCP_SPAN_STATE_LOST: break;
    }
    return &board->lost_bytes;
}

// Everything of a change of state but its place on the list of times.
static void set_kinds(struct tcp_scoreboard *board, struct tcp_span *span, uint32_t kinds)
{
    *counter_of(board, span) -= bytes_of(span);
    treap_set_kinds(&board->order, &span->order, (uint8_t)kinds);
    *counter_of(board, span) += bytes_of(span);
}

// Edges move within what the span covers, or into what a neighbour has left.
static void set_edges(struct tcp_scoreboard *board, struct tcp_span *span, struct seq left,
                      struct seq right)
{
    *counter_of(board, span) += seq_distance(left, right) - bytes_of(span);
    span->left = left;
    span->right = right;
}

static struct tcp_span *take_span(struct tcp_scoreboard *board)
{
    struct tcp_span *span = NULL;
    if (board->count < board->spans_max) {
        span = board->is_own_used ? slab_pool_take_raw(board->pool, NULL) : &board->own;
    }
    if (span == NULL) {
        return NULL;
    }
    board->is_own_used = true;
    board->count++;
    return span;
}

static void drop(struct tcp_scoreboard *board, struct tcp_span *span)
{
    *counter_of(board, span) -= bytes_of(span);
    treap_remove(&board->order, &span->order);
    list_remove(&span->times);
    board->count--;
    if (span == &board->own) {
        board->is_own_used = false;
    } else {
        slab_pool_give(board->pool, span);
    }
}

// What is at `at` and behind becomes a span of its own, and is given; NULL without memory.
static struct tcp_span *split(struct tcp_scoreboard *board, struct tcp_span *span, struct seq at)
{
    struct tcp_span *upper = take_span(board);
    if (upper == NULL) {
        return NULL;
    }
    *upper = *span;
    upper->left = at;
    span->right = at;
    treap_insert_after(&board->order, &upper->order, &span->order, span->order.kinds);
    list_init(&upper->times);
    if (has_state(span, IN_FLIGHT)) {
        list_push_front(&span->times, &upper->times);
    }
    return upper;
}

// Cuts off what lies before `left` and from `right` on. False when memory ended before that: then
// `span` is what still holds [left, right).
static bool carve(struct tcp_scoreboard *board, struct tcp_span **span, struct seq left,
                  struct seq right)
{
    if (!seq_eq((*span)->left, left)) {
        struct tcp_span *upper = split(board, *span, left);
        if (upper == NULL) {
            return false;
        }
        *span = upper;
    }
    return seq_eq((*span)->right, right) || split(board, *span, right) != NULL;
}

void tcp_scoreboard_init(struct tcp_scoreboard *board, struct slab_pool *pool, uint32_t spans_max,
                         uint64_t seed, struct seq iss)
{
    ASSERT(spans_max != 0);
    *board = (struct tcp_scoreboard){
        .una = iss, .nxt = iss, .fack = iss, .spans_max = spans_max, .pool = pool};
    treap_init(&board->order, seed);
    list_init(&board->times);
}

void tcp_scoreboard_clear(struct tcp_scoreboard *board)
{
    struct treap_node *node;
    while ((node = board->order.root) != NULL) {
        drop(board, span_of(node));
    }
    board->una = board->fack = board->nxt;
}

static struct tcp_span *find(struct tcp_scoreboard *board, struct seq at)
{
    struct treap_node *node = board->order.root;
    while (node != NULL) {
        struct tcp_span *span = span_of(node);
        board->order.steps++;
        if (is_below(board, at, span->left)) {
            node = node->child[0];
        } else if (!is_below(board, at, span->right)) {
            node = node->child[1];
        } else {
            break;
        }
    }
    return span_of(node);
}

const struct tcp_span *tcp_scoreboard_find(struct tcp_scoreboard *board, struct seq at)
{
    return find(board, at);
}

const struct tcp_span *tcp_scoreboard_first_lost(struct tcp_scoreboard *board)
{
    return span_of(treap_first(&board->order, TCP_SPAN_STATE_LOST));
}

bool tcp_scoreboard_highest_sacked(struct tcp_scoreboard *board, struct seq *right)
{
    const struct tcp_span *span = span_of(treap_last(&board->order, TCP_SPAN_STATE_SACKED));
    if (span != NULL) {
        *right = span->right;
    }
    return span != NULL;
}

static uint64_t advance_clock(struct tcp_scoreboard *board, uint64_t now_ns)
{
    board->latest_ns = now_ns > board->latest_ns ? now_ns : board->latest_ns;
    return board->latest_ns;
}

static bool is_same_snapshot(const struct tcp_send_snapshot *a, const struct tcp_send_snapshot *b)
{
    return a->delivered_bytes == b->delivered_bytes && a->delivered_ns == b->delivered_ns
           && a->first_sent_ns == b->first_sent_ns && a->lost_bytes == b->lost_bytes
           && a->is_app_limited == b->is_app_limited;
}

// The last span takes on what is sent now, as what was sent at its own moment or, without memory,
// at another.
static void extend_last(struct tcp_scoreboard *board, struct tcp_span *last, struct seq right,
                        uint64_t now_ns, const struct tcp_send_snapshot *snapshot)
{
    if (last->sent_ns != now_ns) {
        last->is_mixed = true;
    }
    last->sent_ns = now_ns;
    last->snapshot = *snapshot;
    set_edges(board, last, last->left, right);
    if (has_state(last, IN_FLIGHT)) {
        list_remove(&last->times);
        list_push_back(&board->times, &last->times);
    } else {
        set_kinds(board, last, TCP_SPAN_STATE_LOST); // no longer older than what is in flight
    }
}

bool tcp_scoreboard_sent(struct tcp_scoreboard *board, struct seq left, struct seq right,
                         uint64_t now_ns, const struct tcp_send_snapshot *snapshot)
{
    ASSERT(seq_eq(left, board->nxt) && seq_lt(left, right));
    now_ns = advance_clock(board, now_ns);
    struct tcp_span *last = span_of(treap_last(&board->order, TREAP_ANY));
    bool is_joining = last != NULL && !board->keeps_bursts && has_state(last, TCP_SPAN_STATE_FLIGHT)
                      && last->sent_ns == now_ns && is_same_snapshot(&last->snapshot, snapshot);
    struct tcp_span *span = is_joining ? NULL : take_span(board);
    if (span != NULL) {
        *span = (struct tcp_span){.left = left,
                                  .right = right,
                                  .sent_ns = now_ns,
                                  .first_ns = now_ns,
                                  .snapshot = *snapshot};
        treap_insert_after(&board->order, &span->order, last == NULL ? NULL : &last->order,
                           TCP_SPAN_STATE_FLIGHT);
        list_init(&span->times);
        list_push_back(&board->times, &span->times);
        board->flight_bytes += seq_distance(left, right);
    } else if (has_state(last, NOT_SACKED)) {
        extend_last(board, last, right, now_ns, snapshot);
    } else {
        return false;
    }
    board->nxt = right;
    return true;
}

void tcp_scoreboard_sent_before(struct tcp_scoreboard *board, struct seq right, uint64_t latest_ns,
                                const struct tcp_send_snapshot *snapshot)
{
    ASSERT(board->count == 0);
    bool is_taken = tcp_scoreboard_sent(board, board->nxt, right, latest_ns, snapshot);
    ASSERT(is_taken); // the first span needs no memory
    span_of(treap_last(&board->order, TREAP_ANY))->is_mixed = true;
}

// What `from` knows of its octets goes to `into` as well; the later transmission counts.
static void blend(struct tcp_span *into, const struct tcp_span *from)
{
    into->is_mixed = into->is_mixed || from->is_mixed || from->sent_ns != into->sent_ns;
    if (from->sent_ns > into->sent_ns) {
        into->sent_ns = from->sent_ns;
        into->snapshot = from->snapshot;
    }
    if (from->first_ns < into->first_ns) {
        into->first_ns = from->first_ns;
    }
    if (from->resends > into->resends) {
        into->resends = from->resends;
    }
}

// [left, right) is at an edge of `from` and becomes part of `into`, the neighbour that it touches.
// True when that was all of `from`, which is then gone.
static bool pass_on(struct tcp_scoreboard *board, struct tcp_span *from, struct tcp_span *into,
                    struct seq left, struct seq right)
{
    if (seq_eq(into->right, left)) {
        set_edges(board, into, into->left, right);
        set_edges(board, from, right, from->right);
    } else {
        set_edges(board, into, left, into->right);
        set_edges(board, from, from->left, left);
    }
    if (bytes_of(from) == 0) {
        drop(board, from);
        return true;
    }
    return false;
}

// The span before this one, when it went out again just now as this one is about to.
static struct tcp_span *resent_before(struct tcp_scoreboard *board, struct tcp_span *span,
                                      uint64_t now_ns, uint8_t resends,
                                      const struct tcp_send_snapshot *snapshot)
{
    struct tcp_span *prev = prev_of(board, span, TREAP_ANY);
    bool is_alike = prev != NULL && has_state(prev, TCP_SPAN_STATE_RESENT)
                    && prev->sent_ns == now_ns && prev->resends == resends && !prev->is_mixed
                    && is_same_snapshot(&prev->snapshot, snapshot);
    return is_alike ? prev : NULL;
}

static void resend_part(struct tcp_scoreboard *board, struct tcp_span *span, struct seq left,
                        struct seq right, uint64_t now_ns, const struct tcp_send_snapshot *snapshot)
{
    uint8_t resends = span->resends == UINT8_MAX ? UINT8_MAX : (uint8_t)(span->resends + 1);
    struct tcp_span *prev = NULL;
    if (seq_eq(span->left, left)) {
        prev = resent_before(board, span, now_ns, resends, snapshot);
    }
    if (prev != NULL) {
        pass_on(board, span, prev, left, right);
        return;
    }
    bool is_cut = carve(board, &span, left, right);
    span->is_mixed = !is_cut;
    span->resends = resends;
    span->sent_ns = now_ns;
    span->snapshot = *snapshot;
    list_remove(&span->times);
    list_push_back(&board->times, &span->times);
    set_kinds(board, span, TCP_SPAN_STATE_RESENT);
}

// The span that holds this octet, or the first behind it that is not SACKED.
static struct tcp_span *first_in(struct tcp_scoreboard *board, struct seq at)
{
    struct tcp_span *span = find(board, at);
    return span == NULL || has_state(span, NOT_SACKED) ? span : next_of(board, span, NOT_SACKED);
}

void tcp_scoreboard_resent(struct tcp_scoreboard *board, struct seq left, struct seq right,
                           uint64_t now_ns, const struct tcp_send_snapshot *snapshot)
{
    now_ns = advance_clock(board, now_ns);
    struct tcp_span *span = is_below(board, left, right) ? first_in(board, left) : NULL;
    while (span != NULL && is_below(board, span->left, right)) {
        struct tcp_span *next = next_of(board, span, NOT_SACKED);
        struct seq from = is_below(board, span->left, left) ? left : span->left;
        struct seq to = is_below(board, right, span->right) ? right : span->right;
        resend_part(board, span, from, to, now_ns, snapshot);
        span = next;
    }
}

void tcp_scoreboard_delivery_init(const struct tcp_scoreboard *board, struct tcp_delivery *delivery)
{
    *delivery = (struct tcp_delivery){.fack = board->fack, .once_sent_ns = SYNFIN_NEVER};
}

static void note_newest(struct tcp_delivery *delivery, const struct tcp_span *span,
                        struct seq right)
{
    bool is_newer =
        !delivery->has_newest || span->sent_ns > delivery->newest_sent_ns
        || (span->sent_ns == delivery->newest_sent_ns && seq_gt(right, delivery->newest_right));
    if (is_newer) {
        delivery->has_newest = true;
        delivery->newest_is_mixed = span->is_mixed;
        delivery->newest_resends = span->resends;
        delivery->newest_right = right;
        delivery->newest_sent_ns = span->sent_ns;
        delivery->newest_first_ns = span->first_ns;
        delivery->newest_snapshot = span->snapshot;
    }
}

static void note_once(struct tcp_delivery *delivery, const struct tcp_span *span, struct seq left,
                      struct seq right)
{
    if (!delivery->has_once || seq_lt(right, delivery->once_lowest)) {
        delivery->once_lowest = right;
    }
    delivery->has_once = true;
    bool is_first = delivery->once_sent_ns == SYNFIN_NEVER;
    bool is_newer =
        span->sent_ns > delivery->once_sent_ns
        || (span->sent_ns == delivery->once_sent_ns && seq_gt(right, delivery->once_right));
    if (!span->is_mixed && (is_first || is_newer)) {
        delivery->once_sent_ns = span->sent_ns;
        delivery->once_right = right;
    }
    if (seq_lt(right, delivery->fack)
        && (!delivery->is_reordered || seq_lt(right, delivery->reordered_right))) {
        delivery->is_reordered = true;
        delivery->reordered_left = left;
        delivery->reordered_right = right;
    }
}

// [left, right) of `span` has arrived, newly.
static void note(struct tcp_scoreboard *board, struct tcp_delivery *delivery,
                 const struct tcp_span *span, struct seq left, struct seq right)
{
    note_newest(delivery, span, right);
    if (span->resends == 0) {
        note_once(delivery, span, left, right);
    }
    if (is_below(board, board->fack, right)) {
        board->fack = right;
    }
}

// Offsets are counted from the old SND.UNA until all is done.
void tcp_scoreboard_acked(struct tcp_scoreboard *board, struct seq una,
                          struct tcp_delivery *delivery)
{
    if (offset_of(board, una) > offset_of(board, board->nxt)) {
        return;
    }
    struct tcp_span *span = span_of(treap_first(&board->order, TREAP_ANY));
    while (span != NULL && is_below(board, span->left, una)) {
        struct tcp_span *next = next_of(board, span, TREAP_ANY);
        bool is_whole = !is_below(board, una, span->right);
        struct seq right = is_whole ? span->right : una;
        delivery->has_acked_resent = delivery->has_acked_resent || span->resends > 0;
        if (has_state(span, NOT_SACKED)) {
            note(board, delivery, span, span->left, right);
            delivery->acked_bytes += seq_distance(span->left, right);
        }
        if (is_whole) {
            drop(board, span);
        } else {
            set_edges(board, span, una, span->right);
        }
        span = next;
    }
    board->una = una; // not above fack: what was passed is noted now, or was when it was SACKED
}

static struct tcp_span *sacked_or_null(struct tcp_span *span)
{
    return span != NULL && has_state(span, TCP_SPAN_STATE_SACKED) ? span : NULL;
}

// [left, right) of a span that is not SACKED. A SACKED neighbour that it touches takes it over,
// which needs no memory.
static void sack_part(struct tcp_scoreboard *board, struct tcp_span *span, struct seq left,
                      struct seq right, struct tcp_delivery *delivery)
{
    struct tcp_span *before = NULL;
    struct tcp_span *behind = NULL;
    if (seq_eq(span->left, left)) {
        before = sacked_or_null(prev_of(board, span, TREAP_ANY));
    }
    if (seq_eq(span->right, right)) {
        behind = sacked_or_null(next_of(board, span, TREAP_ANY));
    }
    if (before == NULL && behind == NULL && !carve(board, &span, left, right)) {
        return;
    }
    note(board, delivery, span, left, right);
    delivery->sacked_bytes += seq_distance(left, right);
    if (before == NULL && behind == NULL) {
        list_remove(&span->times);
        set_kinds(board, span, TCP_SPAN_STATE_SACKED);
        return;
    }
    struct tcp_span *into = before != NULL ? before : behind;
    blend(into, span);
    if (pass_on(board, span, into, left, right) && before != NULL && behind != NULL) {
        blend(before, behind);
        pass_on(board, behind, before, behind->left, behind->right);
    }
}

void tcp_scoreboard_sacked(struct tcp_scoreboard *board, struct seq left, struct seq right,
                           struct tcp_delivery *delivery)
{
    if (seq_eq(left, board->una) || !is_below(board, left, right)
        || is_below(board, board->nxt, right)) {
        return;
    }
    struct tcp_span *span = first_in(board, left);
    while (span != NULL && is_below(board, span->left, right)) {
        struct tcp_span *next = next_of(board, span, NOT_SACKED);
        struct seq from = is_below(board, span->left, left) ? left : span->left;
        struct seq to = is_below(board, right, span->right) ? right : span->right;
        sack_part(board, span, from, to, delivery);
        span = next;
    }
}

static uint32_t mark_lost(struct tcp_scoreboard *board, struct tcp_span *span)
{
    bool is_undoable = has_state(span, TCP_SPAN_STATE_FLIGHT);
    board->order.steps++;
    if (board->watch != NULL) {
        board->watch->tell(board->watch->context, span);
    }
    if (!is_undoable && span->sent_ns > board->lost_again_ns) {
        board->lost_again_ns = span->sent_ns;
    }
    list_remove(&span->times);
    set_kinds(board, span,
              is_undoable ? TCP_SPAN_STATE_LOST | TCP_SPAN_UNDOABLE : TCP_SPAN_STATE_LOST);
    return bytes_of(span);
}

uint32_t tcp_scoreboard_mark_lost_all(struct tcp_scoreboard *board)
{
    uint32_t bytes = 0;
    while (!list_is_empty(&board->times)) {
        bytes += mark_lost(board, span_at_time(board->times.next));
    }
    return bytes;
}

uint32_t tcp_scoreboard_mark_lost_first(struct tcp_scoreboard *board, uint32_t bytes)
{
    uint32_t lost = 0;
    struct tcp_span *span = span_of(treap_first(&board->order, IN_FLIGHT));
    while (span != NULL && offset_of(board, span->left) < bytes) {
        if (offset_of(board, span->right) > bytes) {
            split(board, span, seq_add(board->una, bytes));
        }
        lost += mark_lost(board, span);
        span = next_of(board, span, IN_FLIGHT);
    }
    return lost;
}

static bool is_sent_after(const struct tcp_span *span, uint64_t sent_ns, struct seq right)
{
    return span->sent_ns > sent_ns || (span->sent_ns == sent_ns && seq_gt(span->right, right));
}

// How much of wait_ns is still to pass for what was sent at sent_ns.
static uint64_t rest_of(uint64_t wait_ns, uint64_t sent_ns, uint64_t now_ns)
{
    uint64_t elapsed_ns = now_ns > sent_ns ? now_ns - sent_ns : 0;
    return wait_ns > elapsed_ns ? wait_ns - elapsed_ns : 0;
}

// The youngest elder of the RACK segment from here on, or that segment itself when there are many.
static uint64_t last_elder_ns(struct tcp_scoreboard *board, struct list_node *node,
                              uint64_t rack_sent_ns, struct seq rack_right)
{
    uint64_t sent_ns = 0;
    for (uint32_t i = 0; i < ELDERS_MAX; i++) {
        board->order.steps++;
        if (node == &board->times) {
            return sent_ns;
        }
        const struct tcp_span *span = span_at_time(node);
        if (is_sent_after(span, rack_sent_ns, rack_right)) {
            return sent_ns;
        }
        sent_ns = span->sent_ns;
        node = node->next;
    }
    return rack_sent_ns;
}

uint32_t tcp_scoreboard_mark_lost_by_time(struct tcp_scoreboard *board, uint64_t rack_sent_ns,
                                          struct seq rack_right, uint64_t wait_ns, uint64_t now_ns,
                                          uint64_t *remaining_ns)
{
    uint32_t bytes = 0;
    *remaining_ns = 0;
    while (!list_is_empty(&board->times)) {
        struct tcp_span *span = span_at_time(board->times.next);
        board->order.steps++;
        if (is_sent_after(span, rack_sent_ns, rack_right)) {
            break;
        }
        if (rest_of(wait_ns, span->sent_ns, now_ns) != 0) {
            uint64_t elder_ns = last_elder_ns(board, &span->times, rack_sent_ns, rack_right);
            *remaining_ns = rest_of(wait_ns, elder_ns, now_ns);
            break;
        }
        bytes += mark_lost(board, span);
    }
    return bytes;
}

uint32_t tcp_scoreboard_forget_sacks(struct tcp_scoreboard *board)
{
    uint32_t bytes = board->sacked_bytes;
    struct tcp_span *span = span_of(treap_first(&board->order, TCP_SPAN_STATE_SACKED));
    while (span != NULL) {
        set_kinds(board, span, TCP_SPAN_STATE_LOST);
        span = next_of(board, span, TCP_SPAN_STATE_SACKED);
    }
    board->fack = board->una;
    return bytes;
}

uint32_t tcp_scoreboard_undo_lost(struct tcp_scoreboard *board)
{
    uint32_t bytes = 0;
    struct tcp_span *span = span_of(treap_last(&board->order, TCP_SPAN_UNDOABLE));
    while (span != NULL) {
        set_kinds(board, span, TCP_SPAN_STATE_FLIGHT);
        list_push_front(&board->times, &span->times);
        bytes += bytes_of(span);
        span = prev_of(board, span, TCP_SPAN_UNDOABLE);
    }
    return bytes;
}

static bool is_state_in_order(const struct tcp_span *span)
{
    bool is_listed = !list_is_empty(&span->times);
    switch (span->order.kinds) {
    case TCP_SPAN_STATE_FLIGHT: return is_listed && span->resends == 0;
    case TCP_SPAN_STATE_RESENT: return is_listed && span->resends != 0;
    case TCP_SPAN_STATE_LOST | TCP_SPAN_UNDOABLE: return !is_listed && span->resends == 0;
    case TCP_SPAN_STATE_SACKED:
    case TCP_SPAN_STATE_LOST: return !is_listed;
    default: return false;
    }
}

static const struct tcp_span *walk(const struct tcp_scoreboard *board, const struct tcp_span *span)
{
    return span_of(treap_walk(&board->order, span == NULL ? NULL : &span->order));
}

// The spans tile [SND.UNA, SND.NXT), each in one good state; `recount` gets their octets.
static bool check_spans(const struct tcp_scoreboard *board, struct tcp_scoreboard *recount)
{
    struct seq edge = board->una;
    uint64_t first_ns = 0; // first transmissions are in the order of sequence numbers
    const struct tcp_span *prev = NULL;
    for (const struct tcp_span *span = walk(board, NULL); span != NULL; span = walk(board, span)) {
        bool is_apart = prev == NULL || !has_state(prev, TCP_SPAN_STATE_SACKED)
                        || !has_state(span, TCP_SPAN_STATE_SACKED);
        if (!seq_eq(span->left, edge) || !seq_lt(span->left, span->right) || !is_apart
            || !is_state_in_order(span) || span->first_ns > span->sent_ns
            || first_ns > span->first_ns) {
            return false;
        }
        *counter_of(recount, span) += bytes_of(span);
        edge = span->right;
        first_ns = span->first_ns;
        prev = span;
    }
    return seq_eq(edge, board->nxt);
}

// `octets` gets those of all spans on the list.
static bool check_times(const struct tcp_scoreboard *board, uint32_t *octets)
{
    uint64_t sent_ns = 0;
    list_for_each (node, &board->times) {
        const struct tcp_span *span = span_at_time(node);
        if (!has_state(span, IN_FLIGHT) || span->sent_ns < sent_ns) {
            return false;
        }
        sent_ns = span->sent_ns;
        *octets += bytes_of(span);
    }
    return sent_ns <= board->latest_ns;
}

bool tcp_scoreboard_check(const struct tcp_scoreboard *board)
{
    struct tcp_scoreboard recount = {0};
    uint32_t nodes = 0;
    uint32_t listed_bytes = 0;
    return treap_check(&board->order, &nodes) && nodes == board->count
           && board->count <= board->spans_max && check_spans(board, &recount)
           && check_times(board, &listed_bytes) && listed_bytes == tcp_scoreboard_pipe(board)
           && recount.flight_bytes == board->flight_bytes
           && recount.resent_bytes == board->resent_bytes
           && recount.sacked_bytes == board->sacked_bytes && recount.lost_bytes == board->lost_bytes
           && offset_of(board, board->fack) <= offset_of(board, board->nxt);
}
