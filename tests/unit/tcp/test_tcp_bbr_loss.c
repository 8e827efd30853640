// SPDX-License-Identifier: MIT
//
// What BBR makes of losses, marks, timeouts and of losses that were none; and that nothing, in any
// order, brings the window or the rate out of bounds.
#include "bbr_flow.h"
#include "lib/test_random.h"

static struct bbr_flow flow;

// Where nothing else is said there is a queue when something is lost, and the draft's own rules
// hold.
static void begin(void)
{
    bbr_flow_init(&flow, 1);
    flow.has_queue = true;
}

static int setup(void **state)
{
    (void)state;
    begin();
    return 0;
}

// Startup

// A round trip in recovery whose end shows so much lost in so many places.
static void lose_in_startup(uint32_t ranges, uint32_t lost_bytes)
{
    bbr_flow_round(&flow);
    for (uint32_t i = 0; i < ranges; i++) {
        bbr_flow_lose(&flow, BBR_BDP, lost_bytes);
    }
    bbr_flow_expect(&flow, TCP_BBR_PHASE_STARTUP);
    flow.lost_bytes = lost_bytes;
    flow.flight_bytes = 10 * BBR_BDP;
    bbr_flow_round(&flow);
}

static void startup_ends_by_loss_after_a_round_trip_of_it(void **state)
{
    (void)state;
    static const struct {
        uint32_t ranges, lost_bytes;
        bool is_over;
    } rows[] = {{6, 2001, true}, {5, 2001, false}, {6, 2000, false}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (uint32_t is_app_limited = 0; is_app_limited < 2; is_app_limited++) {
            begin();
            flow.is_app_limited = is_app_limited != 0;
            flow.volume_bytes = 150000;
            lose_in_startup(rows[i].ranges, rows[i].lost_bytes);
            assert_int_equal(flow.bbr.phase == TCP_BBR_PHASE_DRAIN, rows[i].is_over);
            assert_int_equal(flow.bbr.full_bw_reached, rows[i].is_over);
            // What was delivered in a round trip, which is more than the pipe.
            uint32_t bound = rows[i].is_over ? 150000 : TCP_BBR_INFINITE_BYTES;
            assert_int_equal(flow.bbr.inflight_longterm, bound);
        }
    }
}

static void startup_goes_on_when_recovery_is_over_before_the_round_trip(void **state)
{
    (void)state;
    bbr_flow_round(&flow);
    for (uint32_t i = 0; i < 6; i++) {
        bbr_flow_lose(&flow, BBR_BDP, 10000);
    }
    bbr_flow_recover(&flow);
    flow.lost_bytes = 10000;
    bbr_flow_round(&flow);
    bbr_flow_expect(&flow, TCP_BBR_PHASE_STARTUP);
    assert_int_equal(flow.bbr.lost_ranges, 0); // those of the next round trip count anew
}

static void startup_ends_by_any_loss_of_a_peer_without_sack(void **state)
{
    (void)state;
    bbr_flow_round(&flow);
    struct tcp_cc_loss loss = {
        .flight_bytes = BBR_BDP, .mss_bytes = BBR_MSS, .now_ns = flow.now_ns};
    flow.cc.ops->on_loss(&flow.cc, &loss);
    bbr_flow_expect(&flow, TCP_BBR_PHASE_DRAIN);
    assert_true(flow.bbr.full_bw_reached);
}

// Probing

static void more_than_two_percent_lost_while_probing_sets_the_bound(void **state)
{
    (void)state;
    bbr_flow_reach(&flow, TCP_BBR_PHASE_UP);
    bbr_flow_lose(&flow, 150000, 3000); // 2 %, and no more
    bbr_flow_expect(&flow, TCP_BBR_PHASE_UP);
    assert_int_equal(flow.bbr.inflight_longterm, TCP_BBR_INFINITE_BYTES);
    bbr_flow_lose(&flow, 149999, 3000);
    bbr_flow_expect(&flow, TCP_BBR_PHASE_DOWN);
    // (2000 + x) / (148999 + x) = 1/50: x = (148999 - 100000) / 49 = 999.98
    assert_int_equal(flow.bbr.inflight_longterm, 148999 + 999);
    assert_true(flow.bbr.prev_probe_too_high);
    bbr_flow_lose(&flow, 120000, 9000); // once per probe
    assert_int_equal(flow.bbr.inflight_longterm, 148999 + 999);
}

