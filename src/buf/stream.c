// SPDX-License-Identifier: MIT
//
// A queue of octets in chunks. Every chunk on the list holds at least one octet, `bytes` and
// `chunks` equal a recount, and the cursor names a chunk that is on the list or nothing. Unless it
// was joined, all chunks but the last are filled to their end, and lead back to the one before.
#include "buf/stream.h"

#include <string.h>

#include "base/check.h"

static uint32_t held(const struct chunk *chunk)
{
    return chunk->end - chunk->start;
}

static uint32_t smaller(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

static bool leads_back(const struct stream *stream, const struct chunk *chunk,
                       const struct chunk *before)
{
    bool is_full = chunk == stream->last || chunk->end == stream->first->end;
    return stream->is_joined || before == NULL || (chunk->back == before && is_full);
}

// Walks everything, for ASSERT_SLOW.
static bool is_consistent(const struct stream *stream)
{
    uint32_t bytes = 0;
    uint32_t chunks = 0;
    uint32_t cursor_offset = 0;
    bool has_cursor = stream->cursor == NULL;
    const struct chunk *last = NULL;
    for (const struct chunk *chunk = stream->first; chunk != NULL; chunk = chunk->next) {
        if (chunk == stream->cursor) {
            has_cursor = true;
            cursor_offset = bytes;
        }
        if (chunk->end <= chunk->start || !leads_back(stream, chunk, last)) {
            return false;
        }
        bytes += held(chunk);
        chunks++;
        last = chunk;
    }
    return bytes == stream->bytes && chunks == stream->chunks && last == stream->last && has_cursor
           && (stream->cursor == NULL || cursor_offset == stream->cursor_offset);
}

void stream_init(struct stream *stream)
{
    *stream = (struct stream){.first = NULL};
}

// What is about to become the last chunk leads to the one before it, and over as much as the jump
// of that and the next jump together, when these are equal: 1, 1, 3, 1, 1, 3, 7, 1, ... What was
// dropped meanwhile is further away than anything that is looked for.
static void set_way_back(const struct stream *stream, struct chunk *chunk)
{
    struct chunk *back = stream->is_joined ? NULL : stream->last;
    chunk->back = chunk->jump = back;
    chunk->jump_chunks = back != NULL ? 1 : UINT32_MAX;
    if (back != NULL && back->jump_chunks < stream->chunks
        && back->jump->jump_chunks == back->jump_chunks) {
        chunk->jump_chunks = 2 * back->jump_chunks + 1;
        chunk->jump = chunk->jump_chunks <= stream->chunks ? back->jump->jump : NULL;
    }
}

// The chunk `count` before this one.
static struct chunk *go_back(struct chunk *chunk, uint32_t count)
{
    while (count > 0) {
        bool is_jump = chunk->jump_chunks <= count;
        count -= is_jump ? chunk->jump_chunks : 1;
        chunk = is_jump ? chunk->jump : chunk->back;
    }
    return chunk;
}

// A chunk with room at the end of the stream; NULL when one is needed and the pool is empty.
static struct chunk *chunk_with_room(struct stream *stream, struct chunk_pool *chunks)
{
    struct chunk *last = stream->last;
    if (last != NULL && last->end < chunks->capacity) {
        return last;
    }
    struct chunk *chunk = slab_pool_take_raw(&chunks->pool, NULL);
    if (chunk == NULL) {
        return NULL;
    }
    chunk->next = NULL;
    chunk->start = chunk->end = 0;
    set_way_back(stream, chunk);
    if (last != NULL) {
        last->next = chunk;
    } else {
        stream->first = chunk;
    }
    stream->last = chunk;
    stream->chunks++;
    return chunk;
}

uint32_t stream_append(struct stream *stream, struct chunk_pool *chunks, struct gather *from,
                       uint32_t bytes)
{
    bytes = smaller(bytes, from->bytes);
    uint32_t left = bytes;
    while (left > 0) {
        struct chunk *chunk = chunk_with_room(stream, chunks);
        if (chunk == NULL) {
            break;
        }
        uint32_t taken = smaller(left, chunks->capacity - chunk->end);
        gather_read(from, chunk->data + chunk->end, taken);
        chunk->end += taken;
        left -= taken;
    }
    stream->bytes += bytes - left;
    ASSERT_SLOW(is_consistent(stream));
    return bytes - left;
}

static void drop_first(struct stream *stream, struct chunk_pool *chunks)
{
    struct chunk *chunk = stream->first;
    stream->first = chunk->next;
    if (stream->first == NULL) {
        stream->last = NULL;
        stream->is_joined = false;
    }
    stream->chunks--;
    slab_pool_give(&chunks->pool, chunk);
}

// The offsets of everything that stays move down by `bytes`.
static void move_cursor(struct stream *stream, uint32_t bytes)
{
    if (stream->cursor_offset < bytes) {
        stream->cursor = NULL;
        stream->cursor_offset = 0;
    } else {
        stream->cursor_offset -= bytes;
    }
}

void stream_drop(struct stream *stream, struct chunk_pool *chunks, uint32_t bytes)
{
    ASSERT(bytes <= stream->bytes);
    move_cursor(stream, bytes);
    stream->bytes -= bytes;
    while (bytes > 0) {
        uint32_t here = held(stream->first);
        if (bytes < here) {
            stream->first->start += bytes;
            break;
        }
        drop_first(stream, chunks);
        bytes -= here;
    }
    ASSERT_SLOW(is_consistent(stream));
}

uint32_t stream_read(struct stream *stream, struct chunk_pool *chunks, void *out, uint32_t bytes)
{
    bytes = smaller(bytes, stream->bytes);
    uint8_t *to = out;
    const struct chunk *chunk = stream->first;
    for (uint32_t left = bytes; left > 0; chunk = chunk->next) {
        uint32_t taken = smaller(left, held(chunk));
        memcpy(to, chunk->data + chunk->start, taken);
        to += taken;
        left -= taken;
    }
    stream_drop(stream, chunks, bytes);
    return bytes;
}

// The chunk that holds `offset`, beyond the first one; *base gets the offset of its first octet.
static struct chunk *seek_chunk(const struct stream *stream, uint32_t offset, uint32_t *base)
{
    uint32_t capacity = stream->first->end;
    uint32_t before = (stream->first->start + offset) / capacity;
    *base = before * capacity - stream->first->start;
    return go_back(stream->last, stream->chunks - 1 - before);
}

// The chunk that holds `offset`, which is less than stream->bytes; *base gets the offset of its
// first octet. Mostly it is the cursor's or the next.
static struct chunk *find_chunk(const struct stream *stream, uint32_t offset, uint32_t *base)
{
    struct chunk *chunk = stream->first;
    *base = 0;
    if (stream->cursor != NULL && stream->cursor_offset <= offset) {
        chunk = stream->cursor;
        *base = stream->cursor_offset;
    }
    for (uint32_t walked = 0; offset - *base >= held(chunk); walked++) {
        if (walked > 0 && !stream->is_joined) {
            return seek_chunk(stream, offset, base);
        }
        *base += held(chunk);
        chunk = chunk->next;
    }
    return chunk;
}

uint32_t stream_peek(struct stream *stream, uint32_t offset, uint32_t bytes,
                     struct synfin_span *pieces, uint32_t *count, uint32_t max)
{
    *count = 0;
    bytes = offset < stream->bytes ? smaller(bytes, stream->bytes - offset) : 0;
    if (bytes == 0 || max == 0) {
        return 0;
    }
    uint32_t base;
    struct chunk *chunk = find_chunk(stream, offset, &base);
    uint32_t skipped = offset - base;
    uint32_t shown = 0;
    for (;;) {
        uint32_t taken = smaller(bytes - shown, held(chunk) - skipped);
        pieces[(*count)++] = (struct synfin_span){chunk->data + chunk->start + skipped, taken};
        shown += taken;
        if (shown == bytes || *count == max) {
            break;
        }
        base += held(chunk);
        chunk = chunk->next;
        skipped = 0;
    }
    // What lies in the first chunk is found without the cursor: a retransmission at the front must
    // not cost the sender its place.
    if (base > 0) {
        stream->cursor = chunk;
        stream->cursor_offset = base;
    }
    return shown;
}

// Copies the first chunks of `from` into the last one of `stream`, as long as they fit whole.
static void fill_last(struct stream *stream, struct chunk_pool *chunks, struct stream *from)
{
    struct chunk *last = stream->last;
    while (from->first != NULL && held(from->first) <= chunks->capacity - last->end) {
        const struct chunk *chunk = from->first;
        uint32_t bytes = held(chunk);
        memcpy(last->data + last->end, chunk->data + chunk->start, bytes);
        last->end += bytes;
        stream->bytes += bytes;
        stream_drop(from, chunks, bytes);
    }
}

void stream_join(struct stream *stream, struct chunk_pool *chunks, struct stream *from)
{
    if (stream->last != NULL) {
        fill_last(stream, chunks, from);
    }
    if (from->first == NULL) {
        return;
    }
    stream->is_joined = stream->last != NULL || from->is_joined;
    if (stream->last != NULL) {
        stream->last->next = from->first;
    } else {
        stream->first = from->first;
    }
    stream->last = from->last;
    stream->bytes += from->bytes;
    stream->chunks += from->chunks;
    stream_init(from);
    ASSERT_SLOW(is_consistent(stream));
}

void stream_clear(struct stream *stream, struct chunk_pool *chunks)
{
    while (stream->first != NULL) {
        drop_first(stream, chunks);
    }
    stream_init(stream);
}
