// SPDX-License-Identifier: MIT
//
// Timeouts: RFC 9293 §3.10.8. Each connection has a deadline per timer and one entry on the
// wheel, at the earliest of them or before: a deadline that moves later leaves the entry where it
// is, and the entry finds out when it comes up. This file alone writes deadlines; everybody else
// says what happened.
//
//     RETRANSMIT    something is in flight, or should be      RFC 6298 §5
//     PERSIST       data waits for a window, nothing in flight  RFC 9293 §3.8.6.1
//     DELAYED_ACK   an acknowledgment waits for company       RFC 9293 §3.8.6.3
//     KEEPALIVE     the user asked for it                     RFC 9293 §3.8.4
//     USER_TIMEOUT  the user limits unacknowledged data       RFC 9293 §3.10.8
//     REORDER       something is late, and not lost yet       RFC 8985 §6.3
//     TAIL_PROBE    nothing comes back for the last segment   RFC 8985 §7
//     CORK          the user's cork holds a small segment
//     PACE          data wait for their turn                  RFC 9002 §7.7
//     LINGER        TIME-WAIT, an orphan in FIN-WAIT-2, and all of an orphan's life before it
#include "base/check.h"
#include "tcp/tcp_fastopen_conn.h"
#include "tcp/tcp_internal.h"
#include "tcp/tcp_linux.h"
#include "tcp/tcp_loss.h"
#include "tcp/tcp_mtu.h"
#include "tcp/tcp_syncache.h"
#include "tcp/tcp_time_wait.h"

enum { R1_RETRIES = 3 }; // RFC 9293 §3.8.3 [SHLD-10]: at least 3 retransmissions

#define CORK_NS (200 * NS_PER_MS) // as long as Linux lets it hold

static void trace(struct tcp *tcp, const struct tcp_conn *conn, enum synfin_tcp_timer timer,
                  enum synfin_trace_kind kind, enum synfin_reason reason, uint64_t now_ns)
{
    bool is_probing = timer == SYNFIN_TCP_TIMER_PERSIST || timer == SYNFIN_TCP_TIMER_KEEPALIVE;
    struct tcp_tick tick = {.pair = &conn->pair,
                            .number = conn->number,
                            .kind = kind,
                            .timer = timer,
                            .reason = reason,
                            .deadline_ns = conn->deadline_ns[timer],
                            .count = is_probing ? conn->probes : conn->retries};
    tcp_trace_timer(tcp, &tick, now_ns);
}

static void arm(struct tcp *tcp, struct tcp_conn *conn, enum synfin_tcp_timer timer,
                uint64_t wait_ns, enum synfin_reason reason, uint64_t now_ns)
{
    uint64_t deadline_ns = deadline_after(now_ns, wait_ns);
    conn->deadline_ns[timer] = deadline_ns;
    if (!wheel_is_armed(&conn->timer) || deadline_ns < conn->timer.deadline_ns) {
        wheel_arm(tcp->wheel, &conn->timer, deadline_ns);
    }
    trace(tcp, conn, timer, SYNFIN_TRACE_TIMER_ARMED, reason, now_ns);
}

static bool is_armed(const struct tcp_conn *conn, enum synfin_tcp_timer timer)
{
    return conn->deadline_ns[timer] != SYNFIN_NEVER;
}

static void cancel(struct tcp_conn *conn, enum synfin_tcp_timer timer)
{
    conn->deadline_ns[timer] = SYNFIN_NEVER;
}

void tcp_timer_cancel_all(struct tcp *tcp, struct tcp_conn *conn)
{
    for (uint32_t i = 0; i < SYNFIN_TCP_TIMER_COUNT; i++) {
        conn->deadline_ns[i] = SYNFIN_NEVER;
    }
    wheel_cancel(tcp->wheel, &conn->timer);
}

static bool has_unacked(const struct tcp_conn *conn)
{
    return seq_lt(conn->snd.una, conn->snd.nxt);
}

// The user waits for an answer from when it has handed something over, a call of connect too, and
// not from when that leaves: a device may never take it.
static bool has_waiting(const struct tcp_conn *conn)
{
    bool has_syn = conn->state == SYNFIN_TCP_STATE_SYN_SENT && !conn->is_syn_acked
                   && !tcp_fastopen_conn_is_waiting(conn);
    return has_syn || has_unacked(conn) || conn->send.bytes > 0
           || (conn->snd_closed && !conn->fin_sent);
}

