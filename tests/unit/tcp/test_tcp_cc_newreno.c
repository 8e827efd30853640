// SPDX-License-Identifier: MIT
//
// NewReno's window by itself: the values of RFC 5681, 6928 and 3465, and the edges of 32 bits.
#include <stdbool.h>

#include "lib/test_cmocka.h"
#include "lib/test_rows.h"
#include "tcp/tcp_cc.h"

static struct tcp_cc open_with(uint32_t mss_bytes, uint32_t segments)
{
    struct tcp_cc cc = {.ops = &tcp_cc_newreno};
    tcp_cc_open(&cc, mss_bytes, segments);
    return cc;
}

static void acknowledge(struct tcp_cc *cc, uint32_t bytes, uint32_t mss_bytes)
{
    struct tcp_cc_ack ack = {
        .acked_bytes = bytes, .mss_bytes = mss_bytes, .is_limited_by_cwnd = true};
    cc->ops->on_ack(cc, &ack);
}

static struct tcp_cc_loss loss_of(uint32_t flight_bytes, uint32_t mss_bytes)
{
    return (struct tcp_cc_loss){.flight_bytes = flight_bytes, .mss_bytes = mss_bytes};
}

// RFC 6928 §2: min (10*MSS, max (2*MSS, 14600))
static void initial_window_is_that_of_rfc_6928(void **state)
{
    (void)state;
    static const struct {
        uint32_t mss, window;
    } rows[] = {{1460, 14600}, {536, 5360},   {1000, 10000}, {1461, 14600},   {7299, 14600},
                {7300, 14600}, {7301, 14602}, {9000, 18000}, {65495, 130990}, {52, 520}};
    for (uint32_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct tcp_cc cc = open_with(rows[i].mss, 10);
        assert_int_equal(cc.cwnd_bytes, rows[i].window);
        assert_true(cc.ssthresh_bytes >= 1u << 30); // arbitrarily high
    }
}

// RFC 5681 §3.1: after a lost SYN no more than one segment.
static void initial_window_of_one_segment_is_one_segment(void **state)
{
    (void)state;
    assert_int_equal(open_with(1460, 1).cwnd_bytes, 1460);
    assert_int_equal(open_with(536, 1).cwnd_bytes, 536);
}

// RFC 5681 §3.1 eq. 2, RFC 3465 §2.2
static void slow_start_doubles_per_round_trip(void **state)
{
    (void)state;
    struct tcp_cc cc = open_with(1000, 10);
    for (uint32_t round = 0; round < 5; round++) {
        uint32_t window = cc.cwnd_bytes;
        for (uint32_t acked = 0; acked < window; acked += 2000) {
            acknowledge(&cc, 2000, 1000);
        }
        assert_int_equal(cc.cwnd_bytes, 2 * window);
    }
}

// L: RFC 9406 §4.3 for the first slow start, RFC 3465 §2.2 for those after a loss
static void slow_start_gains_at_most_eight_segments_at_first_and_two_later(void **state)
{
    (void)state;
    struct tcp_cc cc = open_with(1000, 10);
    acknowledge(&cc, 10000, 1000);
    assert_int_equal(cc.cwnd_bytes, 18000);
    struct tcp_cc_loss loss = loss_of(40000, 1000);
    cc.ops->on_timeout(&cc, &loss);
    acknowledge(&cc, 10000, 1000);
    assert_int_equal(cc.cwnd_bytes, 3000);
}

// RFC 5681 §3.1 eq. 3: about one segment per round trip
static void congestion_avoidance_adds_a_segment_per_round_trip(void **state)
{
    (void)state;
    struct tcp_cc cc = open_with(1000, 10);
    cc.ssthresh_bytes = 10000;
    for (uint32_t round = 0; round < 20; round++) {
        uint32_t window = cc.cwnd_bytes;
        for (uint32_t acked = 0; acked < window; acked += 1000) {
            acknowledge(&cc, 1000, 1000);
        }
        assert_int_equal(cc.cwnd_bytes, window + 1000);
    }
}

