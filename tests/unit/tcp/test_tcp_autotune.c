// SPDX-License-Identifier: MIT
//
// Buffers that size themselves, segment by segment: what the scale covers, when a buffer grows and
// by how much, who does not grow, and who is told when memory comes back.
#include "data_steps.h"
#include "lib/segment_info.h"

enum { BEGIN = 128 << 10, MOST = 65535 << 10 };

static void let_grow(void)
{
    segment_config()->send_buffer_bytes = segment_config()->receive_buffer_bytes = BEGIN;
    segment_config()->send_buffer_bytes_max = segment_config()->receive_buffer_bytes_max = MOST;
}

// RFC 7323 §2.2
static void scale_covers_what_the_buffer_may_grow_to(void **state)
{
    (void)state;
    let_grow();
    CONNECT();
    EXPECT(.flags = SYN, .seq = 0, .mss = bench.version == 4 ? 1460 : 1440, .wscale = SHIFT(10),
           .sack_ok = true, .ts = TS(0, 0), .window = 65535);
    segment_forget_sent();
}

// A buffer of few octets is offered in units that it holds 64 of.
static void scale_of_a_small_buffer_stays_fine(void **state)
{
    (void)state;
    let_grow();
    segment_config()->receive_buffer_bytes = 8192;
    CONNECT();
    EXPECT(.flags = SYN, .seq = 0, .mss = bench.version == 4 ? 1460 : 1440, .wscale = SHIFT(7),
           .sack_ok = true, .ts = TS(0, 0), .window = 8192);
    segment_forget_sent();
}

// One round trip of 100 ms in which `segments` full segments arrive and are read.
static void receive_round(uint32_t *next, uint32_t segments)
{
    ADVANCE(MS(100));
    for (uint32_t i = 0; i < segments; i++) {
        SEND(.flags = ACK, .seq = *next, .ack = 1, .data = 1000);
        *next += 1000;
        READ(1000);
        segment_forget_sent();
    }
}

// Buffers grow; the handshake's round trip was 100 ms.
static void open_to_grow(void)
{
    let_grow();
    LISTEN(1);
    SEND(.flags = SYN, .seq = 0, .mss = 1000, .wscale = SHIFT(0));
    segment_forget_sent();
    ADVANCE(MS(100));
    bench.peer_nxt = 1;
    SEND(.flags = ACK, .seq = 1, .ack = 1);
    ACCEPT();
    segment_forget_sent();
}

static void reader_of_more_each_round_trip_is_given_room_ahead(void **state)
{
    (void)state;
    uint32_t next = 1;
    ONLY_WITH_ENTRIES();
    open_to_grow();
    receive_round(&next, 20);
    CHECK_EQ(INFO().rcv_buffer_bytes, BEGIN); // 20,000 of 131,072: too little to matter
    receive_round(&next, 40);
    receive_round(&next, 80);
    receive_round(&next, 80);
    struct synfin_tcp_info info = INFO();
    CHECK(info.rcv_buffer_bytes >= 2 * 79000 && info.rcv_buffer_bytes <= 6 * 81000);
    CHECK(info.rcv_rtt_ns >= MS(90) && info.rcv_rtt_ns <= MS(110));
    CHECK_EQ(info.rcv_taken_bytes, 80000);
    CHECK(synfin_stack_count(bench.stack, SYNFIN_REASON_RECEIVE_BUFFER_GREW) > 0);
    CHECK_EQ(info.rcv_buffer_bytes_max, MOST);
}

// A cookie's timestamp is up to 63 ms older than its segment: its echoes are no round trips.
static void echo_of_a_cookie_measures_no_round_trip(void **state)
{
    (void)state;
    ONLY_WITH_ENTRIES();
    let_grow();
    segment_config()->syn_cookies = SYNFIN_SYN_COOKIES_ALWAYS;
    segment_without_iss();
    LISTEN(1);
    SEND(.flags = SYN, .seq = 0, .mss = 1000, .wscale = SHIFT(0), .ts = TS(1, 0));
    EXPECT(.flags = SYN | ACK, .ack = 1, WHY(SEND_SYN_ACK_COOKIE));
    uint32_t stamp = bench.last.ts_val;
    ADVANCE(MS(100));
    SEND(.flags = ACK, .seq = 1, .ack = 1, .ts = TS(101, stamp));
    ACCEPT();
    for (uint32_t next = 1; next < BEGIN / 4; next += 1000) {
        SEND(.flags = ACK, .seq = next, .ack = 1, .data = 1000, .ts = TS(101, stamp));
        READ(1000);
        segment_forget_sent();
    }
    CHECK_EQ(INFO().rcv_rtt_ns, 0);
}

static void size_that_the_user_has_set_stays(void **state)
{
    (void)state;
    uint32_t next = 1;
    ONLY_WITH_ENTRIES();
    open_to_grow();
    RESULT(synfin_socket_set_option(bench.stack, bench.socket, SYNFIN_OPTION_RECEIVE_BUFFER, BEGIN,
                                    bench.now_ns),
           OK);
    for (uint32_t i = 0; i < 6; i++) {
        receive_round(&next, 100);
    }
    CHECK_EQ(INFO().rcv_buffer_bytes, BEGIN);
    CHECK_EQ(INFO().rcv_buffer_bytes_max, BEGIN);
}

