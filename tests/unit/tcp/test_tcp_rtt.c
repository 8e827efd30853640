// SPDX-License-Identifier: MIT
//
// Round-trip times and the timeout of RFC 6298, case by case; test_tcp_rtt_model.c holds any
// sequence of them against the RFC's own formulas.
#include "conn_box.h"
#include "lib/test_rows.h"

#define G_NS (UINT64_C(1) << WHEEL_TICK_SHIFT)

static void assert_near(uint64_t value, uint64_t expected)
{
    uint64_t difference = value > expected ? value - expected : expected - value;
    assert_true(difference <= G_NS); // one tick
}

static void timeout_before_any_sample_is_one_second(void **state)
{
    (void)state;
    struct conn_box box;
    conn_box_init(&box);
    assert_int_equal(tcp_rtt_timeout(&box.tcp, box.conn), BOX_S);
    conn_box_deinit(&box);
}

// RFC 9293 §3.8.1 [MUST-18], RFC 6298 §2.2
static void first_sample_sets_srtt_and_half_of_it_as_variance(void **state)
{
    (void)state;
    struct conn_box box;
    conn_box_init(&box);
    tcp_rtt_sample(box.conn, 800 * BOX_MS, box.now_ns);
    assert_int_equal(box.conn->rtt.srtt_ns, 800 * BOX_MS);
    assert_int_equal(box.conn->rtt.rttvar_ns, 400 * BOX_MS);
    assert_int_equal(tcp_rtt_timeout(&box.tcp, box.conn), 2400 * BOX_MS); // 0.8 + 4 * 0.4
    conn_box_deinit(&box);
}

// RFC 9293 §3.8.1 [MUST-18], RFC 6298 §2.3
static void second_sample_is_averaged_with_the_old_srtt(void **state)
{
    (void)state;
    struct conn_box box;
    conn_box_init(&box);
    tcp_rtt_sample(box.conn, 800 * BOX_MS, box.now_ns);
    tcp_rtt_sample(box.conn, 1600 * BOX_MS, box.now_ns);
    assert_int_equal(box.conn->rtt.srtt_ns, 900 * BOX_MS);   // 7/8 * 0.8 + 1/8 * 1.6
    assert_int_equal(box.conn->rtt.rttvar_ns, 500 * BOX_MS); // 3/4 * 0.4 + 1/4 * 0.8
    assert_int_equal(tcp_rtt_timeout(&box.tcp, box.conn), 2900 * BOX_MS);
    conn_box_deinit(&box);
}

// RFC 9293 §3.8.1 [MUST-18], RFC 6298 §2.4, §2.5
static void timeout_stays_between_its_limits(void **state)
{
    (void)state;
    struct conn_box box;
    conn_box_init(&box);
    for (uint32_t i = 0; i < 100; i++) {
        tcp_rtt_sample(box.conn, BOX_MS, box.now_ns);
    }
    assert_int_equal(tcp_rtt_timeout(&box.tcp, box.conn), BOX_S);
    for (uint32_t i = 0; i < 100; i++) {
        tcp_rtt_sample(box.conn, 90 * BOX_S, box.now_ns);
    }
    assert_int_equal(tcp_rtt_timeout(&box.tcp, box.conn), 60 * BOX_S);
    conn_box_deinit(&box);
}

// A variance of 0 leaves SRTT and what an acknowledgment may be late, or the minimum when that is
// less, or G.
static void timeout_of_a_steady_path_leaves_time_for_a_late_acknowledgment(void **state)
{
    (void)state;
    struct conn_box box;
    conn_box_init(&box);
    for (uint32_t i = 0; i < 1000; i++) {
        tcp_rtt_sample(box.conn, 5 * BOX_S, box.now_ns);
    }
    assert_near(tcp_rtt_timeout(&box.tcp, box.conn), 5 * BOX_S + BOX_S / 5);
    box.tcp.config.rto_min_ns = BOX_S / 10;
    assert_near(tcp_rtt_timeout(&box.tcp, box.conn), 5 * BOX_S + BOX_S / 10);
    box.tcp.config.rto_min_ns = 1;
    assert_near(tcp_rtt_timeout(&box.tcp, box.conn), 5 * BOX_S + G_NS);
    assert_true(tcp_rtt_timeout(&box.tcp, box.conn) >= 5 * BOX_S + G_NS);
    conn_box_deinit(&box);
}

