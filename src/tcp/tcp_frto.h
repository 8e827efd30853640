// SPDX-License-Identifier: MIT
//
// F-RTO (RFC 5682): was the timeout one, or was everything only late? Needs no option of the peer;
// tcp_frto.c tells how.
#ifndef SYNFIN_TCP_FRTO_H
#define SYNFIN_TCP_FRTO_H

#include <stdbool.h>
#include <stdint.h>

#include "tcp/tcp_conn.h"
#include "tcp/tcp_scoreboard.h"

enum tcp_frto {
    TCP_FRTO_OFF,
    TCP_FRTO_FIRST, // the first segment went again: waits for the first acknowledgment
    TCP_FRTO_NEW,   // new segments go: waits for the second
};

// The timer has expired; `was_repairing` an earlier loss. After the recovery's own variables.
void tcp_frto_on_timeout(struct tcp_conn *conn, bool was_repairing);
// An acknowledgment, by what it has newly delivered: for peers with SACK. True when the timeout was
// spurious; the same below.
bool tcp_frto_on_delivery(struct tcp_conn *conn, const struct tcp_delivery *delivery,
                          bool is_moved);
// SND.UNA has moved, and an acknowledgment that repeats: for peers without.
bool tcp_frto_on_ack(struct tcp_conn *conn);
void tcp_frto_on_duplicate(struct tcp_conn *conn);
// New segments are what is to go next.
static inline bool tcp_frto_wants_new(const struct tcp_conn *conn)
{
    return conn->undo.frto == TCP_FRTO_NEW && conn->undo.frto_segments > 0;
}
// How much of them; meanwhile nothing else goes.
uint32_t tcp_frto_room(const struct tcp_conn *conn);
void tcp_frto_on_sent(struct tcp_conn *conn, uint32_t bytes);
// There is nothing new to send, or no room for it.
void tcp_frto_on_nothing_new(struct tcp_conn *conn);

#endif
