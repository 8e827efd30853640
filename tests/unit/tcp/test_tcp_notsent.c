// SPDX-License-Identifier: MIT
//
// SYNFIN_OPTION_NOTSENT_LOWAT: how much may be queued that has not been sent.
#include "data_steps.h"

static size_t queue(uint32_t bytes)
{
    static const uint8_t zeros[10000];
    size_t sent = 0;
    RESULT(synfin_socket_send(bench.stack, bench.socket, zeros, bytes, &sent, bench.now_ns), OK);
    return sent;
}

static void send_takes_no_more_than_may_wait_unsent(void **state)
{
    (void)state;
    OPEN(.mss = 1000, .window = SHUT);
    SET(NOTSENT_LOWAT, 700);
    CHECK_EQ(queue(10000), 700);
    RESULT(segment_user_send(1), AGAIN);
    SET(NOTSENT_LOWAT, 0); // no limit
    EVENT(WRITABLE);
    CHECK_EQ(queue(10000), 10000);
    ABORT();
    segment_forget_sent();
}

// By what is sent, not by what is acknowledged; and not before half of it has left.
static void writable_comes_when_half_has_left(void **state)
{
    (void)state;
    OPEN(.mss = 1000, .window = SHUT);
    SET(NOTSENT_LOWAT, 4000);
    CHECK_EQ(queue(10000), 4000);
    SEND(.flags = ACK, .seq = 1, .ack = 1, .window = 2000);
    segment_forget_sent();
    CHECK_EQ(segment_conn()->snd.nxt.n - segment_conn()->iss.n, 2001);
    NO_EVENT(); // 2000 are not fewer than half of 4000
    SEND(.flags = ACK, .seq = 1, .ack = 1, .window = 3000);
    segment_forget_sent();
    EVENT(WRITABLE);
    NO_EVENT();
    CHECK_EQ(queue(10000), 3000);
    ABORT();
    segment_forget_sent();
}

static void one_octet_is_a_limit_as_well(void **state)
{
    (void)state;
    OPEN(.mss = 1000);
    SET(NOTSENT_LOWAT, 1);
    SET(NODELAY, 1);
    for (uint32_t i = 0; i < 5; i++) {
        WRITE(1);
        EXPECT(.flags = PSH | ACK, .seq = 1 + i, .ack = 1, .data = 1);
    }
    SEND_ACK(6);
    NO_EVENT();
}

static void acknowledgment_without_room_is_not_writable(void **state)
{
    (void)state;
    OPEN(.mss = 1000, .window = 1000);
    SET(SEND_BUFFER, 3000);
    CHECK_EQ(queue(10000), 3000);
    segment_forget_sent();
    SET(NOTSENT_LOWAT, 1500);
    SEND(.flags = ACK, .seq = 1, .ack = 1001, .window = SHUT); // 2000 wait
    NO_EVENT();
    SEND(.flags = ACK, .seq = 1, .ack = 1001, .window = 2000);
    segment_forget_sent();
    EVENT(WRITABLE);
    CHECK_EQ(queue(10000), 1000); // the buffer's limit comes first
    ABORT();
    segment_forget_sent();
}

static const struct CMUnitTest tests[] = {
    SEGMENT_TEST(send_takes_no_more_than_may_wait_unsent),
    SEGMENT_TEST(writable_comes_when_half_has_left),
    SEGMENT_TEST(one_octet_is_a_limit_as_well),
    SEGMENT_TEST(acknowledgment_without_room_is_not_writable),
};

SEGMENT_MAIN(tests)