static void sample_beyond_ten_minutes_counts_as_ten_minutes(void **state)
{
    (void)state;
    struct conn_box box;
    conn_box_init(&box);
    tcp_rtt_sample(box.conn, UINT64_MAX, box.now_ns);
    assert_int_equal(box.conn->rtt.srtt_ns, 600 * BOX_S);
    assert_int_equal(tcp_rtt_timeout(&box.tcp, box.conn), 60 * BOX_S);
    tcp_rtt_sample(box.conn, 0, box.now_ns);
    assert_true(box.conn->rtt.srtt_ns > 0 && box.conn->rtt.min_ns > 0);
    conn_box_deinit(&box);
}

// RFC 9293 §3.8.1 [MUST-18], RFC 6298 §5.5
static void timeout_doubles_with_each_expiry_up_to_the_limit(void **state)
{
    (void)state;
    struct conn_box box;
    conn_box_init(&box);
    static const uint64_t seconds[] = {1, 2, 4, 8, 16, 32, 60, 60};
    for (uint32_t i = 0; i < 8; i++) {
        assert_int_equal(tcp_rtt_timeout(&box.tcp, box.conn), seconds[i] * BOX_S);
        tcp_rtt_back_off(box.conn);
    }
    for (uint32_t i = 0; i < 300; i++) {
        tcp_rtt_back_off(box.conn);
        assert_int_equal(tcp_rtt_timeout(&box.tcp, box.conn), 60 * BOX_S);
    }
    conn_box_deinit(&box);
}

// The largest limit that a configuration may name: no shift runs over the edge of 64 bits.
static void timeout_with_the_largest_limits_never_shrinks(void **state)
{
    (void)state;
    struct conn_box box;
    conn_box_init(&box);
    box.tcp.config.rto_max_ns = UINT64_C(366) * 24 * 3600 * BOX_S;
    tcp_rtt_sample(box.conn, BOX_S, box.now_ns);
    for (uint64_t part = 1; part < 3000; part++) {
        box.tcp.config.rto_min_ns = box.tcp.config.rto_max_ns / part;
        box.conn->rtt.backoff = 0;
        for (uint32_t i = 0; i < 20; i++) {
            uint64_t before = tcp_rtt_timeout(&box.tcp, box.conn);
            tcp_rtt_back_off(box.conn);
            uint64_t after = tcp_rtt_timeout(&box.tcp, box.conn);
            assert_true(after >= before && after <= box.tcp.config.rto_max_ns);
        }
    }
    conn_box_deinit(&box);
}

static struct tcp_plan plan_of(const struct conn_box *box, uint32_t bytes, bool is_again)
{
    struct seq seq = is_again ? box->conn->snd.una : box->conn->snd.nxt;
    return (struct tcp_plan){
        .kind = TCP_PLAN_NEW, .seq = seq, .bytes = bytes, .is_again = is_again};
}

static void send_timed(struct conn_box *box, uint32_t bytes)
{
    struct tcp_plan plan = plan_of(box, bytes, false);
    tcp_rtt_on_sent(box->conn, &plan, box->now_ns);
    conn_box_send(box, bytes);
}

