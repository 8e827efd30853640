// SPDX-License-Identifier: MIT
//
// Time as an argument: it never runs backwards inside, deadlines are told early enough, jumps of
// any size are survived, and memory that nobody needs goes back in time.
#include <string.h>

#include <synfin/socket.h>
#include <synfin/stack.h>

#include "lib/test_cmocka.h"
#include "lib/world.h"
#include "stack/stack_internal.h"

enum { PORT = 80 };

static void stack_without_work_has_no_deadline(void **state)
{
    (void)state;
    struct world world;
    world_init_default(&world);
    world_run(&world, 100 * WORLD_S);
    assert_true(synfin_stack_next_deadline(world.host[0].stack) == SYNFIN_NEVER);
    world_deinit(&world);
}

// Nobody answers: SYNs leave at 0, 1, 3 and 7 s, each when advance is called as next_deadline says.
static void deadlines_of_a_lonely_connection_double(void **state)
{
    (void)state;
    struct world_config config;
    struct world world;
    struct synfin_packet packets[8];
    world_config_default(&config);
    config.start_ns = 0;
    world_init(&world, &config);
    synfin_stack *stack = world.host[0].stack;
    (void)world_connect(&world, 4, PORT);
    uint64_t now_ns = 0;
    static const uint64_t sent_s[] = {0, 1, 3, 7};
    for (int i = 0; i < 4; i++) {
        while (synfin_stack_output(stack, 0, packets, 8, now_ns) == 0) {
            uint64_t next_ns = synfin_stack_next_deadline(stack);
            assert_true(next_ns != SYNFIN_NEVER);
            now_ns = next_ns > now_ns ? next_ns : now_ns + 65536;
            synfin_stack_advance(stack, now_ns);
        }
        assert_true(now_ns >= sent_s[i] * WORLD_S);
        assert_true(now_ns < sent_s[i] * WORLD_S + 140000);
    }
    world_deinit(&world);
}

// A clock that is set back changes nothing: the connection goes on as at the latest time.
static void time_that_goes_backwards_counts_as_the_latest(void **state)
{
    (void)state;
    struct world_config config;
    struct world world;
    struct synfin_packet packets[8];
    world_config_default(&config);
    config.start_ns = 7200 * WORLD_S;
    world_init(&world, &config);
    synfin_stack *stack = world.host[0].stack;
    (void)world_connect(&world, 4, PORT);
    uint64_t now_ns = world.now_ns;
    assert_int_equal(synfin_stack_output(stack, 0, packets, 8, now_ns), 1);
    uint64_t deadline_ns = synfin_stack_next_deadline(stack);
    for (uint64_t back_s = 0; back_s <= 7200; back_s += 600) {
        synfin_stack_advance(stack, now_ns - back_s * WORLD_S);
        assert_int_equal(synfin_stack_output(stack, 0, packets, 8, now_ns - back_s * WORLD_S), 0);
        assert_true(synfin_stack_next_deadline(stack) == deadline_ns);
    }
    synfin_stack_advance(stack, now_ns + WORLD_S);
    assert_int_equal(synfin_stack_output(stack, 0, packets, 8, 0), 1);
    assert_true(synfin_stack_next_deadline(stack) >= now_ns + 2 * WORLD_S);
    world_deinit(&world);
}

// However far the clock jumps, one call of advance ends what is overdue only once.
static void time_that_jumps_far_fires_each_timer_once(void **state)
{
    (void)state;
    struct world world;
    struct synfin_packet packets[8];
    world_init_default(&world);
    synfin_stack *stack = world.host[0].stack;
    (void)world_connect(&world, 4, PORT);
    assert_int_equal(synfin_stack_output(stack, 0, packets, 8, world.now_ns), 1);
    synfin_stack_advance(stack, world.now_ns + 86400 * WORLD_S);
    assert_int_equal(synfin_stack_output(stack, 0, packets, 8, world.now_ns), 1);
    assert_int_equal(synfin_stack_output(stack, 0, packets, 8, world.now_ns), 0);
    synfin_stack_advance(stack, SYNFIN_NEVER - 1);
    synfin_stack_advance(stack, SYNFIN_NEVER);
    (void)synfin_stack_output(stack, 0, packets, 8, SYNFIN_NEVER);
    world_deinit(&world);
}

