// SPDX-License-Identifier: MIT
//
// One world from its plan to its totals; see sim_world.h.
#include "sim/sim_world.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/test_random.h"
#include "sim/sim_app.h"
#include "sim/sim_keys.h"

enum { BEGIN_NS = 1000, STEPS_MAX = 40000000, OTHER_KEYS = 1 };

// Longer than any wait of a stack without users: 2 MSL, FIN-WAIT-2, orphans, neighbours.
#define QUIET_NS (1000 * SIM_S)

// After these a correct connection that has met them may stand still.
#define LIES                                                           \
    (SIM_FAULT_BIT(SIM_FAULT_OPTIMIST) | SIM_FAULT_BIT(SIM_FAULT_LIAR) \
     | SIM_FAULT_BIT(SIM_FAULT_SWAP) | SIM_FAULT_BIT(SIM_FAULT_BLIND))

void sim_hash(struct sim_world *world, const void *octets, uint32_t bytes)
{
    const uint8_t *at = octets;
    uint64_t hash = world->hash ^ bytes;
    for (; bytes >= 8; bytes -= 8, at += 8) {
        uint64_t word;
        memcpy(&word, at, 8);
        hash = (hash ^ word) * UINT64_C(0x9fb21c651e98df25);
        hash ^= hash >> 29;
    }
    for (; bytes > 0; bytes--, at++) {
        hash = (hash ^ *at) * UINT64_C(0x9fb21c651e98df25);
    }
    world->hash = hash ^ (hash >> 32);
}

void sim_fail(struct sim_world *world, const char *format, ...)
{
    va_list arguments;
    if (world->failure[0] != '\0') {
        return;
    }
    va_start(arguments, format);
    (void)vsnprintf(world->failure, sizeof world->failure, format, arguments);
    va_end(arguments);
}

static void make_subnets(struct sim_world *world)
{
    static const uint32_t mtus[] = {1500, 1500, 1500, 1280, 1400, 1492, 9000};
    uint64_t random = sim_stream(world->plan.seed, 5000);
    uint32_t least = world->plan.has_ip6 ? 1280 : 576;
    for (uint32_t i = 0; i < world->plan.subnets; i++) {
        struct sim_subnet *subnet = &world->subnet[i];
        subnet->is_ethernet = test_random_below(&random, 2) == 0;
        subnet->mtu_bytes = mtus[test_random_below(&random, sizeof mtus / sizeof mtus[0])];
        if (!world->plan.has_ip6 && test_random_below(&random, 8) == 0) {
            subnet->mtu_bytes = 576;
        }
        uint32_t most = world->plan.mtu_max > least ? world->plan.mtu_max : least;
        subnet->mtu_bytes = subnet->mtu_bytes < most ? subnet->mtu_bytes : most;
    }
    world->path_mtu_bytes = SYNFIN_PACKET_MAX;
    world->path_mtu_ns = SYNFIN_NEVER;
    if (sim_plan_has(&world->plan, SIM_FAULT_PATH_MTU)
        || sim_plan_has(&world->plan, SIM_FAULT_BLACK_HOLE)) {
        world->path_mtu_ns = world->now_ns;
    }
}

static void begin(struct sim_world *world, const struct sim_plan *plan)
{
    world->plan = *plan;
    world->now_ns = BEGIN_NS;
    world->net_random = sim_stream(plan->seed, 6000);
    world->forge_random = sim_stream(plan->seed, 6001);
    world->tamper_random = sim_stream(plan->seed, 6002);
    world->oracle = oracle_create(plan->seed, plan->hosts);
    oracle_leave_out(world->oracle, plan->left_out);
    sim_net_init(world);
    make_subnets(world);
    world->to_open = plan->connections;
    for (uint32_t i = 0; i < plan->hosts; i++) {
        uint32_t share = plan->connections / plan->hosts + (i < plan->connections % plan->hosts);
        sim_host_init(world, i);
        world->host[i].to_open = share;
        world->host[i].open_ns = world->host[i].wake_ns = world->now_ns;
        world->host[i].next_ns = world->now_ns;
    }
}

static uint64_t sooner(uint64_t a_ns, uint64_t b_ns)
{
    return a_ns < b_ns ? a_ns : b_ns;
}

