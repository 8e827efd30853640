// SPDX-License-Identifier: MIT
//
// One block of memory for whole stacks, saved and restored by memcpy.
#include "lib/arena.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lib/test_random.h"

enum { ALIGNMENT = 64, RUBBISH = 0xd7 };

// Lies in a slab that was given back.
struct vacancy {
    struct vacancy *next;
    size_t bytes;
};

static size_t round_up(size_t bytes)
{
    return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

struct arena *arena_create(size_t bytes, uint64_t seed)
{
    struct arena *arena = aligned_alloc(ALIGNMENT, round_up(bytes));
    if (arena != NULL) {
        *arena = (struct arena){
            .bytes = round_up(bytes), .used = round_up(sizeof *arena), .entropy = seed};
    }
    return arena;
}

void arena_destroy(struct arena *arena)
{
    free(arena);
}

static void *take_vacant(struct arena *arena, size_t bytes)
{
    struct vacancy *before = NULL;
    struct vacancy *vacancy = arena->vacant;
    while (vacancy != NULL && vacancy->bytes != bytes) {
        before = vacancy;
        vacancy = vacancy->next;
    }
    if (vacancy != NULL && before != NULL) {
        before->next = vacancy->next;
    } else if (vacancy != NULL) {
        arena->vacant = vacancy->next;
    }
    return vacancy;
}

static void *take_front(struct arena *arena, size_t bytes)
{
    if (arena->bytes - arena->used < bytes) {
        return NULL;
    }
    void *memory = (uint8_t *)arena + arena->used;
    arena->used += bytes;
    return memory;
}

static void *take_slab(void *ctx, size_t bytes)
{
    struct arena *arena = ctx;
    void *slab = take_vacant(arena, round_up(bytes));
    if (slab == NULL) {
        slab = take_front(arena, round_up(bytes));
    }
    if (slab != NULL) {
        memset(slab, RUBBISH, bytes);
        arena->slabs++;
        arena->held_bytes += bytes;
    }
    return slab;
}

static void give_slab(void *ctx, void *slab, size_t bytes)
{
    struct arena *arena = ctx;
    struct vacancy *vacancy = slab;
    if (arena->slabs == 0 || arena->held_bytes < bytes) {
        abort(); // given back what was never taken
    }
    arena->slabs--;
    arena->held_bytes -= bytes;
    memset(slab, RUBBISH, bytes);
    *vacancy = (struct vacancy){.next = arena->vacant, .bytes = round_up(bytes)};
    arena->vacant = vacancy;
}

static void fill_entropy(void *ctx, void *out, size_t bytes)
{
    struct arena *arena = ctx;
    uint8_t *octets = out;
    for (size_t i = 0; i < bytes; i++) {
        octets[i] = (uint8_t)test_random(&arena->entropy);
    }
}

void arena_bind(struct arena *arena, struct synfin_env *env)
{
    *env = (struct synfin_env){
        .size = sizeof *env,
        .ctx = arena,
        .slab_take = take_slab,
        .slab_give = give_slab,
        .entropy = fill_entropy,
    };
}

void arena_config(struct synfin_stack_config *config, size_t bytes)
{
    synfin_stack_config_default(config);
    config->memory_limit_bytes = bytes;
    config->slab_bytes = 1024;
    config->chunk_bytes = 256;
    config->sockets_max = 8;
    config->half_open_max = config->time_wait_max = 4;
    config->answers_max = 8;
    config->fastopen_peers_max = 0;
    config->send_buffer_bytes_max = config->receive_buffer_bytes_max = 0;
    config->rto_min_ns = UINT64_C(1000000000);
    config->use_pacing = 0;
}

void *arena_take(struct arena *arena, size_t bytes)
{
    void *memory = take_front(arena, round_up(bytes));
    if (memory == NULL) {
        abort();
    }
    return memset(memory, 0, bytes);
}

void arena_save(const struct arena *arena, void *copy)
{
    memcpy(copy, arena, arena->used);
}

void arena_restore(struct arena *arena, const void *copy)
{
    const struct arena *saved = copy;
    memcpy(arena, copy, saved->used);
}