// The acknowledgment of what was sent before the timed segment says nothing about it.
static void acknowledgment_of_an_earlier_segment_is_no_sample(void **state)
{
    (void)state;
    struct conn_box box;
    conn_box_init(&box);
    send_timed(&box, 1000);
    box.now_ns += 10 * BOX_MS;
    send_timed(&box, 1000);
    box.now_ns += 20 * BOX_MS;
    tcp_rtt_on_acked(box.conn, seq_add(box.conn->snd.una, 1000), box.now_ns); // the first: 30 ms
    assert_int_equal(box.conn->rtt.srtt_ns, 30 * BOX_MS);
    send_timed(&box, 1000); // timed, while the second is on its way
    box.now_ns += BOX_MS;
    tcp_rtt_on_acked(box.conn, seq_add(box.conn->snd.una, 2000), box.now_ns); // the second's
    assert_int_equal(box.conn->rtt.min_ns, 30 * BOX_MS);
    box.now_ns += 29 * BOX_MS;
    tcp_rtt_on_acked(box.conn, seq_add(box.conn->snd.una, 3000), box.now_ns);
    assert_int_equal(box.conn->rtt.srtt_ns, 30 * BOX_MS);
    assert_int_equal(box.conn->rtt.min_ns, 30 * BOX_MS);
    conn_box_deinit(&box);
}

// RFC 9293 §3.8.1 [MUST-18], RFC 6298 §3: Karn's algorithm
static void segment_sent_twice_is_no_sample(void **state)
{
    (void)state;
    struct conn_box box;
    conn_box_init(&box);
    send_timed(&box, 1000);
    box.now_ns += 5 * BOX_S;
    struct tcp_plan again = plan_of(&box, 1000, true);
    tcp_rtt_on_sent(box.conn, &again, box.now_ns);
    box.now_ns += 10 * BOX_MS;
    tcp_rtt_on_acked(box.conn, box.conn->snd.nxt, box.now_ns);
    assert_int_equal(box.conn->rtt.srtt_ns, 0);
    conn_box_deinit(&box);
}

// RFC 6298 §5: RTO stays backed off until a segment that was sent once is timed.
static void backoff_lasts_until_the_next_sample(void **state)
{
    (void)state;
    struct conn_box box;
    conn_box_init(&box);
    send_timed(&box, 1000);
    tcp_rtt_back_off(box.conn);
    tcp_rtt_back_off(box.conn);
    struct tcp_plan again = plan_of(&box, 1000, true);
    tcp_rtt_on_sent(box.conn, &again, box.now_ns);
    tcp_rtt_on_acked(box.conn, box.conn->snd.nxt, box.now_ns);
    assert_int_equal(tcp_rtt_timeout(&box.tcp, box.conn), 4 * BOX_S);
    conn_box_ack(&box, 1000);
    send_timed(&box, 1000);
    box.now_ns += 100 * BOX_MS;
    tcp_rtt_on_acked(box.conn, box.conn->snd.nxt, box.now_ns);
    assert_int_equal(tcp_rtt_timeout(&box.tcp, box.conn), BOX_S);
    conn_box_deinit(&box);
}

// RFC 6298 §5.7: a SYN that had to be sent again leaves 3 s until the first sample.
static void timeout_after_a_lost_syn_is_three_seconds(void **state)
{
    (void)state;
    struct conn_box box;
    conn_box_init(&box);
    box.conn->has_syn_lost = true;
    assert_int_equal(tcp_rtt_timeout(&box.tcp, box.conn), 3 * BOX_S);
    tcp_rtt_sample(box.conn, 10 * BOX_MS, box.now_ns);
    assert_int_equal(tcp_rtt_timeout(&box.tcp, box.conn), BOX_S);
    conn_box_deinit(&box);
}

// A path that has become longer for good: the minimum is one of the last minutes.
static void minimum_is_forgotten_after_five_minutes(void **state)
{
    (void)state;
    struct conn_box box;
    conn_box_init(&box);
    tcp_rtt_sample(box.conn, 10 * BOX_MS, box.now_ns);
    for (uint32_t i = 0; i < 22; i++) { // 220 s
        tcp_rtt_sample(box.conn, 40 * BOX_MS, box.now_ns);
        assert_int_equal(box.conn->rtt.min_ns, 10 * BOX_MS);
        box.now_ns += 10 * BOX_S;
    }
    box.now_ns += 80 * BOX_S;
    tcp_rtt_sample(box.conn, 50 * BOX_MS, box.now_ns);
    assert_int_equal(box.conn->rtt.min_ns, 40 * BOX_MS);
    conn_box_deinit(&box);
}

