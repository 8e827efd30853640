// SPDX-License-Identifier: MIT
//
// Figures of struct synfin_tcp_info, and socket options as their BSD names mean them.
#include <string.h>

#include "data_steps.h"
#include "lib/segment_info.h"
#include "loss_steps.h"

static int64_t get(enum synfin_option option)
{
    int64_t value = -1;
    RESULT(synfin_socket_get_option(bench.stack, bench.socket, option, &value), OK);
    return value;
}

static void agreed_options_are_told(void **state)
{
    (void)state;
    OPEN(.mss = 1000, .wscale = SHIFT(3), .sack_ok = true, .ts = TS(1, 0));
    struct synfin_tcp_info info = INFO();
    CHECK_EQ(info.state, SYNFIN_TCP_STATE_ESTABLISHED);
    CHECK_EQ(info.has_timestamps, 1);
    CHECK_EQ(info.has_sack, 1);
    CHECK_EQ(info.has_window_scale, 1);
    CHECK_EQ(info.snd_wscale_shift, 3);
    CHECK_EQ(info.snd_mss_bytes, 988);
    CHECK_EQ(info.advertised_mss_bytes, bench.version == 4 ? 1460 : 1440);
    CHECK_EQ(info.pmtu_bytes, 1500);
    CHECK_EQ(info.iss, bench.iss);
    CHECK_EQ(info.irs, bench.irs);
    CHECK_EQ(info.snd_wnd_bytes, 65535 << 3);
}

static void data_is_counted_both_ways(void **state)
{
    (void)state;
    OPEN(.mss = 1000);
    WRITE(2500);
    EXPECT_RUN(1, 2001, 1000);
    struct synfin_tcp_info info = INFO();
    CHECK_EQ(info.bytes_sent, 2000);
    CHECK_EQ(info.unacked_bytes, 2000);
    CHECK_EQ(info.unsent_bytes, 500);
    CHECK_EQ(info.data_segments_out, 2);
    CHECK_EQ(get(SYNFIN_OPTION_SEND_QUEUE), 2500);
    SEND_ACK(1001);
    SEND(.flags = ACK, .seq = 1, .ack = 1001, .data = 300);
    SEND(.flags = ACK, .seq = 401, .ack = 1001, .data = 50);
    EXPECT(.flags = ACK, .seq = 2001, .ack = 301);
    info = INFO();
    CHECK_EQ(info.bytes_acked, 1000);
    CHECK_EQ(info.bytes_received, 300);
    CHECK_EQ(info.out_of_order_bytes, 50);
    CHECK_EQ(info.data_segments_in, 2);
    CHECK_EQ(get(SYNFIN_OPTION_READ_QUEUE), 300);
    READ(300);
    CHECK_EQ(get(SYNFIN_OPTION_READ_QUEUE), 0);
    SEND(.flags = ACK, .seq = 301, .ack = 2001, .data = 150);
    EXPECT(.flags = PSH | ACK, .seq = 2001, .ack = 451, .data = 500);
    READ(150);
}

static void retransmissions_are_counted(void **state)
{
    (void)state;
    OPEN(.mss = 1000);
    WRITE(100);
    EXPECT(.flags = PSH | ACK, .seq = 1, .ack = 1, .data = 100);
    EXPECT_AFTER(SEC(1), .flags = PSH | ACK, .seq = 1, .ack = 1, .data = 100);
    EXPECT_AFTER(SEC(2), .flags = PSH | ACK, .seq = 1, .ack = 1, .data = 100);
    struct synfin_tcp_info info = INFO();
    CHECK_EQ(info.retransmits, 2);
    CHECK_EQ(info.total_retransmits, 2);
    CHECK_EQ(info.bytes_retransmitted, 200);
    CHECK_EQ(info.backoff, 2);
    CHECK_EQ(info.rto_ns, SEC(4));
    CHECK_EQ(info.cwnd_bytes, 1000);
    SEND_ACK(101);
    info = INFO();
    CHECK_EQ(info.retransmits, 0);
    CHECK_EQ(info.total_retransmits, 2);
}

