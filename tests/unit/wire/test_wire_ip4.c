// SPDX-License-Identifier: MIT
//
// The IPv4 header: lengths that lie, options that are skipped or refused, fragments.

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/checksum.h"
#include "exact.h"
#include "lib/test_rows.h"
#include "wire/wire_ip4.h"
#include "wire/wire_protocol.h"

static const enum synfin_reason GOOD = SYNFIN_REASON_UNKNOWN;

static struct wire_ip4 example(uint32_t total_bytes)
{
    return (struct wire_ip4){
        .src = synfin_addr_ipv4(192, 0, 2, 1),
        .dst = synfin_addr_ipv4(198, 51, 100, 7),
        .total_bytes = total_bytes,
        .id = 0xbeef,
        .has_dont_fragment = true,
        .protocol = WIRE_PROTOCOL_TCP,
        .ttl = 64,
        .traffic_class = 0xa9,
    };
}

// A header of ihl * 4 octets, at most 60, with these options and a right checksum.
static void write_header(uint8_t *p, uint32_t ihl, const uint8_t *options)
{
    struct wire_ip4 ip = example(WIRE_IP4_HEADER_MAX);
    wire_ip4_emit(p, &ip);
    p[0] = (uint8_t)(0x40 | ihl);
    if (ihl > 5) {
        memcpy(p + WIRE_IP4_HEADER, options, (size_t)(ihl - 5) * 4);
    }
    bytes_store16(p + 10, 0);
    if (ihl >= 5) {
        bytes_store16(p + 10, checksum_of(p, (size_t)ihl * 4));
    }
}

static enum synfin_reason parse_exact(const uint8_t *p, uint32_t bytes, struct wire_ip4 *out)
{
    uint8_t *copy = exact_copy(p, bytes);
    enum synfin_reason reason = wire_ip4_parse(copy, bytes, bytes, out);
    free(copy);
    return reason;
}

static void header_round_trips(void **state)
{
    (void)state;
    uint8_t p[1500] = {0};
    struct wire_ip4 sent = example(sizeof(p)), read;
    wire_ip4_emit(p, &sent);
    assert_int_equal(checksum_of(p, WIRE_IP4_HEADER), 0);
    assert_int_equal(parse_exact(p, sizeof(p), &read), GOOD);
    assert_true(synfin_addr_equal(&sent.src, &read.src));
    assert_true(synfin_addr_equal(&sent.dst, &read.dst));
    assert_int_equal(read.header_bytes, 20);
    assert_int_equal(read.total_bytes, sizeof(p));
    assert_int_equal(read.id, 0xbeef);
    assert_int_equal(read.fragment_bytes, 0);
    assert_true(read.has_dont_fragment);
    assert_false(wire_ip4_is_fragment(&read));
    assert_int_equal(read.protocol, WIRE_PROTOCOL_TCP);
    assert_int_equal(read.ttl, 64);
    assert_int_equal(read.traffic_class, 0xa9);
}

static void set_length_keeps_the_header_sound(void **state)
{
    (void)state;
    uint8_t p[100] = {0};
    struct wire_ip4 sent = example(65535), read;
    wire_ip4_emit(p, &sent);
    wire_ip4_set_length(p, sizeof(p), 0x1234);
    assert_int_equal(parse_exact(p, sizeof(p), &read), GOOD);
    assert_int_equal(read.total_bytes, sizeof(p));
    assert_int_equal(read.id, 0x1234);
}

