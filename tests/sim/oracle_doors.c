// SPDX-License-Identifier: MIT
//
// The judge at the doors of stacks: what leaves is decoded strictly and given to each subject;
// what arrives is heard as a correct TCP may hear it. What an end has been told is counted at its
// most: every segment with its pair, a right checksum and an acceptable acknowledgment number.
#include <string.h>

#include "sim/oracle_internal.h"
#include "sim/oracle_subjects.h"

static void endpoints_of(const struct oracle_packet *packet, bool is_sent,
                         struct synfin_endpoint *local, struct synfin_endpoint *remote)
{
    const struct synfin_endpoint src = {.addr = packet->src, .port = packet->src_port};
    const struct synfin_endpoint dst = {.addr = packet->dst, .port = packet->dst_port};
    *local = is_sent ? src : dst;
    *remote = is_sent ? dst : src;
}

static bool is_challenge(const struct oracle_packet *packet, uint16_t reason)
{
    return packet->flags == ORACLE_ACK && packet->length == 0
           && (reason == SYNFIN_REASON_SEND_CHALLENGE_SYN
               || reason == SYNFIN_REASON_SEND_CHALLENGE_RST
               || reason == SYNFIN_REASON_SEND_ACK_UNACCEPTABLE);
}

// What is sent for half-open connections: SYN+ACKs, and challenges, which may overtake them.
static bool is_of_half_open(const struct oracle_packet *packet, uint16_t reason)
{
    return (packet->flags & (ORACLE_SYN | ORACLE_ACK)) == (ORACLE_SYN | ORACLE_ACK)
           || is_challenge(packet, reason);
}

// Of a half-open connection that nothing else was sent for: the SYN+ACK waits, or found no room.
static bool is_early_reset(const struct oracle_packet *packet, uint16_t reason)
{
    return (packet->flags & ORACLE_RST) != 0
           && (reason == SYNFIN_REASON_SEND_RST_BAD_HANDSHAKE_ACK
               || reason == SYNFIN_REASON_SEND_RST_LISTENER_GONE);
}

// A half-open connection's answer is whole when it is made. It may wait for the device behind what
// the connection sends when it has opened, as it may be overtaken on the way.
static bool take_early(struct oracle_sight *sight)
{
    struct oracle_account *account = sight->end->account;
    if (!sight->end->is_passive || sight->seq != 1 || sight->ack != 1 || account->early == 0
        || !is_challenge(sight->packet, sight->reason)) {
        return false;
    }
    account->early--;
    return true;
}

// A number that sends for the first time: a half-open connection's, or that of a connection that a
// cookie has opened.
static struct oracle_end *adopt(struct oracle_host *host, const struct synfin_packet *sent,
                                const struct oracle_packet *packet)
{
    bool is_syn = (packet->flags & ORACLE_SYN) != 0;
    if (!is_syn) {
        oracle_ends_scan(host);
    }
    struct oracle_end *end = oracle_ends_of_number(host, sent->conn);
    if (end != NULL || !is_of_half_open(packet, sent->reason)) {
        return end;
    }
    struct synfin_endpoint local;
    struct synfin_endpoint remote;
    endpoints_of(packet, true, &local, &remote);
    const struct oracle_account *account = oracle_ends_account(host, &local, &remote);
    const struct oracle_syn *syn = oracle_syns_acked(&account->syns, packet->ack);
    end = oracle_ends_add(host, sent->conn);
    end->is_passive = true;
    oracle_ends_set_pair(host, end, &local, &remote);
    oracle_ends_set_iss(host->oracle, end, packet->seq - !is_syn);
    oracle_ends_set_irs(host->oracle, end, syn != NULL ? syn->seq : packet->ack - 1);
    oracle_ends_hear_syn(end, syn);
    return end;
}

// A half-open connection whose peer has come back with a cookie goes on with the cookie's number,
// also where the listener's queue is full and nothing opens yet.
static struct oracle_end *promised_to(struct oracle_host *host, struct oracle_end *end,
                                      const struct oracle_packet *packet)
{
    struct oracle_end *promised =
        oracle_ends_of_cookie(host, end->account, packet->seq, packet->ack - 1);
    if (!end->is_passive || promised == NULL || promised->number != 0) {
        return end;
    }
    oracle_ends_keep_promise(host, promised, end->number);
    return promised;
}

