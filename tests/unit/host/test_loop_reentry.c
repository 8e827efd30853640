// SPDX-License-Identifier: MIT
//
// docs/history.md, row 127: inside the loop's callbacks a user may do anything to any socket, the
// one it was called for, others, the listener, and to the loop. Two loops over a link do so at
// random until every kind of event was answered by every kind of deed.
#include <string.h>
#include <unistd.h>

#include <synfin/host.h>
#include <synfin/socket.h>

#include "lib/test_cmocka.h"
#include "lib/test_random.h"
#include "lib/test_rows.h"

enum { SOCKETS_MAX = 24, PORT = 7, TURNS_MAX = 400000 };

enum deed {
    DEED_CLOSE,
    DEED_ABORT,
    DEED_CLOSE_ANOTHER,
    DEED_ABORT_ALL,
    DEED_CONNECT,
    DEED_SEND,
    DEED_RECV,
    DEED_SHUTDOWN,
    DEED_LISTENER_ANEW,
    DEED_FORGET_DESCRIPTOR,
    DEED_STOP,
    DEEDS,
};

struct end {
    synfin_stack *stack;
    synfin_loop *loop;
    struct synfin_addr peer;
    synfin_socket listener;
    synfin_socket sockets[SOCKETS_MAX];
    uint32_t socket_count;
    uint64_t seed;
    int pipe[2];
    uint32_t done[SYNFIN_EVENT_COUNT][DEEDS];
};

static void forget(struct end *end, synfin_socket socket)
{
    for (uint32_t i = 0; i < end->socket_count; i++) {
        if (end->sockets[i] == socket) {
            end->sockets[i] = end->sockets[--end->socket_count];
        }
    }
}

static void keep(struct end *end, synfin_socket socket, uint64_t now_ns)
{
    if (end->socket_count == SOCKETS_MAX) {
        synfin_socket_abort(end->stack, socket, now_ns);
        return;
    }
    end->sockets[end->socket_count++] = socket;
}

static void connect_anew(struct end *end, uint64_t now_ns)
{
    synfin_socket socket;
    struct synfin_endpoint remote = {.addr = end->peer, .port = PORT};
    if (end->socket_count == SOCKETS_MAX
        || synfin_socket_open(end->stack, &socket) != SYNFIN_ERROR_OK) {
        return;
    }
    assert_int_equal(synfin_socket_connect(end->stack, socket, &remote, now_ns), SYNFIN_ERROR_OK);
    keep(end, socket, now_ns);
}

static void listen_anew(struct end *end, uint64_t now_ns)
{
    const struct synfin_endpoint any = {.port = PORT};
    synfin_socket_close(end->stack, end->listener, now_ns);
    assert_int_equal(synfin_socket_open(end->stack, &end->listener), SYNFIN_ERROR_OK);
    assert_int_equal(synfin_socket_bind(end->stack, end->listener, &any), SYNFIN_ERROR_OK);
    assert_int_equal(synfin_socket_listen(end->stack, end->listener, 4, now_ns), SYNFIN_ERROR_OK);
}

static void abort_all(struct end *end, uint64_t now_ns)
{
    while (end->socket_count > 0) {
        synfin_socket_abort(end->stack, end->sockets[--end->socket_count], now_ns);
    }
}

static void act_on(struct end *end, synfin_socket socket, enum deed deed, uint64_t now_ns)
{
    static const uint8_t octets[3000];
    uint8_t buffer[1000];
    size_t count;
    switch (deed) {
    case DEED_CLOSE:
        synfin_socket_close(end->stack, socket, now_ns);
        forget(end, socket);
        break;
    case DEED_ABORT:
        synfin_socket_abort(end->stack, socket, now_ns);
        forget(end, socket);
        break;
    case DEED_SEND:
        (void)!synfin_socket_send(end->stack, socket, octets, sizeof octets, &count, now_ns);
        break;
    case DEED_RECV:
        (void)!synfin_socket_recv(end->stack, socket, buffer, sizeof buffer, &count, now_ns);
        break;
    case DEED_SHUTDOWN:
        (void)!synfin_socket_shutdown(end->stack, socket, SYNFIN_SHUTDOWN_WRITE, now_ns);
        break;
    case DEED_ABORT_ALL: abort_all(end, now_ns); break;
    case DEED_CONNECT: connect_anew(end, now_ns); break;
    case DEED_LISTENER_ANEW: listen_anew(end, now_ns); break;
    case DEED_FORGET_DESCRIPTOR:
        assert_int_equal(synfin_loop_watch(end->loop, end->pipe[1], false, false), SYNFIN_ERROR_OK);
        assert_int_equal(synfin_loop_watch(end->loop, end->pipe[1], false, true), SYNFIN_ERROR_OK);
        break;
    case DEED_STOP: synfin_loop_stop(end->loop); break;
    case DEED_CLOSE_ANOTHER:
    case DEEDS: break;
    }
}

static void do_something(struct end *end, synfin_socket socket, enum deed deed, uint64_t now_ns)
{
    if (deed == DEED_CLOSE_ANOTHER && end->socket_count > 0) {
        socket = end->sockets[test_random_below(&end->seed, end->socket_count)];
        deed = DEED_CLOSE;
    }
    if (socket != end->listener || deed >= DEED_CONNECT) { // only listen_anew closes that one
        act_on(end, socket, deed, now_ns);
    }
}

