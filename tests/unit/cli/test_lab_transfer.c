// SPDX-License-Identifier: MIT
//
// Transfers whose figures can be calculated by hand.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cli/lab_sum.h"
#include "cli/lab_transfer.h"

enum { MSS = 1448 };

#define MS UINT64_C(1000000)

static struct synfin_link_config link_config;
static struct synfin_stack_config stack_config;
static struct lab_transfer_config config;
static struct lab_transfer transfer;
static struct lab_sum sum;
static const enum synfin_congestion algorithms[] = {SYNFIN_CONGESTION_CUBIC,
                                                    SYNFIN_CONGESTION_NEWRENO};

static int begin(void **state)
{
    (void)state;
    synfin_link_config_default(&link_config);
    link_config.seed = 1;
    link_config.delay_ns = 10 * MS;
    link_config.rate_bps = 12000000; // a full packet takes 1 ms
    link_config.queue_packets = 1000;
    synfin_stack_config_default(&stack_config);
    config = (struct lab_transfer_config){
        .link = &link_config,
        .stack = &stack_config,
        .seed = 1,
        .bytes = UINT64_C(100) * MSS,
        .time_ns = SYNFIN_NEVER,
        .flows = 1,
        .congestion = algorithms,
        .congestions = 1,
    };
    return 0;
}

static int end(void **state)
{
    (void)state;
    lab_transfer_destroy(&transfer);
    return 0;
}

static void play(void)
{
    assert_int_equal(lab_transfer_create(&config, &transfer), SYNFIN_ERROR_OK);
    lab_transfer_run(&transfer);
    lab_sum_all(&sum, &transfer);
    assert_true(sum.is_intact);
}

static void octets_arrive_once_and_the_path_bounds_the_goodput(void **state)
{
    (void)state;
    play();
    assert_int_equal(transfer.flow[0].error, SYNFIN_ERROR_OK);
    assert_int_equal(sum.received_bytes, 100 * MSS);
    assert_int_equal(sum.segments, 100);
    assert_int_equal(sum.octets, 100 * 1500);
    assert_int_equal(sum.again, 0);
    // 1448 of 1500 octets are payload.
    assert_int_equal(lab_transfer_capacity(&transfer), 11584000);
    // The handshake and the way of the last octet: 30 ms and the SYN's 40 us; then 100 ms of data.
    assert_true(transfer.end_ns >= 130 * MS);
    assert_true(lab_transfer_goodput(&transfer.flow[0]) < 11584000 * 100 / 130);
}

static void round_trip_is_never_below_the_paths(void **state)
{
    (void)state;
    play();
    const struct cli_spread *rtt = &transfer.flow[0].oracle.rtt;
    // Two delays, 1 ms for a segment, 52 octets back: 34.7 us.
    assert_in_range(rtt->least_ns, 21 * MS, 21 * MS + 35000);
    assert_true(cli_spread_quantile(&transfer.waits, 1000) > 5 * MS);
}

static void chosen_loss_is_sent_again_once_and_needed(void **state)
{
    (void)state;
    assert_int_equal(
        synfin_drop_rule_parse("client:DATA:20", "client", "server", &link_config.drop_rule[0]),
        SYNFIN_ERROR_OK);
    link_config.drop_rules = 1;
    play();
    assert_int_equal(sum.lost, 1);
    assert_int_equal(sum.again, 1);
    assert_int_equal(sum.spurious, 0);
    assert_int_equal(sum.recoveries, 1);
    assert_int_equal(sum.timeouts, 0);
    assert_int_equal(sum.again_by[SYNFIN_REASON_SEND_RACK]
                         + sum.again_by[SYNFIN_REASON_SEND_FAST_RETRANSMIT],
                     1);
}

static void time_ends_a_transfer_without_end(void **state)
{
    (void)state;
    config.bytes = UINT64_MAX;
    config.time_ns = 500 * MS;
    play();
    assert_int_equal(transfer.end_ns, 500 * MS);
    assert_false(transfer.flow[0].is_done);
    assert_true(sum.received_bytes > 400000);
}

static void flows_take_turns_with_the_algorithms_and_begin_staggered(void **state)
{
    (void)state;
    config.flows = 3;
    config.congestions = 2;
    config.stagger_ns = 5 * MS;
    play();
    assert_int_equal(transfer.flow[0].congestion, SYNFIN_CONGESTION_CUBIC);
    assert_int_equal(transfer.flow[1].congestion, SYNFIN_CONGESTION_NEWRENO);
    assert_int_equal(transfer.flow[2].congestion, SYNFIN_CONGESTION_CUBIC);
    assert_int_equal(transfer.flow[2].start_ns, 10 * MS);
    assert_int_equal(sum.received_bytes, 3 * config.bytes);
    assert_int_equal(transfer.all_began_ns, 10 * MS);
    assert_true(transfer.all_ended_ns > transfer.all_began_ns);
}

static void jain_is_one_for_equals_and_one_over_n_for_a_single_taker(void **state)
{
    (void)state;
    config.flows = 4;
    play();
    for (uint32_t i = 0; i < 4; i++) {
        transfer.flow[i].received_within = UINT64_C(5000000000);
    }
    assert_int_equal(lab_transfer_jain(&transfer), 1000000);
    for (uint32_t i = 1; i < 4; i++) {
        transfer.flow[i].received_within = 0;
    }
    assert_int_equal(lab_transfer_jain(&transfer), 250000);
    transfer.flow[0].received_within = 0;
    assert_int_equal(lab_transfer_jain(&transfer), 0);
}

static void dead_path_ends_with_an_error(void **state)
{
    (void)state;
    link_config.loss_ppm = 1000000;
    play();
    assert_true(transfer.flow[0].is_done);
    assert_int_equal(transfer.flow[0].error, SYNFIN_ERROR_TIMED_OUT);
    assert_int_equal(lab_transfer_goodput(&transfer.flow[0]), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(octets_arrive_once_and_the_path_bounds_the_goodput),
        TEST(round_trip_is_never_below_the_paths),
        TEST(chosen_loss_is_sent_again_once_and_needed),
        TEST(time_ends_a_transfer_without_end),
        TEST(flows_take_turns_with_the_algorithms_and_begin_staggered),
        TEST(jain_is_one_for_equals_and_one_over_n_for_a_single_taker),
        TEST(dead_path_ends_with_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
