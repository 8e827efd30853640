// SPDX-License-Identifier: MIT
//
// Round-trip time and the retransmission timeout: RFC 6298 in integers of ns. One segment is
// timed per round trip, and never one that was sent again (Karn, §3): RFC 9293 §3.8.1 [MUST-18].
//
// Echoed timestamps give a sample with every acknowledgment, in ticks of 1 ms. They go to
// congestion control, which looks for the least of a round (RFC 9406), and not into SRTT: the timed
// segments are exact, and one sample per round trip is what alpha and beta are meant for, so that
// nothing has to be corrected as RFC 7323 Appendix G would.
#include "tcp/tcp_internal.h"
#include "tcp/tcp_linux.h"
#include "tcp/tcp_loss.h"

// The clock's granularity G: one tick of the timer wheel.
#define GRANULARITY_NS (UINT64_C(1) << WHEEL_TICK_SHIFT)
// Samples beyond this are a clock's or a network's accident: 10 minutes.
#define SAMPLE_MAX_NS  (600 * NS_PER_S)

// The minimum is kept in units of 16 ns, of slots of 75 s: it is one of the last 225 to 300 s, for
// a path may become longer for good.
#define MIN_UNIT_NS UINT64_C(16)
#define MIN_SLOT_NS (75 * NS_PER_S)

// §5.7
#define RTO_AFTER_LOST_SYN_NS (3 * NS_PER_S)
// How late an acknowledgment may be by its sender's choice, as receivers in use go (RFC 8985 §7.2);
// RTTVAR does not know it while a bulk transfer makes them acknowledge at once.
#define ACK_DELAY_MAX_NS      (200 * NS_PER_MS)

enum { BACKOFF_MAX = 16 };

void tcp_rtt_note(struct tcp_conn *conn, uint64_t rtt_ns, uint64_t now_ns)
{
    struct tcp_rtt *rtt = &conn->rtt;
    uint64_t units = deadline_max(deadline_min(rtt_ns / MIN_UNIT_NS, UINT32_MAX), 1);
    if (rtt->srtt_ns > 0) {
        rtt->min_ns = (uint64_t)windowed_min_update(&rtt->least, (uint32_t)(now_ns / MIN_SLOT_NS),
                                                    (uint32_t)units)
                      * MIN_UNIT_NS;
    }
}

// RFC 4015 §3.1 step 11: the path may go on being slow.
static void adapt(struct tcp_rtt *rtt, uint64_t rtt_ns)
{
    rtt->was_spurious = false;
    rtt->srtt_ns = deadline_max(rtt->srtt_ns + 2 * GRANULARITY_NS, rtt_ns);
    rtt->rttvar_ns = deadline_max(rtt->rttvar_ns, rtt_ns / 2);
}

// §2.3
static void average(struct tcp_rtt *rtt, uint64_t rtt_ns)
{
    uint64_t error = rtt->srtt_ns > rtt_ns ? rtt->srtt_ns - rtt_ns : rtt_ns - rtt->srtt_ns;
    rtt->rttvar_ns = (3 * rtt->rttvar_ns + error) / 4; // beta = 1/4
    rtt->srtt_ns = (7 * rtt->srtt_ns + rtt_ns) / 8;    // alpha = 1/8
}

void tcp_rtt_sample(struct tcp_conn *conn, uint64_t rtt_ns, uint64_t now_ns)
{
    struct tcp_rtt *rtt = &conn->rtt;
    rtt_ns = deadline_min(deadline_max(rtt_ns, 1), SAMPLE_MAX_NS);
    rtt->backoff = 0; // §5: a new measurement makes the timeout collapse, and nothing before it
    if (rtt->srtt_ns == 0) { // §2.2
        windowed_min_init(&rtt->least);
        rtt->srtt_ns = rtt_ns;
        rtt->rttvar_ns = rtt_ns / 2;
    } else if (rtt->was_spurious) {
        adapt(rtt, rtt_ns);
    } else {
        average(rtt, rtt_ns);
    }
    tcp_rtt_note(conn, rtt_ns, now_ns);
}

void tcp_rtt_on_spurious(struct tcp_conn *conn)
{
    conn->rtt.was_spurious = conn->rtt.srtt_ns > 0;
}

static uint64_t base_timeout(const struct tcp *tcp, const struct tcp_conn *conn)
{
    const struct tcp_rtt *rtt = &conn->rtt;
    const struct synfin_stack_config *config = &tcp->config;
    if (rtt->srtt_ns == 0) {
        bool is_answering = conn->state == SYNFIN_TCP_STATE_SYN_RECEIVED;
        if (conn->has_syn_lost && tcp_state_is(conn, TCP_FACT_SYNCHRONISED)) {
            return deadline_max(config->rto_initial_ns, RTO_AFTER_LOST_SYN_NS);
        }
        return is_answering ? config->syn_ack_initial_ns : config->rto_initial_ns; // §2.1
    }
    uint64_t late_ns = deadline_min(config->rto_min_ns, ACK_DELAY_MAX_NS);
    uint64_t margin_ns = deadline_max(GRANULARITY_NS, 4 * rtt->rttvar_ns);
    uint64_t rto = rtt->srtt_ns + deadline_max(margin_ns, late_ns);
    return deadline_max(rto, config->rto_min_ns); // §2.4
}

