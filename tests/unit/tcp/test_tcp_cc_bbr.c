// SPDX-License-Identifier: MIT
//
// BBR's model and its state machine, step by step on samples written by hand: the examples of the
// draft's appendix and their edges. Loss is in test_tcp_bbr_loss.c, whole paths are in
// test_tcp_bbr_path.c.
#include "bbr_flow.h"

static struct bbr_flow flow;

static int setup(void **state)
{
    (void)state;
    bbr_flow_init(&flow, 1);
    return 0;
}

// Startup and Drain

static void first_pace_is_the_initial_window_per_round_trip(void **state)
{
    (void)state;
    assert_int_equal(flow.cc.cwnd_bytes, 10000);
    assert_int_equal(flow.cc.pacing_rate, 27700 * 1000 + 1); // 2.77 windows in 1 ms
    struct tcp_cc_restart restart = {.srtt_ns = 100 * BBR_MS, .now_ns = flow.now_ns};
    flow.cc.ops->on_restart(&flow.cc, &restart);
    assert_int_equal(flow.cc.pacing_rate, 277000 + 1);
}

static void startup_doubles_while_the_rate_grows(void **state)
{
    (void)state;
    flow.cc.pacing_rate = 1;
    flow.bw = 50000;
    flow.acked_bytes = 10000;
    for (uint32_t i = 0; i < 5; i++) {
        bbr_flow_round(&flow);
        bbr_flow_expect(&flow, TCP_BBR_PHASE_STARTUP);
        assert_int_equal(flow.bbr.max_bw, flow.bw);
        assert_int_equal(flow.cc.pacing_rate, flow.bw * 277 / 100 * 99 / 100);
        flow.acked_bytes = flow.cc.cwnd_bytes;
        flow.bw *= 2;
    }
    assert_true(flow.cc.cwnd_bytes >= 80000);
}

static void three_rounds_without_growth_fill_the_pipe(void **state)
{
    (void)state;
    bbr_flow_round(&flow);
    assert_int_equal(flow.bbr.full_bw, BBR_BW);
    flow.bw = BBR_BW * 124 / 100;
    bbr_flow_rounds(&flow, 2);
    bbr_flow_expect(&flow, TCP_BBR_PHASE_STARTUP);
    bbr_flow_ack(&flow); // no round
    bbr_flow_expect(&flow, TCP_BBR_PHASE_STARTUP);
    flow.flight_bytes = 10 * BBR_BDP;
    bbr_flow_round(&flow);
    assert_true(flow.bbr.full_bw_now && flow.bbr.full_bw_reached);
    bbr_flow_expect(&flow, TCP_BBR_PHASE_DRAIN);
    assert_int_equal(flow.cc.pacing_rate, flow.bbr.bw * 50 / 100 * 99 / 100);
}

static void growth_of_a_quarter_begins_the_count_anew(void **state)
{
    (void)state;
    bbr_flow_rounds(&flow, 3);
    assert_int_equal(flow.bbr.full_bw_count, 2);
    flow.bw = BBR_BW * 125 / 100;
    bbr_flow_round(&flow);
    assert_int_equal(flow.bbr.full_bw_count, 0);
    assert_int_equal(flow.bbr.full_bw, flow.bw);
}

static void application_never_fills_the_pipe(void **state)
{
    (void)state;
    flow.is_app_limited = true;
    bbr_flow_rounds(&flow, 20);
    bbr_flow_expect(&flow, TCP_BBR_PHASE_STARTUP);
    uint64_t pace = flow.cc.pacing_rate;
    flow.bw = BBR_BW / 2; // and a slow sample of it does not slow the flow
    bbr_flow_round(&flow);
    assert_int_equal(flow.cc.pacing_rate, pace);
    assert_int_equal(flow.bbr.max_bw, BBR_BW);
}

