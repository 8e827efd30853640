// SPDX-License-Identifier: MIT
//
// States and ends: C1 to C8.
#include <inttypes.h>

#include "sim/oracle_subjects.h"

#define TO(state) (1u << SYNFIN_TCP_STATE_##state)

// RFC 9293 §3.3.2, figure 5, and §3.10.7.4 for FIN-WAIT-1 to TIME-WAIT in one step. Any may end.
static const uint16_t edges[SYNFIN_TCP_STATE_COUNT] = {
    [SYNFIN_TCP_STATE_CLOSED] = TO(LISTEN) | TO(SYN_SENT),
    [SYNFIN_TCP_STATE_LISTEN] = TO(SYN_RECEIVED) | TO(SYN_SENT) | TO(CLOSED),
    [SYNFIN_TCP_STATE_SYN_SENT] = TO(SYN_RECEIVED) | TO(ESTABLISHED) | TO(CLOSED),
    [SYNFIN_TCP_STATE_SYN_RECEIVED] = TO(ESTABLISHED) | TO(FIN_WAIT_1) | TO(LISTEN) | TO(CLOSED),
    [SYNFIN_TCP_STATE_ESTABLISHED] = TO(FIN_WAIT_1) | TO(CLOSE_WAIT) | TO(CLOSED),
    [SYNFIN_TCP_STATE_CLOSE_WAIT] = TO(LAST_ACK) | TO(CLOSED),
    [SYNFIN_TCP_STATE_FIN_WAIT_1] = TO(FIN_WAIT_2) | TO(CLOSING) | TO(TIME_WAIT) | TO(CLOSED),
    [SYNFIN_TCP_STATE_CLOSING] = TO(TIME_WAIT) | TO(CLOSED),
    [SYNFIN_TCP_STATE_LAST_ACK] = TO(CLOSED),
    [SYNFIN_TCP_STATE_FIN_WAIT_2] = TO(TIME_WAIT) | TO(CLOSED),
    [SYNFIN_TCP_STATE_TIME_WAIT] = TO(CLOSED),
};

enum { CLOSED_HERE = TO(FIN_WAIT_1) | TO(FIN_WAIT_2) | TO(CLOSING) | TO(LAST_ACK) | TO(TIME_WAIT) };
enum { CLOSED_THERE = TO(CLOSE_WAIT) | TO(CLOSING) | TO(LAST_ACK) | TO(TIME_WAIT) };
enum { FIN_ACKED = TO(FIN_WAIT_2) | TO(TIME_WAIT) };

// Whether `to` can be reached from `from`, but not by way of CLOSED, which is for good.
static bool is_reachable(uint32_t from, uint32_t to)
{
    uint32_t reached = 1u << from;
    for (uint32_t round = 0; round < SYNFIN_TCP_STATE_COUNT; round++) {
        for (uint32_t state = 0; state < SYNFIN_TCP_STATE_COUNT; state++) {
            bool is_end = state == SYNFIN_TCP_STATE_CLOSED && from != SYNFIN_TCP_STATE_CLOSED;
            if ((reached & (1u << state)) != 0 && !is_end) {
                reached |= edges[state];
            }
        }
    }
    return (reached & (1u << to)) != 0;
}

static const char *name_of(uint32_t state)
{
    return synfin_tcp_state_name((enum synfin_tcp_state)state);
}

// RFC 9293 §3.6.1 [MUST-13], and who may end it before: RFC 6191, and users; never a reset
// (RFC 1337 §3).
static void judge_time_wait(struct oracle_host *host, const struct oracle_end *end,
                            const struct synfin_trace_event *event)
{
    bool is_over = event->reason == SYNFIN_REASON_TIME_WAIT_OVER;
    bool may_end = is_over || event->reason == SYNFIN_REASON_TIME_WAIT_EVICTED
                   || event->reason == SYNFIN_REASON_TIME_WAIT_NO_MEMORY
                   || event->reason == SYNFIN_REASON_TIME_WAIT_TAKEN
                   || event->reason == SYNFIN_REASON_SYN_NEW_INCARNATION
                   || event->reason == SYNFIN_REASON_USER_ABORT;
    uint64_t waited_ns = event->t_ns - end->time_wait_ns;
    if (!may_end || (is_over && waited_ns < 2 * host->stack_config.msl_ns)) {
        oracle_fail(host->oracle, ORACLE_C4, end, event->t_ns,
                    "TIME-WAIT ended after %" PRIu64 " ns (%s)", waited_ns,
                    synfin_reason_name(event->reason));
    }
}

