// SPDX-License-Identifier: MIT
//
// What the files of src/tcp say to each other. Grouped by the file that holds the functions.
#ifndef SYNFIN_TCP_INTERNAL_H
#define SYNFIN_TCP_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/deadline.h"
#include "tcp/tcp.h"
#include "tcp/tcp_conn.h"
#include "tcp/tcp_output.h"
#include "tcp/tcp_recovery.h"
#include "tcp/tcp_segment.h"
#include "tcp/tcp_state.h"
#include "tcp/tcp_timer.h"
#include "tcp/tcp_trace.h"
#include "wire/wire_tcp.h"

// tcp_life.c: connection blocks from birth to the end
// `number` 0: the next one.
struct tcp_conn *tcp_life_create(struct tcp *tcp, uint32_t number);
void tcp_life_free(struct tcp *tcp, struct tcp_conn *conn);
// Out of every list and table; buffers for sending and reassembly are freed.
void tcp_life_detach(struct tcp *tcp, struct tcp_conn *conn);
// The end: out of every list; orphans and children nobody accepted are freed, others told `error`.
void tcp_life_end(struct tcp *tcp, struct tcp_conn *conn, enum synfin_error error,
                  enum synfin_reason cause, uint64_t now_ns);
// The same with a reset to the peer first.
void tcp_life_reset(struct tcp *tcp, struct tcp_conn *conn, enum synfin_error error,
                    enum synfin_reason rst_reason, enum synfin_reason cause, uint64_t now_ns);
// Takes a child off its listener's lists.
void tcp_life_leave_listener(struct tcp_conn *conn);

// tcp_congestion.c
// The connection's algorithm with the initial window; the default one when memory is short.
void tcp_congestion_open(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns);
void tcp_congestion_free(struct tcp *tcp, struct tcp_conn *conn);

// tcp_event.c
void tcp_event_tell(struct tcp *tcp, struct tcp_conn *conn, enum synfin_event_kind kind);
// As in struct synfin_event: of the present, or of the end once it is done.
uint32_t tcp_event_tries(const struct tcp_conn *conn);
uint64_t tcp_event_waited(const struct tcp_conn *conn, uint64_t now_ns);
void tcp_event_end(struct tcp *tcp, struct tcp_conn *conn, enum synfin_error error,
                   enum synfin_reason cause, uint64_t now_ns);

// tcp_table.c
struct tcp_conn *tcp_table_find(const struct tcp *tcp, const struct tcp_pair *pair);
// The same with tcp_stub_hash of the pair.
struct tcp_conn *tcp_table_find_hashed(const struct tcp *tcp, const struct tcp_pair *pair,
                                       uint64_t hash);
// The same for an arriving segment, which mostly belongs to the connection of the one before. When
// there is none, `hash` gets tcp_stub_hash of the pair for the tables of stubs.
struct tcp_conn *tcp_table_find_again(struct tcp *tcp, const struct tcp_pair *pair, uint64_t *hash);
// The pair must not be in the table.
void tcp_table_insert(struct tcp *tcp, struct tcp_conn *conn);
void tcp_table_remove(struct tcp *tcp, struct tcp_conn *conn);
enum synfin_error tcp_table_init(struct tcp *tcp);
void tcp_table_deinit(struct tcp *tcp);

// tcp_port.c
void tcp_port_insert(struct tcp *tcp, struct tcp_conn *conn);
void tcp_port_remove(struct tcp *tcp, struct tcp_conn *conn);
// The listener for a local endpoint: one bound to the address itself before one bound to any.
struct tcp_conn *tcp_port_find_listener(const struct tcp *tcp, const struct synfin_addr *local,
                                        uint16_t port);
// A socket bound to the same port with an overlapping address.
bool tcp_port_is_taken(const struct tcp *tcp, const struct synfin_addr *local, uint16_t port);
// Chooses pair->local_port so that the pair is unique (RFC 6056 §3.3.1). Errors: NO_PORTS.
enum synfin_error tcp_port_choose(struct tcp *tcp, struct tcp_pair *pair, uint64_t now_ns);
// Whether a new active open may have this pair: it is in no table, or TIME-WAIT lets it go.
bool tcp_port_may_take(const struct tcp *tcp, const struct tcp_pair *pair, uint64_t now_ns);
// Sets every listener's count to 0.
void tcp_port_forget_half_opens(struct tcp *tcp);
// The same for a bind to port 0.
enum synfin_error tcp_port_choose_free(struct tcp *tcp, const struct synfin_addr *local,
                                       uint16_t *port);

// tcp_isn.c
enum { TCP_ISN_STEP = 65536 }; // beyond what old segments of the pair could still acknowledge
struct seq tcp_isn(const struct tcp *tcp, const struct tcp_pair *pair, uint64_t now_ns);
uint32_t tcp_isn_ts_offset(const struct tcp *tcp, const struct tcp_pair *pair);
// TSval of a pair that no block has.
uint32_t tcp_isn_timestamp(const struct tcp *tcp, const struct tcp_pair *pair, uint64_t now_ns);

// tcp_closed_input.c, tcp_listen_input.c, tcp_syn_sent_input.c, tcp_input.c
enum tcp_verdict tcp_closed_input(struct tcp *tcp, struct tcp_segment *seg, uint64_t now_ns);
// Answers a segment with the reset of §3.5.2; `number` is the connection's, or 0.
void tcp_closed_input_reset(struct tcp *tcp, const struct tcp_segment *seg, uint32_t number,
                            enum synfin_reason reason);
