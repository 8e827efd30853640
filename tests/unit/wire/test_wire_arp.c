// SPDX-License-Identifier: MIT
//
// ARP packets: round trips, runts, and one fault at a time.

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "exact.h"
#include "lib/test_rows.h"
#include "wire/wire_arp.h"

static struct wire_arp example(enum wire_arp_operation operation)
{
    return (struct wire_arp){
        .operation = operation,
        .sender_link = {{2, 0, 0, 0, 0, 1}},
        .target_link = {{2, 0, 0, 0, 0, 2}},
        .sender = synfin_addr_ipv4(192, 0, 2, 1),
        .target = synfin_addr_ipv4(192, 0, 2, 2),
    };
}

static void packet_round_trips(void **state)
{
    (void)state;
    for (uint32_t operation = 1; operation <= 2; operation++) {
        struct wire_arp sent = example((enum wire_arp_operation)operation), read;
        uint8_t p[WIRE_ARP_BYTES];
        wire_arp_emit(p, &sent);
        assert_int_equal(wire_arp_parse(p, sizeof(p), &read), SYNFIN_REASON_UNKNOWN);
        assert_int_equal(read.operation, operation);
        assert_true(wire_eth_addr_equal(&sent.sender_link, &read.sender_link));
        assert_true(wire_eth_addr_equal(&sent.target_link, &read.target_link));
        assert_true(synfin_addr_equal(&sent.sender, &read.sender));
        assert_true(synfin_addr_equal(&sent.target, &read.target));
    }
}

static void request_is_laid_out_as_the_rfc_draws_it(void **state)
{
    (void)state;
    static const uint8_t expected[WIRE_ARP_BYTES] = {0,   1, 8, 0, 6, 4, 0, 1, 2, 0, 0,   0, 0, 1,
                                                     192, 0, 2, 1, 2, 0, 0, 0, 0, 2, 192, 0, 2, 2};
    struct wire_arp sent = example(WIRE_ARP_OPERATION_REQUEST);
    uint8_t p[WIRE_ARP_BYTES];
    wire_arp_emit(p, &sent);
    assert_memory_equal(p, expected, sizeof(expected));
}

static void hist_19_runt_packet_is_refused_at_every_length(void **state)
{
    (void)state;
    struct wire_arp sent = example(WIRE_ARP_OPERATION_REPLY), read;
    uint8_t p[64] = {0};
    wire_arp_emit(p, &sent);
    for (uint32_t there = 0; there < sizeof(p); there++) {
        uint8_t *copy = exact_copy(p, there);
        assert_int_equal(wire_arp_parse(copy, there, &read), there < WIRE_ARP_BYTES
                                                                 ? SYNFIN_REASON_DROP_ARP_INVALID
                                                                 : SYNFIN_REASON_UNKNOWN);
        free(copy);
    }
}

static void any_other_value_in_a_fixed_field_is_refused(void **state)
{
    (void)state;
    for (uint32_t at = 0; at < 8; at++) {
        for (uint32_t value = 0; value < 256; value++) {
            struct wire_arp sent = example(WIRE_ARP_OPERATION_REQUEST), read;
            uint8_t p[WIRE_ARP_BYTES];
            wire_arp_emit(p, &sent);
            bool is_good = p[at] == value || (at == 7 && (value == 1 || value == 2));
            p[at] = (uint8_t)value;
            assert_int_equal(wire_arp_parse(p, sizeof(p), &read),
                             is_good ? SYNFIN_REASON_UNKNOWN : SYNFIN_REASON_DROP_ARP_INVALID);
        }
    }
}

static void sender_that_is_no_single_station_is_refused(void **state)
{
    (void)state;
    static const struct wire_eth_addr links[] = {
        {{0}}, {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}}, {{1, 0, 0x5e, 0, 0, 1}}};
    for (uint32_t i = 0; i < 3; i++) {
        struct wire_arp sent = example(WIRE_ARP_OPERATION_REPLY), read;
        uint8_t p[WIRE_ARP_BYTES];
        sent.sender_link = links[i];
        wire_arp_emit(p, &sent);
        assert_int_equal(wire_arp_parse(p, sizeof(p), &read), SYNFIN_REASON_DROP_ARP_INVALID);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(packet_round_trips),
    cmocka_unit_test(request_is_laid_out_as_the_rfc_draws_it),
    cmocka_unit_test(hist_19_runt_packet_is_refused_at_every_length),
    cmocka_unit_test(any_other_value_in_a_fixed_field_is_refused),
    cmocka_unit_test(sender_that_is_no_single_station_is_refused),
};
ROWS_MAIN(tests)
