// SPDX-License-Identifier: MIT
//
// Below TCP: I1 to I4.
#include <inttypes.h>
#include <string.h>

#include "net/net_state.h"
#include "sim/oracle_subjects.h"

enum {
    ICMP4_UNREACHABLE = 3,
    ICMP4_QUENCH = 4,
    ICMP4_REDIRECT = 5,
    ICMP4_TIME_EXCEEDED = 11,
    ICMP4_PARAMETER = 12,
    ICMP6_ECHO = 128, // below: errors
    ND_FIRST = 133,
    ND_LAST = 137,
    ND_HOPS = 255,
    ICMP_HEADER = 8,
    ERRORS_PER_SECOND = 400, // 100 and a burst of 20, sent late and in two seconds
};

static bool is_icmp_error(bool is_v6, uint8_t type)
{
    return is_v6 ? type < ICMP6_ECHO
                 : type == ICMP4_UNREACHABLE || type == ICMP4_QUENCH || type == ICMP4_REDIRECT
                       || type == ICMP4_TIME_EXCEEDED || type == ICMP4_PARAMETER;
}

static bool is_unspecified(const struct synfin_addr *addr)
{
    static const struct synfin_addr none6;
    const struct synfin_addr none4 = synfin_addr_ipv4(0, 0, 0, 0);
    return memcmp(addr, &none6, sizeof none6) == 0 || memcmp(addr, &none4, sizeof none4) == 0;
}

static bool is_to_many(bool is_v6, const struct synfin_addr *addr)
{
    const uint8_t *at = addr->octet;
    bool is_broadcast = (at[12] & at[13] & at[14] & at[15]) == 255;
    return is_v6 ? at[0] == 255 : at[12] >> 4 == 14 || is_broadcast;
}

// RFC 1122 §3.2.2, RFC 4443 §2.4 (e): what an error must not be about. Too Big and one Parameter
// Problem may be about what went to many.
static const char *judge_quoted(const struct oracle_packet *error)
{
    const struct oracle_form form = {.is_unverified = true};
    struct oracle_packet quoted;
    const uint8_t *at = error->body + ICMP_HEADER;
    uint32_t bytes = error->body_bytes - ICMP_HEADER;
    (void)oracle_decode(at, bytes, &form, &quoted);
    bool is_short = bytes < (error->is_v6 ? 40u : 20u);
    if (is_short) {
        return "an ICMP error that quotes no header";
    }
    if (!error->is_v6) { // the quoted length is the whole packet's: addresses stand at their places
        quoted.src = synfin_addr_ipv4(at[12], at[13], at[14], at[15]);
        quoted.dst = synfin_addr_ipv4(at[16], at[17], at[18], at[19]);
        quoted.protocol = at[9];
    } else {
        memcpy(quoted.src.octet, at + 8, 16);
        memcpy(quoted.dst.octet, at + 24, 16);
        quoted.protocol = at[6];
    }
    if (is_unspecified(&quoted.src) || is_to_many(error->is_v6, &quoted.src)) {
        return "an ICMP error about a packet from nobody or from many";
    }
    bool may_be_to_many = error->is_v6 && (error->body[0] == 2 || error->body[0] == 4);
    if (is_to_many(error->is_v6, &quoted.dst) && !may_be_to_many) {
        return "an ICMP error about a packet to many";
    }
    if (!error->is_v6 && ((at[6] & 0x1f) != 0 || at[7] != 0)) {
        return "an ICMP error about a later fragment";
    }
    uint32_t header = error->is_v6 ? 40 : (at[0] & 15u) * 4;
    bool is_icmp = quoted.protocol == (error->is_v6 ? 58 : 1) && bytes > header;
    return is_icmp && is_icmp_error(error->is_v6, at[header]) ? "an ICMP error about an ICMP error"
                                                              : NULL;
}

static void judge_icmp(struct oracle_host *host, const struct oracle_packet *packet,
                       uint64_t now_ns)
{
    uint8_t type = packet->body[0];
    if (packet->is_v6 && type >= ND_FIRST && type <= ND_LAST && packet->hop_limit != ND_HOPS) {
        oracle_fail_host(host, ORACLE_I4, now_ns, "neighbour discovery with a hop limit of %u",
                         packet->hop_limit);
    }
    if (!is_icmp_error(packet->is_v6, type)) {
        return;
    }
    const char *wrong = judge_quoted(packet);
    if (wrong != NULL) {
        oracle_fail_host(host, ORACLE_I3, now_ns, "%s", wrong);
    }
    if (now_ns - host->icmp_since_ns >= ORACLE_S) {
        host->icmp_since_ns = now_ns;
        host->icmp_errors = 0;
    }
    if (++host->icmp_errors > ERRORS_PER_SECOND) {
        oracle_fail_host(host, ORACLE_I3, now_ns, "%u ICMP errors within a second",
                         host->icmp_errors);
    }
}