static void arm_user_timeout(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns)
{
    if (conn->set.user_timeout_ns == 0) {
        cancel(conn, SYNFIN_TCP_TIMER_USER_TIMEOUT);
        return;
    }
    arm(tcp, conn, SYNFIN_TCP_TIMER_USER_TIMEOUT, conn->set.user_timeout_ns,
        SYNFIN_REASON_ARM_USER_TIMEOUT, now_ns);
}

static void arm_retransmit(struct tcp *tcp, struct tcp_conn *conn, enum synfin_reason reason,
                           uint64_t now_ns)
{
    arm(tcp, conn, SYNFIN_TCP_TIMER_RETRANSMIT, tcp_rtt_timeout(tcp, conn), reason, now_ns);
}

static uint32_t retries_max(const struct tcp *tcp, const struct tcp_conn *conn)
{
    if (conn->state == SYNFIN_TCP_STATE_SYN_SENT) {
        return conn->set.syn_retries;
    }
    if (conn->state == SYNFIN_TCP_STATE_SYN_RECEIVED) { // of a simultaneous open
        return tcp->config.syn_ack_retries;
    }
    return conn->is_orphan ? tcp->config.orphan_retries : tcp->config.data_retries;
}

// Our SYN, which waits for a device and not for its user.
static bool has_unsent_syn(const struct tcp_conn *conn)
{
    return !conn->is_syn_acked && seq_eq(conn->snd.nxt, conn->iss)
           && !tcp_fastopen_conn_is_waiting(conn);
}

// The same, data or a FIN with nothing in flight before them, or a probe: nothing goes again whose
// number of times could be counted.
static bool has_unsent(const struct tcp_conn *conn)
{
    bool has_end = conn->snd_closed && !conn->fin_sent;
    bool has_new = conn->is_syn_acked && !has_unacked(conn) && (conn->send.bytes > 0 || has_end);
    bool has_probe = has_unacked(conn) && conn->pending.probe;
    return has_new || has_probe || has_unsent_syn(conn);
}

// Whether it waits for the peer, the user or its turn, and not for a device.
static bool is_held(const struct tcp_conn *conn)
{
    return is_armed(conn, SYNFIN_TCP_TIMER_PERSIST) || is_armed(conn, SYNFIN_TCP_TIMER_CORK)
           || is_armed(conn, SYNFIN_TCP_TIMER_PACE);
}

// RFC 9293 §3.8.3 [MUST-20, MUST-23]: where no device takes what is to be sent, nothing is sent
// again that could be counted. R2 is reached as late as if it had left at once, and were not
// answered.
static void limit_unsent(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns)
{
    if (!has_unsent(conn) || is_held(conn) || is_armed(conn, SYNFIN_TCP_TIMER_RETRANSMIT)) {
        return;
    }
    uint64_t wait_ns = tcp_rtt_timeout(tcp, conn);
    uint64_t all_ns = wait_ns;
    for (uint32_t left = retries_max(tcp, conn); left > 0; left--) {
        wait_ns = deadline_min(2 * wait_ns, tcp->config.rto_max_ns);
        all_ns += wait_ns;
    }
    arm(tcp, conn, SYNFIN_TCP_TIMER_RETRANSMIT, all_ns, SYNFIN_REASON_ARM_UNSENT, now_ns);
}

void tcp_timer_on_asked(struct tcp_conn *conn)
{
    if (has_unsent(conn)) {
        cancel(conn, SYNFIN_TCP_TIMER_RETRANSMIT);
    }
}

// RFC 6298 §5.1: not running, or running for what had not left.
void tcp_timer_on_sent(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns)
{
    cancel(conn, SYNFIN_TCP_TIMER_PERSIST);
    cancel(conn, SYNFIN_TCP_TIMER_CORK);
    if (!has_unacked(conn) || !is_armed(conn, SYNFIN_TCP_TIMER_RETRANSMIT)) {
        arm_retransmit(tcp, conn, SYNFIN_REASON_ARM_RETRANSMIT, now_ns);
    }
    if (!is_armed(conn, SYNFIN_TCP_TIMER_USER_TIMEOUT)) {
        arm_user_timeout(tcp, conn, now_ns);
    }
}

