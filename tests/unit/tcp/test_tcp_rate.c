// SPDX-License-Identifier: MIT
//
// Samples of the delivery rate: which interval counts, what retransmissions, selective
// acknowledgments and acknowledgments that come together make of them, what limits them, and what
// peers without SACK give.
#include <string.h>

#include "conn_box.h"
#include "loss_steps.h"
#include "tcp/tcp_rate.h"

// A connection by hand, with a part for losses that nothing is in flight of.
struct rate_box {
    struct conn_box box;
    struct tcp_loss loss;
    struct tcp_rate_sample sample; // of the last delivery
};

static struct rate_box rate_box;

static struct rate_box *rate_open(void)
{
    struct rate_box *rate = &rate_box;
    memset(rate, 0, sizeof *rate);
    conn_box_init(&rate->box);
    struct tcp_conn *conn = rate->box.conn;
    tcp_scoreboard_init(&rate->loss.board, &rate->box.tcp.spans, 16, 1, conn->snd.nxt);
    conn->loss = &rate->loss;
    conn->rtt.srtt_ns = conn->rtt.min_ns = MS(100);
    tcp_rate_begin(conn);
    return rate;
}

static void rate_close(struct rate_box *rate)
{
    tcp_scoreboard_clear(&rate->loss.board);
    rate->box.conn->loss = NULL;
    conn_box_deinit(&rate->box);
}

// What was sent at `sent_ms` with this snapshot is delivered at `now_ms`, all times after start.
static void deliver(struct rate_box *rate, uint32_t bytes, uint32_t sent_ms,
                    const struct tcp_send_snapshot *snapshot, uint32_t now_ms)
{
    struct tcp_delivery delivery;
    tcp_scoreboard_delivery_init(&rate->loss.board, &delivery);
    delivery.acked_bytes = bytes;
    delivery.has_newest = delivery.has_once = true;
    delivery.newest_sent_ns = delivery.once_sent_ns = MS(sent_ms);
    delivery.newest_snapshot = *snapshot;
    tcp_rate_on_delivered(rate->box.conn, &delivery, MS(now_ms), &rate->sample);
    tcp_rate_complete(rate->box.conn, &rate->sample);
}

static void sample_is_what_was_delivered_over_the_longer_of_sending_and_acknowledging(void **state)
{
    (void)state;
    static const struct {
        uint32_t first_sent_ms, delivered_ms, sent_ms, now_ms, interval_ms;
    } rows[] = {
        {1000, 1100, 1150, 1250, 150}, // equally fast
        {1000, 1100, 1150, 1400, 300}, // acknowledged more slowly
        {1000, 1140, 1150, 1160, 150}, // acknowledged all together: no faster than it was sent
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct rate_box *rate = rate_open();
        struct tcp_send_snapshot snapshot = {.first_sent_ns = MS(rows[i].first_sent_ms),
                                             .delivered_ns = MS(rows[i].delivered_ms),
                                             .in_flight_bytes = 30000};
        deliver(rate, 30000, rows[i].sent_ms, &snapshot, rows[i].now_ms);
        assert_true(rate->sample.has_prior);
        assert_int_equal(rate->sample.interval_ns, MS(rows[i].interval_ms));
        assert_int_equal(rate->sample.window_bytes, 30000);
        assert_int_equal(rate->sample.tx_in_flight_bytes, 30000);
        assert_int_equal(rate->sample.bytes_per_s, 30000 * 1000 / rows[i].interval_ms);
        assert_int_equal(rate->sample.rtt_ns, MS(rows[i].now_ms - rows[i].sent_ms));
        assert_int_equal(tcp_rate_latest(rate->box.conn), rate->sample.bytes_per_s);
        rate_close(rate);
    }
}

// All within a tick of a coarse clock: as fast as can be told, and not unknown.
static void what_the_clock_does_not_see_took_a_nanosecond(void **state)
{
    (void)state;
    struct rate_box *rate = rate_open();
    struct tcp_send_snapshot snapshot = {.first_sent_ns = MS(1000),
                                         .delivered_ns = MS(1000),
                                         .in_flight_bytes = 1000,
                                         .is_app_limited = true};
    rate->box.conn->rate.bytes_per_s = 67; // measured while the clock made a leap
    deliver(rate, 1000, 1000, &snapshot, 1000);
    assert_int_equal(rate->sample.rtt_ns, 1);
    assert_int_equal(rate->sample.interval_ns, 1);
    assert_true(rate->sample.bytes_per_s == 1000 * UINT64_C(1000000000));
    assert_true(tcp_rate_latest(rate->box.conn) == rate->sample.bytes_per_s);
    rate_close(rate);
}

