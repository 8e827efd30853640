// SPDX-License-Identifier: MIT
//
// The stack's figures as Linux counts: windows and what is in flight in packets of one MSS.
#include "packetdrill/drill_tcp_info.h"

#include <string.h>

#include "packetdrill/packetdrill.h"

enum {
    NS_PER_US = 1000,
    NS_PER_MS = 1000000,
    OPTION_TIMESTAMPS = 1,
    OPTION_SACK = 2,
    OPTION_WSCALE = 4,
    OPTION_ECN = 8,
    OPTION_SYN_DATA = 32,
    SSTHRESH_NONE = 0x7fffffff,
};

// Linux numbers the states in another order.
static uint8_t state_of(enum synfin_tcp_state state)
{
    static const uint8_t STATE[SYNFIN_TCP_STATE_COUNT] = {
        [SYNFIN_TCP_STATE_ESTABLISHED] = 1,  [SYNFIN_TCP_STATE_SYN_SENT] = 2,
        [SYNFIN_TCP_STATE_SYN_RECEIVED] = 3, [SYNFIN_TCP_STATE_FIN_WAIT_1] = 4,
        [SYNFIN_TCP_STATE_FIN_WAIT_2] = 5,   [SYNFIN_TCP_STATE_TIME_WAIT] = 6,
        [SYNFIN_TCP_STATE_CLOSED] = 7,       [SYNFIN_TCP_STATE_CLOSE_WAIT] = 8,
        [SYNFIN_TCP_STATE_LAST_ACK] = 9,     [SYNFIN_TCP_STATE_LISTEN] = 10,
        [SYNFIN_TCP_STATE_CLOSING] = 11,
    };
    return STATE[state];
}

static uint32_t packets_of(uint64_t bytes, uint32_t mss)
{
    return mss == 0 ? 0 : (uint32_t)((bytes + mss - 1) / mss);
}

static uint32_t us_of(uint64_t ns)
{
    return (uint32_t)(ns / NS_PER_US);
}

static void fill_agreed(const struct synfin_tcp_info *from, struct drill_tcp_info *to)
{
    to->state = state_of(from->state);
    to->options =
        (uint8_t)((from->has_timestamps ? OPTION_TIMESTAMPS : 0)
                  | (from->has_sack ? OPTION_SACK : 0)
                  | (from->has_window_scale ? OPTION_WSCALE : 0) | (from->has_ecn ? OPTION_ECN : 0)
                  | (from->has_syn_data ? OPTION_SYN_DATA : 0));
    to->wscales = (uint8_t)(from->snd_wscale_shift | from->rcv_wscale_shift << 4);
    to->flags = from->is_delivery_rate_app_limited;
    to->snd_mss = from->snd_mss_bytes;
    to->rcv_mss = from->rcv_mss_bytes;
    to->advmss = from->advertised_mss_bytes;
    to->pmtu = from->pmtu_bytes;
}

static void fill_times(const struct synfin_tcp_info *from, struct drill_tcp_info *to)
{
    to->rto_us = us_of(from->rto_ns);
    to->ato_us = us_of(from->ato_ns);
    to->rtt_us = us_of(from->srtt_ns);
    to->rttvar_us = us_of(from->rttvar_ns);
    to->min_rtt_us = us_of(from->min_rtt_ns);
    to->rcv_rtt_us = us_of(from->rcv_rtt_ns);
    to->last_data_sent_ms = (uint32_t)(from->last_data_sent_ns / NS_PER_MS);
    to->last_data_recv_ms = (uint32_t)(from->last_data_received_ns / NS_PER_MS);
    to->last_ack_recv_ms = (uint32_t)(from->last_ack_received_ns / NS_PER_MS);
    to->busy_time_us = from->busy_ns / NS_PER_US;
    to->rwnd_limited_us = from->peer_window_limited_ns / NS_PER_US;
    to->sndbuf_limited_us = from->send_buffer_limited_ns / NS_PER_US;
}

