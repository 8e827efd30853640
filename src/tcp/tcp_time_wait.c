// SPDX-License-Identifier: MIT
//
// TIME-WAIT: who closed first waits twice the maximum segment lifetime, so that the peer's FIN
// can be acknowledged again if the acknowledgment was lost, and so that no old segment meets a
// new connection of the same pair. For that two sequence numbers and a timestamp are enough: the
// block goes as soon as it has nothing more to say, and a stub stays.
//
// When there are more than time_wait_max the oldest ends early: it has waited longest, and its
// old segments are the likeliest to be gone. When there is no memory for another the connection is
// closed without waiting, and the reason says so.
#include "tcp/tcp_time_wait.h"
#include "base/check.h"
#include "tcp/tcp_internal.h"

enum {
    ANSWER_UNIT_SHIFT = 27,    // 134 ms
    ANSWER_UNITS = 255,        // until they are counted from 1 again
    ANSWER_INTERVAL_UNITS = 4, // an unacceptable segment is answered every 537 ms at most
};
// An active open takes a pair when the clock of its timestamps has surely moved on.
#define TAKE_AFTER_NS NS_PER_S

void tcp_time_wait_enter(struct tcp *tcp, struct tcp_conn *conn, enum synfin_reason cause,
                         uint64_t now_ns)
{
    tcp_state_set(tcp, conn, SYNFIN_TCP_STATE_TIME_WAIT, cause, now_ns);
    tcp_timer_on_time_wait(tcp, conn, now_ns);
    tcp_event_end(tcp, conn, SYNFIN_ERROR_OK, SYNFIN_REASON_CLOSED_IN_ORDER, now_ns);
    tcp_output_want(tcp, conn);
}

static void trace_timer(struct tcp *tcp, const struct tcp_stub *stub, const struct tcp_tick *what,
                        uint64_t now_ns)
{
    struct tcp_pair pair;
    struct tcp_tick tick = *what;
    tcp_stub_pair(&tcp->time_wait, stub, &pair);
    tick.pair = &pair;
    tick.number = stub->number;
    tick.timer = SYNFIN_TCP_TIMER_LINGER;
    tcp_trace_timer(tcp, &tick, now_ns);
}

// RFC 9293 §3.6.1 [MUST-13].
static void start_waiting(struct tcp *tcp, struct tcp_stub *stub, uint64_t now_ns)
{
    struct tcp_tick tick = {.kind = SYNFIN_TRACE_TIMER_ARMED,
                            .reason = SYNFIN_REASON_ARM_LINGER,
                            .deadline_ns = deadline_after(now_ns, 2 * tcp->config.msl_ns)};
    tcp_stub_wait(&tcp->time_wait, stub, 0, tick.deadline_ns);
    trace_timer(tcp, stub, &tick, now_ns);
}

static void answer_pair(struct tcp *tcp, const struct tcp_stub *stub, const struct tcp_pair *pair,
                        enum synfin_reason reason, uint64_t now_ns)
{
    struct tcp_stray stray = {
        .pair = *pair,
        .seq = stub->ours,
        .ack = stub->theirs,
        .flags = SYNFIN_TCP_ACK,
        .reason = (uint16_t)reason,
        .window = stub->size,
        .number = stub->number,
        .iface = stub->iface,
        .has_timestamps = stub->has_timestamps,
        .ts_ecr = stub->ts_recent,
        .hop_limit = stub->as.time_wait.hop_limit,
        .traffic_class = stub->as.time_wait.traffic_class,
    };
    stray.ts_val = tcp_isn_timestamp(tcp, pair, now_ns);
    tcp_stray_push(tcp, &stray);
}

static void answer(struct tcp *tcp, const struct tcp_stub *stub, enum synfin_reason reason,
                   uint64_t now_ns)
{
    struct tcp_pair pair;
    tcp_stub_pair(&tcp->time_wait, stub, &pair);
    answer_pair(tcp, stub, &pair, reason, now_ns);
}

