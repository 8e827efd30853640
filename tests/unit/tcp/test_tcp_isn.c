// SPDX-License-Identifier: MIT
//
// Initial sequence numbers: a clock of 4 us, plus what only this stack can compute of the pair.
#include <string.h>

#include "lib/test_cmocka.h"
#include "tcp/tcp_internal.h"

static struct tcp_pair pair_of(uint16_t local_port, uint8_t last_octet)
{
    struct tcp_pair pair;
    memset(&pair, 0, sizeof pair);
    pair.local = synfin_addr_ipv4(192, 0, 2, 2);
    pair.remote = synfin_addr_ipv4(192, 0, 2, last_octet);
    pair.local_port = local_port;
    pair.remote_port = 80;
    return pair;
}

static struct tcp *tcp_with_key(uint64_t k0)
{
    static struct tcp tcp;
    memset(&tcp, 0, sizeof tcp);
    tcp.isn_key = (struct siphash_key){.k0 = k0, .k1 = 2};
    tcp.ts_key = (struct siphash_key){.k0 = k0, .k1 = 3};
    return &tcp;
}

// RFC 9293 §3.4.1 [MUST-8]: one step every 4 us, and around once in 4.77 hours.
static void isn_of_a_pair_follows_the_clock(void **state)
{
    (void)state;
    const struct tcp *tcp = tcp_with_key(1);
    const struct tcp_pair pair = pair_of(40000, 1);
    const uint64_t start_ns = 123 * NS_PER_S;
    struct seq first = tcp_isn(tcp, &pair, start_ns);
    assert_int_equal(seq_distance(first, tcp_isn(tcp, &pair, start_ns + 3999)), 0);
    assert_int_equal(seq_distance(first, tcp_isn(tcp, &pair, start_ns + 4000)), 1);
    assert_int_equal(seq_distance(first, tcp_isn(tcp, &pair, start_ns + NS_PER_S)), 250000);
    uint64_t around_ns = (UINT64_C(1) << 32) * 4000;
    assert_true(seq_eq(first, tcp_isn(tcp, &pair, start_ns + around_ns)));
}

// Bits that differ between two numbers.
static uint32_t distance(struct seq a, struct seq b)
{
    return (uint32_t)__builtin_popcount(a.n ^ b.n);
}

// RFC 9293 §3.4.1 [SHLD-1, MUST-9]: who knows the numbers of one pair knows nothing of another's.
static void isn_of_neighbouring_pairs_have_nothing_in_common(void **state)
{
    (void)state;
    const struct tcp *tcp = tcp_with_key(1);
    uint32_t bits = 0;
    for (uint16_t port = 1000; port < 2000; port++) {
        const struct tcp_pair pair = pair_of(port, 1);
        const struct tcp_pair next_port = pair_of((uint16_t)(port + 1), 1);
        const struct tcp_pair next_host = pair_of(port, 2);
        struct seq isn = tcp_isn(tcp, &pair, 0);
        bits += distance(isn, tcp_isn(tcp, &next_port, 0));
        bits += distance(isn, tcp_isn(tcp, &next_host, 0));
    }
    // 64,000 fair coins: the mean is 32,000, and six standard deviations are 759.
    assert_in_range(bits, 32000 - 759, 32000 + 759);
}

// RFC 9293 §3.4.1 [MUST-9]: without the key nothing can be computed.
static void isn_under_another_key_is_another(void **state)
{
    (void)state;
    const struct tcp_pair pair = pair_of(40000, 1);
    uint32_t bits = 0;
    for (uint64_t key = 1; key <= 1000; key++) {
        struct seq isn = tcp_isn(tcp_with_key(key), &pair, 0);
        bits += distance(isn, tcp_isn(tcp_with_key(key + 1), &pair, 0));
    }
    // 32,000 coins: six standard deviations are 537.
    assert_in_range(bits, 16000 - 537, 16000 + 537);
}

// RFC 7323 §7.1: the offset of timestamps is as secret, and not the same function.
static void timestamp_offset_is_keyed_on_its_own(void **state)
{
    (void)state;
    const struct tcp *tcp = tcp_with_key(7);
    const struct tcp_pair pair = pair_of(40000, 1);
    const struct tcp_pair other = pair_of(40001, 1);
    assert_int_not_equal(tcp_isn_ts_offset(tcp, &pair), tcp_isn_ts_offset(tcp, &other));
    assert_int_not_equal(tcp_isn_ts_offset(tcp, &pair), tcp_isn(tcp, &pair, 0).n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(isn_of_a_pair_follows_the_clock),
        cmocka_unit_test(isn_of_neighbouring_pairs_have_nothing_in_common),
        cmocka_unit_test(isn_under_another_key_is_another),
        cmocka_unit_test(timestamp_offset_is_keyed_on_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
