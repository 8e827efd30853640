// SPDX-License-Identifier: MIT
//
// The error queue as scripts see it: when what was sent left and was acknowledged, and that memory
// of zero-copy sends is free.
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>

#include <linux/errqueue.h>
#include <linux/net_tstamp.h>

#include "drill_pair.h"
#include "lib/test_cmocka.h"

enum {
    TIMES = SOF_TIMESTAMPING_TX_SCHED | SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_TX_ACK
            | SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_OPT_ID,
    CONTROL_BYTES = 256,
    ROUND_US = 30000,
    US_PER_S = 1000000,
    HEADER_BYTES = 20 + 20 + 12, // IPv4, TCP, timestamps
};

// One message of the error queue, taken apart.
struct told {
    ssize_t result;
    int flags;
    bool has_time;
    uint64_t at_us;
    struct sock_extended_err error;
};

struct rig {
    struct drill_pair pair;
    struct drill_ends ends;
};

static int set_up(void **state)
{
    static struct rig rig;
    drill_pair_init(&rig.pair, "profile=linux");
    rig.ends = drill_pair_connect(&rig.pair);
    *state = &rig;
    return 0;
}

static int tear_down(void **state)
{
    struct rig *rig = *state;
    drill_pair_deinit(&rig->pair);
    return 0;
}

static void set(struct rig *rig, int option, int value)
{
    struct packetdrill_interface *client = &rig->pair.client;
    assert_int_equal(client->setsockopt(client->userdata, rig->ends.client, SOL_SOCKET, option,
                                        &value, sizeof value),
                     0);
}

static ssize_t send_octets(struct rig *rig, size_t bytes, int flags)
{
    static const char OCTETS[4096];
    struct packetdrill_interface *client = &rig->pair.client;
    assert_in_range(bytes, 0, sizeof OCTETS);
    return client->send(client->userdata, rig->ends.client, OCTETS, bytes, flags);
}

// Everything that the client has sent reaches the server, whose answer comes a round trip later.
static void go_round(struct rig *rig, uint32_t packets)
{
    for (uint32_t packet = 0; packet < packets; packet++) {
        assert_true(drill_pair_pass(&rig->pair.client, &rig->pair.server) > 0);
    }
    (void)rig->pair.client.usleep(rig->pair.client.userdata, ROUND_US);
    assert_true(drill_pair_pass(&rig->pair.server, &rig->pair.client) > 0);
}

static void read_control(struct told *told, struct cmsghdr *control)
{
    struct timespec time;
    if (control->cmsg_level == SOL_SOCKET && control->cmsg_type == SO_TIMESTAMPING) {
        memcpy(&time, CMSG_DATA(control), sizeof time);
        told->has_time = true;
        told->at_us = (uint64_t)time.tv_sec * US_PER_S + (uint64_t)time.tv_nsec / 1000;
        return;
    }
    assert_int_equal(control->cmsg_level, IPPROTO_IP);
    assert_int_equal(control->cmsg_type, IP_RECVERR);
    memcpy(&told->error, CMSG_DATA(control), sizeof told->error);
}

static struct told take(struct rig *rig)
{
    union {
        struct cmsghdr first;
        char room[CONTROL_BYTES];
    } control;
    struct packetdrill_interface *client = &rig->pair.client;
    struct msghdr message = {.msg_control = &control, .msg_controllen = sizeof control};
    struct told told = {0};
    told.result = client->recvmsg(client->userdata, rig->ends.client, &message, MSG_ERRQUEUE);
    told.flags = message.msg_flags;
    if (told.result == 0) {
        for (struct cmsghdr *at = CMSG_FIRSTHDR(&message); at != NULL;
             at = CMSG_NXTHDR(&message, at)) {
            read_control(&told, at);
        }
    }
    return told;
}

