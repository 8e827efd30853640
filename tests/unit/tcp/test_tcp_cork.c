// SPDX-License-Identifier: MIT
//
// SYNFIN_OPTION_CORK and PUSH: small segments wait for company, but not for ever.
#include "data_steps.h"

static void corked_data_waits_for_a_full_segment(void **state)
{
    (void)state;
    OPEN(.mss = 1000);
    SET(CORK, 1);
    WRITE(300);
    EXPECT_NOTHING();
    WRITE(300);
    ADVANCE(MS(150));
    EXPECT_NOTHING();
    WRITE(1500);
    EXPECT_RUN(1, 2001, 1000);
    EXPECT_NOTHING();
    SEND_ACK(2001);
    EXPECT_NOTHING(); // nothing is in flight: Nagle would let it go
    SET(CORK, 0);
    EXPECT(.flags = PSH | ACK, .seq = 2001, .ack = 1, .data = 100, WHY(SEND_DATA));
    SEND_ACK(2101);
}

static void corked_data_waits_for_200_ms_at_most(void **state)
{
    (void)state;
    OPEN(.mss = 1000);
    SET(CORK, 1);
    WRITE(300);
    ADVANCE(MS(100));
    WRITE(10); // does not prolong it
    EXPECT_AFTER(MS(100), .flags = PSH | ACK, .seq = 1, .ack = 1, .data = 310);
    REASON(TIMER_CORK);
    WRITE(20); // with the first in flight as well
    EXPECT_AFTER(MS(200), .flags = PSH | ACK, .seq = 311, .ack = 1, .data = 20);
    SEND_ACK(331);
    ADVANCE(SEC(3));
    EXPECT_NOTHING();
}

// After a timeout of small segments the congestion window is smaller than one that is larger now
// (sim --seed 97 --world 28594): what fills none would be pushed and held for ever.
static void segment_that_has_grown_fits_the_congestion_window(void **state)
{
    (void)state;
    OPEN(.mss = 1000);
    SET(MAXSEG, 200);
    WRITE(200);
    EXPECT(.flags = PSH | ACK, .seq = 1, .ack = 1, .data = 200);
    EXPECT_AFTER(SEC(1), .flags = PSH | ACK, .seq = 1, .ack = 1, .data = 200);
    SEND_ACK(201);
    CHECK_EQ(segment_conn()->cc.cwnd_bytes < 1000, 1);
    SET(CORK, 1);
    SET(MAXSEG, 1000);
    WRITE(600);
    EXPECT_NOTHING();
    EXPECT_AFTER(MS(200), .flags = PSH | ACK, .seq = 201, .ack = 1, .data = 600);
    SEND_ACK(801);
}

// Nagle's algorithm holds nothing that was corked: the user has said that it is complete.
static void removal_releases_what_waits_behind_data_in_flight(void **state)
{
    (void)state;
    OPEN(.mss = 1000);
    SET(CORK, 1);
    WRITE(1200);
    EXPECT_RUN(1, 1001, 1000);
    SET(CORK, 0);
    EXPECT(.flags = PSH | ACK, .seq = 1001, .ack = 1, .data = 200);
    WRITE(10); // Nagle's again
    EXPECT_NOTHING();
    SEND_ACK(1201);
    EXPECT(.flags = PSH | ACK, .seq = 1201, .ack = 1, .data = 10);
    SEND_ACK(1211);
}

static void removal_of_no_cork_leaves_nagle_alone(void **state)
{
    (void)state;
    OPEN(.mss = 1000);
    WRITE(10);
    EXPECT(.flags = PSH | ACK, .seq = 1, .ack = 1, .data = 10);
    WRITE(10);
    SET(CORK, 0);
    EXPECT_NOTHING();
    SEND_ACK(11);
    EXPECT(.flags = PSH | ACK, .seq = 11, .ack = 1, .data = 10);
    SEND_ACK(21);
}

