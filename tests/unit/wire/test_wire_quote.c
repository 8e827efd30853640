// SPDX-License-Identifier: MIT
//
// Quoted packets: cut anywhere, with options and extension headers, forged.

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "exact.h"
#include "lib/test_rows.h"
#include "wire/wire_ip4.h"
#include "wire/wire_ip6.h"
#include "wire/wire_protocol.h"
#include "wire/wire_quote.h"

static const enum synfin_reason GOOD = SYNFIN_REASON_UNKNOWN;
static const enum synfin_reason BAD = SYNFIN_REASON_DROP_ICMP_QUOTE;

static void write_transport(uint8_t *p)
{
    bytes_store16(p, 40000);
    bytes_store16(p + 2, 443);
    bytes_store32(p + 4, 0xfeedbeef);
}

// The quote of a 1500-octet packet of ours, with all 8 octets of its transport.
static void write_quote4(uint8_t *p, uint8_t protocol)
{
    struct wire_ip4 ip = {.src = synfin_addr_ipv4(192, 0, 2, 1),
                          .dst = synfin_addr_ipv4(192, 0, 2, 2),
                          .total_bytes = 1500,
                          .protocol = protocol};
    wire_ip4_emit(p, &ip);
    write_transport(p + WIRE_IP4_HEADER);
}

static void write_quote6(uint8_t *p, uint8_t protocol)
{
    struct wire_ip6 ip = {.payload_bytes = 1460, .next_header = protocol};
    ip.src = (struct synfin_addr){{0x20, 0x01, [15] = 1}};
    ip.dst = (struct synfin_addr){{0x20, 0x01, [15] = 2}};
    wire_ip6_emit(p, &ip);
    write_transport(p + WIRE_IP6_HEADER);
}

static enum synfin_reason parse4(const uint8_t *p, uint32_t bytes, struct wire_quote *out)
{
    uint8_t *copy = exact_copy(p, bytes);
    enum synfin_reason reason = wire_quote_parse4(copy, bytes, out);
    free(copy);
    return reason;
}

static enum synfin_reason parse6(const uint8_t *p, uint32_t bytes, struct wire_quote *out)
{
    uint8_t *copy = exact_copy(p, bytes);
    enum synfin_reason reason = wire_quote_parse6(copy, bytes, out);
    free(copy);
    return reason;
}

static void assert_is_ours(const struct wire_quote *quote, bool has_ports, bool has_seq)
{
    assert_int_equal(quote->packet_bytes, 1500);
    assert_int_equal(quote->has_ports, has_ports);
    assert_int_equal(quote->src.port, has_ports ? 40000 : 0);
    assert_int_equal(quote->dst.port, has_ports ? 443 : 0);
    assert_int_equal(quote->has_seq, has_seq);
    assert_int_equal(quote->seq.n, has_seq ? 0xfeedbeef : 0);
    assert_int_equal(quote->src.addr.octet[15], 1);
    assert_int_equal(quote->dst.addr.octet[15], 2);
}

static void quote_cut_at_any_octet_tells_what_is_there(void **state)
{
    (void)state;
    uint8_t four[28], six[48];
    struct wire_quote quote;
    write_quote4(four, WIRE_PROTOCOL_TCP);
    write_quote6(six, WIRE_PROTOCOL_TCP);
    for (uint32_t there = 0; there <= sizeof(four); there++) {
        assert_int_equal(parse4(four, there, &quote), there < 20 ? BAD : GOOD);
        if (there >= 20) {
            assert_is_ours(&quote, there >= 24, there >= 28);
        }
    }
    for (uint32_t there = 0; there <= sizeof(six); there++) {
        assert_int_equal(parse6(six, there, &quote), there < 40 ? BAD : GOOD);
        if (there >= 40) {
            assert_is_ours(&quote, there >= 44, there >= 48);
        }
    }
}

static void udp_has_ports_only_and_others_have_neither(void **state)
{
    (void)state;
    uint8_t four[28], six[48];
    struct wire_quote quote;
    write_quote4(four, WIRE_PROTOCOL_UDP);
    assert_int_equal(parse4(four, sizeof(four), &quote), GOOD);
    assert_is_ours(&quote, true, false);
    write_quote6(six, WIRE_PROTOCOL_ICMP6);
    assert_int_equal(parse6(six, sizeof(six), &quote), GOOD);
    assert_is_ours(&quote, false, false);
    assert_int_equal(quote.protocol, WIRE_PROTOCOL_ICMP6);
}

