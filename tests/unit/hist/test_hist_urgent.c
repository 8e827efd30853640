// SPDX-License-Identifier: MIT
//
// docs/history.md, rows 23 to 28: the urgent pointer is a number from a stranger. Whatever it says,
// the stream comes whole, in order and in line (RFC 6093 §2), and nothing loops or stops.
#include <string.h>

#include "hist_steps.h"
#include "lib/test_random.h"

enum { MSS = 1000, LEN = 100, WND = 65535 };

enum carrier { IN_ORDER, OUT_OF_ORDER, RETRANSMIT, DATALESS, WITH_FIN, CARRIERS };

// One segment of this kind with this pointer; what the user may then read is told.
static uint32_t send_urgent(enum carrier carrier, uint16_t urgent)
{
    uint16_t flags = carrier == WITH_FIN ? URG | FIN | ACK : URG | ACK;
    uint32_t seq = carrier == OUT_OF_ORDER ? 1 + LEN : 1;
    uint32_t data = carrier == DATALESS ? 0 : LEN;
    SEND(.flags = flags, .seq = seq, .ack = 1, .data = data, .urgent = urgent);
    if (carrier == RETRANSMIT) {
        SEND(.flags = flags, .seq = seq, .ack = 1, .data = data, .urgent = urgent);
    }
    if (carrier == OUT_OF_ORDER) {
        EXPECT(.flags = ACK, .seq = 1, .ack = 1);
        SEND(.flags = ACK, .seq = 1, .ack = 1, .data = LEN);
        data += LEN;
    }
    if (data > 0) {
        uint32_t end = 1 + data + (carrier == WITH_FIN);
        EXPECT_WITHIN(MS(500), .flags = ACK, .seq = 1, .ack = end);
    }
    EXPECT_NOTHING();
    return data;
}

static void read_stream(enum carrier carrier, uint32_t bytes)
{
    size_t received = 1;
    if (carrier != WITH_FIN) {
        READ_ALL(bytes);
        return;
    }
    for (uint32_t calls = 0; received > 0; calls++) {
        CHECK(calls < 4);
        RESULT(segment_user_recv(MSS, &received), OK);
        bytes -= (uint32_t)received;
    }
    CHECK_EQ(bytes, 0);
}

static void every_carrier_of(void **state, const uint16_t *pointers, size_t count)
{
    for (size_t i = 0; i < count * CARRIERS; i++) {
        enum carrier carrier = (enum carrier)(i % CARRIERS);
        hist_begin_again(state);
        OPEN(.mss = MSS);
        read_stream(carrier, send_urgent(carrier, pointers[i / CARRIERS]));
        if (carrier != WITH_FIN) { // and life goes on
            uint32_t end = carrier == DATALESS       ? 1
                           : carrier == OUT_OF_ORDER ? 1 + 2 * LEN
                                                     : 1 + LEN;
            SEND(.flags = ACK, .seq = end, .ack = 1, .data = LEN);
            READ_ALL(LEN);
            EXPECT_WITHIN(MS(500), .flags = ACK, .seq = 1, .ack = end + LEN);
        }
    }
}

static void hist_23_pointers_at_the_edges_of_the_segment(void **state)
{
    static const uint16_t pointers[] = {0, 1, LEN - 1, LEN, LEN + 1, 65535};
    every_carrier_of(state, pointers, COUNT_OF(pointers));
}

// The window is shut: the pointer comes with an octet that there is no room for.
static void hist_23_pointers_at_a_shut_window(void **state)
{
    static const uint16_t pointers[] = {0, 1, 2, LEN, 65535};
    for (size_t i = 0; i < COUNT_OF(pointers); i++) {
        hist_begin_again(state);
        segment_config()->receive_buffer_bytes = 2000;
        OPEN(.mss = MSS);
        SEND(.flags = PSH | ACK, .seq = 1, .ack = 1, .data = 2000);
        EXPECT_WITHIN(MS(500), .flags = ACK, .seq = 1, .ack = 2001, .window = SHUT);
        SEND(.flags = URG | ACK, .seq = 2001, .ack = 1, .data = 1, .urgent = pointers[i]);
        EXPECT(.flags = ACK, .seq = 1, .ack = 2001, .window = SHUT);
        SEND(.flags = URG | ACK, .seq = 2001, .ack = 1, .urgent = pointers[i]);
        EXPECT_NOTHING();
        READ_ALL(2000);
        EXPECT(.flags = ACK, .seq = 1, .ack = 2001, .window = 2000);
        SEND(.flags = URG | ACK, .seq = 2001, .ack = 1, .data = 10, .urgent = pointers[i]);
        READ_ALL(10);
        EXPECT_WITHIN(MS(500), .flags = ACK, .seq = 1, .ack = 2011);
    }
}

