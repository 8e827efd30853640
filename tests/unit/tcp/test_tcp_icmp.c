// SPDX-License-Identifier: MIT
//
// ICMP errors about our segments: RFC 9293 §3.9.2.2, validated as RFC 5927 wants it; path MTU.
#include "lib/segment.h"

struct icmp_row {
    uint8_t v4[2], v6[2]; // type and code
    enum synfin_error told;
};

// Soft, or hard in a state where hard counts as soft. Time exceeded and parameter problems tell
// that the host was not reached.
static const struct icmp_row unreachables[] = {
    {{3, 0}, {1, 0}, SYNFIN_ERROR_NET_UNREACHABLE},
    {{3, 1}, {1, 3}, SYNFIN_ERROR_HOST_UNREACHABLE},
    {{3, 5}, {1, 3}, SYNFIN_ERROR_HOST_UNREACHABLE},
    {{3, 6}, {1, 2}, SYNFIN_ERROR_NET_UNREACHABLE},
    {{3, 11}, {1, 0}, SYNFIN_ERROR_NET_UNREACHABLE},
    {{11, 0}, {3, 0}, SYNFIN_ERROR_HOST_UNREACHABLE},
    {{11, 1}, {3, 1}, SYNFIN_ERROR_HOST_UNREACHABLE},
    {{12, 0}, {4, 0}, SYNFIN_ERROR_HOST_UNREACHABLE},
};
static const struct icmp_row hard[] = {
    {{3, 3}, {1, 4}, SYNFIN_ERROR_PORT_UNREACHABLE},
    {{3, 2}, {4, 1}, SYNFIN_ERROR_PORT_UNREACHABLE},
    {{3, 13}, {1, 1}, SYNFIN_ERROR_PROHIBITED},
    {{3, 9}, {1, 5}, SYNFIN_ERROR_PROHIBITED},
    {{3, 10}, {1, 6}, SYNFIN_ERROR_PROHIBITED},
};

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static void report(const struct icmp_row *row, uint32_t seq)
{
    segment_icmp(bench.version == 4 ? row->v4 : row->v6, 0, seq, HERE);
}

static void too_big(uint32_t mtu, uint32_t seq)
{
    static const uint8_t v4[2] = {3, 4};
    static const uint8_t v6[2] = {2, 0};
    segment_icmp(bench.version == 4 ? v4 : v6, mtu, seq, HERE);
}

// RFC 9293 §3.9.2.2 [MUST-54, MUST-56, SHLD-25]: the attempt goes on, and what the router said is
// told when it fails; an answer in between forgets it.
static void soft_error_does_not_end_connecting_but_explains_its_end(void **state)
{
    for (size_t i = 0; i < COUNT(unreachables); i++) {
        (void)segment_teardown(state);
        (void)segment_setup(state);
        CONNECT();
        SET(SYN_RETRIES, 1);
        EXPECT(.flags = SYN);
        report(&unreachables[i], 0);
        IN_STATE(SYN_SENT);
        EXPECT_AFTER(SEC(1), .flags = SYN);
        ADVANCE(SEC(2) + MS(1));
        segment_event_closed(unreachables[i].told, HERE);
    }
}

static void connection_opens_in_spite_of_a_soft_error(void **state)
{
    (void)state;
    CONNECT();
    EXPECT(.flags = SYN);
    report(&unreachables[1], 0);
    SEND(.flags = SYN | ACK, .ack = 1);
    EXPECT(.flags = ACK, .seq = 1, .ack = 1);
    EVENT(CONNECTED);
    IN_STATE(ESTABLISHED);
}

// RFC 9293 §3.9.2.2 [SHLD-26]; §3.9.1.8 [MUST-47]
static void hard_error_ends_connecting(void **state)
{
    for (size_t i = 0; i < COUNT(hard); i++) {
        (void)segment_teardown(state);
        (void)segment_setup(state);
        CONNECT();
        EXPECT(.flags = SYN);
        report(&hard[i], 0);
        REASON(ICMP_UNREACHABLE);
        IN_STATE(CLOSED);
        segment_event_closed(hard[i].told, HERE);
        EXPECT_NOTHING();
        CLOSE();
        EXPECT_FREE();
    }
}

// RFC 5927 §5.2: in a synchronised state none of them ends anything. hist/69
static void hist_69_no_error_ends_an_open_connection(void **state)
{
    (void)state;
    OPEN_ACTIVE();
    WRITE(10);
    EXPECT(.flags = PSH | ACK, .seq = 1, .ack = 1, .data = 10);
    for (size_t i = 0; i < COUNT(hard); i++) {
        report(&hard[i], 1);
        REASON(DROP_ICMP_SOFT);
        IN_STATE(ESTABLISHED);
    }
    for (size_t i = 0; i < COUNT(unreachables); i++) {
        report(&unreachables[i], 1);
        IN_STATE(ESTABLISHED);
    }
    NO_EVENT();
    SEND(.flags = ACK, .seq = 1, .ack = 11);
    EXPECT_NOTHING();
}