static void drain_ends_when_the_pipe_holds_what_is_in_flight(void **state)
{
    (void)state;
    flow.flight_bytes = 2 * BBR_BDP;
    bbr_flow_reach(&flow, TCP_BBR_PHASE_DRAIN);
    flow.flight_bytes = BBR_BDP + 1;
    bbr_flow_ack(&flow);
    bbr_flow_expect(&flow, TCP_BBR_PHASE_DRAIN);
    flow.flight_bytes = BBR_BDP;
    bbr_flow_ack(&flow); // and Down has nothing to do
    bbr_flow_expect(&flow, TCP_BBR_PHASE_CRUISE);
}

static void drain_ends_after_three_rounds(void **state)
{
    (void)state;
    flow.flight_bytes = 2 * BBR_BDP;
    bbr_flow_reach(&flow, TCP_BBR_PHASE_DRAIN);
    bbr_flow_rounds(&flow, 3);
    bbr_flow_expect(&flow, TCP_BBR_PHASE_DRAIN);
    bbr_flow_round(&flow);
    bbr_flow_expect(&flow, TCP_BBR_PHASE_DOWN);
    assert_int_equal(flow.cc.pacing_rate, BBR_BW * 90 / 100 * 99 / 100);
}

// ProbeBW

static void a_cycle_goes_down_cruises_refills_and_goes_up(void **state)
{
    (void)state;
    flow.flight_bytes = 2 * BBR_BDP;
    bbr_flow_reach(&flow, TCP_BBR_PHASE_DOWN);
    flow.flight_bytes = BBR_BDP;
    bbr_flow_round(&flow);
    bbr_flow_expect(&flow, TCP_BBR_PHASE_CRUISE);
    assert_int_equal(flow.cc.pacing_rate, BBR_BW); // without a queue
    bbr_flow_reach(&flow, TCP_BBR_PHASE_REFILL);
    assert_int_equal(flow.cc.pacing_rate, BBR_BW * 99 / 100);
    assert_false(flow.bbr.is_bw_probe_sample);
    bbr_flow_ack(&flow); // one round trip it lasts
    bbr_flow_expect(&flow, TCP_BBR_PHASE_REFILL);
    bbr_flow_round(&flow);
    bbr_flow_expect(&flow, TCP_BBR_PHASE_UP);
    assert_true(flow.bbr.is_bw_probe_sample);
    assert_int_equal(flow.cc.pacing_rate, BBR_BW * 125 / 100 * 99 / 100);
    bbr_flow_rounds(&flow, 2);
    bbr_flow_expect(&flow, TCP_BBR_PHASE_UP);
    bbr_flow_round(&flow); // the third without growth
    bbr_flow_expect(&flow, TCP_BBR_PHASE_DOWN);
}

static void cruise_sends_less_than_is_delivered_only_behind_a_queue(void **state)
{
    (void)state;
    bbr_flow_reach(&flow, TCP_BBR_PHASE_CRUISE);
    for (uint32_t i = 0; i < 2; i++) {
        flow.rtt_ns = BBR_RTT_MS * BBR_MS + 10 * BBR_MS;
        bbr_flow_ack(&flow);
        assert_int_equal(flow.cc.pacing_rate, BBR_BW * 99 / 100);
        flow.rtt_ns = BBR_RTT_MS * BBR_MS;
        bbr_flow_ack(&flow);
        bbr_flow_expect(&flow, TCP_BBR_PHASE_CRUISE);
        assert_int_equal(flow.cc.pacing_rate, BBR_BW);
    }
}

static void window_is_two_pipes_and_a_quarter_more_while_going_up(void **state)
{
    (void)state;
    bbr_flow_reach(&flow, TCP_BBR_PHASE_CRUISE);
    flow.acked_bytes = 2000; // nothing is aggregated
    bbr_flow_rounds(&flow, 15);
    flow.acked_bytes = BBR_BDP;
    bbr_flow_rounds(&flow, 5);
    uint32_t extra = flow.bbr.extra_acked;
    assert_int_equal(flow.cc.cwnd_bytes, 2 * BBR_BDP + extra);
    bbr_flow_reach(&flow, TCP_BBR_PHASE_UP);
    bbr_flow_round(&flow);
    extra = flow.bbr.extra_acked;
    assert_int_equal(flow.cc.cwnd_bytes, 2 * BBR_BDP + BBR_BDP / 4 + extra + 2 * BBR_MSS);
}

