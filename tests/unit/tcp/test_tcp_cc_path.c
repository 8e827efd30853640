// SPDX-License-Identifier: MIT
//
// What the algorithms make of a path: CUBIC's window over time against the formulas of RFC 9438 in
// double precision, the average window under periodic loss against the response functions of §5
// and of Reno, and HyStart++ in front of a queue. The path is a model (cc_path.h), and nothing in
// it is random.
#include <math.h>
#include <stdio.h>

#include "cc_path.h"
#include "lib/test_cmocka.h"

// RFC 9438 as written, in segments and seconds: what the window follows after one loss.
struct curve {
    double w_max, cwnd_epoch, k, w_est, cwnd_prior;
};

static struct curve begin_curve(double w_max, double cwnd_epoch)
{
    double k = cbrt((w_max - cwnd_epoch) / 0.4);
    return (struct curve){w_max, cwnd_epoch, k, cwnd_epoch, w_max};
}

static double cubic_at(const struct curve *curve, double t)
{
    return 0.4 * pow(t - curve->k, 3) + curve->w_max;
}

static double larger(double a, double b)
{
    return a > b ? a : b;
}

// One acknowledgment of one segment while the window is `cwnd`, §4.3 eq. 4.
static void estimate(struct curve *curve, double cwnd)
{
    double alpha = curve->w_est < curve->cwnd_prior ? 3 * 0.3 / 1.7 : 1;
    curve->w_est += alpha / cwnd;
}

static double segments(const struct cc_path *path)
{
    return (double)path->cc.cwnd_bytes / CC_PATH_MSS;
}

// After a loss with the path and half a queue full. The window follows W_cubic(t + RTT) at a
// (target - cwnd)-th per window, so that it lies between the curve now and a round trip later.
static void follow(uint64_t mbps, uint64_t rtt_ms)
{
    struct cc_path *path =
        cc_path_create(&tcp_cc_cubic, 4 * mbps * 1000000, rtt_ms * CC_PATH_MS, UINT32_MAX);
    double rtt = (double)rtt_ms / 1000;
    path->cc.cwnd_bytes = (uint32_t)(mbps * 1000000 / 8 * rtt_ms / 1000 * 3 / 2);
    path->cc.cwnd_bytes += 10 * CC_PATH_MSS;
    struct tcp_cc_loss loss = {.flight_bytes = path->cc.cwnd_bytes, .mss_bytes = CC_PATH_MSS};
    double w_max = segments(path);
    path->cc.ops->on_loss(&path->cc, &loss);
    struct curve curve = begin_curve(w_max, segments(path));
    cc_path_turn(path);
    uint64_t begin_ns = path->now_ns;
    double end = larger(1.6 * curve.k, 30 * rtt);
    double t = 0;
    while (t < end) {
        estimate(&curve, segments(path));
        double low = larger(cubic_at(&curve, t - rtt), curve.w_est);
        double high = larger(cubic_at(&curve, t + rtt), curve.w_est);
        if (segments(path) < 0.99 * low - 1 || segments(path) > 1.01 * high + 1) {
            fail_msg("%u Mbit/s, %u ms, t = %.3f s: %.1f, not %.1f to %.1f", (uint32_t)mbps,
                     (uint32_t)rtt_ms, t, segments(path), low, high);
        }
        cc_path_turn(path);
        t = (double)(path->now_ns - begin_ns) / 1e9;
    }
    assert_true(segments(path) > w_max); // it has come back, and beyond
    cc_path_destroy(path);
}

static void window_after_a_loss_follows_the_curve_or_the_estimate(void **state)
{
    (void)state;
    static const uint64_t mbps[] = {10, 100, 1000}, rtt_ms[] = {10, 40, 200};
    for (uint32_t i = 0; i < 9; i++) {
        follow(mbps[i / 3], rtt_ms[i % 3]);
    }
}

// Every `every`-th packet is lost: the average window over 20 losses, after 20 to settle. It begins
// near the formula's: a window that loses it in the flat of its curve hardly moves from there.
static double average_window(const struct tcp_cc_ops *ops, uint64_t rtt_ms, uint32_t every,
                             double formula)
{
    struct cc_path *path = cc_path_create(ops, 0, rtt_ms * CC_PATH_MS, UINT32_MAX);
    path->loss_every = every;
    path->cc.ssthresh_bytes = (uint32_t)(formula * CC_PATH_MSS);
    while (path->losses < 20) {
        cc_path_turn(path);
    }
    uint64_t begin_ns = path->now_ns, delivered = path->delivered;
    while (path->losses < 40) {
        cc_path_turn(path);
    }
    double rounds = (double)(path->now_ns - begin_ns) / (double)(rtt_ms * CC_PATH_MS);
    double window = (double)(path->delivered - delivered) / rounds;
    cc_path_destroy(path);
    return window;
}

static void check_response(const struct tcp_cc_ops *ops, uint32_t rtt_ms, uint32_t every,
                           double formula)
{
    double got = average_window(ops, rtt_ms, every, formula);
    printf("%-7s %3u ms, 1 of %6u lost: average window %6.1f, by the formula %6.1f: %.2f\n",
           ops->name, rtt_ms, every, got, formula, got / formula);
    assert_true(fabs(got / formula - 1) <= 0.15);
}