static void hist_24_urgent_syn_opens_like_any_other(void **state)
{
    static const uint16_t pointers[] = {0, 1, 77, 65535};
    for (size_t i = 0; i < COUNT_OF(pointers); i++) {
        hist_begin_again(state);
        LISTEN(8);
        SEND(.flags = SYN | URG, .mss = MSS, .urgent = pointers[i]);
        EXPECT(.flags = SYN | ACK, .ack = 1);
        SEND(.flags = URG | ACK, .seq = 1, .ack = 1, .urgent = 0);
        ACCEPT();
        SEND(.flags = ACK, .seq = 1, .ack = 1, .data = LEN);
        READ_ALL(LEN);
        EXPECT_WITHIN(MS(500), .flags = ACK, .seq = 1, .ack = 1 + LEN);
        hist_begin_again(state);
        CONNECT();
        EXPECT(.flags = SYN);
        SEND(.flags = SYN | ACK | URG, .ack = 1, .mss = MSS, .urgent = pointers[i]);
        EXPECT(.flags = ACK, .seq = 1, .ack = 1);
        SEND(.flags = ACK, .seq = 1, .ack = 1, .data = LEN);
        READ_ALL(LEN);
        EXPECT_WITHIN(MS(500), .flags = ACK, .seq = 1, .ack = 1 + LEN);
    }
}

// What a SYN says of urgent data is over when the connection begins: reading does not stop there.
static void hist_24_urgent_crossed_syn_leaves_no_mark(void **state)
{
    hist_begin_again(state);
    CONNECT();
    EXPECT(.flags = SYN);
    SEND(.flags = SYN | URG, .mss = MSS, .urgent = 77);
    EXPECT(.flags = SYN | ACK, .ack = 1);
    SEND(.flags = ACK, .seq = 1, .ack = 1);
    IN_STATE(ESTABLISHED);
    SEND(.flags = ACK, .seq = 1, .ack = 1, .data = LEN);
    READ(LEN);
}

// In every state, with and without the flags that change it: the urgent twin of a segment has the
// same answers and leads to the same state.
static void hist_24_urgent_bit_changes_no_state_and_no_answer(void **state)
{
    static const uint16_t flags[] = {ACK, PSH | ACK, FIN | ACK, SYN, SYN | ACK, 0};
    for (uint32_t i = 0; i < SYNFIN_TCP_STATE_COUNT * COUNT_OF(flags); i++) {
        uint64_t sent[2];
        uint32_t by_state[2][SYNFIN_TCP_STATE_COUNT];
        for (uint16_t twin = 0; twin < 2; twin++) {
            hist_begin_again(state);
            segment_reach((enum synfin_tcp_state)(i / COUNT_OF(flags)), HERE);
            uint64_t before = bench.tcp->segments_out;
            SEND(.flags = flags[i % COUNT_OF(flags)] | (twin == 0 ? 0 : URG), .mss = 0,
                 .seq = bench.peer_nxt, .ack = bench.stack_nxt, .urgent = 17);
            segment_forget_sent();
            sent[twin] = bench.tcp->segments_out - before;
            struct synfin_stack_stats stats = {.size = sizeof stats};
            synfin_stack_stats(bench.stack, &stats);
            memcpy(by_state[twin], stats.by_state, sizeof by_state[twin]);
        }
        CHECK_EQ(sent[1], sent[0]);
        assert_memory_equal(by_state[1], by_state[0], sizeof by_state[0]);
    }
}

static void hist_25_pointers_beyond_the_segment_and_the_window(void **state)
{
    static const uint16_t pointers[] = {LEN + 1, LEN + 2, 2 * LEN, 2 * LEN + 1,
                                        32767,   32768,   65534,   65535};
    every_carrier_of(state, pointers, COUNT_OF(pointers));
}

