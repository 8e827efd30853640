// SPDX-License-Identifier: MIT
//
// A packet's way over two lines, up from the sender's device and down to the receiver's: what
// chance does to it, how long it waits for the rate, and when it arrives.
#include <string.h>

#include "lib/test_random.h"
#include "sim/sim.h"
#include "sim/sim_record.h"
#include "sim/sim_wire.h"

enum { UP, DOWN, PPM = 1000000, BURST_END_PPM = 100000, BURST_LOSS_PPM = 800000, PSH = 8 };

bool sim_befalls(struct sim_world *world, uint64_t *random, enum sim_fault fault)
{
    if (!sim_has(world, fault) || test_random_below(random, PPM) >= world->plan.weight[fault]) {
        return false;
    }
    world->faults++;
    return true;
}

static bool is_lost_in_burst(struct sim_world *world, struct sim_host *host, uint32_t line)
{
    uint64_t *random = &world->net_random;
    if (!sim_has(world, SIM_FAULT_BURST)) {
        return false;
    }
    uint32_t turn =
        host->is_bursting[line] ? BURST_END_PPM : world->plan.weight[SIM_FAULT_BURST] / 16;
    if (test_random_below(random, PPM) < turn) {
        host->is_bursting[line] = !host->is_bursting[line];
    }
    bool is_lost = host->is_bursting[line] && test_random_below(random, PPM) < BURST_LOSS_PPM;
    world->faults += is_lost;
    return is_lost;
}

static bool is_of_kind(const struct sim_frame *frame, const struct sim_tcp *tcp, uint32_t kind)
{
    uint32_t flags = sim_tcp_flags(tcp) & (SIM_SYN | SIM_ACK | SIM_FIN | SIM_RST);
    switch (kind) {
    case 0: return flags == SIM_SYN;
    case 1: return flags == (SIM_SYN | SIM_ACK);
    case 2: return (flags & SIM_FIN) != 0;
    case 3: return flags == SIM_ACK && tcp->payload_bytes == 0;
    case 4: return tcp->payload_bytes != 0;
    case 5: return (flags & SIM_RST) != 0;
    case 6: return frame->reason == SYNFIN_REASON_SEND_WINDOW_UPDATE;
    default: return (sim_tcp_flags(tcp) & PSH) != 0 && tcp->payload_bytes != 0; // the last of some
    }
}

// Now and then the k-th segment of a kind that a host sends is lost, or all of them for a while.
static bool is_target(struct sim_world *world, struct sim_frame *frame)
{
    struct sim_tcp tcp;
    if (!sim_has(world, SIM_FAULT_TARGET) || frame->from == SIM_NOBODY
        || !sim_tcp_find(sim_frame_ip(frame), frame->bytes, &tcp)) {
        return false;
    }
    struct sim_host *host = &world->host[frame->from];
    if (!is_of_kind(frame, &tcp, host->target_kind)) {
        return false;
    }
    if (host->target_left > 0) {
        host->target_left--;
        return false;
    }
    if (test_random_below(&world->net_random, 4) != 0) { // else the next one goes as well
        host->target_kind = test_random_below(&world->net_random, SIM_TARGETS);
        host->target_left = test_random_below(&world->net_random, 100);
    }
    world->faults++;
    return true;
}

static void mark_damaged(struct sim_frame *frame)
{
    frame->origin = frame->origin == ORACLE_FORGED ? ORACLE_FORGED : ORACLE_CORRUPTED;
}

// In a world that is run twice words of the header stay, because keys choose them.
static void swap_words(struct sim_world *world, struct sim_frame *frame)
{
    struct sim_tcp tcp;
    uint8_t kept[2];
    uint64_t *random = &world->net_random;
    if (!sim_tcp_find(sim_frame_ip(frame), frame->bytes, &tcp)) {
        return;
    }
    uint32_t first = world->plan.is_twice ? tcp.head_bytes : 0;
    uint32_t words = (tcp.tcp_bytes - first) / 2;
    if (words < 2) {
        return;
    }
    uint8_t *a = tcp.tcp + first + 2 * (size_t)test_random_below(random, words);
    uint8_t *b = tcp.tcp + first + 2 * (size_t)test_random_below(random, words);
    memcpy(kept, a, 2);
    memcpy(a, b, 2);
    memcpy(b, kept, 2);
    mark_damaged(frame);
}

