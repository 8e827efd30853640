// SPDX-License-Identifier: MIT
//
// What the reader says of how it reads: SYNFIN_OPTION_RECEIVE_LOWAT, when it is told of data, and
// SYNFIN_OPTION_WINDOW_CLAMP, how much the peer may send at once.
#include "data_steps.h"

static int64_t option(enum synfin_option which)
{
    int64_t value = -1;
    RESULT(synfin_socket_get_option(bench.stack, bench.socket, which, &value), OK);
    return value;
}

static void readable_comes_with_the_octet_that_is_waited_for(void **state)
{
    (void)state;
    OPEN(.mss = 1460);
    CHECK_EQ(option(SYNFIN_OPTION_RECEIVE_LOWAT), 1);
    SET(RECEIVE_LOWAT, 150);
    CHECK_EQ(option(SYNFIN_OPTION_RECEIVE_LOWAT), 150);
    SEND(.flags = ACK, .seq = 1, .ack = 1, .data = 149);
    NO_EVENT();
    SEND(.flags = ACK, .seq = 150, .ack = 1, .data = 1);
    EVENT(READABLE);
    segment_forget_sent();
    READ(150);
}

static void fewer_can_be_read_all_the_same(void **state)
{
    (void)state;
    OPEN(.mss = 1460);
    SET(RECEIVE_LOWAT, 150);
    SEND(.flags = ACK, .seq = 1, .ack = 1, .data = 100);
    READ(100);
    SEND(.flags = ACK, .seq = 101, .ack = 1, .data = 100);
    NO_EVENT();
    READ(100);
    segment_forget_sent();
}

static void end_and_gap_that_is_filled_are_told(void **state)
{
    (void)state;
    OPEN(.mss = 1460);
    SET(RECEIVE_LOWAT, 150);
    SEND(.flags = ACK, .seq = 101, .ack = 1, .data = 100);
    NO_EVENT();
    SEND(.flags = ACK, .seq = 1, .ack = 1, .data = 100);
    EVENT(READABLE);
    READ(200);
    SEND(.flags = FIN | ACK, .seq = 201, .ack = 1, .data = 10);
    EVENT(READABLE);
    READ(10);
    READ(0);
    segment_forget_sent();
}

static void lower_mark_tells_of_what_is_there(void **state)
{
    (void)state;
    OPEN(.mss = 1460);
    SET(RECEIVE_LOWAT, 150);
    SEND(.flags = ACK, .seq = 1, .ack = 1, .data = 100);
    NO_EVENT();
    SET(RECEIVE_LOWAT, 100);
    EVENT(READABLE);
    SET(RECEIVE_LOWAT, 10);
    segment_forget_sent();
}

// More than the peer could send would never come.
static void half_a_buffer_is_always_enough(void **state)
{
    (void)state;
    segment_config()->receive_buffer_bytes = 2000;
    segment_config()->receive_buffer_bytes_max = 2000;
    OPEN(.mss = 1460);
    SET(RECEIVE_LOWAT, 100000);
    SEND(.flags = ACK, .seq = 1, .ack = 1, .data = 999);
    NO_EVENT();
    SEND(.flags = ACK, .seq = 1000, .ack = 1, .data = 1);
    EVENT(READABLE);
    segment_forget_sent();
}

static void clamp_before_the_handshake_is_in_the_syn(void **state)
{
    (void)state;
    segment_open_client(1024, HERE);
    SET(WINDOW_CLAMP, 5000);
    CHECK_EQ(option(SYNFIN_OPTION_WINDOW_CLAMP), 5000);
    RESULT(segment_user_connect(), OK);
    EXPECT(.flags = SYN, .window = 5000, .wscale = SHIFT(0));
    SEND(.flags = SYN | ACK, .ack = 1, .mss = 1460, .wscale = SHIFT(0));
    EXPECT(.flags = ACK, .seq = 1, .ack = 1, .window = 5000);
}

// The right edge stays where it was offered, and moves on once less than the clamp is left.
static void clamp_of_an_open_connection_holds_the_edge(void **state)
{
    (void)state;
    segment_config()->receive_buffer_bytes = 20000;
    segment_config()->receive_buffer_bytes_max = 20000;
    OPEN(.mss = 1460);
    SET(WINDOW_CLAMP, 3000);
    uint32_t left = 20000;
    for (uint32_t seq = 1; left > 4000; seq += 2000, left -= 2000) {
        SEND(.flags = ACK, .seq = seq, .ack = 1, .data = 1000);
        SEND(.flags = ACK, .seq = seq + 1000, .ack = 1, .data = 1000);
        EXPECT(.flags = ACK, .seq = 1, .ack = seq + 2000, .window = (int32_t)(left - 2000));
        READ(2000);
    }
    SEND(.flags = ACK, .seq = 16001, .ack = 1, .data = 1460);
    SEND(.flags = ACK, .seq = 17461, .ack = 1, .data = 1460);
    EXPECT(.flags = ACK, .seq = 1, .ack = 18921, .window = 3000);
    SET(WINDOW_CLAMP, 0);
    EXPECT(.flags = ACK, .seq = 1, .ack = 18921, .window = 17080, WHY(SEND_WINDOW_UPDATE));
    READ(2920);
}

static const struct CMUnitTest tests[] = {
    SEGMENT_TEST(readable_comes_with_the_octet_that_is_waited_for),
    SEGMENT_TEST(fewer_can_be_read_all_the_same),
    SEGMENT_TEST(end_and_gap_that_is_filled_are_told),
    SEGMENT_TEST(lower_mark_tells_of_what_is_there),
    SEGMENT_TEST(half_a_buffer_is_always_enough),
    SEGMENT_TEST(clamp_before_the_handshake_is_in_the_syn),
    SEGMENT_TEST(clamp_of_an_open_connection_holds_the_edge),
};
SEGMENT_MAIN(tests)