// RFC 6675 §6 lets retransmissions start the timer anew, as long as it has not run out. The first
// segment's do: the timer is about that one, and its answer takes a whole round trip from now.
void tcp_timer_on_repaired(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns)
{
    if (conn->rtt.backoff == 0) {
        arm_retransmit(tcp, conn, SYNFIN_REASON_ARM_RETRANSMIT, now_ns);
    }
}

// RFC 6298 §5.2, §5.3.
void tcp_timer_on_acked(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns)
{
    if (!has_unacked(conn)) {
        cancel(conn, SYNFIN_TCP_TIMER_RETRANSMIT);
    } else if (is_armed(conn, SYNFIN_TCP_TIMER_RETRANSMIT) && !conn->pending.probe) {
        arm_retransmit(tcp, conn, SYNFIN_REASON_ARM_RETRANSMIT, now_ns);
    }
    if (!has_waiting(conn)) {
        cancel(conn, SYNFIN_TCP_TIMER_PERSIST);
        cancel(conn, SYNFIN_TCP_TIMER_USER_TIMEOUT);
    } else {
        arm_user_timeout(tcp, conn, now_ns);
    }
    limit_unsent(tcp, conn, now_ns);
}

// RFC 9293 §3.8.4 [MAY-5, MUST-24, MUST-25].
static bool may_keep_alive(const struct tcp_conn *conn)
{
    return conn->set.has_keepalive && tcp_state_is(conn, TCP_FACT_SYNCHRONISED)
           && conn->state != SYNFIN_TCP_STATE_TIME_WAIT;
}

// The keep-alive's deadline is not moved for every segment: when it comes up it looks how long
// ago the peer was heard.
void tcp_timer_on_received(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns)
{
    bool was_probed = conn->unanswered > 0;
    conn->unanswered = 0;
    if (was_probed) { // by one that has not left yet, too
        conn->pending.keepalive = false;
    }
    if (may_keep_alive(conn) && (was_probed || !is_armed(conn, SYNFIN_TCP_TIMER_KEEPALIVE))) {
        arm(tcp, conn, SYNFIN_TCP_TIMER_KEEPALIVE, conn->set.keepalive_idle_ns,
            SYNFIN_REASON_ARM_KEEPALIVE, now_ns);
    }
}

void tcp_timer_on_data_unacked(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns)
{
    if (!is_armed(conn, SYNFIN_TCP_TIMER_DELAYED_ACK)) {
        arm(tcp, conn, SYNFIN_TCP_TIMER_DELAYED_ACK, tcp->config.delayed_ack_ns,
            SYNFIN_REASON_ARM_DELAYED_ACK, now_ns);
    }
}

void tcp_timer_on_ack_sent(struct tcp *tcp, struct tcp_conn *conn)
{
    (void)tcp;
    cancel(conn, SYNFIN_TCP_TIMER_DELAYED_ACK);
}

// RFC 9293 §3.8.6.1 [SHLD-29, SHLD-30]: the first probe after one RTO, then exponentially.
static void arm_persist(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns)
{
    uint32_t shift = conn->probes < 16 ? conn->probes : 16;
    uint64_t most_ns = tcp->config.rto_max_ns;
    uint64_t rto_ns = tcp_rtt_timeout(tcp, conn);
    uint64_t wait_ns = rto_ns > most_ns >> shift ? most_ns : rto_ns << shift;
    arm(tcp, conn, SYNFIN_TCP_TIMER_PERSIST, wait_ns, SYNFIN_REASON_ARM_PERSIST, now_ns);
}

void tcp_timer_on_blocked(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns)
{
    if (!is_armed(conn, SYNFIN_TCP_TIMER_PERSIST) && !is_armed(conn, SYNFIN_TCP_TIMER_RETRANSMIT)) {
        arm_persist(tcp, conn, now_ns);
    }
}

void tcp_timer_on_corked(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns)
{
    if (!is_armed(conn, SYNFIN_TCP_TIMER_CORK)) {
        arm(tcp, conn, SYNFIN_TCP_TIMER_CORK, CORK_NS, SYNFIN_REASON_ARM_CORK, now_ns);
    }
}

