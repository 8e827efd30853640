// SPDX-License-Identifier: MIT
//
// Buffers that size themselves, between two real stacks over links: a path that holds much is
// filled without anybody having set anything, and a reader that takes little is given little.
#include <string.h>

#include "lib/test_cmocka.h"
#include "lib/world.h"

enum { PORT = 7, CALL_BYTES = 1 << 16, TRACES_MAX = 64 };

// One direction of one connection: host 0 writes, host 1 reads.
struct flow {
    synfin_socket pair[2];
    uint64_t to_write, written, taken;
    uint64_t read_ns; // the reader takes read_bytes each time this has passed; 0: all at once
    uint32_t read_bytes;
    uint64_t reads_at_ns;
};

struct grown {
    uint32_t events[2]; // of the send and the receive buffer
    struct synfin_trace_event last[2];
};

static uint8_t octets[CALL_BYTES];

static void note_growth(void *ctx, const struct synfin_trace_event *event)
{
    struct grown *grown = ctx;
    bool is_receive = event->reason == SYNFIN_REASON_RECEIVE_BUFFER_GREW;
    if (event->kind == SYNFIN_TRACE_BUFFER
        && (is_receive || event->reason == SYNFIN_REASON_SEND_BUFFER_GREW)) {
        grown->events[is_receive]++;
        grown->last[is_receive] = *event;
    }
}

static void write_what_fits(struct world *world, struct flow *flow)
{
    enum synfin_error error = SYNFIN_ERROR_OK;
    while (error == SYNFIN_ERROR_OK && flow->written < flow->to_write) {
        size_t sent;
        uint64_t left = flow->to_write - flow->written;
        error =
            synfin_socket_send(world->host[0].stack, flow->pair[0], octets,
                               left < CALL_BYTES ? (size_t)left : CALL_BYTES, &sent, world->now_ns);
        flow->written += sent;
    }
    assert_true(error == SYNFIN_ERROR_OK || error == SYNFIN_ERROR_AGAIN
                || error == SYNFIN_ERROR_NO_MEMORY);
}

static size_t read_once(struct world *world, struct flow *flow, size_t capacity)
{
    static uint8_t taken[CALL_BYTES];
    size_t got;
    enum synfin_error error = synfin_socket_recv(world->host[1].stack, flow->pair[1], taken,
                                                 capacity, &got, world->now_ns);
    assert_true(error == SYNFIN_ERROR_OK || error == SYNFIN_ERROR_AGAIN);
    flow->taken += got;
    return got;
}

static void read_what_is_there(struct world *world, struct flow *flow)
{
    if (flow->read_ns == 0) {
        while (read_once(world, flow, CALL_BYTES) > 0) {
        }
    } else if (world->now_ns >= flow->reads_at_ns) {
        (void)read_once(world, flow, flow->read_bytes);
        flow->reads_at_ns = world->now_ns + flow->read_ns;
    }
}

// A step of both users; done when everything was read.
static bool is_through(struct world *world, void *ctx)
{
    struct flow *flow = ctx;
    write_what_fits(world, flow);
    read_what_is_there(world, flow);
    world_settle(world);
    return flow->taken == flow->to_write;
}

static struct synfin_tcp_info info_of(struct world *world, uint32_t host, synfin_socket socket)
{
    struct synfin_tcp_info info = {.size = sizeof info};
    assert_int_equal(synfin_socket_info(world->host[host].stack, socket, &info, world->now_ns),
                     SYNFIN_ERROR_OK);
    return info;
}

static void open_flow(struct world *world, struct flow *flow)
{
    synfin_socket listener = world_listen(world, 4, PORT, 4);
    world_open_pair(world, 4, PORT, listener, flow->pair);
}