// 2 to 3 s by the clock, and not the same for all.
static void wait_between_probes_is_random_and_given_by_the_seed(void **state)
{
    (void)state;
    uint64_t least_ns = UINT64_MAX, most_ns = 0;
    for (uint64_t seed = 0; seed < 200; seed++) {
        uint64_t wait_ns[2];
        for (uint32_t i = 0; i < 2; i++) {
            bbr_flow_init(&flow, seed);
            bbr_flow_reach(&flow, TCP_BBR_PHASE_CRUISE);
            wait_ns[i] = flow.bbr.bw_probe_wait_ns;
        }
        assert_int_equal(wait_ns[0], wait_ns[1]);
        least_ns = wait_ns[0] < least_ns ? wait_ns[0] : least_ns;
        most_ns = wait_ns[0] > most_ns ? wait_ns[0] : most_ns;
    }
    assert_true(least_ns >= 2 * BBR_S && least_ns < 2 * BBR_S + 50 * BBR_MS);
    assert_true(most_ns <= 3 * BBR_S && most_ns > 3 * BBR_S - 50 * BBR_MS);
}

// Round trips in which Reno would have grown back: the pipe in segments, 63 at most.
static void small_pipes_are_probed_after_so_many_rounds(void **state)
{
    (void)state;
    bbr_flow_reach(&flow, TCP_BBR_PHASE_CRUISE);
    flow.rtt_ns = BBR_MS; // 63 of them are less than 2 s
    bbr_flow_round(&flow);
    uint32_t rounds = flow.bbr.rounds_since_probe_up;
    flow.bbr.min_rtt_ns = 100 * BBR_MS;
    while (flow.bbr.phase == TCP_BBR_PHASE_CRUISE) {
        bbr_flow_round(&flow);
        rounds++;
        assert_true(rounds <= 63);
    }
    // 1000 octets per ms: the pipe is one segment, and four more are the window's least.
    assert_int_equal(flow.bbr.min_rtt_ns, BBR_MS);
    assert_true(rounds < 5);
}

static void down_goes_straight_to_refill_when_its_time_is_over(void **state)
{
    (void)state;
    flow.flight_bytes = 2 * BBR_BDP;
    bbr_flow_reach(&flow, TCP_BBR_PHASE_DOWN);
    flow.rtt_ns = BBR_S;
    flow.bbr.probe_rtt_min_stamp_ns = flow.now_ns + 100 * BBR_S;
    bbr_flow_rounds(&flow, 2);
    bbr_flow_expect(&flow, TCP_BBR_PHASE_DOWN);
    bbr_flow_rounds(&flow, 1);
    bbr_flow_expect(&flow, TCP_BBR_PHASE_REFILL);
}

// A round trip of ten acknowledgments; gives by how much the bound has grown in it.
static uint32_t growth_in_a_round(void)
{
    uint32_t before = flow.bbr.inflight_longterm;
    flow.acked_bytes = flow.cc.cwnd_bytes / 10 + 1;
    flow.rtt_ns = 10 * BBR_MS;
    for (uint32_t i = 0; i < 9; i++) {
        bbr_flow_ack(&flow);
    }
    bbr_flow_round(&flow);
    return flow.bbr.inflight_longterm - before;
}

