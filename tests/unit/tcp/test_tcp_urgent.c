// SPDX-License-Identifier: MIT
//
// Urgent data: in line with everything else, and only a mark (RFC 9293 §3.8.5, RFC 6093).
#include "data_steps.h"

static int64_t get(enum synfin_option option)
{
    int64_t value = -1;
    RESULT(synfin_socket_get_option(bench.stack, bench.socket, option, &value), OK);
    return value;
}

// RFC 9293 §3.8.5 [MUST-30, MUST-32, MUST-33]
static void urgent_pointer_is_told_and_its_distance_is_known(void **state)
{
    (void)state;
    OPEN(.mss = 1000);
    SEND(.flags = URG | ACK, .seq = 1, .ack = 1, .data = 100, .urgent = 60);
    EVENT(READABLE);
    EVENT(URGENT);
    CHECK_EQ(get(SYNFIN_OPTION_URGENT_LEFT), 60);
    CHECK_EQ(get(SYNFIN_OPTION_AT_MARK), 0);
    size_t received;
    RESULT(segment_user_recv(100, &received), OK); // stops once at the mark
    CHECK_EQ(received, 60);
    CHECK_EQ(get(SYNFIN_OPTION_AT_MARK), 1);
    CHECK_EQ(get(SYNFIN_OPTION_URGENT_LEFT), 0);
    READ(40);
    CHECK_EQ(get(SYNFIN_OPTION_AT_MARK), 0);
    EXPECT_WITHIN(MS(500), .flags = ACK, .seq = 1, .ack = 101);
}

// The FIN takes a number, and is no octet that anybody reads.
static void mark_stays_where_it_is_behind_a_fin(void **state)
{
    (void)state;
    OPEN(.mss = 1000);
    SEND(.flags = URG | FIN | ACK, .seq = 1, .ack = 1, .data = 100, .urgent = 60);
    CHECK_EQ(get(SYNFIN_OPTION_URGENT_LEFT), 60);
    size_t received;
    RESULT(segment_user_recv(100, &received), OK);
    CHECK_EQ(received, 60);
    CHECK_EQ(get(SYNFIN_OPTION_AT_MARK), 1);
    READ(40);
    EXPECT(.flags = ACK, .seq = 1, .ack = 102);
}

// RFC 9293 §3.8.5 [MUST-32]: told again when the pointer moves on, not when it stays.
static void urgent_event_comes_once_per_move(void **state)
{
    (void)state;
    OPEN(.mss = 1000);
    SEND(.flags = URG | ACK, .seq = 1, .ack = 1, .urgent = 1000);
    EVENT(URGENT);
    SEND(.flags = URG | ACK, .seq = 1, .ack = 1, .urgent = 1000);
    NO_EVENT();
    SEND(.flags = URG | ACK, .seq = 1, .ack = 1, .urgent = 500);
    NO_EVENT();
    SEND(.flags = URG | ACK, .seq = 1, .ack = 1, .urgent = 1001);
    EVENT(URGENT);
    CHECK_EQ(get(SYNFIN_OPTION_URGENT_LEFT), 1001 - 1 + 1);
}

// Nagle's algorithm holds the small segment back until the user says that it is urgent.
static void urgent_data_wait_for_no_acknowledgment(void **state)
{
    (void)state;
    OPEN(.mss = 1000);
    WRITE(10);
    EXPECT(.flags = PSH | ACK, .seq = 1, .ack = 1, .data = 10);
    WRITE(10);
    EXPECT_NOTHING();
    SET(URGENT_MARK, 1);
    EXPECT(.flags = URG | PSH | ACK, .seq = 11, .ack = 1, .data = 10, .urgent = 10);
    WRITE(10); // all that was urgent has left
    EXPECT_NOTHING();
    SEND_ACK(21);
    EXPECT(.flags = PSH | ACK, .seq = 21, .ack = 1, .data = 10);
    SEND_ACK(31);
}

// RFC 9293 §3.8.5: what counts is what the user has read, not what has arrived.
static void pointer_into_what_was_not_read_yet_is_told(void **state)
{
    (void)state;
    OPEN(.mss = 1000);
    SEND(.flags = ACK, .seq = 1, .ack = 1, .data = 100);
    EVENT(READABLE);
    SEND(.flags = URG | ACK, .seq = 51, .ack = 1, .data = 100, .urgent = 20);
    EVENT(READABLE);
    EVENT(URGENT);
    CHECK_EQ(get(SYNFIN_OPTION_URGENT_LEFT), 70);
    EXPECT_WITHIN(MS(500), .flags = ACK, .seq = 1, .ack = 151);
    READ(70);
    READ(80);
}

