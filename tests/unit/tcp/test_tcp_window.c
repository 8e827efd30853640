// SPDX-License-Identifier: MIT
//
// The window we offer, one call at a time: what a peer computes from the fields we would send.
// The right edge never moves left, it stays within what the buffer can hold and a bounded excess
// for the scale's granularity, and it moves right by useful amounts only.
#include "conn_box.h"
#include "lib/test_random.h"
#include "lib/test_rows.h"

// What the peer knows: the largest right edge of all fields so far.
struct peer_view {
    struct seq edge;
    uint32_t window;
};

static void advertise(struct conn_box *box, struct peer_view *view)
{
    uint16_t field = tcp_window_advertise(&box->tcp, box->conn, false);
    view->window = (uint32_t)field << box->conn->rcv.wscale_shift;
    view->edge = seq_add(box->conn->rcv.nxt, view->window);
}

static struct conn_box *box_with(struct conn_box *box, uint32_t buffer_bytes)
{
    conn_box_init(box);
    box->conn->set.receive_buffer_bytes = buffer_bytes;
    box->conn->rcv.wscale_shift = tcp_window_shift(buffer_bytes);
    return box;
}

// As if `bytes` in-order octets had arrived and waited for the reader.
static void receive(struct conn_box *box, uint32_t bytes)
{
    box->conn->receive.bytes += bytes;
    box->conn->rcv.nxt = seq_add(box->conn->rcv.nxt, bytes);
}

static void finish(struct conn_box *box)
{
    box->conn->receive.bytes = 0; // they were never there
    conn_box_deinit(box);
}

// RFC 7323 §2.2: the smallest shift that lets the field name the whole buffer
static void shift_is_the_smallest_that_covers_the_buffer(void **state)
{
    (void)state;
    assert_int_equal(tcp_window_shift(256), 0);
    assert_int_equal(tcp_window_shift(65535), 0);
    assert_int_equal(tcp_window_shift(65536), 1);
    for (uint32_t shift = 1; shift <= 14; shift++) {
        assert_int_equal(tcp_window_shift((65535u << shift) + (1u << shift) - 1), shift);
        assert_int_equal(tcp_window_shift(65536u << (shift - 1)), shift);
    }
    assert_int_equal(tcp_window_shift(1u << 30), 14); // RFC 7323 §2.3: no more than 14
    assert_int_equal(tcp_window_shift(UINT32_MAX), 14);
}

static void first_window_offers_the_whole_buffer(void **state)
{
    (void)state;
    for (uint32_t shift = 0; shift <= 14; shift++) {
        struct conn_box box;
        struct peer_view view;
        box_with(&box, 65535u << shift);
        advertise(&box, &view);
        assert_int_equal(view.window, 65535u << shift);
        finish(&box);
    }
}

// A SYN's window is not scaled, and no larger than the field.
static void window_of_a_syn_is_not_scaled(void **state)
{
    (void)state;
    struct conn_box box;
    box_with(&box, 1u << 20);
    assert_int_equal(tcp_window_advertise(&box.tcp, box.conn, true), 65535);
    assert_int_equal(seq_distance(box.conn->rcv.nxt, box.conn->rcv.adv), 65535);
    box.conn->set.receive_buffer_bytes = 3000;
    assert_int_equal(tcp_window_of_syn(box.conn), 3000);
    finish(&box);
}

// RFC 9293 §3.8.6 [SHLD-14]: random arrivals and reads, every shift.
static void right_edge_never_moves_left(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 450; seed++) {
        struct conn_box box;
        struct peer_view view;
        uint64_t random = seed;
        uint32_t shift = (uint32_t)seed % 15;
        uint32_t buffer = 1000 + test_random_below(&random, 65000u << shift);
        box_with(&box, buffer);
        box.conn->rcv.nxt = box.conn->rcv.adv = seq_make((uint32_t)test_random(&random));
        advertise(&box, &view);
        for (uint32_t i = 0; i < 2000; i++) {
            struct seq before = view.edge;
            uint32_t open = tcp_window_open(box.conn);
            uint32_t most = open < 3000 ? open : 3000;
            receive(&box, most == 0 ? 0 : test_random_below(&random, most + 1));
            box.conn->receive.bytes -= test_random_below(&random, box.conn->receive.bytes + 1);
            advertise(&box, &view);
            assert_true(seq_ge(view.edge, before));
            assert_true(seq_eq(view.edge, box.conn->rcv.adv));
        }
        finish(&box);
    }
}

// RFC 7323 §2.4: the scale's granularity may not let the edge run away from the buffer. A peer
// that sends one octet at a time to somebody who does not read is stopped in the end.
static void hist_132_window_closes_however_small_the_segments(void **state)
{
    (void)state;
    for (uint32_t shift = 0; shift <= 8; shift++) {
        struct conn_box box;
        struct peer_view view;
        uint32_t buffer = 65535u << shift;
        uint32_t taken = 0;
        box_with(&box, buffer);
        advertise(&box, &view);
        while (view.window > 0 && taken <= 4 * (uint64_t)buffer) {
            receive(&box, 1);
            taken++;
            advertise(&box, &view);
        }
        assert_int_equal(view.window, 0);
        assert_true(taken >= buffer && taken <= buffer + buffer / 2 + (1u << shift));
        finish(&box);
    }
}

