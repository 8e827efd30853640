// SPDX-License-Identifier: MIT
//
// The search for the largest packet that the path carries: RFC 4821. One probe is out at a time;
// what its loss means depends on its company:
//
//     all of it acknowledged, never sent again   it passes: segments have its size  §7.6.1
//     lost, and nothing else                     too large, no congestion: no cut   §7.6.2
//     lost together with others, or resent       says nothing: asked again later    §7.6.3, §7.6.4
//
// A search tries its upper end first, for a path that carries it all is the most likely one; then
// sizes that tunnels and links leave, the middle one first (RFC 8899 §5.3.2 leaves this open); then
// the middle of what is left. It ends when the rest is not worth a probe, and begins again after
// mtu_probe_interval_ns.
#include "tcp/tcp_mtu.h"

#include "base/addr_kind.h"
#include "base/check.h"
#include "tcp/tcp_internal.h"
#include "tcp/tcp_loss.h"
#include "tcp/tcp_mtu_cache.h"
#include "tcp/tcp_record.h"

enum {
    IPV4_HEADER = 20,
    IPV6_HEADER = 40,
    TCP_HEADER = 20,
    IPV6_MTU_MIN = 1280,  // RFC 8200 §5
    GRANULARITY = 16,     // one per cent of a packet: not worth the loss of another probe
    TRIES_MAX = 3,        // RFC 8899 §5.1.2, MAX_PROBES: of a size whose probes say nothing
    REST_ROUND_TRIPS = 8, // after a probe was lost: a search must not hide congestion, §7.6.2
};

// Links and what tunnels leave of 1500: PPPoE, IP in IP, VXLAN, WireGuard, IPsec; FDDI, jumbo
// frames, and RFC 1191 §7.1's plateaus beyond.
static const uint16_t COMMON_SIZES[] = {576,  1006, 1280, 1380, 1400, 1420, 1450,  1480,
                                        1492, 1500, 2002, 4352, 8166, 9000, 17914, 32000};

uint32_t tcp_mtu_headers(const struct tcp_conn *conn)
{
    return (addr_kind_is_ipv4(&conn->pair.remote) ? IPV4_HEADER : IPV6_HEADER) + TCP_HEADER;
}

uint32_t tcp_mtu_packet(const struct tcp_conn *conn)
{
    return tcp_mtu_headers(conn) + (conn->uses_timestamps ? 12u : 0u) + conn->snd.mss;
}

uint32_t tcp_mtu_floor(const struct tcp *tcp, const struct tcp_conn *conn)
{
    uint32_t floor = tcp->config.mtu_floor_bytes;
    bool is_ipv4 = addr_kind_is_ipv4(&conn->pair.remote);
    return is_ipv4 || floor > IPV6_MTU_MIN ? floor : IPV6_MTU_MIN;
}

// The largest packet that could be of use: what the interface, the peer and the user allow.
static uint32_t limit_of(const struct tcp_conn *conn)
{
    uint32_t headers = tcp_mtu_headers(conn);
    uint32_t limit = tcp_cc_smaller(conn->path.mtu_bytes, conn->snd.mss_peer + headers);
    return conn->set.mss_limit != 0 ? tcp_cc_smaller(limit, conn->set.mss_limit + headers) : limit;
}

struct tcp_mtu *tcp_mtu_make(struct tcp *tcp, struct tcp_conn *conn)
{
    if (conn->mtu == NULL) {
        conn->mtu = slab_pool_take(&tcp->mtus, NULL);
    }
    return conn->mtu;
}

void tcp_mtu_free(struct tcp *tcp, struct tcp_conn *conn)
{
    if (conn->mtu != NULL) {
        slab_pool_give(&tcp->mtus, conn->mtu);
        conn->mtu = NULL;
    }
}

