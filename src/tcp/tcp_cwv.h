// SPDX-License-Identifier: MIT
//
// Congestion window validation (RFC 7661): a window that was not in use lately is no longer known
// to be good. It does not grow; and a paced sender keeps it for five minutes, then halves it, while
// one that would send it as a burst starts again from a small one (RFC 5681 §4.1).
#ifndef SYNFIN_TCP_CWV_H
#define SYNFIN_TCP_CWV_H

#include <stdbool.h>
#include <stdint.h>

#include "tcp/tcp.h"
#include "tcp/tcp_conn.h"

// The window was in use during the last round trip (§4.3), so that it may grow.
bool tcp_cwv_is_validated(const struct tcp_conn *conn);
// With each acknowledgment of new data, and what tcp_cwv_is_validated has said for it.
void tcp_cwv_on_ack(struct tcp_conn *conn, bool is_validated, uint64_t now_ns);
// Data are about to be sent: what a pause has left of the window.
void tcp_cwv_before_data(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns);

#endif
