// SPDX-License-Identifier: MIT
//
// Acknowledgments: A1 to A4, and SACK blocks: Q9.
#include <inttypes.h>

#include "sim/oracle_subjects.h"

#define DELAY_MAX_NS (500 * ORACLE_MS) // RFC 9293 §3.8.6.3

enum { CREDIT_MAX = 1 << 20 };

// Who answers: a block, or what is kept of a connection before and after it has one.
enum keeper { KEEPER_BLOCK, KEEPER_HALF_OPEN, KEEPER_TIME_WAIT };

static bool knows_arrivals(const struct oracle_sight *sight)
{
    return !sight->end->has_gaps && !sight->host->had_fragments;
}

static void judge_number(const struct oracle_sight *sight)
{
    const struct oracle_end *end = sight->end;
    const struct tcp_conn *conn = oracle_ends_block(sight->host, end);
    uint64_t arrived = oracle_ranges_end(&end->arrived, 0);
    bool is_syn = (sight->packet->flags & ORACLE_SYN) != 0; // it may have waited for the device
    bool has_block = conn != NULL && !is_syn && !sight->is_early
                     && conn->state >= SYNFIN_TCP_STATE_SYN_RECEIVED && conn->is_in_table;
    if (has_block && conn->rcv.nxt.n != sight->packet->ack) {
        oracle_fail(sight->host->oracle, ORACLE_A1, end, sight->now_ns,
                    "SEG.ACK %" PRIu32 ", RCV.NXT %" PRIu32 " (%s)", sight->packet->ack,
                    conn->rcv.nxt.n, synfin_reason_name((enum synfin_reason)sight->reason));
    }
    if (sight->ack > arrived && knows_arrivals(sight)) {
        oracle_fail(sight->host->oracle, ORACLE_A1, end, sight->now_ns,
                    "acknowledges %" PRIu64 ", and up to %" PRIu64 " has arrived (%s)", sight->ack,
                    arrived, synfin_reason_name((enum synfin_reason)sight->reason));
    }
}

// RFC 2883 §4: the first block reports a duplicate when it is acknowledged or lies in the second.
static bool is_duplicate_report(const struct oracle_packet *packet)
{
    int32_t beyond = (int32_t)(packet->sack[0].right - packet->ack);
    bool is_within = packet->sack_blocks > 1
                     && (int32_t)(packet->sack[0].left - packet->sack[1].left) >= 0
                     && (int32_t)(packet->sack[1].right - packet->sack[0].right) >= 0;
    return packet->sack_blocks > 0 && (beyond <= 0 || is_within);
}

static void judge_block(const struct oracle_sight *sight, uint32_t i, bool is_duplicate)
{
    const struct oracle_end *end = sight->end;
    uint64_t left = oracle_place(sight->packet->sack[i].left, end->irs, sight->ack);
    uint64_t right = oracle_place(sight->packet->sack[i].right, end->irs, sight->ack);
    bool is_form_right = left < right && (is_duplicate || left > sight->ack);
    bool is_true = oracle_ranges_hold(&end->arrived, left, right)
                   && (!is_duplicate || oracle_ranges_hold(&end->again, left, right));
    if (!is_form_right || (!is_true && knows_arrivals(sight) && !end->is_lied_to)) {
        oracle_fail(sight->host->oracle, ORACLE_Q9, end, sight->now_ns,
                    "%s [%" PRIu64 ", %" PRIu64 ") behind %" PRIu64 ": %s",
                    is_duplicate ? "a duplicate" : "a block", left, right, sight->ack,
                    is_form_right ? "it did not arrive so" : "not a range");
    }
}

static bool holds(const struct tcp_conn *conn, uint32_t number)
{
    for (const struct reassembly_run *run = conn->ooo.first; run != NULL; run = run->next) {
        if (number - run->left.n < run->data.bytes) {
            return true;
        }
    }
    return false;
}

