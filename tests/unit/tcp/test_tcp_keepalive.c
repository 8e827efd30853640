// SPDX-License-Identifier: MIT
//
// Keep-alive (RFC 9293 §3.8.4) and the user timeout (§3.10.8), and what setting options does to
// timers that run.
#include "data_steps.h"

// RFC 9293 §3.8.4 [MUST-25]: off unless asked for.
static void idle_connection_sends_nothing(void **state)
{
    (void)state;
    OPEN(.mss = 1000);
    ADVANCE(SEC(100000));
    EXPECT_NOTHING();
    IN_STATE(ESTABLISHED);
}

// RFC 9293 §3.8.4 [MUST-24, MUST-28, SHLD-12]: two hours, one number back, no data.
// RFC 9293 §3.8.4 [MAY-5]
static void default_interval_is_two_hours(void **state)
{
    (void)state;
    OPEN(.mss = 1000);
    SET(KEEPALIVE, 1);
    EXPECT_AFTER(SEC(7200), .flags = ACK, .seq = 0, .ack = 1, WHY(SEND_KEEPALIVE));
    SEND_ACK(1);
    EXPECT_AFTER(SEC(7200), .flags = ACK, .seq = 0, .ack = 1);
    SEND_ACK(1);
}

// RFC 9293 §3.8.4 [MUST-27, MUST-29]: configurable; no single lost answer ends it.
static void only_a_row_of_unanswered_probes_ends_the_connection(void **state)
{
    (void)state;
    OPEN(.mss = 1000);
    SET(KEEPALIVE_IDLE, (int64_t)SEC(10));
    SET(KEEPALIVE_INTERVAL, (int64_t)SEC(3));
    SET(KEEPALIVE_PROBES, 3);
    SET(KEEPALIVE, 1);
    EXPECT_AFTER(SEC(10), .flags = ACK, .seq = 0, .ack = 1);
    EXPECT_AFTER(SEC(3), .flags = ACK, .seq = 0, .ack = 1);
    SEND_ACK(1); // the row begins anew
    EXPECT_AFTER(SEC(10), .flags = ACK, .seq = 0, .ack = 1);
    EXPECT_AFTER(SEC(3), .flags = ACK, .seq = 0, .ack = 1);
    EXPECT_AFTER(SEC(3), .flags = ACK, .seq = 0, .ack = 1);
    EXPECT_AFTER(SEC(3), .flags = RST | ACK, .seq = 1, .ack = 1);
    EVENT_CLOSED(TIMED_OUT);
}

// RFC 9293 §3.8.4 [MUST-26]: counted from the last segment that was heard.
static void traffic_puts_the_probe_off(void **state)
{
    (void)state;
    OPEN(.mss = 1000);
    SET(KEEPALIVE_IDLE, (int64_t)SEC(10));
    SET(KEEPALIVE, 1);
    for (uint32_t i = 0; i < 10; i++) {
        ADVANCE(SEC(9));
        EXPECT_NOTHING();
        SEND_ACK(1);
    }
    EXPECT_AFTER(SEC(10), .flags = ACK, .seq = 0, .ack = 1);
    SEND_ACK(1);
}

// RFC 9293 §3.8.4 [MUST-26]: with data in flight the retransmission timer asks already.
static void data_in_flight_needs_no_probe(void **state)
{
    (void)state;
    OPEN(.mss = 1000);
    SET(KEEPALIVE_IDLE, (int64_t)MS(1500));
    SET(KEEPALIVE_INTERVAL, (int64_t)MS(1500));
    SET(KEEPALIVE, 1);
    WRITE(10);
    EXPECT(.flags = PSH | ACK, .seq = 1, .ack = 1, .data = 10);
    EXPECT_AFTER(SEC(1), .flags = PSH | ACK, .seq = 1, .ack = 1, .data = 10);
    EXPECT_AFTER(SEC(2), .flags = PSH | ACK, .seq = 1, .ack = 1, .data = 10);
    EXPECT_AFTER(SEC(4), .flags = PSH | ACK, .seq = 1, .ack = 1, .data = 10);
    SEND_ACK(11);
}

