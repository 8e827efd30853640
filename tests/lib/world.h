// SPDX-License-Identifier: MIT
//
// Two stacks, a link between them, and virtual time: the smallest network. Host 0 is at side A
// (192.0.2.1, 2001:db8::1), host 1 at side B (192.0.2.2, 2001:db8::2). Time jumps from one
// deadline to the next; nothing happens by itself.
#ifndef WORLD_H
#define WORLD_H

#include <stdbool.h>
#include <stdint.h>

#include <synfin/link.h>
#include <synfin/socket.h>
#include <synfin/stack.h>

#include "lib/test_env.h"

enum { WORLD_HOSTS = 2 };

#define WORLD_MS UINT64_C(1000000)
#define WORLD_S  UINT64_C(1000000000)

struct world_config {
    struct synfin_stack_config stack[WORLD_HOSTS];
    struct synfin_link_config link;
    bool is_ethernet;
    uint64_t start_ns;
    uint64_t seed;
    synfin_trace_fn trace; // of both stacks; NULL: none
    void *trace_ctx;
};

struct world_host {
    synfin_stack *stack;
    struct synfin_device *device;
    uint32_t iface;
    struct test_env memory;
    struct synfin_addr addr[2]; // IPv4, IPv6
    uint64_t packets;           // taken from the stack and given to the link
};

struct world {
    struct world_host host[WORLD_HOSTS];
    struct test_env link_memory;
    synfin_link *link;
    uint64_t now_ns;
    uint32_t output_max; // packets pulled at a time
    uint64_t steps;      // random, of its clock
};

typedef bool (*world_condition)(struct world *world, void *ctx);

// A wire of 1 ms, IP datagrams, default stacks, start at the origin (test_origin.h).
void world_config_default(struct world_config *config);
void world_init(struct world *world, const struct world_config *config);
void world_init_default(struct world *world);
// Destroys everything and fails the test when a slab is missing.
void world_deinit(struct world *world);
// Moves packets and fires timers of the present until nothing moves.
void world_settle(struct world *world);
// Goes on to what happens next, but not beyond `end_ns`, and settles.
void world_step(struct world *world, uint64_t end_ns);
// Runs until `limit_ns` have passed.
void world_run(struct world *world, uint64_t limit_ns);
// Runs until the condition holds, at most `limit_ns`; whether it holds.
bool world_run_until(struct world *world, world_condition condition, void *ctx, uint64_t limit_ns);
// When something happens next; SYNFIN_NEVER when nothing does.
uint64_t world_next_deadline(const struct world *world);

// The address of a host, of IP version 4 or 6.
struct synfin_addr world_addr(const struct world *world, uint32_t host, uint32_t version);
// A listener on any address of the version at host 1.
synfin_socket world_listen(struct world *world, uint32_t version, uint16_t port, uint32_t backlog);
// Begins to connect host 0 to host 1.
synfin_socket world_connect(struct world *world, uint32_t version, uint16_t port);
// A connection, open at both ends; `listener` is of world_listen.
void world_open_pair(struct world *world, uint32_t version, uint16_t port, synfin_socket listener,
                     synfin_socket pair[2]);
// The state of a socket, CLOSED for one that has no connection.
enum synfin_tcp_state world_state(struct world *world, uint32_t host, synfin_socket socket);
// Connections of a host in this state.
uint32_t world_count_state(const struct world *world, uint32_t host, enum synfin_tcp_state state);
// Runs until the socket is in this state; whether it is.
bool world_run_to_state(struct world *world, uint32_t host, synfin_socket socket,
                        enum synfin_tcp_state state, uint64_t limit_ns);

#endif
