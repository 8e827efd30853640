// SPDX-License-Identifier: MIT
//
// Socket options: what Linux makes of values, what it refuses, and what options do to calls.
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <unistd.h>

#include "drill_pair.h"
#include "lib/test_cmocka.h"

static int set_up(void **state)
{
    static struct drill_pair pair;
    drill_pair_init(&pair, "profile=rfc");
    *state = &pair;
    return 0;
}

static int tear_down(void **state)
{
    drill_pair_deinit(*state);
    return 0;
}

static int set(struct packetdrill_interface *one, int fd, int level, int name, int value)
{
    return one->setsockopt(one->userdata, fd, level, name, &value, sizeof value);
}

static int get(struct packetdrill_interface *one, int fd, int level, int name)
{
    int value = -1;
    socklen_t bytes = sizeof value;
    assert_int_equal(one->getsockopt(one->userdata, fd, level, name, &value, &bytes), 0);
    assert_int_equal(bytes, sizeof value);
    return value;
}

static void value_is_what_linux_makes_of_it(void **state)
{
    static const struct {
        int level, name, set, get;
    } rows[] = {
        {SOL_SOCKET, SO_SNDBUF, 1, 4608},
        {SOL_SOCKET, SO_RCVBUF, 10000, 20000},
        {SOL_SOCKET, SO_RCVLOWAT, 0, 1},
        {SOL_SOCKET, SO_RCVLOWAT, 300, 300},
        {SOL_SOCKET, SO_OOBINLINE, 1, 1},
        {SOL_SOCKET, SO_PRIORITY, 6, 6},
        {SOL_SOCKET, SO_KEEPALIVE, 7, 1},
        {IPPROTO_TCP, TCP_DEFER_ACCEPT, 1, 1},
        {IPPROTO_TCP, TCP_DEFER_ACCEPT, 5, 7},
        {IPPROTO_TCP, TCP_DEFER_ACCEPT, 0, 0},
        {IPPROTO_TCP, TCP_LINGER2, 9, 9},
        {IPPROTO_TCP, TCP_LINGER2, 1000, 120},
        {IPPROTO_TCP, TCP_WINDOW_CLAMP, 10, 1152},
        {IPPROTO_TCP, TCP_WINDOW_CLAMP, 0, 0},
        {IPPROTO_TCP, TCP_USER_TIMEOUT, 1500, 1500},
        {IPPROTO_TCP, TCP_KEEPIDLE, 32767, 32767},
        {IPPROTO_IP, IP_TTL, 64, 64},
    };
    struct drill_pair *pair = *state;
    struct packetdrill_interface *one = &pair->client;
    int fd = one->socket(one->userdata, AF_INET, SOCK_STREAM, 0);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(set(one, fd, rows[i].level, rows[i].name, rows[i].set), 0);
        assert_int_equal(get(one, fd, rows[i].level, rows[i].name), rows[i].get);
    }
    assert_int_equal(get(one, fd, SOL_SOCKET, SO_TYPE), SOCK_STREAM);
    assert_int_equal(get(one, fd, SOL_SOCKET, SO_DOMAIN), AF_INET);
    assert_int_equal(get(one, fd, SOL_SOCKET, SO_PROTOCOL), IPPROTO_TCP);
}

static void value_that_linux_refuses_is_refused(void **state)
{
    static const struct {
        int level, name, set, error;
    } rows[] = {
        {IPPROTO_TCP, TCP_MAXSEG, 87, EINVAL},
        {IPPROTO_TCP, TCP_MAXSEG, 32768, EINVAL},
        {IPPROTO_TCP, TCP_SYNCNT, 0, EINVAL},
        {IPPROTO_TCP, TCP_SYNCNT, 128, EINVAL},
        {IPPROTO_TCP, TCP_KEEPIDLE, 0, EINVAL},
        {IPPROTO_TCP, TCP_KEEPINTVL, 32768, EINVAL},
        {IPPROTO_TCP, TCP_KEEPCNT, 0, EINVAL},
        {IPPROTO_TCP, TCP_USER_TIMEOUT, -1, EINVAL},
        {IPPROTO_TCP, TCP_MD5SIG, 1, ENOPROTOOPT},
        {IPPROTO_TCP, 9999, 1, ENOPROTOOPT},
        {SOL_SOCKET, SO_ATTACH_FILTER, 1, ENOPROTOOPT},
        {SOL_SOCKET, SO_ERROR, 1, ENOPROTOOPT},
        {9999, 1, 1, ENOPROTOOPT},
    };
    struct drill_pair *pair = *state;
    struct packetdrill_interface *one = &pair->client;
    int fd = one->socket(one->userdata, AF_INET, SOCK_STREAM, 0);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(set(one, fd, rows[i].level, rows[i].name, rows[i].set), -1);
        assert_int_equal(errno, rows[i].error);
    }
    const int value = 1;
    assert_int_equal(
        one->setsockopt(one->userdata, fd, IPPROTO_TCP, TCP_NODELAY, &value, sizeof value - 1), -1);
    assert_int_equal(errno, EINVAL);
    int got;
    socklen_t bytes = sizeof got;
    assert_int_equal(one->getsockopt(one->userdata, fd, IPPROTO_TCP, 9999, &got, &bytes), -1);
    assert_int_equal(errno, ENOPROTOOPT);
    assert_int_equal(one->getsockopt(one->userdata, fd, IPPROTO_IP, IP_MTU, &got, &bytes), -1);
    assert_int_equal(errno, ENOTCONN);
}

