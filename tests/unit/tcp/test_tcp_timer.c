// SPDX-License-Identifier: MIT
//
// Deadlines and the one entry on the wheel: it lies at the earliest deadline or before, and finds
// out when it comes up that a deadline has moved.
#include "conn_box.h"
#include "lib/test_rows.h"

static void send_one(struct conn_box *box)
{
    conn_box_send(box, 100);
    tcp_timer_on_sent(&box->tcp, box->conn, box->now_ns);
}

static void finish(struct conn_box *box)
{
    tcp_timer_cancel_all(&box->tcp, box->conn);
    conn_box_deinit(box);
}

static void first_segment_arms_the_wheel_at_the_timeout(void **state)
{
    (void)state;
    struct conn_box box;
    conn_box_init(&box);
    assert_false(wheel_is_armed(&box.conn->timer));
    send_one(&box);
    assert_int_equal(box.conn->deadline_ns[SYNFIN_TCP_TIMER_RETRANSMIT], box.now_ns + BOX_S);
    assert_int_equal(box.conn->timer.deadline_ns, box.now_ns + BOX_S);
    finish(&box);
}

// A deadline that moves later leaves the entry where it is; nothing fires early.
static void later_deadline_leaves_the_entry_and_does_not_fire_early(void **state)
{
    (void)state;
    struct conn_box box;
    conn_box_init(&box);
    send_one(&box);
    send_one(&box);
    uint64_t first_ns = box.conn->timer.deadline_ns;
    conn_box_advance(&box, 900 * BOX_MS);
    conn_box_ack(&box, 100);
    tcp_timer_on_acked(&box.tcp, box.conn, box.now_ns);
    assert_int_equal(box.conn->timer.deadline_ns, first_ns);
    assert_int_equal(box.conn->deadline_ns[SYNFIN_TCP_TIMER_RETRANSMIT], box.now_ns + BOX_S);
    conn_box_advance(&box, 200 * BOX_MS); // beyond the old deadline
    assert_int_equal(box.conn->retries, 0);
    assert_int_equal(box.conn->timer.deadline_ns,
                     box.conn->deadline_ns[SYNFIN_TCP_TIMER_RETRANSMIT]);
    conn_box_advance(&box, 800 * BOX_MS);
    assert_int_equal(box.conn->retries, 1);
    finish(&box);
}

static void earlier_deadline_moves_the_entry(void **state)
{
    (void)state;
    struct conn_box box;
    conn_box_init(&box);
    send_one(&box);
    tcp_timer_on_data_unacked(&box.tcp, box.conn, box.now_ns);
    assert_int_equal(box.conn->timer.deadline_ns, box.now_ns + 40 * BOX_MS);
    conn_box_advance(&box, 40 * BOX_MS);
    assert_int_equal(box.conn->pending.ack_reason, SYNFIN_REASON_SEND_ACK_DELAYED);
    assert_int_equal(box.conn->timer.deadline_ns,
                     box.conn->deadline_ns[SYNFIN_TCP_TIMER_RETRANSMIT]);
    finish(&box);
}

// Nothing is left to wait for: the entry comes up once more and is then off the wheel.
static void cancelled_timer_leaves_the_wheel_empty_in_the_end(void **state)
{
    (void)state;
    struct conn_box box;
    conn_box_init(&box);
    send_one(&box);
    conn_box_ack(&box, 100);
    tcp_timer_on_acked(&box.tcp, box.conn, box.now_ns);
    conn_box_advance(&box, 2 * BOX_S);
    assert_int_equal(box.conn->retries, 0);
    assert_false(wheel_is_armed(&box.conn->timer));
    assert_int_equal(wheel_next_deadline(&box.wheel), SYNFIN_NEVER);
    finish(&box);
}

static void cancelling_all_takes_the_entry_off(void **state)
{
    (void)state;
    struct conn_box box;
    conn_box_init(&box);
    send_one(&box);
    tcp_timer_on_data_unacked(&box.tcp, box.conn, box.now_ns);
    tcp_timer_cancel_all(&box.tcp, box.conn);
    assert_false(wheel_is_armed(&box.conn->timer));
    for (uint32_t i = 0; i < SYNFIN_TCP_TIMER_COUNT; i++) {
        assert_int_equal(box.conn->deadline_ns[i], SYNFIN_NEVER);
    }
    finish(&box);
}

// hist/120: whatever the clock's origin, waits are as long as ever.
static void hist_120_any_origin_of_the_clock_gives_the_same_waits(void **state)
{
    (void)state;
    static const uint64_t origins[] = {0, (UINT64_C(1) << 31) - 1, (UINT64_C(1) << 32) - 1,
                                       ((UINT64_C(1) << 32) - 1) * 1000000,
                                       (UINT64_C(1) << 63) - 1};
    for (uint32_t i = 0; i < sizeof origins / sizeof origins[0]; i++) {
        struct conn_box box;
        conn_box_init(&box);
        box.now_ns = origins[i] > box.now_ns ? origins[i] : box.now_ns;
        wheel_advance(&box.wheel, box.now_ns);
        send_one(&box);
        conn_box_advance(&box, BOX_S - 1);
        assert_int_equal(box.conn->retries, 0);
        conn_box_advance(&box, 1);
        assert_int_equal(box.conn->retries, 1);
        finish(&box);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(first_segment_arms_the_wheel_at_the_timeout),
    cmocka_unit_test(later_deadline_leaves_the_entry_and_does_not_fire_early),
    cmocka_unit_test(earlier_deadline_moves_the_entry),
    cmocka_unit_test(cancelled_timer_leaves_the_wheel_empty_in_the_end),
    cmocka_unit_test(cancelling_all_takes_the_entry_off),
    cmocka_unit_test(hist_120_any_origin_of_the_clock_gives_the_same_waits),
};
ROWS_MAIN(tests)