// The keep-alive timer has fired, and the device has not asked for the probe yet.
static void open_and_wait_for_a_probe(void)
{
    OPEN(.mss = 1000);
    SET(KEEPALIVE_IDLE, (int64_t)SEC(10));
    SET(KEEPALIVE_INTERVAL, (int64_t)SEC(5));
    SET(KEEPALIVE, 1);
    bench.now_ns += SEC(10);
    synfin_stack_advance(bench.stack, bench.now_ns);
}

// RFC 9293 §3.8.4 [MUST-26]: what was sent meanwhile is outstanding.
static void data_take_the_place_of_a_probe_that_waits(void **state)
{
    (void)state;
    open_and_wait_for_a_probe();
    WRITE(10);
    EXPECT(.flags = PSH | ACK, .seq = 1, .ack = 1, .data = 10);
    EXPECT_NOTHING();
    SEND_ACK(11);
    EXPECT_NOTHING();
}

// RFC 9293 §3.8.4 [MUST-26]: and who was heard meanwhile is there.
static void segment_spares_a_probe_that_waits(void **state)
{
    (void)state;
    open_and_wait_for_a_probe();
    SEND_ACK(1);
    EXPECT_NOTHING();
    EXPECT_AFTER(SEC(10), .flags = ACK, .seq = 0, .ack = 1);
    SEND_ACK(1);
}

// RFC 9293 §3.8.4 [MUST-24]: off is off.
static void turning_off_spares_a_probe_that_waits(void **state)
{
    (void)state;
    open_and_wait_for_a_probe();
    SET(KEEPALIVE, 0);
    EXPECT_NOTHING();
}

// RFC 9293 §3.8.4 [MUST-27]: probes that nobody had time to answer are no row of them.
static void setting_keepalive_does_not_hasten_its_probes(void **state)
{
    (void)state;
    open_and_wait_for_a_probe();
    SET(KEEPALIVE_PROBES, 2);
    EXPECT(.flags = ACK, .seq = 0, .ack = 1);
    for (uint32_t i = 0; i < 4; i++) {
        SET(KEEPALIVE, 1);
        EXPECT_NOTHING();
    }
    EXPECT_AFTER(SEC(5), .flags = ACK, .seq = 0, .ack = 1);
    EXPECT_AFTER(SEC(5), .flags = RST | ACK, .seq = 1, .ack = 1);
    EVENT_CLOSED(TIMED_OUT);
}

static void keepalive_of_the_peer_is_answered(void **state)
{
    (void)state;
    OPEN(.mss = 1000);
    SEND(.flags = ACK, .seq = 0, .ack = 1);
    EXPECT(.flags = ACK, .seq = 1, .ack = 1);
    ADVANCE(SEC(1));
    SEND(.flags = ACK, .seq = 0, .ack = 1, .data = 1); // with a garbage octet
    EXPECT(.flags = ACK, .seq = 1, .ack = 1);
}

static void leave_unanswered_for_a_second(void)
{
    OPEN(.mss = 1000);
    SET(USER_TIMEOUT, (int64_t)MS(2500));
    WRITE(10);
    EXPECT(.flags = PSH | ACK, .seq = 1, .ack = 1, .data = 10);
    EXPECT_AFTER(SEC(1), .flags = PSH | ACK, .seq = 1, .ack = 1, .data = 10);
}

// RFC 9293 §3.8.3 [MUST-21], §3.9.1.2: data unacknowledged for longer ends the connection.
static void user_timeout_ends_the_connection_on_time(void **state)
{
    (void)state;
    leave_unanswered_for_a_second();
    EXPECT_AFTER(MS(1500), .flags = RST | ACK, .seq = 11, .ack = 1);
    EVENT_CLOSED(TIMED_OUT);
}

// The device takes nothing.
static void run_out(uint64_t ns, enum synfin_error error)
{
    bench.now_ns += ns - 1;
    synfin_stack_advance(bench.stack, bench.now_ns);
    NO_EVENT();
    bench.now_ns++;
    synfin_stack_advance(bench.stack, bench.now_ns);
    segment_event_closed(error, HERE);
    segment_forget_sent();
}