void tcp_mtu_set(struct tcp *tcp, struct tcp_conn *conn, uint32_t mtu_bytes,
                 enum synfin_reason reason, uint64_t now_ns)
{
    conn->pmtu_bytes = (uint16_t)mtu_bytes;
    conn->mtu_trust = TCP_MTU_TRUST_NONE;
    tcp_open_set_mss(conn);
    tcp_trace_path_mtu(tcp, conn, reason, now_ns);
}

void tcp_mtu_remember(struct tcp *tcp, const struct tcp_conn *conn, uint64_t now_ns)
{
    const struct synfin_stack_config *config = &tcp->config;
    if (conn->pmtu_bytes < conn->path.mtu_bytes
        || config->mtu_probing == SYNFIN_MTU_PROBING_ALWAYS) {
        tcp_mtu_cache_note(&tcp->mtu_cache, &conn->pair.remote, conn->pmtu_bytes,
                           deadline_after(now_ns, config->mtu_probe_interval_ns));
    } else {
        tcp_mtu_cache_forget(&tcp->mtu_cache, &conn->pair.remote);
    }
}

// An entry that is old still says where to begin, for the search goes on from there; without
// searches it is dropped, and routers say again what they have to (RFC 1191 §6.3).
uint32_t tcp_mtu_first(const struct tcp *tcp, const struct tcp_conn *conn, uint64_t now_ns)
{
    const struct tcp_mtu_entry *entry = tcp_mtu_cache_find(&tcp->mtu_cache, &conn->pair.remote);
    bool is_old = entry != NULL && tcp->config.mtu_probing == SYNFIN_MTU_PROBING_NEVER
                  && deadline_is_due(entry->raise_ns, now_ns);
    return entry == NULL || is_old ? conn->path.mtu_bytes
                                   : tcp_cc_smaller(conn->path.mtu_bytes, entry->mtu_bytes);
}

void tcp_mtu_search(struct tcp *tcp, struct tcp_conn *conn, uint64_t next_ns)
{
    bool has_more = conn->pmtu_bytes < limit_of(conn);
    if (has_more && tcp->config.mtu_probing != SYNFIN_MTU_PROBING_NEVER) {
        struct tcp_mtu *mtu = tcp_mtu_make(tcp, conn);
        if (mtu != NULL) {
            mtu->next_ns = next_ns;
            mtu->high_bytes = 0;
            mtu->probe_bytes = 0;
        }
    } else if (conn->mtu != NULL && conn->mtu->told_bytes == 0) {
        tcp_mtu_free(tcp, conn);
    }
}

void tcp_mtu_settle(struct tcp *tcp, struct tcp_conn *conn)
{
    const struct tcp_mtu *mtu = conn->mtu;
    if (conn->pmtu_bytes >= limit_of(conn) && mtu->told_bytes == 0 && mtu->hole_bytes == 0
        && !mtu->is_resending) {
        tcp_mtu_free(tcp, conn);
    }
}

// RFC 4821 §7.2: who always searches begins with what is safe, unless the way is known.
void tcp_mtu_open(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns)
{
    const struct tcp_mtu_entry *entry = tcp_mtu_cache_find(&tcp->mtu_cache, &conn->pair.remote);
    bool is_always = tcp->config.mtu_probing == SYNFIN_MTU_PROBING_ALWAYS;
    uint32_t floor = tcp_mtu_floor(tcp, conn);
    uint32_t base = tcp->config.mtu_base_bytes > floor ? tcp->config.mtu_base_bytes : floor;
    if (is_always && entry == NULL && tcp_mtu_packet(conn) > base) {
        tcp_mtu_set(tcp, conn, base, SYNFIN_REASON_MTU_BASE, now_ns);
    }
    if (is_always || conn->pmtu_bytes < conn->path.mtu_bytes) {
        tcp_mtu_search(tcp, conn, entry != NULL ? entry->raise_ns : now_ns);
    }
}

