// SPDX-License-Identifier: MIT
//
// TIME-WAIT: who closed first waits twice the maximum segment lifetime, so that the peer's FIN
// can be acknowledged again if the acknowledgment was lost, and so that no old segment meets a
// new connection of the same pair.
#include "tcp/tcp_internal.h"

// RFC 9293 §3.6.1 [MAY-2, SHLD-4] and RFC 6191 §2: a SYN opens the pair anew when its timestamp, or
// without timestamps its sequence number, is beyond everything the old connection saw.
bool tcp_time_wait_may_reuse(const struct tcp_conn *conn, const struct tcp_segment *seg)
{
    uint16_t flags =
        seg->h.flags & (SYNFIN_TCP_SYN | SYNFIN_TCP_ACK | SYNFIN_TCP_RST | SYNFIN_TCP_FIN);
    if (conn->state != SYNFIN_TCP_STATE_TIME_WAIT || flags != SYNFIN_TCP_SYN) {
        return false;
    }
    if (conn->uses_timestamps && seg->h.has_timestamps && seg->h.ts_val != conn->ts_recent) {
        return (int32_t)(seg->h.ts_val - conn->ts_recent) > 0;
    }
    return seq_gt(seg->h.seq, conn->rcv.nxt);
}

void tcp_time_wait_enter(struct tcp *tcp, struct tcp_conn *conn, enum synfin_reason cause,
                         uint64_t now_ns)
{
    tcp_state_set(tcp, conn, SYNFIN_TCP_STATE_TIME_WAIT, cause, now_ns);
    tcp_timer_on_time_wait(tcp, conn, now_ns);
    tcp_event_end(tcp, conn, SYNFIN_ERROR_OK, SYNFIN_REASON_CLOSED_IN_ORDER, now_ns);
}

void tcp_time_wait_restart(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns)
{
    tcp_timer_on_time_wait(tcp, conn, now_ns);
    tcp_output_acknowledge(tcp, conn, SYNFIN_REASON_SEND_ACK_OF_FIN_AGAIN);
}