static void bound_is_not_below_seven_tenths_of_the_pipe(void **state)
{
    (void)state;
    bbr_flow_reach(&flow, TCP_BBR_PHASE_UP);
    bbr_flow_lose(&flow, 50000, 5000);
    assert_int_equal(flow.bbr.inflight_longterm, BBR_BDP * 7 / 10);
}

static void limited_sender_sets_no_bound_and_stops_probing(void **state)
{
    (void)state;
    bbr_flow_reach(&flow, TCP_BBR_PHASE_UP);
    flow.is_app_limited = true;
    bbr_flow_lose(&flow, 50000, 5000);
    assert_int_equal(flow.bbr.inflight_longterm, TCP_BBR_INFINITE_BYTES);
    bbr_flow_expect(&flow, TCP_BBR_PHASE_DOWN);
}

// After a probe that was too much the next one stops at the bound, and is followed at once by a
// third when it did no harm.
static void probe_after_one_too_high_is_careful(void **state)
{
    (void)state;
    bbr_flow_reach(&flow, TCP_BBR_PHASE_UP);
    bbr_flow_lose(&flow, 130000, 5000);
    bbr_flow_recover(&flow);
    uint32_t bound = flow.bbr.inflight_longterm;
    bbr_flow_reach(&flow, TCP_BBR_PHASE_UP);
    flow.flight_bytes = bound - 1;
    bbr_flow_ack(&flow);
    bbr_flow_expect(&flow, TCP_BBR_PHASE_UP);
    flow.flight_bytes = bound;
    bbr_flow_ack(&flow);
    bbr_flow_expect(&flow, TCP_BBR_PHASE_DOWN);
    assert_true(flow.bbr.prev_probe_precautionary && !flow.bbr.prev_probe_too_high);
    bbr_flow_round(&flow);
    bbr_flow_expect(&flow, TCP_BBR_PHASE_REFILL);
    bbr_flow_round(&flow);
    bbr_flow_expect(&flow, TCP_BBR_PHASE_UP);
    bbr_flow_ack(&flow); // at the bound, and it stays
    bbr_flow_expect(&flow, TCP_BBR_PHASE_UP);
}

static void cruise_leaves_headroom_below_the_bound(void **state)
{
    (void)state;
    bbr_flow_reach(&flow, TCP_BBR_PHASE_CRUISE);
    bbr_flow_rounds(&flow, 3);
    flow.bbr.inflight_longterm = 120000;
    bbr_flow_round(&flow);
    bbr_flow_expect(&flow, TCP_BBR_PHASE_CRUISE);
    assert_int_equal(flow.cc.cwnd_bytes, 120000 * 85 / 100);
    bbr_flow_reach(&flow, TCP_BBR_PHASE_REFILL);
    bbr_flow_ack(&flow);
    assert_int_equal(flow.cc.cwnd_bytes, 120000);
    flow.flight_bytes = 120000 * 85 / 100 + 1; // Down lasts until there is headroom
    bbr_flow_reach(&flow, TCP_BBR_PHASE_DOWN);
    bbr_flow_rounds(&flow, 3);
    bbr_flow_expect(&flow, TCP_BBR_PHASE_DOWN);
    flow.flight_bytes = BBR_BDP;
    bbr_flow_ack(&flow);
    bbr_flow_expect(&flow, TCP_BBR_PHASE_CRUISE);
}

static void safe_flights_raise_the_bound(void **state)
{
    (void)state;
    bbr_flow_reach(&flow, TCP_BBR_PHASE_CRUISE);
    flow.bbr.inflight_longterm = 120000;
    flow.tx_in_flight_bytes = 130000;
    flow.lost_bytes = 2601;
    bbr_flow_ack(&flow);
    assert_int_equal(flow.bbr.inflight_longterm, 120000);
    flow.lost_bytes = 2600;
    bbr_flow_ack(&flow);
    assert_int_equal(flow.bbr.inflight_longterm, 130000);
}

// Cruising

// A loss in the present round trip, and the end of it.
static void lose_for_a_round(void)
{
    bbr_flow_lose(&flow, BBR_BDP, BBR_MSS);
    bbr_flow_round(&flow);
    bbr_flow_recover(&flow);
}

