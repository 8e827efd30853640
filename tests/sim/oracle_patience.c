// SPDX-License-Identifier: MIT
//
// How long users wait for a silent peer, when they have said so: the user timeout (RFC 9293 §3.9.1,
// §3.10.8) and keep-alive (§3.8.4). A connection ends neither before that (T8) nor long after it
// (T6), and nobody is probed who was just heard or whose user has not asked for it (A3).
#include <inttypes.h>

#include "sim/oracle_subjects.h"

#define TICK_NS (UINT64_C(1) << 16)

static uint64_t latest(uint64_t a_ns, uint64_t b_ns)
{
    return a_ns > b_ns ? a_ns : b_ns;
}

// Something was handed over, the call itself or the end too, and is not acknowledged.
static bool is_waiting(const struct oracle_look *look)
{
    const struct oracle_end *end = look->end;
    return look->una < 1 + end->written + (end->has_shut || end->is_closed);
}

static void note(const struct oracle_look *look)
{
    struct oracle_patience *patience = &look->end->patience;
    if (!is_waiting(look)) {
        patience->since_ns = 0;
    } else if (patience->since_ns == 0 || look->una > patience->una) {
        patience->since_ns = look->now_ns + (look->now_ns == 0); // clocks may begin there
    }
    patience->una = look->una;
    if (look->una < look->nxt) {
        patience->in_flight_ns = look->now_ns;
    }
}

static void look_at_user_timeout(const struct oracle_look *look, const struct oracle_wishes *wishes)
{
    const struct oracle_patience *patience = &look->end->patience;
    uint64_t waits_ns = latest(patience->since_ns, wishes->timeout_set_ns);
    uint64_t since_ns = latest(waits_ns, patience->begun_ns); // a SYN of Fast Open waits for data
    bool may_hold = wishes->user_timeout_ns == 0 || patience->since_ns == 0 || !look->end->has_sent;
    if (!may_hold && look->now_ns - since_ns > wishes->user_timeout_ns + TICK_NS) {
        oracle_fail(look->host->oracle, ORACLE_T6, look->end, look->now_ns,
                    "nothing is acknowledged since %.6f s, and the user waits for %.6f s",
                    (double)since_ns / 1e9, (double)wishes->user_timeout_ns / 1e9);
    }
}

// What is in flight is watched over by retransmission, before and after.
static void look_at_keepalive(const struct oracle_look *look, const struct oracle_wishes *wishes)
{
    const struct oracle_patience *patience = &look->end->patience;
    uint64_t since_ns = latest(latest(patience->arrived_ns, patience->in_flight_ns),
                               latest(wishes->keepalive_set_ns, look->end->shadow.state_ns));
    uint64_t bound_ns = wishes->keepalive_idle_ns
                        + (wishes->keepalive_probes + 1) * wishes->keepalive_interval_ns
                        + look->host->leapt_ns - patience->leapt_ns;
    bool is_due = wishes->has_keepalive && look->is_synchronised && look->end->shadow.is_known
                  && look->conn->state != SYNFIN_TCP_STATE_TIME_WAIT;
    if (is_due && look->now_ns > since_ns && look->now_ns - since_ns > bound_ns + TICK_NS) {
        oracle_fail(look->host->oracle, ORACLE_T6, look->end, look->now_ns,
                    "a peer that is silent since %.6f s, and probed after %.6f s",
                    (double)since_ns / 1e9, (double)wishes->keepalive_idle_ns / 1e9);
    }
}

void oracle_patience_look(const struct oracle_look *look)
{
    const struct oracle_wishes *wishes = oracle_wishes_of(look->host, look->end);
    if (!look->end->has_iss || look->conn->is_done) {
        return;
    }
    note(look);
    if (look->host->pending.is_advancing) {
        look_at_user_timeout(look, wishes);
        look_at_keepalive(look, wishes);
    }
}

