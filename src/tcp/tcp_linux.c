// SPDX-License-Identifier: MIT
//
// Linux's ways; see tcp_linux.h.
#include "tcp/tcp_linux.h"

#include "base/addr_kind.h"
#include "base/deadline.h"
#include "tcp/tcp_internal.h"
#include "tcp/tcp_sack.h"

enum {
    BURST_BYTES_MAX = 65536,
    BURSTS_PER_S = 1024,
    NEAR_SHIFT = 9,  // a path's length in units of 512 us: each halves what it adds
    NEAR_UNITS = 32, // and beyond so many nothing is left
    SLOW_START_PERCENT = 200,
    AVOIDANCE_PERCENT = 120,
    QUICK_ACKS_MAX = 16,
    SMALL_WINDOW = 536,
    HEADER_ROOM = 320,
    CHUNK_OVERHEAD = 1280,
    DESCRIPTION_BYTES = 256,
    INITIAL_SEGMENTS = 10,
    TINY = 128,
};

// What the window sends in a 1024th of a second at the pace of the round trip.
static uint64_t bytes_per_tick(const struct tcp_conn *conn)
{
    const struct tcp_cc *cc = &conn->cc;
    uint32_t percent =
        cc->cwnd_bytes < cc->ssthresh_bytes / 2 ? SLOW_START_PERCENT : AVOIDANCE_PERCENT;
    if (conn->rtt.srtt_ns == 0) {
        return BURST_BYTES_MAX;
    }
    uint64_t per_trip = (uint64_t)cc->cwnd_bytes * percent / 100;
    return per_trip * (NS_PER_S / BURSTS_PER_S) / conn->rtt.srtt_ns;
}

// Near peers get larger bursts: they cost neither end much, and queue nowhere on the way.
static uint64_t bytes_for_near(const struct tcp_conn *conn)
{
    uint64_t units = (conn->rtt.min_ns / 1000) >> NEAR_SHIFT;
    return units < NEAR_UNITS ? (uint64_t)BURST_BYTES_MAX >> units : 0;
}

uint32_t tcp_linux_burst(const struct tcp_conn *conn)
{
    if (!tcp_linux_has(conn, SYNFIN_LINUX_WAY_SIZE_BURSTS)) {
        return UINT32_MAX;
    }
    uint32_t mss = conn->snd.mss;
    uint64_t bytes = bytes_per_tick(conn) + bytes_for_near(conn);
    uint64_t least = conn->set.burst_segments_min * (uint64_t)mss;
    bytes = bytes > least ? bytes : least;
    uint32_t half = conn->cc.cwnd_bytes / mss / 2 * mss;
    half = half > mss ? half : mss;
    return bytes < half ? (uint32_t)bytes : half;
}

// As much as one burst may be: half of the largest window that the peer has offered.
static uint32_t chunk_bytes(const struct tcp_conn *conn)
{
    uint32_t mss = conn->snd.mss;
    uint32_t most = conn->snd.wnd_max > SMALL_WINDOW ? conn->snd.wnd_max / 2 : conn->snd.wnd_max;
    most = most < BURST_BYTES_MAX - 1 - HEADER_ROOM ? most : BURST_BYTES_MAX - 1 - HEADER_ROOM;
    if (conn->path.gso_bytes == 0 || most < mss) {
        return mss;
    }
    return most / mss * mss;
}

static uint64_t memory_of(const struct tcp_conn *conn, uint32_t bytes)
{
    uint32_t chunk = chunk_bytes(conn);
    return bytes + (uint64_t)CHUNK_OVERHEAD * ((bytes + chunk - 1) / chunk);
}

// The last chunk, as far as it is among so many octets that are not sent yet.
static uint32_t tail_of(const struct tcp_conn *conn, uint32_t unsent)
{
    return conn->snd.tail_bytes < unsent ? conn->snd.tail_bytes : unsent;
}

// Chunks before the last one are full.
uint32_t tcp_linux_to_chunk_end(const struct tcp_conn *conn)
{
    uint32_t unsent = tcp_output_unsent(conn);
    if (!tcp_linux_has(conn, SYNFIN_LINUX_WAY_SEND_CHUNKS) || unsent <= conn->snd.tail_bytes) {
        return UINT32_MAX;
    }
    uint32_t chunk = chunk_bytes(conn);
    uint32_t rest = (unsent - conn->snd.tail_bytes) % chunk;
    return rest > 0 ? rest : chunk;
}

