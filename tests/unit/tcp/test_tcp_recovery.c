// SPDX-License-Identifier: MIT
//
// Fast retransmit and fast recovery, step by step as RFC 6582 §3.2 and RFC 5681 §3.2 number them.
// The segments in flight are 1000 octets each, and the window is open.
#include "conn_box.h"
#include "lib/test_rows.h"

static void duplicates(struct conn_box *box, uint32_t count)
{
    while (count-- > 0) {
        tcp_recovery_on_duplicate_ack(&box->tcp, box->conn, box->now_ns);
    }
}

static void acknowledge(struct conn_box *box, uint32_t bytes)
{
    conn_box_ack(box, bytes);
    tcp_recovery_on_ack(&box->tcp, box->conn, bytes, 0, box->now_ns);
}

static void send_segments(struct conn_box *box, uint32_t count)
{
    while (count-- > 0) {
        conn_box_send(box, BOX_MSS);
        tcp_recovery_on_sent(box->conn);
    }
}

// RFC 5681 §3.2 step 1, RFC 3042: two segments of new data, the congestion window as it was.
static void first_two_duplicates_allow_one_segment_each(void **state)
{
    (void)state;
    struct conn_box box;
    conn_box_init(&box);
    send_segments(&box, 10);
    uint32_t cwnd = box.conn->cc.cwnd_bytes;
    duplicates(&box, 1);
    assert_int_equal(box.conn->recovery.limited, 1);
    duplicates(&box, 1);
    assert_int_equal(box.conn->recovery.limited, 2);
    assert_false(box.conn->recovery.needs_resend);
    assert_int_equal(box.conn->cc.cwnd_bytes, cwnd);
    conn_box_deinit(&box);
}

// RFC 9293 §3.8.2 [MUST-19], RFC 5681 §3.2 steps 2 and 3
static void third_duplicate_retransmits_and_halves(void **state)
{
    (void)state;
    struct conn_box box;
    conn_box_init(&box);
    send_segments(&box, 10);
    duplicates(&box, 3);
    assert_true(box.conn->recovery.needs_resend && box.conn->recovery.is_active);
    assert_int_equal(box.conn->cc.ssthresh_bytes, 5 * BOX_MSS);
    assert_int_equal(box.conn->cc.cwnd_bytes + box.conn->recovery.inflation_bytes, 8 * BOX_MSS);
    conn_box_deinit(&box);
}

// RFC 5681 §3.2 step 2: what limited transmit sent does not count as flight.
static void threshold_leaves_out_limited_transmit(void **state)
{
    (void)state;
    struct conn_box box;
    conn_box_init(&box);
    send_segments(&box, 10);
    duplicates(&box, 1);
    send_segments(&box, 1);
    duplicates(&box, 1);
    send_segments(&box, 1);
    duplicates(&box, 1);
    assert_int_equal(box.conn->cc.ssthresh_bytes, 5 * BOX_MSS); // half of 10, not of 12
    conn_box_deinit(&box);
}

static void threshold_is_at_least_two_segments(void **state)
{
    (void)state;
    struct conn_box box;
    conn_box_init(&box);
    for (uint32_t i = 0; i < 4; i++) {
        conn_box_send(&box, 10); // segments need not be full-sized to be counted
    }
    duplicates(&box, 3);
    assert_true(box.conn->recovery.needs_resend);
    assert_int_equal(box.conn->cc.ssthresh_bytes, 2 * BOX_MSS);
    conn_box_deinit(&box);
}

// RFC 5681 §3.2 step 4
static void each_further_duplicate_inflates_by_a_segment(void **state)
{
    (void)state;
    struct conn_box box;
    conn_box_init(&box);
    send_segments(&box, 10);
    duplicates(&box, 9);
    assert_int_equal(box.conn->recovery.inflation_bytes, 9 * BOX_MSS);
    assert_int_equal(box.conn->cc.cwnd_bytes, 5 * BOX_MSS);
    conn_box_deinit(&box);
}

static void hist_144_forged_duplicates_inflate_by_no_more_than_the_flight(void **state)
{
    (void)state;
    struct conn_box box;
    conn_box_init(&box);
    send_segments(&box, 10);
    duplicates(&box, 100000);
    assert_true(box.conn->recovery.inflation_bytes <= 10 * BOX_MSS);
    conn_box_deinit(&box);
}

