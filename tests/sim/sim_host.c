// SPDX-License-Identifier: MIT
//
// A host: its stack, the device before it, its clock, and its lives. Everything is done in the
// order of a loop that drives a stack: packets in, timers, events, packets out.
#include <stdlib.h>
#include <string.h>

#include "lib/test_random.h"
#include "sim/sim.h"
#include "sim/sim_app.h"
#include "sim/sim_record.h"
#include "sim/sim_wire.h"

enum {
    BURST_MAX = 64,
    RING_FRAMES = 64,
    ROUNDS_MAX = 100000,
    TICK_NS = 1 << 16,
    PADDED_BYTES = 46,
    RUNS_MIN = 16,
    RUNS_DOUBLINGS = 10
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
    told.may_lack_memory = sim_plan_has(&host->world->plan, SIM_FAULT_MEMORY);
    oracle_host_add(host->world->oracle, host->index, &told, sim_host_clock(host));
}

static void begin_life(struct sim_host *host)
{
    struct synfin_env env;
    uint32_t iface;
    struct sim_world *world = host->world;
    test_env_bind(&env, &host->memory,
                  sim_stream(world->plan.seed, host->index * 64 + host->lives));
    if (world->is_traced) {
        env.trace = trace;
        env.trace_ctx = host;
    }
    require(host, synfin_stack_create(&env, &host->config, sim_host_clock(host), &host->stack),
            "create");
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
    host->target_kind = test_random_below(random, 6);
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
    host->iface.mac[0] = 2;
    host->iface.mac[5] = (uint8_t)index;
    make_line(host);
    sim_config_make(host);
    host->runs_left = runs_to_change(host);
    begin_life(host);
}

static void drop_received(struct sim_host *host)
{
    while (host->rx_first != NULL) {
        struct sim_frame *frame = host->rx_first;
        host->rx_first = frame->next;
        sim_frame_give(host->world, frame);
    }
    host->rx_last = NULL;
}

void sim_host_deinit(struct sim_host *host)
{
    drop_received(host);
    if (host->stack != NULL) {
        end_life(host);
    }
}

static void queue_received(struct sim_host *host, struct sim_frame *frame)
{
    frame->next = NULL;
    if (host->rx_last != NULL) {
        host->rx_last->next = frame;
    } else {
        host->rx_first = frame;
    }
    host->rx_last = frame;
    host->next_ns = host->next_ns < host->rx_open_ns ? host->next_ns : host->rx_open_ns;
}

void sim_host_give(struct sim_host *host, struct sim_frame *frame)
{
    while (sim_befalls(host->world, &host->random, SIM_FAULT_RX_TWICE)) {
        struct sim_frame *copy = sim_frame_copy(host->world, frame);
        sim_record_copy(host->world, copy);
        queue_received(host, copy);
    }
    queue_received(host, frame);
}

// An Ethernet frame carries 46 octets at least.
static uint8_t *as_received(struct sim_host *host, struct sim_frame *frame, uint32_t *bytes)
{
    if (!host->iface.is_ethernet) {
        *bytes = frame->bytes;
        return sim_frame_ip(frame);
    }
    if (frame->bytes < PADDED_BYTES) {
        memset(sim_frame_ip(frame) + frame->bytes, 0, PADDED_BYTES - frame->bytes);
        frame->bytes = PADDED_BYTES;
    }
    *bytes = SIM_ROOM + frame->bytes;
    return frame->octets;
}

// As much as a device's ring holds, in the pieces of a call.
static void receive(struct sim_host *host)
{
    static struct synfin_packet packets[BURST_MAX];
    struct sim_frame *taken[BURST_MAX];
    struct sim_world *world = host->world;
    uint64_t now_ns = sim_host_clock(host);
    uint32_t room = RING_FRAMES;
    while (host->rx_first != NULL && room > 0) {
        uint32_t n = 0;
        while (n < world->plan.burst && room > 0 && host->rx_first != NULL) {
            struct sim_frame *frame = host->rx_first;
            struct oracle_arrival arrival = {.origin = (enum oracle_origin)frame->origin};
            uint8_t *octets = as_received(host, frame, &arrival.bytes);
            arrival.octets = octets;
            synfin_packet_wrap(&packets[n], octets, arrival.bytes);
            oracle_received(world->oracle, host->index, 0, &arrival, now_ns);
            host->rx_first = frame->next;
            taken[n++] = frame;
            room--;
        }
        host->rx_last = host->rx_first == NULL ? NULL : host->rx_last;
        synfin_stack_input(host->stack, 0, packets, n, now_ns);
        sim_host_called(host);
        while (n > 0) {
            sim_frame_give(world, taken[--n]);
        }
    }
}

