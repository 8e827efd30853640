// SPDX-License-Identifier: MIT
//
// The connection block (RFC 9293 §3.3.1, the TCB): one per socket, in every state from an open
// handle over LISTEN to TIME-WAIT. Fields that every segment touches come first. Who may write
// what: each nested struct names the file that owns it; everybody may read.
//
// The sequence space of what we send, and how the send stream lies on it:
//
//      iss   iss+1          snd.una        snd.resend       snd.nxt              fin
//       |SYN |....acked......|.....in flight, or lost.........|..queued, unsent...|FIN|
//                            ^ offset 0 of `send` once the SYN is acknowledged
//
// Invariants (tcp_conn_check restates them):
//   1. snd.una <= snd.resend <= snd.nxt <= snd.una + 2^30; snd.nxt never moves back.
//   2. snd.nxt <= the highest right edge the peer ever granted, or one octet beyond (a probe).
//   3. rcv.nxt <= rcv.adv; the right edge rcv.adv we advertised never moves left.
//   4. The reassembly holds nothing at or before rcv.nxt and nothing beyond rcv.adv.
//   5. A conn is in the table exactly when it has a pair of endpoints and is not CLOSED.
//   6. Something unacknowledged in flight: the retransmission or the persist timer is armed.
#ifndef SYNFIN_TCP_CONN_H
#define SYNFIN_TCP_CONN_H

#include <stdbool.h>
#include <stdint.h>

#include <synfin/socket.h>

#include "base/list.h"
#include "base/seq.h"
#include "base/wheel.h"
#include "buf/reassembly.h"
#include "buf/stream.h"
#include "tcp/tcp_cc.h"
#include "tcp/tcp_chrono.h"
#include "tcp/tcp_ecn.h"
#include "tcp/tcp_rate.h"
#include "tcp/tcp_rtt.h"
#include "tcp/tcp_settings.h"

// The two ends, as the table keys them.
struct tcp_pair {
    struct synfin_addr local, remote;
    uint16_t local_port, remote_port;
};

// How packets leave: filled by the stack, opaque here but for iface and MTU.
struct tcp_path {
    uint32_t iface;
    uint32_t mtu_bytes; // of the first hop
    uint32_t gso_bytes; // largest super-packet the device takes; 0: none
    uint32_t hint[3];   // the stack's own notes on the next hop; [0], [1] at 0: look it up
    bool can_checksum;  // the device completes partial checksums
};

// RFC 9293 §3.3.1, send sequence variables. Written by tcp_ack.c, tcp_output.c, and at opening.
struct tcp_send_vars {
    struct seq una;    // SND.UNA: oldest unacknowledged
    struct seq nxt;    // SND.NXT: one beyond the highest ever sent
    struct seq resend; // next to send again after a timeout; equal to nxt when nothing is
    struct seq wl1;    // SND.WL1: segment sequence number of the last window update
    struct seq wl2;    // SND.WL2: segment acknowledgment number of the last window update
    struct seq edge;   // the highest right edge the peer ever granted
    struct seq up;     // SND.UP: end of urgent data, when has_urgent_out
    struct seq pushed; // the user has pushed what it queued up to here; written by tcp_calls_data.c
    struct seq small;  // end of the last segment that was not full-sized; written by tcp_linux.c
    struct seq forced; // before that, pushed as Linux does it; written by tcp_linux.c
    uint32_t tail_bytes;  // of the last chunk of what is queued; written by tcp_linux.c
    uint32_t wnd;         // SND.WND: what the peer accepts from una on, octets
    uint32_t wnd_max;     // Max(SND.WND): the largest window ever offered
    uint16_t mss;         // Eff.snd.MSS: payload octets per segment, options subtracted
    uint16_t mss_peer;    // SendMSS: the peer's MSS option or the default
    uint8_t wscale_shift; // Snd.Wind.Shift: how far the peer's windows are shifted
};

