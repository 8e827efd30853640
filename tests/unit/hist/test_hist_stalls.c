// SPDX-License-Identifier: MIT
//
// docs/history.md, rows 129, 133 and 135: transfers that stood still elsewhere. Whatever is done to
// windows and round trips, the transfer ends in bounded time once it is over, with every algorithm
// of congestion control, with SACK and without.
#include <string.h>

#include "lib/test_cmocka.h"
#include "lib/test_random.h"
#include "lib/test_rows.h"
#include "lib/transfer.h"

enum { OCTETS = 300000, VARIANTS = SYNFIN_CONGESTION_COUNT * 2 };

static struct transfer transfer;

static void choose(struct transfer_config *config, uint32_t variant, uint64_t seed)
{
    transfer_config_default(config, seed);
    config->version = variant % 2 == 0 ? 4 : 6;
    config->octets[0] = OCTETS;
    for (uint32_t i = 0; i < 2; i++) {
        struct synfin_stack_config *stack = &config->world.stack[i];
        stack->congestion = variant / 2;
        stack->use_sack = variant % 2 != 0;
        stack->use_timestamps = seed % 2 != 0;
        stack->receive_buffer_bytes = 50000;
        stack->receive_buffer_bytes_max = 0; // so that no window is scaled
        stack->data_retries = 100;
    }
}

static void assert_ends(const struct transfer_config *config)
{
    struct transfer_path path = {.rtt_ns = 2 * config->world.link.delay_ns};
    if (!transfer_run(&transfer, transfer_bound(&transfer, &path))) {
        fail_msg("seed %u stalled after %u octets", (unsigned)config->seed,
                 (unsigned)transfer.end[1].delivered);
    }
    transfer_finish(&transfer);
}

// Row 129

struct shut {
    uint16_t window; // the largest that may be heard
    uint64_t dropped;
    bool is_over;
};

// No news of an open window comes through, whatever carries it.
static void drop_updates(void *ctx, struct tap *tap, const struct segment_wire *seg)
{
    struct shut *shut = ctx;
    if (!shut->is_over && seg->window > shut->window) {
        shut->dropped++;
        return;
    }
    shut->window = seg->window;
    tap_pass(tap, seg);
}

static void hist_129_window_updates_lost_for_a_minute_delay_no_longer(void **state)
{
    (void)state;
    for (uint32_t variant = 0; variant < VARIANTS; variant++) {
        struct transfer_config config;
        struct shut shut = {.window = UINT16_MAX};
        choose(&config, variant, 100 + variant);
        config.reads_nothing[1] = true;
        transfer_begin(&transfer, &config);
        transfer_pass(&transfer, 2 * WORLD_S);
        assert_int_equal(transfer_info(&transfer, 0).snd_wnd_bytes, 0);
        shut.window = 0;
        transfer.tap[0].filter = drop_updates;
        transfer.tap[0].ctx = &shut;
        transfer_read(&transfer, 1, true);
        transfer_pass(&transfer, 60 * WORLD_S);
        assert_true(shut.dropped > 0 && !transfer_is_done(&transfer));
        shut.is_over = true;
        assert_ends(&config);
    }
}

// Row 133

struct shrink {
    uint32_t iss;
    bool is_over;
    uint64_t random, edge, beyond, shrunk;
    uint8_t shift;
};

// The right edge moves left at every acknowledgment, by any part of the window.
static void take_window_back(void *ctx, struct tap *tap, const struct segment_wire *seg)
{
    struct shrink *shrink = ctx;
    struct segment_wire copy = *seg;
    if (!shrink->is_over && (seg->flags & SYNFIN_TCP_SYN) == 0) {
        copy.window = (uint16_t)test_random_below(&shrink->random, seg->window + 1u);
        if (test_random_below(&shrink->random, 4) == 0) {
            copy.window = (uint16_t)test_random_below(&shrink->random, 3);
        }
        shrink->shrunk += copy.window < seg->window;
    }
    tap_pass(tap, &copy);
}

// What goes out stays within what was heard last, but for a probe.
static void judge_edge(void *ctx, const struct tap_sight *sight)
{
    struct shrink *shrink = ctx;
    const struct segment_wire *seg = sight->seg;
    bool is_syn = (seg->flags & SYNFIN_TCP_SYN) != 0;
    if (is_syn && sight->is_out) {
        shrink->iss = seg->seq;
    } else if (!sight->is_out) {
        shrink->shift = is_syn ? (uint8_t)seg->wscale : shrink->shift;
        shrink->edge =
            seg->ack - shrink->iss + ((uint64_t)seg->window << (is_syn ? 0 : shrink->shift));
        return;
    }
    uint64_t right = seg->seq - shrink->iss + (uint64_t)seg->payload_bytes;
    bool is_probe = seg->payload_bytes == 1;
    shrink->beyond += seg->payload_bytes > 0 && right > shrink->edge && !is_probe;
}

static void hist_133_window_taken_back_at_every_acknowledgment(void **state)
{
    (void)state;
    for (uint32_t run = 0; run < 8 * VARIANTS; run++) {
        struct transfer_config config;
        struct shrink shrink = {.random = run};
        choose(&config, run % VARIANTS, 1 + run / VARIANTS);
        config.world.link.loss_ppm = run % 3 * 20000;
        transfer_begin(&transfer, &config);
        transfer.tap[0].filter = take_window_back;
        transfer.tap[0].ctx = &shrink;
        tap_observe(&transfer.tap[0], judge_edge, &shrink);
        transfer_pass(&transfer, 30 * WORLD_S);
        assert_true(shrink.shrunk > 0);
        assert_int_equal(shrink.beyond, 0);
        shrink.is_over = true;
        synfin_link_heal(transfer.world.link);
        assert_ends(&config);
    }
}

// Row 135

static void hist_135_round_trips_of_no_time_with_losses_go_on(void **state)
{
    static const uint64_t delays[] = {0, 500, 1000, 10000, 65536};
    (void)state;
    for (uint32_t run = 0; run < 5 * 2 * VARIANTS; run++) {
        struct transfer_config config;
        choose(&config, run % VARIANTS, 1 + run / VARIANTS);
        config.octets[1] = run % 3 == 0 ? OCTETS / 10 : 0;
        config.world.link.delay_ns = delays[run / VARIANTS / 2];
        config.world.link.loss_ppm = 10000 + run % 5 * 20000;
        transfer_begin(&transfer, &config);
        assert_ends(&config);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hist_129_window_updates_lost_for_a_minute_delay_no_longer),
        cmocka_unit_test(hist_133_window_taken_back_at_every_acknowledgment),
        cmocka_unit_test(hist_135_round_trips_of_no_time_with_losses_go_on),
    };
    return test_rows_main(argc, argv, tests, sizeof tests / sizeof tests[0], test_rows_run);
}
