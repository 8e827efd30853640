// SPDX-License-Identifier: MIT
//
// The judge's maps and sets; see oracle_map.h.
#include "sim/oracle_map.h"

#include <stdlib.h>
#include <string.h>

enum { SLOTS_FIRST = 256, RANGES_FIRST = 4 };

struct oracle_map_slot {
    uint64_t key;
    void *value; // NULL: empty
};

void *oracle_allocate(void *old, size_t bytes)
{
    void *memory = realloc(old, bytes);
    if (memory == NULL) {
        abort();
    }
    return memory;
}

uint64_t oracle_mix(uint64_t a, uint64_t b)
{
    uint64_t x = a * UINT64_C(0x9e3779b97f4a7c15) + b;
    x = (x ^ (x >> 32)) * UINT64_C(0xd6e8feb86659fd93);
    x = (x ^ (x >> 29)) * UINT64_C(0xbf58476d1ce4e5b9);
    return x ^ (x >> 32);
}

void oracle_map_deinit(struct oracle_map *map)
{
    free(map->slot);
    *map = (struct oracle_map){0};
}

static struct oracle_map_slot *slot_of(const struct oracle_map *map, uint64_t key)
{
    uint32_t at = (uint32_t)key & (map->slots - 1);
    while (map->slot[at].value != NULL && map->slot[at].key != key) {
        at = (at + 1) & (map->slots - 1);
    }
    return &map->slot[at];
}

static void grow(struct oracle_map *map)
{
    struct oracle_map old = *map;
    map->slots = old.slots == 0 ? SLOTS_FIRST : 2 * old.slots;
    map->slot = oracle_allocate(NULL, map->slots * sizeof *map->slot);
    memset(map->slot, 0, map->slots * sizeof *map->slot);
    for (uint32_t i = 0; i < old.slots; i++) {
        if (old.slot[i].value != NULL) {
            *slot_of(map, old.slot[i].key) = old.slot[i];
        }
    }
    free(old.slot);
}

void *oracle_map_find(const struct oracle_map *map, uint64_t key)
{
    return map->slots == 0 ? NULL : slot_of(map, key)->value;
}

void oracle_map_set(struct oracle_map *map, uint64_t key, void *value)
{
    if (2 * map->used >= map->slots) {
        grow(map);
    }
    struct oracle_map_slot *slot = slot_of(map, key);
    map->used += slot->value == NULL;
    *slot = (struct oracle_map_slot){key, value};
}

void oracle_ranges_deinit(struct oracle_ranges *ranges)
{
    free(ranges->at);
    *ranges = (struct oracle_ranges){0};
}

// The first range that ends at `place` or behind it.
static uint32_t find_from(const struct oracle_ranges *ranges, uint64_t place)
{
    uint32_t low = 0;
    uint32_t high = ranges->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (ranges->at[middle].right < place) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static void insert_at(struct oracle_ranges *ranges, uint32_t i, uint64_t left, uint64_t right)
{
    if (ranges->count == ranges->room) {
        ranges->room = ranges->room == 0 ? RANGES_FIRST : 2 * ranges->room;
        ranges->at = oracle_allocate(ranges->at, ranges->room * sizeof *ranges->at);
    }
    memmove(&ranges->at[i + 1], &ranges->at[i], (ranges->count - i) * sizeof *ranges->at);
    ranges->at[i] = (struct oracle_range){left, right};
    ranges->count++;
}

void oracle_ranges_add(struct oracle_ranges *ranges, uint64_t left, uint64_t right)
{
    if (left >= right) {
        return;
    }
    uint32_t i = find_from(ranges, left);
    uint32_t end = i;
    while (end < ranges->count && ranges->at[end].left <= right) {
        end++;
    }
    if (i == end) {
        insert_at(ranges, i, left, right);
        return;
    }
    struct oracle_range *first = &ranges->at[i];
    uint64_t last = ranges->at[end - 1].right;
    first->left = left < first->left ? left : first->left;
    first->right = right > last ? right : last;
    memmove(first + 1, &ranges->at[end], (ranges->count - end) * sizeof *ranges->at);
    ranges->count -= end - i - 1;
}

bool oracle_ranges_hold(const struct oracle_ranges *ranges, uint64_t left, uint64_t right)
{
    return left >= right || oracle_ranges_end(ranges, left) >= right;
}

uint64_t oracle_ranges_end(const struct oracle_ranges *ranges, uint64_t place)
{
    uint32_t i = find_from(ranges, place + 1);
    bool is_in = i < ranges->count && ranges->at[i].left <= place;
    return is_in ? ranges->at[i].right : place;
}
