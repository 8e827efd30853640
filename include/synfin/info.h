// SPDX-License-Identifier: MIT
//
// What a connection tells of itself, by synfin_socket_info.
#ifndef SYNFIN_INFO_H
#define SYNFIN_INFO_H

#include <stddef.h>
#include <stdint.h>

#include <synfin/stack.h>
#include <synfin/trace.h>

// What struct tcp_info of Linux tells, as far as it applies; times in ns, sizes in octets.
struct synfin_tcp_info {
    size_t size; // sizeof(struct synfin_tcp_info), set by the caller
    enum synfin_tcp_state state;
    uint32_t conn; // the number under which traces name it
    uint8_t has_timestamps, has_sack, has_window_scale;
    uint8_t has_ecn; // agreed on: 1: RFC 3168, 2: accurate, RFC 9768
    uint8_t snd_wscale_shift, rcv_wscale_shift;
    uint8_t is_in_recovery, backoff;
    uint32_t retransmits; // of the oldest segment, in a row
    uint32_t probes;      // unanswered window or keep-alive probes
    uint64_t rto_ns, srtt_ns, rttvar_ns, min_rtt_ns, ato_ns;
    uint32_t snd_mss_bytes, rcv_mss_bytes, advertised_mss_bytes, pmtu_bytes;
    uint32_t cwnd_bytes, ssthresh_bytes, snd_wnd_bytes, rcv_wnd_bytes;
    uint32_t unacked_bytes, unsent_bytes, out_of_order_bytes;
    uint64_t bytes_sent, bytes_acked, bytes_received, bytes_retransmitted;
    uint64_t segments_in, segments_out, data_segments_in, data_segments_out;
    uint64_t total_retransmits; // segments sent again, ever
    uint64_t last_data_sent_ns, last_data_received_ns, last_ack_received_ns; // ages
    uint32_t iss, irs, snd_una, snd_nxt, rcv_nxt;
    uint32_t tries;          // how often what has no answer yet was sent: SYNs, data or probes
    uint64_t waited_ns;      // since the peer was last heard, since connect if never; to the end
    struct synfin_icmp icmp; // the last one about what has no answer yet
    const char *congestion;  // the algorithm's name, such as "cubic"
    uint64_t pacing_rate;    // octets per second; 0: not paced
    uint64_t delivered_ce, received_ce; // packets with a mark of congestion: ours, as far as the
                                        // peer says, and the peer's
    // What buffers hold now at most, how far they may grow (the same: set by the user), and what
    // the stack's memory leaves of that.
    uint32_t snd_buffer_bytes, snd_buffer_bytes_max, snd_buffer_bytes_left;
    uint32_t rcv_buffer_bytes, rcv_buffer_bytes_max, rcv_buffer_bytes_left;
    uint32_t rcv_taken_bytes;             // by the reader in the last round trip
    uint64_t rcv_rtt_ns;                  // round trip as the receiver sees it; 0: not measured
    uint64_t pacing_rate_max;             // SYNFIN_OPTION_PACING_RATE_MAX
    uint64_t delivery_rate;               // best lately, octets per second; 0: no sample yet
    uint8_t is_delivery_rate_app_limited; // it says what the user sent, not what the path bears
    uint8_t has_seen_reordering;          // something arrived behind what was sent after it
    uint64_t delivered_bytes;             // that the peer is known to have, SACK included
    uint32_t lost_bytes, sacked_bytes;    // of those in flight, now
    uint64_t reordering_window_ns;        // how late is not lost yet, RFC 8985 §6.2; 0: no SACK
    uint64_t busy_ns;                     // something was queued or in flight
    uint64_t peer_window_limited_ns;      // of that, only the peer's window kept it from sending
    uint64_t send_buffer_limited_ns;      // and only the send buffer did
    uint32_t mtu_probe_bytes;             // size of the path MTU probe that is out; 0: none
    uint32_t mtu_search_bytes;    // the largest that may still pass; 0: no search, pmtu_bytes is it
    uint32_t resent_bytes;        // of those in flight: sent again, and nothing heard since
    uint32_t room_bytes;          // that the congestion window, or what repairs losses, lets go now
    uint8_t repair;               // enum synfin_repair
    uint32_t reordering_segments; // by how many segments the latest of all came late; 0: none did
    uint32_t reorderings;         // how often one did
    uint32_t syn_room_bytes; // what a SYN that waits for data may carry, RFC 7413 §4.2.2; 0: none
    uint8_t has_syn_data;    // the data of a SYN were taken, all of them: ours or the peer's
    uint32_t syn_data_bytes; // of our octets, taken with our SYN
};

// What a sender believes of the octets in flight.
enum synfin_repair {
    SYNFIN_REPAIR_NONE,     // nothing is missing
    SYNFIN_REPAIR_DISORDER, // something is, and may be late
    SYNFIN_REPAIR_REDUCED,  // the window was cut for a mark
    SYNFIN_REPAIR_RECOVERY, // losses are repaired
    SYNFIN_REPAIR_TIMEOUT,  // the same after a retransmission timeout
};

#endif
