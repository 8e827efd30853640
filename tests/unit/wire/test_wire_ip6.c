// SPDX-License-Identifier: MIT
//
// The IPv6 header and the walk along extension headers: order, limits, options, fragments, and
// the Parameter Problem that each refusal asks for.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "exact.h"
#include "wire/wire_ip6.h"
#include "wire/wire_protocol.h"

static const enum synfin_reason GOOD = SYNFIN_REASON_UNKNOWN;

// A packet under construction. `named_at` is the next-header field to fill next.
struct building {
    uint8_t p[2048];
    uint32_t bytes, named_at;
};

static void start(struct building *b)
{
    struct wire_ip6 ip = {.hop_limit = 64, .next_header = WIRE_PROTOCOL_NONE};
    ip.src = (struct synfin_addr){{0x20, 0x01, 0x0d, 0xb8, [15] = 1}};
    ip.dst = (struct synfin_addr){{0x20, 0x01, 0x0d, 0xb8, [15] = 2}};
    memset(b->p, 0, sizeof(b->p));
    wire_ip6_emit(b->p, &ip);
    b->bytes = WIRE_IP6_HEADER;
    b->named_at = 6;
}

// Appends a header of `bytes` octets, all zero (for option headers: Pad1), and returns it.
static uint8_t *append(struct building *b, uint8_t kind, uint32_t bytes)
{
    uint8_t *header = b->p + b->bytes;
    b->p[b->named_at] = kind;
    b->named_at = b->bytes;
    header[1] = kind == WIRE_PROTOCOL_FRAGMENT ? 0 : (uint8_t)(bytes / 8 - 1);
    b->bytes += bytes;
    return header;
}

static void append_transport(struct building *b, uint8_t kind, uint32_t bytes)
{
    b->p[b->named_at] = kind;
    b->bytes += bytes;
}

// Parses and walks an exact copy; `payload` may lie.
static enum synfin_reason walk_lying(struct building *b, uint32_t payload,
                                     struct wire_ip6_chain *chain)
{
    struct wire_ip6 ip;
    bytes_store16(b->p + 4, payload);
    uint8_t *copy = exact_copy(b->p, b->bytes);
    enum synfin_reason reason = wire_ip6_parse(copy, b->bytes, b->bytes, &ip);
    if (reason == GOOD) {
        reason = wire_ip6_walk(copy, b->bytes, &ip, chain);
    }
    free(copy);
    return reason;
}

static enum synfin_reason walk(struct building *b, struct wire_ip6_chain *chain)
{
    return walk_lying(b, b->bytes - WIRE_IP6_HEADER, chain);
}

static void header_round_trips(void **state)
{
    (void)state;
    struct wire_ip6 sent = {.payload_bytes = 100,
                            .flow_label = 0xabcde,
                            .traffic_class = 0x5a,
                            .next_header = WIRE_PROTOCOL_TCP,
                            .hop_limit = 63};
    struct wire_ip6 read;
    uint8_t p[WIRE_IP6_HEADER];
    sent.src = (struct synfin_addr){{0xfe, 0x80, [15] = 9}};
    sent.dst = (struct synfin_addr){{0xff, 0x02, [15] = 1}};
    wire_ip6_emit(p, &sent);
    assert_int_equal(wire_ip6_parse(p, sizeof(p), 140, &read), GOOD);
    assert_true(synfin_addr_equal(&sent.src, &read.src));
    assert_true(synfin_addr_equal(&sent.dst, &read.dst));
    assert_int_equal(read.payload_bytes, 100);
    assert_int_equal(read.flow_label, 0xabcde);
    assert_int_equal(read.traffic_class, 0x5a);
    assert_int_equal(read.next_header, WIRE_PROTOCOL_TCP);
    assert_int_equal(read.hop_limit, 63);
}

static void mapped_addresses_are_recognised_on_either_side(void **state)
{
    (void)state;
    struct wire_ip6 ip = {.hop_limit = 1};
    assert_false(wire_ip6_has_mapped(&ip));
    ip.src = synfin_addr_ipv4(192, 0, 2, 1);
    assert_true(wire_ip6_has_mapped(&ip));
    ip.dst = ip.src;
    ip.src = (struct synfin_addr){{0xfe, 0x80}};
    assert_true(wire_ip6_has_mapped(&ip));
}