// Receive sequence variables. Written by tcp_text.c and tcp_window.c, and at opening.
struct tcp_receive_vars {
    struct seq nxt;         // RCV.NXT: next expected
    struct seq adv;         // right edge last advertised: RCV.NXT + RCV.WND as the peer knows it
    struct seq acked;       // Last.ACK.sent, RFC 7323 §4.3
    struct seq fin;         // sequence number of the peer's FIN, when has_fin
    struct seq up;          // RCV.UP: end of urgent data, when has_urgent
    struct seq again_left;  // RFC 2883: what arrived again and is not reported yet, up to
    struct seq again_right; // here; equal when there is nothing; written by tcp_sack.c
    uint32_t grown_bytes;   // by how much the window may exceed the first; written by tcp_linux.c
    uint32_t unacked_bytes; // received since the last acknowledgment we sent
    uint16_t mss;           // the MSS we advertised
    uint16_t mss_seen;      // the largest payload seen: what "full-sized" means from this peer
    uint8_t wscale_shift;   // Rcv.Wind.Shift
    uint8_t quick_acks;     // segments still acknowledged at once; written by tcp_linux.c
    bool has_begun;         // data has arrived; the same
    bool is_answering; // the user answers what arrives within a delayed acknowledgment; the same
};

// RFC 6582 fast recovery. Written by tcp_recovery.c.
struct tcp_recovery {
    struct seq recover;                 // highest sent when loss was last detected
    uint32_t inflation_bytes;           // artificial window: segments that have left the network
    uint16_t dup_acks, inflations_left; // in a row; how many more may inflate the window
    bool is_active;                     // in fast recovery
    bool has_recover;                   // recover is set: a loss was seen before
    bool needs_resend;                  // send the segment at snd.una once, now
    uint8_t limited;                    // segments allowed by limited transmit, RFC 3042
    struct seq round_end;               // the present round trip ends when this is acknowledged
    uint32_t flight_peak_bytes;         // most in flight during it
    uint64_t validated_ns;              // when the window was last in use; written by tcp_cwv.c
    // RFC 8985 §6.2 steps 3 and 4; written by tcp_rack.c.
    struct seq dsack_round;  // the present round of duplicates ends when this is acknowledged
    uint8_t reo_wnd_mult;    // by how many quarters of a round trip the window was widened
    uint8_t reo_wnd_persist; // recoveries until it shrinks back
    bool has_dsack_round;
    bool was_full;                    // the window was, when data were last sent in this round
    bool has_seen_reordering;         // something arrived behind what was sent after it
    uint16_t reordering, reorderings; // by how many segments at most, and how often
};

// What could show that the window was last cut for nothing. Written by tcp_undo.c and tcp_frto.c.
struct tcp_undo {
    struct seq left, right; // SND.UNA and SND.NXT when it was cut
    uint32_t resent_bytes;  // since then, and not reported as duplicates yet
    bool is_watching;
    bool was_timeout;      // cut by the retransmission timer
    uint8_t frto;          // enum tcp_frto
    uint8_t frto_segments; // new ones that F-RTO may still send
};

// What is to be sent as soon as the device asks. Written by tcp_output.c and tcp_window.c.
struct tcp_pending {
    uint16_t ack_reason;    // enum synfin_reason of an acknowledgment due now; 0: none is due
    uint8_t extra_acks;     // pure acknowledgments owed besides, one per out-of-order segment
    uint8_t probe;          // a window probe is due
    uint8_t keepalive;      // a keep-alive is due
    uint8_t tail_probe;     // a tail-loss probe is due
    uint8_t push_small;     // the override timeout: a segment too small is due all the same
    uint8_t is_held;        // the user has more to say: a small segment waits for that, or an ACK
    uint8_t push_corked;    // what the cork has held is due
    uint16_t resend_reason; // enum synfin_reason of what lies before snd.nxt
};

struct tcp_fastopen_jar; // tcp_fastopen.h

// A listener's part.
struct tcp_listener {
    struct list_node acceptable;      // children that wait for accept, oldest first, by `family`
    uint32_t half_opens, acceptables; // half-open connections in tcp->half_open; length of the list
    uint32_t backlog;                 // limit of each
    uint16_t fastopen_pending;        // opened by Fast Open, and no third segment yet
    uint16_t fastopen_resting;        // of those, reset by the peer: counted a while longer
    uint64_t fastopen_reset_ns;       // when the last one was
    struct tcp_fastopen_jar *fastopen_jar; // its own keys; NULL: the stack's
};

