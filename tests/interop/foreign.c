// SPDX-License-Identifier: MIT
//
// The loop of a synfin stack and a foreign one; see foreign.h.
#include "foreign.h"

#include <stdlib.h>
#include <string.h>

#include "lib/test_cmocka.h"

enum { BURST = 32, CHUNK_BYTES = 8192, SETTLE_ROUNDS_MAX = 100000 };

#define DELAY_NS (5 * FOREIGN_MS)
#define REST_NS  (10 * FOREIGN_S)

static uint8_t octet_at(const struct foreign_user *user, uint64_t place)
{
    return (uint8_t)((place * 2654435761u >> 7) + place / 65521 + user->number);
}

uint32_t foreign_fill(struct foreign_user *user, uint8_t *octets, uint32_t most)
{
    uint32_t bytes = 0;
    while (bytes < most && user->sent < user->to_send) {
        octets[bytes++] = octet_at(user, user->sent++);
    }
    return bytes;
}

void foreign_unsend(struct foreign_user *user, uint32_t bytes)
{
    user->sent -= bytes;
}

void foreign_take(struct foreign_user *user, const uint8_t *octets, uint32_t bytes)
{
    const struct foreign_user other = {.number = user->number ^ 1};
    for (uint32_t i = 0; i < bytes; i++) {
        assert_int_equal(octets[i], octet_at(&other, user->received++));
    }
}

bool foreign_wants_to_shut(const struct foreign_user *user)
{
    return user->is_open && !user->has_shut && !user->keeps_open && user->sent == user->to_send;
}

bool foreign_is_done(const struct foreign_user *user)
{
    return user->has_shut && user->has_end;
}

static bool write_file(void *ctx, const void *bytes, size_t count)
{
    return fwrite(bytes, 1, count, ctx) == count;
}

static void observe(void *ctx, const struct synfin_passage *passage)
{
    struct foreign *foreign = ctx;
    synfin_capture_passage(foreign->capture, passage);
}

static void begin_capture(struct foreign *foreign, const struct synfin_env *env)
{
    const char *folder = getenv("FOREIGN_CAPTURE");
    char path[256];
    if (folder == NULL) {
        return;
    }
    (void)snprintf(path, sizeof path, "%s/%s.pcapng", folder, foreign->config.name);
    foreign->file = fopen(path, "wb");
    assert_non_null(foreign->file);
    assert_int_equal(synfin_capture_create(env, foreign->config.is_ethernet, write_file,
                                           foreign->file, &foreign->capture),
                     SYNFIN_ERROR_OK);
    synfin_link_observe(foreign->link, observe, foreign);
}

static void add_addrs(struct foreign *foreign)
{
    struct synfin_prefix prefix;
    for (uint32_t i = 0; i < 2; i++) {
        const char *text = foreign->config.addr[i];
        if (text != NULL) {
            assert_int_equal(synfin_prefix_parse(text, &prefix), SYNFIN_ERROR_OK);
            assert_int_equal(synfin_stack_add_addr(foreign->stack, foreign->iface, &prefix),
                             SYNFIN_ERROR_OK);
        }
    }
}

static void add_stack(struct foreign *foreign)
{
    struct synfin_iface_config iface;
    struct synfin_env env;
    test_env_bind(&env, &foreign->memory, foreign->config.seed);
    assert_int_equal(synfin_stack_create(&env, NULL, foreign->now_ns, &foreign->stack),
                     SYNFIN_ERROR_OK);
    synfin_iface_config_default(&iface);
    iface.is_ethernet = foreign->device[0]->is_ethernet;
    memcpy(iface.mac, foreign->device[0]->mac, sizeof iface.mac);
    iface.mtu_bytes = foreign->device[0]->mtu_bytes;
    assert_int_equal(synfin_stack_add_iface(foreign->stack, &iface, &foreign->iface),
                     SYNFIN_ERROR_OK);
    add_addrs(foreign);
}

