// SPDX-License-Identifier: MIT
//
// When data is acknowledged: RFC 9293 §3.8.6.3 and RFC 5681 §4.2.
#include "data_steps.h"
#include "lib/test_env.h"

// RFC 9293 §3.8.6.3 [SHLD-18, MUST-40]: delayed, and by less than half a second.
static void single_segment_is_acknowledged_after_a_moment(void **state)
{
    (void)state;
    OPEN(.mss = 1460);
    SEND(.flags = PSH | ACK, .seq = 1, .ack = 1, .data = 100);
    EXPECT_AFTER(MS(40), .flags = ACK, .seq = 1, .ack = 101, WHY(SEND_ACK_DELAYED));
    READ(100);
}

// RFC 9293 §3.8.6.3 [SHLD-19]
static void every_second_full_segment_is_acknowledged_at_once(void **state)
{
    (void)state;
    OPEN(.mss = 1460);
    for (uint32_t i = 0; i < 10; i++) {
        SEND(.flags = ACK, .seq = 1 + 1400 * i, .ack = 1, .data = 1400);
        if (i % 2 == 0) {
            EXPECT_NOTHING();
        } else {
            EXPECT(.flags = ACK, .seq = 1, .ack = 1 + 1400 * (i + 1));
        }
    }
    READ(14000);
}

// RFC 9293 §3.8.6.3 [SHLD-19]: full-sized is what this peer sends, also over IPv6, where every path
// carries 1,220.
static void every_second_small_segment_of_a_peer_is_acknowledged_at_once(void **state)
{
    (void)state;
    OPEN(.mss = 1460);
    for (uint32_t i = 0; i < 10; i++) {
        SEND(.flags = ACK, .seq = 1 + 540 * i, .ack = 1, .data = 540);
        if (i % 2 == 0) {
            EXPECT_NOTHING();
        } else {
            EXPECT(.flags = ACK, .seq = 1, .ack = 1 + 540 * (i + 1));
        }
    }
    READ(5400);
}

// RFC 5681 §4.2: full-sized is what we have announced, which the user may have made small.
static void every_second_segment_of_a_small_mss_is_acknowledged_at_once(void **state)
{
    (void)state;
    segment_open_client(40000, HERE);
    segment_without_iss();
    SET(MAXSEG, 100);
    RESULT(segment_user_connect(), OK);
    EXPECT(.flags = SYN, .mss = 100);
    SEND(.flags = SYN | ACK, .ack = 1, .mss = 1460);
    EXPECT(.flags = ACK, .seq = 1, .ack = 1);
    SEND(.flags = ACK, .seq = 1, .ack = 1, .data = 100);
    EXPECT_NOTHING();
    SEND(.flags = ACK, .seq = 101, .ack = 1, .data = 100);
    EXPECT(.flags = ACK, .seq = 1, .ack = 201, WHY(SEND_ACK_EVERY_SECOND));
    READ(200);
}

// RFC 8985 §7.2: a sender of two segments takes 2 * SRTT without an answer for a loss at the tail.
static void full_segment_and_a_small_one_are_acknowledged_at_once(void **state)
{
    (void)state;
    OPEN(.mss = 1460);
    SEND(.flags = ACK, .seq = 1, .ack = 1, .data = 1400);
    EXPECT_NOTHING();
    SEND(.flags = PSH | ACK, .seq = 1401, .ack = 1, .data = 100);
    EXPECT(.flags = ACK, .seq = 1, .ack = 1501, WHY(SEND_ACK_EVERY_SECOND));
    READ(1500);
}

// RFC 9293 §3.8.6.3 [MUST-40]: the wait begins with the first segment, not with the last.
static void later_small_segments_do_not_prolong_the_wait(void **state)
{
    (void)state;
    OPEN(.mss = 1460);
    for (uint32_t i = 0; i < 3; i++) {
        SEND(.flags = ACK, .seq = 1 + i, .ack = 1, .data = 1);
        ADVANCE(MS(10));
        EXPECT_NOTHING();
    }
    EXPECT_AFTER(MS(10), .flags = ACK, .seq = 1, .ack = 4);
    READ(3);
}

// RFC 9293 §3.10.7.4 [MUST-58]: an acknowledgment rides on data that goes anyway.
static void acknowledgment_rides_on_data(void **state)
{
    (void)state;
    OPEN(.mss = 1460);
    SEND(.flags = PSH | ACK, .seq = 1, .ack = 1, .data = 100);
    WRITE(50);
    EXPECT(.flags = PSH | ACK, .seq = 1, .ack = 101, .data = 50);
    ADVANCE(MS(400));
    EXPECT_NOTHING();
    SEND(.flags = ACK, .seq = 101, .ack = 51);
    READ(100);
}

