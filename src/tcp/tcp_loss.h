// SPDX-License-Identifier: MIT
//
// Loss detection and recovery for peers that acknowledge selectively: RACK (RFC 8985, tcp_rack.c)
// says what is lost, by time; proportional rate reduction (RFC 9937, tcp_prr.c) says how much may
// go while it is repaired; tcp_undo.c takes back what was no loss. The scoreboard
// (tcp_scoreboard.h) knows what is where. Peers without SACK have tcp_recovery.c and, after a
// timeout, tcp_frto.c.
#ifndef SYNFIN_TCP_LOSS_H
#define SYNFIN_TCP_LOSS_H

#include <stdbool.h>
#include <stdint.h>

#include "tcp/tcp.h"
#include "tcp/tcp_rate.h"
#include "tcp/tcp_scoreboard.h"
#include "tcp/tcp_segment.h"

struct tcp_plan;

// RFC 8985 §5.2, the variables of a connection's flight.
struct tcp_rack {
    uint64_t xmit_ns; // when the most recently sent segment that was delivered was sent
    uint64_t rtt_ns;  // its round trip
    struct seq end;   // and where it ends
    bool is_set;
};

// RFC 9937 §5
struct tcp_prr {
    uint64_t delivered_bytes; // since recovery began
    uint64_t out_bytes;       // sent since recovery began
    uint32_t flight_bytes;    // RecoverFS
    uint32_t allowed_bytes;   // may go now
};

// RFC 8985 §7.4
struct tcp_tail {
    struct seq end;        // TLP.end_seq
    uint32_t flight_bytes; // in flight when the probe went
    bool is_out;           // a probe is out
    bool is_again;         // TLP.is_retrans
};

// Exists while something is in flight to a peer that agreed on SACK, and until it is known what a
// tail-loss probe was good for.
struct tcp_loss {
    struct tcp_scoreboard board;
    struct tcp_rack rack;
    struct tcp_prr prr;
    struct tcp_tail tail;
    struct tcp_rate_flight rate;
    uint32_t sacked_segments; // RACK.segs_sacked
    uint32_t first_resend_ts; // TSval of the first retransmission since the window was cut
    struct seq first_resend;  // and where it begins
    bool has_first_resend;
    bool may_undo;   // Eifel has not decided yet whether what was cut last was cut for a loss
    uint64_t cut_ns; // when the window was cut last
};

// A segment that takes sequence space was emitted; before SND.NXT moves.
void tcp_loss_on_sent(struct tcp *tcp, struct tcp_conn *conn, const struct tcp_plan *plan,
                      uint64_t now_ns);
// Our SYN is acknowledged, and octets that went with it or before its acknowledgment are in flight.
void tcp_loss_take_over(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns);
// What an acknowledgment brings: by how much SND.UNA has moved, and the round trip of that.
struct tcp_news {
    uint32_t acked_bytes;
    uint64_t rtt_ns; // 0: not known
};
void tcp_loss_on_ack(struct tcp *tcp, struct tcp_conn *conn, const struct tcp_segment *seg,
                     const struct tcp_news *news, uint64_t now_ns);
// An acknowledgment that says the same as the one before.
void tcp_loss_on_duplicate(struct tcp *tcp, struct tcp_conn *conn, const struct tcp_segment *seg,
                           uint64_t now_ns);
// The retransmission timer; `was_repairing` an earlier loss.
void tcp_loss_on_timeout(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns);
// The reordering timer: what was only late so far may be lost now.
void tcp_loss_on_reorder(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns);
// Everything in flight goes again for a reason that is no congestion.
void tcp_loss_go_back(struct tcp_conn *conn);
void tcp_loss_free(struct tcp *tcp, struct tcp_conn *conn);
// Octets that congestion control lets go now.
uint32_t tcp_loss_room(const struct tcp_conn *conn);
// What was in flight when a loss was last detected is not all acknowledged yet: in fast recovery,
// or after a timeout.
bool tcp_loss_is_repairing(const struct tcp_conn *conn);

// tcp_rack.c
// RFC 8985 §6.2 steps 1 and 2: what the newest of what has arrived says.
void tcp_rack_update(struct tcp_conn *conn, const struct tcp_segment *seg,
                     const struct tcp_delivery *delivery, uint64_t now_ns);
bool tcp_rack_has_dsack(const struct tcp_conn *conn, const struct tcp_segment *seg);
// Step 4: duplicates widen the window.
void tcp_rack_adapt(struct tcp_conn *conn, const struct tcp_segment *seg);
void tcp_rack_forget_duplicates(struct tcp_recovery *recovery);
void tcp_rack_count(struct tcp_conn *conn, const struct tcp_delivery *delivery, bool is_moved);
uint64_t tcp_rack_window(const struct tcp_conn *conn);
// Step 5; gives the octets newly lost.
uint32_t tcp_rack_detect(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns);
// RFC 8985 §6.3: what the retransmission timer says is lost.
void tcp_rack_on_timeout(struct tcp_conn *conn, uint64_t now_ns);

// tcp_prr.c
// The window is cut, by an ACK that delivered this much or by a timer.
void tcp_prr_begin(struct tcp_conn *conn, uint32_t delivered_bytes);
void tcp_prr_spend(struct tcp_loss *loss, uint32_t bytes);
void tcp_prr_allow(struct tcp_conn *conn, uint32_t delivered_bytes, bool is_safe);

// tcp_undo.c
// The window is cut now: what shows that there was no loss is looked for from here on.
void tcp_undo_watch(struct tcp_conn *conn, bool is_timeout);
void tcp_undo_on_resent(struct tcp_conn *conn, struct seq seq, uint32_t bytes, uint64_t now_ns);
bool tcp_undo_is_older_echo(const struct tcp_conn *conn, const struct tcp_segment *seg,
                            uint32_t ts);
// Eifel: SND.UNA has moved, and it was the first transmission that moved it.
bool tcp_undo_is_spurious(struct tcp_conn *conn, const struct tcp_segment *seg);
// D-SACK: with this one all that was sent again is reported as duplicate.
bool tcp_undo_is_all_duplicate(struct tcp_conn *conn, const struct tcp_segment *seg);
void tcp_undo_take_back(struct tcp *tcp, struct tcp_conn *conn, uint32_t acked_bytes,
                        enum synfin_reason reason, uint64_t now_ns);

// tcp_tail.c
// Sets the timer of the next probe, or takes it back.
void tcp_tail_schedule(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns);
void tcp_tail_fire(struct tcp *tcp, struct tcp_conn *conn);
bool tcp_tail_may_probe(const struct tcp_conn *conn);
// Where the last segment in flight begins, in segments of `mss`.
struct seq tcp_tail_last(const struct tcp_conn *conn, uint32_t mss);
void tcp_tail_on_sent(struct tcp_conn *conn, const struct tcp_plan *plan);
bool tcp_tail_on_ack(struct tcp_conn *conn, const struct tcp_segment *seg, bool has_dsack);
void tcp_tail_on_duplicate(struct tcp_conn *conn, const struct tcp_segment *seg);

#endif
