// SPDX-License-Identifier: MIT
//
// The one-line printer and the segment of a packet: exact lines for sound packets, and no fault
// or over-read for any other.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "exact.h"
#include "wire/wire_arp.h"
#include "wire/wire_icmp4.h"
#include "wire/wire_icmp6.h"
#include "wire/wire_ip4.h"
#include "wire/wire_ip6.h"
#include "wire/wire_nd.h"
#include "wire/wire_protocol.h"
#include "wire/wire_tcp.h"

enum { LINE_MAX_OCTETS = 512 };

static const struct synfin_addr LOCAL6 = {{0xfe, 0x80, [15] = 1}};
static const struct synfin_addr GLOBAL6 = {{0x20, 0x01, 0x0d, 0xb8, [15] = 2}};

// A packet whose octets lie in memory of exactly their size.
struct sample {
    uint8_t p[256];
    uint32_t bytes;
};

static void wrap(struct synfin_packet *packet, uint8_t *p, uint32_t bytes)
{
    *packet = (struct synfin_packet){.head_bytes = bytes, .bytes = bytes};
    packet->head = p;
}

static void assert_line(const struct sample *sample, bool is_ethernet, const char *expected)
{
    struct synfin_packet packet;
    char line[LINE_MAX_OCTETS];
    uint8_t *copy = exact_copy(sample->p, sample->bytes);
    wrap(&packet, copy, sample->bytes);
    size_t needed = synfin_packet_print(&packet, is_ethernet, line, sizeof(line));
    assert_string_equal(line, expected);
    assert_int_equal(needed, strlen(expected));
    free(copy);
}

static void put_ip4(struct sample *sample, uint8_t protocol, uint32_t payload)
{
    struct wire_ip4 ip = {.src = synfin_addr_ipv4(192, 0, 2, 1),
                          .dst = synfin_addr_ipv4(192, 0, 2, 2),
                          .total_bytes = WIRE_IP4_HEADER + payload,
                          .id = 7,
                          .protocol = protocol,
                          .ttl = 64};
    wire_ip4_emit(sample->p, &ip);
    sample->bytes = ip.total_bytes;
}

static void put_ip6(struct sample *sample, uint8_t protocol, uint32_t payload)
{
    struct wire_ip6 ip = {.src = LOCAL6,
                          .dst = GLOBAL6,
                          .payload_bytes = payload,
                          .next_header = protocol,
                          .hop_limit = 255};
    wire_ip6_emit(sample->p, &ip);
    sample->bytes = WIRE_IP6_HEADER + payload;
}

static struct wire_tcp segment(uint16_t flags)
{
    return (struct wire_tcp){.src_port = 40000,
                             .dst_port = 80,
                             .seq = {1000},
                             .ack = {77},
                             .flags = flags,
                             .window = 65535};
}

static void put_tcp4(struct sample *sample, const struct wire_tcp *tcp, uint32_t payload)
{
    memset(sample, 0, sizeof(*sample));
    put_ip4(sample, WIRE_PROTOCOL_TCP, wire_tcp_emitted_bytes(tcp) + payload);
    wire_tcp_emit(sample->p + WIRE_IP4_HEADER, tcp);
}

static void syn_shows_all_its_options(void **state)
{
    (void)state;
    struct sample sample;
    struct wire_tcp tcp = segment(SYNFIN_TCP_SYN);
    tcp.has_mss = tcp.has_sack_permitted = tcp.has_timestamps = tcp.has_wscale = true;
    tcp.mss = 1460;
    tcp.wscale_shift = 0;
    tcp.ts_val = 5;
    put_tcp4(&sample, &tcp, 0);
    assert_line(&sample, false,
                "192.0.2.1:40000 > 192.0.2.2:80 SYN seq 1000 win 65535 "
                "<mss 1460, sack permitted, ts 5 0, wscale 0>");
}

static void syn_shows_fast_open(void **state)
{
    (void)state;
    struct sample sample;
    struct wire_tcp tcp = segment(SYNFIN_TCP_SYN);
    tcp.has_mss = tcp.has_fastopen = true;
    tcp.mss = 1460;
    put_tcp4(&sample, &tcp, 0);
    assert_line(&sample, false,
                "192.0.2.1:40000 > 192.0.2.2:80 SYN seq 1000 win 65535 "
                "<mss 1460, fastopen request>");
    tcp.cookie_bytes = 16;
    put_tcp4(&sample, &tcp, 5);
    assert_line(&sample, false,
                "192.0.2.1:40000 > 192.0.2.2:80 SYN seq 1000 win 65535 len 5 "
                "<mss 1460, fastopen cookie>");
}