// The device sums what it was left to sum.
static void complete_checksum(uint8_t *head, const struct synfin_packet *packet)
{
    uint8_t *field = head + packet->checksum_start + packet->checksum_offset;
    if (packet->checksum == SYNFIN_CHECKSUM_PARTIAL) {
        sim_store16(field, sim_fold(sim_sum(head + packet->checksum_start,
                                            packet->bytes - packet->checksum_start, 0)));
    }
}

static struct sim_frame *frame_of(struct sim_host *host, const struct synfin_packet *packet)
{
    uint32_t skipped = host->iface.is_ethernet ? SIM_ROOM : 0;
    struct sim_frame *frame = sim_frame_take(host->world, packet->bytes - skipped);
    uint8_t *head = sim_frame_ip(frame) - skipped;
    (void)synfin_packet_copy(packet, head, packet->bytes);
    complete_checksum(head, packet);
    frame->from = (uint16_t)host->index;
    frame->reason = packet->reason;
    frame->conn = packet->conn;
    frame->is_ethernet = host->iface.is_ethernet != 0;
    frame->type = frame->is_ethernet
                      ? (uint16_t)sim_load16(frame->octets + 12)
                      : (sim_is_ip6(sim_frame_ip(frame)) ? SIM_TYPE_IP6 : SIM_TYPE_IP4);
    return frame;
}

// Takes everything that the stack has to send now; how much at a time changes nothing.
static uint32_t pull(struct sim_host *host)
{
    static struct synfin_packet packets[BURST_MAX];
    struct sim_world *world = host->world;
    uint64_t now_ns = sim_host_clock(host);
    uint32_t count = 0;
    uint32_t n;
    do {
        n = synfin_stack_output(host->stack, 0, packets, world->plan.burst, now_ns);
        for (uint32_t i = 0; i < n; i++) {
            oracle_sent(world->oracle, host->index, 0, &packets[i], now_ns);
            world->sending[count++] = frame_of(host, &packets[i]);
        }
        sim_host_called(host);
    } while (n > 0 && count <= SIM_SENDING_MAX - BURST_MAX);
    world->frames += count;
    return count;
}

static int compare_conns(const void *a, const void *b)
{
    const struct sim_frame *left = *(struct sim_frame *const *)a;
    const struct sim_frame *right = *(struct sim_frame *const *)b;
    if (left->conn != right->conn) {
        return left->conn < right->conn ? -1 : 1;
    }
    return left->order < right->order ? -1 : left->order > right->order;
}

static bool has_syn(struct sim_frame *frame)
{
    struct sim_tcp tcp;
    return sim_tcp_find(sim_frame_ip(frame), frame->bytes, &tcp)
           && (sim_tcp_flags(&tcp) & SIM_SYN) != 0;
}

// Whose turn comes first within a moment depends on how much is taken at a time, and is fair either
// way. Here each connection's packets stand together, SYN+ACKs of Fast Open before data, so that
// the world goes on the same.
static void sort_by_conn(struct sim_frame **frames, uint32_t count)
{
    bool is_sorted = true;
    for (uint32_t i = 0; i < count; i++) {
        frames[i]->order = i + (count == 1 || has_syn(frames[i]) ? 0 : SIM_SENDING_MAX);
        is_sorted = is_sorted && (i == 0 || compare_conns(&frames[i - 1], &frames[i]) < 0);
    }
    if (!is_sorted) {
        qsort(frames, count, sizeof(struct sim_frame *), compare_conns);
    }
}

static void hash_frame(struct sim_host *host, const struct sim_frame *frame)
{
    uint64_t said[] = {sim_host_clock(host), host->index, frame->conn};
    sim_hash(host->world, said, sizeof said);
    sim_hash(host->world, frame->octets + SIM_ROOM, frame->bytes);
}

static bool transmit(struct sim_host *host)
{
    struct sim_world *world = host->world;
    struct sim_frame **frames = world->sending;
    uint32_t count = pull(host);
    sort_by_conn(frames, count);
    for (uint32_t i = 0; i < count && world->has_hash; i++) {
        hash_frame(host, frames[i]);
    }
    for (uint32_t i = 1; i < count; i++) {
        if (sim_befalls(world, &host->random, SIM_FAULT_TX_REORDER)) {
            struct sim_frame *kept = frames[i];
            frames[i] = frames[i - 1];
            frames[i - 1] = kept;
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        sim_net_send(world, host, frames[i]);
    }
    return count > 0;
}

static void restart(struct sim_host *host)
{
    drop_received(host);
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
    while (world->now_ns >= host->tx_open_ns && transmit(host)) {
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
            receive(host);
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
