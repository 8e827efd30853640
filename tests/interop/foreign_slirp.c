// SPDX-License-Identifier: MIT
//
// libslirp as the peer, the TCP of virtual machines' user networks: it ends each connection itself
// and carries what is in it on a socket of the kernel, whose other end this program holds too:
//
//     synfin -- [ link ] -- libslirp -- kernel's loopback -- user
//
// Its clock is ours, so time is virtual here as well. What comes to it for 10.0.2.2 it carries to
// 127.0.0.1, and what comes to a forwarded port there it carries to synfin.
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <slirp/libslirp.h>

#include "foreign.h"
#include "lib/test_cmocka.h"

enum { OCTETS = 2000000, CHUNK_BYTES = 16384, POLLS_MAX = 64, LOSS_STEPS = 3, TIMERS_MAX = 4 };

struct slirp_timer {
    SlirpTimerCb fire;
    void *opaque;
    int64_t at_ms; // negative: never
};

struct slirp_end {
    struct foreign *foreign;
    Slirp *slirp;
    struct foreign_user user;
    struct pollfd polls[POLLS_MAX];
    struct slirp_timer timers[TIMERS_MAX];
    uint32_t timers_used;
    int polls_used, listener, fd; // of our end of the kernel's connection; -1: none
    uint32_t wait_ms;             // until it wants to be asked again
};

static struct slirp_end end_b;
static struct foreign run;

static ssize_t on_packet(const void *octets, size_t bytes, void *opaque)
{
    (void)opaque;
    foreign_send(end_b.foreign, octets, (uint32_t)bytes);
    return (ssize_t)bytes;
}

static void on_guest_error(const char *text, void *opaque)
{
    (void)opaque;
    fail_msg("libslirp: %s", text);
}

static int64_t clock_ns(void *opaque)
{
    (void)opaque;
    return (int64_t)end_b.foreign->now_ns;
}

static void *new_timer(SlirpTimerCb fire, void *fire_opaque, void *opaque)
{
    (void)opaque;
    assert_true(end_b.timers_used < TIMERS_MAX);
    struct slirp_timer *timer = &end_b.timers[end_b.timers_used++];
    *timer = (struct slirp_timer){fire, fire_opaque, -1};
    return timer;
}

static void free_timer(void *timer, void *opaque)
{
    (void)opaque;
    ((struct slirp_timer *)timer)->at_ms = -1;
}

static void set_timer(void *timer, int64_t at_ms, void *opaque)
{
    (void)opaque;
    ((struct slirp_timer *)timer)->at_ms = at_ms;
}

static void ignore_fd(int fd, void *opaque)
{
    (void)fd;
    (void)opaque;
}

static void ignore(void *opaque)
{
    (void)opaque;
}

static int add_poll(int fd, int events, void *opaque)
{
    (void)opaque;
    assert_true(end_b.polls_used < POLLS_MAX);
    struct pollfd *poll_fd = &end_b.polls[end_b.polls_used];
    *poll_fd = (struct pollfd){.fd = fd};
    poll_fd->events =
        (short)((events & SLIRP_POLL_IN ? POLLIN : 0) | (events & SLIRP_POLL_OUT ? POLLOUT : 0)
                | (events & SLIRP_POLL_PRI ? POLLPRI : 0));
    return end_b.polls_used++;
}

static int get_events(int index, void *opaque)
{
    (void)opaque;
    short events = end_b.polls[index].revents;
    return (events & POLLIN ? SLIRP_POLL_IN : 0) | (events & POLLOUT ? SLIRP_POLL_OUT : 0)
           | (events & POLLPRI ? SLIRP_POLL_PRI : 0) | (events & POLLERR ? SLIRP_POLL_ERR : 0)
           | (events & POLLHUP ? SLIRP_POLL_HUP : 0);
}

static void input(void *ctx, const uint8_t *octets, uint32_t bytes)
{
    (void)ctx;
    slirp_input(end_b.slirp, octets, (int)bytes);
}

static void fire_timers(uint64_t now_ns)
{
    for (uint32_t i = 0; i < end_b.timers_used; i++) {
        struct slirp_timer *timer = &end_b.timers[i];
        if (timer->at_ms >= 0 && (uint64_t)timer->at_ms * FOREIGN_MS <= now_ns) {
            timer->at_ms = -1;
            timer->fire(timer->opaque);
        }
    }
}

// libslirp's own sockets: what is ready is carried on.
static bool work_slirp(uint64_t now_ns)
{
    uint64_t before = synfin_link_next_deadline(run.link);
    end_b.polls_used = 0;
    end_b.wait_ms = UINT32_MAX;
    fire_timers(now_ns);
    slirp_pollfds_fill(end_b.slirp, &end_b.wait_ms, add_poll, NULL);
    int ready = poll(end_b.polls, (nfds_t)end_b.polls_used, 0);
    assert_true(ready >= 0);
    slirp_pollfds_poll(end_b.slirp, 0, get_events, NULL);
    return before == SYNFIN_NEVER && synfin_link_next_deadline(run.link) != SYNFIN_NEVER;
}