static void up_raises_a_long_term_bound_faster_each_round(void **state)
{
    (void)state;
    bbr_flow_reach(&flow, TCP_BBR_PHASE_UP);
    flow.bbr.inflight_longterm = flow.cc.cwnd_bytes = BBR_BDP;
    flow.bbr.probe_up_acked_per_inc = BBR_BDP;
    flow.is_cwnd_limited = true;
    for (uint32_t growth = 1; growth <= 16; growth *= 2) {
        assert_int_equal(growth_in_a_round(), growth * BBR_MSS);
        bbr_flow_expect(&flow, TCP_BBR_PHASE_UP); // the bound holds it: the pipe is not full
    }
    flow.is_cwnd_limited = false;
    assert_int_equal(growth_in_a_round(), 0);
}

static void limited_refill_does_not_lower_the_bandwidth(void **state)
{
    (void)state;
    bbr_flow_reach(&flow, TCP_BBR_PHASE_REFILL);
    flow.is_app_limited = true;
    flow.bw = BBR_BW / 10;
    bbr_flow_round(&flow);
    bbr_flow_expect(&flow, TCP_BBR_PHASE_UP);
    assert_int_equal(flow.bbr.max_bw, BBR_BW);
    bbr_flow_rounds(&flow, 10); // and while limited Up does not end
    bbr_flow_expect(&flow, TCP_BBR_PHASE_UP);
}

// The model

static void bandwidth_of_two_cycles_counts(void **state)
{
    (void)state;
    bbr_flow_reach(&flow, TCP_BBR_PHASE_CRUISE);
    flow.bw = BBR_BW / 2;
    flow.acked_bytes = flow.flight_bytes = BBR_BDP / 2;
    bbr_flow_reach(&flow, TCP_BBR_PHASE_UP);
    assert_int_equal(flow.bbr.max_bw, BBR_BW);
    bbr_flow_reach(&flow, TCP_BBR_PHASE_DOWN);
    assert_int_equal(flow.bbr.max_bw, BBR_BW); // of Startup, the cycle before
    bbr_flow_rounds(&flow, 2);                 // the last samples of the probe have come
    assert_int_equal(flow.bbr.max_bw, BBR_BW / 2);
}

static void higher_bandwidth_is_found_at_once(void **state)
{
    (void)state;
    bbr_flow_reach(&flow, TCP_BBR_PHASE_UP);
    for (uint32_t i = 0; i < 10; i++) {
        flow.bw = flow.bw * 130 / 100;
        bbr_flow_round(&flow);
        bbr_flow_expect(&flow, TCP_BBR_PHASE_UP); // it grows: the probe goes on
        assert_int_equal(flow.bbr.max_bw, flow.bw);
    }
    assert_true(flow.bbr.bw > 10 * BBR_BW);
}

static void least_round_trip_is_forgotten_after_ten_seconds(void **state)
{
    (void)state;
    bbr_flow_reach(&flow, TCP_BBR_PHASE_CRUISE);
    assert_int_equal(flow.bbr.min_rtt_ns, 100 * BBR_MS);
    flow.rtt_ns = 90 * BBR_MS;
    bbr_flow_round(&flow);
    assert_int_equal(flow.bbr.min_rtt_ns, 90 * BBR_MS); // less counts at once
    flow.rtt_ns = 150 * BBR_MS;
    flow.flight_bytes = BBR_MSS;
    uint64_t begin_ns = flow.now_ns;
    while (flow.now_ns <= begin_ns + 10 * BBR_S) {
        assert_int_equal(flow.bbr.min_rtt_ns, 90 * BBR_MS);
        bbr_flow_round(&flow);
    }
    bbr_flow_rounds(&flow, 2);
    assert_int_equal(flow.bbr.min_rtt_ns, 150 * BBR_MS);
}

