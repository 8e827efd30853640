// SPDX-License-Identifier: MIT
//
// Packets under way, in order of arrival. Those in order lie on a list, since each arrives no
// earlier than the one before it, which makes the usual packet cost nothing; those held back lie
// in a binary heap, and the earlier of both ends is next.
#include <string.h>

#include <synfin/link.h>

#include "base/check.h"
#include "link/link_internal.h"

enum { HELD_CAPACITY_MIN = 16 };

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
