// SPDX-License-Identifier: MIT
//
// Sockets over two whole stacks: handles that are wrong or stale, opening, talking and closing
// over each kind of network, and every refusal of bind and connect that is the stack's to make.
#include <string.h>

#include <synfin/socket.h>
#include <synfin/stack.h>

#include "lib/test_cmocka.h"
#include "lib/world.h"

enum { PORT = 80 };

// What every call says to `socket`, which must be BAD_HANDLE.
static void expect_bad_handle(struct world *world, synfin_socket socket)
{
    synfin_stack *stack = world->host[0].stack;
    struct synfin_endpoint endpoint = {.addr = world_addr(world, 1, 4), .port = 1};
    struct synfin_endpoint other;
    struct synfin_span piece;
    struct synfin_tcp_info info = {.size = sizeof info};
    synfin_socket out = 5;
    uint64_t now_ns = world->now_ns;
    uint32_t count = 1;
    size_t bytes = 9;
    int64_t value;
    const char *name;
    char octet = 0;
    enum synfin_error said[] = {
        synfin_socket_bind(stack, socket, &endpoint),
        synfin_socket_listen(stack, socket, 0, now_ns),
        synfin_socket_accept(stack, socket, &out, &other),
        synfin_socket_connect(stack, socket, &endpoint, now_ns),
        synfin_socket_send(stack, socket, &octet, 1, &bytes, now_ns),
        synfin_socket_recv(stack, socket, &octet, 1, &bytes, now_ns),
        synfin_socket_peek(stack, socket, &piece, &count),
        synfin_socket_consume(stack, socket, 0, now_ns),
        synfin_socket_shutdown(stack, socket, SYNFIN_SHUTDOWN_WRITE, now_ns),
        synfin_socket_set_option(stack, socket, SYNFIN_OPTION_NODELAY, 1, now_ns),
        synfin_socket_get_option(stack, socket, SYNFIN_OPTION_NODELAY, &value),
        synfin_socket_set_congestion(stack, socket, "cubic"),
        synfin_socket_congestion(stack, socket, &name),
        synfin_socket_set_user(stack, socket, world),
        synfin_socket_endpoints(stack, socket, &endpoint, &other),
        synfin_socket_info(stack, socket, &info, now_ns),
    };
    for (size_t i = 0; i < sizeof said / sizeof said[0]; i++) {
        assert_int_equal(said[i], SYNFIN_ERROR_BAD_HANDLE);
    }
    assert_int_equal(out, 0);
    assert_int_equal(bytes, 0);
    assert_int_equal(count, 0);
    synfin_socket_close(stack, socket, now_ns);
    synfin_socket_abort(stack, socket, now_ns);
}

static void handle_that_was_never_given_is_bad(void **state)
{
    (void)state;
    struct world world;
    synfin_socket socket;
    world_init_default(&world);
    assert_int_equal(synfin_socket_open(world.host[0].stack, &socket), SYNFIN_ERROR_OK);
    assert_int_not_equal(socket, 0);
    const synfin_socket wrong[] = {
        0,
        1,
        UINT64_MAX,
        socket + 1,
        socket - 1,
        socket ^ (UINT64_C(1) << 32),
        UINT32_MAX,
        (uint32_t)socket,
        socket & ~UINT64_C(0xffffffff),
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        expect_bad_handle(&world, wrong[i]);
    }
    assert_int_equal(synfin_socket_set_user(world.host[0].stack, socket, NULL), SYNFIN_ERROR_OK);
    world_deinit(&world);
}

static void handle_after_close_is_bad_also_when_its_place_is_used_again(void **state)
{
    (void)state;
    struct world world;
    synfin_socket first, second;
    world_init_default(&world);
    synfin_stack *stack = world.host[0].stack;
    assert_int_equal(synfin_socket_open(stack, &first), SYNFIN_ERROR_OK);
    synfin_socket_close(stack, first, world.now_ns);
    expect_bad_handle(&world, first);
    assert_int_equal(synfin_socket_open(stack, &second), SYNFIN_ERROR_OK);
    assert_int_equal((uint32_t)first, (uint32_t)second);
    expect_bad_handle(&world, first);
    assert_int_equal(synfin_socket_set_user(stack, second, NULL), SYNFIN_ERROR_OK);
    world_deinit(&world);
}

