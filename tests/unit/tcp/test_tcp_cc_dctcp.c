// SPDX-License-Identifier: MIT
//
// DCTCP's alpha and its cuts: RFC 8257.
#include "lib/test_cmocka.h"
#include "tcp/tcp_cc.h"

enum { MSS = 1000, ONE = 1 << 20 };

static struct tcp_cc open_dctcp(void)
{
    struct tcp_cc cc = {.ops = &tcp_cc_dctcp};
    tcp_cc_open(&cc, MSS, 10);
    return cc;
}

static void acknowledge(struct tcp_cc *cc, uint32_t acked, uint32_t marked, bool is_round_end)
{
    struct tcp_cc_ack ack = {.acked_bytes = acked,
                             .marked_bytes = marked,
                             .mss_bytes = MSS,
                             .is_round_end = is_round_end,
                             .is_recovering = marked > 0,
                             .is_limited_by_cwnd = true};
    cc->ops->on_ack(cc, &ack);
}

static void mark(struct tcp_cc *cc, uint32_t flight)
{
    struct tcp_cc_loss loss = {.flight_bytes = flight, .mss_bytes = MSS, .is_ecn = true};
    cc->ops->on_loss(cc, &loss);
}

// §3.3: alpha = alpha * (1 - g) + g * M, from 1 at the beginning, within one part of 2^20.
static void alpha_follows_the_share_of_marks(void **state)
{
    (void)state;
    double exact = 1;
    uint32_t alpha = ONE;
    for (uint32_t i = 0; i < 400; i++) {
        uint32_t marked = i < 100 ? 0 : i < 200 ? 10000 : i < 300 ? 2500 : 1;
        alpha = tcp_cc_dctcp_alpha(alpha, marked, 10000);
        exact = exact * 15 / 16 + (double)marked / 10000 / 16;
        double off = (double)alpha / ONE - exact;
        assert_true(off < 20.0 / ONE && off > -20.0 / ONE);
    }
}

static void alpha_without_marks_comes_to_nothing(void **state)
{
    (void)state;
    uint32_t alpha = ONE;
    for (uint32_t i = 0; i < 400; i++) {
        alpha = tcp_cc_dctcp_alpha(alpha, 0, 1);
    }
    assert_int_equal(alpha, 0);
}

static void alpha_with_all_marked_stays_one(void **state)
{
    (void)state;
    uint32_t alpha = ONE;
    for (uint32_t i = 0; i < 100; i++) {
        alpha = tcp_cc_dctcp_alpha(alpha, UINT32_MAX, UINT32_MAX);
    }
    assert_int_equal(alpha, ONE);
}

// Octets count over the whole round trip, whichever acknowledgment carries the mark.
static void alpha_moves_once_per_round_trip(void **state)
{
    (void)state;
    struct tcp_cc cc = open_dctcp();
    acknowledge(&cc, 2 * MSS, 0, false);
    acknowledge(&cc, 2 * MSS, 2 * MSS, false);
    assert_int_equal(cc.own.dctcp.alpha, ONE);
    acknowledge(&cc, 4 * MSS, 0, true);
    assert_int_equal(cc.own.dctcp.alpha, tcp_cc_dctcp_alpha(ONE, 2, 8));
    acknowledge(&cc, 4 * MSS, 0, true);
    assert_int_equal(cc.own.dctcp.alpha, tcp_cc_dctcp_alpha(tcp_cc_dctcp_alpha(ONE, 2, 8), 0, 4));
}

// §3.3 step 9: cwnd * (1 - alpha / 2); §3.5: half for a loss, whatever alpha is.
static void mark_cuts_by_half_of_alpha_and_loss_by_half(void **state)
{
    (void)state;
    static const struct {
        uint32_t alpha, flight, cwnd;
    } rows[] = {{ONE, 100000, 50000},
                {ONE / 2, 100000, 75000},
                {ONE / 16, 160000, 155000},
                {0, 100000, 100000},
                {ONE, 3000, 2000},
                {ONE, 0, 2000},
                {ONE, UINT32_C(1) << 30, UINT32_C(1) << 29}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct tcp_cc cc = open_dctcp();
        cc.own.dctcp.alpha = rows[i].alpha;
        mark(&cc, rows[i].flight);
        assert_int_equal(cc.cwnd_bytes, rows[i].cwnd);
        assert_int_equal(cc.ssthresh_bytes, rows[i].cwnd);
        struct tcp_cc_loss loss = {.flight_bytes = 100000, .mss_bytes = MSS};
        cc.ops->on_loss(&cc, &loss);
        assert_int_equal(cc.cwnd_bytes, 50000);
    }
}

// A marked acknowledgment counts, and lets nothing grow.
static void marked_acknowledgment_does_not_grow_the_window(void **state)
{
    (void)state;
    struct tcp_cc cc = open_dctcp();
    mark(&cc, 20000);
    assert_int_equal(cc.cwnd_bytes, 10000);
    acknowledge(&cc, 10000, 10000, false);
    assert_int_equal(cc.cwnd_bytes, 10000);
    acknowledge(&cc, 10000, 0, false);
    assert_int_equal(cc.cwnd_bytes, 11000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(alpha_follows_the_share_of_marks),
        cmocka_unit_test(alpha_without_marks_comes_to_nothing),
        cmocka_unit_test(alpha_with_all_marked_stays_one),
        cmocka_unit_test(alpha_moves_once_per_round_trip),
        cmocka_unit_test(mark_cuts_by_half_of_alpha_and_loss_by_half),
        cmocka_unit_test(marked_acknowledgment_does_not_grow_the_window),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
