// SPDX-License-Identifier: MIT
//
// What the user is told of a connection that does not open, or comes to a bad end: one error for
// each way, its reason, and how it was found out: how often something was sent, for how long the
// peer was silent, and which ICMP error spoke of it. What fails before a segment leaves is in
// test_open_refusal.c.
#include "lib/segment.h"
#include "lib/segment_info.h"

struct icmp_row {
    uint8_t v4[2], v6[2]; // type and code
    enum synfin_error told;
};

static const struct icmp_row soft[] = {
    {{3, 0}, {1, 0}, SYNFIN_ERROR_NET_UNREACHABLE},
    {{3, 1}, {1, 3}, SYNFIN_ERROR_HOST_UNREACHABLE},
    {{11, 0}, {3, 0}, SYNFIN_ERROR_HOST_UNREACHABLE},
};
static const struct icmp_row hard[] = {
    {{3, 3}, {1, 4}, SYNFIN_ERROR_PORT_UNREACHABLE},
    {{3, 13}, {1, 1}, SYNFIN_ERROR_PROHIBITED},
};

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static const uint8_t *type_code_of(const struct icmp_row *row)
{
    return bench.version == 4 ? row->v4 : row->v6;
}

static struct synfin_addr router(void)
{
    struct synfin_addr addr = bench.theirs;
    addr.octet[15] = 254;
    return addr;
}

static void report(const struct icmp_row *row, uint32_t seq)
{
    struct synfin_addr from = router();
    bench.router = &from;
    segment_icmp(type_code_of(row), 0, seq, HERE);
    bench.router = NULL;
}

// The timers' ticks are below a millisecond.
static void check_told(enum synfin_reason reason, uint32_t tries, uint64_t waited_ns)
{
    CHECK_EQ(bench.event.reason, reason);
    CHECK_EQ(bench.event.tries, tries);
    CHECK(bench.event.waited_ns >= waited_ns);
    CHECK(bench.event.waited_ns < waited_ns + MS(1));
}

static void check_icmp(const struct synfin_icmp *icmp, const struct icmp_row *row)
{
    struct synfin_addr from = router();
    CHECK_EQ(icmp->version, bench.version);
    CHECK_EQ(icmp->type, type_code_of(row)[0]);
    CHECK_EQ(icmp->code, type_code_of(row)[1]);
    CHECK(synfin_addr_equal(&icmp->from, &from));
}

static void reset_to_the_syn_is_refused(void **state)
{
    (void)state;
    CONNECT();
    EXPECT(.flags = SYN);
    ADVANCE(MS(30));
    SEND(.flags = RST | ACK, .ack = 1);
    REASON(SYN_REFUSED);
    EVENT_CLOSED(REFUSED);
    check_told(SYNFIN_REASON_SYN_REFUSED, 1, MS(30));
    CHECK_EQ(bench.event.icmp.version, 0);
}

static void reset_to_the_second_syn_is_refused(void **state)
{
    (void)state;
    CONNECT();
    EXPECT(.flags = SYN);
    EXPECT_AFTER(SEC(1), .flags = SYN);
    SEND(.flags = RST | ACK, .ack = 1);
    EVENT_CLOSED(REFUSED);
    check_told(SYNFIN_REASON_SYN_REFUSED, 2, SEC(1));
}

// RFC 9293 §3.10.7.4: an active open is refused, also when the two SYNs have crossed.
static void reset_after_crossed_syns_is_refused(void **state)
{
    (void)state;
    CONNECT();
    EXPECT(.flags = SYN);
    SEND(.flags = SYN, .mss = 1460);
    EXPECT(.flags = SYN | ACK, .ack = 1);
    SEND(.flags = RST, .seq = 1);
    EVENT_CLOSED(REFUSED);
    check_told(SYNFIN_REASON_RST_ARRIVED, 1, 0);
}

