// SPDX-License-Identifier: MIT
//
// What happened to a connection, told to its timers: tcp_timer.c alone writes deadlines.
#ifndef SYNFIN_TCP_TIMER_H
#define SYNFIN_TCP_TIMER_H

#include <stdint.h>

#include "tcp/tcp.h"

// A segment that takes sequence space was sent.
void tcp_timer_on_sent(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns);
// The first segment in flight was lost and is sent again, for what SACK has told.
void tcp_timer_on_repaired(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns);
// New data was acknowledged: SND.UNA has moved.
void tcp_timer_on_acked(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns);
// An acceptable segment was heard, or the connection has just opened.
void tcp_timer_on_received(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns);
// Data arrived whose acknowledgment may wait.
void tcp_timer_on_data_unacked(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns);
// An acknowledgment left, alone or with data.
void tcp_timer_on_ack_sent(struct tcp *tcp, struct tcp_conn *conn);
// The device has asked, and there is nothing for it: whatever waits waits for something else.
void tcp_timer_on_asked(struct tcp_conn *conn);
// Data waits, nothing is in flight, and the window does not let anything go.
void tcp_timer_on_blocked(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns);
// Nothing but SYNFIN_OPTION_CORK holds what waits.
void tcp_timer_on_corked(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns);
// What may be sent waits for its turn at the pace.
void tcp_timer_on_paced(struct tcp *tcp, struct tcp_conn *conn, uint64_t wait_ns, uint64_t now_ns);
void tcp_timer_on_probe_sent(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns);
// The window opened after being shut or too small.
void tcp_timer_on_window_open(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns);
// The user queued data, or changed how long it waits: of keep-alive, of the user timeout.
void tcp_timer_on_queued(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns);
void tcp_timer_on_keepalive_set(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns);
void tcp_timer_on_user_timeout_set(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns);
// Something is late: look again after this time; 0: nothing is.
void tcp_timer_on_reordering(struct tcp *tcp, struct tcp_conn *conn, uint64_t wait_ns,
                             uint64_t now_ns);
// A tail-loss probe is due after this time; 0: none is.
void tcp_timer_on_tail(struct tcp *tcp, struct tcp_conn *conn, uint64_t wait_ns, uint64_t now_ns);
void tcp_timer_on_time_wait(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns);
// The user has gone, or the orphan has reached FIN-WAIT-2.
void tcp_timer_on_orphan(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns);
void tcp_timer_cancel_all(struct tcp *tcp, struct tcp_conn *conn);

#endif
