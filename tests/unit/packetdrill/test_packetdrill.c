// SPDX-License-Identifier: MIT
//
// The adaptor for packetdrill, driven without packetdrill: its clock, its handles, calls that
// block, options, readiness, and what it does with what makes no sense.
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "drill_pair.h"
#include "lib/test_cmocka.h"

enum { TCP_INFO_BYTES = 280, STATE_ESTABLISHED = 1, STATE_CLOSE_WAIT = 8 };
enum { HEADER_BYTES = 20 + 20 + 12 }; // IPv4, TCP, timestamps

static int set_up(void **state)
{
    static struct drill_pair pair;
    drill_pair_init(&pair, "profile=linux");
    *state = &pair;
    return 0;
}

static int tear_down(void **state)
{
    drill_pair_deinit(*state);
    return 0;
}

static void clock_read_moves_by_one_microsecond(void **state)
{
    struct drill_pair *pair = *state;
    uint64_t before_us = drill_pair_now(&pair->client);
    assert_int_equal(drill_pair_now(&pair->client), before_us + 1);
}

static void sleep_of_minutes_returns_at_once(void **state)
{
    struct drill_pair *pair = *state;
    uint64_t before_us = drill_pair_now(&pair->client);
    assert_int_equal(pair->client.usleep(pair->client.userdata, 300000000), 0);
    assert_int_equal(drill_pair_now(&pair->client), before_us + 300000001);
}

static void connection_carries_octets_both_ways(void **state)
{
    struct drill_pair *pair = *state;
    struct drill_ends ends = drill_pair_connect(pair);
    char got[8] = "";
    assert_int_equal(pair->client.write(pair->client.userdata, ends.client, "there", 5), 5);
    assert_true(drill_pair_pass(&pair->client, &pair->server) > 0);
    assert_int_equal(pair->server.read(pair->server.userdata, ends.server, got, sizeof got), 5);
    assert_memory_equal(got, "there", 5);
    assert_true(drill_pair_pass(&pair->server, &pair->client) > 0); // the acknowledgment
    assert_int_equal(pair->server.send(pair->server.userdata, ends.server, "back", 4, 0), 4);
    assert_true(drill_pair_pass(&pair->server, &pair->client) > 0);
    assert_int_equal(pair->client.recv(pair->client.userdata, ends.client, got, 8, 0), 4);
    assert_memory_equal(got, "back", 4);
    assert_int_equal(pair->client.read(pair->client.userdata, ends.client, got, 8), -1);
    assert_int_equal(errno, EAGAIN);
}

static void syn_without_answer_is_sent_again_in_virtual_seconds(void **state)
{
    struct drill_pair *pair = *state;
    struct sockaddr_in address = drill_pair_address();
    struct packetdrill_interface *client = &pair->client;
    int fd = client->socket(client->userdata, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    (void)client->connect(client->userdata, fd, (struct sockaddr *)&address, sizeof address);
    uint64_t begin_us = drill_pair_now(client);
    for (int try = 0; try < 3; try++) { // at 0, 1 and 3 s
        assert_true(drill_pair_pass(client, &pair->server) > 0);
    }
    uint64_t took_us = drill_pair_now(client) - begin_us;
    assert_in_range(took_us, 2990000, 3010000);
}

static void packet_that_never_comes_is_told_by_no_octets(void **state)
{
    struct drill_pair *pair = *state;
    assert_int_equal(drill_pair_pass(&pair->client, &pair->server), 0);
}

// What a second thread does while the first drives the clock.
struct waiter {
    struct drill_pair *pair;
    int fd;
    ssize_t result;
    uint64_t end_us;
    char got[4];
};

static void *read_in_thread(void *argument)
{
    struct waiter *waiter = argument;
    struct packetdrill_interface *server = &waiter->pair->server;
    waiter->result = server->read(server->userdata, waiter->fd, waiter->got, sizeof waiter->got);
    waiter->end_us = drill_pair_now(server);
    return NULL;
}

// Time stands still from the moment of the wake-up until the woken thread has read it, however long
// the threads take.
static void read_that_blocks_ends_when_octets_arrive(void **state)
{
    struct drill_pair *pair = *state;
    struct drill_ends ends = drill_pair_connect(pair);
    struct waiter waiter = {.pair = pair, .fd = ends.server};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, read_in_thread, &waiter), 0);
    (void)usleep(20000); // until it sleeps; if it does not yet, it has nothing to wait for
    (void)pair->server.usleep(pair->server.userdata, 5000000);
    assert_int_equal(pair->client.write(pair->client.userdata, ends.client, "late", 4), 4);
    uint64_t arrived_us = drill_pair_now(&pair->server);
    assert_true(drill_pair_pass(&pair->client, &pair->server) > 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(waiter.result, 4);
    assert_in_range(waiter.end_us, arrived_us, arrived_us + 2);
}

