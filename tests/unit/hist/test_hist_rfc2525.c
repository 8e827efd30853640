// SPDX-License-Identifier: MIT
//
// docs/history.md, row 149: RFC 2525's list of known problems, each a check of what both ends of
// many transfers hear and send (known_problems.h). §2.4 is rows 137 and 140 besides, §2.12 rows 129
// to 131, §2.16 and §2.17 row 119.
#include <inttypes.h>
#include <string.h>

#include "known_problems.h"
#include "lib/test_cmocka.h"
#include "lib/test_rows.h"

static struct transfer transfer;

struct totals {
    uint64_t seen[ITEMS], broken[ITEMS];
};

static void strip_mss(void *ctx, struct tap *tap, const struct segment_wire *seg)
{
    struct segment_wire copy = *seg;
    (void)ctx;
    copy.mss = 0;
    tap_pass(tap, &copy);
}

static void choose(struct transfer_config *config, uint64_t seed)
{
    transfer_config_default(config, seed);
    config->version = seed % 2 == 0 ? 6 : 4;
    config->octets[0] = 250000;
    config->octets[1] = seed % 4 == 0 ? 100000 : 0;
    config->world.link.delay_ns = (5 + seed % 30) * WORLD_MS;
    config->world.link.rate_bps = seed % 3 == 0 ? 4000000 : 0;
    config->world.link.queue_packets = 20;
    config->world.link.loss_ppm = (uint32_t)(seed % 5) * 15000;
    if (seed % 7 == 0) { // the first SYNs are lost
        config->world.link.drop_rule[0] = (struct synfin_drop_rule){
            .side = SYNFIN_LINK_A, .flags_set = SYNFIN_TCP_SYN, .nth = 1, .nth_last = 2};
        config->world.link.drop_rules = 1;
    }
    if (seed % 11 == 0) { // nothing comes through for a while: timeouts in a row
        config->world.link.drop_rule[0] = (struct synfin_drop_rule){
            .side = SYNFIN_LINK_A, .needs_payload = 1, .nth = 20, .nth_last = 40};
        config->world.link.drop_rules = 1;
    }
    for (uint32_t i = 0; i < 2; i++) {
        struct synfin_stack_config *stack = &config->world.stack[i];
        stack->congestion = (uint32_t)(seed % SYNFIN_CONGESTION_COUNT);
        stack->data_retries = 100;
        stack->use_sack = seed / 2 % 3 != 0;
        stack->use_timestamps = seed / 3 % 2 != 0;
    }
}

static void audit(uint64_t seed, struct totals *totals)
{
    static struct known_problems ends[2];
    struct transfer_config config;
    choose(&config, seed);
    transfer_begin(&transfer, &config);
    for (uint32_t i = 0; i < 2; i++) {
        known_problems_init(&ends[i], &transfer, i);
        if (seed % 5 == 1) {
            transfer.tap[i].filter = strip_mss;
        }
    }
    assert_true(transfer_run(&transfer, 1000 * WORLD_S));
    for (uint32_t i = 0; i < 2; i++) {
        for (uint32_t item = 1; item < ITEMS; item++) {
            if (ends[i].broken[item] > 0) {
                fail_msg("seed %" PRIu64 ", end %u: %s", seed, i, known_problems_name(item));
            }
            totals->seen[item] += ends[i].seen[item];
        }
        totals->seen[ITEM_INCONSISTENT_RESEND] += transfer.watch.end[i].again;
    }
    transfer_finish(&transfer);
}

// §2.9 and §2.11: an idle connection whose peer has vanished.
static void hear_nothing(void *ctx, struct tap *tap, const struct segment_wire *seg)
{
    (void)ctx;
    (void)tap;
    (void)seg;
}

struct probes {
    uint64_t idle_ns, last_ns, count, sooner;
};

static void see_probe(void *ctx, const struct tap_sight *sight)
{
    struct probes *probes = ctx;
    uint64_t least_ns = probes->count == 0 ? 7200 * WORLD_S : 75 * WORLD_S;
    if (sight->is_out && sight->reason == SYNFIN_REASON_SEND_KEEPALIVE) {
        probes->sooner += sight->now_ns - probes->last_ns + WORLD_MS < least_ns;
        probes->last_ns = sight->now_ns;
        probes->count++;
    }
}

static void audit_keepalive(struct totals *totals)
{
    struct transfer_config config;
    struct probes probes = {0};
    transfer_config_default(&config, 1);
    config.octets[0] = config.octets[1] = UINT64_C(1) << 40; // so that nobody closes
    config.reads_nothing[0] = config.reads_nothing[1] = true;
    struct world world;
    synfin_socket pair[2];
    static struct tap tap;
    world_init(&world, &config.world);
    tap_init(&tap, &world, 0);
    tap_observe(&tap, see_probe, &probes);
    world_open_pair(&world, 4, TRANSFER_PORT, world_listen(&world, 4, TRANSFER_PORT, 1), pair);
    assert_int_equal(synfin_socket_set_option(world.host[0].stack, pair[0], SYNFIN_OPTION_KEEPALIVE,
                                              1, world.now_ns),
                     SYNFIN_ERROR_OK);
    probes.last_ns = world.now_ns;
    tap.filter = hear_nothing;
    uint64_t begun_ns = world.now_ns;
    assert_true(world_run_to_state(&world, 0, pair[0], SYNFIN_TCP_STATE_CLOSED,
                                   UINT64_C(100000) * WORLD_S));
    totals->seen[ITEM_KEEPALIVE_TOO_OFTEN] += probes.count;
    totals->broken[ITEM_KEEPALIVE_TOO_OFTEN] += probes.sooner;
    totals->seen[ITEM_KEEPALIVE_TOO_SHORT]++;
    totals->broken[ITEM_KEEPALIVE_TOO_SHORT] +=
        world.now_ns - begun_ns < 7200 * WORLD_S + 100 * WORLD_S;
    tap_deinit(&tap);
    world_deinit(&world);
}

static bool is_elsewhere(uint32_t item)
{
    return item == ITEM_PROBE_DEADLOCK || item == ITEM_NO_RST_AFTER_CLOSE
           || item == ITEM_NO_RST_WITH_DATA;
}

static void hist_149_known_problems_of_rfc_2525_are_in_no_transfer(void **state)
{
    struct totals totals = {{0}, {0}};
    (void)state;
    for (uint64_t seed = 1; seed <= test_rows_times(66); seed++) {
        audit(seed, &totals);
    }
    audit_keepalive(&totals);
    for (uint32_t item = 1; item < ITEMS; item++) {
        if (!is_elsewhere(item)) {
            print_message("§2.%-2u %-42s looked at %6" PRIu64 " times\n", item,
                          known_problems_name(item), totals.seen[item]);
            assert_true(totals.seen[item] > 0);
            assert_int_equal(totals.broken[item], 0);
        }
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hist_149_known_problems_of_rfc_2525_are_in_no_transfer),
    };
    return test_rows_main(argc, argv, tests, sizeof tests / sizeof tests[0], test_rows_run);
}
