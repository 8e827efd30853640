// SPDX-License-Identifier: MIT
//
// The loop: watched descriptors, the one descriptor and the one timeout for an outer loop, and
// two stacks that talk over a link in memory, each in a loop of its own.
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <synfin/host.h>
#include <synfin/socket.h>

#include "fake_device.h"

#define MS UINT64_C(1000000)

struct end {
    synfin_stack *stack;
    synfin_loop *loop;
    synfin_socket listener, conn;
    uint32_t events[SYNFIN_EVENT_COUNT];
    uint32_t turns, stops_after_turns;
    bool forgets; // forgets a descriptor as soon as it is told of
    int told_fd;
    uint32_t told_readable, told_writable;
};

static void on_event(void *ctx, const struct synfin_event *event, uint64_t now_ns)
{
    (void)now_ns;
    struct end *end = ctx;
    end->events[event->kind]++;
    if (event->kind == SYNFIN_EVENT_ACCEPTABLE) {
        assert_int_equal(synfin_socket_accept(end->stack, end->listener, &end->conn, NULL),
                         SYNFIN_ERROR_OK);
    }
}

static void on_fd(void *ctx, int fd, bool readable, bool writable, uint64_t now_ns)
{
    (void)now_ns;
    struct end *end = ctx;
    end->told_fd = fd;
    end->told_readable += readable;
    end->told_writable += writable;
    if (end->forgets) {
        assert_int_equal(synfin_loop_watch(end->loop, fd, false, false), SYNFIN_ERROR_OK);
    }
}

static void on_turn(void *ctx, uint64_t now_ns)
{
    (void)now_ns;
    struct end *end = ctx;
    end->turns++;
    if (end->turns == end->stops_after_turns) {
        synfin_loop_stop(end->loop);
    }
}

static const struct synfin_loop_ops ops = {on_event, on_fd, on_turn};

static void make_end(struct end *end)
{
    struct synfin_env env;
    synfin_host_env(&env);
    memset(end, 0, sizeof(*end));
    assert_int_equal(synfin_stack_create(&env, NULL, synfin_host_now(), &end->stack),
                     SYNFIN_ERROR_OK);
    assert_int_equal(synfin_loop_create(end->stack, &ops, end, &end->loop), SYNFIN_ERROR_OK);
}

static void free_end(struct end *end)
{
    synfin_loop_destroy(end->loop);
    synfin_stack_destroy(end->stack);
}

static void turn(struct end *end, uint64_t wait_ns)
{
    assert_int_equal(synfin_loop_turn(end->loop, wait_ns), SYNFIN_ERROR_OK);
}

static bool is_readable(int fd, int wait_ms)
{
    struct pollfd question = {.fd = fd, .events = POLLIN};
    return poll(&question, 1, wait_ms) == 1;
}

static void watch_pipe_tells_what_is_wanted(void **state)
{
    (void)state;
    struct end end;
    int ends[2];
    make_end(&end);
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(synfin_loop_watch(end.loop, ends[0], true, false), SYNFIN_ERROR_OK);
    turn(&end, 0);
    assert_int_equal(end.told_readable, 0);
    assert_int_equal(write(ends[1], "x", 1), 1);
    turn(&end, SYNFIN_NEVER);
    assert_int_equal(end.told_readable, 1);
    assert_int_equal(end.told_fd, ends[0]);
    assert_int_equal(end.told_writable, 0);
    assert_int_equal(synfin_loop_watch(end.loop, ends[0], false, false), SYNFIN_ERROR_OK);
    assert_int_equal(synfin_loop_watch(end.loop, ends[1], false, true), SYNFIN_ERROR_OK);
    turn(&end, SYNFIN_NEVER);
    assert_int_equal(end.told_readable, 1);
    assert_int_equal(end.told_writable, 1);
    assert_int_equal(end.turns, 3);
    close(ends[0]);
    close(ends[1]);
    free_end(&end);
}

static void watch_forgotten_in_the_same_turn_is_told_no_more(void **state)
{
    (void)state;
    struct end end;
    int first[2];
    int second[2];
    make_end(&end);
    assert_int_equal(pipe(first), 0);
    assert_int_equal(pipe(second), 0);
    assert_int_equal(synfin_loop_watch(end.loop, first[1], false, true), SYNFIN_ERROR_OK);
    assert_int_equal(synfin_loop_watch(end.loop, second[1], false, true), SYNFIN_ERROR_OK);
    end.forgets = true;
    turn(&end, 0);
    assert_int_equal(end.told_writable, 2);
    turn(&end, 0);
    assert_int_equal(end.told_writable, 2);
    for (int i = 0; i < 2; i++) {
        close(first[i]);
        close(second[i]);
    }
    free_end(&end);
}

