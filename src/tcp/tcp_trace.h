// SPDX-License-Identifier: MIT
//
// What TCP tells the trace sink. Each call counts its reason, and costs no more while nobody
// listens. A connection is named by its pair and its number, whether a block holds it or a stub.
#ifndef SYNFIN_TCP_TRACE_H
#define SYNFIN_TCP_TRACE_H

#include <stdbool.h>
#include <stdint.h>

#include "tcp/tcp.h"
#include "tcp/tcp_segment.h"

struct tcp_change {
    const struct tcp_pair *pair;
    uint32_t number;
    enum synfin_tcp_state from, to;
    enum synfin_reason cause;
};
void tcp_trace_state(struct tcp *tcp, const struct tcp_change *change, uint64_t now_ns);

struct tcp_tick {
    const struct tcp_pair *pair;
    uint32_t number;
    enum synfin_trace_kind kind;
    enum synfin_tcp_timer timer;
    enum synfin_reason reason;
    uint64_t deadline_ns;
    uint32_t count; // how many times in a row it has fired
};
void tcp_trace_timer(struct tcp *tcp, const struct tcp_tick *tick, uint64_t now_ns);

void tcp_trace_congestion(struct tcp *tcp, const struct tcp_conn *conn, enum synfin_reason reason,
                          uint64_t now_ns);

// A buffer has grown, or memory holds it down.
struct tcp_resize {
    enum synfin_reason reason;
    uint32_t bytes, before_bytes, measured_bytes;
    uint64_t rtt_ns;
};
void tcp_trace_buffer(struct tcp *tcp, const struct tcp_conn *conn, const struct tcp_resize *resize,
                      uint64_t now_ns);

// What was learned of the path's MTU.
void tcp_trace_path_mtu(struct tcp *tcp, const struct tcp_conn *conn, enum synfin_reason reason,
                        uint64_t now_ns);
void tcp_trace_outcome(struct tcp *tcp, const struct tcp_pair *pair, uint32_t number,
                       enum synfin_error error, enum synfin_reason reason, uint64_t now_ns);
void tcp_trace_received(struct tcp *tcp, const struct tcp_segment *seg, uint32_t number,
                        enum synfin_trace_kind kind, uint32_t payload_bytes, uint64_t now_ns);

// A segment that is being sent.
struct tcp_sent {
    const struct tcp_pair *pair;
    const struct wire_tcp *h;
    uint32_t number; // of the connection; 0: none
    uint32_t payload_bytes;
    bool is_again;
    enum synfin_reason reason;
};
void tcp_trace_sent(struct tcp *tcp, const struct tcp_sent *sent, uint64_t now_ns);

#endif
