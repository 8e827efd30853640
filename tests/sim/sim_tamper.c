// SPDX-License-Identifier: MIT
//
// Boxes on the path, and receivers that do not play fair: a segment that passes is rewritten, and
// its checksum put right. Each host's packets suffer what its number says, so that the same
// connection meets the same box again; not all of them suffer.
#include <string.h>

#include "lib/test_random.h"
#include "sim/sim.h"
#include "sim/sim_wire.h"

enum { OPTION_MSS = 2, OPTION_WSCALE = 3, OPTION_SACK_OK = 4, OPTION_SACK = 5, OPTION_TIMES = 8 };
enum { OPTION_FASTOPEN = 34, NAT_FIRST = 1024, SILLY_MAX = 300 };

#define TAMPERERS                                                          \
    (SIM_FAULT_BIT(SIM_FAULT_REWRITE) | SIM_FAULT_BIT(SIM_FAULT_SHRINK)    \
     | SIM_FAULT_BIT(SIM_FAULT_OPTIMIST) | SIM_FAULT_BIT(SIM_FAULT_DIVIDE) \
     | SIM_FAULT_BIT(SIM_FAULT_LIAR) | SIM_FAULT_BIT(SIM_FAULT_RENEGE)     \
     | SIM_FAULT_BIT(SIM_FAULT_SHUT) | SIM_FAULT_BIT(SIM_FAULT_NAT)        \
     | SIM_FAULT_BIT(SIM_FAULT_SILLY))

static void rewrite(struct sim_frame *frame)
{
    if (frame->origin == ORACLE_GENUINE) {
        frame->origin = ORACLE_REWRITTEN;
    }
}

// No-operations in the place of an option.
static bool strip(const struct sim_tcp *tcp, uint32_t kind)
{
    uint8_t *option = sim_tcp_option(tcp, kind);
    if (option == NULL) {
        return false;
    }
    memset(option, 1, option[1]);
    return true;
}

static bool clamp_mss(const struct sim_tcp *tcp, uint32_t most)
{
    uint8_t *option = sim_tcp_option(tcp, OPTION_MSS);
    if (option == NULL || option[1] != 4 || sim_load16(option + 2) <= most) {
        return false;
    }
    sim_store16(option + 2, most);
    return true;
}

// What a box does to the SYNs that pass it: the same to all of one host. What only the answer loses
// (window scaling, timestamps) its sender would go on using, and no TCP could make up for that.
static bool change_syn(const struct sim_tcp *tcp, uint64_t choice)
{
    bool is_changed = false;
    if ((sim_tcp_flags(tcp) & SIM_SYN) == 0) {
        return false;
    }
    if ((choice & 1) != 0) {
        is_changed = clamp_mss(tcp, 536 + (uint32_t)(choice >> 8) % 900);
    }
    if ((sim_tcp_flags(tcp) & SIM_ACK) != 0) {
        return is_changed;
    }
    is_changed |= (choice & 6) == 2 && strip(tcp, OPTION_WSCALE);
    is_changed |= (choice & 24) == 8 && strip(tcp, OPTION_SACK_OK);
    is_changed |= (choice & 24) == 16 && strip(tcp, OPTION_TIMES);
    is_changed |= (choice & 96) == 32 && strip(tcp, OPTION_FASTOPEN);
    return is_changed;
}

static bool change_window(struct sim_world *world, const struct sim_tcp *tcp, uint64_t choice)
{
    uint64_t *random = &world->tamper_random;
    uint32_t window = sim_load16(tcp->tcp + 14);
    uint32_t silly = 1 + (uint32_t)(choice >> 40) % SILLY_MAX;
    if ((sim_tcp_flags(tcp) & (SIM_SYN | SIM_RST)) != 0 || window == 0) {
        return false;
    }
    if (sim_befalls(world, random, SIM_FAULT_SHRINK)) {
        sim_store16(tcp->tcp + 14, test_random_below(random, window));
        return true;
    }
    // RFC 9293 §3.8.6.2: a receiver that opens its window a little at a time.
    if (sim_has(world, SIM_FAULT_SILLY) && window > silly) {
        sim_store16(tcp->tcp + 14, silly);
        world->faults++;
        return true;
    }
    // Shut for most of an interval of an hour, by the clock, so that nothing gets through for long.
    uint64_t hour = world->now_ns / (600 * SIM_S);
    if (sim_has(world, SIM_FAULT_SHUT) && (sim_stream(world->plan.seed, 1000 + hour) & 3) == 0) {
        sim_store16(tcp->tcp + 14, 0);
        world->faults++;
        return true;
    }
    return false;
}

static bool change_ack(struct sim_world *world, const struct sim_tcp *tcp)
{
    uint64_t *random = &world->tamper_random;
    uint32_t flags = sim_tcp_flags(tcp) & (SIM_SYN | SIM_RST | SIM_ACK);
    uint8_t *sack = sim_tcp_option(tcp, OPTION_SACK);
    bool is_changed = false;
    if (flags != SIM_ACK) {
        return false;
    }
    if (sim_befalls(world, random, SIM_FAULT_OPTIMIST)) {
        uint32_t more = 1 + test_random_below(random, 20000);
        sim_store32(tcp->tcp + 8, sim_load32(tcp->tcp + 8) + more);
        is_changed = true;
    }
    if (sack != NULL && sim_befalls(world, random, SIM_FAULT_LIAR)) {
        uint8_t *edge = sack + 2 + 4 * (size_t)test_random_below(random, sack[1] / 4U);
        if (edge + 4 <= tcp->tcp + tcp->head_bytes) {
            sim_store32(edge, sim_load32(edge) + test_random_below(random, 40000) - 10000);
            is_changed = true;
        }
    }
    if (sack != NULL && sim_befalls(world, random, SIM_FAULT_RENEGE)) {
        is_changed |= strip(tcp, OPTION_SACK);
    }
    return is_changed;
}

