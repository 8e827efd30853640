// SPDX-License-Identifier: MIT
//
// Samples of the delivery rate; see tcp_rate.h. Function by function as §4.1.2 of the draft has it.
#include "tcp/tcp_rate.h"

#include "tcp/tcp_internal.h"
#include "tcp/tcp_loss.h"

#define RATE_MAX ((UINT64_C(1) << 61) - 1) // what the connection has room for

uint64_t tcp_rate_delivered(const struct tcp_conn *conn)
{
    return conn->loss != NULL ? conn->loss->rate.delivered_bytes : conn->totals.bytes_acked;
}

uint64_t tcp_rate_latest(const struct tcp_conn *conn)
{
    return conn->rate.bytes_per_s;
}

bool tcp_rate_is_app_limited(const struct tcp_conn *conn)
{
    return conn->rate.is_sample_limited;
}

static uint32_t in_flight(const struct tcp_conn *conn)
{
    return conn->loss != NULL ? tcp_scoreboard_pipe(&conn->loss->board) : tcp_output_flight(conn);
}

// §4.1.2.4, MarkConnectionAppLimited
void tcp_rate_limit(struct tcp_conn *conn)
{
    conn->rate.is_app_limited = true;
    conn->rate.app_limited_end = (uint32_t)tcp_rate_delivered(conn) + in_flight(conn);
}

// CheckIfApplicationLimited. Less than a segment is nothing: it waits for more octets, and not for
// the window.
void tcp_rate_check_dry(struct tcp_conn *conn)
{
    bool has_to_resend = conn->loss != NULL ? conn->loss->board.lost_bytes > 0
                                            : !seq_eq(conn->snd.resend, conn->snd.nxt);
    if (conn->is_syn_acked && !has_to_resend && tcp_output_unsent(conn) < conn->snd.mss
        && in_flight(conn) < conn->cc.cwnd_bytes) {
        tcp_rate_limit(conn);
    }
}

// The bubble has left the path when more was delivered than was under way when it began.
static void clear_limit(struct tcp_conn *conn)
{
    uint32_t beyond = (uint32_t)tcp_rate_delivered(conn) - conn->rate.app_limited_end;
    if (conn->rate.is_app_limited && beyond != 0 && beyond < UINT32_MAX / 2) {
        conn->rate.is_app_limited = false;
    }
}

// What of octets acknowledged was reneged on meanwhile counts again, so that a flight may end with
// more than the next begins with: that makes a round a little longer, and nothing else.
void tcp_rate_begin(struct tcp_conn *conn)
{
    conn->loss->rate = (struct tcp_rate_flight){.delivered_bytes = conn->totals.bytes_acked};
}

// §4.1.2.2. A flight of which nothing is out any more begins anew.
void tcp_rate_on_send(struct tcp_conn *conn, uint32_t bytes, uint64_t now_ns,
                      struct tcp_send_snapshot *out)
{
    struct tcp_rate_flight *flight = &conn->loss->rate;
    uint32_t pipe = tcp_scoreboard_pipe(&conn->loss->board);
    if (pipe == 0) {
        flight->first_sent_ns = flight->delivered_ns = now_ns;
    }
    *out = (struct tcp_send_snapshot){
        .delivered_bytes = flight->delivered_bytes,
        .delivered_ns = flight->delivered_ns,
        .first_sent_ns = flight->first_sent_ns,
        .lost_bytes = flight->lost_bytes,
        .in_flight_bytes = pipe + bytes,
        .is_app_limited = conn->rate.is_app_limited,
    };
}

void tcp_rate_on_sent(struct tcp_conn *conn)
{
    struct tcp_rate_flight *flight = &conn->loss->rate;
    if (tcp_scoreboard_pipe(&conn->loss->board) + conn->snd.mss > conn->cc.cwnd_bytes) {
        flight->full_end = conn->loss->board.nxt;
        flight->has_been_full = true;
    }
}

// What was over before the clock ticked took 1 ns, as round trips do: without samples a coarse
// clock would leave an algorithm for ever with the last rate that it could see.
static uint64_t seen_ns(uint64_t interval_ns)
{
    return deadline_max(interval_ns, 1);
}

// §4.1.2.3, UpdateRateSample for all that an acknowledgment delivers: the newest of it counts.
static void read_newest(struct tcp_conn *conn, const struct tcp_delivery *delivery, uint64_t now_ns,
                        struct tcp_rate_sample *out)
{
    struct tcp_rate_flight *flight = &conn->loss->rate;
    const struct tcp_send_snapshot *snapshot = &delivery->newest_snapshot;
    flight->first_sent_ns = delivery->newest_sent_ns;
    out->has_prior = true;
    out->prior_delivered_bytes = snapshot->delivered_bytes;
    out->tx_in_flight_bytes = snapshot->in_flight_bytes;
    out->is_app_limited = snapshot->is_app_limited;
    out->lost_bytes = snapshot->lost_bytes; // until the sample is complete
    uint64_t send_ns = deadline_age(snapshot->first_sent_ns, delivery->newest_sent_ns);
    out->interval_ns = seen_ns(deadline_max(send_ns, deadline_age(snapshot->delivered_ns, now_ns)));
    out->window_bytes = flight->delivered_bytes - snapshot->delivered_bytes;
}

// GenerateRateSample. An acknowledgment of what was sent twice may be of the first transmission:
// then the interval is too short, which shows when it is shorter than any round trip.
static bool is_plausible(const struct tcp_conn *conn, const struct tcp_delivery *delivery,
                         const struct tcp_rate_sample *sample)
{
    bool is_ambiguous = delivery->newest_resends > 0 || delivery->newest_is_mixed;
    return !is_ambiguous || sample->interval_ns >= conn->rtt.min_ns;
}

