// SPDX-License-Identifier: MIT
//
// Pacing: when data leave that the windows let go. The round trip is 40 ms, a segment 1,000 octets;
// the handshake is timed, and so is what is acknowledged.
#include "base/deadline.h"
#include "data_steps.h"
#include "tcp/tcp_conn.h"
#include "tcp/tcp_pace.h"

enum { MSS = 1000, RTT_MS = 40, TICK_NS = 100000 };

// A connection whose initial window was sent and acknowledged, one round trip later.
static void open_paced(void)
{
    OPEN_TIMED(true);
    CHECK_EQ(segment_conn()->cc.cwnd_bytes, 20 * MSS);
}

// Twice the window per round trip in slow start: 20,000 octets in 20 ms, two segments at a time.
static void slow_start_sends_a_window_in_half_a_round_trip(void **state)
{
    (void)state;
    open_paced();
    CHECK_EQ(tcp_pace_rate(segment_conn()), 1000001);
    CHECK_EQ(tcp_pace_quantum(segment_conn()), 2 * MSS);
    WRITE(20 * MSS);
    uint32_t sent = 10 * MSS + 1;
    uint64_t begin_ns = bench.now_ns;
    EXPECT_RUN(sent, sent + 2 * MSS, MSS);
    REASON(ARM_PACE);
    EXPECT_NOTHING();
    for (sent += 2 * MSS; sent < 30 * MSS + 1; sent += MSS) {
        bool is_last = sent == 29 * MSS + 1;
        EXPECT_WITHIN(MS(1) + TICK_NS, .flags = is_last ? PSH | ACK : ACK, .seq = sent, .ack = 1,
                      .data = MSS);
    }
    segment_reason(SYNFIN_REASON_TIMER_PACE, 18, HERE); // one for each that had to wait
    CHECK(bench.now_ns - begin_ns >= MS(RTT_MS / 2 - 3));
    CHECK(bench.now_ns - begin_ns <= MS(RTT_MS / 2));
    SEND_ACK(30 * MSS + 1);
}

// Acknowledgments, probes and the end of the stream are no bursts.
static void acknowledgments_do_not_wait_for_a_turn(void **state)
{
    (void)state;
    open_paced();
    WRITE(20 * MSS);
    EXPECT_RUN(10 * MSS + 1, 12 * MSS + 1, MSS);
    SET(QUICKACK, 1);
    SEND(.flags = PSH | ACK, .seq = 1, .ack = 10 * MSS + 1, .data = 2 * MSS);
    EXPECT(.flags = ACK, .seq = 12 * MSS + 1, .ack = 2 * MSS + 1);
    READ(2 * MSS);
    ABORT();
    segment_forget_sent();
}

static void option_limits_the_rate_of_every_algorithm(void **state)
{
    (void)state;
    OPEN(.mss = MSS); // pacing by the window is off, and no round trip is known
    SET(PACING_RATE_MAX, 100 * MSS);
    WRITE(10 * MSS);
    EXPECT_RUN(1, 2 * MSS + 1, MSS);
    for (uint32_t sent = 2 * MSS + 1; sent < 10 * MSS + 1; sent += MSS) {
        EXPECT_WITHIN(MS(10) + TICK_NS, .flags = sent == 9 * MSS + 1 ? PSH | ACK : ACK, .seq = sent,
                      .ack = 1, .data = MSS);
    }
    SEND_ACK(10 * MSS + 1);
}

// The timer's retransmission is one segment, which has waited long enough.
static void timeout_forgets_what_was_sent_before(void **state)
{
    (void)state;
    OPEN(.mss = MSS);
    segment_conn()->cc.pacing_rate = 100 * MSS; // as an algorithm would
    WRITE(3 * MSS);
    EXPECT_RUN_ALL(1, 3 * MSS + 1, MSS);
    segment_conn()->pace_ns = bench.now_ns + SEC(5);
    EXPECT_WITHIN(SEC(2), .flags = ACK, .seq = 1, .ack = 1, .data = MSS, WHY(SEND_TIMEOUT));
    CHECK_EQ(segment_conn()->pace_ns, 0); // the first ten are not counted
    ABORT();
    segment_forget_sent();
}

