// SPDX-License-Identifier: MIT
//
// The sixth to eighth steps of RFC 9293 §3.10.7.4: urgent pointer, text and FIN, and when to
// acknowledge what they bring. Text is trimmed to the window; what is in order goes to the
// reader, what is not is kept in the reassembly until the gap before it is filled.
#include "base/check.h"
#include "tcp/tcp_autotune.h"
#include "tcp/tcp_internal.h"
#include "tcp/tcp_linux.h"
#include "tcp/tcp_memory.h"
#include "tcp/tcp_sack.h"
#include "tcp/tcp_time_wait.h"

// RFC 5681 §4.2, RFC 9293 §3.10.7.4 [MAY-13]: each segment out of order is answered on its own, for
// the sender counts.
static void acknowledge_out_of_order(struct tcp *tcp, struct tcp_conn *conn)
{
    if (conn->pending.ack_reason == SYNFIN_REASON_SEND_ACK_OUT_OF_ORDER
        && conn->pending.extra_acks < UINT8_MAX) {
        conn->pending.extra_acks++;
    }
    tcp_output_acknowledge(tcp, conn, SYNFIN_REASON_SEND_ACK_OUT_OF_ORDER);
}

// Not only two full-sized segments, which are smaller when they carry options that the largest one
// did not have (RFC 2525 §2.13): a full one and the small end of a message too, because a sender
// allows for no delay when more than one segment is in flight (RFC 8985 §7.2), and would probe.
static bool is_more_than_one(const struct tcp_conn *conn)
{
    return conn->rcv.unacked_bytes > conn->rcv.mss_seen;
}

// In order and nothing missing: RFC 9293 §3.8.6.3 [SHLD-18, SHLD-19, MUST-40].
static void acknowledge_in_order(struct tcp *tcp, struct tcp_conn *conn, uint32_t bytes,
                                 uint64_t now_ns)
{
    conn->rcv.unacked_bytes += bytes;
    tcp_linux_on_text(conn, bytes);
    if (is_more_than_one(conn) || conn->set.has_quickack || tcp_linux_is_quick(conn)) {
        tcp_output_acknowledge(tcp, conn, SYNFIN_REASON_SEND_ACK_EVERY_SECOND);
    } else {
        tcp_timer_on_data_unacked(tcp, conn, now_ns);
    }
}

// RFC 9293 §3.10.7.4, sixth. The pointer names the octet after the urgent data, which stays in line
// (RFC 6093 §3.1) and may have any length; the user is told when the pointer moves:
// RFC 9293 §3.8.5 [MUST-62, MUST-31, MUST-32].
static void take_urgent(struct tcp *tcp, struct tcp_conn *conn, const struct tcp_segment *seg)
{
    if (!tcp_segment_has(seg, SYNFIN_TCP_URG)) {
        return;
    }
    struct seq up = seq_add(seg->h.seq, seg->h.urgent);
    bool is_unread = seq_gt(up, tcp_calls_data_position(conn));
    bool is_ahead = is_unread && (!conn->has_urgent || seq_gt(up, conn->rcv.up));
    if (is_ahead) {
        conn->rcv.up = up;
        conn->has_urgent = true;
        tcp_event_tell(tcp, conn, SYNFIN_EVENT_URGENT);
    }
}

static void trim_left(struct tcp_conn *conn, struct tcp_segment *seg)
{
    if (seq_ge(seg->h.seq, conn->rcv.nxt)) {
        return;
    }
    uint32_t old = seq_distance(seg->h.seq, conn->rcv.nxt);
    ASSERT(old <= seg->text.bytes); // what is acceptable ends at RCV.NXT or behind it
    tcp_sack_note_old(conn, seg->h.seq, old);
    gather_trim_left(&seg->text, old);
    seg->h.seq = seq_add(seg->h.seq, old);
}

static void trim_right(const struct tcp_conn *conn, struct tcp_segment *seg)
{
    struct seq edge = conn->has_fin ? seq_min(conn->rcv.fin, conn->rcv.adv) : conn->rcv.adv;
    uint32_t room = seq_le(seg->h.seq, edge) ? seq_distance(seg->h.seq, edge) : 0;
    if (seg->text.bytes > room) {
        gather_trim_right(&seg->text, seg->text.bytes - room);
        seg->h.flags &= (uint16_t)~SYNFIN_TCP_FIN;
    }
}

static struct reassembly_memory ooo_memory(struct tcp *tcp, const struct tcp_conn *conn)
{
    uint32_t per_chunk = tcp->chunks.capacity;
    return (struct reassembly_memory){
        .runs = &tcp->runs,
        .chunks = &tcp->chunks,
        .runs_max = tcp->config.out_of_order_ranges_max,
        // Twice the window in memory at the worst, whatever the size of the segments.
        .chunks_max = 2 * (conn->set.receive_buffer_bytes / per_chunk) + 2,
    };
}