// A SYN+ACK that waited for the device while the peer came back with a cookie.
static struct oracle_end *half_open_of(struct oracle_host *host, struct oracle_end *end,
                                       const struct oracle_packet *packet)
{
    if (end == NULL || end->iss == packet->seq) {
        return end;
    }
    if (!end->is_of_cookie) {
        return promised_to(host, end, packet);
    }
    if (end->half_open == NULL) { // the first that is seen of it
        end->half_open = oracle_ends_add(host, 0);
        end->half_open->account = end->account;
        oracle_ends_set_iss(host->oracle, end->half_open, packet->seq);
        oracle_ends_set_irs(host->oracle, end->half_open, packet->ack - 1);
        oracle_ranges_add(&end->half_open->arrived, 0, 1);
    }
    return end->half_open;
}

// And a challenge that did.
static struct oracle_end *challenger_of(struct oracle_end *end, const struct oracle_packet *packet,
                                        uint16_t reason)
{
    bool is_of_before = end != NULL && end->half_open != NULL && is_challenge(packet, reason)
                        && packet->seq == end->half_open->iss + 1;
    return is_of_before ? end->half_open : end;
}

// The same cookie answers SYNs with other options, and those of a SYN that nobody sent: which of
// the answers the peer took is not known.
static void read_promise(struct oracle_end *end, const struct oracle_account *account,
                         const struct oracle_packet *packet)
{
    const struct oracle_offer heard = end->heard;
    const struct oracle_offer offered = end->offered;
    const struct oracle_syn *syn = oracle_syns_find(&account->syns, end->irs);
    end->ts_cookie = packet->ts_val;
    bool is_genuine = syn != NULL && syn->is_genuine;
    oracle_offer_read(&end->offered, packet);
    oracle_syns_read(&account->syns, end->irs, &end->heard);
    end->is_lied_to = end->is_lied_to || !is_genuine;
    end->is_tainted = end->is_tainted || !is_genuine;
    bool is_again = offered.is_known && oracle_offer_is_same(&offered, &end->offered)
                    && oracle_offer_is_same(&heard, &end->heard);
    if (is_again || (!offered.is_known && is_genuine)) {
        return;
    }
    end->offered.wscale = packet->wscale > offered.wscale ? packet->wscale : offered.wscale;
    end->heard.is_known = false;
    end->heard.wscale = heard.wscale > end->heard.wscale ? heard.wscale : end->heard.wscale;
}

// RFC 4987 §3.6: nothing is kept of who is answered by a cookie, and what arrives next may open.
static struct oracle_end *promise(struct oracle_host *host, struct oracle_account *account,
                                  const struct oracle_packet *packet)
{
    struct oracle_end *end = oracle_ends_add(host, 0);
    end->is_passive = end->has_cookie = true;
    end->local = (struct synfin_endpoint){.addr = packet->src, .port = packet->src_port};
    end->remote = (struct synfin_endpoint){.addr = packet->dst, .port = packet->dst_port};
    end->account = account;
    end->cookie_next = account->cookies;
    account->cookies = end;
    oracle_ends_set_iss(host->oracle, end, packet->seq);
    oracle_ends_set_irs(host->oracle, end, packet->ack - 1);
    oracle_ranges_add(&end->arrived, 0, 1);
    end->nxt = 1;
    end->ack = 1;
    end->edge = 1 + (uint64_t)packet->window;
    return end;
}

static void note_cookie(struct oracle_sight *sight, const struct synfin_endpoint *local,
                        const struct synfin_endpoint *remote)
{
    const struct oracle_packet *packet = sight->packet;
    struct oracle_account *account = oracle_ends_account(sight->host, local, remote);
    struct oracle_end *end =
        oracle_ends_of_cookie(sight->host, account, packet->seq, packet->ack - 1);
    if (end == NULL || end->number != 0) {
        end = promise(sight->host, account, packet);
    }
    read_promise(end, account, packet);
}

