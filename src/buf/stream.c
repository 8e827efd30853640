// SPDX-License-Identifier: MIT
//
// A queue of octets in chunks. Every chunk on the list holds at least one octet, `bytes` and
// `chunks` equal a recount, and the cursor names a chunk that is on the list or nothing.
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
        if (chunk->end <= chunk->start) {
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

// The chunk that holds `offset`, which is less than stream->bytes; *base gets the offset of its
// first octet.
static struct chunk *find_chunk(const struct stream *stream, uint32_t offset, uint32_t *base)
{
    struct chunk *chunk = stream->first;
    *base = 0;
    if (stream->cursor != NULL && stream->cursor_offset <= offset) {
        chunk = stream->cursor;
        *base = stream->cursor_offset;
    }
    while (offset - *base >= held(chunk)) {
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
