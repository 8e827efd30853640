// SPDX-License-Identifier: MIT
//
// What users have asked for by socket options, as far as it changes what is right: who has asked
// for nothing is held to the stack's configuration. A connection that was accepted begins with what
// its listener's user had asked for.
#ifndef ORACLE_WISHES_H
#define ORACLE_WISHES_H

#include <stdbool.h>
#include <stdint.h>

#include <synfin/socket.h>

struct oracle_host;
struct oracle_end;

struct oracle_wishes {
    struct oracle_wishes *next;           // of all of a world
    bool has_keepalive, has_cork, aborts; // aborts: instead of closing
    uint64_t keepalive_idle_ns, keepalive_interval_ns, keepalive_probes;
    uint64_t fin_wait_2_ns, defer_accept_ns;
    uint64_t user_timeout_ns;                  // 0: none
    uint64_t keepalive_set_ns, timeout_set_ns; // when they were what they are
    // 0: nothing was asked for.
    uint32_t send_buffer_bytes, receive_buffer_bytes, notsent_lowat_bytes, mss_bytes;
    uint32_t window_clamp_bytes;
    uint64_t pacing_rate_max;
    uint8_t hop_limit, traffic_class;
};

// How long an end has waited; oracle_patience.c.
struct oracle_patience {
    uint64_t since_ns; // something waits, and nothing was acknowledged since; 0: nothing does
    uint64_t una;      // then
    uint64_t begun_ns; // when the first segment left
    uint64_t heard_ns; // in what a correct TCP takes
    uint64_t arrived_ns, leapt_ns; // anything at all; what the clock had left out by then
    uint64_t in_flight_ns;         // the last time that something was
};

// Of a stack whose users have asked for nothing.
void oracle_wishes_init(struct oracle_wishes *wishes, const struct synfin_stack_config *config);
void oracle_wishes_deinit(struct oracle_wishes *first);
// Of a socket, to be changed; made when there are none.
struct oracle_wishes *oracle_wishes_of_socket(struct oracle_host *host, synfin_socket socket,
                                              const struct oracle_wishes *before);
// Those of a socket, or NULL.
const struct oracle_wishes *oracle_wishes_find(const struct oracle_host *host,
                                               synfin_socket socket);
// Of an end's user; before anybody has accepted it those of the listener.
const struct oracle_wishes *oracle_wishes_of(const struct oracle_host *host,
                                             const struct oracle_end *end);
void oracle_wishes_note(struct oracle_wishes *wishes, enum synfin_option option, int64_t value,
                        uint64_t now_ns);

#endif
