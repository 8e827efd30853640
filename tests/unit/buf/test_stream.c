// SPDX-License-Identifier: MIT
//
// Streams of octets in chunks against one flat array, with pools that run empty.
#include "buf/stream.h"

#include <string.h>

#include "lib/test_cmocka.h"
#include "lib/test_env.h"
#include "lib/test_random.h"

enum { CHUNK_BYTES = 64, FLAT_MAX = 8192, PIECES_MAX = 17 };

struct fixture {
    struct synfin_env env;
    struct slab_source source;
    struct chunk_pool chunks;
    struct stream stream;
};

static void set_up(struct fixture *f, size_t limit_bytes)
{
    test_env_init(&f->env);
    slab_source_init(&f->source, &f->env, limit_bytes, 4096);
    chunk_pool_init(&f->chunks, &f->source, CHUNK_BYTES);
    stream_init(&f->stream);
}

static void tear_down(struct fixture *f)
{
    stream_clear(&f->stream, &f->chunks);
    assert_int_equal(f->stream.bytes + f->stream.chunks, 0);
    assert_int_equal(f->chunks.pool.objects, 0);
    chunk_pool_deinit(&f->chunks);
    assert_int_equal(test_env_of(&f->env)->slabs, 0);
}

static uint32_t append(struct fixture *f, struct stream *stream, const void *data, uint32_t bytes)
{
    struct gather gather;
    gather_of_octets(&gather, data, bytes);
    uint32_t appended = stream_append(stream, &f->chunks, &gather, UINT32_MAX);
    assert_int_equal(gather.bytes, bytes - appended);
    return appended;
}

static void stream_holds_chunks_only_while_it_holds_octets(void **state)
{
    (void)state;
    struct fixture f;
    uint8_t octets[3 * CHUNK_BYTES] = {1, 2, 3};
    set_up(&f, SIZE_MAX);
    assert_int_equal(append(&f, &f.stream, octets, CHUNK_BYTES), CHUNK_BYTES);
    assert_int_equal(f.stream.chunks, 1);
    assert_int_equal(append(&f, &f.stream, octets, 1), 1);
    assert_int_equal(f.stream.chunks, 2);
    stream_drop(&f.stream, &f.chunks, CHUNK_BYTES - 1);
    assert_int_equal(f.stream.chunks, 2);
    stream_drop(&f.stream, &f.chunks, 1);
    assert_int_equal(f.stream.chunks, 1);
    assert_int_equal(stream_read(&f.stream, &f.chunks, octets, 10), 1);
    assert_int_equal(f.stream.chunks, 0);
    assert_int_equal(f.chunks.pool.objects, 0);
    tear_down(&f);
}

static void stream_append_with_empty_pool_takes_what_fits(void **state)
{
    (void)state;
    struct fixture f;
    static uint8_t octets[FLAT_MAX];
    static uint8_t out[FLAT_MAX];
    uint64_t seed = 2;
    test_random_fill(&seed, octets, sizeof octets);
    set_up(&f, 4096 + 512); // one slab and the directory
    uint32_t held = f.chunks.pool.objects_per_slab * CHUNK_BYTES;
    assert_true(held < FLAT_MAX);
    assert_int_equal(append(&f, &f.stream, octets, FLAT_MAX), held);
    assert_int_equal(append(&f, &f.stream, octets, 1), 0);
    assert_int_equal(stream_read(&f.stream, &f.chunks, out, FLAT_MAX), held);
    assert_memory_equal(out, octets, held);
    tear_down(&f);
}

static void stream_peek_with_few_pieces_shows_less(void **state)
{
    (void)state;
    struct fixture f;
    uint8_t octets[4 * CHUNK_BYTES] = {0};
    struct synfin_span pieces[2];
    uint32_t count;
    set_up(&f, SIZE_MAX);
    append(&f, &f.stream, octets, sizeof octets);
    assert_int_equal(stream_peek(&f.stream, 10, 200, pieces, &count, 2), 2 * CHUNK_BYTES - 10);
    assert_int_equal(count, 2);
    assert_int_equal(stream_peek(&f.stream, 10, 0, pieces, &count, 2), 0);
    assert_int_equal(count, 0);
    assert_int_equal(stream_peek(&f.stream, 4 * CHUNK_BYTES, 1, pieces, &count, 2), 0);
    assert_int_equal(stream_peek(&f.stream, 4 * CHUNK_BYTES - 1, 9, pieces, &count, 2), 1);
    tear_down(&f);
}

