// SPDX-License-Identifier: MIT
//
// A transfer between two real stacks, both ways at once, whose users write and read whenever they
// can. Everything is judged all the time: wire_watch.h at the link, wire_flight.h at both doors,
// and each octet that a user reads. What fails prints the seed.
#ifndef TRANSFER_H
#define TRANSFER_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/tap.h"
#include "lib/wire_flight.h"
#include "lib/wire_watch.h"
#include "lib/world.h"

enum { TRANSFER_CALL_MAX = 16384, TRANSFER_PORT = 7 };

struct transfer_config {
    struct world_config world;
    uint64_t seed;
    uint32_t version;             // 4 or 6
    uint64_t octets[2];           // what each end sends before its FIN
    uint32_t write_max, read_max; // octets of one call, at random from 1 on; 0: as many as fit
    bool reads_nothing[2];        // until transfer_read says so
    bool is_fast;                 // data go with the SYN, without a cookie
    bool is_unjudged;             // the peer's stream is altered on purpose: no wire_watch
};

struct transfer_end {
    synfin_stack *stack;
    synfin_socket socket;
    uint64_t to_write, written, delivered;
    uint64_t done_ns; // when the other's FIN was read
    bool is_open, has_shut, has_end, reads_nothing;
};

struct transfer {
    struct world world;
    struct transfer_config config;
    struct wire_watch watch;
    struct tap tap[2];
    struct wire_flight flight[2];
    struct transfer_end end[2];
    synfin_socket listener;
    uint64_t random, begun_ns;
};

// 1 ms there and 1 ms back, default stacks, nothing to send.
void transfer_config_default(struct transfer_config *config, uint64_t seed);
// Everything is made and the SYN may go; taps may get filters now.
void transfer_begin(struct transfer *transfer, const struct transfer_config *config);
// Runs until both ends have read all, at most so long; whether they have.
bool transfer_run(struct transfer *transfer, uint64_t limit_ns);
// Runs for so long, done or not.
void transfer_pass(struct transfer *transfer, uint64_t ns);
// Whether both ends have read everything.
bool transfer_is_done(const struct transfer *transfer);
void transfer_read(struct transfer *transfer, uint32_t end, bool reads);
struct synfin_tcp_info transfer_info(struct transfer *transfer, uint32_t i);
// Closes both ends and lets TIME-WAIT pass; nothing may be left.
void transfer_finish(struct transfer *transfer);
// Gives everything back as it stands.
void transfer_end(struct transfer *transfer);
// Octets per second that end `to` has read, from the first SYN to the end of the stream.
uint64_t transfer_rate(const struct transfer *transfer, uint32_t to);

// How long a transfer may take from now on, when its path is whole and its users read and write:
// transfer_bound says of what the sum is made.
struct transfer_path {
    uint64_t rtt_ns;   // with the longest queue
    uint64_t rate_bps; // of the bottleneck; 0: none
};
uint64_t transfer_bound(struct transfer *transfer, const struct transfer_path *path);

#endif
