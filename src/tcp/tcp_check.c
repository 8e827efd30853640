// SPDX-License-Identifier: MIT
//
// The invariants of a connection, asserted: precondition and postcondition in ASSERT_SLOW builds,
// and the first oracle of tests and fuzzing. tcp_conn.h numbers them.
#include "base/check.h"
#include "tcp/tcp_internal.h"
#include "tcp/tcp_loss.h"
#include "tcp/tcp_mtu.h"
#include "tcp/tcp_record.h"

static void check_send(const struct tcp_conn *conn)
{
    ASSERT(seq_le(conn->snd.una, conn->snd.resend));
    ASSERT(seq_le(conn->snd.resend, conn->snd.nxt));
    ASSERT(seq_distance(conn->snd.una, conn->snd.nxt) <= UINT32_C(1) << 30);
    ASSERT(seq_le(conn->snd.nxt, seq_add(conn->snd.edge, 2)));
    ASSERT(conn->snd.mss > 0);
    if (tcp_state_is(conn, TCP_FACT_SYNCHRONISED) && conn->is_syn_acked) {
        uint32_t fin = conn->fin_sent && !seq_eq(conn->snd.una, conn->snd.nxt) ? 1 : 0;
        ASSERT(seq_distance(conn->snd.una, conn->snd.nxt) <= conn->send.bytes + fin);
    }
}

static void check_receive(const struct tcp_conn *conn)
{
    if (!tcp_state_is(conn, TCP_FACT_SYNCHRONISED)) {
        return;
    }
    ASSERT(seq_le(conn->rcv.nxt, conn->rcv.adv));
    ASSERT(seq_le(conn->rcv.acked, conn->rcv.nxt));
    ASSERT(reassembly_check(&conn->ooo));
    if (conn->ooo.first != NULL) {
        ASSERT(seq_gt(conn->ooo.first->left, conn->rcv.nxt));
    }
    ASSERT(!conn->fin_received || seq_eq(conn->rcv.nxt, seq_add(conn->rcv.fin, 1)));
    ASSERT(conn->fin_received == tcp_state_is(conn, TCP_FACT_CLOSED_THERE));
}

static bool is_timer_armed(const struct tcp_conn *conn, enum synfin_tcp_timer timer)
{
    return conn->deadline_ns[timer] != SYNFIN_NEVER;
}

static void check_timers(const struct tcp_conn *conn)
{
    uint64_t first_ns = SYNFIN_NEVER;
    for (uint32_t i = 0; i < SYNFIN_TCP_TIMER_COUNT; i++) {
        first_ns = deadline_min(first_ns, conn->deadline_ns[i]);
    }
    if (first_ns != SYNFIN_NEVER) {
        ASSERT(wheel_is_armed(&conn->timer) && conn->timer.deadline_ns <= first_ns);
    }
    if (conn->loss != NULL) {
        ASSERT(tcp_scoreboard_check(&conn->loss->board));
        ASSERT(seq_eq(conn->loss->board.una, conn->snd.una));
        ASSERT(seq_eq(conn->loss->board.nxt, conn->snd.nxt));
        ASSERT(seq_eq(conn->snd.resend, conn->snd.nxt)); // the board says what goes again
        ASSERT(!seq_eq(conn->snd.una, conn->snd.nxt) || conn->loss->tail.is_out);
    }
    bool is_in_flight = seq_lt(conn->snd.una, conn->snd.nxt);
    bool is_sending =
        tcp_state_is(conn, TCP_FACT_SYNCHRONISED) || tcp_state_is(conn, TCP_FACT_OPENING);
    if (is_in_flight && is_sending && !conn->is_ready && !conn->is_parked) {
        ASSERT(is_timer_armed(conn, SYNFIN_TCP_TIMER_RETRANSMIT)
               || is_timer_armed(conn, SYNFIN_TCP_TIMER_PERSIST));
    }
    if (!is_in_flight && tcp_state_is(conn, TCP_FACT_SYNCHRONISED) && !conn->is_ready
        && !conn->is_parked) {
        ASSERT(!is_timer_armed(conn, SYNFIN_TCP_TIMER_RETRANSMIT)); // no device keeps it waiting
    }
    if (conn->state == SYNFIN_TCP_STATE_TIME_WAIT) {
        ASSERT(is_timer_armed(conn, SYNFIN_TCP_TIMER_LINGER));
    }
}

// A probe that is out is in flight, and lies between what passes and what could.
static void check_mtu(const struct tcp_conn *conn)
{
    const struct tcp_mtu *mtu = conn->mtu;
    if (mtu == NULL || mtu->probe_bytes == 0) {
        return;
    }
    ASSERT(mtu->probe_bytes > conn->pmtu_bytes);
    ASSERT(seq_le(conn->snd.una, mtu->left) && seq_le(mtu->right, conn->snd.nxt));
    ASSERT(mtu->told_bytes == 0 || mtu->told_bytes < conn->pmtu_bytes);
}

void tcp_conn_check(const struct tcp *tcp, const struct tcp_conn *conn)
{
    bool has_pair =
        conn->state != SYNFIN_TCP_STATE_CLOSED && conn->state != SYNFIN_TCP_STATE_LISTEN;
    ASSERT(conn->is_in_table == has_pair);
    ASSERT(!conn->is_in_table || tcp_table_find(tcp, &conn->pair) == conn);
    ASSERT(!(conn->is_ready && conn->is_parked));
    if (!has_pair) {
        ASSERT(!wheel_is_armed(&conn->timer) && !conn->is_ready && !conn->is_parked);
        ASSERT(conn->send.bytes == 0 && conn->ooo.runs == 0);
        return;
    }
    check_send(conn);
    check_receive(conn);
    check_timers(conn);
    check_mtu(conn);
    ASSERT(tcp_record_check(conn));
}