static void time_may_begin_anywhere(void **state)
{
    (void)state;
    static const uint64_t starts_ns[] = {
        0, 1, UINT64_C(1) << 32, UINT64_C(1) << 62, UINT64_MAX / 2, UINT64_MAX - 1000 * WORLD_S};
    for (size_t i = 0; i < sizeof starts_ns / sizeof starts_ns[0]; i++) {
        struct world_config config;
        struct world world;
        synfin_socket pair[2];
        world_config_default(&config);
        config.start_ns = starts_ns[i];
        world_init(&world, &config);
        synfin_socket listener = world_listen(&world, 4, PORT, 0);
        world_open_pair(&world, 4, PORT, listener, pair);
        synfin_socket_close(world.host[0].stack, pair[0], world.now_ns);
        synfin_socket_close(world.host[1].stack, pair[1], world.now_ns);
        world_run(&world, 100 * WORLD_S);
        struct synfin_stack_stats stats = {.size = sizeof stats};
        synfin_stack_stats(world.host[0].stack, &stats);
        assert_int_equal(stats.sockets, 0);
        world_deinit(&world);
    }
}

static struct slab_pool *chunks_of(struct world *world, uint32_t host)
{
    return &world->host[host].stack->tcp.chunks.pool;
}

// Host 0 sends as much as a window carries, and host 1 reads it.
static void send_a_flight(struct world *world, const synfin_socket pair[2])
{
    static uint8_t octets[64 << 10];
    size_t sent = 0;
    size_t got = 0;
    size_t bytes;
    (void)!synfin_socket_send(world->host[0].stack, pair[0], octets, sizeof octets, &sent,
                              world->now_ns);
    while (got < sent) {
        world_step(world, world->now_ns + WORLD_S);
        (void)!synfin_socket_recv(world->host[1].stack, pair[1], octets, sizeof octets, &bytes,
                                  world->now_ns);
        got += bytes;
    }
    assert_int_equal(sent, sizeof octets);
}

// sim --seed 91 --world 2572 --only memory,super --connections 1: M1.
static void slabs_of_small_stacks_stay_from_flight_to_flight(void **state)
{
    (void)state;
    struct world_config config;
    struct world world;
    synfin_socket pair[2];
    world_config_default(&config);
    config.stack[0].slab_bytes = config.stack[1].slab_bytes = 1024; // one for each chunk
    world_init(&world, &config);
    world_open_pair(&world, 4, PORT, world_listen(&world, 4, PORT, 0), pair);
    send_a_flight(&world, pair);
    uint32_t takes[WORLD_HOSTS] = {world.host[0].memory.takes, world.host[1].memory.takes};
    for (uint32_t i = 0; i < 100; i++) {
        send_a_flight(&world, pair);
        world_run(&world, WORLD_S);
    }
    assert_in_range(world.host[0].memory.takes - takes[0], 0, 32);
    assert_in_range(world.host[1].memory.takes - takes[1], 0, 32);
    world_run(&world, 119 * WORLD_S);
    assert_int_equal(chunks_of(&world, 0)->slabs, 1);
    assert_int_equal(chunks_of(&world, 1)->slabs, 1);
    assert_true(synfin_stack_next_deadline(world.host[0].stack) == SYNFIN_NEVER);
    world_deinit(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stack_without_work_has_no_deadline),
        cmocka_unit_test(deadlines_of_a_lonely_connection_double),
        cmocka_unit_test(time_that_goes_backwards_counts_as_the_latest),
        cmocka_unit_test(time_that_jumps_far_fires_each_timer_once),
        cmocka_unit_test(time_may_begin_anywhere),
        cmocka_unit_test(slabs_of_small_stacks_stay_from_flight_to_flight),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