// hist/23 to 28: every pointer with every kind of segment; the stream stays whole, in line.
static void hist_23_28_any_urgent_pointer_leaves_the_stream_whole(void **state)
{
    static const uint16_t pointers[] = {0, 1, 99, 100, 101, 32767, 32768, 65535};
    static const uint32_t kinds = 5;
    for (uint32_t i = 0; i < 8 * kinds; i++) {
        uint16_t urgent = pointers[i / kinds];
        steps_begin_again(state);
        OPEN(.mss = 1000);
        uint32_t kind = i % kinds;
        uint32_t seq = kind == 1 ? 101 : 1;
        uint32_t data = kind == 2 ? 0 : 100;
        uint16_t flags = kind == 3 ? URG | FIN | ACK : URG | ACK;
        SEND(.flags = flags, .seq = seq, .ack = 1, .data = data, .urgent = urgent);
        if (kind == 4) { // again
            SEND(.flags = flags, .seq = seq, .ack = 1, .data = data, .urgent = urgent);
        }
        if (kind == 1) { // out of order
            EXPECT(.flags = ACK, .seq = 1, .ack = 1);
            SEND(.flags = ACK, .seq = 1, .ack = 1, .data = 100);
        }
        if (kind != 2) {
            uint32_t end = kind == 1 ? 201 : kind == 3 ? 102 : 101;
            EXPECT_WITHIN(MS(500), .flags = ACK, .seq = 1, .ack = end);
        }
        uint32_t expected = kind == 1 ? 200 : data;
        for (uint32_t calls = 0; expected > 0; calls++) { // each call makes progress
            size_t received;
            CHECK(calls < 2);
            RESULT(segment_user_recv(1000, &received), OK);
            CHECK(received > 0 && received <= expected);
            expected -= (uint32_t)received;
        }
    }
}

// hist/24: a pointer on a SYN or after the peer's FIN is nobody's.
static void hist_24_urgent_pointer_outside_of_data_states_is_ignored(void **state)
{
    (void)state;
    LISTEN(8);
    SEND(.flags = SYN | URG, .mss = 1000, .urgent = 77);
    EXPECT(.flags = SYN | ACK, .ack = 1);
    SEND_ACK(1);
    ACCEPT();
    CHECK_EQ(get(SYNFIN_OPTION_URGENT_LEFT), 0);
    SEND(.flags = FIN | ACK, .seq = 1, .ack = 1);
    EXPECT(.flags = ACK, .seq = 1, .ack = 2);
    SEND(.flags = URG | ACK, .seq = 2, .ack = 1, .urgent = 77);
    CHECK_EQ(get(SYNFIN_OPTION_URGENT_LEFT), 0);
    READ(0);
}

// RFC 9293 §3.1: the pointer counts from the segment's number, which is the SYN's.
// matrix syn-sent 19642.
static void urgent_pointer_of_a_syn_ack_counts_from_the_syn(void **state)
{
    (void)state;
    CONNECT();
    EXPECT(.flags = SYN);
    SEND(.flags = SYN | ACK | URG, .ack = 1, .data = 10, .urgent = 4);
    EXPECT(.flags = ACK, .seq = 1, .ack = 11);
    CHECK_EQ(get(SYNFIN_OPTION_URGENT_LEFT), 3);
}

// RFC 9293 §3.8.5 [MUST-30, MUST-62]: the pointer names the octet after the urgent data.
static void marked_data_goes_out_with_the_pointer(void **state)
{
    (void)state;
    OPEN(.mss = 1000);
    WRITE(100);
    SET(URGENT_MARK, 1);
    WRITE(50);
    EXPECT(.flags = URG | PSH | ACK, .seq = 1, .ack = 1, .data = 150, .urgent = 100);
    EXPECT_AFTER(SEC(1), .flags = URG | PSH | ACK, .seq = 1, .ack = 1, .data = 150, .urgent = 100);
    SEND_ACK(151);
    CHECK_EQ(get(SYNFIN_OPTION_URGENT_MARK), 0);
    WRITE(10);
    EXPECT(.flags = PSH | ACK, .seq = 151, .ack = 1, .data = 10);
    SEND_ACK(161);
}

// RFC 9293 §3.8.5 [MUST-31]: of any length; the field says as much as it can.
static void urgent_data_may_be_longer_than_the_field_can_say(void **state)
{
    (void)state;
    segment_config()->send_buffer_bytes = 1 << 20;
    OPEN(.mss = 1000, .wscale = SHIFT(5));
    WRITE(70000);
    SET(URGENT_MARK, 1);
    for (uint32_t i = 0; i < 10; i++) {
        uint32_t ahead = 70000 - 1000 * i;
        EXPECT(.flags = URG | ACK, .seq = 1 + 1000 * i, .ack = 1, .data = 1000,
               .urgent = (uint16_t)(ahead < 65535 ? ahead : 65535));
    }
}

static const struct CMUnitTest tests[] = {
    SEGMENT_TEST(urgent_data_wait_for_no_acknowledgment),
    SEGMENT_TEST(urgent_pointer_is_told_and_its_distance_is_known),
    SEGMENT_TEST(mark_stays_where_it_is_behind_a_fin),
    SEGMENT_TEST(urgent_event_comes_once_per_move),
    SEGMENT_TEST(pointer_into_what_was_not_read_yet_is_told),
    SEGMENT_TEST(hist_23_28_any_urgent_pointer_leaves_the_stream_whole),
    SEGMENT_TEST(hist_24_urgent_pointer_outside_of_data_states_is_ignored),
    SEGMENT_TEST(urgent_pointer_of_a_syn_ack_counts_from_the_syn),
    SEGMENT_TEST(marked_data_goes_out_with_the_pointer),
    SEGMENT_TEST(urgent_data_may_be_longer_than_the_field_can_say),
};

SEGMENT_MAIN(tests)
