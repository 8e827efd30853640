// SPDX-License-Identifier: MIT
//
// docs/history.md, rows 122 and 123: very many connections, and memory to the octet as before.
#include "lib/test_cmocka.h"
#include "lib/test_random.h"
#include "lib/test_rows.h"
#include "lib/world.h"

enum { FIRST = 1024, PORTS_MAX = 65535 - FIRST + 1 };

static uint64_t memory_used(const synfin_stack *stack)
{
    struct synfin_stack_stats stats = {.size = sizeof stats};
    synfin_stack_stats(stack, &stats);
    return stats.memory_used_bytes;
}

static enum synfin_error connect_to_host_1(struct world *world, synfin_socket *socket)
{
    struct synfin_endpoint remote = {.addr = world_addr(world, 1, 4), .port = 80};
    assert_int_equal(synfin_socket_open(world->host[0].stack, socket), SYNFIN_ERROR_OK);
    return synfin_socket_connect(world->host[0].stack, *socket, &remote, world->now_ns);
}

// Every port of the range, twice over; nothing is sent meanwhile. All 64,512 by the argument.
static void hist_122_all_ports_are_used_up_and_come_back(void **state)
{
    static synfin_socket sockets[PORTS_MAX];
    struct world world;
    struct world_config config;
    synfin_socket more;
    uint32_t ports = (uint32_t)test_rows_times(10000);
    (void)state;
    assert_true(ports <= PORTS_MAX);
    world_config_default(&config);
    config.stack[0].port_first = FIRST;
    config.stack[0].port_last = (uint16_t)(FIRST + ports - 1);
    config.stack[0].sockets_max = ports + 1;
    world_init(&world, &config);
    synfin_stack *stack = world.host[0].stack;
    uint64_t before = memory_used(stack);
    for (uint32_t round = 0; round < 2; round++) {
        for (uint32_t i = 0; i < ports; i++) {
            assert_int_equal(connect_to_host_1(&world, &sockets[i]), SYNFIN_ERROR_OK);
        }
        assert_int_equal(connect_to_host_1(&world, &more), SYNFIN_ERROR_NO_PORTS);
        synfin_socket_close(stack, more, world.now_ns);
        for (uint32_t i = 0; i < ports; i++) {
            synfin_socket_abort(stack, sockets[i], world.now_ns);
        }
        assert_false(synfin_stack_has_output(stack, world.host[0].iface));
        assert_int_equal(memory_used(stack), before);
    }
    world_deinit(&world);
}

static void act(struct world *world, uint32_t host, synfin_socket socket, uint64_t *seed)
{
    static const uint8_t octets[4000];
    uint8_t buffer[500];
    size_t count;
    synfin_stack *stack = world->host[host].stack;
    switch (test_random_below(seed, 16)) {
    case 0:
        (void)!synfin_socket_recv(stack, socket, buffer, sizeof buffer, &count, world->now_ns);
        break;
    case 1:
        (void)!synfin_socket_shutdown(
            stack, socket, (enum synfin_shutdown)test_random_below(seed, 3), world->now_ns);
        break;
    case 2: synfin_socket_abort(stack, socket, world->now_ns); break;
    case 3: synfin_socket_close(stack, socket, world->now_ns); break;
    default:
        (void)!synfin_socket_send(stack, socket, octets, test_random_below(seed, sizeof octets) + 1,
                                  &count, world->now_ns);
        break;
    }
}

// One connection, cut by either end at any moment of its life, on a link that loses and repeats.
static void live(struct world *world, synfin_socket listener, uint64_t *seed)
{
    synfin_socket pair[2] = {0, 0};
    pair[0] = world_connect(world, test_random_below(seed, 2) == 0 ? 4 : 6, 80);
    for (uint32_t steps = test_random_below(seed, 20); steps > 0; steps--) {
        world_run(world, test_random_below(seed, 3000) * UINT64_C(1000));
        if (pair[1] == 0) {
            (void)!synfin_socket_accept(world->host[1].stack, listener, &pair[1], NULL);
        }
        uint32_t host = test_random_below(seed, 2);
        act(world, host, pair[host], seed);
    }
    synfin_socket_close(world->host[0].stack, pair[0], world->now_ns);
    if (pair[1] == 0) {
        (void)!synfin_socket_accept(world->host[1].stack, listener, &pair[1], NULL);
    }
    synfin_socket_close(world->host[1].stack, pair[1], world->now_ns);
}

// What was accepted by nobody in its turn.
static void close_acceptable(struct world *world, synfin_socket listener)
{
    synfin_socket socket;
    while (synfin_socket_accept(world->host[1].stack, listener, &socket, NULL) == SYNFIN_ERROR_OK) {
        synfin_socket_close(world->host[1].stack, socket, world->now_ns);
    }
}

static void hist_123_memory_is_as_before_after_any_number_of_connections(void **state)
{
    struct world world;
    struct world_config config;
    uint64_t seed = 123;
    uint64_t times = test_rows_times(10000);
    uint64_t before[WORLD_HOSTS];
    (void)state;
    world_config_default(&config);
    config.link.loss_ppm = 50000;
    config.link.duplicate_ppm = 20000;
    config.link.reorder_ppm = 50000;
    world_init(&world, &config);
    synfin_socket listener;
    struct synfin_endpoint local = {.port = 80}; // of both versions
    assert_int_equal(synfin_socket_open(world.host[1].stack, &listener), SYNFIN_ERROR_OK);
    assert_int_equal(synfin_socket_bind(world.host[1].stack, listener, &local), SYNFIN_ERROR_OK);
    assert_int_equal(synfin_socket_listen(world.host[1].stack, listener, 64, world.now_ns),
                     SYNFIN_ERROR_OK);
    for (uint32_t i = 0; i < WORLD_HOSTS; i++) {
        before[i] = memory_used(world.host[i].stack);
    }
    for (uint64_t i = 0; i < times; i++) {
        live(&world, listener, &seed);
        if (i % 100 == 0 || i + 1 == times) {
            for (uint32_t minutes = 0; minutes < 15; minutes++) {
                close_acceptable(&world, listener);
                world_run(&world, 60 * WORLD_S);
            }
            for (uint32_t k = 0; k < WORLD_HOSTS; k++) {
                assert_int_equal(memory_used(world.host[k].stack), before[k]);
            }
        }
    }
    for (uint32_t k = 0; k < WORLD_HOSTS; k++) { // lives, not only attempts
        assert_true(world.host[k].packets > 3 * times);
    }
    world_deinit(&world);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(hist_122_all_ports_are_used_up_and_come_back),
    cmocka_unit_test(hist_123_memory_is_as_before_after_any_number_of_connections),
};
ROWS_MAIN(tests)