// RFC 5961 §7: within a limit of the connection's own.
static void answer_limited(struct tcp *tcp, struct tcp_stub *stub, enum synfin_reason reason,
                           uint64_t now_ns)
{
    uint32_t unit = 1 + (uint32_t)((now_ns >> ANSWER_UNIT_SHIFT) % ANSWER_UNITS);
    uint32_t last = stub->as.time_wait.answered; // 0: never
    uint32_t age = (unit + ANSWER_UNITS - last) % ANSWER_UNITS;
    if (last != 0 && age < ANSWER_INTERVAL_UNITS) {
        report_count(tcp->report, SYNFIN_REASON_DROP_DUPLICATE_ACK_LIMIT);
        return;
    }
    stub->as.time_wait.answered = (uint8_t)unit;
    answer(tcp, stub, reason, now_ns);
}

static struct tcp_stub *make_stub(struct tcp *tcp, const struct tcp_pair *pair, uint64_t now_ns)
{
    uint64_t hash = tcp_stub_hash(&tcp->table_key, pair);
    struct tcp_stub *stub = tcp_stub_add(&tcp->time_wait, pair, hash);
    struct tcp_stub *oldest = tcp_stub_oldest(&tcp->time_wait, 0);
    if (stub == NULL && oldest != NULL) {
        tcp_time_wait_end(tcp, oldest, SYNFIN_REASON_TIME_WAIT_EVICTED, now_ns);
        stub = tcp_stub_add(&tcp->time_wait, pair, hash);
    }
    return stub;
}

// Rounded up: nothing comes behind the FIN, and the right edge must not move left.
static uint16_t last_window(const struct tcp_conn *conn)
{
    uint32_t shift = conn->rcv.wscale_shift;
    uint32_t field = (tcp_window_open(conn) + (UINT32_C(1) << shift) - 1) >> shift;
    return (uint16_t)(field < UINT16_MAX ? field : UINT16_MAX);
}

static void fill_stub(struct tcp_stub *stub, const struct tcp_conn *conn)
{
    stub->iface = conn->path.iface & 15;
    stub->has_timestamps = conn->uses_timestamps;
    stub->ts_recent = conn->ts_recent;
    stub->number = conn->number;
    stub->ours = conn->snd.nxt;
    stub->theirs = conn->rcv.nxt;
    stub->size = last_window(conn);
    stub->as.time_wait.hop_limit = conn->set.hop_limit;
    stub->as.time_wait.traffic_class = conn->set.traffic_class;
}

// What the block has not sent yet; whether or not there is memory for a stub.
static void acknowledge_owed(struct tcp *tcp, const struct tcp_conn *conn, uint64_t now_ns)
{
    struct tcp_stub stub = {0};
    if (conn->pending.ack_reason != 0) {
        fill_stub(&stub, conn);
        answer_pair(tcp, &stub, &conn->pair, (enum synfin_reason)conn->pending.ack_reason, now_ns);
    }
}

void tcp_time_wait_shrink(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns)
{
    ASSERT(conn->state == SYNFIN_TCP_STATE_TIME_WAIT);
    struct tcp_pair pair = conn->pair;
    acknowledge_owed(tcp, conn, now_ns);
    tcp_life_detach(tcp, conn);
    struct tcp_stub *stub = make_stub(tcp, &pair, now_ns);
    if (stub == NULL) {
        tcp_life_end(tcp, conn, SYNFIN_ERROR_OK, SYNFIN_REASON_TIME_WAIT_NO_MEMORY, now_ns);
        return;
    }
    fill_stub(stub, conn);
    start_waiting(tcp, stub, now_ns);
    tcp_state_adopt(tcp, conn, SYNFIN_TCP_STATE_CLOSED);
    if (conn->is_orphan) {
        tcp_life_free(tcp, conn);
    }
}

struct tcp_stub *tcp_time_wait_of(const struct tcp *tcp, const struct tcp_conn *conn)
{
    if (!conn->is_done || conn->state != SYNFIN_TCP_STATE_CLOSED) {
        return NULL;
    }
    uint64_t hash = tcp_stub_hash(&tcp->table_key, &conn->pair);
    struct tcp_stub *stub = tcp_stub_find(&tcp->time_wait, &conn->pair, hash);
    return stub != NULL && stub->number == conn->number ? stub : NULL;
}