// The user's limit stands all the same.
static void timeout_leaves_the_limit_alone(void **state)
{
    (void)state;
    OPEN(.mss = MSS);
    SET(PACING_RATE_MAX, 100 * MSS);
    WRITE(3 * MSS);
    EXPECT_RUN(1, 2 * MSS + 1, MSS);
    uint64_t pace_ns = segment_conn()->pace_ns = bench.now_ns + SEC(5);
    ADVANCE(SEC(4)); // the timer comes up twice
    EXPECT_NOTHING();
    EXPECT_WITHIN(SEC(1), .flags = ACK, .seq = 1, .ack = 1, .data = MSS);
    CHECK(bench.now_ns + MS(20) >= pace_ns);
    ABORT();
    segment_forget_sent();
}

// A window that may go at once at the start may do so later, too.
static void small_windows_are_not_paced(void **state)
{
    (void)state;
    open_paced();
    segment_conn()->cc.cwnd_bytes = 10 * MSS;
    WRITE(10 * MSS);
    EXPECT_RUN_ALL(10 * MSS + 1, 20 * MSS + 1, MSS);
    ABORT();
    segment_forget_sent();
}

// Between two segments that were sent more than a quantum apart the rate holds, whatever the
// acknowledgments do: every octet is counted against the time since the first.
static void rate_holds_over_every_interval(void **state)
{
    (void)state;
    enum { RATE = 250000, SEGMENTS = 60 };
    static uint64_t sent_ns[SEGMENTS];
    OPEN(.mss = MSS);
    SET(PACING_RATE_MAX, RATE);
    WRITE(SEGMENTS * MSS);
    for (uint32_t i = 0; i < SEGMENTS; i++) {
        EXPECT_WITHIN(MS(20), .flags = i == SEGMENTS - 1 ? PSH | ACK : ACK, .seq = i * MSS + 1,
                      .ack = 1, .data = MSS);
        sent_ns[i] = bench.now_ns;
        if (i % 7 == 6) {
            SEND_ACK((i + 1) * MSS + 1);
        }
    }
    for (uint32_t i = 0; i < SEGMENTS; i++) {
        for (uint32_t j = i + 1; j < SEGMENTS; j++) {
            uint64_t octets = (uint64_t)(j - i) * MSS;
            uint64_t most = (sent_ns[j] - sent_ns[i]) * RATE / NS_PER_S + 2 * MSS;
            CHECK(octets <= most);
        }
    }
    CHECK(sent_ns[SEGMENTS - 1] - sent_ns[0] <= (uint64_t)SEGMENTS * MSS * NS_PER_S / RATE);
    SEND_ACK(SEGMENTS * MSS + 1);
}

// A round trip below a quantum's time is not paced by the window.
static void short_round_trips_are_not_paced(void **state)
{
    (void)state;
    segment_config()->use_pacing = 1;
    CONNECT();
    EXPECT(.flags = SYN, .seq = 0);
    ADVANCE(900000);
    SEND(.flags = SYN | ACK, .seq = 0, .ack = 1, .mss = MSS);
    EXPECT(.flags = ACK, .seq = 1, .ack = 1);
    EVENT(CONNECTED);
    CHECK_EQ(tcp_pace_rate(segment_conn()), 0);
    CHECK_EQ(tcp_pace_quantum(segment_conn()), UINT32_MAX);
    ABORT();
    segment_forget_sent();
}

static const struct CMUnitTest tests[] = {
    SEGMENT_TEST(slow_start_sends_a_window_in_half_a_round_trip),
    SEGMENT_TEST(acknowledgments_do_not_wait_for_a_turn),
    SEGMENT_TEST(option_limits_the_rate_of_every_algorithm),
    SEGMENT_TEST(timeout_forgets_what_was_sent_before),
    SEGMENT_TEST(timeout_leaves_the_limit_alone),
    SEGMENT_TEST(small_windows_are_not_paced),
    SEGMENT_TEST(rate_holds_over_every_interval),
    SEGMENT_TEST(short_round_trips_are_not_paced),
};

SEGMENT_MAIN(tests)
