// SPDX-License-Identifier: MIT
//
// docs/history.md, rows 85 and 125: what the user sets or calls, in every state, and then any
// segment. The invariants of every connection are checked after each step; here the aim is that
// nothing else can go wrong, and that all can be freed.
#include "hist_steps.h"

enum call {
    CALL_SEND,
    CALL_RECV,
    CALL_PEEK,
    CALL_CONSUME,
    CALL_ACCEPT,
    CALL_LISTEN,
    CALL_CONNECT,
    CALL_SHUT_READ,
    CALL_SHUT_WRITE,
    CALL_SHUT_BOTH,
    CALL_CLOSE,
    CALL_ABORT,
    CALL_OPTIONS,
    CALLS = CALL_OPTIONS + SYNFIN_OPTION_COUNT,
};

static void call(enum call which)
{
    struct synfin_endpoint peer;
    struct synfin_span piece[2];
    uint32_t pieces = 2;
    synfin_socket child;
    size_t count;
    switch ((int)which) {
    case CALL_SEND: (void)segment_user_send(100); break;
    case CALL_RECV: (void)segment_user_recv(100, &count); break;
    case CALL_PEEK: (void)!synfin_socket_peek(bench.stack, bench.socket, piece, &pieces); break;
    case CALL_CONSUME:
        (void)!synfin_socket_consume(bench.stack, bench.socket, 1, bench.now_ns);
        break;
    case CALL_ACCEPT: (void)!synfin_socket_accept(bench.stack, bench.socket, &child, &peer); break;
    case CALL_LISTEN:
        (void)!synfin_socket_listen(bench.stack, bench.socket, 1, bench.now_ns);
        break;
    case CALL_CONNECT: (void)segment_user_connect(); break;
    case CALL_SHUT_READ:
    case CALL_SHUT_WRITE:
    case CALL_SHUT_BOTH:
        (void)segment_user_shutdown((enum synfin_shutdown)(which - CALL_SHUT_READ));
        break;
    case CALL_CLOSE: CLOSE(); break;
    case CALL_ABORT: ABORT(); break;
    default: // 1 is a value, or too little, for each of them
        (void)!synfin_socket_set_option(
            bench.stack, bench.socket, (enum synfin_option)(which - CALL_OPTIONS), 1, bench.now_ns);
        break;
    }
}

static void enter(void **state, enum synfin_tcp_state in)
{
    hist_begin_again(state);
    if (in == SYNFIN_TCP_STATE_SYN_RECEIVED) { // with a handle: crossed SYNs
        CONNECT();
        EXPECT(.flags = SYN);
        SEND(.flags = SYN, .mss = 1460);
        EXPECT(.flags = SYN | ACK, .ack = 1);
        bench.stack_nxt = bench.peer_nxt = 1;
        return;
    }
    segment_reach(in, HERE);
    if (in == SYNFIN_TCP_STATE_LISTEN) {
        bench.socket = bench.listener;
        bench.peer_nxt = bench.stack_nxt = 0;
    }
}

static void hist_125_every_call_in_every_state_then_any_segment(void **state)
{
    static const struct segment next[] = {
        {.flags = ACK},       {.flags = ACK, .data = 100},       {.flags = FIN | ACK, .data = 3},
        {.flags = RST},       {.flags = SYN, .mss = 1000},       {.flags = SYN | ACK},
        {.flags = 0},         {.flags = URG | ACK, .data = 100}, {.flags = RST | ACK, .data = 9},
        {.flags = FIN | ACK},
    };
    // Each run tries a third, and each third is tried by several runs.
    uint32_t first = (bench.iss % 3 + bench.version / 2) % 3;
    for (uint32_t i = first; i < SYNFIN_TCP_STATE_COUNT * CALLS * COUNT_OF(next); i += 3) {
        struct segment then = next[i % COUNT_OF(next)];
        enum synfin_tcp_state in = (enum synfin_tcp_state)(i / COUNT_OF(next) / CALLS);
        enter(state, in);
        call((enum call)(i / COUNT_OF(next) % CALLS));
        segment_step(HERE);
        then.seq = bench.peer_nxt;
        then.ack = bench.stack_nxt;
        segment_send(&then, HERE);
        ADVANCE(SEC(3));
        segment_forget_sent();
        ABORT();
        if (bench.listener != 0) {
            synfin_socket_close(bench.stack, bench.listener, bench.now_ns);
        }
        segment_forget_sent();
        for (uint32_t minutes = 0; minutes < 12 && hist_connections() > 0; minutes++) {
            ADVANCE(SEC(60));
            segment_forget_sent();
        }
        EXPECT_FREE();
        CHECK_EQ(hist_connections(), 0);
    }
}

// Each option, with small, usual and large values, on a listener; then a SYN and a connection.
static void hist_85_any_option_of_a_listener_then_a_connection(void **state)
{
    static const int64_t values[] = {-1, 0, 1, 2, 255, 65535, 1000000, INT64_MAX};
    for (uint32_t i = 0; i < SYNFIN_OPTION_COUNT * COUNT_OF(values); i++) {
        enum synfin_option option = (enum synfin_option)(i / COUNT_OF(values));
        hist_begin_again(state);
        LISTEN(8);
        enum synfin_error error = synfin_socket_set_option(
            bench.stack, bench.listener, option, values[i % COUNT_OF(values)], bench.now_ns);
        CHECK(error == SYNFIN_ERROR_OK || error == SYNFIN_ERROR_INVALID
              || error == SYNFIN_ERROR_NOT_SUPPORTED);
        SEND(.flags = SYN, .mss = 1000);
        EXPECT(.flags = SYN | ACK, .ack = 1);
        SEND(.flags = ACK, .seq = 1, .ack = 1, .data = 1);
        ACCEPT();
        hist_take_events();
        SEND(.flags = RST, .seq = 2);
        EVENT_CLOSED(RESET);
        CLOSE();
        SEND(.flags = SYN, .mss = 1000, .peer_port = 40001);
        EXPECT(.flags = SYN | ACK, .ack = 1, .peer_port = 40001);
        synfin_socket_close(bench.stack, bench.listener, bench.now_ns);
        segment_forget_sent();
        EXPECT_FREE();
    }
}

static const struct CMUnitTest tests[] = {
    SEGMENT_TEST(hist_85_any_option_of_a_listener_then_a_connection),
    SEGMENT_TEST(hist_125_every_call_in_every_state_then_any_segment),
};
SEGMENT_MAIN(tests)