// The middle one of the common sizes in (low, high], else the middle of both.
static uint32_t middle(uint32_t low, uint32_t high)
{
    uint32_t first = 0;
    uint32_t count = 0;
    for (uint32_t i = 0; i < sizeof(COMMON_SIZES) / sizeof(COMMON_SIZES[0]); i++) {
        first += COMMON_SIZES[i] <= low;
        count += COMMON_SIZES[i] > low && COMMON_SIZES[i] <= high;
    }
    return count > 0 ? COMMON_SIZES[first + count / 2] : (low + high + 1) / 2;
}

// 0: the search is over. The user may have set a lower limit since it began.
static uint32_t next_size(const struct tcp_conn *conn)
{
    const struct tcp_mtu *mtu = conn->mtu;
    uint32_t low = conn->pmtu_bytes;
    uint32_t high = tcp_cc_smaller(mtu->high_bytes, limit_of(conn));
    if (high <= low) {
        return 0;
    }
    if (mtu->is_high_untried) {
        return high;
    }
    return high - low >= GRANULARITY ? middle(low, high) : 0;
}

// RFC 4821 §7.3, RFC 1191 §6.3, RFC 8201 §4: the path may carry more one day.
static void end_search(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns)
{
    tcp_trace_path_mtu(tcp, conn, SYNFIN_REASON_MTU_SEARCH_OVER, now_ns);
    tcp_mtu_search(tcp, conn, deadline_after(now_ns, tcp->config.mtu_probe_interval_ns));
}

// Nothing is missing and nothing else is being found out.
static bool is_calm(const struct tcp_conn *conn)
{
    const struct tcp_mtu *mtu = conn->mtu;
    if (mtu->probe_bytes != 0 || mtu->told_bytes != 0 || mtu->hole_bytes != 0 || mtu->is_resending
        || conn->has_urgent_out || tcp_loss_is_repairing(conn)
        || !seq_eq(conn->snd.resend, conn->snd.nxt)) {
        return false;
    }
    const struct tcp_loss *loss = conn->loss;
    return loss == NULL ? conn->recovery.dup_acks == 0
                        : loss->board.sacked_bytes == 0 && loss->board.lost_bytes == 0;
}

static bool begin_search(const struct tcp_conn *conn, uint64_t now_ns)
{
    struct tcp_mtu *mtu = conn->mtu;
    if (now_ns < mtu->next_ns) {
        return false;
    }
    if (mtu->high_bytes == 0) {
        mtu->high_bytes = (uint16_t)limit_of(conn);
        mtu->is_high_untried = true;
        mtu->tries = 0;
    }
    return true;
}

bool tcp_mtu_plan(struct tcp *tcp, struct tcp_conn *conn, struct tcp_plan *plan,
                  uint32_t window_bytes, uint64_t now_ns)
{
    struct tcp_mtu *mtu = conn->mtu;
    if (mtu == NULL || tcp->config.mtu_probing == SYNFIN_MTU_PROBING_NEVER || !is_calm(conn)
        || !begin_search(conn, now_ns)) {
        return false;
    }
    uint32_t size = next_size(conn);
    if (size == 0) {
        end_search(tcp, conn, now_ns);
        return false;
    }
    uint32_t segment = tcp_output_segment_bytes(conn);
    uint32_t bytes = size - tcp_mtu_headers(conn) - tcp_emit_option_bytes(conn);
    // RFC 4821 §7.4: so many behind it that its loss would be noticed.
    uint32_t wanted = bytes + conn->set.reordering_segments * segment;
    if (bytes <= segment || window_bytes < bytes || conn->cc.cwnd_bytes < wanted
        || tcp_output_room(conn) < wanted || tcp_output_unsent(conn) < wanted
        || tcp_record_trim(conn, conn->snd.nxt, bytes) < bytes) {
        return false;
    }
    mtu->planned_bytes = (uint16_t)size;
    mtu->left = conn->snd.nxt;
    mtu->right = seq_add(conn->snd.nxt, bytes);
    *plan = (struct tcp_plan){.kind = TCP_PLAN_MTU_PROBE,
                              .seq = conn->snd.nxt,
                              .bytes = bytes,
                              .flags = SYNFIN_TCP_ACK,
                              .reason = SYNFIN_REASON_SEND_MTU_PROBE};
    return true;
}

