// SPDX-License-Identifier: MIT
//
// Timers: T1 to T8. Deadlines are compared with what they were at the last look: a deadline that
// has changed was set at the present, so that its length is known; one that has not passed has not
// fired.
#include <inttypes.h>
#include <stddef.h>

#include "sim/oracle_subjects.h"

#define TICK_NS (UINT64_C(1) << 16)

enum { BACKOFF_MAX = 16 };

static bool is_armed(const struct tcp_conn *conn, enum synfin_tcp_timer timer)
{
    return conn->deadline_ns[timer] != SYNFIN_NEVER;
}

// What is queued and may not go yet is waited for: by the window, the cork or the pace. What may
// go, and no device takes, has the time of R2 (RFC 9293 §3.8.3).
static void look_at_waiting_data(const struct oracle_look *look)
{
    const struct tcp_conn *conn = look->conn;
    bool has_unsent = conn->send.bytes > 0 || (conn->snd_closed && !conn->fin_sent);
    bool is_watched =
        is_armed(conn, SYNFIN_TCP_TIMER_PERSIST) || is_armed(conn, SYNFIN_TCP_TIMER_RETRANSMIT)
        || is_armed(conn, SYNFIN_TCP_TIMER_CORK) || is_armed(conn, SYNFIN_TCP_TIMER_PACE);
    if (has_unsent && !is_watched && conn->state < SYNFIN_TCP_STATE_FIN_WAIT_2) {
        oracle_fail(look->host->oracle, ORACLE_T2, look->end, look->now_ns,
                    "%u octets wait, window %u, and no timer runs", conn->send.bytes,
                    conn->snd.wnd);
    }
}

static void look_at_flight(const struct oracle_look *look)
{
    const struct tcp_conn *conn = look->conn;
    bool is_out = look->una < look->nxt;
    bool is_opening = conn->state == SYNFIN_TCP_STATE_SYN_SENT && look->end->has_sent;
    bool has_timer = is_armed(conn, SYNFIN_TCP_TIMER_RETRANSMIT)
                     || is_armed(conn, SYNFIN_TCP_TIMER_TAIL_PROBE)
                     || is_armed(conn, SYNFIN_TCP_TIMER_PERSIST);
    if (is_out && !has_timer && (look->is_synchronised || is_opening)) {
        oracle_fail(look->host->oracle, ORACLE_T1, look->end, look->now_ns,
                    "%" PRIu64 " octets are out and no timer runs, state %u", look->nxt - look->una,
                    conn->state);
    }
    if (!is_out && look->is_synchronised
        && (is_armed(conn, SYNFIN_TCP_TIMER_RETRANSMIT)
            || is_armed(conn, SYNFIN_TCP_TIMER_TAIL_PROBE))) {
        oracle_fail(look->host->oracle, ORACLE_T1, look->end, look->now_ns,
                    "nothing is out and a timer of retransmission runs");
    }
}

// RFC 6298 §2.5: whenever it was set, it is not longer. Until a SYN has left, what has nothing in
// flight before it, or the probe of a shut window, the timer is its R2 (RFC 9293 §3.8.3).
static void look_at_timeout(const struct oracle_look *look)
{
    bool is_first = look->una == look->nxt || look->conn->snd.wnd == 0;
    if (look->conn->snd.nxt.n == look->conn->iss.n || (look->is_waiting && is_first)) {
        return;
    }
    uint64_t deadline_ns = look->conn->deadline_ns[SYNFIN_TCP_TIMER_RETRANSMIT];
    uint64_t most_ns = look->host->stack_config.rto_max_ns;
    if (deadline_ns != SYNFIN_NEVER && deadline_ns > look->now_ns
        && deadline_ns - look->now_ns > most_ns) {
        oracle_fail(look->host->oracle, ORACLE_T3, look->end, look->now_ns,
                    "a timeout in %" PRIu64 " ns, %" PRIu64 " at most", deadline_ns - look->now_ns,
                    most_ns);
    }
}

// RFC 6298 §3: what was sent twice times nothing, but for an echo of when.
static bool may_sample(const struct oracle_look *look)
{
    const struct oracle_end *end = look->end;
    uint64_t una = end->shadow.una;
    bool is_sent_twice = oracle_ranges_hold(&end->resent, una, look->una);
    return end->is_timed || look->conn->uses_timestamps || (una < look->una && !is_sent_twice);
}

