// SPDX-License-Identifier: MIT
//
// docs/history.md, rows 17 and 19: Ethernet frames that are too short, or that come from our own
// station address, at a whole stack.
#include <stdlib.h>
#include <string.h>

#include "lib/segment_wire.h"
#include "lib/test_cmocka.h"
#include "lib/test_random.h"
#include "lib/test_rows.h"
#include "lib/world.h"

enum { FRAME_MAX = 160, LINK_HEADER = 14 };

static const uint16_t types[] = {0x0800, 0x86dd, 0x0806, 0x8035, 0x8100, 0x88cc, 0x0000, 0xffff};

static uint32_t drain(struct world *world)
{
    struct synfin_packet out[8];
    return synfin_stack_output(world->host[1].stack, world->host[1].iface, out, 8, world->now_ns);
}

// What a stack says of itself when it comes up is said before.
static void begin(struct world *world)
{
    struct world_config config;
    world_config_default(&config);
    config.is_ethernet = true;
    world_init(world, &config);
    (void)world_listen(world, 4, 80, 4);
    while (drain(world) > 0) {
    }
}

static uint64_t drops(const synfin_stack *stack)
{
    uint64_t n = 0;
    for (uint32_t i = 0; i < SYNFIN_REASON_COUNT; i++) {
        if (strncmp(synfin_reason_name((enum synfin_reason)i), "DROP_", 5) == 0) {
            n += synfin_stack_count(stack, (enum synfin_reason)i);
        }
    }
    return n;
}

static void give(struct world *world, const uint8_t *frame, uint32_t bytes)
{
    struct synfin_packet wrapped;
    uint8_t *copy = malloc(bytes > 0 ? bytes : 1); // exactly as long, for the sanitizers
    assert_non_null(copy);
    memcpy(copy, frame, bytes);
    synfin_packet_wrap(&wrapped, copy, bytes);
    synfin_stack_input(world->host[1].stack, world->host[1].iface, &wrapped, 1, world->now_ns);
    free(copy);
}

static void write_header(uint8_t *frame, const uint8_t *to, const uint8_t *from, uint16_t type)
{
    memcpy(frame, to, 6);
    memcpy(frame + 6, from, 6);
    frame[12] = (uint8_t)(type >> 8);
    frame[13] = (uint8_t)type;
}

// Zero octets behind the header, and random ones.
static void hist_19_frames_shorter_than_any_packet_are_dropped(void **state)
{
    struct world world;
    uint64_t seed = 19;
    (void)state;
    begin(&world);
    const uint8_t *mac = world.host[1].device->mac;
    for (size_t i = 0; i < 2 * sizeof types / sizeof types[0]; i++) {
        for (uint32_t bytes = 0; bytes < 64; bytes++) {
            uint8_t frame[FRAME_MAX] = {0};
            if (i % 2 == 1) {
                test_random_fill(&seed, frame, bytes);
            }
            write_header(frame, mac, world.host[0].device->mac, types[i / 2]);
            uint64_t before = drops(world.host[1].stack);
            give(&world, frame, bytes);
            assert_int_equal(drops(world.host[1].stack), before + 1);
            assert_int_equal(drain(&world), 0);
        }
    }
    world_deinit(&world);
}

// A SYN that any other station would get an answer to, whole, cut anywhere, or with an octet wrong.
static void hist_17_frame_from_our_own_station_is_dropped(void **state)
{
    static const uint8_t broadcast[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    struct world world;
    uint8_t frame[FRAME_MAX];
    (void)state;
    begin(&world);
    const uint8_t *own = world.host[1].device->mac;
    struct segment_wire syn = {.src = world_addr(&world, 0, 4),
                               .dst = world_addr(&world, 1, 4),
                               .src_port = 1000,
                               .dst_port = 80,
                               .flags = SYNFIN_TCP_SYN,
                               .window = 1000,
                               .mss = 1460,
                               .wscale = -1};
    uint32_t bytes = LINK_HEADER + segment_wire_build(&syn, frame + LINK_HEADER);
    for (uint32_t i = 0; i < 4 * bytes; i++) {
        uint32_t place = i / 4;
        uint8_t wrong = i % 2 == 1 && place >= LINK_HEADER ? 0x10 : 0;
        write_header(frame, i / 2 % 2 == 0 ? own : broadcast, own, 0x0800);
        frame[place] ^= wrong;
        uint64_t before = drops(world.host[1].stack);
        give(&world, frame, i % 3 == 0 ? place : bytes);
        frame[place] ^= wrong;
        assert_int_equal(drops(world.host[1].stack), before + 1);
        assert_int_equal(drain(&world), 0);
    }
    assert_int_equal(world_count_state(&world, 1, SYNFIN_TCP_STATE_SYN_RECEIVED), 0);
    write_header(frame, own, world.host[0].device->mac, 0x0800);
    give(&world, frame, bytes); // from the other station
    assert_int_equal(world_count_state(&world, 1, SYNFIN_TCP_STATE_SYN_RECEIVED), 1);
    world_deinit(&world);
}

// A packet from our own address, whatever station it comes from, is nobody's.
static void hist_17_packet_from_our_own_address_is_dropped(void **state)
{
    struct world world;
    (void)state;
    begin(&world);
    for (uint32_t i = 0; i < 2; i++) {
        uint8_t frame[FRAME_MAX];
        const uint8_t *own = world.host[1].device->mac;
        struct segment_wire syn = {.src = world_addr(&world, 1, 4),
                                   .dst = world_addr(&world, 1, 4),
                                   .src_port = 1000,
                                   .dst_port = 80,
                                   .flags = SYNFIN_TCP_SYN,
                                   .window = 1000,
                                   .mss = 1460,
                                   .wscale = -1};
        write_header(frame, own, i == 0 ? own : world.host[0].device->mac, 0x0800);
        uint64_t before = drops(world.host[1].stack);
        give(&world, frame, LINK_HEADER + segment_wire_build(&syn, frame + LINK_HEADER));
        assert_int_equal(drops(world.host[1].stack), before + 1);
        assert_int_equal(drain(&world), 0);
        assert_int_equal(world_count_state(&world, 1, SYNFIN_TCP_STATE_SYN_RECEIVED), 0);
    }
    world_deinit(&world);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(hist_17_frame_from_our_own_station_is_dropped),
    cmocka_unit_test(hist_17_packet_from_our_own_address_is_dropped),
    cmocka_unit_test(hist_19_frames_shorter_than_any_packet_are_dropped),
};
ROWS_MAIN(tests)