// A retransmission of the first octets must not cost the cursor its place far behind.
static void stream_peek_at_the_front_leaves_the_cursor(void **state)
{
    (void)state;
    struct fixture f;
    uint8_t octets[20 * CHUNK_BYTES] = {0};
    struct synfin_span piece;
    uint32_t count;
    set_up(&f, SIZE_MAX);
    append(&f, &f.stream, octets, sizeof octets);
    stream_peek(&f.stream, 18 * CHUNK_BYTES + 1, 1, &piece, &count, 1);
    const struct chunk *cursor = f.stream.cursor;
    assert_non_null(cursor);
    stream_peek(&f.stream, 5, 1, &piece, &count, 1);
    assert_ptr_equal(f.stream.cursor, cursor);
    stream_drop(&f.stream, &f.chunks, 18 * CHUNK_BYTES);
    assert_ptr_equal(f.stream.cursor, cursor);
    stream_drop(&f.stream, &f.chunks, 1);
    assert_null(f.stream.cursor);
    tear_down(&f);
}

// Octets that come one by one cost no chunk each.
static void small_pieces_that_are_joined_share_chunks(void **state)
{
    (void)state;
    struct fixture f;
    set_up(&f, SIZE_MAX);
    for (uint32_t i = 0; i < 10 * CHUNK_BYTES; i++) {
        uint8_t octet = (uint8_t)i;
        struct stream other;
        stream_init(&other);
        assert_int_equal(append(&f, &other, &octet, 1), 1);
        stream_join(&f.stream, &f.chunks, &other);
        assert_int_equal(f.chunks.pool.objects, f.stream.chunks);
    }
    assert_int_equal(f.stream.bytes, 10 * CHUNK_BYTES);
    assert_int_equal(f.stream.chunks, 10);
    for (uint32_t i = 0; i < 10 * CHUNK_BYTES; i++) {
        uint8_t octet;
        assert_int_equal(stream_read(&f.stream, &f.chunks, &octet, 1), 1);
        assert_int_equal(octet, (uint8_t)i);
    }
    tear_down(&f);
}

enum { MANY_CHUNKS = 16384, LOG_MANY = 14 };

// Steps back from the last chunk, by the longest jumps that do not lead too far.
static uint32_t steps_back(const struct stream *stream, const struct chunk *chunk, uint32_t count)
{
    uint32_t steps = 0;
    for (const struct chunk *at = stream->last; at != chunk; steps++) {
        bool is_jump = at->jump_chunks <= count;
        assert_true(count > 0);
        count -= is_jump ? at->jump_chunks : 1;
        at = is_jump ? at->jump : at->back;
    }
    assert_int_equal(count, 0);
    return steps;
}

static void assert_near(const struct stream *stream)
{
    uint32_t count = stream->chunks;
    for (const struct chunk *chunk = stream->first; chunk != NULL; chunk = chunk->next) {
        assert_in_range(steps_back(stream, chunk, --count), 0, 3 * LOG_MANY);
    }
}

// 64 MB in flight of which any octet may have to go again: each chunk is a few steps from the last,
// also when what jumps once led to is long gone.
static void every_chunk_is_a_few_steps_away(void **state)
{
    (void)state;
    struct fixture f;
    uint8_t octets[CHUNK_BYTES] = {0};
    uint64_t seed = 61;
    set_up(&f, SIZE_MAX);
    for (uint32_t i = 0; i < MANY_CHUNKS; i++) {
        append(&f, &f.stream, octets, CHUNK_BYTES);
    }
    assert_near(&f.stream);
    for (uint32_t i = 1; i <= 2 * MANY_CHUNKS; i++) {
        stream_drop(&f.stream, &f.chunks, CHUNK_BYTES);
        append(&f, &f.stream, octets, CHUNK_BYTES);
        if (i % (MANY_CHUNKS / 4) == 0) {
            assert_near(&f.stream);
        }
    }
    for (uint32_t i = 0; i < 2 * LOG_MANY; i++) {
        stream_drop(&f.stream, &f.chunks, f.stream.bytes / 2);
        append(&f, &f.stream, octets, 1 + test_random_below(&seed, CHUNK_BYTES));
        assert_near(&f.stream);
    }
    tear_down(&f);
}

