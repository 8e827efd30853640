// SPDX-License-Identifier: MIT
//
// HyStart++ step by step: the thresholds, samples and rounds of RFC 9406 §4.2 and §4.3.
#include "lib/test_cmocka.h"
#include "tcp/tcp_cc.h"

enum { MSS = 1000 };

static struct tcp_cc open_cc(void)
{
    struct tcp_cc cc = {.ops = &tcp_cc_newreno};
    tcp_cc_open(&cc, MSS, 10);
    return cc;
}

// A round of `samples` acknowledgments of a segment each, all with the same round-trip time.
static void play_round(struct tcp_cc *cc, uint32_t samples, uint64_t rtt_us)
{
    for (uint32_t i = 0; i < samples; i++) {
        struct tcp_cc_ack ack = {.acked_bytes = MSS,
                                 .mss_bytes = MSS,
                                 .is_limited_by_cwnd = true,
                                 .is_round_end = i == samples - 1,
                                 .rtt_ns = rtt_us * 1000};
        cc->ops->on_ack(cc, &ack);
    }
}

static bool is_css(const struct tcp_cc *cc)
{
    return cc->own.newreno.hystart.is_css;
}

// RttThresh = max (4 ms, min (lastRoundMinRTT / 8, 16 ms))
static void rise_is_judged_by_an_eighth_between_4_and_16_ms(void **state)
{
    (void)state;
    static const struct {
        uint64_t last_us, threshold_us;
    } rows[] = {{100, 4000},     {32000, 4000},   {40000, 5000},
                {100000, 12500}, {128000, 16000}, {600000, 16000}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct tcp_cc below = open_cc(), at = open_cc();
        play_round(&below, 10, rows[i].last_us);
        play_round(&below, 10, rows[i].last_us + rows[i].threshold_us - 1);
        assert_false(is_css(&below));
        play_round(&at, 10, rows[i].last_us);
        play_round(&at, 10, rows[i].last_us + rows[i].threshold_us);
        assert_true(is_css(&at));
    }
}

static void rise_needs_eight_samples(void **state)
{
    (void)state;
    struct tcp_cc seven = open_cc(), eight = open_cc();
    play_round(&seven, 10, 40000);
    play_round(&eight, 10, 40000);
    play_round(&seven, 7, 90000);
    play_round(&eight, 8, 90000);
    assert_false(is_css(&seven));
    assert_true(is_css(&eight));
}

static void rise_needs_a_round_before(void **state)
{
    (void)state;
    struct tcp_cc cc = open_cc();
    play_round(&cc, 100, 90000);
    assert_false(is_css(&cc));
}

// Without samples, as from a peer without timestamps, slow start goes on as it was.
static void acknowledgments_without_samples_double_the_window(void **state)
{
    (void)state;
    struct tcp_cc cc = open_cc();
    for (uint32_t round = 0; round < 6; round++) {
        uint32_t window = cc.cwnd_bytes;
        play_round(&cc, window / MSS, 0);
        assert_int_equal(cc.cwnd_bytes, 2 * window);
    }
}

// CSS_GROWTH_DIVISOR 4, CSS_ROUNDS 5: the round in which it began counts as the first.
static void conservative_slow_start_grows_by_a_quarter_for_five_rounds(void **state)
{
    (void)state;
    struct tcp_cc cc = open_cc();
    play_round(&cc, 10, 40000);
    play_round(&cc, 8, 50000); // the eighth sample tells it
    assert_true(is_css(&cc));
    for (uint32_t round = 2; round <= 5; round++) {
        uint32_t window = cc.cwnd_bytes;
        assert_true(tcp_cc_is_initial_slow_start(&cc));
        play_round(&cc, 16, 50000);
        assert_int_equal(cc.cwnd_bytes, window + 4 * MSS);
    }
    assert_int_equal(cc.ssthresh_bytes, cc.cwnd_bytes);
}

// cssBaselineMinRtt: the rise was an accident, and slow start goes on.
static void fall_below_the_baseline_resumes_slow_start(void **state)
{
    (void)state;
    struct tcp_cc cc = open_cc();
    play_round(&cc, 10, 40000);
    play_round(&cc, 10, 60000);
    assert_true(is_css(&cc));
    play_round(&cc, 7, 59999);
    assert_true(is_css(&cc)); // too few to tell
    play_round(&cc, 8, 59999);
    assert_false(is_css(&cc));
    uint32_t window = cc.cwnd_bytes;
    play_round(&cc, 10, 59999);
    assert_int_equal(cc.cwnd_bytes, window + 10 * MSS);
}

