// SPDX-License-Identifier: MIT
//
// The SYN cache: what a SYN costs this end before the peer has shown that it hears us. A stub of
// 60 octets, a SYN+ACK that is sent again a few times, and nothing of it for longer than that:
//
//     SYN --> room in backlog and cache? --yes--> stub, SYN+ACK, again after 1 s, 2 s, ...
//                 |no
//                 +-- cookies allowed? --yes--> SYN+ACK whose number is a cookie; nothing is kept
//                 +-- else: the oldest stub of this listener goes (RFC 4987 §3.4)
//
// The third segment turns stub or cookie into a connection block by one and the same path
// (tcp_handshake.c). Until then the peer may be anybody who forged an address, so it is sent at
// most three times the octets that it sent (stub->as.half_open.credit_words).
#include "tcp/tcp_syncache.h"
#include "base/check.h"
#include "tcp/tcp_fastopen_conn.h"
#include "tcp/tcp_handshake.h"
#include "tcp/tcp_internal.h"
#include "tcp/tcp_time_wait.h"

enum {
    EVICT_LOOKS = 32,  // of the oldest stubs, to find one of the same listener
    AMPLIFICATION = 3, // octets sent for each octet received, before the peer is validated
    WORD = 4,          // credit is counted in these, as header lengths are
    CREDIT_MAX = 255,
    TCP_WORDS = 5, // of a header without options
};

#define TOGETHER_NS (10 * NS_PER_MS)

// Waits grow from queue to queue, as a rule double, and those of the last queue stay equal.
static uint64_t wait_ns(const struct tcp *tcp, uint32_t queue)
{
    uint64_t most_ns = tcp->config.syn_ack_max_ns; // at most an hour: no product overflows
    uint64_t wait_ns = deadline_min(tcp->config.syn_ack_initial_ns, most_ns);
    for (uint32_t i = 0; i < queue && wait_ns < most_ns; i++) {
        wait_ns = deadline_min(wait_ns * tcp->config.syn_ack_backoff_percent / 100, most_ns);
    }
    return wait_ns;
}

static uint32_t queue_of(const struct tcp_stub *stub)
{
    uint32_t retries = stub->as.half_open.retries;
    return retries < TCP_STUB_QUEUES ? retries : TCP_STUB_QUEUES - 1;
}

static void trace_timer(struct tcp *tcp, const struct tcp_stub *stub, const struct tcp_tick *what,
                        uint64_t now_ns)
{
    struct tcp_pair pair;
    struct tcp_tick tick = *what;
    tcp_stub_pair(&tcp->half_open, stub, &pair);
    tick.pair = &pair;
    tick.number = stub->number;
    tick.timer = SYNFIN_TCP_TIMER_RETRANSMIT;
    tick.count = stub->as.half_open.retries;
    tcp_trace_timer(tcp, &tick, now_ns);
}

static void arm(struct tcp *tcp, struct tcp_stub *stub, enum synfin_reason reason, uint64_t now_ns)
{
    uint32_t queue = queue_of(stub);
    uint64_t deadline_ns = deadline_after(now_ns, wait_ns(tcp, queue));
    struct tcp_tick tick = {
        .kind = SYNFIN_TRACE_TIMER_ARMED, .reason = reason, .deadline_ns = deadline_ns};
    tcp_stub_wait(&tcp->half_open, stub, queue, deadline_ns);
    trace_timer(tcp, stub, &tick, now_ns);
}

static void count_retry(struct tcp_stub *stub)
{
    if (stub->as.half_open.retries < TCP_STUB_RETRIES_MAX) {
        stub->as.half_open.retries++;
    }
}

static uint64_t sent_ns(const struct tcp *tcp, const struct tcp_stub *stub)
{
    return tcp_stub_deadline(&tcp->half_open, stub) - wait_ns(tcp, stub->queue);
}

static struct tcp_conn *listener_of(const struct tcp *tcp, const struct tcp_stub *stub)
{
    struct tcp_pair pair;
    tcp_stub_pair(&tcp->half_open, stub, &pair);
    return tcp_port_find_listener(tcp, &pair.local, pair.local_port);
}

// Out of the cache without a word: a block has taken over, or nobody wants it any more.
static void forget(struct tcp *tcp, struct tcp_stub *stub, struct tcp_conn *listener)
{
    if (listener != NULL && listener->listen.half_opens > 0) {
        listener->listen.half_opens--;
    }
    tcp_stub_remove(&tcp->half_open, stub);
}

