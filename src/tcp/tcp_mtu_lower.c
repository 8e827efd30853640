// SPDX-License-Identifier: MIT
//
// What makes segments smaller. Two may say so: a router, whose word anybody can forge, and silence.
//
// A router's word counts at once while no packet of the present size has arrived, because that is
// when paths are found out. Once one has, it waits (RFC 5927 §7.2): an acknowledgment of the quoted
// octet disproves it; two round trips of silence, or the timer, bear it out.
//
// Silence alone means a black hole (RFC 2923 §2.1, RFC 4821 §7.7) when full segments are sent again
// and again and the peer had answered smaller ones: a path that says nothing and carries less. The
// next smaller size that many paths carry is tried, and after the floor nothing. When one arrives
// the search goes upward again from there.
#include "base/addr_kind.h"
#include "base/check.h"
#include "tcp/tcp_internal.h"
#include "tcp/tcp_loss.h"
#include "tcp/tcp_mtu.h"

enum {
    // Timeouts in a row: 1 + 2 = 3 times the first, 0.6 s or more, and 7 times where packets of
    // this size have arrived before or nearly every path carries them, because then the path is
    // more likely to be down than narrow.
    HOLE_TIMEOUTS = 2,
    HOLE_TIMEOUTS_PASSED = 3,
    BASE = 1280,
};

// Smaller by steps: Ethernet's, IPv6's minimum, which nearly every tunnel leaves, and RFC 4821
// §7.2's; then the floor. A step of less than an eighth is none.
static const uint16_t STEPS[] = {1500, 1280, 1024};

// RFC 1191 §6.5: what is in flight was too big and goes again at once: no sign of congestion.
static void send_smaller(struct tcp *tcp, struct tcp_conn *conn)
{
    if (conn->is_syn_acked && seq_lt(conn->snd.una, conn->snd.nxt)) {
        tcp_output_go_back(conn);
        conn->pending.resend_reason = SYNFIN_REASON_SEND_PMTU;
        conn->rtt.is_timing = false;
        tcp_output_want(tcp, conn);
    }
}

// A search below the new size has nothing to say any more.
static void forget_search(struct tcp_conn *conn)
{
    if (conn->mtu != NULL) {
        conn->mtu->probe_bytes = conn->mtu->told_bytes = conn->mtu->hole_bytes = 0;
        conn->mtu->high_bytes = 0;
    }
}

// RFC 7413 §4.2.2 sends a SYN again without data; a router's word is as good as a timeout.
static void send_syn_again(struct tcp *tcp, struct tcp_conn *conn)
{
    bool has_data = seq_gt(conn->snd.nxt, seq_add(conn->iss, 1));
    if (conn->state == SYNFIN_TCP_STATE_SYN_SENT && has_data) {
        conn->snd.resend = conn->iss;
        conn->pending.resend_reason = SYNFIN_REASON_SEND_PMTU;
        conn->rtt.is_timing = false;
        tcp_output_want(tcp, conn);
    }
}

static void shrink(struct tcp *tcp, struct tcp_conn *conn, uint32_t mtu_bytes,
                   enum synfin_reason reason, uint64_t now_ns)
{
    uint16_t mss_before = conn->snd.mss;
    forget_search(conn);
    tcp_mtu_set(tcp, conn, mtu_bytes, reason, now_ns);
    if (conn->snd.mss < mss_before) {
        send_smaller(tcp, conn);
    }
    send_syn_again(tcp, conn);
}

void tcp_path_changed(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns)
{
    uint32_t mtu_bytes = conn->path.mtu_bytes;
    if (mtu_bytes < conn->pmtu_bytes) {
        shrink(tcp, conn, mtu_bytes, SYNFIN_REASON_MTU_INTERFACE, now_ns);
    }
    tcp_mtu_search(tcp, conn, now_ns);
}

// RFC 1191 §6.3, RFC 8201 §4: a larger size is not tried before ten minutes are over.
static void believe(struct tcp *tcp, struct tcp_conn *conn, uint32_t mtu_bytes, uint64_t now_ns)
{
    shrink(tcp, conn, mtu_bytes, SYNFIN_REASON_ICMP_TOO_BIG, now_ns);
    tcp_mtu_remember(tcp, conn, now_ns);
    tcp_mtu_search(tcp, conn, deadline_after(now_ns, tcp->config.mtu_probe_interval_ns));
}

static bool is_about_probe(const struct tcp_conn *conn, struct seq quoted, uint32_t mtu_bytes)
{
    const struct tcp_mtu *mtu = conn->mtu;
    return mtu != NULL && mtu->probe_bytes > mtu_bytes && seq_ge(quoted, mtu->left)
           && seq_lt(quoted, mtu->right);
}

void tcp_mtu_lower_on_told(struct tcp *tcp, struct tcp_conn *conn, uint32_t mtu_bytes,
                           struct seq quoted, uint64_t now_ns)
{
    if (mtu_bytes >= conn->pmtu_bytes) {
        if (is_about_probe(conn, quoted, mtu_bytes)) {
            tcp_mtu_probe_told(tcp, conn, mtu_bytes, now_ns);
        } else {
            report_packet_dropped(tcp->report, SYNFIN_REASON_DROP_ICMP_MTU_KNOWN, now_ns);
        }
        return;
    }
    if (conn->mtu_trust != TCP_MTU_TRUST_PASSED) {
        believe(tcp, conn, mtu_bytes, now_ns);
        return;
    }
    struct tcp_mtu *mtu = tcp_mtu_make(tcp, conn);
    if (mtu == NULL) { // silence will tell in the end
        report_packet_dropped(tcp->report, SYNFIN_REASON_DROP_NO_MEMORY, now_ns);
        return;
    }
    mtu->told_bytes = (uint16_t)mtu_bytes;
    mtu->told_seq = quoted;
    report_count(tcp->report, SYNFIN_REASON_ICMP_TOO_BIG_WAITS);
}

