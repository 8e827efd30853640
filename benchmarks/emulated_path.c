// SPDX-License-Identifier: MIT
//
// Time jumps from one event to the next: a packet's arrival or a stack's deadline.
#include "emulated_path.h"

#include <stdlib.h>
#include <string.h>

#include "harness.h"

enum {
    SENDER,
    RECEIVER,
    PORT = 80,
    BURST = 64,
    PIECES = 16,
    CHUNK_BYTES = 1 << 16,
    ALIGNMENT = 64,
    RANGES_MAX = 65535, // the receiver keeps whatever comes out of order
    // How far a stack may name a deadline too early.
    TICK_NS = 1 << 16,
};

static uint8_t octets[CHUNK_BYTES];

static void *take(void *ctx, size_t bytes)
{
    (void)ctx;
    return aligned_alloc(ALIGNMENT, (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT);
}

static void give(void *ctx, void *slab, size_t bytes)
{
    (void)ctx;
    (void)bytes;
    free(slab);
}

static void fill_entropy(void *ctx, void *out, size_t bytes)
{
    uint64_t *state = ctx;
    for (uint8_t *p = out; bytes > 0; p++, bytes--) {
        *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        *p = (uint8_t)(*state >> 56);
    }
}

static struct synfin_env env_of(struct emulated_path *path, uint32_t which)
{
    path->seed[which] = which + 1 + 4 * path->run;
    return (struct synfin_env){
        .size = sizeof(struct synfin_env),
        .ctx = &path->seed[which],
        .slab_take = take,
        .slab_give = give,
        .entropy = fill_entropy,
    };
}

static void open_stack(struct emulated_path *path, uint32_t which, uint32_t buffer_bytes,
                       bool has_ecn)
{
    struct synfin_env env = env_of(path, which);
    struct synfin_stack_config config;
    struct synfin_iface_config iface_config;
    uint32_t iface;
    struct synfin_prefix prefix = {.addr = synfin_addr_ipv4(192, 0, 2, (uint8_t)(which + 1)),
                                   .bits = 24};
    synfin_stack_config_default(&config);
    config.memory_limit_bytes = (size_t)4 << 30;
    config.send_buffer_bytes = config.receive_buffer_bytes = buffer_bytes;
    config.out_of_order_ranges_max = RANGES_MAX;
    if (has_ecn) {
        config.ecn = SYNFIN_ECN_ASK_ACCURATE;
    }
    synfin_iface_config_default(&iface_config);
    harness_require(
        synfin_stack_create(&env, &config, 0, &path->stack[which]) == SYNFIN_ERROR_OK
            && synfin_stack_add_iface(path->stack[which], &iface_config, &iface) == SYNFIN_ERROR_OK
            && synfin_stack_add_addr(path->stack[which], iface, &prefix) == SYNFIN_ERROR_OK,
        "a stack");
}

// How long a packet waits for the line; what is held back waits for something else.
static void observe(void *ctx, const struct synfin_passage *passage)
{
    struct emulated_path *path = ctx;
    if (passage->from == SYNFIN_LINK_A && passage->fate == SYNFIN_FATE_DELIVERED
        && passage->fate_reason == SYNFIN_REASON_UNKNOWN) {
        path->totals.queued++;
        path->totals.queue_ns += passage->arrives_ns - passage->sent_ns - path->delay_ns;
    }
}

void emulated_path_open(struct emulated_path *path, const struct synfin_link_config *link,
                        uint32_t buffer_bytes)
{
    struct synfin_env env;
    const struct synfin_endpoint local = {.addr = synfin_addr_ipv4(0, 0, 0, 0), .port = PORT};
    const char *given = harness_option("seed");
    struct synfin_link_config link_config = *link;
    memset(path, 0, sizeof *path);
    path->run = given != NULL ? strtoull(given, NULL, 10) : 0;
    env = env_of(path, 2);
    link_config.seed += path->run;
    path->delay_ns = link->delay_ns;
    harness_require(synfin_link_create(&env, &link_config, &path->link) == SYNFIN_ERROR_OK,
                    "a link");
    synfin_link_observe(path->link, observe, path);
    path->device[SENDER] = synfin_link_device(path->link, SYNFIN_LINK_A);
    path->device[RECEIVER] = synfin_link_device(path->link, SYNFIN_LINK_B);
    open_stack(path, SENDER, buffer_bytes, link->mark_packets > 0);
    open_stack(path, RECEIVER, buffer_bytes, link->mark_packets > 0);
    synfin_stack *stack = path->stack[RECEIVER];
    harness_require(synfin_socket_open(stack, &path->listener) == SYNFIN_ERROR_OK
                        && synfin_socket_bind(stack, path->listener, &local) == SYNFIN_ERROR_OK
                        && synfin_socket_listen(stack, path->listener, 0, 0) == SYNFIN_ERROR_OK,
                    "a listener");
}

void emulated_path_close(struct emulated_path *path)
{
    synfin_stack_destroy(path->stack[SENDER]);
    synfin_stack_destroy(path->stack[RECEIVER]);
    synfin_link_destroy(path->link);
}

void emulated_path_add(struct emulated_path *path, const char *congestion)
{
    synfin_stack *stack = path->stack[SENDER];
    const struct synfin_endpoint remote = {.addr = synfin_addr_ipv4(192, 0, 2, 2), .port = PORT};
    harness_require(path->flows < EMULATED_PATH_FLOWS_MAX, "so many flows");
    synfin_socket *socket = &path->sender[path->flows];
    // Ephemeral ports are chosen by chance; the number of a flow is its port's.
    const struct synfin_endpoint local = {.addr = synfin_addr_ipv4(0, 0, 0, 0),
                                          .port = (uint16_t)(10000 + path->flows)};
    path->flows++;
    harness_require(synfin_socket_open(stack, socket) == SYNFIN_ERROR_OK
                        && synfin_socket_bind(stack, *socket, &local) == SYNFIN_ERROR_OK
                        && synfin_socket_set_congestion(stack, *socket, congestion)
                               == SYNFIN_ERROR_OK
                        && synfin_socket_connect(stack, *socket, &remote, path->totals.time_ns)
                               == SYNFIN_ERROR_OK,
                    "a flow");
}

static void send_more(struct emulated_path *path, synfin_socket socket)
{
    size_t sent;
    while (synfin_socket_send(path->stack[SENDER], socket, octets, sizeof octets, &sent,
                              path->totals.time_ns)
           == SYNFIN_ERROR_OK) {
    }
}

// Octets are not looked at: other tests hold that they are right.
static void take_all(struct emulated_path *path, synfin_socket socket)
{
    synfin_stack *stack = path->stack[RECEIVER];
    struct synfin_span pieces[PIECES];
    struct synfin_endpoint remote;
    uint32_t count = PIECES;
    harness_require(synfin_socket_endpoints(stack, socket, NULL, &remote) == SYNFIN_ERROR_OK,
                    "a flow's end");
    uint32_t flow = remote.port - 10000U;
    while (synfin_socket_peek(stack, socket, pieces, &count) == SYNFIN_ERROR_OK && count > 0) {
        size_t bytes = 0;
        for (uint32_t i = 0; i < count; i++) {
            bytes += pieces[i].bytes;
        }
        harness_require(synfin_socket_consume(stack, socket, bytes, path->totals.time_ns)
                            == SYNFIN_ERROR_OK,
                        "consume");
        path->totals.octets[flow] += bytes;
        count = PIECES;
    }
}

static void take_events(struct emulated_path *path)
{
    struct synfin_event event;
    synfin_socket socket;
    while (synfin_stack_next_event(path->stack[SENDER], &event)) {
        harness_require(event.kind != SYNFIN_EVENT_CLOSED, "a flow has ended");
        if (event.kind == SYNFIN_EVENT_CONNECTED || event.kind == SYNFIN_EVENT_WRITABLE) {
            send_more(path, event.socket);
        }
    }
    while (synfin_stack_next_event(path->stack[RECEIVER], &event)) {
        if (event.kind == SYNFIN_EVENT_READABLE) {
            take_all(path, event.socket);
        } else if (event.kind == SYNFIN_EVENT_ACCEPTABLE) {
            while (synfin_socket_accept(path->stack[RECEIVER], path->listener, &socket, NULL)
                   == SYNFIN_ERROR_OK) {
                take_all(path, socket);
            }
        }
    }
}

static uint32_t move(struct emulated_path *path, uint32_t which)
{
    struct synfin_packet packets[BURST];
    synfin_stack *stack = path->stack[which];
    struct synfin_device *device = path->device[which];
    uint64_t now_ns = path->totals.time_ns;
    uint32_t in = device->ops->receive(device, packets, BURST, now_ns);
    if (in > 0) {
        synfin_stack_input(stack, 0, packets, in, now_ns);
    }
    if (synfin_stack_next_deadline(stack) <= now_ns) {
        synfin_stack_advance(stack, now_ns);
    }
    take_events(path);
    uint32_t out = synfin_stack_output(stack, 0, packets, BURST, now_ns);
    if (out > 0) {
        (void)device->ops->send(device, packets, out, now_ns);
        path->totals.packets += which == SENDER ? out : 0;
    }
    return in + out;
}

static uint64_t sooner(uint64_t a_ns, uint64_t b_ns)
{
    return a_ns < b_ns ? a_ns : b_ns;
}

void emulated_path_run(struct emulated_path *path, uint64_t time_ns, uint64_t packets_max)
{
    struct emulated_path_totals *totals = &path->totals;
    uint64_t end_ns = totals->time_ns + time_ns;
    uint64_t packets_end =
        packets_max < UINT64_MAX - totals->packets ? totals->packets + packets_max : UINT64_MAX;
    while (totals->time_ns < end_ns && totals->packets < packets_end) {
        uint32_t moved;
        do {
            moved = move(path, SENDER);
            moved += move(path, RECEIVER);
        } while (moved > 0);
        uint64_t next_ns = sooner(synfin_link_next_deadline(path->link),
                                  sooner(synfin_stack_next_deadline(path->stack[SENDER]),
                                         synfin_stack_next_deadline(path->stack[RECEIVER])));
        if (next_ns <= totals->time_ns) {
            next_ns = totals->time_ns + TICK_NS;
        }
        totals->time_ns = sooner(next_ns, end_ns);
    }
    struct synfin_stack_stats stats = {.size = sizeof stats};
    synfin_stack_stats(path->stack[SENDER], &stats);
    totals->resent = stats.segments_retransmitted;
}
