// SPDX-License-Identifier: MIT
//
// Reassembly: every way in which a segment can lie to a run (the 13 relations of Allen, 1983), the
// limits, the order of the SACK blocks, and random segments against an array that knows for each
// position which octet came first.
#include "buf/reassembly.h"

#include <string.h>

#include "lib/test_cmocka.h"
#include "lib/test_env.h"
#include "lib/test_random.h"
#include "lib/test_rows.h"

enum { CHUNK_BYTES = 32, SPACE = 400 };

struct fixture {
    struct synfin_env env;
    struct slab_source source;
    struct slab_pool runs;
    struct chunk_pool chunks;
    struct reassembly_memory memory;
    struct reassembly reassembly;
};

static void set_up(struct fixture *f, uint32_t runs_max, uint32_t chunks_max)
{
    test_env_init(&f->env);
    slab_source_init(&f->source, &f->env, SIZE_MAX, 4096);
    slab_pool_init(&f->runs, &f->source, sizeof(struct reassembly_run), UINT32_MAX);
    chunk_pool_init(&f->chunks, &f->source, CHUNK_BYTES);
    f->memory = (struct reassembly_memory){&f->runs, &f->chunks, runs_max, chunks_max};
    reassembly_init(&f->reassembly);
}

static void tear_down(struct fixture *f)
{
    reassembly_clear(&f->reassembly, &f->memory);
    assert_int_equal(f->reassembly.runs + f->reassembly.bytes + f->reassembly.chunks, 0);
    assert_int_equal(f->runs.objects + f->chunks.pool.objects, 0);
    slab_pool_deinit(&f->runs);
    chunk_pool_deinit(&f->chunks);
    assert_int_equal(test_env_of(&f->env)->slabs, 0);
}

static enum reassembly_verdict insert(struct fixture *f, uint32_t left, const void *data,
                                      uint32_t bytes)
{
    struct gather text;
    gather_of_octets(&text, data, bytes);
    enum reassembly_verdict verdict =
        reassembly_insert(&f->reassembly, &f->memory, seq_make(left), text);
    assert_true(reassembly_check(&f->reassembly));
    return verdict;
}

// Takes everything in order from `next` and compares it with `expected`.
static void assert_taken(struct fixture *f, uint32_t next, const char *expected)
{
    struct stream into;
    char out[SPACE + 1] = "";
    stream_init(&into);
    uint32_t bytes = reassembly_take(&f->reassembly, &f->memory, seq_make(next), &into);
    assert_int_equal(bytes, into.bytes);
    assert_int_equal(stream_read(&into, &f->chunks, out, SPACE), bytes);
    assert_string_equal(out, expected);
}

// The run holds "ABCDEFGHIJ" at 100..110; the segment's octets are lower case.
static void hist_39_segment_in_every_relation_to_a_run_keeps_what_came_first(void **state)
{
    (void)state;
    static const struct {
        uint32_t left, right;
        uint32_t runs;
        enum reassembly_verdict verdict;
        const char *taken; // in order from the lower of the two left edges
    } cases[] = {
        {90, 95, 2, REASSEMBLY_KEPT, "aaaaa"},                 // before
        {90, 100, 1, REASSEMBLY_KEPT, "aaaaaaaaaaABCDEFGHIJ"}, // meets
        {95, 105, 1, REASSEMBLY_KEPT, "aaaaaABCDEFGHIJ"},      // overlaps
        {95, 110, 1, REASSEMBLY_KEPT, "aaaaaABCDEFGHIJ"},      // finished by
        {95, 115, 1, REASSEMBLY_KEPT, "aaaaaABCDEFGHIJaaaaa"}, // contains
        {100, 105, 1, REASSEMBLY_DUPLICATE, "ABCDEFGHIJ"},     // starts
        {100, 110, 1, REASSEMBLY_DUPLICATE, "ABCDEFGHIJ"},     // equals
        {100, 115, 1, REASSEMBLY_KEPT, "ABCDEFGHIJaaaaa"},     // started by
        {103, 107, 1, REASSEMBLY_DUPLICATE, "ABCDEFGHIJ"},     // during
        {105, 110, 1, REASSEMBLY_DUPLICATE, "ABCDEFGHIJ"},     // finishes
        {105, 115, 1, REASSEMBLY_KEPT, "ABCDEFGHIJaaaaa"},     // overlapped by
        {110, 115, 1, REASSEMBLY_KEPT, "ABCDEFGHIJaaaaa"},     // met by
        {115, 120, 2, REASSEMBLY_KEPT, "ABCDEFGHIJ"},          // after
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fixture f;
        set_up(&f, 8, 64);
        // Moved so that the run straddles the wrap of sequence numbers.
        uint32_t base = UINT32_MAX - 104;
        assert_int_equal(insert(&f, base + 100, "ABCDEFGHIJ", 10), REASSEMBLY_KEPT);
        uint32_t bytes = cases[i].right - cases[i].left;
        assert_int_equal(insert(&f, base + cases[i].left, "aaaaaaaaaaaaaaaaaaaa", bytes),
                         cases[i].verdict);
        assert_int_equal(f.reassembly.runs, cases[i].runs);
        assert_taken(&f, base + (cases[i].left < 100 ? cases[i].left : 100), cases[i].taken);
        tear_down(&f);
    }
}

