// SPDX-License-Identifier: MIT
//
// The neighbour table: who on the link has which link address, for ARP and neighbour discovery
// alike, with the states of RFC 4861 §7.3.2 (drawn in net_state.h).
//
// What keeps strangers from filling or steering it:
//   1. An entry comes to be only when we have something to send, or when a station of the link
//      asks for one of our addresses. Answers nobody asked for make none.
//   2. A full table gives up entries that were never used, then ones idle for a minute; never
//      one in use. At most half of it may be unresolved.
//   3. A static entry never changes. A link address set less than a second ago is not replaced by
//      an unsolicited answer.
//   4. Solicitations for one target are at least a second apart.
#include <string.h>

#include "base/addr_kind.h"
#include "net/net_internal.h"
#include "wire/wire_addr.h"

#define DELAY_FIRST_PROBE_NS (5 * NS_PER_S) // RFC 4861 §10 DELAY_FIRST_PROBE_TIME
#define IDLE_NS              (60 * NS_PER_S)
#define LOCK_NS              NS_PER_S

enum { SOLICITS_MAX = 3 }; // RFC 4861 §10 MAX_MULTICAST_SOLICIT, MAX_UNICAST_SOLICIT

void neighbour_init(struct net *net)
{
    struct neighbours *table = &net->neighbours;
    for (uint32_t i = 0; i < NEIGHBOUR_BUCKETS; i++) {
        table->bucket[i] = NET_NONE;
    }
    table->free_head = NET_NONE;
    list_init(&table->changes);
}

void neighbour_deinit(struct net *net)
{
    for (uint32_t i = 0; i < NET_NEIGHBOURS_MAX / NEIGHBOUR_BLOCK; i++) {
        struct neighbour *block = net->neighbours.block[i];
        if (block != NULL) {
            slab_source_give(net->config.source, block, NEIGHBOUR_BLOCK * sizeof(*block));
        }
    }
}

static uint32_t bucket_of(const struct net *net, uint32_t iface, const struct synfin_addr *addr)
{
    uint8_t data[sizeof(addr->octet) + 1];
    memcpy(data, addr->octet, sizeof(addr->octet));
    data[sizeof(addr->octet)] = (uint8_t)iface;
    return (uint32_t)(siphash_13(&net->table_key, data, sizeof(data)) % NEIGHBOUR_BUCKETS);
}

struct neighbour *neighbour_find(const struct net *net, uint32_t iface,
                                 const struct synfin_addr *addr)
{
    uint16_t number = net->neighbours.bucket[bucket_of(net, iface, addr)];
    while (number != NET_NONE) {
        struct neighbour *neighbour = neighbour_at(net, number);
        if (neighbour->iface == iface && addr_kind_is_equal(&neighbour->addr, addr)) {
            return neighbour;
        }
        number = neighbour->next;
    }
    return NULL;
}

// The only writer of `state`.
static void set_state(struct net *net, struct neighbour *neighbour, enum neighbour_state to)
{
    struct neighbours *table = &net->neighbours;
    table->incomplete -= neighbour->state == NEIGHBOUR_STATE_INCOMPLETE;
    table->incomplete += to == NEIGHBOUR_STATE_INCOMPLETE;
    table->used -= neighbour->state != NEIGHBOUR_STATE_FREE;
    table->used += to != NEIGHBOUR_STATE_FREE;
    neighbour->state = (uint8_t)to;
}

static void set_deadline(struct net *net, struct neighbour *neighbour, uint64_t deadline_ns)
{
    neighbour->deadline_ns = deadline_ns;
    net_arm(net, deadline_ns);
}

static void free_slot(struct net *net, struct neighbour *neighbour)
{
    ASSERT(neighbour->waiting_count == 0);
    uint16_t *at = &net->neighbours.bucket[bucket_of(net, neighbour->iface, &neighbour->addr)];
    while (*at != neighbour->number) {
        at = &neighbour_at(net, *at)->next;
    }
    *at = neighbour->next;
    list_remove(&neighbour->change);
    set_state(net, neighbour, NEIGHBOUR_STATE_FREE);
    // Paths that remember this slot must not find what comes into it next.
    neighbour->generation += neighbour->generation == UINT32_MAX ? 2 : 1;
    neighbour->next = net->neighbours.free_head;
    net->neighbours.free_head = neighbour->number;
}