static void loss_lets_the_short_term_follow_what_is_delivered(void **state)
{
    (void)state;
    bbr_flow_reach(&flow, TCP_BBR_PHASE_CRUISE);
    bbr_flow_rounds(&flow, 3);
    flow.bw = BBR_BW * 9 / 10;
    flow.volume_bytes = BBR_BDP * 9 / 10;
    bbr_flow_rounds(&flow, 2);
    assert_int_equal(flow.bbr.bw, BBR_BW); // without loss the maximum counts
    lose_for_a_round();
    assert_int_equal(flow.bbr.bw_shortterm, flow.bw * 100 / 99); // less its own margin
    assert_int_equal(flow.bbr.bw, flow.bbr.bw_shortterm);
    flow.bw = BBR_BW / 10;
    flow.volume_bytes = BBR_BDP / 10;
    bbr_flow_rounds(&flow, 2);
    uint64_t before = flow.bbr.bw_shortterm;
    uint32_t volume = flow.bbr.inflight_shortterm;
    lose_for_a_round();
    assert_int_equal(flow.bbr.bw_shortterm, before * 7 / 10); // and not faster than that
    assert_int_equal(flow.bbr.inflight_shortterm, volume * 7 / 10);
    bbr_flow_ack(&flow);
    assert_int_equal(flow.cc.cwnd_bytes, flow.bbr.inflight_shortterm);
    bbr_flow_reach(&flow, TCP_BBR_PHASE_REFILL); // the next probe forgets it
    assert_int_equal(flow.bbr.bw_shortterm, TCP_BBR_INFINITE_RATE);
    assert_int_equal(flow.bbr.inflight_shortterm, TCP_BBR_INFINITE_BYTES);
}

// 99 % of the bandwidth is what the flow sends in Cruise, and 89 % in Down: when all of it arrives
// but a segment, the path is as fast as it was.
static void what_the_flow_holds_back_is_not_taken_for_missing(void **state)
{
    (void)state;
    bbr_flow_reach(&flow, TCP_BBR_PHASE_CRUISE);
    flow.bw = BBR_BW * 99 / 100;
    flow.volume_bytes = BBR_BDP * 99 / 100;
    bbr_flow_rounds(&flow, 2);
    for (uint32_t i = 0; i < 20; i++) {
        lose_for_a_round();
        bbr_flow_expect(&flow, TCP_BBR_PHASE_CRUISE);
    }
    assert_int_equal(flow.bbr.bw, BBR_BW);
    flow.bw = BBR_BW;
    flow.flight_bytes = 2 * BBR_BDP;
    bbr_flow_reach(&flow, TCP_BBR_PHASE_DOWN);
    bbr_flow_rounds(&flow, 2);
    flow.bw = BBR_BW * 90 / 100 * 99 / 100;
    flow.flight_bytes = BBR_BDP;
    bbr_flow_rounds(&flow, 1);
    bbr_flow_expect(&flow, TCP_BBR_PHASE_CRUISE);
    lose_for_a_round();
    assert_true(flow.bbr.bw > BBR_BW * 98 / 100);
    bbr_flow_rounds(&flow, 2); // two rounds later that is no excuse any more
    lose_for_a_round();
    assert_true(flow.bbr.bw < BBR_BW * 91 / 100);
}

static void marks_count_as_loss(void **state)
{
    (void)state;
    struct tcp_cc_loss mark = {.mss_bytes = BBR_MSS, .is_ecn = true};
    bbr_flow_round(&flow);
    mark.now_ns = flow.now_ns;
    flow.cc.ops->on_loss(&flow.cc, &mark);
    assert_true(flow.bbr.full_bw_reached); // Startup is over
    assert_int_equal(flow.bbr.inflight_longterm, BBR_BDP);
    flow.flight_bytes = BBR_BDP * 8 / 10;
    bbr_flow_reach(&flow, TCP_BBR_PHASE_CRUISE);
    bbr_flow_rounds(&flow, 2);
    flow.bw = BBR_BW * 8 / 10;
    bbr_flow_rounds(&flow, 2);
    flow.cc.ops->on_loss(&flow.cc, &mark);
    bbr_flow_round(&flow);
    assert_int_equal(flow.bbr.bw, flow.bw * 100 / 99);
    assert_false(flow.bbr.is_in_recovery);
    assert_true(flow.bbr.has_sack);
    flow.bw = BBR_BW;
    bbr_flow_reach(&flow, TCP_BBR_PHASE_UP);
    flow.tx_in_flight_bytes = 123000;
    bbr_flow_ack(&flow);
    flow.cc.ops->on_loss(&flow.cc, &mark);
    bbr_flow_expect(&flow, TCP_BBR_PHASE_DOWN);
    assert_int_equal(flow.bbr.inflight_longterm, 123000);
}