static void poll_in_the_main_thread_ends_with_its_time(void **state)
{
    struct drill_pair *pair = *state;
    struct drill_ends ends = drill_pair_connect(pair);
    struct pollfd ask = {.fd = ends.client, .events = POLLIN};
    uint64_t begin_us = drill_pair_now(&pair->client);
    assert_int_equal(pair->client.poll(pair->client.userdata, &ask, 1, 250), 0);
    assert_in_range(drill_pair_now(&pair->client) - begin_us, 250000, 250002);
}

// It would hang the run: nobody else moves the clock, and nothing is due.
static void accept_that_would_block_for_ever_fails(void **state)
{
    struct drill_pair *pair = *state;
    int fd = drill_pair_listen(pair);
    assert_int_equal(pair->server.accept(pair->server.userdata, fd, NULL, NULL), -1);
    assert_int_equal(errno, EAGAIN);
}

static void edge_is_told_once_per_arrival(void **state)
{
    struct drill_pair *pair = *state;
    struct packetdrill_interface *server = &pair->server;
    struct drill_ends ends = drill_pair_connect(pair);
    struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data.fd = ends.server};
    int epoll = server->epoll_create(server->userdata, 1);
    assert_int_equal(server->epoll_ctl(server->userdata, epoll, EPOLL_CTL_ADD, ends.server, &event),
                     0);
    for (int time = 0; time < 2; time++) {
        assert_int_equal(pair->client.write(pair->client.userdata, ends.client, "x", 1), 1);
        assert_true(drill_pair_pass(&pair->client, server) > 0);
        assert_true(drill_pair_pass(server, &pair->client) > 0);
        assert_int_equal(server->epoll_wait(server->userdata, epoll, &event, 1, 0), 1);
        assert_int_equal(event.events, EPOLLIN);
        assert_int_equal(event.data.fd, ends.server);
        assert_int_equal(server->epoll_wait(server->userdata, epoll, &event, 1, 0), 0);
    }
}

static void send_buffer_is_read_as_twice_what_was_set(void **state)
{
    struct drill_pair *pair = *state;
    struct drill_ends ends = drill_pair_connect(pair);
    int value = 21000;
    socklen_t bytes = sizeof value;
    assert_int_equal(pair->client.setsockopt(pair->client.userdata, ends.client, SOL_SOCKET,
                                             SO_SNDBUF, &value, bytes),
                     0);
    assert_int_equal(pair->client.getsockopt(pair->client.userdata, ends.client, SOL_SOCKET,
                                             SO_SNDBUF, &value, &bytes),
                     0);
    assert_int_equal(value, 42000);
}

static void tcp_info_is_filled_as_linux_lays_it_out(void **state)
{
    struct drill_pair *pair = *state;
    struct drill_ends ends = drill_pair_connect(pair);
    uint8_t info[512] = {0};
    socklen_t bytes = sizeof info;
    assert_int_equal(pair->client.getsockopt(pair->client.userdata, ends.client, IPPROTO_TCP,
                                             TCP_INFO, info, &bytes),
                     0);
    assert_int_equal(bytes, TCP_INFO_BYTES);
    struct tcp_info known; // the part that the C library declares
    memcpy(&known, info, sizeof known);
    assert_int_equal(known.tcpi_state, STATE_ESTABLISHED);
    assert_int_equal(known.tcpi_snd_cwnd, 10);
    assert_int_equal(known.tcpi_options, 7);
    assert_int_equal(pair->server.shutdown(pair->server.userdata, ends.server, SHUT_WR), 0);
    assert_true(drill_pair_pass(&pair->server, &pair->client) > 0);
    bytes = 1; // less room is filled as far as it goes
    assert_int_equal(pair->client.getsockopt(pair->client.userdata, ends.client, IPPROTO_TCP,
                                             TCP_INFO, info, &bytes),
                     0);
    assert_int_equal(bytes, 1);
    assert_int_equal(info[0], STATE_CLOSE_WAIT);
}

