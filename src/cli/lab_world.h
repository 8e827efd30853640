// SPDX-License-Identifier: MIT
//
// The lab's world: two stacks, a link between them, applications at both ends, and a clock that
// jumps from one thing that happens to the next. Everything random comes from one seed, so that
// the same seed gives the same bytes.
//
//     app[0] - stack[0] - side A - link - side B - stack[1] - app[1]
//                  |                 |                |
//                  +--- trace --- ladder, capture --- trace
#ifndef SYNFIN_CLI_LAB_WORLD_H
#define SYNFIN_CLI_LAB_WORLD_H

#include "cli/lab.h"

#include <stdbool.h>

#include <synfin/ladder.h>
#include <synfin/link.h>
#include <synfin/synfin.h>

// What an end's application has done and learned.
struct lab_app {
    enum lab_actor actor;
    enum synfin_link_side side;
    const struct lab_step *step; // the one that is to be done next
    uint64_t began_ns;           // when that step was first tried
    bool has_begun;
    uint64_t progress;              // octets of that step
    uint64_t wake_ns;               // when to look again though nothing happened
    synfin_socket socket, listener; // 0: none
    bool was_listening, was_open;
    uint64_t open_ns;
    enum synfin_error error; // what ended the connection, when it was not closed in order
    uint64_t error_ns;
    struct synfin_event end; // that told of the error, if one did
    uint64_t sent_bytes, received_bytes;
    uint64_t sent_before, received_before; // of these, on earlier connections
    uint16_t port;                         // the client's, of the connection; 0: not known yet
    bool has_wrong_octet;                  // what arrived is not what was sent
};

// What the traces say of an end's connection.
struct lab_state {
    uint16_t port; // the client's
    enum synfin_tcp_state state;
    enum synfin_reason reason;
    uint64_t since_ns;
};

struct lab_world;
struct lab_tap {
    struct lab_world *world;
    enum synfin_link_side side;
    uint64_t random; // state of the end's entropy
};

// What the last segment of an end's own said: a stranger's guess begins there.
struct lab_numbers {
    uint16_t client_port;
    uint32_t next_seq, ack;
    bool has_timestamps;
    uint32_t ts_val;
};

// What a flood did to the server.
struct lab_flood {
    uint64_t syns;    // from strangers
    uint64_t answers; // SYN,ACKs to strangers
    uint32_t half_open_most;
    uint64_t memory_most_bytes, memory_half_bytes; // in all of the flood, and in its first half
    uint64_t random;
};

enum { LAB_STATES_MAX = 8 };

struct lab_world_config {
    const struct lab_scenario *scenario;
    const struct synfin_link_config *link;
    const struct synfin_stack_config *stack;
    uint64_t seed;
    bool is_ipv6;
    synfin_ladder *ladder;   // borrowed
    synfin_capture *capture; // borrowed; NULL: none
};

struct lab_world {
    struct lab_world_config config; // what it points to is borrowed
    uint64_t now_ns;
    synfin_stack *stack[2];
    synfin_link *link;
    struct synfin_endpoint endpoint[2]; // port 0
    struct lab_app app[LAB_ACTORS];
    struct lab_state state[2][LAB_STATES_MAX]; // the latest change first
    struct lab_tap tap[2];
    struct lab_numbers numbers[2];
    struct lab_flood flood;
};

// Errors: INVALID (a configuration the library refuses), NO_MEMORY. On failure nothing is left.
SYNFIN_MUST_USE enum synfin_error lab_world_create(const struct lab_world_config *config,
                                                   struct lab_world *out);
// Plays until nothing more can happen.
void lab_world_run(struct lab_world *world);
void lab_world_destroy(struct lab_world *world);
// Makes the stack of this host anew; packets under way stay under way. Errors: NO_MEMORY;
// then it goes on as it was.
SYNFIN_MUST_USE enum synfin_error lab_world_restart(struct lab_world *world,
                                                    enum synfin_link_side side);
// The connection of the client's port `port` as this end sees it; 0: of whichever changed last.
const struct lab_state *lab_world_state(const struct lab_world *world, enum synfin_link_side side,
                                        uint16_t port);
// How it ended for this one, and when.
enum lab_outcome lab_world_outcome(const struct lab_world *world, enum lab_actor actor,
                                   uint64_t *t_ns);
// Such as "client 2".
const char *lab_world_name(enum lab_actor actor);

#endif
