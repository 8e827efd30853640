// SPDX-License-Identifier: MIT
//
// The judge of what a stack sends: every length, checksum and header is right, flags make sense,
// sequence numbers agree with what the user wrote, and nothing is said that was not written.
#include "stack_rig.h"

#include <stdlib.h>
#include <string.h>

enum { ETHERNET = 14, ARP_BYTES = 28, FIN = 1, SYN = 2, RST = 4, ACK = 16, URG = 32 };

// What a device does with a partial checksum: RFC 1071 over what the stack asked for.
static void complete_checksum(const struct synfin_packet *packet, uint8_t *octets)
{
    if (packet->checksum != SYNFIN_CHECKSUM_PARTIAL) {
        return;
    }
    uint32_t at = (uint32_t)packet->checksum_start + packet->checksum_offset;
    RIG_REQUIRE(at + 2 <= packet->bytes);
    uint32_t sum = 0;
    for (uint32_t i = packet->checksum_start; i < packet->bytes; i++) {
        sum += ((i - packet->checksum_start) & 1) != 0 ? octets[i] : (uint32_t)octets[i] << 8;
        sum = (sum & 0xffff) + (sum >> 16);
    }
    octets[at] = (uint8_t)(~sum >> 8);
    octets[at + 1] = (uint8_t)~sum;
}

static void judge_flags(const struct segment_wire *seg)
{
    uint16_t flags = seg->flags;
    bool is_syn = (flags & SYN) != 0;
    RIG_REQUIRE((flags & (SYN | RST | ACK)) != 0);
    RIG_REQUIRE(!is_syn || (flags & (FIN | RST)) == 0);
    RIG_REQUIRE((flags & RST) == 0 || ((flags & FIN) == 0 && seg->payload_bytes == 0));
    RIG_REQUIRE(!is_syn || seg->payload_bytes == 0 || seg->fastopen.bytes > 0);
    RIG_REQUIRE(is_syn || (seg->mss == 0 && seg->wscale < 0 && !seg->sack_permitted));
    RIG_REQUIRE(is_syn || !seg->fastopen.is_set);
    RIG_REQUIRE(!is_syn || seg->mss != 0);
    RIG_REQUIRE((flags & URG) != 0 || seg->urgent == 0);
}

// RFC 2883 §4: the first block is a duplicate when it is acknowledged, or lies in the second.
static bool has_duplicate(const struct segment_wire *seg)
{
    bool is_acked = (int32_t)(seg->sack[0].right - seg->ack) <= 0;
    bool is_in_second = seg->sack_blocks > 1
                        && (int32_t)(seg->sack[0].left - seg->sack[1].left) >= 0
                        && (int32_t)(seg->sack[1].right - seg->sack[0].right) >= 0;
    return seg->sack_blocks > 0 && (is_acked || is_in_second);
}

static void judge_sack(const struct segment_wire *seg)
{
    for (uint32_t i = 0; i < seg->sack_blocks; i++) {
        bool is_duplicate = i == 0 && has_duplicate(seg);
        RIG_REQUIRE((int32_t)(seg->sack[i].right - seg->sack[i].left) > 0);
        RIG_REQUIRE(is_duplicate || (int32_t)(seg->sack[i].left - seg->ack) > 0);
    }
}

static void judge_text(const struct rig_conn *conn, const struct segment_wire *seg)
{
    uint32_t first = seg->seq + ((seg->flags & SYN) != 0);
    uint32_t offset = first - (conn->iss + 1);
    RIG_REQUIRE(conn->has_iss && offset + seg->payload_bytes <= conn->written);
    for (uint32_t i = 0; i < seg->payload_bytes; i++) {
        RIG_REQUIRE(seg->payload[i] == rig_octet(first + i));
    }
}

static void judge_fin(struct rig_conn *conn, const struct segment_wire *seg)
{
    uint32_t fin = seg->seq + seg->payload_bytes;
    RIG_REQUIRE(conn->is_closing);
    RIG_REQUIRE(conn->has_iss && fin == conn->iss + 1 + conn->written);
    RIG_REQUIRE(!conn->has_fin || conn->fin == fin);
    conn->has_fin = true;
    conn->fin = fin;
}