// RFC 9438 §5 eq. 7: 1.054 * RTT^(3/4) / p^(3/4), where that is above Reno's window. The formula
// leaves fast convergence out, which costs up to an eighth.
static void cubic_under_periodic_loss_has_the_window_of_its_response_function(void **state)
{
    (void)state;
    static const struct {
        uint32_t rtt_ms, every;
    } rows[] = {{40, 100000}, {100, 10000}, {100, 100000}, {100, 1000000},
                {200, 1000},  {200, 10000}, {200, 100000}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        double formula = 1.054 * pow(rows[i].rtt_ms / 1000.0 * rows[i].every, 0.75);
        check_response(&tcp_cc_cubic, rows[i].rtt_ms, rows[i].every, formula);
    }
}

// RFC 9438 §5.1, tables 1 and 2: where Reno is the faster one CUBIC has its window, which is
// sqrt (3/2 / p) for AIMD(1, 1/2).
static void cubic_on_short_paths_has_renos_window(void **state)
{
    (void)state;
    static const uint32_t every[] = {100, 1000, 10000, 100000};
    for (size_t i = 0; i < sizeof every / sizeof every[0]; i++) {
        double formula = sqrt(1.5 * every[i]);
        check_response(&tcp_cc_cubic, 10, every[i], formula);
        check_response(&tcp_cc_newreno, 10, every[i], formula);
    }
}

struct start {
    uint64_t lost;
    double window; // in paths, when slow start was over
};

// Slow start into a queue of so many times what the path holds, and three round trips more.
static struct start start_on(uint64_t mbps, uint64_t rtt_ms, uint32_t queue_paths, bool has_rtt)
{
    struct cc_path *path = cc_path_create(&tcp_cc_cubic, mbps * 1000000, rtt_ms * CC_PATH_MS, 0);
    path->queue_bytes = (uint32_t)cc_path_bdp(path) * queue_paths;
    path->has_no_rtt = !has_rtt;
    while (tcp_cc_is_initial_slow_start(&path->cc)) {
        cc_path_turn(path);
    }
    double window = (double)path->cc.cwnd_bytes / (double)cc_path_bdp(path);
    cc_path_run_until(path, path->now_ns + 3 * path->rtt_ns);
    struct start start = {path->lost, window};
    cc_path_destroy(path);
    return start;
}

static const struct {
    uint64_t mbps, rtt_ms;
} STARTS[] = {{10, 40}, {10, 100}, {10, 200}, {100, 40}, {100, 100}, {100, 200}, {1000, 40}};

enum { STARTS_COUNT = sizeof STARTS / sizeof STARTS[0] };

// A round trip's least sample is that of its first packets, so that the window is 2.25 to 4.5 paths
// when the rise is seen, and five rounds of 1.25 later at most 15. A queue for that never drops;
// without HyStart++ any queue does.
static void hystart_leaves_slow_start_before_a_deep_queue_overflows(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < STARTS_COUNT; i++) {
        struct start with = start_on(STARTS[i].mbps, STARTS[i].rtt_ms, 14, true);
        struct start without = start_on(STARTS[i].mbps, STARTS[i].rtt_ms, 14, false);
        printf("%4u Mbit/s, %3u ms: over at %4.1f paths; without it: %u lost\n",
               (uint32_t)STARTS[i].mbps, (uint32_t)STARTS[i].rtt_ms, with.window,
               (uint32_t)without.lost);
        assert_int_equal(with.lost, 0);
        assert_true(with.window >= 2 && with.window <= 15);
        assert_true(without.lost > 0);
    }
}

// A queue of two paths is full before the five rounds are over, but it is entered slowly.
static void hystart_loses_less_in_a_shallow_queue(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < STARTS_COUNT; i++) {
        struct start with = start_on(STARTS[i].mbps, STARTS[i].rtt_ms, 2, true);
        struct start without = start_on(STARTS[i].mbps, STARTS[i].rtt_ms, 2, false);
        printf("%4u Mbit/s, %3u ms: %5u lost; without it: %5u\n", (uint32_t)STARTS[i].mbps,
               (uint32_t)STARTS[i].rtt_ms, (uint32_t)with.lost, (uint32_t)without.lost);
        assert_true(with.lost * 4 <= without.lost * 3);
    }
}

// The second minute of a long path with a queue of half of it.
static void cubic_fills_a_long_path_and_newreno_does_not(void **state)
{
    (void)state;
    static const struct tcp_cc_ops *const ops[] = {&tcp_cc_cubic, &tcp_cc_newreno};
    double share[2];
    for (uint32_t i = 0; i < 2; i++) {
        struct cc_path *path = cc_path_create(ops[i], 400000000, 100 * CC_PATH_MS, 0);
        path->queue_bytes = (uint32_t)cc_path_bdp(path) / 2;
        cc_path_run_until(path, 60 * CC_PATH_S);
        uint64_t delivered = path->delivered;
        cc_path_run_until(path, 120 * CC_PATH_S);
        share[i] = (double)(path->delivered - delivered) * CC_PATH_MSS * 8 / (60 * 4e8);
        printf("%-7s %.3f of 400 Mbit/s over 100 ms\n", ops[i]->name, share[i]);
        cc_path_destroy(path);
    }
    assert_true(share[0] > 0.97);
    assert_true(share[0] > share[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(window_after_a_loss_follows_the_curve_or_the_estimate),
        cmocka_unit_test(cubic_under_periodic_loss_has_the_window_of_its_response_function),
        cmocka_unit_test(cubic_on_short_paths_has_renos_window),
        cmocka_unit_test(hystart_leaves_slow_start_before_a_deep_queue_overflows),
        cmocka_unit_test(hystart_loses_less_in_a_shallow_queue),
        cmocka_unit_test(cubic_fills_a_long_path_and_newreno_does_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
