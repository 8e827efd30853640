// SPDX-License-Identifier: MIT
//
// SYNFIN_OPTION_DEFER_ACCEPT: a listener whose clients speak first gives them to accept once they
// have.
#include "lib/segment.h"

static void call_deferring(uint64_t ns)
{
    LISTEN(4);
    RESULT(synfin_socket_set_option(bench.stack, bench.listener, SYNFIN_OPTION_DEFER_ACCEPT,
                                    (int64_t)ns, bench.now_ns),
           OK);
    SEND(.flags = SYN, .mss = 1460);
}

static void listen_deferring(uint64_t ns)
{
    call_deferring(ns);
    EXPECT(.flags = SYN | ACK, .ack = 1, WHY(SEND_SYN_ACK));
    SEND(.flags = ACK, .seq = 1, .ack = 1);
    REASON(DROP_DEFERRED);
    IN_STATE(SYN_RECEIVED);
    NO_EVENT();
}

static void first_data_open_the_connection(void **state)
{
    (void)state;
    listen_deferring(SEC(10));
    ADVANCE(MS(500));
    SEND(.flags = PSH | ACK, .seq = 1, .ack = 1, .data = 100);
    IN_STATE(ESTABLISHED);
    EVENT(ACCEPTABLE);
    ACCEPT();
    EVENT(READABLE);
    READ(100);
    EXPECT_WITHIN(MS(500), .flags = ACK, .seq = 1, .ack = 101);
}

static void fin_without_data_opens_it_too(void **state)
{
    (void)state;
    listen_deferring(SEC(10));
    SEND(.flags = FIN | ACK, .seq = 1, .ack = 1);
    EXPECT(.flags = ACK, .seq = 1, .ack = 2);
    EVENT(ACCEPTABLE);
    ACCEPT();
    READ(0);
}

// 1 + 2 + 4 s are the waits that reach 5 s: the question before the last one is asked aloud, and
// what is answered to it counts.
static void client_that_stays_silent_is_asked_once_more(void **state)
{
    (void)state;
    listen_deferring(SEC(5));
    ADVANCE(SEC(6)); // nothing was sent after 1 and 3 s
    EXPECT_NOTHING();
    SEND(.flags = ACK, .seq = 1, .ack = 1);
    REASON(DROP_DEFERRED);
    EXPECT_AFTER(SEC(1), .flags = SYN | ACK, .ack = 1, WHY(SEND_SYN_ACK_AGAIN));
    SEND(.flags = ACK, .seq = 1, .ack = 1);
    IN_STATE(ESTABLISHED);
    EVENT(ACCEPTABLE);
    ACCEPT();
    CHECK_EQ(segment_conn()->rtt.srtt_ns, 0); // a client's thinking is no round trip
    WRITE(100);
    EXPECT(.flags = PSH | ACK, .seq = 1, .ack = 1, .data = 100);
    CHECK_EQ(segment_conn()->cc.cwnd_bytes, 10 * segment_conn()->snd.mss); // nothing was lost
}

// The time is longer than SYN+ACKs go again: 63 s.
static void client_that_is_gone_is_given_up_when_the_time_is_over(void **state)
{
    (void)state;
    listen_deferring(SEC(100));
    ADVANCE(SEC(122));
    IN_STATE(SYN_RECEIVED);
    EXPECT_NOTHING();
    ADVANCE(SEC(2)); // at 123 s, of which the last wait is 60
    EXPECT(.flags = SYN | ACK, .ack = 1, WHY(SEND_SYN_ACK_AGAIN));
    ADVANCE(SEC(120));
    segment_forget_sent();
    REASON(SYN_ACK_RETRIES_OVER);
    EXPECT_FREE();
}

static void syn_ack_without_an_answer_goes_again_as_ever(void **state)
{
    (void)state;
    call_deferring(SEC(10));
    EXPECT(.flags = SYN | ACK, .ack = 1);
    EXPECT_AFTER(SEC(1), .flags = SYN | ACK, .ack = 1);
    EXPECT_AFTER(SEC(2), .flags = SYN | ACK, .ack = 1);
    SEND(.flags = RST, .seq = 1);
    EXPECT_FREE();
}

static void reset_ends_one_that_is_awaited(void **state)
{
    (void)state;
    listen_deferring(SEC(10));
    SEND(.flags = RST, .seq = 1);
    IN_STATE(LISTEN);
    EXPECT_FREE();
}

static void cookie_is_not_deferred(void **state)
{
    (void)state;
    segment_config()->syn_cookies = SYNFIN_SYN_COOKIES_ALWAYS;
    call_deferring(SEC(10));
    EXPECT(.flags = SYN | ACK, .ack = 1);
    SEND(.flags = ACK, .seq = 1, .ack = 1);
    NO_REASON(DROP_DEFERRED);
    EVENT(ACCEPTABLE);
}

static void time_is_told_in_milliseconds(void **state)
{
    (void)state;
    int64_t ns = 0;
    LISTEN(4);
    RESULT(synfin_socket_set_option(bench.stack, bench.listener, SYNFIN_OPTION_DEFER_ACCEPT,
                                    1500001, bench.now_ns),
           OK);
    RESULT(synfin_socket_get_option(bench.stack, bench.listener, SYNFIN_OPTION_DEFER_ACCEPT, &ns),
           OK);
    CHECK_EQ(ns, MS(2));
    RESULT(synfin_socket_set_option(bench.stack, bench.listener, SYNFIN_OPTION_DEFER_ACCEPT,
                                    (int64_t)SEC(3601), bench.now_ns),
           INVALID);
}

static const struct CMUnitTest tests[] = {
    SEGMENT_TEST(first_data_open_the_connection),
    SEGMENT_TEST(fin_without_data_opens_it_too),
    SEGMENT_TEST(client_that_stays_silent_is_asked_once_more),
    SEGMENT_TEST(client_that_is_gone_is_given_up_when_the_time_is_over),
    SEGMENT_TEST(syn_ack_without_an_answer_goes_again_as_ever),
    SEGMENT_TEST(reset_ends_one_that_is_awaited),
    SEGMENT_TEST(cookie_is_not_deferred),
    SEGMENT_TEST(time_is_told_in_milliseconds),
};
SEGMENT_MAIN(tests)
