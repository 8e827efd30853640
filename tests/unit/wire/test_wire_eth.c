// SPDX-License-Identifier: MIT
//
// The Ethernet header and link addresses.

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "exact.h"
#include "lib/test_rows.h"
#include "wire/wire_eth.h"

static void header_round_trips(void **state)
{
    (void)state;
    const struct wire_eth sent = {
        {{1, 2, 3, 4, 5, 6}}, {{0xa, 0xb, 0xc, 0xd, 0xe, 0xf}}, WIRE_ETH_TYPE_IP6};
    struct wire_eth read;
    uint8_t p[WIRE_ETH_HEADER];
    wire_eth_emit(p, &sent);
    assert_int_equal(wire_eth_parse(p, sizeof(p), &read), SYNFIN_REASON_UNKNOWN);
    assert_true(wire_eth_addr_equal(&sent.dst, &read.dst));
    assert_true(wire_eth_addr_equal(&sent.src, &read.src));
    assert_int_equal(read.type, WIRE_ETH_TYPE_IP6);
}

static void hist_19_runt_frame_is_refused_at_every_length(void **state)
{
    (void)state;
    static const uint8_t frame[64] = {[12] = 0x08};
    for (uint32_t there = 0; there < sizeof(frame); there++) {
        struct wire_eth read;
        uint8_t *copy = exact_copy(frame, there);
        assert_int_equal(wire_eth_parse(copy, there, &read), there < WIRE_ETH_HEADER
                                                                 ? SYNFIN_REASON_DROP_LINK_SHORT
                                                                 : SYNFIN_REASON_UNKNOWN);
        free(copy);
    }
}

static void length_in_the_place_of_the_type_is_refused(void **state)
{
    (void)state;
    for (uint32_t type = 0; type <= UINT16_MAX; type++) {
        const uint8_t p[WIRE_ETH_HEADER] = {[12] = (uint8_t)(type >> 8), [13] = (uint8_t)type};
        struct wire_eth read;
        assert_int_equal(wire_eth_parse(p, sizeof(p), &read),
                         type < 0x600 ? SYNFIN_REASON_DROP_LINK_TYPE : SYNFIN_REASON_UNKNOWN);
        assert_int_equal(read.type, type);
    }
}

static void link_addresses_are_told_apart(void **state)
{
    (void)state;
    const struct wire_eth_addr all = {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};
    const struct wire_eth_addr group = {{0x33, 0x33, 0, 0, 0, 1}};
    const struct wire_eth_addr zero = {{0}};
    const struct wire_eth_addr station = {{2, 0, 0, 0, 0, 1}};
    assert_true(wire_eth_addr_is_broadcast(&all) && wire_eth_addr_is_group(&all));
    assert_true(!wire_eth_addr_is_broadcast(&group) && wire_eth_addr_is_group(&group));
    assert_true(wire_eth_addr_is_zero(&zero) && !wire_eth_addr_is_group(&zero));
    assert_false(wire_eth_addr_is_group(&station) || wire_eth_addr_is_zero(&station));
    assert_false(wire_eth_addr_equal(&station, &zero));
}

static void groups_have_their_link_address(void **state)
{
    (void)state;
    const struct synfin_addr four = synfin_addr_ipv4(239, 129, 2, 3);
    const struct synfin_addr all = synfin_addr_ipv4(255, 255, 255, 255);
    const struct synfin_addr six = {{0xff, 0x02, [11] = 1, [12] = 0xff, 0xaa, 0xbb, 0xcc}};
    struct wire_eth_addr link = wire_eth_group(&four);
    assert_memory_equal(link.octet, ((uint8_t[]){0x01, 0x00, 0x5e, 0x01, 0x02, 0x03}), 6);
    link = wire_eth_group(&all);
    assert_true(wire_eth_addr_is_broadcast(&link));
    link = wire_eth_group(&six);
    assert_memory_equal(link.octet, ((uint8_t[]){0x33, 0x33, 0xff, 0xaa, 0xbb, 0xcc}), 6);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(header_round_trips),
    cmocka_unit_test(hist_19_runt_frame_is_refused_at_every_length),
    cmocka_unit_test(length_in_the_place_of_the_type_is_refused),
    cmocka_unit_test(link_addresses_are_told_apart),
    cmocka_unit_test(groups_have_their_link_address),
};
ROWS_MAIN(tests)