static void handle_of_an_orphan_is_bad(void **state)
{
    (void)state;
    struct world world;
    synfin_socket pair[2];
    world_init_default(&world);
    synfin_socket listener = world_listen(&world, 4, PORT, 0);
    world_open_pair(&world, 4, PORT, listener, pair);
    synfin_socket_close(world.host[0].stack, pair[0], world.now_ns);
    assert_int_equal(world_count_state(&world, 0, SYNFIN_TCP_STATE_FIN_WAIT_1), 1);
    expect_bad_handle(&world, pair[0]);
    assert_int_equal(world_count_state(&world, 0, SYNFIN_TCP_STATE_FIN_WAIT_1), 1);
    world_deinit(&world);
}

struct echo {
    synfin_socket socket[2];
    char got[64];
    size_t bytes, wanted;
};

// Host 1 sends back what it receives.
static bool echo_has_come_back(struct world *world, void *ctx)
{
    struct echo *echo = ctx;
    char text[64];
    size_t n, sent;
    if (synfin_socket_recv(world->host[1].stack, echo->socket[1], text, sizeof text, &n,
                           world->now_ns)
            == SYNFIN_ERROR_OK
        && n > 0) {
        assert_int_equal(synfin_socket_send(world->host[1].stack, echo->socket[1], text, n, &sent,
                                            world->now_ns),
                         SYNFIN_ERROR_OK);
        assert_int_equal(sent, n);
        world_settle(world);
    }
    if (synfin_socket_recv(world->host[0].stack, echo->socket[0], echo->got + echo->bytes,
                           sizeof echo->got - echo->bytes, &n, world->now_ns)
        == SYNFIN_ERROR_OK) {
        echo->bytes += n;
    }
    return echo->bytes == echo->wanted;
}

static bool peer_has_ended(struct world *world, void *ctx)
{
    const struct echo *echo = ctx;
    char octet;
    size_t n;
    return synfin_socket_recv(world->host[1].stack, echo->socket[1], &octet, 1, &n, world->now_ns)
           == SYNFIN_ERROR_OK;
}

// From SYN to FIN: open, echo, close from host 0, then from host 1, TIME-WAIT, nothing left.
static void talk(uint32_t version, bool is_ethernet)
{
    static const char text[] = "from SYN to FIN";
    struct world_config config;
    struct world world;
    struct echo echo = {.wanted = sizeof text};
    size_t sent;
    world_config_default(&config);
    config.is_ethernet = is_ethernet;
    world_init(&world, &config);
    synfin_socket listener = world_listen(&world, version, PORT, 0);
    world_open_pair(&world, version, PORT, listener, echo.socket);
    assert_int_equal(synfin_socket_send(world.host[0].stack, echo.socket[0], text, sizeof text,
                                        &sent, world.now_ns),
                     SYNFIN_ERROR_OK);
    assert_int_equal(sent, sizeof text);
    assert_true(world_run_until(&world, echo_has_come_back, &echo, WORLD_S));
    assert_memory_equal(echo.got, text, sizeof text);
    synfin_socket_close(world.host[0].stack, echo.socket[0], world.now_ns);
    assert_true(world_run_until(&world, peer_has_ended, &echo, WORLD_S));
    world_run(&world, 100 * WORLD_MS);
    assert_int_equal(world_count_state(&world, 0, SYNFIN_TCP_STATE_FIN_WAIT_2), 1);
    assert_int_equal(world_state(&world, 1, echo.socket[1]), SYNFIN_TCP_STATE_CLOSE_WAIT);
    synfin_socket_close(world.host[1].stack, echo.socket[1], world.now_ns);
    world_run(&world, WORLD_S);
    assert_int_equal(world_count_state(&world, 0, SYNFIN_TCP_STATE_TIME_WAIT), 1);
    world_run(&world, 2 * config.stack[0].msl_ns);
    struct synfin_stack_stats stats = {.size = sizeof stats};
    synfin_stack_stats(world.host[0].stack, &stats);
    assert_int_equal(stats.sockets, 0);
    assert_int_equal(stats.octets_in, sizeof text);
    assert_int_equal(stats.octets_out, sizeof text);
    assert_int_equal(stats.segments_retransmitted, 0);
    synfin_stack_stats(world.host[1].stack, &stats);
    assert_int_equal(stats.sockets, 1); // the listener
    world_deinit(&world);
}

