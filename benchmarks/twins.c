// SPDX-License-Identifier: MIT
//
// Two stacks joined back to back. Slabs are pages of their own, so that what the process holds is
// what the stacks have taken.
#include "twins.h"

#include <string.h>
#include <sys/mman.h>

#include "harness.h"

enum { FIRST_PORT = 80, CLIENT = 1, SERVER = 2, BACKLOG = 1024 };

static void *take_pages(void *ctx, size_t bytes)
{
    (void)ctx;
    void *pages = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return pages != MAP_FAILED ? pages : NULL;
}

static void give_pages(void *ctx, void *slab, size_t bytes)
{
    (void)ctx;
    munmap(slab, bytes);
}

// The same in every run: what is measured must not depend on chance.
static void fill_entropy(void *ctx, void *out, size_t bytes)
{
    uint64_t *state = ctx;
    for (uint8_t *p = out; bytes > 0; p++, bytes--) {
        *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        *p = (uint8_t)(*state >> 56);
    }
}

static synfin_stack *create_stack(struct twins *twins, const struct synfin_stack_config *config,
                                  uint8_t host)
{
    struct synfin_env env = {
        .size = sizeof env,
        .ctx = &twins->seed[host - CLIENT],
        .slab_take = take_pages,
        .slab_give = give_pages,
        .entropy = fill_entropy,
    };
    synfin_stack *stack;
    struct synfin_iface_config iface;
    uint32_t number;
    struct synfin_prefix prefix = {.addr = synfin_addr_ipv4(192, 0, 2, host), .bits = 24};
    synfin_iface_config_default(&iface);
    harness_require(synfin_stack_create(&env, config, 0, &stack) == SYNFIN_ERROR_OK, "create");
    harness_require(synfin_stack_add_iface(stack, &iface, &number) == SYNFIN_ERROR_OK, "iface");
    harness_require(synfin_stack_add_addr(stack, number, &prefix) == SYNFIN_ERROR_OK, "address");
    return stack;
}

synfin_socket twins_listen(struct twins *twins, uint16_t port, uint32_t backlog)
{
    synfin_stack *stack = twins->server;
    synfin_socket listener;
    struct synfin_endpoint local = {.addr = synfin_addr_ipv4(0, 0, 0, 0), .port = port};
    harness_require(synfin_socket_open(stack, &listener) == SYNFIN_ERROR_OK, "open");
    harness_require(synfin_socket_bind(stack, listener, &local) == SYNFIN_ERROR_OK, "bind");
    harness_require(
        synfin_socket_listen(stack, listener, backlog, twins->now_ns) == SYNFIN_ERROR_OK, "listen");
    return listener;
}

void twins_route_all(struct twins *twins)
{
    const struct synfin_prefix all = {.addr = synfin_addr_ipv4(0, 0, 0, 0), .bits = 0};
    harness_require(synfin_stack_add_route(twins->server, 0, &all, &all.addr) == SYNFIN_ERROR_OK,
                    "a route");
}

void twins_create(struct twins *twins, const struct synfin_stack_config *config)
{
    memset(twins, 0, sizeof *twins);
    twins->client = create_stack(twins, config, CLIENT);
    twins->server = create_stack(twins, config, SERVER);
    twins->server_addr = synfin_addr_ipv4(192, 0, 2, SERVER);
    for (uint32_t i = 0; i < TWINS_PORTS; i++) {
        twins->listener[i] = twins_listen(twins, (uint16_t)(FIRST_PORT + i), BACKLOG);
    }
}

void twins_destroy(struct twins *twins)
{
    synfin_stack_destroy(twins->client);
    synfin_stack_destroy(twins->server);
}

uint32_t twins_carry(struct twins *twins, synfin_stack *from, synfin_stack *to)
{
    uint32_t n = synfin_stack_output(from, 0, twins->packets, TWINS_BURST, twins->now_ns);
    if (n > 0) {
        synfin_stack_input(to, 0, twins->packets, n, twins->now_ns);
    }
    return n;
}

void twins_settle(struct twins *twins)
{
    while (twins_carry(twins, twins->client, twins->server)
               + twins_carry(twins, twins->server, twins->client)
           > 0) {
    }
}

void twins_pass(struct twins *twins, uint64_t ns)
{
    twins->now_ns += ns;
    if (synfin_stack_next_deadline(twins->client) <= twins->now_ns) {
        synfin_stack_advance(twins->client, twins->now_ns);
    }
    if (synfin_stack_next_deadline(twins->server) <= twins->now_ns) {
        synfin_stack_advance(twins->server, twins->now_ns);
    }
}

synfin_socket twins_connect(struct twins *twins, uint32_t listener)
{
    synfin_socket socket;
    struct synfin_endpoint remote = {.addr = twins->server_addr,
                                     .port = (uint16_t)(FIRST_PORT + listener)};
    harness_require(synfin_socket_open(twins->client, &socket) == SYNFIN_ERROR_OK, "open");
    harness_require(synfin_socket_connect(twins->client, socket, &remote, twins->now_ns)
                        == SYNFIN_ERROR_OK,
                    "connect");
    return socket;
}

synfin_socket twins_accept(struct twins *twins, uint32_t listener)
{
    synfin_socket socket;
    harness_require(synfin_socket_accept(twins->server, twins->listener[listener], &socket, NULL)
                        == SYNFIN_ERROR_OK,
                    "accept");
    return socket;
}

void twins_drain_events(struct twins *twins)
{
    struct synfin_event event;
    while (synfin_stack_next_event(twins->client, &event)
           || synfin_stack_next_event(twins->server, &event)) {
    }
}

void twins_open_idle(struct twins *twins, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        uint32_t listener = i % TWINS_PORTS;
        (void)twins_connect(twins, listener);
        twins_settle(twins);
        (void)twins_accept(twins, listener);
        twins_drain_events(twins);
        twins_pass(twins, 1000);
    }
    struct synfin_stack_stats stats = {.size = sizeof stats};
    synfin_stack_stats(twins->server, &stats);
    harness_require(stats.by_state[SYNFIN_TCP_STATE_ESTABLISHED] == count, "idle connections");
}