static uint64_t rate_of(uint64_t bytes, uint64_t interval_ns)
{
    return bytes * NS_PER_S / interval_ns; // less than 2^34 octets: two windows
}

// A sample that the application limited counts when it says more than the one before.
static void note_rate(struct tcp_conn *conn, const struct tcp_rate_sample *sample)
{
    if (sample->bytes_per_s > 0
        && (!sample->is_app_limited || sample->bytes_per_s >= conn->rate.bytes_per_s)) {
        conn->rate.bytes_per_s = deadline_min(sample->bytes_per_s, RATE_MAX) & RATE_MAX;
        conn->rate.is_sample_limited = sample->is_app_limited;
    }
}

void tcp_rate_on_delivered(struct tcp_conn *conn, const struct tcp_delivery *delivery,
                           uint64_t now_ns, struct tcp_rate_sample *out)
{
    struct tcp_rate_flight *flight = &conn->loss->rate;
    *out = (struct tcp_rate_sample){.acked_bytes = delivery->acked_bytes + delivery->sacked_bytes,
                                    .lost_now_bytes = (uint32_t)flight->lost_bytes,
                                    .lost_bytes = flight->lost_bytes};
    if (out->acked_bytes > 0) {
        flight->delivered_bytes += out->acked_bytes;
        flight->delivered_ns = now_ns;
    }
    if (delivery->has_newest) {
        read_newest(conn, delivery, now_ns, out);
        if (is_plausible(conn, delivery, out)) {
            out->bytes_per_s = rate_of(out->window_bytes, out->interval_ns);
        }
    }
    if (delivery->has_once && delivery->once_sent_ns != SYNFIN_NEVER) {
        out->rtt_ns = seen_ns(deadline_age(delivery->once_sent_ns, now_ns));
    }
    // The end of what was sent when the window was full is the end of the round trip after that.
    out->is_cwnd_limited = flight->has_been_full && seq_le(conn->loss->board.una, flight->full_end);
    flight->has_been_full = out->is_cwnd_limited;
    out->delivered_bytes = flight->delivered_bytes;
    clear_limit(conn);
    note_rate(conn, out);
}

bool tcp_rate_on_lost(struct tcp_conn *conn, const struct tcp_span *span)
{
    struct tcp_rate_flight *flight = &conn->loss->rate;
    bool is_apart = !flight->has_lost || !seq_eq(flight->lost_right, span->left);
    flight->lost_bytes += seq_distance(span->left, span->right);
    flight->lost_right = span->right;
    flight->has_lost = true;
    return is_apart;
}

void tcp_rate_complete(struct tcp_conn *conn, struct tcp_rate_sample *sample)
{
    uint64_t lost = conn->loss->rate.lost_bytes;
    sample->lost_now_bytes = (uint32_t)lost - sample->lost_now_bytes;
    sample->lost_bytes = lost - sample->lost_bytes;
}

// Without SACK. While duplicates come in, what has arrived is not known: no sample then.

void tcp_rate_on_sent_plainly(struct tcp_conn *conn, struct seq end, bool is_again, uint64_t now_ns)
{
    struct tcp_rate *rate = &conn->rate;
    if (is_again) {
        rate->round_in_flight_bytes = 0;
    }
    if (is_again
        || (rate->has_round && seq_lt(conn->snd.una, rate->round_end)
            && seq_le(rate->round_end, conn->snd.nxt))) {
        return;
    }
    const struct tcp_recovery *recovery = &conn->recovery;
    bool is_clean =
        !recovery->is_active && recovery->dup_acks == 0 && seq_eq(conn->snd.resend, conn->snd.nxt);
    rate->has_round = true;
    rate->round_end = end;
    rate->round_ns = now_ns;
    rate->round_delivered_bytes = (uint32_t)conn->totals.bytes_acked;
    rate->round_in_flight_bytes = is_clean ? seq_distance(conn->snd.una, end) : 0;
}

static void read_round(struct tcp_conn *conn, uint64_t now_ns, struct tcp_rate_sample *out)
{
    struct tcp_rate *rate = &conn->rate;
    rate->has_round = false;
    out->window_bytes = (uint32_t)out->delivered_bytes - rate->round_delivered_bytes;
    out->prior_delivered_bytes = out->delivered_bytes - out->window_bytes;
    out->tx_in_flight_bytes = rate->round_in_flight_bytes;
    out->interval_ns = seen_ns(deadline_age(rate->round_ns, now_ns));
    out->has_prior = true;
    out->is_app_limited = rate->is_app_limited;
    if (rate->round_in_flight_bytes > 0 && !conn->recovery.is_active) {
        out->bytes_per_s = rate_of(out->window_bytes, out->interval_ns);
        out->rtt_ns = out->interval_ns;
    }
}

void tcp_rate_on_acked_plainly(struct tcp_conn *conn, uint32_t acked_bytes, uint64_t now_ns,
                               struct tcp_rate_sample *out)
{
    struct tcp_rate *rate = &conn->rate;
    *out = (struct tcp_rate_sample){.acked_bytes = acked_bytes,
                                    .delivered_bytes = conn->totals.bytes_acked};
    if (rate->has_round && seq_ge(conn->snd.una, rate->round_end)) {
        read_round(conn, now_ns, out);
    }
    clear_limit(conn);
    note_rate(conn, out);
}