// RFC 9768 §3.2.3: each counter by its name, in the option's order.
static void accurate_ecn_shows_its_counters(void **state)
{
    (void)state;
    struct sample sample;
    struct wire_tcp tcp = segment(SYNFIN_TCP_ACK | SYNFIN_TCP_AE | SYNFIN_TCP_ECE);
    tcp.ack = seq_make(7);
    tcp.accecn = (struct wire_accecn){.kind = 172, .fields = 3, .field = {11, 22, 33}};
    put_tcp4(&sample, &tcp, 0);
    assert_line(&sample, false,
                "192.0.2.1:40000 > 192.0.2.2:80 ACK,ECE,AE seq 1000 ack 7 win 65535 "
                "<accecn0 e0b 11 ceb 22 e1b 33>");
    tcp.accecn = (struct wire_accecn){.kind = 174, .fields = 2, .field = {11, 22}};
    put_tcp4(&sample, &tcp, 0);
    assert_line(&sample, false,
                "192.0.2.1:40000 > 192.0.2.2:80 ACK,ECE,AE seq 1000 ack 7 win 65535 "
                "<accecn1 e1b 11 ceb 22>");
}

static void data_shows_length_and_acknowledgment(void **state)
{
    (void)state;
    struct sample sample;
    struct wire_tcp tcp = segment(SYNFIN_TCP_PSH | SYNFIN_TCP_ACK);
    tcp.sack_blocks = 1;
    tcp.sack[0] = (struct wire_sack_block){{90}, {100}};
    put_tcp4(&sample, &tcp, 10);
    assert_line(&sample, false,
                "192.0.2.1:40000 > 192.0.2.2:80 PSH,ACK seq 1000 ack 77 win 65535 len 10 "
                "<sack 90-100>");
}

static void flags_have_their_names(void **state)
{
    (void)state;
    struct sample sample;
    struct wire_tcp tcp = segment(0x1ff);
    put_tcp4(&sample, &tcp, 0);
    assert_line(&sample, false,
                "192.0.2.1:40000 > 192.0.2.2:80 SYN,FIN,RST,PSH,ACK,URG,ECE,CWR,AE seq 1000 "
                "ack 77 win 65535 urg 0");
    tcp.flags = 0;
    put_tcp4(&sample, &tcp, 0);
    assert_line(&sample, false, "192.0.2.1:40000 > 192.0.2.2:80 no flags seq 1000 win 65535");
}

static void version_6_over_ethernet_reads_alike(void **state)
{
    (void)state;
    struct sample sample = {{0}, 0}, inner = {{0}, 0};
    struct wire_eth eth = {.type = WIRE_ETH_TYPE_IP6};
    struct wire_tcp tcp = segment(SYNFIN_TCP_FIN | SYNFIN_TCP_ACK);
    put_ip6(&inner, WIRE_PROTOCOL_TCP, WIRE_TCP_HEADER_MIN);
    wire_tcp_emit(inner.p + WIRE_IP6_HEADER, &tcp);
    wire_eth_emit(sample.p, &eth);
    memcpy(sample.p + WIRE_ETH_HEADER, inner.p, inner.bytes);
    sample.bytes = WIRE_ETH_HEADER + inner.bytes;
    assert_line(&sample, true,
                "[fe80::1]:40000 > [2001:db8::2]:80 FIN,ACK seq 1000 ack 77 win 65535");
}