static void octets_behind_the_quoted_packet_are_not_its_own(void **state)
{
    (void)state;
    uint8_t four[28], six[48];
    struct wire_quote quote;
    write_quote4(four, WIRE_PROTOCOL_TCP);
    bytes_store16(four + 2, 22);
    assert_int_equal(parse4(four, sizeof(four), &quote), GOOD);
    assert_false(quote.has_ports);
    write_quote6(six, WIRE_PROTOCOL_TCP);
    bytes_store16(six + 4, 7);
    assert_int_equal(parse6(six, sizeof(six), &quote), GOOD);
    assert_true(quote.has_ports && !quote.has_seq);
}

static void hist_13_quoted_options_are_stepped_over_unread(void **state)
{
    (void)state;
    for (uint32_t ihl = 0; ihl < 16; ihl++) {
        uint8_t p[68];
        struct wire_quote quote;
        memset(p, 0xff, sizeof(p)); // options that make no sense
        write_quote4(p, WIRE_PROTOCOL_TCP);
        p[0] = (uint8_t)(0x40 | ihl);
        memset(p + 20, 0xff, 8);
        if (ihl >= 5) {
            write_transport(p + (size_t)ihl * 4);
        }
        assert_int_equal(parse4(p, sizeof(p), &quote), ihl < 5 ? BAD : GOOD);
        if (ihl >= 5) {
            assert_is_ours(&quote, true, true);
        }
    }
}

static void later_fragments_and_lengths_that_lie_are_refused(void **state)
{
    (void)state;
    uint8_t p[28];
    struct wire_quote quote;
    write_quote4(p, WIRE_PROTOCOL_TCP);
    p[7] = 1;
    assert_int_equal(parse4(p, sizeof(p), &quote), BAD);
    write_quote4(p, WIRE_PROTOCOL_TCP);
    bytes_store16(p + 2, 19);
    assert_int_equal(parse4(p, sizeof(p), &quote), BAD);
    write_quote4(p, WIRE_PROTOCOL_TCP);
    p[0] = 0x65;
    assert_int_equal(parse4(p, sizeof(p), &quote), BAD);
}

static void mapped_addresses_in_a_version_6_quote_are_refused(void **state)
{
    (void)state;
    uint8_t p[48];
    struct wire_quote quote;
    write_quote6(p, WIRE_PROTOCOL_TCP);
    memset(p + 8, 0, 10);
    memset(p + 18, 0xff, 2);
    assert_int_equal(parse6(p, sizeof(p), &quote), BAD);
}

static void hist_61_quote_behind_each_extension_header_is_read_or_refused_whole(void **state)
{
    (void)state;
    static const uint8_t kinds[] = {WIRE_PROTOCOL_HOP_BY_HOP, WIRE_PROTOCOL_ROUTING,
                                    WIRE_PROTOCOL_FRAGMENT, WIRE_PROTOCOL_DESTINATION};
    for (uint32_t i = 0; i < sizeof(kinds); i++) {
        uint8_t p[56] = {0};
        write_quote6(p, kinds[i]);
        memset(p + 40, 0, 8);
        p[40] = WIRE_PROTOCOL_TCP;
        write_transport(p + 48);
        for (uint32_t there = 40; there <= sizeof(p); there++) {
            struct wire_quote quote;
            assert_int_equal(parse6(p, there, &quote), there < 48 ? BAD : GOOD);
            if (there >= 48) {
                assert_is_ours(&quote, there >= 52, there >= 56);
            }
        }
    }
}

static void first_fragment_is_told_and_a_later_one_refused(void **state)
{
    (void)state;
    uint8_t p[56] = {0};
    struct wire_quote quote;
    write_quote6(p, WIRE_PROTOCOL_FRAGMENT);
    bytes_store16(p + 4, 1464); // 8 and a multiple of 8
    memset(p + 40, 0, 8);
    p[40] = WIRE_PROTOCOL_TCP;
    write_transport(p + 48);
    p[43] = 1;
    assert_int_equal(parse6(p, sizeof(p), &quote), GOOD);
    assert_true(quote.has_seq);
    p[43] = 9;
    assert_int_equal(parse6(p, sizeof(p), &quote), BAD);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(quote_cut_at_any_octet_tells_what_is_there),
    cmocka_unit_test(udp_has_ports_only_and_others_have_neither),
    cmocka_unit_test(octets_behind_the_quoted_packet_are_not_its_own),
    cmocka_unit_test(hist_13_quoted_options_are_stepped_over_unread),
    cmocka_unit_test(later_fragments_and_lengths_that_lie_are_refused),
    cmocka_unit_test(mapped_addresses_in_a_version_6_quote_are_refused),
    cmocka_unit_test(hist_61_quote_behind_each_extension_header_is_read_or_refused_whole),
    cmocka_unit_test(first_fragment_is_told_and_a_later_one_refused),
};
ROWS_MAIN(tests)