static void grow_table(struct net *net)
{
    struct neighbours *table = &net->neighbours;
    size_t bytes = NEIGHBOUR_BLOCK * sizeof(struct neighbour);
    struct neighbour *block =
        table->slots < NET_NEIGHBOURS_MAX ? slab_source_take(net->config.source, bytes) : NULL;
    if (block == NULL) {
        return;
    }
    table->block[table->slots / NEIGHBOUR_BLOCK] = block;
    for (uint32_t i = 0; i < NEIGHBOUR_BLOCK; i++) {
        block[i].number = table->slots++;
        block[i].generation = 1;
        block[i].next = table->free_head;
        list_init(&block[i].change);
        list_init(&block[i].waiting);
        table->free_head = block[i].number;
    }
}

static bool is_idle(const struct neighbour *neighbour, uint64_t now_ns)
{
    bool is_stale = neighbour->state == NEIGHBOUR_STATE_STALE
                    || (neighbour->state == NEIGHBOUR_STATE_REACHABLE
                        && deadline_is_due(neighbour->deadline_ns, now_ns));
    return is_stale && !neighbour->is_static && list_is_empty(&neighbour->change);
}

// An entry that may go for a new one: the longest idle, those never used before all others.
static struct neighbour *find_victim(const struct net *net, bool is_wanted, uint64_t now_ns)
{
    struct neighbour *victim = NULL;
    for (uint32_t i = 0; i < net->neighbours.slots; i++) {
        struct neighbour *neighbour = neighbour_at(net, i);
        if (!is_idle(neighbour, now_ns)) {
            continue;
        }
        bool is_old = deadline_age(neighbour->used_ns, now_ns) > IDLE_NS;
        if (neighbour->was_used && !(is_wanted && is_old)) {
            continue;
        }
        uint64_t since_ns = neighbour->was_used ? neighbour->used_ns : 0;
        uint64_t victim_ns = victim != NULL && victim->was_used ? victim->used_ns : 0;
        if (victim == NULL || since_ns < victim_ns) {
            victim = neighbour;
        }
    }
    return victim;
}

static struct neighbour *take_slot(struct net *net, uint32_t iface, const struct synfin_addr *addr,
                                   bool is_wanted, uint64_t now_ns)
{
    struct neighbours *table = &net->neighbours;
    if (table->free_head == NET_NONE) {
        grow_table(net);
    }
    if (table->free_head == NET_NONE) {
        struct neighbour *victim = find_victim(net, is_wanted, now_ns);
        if (victim == NULL) {
            return NULL;
        }
        free_slot(net, victim);
    }
    struct neighbour *neighbour = neighbour_at(net, table->free_head);
    table->free_head = neighbour->next;
    uint16_t *bucket = &table->bucket[bucket_of(net, iface, addr)];
    neighbour->addr = *addr;
    neighbour->iface = (uint8_t)iface;
    neighbour->next = *bucket;
    neighbour->deadline_ns = SYNFIN_NEVER;
    neighbour->used_ns = now_ns;
    neighbour->changed_ns = now_ns;
    neighbour->probes = 0;
    neighbour->is_static = neighbour->is_wanted = neighbour->was_used = false;
    *bucket = neighbour->number;
    return neighbour;
}

static void solicit(struct net *net, struct neighbour *neighbour, uint64_t now_ns)
{
    uint64_t wait_ns = NS_PER_S;
    if (wire_addr_is_mapped(&neighbour->addr)) {
        arp_solicit(net, neighbour, now_ns);
        neighbour->probes++;
    } else {
        wait_ns = net->iface[neighbour->iface].retrans_ns;
        neighbour->probes = (uint8_t)(neighbour->probes + nd_solicit(net, neighbour, now_ns));
    }
    set_deadline(net, neighbour, deadline_after(now_ns, wait_ns));
}