void oracle_patience_on_heard(const struct oracle_sight *sight, bool is_good)
{
    struct oracle_patience *patience = &sight->end->patience;
    const struct tcp_conn *conn = oracle_ends_block(sight->host, sight->end);
    bool is_taken = // RFC 7323 §3.2
        is_good && conn != NULL && sight->packet->has_timestamps == conn->uses_timestamps;
    patience->heard_ns = is_taken ? sight->now_ns : patience->heard_ns;
    patience->arrived_ns = sight->now_ns;
    patience->leapt_ns = sight->host->leapt_ns;
}

// RFC 9293 §3.8.4 [MUST-24, MUST-26, SHLD-12].
void oracle_patience_on_probe(const struct oracle_sight *sight)
{
    const struct oracle_end *end = sight->end;
    const struct oracle_wishes *wishes = oracle_wishes_of(sight->host, end);
    uint64_t heard_ns = end->patience.heard_ns;
    bool is_early = wishes->keepalive_set_ns < heard_ns
                    && sight->now_ns - heard_ns + TICK_NS < wishes->keepalive_idle_ns;
    bool is_beside = sight->seq + 1 != end->nxt || end->una_told < end->nxt;
    if (!wishes->has_keepalive || is_early || is_beside) {
        oracle_fail(sight->host->oracle, ORACLE_A3, end, sight->now_ns,
                    "a probe at %" PRIu64
                    ", %s: heard at %.6f s, to be asked after %.6f s; %" PRIu64
                    " acknowledged and %" PRIu64 " sent",
                    sight->seq, wishes->has_keepalive ? "asked for" : "that nobody asked for",
                    (double)heard_ns / 1e9, (double)wishes->keepalive_idle_ns / 1e9, end->una_told,
                    end->nxt);
    }
}

static void judge_user_timeout(const struct oracle_host *host, const struct oracle_end *end,
                               uint64_t now_ns)
{
    const struct oracle_wishes *wishes = oracle_wishes_of(host, end);
    uint64_t since_ns = end->patience.since_ns;
    if (wishes->user_timeout_ns == 0 || since_ns == 0
        || now_ns - since_ns + TICK_NS < wishes->user_timeout_ns) {
        oracle_fail(host->oracle, ORACLE_T8, end, now_ns,
                    "ended by a user timeout of %.6f s, and something waits since %.6f s",
                    (double)wishes->user_timeout_ns / 1e9, (double)since_ns / 1e9);
    }
}

// RFC 9293 §3.8.4 [MUST-27]: not one probe without an answer, but all of them.
static void judge_keepalive(const struct oracle_host *host, const struct oracle_end *end,
                            uint64_t now_ns)
{
    const struct oracle_wishes *wishes = oracle_wishes_of(host, end);
    uint64_t heard_ns = end->patience.heard_ns;
    uint64_t least_ns =
        wishes->keepalive_idle_ns + wishes->keepalive_probes * wishes->keepalive_interval_ns;
    bool is_early = wishes->keepalive_set_ns <= heard_ns && now_ns - heard_ns + TICK_NS < least_ns;
    if (!wishes->has_keepalive || is_early) {
        oracle_fail(host->oracle, ORACLE_T8, end, now_ns,
                    "ended by keep-alive, %s, heard at %.6f s, to be given up after %.6f s",
                    wishes->has_keepalive ? "asked for" : "that nobody asked for",
                    (double)heard_ns / 1e9, (double)least_ns / 1e9);
    }
}

void oracle_patience_on_trace(struct oracle_host *host, const struct synfin_trace_event *event)
{
    if (event->kind != SYNFIN_TRACE_STATE || event->conn == 0) {
        return;
    }
    const struct oracle_end *end = oracle_ends_of_number(host, event->conn);
    if (end != NULL && event->reason == SYNFIN_REASON_USER_TIMEOUT_OVER) {
        judge_user_timeout(host, end, event->t_ns);
    } else if (end != NULL && event->reason == SYNFIN_REASON_KEEPALIVE_OVER) {
        judge_keepalive(host, end, event->t_ns);
    }
}