// RFC 9293 §3.1 [MUST-2, MUST-3]: a peer that verifies takes every segment.
static void connection_over_ipv4_datagrams_lives_and_ends(void **state)
{
    (void)state;
    talk(4, false);
}

// RFC 9293 §3.1 [MUST-2, MUST-3]: the same with the pseudo-header of IPv6.
static void connection_over_ipv6_datagrams_lives_and_ends(void **state)
{
    (void)state;
    talk(6, false);
}

static void connection_over_ipv4_ethernet_lives_and_ends(void **state)
{
    (void)state;
    talk(4, true);
}

static void connection_over_ipv6_ethernet_lives_and_ends(void **state)
{
    (void)state;
    talk(6, true);
}

// RFC 9293 §3.9.1.1 [MUST-44, MUST-45]: the client has bound no address.
static void endpoints_of_both_ends_agree(void **state)
{
    (void)state;
    struct world_config config;
    struct world world;
    synfin_socket pair[2];
    struct synfin_endpoint local[2], remote[2];
    world_config_default(&config);
    world_init(&world, &config);
    synfin_socket listener = world_listen(&world, 6, PORT, 0);
    world_open_pair(&world, 4, PORT, listener, pair); // :: serves both versions
    for (uint32_t i = 0; i < WORLD_HOSTS; i++) {
        assert_int_equal(
            synfin_socket_endpoints(world.host[i].stack, pair[i], &local[i], &remote[i]),
            SYNFIN_ERROR_OK);
    }
    assert_true(synfin_addr_equal(&local[0].addr, &remote[1].addr));
    assert_true(synfin_addr_equal(&local[1].addr, &remote[0].addr));
    assert_int_equal(local[0].port, remote[1].port);
    assert_int_equal(remote[0].port, PORT);
    assert_true(local[0].port >= config.stack[0].port_first);
    assert_int_equal(synfin_socket_endpoints(world.host[1].stack, listener, &local[1], &remote[1]),
                     SYNFIN_ERROR_NOT_CONNECTED);
    assert_int_equal(local[1].port, PORT);
    world_deinit(&world);
}

static void info_of_a_socket_without_connection_is_refused(void **state)
{
    (void)state;
    struct world world;
    synfin_socket socket;
    struct synfin_tcp_info info = {.size = sizeof info};
    world_init_default(&world);
    synfin_stack *stack = world.host[0].stack;
    assert_int_equal(synfin_socket_open(stack, &socket), SYNFIN_ERROR_OK);
    assert_int_equal(synfin_socket_info(stack, socket, &info, 0), SYNFIN_ERROR_NOT_CONNECTED);
    info.size = sizeof info + 1;
    assert_int_equal(synfin_socket_info(stack, socket, &info, 0), SYNFIN_ERROR_INVALID);
    info.size = 0;
    assert_int_equal(synfin_socket_info(stack, socket, &info, 0), SYNFIN_ERROR_INVALID);
    world_deinit(&world);
}