static void selectively_acknowledged_octets_are_delivered(void **state)
{
    (void)state;
    struct rate_box *rate = rate_open();
    struct tcp_delivery delivery;
    tcp_scoreboard_delivery_init(&rate->loss.board, &delivery);
    delivery.acked_bytes = 1000;
    delivery.sacked_bytes = 3000;
    tcp_rate_on_delivered(rate->box.conn, &delivery, MS(1000), &rate->sample);
    assert_int_equal(rate->sample.acked_bytes, 4000);
    assert_int_equal(tcp_rate_delivered(rate->box.conn), 4000);
    rate_close(rate);
}

// An acknowledgment may be of the first transmission: shorter than any round trip is too short.
static void retransmission_gives_no_rate_in_less_than_a_round_trip(void **state)
{
    (void)state;
    for (uint8_t resends = 0; resends < 2; resends++) {
        for (uint32_t age_ms = 99; age_ms <= 100; age_ms++) {
            struct rate_box *rate = rate_open();
            struct tcp_delivery delivery;
            tcp_scoreboard_delivery_init(&rate->loss.board, &delivery);
            delivery.acked_bytes = 1000;
            delivery.has_newest = true;
            delivery.newest_resends = resends;
            delivery.newest_sent_ns = MS(1000);
            delivery.newest_snapshot =
                (struct tcp_send_snapshot){.first_sent_ns = MS(1000), .delivered_ns = MS(1000)};
            tcp_rate_on_delivered(rate->box.conn, &delivery, MS(1000 + age_ms), &rate->sample);
            bool has_rate = resends == 0 || age_ms == 100;
            assert_int_equal(rate->sample.bytes_per_s, has_rate ? 1000 * 1000 / age_ms : 0);
            assert_true(rate->sample.has_prior); // a round trip it is all the same
            rate_close(rate);
        }
    }
}

static void losses_count_from_when_the_delivered_was_sent(void **state)
{
    (void)state;
    struct rate_box *rate = rate_open();
    struct tcp_conn *conn = rate->box.conn;
    struct tcp_span span = {.left = seq_make(1000), .right = seq_make(3000)};
    assert_true(tcp_rate_on_lost(conn, &span));
    span = (struct tcp_span){.left = seq_make(3000), .right = seq_make(4000)};
    assert_false(tcp_rate_on_lost(conn, &span)); // the same range goes on
    span = (struct tcp_span){.left = seq_make(5000), .right = seq_make(6000)};
    assert_true(tcp_rate_on_lost(conn, &span));
    struct tcp_delivery delivery;
    tcp_scoreboard_delivery_init(&rate->loss.board, &delivery);
    delivery.acked_bytes = 1000;
    delivery.has_newest = true;
    delivery.newest_snapshot.lost_bytes = 3000;
    tcp_rate_on_delivered(conn, &delivery, MS(1000), &rate->sample);
    span = (struct tcp_span){.left = seq_make(8000), .right = seq_make(8500)};
    assert_true(tcp_rate_on_lost(conn, &span));
    tcp_rate_complete(conn, &rate->sample);
    assert_int_equal(rate->sample.lost_now_bytes, 500);
    assert_int_equal(rate->sample.lost_bytes, 1500);
    rate_close(rate);
}

