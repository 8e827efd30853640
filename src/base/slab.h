// SPDX-License-Identifier: MIT
//
// Memory. A slab source takes whole slabs from the environment up to a hard limit; pools carve
// them into objects of one size. An object is found again by its number (index), so that public
// handles and compact tables need no pointers. Freed objects are poisoned in ASSERT_SLOW builds.
//
// What a pool holds swings with each flight of its connections, so an empty slab does not go back
// to the environment at once: it becomes a spare. Those that a pool has not needed from one trim to
// the next go back, but for one (what it has needed is its working set: Bonwick and Adams 2001,
// Magazines and Vmem), and those of all pools where somebody is refused memory.
//
//     env.slab_take --> slab_source (limit, octets taken) --> slab_pool "connections" --> objects
//                                                        \-> slab_pool "chunks"
//
// An object costs its size and SLAB_TAG_BYTES more, rounded up to 16: sizes of 16 n - 4 octets
// waste nothing. It is aligned to 16, and to 64 when its rounded size is a multiple of 64.
#ifndef SYNFIN_BASE_SLAB_H
#define SYNFIN_BASE_SLAB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <synfin/stack.h>

struct slab_source {
    struct synfin_env env;
    size_t limit_bytes; // taken_bytes never exceeds it
    size_t taken_bytes;
    size_t spare_bytes;     // of it in spares, which whoever needs them gets
    uint32_t slab_bytes;    // size of a pool's slab
    uint32_t surplus;       // spares beyond the first of each pool
    struct slab_pool *rich; // pools with spares, doubly linked
};

void slab_source_init(struct slab_source *source, const struct synfin_env *env, size_t limit_bytes,
                      uint32_t slab_bytes);
// An array of its own, zeroed, for tables; NULL at the limit or when the environment has none.
void *slab_source_take(struct slab_source *source, size_t bytes);
// The same without zeroing, or touching it at all.
void *slab_source_take_raw(struct slab_source *source, size_t bytes);
// The same with what `old` (may be NULL) held at its beginning, which is given back; NULL: `old` is
// still there.
void *slab_source_grow(struct slab_source *source, void *old, size_t old_bytes, size_t bytes);
void slab_source_give(struct slab_source *source, void *memory, size_t bytes);
// Gives back what no pool has needed since the last call. Only a surplus is worth calling for.
void slab_source_trim(struct slab_source *source);

struct slab;      // one slab of a pool, with its header
union slab_entry; // of a pool's directory

enum { SLAB_TAG_BYTES = 4 };

// Numbers are given lowest first in a new slab and last freed first after that; an empty pool
// begins again as a new one does. They stay below the largest number of objects that were ever in
// use at once, rounded up to a slab's worth.
struct slab_pool {
    struct slab_source *source;
    struct slab *room_first;                 // slabs in use that have room, doubly linked
    struct slab *spare_first;                // empty slabs, which have no number
    union slab_entry *directory;             // slab by number, and the list of vacant numbers
    struct slab_pool *rich_next, *rich_prev; // among the pools with spares
    uint32_t directory_slots;                // grown by doubling
    uint32_t vacant;                         // first unused number below slabs_high, or INT32_MAX
    uint32_t object_bytes;                   // as asked for
    uint32_t stride_bytes;                   // from one object to the next
    uint32_t objects_per_slab;
    uint32_t slab_bytes; // source->slab_bytes, or more when one object needs more
    uint32_t slabs;      // taken now, spares included
    uint32_t spares;
    uint32_t spares_least; // since the last trim: so many were not needed
    uint32_t slabs_high;   // numbers used so far
    uint32_t objects;      // in use now
    uint32_t objects_max;  // hard limit on objects; UINT32_MAX: none but memory
};

void slab_pool_init(struct slab_pool *pool, struct slab_source *source, uint32_t object_bytes,
                    uint32_t objects_max);
// Gives every slab back; objects in use are forgotten.
void slab_pool_deinit(struct slab_pool *pool);
// A zeroed object, or NULL at the limit. `index` (may be NULL) gets its number.
void *slab_pool_take(struct slab_pool *pool, uint32_t *index);
// The same without zeroing, for buffers.
void *slab_pool_take_raw(struct slab_pool *pool, uint32_t *index);
void slab_pool_give(struct slab_pool *pool, void *object);
// The object of this number when it is in use, else NULL. Any number may be asked for.
void *slab_pool_at(const struct slab_pool *pool, uint32_t index);
// The number of an object in use.
uint32_t slab_pool_index(const struct slab_pool *pool, const void *object);
// True when another object could be taken without a new slab from the environment.
bool slab_pool_has_room(const struct slab_pool *pool);

#endif
