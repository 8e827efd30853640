// SPDX-License-Identifier: MIT
//
// The size of buffers, from what is measured: see tcp_autotune.h. The receiver sees the round trip
// in what comes back: a timestamp of ours, echoed by the first segment that answers it (RFC 7323
// §4.1 says what an echo means); or, without timestamps, the time from offering a window to having
// received all of it, which is a round trip or more, so that the least of these counts. It begins
// with the handshake's.
#include "tcp/tcp_autotune.h"
#include "tcp/tcp_internal.h"
#include "tcp/tcp_linux.h"
#include "tcp/tcp_memory.h"

enum {
    WORTH_PARTS = 8, // of the receive buffer, before the reader is measured
    STEP_PARTS = 4,  // of a receive buffer, by which it grows at least
    SEND_STEP_PARTS = 2,
    // A round's worth is taken while the next one is under way, and in slow start that is twice as
    // much: four times what it was. Another half of that for rounds that are not measured exactly.
    GAIN_PARTS = 8,
    ECHO_PARTS = 8, // weight of one sample: RFC 6298 §2.3, alpha
};

static uint32_t smaller(uint64_t a, uint32_t b)
{
    return a < b ? (uint32_t)a : b;
}

static uint32_t larger(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

uint32_t tcp_autotune_receive_max(const struct tcp *tcp, const struct tcp_conn *conn)
{
    uint32_t now = conn->set.receive_buffer_bytes;
    return conn->set.has_receive_buffer ? now : larger(now, tcp->config.receive_buffer_bytes_max);
}

uint32_t tcp_autotune_send_max(const struct tcp *tcp, const struct tcp_conn *conn)
{
    uint32_t now = conn->set.send_buffer_bytes;
    return conn->set.has_send_buffer ? now : larger(now, tcp->config.send_buffer_bytes_max);
}

void tcp_autotune_free(struct tcp *tcp, struct tcp_conn *conn)
{
    if (conn->autotune != NULL) {
        slab_pool_give(&tcp->autotunes, conn->autotune);
        conn->autotune = NULL;
    }
}

// The round trip, seen from this end

static void await_window(struct tcp_conn *conn, uint64_t now_ns)
{
    conn->autotune->window_ns = now_ns;
    conn->autotune->window_end = conn->rcv.adv;
}

static void take_window(struct tcp_conn *conn, uint64_t now_ns)
{
    struct tcp_autotune *tune = conn->autotune;
    if (seq_lt(conn->rcv.nxt, tune->window_end)) {
        return;
    }
    uint64_t rtt_ns = deadline_max(deadline_age(tune->window_ns, now_ns), 1);
    tune->rtt_ns = tune->rtt_ns == 0 ? rtt_ns : deadline_min(tune->rtt_ns, rtt_ns);
    await_window(conn, now_ns);
}

// One sample for each echo, or segments that a sender holds back would count as the path's delay;
// and none of small segments, which are seldom sent because we acknowledged something.
static void take_echo(struct tcp_conn *conn, uint32_t echo, uint32_t bytes, uint64_t now_ns)
{
    struct tcp_autotune *tune = conn->autotune;
    if (echo == tune->echo || bytes < conn->rcv.mss_seen) {
        return;
    }
    tune->echo = echo;
    uint32_t ticks = tcp_paws_now(conn, now_ns) - echo;
    uint64_t rtt_ns = deadline_max(ticks, 1) * NS_PER_MS;
    if (tune->rtt_ns == 0) {
        tune->rtt_ns = rtt_ns;
        return;
    }
    rtt_ns = deadline_min(rtt_ns, 2 * tune->rtt_ns + NS_PER_MS); // a sender that was idle
    tune->rtt_ns = ((ECHO_PARTS - 1) * tune->rtt_ns + rtt_ns) / ECHO_PARTS;
}

static bool is_worth_measuring(const struct tcp *tcp, const struct tcp_conn *conn)
{
    uint32_t buffer = conn->set.receive_buffer_bytes;
    return buffer < tcp_autotune_receive_max(tcp, conn)
           && conn->totals.bytes_received >= buffer / WORTH_PARTS;
}

static void begin(struct tcp *tcp, struct tcp_conn *conn, const struct tcp_segment *seg,
                  uint64_t now_ns)
{
    struct tcp_autotune *tune = slab_pool_take(&tcp->autotunes, NULL);
    if (tune == NULL) {
        return; // the buffer stays as it is
    }
    conn->autotune = tune;
    tune->rtt_ns = conn->rtt.srtt_ns;
    if (tune->rtt_ns == 0) { // perhaps a cookie's, whose low bits are not the clock's
        tune->echo = seg->h.ts_ecr;
    }
    tune->round_ns = now_ns;
    tune->round_at = tcp_calls_data_position(conn);
    await_window(conn, now_ns);
}

void tcp_autotune_on_text(struct tcp *tcp, struct tcp_conn *conn, const struct tcp_segment *seg,
                          uint32_t bytes, uint64_t now_ns)
{
    if (conn->autotune == NULL) {
        if (is_worth_measuring(tcp, conn)) {
            begin(tcp, conn, seg, now_ns);
        }
    } else if (conn->uses_timestamps) {
        take_echo(conn, seg->h.ts_ecr, bytes, now_ns);
    } else {
        take_window(conn, now_ns);
    }
}

// The receive buffer

// Twice what the reader took in a round trip; more when it took more than in the one before, as in
// slow start, for the growth is known a round trip late and serves for another.
static uint64_t room_wanted(const struct tcp_autotune *tune, uint32_t taken)
{
    uint32_t before = tune->taken_bytes;
    uint32_t gain = taken > before ? smaller(taken - before, before) : 0;
    return 2 * (uint64_t)taken + GAIN_PARTS * (uint64_t)gain;
}

static void grow_receive(struct tcp *tcp, struct tcp_conn *conn, uint32_t taken, uint64_t now_ns)
{
    uint32_t before = conn->set.receive_buffer_bytes;
    uint32_t most = tcp_autotune_receive_max(tcp, conn);
    uint32_t bytes = smaller(room_wanted(conn->autotune, taken), most);
    if (bytes <= before || (bytes < most && bytes - before < before / STEP_PARTS)) {
        return;
    }
    struct tcp_resize resize = {
        .reason = SYNFIN_REASON_RECEIVE_BUFFER_GREW,
        .bytes = bytes,
        .before_bytes = before,
        .measured_bytes = taken,
        .rtt_ns = conn->autotune->rtt_ns,
    };
    if (!tcp_memory_is_plenty(tcp)) {
        resize.reason = SYNFIN_REASON_BUFFER_HELD;
        resize.bytes = before;
    }
    conn->set.receive_buffer_bytes = resize.bytes;
    tcp_trace_buffer(tcp, conn, &resize, now_ns);
}

void tcp_autotune_on_read(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns)
{
    struct tcp_autotune *tune = conn->autotune;
    if (tune == NULL || tune->rtt_ns == 0 || deadline_age(tune->round_ns, now_ns) < tune->rtt_ns) {
        return;
    }
    struct seq position = tcp_calls_data_position(conn);
    uint32_t taken = seq_distance(tune->round_at, position);
    if (!conn->set.has_receive_buffer) {
        grow_receive(tcp, conn, taken, now_ns);
    }
    tune->taken_bytes = taken;
    tune->round_at = position;
    tune->round_ns = now_ns;
}

// The send buffer

// What is in flight, and as much again that waits; in slow start twice as much waits, because each
// acknowledgment lets two segments go for one.
static uint64_t queue_wanted(const struct tcp_conn *conn)
{
    uint32_t window = smaller(conn->cc.cwnd_bytes, conn->snd.wnd);
    bool is_slow_start = conn->cc.cwnd_bytes < conn->cc.ssthresh_bytes;
    return (is_slow_start ? 3 : 2) * (uint64_t)window;
}

void tcp_autotune_on_full(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns)
{
    uint32_t before = conn->set.send_buffer_bytes;
    uint64_t wanted = queue_wanted(conn);
    if (conn->set.has_send_buffer || wanted <= before || !conn->is_syn_acked
        || tcp_linux_has(conn, SYNFIN_LINUX_WAY_SEND_CHUNKS)) {
        return;
    }
    uint32_t most = tcp_autotune_send_max(tcp, conn);
    uint64_t step = (uint64_t)before + before / SEND_STEP_PARTS;
    uint32_t bytes = smaller(wanted > step ? wanted : step, most);
    if (bytes <= before || !tcp_memory_is_plenty(tcp)) {
        return;
    }
    struct tcp_resize resize = {
        .reason = SYNFIN_REASON_SEND_BUFFER_GREW,
        .bytes = bytes,
        .before_bytes = before,
        .measured_bytes = conn->cc.cwnd_bytes,
        .rtt_ns = conn->rtt.srtt_ns,
    };
    conn->set.send_buffer_bytes = bytes;
    tcp_trace_buffer(tcp, conn, &resize, now_ns);
}