static void note_received(struct tcp *tcp, struct tcp_conn *conn, uint32_t bytes, uint64_t now_ns)
{
    conn->rcv.nxt = seq_add(conn->rcv.nxt, bytes);
    conn->totals.bytes_received += bytes;
    conn->totals.data_received_ns = now_ns;
    tcp->octets_in += bytes;
    tcp_calls_data_on_text(tcp, conn);
}

// What is in order goes before what waits behind a gap: were the last memory kept for that, the
// gap would stay for ever. Returns how many more octets were taken.
static uint32_t append_in_place_of_kept(struct tcp *tcp, struct tcp_conn *conn,
                                        struct tcp_segment *seg)
{
    struct reassembly_memory memory = ooo_memory(tcp, conn);
    uint32_t taken = 0;
    while (seg->text.bytes > 0 && conn->ooo.runs > 0) {
        reassembly_drop_last(&conn->ooo, &memory);
        taken += stream_append(&conn->receive, &tcp->chunks, &seg->text, seg->text.bytes);
    }
    return taken;
}

// What is refused was not acknowledged and comes again.
static uint32_t append_in_order(struct tcp *tcp, struct tcp_conn *conn, struct tcp_segment *seg)
{
    uint32_t wanted = seg->text.bytes;
    uint32_t allowed = tcp_memory_may_take(tcp, conn, wanted);
    if (allowed < wanted) {
        report_count(tcp->report, SYNFIN_REASON_DROP_OVER_SHARE);
        gather_trim_right(&seg->text, wanted - allowed);
    }
    uint32_t taken = stream_append(&conn->receive, &tcp->chunks, &seg->text, allowed);
    taken += append_in_place_of_kept(tcp, conn, seg);
    if (taken < allowed) {
        report_count(tcp->report, SYNFIN_REASON_DROP_NO_MEMORY);
    }
    if (taken < wanted) {
        seg->h.flags &= (uint16_t)~SYNFIN_TCP_FIN;
    }
    return taken;
}

static void take_in_order(struct tcp *tcp, struct tcp_conn *conn, struct tcp_segment *seg,
                          uint64_t now_ns)
{
    uint32_t taken = append_in_order(tcp, conn, seg);
    bool had_gap = conn->ooo.runs > 0;
    note_received(tcp, conn, taken, now_ns);
    tcp_autotune_on_text(tcp, conn, seg, taken, now_ns);
    if (had_gap) {
        struct reassembly_memory memory = ooo_memory(tcp, conn);
        note_received(tcp, conn,
                      reassembly_take(&conn->ooo, &memory, conn->rcv.nxt, &conn->receive), now_ns);
        if (conn->ooo.runs == 0) { // those that are still owed would tell of no gap
            conn->pending.extra_acks = 0;
        }
        // RFC 5681 §4.2: all or a part of the gap is filled
        seg->reason = SYNFIN_REASON_RECEIVED_GAP_FILLED;
        tcp_output_acknowledge(tcp, conn, SYNFIN_REASON_SEND_ACK_GAP_FILLED);
    } else {
        seg->reason = SYNFIN_REASON_RECEIVED_DATA;
        acknowledge_in_order(tcp, conn, taken, now_ns);
    }
}

// RFC 9293 §3.10.7.4 [SHLD-31]: kept, and told to the sender at once.
static void take_out_of_order(struct tcp *tcp, struct tcp_conn *conn, struct tcp_segment *seg)
{
    struct reassembly_memory memory = ooo_memory(tcp, conn);
    bool may_keep = tcp_memory_may_keep(tcp);
    if (!may_keep
        || reassembly_insert(&conn->ooo, &memory, seg->h.seq, seg->text) == REASSEMBLY_REFUSED) {
        report_count(tcp->report,
                     may_keep ? SYNFIN_REASON_DROP_NO_MEMORY : SYNFIN_REASON_DROP_NO_ROOM_TO_KEEP);
        seg->h.flags &= (uint16_t)~SYNFIN_TCP_FIN;
    }
    seg->reason = SYNFIN_REASON_RECEIVED_OUT_OF_ORDER;
    acknowledge_out_of_order(tcp, conn);
}

// A FIN alone after a gap is answered at once, as data would be.
static void take_fin_out_of_order(struct tcp *tcp, struct tcp_conn *conn, struct tcp_segment *seg)
{
    if (tcp_segment_has(seg, SYNFIN_TCP_FIN) && seq_gt(seg->h.seq, conn->rcv.nxt)) {
        seg->reason = SYNFIN_REASON_RECEIVED_OUT_OF_ORDER;
        acknowledge_out_of_order(tcp, conn);
    }
}

static void take_text(struct tcp *tcp, struct tcp_conn *conn, struct tcp_segment *seg,
                      uint64_t now_ns)
{
    uint32_t bytes = seg->text.bytes;
    if (bytes == 0) {
        take_fin_out_of_order(tcp, conn, seg);
        return;
    }
    conn->totals.data_segments_in++;
    if (bytes > conn->rcv.mss_seen) {
        conn->rcv.mss_seen = (uint16_t)(bytes < conn->rcv.mss ? bytes : conn->rcv.mss);
    }
    if (seq_eq(seg->h.seq, conn->rcv.nxt)) {
        take_in_order(tcp, conn, seg, now_ns);
    } else {
        take_out_of_order(tcp, conn, seg);
    }
}

