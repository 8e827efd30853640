// SPDX-License-Identifier: MIT
//
// TCP Fast Open (RFC 7413) on connections.
//
// Client: connect() makes a connection whose SYN waits (WAITING). The first data, an empty send or
// a shutdown let it go: with a cookie and data where a cookie is known (OFFERED), with a request
// where none is (REQUESTED), plain where Fast Open is off, with data alone where no cookie is
// needed (BARE). A SYN that must go again goes plain.
//
// Server: a SYN with a good cookie makes a whole connection in SYN-RECEIVED at once, with the SYN's
// data for the reader (TAKEN, or RENEWING when the SYN+ACK brings a new cookie). Until the third
// segment it counts against its listener's limit.
#include "tcp/tcp_fastopen_conn.h"

#include "base/addr_kind.h"
#include "base/check.h"
#include "tcp/tcp_fastopen.h"
#include "tcp/tcp_handshake.h"
#include "tcp/tcp_internal.h"
#include "tcp/tcp_linux.h"
#include "tcp/tcp_loss.h"
#include "tcp/tcp_record.h"
#include "tcp/tcp_time_wait.h"

// RFC 7413 §5.1 leaves the time to us: as long as a SYN+ACK without an answer is sent again.
#define RESTING_NS (60 * NS_PER_S)

enum {
    SYN_OPTIONS_MAX = 40, // what data in a SYN leave room for: every option there is
    MSS_DEFAULT = 536,    // RFC 7413 §4.2.2: when the server told none
};

static struct tcp_fastopen_way way_of(const struct tcp_conn *conn)
{
    return (struct tcp_fastopen_way){
        .local = &conn->pair.local,
        .remote = &conn->pair.remote,
        .port = conn->pair.remote_port,
    };
}

struct tcp_fastopen_jar *tcp_fastopen_conn_jar(struct tcp *tcp, const struct synfin_addr *local,
                                               uint16_t port)
{
    const struct tcp_conn *listener = tcp_port_find_listener(tcp, local, port);
    bool has_own = listener != NULL && listener->listen.fastopen_jar != NULL;
    return has_own ? listener->listen.fastopen_jar : &tcp->fastopen_jar;
}

bool tcp_fastopen_conn_set_keys(struct tcp *tcp, struct tcp_conn *conn,
                                const struct siphash_key *keys, uint32_t count)
{
    if (count == 0) {
        tcp_fastopen_conn_free_keys(tcp, conn);
        return true;
    }
    if (conn->listen.fastopen_jar == NULL) {
        conn->listen.fastopen_jar = slab_pool_take(&tcp->fastopen_jars, NULL);
    }
    if (conn->listen.fastopen_jar == NULL) {
        return false;
    }
    tcp_fastopen_set_keys(conn->listen.fastopen_jar, keys, count);
    return true;
}

void tcp_fastopen_conn_free_keys(struct tcp *tcp, struct tcp_conn *conn)
{
    if (conn->listen.fastopen_jar != NULL) {
        slab_pool_give(&tcp->fastopen_jars, conn->listen.fastopen_jar);
        conn->listen.fastopen_jar = NULL;
    }
}

// RFC 7413 §4.2.2: up to the MSS that the server told with its cookie, within the path's.
static uint32_t syn_room(const struct tcp_conn *conn, uint32_t mss)
{
    uint32_t headers = (addr_kind_is_ipv4(&conn->pair.remote) ? 20u : 40u) + 20u;
    uint32_t path = conn->pmtu_bytes > headers ? conn->pmtu_bytes - headers : 0;
    uint32_t most = mss != 0 ? mss : MSS_DEFAULT;
    most = most < path ? most : path;
    if (conn->set.mss_limit != 0 && conn->set.mss_limit < most) {
        most = conn->set.mss_limit;
    }
    return most > SYN_OPTIONS_MAX ? most - SYN_OPTIONS_MAX : 0;
}

bool tcp_fastopen_conn_is_waiting(const struct tcp_conn *conn)
{
    return conn->fastopen == TCP_FASTOPEN_WAITING && conn->state == SYNFIN_TCP_STATE_SYN_SENT
           && conn->send.bytes == 0 && !conn->snd_closed;
}