// 1 Gbit/s and a round trip of 200 ms: 25 MB are on the way when the path is full. Packets and
// chunks are large, so that a debug build can do it.
static void long_fat(struct world_config *config, struct grown *grown)
{
    world_config_default(config);
    config->link.delay_ns = 100 * WORLD_MS;
    config->link.rate_bps = 1000000000;
    config->link.queue_packets = 3000;
    config->link.mtu_bytes = 9000;
    config->stack[0].chunk_bytes = config->stack[1].chunk_bytes = 65536;
    config->trace = note_growth;
    config->trace_ctx = grown;
}

static void a_long_fat_path_is_filled_with_nothing_set(void **state)
{
    (void)state;
    struct world world;
    struct world_config config;
    struct grown grown = {.events = {0}};
    struct flow flow = {.to_write = UINT64_MAX};
    long_fat(&config, &grown);
    world_init(&world, &config);
    open_flow(&world, &flow);
    // Slow start from 10 segments to 2800 takes 9 round trips; then one second at full rate.
    (void)world_run_until(&world, is_through, &flow, 14 * 200 * WORLD_MS);
    uint64_t before = flow.taken;
    (void)world_run_until(&world, is_through, &flow, WORLD_S);
    uint64_t per_second = flow.taken - before;
    assert_in_range(grown.events[0], 5, 40);
    assert_in_range(grown.events[1], 5, 20);
    assert_true(info_of(&world, 0, flow.pair[0]).cwnd_bytes > 25000000);
    assert_true(per_second > 120000000); // of 124.3 MB that frames of 9000 octets leave
    world_deinit(&world);
}

// What it is offered is what it began with.
static void a_slow_reader_is_given_no_more_room(void **state)
{
    (void)state;
    struct world world;
    struct world_config config;
    struct grown grown = {.events = {0}};
    struct flow flow = {.to_write = 1000000, .read_ns = 20 * WORLD_MS, .read_bytes = 10000};
    world_config_default(&config);
    config.trace = note_growth;
    config.trace_ctx = &grown;
    world_init(&world, &config);
    open_flow(&world, &flow);
    for (uint32_t i = 0; i < 200 && flow.taken < flow.to_write; i++) { // 500 kB/s: 100 calls
        (void)world_run_until(&world, is_through, &flow, 20 * WORLD_MS);
    }
    assert_true(flow.taken == flow.to_write);
    assert_int_equal(grown.events[1], 0);
    assert_int_equal(info_of(&world, 1, flow.pair[1]).rcv_buffer_bytes, 128 << 10);
    world_deinit(&world);
}

enum { FLOWS = 50, LIMIT_BYTES = 4 << 20 };

struct crowd {
    struct flow flow[FLOWS];
    size_t taken_max[2];
};

// Octet `at` of a flow.
static uint8_t octet_of(uint32_t flow, uint64_t at)
{
    return (uint8_t)(at * 7 + (at >> 8) + flow);
}

static void write_pattern(struct world *world, struct crowd *crowd, uint32_t number)
{
    struct flow *flow = &crowd->flow[number];
    static uint8_t piece[4096];
    enum synfin_error error = SYNFIN_ERROR_OK;
    while (error == SYNFIN_ERROR_OK && flow->written < flow->to_write) {
        size_t sent;
        uint64_t left = flow->to_write - flow->written;
        size_t bytes = left < sizeof piece ? (size_t)left : sizeof piece;
        for (size_t i = 0; i < bytes; i++) {
            piece[i] = octet_of(number, flow->written + i);
        }
        error = synfin_socket_send(world->host[0].stack, flow->pair[0], piece, bytes, &sent,
                                   world->now_ns);
        flow->written += sent;
    }
    assert_true(error == SYNFIN_ERROR_OK || error == SYNFIN_ERROR_AGAIN
                || error == SYNFIN_ERROR_NO_MEMORY);
}

static void read_pattern(struct world *world, struct crowd *crowd, uint32_t number)
{
    struct flow *flow = &crowd->flow[number];
    static uint8_t piece[CALL_BYTES];
    size_t got;
    do {
        enum synfin_error error = synfin_socket_recv(world->host[1].stack, flow->pair[1], piece,
                                                     sizeof piece, &got, world->now_ns);
        assert_true(error == SYNFIN_ERROR_OK || error == SYNFIN_ERROR_AGAIN);
        for (size_t i = 0; i < got; i++) {
            assert_int_equal(piece[i], octet_of(number, flow->taken + i));
        }
        flow->taken += got;
    } while (got > 0);
}

