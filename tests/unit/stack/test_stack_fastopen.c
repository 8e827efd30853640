// SPDX-License-Identifier: MIT
//
// Fast Open between two stacks over a link, RFC 7413: what it saves, what a lost segment costs,
// and cookies carried from one stack to another.
#include <string.h>

#include "lib/test_cmocka.h"
#include "lib/world.h"

enum { PORT = 80 };

struct scene {
    struct world world;
    uint32_t version;
    synfin_socket listener;
};

static void set_option(struct scene *scene, uint32_t host, synfin_socket socket,
                       enum synfin_option option, int64_t value)
{
    assert_int_equal(synfin_socket_set_option(scene->world.host[host].stack, socket, option, value,
                                              scene->world.now_ns),
                     SYNFIN_ERROR_OK);
}

static void begin_with(struct scene *scene, uint32_t version, const struct world_config *config)
{
    *scene = (struct scene){.version = version};
    world_init(&scene->world, config);
    scene->listener = world_listen(&scene->world, version, PORT, 8);
    set_option(scene, 1, scene->listener, SYNFIN_OPTION_FASTOPEN, 8);
}

static void begin(struct scene *scene, uint32_t version)
{
    struct world_config config;
    world_config_default(&config);
    config.link.delay_ns = 10 * WORLD_MS;
    begin_with(scene, version, &config);
}

// The server answers with what it gets, as soon as it gets it.
static void serve(struct scene *scene, synfin_socket *served)
{
    synfin_stack *stack = scene->world.host[1].stack;
    char text[64];
    size_t count;
    if (*served == 0
        && synfin_socket_accept(stack, scene->listener, served, NULL) != SYNFIN_ERROR_OK) {
        return;
    }
    if (synfin_socket_recv(stack, *served, text, sizeof text, &count, scene->world.now_ns)
            == SYNFIN_ERROR_OK
        && count > 0) {
        size_t sent;
        assert_int_equal(
            synfin_socket_send(stack, *served, text, count, &sent, scene->world.now_ns),
            SYNFIN_ERROR_OK);
        world_settle(&scene->world);
    }
}

struct wait {
    struct scene *scene;
    synfin_socket client, served;
    char text[64];
    size_t count;
};

static bool has_answer(struct world *world, void *ctx)
{
    struct wait *wait = ctx;
    serve(wait->scene, &wait->served);
    size_t count = 0;
    if (synfin_socket_recv(world->host[0].stack, wait->client, wait->text, sizeof wait->text,
                           &count, world->now_ns)
        == SYNFIN_ERROR_OK) {
        wait->count = count;
    }
    return wait->count > 0;
}

// A request and its answer; returns how long that took, and leaves both ends closed.
static uint64_t ask(struct scene *scene)
{
    struct world *world = &scene->world;
    synfin_stack *stack = world->host[0].stack;
    struct wait wait = {.scene = scene};
    struct synfin_endpoint remote = {.addr = world_addr(world, 1, scene->version), .port = PORT};
    uint64_t start_ns = world->now_ns;
    size_t sent;
    assert_int_equal(synfin_socket_open(stack, &wait.client), SYNFIN_ERROR_OK);
    set_option(scene, 0, wait.client, SYNFIN_OPTION_FASTOPEN_CONNECT, 1);
    assert_int_equal(synfin_socket_connect(stack, wait.client, &remote, start_ns), SYNFIN_ERROR_OK);
    assert_int_equal(synfin_socket_send(stack, wait.client, "question", 8, &sent, start_ns),
                     SYNFIN_ERROR_OK);
    assert_true(world_run_until(world, has_answer, &wait, 20 * WORLD_S));
    assert_int_equal(wait.count, 8);
    assert_memory_equal(wait.text, "question", 8);
    uint64_t took_ns = world->now_ns - start_ns;
    synfin_socket_close(stack, wait.client, world->now_ns);
    synfin_socket_close(world->host[1].stack, wait.served, world->now_ns);
    world_run(world, WORLD_S);
    return took_ns;
}

