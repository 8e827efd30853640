// SPDX-License-Identifier: MIT
//
// BBR over whole paths: two stacks, a bottleneck with a queue of one path, random loss of whatever
// the sender sends, virtual time. What is measured is goodput from the first octet to the last.
#include <stdio.h>

#include "lib/test_cmocka.h"
#include "lib/world.h"
#include "stack/stack_internal.h"
#include "tcp/tcp_cc_bbr.h"

struct path {
    struct world world;
    synfin_socket tx, rx;
    uint64_t bytes, sent, received;
    uint64_t begin_ns, probe_rtt_ns; // when ProbeRTT was first seen; 0: never
};

static struct path path;
static uint8_t octets[65536];

static void path_open(uint64_t mbps, uint64_t rtt_ms, uint32_t loss_ppm, uint64_t seed)
{
    struct world_config config;
    world_config_default(&config);
    for (uint32_t i = 0; i < 2; i++) {
        config.stack[i].send_buffer_bytes = config.stack[i].receive_buffer_bytes = 8 << 20;
        config.stack[i].congestion = SYNFIN_CONGESTION_BBR;
    }
    config.seed = config.link.seed = seed;
    config.link.delay_ns = rtt_ms * WORLD_MS / 2;
    config.link.rate_bps = mbps * 1000000;
    config.link.queue_packets = (uint32_t)(mbps * 125 * rtt_ms / 1500) + 4;
    config.link.loss_ppm = loss_ppm;
    config.link.packets_max = 10000;
    path = (struct path){0};
    world_init(&path.world, &config);
    synfin_socket pair[2];
    synfin_socket listener = world_listen(&path.world, 4, 80, 1);
    world_open_pair(&path.world, 4, 80, listener, pair);
    path.tx = pair[0];
    path.rx = pair[1];
    path.begin_ns = path.world.now_ns;
}

static struct tcp_bbr *bbr_of_sender(void)
{
    return tcp_cc_bbr_of(&socket_conn(path.world.host[0].stack, path.tx)->cc);
}

static bool pump(struct world *world, void *ctx)
{
    size_t count;
    (void)ctx;
    while (path.sent < path.bytes) {
        uint64_t left = path.bytes - path.sent;
        size_t want = left < sizeof octets ? (size_t)left : sizeof octets;
        if (synfin_socket_send(world->host[0].stack, path.tx, octets, want, &count, world->now_ns)
            != SYNFIN_ERROR_OK) {
            break;
        }
        path.sent += count;
    }
    while (synfin_socket_recv(world->host[1].stack, path.rx, octets, sizeof octets, &count,
                              world->now_ns)
               == SYNFIN_ERROR_OK
           && count > 0) {
        path.received += count;
    }
    if (path.probe_rtt_ns == 0 && bbr_of_sender()->phase == TCP_BBR_PHASE_PROBE_RTT) {
        path.probe_rtt_ns = world->now_ns;
    }
    return path.received == path.bytes;
}

// Mbit/s
static double transfer(uint64_t bytes)
{
    uint64_t begin_ns = path.world.now_ns;
    path.bytes = path.sent + bytes;
    pump(&path.world, NULL); // something must wake an idle world
    assert_true(world_run_until(&path.world, pump, NULL, 600 * WORLD_S));
    return (double)bytes * 8000 / (double)(path.world.now_ns - begin_ns);
}

static uint64_t retransmits(void)
{
    struct synfin_tcp_info info = {.size = sizeof info};
    assert_int_equal(
        synfin_socket_info(path.world.host[0].stack, path.tx, &info, path.world.now_ns),
        SYNFIN_ERROR_OK);
    return info.total_retransmits;
}

static double goodput(uint64_t mbps, uint32_t loss_ppm, uint64_t bytes, uint64_t seed)
{
    path_open(mbps, 40, loss_ppm, seed);
    double got = transfer(bytes);
    printf("%3u Mbit/s, 40 ms, %5.2f %% lost: %5.2f Mbit/s, %u segments again\n", (uint32_t)mbps,
           loss_ppm / 1e4, got, (uint32_t)retransmits());
    world_deinit(&path.world);
    return got;
}

