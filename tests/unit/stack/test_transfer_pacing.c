// SPDX-License-Identifier: MIT
//
// Pacing is never faster than set: counted from the segments at the sender's door, with sums of its
// own. A quantum may be ahead of the rate, which is what leaves in a millisecond and at least two
// segments; probes are not held, and what may go at once at the start is the initial window.
#include <inttypes.h>
#include <stdio.h>

#include "lib/test_cmocka.h"
#include "lib/test_random.h"
#include "lib/transfer.h"

enum { OCTETS = 400000, SEGMENT = 1460, RUNS = 12, UNPACED = 10 * SEGMENT, QUANTUM_MAX = 65536 };

static struct transfer transfer;

// When all that was sent would have left at the rate that was set for each of it.
struct meter {
    uint64_t limit; // octets per second that the user has set; 0: the algorithm's rate counts
    uint64_t finish_ns, judged, octets, ahead_ns_max, timeouts;
    char complaint[160];
};

static uint64_t quantum_of(uint64_t rate, uint64_t mss)
{
    uint64_t bytes = rate / 1000 < QUANTUM_MAX ? rate / 1000 : QUANTUM_MAX;
    return bytes > 2 * mss ? bytes : 2 * mss;
}

static bool is_held(const struct meter *meter, const struct tap_sight *sight)
{
    bool is_probe = sight->reason == SYNFIN_REASON_SEND_TAIL_PROBE
                    || sight->reason == SYNFIN_REASON_SEND_WINDOW_PROBE;
    return !is_probe && (meter->limit != 0 || meter->octets > UNPACED);
}

static void measure(void *ctx, const struct tap_sight *sight)
{
    struct meter *meter = ctx;
    uint32_t bytes = sight->seg->payload_bytes;
    if (!sight->is_out || bytes == 0) {
        return;
    }
    struct synfin_tcp_info info = {.size = sizeof info};
    if (synfin_socket_info(transfer.end[0].stack, transfer.end[0].socket, &info, sight->now_ns)
        != SYNFIN_ERROR_OK) {
        return; // the user has gone: what is left of the stream goes without being asked about
    }
    uint64_t rate = meter->limit != 0 ? meter->limit : info.pacing_rate;
    meter->octets += bytes;
    if (rate == 0 || (meter->limit == 0 && meter->octets <= UNPACED)) {
        return;
    }
    if (sight->reason == SYNFIN_REASON_SEND_TIMEOUT) {
        meter->finish_ns = 0; // what was sent before has left the network
        meter->timeouts++;
    }
    uint64_t from_ns = meter->finish_ns > sight->now_ns ? meter->finish_ns : sight->now_ns;
    uint64_t ahead_ns = from_ns - sight->now_ns;
    uint64_t quantum_ns = quantum_of(rate, info.snd_mss_bytes) * WORLD_S / rate;
    if (is_held(meter, sight)) {
        meter->judged++;
        meter->ahead_ns_max = ahead_ns > meter->ahead_ns_max ? ahead_ns : meter->ahead_ns_max;
    }
    if (is_held(meter, sight) && ahead_ns > quantum_ns && meter->complaint[0] == '\0') {
        (void)snprintf(meter->complaint, sizeof meter->complaint,
                       "at %" PRIu64 " ns %u octets are %" PRIu64 " ns ahead of %" PRIu64
                       " octets a second, cwnd %u",
                       sight->now_ns, bytes, ahead_ns, rate, info.cwnd_bytes);
    }
    meter->finish_ns = from_ns + bytes * WORLD_S / rate;
}

static void choose(struct transfer_config *config, uint64_t seed)
{
    transfer_config_default(config, seed);
    config->octets[0] = OCTETS;
    config->world.link.delay_ns = (1 + seed * 7 % 40) * WORLD_MS;
    config->world.link.loss_ppm = (uint32_t)(seed % 3) * 15000;
    config->world.link.rate_bps = seed % 4 == 0 ? 20000000 : 0;
    config->world.link.queue_packets = 50;
    for (uint32_t i = 0; i < 2; i++) {
        config->world.stack[i].congestion = (uint32_t)(seed % SYNFIN_CONGESTION_COUNT);
        config->world.stack[i].use_sack = seed / 2 % 4 != 0;
        config->world.stack[i].use_pacing = 1;
    }
}

static void run(const struct transfer_config *config, struct meter *meter)
{
    tap_observe(&transfer.tap[0], measure, meter);
    if (!transfer_run(&transfer, 600 * WORLD_S)) {
        fail_msg("seed %" PRIu64 " stalled", config->seed);
    }
    if (meter->complaint[0] != '\0') {
        fail_msg("seed %" PRIu64 ": %s", config->seed, meter->complaint);
    }
    assert_true(meter->judged > 0);
    transfer_finish(&transfer);
}

static void windows_leave_no_faster_than_the_algorithm_sets(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= RUNS * SYNFIN_CONGESTION_COUNT; seed++) {
        struct transfer_config config;
        struct meter meter = {0};
        choose(&config, seed);
        transfer_begin(&transfer, &config);
        run(&config, &meter);
        assert_true(meter.ahead_ns_max > 0);
    }
}

// Of all that left, so much was ahead when the last octet did, and at each timeout.
static void check_sum(const struct meter *meter, uint64_t seed)
{
    uint64_t ns = transfer.end[1].done_ns - transfer.begun_ns;
    uint64_t ahead = (1 + meter->timeouts) * quantum_of(meter->limit, SEGMENT);
    uint64_t most = meter->limit * ns / WORLD_S + ahead;
    if (meter->octets > most) {
        fail_msg("seed %" PRIu64 ": %" PRIu64 " octets, of which %" PRIu64 " may leave in %" PRIu64
                 " ns",
                 seed, meter->octets, most, ns);
    }
}

// Whatever the algorithm would like, and from the first octet on.
static void nothing_leaves_faster_than_the_user_sets(void **state)
{
    static const uint64_t limits[] = {20000, 125000, 1000000, 12500000};
    (void)state;
    for (uint64_t seed = 1; seed <= 4 * SYNFIN_CONGESTION_COUNT; seed++) {
        struct transfer_config config;
        struct meter meter = {.limit = limits[seed % 4]};
        choose(&config, seed);
        config.world.stack[0].use_pacing = seed % 2 != 0;
        transfer_begin(&transfer, &config);
        assert_int_equal(synfin_socket_set_option(transfer.end[0].stack, transfer.end[0].socket,
                                                  SYNFIN_OPTION_PACING_RATE_MAX,
                                                  (int64_t)meter.limit, transfer.world.now_ns),
                         SYNFIN_ERROR_OK);
        run(&config, &meter);
        check_sum(&meter, seed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(windows_leave_no_faster_than_the_algorithm_sets),
        cmocka_unit_test(nothing_leaves_faster_than_the_user_sets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
