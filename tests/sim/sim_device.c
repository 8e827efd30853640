// SPDX-License-Identifier: MIT
//
// The device of a host: what arrives waits in its ring and is given in bursts, twice at times, and
// joined where it can be; what the stack sends is summed, cut into segments and put in order.
#include <stdlib.h>
#include <string.h>

#include "lib/test_random.h"
#include "sim/sim.h"
#include "sim/sim_record.h"
#include "sim/sim_super.h"
#include "sim/sim_wire.h"

enum { BURST_MAX = 64, RING_FRAMES = 64, PADDED_BYTES = 46 };

void sim_device_drop(struct sim_host *host)
{
    while (host->rx_first != NULL) {
        struct sim_frame *frame = host->rx_first;
        host->rx_first = frame->next;
        sim_frame_give(host->world, frame);
    }
    host->rx_last = NULL;
}

static void queue_received(struct sim_host *host, struct sim_frame *frame)
{
    frame->next = NULL;
    if (host->rx_last != NULL) {
        host->rx_last->next = frame;
    } else {
        host->rx_first = frame;
    }
    host->rx_last = frame;
    host->next_ns = host->next_ns < host->rx_open_ns ? host->next_ns : host->rx_open_ns;
}

void sim_device_give(struct sim_host *host, struct sim_frame *frame)
{
    while (sim_befalls(host->world, &host->random, SIM_FAULT_RX_TWICE)) {
        struct sim_frame *copy = sim_frame_copy(host->world, frame);
        sim_record_copy(host->world, copy);
        queue_received(host, copy);
    }
    queue_received(host, frame);
}

// An Ethernet frame carries 46 octets at least.
static uint8_t *as_received(struct sim_host *host, struct sim_frame *frame, uint32_t *bytes)
{
    if (!host->iface.is_ethernet) {
        *bytes = frame->bytes;
        return sim_frame_ip(frame);
    }
    if (frame->bytes < PADDED_BYTES) {
        memset(sim_frame_ip(frame) + frame->bytes, 0, PADDED_BYTES - frame->bytes);
        frame->bytes = PADDED_BYTES;
    }
    *bytes = SIM_ROOM + frame->bytes;
    return frame->octets;
}

// Segments that follow each other become one, where the device does that.
static void join_next(struct sim_host *host, struct sim_frame **frame)
{
    while (host->iface.gso_bytes != 0 && host->rx_first != NULL) {
        struct sim_frame *next = host->rx_first;
        struct sim_frame *after = next->next;
        if (!sim_super_join(host->world, frame, next, host->iface.gso_bytes)) {
            return;
        }
        host->rx_first = after;
    }
}

// As much as a device's ring holds, in the pieces of a call.
void sim_device_receive(struct sim_host *host)
{
    static struct synfin_packet packets[BURST_MAX];
    struct sim_frame *taken[BURST_MAX];
    struct sim_world *world = host->world;
    uint64_t now_ns = sim_host_clock(host);
    uint32_t room = RING_FRAMES;
    while (host->rx_first != NULL && room > 0) {
        uint32_t n = 0;
        while (n < world->plan.burst && room > 0 && host->rx_first != NULL) {
            struct sim_frame *frame = host->rx_first;
            struct oracle_arrival arrival = {0};
            host->rx_first = frame->next;
            join_next(host, &frame);
            arrival.origin = (enum oracle_origin)frame->origin;
            uint8_t *octets = as_received(host, frame, &arrival.bytes);
            arrival.octets = octets;
            synfin_packet_wrap(&packets[n], octets, arrival.bytes);
            oracle_received(world->oracle, host->index, 0, &arrival, now_ns);
            taken[n++] = frame;
            room--;
        }
        host->rx_last = host->rx_first == NULL ? NULL : host->rx_last;
        synfin_stack_input(host->stack, 0, packets, n, now_ns);
        sim_host_called(host);
        while (n > 0) {
            sim_frame_give(world, taken[--n]);
        }
    }
}

// The device sums what it was left to sum.
static void complete_checksum(uint8_t *head, const struct synfin_packet *packet)
{
    uint8_t *field = head + packet->checksum_start + packet->checksum_offset;
    if (packet->checksum == SYNFIN_CHECKSUM_PARTIAL) {
        sim_store16(field, sim_fold(sim_sum(head + packet->checksum_start,
                                            packet->bytes - packet->checksum_start, 0)));
    }
}

