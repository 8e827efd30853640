// SPDX-License-Identifier: MIT
//
// The retransmission timer: RFC 6298 §5, and going back after it.
#include "data_steps.h"

// RFC 9293 §3.8.1 [MUST-18], §3.8.2 [MUST-19], §3.8.3 [MUST-20]: RTO doubles; R2 ends it.
static void lost_segment_is_sent_again_at_doubled_intervals(void **state)
{
    (void)state;
    static const uint32_t seconds[] = {1, 2, 4, 8, 16};
    segment_config()->data_retries = 5;
    OPEN(.mss = 1000);
    WRITE(100);
    EXPECT(.flags = PSH | ACK, .seq = 1, .ack = 1, .data = 100);
    for (uint32_t i = 0; i < 5; i++) {
        EXPECT_AFTER(SEC(seconds[i]), .flags = PSH | ACK, .seq = 1, .ack = 1, .data = 100,
                     WHY(SEND_TIMEOUT));
    }
    EXPECT_AFTER(SEC(32), .flags = RST | ACK, .seq = 101, .ack = 1);
    EVENT(UNANSWERED);
    EVENT_CLOSED(TIMED_OUT);
}

// RFC 6298 §5.1: the timer is not restarted by more data.
static void more_data_does_not_move_the_timer(void **state)
{
    (void)state;
    OPEN(.mss = 1000);
    WRITE(1000);
    EXPECT(.flags = PSH | ACK, .seq = 1, .ack = 1, .data = 1000);
    ADVANCE(MS(600));
    WRITE(1000);
    EXPECT(.flags = PSH | ACK, .seq = 1001, .ack = 1, .data = 1000);
    EXPECT_AFTER(MS(400), .flags = ACK, .seq = 1, .ack = 1, .data = 1000);
}

// RFC 6298 §5.2
static void timer_stops_when_everything_is_acknowledged(void **state)
{
    (void)state;
    OPEN(.mss = 1000);
    WRITE(1000);
    EXPECT(.flags = PSH | ACK, .seq = 1, .ack = 1, .data = 1000);
    SEND_ACK(1001);
    CHECK_EQ(segment_conn()->deadline_ns[SYNFIN_TCP_TIMER_RETRANSMIT], SYNFIN_NEVER);
    ADVANCE(SEC(200));
    EXPECT_NOTHING();
}

// RFC 6298 §5.3
static void new_acknowledgment_restarts_the_timer(void **state)
{
    (void)state;
    OPEN(.mss = 1000);
    WRITE(2000);
    EXPECT_RUN_ALL(1, 2001, 1000);
    ADVANCE(MS(900));
    SEND_ACK(1001);
    uint64_t rto_ns = segment_conn()->deadline_ns[SYNFIN_TCP_TIMER_RETRANSMIT] - bench.now_ns;
    // After the handshake's sample of nothing one of 0.9 s: 0.9/8 + 4 * 0.9/4 = 1.0125 s.
    CHECK(rto_ns >= MS(1012) && rto_ns <= MS(1013));
    EXPECT_AFTER(rto_ns, .flags = PSH | ACK, .seq = 1001, .ack = 1, .data = 1000);
}

// RFC 6298 §5.3: an acknowledgment that is not new does not.
static void old_acknowledgment_does_not_move_the_timer(void **state)
{
    (void)state;
    OPEN(.mss = 1000);
    WRITE(1000);
    EXPECT(.flags = PSH | ACK, .seq = 1, .ack = 1, .data = 1000);
    ADVANCE(MS(900));
    SEND_ACK(1);
    EXPECT_AFTER(MS(100), .flags = PSH | ACK, .seq = 1, .ack = 1, .data = 1000);
}

// RFC 6298 §2.2, §2.3 through a connection's life.
static void timeout_follows_the_measured_round_trips(void **state)
{
    (void)state;
    OPEN(.mss = 1000);
    static const uint32_t rtt_ms[] = {500, 500, 800, 300, 2000, 100};
    uint64_t srtt = segment_conn()->rtt.srtt_ns; // the handshake's
    uint64_t rttvar = segment_conn()->rtt.rttvar_ns;
    for (uint32_t i = 0; i < 6; i++) {
        WRITE(1000);
        EXPECT(.flags = PSH | ACK, .seq = 1 + 1000 * i, .ack = 1, .data = 1000);
        bench.now_ns += MS(rtt_ms[i]); // the timers are not asked meanwhile
        uint64_t error = srtt > MS(rtt_ms[i]) ? srtt - MS(rtt_ms[i]) : MS(rtt_ms[i]) - srtt;
        rttvar = rttvar - rttvar / 4 + error / 4;
        srtt = srtt - srtt / 8 + MS(rtt_ms[i]) / 8;
        SEND_ACK(1 + 1000 * (i + 1));
        uint64_t got = segment_conn()->rtt.srtt_ns;
        CHECK(got + 1000 > srtt && got < srtt + 1000);
        got = segment_conn()->rtt.rttvar_ns;
        CHECK(got + 1000 > rttvar && got < rttvar + 1000);
    }
}

