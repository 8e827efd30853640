// SPDX-License-Identifier: MIT
//
// TIME-WAIT: RFC 9293 §3.6.1 and §3.10.7.4, its reuse by RFC 6191, and RFC 1337's hazards.
#include "lib/segment.h"

enum { MSL_S = 30 };

// RFC 9293 §3.6.1 [MUST-13]
static void lasts_twice_the_segment_lifetime(void **state)
{
    (void)state;
    REACH(TIME_WAIT);
    ADVANCE(SEC(2 * MSL_S) - MS(1));
    IN_STATE(TIME_WAIT);
    ADVANCE(MS(2));
    REASON(TIME_WAIT_OVER);
    IN_STATE(CLOSED);
    EXPECT_NOTHING();
    CLOSE();
    EXPECT_FREE();
}

static void lasts_as_long_as_configured(void **state)
{
    (void)state;
    segment_config()->msl_ns = SEC(120);
    REACH(TIME_WAIT);
    CLOSE();
    ADVANCE(SEC(239));
    IN_STATE(TIME_WAIT);
    ADVANCE(SEC(2));
    IN_STATE(CLOSED);
    EXPECT_FREE();
}

// RFC 9293 §3.10.7.4, fifth and eighth: acknowledged, and 2MSL begins anew.
static void repeated_fin_is_acknowledged_and_begins_anew(void **state)
{
    (void)state;
    REACH(TIME_WAIT);
    ADVANCE(SEC(50));
    SEND(.flags = FIN | ACK, .seq = 1, .ack = 2);
    REASON(TIME_WAIT_RESTARTED);
    EXPECT(.flags = ACK, .seq = 2, .ack = 2, WHY(SEND_ACK_OF_FIN_AGAIN));
    ADVANCE(SEC(59));
    IN_STATE(TIME_WAIT);
    ADVANCE(SEC(2));
    IN_STATE(CLOSED);
}

// A segment that is no FIN is old: it must not keep the connection.
static void other_segments_do_not_begin_it_anew(void **state)
{
    (void)state;
    REACH(TIME_WAIT);
    ADVANCE(SEC(50));
    SEND(.flags = ACK, .seq = 2, .ack = 2);
    SEND(.flags = PSH | ACK, .seq = 2, .ack = 2, .data = 5);
    SEND(.flags = PSH | ACK, .seq = 900000, .ack = 2, .data = 5);
    EXPECT(.flags = ACK, .seq = 2, .ack = 2);
    ADVANCE(SEC(11));
    IN_STATE(CLOSED);
}

// hist/103: RFC 1337 §3, a reset cannot end it.
static void hist_103_reset_is_ignored(void **state)
{
    (void)state;
    REACH(TIME_WAIT);
    SEND(.flags = RST, .seq = 2);
    REASON(DROP_RST_TIME_WAIT);
    SEND(.flags = RST | ACK, .seq = 2, .ack = 2);
    SEND(.flags = RST, .seq = 1000);
    SEND(.flags = RST, .seq = 900000);
    EXPECT_NOTHING();
    IN_STATE(TIME_WAIT);
}

// hist/103: old data is acknowledged within the connection's limit, and kills nothing.
static void hist_103_old_data_is_acknowledged(void **state)
{
    (void)state;
    REACH(TIME_WAIT);
    SEND(.flags = PSH | ACK, .seq = 0, .ack = 1, .data = 1);
    EXPECT(.flags = ACK, .seq = 2, .ack = 2);
    ADVANCE(MS(700));
    for (uint32_t i = 0; i < 20; i++) {
        SEND(.flags = ACK, .seq = 900000, .ack = 2);
    }
    EXPECT(.flags = ACK, .seq = 2, .ack = 2);
    EXPECT_NOTHING();
    IN_STATE(TIME_WAIT);
}