// RFC 9293 §3.10.7.4 [MUST-58, MUST-59]: all that came is processed before an ACK leaves.
static void burst_is_acknowledged_once(void **state)
{
    (void)state;
    OPEN(.mss = 1460);
    for (uint32_t i = 0; i < 8; i++) {
        SEND(.flags = ACK, .seq = 1 + 1460 * i, .ack = 1, .data = 1460);
    }
    EXPECT(.flags = ACK, .seq = 1, .ack = 1 + 8 * 1460);
    EXPECT_NOTHING();
    READ(8 * 1460);
}

static void quickack_acknowledges_each_segment(void **state)
{
    (void)state;
    OPEN(.mss = 1460);
    SET(QUICKACK, 1);
    for (uint32_t i = 0; i < 3; i++) {
        SEND(.flags = ACK, .seq = 1 + i, .ack = 1, .data = 1);
        EXPECT(.flags = ACK, .seq = 1, .ack = 2 + i);
    }
    READ(3);
}

// RFC 5681 §4.2: out of order, and a gap that is filled, are told at once.
// RFC 9293 §3.10.7.4 [MAY-13]
static void out_of_order_and_filled_gaps_are_acknowledged_at_once(void **state)
{
    (void)state;
    OPEN(.mss = 1460);
    SEND(.flags = ACK, .seq = 11, .ack = 1, .data = 10);
    EXPECT(.flags = ACK, .seq = 1, .ack = 1, WHY(SEND_ACK_OUT_OF_ORDER));
    SEND(.flags = ACK, .seq = 31, .ack = 1, .data = 10);
    EXPECT(.flags = ACK, .seq = 1, .ack = 1, WHY(SEND_ACK_OUT_OF_ORDER));
    SEND(.flags = ACK, .seq = 1, .ack = 1, .data = 10);
    EXPECT(.flags = ACK, .seq = 1, .ack = 21, WHY(SEND_ACK_GAP_FILLED));
    SEND(.flags = ACK, .seq = 21, .ack = 1, .data = 10);
    EXPECT(.flags = ACK, .seq = 1, .ack = 41, WHY(SEND_ACK_GAP_FILLED));
    READ(40);
}

static void fin_is_acknowledged_at_once(void **state)
{
    (void)state;
    OPEN(.mss = 1460);
    SEND(.flags = FIN | ACK, .seq = 1, .ack = 1, .data = 1);
    EXPECT(.flags = ACK, .seq = 1, .ack = 3, WHY(SEND_ACK_OF_FIN));
}

// RFC 9293 §3.8.6.3: nothing is sent in reply to an acknowledgment (hist/107, 108).
static void acknowledgment_is_not_answered(void **state)
{
    (void)state;
    OPEN(.mss = 1460);
    for (uint32_t i = 0; i < 100; i++) {
        SEND_ACK(1);
        EXPECT_NOTHING();
    }
    ADVANCE(SEC(10));
    EXPECT_NOTHING();
}

// RFC 9293 §3.8.6.3 [MUST-40]: half a second cannot be configured.
static void half_a_second_cannot_be_configured(void **state)
{
    (void)state;
    struct synfin_env env;
    struct test_env memory;
    struct synfin_stack_config config;
    synfin_stack *stack;
    synfin_stack_config_default(&config);
    test_env_bind(&env, &memory, 1);
    config.delayed_ack_ns = MS(500);
    assert_int_equal(synfin_stack_create(&env, &config, 0, &stack), SYNFIN_ERROR_INVALID);
}

static const struct CMUnitTest tests[] = {
    SEGMENT_TEST(single_segment_is_acknowledged_after_a_moment),
    SEGMENT_TEST(every_second_full_segment_is_acknowledged_at_once),
    SEGMENT_TEST(every_second_small_segment_of_a_peer_is_acknowledged_at_once),
    SEGMENT_TEST(every_second_segment_of_a_small_mss_is_acknowledged_at_once),
    SEGMENT_TEST(full_segment_and_a_small_one_are_acknowledged_at_once),
    SEGMENT_TEST(later_small_segments_do_not_prolong_the_wait),
    SEGMENT_TEST(acknowledgment_rides_on_data),
    SEGMENT_TEST(burst_is_acknowledged_once),
    SEGMENT_TEST(quickack_acknowledges_each_segment),
    SEGMENT_TEST(out_of_order_and_filled_gaps_are_acknowledged_at_once),
    SEGMENT_TEST(fin_is_acknowledged_at_once),
    SEGMENT_TEST(acknowledgment_is_not_answered),
    SEGMENT_TEST(half_a_second_cannot_be_configured),
};

SEGMENT_MAIN(tests)
