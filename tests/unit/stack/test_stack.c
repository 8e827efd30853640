// SPDX-License-Identifier: MIT
//
// A stack's life: its memory comes back whatever state its connections are in, its limit holds,
// and a few tens of kilobytes are enough for a few connections.
#include <string.h>

#include <synfin/socket.h>
#include <synfin/stack.h>

#include "lib/test_cmocka.h"
#include "lib/world.h"

static void create_without_memory_gives_everything_back(void **state)
{
    (void)state;
    struct synfin_env env;
    synfin_stack *stack;
    test_env_init(&env);
    assert_int_equal(synfin_stack_create(&env, NULL, 0, &stack), SYNFIN_ERROR_OK);
    uint32_t needed = test_env_of(&env)->takes;
    synfin_stack_destroy(stack);
    assert_true(needed >= 2);
    for (uint32_t i = 0; i < needed; i++) {
        test_env_init(&env);
        test_env_of(&env)->fail_after = i;
        assert_int_equal(synfin_stack_create(&env, NULL, 0, &stack), SYNFIN_ERROR_NO_MEMORY);
        assert_null(stack);
        assert_int_equal(test_env_of(&env)->slabs, 0);
    }
}

static void create_below_its_own_size_is_out_of_memory(void **state)
{
    (void)state;
    struct synfin_env env;
    struct synfin_stack_config config;
    synfin_stack *stack;
    test_env_init(&env);
    synfin_stack_config_default(&config);
    config.memory_limit_bytes = 4096;
    assert_int_equal(synfin_stack_create(&env, &config, 0, &stack), SYNFIN_ERROR_NO_MEMORY);
    assert_int_equal(test_env_of(&env)->slabs, 0);
}

static void destroy_of_nothing_does_nothing(void **state)
{
    (void)state;
    synfin_stack_destroy(NULL);
}

static void addrs_and_routes_that_make_no_sense_are_refused(void **state)
{
    (void)state;
    struct world world;
    struct synfin_addr none = {{0}};
    world_init_default(&world);
    synfin_stack *stack = world.host[0].stack;
    struct synfin_prefix prefix = {.addr = synfin_addr_ipv4(198, 51, 100, 1), .bits = 33};
    assert_int_equal(synfin_stack_add_addr(stack, 0, &prefix), SYNFIN_ERROR_INVALID);
    assert_int_equal(synfin_stack_add_route(stack, 0, &prefix, &none), SYNFIN_ERROR_INVALID);
    prefix.bits = 24;
    assert_int_equal(synfin_stack_add_addr(stack, 1, &prefix), SYNFIN_ERROR_INVALID);
    assert_int_equal(synfin_stack_add_route(stack, 1, &prefix, &none), SYNFIN_ERROR_INVALID);
    prefix.addr = world_addr(&world, 0, 4);
    assert_int_equal(synfin_stack_add_addr(stack, 0, &prefix), SYNFIN_ERROR_IN_USE);
    world_deinit(&world);
}

static void packets_of_an_unknown_iface_are_ignored(void **state)
{
    (void)state;
    struct world world;
    struct synfin_packet packet;
    uint8_t octets[40] = {0x45};
    world_init_default(&world);
    synfin_packet_wrap(&packet, octets, sizeof octets);
    synfin_stack_input(world.host[0].stack, 1, &packet, 1, world.now_ns);
    assert_int_equal(synfin_stack_output(world.host[0].stack, 1, &packet, 1, world.now_ns), 0);
    assert_false(synfin_stack_has_output(world.host[0].stack, 1));
    struct synfin_stack_stats stats = {.size = sizeof stats};
    synfin_stack_stats(world.host[0].stack, &stats);
    assert_int_equal(stats.packets_in, 0);
    world_deinit(&world);
}

static void send_text(struct world *world, uint32_t host, synfin_socket socket, const char *text)
{
    size_t sent;
    assert_int_equal(synfin_socket_send(world->host[host].stack, socket, text, strlen(text), &sent,
                                        world->now_ns),
                     SYNFIN_ERROR_OK);
    assert_int_equal(sent, strlen(text));
}