static void ages_count_from_the_last_time(void **state)
{
    (void)state;
    OPEN(.mss = 1000);
    WRITE(100);
    EXPECT(.flags = PSH | ACK, .seq = 1, .ack = 1, .data = 100);
    ADVANCE(MS(250));
    SEND_ACK(101);
    ADVANCE(MS(50));
    struct synfin_tcp_info info = INFO();
    CHECK_EQ(info.last_data_sent_ns, MS(300));
    CHECK_EQ(info.last_ack_received_ns, MS(50));
}

static void recovery_is_told(void **state)
{
    (void)state;
    segment_config()->congestion = SYNFIN_CONGESTION_NEWRENO;
    OPEN(.mss = 1000);
    WRITE(8000);
    EXPECT_RUN_ALL(1, 8001, 1000);
    for (uint32_t i = 0; i < 3; i++) {
        SEND_ACK(1);
    }
    EXPECT(.flags = ACK, .seq = 1, .ack = 1, .data = 1000);
    struct synfin_tcp_info info = INFO();
    CHECK_EQ(info.is_in_recovery, 1);
    CHECK_EQ(info.ssthresh_bytes, 4000);
    CHECK_EQ(strcmp(info.congestion, "newreno"), 0);
    CHECK_EQ(info.pacing_rate, 0);
    SEND_ACK(8001);
    CHECK_EQ(INFO().is_in_recovery, 0);
}

static void options_out_of_range_are_refused(void **state)
{
    (void)state;
    static const struct {
        enum synfin_option option;
        int64_t below, above;
    } rows[] = {
        {SYNFIN_OPTION_SEND_BUFFER, 0, INT64_C(1) << 31},
        {SYNFIN_OPTION_RECEIVE_BUFFER, 0, INT64_C(1) << 31},
        {SYNFIN_OPTION_KEEPALIVE, -1, 2},
        {SYNFIN_OPTION_KEEPALIVE_IDLE, 0, INT64_MAX},
        {SYNFIN_OPTION_KEEPALIVE_PROBES, 0, 128},
        {SYNFIN_OPTION_NODELAY, -1, 2},
        {SYNFIN_OPTION_CORK, -1, 2},
        {SYNFIN_OPTION_NOTSENT_LOWAT, -1, INT64_C(1) << 31},
        {SYNFIN_OPTION_LINGER, -2, 1},
        {SYNFIN_OPTION_MAXSEG, 0, 65536},
        {SYNFIN_OPTION_SYN_RETRIES, -1, 128},
        {SYNFIN_OPTION_TRAFFIC_CLASS, -1, 256},
        {SYNFIN_OPTION_HOP_LIMIT, 0, 256},
    };
    OPEN(.mss = 1000);
    for (uint32_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        enum synfin_option option = rows[i].option;
        RESULT(synfin_socket_set_option(bench.stack, bench.socket, option, rows[i].below, 0),
               INVALID);
        RESULT(synfin_socket_set_option(bench.stack, bench.socket, option, rows[i].above, 0),
               INVALID);
    }
    RESULT(synfin_socket_set_option(bench.stack, bench.socket, SYNFIN_OPTION_ERROR, 0, 0),
           NOT_SUPPORTED);
    RESULT(synfin_socket_set_option(bench.stack, bench.socket, SYNFIN_OPTION_COUNT, 0, 0), INVALID);
}