void tcp_fastopen_conn_let_go(struct tcp *tcp, struct tcp_conn *conn)
{
    if (tcp_fastopen_conn_is_waiting(conn)) {
        conn->fastopen = TCP_FASTOPEN_RELEASED;
        tcp_output_want(tcp, conn);
    }
}

// What the SYN may be, as the state that follows; NONE for a plain one.
static enum tcp_fastopen choose(const struct tcp *tcp, const struct tcp_conn *conn, uint16_t *mss,
                                uint64_t now_ns)
{
    struct tcp_fastopen_way way = way_of(conn);
    const struct tcp_fastopen_peer *peer = tcp_fastopen_peers_find(&tcp->fastopen_peers, &way);
    *mss = peer != NULL ? peer->mss : 0;
    if (tcp->config.fastopen_sends_any != 0 || conn->set.has_no_cookie) {
        *mss = *mss != 0 ? *mss : UINT16_MAX; // the path says more than a guess
        return TCP_FASTOPEN_BARE;
    }
    if (tcp->fastopen_peers.peers_max == 0
        || (peer != NULL && tcp_fastopen_peers_is_off(peer, way.port, now_ns))) {
        return TCP_FASTOPEN_NONE;
    }
    return peer == NULL || peer->cookie_bytes == 0 ? TCP_FASTOPEN_REQUESTED : TCP_FASTOPEN_OFFERED;
}

uint32_t tcp_fastopen_conn_room(const struct tcp *tcp, const struct tcp_conn *conn, uint64_t now_ns)
{
    uint16_t mss;
    if (!tcp_fastopen_conn_is_waiting(conn)) {
        return 0;
    }
    enum tcp_fastopen kind = choose(tcp, conn, &mss, now_ns);
    bool has_data = kind == TCP_FASTOPEN_OFFERED || kind == TCP_FASTOPEN_BARE;
    return has_data ? syn_room(conn, mss) : 0;
}

// The window is not known yet; the octets that go beyond it are the server's to refuse.
static void plan_data(struct tcp_conn *conn, struct tcp_plan *plan, uint32_t room)
{
    uint32_t bytes = conn->send.bytes < room ? conn->send.bytes : room;
    bytes = tcp_record_trim(conn, seq_add(conn->iss, 1), bytes);
    if (bytes > 0) {
        conn->snd.edge = seq_add(conn->iss, 1 + bytes);
        plan->bytes = bytes;
        plan->reason = SYNFIN_REASON_SEND_SYN_DATA;
    }
}

// A shutdown before any data makes a plain SYN: there will be nothing that a cookie helps.
void tcp_fastopen_conn_plan_syn(struct tcp *tcp, struct tcp_conn *conn, struct tcp_plan *plan,
                                uint64_t now_ns)
{
    bool is_released = conn->fastopen == TCP_FASTOPEN_RELEASED;
    uint16_t mss;
    if (conn->fastopen != TCP_FASTOPEN_WAITING && !is_released) {
        return;
    }
    enum tcp_fastopen kind = choose(tcp, conn, &mss, now_ns);
    if (kind == TCP_FASTOPEN_REQUESTED) {
        plan->reason = SYNFIN_REASON_SEND_SYN_COOKIE_REQUEST;
    } else if (kind != TCP_FASTOPEN_NONE && conn->send.bytes == 0 && !is_released) {
        kind = TCP_FASTOPEN_NONE;
    } else if (kind != TCP_FASTOPEN_NONE) {
        plan_data(conn, plan, syn_room(conn, mss));
    }
    conn->fastopen = (uint8_t)kind;
}

static void add_known_cookie(const struct tcp *tcp, const struct tcp_conn *conn, struct wire_tcp *h,
                             uint64_t now_ns)
{
    struct tcp_fastopen_way way = way_of(conn);
    struct tcp_fastopen_peer *peer = tcp_fastopen_peers_find(&tcp->fastopen_peers, &way);
    ASSERT(peer != NULL && peer->cookie_bytes > 0);
    peer->used_ns = now_ns;
    h->has_fastopen = true;
    h->is_fastopen_experimental = peer->is_experimental;
    h->cookie_bytes = peer->cookie_bytes;
    __builtin_memcpy(h->cookie, peer->cookie, sizeof(h->cookie));
}