void neighbour_solicit_waiting(struct net *net, uint32_t iface, uint64_t now_ns)
{
    for (uint32_t i = 0; i < net->neighbours.slots; i++) {
        struct neighbour *neighbour = neighbour_at(net, i);
        bool is_waiting = neighbour->state == NEIGHBOUR_STATE_INCOMPLETE && neighbour->probes == 0;
        if (is_waiting && neighbour->iface == iface) {
            solicit(net, neighbour, now_ns);
        }
    }
}

static void begin_incomplete(struct net *net, struct neighbour *neighbour, uint64_t now_ns)
{
    list_remove(&neighbour->change);
    set_state(net, neighbour, NEIGHBOUR_STATE_INCOMPLETE);
    neighbour->probes = 0;
    solicit(net, neighbour, now_ns);
}

struct neighbour *neighbour_want(struct net *net, uint32_t iface, const struct synfin_addr *addr,
                                 uint64_t now_ns)
{
    struct neighbour *neighbour = neighbour_find(net, iface, addr);
    if (neighbour != NULL) {
        return neighbour;
    }
    if (net->neighbours.incomplete >= NEIGHBOUR_INCOMPLETE_MAX) {
        return NULL;
    }
    neighbour = take_slot(net, iface, addr, true, now_ns);
    if (neighbour != NULL) {
        begin_incomplete(net, neighbour, now_ns);
    }
    return neighbour;
}

static void begin_delay(struct net *net, struct neighbour *neighbour, uint64_t now_ns)
{
    set_state(net, neighbour, NEIGHBOUR_STATE_DELAY);
    set_deadline(net, neighbour, deadline_after(now_ns, DELAY_FIRST_PROBE_NS));
}

enum net_resolution neighbour_use(struct net *net, struct neighbour *neighbour, uint64_t now_ns)
{
    ASSERT(neighbour->state != NEIGHBOUR_STATE_FREE);
    neighbour->used_ns = now_ns;
    neighbour->was_used = true;
    switch ((enum neighbour_state)neighbour->state) {
    case NEIGHBOUR_STATE_REACHABLE:
        if (deadline_is_due(neighbour->deadline_ns, now_ns)) {
            begin_delay(net, neighbour, now_ns);
        }
        return NET_RESOLUTION_READY;
    case NEIGHBOUR_STATE_STALE: begin_delay(net, neighbour, now_ns); return NET_RESOLUTION_READY;
    case NEIGHBOUR_STATE_DELAY:
    case NEIGHBOUR_STATE_PROBE: return NET_RESOLUTION_READY;
    case NEIGHBOUR_STATE_FAILED: begin_incomplete(net, neighbour, now_ns); break;
    case NEIGHBOUR_STATE_INCOMPLETE:
    case NEIGHBOUR_STATE_FREE: break;
    }
    return NET_RESOLUTION_PENDING;
}

// RFC 4861 §6.3.2: between half and one and a half times the base, so that stations do not probe
// in step.
static void begin_reachable(struct net *net, struct neighbour *neighbour, uint64_t now_ns)
{
    uint64_t per_mille = 500 + entropy_below(&net->entropy, 1001);
    uint64_t wait_ns = net->iface[neighbour->iface].reachable_ns / 1000 * per_mille;
    set_state(net, neighbour, NEIGHBOUR_STATE_REACHABLE);
    // Nothing happens at that time by itself: neighbour_use looks.
    neighbour->deadline_ns = deadline_after(now_ns, wait_ns);
}

static void begin_stale(struct net *net, struct neighbour *neighbour)
{
    set_state(net, neighbour, NEIGHBOUR_STATE_STALE);
    neighbour->deadline_ns = SYNFIN_NEVER;
}

void neighbour_confirm(struct net *net, struct neighbour *neighbour, uint64_t now_ns)
{
    bool is_known = neighbour->state == NEIGHBOUR_STATE_STALE
                    || neighbour->state == NEIGHBOUR_STATE_DELAY
                    || neighbour->state == NEIGHBOUR_STATE_PROBE;
    // Not every acknowledgment draws a random number: only those toward the end of the time.
    uint64_t ending_ns = net->iface[neighbour->iface].reachable_ns / 4;
    bool is_ending = neighbour->state == NEIGHBOUR_STATE_REACHABLE && !neighbour->is_static
                     && neighbour->deadline_ns < deadline_after(now_ns, ending_ns);
    if (is_known || is_ending) {
        begin_reachable(net, neighbour, now_ns);
    }
}

