// SPDX-License-Identifier: MIT
//
// Transfers between two real stacks over a link that does everything to their packets, from a
// seed: what holds for each of them, whatever the sizes, faults and habits of the users. A seed
// that fails prints how to run it alone.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/tap.h"
#include "lib/test_cmocka.h"
#include "lib/test_random.h"
#include "lib/test_rows.h"
#include "lib/wire_flight.h"
#include "lib/wire_watch.h"
#include "lib/world.h"

enum { PORT = 7, SEEDS = 240, CALL_MAX = 20000 };

// One end's user.
struct user {
    synfin_stack *stack;
    synfin_socket socket;
    uint32_t end;
    uint64_t to_write, written, delivered;
    bool writes_first; // reads nothing before it has written all
    bool is_open, has_shut, has_end;
    uint64_t stalls_until_ns;
    uint32_t write_max, read_max;
};

struct run {
    struct world world;
    struct wire_watch watch;
    struct tap tap[2];
    struct wire_flight flight[2];
    struct user user[2];
    synfin_socket listener;
    uint64_t seed, random;
    bool is_healed;
};

static uint32_t pick(struct run *run, const uint32_t *values, uint32_t count)
{
    return values[test_random_below(&run->random, count)];
}

static void choose_faults(struct run *run, struct synfin_link_config *link)
{
    static const uint32_t loss[] = {0, 0, 10000, 50000, 150000};
    static const uint32_t other[] = {0, 0, 0, 10000, 100000};
    static const uint32_t mtu[] = {576, 600, 1280, 1500, 1500, 9000, 65535};
    link->seed = run->seed;
    link->delay_ns = (1 + test_random_below(&run->random, 40)) * WORLD_MS;
    link->jitter_ns = test_random_below(&run->random, 20) * WORLD_MS;
    link->loss_ppm = pick(run, loss, 5);
    link->duplicate_ppm = pick(run, other, 5);
    link->reorder_ppm = pick(run, other, 5);
    link->corrupt_ppm = pick(run, other, 5);
    link->mtu_bytes = pick(run, mtu, 7);
    if (test_random_below(&run->random, 4) == 0) {
        link->rate_bps = 1000000 + test_random_below(&run->random, 100000000);
        link->queue_packets = 4 + test_random_below(&run->random, 100);
        link->mark_packets = 1 + test_random_below(&run->random, 20);
    }
}

static void choose_stack(struct run *run, struct synfin_stack_config *stack)
{
    static const uint32_t chunk[] = {256, 512, 1000, 4096};
    static const uint32_t buffer[] = {512, 1000, 2920, 8192, 65535, 70000, 262144};
    static const uint32_t ranges[] = {0, 1, 4, 64};
    static const uint32_t most[] = {0, 0, 100000, 65535 << 10};
    stack->chunk_bytes = pick(run, chunk, 4);
    stack->send_buffer_bytes = pick(run, buffer, 7);
    stack->receive_buffer_bytes = pick(run, buffer, 7);
    stack->send_buffer_bytes_max = pick(run, most, 4);
    stack->receive_buffer_bytes_max = pick(run, most, 4);
    stack->out_of_order_ranges_max = pick(run, ranges, 4);
    stack->use_timestamps = test_random_below(&run->random, 2) != 0;
    stack->use_sack = test_random_below(&run->random, 2) != 0;
    stack->use_window_scale = test_random_below(&run->random, 4) != 0;
    stack->rto_min_ns = pick(run, (const uint32_t[]){50, 200, 1000}, 3) * WORLD_MS;
    stack->rto_max_ns = 8 * WORLD_S;
    stack->delayed_ack_ns = pick(run, (const uint32_t[]){1, 40, 400}, 3) * WORLD_MS;
    stack->syn_retries = stack->syn_ack_retries = 20;
    stack->data_retries = stack->orphan_retries = 100;
    stack->congestion = test_random_below(&run->random, SYNFIN_CONGESTION_COUNT);
    stack->ecn = (uint8_t)test_random_below(&run->random, SYNFIN_ECN_ASK_ACCURATE + 1);
}

static void choose_user(struct run *run, struct user *user, uint32_t end)
{
    static const uint32_t sizes[] = {1, 10, 500, 5000, CALL_MAX};
    static const uint32_t totals[] = {0, 1, 1000, 20000, 100000, 300000};
    user->end = end;
    user->stack = run->world.host[end].stack;
    user->to_write = pick(run, totals, 6);
    user->write_max = pick(run, sizes, 5);
    user->read_max = pick(run, sizes, 5);
    user->writes_first = end == 1 && test_random_below(&run->random, 4) == 0;
    if (user->write_max < 100 && user->to_write > 5000) {
        user->to_write = 5000;
    }
}

// A buffer that may grow far is offered in units which small segments do not fill.
static bool has_coarse_scale(const struct synfin_stack_config *stack)
{
    return stack->receive_buffer_bytes_max > 65535;
}