static bool asks_in_experiment(const struct tcp *tcp, const struct tcp_conn *conn)
{
    struct tcp_fastopen_way way = way_of(conn);
    const struct tcp_fastopen_peer *peer = tcp_fastopen_peers_find(&tcp->fastopen_peers, &way);
    return peer != NULL && peer->has_experiment;
}

static void add_request(const struct tcp *tcp, const struct tcp_conn *conn, struct wire_tcp *h)
{
    h->has_fastopen = true;
    h->is_fastopen_experimental = asks_in_experiment(tcp, conn);
}

// RFC 7413 §4.2.1, §4.2.2: SYN and SYN+ACK that go again go without the option.
void tcp_fastopen_conn_add_option(struct tcp *tcp, const struct tcp_conn *conn,
                                  const struct tcp_plan *plan, struct wire_tcp *h, uint64_t now_ns)
{
    if (plan->is_again) {
        return;
    }
    switch ((enum tcp_fastopen)conn->fastopen) {
    case TCP_FASTOPEN_NONE:
    case TCP_FASTOPEN_WAITING:
    case TCP_FASTOPEN_RELEASED:
    case TCP_FASTOPEN_BARE:
    case TCP_FASTOPEN_TAKEN: break;
    case TCP_FASTOPEN_REQUESTED: add_request(tcp, conn, h); break;
    case TCP_FASTOPEN_OFFERED: add_known_cookie(tcp, conn, h, now_ns); break;
    case TCP_FASTOPEN_RENEWING:
    case TCP_FASTOPEN_RENEWING_EXPERIMENT:
        tcp_fastopen_give(tcp_fastopen_conn_jar(tcp, &conn->pair.local, conn->pair.local_port),
                          &conn->pair, now_ns, h);
        h->is_fastopen_experimental = conn->fastopen == TCP_FASTOPEN_RENEWING_EXPERIMENT;
        break;
    }
}

// Our SYN carries the option.
static bool is_asking(const struct tcp_conn *conn)
{
    return conn->fastopen == TCP_FASTOPEN_REQUESTED || conn->fastopen == TCP_FASTOPEN_OFFERED;
}

void tcp_fastopen_conn_on_failed(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns)
{
    if (!is_asking(conn) || conn->is_syn_acked || tcp->fastopen_peers.off_ns == 0) {
        return;
    }
    struct tcp_fastopen_way way = way_of(conn);
    tcp_fastopen_peers_note_failure(&tcp->fastopen_peers, &way, now_ns);
    report_count(tcp->report, SYNFIN_REASON_FASTOPEN_OFF);
    conn->fastopen = TCP_FASTOPEN_NONE;
}

// RFC 7413 §4.2.2: a SYN+ACK that neither takes the data nor brings another cookie says no.
void tcp_fastopen_conn_on_syn_ack(struct tcp *tcp, struct tcp_conn *conn,
                                  const struct tcp_segment *seg, uint64_t now_ns)
{
    struct tcp_fastopen_way way = way_of(conn);
    struct seq first = seq_add(conn->iss, 1);
    bool has_data = seq_gt(conn->snd.nxt, first);
    bool has_cookie = is_asking(conn) && seg->h.has_fastopen && seg->h.cookie_bytes > 0;
    if (has_cookie) {
        tcp_fastopen_peers_note_cookie(&tcp->fastopen_peers, &way, &seg->h, now_ns);
    } else if (has_data && seg->h.has_mss) {
        tcp_fastopen_peers_note_mss(&tcp->fastopen_peers, &way, seg->h.mss, now_ns);
    }
    bool is_unknown = conn->fastopen == TCP_FASTOPEN_REQUESTED && !has_cookie && conn->retries == 0;
    if (is_unknown && tcp_linux_has(conn, SYNFIN_LINUX_WAY_TRY_EXPERIMENT)) {
        tcp_fastopen_peers_note_unknown(&tcp->fastopen_peers, &way, asks_in_experiment(tcp, conn),
                                        now_ns);
    }
    if (seq_gt(seg->h.ack, first)) {
        conn->has_syn_data = seq_eq(seg->h.ack, conn->snd.nxt);
        conn->syn_data_bytes = (uint16_t)seq_distance(first, seg->h.ack);
        tcp_fastopen_peers_note_success(&tcp->fastopen_peers, &way);
    } else if (conn->fastopen == TCP_FASTOPEN_OFFERED && has_data && !has_cookie) {
        tcp_fastopen_conn_on_failed(tcp, conn, now_ns);
    }
    conn->fastopen = TCP_FASTOPEN_NONE;
}

