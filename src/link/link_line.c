// SPDX-License-Identifier: MIT
//
// The sender's line: packets depart one after the other at the link's rate, and those that have
// not departed yet are the queue that can overflow. Departures are exact, so that a transfer's
// time can be calculated by hand. A policer's bucket is a line in which nobody waits.
#include <synfin/link.h>

#include "base/deadline.h"
#include "link/link_internal.h"

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

bool link_line_fits(struct link_line *line, uint64_t rate_bps, uint32_t bucket_bytes,
                    uint32_t bytes, uint64_t now_ns)
{
    struct link_line full = {.free_ns = now_ns};
    struct link_line next = *line;
    uint64_t full_ns = link_line_depart(&full, rate_bps, bucket_bytes, now_ns);
    if (link_line_depart(&next, rate_bps, bytes, now_ns) > full_ns) {
        return false;
    }
    *line = next;
    return true;
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
