// SPDX-License-Identifier: MIT
//
// TCP_INFO in the layout in which Linux tells it: figures of one connection in packets,
// microseconds and milliseconds.
#ifndef SYNFIN_DRILL_TCP_INFO_H
#define SYNFIN_DRILL_TCP_INFO_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

struct drill_tcp_info {
    uint8_t state, ca_state, retransmits, probes, backoff, options;
    uint8_t wscales; // ours to send in the low four bits, ours to receive in the high ones
    uint8_t flags;   // bit 0: the delivery rate is limited by the application
    uint32_t rto_us, ato_us, snd_mss, rcv_mss;
    uint32_t unacked, sacked, lost, retrans, fackets; // packets
    uint32_t last_data_sent_ms, last_ack_sent_ms, last_data_recv_ms, last_ack_recv_ms;
    uint32_t pmtu, rcv_ssthresh, rtt_us, rttvar_us, snd_ssthresh, snd_cwnd, advmss, reordering;
    uint32_t rcv_rtt_us, rcv_space, total_retrans;
    uint64_t pacing_rate, max_pacing_rate, bytes_acked, bytes_received;
    uint32_t segs_out, segs_in, notsent_bytes, min_rtt_us, data_segs_in, data_segs_out;
    uint64_t delivery_rate, busy_time_us, rwnd_limited_us, sndbuf_limited_us;
    uint32_t delivered, delivered_ce;
    uint64_t bytes_sent, bytes_retrans;
    uint32_t dsack_dups, reord_seen, rcv_ooopack, snd_wnd, rcv_wnd, rehash;
    uint16_t total_rto, total_rto_recoveries;
    uint32_t total_rto_time_ms, received_ce;
    uint32_t delivered_e1_bytes, delivered_e0_bytes, delivered_ce_bytes;
    uint32_t received_e1_bytes, received_e0_bytes, received_ce_bytes;
    uint32_t ecn; // modes of accurate feedback
};

static_assert(offsetof(struct drill_tcp_info, rto_us) == 8, "");
static_assert(offsetof(struct drill_tcp_info, pacing_rate) == 104, "");
static_assert(offsetof(struct drill_tcp_info, delivered) == 192, "");
static_assert(offsetof(struct drill_tcp_info, total_rto) == 240, "");
static_assert(sizeof(struct drill_tcp_info) == 280, "");

#endif