// The list is torn behind its second chunk and many others, so that who walks along it falls off.
static void what_lies_anywhere_is_found_without_walking(void **state)
{
    (void)state;
    enum { CHUNKS = 1000 };
    static struct chunk *at[CHUNKS];
    struct fixture f;
    struct synfin_span piece;
    uint32_t count;
    set_up(&f, SIZE_MAX);
    for (uint32_t i = 0; i < CHUNKS * CHUNK_BYTES; i++) {
        uint8_t octet = (uint8_t)(i / CHUNK_BYTES * 7);
        append(&f, &f.stream, &octet, 1);
    }
    stream_drop(&f.stream, &f.chunks, CHUNK_BYTES / 2);
    uint32_t place = 0;
    for (struct chunk *chunk = f.stream.first; chunk != NULL; chunk = chunk->next) {
        at[place++] = chunk;
    }
    for (uint32_t i = 2; i < CHUNKS; i++) {
        at[i - 1]->next = i % 3 == 0 ? at[i] : NULL;
    }
    for (uint32_t i = 0; i < CHUNKS; i++) {
        place = 2 + i * 389 % (CHUNKS - 2);
        f.stream.cursor = NULL;
        assert_int_equal(
            stream_peek(&f.stream, place * CHUNK_BYTES - CHUNK_BYTES / 2, 9, &piece, &count, 1), 9);
        assert_ptr_equal(piece.data, at[place]->data);
    }
    for (uint32_t i = 1; i < CHUNKS; i++) {
        at[i - 1]->next = at[i];
    }
    tear_down(&f);
}

// What the stream should hold: flat[0..bytes).
struct model {
    uint8_t flat[FLAT_MAX];
    uint32_t bytes;
};

static void append_step(struct fixture *f, struct model *m, uint64_t *seed, uint32_t bytes)
{
    uint8_t octets[600];
    bytes = bytes < FLAT_MAX - m->bytes ? bytes : FLAT_MAX - m->bytes;
    test_random_fill(seed, octets, bytes);
    uint32_t appended;
    if (test_random_below(seed, 4) == 0) {
        struct stream other;
        stream_init(&other);
        appended = append(f, &other, octets, bytes);
        stream_join(&f->stream, &f->chunks, &other);
        assert_int_equal(other.bytes + other.chunks, 0);
    } else {
        appended = append(f, &f->stream, octets, bytes);
    }
    memcpy(m->flat + m->bytes, octets, appended);
    m->bytes += appended;
    assert_true(appended == bytes || !slab_pool_has_room(&f->chunks.pool));
}

static void remove_step(struct fixture *f, struct model *m, uint64_t *seed, uint32_t bytes)
{
    uint8_t out[600];
    bytes = bytes < m->bytes ? bytes : m->bytes;
    if (test_random_below(seed, 2) == 0) {
        assert_int_equal(stream_read(&f->stream, &f->chunks, out, bytes), bytes);
        assert_memory_equal(out, m->flat, bytes);
    } else {
        stream_drop(&f->stream, &f->chunks, bytes);
    }
    m->bytes -= bytes;
    memmove(m->flat, m->flat + bytes, m->bytes);
}

static void peek_step(struct fixture *f, const struct model *m, uint64_t *seed, uint32_t bytes)
{
    struct synfin_span pieces[PIECES_MAX];
    uint32_t max = 1 + test_random_below(seed, PIECES_MAX);
    uint32_t offset = test_random_below(seed, m->bytes + 1);
    uint32_t count;
    uint32_t shown = stream_peek(&f->stream, offset, bytes, pieces, &count, max);
    uint32_t left = m->bytes - offset;
    assert_true(count <= max);
    assert_true(shown == (bytes < left ? bytes : left) || (shown < bytes && count == max));
    for (uint32_t i = 0; i < count; i++) {
        assert_memory_equal(pieces[i].data, m->flat + offset, pieces[i].bytes);
        offset += pieces[i].bytes;
        shown -= pieces[i].bytes;
    }
    assert_int_equal(shown, 0);
}

static void stream_equals_flat_array_after_random_operations(void **state)
{
    (void)state;
    static struct model m;
    uint64_t seed = 37;
    struct fixture f;
    set_up(&f, 3 * 4096 + 512);
    for (uint32_t step = 0; step < 300000; step++) {
        uint32_t bytes = test_random_below(&seed, step % 5 == 0 ? 600 : 30);
        uint32_t what = test_random_below(&seed, 8);
        if (what < (step / 2000 % 2 == 0 ? 4U : 2U)) {
            append_step(&f, &m, &seed, bytes);
        } else if (what < 6) {
            remove_step(&f, &m, &seed, bytes);
        } else {
            peek_step(&f, &m, &seed, bytes);
        }
        assert_int_equal(f.stream.bytes, m.bytes);
        assert_int_equal(f.stream.chunks, f.chunks.pool.objects);
    }
    tear_down(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stream_holds_chunks_only_while_it_holds_octets),
        cmocka_unit_test(stream_append_with_empty_pool_takes_what_fits),
        cmocka_unit_test(stream_peek_with_few_pieces_shows_less),
        cmocka_unit_test(stream_peek_at_the_front_leaves_the_cursor),
        cmocka_unit_test(small_pieces_that_are_joined_share_chunks),
        cmocka_unit_test(every_chunk_is_a_few_steps_away),
        cmocka_unit_test(what_lies_anywhere_is_found_without_walking),
        cmocka_unit_test(stream_equals_flat_array_after_random_operations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