// RFC 4015 §3.1 step 11: SRTT and RTTVAR follow the first sample after a spurious timeout at once,
// and never below what they were.
static void timeout_adapts_at_once_after_a_spurious_one(void **state)
{
    (void)state;
    struct conn_box box;
    conn_box_init(&box);
    tcp_rtt_sample(box.conn, 200 * BOX_MS, box.now_ns);
    tcp_rtt_back_off(box.conn);
    tcp_rtt_on_spurious(box.conn);
    tcp_rtt_sample(box.conn, 3 * BOX_S, box.now_ns);
    assert_int_equal(box.conn->rtt.srtt_ns, 3 * BOX_S);
    assert_int_equal(box.conn->rtt.rttvar_ns, 1500 * BOX_MS);
    assert_int_equal(tcp_rtt_timeout(&box.tcp, box.conn), 9 * BOX_S);
    tcp_rtt_on_spurious(box.conn);
    tcp_rtt_sample(box.conn, 100 * BOX_MS, box.now_ns);
    assert_int_equal(box.conn->rtt.srtt_ns, 3 * BOX_S + 2 * G_NS);
    assert_int_equal(box.conn->rtt.rttvar_ns, 1500 * BOX_MS);
    tcp_rtt_sample(box.conn, 3 * BOX_S + 2 * G_NS, box.now_ns); // the next is averaged again
    assert_int_equal(box.conn->rtt.rttvar_ns, 1125 * BOX_MS);
    conn_box_deinit(&box);
}

static void pure_acknowledgment_is_not_timed(void **state)
{
    (void)state;
    struct conn_box box;
    conn_box_init(&box);
    struct tcp_plan plan = {
        .kind = TCP_PLAN_ACK, .seq = box.conn->snd.nxt, .flags = SYNFIN_TCP_ACK};
    tcp_rtt_on_sent(box.conn, &plan, box.now_ns);
    assert_false(box.conn->rtt.is_timing);
    conn_box_deinit(&box);
}

// An acknowledgment of everything, with the echo of our clock of `echo_age_ms` ago.
static struct tcp_segment acknowledgment(const struct conn_box *box, uint32_t echo_age_ms)
{
    struct tcp_segment seg = {0};
    seg.h.ack = box->conn->snd.nxt;
    seg.h.has_timestamps = true;
    seg.h.ts_ecr = tcp_paws_now(box->conn, box->now_ns) - echo_age_ms;
    return seg;
}

// RFC 7323 §4.1; any offset of the connection's clock, also one that wraps.
static void echo_tells_the_round_trip_in_ms(void **state)
{
    (void)state;
    static const uint32_t offsets[] = {0, 1, 0x80000000, UINT32_MAX};
    for (size_t i = 0; i < sizeof offsets / sizeof offsets[0]; i++) {
        struct conn_box box;
        conn_box_init(&box);
        box.conn->uses_timestamps = true;
        box.conn->ts_offset = offsets[i];
        conn_box_send(&box, 5 * BOX_MSS);
        struct tcp_segment seg = acknowledgment(&box, 37);
        assert_int_equal(tcp_rtt_of_ack(box.conn, &seg, box.now_ns), 37 * BOX_MS);
        seg = acknowledgment(&box, 0); // less than a tick is not nothing
        assert_int_equal(tcp_rtt_of_ack(box.conn, &seg, box.now_ns), 1);
        seg = acknowledgment(&box, 600001); // no round trip: a clock's or a peer's error
        assert_int_equal(tcp_rtt_of_ack(box.conn, &seg, box.now_ns), 0);
        seg = acknowledgment(&box, (uint32_t)-1); // from the future
        assert_int_equal(tcp_rtt_of_ack(box.conn, &seg, box.now_ns), 0);
        box.conn->uses_timestamps = false;
        seg = acknowledgment(&box, 37);
        assert_int_equal(tcp_rtt_of_ack(box.conn, &seg, box.now_ns), 0);
        conn_box_deinit(&box);
    }
}

