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

enum { MATRIX_WINDOW = 512, MATRIX_IN_FLIGHT = 10, MATRIX_GAP = 10, MATRIX_REPLIES_MAX = 4 };

struct matrix_situation {
    const char *name;
    enum oracle_state state;
    bool is_passive;     // came from a listener, which is still there
    bool has_timestamps; // and a window scale of 2
    bool is_shut;        // the receive buffer is full
    bool has_no_user;    // the user has called close, not only shutdown
    bool has_gap;        // the peer's next octets are missing, and some behind them are here
    bool has_read;       // the user has read what there was, too little to move the right edge
    bool has_cookie;     // the listener keeps nothing before the handshake is over
    bool has_fast_open;  // the listener takes text with a SYN, if there is a cookie
    bool has_stranger;   // who has just been told all that one address may be told
    bool is_at_once;     // no time has passed
};

extern const struct matrix_situation matrix_situations[];
extern const uint32_t matrix_situation_count;

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

#endif
