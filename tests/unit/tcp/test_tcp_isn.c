// SPDX-License-Identifier: MIT
//
// Initial sequence numbers and timestamp offsets: RFC 9293 §3.4.1, RFC 6528, RFC 7323 §7.1.
#include "lib/segment.h"
#include "tcp/tcp_internal.h"

enum { DRAWS = 20000 };

static struct tcp_pair pair_of(uint32_t number)
{
    return (struct tcp_pair){.local = bench.ours,
                             .remote = bench.theirs,
                             .local_port = (uint16_t)(1024 + number % 60000),
                             .remote_port = (uint16_t)(80 + number / 60000)};
}

static uint32_t isn(uint32_t number, uint64_t now_ns)
{
    struct tcp_pair pair = pair_of(number);
    return tcp_isn(bench.tcp, &pair, now_ns).n;
}

// RFC 9293 §3.4.1 [MUST-8]: one more every 4 microseconds, around the circle in 4.8 hours.
static void number_follows_the_clock(void **state)
{
    (void)state;
    segment_wait_for_iss();
    uint32_t first = isn(1, 0);
    CHECK_EQ(isn(1, 3999), first);
    CHECK_EQ(isn(1, 4000), first + 1);
    CHECK_EQ(isn(1, SEC(1)), first + 250000);
    CHECK_EQ(isn(1, UINT64_C(4000) << 32), first);
    CHECK_EQ(isn(1, UINT64_MAX), first + (uint32_t)(UINT64_MAX / 4000));
}

// RFC 9293 §3.4.1 [SHLD-1]: every part of the pair counts.
static void number_depends_on_every_part_of_the_pair(void **state)
{
    (void)state;
    segment_wait_for_iss();
    struct tcp_pair base = pair_of(7);
    struct tcp_pair other[4] = {base, base, base, base};
    other[0].local.octet[15] ^= 1;
    other[1].remote.octet[15] ^= 1;
    other[2].local_port ^= 1;
    other[3].remote_port ^= 1;
    for (size_t i = 0; i < 4; i++) {
        CHECK(tcp_isn(bench.tcp, &other[i], 0).n != tcp_isn(bench.tcp, &base, 0).n);
        CHECK(tcp_isn_ts_offset(bench.tcp, &other[i]) != tcp_isn_ts_offset(bench.tcp, &base));
        CHECK(tcp_isn_ts_offset(bench.tcp, &other[i]) != tcp_isn(bench.tcp, &other[i], 0).n);
    }
}

// hist/81: two peers behind one address learn nothing of each other from the timestamps' clock.
static void hist_81_timestamp_offset_is_each_connections_own(void **state)
{
    (void)state;
    segment_wait_for_iss();
    uint64_t sum = 0;
    for (uint32_t i = 0; i < DRAWS; i++) {
        struct tcp_pair a = pair_of(i);
        struct tcp_pair b = pair_of(i + 1);
        uint32_t apart = tcp_isn_ts_offset(bench.tcp, &a) - tcp_isn_ts_offset(bench.tcp, &b);
        CHECK(apart != 0);
        sum += (uint64_t)__builtin_popcount(apart);
    }
    CHECK(sum > DRAWS * UINT64_C(15) && sum < DRAWS * UINT64_C(17)); // of 32 bits, 16 differ
}

// RFC 9293 §3.4.1 [MUST-9]; hist/79: without the key one number says nothing of the next.
static void hist_79_next_number_cannot_be_told_from_the_last(void **state)
{
    uint32_t near = 0;
    uint32_t same_step = 0;
    uint32_t ones[32] = {0};
    (void)state;
    segment_wait_for_iss();
    for (uint32_t i = 2; i < DRAWS; i++) {
        uint32_t step = isn(i, 0) - isn(i - 1, 0);
        near += step + 65536 < 2 * 65536;
        same_step += step == isn(i - 1, 0) - isn(i - 2, 0);
        for (uint32_t bit = 0; bit < 32; bit++) {
            ones[bit] += isn(i, 0) >> bit & 1;
        }
    }
    CHECK(near <= 5); // by chance 0.6
    CHECK_EQ(same_step, 0);
    for (uint32_t bit = 0; bit < 32; bit++) { // mean DRAWS/2, standard deviation 71
        CHECK(ones[bit] > DRAWS / 2 - 500 && ones[bit] < DRAWS / 2 + 500);
    }
}

// hist/79: another key, another world.
static void hist_79_keys_make_unrelated_numbers(void **state)
{
    (void)state;
    segment_wait_for_iss();
    uint32_t before[64];
    for (uint32_t i = 0; i < 64; i++) {
        before[i] = isn(i, 0);
    }
    struct siphash_key key = bench.tcp->isn_key;
    ((uint8_t *)&bench.tcp->isn_key)[3] ^= 0x10;
    uint32_t shift = isn(0, 0) - before[0];
    uint32_t same = 0;
    for (uint32_t i = 0; i < 64; i++) {
        same += isn(i, 0) - before[i] == shift;
    }
    bench.tcp->isn_key = key;
    CHECK_EQ(same, 1);
}

static void keys_are_drawn_and_differ(void **state)
{
    static const struct siphash_key none;
    (void)state;
    segment_wait_for_iss();
    const struct siphash_key *keys[] = {&bench.tcp->isn_key, &bench.tcp->ts_key,
                                        &bench.tcp->table_key};
    for (size_t i = 0; i < 3; i++) {
        assert_memory_not_equal(keys[i], &none, sizeof none);
        assert_memory_not_equal(keys[i], keys[(i + 1) % 3], sizeof none);
    }
}

// The number on the wire is the generator's, at the moment of the call.
static void connect_uses_the_generator(void **state)
{
    (void)state;
    CONNECT();
    struct tcp_pair pair = segment_conn()->pair;
    uint32_t wanted = tcp_isn(bench.tcp, &pair, bench.now_ns).n;
    ADVANCE(MS(5));
    EXPECT(.flags = SYN);
    CHECK_EQ(segment_iss(), wanted);
}

// hist/92: a later connection of the same pair begins beyond the earlier one.
static void hist_92_later_incarnation_begins_later(void **state)
{
    (void)state;
    REACH(CLOSED);
    uint32_t first = segment_iss();
    CLOSE();
    ADVANCE(MS(100));
    struct tcp_pair pair = {.local = bench.ours,
                            .remote = bench.theirs,
                            .local_port = bench.stack_port,
                            .remote_port = bench.peer_port};
    CHECK((int32_t)(tcp_isn(bench.tcp, &pair, bench.now_ns).n - (first + 2)) > 0);
}

static const struct CMUnitTest tests[] = {
    SEGMENT_TEST(number_follows_the_clock),
    SEGMENT_TEST(number_depends_on_every_part_of_the_pair),
    SEGMENT_TEST(hist_81_timestamp_offset_is_each_connections_own),
    SEGMENT_TEST(hist_79_next_number_cannot_be_told_from_the_last),
    SEGMENT_TEST(hist_79_keys_make_unrelated_numbers),
    SEGMENT_TEST(keys_are_drawn_and_differ),
    SEGMENT_TEST(connect_uses_the_generator),
    SEGMENT_TEST(hist_92_later_incarnation_begins_later),
};
SEGMENT_MAIN(tests)