static void damage(struct sim_world *world, struct sim_frame *frame)
{
    uint64_t *random = &world->net_random;
    if (sim_befalls(world, random, SIM_FAULT_CORRUPT)) {
        uint32_t bit = test_random_below(random, frame->bytes * 8);
        sim_frame_ip(frame)[bit / 8] ^= (uint8_t)(1U << bit % 8);
        mark_damaged(frame);
    }
    if (sim_befalls(world, random, SIM_FAULT_SWAP) && test_random_below(random, 16) == 0) {
        swap_words(world, frame);
    }
    if (sim_befalls(world, random, SIM_FAULT_TRUNCATE) && frame->bytes > 1) {
        frame->bytes = 1 + test_random_below(random, frame->bytes - 1);
        mark_damaged(frame);
    }
}

// When the last bit is over the line; 0: it has waited too long and is lost.
static uint64_t cross(struct sim_world *world, struct sim_host *host, uint32_t line, uint64_t at_ns,
                      uint32_t bytes)
{
    if (host->rate_bps == 0) {
        return at_ns + host->delay_ns;
    }
    uint64_t begin_ns = host->free_ns[line] > at_ns ? host->free_ns[line] : at_ns;
    if (begin_ns - at_ns > world->plan.queue_ns_max) {
        return 0;
    }
    host->free_ns[line] = begin_ns + (uint64_t)bytes * 8 * SIM_S / host->rate_bps;
    return host->free_ns[line] + host->delay_ns;
}

static uint64_t disturb(struct sim_world *world, struct sim_host *to, uint64_t at_ns)
{
    uint64_t *random = &world->net_random;
    if (sim_has(world, SIM_FAULT_JITTER)) {
        at_ns += test_random(random) % (world->plan.delay_ns + 1);
        if ((world->plan.weight[SIM_FAULT_JITTER] & 1) == 0) { // in order
            at_ns = at_ns > to->last_ns[DOWN] ? at_ns : to->last_ns[DOWN];
            to->last_ns[DOWN] = at_ns;
        }
        world->faults++;
    }
    if (sim_befalls(world, random, SIM_FAULT_REORDER)) {
        uint64_t most_ns =
            test_random_below(random, 64) == 0 ? 60 * SIM_S : 4 * world->plan.delay_ns;
        at_ns += test_random(random) % most_ns;
    }
    return at_ns;
}

static void lose(struct sim_world *world, struct sim_frame *frame)
{
    sim_record_lost(world, frame);
    sim_frame_give(world, frame);
}

static bool is_lost(struct sim_world *world, struct sim_frame *frame, struct sim_host *to)
{
    struct sim_host *from = frame->from == SIM_NOBODY ? NULL : &world->host[frame->from];
    return sim_befalls(world, &world->net_random, SIM_FAULT_LOSS)
           || (from != NULL && is_lost_in_burst(world, from, UP))
           || is_lost_in_burst(world, to, DOWN) || is_target(world, frame);
}

void sim_link_pass(struct sim_world *world, struct sim_frame *frame, struct sim_host *to,
                   uint64_t delay_ns)
{
    uint64_t at_ns = world->now_ns;
    frame->to = (uint16_t)to->index;
    sim_tamper_shift(world, frame, to);
    if (!world->is_healed && world->plan.faults != 0) {
        if (!sim_tamper(world, frame, to)) {
            return;
        }
        if (is_lost(world, frame, to)) {
            lose(world, frame);
            return;
        }
        sim_forge_keep(world, frame);
        sim_forge_run(world);
        damage(world, frame);
    }
    if (frame->from != SIM_NOBODY) {
        at_ns = cross(world, &world->host[frame->from], UP, at_ns, frame->bytes);
    }
    at_ns = at_ns == 0 ? 0 : cross(world, to, DOWN, at_ns, frame->bytes);
    if (at_ns == 0) {
        lose(world, frame);
        return;
    }
    at_ns = disturb(world, to, at_ns + delay_ns);
    if (sim_befalls(world, &world->net_random, SIM_FAULT_DUPLICATE)) {
        struct sim_frame *copy = sim_frame_copy(world, frame);
        sim_net_schedule(world, copy, at_ns + test_random(&world->net_random) % SIM_S);
        sim_record_copy(world, copy);
    }
    sim_net_schedule(world, frame, at_ns);
    sim_record_passed(world, frame);
}
