// SPDX-License-Identifier: MIT
//
// Events are edges: one for each change, at most one of a kind pending, with the handle and the
// caller's pointer.
#include <string.h>

#include <synfin/socket.h>
#include <synfin/stack.h>

#include "lib/test_cmocka.h"
#include "lib/world.h"

enum { PORT = 80 };

static void expect_event(struct world *world, uint32_t host, enum synfin_event_kind kind,
                         synfin_socket socket)
{
    struct synfin_event event;
    assert_true(synfin_stack_next_event(world->host[host].stack, &event));
    assert_string_equal(synfin_event_name(event.kind), synfin_event_name(kind));
    assert_true(event.socket == socket);
}

static void expect_no_event(struct world *world, uint32_t host)
{
    struct synfin_event event;
    assert_false(synfin_stack_next_event(world->host[host].stack, &event));
}

static void send_octet(struct world *world, uint32_t host, synfin_socket socket)
{
    size_t sent;
    assert_int_equal(
        synfin_socket_send(world->host[host].stack, socket, "x", 1, &sent, world->now_ns),
        SYNFIN_ERROR_OK);
}

// Opens a pair without running past the events that tell of it.
static void open_quietly(struct world *world, synfin_socket listener, synfin_socket pair[2])
{
    pair[0] = world_connect(world, 4, PORT);
    assert_true(world_run_to_state(world, 0, pair[0], SYNFIN_TCP_STATE_ESTABLISHED, WORLD_S));
    world_run(world, 100 * WORLD_MS);
    expect_event(world, 1, SYNFIN_EVENT_ACCEPTABLE, listener);
    expect_event(world, 0, SYNFIN_EVENT_CONNECTED, pair[0]);
    assert_int_equal(synfin_socket_accept(world->host[1].stack, listener, &pair[1], NULL),
                     SYNFIN_ERROR_OK);
    expect_no_event(world, 0);
    expect_no_event(world, 1);
}

static void opening_tells_both_ends_once(void **state)
{
    (void)state;
    struct world world;
    synfin_socket pair[2];
    world_init_default(&world);
    open_quietly(&world, world_listen(&world, 4, PORT, 0), pair);
    world_run(&world, 10 * WORLD_S);
    expect_no_event(&world, 0);
    expect_no_event(&world, 1);
    world_deinit(&world);
}

static void arriving_data_is_told_once_until_it_was_taken_off(void **state)
{
    (void)state;
    struct world world;
    synfin_socket pair[2];
    char text[8];
    size_t n;
    world_init_default(&world);
    open_quietly(&world, world_listen(&world, 4, PORT, 0), pair);
    for (int i = 0; i < 3; i++) {
        send_octet(&world, 0, pair[0]);
        world_run(&world, 100 * WORLD_MS);
    }
    expect_event(&world, 1, SYNFIN_EVENT_READABLE, pair[1]);
    expect_no_event(&world, 1);
    send_octet(&world, 0, pair[0]);
    world_run(&world, 100 * WORLD_MS);
    expect_event(&world, 1, SYNFIN_EVENT_READABLE, pair[1]);
    assert_int_equal(
        synfin_socket_recv(world.host[1].stack, pair[1], text, sizeof text, &n, world.now_ns),
        SYNFIN_ERROR_OK);
    assert_int_equal(n, 4);
    expect_no_event(&world, 1);
    world_deinit(&world);
}

static void events_carry_the_callers_pointer(void **state)
{
    (void)state;
    struct world world;
    synfin_socket pair[2];
    struct synfin_event event;
    int mark;
    world_init_default(&world);
    open_quietly(&world, world_listen(&world, 4, PORT, 0), pair);
    assert_int_equal(synfin_socket_set_user(world.host[1].stack, pair[1], &mark), SYNFIN_ERROR_OK);
    send_octet(&world, 0, pair[0]);
    world_run(&world, 100 * WORLD_MS);
    assert_true(synfin_stack_next_event(world.host[1].stack, &event));
    assert_ptr_equal(event.user, &mark);
    world_deinit(&world);
}

