// SPDX-License-Identifier: MIT
//
// CUBIC's integers against the formulas of RFC 9438 in long double, and its answers to each event
// one by one. What it makes of whole paths: test_tcp_cc_path.c.
#include <math.h>

#include "lib/test_cmocka.h"
#include "lib/test_random.h"
#include "tcp/tcp_cc.h"

#define MS UINT64_C(1000000)

enum { MSS = 1000 };

static struct tcp_cc open_cubic(void)
{
    struct tcp_cc cc = {.ops = &tcp_cc_cubic};
    tcp_cc_open(&cc, MSS, 10);
    return cc;
}

static void acknowledge(struct tcp_cc *cc, uint32_t bytes, uint64_t now_ns)
{
    struct tcp_cc_ack ack = {.acked_bytes = bytes,
                             .mss_bytes = MSS,
                             .is_limited_by_cwnd = true,
                             .srtt_ns = 100 * MS,
                             .now_ns = now_ns};
    cc->ops->on_ack(cc, &ack);
}

static void lose(struct tcp_cc *cc, uint32_t flight_bytes)
{
    struct tcp_cc_loss loss = {.flight_bytes = flight_bytes, .mss_bytes = MSS};
    cc->ops->on_loss(cc, &loss);
}

static void undo(struct tcp_cc *cc, bool was_timeout)
{
    struct tcp_cc_undo undo = {.was_timeout = was_timeout,
                               .flight_bytes = 50000,
                               .acked_bytes = 2000,
                               .mss_bytes = MSS,
                               .initial_segments = 10};
    cc->ops->on_undo(cc, &undo);
}

// Every cube of 64 bits, and its two neighbours: the root is exact.
static void cubic_root_is_the_largest_whose_cube_fits(void **state)
{
    (void)state;
    assert_int_equal(tcp_cc_cubic_root(0), 0);
    for (uint64_t root = 1; root <= 2642245; root++) {
        uint64_t cube = root * root * root;
        if (tcp_cc_cubic_root(cube - 1) != root - 1 || tcp_cc_cubic_root(cube) != root
            || tcp_cc_cubic_root(cube + 1) != root) {
            fail_msg("root %llu", (unsigned long long)root);
        }
    }
    assert_int_equal(tcp_cc_cubic_root(UINT64_MAX), 2642245);
}

// RFC 9438 §4.2: K = cbrt((W_max - cwnd_epoch) / C), in seconds and segments
static void k_is_less_than_a_millisecond_short(void **state)
{
    (void)state;
    uint64_t seed = 1;
    for (uint32_t i = 0; i < 200000; i++) {
        uint32_t mss = 64 + (uint32_t)(test_random(&seed) % 9000);
        uint32_t w_max = (uint32_t)(test_random(&seed) % (1 << 30)) >> test_random(&seed) % 20;
        uint32_t cwnd = (uint32_t)(test_random(&seed) % (w_max + 1));
        long double segments = (long double)(w_max - cwnd) / mss;
        long double k_ms = 1000 * cbrtl(segments / 0.4L);
        long double got = tcp_cc_cubic_k_ms(w_max, cwnd, mss);
        if (got > k_ms + 0.001L || got < k_ms - 1.001L) {
            fail_msg("W_max %u, cwnd %u, MSS %u", w_max, cwnd, mss);
        }
    }
    assert_int_equal(tcp_cc_cubic_k_ms(1000, 1000, MSS), 0);
    assert_int_equal(tcp_cc_cubic_k_ms(1000, 2000, MSS), 0);
    // 100 segments reduced by 0.3: cbrt(30 / 0.4) = 4.217 s
    assert_int_equal(tcp_cc_cubic_k_ms(100 * MSS, 70 * MSS, MSS), 4217);
}

// RFC 9438 §4.2: W_cubic(t) = C * (t - K)^3 + W_max
static void window_is_the_curve_within_its_tolerance(void **state)
{
    (void)state;
    uint64_t seed = 2;
    for (uint32_t i = 0; i < 200000; i++) {
        uint32_t mss = 64 + (uint32_t)(test_random(&seed) % 9000);
        uint32_t w_max = (uint32_t)(test_random(&seed) % (1 << 30)) >> test_random(&seed) % 20;
        int64_t ms = (int64_t)(test_random(&seed) % 2097152 >> test_random(&seed) % 20);
        ms = test_random(&seed) % 2 == 0 ? -ms : ms;
        long double s = (long double)ms / 1000;
        long double curve = 0.4L * s * s * s * mss + w_max;
        curve = curve < 0 ? 0 : curve;
        curve = curve > TCP_CC_CWND_MAX ? TCP_CC_CWND_MAX : curve;
        long double got = tcp_cc_cubic_window(w_max, ms, mss);
        if (fabsl(got - curve) > 2 + (long double)mss / 10000) {
            fail_msg("W_max %u, %lld ms, MSS %u: %u", w_max, (long long)ms, mss, (uint32_t)got);
        }
    }
    assert_int_equal(tcp_cc_cubic_window(5000, INT32_MAX, MSS), TCP_CC_CWND_MAX);
    assert_int_equal(tcp_cc_cubic_window(5000, INT32_MIN, MSS), 0);
}

