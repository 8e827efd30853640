// SPDX-License-Identifier: MIT
//
// What nobody off the path may guess, by chance: initial sequence numbers, offsets of timestamps
// and ephemeral ports of any pairs under any keys. Each bit of them is as often 1 as 0, and each
// bit of a pair or of a key changes each of them half of the time (docs/history.md 79 to 82).
#include "conn_box.h"
#include "lib/test_random.h"
#include "lib/test_rows.h"

enum {
    DRAWS = 4000,
    BITS = 32,
    OFF = 400, // of 2000 expected: twelve standard deviations
    PORTS = 256,
    PORT_DRAWS = 20000,
};

static uint32_t sequence_of(const struct tcp *tcp, const struct tcp_pair *pair)
{
    return tcp_isn(tcp, pair, 0).n;
}

typedef uint32_t (*secret_fn)(const struct tcp *tcp, const struct tcp_pair *pair);

static void draw_keys(struct tcp *tcp, uint64_t *random)
{
    test_random_fill(random, &tcp->isn_key, sizeof tcp->isn_key);
    test_random_fill(random, &tcp->ts_key, sizeof tcp->ts_key);
    test_random_fill(random, &tcp->table_key, sizeof tcp->table_key);
}

static void flip_bit(void *octets, size_t bytes, uint64_t *random)
{
    uint32_t bit = test_random_below(random, (uint32_t)bytes * 8);
    ((uint8_t *)octets)[bit / 8] ^= (uint8_t)(1 << bit % 8);
}

static void count_bits(uint32_t word, uint32_t *ones)
{
    for (uint32_t i = 0; i < BITS; i++) {
        ones[i] += word >> i & 1;
    }
}

static void assert_even(const uint32_t *ones)
{
    for (uint32_t i = 0; i < BITS; i++) {
        assert_in_range(ones[i], DRAWS / 2 - OFF, DRAWS / 2 + OFF);
    }
}

static void assert_unguessable(secret_fn secret, bool is_ts)
{
    static struct tcp tcp;
    uint32_t ones[BITS] = {0};
    uint32_t by_pair[BITS] = {0};
    uint32_t by_key[BITS] = {0};
    uint64_t random = 79;
    for (uint32_t i = 0; i < DRAWS; i++) {
        struct tcp_pair pair;
        draw_keys(&tcp, &random);
        test_random_fill(&random, &pair, sizeof pair);
        struct tcp_pair other = pair;
        uint32_t first = secret(&tcp, &pair);
        count_bits(first, ones);
        flip_bit(&other, sizeof other, &random);
        count_bits(first ^ secret(&tcp, &other), by_pair);
        flip_bit(is_ts ? &tcp.ts_key : &tcp.isn_key, sizeof tcp.ts_key, &random);
        count_bits(first ^ secret(&tcp, &pair), by_key);
    }
    assert_even(ones);
    assert_even(by_pair);
    assert_even(by_key);
}

static void hist_79_sequence_numbers_hang_on_every_bit(void **state)
{
    (void)state;
    assert_unguessable(sequence_of, false);
}

static void hist_81_82_timestamps_hang_on_every_bit(void **state)
{
    (void)state;
    assert_unguessable(tcp_isn_ts_offset, true);
}

// Chi-squared of 256 ports, of a range that begins and ends anywhere.
static void hist_80_any_port_of_a_range_is_as_likely(void **state)
{
    (void)state;
    uint64_t random = 80;
    for (uint32_t round = 0; round < 4; round++) {
        uint32_t count[PORTS] = {0};
        struct conn_box box;
        conn_box_init(&box);
        box.tcp.config.port_first = (uint16_t)(1024 + test_random_below(&random, 60000));
        box.tcp.config.port_last = (uint16_t)(box.tcp.config.port_first + PORTS - 1);
        for (uint32_t i = 0; i < PORT_DRAWS; i++) {
            struct tcp_pair pair;
            test_random_fill(&random, &pair, sizeof pair);
            assert_int_equal(tcp_port_choose(&box.tcp, &pair, box.now_ns), SYNFIN_ERROR_OK);
            assert_in_range(pair.local_port, box.tcp.config.port_first, box.tcp.config.port_last);
            count[pair.local_port - box.tcp.config.port_first]++;
        }
        double chi = 0;
        for (uint32_t i = 0; i < PORTS; i++) {
            double off = (double)count[i] - (double)PORT_DRAWS / PORTS;
            chi += off * off * PORTS / PORT_DRAWS;
        }
        assert_true(chi < 370); // 255 degrees of freedom: 1 in 10^5 lies above 362
        conn_box_deinit(&box);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(hist_79_sequence_numbers_hang_on_every_bit),
    cmocka_unit_test(hist_80_any_port_of_a_range_is_as_likely),
    cmocka_unit_test(hist_81_82_timestamps_hang_on_every_bit),
};
ROWS_MAIN(tests)