// What is sent into an empty network begins its own interval; later it is that of the last
// delivery.
static void snapshot_restarts_when_nothing_is_in_flight(void **state)
{
    (void)state;
    struct rate_box *rate = rate_open();
    struct tcp_conn *conn = rate->box.conn;
    struct tcp_send_snapshot snapshot;
    struct seq at = conn->snd.nxt;
    tcp_rate_on_send(conn, 1000, MS(1000), &snapshot);
    assert_int_equal(snapshot.first_sent_ns, MS(1000));
    assert_int_equal(snapshot.delivered_ns, MS(1000));
    assert_int_equal(snapshot.in_flight_bytes, 1000);
    assert_true(tcp_scoreboard_sent(&rate->loss.board, at, seq_add(at, 1000), MS(1000), &snapshot));
    tcp_rate_on_send(conn, 500, MS(1010), &snapshot);
    assert_int_equal(snapshot.first_sent_ns, MS(1000));
    assert_int_equal(snapshot.in_flight_bytes, 1500);
    deliver(rate, 1000, 1000, &snapshot, 1100);
    tcp_rate_on_send(conn, 500, MS(1110), &snapshot);
    assert_int_equal(snapshot.delivered_ns, MS(1100));
    assert_int_equal(snapshot.delivered_bytes, 1000);
    tcp_scoreboard_mark_lost_all(&rate->loss.board);
    tcp_rate_on_send(conn, 500, MS(1500), &snapshot);
    assert_int_equal(snapshot.delivered_ns, MS(1500));
    rate_close(rate);
}

// Octets at the end of which the bubble lies, and one octet more.
static void limit_lasts_until_the_bubble_has_left_the_path(void **state)
{
    (void)state;
    struct rate_box *rate = rate_open();
    struct tcp_conn *conn = rate->box.conn;
    struct tcp_send_snapshot snapshot;
    struct seq at = conn->snd.nxt;
    tcp_rate_on_send(conn, 3000, MS(1000), &snapshot);
    assert_false(snapshot.is_app_limited);
    assert_true(tcp_scoreboard_sent(&rate->loss.board, at, seq_add(at, 3000), MS(1000), &snapshot));
    tcp_rate_limit(conn);
    tcp_rate_on_send(conn, 1000, MS(1001), &snapshot);
    assert_true(snapshot.is_app_limited);
    deliver(rate, 3000, 1000, &snapshot, 1100);
    assert_true(conn->rate.is_app_limited);
    deliver(rate, 1, 1001, &snapshot, 1101);
    assert_false(conn->rate.is_app_limited);
    rate_close(rate);
}

static void limited_sample_counts_when_it_is_the_greater_one(void **state)
{
    (void)state;
    struct rate_box *rate = rate_open();
    struct tcp_conn *conn = rate->box.conn;
    struct tcp_send_snapshot snapshot = {.first_sent_ns = MS(1000), .delivered_ns = MS(1000)};
    deliver(rate, 10000, 1000, &snapshot, 1100);
    assert_int_equal(tcp_rate_latest(conn), 100000);
    snapshot = (struct tcp_send_snapshot){.first_sent_ns = MS(1100),
                                          .delivered_ns = MS(1100),
                                          .delivered_bytes = 10000,
                                          .is_app_limited = true};
    deliver(rate, 5000, 1100, &snapshot, 1200);
    assert_int_equal(rate->sample.bytes_per_s, 50000);
    assert_int_equal(tcp_rate_latest(conn), 100000);
    assert_false(tcp_rate_is_app_limited(conn));
    deliver(rate, 10000, 1100, &snapshot, 1200);
    assert_int_equal(tcp_rate_latest(conn), 150000);
    assert_true(tcp_rate_is_app_limited(conn));
    rate_close(rate);
}

// On the wire

#define CONN() segment_conn()

static void flight_into_an_idle_path_is_limited_and_what_follows_is_not(void **state)
{
    (void)state;
    LOSS_OPEN(10);
    FLY(10, 30000);
    CHECK_EQ(LOSS()->board.own.snapshot.is_app_limited, true);
    SEND_ACK(10001);
    CHECK_EQ(tcp_rate_latest(CONN()), 100000); // 10 segments in 100 ms
    CHECK_EQ(tcp_rate_is_app_limited(CONN()), true);
    segment_forget_sent();
    ADVANCE(MS(100));
    SEND_ACK(28001); // HyStart++ has let 18 go
    CHECK_EQ(tcp_rate_latest(CONN()), 180000);
    CHECK_EQ(tcp_rate_is_app_limited(CONN()), false);
    segment_forget_sent();
    ADVANCE(MS(100));
    SEND_ACK(40001); // nothing is left to send
    CHECK_EQ(tcp_rate_latest(CONN()), 120000);
    WRITE(1000);
    segment_forget_sent();
    CHECK_EQ(CONN()->rate.is_app_limited, true);
    ADVANCE(MS(100));
    SEND_ACK(41001);
    CHECK_EQ(tcp_rate_latest(CONN()), 120000); // less, and limited
}