// RFC 9293 §3.10.7.4: the peer's FIN again begins the wait anew.
static void note_restart(struct oracle_host *host, const struct synfin_trace_event *event)
{
    struct oracle_end *end = oracle_ends_of_number(host, event->conn);
    if (event->kind == SYNFIN_TRACE_SEGMENT_RECEIVED
        && event->reason == SYNFIN_REASON_TIME_WAIT_RESTARTED && end != NULL) {
        end->time_wait_ns = event->t_ns;
    }
}

void oracle_close_on_trace(struct oracle_host *host, const struct synfin_trace_event *event)
{
    if (event->conn == 0) {
        return;
    }
    if (event->kind != SYNFIN_TRACE_STATE) {
        note_restart(host, event);
        return;
    }
    uint32_t from = event->as.state.from;
    uint32_t to = event->as.state.to;
    const struct oracle_end nobody = {.host = host->id, .number = event->conn};
    struct oracle_end *end = oracle_ends_of_number(host, event->conn);
    const struct oracle_end *named = end != NULL ? end : &nobody;
    if (from >= SYNFIN_TCP_STATE_COUNT || to >= SYNFIN_TCP_STATE_COUNT
        || (edges[from] & (1u << to)) == 0) {
        oracle_fail(host->oracle, ORACLE_C1, named, event->t_ns, "from %s to %s (%s)",
                    name_of(from), name_of(to), synfin_reason_name(event->reason));
    }
    if (end == NULL) {
        return;
    }
    if (to == SYNFIN_TCP_STATE_TIME_WAIT) {
        end->time_wait_ns = event->t_ns;
    }
    if (from == SYNFIN_TCP_STATE_TIME_WAIT) {
        judge_time_wait(host, end, event);
    }
}

// RFC 9293 §3.10.5: who is told by a reset, when a user aborts.
static const uint32_t told_of_abort =
    TO(ESTABLISHED) | TO(CLOSE_WAIT) | TO(FIN_WAIT_1) | TO(FIN_WAIT_2);

// Resets that end their connection.
static bool is_final(uint16_t reason)
{
    return reason == SYNFIN_REASON_SEND_RST_ABORT || reason == SYNFIN_REASON_SEND_RST_UNREAD
           || reason == SYNFIN_REASON_SEND_RST_ORPHAN || reason == SYNFIN_REASON_SEND_RST_TIMEOUT
           || reason == SYNFIN_REASON_SEND_RST_LISTENER_GONE
           || reason == SYNFIN_REASON_SEND_RST_NO_READER;
}

void oracle_close_on_sent(const struct oracle_sight *sight)
{
    struct oracle_end *end = sight->end;
    struct oracle *oracle = sight->host->oracle;
    const struct oracle_packet *packet = sight->packet;
    bool is_reset = (packet->flags & ORACLE_RST) != 0;
    if (end->has_ended_by_reset) {
        oracle_fail(oracle, ORACLE_C6, end, sight->now_ns, "a segment after its reset (%s)",
                    synfin_reason_name((enum synfin_reason)sight->reason));
    }
    bool is_of_half_open = (packet->flags & ORACLE_SYN) != 0 || sight->is_early;
    if (end->is_aborted && !is_reset && !is_of_half_open
        && (end->must_reset || packet->length > 0)) {
        oracle_fail(oracle, ORACLE_C6, end, sight->now_ns, "a segment after an abort (%s)",
                    synfin_reason_name((enum synfin_reason)sight->reason));
    } else if (end->must_reset && (packet->flags & ORACLE_FIN) != 0) {
        oracle_fail(oracle, ORACLE_C2, end, sight->now_ns,
                    "a FIN, and its user has closed with octets unread");
    }
    end->has_ended_by_reset = is_reset && is_final(sight->reason);
}

