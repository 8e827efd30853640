// SPDX-License-Identifier: MIT
//
// Somebody off the path who knows the four-tuple and guesses numbers: RFC 5961 from the attacker's
// side, and long runs of connections with clocks at their edges.
#include <stdlib.h>
#include <string.h>

#include "lib/segment.h"
#include "lib/test_random.h"

enum { SHOTS = 2000, WND = 65535 };

// Numbers that an attacker would try, and what no attacker can count on: exactly RCV.NXT.
static uint32_t shot_seq(uint64_t *seed)
{
    uint32_t seq = (uint32_t)test_random(seed);
    switch (test_random_below(seed, 4)) {
    case 0: seq = 2 + test_random_below(seed, WND - 1); break; // within the window
    case 1: seq = WND + 2 + test_random_below(seed, 1000); break;
    case 2: seq = 0u - test_random_below(seed, 1000); break;
    default: break;
    }
    return seq == 1 ? 2 : seq;
}

static void shoot(uint64_t *seed)
{
    static const uint16_t flags[] = {RST, RST | ACK, SYN, SYN | ACK, FIN, 0, RST | SYN, URG | PSH};
    SEND(.flags = flags[test_random_below(seed, 8)], .seq = shot_seq(seed),
         .ack = (uint32_t)test_random(seed), .data = test_random_below(seed, 3),
         .urgent = (uint16_t)test_random(seed));
}

// hist/95: no reset, no octet, no stall. No segment has more than one answer, as RFC 9293 §3.5.2
// wants for unacceptable ones, and challenges are limited.
static void hist_95_blind_control_segments_do_nothing(void **state)
{
    uint64_t seed = bench.iss + 95;
    (void)state;
    OPEN_PASSIVE();
    for (uint32_t i = 0; i < SHOTS; i++) {
        uint64_t sent = bench.tcp->segments_out;
        shoot(&seed);
        segment_forget_sent();
        CHECK(bench.tcp->segments_out - sent <= 1);
    }
    uint64_t challenges = synfin_stack_count(bench.stack, SYNFIN_REASON_SEND_CHALLENGE_SYN)
                          + synfin_stack_count(bench.stack, SYNFIN_REASON_SEND_CHALLENGE_RST);
    CHECK(challenges > 0 && challenges <= 10); // all in one second
    IN_STATE(ESTABLISHED);
    NO_EVENT();
    WRITE(100);
    EXPECT(.flags = PSH | ACK, .seq = 1, .ack = 1, .data = 100);
    SEND(.flags = PSH | ACK, .seq = 1, .ack = 101, .data = 100);
    READ(100);
}

// hist/95: text needs an acknowledgment within what is in flight or was acceptable before.
static void hist_95_blind_text_needs_a_plausible_acknowledgment(void **state)
{
    uint64_t seed = bench.iss + 96;
    (void)state;
    OPEN_PASSIVE();
    for (uint32_t i = 0; i < SHOTS; i++) {
        uint32_t ack = (uint32_t)test_random(&seed);
        if (1 - ack <= WND) {
            continue; // the one in 65,536 that is plausible
        }
        SEND(.flags = PSH | ACK, .seq = 1 + test_random_below(&seed, WND), .ack = ack, .data = 4);
        segment_forget_sent();
    }
    NO_EVENT();
    CHECK_EQ(segment_conn()->ooo.bytes, 0);
    size_t received;
    RESULT(segment_user_recv(100, &received), AGAIN);
    SEND(.flags = PSH | ACK, .seq = 1, .ack = 1, .data = 30);
    READ(30);
}

// The same at every state that waits for the peer: none changes.
static void blind_segments_change_no_state(void **state)
{
    static const enum synfin_tcp_state states[] = {
        SYNFIN_TCP_STATE_SYN_RECEIVED, SYNFIN_TCP_STATE_FIN_WAIT_1, SYNFIN_TCP_STATE_FIN_WAIT_2,
        SYNFIN_TCP_STATE_CLOSE_WAIT,   SYNFIN_TCP_STATE_CLOSING,    SYNFIN_TCP_STATE_LAST_ACK,
        SYNFIN_TCP_STATE_TIME_WAIT,
    };
    uint64_t seed = bench.iss + 97;
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
        (void)segment_teardown(state);
        (void)segment_setup(state);
        segment_reach(states[i], HERE);
        for (uint32_t shot = 0; shot < 300; shot++) {
            uint32_t seq = shot_seq(&seed);
            SEND(.flags = shot % 2 == 0 ? RST : RST | ACK, .seq = seq == 2 ? 3 : seq,
                 .ack = (uint32_t)test_random(&seed));
            segment_forget_sent();
        }
        segment_in_state(states[i], HERE);
    }
}

static void expect_no_reset(void)
{
    const struct tcp_stray *stray = tcp_stray_first(bench.tcp, 0);
    CHECK(stray == NULL || (stray->flags & SYNFIN_TCP_RST) == 0);
    segment_forget_sent();
}

// hist/99: a reset answers no reset, in any state.
static void hist_99_no_reset_is_answered_by_a_reset(void **state)
{
    for (uint32_t i = 0; i < SYNFIN_TCP_STATE_COUNT; i++) {
        for (uint32_t seq = 0; seq < 3; seq++) {
            (void)segment_teardown(state);
            (void)segment_setup(state);
            segment_reach((enum synfin_tcp_state)i, HERE);
            SEND(.flags = RST | ACK, .seq = seq, .ack = seq);
            expect_no_reset();
            SEND(.flags = RST, .seq = seq);
            expect_no_reset();
        }
    }
}

