// SPDX-License-Identifier: MIT
//
// Switches and routers. A host hangs on a subnet, Ethernet or bare IP; one router joins them, and a
// second one behind it those of odd numbers, with a line between them whose MTU may be smaller.
//
//     host --+                                      +-- host
//     host --+-- switch -- router ==== router -- switch
//
// Host h of subnet s has 10.0.s.(h+1) and 2001:db8:0:s::(h+1), the station 2:0:0:0:0:h; the router
// has 10.0.s.254 and 2001:db8:0:s::fe, the station 2:0:0:0:ff:s. Whatever happens on the way is
// worked out when a packet is sent, so that a packet is one event.
#include <stdlib.h>
#include <string.h>

#include "lib/test_random.h"
#include "sim/sim.h"
#include "sim/sim_wire.h"

enum {
    SMALL_BYTES = 2048,
    GATEWAY = 254,
    ARP_BYTES = 28,
    ND_BYTES = 24,
    ND_SOLICIT = 135,
    ND_ADVERT = 136,
    PROTOCOL_ICMP6 = 58,
    HEAP_FIRST = 1024
};

void sim_net_init(struct sim_world *world)
{
    world->heap_max = HEAP_FIRST;
    world->heap = malloc(world->heap_max * sizeof *world->heap);
    if (world->heap == NULL) {
        abort();
    }
}

void sim_net_deinit(struct sim_world *world)
{
    for (uint32_t i = 0; i < world->heap_count; i++) {
        sim_frame_give(world, world->heap[i].frame);
    }
    free(world->heap);
    while (world->free_small != NULL) {
        struct sim_frame *frame = world->free_small;
        world->free_small = frame->next;
        free(frame);
    }
}

struct sim_frame *sim_frame_take(struct sim_world *world, uint32_t bytes)
{
    struct sim_frame *frame = world->free_small;
    uint32_t capacity = bytes > SMALL_BYTES ? bytes : SMALL_BYTES;
    if (frame != NULL && bytes <= SMALL_BYTES) {
        world->free_small = frame->next;
    } else {
        frame = malloc(sizeof *frame + SIM_ROOM + capacity);
        if (frame == NULL) {
            abort();
        }
    }
    *frame = (struct sim_frame){.bytes = bytes, .capacity = capacity, .from = SIM_NOBODY};
    return frame;
}

struct sim_frame *sim_frame_copy(struct sim_world *world, const struct sim_frame *frame)
{
    struct sim_frame *copy = sim_frame_take(world, frame->bytes);
    uint32_t capacity = copy->capacity;
    *copy = *frame;
    copy->capacity = capacity;
    memcpy(copy->octets, frame->octets, SIM_ROOM + frame->bytes);
    return copy;
}

void sim_frame_give(struct sim_world *world, struct sim_frame *frame)
{
    if (frame->capacity != SMALL_BYTES) {
        free(frame);
        return;
    }
    frame->next = world->free_small;
    world->free_small = frame;
}

static bool is_before(const struct sim_heap_item *a, const struct sim_heap_item *b)
{
    return a->at_ns < b->at_ns || (a->at_ns == b->at_ns && a->order < b->order);
}

