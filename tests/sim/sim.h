// SPDX-License-Identifier: MIT
//
// A world of the simulation: stacks with their devices, clocks and users, and the network between
// them, in virtual time. Everything in it follows from its plan (sim_plan.h).
//
//     users      sim_app.c        open, write, read, stall, abort
//     stack      the real one     at its door stands the judge (oracle.h)
//     host       sim_host.c       a clock of its own, and lives
//     device     sim_device.c     full, late, twice, in bursts; sim_super.c: cut and joined
//     link       sim_link.c       loss, delay, rate, order, damage; sim_tamper.c: boxes on the path
//     switches, routers   sim_net.c     subnets, MTUs, address resolution, ICMP
//     anybody    sim_forge.c      segments and errors that no host has sent
#ifndef SIM_H
#define SIM_H

#include <stdbool.h>
#include <stdint.h>

#include <synfin/socket.h>
#include <synfin/stack.h>

#include "lib/test_env.h"
#include "sim/oracle.h"
#include "sim/sim_plan.h"

enum {
    SIM_PORTS = 4,    // listeners of a host
    SIM_TARGETS = 8,  // kinds of segments that are lost on purpose
    SIM_OLD_MAX = 32, // copies of segments kept for much later
    SIM_TEXT_MAX = 512,
    SIM_SENDING_MAX = 1 << 17, // packets that a host sends at one time
    SIM_HOPS_MAX = 2,          // routers between two hosts
};

// A packet on its way. The IP datagram (or what else Ethernet carries) begins behind room for an
// Ethernet header, which is in use when both ends of its hop speak Ethernet.
struct sim_frame {
    struct sim_frame *next;
    uint64_t at_ns, order; // of its arrival
    uint32_t bytes;        // of the datagram
    uint32_t capacity;
    uint16_t from, to; // hosts; from: SIM_NOBODY when a router or anybody else has sent it
    uint16_t type;     // of its Ethernet header
    uint16_t reason;   // that the stack sent it with
    uint32_t conn;     // of the sending stack
    uint8_t origin;    // enum oracle_origin
    bool is_ethernet;
    uint8_t octets[];
};

enum { SIM_NOBODY = UINT16_MAX, SIM_ROOM = 14 };

static inline uint8_t *sim_frame_ip(struct sim_frame *frame)
{
    return frame->octets + SIM_ROOM;
}

struct sim_world;
struct sim_app;

struct sim_subnet {
    bool is_ethernet;
    uint32_t mtu_bytes;
};

struct sim_host {
    struct sim_world *world;
    uint32_t index, subnet;
    synfin_stack *stack;
    struct synfin_stack_config config;
    struct synfin_iface_config iface;
    struct test_env memory;
    struct synfin_addr addr[2]; // IPv4, IPv6
    uint64_t random;            // of its device and clock
    uint32_t lives;             // how often it has begun
    uint32_t keys_drawn;        // by its stack

    // Its device and its link to the switch or router.
    struct sim_frame *rx_first, *rx_last;
    uint64_t rx_open_ns, tx_open_ns; // nothing passes before
    uint64_t delay_ns, rate_bps;
    uint64_t free_ns[2], last_ns[2]; // the line, up and down: when it is free, the last arrival
    bool is_bursting[2];
    uint32_t target_kind, target_left; // what is lost next, and how many of it pass before
    uint16_t nat_shift;                // what the translator adds to its ports

    // Its clock shows the origin + virtual time + offset, in steps of the grain.
    uint64_t clock_offset_ns, clock_grain_ns;
    uint64_t clock_back_ns; // it has been set back by, all in all
    uint64_t next_ns;       // when it has something to do, virtual
    uint32_t runs_left;     // until its device, clock or life changes

    // Its users.
    struct sim_app *app; // plan.at_once of them and more for what it accepts
    uint32_t apps, apps_max, apps_free;
    uint64_t wake_ns; // when the first of them goes on
    uint64_t open_ns; // when it opens the next connection
    uint32_t to_open, opening;
    uint64_t app_random;
    synfin_socket listener[SIM_PORTS];
    uint32_t backlog[SIM_PORTS];
};

struct sim_heap_item {
    uint64_t at_ns, order;
    struct sim_frame *frame;
};

struct sim_world {
    struct sim_plan plan;
    struct oracle *oracle;
    uint64_t now_ns; // virtual
    struct sim_subnet subnet[SIM_HOSTS_MAX];
    struct sim_host host[SIM_HOSTS_MAX];
    bool is_healed;
    uint64_t keys;               // what its stacks draw keys from
    const struct sim_turn *turn; // sim_keys.h; NULL: none