static void look_at_sample(const struct oracle_look *look)
{
    struct oracle_end *end = look->end;
    struct oracle_shadow *shadow = &end->shadow;
    bool has_sample = shadow->is_known && look->conn->rtt.srtt_ns != shadow->srtt_ns;
    bool may_be_one = may_sample(look);
    if (has_sample && !may_be_one) {
        oracle_fail(look->host->oracle, ORACLE_T3, end, look->now_ns,
                    "a round trip of [%" PRIu64 ", %" PRIu64 "), all of it sent twice", shadow->una,
                    look->una);
    }
    // §5: one that was as long as the mean ends a backoff, and narrows the deviation, too.
    if (look->conn->rtt.backoff == 0 && end->expect.arrivals > 0 && may_be_one) {
        shadow->rto_ns = 0;
    }
    end->is_timed = end->is_timed && !has_sample; // what told it may have been refused at first
}

static bool was_due(const struct oracle_look *look, enum synfin_tcp_timer timer)
{
    const struct oracle_shadow *shadow = &look->end->shadow;
    return shadow->deadline_ns[timer] <= look->now_ns || (shadow->fired >> timer & 1) != 0;
}

static void look_at_firing(const struct oracle_look *look)
{
    const struct oracle_shadow *shadow = &look->end->shadow;
    const struct tcp_conn *conn = look->conn;
    if (!shadow->is_known) {
        return;
    }
    // After a challenge (RFC 5961 §4.2), and where a SYN has crossed ours: sent again, at once.
    bool is_opening =
        shadow->state == SYNFIN_TCP_STATE_SYN_SENT && conn->state <= SYNFIN_TCP_STATE_SYN_RECEIVED;
    if (conn->retries > shadow->retries && !is_opening
        && !was_due(look, SYNFIN_TCP_TIMER_RETRANSMIT)) {
        oracle_fail(look->host->oracle, ORACLE_T8, look->end, look->now_ns,
                    "fired before its time: %u retransmissions", conn->retries);
    }
}

static void look_at_entry(const struct oracle_look *look)
{
    const struct tcp_conn *conn = look->conn;
    bool is_on_wheel = conn->timer.node.next != &conn->timer.node;
    uint64_t first_ns = SYNFIN_NEVER;
    for (uint32_t i = 0; i < SYNFIN_TCP_TIMER_COUNT; i++) {
        first_ns = conn->deadline_ns[i] < first_ns ? conn->deadline_ns[i] : first_ns;
    }
    if (first_ns != SYNFIN_NEVER && (!is_on_wheel || conn->timer.deadline_ns > first_ns)) {
        oracle_fail(look->host->oracle, ORACLE_T4, look->end, look->now_ns,
                    "a deadline at %" PRIu64 " ns and the wheel %s", first_ns,
                    is_on_wheel ? "later" : "without it");
    }
}

// RFC 9293 §3.9.1, RFC 1122 §4.2.2.13: how long a connection that nobody holds may last.
static void look_at_age(const struct oracle_look *look)
{
    const struct synfin_stack_config *config = &look->host->stack_config;
    const struct oracle_end *end = look->end;
    uint64_t fin_wait_2_ns = oracle_wishes_of(look->host, end)->fin_wait_2_ns;
    uint64_t bound_ns = config->orphan_ns + fin_wait_2_ns + 2 * config->msl_ns + ORACLE_S;
    bound_ns += look->host->leapt_ns - end->closed_leapt;
    bool may_leap = look->host->pending.is_advancing == false;
    if (!end->is_closed || end->closed_ns == 0 || may_leap || look->now_ns < end->closed_ns) {
        return;
    }
    if (look->now_ns - end->closed_ns > bound_ns) {
        oracle_fail(look->host->oracle, ORACLE_T6, end, look->now_ns,
                    "closed by its user at %.6f s and still in state %u",
                    (double)end->closed_ns / 1e9, look->conn->state);
    }
}

void oracle_timer_look(const struct oracle_look *look)
{
    look_at_age(look);
    if (look->end->has_iss) {
        look_at_firing(look);
        look_at_timeout(look);
        look_at_sample(look);
    }
    if (look->end->has_iss && !look->is_waiting) {
        look_at_flight(look);
    }
    if (look->end->has_iss && look->is_synchronised && look->una == look->nxt) {
        look_at_waiting_data(look);
    }
    look_at_entry(look);
}

_Static_assert(offsetof(struct wheel_entry, node) == 0, "a node is where its entry is");

static uint32_t count_slot(const struct list_node *list, uint64_t *first_ns)
{
    uint32_t entries = 0;
    for (const struct list_node *node = list->next; node != list; node = node->next) {
        const struct wheel_entry *entry = (const void *)node;
        *first_ns = entry->deadline_ns < *first_ns ? entry->deadline_ns : *first_ns;
        entries++;
    }
    return entries;
}

