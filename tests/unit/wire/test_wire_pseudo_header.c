// SPDX-License-Identifier: MIT
//
// The pseudo-header, held against sums written out by hand.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "exact.h"
#include "wire/wire_protocol.h"
#include "wire/wire_tcp.h"

// The ones' complement sum of 16-bit numbers, folded.
static uint16_t sum_words(const uint16_t *words, uint32_t count)
{
    uint32_t sum = 0;
    for (uint32_t i = 0; i < count; i++) {
        sum += words[i];
    }
    while (sum > UINT16_MAX) {
        sum = (sum & UINT16_MAX) + (sum >> 16);
    }
    return (uint16_t)~sum;
}

static void ip4_is_addresses_protocol_and_length(void **state)
{
    (void)state;
    static const uint16_t words[] = {0xc000, 0x0201, 0xc633, 0x6407, 6, 0xffeb};
    struct synfin_addr src = synfin_addr_ipv4(192, 0, 2, 1);
    struct synfin_addr dst = synfin_addr_ipv4(198, 51, 100, 7);
    struct checksum sum;
    checksum_init(&sum);
    wire_pseudo_header_add(&sum, &src, &dst, WIRE_PROTOCOL_TCP, 0xffeb);
    assert_int_equal(checksum_finish(&sum), sum_words(words, 6));
}

static void ip6_is_addresses_length_and_protocol(void **state)
{
    (void)state;
    static const uint16_t words[] = {0x2001, 0x0db8, 0x1234, 0xfffe, 0xff02, 0x0001, 0x1fff, 58};
    struct synfin_addr src = {{0x20, 0x01, 0x0d, 0xb8, [8] = 0x12, 0x34, [14] = 0xff, 0xfe}};
    struct synfin_addr dst = {{0xff, 0x02, [15] = 1}};
    struct checksum sum;
    checksum_init(&sum);
    wire_pseudo_header_add(&sum, &src, &dst, WIRE_PROTOCOL_ICMP6, 0x1fff);
    assert_int_equal(checksum_finish(&sum), sum_words(words, 8));
}

// Whatever stands in the segment, a
// receiver that adds everything finds 0 (RFC 1071 §1).
static void segment_with_its_checksum_sums_to_zero(void **state)
{
    (void)state;
    uint64_t random = 7;
    for (uint32_t round = 0; round < 2000; round++) {
        uint8_t segment[64];
        struct synfin_addr src, dst;
        uint32_t bytes = WIRE_TCP_HEADER_MIN + round % 45;
        exact_random_fill(&random, segment, sizeof(segment));
        exact_random_fill(&random, src.octet, 16);
        exact_random_fill(&random, dst.octet, 16);
        if (round % 2 == 0) {
            src = synfin_addr_ipv4(src.octet[0], src.octet[1], src.octet[2], src.octet[3]);
            dst = synfin_addr_ipv4(dst.octet[0], dst.octet[1], dst.octet[2], dst.octet[3]);
        }
        struct checksum sum;
        checksum_init(&sum);
        wire_tcp_set_checksum(segment, 0);
        wire_pseudo_header_add(&sum, &src, &dst, WIRE_PROTOCOL_TCP, bytes);
        checksum_add(&sum, segment, bytes);
        wire_tcp_set_checksum(segment, checksum_finish(&sum));
        checksum_init(&sum);
        wire_pseudo_header_add(&sum, &src, &dst, WIRE_PROTOCOL_TCP, bytes);
        checksum_add(&sum, segment, bytes);
        assert_int_equal(checksum_finish(&sum), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ip4_is_addresses_protocol_and_length),
        cmocka_unit_test(ip6_is_addresses_length_and_protocol),
        cmocka_unit_test(segment_with_its_checksum_sums_to_zero),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
