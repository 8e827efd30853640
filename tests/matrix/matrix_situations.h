// SPDX-License-Identifier: MIT
//
// The situations of the matrix: the states of RFC 9293, with what else decides what a segment does.
#ifndef MATRIX_SITUATIONS_H
#define MATRIX_SITUATIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "matrix_oracle.h"

struct matrix_world;

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
    bool
        has_fast_open; // the listener takes text with a SYN, if there is a cookie; our SYN had some
    bool is_waiting;   // the user has not said what our SYN may carry: it has not gone
    bool is_syn_again; // our SYN was not answered, and has gone again
    bool has_stranger; // who has just been told all that one address may be told
    bool is_at_once;   // no time has passed
};

extern const struct matrix_situation matrix_situations[];
extern const uint32_t matrix_situation_count;

// Brings the world, of which the stack is there, into its situation. Aborts when it cannot.
void matrix_situations_reach(struct matrix_world *world);

#endif
