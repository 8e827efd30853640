// SPDX-License-Identifier: MIT
//
// TCP Fast Open on connections (RFC 7413): what opening asks of it, at both ends.
#ifndef SYNFIN_TCP_FASTOPEN_CONN_H
#define SYNFIN_TCP_FASTOPEN_CONN_H

#include <stdbool.h>
#include <stdint.h>

#include "tcp/tcp_internal.h"

// What Fast Open is to a connection that is being opened.
enum tcp_fastopen {
    TCP_FASTOPEN_NONE,
    TCP_FASTOPEN_WAITING,   // client: the SYN waits for data
    TCP_FASTOPEN_RELEASED,  // client: the SYN goes without data
    TCP_FASTOPEN_REQUESTED, // client: our SYN asks for a cookie
    TCP_FASTOPEN_OFFERED,   // client: our SYN carries a cookie, and data if there are any
    TCP_FASTOPEN_BARE,      // client: our SYN carries data without a cookie
    TCP_FASTOPEN_TAKEN,     // server: opened by a SYN with a good cookie
    TCP_FASTOPEN_RENEWING,  // server: the same, and our SYN+ACK carries a newer cookie ...
    TCP_FASTOPEN_RENEWING_EXPERIMENT, // ... in the option shared by experiments
};

// Server: the keys under which this address and port give cookies.
struct tcp_fastopen_jar *tcp_fastopen_conn_jar(struct tcp *tcp, const struct synfin_addr *local,
                                               uint16_t port);
// From now on the socket's own, as tcp_fastopen_set_keys; none: the stack's. False without memory.
bool tcp_fastopen_conn_set_keys(struct tcp *tcp, struct tcp_conn *conn,
                                const struct siphash_key *keys, uint32_t count);
void tcp_fastopen_conn_free_keys(struct tcp *tcp, struct tcp_conn *conn);
// Server: a SYN that asks for a cookie, or brings one that it cannot use; its SYN+ACK gives one.
bool tcp_fastopen_conn_is_asked(const struct tcp_conn *listener, const struct tcp_segment *seg);
// Opens the connection at once when the SYN brings a good cookie and there is room, else GO_ON: an
// ordinary handshake.
enum tcp_verdict tcp_fastopen_conn_open(struct tcp *tcp, struct tcp_conn *listener,
                                        struct tcp_segment *seg, uint64_t now_ns);
// Opened so, and no third segment yet.
static inline bool tcp_fastopen_conn_is_taken(const struct tcp_conn *conn)
{
    return conn->fastopen >= TCP_FASTOPEN_TAKEN;
}
// The third segment has come, or the connection ends: its listener counts it no longer.
void tcp_fastopen_conn_release(struct tcp *tcp, struct tcp_conn *conn);
// The peer resets it before that: its place stays taken for a while.
void tcp_fastopen_conn_on_reset(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns);

// Client: the SYN is held back until there is data for it.
bool tcp_fastopen_conn_is_waiting(const struct tcp_conn *conn);
// It goes now, without data.
void tcp_fastopen_conn_let_go(struct tcp *tcp, struct tcp_conn *conn);
// Octets that a SYN that waits may carry; 0: none, or it does not wait.
uint32_t tcp_fastopen_conn_room(const struct tcp *tcp, const struct tcp_conn *conn,
                                uint64_t now_ns);
// The first SYN of an active open: may add data, and says whether an option goes with it.
void tcp_fastopen_conn_plan_syn(struct tcp *tcp, struct tcp_conn *conn, struct tcp_plan *plan,
                                uint64_t now_ns);
void tcp_fastopen_conn_add_option(struct tcp *tcp, const struct tcp_conn *conn,
                                  const struct tcp_plan *plan, struct wire_tcp *h, uint64_t now_ns);
// Our SYN with the option was not answered, or a router refused it.
void tcp_fastopen_conn_on_failed(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns);
// Before the acknowledgment of a SYN+ACK is taken.
void tcp_fastopen_conn_on_syn_ack(struct tcp *tcp, struct tcp_conn *conn,
                                  const struct tcp_segment *seg, uint64_t now_ns);
// After the acknowledgment of our SYN, at both ends: the data that were not taken with it go again.
void tcp_fastopen_conn_send_rest(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns);

#endif
