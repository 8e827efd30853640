// SPDX-License-Identifier: MIT
//
// Splitting super-packets; see device_split.h. What changes from segment to segment is what
// RFC 9293 §3.1 and the IP headers make count octets: lengths, IPv4's identification and checksum,
// the sequence number; and flags that belong to one end of the whole only.
#include "host/device_split.h"

#include <string.h>

#include "base/bytes.h"
#include "base/checksum.h"
#include "wire/wire_eth.h"
#include "wire/wire_protocol.h"

enum {
    TYPE_AT = 12, // of the Ethernet type, in front of which tags may stand
    TAG_BYTES = 4,
    TYPE_VLAN = 0x8100,
    TYPE_SERVICE_VLAN = 0x88a8,
    IP4_HEADER_MIN = 20,
    IP6_HEADER = 40,
    TCP_HEADER_MIN = 20,
    UDP_HEADER = 8,
    TCP_CHECKSUM_AT = 16,
    UDP_CHECKSUM_AT = 6,
    // Flags in the second of their octets: what ends a burst, and what answers to ECN.
    TCP_FIN_PSH = 0x01 | 0x08,
    TCP_CWR = 0x80,
};

static uint16_t find_ip(struct device_split *split, uint32_t bytes)
{
    uint32_t at = TYPE_AT;
    while (at + TAG_BYTES + 2 <= bytes) {
        uint16_t type = bytes_load16(split->frame + at);
        if (type != TYPE_VLAN && type != TYPE_SERVICE_VLAN) {
            split->ip = at + 2;
            return type;
        }
        at += TAG_BYTES;
    }
    return 0;
}

// Proves that the transport header begins behind an IP header, and tells its protocol.
static bool read_ip(struct device_split *split, uint32_t bytes, uint8_t *protocol)
{
    uint16_t type = find_ip(split, bytes);
    const uint8_t *ip = split->frame + split->ip;
    split->is_ip4 = type == WIRE_ETH_TYPE_IP4;
    if (split->is_ip4 && split->ip + IP4_HEADER_MIN <= bytes) {
        *protocol = ip[9];
        return (ip[0] >> 4) == 4 && split->transport == split->ip + (ip[0] & 15U) * 4;
    }
    if (type == WIRE_ETH_TYPE_IP6 && split->ip + IP6_HEADER <= bytes) {
        *protocol = ip[6]; // extension headers are not gone through
        return (ip[0] >> 4) == 6 && split->transport == split->ip + IP6_HEADER;
    }
    return false;
}

static uint32_t transport_bytes(const struct device_split *split, uint32_t bytes)
{
    if (!split->is_tcp) {
        return UDP_HEADER;
    }
    if (split->transport + TCP_HEADER_MIN > bytes) {
        return TCP_HEADER_MIN;
    }
    uint32_t header_bytes = (split->frame[split->transport + 12] >> 4) * 4U;
    return header_bytes < TCP_HEADER_MIN ? UINT16_MAX : header_bytes;
}

bool device_split_begin(struct device_split *split, const uint8_t *frame, uint32_t bytes,
                        uint32_t transport, uint32_t segment_bytes)
{
    uint8_t protocol = 0;
    *split = (struct device_split){
        .frame = frame, .transport = transport, .segment_bytes = segment_bytes};
    if (segment_bytes == 0 || transport >= bytes || !read_ip(split, bytes, &protocol)) {
        return false;
    }
    split->is_tcp = protocol == WIRE_PROTOCOL_TCP;
    split->header_bytes = transport + transport_bytes(split, bytes);
    if ((!split->is_tcp && protocol != WIRE_PROTOCOL_UDP) || split->header_bytes > bytes
        || split->header_bytes > SYNFIN_PACKET_ROOM) {
        return false;
    }
    split->payload_bytes = bytes - split->header_bytes;
    return true;
}

static void write_ip(const struct device_split *split, uint8_t *ip, uint32_t bytes)
{
    if (!split->is_ip4) {
        bytes_store16(ip + 4, bytes - IP6_HEADER);
        return;
    }
    bytes_store16(ip + 2, bytes);
    bytes_store16(ip + 4, bytes_load16(ip + 4) + split->number);
    bytes_store16(ip + 10, 0);
    bytes_store16(ip + 10, checksum_of(ip, split->transport - split->ip));
}

// The transport's checksum over the pseudo-header, its header, whose field is 0, and the payload.
static uint16_t sum_segment(const struct device_split *split, const uint8_t *header,
                            const struct synfin_span *payload)
{
    const uint8_t *ip = header + split->ip;
    uint32_t transport_bytes = split->header_bytes - split->transport;
    uint8_t tail[8];
    struct checksum sum;
    checksum_init(&sum);
    checksum_add(&sum, ip + (split->is_ip4 ? 12 : 8), split->is_ip4 ? 8 : 32);
    bytes_store32(tail, transport_bytes + payload->bytes);
    bytes_store32(tail + 4, split->is_tcp ? WIRE_PROTOCOL_TCP : WIRE_PROTOCOL_UDP);
    checksum_add(&sum, tail, sizeof(tail));
    checksum_add(&sum, header + split->transport, transport_bytes);
    checksum_add(&sum, payload->data, payload->bytes);
    uint16_t checksum = checksum_finish(&sum);
    // UDP's 0 would say that there is none, RFC 768.
    return checksum != 0 || split->is_tcp ? checksum : 0xFFFF;
}

static void write_tcp(const struct device_split *split, uint8_t *tcp, bool is_last)
{
    bytes_store32(tcp + 4, bytes_load32(tcp + 4) + split->at);
    if (!is_last) {
        tcp[13] &= (uint8_t)~TCP_FIN_PSH;
    }
    if (split->number != 0) {
        tcp[13] &= (uint8_t)~TCP_CWR;
    }
}

static void write_headers(const struct device_split *split, uint8_t *header,
                          const struct synfin_span *payload)
{
    uint8_t *transport = header + split->transport;
    uint8_t *field = transport + (split->is_tcp ? TCP_CHECKSUM_AT : UDP_CHECKSUM_AT);
    uint32_t bytes = split->header_bytes - split->transport + payload->bytes;
    write_ip(split, header + split->ip, split->transport - split->ip + bytes);
    if (split->is_tcp) {
        write_tcp(split, transport, split->at + payload->bytes == split->payload_bytes);
    } else {
        bytes_store16(transport + 4, bytes);
    }
    bytes_store16(field, 0);
    bytes_store16(field, sum_segment(split, header, payload));
}

bool device_split_next(struct device_split *split, struct synfin_packet *out)
{
    uint32_t left = split->payload_bytes - split->at;
    if (left == 0) {
        return false;
    }
    uint32_t payload_bytes = left < split->segment_bytes ? left : split->segment_bytes;
    memcpy(out->room, split->frame, split->header_bytes);
    synfin_packet_wrap(out, out->room, split->header_bytes);
    out->bytes = split->header_bytes + payload_bytes;
    out->spans = 1;
    out->span[0] = (struct synfin_span){
        .data = split->frame + split->header_bytes + split->at,
        .bytes = payload_bytes,
    };
    write_headers(split, out->room, &out->span[0]);
    split->at += payload_bytes;
    split->number++;
    return true;
}
