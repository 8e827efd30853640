// SPDX-License-Identifier: MIT
//
// Kinds of addresses: one row per address, with all that is true of it.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "wire/wire_addr.h"

enum { MULTICAST = 1, LOOPBACK = 2, BROADCAST = 4, RESERVED = 8, THIS_NETWORK = 16, LOCAL = 32 };

static uint32_t kinds_of(const struct synfin_addr *addr)
{
    return (wire_addr_is_multicast(addr) ? MULTICAST : 0u)
           | (wire_addr_is_loopback(addr) ? LOOPBACK : 0u)
           | (wire_addr_is_broadcast(addr) ? BROADCAST : 0u)
           | (wire_addr_is_reserved4(addr) ? RESERVED : 0u)
           | (wire_addr_is_this_network4(addr) ? THIS_NETWORK : 0u)
           | (wire_addr_is_link_local(addr) ? LOCAL : 0u);
}

static void each_address_is_of_its_kinds_only(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint32_t kinds;
    } rows[] = {
        {"192.0.2.1", 0},
        {"0.0.0.0", THIS_NETWORK},
        {"0.255.255.255", THIS_NETWORK},
        {"1.0.0.0", 0},
        {"126.255.255.255", 0},
        {"127.0.0.0", LOOPBACK},
        {"127.255.255.255", LOOPBACK},
        {"128.0.0.0", 0},
        {"169.253.255.255", 0},
        {"169.254.0.0", LOCAL},
        {"169.255.0.0", 0},
        {"223.255.255.255", 0},
        {"224.0.0.0", MULTICAST},
        {"239.255.255.255", MULTICAST},
        {"240.0.0.0", RESERVED},
        {"255.255.255.254", RESERVED},
        {"255.255.255.255", RESERVED | BROADCAST},
        {"::", 0},
        {"::1", LOOPBACK},
        {"::2", 0},
        {"1::1", 0},
        {"::127.0.0.1", 0},
        {"::fffe:127.0.0.1", 0},
        {"2001:db8::1", 0},
        {"fe7f::1", 0},
        {"fe80::1", LOCAL},
        {"febf::1", LOCAL},
        {"fec0::1", 0},
        {"feff::", 0},
        {"ff00::", MULTICAST},
        {"ffff:ffff::", MULTICAST},
    };
    for (uint32_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct synfin_addr addr;
        assert_int_equal(synfin_addr_parse(rows[i].text, &addr), SYNFIN_ERROR_OK);
        assert_int_equal(kinds_of(&addr), rows[i].kinds);
        assert_int_equal(wire_addr_is_mapped(&addr), synfin_addr_is_ipv4(&addr));
    }
}

static void octets_of_the_wire_go_in_and_out(void **state)
{
    (void)state;
    static const uint8_t octets[16] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
    uint8_t out[16];
    struct synfin_addr six = wire_addr_load6(octets), four = wire_addr_load4(octets);
    struct synfin_addr expected = synfin_addr_ipv4(1, 2, 3, 4);
    assert_true(synfin_addr_equal(&four, &expected));
    wire_addr_store6(out, &six);
    assert_memory_equal(out, octets, 16);
    wire_addr_store4(out, &four);
    assert_memory_equal(out, octets, 4);
}

static void solicited_node_group_ends_like_the_address(void **state)
{
    (void)state;
    struct synfin_addr addr, group, expected;
    assert_int_equal(synfin_addr_parse("2001:db8::1:2aa:bbcc", &addr), SYNFIN_ERROR_OK);
    assert_int_equal(synfin_addr_parse("ff02::1:ffaa:bbcc", &expected), SYNFIN_ERROR_OK);
    group = wire_addr_solicited_node(&addr);
    assert_true(synfin_addr_equal(&group, &expected));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_address_is_of_its_kinds_only),
        cmocka_unit_test(octets_of_the_wire_go_in_and_out),
        cmocka_unit_test(solicited_node_group_ends_like_the_address),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
