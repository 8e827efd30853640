// SPDX-License-Identifier: MIT
//
// Two stacks in one thread whose devices are each other: packets go from the one's output to the
// other's input as they are, with their pieces, and time is a number that the benchmark moves.
#ifndef BENCHMARKS_TWINS_H
#define BENCHMARKS_TWINS_H

#include <stdbool.h>
#include <stdint.h>

#include <synfin/synfin.h>

enum { TWINS_BURST = 64, TWINS_PORTS = 8 };

#define TWINS_CLIENT_IPV4 UINT32_C(0xC0000201) // 192.0.2.1
#define TWINS_SERVER_IPV4 UINT32_C(0xC0000202) // 192.0.2.2

struct twins {
    synfin_stack *client, *server;
    uint64_t now_ns;
    uint64_t seed[2]; // of their unpredictable numbers
    struct synfin_addr server_addr;
    synfin_socket listener[TWINS_PORTS];
    struct synfin_packet packets[TWINS_BURST];
};

// MTU 1500, IPv4, all checksums computed and verified.
void twins_create(struct twins *twins, const struct synfin_stack_config *config);
void twins_destroy(struct twins *twins);
// One more listener of the server.
synfin_socket twins_listen(struct twins *twins, uint16_t port, uint32_t backlog);
// Lets the server answer any address.
void twins_route_all(struct twins *twins);
// Carries what one has to say to the other; how many packets.
uint32_t twins_carry(struct twins *twins, synfin_stack *from, synfin_stack *to);
// Carries both ways until both are silent.
void twins_settle(struct twins *twins);
// Lets time pass, and the timers fire.
void twins_pass(struct twins *twins, uint64_t ns);
// Begins to connect to the listener with this number.
synfin_socket twins_connect(struct twins *twins, uint32_t listener);
// The connection that waits at the listener, which must be there.
synfin_socket twins_accept(struct twins *twins, uint32_t listener);
// Takes all events off both stacks.
void twins_drain_events(struct twins *twins);
// Opens `count` connections and leaves them idle.
void twins_open_idle(struct twins *twins, uint32_t count);

#endif