static void header_cut_or_of_another_version_is_refused(void **state)
{
    (void)state;
    struct building b;
    struct wire_ip6 ip;
    start(&b);
    for (uint32_t there = 0; there < WIRE_IP6_HEADER; there++) {
        uint8_t *copy = exact_copy(b.p, there);
        assert_int_equal(wire_ip6_parse(copy, there, there, &ip), SYNFIN_REASON_DROP_IP_SHORT);
        assert_int_equal(wire_ip6_parse(copy, there, 40, &ip), SYNFIN_REASON_DROP_NOT_LINEAR);
        free(copy);
    }
    for (uint32_t version = 0; version < 16; version++) {
        b.p[0] = (uint8_t)(version << 4);
        assert_int_equal(wire_ip6_parse(b.p, 40, 40, &ip),
                         version == 6 ? GOOD : SYNFIN_REASON_DROP_IP_VERSION);
    }
}

static void hist_59_payload_length_never_passes_the_packet(void **state)
{
    (void)state;
    struct building b;
    start(&b);
    append_transport(&b, WIRE_PROTOCOL_TCP, 20);
    for (uint32_t payload = 0; payload <= UINT16_MAX; payload++) {
        struct wire_ip6 ip;
        bytes_store16(b.p + 4, payload);
        enum synfin_reason reason = wire_ip6_parse(b.p, b.bytes, b.bytes, &ip);
        assert_int_equal(reason, payload <= 20 ? GOOD : SYNFIN_REASON_DROP_IP_SHORT);
    }
}

static void chain_of_every_kind_leads_to_the_transport(void **state)
{
    (void)state;
    struct building b;
    struct wire_ip6_chain chain;
    start(&b);
    append(&b, WIRE_PROTOCOL_HOP_BY_HOP, 8);
    append(&b, WIRE_PROTOCOL_DESTINATION, 16);
    append(&b, WIRE_PROTOCOL_ROUTING, 24);
    append(&b, WIRE_PROTOCOL_FRAGMENT, 8); // the whole datagram, RFC 6946 §4
    append(&b, WIRE_PROTOCOL_DESTINATION, 8);
    append_transport(&b, WIRE_PROTOCOL_TCP, 20);
    assert_int_equal(walk(&b, &chain), GOOD);
    assert_int_equal(chain.protocol, WIRE_PROTOCOL_TCP);
    assert_int_equal(chain.transport_start, 40 + 8 + 16 + 24 + 8 + 8);
    assert_int_equal(chain.named_at, 40 + 8 + 16 + 24 + 8);
    assert_false(chain.is_fragment);
    assert_false(chain.problem.is_wanted);
}

static void protected_and_absent_payloads_end_the_walk(void **state)
{
    (void)state;
    static const uint8_t ends[] = {WIRE_PROTOCOL_AH,  WIRE_PROTOCOL_ESP, WIRE_PROTOCOL_NONE,
                                   WIRE_PROTOCOL_IP4, WIRE_PROTOCOL_IP6, 255};
    for (uint32_t i = 0; i < sizeof(ends); i++) {
        struct building b;
        struct wire_ip6_chain chain;
        start(&b);
        append(&b, WIRE_PROTOCOL_DESTINATION, 8);
        append_transport(&b, ends[i], 0);
        assert_int_equal(walk(&b, &chain), GOOD);
        assert_int_equal(chain.protocol, ends[i]);
        assert_int_equal(chain.transport_start, 48);
    }
}