// What comes together beyond the bandwidth is remembered for ten rounds, in Startup for one.
static void aggregation_widens_the_window_for_ten_rounds(void **state)
{
    (void)state;
    bbr_flow_reach(&flow, TCP_BBR_PHASE_CRUISE);
    flow.acked_bytes = BBR_BDP * 9 / 10; // less than expected: no aggregate
    bbr_flow_rounds(&flow, 12);
    flow.acked_bytes = BBR_BDP;
    uint32_t before = flow.bbr.extra_acked;
    flow.rtt_ns = BBR_MS;
    flow.acked_bytes = 60000;
    bbr_flow_ack(&flow);
    bbr_flow_ack(&flow);
    uint32_t extra = flow.bbr.extra_acked;
    assert_true(extra > before && extra >= 110000);
    flow.rtt_ns = 100 * BBR_MS;
    flow.acked_bytes = BBR_MSS;
    bbr_flow_rounds(&flow, 10);
    assert_int_equal(flow.bbr.extra_acked, extra);
    bbr_flow_round(&flow);
    assert_true(flow.bbr.extra_acked < extra);
}

static void window_holds_four_segments_however_small_the_pipe(void **state)
{
    (void)state;
    flow.bw = 1000; // a tenth of a segment in 100 ms
    flow.acked_bytes = flow.flight_bytes = flow.volume_bytes = 100;
    flow.tx_in_flight_bytes = BBR_MSS;
    bbr_flow_reach(&flow, TCP_BBR_PHASE_CRUISE);
    bbr_flow_rounds(&flow, 10);
    assert_in_range(flow.cc.cwnd_bytes, 4 * BBR_MSS, 7 * BBR_MSS);
    assert_int_equal(flow.cc.pacing_rate, 990);
}

// ProbeRTT

static void queue_that_stands_for_five_seconds_leads_to_a_probe(void **state)
{
    (void)state;
    bbr_flow_reach(&flow, TCP_BBR_PHASE_CRUISE);
    flow.rtt_ns = 150 * BBR_MS;
    flow.flight_bytes = 150000;
    uint64_t begin_ns = flow.bbr.empty_seen_ns;
    bool holds_back = false;
    while (flow.bbr.phase != TCP_BBR_PHASE_PROBE_RTT) {
        assert_true(flow.now_ns <= begin_ns + 5 * BBR_S + flow.rtt_ns);
        holds_back = bbr_flow_round(&flow);
    }
    assert_true(flow.now_ns > begin_ns + 5 * BBR_S);
    assert_true(holds_back); // its samples are no measure of the path
    assert_in_range(flow.cc.cwnd_bytes, BBR_BDP / 2, BBR_BDP * 3 / 4);
    assert_int_equal(flow.bbr.probe_rtt_done_stamp_ns, 0); // too much is in flight yet
}

static void probe_lasts_a_round_trip_and_200_ms_and_the_window_is_back(void **state)
{
    (void)state;
    bbr_flow_reach(&flow, TCP_BBR_PHASE_CRUISE);
    bbr_flow_rounds(&flow, 5);
    uint32_t cwnd = flow.cc.cwnd_bytes;
    flow.bbr.probe_rtt_min_stamp_ns -= 11 * BBR_S;
    flow.rtt_ns = 110 * BBR_MS;
    bbr_flow_round(&flow);
    bbr_flow_expect(&flow, TCP_BBR_PHASE_PROBE_RTT);
    flow.flight_bytes = BBR_BDP / 2;
    bbr_flow_ack(&flow);
    assert_int_equal(flow.bbr.probe_rtt_done_stamp_ns, flow.now_ns + 200 * BBR_MS);
    bbr_flow_ack(&flow);
    bbr_flow_ack(&flow);
    bbr_flow_expect(&flow, TCP_BBR_PHASE_PROBE_RTT); // 220 ms, and no round trip
    bbr_flow_round(&flow);
    bbr_flow_expect(&flow, TCP_BBR_PHASE_CRUISE);
    assert_true(flow.cc.cwnd_bytes >= cwnd);
    assert_int_equal(flow.bbr.probe_rtt_min_stamp_ns, flow.now_ns);
}

