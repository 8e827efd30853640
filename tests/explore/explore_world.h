// SPDX-License-Identifier: MIT
//
// Two real stacks and a network of a few packets, all of it in one arena: a state of this world is
// its octets, and a step away from it can be taken back. Nothing happens by itself but sending,
// accepting and taking events; each step is one of
//
//     deliver, drop or copy   a packet in flight, any of them
//     timer                   of one end, whose own clock goes to its next deadline
//     a call of a user        open, listen, write, read, shut, close, abort
//
// The clocks of both ends are their own, so a timer may fire before, between or after any packets.
#ifndef EXPLORE_WORLD_H
#define EXPLORE_WORLD_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <synfin/socket.h>
#include <synfin/stack.h>

#include "lib/arena.h"
#include "lib/segment_wire.h"

enum { EXPLORE_FLIGHT_MAX = 6, EXPLORE_PACKET_MAX = 160, EXPLORE_STEPS_MAX = 64 };

#define EXPLORE_STEPS(X)          \
    X(DELIVER, "deliver")         \
    X(DROP, "drop")               \
    X(COPY, "copy")               \
    X(TIMER, "timer")             \
    X(OPEN, "open")               \
    X(LISTEN, "listen")           \
    X(UNLISTEN, "stop listening") \
    X(WRITE, "write")             \
    X(READ, "read")               \
    X(SHUT, "shut")               \
    X(CLOSE, "close")             \
    X(ABORT, "abort")

enum explore_kind {
#define EXPLORE_KIND_ENUM(name, text) EXPLORE_##name,
    EXPLORE_STEPS(EXPLORE_KIND_ENUM)
#undef EXPLORE_KIND_ENUM
        EXPLORE_KIND_COUNT
};

// `which` is a packet's place in flight, or an end.
struct explore_step {
    uint8_t kind, which;
};

// What may happen in a run, and how often.
struct explore_scenario {
    const char *name;
    uint8_t flight_max; // packets; what finds no room is lost
    uint8_t drops, copies, timers;
    uint8_t opens[2], listens[2], writes[2];
    bool may_shut, may_close, may_abort, may_unlisten;
    bool has_options; // timestamps, SACK, window scale
    uint32_t states_max;
};

struct explore_packet {
    uint8_t from;
    uint16_t bytes;
    uint8_t octets[EXPLORE_PACKET_MAX];
};

struct explore_end {
    synfin_stack *stack;
    uint64_t now_ns;
    synfin_socket socket, listener;    // 0: none
    uint32_t written, read;            // octets of the present connection
    uint32_t written_last;             // of the one before
    uint32_t iss;                      // of the last SYN that it sent
    uint32_t resets;                   // that it sent
    uint8_t opens, listens, writes;    // still allowed
    bool has_shut, has_eof, has_ended; // its user's direction; the peer's; the connection
};

struct explore_world {
    struct arena *arena;
    const struct explore_scenario *scenario;
    struct explore_end end[2];
    struct explore_packet flight[EXPLORE_FLIGHT_MAX];
    uint8_t in_flight;
    uint8_t drops, copies, timers; // still allowed
    const char *wrong;             // the property that failed; NULL: none
};

// Told of every change of a state, in every world.
typedef void (*explore_edge_fn)(enum synfin_tcp_state from, enum synfin_tcp_state to);

// In a new arena, which holds the world too.
struct explore_world *explore_world_create(const struct explore_scenario *scenario,
                                           explore_edge_fn edge);
void explore_world_destroy(struct explore_world *world);
// The steps that can be taken, at most EXPLORE_STEPS_MAX; returns how many.
uint32_t explore_world_steps(const struct explore_world *world, struct explore_step *out);
void explore_world_take(struct explore_world *world, struct explore_step step);
// The state of an end: of its connection, or LISTEN, or CLOSED.
enum synfin_tcp_state explore_world_state(const struct explore_world *world, uint32_t end);
// The same world but for time and the choice of numbers: the same digest.
uint64_t explore_world_digest(const struct explore_world *world);
// From here both users close, the network is kind and time passes: everything must come to its
// end. Says in world->wrong when it does not. `may_tick`: timers fire, as they should. With `out`
// it tells each step.
void explore_world_finish(struct explore_world *world, bool may_tick, FILE *out);
// One line before the step is taken: the states of both ends, and what happens.
void explore_world_tell(const struct explore_world *world, struct explore_step step, FILE *out);

#endif