// Every entry of the wheel, one by one.
void oracle_timer_look_host(struct oracle_host *host, uint64_t now_ns)
{
    const struct wheel *wheel = &host->config.stack->wheel;
    uint64_t first_ns = SYNFIN_NEVER;
    uint32_t entries = count_slot(&wheel->due, &first_ns);
    for (uint32_t level = 0; level < WHEEL_LEVELS; level++) {
        for (uint32_t slot = 0; slot < WHEEL_SLOTS; slot++) {
            entries += count_slot(&wheel->slot[level][slot], &first_ns);
        }
    }
    uint64_t next_ns = synfin_stack_next_deadline(host->config.stack);
    if (entries != wheel->entries) {
        oracle_fail_host(host, ORACLE_T4, now_ns, "%u entries on the wheel, %u counted", entries,
                         wheel->entries);
    }
    if (next_ns > first_ns) {
        oracle_fail_host(host, ORACLE_T5, now_ns, "next at %" PRIu64 " ns, the first at %" PRIu64,
                         next_ns, first_ns);
    }
}

// RFC 6298 §2.4, §5.5: a timeout that was set just now.
static void judge_timeout(struct oracle_host *host, struct oracle_end *end,
                          const struct synfin_trace_event *event)
{
    const struct synfin_stack_config *config = &host->stack_config;
    struct oracle_shadow *shadow = &end->shadow;
    const struct tcp_conn *conn = oracle_ends_block(host, end);
    if (conn == NULL || event->as.timer.deadline_ns <= event->t_ns) {
        return;
    }
    uint64_t wait_ns = event->as.timer.deadline_ns - event->t_ns;
    uint64_t least_ns = conn->state >= SYNFIN_TCP_STATE_ESTABLISHED ? config->rto_min_ns : 0;
    if (conn->rtt.srtt_ns == 0 && config->rto_initial_ns < least_ns) { // RFC 6298 §2.1
        least_ns = config->rto_initial_ns;
    }
    bool is_again =
        event->reason == SYNFIN_REASON_ARM_BACKOFF && conn->retries > 1
        && conn->rtt.backoff < BACKOFF_MAX && conn->rtt.srtt_ns == shadow->rto_srtt_ns
        && conn->state == shadow->rto_state; // SYNs have another first wait than answers
    uint64_t doubled_ns = 2 * shadow->rto_ns;
    if (is_again && doubled_ns > least_ns) {
        least_ns = doubled_ns < config->rto_max_ns ? doubled_ns : config->rto_max_ns;
    }
    if (wait_ns + TICK_NS < least_ns) {
        oracle_fail(host->oracle, ORACLE_T3, end, event->t_ns,
                    "a timeout of %" PRIu64 " ns, %" PRIu64 " at least, %u retransmissions",
                    wait_ns, least_ns, conn->retries);
    }
    shadow->rto_ns = wait_ns;
    shadow->rto_srtt_ns = conn->rtt.srtt_ns;
    shadow->rto_state = conn->state;
}

// With a trace the very moment of each is known.
void oracle_timer_on_trace(struct oracle_host *host, const struct synfin_trace_event *event)
{
    bool is_set = event->kind == SYNFIN_TRACE_TIMER_ARMED;
    if ((!is_set && event->kind != SYNFIN_TRACE_TIMER_FIRED) || event->conn == 0) {
        return;
    }
    uint64_t deadline_ns = event->as.timer.deadline_ns;
    const struct oracle_end nobody = {.host = host->id, .number = event->conn};
    struct oracle_end *end = oracle_ends_of_number(host, event->conn);
    bool is_timeout = event->as.timer.timer == SYNFIN_TCP_TIMER_RETRANSMIT
                      && event->reason != SYNFIN_REASON_ARM_UNSENT;
    if (is_set && end != NULL && is_timeout) {
        judge_timeout(host, end, event);
    }
    if (!is_set && end != NULL) { // at its time, as follows
        end->shadow.fired |= 1u << event->as.timer.timer;
    }
    if (!is_set && deadline_ns != SYNFIN_NEVER && deadline_ns > event->t_ns) {
        oracle_fail(host->oracle, ORACLE_T8, end != NULL ? end : &nobody, event->t_ns,
                    "%s fired, due at %" PRIu64 " ns", synfin_tcp_timer_name(event->as.timer.timer),
                    deadline_ns);
    }
}