// GO_ON: a cookie came back; *out is a new block in SYN-RECEIVED, whose steps take the segment.
enum tcp_verdict tcp_listen_input(struct tcp *tcp, struct tcp_conn *listener,
                                  struct tcp_segment *seg, struct tcp_conn **out, uint64_t now_ns);
// No cookie of ours, or too old.
enum tcp_verdict tcp_listen_input_refuse(struct tcp *tcp, struct tcp_segment *seg, uint64_t now_ns);
enum tcp_verdict tcp_syn_sent_input(struct tcp *tcp, struct tcp_conn *conn, struct tcp_segment *seg,
                                    uint64_t now_ns);

// tcp_paws.c: timestamps, RFC 7323
uint32_t tcp_paws_clock(uint64_t now_ns);
uint32_t tcp_paws_now(const struct tcp_conn *conn, uint64_t now_ns);
enum tcp_verdict tcp_paws_check(struct tcp *tcp, struct tcp_conn *conn, struct tcp_segment *seg,
                                uint64_t now_ns);
void tcp_paws_update(struct tcp_conn *conn, const struct tcp_segment *seg, uint64_t now_ns);

// tcp_ack.c: the fifth step
enum tcp_verdict tcp_ack_check(struct tcp *tcp, struct tcp_conn *conn, struct tcp_segment *seg,
                               uint64_t now_ns);
// Takes everything before `ack` as received by the peer.
void tcp_ack_advance(struct tcp *tcp, struct tcp_conn *conn, struct seq ack, uint64_t now_ns);
void tcp_ack_update_window(struct tcp_conn *conn, const struct tcp_segment *seg);

// tcp_text.c: the sixth to eighth steps
enum tcp_verdict tcp_text_take(struct tcp *tcp, struct tcp_conn *conn, struct tcp_segment *seg,
                               uint64_t now_ns);

// tcp_challenge.c
// Answers with an acknowledgment, within the connection's own limit (RFC 5961 §7).
void tcp_challenge_send(struct tcp *tcp, struct tcp_conn *conn, enum synfin_reason reason,
                        uint64_t now_ns);
// Answers a segment outside the window, so that two confused ends cannot loop.
void tcp_challenge_answer(struct tcp *tcp, struct tcp_conn *conn, const struct tcp_segment *seg,
                          uint64_t now_ns);

// tcp_open.c: what both kinds of opening share
void tcp_open_init(struct tcp *tcp, struct tcp_conn *conn, const struct tcp_path *path,
                   uint64_t now_ns);
// Sets ISS and all that counts from it; before anything is sent.
void tcp_open_set_iss(struct tcp_conn *conn, struct seq iss);
// What the peer's SYN says, and taking it.
void tcp_open_read_offer(const struct tcp *tcp, const struct tcp_segment *seg,
                         struct tcp_offer *out);
void tcp_open_take_offer(struct tcp_conn *conn, const struct tcp_offer *offer, uint64_t now_ns);
// Both, and the window.
void tcp_open_take_syn(const struct tcp *tcp, struct tcp_conn *conn, const struct tcp_segment *seg,
                       uint64_t now_ns);
uint16_t tcp_open_advertised_mss(const struct tcp_settings *set, const struct tcp_path *path,
                                 bool is_ipv4);
void tcp_open_established(struct tcp *tcp, struct tcp_conn *conn, enum synfin_reason cause,
                          uint64_t now_ns);
// Gives a listener's child to accept.
void tcp_open_hand_over(struct tcp *tcp, struct tcp_conn *conn);
// Effective send MSS from the peer's, the path's and the options' sizes (RFC 9293 §3.7.1).
void tcp_open_set_mss(struct tcp_conn *conn);

// tcp_calls_data.c
// The number of the octet that the reader gets next.
struct seq tcp_calls_data_position(const struct tcp_conn *conn);
// Something queued was sent or acknowledged, or a limit moved: WRITABLE may be due.
void tcp_calls_data_on_room(struct tcp *tcp, struct tcp_conn *conn);
// Tells the reader of what has arrived, once that is enough for it.
void tcp_calls_data_on_text(struct tcp *tcp, struct tcp_conn *conn);

// tcp_close.c
// The handshake is complete: a close or shutdown that came during it is carried out.
void tcp_close_deferred(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns);

// tcp_window.c
// The window field of the next segment; moves rcv.adv.
uint16_t tcp_window_advertise(const struct tcp *tcp, struct tcp_conn *conn, bool is_syn);
// After the reader took octets: an update is sent when it is worth one.
void tcp_window_after_read(struct tcp *tcp, struct tcp_conn *conn);
// RCV.WND: what the peer may send now.
static inline uint32_t tcp_window_open(const struct tcp_conn *conn)
{
    return seq_lt(conn->rcv.nxt, conn->rcv.adv) ? seq_distance(conn->rcv.nxt, conn->rcv.adv) : 0;
}
// RCV.BUFF as far as memory allows and windows may be offered.
uint32_t tcp_window_buffer(const struct tcp *tcp, const struct tcp_conn *conn);
// What our SYN offers.
uint16_t tcp_window_of_syn(const struct tcp_conn *conn);
uint8_t tcp_window_shift(uint32_t buffer_bytes);
// The scale that a SYN offers: it covers what the buffer may grow to.
uint8_t tcp_window_offered_shift(const struct tcp *tcp, const struct tcp_conn *conn);

#endif