// RFC 2018 §4: the first block holds what arrived last, and the next one where the first reports a
// duplicate (RFC 2883 §4). Behind that of a run that a duplicate lies in it may be any.
static void judge_newest(const struct oracle_sight *sight, uint32_t first)
{
    const struct oracle_end *end = sight->end;
    const struct tcp_conn *conn = oracle_ends_block(sight->host, end);
    uint32_t newest = end->irs + (uint32_t)end->duty.newest;
    if (conn == NULL || end->duty.newest <= sight->ack || !holds(conn, newest)
        || first >= sight->packet->sack_blocks) {
        return;
    }
    uint32_t left = sight->packet->sack[first].left;
    uint32_t right = sight->packet->sack[first].right;
    if (newest - left >= right - left) {
        oracle_fail(sight->host->oracle, ORACLE_Q9, end, sight->now_ns,
                    "block %u of %u is [%" PRIu64 ", %" PRIu64 "), and %" PRIu64 " came last (%s)",
                    first, sight->packet->sack_blocks, oracle_place(left, end->irs, sight->ack),
                    oracle_place(right, end->irs, sight->ack), end->duty.newest,
                    synfin_reason_name((enum synfin_reason)sight->reason));
    }
}

// What nobody has called for: only data, probes and openings of the window are.
static void judge_cause(const struct oracle_sight *sight)
{
    struct oracle_end *end = sight->end;
    bool is_probe = sight->reason == SYNFIN_REASON_SEND_KEEPALIVE
                    || sight->reason == SYNFIN_REASON_SEND_WINDOW_PROBE;
    bool is_update = sight->reason == SYNFIN_REASON_SEND_WINDOW_UPDATE
                     || sight->reason == SYNFIN_REASON_SEND_WINDOW_WHOLE;
    bool has_opened = is_update && sight->ack + oracle_window_of_sent(sight) > end->edge;
    if (is_probe || has_opened || sight->is_early) {
        return;
    }
    if (end->account->credit == 0) {
        oracle_fail(sight->host->oracle, ORACLE_A3, end, sight->now_ns,
                    "an acknowledgment that nothing has called for, edge %" PRIu64 " (%s)",
                    end->edge, synfin_reason_name((enum synfin_reason)sight->reason));
        return;
    }
    end->account->credit--;
}

static bool has_live_block(const struct oracle_sight *sight)
{
    const struct tcp_conn *conn = oracle_ends_block(sight->host, sight->end);
    return conn != NULL && !conn->is_done;
}

static enum keeper keeper_of(const struct oracle_sight *sight)
{
    if (has_live_block(sight) && !sight->is_early) {
        return KEEPER_BLOCK;
    }
    return sight->end->time_wait_ns != 0 ? KEEPER_TIME_WAIT : KEEPER_HALF_OPEN;
}

// A block answers all that takes space and is not acceptable (RFC 9293 §3.10.7.4), also when it has
// just opened and its answer looks like one of before.
static bool is_limited(const struct oracle_sight *sight)
{
    switch (sight->reason) {
    case SYNFIN_REASON_SEND_CHALLENGE_SYN:
    case SYNFIN_REASON_SEND_CHALLENGE_RST:
    case SYNFIN_REASON_SEND_CHALLENGE_ACK:
    case SYNFIN_REASON_SEND_ACK_UNSENT: return true;
    case SYNFIN_REASON_SEND_ACK_UNACCEPTABLE:
    case SYNFIN_REASON_SEND_ACK_DUPLICATE: return !has_live_block(sight);
    default: return false;
    }
}

// Counted when it is sent, which may be later than when the stack counted it: a block's, of which
// one waits at most, in two of its seconds, others within a second before, and so in three.
// TIME-WAIT answers twice in a second at most.
static uint32_t challenges_max(const struct oracle_sight *sight, enum keeper keeper)
{
    enum { OF_TIME_WAIT = 2 };
    uint32_t most = sight->host->stack_config.challenge_acks_per_second;
    return keeper == KEEPER_BLOCK       ? 2 * most
           : keeper == KEEPER_HALF_OPEN ? 3 * most
                                        : 3 * OF_TIME_WAIT;
}

static void judge_challenges(const struct oracle_sight *sight)
{
    struct oracle_duty *duty = &sight->end->duty;
    const struct oracle_host *host = sight->host;
    enum keeper keeper = keeper_of(sight);
    if (!is_limited(sight)) {
        return;
    }
    bool has_waited = keeper != KEEPER_BLOCK && host->answers_since_ns != 0
                      && sight->now_ns - host->answers_since_ns >= ORACLE_S;
    if (sight->now_ns - duty->second_ns >= ORACLE_S || keeper != duty->keeper || has_waited) {
        duty->second_ns = sight->now_ns;
        duty->challenges = 0;
        duty->keeper = keeper;
    }
    uint32_t most = challenges_max(sight, keeper);
    duty->challenges += !has_waited;
    if (duty->challenges > most) {
        oracle_fail(host->oracle, ORACLE_A4, sight->end, sight->now_ns,
                    "%u challenges within a second, %u allowed", duty->challenges, most);
    }
}