// Brings a pair of hosts to where host 0 has a connection in each state, then destroys both.
static void destroy_in_every_state_gives_every_slab_back(void **state)
{
    (void)state;
    for (int cut_ms = 0; cut_ms < 60; cut_ms++) {
        struct world_config config;
        struct world world;
        synfin_socket pair[3][2];
        world_config_default(&config);
        config.link.delay_ns = 3 * WORLD_MS;
        config.stack[0].msl_ns = config.stack[1].msl_ns = 10 * WORLD_MS;
        world_init(&world, &config);
        synfin_socket listener = world_listen(&world, 4, 80, 0);
        for (int i = 0; i < 3; i++) {
            world_open_pair(&world, 4, 80, listener, pair[i]);
        }
        send_text(&world, 0, pair[0][0], "unread");
        (void)world_connect(&world, 4, 80); // a child that nobody accepts
        (void)world_connect(&world, 4, 81); // refused
        (void)world_connect(&world, 6, 80); // nobody listens on IPv6
        world_run(&world, (uint64_t)cut_ms / 3 * WORLD_MS);
        synfin_socket_close(world.host[0].stack, pair[0][0], world.now_ns);
        synfin_socket_close(world.host[0].stack, pair[1][0], world.now_ns);
        synfin_socket_close(world.host[1].stack, pair[1][1], world.now_ns);
        synfin_socket_close(world.host[1].stack, pair[2][1], world.now_ns);
        world_run(&world, (uint64_t)cut_ms * WORLD_MS);
        world_deinit(&world);
    }
}

struct small_wait {
    synfin_socket socket;
    char text[16];
    size_t bytes, wanted;
};

static bool has_received(struct world *world, void *ctx)
{
    struct small_wait *wait = ctx;
    size_t received;
    enum synfin_error error =
        synfin_socket_recv(world->host[1].stack, wait->socket, wait->text + wait->bytes,
                           wait->wanted - wait->bytes, &received, world->now_ns);
    if (error == SYNFIN_ERROR_OK) {
        wait->bytes += received;
    }
    return wait->bytes == wait->wanted;
}

static void set_small(struct synfin_stack_config *config, size_t limit_bytes)
{
    config->memory_limit_bytes = limit_bytes;
    config->slab_bytes = 4096;
    config->chunk_bytes = 512;
    config->send_buffer_bytes = 2048;
    config->receive_buffer_bytes = 2048;
    config->reassembly_bytes_max = 4096;
    config->out_of_order_ranges_max = 4;
}

// Opens `count` connections and sends a word on each at the same time.
static bool serves(size_t limit_bytes, uint32_t count)
{
    struct world_config config;
    struct world world;
    synfin_socket pair[8][2];
    world_config_default(&config);
    set_small(&config.stack[0], limit_bytes);
    set_small(&config.stack[1], limit_bytes);
    world_init(&world, &config);
    synfin_socket listener = world_listen(&world, 4, 80, 0);
    bool is_served = true;
    for (uint32_t i = 0; i < count; i++) {
        world_open_pair(&world, 4, 80, listener, pair[i]);
    }
    for (uint32_t i = 0; i < count; i++) {
        send_text(&world, 0, pair[i][0], "small");
    }
    for (uint32_t i = 0; i < count && is_served; i++) {
        struct small_wait wait = {.socket = pair[i][1], .wanted = 5};
        is_served = world_run_until(&world, has_received, &wait, 10 * WORLD_S)
                    && memcmp(wait.text, "small", 5) == 0;
    }
    struct synfin_stack_stats stats = {.size = sizeof stats};
    synfin_stack_stats(world.host[1].stack, &stats);
    assert_true(stats.memory_bytes <= limit_bytes);
    assert_true(stats.memory_used_bytes <= stats.memory_bytes);
    world_deinit(&world);
    return is_served;
}