    struct sim_heap_item *heap;
    uint32_t heap_count, heap_max;
    uint64_t order;
    struct sim_frame *free_small;
    struct sim_frame *sending[SIM_SENDING_MAX];
    struct sim_frame *old[SIM_OLD_MAX];
    uint64_t net_random, forge_random, tamper_random;
    uint32_t path_mtu_bytes;   // of the middle
    uint64_t path_mtu_ns;      // when that changes
    struct sim_record *record; // NULL: nothing is recorded
    uint64_t hash;             // of everything sent, when has_hash
    bool has_hash;
    uint64_t faults;                   // done so far
    uint64_t steps, frames, delivered; // moments, packets sent, octets read by users
    uint32_t to_open, users;           // connections that hosts are still to open, users they have
    char failure[SIM_TEXT_MAX];        // what the engine itself found wrong
    uint32_t failed_host;              // and at whom
};

static inline bool sim_has(const struct sim_world *world, enum sim_fault fault)
{
    return !world->is_healed && sim_plan_has(&world->plan, fault);
}
// Whether the fault befalls this time, by its rate.
bool sim_befalls(struct sim_world *world, uint64_t *random, enum sim_fault fault);
// Mixes octets into the hash of the world.
void sim_hash(struct sim_world *world, const void *octets, uint32_t bytes);
// The first complaint of the engine; the judge keeps its own.
void sim_fail(struct sim_world *world, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

// sim_net.c
void sim_net_init(struct sim_world *world);
void sim_net_deinit(struct sim_world *world);
struct sim_frame *sim_frame_take(struct sim_world *world, uint32_t bytes);
struct sim_frame *sim_frame_copy(struct sim_world *world, const struct sim_frame *frame);
void sim_frame_give(struct sim_world *world, struct sim_frame *frame);
// What a host's device has sent goes its way.
void sim_net_send(struct sim_world *world, struct sim_host *host,
                  struct sim_frame *frame /* takes */);
// A datagram comes out of the router, for whom its destination says.
void sim_net_route(struct sim_world *world, struct sim_frame *frame /* takes */, uint64_t delay_ns);
// The next frame that has arrived by now; NULL: none.
struct sim_frame *sim_net_arrived(struct sim_world *world);
uint64_t sim_net_next(const struct sim_world *world);
// The host of an IP address at `octets`; NULL: none.
struct sim_host *sim_net_host(struct sim_world *world, const uint8_t *octets, bool is_ip6);

// sim_link.c: what chance does on the way to `to`, and when it arrives there.
void sim_link_pass(struct sim_world *world, struct sim_frame *frame /* takes */,
                   struct sim_host *to, uint64_t delay_ns);
void sim_net_schedule(struct sim_world *world, struct sim_frame *frame /* takes */, uint64_t at_ns);

// sim_tamper.c: what boxes on the path do; false: the frame is gone.
bool sim_tamper(struct sim_world *world, struct sim_frame *frame, struct sim_host *to);

// Boxes that shift numbers stay when all else heals, for the connections are used to them.
void sim_tamper_shift(struct sim_world *world, struct sim_frame *frame, const struct sim_host *to);
// What the box before a host adds to the numbers of all that it sends.
uint32_t sim_tamper_shift_of(const struct sim_world *world, uint32_t host);

// sim_forge.c: what nobody has sent.
// As often as packets pass, by the rates of its faults.
void sim_forge_run(struct sim_world *world);
void sim_forge_keep(struct sim_world *world, const struct sim_frame *frame);

// sim_host.c
void sim_host_init(struct sim_world *world, uint32_t index);
void sim_host_deinit(struct sim_host *host);
// Everything it has to do now.
void sim_host_run(struct sim_host *host);
void sim_host_heal(struct sim_host *host);
uint64_t sim_host_clock(const struct sim_host *host);
// After each call into the stack.
void sim_host_called(struct sim_host *host);

// sim_device.c
void sim_device_give(struct sim_host *host, struct sim_frame *frame /* takes */);
// As much of what has arrived as the ring holds goes into the stack.
void sim_device_receive(struct sim_host *host);
// Everything that the stack has to send now goes its way; whether that was anything.
bool sim_device_send(struct sim_host *host);
// What has arrived and was not taken is gone.
void sim_device_drop(struct sim_host *host);

// In a world that is run twice ports are so much further in the second run: a multiple of what
// translators change.
enum { SIM_PORT_SHIFT = 1024 };
// sim_config.c: how a stack is configured.
void sim_config_make(struct sim_host *host);

#endif