// RFC 7413 §4.2.2: data that a SYN+ACK did not acknowledge go again with the third segment; what
// a server sent after a SYN+ACK that was lost found nobody to take it.
void tcp_fastopen_conn_send_rest(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns)
{
    bool is_lost = !conn->is_passive || conn->has_syn_lost;
    conn->snd.resend = conn->snd.nxt; // our SYN is acknowledged, though it may have been due again
    tcp_loss_take_over(tcp, conn, now_ns);
    if (is_lost && seq_lt(conn->snd.una, conn->snd.nxt)) {
        tcp_output_go_back(conn);
        conn->pending.resend_reason =
            conn->is_passive ? SYNFIN_REASON_SEND_AFTER_TIMEOUT : SYNFIN_REASON_SEND_SYN_DATA_AGAIN;
    }
}

bool tcp_fastopen_conn_is_asked(const struct tcp_conn *listener, const struct tcp_segment *seg)
{
    return listener->set.fastopen_max > 0 && seg->h.has_fastopen;
}

// RFC 7413 §5.1: those that were reset count on, so that resets, of a victim whose address is used
// or of the attacker itself, do not lift the limit.
static bool has_room(struct tcp_listener *listen, uint32_t most, uint64_t now_ns)
{
    if (deadline_age(listen->fastopen_reset_ns, now_ns) >= RESTING_NS) {
        listen->fastopen_resting = 0;
    }
    return (uint32_t)listen->fastopen_pending + listen->fastopen_resting < most
           && listen->acceptables < listen->backlog;
}

static void take_data(struct tcp *tcp, struct tcp_conn *conn, struct tcp_segment *seg,
                      uint64_t now_ns)
{
    uint32_t room = conn->set.receive_buffer_bytes;
    uint32_t there = seg->text.bytes;
    uint32_t wanted = there < room ? there : room;
    uint32_t bytes = stream_append(&conn->receive, &tcp->chunks, &seg->text, wanted);
    conn->rcv.nxt = seq_add(conn->rcv.nxt, bytes);
    conn->rcv.adv = seq_max(conn->rcv.adv, conn->rcv.nxt);
    conn->has_syn_data = bytes > 0 && bytes == there;
    if (bytes > 0) {
        conn->totals.bytes_received += bytes;
        conn->totals.data_segments_in++;
        conn->totals.data_received_ns = now_ns;
        tcp->octets_in += bytes;
        tcp_event_tell(tcp, conn, SYNFIN_EVENT_READABLE);
    }
}

// The block sends its SYN+ACK itself, and its window is that of the SYN, never scaled
// (RFC 7323 §2.2). RFC 7413 §4.2.2: the initial window is that of any connection.
static struct tcp_conn *make_block(struct tcp *tcp, struct tcp_conn *listener,
                                   struct tcp_segment *seg, uint64_t now_ns)
{
    struct tcp_handshake handshake;
    tcp_handshake_of_syn(tcp, listener, seg, &handshake);
    handshake.iss = tcp_handshake_iss(tcp, seg, now_ns);
    handshake.number = ++tcp->next_number;
    struct tcp_conn *conn =
        tcp_handshake_make_block(tcp, listener, &handshake, &seg->arrival->path, now_ns);
    if (conn == NULL) {
        return NULL;
    }
    struct tcp_change change = {.pair = &conn->pair,
                                .number = conn->number,
                                .from = SYNFIN_TCP_STATE_LISTEN,
                                .to = SYNFIN_TCP_STATE_SYN_RECEIVED,
                                .cause = SYNFIN_REASON_FASTOPEN_ARRIVED};
    tcp_time_wait_give_way(tcp, seg, now_ns);
    tcp_state_note(tcp, &change, now_ns);
    tcp_table_insert(tcp, conn);
    tcp_open_set_iss(conn, handshake.iss);
    conn->totals.segments_out = 0;
    conn->snd.wnd = conn->snd.wnd_max = seg->h.window;
    conn->snd.edge = seq_add(conn->iss, 1 + conn->snd.wnd);
    tcp_cc_open(&conn->cc, conn->snd.mss, tcp->config.initial_window_segments);
    return conn;
}

