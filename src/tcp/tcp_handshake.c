// SPDX-License-Identifier: MIT
//
// Passive handshakes on their way from SYN to connection block. What the block would have known
// had it existed since the SYN follows from the listener's settings, the stack's configuration and
// the few values kept in a stub or carried by a cookie.
#include "tcp/tcp_handshake.h"
#include "base/addr_kind.h"
#include "tcp/tcp_internal.h"

// What a stub keeps of ECN in three bits: enum tcp_ecn_mode below this, and from this on, in
// accurate feedback, the field with which the SYN came.
enum { STUB_ACCURATE = TCP_ECN_ACCURATE };

static enum tcp_ecn_mode ecn_of_stub(const struct tcp_stub *stub)
{
    return stub->ecn >= STUB_ACCURATE ? TCP_ECN_ACCURATE : (enum tcp_ecn_mode)stub->ecn;
}

static void read_pair(const struct tcp_arrival *arrival, const struct wire_tcp *h,
                      struct tcp_pair *pair)
{
    *pair = (struct tcp_pair){.local = arrival->dst,
                              .remote = arrival->src,
                              .local_port = h->dst_port,
                              .remote_port = h->src_port};
}

void tcp_handshake_of_syn(const struct tcp *tcp, const struct tcp_conn *listener,
                          const struct tcp_segment *seg, struct tcp_handshake *out)
{
    *out = (struct tcp_handshake){.iface = seg->arrival->path.iface,
                                  .own_shift = listener->rcv.wscale_shift};
    read_pair(seg->arrival, &seg->h, &out->pair);
    tcp_open_read_offer(tcp, seg, &out->offer);
    out->offer.ecn = (uint8_t)tcp_ecn_answer(&listener->set, seg->h.flags);
    out->syn_field = seg->arrival->ecn;
}

void tcp_handshake_of_stub(const struct tcp *tcp, const struct tcp_stub *stub,
                           struct tcp_handshake *out)
{
    uint8_t shift = stub->as.half_open.wscale_shift;
    bool has_wscale = shift != TCP_STUB_NO_WSCALE;
    *out = (struct tcp_handshake){
        .offer = {.irs = stub->theirs,
                  .mss = stub->size,
                  .wscale_shift = has_wscale ? shift : 0,
                  .has_wscale = has_wscale,
                  .has_sack = stub->has_sack,
                  .has_timestamps = stub->has_timestamps,
                  .ecn = (uint8_t)ecn_of_stub(stub),
                  .ts_val = stub->ts_recent},
        .iss = stub->ours,
        .iface = stub->iface,
        .number = stub->number,
        .own_shift = stub->as.half_open.own_shift,
        .retries = stub->as.half_open.retries,
        .is_answered = stub->is_answered,
        .wants_fastopen = stub->wants_fastopen,
        .is_fastopen_experimental = stub->as.half_open.is_fastopen_experimental,
        .is_ecn_barred = stub->is_ecn_barred,
        .syn_field = stub->ecn >= STUB_ACCURATE ? stub->ecn - STUB_ACCURATE : TCP_ECN_NOT_ECT,
    };
    tcp_stub_pair(&tcp->half_open, stub, &out->pair);
}

// RFC 9768 §3.1.5: the agreement stays, the field of the latest SYN is told.
bool tcp_handshake_note_syn(struct tcp_stub *stub, const struct tcp_conn *listener,
                            const struct tcp_segment *seg)
{
    enum tcp_ecn_mode was = ecn_of_stub(stub);
    enum tcp_ecn_mode is = tcp_ecn_answer(&listener->set, seg->h.flags);
    if (was == TCP_ECN_NONE || is == TCP_ECN_NONE) {
        stub->is_ecn_barred = stub->is_ecn_barred || was != TCP_ECN_NONE;
        return true;
    }
    if (was == TCP_ECN_ACCURATE) {
        stub->ecn = (STUB_ACCURATE + (uint32_t)seg->arrival->ecn) & 7;
    }
    return was == is;
}