static uint64_t next_of(const struct sim_world *world)
{
    uint64_t next_ns = sooner(sim_net_next(world), world->path_mtu_ns);
    for (uint32_t i = 0; i < world->plan.hosts; i++) {
        next_ns = sooner(next_ns, world->host[i].next_ns);
    }
    return next_ns;
}

static void change_path_mtu(struct sim_world *world)
{
    uint64_t *random = &world->net_random;
    uint32_t least = world->plan.has_ip6 ? 1280 : 576;
    if (world->is_healed) {
        world->path_mtu_ns = SYNFIN_NEVER;
        return;
    }
    world->path_mtu_bytes = least + test_random_below(random, 1500 - least + 1);
    world->path_mtu_ns = world->now_ns + SIM_MS + test_random(random) % (world->plan.safety_ns / 4);
}

static bool is_failed(const struct sim_world *world)
{
    const struct oracle_violation *violation;
    return world->failure[0] != '\0' || oracle_violations(world->oracle, &violation) > 0;
}

// What happens next, when that is not after `end_ns`.
static void step(struct sim_world *world, uint64_t end_ns)
{
    struct sim_frame *frame;
    uint64_t next_ns = next_of(world);
    if (next_ns > end_ns) {
        world->now_ns = end_ns;
        return;
    }
    world->now_ns = next_ns > world->now_ns ? next_ns : world->now_ns;
    if (world->now_ns >= world->path_mtu_ns) {
        change_path_mtu(world);
    }
    while ((frame = sim_net_arrived(world)) != NULL) {
        sim_device_give(&world->host[frame->to], frame);
    }
    for (uint32_t i = 0; i < world->plan.hosts; i++) {
        if (world->host[i].next_ns <= world->now_ns) {
            sim_host_run(&world->host[i]);
        }
    }
    world->steps++;
}

static bool is_over(const struct sim_world *world)
{
    return world->to_open == 0 && world->users == 0;
}

static void run_until(struct sim_world *world, uint64_t end_ns, bool stops_when_over)
{
    uint64_t steps_max = world->steps + STEPS_MAX;
    while (world->now_ns < end_ns && !is_failed(world)) {
        if ((stops_when_over && is_over(world)) || world->steps > steps_max) {
            return;
        }
        step(world, end_ns);
    }
}

// The clock that is furthest ahead.
static uint64_t latest_clock(const struct sim_world *world)
{
    uint64_t latest_ns = 0;
    for (uint32_t i = 0; i < world->plan.hosts; i++) {
        uint64_t clock_ns = sim_host_clock(&world->host[i]);
        latest_ns = clock_ns > latest_ns ? clock_ns : latest_ns;
    }
    return latest_ns;
}

static struct oracle_path whole_path(const struct sim_world *world)
{
    struct oracle_path path = {.rate_bps = world->plan.rate_bps,
                               .connections = world->users,
                               .octets = world->plan.octets_max};
    uint64_t grain_ns = 1;
    for (uint32_t i = 0; i < world->plan.hosts; i++) {
        uint64_t own_ns = world->host[i].clock_grain_ns;
        grain_ns = own_ns > grain_ns ? own_ns : grain_ns;
        path.connections += world->host[i].to_open;
    }
    uint64_t queue_ns = world->plan.rate_bps == 0 ? 0 : world->plan.queue_ns_max;
    path.rtt_ns = 2 * (3 * world->plan.delay_ns + 2 * queue_ns) + 4 * grain_ns + SIM_MS;
    return path;
}

static void tell_unfinished(struct sim_host *host, const struct sim_app *app, uint64_t bound_ns)
{
    struct synfin_tcp_info info = {.size = sizeof info};
    if (synfin_socket_info(host->stack, app->socket, &info, sim_host_clock(host))
        != SYNFIN_ERROR_OK) {
        info.state = SYNFIN_TCP_STATE_CLOSED;
    }
    sim_fail(host->world,
             "T7: %u users, the first on host %u, have not come to an end in %.1f s: connection %u "
             "is %s, has written %llu of %llu, read %llu; cwnd %u, peer's window %u, in flight %u, "
             "unsent %u, out of order %u, send buffer %u of %u, waits %.1f s",
             host->world->users, host->index, (double)bound_ns / 1e9, info.conn,
             synfin_tcp_state_name(info.state), (unsigned long long)app->written,
             (unsigned long long)app->to_write, (unsigned long long)app->received, info.cwnd_bytes,
             info.snd_wnd_bytes, info.unacked_bytes, info.unsent_bytes, info.out_of_order_bytes,
             info.snd_buffer_bytes_left, info.snd_buffer_bytes, (double)info.waited_ns / 1e9);
}

