// SPDX-License-Identifier: MIT
//
// Nothing stalls: whatever happened on the path, once it is whole the transfer ends within the
// bound of transfer.c, with every algorithm of congestion control, with SACK and without, with
// timestamps and without, in each direction. SYNFIN_SEEDS says how many seeds, SYNFIN_SEED one.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/test_cmocka.h"
#include "lib/test_origin.h"
#include "lib/test_random.h"
#include "lib/transfer.h"

enum { OCTETS = 200000, SEEDS = 1, PPM = 1000000 };

static struct transfer transfer;

// What happens between the first second and the tenth, besides the link's own faults.
struct fault {
    const char *name;
    uint32_t loss_ppm, reorder_ppm, duplicate_ppm, corrupt_ppm, jitter_ms, queue_packets;
    uint64_t rate_bps;
    uint32_t deaf_ppm;      // of what reaches the sender: its acknowledgments
    uint32_t outage_permil; // of each second: all is lost
    bool reads_nothing, shrinks;
};

static const struct fault faults[] = {
    {.name = "nothing"},
    {.name = "loss 3 %", .loss_ppm = 30000},
    {.name = "loss 30 %", .loss_ppm = 300000},
    {.name = "loss 80 %", .loss_ppm = 800000},
    {.name = "outage", .outage_permil = 1000},
    {.name = "outages of 300 ms", .outage_permil = 300},
    {.name = "acknowledgments lost", .deaf_ppm = 700000},
    {.name = "reordering", .reorder_ppm = 300000, .jitter_ms = 10},
    {.name = "duplicates", .duplicate_ppm = 500000, .loss_ppm = 20000},
    {.name = "corruption", .corrupt_ppm = 100000},
    {.name = "short queue", .rate_bps = 2000000, .queue_packets = 4},
    {.name = "long queue", .rate_bps = 1000000, .queue_packets = 200},
    {.name = "no reader", .reads_nothing = true, .loss_ppm = 50000},
    {.name = "windows taken back", .shrinks = true, .loss_ppm = 50000},
};
enum { FAULTS = sizeof faults / sizeof faults[0] };

struct variant {
    uint32_t fault, congestion, from;
    bool has_sack, has_ts;
    uint64_t seed;
};

struct door {
    const struct fault *fault;
    uint64_t random;
    bool is_sender, is_healed;
};

static void let_in(void *ctx, struct tap *tap, const struct segment_wire *seg)
{
    struct door *door = ctx;
    const struct fault *fault = door->fault;
    struct segment_wire copy = *seg;
    uint64_t t_ns = test_origin_time(tap->now_ns);
    bool is_first_second = t_ns < 2 * WORLD_S; // the world begins at 1 s
    if (!door->is_healed && !is_first_second) {
        bool is_out = t_ns / WORLD_MS % 1000 < fault->outage_permil;
        bool is_deaf = door->is_sender && test_random_below(&door->random, PPM) < fault->deaf_ppm;
        if (is_out || is_deaf) {
            return;
        }
        if (fault->shrinks && (seg->flags & SYNFIN_TCP_SYN) == 0) {
            copy.window = (uint16_t)test_random_below(&door->random, seg->window + 1u);
        }
    }
    tap_pass(tap, &copy);
}

static void choose_faults(struct synfin_link_config *link, const struct fault *fault)
{
    link->delay_ns = 20 * WORLD_MS;
    link->loss_ppm = fault->loss_ppm;
    link->reorder_ppm = fault->reorder_ppm;
    link->duplicate_ppm = fault->duplicate_ppm;
    link->corrupt_ppm = fault->corrupt_ppm;
    link->jitter_ns = fault->jitter_ms * WORLD_MS;
    link->rate_bps = fault->rate_bps;
    link->queue_packets = fault->queue_packets;
}

static void choose(struct transfer_config *config, const struct variant *variant)
{
    transfer_config_default(config, variant->seed);
    config->version = variant->seed % 2 == 0 ? 6 : 4;
    config->octets[variant->from] = OCTETS;
    config->reads_nothing[1 - variant->from] = faults[variant->fault].reads_nothing;
    choose_faults(&config->world.link, &faults[variant->fault]);
    for (uint32_t i = 0; i < 2; i++) {
        struct synfin_stack_config *stack = &config->world.stack[i];
        stack->congestion = variant->congestion;
        stack->use_sack = variant->has_sack;
        stack->use_timestamps = variant->has_ts;
        stack->syn_retries = stack->syn_ack_retries = 30;
        stack->data_retries = stack->orphan_retries = 100;
        stack->rto_max_ns = 8 * WORLD_S;
        stack->syn_ack_max_ns = 8 * WORLD_S;
    }
}