static void assert_time(struct rig *rig, uint32_t what, uint32_t octet, uint64_t at_us)
{
    struct told told = take(rig);
    assert_int_equal(told.result, 0);
    assert_int_equal(told.flags, MSG_ERRQUEUE | MSG_TRUNC);
    assert_true(told.has_time);
    assert_int_equal(told.error.ee_errno, ENOMSG);
    assert_int_equal(told.error.ee_origin, SO_EE_ORIGIN_TIMESTAMPING);
    assert_int_equal(told.error.ee_info, what);
    assert_int_equal(told.error.ee_data, octet);
    assert_in_range(told.at_us, at_us, at_us + 100);
}

static void assert_free(struct rig *rig, uint32_t first, uint32_t last)
{
    struct told told = take(rig);
    assert_int_equal(told.result, 0);
    assert_int_equal(told.flags, MSG_ERRQUEUE);
    assert_false(told.has_time);
    assert_int_equal(told.error.ee_errno, 0);
    assert_int_equal(told.error.ee_origin, SO_EE_ORIGIN_ZEROCOPY);
    assert_int_equal(told.error.ee_code, SO_EE_CODE_ZEROCOPY_COPIED);
    assert_int_equal(told.error.ee_info, first);
    assert_int_equal(told.error.ee_data, last);
}

static void assert_nothing(struct rig *rig)
{
    struct told told = take(rig);
    assert_int_equal(told.result, -1);
    assert_int_equal(errno, EAGAIN);
}

static uint32_t readiness(struct rig *rig)
{
    struct packetdrill_interface *client = &rig->pair.client;
    struct pollfd ask = {.fd = rig->ends.client};
    (void)client->poll(client->userdata, &ask, 1, 0);
    return (uint32_t)(uint16_t)ask.revents;
}

static void timestamps_tell_when_the_last_octet_left_and_was_acknowledged(void **state)
{
    struct rig *rig = *state;
    set(rig, SO_TIMESTAMPING, TIMES);
    uint64_t begin_us = drill_pair_now(&rig->pair.client);
    assert_int_equal(send_octets(rig, 100, 0), 100);
    go_round(rig, 1);
    assert_time(rig, SCM_TSTAMP_SCHED, 99, begin_us);
    assert_time(rig, SCM_TSTAMP_SND, 99, begin_us);
    assert_time(rig, SCM_TSTAMP_ACK, 99, begin_us + ROUND_US);
    assert_nothing(rig);
}

static void numbers_begin_where_timestamps_were_asked_for(void **state)
{
    struct rig *rig = *state;
    assert_int_equal(send_octets(rig, 500, 0), 500);
    go_round(rig, 1);
    set(rig, SO_TIMESTAMPING, TIMES & ~SOF_TIMESTAMPING_TX_ACK);
    uint64_t begin_us = drill_pair_now(&rig->pair.client);
    assert_int_equal(send_octets(rig, 10, 0), 10);
    assert_time(rig, SCM_TSTAMP_SCHED, 9, begin_us);
    assert_time(rig, SCM_TSTAMP_SND, 9, begin_us);
    assert_nothing(rig);
}

// Nagle's algorithm holds the second write until the first is acknowledged.
static void octets_that_wait_have_not_left(void **state)
{
    struct rig *rig = *state;
    set(rig, SO_TIMESTAMPING, SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_OPT_ID);
    assert_int_equal(send_octets(rig, 10, 0), 10);
    assert_int_equal(send_octets(rig, 10, 0), 10);
    assert_int_equal(take(rig).error.ee_data, 9);
    assert_nothing(rig);
    go_round(rig, 1);
    assert_int_equal(take(rig).error.ee_data, 19);
    assert_nothing(rig);
}

static void timestamps_without_the_packet_are_not_truncated(void **state)
{
    struct rig *rig = *state;
    set(rig, SO_TIMESTAMPING, SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_OPT_TSONLY);
    assert_int_equal(send_octets(rig, 10, 0), 10);
    struct told told = take(rig);
    assert_int_equal(told.result, 0);
    assert_int_equal(told.flags, MSG_ERRQUEUE);
    assert_false(told.has_time); // SOF_TIMESTAMPING_SOFTWARE would tell it
    assert_int_equal(told.error.ee_data, 0);
}

