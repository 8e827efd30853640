// SPDX-License-Identifier: MIT
//
// Segment sizes as a SYN tells them.
#include "lib/test_rows.h"
#include "tcp/tcp_internal.h"

// An MTU below what headers need leaves a small segment, and never one that goes around.
static void hist_43_mss_of_any_mtu_lies_within_it_or_at_the_floor(void **state)
{
    enum { FLOOR = 64, HEADERS_IPV4 = 40, HEADERS_IPV6 = 60 };
    const struct tcp_settings none = {0};
    (void)state;
    for (uint32_t mtu = 0; mtu <= UINT16_MAX; mtu++) {
        struct tcp_path path = {.mtu_bytes = mtu};
        for (uint32_t is_ipv4 = 0; is_ipv4 < 2; is_ipv4++) {
            uint32_t headers = is_ipv4 != 0 ? HEADERS_IPV4 : HEADERS_IPV6;
            uint32_t mss = tcp_open_advertised_mss(&none, &path, is_ipv4 != 0);
            assert_int_equal(mss, mtu >= headers + FLOOR ? mtu - headers : FLOOR);
        }
    }
}

// RFC 9293 §3.7.1 [MUST-67]: the user's limit lowers it, and does not raise it.
static void mss_limit_lowers_what_is_told(void **state)
{
    const struct tcp_path path = {.mtu_bytes = 1500};
    struct tcp_settings set = {.mss_limit = 1000};
    (void)state;
    assert_int_equal(tcp_open_advertised_mss(&set, &path, true), 1000);
    set.mss_limit = 9000;
    assert_int_equal(tcp_open_advertised_mss(&set, &path, true), 1460);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(hist_43_mss_of_any_mtu_lies_within_it_or_at_the_floor),
    cmocka_unit_test(mss_limit_lowers_what_is_told),
};
ROWS_MAIN(tests)