static void hist_51_extension_length_is_held_against_packet_and_limits(void **state)
{
    (void)state;
    for (uint32_t headers = 1; headers <= 9; headers++) {
        for (uint32_t units = 0; units < 256; units++) {
            struct building b;
            struct wire_ip6_chain chain;
            start(&b);
            for (uint32_t i = 0; i < headers; i++) {
                append(&b, WIRE_PROTOCOL_DESTINATION, 8);
            }
            b.p[b.bytes - 7] = (uint8_t)units; // of the last header, 8 of whose octets are there
            append_transport(&b, WIRE_PROTOCOL_TCP, 600);
            uint32_t length = (headers - 1) * 8 + (units + 1) * 8;
            bool is_good = headers <= 8 && length <= 512;
            assert_int_equal(walk(&b, &chain), is_good ? GOOD : SYNFIN_REASON_DROP_IP6_EXTENSION);
            if (is_good) {
                assert_int_equal(chain.transport_start, 40 + length);
            }
        }
    }
}

static void hist_51_chain_cut_at_any_octet_is_refused(void **state)
{
    (void)state;
    struct building b;
    struct wire_ip6_chain chain;
    start(&b);
    append(&b, WIRE_PROTOCOL_HOP_BY_HOP, 16);
    append(&b, WIRE_PROTOCOL_ROUTING, 24);
    append(&b, WIRE_PROTOCOL_DESTINATION, 32);
    uint32_t whole = b.bytes;
    for (uint32_t there = WIRE_IP6_HEADER; there < whole; there++) {
        struct wire_ip6 ip;
        b.bytes = there;
        assert_int_equal(walk(&b, &chain), SYNFIN_REASON_DROP_IP6_EXTENSION);
        bytes_store16(b.p + 4, whole - WIRE_IP6_HEADER);
        uint8_t *copy = exact_copy(b.p, there);
        assert_int_equal(wire_ip6_parse(copy, there, whole, &ip), GOOD);
        assert_int_equal(wire_ip6_walk(copy, there, &ip, &chain), SYNFIN_REASON_DROP_NOT_LINEAR);
        free(copy);
    }
}

static void hop_by_hop_anywhere_but_first_is_an_unknown_next_header(void **state)
{
    (void)state;
    struct building b;
    struct wire_ip6_chain chain;
    start(&b);
    append(&b, WIRE_PROTOCOL_DESTINATION, 8);
    append(&b, WIRE_PROTOCOL_HOP_BY_HOP, 8);
    append_transport(&b, WIRE_PROTOCOL_TCP, 20);
    assert_int_equal(walk(&b, &chain), SYNFIN_REASON_DROP_IP6_EXTENSION_ORDER);
    assert_true(chain.problem.is_wanted);
    assert_int_equal(chain.problem.code, 1);
    assert_int_equal(chain.problem.pointer, 40);
}

static void option_action_bits_decide_drop_and_report(void **state)
{
    (void)state;
    for (uint32_t type = 2; type < 256; type++) {
        struct building b;
        struct wire_ip6_chain chain;
        start(&b);
        uint8_t *header = append(&b, WIRE_PROTOCOL_DESTINATION, 8);
        header[3] = (uint8_t)type;
        header[4] = 1;
        append_transport(&b, WIRE_PROTOCOL_TCP, 20);
        uint32_t action = type >> 6;
        assert_int_equal(walk(&b, &chain), action == 0 ? GOOD : SYNFIN_REASON_DROP_IP6_OPTION);
        assert_int_equal(chain.problem.is_wanted, action >= 2);
        assert_int_equal(chain.problem.is_for_multicast, action == 2);
        assert_int_equal(chain.problem.code, action >= 2 ? 2 : 0);
        assert_int_equal(chain.problem.pointer, action >= 2 ? 43 : 0);
    }
}

static void hist_52_bad_option_behind_good_ones_is_pointed_at_in_the_packet(void **state)
{
    (void)state;
    struct building b;
    struct wire_ip6_chain chain;
    start(&b);
    append(&b, WIRE_PROTOCOL_HOP_BY_HOP, 8);
    uint8_t *header = append(&b, WIRE_PROTOCOL_DESTINATION, 24);
    memcpy(header + 2, (const uint8_t[]){1, 4, 0, 0, 0, 0, 5, 2, 0, 0, 0xc2, 4}, 12);
    append_transport(&b, WIRE_PROTOCOL_TCP, 20);
    assert_int_equal(walk(&b, &chain), SYNFIN_REASON_DROP_IP6_OPTION);
    assert_true(chain.problem.is_wanted);
    assert_int_equal(chain.problem.code, 2);
    assert_int_equal(chain.problem.pointer, 48 + 12);
}

