// SPDX-License-Identifier: MIT
//
// Questions about addresses and prefixes.
#include <synfin/addr.h>

#include "lib/test_cmocka.h"

static struct synfin_addr read_addr(const char *text)
{
    struct synfin_addr addr;
    assert_int_equal(synfin_addr_parse(text, &addr), SYNFIN_ERROR_OK);
    return addr;
}

static void address_knows_its_version(void **state)
{
    (void)state;
    struct synfin_addr ipv4 = synfin_addr_ipv4(192, 0, 2, 1);
    struct synfin_addr ipv6 = read_addr("2001:db8::1");
    assert_true(synfin_addr_is_ipv4(&ipv4));
    assert_false(synfin_addr_is_ipv4(&ipv6));
    struct synfin_addr compatible = read_addr("::192.0.2.1");
    assert_false(synfin_addr_is_ipv4(&compatible));
}

static void only_the_two_zero_addresses_are_unspecified(void **state)
{
    (void)state;
    struct synfin_addr addr = read_addr("::");
    assert_true(synfin_addr_is_unspecified(&addr));
    addr = read_addr("0.0.0.0");
    assert_true(synfin_addr_is_unspecified(&addr));
    addr = read_addr("::1");
    assert_false(synfin_addr_is_unspecified(&addr));
    addr = read_addr("0.0.0.1");
    assert_false(synfin_addr_is_unspecified(&addr));
    addr = read_addr("::fffe:0:0");
    assert_false(synfin_addr_is_unspecified(&addr));
}

static void addresses_are_equal_in_all_octets(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 16; i++) {
        struct synfin_addr a = read_addr("2001:db8:1:2:3:4:5:6");
        struct synfin_addr b = a;
        assert_true(synfin_addr_equal(&a, &b));
        b.octet[i] ^= 0x10;
        assert_false(synfin_addr_equal(&a, &b));
    }
}

static void prefix_contains_what_its_bits_say(void **state)
{
    (void)state;
    static const struct {
        const char *prefix, *addr;
        bool contains;
    } cases[] = {
        {"192.0.2.0/24", "192.0.2.255", true},
        {"192.0.2.0/24", "192.0.3.0", false},
        {"192.0.2.128/25", "192.0.2.127", false},
        {"192.0.2.129/25", "192.0.2.128", true},
        {"10.0.0.0/31", "10.0.0.1", true},
        {"10.0.0.0/31", "10.0.0.2", false},
        {"10.1.2.3", "10.1.2.3", true},
        {"10.1.2.3", "10.1.2.2", false},
        {"0.0.0.0/0", "255.255.255.255", true},
        {"0.0.0.0/0", "2001:db8::1", false},
        {"::/0", "2001:db8::1", true},
        {"::/0", "192.0.2.1", false},
        {"2001:db8::/32", "2001:db8:ffff::", true},
        {"2001:db8::/32", "2001:db9::", false},
        {"fe80::/10", "febf::1", true},
        {"fe80::/10", "fec0::1", false},
        {"2001:db8::1/127", "2001:db8::", true},
        {"2001:db8::1", "2001:db8::", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct synfin_prefix prefix;
        assert_int_equal(synfin_prefix_parse(cases[i].prefix, &prefix), SYNFIN_ERROR_OK);
        struct synfin_addr addr = read_addr(cases[i].addr);
        assert_int_equal(synfin_prefix_contains(&prefix, &addr), cases[i].contains);
    }
}

static void prefix_with_impossible_bits_contains_nothing(void **state)
{
    (void)state;
    struct synfin_addr addr = synfin_addr_ipv4(192, 0, 2, 1);
    assert_false(synfin_prefix_contains(&(struct synfin_prefix){addr, 33}, &addr));
    addr = read_addr("2001:db8::1");
    assert_false(synfin_prefix_contains(&(struct synfin_prefix){addr, 129}, &addr));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(address_knows_its_version),
        cmocka_unit_test(only_the_two_zero_addresses_are_unspecified),
        cmocka_unit_test(addresses_are_equal_in_all_octets),
        cmocka_unit_test(prefix_contains_what_its_bits_say),
        cmocka_unit_test(prefix_with_impossible_bits_contains_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
