// SPDX-License-Identifier: MIT
//
// The ways of enum synfin_linux_way in what leaves together and when: each beside the default. A
// segment has 1,000 octets.
#include "linux_steps.h"
#include "loss_steps.h"
#include "tcp/tcp_linux.h"
#include "tcp/tcp_pace.h"

enum { TICK_NS = 100000 }; // of the wheel

static void take_super_packets(void)
{
    segment_iface_config()->gso_bytes = 65535;
}

// What is pushed has PSH in both; a burst that only the window has ended, and no single segment,
// has it as Linux has it.
static void push_bursts_every_burst_ends_with_psh(void **state)
{
    for (FOR_BOTH(PUSH_BURSTS)) {
        take_super_packets();
        OPEN(.mss = 1000, .window = 3000);
        WRITE(6000);
        EXPECT(.flags = is_linux ? PSH | ACK : ACK, .seq = 1, .ack = 1, .data = 3000);
        SEND(.flags = ACK, .seq = 1, .ack = 3001, .window = 1000);
        EXPECT(.flags = ACK, .seq = 3001, .ack = 1, .data = 1000);
        SEND(.flags = ACK, .seq = 1, .ack = 4001, .window = 3000);
        EXPECT(.flags = PSH | ACK, .seq = 4001, .ack = 1, .data = 2000);
        SEND_ACK(6001);
    }
}

// Ten segments, which are all that is queued.
static void expect_bursts(uint32_t most)
{
    WRITE(10000);
    for (uint32_t seq = 1; seq < 10001; seq += most) {
        bool is_last = seq + most == 10001;
        EXPECT(.flags = is_last ? PSH | ACK : ACK, .seq = seq, .ack = 1, .data = most);
    }
    SEND_ACK(10001);
}

static void size_bursts_nearby_they_have_half_of_the_window(void **state)
{
    for (FOR_BOTH(SIZE_BURSTS)) {
        take_super_packets();
        OPEN(.mss = 1000);
        expect_bursts(is_linux ? 5000 : 10000);
    }
}

// 100 ms away a millisecond's worth of the window is less than the two segments that may always go.
static void size_bursts_far_away_they_have_a_milliseconds_worth(void **state)
{
    for (FOR_BOTH(SIZE_BURSTS)) {
        take_super_packets();
        LOSS_OPEN(10);
        expect_bursts(is_linux ? 2000 : 10000);
    }
}

// So many segments may always go, if they are no more than half of the window.
static void size_bursts_have_a_least_size(void **state)
{
    for (FOR_BOTH(SIZE_BURSTS)) {
        take_super_packets();
        segment_config()->burst_segments_min = 5;
        LOSS_OPEN(10);
        expect_bursts(is_linux ? 5000 : 10000);
    }
}

// A tenth of a window in a 1024th of a second, at twice the pace while slow start goes on.
static void size_bursts_of_slow_start_are_larger(void **state)
{
    (void)state;
    ONLY(SIZE_BURSTS);
    OPEN(.mss = 1000);
    struct tcp_conn *conn = segment_conn();
    conn->rtt.srtt_ns = SEC(1) / 1024 * 10;
    conn->rtt.min_ns = MS(100);
    conn->cc.cwnd_bytes = 1000000;
    conn->cc.ssthresh_bytes = 2000002;
    CHECK_EQ(tcp_linux_burst(conn), 200000);
    conn->cc.ssthresh_bytes = 2000000;
    CHECK_EQ(tcp_linux_burst(conn), 120000);
    conn->cc.cwnd_bytes = 1000; // the half of which would be nothing
    CHECK_EQ(tcp_linux_burst(conn), 1000);
}

static void size_buffer(uint32_t bytes)
{
    segment_config()->send_buffer_bytes = segment_config()->send_buffer_bytes_max = bytes;
}

