// SPDX-License-Identifier: MIT
//
// Pages and the objects in them. A number is its page's place in the directory and a slot:
//
//     number:  [ page number | slot ]          slot: the lowest page_shift bits
//     object:  directory[page].memory + slot * object_bytes
//
// All that a page needs besides its objects stands in the directory: it is full (on no list), has
// room (on the pool's list), is the spare, or its number is vacant. Its free objects are those from
// `fresh` on, which nobody has touched since the page was last empty, and the list that begins at
// `free_first`, linked through the objects' first octets.
#include "base/dense.h"

#include <string.h>

#include "base/check.h"

#define NONE      UINT32_MAX
#define SLOT_NONE UINT16_MAX

enum {
    SLOTS_LEAST_SHIFT = 3, // 8 objects per page, however large
    SLOTS_MOST_SHIFT = 15, // slots fit 16 bits, with one value to spare
    DIRECTORY_FIRST = 8,
    POISON = 0xa5,
};

#if defined(SYNFIN_ASSERT_SLOW)
enum { IS_POISONING = 1 };
#else
enum { IS_POISONING = 0 };
#endif

_Static_assert(sizeof(struct dense_page) <= 24, "little beside the objects of a page");

void dense_pool_init(struct dense_pool *pool, struct slab_source *source, uint32_t object_bytes,
                     uint32_t objects_max)
{
    ASSERT(object_bytes >= 4 && object_bytes % 4 == 0);
    ASSERT(object_bytes <= UINT32_MAX >> SLOTS_LEAST_SHIFT);
    uint32_t shift = SLOTS_LEAST_SHIFT;
    while (shift < SLOTS_MOST_SHIFT
           && (uint64_t)object_bytes << (shift + 1) <= source->slab_bytes) {
        shift++;
    }
    *pool = (struct dense_pool){
        .source = source,
        .object_bytes = object_bytes,
        .page_shift = shift,
        .room_first = NONE,
        .spare = NONE,
        .vacant = NONE,
        .objects_max = objects_max,
    };
}

static size_t page_bytes(const struct dense_pool *pool)
{
    return (size_t)pool->object_bytes << pool->page_shift;
}

void dense_pool_deinit(struct dense_pool *pool)
{
    for (uint32_t i = 0; i < pool->pages_high; i++) {
        if (pool->directory[i].memory != NULL) {
            slab_source_give(pool->source, pool->directory[i].memory, page_bytes(pool));
        }
    }
    if (pool->directory != NULL) {
        slab_source_give(pool->source, pool->directory,
                         pool->directory_slots * sizeof *pool->directory);
    }
    dense_pool_init(pool, pool->source, pool->object_bytes, pool->objects_max);
}

static uint8_t *object_at(const struct dense_pool *pool, const struct dense_page *page,
                          uint32_t slot)
{
    return page->memory + (size_t)slot * pool->object_bytes;
}

static uint32_t slot_of(const struct dense_pool *pool, uint32_t number)
{
    return number & ((UINT32_C(1) << pool->page_shift) - 1);
}

static struct dense_page *page_of(const struct dense_pool *pool, uint32_t number)
{
    uint32_t place = number >> pool->page_shift;
    ASSERT(place < pool->pages_high && pool->directory[place].memory != NULL);
    return &pool->directory[place];
}

static void push_room(struct dense_pool *pool, uint32_t place)
{
    pool->directory[place].prev = NONE;
    pool->directory[place].next = pool->room_first;
    if (pool->room_first != NONE) {
        pool->directory[pool->room_first].prev = place;
    }
    pool->room_first = place;
}

static void remove_room(struct dense_pool *pool, uint32_t place)
{
    const struct dense_page *page = &pool->directory[place];
    if (page->prev != NONE) {
        pool->directory[page->prev].next = page->next;
    } else {
        pool->room_first = page->next;
    }
    if (page->next != NONE) {
        pool->directory[page->next].prev = page->prev;
    }
}

// Makes room in the directory for one more number.
static bool grow_directory(struct dense_pool *pool)
{
    if (pool->pages_high < pool->directory_slots) {
        return true;
    }
    uint32_t slots = pool->directory_slots == 0 ? DIRECTORY_FIRST : 2 * pool->directory_slots;
    if (pool->pages_high >= (NONE >> pool->page_shift)) {
        return false; // numbers would not fit 32 bits
    }
    struct dense_page *directory =
        slab_source_grow(pool->source, pool->directory, pool->directory_slots * sizeof *directory,
                         slots * sizeof *directory);
    if (directory == NULL) {
        return false;
    }
    pool->directory = directory;
    pool->directory_slots = slots;
    return true;
}

