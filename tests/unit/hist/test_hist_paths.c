// SPDX-License-Identifier: MIT
//
// docs/history.md, rows 146 and 148: goodput on twenty paths with every algorithm of congestion
// control, and under losses in step with the retransmission timer.
#include <inttypes.h>
#include <string.h>

#include "lib/test_cmocka.h"
#include "lib/test_origin.h"
#include "lib/test_rows.h"
#include "lib/transfer.h"

static struct transfer transfer;

// Row 148

struct path {
    uint32_t kbps, rtt_ms, queue_packets, loss_ppm, jitter_ms;
    uint32_t floor_percent; // of the rate, SYN to the last octet
};

// A transfer lasts for some 1.5 s of the line, fast ones for half of that, slow start included. The
// floors are about half of what the weakest algorithm reaches: a window that is far too small falls
// below all of them.
static const struct path paths[] = {
    {1000, 10, 20, 0, 0, 60},     {1000, 100, 20, 0, 0, 45},    {1000, 300, 50, 0, 0, 30},
    {5000, 10, 20, 0, 0, 60},     {5000, 50, 30, 0, 0, 45},     {5000, 100, 50, 0, 0, 35},
    {10000, 1, 20, 0, 0, 60},     {10000, 20, 20, 0, 0, 45},    {10000, 60, 60, 0, 0, 35},
    {20000, 10, 40, 0, 0, 50},    {20000, 40, 70, 0, 0, 35},    {10000, 40, 400, 0, 0, 40},
    {10000, 40, 5, 0, 0, 15},     {5000, 40, 30, 1000, 0, 25},  {5000, 40, 30, 10000, 0, 8},
    {2000, 20, 20, 10000, 0, 20}, {1000, 40, 20, 30000, 0, 10}, {5000, 40, 40, 0, 5, 30},
    {10000, 20, 50, 1000, 3, 20}, {500, 20, 10, 0, 0, 55},
};
enum { PATHS = sizeof paths / sizeof paths[0], LASTS_MS = 1500, SHORT_MS = 700 };

static void choose(struct transfer_config *config, const struct path *path, uint32_t congestion)
{
    transfer_config_default(config, 1 + (uint64_t)(path - paths));
    config->octets[0] = (uint64_t)path->kbps * (path->kbps < 10000 ? LASTS_MS : SHORT_MS) / 8;
    config->is_unjudged = true; // others look at every octet
    config->world.link.rate_bps = (uint64_t)path->kbps * 1000;
    config->world.link.delay_ns = path->rtt_ms * WORLD_MS / 2;
    config->world.link.queue_packets = path->queue_packets;
    config->world.link.loss_ppm = path->loss_ppm;
    config->world.link.jitter_ns = path->jitter_ms * WORLD_MS;
    for (uint32_t i = 0; i < 2; i++) {
        config->world.stack[i].congestion = congestion;
    }
}

static void hist_148_no_algorithm_falls_below_its_floor_on_twenty_paths(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < PATHS * SYNFIN_CONGESTION_COUNT; i++) {
        const struct path *path = &paths[i / SYNFIN_CONGESTION_COUNT];
        uint32_t congestion = i % SYNFIN_CONGESTION_COUNT;
        struct transfer_config config;
        choose(&config, path, congestion);
        transfer_begin(&transfer, &config);
        assert_true(transfer_run(&transfer, 200 * WORLD_S));
        uint64_t percent = transfer_rate(&transfer, 1) * 8 * 100 / ((uint64_t)path->kbps * 1000);
        print_message("%-8s %6u kbit/s %4u ms queue %3u loss %.1f %%: %3" PRIu64 " %%\n",
                      synfin_congestion_name((enum synfin_congestion)congestion), path->kbps,
                      path->rtt_ms, path->queue_packets, path->loss_ppm / 10000.0, percent);
        assert_true(percent >= path->floor_percent);
        assert_true(percent <= 100);
        transfer_finish(&transfer);
    }
}

// Row 146

struct square {
    uint64_t period_ns, length_ns;
};

// Everything is lost for a while in each period: Kuzmanovic and Knightly's shrew.
static void lose_in_step(void *ctx, struct tap *tap, const struct segment_wire *seg)
{
    const struct square *square = ctx;
    uint64_t from_ns =
        test_origin_time(tap->now_ns) + square->period_ns / 2; // the first SYN gets through
    if (from_ns % square->period_ns >= square->length_ns) {
        tap_pass(tap, seg);
    }
}

static uint64_t goodput_under(const struct square *square, uint32_t congestion)
{
    static const struct path path = {5000, 40, 40, 0, 0, 0};
    struct transfer_config config;
    choose(&config, &paths[0], congestion);
    config.octets[0] = 20000000;
    config.world.link.rate_bps = (uint64_t)path.kbps * 1000;
    config.world.link.delay_ns = path.rtt_ms * WORLD_MS / 2;
    config.world.link.queue_packets = path.queue_packets;
    transfer_begin(&transfer, &config);
    transfer.tap[1].filter = lose_in_step;
    transfer.tap[1].ctx = (void *)(uintptr_t)square;
    transfer_pass(&transfer, 5 * WORLD_S);
    uint64_t kbps = transfer.end[1].delivered * 8 / 5 / 1000;
    transfer_end(&transfer);
    return kbps;
}

// Harmonics of the least timeout: 1 s, 1/2, 1/3, 1/4 and those of 200 ms; outages of two round
// trips. The transfer may starve but goes on, and what is left is printed.
static void hist_146_losses_in_step_with_the_timer_leave_something(void **state)
{
    static const uint32_t periods_ms[] = {1000, 500, 333, 250, 200};
    (void)state;
    for (uint32_t i = 0; i < 5 * SYNFIN_CONGESTION_COUNT; i++) {
        uint32_t congestion = i % SYNFIN_CONGESTION_COUNT;
        uint32_t period_ms = periods_ms[i / SYNFIN_CONGESTION_COUNT];
        struct square square = {.period_ns = period_ms * WORLD_MS, .length_ns = 80 * WORLD_MS};
        uint64_t kbps = goodput_under(&square, congestion);
        print_message("%-8s 80 ms lost of each %4u ms: %5" PRIu64 " of 5000 kbit/s\n",
                      synfin_congestion_name((enum synfin_congestion)congestion), period_ms, kbps);
        assert_true(kbps > 0);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hist_148_no_algorithm_falls_below_its_floor_on_twenty_paths),
        cmocka_unit_test(hist_146_losses_in_step_with_the_timer_leave_something),
    };
    return test_rows_main(argc, argv, tests, sizeof tests / sizeof tests[0], test_rows_run);
}