void tcp_syncache_end(struct tcp *tcp, struct tcp_stub *stub, const struct tcp_ending *ending,
                      uint64_t now_ns)
{
    struct tcp_pair pair;
    tcp_stub_pair(&tcp->half_open, stub, &pair);
    struct tcp_change change = {.pair = &pair,
                                .number = stub->number,
                                .from = SYNFIN_TCP_STATE_SYN_RECEIVED,
                                .to = ending->to,
                                .cause = ending->cause};
    forget(tcp, stub, listener_of(tcp, stub));
    tcp_state_note(tcp, &change, now_ns);
    tcp_trace_outcome(tcp, &pair, change.number, ending->error, ending->cause, now_ns);
}

// Credit

static uint32_t ip_words(const struct tcp_pair *pair)
{
    return synfin_addr_is_ipv4(&pair->remote) ? 20 / WORD : 40 / WORD;
}

void tcp_syncache_earn(struct tcp_stub *stub, const struct tcp_segment *seg)
{
    uint32_t ip_bytes = synfin_addr_is_ipv4(&seg->arrival->src) ? 20 : 40;
    uint32_t words = AMPLIFICATION * (ip_bytes + seg->arrival->segment.bytes) / WORD;
    uint32_t credit = stub->as.half_open.credit_words + words;
    stub->as.half_open.credit_words = (uint8_t)(credit < CREDIT_MAX ? credit : CREDIT_MAX);
}

static bool spend(struct tcp *tcp, struct tcp_stub *stub, uint32_t words, uint64_t now_ns)
{
    if (stub->as.half_open.credit_words < words) {
        report_packet_dropped(tcp->report, SYNFIN_REASON_DROP_AMPLIFICATION, now_ns);
        return false;
    }
    stub->as.half_open.credit_words = (uint8_t)(stub->as.half_open.credit_words - words);
    return true;
}

void tcp_syncache_send(struct tcp *tcp, struct tcp_stub *stub, const struct tcp_stray *stray,
                       uint64_t now_ns)
{
    uint32_t words = ip_words(&stray->pair) + tcp_stray_header_bytes(stray) / WORD;
    if (spend(tcp, stub, words, now_ns)) {
        tcp_stray_push(tcp, stray);
    }
}

void tcp_syncache_reset(struct tcp *tcp, struct tcp_stub *stub, const struct tcp_segment *seg,
                        uint64_t now_ns)
{
    struct tcp_pair pair;
    tcp_stub_pair(&tcp->half_open, stub, &pair);
    if (spend(tcp, stub, ip_words(&pair) + TCP_WORDS, now_ns)) {
        tcp_closed_input_reset(tcp, seg, stub->number, SYNFIN_REASON_SEND_RST_BAD_HANDSHAKE_ACK);
    }
}

void tcp_syncache_send_syn_ack(struct tcp *tcp, struct tcp_stub *stub,
                               const struct tcp_conn *listener, enum synfin_reason reason,
                               uint64_t now_ns)
{
    struct tcp_handshake handshake;
    struct tcp_stray stray;
    tcp_handshake_of_stub(tcp, stub, &handshake);
    tcp_handshake_syn_ack(tcp, &handshake, listener, &stray, now_ns);
    stray.reason = (uint16_t)reason;
    stray.is_again = reason != SYNFIN_REASON_SEND_SYN_ACK;
    if (stray.has_fastopen && !stray.is_again) {
        stray.reason = SYNFIN_REASON_SEND_SYN_ACK_FASTOPEN_COOKIE;
    }
    tcp_syncache_send(tcp, stub, &stray, now_ns);
}

// The next wait begins, so that the timer does not say the same again right after. One answer
// serves a SYN and a timer that come together. It counts as a retry, or who repeats its SYN often
// enough would never be given up; and an answer to one of two SYN+ACKs measures nothing (Karn).
void tcp_syncache_answer_again(struct tcp *tcp, struct tcp_stub *stub,
                               const struct tcp_conn *listener, uint64_t now_ns)
{
    if (deadline_age(sent_ns(tcp, stub), now_ns) < TOGETHER_NS) {
        return;
    }
    count_retry(stub);
    if (stub->as.half_open.retries <= tcp->config.syn_ack_retries) {
        arm(tcp, stub, SYNFIN_REASON_ARM_BACKOFF, now_ns);
    }
    tcp_syncache_send_syn_ack(tcp, stub, listener, SYNFIN_REASON_SEND_SYN_ACK_AGAIN, now_ns);
}

// A SYN for a listener

