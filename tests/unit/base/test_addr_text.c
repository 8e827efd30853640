// SPDX-License-Identifier: MIT
//
// Addresses as text: the examples of RFC 4291 §2.2 and RFC 5952, what must be refused, and random
// addresses and random texts held against the C library.
#include <synfin/addr.h>

#include <arpa/inet.h>
#include <string.h>

#include "lib/test_cmocka.h"
#include "lib/test_random.h"

static void text_of_rfc_5952_is_canonical(void **state)
{
    (void)state;
    static const struct {
        const char *text, *canonical;
    } cases[] = {
        {"2001:0db8::0001", "2001:db8::1"},               // §4.1
        {"2001:db8:0:0:0:0:2:1", "2001:db8::2:1"},        // §4.2.1
        {"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"}, // §4.2.2
        {"2001:db8::1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},  // §4.2.2
        {"2001:0:0:1:0:0:0:1", "2001:0:0:1::1"},          // §4.2.3
        {"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},    // §4.2.3
        {"2001:DB8:AAAA:BBBB:CCCC:DDDD:EEEE:AAAA", "2001:db8:aaaa:bbbb:cccc:dddd:eeee:aaaa"},
        {"::ffff:192.0.2.1", "192.0.2.1"}, // the form of an IPv4 address
        {"::", "::"},
        {"0:0:0:0:0:0:0:0", "::"},
        {"::1", "::1"},
        {"1::", "1::"},
        {"FF01:0:0:0:0:0:0:101", "ff01::101"}, // RFC 4291 §2.2
        {"0:0:0:0:0:0:13.1.68.3", "::d01:4403"},
        {"1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"},
        {"::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"},
        {"1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"},
        {"64:ff9b::192.0.2.33", "64:ff9b::c000:221"},
        {"0.0.0.0", "0.0.0.0"},
        {"255.255.255.255", "255.255.255.255"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct synfin_addr addr;
        char text[SYNFIN_ADDR_TEXT_MAX];
        assert_int_equal(synfin_addr_parse(cases[i].text, &addr), SYNFIN_ERROR_OK);
        assert_string_equal(synfin_addr_format(&addr, text), cases[i].canonical);
    }
}

static void text_that_is_no_address_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        ":",
        ":::",
        "::1::",
        "1::2::3",
        "1:2:3:4:5:6:7",
        "1:2:3:4:5:6:7:8:9",
        "1:2:3:4:5:6:7:8::",
        "::1:2:3:4:5:6:7:8",
        "1:2:3:4::5:6:7:8",
        "12345::",
        "g::",
        "1:",
        ":1",
        "1:2:3:4:5:6:7:",
        "::1 ",
        " ::1",
        "::1%eth0",
        "[::1]",
        "1.2.3",
        "1.2.3.4.5",
        "1.2.3.256",
        "01.2.3.4",
        "1.2.3.04",
        "1.2.3.",
        ".1.2.3",
        "1..2.3",
        "1.2.3.4 ",
        "+1.2.3.4",
        "1.2.3.4:",
        "::1.2.3",
        "::1.2.3.4.5",
        "::1.2.3.4:5",
        "1.2.3.4::",
        "1:2:3:4:5:6:7:1.2.3.4",
        "::01.2.3.4",
        "1.2.3.4/24",
        "::/0",
        "0x1.2.3.4",
        "99999999999.1.1.1",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct synfin_addr addr = {{42}};
        assert_int_equal(synfin_addr_parse(texts[i], &addr), SYNFIN_ERROR_INVALID);
        assert_int_equal(addr.octet[0], 42);
    }
}

static void prefix_text_is_read_and_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int bits; // -1: refused
    } cases[] = {
        {"192.0.2.0/24", 24},
        {"192.0.2.0/0", 0},
        {"192.0.2.0/32", 32},
        {"192.0.2.0", 32},
        {"192.0.2.0/33", -1},
        {"192.0.2.0/", -1},
        {"192.0.2.0/08", -1},
        {"192.0.2.0/8 ", -1},
        {"192.0.2.0/-1", -1},
        {"2001:db8::/32", 32},
        {"::/0", 0},
        {"::1", 128},
        {"::1/128", 128},
        {"::1/129", -1},
        {"::/4294967296", -1},
        {"/8", -1},
        {"1:2:3:4:5:6:7:8/64", 64},
        {"1:2:3:4:5:6:7::/64", 64},
        {"::1.2.3.4/96", 96},
        {"1:2/64", -1},
        {"::1//64", -1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct synfin_prefix prefix;
        enum synfin_error error = synfin_prefix_parse(cases[i].text, &prefix);
        assert_int_equal(error, cases[i].bits < 0 ? SYNFIN_ERROR_INVALID : SYNFIN_ERROR_OK);
        if (cases[i].bits >= 0) {
            assert_int_equal(prefix.bits, cases[i].bits);
        }
    }
}

