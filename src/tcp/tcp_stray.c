// SPDX-License-Identifier: MIT
//
// Segments without a connection block, in a limited number of slots that the device drains. When
// all are taken the newest is not sent: an answer is what the peer's next segment asks for again.
// At most a quarter of the slots wait for a next hop, so that a flood from addresses where nobody
// is cannot hold up the answers to others. Resets to nowhere are limited in time as well, for each
// address that would get them, so that this stack reflects no flood to anybody (RFC 5961 §7 leaves
// the figure to us).
#include "tcp/tcp_stray.h"

#include <string.h>

#include "base/addr_kind.h"
#include "base/check.h"
#include "tcp/tcp_accecn.h"
#include "tcp/tcp_fastopen_conn.h"
#include "tcp/tcp_internal.h"

enum {
    PARKED_SHARE = 4, // one slot of so many may wait for a next hop
    SLOTS_FIRST = 32, // what even a stack without any more memory has
};

static uint32_t smaller(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

static bool grow_to(struct tcp *tcp, uint32_t slots)
{
    struct tcp_strays *strays = &tcp->strays;
    struct tcp_stray_slot *slot = slab_source_grow(
        tcp->memory, strays->slot, strays->slots * sizeof(*slot), slots * sizeof(*slot));
    if (slot == NULL) {
        return false;
    }
    strays->slot = slot;
    strays->slots = slots;
    return true;
}

bool tcp_stray_init(struct tcp *tcp)
{
    return grow_to(tcp, smaller(SLOTS_FIRST, tcp->config.answers_max));
}

void tcp_stray_deinit(struct tcp *tcp)
{
    struct tcp_strays *strays = &tcp->strays;
    slab_source_give(tcp->memory, strays->slot, strays->slots * sizeof(*strays->slot));
}

static void append(struct tcp_strays *strays, struct tcp_stray_list *list, uint32_t at)
{
    if (list->count == 0) {
        list->first = at;
    } else {
        strays->slot[list->last].next = at;
    }
    list->last = at;
    list->count++;
}

static uint32_t remove_first(const struct tcp_strays *strays, struct tcp_stray_list *list)
{
    ASSERT(list->count > 0);
    uint32_t at = list->first;
    list->first = strays->slot[at].next;
    list->count--;
    return at;
}

// The slots given back last are used first: they are still in the cache.
static void give_slot(struct tcp_strays *strays, uint32_t at)
{
    strays->slot[at].next = strays->free.first;
    strays->free.first = at;
    strays->free.count++;
}

static bool take_slot(struct tcp *tcp, uint32_t *at)
{
    struct tcp_strays *strays = &tcp->strays;
    if (strays->free.count > 0) {
        *at = remove_first(strays, &strays->free);
        return true;
    }
    if (strays->slots_used == strays->slots) {
        uint32_t slots = smaller(2 * strays->slots, tcp->config.answers_max);
        if (slots == strays->slots || !grow_to(tcp, slots)) {
            return false;
        }
    }
    *at = strays->slots_used++;
    return true;
}

bool tcp_stray_push(struct tcp *tcp, const struct tcp_stray *stray)
{
    struct tcp_strays *strays = &tcp->strays;
    uint32_t at;
    if (!take_slot(tcp, &at)) {
        report_count(tcp->report, SYNFIN_REASON_DROP_OUTPUT_FULL);
        return false;
    }
    strays->slot[at].stray = *stray;
    append(strays, &strays->ready[stray->iface], at);
    return true;
}

// One count for all would tell whoever forges one address, and looks how many resets another gets,
// what became of what he forged (CVE-2016-5696). So every address has its own, or shares it by
// chance with others that nobody can choose, and with other ones each second. Of IPv6 addresses the
// first half counts: their owner has the whole of the second.
static uint16_t *reset_count_of(struct tcp_strays *strays, const struct synfin_addr *remote)
{
    struct {
        struct synfin_addr addr;
        uint64_t second;
    } key = {.addr = *remote, .second = strays->reset_second};
    _Static_assert(sizeof(key) == 24, "hashed as octets, without padding");
    for (uint32_t i = 8; i < 16 && !addr_kind_is_ipv4(remote); i++) {
        key.addr.octet[i] = 0;
    }
    return &strays->resets[siphash_13(&strays->reset_key, &key, sizeof(key)) % TCP_RESET_COUNTS];
}

// Seconds begin where the clock says and not with a reset, which others could bring about.
bool tcp_stray_may_reset(struct tcp *tcp, const struct synfin_addr *remote, uint64_t now_ns)
{
    struct tcp_strays *strays = &tcp->strays;
    if (strays->reset_second != now_ns / NS_PER_S) {
        strays->reset_second = now_ns / NS_PER_S;
        memset(strays->resets, 0, sizeof(strays->resets));
    }
    uint16_t *count = reset_count_of(strays, remote);
    if (*count == TCP_RESETS_PER_SECOND) {
        return false;
    }
    ++*count;
    return true;
}

// RFC 9293 §3.10.5: <SEQ=SND.NXT><CTL=RST>, as far as the peer has taken that; the acknowledgment
// is added so that the peer can tell it from a blind guess, and timestamps, RFC 7323 §3.2.
void tcp_stray_reset(struct tcp *tcp, const struct tcp_conn *conn, enum synfin_reason reason,
                     uint64_t now_ns)
{
    struct tcp_stray stray = {
        .pair = conn->pair,
        .seq = tcp_output_place(conn),
        .ack = conn->rcv.nxt,
        .flags = SYNFIN_TCP_RST | SYNFIN_TCP_ACK,
        .has_timestamps = conn->uses_timestamps,
        .ts_val = tcp_paws_now(conn, now_ns),
        .ts_ecr = conn->ts_recent,
        .reason = (uint16_t)reason,
        .number = conn->number,
        .iface = conn->path.iface,
        .hop_limit = conn->set.hop_limit,
        .traffic_class = conn->set.traffic_class,
    };
    (void)tcp_stray_push(tcp, &stray);
}

bool tcp_stray_is_ready(const struct tcp *tcp, uint32_t iface)
{
    return tcp->strays.ready[iface].count > 0;
}

const struct tcp_stray *tcp_stray_first(const struct tcp *tcp, uint32_t iface)
{
    const struct tcp_strays *strays = &tcp->strays;
    const struct tcp_stray_list *list = &strays->ready[iface];
    return list->count > 0 ? &strays->slot[list->first].stray : NULL;
}

static void describe(const struct tcp_stray *stray, struct wire_tcp *h)
{
    *h = (struct wire_tcp){
        .src_port = stray->pair.local_port,
        .dst_port = stray->pair.remote_port,
        .seq = stray->seq,
        .ack = stray->ack,
        .flags = stray->flags,
        .window = stray->window,
        .has_mss = stray->mss != 0,
        .mss = stray->mss,
        .has_wscale = stray->has_wscale,
        .wscale_shift = stray->wscale_shift,
        .has_sack_permitted = stray->has_sack_permitted,
        .has_timestamps = stray->has_timestamps,
        .ts_val = stray->ts_val,
        .ts_ecr = stray->ts_ecr,
        .has_fastopen = stray->has_fastopen,
        .is_fastopen_experimental = stray->is_fastopen_experimental,
        .cookie_bytes = stray->has_fastopen ? TCP_FASTOPEN_COOKIE : 0,
    };
    if (stray->has_accecn) {
        tcp_accecn_initial_option(&h->accecn);
    }
}

uint32_t tcp_stray_header_bytes(const struct tcp_stray *stray)
{
    struct wire_tcp h;
    describe(stray, &h);
    return wire_tcp_emitted_bytes(&h);
}

void tcp_stray_emit(struct tcp *tcp, const struct tcp_stray *stray, struct synfin_packet *packet,
                    uint64_t now_ns)
{
    struct wire_tcp h;
    describe(stray, &h);
    if (stray->has_fastopen) {
        tcp_fastopen_give(tcp_fastopen_conn_jar(tcp, &stray->pair.local, stray->pair.local_port),
                          &stray->pair, now_ns, &h);
    }
    tcp_emit_header(tcp, packet, &stray->pair, &h);
    packet->reason = stray->reason;
    packet->conn = stray->number;
    tcp->segments_out++;
    tcp->segments_retransmitted += stray->is_again;
    struct tcp_sent sent = {.pair = &stray->pair,
                            .h = &h,
                            .number = stray->number,
                            .is_again = stray->is_again,
                            .reason = (enum synfin_reason)stray->reason};
    tcp_trace_sent(tcp, &sent, now_ns);
}

void tcp_stray_pop(struct tcp *tcp, uint32_t iface)
{
    struct tcp_strays *strays = &tcp->strays;
    give_slot(strays, remove_first(strays, &strays->ready[iface]));
}

bool tcp_stray_park(struct tcp *tcp, uint32_t iface, uint32_t neighbour)
{
    struct tcp_strays *strays = &tcp->strays;
    if (strays->parked_count >= tcp->config.answers_max / PARKED_SHARE) {
        return false;
    }
    uint32_t at = remove_first(strays, &strays->ready[iface]);
    strays->slot[at].neighbour = neighbour;
    append(strays, &strays->parked[iface], at);
    strays->parked_count++;
    return true;
}

void tcp_stray_move(struct tcp *tcp, uint32_t iface, uint32_t to)
{
    struct tcp_strays *strays = &tcp->strays;
    uint32_t at = remove_first(strays, &strays->ready[iface]);
    strays->slot[at].stray.iface = to;
    append(strays, &strays->ready[to], at);
}

// What has waited longest goes first: no SYN+ACK leaves behind the reset that ended its connection.
void tcp_stray_unpark_all(struct tcp *tcp, uint32_t iface)
{
    struct tcp_strays *strays = &tcp->strays;
    struct tcp_stray_list *parked = &strays->parked[iface], *ready = &strays->ready[iface];
    if (parked->count == 0) {
        return;
    }
    strays->parked_count -= parked->count;
    if (ready->count > 0) {
        strays->slot[parked->last].next = ready->first;
        parked->last = ready->last;
    }
    parked->count += ready->count;
    *ready = *parked;
    parked->count = 0;
}

void tcp_stray_lose_parked(struct tcp *tcp, uint32_t iface, uint32_t neighbour, uint64_t now_ns)
{
    struct tcp_strays *strays = &tcp->strays;
    struct tcp_stray_list *list = &strays->parked[iface];
    for (uint32_t left = list->count; left > 0; left--) {
        uint32_t at = remove_first(strays, list);
        if (strays->slot[at].neighbour != neighbour) {
            append(strays, list, at);
            continue;
        }
        report_packet_dropped(tcp->report, SYNFIN_REASON_DROP_NEIGHBOUR_FAILED, now_ns);
        strays->parked_count--;
        give_slot(strays, at);
    }
}

// How many slots the list has that can be reached; UINT32_MAX when one is not where it belongs.
static uint32_t count_list(const struct tcp *tcp, const struct tcp_stray_list *list, uint32_t iface)
{
    const struct tcp_strays *strays = &tcp->strays;
    uint32_t at = list->first, last = at;
    for (uint32_t i = 0; i < list->count; i++) {
        if (at >= strays->slots_used || strays->slot[at].stray.iface != iface) {
            return UINT32_MAX;
        }
        last = at;
        at = strays->slot[at].next;
    }
    return list->count == 0 || last == list->last ? list->count : UINT32_MAX;
}

bool tcp_stray_check(const struct tcp *tcp)
{
    const struct tcp_strays *strays = &tcp->strays;
    uint64_t queued = 0, parked = 0;
    for (uint32_t i = 0; i < SYNFIN_IFACES_MAX; i++) {
        queued += count_list(tcp, &strays->ready[i], i);
        parked += count_list(tcp, &strays->parked[i], i);
    }
    return parked == strays->parked_count && parked <= tcp->config.answers_max / PARKED_SHARE
           && strays->slots_used <= strays->slots && strays->slots <= tcp->config.answers_max
           && queued + parked + strays->free.count == strays->slots_used;
}