static void segment_across_many_runs_joins_them_all(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f, 8, 64);
    insert(&f, 10, "AA", 2);
    insert(&f, 14, "BB", 2);
    insert(&f, 18, "CC", 2);
    assert_int_equal(insert(&f, 8, "xxxxxxxxxxxxxx", 14), REASSEMBLY_KEPT);
    assert_int_equal(f.reassembly.runs, 1);
    assert_taken(&f, 8, "xxAAxxBBxxCCxx");
    tear_down(&f);
}

static void run_at_the_limit_is_refused_but_filling_is_not(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f, 2, 64);
    assert_int_equal(insert(&f, 10, "A", 1), REASSEMBLY_KEPT);
    assert_int_equal(insert(&f, 20, "B", 1), REASSEMBLY_KEPT);
    assert_int_equal(insert(&f, 30, "C", 1), REASSEMBLY_REFUSED);
    assert_int_equal(insert(&f, 5, "C", 1), REASSEMBLY_REFUSED);
    assert_int_equal(f.reassembly.bytes, 2);
    assert_int_equal(insert(&f, 21, "D", 1), REASSEMBLY_KEPT);
    assert_int_equal(insert(&f, 8, "zzz", 3), REASSEMBLY_KEPT); // reaches the first run
    assert_int_equal(insert(&f, 7, "y", 1), REASSEMBLY_KEPT);   // ends where it begins
    assert_int_equal(insert(&f, 11, "xxxxxxxxx", 9), REASSEMBLY_KEPT);
    assert_taken(&f, 7, "yzzAxxxxxxxxxBD");
    tear_down(&f);
}

static void chunks_at_the_limit_keep_what_fits(void **state)
{
    (void)state;
    struct fixture f;
    static const char octets[5 * CHUNK_BYTES + 1] = "first";
    set_up(&f, 8, 3);
    assert_int_equal(insert(&f, 1000, octets, 5), REASSEMBLY_KEPT);
    assert_int_equal(insert(&f, 2000, octets, 5 * CHUNK_BYTES), REASSEMBLY_REFUSED);
    assert_int_equal(f.reassembly.chunks, 3);
    assert_int_equal(f.reassembly.bytes, 5 + 2 * CHUNK_BYTES);
    assert_int_equal(insert(&f, 3000, octets, 1), REASSEMBLY_REFUSED);
    assert_int_equal(f.reassembly.runs, 2);
    assert_int_equal(insert(&f, 1005, octets, CHUNK_BYTES - 5), REASSEMBLY_KEPT);
    assert_int_equal(insert(&f, 1000 + CHUNK_BYTES, octets, 1), REASSEMBLY_REFUSED);
    assert_int_equal(insert(&f, 1001, octets, 9), REASSEMBLY_DUPLICATE);
    assert_int_equal(insert(&f, 1990, octets, 20), REASSEMBLY_REFUSED); // would lengthen a run
    assert_int_equal(f.reassembly.bytes, 3 * CHUNK_BYTES);
    tear_down(&f);
}

static void empty_pool_refuses_and_stays_consistent(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f, 8, 64);
    for (uint32_t fail_after = 0; fail_after < 4; fail_after++) {
        test_env_of(&f.env)->fail_after = test_env_of(&f.env)->takes + fail_after;
        enum reassembly_verdict verdict = insert(&f, 10, "A", 1);
        // Two pools, and each takes a directory and a slab.
        assert_int_equal(verdict, REASSEMBLY_REFUSED);
        assert_int_equal(f.reassembly.runs, 0);
        slab_pool_deinit(&f.runs);
        chunk_pool_deinit(&f.chunks);
    }
    test_env_of(&f.env)->fail_after = UINT32_MAX;
    assert_int_equal(insert(&f, 10, "A", 1), REASSEMBLY_KEPT);
    tear_down(&f);
}

