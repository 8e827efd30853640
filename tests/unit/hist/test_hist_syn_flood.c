// SPDX-License-Identifier: MIT
//
// docs/history.md, row 76: SYNs from addresses that never answer, by the thousand, at a listener.
// Memory stays flat, nothing is left when it is over, and all the while everybody who does answer
// is served.
#include "lib/segment_wire.h"
#include "lib/test_cmocka.h"
#include "lib/test_random.h"
#include "lib/test_rows.h"
#include "lib/world.h"

enum { BACKLOG = 128, PORT = 80, BETWEEN = 500, MEMORY_MAX = 256 * 1024 };

static uint64_t memory_taken(const struct world *world)
{
    struct synfin_stack_stats stats = {.size = sizeof stats};
    synfin_stack_stats(world->host[1].stack, &stats);
    return stats.memory_bytes;
}

// Somebody of the same network, with any port.
static void give_forged_syn(struct world *world, uint32_t version, uint64_t *seed)
{
    uint8_t packet[128];
    struct synfin_packet wrapped;
    struct segment_wire syn = {
        .src = world_addr(world, 0, version),
        .dst = world_addr(world, 1, version),
        .src_port = (uint16_t)(1024 + test_random_below(seed, 60000)),
        .dst_port = PORT,
        .seq = (uint32_t)test_random(seed),
        .flags = SYNFIN_TCP_SYN,
        .window = 1000,
        .mss = 1460,
        .wscale = -1,
    };
    syn.src.octet[15] = (uint8_t)(3 + test_random_below(seed, 200));
    synfin_packet_wrap(&wrapped, packet, segment_wire_build(&syn, packet));
    synfin_stack_input(world->host[1].stack, world->host[1].iface, &wrapped, 1, world->now_ns);
    world_settle(world);
}

static void connect_and_abort(struct world *world, uint32_t version, synfin_socket listener)
{
    synfin_socket pair[2];
    world_open_pair(world, version, PORT, listener, pair);
    for (uint32_t i = 0; i < WORLD_HOSTS; i++) {
        synfin_socket_abort(world->host[i].stack, pair[i], world->now_ns);
    }
    world_run(world, 500 * WORLD_MS);
}

static void flood(enum synfin_syn_cookies cookies, uint32_t version)
{
    struct world world;
    struct world_config config;
    uint64_t seed = 76 + version;
    uint64_t times = test_rows_times(40000);
    uint64_t most = 0;
    world_config_default(&config);
    config.stack[1].syn_cookies = (uint8_t)cookies;
    world_init(&world, &config);
    synfin_socket listener = world_listen(&world, version, PORT, BACKLOG);
    for (uint64_t i = 0; i < times; i++) {
        give_forged_syn(&world, version, &seed);
        if (i % BETWEEN == BETWEEN - 1) {
            connect_and_abort(&world, version, listener);
        }
        if (i < times / 2) {
            most = memory_taken(&world) > most ? memory_taken(&world) : most;
        }
        assert_true(world_count_state(&world, 1, SYNFIN_TCP_STATE_SYN_RECEIVED) <= BACKLOG);
    }
    assert_true(memory_taken(&world) <= most);
    world_run(&world, 200 * WORLD_S);
    assert_int_equal(world_count_state(&world, 1, SYNFIN_TCP_STATE_SYN_RECEIVED), 0);
    assert_true(memory_taken(&world) <= MEMORY_MAX);
    connect_and_abort(&world, version, listener);
    world_deinit(&world);
}

static void hist_76_flood_of_syns_under_a_cache_that_gives_way(void **state)
{
    (void)state;
    flood(SYNFIN_SYN_COOKIES_NEVER, 4);
    flood(SYNFIN_SYN_COOKIES_NEVER, 6);
}

static void hist_76_flood_of_syns_under_cookies(void **state)
{
    (void)state;
    flood(SYNFIN_SYN_COOKIES_WHEN_FULL, 4);
    flood(SYNFIN_SYN_COOKIES_WHEN_FULL, 6);
}

static void hist_76_flood_of_syns_with_nothing_but_cookies(void **state)
{
    (void)state;
    flood(SYNFIN_SYN_COOKIES_ALWAYS, 4);
    flood(SYNFIN_SYN_COOKIES_ALWAYS, 6);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(hist_76_flood_of_syns_under_a_cache_that_gives_way),
    cmocka_unit_test(hist_76_flood_of_syns_under_cookies),
    cmocka_unit_test(hist_76_flood_of_syns_with_nothing_but_cookies),
};
ROWS_MAIN(tests)