// RFC 4987 §3.4: the oldest half-open connection of this listener.
static bool evict(struct tcp *tcp, const struct tcp_conn *listener, uint64_t now_ns)
{
    static const struct tcp_ending ending = {.to = SYNFIN_TCP_STATE_CLOSED,
                                             .error = SYNFIN_ERROR_LIMIT,
                                             .cause = SYNFIN_REASON_HALF_OPEN_EVICTED};
    uint32_t looks = 0;
    for (uint32_t queue = TCP_STUB_QUEUES; queue-- > 0;) {
        if (tcp->half_open.queue[queue].first == TCP_STUB_NONE) {
            continue;
        }
        struct tcp_stub *stub = tcp_stub_oldest(&tcp->half_open, queue);
        for (; stub != NULL && looks < EVICT_LOOKS; looks++) {
            if (listener_of(tcp, stub) == listener) {
                tcp_syncache_end(tcp, stub, &ending, now_ns);
                return true;
            }
            stub = tcp_stub_younger(&tcp->half_open, stub);
        }
    }
    return false;
}

// NULL at a limit and without memory.
static struct tcp_stub *make_stub(struct tcp *tcp, struct tcp_conn *listener,
                                  const struct tcp_pair *pair, uint64_t hash)
{
    if (listener->listen.half_opens >= listener->listen.backlog) {
        return NULL;
    }
    struct tcp_stub *stub = tcp_stub_add(&tcp->half_open, pair, hash);
    listener->listen.half_opens += stub != NULL;
    return stub;
}

static enum tcp_verdict keep(struct tcp *tcp, struct tcp_stub *stub,
                             const struct tcp_conn *listener, struct tcp_segment *seg,
                             struct tcp_handshake *handshake, uint64_t now_ns)
{
    handshake->number = ++tcp->next_number;
    handshake->iss = tcp_handshake_iss(tcp, seg, now_ns);
    tcp_handshake_to_stub(handshake, stub);
    struct tcp_change change = {.pair = &handshake->pair,
                                .number = handshake->number,
                                .from = SYNFIN_TCP_STATE_LISTEN,
                                .to = SYNFIN_TCP_STATE_SYN_RECEIVED,
                                .cause = SYNFIN_REASON_SYN_ARRIVED};
    seg->number = handshake->number;
    tcp_time_wait_give_way(tcp, seg, now_ns);
    tcp_state_note(tcp, &change, now_ns);
    tcp_syncache_earn(stub, seg);
    arm(tcp, stub, SYNFIN_REASON_ARM_RETRANSMIT, now_ns);
    tcp_syncache_send_syn_ack(tcp, stub, listener, SYNFIN_REASON_SEND_SYN_ACK, now_ns);
    return tcp_segment_accept(seg, SYNFIN_REASON_RECEIVED_SYN);
}

// One SYN+ACK for one SYN, about as long: the peer is not validated, and is not sent more.
static enum tcp_verdict send_cookie(struct tcp *tcp, const struct tcp_conn *listener,
                                    struct tcp_segment *seg, struct tcp_handshake *handshake,
                                    uint64_t now_ns)
{
    if (seg->time_wait != NULL && !handshake->offer.has_timestamps) {
        return tcp_segment_drop(seg, SYNFIN_REASON_DROP_BACKLOG); // TIME-WAIT must go on
    }
    struct tcp_stray stray;
    tcp_time_wait_give_way(tcp, seg, now_ns);
    handshake->is_cookie = true;
    handshake->iss = tcp_cookie_make(&tcp->cookies, &handshake->pair, &handshake->offer, now_ns);
    tcp->cookies_until_ns = deadline_after(now_ns, tcp->config.cookie_lifetime_ns);
    tcp_handshake_syn_ack(tcp, handshake, listener, &stray, now_ns);
    stray.reason = SYNFIN_REASON_SEND_SYN_ACK_COOKIE;
    tcp_stray_push(tcp, &stray);
    return tcp_segment_accept(seg, SYNFIN_REASON_RECEIVED_SYN);
}

