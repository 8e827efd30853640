// SPDX-License-Identifier: MIT
//
// The server's Fast Open cookies, RFC 7413 §4.1.2.
#include "tcp/tcp_fastopen.h"

#include <string.h>

#include "base/deadline.h"
#include "lib/test_cmocka.h"

#define EPOCH_NS (12 * 3600 * NS_PER_S)

static const uint64_t SECRET[4] = {1, 2, 3, 4};

static struct synfin_addr client(uint32_t number)
{
    return synfin_addr_ipv4(192, 0, (uint8_t)(number >> 8), (uint8_t)number);
}

static struct wire_tcp cookie_of(struct tcp_fastopen_jar *jar, uint32_t number, uint64_t now_ns)
{
    struct wire_tcp h = {.has_mss = true};
    struct synfin_addr addr = client(number);
    tcp_fastopen_give(jar, &addr, now_ns, &h);
    return h;
}

static enum tcp_fastopen_cookie judge(struct tcp_fastopen_jar *jar, uint32_t number,
                                      const struct wire_tcp *h, uint64_t now_ns)
{
    struct synfin_addr addr = client(number);
    return tcp_fastopen_judge(jar, &addr, h, now_ns);
}

static void cookie_is_good_for_its_own_address_only(void **state)
{
    (void)state;
    struct tcp_fastopen_jar jar;
    tcp_fastopen_init(&jar, SECRET, 0);
    for (uint32_t i = 0; i < 500; i++) {
        struct wire_tcp h = cookie_of(&jar, i, 5);
        assert_true(h.has_fastopen && h.has_mss);
        assert_int_equal(h.cookie_bytes, TCP_FASTOPEN_COOKIE);
        assert_int_equal(judge(&jar, i, &h, 6), TCP_FASTOPEN_COOKIE_GOOD);
        assert_int_equal(judge(&jar, i ^ 1, &h, 6), TCP_FASTOPEN_COOKIE_BAD);
        assert_int_equal(judge(&jar, i + 500, &h, 6), TCP_FASTOPEN_COOKIE_BAD);
    }
}

static void every_bit_counts(void **state)
{
    (void)state;
    struct tcp_fastopen_jar jar;
    tcp_fastopen_init(&jar, SECRET, 0);
    for (uint32_t bit = 0; bit < 8 * TCP_FASTOPEN_COOKIE; bit++) {
        struct wire_tcp h = cookie_of(&jar, 7, 5);
        h.cookie[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_int_equal(judge(&jar, 7, &h, 5), TCP_FASTOPEN_COOKIE_BAD);
    }
}

static void other_lengths_and_no_option_are_bad(void **state)
{
    (void)state;
    struct tcp_fastopen_jar jar;
    tcp_fastopen_init(&jar, SECRET, 0);
    for (uint32_t bytes = 0; bytes <= WIRE_FASTOPEN_COOKIE_MAX; bytes += 2) {
        struct wire_tcp h = cookie_of(&jar, 7, 5);
        h.cookie_bytes = (uint8_t)bytes;
        bool is_good = judge(&jar, 7, &h, 5) == TCP_FASTOPEN_COOKIE_GOOD;
        assert_int_equal(is_good, bytes == TCP_FASTOPEN_COOKIE);
    }
    struct wire_tcp h = cookie_of(&jar, 7, 5);
    h.has_fastopen = false;
    assert_int_equal(judge(&jar, 7, &h, 5), TCP_FASTOPEN_COOKIE_BAD);
}

static void cookie_ages_by_epochs(void **state)
{
    (void)state;
    struct tcp_fastopen_jar jar;
    tcp_fastopen_init(&jar, SECRET, 0);
    struct wire_tcp h = cookie_of(&jar, 7, 3 * EPOCH_NS);
    assert_int_equal(judge(&jar, 7, &h, 4 * EPOCH_NS - 1), TCP_FASTOPEN_COOKIE_GOOD);
    assert_int_equal(judge(&jar, 7, &h, 4 * EPOCH_NS), TCP_FASTOPEN_COOKIE_OLD);
    assert_int_equal(judge(&jar, 7, &h, 5 * EPOCH_NS - 1), TCP_FASTOPEN_COOKIE_OLD);
    assert_int_equal(judge(&jar, 7, &h, 5 * EPOCH_NS), TCP_FASTOPEN_COOKIE_BAD);
    assert_int_equal(judge(&jar, 7, &h, 3 * EPOCH_NS),
                     TCP_FASTOPEN_COOKIE_GOOD); // a clock set back
    assert_int_equal(judge(&jar, 7, &h, 3 * EPOCH_NS - 1), TCP_FASTOPEN_COOKIE_BAD);
}

static void first_epoch_has_one_before_it(void **state)
{
    (void)state;
    struct tcp_fastopen_jar jar;
    tcp_fastopen_init(&jar, SECRET, 0);
    struct wire_tcp h = cookie_of(&jar, 7, 0);
    assert_int_equal(judge(&jar, 7, &h, EPOCH_NS), TCP_FASTOPEN_COOKIE_OLD);
    h = cookie_of(&jar, 7, UINT64_MAX); // where the shared time goes around
    assert_int_equal(judge(&jar, 7, &h, 0), TCP_FASTOPEN_COOKIE_OLD);
}

// RFC 7413 §6.3.4: machines behind one address.
static void machines_with_one_secret_and_one_time_know_each_others_cookies(void **state)
{
    (void)state;
    struct tcp_fastopen_jar here, there, stranger;
    const uint64_t other[4] = {1, 2, 3, 5};
    tcp_fastopen_init(&here, SECRET, 0);
    tcp_fastopen_init(&there, SECRET, 100 * EPOCH_NS); // started later, so its own clock lags
    tcp_fastopen_init(&stranger, other, 0);
    struct wire_tcp h = cookie_of(&here, 7, 101 * EPOCH_NS);
    assert_int_equal(judge(&there, 7, &h, EPOCH_NS), TCP_FASTOPEN_COOKIE_GOOD);
    assert_int_equal(judge(&stranger, 7, &h, 101 * EPOCH_NS), TCP_FASTOPEN_COOKIE_BAD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cookie_is_good_for_its_own_address_only),
        cmocka_unit_test(every_bit_counts),
        cmocka_unit_test(other_lengths_and_no_option_are_bad),
        cmocka_unit_test(cookie_ages_by_epochs),
        cmocka_unit_test(first_epoch_has_one_before_it),
        cmocka_unit_test(machines_with_one_secret_and_one_time_know_each_others_cookies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
