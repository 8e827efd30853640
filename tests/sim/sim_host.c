// SPDX-License-Identifier: MIT
//
// A host: its stack, its clock, and its lives; sim_device.c is the device before it. Everything is
// done in the order of a loop that drives a stack: packets in, timers, events, packets out.
#include <string.h>

#include "lib/test_random.h"
#include "sim/sim.h"
#include "sim/sim_app.h"
#include "sim/sim_keys.h"
#include "sim/sim_record.h"

enum {
    ROUNDS_MAX = 100000,
    TICK_NS = 1 << 16,
    RUNS_MIN = 16,
    RUNS_DOUBLINGS = 10,
    SUPER_MIN = 4096,
};

#define DEVICE_FAULTS                                                       \
    (SIM_FAULT_BIT(SIM_FAULT_RESTART) | SIM_FAULT_BIT(SIM_FAULT_JUMP)       \
     | SIM_FAULT_BIT(SIM_FAULT_TX_FULL) | SIM_FAULT_BIT(SIM_FAULT_RX_BURST) \
     | SIM_FAULT_BIT(SIM_FAULT_MEMORY) | SIM_FAULT_BIT(SIM_FAULT_MISUSE)    \
     | SIM_FAULT_BIT(SIM_FAULT_NAT))

uint64_t sim_host_clock(const struct sim_host *host)
{
    uint64_t shown_ns = host->world->plan.origin_ns + host->world->now_ns + host->clock_offset_ns;
    return shown_ns - shown_ns % host->clock_grain_ns;
}

// The virtual time at which the clock shows so much.
static uint64_t when_clock_shows(const struct sim_host *host, uint64_t shown_ns)
{
    uint64_t begin_ns = host->world->plan.origin_ns + host->clock_offset_ns;
    uint64_t rest_ns = shown_ns % host->clock_grain_ns;
    if (shown_ns == SYNFIN_NEVER) {
        return SYNFIN_NEVER;
    }
    shown_ns += rest_ns == 0 ? 0 : host->clock_grain_ns - rest_ns;
    return shown_ns > begin_ns ? shown_ns - begin_ns : 0;
}

void sim_host_called(struct sim_host *host)
{
    oracle_after_event(host->world->oracle, host->index, sim_host_clock(host));
}

static void trace(void *ctx, const struct synfin_trace_event *event)
{
    struct sim_host *host = ctx;
    oracle_trace(oracle_trace_ctx(host->world->oracle, host->index), event);
    sim_record_trace(host->world, host->index, event);
}

static void require(struct sim_host *host, enum synfin_error error, const char *what)
{
    if (error != SYNFIN_ERROR_OK) {
        sim_fail(host->world, "host %u: %s: %s", host->index, what, synfin_error_name(error));
    }
}

static struct synfin_prefix subnet_prefix(const struct sim_host *host, uint32_t which)
{
    struct synfin_prefix prefix = {
        .addr = synfin_addr_ipv4(10, 0, (uint8_t)host->subnet, (uint8_t)(host->index + 1)),
        .bits = 24};
    if (which == 1) {
        prefix = (struct synfin_prefix){.addr = {{0x20, 0x01, 0x0d, 0xb8}}, .bits = 64};
        prefix.addr.octet[7] = (uint8_t)host->subnet;
        prefix.addr.octet[15] = (uint8_t)(host->index + 1);
    }
    return prefix;
}

// An address and, by way of the router, everywhere else.
static void add_addr(struct sim_host *host, uint32_t which)
{
    struct synfin_prefix prefix = subnet_prefix(host, which);
    struct synfin_prefix everywhere = {.addr = synfin_addr_ipv4(0, 0, 0, 0)};
    struct synfin_addr gateway = prefix.addr;
    host->addr[which] = prefix.addr;
    gateway.octet[15] = 254;
    if (which == 1) {
        memset(&everywhere, 0, sizeof everywhere);
    }
    if (!host->iface.is_ethernet) {
        gateway = everywhere.addr;
    }
    require(host, synfin_stack_add_addr(host->stack, 0, &prefix), "address");
    require(host, synfin_stack_add_route(host->stack, 0, &everywhere, &gateway), "route");
}