uint32_t tcp_linux_room_to_queue(const struct tcp_conn *conn, uint32_t buffer_bytes)
{
    uint32_t chunk = chunk_bytes(conn);
    uint32_t tail = tail_of(conn, tcp_output_unsent(conn));
    uint32_t lowat = conn->set.notsent_lowat_bytes;
    if (tail > 0 && tail < chunk) {
        return chunk - tail;
    }
    bool is_over = lowat > 0 && tcp_output_unsent(conn) >= lowat;
    return is_over || memory_of(conn, conn->send.bytes) >= buffer_bytes ? 0 : chunk;
}

// A peer whose window holds little else is pushed when half of it is queued.
void tcp_linux_on_queued(struct tcp_conn *conn, uint32_t bytes)
{
    uint32_t tail = tail_of(conn, tcp_output_unsent(conn) - bytes);
    bool has_room = tail > 0 && tail < chunk_bytes(conn);
    conn->snd.tail_bytes = has_room ? tail + bytes : bytes;
    struct seq end = tcp_output_end(conn);
    if (seq_lt(conn->snd.pushed, end)
        && seq_distance(conn->snd.pushed, end) > conn->snd.wnd_max / 2) {
        bool is_open = seq_gt(conn->snd.forced, conn->snd.nxt) && seq_le(conn->snd.forced, end);
        conn->snd.forced = is_open ? conn->snd.forced : end;
        conn->snd.pushed = end;
    }
}

bool tcp_linux_is_pushed(const struct tcp_conn *conn, struct seq end)
{
    bool is_linux = tcp_linux_has(conn, SYNFIN_LINUX_WAY_SEND_CHUNKS)
                    || tcp_linux_has(conn, SYNFIN_LINUX_WAY_PUSH_BURSTS);
    return is_linux && seq_eq(end, conn->snd.forced);
}

void tcp_linux_on_record_end(struct tcp_conn *conn)
{
    conn->snd.tail_bytes = 0;
}

bool tcp_linux_may_wake(const struct tcp_conn *conn, uint32_t buffer_bytes)
{
    uint64_t used = memory_of(conn, conn->send.bytes);
    return used <= buffer_bytes && buffer_bytes - used >= used / 2;
}

// A segment's memory: its octets with their headers, rounded up to a power of two, and its
// description.
static uint64_t segment_memory(const struct tcp_conn *conn)
{
    uint64_t bytes = conn->snd.mss + UINT64_C(2) * HEADER_ROOM;
    uint64_t rounded = 1;
    while (rounded < bytes) {
        rounded *= 2;
    }
    return rounded + DESCRIPTION_BYTES;
}

void tcp_linux_grow_buffer(struct tcp_conn *conn, uint32_t most_bytes)
{
    if (!tcp_linux_has(conn, SYNFIN_LINUX_WAY_SEND_CHUNKS) || conn->set.has_send_buffer
        || tcp_output_flight(conn) >= conn->cc.cwnd_bytes) {
        return;
    }
    uint64_t segments = conn->cc.cwnd_bytes / conn->snd.mss;
    segments = segments > INITIAL_SEGMENTS ? segments : INITIAL_SEGMENTS;
    uint64_t bytes = 2 * segments * segment_memory(conn);
    bytes = bytes < most_bytes ? bytes : most_bytes;
    if (bytes > conn->set.send_buffer_bytes) {
        conn->set.send_buffer_bytes = (uint32_t)bytes;
    }
}

// Bursts are whole segments, and data in a SYN are as long as the SYN lets them be.
void tcp_linux_on_new(struct tcp_conn *conn, const struct tcp_plan *plan)
{
    if (plan->bytes < conn->snd.mss && plan->kind != TCP_PLAN_SYN) {
        conn->snd.small = seq_add(plan->seq, plan->bytes);
    }
}

uint16_t tcp_linux_offered_mss(const struct tcp_conn *conn)
{
    bool is_ipv4 = addr_kind_is_ipv4(&conn->pair.remote);
    struct tcp_path path = {.mtu_bytes = conn->pmtu_bytes};
    uint16_t mss = tcp_open_advertised_mss(&conn->set, &path, is_ipv4);
    bool is_less = mss < conn->rcv.mss && tcp_linux_has(conn, SYNFIN_LINUX_WAY_PATH_MSS);
    return is_less ? mss : conn->rcv.mss;
}