static void bind_to_an_address_of_another_host_is_refused(void **state)
{
    (void)state;
    struct world world;
    synfin_socket socket;
    world_init_default(&world);
    synfin_stack *stack = world.host[0].stack;
    struct synfin_endpoint local = {.addr = world_addr(&world, 1, 4), .port = PORT};
    assert_int_equal(synfin_socket_open(stack, &socket), SYNFIN_ERROR_OK);
    assert_int_equal(synfin_socket_bind(stack, socket, &local), SYNFIN_ERROR_BAD_LOCAL_ADDR);
    local.addr = world_addr(&world, 0, 4);
    assert_int_equal(synfin_socket_bind(stack, socket, &local), SYNFIN_ERROR_OK);
    assert_int_equal(synfin_socket_bind(stack, socket, &local), SYNFIN_ERROR_INVALID);
    world_deinit(&world);
}

static void bind_to_a_port_in_use_is_refused(void **state)
{
    (void)state;
    struct world world;
    synfin_socket first, second;
    world_init_default(&world);
    synfin_stack *stack = world.host[0].stack;
    struct synfin_endpoint local = {.addr = world_addr(&world, 0, 4), .port = PORT};
    assert_int_equal(synfin_socket_open(stack, &first), SYNFIN_ERROR_OK);
    assert_int_equal(synfin_socket_open(stack, &second), SYNFIN_ERROR_OK);
    assert_int_equal(synfin_socket_bind(stack, first, &local), SYNFIN_ERROR_OK);
    assert_int_equal(synfin_socket_bind(stack, second, &local), SYNFIN_ERROR_IN_USE);
    local.addr = synfin_addr_ipv4(0, 0, 0, 0);
    assert_int_equal(synfin_socket_bind(stack, second, &local), SYNFIN_ERROR_IN_USE);
    synfin_socket_close(stack, first, world.now_ns);
    assert_int_equal(synfin_socket_bind(stack, second, &local), SYNFIN_ERROR_OK);
    world_deinit(&world);
}

static void connect_from_a_bound_address_of_the_other_version_is_refused(void **state)
{
    (void)state;
    struct world world;
    synfin_socket socket;
    world_init_default(&world);
    synfin_stack *stack = world.host[0].stack;
    struct synfin_endpoint local = {.addr = world_addr(&world, 0, 6), .port = 0};
    struct synfin_endpoint remote = {.addr = world_addr(&world, 1, 4), .port = PORT};
    assert_int_equal(synfin_socket_open(stack, &socket), SYNFIN_ERROR_OK);
    assert_int_equal(synfin_socket_bind(stack, socket, &local), SYNFIN_ERROR_OK);
    assert_int_equal(synfin_socket_connect(stack, socket, &remote, world.now_ns),
                     SYNFIN_ERROR_BAD_LOCAL_ADDR);
    world_deinit(&world);
}

static enum synfin_error connect_to(struct world *world, struct synfin_addr addr, uint16_t port)
{
    synfin_socket socket;
    synfin_stack *stack = world->host[0].stack;
    struct synfin_endpoint remote = {.addr = addr, .port = port};
    assert_int_equal(synfin_socket_open(stack, &socket), SYNFIN_ERROR_OK);
    enum synfin_error error = synfin_socket_connect(stack, socket, &remote, world->now_ns);
    synfin_socket_close(stack, socket, world->now_ns);
    return error;
}

// RFC 9293 §3.9.1.1 [MUST-46].
static void connect_to_what_is_no_host_is_refused(void **state)
{
    (void)state;
    struct world world;
    struct synfin_addr none = {{0}};
    struct synfin_addr group;
    world_init_default(&world);
    assert_int_equal(synfin_addr_parse("ff02::1", &group), SYNFIN_ERROR_OK);
    const struct synfin_addr wrong[] = {
        none,
        group,
        synfin_addr_ipv4(0, 0, 0, 0),
        synfin_addr_ipv4(224, 0, 0, 1),
        synfin_addr_ipv4(255, 255, 255, 255),
        synfin_addr_ipv4(192, 0, 2, 255), // our network's broadcast
        synfin_addr_ipv4(127, 0, 0, 1),
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(connect_to(&world, wrong[i], PORT), SYNFIN_ERROR_INVALID);
    }
    assert_int_equal(connect_to(&world, world_addr(&world, 1, 4), 0), SYNFIN_ERROR_INVALID);
    world_deinit(&world);
}