void oracle_ack_on_sent(const struct oracle_sight *sight)
{
    const struct oracle_packet *packet = sight->packet;
    if ((packet->flags & ORACLE_ACK) == 0 || !sight->end->has_irs) {
        return;
    }
    bool is_duplicate = is_duplicate_report(packet);
    judge_number(sight);
    for (uint32_t i = 0; i < packet->sack_blocks; i++) {
        judge_block(sight, i, i == 0 && is_duplicate);
    }
    bool is_in_run = is_duplicate && (int32_t)(packet->sack[0].right - packet->ack) > 0;
    if (!is_in_run) {
        judge_newest(sight, is_duplicate ? 1 : 0);
    }
    if (sight->reason == SYNFIN_REASON_SEND_KEEPALIVE) {
        oracle_patience_on_probe(sight);
    }
    if (packet->length == 0) {
        judge_cause(sight);
        judge_challenges(sight);
    }
}

// What the end waits for next. Octets that arrived and were not taken (RFC 7323 §5.3, R1, or no
// memory for them) have not moved it.
static uint64_t next_of(const struct oracle_sight *sight)
{
    const struct oracle_end *end = sight->end;
    const struct tcp_conn *conn = oracle_ends_block(sight->host, end);
    if (conn == NULL && end->time_wait_ns != 0 && end->peer_fin != 0) {
        return end->peer_fin + 1;
    }
    if (conn == NULL && end->ack > 0) { // half-open, or gone: nothing is taken
        return end->ack;
    }
    return conn == NULL || !end->duty.has_refused
               ? oracle_ranges_end(&end->arrived, 0)
               : oracle_place(conn->rcv.nxt.n, end->irs, end->ack);
}

// RFC 7323 §5.3: by the newest that was told, or where lies were told by what was believed of them.
static bool is_old_by_timestamp(const struct oracle_sight *sight)
{
    const struct oracle_end *end = sight->end;
    const struct oracle_packet *packet = sight->packet;
    const struct tcp_conn *conn = oracle_ends_block(sight->host, end);
    bool is_believed = end->is_lied_to && conn != NULL && conn->uses_timestamps;
    return packet->has_timestamps
           && ((int32_t)(packet->ts_val - end->ts_told) < 0
               || (is_believed && (int32_t)(packet->ts_val - conn->ts_recent) < 0));
}

// MAX.SND.WND of RFC 5961 §5.2 is the largest that was heard in what is acceptable and new. What is
// not surely so may have been refused, as what comes to a half-open connection by a listener that
// waits for data or has no room. Where the scale is not known the window is not either.
static void note_window(const struct oracle_sight *sight)
{
    struct oracle_end *end = sight->end;
    uint64_t window = oracle_window_of_heard(sight);
    bool is_syn = (sight->packet->flags & ORACLE_SYN) != 0;
    bool has_block = oracle_ends_block(sight->host, end) != NULL;
    if (has_block && !is_syn && end->heard.is_known && window > end->window_sure) {
        end->window_sure = window;
    }
}

static void note_block(struct oracle_end *end, uint64_t left, uint64_t right)
{
    uint64_t place = left, known;
    do {
        known = place;
        place = oracle_ranges_end(&end->sacked, place);
        place = oracle_ranges_end(&end->resent, place);
    } while (place > known && place < right);
    end->is_timed = end->is_timed || place < right;
    oracle_ranges_add(&end->sacked, left, right);
}