// Each packet takes 1,280 octets more than its own; the user hears of room when there is a third.
static void send_chunks_memory_of_packets_counts(void **state)
{
    for (FOR_BOTH(SEND_CHUNKS)) {
        uint32_t most = is_linux ? 5 : 10;
        size_buffer(10000);
        OPEN(.mss = 1000);
        for (uint32_t i = 0; i < most; i++) {
            WRITE(1000);
            EXPECT(.flags = PSH | ACK, .seq = 1 + 1000 * i, .ack = 1, .data = 1000);
        }
        RESULT(segment_user_send(1000), AGAIN);
        for (uint32_t acked = 1; acked < (is_linux ? 3 : 1); acked++) {
            SEND_ACK(1000 * acked + 1);
            NO_EVENT();
        }
        SEND_ACK((is_linux ? 3000 : 1000) + 1);
        EVENT(WRITABLE);
    }
}

// Data wait behind a shut window whose largest size was 8,000 octets: a burst has half of that.
static void open_and_shut(void)
{
    OPEN(.mss = 1000, .window = 8000);
    WRITE(1000);
    EXPECT(.flags = PSH | ACK, .seq = 1, .ack = 1, .data = 1000);
    SEND(.flags = ACK, .seq = 1, .ack = 1001, .window = SHUT);
}

static void send_chunks_burst_that_is_begun_is_filled(void **state)
{
    for (FOR_BOTH(SEND_CHUNKS)) {
        take_super_packets();
        size_buffer(5000);
        open_and_shut();
        WRITE(3800); // which, and one packet's 1,280, are more than the buffer
        WRITE(is_linux ? 200 : 1200);
        RESULT(segment_user_send(1), AGAIN);
        SEND(.flags = ACK, .seq = 1, .ack = 1001, .window = 8000);
        uint32_t bytes = is_linux ? 4000 : 5000;
        EXPECT(.flags = PSH | ACK, .seq = 1001, .ack = 1, .data = bytes);
        SEND_ACK(1001 + bytes);
    }
}

static void send_chunks_leave_one_by_one(void **state)
{
    for (FOR_BOTH(SEND_CHUNKS)) {
        take_super_packets();
        open_and_shut();
        WRITE(1500);
        WRITE(2500);
        WRITE(2000);
        SEND(.flags = ACK, .seq = 1, .ack = 1001, .window = 8000);
        if (is_linux) {
            EXPECT(.flags = ACK, .seq = 1001, .ack = 1, .data = 4000);
            EXPECT(.flags = PSH | ACK, .seq = 5001, .ack = 1, .data = 2000);
        } else {
            EXPECT(.flags = PSH | ACK, .seq = 1001, .ack = 1, .data = 6000);
        }
        SEND_ACK(7001);
    }
}

// A peer with the smallest of windows gets all of it at once; a large one, as much as a packet is.
static void send_chunks_are_half_a_window_but_of_small_ones(void **state)
{
    (void)state;
    ONLY(SEND_CHUNKS);
    take_super_packets();
    OPEN(.mss = 100, .window = 500);
    WRITE(500);
    EXPECT(.flags = PSH | ACK, .seq = 1, .ack = 1, .data = 500);
    SEND_ACK(501);
    struct tcp_conn *conn = segment_conn();
    conn->snd.wnd_max = 1000;
    CHECK_EQ(tcp_linux_room_to_queue(conn, 1 << 20), 500);
    conn->snd.wnd_max = 1 << 20;
    CHECK_EQ(tcp_linux_room_to_queue(conn, 1 << 20), (65535 - 320) / 100 * 100);
}

static void send_chunks_record_that_is_over_is_not_filled(void **state)
{
    (void)state;
    ONLY(SEND_CHUNKS);
    take_super_packets();
    size_buffer(5000);
    open_and_shut();
    WRITE(3800); // with one packet's 1,280 more than the buffer, and less than a burst
    SET(RECORD_END, 1);
    RESULT(segment_user_send(200), AGAIN);
    SEND(.flags = ACK, .seq = 1, .ack = 1001, .window = 8000);
    EXPECT(.flags = ACK, .seq = 1001, .ack = 1, .data = 3000);
    EXPECT(.flags = PSH | ACK, .seq = 4001, .ack = 1, .data = 800);
    SEND_ACK(4801);
}