// RFC 9293 §3.6.1 [MAY-2, SHLD-4] and RFC 6191 §2: a SYN opens the pair anew when its timestamp, or
// without timestamps its sequence number, is beyond everything the old connection saw. Where only
// the new connection will have timestamps, what is old has none and is refused for that.
bool tcp_time_wait_may_reuse(const struct tcp *tcp, const struct tcp_stub *stub,
                             const struct tcp_segment *seg)
{
    bool has_timestamps = tcp->config.use_timestamps && seg->h.has_timestamps;
    uint16_t flags =
        seg->h.flags & (SYNFIN_TCP_SYN | SYNFIN_TCP_ACK | SYNFIN_TCP_RST | SYNFIN_TCP_FIN);
    if (flags != SYNFIN_TCP_SYN) {
        return false;
    }
    if (has_timestamps && !stub->has_timestamps) {
        return true;
    }
    if (has_timestamps && seg->h.ts_val != stub->ts_recent) {
        return (int32_t)(seg->h.ts_val - stub->ts_recent) > 0;
    }
    return seq_ge(seg->h.seq, stub->theirs); // the FIN was the last number that it saw
}

// RFC 6191 §3 seen from this end: the peer can tell old from new by our timestamps, which the
// pair's own clock has moved on, and refuses what is old by PAWS.
bool tcp_time_wait_may_take(const struct tcp *tcp, const struct tcp_stub *stub, uint64_t now_ns)
{
    uint64_t left_ns = deadline_age(now_ns, tcp_stub_deadline(&tcp->time_wait, stub));
    bool has_moved_on = stub->has_timestamps && tcp->config.use_timestamps
                        && left_ns + TAKE_AFTER_NS <= 2 * tcp->config.msl_ns;
    return left_ns == 0 || has_moved_on;
}

void tcp_time_wait_end(struct tcp *tcp, struct tcp_stub *stub, enum synfin_reason cause,
                       uint64_t now_ns)
{
    struct tcp_pair pair;
    tcp_stub_pair(&tcp->time_wait, stub, &pair);
    struct tcp_change change = {.pair = &pair,
                                .number = stub->number,
                                .from = SYNFIN_TCP_STATE_TIME_WAIT,
                                .to = SYNFIN_TCP_STATE_CLOSED,
                                .cause = cause};
    tcp_stub_remove(&tcp->time_wait, stub);
    tcp_state_note(tcp, &change, now_ns);
}

void tcp_time_wait_give_way(struct tcp *tcp, struct tcp_segment *seg, uint64_t now_ns)
{
    if (seg->time_wait != NULL) {
        tcp_time_wait_end(tcp, seg->time_wait, SYNFIN_REASON_SYN_NEW_INCARNATION, now_ns);
        seg->time_wait = NULL;
    }
}

void tcp_time_wait_fire(struct tcp *tcp, uint64_t now_ns)
{
    for (struct tcp_stub *stub; (stub = tcp_stub_due(&tcp->time_wait, now_ns)) != NULL;) {
        struct tcp_tick tick = {.kind = SYNFIN_TRACE_TIMER_FIRED,
                                .reason = SYNFIN_REASON_TIMER_LINGER,
                                .deadline_ns = now_ns};
        trace_timer(tcp, stub, &tick, now_ns);
        tcp_time_wait_end(tcp, stub, SYNFIN_REASON_TIME_WAIT_OVER, now_ns);
    }
}

// RFC 7323 §5.3, R1, and §3.2.
static enum tcp_verdict check_timestamp(struct tcp *tcp, struct tcp_stub *stub,
                                        struct tcp_segment *seg, uint64_t now_ns)
{
    if (!stub->has_timestamps || tcp_segment_has(seg, SYNFIN_TCP_RST)) {
        return TCP_VERDICT_GO_ON;
    }
    if (!seg->h.has_timestamps) {
        return tcp_segment_has(seg, SYNFIN_TCP_SYN)
                   ? TCP_VERDICT_GO_ON
                   : tcp_segment_drop(seg, SYNFIN_REASON_DROP_NO_TIMESTAMP);
    }
    if ((int32_t)(seg->h.ts_val - stub->ts_recent) >= 0) {
        return TCP_VERDICT_GO_ON;
    }
    answer_limited(tcp, stub, SYNFIN_REASON_SEND_ACK_UNACCEPTABLE, now_ns);
    return tcp_segment_drop(seg, SYNFIN_REASON_DROP_PAWS);
}