static void hist_52_option_longer_than_its_header_is_refused(void **state)
{
    (void)state;
    for (uint32_t at = 2; at < 16; at++) {
        for (uint32_t length = 0; length < 256; length++) {
            struct building b;
            struct wire_ip6_chain chain;
            start(&b);
            uint8_t *header = append(&b, WIRE_PROTOCOL_DESTINATION, 16);
            header[at] = 1;
            if (at < 15) {
                header[at + 1] = (uint8_t)length;
            }
            append_transport(&b, WIRE_PROTOCOL_TCP, 20);
            bool is_good = at < 15 && length <= 16 - at - 2;
            assert_int_equal(walk(&b, &chain), is_good ? GOOD : SYNFIN_REASON_DROP_IP6_OPTION);
        }
    }
}

static void hist_50_same_bad_packet_gives_the_same_verdict_each_time(void **state)
{
    (void)state;
    struct building b;
    struct wire_ip6_chain chain;
    start(&b);
    append(&b, WIRE_PROTOCOL_DESTINATION, 8)[2] = 0x80;
    append_transport(&b, WIRE_PROTOCOL_TCP, 20);
    for (uint32_t i = 0; i < 64; i++) {
        assert_int_equal(walk(&b, &chain), SYNFIN_REASON_DROP_IP6_OPTION);
        assert_int_equal(chain.problem.pointer, 42);
    }
}

static void hist_53_routing_header_with_segments_left_is_refused_for_every_type(void **state)
{
    (void)state;
    for (uint32_t type = 0; type < 256; type++) {
        for (uint32_t left = 0; left < 256; left++) {
            struct building b;
            struct wire_ip6_chain chain;
            start(&b);
            uint8_t *header = append(&b, WIRE_PROTOCOL_ROUTING, 24);
            header[2] = (uint8_t)type;
            header[3] = (uint8_t)left;
            append_transport(&b, WIRE_PROTOCOL_TCP, 20);
            assert_int_equal(walk(&b, &chain), left == 0 ? GOOD : SYNFIN_REASON_DROP_IP6_ROUTING);
            assert_int_equal(chain.problem.is_wanted, left != 0);
            assert_int_equal(chain.problem.pointer, left != 0 ? 42 : 0);
        }
    }
}

// Header, destination options, and a fragment of `payload` octets.
static enum synfin_reason walk_fragment(uint32_t offset, bool has_more, uint32_t payload,
                                        struct wire_ip6_chain *chain)
{
    struct building b;
    start(&b);
    append(&b, WIRE_PROTOCOL_DESTINATION, 8);
    uint8_t *header = append(&b, WIRE_PROTOCOL_FRAGMENT, 8);
    bytes_store16(header + 2, offset | (has_more ? 1u : 0u));
    bytes_store32(header + 4, 0xcafe0001);
    append_transport(&b, WIRE_PROTOCOL_TCP, payload);
    return walk(&b, chain);
}

static void fragment_is_told_with_its_place(void **state)
{
    (void)state;
    struct wire_ip6_chain chain;
    assert_int_equal(walk_fragment(1232, true, 16, &chain), GOOD);
    assert_true(chain.is_fragment);
    assert_int_equal(chain.fragment_start, 48);
    assert_int_equal(chain.fragment_named_at, 40);
    assert_int_equal(chain.fragment.offset_bytes, 1232);
    assert_int_equal(chain.fragment.id, 0xcafe0001);
    assert_true(chain.fragment.has_more);
    assert_int_equal(chain.fragment.next_header, WIRE_PROTOCOL_TCP);
}