// Three SYNs in 1+2+4 s.
static void silence_times_out(void **state)
{
    (void)state;
    CONNECT();
    SET(SYN_RETRIES, 2);
    EXPECT(.flags = SYN);
    EXPECT_AFTER(SEC(1), .flags = SYN);
    EXPECT_AFTER(SEC(2), .flags = SYN);
    struct synfin_tcp_info info = segment_info_of(bench.socket);
    CHECK_EQ(info.tries, 3);
    CHECK_EQ(info.waited_ns, SEC(3));
    CHECK_EQ(info.icmp.version, 0);
    ADVANCE(SEC(4) + MS(1));
    EVENT_CLOSED(TIMED_OUT);
    check_told(SYNFIN_REASON_SYN_RETRIES_OVER, 3, SEC(7));
    CHECK_EQ(bench.event.icmp.version, 0);
    ADVANCE(SEC(100));
    info = segment_info_of(bench.socket); // of the end, not of now
    CHECK_EQ(info.tries, 3);
    CHECK_EQ(info.waited_ns, bench.event.waited_ns);
}

static void connect_without_a_device(void)
{
    segment_open_client(40000, HERE);
    segment_without_iss();
    SET(SYN_RETRIES, 2);
    RESULT(segment_user_connect(), OK);
}

static void pass_unasked(uint64_t ns)
{
    bench.now_ns += ns;
    synfin_stack_advance(bench.stack, bench.now_ns);
}

// RFC 9293 §3.8.3 [MUST-20, MUST-23]: behind a device that takes nothing too, after 1+2+4 s.
static void syn_that_never_leaves_is_given_up(void **state)
{
    (void)state;
    connect_without_a_device();
    pass_unasked(SEC(7) - 1);
    NO_EVENT();
    pass_unasked(1);
    EVENT_CLOSED(NOT_SENT);
    check_told(SYNFIN_REASON_SYN_NEVER_LEFT, 0, SEC(7));
    EXPECT_NOTHING();
}

// It begins to count when it leaves, however late.
static void syn_that_leaves_late_has_all_its_retries(void **state)
{
    (void)state;
    connect_without_a_device();
    pass_unasked(SEC(6));
    EXPECT(.flags = SYN);
    EXPECT_AFTER(SEC(1), .flags = SYN);
    EXPECT_AFTER(SEC(2), .flags = SYN);
    ADVANCE(SEC(4) + MS(1));
    EVENT_CLOSED(TIMED_OUT);
    check_told(SYNFIN_REASON_SYN_RETRIES_OVER, 3, SEC(13));
}

// The peer's own SYN has arrived meanwhile, and cannot be answered.
static void crossed_syn_that_never_leaves_is_given_up(void **state)
{
    (void)state;
    connect_without_a_device();
    pass_unasked(SEC(1));
    SEND(.flags = SYN, .mss = 1460);
    IN_STATE(SYN_RECEIVED);
    pass_unasked(SEC(6));
    EVENT_CLOSED(NOT_SENT);
    CHECK_EQ(bench.event.reason, SYNFIN_REASON_SYN_NEVER_LEFT);
    EXPECT_NOTHING();
}

static void silence_after_crossed_syns_times_out(void **state)
{
    (void)state;
    segment_config()->syn_ack_retries = 1;
    CONNECT();
    EXPECT(.flags = SYN);
    SEND(.flags = SYN, .mss = 1460);
    EXPECT(.flags = SYN | ACK, .ack = 1);
    EXPECT_WITHIN(SEC(3), .flags = SYN | ACK, .ack = 1);
    ADVANCE(SEC(10));
    EVENT_CLOSED(TIMED_OUT);
    CHECK_EQ(bench.event.reason, SYNFIN_REASON_SYN_ACK_RETRIES_OVER);
    CHECK_EQ(bench.event.tries, 2);
}

