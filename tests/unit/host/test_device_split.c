// SPDX-License-Identifier: MIT
//
// Splitting super-packets: what the pieces are put together again must be the whole, each piece
// must be a right packet of its own, and frames that are no such thing are refused.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/checksum.h"
#include "host/device_split.h"
#include "wire/wire_ip4.h"
#include "wire/wire_tcp.h"

enum {
    ETH = 14,
    IP4 = 20,
    IP6 = 40,
    TCP = 32, // with timestamps
    UDP = 8,
    PAYLOAD = 4000,
    SEGMENT = 1448,
    FLAGS = 0x99, // CWR, ACK, PSH, FIN
};

static uint8_t frame[65536];
static uint8_t joined[65536];

static uint32_t put_eth(uint16_t type, uint32_t tags)
{
    memset(frame, 0, sizeof(frame));
    memset(frame, 0x02, 12);
    for (uint32_t i = 0; i < tags; i++) {
        bytes_store32(frame + 12 + i * 4, 0x81000007);
    }
    bytes_store16(frame + 12 + tags * 4, type);
    return ETH + tags * 4;
}

static uint32_t put_ip4(uint32_t at, uint8_t protocol, uint32_t bytes)
{
    struct wire_ip4 ip = {
        .src = synfin_addr_ipv4(192, 0, 2, 1),
        .dst = synfin_addr_ipv4(192, 0, 2, 2),
        .total_bytes = IP4 + bytes,
        .id = 0xFFFF,
        .protocol = protocol,
        .ttl = 64,
    };
    wire_ip4_emit(frame + at, &ip);
    return at + IP4;
}

static uint32_t put_ip6(uint32_t at, uint8_t protocol, uint32_t bytes)
{
    frame[at] = 0x60;
    bytes_store16(frame + at + 4, bytes);
    frame[at + 6] = protocol;
    memset(frame + at + 8, 0x20, 32);
    return at + IP6;
}

static uint32_t put_tcp(uint32_t at)
{
    bytes_store32(frame + at + 4, 0xFFFFFF00);
    frame[at + 12] = TCP / 4 << 4;
    frame[at + 13] = FLAGS;
    return at + TCP;
}

static void put_payload(uint32_t at)
{
    for (uint32_t i = 0; i < PAYLOAD; i++) {
        frame[at + i] = (uint8_t)(i * 31 + (i >> 8));
    }
}

// Over the pseudo-header and what lies from `start` on.
static void expect_right_checksum(const uint8_t *octets, uint32_t bytes, uint32_t start,
                                  uint32_t addrs, uint8_t protocol)
{
    uint32_t addr_bytes = start - addrs == 8 ? 8 : 32; // up to the transport header
    uint8_t tail[8];
    struct checksum sum;
    checksum_init(&sum);
    checksum_add(&sum, octets + addrs, addr_bytes);
    bytes_store32(tail, bytes - start);
    bytes_store32(tail + 4, protocol);
    checksum_add(&sum, tail, sizeof(tail));
    checksum_add(&sum, octets + start, bytes - start);
    assert_int_equal(checksum_finish(&sum), 0);
}

static void tcp_over_ipv4_becomes_right_segments_in_order(void **state)
{
    (void)state;
    uint32_t ip = put_eth(0x0800, 0);
    uint32_t tcp = put_ip4(ip, 6, TCP + PAYLOAD);
    uint32_t payload = put_tcp(tcp);
    put_payload(payload);
    struct device_split split;
    assert_true(device_split_begin(&split, frame, payload + PAYLOAD, tcp, SEGMENT));
    struct synfin_packet packet;
    uint32_t done = 0;
    for (uint32_t i = 0; device_split_next(&split, &packet); i++) {
        uint8_t octets[2048];
        struct wire_ip4 header;
        assert_int_equal(synfin_packet_copy(&packet, octets, sizeof(octets)), packet.bytes);
        assert_int_equal(wire_ip4_parse(octets + ip, packet.bytes - ip, packet.bytes - ip, &header),
                         SYNFIN_REASON_UNKNOWN);
        assert_int_equal(header.total_bytes, packet.bytes - ip);
        assert_int_equal(header.id, (uint16_t)(0xFFFF + i));
        assert_int_equal(bytes_load32(octets + tcp + 4), (uint32_t)(0xFFFFFF00 + done));
        // CWR only in the first, FIN and PSH only in the last.
        static const uint8_t flags[] = {0x90, 0x10, 0x19};
        assert_true(i < sizeof(flags));
        assert_int_equal(octets[tcp + 13], flags[i]);
        expect_right_checksum(octets, packet.bytes, tcp, ip + 12, 6);
        memcpy(joined + done, octets + payload, packet.bytes - payload);
        done += packet.bytes - payload;
    }
    assert_int_equal(done, PAYLOAD);
    assert_memory_equal(joined, frame + payload, PAYLOAD);
}