static void note_error(void)
{
    if (errno != EAGAIN && errno != EINPROGRESS) {
        end_b.user.error = SYNFIN_ERROR_RESET;
    }
}

static bool write_some(void)
{
    uint8_t octets[CHUNK_BYTES];
    uint32_t bytes = foreign_fill(&end_b.user, octets, sizeof octets);
    ssize_t sent = bytes > 0 ? send(end_b.fd, octets, bytes, MSG_NOSIGNAL) : 0;
    if (sent < 0) {
        note_error();
    }
    foreign_unsend(&end_b.user, bytes - (uint32_t)(sent > 0 ? sent : 0));
    return sent > 0;
}

static bool read_some(void)
{
    uint8_t octets[CHUNK_BYTES];
    if (end_b.user.reads_nothing || end_b.user.has_end) {
        return false;
    }
    ssize_t received = recv(end_b.fd, octets, sizeof octets, 0);
    if (received < 0) {
        note_error();
        return false;
    }
    foreign_take(&end_b.user, octets, (uint32_t)received);
    end_b.user.has_end = received == 0;
    return true;
}

static bool work_user(void)
{
    struct foreign_user *user = &end_b.user;
    if (end_b.fd < 0 && end_b.listener >= 0) {
        end_b.fd = accept4(end_b.listener, NULL, NULL, SOCK_NONBLOCK);
        user->is_open = end_b.fd >= 0;
    }
    if (end_b.fd < 0 || user->error != SYNFIN_ERROR_OK) {
        return false;
    }
    bool has_moved = read_some();
    has_moved = write_some() || has_moved;
    if (foreign_wants_to_shut(user)) {
        assert_int_equal(shutdown(end_b.fd, SHUT_WR), 0);
        user->has_shut = has_moved = true;
    }
    return has_moved;
}

static bool work(void *ctx, uint64_t now_ns)
{
    (void)ctx;
    bool has_moved = work_slirp(now_ns);
    return work_user() || has_moved;
}

// The kernel tells nobody when something is there, so it is looked for each millisecond.
static uint64_t next_deadline(const void *ctx, uint64_t now_ns)
{
    (void)ctx;
    return now_ns + FOREIGN_MS;
}

static const struct foreign_ops ops = {input, work, next_deadline};

static struct sockaddr_in loopback(uint16_t port)
{
    struct sockaddr_in addr = {.sin_family = AF_INET, .sin_port = htons(port)};
    addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return addr;
}

static void begin(const char *name, uint32_t number, uint32_t loss_ppm)
{
    static const SlirpCb callbacks = {
        .send_packet = on_packet,
        .guest_error = on_guest_error,
        .clock_get_ns = clock_ns,
        .timer_new = new_timer,
        .timer_free = free_timer,
        .timer_mod = set_timer,
        .register_poll_fd = ignore_fd,
        .unregister_poll_fd = ignore_fd,
        .notify = ignore,
    };
    char numbered[64];
    (void)snprintf(numbered, sizeof numbered, "slirp-%s-%u", name, number);
    struct foreign_config config = {
        .name = numbered,
        .addr = {"10.0.2.15/24", NULL},
        .is_ethernet = true,
        .loss_ppm = loss_ppm,
        .seed = 1,
        .ops = &ops,
    };
    SlirpConfig slirp = {.version = 1, .in_enabled = true};
    slirp.vnetwork.s_addr = inet_addr("10.0.2.0");
    slirp.vnetmask.s_addr = inet_addr("255.255.255.0");
    slirp.vhost.s_addr = inet_addr("10.0.2.2");
    slirp.vdhcp_start.s_addr = inet_addr("10.0.2.15");
    slirp.vnameserver.s_addr = inet_addr("10.0.2.3");
    memset(&end_b, 0, sizeof end_b);
    end_b.fd = end_b.listener = -1;
    end_b.foreign = &run;
    end_b.user.number = 1;
    foreign_begin(&run, &config);
    end_b.slirp = slirp_new(&slirp, &callbacks, NULL);
    assert_non_null(end_b.slirp);
}

static void end(void)
{
    if (end_b.fd >= 0) {
        assert_int_equal(close(end_b.fd), 0);
    }
    if (end_b.listener >= 0) {
        assert_int_equal(close(end_b.listener), 0);
    }
    slirp_cleanup(end_b.slirp);
    foreign_end(&run);
}