enum tcp_verdict tcp_syncache_open(struct tcp *tcp, struct tcp_conn *listener,
                                   struct tcp_segment *seg, uint64_t now_ns)
{
    struct tcp_handshake handshake;
    if (listener->listen.acceptables >= listener->listen.backlog) {
        return tcp_segment_drop(seg, SYNFIN_REASON_DROP_ACCEPT_QUEUE);
    }
    tcp_handshake_of_syn(tcp, listener, seg, &handshake);
    handshake.wants_fastopen = tcp_fastopen_conn_is_asked(listener, seg);
    handshake.is_fastopen_experimental = seg->h.is_fastopen_experimental;
    enum synfin_syn_cookies cookies = (enum synfin_syn_cookies)tcp->config.syn_cookies;
    struct tcp_stub *stub = NULL;
    if (cookies != SYNFIN_SYN_COOKIES_ALWAYS) {
        stub = make_stub(tcp, listener, &handshake.pair, seg->hash);
    }
    if (stub == NULL && cookies != SYNFIN_SYN_COOKIES_NEVER) {
        return send_cookie(tcp, listener, seg, &handshake, now_ns);
    }
    if (stub == NULL && evict(tcp, listener, now_ns)) {
        stub = make_stub(tcp, listener, &handshake.pair, seg->hash);
    }
    if (stub == NULL) {
        return tcp_segment_drop(seg, SYNFIN_REASON_DROP_BACKLOG);
    }
    return keep(tcp, stub, listener, seg, &handshake, now_ns);
}

// The third segment

struct tcp_conn *tcp_syncache_promote(struct tcp *tcp, struct tcp_stub *stub,
                                      struct tcp_conn *listener, const struct tcp_path *path,
                                      uint64_t now_ns)
{
    struct tcp_handshake handshake;
    tcp_handshake_of_stub(tcp, stub, &handshake);
    handshake.sent_ns = stub->is_answered ? 0 : sent_ns(tcp, stub); // or a client's thinking counts
    struct tcp_conn *conn = tcp_handshake_make_block(tcp, listener, &handshake, path, now_ns);
    if (conn != NULL) {
        forget(tcp, stub, listener);
        tcp_table_insert(tcp, conn);
    }
    return conn;
}

// How many SYN+ACKs' waits it takes until a client's first data are awaited no longer.
static uint32_t waits_for_data(const struct tcp *tcp, const struct tcp_conn *listener)
{
    uint64_t most_ns = listener->set.defer_accept_ms * NS_PER_MS;
    uint64_t waited_ns = 0;
    uint32_t waits = 0;
    while (waited_ns < most_ns && waits < TCP_STUB_RETRIES_MAX) {
        waited_ns += wait_ns(tcp, waits < TCP_STUB_QUEUES ? waits : TCP_STUB_QUEUES - 1);
        waits++;
    }
    return waits;
}

bool tcp_syncache_awaits_data(const struct tcp *tcp, const struct tcp_stub *stub,
                              const struct tcp_conn *listener)
{
    return stub->as.half_open.retries < waits_for_data(tcp, listener);
}

// A SYN that was answered by a cookie came again, or twice, when there was room for a stub: the
// peer may take either SYN+ACK, and from then on knows one number only. The stub becomes what the
// cookie says.
bool tcp_syncache_believes_cookie(struct tcp *tcp, struct tcp_stub *stub,
                                  const struct tcp_conn *listener, const struct tcp_segment *seg,
                                  uint64_t now_ns)
{
    struct tcp_handshake handshake;
    bool is_next = seq_eq(seg->h.seq, seq_add(stub->theirs, 1));
    if (!is_next || !tcp_handshake_may_be_cookie(tcp, now_ns)
        || !tcp_handshake_of_cookie(tcp, listener, seg, &handshake, now_ns)) {
        return false;
    }
    handshake.number = stub->number;
    tcp_handshake_to_stub(&handshake, stub);
    count_retry(stub);
    return true;
}

enum tcp_verdict tcp_syncache_drop_third(const struct tcp *tcp, struct tcp_segment *seg)
{
    return tcp_segment_drop(seg, tcp->conns.objects >= tcp->config.sockets_max
                                     ? SYNFIN_REASON_DROP_SOCKETS
                                     : SYNFIN_REASON_DROP_NO_MEMORY);
}

// Whether there is memory for one more connection. It is tried: a pool cannot know.
static bool can_make_block(struct tcp *tcp)
{
    void *block = slab_pool_take_raw(&tcp->conns, NULL);
    if (block != NULL) {
        slab_pool_give(&tcp->conns, block);
    }
    return block != NULL;
}