static void users_limit_times_out(void **state)
{
    (void)state;
    CONNECT();
    SET(USER_TIMEOUT, (int64_t)SEC(2));
    EXPECT(.flags = SYN);
    EXPECT_AFTER(SEC(1), .flags = SYN);
    ADVANCE(SEC(1) + MS(1));
    EVENT_CLOSED(TIMED_OUT);
    check_told(SYNFIN_REASON_USER_TIMEOUT_OVER, 2, SEC(2));
}

// RFC 5461 §4: the attempt goes on, and its end says what was heard.
static void soft_error_explains_the_silence(void **state)
{
    for (size_t i = 0; i < COUNT(soft); i++) {
        (void)segment_teardown(state);
        (void)segment_setup(state);
        CONNECT();
        SET(SYN_RETRIES, 1);
        EXPECT(.flags = SYN);
        report(&soft[i], 0);
        REASON(ICMP_HEARD);
        struct synfin_tcp_info info = segment_info_of(bench.socket);
        check_icmp(&info.icmp, &soft[i]);
        CHECK_EQ(info.tries, 1);
        EXPECT_AFTER(SEC(1), .flags = SYN);
        ADVANCE(SEC(2) + MS(1));
        segment_event_closed(soft[i].told, HERE);
        check_told(SYNFIN_REASON_SYN_RETRIES_OVER, 2, SEC(3));
        check_icmp(&bench.event.icmp, &soft[i]);
    }
}

static void last_soft_error_is_the_one_told(void **state)
{
    (void)state;
    CONNECT();
    SET(SYN_RETRIES, 0);
    EXPECT(.flags = SYN);
    report(&soft[0], 0);
    report(&soft[1], 0);
    ADVANCE(SEC(1) + MS(1));
    EVENT_CLOSED(HOST_UNREACHABLE);
    check_icmp(&bench.event.icmp, &soft[1]);
}

static void hard_error_is_told_at_once(void **state)
{
    for (size_t i = 0; i < COUNT(hard); i++) {
        (void)segment_teardown(state);
        (void)segment_setup(state);
        CONNECT();
        EXPECT(.flags = SYN);
        ADVANCE(MS(20));
        report(&hard[i], 0);
        REASON(ICMP_UNREACHABLE);
        segment_event_closed(hard[i].told, HERE);
        check_told(SYNFIN_REASON_ICMP_UNREACHABLE, 1, MS(20));
        check_icmp(&bench.event.icmp, &hard[i]);
    }
}

// An error that nobody who saw our SYN has sent is not passed on either.
static void error_with_a_wrong_number_is_not_told(void **state)
{
    (void)state;
    CONNECT();
    SET(SYN_RETRIES, 0);
    EXPECT(.flags = SYN);
    report(&soft[0], 1);
    REASON(DROP_ICMP_SEQUENCE);
    ADVANCE(SEC(1) + MS(1));
    EVENT_CLOSED(TIMED_OUT);
    CHECK_EQ(bench.event.icmp.version, 0);
}

static void answer_forgets_what_was_heard(void **state)
{
    (void)state;
    CONNECT();
    EXPECT(.flags = SYN);
    report(&soft[0], 0);
    SEND(.flags = SYN | ACK, .ack = 1, .mss = 1460);
    EXPECT(.flags = ACK, .seq = 1, .ack = 1);
    struct synfin_tcp_info info = segment_info_of(bench.socket);
    CHECK_EQ(info.icmp.version, 0);
    CHECK_EQ(info.tries, 0);
}

static void reset_of_an_open_connection_is_no_refusal(void **state)
{
    (void)state;
    OPEN_ACTIVE();
    SEND(.flags = RST, .seq = 1);
    EVENT_CLOSED(RESET);
    check_told(SYNFIN_REASON_RST_ARRIVED, 0, 0);
}

