// SPDX-License-Identifier: MIT
//
// The pool of chunks that all streams of a stack share. A chunk holds exactly as many octets as the
// configuration says, besides its header: 64 KB of payload then lie in 17 pieces of 4 KB at most.
#include "buf/stream.h"

void chunk_pool_init(struct chunk_pool *chunks, struct slab_source *source, uint32_t chunk_bytes)
{
    slab_pool_init(&chunks->pool, source, (uint32_t)sizeof(struct chunk) + chunk_bytes, UINT32_MAX);
    chunks->capacity = chunk_bytes;
}

void chunk_pool_deinit(struct chunk_pool *chunks)
{
    slab_pool_deinit(&chunks->pool);
}