// An acknowledgment with nothing new and nothing wrong is not answered (RFC 9293 §3.10.7.4); any
// other segment may be, once.
void oracle_ack_on_heard(const struct oracle_sight *sight)
{
    struct oracle_end *end = sight->end;
    const struct oracle_packet *packet = sight->packet;
    uint64_t rcv = next_of(sight);
    bool is_old = is_old_by_timestamp(sight);
    // What was refused may be taken now, by what came before in the same call; and where the FIN of
    // TIME-WAIT was is not known of a peer that may have sent two.
    bool may_have_moved = (end->duty.has_refused && sight->host->pending.received > 1)
                          || (end->time_wait_ns != 0 && end->is_lied_to);
    bool is_next =
        sight->seq == rcv && sight->ack <= end->nxt && sight->ack > 0 && !is_old && !may_have_moved;
    bool is_good = is_next && sight->ack + end->window_sure >= end->una_told
                   && (packet->traffic_class & 3) != 3;
    oracle_patience_on_heard(sight, is_good);
    if (is_next && sight->ack > end->una_told) {
        note_window(sight);
    }
    if (packet->length == 0 && !is_good && end->account->credit < CREDIT_MAX) {
        end->account->credit++;
    }
    end->is_old_told = is_old;
    if (packet->has_timestamps && !is_old) {
        end->ts_told = packet->ts_val;
    }
    for (uint32_t i = 0; i < packet->sack_blocks; i++) {
        uint64_t left = oracle_place(packet->sack[i].left, end->iss, end->una_told);
        uint64_t right = oracle_place(packet->sack[i].right, end->iss, end->una_told);
        if (left < right && right <= end->nxt) {
            note_block(end, left, right);
        }
    }
}

void oracle_ack_on_text(const struct oracle_sight *sight, uint64_t left, uint64_t right)
{
    struct oracle_end *end = sight->end;
    uint64_t rcv = next_of(sight);
    uint32_t bytes = sight->packet->payload_bytes;
    for (uint32_t i = 0; i < end->arrived.count; i++) {
        const struct oracle_range *range = &end->arrived.at[i];
        if (range->left >= right) {
            break;
        }
        oracle_ranges_add(&end->again, left > range->left ? left : range->left,
                          right < range->right ? right : range->right);
    }
    bool is_acceptable = sight->ack <= end->nxt && sight->origin == ORACLE_GENUINE;
    bool is_again = oracle_ranges_hold(&end->arrived, left, right); // and held, or not taken then
    if (!is_acceptable || end->is_old_told || is_again) {
        end->duty.newest = 0;
    } else if (left > rcv) {
        end->duty.newest = left;
    }
    end->duty.mss_seen = bytes > end->duty.mss_seen ? bytes : end->duty.mss_seen;
}

// RFC 5681 §4.2: twice our MSS is two full-sized segments, whatever the peer's size of them.
static void look_at_delay(const struct oracle_look *look)
{
    struct oracle_end *end = look->end;
    struct oracle_duty *duty = &end->duty;
    uint64_t ack = end->ack > end->ack_lost ? end->ack : end->ack_lost;
    if (look->rcv <= ack) {
        duty->since_ns = 0;
        return;
    }
    if (duty->since_ns == 0 || duty->since_ns > look->now_ns) {
        duty->since_ns = look->now_ns;
    }
    if (look->is_waiting) {
        return;
    }
    if (look->host->pending.is_advancing && look->now_ns - duty->since_ns > DELAY_MAX_NS) {
        oracle_fail(look->host->oracle, ORACLE_A2, end, look->now_ns,
                    "an acknowledgment waits since %.6f s", (double)duty->since_ns / 1e9);
    }
    uint32_t full = duty->mss_seen > end->offered.mss ? duty->mss_seen : end->offered.mss;
    if (end->offered.is_known && look->rcv - ack >= 2 * (uint64_t)full) {
        oracle_fail(look->host->oracle, ORACLE_A2, end, look->now_ns,
                    "%" PRIu64 " octets wait for an acknowledgment, our MSS is %u", look->rcv - ack,
                    full);
    }
}

// Answers that were made for connections without a block, and wait for the device.
static bool has_answers_waiting(const struct oracle_host *host)
{
    const struct tcp *tcp = &host->config.stack->tcp;
    return tcp->strays.slots_used != tcp->strays.free.count;
}

void oracle_ack_look_host(struct oracle_host *host, uint64_t now_ns)
{
    if (!has_answers_waiting(host)) {
        host->answers_since_ns = 0;
    } else if (host->answers_since_ns == 0) {
        host->answers_since_ns = now_ns + (now_ns == 0); // clocks may begin there
    }
}

void oracle_ack_look(const struct oracle_look *look)
{
    look_at_delay(look);
    look->end->duty.has_refused = look->rcv < oracle_ranges_end(&look->end->arrived, 0);
    struct oracle_account *account = look->end->account;
    bool is_waiting = look->is_waiting || has_answers_waiting(look->host);
    if (!is_waiting && account->end == look->end) { // the rest waits for company
        bool is_refused = look->end->duty.has_refused && account->credit > 0;
        account->credit = look->rcv > look->end->ack || is_refused ? 1 : 0;
    }
}