void tcp_timer_on_paced(struct tcp *tcp, struct tcp_conn *conn, uint64_t wait_ns, uint64_t now_ns)
{
    if (deadline_after(now_ns, wait_ns) < conn->deadline_ns[SYNFIN_TCP_TIMER_PACE]) {
        arm(tcp, conn, SYNFIN_TCP_TIMER_PACE, wait_ns, SYNFIN_REASON_ARM_PACE, now_ns);
    }
}

void tcp_timer_on_probe_sent(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns)
{
    cancel(conn, SYNFIN_TCP_TIMER_RETRANSMIT);
    arm_persist(tcp, conn, now_ns);
}

void tcp_timer_on_window_open(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns)
{
    bool is_probing = is_armed(conn, SYNFIN_TCP_TIMER_PERSIST) || conn->pending.probe;
    if (!is_probing) {
        return;
    }
    cancel(conn, SYNFIN_TCP_TIMER_PERSIST);
    conn->pending.probe = false; // which has not left yet
    conn->probes = 0;
    if (has_unacked(conn)) { // the probe's octet: it was refused, and goes again with the rest
        tcp_output_go_back(conn);
        conn->pending.resend_reason = SYNFIN_REASON_SEND_WINDOW_OPENED;
        arm_retransmit(tcp, conn, SYNFIN_REASON_ARM_RETRANSMIT, now_ns);
    }
    limit_unsent(tcp, conn, now_ns);
}

void tcp_timer_on_reordering(struct tcp *tcp, struct tcp_conn *conn, uint64_t wait_ns,
                             uint64_t now_ns)
{
    cancel(conn, SYNFIN_TCP_TIMER_REORDER);
    if (wait_ns > 0) {
        arm(tcp, conn, SYNFIN_TCP_TIMER_REORDER, wait_ns, SYNFIN_REASON_ARM_REORDER, now_ns);
    }
}

// RFC 8985 §7.2: a probe that would be due after the retransmission timer goes in its place. The
// probe's timer is the first of the list, so that it is looked at before.
void tcp_timer_on_tail(struct tcp *tcp, struct tcp_conn *conn, uint64_t wait_ns, uint64_t now_ns)
{
    uint64_t left_ns = deadline_age(now_ns, conn->deadline_ns[SYNFIN_TCP_TIMER_RETRANSMIT]);
    cancel(conn, SYNFIN_TCP_TIMER_TAIL_PROBE);
    if (wait_ns > 0) {
        arm(tcp, conn, SYNFIN_TCP_TIMER_TAIL_PROBE, deadline_min(wait_ns, left_ns),
            SYNFIN_REASON_ARM_TAIL_PROBE, now_ns);
    }
}

void tcp_timer_on_queued(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns)
{
    if (!is_armed(conn, SYNFIN_TCP_TIMER_USER_TIMEOUT) && has_waiting(conn)) {
        arm_user_timeout(tcp, conn, now_ns);
    }
    limit_unsent(tcp, conn, now_ns);
}

// A probe that is out has its time to be answered, whatever the user sets meanwhile.
void tcp_timer_on_keepalive_set(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns)
{
    cancel(conn, SYNFIN_TCP_TIMER_KEEPALIVE);
    conn->pending.keepalive = false;
    if (may_keep_alive(conn)) {
        uint64_t silent_ns = deadline_age(conn->totals.ack_received_ns, now_ns);
        uint64_t idle_ns = conn->set.keepalive_idle_ns;
        uint64_t next_ns = conn->unanswered > 0 ? conn->set.keepalive_interval_ns : 0;
        arm(tcp, conn, SYNFIN_TCP_TIMER_KEEPALIVE,
            idle_ns > silent_ns ? idle_ns - silent_ns : next_ns, SYNFIN_REASON_ARM_KEEPALIVE,
            now_ns);
    }
}

// What waits already has so long from now on.
void tcp_timer_on_user_timeout_set(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns)
{
    if (!conn->is_done && has_waiting(conn)) {
        arm_user_timeout(tcp, conn, now_ns);
    }
}

// RFC 9293 §3.6.1 [MUST-13]; all other timers are turned off.
void tcp_timer_on_time_wait(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns)
{
    tcp_timer_cancel_all(tcp, conn);
    arm(tcp, conn, SYNFIN_TCP_TIMER_LINGER, 2 * tcp->config.msl_ns, SYNFIN_REASON_ARM_LINGER,
        now_ns);
}