static void enter_after_fin(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns)
{
    const enum synfin_reason cause = SYNFIN_REASON_FIN_ARRIVED;
    if (conn->state == SYNFIN_TCP_STATE_ESTABLISHED) {
        tcp_state_set(tcp, conn, SYNFIN_TCP_STATE_CLOSE_WAIT, cause, now_ns);
    } else if (conn->state == SYNFIN_TCP_STATE_FIN_WAIT_1) {
        tcp_state_set(tcp, conn, SYNFIN_TCP_STATE_CLOSING, cause, now_ns);
    } else {
        tcp_time_wait_enter(tcp, conn, cause, now_ns);
    }
}

// Nothing lies behind a FIN: what a contradictory peer sent from there before is forgotten with the
// run it is in, and whatever of that does lie before the FIN comes again.
static void drop_beyond_fin(struct tcp *tcp, struct tcp_conn *conn)
{
    struct reassembly_memory memory = ooo_memory(tcp, conn);
    while (conn->ooo.runs > 0) {
        const struct reassembly_run *last = conn->ooo.last;
        if (seq_le(seq_add(last->left, last->data.bytes), conn->rcv.fin)) {
            return;
        }
        reassembly_drop_last(&conn->ooo, &memory);
    }
}

// Eighth: the FIN is the last octet; it counts once everything before it has arrived.
static void take_fin(struct tcp *tcp, struct tcp_conn *conn, struct tcp_segment *seg,
                     struct seq fin, uint64_t now_ns)
{
    if (tcp_segment_has(seg, SYNFIN_TCP_FIN) && !conn->has_fin) {
        conn->has_fin = true;
        conn->rcv.fin = fin;
        drop_beyond_fin(tcp, conn);
    }
    if (!conn->has_fin || conn->fin_received || !seq_eq(conn->rcv.nxt, conn->rcv.fin)) {
        return;
    }
    conn->fin_received = true;
    conn->rcv.nxt = seq_add(conn->rcv.nxt, 1);
    conn->rcv.adv = seq_max(conn->rcv.adv, conn->rcv.nxt);
    seg->reason = SYNFIN_REASON_RECEIVED_FIN;
    tcp_output_acknowledge(tcp, conn, SYNFIN_REASON_SEND_ACK_OF_FIN);
    tcp_event_tell(tcp, conn, SYNFIN_EVENT_READABLE);
    enter_after_fin(tcp, conn, now_ns);
}

// Data for a user who has gone, or who said that it reads no more, would be lost silently.
static bool has_no_reader(const struct tcp_conn *conn, const struct tcp_segment *seg)
{
    bool is_refused = conn->rcv_shut && !tcp_linux_has(conn, SYNFIN_LINUX_WAY_READ_ON);
    return (conn->is_orphan || is_refused) && seg->text.bytes > 0;
}

static void refuse_text(struct tcp *tcp, struct tcp_conn *conn, const struct tcp_segment *seg,
                        uint64_t now_ns)
{
    if (tcp_linux_has(conn, SYNFIN_LINUX_WAY_RESET_AS_ANSWER)) {
        tcp_closed_input_reset(tcp, seg, conn->number, SYNFIN_REASON_SEND_RST_NO_READER);
        tcp_life_end(tcp, conn, SYNFIN_ERROR_RESET, SYNFIN_REASON_DROP_NO_READER, now_ns);
    } else {
        tcp_life_reset(tcp, conn, SYNFIN_ERROR_RESET, SYNFIN_REASON_SEND_RST_NO_READER,
                       SYNFIN_REASON_DROP_NO_READER, now_ns);
    }
}

enum tcp_verdict tcp_text_take(struct tcp *tcp, struct tcp_conn *conn, struct tcp_segment *seg,
                               uint64_t now_ns)
{
    if (seg->reason == SYNFIN_REASON_UNKNOWN) {
        seg->reason = SYNFIN_REASON_RECEIVED_NOTHING_NEW;
    }
    if (!tcp_state_is(conn, TCP_FACT_TAKES_TEXT)) {
        return TCP_VERDICT_ACCEPT; // after the peer's FIN there is no text and no second FIN
    }
    take_urgent(tcp, conn, seg);
    tcp_sack_note_held(conn, seg->h.seq, seg->text.bytes);
    trim_left(conn, seg);
    trim_right(conn, seg);
    if (has_no_reader(conn, seg)) {
        refuse_text(tcp, conn, seg, now_ns);
        return tcp_segment_drop(seg, SYNFIN_REASON_DROP_NO_READER);
    }
    struct seq fin = seq_add(seg->h.seq, seg->text.bytes);
    take_text(tcp, conn, seg, now_ns);
    take_fin(tcp, conn, seg, fin, now_ns);
    return TCP_VERDICT_ACCEPT;
}
