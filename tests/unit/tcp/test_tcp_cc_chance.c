// SPDX-License-Identifier: MIT
//
// Windows of congestion by chance: acknowledgments, losses, timeouts, ends of recovery and pauses
// in any order, with any numbers, for the algorithms that RFC 5681 binds. Whatever comes, the
// window stays what that allows.
#include "tcp/tcp_cc.h"

#include "lib/test_cmocka.h"
#include "lib/test_random.h"
#include "lib/test_rows.h"

static const struct tcp_cc_ops *const algorithms[] = {&tcp_cc_newreno, &tcp_cc_cubic,
                                                      &tcp_cc_dctcp};
enum { ALGORITHMS = sizeof algorithms / sizeof algorithms[0], ROUNDS = 200, STEPS = 500 };

struct flow {
    struct tcp_cc cc;
    uint32_t mss_bytes;
    uint64_t now_ns, rtt_ns, delivered_bytes;
    uint64_t random;
    bool is_recovering; // between a loss and the end of its repair
};

// Small numbers are as likely as large ones, and 0 is the likeliest.
static uint32_t draw(struct flow *flow, uint32_t most)
{
    uint32_t n = (uint32_t)test_random(&flow->random) >> test_random_below(&flow->random, 32);
    return test_random_below(&flow->random, 8) == 0 ? 0 : n % (most + 1);
}

// What is in flight is a part of the window, as a rule; recoveries end with anything.
static uint32_t draw_flight(struct flow *flow)
{
    return draw(flow, flow->cc.cwnd_bytes);
}

// RFC 5681 §3.1 and RFC 3465 §2: octets that are acknowledged open the window, not acknowledgments.
static void acknowledge(struct flow *flow)
{
    uint32_t before = flow->cc.cwnd_bytes;
    struct tcp_cc_ack ack = {
        .acked_bytes = 1 + draw(flow, 4 * flow->mss_bytes),
        .flight_bytes = draw_flight(flow),
        .mss_bytes = flow->mss_bytes,
        .is_limited_by_cwnd = test_random_below(&flow->random, 4) != 0,
        .is_recovering = flow->is_recovering,
        .is_round_end = test_random_below(&flow->random, 8) == 0,
        .rtt_ns = flow->rtt_ns,
        .srtt_ns = flow->rtt_ns,
        .now_ns = flow->now_ns,
    };
    flow->delivered_bytes += ack.acked_bytes;
    ack.delivered_bytes = flow->delivered_bytes;
    flow->cc.ops->on_ack(&flow->cc, &ack);
    assert_true(flow->cc.cwnd_bytes >= before);
    // In whole segments at times, for what was counted before.
    assert_true(flow->cc.cwnd_bytes - before <= ack.acked_bytes + flow->mss_bytes);
}

// The same octets, acknowledged in so many pieces, open no more than at once, but for a segment of
// what is counted: docs/history.md 144.
static void acknowledge_in_pieces(struct flow *flow)
{
    uint32_t before = flow->cc.cwnd_bytes;
    uint32_t pieces = 1 + draw(flow, 200);
    for (uint32_t i = 0; i < pieces; i++) {
        struct tcp_cc_ack ack = {.acked_bytes = 1,
                                 .flight_bytes = flow->cc.cwnd_bytes,
                                 .mss_bytes = flow->mss_bytes,
                                 .is_limited_by_cwnd = true,
                                 .is_recovering = flow->is_recovering,
                                 .rtt_ns = flow->rtt_ns,
                                 .srtt_ns = flow->rtt_ns,
                                 .delivered_bytes = ++flow->delivered_bytes,
                                 .now_ns = flow->now_ns};
        flow->cc.ops->on_ack(&flow->cc, &ack);
    }
    assert_true(flow->cc.cwnd_bytes - before <= pieces + flow->mss_bytes);
}

// RFC 5681 §3.1 eq. 4: never below two segments; §3.2, RFC 9438 §4.6: nor more than it was.
static void lose(struct flow *flow, bool is_timeout)
{
    uint32_t before = flow->cc.cwnd_bytes;
    uint32_t least = 2 * flow->mss_bytes;
    struct tcp_cc_loss loss = {.flight_bytes = draw_flight(flow),
                               .mss_bytes = flow->mss_bytes,
                               .is_ecn = !is_timeout && test_random_below(&flow->random, 4) == 0,
                               .now_ns = flow->now_ns};
    if (is_timeout) {
        flow->cc.ops->on_timeout(&flow->cc, &loss);
        assert_true(flow->cc.cwnd_bytes <= flow->mss_bytes); // LW
    } else {
        flow->cc.ops->on_loss(&flow->cc, &loss);
        assert_true(flow->cc.cwnd_bytes <= before || flow->cc.cwnd_bytes <= least);
    }
    assert_true(flow->cc.ssthresh_bytes >= least);
    flow->is_recovering = !is_timeout;
}

// RFC 6582 §3.2 step 3: of what is in flight, if that is less, and never nothing.
static void recover(struct flow *flow)
{
    struct tcp_cc_loss at_exit = {
        .flight_bytes = draw_flight(flow), .mss_bytes = flow->mss_bytes, .now_ns = flow->now_ns};
    if (!flow->is_recovering) {
        return;
    }
    flow->is_recovering = false;
    flow->cc.ops->on_recovered(&flow->cc, &at_exit);
    assert_true(flow->cc.cwnd_bytes >= flow->mss_bytes);
    assert_true(flow->cc.cwnd_bytes <= flow->cc.ssthresh_bytes);
    bool is_small = at_exit.flight_bytes < flow->mss_bytes;
    assert_true(flow->cc.cwnd_bytes
                <= (is_small ? flow->mss_bytes : at_exit.flight_bytes) + flow->mss_bytes);
}

static void pause_sending(struct flow *flow)
{
    uint32_t before = flow->cc.cwnd_bytes;
    flow->now_ns += UINT64_C(10000000000);
    flow->cc.ops->on_idle(&flow->cc, flow->mss_bytes, 10);
    assert_true(flow->cc.cwnd_bytes <= before);
}

static void act(struct flow *flow)
{
    uint32_t choice = test_random_below(&flow->random, 40);
    flow->now_ns += draw(flow, 200000000);
    flow->rtt_ns = 1 + draw(flow, 1000000000);
    if (choice < 30) {
        acknowledge(flow);
    } else if (choice < 33) {
        acknowledge_in_pieces(flow);
    } else if (choice < 36) {
        lose(flow, false);
    } else if (choice == 36) {
        lose(flow, true);
    } else if (choice == 37) {
        pause_sending(flow);
    } else {
        recover(flow);
    }
    assert_true(flow->cc.cwnd_bytes > 0 && flow->cc.cwnd_bytes <= TCP_CC_CWND_MAX);
}

static void hist_41_144_any_order_of_events_leaves_a_window_that_is_allowed(void **state)
{
    (void)state;
    for (uint32_t round = 0; round < ROUNDS; round++) {
        for (uint32_t i = 0; i < ALGORITHMS; i++) {
            struct flow flow = {.cc = {.ops = algorithms[i]}, .random = 144 + round};
            flow.mss_bytes = 64 + draw(&flow, 9000);
            tcp_cc_open(&flow.cc, flow.mss_bytes, 1 + test_random_below(&flow.random, 40));
            for (uint32_t step = 0; step < STEPS; step++) {
                act(&flow);
            }
        }
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(hist_41_144_any_order_of_events_leaves_a_window_that_is_allowed),
};
ROWS_MAIN(tests)
