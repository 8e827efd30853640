// SPDX-License-Identifier: MIT
//
// What goes out and in which pieces: the effective send MSS, Nagle's algorithm, silly window
// avoidance at the sender, PSH, and the path's MTU.
#include "data_steps.h"

// RFC 9293 §3.7.4 [SHLD-7], RFC 9293 §3.9.1.2 [SHLD-28]
static void tail_waits_while_data_is_in_flight(void **state)
{
    (void)state;
    OPEN(.mss = 1000);
    WRITE(2500);
    EXPECT(.flags = ACK, .seq = 1, .ack = 1, .data = 1000);
    EXPECT(.flags = ACK, .seq = 1001, .ack = 1, .data = 1000);
    EXPECT_NOTHING();
    SEND(.flags = ACK, .seq = 1, .ack = 1001);
    EXPECT_NOTHING();
    SEND(.flags = ACK, .seq = 1, .ack = 2001);
    EXPECT(.flags = PSH | ACK, .seq = 2001, .ack = 1, .data = 500);
    SEND(.flags = ACK, .seq = 1, .ack = 2501);
}

// RFC 9293 §3.7.4 [SHLD-7]: small writes become one segment.
// RFC 9293 §3.9.1.2 [MAY-16]
static void small_writes_are_collected_for_a_round_trip(void **state)
{
    (void)state;
    OPEN(.mss = 1000);
    WRITE(10);
    EXPECT(.flags = PSH | ACK, .seq = 1, .ack = 1, .data = 10);
    for (uint32_t i = 0; i < 99; i++) {
        WRITE(10);
        EXPECT_NOTHING();
    }
    WRITE(10); // a whole segment is there
    EXPECT(.flags = PSH | ACK, .seq = 11, .ack = 1, .data = 1000);
    WRITE(5);
    EXPECT_NOTHING();
    SEND(.flags = ACK, .seq = 1, .ack = 1011);
    EXPECT(.flags = PSH | ACK, .seq = 1011, .ack = 1, .data = 5);
    SEND(.flags = ACK, .seq = 1, .ack = 1016);
}

// RFC 9293 §3.7.4 [MUST-17]
static void nodelay_sends_every_write_at_once(void **state)
{
    (void)state;
    OPEN(.mss = 1000);
    SET(NODELAY, 1);
    for (uint32_t i = 0; i < 5; i++) {
        WRITE(10);
        EXPECT(.flags = PSH | ACK, .seq = 1 + 10 * i, .ack = 1, .data = 10);
    }
    SEND(.flags = ACK, .seq = 1, .ack = 51);
}

static void nodelay_releases_what_waits(void **state)
{
    (void)state;
    OPEN(.mss = 1000);
    WRITE(10);
    EXPECT(.flags = PSH | ACK, .seq = 1, .ack = 1, .data = 10);
    WRITE(10);
    EXPECT_NOTHING();
    SET(NODELAY, 1);
    EXPECT(.flags = PSH | ACK, .seq = 11, .ack = 1, .data = 10);
    SEND(.flags = ACK, .seq = 1, .ack = 21);
}

// RFC 9293 §3.9.1.2 [MUST-60, MUST-61, SHLD-27]: nothing waits for a PUSH; the last octet has one.
static void last_segment_of_what_is_queued_has_psh(void **state)
{
    (void)state;
    OPEN(.mss = 1000);
    WRITE(1500);
    WRITE(1500);
    EXPECT(.flags = ACK, .seq = 1, .ack = 1, .data = 1000);
    EXPECT(.flags = ACK, .seq = 1001, .ack = 1, .data = 1000);
    EXPECT(.flags = PSH | ACK, .seq = 2001, .ack = 1, .data = 1000);
    SEND(.flags = ACK, .seq = 1, .ack = 3001);
}

static void close_releases_the_tail_with_the_fin(void **state)
{
    (void)state;
    OPEN(.mss = 1000);
    WRITE(1010);
    EXPECT(.flags = ACK, .seq = 1, .ack = 1, .data = 1000);
    SHUTDOWN(WRITE);
    EXPECT(.flags = FIN | PSH | ACK, .seq = 1001, .ack = 1, .data = 10);
    SEND(.flags = ACK, .seq = 1, .ack = 1012);
    IN_STATE(FIN_WAIT_2);
}

// RFC 9293 §3.8.6.2.1 [MUST-38]: less than a segment and less than half of the largest window
// waits for the override timeout, which is the persist timer's first wait.
static void small_window_is_left_alone_until_the_override(void **state)
{
    (void)state;
    OPEN(.mss = 1000, .window = 4000);
    WRITE(3000);
    for (uint32_t i = 0; i < 3; i++) {
        EXPECT(.flags = i == 2 ? PSH | ACK : ACK, .seq = 1 + 1000 * i, .ack = 1, .data = 1000);
    }
    SEND(.flags = ACK, .seq = 1, .ack = 3001, .window = 900);
    WRITE(2000);
    EXPECT_NOTHING();
    EXPECT_AFTER(SEC(1), .flags = ACK, .seq = 3001, .ack = 1, .data = 900);
    SEND(.flags = ACK, .seq = 1, .ack = 3901, .window = 4000);
    EXPECT(.flags = ACK, .seq = 3901, .ack = 1, .data = 1000);
    SEND(.flags = ACK, .seq = 1, .ack = 4901, .window = 4000);
    EXPECT(.flags = PSH | ACK, .seq = 4901, .ack = 1, .data = 100);
    SEND(.flags = ACK, .seq = 1, .ack = 5001, .window = 4000);
}