void oracle_ip_on_sent(struct oracle_host *host, const struct synfin_iface_config *iface,
                       const struct oracle_packet *packet, uint32_t gso_bytes, uint64_t now_ns)
{
    if (packet->kind == ORACLE_KIND_ARP) {
        return;
    }
    if (gso_bytes == 0 && packet->datagram_bytes > iface->mtu_bytes) {
        oracle_fail_host(host, ORACLE_I5, now_ns, "a datagram of %u octets, MTU %u",
                         packet->datagram_bytes, iface->mtu_bytes);
    }
    if (packet->kind == ORACLE_KIND_TCP
        && (is_unspecified(&packet->src) || is_to_many(packet->is_v6, &packet->dst))) {
        oracle_fail_host(host, ORACLE_I5, now_ns, "a segment from nobody or to many");
    }
    if (packet->kind == ORACLE_KIND_ICMP) {
        judge_icmp(host, packet, now_ns);
    }
}

void oracle_ip_on_received(struct oracle_host *host, const struct oracle_packet *packet,
                           uint64_t now_ns)
{
    if (packet->kind == ORACLE_KIND_ICMP && is_icmp_error(packet->is_v6, packet->body[0])) {
        oracle_security_on_icmp(host, packet, now_ns);
    }
}

// RFC 5722 and RFC 8200 §4.5, RFC 791 §3.2: what is held of fragments, counted again.
static void look_at_fragments(struct oracle_host *host, uint64_t now_ns)
{
    const struct fragments *fragments = &host->config.stack->net->fragments;
    uint64_t held_max = host->stack_config.reassembly_bytes_max;
    uint64_t blocks = 0;
    bool is_right = true;
    for (uint32_t i = 0; i < FRAGMENT_DATAGRAMS_MAX; i++) {
        const struct fragment_datagram *datagram = &fragments->datagram[i];
        const struct fragment_block *block = datagram->is_used ? datagram->first : NULL;
        uint64_t end = 0;
        for (; block != NULL; block = block->next) {
            is_right = is_right && block->offset_bytes >= end;
            end = (uint64_t)block->offset_bytes + block->bytes;
            blocks++;
        }
        is_right = is_right && end <= SYNFIN_PACKET_MAX
                   && (!datagram->is_used || datagram->deadline_ns <= now_ns + 61 * ORACLE_S);
    }
    if (!is_right || blocks > fragments->pool.objects
        || (uint64_t)fragments->pool.objects * FRAGMENT_OCTETS > held_max + FRAGMENT_OCTETS) {
        oracle_fail_host(host, ORACLE_I1, now_ns, "%" PRIu64 " blocks of fragments, %u taken, %s",
                         blocks, fragments->pool.objects,
                         is_right ? "in order" : "overlapping, too large or too long kept");
    }
}

static void look_at_neighbours(struct oracle_host *host, uint64_t now_ns)
{
    const struct neighbours *neighbours = &host->config.stack->net->neighbours;
    uint32_t used = 0;
    uint32_t incomplete = 0;
    bool is_right = true;
    for (uint32_t i = 0; i < neighbours->slots; i++) {
        const struct neighbour *neighbour =
            &neighbours->block[i / NEIGHBOUR_BLOCK][i % NEIGHBOUR_BLOCK];
        used += neighbour->state != NEIGHBOUR_STATE_FREE;
        incomplete += neighbour->state == NEIGHBOUR_STATE_INCOMPLETE;
        is_right = is_right && neighbour->waiting_count <= NEIGHBOUR_WAITING_MAX;
    }
    if (!is_right || used != neighbours->used || incomplete != neighbours->incomplete
        || incomplete > NEIGHBOUR_INCOMPLETE_MAX || used > NET_NEIGHBOURS_MAX) {
        oracle_fail_host(host, ORACLE_I4, now_ns,
                         "%u neighbours, %u counted; %u looked for, %u counted", used,
                         neighbours->used, incomplete, neighbours->incomplete);
    }
}

void oracle_ip_look_host(struct oracle_host *host, uint64_t now_ns)
{
    look_at_fragments(host, now_ns);
    look_at_neighbours(host, now_ns);
}
