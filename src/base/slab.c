// SPDX-License-Identifier: MIT
//
// Slabs and the objects in them. Taking, giving, and both ways between object and number take
// constant time, because every object is followed by a tag that holds its slot in the slab:
//
//     slab: [header, 64 octets][object | tag][object | tag] ... [object | tag][rest]
//           ^ base                                              slot n - 1
//
//     object -> slab:  object - 64 - slot * stride          (slot from the tag)
//     number -> object: directory[number / n] + 64 + (number % n) * stride
//
// The tag also says whether the object is in use, which makes any number safe to ask for and
// turns a double free, or a write past an object's end, into a failed ASSERT.
//
// A slab is in one of three states: full (on no list), with room (on the pool's list), or empty (a
// spare, which has no number until it is used again). A slab's free objects are those from `fresh`
// on, never given since the slab was last empty, and the list that begins at `free_slot`, linked
// through the objects' first octets.
#include "base/slab.h"

#include <string.h>

#include "base/check.h"

#define SLAB_MAGIC UINT32_C(0x51ab51ab)
#define SLAB_NONE  UINT32_MAX
#define NO_NUMBER  (UINT32_MAX >> 1)    // the end of the vacant ones; shifted it fits 32 bits
#define TAG_USED   UINT32_C(0x5a000000) // over the slot's 24 bits
#define TAG_FREE   UINT32_C(0xfe000000)

enum {
    HEADER_BYTES = 64, // a cache line: objects whose stride is a multiple of 64 stay aligned
    SLOTS_MAX = 1 << 24,
    DIRECTORY_FIRST = 8,
    POISON = 0xa5,
};

#if defined(SYNFIN_ASSERT_SLOW)
enum { IS_POISONING = 1 };
#else
enum { IS_POISONING = 0 };
#endif

struct slab {
    uint32_t magic;
    uint32_t number;    // in the pool's directory; a spare has none
    uint32_t used;      // objects in use
    uint32_t fresh;     // slots from here on were not given since the slab was empty
    uint32_t free_slot; // first slot given back, or SLAB_NONE
    const struct slab_pool *pool;
    struct slab *next, *prev; // slabs with room; spares have no `prev`
};

_Static_assert(sizeof(struct slab) <= HEADER_BYTES, "a slab's header is one cache line");

union slab_entry {
    struct slab *slab;
    uintptr_t vacant_next; // while the number is unused: odd, the next unused number in it
};

void slab_source_init(struct slab_source *source, const struct synfin_env *env, size_t limit_bytes,
                      uint32_t slab_bytes)
{
    *source =
        (struct slab_source){.env = *env, .limit_bytes = limit_bytes, .slab_bytes = slab_bytes};
}

static void join_rich(struct slab_pool *pool)
{
    struct slab_source *source = pool->source;
    pool->rich_prev = NULL;
    pool->rich_next = source->rich;
    if (pool->rich_next != NULL) {
        pool->rich_next->rich_prev = pool;
    }
    source->rich = pool;
}

static void leave_rich(struct slab_pool *pool)
{
    if (pool->rich_prev != NULL) {
        pool->rich_prev->rich_next = pool->rich_next;
    } else {
        pool->source->rich = pool->rich_next;
    }
    if (pool->rich_next != NULL) {
        pool->rich_next->rich_prev = pool->rich_prev;
    }
}

// The spare that was pushed last.
static struct slab *pop_spare(struct slab_pool *pool)
{
    struct slab *slab = pool->spare_first;
    pool->spare_first = slab->next;
    pool->source->spare_bytes -= pool->slab_bytes;
    pool->spares--;
    if (pool->spares > 0) {
        pool->source->surplus--;
    } else {
        leave_rich(pool);
    }
    if (pool->spares < pool->spares_least) {
        pool->spares_least = pool->spares;
    }
    return slab;
}

static void push_spare(struct slab_pool *pool, struct slab *slab)
{
    slab->next = pool->spare_first;
    pool->spare_first = slab;
    pool->source->spare_bytes += pool->slab_bytes;
    if (pool->spares > 0) {
        pool->source->surplus++;
    } else {
        join_rich(pool);
    }
    pool->spares++;
}