static uint64_t count(const struct scene *scene, uint32_t host, enum synfin_reason reason)
{
    return synfin_stack_count(scene->world.host[host].stack, reason);
}

static void second_request_takes_one_round_trip(void **state)
{
    (void)state;
    for (uint32_t version = 4; version <= 6; version += 2) {
        struct scene scene;
        begin(&scene, version);
        uint64_t first_ns = ask(&scene);
        uint64_t second_ns = ask(&scene);
        assert_in_range(first_ns, 40 * WORLD_MS, 41 * WORLD_MS);
        assert_in_range(second_ns, 20 * WORLD_MS, 21 * WORLD_MS);
        assert_int_equal(count(&scene, 1, SYNFIN_REASON_RECEIVED_SYN_DATA), 1);
        world_deinit(&scene.world);
    }
}

static void lost_syn_with_data_costs_a_timeout_and_is_not_tried_again_at_once(void **state)
{
    (void)state;
    struct scene scene;
    struct world_config config;
    world_config_default(&config);
    config.link.drop_rules = 1;
    assert_int_equal(
        synfin_drop_rule_parse("client:SYN:1", "client", "server", &config.link.drop_rule[0]),
        SYNFIN_ERROR_OK);
    begin_with(&scene, 4, &config);
    struct synfin_fastopen_cookie cookie = {.size = sizeof cookie,
                                            .local = world_addr(&scene.world, 0, 4),
                                            .remote = world_addr(&scene.world, 1, 4),
                                            .bytes = 8};
    assert_int_equal(
        synfin_stack_fastopen_set(scene.world.host[0].stack, &cookie, scene.world.now_ns),
        SYNFIN_ERROR_OK);
    assert_in_range(ask(&scene), WORLD_S, WORLD_S + 10 * WORLD_MS);
    assert_int_equal(count(&scene, 0, SYNFIN_REASON_FASTOPEN_OFF), 1);
    (void)ask(&scene);
    assert_int_equal(count(&scene, 0, SYNFIN_REASON_SEND_SYN_DATA), 1);
    world_deinit(&scene.world);
}

// What one run learned another uses, between the same addresses only.
static void cookie_carried_to_another_stack_is_good_there(void **state)
{
    (void)state;
    struct scene scene;
    struct synfin_fastopen_cookie cookie = {.size = sizeof cookie};
    struct world_config config;
    world_config_default(&config);
    config.stack[1].has_cookie_secret = 1;
    memset(config.stack[1].cookie_secret, 7, sizeof config.stack[1].cookie_secret);
    begin_with(&scene, 6, &config);
    struct synfin_addr local = world_addr(&scene.world, 0, 6);
    struct synfin_addr remote = world_addr(&scene.world, 1, 6);
    assert_int_equal(synfin_stack_fastopen_get(scene.world.host[0].stack, &local, &remote, &cookie),
                     SYNFIN_ERROR_AGAIN);
    (void)ask(&scene);
    assert_int_equal(synfin_stack_fastopen_get(scene.world.host[0].stack, &local, &remote, &cookie),
                     SYNFIN_ERROR_OK);
    assert_int_equal(cookie.bytes, 8);
    assert_int_equal(cookie.mss_bytes, 1440);
    world_deinit(&scene.world);
    begin_with(&scene, 6, &config); // the server's secret is the same, as on another machine of it
    assert_int_equal(
        synfin_stack_fastopen_set(scene.world.host[0].stack, &cookie, scene.world.now_ns),
        SYNFIN_ERROR_OK);
    (void)ask(&scene);
    assert_int_equal(count(&scene, 1, SYNFIN_REASON_RECEIVED_SYN_DATA), 1);
    world_deinit(&scene.world);
}