// A port of the kernel's; with `listens`, the user listens there.
static uint16_t take_port(bool listens)
{
    struct sockaddr_in addr = loopback(0);
    socklen_t bytes = sizeof addr;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof addr), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&addr, &bytes), 0);
    if (listens) {
        assert_int_equal(listen(fd, 8), 0);
        end_b.listener = fd;
    } else {
        assert_int_equal(close(fd), 0);
    }
    return ntohs(addr.sin_port);
}

static void open_pair(bool is_slirp_client)
{
    uint16_t port = take_port(!is_slirp_client);
    if (!is_slirp_client) {
        foreign_connect(&run, "10.0.2.2", port);
        return;
    }
    struct in_addr host = loopback(0).sin_addr;
    struct in_addr guest = {inet_addr("10.0.2.15")};
    struct sockaddr_in addr = loopback(port);
    foreign_listen(&run, 4);
    assert_int_equal(slirp_add_hostfwd(end_b.slirp, 0, host, port, guest, FOREIGN_PORT), 0);
    end_b.fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(end_b.fd, (struct sockaddr *)&addr, sizeof addr), 0);
    assert_int_equal(fcntl(end_b.fd, F_SETFL, O_NONBLOCK), 0);
    end_b.user.is_open = true;
}

static bool both_done(const struct foreign *foreign)
{
    return foreign_is_done(&foreign->user) && foreign_is_done(&end_b.user);
}
static bool both_open(const struct foreign *foreign)
{
    return foreign->user.is_open && end_b.user.is_open;
}
static bool ours_has_error(const struct foreign *foreign)
{
    return foreign->user.error != SYNFIN_ERROR_OK;
}
static bool theirs_has_ended(const struct foreign *foreign)
{
    (void)foreign;
    return end_b.user.error != SYNFIN_ERROR_OK || end_b.user.has_end;
}

static void transfer(bool is_slirp_client, uint32_t loss_percent)
{
    const char *name = is_slirp_client ? "connects" : "listens";
    begin(name, loss_percent, loss_percent * 10000);
    run.user.to_send = end_b.user.to_send = OCTETS;
    open_pair(is_slirp_client);
    if (!foreign_run_out(&run, both_done, 3600 * FOREIGN_S)) {
        fail_msg("%s: ours %llu and %llu, libslirp's %llu and %llu octets", name,
                 (unsigned long long)run.user.sent, (unsigned long long)run.user.received,
                 (unsigned long long)end_b.user.sent, (unsigned long long)end_b.user.received);
    }
    assert_int_equal(run.user.received, OCTETS);
    assert_int_equal(end_b.user.received, OCTETS);
    print_message("libslirp %s, %u %% lost: %u octets each way in %llu ms\n", name, loss_percent,
                  OCTETS, (unsigned long long)((run.over_ns - FOREIGN_S) / FOREIGN_MS));
    end();
}

static void bulk_both_ways_arrives_intact(void **state)
{
    static const uint32_t loss_percent[LOSS_STEPS] = {0, 1, 5};
    (void)state;
    for (uint32_t i = 0; i < 2 * LOSS_STEPS; i++) {
        transfer(i % 2 == 0, loss_percent[i / 2]);
    }
}

static void half_closed_connection_carries_the_other_way(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 4; i++) {
        begin("half-closed", i, 0);
        (i % 2 == 0 ? &end_b.user : &run.user)->to_send = 100000;
        open_pair(i / 2 == 0);
        assert_true(foreign_run_out(&run, both_done, 60 * FOREIGN_S));
        assert_int_equal(run.user.received + end_b.user.received, 100000);
        end();
    }
}

static void open_idle(const char *name, bool is_slirp_client)
{
    begin(name, is_slirp_client, 0);
    run.user.keeps_open = end_b.user.keeps_open = true;
    open_pair(is_slirp_client);
    assert_true(foreign_run(&run, both_open, 10 * FOREIGN_S));
}

static void reset_by_synfin_ends_the_others_connection(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 2; i++) {
        open_idle("is-reset", i == 0);
        synfin_socket_abort(run.stack, run.socket, run.now_ns);
        run.socket = 0;
        assert_true(foreign_run(&run, theirs_has_ended, 10 * FOREIGN_S));
        end();
    }
}

static void port_without_listener_refuses(void **state)
{
    (void)state;
    begin("refuses", 0, 0);
    foreign_connect(&run, "10.0.2.2", take_port(false));
    assert_true(foreign_run(&run, ours_has_error, 10 * FOREIGN_S));
    assert_int_equal(run.user.error, SYNFIN_ERROR_REFUSED);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bulk_both_ways_arrives_intact),
        cmocka_unit_test(half_closed_connection_carries_the_other_way),
        cmocka_unit_test(reset_by_synfin_ends_the_others_connection),
        cmocka_unit_test(port_without_listener_refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
