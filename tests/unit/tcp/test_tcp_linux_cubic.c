// SPDX-License-Identifier: MIT
//
// CUBIC_STEPS and HYSTART: the window counted in segments, acknowledgment by acknowledgment.
#include "lib/test_cmocka.h"
#include "tcp/tcp_cc.h"

#define MS UINT64_C(1000000)

enum { MSS = 1000 };

// A connection that acknowledges two segments every 100 ms, its least round trip.
struct flow {
    struct tcp_cc cc;
    uint64_t now_ns, acked_bytes;
};

static struct flow begin(uint32_t segments, uint32_t ssthresh_bytes)
{
    struct flow flow = {.cc = {.ops = &tcp_cc_cubic}};
    tcp_cc_open(&flow.cc, MSS, segments);
    flow.cc.ssthresh_bytes = ssthresh_bytes;
    return flow;
}

static uint32_t acknowledge(struct flow *flow, uint32_t segments, uint64_t rtt_ns,
                            uint32_t flight_bytes)
{
    flow->now_ns += 100 * MS;
    flow->acked_bytes += segments * MSS;
    struct tcp_cc_ack ack = {.acked_bytes = segments * MSS,
                             .flight_bytes = flight_bytes,
                             .mss_bytes = MSS,
                             .is_limited_by_cwnd = true,
                             .counts_all = true,
                             .has_plain_hystart = true,
                             .moves_by_segments = true,
                             .rtt_ns = rtt_ns,
                             .srtt_ns = rtt_ns,
                             .rtt_min_ns = 100 * MS,
                             .delivered_bytes = flow->acked_bytes,
                             .now_ns = flow->now_ns};
    flow->cc.ops->on_ack(&flow->cc, &ack);
    return flow->cc.cwnd_bytes / MSS;
}

// W_max is not known: one for twenty, until the curve is steeper; then one for two at most.
static void steps_follow_the_curve_in_whole_segments(void **state)
{
    (void)state;
    static const struct {
        uint32_t acks, cwnd;
    } rows[] = {{10, 49}, {11, 49}, {20, 50}, {31, 52}, {41, 58}, {42, 59}, {43, 60}, {51, 68}};
    struct flow flow = begin(48, 48 * MSS);
    uint32_t acks = 0;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint32_t cwnd = 0;
        while (acks < rows[i].acks) {
            cwnd = acknowledge(&flow, 2, 100 * MS, 48 * MSS);
            assert_int_equal(flow.cc.cwnd_bytes % MSS, 0);
            acks++;
        }
        assert_int_equal(cwnd, rows[i].cwnd);
    }
}

// What lies below ssthresh grows as slow start has it, and the rest of the acknowledgment counts.
static void steps_begin_where_slow_start_ends(void **state)
{
    (void)state;
    struct flow flow = begin(10, 11 * MSS);
    assert_int_equal(acknowledge(&flow, 2, 100 * MS, 10 * MSS), 11);
    assert_int_equal(flow.cc.own.cubic.credit, 1);
}

// An idle time does not lead up the curve.
static void steps_do_not_count_idle_time(void **state)
{
    (void)state;
    struct flow flow = begin(48, 48 * MSS);
    assert_int_equal(acknowledge(&flow, 2, 100 * MS, 0), 48);
    flow.now_ns += 10000 * MS;
    struct tcp_cc_restart restart = {.now_ns = flow.now_ns, .moves_by_segments = true};
    flow.cc.ops->on_restart(&flow.cc, &restart);
    for (uint32_t i = 0; i < 8; i++) {
        assert_int_equal(acknowledge(&flow, 2, 100 * MS, 48 * MSS), 48);
    }
}

// RFC 7661 §4.2: a window that was not full was not tried out, and does not grow.
static void steps_do_not_grow_a_window_that_was_not_full(void **state)
{
    (void)state;
    struct flow flow = begin(48, 48 * MSS);
    struct tcp_cc_ack ack = {.acked_bytes = 40 * MSS,
                             .mss_bytes = MSS,
                             .moves_by_segments = true,
                             .rtt_ns = 100 * MS,
                             .srtt_ns = 100 * MS,
                             .rtt_min_ns = 100 * MS,
                             .now_ns = 100 * MS};
    flow.cc.ops->on_ack(&flow.cc, &ack);
    assert_int_equal(flow.cc.cwnd_bytes, 48 * MSS);
    assert_int_equal(flow.cc.own.cubic.credit, 0);
}

static void steps_cut_to_whole_segments(void **state)
{
    (void)state;
    struct flow flow = begin(48, 48 * MSS);
    struct tcp_cc_loss loss = {
        .flight_bytes = 48 * MSS, .mss_bytes = MSS, .moves_by_segments = true};
    flow.cc.ops->on_loss(&flow.cc, &loss);
    assert_int_equal(flow.cc.ssthresh_bytes, 33 * MSS);
}

// Nine samples of a round that began with the first; the window before the ninth stays.
static void hystart_ends_at_the_ninth_sample_of_a_round(void **state)
{
    (void)state;
    struct flow flow = begin(20, TCP_CC_SSTHRESH_INITIAL);
    for (uint32_t i = 0; i < 8; i++) {
        acknowledge(&flow, 2, 140 * MS, 40 * MSS);
        assert_true(tcp_cc_is_initial_slow_start(&flow.cc));
    }
    assert_int_equal(acknowledge(&flow, 2, 140 * MS, 40 * MSS), 36);
    assert_int_equal(flow.cc.ssthresh_bytes, 36 * MSS);
}

// A round that ends before takes its samples along.
static void hystart_counts_samples_of_one_round_only(void **state)
{
    (void)state;
    struct flow flow = begin(20, TCP_CC_SSTHRESH_INITIAL);
    for (uint32_t i = 0; i < 30; i++) {
        acknowledge(&flow, 2, 140 * MS, 12 * MSS); // rounds of seven acknowledgments
    }
    assert_true(tcp_cc_is_initial_slow_start(&flow.cc));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps_follow_the_curve_in_whole_segments),
        cmocka_unit_test(steps_begin_where_slow_start_ends),
        cmocka_unit_test(steps_do_not_count_idle_time),
        cmocka_unit_test(steps_do_not_grow_a_window_that_was_not_full),
        cmocka_unit_test(steps_cut_to_whole_segments),
        cmocka_unit_test(hystart_ends_at_the_ninth_sample_of_a_round),
        cmocka_unit_test(hystart_counts_samples_of_one_round_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