// A FIN that arrives again: its acknowledgment was lost.
static bool is_repeated_fin(const struct tcp_stub *stub, const struct tcp_segment *seg)
{
    return tcp_segment_has(seg, SYNFIN_TCP_FIN)
           && seq_eq(seq_add(seg->h.seq, seg->text.bytes + 1), stub->theirs);
}

// Acknowledges the FIN again and starts 2MSL again.
static enum tcp_verdict restart(struct tcp *tcp, struct tcp_stub *stub, struct tcp_segment *seg,
                                uint64_t now_ns)
{
    if (seg->h.has_timestamps) {
        stub->ts_recent = seg->h.ts_val;
    }
    start_waiting(tcp, stub, now_ns);
    answer(tcp, stub, SYNFIN_REASON_SEND_ACK_OF_FIN_AGAIN, now_ns);
    return tcp_segment_accept(seg, SYNFIN_REASON_TIME_WAIT_RESTARTED);
}

// What has neither SYN, RST nor the last FIN. The peer has said its last octet: there is nothing
// left that it could want to tell.
static enum tcp_verdict take_rest(struct tcp *tcp, struct tcp_stub *stub, struct tcp_segment *seg,
                                  uint64_t now_ns)
{
    if (seq_gt(seg->h.ack, stub->ours)) {
        answer_limited(tcp, stub, SYNFIN_REASON_SEND_ACK_UNSENT, now_ns);
        return tcp_segment_drop(seg, SYNFIN_REASON_DROP_BAD_ACK);
    }
    if (tcp_segment_len(seg) == 0 && seq_within(seg->h.seq, stub->theirs, 2)) {
        return tcp_segment_accept(seg, SYNFIN_REASON_RECEIVED_NOTHING_NEW);
    }
    bool is_old = seq_lt(seg->h.seq, stub->theirs) && tcp_segment_len(seg) > 0;
    answer_limited(tcp, stub,
                   is_old ? SYNFIN_REASON_SEND_ACK_DUPLICATE : SYNFIN_REASON_SEND_ACK_UNACCEPTABLE,
                   now_ns);
    return tcp_segment_drop(seg, SYNFIN_REASON_DROP_UNACCEPTABLE);
}

// RFC 9293 §3.10.7.4, state TIME-WAIT. RST is passed over, so that no old segment can end the wait
// by way of an answer and its reset: RFC 1337 §3.
enum tcp_verdict tcp_time_wait_input(struct tcp *tcp, struct tcp_stub *stub,
                                     struct tcp_segment *seg, uint64_t now_ns)
{
    enum tcp_verdict verdict = check_timestamp(tcp, stub, seg, now_ns);
    if (verdict != TCP_VERDICT_GO_ON) {
        return verdict;
    }
    if (tcp_segment_has(seg, SYNFIN_TCP_RST)) {
        return tcp_segment_drop(seg, SYNFIN_REASON_DROP_RST_TIME_WAIT);
    }
    if (tcp_segment_has(seg, SYNFIN_TCP_SYN)) {
        answer_limited(tcp, stub, SYNFIN_REASON_SEND_CHALLENGE_SYN, now_ns);
        return tcp_segment_drop(seg, SYNFIN_REASON_DROP_SYN_IN_CONNECTION);
    }
    if (!tcp_segment_has(seg, SYNFIN_TCP_ACK)) {
        return tcp_segment_drop(seg, SYNFIN_REASON_DROP_NO_ACK);
    }
    if (is_repeated_fin(stub, seg)) {
        return restart(tcp, stub, seg, now_ns);
    }
    return take_rest(tcp, stub, seg, now_ns);
}