static void room_after_none_is_told_as_writable(void **state)
{
    (void)state;
    static uint8_t octets[1 << 16];
    struct world_config config;
    struct world world;
    synfin_socket pair[2];
    size_t sent, n;
    uint8_t text[4096];
    world_config_default(&config);
    config.stack[0].send_buffer_bytes = 8192;
    world_init(&world, &config);
    open_quietly(&world, world_listen(&world, 4, PORT, 0), pair);
    assert_int_equal(synfin_socket_send(world.host[0].stack, pair[0], octets, sizeof octets, &sent,
                                        world.now_ns),
                     SYNFIN_ERROR_OK);
    assert_true(sent < sizeof octets);
    assert_int_equal(synfin_socket_send(world.host[0].stack, pair[0], octets, 1, &n, world.now_ns),
                     SYNFIN_ERROR_AGAIN);
    world_run(&world, 100 * WORLD_MS);
    expect_event(&world, 0, SYNFIN_EVENT_WRITABLE, pair[0]);
    expect_no_event(&world, 0);
    assert_int_equal(
        synfin_socket_recv(world.host[1].stack, pair[1], text, sizeof text, &n, world.now_ns),
        SYNFIN_ERROR_OK);
    world_deinit(&world);
}

static void end_of_data_is_told_as_readable_and_the_end_as_closed(void **state)
{
    (void)state;
    struct world world;
    synfin_socket pair[2];
    struct synfin_event event;
    char octet;
    size_t n;
    world_init_default(&world);
    open_quietly(&world, world_listen(&world, 4, PORT, 0), pair);
    assert_int_equal(
        synfin_socket_shutdown(world.host[0].stack, pair[0], SYNFIN_SHUTDOWN_WRITE, world.now_ns),
        SYNFIN_ERROR_OK);
    world_run(&world, 100 * WORLD_MS);
    expect_event(&world, 1, SYNFIN_EVENT_READABLE, pair[1]);
    expect_no_event(&world, 1);
    assert_int_equal(synfin_socket_recv(world.host[1].stack, pair[1], &octet, 1, &n, world.now_ns),
                     SYNFIN_ERROR_OK);
    assert_int_equal(n, 0);
    assert_int_equal(
        synfin_socket_shutdown(world.host[1].stack, pair[1], SYNFIN_SHUTDOWN_WRITE, world.now_ns),
        SYNFIN_ERROR_OK);
    world_run(&world, 100 * WORLD_MS);
    assert_true(synfin_stack_next_event(world.host[1].stack, &event));
    assert_int_equal(event.kind, SYNFIN_EVENT_CLOSED);
    assert_int_equal(event.error, SYNFIN_ERROR_OK);
    assert_true(event.socket == pair[1]);
    world_deinit(&world);
}

static void reset_is_told_with_error_and_reason(void **state)
{
    (void)state;
    struct world world;
    synfin_socket pair[2];
    struct synfin_event event;
    world_init_default(&world);
    open_quietly(&world, world_listen(&world, 4, PORT, 0), pair);
    synfin_socket_abort(world.host[0].stack, pair[0], world.now_ns);
    world_run(&world, 100 * WORLD_MS);
    assert_true(synfin_stack_next_event(world.host[1].stack, &event));
    while (event.kind != SYNFIN_EVENT_CLOSED) {
        assert_true(synfin_stack_next_event(world.host[1].stack, &event));
    }
    assert_true(event.socket == pair[1]);
    assert_int_equal(event.error, SYNFIN_ERROR_RESET);
    assert_int_equal(event.reason, SYNFIN_REASON_RST_ARRIVED);
    expect_no_event(&world, 0);
    world_deinit(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opening_tells_both_ends_once),
        cmocka_unit_test(arriving_data_is_told_once_until_it_was_taken_off),
        cmocka_unit_test(events_carry_the_callers_pointer),
        cmocka_unit_test(room_after_none_is_told_as_writable),
        cmocka_unit_test(end_of_data_is_told_as_readable_and_the_end_as_closed),
        cmocka_unit_test(reset_is_told_with_error_and_reason),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