static void small_stack_serves_a_handful_of_connections(void **state)
{
    (void)state;
    assert_true(serves(64 << 10, 5));
}

// As many sockets as the limit lets be, then refusals, and never more memory than the limit.
static void memory_limit_is_never_exceeded(void **state)
{
    (void)state;
    struct synfin_env env;
    struct synfin_stack_config config;
    synfin_stack *stack;
    synfin_socket socket[4096];
    uint32_t opened = 0;
    enum synfin_error error;
    test_env_init(&env);
    synfin_stack_config_default(&config);
    set_small(&config, 256 << 10);
    assert_int_equal(synfin_stack_create(&env, &config, 0, &stack), SYNFIN_ERROR_OK);
    while ((error = synfin_socket_open(stack, &socket[opened])) == SYNFIN_ERROR_OK) {
        opened++;
        assert_true(opened < 4096);
        assert_true(test_env_of(&env)->bytes <= config.memory_limit_bytes);
    }
    assert_int_equal(error, SYNFIN_ERROR_NO_MEMORY);
    assert_true(opened > 50);
    assert_int_equal(socket[opened], 0);
    synfin_socket_close(stack, socket[0], 0);
    assert_int_equal(synfin_socket_open(stack, &socket[0]), SYNFIN_ERROR_OK);
    synfin_stack_destroy(stack);
    assert_int_equal(test_env_of(&env)->slabs, 0);
}

static void sockets_max_is_a_limit(void **state)
{
    (void)state;
    struct synfin_env env;
    struct synfin_stack_config config;
    synfin_stack *stack;
    synfin_socket socket[4];
    test_env_init(&env);
    synfin_stack_config_default(&config);
    config.sockets_max = 3;
    assert_int_equal(synfin_stack_create(&env, &config, 0, &stack), SYNFIN_ERROR_OK);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(synfin_socket_open(stack, &socket[i]), SYNFIN_ERROR_OK);
    }
    assert_int_equal(synfin_socket_open(stack, &socket[3]), SYNFIN_ERROR_LIMIT);
    synfin_socket_close(stack, socket[1], 0);
    assert_int_equal(synfin_socket_open(stack, &socket[3]), SYNFIN_ERROR_OK);
    synfin_stack_destroy(stack);
}

static uint64_t used_bytes(const struct world *world, uint32_t host)
{
    struct synfin_stack_stats stats = {.size = sizeof stats};
    synfin_stack_stats(world->host[host].stack, &stats);
    return stats.memory_used_bytes;
}

// When all connections are gone, so is everything that they held, also after losses.
static void memory_in_use_returns_to_what_it_was(void **state)
{
    (void)state;
    struct world_config config;
    struct world world;
    world_config_default(&config);
    config.link.loss_ppm = 100000;
    config.link.reorder_ppm = 100000;
    world_init(&world, &config);
    synfin_socket listener = world_listen(&world, 4, 80, 0);
    const uint64_t before[] = {used_bytes(&world, 0), used_bytes(&world, 1)};
    for (int i = 0; i < 50; i++) {
        synfin_socket client = world_connect(&world, 4, 80);
        synfin_socket server = 0;
        assert_true(used_bytes(&world, 0) > before[0]);
        world_run(&world, 20 * WORLD_S);
        if (synfin_socket_accept(world.host[1].stack, listener, &server, NULL) == SYNFIN_ERROR_OK) {
            send_text(&world, 1, server, "never read");
        }
        world_run(&world, (uint64_t)i * WORLD_MS);
        synfin_socket_close(world.host[0].stack, client, world.now_ns);
        synfin_socket_close(world.host[1].stack, server, world.now_ns);
    }
    world_run(&world, 1000 * WORLD_S);
    assert_int_equal(used_bytes(&world, 0), before[0]);
    assert_int_equal(used_bytes(&world, 1), before[1]);
    world_deinit(&world);
}

