// SPDX-License-Identifier: MIT
//
// Figures of struct synfin_tcp_info one by one, each where it is neither 0 nor another's: round
// trips, the receiving side, buffers, what a sender believes to be missing, and probes.
#include "data_steps.h"
#include "lib/segment_info.h"
#include "loss_steps.h"
#include "mtu_steps.h"

// Two round trips of 40 ms: RFC 6298 §2.2, and §2.3 with what RFC 7323 appendix G makes of it.
static void round_trip_is_told(void **state)
{
    (void)state;
    OPEN_TIMED(false);
    struct synfin_tcp_info info = INFO();
    CHECK_EQ(info.srtt_ns, MS(40));
    CHECK_EQ(info.rttvar_ns, MS(15));
    CHECK_EQ(info.min_rtt_ns, MS(40));
    CHECK_EQ(info.ato_ns, MS(40));
    CHECK_EQ(info.unsent_bytes, 0);
}

// SYN, its acknowledgment and ten segments there; SYN+ACK and an acknowledgment back.
static void segments_and_numbers_are_told(void **state)
{
    (void)state;
    OPEN_TIMED(false);
    WRITE(700);
    EXPECT(.flags = PSH | ACK, .seq = 10001, .ack = 1, .data = 700);
    struct synfin_tcp_info info = INFO();
    CHECK_EQ(info.segments_out, 13);
    CHECK_EQ(info.segments_in, 2);
    CHECK_EQ(info.snd_una, bench.iss + 10001);
    CHECK_EQ(info.snd_nxt, bench.iss + 10701);
    CHECK_EQ(info.rcv_nxt, bench.irs + 1);
    CHECK_EQ(info.conn, segment_conn()->number);
}

static void octets_that_wait_for_the_handshake_are_unsent(void **state)
{
    (void)state;
    CONNECT();
    EXPECT(.flags = SYN);
    WRITE(500);
    CHECK_EQ(INFO().unsent_bytes, 500);
    CHECK_EQ(INFO().unacked_bytes, 1); // the SYN
}

static void receiving_side_is_told(void **state)
{
    (void)state;
    segment_config()->receive_buffer_bytes = 128 << 10;
    segment_config()->receive_buffer_bytes_max = 65535 << 10;
    OPEN(.mss = 1000, .wscale = SHIFT(0));
    CHECK_EQ(INFO().rcv_wscale_shift, 10);
    SEND(.flags = ACK, .seq = 1, .ack = 1, .data = 1300);
    SEND(.flags = ACK, .seq = 1301, .ack = 1, .data = 300);
    ADVANCE(MS(250));
    struct synfin_tcp_info info = INFO();
    CHECK_EQ(info.rcv_mss_bytes, 1300);
    CHECK_EQ(info.last_data_received_ns, MS(250));
    CHECK_EQ(info.rcv_wnd_bytes, 126 << 10); // less 1600, in units of 1024
    READ(1600);
    segment_forget_sent();
}

static void buffers_are_told(void **state)
{
    (void)state;
    segment_config()->send_buffer_bytes = 64 << 10;
    segment_config()->send_buffer_bytes_max = 1 << 20;
    OPEN(.mss = 1000);
    struct synfin_tcp_info info = INFO();
    CHECK_EQ(info.snd_buffer_bytes, 64 << 10);
    CHECK_EQ(info.snd_buffer_bytes_max, 1 << 20);
    CHECK_EQ(info.snd_buffer_bytes_left, 64 << 10);
    SET(SEND_BUFFER, 5000);
    info = INFO();
    CHECK_EQ(info.snd_buffer_bytes, 5000);
    CHECK_EQ(info.snd_buffer_bytes_max, 5000);
    CHECK_EQ(info.snd_buffer_bytes_left, 5000);
}

static void repair_is_told_from_disorder_to_its_end(void **state)
{
    (void)state;
    LOSS_OPEN(10);
    FLY(6, 0);
    CHECK_EQ(INFO().repair, SYNFIN_REPAIR_NONE);
    CHECK_EQ(INFO().room_bytes, 4000);
    SEND_SACK(1, {1001, 2001});
    CHECK_EQ(INFO().repair, SYNFIN_REPAIR_DISORDER);
    CHECK_EQ(INFO().room_bytes, 5000);
    SEND_SACK(1, {1001, 5001});
    CHECK_EQ(INFO().repair, SYNFIN_REPAIR_RECOVERY);
    CHECK_EQ(INFO().resent_bytes, 0);
    EXPECT_DATA(1);
    CHECK_EQ(INFO().resent_bytes, 1000);
    SEND_ACK(6001);
    CHECK_EQ(INFO().repair, SYNFIN_REPAIR_NONE);
    CHECK_EQ(INFO().resent_bytes, 0);
}

static void repair_after_a_timeout_is_told(void **state)
{
    (void)state;
    LOSS_OPEN(10);
    FLY(4, 0);
    ADVANCE(SEC(2));
    segment_forget_sent();
    CHECK_EQ(INFO().repair, SYNFIN_REPAIR_TIMEOUT);
    CHECK_EQ(INFO().is_in_recovery, 0);
    SEND_ACK(4001);
    CHECK_EQ(INFO().repair, SYNFIN_REPAIR_NONE);
}

static void probes_of_a_shut_window_are_told(void **state)
{
    (void)state;
    OPEN(.mss = 1000);
    SEND(.flags = ACK, .seq = 1, .ack = 1, .window = SHUT);
    WRITE(100);
    EXPECT_AFTER(SEC(1), .flags = ACK, .seq = 1, .ack = 1, .data = 1);
    CHECK_EQ(INFO().probes, 1);
    CHECK_EQ(INFO().tries, 1);
    EXPECT_AFTER(SEC(2), .flags = ACK, .seq = 1, .ack = 1, .data = 1);
    CHECK_EQ(INFO().probes, 2);
    SEND(.flags = ACK, .seq = 1, .ack = 1, .window = 0);
    CHECK_EQ(INFO().probes, 0);
    ABORT();
    segment_forget_sent();
}

static void search_of_the_path_is_told(void **state)
{
    (void)state;
    PROBE_SACK(4);
    CHECK_EQ(INFO().pmtu_bytes, 1280);
    CHECK_EQ(INFO().mtu_probe_bytes, 1500);
    CHECK_EQ(INFO().mtu_search_bytes, 1500);
    SEND_ACK(1 + FULL);
    CHECK_EQ(INFO().pmtu_bytes, 1500);
    CHECK_EQ(INFO().mtu_probe_bytes, 0);
    segment_forget_sent();
}

static const struct CMUnitTest tests[] = {
    SEGMENT_TEST(round_trip_is_told),
    SEGMENT_TEST(segments_and_numbers_are_told),
    SEGMENT_TEST(octets_that_wait_for_the_handshake_are_unsent),
    SEGMENT_TEST(receiving_side_is_told),
    SEGMENT_TEST(buffers_are_told),
    SEGMENT_TEST(repair_is_told_from_disorder_to_its_end),
    SEGMENT_TEST(repair_after_a_timeout_is_told),
    SEGMENT_TEST(probes_of_a_shut_window_are_told),
    SEGMENT_TEST(search_of_the_path_is_told),
};

SEGMENT_MAIN(tests)