static bool is_crowd_through(struct world *world, void *ctx)
{
    struct crowd *crowd = ctx;
    bool is_through = true;
    for (uint32_t i = 0; i < FLOWS; i++) {
        struct flow *flow = &crowd->flow[i];
        write_pattern(world, crowd, i);
        if (world->now_ns >= flow->reads_at_ns) {
            read_pattern(world, crowd, i);
        }
        is_through = is_through && flow->taken == flow->to_write;
    }
    for (uint32_t i = 0; i < 2; i++) {
        size_t taken = world->host[i].memory.bytes;
        crowd->taken_max[i] = taken > crowd->taken_max[i] ? taken : crowd->taken_max[i];
        assert_true(taken <= LIMIT_BYTES);
    }
    world_settle(world);
    return is_through;
}

static void open_crowd(struct world *world, struct crowd *crowd, uint64_t bytes)
{
    synfin_socket listener = world_listen(world, 4, PORT, FLOWS);
    memset(crowd, 0, sizeof *crowd);
    for (uint32_t i = 0; i < FLOWS; i++) {
        crowd->flow[i].to_write = bytes;
        world_open_pair(world, 4, PORT, listener, crowd->flow[i].pair);
    }
}

// 50 connections that would hold 6.5 MB at once before any of them grows, in stacks of 4 MB, over a
// path that loses one packet of a hundred.
static void fifty_connections_share_what_memory_there_is(void **state)
{
    (void)state;
    struct world world;
    struct world_config config;
    static struct crowd crowd;
    world_config_default(&config);
    config.link.delay_ns = 10 * WORLD_MS;
    config.link.rate_bps = 200000000;
    config.link.loss_ppm = 10000;
    config.stack[0].memory_limit_bytes = config.stack[1].memory_limit_bytes = LIMIT_BYTES;
    world_init(&world, &config);
    open_crowd(&world, &crowd, 100000);
    assert_true(world_run_until(&world, is_crowd_through, &crowd, 120 * WORLD_S));
    world_deinit(&world);
}

// Half of the readers stop for 20 s with all they may hold; the others are served meanwhile, and
// in the end everybody is.
static void readers_that_stop_starve_nobody(void **state)
{
    (void)state;
    struct world world;
    struct world_config config;
    static struct crowd crowd;
    world_config_default(&config);
    config.link.delay_ns = 10 * WORLD_MS;
    config.link.rate_bps = 200000000;
    config.stack[0].memory_limit_bytes = config.stack[1].memory_limit_bytes = LIMIT_BYTES;
    world_init(&world, &config);
    open_crowd(&world, &crowd, 150000);
    for (uint32_t i = 0; i < FLOWS / 2; i++) {
        crowd.flow[i].reads_at_ns = world.now_ns + 20 * WORLD_S;
    }
    assert_false(world_run_until(&world, is_crowd_through, &crowd, 15 * WORLD_S));
    for (uint32_t i = FLOWS / 2; i < FLOWS; i++) {
        assert_int_equal(crowd.flow[i].taken, crowd.flow[i].to_write);
    }
    assert_true(synfin_stack_count(world.host[1].stack, SYNFIN_REASON_WINDOW_HELD) > 0);
    assert_true(world_run_until(&world, is_crowd_through, &crowd, 120 * WORLD_S));
    assert_true(synfin_stack_count(world.host[1].stack, SYNFIN_REASON_WINDOW_RELEASED) > 0);
    world_deinit(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_long_fat_path_is_filled_with_nothing_set),
        cmocka_unit_test(a_slow_reader_is_given_no_more_room),
        cmocka_unit_test(fifty_connections_share_what_memory_there_is),
        cmocka_unit_test(readers_that_stop_starve_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