// RFC 9293 §3.6.1 [SHLD-3]: octets that are in the buffer and nobody will read.
void oracle_close_on_close(struct oracle_host *host, struct oracle_end *end, uint64_t now_ns)
{
    const struct tcp_conn *conn = oracle_ends_block(host, end);
    end->closed_ns = now_ns;
    end->closed_leapt = host->leapt_ns;
    if (conn == NULL || conn->is_done) {
        return;
    }
    end->must_reset = conn->state >= SYNFIN_TCP_STATE_ESTABLISHED
                      && conn->state != SYNFIN_TCP_STATE_TIME_WAIT && conn->receive.bytes > 0;
}

void oracle_close_on_abort(const struct oracle_host *host, struct oracle_end *end)
{
    const struct tcp_conn *conn = oracle_ends_block(host, end);
    end->is_aborted = true;
    if (conn != NULL && !conn->is_done) {
        end->must_reset = (told_of_abort & 1u << conn->state) != 0;
    }
}

// C8 and S2: octets in order and within the window, in an acceptable segment of the peer's, are
// taken at once.
void oracle_close_on_heard(const struct oracle_sight *sight)
{
    struct oracle_end *end = sight->end;
    const struct oracle_packet *packet = sight->packet;
    const struct tcp_conn *conn = oracle_ends_block(sight->host, end);
    end->heard_reset = end->heard_reset || (packet->flags & ORACLE_RST) != 0;
    if (conn == NULL || packet->payload_bytes == 0 || end->is_lied_to || conn->rcv_shut
        || end->is_closed || sight->host->had_fragments || sight->host->config.may_lack_memory
        || (packet->flags & (ORACLE_SYN | ORACLE_RST)) != 0 || conn->rcv.nxt.n - end->irs == 0) {
        return;
    }
    bool takes_text = conn->state == SYNFIN_TCP_STATE_ESTABLISHED
                      || conn->state == SYNFIN_TCP_STATE_FIN_WAIT_1
                      || conn->state == SYNFIN_TCP_STATE_FIN_WAIT_2;
    uint64_t rcv = oracle_place(conn->rcv.nxt.n, end->irs, sight->seq);
    uint64_t adv = oracle_place(conn->rcv.adv.n, end->irs, rcv);
    uint64_t right = sight->seq + packet->payload_bytes;
    bool is_old = packet->has_timestamps && (int32_t)(packet->ts_val - end->ts_told) < 0;
    bool is_useful = sight->seq <= rcv && right > rcv && sight->ack <= end->nxt
                     && sight->ack + end->window_sure >= end->una_told && !is_old
                     && packet->has_timestamps == conn->uses_timestamps;
    if (takes_text && is_useful) {
        end->expect.must_reach = right < adv ? right : adv;
    }
}

static void look_at_useful(const struct oracle_look *look)
{
    const struct oracle_end *end = look->end;
    bool is_half_closed = look->conn->state == SYNFIN_TCP_STATE_FIN_WAIT_1
                          || look->conn->state == SYNFIN_TCP_STATE_FIN_WAIT_2;
    if (end->expect.must_reach > look->rcv && look->is_synchronised && !end->is_lied_to) {
        oracle_fail(look->host->oracle, is_half_closed ? ORACLE_C8 : ORACLE_S2, end, look->now_ns,
                    "octets up to %" PRIu64 " were not taken: RCV.NXT %" PRIu64 ", state %s",
                    end->expect.must_reach, look->rcv, name_of(look->conn->state));
    }
}