static void begin(struct run *run, uint64_t seed)
{
    struct world_config config;
    memset(run, 0, sizeof *run);
    run->seed = run->random = seed;
    world_config_default(&config);
    config.seed = seed;
    choose_faults(run, &config.link);
    choose_stack(run, &config.stack[0]);
    choose_stack(run, &config.stack[1]);
    config.is_ethernet = false;
    world_init(&run->world, &config);
    run->world.output_max = pick(run, (const uint32_t[]){1, 2, 64}, 3);
    wire_watch_init(&run->watch, seed);
    run->watch.may_retract =
        has_coarse_scale(&config.stack[0]) || has_coarse_scale(&config.stack[1]);
    synfin_link_observe(run->world.link, wire_watch_see, &run->watch);
    for (uint32_t i = 0; i < 2; i++) {
        tap_init(&run->tap[i], &run->world, i);
        wire_flight_init(&run->flight[i], &run->tap[i], &config.stack[i]);
        choose_user(run, &run->user[i], i);
    }
    uint32_t version = config.link.mtu_bytes >= 1280 && seed % 2 == 0 ? 6 : 4;
    run->listener = world_listen(&run->world, version, PORT, 4);
    run->user[0].socket = world_connect(&run->world, version, PORT);
    run->user[0].is_open = true;
    wire_flight_of(&run->flight[0], run->user[0].stack, run->user[0].socket);
}

static void set_options(struct run *run, struct user *user)
{
    int64_t has_nodelay = test_random_below(&run->random, 2);
    assert_int_equal(synfin_socket_set_option(user->stack, user->socket, SYNFIN_OPTION_NODELAY,
                                              has_nodelay, run->world.now_ns),
                     SYNFIN_ERROR_OK);
}

static void try_accept(struct run *run)
{
    struct user *user = &run->user[1];
    if (!user->is_open
        && synfin_socket_accept(user->stack, run->listener, &user->socket, NULL)
               == SYNFIN_ERROR_OK) {
        user->is_open = true;
        wire_flight_of(&run->flight[1], user->stack, user->socket);
        set_options(run, user);
    }
}

static void write_some(struct run *run, struct user *user)
{
    uint8_t octets[CALL_MAX];
    uint64_t left = user->to_write - user->written;
    uint32_t bytes = 1 + test_random_below(&run->random, user->write_max);
    size_t sent;
    bytes = bytes > left ? (uint32_t)left : bytes;
    for (uint32_t i = 0; i < bytes; i++) {
        octets[i] = wire_watch_octet(run->seed, user->end, user->written + i);
    }
    // An octet may be on the wire as soon as send has taken it.
    run->watch.end[user->end].written = user->written + bytes;
    enum synfin_error error =
        synfin_socket_send(user->stack, user->socket, octets, bytes, &sent, run->world.now_ns);
    assert_true(error == SYNFIN_ERROR_OK || error == SYNFIN_ERROR_AGAIN);
    user->written += sent;
    run->watch.end[user->end].written = user->written;
}

static void write_all_that_fits(struct run *run, struct user *user)
{
    uint64_t before;
    do {
        before = user->written;
        if (user->written < user->to_write) {
            write_some(run, user);
        }
    } while (user->written > before && (run->is_healed || test_random_below(&run->random, 4) > 0));
    if (user->written == user->to_write && !user->has_shut) {
        user->has_shut = true;
        assert_int_equal(synfin_socket_shutdown(user->stack, user->socket, SYNFIN_SHUTDOWN_WRITE,
                                                run->world.now_ns),
                         SYNFIN_ERROR_OK);
    }
}

static bool read_some(struct run *run, struct user *user)
{
    uint8_t octets[CALL_MAX];
    size_t received;
    size_t capacity = 1 + test_random_below(&run->random, user->read_max);
    enum synfin_error error = synfin_socket_recv(user->stack, user->socket, octets, capacity,
                                                 &received, run->world.now_ns);
    if (error == SYNFIN_ERROR_AGAIN) {
        return false;
    }
    assert_int_equal(error, SYNFIN_ERROR_OK);
    for (size_t i = 0; i < received; i++) {
        if (octets[i] != wire_watch_octet(run->seed, 1 - user->end, user->delivered + i)) {
            fail_msg("octet %" PRIu64 " is wrong", user->delivered + i);
        }
    }
    user->delivered += received;
    user->has_end = received == 0;
    return received > 0;
}

static void read_all_that_is_there(struct run *run, struct user *user)
{
    if (user->writes_first && user->written < user->to_write) {
        return;
    }
    while (!user->has_end && read_some(run, user)
           && (run->is_healed || test_random_below(&run->random, 4) > 0)) {
    }
}