static void fill_flight(const struct synfin_tcp_info *from, struct drill_tcp_info *to)
{
    uint32_t mss = from->snd_mss_bytes;
    static const uint8_t CA_STATE[] = {
        [SYNFIN_REPAIR_NONE] = 0,     [SYNFIN_REPAIR_DISORDER] = 1, [SYNFIN_REPAIR_REDUCED] = 2,
        [SYNFIN_REPAIR_RECOVERY] = 3, [SYNFIN_REPAIR_TIMEOUT] = 4,
    };
    uint32_t pipe = from->unacked_bytes - from->sacked_bytes - from->lost_bytes;
    bool is_prr = from->repair == SYNFIN_REPAIR_RECOVERY || from->repair == SYNFIN_REPAIR_REDUCED;
    to->ca_state = CA_STATE[from->repair];
    to->retransmits = (uint8_t)from->retransmits;
    to->probes = (uint8_t)from->probes;
    to->backoff = from->backoff;
    to->unacked = packets_of(from->unacked_bytes, mss);
    to->sacked = packets_of(from->sacked_bytes, mss);
    // Linux counts what was lost until it is acknowledged, sent again or not; and while it repairs,
    // its window is what is in flight and what may follow now.
    to->retrans = packets_of(from->resent_bytes, mss);
    to->lost = packets_of(from->lost_bytes, mss) + to->retrans;
    to->snd_cwnd = mss == 0 ? 0 : (is_prr ? pipe + from->room_bytes : from->cwnd_bytes) / mss;
    to->snd_ssthresh = from->ssthresh_bytes >= SSTHRESH_NONE || mss == 0
                           ? SSTHRESH_NONE
                           : from->ssthresh_bytes / mss;
    to->reord_seen = from->reorderings;
    to->snd_wnd = from->snd_wnd_bytes;
    to->rcv_wnd = from->rcv_wnd_bytes;
}

static void fill_totals(const struct synfin_tcp_info *from, struct drill_tcp_info *to)
{
    to->total_retrans = (uint32_t)from->total_retransmits;
    to->pacing_rate = from->pacing_rate;
    to->max_pacing_rate = from->pacing_rate_max;
    to->bytes_acked = from->bytes_acked;
    to->bytes_received = from->bytes_received;
    to->bytes_sent = from->bytes_sent + from->bytes_retransmitted;
    to->bytes_retrans = from->bytes_retransmitted;
    to->segs_in = (uint32_t)from->segments_in;
    to->segs_out = (uint32_t)from->segments_out;
    to->data_segs_in = (uint32_t)from->data_segments_in;
    to->data_segs_out = (uint32_t)from->data_segments_out;
    to->notsent_bytes = from->unsent_bytes;
    to->delivery_rate = from->delivery_rate;
    bool is_opening =
        from->state == SYNFIN_TCP_STATE_SYN_SENT || from->state == SYNFIN_TCP_STATE_SYN_RECEIVED;
    // A SYN is one packet, with its data or without.
    uint64_t delivered = from->delivered_bytes - from->syn_data_bytes;
    to->delivered = packets_of(delivered, from->snd_mss_bytes) + !is_opening;
    to->delivered_ce = (uint32_t)from->delivered_ce;
    to->received_ce = (uint32_t)from->received_ce;
    to->rcv_space = from->rcv_buffer_bytes;
}

// What was seen, and what is assumed before anything was.
static uint32_t reordering_of(const struct drill *drill, const struct synfin_tcp_info *from)
{
    int64_t assumed = drill_settings_number(&drill->settings, DRILL_SETTING_REORDERING, 3);
    return from->reordering_segments > assumed ? from->reordering_segments : (uint32_t)assumed;
}

int drill_tcp_info_read(struct drill *drill, const struct drill_handle *handle, void *value,
                        socklen_t *bytes)
{
    struct drill_tcp_info told = {.state = state_of(SYNFIN_TCP_STATE_CLOSED)};
    struct synfin_tcp_info info = {.size = sizeof info};
    enum synfin_error error =
        synfin_socket_info(drill->stack, handle->socket, &info, drill_stack_now(drill));
    if (error == SYNFIN_ERROR_OK) {
        fill_agreed(&info, &told);
        fill_times(&info, &told);
        fill_flight(&info, &told);
        fill_totals(&info, &told);
        told.reordering = reordering_of(drill, &info);
    } else if (handle->is_listener) {
        told.state = state_of(SYNFIN_TCP_STATE_LISTEN);
    }
    *bytes = *bytes < sizeof told ? *bytes : (socklen_t)sizeof told;
    memcpy(value, &told, *bytes);
    return 0;
}