static void judge_sequence(struct rig_conn *conn, const struct segment_wire *seg)
{
    if ((seg->flags & SYN) != 0) {
        RIG_REQUIRE(!conn->has_iss || conn->iss == seg->seq || conn->written == 0);
        conn->has_iss = true;
        conn->iss = seg->seq;
    }
    if (seg->payload_bytes > 0) {
        judge_text(conn, seg);
    }
    if ((seg->flags & FIN) != 0) {
        judge_fin(conn, seg);
    }
    if ((seg->flags & (ACK | RST)) == ACK) {
        RIG_REQUIRE(!conn->has_ack || (int32_t)(seg->ack - conn->ack) >= 0);
        conn->has_ack = true;
        conn->ack = seg->ack;
    }
}

static void count(struct rig_host *host, const struct segment_wire *seg)
{
    host->resets += (seg->flags & RST) != 0;
    host->datas += seg->payload_bytes > 0;
    host->controls += seg->payload_bytes == 0;
}

static void judge_tcp(struct rig_host *host, const struct synfin_packet *packet,
                      const uint8_t *octets, uint32_t bytes)
{
    struct segment_wire seg;
    const char *wrong = segment_wire_parse(octets, bytes, &seg);
    if (wrong != NULL) {
        rig_fail(__FILE__, __LINE__, wrong);
    }
    uint32_t mtu = host->iface.mtu_bytes;
    uint32_t headers = bytes - seg.payload_bytes;
    RIG_REQUIRE(packet->gso_bytes != 0 ? headers + packet->gso_bytes <= mtu : bytes <= mtu);
    RIG_REQUIRE(packet->gso_bytes == 0 || seg.payload_bytes > packet->gso_bytes);
    RIG_REQUIRE(packet->gso_bytes == 0 || bytes <= host->iface.gso_bytes);
    judge_flags(&seg);
    judge_sack(&seg);
    if (packet->conn != 0) {
        judge_sequence(rig_conn_of(host, packet->conn), &seg);
    } else {
        bool is_cookie = packet->reason == SYNFIN_REASON_SEND_SYN_ACK_COOKIE;
        RIG_REQUIRE(seg.payload_bytes == 0 && (seg.flags & FIN) == 0);
        RIG_REQUIRE(is_cookie == ((seg.flags & SYN) != 0));
    }
    rig_ledger_sent(host, &seg, bytes);
    count(host, &seg);
}

static void judge_ip(struct rig_host *host, const struct synfin_packet *packet,
                     const uint8_t *octets, uint32_t bytes)
{
    RIG_REQUIRE(bytes >= 20 && (octets[0] >> 4 == 4 || octets[0] >> 4 == 6));
    if (segment_wire_is_tcp(octets, bytes)) {
        judge_tcp(host, packet, octets, bytes);
        return;
    }
    RIG_REQUIRE(bytes <= host->iface.mtu_bytes);
    host->others++;
}

void rig_judge(struct rig *rig, uint32_t index, const struct synfin_packet *packet,
               struct rig_frame *out)
{
    struct rig_host *host = &rig->host[index];
    uint32_t link = host->iface.is_ethernet ? ETHERNET : 0;
    RIG_REQUIRE(packet->bytes > link && packet->bytes < RIG_FRAME_MAX);
    RIG_REQUIRE(packet->spans <= SYNFIN_PACKET_SPANS);
    uint8_t *octets = malloc(packet->bytes);
    RIG_REQUIRE(synfin_packet_copy(packet, octets, packet->bytes) == packet->bytes);
    complete_checksum(packet, octets);
    bool is_arp = link != 0 && octets[12] == 8 && octets[13] == 6;
    RIG_REQUIRE(link == 0 || memcmp(octets + 6, host->iface.mac, 6) == 0);
    if (is_arp) {
        RIG_REQUIRE(packet->bytes == ETHERNET + ARP_BYTES);
        host->others++;
    } else {
        judge_ip(host, packet, octets + link, packet->bytes - link);
    }
    *out = (struct rig_frame){octets, packet->bytes, packet->gso_bytes != 0};
}
