// SPDX-License-Identifier: MIT
//
// An environment whose memory is one block, so that whatever lives there can be put back into an
// earlier state by copying octets: a stack has no globals and no pointer out of its environment.
// Slabs are handed out from the front and taken again when one of the same size was given back.
//
//     | struct arena | slab | slab | ... used |            unused            |
//     '------------ what a snapshot copies ---'
#ifndef ARENA_H
#define ARENA_H

#include <stddef.h>
#include <stdint.h>

#include <synfin/stack.h>

struct arena {
    size_t bytes;      // of the whole block
    size_t used;       // of these, since the beginning
    size_t held_bytes; // in slabs that were taken and not given back
    uint32_t slabs;    // the same, counted
    uint64_t entropy;  // state of the generator
    void *vacant;      // slabs given back
};

// A block of this size, at an address that stays the same while it lives; NULL without memory.
struct arena *arena_create(size_t bytes, uint64_t seed);
void arena_destroy(struct arena *arena);
// Fills in all but the trace.
void arena_bind(struct arena *arena, struct synfin_env *env);
// A stack that needs so much of it at the most: few connections, in small pieces, without pacing
// and with the initial RTO as the least. What is left to say is the size of the buffers.
void arena_config(struct synfin_stack_config *config, size_t bytes);
// Memory for what belongs to the world and to no stack; never given back. Zeroed.
void *arena_take(struct arena *arena, size_t bytes);

// `copy` has room for `arena->bytes`.
void arena_save(const struct arena *arena, void *copy);
void arena_restore(struct arena *arena, const void *copy);

#endif
