// SPDX-License-Identifier: MIT
//
// The smallest network; see world.h.
#include "lib/world.h"

#include <string.h>

#include "lib/test_cmocka.h"
#include "lib/test_origin.h"

enum { BURST = 64, SETTLE_ROUNDS_MAX = 1000000 };

void world_config_default(struct world_config *config)
{
    memset(config, 0, sizeof *config);
    for (uint32_t i = 0; i < WORLD_HOSTS; i++) {
        synfin_stack_config_default(&config->stack[i]);
    }
    synfin_link_config_default(&config->link);
    config->link.delay_ns = WORLD_MS;
    config->start_ns = test_origin_ns();
    config->seed = 1;
}

static void add_addr(struct world_host *host, uint32_t index, const char *text)
{
    struct synfin_prefix prefix;
    assert_int_equal(synfin_prefix_parse(text, &prefix), SYNFIN_ERROR_OK);
    assert_int_equal(synfin_stack_add_addr(host->stack, host->iface, &prefix), SYNFIN_ERROR_OK);
    host->addr[index] = prefix.addr;
}

static void init_host(struct world *world, const struct world_config *config, uint32_t index)
{
    static const char *const addr4[] = {"192.0.2.1/24", "192.0.2.2/24"};
    static const char *const addr6[] = {"2001:db8::1/64", "2001:db8::2/64"};
    struct world_host *host = &world->host[index];
    struct synfin_env env;
    test_env_bind(&env, &host->memory, config->seed * WORLD_HOSTS + index);
    env.trace = config->trace;
    env.trace_ctx = config->trace_ctx;
    assert_int_equal(
        synfin_stack_create(&env, &config->stack[index], config->start_ns, &host->stack),
        SYNFIN_ERROR_OK);
    host->device = synfin_link_device(world->link, index == 0 ? SYNFIN_LINK_A : SYNFIN_LINK_B);
    struct synfin_iface_config iface;
    synfin_iface_config_default(&iface);
    iface.is_ethernet = host->device->is_ethernet;
    memcpy(iface.mac, host->device->mac, sizeof iface.mac);
    iface.mtu_bytes = host->device->mtu_bytes;
    assert_int_equal(synfin_stack_add_iface(host->stack, &iface, &host->iface), SYNFIN_ERROR_OK);
    add_addr(host, 0, addr4[index]);
    if (iface.mtu_bytes >= 1280) {
        add_addr(host, 1, addr6[index]);
    }
}

void world_init(struct world *world, const struct world_config *config)
{
    struct synfin_env env;
    struct synfin_link_config link = config->link;
    memset(world, 0, sizeof *world);
    world->now_ns = config->start_ns;
    world->output_max = BURST;
    link.is_ethernet = config->is_ethernet;
    test_env_bind(&env, &world->link_memory, config->seed);
    assert_int_equal(synfin_link_create(&env, &link, &world->link), SYNFIN_ERROR_OK);
    for (uint32_t i = 0; i < WORLD_HOSTS; i++) {
        init_host(world, config, i);
    }
}

void world_init_default(struct world *world)
{
    struct world_config config;
    world_config_default(&config);
    world_init(world, &config);
}

void world_deinit(struct world *world)
{
    for (uint32_t i = 0; i < WORLD_HOSTS; i++) {
        synfin_stack_destroy(world->host[i].stack);
        assert_int_equal(world->host[i].memory.slabs, 0);
        assert_int_equal(world->host[i].memory.bytes, 0);
    }
    synfin_link_destroy(world->link);
    assert_int_equal(world->link_memory.slabs, 0);
}

static bool receive(struct world *world, struct world_host *host)
{
    struct synfin_packet packets[BURST];
    uint32_t n = host->device->ops->receive(host->device, packets, BURST, world->now_ns);
    if (n > 0) {
        synfin_stack_input(host->stack, host->iface, packets, n, world->now_ns);
    }
    return n > 0;
}

static bool send_out(struct world *world, struct world_host *host)
{
    struct synfin_packet packets[BURST];
    uint32_t n =
        synfin_stack_output(host->stack, host->iface, packets, world->output_max, world->now_ns);
    if (n > 0) {
        assert_int_equal(host->device->ops->send(host->device, packets, n, world->now_ns), n);
        host->packets += n;
    }
    return n > 0;
}

static bool advance(struct world *world, struct world_host *host)
{
    if (synfin_stack_next_deadline(host->stack) > world->now_ns) {
        return false;
    }
    synfin_stack_advance(host->stack, world->now_ns);
    return true;
}

void world_settle(struct world *world)
{
    bool has_moved = true;
    for (uint32_t round = 0; has_moved; round++) {
        assert_true(round < SETTLE_ROUNDS_MAX);
        has_moved = false;
        for (uint32_t i = 0; i < WORLD_HOSTS; i++) {
            struct world_host *host = &world->host[i];
            has_moved |= receive(world, host);
            // A deadline may be named up to 66 us early: what has fired nothing is no movement.
            has_moved |= advance(world, host) && synfin_stack_has_output(host->stack, host->iface);
            has_moved |= send_out(world, host);
        }
    }
}