static void zerocopy_memory_is_free_once_its_octets_are_acknowledged(void **state)
{
    struct rig *rig = *state;
    set(rig, SO_ZEROCOPY, 1);
    assert_int_equal(send_octets(rig, 1000, MSG_ZEROCOPY), 1000);
    assert_nothing(rig);
    assert_int_equal(readiness(rig) & POLLERR, 0);
    go_round(rig, 1);
    assert_int_equal(readiness(rig) & POLLERR, POLLERR);
    assert_free(rig, 0, 0);
    assert_int_equal(readiness(rig) & POLLERR, 0);
    assert_nothing(rig);
}

static void zerocopy_numbers_in_a_row_are_one_report_until_it_is_taken(void **state)
{
    struct rig *rig = *state;
    set(rig, SO_ZEROCOPY, 1);
    for (int time = 0; time < 2; time++) {
        assert_int_equal(send_octets(rig, 1000, MSG_ZEROCOPY), 1000);
        go_round(rig, 1);
    }
    assert_free(rig, 0, 1);
    assert_int_equal(send_octets(rig, 1000, 0), 1000); // has no number
    go_round(rig, 1);
    assert_nothing(rig);
    assert_int_equal(send_octets(rig, 1000, MSG_ZEROCOPY), 1000);
    go_round(rig, 1);
    assert_free(rig, 2, 2);
}

static void zerocopy_that_is_not_switched_on_reports_nothing(void **state)
{
    struct rig *rig = *state;
    assert_int_equal(send_octets(rig, 1000, MSG_ZEROCOPY), 1000);
    go_round(rig, 1);
    assert_nothing(rig);
}

static void zerocopy_memory_is_free_when_the_connection_was_reset(void **state)
{
    struct rig *rig = *state;
    const struct linger linger = {.l_onoff = 1};
    struct packetdrill_interface *server = &rig->pair.server;
    set(rig, SO_ZEROCOPY, 1);
    assert_int_equal(send_octets(rig, 1000, MSG_ZEROCOPY), 1000);
    assert_int_equal(server->setsockopt(server->userdata, rig->ends.server, SOL_SOCKET, SO_LINGER,
                                        &linger, sizeof linger),
                     0);
    assert_int_equal(server->close(server->userdata, rig->ends.server), 0);
    assert_true(drill_pair_pass(server, &rig->pair.client) > 0);
    assert_free(rig, 0, 0);
}

// As many as a packet of Linux's is made of without copying; Nagle's algorithm holds the last.
static void zerocopy_packet_holds_seventeen_pieces(void **state)
{
    struct rig *rig = *state;
    struct packetdrill_interface *client = &rig->pair.client;
    char octets[18] = "";
    struct iovec pieces[18];
    for (size_t i = 0; i < 18; i++) {
        pieces[i] = (struct iovec){.iov_base = &octets[i], .iov_len = 1};
    }
    const struct msghdr message = {.msg_iov = pieces, .msg_iovlen = 18};
    set(rig, SO_ZEROCOPY, 1);
    assert_int_equal(client->sendmsg(client->userdata, rig->ends.client, &message, MSG_ZEROCOPY),
                     18);
    assert_int_equal(drill_pair_pass(client, &rig->pair.server), HEADER_BYTES + 17);
    assert_true(drill_pair_pass(&rig->pair.server, client) > 0);
    assert_nothing(rig);
    assert_int_equal(drill_pair_pass(client, &rig->pair.server), HEADER_BYTES + 1);
    assert_true(drill_pair_pass(&rig->pair.server, client) > 0);
    assert_free(rig, 0, 0);
}