// A queue that begins in the middle of a round is seen in that round, when no burst can be
// taken for one.
static void rise_late_in_a_round_is_seen_in_it(void **state)
{
    (void)state;
    struct tcp_cc cc = open_cc();
    play_round(&cc, 10, 40000);
    struct tcp_cc_ack ack = {
        .acked_bytes = MSS, .mss_bytes = MSS, .is_limited_by_cwnd = true, .rtt_ns = 40000000};
    ack.is_paced = true;
    for (uint32_t i = 0; i < 16; i++) {
        cc.ops->on_ack(&cc, &ack);
    }
    assert_false(is_css(&cc));
    ack.rtt_ns = 45000000;
    for (uint32_t i = 0; i < 8; i++) {
        assert_false(is_css(&cc));
        cc.ops->on_ack(&cc, &ack);
    }
    assert_true(is_css(&cc));
}

// The queue goes on growing while the window grows by a quarter: it is no accident.
static void second_rise_ends_slow_start(void **state)
{
    (void)state;
    struct tcp_cc cc = open_cc();
    play_round(&cc, 10, 40000);
    play_round(&cc, 8, 48000);
    assert_true(is_css(&cc));
    play_round(&cc, 8, 53999);
    assert_true(tcp_cc_is_initial_slow_start(&cc));
    play_round(&cc, 8, 54000); // an eighth of 48 ms above them
    assert_int_equal(cc.ssthresh_bytes, cc.cwnd_bytes);
}

static void loss_ends_it_for_good(void **state)
{
    (void)state;
    struct tcp_cc cc = open_cc();
    struct tcp_cc_loss loss = {.flight_bytes = 40 * MSS, .mss_bytes = MSS};
    play_round(&cc, 10, 40000);
    cc.ops->on_timeout(&cc, &loss);
    play_round(&cc, 8, 80000);
    play_round(&cc, 8, 120000);
    assert_false(is_css(&cc));
    assert_int_equal(cc.ssthresh_bytes, 20 * MSS);
}

// §4.3: L = 8 without pacing, none with it.
static void one_acknowledgment_adds_at_most_eight_segments_unless_paced(void **state)
{
    (void)state;
    struct tcp_cc cc = open_cc();
    struct tcp_cc_ack ack = {.acked_bytes = 20 * MSS, .mss_bytes = MSS, .is_limited_by_cwnd = true};
    cc.ops->on_ack(&cc, &ack);
    assert_int_equal(cc.cwnd_bytes, 18 * MSS);
    ack.is_paced = true;
    cc.ops->on_ack(&cc, &ack);
    assert_int_equal(cc.cwnd_bytes, 38 * MSS);
}

static void window_that_is_not_used_does_not_grow_but_rounds_pass(void **state)
{
    (void)state;
    struct tcp_cc cc = open_cc();
    struct tcp_cc_ack ack = {
        .acked_bytes = MSS, .mss_bytes = MSS, .is_round_end = true, .rtt_ns = 40000000};
    cc.ops->on_ack(&cc, &ack);
    assert_int_equal(cc.cwnd_bytes, 10 * MSS);
    assert_int_equal(cc.own.newreno.hystart.last_round_min_us, 40000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rise_is_judged_by_an_eighth_between_4_and_16_ms),
        cmocka_unit_test(rise_needs_eight_samples),
        cmocka_unit_test(rise_needs_a_round_before),
        cmocka_unit_test(acknowledgments_without_samples_double_the_window),
        cmocka_unit_test(conservative_slow_start_grows_by_a_quarter_for_five_rounds),
        cmocka_unit_test(fall_below_the_baseline_resumes_slow_start),
        cmocka_unit_test(rise_late_in_a_round_is_seen_in_it),
        cmocka_unit_test(second_rise_ends_slow_start),
        cmocka_unit_test(loss_ends_it_for_good),
        cmocka_unit_test(one_acknowledgment_adds_at_most_eight_segments_unless_paced),
        cmocka_unit_test(window_that_is_not_used_does_not_grow_but_rounds_pass),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