static void rest(struct tcp_conn *conn, uint64_t now_ns)
{
    conn->mtu->probe_bytes = 0;
    conn->mtu->next_ns = deadline_after(now_ns, REST_ROUND_TRIPS * conn->rtt.srtt_ns);
}

static void fail(struct tcp *tcp, struct tcp_conn *conn, enum synfin_reason reason, uint64_t now_ns)
{
    struct tcp_mtu *mtu = conn->mtu;
    tcp_trace_path_mtu(tcp, conn, reason, now_ns);
    if (mtu->high_bytes >= mtu->probe_bytes) { // unless a router has said more
        mtu->high_bytes = (uint16_t)(mtu->probe_bytes - 1);
        mtu->is_high_untried = false;
    }
    mtu->tries = 0;
    rest(conn, now_ns);
}

static void succeed(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns)
{
    struct tcp_mtu *mtu = conn->mtu;
    uint32_t size = mtu->probe_bytes;
    mtu->is_high_untried = mtu->is_high_untried && size != mtu->high_bytes;
    mtu->probe_bytes = 0;
    mtu->tries = 0;
    tcp_mtu_set(tcp, conn, size, SYNFIN_REASON_MTU_PROBE_PASSED, now_ns);
    conn->mtu_trust = TCP_MTU_TRUST_PASSED;
    tcp_mtu_remember(tcp, conn, now_ns);
    if (next_size(conn) == 0) {
        end_search(tcp, conn, now_ns);
    }
}

void tcp_mtu_lose_track(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns)
{
    struct tcp_mtu *mtu = conn->mtu;
    if (mtu == NULL || mtu->probe_bytes == 0) {
        return;
    }
    if (++mtu->tries >= TRIES_MAX) {
        fail(tcp, conn, SYNFIN_REASON_MTU_PROBES_LOST, now_ns);
    } else {
        tcp_trace_path_mtu(tcp, conn, SYNFIN_REASON_MTU_PROBE_UNCLEAR, now_ns);
        rest(conn, now_ns);
    }
}

// The next probe is of the size that the router told.
void tcp_mtu_probe_told(struct tcp *tcp, struct tcp_conn *conn, uint32_t mtu_bytes, uint64_t now_ns)
{
    struct tcp_mtu *mtu = conn->mtu;
    mtu->high_bytes = (uint16_t)mtu_bytes;
    mtu->is_high_untried = mtu_bytes > conn->pmtu_bytes;
    tcp_trace_path_mtu(tcp, conn, SYNFIN_REASON_MTU_PROBE_TOLD, now_ns);
}

static bool is_of_probe(const struct tcp_mtu *mtu, const struct tcp_plan *plan)
{
    return seq_lt(plan->seq, mtu->right) && seq_gt(seq_add(plan->seq, plan->bytes), mtu->left);
}

void tcp_mtu_note_sent(struct tcp *tcp, struct tcp_conn *conn, const struct tcp_plan *plan,
                       uint64_t now_ns)
{
    struct tcp_mtu *mtu = conn->mtu;
    if (plan->kind == TCP_PLAN_MTU_PROBE) {
        bool is_whole = seq_eq(seq_add(plan->seq, plan->bytes), mtu->right);
        mtu->probe_bytes = is_whole ? mtu->planned_bytes : 0; // else its pieces did not fit
        return;
    }
    if (mtu != NULL && mtu->probe_bytes != 0 && plan->is_again && is_of_probe(mtu, plan)) {
        tcp_mtu_lose_track(tcp, conn, now_ns);
    }
    uint32_t segment = tcp_output_segment_bytes(conn);
    if (conn->mtu_trust == TCP_MTU_TRUST_NONE && plan->kind != TCP_PLAN_SYN
        && plan->bytes >= segment) {
        conn->mtu_trust = TCP_MTU_TRUST_OUT;
        conn->mtu_seen = seq_add(plan->seq, segment);
    } else if (conn->mtu_trust == TCP_MTU_TRUST_OUT && plan->is_again && plan->bytes < segment
               && seq_lt(plan->seq, conn->mtu_seen)) {
        conn->mtu_trust = TCP_MTU_TRUST_NONE; // it may arrive in pieces
    }
}