// Any pointer, any length, any overlap, reading at random: the octets are those of the stream.
static void hist_26_random_pointers_trip_nothing(void **state)
{
    uint64_t seed = bench.iss + 26;
    uint32_t begin = 1; // what the peer has not heard acknowledged
    (void)state;
    OPEN(.mss = MSS);
    for (uint32_t i = 0; i < 1500; i++) {
        uint32_t back = test_random_below(&seed, begin < 300 ? begin : 300);
        uint32_t data = test_random_below(&seed, 600);
        uint16_t urgent = (uint16_t)test_random(&seed);
        if (test_random_below(&seed, 2) == 0) {
            urgent %= 700;
        }
        SEND(.flags = URG | ACK, .seq = begin - back, .ack = 1, .data = data, .urgent = urgent);
        uint32_t queued = 0;
        size_t received = 1;
        while (segment_user_recv(MSS, &received) == SYNFIN_ERROR_OK) {
            CHECK(received > 0);
            queued += (uint32_t)received;
        }
        begin = segment_conn()->rcv.nxt.n - bench.irs;
        CHECK(queued <= data);
        segment_forget_sent();
    }
    CHECK(begin > 10000);
}

// With the mark before, inside, at the end and beyond what there is: recv, and peek with consume,
// give something whenever there is something, and AGAIN when there is not.
static void hist_27_every_way_to_read_makes_progress(void **state)
{
    static const uint16_t marks[] = {0, 1, LEN / 2, LEN - 1, LEN, LEN + 1, 65535};
    for (size_t i = 0; i < COUNT_OF(marks) * 2; i++) {
        bool peeks = i % 2 == 1;
        uint32_t left = LEN;
        hist_begin_again(state);
        OPEN(.mss = MSS);
        SEND(.flags = URG | ACK, .seq = 1, .ack = 1, .data = LEN, .urgent = marks[i / 2]);
        for (uint32_t calls = 0; left > 0 && peeks; calls++) {
            struct synfin_span piece[4];
            uint32_t count = 4;
            CHECK(calls < LEN);
            RESULT(synfin_socket_peek(bench.stack, bench.socket, piece, &count), OK);
            CHECK(count > 0 && piece[0].bytes > 0 && piece[0].bytes <= left);
            CHECK(*(const uint8_t *)piece[0].data == segment_octet(false, 1 + LEN - left));
            RESULT(synfin_socket_consume(bench.stack, bench.socket, 1, bench.now_ns), OK);
            left--;
        }
        for (; left > 0; left--) {
            size_t received;
            RESULT(segment_user_recv(1, &received), OK);
            CHECK_EQ(received, 1);
        }
        struct synfin_span piece;
        uint32_t one = 1;
        RESULT(synfin_socket_peek(bench.stack, bench.socket, &piece, &one), AGAIN);
        RESULT(segment_user_recv(1, &(size_t){0}), AGAIN);
        EXPECT_WITHIN(MS(500), .flags = ACK, .seq = 1, .ack = 1 + LEN);
    }
}

// A server that never heard of urgent data, and one that has not accepted yet.
static void hist_28_listening_server_survives_urgent_data(void **state)
{
    static const uint16_t pointers[] = {0, 1, LEN, 65535};
    for (size_t i = 0; i < COUNT_OF(pointers); i++) {
        hist_begin_again(state);
        LISTEN(8);
        SEND(.flags = SYN, .mss = MSS);
        EXPECT(.flags = SYN | ACK, .ack = 1);
        SEND(.flags = URG | PSH | ACK, .seq = 1, .ack = 1, .data = LEN, .urgent = pointers[i]);
        EXPECT_WITHIN(MS(500), .flags = ACK, .seq = 1, .ack = 1 + LEN);
        ACCEPT();
        READ_ALL(LEN);
        SEND(.flags = SYN, .mss = MSS, .peer_port = 40001);
        EXPECT(.flags = SYN | ACK, .ack = 1, .peer_port = 40001);
    }
}

static const struct CMUnitTest tests[] = {
    SEGMENT_TEST(hist_23_pointers_at_the_edges_of_the_segment),
    SEGMENT_TEST(hist_23_pointers_at_a_shut_window),
    SEGMENT_TEST(hist_24_urgent_syn_opens_like_any_other),
    SEGMENT_TEST(hist_24_urgent_crossed_syn_leaves_no_mark),
    SEGMENT_TEST(hist_24_urgent_bit_changes_no_state_and_no_answer),
    SEGMENT_TEST(hist_25_pointers_beyond_the_segment_and_the_window),
    SEGMENT_TEST(hist_26_random_pointers_trip_nothing),
    SEGMENT_TEST(hist_27_every_way_to_read_makes_progress),
    SEGMENT_TEST(hist_28_listening_server_survives_urgent_data),
};
SEGMENT_MAIN(tests)
