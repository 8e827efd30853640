// SPDX-License-Identifier: MIT
//
// The table of connections by their pair, against a naive model, while it grows and when it
// cannot; and that nobody without its key can aim at one chain.
#include <stdlib.h>
#include <string.h>

#include "lib/segment.h"
#include "lib/test_random.h"
#include "tcp/tcp_internal.h"

enum { CONNS = 600, STEPS = 6000, FLOOD = 4096 };

static struct tcp_pair pair_of(uint32_t number)
{
    return (struct tcp_pair){.local = bench.ours,
                             .remote = bench.theirs,
                             .local_port = (uint16_t)(number % 7 + 1),
                             .remote_port = (uint16_t)(number / 7 + 1)};
}

static struct tcp_conn *make_conns(void)
{
    struct tcp_conn *conns = calloc(CONNS, sizeof *conns);
    assert_non_null(conns);
    segment_wait_for_iss();
    for (uint32_t i = 0; i < CONNS; i++) {
        conns[i].pair = pair_of(i);
    }
    return conns;
}

static void compare_all(struct tcp_conn *conns)
{
    uint64_t hash;
    uint32_t in_table = 0;
    for (uint32_t i = 0; i < CONNS; i++) {
        struct tcp_pair pair = pair_of(i);
        struct tcp_conn *wanted = conns[i].is_in_table ? &conns[i] : NULL;
        CHECK(tcp_table_find(bench.tcp, &pair) == wanted);
        CHECK(tcp_table_find_again(bench.tcp, &pair, &hash) == wanted);
        in_table += conns[i].is_in_table;
    }
    CHECK_EQ(bench.tcp->in_table, in_table);
}

static void run_random_steps(struct tcp_conn *conns)
{
    uint64_t seed = bench.irs;
    uint64_t hash;
    for (uint32_t step = 0; step < STEPS; step++) {
        struct tcp_conn *conn = &conns[test_random_below(&seed, CONNS)];
        struct tcp_pair pair = conn->pair;
        bool was_in = conn->is_in_table;
        CHECK(tcp_table_find_again(bench.tcp, &pair, &hash) == (was_in ? conn : NULL));
        if (was_in) {
            tcp_table_remove(bench.tcp, conn);
        } else {
            tcp_table_insert(bench.tcp, conn);
        }
        CHECK(tcp_table_find_again(bench.tcp, &pair, &hash) == (was_in ? NULL : conn));
        CHECK_EQ(conn->is_in_table, !was_in);
        if (step % 500 == 0) {
            compare_all(conns);
        }
    }
    compare_all(conns);
}

static void remove_all(struct tcp_conn *conns)
{
    for (uint32_t i = 0; i < CONNS; i++) {
        tcp_table_remove(bench.tcp, &conns[i]);
    }
    CHECK_EQ(bench.tcp->in_table, 0);
    free(conns);
}

static void random_steps_agree_with_the_model(void **state)
{
    (void)state;
    struct tcp_conn *conns = make_conns();
    run_random_steps(conns);
    CHECK(bench.tcp->bucket_count >= 256);
    remove_all(conns);
}

static void table_that_cannot_grow_stays_right(void **state)
{
    (void)state;
    struct tcp_conn *conns = make_conns();
    uint32_t buckets = bench.tcp->bucket_count;
    bench.tcp->memory->limit_bytes = bench.tcp->memory->taken_bytes;
    run_random_steps(conns);
    CHECK_EQ(bench.tcp->bucket_count, buckets);
    remove_all(conns);
}

static void removing_twice_and_what_is_not_in_does_nothing(void **state)
{
    (void)state;
    struct tcp_conn *conns = make_conns();
    tcp_table_remove(bench.tcp, &conns[0]);
    tcp_table_insert(bench.tcp, &conns[0]);
    tcp_table_remove(bench.tcp, &conns[0]);
    tcp_table_remove(bench.tcp, &conns[0]);
    remove_all(conns);
}

static uint32_t longest_chain(void)
{
    uint32_t longest = 0;
    for (uint32_t i = 0; i < bench.tcp->bucket_count; i++) {
        uint32_t length = 0;
        for (const struct tcp_conn *c = bench.tcp->buckets[i]; c != NULL; c = c->table_next) {
            length++;
        }
        longest = length > longest ? length : longest;
    }
    return longest;
}

// hist/77: pairs that all meet in one bucket under one key are spread under another.
static void hist_77_chains_aimed_at_under_another_key_are_short(void **state)
{
    (void)state;
    struct tcp_conn *conns = make_conns();
    uint32_t chosen = 0;
    for (uint32_t i = 0; i < FLOOD * 64 && chosen < 64; i++) { // the attacker's key: all zero
        static const struct siphash_key guess;
        struct tcp_pair pair = pair_of(i);
        if (siphash_13(&guess, &pair, sizeof pair) % 64 == 0) {
            conns[chosen].pair = pair;
            tcp_table_insert(bench.tcp, &conns[chosen++]);
        }
    }
    CHECK_EQ(chosen, 64);
    CHECK(longest_chain() <= 8);
    remove_all(conns);
}

static const struct CMUnitTest tests[] = {
    SEGMENT_TEST(random_steps_agree_with_the_model),
    SEGMENT_TEST(table_that_cannot_grow_stays_right),
    SEGMENT_TEST(removing_twice_and_what_is_not_in_does_nothing),
    SEGMENT_TEST(hist_77_chains_aimed_at_under_another_key_are_short),
};
SEGMENT_MAIN(tests)