// RFC 6582 §3.2 step 3, partial acknowledgment: the next hole, deflated by what was acknowledged
// and inflated by one segment.
static void partial_acknowledgment_sends_the_next_hole(void **state)
{
    (void)state;
    struct conn_box box;
    conn_box_init(&box);
    send_segments(&box, 10);
    duplicates(&box, 9);
    box.conn->recovery.needs_resend = false; // sent
    acknowledge(&box, 4 * BOX_MSS);
    assert_true(box.conn->recovery.needs_resend && box.conn->recovery.is_active);
    assert_int_equal(box.conn->recovery.inflation_bytes, 6 * BOX_MSS); // 9 - 4 + 1
    assert_int_equal(box.conn->cc.cwnd_bytes, 5 * BOX_MSS);
    conn_box_deinit(&box);
}

static void partial_acknowledgment_below_a_segment_adds_nothing(void **state)
{
    (void)state;
    struct conn_box box;
    conn_box_init(&box);
    send_segments(&box, 10);
    duplicates(&box, 9);
    acknowledge(&box, 400);
    assert_int_equal(box.conn->recovery.inflation_bytes, 9 * BOX_MSS - 400);
    conn_box_deinit(&box);
}

// RFC 6582 §3.2 step 3, full acknowledgment, option 1: no burst with little in flight.
static void full_acknowledgment_ends_recovery(void **state)
{
    (void)state;
    struct conn_box box;
    conn_box_init(&box);
    send_segments(&box, 10);
    duplicates(&box, 9);
    acknowledge(&box, 10 * BOX_MSS);
    assert_false(box.conn->recovery.is_active || box.conn->recovery.needs_resend);
    assert_int_equal(box.conn->recovery.inflation_bytes, 0);
    assert_int_equal(box.conn->cc.cwnd_bytes, 2 * BOX_MSS); // max (0, SMSS) + SMSS
    conn_box_deinit(&box);
}

static void full_acknowledgment_with_data_in_flight_leaves_the_threshold(void **state)
{
    (void)state;
    struct conn_box box;
    conn_box_init(&box);
    send_segments(&box, 10);
    duplicates(&box, 9);
    send_segments(&box, 4);
    acknowledge(&box, 10 * BOX_MSS);
    assert_int_equal(box.conn->cc.cwnd_bytes, 5 * BOX_MSS); // min (ssthresh, 4 + 1)
    conn_box_deinit(&box);
}

// RFC 6582 §3.2 step 2: only an acknowledgment that covers more than `recover` lets in.
static void duplicates_at_recover_start_no_second_recovery(void **state)
{
    (void)state;
    struct conn_box box;
    conn_box_init(&box);
    send_segments(&box, 10);
    duplicates(&box, 9);
    acknowledge(&box, 10 * BOX_MSS);
    send_segments(&box, 2);
    duplicates(&box, 3);
    assert_false(box.conn->recovery.is_active);
    acknowledge(&box, BOX_MSS);
    send_segments(&box, 4);
    duplicates(&box, 3);
    assert_true(box.conn->recovery.is_active);
    conn_box_deinit(&box);
}

// RFC 6582 §3.2 step 4
static void duplicates_after_a_timeout_start_no_recovery(void **state)
{
    (void)state;
    struct conn_box box;
    conn_box_init(&box);
    send_segments(&box, 6);
    box.conn->retries = 1;
    tcp_recovery_on_timeout(&box.tcp, box.conn, box.now_ns);
    box.conn->snd.resend = box.conn->snd.nxt; // everything was sent again
    acknowledge(&box, 6 * BOX_MSS);
    send_segments(&box, 2);
    duplicates(&box, 5); // of what was sent twice
    assert_false(box.conn->recovery.is_active);
    conn_box_deinit(&box);
}

// `recover` is a sequence number, and half the circle later it would lie ahead again.
static void recover_is_forgotten_once_it_was_passed(void **state)
{
    (void)state;
    struct conn_box box;
    conn_box_init(&box);
    send_segments(&box, 10);
    duplicates(&box, 3);
    acknowledge(&box, 10 * BOX_MSS);
    for (uint32_t i = 0; i < 5; i++) { // 2.5 GB in five steps, one segment seen of each
        struct tcp_send_vars *snd = &box.conn->snd;
        send_segments(&box, 1);
        acknowledge(&box, BOX_MSS);
        snd->una = snd->resend = snd->nxt = seq_add(snd->nxt, 500000000);
    }
    send_segments(&box, 5);
    duplicates(&box, 3);
    assert_true(box.conn->recovery.is_active);
    conn_box_deinit(&box);
}

