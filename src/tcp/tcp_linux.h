// SPDX-License-Identifier: MIT
//
// What is done as Linux does it when the configuration wants that (SYNFIN_LINUX_WAYS in
// synfin/config.h). Each function here changes nothing when its way is off.
#ifndef SYNFIN_TCP_LINUX_H
#define SYNFIN_TCP_LINUX_H

#include <stdbool.h>
#include <stdint.h>

#include "base/deadline.h"
#include "tcp/tcp_conn.h"
#include "tcp/tcp_output.h"
#include "tcp/tcp_segment.h"

static inline bool tcp_linux_has(const struct tcp_conn *conn, enum synfin_linux_way way)
{
    return (conn->set.linux_ways >> way & 1) != 0;
}

// The most that may go at once, octets of whole segments; UINT32_MAX: no limit.
uint32_t tcp_linux_burst(const struct tcp_conn *conn);

// By how many octets an acknowledgment lets the window grow that acknowledges so many and shows so
// many to have arrived that were not known to.
static inline uint32_t tcp_linux_growth(const struct tcp_conn *conn, uint32_t acked_bytes,
                                        uint32_t delivered_bytes)
{
    return tcp_linux_has(conn, SYNFIN_LINUX_WAY_COUNT_DELIVERED) ? delivered_bytes : acked_bytes;
}

// COUNT_DELIVERED: who has come late by more segments than show a loss lets acknowledgments count
// that move nothing.
static inline bool tcp_linux_grows_unmoved(const struct tcp_conn *conn)
{
    return conn->recovery.reordering > conn->set.reordering_segments
           && tcp_linux_has(conn, SYNFIN_LINUX_WAY_COUNT_DELIVERED);
}

// What is cut where so much is in flight.
static inline uint32_t tcp_linux_flight_to_cut(const struct tcp_conn *conn, uint32_t flight_bytes)
{
    return tcp_linux_has(conn, SYNFIN_LINUX_WAY_CUT_WINDOW) ? conn->cc.cwnd_bytes : flight_bytes;
}

// EASE_MARKS: the window was cut for a mark, and what was in flight then is not all acknowledged.
static inline bool tcp_linux_is_easing(const struct tcp_conn *conn)
{
    return tcp_linux_has(conn, SYNFIN_LINUX_WAY_EASE_MARKS) && conn->ecn.is_cut
           && conn->ecn.was_mark;
}

// SEND_CHUNKS: what is queued is counted in chunks that leave in one burst, each with the memory
// that Linux takes for it. A chunk is filled to its end once it is begun; a new one is begun when
// what is queued is less than the buffer, and what is unsent less than the user's limit.
uint32_t tcp_linux_room_to_queue(const struct tcp_conn *conn, uint32_t buffer_bytes);
void tcp_linux_on_queued(struct tcp_conn *conn, uint32_t bytes);
// Whether what ends here is pushed, though more has been pushed since. PUSH_BURSTS: so is what went
// with a SYN, and goes again.
bool tcp_linux_is_pushed(const struct tcp_conn *conn, struct seq end);
// A record ends with what is queued: nothing more goes into its chunk.
void tcp_linux_on_record_end(struct tcp_conn *conn);
// Octets from SND.NXT to the end of its chunk; UINT32_MAX without SEND_CHUNKS.
uint32_t tcp_linux_to_chunk_end(const struct tcp_conn *conn);
// Whether so much is free that the user is to be told: a third of the buffer.
bool tcp_linux_may_wake(const struct tcp_conn *conn, uint32_t buffer_bytes);
// The buffer holds two windows, as far as it may grow. Changes nothing without SEND_CHUNKS.
void tcp_linux_grow_buffer(struct tcp_conn *conn, uint32_t most_bytes);

// SMALL_TAILS: whether no small segment is on its way (Minshall's form of Nagle's algorithm).
static inline bool tcp_linux_may_be_small(const struct tcp_conn *conn)
{
    return tcp_linux_has(conn, SYNFIN_LINUX_WAY_SMALL_TAILS)
           && seq_le(conn->snd.small, conn->snd.una);
}
// New octets are sent.
void tcp_linux_on_new(struct tcp_conn *conn, const struct tcp_plan *plan);

// PATH_MSS: the MSS that a SYN offers is what the path carries to the peer.
uint16_t tcp_linux_offered_mss(const struct tcp_conn *conn);

// GROW_WINDOW: the most that the window may be; UINT32_MAX: no limit.
uint32_t tcp_linux_window_most(const struct tcp_conn *conn);
// So many octets have arrived in order.
void tcp_linux_on_text(struct tcp_conn *conn, uint32_t bytes);

// CHECK_ECHO: whether a SYN+ACK echoes what none of our SYNs has said.
bool tcp_linux_refuses_echo(const struct tcp_conn *conn, const struct tcp_segment *seg,
                            uint64_t now_ns);

// REPORT_SYNS: the peer's SYN has arrived again.
void tcp_linux_report_syn(struct tcp_conn *conn);

// KEEP_ENDED: whether a connection that ends so keeps what its reader has not read yet.
bool tcp_linux_keeps(const struct tcp_conn *conn, enum synfin_reason cause);

// What timers shorter than a round trip get on top, ns.
static inline uint64_t tcp_linux_late(const struct tcp_conn *conn)
{
    return tcp_linux_has(conn, SYNFIN_LINUX_WAY_LATE_TIMERS) ? 2 * NS_PER_MS : 0;
}

// Whether data that have just been taken are acknowledged at once.
bool tcp_linux_is_quick(struct tcp_conn *conn);
// The peer's SYN+ACK has come, what did not arrive with our SYN is about to go again, and more data
// follow at once when some wait.
void tcp_linux_on_syn_ack(struct tcp_conn *conn);
// An acknowledgment was sent, alone or with data.
void tcp_linux_on_ack_sent(struct tcp_conn *conn);
// The user's data were sent for the first time.
void tcp_linux_on_data_sent(struct tcp_conn *conn, uint64_t delayed_ack_ns, uint64_t now_ns);
// A delayed acknowledgment's time was over before there were data to go with it.
void tcp_linux_on_delayed_ack(struct tcp_conn *conn);

#endif