// Savage 1999: one acknowledgment per octet gains what one for all would.
static void hist_144_dividing_acknowledgments_gains_nothing(void **state)
{
    (void)state;
    struct tcp_cc whole = open_with(1000, 10);
    struct tcp_cc divided = open_with(1000, 10);
    for (uint32_t i = 0; i < 10; i++) {
        acknowledge(&whole, 1000, 1000);
    }
    for (uint32_t i = 0; i < 10000; i++) {
        acknowledge(&divided, 1, 1000);
    }
    assert_int_equal(divided.cwnd_bytes, whole.cwnd_bytes);
    whole.ssthresh_bytes = divided.ssthresh_bytes = 1000;
    for (uint32_t i = 0; i < 100; i++) {
        acknowledge(&whole, 1000, 1000);
    }
    for (uint32_t i = 0; i < 100000; i++) {
        acknowledge(&divided, 1, 1000);
    }
    assert_int_equal(divided.cwnd_bytes, whole.cwnd_bytes);
}

static void window_that_is_not_used_does_not_grow(void **state)
{
    (void)state;
    struct tcp_cc cc = open_with(1000, 10);
    struct tcp_cc_ack ack = {.acked_bytes = 1000, .mss_bytes = 1000, .is_limited_by_cwnd = false};
    cc.ops->on_ack(&cc, &ack);
    assert_int_equal(cc.cwnd_bytes, 10000);
    struct tcp_cc_loss loss = loss_of(40000, 1000);
    cc.ops->on_timeout(&cc, &loss); // in slow start after a loss
    cc.ops->on_ack(&cc, &ack);
    assert_int_equal(cc.cwnd_bytes, 1000);
    cc.cwnd_bytes = cc.ssthresh_bytes; // and in congestion avoidance
    for (uint32_t i = 0; i < 100; i++) {
        cc.ops->on_ack(&cc, &ack);
    }
    assert_int_equal(cc.cwnd_bytes, cc.ssthresh_bytes);
}

static void window_does_not_grow_while_a_loss_is_repaired(void **state)
{
    (void)state;
    struct tcp_cc cc = open_with(1000, 10);
    struct tcp_cc_ack ack = {
        .acked_bytes = 1000, .mss_bytes = 1000, .is_limited_by_cwnd = true, .is_recovering = true};
    cc.ops->on_ack(&cc, &ack);
    cc.ssthresh_bytes = 1000;
    for (uint32_t i = 0; i < 100; i++) {
        cc.ops->on_ack(&cc, &ack);
    }
    assert_int_equal(cc.cwnd_bytes, 10000);
}

// RFC 5681 §3.1 eq. 4
static void loss_halves_the_flight_but_not_below_two_segments(void **state)
{
    (void)state;
    static const struct {
        uint32_t flight, threshold;
    } rows[] = {{20000, 10000},
                {4001, 2000},
                {4000, 2000},
                {3999, 2000},
                {1000, 2000},
                {0, 2000},
                {UINT32_MAX, UINT32_MAX / 2}};
    for (uint32_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct tcp_cc cc = open_with(1000, 10);
        struct tcp_cc_loss loss = loss_of(rows[i].flight, 1000);
        cc.ops->on_loss(&cc, &loss);
        assert_int_equal(cc.ssthresh_bytes, rows[i].threshold);
        assert_int_equal(cc.cwnd_bytes, rows[i].threshold);
        cc.ops->on_timeout(&cc, &loss);
        assert_int_equal(cc.ssthresh_bytes, rows[i].threshold);
        assert_int_equal(cc.cwnd_bytes, 1000); // LW
    }
}