// The number of a new page, or NONE.
static uint32_t take_page(struct dense_pool *pool)
{
    if (pool->vacant == NONE && !grow_directory(pool)) {
        return NONE;
    }
    uint8_t *memory = slab_source_take_raw(pool->source, page_bytes(pool));
    if (memory == NULL) {
        return NONE;
    }
    ASSERT((uintptr_t)memory % 4 == 0);
    uint32_t place = pool->vacant;
    if (place == NONE) {
        place = pool->pages_high++;
    } else {
        pool->vacant = pool->directory[place].next;
    }
    pool->directory[place] = (struct dense_page){.memory = memory, .free_first = SLOT_NONE};
    pool->pages++;
    return place;
}

static void give_page(struct dense_pool *pool, uint32_t place)
{
    struct dense_page *page = &pool->directory[place];
    slab_source_give(pool->source, page->memory, page_bytes(pool));
    page->memory = NULL;
    page->next = pool->vacant;
    pool->vacant = place;
    pool->pages--;
}

// A page with room, at the head of the list; NONE when there is none and none can be had.
static uint32_t find_room(struct dense_pool *pool)
{
    if (pool->room_first != NONE) {
        return pool->room_first;
    }
    uint32_t place = pool->spare;
    if (place != NONE) {
        pool->spare = NONE;
    } else {
        place = take_page(pool);
    }
    if (place != NONE) {
        push_room(pool, place);
    }
    return place;
}

static uint32_t load_link(const uint8_t *object)
{
    uint32_t link;
    __builtin_memcpy(&link, object, sizeof link);
    return link;
}

// Whether the object holds nothing but poison behind the link of the free list.
static bool is_poisoned(const struct dense_pool *pool, const uint8_t *object)
{
    for (uint32_t i = sizeof(uint32_t); i < pool->object_bytes; i++) {
        if (object[i] != POISON) {
            return false;
        }
    }
    return true;
}

// Whether the slot is on its page's free list: given back twice. The list is walked only when the
// object looks like it.
static bool is_free(const struct dense_pool *pool, const struct dense_page *page, uint32_t slot)
{
    if (!is_poisoned(pool, object_at(pool, page, slot))) {
        return false;
    }
    for (uint32_t i = page->free_first; i != SLOT_NONE; i = load_link(object_at(pool, page, i))) {
        if (i == slot) {
            return true;
        }
    }
    return false;
}

static uint32_t take_slot(const struct dense_pool *pool, struct dense_page *page)
{
    uint32_t slot = page->free_first;
    if (slot == SLOT_NONE) {
        return page->fresh++;
    }
    const uint8_t *object = object_at(pool, page, slot);
    ASSERT_SLOW(is_poisoned(pool, object));
    uint32_t next = load_link(object);
    ASSERT(next == SLOT_NONE || next < page->fresh); // somebody wrote into a free object
    page->free_first = (uint16_t)next;
    return slot;
}

void *dense_pool_take(struct dense_pool *pool, uint32_t *number)
{
    if (pool->objects >= pool->objects_max) {
        return NULL;
    }
    uint32_t place = find_room(pool);
    if (place == NONE) {
        return NULL;
    }
    struct dense_page *page = &pool->directory[place];
    uint32_t slot = take_slot(pool, page);
    if (++page->used == UINT32_C(1) << pool->page_shift) {
        remove_room(pool, place);
    }
    pool->objects++;
    *number = place << pool->page_shift | slot;
    uint8_t *object = object_at(pool, page, slot);
    memset(object, 0, pool->object_bytes);
    return object;
}

static void free_slot(const struct dense_pool *pool, struct dense_page *page, uint32_t slot)
{
    uint8_t *object = object_at(pool, page, slot);
    ASSERT(page->used > 0 && slot < page->fresh);
    ASSERT_SLOW(!is_free(pool, page, slot));
    if (IS_POISONING) {
        memset(object, POISON, pool->object_bytes);
    }
    uint32_t link = page->free_first;
    __builtin_memcpy(object, &link, sizeof link);
    page->free_first = (uint16_t)slot;
}

void dense_pool_give(struct dense_pool *pool, uint32_t number)
{
    struct dense_page *page = page_of(pool, number);
    uint32_t place = number >> pool->page_shift;
    free_slot(pool, page, slot_of(pool, number));
    pool->objects--;
    if (page->used-- == UINT32_C(1) << pool->page_shift) {
        push_room(pool, place);
    }
    if (page->used > 0) {
        return;
    }
    remove_room(pool, place);
    if (pool->spare != NONE) {
        give_page(pool, place);
    } else {
        page->free_first = SLOT_NONE;
        page->fresh = 0;
        pool->spare = place;
    }
}