// Of two segments that may wait unsent less than one still does when the user is woken.
static void send_chunks_heed_what_may_wait_unsent(void **state)
{
    (void)state;
    ONLY(SEND_CHUNKS);
    open_and_shut();
    SET(NOTSENT_LOWAT, 2000);
    WRITE(1000);
    WRITE(1000);
    RESULT(segment_user_send(1000), AGAIN);
    SEND(.flags = ACK, .seq = 1, .ack = 1001, .window = 1000);
    EXPECT(.flags = ACK, .seq = 1001, .ack = 1, .data = 1000);
    NO_EVENT();
    SEND(.flags = ACK, .seq = 1, .ack = 2001, .window = 1000);
    EXPECT(.flags = PSH | ACK, .seq = 2001, .ack = 1, .data = 1000);
    EVENT(WRITABLE);
    SEND_ACK(3001);
}

// 7,000 octets from here on, of which one burst is taken.
static void offer_more_than_a_burst(uint32_t from)
{
    uint8_t octets[7000];
    size_t sent;
    for (uint32_t i = 0; i < sizeof octets; i++) {
        octets[i] = segment_octet(true, from + i);
    }
    RESULT(
        synfin_socket_send(bench.stack, bench.socket, octets, sizeof octets, &sent, bench.now_ns),
        OK);
    CHECK_EQ(sent, 3000);
}

// What is not queued whole is not pushed, but for a peer whose window holds little else: PSH ends
// the burst with which more than half of a window was queued.
static void send_chunks_of_half_a_window_are_pushed(void **state)
{
    (void)state;
    ONLY(SEND_CHUNKS);
    take_super_packets();
    OPEN(.mss = 1000, .window = 7000);
    offer_more_than_a_burst(1);
    offer_more_than_a_burst(3001);
    EXPECT(.flags = ACK, .seq = 1, .ack = 1, .data = 3000);
    EXPECT(.flags = PSH | ACK, .seq = 3001, .ack = 1, .data = 3000);
    SEND(.flags = ACK, .seq = 1, .ack = 6001, .window = 7000);
    offer_more_than_a_burst(6001);
    EXPECT(.flags = ACK, .seq = 6001, .ack = 1, .data = 3000);
    SEND_ACK(9001);
}

// As long as no window is known a burst is one segment of the least size that all can take; what is
// queued by then makes whole bursts once it is known.
static void send_chunks_queued_before_a_window_is_known_are_joined(void **state)
{
    uint32_t burst = bench.version == 4 ? 536 : 1220;
    uint32_t whole = bench.version == 4 ? 0 : 4000;
    uint32_t rest = 5 * burst - whole;
    (void)state;
    ONLY(SEND_CHUNKS);
    take_super_packets();
    segment_config()->use_timestamps = false;
    CONNECT();
    SET(NODELAY, 1);
    EXPECT(.flags = SYN);
    for (uint32_t i = 0; i < 5; i++) {
        WRITE(burst);
    }
    SEND(.flags = SYN | ACK, .ack = 1, .mss = 1000, .window = 8000);
    if (whole > 0) {
        EXPECT(.flags = ACK, .seq = 1, .ack = 1, .data = whole);
    }
    EXPECT(.flags = ACK, .seq = 1 + whole, .ack = 1, .data = 2000);
    EXPECT(.flags = PSH | ACK, .seq = 2001 + whole, .ack = 1, .data = rest - 2000);
    SEND_ACK(1 + whole + rest);
}

// A window of ten segments, which slow start sends in half of a round trip of 40 ms.
static void pace_departures_small_windows_are_paced_too(void **state)
{
    for (FOR_BOTH(PACE_DEPARTURES)) {
        OPEN_TIMED(true);
        segment_conn()->cc.cwnd_bytes = 10000;
        WRITE(3000);
        EXPECT(.flags = ACK, .seq = 10001, .ack = 1, .data = 1000);
        if (is_linux) { // after an idle time half of what it takes counts
            EXPECT_AFTER(MS(1) - TICK_NS, .flags = ACK, .seq = 11001, .ack = 1, .data = 1000);
            EXPECT_AFTER(MS(2) - TICK_NS, .flags = PSH | ACK, .seq = 12001, .ack = 1, .data = 1000);
        } else {
            EXPECT(.flags = ACK, .seq = 11001, .ack = 1, .data = 1000);
            EXPECT(.flags = PSH | ACK, .seq = 12001, .ack = 1, .data = 1000);
        }
        SEND_ACK(13001);
    }
}