// The second flight is sent 10 ms apart, and acknowledged at once: it came no faster than it went.
static void acknowledgments_that_come_together_show_the_rate_of_sending(void **state)
{
    (void)state;
    LOSS_OPEN(10);
    CONN()->cc.ssthresh_bytes = 10000;
    FLY(10, 20000);
    for (uint32_t i = 1; i <= 10; i++) {
        SEND_ACK(1 + i * 1000);
        EXPECT_DATA(9001 + i * 1000);
        if (i < 10) {
            ADVANCE(MS(10));
        }
    }
    segment_forget_sent();
    ADVANCE(MS(10));
    CONN()->rate.bytes_per_s = 0;
    SEND_ACK(20001);
    // Sent 100 + 9 * 10 ms after what it was the answer to: not 10000 octets in 10 ms.
    CHECK_EQ(tcp_rate_latest(CONN()), 10000 * 1000 / 190);
    segment_forget_sent();
}

static void holes_are_no_hindrance(void **state)
{
    (void)state;
    LOSS_OPEN(10);
    FLY(10, 0);
    SEND_SACK(1, {2001, 10001});
    CHECK_EQ(tcp_rate_latest(CONN()), 80000);
    CHECK_EQ(tcp_rate_delivered(CONN()), 8000);
    CHECK_EQ(LOSS()->rate.lost_bytes, 2000);
    segment_forget_sent();
    ADVANCE(MS(100));
    SEND_ACK(10001);
    CHECK_EQ(tcp_rate_delivered(CONN()), 10000);
}

static void peer_without_sack_gives_one_sample_per_round_trip(void **state)
{
    (void)state;
    OPEN(.mss = 1000);
    WRITE(30000);
    segment_forget_sent(); // ten segments, at once
    ADVANCE(MS(100));
    SEND_ACK(1001); // the one that was measured
    CHECK_EQ(tcp_rate_latest(CONN()), 10000);
    segment_forget_sent();
    SEND_ACK(5001);
    CHECK_EQ(tcp_rate_latest(CONN()), 10000);
    segment_forget_sent();
    ADVANCE(MS(100));
    SEND_ACK(11001); // sent when 1000 were delivered
    CHECK_EQ(tcp_rate_latest(CONN()), 100000);
    segment_forget_sent();
}

static void peer_without_sack_gives_none_while_a_loss_is_repaired(void **state)
{
    (void)state;
    OPEN(.mss = 1000);
    WRITE(30000);
    segment_forget_sent();
    ADVANCE(MS(100));
    SEND_ACK(1001);
    segment_forget_sent();
    for (uint32_t i = 0; i < 3; i++) {
        SEND_ACK(1001);
    }
    segment_forget_sent();
    ADVANCE(MS(100));
    SEND_ACK(12001);
    CHECK_EQ(tcp_rate_latest(CONN()), 10000);
    segment_forget_sent();
}

static const struct CMUnitTest on_the_wire[] = {
    SEGMENT_TEST(flight_into_an_idle_path_is_limited_and_what_follows_is_not),
    SEGMENT_TEST(acknowledgments_that_come_together_show_the_rate_of_sending),
    SEGMENT_TEST(holes_are_no_hindrance),
    SEGMENT_TEST(peer_without_sack_gives_one_sample_per_round_trip),
    SEGMENT_TEST(peer_without_sack_gives_none_while_a_loss_is_repaired),
};

int main(void)
{
    const struct CMUnitTest by_hand[] = {
        cmocka_unit_test(sample_is_what_was_delivered_over_the_longer_of_sending_and_acknowledging),
        cmocka_unit_test(what_the_clock_does_not_see_took_a_nanosecond),
        cmocka_unit_test(selectively_acknowledged_octets_are_delivered),
        cmocka_unit_test(retransmission_gives_no_rate_in_less_than_a_round_trip),
        cmocka_unit_test(losses_count_from_when_the_delivered_was_sent),
        cmocka_unit_test(snapshot_restarts_when_nothing_is_in_flight),
        cmocka_unit_test(limit_lasts_until_the_bubble_has_left_the_path),
        cmocka_unit_test(limited_sample_counts_when_it_is_the_greater_one),
    };
    int failed = cmocka_run_group_tests(by_hand, NULL, NULL);
    return failed + segment_run(on_the_wire, sizeof on_the_wire / sizeof on_the_wire[0]);
}
