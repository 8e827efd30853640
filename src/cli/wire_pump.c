// SPDX-License-Identifier: MIT
//
// Moving packets between two devices and a link; see wire_pump.h.
#include "cli/wire_pump.h"

#include <string.h>

// Packets that leave on one device before the other and the receiving have their turn.
enum { LEAVE_MAX = 4 * WIRE_PUMP_BURST };

// A longer one between two packets says nothing of the rate at which they pass.
static const uint64_t pause_ns = 100000000;

static void init_way(struct wire_way *way, synfin_link *link, enum synfin_link_side side,
                     struct synfin_device *from, struct synfin_device *to)
{
    way->from = from;
    way->to = to;
    way->entry = synfin_link_device(link, side);
    way->exit = synfin_link_device(link, side == SYNFIN_LINK_A ? SYNFIN_LINK_B : SYNFIN_LINK_A);
}

void wire_pump_init(struct wire_pump *pump, synfin_link *link, struct synfin_device *a,
                    struct synfin_device *b, uint64_t (*now)(void))
{
    memset(pump, 0, sizeof(*pump));
    pump->link = link;
    pump->now = now;
    init_way(&pump->way[SYNFIN_LINK_A], link, SYNFIN_LINK_A, a, b);
    init_way(&pump->way[SYNFIN_LINK_B], link, SYNFIN_LINK_B, b, a);
}

// True when the device may have more.
static bool receive_burst(struct wire_pump *pump, struct wire_way *way)
{
    uint64_t now_ns = pump->now();
    uint32_t n = way->from->ops->receive(way->from, pump->packets, WIRE_PUMP_BURST, now_ns);
    if (n == 0) {
        return false;
    }
    (void)way->entry->ops->send(way->entry, pump->packets, n, now_ns);
    return n == WIRE_PUMP_BURST;
}

// Takes the next packet that is due off the link, when none is kept; false when none is due.
static bool take_due(struct wire_way *way, uint64_t now_ns)
{
    uint64_t due_ns = way->exit->ops->next_deadline(way->exit);
    if (due_ns == SYNFIN_NEVER || due_ns > now_ns) {
        return false;
    }
    way->kept_due_ns = due_ns;
    return way->exit->ops->receive(way->exit, &way->kept, 1, now_ns) == 1;
}

static void count_left(struct wire_way *way, uint64_t now_ns)
{
    if (way->excess.count != 0 && now_ns - way->last_ns <= pause_ns) {
        way->active_ns += now_ns - way->last_ns;
        way->active_octets += way->kept.bytes;
    }
    way->last_ns = now_ns;
    cli_spread_add(&way->excess, now_ns - way->kept_due_ns);
}

// True when packets that are due were left for another turn.
static bool send_due(struct wire_pump *pump, struct wire_way *way)
{
    uint64_t now_ns = pump->now();
    for (uint32_t i = 0; i < LEAVE_MAX; i++) {
        if (way->is_full || !take_due(way, now_ns)) {
            return false;
        }
        if (way->to->ops->send(way->to, &way->kept, 1, now_ns) == 0) {
            way->is_full = true;
            return false;
        }
        now_ns = pump->now();
        count_left(way, now_ns);
    }
    return true;
}

bool wire_pump_turn(struct wire_pump *pump)
{
    bool has_more = false;
    for (int i = 0; i < 2; i++) {
        has_more |= receive_burst(pump, &pump->way[i]);
        has_more |= send_due(pump, &pump->way[SYNFIN_LINK_A]);
        has_more |= send_due(pump, &pump->way[SYNFIN_LINK_B]);
    }
    return has_more;
}

uint64_t wire_pump_deadline(const struct wire_pump *pump)
{
    uint64_t deadline_ns = SYNFIN_NEVER;
    for (int i = 0; i < 2; i++) {
        const struct wire_way *way = &pump->way[i];
        uint64_t due_ns = way->is_full ? SYNFIN_NEVER : way->exit->ops->next_deadline(way->exit);
        deadline_ns = due_ns < deadline_ns ? due_ns : deadline_ns;
    }
    return deadline_ns;
}

void wire_pump_writable(struct wire_pump *pump, enum synfin_link_side to)
{
    struct wire_way *way = &pump->way[to == SYNFIN_LINK_A ? SYNFIN_LINK_B : SYNFIN_LINK_A];
    if (!way->is_full) {
        return;
    }
    uint64_t now_ns = pump->now();
    if (way->to->ops->send(way->to, &way->kept, 1, now_ns) == 1) {
        way->is_full = false;
        count_left(way, pump->now());
    }
}