static void what_is_wrong_is_said(void **state)
{
    (void)state;
    struct sample sample;
    struct wire_tcp tcp = segment(SYNFIN_TCP_ACK);
    put_tcp4(&sample, &tcp, 0);
    sample.p[8]--;
    assert_line(&sample, false,
                "192.0.2.1:40000 > 192.0.2.2:80 ACK seq 1000 ack 77 win 65535, IPv4 malformed: "
                "IP header checksum is wrong");
    put_tcp4(&sample, &tcp, 0);
    sample.p[WIRE_IP4_HEADER + 12] = 0x40;
    assert_line(&sample, false,
                "192.0.2.1 > 192.0.2.2 TCP malformed: data offset below 5 or beyond the segment");
    tcp.flags = SYNFIN_TCP_SYN;
    tcp.has_mss = true;
    tcp.mss = 9;
    tcp.has_wscale = true;
    put_tcp4(&sample, &tcp, 0);
    sample.p[WIRE_IP4_HEADER + 26] = 0;
    assert_line(&sample, false,
                "192.0.2.1:40000 > 192.0.2.2:80 SYN seq 1000 win 65535 <mss 9>, malformed: an "
                "option's length is impossible");
    sample.bytes = 10;
    assert_line(&sample, false, "IPv4 malformed: shorter than its IP header or total length");
    assert_line(&sample, true, "Ethernet malformed: shorter than its link header");
}

static void icmp_errors_tell_what_they_are_about(void **state)
{
    (void)state;
    struct sample sample = {{0}, 0}, quoted;
    struct wire_tcp tcp = segment(SYNFIN_TCP_ACK);
    struct wire_icmp4 icmp = {
        .type = WIRE_ICMP4_UNREACHABLE, .code = WIRE_ICMP4_CODE_TOO_BIG, .mtu = 1400};
    put_tcp4(&quoted, &tcp, 0);
    put_ip4(&sample, WIRE_PROTOCOL_ICMP4, WIRE_ICMP4_HEADER + 28);
    wire_icmp4_emit(sample.p + WIRE_IP4_HEADER, &icmp);
    memcpy(sample.p + WIRE_IP4_HEADER + WIRE_ICMP4_HEADER, quoted.p, 28);
    assert_line(&sample, false,
                "192.0.2.1 > 192.0.2.2 ICMP too big mtu 1400 about 192.0.2.1:40000 > "
                "192.0.2.2:80 seq 1000 len 36");
}

static void echo_and_other_protocols_are_named(void **state)
{
    (void)state;
    struct sample sample = {{0}, 0};
    struct wire_icmp6 icmp = {.type = WIRE_ICMP6_ECHO_REQUEST, .id = 3, .sequence = 4};
    put_ip6(&sample, WIRE_PROTOCOL_ICMP6, WIRE_ICMP6_HEADER);
    wire_icmp6_emit(sample.p + WIRE_IP6_HEADER, &icmp);
    assert_line(&sample, false, "fe80::1 > 2001:db8::2 ICMPv6 echo request id 3 seq 4 len 8");
    put_ip4(&sample, WIRE_PROTOCOL_UDP, 8);
    assert_line(&sample, false, "192.0.2.1 > 192.0.2.2 UDP len 8");
    put_ip4(&sample, 132, 8);
    assert_line(&sample, false, "192.0.2.1 > 192.0.2.2 protocol 132 len 8");
}

static void neighbours_are_asked_for_and_told(void **state)
{
    (void)state;
    struct sample sample = {{0}, 0};
    struct wire_nd nd = {.type = WIRE_ICMP6_NEIGHBOUR_SOLICIT,
                         .target = GLOBAL6,
                         .has_source_link = true,
                         .source_link = {{2, 0, 0, 0, 0, 0xa}}};
    put_ip6(&sample, WIRE_PROTOCOL_ICMP6, 32);
    wire_nd_emit(sample.p + WIRE_IP6_HEADER, &nd);
    assert_line(&sample, false,
                "fe80::1 > 2001:db8::2 ICMPv6 who has 2001:db8::2, from 02:00:00:00:00:0a len 32");
    nd = (struct wire_nd){.type = WIRE_ICMP6_NEIGHBOUR_ADVERT,
                          .target = LOCAL6,
                          .has_target_link = true,
                          .target_link = {{2, 0, 0, 0, 0, 0xb}}};
    wire_nd_emit(sample.p + WIRE_IP6_HEADER, &nd);
    assert_line(&sample, false,
                "fe80::1 > 2001:db8::2 ICMPv6 fe80::1 is at 02:00:00:00:00:0b len 32");
    struct wire_eth eth = {.type = WIRE_ETH_TYPE_ARP};
    struct wire_arp arp = {.operation = WIRE_ARP_OPERATION_REQUEST,
                           .sender_link = {{2, 0, 0, 0, 0, 1}},
                           .sender = synfin_addr_ipv4(192, 0, 2, 1),
                           .target = synfin_addr_ipv4(192, 0, 2, 2)};
    wire_eth_emit(sample.p, &eth);
    wire_arp_emit(sample.p + WIRE_ETH_HEADER, &arp);
    sample.bytes = WIRE_ETH_HEADER + WIRE_ARP_BYTES;
    assert_line(&sample, true, "ARP who has 192.0.2.2, tell 192.0.2.1 at 02:00:00:00:00:01");
    arp.operation = WIRE_ARP_OPERATION_REPLY;
    wire_arp_emit(sample.p + WIRE_ETH_HEADER, &arp);
    assert_line(&sample, true, "ARP 192.0.2.1 at 02:00:00:00:00:01");
    sample.bytes--;
    assert_line(&sample, true, "ARP malformed: not an Ethernet and IPv4 ARP packet");
}

