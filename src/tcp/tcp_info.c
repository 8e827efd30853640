// SPDX-License-Identifier: MIT
//
// What a connection tells of itself: struct synfin_tcp_info, filled from the connection block.
#include "tcp/tcp_autotune.h"
#include "tcp/tcp_chrono.h"
#include "tcp/tcp_fastopen_conn.h"
#include "tcp/tcp_internal.h"
#include "tcp/tcp_loss.h"
#include "tcp/tcp_memory.h"
#include "tcp/tcp_mtu.h"
#include "tcp/tcp_pace.h"
#include "tcp/tcp_time_wait.h"

static void fill_agreed(const struct tcp_conn *conn, struct synfin_tcp_info *info)
{
    info->has_timestamps = conn->uses_timestamps;
    info->has_sack = conn->uses_sack;
    info->has_window_scale = conn->uses_wscale;
    info->has_ecn = conn->ecn.mode;
    info->snd_wscale_shift = conn->snd.wscale_shift;
    info->rcv_wscale_shift = conn->rcv.wscale_shift;
    info->snd_mss_bytes = conn->snd.mss;
    info->rcv_mss_bytes = conn->rcv.mss_seen;
    info->advertised_mss_bytes = conn->rcv.mss;
    info->pmtu_bytes = conn->pmtu_bytes;
    info->has_syn_data = conn->has_syn_data;
    info->syn_data_bytes = conn->syn_data_bytes;
}

static void fill_timing(const struct tcp *tcp, const struct tcp_conn *conn,
                        struct synfin_tcp_info *info, uint64_t now_ns)
{
    info->rto_ns = tcp_rtt_timeout(tcp, conn);
    info->srtt_ns = conn->rtt.srtt_ns;
    info->rttvar_ns = conn->rtt.rttvar_ns;
    info->min_rtt_ns = conn->rtt.min_ns;
    info->ato_ns = tcp->config.delayed_ack_ns;
    info->syn_room_bytes = tcp_fastopen_conn_room(tcp, conn, now_ns);
    info->backoff = conn->rtt.backoff;
    info->retransmits = conn->retries;
    info->probes = conn->unanswered;
    info->last_data_sent_ns = deadline_age(conn->totals.data_sent_ns, now_ns);
    info->last_data_received_ns = deadline_age(conn->totals.data_received_ns, now_ns);
    info->last_ack_received_ns = deadline_age(conn->totals.ack_received_ns, now_ns);
}

static void fill_windows(const struct tcp_conn *conn, struct synfin_tcp_info *info)
{
    info->is_in_recovery = conn->recovery.is_active;
    info->cwnd_bytes = conn->cc.cwnd_bytes;
    info->ssthresh_bytes = conn->cc.ssthresh_bytes;
    info->snd_wnd_bytes = conn->snd.wnd;
    info->rcv_wnd_bytes = tcp_window_open(conn);
    info->unacked_bytes = seq_distance(conn->snd.una, conn->snd.nxt);
    info->unsent_bytes = 0;
    if (conn->is_syn_acked && seq_lt(conn->snd.nxt, tcp_output_end(conn))) {
        info->unsent_bytes = seq_distance(conn->snd.nxt, tcp_output_end(conn));
    } else if (!conn->is_syn_acked) {
        info->unsent_bytes = conn->send.bytes;
    }
    info->out_of_order_bytes = conn->ooo.bytes;
    info->iss = conn->iss.n;
    info->irs = conn->irs.n;
    info->snd_una = conn->snd.una.n;
    info->snd_nxt = conn->snd.nxt.n;
    info->rcv_nxt = conn->rcv.nxt.n;
}

static void fill_buffers(const struct tcp *tcp, const struct tcp_conn *conn,
                         struct synfin_tcp_info *info)
{
    info->snd_buffer_bytes = conn->set.send_buffer_bytes;
    info->snd_buffer_bytes_max = tcp_autotune_send_max(tcp, conn);
    info->snd_buffer_bytes_left = tcp_memory_send_limit(tcp, conn);
    info->rcv_buffer_bytes = conn->set.receive_buffer_bytes;
    info->rcv_buffer_bytes_max = tcp_autotune_receive_max(tcp, conn);
    info->rcv_buffer_bytes_left = tcp_memory_receive_limit(tcp, conn);
    if (conn->autotune != NULL) {
        info->rcv_taken_bytes = conn->autotune->taken_bytes;
        info->rcv_rtt_ns = conn->autotune->rtt_ns;
    }
}