// hist/86: LAND against an open connection's own endpoint.
static void hist_86_segments_from_our_own_address_are_dropped(void **state)
{
    static const uint16_t flags[] = {SYN, RST, ACK, FIN | ACK, SYN | ACK};
    (void)state;
    OPEN_PASSIVE();
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
        SEND(.flags = flags[i], .seq = 1, .ack = 1, .from = &bench.ours, .peer_port = 80);
        EXPECT_NOTHING();
    }
    IN_STATE(ESTABLISHED);
}

static void live_a_life(uint32_t round)
{
    CONNECT();
    EXPECT(.flags = SYN);
    SEND(.flags = SYN | ACK, .ack = 1, .mss = 1460, .ts = TS(round, bench.last.ts_val));
    EXPECT(.flags = ACK, .seq = 1, .ack = 1, .ts = TS(0, round));
    WRITE(10);
    EXPECT(.flags = PSH | ACK, .seq = 1, .ack = 1, .data = 10);
    EXPECT_AFTER(SEC(1), .flags = PSH | ACK, .seq = 1, .ack = 1, .data = 10);
    SEND(.flags = PSH | ACK, .seq = 1, .ack = 11, .data = 20, .ts = TS(round + 1, 0));
    READ(20);
    CLOSE();
    EXPECT_WITHIN(MS(500), .flags = FIN | ACK, .seq = 11, .ack = 21);
    SEND(.flags = FIN | ACK, .seq = 21, .ack = 12, .ts = TS(round + 2, 0));
    EXPECT(.flags = ACK, .seq = 12, .ack = 22);
    ADVANCE(SEC(61));
    IN_STATE(CLOSED);
    EXPECT_FREE();
    segment_new_incarnation(1000);
}

// hist/120: clocks of milliseconds and of the wheel that go around, TIME-WAIT across each.
static void hist_120_lives_across_the_edges_of_every_clock(void **state)
{
    static const uint64_t edges_ns[] = {
        UINT64_C(0x7fffffff) * 1000000, // 2^31 ms
        UINT64_C(0xffffffff) * 1000000, // 2^32 ms: 49.7 days
        UINT64_C(1) << 32,
        UINT64_C(1) << 48,
        UINT64_C(1) << 52,
        UINT64_C(100) * 365 * 24 * 3600 * 1000000000, // a hundred years
        UINT64_C(1) << 63,
    };
    for (size_t i = 0; i < sizeof edges_ns / sizeof edges_ns[0]; i++) {
        (void)segment_teardown(state);
        (void)segment_setup(state);
        bench.now_ns = edges_ns[i] - SEC(2);
        segment_without_iss();
        for (uint32_t round = 0; round < 3; round++) {
            live_a_life(round);
        }
    }
}

// hist/123: connections that end at a random point leave nothing, however many.
static void hist_123_connections_cut_at_random_leave_nothing(void **state)
{
    uint64_t seed = bench.irs + 123;
    (void)state;
    segment_without_iss();
    LISTEN(4);
    for (uint32_t i = 0; i < 200; i++) {
        uint32_t cut = test_random_below(&seed, 6);
        uint16_t port = (uint16_t)(1001 + i);
        SEND(.flags = SYN, .mss = 1460, .peer_port = port);
        EXPECT(.flags = SYN | ACK, .ack = 1, .peer_port = port);
        if (cut > 0) {
            SEND(.flags = ACK, .seq = 1, .ack = 1, .peer_port = port);
        }
        if (cut > 1) {
            SEND(.flags = PSH | ACK, .seq = 1, .ack = 1, .data = 700, .peer_port = port);
        }
        if (cut > 2) {
            SEND(.flags = PSH | ACK, .seq = 2001, .ack = 1, .data = 700, .peer_port = port);
        }
        if (cut > 3) {
            RESULT(synfin_socket_accept(bench.stack, bench.listener, &bench.socket, NULL), OK);
        }
        segment_forget_sent();
        if (cut == 5) {
            ABORT();
        } else {
            SEND(.flags = RST, .seq = cut > 1 ? 701 : 1, .peer_port = port);
        }
        if (cut == 4) {
            CLOSE();
        }
        segment_forget_sent();
        EXPECT_FREE();
        CHECK_EQ(bench.tcp->conns.objects, 1);
    }
}

static const struct CMUnitTest tests[] = {
    SEGMENT_TEST(hist_95_blind_control_segments_do_nothing),
    SEGMENT_TEST(hist_95_blind_text_needs_a_plausible_acknowledgment),
    SEGMENT_TEST(blind_segments_change_no_state),
    SEGMENT_TEST(hist_99_no_reset_is_answered_by_a_reset),
    SEGMENT_TEST(hist_86_segments_from_our_own_address_are_dropped),
    SEGMENT_TEST(hist_120_lives_across_the_edges_of_every_clock),
    SEGMENT_TEST(hist_123_connections_cut_at_random_leave_nothing),
};
SEGMENT_MAIN_TWICE(tests)