static void recovered_window_is_the_threshold_or_what_is_in_flight(void **state)
{
    (void)state;
    struct tcp_cc cc = open_with(1000, 10);
    struct tcp_cc_loss loss = loss_of(20000, 1000);
    cc.ops->on_loss(&cc, &loss);
    struct tcp_cc_loss much = loss_of(15000, 1000);
    cc.ops->on_recovered(&cc, &much);
    assert_int_equal(cc.cwnd_bytes, 10000);
    struct tcp_cc_loss little = loss_of(3000, 1000);
    cc.ops->on_recovered(&cc, &little);
    assert_int_equal(cc.cwnd_bytes, 4000);
    struct tcp_cc_loss nothing = loss_of(0, 1000);
    cc.ops->on_recovered(&cc, &nothing);
    assert_int_equal(cc.cwnd_bytes, 2000);
}

// RFC 5681 §4.1
// RFC 3465 §2.1 counts towards the window as it is.
static void what_was_counted_before_a_pause_is_worth_one_segment(void **state)
{
    (void)state;
    struct tcp_cc cc = open_with(1000, 10);
    struct tcp_cc_loss loss = loss_of(60000, 1000);
    cc.ops->on_loss(&cc, &loss);
    acknowledge(&cc, 29999, 1000); // one octet short of a window
    cc.ops->on_idle(&cc, 1000, 1);
    cc.ssthresh_bytes = 1000;
    acknowledge(&cc, 1, 1000);
    assert_int_equal(cc.cwnd_bytes, 2000);
    acknowledge(&cc, 1, 1000);
    assert_int_equal(cc.cwnd_bytes, 2000);
}

static void idle_window_is_at_most_the_initial_one(void **state)
{
    (void)state;
    struct tcp_cc cc = open_with(1000, 10);
    cc.cwnd_bytes = 50000;
    cc.ops->on_idle(&cc, 1000, 10);
    assert_int_equal(cc.cwnd_bytes, 10000);
    cc.cwnd_bytes = 3000;
    cc.ops->on_idle(&cc, 1000, 10);
    assert_int_equal(cc.cwnd_bytes, 3000);
}

static void window_of_any_history_stays_within_bounds(void **state)
{
    (void)state;
    static const uint32_t sizes[] = {52, 536, 1460, 65495};
    for (uint32_t s = 0; s < 4; s++) {
        struct tcp_cc cc = open_with(sizes[s], 254);
        for (uint32_t i = 0; i < 100000; i++) {
            acknowledge(&cc, UINT32_C(1) << 30, sizes[s]);
            assert_true(cc.cwnd_bytes >= sizes[s] && cc.cwnd_bytes <= UINT32_C(1) << 30);
        }
        cc.ssthresh_bytes = 2 * sizes[s];
        for (uint32_t i = 0; i < 1000; i++) {
            acknowledge(&cc, UINT32_C(1) << 30, sizes[s]);
            assert_true(cc.cwnd_bytes <= UINT32_C(1) << 30);
        }
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(initial_window_is_that_of_rfc_6928),
        cmocka_unit_test(initial_window_of_one_segment_is_one_segment),
        cmocka_unit_test(slow_start_doubles_per_round_trip),
        cmocka_unit_test(slow_start_gains_at_most_eight_segments_at_first_and_two_later),
        cmocka_unit_test(congestion_avoidance_adds_a_segment_per_round_trip),
        cmocka_unit_test(hist_144_dividing_acknowledgments_gains_nothing),
        cmocka_unit_test(window_that_is_not_used_does_not_grow),
        cmocka_unit_test(window_does_not_grow_while_a_loss_is_repaired),
        cmocka_unit_test(loss_halves_the_flight_but_not_below_two_segments),
        cmocka_unit_test(recovered_window_is_the_threshold_or_what_is_in_flight),
        cmocka_unit_test(what_was_counted_before_a_pause_is_worth_one_segment),
        cmocka_unit_test(idle_window_is_at_most_the_initial_one),
        cmocka_unit_test(window_of_any_history_stays_within_bounds),
    };
    return test_rows_main(argc, argv, tests, sizeof tests / sizeof tests[0], test_rows_run);
}