void tcp_timer_on_orphan(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns)
{
    if (conn->is_orphan && conn->state != SYNFIN_TCP_STATE_TIME_WAIT) { // which has its own end
        bool is_finished = conn->state == SYNFIN_TCP_STATE_FIN_WAIT_2;
        arm(tcp, conn, SYNFIN_TCP_TIMER_LINGER,
            is_finished ? conn->set.fin_wait_2_ns : tcp->config.orphan_ns, SYNFIN_REASON_ARM_LINGER,
            now_ns);
    }
}

// The error of a connection that got no answer: what a router said meanwhile tells more, and most
// that no packet has left. Parked: what the device has taken are questions for the next hop.
static enum synfin_error give_up_error(const struct tcp_conn *conn)
{
    if (has_unsent(conn) && !is_held(conn)) {
        return conn->is_parked ? SYNFIN_ERROR_NO_NEIGHBOUR : SYNFIN_ERROR_NOT_SENT;
    }
    return conn->soft_error != SYNFIN_ERROR_OK ? (enum synfin_error)conn->soft_error
                                               : SYNFIN_ERROR_TIMED_OUT;
}

static void give_up(struct tcp *tcp, struct tcp_conn *conn, enum synfin_reason cause,
                    uint64_t now_ns)
{
    if (conn->state == SYNFIN_TCP_STATE_SYN_SENT) { // a peer never heard has nothing to be reset
        tcp_life_end(tcp, conn, give_up_error(conn), cause, now_ns);
        return;
    }
    enum synfin_reason rst =
        conn->is_orphan ? SYNFIN_REASON_SEND_RST_ORPHAN : SYNFIN_REASON_SEND_RST_TIMEOUT;
    tcp_life_reset(tcp, conn, give_up_error(conn), rst, cause, now_ns);
}

// RFC 9293 §3.8.3 [MUST-20]: R2 is reached.
static void give_up_retransmitting(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns)
{
    if (conn->state == SYNFIN_TCP_STATE_SYN_SENT) {
        give_up(tcp, conn, SYNFIN_REASON_SYN_RETRIES_OVER, now_ns);
    } else if (conn->state == SYNFIN_TCP_STATE_SYN_RECEIVED) {
        tcp_life_end(tcp, conn, give_up_error(conn), SYNFIN_REASON_SYN_ACK_RETRIES_OVER, now_ns);
    } else {
        give_up(tcp, conn, conn->is_orphan ? SYNFIN_REASON_ORPHAN_OVER : SYNFIN_REASON_RETRIES_OVER,
                now_ns);
    }
}

// The window was taken back while data was in flight: what lies beyond it is not lost but
// unwelcome, so the peer is asked instead:
// RFC 9293 §3.8.6 [MUST-34, MUST-35, SHLD-17].
static void turn_to_probing(struct tcp *tcp, struct tcp_conn *conn)
{
    tcp_output_go_back(conn);
    conn->pending.resend_reason = SYNFIN_REASON_SEND_WINDOW_OPENED;
    conn->pending.probe = true;
    tcp_output_want(tcp, conn);
}

static void note_syn_lost(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns)
{
    if (!conn->is_syn_acked) {
        conn->has_syn_lost = true;
        tcp_fastopen_conn_on_failed(tcp, conn, now_ns);
    }
}

// RFC 9293 §3.8.3 [MUST-20, MUST-22, SHLD-9]: at R1, the same for SYNs and data, the next hop is
// looked for anew, for it may be the cause, and the user is told.
static void note_r1(struct tcp *tcp, struct tcp_conn *conn)
{
    conn->path.hint[0] = conn->path.hint[1] = 0;
    report_count(tcp->report, SYNFIN_REASON_R1_REACHED);
    tcp_event_tell(tcp, conn, SYNFIN_EVENT_UNANSWERED);
}

static void give_up_unsent(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns)
{
    if (has_unsent_syn(conn)) { // a peer that has heard nothing has nothing to be reset
        tcp_life_end(tcp, conn, give_up_error(conn), SYNFIN_REASON_SYN_NEVER_LEFT, now_ns);
    } else {
        give_up(tcp, conn, SYNFIN_REASON_DATA_NEVER_LEFT, now_ns);
    }
}

