// SPDX-License-Identifier: MIT
//
// What became of one side's packets, in numbers. Everything is counted when it is decided; what is
// on its way follows from the rest: sent and copied, but neither lost nor delivered.
#include <string.h>

#include <synfin/link.h>

#include "link/link_internal.h"

void link_stats_lose(struct link_side *side, enum synfin_reason reason)
{
    struct synfin_link_stats *stats = &side->stats;
    if (reason == SYNFIN_REASON_LINK_LOST_MTU) {
        stats->lost_mtu++;
    } else if (reason == SYNFIN_REASON_LINK_LOST_CHOSEN) {
        stats->lost_chosen++;
    } else if (reason == SYNFIN_REASON_LINK_LOST_RANDOM) {
        stats->lost_random++;
    } else if (reason == SYNFIN_REASON_LINK_LOST_POLICED) {
        stats->lost_policed++;
    } else {
        stats->lost_queue++;
    }
}

// One packet is on the line; those behind it wait.
static uint32_t count_waiting(const struct link_side *side)
{
    return side->line.waiting != 0 ? side->line.waiting - 1 : 0;
}

void link_stats_queue(struct link_side *side)
{
    uint32_t waiting = count_waiting(side);
    if (waiting > side->stats.queue_packets_max) {
        side->stats.queue_packets_max = waiting;
    }
}

void synfin_link_stats(const synfin_link *link, enum synfin_link_side side,
                       struct synfin_link_stats *out)
{
    const struct link_side *from =
        &link->sides[side == SYNFIN_LINK_A ? SYNFIN_LINK_A : SYNFIN_LINK_B];
    struct synfin_link_stats stats = from->stats;
    uint64_t lost = stats.lost_mtu + stats.lost_chosen + stats.lost_random + stats.lost_queue
                    + stats.lost_policed;
    stats.size = out->size;
    stats.queue_packets = count_waiting(from);
    stats.flight_packets = (uint32_t)(stats.packets + stats.duplicated - lost - stats.delivered);
    memcpy(out, &stats, out->size < sizeof stats ? out->size : sizeof stats);
}