static void disbelieve(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns)
{
    conn->mtu->told_bytes = 0;
    report_packet_dropped(tcp->report, SYNFIN_REASON_DROP_ICMP_PROGRESS, now_ns);
    tcp_mtu_settle(tcp, conn);
}

static bool has_arrived(const struct tcp_conn *conn, struct seq at)
{
    if (seq_gt(conn->snd.una, at)) {
        return true;
    }
    const struct tcp_span *span =
        conn->loss != NULL ? tcp_scoreboard_find(&conn->loss->board, at) : NULL;
    return span != NULL && tcp_scoreboard_state_of(span) == TCP_SPAN_STATE_SACKED;
}

bool tcp_mtu_lower_on_silence(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns)
{
    struct tcp_mtu *mtu = conn->mtu;
    if (mtu == NULL || mtu->told_bytes == 0) {
        return false;
    }
    if (has_arrived(conn, mtu->told_seq)) {
        disbelieve(tcp, conn, now_ns);
        return false;
    }
    believe(tcp, conn, mtu->told_bytes, now_ns);
    return true;
}

// 0: there is none.
static uint32_t step_below(const struct tcp *tcp, const struct tcp_conn *conn, uint32_t packet)
{
    uint32_t floor = tcp_mtu_floor(tcp, conn);
    for (uint32_t i = 0; i < sizeof(STEPS) / sizeof(STEPS[0]); i++) {
        if (STEPS[i] <= packet - packet / 8 && STEPS[i] > floor) {
            return STEPS[i];
        }
    }
    return floor < packet ? floor : 0;
}

// Whether what goes again would be smaller in packets of this size.
static bool would_help(const struct tcp_conn *conn, uint32_t mtu_bytes)
{
    uint32_t options = tcp_emit_option_bytes(conn);
    uint32_t overhead = tcp_mtu_headers(conn) + options;
    struct seq end = seq_min(conn->snd.nxt, tcp_output_end(conn));
    return seq_lt(conn->snd.una, end) && seq_distance(conn->snd.una, end) > mtu_bytes - overhead;
}

static uint32_t size_out_of_hole(const struct tcp *tcp, const struct tcp_conn *conn)
{
    uint32_t packet = tcp_mtu_packet(conn);
    bool is_passed = conn->mtu_trust == TCP_MTU_TRUST_PASSED || packet <= BASE;
    if (tcp->config.mtu_probing == SYNFIN_MTU_PROBING_NEVER
        || conn->retries < (is_passed ? HOLE_TIMEOUTS_PASSED : HOLE_TIMEOUTS)) {
        return 0;
    }
    uint32_t next = step_below(tcp, conn, packet);
    return next != 0 && would_help(conn, next) ? next : 0;
}

static void leave_hole(struct tcp *tcp, struct tcp_conn *conn, uint32_t mtu_bytes, uint64_t now_ns)
{
    struct tcp_mtu *mtu = tcp_mtu_make(tcp, conn);
    if (mtu != NULL && mtu->hole_bytes == 0) {
        mtu->hole_bytes = (uint16_t)tcp_mtu_packet(conn);
        mtu->was_hole_passed = conn->mtu_trust == TCP_MTU_TRUST_PASSED;
    }
    tcp_mtu_set(tcp, conn, mtu_bytes, SYNFIN_REASON_MTU_SUSPECTED, now_ns);
}

enum synfin_reason tcp_mtu_lower_on_timeout(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns)
{
    if (!conn->is_syn_acked) {
        return SYNFIN_REASON_SEND_TIMEOUT;
    }
    if (conn->mtu != NULL) {
        conn->mtu->is_resending = false;
        tcp_mtu_lose_track(tcp, conn, now_ns);
        if (tcp_mtu_lower_on_silence(tcp, conn, now_ns)) {
            return SYNFIN_REASON_SEND_PMTU;
        }
    }
    uint32_t mtu_bytes = size_out_of_hole(tcp, conn);
    if (mtu_bytes == 0) {
        return SYNFIN_REASON_SEND_TIMEOUT;
    }
    leave_hole(tcp, conn, mtu_bytes, now_ns);
    return SYNFIN_REASON_SEND_BLACK_HOLE;
}

// Something has arrived that is smaller than what vanished. What had passed before may do so again:
// if the path was down it is the first size that is tried.
static void confirm_hole(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns)
{
    struct tcp_mtu *mtu = conn->mtu;
    mtu->high_bytes = (uint16_t)(mtu->was_hole_passed ? mtu->hole_bytes : mtu->hole_bytes - 1);
    mtu->is_high_untried = mtu->was_hole_passed;
    mtu->hole_bytes = 0;
    mtu->tries = 0;
    mtu->next_ns = now_ns;
    tcp_trace_path_mtu(tcp, conn, SYNFIN_REASON_MTU_BLACK_HOLE, now_ns);
    tcp_mtu_remember(tcp, conn, now_ns);
}

void tcp_mtu_lower_on_acked(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns)
{
    struct tcp_mtu *mtu = conn->mtu;
    if (mtu->hole_bytes != 0) {
        confirm_hole(tcp, conn, now_ns);
    }
    if (mtu->told_bytes != 0 && has_arrived(conn, mtu->told_seq)) {
        disbelieve(tcp, conn, now_ns);
    }
}