static void cookie_of_no_length_or_size_is_refused(void **state)
{
    (void)state;
    struct world world;
    world_init_default(&world);
    struct synfin_fastopen_cookie cookie = {.size = sizeof cookie};
    for (uint32_t bytes = 0; bytes < 20; bytes++) {
        cookie.bytes = (uint8_t)bytes;
        bool is_good = bytes == 0 || (bytes >= 4 && bytes <= 16 && bytes % 2 == 0);
        assert_int_equal(synfin_stack_fastopen_set(world.host[0].stack, &cookie, world.now_ns),
                         is_good ? SYNFIN_ERROR_OK : SYNFIN_ERROR_INVALID);
    }
    struct synfin_fastopen_cookie out = {.size = sizeof out};
    assert_int_equal(
        synfin_stack_fastopen_get(world.host[0].stack, &cookie.local, &cookie.remote, &out),
        SYNFIN_ERROR_OK);
    cookie.bytes = 0; // forgets it
    assert_int_equal(synfin_stack_fastopen_set(world.host[0].stack, &cookie, world.now_ns),
                     SYNFIN_ERROR_OK);
    assert_int_equal(
        synfin_stack_fastopen_get(world.host[0].stack, &cookie.local, &cookie.remote, &out),
        SYNFIN_ERROR_AGAIN);
    cookie.bytes = 8;
    cookie.size--;
    assert_int_equal(synfin_stack_fastopen_set(world.host[0].stack, &cookie, world.now_ns),
                     SYNFIN_ERROR_INVALID);
    assert_int_equal(
        synfin_stack_fastopen_get(world.host[0].stack, &cookie.local, &cookie.remote, &cookie),
        SYNFIN_ERROR_INVALID);
    world_deinit(&world);
}

// RFC 7413 §4.1.2: servers behind one address share their keys, the newest first.
static void cookie_of_one_server_is_good_at_another_with_its_keys(void **state)
{
    (void)state;
    struct scene scene;
    struct synfin_fastopen_cookie cookie = {.size = sizeof cookie};
    uint8_t keys[(SYNFIN_FASTOPEN_KEYS_MAX + 1) * SYNFIN_FASTOPEN_KEY];
    for (uint32_t i = 0; i < sizeof keys; i++) {
        keys[i] = (uint8_t)(i * 7);
    }
    for (uint32_t is_second = 0; is_second < 2; is_second++) {
        begin(&scene, 6);
        struct synfin_addr local = world_addr(&scene.world, 0, 6);
        struct synfin_addr remote = world_addr(&scene.world, 1, 6);
        synfin_stack *server = scene.world.host[1].stack;
        synfin_stack *client = scene.world.host[0].stack;
        assert_int_equal(synfin_stack_fastopen_keys(server, keys, SYNFIN_FASTOPEN_KEYS_MAX + 1),
                         SYNFIN_ERROR_INVALID);
        assert_int_equal(synfin_stack_fastopen_keys(server, keys, 1), SYNFIN_ERROR_OK);
        if (is_second) {
            assert_int_equal(synfin_stack_fastopen_set(client, &cookie, scene.world.now_ns),
                             SYNFIN_ERROR_OK);
        }
        (void)ask(&scene);
        assert_int_equal(count(&scene, 1, SYNFIN_REASON_RECEIVED_SYN_DATA), is_second);
        assert_int_equal(synfin_stack_fastopen_get(client, &local, &remote, &cookie),
                         SYNFIN_ERROR_OK);
        world_deinit(&scene.world);
    }
}

static synfin_socket open_socket(struct scene *scene, uint32_t host)
{
    synfin_socket socket;
    assert_int_equal(synfin_socket_open(scene->world.host[host].stack, &socket), SYNFIN_ERROR_OK);
    return socket;
}