static void hist_48_inner_fragment_must_be_a_multiple_of_eight(void **state)
{
    (void)state;
    struct wire_ip6_chain chain;
    for (uint32_t payload = 0; payload < 100; payload++) {
        bool is_good = payload != 0 && payload % 8 == 0;
        assert_int_equal(walk_fragment(8, true, payload, &chain),
                         is_good ? GOOD : SYNFIN_REASON_DROP_FRAGMENT_LENGTH);
        assert_int_equal(chain.problem.is_wanted, payload % 8 != 0);
        assert_int_equal(chain.problem.pointer, payload % 8 != 0 ? 4 : 0);
        assert_int_equal(walk_fragment(8, false, payload, &chain),
                         payload != 0 ? GOOD : SYNFIN_REASON_DROP_FRAGMENT_LENGTH);
    }
}

static void hist_46_fragment_that_ends_beyond_the_largest_payload_is_refused(void **state)
{
    (void)state;
    struct wire_ip6_chain chain;
    for (uint32_t offset = 64000; offset <= 65528; offset += 8) {
        for (uint32_t payload = 1; payload < 1600; payload += 13) {
            bool is_good = 8 + offset + payload <= 65535;
            assert_int_equal(walk_fragment(offset, false, payload, &chain),
                             is_good ? GOOD : SYNFIN_REASON_DROP_FRAGMENT_LENGTH);
            assert_int_equal(chain.problem.is_wanted, !is_good);
            assert_int_equal(chain.problem.pointer, is_good ? 0 : 50);
        }
    }
}

static void first_fragment_must_hold_the_transport_header(void **state)
{
    (void)state;
    struct wire_ip6_chain chain;
    assert_int_equal(walk_fragment(0, true, 8, &chain), SYNFIN_REASON_DROP_FRAGMENT_TINY);
    assert_int_equal(walk_fragment(0, true, 16, &chain), SYNFIN_REASON_DROP_FRAGMENT_TINY);
    assert_int_equal(walk_fragment(0, true, 24, &chain), GOOD);
    assert_true(chain.is_fragment);
    assert_int_equal(chain.protocol, WIRE_PROTOCOL_TCP);
    assert_int_equal(chain.transport_start, 56);
}

static void first_fragment_must_hold_its_whole_chain(void **state)
{
    (void)state;
    struct building b;
    struct wire_ip6_chain chain;
    start(&b);
    bytes_store16(append(&b, WIRE_PROTOCOL_FRAGMENT, 8) + 2, 1);
    append(&b, WIRE_PROTOCOL_DESTINATION, 16);
    b.bytes -= 8;
    assert_int_equal(walk(&b, &chain), SYNFIN_REASON_DROP_FRAGMENT_TINY);
}

static void first_fragment_of_nothing_is_sound(void **state)
{
    (void)state;
    struct building b;
    struct wire_ip6_chain chain;
    start(&b);
    uint8_t *fragment = append(&b, WIRE_PROTOCOL_FRAGMENT, 8);
    bytes_store16(fragment + 2, 1);
    fragment[0] = WIRE_PROTOCOL_NONE;
    b.bytes += 8; // octets that RFC 8200 §4.7 has passed over
    bytes_store16(b.p + 4, b.bytes - WIRE_IP6_HEADER);
    assert_int_equal(walk(&b, &chain), GOOD);
    assert_int_equal(chain.protocol, WIRE_PROTOCOL_NONE);
}

static void hist_49_fragment_inside_a_fragment_is_refused(void **state)
{
    (void)state;
    struct building b;
    struct wire_ip6_chain chain;
    static const uint16_t outer[] = {0, 1}; // the whole datagram, and a first fragment
    for (uint32_t i = 0; i < 2; i++) {
        start(&b);
        bytes_store16(append(&b, WIRE_PROTOCOL_FRAGMENT, 8) + 2, outer[i]);
        append(&b, WIRE_PROTOCOL_FRAGMENT, 8);
        append_transport(&b, WIRE_PROTOCOL_TCP, 24);
        assert_int_equal(walk(&b, &chain), SYNFIN_REASON_DROP_FRAGMENT_NESTED);
    }
}