// RFC 9293 §3.8.6.2.2 [MUST-39]: no offers below half the buffer or one segment.
static void freed_room_is_offered_only_when_it_is_worth_it(void **state)
{
    (void)state;
    struct conn_box box;
    struct peer_view view;
    box_with(&box, 10000);
    advertise(&box, &view);
    receive(&box, 10000);
    advertise(&box, &view);
    assert_int_equal(view.window, 0);
    box.conn->receive.bytes -= BOX_MSS - 1;
    advertise(&box, &view);
    assert_int_equal(view.window, 0);
    box.conn->receive.bytes -= 1;
    advertise(&box, &view);
    assert_int_equal(view.window, BOX_MSS);
    finish(&box);
}

// RFC 9293 §3.8.6.2.2 [MUST-39]: with a small buffer half of it is worth offering.
static void half_of_a_small_buffer_is_worth_offering(void **state)
{
    (void)state;
    struct conn_box box;
    struct peer_view view;
    box_with(&box, 600);
    advertise(&box, &view);
    receive(&box, 600);
    advertise(&box, &view);
    box.conn->receive.bytes -= 299;
    advertise(&box, &view);
    assert_int_equal(view.window, 0);
    box.conn->receive.bytes -= 1;
    advertise(&box, &view);
    assert_int_equal(view.window, 300);
    finish(&box);
}

// RFC 9293 §3.8.6 [SHLD-14]: a smaller buffer shows when what was offered is used up.
static void smaller_buffer_does_not_take_back_what_was_offered(void **state)
{
    (void)state;
    struct conn_box box;
    struct peer_view view;
    box_with(&box, 20000);
    advertise(&box, &view);
    struct seq edge = view.edge;
    box.conn->set.receive_buffer_bytes = 4000;
    for (uint32_t i = 0; i < 16; i++) {
        receive(&box, BOX_MSS);
        box.conn->receive.bytes = 0; // read at once
        advertise(&box, &view);
        assert_true(seq_eq(view.edge, edge));
    }
    for (uint32_t i = 0; i < 16; i++) {
        receive(&box, BOX_MSS);
        box.conn->receive.bytes = 0;
        advertise(&box, &view);
        assert_true(view.window <= 4000);
    }
    finish(&box);
}

// RFC 7323 §2.3: less than a unit of the scale cannot be said, and a window of none would stay shut
// (sim --seed 91 --world 4274). A SYN's window has no scale.
static void clamp_below_a_unit_of_the_scale_offers_one(void **state)
{
    (void)state;
    struct conn_box box;
    struct peer_view view;
    box_with(&box, 65535u << 10);
    advertise(&box, &view);
    box.conn->set.window_clamp_bytes = 761;
    receive(&box, 65535u << 10);
    box.conn->receive.bytes = 0;
    advertise(&box, &view);
    assert_int_equal(view.window, 1024);
    receive(&box, 1024);
    advertise(&box, &view);
    assert_int_equal(view.window, 1024); // the buffer has room for more
    assert_int_equal(tcp_window_of_syn(box.conn), 761);
    finish(&box);
}

// With a buffer below a unit as well, which counts as two: what a small segment has used of the
// window comes back before the field would say none.
static void clamp_and_buffer_below_a_unit_stay_open(void **state)
{
    (void)state;
    struct conn_box box;
    struct peer_view view;
    box_with(&box, 65535u << 10);
    box.conn->set.receive_buffer_bytes = 600;
    box.conn->set.window_clamp_bytes = 761;
    advertise(&box, &view);
    for (uint32_t i = 0; i < 20; i++) {
        assert_int_equal(view.window, 1024);
        receive(&box, 100);
        box.conn->receive.bytes = 0;
        advertise(&box, &view);
    }
    receive(&box, 1024);
    advertise(&box, &view);
    assert_true(view.window <= 2048);
    box.conn->receive.bytes = 0;
    tcp_window_after_read(&box.tcp, box.conn);
    advertise(&box, &view);
    assert_int_equal(view.window, 1024);
    finish(&box);
}

// The update after a read: sent when the edge can move by half the buffer, not for every octet.
static void reading_octet_by_octet_sends_few_updates(void **state)
{
    (void)state;
    struct conn_box box;
    struct peer_view view;
    uint32_t updates = 0;
    box_with(&box, 10000);
    advertise(&box, &view);
    receive(&box, 10000);
    advertise(&box, &view);
    while (box.conn->receive.bytes > 0) {
        box.conn->receive.bytes--;
        tcp_window_after_read(&box.tcp, box.conn);
        if (box.conn->pending.ack_reason != 0) {
            box.conn->pending.ack_reason = 0;
            advertise(&box, &view);
            updates++;
        }
    }
    assert_true(updates >= 1 && updates <= 5);
    assert_true(view.window >= 5000);
    finish(&box);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shift_is_the_smallest_that_covers_the_buffer),
        cmocka_unit_test(first_window_offers_the_whole_buffer),
        cmocka_unit_test(window_of_a_syn_is_not_scaled),
        cmocka_unit_test(right_edge_never_moves_left),
        cmocka_unit_test(hist_132_window_closes_however_small_the_segments),
        cmocka_unit_test(freed_room_is_offered_only_when_it_is_worth_it),
        cmocka_unit_test(half_of_a_small_buffer_is_worth_offering),
        cmocka_unit_test(smaller_buffer_does_not_take_back_what_was_offered),
        cmocka_unit_test(clamp_below_a_unit_of_the_scale_offers_one),
        cmocka_unit_test(clamp_and_buffer_below_a_unit_stay_open),
        cmocka_unit_test(reading_octet_by_octet_sends_few_updates),
    };
    return test_rows_main(argc, argv, tests, sizeof tests / sizeof tests[0], test_rows_run);
}