// A pure acknowledgment of much becomes up to four of parts of it (RFC 3465 §2 says why).
static void divide(struct sim_world *world, struct sim_frame *frame, struct sim_host *to)
{
    struct sim_tcp tcp;
    uint64_t *random = &world->tamper_random;
    if (!sim_tcp_find(sim_frame_ip(frame), frame->bytes, &tcp) || tcp.payload_bytes != 0
        || (sim_tcp_flags(&tcp) & 0x3f) != SIM_ACK
        || !sim_befalls(world, random, SIM_FAULT_DIVIDE)) {
        return;
    }
    for (uint32_t back = 3 * 400; back > 0; back -= 400) {
        struct sim_frame *part = sim_frame_copy(world, frame);
        (void)sim_tcp_find(sim_frame_ip(part), part->bytes, &tcp);
        sim_store32(tcp.tcp + 8, sim_load32(tcp.tcp + 8) - back);
        sim_tcp_seal(&tcp);
        rewrite(part);
        part->to = (uint16_t)to->index;
        sim_net_schedule(world, part, world->now_ns + 2 * world->plan.delay_ns);
    }
}

// Ports of one host are shifted on their way out and back in; when the translator forgets, by
// something else.
static bool translate(struct sim_world *world, const struct sim_tcp *tcp, struct sim_frame *frame,
                      struct sim_host *to)
{
    struct sim_host *from = frame->from == SIM_NOBODY ? NULL : &world->host[frame->from];
    bool is_changed = false;
    if (from != NULL && from->nat_shift != 0 && sim_load16(tcp->tcp) >= NAT_FIRST) {
        sim_store16(tcp->tcp, sim_load16(tcp->tcp) ^ from->nat_shift);
        is_changed = true;
    }
    if (to->nat_shift != 0 && sim_load16(tcp->tcp + 2) >= NAT_FIRST) {
        sim_store16(tcp->tcp + 2, sim_load16(tcp->tcp + 2) ^ to->nat_shift);
        is_changed = true;
    }
    return is_changed;
}

uint32_t sim_tamper_shift_of(const struct sim_world *world, uint32_t host)
{
    uint64_t choice = sim_stream(world->plan.seed, 300 + host);
    bool has_box = sim_plan_has(&world->plan, SIM_FAULT_SHIFT) && (choice >> 32 & 1) != 0;
    return has_box ? (uint32_t)choice : 0;
}

// Half of the boxes do not know of SACK: what their host hears acknowledged lies elsewhere.
static bool knows_sack(const struct sim_world *world, const struct sim_host *host)
{
    return world->is_healed || (sim_stream(world->plan.seed, 300 + host->index) >> 33 & 1) != 0;
}

static void shift_blocks(const struct sim_tcp *tcp, uint32_t shift)
{
    uint8_t *sack = sim_tcp_option(tcp, OPTION_SACK);
    for (uint32_t at = 2; sack != NULL && at + 4 <= sack[1]; at += 4) {
        sim_store32(sack + at, sim_load32(sack + at) - shift);
    }
}

// What leaves a box's host gets something more, what comes back to it as much less.
void sim_tamper_shift(struct sim_world *world, struct sim_frame *frame, const struct sim_host *to)
{
    struct sim_tcp tcp;
    uint32_t more = frame->from == SIM_NOBODY ? 0 : sim_tamper_shift_of(world, frame->from);
    uint32_t less = sim_tamper_shift_of(world, to->index);
    if ((more == 0 && less == 0) || !sim_tcp_find(sim_frame_ip(frame), frame->bytes, &tcp)) {
        return;
    }
    sim_store32(tcp.tcp + 4, sim_load32(tcp.tcp + 4) + more);
    world->faults += (sim_tcp_flags(&tcp) & SIM_SYN) != 0;
    if ((sim_tcp_flags(&tcp) & SIM_ACK) != 0) {
        sim_store32(tcp.tcp + 8, sim_load32(tcp.tcp + 8) - less);
    }
    if (less != 0 && knows_sack(world, to)) {
        shift_blocks(&tcp, less);
    } else if (less != 0 && sim_tcp_option(&tcp, OPTION_SACK) != NULL) {
        rewrite(frame);
        world->faults++;
    }
    sim_tcp_seal(&tcp);
}

bool sim_tamper(struct sim_world *world, struct sim_frame *frame, struct sim_host *to)
{
    struct sim_tcp tcp;
    if ((world->plan.faults & TAMPERERS) == 0
        || !sim_tcp_find(sim_frame_ip(frame), frame->bytes, &tcp)) {
        return true;
    }
    bool is_changed = translate(world, &tcp, frame, to);
    uint64_t choice = sim_stream(world->plan.seed, 100 + to->index);
    if ((choice >> 32) % 3 == 0) { // a host that nobody tampers with
        if (is_changed) {
            sim_tcp_seal(&tcp);
            rewrite(frame);
        }
        return true;
    }
    if (sim_has(world, SIM_FAULT_REWRITE)) {
        is_changed |= change_syn(&tcp, choice);
    }
    is_changed |= change_window(world, &tcp, choice);
    is_changed |= change_ack(world, &tcp);
    if (is_changed) {
        sim_tcp_seal(&tcp);
        rewrite(frame);
    }
    divide(world, frame, to);
    return true;
}
