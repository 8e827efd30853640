// SPDX-License-Identifier: MIT
//
// Where a sender's time goes: since when it has been busy, and what kept it from sending meanwhile.
#ifndef SYNFIN_TCP_CHRONO_H
#define SYNFIN_TCP_CHRONO_H

#include <stdint.h>

struct tcp_conn;

enum tcp_chrono_kind {
    TCP_CHRONO_IDLE,        // nothing queued, all acknowledged
    TCP_CHRONO_BUSY,        // the path: congestion control, the pace, or what is in flight
    TCP_CHRONO_PEER_WINDOW, // congestion control would send, the peer's window does not let it
    TCP_CHRONO_SEND_BUFFER, // all is sent, and the user has more than the buffer holds
    TCP_CHRONO_COUNT,
};

struct tcp_chrono {
    uint64_t since_ns;                   // the present kind began
    uint64_t spent_ns[TCP_CHRONO_COUNT]; // in each kind, up to since_ns; of IDLE nothing is kept
    uint8_t kind;                        // enum tcp_chrono_kind
};

void tcp_chrono_set(struct tcp_conn *conn, enum tcp_chrono_kind kind, uint64_t now_ns);
// ns spent in this kind until now.
uint64_t tcp_chrono_spent(const struct tcp_conn *conn, enum tcp_chrono_kind kind, uint64_t now_ns);

#endif