// Twenty segments: one in a millisecond. By default two may go ahead of it, and one waits then.
static void pace_departures_nothing_leaves_early(void **state)
{
    for (FOR_BOTH(PACE_DEPARTURES)) {
        OPEN_TIMED(true);
        CHECK_EQ(segment_conn()->cc.cwnd_bytes, 20000);
        CHECK_EQ(tcp_pace_quantum(segment_conn()), is_linux ? UINT32_MAX : 2000);
        WRITE(4000);
        EXPECT(.flags = ACK, .seq = 10001, .ack = 1, .data = 1000);
        if (is_linux) {
            EXPECT_AFTER(5 * TICK_NS, .flags = ACK, .seq = 11001, .ack = 1, .data = 1000);
        } else {
            EXPECT(.flags = ACK, .seq = 11001, .ack = 1, .data = 1000);
        }
        EXPECT_AFTER(MS(1) - TICK_NS, .flags = ACK, .seq = 12001, .ack = 1, .data = 1000);
        EXPECT_AFTER(MS(1) - TICK_NS, .flags = PSH | ACK, .seq = 13001, .ack = 1, .data = 1000);
        SEND_ACK(14001);
    }
}

// The last of the first ten segments holds the eleventh, or is one of those that nothing holds.
static void pace_departures_begin_behind_the_first_segments(void **state)
{
    for (FOR_BOTH(PACE_DEPARTURES)) {
        segment_config()->use_pacing = true;
        OPEN(.mss = 1000);
        struct tcp_conn *conn = segment_conn();
        conn->rtt.srtt_ns = MS(40);
        conn->cc.cwnd_bytes = 20000;
        WRITE(11000);
        EXPECT_RUN(1, 10001, 1000);
        if (is_linux) { // half of a millisecond, for it was idle
            EXPECT_AFTER(5 * TICK_NS, .flags = PSH | ACK, .seq = 10001, .ack = 1, .data = 1000);
        } else {
            EXPECT(.flags = PSH | ACK, .seq = 10001, .ack = 1, .data = 1000);
        }
        SEND_ACK(11001);
    }
}

// Ten segments filled the window when they were sent, and no longer do when it has grown to
// fourteen with the first of their acknowledgments.
static void keep_validated_what_was_full_when_data_were_sent_grows(void **state)
{
    for (FOR_BOTH(KEEP_VALIDATED)) {
        LOSS_OPEN(10);
        FLY(10, 0);
        struct tcp_conn *conn = segment_conn();
        conn->cc.ssthresh_bytes = 14000;
        SEND_ACK(2001);
        SEND_ACK(4001);
        CHECK_EQ(conn->cc.cwnd_bytes, 14000);
        SEND_ACK(10001);
        WRITE(14000);
        EXPECT_RUN_ALL(10001, 24001, 1000);
        SEND_ACK(18001); // with the six before a whole window, or not
        CHECK_EQ(conn->cc.cwnd_bytes, is_linux ? 15000 : 14000);
        SEND_ACK(24001);
    }
}

static void keep_validated_only_until_the_next_round_trip(void **state)
{
    for (FOR_BOTH(KEEP_VALIDATED)) {
        LOSS_OPEN(10);
        FLY(10, 0);
        SEND_ACK(10001);
        uint32_t before = segment_conn()->cc.cwnd_bytes;
        CHECK(before > 10000);
        WRITE(2000);
        EXPECT_RUN_ALL(10001, 12001, 1000);
        SEND_ACK(12001);
        CHECK_EQ(segment_conn()->cc.cwnd_bytes, before);
    }
}