static void note_syn_sent(struct oracle_sight *sight)
{
    struct oracle_end *end = sight->end;
    if (!end->has_iss) {
        oracle_ends_set_iss(sight->host->oracle, end, sight->packet->seq);
    }
    oracle_offer_read(&end->offered, sight->packet);
    uint64_t right = 1 + (uint64_t)sight->packet->payload_bytes;
    end->syn_right = right > end->syn_right ? right : end->syn_right;
}

static void note_sent(const struct oracle_sight *sight)
{
    struct oracle_end *end = sight->end;
    uint64_t last = sight->seq + sight->packet->length;
    end->patience.begun_ns = end->has_sent ? end->patience.begun_ns : sight->now_ns;
    end->has_sent = true;
    if ((sight->packet->flags & ORACLE_RST) != 0) {
        end->has_reset = true;
        return;
    }
    end->nxt = last > end->nxt ? last : end->nxt;
    if ((sight->packet->flags & ORACLE_FIN) != 0) {
        end->fin = last - 1;
    }
    if ((sight->packet->flags & ORACLE_ACK) != 0 && end->has_irs) {
        end->ack = sight->ack > end->ack ? sight->ack : end->ack;
        uint64_t edge = sight->ack + oracle_window_of_sent(sight);
        end->edge = edge > end->edge ? edge : end->edge;
    }
}

// What the IP header says is the user's choice, but for marks of congestion (RFC 3168 §5). What is
// sent for half-open connections, and for none, was made with other choices.
static void judge_header(const struct oracle_sight *sight)
{
    const struct oracle_wishes *wishes = oracle_wishes_of(sight->host, sight->end);
    const struct oracle_packet *packet = sight->packet;
    bool is_of_user = oracle_ends_block(sight->host, sight->end) != NULL && !sight->is_early
                      && (packet->flags & (ORACLE_SYN | ORACLE_RST)) == 0;
    if (is_of_user
        && (packet->hop_limit != wishes->hop_limit
            || (packet->traffic_class & 0xfc) != (wishes->traffic_class & 0xfc))) {
        oracle_fail(sight->host->oracle, ORACLE_I5, sight->end, sight->now_ns,
                    "hop limit %u and class %u, asked for were %u and %u (%s)", packet->hop_limit,
                    packet->traffic_class, wishes->hop_limit, wishes->traffic_class,
                    synfin_reason_name((enum synfin_reason)sight->reason));
    }
}

static void judge_sent(struct oracle_sight *sight)
{
    struct oracle_end *end = sight->end;
    if ((sight->packet->flags & ORACLE_SYN) != 0) {
        oracle_handshake_on_syn_sent(sight);
        note_syn_sent(sight);
    }
    sight->seq = oracle_place(sight->packet->seq, end->iss, end->nxt);
    sight->ack = end->has_irs ? oracle_place(sight->packet->ack, end->irs, end->ack) : 0;
    sight->is_early = take_early(sight);
    oracle_shape_on_sent(sight, end->number);
    judge_header(sight);
    oracle_close_on_sent(sight);
    if ((sight->packet->flags & ORACLE_RST) == 0) {
        oracle_handshake_on_sent(sight);
        oracle_stream_on_sent(sight);
        oracle_window_on_sent(sight);
        oracle_ack_on_sent(sight);
        oracle_flight_on_sent(sight);
    }
    note_sent(sight);
    oracle_touch(sight->host->oracle, end);
}

static void take_segment(struct oracle_host *host, const struct synfin_packet *sent,
                         const struct oracle_packet *packet, uint64_t now_ns)
{
    struct oracle_sight sight = {.host = host,
                                 .packet = packet,
                                 .now_ns = now_ns,
                                 .reason = sent->reason,
                                 .gso_bytes = sent->gso_bytes};
    struct synfin_endpoint local;
    struct synfin_endpoint remote;
    host->oracle->totals.segments++;
    if (sent->conn != 0) {
        sight.end = oracle_ends_of_number(host, sent->conn);
        bool is_whole = (packet->flags & ORACLE_SYN) == 0; // and no half-open connection any more
        bool is_new = sight.end == NULL || (is_whole && sight.end->index == 0);
        sight.end = is_new ? adopt(host, sent, packet) : sight.end;
        sight.end = is_whole ? challenger_of(sight.end, packet, sent->reason)
                             : half_open_of(host, sight.end, packet);
    }
    endpoints_of(packet, true, &local, &remote);
    oracle_security_on_sent(&sight, &local, &remote);
    if (sight.end == NULL) {
        oracle_shape_on_sent(&sight, sent->conn);
    }
    if (sight.end != NULL) {
        judge_sent(&sight);
    } else if ((packet->flags & ORACLE_SYN) != 0) {
        note_cookie(&sight, &local, &remote);
    } else if (sent->conn != 0 && !is_early_reset(packet, sent->reason)) {
        oracle_fail_host(host, ORACLE_H2, now_ns, "connection %u sends and was never opened (%s)",
                         sent->conn, synfin_reason_name((enum synfin_reason)sent->reason));
    }
}