void foreign_begin(struct foreign *foreign, const struct foreign_config *config)
{
    struct synfin_link_config link;
    struct synfin_env env;
    memset(foreign, 0, sizeof *foreign);
    foreign->config = *config;
    foreign->now_ns = FOREIGN_S;
    test_env_bind(&env, &foreign->link_memory, config->seed);
    synfin_link_config_default(&link);
    link.is_ethernet = config->is_ethernet;
    link.delay_ns = DELAY_NS;
    link.loss_ppm = config->loss_ppm;
    link.seed = config->seed;
    assert_int_equal(synfin_link_create(&env, &link, &foreign->link), SYNFIN_ERROR_OK);
    foreign->device[0] = synfin_link_device(foreign->link, SYNFIN_LINK_A);
    foreign->device[1] = synfin_link_device(foreign->link, SYNFIN_LINK_B);
    begin_capture(foreign, &env);
    add_stack(foreign);
}

void foreign_listen(struct foreign *foreign, uint32_t version)
{
    struct synfin_endpoint local = {.port = FOREIGN_PORT};
    assert_int_equal(synfin_addr_parse(version == 4 ? "0.0.0.0" : "::", &local.addr),
                     SYNFIN_ERROR_OK);
    assert_int_equal(synfin_socket_open(foreign->stack, &foreign->listener), SYNFIN_ERROR_OK);
    assert_int_equal(synfin_socket_bind(foreign->stack, foreign->listener, &local),
                     SYNFIN_ERROR_OK);
    assert_int_equal(synfin_socket_listen(foreign->stack, foreign->listener, 8, foreign->now_ns),
                     SYNFIN_ERROR_OK);
}

void foreign_connect(struct foreign *foreign, const char *addr, uint16_t port)
{
    struct synfin_endpoint remote = {.port = port};
    assert_int_equal(synfin_addr_parse(addr, &remote.addr), SYNFIN_ERROR_OK);
    assert_int_equal(synfin_socket_open(foreign->stack, &foreign->socket), SYNFIN_ERROR_OK);
    assert_int_equal(
        synfin_socket_connect(foreign->stack, foreign->socket, &remote, foreign->now_ns),
        SYNFIN_ERROR_OK);
}

static void take_events(struct foreign *foreign)
{
    struct synfin_event event;
    struct foreign_user *user = &foreign->user;
    while (synfin_stack_next_event(foreign->stack, &event)) {
        if (event.kind == SYNFIN_EVENT_ACCEPTABLE && foreign->socket == 0) {
            assert_int_equal(
                synfin_socket_accept(foreign->stack, foreign->listener, &foreign->socket, NULL),
                SYNFIN_ERROR_OK);
            user->is_open = true;
        } else if (event.kind == SYNFIN_EVENT_CONNECTED) {
            user->is_open = true;
        } else if (event.kind == SYNFIN_EVENT_CLOSED) {
            user->error = event.error;
        }
    }
}

static bool write_some(struct foreign *foreign)
{
    uint8_t octets[CHUNK_BYTES];
    size_t sent = 0;
    struct foreign_user *user = &foreign->user;
    uint32_t bytes = foreign_fill(user, octets, sizeof octets);
    if (bytes > 0
        && synfin_socket_send(foreign->stack, foreign->socket, octets, bytes, &sent,
                              foreign->now_ns)
               != SYNFIN_ERROR_OK) {
        sent = 0;
    }
    foreign_unsend(user, bytes - (uint32_t)sent);
    if (foreign_wants_to_shut(user)) {
        assert_int_equal(synfin_socket_shutdown(foreign->stack, foreign->socket,
                                                SYNFIN_SHUTDOWN_WRITE, foreign->now_ns),
                         SYNFIN_ERROR_OK);
        user->has_shut = true;
        return true;
    }
    return sent > 0;
}

static bool read_some(struct foreign *foreign)
{
    uint8_t octets[CHUNK_BYTES];
    size_t received = 0;
    struct foreign_user *user = &foreign->user;
    if (user->reads_nothing || user->has_end) {
        return false;
    }
    enum synfin_error error = synfin_socket_recv(foreign->stack, foreign->socket, octets,
                                                 sizeof octets, &received, foreign->now_ns);
    foreign_take(user, octets, (uint32_t)received);
    user->has_end = error == SYNFIN_ERROR_OK && received == 0;
    return received > 0 || user->has_end;
}

static bool work_user(struct foreign *foreign)
{
    struct foreign_user *user = &foreign->user;
    take_events(foreign);
    if (!user->is_open || user->error != SYNFIN_ERROR_OK || foreign->socket == 0) {
        return false;
    }
    bool has_written = write_some(foreign);
    return read_some(foreign) || has_written;
}