// 64 KiB in place of a millisecond's worth, and 64 KiB more for who may be as near as can be.
static void size_bursts_are_128_kib_where_no_round_trip_is_known(void **state)
{
    (void)state;
    ONLY(SIZE_BURSTS);
    OPEN(.mss = 1000);
    struct tcp_conn *conn = segment_conn();
    conn->rtt.srtt_ns = conn->rtt.min_ns = 0;
    conn->cc.cwnd_bytes = 400000;
    CHECK_EQ(tcp_linux_burst(conn), 2 * 65536);
    conn->rtt.min_ns = MS(100); // too far for that
    CHECK_EQ(tcp_linux_burst(conn), 65536);
    conn->cc.cwnd_bytes = 100000; // of which half is the most
    CHECK_EQ(tcp_linux_burst(conn), 50000);
}

// A segment of 1,000 octets takes 2,048 with its headers and 256 beside them, and a window has ten
// at least. Nothing grows while the window is full, beyond the limit, or where the user has set the
// size.
static void send_chunks_buffer_grows_to_two_windows(void **state)
{
    static const uint32_t most[] = {1 << 20, 1 << 20, 30000};
    static const uint32_t grown[] = {2 * 10 * (2048 + 256), 5000, 30000};
    for (uint32_t i = 0; i < 3; i++) {
        bool is_set = i == 1;
        steps_begin_again(state);
        ONLY(SEND_CHUNKS);
        segment_config()->send_buffer_bytes = 5000;
        segment_config()->send_buffer_bytes_max = most[i];
        OPEN(.mss = 1000);
        if (is_set) {
            SET(SEND_BUFFER, 5000);
        }
        struct tcp_conn *conn = segment_conn();
        conn->cc.cwnd_bytes = 2000;
        WRITE(1000);
        WRITE(1000);
        WRITE(1000);
        RESULT(segment_user_send(1000), AGAIN);
        EXPECT_RUN(1, 2001, 1000);
        EXPECT_NOTHING();
        CHECK_EQ(conn->set.send_buffer_bytes, 5000);
        conn->cc.cwnd_bytes = 5000;
        SEND_ACK(1001);
        EXPECT(.flags = PSH | ACK, .seq = 2001, .ack = 1, .data = 1000);
        EXPECT_NOTHING();
        CHECK_EQ(conn->set.send_buffer_bytes, grown[i]);
        SEND_ACK(3001);
    }
}

static const struct CMUnitTest tests[] = {
    SEGMENT_TEST(push_bursts_every_burst_ends_with_psh),
    SEGMENT_TEST(size_bursts_nearby_they_have_half_of_the_window),
    SEGMENT_TEST(size_bursts_far_away_they_have_a_milliseconds_worth),
    SEGMENT_TEST(size_bursts_have_a_least_size),
    SEGMENT_TEST(size_bursts_of_slow_start_are_larger),
    SEGMENT_TEST(send_chunks_memory_of_packets_counts),
    SEGMENT_TEST(send_chunks_burst_that_is_begun_is_filled),
    SEGMENT_TEST(send_chunks_leave_one_by_one),
    SEGMENT_TEST(send_chunks_are_half_a_window_but_of_small_ones),
    SEGMENT_TEST(send_chunks_record_that_is_over_is_not_filled),
    SEGMENT_TEST(send_chunks_heed_what_may_wait_unsent),
    SEGMENT_TEST(send_chunks_of_half_a_window_are_pushed),
    SEGMENT_TEST(send_chunks_queued_before_a_window_is_known_are_joined),
    SEGMENT_TEST(pace_departures_small_windows_are_paced_too),
    SEGMENT_TEST(pace_departures_nothing_leaves_early),
    SEGMENT_TEST(pace_departures_begin_behind_the_first_segments),
    SEGMENT_TEST(keep_validated_what_was_full_when_data_were_sent_grows),
    SEGMENT_TEST(keep_validated_only_until_the_next_round_trip),
    SEGMENT_TEST(size_bursts_are_128_kib_where_no_round_trip_is_known),
    SEGMENT_TEST(send_chunks_buffer_grows_to_two_windows),
};

SEGMENT_MAIN(tests)
