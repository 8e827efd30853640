// SPDX-License-Identifier: MIT
//
// docs/history.md, rows 41 and 42: windows, thresholds and flights of 0 and 1, which nothing may
// divide by, and memory that is refused in the middle of repairing losses.
#include <inttypes.h>
#include <string.h>

#include "lib/test_cmocka.h"
#include "lib/test_random.h"
#include "lib/test_rows.h"
#include "lib/transfer.h"
#include "stack/stack_internal.h"
#include "tcp/tcp_conn.h"

static struct transfer transfer;

// Row 41

static const uint32_t edges[] = {0, 1, 2, 3, 1447, 1448, 1449, (1u << 30) - 1, 1u << 30};
enum { EDGES = sizeof edges / sizeof edges[0] };

static uint32_t any(uint64_t *random)
{
    return edges[test_random_below(random, EDGES)];
}

static void call(struct tcp_cc *cc, uint32_t mss, uint64_t *now_ns, uint64_t *random)
{
    struct tcp_cc_loss loss = {.flight_bytes = any(random), .mss_bytes = mss, .now_ns = *now_ns};
    struct tcp_cc_ack ack = {
        .acked_bytes = any(random) % TCP_CC_CWND_MAX,
        .flight_bytes = any(random),
        .mss_bytes = mss,
        .is_limited_by_cwnd = test_random_below(random, 2) != 0,
        .is_round_end = test_random_below(random, 2) != 0,
        .rtt_ns = any(random),
        .srtt_ns = any(random),
        .rtt_min_ns = any(random),
        .now_ns = *now_ns,
    };
    struct tcp_cc_undo undo = {.flight_bytes = any(random),
                               .acked_bytes = any(random),
                               .mss_bytes = mss,
                               .initial_segments = 10};
    *now_ns += any(random);
    switch (test_random_below(random, 8)) {
    case 0: cc->ops->on_loss(cc, &loss); break;
    case 1: cc->ops->on_timeout(cc, &loss); break;
    case 2: cc->ops->on_recovered(cc, &loss); break;
    case 3: cc->ops->on_idle(cc, mss, 10); break;
    case 4: cc->ops->on_undo(cc, &undo); break;
    default: cc->ops->on_ack(cc, &ack); break;
    }
}

// Algorithms with a state of their own need a connection around them: the next test has it.
static const struct tcp_cc_ops *ops_of(uint64_t i)
{
    const struct tcp_cc_ops *ops =
        tcp_cc_ops_of((enum synfin_congestion)(i % SYNFIN_CONGESTION_COUNT));
    return ops->state_bytes == 0 ? ops : &tcp_cc_newreno;
}

static void hist_41_windows_of_zero_and_one_divide_nothing_by_zero(void **state)
{
    static const uint32_t sizes[] = {1, 64, 1448, 65495};
    uint64_t random = 41;
    (void)state;
    for (uint64_t i = 0; i < test_rows_times(2000) * SYNFIN_CONGESTION_COUNT; i++) {
        struct tcp_cc cc = {.ops = ops_of(i)};
        uint32_t mss = sizes[test_random_below(&random, 4)];
        uint64_t now_ns = any(&random);
        tcp_cc_open(&cc, mss, 10);
        for (uint32_t k = 0; k < 50; k++) {
            if (test_random_below(&random, 4) == 0) {
                cc.cwnd_bytes = any(&random) % (TCP_CC_CWND_MAX + 1);
                cc.ssthresh_bytes = any(&random);
            }
            call(&cc, mss, &now_ns, &random);
            assert_true(cc.cwnd_bytes <= 2 * TCP_CC_CWND_MAX); // no sum has wrapped
        }
        cc.ops->on_timeout(&cc, &(struct tcp_cc_loss){.mss_bytes = mss, .now_ns = now_ns});
        assert_true(cc.cwnd_bytes > 0 && cc.ssthresh_bytes > 0);
    }
}

static void hist_41_connections_outlive_windows_of_zero_and_one(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < SYNFIN_CONGESTION_COUNT * 4; i++) {
        struct transfer_config config;
        uint64_t random = i;
        transfer_config_default(&config, 1 + i);
        config.octets[0] = 300000;
        config.world.link.loss_ppm = 30000;
        config.world.stack[0].congestion = i / 4;
        config.world.stack[0].use_sack = i % 2;
        config.world.stack[0].use_pacing = 0; // a window of an octet would pace for hours
        transfer_begin(&transfer, &config);
        for (uint32_t k = 0; k < 60; k++) {
            struct tcp_conn *conn = socket_conn(transfer.end[0].stack, transfer.end[0].socket);
            conn->cc.cwnd_bytes = any(&random) % 3;
            conn->cc.ssthresh_bytes = any(&random);
            transfer_pass(&transfer, 20 * WORLD_MS);
        }
        struct tcp_conn *conn = socket_conn(transfer.end[0].stack, transfer.end[0].socket);
        conn->cc.cwnd_bytes = conn->cc.ssthresh_bytes = 10 * 1448;
        if (!transfer_run(&transfer, 600 * WORLD_S)) {
            fail_msg("%s stalled, variant %u", conn->cc.ops->name, i);
        }
        transfer_finish(&transfer);
    }
}

// Row 42

// Slabs so small that every few segments need one; the k-th and those behind it are refused, for a
// while, at the sender or at the receiver.
static void hist_42_memory_refused_during_repairs_leaves_the_transfer_whole(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= test_rows_times(80); seed++) {
        struct transfer_config config;
        transfer_config_default(&config, seed);
        config.octets[0] = 100000;
        config.write_max = 3000;
        config.world.link.loss_ppm = 50000;
        config.world.link.reorder_ppm = 50000;
        config.world.link.delay_ns = 10 * WORLD_MS;
        for (uint32_t i = 0; i < 2; i++) {
            config.world.stack[i].slab_bytes = 1024;
            config.world.stack[i].chunk_bytes = 256;
            config.world.stack[i].congestion = (uint32_t)(seed % SYNFIN_CONGESTION_COUNT);
        }
        transfer_begin(&transfer, &config);
        do {
            transfer_pass(&transfer, 50 * WORLD_MS);
        } while (!transfer.end[1].is_open);
        struct test_env *memory = &transfer.world.host[seed % 2].memory;
        memory->fail_after = memory->takes + (uint32_t)seed / 4;
        memory->fail_times = 1 + (uint32_t)seed % 200;
        transfer_pass(&transfer, WORLD_S);
        memory->fail_after = UINT32_MAX;
        if (!transfer_run(&transfer, 600 * WORLD_S)) {
            fail_msg("seed %" PRIu64 " stalled", seed);
        }
        transfer_finish(&transfer);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hist_41_windows_of_zero_and_one_divide_nothing_by_zero),
        cmocka_unit_test(hist_41_connections_outlive_windows_of_zero_and_one),
        cmocka_unit_test(hist_42_memory_refused_during_repairs_leaves_the_transfer_whole),
    };
    return test_rows_main(argc, argv, tests, sizeof tests / sizeof tests[0], test_rows_run);
}