static uint64_t sooner(uint64_t a_ns, uint64_t b_ns)
{
    return a_ns < b_ns ? a_ns : b_ns;
}

uint64_t world_next_deadline(const struct world *world)
{
    uint64_t next_ns = synfin_link_next_deadline(world->link);
    for (uint32_t i = 0; i < WORLD_HOSTS; i++) {
        next_ns = sooner(next_ns, synfin_stack_next_deadline(world->host[i].stack));
    }
    return next_ns;
}

// Time goes on to what happens next, by at least one tick of the wheel when a deadline was named
// early.
void world_step(struct world *world, uint64_t end_ns)
{
    uint64_t next_ns = world_next_deadline(world);
    if (next_ns <= world->now_ns) {
        next_ns = world->now_ns + (UINT64_C(1) << 16);
    }
    if (next_ns < end_ns) { // a clock may leap over what was due
        next_ns += test_origin_step_ns(&world->steps);
    }
    world->now_ns = sooner(next_ns, end_ns);
    world_settle(world);
}

bool world_run_until(struct world *world, world_condition condition, void *ctx, uint64_t limit_ns)
{
    uint64_t end_ns = world->now_ns + limit_ns;
    world_settle(world);
    while (!condition(world, ctx)) {
        if (world->now_ns >= end_ns) {
            return false;
        }
        world_step(world, end_ns);
    }
    return true;
}

static bool never(struct world *world, void *ctx)
{
    (void)world;
    (void)ctx;
    return false;
}

void world_run(struct world *world, uint64_t limit_ns)
{
    (void)world_run_until(world, never, NULL, limit_ns);
}

struct synfin_addr world_addr(const struct world *world, uint32_t host, uint32_t version)
{
    return world->host[host].addr[version == 4 ? 0 : 1];
}

synfin_socket world_listen(struct world *world, uint32_t version, uint16_t port, uint32_t backlog)
{
    synfin_socket listener;
    synfin_stack *stack = world->host[1].stack;
    struct synfin_endpoint local = {.port = port};
    if (version == 4) {
        local.addr = synfin_addr_ipv4(0, 0, 0, 0);
    }
    assert_int_equal(synfin_socket_open(stack, &listener), SYNFIN_ERROR_OK);
    assert_int_equal(synfin_socket_bind(stack, listener, &local), SYNFIN_ERROR_OK);
    assert_int_equal(synfin_socket_listen(stack, listener, backlog, world->now_ns),
                     SYNFIN_ERROR_OK);
    return listener;
}

synfin_socket world_connect(struct world *world, uint32_t version, uint16_t port)
{
    synfin_socket socket;
    synfin_stack *stack = world->host[0].stack;
    struct synfin_endpoint remote = {.addr = world_addr(world, 1, version), .port = port};
    assert_int_equal(synfin_socket_open(stack, &socket), SYNFIN_ERROR_OK);
    assert_int_equal(synfin_socket_connect(stack, socket, &remote, world->now_ns), SYNFIN_ERROR_OK);
    return socket;
}

struct accept_wait {
    synfin_socket listener, accepted;
};

static bool try_accept(struct world *world, void *ctx)
{
    struct accept_wait *wait = ctx;
    return synfin_socket_accept(world->host[1].stack, wait->listener, &wait->accepted, NULL)
           == SYNFIN_ERROR_OK;
}

void world_open_pair(struct world *world, uint32_t version, uint16_t port, synfin_socket listener,
                     synfin_socket pair[2])
{
    struct accept_wait wait = {.listener = listener};
    pair[0] = world_connect(world, version, port);
    assert_true(world_run_until(world, try_accept, &wait, 10 * WORLD_S));
    pair[1] = wait.accepted;
    assert_int_equal(world_state(world, 0, pair[0]), SYNFIN_TCP_STATE_ESTABLISHED);
    assert_int_equal(world_state(world, 1, pair[1]), SYNFIN_TCP_STATE_ESTABLISHED);
}

enum synfin_tcp_state world_state(struct world *world, uint32_t host, synfin_socket socket)
{
    struct synfin_tcp_info info = {.size = sizeof info};
    enum synfin_error error =
        synfin_socket_info(world->host[host].stack, socket, &info, world->now_ns);
    return error == SYNFIN_ERROR_OK ? info.state : SYNFIN_TCP_STATE_CLOSED;
}

uint32_t world_count_state(const struct world *world, uint32_t host, enum synfin_tcp_state state)
{
    struct synfin_stack_stats stats = {.size = sizeof stats};
    synfin_stack_stats(world->host[host].stack, &stats);
    return stats.by_state[state];
}

struct state_wait {
    uint32_t host;
    synfin_socket socket;
    enum synfin_tcp_state state;
};

static bool is_in_state(struct world *world, void *ctx)
{
    const struct state_wait *wait = ctx;
    return world_state(world, wait->host, wait->socket) == wait->state;
}

bool world_run_to_state(struct world *world, uint32_t host, synfin_socket socket,
                        enum synfin_tcp_state state, uint64_t limit_ns)
{
    struct state_wait wait = {.host = host, .socket = socket, .state = state};
    return world_run_until(world, is_in_state, &wait, limit_ns);
}
