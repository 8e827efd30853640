// SPDX-License-Identifier: MIT
//
// SACK blocks that we send: what is held out of order, and what arrived twice.
#ifndef SYNFIN_TCP_SACK_H
#define SYNFIN_TCP_SACK_H

#include <stdbool.h>
#include <stdint.h>

#include "tcp/tcp_conn.h"
#include "wire/wire_tcp.h"

// A segment that takes `length` numbers from `left` on has arrived: what of it lies before RCV.NXT
// came before, and what of it is held out of order. Before it is taken.
void tcp_sack_note_old(struct tcp_conn *conn, struct seq left, uint32_t length);
void tcp_sack_note_held(struct tcp_conn *conn, struct seq left, uint32_t bytes);
// The peer's SYN has arrived again, and is to be reported as well.
void tcp_sack_note_syn(struct tcp_conn *conn);
// Whether a duplicate waits to be reported.
static inline bool tcp_sack_has_again(const struct tcp_conn *conn)
{
    return !seq_eq(conn->rcv.again_left, conn->rcv.again_right);
}
// How many blocks the next segment carries, and writing them: a duplicate is reported then.
// Whether there are two blocks to send.
bool tcp_sack_has_two(const struct tcp_conn *conn);
uint32_t tcp_sack_count(const struct tcp_conn *conn);
void tcp_sack_add(struct tcp_conn *conn, struct wire_tcp *h);

#endif