// §4.6: ssthresh = 0.7 * FlightSize, at least two segments; a mark goes down to one.
static void loss_leaves_seven_tenths_of_the_flight(void **state)
{
    (void)state;
    static const struct {
        uint32_t flight, ssthresh, cwnd_loss, cwnd_mark;
    } rows[] = {
        {100000, 70000, 70000, 70000}, {2858, 2000, 2000, 2000},
        {2000, 2000, 2000, 1400},      {1000, 2000, 2000, 1000},
        {0, 2000, 2000, 1000},         {UINT32_C(1) << 30, 751619276, 751619276, 751619276}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct tcp_cc cc = open_cubic();
        lose(&cc, rows[i].flight);
        assert_int_equal(cc.ssthresh_bytes, rows[i].ssthresh);
        assert_int_equal(cc.cwnd_bytes, rows[i].cwnd_loss);
        struct tcp_cc_loss mark = {
            .flight_bytes = rows[i].flight, .mss_bytes = MSS, .is_ecn = true};
        cc = open_cubic();
        cc.ops->on_loss(&cc, &mark);
        assert_int_equal(cc.ssthresh_bytes, rows[i].ssthresh);
        assert_int_equal(cc.cwnd_bytes, rows[i].cwnd_mark);
    }
}

// §4.7: W_max = cwnd * 0.85 when the window had not come back to W_max.
static void fast_convergence_gives_way_to_others(void **state)
{
    (void)state;
    struct tcp_cc cc = open_cubic();
    cc.cwnd_bytes = 100000;
    lose(&cc, 100000);
    assert_int_equal(cc.own.cubic.w_max_bytes, 100000);
    cc.cwnd_bytes = 80000;
    lose(&cc, 80000);
    assert_int_equal(cc.own.cubic.w_max_bytes, 68000);
    cc.cwnd_bytes = 68000; // back at it: no further
    lose(&cc, 68000);
    assert_int_equal(cc.own.cubic.w_max_bytes, 68000);
}

// §4.8: one segment, then slow start, then a curve whose W_max is where it begins.
static void timeout_starts_the_next_curve_at_the_threshold(void **state)
{
    (void)state;
    struct tcp_cc cc = open_cubic();
    cc.cwnd_bytes = 100000;
    struct tcp_cc_loss loss = {.flight_bytes = 100000, .mss_bytes = MSS};
    cc.ops->on_timeout(&cc, &loss);
    assert_int_equal(cc.ssthresh_bytes, 70000);
    assert_int_equal(cc.cwnd_bytes, MSS);
    uint64_t now_ns = 10 * MS;
    while (cc.cwnd_bytes < cc.ssthresh_bytes) {
        uint32_t before = cc.cwnd_bytes;
        acknowledge(&cc, 2 * MSS, now_ns);
        assert_int_equal(cc.cwnd_bytes, before + 2 * MSS);
        assert_int_equal(cc.own.cubic.w_est, 0);
    }
    uint32_t window = cc.cwnd_bytes;
    acknowledge(&cc, MSS, now_ns);
    assert_int_equal(cc.own.cubic.w_max_bytes, window);
    assert_int_equal(cc.own.cubic.apex_ms, 10); // K = 0
}

// §4.2, §5.8: two windows live the same life, but one is not used for an hour.
static void time_without_use_does_not_count(void **state)
{
    (void)state;
    struct tcp_cc busy = open_cubic(), rested = open_cubic();
    busy.cwnd_bytes = rested.cwnd_bytes = 100000;
    lose(&busy, 100000);
    lose(&rested, 100000);
    uint64_t rest_ns = 0;
    for (uint64_t i = 0; i < 20000; i++) {
        acknowledge(&busy, MSS, i * MS);
        acknowledge(&rested, MSS, i * MS + rest_ns);
        if (i == 5000) {
            struct tcp_cc_ack idle = {.acked_bytes = MSS, .mss_bytes = MSS};
            for (uint32_t s = 1; s <= 3600; s++) {
                idle.now_ns = i * MS + s * 1000 * MS;
                rested.ops->on_ack(&rested, &idle);
            }
            rest_ns = 3600 * 1000 * MS;
        }
    }
    assert_true(busy.cwnd_bytes > 100000);
    assert_int_equal(rested.cwnd_bytes, busy.cwnd_bytes);
}