static void discovery_is_told_by_its_kind(void **state)
{
    (void)state;
    struct sample sample = {{0}, 0};
    put_ip6(&sample, WIRE_PROTOCOL_ICMP6, 0);
    sample.p[7] = WIRE_ND_HOP_LIMIT;
    struct wire_nd nd = {.type = WIRE_ICMP6_ROUTER_SOLICIT};
    sample.bytes = WIRE_IP6_HEADER + wire_nd_emit(sample.p + WIRE_IP6_HEADER, &nd);
    bytes_store16(sample.p + 4, sample.bytes - WIRE_IP6_HEADER);
    assert_line(&sample, false, "fe80::1 > 2001:db8::2 ICMPv6 asks for routers len 8");
    nd = (struct wire_nd){.type = WIRE_ICMP6_NEIGHBOUR_ADVERT, .target = LOCAL6};
    sample.bytes = WIRE_IP6_HEADER + wire_nd_emit(sample.p + WIRE_IP6_HEADER, &nd);
    bytes_store16(sample.p + 4, sample.bytes - WIRE_IP6_HEADER);
    assert_line(&sample, false, "fe80::1 > 2001:db8::2 ICMPv6 fe80::1 is here len 24");
}

static void fragments_tell_their_place(void **state)
{
    (void)state;
    struct sample sample = {{0}, 0};
    struct wire_ip4 ip = {.src = synfin_addr_ipv4(192, 0, 2, 1),
                          .dst = synfin_addr_ipv4(192, 0, 2, 2),
                          .total_bytes = 36,
                          .fragment_bytes = 1480,
                          .id = 99,
                          .has_more_fragments = true,
                          .protocol = WIRE_PROTOCOL_TCP};
    struct synfin_segment none;
    struct synfin_packet packet;
    wire_ip4_emit(sample.p, &ip);
    sample.bytes = 36;
    assert_line(&sample, false, "192.0.2.1 > 192.0.2.2 fragment of 99 at 1480 len 16, more follow");
    wrap(&packet, sample.p, sample.bytes);
    assert_false(synfin_packet_segment(&packet, false, &none));
}

static void segment_is_read_from_head_and_counts_spans(void **state)
{
    (void)state;
    static const uint8_t payload[1000];
    struct sample sample;
    struct wire_tcp tcp = segment(SYNFIN_TCP_ACK);
    struct synfin_packet packet;
    struct synfin_segment read;
    put_tcp4(&sample, &tcp, 0);
    wire_ip4_set_length(sample.p, 1040, 0);
    wrap(&packet, sample.p, 40);
    packet.bytes = 1040;
    packet.spans = 1;
    packet.span[0] = (struct synfin_span){payload, sizeof(payload)};
    assert_true(synfin_packet_segment(&packet, false, &read));
    assert_int_equal(read.bytes, 1000);
    assert_int_equal(read.src.port, 40000);
    assert_int_equal(read.seq, 1000);
    packet.gso_bytes = 500;
    char line[LINE_MAX_OCTETS];
    synfin_packet_print(&packet, false, line, sizeof(line));
    assert_string_equal(line, "192.0.2.1:40000 > 192.0.2.2:80 ACK seq 1000 ack 77 win 65535 "
                              "len 1000 in pieces of 500");
}

