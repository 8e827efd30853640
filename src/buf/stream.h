// SPDX-License-Identifier: MIT
//
// A queue of octets in chunks: what waits to be sent or acknowledged, and what waits for the
// reader. Chunks come from a pool shared by all connections and exist only while they hold
// octets. Reading at an offset is O(1) when offsets grow, by a cursor, and O(log n) anywhere: each
// chunk knows the one before it and one further back, whose distance doubles and falls so that any
// chunk is reached from the last one in 3 log2 n steps (Myers 1983, random-access stacks).
//
//     first -> [....xxxx] -> [xxxxxxxx] -> [xxx.....] <- last
//                  ^start                     ^end
#ifndef SYNFIN_BUF_STREAM_H
#define SYNFIN_BUF_STREAM_H

#include <stdbool.h>
#include <stdint.h>

#include <synfin/packet.h>

#include "base/slab.h"
#include "buf/gather.h"

struct chunk {
    struct chunk *next, *back;
    struct chunk *jump;   // leads back over as many chunks as jump_chunks says
    uint32_t jump_chunks; // more than are left before it: nowhere
    uint32_t start, end;  // the octets data[start..end) are held
    uint8_t data[];
};

// Chunks of one stack.
struct chunk_pool {
    struct slab_pool pool;
    uint32_t capacity; // octets of data per chunk
};

void chunk_pool_init(struct chunk_pool *chunks, struct slab_source *source, uint32_t chunk_bytes);
void chunk_pool_deinit(struct chunk_pool *chunks);

struct stream {
    struct chunk *first, *last;
    struct chunk *cursor;   // the chunk that holds offset cursor_offset, or NULL
    uint32_t cursor_offset; // stream offset of cursor's first octet
    uint32_t bytes;         // held
    uint32_t chunks;        // held: what memory it really costs
    bool is_joined;         // chunks of several streams, not all full: nothing leads back
};

void stream_init(struct stream *stream);
// Appends up to `bytes` octets from the front of `from` and takes them off the view; returns how
// many: fewer only when the pool is empty.
uint32_t stream_append(struct stream *stream, struct chunk_pool *chunks, struct gather *from,
                       uint32_t bytes);
// Removes the first `bytes` octets, which must be held.
void stream_drop(struct stream *stream, struct chunk_pool *chunks, uint32_t bytes);
// Moves up to `bytes` octets to `out`; returns how many.
uint32_t stream_read(struct stream *stream, struct chunk_pool *chunks, void *out, uint32_t bytes);
// Fills up to `max` pieces that show [offset, offset + bytes) without copying; *count gets how
// many, and the return value how many octets they show: fewer only when `max` pieces are used.
uint32_t stream_peek(struct stream *stream, uint32_t offset, uint32_t bytes,
                     struct synfin_span *pieces, uint32_t *count, uint32_t max);
// Moves all of `from` behind what `stream` holds, which is then found by walking. Chunks that fit
// into the last one are copied into it, and others stay what they are, so that two neighbours hold
// more than one chunk's worth: many small pieces cost at most twice the memory of their octets.
void stream_join(struct stream *stream, struct chunk_pool *chunks, struct stream *from);
void stream_clear(struct stream *stream, struct chunk_pool *chunks);

#endif