void tcp_handshake_to_stub(const struct tcp_handshake *handshake, struct tcp_stub *stub)
{
    const struct tcp_offer *offer = &handshake->offer;
    stub->iface = handshake->iface & 15;
    stub->has_timestamps = offer->has_timestamps;
    stub->has_sack = offer->has_sack;
    uint32_t ecn = offer->ecn;
    ecn += offer->ecn == TCP_ECN_ACCURATE ? handshake->syn_field : 0u;
    stub->ecn = ecn & 7;
    stub->is_ecn_barred = handshake->is_ecn_barred;
    stub->wants_fastopen = handshake->wants_fastopen;
    stub->as.half_open.is_fastopen_experimental = handshake->is_fastopen_experimental;
    stub->size = offer->mss;
    stub->number = handshake->number;
    stub->ts_recent = offer->ts_val;
    stub->ours = handshake->iss;
    stub->theirs = offer->irs;
    uint32_t shift = offer->has_wscale ? offer->wscale_shift : TCP_STUB_NO_WSCALE;
    stub->as.half_open.wscale_shift = shift & 15;
    stub->as.half_open.own_shift = (uint32_t)handshake->own_shift & 15;
}

// Cookies count only while one can be out: otherwise every acknowledgment would be a guess at one
// (RFC 4987 §3.6). Machines that share their secret may have sent one for each other.
bool tcp_handshake_may_be_cookie(const struct tcp *tcp, uint64_t now_ns)
{
    return tcp->config.syn_cookies != SYNFIN_SYN_COOKIES_NEVER
           && (now_ns < tcp->cookies_until_ns || tcp->config.has_cookie_secret);
}

// RFC 7323 §3.2: a timestamp that was not agreed on is ignored.
static bool open_cookie(struct tcp *tcp, const struct tcp_segment *seg, struct tcp_handshake *out,
                        uint64_t now_ns)
{
    struct tcp_offer *offer = &out->offer;
    *offer = (struct tcp_offer){.irs = seq_sub(seg->h.seq, 1)};
    if (tcp->config.use_timestamps && seg->h.has_timestamps) {
        offer->has_timestamps = true;
        offer->ts_val = seg->h.ts_val;
        tcp_cookie_read_stamp(seg->h.ts_ecr, offer);
        if (tcp_cookie_open(&tcp->cookies, &out->pair, out->iss, now_ns, offer)) {
            return true;
        }
        *offer = (struct tcp_offer){.irs = offer->irs};
    }
    return tcp_cookie_open(&tcp->cookies, &out->pair, out->iss, now_ns, offer);
}

bool tcp_handshake_of_cookie(struct tcp *tcp, const struct tcp_conn *listener,
                             const struct tcp_segment *seg, struct tcp_handshake *out,
                             uint64_t now_ns)
{
    *out = (struct tcp_handshake){.iface = seg->arrival->path.iface,
                                  .iss = seq_sub(seg->h.ack, 1),
                                  .own_shift = listener->rcv.wscale_shift,
                                  .is_cookie = true};
    read_pair(seg->arrival, &seg->h, &out->pair);
    if (!open_cookie(tcp, seg, out, now_ns)) {
        return false;
    }
    out->offer.has_wscale = out->offer.has_wscale && tcp->config.use_window_scale;
    out->offer.has_sack = out->offer.has_sack && tcp->config.use_sack;
    enum tcp_ecn_mode stamped = (enum tcp_ecn_mode)out->offer.ecn;
    out->offer.ecn = (uint8_t)tcp_ecn_of_cookie(&listener->set, seg, stamped);
    return true;
}

// RFC 9293 §3.6.1 [MAY-2]: larger than every number of the previous incarnation.
struct seq tcp_handshake_iss(const struct tcp *tcp, const struct tcp_segment *seg, uint64_t now_ns)
{
    struct tcp_pair pair;
    read_pair(seg->arrival, &seg->h, &pair);
    struct seq iss = tcp_isn(tcp, &pair, now_ns);
    if (seg->time_wait != NULL && seq_le(iss, seg->time_wait->ours)) {
        return seq_add(seg->time_wait->ours, TCP_ISN_STEP);
    }
    return iss;
}