// RFC 6298 §5.4 to §5.6, RFC 5681 §3.1: the earliest first, one segment, then slow start.
static void timeout_goes_back_and_starts_slowly(void **state)
{
    (void)state;
    OPEN(.mss = 1000);
    WRITE(6000);
    EXPECT_RUN_ALL(1, 6001, 1000);
    EXPECT_AFTER(SEC(1), .flags = ACK, .seq = 1, .ack = 1, .data = 1000, WHY(SEND_TIMEOUT));
    EXPECT_NOTHING();
    SEND_ACK(1001);
    EXPECT_RUN(1001, 3001, 1000);
    EXPECT_NOTHING();
    SEND_ACK(3001);
    EXPECT_RUN_ALL(3001, 6001, 1000);
    SEND_ACK(6001);
}

// What was received all the same is not sent a second time.
static void acknowledgment_of_more_skips_what_it_covers(void **state)
{
    (void)state;
    OPEN(.mss = 1000);
    WRITE(6000);
    EXPECT_RUN_ALL(1, 6001, 1000);
    EXPECT_AFTER(SEC(1), .flags = ACK, .seq = 1, .ack = 1, .data = 1000);
    SEND_ACK(5001);
    EXPECT(.flags = PSH | ACK, .seq = 5001, .ack = 1, .data = 1000);
    SEND_ACK(6001);
}

// RFC 6298 §5: the backoff stays until something sent once is measured.
static void backoff_outlives_the_acknowledgment_of_a_retransmission(void **state)
{
    (void)state;
    segment_config()->mtu_probing = SYNFIN_MTU_PROBING_NEVER; // segments keep their size
    OPEN(.mss = 1000);
    WRITE(2000);
    EXPECT_RUN_ALL(1, 2001, 1000);
    EXPECT_AFTER(SEC(1), .flags = ACK, .seq = 1, .ack = 1, .data = 1000);
    EXPECT_AFTER(SEC(2), .flags = ACK, .seq = 1, .ack = 1, .data = 1000);
    SEND_ACK(1001); // of which of the three? (Karn)
    EXPECT(.flags = PSH | ACK, .seq = 1001, .ack = 1, .data = 1000);
    EXPECT_AFTER(SEC(4), .flags = PSH | ACK, .seq = 1001, .ack = 1, .data = 1000);
    SEND_ACK(2001);
    WRITE(1000);
    EXPECT(.flags = PSH | ACK, .seq = 2001, .ack = 1, .data = 1000);
    SEND_ACK(3001); // sent once
    WRITE(1000);
    EXPECT(.flags = PSH | ACK, .seq = 3001, .ack = 1, .data = 1000);
    EXPECT_AFTER(SEC(1), .flags = PSH | ACK, .seq = 3001, .ack = 1, .data = 1000);
}

// hist/141: the peer acknowledges any octet, also inside a segment; what goes again begins there.
static void hist_141_acknowledgment_inside_a_segment_is_taken(void **state)
{
    for (uint32_t part = 1; part < 2000; part += 37) {
        steps_begin_again(state);
        OPEN(.mss = 1000);
        WRITE(2000);
        EXPECT_RUN_ALL(1, 2001, 1000);
        SEND_ACK(1 + part);
        uint32_t left = 2000 - part;
        uint32_t bytes = left < 1000 ? left : 1000;
        EXPECT_AFTER(SEC(1), .flags = left > 1000 ? ACK : PSH | ACK, .seq = 1 + part, .ack = 1,
                     .data = bytes);
        SEND_ACK(2001);
    }
}

// hist/139: what was written later joins neither the wrong place nor the wrong segment.
static void hist_139_later_data_does_not_disturb_a_retransmission(void **state)
{
    (void)state;
    OPEN(.mss = 1000);
    WRITE(300);
    EXPECT(.flags = PSH | ACK, .seq = 1, .ack = 1, .data = 300);
    WRITE(200);
    EXPECT_NOTHING();
    EXPECT_AFTER(SEC(1), .flags = ACK, .seq = 1, .ack = 1, .data = 300);
    SEND_ACK(101);
    EXPECT_NOTHING();
    SEND_ACK(301);
    EXPECT(.flags = PSH | ACK, .seq = 301, .ack = 1, .data = 200);
    SEND_ACK(501);
}