static void set_mac(struct neighbour *neighbour, const struct wire_eth_addr *link, uint64_t now_ns)
{
    memcpy(neighbour->mac, link->octet, WIRE_ETH_ADDR);
    neighbour->changed_ns = now_ns;
}

// Its link address has become known: wakes all who wait.
static void tell_resolved(struct net *net, struct neighbour *neighbour)
{
    control_release(net, neighbour);
    list_remove(&neighbour->change);
    if (neighbour->is_wanted) {
        list_push_back(&net->neighbours.changes, &neighbour->change);
    }
}

static bool is_unresolved(const struct neighbour *neighbour)
{
    return neighbour->state == NEIGHBOUR_STATE_INCOMPLETE
           || neighbour->state == NEIGHBOUR_STATE_FAILED;
}

void neighbour_on_source(struct net *net, uint32_t iface, const struct synfin_addr *addr,
                         const struct wire_eth_addr *link, uint64_t now_ns)
{
    struct neighbour *neighbour = neighbour_find(net, iface, addr);
    if (neighbour == NULL) {
        neighbour = take_slot(net, iface, addr, false, now_ns);
        if (neighbour != NULL) {
            set_mac(neighbour, link, now_ns);
            begin_stale(net, neighbour);
        }
        return;
    }
    bool differs = memcmp(neighbour->mac, link->octet, WIRE_ETH_ADDR) != 0;
    if (neighbour->is_static || !(is_unresolved(neighbour) || differs)) {
        return;
    }
    bool was_unresolved = is_unresolved(neighbour);
    set_mac(neighbour, link, now_ns);
    begin_stale(net, neighbour);
    if (was_unresolved) {
        tell_resolved(net, neighbour);
    }
}

static void on_first_advert(struct net *net, struct neighbour *neighbour,
                            const struct neighbour_advert *advert, uint64_t now_ns)
{
    if (advert->link == NULL) {
        return;
    }
    set_mac(neighbour, advert->link, now_ns);
    if (advert->is_solicited) {
        begin_reachable(net, neighbour, now_ns);
    } else {
        begin_stale(net, neighbour);
    }
    tell_resolved(net, neighbour);
}

void neighbour_on_advert(struct net *net, struct neighbour *neighbour,
                         const struct neighbour_advert *advert, uint64_t now_ns)
{
    if (neighbour->is_static) {
        return;
    }
    if (is_unresolved(neighbour)) {
        on_first_advert(net, neighbour, advert, now_ns);
        return;
    }
    const struct wire_eth_addr *link = advert->link;
    bool differs = link != NULL && memcmp(neighbour->mac, link->octet, WIRE_ETH_ADDR) != 0;
    bool is_locked = !advert->is_solicited && deadline_age(neighbour->changed_ns, now_ns) < LOCK_NS;
    if (differs && (!advert->is_override || is_locked)) {
        if (neighbour->state == NEIGHBOUR_STATE_REACHABLE) {
            begin_stale(net, neighbour);
        }
        return;
    }
    if (differs) {
        set_mac(neighbour, link, now_ns);
    }
    if (advert->is_solicited) {
        begin_reachable(net, neighbour, now_ns);
    } else if (differs) {
        begin_stale(net, neighbour);
    }
}

enum synfin_error neighbour_add_static(struct net *net, uint32_t iface,
                                       const struct synfin_addr *addr, const uint8_t mac[6])
{
    struct wire_eth_addr link;
    memcpy(link.octet, mac, WIRE_ETH_ADDR);
    neighbour_on_source(net, iface, addr, &link, 0);
    struct neighbour *neighbour = neighbour_find(net, iface, addr);
    if (neighbour == NULL) {
        return SYNFIN_ERROR_LIMIT;
    }
    set_mac(neighbour, &link, 0);
    set_state(net, neighbour, NEIGHBOUR_STATE_REACHABLE);
    neighbour->deadline_ns = SYNFIN_NEVER;
    neighbour->is_static = true;
    return SYNFIN_ERROR_OK;
}

