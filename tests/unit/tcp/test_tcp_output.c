// SPDX-License-Identifier: MIT
//
// What one pull gives, looked at before it is a packet: super-packets with their facts, and what
// the congestion window lets go again.
#include <string.h>

#include "conn_box.h"

static void queue(struct conn_box *box, uint32_t bytes)
{
    static const uint8_t octets[200000];
    struct gather from;
    gather_of_octets(&from, octets, bytes);
    assert_int_equal(stream_append(&box->conn->send, &box->tcp.chunks, &from, bytes), bytes);
}

static void open_wide(struct conn_box *box)
{
    conn_box_init(box);
    box->conn->path.gso_bytes = 65535;
    box->conn->cc.cwnd_bytes = 1 << 20;
    box->conn->snd.wnd = box->conn->snd.wnd_max = 1 << 20;
    box->conn->snd.edge = seq_add(box->conn->snd.una, 1 << 20);
}

static void hold_out_of_order(struct conn_box *box, uint32_t runs)
{
    struct reassembly_memory memory = {
        .runs = &box->tcp.runs, .chunks = &box->tcp.chunks, .runs_max = 16, .chunks_max = 16};
    for (uint32_t i = 0; i < runs; i++) {
        struct gather text;
        gather_of_octets(&text, "x", 1);
        assert_int_equal(reassembly_insert(&box->conn->ooo, &memory,
                                           seq_add(box->conn->rcv.nxt, 10 + 10 * i), text),
                         REASSEMBLY_KEPT);
    }
}

static void finish(struct conn_box *box)
{
    tcp_timer_cancel_all(&box->tcp, box->conn);
    conn_box_deinit(box);
}

static void super_packet_says_how_it_is_split(void **state)
{
    (void)state;
    struct conn_box box;
    struct synfin_packet packet;
    open_wide(&box);
    queue(&box, 5500);
    assert_true(tcp_output(&box.tcp, box.conn, &packet, box.now_ns));
    assert_int_equal(packet.bytes - packet.head_bytes, 5000);
    assert_int_equal(packet.gso_bytes, BOX_MSS);
    finish(&box);
}

// Options that every segment repeats take their room from each.
static void segments_of_a_super_packet_leave_room_for_sack(void **state)
{
    (void)state;
    for (uint32_t runs = 1; runs <= 4; runs++) {
        struct conn_box box;
        struct synfin_packet packet;
        open_wide(&box);
        box.conn->uses_sack = true;
        hold_out_of_order(&box, runs);
        queue(&box, 5500);
        assert_true(tcp_output(&box.tcp, box.conn, &packet, box.now_ns));
        assert_int_equal(packet.head_bytes, 20 + 4 + 8 * runs);
        assert_true(packet.gso_bytes + packet.head_bytes <= BOX_MSS + 20);
        assert_int_equal((packet.bytes - packet.head_bytes) % packet.gso_bytes, 0);
        finish(&box);
    }
}

// RFC 9768 §3.2.3: an option that is owed once is in this header, and so in every segment.
static void segments_of_a_super_packet_leave_room_for_counters_of_marks(void **state)
{
    (void)state;
    struct conn_box box;
    struct synfin_packet packet;
    open_wide(&box);
    box.conn->ecn.mode = TCP_ECN_ACCURATE;
    box.conn->ecn.fields_owed = 1;
    queue(&box, 5500);
    assert_true(tcp_output(&box.tcp, box.conn, &packet, box.now_ns));
    assert_true(packet.head_bytes > 20);
    assert_int_equal(packet.gso_bytes + packet.head_bytes, BOX_MSS + 20);
    assert_int_equal((packet.bytes - packet.head_bytes) % packet.gso_bytes, 0);
    finish(&box);
}

static void super_packet_fits_an_ip_datagram(void **state)
{
    (void)state;
    for (uint16_t mss = 52; mss < 3000; mss = (uint16_t)(mss + 7)) {
        struct conn_box box;
        struct synfin_packet packet;
        open_wide(&box);
        box.conn->snd.mss = mss;
        queue(&box, 100000);
        assert_true(tcp_output(&box.tcp, box.conn, &packet, box.now_ns));
        assert_true(packet.bytes + 40 <= SYNFIN_PACKET_MAX);
        assert_true(packet.bytes > 60000);
        finish(&box);
    }
}

// A pointer counts from the segment that carries it: split segments would all carry the same.
static void urgent_data_goes_in_single_segments(void **state)
{
    (void)state;
    struct conn_box box;
    struct synfin_packet packet;
    open_wide(&box);
    queue(&box, 5000);
    box.conn->has_urgent_out = true;
    box.conn->snd.up = seq_add(box.conn->snd.una, 5000);
    assert_true(tcp_output(&box.tcp, box.conn, &packet, box.now_ns));
    assert_int_equal(packet.gso_bytes, 0);
    assert_int_equal(packet.bytes - packet.head_bytes, BOX_MSS);
    finish(&box);
}

static void checksum_is_left_to_a_device_that_can(void **state)
{
    (void)state;
    struct conn_box box;
    struct synfin_packet packet;
    open_wide(&box);
    box.conn->path.can_checksum = true;
    queue(&box, 100);
    assert_true(tcp_output(&box.tcp, box.conn, &packet, box.now_ns));
    assert_int_equal(packet.checksum, SYNFIN_CHECKSUM_PARTIAL);
    assert_int_equal(packet.checksum_offset, 16);
    finish(&box);
}

// RFC 9293 §3.8.2 [MUST-19], RFC 5681 §2: flight never exceeds the window, going back neither.
static void resending_stays_within_the_congestion_window(void **state)
{
    (void)state;
    for (uint32_t cwnd = 1; cwnd <= 5000; cwnd += 137) {
        struct conn_box box;
        struct synfin_packet packet;
        conn_box_init(&box);
        conn_box_send(&box, 8000);
        box.conn->snd.resend = box.conn->snd.una;
        box.conn->cc.cwnd_bytes = cwnd;
        uint32_t sent = 0;
        while (tcp_output(&box.tcp, box.conn, &packet, box.now_ns)) {
            sent += packet.bytes - packet.head_bytes;
        }
        assert_int_equal(sent, cwnd < BOX_MSS ? BOX_MSS : cwnd / BOX_MSS * BOX_MSS);
        finish(&box);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(super_packet_says_how_it_is_split),
        cmocka_unit_test(segments_of_a_super_packet_leave_room_for_sack),
        cmocka_unit_test(segments_of_a_super_packet_leave_room_for_counters_of_marks),
        cmocka_unit_test(super_packet_fits_an_ip_datagram),
        cmocka_unit_test(urgent_data_goes_in_single_segments),
        cmocka_unit_test(checksum_is_left_to_a_device_that_can),
        cmocka_unit_test(resending_stays_within_the_congestion_window),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
