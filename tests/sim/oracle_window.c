// SPDX-License-Identifier: MIT
//
// Sequence numbers and windows: Q1 to Q4, Q6, Q7.
#include <inttypes.h>

#include "sim/oracle_subjects.h"

enum {
    MSS_IPV4 = 536,
    MSS_IPV6 = 1220,
    MSS_LEAST = 64, // whatever a peer asks for: docs/history.md, CVE-2019-11479
    TCP_HEADER = 20,
};

#define FLIGHT_MAX (UINT64_C(1) << 30)

static uint32_t shift_of_sent(const struct oracle_sight *sight)
{
    const struct oracle_end *end = sight->end;
    bool is_syn = (sight->packet->flags & ORACLE_SYN) != 0;
    bool is_scaled = !is_syn && end->offered.wscale >= 0 && end->heard.wscale >= 0;
    return is_scaled ? (uint32_t)end->offered.wscale : 0;
}

uint64_t oracle_window_of_sent(const struct oracle_sight *sight)
{
    return (uint64_t)sight->packet->window << shift_of_sent(sight);
}

// At most: where it is not known what was offered, by the largest scale.
uint64_t oracle_window_of_heard(const struct oracle_sight *sight)
{
    enum { SHIFT_MOST = 14 };
    const struct oracle_end *end = sight->end;
    bool is_syn = (sight->packet->flags & ORACLE_SYN) != 0;
    bool is_scaled = !is_syn && end->heard.wscale >= 0 && end->offered.wscale >= 0;
    int shift = !is_scaled ? 0 : end->heard.wscale > SHIFT_MOST ? SHIFT_MOST : end->heard.wscale;
    return (uint64_t)sight->packet->window << shift;
}

// A window field can name the edge no better than to the unit of its scale: RFC 7323 §2.4.
static void judge_own_edge(const struct oracle_sight *sight)
{
    const struct oracle_end *end = sight->end;
    uint64_t edge = sight->ack + oracle_window_of_sent(sight);
    uint64_t unit = UINT64_C(1) << shift_of_sent(sight);
    if (edge + unit - 1 < end->edge) {
        oracle_fail(sight->host->oracle, ORACLE_Q3, end, sight->now_ns,
                    "an edge at %" PRIu64 " and one at %" PRIu64 " before (%s)", edge, end->edge,
                    synfin_reason_name((enum synfin_reason)sight->reason));
    }
    if (sight->ack < end->ack) {
        oracle_fail(sight->host->oracle, ORACLE_Q2, end, sight->now_ns,
                    "acknowledges %" PRIu64 ", before %" PRIu64, sight->ack, end->ack);
    }
}

static void judge_peer_edge(const struct oracle_sight *sight)
{
    const struct oracle_end *end = sight->end;
    uint64_t right = sight->seq + sight->packet->length;
    uint64_t probe = sight->packet->length == 1 ? 1 : 0;
    if (right > end->edge_told + probe) {
        oracle_fail(sight->host->oracle, ORACLE_Q4, end, sight->now_ns,
                    "up to %" PRIu64 " and the edge at %" PRIu64 " (%s)", right, end->edge_told,
                    synfin_reason_name((enum synfin_reason)sight->reason));
    }
}

// RFC 9293 §3.8.6 [SHLD-16]: what goes again keeps to the window that there is, shrunk or not.
static void judge_window_again(const struct oracle_sight *sight)
{
    const struct oracle_end *end = sight->end;
    const struct tcp_conn *conn = oracle_ends_block(sight->host, end);
    uint64_t right = sight->seq + sight->packet->payload_bytes;
    if (conn == NULL || right > end->nxt || sight->packet->payload_bytes <= 1) {
        return;
    }
    uint64_t edge = oracle_place(conn->snd.una.n, end->iss, end->una_told) + conn->snd.wnd;
    if (right > edge) {
        oracle_fail(sight->host->oracle, ORACLE_Q4, end, sight->now_ns,
                    "again up to %" PRIu64 " and the edge is back at %" PRIu64 " (%s)", right, edge,
                    synfin_reason_name((enum synfin_reason)sight->reason));
    }
}

static uint32_t iface_mtu(const struct oracle_host *host)
{
    uint32_t mtu = 0;
    for (uint32_t i = 0; i < host->config.ifaces; i++) {
        mtu = host->config.iface[i].mtu_bytes > mtu ? host->config.iface[i].mtu_bytes : mtu;
    }
    return mtu;
}

static uint32_t mss_heard(const struct oracle_sight *sight)
{
    uint32_t mss = sight->end->heard.mss;
    if (mss == 0) {
        return sight->packet->is_v6 ? MSS_IPV6 : MSS_IPV4;
    }
    return mss > MSS_LEAST ? mss : MSS_LEAST;
}