void tcp_handshake_syn_ack(const struct tcp *tcp, const struct tcp_handshake *handshake,
                           const struct tcp_conn *listener, struct tcp_stray *out, uint64_t now_ns)
{
    const struct tcp_offer *offer = &handshake->offer;
    bool is_ipv4 = addr_kind_is_ipv4(&handshake->pair.remote);
    *out = (struct tcp_stray){
        .pair = handshake->pair,
        .seq = handshake->iss,
        .ack = seq_add(offer->irs, 1),
        .flags = SYNFIN_TCP_SYN | SYNFIN_TCP_ACK
                 | tcp_ecn_flags_of_syn_ack((enum tcp_ecn_mode)offer->ecn, handshake->syn_field,
                                            handshake->retries),
        .window = tcp_window_of_syn(listener),
        .mss = tcp_open_advertised_mss(&listener->set, &tcp->answer[handshake->iface], is_ipv4),
        .number = handshake->number,
        .iface = handshake->iface,
        .ts_ecr = offer->ts_val,
        .hop_limit = listener->set.hop_limit,
        .traffic_class = listener->set.traffic_class,
        .wscale_shift = handshake->own_shift,
        .has_wscale = offer->has_wscale,
        .has_sack_permitted = offer->has_sack,
        .has_timestamps = offer->has_timestamps,
        .has_fastopen = handshake->wants_fastopen && handshake->retries == 0,
        .is_fastopen_experimental = handshake->is_fastopen_experimental,
    };
    // RFC 9768 §3.2.3.2.1, §3.2.3.2.2; a cookie's answer stays as short as the SYN.
    out->has_accecn = offer->ecn == TCP_ECN_ACCURATE && handshake->retries == 0
                      && !handshake->is_cookie && !out->has_fastopen;
    if (offer->has_timestamps) {
        out->ts_val = tcp_isn_timestamp(tcp, &handshake->pair, now_ns);
    }
    if (handshake->is_cookie && offer->has_timestamps) {
        out->ts_val = tcp_cookie_stamp(out->ts_val, offer);
    } else if (handshake->is_cookie) { // nothing could bring these back
        out->has_wscale = out->has_sack_permitted = false;
        if (offer->ecn == TCP_ECN_CLASSIC) {
            out->flags = SYNFIN_TCP_SYN | SYNFIN_TCP_ACK;
        }
    }
}

// What follows from the SYN+ACK having been sent. The peer's window is known with the third
// segment, and that of the SYN was for our SYN alone.
// DEVIATES RFC 9293 §3.8.6.2.1: nor does Max(SND.WND) know that of the SYN. No cookie could bring
// it back, and a handshake ends alike with and without; where it was the larger one, small segments
// go a little sooner.
static void book_syn_ack(struct tcp_conn *conn, const struct tcp_handshake *handshake)
{
    struct seq iss = handshake->iss;
    conn->iss = conn->snd.una = iss;
    conn->snd.nxt = conn->snd.resend = conn->snd.edge = seq_add(iss, 1);
    conn->has_syn_lost = handshake->retries > 0 && !handshake->is_answered;
    conn->totals.segments_out = 1 + (uint64_t)handshake->retries;
    conn->totals.segments_in = 1;
    if (handshake->sent_ns != 0 && handshake->retries == 0) { // Karn's rule: RFC 6298 §3
        conn->rtt.is_timing = true;
        conn->rtt.timed = conn->snd.nxt;
        conn->rtt.timed_ns = handshake->sent_ns;
    }
}

struct tcp_conn *tcp_handshake_make_block(struct tcp *tcp, struct tcp_conn *listener,
                                          const struct tcp_handshake *handshake,
                                          const struct tcp_path *path, uint64_t now_ns)
{
    struct tcp_conn *conn = tcp_life_create(tcp, handshake->number);
    if (conn == NULL) {
        return NULL;
    }
    conn->pair = handshake->pair;
    conn->is_passive = true;
    conn->listener = listener;
    conn->set = listener->set;
    tcp_state_adopt(tcp, conn, SYNFIN_TCP_STATE_SYN_RECEIVED);
    tcp_open_init(tcp, conn, path, now_ns);
    book_syn_ack(conn, handshake);
    conn->rcv.wscale_shift = handshake->own_shift;
    tcp_open_take_offer(conn, &handshake->offer, now_ns);
    conn->ecn.mode = handshake->offer.ecn;
    conn->ecn.syn_field = handshake->syn_field;
    // RFC 9768 §3.1.5: a SYN+ACK without the flags was sent, which is the second repetition.
    conn->ecn.is_barred = handshake->is_ecn_barred
                          || (handshake->offer.ecn == TCP_ECN_ACCURATE && handshake->retries >= 2);
    return conn;
}