static void any_single_wrong_bit_is_refused(void **state)
{
    (void)state;
    uint8_t p[WIRE_IP4_HEADER];
    struct wire_ip4 sent = example(sizeof(p)), read;
    wire_ip4_emit(p, &sent);
    for (uint32_t bit = 0; bit < sizeof(p) * 8; bit++) {
        p[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_int_not_equal(parse_exact(p, sizeof(p), &read), GOOD);
        p[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    assert_int_equal(parse_exact(p, sizeof(p), &read), GOOD);
}

static void checksum_failure_still_tells_the_addresses(void **state)
{
    (void)state;
    uint8_t p[WIRE_IP4_HEADER];
    struct wire_ip4 sent = example(sizeof(p)), read;
    wire_ip4_emit(p, &sent);
    p[8]--;
    assert_int_equal(parse_exact(p, sizeof(p), &read), SYNFIN_REASON_DROP_IP_CHECKSUM);
    assert_true(synfin_addr_equal(&sent.dst, &read.dst));
}

static void other_versions_are_refused(void **state)
{
    (void)state;
    for (uint32_t version = 0; version < 16; version++) {
        uint8_t p[WIRE_IP4_HEADER] = {(uint8_t)(version << 4 | 5)};
        struct wire_ip4 read;
        if (version != 4) {
            assert_int_equal(parse_exact(p, sizeof(p), &read), SYNFIN_REASON_DROP_IP_VERSION);
        }
    }
}

static void header_cut_at_any_octet_is_refused(void **state)
{
    (void)state;
    static const uint8_t nops[40] = {1, 1, 1, 1};
    for (uint32_t ihl = 5; ihl < 16; ihl++) {
        uint8_t p[WIRE_IP4_HEADER_MAX] = {0};
        write_header(p, ihl, nops);
        for (uint32_t there = 0; there < ihl * 4; there++) {
            struct wire_ip4 read;
            uint8_t *copy = exact_copy(p, there);
            assert_int_equal(wire_ip4_parse(copy, there, there, &read),
                             there < 20 ? SYNFIN_REASON_DROP_IP_SHORT
                                        : SYNFIN_REASON_DROP_IP_HEADER);
            assert_int_equal(wire_ip4_parse(copy, there, WIRE_IP4_HEADER_MAX, &read),
                             SYNFIN_REASON_DROP_NOT_LINEAR);
            free(copy);
        }
    }
}

static void hist_10_total_length_is_held_against_header_and_packet(void **state)
{
    (void)state;
    static const uint32_t actual[] = {20, 21, 40, 60, 1500};
    for (uint32_t i = 0; i < sizeof(actual) / sizeof(actual[0]); i++) {
        for (uint32_t total = 0; total <= UINT16_MAX; total++) {
            uint8_t p[WIRE_IP4_HEADER];
            struct wire_ip4 sent = example(total), read;
            wire_ip4_emit(p, &sent);
            enum synfin_reason reason = wire_ip4_parse(p, sizeof(p), actual[i], &read);
            if (total < 20 || total > actual[i]) {
                assert_int_equal(reason, SYNFIN_REASON_DROP_IP_SHORT);
            } else {
                assert_int_equal(reason, GOOD);
                assert_int_equal(read.total_bytes, total);
            }
        }
    }
}

static void hist_12_header_length_below_five_is_refused_and_options_never_crash(void **state)
{
    (void)state;
    uint64_t random = 12;
    uint32_t accepted = 0;
    for (uint32_t round = 0; round < 100000; round++) {
        uint8_t p[WIRE_IP4_HEADER_MAX] = {0}, options[40];
        uint32_t ihl = round % 16;
        struct wire_ip4 read;
        exact_random_fill(&random, options, sizeof(options));
        write_header(p, ihl, options);
        enum synfin_reason reason = parse_exact(p, sizeof(p), &read);
        if (ihl < 5) {
            assert_int_equal(reason, SYNFIN_REASON_DROP_IP_HEADER);
        } else if (ihl == 5) {
            assert_int_equal(reason, GOOD);
        } else {
            accepted += reason == GOOD ? 1 : 0;
            assert_true(reason == GOOD || reason == SYNFIN_REASON_DROP_IP_OPTION
                        || reason == SYNFIN_REASON_DROP_IP_SOURCE_ROUTE);
        }
    }
    assert_true(accepted > 0);
}

// RFC 9293 §3.9.2 [MUST-50].
static void hist_12_options_are_skipped(void **state)
{
    (void)state;
    static const uint8_t options[8] = {148, 4, 0, 0, 1, 1, 0, 0xff}; // router alert, then the end
    uint8_t p[WIRE_IP4_HEADER_MAX] = {0};
    struct wire_ip4 read;
    write_header(p, 7, options);
    assert_int_equal(parse_exact(p, sizeof(p), &read), GOOD);
    assert_int_equal(read.header_bytes, 28);
}

static void hist_13_option_lengths_and_pointers_that_cannot_be_are_refused(void **state)
{
    (void)state;
    static const struct {
        uint8_t option[8];
        bool is_good;
    } cases[] = {
        {{7, 7, 4, 0, 0, 0, 0}, true},       {{7, 7, 8, 0, 0, 0, 0}, true},
        {{7, 7, 3, 0, 0, 0, 0}, false},      {{7, 7, 0, 0, 0, 0, 0}, false},
        {{7, 7, 9, 0, 0, 0, 0}, false},      {{7, 7, 255, 0, 0, 0, 0}, false},
        {{7, 2, 4, 0, 0, 0, 0}, false},      {{68, 8, 5, 0, 0, 0, 0, 0}, true},
        {{68, 8, 9, 0, 0, 0, 0}, true},      {{68, 8, 4, 0, 0, 0, 0}, false},
        {{68, 8, 10, 0, 0, 0, 0}, false},    {{68, 3, 5, 0, 0, 0, 0}, false},
        {{130, 0, 0, 0, 0, 0, 0}, false},    {{130, 1, 0, 0, 0, 0, 0}, false},
        {{130, 9, 0, 0, 0, 0, 0}, false},    {{130, 8, 0, 0, 0, 0, 0}, true},
        {{1, 1, 1, 1, 1, 1, 1, 130}, false},
    };
    for (uint32_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint8_t p[WIRE_IP4_HEADER_MAX] = {0};
        struct wire_ip4 read;
        write_header(p, 7, cases[i].option);
        assert_int_equal(parse_exact(p, sizeof(p), &read),
                         cases[i].is_good ? GOOD : SYNFIN_REASON_DROP_IP_OPTION);
    }
}

static void hist_14_source_routes_are_refused_whatever_their_pointer(void **state)
{
    (void)state;
    for (uint32_t pointer = 0; pointer < 256; pointer++) {
        for (uint32_t kind = 131; kind <= 137; kind += 6) {
            const uint8_t options[8] = {1, (uint8_t)kind, 7, (uint8_t)pointer, 192, 0, 2, 9};
            uint8_t p[WIRE_IP4_HEADER_MAX] = {0};
            struct wire_ip4 read;
            write_header(p, 7, options);
            assert_int_equal(parse_exact(p, sizeof(p), &read), SYNFIN_REASON_DROP_IP_SOURCE_ROUTE);
        }
    }
}

static enum synfin_reason parse_fragment(uint32_t offset, bool has_more, uint32_t payload)
{
    uint8_t p[WIRE_IP4_HEADER];
    struct wire_ip4 ip = example(WIRE_IP4_HEADER + payload), read;
    ip.fragment_bytes = offset;
    ip.has_more_fragments = has_more;
    ip.has_dont_fragment = false;
    wire_ip4_emit(p, &ip);
    enum synfin_reason reason = wire_ip4_parse(p, sizeof(p), ip.total_bytes, &read);
    assert_int_equal(read.fragment_bytes, offset);
    assert_int_equal(read.has_more_fragments, has_more);
    assert_int_equal(wire_ip4_is_fragment(&read), has_more || offset != 0);
    return reason;
}

static void hist_46_fragment_that_ends_beyond_the_largest_datagram_is_refused(void **state)
{
    (void)state;
    for (uint32_t offset = 64000; offset <= 65528; offset += 8) {
        for (uint32_t payload = 1; payload < 1600; payload += 13) {
            enum synfin_reason expected =
                offset + payload + 20 > 65535 ? SYNFIN_REASON_DROP_FRAGMENT_LENGTH : GOOD;
            assert_int_equal(parse_fragment(offset, false, payload), expected);
        }
    }
}

static void hist_48_inner_fragment_must_be_a_multiple_of_eight(void **state)
{
    (void)state;
    for (uint32_t payload = 0; payload < 100; payload++) {
        bool is_good = payload != 0 && payload % 8 == 0;
        assert_int_equal(parse_fragment(0, true, payload),
                         is_good ? GOOD : SYNFIN_REASON_DROP_FRAGMENT_LENGTH);
        assert_int_equal(parse_fragment(8, true, payload),
                         is_good ? GOOD : SYNFIN_REASON_DROP_FRAGMENT_LENGTH);
        assert_int_equal(parse_fragment(8, false, payload),
                         payload != 0 ? GOOD : SYNFIN_REASON_DROP_FRAGMENT_LENGTH);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(header_round_trips),
    cmocka_unit_test(set_length_keeps_the_header_sound),
    cmocka_unit_test(any_single_wrong_bit_is_refused),
    cmocka_unit_test(checksum_failure_still_tells_the_addresses),
    cmocka_unit_test(other_versions_are_refused),
    cmocka_unit_test(header_cut_at_any_octet_is_refused),
    cmocka_unit_test(hist_10_total_length_is_held_against_header_and_packet),
    cmocka_unit_test(hist_12_header_length_below_five_is_refused_and_options_never_crash),
    cmocka_unit_test(hist_12_options_are_skipped),
    cmocka_unit_test(hist_13_option_lengths_and_pointers_that_cannot_be_are_refused),
    cmocka_unit_test(hist_14_source_routes_are_refused_whatever_their_pointer),
    cmocka_unit_test(hist_46_fragment_that_ends_beyond_the_largest_datagram_is_refused),
    cmocka_unit_test(hist_48_inner_fragment_must_be_a_multiple_of_eight),
};
ROWS_MAIN(tests)