static enum tcp_fastopen state_of(enum tcp_fastopen_cookie cookie, const struct wire_tcp *h)
{
    if (cookie != TCP_FASTOPEN_COOKIE_OLD) {
        return TCP_FASTOPEN_TAKEN;
    }
    return h->is_fastopen_experimental ? TCP_FASTOPEN_RENEWING_EXPERIMENT : TCP_FASTOPEN_RENEWING;
}

enum tcp_verdict tcp_fastopen_conn_open(struct tcp *tcp, struct tcp_conn *listener,
                                        struct tcp_segment *seg, uint64_t now_ns)
{
    bool needs_none = tcp->config.fastopen_takes_any != 0 || listener->set.has_no_cookie;
    bool takes_any = needs_none && listener->set.fastopen_max > 0 && seg->text.bytes > 0;
    bool has_cookie = tcp_fastopen_conn_is_asked(listener, seg) && seg->h.cookie_bytes > 0;
    if (!has_cookie && !takes_any) {
        return TCP_VERDICT_GO_ON;
    }
    const struct tcp_pair pair = {.local = seg->arrival->dst, .remote = seg->arrival->src};
    enum tcp_fastopen_cookie cookie = TCP_FASTOPEN_COOKIE_GOOD;
    if (!takes_any) {
        struct tcp_fastopen_jar *own = listener->listen.fastopen_jar;
        cookie = tcp_fastopen_judge(own != NULL ? own : &tcp->fastopen_jar, &pair, &seg->h, now_ns);
    }
    bool is_bad = cookie == TCP_FASTOPEN_COOKIE_BAD;
    if (is_bad || !has_room(&listener->listen, listener->set.fastopen_max, now_ns)) {
        report_count(tcp->report,
                     is_bad ? SYNFIN_REASON_FASTOPEN_COOKIE_BAD : SYNFIN_REASON_FASTOPEN_LIMIT);
        return TCP_VERDICT_GO_ON;
    }
    struct tcp_conn *conn = make_block(tcp, listener, seg, now_ns);
    if (conn == NULL) {
        return TCP_VERDICT_GO_ON;
    }
    seg->number = conn->number;
    conn->fastopen = (uint8_t)state_of(cookie, &seg->h);
    conn->fastopen_listener = listener->number;
    listener->listen.fastopen_pending++;
    take_data(tcp, conn, seg, now_ns);
    tcp_open_hand_over(tcp, conn);
    tcp_timer_on_queued(tcp, conn, now_ns);
    tcp_output_want(tcp, conn);
    return tcp_segment_accept(seg, SYNFIN_REASON_RECEIVED_SYN_DATA);
}

// The listener may have gone, and another taken its place.
static struct tcp_listener *counting_listener(const struct tcp *tcp, const struct tcp_conn *conn)
{
    struct tcp_conn *listener =
        tcp_port_find_listener(tcp, &conn->pair.local, conn->pair.local_port);
    bool is_same = listener != NULL && listener->number == conn->fastopen_listener;
    return is_same ? &listener->listen : NULL;
}

void tcp_fastopen_conn_release(struct tcp *tcp, struct tcp_conn *conn)
{
    if (!tcp_fastopen_conn_is_taken(conn)) {
        return;
    }
    struct tcp_listener *listen = counting_listener(tcp, conn);
    if (listen != NULL) {
        ASSERT(listen->fastopen_pending > 0);
        listen->fastopen_pending--;
    }
    conn->fastopen = TCP_FASTOPEN_NONE;
}

void tcp_fastopen_conn_on_reset(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns)
{
    if (!tcp_fastopen_conn_is_taken(conn)) {
        return;
    }
    struct tcp_listener *listen = counting_listener(tcp, conn);
    if (listen != NULL && listen->fastopen_resting < UINT16_MAX) {
        listen->fastopen_resting++;
        listen->fastopen_reset_ns = now_ns;
    }
    tcp_fastopen_conn_release(tcp, conn);
}
