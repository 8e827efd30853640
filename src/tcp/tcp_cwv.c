// SPDX-License-Identifier: MIT
//
// Congestion window validation; see tcp_cwv.h.
#include "tcp/tcp_cwv.h"

#include "tcp/tcp_internal.h"
#include "tcp/tcp_linux.h"
#include "tcp/tcp_pace.h"

#define NON_VALIDATED_MAX_NS (300 * NS_PER_S) // RFC 7661 §4.4.3

// RFC 7661 §4.3: the peak of the last round trip stands for pipeACK. The flight at this moment says
// less: acknowledgments come in bursts. Of a paced window the last quantum may not have left yet.
bool tcp_cwv_is_validated(const struct tcp_conn *conn)
{
    uint32_t peak = conn->recovery.flight_peak_bytes;
    uint32_t cwnd = conn->cc.cwnd_bytes;
    bool is_slow_start = cwnd < conn->cc.ssthresh_bytes;
    uint32_t quantum = tcp_pace_quantum(conn);
    uint32_t rest = conn->snd.mss + (quantum == UINT32_MAX ? 0 : quantum);
    bool is_full = tcp_linux_has(conn, SYNFIN_LINUX_WAY_KEEP_VALIDATED)
                       ? conn->recovery.was_full
                       : (uint64_t)peak + rest > cwnd;
    return is_full || (is_slow_start && peak > cwnd / 2);
}

void tcp_cwv_on_ack(struct tcp_conn *conn, bool is_validated, uint64_t now_ns)
{
    if (is_validated) {
        conn->recovery.validated_ns = now_ns;
    }
}

// RFC 7661 §4.4.3: half of the window, and slow start leads back to most of it.
static void halve(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns)
{
    struct tcp_cc *cc = &conn->cc;
    uint32_t least = tcp_cc_initial_window(conn->snd.mss, tcp->config.initial_window_segments);
    conn->recovery.validated_ns = now_ns; // another such time begins
    if (cc->cwnd_bytes <= least) {
        return;
    }
    cc->ssthresh_bytes =
        tcp_cc_larger(cc->ssthresh_bytes, (uint32_t)((uint64_t)cc->cwnd_bytes * 3 / 4));
    cc->cwnd_bytes = tcp_cc_larger(cc->cwnd_bytes / 2, least);
    tcp_trace_congestion(tcp, conn, SYNFIN_REASON_CC_NOT_VALIDATED, now_ns);
}

// RFC 5681 §4.1, RFC 9293 §3.8.2 [MUST-19]: after an idle time of more than one RTO.
static void restart(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns)
{
    uint32_t before = conn->cc.cwnd_bytes;
    conn->cc.ops->on_idle(&conn->cc, conn->snd.mss, tcp->config.initial_window_segments);
    if (conn->cc.cwnd_bytes != before) {
        tcp_trace_congestion(tcp, conn, SYNFIN_REASON_CC_IDLE, now_ns);
    }
}

static void tell_restart(struct tcp_conn *conn, uint64_t now_ns)
{
    struct tcp_cc_restart restart = {
        .srtt_ns = conn->rtt.srtt_ns,
        .now_ns = now_ns,
        .is_app_limited = conn->rate.is_app_limited,
        .moves_by_segments = tcp_linux_has(conn, SYNFIN_LINUX_WAY_CUBIC_STEPS),
    };
    if (conn->cc.ops->on_restart != NULL) {
        conn->cc.ops->on_restart(&conn->cc, &restart);
    }
}

// Algorithms that govern recovery have a model of the path, and validate it themselves.
void tcp_cwv_before_data(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns)
{
    bool is_idle = seq_eq(conn->snd.una, conn->snd.nxt);
    bool has_model = conn->cc.ops->governs_recovery;
    if (is_idle) {
        tell_restart(conn, now_ns);
    }
    if (conn->totals.data_segments_out == 0) { // from now on it is in use
        conn->recovery.validated_ns = now_ns;
        return;
    }
    if (tcp_pace_is_on(conn) && !has_model) {
        if (deadline_age(conn->recovery.validated_ns, now_ns) > NON_VALIDATED_MAX_NS) {
            halve(tcp, conn, now_ns);
        }
    } else if (is_idle && !tcp_linux_has(conn, SYNFIN_LINUX_WAY_KEEP_WINDOW)
               && deadline_age(conn->totals.data_sent_ns, now_ns) > tcp_rtt_timeout(tcp, conn)) {
        restart(tcp, conn, now_ns);
    }
}