static void open_connection_tells_its_path(void **state)
{
    struct drill_pair *pair = *state;
    struct drill_ends ends = drill_pair_connect(pair);
    assert_int_equal(get(&pair->client, ends.client, IPPROTO_IP, IP_MTU), 1500);
    assert_int_equal(set(&pair->client, ends.client, IPPROTO_TCP, TCP_WINDOW_CLAMP, 0), -1);
    assert_int_equal(errno, EINVAL);
}

static bool is_readable(struct packetdrill_interface *one, int fd)
{
    struct pollfd watched = {.fd = fd, .events = POLLIN};
    return one->poll(one->userdata, &watched, 1, 0) == 1;
}

static void send_some(struct drill_pair *pair, const struct drill_ends *ends, size_t bytes)
{
    static const char zeros[100];
    assert_int_equal(pair->client.write(pair->client.userdata, ends->client, zeros, bytes), bytes);
    assert_true(drill_pair_pass(&pair->client, &pair->server) > 0);
    assert_true(drill_pair_pass(&pair->server, &pair->client) > 0);
}

static void low_water_mark_keeps_poll_waiting_and_not_recv(void **state)
{
    struct drill_pair *pair = *state;
    struct packetdrill_interface *server = &pair->server;
    struct drill_ends ends = drill_pair_connect(pair);
    char text[100];
    assert_int_equal(set(server, ends.server, SOL_SOCKET, SO_RCVLOWAT, 50), 0);
    send_some(pair, &ends, 49);
    assert_false(is_readable(server, ends.server));
    send_some(pair, &ends, 1);
    assert_true(is_readable(server, ends.server));
    assert_int_equal(server->recv(server->userdata, ends.server, text, 30, 0), 30);
    assert_false(is_readable(server, ends.server));
    assert_int_equal(server->recv(server->userdata, ends.server, text, 100, MSG_DONTWAIT), 20);
    send_some(pair, &ends, 10);
    assert_int_equal(pair->client.shutdown(pair->client.userdata, ends.client, SHUT_WR), 0);
    assert_true(drill_pair_pass(&pair->client, server) > 0);
    assert_true(is_readable(server, ends.server)); // no more will come
}

struct waiter {
    struct packetdrill_interface *server;
    int fd;
    ssize_t result;
};

static void *receive_all(void *argument)
{
    struct waiter *waiter = argument;
    char text[100];
    waiter->result =
        waiter->server->recv(waiter->server->userdata, waiter->fd, text, sizeof text, MSG_WAITALL);
    return NULL;
}

static void recv_waits_for_all_that_it_asks_for(void **state)
{
    struct drill_pair *pair = *state;
    struct drill_ends ends = drill_pair_connect(pair);
    struct waiter waiter = {.server = &pair->server, .fd = ends.server};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, receive_all, &waiter), 0);
    (void)usleep(20000); // until it sleeps; if it does not yet, it finds more than nothing
    send_some(pair, &ends, 60);
    send_some(pair, &ends, 40);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(waiter.result, 100);
}

// In virtual time: nobody acknowledges the FIN.
static void close_lingers_as_long_as_was_set(void **state)
{
    struct drill_pair *pair = *state;
    struct packetdrill_interface *client = &pair->client;
    struct drill_ends ends = drill_pair_connect(pair);
    const struct linger linger = {.l_onoff = 1, .l_linger = 3};
    assert_int_equal(client->setsockopt(client->userdata, ends.client, SOL_SOCKET, SO_LINGER,
                                        &linger, sizeof linger),
                     0);
    uint64_t begun_us = drill_pair_now(client);
    assert_int_equal(client->close(client->userdata, ends.client), 0);
    assert_in_range(drill_pair_now(client) - begun_us, 3000000, 3000010);
}

// The third argument of ioctl may be left out.
static void place_that_is_none_is_a_fault(void **state)
{
    struct drill_pair *pair = *state;
    struct packetdrill_interface *one = &pair->client;
    int fd = one->socket(one->userdata, AF_INET, SOCK_STREAM, 0);
    assert_int_equal(one->ioctl(one->userdata, fd, 0x541b, (void *)8), -1);
    assert_int_equal(errno, EFAULT);
}

#define WITH_PAIR(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_PAIR(value_is_what_linux_makes_of_it),
        WITH_PAIR(value_that_linux_refuses_is_refused),
        WITH_PAIR(open_connection_tells_its_path),
        WITH_PAIR(low_water_mark_keeps_poll_waiting_and_not_recv),
        WITH_PAIR(recv_waits_for_all_that_it_asks_for),
        WITH_PAIR(close_lingers_as_long_as_was_set),
        WITH_PAIR(place_that_is_none_is_a_fault),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