// RFC 9293 §3.7.1: options take from the segment, and nothing is larger than the peer's MSS.
static void judge_size(const struct oracle_sight *sight)
{
    const struct oracle_end *end = sight->end;
    const struct oracle_packet *packet = sight->packet;
    uint32_t payload = sight->gso_bytes > 0 ? sight->gso_bytes : packet->payload_bytes;
    uint32_t headers = packet->datagram_bytes - packet->payload_bytes;
    uint32_t mss = mss_heard(sight);
    const struct tcp_conn *conn = oracle_ends_block(sight->host, end);
    uint32_t mtu = iface_mtu(sight->host);
    bool is_probe = sight->reason == SYNFIN_REASON_SEND_MTU_PROBE;
    uint32_t own = oracle_wishes_of(sight->host, end)->mss_bytes;
    mss = own != 0 && own < mss ? own : mss;
    if (conn != NULL && conn->pmtu_bytes != 0 && !is_probe && conn->pmtu_bytes < mtu) {
        mtu = conn->pmtu_bytes;
    }
    if ((end->heard.is_known && payload + packet->header_bytes > mss + TCP_HEADER)
        || payload + headers > mtu) {
        oracle_fail(sight->host->oracle, ORACLE_Q6, end, sight->now_ns,
                    "%u octets and %u of headers: MSS %u, MTU %u (%s)", payload, headers, mss, mtu,
                    synfin_reason_name((enum synfin_reason)sight->reason));
    }
}

void oracle_window_on_sent(const struct oracle_sight *sight)
{
    const struct oracle_packet *packet = sight->packet;
    bool is_syn = (packet->flags & ORACLE_SYN) != 0;
    if ((packet->flags & ORACLE_ACK) != 0 && sight->end->has_irs && !is_syn && !sight->is_early) {
        judge_own_edge(sight);
    }
    if (!is_syn && packet->length > 0) {
        judge_peer_edge(sight);
        judge_window_again(sight);
    }
    if (packet->payload_bytes > 0) {
        judge_size(sight);
    }
}

static void look_at_numbers(const struct oracle_look *look)
{
    const struct oracle_end *end = look->end;
    const struct oracle_shadow *shadow = &end->shadow;
    struct oracle *oracle = look->host->oracle;
    uint64_t most = end->edge_told + 2;                   // a probe of one octet, and a FIN
    most = most > end->syn_right ? most : end->syn_right; // RFC 7413 §4.2.1: before any edge
    if (look->una > look->nxt || look->nxt > most || look->nxt - look->una > FLIGHT_MAX) {
        oracle_fail(oracle, ORACLE_Q1, end, look->now_ns,
                    "SND.UNA %" PRIu64 ", SND.NXT %" PRIu64 ", edge %" PRIu64, look->una, look->nxt,
                    end->edge_told);
    }
    if (look->una > end->una_told) {
        oracle_fail(oracle, ORACLE_Q1, end, look->now_ns,
                    "SND.UNA %" PRIu64 " and nobody acknowledged more than %" PRIu64, look->una,
                    end->una_told);
    }
    if (shadow->is_synchronised && (look->una < shadow->una || look->rcv < shadow->rcv)) {
        oracle_fail(oracle, ORACLE_Q2, end, look->now_ns,
                    "SND.UNA %" PRIu64 " after %" PRIu64 ", RCV.NXT %" PRIu64 " after %" PRIu64,
                    look->una, shadow->una, look->rcv, shadow->rcv);
    }
    if (look->nxt < end->nxt && look->una < look->nxt) {
        oracle_fail(oracle, ORACLE_Q2, end, look->now_ns,
                    "SND.NXT %" PRIu64 " and %" PRIu64 " was sent", look->nxt, end->nxt);
    }
}

// Runs of data behind a gap, counted again from nothing.
static void look_at_runs(const struct oracle_look *look)
{
    const struct tcp_conn *conn = look->conn;
    const struct oracle_end *end = look->end;
    uint64_t last = look->rcv;
    uint32_t runs = 0;
    uint64_t octets = 0;
    bool is_right = true;
    for (const struct reassembly_run *run = conn->ooo.first; run != NULL; run = run->next) {
        uint64_t left = oracle_place(run->left.n, end->irs, look->rcv);
        uint64_t right = left + run->data.bytes;
        bool is_arrived = end->has_gaps || oracle_ranges_hold(&end->arrived, left, right);
        is_right = is_right && left > last && run->data.bytes > 0 && right <= look->adv + 1
                   && (is_arrived || look->host->had_fragments);
        last = right;
        octets += run->data.bytes;
        runs++;
    }
    uint32_t runs_max = look->host->stack_config.out_of_order_ranges_max;
    if (!is_right || runs != conn->ooo.runs || octets != conn->ooo.bytes || runs > runs_max) {
        oracle_fail(look->host->oracle, ORACLE_Q7, end, look->now_ns,
                    "%u runs of %u at most, %u counted; %" PRIu64 " octets, %u counted; %s", runs,
                    runs_max, conn->ooo.runs, octets, conn->ooo.bytes,
                    is_right ? "in order" : "out of order, of the window or of nowhere");
    }
}

void oracle_window_look(const struct oracle_look *look)
{
    look_at_numbers(look);
    if (look->conn->ooo.first != NULL || look->conn->ooo.runs != 0) {
        look_at_runs(look);
    }
}