static void fill_totals(const struct tcp_conn *conn, struct synfin_tcp_info *info)
{
    const struct tcp_totals *totals = &conn->totals;
    info->bytes_sent = totals->bytes_sent;
    info->bytes_acked = totals->bytes_acked;
    info->bytes_received = totals->bytes_received;
    info->bytes_retransmitted = totals->bytes_retransmitted;
    info->segments_in = totals->segments_in;
    info->segments_out = totals->segments_out;
    info->data_segments_in = totals->data_segments_in;
    info->data_segments_out = totals->data_segments_out;
    info->total_retransmits = totals->retransmits;
    info->delivered_ce = conn->ecn.delivered_ce;
    info->received_ce = conn->ecn.received_ce;
}

static enum synfin_repair repair_of(const struct tcp_conn *conn)
{
    const struct tcp_recovery *recovery = &conn->recovery;
    bool is_disordered =
        recovery->dup_acks > 0 || (conn->loss != NULL && conn->loss->board.sacked_bytes > 0);
    if (recovery->is_active) {
        return SYNFIN_REPAIR_RECOVERY;
    } else if (recovery->has_recover && seq_lt(conn->snd.una, recovery->recover)) {
        return SYNFIN_REPAIR_TIMEOUT;
    } else if (conn->ecn.is_cut && conn->ecn.was_mark && seq_lt(conn->snd.una, conn->ecn.cut_end)) {
        return SYNFIN_REPAIR_REDUCED;
    }
    return is_disordered ? SYNFIN_REPAIR_DISORDER : SYNFIN_REPAIR_NONE;
}

// The names are those of Linux's struct tcp_info, in octets and ns.
static void fill_path(const struct tcp_conn *conn, struct synfin_tcp_info *info)
{
    const struct tcp_loss *loss = conn->loss;
    info->congestion = synfin_congestion_name((enum synfin_congestion)conn->set.congestion);
    info->pacing_rate = tcp_pace_rate(conn);
    info->pacing_rate_max = conn->set.pacing_rate_max;
    info->delivery_rate = tcp_rate_latest(conn);
    info->is_delivery_rate_app_limited = tcp_rate_is_app_limited(conn);
    info->delivered_bytes = tcp_rate_delivered(conn);
    info->lost_bytes = loss != NULL ? loss->board.lost_bytes : 0;
    info->sacked_bytes = loss != NULL ? loss->board.sacked_bytes : 0;
    info->reordering_segments = conn->recovery.reordering;
    info->reorderings = conn->recovery.reorderings;
    info->has_seen_reordering = conn->recovery.has_seen_reordering;
    info->resent_bytes = loss != NULL ? loss->board.resent_bytes : 0;
    info->room_bytes = tcp_output_congestion_room(conn);
    info->repair = (uint8_t)repair_of(conn);
    info->reordering_window_ns = loss != NULL ? tcp_rack_window(conn) : 0;
}

static void fill_time(const struct tcp_conn *conn, struct synfin_tcp_info *info, uint64_t now_ns)
{
    info->peer_window_limited_ns = tcp_chrono_spent(conn, TCP_CHRONO_PEER_WINDOW, now_ns);
    info->send_buffer_limited_ns = tcp_chrono_spent(conn, TCP_CHRONO_SEND_BUFFER, now_ns);
    info->busy_ns = tcp_chrono_spent(conn, TCP_CHRONO_BUSY, now_ns) + info->peer_window_limited_ns
                    + info->send_buffer_limited_ns;
}

void tcp_info(const struct tcp *tcp, const struct tcp_conn *conn, struct synfin_tcp_info *info,
              uint64_t now_ns)
{
    info->state = tcp_time_wait_of(tcp, conn) != NULL ? SYNFIN_TCP_STATE_TIME_WAIT
                                                      : (enum synfin_tcp_state)conn->state;
    info->conn = conn->number;
    fill_agreed(conn, info);
    fill_timing(tcp, conn, info, now_ns);
    fill_windows(conn, info);
    fill_buffers(tcp, conn, info);
    fill_totals(conn, info);
    info->tries = tcp_event_tries(conn);
    info->waited_ns = tcp_event_waited(conn, now_ns);
    info->icmp = conn->icmp;
    fill_path(conn, info);
    fill_time(conn, info, now_ns);
    if (conn->mtu != NULL) {
        info->mtu_probe_bytes = conn->mtu->probe_bytes;
        info->mtu_search_bytes = conn->mtu->high_bytes;
    }
}