// hist/116
static void hist_116_fin_is_sent_again_until_it_is_acknowledged(void **state)
{
    (void)state;
    OPEN(.mss = 1000);
    SHUTDOWN(WRITE);
    EXPECT(.flags = FIN | ACK, .seq = 1, .ack = 1);
    for (uint32_t i = 0; i < 5; i++) {
        EXPECT_AFTER(SEC(1u << i), .flags = FIN | ACK, .seq = 1, .ack = 1);
        IN_STATE(FIN_WAIT_1);
    }
    SEND_ACK(2);
    IN_STATE(FIN_WAIT_2);
}

static void data_and_fin_go_again_together(void **state)
{
    (void)state;
    OPEN(.mss = 1000);
    WRITE(100);
    SHUTDOWN(WRITE);
    EXPECT(.flags = FIN | PSH | ACK, .seq = 1, .ack = 1, .data = 100);
    EXPECT_AFTER(SEC(1), .flags = FIN | PSH | ACK, .seq = 1, .ack = 1, .data = 100);
    SEND_ACK(101); // all but the FIN
    IN_STATE(FIN_WAIT_1);
    EXPECT_AFTER(SEC(2), .flags = FIN | ACK, .seq = 101, .ack = 1);
    SEND_ACK(102);
    IN_STATE(FIN_WAIT_2);
}

// RFC 9293 §3.8.3 [SHLD-9, SHLD-10, SHLD-11]: R1 is three retransmissions, R2 at least 100 s.
static void limits_are_three_retransmissions_and_over_a_hundred_seconds(void **state)
{
    (void)state;
    OPEN(.mss = 1000);
    WRITE(100);
    EXPECT(.flags = PSH | ACK, .seq = 1, .ack = 1, .data = 100);
    uint64_t begin_ns = bench.now_ns;
    for (uint32_t i = 0; i < 15; i++) {
        EXPECT_WITHIN(SEC(61), .flags = PSH | ACK, .seq = 1, .ack = 1, .data = 100);
        CHECK_EQ(synfin_stack_count(bench.stack, SYNFIN_REASON_R1_REACHED), i >= 2);
    }
    EXPECT_WITHIN(SEC(61), .flags = RST | ACK, .seq = 101, .ack = 1);
    CHECK(bench.now_ns - begin_ns >= SEC(100));
    EVENT(UNANSWERED);
    EVENT_CLOSED(TIMED_OUT);
}

// RFC 6298 §5.7: after a lost SYN the first data waits 3 s.
static void first_data_after_a_lost_syn_waits_three_seconds(void **state)
{
    (void)state;
    LISTEN(8);
    SEND(.flags = SYN, .mss = 1000);
    EXPECT(.flags = SYN | ACK, .ack = 1);
    EXPECT_AFTER(SEC(1), .flags = SYN | ACK, .ack = 1);
    SEND_ACK(1);
    ACCEPT();
    WRITE(2000);
    EXPECT(.flags = ACK, .seq = 1, .ack = 1, .data = 1000); // RFC 5681 §3.1: one segment
    EXPECT_NOTHING();
    EXPECT_AFTER(SEC(3), .flags = ACK, .seq = 1, .ack = 1, .data = 1000);
}

static const struct CMUnitTest tests[] = {
    SEGMENT_TEST(lost_segment_is_sent_again_at_doubled_intervals),
    SEGMENT_TEST(more_data_does_not_move_the_timer),
    SEGMENT_TEST(timer_stops_when_everything_is_acknowledged),
    SEGMENT_TEST(new_acknowledgment_restarts_the_timer),
    SEGMENT_TEST(old_acknowledgment_does_not_move_the_timer),
    SEGMENT_TEST(timeout_follows_the_measured_round_trips),
    SEGMENT_TEST(timeout_goes_back_and_starts_slowly),
    SEGMENT_TEST(acknowledgment_of_more_skips_what_it_covers),
    SEGMENT_TEST(backoff_outlives_the_acknowledgment_of_a_retransmission),
    SEGMENT_TEST(hist_141_acknowledgment_inside_a_segment_is_taken),
    SEGMENT_TEST(hist_139_later_data_does_not_disturb_a_retransmission),
    SEGMENT_TEST(hist_116_fin_is_sent_again_until_it_is_acknowledged),
    SEGMENT_TEST(data_and_fin_go_again_together),
    SEGMENT_TEST(limits_are_three_retransmissions_and_over_a_hundred_seconds),
    SEGMENT_TEST(first_data_after_a_lost_syn_waits_three_seconds),
};

SEGMENT_MAIN(tests)