// The passive side of the pair: a listener's connection that closed first.
static void close_first_passively(void)
{
    OPEN_PASSIVE();
    SHUTDOWN(WRITE);
    EXPECT(.flags = FIN | ACK, .seq = 1, .ack = 1);
    SEND(.flags = FIN | ACK, .seq = 1, .ack = 2);
    EXPECT(.flags = ACK, .seq = 2, .ack = 2);
    IN_STATE(TIME_WAIT);
    CLOSE();
}

// RFC 9293 §3.6.1 [MAY-2]: the new numbers lie beyond all of the old.
static void greater_syn_opens_the_pair_anew(void **state)
{
    (void)state;
    close_first_passively();
    uint32_t old = segment_iss();
    segment_new_incarnation(3); // RCV.NXT of the old is 2
    SEND(.flags = SYN, .mss = 1460);
    REASON(SYN_NEW_INCARNATION);
    EXPECT(.flags = SYN | ACK, .ack = 1);
    IN_STATE(SYN_RECEIVED);
    CHECK((int32_t)(segment_iss() - (old + 2)) > 0);
    CHECK_EQ(segment_count(SYNFIN_TCP_STATE_TIME_WAIT), 0);
    SEND(.flags = ACK, .seq = 1, .ack = 1);
    IN_STATE(ESTABLISHED);
}

static void syn_not_beyond_the_old_numbers_is_challenged(void **state)
{
    static const uint32_t numbers[] = {0, 1, 2, UINT32_MAX, (UINT32_C(1) << 31) + 3};
    (void)state;
    close_first_passively();
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        SEND(.flags = SYN, .seq = numbers[i]);
        EXPECT(.flags = ACK, .seq = 2, .ack = 2);
        IN_STATE(TIME_WAIT);
        SEND(.flags = SYN, .seq = numbers[i]); // but once within half a second
        EXPECT_NOTHING();
        ADVANCE(MS(700));
    }
}

static void syn_for_which_nobody_listens_does_not_reopen(void **state)
{
    (void)state;
    REACH(TIME_WAIT); // after an active open
    SEND(.flags = SYN, .seq = 5000);
    EXPECT(.flags = ACK, .seq = 2, .ack = 2);
    IN_STATE(TIME_WAIT);
}

// Only a bare SYN opens.
static void syn_with_other_flags_does_not_reopen(void **state)
{
    (void)state;
    close_first_passively();
    SEND(.flags = SYN | RST, .seq = 5000);
    EXPECT_NOTHING();
    SEND(.flags = SYN | ACK, .seq = 5000, .ack = 2);
    EXPECT(.flags = ACK, .seq = 2, .ack = 2);
    IN_STATE(TIME_WAIT);
}

static void close_first_with_timestamps(void)
{
    LISTEN(4);
    SEND(.flags = SYN, .mss = 1460, .ts = TS(1000, 0));
    EXPECT(.flags = SYN | ACK, .ack = 1);
    SEND(.flags = ACK, .seq = 1, .ack = 1, .ts = TS(1001, 0));
    ACCEPT();
    SHUTDOWN(WRITE);
    EXPECT(.flags = FIN | ACK, .seq = 1, .ack = 1);
    SEND(.flags = FIN | ACK, .seq = 1, .ack = 2, .ts = TS(1002, 0));
    EXPECT(.flags = ACK, .seq = 2, .ack = 2);
    IN_STATE(TIME_WAIT);
    CLOSE();
}

// RFC 9293 §3.6.1 [SHLD-4]: RFC 6191 §2, a later timestamp is enough, whatever the number.
static void later_timestamp_opens_the_pair_anew(void **state)
{
    (void)state;
    close_first_with_timestamps();
    segment_new_incarnation(UINT32_C(1) << 31);
    SEND(.flags = SYN, .mss = 1460, .ts = TS(1003, 0));
    EXPECT(.flags = SYN | ACK, .ack = 1);
    IN_STATE(SYN_RECEIVED);
}