void oracle_sent(struct oracle *oracle, uint32_t host, uint32_t iface,
                 const struct synfin_packet *packet, uint64_t now_ns)
{
    struct oracle_host *self = &oracle->host[host];
    now_ns = oracle_now(self, now_ns);
    const struct oracle_form form = {.is_ethernet = self->config.iface[iface].is_ethernet,
                                     .is_partial = packet->checksum == SYNFIN_CHECKSUM_PARTIAL,
                                     .is_strict = true,
                                     .has_bare_data = self->stack_config.fastopen_sends_any != 0};
    struct oracle_packet read;
    uint32_t bytes = synfin_packet_copy(packet, oracle->octets, sizeof oracle->octets);
    oracle->totals.packets++;
    self->pending.sent++;
    self->start.packets++;
    const char *wrong = oracle_decode(oracle->octets, bytes, &form, &read);
    if (wrong != NULL) {
        bool is_padding = wrong == oracle_wrong_padding;
        oracle_fail_host(self, is_padding ? ORACLE_M5 : ORACLE_I5, now_ns,
                         "%s, in a packet of connection %u", wrong, packet->conn);
        return;
    }
    oracle_ip_on_sent(self, &self->config.iface[iface], &read, packet->gso_bytes, now_ns);
    if (read.kind == ORACLE_KIND_TCP) {
        take_segment(self, packet, &read, now_ns);
    }
}

static void note_made(struct oracle_host *host, const struct synfin_trace_event *event)
{
    const struct synfin_segment *segment = &event->as.segment;
    struct oracle_end *end = oracle_ends_of_number(host, event->conn);
    bool is_syn = (segment->flags & SYNFIN_TCP_SYN) != 0;
    host->made = end != NULL && (is_syn || end->has_iss) ? end : NULL;
    if (host->made != NULL) {
        uint64_t left = is_syn ? 1 : oracle_place(segment->seq, end->iss, end->nxt);
        end->made = left + segment->bytes;
        bool has_ack = (segment->flags & SYNFIN_TCP_ACK) != 0 && end->has_irs;
        end->ack_made = has_ack ? oracle_place(segment->ack, end->irs, end->ack) : 0;
    }
}

static void note_lost(struct oracle_end *end)
{
    bool is_calling = !end->is_passive && end->una_told == 0; // it makes SYNs
    end->nxt_lost = end->made > end->nxt_lost ? end->made : end->nxt_lost;
    end->ack_lost = end->ack_made > end->ack_lost ? end->ack_made : end->ack_lost;
    end->syn_right = is_calling && end->made > end->syn_right ? end->made : end->syn_right;
}

// A segment whose next hop does not answer is lost where it was made. The trace tells of both, one
// after the other; if it is another packet that is lost, the segment passes the door.
void oracle_doors_on_trace(struct oracle_host *host, const struct synfin_trace_event *event)
{
    if (event->kind == SYNFIN_TRACE_SEGMENT_SENT
        || event->kind == SYNFIN_TRACE_SEGMENT_RETRANSMITTED) {
        note_made(host, event);
    } else if (event->kind == SYNFIN_TRACE_PACKET_DROPPED
               && event->reason == SYNFIN_REASON_DROP_NEIGHBOUR_FAILED && host->made != NULL) {
        note_lost(host->made);
        host->made = NULL;
    }
}