// RFC 5681 §4.1: W_max is kept, the curve begins where slow start ends.
static void idle_restart_begins_a_new_curve_to_the_same_height(void **state)
{
    (void)state;
    struct tcp_cc cc = open_cubic();
    cc.cwnd_bytes = 100000;
    lose(&cc, 100000);
    acknowledge(&cc, MSS, 0);
    cc.ops->on_idle(&cc, MSS, 10);
    assert_int_equal(cc.cwnd_bytes, 10 * MSS);
    while (cc.cwnd_bytes < cc.ssthresh_bytes) {
        acknowledge(&cc, 2 * MSS, 60000 * MS);
    }
    acknowledge(&cc, MSS, 60000 * MS);
    assert_int_equal(cc.own.cubic.w_max_bytes, 100000);
    assert_int_equal(cc.own.cubic.apex_ms, 60000 + 4217);
    assert_true(cc.cwnd_bytes < 72000);
}

// §4.10: after HyStart++ there is no W_max: K = 0, and cwnd_prior is the window.
static void first_slow_start_without_a_loss_leads_to_the_convex_part(void **state)
{
    (void)state;
    struct tcp_cc cc = open_cubic();
    struct tcp_cc_ack ack = {.acked_bytes = MSS, .mss_bytes = MSS, .is_limited_by_cwnd = true};
    uint64_t rtt_ms = 100;
    for (uint32_t round = 0; tcp_cc_is_initial_slow_start(&cc); round++, rtt_ms += 20) {
        for (uint32_t i = 0; i < 8; i++) {
            ack.rtt_ns = rtt_ms * MS;
            ack.is_round_end = i == 7;
            cc.ops->on_ack(&cc, &ack);
        }
        assert_true(round < 10);
    }
    assert_int_equal(cc.ssthresh_bytes, cc.cwnd_bytes);
    assert_int_equal(cc.cwnd_prior_bytes, cc.cwnd_bytes);
    uint32_t window = cc.cwnd_bytes;
    acknowledge(&cc, MSS, 7 * MS);
    assert_int_equal(cc.own.cubic.w_max_bytes, window);
    assert_int_equal(cc.own.cubic.apex_ms, 7);
}

// §4.9.2: as if nothing had happened.
static void undone_loss_leaves_no_trace(void **state)
{
    (void)state;
    struct tcp_cc cc = open_cubic();
    cc.cwnd_bytes = 100000;
    lose(&cc, 100000);
    for (uint64_t i = 0; i < 3000; i++) {
        acknowledge(&cc, MSS, i * MS);
    }
    struct tcp_cc before = cc;
    lose(&cc, 90000);
    assert_true(cc.cwnd_bytes < before.cwnd_bytes);
    undo(&cc, false);
    assert_int_equal(cc.cwnd_bytes, before.cwnd_bytes);
    assert_int_equal(cc.ssthresh_bytes, before.ssthresh_bytes);
    assert_int_equal(cc.cwnd_prior_bytes, before.cwnd_prior_bytes);
    assert_int_equal(cc.own.cubic.w_max_bytes, before.own.cubic.w_max_bytes);
    assert_int_equal(cc.own.cubic.apex_ms, before.own.cubic.apex_ms);
    assert_int_equal(cc.own.cubic.w_est >> 24, before.own.cubic.w_est >> 24);
}

static void undo_comes_too_late_when_the_window_is_back(void **state)
{
    (void)state;
    struct tcp_cc cc = open_cubic();
    cc.cwnd_bytes = 20000;
    lose(&cc, 20000);
    uint64_t now_ns = 0;
    while (cc.cwnd_bytes < 20000) {
        acknowledge(&cc, MSS, now_ns += MS);
    }
    struct tcp_cc before = cc;
    undo(&cc, false);
    assert_int_equal(cc.cwnd_bytes, before.cwnd_bytes);
    assert_int_equal(cc.ssthresh_bytes, before.ssthresh_bytes);
}

// RFC 4015 §3.1 step 9: FlightSize + min (bytes_acked, IW), and slow start up to pipe_prev.
static void undone_timeout_sends_no_burst(void **state)
{
    (void)state;
    struct tcp_cc cc = open_cubic();
    cc.cwnd_bytes = 100000;
    lose(&cc, 100000);
    struct tcp_cc_loss loss = {.flight_bytes = 66000, .mss_bytes = MSS};
    cc.ops->on_timeout(&cc, &loss);
    assert_int_equal(cc.cwnd_bytes, MSS);
    undo(&cc, true);
    assert_int_equal(cc.cwnd_bytes, 52000);
    assert_int_equal(cc.ssthresh_bytes, 70000);
}