bool neighbour_next_change(struct net *net, struct net_change *change)
{
    struct list_node *node = list_pop_front(&net->neighbours.changes);
    if (node == NULL) {
        return false;
    }
    struct neighbour *neighbour = CONTAINER_OF(node, struct neighbour, change);
    change->next_hop = neighbour->addr;
    change->neighbour = neighbour->number;
    change->iface = neighbour->iface;
    change->is_failed = neighbour->state == NEIGHBOUR_STATE_FAILED;
    neighbour->is_wanted = false;
    if (change->is_failed) {
        free_slot(net, neighbour);
    }
    return true;
}

// Nobody answered while connections or our own packets waited.
static void give_up(struct net *net, struct neighbour *neighbour, uint64_t now_ns)
{
    report_count(net->config.report, SYNFIN_REASON_NEIGHBOUR_FAILED);
    control_fail(net, neighbour, now_ns);
    if (!neighbour->is_wanted) {
        free_slot(net, neighbour);
        return;
    }
    set_state(net, neighbour, NEIGHBOUR_STATE_FAILED);
    neighbour->deadline_ns = SYNFIN_NEVER;
    list_push_back(&net->neighbours.changes, &neighbour->change);
}

static void on_deadline(struct net *net, struct neighbour *neighbour, uint64_t now_ns)
{
    if (neighbour->state == NEIGHBOUR_STATE_DELAY) {
        set_state(net, neighbour, NEIGHBOUR_STATE_PROBE);
        neighbour->probes = 0;
    }
    if (neighbour->probes < SOLICITS_MAX) {
        solicit(net, neighbour, now_ns);
    } else if (neighbour->state == NEIGHBOUR_STATE_INCOMPLETE) {
        give_up(net, neighbour, now_ns);
    } else {
        free_slot(net, neighbour);
    }
}

// When it next needs attention.
static uint64_t deadline_of(const struct neighbour *neighbour)
{
    bool is_timed = neighbour->state == NEIGHBOUR_STATE_INCOMPLETE
                    || neighbour->state == NEIGHBOUR_STATE_DELAY
                    || neighbour->state == NEIGHBOUR_STATE_PROBE;
    return is_timed ? neighbour->deadline_ns : SYNFIN_NEVER;
}

uint64_t neighbour_advance(struct net *net, uint64_t now_ns)
{
    uint64_t next_ns = SYNFIN_NEVER;
    for (uint32_t i = 0; i < net->neighbours.slots; i++) {
        struct neighbour *neighbour = neighbour_at(net, i);
        if (deadline_is_due(deadline_of(neighbour), now_ns)) {
            on_deadline(net, neighbour, now_ns);
        }
        next_ns = deadline_min(next_ns, deadline_of(neighbour));
    }
    return next_ns;
}

bool neighbour_check(const struct net *net)
{
    const struct neighbours *table = &net->neighbours;
    uint32_t used = 0;
    uint32_t incomplete = 0;
    for (uint32_t i = 0; i < table->slots; i++) {
        const struct neighbour *neighbour = neighbour_at(net, i);
        if (neighbour->state == NEIGHBOUR_STATE_FREE) {
            continue;
        }
        used++;
        incomplete += neighbour->state == NEIGHBOUR_STATE_INCOMPLETE;
        bool may_hold = neighbour->state == NEIGHBOUR_STATE_INCOMPLETE;
        if (neighbour_find(net, neighbour->iface, &neighbour->addr) != neighbour
            || neighbour->waiting_count > (may_hold ? NEIGHBOUR_WAITING_MAX : 0)) {
            return false;
        }
    }
    return used == table->used && incomplete == table->incomplete
           && incomplete <= NEIGHBOUR_INCOMPLETE_MAX && table->slots <= NET_NEIGHBOURS_MAX;
}