// RFC 9293 §3.10.7.3: what a SYN says to who has called.
static void hear_syn(struct oracle_sight *sight)
{
    struct oracle_end *end = sight->end;
    const struct oracle_packet *packet = sight->packet;
    bool is_answer = (packet->flags & ORACLE_ACK) != 0;
    uint64_t ack = oracle_place(packet->ack, end->iss, end->nxt);
    if (end->has_irs || (is_answer && (ack == 0 || ack > end->nxt))) {
        return;
    }
    oracle_ends_set_irs(sight->host->oracle, end, packet->seq);
    oracle_offer_read(&end->heard, packet);
    oracle_ranges_add(&end->arrived, 0, 1);
}

// Octets that a correct TCP might take: within what was offered, of a segment with ACK.
static void hear_text(struct oracle_sight *sight)
{
    struct oracle_end *end = sight->end;
    const struct oracle_packet *packet = sight->packet;
    uint64_t left = sight->seq + ((packet->flags & ORACLE_SYN) != 0);
    uint64_t right = left + packet->payload_bytes;
    uint64_t edge = end->edge > 0 ? end->edge : right;
    if (left > UINT64_MAX / 2 && right <= edge) { // words have changed places in its number
        left = 1;
    }
    if ((packet->flags & ORACLE_FIN) != 0 && right <= edge) {
        if (end->peer_fin == 0 || right < end->peer_fin) {
            end->peer_fin = right;
        }
        right++;
    }
    right = right > edge + 1 ? edge + 1 : right;
    if (left < right) {
        oracle_stream_on_heard(sight, left, right);
        oracle_ack_on_text(sight, left, right);
        oracle_ranges_add(&end->arrived, left, right);
    }
}

static void hear_ack(struct oracle_sight *sight)
{
    struct oracle_end *end = sight->end;
    const struct oracle_packet *packet = sight->packet;
    bool is_syn = (packet->flags & ORACLE_SYN) != 0;
    uint64_t window = oracle_window_of_heard(sight);
    bool is_before_first = sight->ack > UINT64_MAX / 2;
    if (sight->ack > end->nxt && !is_before_first) {
        return;
    }
    oracle_flight_on_heard(sight); // the blocks of an old one, too (RFC 6675 §5)
    if (is_before_first) {
        return;
    }
    if (!is_syn && window > end->window_max) { // a half-open connection keeps none of a SYN
        end->window_max = window;
    }
    end->una_told = sight->ack > end->una_told ? sight->ack : end->una_told;
    uint64_t edge = sight->ack + window;
    end->edge_told = edge > end->edge_told ? edge : end->edge_told;
    end->is_validated = end->is_validated || sight->ack > 0;
}

// It has called, and a SYN comes while its own still waits for the device or a neighbour: its
// number, which nobody has seen, is taken from the block.
static void note_crossing(const struct oracle_sight *sight)
{
    const struct tcp_conn *conn = oracle_ends_block(sight->host, sight->end);
    bool is_calling = conn != NULL && conn->state == SYNFIN_TCP_STATE_SYN_SENT;
    if (is_calling && (sight->packet->flags & (ORACLE_SYN | ORACLE_ACK)) == ORACLE_SYN) {
        oracle_ends_set_iss(sight->host->oracle, sight->end, conn->iss.n);
    }
}

static void hear(struct oracle_sight *sight)
{
    struct oracle_end *end = sight->end;
    const struct oracle_packet *packet = sight->packet;
    if (!end->has_iss) {
        note_crossing(sight);
    }
    if (!end->has_iss) {
        return;
    }
    // Whose octets these are nobody can tell.
    if (end->is_double || (end->peer != NULL && end->peer->is_double)) {
        end->is_tainted = end->is_lied_to = true;
    }
    if (sight->origin != ORACLE_GENUINE) {
        end->is_lied_to = true;
        end->is_tainted = end->is_tainted || packet->length > 0;
    }
    oracle_shape_on_heard(sight);
    bool is_taken = (packet->flags & ORACLE_FIN) == 0 || (packet->flags & ORACLE_ACK) != 0;
    if ((packet->flags & (ORACLE_SYN | ORACLE_RST)) == ORACLE_SYN && is_taken) {
        hear_syn(sight);
    }
    if (!end->has_irs) {
        oracle_security_on_heard(sight);
        return;
    }
    uint64_t rcv = oracle_ranges_end(&end->arrived, 0);
    sight->seq = oracle_place(packet->seq, end->irs, rcv);
    sight->ack = oracle_place(packet->ack, end->iss, end->una_told);
    oracle_security_on_heard(sight);
    oracle_close_on_heard(sight);
    if ((packet->flags & ORACLE_RST) != 0 || (packet->flags & ORACLE_ACK) == 0) {
        return;
    }
    oracle_ack_on_heard(sight);
    hear_ack(sight);
    hear_text(sight);
}