static void act(struct run *run, struct user *user)
{
    struct synfin_tcp_info info = {.size = sizeof info};
    if (!user->is_open || user->stalls_until_ns > run->world.now_ns) {
        return;
    }
    assert_int_equal(synfin_socket_info(user->stack, user->socket, &info, run->world.now_ns),
                     SYNFIN_ERROR_OK);
    if (info.state == SYNFIN_TCP_STATE_SYN_SENT || info.state == SYNFIN_TCP_STATE_SYN_RECEIVED) {
        return;
    }
    write_all_that_fits(run, user);
    read_all_that_is_there(run, user);
    if (!run->is_healed && test_random_below(&run->random, 40) == 0) {
        user->stalls_until_ns =
            run->world.now_ns + test_random_below(&run->random, 3000) * WORLD_MS;
    }
}

static bool is_transferred(const struct run *run)
{
    return run->user[0].has_end && run->user[1].has_end;
}

static void step(struct run *run)
{
    try_accept(run);
    act(run, &run->user[0]);
    act(run, &run->user[1]);
    world_run(&run->world,
              run->is_healed ? 10 * WORLD_MS : test_random_below(&run->random, 50) * WORLD_MS + 1);
    if (run->watch.complaint != NULL) {
        fail_msg("%s: %s", run->watch.complaint, run->watch.text);
    }
    for (uint32_t i = 0; i < 2; i++) {
        if (run->flight[i].complaint[0] != '\0') {
            fail_msg("end %u sends more than it may: %s", i, run->flight[i].complaint);
        }
    }
}

static void heal(struct run *run)
{
    run->is_healed = true;
    synfin_link_heal(run->world.link);
    run->user[0].stalls_until_ns = run->user[1].stalls_until_ns = 0;
}

// After the heal: what timers may still wait for, and a round trip with delayed acknowledgments
// and a wait of this program for each segment, the smallest of half a buffer's size.
static uint64_t bound_ns(const struct run *run)
{
    uint64_t octets = run->user[0].to_write + run->user[1].to_write;
    return 5 * 8 * WORLD_S + (octets / 250 + 20) * (2 * 60 + 2 * 400 + 2 * 10) * WORLD_MS;
}

static void transfer(struct run *run)
{
    uint64_t heals_ns = run->world.now_ns + test_random_below(&run->random, 60) * WORLD_S;
    while (!is_transferred(run) && run->world.now_ns < heals_ns) {
        step(run);
    }
    heal(run);
    uint64_t end_ns = run->world.now_ns + bound_ns(run);
    while (!is_transferred(run) && run->world.now_ns < end_ns) {
        step(run);
    }
    if (!is_transferred(run)) {
        fail_msg("stalled: %" PRIu64 " of %" PRIu64 " and %" PRIu64 " of %" PRIu64,
                 run->user[1].delivered, run->user[0].to_write, run->user[0].delivered,
                 run->user[1].to_write);
    }
    assert_int_equal(run->user[1].delivered, run->user[0].to_write);
    assert_int_equal(run->user[0].delivered, run->user[1].to_write);
}

static void finish(struct run *run)
{
    struct synfin_stack_stats stats = {.size = sizeof stats};
    run->watch.may_reset = true; // late copies may meet a pair that is closed already
    for (uint32_t i = 0; i < 2; i++) {
        synfin_socket_close(run->user[i].stack, run->user[i].socket, run->world.now_ns);
        run->flight[i].has_socket = false;
    }
    synfin_socket_close(run->user[1].stack, run->listener, run->world.now_ns);
    world_run(&run->world, 200 * WORLD_S);
    for (uint32_t i = 0; i < 2; i++) {
        synfin_stack_stats(run->user[i].stack, &stats);
        assert_int_equal(stats.sockets, 0);
    }
    tap_deinit(&run->tap[0]);
    tap_deinit(&run->tap[1]);
    world_deinit(&run->world);
}

static uint64_t seed_running;

static void run_seed(uint64_t seed)
{
    static struct run run;
    seed_running = seed;
    begin(&run, seed);
    transfer(&run);
    finish(&run);
    seed_running = 0;
}

static int say_how_to_repeat(void **state)
{
    (void)state;
    if (seed_running != 0) {
        print_error("repeat with: SYNFIN_SEED=%" PRIu64 " test_transfer_properties\n",
                    seed_running);
    }
    return 0;
}

// RFC 9293 §3.8.6 [SHLD-14, MUST-34, MUST-35], RFC 9293 §3.8.6.1 [MUST-36],
// RFC 9293 §3.8.1 [MUST-18], RFC 9293 §3.7.1 [MUST-16]
static void hist_137_140_143_every_transfer_holds_every_property(void **state)
{
    (void)state;
    const char *one = getenv("SYNFIN_SEED");
    if (one != NULL) {
        run_seed(strtoull(one, NULL, 10));
        return;
    }
    const char *count = getenv("SYNFIN_SEEDS"); // how many, when not the usual number
    uint64_t last = count != NULL ? strtoull(count, NULL, 10) : test_rows_times(SEEDS);
    for (uint64_t seed = 1; seed <= last; seed++) {
        run_seed(seed);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(hist_137_140_143_every_transfer_holds_every_property,
                                  say_how_to_repeat),
    };
    return test_rows_main(argc, argv, tests, sizeof tests / sizeof tests[0], test_rows_run);
}