static void on_event(void *ctx, const struct synfin_event *event, uint64_t now_ns)
{
    struct end *end = ctx;
    synfin_socket socket = event->socket;
    enum deed deed = (enum deed)test_random_below(&end->seed, DEEDS);
    end->done[event->kind][deed]++;
    if (event->kind == SYNFIN_EVENT_ACCEPTABLE
        && synfin_socket_accept(end->stack, end->listener, &socket, NULL) == SYNFIN_ERROR_OK) {
        keep(end, socket, now_ns);
    }
    do_something(end, socket, deed, now_ns);
    if (event->kind == SYNFIN_EVENT_CLOSED) {
        synfin_socket_close(end->stack, event->socket, now_ns); // perhaps for the second time
        forget(end, event->socket);
    }
}

// The pipe can always be written to: called in every turn.
static void on_fd(void *ctx, int fd, bool readable, bool writable, uint64_t now_ns)
{
    struct end *end = ctx;
    (void)readable;
    assert_true(writable && fd == end->pipe[1]);
    if (end->socket_count > 0 && test_random_below(&end->seed, 16) == 0) {
        enum deed deed = (enum deed)test_random_below(&end->seed, DEEDS);
        do_something(end, end->sockets[0], deed, now_ns);
    }
}

static void on_turn(void *ctx, uint64_t now_ns)
{
    struct end *end = ctx;
    if (end->socket_count < 4) {
        connect_anew(end, now_ns);
    }
    if (test_random_below(&end->seed, 64) == 0) {
        synfin_loop_stop(end->loop);
    }
}

static void make_end(struct end *end, synfin_link *link, enum synfin_link_side side)
{
    static const struct synfin_loop_ops ops = {on_event, on_fd, on_turn};
    struct synfin_env env;
    struct synfin_iface_config config;
    struct synfin_prefix prefix = {.addr = synfin_addr_ipv4(192, 0, 2, side == 0 ? 1 : 2),
                                   .bits = 24};
    uint32_t iface;
    memset(end, 0, sizeof *end);
    end->seed = 127 + side;
    end->peer = synfin_addr_ipv4(192, 0, 2, side == 0 ? 2 : 1);
    synfin_host_env(&env);
    synfin_iface_config_default(&config);
    assert_int_equal(synfin_stack_create(&env, NULL, synfin_host_now(), &end->stack),
                     SYNFIN_ERROR_OK);
    assert_int_equal(synfin_stack_add_iface(end->stack, &config, &iface), SYNFIN_ERROR_OK);
    assert_int_equal(synfin_stack_add_addr(end->stack, iface, &prefix), SYNFIN_ERROR_OK);
    assert_int_equal(synfin_loop_create(end->stack, &ops, end, &end->loop), SYNFIN_ERROR_OK);
    assert_int_equal(synfin_loop_add_device(end->loop, iface, synfin_link_device(link, side)),
                     SYNFIN_ERROR_OK);
    assert_int_equal(pipe(end->pipe), 0);
    assert_int_equal(synfin_loop_watch(end->loop, end->pipe[1], false, true), SYNFIN_ERROR_OK);
    listen_anew(end, synfin_host_now());
}

static void free_end(struct end *end)
{
    close(end->pipe[0]);
    close(end->pipe[1]);
    synfin_loop_destroy(end->loop);
    synfin_stack_destroy(end->stack);
}

// Each kind of event that comes in such a life was answered by each kind of deed.
static bool was_all_done(const struct end *end)
{
    static const enum synfin_event_kind kinds[] = {SYNFIN_EVENT_CONNECTED, SYNFIN_EVENT_ACCEPTABLE,
                                                   SYNFIN_EVENT_READABLE, SYNFIN_EVENT_CLOSED};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        for (uint32_t deed = 0; deed < DEEDS; deed++) {
            if (end->done[kinds[i]][deed] < 3) {
                return false;
            }
        }
    }
    return true;
}

static void hist_127_anything_may_be_done_inside_a_callback(void **state)
{
    struct end ends[2];
    struct synfin_env env;
    struct synfin_link_config config;
    synfin_link *link;
    (void)state;
    synfin_host_env(&env);
    synfin_link_config_default(&config);
    config.delay_ns = 10000;
    assert_int_equal(synfin_link_create(&env, &config, &link), SYNFIN_ERROR_OK);
    make_end(&ends[0], link, SYNFIN_LINK_A);
    make_end(&ends[1], link, SYNFIN_LINK_B);
    uint32_t turns = 0;
    while (!was_all_done(&ends[0]) || !was_all_done(&ends[1])) {
        assert_true(turns++ < TURNS_MAX);
        assert_int_equal(synfin_loop_turn(ends[turns % 2].loop, 0), SYNFIN_ERROR_OK);
    }
    for (uint32_t i = 0; i < 2; i++) {
        struct synfin_stack_stats stats = {.size = sizeof stats};
        abort_all(&ends[i], synfin_host_now());
        synfin_socket_close(ends[i].stack, ends[i].listener, synfin_host_now());
        synfin_stack_stats(ends[i].stack, &stats);
        assert_int_equal(stats.by_state[SYNFIN_TCP_STATE_LISTEN], 0);
        assert_int_equal(stats.by_state[SYNFIN_TCP_STATE_ESTABLISHED], 0);
        free_end(&ends[i]);
    }
    synfin_link_destroy(link);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(hist_127_anything_may_be_done_inside_a_callback),
};
ROWS_MAIN(tests)