static void options_are_read_as_they_were_set(void **state)
{
    (void)state;
    static const struct {
        enum synfin_option option;
        int64_t one, other;
    } rows[] = {
        {SYNFIN_OPTION_SEND_BUFFER, 5000, 70000},
        {SYNFIN_OPTION_RECEIVE_BUFFER, 66000, 77000},
        {SYNFIN_OPTION_REUSE_ADDR, 1, 0},
        {SYNFIN_OPTION_KEEPALIVE, 1, 0},
        {SYNFIN_OPTION_KEEPALIVE_IDLE, (int64_t)SEC(71), (int64_t)SEC(72)},
        {SYNFIN_OPTION_KEEPALIVE_INTERVAL, (int64_t)SEC(73), (int64_t)SEC(74)},
        {SYNFIN_OPTION_KEEPALIVE_PROBES, 5, 7},
        {SYNFIN_OPTION_NODELAY, 1, 0},
        {SYNFIN_OPTION_CORK, 1, 0},
        {SYNFIN_OPTION_PUSH, 0, 1},
        {SYNFIN_OPTION_NOTSENT_LOWAT, 16000, 0},
        {SYNFIN_OPTION_USER_TIMEOUT, (int64_t)SEC(77), 0},
        {SYNFIN_OPTION_LINGER, 0, -1},
        {SYNFIN_OPTION_SYN_RETRIES, 3, 9},
        {SYNFIN_OPTION_QUICKACK, 1, 0},
        {SYNFIN_OPTION_TRAFFIC_CLASS, 0xb8, 0x10},
        {SYNFIN_OPTION_HOP_LIMIT, 9, 255},
        {SYNFIN_OPTION_PACING_RATE_MAX, INT64_C(125000000), 0},
        {SYNFIN_OPTION_FASTOPEN, 16, 0},
        {SYNFIN_OPTION_FASTOPEN_CONNECT, 1, 0},
        {SYNFIN_OPTION_ECN, SYNFIN_ECN_ASK, SYNFIN_ECN_NEVER},
    };
    OPEN(.mss = 1000);
    for (uint32_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        segment_set_option(rows[i].option, rows[i].one, HERE);
        CHECK_EQ(get(rows[i].option), rows[i].one);
        segment_set_option(rows[i].option, rows[i].other, HERE);
        CHECK_EQ(get(rows[i].option), rows[i].other);
    }
    CHECK_EQ(get(SYNFIN_OPTION_IS_LISTENER), 0);
    CHECK_EQ(get(SYNFIN_OPTION_ERROR), 0);
    CHECK_EQ(get(SYNFIN_OPTION_MAXSEG), 1000);
}

// RFC 9293 §3.9.1.9 [MUST-48, SHLD-21, SHLD-22], RFC 9293 §3.9.2 [MUST-49]
static void traffic_class_and_hop_limit_reach_ip_and_may_change(void **state)
{
    (void)state;
    OPEN(.mss = 1000);
    SET(TRAFFIC_CLASS, 0xb8);
    SET(HOP_LIMIT, 9);
    WRITE(10);
    EXPECT(.flags = PSH | ACK, .seq = 1, .ack = 1, .data = 10, .traffic_class = 0xb8,
           .hop_limit = 9);
    SEND_ACK(11);
    SET(TRAFFIC_CLASS, 0x10);
    WRITE(10);
    EXPECT(.flags = PSH | ACK, .seq = 11, .ack = 1, .data = 10, .traffic_class = 0x10,
           .hop_limit = 9);
    SEND_ACK(21);
}

static void send_buffer_limits_what_waits(void **state)
{
    (void)state;
    OPEN(.mss = 1000);
    SET(SEND_BUFFER, 1500);
    WRITE(1500);
    EXPECT(.flags = ACK, .seq = 1, .ack = 1, .data = 1000);
    RESULT(segment_user_send(1), AGAIN);
    SEND_ACK(1001);
    EVENT(WRITABLE);
    EXPECT(.flags = PSH | ACK, .seq = 1001, .ack = 1, .data = 500);
    WRITE(1000);
    EXPECT(.flags = PSH | ACK, .seq = 1501, .ack = 1, .data = 1000);
    RESULT(segment_user_send(1), AGAIN);
}

// 100 ms for the path, 300 ms for the peer's window, 200 ms for the buffer.
static void time_is_told_by_what_limited_the_sender(void **state)
{
    (void)state;
    OPEN(.mss = 1000);
    SET(SEND_BUFFER, 3000);
    ADVANCE(SEC(1));
    CHECK_EQ(INFO().busy_ns, 0);
    WRITE(1000);
    EXPECT(.flags = PSH | ACK, .seq = 1, .ack = 1, .data = 1000);
    ADVANCE(MS(100));
    SEND(.flags = ACK, .seq = 1, .ack = 1001, .window = 1000);
    WRITE(3000);
    EXPECT(.flags = ACK, .seq = 1001, .ack = 1, .data = 1000);
    RESULT(segment_user_send(1), AGAIN);
    ADVANCE(MS(300));
    SEND(.flags = ACK, .seq = 1, .ack = 2001, .window = 9000);
    EXPECT_RUN_ALL(2001, 4001, 1000);
    EVENT(WRITABLE);
    WRITE(1000);
    EXPECT(.flags = PSH | ACK, .seq = 4001, .ack = 1, .data = 1000);
    RESULT(segment_user_send(1), AGAIN);
    ADVANCE(MS(200));
    SEND_ACK(5001);
    ADVANCE(SEC(1));
    struct synfin_tcp_info info = INFO();
    CHECK_EQ(info.peer_window_limited_ns, MS(300));
    CHECK_EQ(info.send_buffer_limited_ns, MS(200));
    CHECK_EQ(info.busy_ns, MS(600));
}