static struct sim_frame *frame_of(struct sim_host *host, const struct synfin_packet *packet)
{
    uint32_t skipped = host->iface.is_ethernet ? SIM_ROOM : 0;
    struct sim_frame *frame = sim_frame_take(host->world, packet->bytes - skipped);
    uint8_t *head = sim_frame_ip(frame) - skipped;
    (void)synfin_packet_copy(packet, head, packet->bytes);
    complete_checksum(head, packet);
    frame->from = (uint16_t)host->index;
    frame->reason = packet->reason;
    frame->conn = packet->conn;
    frame->is_ethernet = host->iface.is_ethernet != 0;
    frame->type = frame->is_ethernet
                      ? (uint16_t)sim_load16(frame->octets + 12)
                      : (sim_is_ip6(sim_frame_ip(frame)) ? SIM_TYPE_IP6 : SIM_TYPE_IP4);
    return frame;
}

// Takes everything that the stack has to send now; how much at a time changes nothing.
static uint32_t pull(struct sim_host *host)
{
    static struct synfin_packet packets[BURST_MAX];
    struct sim_world *world = host->world;
    uint64_t now_ns = sim_host_clock(host);
    uint32_t count = 0;
    uint32_t n;
    do {
        n = synfin_stack_output(host->stack, 0, packets, world->plan.burst, now_ns);
        for (uint32_t i = 0; i < n; i++) {
            oracle_sent(world->oracle, host->index, 0, &packets[i], now_ns);
            count += sim_super_cut(world, frame_of(host, &packets[i]), packets[i].gso_bytes,
                                   &world->sending[count]);
        }
        sim_host_called(host);
    } while (n > 0 && count <= SIM_SENDING_MAX / 2);
    world->frames += count;
    return count;
}

static int compare_conns(const void *a, const void *b)
{
    const struct sim_frame *left = *(struct sim_frame *const *)a;
    const struct sim_frame *right = *(struct sim_frame *const *)b;
    if (left->conn != right->conn) {
        return left->conn < right->conn ? -1 : 1;
    }
    return left->order < right->order ? -1 : left->order > right->order;
}

static bool has_syn(struct sim_frame *frame)
{
    struct sim_tcp tcp;
    return sim_tcp_find(sim_frame_ip(frame), frame->bytes, &tcp)
           && (sim_tcp_flags(&tcp) & SIM_SYN) != 0;
}

// Whose turn comes first within a moment depends on how much is taken at a time, and is fair either
// way. Here each connection's packets stand together, SYN+ACKs of Fast Open before data, so that
// the world goes on the same.
static void sort_by_conn(struct sim_frame **frames, uint32_t count)
{
    bool is_sorted = true;
    for (uint32_t i = 0; i < count; i++) {
        frames[i]->order = i + (count == 1 || has_syn(frames[i]) ? 0 : SIM_SENDING_MAX);
        is_sorted = is_sorted && (i == 0 || compare_conns(&frames[i - 1], &frames[i]) < 0);
    }
    if (!is_sorted) {
        qsort(frames, count, sizeof(struct sim_frame *), compare_conns);
    }
}

static void hash_frame(struct sim_host *host, const struct sim_frame *frame)
{
    uint64_t said[] = {sim_host_clock(host), host->index, frame->conn};
    sim_hash(host->world, said, sizeof said);
    sim_hash(host->world, frame->octets + SIM_ROOM, frame->bytes);
}

bool sim_device_send(struct sim_host *host)
{
    struct sim_world *world = host->world;
    struct sim_frame **frames = world->sending;
    uint32_t count = pull(host);
    sort_by_conn(frames, count);
    for (uint32_t i = 0; i < count && world->has_hash; i++) {
        hash_frame(host, frames[i]);
    }
    for (uint32_t i = 1; i < count; i++) {
        if (sim_befalls(world, &host->random, SIM_FAULT_TX_REORDER)) {
            struct sim_frame *kept = frames[i];
            frames[i] = frames[i - 1];
            frames[i - 1] = kept;
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        sim_net_send(world, host, frames[i]);
    }
    return count > 0;
}
