// SPDX-License-Identifier: MIT
//
// The server's Fast Open cookies, RFC 7413 §4.1.2.
#include "tcp/tcp_fastopen.h"

#include <string.h>

#include "base/deadline.h"
#include "lib/test_cmocka.h"

#define EPOCH_NS (12 * 3600 * NS_PER_S)

static const uint64_t SECRET[4] = {1, 2, 3, 4};

static struct tcp_pair client(uint32_t number)
{
    return (struct tcp_pair){
        .local = synfin_addr_ipv4(198, 51, 100, 1),
        .remote = synfin_addr_ipv4(192, 0, (uint8_t)(number >> 8), (uint8_t)number),
    };
}

static struct wire_tcp cookie_of(struct tcp_fastopen_jar *jar, uint32_t number, uint64_t now_ns)
{
    struct wire_tcp h = {.has_mss = true};
    struct tcp_pair pair = client(number);
    tcp_fastopen_give(jar, &pair, now_ns, &h);
    return h;
}

static enum tcp_fastopen_cookie judge(struct tcp_fastopen_jar *jar, uint32_t number,
                                      const struct wire_tcp *h, uint64_t now_ns)
{
    struct tcp_pair pair = client(number);
    return tcp_fastopen_judge(jar, &pair, h, now_ns);
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

// What Linux gives under net.ipv4.tcp_fastopen_key=a0bf63f7-ed803d81-cd641d30-cebc4a90: words are
// little-endian there.
static void users_keys_make_the_cookies_that_linux_makes_of_them(void **state)
{
    (void)state;
    static const uint8_t expected[TCP_FASTOPEN_COOKIE] = {0x00, 0xab, 0xaa, 0xab,
                                                          0xe8, 0xe9, 0x54, 0xc2};
    const struct siphash_key key = {UINT64_C(0xed803d81a0bf63f7), UINT64_C(0xcebc4a90cd641d30)};
    struct tcp_pair pair = {.local = synfin_addr_ipv4(192, 168, 0, 2),
                            .remote = synfin_addr_ipv4(10, 248, 0, 2)};
    struct tcp_fastopen_jar jar;
    struct wire_tcp h = {.has_fastopen = false};
    tcp_fastopen_init(&jar, SECRET, 0);
    tcp_fastopen_set_keys(&jar, &key, 1);
    tcp_fastopen_give(&jar, &pair, 5, &h);
    assert_memory_equal(h.cookie, expected, sizeof expected);
    assert_int_equal(tcp_fastopen_judge(&jar, &pair, &h, 100 * EPOCH_NS), TCP_FASTOPEN_COOKIE_GOOD);
    pair.local = synfin_addr_ipv4(192, 168, 0, 3);
    assert_int_equal(tcp_fastopen_judge(&jar, &pair, &h, 5), TCP_FASTOPEN_COOKIE_BAD);
}

static void users_key_before_is_good_and_replaced(void **state)
{
    (void)state;
    const struct siphash_key keys[3] = {{1, 2}, {3, 4}, {5, 6}};
    struct tcp_fastopen_jar jar;
    tcp_fastopen_init(&jar, SECRET, 0);
    struct wire_tcp own = cookie_of(&jar, 7, 5);
    tcp_fastopen_set_keys(&jar, &keys[1], 1);
    struct wire_tcp before = cookie_of(&jar, 7, 5);
    assert_int_equal(judge(&jar, 7, &own, 5), TCP_FASTOPEN_COOKIE_BAD);
    tcp_fastopen_set_keys(&jar, keys, 2);
    struct wire_tcp present = cookie_of(&jar, 7, 5);
    assert_int_equal(judge(&jar, 7, &before, 5), TCP_FASTOPEN_COOKIE_OLD);
    assert_int_equal(judge(&jar, 7, &present, 5), TCP_FASTOPEN_COOKIE_GOOD);
    tcp_fastopen_set_keys(&jar, &keys[2], 1);
    assert_int_equal(judge(&jar, 7, &present, 5), TCP_FASTOPEN_COOKIE_BAD);
    tcp_fastopen_set_keys(&jar, NULL, 0);
    assert_int_equal(judge(&jar, 7, &own, 5), TCP_FASTOPEN_COOKIE_GOOD);
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
        cmocka_unit_test(users_keys_make_the_cookies_that_linux_makes_of_them),
        cmocka_unit_test(users_key_before_is_good_and_replaced),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