static void tell_oracle(struct sim_host *host)
{
    struct oracle_host_config told = {
        .stack = host->stack, .config = &host->config, .memory = &host->memory, .ifaces = 1};
    told.iface[0] = host->iface;
    told.seq_shift = sim_tamper_shift_of(host->world, host->index);
    told.has_translators = sim_plan_has(&host->world->plan, SIM_FAULT_NAT);
    told.may_lack_memory = sim_plan_has(&host->world->plan, SIM_FAULT_MEMORY);
    oracle_host_add(host->world->oracle, host->index, &told, sim_host_clock(host));
}

static void begin_life(struct sim_host *host)
{
    struct synfin_env env;
    uint32_t iface;
    struct sim_world *world = host->world;
    test_env_bind(&env, &host->memory,
                  sim_stream(world->plan.seed, host->index * 64 + host->lives) + world->keys);
    env.trace = trace;
    env.trace_ctx = host;
    host->keys_drawn = 0;
    env.entropy = world->plan.is_twice ? sim_keys_draw : env.entropy;
    require(host, synfin_stack_create(&env, &host->config, sim_host_clock(host), &host->stack),
            "create");
    if (world->plan.is_twice && host->stack != NULL) {
        sim_keys_keep_slots(host);
    }
    require(host, synfin_stack_add_iface(host->stack, &host->iface, &iface), "interface");
    for (uint32_t i = 0; i < 2; i++) {
        if (i == 0 ? world->plan.has_ip4 : world->plan.has_ip6) {
            add_addr(host, i);
        }
    }
    tell_oracle(host);
    host->lives++;
    sim_apps_init(host);
}

static void end_life(struct sim_host *host)
{
    uint64_t now_ns = sim_host_clock(host);
    sim_apps_deinit(host);
    oracle_host_ending(host->world->oracle, host->index, now_ns);
    synfin_stack_destroy(host->stack);
    oracle_host_gone(host->world->oracle, host->index, now_ns);
    host->stack = NULL;
}

static void make_line(struct sim_host *host)
{
    const struct sim_plan *plan = &host->world->plan;
    uint64_t *random = &host->random;
    host->delay_ns = 1 + test_random(random) % plan->delay_ns;
    if (plan->rate_bps != 0) {
        host->rate_bps = plan->rate_bps * (1 + test_random_below(random, 4));
    }
    host->target_kind = test_random_below(random, SIM_TARGETS);
    host->target_left = test_random_below(random, 16);
}

// In some worlds something happens to a host all the time, in others rarely.
static uint32_t runs_to_change(struct sim_host *host)
{
    uint32_t doublings = host->world->plan.weight[SIM_FAULT_RESTART] % RUNS_DOUBLINGS;
    return 1 + test_random_below(&host->random, (uint32_t)RUNS_MIN << doublings);
}

void sim_host_init(struct sim_world *world, uint32_t index)
{
    struct sim_host *host = &world->host[index];
    *host = (struct sim_host){.world = world, .index = index, .clock_grain_ns = 1};
    host->subnet = index % world->plan.subnets;
    host->random = sim_stream(world->plan.seed, 3000 + index);
    host->app_random = sim_stream(world->plan.seed, 4000 + index);
    if (sim_plan_has(&world->plan, SIM_FAULT_COARSE)) {
        host->clock_grain_ns = SIM_US << test_random_below(&host->random, 18);
    }
    synfin_iface_config_default(&host->iface);
    host->iface.is_ethernet = world->subnet[host->subnet].is_ethernet;
    host->iface.mtu_bytes = world->subnet[host->subnet].mtu_bytes;
    host->iface.can_checksum = test_random_below(&host->random, 2) == 0;
    if (sim_plan_has(&world->plan, SIM_FAULT_SUPER)) {
        host->iface.can_checksum = true;
        host->iface.gso_bytes =
            SUPER_MIN + test_random_below(&host->random, SYNFIN_PACKET_MAX - SUPER_MIN);
    }
    host->iface.mac[0] = 2;
    host->iface.mac[5] = (uint8_t)index;
    make_line(host);
    sim_config_make(host);
    host->runs_left = runs_to_change(host);
    begin_life(host);
}

void sim_host_deinit(struct sim_host *host)
{
    sim_device_drop(host);
    if (host->stack != NULL) {
        end_life(host);
    }
}

static void restart(struct sim_host *host)
{
    sim_device_drop(host);
    end_life(host);
    begin_life(host);
}