// The options of a connection that a cookie opens are those of its timestamps' echo; without one
// there are none.
static void hear_cookie(struct oracle_sight *sight)
{
    struct oracle_end *end = sight->end;
    const struct oracle_packet *packet = sight->packet;
    bool may_open = packet->seq == end->irs + 1 && packet->ack == end->iss + 1
                    && (packet->flags & (ORACLE_SYN | ORACLE_RST | ORACLE_ACK)) == ORACLE_ACK;
    if (may_open) {
        oracle_shape_on_cookie(sight);
    }
    if (may_open && !packet->has_timestamps && sight->origin == ORACLE_GENUINE) {
        end->offered.has_timestamps = end->offered.has_sack = false;
        end->offered.wscale = -1;
    }
    hear(sight);
}

static void take_arrival(struct oracle_host *host, const struct oracle_packet *packet,
                         enum oracle_origin origin, uint64_t now_ns)
{
    struct synfin_endpoint local;
    struct synfin_endpoint remote;
    endpoints_of(packet, false, &local, &remote);
    struct oracle_account *account = oracle_ends_account(host, &local, &remote);
    struct oracle_sight sight = {
        .host = host, .end = account->end, .packet = packet, .now_ns = now_ns, .origin = origin};
    oracle_security_on_received(&sight, account);
    bool is_usual = (packet->flags & (ORACLE_RST | ORACLE_ACK)) == ORACLE_ACK;
    if (packet->length > 0 || !is_usual || sight.end == NULL) {
        account->credit++;
    }
    if (sight.end == NULL || oracle_ends_block(host, sight.end) == NULL) {
        account->early++;
    }
    if ((packet->flags & (ORACLE_SYN | ORACLE_FIN | ORACLE_RST | ORACLE_ACK)) == ORACLE_SYN) {
        oracle_syns_note(&account->syns, packet, origin);
    }
    if (sight.end != NULL) {
        hear(&sight);
        oracle_touch(host->oracle, sight.end);
    }
    for (sight.end = account->cookies; sight.end != NULL; sight.end = sight.end->cookie_next) {
        if (sight.end->number == 0 && sight.end->boot == host->boot) {
            hear_cookie(&sight);
        }
    }
}

// An address that somebody was told with a wrong bit leads to a station that is none.
static bool is_for_station(const struct synfin_iface_config *iface,
                           const struct oracle_arrival *arrival)
{
    return !iface->is_ethernet || arrival->bytes < sizeof iface->mac
           || (arrival->octets[0] & 1) != 0
           || memcmp(arrival->octets, iface->mac, sizeof iface->mac) == 0;
}

void oracle_received(struct oracle *oracle, uint32_t host, uint32_t iface,
                     const struct oracle_arrival *arrival, uint64_t now_ns)
{
    struct oracle_host *self = &oracle->host[host];
    now_ns = oracle_now(self, now_ns);
    const struct oracle_form form = {.is_ethernet = self->config.iface[iface].is_ethernet,
                                     .is_unverified =
                                         arrival->origin == ORACLE_GENUINE || arrival->is_verified};
    struct oracle_packet read;
    const char *wrong = oracle_decode(arrival->octets, arrival->bytes, &form, &read);
    if (!is_for_station(&self->config.iface[iface], arrival)) {
        wrong = "for another station";
    }
    oracle_security_on_arrival(self);
    self->pending.received++;
    self->start.packets++;
    self->had_fragments = self->had_fragments || read.kind == ORACLE_KIND_FRAGMENT;
    if (wrong != NULL) {
        self->pending.invalid++;
        self->pending.chains += wrong == oracle_wrong_chain;
    } else if (read.kind == ORACLE_KIND_TCP) {
        take_arrival(self, &read, arrival->origin, now_ns);
    } else {
        oracle_ip_on_received(self, &read, now_ns);
    }
}
