// SPDX-License-Identifier: MIT
//
// The SYN cache (RFC 4987 §3.5): a handshake's first half, kept as stubs in tcp->half_open. A
// listener's backlog limits how many of them are its own, half_open_max how many there are in all.
#ifndef SYNFIN_TCP_SYNCACHE_H
#define SYNFIN_TCP_SYNCACHE_H

#include <stdbool.h>
#include <stdint.h>

#include "tcp/tcp.h"
#include "tcp/tcp_segment.h"
#include "tcp/tcp_state.h"

// A SYN for a listener: a new half-open connection, or a cookie, or nothing when both are out of
// the question.
enum tcp_verdict tcp_syncache_open(struct tcp *tcp, struct tcp_conn *listener,
                                   struct tcp_segment *seg, uint64_t now_ns);
// A segment for a half-open connection. GO_ON: the handshake is complete; *out is a new block in
// SYN-RECEIVED, whose own steps take the segment.
enum tcp_verdict tcp_syncache_input(struct tcp *tcp, struct tcp_stub *stub, struct tcp_segment *seg,
                                    struct tcp_conn **out, uint64_t now_ns);
// An acknowledgment for a listener that may bring a cookie back. GO_ON as above.
enum tcp_verdict tcp_syncache_take_cookie(struct tcp *tcp, struct tcp_conn *listener,
                                          struct tcp_segment *seg, struct tcp_conn **out,
                                          uint64_t now_ns);
// Sends SYN+ACKs again, and ends those that were sent for the last time.
void tcp_syncache_fire(struct tcp *tcp, uint64_t now_ns);
// Listeners came or went: each half-open connection is counted for the listener that would get it
// now, and ended when there is none. Walks all of them.
void tcp_syncache_recount(struct tcp *tcp, uint64_t now_ns);

// For tcp_syncache_input.c.
// No block could be made for the third segment; the peer will send it again, with data.
enum tcp_verdict tcp_syncache_drop_third(const struct tcp *tcp, struct tcp_segment *seg);
struct tcp_ending {
    enum synfin_tcp_state to;
    enum synfin_error error;
    enum synfin_reason cause;
};
// The handshake comes to nothing. The stub is gone.
void tcp_syncache_end(struct tcp *tcp, struct tcp_stub *stub, const struct tcp_ending *ending,
                      uint64_t now_ns);
// The peer may be sent so much more for having sent this.
void tcp_syncache_earn(struct tcp_stub *stub, const struct tcp_segment *seg);
// Sends it if the peer has earned it; a withheld one is counted.
void tcp_syncache_send(struct tcp *tcp, struct tcp_stub *stub, const struct tcp_stray *stray,
                       uint64_t now_ns);
void tcp_syncache_send_syn_ack(struct tcp *tcp, struct tcp_stub *stub,
                               const struct tcp_conn *listener, enum synfin_reason reason,
                               uint64_t now_ns);
// Whether a third segment without data does not complete the handshake yet: DEFER_ACCEPT.
bool tcp_syncache_awaits_data(const struct tcp *tcp, const struct tcp_stub *stub,
                              const struct tcp_conn *listener);
// A reset for a segment that acknowledges something else, if the peer has earned it.
void tcp_syncache_reset(struct tcp *tcp, struct tcp_stub *stub, const struct tcp_segment *seg,
                        uint64_t now_ns);
// Whether the segment acknowledges a cookie that was sent for the same SYN; the stub then is what
// the cookie stood for.
bool tcp_syncache_believes_cookie(struct tcp *tcp, struct tcp_stub *stub,
                                  const struct tcp_conn *listener, const struct tcp_segment *seg,
                                  uint64_t now_ns);
// The peer's SYN came again.
void tcp_syncache_answer_again(struct tcp *tcp, struct tcp_stub *stub,
                               const struct tcp_conn *listener, uint64_t now_ns);
// The peer is there: a block takes the stub's place. NULL, and the stub stays, at the limit of
// sockets and without memory.
struct tcp_conn *tcp_syncache_promote(struct tcp *tcp, struct tcp_stub *stub,
                                      struct tcp_conn *listener, const struct tcp_path *path,
                                      uint64_t now_ns);

#endif