static void hist_49_reassembled_payload_has_neither_fragment_nor_hop_by_hop(void **state)
{
    (void)state;
    static const uint8_t p[32] = {WIRE_PROTOCOL_TCP, 0};
    struct wire_ip6_chain chain;
    uint8_t *copy = exact_copy(p, sizeof(p));
    assert_int_equal(wire_ip6_walk_payload(copy, sizeof(p), WIRE_PROTOCOL_FRAGMENT, &chain),
                     SYNFIN_REASON_DROP_FRAGMENT_NESTED);
    assert_int_equal(wire_ip6_walk_payload(copy, sizeof(p), WIRE_PROTOCOL_HOP_BY_HOP, &chain),
                     SYNFIN_REASON_DROP_IP6_EXTENSION_ORDER);
    assert_false(chain.problem.is_wanted);
    assert_int_equal(wire_ip6_walk_payload(copy, sizeof(p), WIRE_PROTOCOL_DESTINATION, &chain),
                     GOOD);
    assert_int_equal(chain.protocol, WIRE_PROTOCOL_TCP);
    assert_int_equal(chain.transport_start, 8);
    assert_int_equal(chain.named_at, 0);
    assert_int_equal(wire_ip6_walk_payload(copy, sizeof(p), WIRE_PROTOCOL_TCP, &chain), GOOD);
    assert_int_equal(chain.transport_start, 0);
    free(copy);
}

static void random_chains_end_within_limits(void **state)
{
    (void)state;
    static const uint8_t kinds[] = {0, 43, 44, 60, 6, 58};
    uint64_t random = 51;
    for (uint32_t round = 0; round < 200000; round++) {
        struct building b;
        struct wire_ip6_chain chain;
        start(&b);
        b.bytes = WIRE_IP6_HEADER + (uint32_t)(exact_random(&random) % 700);
        exact_random_fill(&random, b.p + 40, b.bytes - 40);
        for (uint32_t i = 40; i < b.bytes; i += 8) {
            b.p[i] = kinds[exact_random(&random) % sizeof(kinds)];
            if (i + 1 < b.bytes) {
                b.p[i + 1] %= 4;
            }
        }
        b.p[6] = kinds[round % sizeof(kinds)];
        if (walk(&b, &chain) == GOOD) {
            assert_in_range(chain.transport_start, 40, b.bytes);
            assert_true(chain.transport_start <= 40 + WIRE_IP6_CHAIN_BYTES_MAX);
            assert_true(chain.named_at < chain.transport_start);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(header_round_trips),
        cmocka_unit_test(mapped_addresses_are_recognised_on_either_side),
        cmocka_unit_test(header_cut_or_of_another_version_is_refused),
        cmocka_unit_test(hist_59_payload_length_never_passes_the_packet),
        cmocka_unit_test(chain_of_every_kind_leads_to_the_transport),
        cmocka_unit_test(protected_and_absent_payloads_end_the_walk),
        cmocka_unit_test(hist_51_extension_length_is_held_against_packet_and_limits),
        cmocka_unit_test(hist_51_chain_cut_at_any_octet_is_refused),
        cmocka_unit_test(hop_by_hop_anywhere_but_first_is_an_unknown_next_header),
        cmocka_unit_test(option_action_bits_decide_drop_and_report),
        cmocka_unit_test(hist_52_bad_option_behind_good_ones_is_pointed_at_in_the_packet),
        cmocka_unit_test(hist_52_option_longer_than_its_header_is_refused),
        cmocka_unit_test(hist_50_same_bad_packet_gives_the_same_verdict_each_time),
        cmocka_unit_test(hist_53_routing_header_with_segments_left_is_refused_for_every_type),
        cmocka_unit_test(fragment_is_told_with_its_place),
        cmocka_unit_test(hist_48_inner_fragment_must_be_a_multiple_of_eight),
        cmocka_unit_test(hist_46_fragment_that_ends_beyond_the_largest_payload_is_refused),
        cmocka_unit_test(first_fragment_must_hold_the_transport_header),
        cmocka_unit_test(first_fragment_must_hold_its_whole_chain),
        cmocka_unit_test(hist_49_fragment_inside_a_fragment_is_refused),
        cmocka_unit_test(hist_49_reassembled_payload_has_neither_fragment_nor_hop_by_hop),
        cmocka_unit_test(random_chains_end_within_limits),
        cmocka_unit_test(first_fragment_of_nothing_is_sound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