static bool fire_retransmit(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns)
{
    if (has_unsent(conn)) {
        give_up_unsent(tcp, conn, now_ns);
        return false;
    }
    if (conn->snd.wnd == 0 && tcp_state_is(conn, TCP_FACT_SYNCHRONISED)) {
        turn_to_probing(tcp, conn);
        return true;
    }
    if (conn->retries >= retries_max(tcp, conn)) {
        give_up_retransmitting(tcp, conn, now_ns);
        return false;
    }
    conn->retries++;
    note_syn_lost(tcp, conn, now_ns);
    if (conn->retries == R1_RETRIES) {
        note_r1(tcp, conn);
    }
    tcp_rtt_back_off(conn);
    enum synfin_reason reason = tcp_mtu_lower_on_timeout(tcp, conn, now_ns);
    tcp_recovery_on_timeout(tcp, conn, now_ns);
    conn->pending.resend_reason = (uint16_t)reason;
    arm_retransmit(tcp, conn, SYNFIN_REASON_ARM_BACKOFF, now_ns);
    tcp_output_want(tcp, conn);
    return true;
}

// Any answer clears `unanswered`, so a peer may keep its window shut: RFC 9293 §3.8.6.1 [MUST-37].
// A probe when the window is shut, else the override of RFC 9293 §3.8.6.2.1 for a segment that
// was held for being too small.
static bool fire_persist(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns)
{
    bool is_orphaned = conn->is_orphan && conn->probes >= tcp->config.orphan_retries;
    if (is_orphaned || conn->unanswered >= tcp->config.data_retries) {
        give_up(tcp, conn, is_orphaned ? SYNFIN_REASON_ORPHAN_OVER : SYNFIN_REASON_RETRIES_OVER,
                now_ns);
        return false;
    }
    if (tcp_output_room(conn) > 0) {
        conn->pending.push_small = true;
    } else {
        conn->pending.probe = true;
    }
    tcp_output_want(tcp, conn);
    return true;
}

static bool fire_delayed_ack(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns)
{
    (void)now_ns;
    tcp_linux_on_delayed_ack(conn);
    if (conn->pending.ack_reason == 0) {
        tcp_output_acknowledge(tcp, conn, SYNFIN_REASON_SEND_ACK_DELAYED);
    }
    return true;
}

// RFC 9293 §3.8.4 [MUST-26, MUST-27, MUST-29].
static bool fire_keepalive(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns)
{
    uint64_t silent_ns = deadline_age(conn->totals.ack_received_ns, now_ns);
    ASSERT(may_keep_alive(conn));
    if (silent_ns < conn->set.keepalive_idle_ns || has_unacked(conn)) {
        uint64_t idle_ns = conn->set.keepalive_idle_ns;
        arm(tcp, conn, SYNFIN_TCP_TIMER_KEEPALIVE,
            silent_ns < idle_ns ? idle_ns - silent_ns : conn->set.keepalive_interval_ns,
            SYNFIN_REASON_ARM_KEEPALIVE, now_ns);
        return true;
    }
    if (conn->unanswered >= conn->set.keepalive_probes) {
        give_up(tcp, conn, SYNFIN_REASON_KEEPALIVE_OVER, now_ns);
        return false;
    }
    conn->unanswered++;
    conn->pending.keepalive = true;
    arm(tcp, conn, SYNFIN_TCP_TIMER_KEEPALIVE, conn->set.keepalive_interval_ns,
        SYNFIN_REASON_ARM_KEEPALIVE, now_ns);
    tcp_output_want(tcp, conn);
    return true;
}

static bool fire_user_timeout(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns)
{
    give_up(tcp, conn, SYNFIN_REASON_USER_TIMEOUT_OVER, now_ns);
    return false;
}

static bool fire_reorder(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns)
{
    tcp_loss_on_reorder(tcp, conn, now_ns);
    return true;
}

static bool fire_tail_probe(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns)
{
    if (!tcp_mtu_lower_on_silence(tcp, conn, now_ns)) {
        tcp_tail_fire(tcp, conn);
    }
    if (is_armed(conn, SYNFIN_TCP_TIMER_RETRANSMIT)) { // RFC 8985 §7.3: so that the probe has time
        arm_retransmit(tcp, conn, SYNFIN_REASON_ARM_RETRANSMIT, now_ns);
    }
    return true;
}