static void drop_last_forgets_the_farthest_run_only(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f, 8, 64);
    assert_int_equal(insert(&f, 10, "AB", 2), REASSEMBLY_KEPT);
    assert_int_equal(insert(&f, 30, "EF", 2), REASSEMBLY_KEPT);
    assert_int_equal(insert(&f, 20, "CD", 2), REASSEMBLY_KEPT);
    reassembly_drop_last(&f.reassembly, &f.memory);
    assert_true(reassembly_check(&f.reassembly));
    assert_int_equal(f.reassembly.runs, 2);
    assert_int_equal(f.reassembly.bytes, 4);
    assert_int_equal(insert(&f, 12, "xxxxxxxx", 8), REASSEMBLY_KEPT);
    assert_taken(&f, 10, "ABxxxxxxxxCD");
    assert_int_equal(insert(&f, 40, "G", 1), REASSEMBLY_KEPT);
    reassembly_drop_last(&f.reassembly, &f.memory);
    assert_true(reassembly_check(&f.reassembly));
    assert_int_equal(f.runs.objects + f.chunks.pool.objects, 0);
    tear_down(&f);
}

static void blocks_are_the_most_recently_changed_first(void **state)
{
    (void)state;
    struct fixture f;
    struct reassembly_block blocks[8];
    set_up(&f, 8, 64);
    assert_int_equal(reassembly_blocks(&f.reassembly, blocks, 8), 0);
    insert(&f, 10, "AA", 2);
    insert(&f, 40, "BB", 2);
    insert(&f, 20, "CC", 2);
    insert(&f, 30, "DD", 2);
    insert(&f, 41, "b", 1); // brings nothing new, and is what arrived last
    insert(&f, 12, "a", 1);
    static const uint32_t expected[][2] = {{10, 13}, {40, 42}, {30, 32}, {20, 22}};
    assert_int_equal(reassembly_blocks(&f.reassembly, blocks, 8), 4);
    for (uint32_t i = 0; i < 4; i++) {
        assert_int_equal(blocks[i].left.n, expected[i][0]);
        assert_int_equal(blocks[i].right.n, expected[i][1]);
    }
    assert_int_equal(reassembly_blocks(&f.reassembly, blocks, 3), 3);
    assert_int_equal(blocks[2].left.n, 30);
    tear_down(&f);
}

static void find_gives_the_first_run_that_holds_any(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f, 8, 64);
    assert_null(reassembly_find(&f.reassembly, (struct seq){0}, 50));
    insert(&f, 10, "AAAA", 4);
    insert(&f, 20, "BBBB", 4);
    for (uint32_t left = 0; left < 30; left++) {
        for (uint32_t bytes = 0; left + bytes < 30; bytes++) {
            const struct reassembly_run *run =
                reassembly_find(&f.reassembly, (struct seq){left}, bytes);
            bool has_first = left < 14 && left + bytes > 10 && bytes > 0;
            bool has_second = left < 24 && left + bytes > 20 && bytes > 0;
            assert_int_equal(run == NULL, !has_first && !has_second);
            assert_true(run == NULL || run->left.n == (has_first ? 10u : 20u));
        }
    }
    tear_down(&f);
}

static void take_drops_what_lies_before_and_moves_the_rest(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f, 8, 64);
    insert(&f, 10, "ABCD", 4);
    insert(&f, 20, "EFGH", 4);
    insert(&f, 30, "IJKL", 4);
    assert_taken(&f, 9, "");
    assert_int_equal(f.reassembly.runs, 3);
    assert_taken(&f, 22, "GH");
    assert_int_equal(f.reassembly.runs, 1);
    assert_int_equal(f.reassembly.bytes, 4);
    assert_taken(&f, 34, "");
    assert_int_equal(f.reassembly.runs, 0);
    tear_down(&f);
}

// For each position: 0 when not held, else the octet that came first.
struct model {
    struct fixture f;
    uint8_t octet[SPACE];
    uint32_t base, next; // sequence number of octet[0]; first position not yet taken
};