// A first loss that was none: slow start goes on.
static void undone_first_loss_returns_to_slow_start(void **state)
{
    (void)state;
    struct tcp_cc cc = open_cubic();
    lose(&cc, 10000);
    undo(&cc, false);
    assert_int_equal(cc.cwnd_bytes, 10000);
    assert_true(tcp_cc_is_initial_slow_start(&cc));
    acknowledge(&cc, MSS, 0);
    assert_int_equal(cc.cwnd_bytes, 11000);
}

static void window_does_not_grow_while_a_loss_is_repaired(void **state)
{
    (void)state;
    struct tcp_cc cc = open_cubic();
    cc.cwnd_bytes = 100000;
    lose(&cc, 100000);
    struct tcp_cc_ack ack = {
        .acked_bytes = MSS, .mss_bytes = MSS, .is_limited_by_cwnd = true, .is_recovering = true};
    for (uint32_t i = 0; i < 1000; i++) {
        ack.now_ns = i * 100 * MS;
        cc.ops->on_ack(&cc, &ack);
    }
    assert_int_equal(cc.cwnd_bytes, 70000);
}

// §4.2: at most half as much again per window, and never beyond what the arithmetic bears.
static void window_of_any_history_stays_within_bounds(void **state)
{
    (void)state;
    uint64_t seed = 3;
    for (uint32_t run = 0; run < 200; run++) {
        struct tcp_cc cc = open_cubic();
        uint64_t now_ns = test_random(&seed) >> 4;
        for (uint32_t i = 0; i < 2000; i++) {
            uint32_t before = cc.cwnd_bytes;
            bool avoids = before >= cc.ssthresh_bytes;
            uint32_t acked = 1 + (uint32_t)(test_random(&seed) % (before + MSS));
            now_ns += test_random(&seed) % (10000 * MS);
            switch (test_random(&seed) % 40) {
            case 0: lose(&cc, before); break;
            case 1: undo(&cc, run % 2 == 0); break;
            case 2: cc.ops->on_idle(&cc, MSS, 10); break;
            default:
                acknowledge(&cc, acked, now_ns);
                assert_true(!avoids || cc.cwnd_bytes <= before + before / 2 + MSS);
                break;
            }
            assert_true(cc.cwnd_bytes >= MSS && cc.cwnd_bytes <= TCP_CC_CWND_MAX);
        }
    }
}

// A window of another algorithm is taken over as it is.
static void switched_algorithm_keeps_the_window(void **state)
{
    (void)state;
    struct tcp_cc cc = {.ops = &tcp_cc_newreno};
    tcp_cc_open(&cc, MSS, 10);
    cc.cwnd_bytes = 80000;
    lose(&cc, 80000);
    tcp_cc_switch(&cc, &tcp_cc_cubic, NULL);
    assert_int_equal(cc.cwnd_bytes, 40000);
    assert_int_equal(cc.ssthresh_bytes, 40000);
    acknowledge(&cc, MSS, 5 * MS);
    assert_int_equal(cc.own.cubic.w_max_bytes, 40000);
    assert_int_equal(cc.own.cubic.apex_ms, 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cubic_root_is_the_largest_whose_cube_fits),
        cmocka_unit_test(k_is_less_than_a_millisecond_short),
        cmocka_unit_test(window_is_the_curve_within_its_tolerance),
        cmocka_unit_test(loss_leaves_seven_tenths_of_the_flight),
        cmocka_unit_test(fast_convergence_gives_way_to_others),
        cmocka_unit_test(timeout_starts_the_next_curve_at_the_threshold),
        cmocka_unit_test(time_without_use_does_not_count),
        cmocka_unit_test(idle_restart_begins_a_new_curve_to_the_same_height),
        cmocka_unit_test(first_slow_start_without_a_loss_leads_to_the_convex_part),
        cmocka_unit_test(undone_loss_leaves_no_trace),
        cmocka_unit_test(undo_comes_too_late_when_the_window_is_back),
        cmocka_unit_test(undone_timeout_sends_no_burst),
        cmocka_unit_test(undone_first_loss_returns_to_slow_start),
        cmocka_unit_test(window_does_not_grow_while_a_loss_is_repaired),
        cmocka_unit_test(window_of_any_history_stays_within_bounds),
        cmocka_unit_test(switched_algorithm_keeps_the_window),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