// A user who should have come to an end. One who has been told that something arrived which did not
// may wait for ever.
static const struct sim_app *find_late(const struct sim_host *host)
{
    const struct sim_world *world = host->world;
    bool has_lies = (world->plan.faults & LIES) != 0;
    for (uint32_t i = 0; i < host->apps; i++) {
        const struct sim_app *app = &host->app[i];
        if (app->socket != 0
            && !(has_lies && oracle_is_lied_to(world->oracle, host->index, app->socket))) {
            return app;
        }
    }
    return NULL;
}

// What is left at the bound.
static void give_up(struct sim_world *world, uint64_t bound_ns)
{
    bool is_held = (world->plan.left_out >> ORACLE_T7 & 1) == 0;
    for (uint32_t i = 0; i < world->plan.hosts; i++) {
        struct sim_host *host = &world->host[i];
        const struct sim_app *late = is_held ? find_late(host) : NULL;
        if (late != NULL && !is_failed(world)) {
            world->failed_host = i;
            tell_unfinished(host, late, bound_ns);
        } else if (!is_failed(world)) {
            sim_apps_abort(host);
            host->next_ns = world->now_ns;
        }
    }
}

// Faults are over; every host opens one more connection, and all must come to an end in time.
static void live_on(struct sim_world *world)
{
    world->to_open = 0;
    for (uint32_t i = 0; i < world->plan.hosts; i++) {
        world->host[i].to_open = 1;
        world->to_open++;
        sim_host_heal(&world->host[i]);
        oracle_after_event(world->oracle, i, sim_host_clock(&world->host[i]));
    }
    struct oracle_path path = whole_path(world);
    uint64_t clock_ns = latest_clock(world);
    uint64_t bound_ns = oracle_heal(world->oracle, &path, clock_ns);
    bound_ns = bound_ns > clock_ns ? bound_ns - clock_ns : 4000 * SIM_S;
    run_until(world, world->now_ns + bound_ns, true);
    if (!is_over(world) && !is_failed(world)) {
        give_up(world, bound_ns);
    }
}

// A clock that was set back has to reach again what timers had been set to before.
static void quiet(struct sim_world *world)
{
    uint64_t back_ns = 0;
    for (uint32_t i = 0; i < world->plan.hosts; i++) {
        struct sim_host *host = &world->host[i];
        sim_apps_close_listeners(host);
        host->next_ns = world->now_ns;
        back_ns = host->clock_back_ns > back_ns ? host->clock_back_ns : back_ns;
    }
    run_until(world, world->now_ns + QUIET_NS + back_ns, false);
}

static void live(struct sim_world *world)
{
    run_until(world, world->plan.safety_ns, true);
    if (is_failed(world)) {
        return;
    }
    world->is_healed = true;
    world->path_mtu_bytes = SYNFIN_PACKET_MAX;
    sim_record_note(world, "the network heals");
    live_on(world);
    if (world->plan.idle_ns != 0 && !is_failed(world)) {
        run_until(world, world->now_ns + world->plan.idle_ns, false);
        sim_record_note(world, "all were idle for long");
        live_on(world);
    }
    if (!is_failed(world)) {
        quiet(world);
    }
    if (!is_failed(world)) {
        oracle_finish(world->oracle, latest_clock(world));
    }
}

static void set_pair(struct sim_world *world, uint32_t index, struct sim_pair *pair)
{
    bool is_ip4 = synfin_addr_is_ipv4(&pair->end[1].addr);
    const struct sim_host *peer =
        sim_net_host(world, pair->end[1].addr.octet + (is_ip4 ? 12 : 0), !is_ip4);
    pair->host[0] = index;
    pair->host[1] = peer != NULL ? peer->index : index;
    pair->is_known = peer != NULL;
}

