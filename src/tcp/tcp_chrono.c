// SPDX-License-Identifier: MIT
//
// Where a sender's time goes; see tcp_chrono.h.
#include "tcp/tcp_chrono.h"

#include "base/deadline.h"
#include "tcp/tcp_conn.h"

void tcp_chrono_set(struct tcp_conn *conn, enum tcp_chrono_kind kind, uint64_t now_ns)
{
    struct tcp_chrono *chrono = &conn->chrono;
    if (chrono->kind == kind) {
        return;
    }
    if (chrono->kind != TCP_CHRONO_IDLE) {
        chrono->spent_ns[chrono->kind] += deadline_age(chrono->since_ns, now_ns);
    }
    chrono->kind = (uint8_t)kind;
    chrono->since_ns = now_ns;
}

uint64_t tcp_chrono_spent(const struct tcp_conn *conn, enum tcp_chrono_kind kind, uint64_t now_ns)
{
    const struct tcp_chrono *chrono = &conn->chrono;
    bool is_now = chrono->kind == kind && kind != TCP_CHRONO_IDLE;
    return chrono->spent_ns[kind] + (is_now ? deadline_age(chrono->since_ns, now_ns) : 0);
}