// Recovery, timeouts and undo

static void fast_recovery_leaves_the_window_to_the_model(void **state)
{
    (void)state;
    bbr_flow_reach(&flow, TCP_BBR_PHASE_CRUISE);
    bbr_flow_rounds(&flow, 3);
    uint32_t cwnd = flow.cc.cwnd_bytes;
    bbr_flow_lose(&flow, BBR_BDP, BBR_MSS);
    assert_int_equal(flow.cc.cwnd_bytes, cwnd);
    assert_true(flow.cc.ops->governs_recovery);
}

static void
timeout_leaves_one_segment_and_the_window_comes_back_with_the_end_of_recovery(void **state)
{
    (void)state;
    bbr_flow_reach(&flow, TCP_BBR_PHASE_CRUISE);
    bbr_flow_rounds(&flow, 3);
    uint32_t cwnd = flow.cc.cwnd_bytes;
    struct tcp_cc_loss loss = {
        .flight_bytes = BBR_BDP, .mss_bytes = BBR_MSS, .has_sack = true, .now_ns = flow.now_ns};
    flow.cc.ops->on_timeout(&flow.cc, &loss);
    assert_int_equal(flow.cc.cwnd_bytes, BBR_MSS);
    flow.acked_bytes = BBR_MSS;
    bbr_flow_ack(&flow);
    assert_int_equal(flow.cc.cwnd_bytes, 4 * BBR_MSS); // MinPipeCwnd
    bbr_flow_ack(&flow);
    assert_int_equal(flow.cc.cwnd_bytes, 5 * BBR_MSS);
    bbr_flow_recover(&flow);
    assert_int_equal(flow.cc.cwnd_bytes, cwnd);
}

static void needless_recovery_gives_startup_back(void **state)
{
    (void)state;
    flow.volume_bytes = 150000;
    lose_in_startup(6, 5000);
    bbr_flow_expect(&flow, TCP_BBR_PHASE_DRAIN);
    struct tcp_cc_undo undo = {.mss_bytes = BBR_MSS};
    flow.cc.ops->on_undo(&flow.cc, &undo);
    bbr_flow_expect(&flow, TCP_BBR_PHASE_STARTUP);
    assert_false(flow.bbr.full_bw_reached);
    assert_int_equal(flow.bbr.inflight_longterm, TCP_BBR_INFINITE_BYTES);
    assert_false(flow.bbr.is_in_recovery);
}

static void needless_recovery_probes_again_where_it_was(void **state)
{
    (void)state;
    bbr_flow_reach(&flow, TCP_BBR_PHASE_UP);
    uint32_t cwnd = flow.cc.cwnd_bytes;
    bbr_flow_lose(&flow, 130000, 5000);
    flow.bw /= 2;
    bbr_flow_rounds(&flow, 3);
    bbr_flow_lose(&flow, 130000, 5000);
    bbr_flow_round(&flow);
    assert_true(flow.bbr.inflight_longterm < 140000 && flow.bbr.bw < BBR_BW);
    struct tcp_cc_undo undo = {.mss_bytes = BBR_MSS};
    flow.cc.ops->on_undo(&flow.cc, &undo);
    bbr_flow_expect(&flow, TCP_BBR_PHASE_REFILL);
    assert_int_equal(flow.bbr.inflight_longterm, TCP_BBR_INFINITE_BYTES);
    assert_int_equal(flow.bbr.bw_shortterm, TCP_BBR_INFINITE_RATE);
    assert_true(flow.cc.cwnd_bytes >= cwnd);
    flow.cc.ops->on_undo(&flow.cc, &undo); // once
    bbr_flow_expect(&flow, TCP_BBR_PHASE_REFILL);
}

// Bounds