// RFC 9293 §3.8.6.2.1 [MUST-38]: Fs = 1/2
static void half_of_the_largest_window_goes_at_once(void **state)
{
    (void)state;
    OPEN(.mss = 1000, .window = 1600);
    WRITE(1000);
    EXPECT(.flags = PSH | ACK, .seq = 1, .ack = 1, .data = 1000);
    SEND(.flags = ACK, .seq = 1, .ack = 1001, .window = 799);
    WRITE(1000);
    EXPECT_NOTHING();
    SEND(.flags = ACK, .seq = 1, .ack = 1001, .window = 800);
    EXPECT(.flags = ACK, .seq = 1001, .ack = 1, .data = 800);
    SEND(.flags = ACK, .seq = 1, .ack = 1801, .window = 1600);
    EXPECT(.flags = PSH | ACK, .seq = 1801, .ack = 1, .data = 200);
    SEND(.flags = ACK, .seq = 1, .ack = 2001, .window = 1600);
}

// RFC 9293 §3.7.1 [MUST-15]
static void mss_without_an_option_is_the_default(void **state)
{
    (void)state;
    uint32_t mss = bench.version == 4 ? 536 : 1220;
    OPEN(.window = 0);
    WRITE(mss + 1);
    EXPECT(.flags = ACK, .seq = 1, .ack = 1, .data = mss);
}

static void expect_mss(void **state, uint16_t option, uint32_t mss)
{
    steps_begin_again(state);
    OPEN(.options = {2, 4, (uint8_t)(option >> 8), (uint8_t)option}, .option_bytes = 4);
    WRITE(mss + 1);
    EXPECT(.flags = ACK, .seq = 1, .ack = 1, .data = mss);
    SEND_ACK(mss + 1);
    EXPECT(.flags = PSH | ACK, .seq = mss + 1, .ack = 1, .data = 1);
}

// RFC 9293 §3.7.1 [MUST-14, MUST-16, MUST-67]: the smaller of the peer's and the path's; a peer
// that asks for next to nothing gets 64 octets (hist/7, 29, 31).
static void hist_7_any_mss_option_gives_a_usable_segment(void **state)
{
    static const uint16_t options[] = {0,    1,    8,     48,    63,    64,    65,   88,   536,
                                       552,  1000, 1220,  1439,  1440,  1441,  1459, 1460, 1461,
                                       1500, 9000, 32767, 32768, 65495, 65534, 65535};
    uint32_t path = bench.version == 4 ? 1460 : 1440;
    for (uint32_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        uint32_t mss = options[i] < 64 ? 64 : options[i];
        expect_mss(state, options[i], mss > path ? path : mss);
    }
}

// RFC 9293 §3.7.1 [MUST-16], RFC 6691 §2: options shorten the payload, not the option's value.
static void timestamps_are_subtracted_from_the_mss(void **state)
{
    (void)state;
    OPEN(.mss = 1000, .ts = TS(7, 0));
    WRITE(989);
    EXPECT(.flags = ACK, .seq = 1, .ack = 1, .data = 988);
}

// RFC 9293 §3.7.1 [MUST-16], RFC 6691 §2
static void sack_blocks_shorten_the_segments_that_carry_them(void **state)
{
    (void)state;
    OPEN(.mss = 1000, .sack_ok = true);
    SEND(.flags = ACK, .seq = 101, .ack = 1, .data = 100);
    EXPECT(.flags = ACK, .seq = 1, .ack = 1, .sack = {{101, 201}});
    SEND(.flags = ACK, .seq = 301, .ack = 1, .data = 100);
    EXPECT(.flags = ACK, .seq = 1, .ack = 1, .sack = {{301, 401}, {101, 201}});
    WRITE(1000);
    EXPECT(.flags = ACK, .seq = 1, .ack = 1, .data = 980, .sack = {{301, 401}, {101, 201}});
    SEND(.flags = ACK, .seq = 1, .ack = 981);
    EXPECT(.flags = PSH | ACK, .seq = 981, .ack = 1, .data = 20, .sack = {{301, 401}, {101, 201}});
}

static void mss_limit_of_the_user_holds(void **state)
{
    (void)state;
    OPEN(.mss = 1400);
    SET(MAXSEG, 500);
    WRITE(501);
    EXPECT(.flags = ACK, .seq = 1, .ack = 1, .data = 500);
    SEND_ACK(501);
    EXPECT(.flags = PSH | ACK, .seq = 501, .ack = 1, .data = 1);
}