// The exact one is preferred, and echoes leave SRTT alone.
static void timed_segment_is_preferred_to_the_echo(void **state)
{
    (void)state;
    struct conn_box box;
    conn_box_init(&box);
    box.conn->uses_timestamps = true;
    struct tcp_plan plan = {.kind = TCP_PLAN_NEW, .seq = box.conn->snd.nxt, .bytes = BOX_MSS};
    tcp_rtt_on_sent(box.conn, &plan, box.now_ns);
    conn_box_send(&box, 5 * BOX_MSS);
    box.now_ns += 37 * BOX_MS + 250000;
    struct tcp_segment seg = acknowledgment(&box, 38);
    assert_int_equal(tcp_rtt_of_ack(box.conn, &seg, box.now_ns), 37 * BOX_MS + 250000);
    seg.h.ack = seq_add(box.conn->snd.una, 1); // before the end of what is timed
    assert_int_equal(tcp_rtt_of_ack(box.conn, &seg, box.now_ns), 38 * BOX_MS);
    assert_int_equal(box.conn->rtt.srtt_ns, 0);
    conn_box_deinit(&box);
}

// Karn's algorithm is for who cannot tell transmissions apart: an echo ends the backoff.
static void echo_ends_a_backoff(void **state)
{
    (void)state;
    struct conn_box box;
    conn_box_init(&box);
    box.conn->uses_timestamps = true;
    tcp_rtt_sample(box.conn, 100 * BOX_MS, box.now_ns);
    conn_box_send(&box, BOX_MSS);
    struct tcp_segment seg = acknowledgment(&box, 20);
    tcp_rtt_on_echo(box.conn, &seg, box.now_ns); // without a backoff echoes are no samples
    assert_int_equal(box.conn->rtt.min_ns, 100 * BOX_MS);
    tcp_rtt_back_off(box.conn);
    tcp_rtt_back_off(box.conn);
    seg = acknowledgment(&box, 600001);
    tcp_rtt_on_echo(box.conn, &seg, box.now_ns); // an accident
    assert_int_equal(box.conn->rtt.backoff, 2);
    seg = acknowledgment(&box, 20);
    tcp_rtt_on_echo(box.conn, &seg, box.now_ns);
    assert_int_equal(box.conn->rtt.backoff, 0);
    assert_int_equal(box.conn->rtt.min_ns, 20 * BOX_MS);
    conn_box_deinit(&box);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(timeout_before_any_sample_is_one_second),
    cmocka_unit_test(first_sample_sets_srtt_and_half_of_it_as_variance),
    cmocka_unit_test(second_sample_is_averaged_with_the_old_srtt),
    cmocka_unit_test(timeout_stays_between_its_limits),
    cmocka_unit_test(timeout_of_a_steady_path_leaves_time_for_a_late_acknowledgment),
    cmocka_unit_test(sample_beyond_ten_minutes_counts_as_ten_minutes),
    cmocka_unit_test(timeout_doubles_with_each_expiry_up_to_the_limit),
    cmocka_unit_test(timeout_with_the_largest_limits_never_shrinks),
    cmocka_unit_test(acknowledgment_of_an_earlier_segment_is_no_sample),
    cmocka_unit_test(segment_sent_twice_is_no_sample),
    cmocka_unit_test(backoff_lasts_until_the_next_sample),
    cmocka_unit_test(timeout_after_a_lost_syn_is_three_seconds),
    cmocka_unit_test(minimum_is_forgotten_after_five_minutes),
    cmocka_unit_test(timeout_adapts_at_once_after_a_spurious_one),
    cmocka_unit_test(pure_acknowledgment_is_not_timed),
    cmocka_unit_test(echo_tells_the_round_trip_in_ms),
    cmocka_unit_test(timed_segment_is_preferred_to_the_echo),
    cmocka_unit_test(echo_ends_a_backoff),
};
ROWS_MAIN(tests)