static void probe_in_startup_leads_back_to_startup(void **state)
{
    (void)state;
    flow.is_app_limited = true;
    bbr_flow_round(&flow);
    flow.bbr.probe_rtt_min_stamp_ns -= 11 * BBR_S;
    flow.rtt_ns = 110 * BBR_MS;
    flow.flight_bytes = 0;
    bbr_flow_round(&flow);
    bbr_flow_expect(&flow, TCP_BBR_PHASE_PROBE_RTT);
    bbr_flow_rounds(&flow, 3);
    bbr_flow_expect(&flow, TCP_BBR_PHASE_STARTUP);
}

static void idle_flow_needs_no_probe(void **state)
{
    (void)state;
    bbr_flow_reach(&flow, TCP_BBR_PHASE_CRUISE);
    flow.now_ns += 6 * BBR_S;
    struct tcp_cc_restart restart = {.now_ns = flow.now_ns, .is_app_limited = true};
    uint32_t cwnd = flow.cc.cwnd_bytes;
    flow.cc.ops->on_idle(&flow.cc, BBR_MSS, 10);
    flow.cc.ops->on_restart(&flow.cc, &restart);
    assert_int_equal(flow.cc.cwnd_bytes, cwnd);
    assert_int_equal(flow.cc.pacing_rate, BBR_BW); // at the bandwidth, no burst
    bbr_flow_round(&flow);
    assert_int_not_equal(flow.bbr.phase, TCP_BBR_PHASE_PROBE_RTT);
}

static void probe_that_is_over_ends_before_an_idle_flow_sends(void **state)
{
    (void)state;
    bbr_flow_reach(&flow, TCP_BBR_PHASE_CRUISE);
    flow.bbr.probe_rtt_min_stamp_ns -= 11 * BBR_S;
    flow.flight_bytes = 0;
    flow.rtt_ns = 110 * BBR_MS;
    bbr_flow_rounds(&flow, 1);
    bbr_flow_expect(&flow, TCP_BBR_PHASE_PROBE_RTT);
    struct tcp_cc_restart restart = {.now_ns = flow.now_ns + 100 * BBR_MS, .is_app_limited = true};
    flow.cc.ops->on_restart(&flow.cc, &restart);
    bbr_flow_expect(&flow, TCP_BBR_PHASE_PROBE_RTT);
    restart.now_ns = flow.now_ns + 201 * BBR_MS;
    flow.cc.ops->on_restart(&flow.cc, &restart);
    bbr_flow_expect(&flow, TCP_BBR_PHASE_CRUISE);
}

// Another flow probes, and the queue is empty for less than a second of five: for 10 s only.
static void queue_that_others_empty_does_not_put_the_probe_off(void **state)
{
    (void)state;
    bbr_flow_reach(&flow, TCP_BBR_PHASE_CRUISE);
    bool is_probing = false;
    for (uint32_t round = 0; round < 100; round++) {
        flow.rtt_ns = (round % 20 < 9 ? 100 : 130) * BBR_MS;
        bbr_flow_round(&flow);
        is_probing = is_probing || flow.bbr.phase == TCP_BBR_PHASE_PROBE_RTT;
    }
    assert_true(is_probing);
    assert_int_equal(flow.bbr.min_rtt_ns, 100 * BBR_MS);
}

// From the least round trip to ProbeRTT, when one of so many tells of no queue and the others do.
static uint64_t time_to_probe(uint32_t rounds_per_empty)
{
    bbr_flow_init(&flow, 1);
    bbr_flow_reach(&flow, TCP_BBR_PHASE_CRUISE);
    uint64_t begin_ns = flow.bbr.probe_rtt_min_stamp_ns = flow.now_ns;
    for (uint32_t round = 1; flow.bbr.phase != TCP_BBR_PHASE_PROBE_RTT; round++) {
        assert_true(round <= 100);
        flow.rtt_ns = (round % rounds_per_empty == 0 ? 100 : 130) * BBR_MS;
        bbr_flow_round(&flow);
    }
    return flow.now_ns - begin_ns;
}