struct tcp_conn {
    struct tcp_pair pair;
    uint8_t state;   // enum synfin_tcp_state; written by tcp_state.c only
    bool is_passive; // came from a listener
    bool is_orphan;  // the user has given its handle up
    bool is_bound;
    bool is_syn_acked; // the peer has our SYN: `send` begins at snd.una
    bool has_syn_lost; // our SYN had to be sent again
    bool has_answered; // answered_ns is set
    uint8_t fastopen;  // enum tcp_fastopen; tcp_fastopen_conn.h
    bool has_syn_data; // a SYN's data were taken, all of them: ours or the peer's
    bool snd_closed;   // no more octets will be queued: a FIN follows the last
    bool fin_sent;
    bool rcv_shut;                                // the user reads no more
    bool has_fin;                                 // rcv.fin is known
    bool fin_received;                            // everything up to the FIN has arrived
    bool has_urgent;                              // rcv.up is ahead of what was read
    bool has_urgent_out;                          // snd.up is not acknowledged yet
    bool uses_timestamps, uses_sack, uses_wscale; // agreed on
    bool is_ready, is_parked;                     // on the output list; waiting for its next hop
    bool is_in_table;
    uint32_t number;     // in traces
    uint32_t generation; // of the handle
    struct tcp_conn *table_next;
    struct list_node ready; // output list or parked list of its interface

    struct tcp_send_vars snd;
    struct tcp_receive_vars rcv;
    struct seq iss, irs;        // initial sequence numbers
    uint16_t syn_data_bytes;    // of ours that the peer took with our SYN
    uint32_t fastopen_listener; // number of the listener that counts it as pending
    struct stream send, receive;

    struct wheel_entry timer;                     // at the earliest of deadline_ns
    uint64_t deadline_ns[SYNFIN_TCP_TIMER_COUNT]; // written by tcp_timer.c only
    uint64_t pace_ns; // what was sent has left by then at the pace; written by tcp_pace.c only
    struct tcp_rtt rtt;
    struct tcp_rate rate;
    struct tcp_pending pending;
    uint8_t retries;         // retransmissions of the oldest segment in a row
    uint8_t probes;          // window probes in a row: their backoff
    uint8_t unanswered;      // window probes or keep-alives since the peer was last heard
    uint8_t challenges;      // challenge ACKs sent in the present second
    bool is_send_blocked;    // send() found no room: WRITABLE is owed
    bool is_short_of_memory; // its window or its buffers are held down; written by tcp_memory.c
    struct tcp_cc cc;
    struct tcp_recovery recovery;
    struct tcp_ecn ecn;
    struct tcp_undo undo;
    struct tcp_loss *loss;         // while something is in flight to a peer with SACK; tcp_loss.h
    struct tcp_autotune *autotune; // once it has received much; tcp_autotune.h
    uint32_t ts_offset;            // added to the clock in TSval
    uint32_t ts_recent;            // TS.Recent, RFC 7323 §4.3
    uint64_t ts_recent_ns;         // when it was set
    uint64_t challenges_ns;        // when the present second began
    uint64_t answered_ns;          // when an unacceptable segment was last answered

    struct tcp_path path;
    uint16_t pmtu_bytes;         // what packets have at most; written by tcp_mtu.c
    uint8_t mtu_trust;           // enum tcp_mtu_trust of that size
    struct seq mtu_seen;         // the first packet of that size ends here
    struct tcp_mtu *mtu;         // while the path may carry more, or less; tcp_mtu.h
    struct tcp_records *records; // while ends of records are queued or in flight; tcp_record.h
    struct reassembly ooo;

    // The user's side.
    struct list_node event;  // on the stack's list while events are pending
    uint8_t events;          // one bit per enum synfin_event_kind
    uint8_t error;           // enum synfin_error that ended it
    uint8_t soft_error;      // what a router said meanwhile
    uint16_t end_reason;     // enum synfin_reason that ended it
    uint64_t end_waited_ns;  // as in struct synfin_event, once it is done
    struct synfin_icmp icmp; // of soft_error, or of error when ICMP ended it
    bool is_done;            // ended: only the handle is left
    uint32_t end_tries;      // as end_waited_ns
    void *user;
    struct tcp_settings set;
    struct tcp_totals totals;
    struct tcp_chrono chrono;
    struct tcp_conn *listener; // of a child not accepted yet
    // On the listener's list; of one that has a handle, on the list of those that wait for memory.
    struct list_node family;
    struct tcp_listener listen;
};

#endif