static bool fire_cork(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns)
{
    (void)now_ns;
    conn->snd.pushed = tcp_output_end(conn);
    tcp_output_uncork(tcp, conn);
    return true;
}

static bool fire_pace(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns)
{
    (void)now_ns;
    tcp_output_want(tcp, conn);
    return true;
}

static bool fire_linger(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns)
{
    bool is_time_wait = conn->state == SYNFIN_TCP_STATE_TIME_WAIT;
    if (!is_time_wait && conn->state != SYNFIN_TCP_STATE_FIN_WAIT_2) {
        give_up(tcp, conn, SYNFIN_REASON_ORPHAN_OVER, now_ns);
        return false;
    }
    tcp_life_end(tcp, conn, SYNFIN_ERROR_OK,
                 is_time_wait ? SYNFIN_REASON_TIME_WAIT_OVER : SYNFIN_REASON_FIN_WAIT_2_OVER,
                 now_ns);
    return false;
}

struct timer_row {
    // False when the connection has ended and may be gone.
    bool (*fire)(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns);
    enum synfin_reason reason;
};

static const struct timer_row TIMER_ROWS[SYNFIN_TCP_TIMER_COUNT] = {
    [SYNFIN_TCP_TIMER_RETRANSMIT] = {fire_retransmit, SYNFIN_REASON_TIMER_RETRANSMIT},
    [SYNFIN_TCP_TIMER_PERSIST] = {fire_persist, SYNFIN_REASON_TIMER_PERSIST},
    [SYNFIN_TCP_TIMER_DELAYED_ACK] = {fire_delayed_ack, SYNFIN_REASON_TIMER_DELAYED_ACK},
    [SYNFIN_TCP_TIMER_KEEPALIVE] = {fire_keepalive, SYNFIN_REASON_TIMER_KEEPALIVE},
    [SYNFIN_TCP_TIMER_USER_TIMEOUT] = {fire_user_timeout, SYNFIN_REASON_TIMER_USER_TIMEOUT},
    [SYNFIN_TCP_TIMER_TAIL_PROBE] = {fire_tail_probe, SYNFIN_REASON_TIMER_TAIL_PROBE},
    [SYNFIN_TCP_TIMER_REORDER] = {fire_reorder, SYNFIN_REASON_TIMER_REORDER},
    [SYNFIN_TCP_TIMER_CORK] = {fire_cork, SYNFIN_REASON_TIMER_CORK},
    [SYNFIN_TCP_TIMER_PACE] = {fire_pace, SYNFIN_REASON_TIMER_PACE},
    [SYNFIN_TCP_TIMER_LINGER] = {fire_linger, SYNFIN_REASON_TIMER_LINGER},
};

static uint64_t earliest(const struct tcp_conn *conn)
{
    uint64_t first_ns = SYNFIN_NEVER;
    for (uint32_t i = 0; i < SYNFIN_TCP_TIMER_COUNT; i++) {
        first_ns = deadline_min(first_ns, conn->deadline_ns[i]);
    }
    return first_ns;
}

static void fire_connection(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns)
{
    for (uint32_t i = 0; i < SYNFIN_TCP_TIMER_COUNT; i++) {
        if (!deadline_is_due(conn->deadline_ns[i], now_ns)) {
            continue;
        }
        trace(tcp, conn, (enum synfin_tcp_timer)i, SYNFIN_TRACE_TIMER_FIRED, TIMER_ROWS[i].reason,
              now_ns);
        cancel(conn, (enum synfin_tcp_timer)i);
        if (!TIMER_ROWS[i].fire(tcp, conn, now_ns)) {
            return;
        }
    }
    limit_unsent(tcp, conn, now_ns);
    wheel_arm(tcp->wheel, &conn->timer, earliest(conn));
}

void tcp_timer_fire(struct tcp *tcp, struct wheel_entry *entry, uint64_t now_ns)
{
    if (entry == &tcp->half_open.timer) {
        tcp_syncache_fire(tcp, now_ns);
    } else if (entry == &tcp->time_wait.timer) {
        tcp_time_wait_fire(tcp, now_ns);
    } else {
        fire_connection(tcp, CONTAINER_OF(entry, struct tcp_conn, timer), now_ns);
    }
}