static void watch_file_is_always_ready_until_forgotten(void **state)
{
    (void)state;
    struct end end;
    char name[] = "/tmp/synfin-loop-XXXXXX";
    int fd = mkstemp(name);
    assert_true(fd >= 0);
    make_end(&end);
    assert_int_equal(synfin_loop_watch(end.loop, fd, true, false), SYNFIN_ERROR_OK);
    assert_int_equal(synfin_loop_timeout(end.loop, synfin_host_now()), 0);
    turn(&end, SYNFIN_NEVER);
    turn(&end, SYNFIN_NEVER);
    assert_int_equal(end.told_readable, 2);
    assert_int_equal(end.told_writable, 0);
    assert_int_equal(synfin_loop_watch(end.loop, fd, false, false), SYNFIN_ERROR_OK);
    turn(&end, 0);
    assert_int_equal(end.told_readable, 2);
    close(fd);
    unlink(name);
    free_end(&end);
}

static void watch_closed_descriptor_is_an_error(void **state)
{
    (void)state;
    struct end end;
    make_end(&end);
    assert_int_equal(synfin_loop_watch(end.loop, 1000000, true, false), SYNFIN_ERROR_IO);
    free_end(&end);
}

static void turn_waits_no_longer_than_told(void **state)
{
    (void)state;
    struct end end;
    make_end(&end);
    uint64_t before_ns = synfin_host_now();
    turn(&end, 20 * MS);
    uint64_t took_ns = synfin_host_now() - before_ns;
    assert_true(took_ns >= 19 * MS);
    assert_true(took_ns < 2000 * MS);
    free_end(&end);
}

static void descriptor_tells_an_outer_loop_of_deadlines_and_descriptors(void **state)
{
    (void)state;
    struct end end;
    struct fake_device fake;
    int ends[2];
    make_end(&end);
    fake_device_init(&fake);
    assert_int_equal(synfin_loop_timeout(end.loop, synfin_host_now()), SYNFIN_NEVER);
    assert_int_equal(synfin_loop_add_device(end.loop, 0, &fake.device), SYNFIN_ERROR_OK);
    assert_false(is_readable(synfin_loop_fd(end.loop), 0));
    fake.deadline_ns = synfin_host_now() + 30 * MS;
    turn(&end, 0);
    uint64_t timeout_ns = synfin_loop_timeout(end.loop, synfin_host_now());
    assert_true(timeout_ns <= 30 * MS);
    assert_false(is_readable(synfin_loop_fd(end.loop), 0));
    assert_true(is_readable(synfin_loop_fd(end.loop), 2000));
    fake.deadline_ns = SYNFIN_NEVER;
    turn(&end, 0);
    assert_false(is_readable(synfin_loop_fd(end.loop), 0));
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(synfin_loop_watch(end.loop, ends[0], true, false), SYNFIN_ERROR_OK);
    assert_int_equal(write(ends[1], "x", 1), 1);
    assert_true(is_readable(synfin_loop_fd(end.loop), 0));
    close(ends[0]);
    close(ends[1]);
    free_end(&end);
    assert_int_equal(fake.destroyed, 1);
}

static void stop_from_a_callback_ends_run(void **state)
{
    (void)state;
    struct end end;
    int ends[2];
    make_end(&end);
    end.stops_after_turns = 3;
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(synfin_loop_watch(end.loop, ends[1], false, true), SYNFIN_ERROR_OK);
    assert_int_equal(synfin_loop_run(end.loop), SYNFIN_ERROR_OK);
    assert_int_equal(end.turns, 3);
    close(ends[0]);
    close(ends[1]);
    free_end(&end);
}

// Gives `end` the device at one side of a link, and an address.
static void attach(struct end *end, synfin_link *link, enum synfin_link_side side,
                   const char *prefix_text)
{
    struct synfin_iface_config config;
    struct synfin_prefix prefix;
    uint32_t iface;
    struct synfin_device *device = synfin_link_device(link, side);
    synfin_iface_config_default(&config);
    config.mtu_bytes = device->mtu_bytes;
    assert_int_equal(synfin_stack_add_iface(end->stack, &config, &iface), SYNFIN_ERROR_OK);
    assert_int_equal(synfin_prefix_parse(prefix_text, &prefix), SYNFIN_ERROR_OK);
    assert_int_equal(synfin_stack_add_addr(end->stack, iface, &prefix), SYNFIN_ERROR_OK);
    assert_int_equal(synfin_loop_add_device(end->loop, iface, device), SYNFIN_ERROR_OK);
}