static void cork_holds_in_spite_of_nodelay(void **state)
{
    (void)state;
    OPEN(.mss = 1000);
    SET(NODELAY, 1);
    SET(CORK, 1);
    WRITE(10);
    EXPECT_NOTHING();
    SET(CORK, 0);
    EXPECT(.flags = PSH | ACK, .seq = 1, .ack = 1, .data = 10);
    SEND_ACK(11);
}

static void end_of_the_stream_releases_what_waits(void **state)
{
    (void)state;
    OPEN(.mss = 1000);
    SET(CORK, 1);
    WRITE(10);
    EXPECT_NOTHING();
    SHUTDOWN(WRITE);
    EXPECT(.flags = FIN | PSH | ACK, .seq = 1, .ack = 1, .data = 10);
    SEND(.flags = RST, .seq = 1);
}

// The peer's window is what holds it then, and the cork's time does not let it pass that.
static void shut_window_is_probed_under_the_cork(void **state)
{
    (void)state;
    OPEN(.mss = 1000);
    SET(CORK, 1);
    SEND(.flags = ACK, .seq = 1, .ack = 1, .window = SHUT);
    WRITE(300);
    ADVANCE(MS(250));
    EXPECT_NOTHING();
    EXPECT_WITHIN(SEC(2), .flags = ACK, .seq = 1, .ack = 1, .data = 1, WHY(SEND_WINDOW_PROBE));
    SEND(.flags = ACK, .seq = 1, .ack = 2, .window = 2000);
    EXPECT_NOTHING();
    EXPECT_AFTER(MS(200), .flags = PSH | ACK, .seq = 2, .ack = 1, .data = 299);
    SEND_ACK(301);
}

// RFC 8985 §7.3: the probe is the last segment then, not what the cork holds.
static void tail_probe_leaves_the_corked_alone(void **state)
{
    (void)state;
    OPEN(.mss = 1000, .sack_ok = true);
    SET(CORK, 1);
    WRITE(1000);
    EXPECT(.flags = PSH | ACK, .seq = 1, .ack = 1, .data = 1000);
    ADVANCE(MS(20));
    SEND_ACK(1001); // a round trip is known
    WRITE(2050);
    EXPECT_RUN(1001, 3001, 1000);
    EXPECT_WITHIN(MS(100), .flags = ACK, .seq = 2001, .ack = 1, .data = 1000, WHY(SEND_TAIL_PROBE));
    SEND_ACK(3001);
    EXPECT_WITHIN(MS(200), .flags = PSH | ACK, .seq = 3001, .ack = 1, .data = 50);
    SEND_ACK(3051);
}

// RFC 9293 §3.9.1.2: what is sent while PUSH is 0 waits for what follows.
static void more_that_follows_is_waited_for(void **state)
{
    (void)state;
    OPEN(.mss = 1000);
    SET(PUSH, 0);
    WRITE(300);
    SET(PUSH, 1);
    EXPECT_NOTHING();
    WRITE(100);
    EXPECT(.flags = PSH | ACK, .seq = 1, .ack = 1, .data = 400);
    SEND_ACK(401);
    SET(PUSH, 0);
    WRITE(50);
    EXPECT_AFTER(MS(200), .flags = PSH | ACK, .seq = 401, .ack = 1, .data = 50);
    REASON(TIMER_CORK);
    SEND_ACK(451);
}

static const struct CMUnitTest tests[] = {
    SEGMENT_TEST(corked_data_waits_for_a_full_segment),
    SEGMENT_TEST(corked_data_waits_for_200_ms_at_most),
    SEGMENT_TEST(segment_that_has_grown_fits_the_congestion_window),
    SEGMENT_TEST(removal_releases_what_waits_behind_data_in_flight),
    SEGMENT_TEST(removal_of_no_cork_leaves_nagle_alone),
    SEGMENT_TEST(cork_holds_in_spite_of_nodelay),
    SEGMENT_TEST(end_of_the_stream_releases_what_waits),
    SEGMENT_TEST(shut_window_is_probed_under_the_cork),
    SEGMENT_TEST(tail_probe_leaves_the_corked_alone),
    SEGMENT_TEST(more_that_follows_is_waited_for),
};

SEGMENT_MAIN(tests)