static void buffer_does_not_grow_while_memory_is_short(void **state)
{
    (void)state;
    uint32_t next = 1;
    ONLY_WITH_ENTRIES();
    open_to_grow();
    receive_round(&next, 20);
    size_t limit_bytes = bench.tcp->memory->limit_bytes;
    bench.tcp->memory->limit_bytes = bench.tcp->memory->taken_bytes; // what is free are chunks
    for (uint32_t i = 0; i < 6; i++) {
        receive_round(&next, 30 + 10 * i);
    }
    CHECK_EQ(INFO().rcv_buffer_bytes, BEGIN);
    CHECK(INFO().rcv_buffer_bytes_left < BEGIN);
    CHECK(synfin_stack_count(bench.stack, SYNFIN_REASON_BUFFER_HELD) > 0);
    CHECK(synfin_stack_count(bench.stack, SYNFIN_REASON_WINDOW_HELD) > 0);
    bench.tcp->memory->limit_bytes = limit_bytes;
    receive_round(&next, 10);
    CHECK(synfin_stack_count(bench.stack, SYNFIN_REASON_WINDOW_RELEASED) > 0);
    CHECK_EQ(INFO().rcv_buffer_bytes_left, INFO().rcv_buffer_bytes);
}

static void send_buffer_grows_when_it_is_full_and_the_window_asks_for_more(void **state)
{
    (void)state;
    static const uint8_t octets[1 << 20];
    size_t sent;
    let_grow();
    OPEN(.mss = 1000, .wscale = SHIFT(7));
    segment_conn()->snd.wnd = segment_conn()->snd.wnd_max = 8 << 20;
    segment_conn()->snd.edge = seq_add(segment_conn()->snd.una, 8 << 20);
    RESULT(
        synfin_socket_send(bench.stack, bench.socket, octets, sizeof octets, &sent, bench.now_ns),
        OK);
    CHECK_EQ(sent, BEGIN); // ten segments may be in flight
    segment_conn()->cc.cwnd_bytes = 200000;
    RESULT(
        synfin_socket_send(bench.stack, bench.socket, octets, sizeof octets, &sent, bench.now_ns),
        OK);
    CHECK_EQ(INFO().snd_buffer_bytes, 600000); // thrice the window, in slow start
    CHECK_EQ(sent, 600000 - BEGIN);
    CHECK_EQ(synfin_stack_count(bench.stack, SYNFIN_REASON_SEND_BUFFER_GREW), 1);
    ABORT();
    segment_forget_sent();
}

// Nobody acknowledges what was never queued: memory that comes back is what the user waits for.
static void send_without_memory_is_told_when_there_is_some(void **state)
{
    (void)state;
    size_t sent;
    OPEN(.mss = 1000);
    size_t limit_bytes = bench.tcp->memory->limit_bytes;
    bench.tcp->memory->limit_bytes = bench.tcp->memory->taken_bytes;
    RESULT(synfin_socket_send(bench.stack, bench.socket, "x", 1, &sent, bench.now_ns), NO_MEMORY);
    NO_EVENT();
    bench.tcp->memory->limit_bytes = limit_bytes;
    EVENT(WRITABLE);
    WRITE(1);
    EXPECT(.flags = PSH | ACK, .seq = 1, .ack = 1, .data = 1);
}

// A peer that acknowledges now and then keeps no closed connection for ever.
static void orphan_ends_in_time_though_the_peer_acknowledges(void **state)
{
    (void)state;
    segment_config()->orphan_ns = SEC(100);
    OPEN(.mss = 1000);
    SEND(.flags = ACK, .seq = 1, .ack = 1, .window = 1000);
    WRITE(50000);
    CLOSE();
    for (uint32_t i = 1; i < 10; i++) {
        ADVANCE(SEC(10));
        segment_forget_sent();
        SEND(.flags = ACK, .seq = 1, .ack = 1 + i, .window = 1000);
        segment_forget_sent();
        CHECK(segment_conn() != NULL);
    }
    ADVANCE(SEC(11));
    CHECK(segment_conn() == NULL);
    CHECK_EQ(synfin_stack_count(bench.stack, SYNFIN_REASON_ORPHAN_OVER), 1);
    segment_forget_sent();
}

static const struct CMUnitTest tests[] = {
    SEGMENT_TEST(scale_covers_what_the_buffer_may_grow_to),
    SEGMENT_TEST(scale_of_a_small_buffer_stays_fine),
    SEGMENT_TEST(reader_of_more_each_round_trip_is_given_room_ahead),
    SEGMENT_TEST(echo_of_a_cookie_measures_no_round_trip),
    SEGMENT_TEST(size_that_the_user_has_set_stays),
    SEGMENT_TEST(buffer_does_not_grow_while_memory_is_short),
    SEGMENT_TEST(send_buffer_grows_when_it_is_full_and_the_window_asks_for_more),
    SEGMENT_TEST(send_without_memory_is_told_when_there_is_some),
    SEGMENT_TEST(orphan_ends_in_time_though_the_peer_acknowledges),
};

SEGMENT_MAIN(tests)
