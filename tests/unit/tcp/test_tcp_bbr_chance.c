// SPDX-License-Identifier: MIT
//
// What a path loses by itself, and that BBR does not give way to it: without a queue, behind one
// when it is known, and where that ends.
#include "bbr_flow.h"

static struct bbr_flow flow;

static int setup(void **state)
{
    (void)state;
    bbr_flow_init(&flow, 1);
    return 0;
}

// The share, two standard deviations and LossThresh: (10 + 2 * sqrt(10) + 2) of 100 segments.
static void losses_of_a_probe_without_a_queue_end_it_above_what_a_path_may_lose(void **state)
{
    (void)state;
    bbr_flow_reach(&flow, TCP_BBR_PHASE_UP);
    bbr_flow_lose(&flow, BBR_BDP, 18000);
    bbr_flow_expect(&flow, TCP_BBR_PHASE_UP);
    assert_int_equal(flow.bbr.inflight_longterm, TCP_BBR_INFINITE_BYTES);
    bbr_flow_lose(&flow, BBR_BDP, 19000);
    bbr_flow_expect(&flow, TCP_BBR_PHASE_DOWN);
    assert_int_not_equal(flow.bbr.inflight_longterm, TCP_BBR_INFINITE_BYTES);
}

static void lose_segments(uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        bbr_flow_lose(&flow, BBR_BDP, BBR_MSS);
    }
    bbr_flow_round(&flow);
    bbr_flow_recover(&flow);
}

static void cruise_holds_its_rate_while_nothing_waits(void **state)
{
    (void)state;
    bbr_flow_reach(&flow, TCP_BBR_PHASE_CRUISE);
    flow.bw = BBR_BW * 9 / 10;
    bbr_flow_rounds(&flow, 3);
    for (uint32_t i = 0; i < 5; i++) {
        lose_segments(5);
        bbr_flow_expect(&flow, TCP_BBR_PHASE_CRUISE);
        assert_int_equal(flow.bbr.bw_shortterm, TCP_BBR_INFINITE_RATE);
    }
    lose_segments(30); // of 130: no path does that
    assert_int_not_equal(flow.bbr.bw_shortterm, TCP_BBR_INFINITE_RATE);
}

static void one_loss_behind_a_queue_slows_down(void **state)
{
    (void)state;
    bbr_flow_reach(&flow, TCP_BBR_PHASE_CRUISE);
    flow.bw = BBR_BW * 9 / 10;
    bbr_flow_rounds(&flow, 3);
    flow.has_queue = true;
    lose_segments(1);
    assert_int_not_equal(flow.bbr.bw_shortterm, TCP_BBR_INFINITE_RATE);
}

// A thousand segments between probes, of which so many are lost; then there is a queue.
static void learn(enum tcp_bbr_phase phase, bool has_queue, uint32_t lost_segments)
{
    bbr_flow_init(&flow, 1);
    bbr_flow_reach(&flow, TCP_BBR_PHASE_CRUISE);
    flow.bbr.chance_bytes = 0;
    flow.bbr.phase = (uint8_t)phase;
    flow.bbr.queue_seen_ns = flow.bbr.now_ns - (has_queue ? 0 : BBR_S);
    tcp_bbr_chance_on_delivered(&flow.bbr, (1000 - lost_segments) * BBR_MSS);
    tcp_bbr_chance_on_lost(&flow.bbr, lost_segments * BBR_MSS);
    flow.bbr.queue_seen_ns = flow.bbr.now_ns;
}

static bool is_exceeded(uint32_t segments, uint32_t of_segments)
{
    return tcp_bbr_chance_is_exceeded(&flow.bbr, (uint64_t)segments * BBR_MSS,
                                      (uint64_t)of_segments * BBR_MSS, 0);
}

static void share_seen_without_a_queue_is_expected_behind_one(void **state)
{
    (void)state;
    learn(TCP_BBR_PHASE_CRUISE, false, 40);
    assert_false(is_exceeded(4 + 4, 100)); // 4 and twice their root
    assert_true(is_exceeded(4 + 5, 100));
    assert_false(is_exceeded(400 + 40, 10000));
    assert_true(is_exceeded(400 + 41, 10000));
    learn(TCP_BBR_PHASE_CRUISE, false, 300); // but at most a tenth
    assert_true(is_exceeded(1000 + 64, 10000));
    assert_false(is_exceeded(1000 + 63, 10000));
}