// Three of four have arrived, 40 ms after they were sent: the first is lost.
static void path_is_told(void **state)
{
    (void)state;
    OPEN(.mss = 1000, .sack_ok = true);
    SET(PACING_RATE_MAX, 1000000000);
    WRITE(4000);
    EXPECT_RUN_ALL(1, 4001, 1000);
    CHECK_EQ(INFO().delivery_rate, 0);
    ADVANCE(MS(40));
    SEND(.flags = ACK, .seq = 1, .ack = 1, .sack = {{1001, 4001}});
    struct synfin_tcp_info info = INFO();
    CHECK_EQ(info.pacing_rate, 1000000000);
    CHECK_EQ(info.pacing_rate_max, 1000000000);
    CHECK_EQ(info.delivered_bytes, 3000);
    CHECK_EQ(info.sacked_bytes, 3000);
    CHECK_EQ(info.lost_bytes, 1000);
    CHECK_EQ(info.delivery_rate, 75000); // 3,000 octets in 40 ms
    CHECK_EQ(info.is_delivery_rate_app_limited, 1);
    CHECK_EQ(info.reordering_window_ns, 0);
    CHECK_EQ(info.has_seen_reordering, 0);
    ABORT();
    segment_forget_sent();
}

// The first eight of ten came behind the last two: from the first of all to the last are ten.
static void reordering_is_told_from_the_first_that_was_late(void **state)
{
    (void)state;
    LOSS_OPEN(10);
    FLY(10, 0);
    SEND_SACK(1, {8001, 10001});
    CHECK_EQ(INFO().reordering_segments, 0);
    SEND_ACK(10001);
    CHECK_EQ(INFO().reordering_segments, 10);
    CHECK_EQ(INFO().reorderings, 1);
    CHECK_EQ(INFO().has_seen_reordering, 1);
}

// The farthest stays; a part of a segment is one.
static void reordering_is_told_as_the_most_that_was_seen(void **state)
{
    (void)state;
    LOSS_OPEN(10);
    FLY(10, 0);
    SEND_SACK(1, {2001, 4001});
    SEND_SACK(1501, {2001, 4001});
    CHECK_EQ(INFO().reordering_segments, 4);
    SEND_ACK(4001);
    CHECK_EQ(INFO().reordering_segments, 4);
    CHECK_EQ(INFO().reorderings, 2);
    SEND_ACK(10001);
    CHECK_EQ(INFO().reorderings, 2);
}

static const struct CMUnitTest tests[] = {
    SEGMENT_TEST(time_is_told_by_what_limited_the_sender),
    SEGMENT_TEST(path_is_told),
    SEGMENT_TEST(reordering_is_told_from_the_first_that_was_late),
    SEGMENT_TEST(reordering_is_told_as_the_most_that_was_seen),
    SEGMENT_TEST(agreed_options_are_told),
    SEGMENT_TEST(data_is_counted_both_ways),
    SEGMENT_TEST(retransmissions_are_counted),
    SEGMENT_TEST(ages_count_from_the_last_time),
    SEGMENT_TEST(recovery_is_told),
    SEGMENT_TEST(options_out_of_range_are_refused),
    SEGMENT_TEST(options_are_read_as_they_were_set),
    SEGMENT_TEST(traffic_class_and_hop_limit_reach_ip_and_may_change),
    SEGMENT_TEST(send_buffer_limits_what_waits),
};

SEGMENT_MAIN(tests)