static void segment_is_told_in_spite_of_bad_options_and_checksums(void **state)
{
    (void)state;
    struct sample sample;
    struct wire_tcp tcp = segment(SYNFIN_TCP_SYN);
    struct synfin_packet packet;
    struct synfin_segment read;
    tcp.has_mss = true;
    put_tcp4(&sample, &tcp, 0);
    sample.p[WIRE_IP4_HEADER + 21] = 0;
    sample.p[11]++;
    wrap(&packet, sample.p, sample.bytes);
    assert_true(synfin_packet_segment(&packet, false, &read));
    assert_int_equal(read.flags, SYNFIN_TCP_SYN);
    assert_int_equal(read.mss, 0);
}

static void short_text_is_cut_and_its_need_told(void **state)
{
    (void)state;
    struct sample sample;
    struct wire_tcp tcp = segment(SYNFIN_TCP_SYN);
    struct synfin_packet packet;
    char whole[LINE_MAX_OCTETS];
    put_tcp4(&sample, &tcp, 0);
    wrap(&packet, sample.p, sample.bytes);
    size_t needed = synfin_packet_print(&packet, false, whole, sizeof(whole));
    assert_int_equal(synfin_packet_print(&packet, false, NULL, 0), needed);
    for (size_t capacity = 1; capacity <= needed + 1; capacity++) {
        char *text = malloc(capacity);
        assert_int_equal(synfin_packet_print(&packet, false, text, capacity), needed);
        assert_int_equal(strlen(text), capacity - 1);
        assert_memory_equal(text, whole, capacity - 1);
        free(text);
    }
}

static void random_packets_and_cuts_are_printed_within_bounds(void **state)
{
    (void)state;
    static const uint8_t protocols[] = {1, 6, 17, 58, 0, 43, 44, 60};
    uint64_t random = 19;
    for (uint32_t round = 0; round < 100000; round++) {
        struct sample sample;
        struct synfin_packet packet;
        struct synfin_segment read;
        char line[LINE_MAX_OCTETS];
        exact_random_fill(&random, sample.p, sizeof(sample.p));
        sample.bytes = (uint32_t)(exact_random(&random) % sizeof(sample.p));
        uint8_t protocol = protocols[round % sizeof(protocols)];
        uint32_t start = round % 2 == 0 ? 0 : WIRE_ETH_HEADER;
        if (sample.bytes >= start + 40 && round % 3 == 0) {
            sample.p[start] = 0x60;
            bytes_store16(sample.p + start + 4, sample.bytes - start - 40);
            sample.p[start + 6] = protocol;
            sample.p[start + 7] = 255;
        } else if (sample.bytes >= start + 24) {
            sample.p[start] = 0x46;
            bytes_store16(sample.p + start + 2, sample.bytes - start);
            sample.p[start + 9] = protocol;
        }
        bytes_store16(sample.p + 12, start == 0 ? 0 : round % 3 == 0 ? 0x86dd : 0x800);
        uint8_t *copy = exact_copy(sample.p, sample.bytes);
        wrap(&packet, copy, sample.bytes);
        size_t needed = synfin_packet_print(&packet, start != 0, line, sizeof(line));
        assert_in_range(needed, 1, sizeof(line) - 1);
        assert_int_equal(strlen(line), needed);
        (void)synfin_packet_segment(&packet, start != 0, &read);
        free(copy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(syn_shows_all_its_options),
        cmocka_unit_test(syn_shows_fast_open),
        cmocka_unit_test(accurate_ecn_shows_its_counters),
        cmocka_unit_test(data_shows_length_and_acknowledgment),
        cmocka_unit_test(flags_have_their_names),
        cmocka_unit_test(version_6_over_ethernet_reads_alike),
        cmocka_unit_test(what_is_wrong_is_said),
        cmocka_unit_test(icmp_errors_tell_what_they_are_about),
        cmocka_unit_test(echo_and_other_protocols_are_named),
        cmocka_unit_test(neighbours_are_asked_for_and_told),
        cmocka_unit_test(fragments_tell_their_place),
        cmocka_unit_test(segment_is_read_from_head_and_counts_spans),
        cmocka_unit_test(segment_is_told_in_spite_of_bad_options_and_checksums),
        cmocka_unit_test(short_text_is_cut_and_its_need_told),
        cmocka_unit_test(random_packets_and_cuts_are_printed_within_bounds),
        cmocka_unit_test(discovery_is_told_by_its_kind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