static bool work_stack(struct foreign *foreign)
{
    struct synfin_packet packets[BURST];
    struct synfin_device *device = foreign->device[0];
    uint32_t in = device->ops->receive(device, packets, BURST, foreign->now_ns);
    if (in > 0) {
        synfin_stack_input(foreign->stack, foreign->iface, packets, in, foreign->now_ns);
    }
    if (synfin_stack_next_deadline(foreign->stack) <= foreign->now_ns) {
        synfin_stack_advance(foreign->stack, foreign->now_ns);
    }
    uint32_t out =
        synfin_stack_output(foreign->stack, foreign->iface, packets, BURST, foreign->now_ns);
    if (out > 0) {
        assert_int_equal(device->ops->send(device, packets, out, foreign->now_ns), out);
    }
    return in > 0 || out > 0;
}

void foreign_send(struct foreign *foreign, const uint8_t *octets, uint32_t bytes)
{
    struct synfin_packet packet;
    uint8_t copy[FOREIGN_PACKET_MAX];
    assert_true(bytes <= sizeof copy);
    memcpy(copy, octets, bytes);
    synfin_packet_wrap(&packet, copy, bytes);
    assert_int_equal(foreign->device[1]->ops->send(foreign->device[1], &packet, 1, foreign->now_ns),
                     1);
}

static bool work_foreign(struct foreign *foreign)
{
    struct synfin_packet packet;
    uint8_t octets[FOREIGN_PACKET_MAX];
    struct synfin_device *device = foreign->device[1];
    bool has_moved = false;
    while (device->ops->receive(device, &packet, 1, foreign->now_ns) == 1) {
        uint32_t bytes = synfin_packet_copy(&packet, octets, sizeof octets);
        assert_true(bytes > 0);
        foreign->config.ops->input(foreign->config.ctx, octets, bytes);
        has_moved = true;
    }
    return foreign->config.ops->work(foreign->config.ctx, foreign->now_ns) || has_moved;
}

static void settle(struct foreign *foreign)
{
    bool has_moved = true;
    for (uint32_t round = 0; has_moved; round++) {
        assert_true(round < SETTLE_ROUNDS_MAX);
        has_moved = work_user(foreign);
        has_moved = work_stack(foreign) || has_moved;
        has_moved = work_foreign(foreign) || has_moved;
    }
}

static uint64_t sooner(uint64_t a_ns, uint64_t b_ns)
{
    return a_ns < b_ns ? a_ns : b_ns;
}

bool foreign_run(struct foreign *foreign, bool (*is_over)(const struct foreign *foreign),
                 uint64_t limit_ns)
{
    uint64_t end_ns = foreign->now_ns + limit_ns;
    settle(foreign);
    while (!is_over(foreign)) {
        uint64_t next_ns = sooner(synfin_link_next_deadline(foreign->link),
                                  synfin_stack_next_deadline(foreign->stack));
        next_ns = sooner(next_ns,
                         foreign->config.ops->next_deadline(foreign->config.ctx, foreign->now_ns));
        if (foreign->now_ns >= end_ns) {
            return false;
        }
        // A stack may name a deadline a little early.
        foreign->now_ns = next_ns > foreign->now_ns ? next_ns : foreign->now_ns + (1 << 16);
        settle(foreign);
    }
    return true;
}

static bool never(const struct foreign *foreign)
{
    (void)foreign;
    return false;
}

bool foreign_run_out(struct foreign *foreign, bool (*is_over)(const struct foreign *foreign),
                     uint64_t limit_ns)
{
    bool is_reached = foreign_run(foreign, is_over, limit_ns);
    foreign->over_ns = foreign->now_ns;
    (void)foreign_run(foreign, never, REST_NS);
    return is_reached;
}

void foreign_end(struct foreign *foreign)
{
    synfin_stack_destroy(foreign->stack);
    synfin_link_destroy(foreign->link);
    if (foreign->capture != NULL) {
        assert_true(synfin_capture_ok(foreign->capture));
        synfin_capture_destroy(foreign->capture);
        assert_int_equal(fclose(foreign->file), 0);
    }
    assert_int_equal(foreign->memory.slabs, 0);
    assert_int_equal(foreign->link_memory.slabs, 0);
}
