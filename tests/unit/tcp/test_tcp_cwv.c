// SPDX-License-Identifier: MIT
//
// What is left of a window that was not in use: RFC 7661 for paced senders, RFC 5681 §4.1 for
// others.
#include "data_steps.h"
#include "tcp/tcp_conn.h"

enum { MSS = 1000 };

// A window of 20 segments or nearly, everything acknowledged.
static void open_with_window(bool is_paced)
{
    OPEN_TIMED(is_paced);
    CHECK_EQ(segment_conn()->cc.cwnd_bytes, (is_paced ? 20 : 18) * MSS); // RFC 9406 §4.3: L
}

static void write_one(uint32_t seq)
{
    WRITE(MSS);
    EXPECT(.flags = PSH | ACK, .seq = seq, .ack = 1, .data = MSS);
    ADVANCE(MS(40));
    SEND_ACK(seq + MSS);
}

static void paced_sender_keeps_its_window_over_a_pause(void **state)
{
    (void)state;
    open_with_window(true);
    ADVANCE(SEC(299));
    write_one(10 * MSS + 1);
    CHECK_EQ(segment_conn()->cc.cwnd_bytes, 20 * MSS);
    NO_REASON(CC_NOT_VALIDATED);
}

static void sender_without_pacing_starts_again_after_a_pause(void **state)
{
    (void)state;
    open_with_window(false);
    ADVANCE(SEC(2));
    write_one(10 * MSS + 1);
    CHECK_EQ(segment_conn()->cc.cwnd_bytes, 10 * MSS);
}

// RFC 7661 §4.4.3: after five minutes half of it, not below the initial window; ssthresh is three
// quarters at least, and one that was higher stays.
static void window_is_halved_after_five_minutes(void **state)
{
    (void)state;
    open_with_window(true);
    segment_conn()->cc.cwnd_bytes = 60 * MSS;
    segment_conn()->cc.ssthresh_bytes = 30 * MSS;
    ADVANCE(SEC(301));
    write_one(10 * MSS + 1);
    CHECK_EQ(segment_conn()->cc.cwnd_bytes, 30 * MSS);
    CHECK_EQ(segment_conn()->cc.ssthresh_bytes, 45 * MSS);
    ADVANCE(SEC(299)); // another five minutes have begun
    write_one(11 * MSS + 1);
    CHECK_EQ(segment_conn()->cc.cwnd_bytes, 30 * MSS);
    ADVANCE(SEC(2));
    write_one(12 * MSS + 1);
    CHECK_EQ(segment_conn()->cc.cwnd_bytes, 15 * MSS);
    ADVANCE(SEC(301));
    write_one(13 * MSS + 1);
    CHECK_EQ(segment_conn()->cc.cwnd_bytes, 10 * MSS); // RFC 6928
}

// A little at a time is no pause, and does not validate the window either.
static void trickle_does_not_keep_the_window(void **state)
{
    (void)state;
    open_with_window(true);
    segment_conn()->cc.cwnd_bytes = segment_conn()->cc.ssthresh_bytes = 60 * MSS;
    uint32_t seq = 10 * MSS + 1;
    for (uint32_t i = 0; i < 32; i++, seq += MSS) {
        ADVANCE(SEC(10));
        write_one(seq);
    }
    CHECK_EQ(segment_conn()->cc.cwnd_bytes, 30 * MSS);
}

// RFC 7661 §4.1: a window that nothing was sent in yet was not idle, however late that is, and
// also when it is more than a path of smaller segments would begin with.
static void first_flight_has_the_window_it_began_with(void **state)
{
    (void)state;
    bench.now_ns += SEC(1000);
    segment_config()->use_pacing = 1;
    CONNECT();
    EXPECT(.flags = SYN);
    ADVANCE(MS(40));
    SEND(.flags = SYN | ACK, .ack = 1, .mss = MSS);
    EXPECT(.flags = ACK, .seq = 1, .ack = 1);
    SET(MAXSEG, 200);
    CHECK_EQ(segment_conn()->cc.cwnd_bytes, 10 * MSS);
    WRITE(400);
    EXPECT(.flags = ACK, .seq = 1, .ack = 1, .data = 200);
    EXPECT(.flags = PSH | ACK, .seq = 201, .ack = 1, .data = 200);
    CHECK_EQ(segment_conn()->cc.cwnd_bytes, 10 * MSS);
    NO_REASON(CC_NOT_VALIDATED);
    SEND_ACK(401);
}

static const struct CMUnitTest tests[] = {
    SEGMENT_TEST(first_flight_has_the_window_it_began_with),
    SEGMENT_TEST(paced_sender_keeps_its_window_over_a_pause),
    SEGMENT_TEST(sender_without_pacing_starts_again_after_a_pause),
    SEGMENT_TEST(window_is_halved_after_five_minutes),
    SEGMENT_TEST(trickle_does_not_keep_the_window),
};

SEGMENT_MAIN(tests)
