// SPDX-License-Identifier: MIT
//
// What no host has sent, or not now: copies of old segments, ICMP errors about segments seen, and
// the guesses of an attacker who knows addresses and ports, but no number.
#include <string.h>

#include "lib/test_random.h"
#include "sim/sim.h"
#include "sim/sim_record.h"
#include "sim/sim_wire.h"

enum { KEPT_OF = 64, ICMP_MOST = 2048, GUESSES = 4 };

#define FORGERS \
    (SIM_FAULT_BIT(SIM_FAULT_OLD) | SIM_FAULT_BIT(SIM_FAULT_ICMP) | SIM_FAULT_BIT(SIM_FAULT_BLIND))

// Some of all segments are remembered, each in the place of another.
void sim_forge_keep(struct sim_world *world, const struct sim_frame *frame)
{
    if ((world->plan.faults & FORGERS) == 0 || frame->origin != ORACLE_GENUINE
        || frame->type == SIM_TYPE_ARP || test_random_below(&world->forge_random, KEPT_OF) != 0) {
        return;
    }
    uint32_t at = test_random_below(&world->forge_random, SIM_OLD_MAX);
    if (world->old[at] != NULL) {
        sim_frame_give(world, world->old[at]);
    }
    world->old[at] = sim_frame_copy(world, frame);
}

static void send(struct sim_world *world, struct sim_frame *frame, uint32_t to)
{
    frame->to = (uint16_t)to;
    sim_store16(frame->octets + 4, to); // the station
    sim_record_forged(world, frame);
    sim_net_schedule(world, frame, world->now_ns + world->host[to].delay_ns);
}

// A number of somebody who does not know it. In a world that is run twice it lies as far from the
// true one in both runs, or by chance only one of them would be hit.
static uint32_t guess(struct sim_world *world, uint32_t number)
{
    uint32_t guessed = (uint32_t)test_random(&world->forge_random);
    return world->plan.is_twice ? number + guessed : guessed;
}

// Its header; false: there is none, or, when numbers are to be guessed from it, of a reset, whose
// number may be 0 (RFC 9293 §3.10.7.1).
static bool find_numbers(const struct sim_world *world, struct sim_frame *frame,
                         struct sim_tcp *tcp)
{
    return sim_tcp_find(sim_frame_ip(frame), frame->bytes, tcp)
           && !(world->plan.is_twice && (tcp->tcp[13] & SIM_RST) != 0);
}

// RFC 792 and RFC 4443: unreachable, too big, time exceeded, parameter problem, quench, redirect.
static void forge_error(struct sim_world *world, const struct sim_frame *about)
{
    static const uint8_t type4[] = {3, 3, 3, 11, 12, 4, 5};
    static const uint8_t type6[] = {1, 1, 2, 2, 3, 4, 137};
    uint64_t *random = &world->forge_random;
    const uint8_t *ip = about->octets + SIM_ROOM;
    bool is_ip6 = sim_is_ip6(ip);
    uint32_t choice = test_random_below(random, sizeof type4);
    struct sim_frame *frame = sim_frame_copy(world, about);
    struct sim_tcp tcp;
    if (about->from == SIM_NOBODY || !find_numbers(world, frame, &tcp)) {
        sim_frame_give(world, frame);
        return;
    }
    if (test_random_below(random, 2) == 0) { // most attackers do not know the number
        sim_store32(tcp.tcp + 4, guess(world, sim_load32(tcp.tcp + 4)));
    }
    struct sim_frame *error = sim_frame_take(world, ICMP_MOST);
    struct sim_icmp icmp = {.src = ip + (is_ip6 ? 24 : 16),
                            .type = is_ip6 ? type6[choice] : type4[choice],
                            .code = test_random_below(random, is_ip6 ? 7 : 16),
                            .word = test_random_below(random, 1600)};
    error->bytes = sim_icmp_put(sim_frame_ip(error), &icmp, sim_frame_ip(frame), frame->bytes);
    memcpy(error->octets, about->octets, SIM_ROOM);
    error->type = about->type;
    error->origin = ORACLE_FORGED;
    sim_frame_give(world, frame);
    if (error->bytes == 0) {
        sim_frame_give(world, error);
        return;
    }
    send(world, error, about->from);
}

static void forge_segment(struct sim_world *world, const struct sim_frame *like)
{
    static const uint8_t flags[] = {SIM_RST,           SIM_RST | SIM_ACK, SIM_SYN,
                                    SIM_SYN | SIM_ACK, SIM_ACK,           SIM_ACK | SIM_FIN};
    uint64_t *random = &world->forge_random;
    struct sim_frame *frame = sim_frame_copy(world, like);
    struct sim_tcp tcp;
    if (!find_numbers(world, frame, &tcp)) {
        sim_frame_give(world, frame);
        return;
    }
    sim_store32(tcp.tcp + 4, guess(world, sim_load32(tcp.tcp + 4)));
    sim_store32(tcp.tcp + 8, guess(world, sim_load32(tcp.tcp + 8)));
    bool has_ack = (tcp.tcp[13] & SIM_ACK) != 0;
    tcp.tcp[13] = flags[test_random_below(random, sizeof flags)];
    if (world->plan.is_twice && !has_ack) { // there is no number to lie as far from
        tcp.tcp[13] &= (uint8_t)~SIM_ACK;
    }
    sim_tcp_seal(&tcp);
    frame->origin = ORACLE_FORGED;
    send(world, frame, like->to);
}

void sim_forge_run(struct sim_world *world)
{
    uint64_t *random = &world->forge_random;
    if ((world->plan.faults & FORGERS) == 0) {
        return;
    }
    const struct sim_frame *old = world->old[test_random_below(random, SIM_OLD_MAX)];
    if (old == NULL) {
        return;
    }
    if (sim_befalls(world, random, SIM_FAULT_OLD)) {
        send(world, sim_frame_copy(world, old), old->to);
    }
    if (sim_befalls(world, random, SIM_FAULT_ICMP)) {
        forge_error(world, old);
    }
    if (sim_befalls(world, random, SIM_FAULT_BLIND)) {
        for (uint32_t i = 0; i < GUESSES; i++) {
            forge_segment(world, old);
        }
    }
}