// RFC 9293 §3.8.2 [MUST-19], RFC 5681 §3.1
static void timeout_sets_the_threshold_once_and_goes_back(void **state)
{
    (void)state;
    struct conn_box box;
    conn_box_init(&box);
    send_segments(&box, 10);
    box.conn->retries = 1;
    tcp_recovery_on_timeout(&box.tcp, box.conn, box.now_ns);
    assert_int_equal(box.conn->cc.ssthresh_bytes, 5 * BOX_MSS);
    assert_int_equal(box.conn->cc.cwnd_bytes, BOX_MSS);
    assert_true(seq_eq(box.conn->snd.resend, box.conn->snd.una));
    box.conn->retries = 2;
    tcp_recovery_on_timeout(&box.tcp, box.conn, box.now_ns);
    assert_int_equal(box.conn->cc.ssthresh_bytes, 5 * BOX_MSS);
    conn_box_deinit(&box);
}

static void timeout_in_recovery_ends_it(void **state)
{
    (void)state;
    struct conn_box box;
    conn_box_init(&box);
    send_segments(&box, 10);
    duplicates(&box, 6);
    box.conn->retries = 1;
    tcp_recovery_on_timeout(&box.tcp, box.conn, box.now_ns);
    assert_false(box.conn->recovery.is_active || box.conn->recovery.needs_resend);
    assert_int_equal(box.conn->recovery.inflation_bytes, 0);
    conn_box_deinit(&box);
}

// Acknowledgments come in bursts: each of them grows the window, though less and less is in flight.
static void burst_of_acknowledgments_grows_with_each(void **state)
{
    (void)state;
    struct conn_box box;
    conn_box_init(&box);
    send_segments(&box, 10);
    for (uint32_t i = 0; i < 5; i++) {
        acknowledge(&box, 2 * BOX_MSS);
    }
    assert_int_equal(box.conn->cc.cwnd_bytes, 20 * BOX_MSS);
    conn_box_deinit(&box);
}

// A window that is not used does not grow, wherever in the circle the numbers lie.
static void unused_window_does_not_grow(void **state)
{
    (void)state;
    static const uint32_t starts[] = {1, 0x7ffffff0, 0x80000010, 0xc0000000, 0xfffffff0};
    for (uint32_t s = 0; s < 5; s++) {
        struct conn_box box;
        conn_box_init(&box);
        box.conn->snd.una = box.conn->snd.nxt = box.conn->snd.resend = seq_make(starts[s]);
        send_segments(&box, 10);
        acknowledge(&box, 10 * BOX_MSS);
        uint32_t cwnd = box.conn->cc.cwnd_bytes;
        for (uint32_t i = 0; i < 20; i++) {
            send_segments(&box, 2);
            acknowledge(&box, 2 * BOX_MSS);
        }
        assert_int_equal(box.conn->cc.cwnd_bytes, cwnd);
        conn_box_deinit(&box);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_two_duplicates_allow_one_segment_each),
        cmocka_unit_test(third_duplicate_retransmits_and_halves),
        cmocka_unit_test(threshold_leaves_out_limited_transmit),
        cmocka_unit_test(threshold_is_at_least_two_segments),
        cmocka_unit_test(each_further_duplicate_inflates_by_a_segment),
        cmocka_unit_test(hist_144_forged_duplicates_inflate_by_no_more_than_the_flight),
        cmocka_unit_test(partial_acknowledgment_sends_the_next_hole),
        cmocka_unit_test(partial_acknowledgment_below_a_segment_adds_nothing),
        cmocka_unit_test(full_acknowledgment_ends_recovery),
        cmocka_unit_test(full_acknowledgment_with_data_in_flight_leaves_the_threshold),
        cmocka_unit_test(duplicates_at_recover_start_no_second_recovery),
        cmocka_unit_test(duplicates_after_a_timeout_start_no_recovery),
        cmocka_unit_test(recover_is_forgotten_once_it_was_passed),
        cmocka_unit_test(timeout_sets_the_threshold_once_and_goes_back),
        cmocka_unit_test(timeout_in_recovery_ends_it),
        cmocka_unit_test(burst_of_acknowledgments_grows_with_each),
        cmocka_unit_test(unused_window_does_not_grow),
    };
    return test_rows_main(argc, argv, tests, sizeof tests / sizeof tests[0], test_rows_run);
}