// RTO with its backoff (§5.5), between the limits of §2.4 and §2.5.
uint64_t tcp_rtt_timeout(const struct tcp *tcp, const struct tcp_conn *conn)
{
    uint64_t most_ns = tcp->config.rto_max_ns;
    uint64_t rto_ns = base_timeout(tcp, conn);
    return rto_ns > most_ns >> conn->rtt.backoff ? most_ns : rto_ns << conn->rtt.backoff;
}

// Karn's rule is about the segment that is timed (§3): the answer could be to either transmission.
// When another one is sent again, an acknowledgment by number may have waited for that one; SACK
// goes on telling when the timed one came, for as long as a path loses something in every round.
static void stop_timing_resent(struct tcp_conn *conn, const struct tcp_plan *plan)
{
    struct tcp_rtt *rtt = &conn->rtt;
    uint32_t space = plan->bytes + (plan->flags & SYNFIN_TCP_FIN ? 1 : 0);
    bool is_other = seq_ge(plan->seq, rtt->timed) || seq_lt(seq_add(plan->seq, space), rtt->timed);
    rtt->is_timing = rtt->is_timing && is_other && conn->loss != NULL;
    rtt->is_behind = rtt->is_timing;
}

void tcp_rtt_on_sent(struct tcp_conn *conn, const struct tcp_plan *plan, uint64_t now_ns)
{
    bool takes_space = plan->bytes > 0 || (plan->flags & (SYNFIN_TCP_SYN | SYNFIN_TCP_FIN)) != 0;
    if (!takes_space) {
        return;
    }
    if (plan->is_again) {
        stop_timing_resent(conn, plan);
    } else if (!conn->rtt.is_timing) {
        conn->rtt.is_timing = true;
        conn->rtt.is_behind = false;
        // Data that go with a SYN may be left unacknowledged.
        bool is_one = plan->bytes == 0 || plan->kind == TCP_PLAN_SYN;
        conn->rtt.timed = seq_add(plan->seq, is_one ? 1 : plan->bytes);
        conn->rtt.timed_ns = now_ns;
    }
}

// RFC 7323 §4.1: TSecr of an acknowledgment of new data is when what it answers was sent.
static uint64_t age_of_echo(const struct tcp_conn *conn, const struct tcp_segment *seg,
                            uint64_t now_ns)
{
    uint64_t age_ns = (uint64_t)(tcp_paws_now(conn, now_ns) - seg->h.ts_ecr) * NS_PER_MS;
    return age_ns > SAMPLE_MAX_NS ? 0 : deadline_max(age_ns, 1);
}

// The acknowledgment by number answers the timed segment and nothing else.
static bool is_answer(const struct tcp_rtt *rtt, struct seq ack)
{
    return rtt->is_timing && !rtt->is_behind && seq_ge(ack, rtt->timed);
}

uint64_t tcp_rtt_of_ack(const struct tcp_conn *conn, const struct tcp_segment *seg, uint64_t now_ns)
{
    if (is_answer(&conn->rtt, seg->h.ack)) {
        return deadline_max(deadline_age(conn->rtt.timed_ns, now_ns), 1);
    }
    bool has_echo = conn->uses_timestamps && seg->h.has_timestamps;
    return has_echo ? age_of_echo(conn, seg, now_ns) : 0;
}

// Karn's algorithm is for who cannot tell the transmissions apart (§3): an echo says which one
// arrived, and ends a backoff that could otherwise last until something is sent only once.
void tcp_rtt_on_echo(struct tcp_conn *conn, const struct tcp_segment *seg, uint64_t now_ns)
{
    bool has_echo = conn->uses_timestamps && seg->h.has_timestamps;
    uint64_t age_ns = has_echo && conn->rtt.backoff > 0 ? age_of_echo(conn, seg, now_ns) : 0;
    if (age_ns > 0) {
        tcp_rtt_sample(conn, age_ns, now_ns);
    }
}

void tcp_rtt_on_acked(struct tcp_conn *conn, struct seq ack, uint64_t now_ns)
{
    if (!conn->is_syn_acked) {
        conn->rtt.backoff = 0; // §5.7: data begins with a timeout of its own
    }
    if (is_answer(&conn->rtt, ack)) {
        tcp_rtt_sample(conn, deadline_age(conn->rtt.timed_ns, now_ns), now_ns);
    }
    conn->rtt.is_timing = conn->rtt.is_timing && seq_lt(ack, conn->rtt.timed);
}

// TIME_ALL: not only the segment that is timed gives a sample.
uint64_t tcp_rtt_on_delivered(struct tcp_conn *conn, const struct tcp_delivery *delivery,
                              bool is_answered, uint64_t now_ns)
{
    if (!delivery->has_once || delivery->once_sent_ns == SYNFIN_NEVER) {
        return 0;
    }
    bool is_timed = conn->rtt.is_timing && seq_ge(delivery->once_right, conn->rtt.timed);
    if (!is_timed && (is_answered || !tcp_linux_has(conn, SYNFIN_LINUX_WAY_TIME_ALL))) {
        return 0;
    }
    uint64_t rtt_ns = deadline_max(deadline_age(delivery->once_sent_ns, now_ns), 1);
    conn->rtt.is_timing = conn->rtt.is_timing && !is_timed;
    tcp_rtt_sample(conn, rtt_ns, now_ns);
    return rtt_ns;
}

void tcp_rtt_back_off(struct tcp_conn *conn)
{
    if (conn->rtt.backoff < BACKOFF_MAX) {
        conn->rtt.backoff++;
    }
    conn->rtt.is_timing = false;
}