// The SYN+ACK was heard: silence counts from it.
static void reset_after_the_handshake_waited_since_the_syn_ack(void **state)
{
    (void)state;
    CONNECT();
    EXPECT(.flags = SYN);
    ADVANCE(MS(300));
    SEND(.flags = SYN | ACK, .ack = 1, .mss = 1460);
    EXPECT(.flags = ACK, .seq = 1, .ack = 1);
    EVENT(CONNECTED);
    ADVANCE(MS(100));
    SEND(.flags = RST, .seq = 1);
    EVENT_CLOSED(RESET);
    check_told(SYNFIN_REASON_RST_ARRIVED, 0, MS(100));
}

// Silence counts from the last segment of the peer, not from what was sent into it.
static void data_without_an_answer_times_out(void **state)
{
    (void)state;
    segment_config()->data_retries = 2;
    OPEN_ACTIVE();
    SEND(.flags = ACK, .seq = 1, .ack = 1);
    ADVANCE(SEC(5));
    WRITE(10);
    EXPECT(.flags = PSH | ACK, .seq = 1, .ack = 1, .data = 10);
    EXPECT_WITHIN(SEC(2), .flags = PSH | ACK, .seq = 1, .ack = 1, .data = 10);
    report(&soft[1], 1);
    EXPECT_WITHIN(SEC(3), .flags = PSH | ACK, .seq = 1, .ack = 1, .data = 10);
    EXPECT_WITHIN(SEC(5), .flags = RST | ACK, .seq = 11, .ack = 1);
    EVENT_CLOSED(HOST_UNREACHABLE);
    check_told(SYNFIN_REASON_RETRIES_OVER, 3, SEC(5 + 1 + 2 + 4));
    check_icmp(&bench.event.icmp, &soft[1]);
}

static void keepalives_without_an_answer_time_out(void **state)
{
    (void)state;
    OPEN_ACTIVE();
    SEND(.flags = ACK, .seq = 1, .ack = 1);
    SET(KEEPALIVE_IDLE, (int64_t)SEC(10));
    SET(KEEPALIVE_INTERVAL, (int64_t)SEC(1));
    SET(KEEPALIVE_PROBES, 3);
    SET(KEEPALIVE, 1);
    ADVANCE(SEC(14));
    segment_forget_sent();
    EVENT_CLOSED(TIMED_OUT);
    check_told(SYNFIN_REASON_KEEPALIVE_OVER, 3, SEC(13));
}

static void orderly_end_waited_for_nothing(void **state)
{
    (void)state;
    REACH(CLOSED);
    while (synfin_stack_next_event(bench.stack, &bench.event)) {
    }
    CHECK_EQ(bench.event.error, SYNFIN_ERROR_OK);
    CHECK_EQ(bench.event.tries, 0);
}

static const struct CMUnitTest tests[] = {
    SEGMENT_TEST(reset_to_the_syn_is_refused),
    SEGMENT_TEST(reset_to_the_second_syn_is_refused),
    SEGMENT_TEST(reset_after_crossed_syns_is_refused),
    SEGMENT_TEST(silence_times_out),
    SEGMENT_TEST(syn_that_never_leaves_is_given_up),
    SEGMENT_TEST(syn_that_leaves_late_has_all_its_retries),
    SEGMENT_TEST(crossed_syn_that_never_leaves_is_given_up),
    SEGMENT_TEST(silence_after_crossed_syns_times_out),
    SEGMENT_TEST(users_limit_times_out),
    SEGMENT_TEST(soft_error_explains_the_silence),
    SEGMENT_TEST(last_soft_error_is_the_one_told),
    SEGMENT_TEST(hard_error_is_told_at_once),
    SEGMENT_TEST(error_with_a_wrong_number_is_not_told),
    SEGMENT_TEST(answer_forgets_what_was_heard),
    SEGMENT_TEST(reset_of_an_open_connection_is_no_refusal),
    SEGMENT_TEST(reset_after_the_handshake_waited_since_the_syn_ack),
    SEGMENT_TEST(data_without_an_answer_times_out),
    SEGMENT_TEST(keepalives_without_an_answer_time_out),
    SEGMENT_TEST(orderly_end_waited_for_nothing),
};

SEGMENT_MAIN(tests)