// A state says what both users have done, and what was acknowledged.
static void look_at_cause(const struct oracle_look *look)
{
    const struct oracle_end *end = look->end;
    uint32_t bit = 1u << look->conn->state;
    bool is_closed = end->has_shut || end->is_closed;
    bool has_fin = end->peer_fin != 0 && look->rcv > end->peer_fin;
    bool is_acked = end->una_told > end->written + 1;
    if (look->host->had_fragments || !look->is_synchronised) {
        return;
    }
    if (((bit & CLOSED_HERE) != 0 && !is_closed) || ((bit & CLOSED_THERE) != 0 && !has_fin)
        || ((bit & FIN_ACKED) != 0 && !is_acked)) {
        oracle_fail(look->host->oracle, ORACLE_C1, end, look->now_ns,
                    "%s: this user has%s closed, the peer's FIN has%s arrived, ours is%s "
                    "acknowledged: FIN at %" PRIu64 ", RCV.NXT %" PRIu64,
                    name_of(look->conn->state), is_closed ? "" : " not", has_fin ? "" : " not",
                    is_acked ? "" : " not", end->peer_fin, look->rcv);
    }
}

static void look_at_orphan(const struct oracle_look *look)
{
    const struct oracle_shadow *shadow = &look->end->shadow;
    uint64_t bound_ns = oracle_wishes_of(look->host, look->end)->fin_wait_2_ns + ORACLE_S;
    bool is_idle = look->conn->state == SYNFIN_TCP_STATE_FIN_WAIT_2 && look->conn->is_orphan
                   && shadow->is_known && shadow->state == look->conn->state
                   && look->host->pending.is_advancing && look->end->is_closed;
    uint64_t since_ns =
        shadow->state_ns > look->end->closed_ns ? shadow->state_ns : look->end->closed_ns;
    if (is_idle && look->now_ns > since_ns && look->now_ns - since_ns > bound_ns) {
        oracle_fail(look->host->oracle, ORACLE_C5, look->end, look->now_ns,
                    "an orphan in FIN-WAIT-2 since %.6f s", (double)since_ns / 1e9);
    }
}

void oracle_close_look(const struct oracle_look *look)
{
    const struct oracle_shadow *shadow = &look->end->shadow;
    uint32_t state = look->conn->state;
    if (shadow->is_known && shadow->state != state && !is_reachable(shadow->state, state)) {
        oracle_fail(look->host->oracle, ORACLE_C1, look->end, look->now_ns, "from %s to %s",
                    name_of(shadow->state), name_of(state));
    }
    look_at_cause(look);
    look_at_useful(look);
    look_at_orphan(look);
}

// Gone with octets or a FIN that nobody acknowledged: somebody was told, or a user was. Nobody is
// told of a SYN+ACK that was never acknowledged in what is acceptable, whatever Fast Open had sent.
void oracle_close_on_finish(struct oracle_host *host, uint64_t now_ns)
{
    // Resets among what found no room, or no next hop.
    uint64_t lost = synfin_stack_count(host->config.stack, SYNFIN_REASON_DROP_OUTPUT_FULL)
                    + synfin_stack_count(host->config.stack, SYNFIN_REASON_DROP_NEIGHBOUR_FAILED);
    for (uint32_t i = 0; i < host->oracle->ends; i++) {
        const struct oracle_end *end = host->oracle->end[i];
        bool is_quiet = !end->has_reset && !end->heard_reset && !end->has_failed;
        if (end->host != host->id || end->boot != host->boot || lost > 0) {
            continue;
        }
        if (end->must_reset && is_quiet) {
            oracle_fail(host->oracle, end->is_aborted ? ORACLE_C6 : ORACLE_C2, end, now_ns,
                        "%s, and the peer was not told",
                        end->is_aborted ? "aborted" : "closed with octets unread");
        }
        bool was_open = end->shadow.una > 0 && end->has_opened && !end->is_aborted;
        if (end->is_gone && was_open && is_quiet && end->una_told < end->written + 1
            && !host->config.may_lack_memory) {
            oracle_fail(host->oracle, ORACLE_C3, end, now_ns,
                        "gone without a reset, %" PRIu64 " written and %" PRIu64 " acknowledged",
                        end->written, end->una_told);
        }
    }
}