// RFC 4987 §3.6. What the cookie stood for happened when its SYN came; it is told now.
enum tcp_verdict tcp_syncache_take_cookie(struct tcp *tcp, struct tcp_conn *listener,
                                          struct tcp_segment *seg, struct tcp_conn **out,
                                          uint64_t now_ns)
{
    struct tcp_handshake handshake;
    // First, because more may come after the third segment that was dropped here, and a reset of
    // that would end what only had to wait.
    if (listener->listen.acceptables >= listener->listen.backlog) {
        return tcp_segment_drop(seg, SYNFIN_REASON_DROP_ACCEPT_QUEUE);
    }
    if (!tcp_handshake_of_cookie(tcp, listener, seg, &handshake, now_ns)) {
        return can_make_block(tcp) ? tcp_listen_input_refuse(tcp, seg, now_ns)
                                   : tcp_syncache_drop_third(tcp, seg);
    }
    handshake.number = ++tcp->next_number;
    *out = tcp_handshake_make_block(tcp, listener, &handshake, &seg->arrival->path, now_ns);
    if (*out == NULL) {
        return tcp_syncache_drop_third(tcp, seg);
    }
    struct tcp_change change = {.pair = &handshake.pair,
                                .number = handshake.number,
                                .from = SYNFIN_TCP_STATE_LISTEN,
                                .to = SYNFIN_TCP_STATE_SYN_RECEIVED,
                                .cause = SYNFIN_REASON_COOKIE_RETURNED};
    tcp_state_note(tcp, &change, now_ns);
    tcp_table_insert(tcp, *out);
    return TCP_VERDICT_GO_ON;
}

// Time

static void fire(struct tcp *tcp, struct tcp_stub *stub, uint64_t now_ns)
{
    static const struct tcp_ending over = {.to = SYNFIN_TCP_STATE_CLOSED,
                                           .error = SYNFIN_ERROR_TIMED_OUT,
                                           .cause = SYNFIN_REASON_SYN_ACK_RETRIES_OVER};
    const struct tcp_conn *listener = listener_of(tcp, stub);
    ASSERT(listener != NULL);
    struct tcp_tick tick = {.kind = SYNFIN_TRACE_TIMER_FIRED,
                            .reason = SYNFIN_REASON_TIMER_RETRANSMIT,
                            .deadline_ns = now_ns};
    trace_timer(tcp, stub, &tick, now_ns);
    // Who has answered is asked once more, when its data are not awaited any longer.
    uint32_t waits = stub->is_answered ? waits_for_data(tcp, listener) : 0;
    uint32_t retries = stub->as.half_open.retries;
    if (retries >= tcp->config.syn_ack_retries && retries >= waits) {
        tcp_syncache_end(tcp, stub, &over, now_ns);
        return;
    }
    count_retry(stub);
    if (retries + 1 >= waits) {
        tcp_syncache_send_syn_ack(tcp, stub, listener, SYNFIN_REASON_SEND_SYN_ACK_AGAIN, now_ns);
    }
    arm(tcp, stub, SYNFIN_REASON_ARM_BACKOFF, now_ns);
}

void tcp_syncache_fire(struct tcp *tcp, uint64_t now_ns)
{
    for (struct tcp_stub *stub; (stub = tcp_stub_due(&tcp->half_open, now_ns)) != NULL;) {
        fire(tcp, stub, now_ns);
    }
}

// Listeners

static void reset(struct tcp *tcp, struct tcp_stub *stub, uint64_t now_ns)
{
    static const struct tcp_ending closed = {.to = SYNFIN_TCP_STATE_CLOSED,
                                             .error = SYNFIN_ERROR_ABORTED,
                                             .cause = SYNFIN_REASON_USER_CLOSE};
    struct tcp_stray stray = {
        .seq = seq_add(stub->ours, 1),
        .ack = seq_add(stub->theirs, 1),
        .flags = SYNFIN_TCP_RST | SYNFIN_TCP_ACK,
        .reason = SYNFIN_REASON_SEND_RST_LISTENER_GONE,
        .number = stub->number,
        .iface = stub->iface,
        .hop_limit = tcp->config.hop_limit,
    };
    tcp_stub_pair(&tcp->half_open, stub, &stray.pair);
    tcp_syncache_send(tcp, stub, &stray, now_ns);
    tcp_syncache_end(tcp, stub, &closed, now_ns);
}

void tcp_syncache_recount(struct tcp *tcp, uint64_t now_ns)
{
    tcp_port_forget_half_opens(tcp);
    for (uint32_t queue = 0; queue < TCP_STUB_QUEUES; queue++) {
        struct tcp_stub *next;
        for (struct tcp_stub *stub = tcp_stub_oldest(&tcp->half_open, queue); stub != NULL;
             stub = next) {
            struct tcp_conn *listener = listener_of(tcp, stub);
            next = tcp_stub_younger(&tcp->half_open, stub);
            if (listener != NULL) {
                listener->listen.half_opens++;
            } else {
                reset(tcp, stub, now_ns);
            }
        }
    }
}
