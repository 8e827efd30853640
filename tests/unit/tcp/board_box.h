// SPDX-License-Identifier: MIT
//
// A scoreboard with its memory, for its tests. Places count from the initial sequence number.
#ifndef BOARD_BOX_H
#define BOARD_BOX_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slab.h"
#include "lib/test_env.h"
#include "tcp/tcp_scoreboard.h"

struct board_box {
    struct synfin_env env;
    struct slab_source source;
    struct slab_pool pool;
    struct tcp_scoreboard board;
    struct tcp_delivery delivery; // of the last ack or sack
    uint32_t iss;
};

// An environment with memory without limit.
void board_box_init(struct board_box *box, uint32_t spans_max, uint32_t iss);
// Asserts that everything was given back.
void board_box_deinit(struct board_box *box);
struct seq board_box_at(const struct board_box *box, uint32_t place);
// From SND.NXT to the place `right`.
bool board_box_send(struct board_box *box, uint32_t right, uint64_t now_ns);
void board_box_resend(struct board_box *box, uint32_t left, uint32_t right, uint64_t now_ns);
// One ACK, or one block, whose delivery is box->delivery.
void board_box_ack(struct board_box *box, uint32_t una);
void board_box_sack(struct board_box *box, uint32_t left, uint32_t right);
enum tcp_span_state board_box_state_at(struct board_box *box, uint32_t place);

#endif
