// SPDX-License-Identifier: MIT
//
// ABORT in every state, RFC 9293 §3.10.5, and close with a linger time of 0, which is the same.
#include "lib/segment.h"

struct abort_row {
    enum synfin_tcp_state state;
    uint32_t seq, ack; // of the reset; 0: none is sent
};

static const struct abort_row rows[] = {
    {SYNFIN_TCP_STATE_SYN_SENT, 0, 0},   {SYNFIN_TCP_STATE_ESTABLISHED, 1, 1},
    {SYNFIN_TCP_STATE_FIN_WAIT_1, 2, 1}, {SYNFIN_TCP_STATE_FIN_WAIT_2, 2, 1},
    {SYNFIN_TCP_STATE_CLOSE_WAIT, 1, 2}, {SYNFIN_TCP_STATE_CLOSING, 0, 0},
    {SYNFIN_TCP_STATE_LAST_ACK, 0, 0},   {SYNFIN_TCP_STATE_TIME_WAIT, 0, 0},
    {SYNFIN_TCP_STATE_CLOSED, 0, 0},
};

static void end_and_look(const struct abort_row *row)
{
    IN_STATE(CLOSED);
    if (row->seq != 0) {
        EXPECT(.flags = RST | ACK, .seq = row->seq, .ack = row->ack, WHY(SEND_RST_ABORT));
    }
    EXPECT_NOTHING();
    NO_EVENT();
    EXPECT_FREE();
    CHECK_EQ(bench.tcp->conns.objects, 0);
    RESULT(segment_user_send(1), BAD_HANDLE);
}

static void abort_resets_where_the_peer_must_be_told(void **state)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        (void)segment_teardown(state);
        (void)segment_setup(state);
        segment_reach(rows[i].state, HERE);
        ABORT();
        end_and_look(&rows[i]);
    }
}

static void close_with_linger_zero_aborts(void **state)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        (void)segment_teardown(state);
        (void)segment_setup(state);
        segment_reach(rows[i].state, HERE);
        SET(LINGER, 0);
        CLOSE();
        end_and_look(&rows[i]);
    }
}

static void abort_of_a_simultaneous_open_resets(void **state)
{
    (void)state;
    CONNECT();
    EXPECT(.flags = SYN);
    SEND(.flags = SYN, .mss = 1460);
    EXPECT(.flags = SYN | ACK, .ack = 1);
    ABORT();
    EXPECT(.flags = RST | ACK, .seq = 1, .ack = 1);
    EXPECT_FREE();
}

static void abort_drops_what_is_queued_and_in_flight(void **state)
{
    (void)state;
    OPEN_ACTIVE();
    WRITE(1000);
    EXPECT(.flags = PSH | ACK, .seq = 1, .ack = 1, .data = 1000);
    WRITE(1000);
    SEND(.flags = PSH | ACK, .seq = 1, .ack = 1, .data = 300);
    SEND(.flags = PSH | ACK, .seq = 901, .ack = 1, .data = 300);
    ABORT();
    EXPECT(.flags = RST | ACK, .seq = 1001, .ack = 301, WHY(SEND_RST_ABORT));
    EXPECT_FREE();
    ADVANCE(SEC(100));
    EXPECT_NOTHING();
}

// Of a listener: every child that nobody has taken is reset.
static void abort_of_a_listener_resets_its_children(void **state)
{
    ONLY_WITH_ENTRIES();
    (void)state;
    LISTEN(4);
    SEND(.flags = SYN, .mss = 1460);
    EXPECT(.flags = SYN | ACK, .ack = 1);
    SEND(.flags = SYN, .mss = 1460, .peer_port = 40001);
    EXPECT(.flags = SYN | ACK, .ack = 1, .peer_port = 40001);
    SEND(.flags = ACK, .seq = 1, .ack = 1, .peer_port = 40001);
    bench.socket = bench.listener;
    ABORT();
    EXPECT(.flags = RST | ACK, .seq = 1, .ack = 1, .peer_port = 40001);
    EXPECT(.flags = RST | ACK, .seq = 1, .ack = 1, WHY(SEND_RST_LISTENER_GONE));
    CHECK_EQ(bench.tcp->conns.objects, 0);
    SEND(.flags = SYN);
    EXPECT(.flags = RST | ACK, .is_absolute = true, .ack = bench.irs + 1);
}

static void peer_is_told_once(void **state)
{
    (void)state;
    OPEN_ACTIVE();
    ABORT();
    EXPECT(.flags = RST | ACK, .seq = 1, .ack = 1);
    SEND(.flags = PSH | ACK, .seq = 1, .ack = 1, .data = 5); // crossed the reset
    EXPECT(.flags = RST, .seq = 1, WHY(SEND_RST_NO_CONNECTION));
    SEND(.flags = RST, .seq = 1);
    EXPECT_NOTHING();
}

static const struct CMUnitTest tests[] = {
    SEGMENT_TEST(abort_resets_where_the_peer_must_be_told),
    SEGMENT_TEST(close_with_linger_zero_aborts),
    SEGMENT_TEST(abort_of_a_simultaneous_open_resets),
    SEGMENT_TEST(abort_drops_what_is_queued_and_in_flight),
    SEGMENT_TEST(abort_of_a_listener_resets_its_children),
    SEGMENT_TEST(peer_is_told_once),
};
SEGMENT_MAIN_TWICE(tests)