// hist/128: RFC 6191 §2, the other three cases.
static void hist_128_timestamp_not_later_does_not_reopen(void **state)
{
    (void)state;
    close_first_with_timestamps();
    SEND(.flags = SYN, .seq = 70000, .ts = TS(1001, 0)); // older
    EXPECT(.flags = ACK, .seq = 2, .ack = 2);
    ADVANCE(MS(700));
    IN_STATE(TIME_WAIT);
    SEND(.flags = SYN, .seq = 1, .ts = TS(1002, 0)); // the same, and the number is not beyond
    EXPECT(.flags = ACK, .seq = 2, .ack = 2);
    IN_STATE(TIME_WAIT);
    segment_new_incarnation(70000);
    SEND(.flags = SYN, .mss = 1460, .ts = TS(1002, 0)); // the same, and the number is beyond
    EXPECT(.flags = SYN | ACK, .ack = 1);
    IN_STATE(SYN_RECEIVED);
}

// hist/128: a peer behind an address translator, whose clock says nothing.
static void hist_128_syn_without_timestamps_goes_by_its_number(void **state)
{
    (void)state;
    close_first_with_timestamps();
    segment_new_incarnation(70000);
    SEND(.flags = SYN, .mss = 1460);
    EXPECT(.flags = SYN | ACK, .ack = 1);
}

// RFC 9293 §3.6.1: an old duplicate SYN that reopened dies in SYN-RECEIVED.
static void old_duplicate_that_reopened_is_reset(void **state)
{
    (void)state;
    close_first_passively();
    segment_new_incarnation(5000);
    SEND(.flags = SYN, .mss = 1460);
    EXPECT(.flags = SYN | ACK, .ack = 1);
    SEND(.flags = RST, .seq = 1); // the peer knows of no such SYN
    IN_STATE(LISTEN);
    EXPECT_FREE();
}

static void user_calls_after_the_end_in_order(void **state)
{
    size_t received;
    (void)state;
    REACH(TIME_WAIT);
    RESULT(segment_user_send(1), SHUT_DOWN);
    RESULT(segment_user_recv(1, &received), OK);
    CHECK_EQ(received, 0);
    ABORT();
    IN_STATE(CLOSED);
    EXPECT_NOTHING();
    EXPECT_FREE();
}

// Data that came before the peer's FIN may be read in TIME-WAIT and after it.
static void unread_data_survives_time_wait(void **state)
{
    (void)state;
    REACH(FIN_WAIT_2);
    SEND(.flags = FIN | PSH | ACK, .seq = 1, .ack = 2, .data = 77);
    EXPECT(.flags = ACK, .seq = 2, .ack = 79);
    ADVANCE(SEC(61));
    IN_STATE(CLOSED);
    READ(77);
    READ(0);
    CLOSE();
    EXPECT_FREE();
}

static const struct CMUnitTest tests[] = {
    SEGMENT_TEST(lasts_twice_the_segment_lifetime),
    SEGMENT_TEST(lasts_as_long_as_configured),
    SEGMENT_TEST(repeated_fin_is_acknowledged_and_begins_anew),
    SEGMENT_TEST(other_segments_do_not_begin_it_anew),
    SEGMENT_TEST(hist_103_reset_is_ignored),
    SEGMENT_TEST(hist_103_old_data_is_acknowledged),
    SEGMENT_TEST(greater_syn_opens_the_pair_anew),
    SEGMENT_TEST(syn_not_beyond_the_old_numbers_is_challenged),
    SEGMENT_TEST(syn_for_which_nobody_listens_does_not_reopen),
    SEGMENT_TEST(syn_with_other_flags_does_not_reopen),
    SEGMENT_TEST(later_timestamp_opens_the_pair_anew),
    SEGMENT_TEST(hist_128_timestamp_not_later_does_not_reopen),
    SEGMENT_TEST(hist_128_syn_without_timestamps_goes_by_its_number),
    SEGMENT_TEST(old_duplicate_that_reopened_is_reset),
    SEGMENT_TEST(user_calls_after_the_end_in_order),
    SEGMENT_TEST(unread_data_survives_time_wait),
};
SEGMENT_MAIN(tests)
