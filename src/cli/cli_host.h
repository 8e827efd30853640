// SPDX-License-Identifier: MIT
//
// A stack on a real device, as `serve` and `connect` use it: the device with its fault link, the
// addresses and routes, the ladder and capture that watch it, and the signals that end it.
#ifndef SYNFIN_CLI_HOST_H
#define SYNFIN_CLI_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <synfin/host.h>
#include <synfin/ladder.h>
#include <synfin/link.h>
#include <synfin/stack.h>

#include "cli/cli_flags.h"

enum { CLI_HOST_FOLLOWED_MAX = 16 };

struct cli_host_config {
    const struct cli_parser *parser;      // of the arguments, for what was given
    const struct cli_flags *flags;        // all groups
    bool is_server;                       // whose end of the ladder is ours
    bool has_ladder;                      // draws it when it ends, also with --svg
    const struct synfin_endpoint *remote; // whom the ladder shows; NULL: who comes first
    uint32_t followed_max;                // connections that the ladder shows, from the first on
};

// A connection that the ladder shows.
struct cli_host_followed {
    struct synfin_endpoint remote;
    bool is_closed;
};

struct cli_host {
    synfin_stack *stack;
    synfin_loop *loop;
    uint32_t iface;
    int signal_fd;
    struct cli_host_config config;
    synfin_ladder *ladder;
    synfin_capture *capture;
    FILE *pcapng;
    int64_t epoch_offset_ns;
    bool is_failed; // nothing to draw
    uint32_t followed_count;
    struct cli_host_followed followed[CLI_HOST_FOLLOWED_MAX];
};

// Opens the device, makes the stack on it and its loop. On failure the reason is on stderr,
// everything is given back, and the result is false.
bool cli_host_open(struct cli_host *host, const struct cli_host_config *config,
                   const struct synfin_loop_ops *ops, void *ctx);
// Draws what is to be drawn, and gives everything back; false when a file could not be written.
bool cli_host_close(struct cli_host *host);

// Takes one signal from the descriptor; 0 when there is none.
int cli_host_signal(struct cli_host *host);
// Connections in any state but CLOSED, LISTEN and TIME-WAIT.
uint32_t cli_host_busy_count(const struct cli_host *host);
// Connections of every state but CLOSED and LISTEN.
uint32_t cli_host_alive_count(const struct cli_host *host);

#endif