static void turn_both(struct end *a, struct end *b, const uint32_t *until)
{
    uint64_t give_up_ns = synfin_host_now() + 5000 * MS;
    while (*until == 0) {
        assert_true(synfin_host_now() < give_up_ns);
        turn(a, 0);
        turn(b, 0);
    }
}

static void two_loops_over_a_link_connect_transfer_and_close(void **state)
{
    (void)state;
    enum { BYTES = 300000 };
    struct end client;
    struct end server;
    struct synfin_env env;
    struct synfin_link_config config;
    synfin_link *link;
    const struct synfin_endpoint any = {.port = 7};
    struct synfin_endpoint peer = {.addr = synfin_addr_ipv4(192, 0, 2, 2), .port = 7};
    make_end(&client);
    make_end(&server);
    synfin_host_env(&env);
    synfin_link_config_default(&config);
    config.delay_ns = MS;
    assert_int_equal(synfin_link_create(&env, &config, &link), SYNFIN_ERROR_OK);
    attach(&client, link, SYNFIN_LINK_A, "192.0.2.1/24");
    attach(&server, link, SYNFIN_LINK_B, "192.0.2.2/24");
    uint64_t now_ns = synfin_host_now();
    assert_int_equal(synfin_socket_open(server.stack, &server.listener), SYNFIN_ERROR_OK);
    assert_int_equal(synfin_socket_bind(server.stack, server.listener, &any), SYNFIN_ERROR_OK);
    assert_int_equal(synfin_socket_listen(server.stack, server.listener, 0, now_ns),
                     SYNFIN_ERROR_OK);
    assert_int_equal(synfin_socket_open(client.stack, &client.conn), SYNFIN_ERROR_OK);
    assert_int_equal(synfin_socket_connect(client.stack, client.conn, &peer, now_ns),
                     SYNFIN_ERROR_OK);
    assert_int_equal(synfin_loop_timeout(client.loop, now_ns), 0);
    turn_both(&client, &server, &client.events[SYNFIN_EVENT_CONNECTED]);
    turn_both(&client, &server, &server.events[SYNFIN_EVENT_ACCEPTABLE]);
    uint32_t out = 0;
    uint32_t in = 0;
    uint64_t give_up_ns = synfin_host_now() + 10000 * MS;
    while (in < BYTES) {
        uint8_t octets[4096];
        size_t moved = 0;
        assert_true(synfin_host_now() < give_up_ns);
        for (size_t i = 0; i < sizeof(octets); i++) {
            octets[i] = (uint8_t)((out + i) * 31 >> 3);
        }
        size_t wanted = BYTES - out < sizeof(octets) ? BYTES - out : sizeof(octets);
        if (wanted > 0
            && synfin_socket_send(client.stack, client.conn, octets, wanted, &moved,
                                  synfin_host_now())
                   == SYNFIN_ERROR_OK) {
            out += (uint32_t)moved;
        }
        turn(&client, 0);
        turn(&server, 0);
        if (synfin_socket_recv(server.stack, server.conn, octets, sizeof(octets), &moved,
                               synfin_host_now())
            == SYNFIN_ERROR_OK) {
            for (size_t i = 0; i < moved; i++) {
                assert_int_equal(octets[i], (uint8_t)((in + i) * 31 >> 3));
            }
            in += (uint32_t)moved;
        }
    }
    synfin_socket_close(server.stack, server.conn, synfin_host_now());
    synfin_socket_close(client.stack, client.conn, synfin_host_now());
    for (int i = 0; i < 50; i++) {
        turn(&client, MS / 4);
        turn(&server, MS / 4);
    }
    free_end(&client);
    free_end(&server);
    synfin_link_destroy(link);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(watch_pipe_tells_what_is_wanted),
        cmocka_unit_test(watch_forgotten_in_the_same_turn_is_told_no_more),
        cmocka_unit_test(watch_file_is_always_ready_until_forgotten),
        cmocka_unit_test(watch_closed_descriptor_is_an_error),
        cmocka_unit_test(turn_waits_no_longer_than_told),
        cmocka_unit_test(descriptor_tells_an_outer_loop_of_deadlines_and_descriptors),
        cmocka_unit_test(stop_from_a_callback_ends_run),
        cmocka_unit_test(two_loops_over_a_link_connect_transfer_and_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
