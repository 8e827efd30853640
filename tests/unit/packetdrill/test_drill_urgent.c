// SPDX-License-Identifier: MIT
//
// Urgent data of the BSD interface: one octet out of line, or in it.
#include <errno.h>
#include <linux/sockios.h>
#include <poll.h>
#include <sys/ioctl.h>

#include "drill_pair.h"
#include "lib/test_cmocka.h"

struct fixture {
    struct drill_pair pair;
    struct drill_ends ends;
};

static void set_up(struct fixture *f, const char *text, size_t bytes)
{
    drill_pair_init(&f->pair, "profile=rfc");
    f->ends = drill_pair_connect(&f->pair);
    struct packetdrill_interface *client = &f->pair.client;
    assert_int_equal(client->send(client->userdata, f->ends.client, text, bytes, MSG_OOB), bytes);
    assert_int_equal(client->send(client->userdata, f->ends.client, "after", 5, 0), 5);
    assert_true(drill_pair_pass(client, &f->pair.server) > 0);
    assert_true(drill_pair_pass(&f->pair.server, client) > 0); // the acknowledgment
    assert_true(drill_pair_pass(client, &f->pair.server) > 0);
}

static ssize_t receive(struct fixture *f, char *to, size_t room, int flags)
{
    struct packetdrill_interface *server = &f->pair.server;
    return server->recv(server->userdata, f->ends.server, to, room, flags | MSG_DONTWAIT);
}

static int control(struct fixture *f, unsigned long request)
{
    struct packetdrill_interface *server = &f->pair.server;
    int value = -1;
    assert_int_equal(server->ioctl(server->userdata, f->ends.server, request, &value), 0);
    return value;
}

static short events(struct fixture *f)
{
    struct packetdrill_interface *server = &f->pair.server;
    struct pollfd fd = {.fd = f->ends.server, .events = POLLIN | POLLPRI};
    (void)server->poll(server->userdata, &fd, 1, 0);
    return fd.revents;
}

static void octet_is_taken_out_of_line(void **state)
{
    (void)state;
    struct fixture f;
    char text[32];
    set_up(&f, "before!", 7);
    assert_int_equal(events(&f), POLLIN | POLLPRI);
    assert_int_equal(control(&f, SIOCINQ), 6);
    assert_int_equal(control(&f, SIOCATMARK), 0);
    assert_int_equal(receive(&f, text, sizeof text, MSG_OOB | MSG_PEEK), 1);
    assert_int_equal(receive(&f, text, sizeof text, MSG_OOB), 1);
    assert_int_equal(text[0], '!');
    assert_int_equal(events(&f), POLLIN);
    assert_int_equal(receive(&f, text, sizeof text, MSG_OOB), -1);
    assert_int_equal(errno, EINVAL);
    assert_int_equal(receive(&f, text, sizeof text, 0), 6);
    assert_memory_equal(text, "before", 6);
    assert_int_equal(control(&f, SIOCATMARK), 1);
    assert_int_equal(receive(&f, text, sizeof text, 0), 5);
    assert_memory_equal(text, "after", 5);
    assert_int_equal(control(&f, SIOCATMARK), 0);
    drill_pair_deinit(&f.pair);
}

static void octet_that_nobody_takes_is_passed_over(void **state)
{
    (void)state;
    struct fixture f;
    char text[32];
    set_up(&f, "!", 1);
    assert_int_equal(control(&f, SIOCATMARK), 1);
    assert_int_equal(control(&f, SIOCINQ), 0);
    assert_int_equal(receive(&f, text, sizeof text, 0), 5);
    assert_memory_equal(text, "after", 5);
    assert_int_equal(receive(&f, text, sizeof text, MSG_OOB), -1);
    assert_int_equal(errno, EINVAL);
    drill_pair_deinit(&f.pair);
}

static void octet_in_line_is_read_where_it_is(void **state)
{
    (void)state;
    struct fixture f;
    char text[32];
    const int on = 1;
    set_up(&f, "before!", 7);
    struct packetdrill_interface *server = &f.pair.server;
    assert_int_equal(server->setsockopt(server->userdata, f.ends.server, SOL_SOCKET, SO_OOBINLINE,
                                        &on, sizeof on),
                     0);
    assert_int_equal(events(&f), POLLIN);
    assert_int_equal(receive(&f, text, sizeof text, MSG_OOB), -1);
    assert_int_equal(errno, EINVAL);
    assert_int_equal(receive(&f, text, sizeof text, 0), 6);
    assert_int_equal(receive(&f, text, sizeof text, 0), 6);
    assert_memory_equal(text, "!after", 6);
    drill_pair_deinit(&f.pair);
}

// The pointer comes before the octet that it speaks of.
static void octet_that_has_not_arrived_is_waited_for(void **state)
{
    (void)state;
    struct fixture f = {0};
    char text[2000];
    drill_pair_init(&f.pair, "profile=rfc");
    f.ends = drill_pair_connect(&f.pair);
    struct packetdrill_interface *client = &f.pair.client;
    assert_int_equal(client->send(client->userdata, f.ends.client, text, sizeof text, MSG_OOB),
                     sizeof text);
    assert_true(drill_pair_pass(client, &f.pair.server) > 0); // the first of two segments
    assert_int_equal(receive(&f, text, sizeof text, MSG_OOB), -1);
    assert_int_equal(errno, EAGAIN);
    assert_true(drill_pair_pass(client, &f.pair.server) > 0);
    assert_int_equal(receive(&f, text, sizeof text, MSG_OOB), 1);
    drill_pair_deinit(&f.pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(octet_is_taken_out_of_line),
        cmocka_unit_test(octet_that_nobody_takes_is_passed_over),
        cmocka_unit_test(octet_in_line_is_read_where_it_is),
        cmocka_unit_test(octet_that_has_not_arrived_is_waited_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