static void assert_equals_model(struct model *m)
{
    struct reassembly_run *run = m->f.reassembly.first;
    for (uint32_t at = m->next; at < SPACE; run = run->next) {
        while (at < SPACE && m->octet[at] == 0) {
            at++;
        }
        if (at == SPACE) {
            break;
        }
        assert_non_null(run);
        assert_int_equal(run->left.n, m->base + at);
        for (const struct chunk *chunk = run->data.first; chunk != NULL; chunk = chunk->next) {
            uint32_t bytes = chunk->end - chunk->start;
            assert_memory_equal(chunk->data + chunk->start, m->octet + at, bytes);
            at += bytes;
        }
        assert_true(at == SPACE || m->octet[at] == 0);
    }
    assert_null(run);
}

// Puts a segment into both. What was refused is learned from the runs: whatever they hold more
// than before must be the front of what was new.
static void insert_step(struct model *m, uint64_t *seed)
{
    uint8_t octets[40];
    uint32_t left = m->next + test_random_below(seed, SPACE - m->next);
    uint32_t bytes = 1 + test_random_below(seed, 39);
    bytes = bytes < SPACE - left ? bytes : SPACE - left;
    memset(octets, 1 + (int)test_random_below(seed, 255), sizeof octets);
    uint32_t before = m->f.reassembly.bytes;
    enum reassembly_verdict verdict = insert(&m->f, m->base + left, octets, bytes);
    uint32_t added = m->f.reassembly.bytes - before;
    uint32_t fresh = 0;
    for (uint32_t i = left; i < left + bytes; i++) {
        if (m->octet[i] == 0) {
            fresh++;
            m->octet[i] = fresh <= added ? octets[0] : 0;
        }
    }
    if (verdict == REASSEMBLY_DUPLICATE) {
        assert_int_equal(fresh, 0);
    } else if (verdict == REASSEMBLY_KEPT) {
        assert_true(fresh > 0 && added == fresh);
    } else {
        assert_true(added < fresh);
        // 39 octets need two chunks at most, and may have been put back.
        assert_true(m->f.reassembly.runs == m->f.memory.runs_max
                    || m->f.reassembly.chunks + 2 >= m->f.memory.chunks_max);
    }
}

static void take_step(struct model *m, uint64_t *seed)
{
    uint8_t out[SPACE];
    struct stream into;
    stream_init(&into);
    m->next += test_random_below(seed, SPACE - m->next);
    uint32_t bytes =
        reassembly_take(&m->f.reassembly, &m->f.memory, seq_make(m->base + m->next), &into);
    assert_int_equal(stream_read(&into, &m->f.chunks, out, SPACE), bytes);
    assert_memory_equal(out, m->octet + m->next, bytes);
    m->next += bytes;
    assert_true(m->next == SPACE || m->octet[m->next] == 0);
}

static void hist_39_reassembly_equals_model_after_random_segments(void **state)
{
    (void)state;
    static struct model m;
    uint64_t seed = 41;
    for (uint32_t round = 0; round < 4000; round++) {
        memset(m.octet, 0, sizeof m.octet);
        m.next = 0;
        m.base = UINT32_MAX - test_random_below(&seed, SPACE);
        set_up(&m.f, round % 3 == 0 ? 4 : 100, round % 3 == 1 ? 6 : 100);
        for (uint32_t step = 0; step < 60; step++) {
            insert_step(&m, &seed);
            if (test_random_below(&seed, 25) == 0 && m.next < SPACE) {
                take_step(&m, &seed);
            }
            if (m.next == SPACE) {
                break;
            }
            assert_equals_model(&m);
        }
        tear_down(&m.f);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hist_39_segment_in_every_relation_to_a_run_keeps_what_came_first),
        cmocka_unit_test(segment_across_many_runs_joins_them_all),
        cmocka_unit_test(run_at_the_limit_is_refused_but_filling_is_not),
        cmocka_unit_test(chunks_at_the_limit_keep_what_fits),
        cmocka_unit_test(empty_pool_refuses_and_stays_consistent),
        cmocka_unit_test(drop_last_forgets_the_farthest_run_only),
        cmocka_unit_test(blocks_are_the_most_recently_changed_first),
        cmocka_unit_test(find_gives_the_first_run_that_holds_any),
        cmocka_unit_test(take_drops_what_lies_before_and_moves_the_rest),
        cmocka_unit_test(hist_39_reassembly_equals_model_after_random_segments),
    };
    return test_rows_main(argc, argv, tests, sizeof tests / sizeof tests[0], test_rows_run);
}