// Whose connection the violation is about, as far as its judge or its user knows.
static void find_pair(struct sim_world *world, const struct oracle_violation *violation,
                      struct sim_pair *pair)
{
    struct sim_host *host = &world->host[violation->host < world->plan.hosts ? violation->host : 0];
    pair->end[0] = violation->local;
    pair->end[1] = violation->remote;
    if (violation->remote.port == 0) {
        struct sim_app *app = host->stack != NULL ? sim_apps_find(host, violation->conn) : NULL;
        if (app == NULL
            || synfin_socket_endpoints(host->stack, app->socket, &pair->end[0], &pair->end[1])
                   != SYNFIN_ERROR_OK) {
            return;
        }
    }
    set_pair(world, host->index, pair);
}

static void tell_failure(struct sim_world *world, struct sim_result *result)
{
    const struct oracle_violation *violation;
    result->failed_ns = world->now_ns;
    if (oracle_violations(world->oracle, &violation) > 0) {
        (void)snprintf(result->rule, sizeof result->rule, "%s", oracle_rule_name(violation->rule));
        (void)oracle_violation_print(violation, result->text, sizeof result->text);
        find_pair(world, violation, &result->pair);
    } else if (world->failure[0] != '\0') {
        const struct oracle_violation unnamed = {.host = world->failed_host};
        bool is_liveness = strncmp(world->failure, "T7", 2) == 0;
        (void)snprintf(result->rule, sizeof result->rule, "%s", is_liveness ? "T7" : "engine");
        (void)snprintf(result->text, sizeof result->text, "%s", world->failure);
        find_pair(world, &unnamed, &result->pair);
    }
    result->totals.violations = result->rule[0] != '\0';
}

static void count(struct sim_world *world, struct sim_totals *totals)
{
    struct oracle_totals counted;
    oracle_get_totals(world->oracle, &counted);
    totals->connections = counted.connections;
    totals->segments = counted.segments;
    totals->octets = counted.octets;
    totals->faults = world->faults;
    totals->sim_ms = world->now_ns / SIM_MS;
    totals->worlds = 1;
    totals->frames = world->frames;
    totals->delivered = world->delivered;
}

static void end(struct sim_world *world, struct sim_result *result)
{
    tell_failure(world, result);
    for (uint32_t i = 0; i < world->plan.hosts; i++) {
        sim_host_deinit(&world->host[i]);
    }
    if (result->rule[0] == '\0') {
        tell_failure(world, result);
    }
    count(world, &result->totals);
    result->hash = world->hash;
    sim_record_note(world, result->text);
    sim_record_end(world);
    for (uint32_t i = 0; i < SIM_OLD_MAX; i++) {
        if (world->old[i] != NULL) {
            sim_frame_give(world, world->old[i]);
        }
    }
    sim_net_deinit(world);
    oracle_destroy(world->oracle);
}

// With a trail: once to lay it and to find keys, and once more under these.
static void run(const struct sim_plan *plan, const struct sim_run_options *options,
                struct oracle_trail *trail, struct sim_turn *turn, struct sim_result *result)
{
    static struct sim_world world;
    memset(&world, 0, sizeof world);
    memset(result, 0, sizeof *result);
    world.has_hash = options->has_hash;
    if (trail != NULL && trail->is_whole) {
        world.keys = OTHER_KEYS;
        world.turn = turn;
    }
    if (options->record != NULL) {
        (void)sim_record_begin(&world, options->record, &options->pair);
    }
    begin(&world, plan);
    if (trail != NULL) {
        oracle_follow(world.oracle, trail);
    }
    live(&world);
    if (trail != NULL && !trail->is_whole) {
        sim_keys_seek(&world, turn);
    }
    end(&world, result);
}

// What is recorded is the second run.
static void run_twice(const struct sim_plan *plan, const struct sim_run_options *options,
                      struct sim_result *result)
{
    struct oracle_trail trail = {0};
    struct sim_turn turn[SIM_HOSTS_MAX];
    struct sim_run_options first = *options;
    first.record = NULL;
    run(plan, &first, &trail, turn, result);
    if (result->rule[0] == '\0') {
        trail.is_whole = true;
        run(plan, options, &trail, turn, result);
        result->totals.steps = trail.at;
        result->totals.parted = trail.is_parted;
    }
    oracle_trail_deinit(&trail);
}

void sim_world_run(const struct sim_plan *plan, const struct sim_run_options *options,
                   struct sim_result *result)
{
    if (plan->is_twice) {
        run_twice(plan, options, result);
    } else {
        run(plan, options, NULL, NULL, result);
    }
}
