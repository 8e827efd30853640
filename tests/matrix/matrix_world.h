// SPDX-License-Identifier: MIT
//
// One real stack in one block of memory, brought into a state once and put back there for every
// segment that is tried. What the oracle is told of that state, it is told from what went over the
// wire and not from what the stack keeps.
#ifndef MATRIX_WORLD_H
#define MATRIX_WORLD_H

#include <stdbool.h>
#include <stdint.h>

#include <synfin/socket.h>
#include <synfin/stack.h>

#include "lib/arena.h"
#include "lib/segment_wire.h"
#include "matrix_oracle.h"
#include "matrix_situations.h"

enum { MATRIX_WINDOW = 512, MATRIX_IN_FLIGHT = 10, MATRIX_GAP = 10, MATRIX_REPLIES_MAX = 4 };

struct matrix_world {
    const struct matrix_situation *situation;
    struct arena *arena;
    void *saved;
    synfin_stack *stack;
    uint64_t now_ns;
    synfin_socket socket, listener; // 0: none
    struct oracle_tcb tcb;          // as the wire told it
    uint32_t peer_nxt;              // what the peer would send next
    uint32_t peer_ts, stack_ts;     // the last timestamps of both
    uint32_t unread, read;          // octets that the user has left, has taken
};

// What the stack did with a segment.
struct matrix_seen {
    uint32_t replies;
    struct segment_wire reply[MATRIX_REPLIES_MAX];
    const char *malformed; // what is wrong with the first wrong one; NULL: nothing
    enum oracle_state state;
    bool has_block; // and so a send window
    uint32_t connections;
    uint32_t snd_una, rcv_nxt, snd_wnd, ts_recent, rcv_up;
    bool has_urgent;
    uint32_t delivered;
    bool has_wrong_octets;
};

// Aborts when the situation cannot be reached.
void matrix_world_init(struct matrix_world *world, const struct matrix_situation *situation);
void matrix_world_deinit(struct matrix_world *world);
// Gives the segment to the stack as it was after init, and looks.
void matrix_world_try(struct matrix_world *world, const struct oracle_segment *segment,
                      struct matrix_seen *seen);
// The same segment again, so often, without a pause; returns how many segments answer.
uint32_t matrix_world_repeat(struct matrix_world *world, const struct oracle_segment *segment,
                             uint32_t times);

// On the way to a situation, for matrix_situations.c. Aborts when it does not hold.
void matrix_world_require(const struct matrix_world *world, bool holds, const char *what);
void matrix_world_require_ok(const struct matrix_world *world, enum synfin_error error);
struct synfin_endpoint matrix_world_ours(void);
struct synfin_endpoint matrix_world_theirs(void);
// What the user writes at this place of the stream, from 0.
uint8_t matrix_world_octet(uint32_t place);
void matrix_world_give(struct matrix_world *world, const struct oracle_segment *segment,
                       bool has_syn_options);
// Takes all that the stack sends now; returns how many segments. NULL, or what is wrong with one.
uint32_t matrix_world_take(struct matrix_world *world, struct segment_wire *out,
                           const char **malformed);

#endif