// Rounded up to what the scale can say.
uint32_t tcp_linux_window_most(const struct tcp_conn *conn)
{
    if (!tcp_linux_has(conn, SYNFIN_LINUX_WAY_GROW_WINDOW)) {
        return UINT32_MAX;
    }
    uint32_t unit = UINT32_C(1) << conn->rcv.wscale_shift;
    return (UINT16_MAX + conn->rcv.grown_bytes + unit - 1) / unit * unit;
}

// By twice what has arrived, and by two segments of ours at least for anything that is not tiny.
void tcp_linux_on_text(struct tcp_conn *conn, uint32_t bytes)
{
    uint32_t most = conn->set.receive_buffer_bytes;
    uint32_t growth = 2 * (bytes > conn->rcv.mss ? bytes : conn->rcv.mss);
    if (bytes >= TINY && conn->rcv.grown_bytes < most) {
        uint32_t left = most - conn->rcv.grown_bytes;
        conn->rcv.grown_bytes += growth < left ? growth : left;
    }
}

// The first SYN went when the user called connect, or later.
bool tcp_linux_refuses_echo(const struct tcp_conn *conn, const struct tcp_segment *seg,
                            uint64_t now_ns)
{
    bool has_echo = conn->uses_timestamps && seg->h.has_timestamps && seg->h.ts_ecr != 0;
    uint32_t first = tcp_paws_now(conn, conn->totals.ack_received_ns);
    uint32_t last = tcp_paws_now(conn, now_ns);
    return has_echo && tcp_linux_has(conn, SYNFIN_LINUX_WAY_CHECK_ECHO)
           && seg->h.ts_ecr - first > last - first;
}

void tcp_linux_report_syn(struct tcp_conn *conn)
{
    if (tcp_linux_has(conn, SYNFIN_LINUX_WAY_REPORT_SYNS)) {
        tcp_sack_note_syn(conn);
    }
}

bool tcp_linux_keeps(const struct tcp_conn *conn, enum synfin_reason cause)
{
    bool is_from_outside =
        cause == SYNFIN_REASON_RST_ARRIVED || cause == SYNFIN_REASON_ICMP_UNREACHABLE;
    return is_from_outside && tcp_linux_has(conn, SYNFIN_LINUX_WAY_KEEP_ENDED);
}

// As many as half of the window holds full-sized segments, at most 16: while the peer's window
// grows from one acknowledgment to the next. A user who answers makes them needless.
static void begin_quick_acks(struct tcp_conn *conn)
{
    uint32_t segments = conn->set.receive_buffer_bytes / (2 * (uint32_t)conn->rcv.mss_seen);
    conn->rcv.quick_acks = (uint8_t)(segments < QUICK_ACKS_MAX ? segments : QUICK_ACKS_MAX);
    conn->rcv.has_begun = true;
}

// What was queued before the peer's window was known makes chunks only now.
void tcp_linux_on_syn_ack(struct tcp_conn *conn)
{
    uint32_t unsent = tcp_output_unsent(conn);
    bool has_more = seq_eq(conn->snd.una, conn->snd.nxt) && unsent > 0;
    conn->snd.tail_bytes = unsent % chunk_bytes(conn);
    conn->snd.forced = conn->snd.nxt;
    if (has_more && tcp_linux_has(conn, SYNFIN_LINUX_WAY_QUICK_ACKS)) {
        begin_quick_acks(conn);
    }
}

bool tcp_linux_is_quick(struct tcp_conn *conn)
{
    if (!tcp_linux_has(conn, SYNFIN_LINUX_WAY_QUICK_ACKS)) {
        return false;
    }
    if (!conn->rcv.has_begun) {
        begin_quick_acks(conn);
    }
    return conn->rcv.quick_acks > 0 && !conn->rcv.is_answering;
}

void tcp_linux_on_ack_sent(struct tcp_conn *conn)
{
    if (conn->rcv.quick_acks > 0) {
        conn->rcv.quick_acks--;
    }
}

void tcp_linux_on_data_sent(struct tcp_conn *conn, uint64_t delayed_ack_ns, uint64_t now_ns)
{
    if (conn->rcv.has_begun
        && deadline_age(conn->totals.data_received_ns, now_ns) < delayed_ack_ns) {
        conn->rcv.is_answering = true;
    }
}

void tcp_linux_on_delayed_ack(struct tcp_conn *conn)
{
    conn->rcv.is_answering = false;
}