static void losses_behind_a_queue_and_of_probes_teach_nothing(void **state)
{
    (void)state;
    learn(TCP_BBR_PHASE_CRUISE, true, 40);
    assert_true(is_exceeded(1, 10000));
    learn(TCP_BBR_PHASE_UP, false, 40);
    assert_true(is_exceeded(1, 10000));
}

static void share_is_forgotten_when_the_path_loses_nothing_any_more(void **state)
{
    (void)state;
    learn(TCP_BBR_PHASE_CRUISE, false, 40);
    for (uint32_t i = 0; i < 20; i++) {
        tcp_bbr_chance_on_delivered(&flow.bbr, 512 * BBR_MSS);
    }
    assert_true(is_exceeded(1, 100));
    learn(TCP_BBR_PHASE_CRUISE, false, 1); // and one loss is less than it looks at first
    assert_true(is_exceeded(2, 100));
}

static void queue_of_a_quarter_round_trip_ago_still_counts(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 2; i++) {
        bbr_flow_init(&flow, 1);
        bbr_flow_reach(&flow, TCP_BBR_PHASE_CRUISE);
        flow.bbr.queue_seen_ns = flow.bbr.now_ns - BBR_RTT_MS * BBR_MS / 4 - i;
        assert_int_equal(is_exceeded(5, 100), i == 0);
    }
}

// Of 1000 segments 960 are delivered: for 960 to be delivered 1000 must go.
static void what_the_path_loses_by_itself_is_sent_beyond_the_bandwidth(void **state)
{
    (void)state;
    learn(TCP_BBR_PHASE_CRUISE, false, 40);
    assert_in_range(tcp_bbr_chance_outweigh(&flow.bbr, 960000), 999500, 1000000);
    learn(TCP_BBR_PHASE_CRUISE, false, 300); // but at most a tenth
    assert_in_range(tcp_bbr_chance_outweigh(&flow.bbr, 900000), 999500, 1000000);
    learn(TCP_BBR_PHASE_CRUISE, false, 0);
    assert_int_equal(tcp_bbr_chance_outweigh(&flow.bbr, 960000), 960000);
    learn(TCP_BBR_PHASE_CRUISE, true, 40);
    assert_int_equal(tcp_bbr_chance_outweigh(&flow.bbr, 960000), 960000);
}

static void pacing_outweighs_what_the_path_loses(void **state)
{
    (void)state;
    bbr_flow_reach(&flow, TCP_BBR_PHASE_CRUISE);
    flow.bbr.chance_bytes = 1000 * BBR_MSS;
    flow.bbr.chance_lost_bytes = 30 * BBR_MSS;
    tcp_cc_bbr_pace(&flow.cc, 100);
    assert_in_range(flow.cc.pacing_rate, BBR_BW * 100 / 97 - 1000, BBR_BW * 100 / 97);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(losses_of_a_probe_without_a_queue_end_it_above_what_a_path_may_lose,
                               setup),
        cmocka_unit_test_setup(cruise_holds_its_rate_while_nothing_waits, setup),
        cmocka_unit_test_setup(one_loss_behind_a_queue_slows_down, setup),
        cmocka_unit_test_setup(share_seen_without_a_queue_is_expected_behind_one, setup),
        cmocka_unit_test_setup(losses_behind_a_queue_and_of_probes_teach_nothing, setup),
        cmocka_unit_test_setup(share_is_forgotten_when_the_path_loses_nothing_any_more, setup),
        cmocka_unit_test_setup(what_the_path_loses_by_itself_is_sent_beyond_the_bandwidth, setup),
        cmocka_unit_test_setup(pacing_outweighs_what_the_path_loses, setup),
        cmocka_unit_test_setup(queue_of_a_quarter_round_trip_ago_still_counts, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