static void *take_within_limit(struct slab_source *source, size_t bytes)
{
    if (bytes > source->limit_bytes - source->taken_bytes) {
        return NULL;
    }
    void *memory = source->env.slab_take(source->env.ctx, bytes);
    if (memory != NULL) {
        source->taken_bytes += bytes;
    }
    return memory;
}

static void give_spare(struct slab_pool *pool)
{
    struct slab *slab = pop_spare(pool);
    slab->magic = 0;
    pool->slabs--;
    slab_source_give(pool->source, slab, pool->slab_bytes);
}

void *slab_source_take_raw(struct slab_source *source, size_t bytes)
{
    ASSERT(bytes != 0);
    void *memory = take_within_limit(source, bytes);
    while (memory == NULL && source->rich != NULL) {
        give_spare(source->rich);
        memory = take_within_limit(source, bytes);
    }
    return memory;
}

static void trim(struct slab_pool *pool)
{
    while (pool->spares_least > 0 && pool->spares > 1) {
        pool->spares_least--;
        give_spare(pool);
    }
    pool->spares_least = pool->spares;
}

void slab_source_trim(struct slab_source *source)
{
    for (struct slab_pool *pool = source->rich; pool != NULL; pool = pool->rich_next) {
        trim(pool);
    }
}

void *slab_source_take(struct slab_source *source, size_t bytes)
{
    void *memory = slab_source_take_raw(source, bytes);
    if (memory != NULL) {
        memset(memory, 0, bytes);
    }
    return memory;
}

void *slab_source_grow(struct slab_source *source, void *old, size_t old_bytes, size_t bytes)
{
    void *memory = slab_source_take(source, bytes);
    if (memory != NULL && old != NULL) {
        memcpy(memory, old, old_bytes);
        slab_source_give(source, old, old_bytes);
    }
    return memory;
}

void slab_source_give(struct slab_source *source, void *memory, size_t bytes)
{
    ASSERT(bytes <= source->taken_bytes);
    source->taken_bytes -= bytes;
    source->env.slab_give(source->env.ctx, memory, bytes);
}

static uint8_t *object_at(const struct slab_pool *pool, struct slab *slab, uint32_t slot)
{
    return (uint8_t *)slab + HEADER_BYTES + (size_t)slot * pool->stride_bytes;
}

static uint32_t load_tag(const struct slab_pool *pool, const uint8_t *object)
{
    uint32_t tag;
    __builtin_memcpy(&tag, object + pool->stride_bytes - SLAB_TAG_BYTES, sizeof tag);
    return tag;
}

static void store_tag(const struct slab_pool *pool, uint8_t *object, uint32_t tag)
{
    __builtin_memcpy(object + pool->stride_bytes - SLAB_TAG_BYTES, &tag, sizeof tag);
}

// The slab and slot of an object in use. ASSERTs stand between a wrong pointer and the rest.
static struct slab *slab_of(const struct slab_pool *pool, const void *object, uint32_t *slot)
{
    uint32_t tag = load_tag(pool, object);
    *slot = tag ^ TAG_USED;
    ASSERT(*slot < pool->objects_per_slab);
    uintptr_t base = (uintptr_t)object - HEADER_BYTES - (uintptr_t)*slot * pool->stride_bytes;
    struct slab *slab = (struct slab *)base;
    ASSERT(slab->magic == SLAB_MAGIC && slab->pool == pool);
    return slab;
}

static void push_room(struct slab_pool *pool, struct slab *slab)
{
    slab->prev = NULL;
    slab->next = pool->room_first;
    if (slab->next != NULL) {
        slab->next->prev = slab;
    }
    pool->room_first = slab;
}

static void remove_room(struct slab_pool *pool, struct slab *slab)
{
    if (slab->prev != NULL) {
        slab->prev->next = slab->next;
    } else {
        pool->room_first = slab->next;
    }
    if (slab->next != NULL) {
        slab->next->prev = slab->prev;
    }
}