static void library_calls_pass_other_descriptors_on(void **state)
{
    (void)state;
    union {
        void *symbol;
        int (*call)(int fd, int level, int name, void *value, socklen_t *bytes);
    } get = {.symbol = drill_pair_symbol("getsockopt")};
    union {
        void *symbol;
        int (*call)(int fd);
    } end = {.symbol = drill_pair_symbol("close")};
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    int value = 0;
    socklen_t bytes = sizeof value;
    assert_int_equal(get.call(fd, SOL_SOCKET, SO_TYPE, &value, &bytes), 0);
    assert_int_equal(value, SOCK_DGRAM);
    assert_int_equal(end.call(fd), 0);
    assert_int_equal(fcntl(fd, F_GETFD), -1);
}

static void library_calls_know_the_last_adaptors_handles(void **state)
{
    struct drill_pair *pair = *state;
    union {
        void *symbol;
        int (*call)(int fd);
    } end = {.symbol = drill_pair_symbol("close")};
    int fd = drill_pair_listen(pair);
    assert_true(fcntl(fd, F_GETFD) >= 0); // a real one
    assert_int_equal(end.call(fd), 0);
    assert_int_equal(fcntl(fd, F_GETFD), -1);
    assert_int_equal(pair->server.listen(pair->server.userdata, fd, 1), -1);
    assert_int_equal(errno, EBADF);
}

static void memory_that_is_not_there_is_a_fault(void **state)
{
    struct drill_pair *pair = *state;
    struct drill_ends ends = drill_pair_connect(pair);
    assert_int_equal(pair->client.write(pair->client.userdata, ends.client, NULL, 100), -1);
    assert_int_equal(errno, EFAULT);
}

static void pieces_leave_in_one_packet(void **state)
{
    struct drill_pair *pair = *state;
    struct packetdrill_interface *client = &pair->client;
    struct drill_ends ends = drill_pair_connect(pair);
    char octets[] = "abc";
    struct iovec pieces[] = {{&octets[0], 1}, {&octets[1], 1}, {&octets[2], 1}};
    assert_int_equal(client->writev(client->userdata, ends.client, pieces, 3), 3);
    assert_int_equal(drill_pair_pass(client, &pair->server), HEADER_BYTES + 3);
}

// Nagle's algorithm holds what is not at the end of a record.
static void record_leaves_in_a_packet_of_its_own(void **state)
{
    struct drill_pair *pair = *state;
    struct packetdrill_interface *client = &pair->client;
    struct drill_ends ends = drill_pair_connect(pair);
    assert_int_equal(client->send(client->userdata, ends.client, "a", 1, 0), 1);
    assert_int_equal(client->send(client->userdata, ends.client, "bcd", 3, MSG_EOR), 3);
    assert_int_equal(client->send(client->userdata, ends.client, "ef", 2, 0), 2);
    assert_int_equal(drill_pair_pass(client, &pair->server), HEADER_BYTES + 1);
    assert_int_equal(drill_pair_pass(client, &pair->server), HEADER_BYTES + 3);
    assert_true(drill_pair_pass(&pair->server, client) > 0);
    assert_int_equal(drill_pair_pass(client, &pair->server), HEADER_BYTES + 2);
}

static void datagram_socket_is_refused(void **state)
{
    struct drill_pair *pair = *state;
    assert_int_equal(pair->client.socket(pair->client.userdata, AF_INET, SOCK_DGRAM, 0), -1);
    assert_int_equal(errno, ESOCKTNOSUPPORT);
    assert_int_equal(pair->client.socket(pair->client.userdata, AF_UNIX, SOCK_STREAM, 0), -1);
    assert_int_equal(errno, EAFNOSUPPORT);
}

static void settings_of_the_flags_reach_the_stack(void **state)
{
    (void)state;
    struct drill_pair pair;
    struct tcp_info info;
    socklen_t bytes = sizeof info;
    drill_pair_init(&pair, "tcp_sack=0,net.ipv4.tcp_timestamps=0,tcp_rmem=4096 8192 65535");
    struct drill_ends ends = drill_pair_connect(&pair);
    assert_int_equal(pair.client.getsockopt(pair.client.userdata, ends.client, IPPROTO_TCP,
                                            TCP_INFO, &info, &bytes),
                     0);
    assert_int_equal(info.tcpi_options, TCPI_OPT_WSCALE);
    assert_int_equal(info.tcpi_rcv_wscale, 0);
    drill_pair_deinit(&pair);
}

