// SPDX-License-Identifier: MIT
//
// A pool of small objects without a word of overhead each: named by number, in pages of a power of
// two. slab.h's pools follow each object with a tag, to find the slab from the object; here whoever
// gives an object back says its number. A page without objects goes back, but for one that is kept
// against thrash.
#ifndef SYNFIN_BASE_DENSE_H
#define SYNFIN_BASE_DENSE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/check.h"
#include "base/slab.h"

// A page's entry in the directory.
struct dense_page {
    uint8_t *memory;     // NULL: the number is vacant
    uint32_t prev, next; // among the pages with room; `next` also among the vacant numbers
    uint16_t free_first; // slot given back last; SLOT_NONE: none
    uint16_t fresh;      // slots from here on are untouched
    uint16_t used;       // objects in use
};

struct dense_pool {
    struct slab_source *source;
    struct dense_page *directory; // pages by number; grown by doubling
    uint32_t directory_slots;
    uint32_t object_bytes; // a multiple of 4; objects are aligned to 4
    uint32_t page_shift;   // 2^this objects per page: as many as fit source->slab_bytes, at least 8
    uint32_t room_first;   // page in use with room, doubly linked by number; UINT32_MAX: none
    uint32_t spare;        // the one page kept without objects; UINT32_MAX: none
    uint32_t vacant;       // first unused page number below pages_high; UINT32_MAX: none
    uint32_t pages_high;   // page numbers used so far
    uint32_t pages;        // taken now
    uint32_t objects;      // in use now
    uint32_t objects_max;
};

// Takes no memory yet.
void dense_pool_init(struct dense_pool *pool, struct slab_source *source, uint32_t object_bytes,
                     uint32_t objects_max);
// Gives every page back; objects in use are forgotten.
void dense_pool_deinit(struct dense_pool *pool);
// A zeroed object; `number` gets its name. NULL at the limit and without memory.
void *dense_pool_take(struct dense_pool *pool, uint32_t *number);
// Poisons the object in ASSERT_SLOW builds.
void dense_pool_give(struct dense_pool *pool, uint32_t number);
// The object of a number that is in use.
static inline void *dense_pool_at(const struct dense_pool *pool, uint32_t number)
{
    uint32_t place = number >> pool->page_shift;
    uint32_t slot = number & ((UINT32_C(1) << pool->page_shift) - 1);
    ASSERT(place < pool->pages_high && pool->directory[place].memory != NULL);
    return pool->directory[place].memory + (size_t)slot * pool->object_bytes;
}

#endif