static void what_a_router_said_explains_a_timeout(void **state)
{
    (void)state;
    segment_config()->data_retries = 1;
    OPEN_ACTIVE();
    WRITE(10);
    EXPECT(.flags = PSH | ACK, .seq = 1, .ack = 1, .data = 10);
    report(&unreachables[1], 1);
    EXPECT_WITHIN(SEC(2), .flags = PSH | ACK, .seq = 1, .ack = 1, .data = 10);
    EXPECT_WITHIN(SEC(3), .flags = RST | ACK, .seq = 11, .ack = 1);
    EVENT_CLOSED(HOST_UNREACHABLE);
}

static int64_t soft_error(void)
{
    int64_t error = -1;
    RESULT(synfin_socket_get_option(bench.stack, bench.socket, SYNFIN_OPTION_SOFT_ERROR, &error),
           OK);
    return error;
}

static void progress_forgets_what_a_router_said(void **state)
{
    (void)state;
    segment_config()->data_retries = 1;
    OPEN_ACTIVE();
    WRITE(10);
    EXPECT(.flags = PSH | ACK, .seq = 1, .ack = 1, .data = 10);
    report(&unreachables[1], 1);
    CHECK_EQ(soft_error(), SYNFIN_ERROR_HOST_UNREACHABLE);
    SEND(.flags = ACK, .seq = 1, .ack = 11);
    CHECK_EQ(soft_error(), SYNFIN_ERROR_OK);
    ADVANCE(SEC(3600));
    WRITE(10);
    EXPECT(.flags = PSH | ACK, .seq = 11, .ack = 1, .data = 10);
    EXPECT_WITHIN(SEC(61), .flags = PSH | ACK, .seq = 11, .ack = 1, .data = 10);
    EXPECT_WITHIN(SEC(61), .flags = RST | ACK, .seq = 21, .ack = 1);
    EVENT_CLOSED(TIMED_OUT);
}

// RFC 5927 §4.1; hist/69: only what is in flight can have caused it.
static void hist_69_error_about_what_is_not_in_flight_is_ignored(void **state)
{
    static const uint32_t numbers[] = {1, 22, UINT32_C(1) << 31, (UINT32_C(1) << 31) + 12, 10};
    (void)state;
    OPEN_ACTIVE();
    WRITE(10);
    EXPECT(.flags = PSH | ACK, .seq = 1, .ack = 1, .data = 10);
    SEND(.flags = ACK, .seq = 1, .ack = 11);
    WRITE(10);
    EXPECT(.flags = PSH | ACK, .seq = 11, .ack = 1, .data = 10);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        too_big(1280, numbers[i]);
        REASON(DROP_ICMP_SEQUENCE);
    }
    too_big(1280, 21); // SND.NXT: not sent yet
    REASON(DROP_ICMP_SEQUENCE);
    EXPECT_NOTHING();
    SEND(.flags = ACK, .seq = 1, .ack = 21);
}

static void hard_error_with_a_wrong_number_does_not_end_connecting(void **state)
{
    (void)state;
    CONNECT();
    EXPECT(.flags = SYN);
    report(&hard[0], 1);
    REASON(DROP_ICMP_SEQUENCE);
    report(&hard[0], UINT32_MAX);
    REASON(DROP_ICMP_SEQUENCE);
    IN_STATE(SYN_SENT);
    NO_EVENT();
}

static void error_about_no_connection_is_ignored(void **state)
{
    (void)state;
    OPEN_ACTIVE();
    bench.peer_port = 81;
    report(&hard[0], 0);
    REASON(DROP_ICMP_QUOTE);
    bench.peer_port = 80;
    IN_STATE(ESTABLISHED);
}

// RFC 9293 §3.9.2.2 [MUST-55]
static void source_quench_is_discarded(void **state)
{
    static const uint8_t quench[2] = {4, 0};
    (void)state;
    if (bench.version != 4) {
        return; // there is none in ICMPv6: type 4 is a parameter problem
    }
    OPEN_ACTIVE();
    WRITE(1000);
    EXPECT(.flags = PSH | ACK, .seq = 1, .ack = 1, .data = 1000);
    uint32_t cwnd = segment_conn()->cc.cwnd_bytes;
    segment_icmp(quench, 0, 1, HERE);
    REASON(DROP_ICMP_QUENCH);
    CHECK_EQ(segment_conn()->cc.cwnd_bytes, cwnd);
    IN_STATE(ESTABLISHED);
}

// A half-open child: the errors of a peer that does not exist must not end it early, nor matter.
static void error_about_a_syn_ack_is_soft(void **state)
{
    (void)state;
    REACH(SYN_RECEIVED);
    report(&hard[0], 0);
    IN_STATE(SYN_RECEIVED);
    SEND(.flags = ACK, .seq = 1, .ack = 1);
    IN_STATE(ESTABLISHED);
}

