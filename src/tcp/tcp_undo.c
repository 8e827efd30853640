// SPDX-License-Identifier: MIT
//
// Taking back what was no loss: Eifel (RFC 3522) finds out by timestamps that it was the first
// transmission that arrived, and the response (RFC 4015) gives back what was cut.
#include "tcp/tcp_internal.h"
#include "tcp/tcp_loss.h"

void tcp_undo_watch(struct tcp_loss *loss, bool is_timeout)
{
    loss->may_undo = true;
    loss->was_timeout = is_timeout;
    loss->has_first_resend = false;
}

void tcp_undo_on_resent(struct tcp_loss *loss, const struct tcp_conn *conn, struct seq seq,
                        uint64_t now_ns)
{
    if (!loss->has_first_resend) {
        loss->first_resend = seq;
        loss->has_first_resend = true;
        loss->first_resend_ts = tcp_paws_now(conn, now_ns);
    }
}

// What this answers was sent before that time.
bool tcp_undo_is_older_echo(const struct tcp_conn *conn, const struct tcp_segment *seg, uint32_t ts)
{
    return conn->uses_timestamps && seg->h.has_timestamps && (int32_t)(seg->h.ts_ecr - ts) < 0;
}

// RFC 3522 §3.2: the first acknowledgment of what was sent again echoes a time before that: it was
// the first transmission that arrived. RFC 4015 §3: what was cut is given back.
bool tcp_undo_is_spurious(struct tcp_conn *conn, const struct tcp_segment *seg)
{
    struct tcp_loss *loss = conn->loss;
    if (!loss->may_undo || !loss->has_first_resend || seq_le(conn->snd.una, loss->first_resend)) {
        return false;
    }
    loss->may_undo = false;
    return tcp_undo_is_older_echo(conn, seg, loss->first_resend_ts);
}

// What was late is reordering, unless the timer found it. The rest of it gets its time.
void tcp_undo(struct tcp *tcp, struct tcp_conn *conn, uint32_t acked_bytes, uint64_t now_ns)
{
    struct tcp_loss *loss = conn->loss;
    tcp_scoreboard_undo_lost(&loss->board);
    struct tcp_cc_undo undo = {
        .was_timeout = loss->was_timeout,
        .flight_bytes = tcp_scoreboard_pipe(&loss->board),
        .acked_bytes = acked_bytes,
        .mss_bytes = conn->snd.mss,
        .initial_segments = tcp->config.initial_window_segments,
    };
    conn->cc.ops->on_undo(&conn->cc, &undo);
    conn->recovery.is_active = false;
    conn->recovery.has_recover = false;
    conn->recovery.has_seen_reordering = conn->recovery.has_seen_reordering || !loss->was_timeout;
    tcp_timer_on_reordering(tcp, conn, tcp_rack_window(conn), now_ns);
    tcp_trace_congestion(tcp, conn, SYNFIN_REASON_CC_UNDO, now_ns);
}