void sim_net_schedule(struct sim_world *world, struct sim_frame *frame, uint64_t at_ns)
{
    if (world->heap_count == world->heap_max) {
        world->heap_max *= 2;
        world->heap = realloc(world->heap, world->heap_max * sizeof *world->heap);
        if (world->heap == NULL) {
            abort();
        }
    }
    frame->at_ns = at_ns;
    frame->order = world->order++;
    struct sim_heap_item item = {.at_ns = at_ns, .order = frame->order, .frame = frame};
    uint32_t at = world->heap_count++;
    while (at > 0 && is_before(&item, &world->heap[(at - 1) / 2])) {
        world->heap[at] = world->heap[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    world->heap[at] = item;
}

uint64_t sim_net_next(const struct sim_world *world)
{
    return world->heap_count == 0 ? SYNFIN_NEVER : world->heap[0].at_ns;
}

static void sink_down(struct sim_world *world, struct sim_heap_item item)
{
    uint32_t at = 0;
    for (;;) {
        uint32_t child = 2 * at + 1;
        if (child >= world->heap_count) {
            break;
        }
        if (child + 1 < world->heap_count
            && is_before(&world->heap[child + 1], &world->heap[child])) {
            child++;
        }
        if (!is_before(&world->heap[child], &item)) {
            break;
        }
        world->heap[at] = world->heap[child];
        at = child;
    }
    world->heap[at] = item;
}

struct sim_frame *sim_net_arrived(struct sim_world *world)
{
    if (sim_net_next(world) > world->now_ns) {
        return NULL;
    }
    struct sim_frame *frame = world->heap[0].frame;
    world->heap_count--;
    if (world->heap_count > 0) {
        sink_down(world, world->heap[world->heap_count]);
    }
    return frame;
}

struct sim_host *sim_net_host(struct sim_world *world, const uint8_t *octets, bool is_ip6)
{
    uint32_t number = is_ip6 ? octets[15] : octets[3];
    if (number == 0 || number > world->plan.hosts) {
        return NULL;
    }
    struct sim_host *host = &world->host[number - 1];
    const uint8_t *own = is_ip6 ? host->addr[1].octet : host->addr[0].octet + 12;
    return memcmp(own, octets, is_ip6 ? 16 : 4) == 0 ? host : NULL;
}

static void put_gateway(uint8_t *out, uint32_t subnet, bool is_ip6)
{
    static const uint8_t prefix[16] = {0x20, 0x01, 0x0d, 0xb8};
    static const uint8_t prefix4[4] = {10, 0, 0, GATEWAY};
    memcpy(out, is_ip6 ? prefix : prefix4, is_ip6 ? 16 : 4);
    if (is_ip6) {
        out[7] = (uint8_t)subnet;
        out[15] = GATEWAY;
    } else {
        out[2] = (uint8_t)subnet;
    }
}

static void put_eth(struct sim_frame *frame, uint32_t station, uint32_t from_station, uint32_t type)
{
    static const uint8_t head[SIM_ROOM] = {2, 0, 0, 0, 0, 0, 2};
    memcpy(frame->octets, head, SIM_ROOM);
    sim_store16(frame->octets + 4, station);
    sim_store16(frame->octets + 10, from_station);
    sim_store16(frame->octets + 12, type);
    frame->type = (uint16_t)type;
}

// The router's own answer goes straight back to the host that asked.
static void answer(struct sim_world *world, struct sim_host *host, struct sim_frame *frame)
{
    frame->is_ethernet = true;
    frame->origin = ORACLE_FORGED;
    frame->to = (uint16_t)host->index;
    sim_net_schedule(world, frame, world->now_ns + 2 * host->delay_ns);
}

static void answer_arp(struct sim_world *world, struct sim_host *host, struct sim_frame *question)
{
    const uint8_t *asked = sim_frame_ip(question);
    uint8_t gateway[4];
    put_gateway(gateway, host->subnet, false);
    if (question->bytes < ARP_BYTES || sim_load16(asked + 6) != 1
        || memcmp(asked + 24, gateway, 4) != 0) {
        return;
    }
    struct sim_frame *frame = sim_frame_take(world, ARP_BYTES);
    uint8_t *arp = sim_frame_ip(frame);
    put_eth(frame, host->index, 0xff00 + host->subnet, SIM_TYPE_ARP);
    memcpy(arp, asked, 8);
    sim_store16(arp + 6, 2);
    memcpy(arp + 8, frame->octets + 6, 6);
    memcpy(arp + 14, gateway, 4);
    memcpy(arp + 18, asked + 8, 10);
    answer(world, host, frame);
}

static void answer_solicit(struct sim_world *world, struct sim_host *host,
                           struct sim_frame *question)
{
    const uint8_t *asked = sim_frame_ip(question);
    static const uint8_t unspecified[16];
    uint8_t gateway[16];
    put_gateway(gateway, host->subnet, true);
    if (question->bytes < 40 + ND_BYTES || asked[6] != PROTOCOL_ICMP6 || asked[40] != ND_SOLICIT
        || memcmp(asked + 48, gateway, 16) != 0 || memcmp(asked + 8, unspecified, 16) == 0) {
        return;
    }
    struct sim_frame *frame = sim_frame_take(world, 40 + ND_BYTES + 8);
    uint8_t *ip = sim_frame_ip(frame);
    put_eth(frame, host->index, 0xff00 + host->subnet, SIM_TYPE_IP6);
    uint8_t *nd = ip + sim_ip_put(ip, true, gateway, asked + 8, ND_BYTES + 8, PROTOCOL_ICMP6);
    ip[7] = 255;
    memset(nd, 0, ND_BYTES + 8);
    nd[0] = ND_ADVERT;
    nd[4] = 0xe0; // a router, solicited, override
    memcpy(nd + 8, gateway, 16);
    nd[ND_BYTES] = 2;
    nd[ND_BYTES + 1] = 1;
    memcpy(nd + ND_BYTES + 2, frame->octets + 6, 6);
    sim_store16(nd + 2, sim_ip6_checksum(ip, nd, ND_BYTES + 8, PROTOCOL_ICMP6));
    answer(world, host, frame);
}

static void flood(struct sim_world *world, struct sim_host *host, struct sim_frame *frame)
{
    if (frame->type == SIM_TYPE_ARP) {
        answer_arp(world, host, frame);
    } else if (frame->type == SIM_TYPE_IP6) {
        answer_solicit(world, host, frame);
    }
    for (uint32_t i = 0; i < world->plan.hosts; i++) {
        struct sim_host *to = &world->host[i];
        if (to != host && to->subnet == host->subnet) {
            sim_link_pass(world, sim_frame_copy(world, frame), to, 0);
        }
    }
    sim_frame_give(world, frame);
}

static bool has_hops_left(struct sim_frame *frame, uint32_t hops)
{
    uint8_t *ip = sim_frame_ip(frame);
    uint8_t *limit = ip + (sim_is_ip6(ip) ? 7 : 8);
    if (*limit <= hops) {
        return false;
    }
    *limit = (uint8_t)(*limit - hops);
    if (!sim_is_ip6(ip)) {
        sim_ip4_seal(ip);
    }
    return true;
}

// The router says that this is too big, in time or late, or nothing: what it says, and how late.
static struct sim_frame *refuse_size(struct sim_world *world, struct sim_frame *frame, uint32_t mtu,
                                     uint64_t *late_ns)
{
    struct sim_frame *said = NULL;
    const uint8_t *ip = sim_frame_ip(frame);
    bool is_ip6 = sim_is_ip6(ip);
    struct sim_host *host = sim_net_host(world, ip + (is_ip6 ? 8 : 12), is_ip6);
    world->faults++;
    if (host != NULL && !sim_has(world, SIM_FAULT_BLACK_HOLE)) {
        uint8_t gateway[16];
        struct sim_frame *error = sim_frame_take(world, SMALL_BYTES);
        put_gateway(gateway, host->subnet, is_ip6);
        struct sim_icmp too_big = {
            .src = gateway, .type = is_ip6 ? 2 : 3, .code = is_ip6 ? 0 : 4, .word = mtu};
        error->bytes = sim_icmp_put(sim_frame_ip(error), &too_big, ip, frame->bytes);
        error->origin = ORACLE_FORGED;
        *late_ns = test_random_below(&world->net_random, 4) == 0
                       ? test_random(&world->net_random) % (5 * SIM_S)
                       : 0;
        if (error->bytes != 0) {
            said = error;
        } else {
            sim_frame_give(world, error);
        }
    }
    sim_frame_give(world, frame);
    return said;
}

// On its way, or what a router says instead, which leaves `*delay_ns` later.
static struct sim_frame *pass_on(struct sim_world *world, struct sim_frame *frame,
                                 uint64_t *delay_ns)
{
    const uint8_t *ip = sim_frame_ip(frame);
    bool is_ip6 = sim_is_ip6(ip);
    struct sim_host *to = sim_net_host(world, ip + (is_ip6 ? 24 : 16), is_ip6);
    if (to == NULL) {
        sim_frame_give(world, frame);
        return NULL;
    }
    uint32_t from_subnet = frame->from == SIM_NOBODY ? to->subnet : world->host[frame->from].subnet;
    bool is_far = ((from_subnet ^ to->subnet) & 1) != 0;
    uint32_t mtu = world->subnet[to->subnet].mtu_bytes;
    if (is_far || world->plan.subnets == 1) {
        mtu = mtu < world->path_mtu_bytes ? mtu : world->path_mtu_bytes;
    }
    if (from_subnet != to->subnet && !has_hops_left(frame, is_far ? SIM_HOPS_MAX : 1)) {
        sim_frame_give(world, frame);
    } else if (frame->bytes > mtu) {
        return refuse_size(world, frame, mtu, delay_ns);
    } else {
        put_eth(frame, to->index, 0xff00 + to->subnet, is_ip6 ? SIM_TYPE_IP6 : SIM_TYPE_IP4);
        sim_link_pass(world, frame, to, *delay_ns + (is_far ? world->plan.delay_ns : 0));
    }
    return NULL;
}

void sim_net_route(struct sim_world *world, struct sim_frame *frame, uint64_t delay_ns)
{
    while (frame != NULL) {
        frame = pass_on(world, frame, &delay_ns);
    }
}

void sim_net_send(struct sim_world *world, struct sim_host *host, struct sim_frame *frame)
{
    if (!frame->is_ethernet) {
        sim_net_route(world, frame, 0);
        return;
    }
    uint32_t station = sim_load16(frame->octets + 4);
    if ((frame->octets[0] & 1) != 0) {
        flood(world, host, frame);
    } else if (station >= 0xff00 && frame->type == SIM_TYPE_ARP) {
        answer_arp(world, host, frame);
        sim_frame_give(world, frame);
    } else if (station >= 0xff00) {
        answer_solicit(world, host, frame);
        sim_net_route(world, frame, 0);
    } else if (station < world->plan.hosts && world->host[station].subnet == host->subnet) {
        sim_link_pass(world, frame, &world->host[station], 0);
    } else {
        sim_frame_give(world, frame);
    }
}