static void endpoint_text_has_brackets_around_ipv6(void **state)
{
    (void)state;
    char text[SYNFIN_ENDPOINT_TEXT_MAX];
    struct synfin_endpoint endpoint = {synfin_addr_ipv4(192, 0, 2, 1), 80};
    assert_string_equal(synfin_endpoint_format(&endpoint, text), "192.0.2.1:80");
    assert_int_equal(synfin_addr_parse("2001:db8:1111:2222:3333:4444:5555:6666", &endpoint.addr),
                     SYNFIN_ERROR_OK);
    endpoint.port = 65535;
    assert_string_equal(synfin_endpoint_format(&endpoint, text),
                        "[2001:db8:1111:2222:3333:4444:5555:6666]:65535");
}

// Random addresses with many zero groups: the C library writes them the same way, but for those
// that it takes for embedded IPv4 addresses.
static void random_address_survives_text_and_equals_inet_ntop(void **state)
{
    (void)state;
    uint64_t seed = 23;
    for (uint32_t i = 0; i < 200000; i++) {
        struct synfin_addr addr, again;
        char text[SYNFIN_ADDR_TEXT_MAX];
        char theirs[INET6_ADDRSTRLEN];
        test_random_fill(&seed, addr.octet, sizeof addr.octet);
        for (uint32_t zeros = test_random_below(&seed, 256), k = 0; k < 8; k++, zeros >>= 1) {
            if ((zeros & 1) != 0) {
                addr.octet[2 * k] = addr.octet[2 * k + 1] = 0;
            }
        }
        synfin_addr_format(&addr, text);
        assert_int_equal(synfin_addr_parse(text, &again), SYNFIN_ERROR_OK);
        assert_true(synfin_addr_equal(&addr, &again));
        assert_non_null(inet_ntop(AF_INET6, addr.octet, theirs, sizeof theirs));
        if (strchr(theirs, '.') == NULL) {
            assert_string_equal(text, theirs);
        }
    }
}

// Random texts of the right letters: accepted exactly when the C library accepts them.
static void random_text_is_judged_as_inet_pton_does(void **state)
{
    (void)state;
    static const char letters[] = ":::::::1234a.0";
    uint64_t seed = 29;
    uint32_t accepted = 0;
    for (uint32_t i = 0; i < 500000; i++) {
        char text[20] = "";
        uint32_t length = test_random_below(&seed, i % 2 == 0 ? 19 : 8);
        for (uint32_t k = 0; k < length; k++) {
            text[k] = letters[test_random_below(&seed, sizeof letters - 1)];
        }
        uint8_t theirs[16] = {[10] = 0xff, [11] = 0xff};
        bool is_theirs =
            inet_pton(AF_INET, text, theirs + 12) == 1 || inet_pton(AF_INET6, text, theirs) == 1;
        struct synfin_addr addr;
        bool is_ours = synfin_addr_parse(text, &addr) == SYNFIN_ERROR_OK;
        assert_int_equal(is_ours, is_theirs);
        if (is_ours) {
            assert_memory_equal(addr.octet, theirs, 16);
            accepted++;
        }
    }
    assert_true(accepted > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_of_rfc_5952_is_canonical),
        cmocka_unit_test(text_that_is_no_address_is_refused),
        cmocka_unit_test(prefix_text_is_read_and_refused),
        cmocka_unit_test(endpoint_text_has_brackets_around_ipv6),
        cmocka_unit_test(random_address_survives_text_and_equals_inet_ntop),
        cmocka_unit_test(random_text_is_judged_as_inet_pton_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