// Of 96.5 that 100 carry. Linux's bbr (version 1) has 93.9, 93.6 and 81.0 there over half a minute;
// here Startup is a larger part of a shorter transfer.
static void random_loss_up_to_one_percent_costs_little(void **state)
{
    (void)state;
    assert_true(goodput(100, 0, 40000000, 1) > 88);
    assert_true(goodput(100, 1000, 40000000, 1) > 87);
    assert_true(goodput(100, 10000, 40000000, 1) > 80);
    assert_true(goodput(10, 0, 8000000, 1) > 9.2);
    assert_true(goodput(10, 1000, 8000000, 1) > 8.9);
    assert_true(goodput(10, 10000, 8000000, 1) > 6);
}

// What no queue explains is the path's own above the draft's threshold of 2 %, too, up to 10 %;
// beyond it is congestion, and the flow goes on.
static void loss_above_what_a_path_has_by_itself_is_congestion(void **state)
{
    (void)state;
    double three = goodput(100, 30000, 20000000, 1);
    double ten = goodput(100, 100000, 1000000, 1);
    assert_true(three > 75);
    assert_true(ten > 0.5 && ten < three);
}

static void model_is_the_path(void **state)
{
    (void)state;
    path_open(20, 40, 0, 1);
    transfer(5000000);
    const struct tcp_bbr *bbr = bbr_of_sender();
    double mbps = (double)bbr->max_bw * 8e-6;
    double rtt_ms = (double)bbr->min_rtt_ns / 1e6;
    printf("model: %.2f Mbit/s, %.2f ms\n", mbps, rtt_ms);
    assert_true(bbr->full_bw_reached);
    assert_true(mbps > 20 * 0.965 * 0.98 && mbps < 20 * 0.965 * 1.02); // headers are 3.5 %
    assert_true(rtt_ms > 40 && rtt_ms < 42);
    world_deinit(&path.world);
}

// The model is made wrong by hand, as if the path had just changed.
static void higher_rate_is_found_and_a_lower_one_adapted_to(void **state)
{
    (void)state;
    path_open(10, 40, 0, 1);
    transfer(5000000);
    struct tcp_bbr *bbr = bbr_of_sender();
    bbr->max_bw = bbr->bw_of_cycle[0] = bbr->bw_of_cycle[1] = bbr->bw = 125000; // as if at 1 Mbit/s
    bbr->inflight_longterm = 6 * 1448;
    double up = transfer(20000000);
    printf("from a tenth of the rate: %.2f Mbit/s\n", up);
    assert_true(up > 7);
    bbr->bw_of_cycle[0] = bbr->bw_of_cycle[1] = bbr->max_bw = 12500000; // as if at 100 Mbit/s
    bbr->inflight_longterm = TCP_BBR_INFINITE_BYTES;
    uint64_t before = retransmits();
    double down = transfer(20000000);
    printf("from ten times the rate: %.2f Mbit/s, %u segments again\n", down,
           (uint32_t)(retransmits() - before));
    assert_true(down > 7);
    assert_true((double)bbr->max_bw * 8e-6 < 11);
    world_deinit(&path.world);
}

static void flow_without_a_queue_needs_no_probe_of_the_round_trip(void **state)
{
    (void)state;
    path_open(10, 40, 0, 1);
    transfer(9000000);
    assert_true(path.world.now_ns > path.begin_ns + 7 * WORLD_S);
    assert_int_equal(path.probe_rtt_ns, 0);
    world_deinit(&path.world);
}

// Two seconds of silence: the next flight goes at the rate that was known, and not all at once.
static void idle_flow_goes_on_where_it_was(void **state)
{
    (void)state;
    path_open(20, 40, 0, 1);
    transfer(5000000);
    world_run(&path.world, 2 * WORLD_S);
    uint64_t before = retransmits();
    double got = transfer(500000);
    printf("half a megabyte after an idle time: %.2f Mbit/s\n", got);
    assert_true(got > 12); // 210 ms of sending, and Nagle's wait for the last
    assert_int_equal(retransmits(), before);
    world_deinit(&path.world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_loss_up_to_one_percent_costs_little),
        cmocka_unit_test(loss_above_what_a_path_has_by_itself_is_congestion),
        cmocka_unit_test(model_is_the_path),
        cmocka_unit_test(higher_rate_is_found_and_a_lower_one_adapted_to),
        cmocka_unit_test(flow_without_a_queue_needs_no_probe_of_the_round_trip),
        cmocka_unit_test(idle_flow_goes_on_where_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