void tcp_mtu_note_acked(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns)
{
    struct tcp_mtu *mtu = conn->mtu;
    if (conn->mtu_trust == TCP_MTU_TRUST_OUT && seq_ge(conn->snd.una, conn->mtu_seen)) {
        conn->mtu_trust = TCP_MTU_TRUST_PASSED;
    }
    if (mtu == NULL) {
        return;
    }
    tcp_mtu_lower_on_acked(tcp, conn, now_ns);
    mtu = conn->mtu;
    if (mtu == NULL || mtu->probe_bytes == 0 || seq_le(conn->snd.una, mtu->left)) {
        return;
    }
    if (seq_ge(conn->snd.una, mtu->right)) {
        succeed(tcp, conn, now_ns);
    } else { // somebody cut it up on the way
        fail(tcp, conn, SYNFIN_REASON_MTU_PROBE_IN_PARTS, now_ns);
    }
}

bool tcp_mtu_takes_loss(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns)
{
    struct tcp_mtu *mtu = conn->mtu;
    if (mtu == NULL || mtu->probe_bytes == 0) {
        return false;
    }
    struct tcp_scoreboard *board = &conn->loss->board;
    const struct tcp_span *probe = tcp_scoreboard_find(board, mtu->left);
    if (probe == NULL || tcp_scoreboard_state_of(probe) != TCP_SPAN_STATE_LOST) {
        return false; // others are lost: what became of the probe is not known yet
    }
    bool is_alone = seq_eq(probe->left, mtu->left) && seq_le(probe->right, mtu->right)
                    && board->lost_bytes == seq_distance(probe->left, probe->right);
    if (!is_alone) {
        tcp_mtu_lose_track(tcp, conn, now_ns);
        return false;
    }
    fail(tcp, conn, SYNFIN_REASON_MTU_PROBE_LOST, now_ns);
    conn->pending.resend_reason = SYNFIN_REASON_SEND_MTU_PROBE_AGAIN;
    return true;
}

static void resend_here(struct tcp_conn *conn)
{
    conn->recovery.needs_resend = true;
    conn->pending.resend_reason = SYNFIN_REASON_SEND_MTU_PROBE_AGAIN;
}

bool tcp_mtu_takes_duplicate(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns)
{
    struct tcp_mtu *mtu = conn->mtu;
    if (mtu == NULL || conn->recovery.is_active) {
        return false;
    }
    if (mtu->is_resending) {
        tcp_recovery_inflate(conn); // RFC 5681 §3.2 step 4, though nothing was cut
        return true;
    }
    if (mtu->probe_bytes == 0 || conn->recovery.dup_acks < conn->set.reordering_segments
        || !seq_eq(conn->snd.una, mtu->left)) {
        return false;
    }
    fail(tcp, conn, SYNFIN_REASON_MTU_PROBE_LOST, now_ns);
    mtu->is_resending = true;
    mtu->resend_end = conn->snd.nxt;
    conn->recovery.limited = 0;
    tcp_recovery_begin_inflation(conn);
    resend_here(conn);
    return true;
}

bool tcp_mtu_has_more_lost(struct tcp_conn *conn)
{
    struct tcp_mtu *mtu = conn->mtu;
    if (mtu == NULL || !mtu->is_resending) {
        return false;
    }
    if (seq_lt(conn->snd.una, mtu->right)) {
        resend_here(conn);
        return false;
    }
    mtu->is_resending = false;
    conn->recovery.inflation_bytes = 0;
    return seq_lt(conn->snd.una, mtu->resend_end);
}