static void every_report_is_an_edge(void **state)
{
    struct rig *rig = *state;
    struct packetdrill_interface *client = &rig->pair.client;
    struct epoll_event event = {.events = EPOLLOUT | EPOLLET, .data.fd = rig->ends.client};
    int epoll = client->epoll_create(client->userdata, 1);
    set(rig, SO_ZEROCOPY, 1);
    assert_int_equal(
        client->epoll_ctl(client->userdata, epoll, EPOLL_CTL_ADD, rig->ends.client, &event), 0);
    assert_int_equal(client->epoll_wait(client->userdata, epoll, &event, 1, 0), 1);
    assert_int_equal(event.events, EPOLLOUT);
    for (int time = 0; time < 2; time++) { // the second makes the first report longer
        assert_int_equal(send_octets(rig, 1000, MSG_ZEROCOPY), 1000);
        go_round(rig, 1);
        assert_int_equal(client->epoll_wait(client->userdata, epoll, &event, 1, 0), 1);
        assert_int_equal(event.events, EPOLLOUT | EPOLLERR);
        assert_int_equal(client->epoll_wait(client->userdata, epoll, &event, 1, 0), 0);
    }
}

static void accepted_socket_has_what_its_listener_has(void **state)
{
    struct rig *rig = *state;
    struct packetdrill_interface *client = &rig->pair.client;
    struct packetdrill_interface *server = &rig->pair.server;
    struct sockaddr_in address = drill_pair_address();
    int one = 1;
    int told = 0;
    socklen_t bytes = sizeof told;
    assert_int_equal(server->setsockopt(server->userdata, rig->ends.listener, SOL_SOCKET,
                                        SO_ZEROCOPY, &one, sizeof one),
                     0);
    int fd = client->socket(client->userdata, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    (void)client->connect(client->userdata, fd, (struct sockaddr *)&address, sizeof address);
    assert_true(drill_pair_pass(client, server) > 0);
    assert_true(drill_pair_pass(server, client) > 0);
    assert_true(drill_pair_pass(client, server) > 0);
    int accepted = server->accept(server->userdata, rig->ends.listener, NULL, NULL);
    assert_true(accepted >= 0);
    assert_int_equal(
        server->getsockopt(server->userdata, accepted, SOL_SOCKET, SO_ZEROCOPY, &told, &bytes), 0);
    assert_int_equal(told, 1);
}

static void control_without_room_is_told(void **state)
{
    struct rig *rig = *state;
    struct packetdrill_interface *client = &rig->pair.client;
    struct msghdr message = {.msg_controllen = 0};
    set(rig, SO_TIMESTAMPING, TIMES);
    assert_int_equal(send_octets(rig, 10, 0), 10);
    assert_int_equal(client->recvmsg(client->userdata, rig->ends.client, &message, MSG_ERRQUEUE),
                     0);
    assert_int_equal(message.msg_flags, MSG_ERRQUEUE | MSG_TRUNC | MSG_CTRUNC);
}

#define WITH_RIG(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_RIG(timestamps_tell_when_the_last_octet_left_and_was_acknowledged),
        WITH_RIG(numbers_begin_where_timestamps_were_asked_for),
        WITH_RIG(octets_that_wait_have_not_left),
        WITH_RIG(timestamps_without_the_packet_are_not_truncated),
        WITH_RIG(zerocopy_memory_is_free_once_its_octets_are_acknowledged),
        WITH_RIG(zerocopy_numbers_in_a_row_are_one_report_until_it_is_taken),
        WITH_RIG(zerocopy_that_is_not_switched_on_reports_nothing),
        WITH_RIG(zerocopy_memory_is_free_when_the_connection_was_reset),
        WITH_RIG(zerocopy_packet_holds_seventeen_pieces),
        WITH_RIG(every_report_is_an_edge),
        WITH_RIG(accepted_socket_has_what_its_listener_has),
        WITH_RIG(control_without_room_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