static void connect_without_a_route_is_refused(void **state)
{
    (void)state;
    struct world world;
    struct synfin_addr far6;
    world_init_default(&world);
    assert_int_equal(synfin_addr_parse("2001:db8:1::1", &far6), SYNFIN_ERROR_OK);
    assert_int_equal(connect_to(&world, synfin_addr_ipv4(198, 51, 100, 1), PORT),
                     SYNFIN_ERROR_NO_ROUTE);
    assert_int_equal(connect_to(&world, far6, PORT), SYNFIN_ERROR_NO_ROUTE);
    // A stack has no way to itself.
    assert_int_equal(connect_to(&world, world_addr(&world, 0, 4), PORT), SYNFIN_ERROR_NO_ROUTE);
    world_deinit(&world);
}

static void connect_with_every_port_in_use_is_refused_at_once(void **state)
{
    (void)state;
    struct world_config config;
    struct world world;
    world_config_default(&config);
    config.stack[0].port_first = 40000;
    config.stack[0].port_last = 40099;
    world_init(&world, &config);
    for (int i = 0; i < 100; i++) {
        (void)world_connect(&world, 4, PORT);
    }
    assert_int_equal(connect_to(&world, world_addr(&world, 1, 4), PORT), SYNFIN_ERROR_NO_PORTS);
    // Another peer's pairs are their own.
    assert_int_equal(connect_to(&world, world_addr(&world, 1, 4), PORT + 1), SYNFIN_ERROR_OK);
    world_deinit(&world);
}

static void options_read_back_what_was_set(void **state)
{
    (void)state;
    struct world world;
    synfin_socket socket;
    int64_t value = -7;
    world_init_default(&world);
    synfin_stack *stack = world.host[0].stack;
    assert_int_equal(synfin_socket_open(stack, &socket), SYNFIN_ERROR_OK);
    assert_int_equal(synfin_socket_set_option(stack, socket, SYNFIN_OPTION_NODELAY, 1, 0),
                     SYNFIN_ERROR_OK);
    assert_int_equal(synfin_socket_get_option(stack, socket, SYNFIN_OPTION_NODELAY, &value),
                     SYNFIN_ERROR_OK);
    assert_int_equal(value, 1);
    assert_int_equal(synfin_socket_set_option(stack, socket, SYNFIN_OPTION_ERROR, 1, 0),
                     SYNFIN_ERROR_NOT_SUPPORTED);
    assert_int_equal(synfin_socket_get_option(stack, socket, SYNFIN_OPTION_COUNT, &value),
                     SYNFIN_ERROR_INVALID);
    world_deinit(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(handle_that_was_never_given_is_bad),
        cmocka_unit_test(handle_after_close_is_bad_also_when_its_place_is_used_again),
        cmocka_unit_test(handle_of_an_orphan_is_bad),
        cmocka_unit_test(connection_over_ipv4_datagrams_lives_and_ends),
        cmocka_unit_test(connection_over_ipv6_datagrams_lives_and_ends),
        cmocka_unit_test(connection_over_ipv4_ethernet_lives_and_ends),
        cmocka_unit_test(connection_over_ipv6_ethernet_lives_and_ends),
        cmocka_unit_test(endpoints_of_both_ends_agree),
        cmocka_unit_test(info_of_a_socket_without_connection_is_refused),
        cmocka_unit_test(bind_to_an_address_of_another_host_is_refused),
        cmocka_unit_test(bind_to_a_port_in_use_is_refused),
        cmocka_unit_test(connect_from_a_bound_address_of_the_other_version_is_refused),
        cmocka_unit_test(connect_to_what_is_no_host_is_refused),
        cmocka_unit_test(connect_without_a_route_is_refused),
        cmocka_unit_test(connect_with_every_port_in_use_is_refused_at_once),
        cmocka_unit_test(options_read_back_what_was_set),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
