// SPDX-License-Identifier: MIT
//
// How large a packet the path carries: what routers say (RFC 1191, RFC 8201) is believed with care
// (RFC 5927 §7.2), and where no router says anything, packets themselves find out (RFC 4821). Most
// connections have no struct tcp_mtu: one exists from the first sign that the path carries less
// than the interface, until that is over.
//
//     floor  <=  conn->pmtu_bytes  <  probe_bytes  <=  high_bytes  <=  limit
//     552        segments have        one segment      could still     of the interface and
//     or 1280    this size            has this one     pass            the peer's MSS
//
// A probe is one segment of new data between the two; its octets are worth sending anyhow.
// Everything is looked at when there is data to send: the search has no timer.
#ifndef SYNFIN_TCP_MTU_H
#define SYNFIN_TCP_MTU_H

#include <stdbool.h>
#include <stdint.h>

#include "tcp/tcp.h"
#include "tcp/tcp_conn.h"

struct tcp_plan;

// What is known of packets of the present size; conn->mtu_trust.
enum tcp_mtu_trust {
    TCP_MTU_TRUST_NONE,   // none has been sent
    TCP_MTU_TRUST_OUT,    // one ends at conn->mtu_seen
    TCP_MTU_TRUST_PASSED, // one has arrived
};

struct tcp_mtu {
    uint64_t next_ns;       // no probe before
    struct seq left, right; // the octets of the probe that is out, or whose goes again
    struct seq resend_end;  // what had been sent when that was found lost, without a board
    struct seq told_seq;    // quoted by the router's word that waits
    uint16_t high_bytes;    // search_high: the largest that could still pass; 0: no search
    uint16_t probe_bytes;   // of the probe that is out; 0: none
    uint16_t planned_bytes; // of the one that is planned, and may yet wait for its turn
    uint16_t told_bytes;    // what a router said, and is not believed yet; 0: nothing
    uint16_t hole_bytes;    // what vanished, until something smaller arrives; 0: nothing
    uint8_t tries;          // probes of this size that said nothing
    bool is_high_untried;   // nothing has spoken against high_bytes lately
    bool was_hole_passed;   // packets of hole_bytes had arrived before
    bool is_resending;      // the lost probe's octets go again, without a board
};

// tcp_mtu.c: sizes, the search and its probes
// IP and TCP headers without options.
uint32_t tcp_mtu_headers(const struct tcp_conn *conn);
// The largest packet that full segments make.
uint32_t tcp_mtu_packet(const struct tcp_conn *conn);
// The smallest size that is ever believed.
uint32_t tcp_mtu_floor(const struct tcp *tcp, const struct tcp_conn *conn);
// The connection's struct tcp_mtu, made if need be; NULL without memory.
struct tcp_mtu *tcp_mtu_make(struct tcp *tcp, struct tcp_conn *conn);
void tcp_mtu_free(struct tcp *tcp, struct tcp_conn *conn);
// Segments have another size from now on.
void tcp_mtu_set(struct tcp *tcp, struct tcp_conn *conn, uint32_t mtu_bytes,
                 enum synfin_reason reason, uint64_t now_ns);
// The path is known, and the size that the peer takes.
void tcp_mtu_open(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns);
// What a connection to this destination begins with.
uint32_t tcp_mtu_first(const struct tcp *tcp, const struct tcp_conn *conn, uint64_t now_ns);
// For connections that will be opened.
void tcp_mtu_remember(struct tcp *tcp, const struct tcp_conn *conn, uint64_t now_ns);
// A search up to the limit begins at `next_ns`, if there is anything to search.
void tcp_mtu_search(struct tcp *tcp, struct tcp_conn *conn, uint64_t next_ns);
// Frees the struct when it has no use any more.
void tcp_mtu_settle(struct tcp *tcp, struct tcp_conn *conn);
// Plans a probe when it is time for one and the window has room: RFC 4821 §7.4.
bool tcp_mtu_plan(struct tcp *tcp, struct tcp_conn *conn, struct tcp_plan *plan,
                  uint32_t window_bytes, uint64_t now_ns);
void tcp_mtu_note_sent(struct tcp *tcp, struct tcp_conn *conn, const struct tcp_plan *plan,
                       uint64_t now_ns);
void tcp_mtu_note_acked(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns);
// The scoreboard has lost something outside of recovery. True when that is the probe and nothing
// else: no reason to slow down.
bool tcp_mtu_takes_loss(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns);
// The same for a duplicate acknowledgment where there is no scoreboard.
bool tcp_mtu_takes_duplicate(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns);
// Without a scoreboard, SND.UNA has moved: true when more than the probe was lost.
bool tcp_mtu_has_more_lost(struct tcp_conn *conn);
// The probe's fate will not be known.
void tcp_mtu_lose_track(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns);
// A router says that the path carries so much, about a packet that was larger.
void tcp_mtu_probe_told(struct tcp *tcp, struct tcp_conn *conn, uint32_t mtu_bytes,
                        uint64_t now_ns);

// tcp_mtu_lower.c: what makes segments smaller
// A validated ICMP error says that the path carries so much.
void tcp_mtu_lower_on_told(struct tcp *tcp, struct tcp_conn *conn, uint32_t mtu_bytes,
                           struct seq quoted, uint64_t now_ns);
// Nothing has been heard for two round trips. True when a router had told why: it is believed now.
bool tcp_mtu_lower_on_silence(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns);
// The retransmission timer is due, and everything will go again: the reason for it.
enum synfin_reason tcp_mtu_lower_on_timeout(struct tcp *tcp, struct tcp_conn *conn,
                                            uint64_t now_ns);
// What waits for news of the path, when something was acknowledged.
void tcp_mtu_lower_on_acked(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns);

// A segment that takes sequence space was emitted.
static inline void tcp_mtu_on_sent(struct tcp *tcp, struct tcp_conn *conn,
                                   const struct tcp_plan *plan, uint64_t now_ns)
{
    if (conn->mtu != NULL || conn->mtu_trust != TCP_MTU_TRUST_PASSED) {
        tcp_mtu_note_sent(tcp, conn, plan, now_ns);
    }
}

// SND.UNA has moved.
static inline void tcp_mtu_on_acked(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns)
{
    if (conn->mtu != NULL || conn->mtu_trust == TCP_MTU_TRUST_OUT) {
        tcp_mtu_note_acked(tcp, conn, now_ns);
    }
}

#endif