static void reset_slab(const struct slab_pool *pool, struct slab *slab)
{
    slab->used = 0;
    slab->fresh = 0;
    slab->free_slot = SLAB_NONE;
    if (IS_POISONING) {
        memset(object_at(pool, slab, 0), POISON, pool->slab_bytes - HEADER_BYTES);
    }
}

void slab_pool_init(struct slab_pool *pool, struct slab_source *source, uint32_t object_bytes,
                    uint32_t objects_max)
{
    ASSERT(object_bytes > 0 && object_bytes < SLOTS_MAX);
    memset(pool, 0, sizeof *pool);
    pool->source = source;
    pool->vacant = NO_NUMBER;
    pool->object_bytes = object_bytes;
    pool->stride_bytes = (object_bytes + SLAB_TAG_BYTES + 15) & ~UINT32_C(15);
    uint32_t least_bytes = HEADER_BYTES + pool->stride_bytes;
    pool->slab_bytes = source->slab_bytes > least_bytes ? source->slab_bytes : least_bytes;
    pool->objects_per_slab = (pool->slab_bytes - HEADER_BYTES) / pool->stride_bytes;
    ASSERT(pool->objects_per_slab < SLOTS_MAX);
    pool->objects_max = objects_max;
}

void slab_pool_deinit(struct slab_pool *pool)
{
    while (pool->spares > 0) {
        give_spare(pool);
    }
    for (uint32_t number = 0; number < pool->slabs_high; number++) {
        if ((pool->directory[number].vacant_next & 1) == 0) {
            slab_source_give(pool->source, pool->directory[number].slab, pool->slab_bytes);
        }
    }
    if (pool->directory != NULL) {
        slab_source_give(pool->source, pool->directory,
                         pool->directory_slots * sizeof *pool->directory);
    }
    slab_pool_init(pool, pool->source, pool->object_bytes, pool->objects_max);
}

// Makes room in the directory for one more number.
static bool grow_directory(struct slab_pool *pool)
{
    if (pool->slabs_high < pool->directory_slots) {
        return true;
    }
    uint32_t slots = pool->directory_slots == 0 ? DIRECTORY_FIRST : 2 * pool->directory_slots;
    if (pool->slabs_high >= NO_NUMBER / pool->objects_per_slab - 1) {
        return false; // numbers would not fit 31 bits
    }
    union slab_entry *directory =
        slab_source_grow(pool->source, pool->directory, pool->directory_slots * sizeof *directory,
                         slots * sizeof *directory);
    if (directory == NULL) {
        return false;
    }
    pool->directory = directory;
    pool->directory_slots = slots;
    return true;
}

static struct slab *take_slab(struct slab_pool *pool)
{
    struct slab *slab = slab_source_take_raw(pool->source, pool->slab_bytes);
    if (slab == NULL) {
        return NULL;
    }
    ASSERT((uintptr_t)slab % 16 == 0);
    pool->slabs++;
    *slab = (struct slab){.magic = SLAB_MAGIC, .pool = pool};
    reset_slab(pool, slab);
    return slab;
}

// The directory has room for it.
static void give_number(struct slab_pool *pool, struct slab *slab)
{
    slab->number = pool->vacant;
    if (slab->number == NO_NUMBER) {
        slab->number = pool->slabs_high++;
    } else {
        pool->vacant = (uint32_t)(pool->directory[slab->number].vacant_next >> 1);
    }
    pool->directory[slab->number].slab = slab;
}

// An empty pool is as good as new: numbering begins again.
static void take_number(struct slab_pool *pool, const struct slab *slab)
{
    pool->directory[slab->number].vacant_next = (uintptr_t)pool->vacant << 1 | 1;
    pool->vacant = slab->number;
    if (pool->objects == 0) {
        pool->vacant = NO_NUMBER;
        pool->slabs_high = 0;
    }
}