// FNV-1a over everything that happens on the link.
static void hash_passage(void *ctx, const struct synfin_passage *passage)
{
    uint64_t *hash = ctx;
    uint8_t octets[2048];
    uint32_t bytes = synfin_packet_copy(passage->packet, octets, sizeof octets);
    assert_int_equal(bytes, passage->packet->bytes);
    *hash = (*hash ^ passage->sent_ns) * UINT64_C(0x100000001b3);
    for (uint32_t i = 0; i < bytes; i++) {
        *hash = (*hash ^ octets[i]) * UINT64_C(0x100000001b3);
    }
}

static uint64_t hash_of_a_life(uint64_t seed)
{
    struct world_config config;
    struct world world;
    synfin_socket pair[2];
    uint64_t hash = 1;
    world_config_default(&config);
    config.seed = seed;
    config.is_ethernet = true;
    config.link.loss_ppm = 50000;
    config.link.jitter_ns = WORLD_MS;
    world_init(&world, &config);
    synfin_link_observe(world.link, hash_passage, &hash);
    synfin_socket listener = world_listen(&world, 6, 80, 0);
    world_open_pair(&world, 6, 80, listener, pair);
    for (int i = 0; i < 20; i++) {
        send_text(&world, i % 2 == 0 ? 0 : 1, pair[i % 2], "word by word");
        world_run(&world, 3 * WORLD_MS);
    }
    synfin_socket_close(world.host[0].stack, pair[0], world.now_ns);
    world_run(&world, 10 * WORLD_S);
    world_deinit(&world);
    return hash;
}

static void same_inputs_give_the_same_packets_at_the_same_times(void **state)
{
    (void)state;
    uint64_t hash = hash_of_a_life(7);
    assert_true(hash_of_a_life(7) == hash);
    assert_true(hash_of_a_life(8) != hash);
}

static void ifaces_beyond_the_limit_are_refused(void **state)
{
    (void)state;
    struct world world;
    struct synfin_iface_config iface;
    uint32_t number;
    world_init_default(&world);
    synfin_stack *stack = world.host[0].stack;
    synfin_iface_config_default(&iface);
    iface.accept_router_advertisements = 2;
    assert_int_equal(synfin_stack_add_iface(stack, &iface, &number), SYNFIN_ERROR_INVALID);
    iface.accept_router_advertisements = 0;
    iface.size++;
    assert_int_equal(synfin_stack_add_iface(stack, &iface, &number), SYNFIN_ERROR_INVALID);
    iface.size--;
    for (uint32_t i = 1; i < SYNFIN_IFACES_MAX; i++) {
        assert_int_equal(synfin_stack_add_iface(stack, &iface, &number), SYNFIN_ERROR_OK);
        assert_int_equal(number, i);
    }
    assert_int_equal(synfin_stack_add_iface(stack, &iface, &number), SYNFIN_ERROR_LIMIT);
    world_deinit(&world);
}

static void count_of_what_is_no_reason_is_zero(void **state)
{
    (void)state;
    struct world world;
    world_init_default(&world);
    assert_int_equal(synfin_stack_count(world.host[0].stack, SYNFIN_REASON_COUNT), 0);
    world_deinit(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(create_without_memory_gives_everything_back),
        cmocka_unit_test(create_below_its_own_size_is_out_of_memory),
        cmocka_unit_test(destroy_of_nothing_does_nothing),
        cmocka_unit_test(addrs_and_routes_that_make_no_sense_are_refused),
        cmocka_unit_test(packets_of_an_unknown_iface_are_ignored),
        cmocka_unit_test(destroy_in_every_state_gives_every_slab_back),
        cmocka_unit_test(small_stack_serves_a_handful_of_connections),
        cmocka_unit_test(memory_limit_is_never_exceeded),
        cmocka_unit_test(sockets_max_is_a_limit),
        cmocka_unit_test(memory_in_use_returns_to_what_it_was),
        cmocka_unit_test(same_inputs_give_the_same_packets_at_the_same_times),
        cmocka_unit_test(ifaces_beyond_the_limit_are_refused),
        cmocka_unit_test(count_of_what_is_no_reason_is_zero),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