static void queue_that_is_empty_now_and_then_puts_the_probe_off_to_ten_seconds(void **state)
{
    (void)state;
    assert_in_range(time_to_probe(UINT32_MAX), 5 * BBR_S, 5 * BBR_S + 130 * BBR_MS);
    assert_in_range(time_to_probe(20), 10 * BBR_S, 10 * BBR_S + 130 * BBR_MS);
    assert_in_range(time_to_probe(60), 5 * BBR_S, 5 * BBR_S + 130 * BBR_MS); // 7.8 s: too seldom
}

// Within a 64th of 100 ms and a millisecond, for as long as it lasts.
static void round_trip_without_a_queue_puts_the_probe_off(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 2; i++) {
        bbr_flow_init(&flow, 1);
        bbr_flow_reach(&flow, TCP_BBR_PHASE_CRUISE);
        flow.rtt_ns = 101 * BBR_MS + 100 * BBR_MS / 64 + i;
        bool is_probing = false;
        for (uint32_t round = 0; round < 60; round++) {
            bbr_flow_round(&flow);
            is_probing = is_probing || flow.bbr.phase == TCP_BBR_PHASE_PROBE_RTT;
        }
        assert_int_equal(is_probing, i == 1);
        assert_int_equal(flow.bbr.probe_rtt_min_delay_ns == 100 * BBR_MS, i == 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(first_pace_is_the_initial_window_per_round_trip, setup),
        cmocka_unit_test_setup(startup_doubles_while_the_rate_grows, setup),
        cmocka_unit_test_setup(three_rounds_without_growth_fill_the_pipe, setup),
        cmocka_unit_test_setup(growth_of_a_quarter_begins_the_count_anew, setup),
        cmocka_unit_test_setup(application_never_fills_the_pipe, setup),
        cmocka_unit_test_setup(drain_ends_when_the_pipe_holds_what_is_in_flight, setup),
        cmocka_unit_test_setup(drain_ends_after_three_rounds, setup),
        cmocka_unit_test_setup(a_cycle_goes_down_cruises_refills_and_goes_up, setup),
        cmocka_unit_test_setup(cruise_sends_less_than_is_delivered_only_behind_a_queue, setup),
        cmocka_unit_test_setup(window_is_two_pipes_and_a_quarter_more_while_going_up, setup),
        cmocka_unit_test_setup(wait_between_probes_is_random_and_given_by_the_seed, setup),
        cmocka_unit_test_setup(small_pipes_are_probed_after_so_many_rounds, setup),
        cmocka_unit_test_setup(down_goes_straight_to_refill_when_its_time_is_over, setup),
        cmocka_unit_test_setup(up_raises_a_long_term_bound_faster_each_round, setup),
        cmocka_unit_test_setup(limited_refill_does_not_lower_the_bandwidth, setup),
        cmocka_unit_test_setup(bandwidth_of_two_cycles_counts, setup),
        cmocka_unit_test_setup(higher_bandwidth_is_found_at_once, setup),
        cmocka_unit_test_setup(least_round_trip_is_forgotten_after_ten_seconds, setup),
        cmocka_unit_test_setup(aggregation_widens_the_window_for_ten_rounds, setup),
        cmocka_unit_test_setup(window_holds_four_segments_however_small_the_pipe, setup),
        cmocka_unit_test_setup(queue_that_stands_for_five_seconds_leads_to_a_probe, setup),
        cmocka_unit_test_setup(probe_lasts_a_round_trip_and_200_ms_and_the_window_is_back, setup),
        cmocka_unit_test_setup(probe_in_startup_leads_back_to_startup, setup),
        cmocka_unit_test_setup(idle_flow_needs_no_probe, setup),
        cmocka_unit_test_setup(probe_that_is_over_ends_before_an_idle_flow_sends, setup),
        cmocka_unit_test_setup(queue_that_others_empty_does_not_put_the_probe_off, setup),
        cmocka_unit_test_setup(queue_that_is_empty_now_and_then_puts_the_probe_off_to_ten_seconds,
                               setup),
        cmocka_unit_test_setup(round_trip_without_a_queue_puts_the_probe_off, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