// A slab with room, at the head of the list; NULL when there is none and none can be had.
static struct slab *find_room(struct slab_pool *pool)
{
    if (pool->room_first != NULL) {
        return pool->room_first;
    }
    if (pool->vacant == NO_NUMBER && !grow_directory(pool)) {
        return NULL;
    }
    struct slab *slab = pool->spares > 0 ? pop_spare(pool) : take_slab(pool);
    if (slab != NULL) {
        give_number(pool, slab);
        push_room(pool, slab);
    }
    return slab;
}

// Whether nobody wrote into the object since it was freed; its first octets link the free list.
static bool is_poisoned(const struct slab_pool *pool, const uint8_t *object)
{
    for (uint32_t i = sizeof(uint32_t); i < pool->object_bytes; i++) {
        if (object[i] != POISON) {
            return false;
        }
    }
    return true;
}

static uint32_t take_slot(const struct slab_pool *pool, struct slab *slab)
{
    uint32_t slot = slab->free_slot;
    if (slot == SLAB_NONE) {
        return slab->fresh++;
    }
    const uint8_t *object = object_at(pool, slab, slot);
    ASSERT(load_tag(pool, object) == (TAG_FREE | slot));
    __builtin_memcpy(&slab->free_slot, object, sizeof slab->free_slot);
    return slot;
}

void *slab_pool_take_raw(struct slab_pool *pool, uint32_t *index)
{
    if (pool->objects >= pool->objects_max) {
        return NULL;
    }
    struct slab *slab = find_room(pool);
    if (slab == NULL) {
        return NULL;
    }
    uint32_t slot = take_slot(pool, slab);
    uint8_t *object = object_at(pool, slab, slot);
    ASSERT_SLOW(is_poisoned(pool, object));
    store_tag(pool, object, TAG_USED | slot);
    if (++slab->used == pool->objects_per_slab) {
        remove_room(pool, slab);
    }
    pool->objects++;
    if (index != NULL) {
        *index = slab->number * pool->objects_per_slab + slot;
    }
    return object;
}

void *slab_pool_take(struct slab_pool *pool, uint32_t *index)
{
    void *object = slab_pool_take_raw(pool, index);
    if (object != NULL) {
        memset(object, 0, pool->object_bytes);
    }
    return object;
}

static void free_slot(const struct slab_pool *pool, struct slab *slab, uint32_t slot)
{
    uint8_t *object = object_at(pool, slab, slot);
    if (IS_POISONING) {
        memset(object, POISON, pool->object_bytes);
    }
    store_tag(pool, object, TAG_FREE | slot);
    __builtin_memcpy(object, &slab->free_slot, sizeof slab->free_slot);
    slab->free_slot = slot;
}

void slab_pool_give(struct slab_pool *pool, void *object)
{
    uint32_t slot;
    struct slab *slab = slab_of(pool, object, &slot);
    free_slot(pool, slab, slot);
    pool->objects--;
    if (slab->used-- == pool->objects_per_slab) {
        push_room(pool, slab);
    }
    if (slab->used > 0) {
        return;
    }
    remove_room(pool, slab);
    take_number(pool, slab);
    reset_slab(pool, slab);
    push_spare(pool, slab);
}

void *slab_pool_at(const struct slab_pool *pool, uint32_t index)
{
    uint32_t number = index / pool->objects_per_slab;
    uint32_t slot = index % pool->objects_per_slab;
    if (number >= pool->slabs_high || (pool->directory[number].vacant_next & 1) != 0) {
        return NULL;
    }
    struct slab *slab = pool->directory[number].slab;
    if (slot >= slab->fresh) {
        return NULL;
    }
    uint8_t *object = object_at(pool, slab, slot);
    return load_tag(pool, object) == (TAG_USED | slot) ? object : NULL;
}

uint32_t slab_pool_index(const struct slab_pool *pool, const void *object)
{
    uint32_t slot;
    const struct slab *slab = slab_of(pool, object, &slot);
    return slab->number * pool->objects_per_slab + slot;
}

bool slab_pool_has_room(const struct slab_pool *pool)
{
    return pool->objects < pool->objects_max && (pool->room_first != NULL || pool->spares > 0);
}