// Healing takes the rate away too: a link without faults has none.
static void heal(struct door door[2])
{
    synfin_link_heal(transfer.world.link);
    for (uint32_t i = 0; i < 2; i++) {
        door[i].is_healed = true;
        transfer_read(&transfer, i, true);
    }
}

// What is queued on the link keeps its time.
static uint64_t rest_of_link(void)
{
    uint64_t next_ns = synfin_link_next_deadline(transfer.world.link);
    struct synfin_link_stats stats = {.size = sizeof stats};
    uint64_t bits = 0;
    for (uint32_t side = 0; side < 2; side++) {
        synfin_link_stats(transfer.world.link, (enum synfin_link_side)side, &stats);
        bits += (uint64_t)stats.flight_packets * 1500 * 8;
    }
    uint64_t rate = transfer.config.world.link.rate_bps;
    return rate == 0 || next_ns == SYNFIN_NEVER ? 0 : bits * WORLD_S / rate;
}

static struct variant running;
static bool is_running;

static int say_what_failed(void **state)
{
    (void)state;
    if (is_running) {
        print_error("SYNFIN_SEED=%" PRIu64 ": %s, %s, SACK %u, timestamps %u, from %u\n",
                    running.seed, faults[running.fault].name,
                    synfin_congestion_name((enum synfin_congestion)running.congestion),
                    running.has_sack, running.has_ts, running.from);
    }
    return 0;
}

static void run(const struct variant *variant, uint64_t *worst_percent)
{
    struct transfer_config config;
    struct door door[2];
    running = *variant;
    is_running = true;
    choose(&config, variant);
    transfer_begin(&transfer, &config);
    for (uint32_t i = 0; i < 2; i++) {
        door[i] = (struct door){.fault = &faults[variant->fault],
                                .random = variant->seed + i,
                                .is_sender = i == variant->from};
        transfer.tap[i].filter = let_in;
        transfer.tap[i].ctx = &door[i];
    }
    (void)transfer_run(&transfer, 10 * WORLD_S);
    heal(door);
    struct transfer_path path = {.rtt_ns = 2 * config.world.link.delay_ns};
    uint64_t begun_ns = transfer.world.now_ns;
    uint64_t bound_ns = transfer_bound(&transfer, &path) + rest_of_link();
    if (!transfer_run(&transfer, bound_ns)) {
        fail_msg("stalled after %" PRIu64 " octets; the bound is %" PRIu64 " ms",
                 transfer.end[1 - variant->from].delivered, bound_ns / WORLD_MS);
    }
    uint64_t percent = (transfer.world.now_ns - begun_ns) * 100 / bound_ns;
    *worst_percent = percent > *worst_percent ? percent : *worst_percent;
    transfer_finish(&transfer);
    is_running = false;
}

static uint64_t number_of(const char *name, uint64_t usual)
{
    const char *text = getenv(name);
    return text != NULL ? strtoull(text, NULL, 10) : usual;
}

static void every_transfer_ends_within_its_bound_once_its_path_is_whole(void **state)
{
    uint64_t first = number_of("SYNFIN_SEED", 1);
    uint64_t last = number_of("SYNFIN_SEED", number_of("SYNFIN_SEEDS", SEEDS));
    uint64_t worst_percent = 0;
    (void)state;
    for (uint64_t seed = first; seed <= last; seed++) {
        for (uint32_t i = 0; i < FAULTS * SYNFIN_CONGESTION_COUNT * 8; i++) {
            struct variant variant = {
                .has_sack = i % 2 != 0,
                .has_ts = i / 2 % 2 != 0,
                .from = i / 4 % 2,
                .congestion = i / 8 % SYNFIN_CONGESTION_COUNT,
                .fault = i / 8 / SYNFIN_CONGESTION_COUNT,
                .seed = seed,
            };
            run(&variant, &worst_percent);
        }
    }
    print_message("the longest took %" PRIu64 " %% of its bound\n", worst_percent);
    assert_true(worst_percent > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(every_transfer_ends_within_its_bound_once_its_path_is_whole,
                                  say_what_failed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