// RFC 9293 §3.9.1: it counts from when the user hands something over, whether that leaves or not.
static void user_timeout_counts_data_that_never_leave(void **state)
{
    (void)state;
    OPEN(.mss = 1000);
    SET(USER_TIMEOUT, (int64_t)MS(2500));
    WRITE(10);
    run_out(MS(2500), SYNFIN_ERROR_NOT_SENT);
}

static void user_timeout_counts_an_end_that_never_leaves(void **state)
{
    (void)state;
    OPEN(.mss = 1000);
    SET(USER_TIMEOUT, (int64_t)MS(2500));
    SHUTDOWN(WRITE);
    run_out(MS(2500), SYNFIN_ERROR_NOT_SENT);
}

static void user_timeout_counts_a_syn_that_never_leaves(void **state)
{
    (void)state;
    segment_open_client(40000, HERE);
    segment_without_iss();
    SET(USER_TIMEOUT, (int64_t)MS(2500));
    RESULT(segment_user_connect(), OK);
    run_out(MS(2500), SYNFIN_ERROR_NOT_SENT);
}

// A SYN of Fast Open waits for data by the user's will, and for nobody else.
static void user_timeout_of_a_waiting_syn_begins_when_it_is_let_go(void **state)
{
    (void)state;
    segment_open_client(40000, HERE);
    segment_without_iss();
    SET(USER_TIMEOUT, (int64_t)MS(2500));
    SET(FASTOPEN_CONNECT, 1);
    RESULT(segment_user_connect(), OK);
    bench.now_ns += SEC(10);
    synfin_stack_advance(bench.stack, bench.now_ns);
    NO_EVENT();
    WRITE(0);
    run_out(MS(2500), SYNFIN_ERROR_NOT_SENT);
}

// RFC 9293 §3.9.1: also of a call that goes on.
static void user_timeout_may_be_set_while_a_syn_is_out(void **state)
{
    (void)state;
    CONNECT();
    EXPECT(.flags = SYN);
    SET(USER_TIMEOUT, (int64_t)MS(2500));
    EXPECT_AFTER(SEC(1), .flags = SYN);
    SET(USER_TIMEOUT, (int64_t)MS(500));
    ADVANCE(MS(500));
    EVENT_CLOSED(TIMED_OUT);
}

static void user_timeout_is_put_off_by_progress(void **state)
{
    (void)state;
    OPEN(.mss = 1000);
    SET(USER_TIMEOUT, (int64_t)SEC(3));
    WRITE(3000);
    EXPECT_RUN_ALL(1, 3001, 1000);
    for (uint32_t i = 1; i <= 2; i++) {
        ADVANCE(MS(900));
        SEND_ACK(1 + 1000 * i);
    }
    SEND_ACK(3001);
    ADVANCE(SEC(100));
    EXPECT_NOTHING();
    IN_STATE(ESTABLISHED);
}

// hist/126: a user timeout beside a shut window whose probes are answered: on time, no burst.
static void hist_126_user_timeout_at_a_shut_window_is_on_time(void **state)
{
    (void)state;
    OPEN(.mss = 1000);
    SEND(.flags = ACK, .seq = 1, .ack = 1, .window = SHUT);
    SET(USER_TIMEOUT, (int64_t)MS(3500));
    WRITE(100);
    EXPECT_AFTER(SEC(1), .flags = ACK, .seq = 1, .ack = 1, .data = 1);
    SEND(.flags = ACK, .seq = 1, .ack = 1, .window = SHUT);
    EXPECT_AFTER(SEC(2), .flags = ACK, .seq = 1, .ack = 1, .data = 1);
    SEND(.flags = ACK, .seq = 1, .ack = 1, .window = SHUT);
    EXPECT_AFTER(MS(500), .flags = RST | ACK, .seq = 1, .ack = 1);
    EVENT_CLOSED(TIMED_OUT);
}

