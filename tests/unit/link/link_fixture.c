// SPDX-License-Identifier: MIT
//
// What the tests of src/link share; see the header.
#include "link_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void *take(void *ctx, size_t bytes)
{
    struct fixture_memory *memory = ctx;
    if (bytes > memory->limit_bytes - memory->taken_bytes) {
        return NULL;
    }
    memory->taken_bytes += bytes;
    memory->takes++;
    void *slab = aligned_alloc(64, (bytes + 63) & ~(size_t)63);
    memset(slab, 0xA5, bytes);
    return slab;
}

static void give(void *ctx, void *slab, size_t bytes)
{
    struct fixture_memory *memory = ctx;
    memory->taken_bytes -= bytes;
    free(slab);
}

void fixture_env(struct synfin_env *env, struct fixture_memory *memory)
{
    *memory = (struct fixture_memory){.limit_bytes = SIZE_MAX};
    *env = (struct synfin_env){
        .size = sizeof *env, .ctx = memory, .slab_take = take, .slab_give = give};
}

void fixture_octets(struct fixture_packet *out, uint8_t first, uint32_t bytes)
{
    assert_true(bytes <= FIXTURE_OCTETS);
    for (uint32_t i = 0; i < bytes; i++) {
        out->octets[i] = (uint8_t)(first + i);
    }
    synfin_packet_wrap(&out->packet, out->octets, bytes);
}

void fixture_segment(struct fixture_packet *out, uint16_t flags, uint32_t payload_bytes)
{
    static const uint8_t headers[40] = {
        0x45, 0,    0, 0,  0, 0, 0x40, 0, 64, 6, 0, 0, 192,  0, 2,    1,    192, 0, 2, 2, // IPv4
        0x9C, 0x40, 0, 80, 0, 0, 0,    1, 0,  0, 0, 2, 0x50, 0, 0xFF, 0xFF, 0,   0, 0, 0,
    };
    uint32_t bytes = (uint32_t)sizeof headers + payload_bytes;
    fixture_octets(out, 0, bytes);
    memcpy(out->octets, headers, sizeof headers);
    out->octets[2] = (uint8_t)(bytes >> 8);
    out->octets[3] = (uint8_t)bytes;
    out->octets[32] = (uint8_t)(0x50 | flags >> 8);
    out->octets[33] = (uint8_t)flags;
}

static void hash_number(struct fixture_diary *diary, uint64_t number)
{
    for (int i = 0; i < 8; i++) {
        diary->hash = (diary->hash ^ (uint8_t)(number >> 8 * i)) * UINT64_C(0x100000001B3);
    }
}

void fixture_observe(void *ctx, const struct synfin_passage *passage)
{
    struct fixture_diary *diary = ctx;
    assert_true(diary->count < FIXTURE_DIARY);
    diary->passage[diary->count] = *passage;
    diary->is_marked_copy[diary->count] = passage->packet->is_duplicate != 0;
    diary->passage[diary->count++].packet = NULL;
    diary->by_fate[passage->fate]++;
    hash_number(diary, passage->number);
    hash_number(diary, passage->from);
    hash_number(diary, passage->sent_ns);
    hash_number(diary, passage->arrives_ns);
    hash_number(diary, passage->fate);
    hash_number(diary, passage->fate_reason);
}

struct fixture_link *fixture_link_open(const struct synfin_link_config *config)
{
    struct fixture_link *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    fixture_env(&fixture->env, &fixture->memory);
    assert_int_equal(synfin_link_create(&fixture->env, config, &fixture->link), SYNFIN_ERROR_OK);
    synfin_link_observe(fixture->link, fixture_observe, &fixture->diary);
    return fixture;
}

void fixture_link_close(struct fixture_link *fixture)
{
    synfin_link_destroy(fixture->link);
    assert_int_equal(fixture->memory.taken_bytes, 0);
    free(fixture);
}

uint32_t fixture_send(struct fixture_link *fixture, enum synfin_link_side from,
                      const struct synfin_packet *packet, uint64_t now_ns)
{
    struct synfin_device *device = synfin_link_device(fixture->link, from);
    return device->ops->send(device, packet, 1, now_ns);
}

bool fixture_receive(struct fixture_link *fixture, enum synfin_link_side at,
                     struct synfin_packet *packet, uint64_t now_ns)
{
    struct synfin_device *device = synfin_link_device(fixture->link, at);
    return device->ops->receive(device, packet, 1, now_ns) == 1;
}

uint32_t fixture_drain(struct fixture_link *fixture, enum synfin_link_side at, uint64_t now_ns)
{
    struct synfin_packet packet;
    uint32_t n = 0;
    while (fixture_receive(fixture, at, &packet, now_ns)) {
        n++;
    }
    return n;
}