static void tcp_over_ipv6_behind_a_vlan_tag_becomes_right_segments(void **state)
{
    (void)state;
    uint32_t ip = put_eth(0x86dd, 1);
    uint32_t tcp = put_ip6(ip, 6, TCP + PAYLOAD);
    uint32_t payload = put_tcp(tcp);
    put_payload(payload);
    struct device_split split;
    assert_true(device_split_begin(&split, frame, payload + PAYLOAD, tcp, SEGMENT));
    struct synfin_packet packet;
    uint32_t done = 0;
    while (device_split_next(&split, &packet)) {
        uint8_t octets[2048];
        (void)synfin_packet_copy(&packet, octets, sizeof(octets));
        assert_memory_equal(octets, frame, ip);
        assert_int_equal(bytes_load16(octets + ip + 4), packet.bytes - tcp);
        assert_int_equal(bytes_load32(octets + tcp + 4), (uint32_t)(0xFFFFFF00 + done));
        expect_right_checksum(octets, packet.bytes, tcp, ip + 8, 6);
        done += packet.bytes - payload;
    }
    assert_int_equal(done, PAYLOAD);
}

static void udp_becomes_datagrams_with_lengths_of_their_own(void **state)
{
    (void)state;
    uint32_t ip = put_eth(0x0800, 0);
    uint32_t udp = put_ip4(ip, 17, UDP + PAYLOAD);
    put_payload(udp + UDP);
    struct device_split split;
    assert_true(device_split_begin(&split, frame, udp + UDP + PAYLOAD, udp, 1000));
    struct synfin_packet packet;
    uint32_t count = 0;
    while (device_split_next(&split, &packet)) {
        uint8_t octets[2048];
        (void)synfin_packet_copy(&packet, octets, sizeof(octets));
        assert_int_equal(packet.bytes, udp + UDP + 1000);
        assert_int_equal(bytes_load16(octets + udp + 4), UDP + 1000);
        expect_right_checksum(octets, packet.bytes, udp, ip + 12, 17);
        count++;
    }
    assert_int_equal(count, 4);
}

static void what_cannot_be_split_is_refused(void **state)
{
    (void)state;
    struct device_split split;
    uint32_t ip = put_eth(0x0800, 0);
    uint32_t tcp = put_ip4(ip, 6, TCP + PAYLOAD);
    uint32_t bytes = put_tcp(tcp) + PAYLOAD;
    assert_true(device_split_begin(&split, frame, bytes, tcp, SEGMENT));
    assert_false(device_split_begin(&split, frame, bytes, tcp, 0));
    assert_false(device_split_begin(&split, frame, bytes, tcp + 4, SEGMENT));
    assert_false(device_split_begin(&split, frame, bytes, bytes, SEGMENT));
    assert_false(device_split_begin(&split, frame, tcp + 10, tcp, SEGMENT));
    assert_false(device_split_begin(&split, frame, 13, tcp, SEGMENT));
    frame[tcp + 12] = 0x40; // a header shorter than any
    assert_false(device_split_begin(&split, frame, bytes, tcp, SEGMENT));
    frame[tcp + 12] = 0xF0; // one that ends behind the frame
    assert_false(device_split_begin(&split, frame, tcp + 40, tcp, SEGMENT));
    frame[tcp + 12] = 0x50;
    frame[ip + 9] = 47; // neither TCP nor UDP
    assert_false(device_split_begin(&split, frame, bytes, tcp, SEGMENT));
    (void)put_eth(0x0806, 0);
    assert_false(device_split_begin(&split, frame, bytes, tcp, SEGMENT));
    (void)put_eth(0x0800, 64); // tags up to beyond what a packet's room holds
    assert_false(device_split_begin(&split, frame, bytes, ETH + 256 + IP4, SEGMENT));
}

static void frame_without_payload_gives_no_segment(void **state)
{
    (void)state;
    struct device_split split;
    struct synfin_packet packet;
    uint32_t tcp = put_ip4(put_eth(0x0800, 0), 6, TCP);
    uint32_t bytes = put_tcp(tcp);
    assert_true(device_split_begin(&split, frame, bytes, tcp, SEGMENT));
    assert_false(device_split_next(&split, &packet));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tcp_over_ipv4_becomes_right_segments_in_order),
        cmocka_unit_test(tcp_over_ipv6_behind_a_vlan_tag_becomes_right_segments),
        cmocka_unit_test(udp_becomes_datagrams_with_lengths_of_their_own),
        cmocka_unit_test(what_cannot_be_split_is_refused),
        cmocka_unit_test(frame_without_payload_gives_no_segment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