static void mss_limit_may_be_set_while_the_connection_opens(void **state)
{
    (void)state;
    CONNECT();
    EXPECT(.flags = SYN);
    SEND(.flags = SYN, .mss = 1400);
    EXPECT(.flags = SYN | ACK, .ack = 1);
    SET(MAXSEG, 500);
    SEND(.flags = ACK, .seq = 1, .ack = 1);
    IN_STATE(ESTABLISHED);
    WRITE(501);
    EXPECT(.flags = ACK, .seq = 1, .ack = 1, .data = 500);
    SEND_ACK(501);
    EXPECT(.flags = PSH | ACK, .seq = 501, .ack = 1, .data = 1);
}

// RFC 9293 §3.7.3 [SHLD-6], RFC 9293 §3.7.1 [MAY-3, MUST-67]: always sent, and as large as what
// the interface can receive.
static void announced_mss_is_what_the_interface_can_receive(void **state)
{
    static const uint32_t mtus[] = {1280, 1300, 1500, 9000, 65535};
    uint32_t headers = bench.version == 4 ? 40 : 60;
    for (uint32_t i = 0; i < sizeof mtus / sizeof mtus[0]; i++) {
        steps_begin_again(state);
        segment_iface_config()->mtu_bytes = mtus[i];
        LISTEN(8);
        SEND(.flags = SYN);
        EXPECT(.flags = SYN | ACK, .ack = 1, .mss = (uint16_t)(mtus[i] - headers));
    }
}

static void send_too_big(uint32_t mtu)
{
    static const uint8_t too_big4[2] = {3, 4};
    static const uint8_t too_big6[2] = {2, 0};
    segment_icmp(bench.version == 4 ? too_big4 : too_big6, mtu, 1, HERE);
}

// RFC 9293 §3.7.2: what was too large goes again at once in smaller pieces.
static void smaller_path_mtu_sends_again_in_smaller_pieces(void **state)
{
    (void)state;
    uint32_t mss = bench.version == 4 ? 1460 : 1440;
    OPEN(.mss = 1460);
    WRITE(2 * mss);
    EXPECT_RUN_ALL(1, 1 + 2 * mss, mss);
    send_too_big(1300);
    EXPECT_RUN_ALL(1, 1 + 2 * mss, mss - 200);
    CHECK_EQ(segment_conn()->cc.cwnd_bytes >= 10 * 1300, true); // no sign of congestion
    SEND_ACK(1 + 2 * mss);
}

static void path_mtu_never_grows_by_a_message(void **state)
{
    (void)state;
    OPEN(.mss = 1000);
    WRITE(1001);
    EXPECT(.flags = ACK, .seq = 1, .ack = 1, .data = 1000);
    send_too_big(9000);
    EXPECT_NOTHING();
    if (bench.version == 4) { // the floor of 552 leaves 512
        send_too_big(0);
        EXPECT(.flags = ACK, .seq = 1, .ack = 1, .data = 512);
        EXPECT(.flags = ACK, .seq = 513, .ack = 1, .data = 488);
    }
    EXPECT_NOTHING();
}

// One packet holds several segments where the device splits them: whole ones, then the tail.
static void super_packet_holds_whole_segments(void **state)
{
    (void)state;
    segment_iface_config()->gso_bytes = 65535;
    OPEN(.mss = 1000);
    WRITE(5500);
    EXPECT(.flags = ACK, .seq = 1, .ack = 1, .data = 5000);
    EXPECT_NOTHING();
    SEND_ACK(5001);
    EXPECT(.flags = PSH | ACK, .seq = 5001, .ack = 1, .data = 500);
    SEND_ACK(5501);
}

static const struct CMUnitTest tests[] = {
    SEGMENT_TEST(tail_waits_while_data_is_in_flight),
    SEGMENT_TEST(small_writes_are_collected_for_a_round_trip),
    SEGMENT_TEST(nodelay_sends_every_write_at_once),
    SEGMENT_TEST(nodelay_releases_what_waits),
    SEGMENT_TEST(last_segment_of_what_is_queued_has_psh),
    SEGMENT_TEST(close_releases_the_tail_with_the_fin),
    SEGMENT_TEST(small_window_is_left_alone_until_the_override),
    SEGMENT_TEST(half_of_the_largest_window_goes_at_once),
    SEGMENT_TEST(mss_without_an_option_is_the_default),
    SEGMENT_TEST(hist_7_any_mss_option_gives_a_usable_segment),
    SEGMENT_TEST(timestamps_are_subtracted_from_the_mss),
    SEGMENT_TEST(sack_blocks_shorten_the_segments_that_carry_them),
    SEGMENT_TEST(mss_limit_of_the_user_holds),
    SEGMENT_TEST(mss_limit_may_be_set_while_the_connection_opens),
    SEGMENT_TEST(announced_mss_is_what_the_interface_can_receive),
    SEGMENT_TEST(smaller_path_mtu_sends_again_in_smaller_pieces),
    SEGMENT_TEST(path_mtu_never_grows_by_a_message),
    SEGMENT_TEST(super_packet_holds_whole_segments),
};

SEGMENT_MAIN(tests)