// What befalls the host itself, one thing at a time.
static void change(struct sim_host *host)
{
    struct sim_world *world = host->world;
    uint64_t *random = &host->random;
    bool is_failing = host->memory.fail_after != UINT32_MAX;
    host->runs_left = runs_to_change(host);
    if (sim_has(world, SIM_FAULT_MEMORY)) {
        host->memory.fail_after = is_failing ? UINT32_MAX : 0;
    }
    if (sim_has(world, SIM_FAULT_TX_FULL) && test_random_below(random, 2) == 0) {
        host->tx_open_ns = world->now_ns + test_random(random) % (2 * SIM_S);
    }
    if (sim_has(world, SIM_FAULT_RX_BURST) && test_random_below(random, 2) == 0) {
        host->rx_open_ns = world->now_ns + test_random(random) % (300 * SIM_MS);
    }
    if (sim_has(world, SIM_FAULT_JUMP) && test_random_below(random, 2) == 0) {
        uint64_t leap_ns = test_random(random) % (1000 * SIM_S);
        bool is_back = test_random_below(random, 3) == 0;
        leap_ns = is_back ? leap_ns % (host->clock_offset_ns + 1) : leap_ns;
        host->clock_offset_ns += is_back ? 0 - leap_ns : leap_ns;
        host->clock_back_ns += is_back ? leap_ns : 0;
    }
    if (sim_has(world, SIM_FAULT_MISUSE)) {
        sim_misuse(host);
    }
    if (sim_has(world, SIM_FAULT_NAT) && host->index % 2 == 0) {
        host->nat_shift = (uint16_t)test_random_below(random, 1024);
    }
    if (sim_has(world, SIM_FAULT_RESTART) && test_random_below(random, 4) == 0) {
        restart(host);
    }
    world->faults++;
}

static void advance(struct sim_host *host)
{
    uint64_t now_ns = sim_host_clock(host);
    if (synfin_stack_next_deadline(host->stack) <= now_ns) {
        oracle_advancing(host->world->oracle, host->index, now_ns);
        synfin_stack_advance(host->stack, now_ns);
        sim_host_called(host);
    }
}

static void take_events(struct sim_host *host)
{
    struct synfin_event event;
    while (synfin_stack_next_event(host->stack, &event)) {
        oracle_event(host->world->oracle, host->index, &event, sim_host_clock(host));
        sim_apps_event(host, &event);
    }
}

static uint64_t sooner(uint64_t a_ns, uint64_t b_ns)
{
    return a_ns < b_ns ? a_ns : b_ns;
}

static uint64_t next_of(const struct sim_host *host)
{
    uint64_t now_ns = host->world->now_ns;
    uint64_t deadline_ns = when_clock_shows(host, synfin_stack_next_deadline(host->stack));
    if (deadline_ns <= now_ns) { // it may be named up to a tick early
        deadline_ns = now_ns + (host->clock_grain_ns > TICK_NS ? host->clock_grain_ns : TICK_NS);
    }
    deadline_ns = sooner(deadline_ns, host->wake_ns);
    if (host->rx_first != NULL) {
        deadline_ns = sooner(deadline_ns, host->rx_open_ns);
    }
    if (host->tx_open_ns > now_ns && synfin_stack_has_output(host->stack, 0)) {
        deadline_ns = sooner(deadline_ns, host->tx_open_ns);
    }
    return deadline_ns > now_ns ? deadline_ns : now_ns + 1;
}

static void send_all(struct sim_host *host)
{
    struct sim_world *world = host->world;
    uint32_t rounds = 0;
    while (world->now_ns >= host->tx_open_ns && sim_device_send(host)) {
        take_events(host);
        if (++rounds > ROUNDS_MAX) {
            sim_fail(world, "host %u sends and sends at one time", host->index);
            break;
        }
    }
}

void sim_host_run(struct sim_host *host)
{
    struct sim_world *world = host->world;
    if ((world->plan.faults & DEVICE_FAULTS) != 0 && !world->is_healed && host->runs_left-- == 0) {
        change(host);
    }
    bool is_open = world->now_ns >= host->rx_open_ns;
    do {
        if (is_open) {
            sim_device_receive(host);
        }
        advance(host);
        take_events(host);
        if (world->now_ns >= host->wake_ns) {
            sim_apps_run(host);
            take_events(host);
        }
        send_all(host);
    } while (is_open && host->rx_first != NULL);
    host->next_ns = next_of(host);
}

void sim_host_heal(struct sim_host *host)
{
    host->memory.fail_after = UINT32_MAX;
    host->rx_open_ns = host->tx_open_ns = 0;
    host->nat_shift = 0;
    sim_apps_heal(host);
    host->next_ns = host->world->now_ns;
}
