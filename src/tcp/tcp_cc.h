// SPDX-License-Identifier: MIT
//
// Congestion control as a plug-in: events with values in, a window and a pacing rate out,
// integers only. It never sees the connection, and what to send again is not its business
// (tcp_recovery.c). One file per algorithm (RFC 9293 §3.8.2 [MAY-18]): tcp_cc_<name>.c.
#ifndef SYNFIN_TCP_CC_H
#define SYNFIN_TCP_CC_H

#include <stdbool.h>
#include <stdint.h>

struct tcp_cc;

// New data was acknowledged, outside of recovery.
struct tcp_cc_ack {
    uint32_t acked_bytes;
    uint32_t mss_bytes;
    bool is_limited_by_cwnd; // the window was in full use, RFC 7661 §3
    uint64_t now_ns;
};

// Loss was detected, by duplicate acknowledgments or by the timer.
struct tcp_cc_loss {
    uint32_t flight_bytes; // FlightSize when it was detected
    uint32_t mss_bytes;
    uint64_t now_ns;
};

struct tcp_cc_ops {
    const char *name;
    void (*open)(struct tcp_cc *cc, uint32_t mss_bytes, uint32_t initial_segments);
    void (*on_ack)(struct tcp_cc *cc, const struct tcp_cc_ack *ack);
    void (*on_loss)(struct tcp_cc *cc, const struct tcp_cc_loss *loss);
    void (*on_recovered)(struct tcp_cc *cc, const struct tcp_cc_loss *at_exit);
    void (*on_timeout)(struct tcp_cc *cc, const struct tcp_cc_loss *loss);
    void (*on_idle)(struct tcp_cc *cc, uint32_t mss_bytes, uint32_t initial_segments);
};

struct tcp_cc {
    const struct tcp_cc_ops *ops;
    uint32_t cwnd_bytes;
    uint32_t ssthresh_bytes;
    uint32_t counted_bytes; // acknowledged towards the next segment of growth, RFC 3465
};

extern const struct tcp_cc_ops tcp_cc_newreno;

#endif
