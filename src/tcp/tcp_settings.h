// SPDX-License-Identifier: MIT
//
// What the user sets on a connection, and what is counted of it.
#ifndef SYNFIN_TCP_SETTINGS_H
#define SYNFIN_TCP_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

// Counters behind struct synfin_tcp_info.
struct tcp_totals {
    uint64_t bytes_sent, bytes_acked, bytes_received, bytes_retransmitted;
    uint64_t segments_in, segments_out;
    uint32_t data_segments_in, data_segments_out, retransmits;
    uint64_t data_sent_ns, data_received_ns, ack_received_ns;
};

// The user's settings. Written by tcp_options.c.
struct tcp_settings {
    uint32_t send_buffer_bytes, receive_buffer_bytes; // also written by tcp_autotune.c, unless set
    uint32_t notsent_lowat_bytes; // unsent octets that send() may reach; 0: no limit
    uint32_t receive_lowat_bytes; // to read before READABLE tells; 0: any
    uint32_t window_clamp_bytes;  // largest window offered; 0: no limit but the buffer
    uint32_t defer_accept_ms;     // of a listener, until a client's first data; 0: not awaited
    uint16_t mss_limit;           // TCP_MAXSEG; 0: none
    uint16_t fastopen_max;        // of a listener, before the third segment; 0: no Fast Open
    uint32_t linux_ways;          // as configured
    uint64_t pacing_rate_max;     // octets per second; 0: no limit
    uint64_t keepalive_idle_ns, keepalive_interval_ns, user_timeout_ns;
    uint64_t fin_wait_2_ns; // an orphan's longest stay in FIN-WAIT-2
    uint8_t keepalive_probes, syn_retries;
    uint8_t traffic_class, hop_limit;
    uint8_t burst_segments_min;
    uint8_t reordering_segments; // that show a loss when they come first
    uint8_t congestion;          // enum synfin_congestion
    uint8_t ecn;                 // enum synfin_ecn
    int8_t linger;               // -1: in order; 0: abort
    bool has_keepalive, has_nodelay, has_quickack, has_reuse_addr, has_fastopen_connect, has_cork;
    bool has_no_cookie;                                      // Fast Open does without
    bool has_no_push;                                        // what is queued now is not pushed
    bool has_accurate_ecn;                                   // as configured
    bool has_frto, has_tail_probes, has_adaptive_reordering; // the same
    bool has_pacing;                          // by the window, when the algorithm says nothing
    bool has_send_buffer, has_receive_buffer; // the user has set it: it does not grow by itself
};

#endif
