// SPDX-License-Identifier: MIT
//
// Forged datagrams are well formed: the library's own parsers read back what was written, and the
// checksums are right, with both IP versions, with and without timestamps, at odd lengths.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/checksum.h"
#include "cli/lab_forge.h"
#include "wire/wire_ip4.h"
#include "wire/wire_ip6.h"
#include "wire/wire_protocol.h"
#include "wire/wire_tcp.h"

static const struct synfin_addr addr6[2] = {{{0x20, 0x01, 0x0d, 0xb8, [15] = 1}},
                                            {{0x20, 0x01, 0x0d, 0xb8, [15] = 2}}};

static struct synfin_segment make_segment(bool is_ip6, bool has_timestamps, uint32_t bytes)
{
    struct synfin_segment segment = {
        .src = {.addr = is_ip6 ? addr6[0] : synfin_addr_ipv4(192, 0, 2, 1), .port = 5000},
        .dst = {.addr = is_ip6 ? addr6[1] : synfin_addr_ipv4(198, 18, 255, 254), .port = 80},
        .seq = 0xfffffff0,
        .ack = 0x80000001,
        .flags = SYNFIN_TCP_ACK | SYNFIN_TCP_PSH,
        .window = 65535,
        .bytes = bytes,
        .has_timestamps = has_timestamps,
        .ts_val = 0x12345678,
        .ts_ecr = 0x9abcdef0,
    };
    return segment;
}

static uint32_t parse_ip(const uint8_t *p, uint32_t bytes, bool is_ip6)
{
    if (!is_ip6) {
        struct wire_ip4 ip;
        assert_int_equal(wire_ip4_parse(p, bytes, bytes, &ip), SYNFIN_REASON_UNKNOWN);
        assert_int_equal(ip.total_bytes, bytes);
        assert_int_equal(ip.protocol, WIRE_PROTOCOL_TCP);
        return WIRE_IP4_HEADER;
    }
    struct wire_ip6 ip;
    assert_int_equal(wire_ip6_parse(p, bytes, bytes, &ip), SYNFIN_REASON_UNKNOWN);
    assert_int_equal(ip.payload_bytes + WIRE_IP6_HEADER, bytes);
    assert_int_equal(ip.next_header, WIRE_PROTOCOL_TCP);
    return WIRE_IP6_HEADER;
}

static void expect_whole(const struct synfin_segment *segment, bool is_ip6)
{
    uint8_t octets[LAB_FORGE_BYTES_MAX];
    struct wire_tcp tcp;
    struct synfin_segment read;
    uint32_t bytes = lab_forge_datagram(segment, octets);
    uint32_t start = parse_ip(octets, bytes, is_ip6);
    uint32_t rest = bytes - start;
    assert_int_equal(wire_tcp_parse(octets + start, rest, rest, &tcp), SYNFIN_REASON_UNKNOWN);
    wire_tcp_describe(&tcp, &segment->src.addr, &segment->dst.addr, rest - tcp.header_bytes, &read);
    assert_int_equal(read.src.port, segment->src.port);
    assert_int_equal(read.dst.port, segment->dst.port);
    assert_int_equal(read.seq, segment->seq);
    assert_int_equal(read.ack, segment->ack);
    assert_int_equal(read.flags, segment->flags);
    assert_int_equal(read.window, segment->window);
    assert_int_equal(read.bytes, segment->bytes);
    assert_int_equal(read.has_timestamps, segment->has_timestamps);
    assert_int_equal(read.ts_val, segment->has_timestamps ? segment->ts_val : 0);
    assert_int_equal(read.ts_ecr, segment->has_timestamps ? segment->ts_ecr : 0);
    struct checksum sum = {0};
    wire_pseudo_header_add(&sum, &segment->src.addr, &segment->dst.addr, WIRE_PROTOCOL_TCP, rest);
    checksum_add(&sum, octets + start, rest);
    assert_int_equal(checksum_finish(&sum), 0);
}

static void datagram_is_read_back_whole(void **state)
{
    (void)state;
    static const uint32_t lengths[] = {0, 1, 2, 3, 999, LAB_FORGE_PAYLOAD_MAX};
    for (uint32_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        for (uint32_t form = 0; form < 4; form++) {
            bool is_ip6 = form % 2 == 1;
            struct synfin_segment segment = make_segment(is_ip6, form >= 2, lengths[i]);
            expect_whole(&segment, is_ip6);
        }
    }
}

static void payload_beyond_the_limit_is_cut(void **state)
{
    (void)state;
    uint8_t octets[LAB_FORGE_BYTES_MAX];
    struct synfin_segment segment = make_segment(false, false, LAB_FORGE_PAYLOAD_MAX + 1);
    assert_int_equal(lab_forge_datagram(&segment, octets), 20 + 20 + LAB_FORGE_PAYLOAD_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(datagram_is_read_back_whole),
        cmocka_unit_test(payload_beyond_the_limit_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