static void stir(uint64_t *seed)
{
    struct tcp_cc_loss loss = {.flight_bytes = test_random_below(seed, 1 << 30),
                               .mss_bytes = BBR_MSS,
                               .is_ecn = test_random_below(seed, 2) != 0,
                               .has_sack = test_random_below(seed, 4) != 0,
                               .now_ns = flow.now_ns};
    struct tcp_cc_undo undo = {.mss_bytes = BBR_MSS};
    struct tcp_cc_restart restart = {.srtt_ns = test_random_below(seed, 2000000000),
                                     .now_ns = flow.now_ns,
                                     .is_app_limited = test_random_below(seed, 2) != 0};
    uint32_t in_flight = test_random_below(seed, 1 << 30);
    switch (test_random_below(seed, 8)) {
    case 0: flow.cc.ops->on_loss(&flow.cc, &loss); break;
    case 1: flow.cc.ops->on_timeout(&flow.cc, &loss); break;
    case 2: flow.cc.ops->on_undo(&flow.cc, &undo); break;
    case 3: flow.cc.ops->on_restart(&flow.cc, &restart); break;
    case 4: bbr_flow_recover(&flow); break;
    default:
        bbr_flow_lose(&flow, in_flight, BBR_MSS + test_random_below(seed, in_flight + 1));
        break;
    }
}

static void nothing_brings_window_and_rate_out_of_bounds(void **state)
{
    (void)state;
    uint64_t seed = 20260803;
    uint32_t seen = 0;
    for (uint32_t run = 0; run < 50; run++) {
        bbr_flow_init(&flow, seed);
        for (uint32_t i = 0; i < 2000; i++) {
            flow.bw = test_random(&seed) >> (test_random_below(&seed, 61) + 3);
            flow.rtt_ns = test_random(&seed) >> (25 + test_random_below(&seed, 35));
            flow.volume_bytes = test_random_below(&seed, UINT32_C(1) << 31);
            flow.acked_bytes = 1 + test_random_below(&seed, 1 << test_random_below(&seed, 30));
            flow.flight_bytes = test_random_below(&seed, 1 << test_random_below(&seed, 30));
            flow.tx_in_flight_bytes = test_random_below(&seed, 1 << 30);
            flow.lost_bytes = test_random_below(&seed, 1 << test_random_below(&seed, 30));
            flow.is_app_limited = test_random_below(&seed, 4) == 0;
            flow.is_cwnd_limited = test_random_below(&seed, 2) == 0;
            bbr_flow_round(&flow);
            if (test_random_below(&seed, 3) == 0) {
                stir(&seed);
            }
            bbr_flow_ack(&flow);
            assert_in_range(flow.cc.cwnd_bytes, 4 * BBR_MSS, TCP_CC_CWND_MAX);
            assert_true(flow.cc.pacing_rate > 0);
            assert_true(flow.bbr.bw <= flow.bbr.max_bw);
            seen |= UINT32_C(1) << flow.bbr.phase;
        }
    }
    assert_int_equal(seen, (1 << TCP_BBR_PHASE_COUNT) - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(startup_ends_by_loss_after_a_round_trip_of_it, setup),
        cmocka_unit_test_setup(startup_goes_on_when_recovery_is_over_before_the_round_trip, setup),
        cmocka_unit_test_setup(startup_ends_by_any_loss_of_a_peer_without_sack, setup),
        cmocka_unit_test_setup(more_than_two_percent_lost_while_probing_sets_the_bound, setup),
        cmocka_unit_test_setup(bound_is_not_below_seven_tenths_of_the_pipe, setup),
        cmocka_unit_test_setup(limited_sender_sets_no_bound_and_stops_probing, setup),
        cmocka_unit_test_setup(probe_after_one_too_high_is_careful, setup),
        cmocka_unit_test_setup(cruise_leaves_headroom_below_the_bound, setup),
        cmocka_unit_test_setup(safe_flights_raise_the_bound, setup),
        cmocka_unit_test_setup(loss_lets_the_short_term_follow_what_is_delivered, setup),
        cmocka_unit_test_setup(what_the_flow_holds_back_is_not_taken_for_missing, setup),
        cmocka_unit_test_setup(marks_count_as_loss, setup),
        cmocka_unit_test_setup(fast_recovery_leaves_the_window_to_the_model, setup),
        cmocka_unit_test_setup(
            timeout_leaves_one_segment_and_the_window_comes_back_with_the_end_of_recovery, setup),
        cmocka_unit_test_setup(needless_recovery_gives_startup_back, setup),
        cmocka_unit_test_setup(needless_recovery_probes_again_where_it_was, setup),
        cmocka_unit_test_setup(nothing_brings_window_and_rate_out_of_bounds, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