// A listener that has its own keys does not take the stack's cookies, and takes them again when it
// has given its own up.
static void keys_of_a_listener_go_before_those_of_its_stack(void **state)
{
    (void)state;
    static const uint8_t keys[2 * SYNFIN_FASTOPEN_KEY] = {1, [SYNFIN_FASTOPEN_KEY] = 2};
    struct scene scene;
    begin(&scene, 4);
    synfin_stack *server = scene.world.host[1].stack;
    (void)ask(&scene);
    for (uint32_t i = 0; i < 2; i++) { // the second time in place of the first ones
        assert_int_equal(
            synfin_socket_fastopen_keys(server, scene.listener, keys + i * SYNFIN_FASTOPEN_KEY, 1),
            SYNFIN_ERROR_OK);
        (void)ask(&scene); // and brings the new key's cookie home
        assert_int_equal(count(&scene, 1, SYNFIN_REASON_RECEIVED_SYN_DATA), i);
        (void)ask(&scene);
        assert_int_equal(count(&scene, 1, SYNFIN_REASON_RECEIVED_SYN_DATA), i + 1);
    }
    assert_int_equal(synfin_socket_fastopen_keys(server, scene.listener, NULL, 0), SYNFIN_ERROR_OK);
    (void)ask(&scene);
    assert_int_equal(count(&scene, 1, SYNFIN_REASON_RECEIVED_SYN_DATA), 2);
    world_deinit(&scene.world);
}

static void keys_are_refused_of_no_socket_and_without_memory(void **state)
{
    (void)state;
    static const uint8_t keys[SYNFIN_FASTOPEN_KEY] = {1};
    struct scene scene;
    begin(&scene, 4);
    synfin_stack *server = scene.world.host[1].stack;
    synfin_socket gone = open_socket(&scene, 1);
    synfin_socket_close(server, gone, scene.world.now_ns);
    assert_int_equal(synfin_socket_fastopen_keys(server, gone, keys, 1), SYNFIN_ERROR_BAD_HANDLE);
    scene.world.host[1].memory.fail_after = scene.world.host[1].memory.takes;
    assert_int_equal(synfin_socket_fastopen_keys(server, scene.listener, keys, 1),
                     SYNFIN_ERROR_NO_MEMORY);
    scene.world.host[1].memory.fail_after = UINT32_MAX;
    assert_int_equal(synfin_socket_fastopen_keys(server, scene.listener, keys, 1), SYNFIN_ERROR_OK);
    world_deinit(&scene.world);
}

static void cookie_without_memory_is_refused(void **state)
{
    (void)state;
    struct scene scene;
    begin(&scene, 4);
    struct world_host *client = &scene.world.host[0];
    struct synfin_fastopen_cookie cookie = {.size = sizeof cookie,
                                            .local = world_addr(&scene.world, 0, 4),
                                            .remote = world_addr(&scene.world, 1, 4),
                                            .bytes = 8};
    client->memory.fail_after = client->memory.takes;
    assert_int_equal(synfin_stack_fastopen_set(client->stack, &cookie, scene.world.now_ns),
                     SYNFIN_ERROR_NO_MEMORY);
    client->memory.fail_after = UINT32_MAX;
    assert_int_equal(
        synfin_stack_fastopen_get(client->stack, &cookie.local, &cookie.remote, &cookie),
        SYNFIN_ERROR_AGAIN);
    world_deinit(&scene.world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(second_request_takes_one_round_trip),
        cmocka_unit_test(lost_syn_with_data_costs_a_timeout_and_is_not_tried_again_at_once),
        cmocka_unit_test(cookie_carried_to_another_stack_is_good_there),
        cmocka_unit_test(cookie_of_no_length_or_size_is_refused),
        cmocka_unit_test(cookie_of_one_server_is_good_at_another_with_its_keys),
        cmocka_unit_test(keys_of_a_listener_go_before_those_of_its_stack),
        cmocka_unit_test(keys_are_refused_of_no_socket_and_without_memory),
        cmocka_unit_test(cookie_without_memory_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
