// SPDX-License-Identifier: MIT
//
// Memory. A slab source takes whole slabs from the environment up to a hard limit; pools carve
// them into objects of one size. An object is found again by its number (index), so that public
// handles and compact tables need no pointers. Slabs go back to the environment when a pool is
// emptied; freed objects are poisoned in ASSERT_SLOW builds.
//
//     env.slab_take --> slab_source (limit, octets taken) --> slab_pool "connections" --> objects
//                                                        \-> slab_pool "chunks"
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
    uint32_t slab_bytes; // size of a pool's slab
};

void slab_source_init(struct slab_source *source, const struct synfin_env *env, size_t limit_bytes,
                      uint32_t slab_bytes);
// An array of its own, zeroed, for tables; NULL at the limit or when the environment has none.
void *slab_source_take(struct slab_source *source, size_t bytes);
void slab_source_give(struct slab_source *source, void *memory, size_t bytes);

struct slab; // one slab of a pool, with its header

enum { SLAB_DIRECTORY_MAX = 64 };

// Slabs are numbered; a directory of doubling blocks finds slab k in O(1).
struct slab_pool {
    struct slab_source *source;
    struct slab *free_head; // slabs with room
    uint32_t object_bytes;  // rounded up to 16
    uint32_t objects_per_slab;
    uint32_t slab_bytes;     // source->slab_bytes, or more when one object needs more
    uint32_t slabs;          // taken now
    uint32_t slabs_high;     // numbers used so far
    uint32_t objects;        // in use now
    uint32_t objects_max;    // hard limit on objects; UINT32_MAX: none but memory
    struct slab **directory; // slab by number; grown by doubling
    uint32_t directory_slots;
    struct slab *vacant; // unused directory numbers, see slab.c
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