// An option that has nothing to do with time moves no timer.
static void other_options_do_not_move_timers(void **state)
{
    (void)state;
    leave_unanswered_for_a_second();
    ADVANCE(SEC(1));
    SET(NODELAY, 1);
    SET(TRAFFIC_CLASS, 0x10);
    EXPECT_AFTER(MS(500), .flags = RST | ACK, .seq = 11, .ack = 1);
    EVENT_CLOSED(TIMED_OUT);
}

// Whoever asks for keep-alive as well does not wait longer for it.
static void keepalive_does_not_put_the_user_timeout_off(void **state)
{
    (void)state;
    leave_unanswered_for_a_second();
    SET(KEEPALIVE, 1);
    SET(KEEPALIVE_IDLE, (int64_t)SEC(10));
    EXPECT_AFTER(MS(1500), .flags = RST | ACK, .seq = 11, .ack = 1);
    EVENT_CLOSED(TIMED_OUT);
}

static void other_options_send_no_keepalive(void **state)
{
    (void)state;
    OPEN(.mss = 1000);
    SET(KEEPALIVE_IDLE, (int64_t)SEC(10));
    SET(KEEPALIVE_INTERVAL, (int64_t)SEC(5));
    SET(KEEPALIVE, 1);
    EXPECT_AFTER(SEC(10), .flags = ACK, .seq = 0, .ack = 1);
    SET(NODELAY, 1);
    EXPECT_AFTER(SEC(5), .flags = ACK, .seq = 0, .ack = 1);
    SEND_ACK(1);
}

// The device takes nothing for a while, so that the block itself is in TIME-WAIT and hears more.
static void time_wait_is_not_kept_alive(void **state)
{
    (void)state;
    REACH(FIN_WAIT_2);
    SET(KEEPALIVE_IDLE, (int64_t)SEC(10));
    SET(KEEPALIVE, 1);
    SEND(.flags = FIN | ACK, .seq = 1, .ack = 2);
    SEND(.flags = ACK, .seq = 2, .ack = 2);
    IN_STATE(TIME_WAIT);
    SET(KEEPALIVE_IDLE, (int64_t)SEC(5));
    EXPECT(.flags = ACK, .seq = 2, .ack = 2);
    ADVANCE(SEC(59));
    EXPECT_NOTHING();
    IN_STATE(TIME_WAIT);
}

static const struct CMUnitTest tests[] = {
    SEGMENT_TEST(idle_connection_sends_nothing),
    SEGMENT_TEST(default_interval_is_two_hours),
    SEGMENT_TEST(only_a_row_of_unanswered_probes_ends_the_connection),
    SEGMENT_TEST(traffic_puts_the_probe_off),
    SEGMENT_TEST(data_in_flight_needs_no_probe),
    SEGMENT_TEST(data_take_the_place_of_a_probe_that_waits),
    SEGMENT_TEST(segment_spares_a_probe_that_waits),
    SEGMENT_TEST(turning_off_spares_a_probe_that_waits),
    SEGMENT_TEST(setting_keepalive_does_not_hasten_its_probes),
    SEGMENT_TEST(keepalive_of_the_peer_is_answered),
    SEGMENT_TEST(user_timeout_ends_the_connection_on_time),
    SEGMENT_TEST(user_timeout_counts_data_that_never_leave),
    SEGMENT_TEST(user_timeout_counts_an_end_that_never_leaves),
    SEGMENT_TEST(user_timeout_counts_a_syn_that_never_leaves),
    SEGMENT_TEST(user_timeout_of_a_waiting_syn_begins_when_it_is_let_go),
    SEGMENT_TEST(user_timeout_may_be_set_while_a_syn_is_out),
    SEGMENT_TEST(user_timeout_is_put_off_by_progress),
    SEGMENT_TEST(hist_126_user_timeout_at_a_shut_window_is_on_time),
    SEGMENT_TEST(other_options_do_not_move_timers),
    SEGMENT_TEST(keepalive_does_not_put_the_user_timeout_off),
    SEGMENT_TEST(other_options_send_no_keepalive),
    SEGMENT_TEST(time_wait_is_not_kept_alive),
};

SEGMENT_MAIN(tests)
