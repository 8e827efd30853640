// SPDX-License-Identifier: MIT
//
// Packets under way. The line gives departures at the link's rate with exact arithmetic; the
// queue orders arrivals. Packets in order lie on a list, since each arrives no earlier than the
// one before it; those held back lie in a binary heap, and the earlier of both ends is next.
#include <string.h>

#include <synfin/link.h>

#include "base/check.h"
#include "base/deadline.h"
#include "link/link_internal.h"

enum { HELD_CAPACITY_MIN = 16 };

void link_line_advance(struct link_line *line, uint64_t now_ns)
{
    while (line->first != NULL && deadline_is_due(line->first->departs_ns, now_ns)) {
        line->first = line->first->next_waiting;
        line->waiting--;
    }
}

// Parts of a nanosecond are carried from packet to packet while the line is busy, so that no
// rate, however odd, drifts. A packet has at most 65549 octets: 65549 * 8e9 is below 2^49, and
// the remainder is below the largest rate, 2^62.
uint64_t link_line_depart(struct link_line *line, uint64_t rate_bps, uint32_t bytes,
                          uint64_t now_ns)
{
    if (rate_bps == 0) {
        return now_ns;
    }
    if (line->free_ns < now_ns) {
        line->free_ns = now_ns;
        line->remainder = 0;
    }
    uint64_t parts = (uint64_t)bytes * 8 * NS_PER_S + line->remainder;
    line->free_ns = deadline_after(line->free_ns, parts / rate_bps);
    line->remainder = parts % rate_bps;
    return line->free_ns;
}

void link_line_wait(struct link_line *line, struct link_slot *slot)
{
    slot->next_waiting = NULL;
    if (line->first == NULL) {
        line->first = slot;
    } else {
        line->last->next_waiting = slot;
    }
    line->last = slot;
    line->waiting++;
}

static bool is_before(const struct link_slot *a, const struct link_slot *b)
{
    return a->arrives_ns < b->arrives_ns
           || (a->arrives_ns == b->arrives_ns && a->number < b->number);
}

void link_queue_push(struct link_queue *queue, struct link_slot *slot)
{
    slot->next = NULL;
    if (queue->first == NULL) {
        queue->first = slot;
    } else {
        ASSERT(is_before(queue->last, slot));
        queue->last->next = slot;
    }
    queue->last = slot;
}

bool link_queue_reserve(struct link_queue *queue, struct slab_source *source)
{
    if (queue->held_count < queue->held_capacity) {
        return true;
    }
    uint32_t capacity = queue->held_capacity != 0 ? queue->held_capacity * 2 : HELD_CAPACITY_MIN;
    struct link_slot **held = slab_source_take(source, capacity * sizeof(struct link_slot *));
    if (held == NULL) {
        return false;
    }
    if (queue->held_count != 0) {
        memcpy(held, queue->held, queue->held_count * sizeof(struct link_slot *));
    }
    link_queue_deinit(queue, source);
    queue->held = held;
    queue->held_capacity = capacity;
    return true;
}

void link_queue_deinit(struct link_queue *queue, struct slab_source *source)
{
    if (queue->held != NULL) {
        slab_source_give(source, queue->held, queue->held_capacity * sizeof(struct link_slot *));
        queue->held = NULL;
    }
}

void link_queue_hold(struct link_queue *queue, struct link_slot *slot)
{
    ASSERT(queue->held_count < queue->held_capacity);
    uint32_t at = queue->held_count++;
    while (at != 0 && is_before(slot, queue->held[(at - 1) / 2])) {
        queue->held[at] = queue->held[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    queue->held[at] = slot;
}

static void pop_held(struct link_queue *queue)
{
    struct link_slot *moved = queue->held[--queue->held_count];
    uint32_t at = 0;
    for (;;) {
        uint32_t child = at * 2 + 1;
        if (child + 1 < queue->held_count
            && is_before(queue->held[child + 1], queue->held[child])) {
            child++;
        }
        if (child >= queue->held_count || !is_before(queue->held[child], moved)) {
            break;
        }
        queue->held[at] = queue->held[child];
        at = child;
    }
    queue->held[at] = moved;
}

static bool is_held_first(const struct link_queue *queue)
{
    return queue->held_count != 0
           && (queue->first == NULL || is_before(queue->held[0], queue->first));
}

struct link_slot *link_queue_peek(const struct link_queue *queue)
{
    return is_held_first(queue) ? queue->held[0] : queue->first;
}

void link_queue_pop(struct link_queue *queue)
{
    if (is_held_first(queue)) {
        pop_held(queue);
    } else {
        queue->first = queue->first->next;
    }
}