// A socket of the client's that sends without waiting, connecting with it.
static int send_fast(struct drill_pair *pair, const char *text, ssize_t *result)
{
    struct packetdrill_interface *client = &pair->client;
    struct sockaddr_in to = drill_pair_address();
    int fd = client->socket(client->userdata, AF_INET, SOCK_STREAM, 0);
    assert_true(fd >= 0);
    *result = client->sendto(client->userdata, fd, text, strlen(text), MSG_FASTOPEN | MSG_DONTWAIT,
                             (const struct sockaddr *)&to, sizeof to);
    return fd;
}

static void fast_open_asks_first_and_sends_with_its_syn_then(void **state)
{
    (void)state;
    struct drill_pair pair;
    char got[8];
    ssize_t result;
    drill_pair_init(&pair, "tcp_fastopen=0x403,tcp_fastopen_key=1-2-3-4");
    struct packetdrill_interface *server = &pair.server;
    int listener = drill_pair_listen(&pair);
    int asking = send_fast(&pair, "early", &result);
    assert_int_equal(result, -1);
    assert_int_equal(errno, EINPROGRESS);
    assert_true(drill_pair_pass(&pair.client, server) > 0);
    assert_true(drill_pair_pass(server, &pair.client) > 0);
    assert_true(drill_pair_pass(&pair.client, server) > 0);
    assert_true(server->accept(server->userdata, listener, NULL, NULL) >= 0);
    assert_int_equal(send_fast(&pair, "early", &result) == asking, 0);
    assert_int_equal(result, 5);
    assert_true(drill_pair_pass(&pair.client, server) > 0); // the SYN, and nothing else
    int served = server->accept(server->userdata, listener, NULL, NULL);
    assert_true(served >= 0);
    assert_int_equal(server->read(server->userdata, served, got, sizeof got), 5);
    assert_memory_equal(got, "early", 5);
    drill_pair_deinit(&pair);
}

static void fast_open_that_is_off_is_not_supported(void **state)
{
    (void)state;
    struct drill_pair pair;
    ssize_t result;
    drill_pair_init(&pair, "tcp_fastopen=0");
    (void)send_fast(&pair, "early", &result);
    assert_int_equal(result, -1);
    assert_int_equal(errno, EOPNOTSUPP);
    drill_pair_deinit(&pair);
}

static int status_with_flags(const char *flags)
{
    struct drill_pair pair;
    int status;
    pid_t child = fork();
    if (child == 0) {
        if (freopen("/dev/null", "w", stderr) == NULL) {
            _exit(2);
        }
        drill_pair_init(&pair, flags);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void flag_that_is_not_understood_ends_the_program(void **state)
{
    (void)state;
    assert_int_equal(status_with_flags("tcp_sack=1,proc"), 0);
    assert_int_equal(status_with_flags("no_such_setting=1"), 1);
    assert_int_equal(status_with_flags("profile=windows"), 1);
    assert_int_equal(status_with_flags("mtu=20"), 1);
    assert_int_equal(status_with_flags("mss=0"), 1);
    assert_int_equal(status_with_flags("local=here"), 1);
}

#define WITH_PAIR(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_PAIR(clock_read_moves_by_one_microsecond),
        WITH_PAIR(sleep_of_minutes_returns_at_once),
        WITH_PAIR(connection_carries_octets_both_ways),
        WITH_PAIR(syn_without_answer_is_sent_again_in_virtual_seconds),
        WITH_PAIR(packet_that_never_comes_is_told_by_no_octets),
        WITH_PAIR(read_that_blocks_ends_when_octets_arrive),
        WITH_PAIR(poll_in_the_main_thread_ends_with_its_time),
        WITH_PAIR(accept_that_would_block_for_ever_fails),
        WITH_PAIR(edge_is_told_once_per_arrival),
        WITH_PAIR(send_buffer_is_read_as_twice_what_was_set),
        WITH_PAIR(tcp_info_is_filled_as_linux_lays_it_out),
        WITH_PAIR(library_calls_pass_other_descriptors_on),
        WITH_PAIR(library_calls_know_the_last_adaptors_handles),
        WITH_PAIR(memory_that_is_not_there_is_a_fault),
        WITH_PAIR(pieces_leave_in_one_packet),
        WITH_PAIR(record_leaves_in_a_packet_of_its_own),
        WITH_PAIR(datagram_socket_is_refused),
        cmocka_unit_test(fast_open_asks_first_and_sends_with_its_syn_then),
        cmocka_unit_test(fast_open_that_is_off_is_not_supported),
        cmocka_unit_test(settings_of_the_flags_reach_the_stack),
        cmocka_unit_test(flag_that_is_not_understood_ends_the_program),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