// RFC 9293 §3.7.2, RFC 1191 §6.5, again at once in smaller pieces.
static void too_big_is_sent_again_in_smaller_pieces(void **state)
{
    uint32_t headers = bench.version == 4 ? 40 : 60;
    uint32_t mss = 1500 - headers;
    uint32_t small = 1300 - headers;
    (void)state;
    OPEN_ACTIVE();
    SET(NODELAY, 1);
    WRITE(mss);
    EXPECT(.flags = PSH | ACK, .seq = 1, .ack = 1, .data = mss);
    uint32_t cwnd = segment_conn()->cc.cwnd_bytes;
    too_big(1300, 1);
    REASON(ICMP_TOO_BIG);
    EXPECT(.flags = ACK, .seq = 1, .ack = 1, .data = small, WHY(SEND_PMTU));
    EXPECT(.flags = PSH | ACK, .seq = 1 + small, .ack = 1, .data = mss - small, WHY(SEND_PMTU));
    CHECK_EQ(segment_conn()->cc.cwnd_bytes, cwnd); // no sign of congestion
    SEND(.flags = ACK, .seq = 1, .ack = 1 + mss);
    WRITE(mss);
    EXPECT(.flags = ACK, .seq = 1 + mss, .ack = 1, .data = small);
    EXPECT(.flags = PSH | ACK, .seq = 1 + mss + small, .ack = 1, .data = mss - small);
    too_big(1400, 1 + mss); // never larger again by this way
    REASON(DROP_ICMP_MTU_KNOWN);
}

// hist/69: an MTU that no path has.
static void hist_69_mtu_below_the_floor_is_raised_to_it(void **state)
{
    static const uint32_t mtus[] = {0, 1, 68, 296, 551};
    for (size_t i = 0; i < sizeof mtus / sizeof mtus[0]; i++) {
        uint32_t floor = bench.version == 4 ? 552 - 40 : 1280 - 60;
        (void)segment_teardown(state);
        (void)segment_setup(state);
        OPEN_ACTIVE();
        WRITE(1400);
        EXPECT(.flags = PSH | ACK, .seq = 1, .ack = 1, .data = 1400);
        too_big(mtus[i], 1);
        CHECK(segment_conn()->snd.mss >= floor);
        segment_forget_sent();
    }
}

// Segments that are small already were not what was too big.
static void too_big_for_others_sends_nothing_again(void **state)
{
    (void)state;
    OPEN_ACTIVE();
    SET(MAXSEG, 500);
    WRITE(1000);
    EXPECT(.flags = ACK, .seq = 1, .ack = 1, .data = 500);
    EXPECT(.flags = PSH | ACK, .seq = 501, .ack = 1, .data = 500);
    too_big(1400, 1);
    REASON(ICMP_TOO_BIG);
    EXPECT_NOTHING();
}

static void too_big_about_the_syn_lowers_the_segments(void **state)
{
    (void)state;
    CONNECT();
    EXPECT(.flags = SYN);
    too_big(1280, 0);
    EXPECT_NOTHING();
    SEND(.flags = SYN | ACK, .ack = 1, .mss = 1460);
    EXPECT(.flags = ACK, .seq = 1, .ack = 1);
    SET(NODELAY, 1);
    WRITE(1400);
    EXPECT(.flags = ACK, .seq = 1, .ack = 1, .data = bench.version == 4 ? 1240 : 1220);
    EXPECT(.flags = PSH | ACK, .seq = bench.version == 4 ? 1241 : 1221, .ack = 1,
           .data = bench.version == 4 ? 160 : 180);
}

// RFC 9293 §3.6.1: what has ended has nothing to lose.
static void error_about_a_connection_in_time_wait_changes_nothing(void **state)
{
    (void)state;
    REACH(TIME_WAIT);
    for (size_t i = 0; i < COUNT(hard); i++) {
        report(&hard[i], 1);
        REASON(DROP_ICMP_SOFT);
    }
    EXPECT_NOTHING();
    IN_STATE(TIME_WAIT);
}

static const struct CMUnitTest tests[] = {
    SEGMENT_TEST(soft_error_does_not_end_connecting_but_explains_its_end),
    SEGMENT_TEST(connection_opens_in_spite_of_a_soft_error),
    SEGMENT_TEST(hard_error_ends_connecting),
    SEGMENT_TEST(hist_69_no_error_ends_an_open_connection),
    SEGMENT_TEST(what_a_router_said_explains_a_timeout),
    SEGMENT_TEST(progress_forgets_what_a_router_said),
    SEGMENT_TEST(hist_69_error_about_what_is_not_in_flight_is_ignored),
    SEGMENT_TEST(hard_error_with_a_wrong_number_does_not_end_connecting),
    SEGMENT_TEST(error_about_no_connection_is_ignored),
    SEGMENT_TEST(source_quench_is_discarded),
    SEGMENT_TEST(error_about_a_syn_ack_is_soft),
    SEGMENT_TEST(too_big_is_sent_again_in_smaller_pieces),
    SEGMENT_TEST(hist_69_mtu_below_the_floor_is_raised_to_it),
    SEGMENT_TEST(too_big_for_others_sends_nothing_again),
    SEGMENT_TEST(too_big_about_the_syn_lowers_the_segments),
    SEGMENT_TEST(error_about_a_connection_in_time_wait_changes_nothing),
};
SEGMENT_MAIN(tests)
