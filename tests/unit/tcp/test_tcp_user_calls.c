// SPDX-License-Identifier: MIT
//
// Every user call in every state: RFC 9293 §3.10.1 to §3.10.6. hist/125: none of them may do more
// than its result says, whatever came before.
#include "lib/segment.h"
#include "stack/stack_internal.h"

#define STATE(name) SYNFIN_TCP_STATE_##name
#define ERR(name)   SYNFIN_ERROR_##name

struct call_row {
    enum synfin_tcp_state state;
    enum synfin_error send, recv, shutdown, connect, listen;
};

// SYN_RECEIVED stands for a simultaneous open, LISTEN for the listener's own handle.
static const struct call_row rows[] = {
    {STATE(CLOSED), ERR(SHUT_DOWN), ERR(OK), ERR(NOT_CONNECTED), ERR(CONNECTED), ERR(CONNECTED)},
    {STATE(LISTEN), ERR(NOT_CONNECTED), ERR(NOT_CONNECTED), ERR(NOT_CONNECTED), ERR(OK), ERR(OK)},
    {STATE(SYN_SENT), ERR(OK), ERR(AGAIN), ERR(OK), ERR(IN_PROGRESS), ERR(CONNECTED)},
    {STATE(SYN_RECEIVED), ERR(OK), ERR(AGAIN), ERR(OK), ERR(IN_PROGRESS), ERR(CONNECTED)},
    {STATE(ESTABLISHED), ERR(OK), ERR(AGAIN), ERR(OK), ERR(CONNECTED), ERR(CONNECTED)},
    {STATE(FIN_WAIT_1), ERR(SHUT_DOWN), ERR(AGAIN), ERR(OK), ERR(CONNECTED), ERR(CONNECTED)},
    {STATE(FIN_WAIT_2), ERR(SHUT_DOWN), ERR(AGAIN), ERR(OK), ERR(CONNECTED), ERR(CONNECTED)},
    {STATE(CLOSE_WAIT), ERR(OK), ERR(OK), ERR(OK), ERR(CONNECTED), ERR(CONNECTED)},
    {STATE(CLOSING), ERR(SHUT_DOWN), ERR(OK), ERR(OK), ERR(CONNECTED), ERR(CONNECTED)},
    {STATE(LAST_ACK), ERR(SHUT_DOWN), ERR(OK), ERR(OK), ERR(CONNECTED), ERR(CONNECTED)},
    {STATE(TIME_WAIT), ERR(SHUT_DOWN), ERR(OK), ERR(NOT_CONNECTED), ERR(CONNECTED), ERR(CONNECTED)},
};

enum { ROWS = sizeof rows / sizeof rows[0] };

static void enter(void **state, const struct call_row *row)
{
    (void)segment_teardown(state);
    (void)segment_setup(state);
    if (row->state != STATE(SYN_RECEIVED)) {
        segment_reach(row->state, HERE);
        if (row->state == STATE(LISTEN)) {
            bench.socket = bench.listener;
        }
        return;
    }
    CONNECT();
    EXPECT(.flags = SYN);
    SEND(.flags = SYN, .mss = 1460);
    EXPECT(.flags = SYN | ACK, .ack = 1);
}

// What the call made the stack send is not this test's business: the connection is aborted.
static void leave(const struct call_row *row)
{
    if (row->state == STATE(LISTEN) && segment_conn() == NULL) {
        bench.listener = 0;
    }
    ABORT();
    EXPECT_FREE();
    segment_forget_sent();
}

static void send_in_every_state(void **state)
{
    for (uint32_t i = 0; i < ROWS; i++) {
        enter(state, &rows[i]);
        segment_result(segment_user_send(100), rows[i].send, HERE);
        segment_step(HERE);
        leave(&rows[i]);
    }
}

static void recv_in_every_state(void **state)
{
    for (uint32_t i = 0; i < ROWS; i++) {
        size_t received;
        enter(state, &rows[i]);
        segment_result(segment_user_recv(100, &received), rows[i].recv, HERE);
        CHECK_EQ(received, 0);
        segment_step(HERE);
        leave(&rows[i]);
    }
}

static void shutdown_in_every_state(void **state)
{
    for (uint32_t how = 0; how < 3; how++) {
        for (uint32_t i = 0; i < ROWS; i++) {
            enter(state, &rows[i]);
            segment_result(segment_user_shutdown((enum synfin_shutdown)how), rows[i].shutdown,
                           HERE);
            segment_step(HERE);
            leave(&rows[i]);
        }
    }
}

static void connect_in_every_state(void **state)
{
    for (uint32_t i = 0; i < ROWS; i++) {
        enter(state, &rows[i]);
        segment_result(segment_user_connect(), rows[i].connect, HERE);
        segment_step(HERE);
        leave(&rows[i]);
    }
}

static void listen_in_every_state(void **state)
{
    for (uint32_t i = 0; i < ROWS; i++) {
        enter(state, &rows[i]);
        segment_result(synfin_socket_listen(bench.stack, bench.socket, 3, bench.now_ns),
                       rows[i].listen, HERE);
        segment_step(HERE);
        leave(&rows[i]);
    }
}

static void accept_belongs_to_listeners(void **state)
{
    for (uint32_t i = 0; i < ROWS; i++) {
        synfin_socket child;
        enter(state, &rows[i]);
        enum synfin_error wanted =
            rows[i].state == STATE(LISTEN) ? SYNFIN_ERROR_AGAIN : SYNFIN_ERROR_INVALID;
        segment_result(synfin_socket_accept(bench.stack, bench.socket, &child, NULL), wanted, HERE);
        CHECK_EQ(child, 0);
        leave(&rows[i]);
    }
}

// RFC 9293 §3.10.4: the state after CLOSE, seen in the table.
static void close_in_every_state(void **state)
{
    static const enum synfin_tcp_state after[ROWS] = {
        STATE(CLOSED),     STATE(CLOSED),     STATE(CLOSED),     STATE(FIN_WAIT_1),
        STATE(FIN_WAIT_1), STATE(FIN_WAIT_1), STATE(FIN_WAIT_2), STATE(LAST_ACK),
        STATE(CLOSING),    STATE(LAST_ACK),   STATE(TIME_WAIT),
    };
    for (uint32_t i = 0; i < ROWS; i++) {
        enter(state, &rows[i]);
        CLOSE();
        segment_in_state(after[i], HERE);
        segment_step(HERE);
        RESULT(segment_user_send(1), BAD_HANDLE);
        if (after[i] == STATE(FIN_WAIT_1) && rows[i].state == STATE(ESTABLISHED)) {
            EXPECT(.flags = FIN | ACK, .seq = 1, .ack = 1);
        } else if (rows[i].state == STATE(CLOSE_WAIT)) {
            EXPECT(.flags = FIN | ACK, .seq = 1, .ack = 2);
        }
        EXPECT_NOTHING();
    }
}

// hist/113, hist/123: whatever was called, an orphan ends by itself and leaves nothing.
static void hist_113_orphan_of_every_state_ends(void **state)
{
    for (uint32_t i = 0; i < ROWS; i++) {
        enter(state, &rows[i]);
        CLOSE();
        for (uint32_t minute = 0; minute < 10; minute++) {
            ADVANCE(SEC(60));
            segment_forget_sent();
        }
        IN_STATE(CLOSED);
        CHECK_EQ(bench.tcp->conns.objects, 0);
        EXPECT_FREE();
    }
}

// hist/125: shutdown during the handshake, and then data.
static void hist_125_shutdown_in_syn_received_then_data(void **state)
{
    (void)state;
    enter(state, &rows[3]);
    SHUTDOWN(READ);
    SEND(.flags = PSH | ACK, .seq = 1, .ack = 1, .data = 100);
    EXPECT(.flags = RST | ACK, .seq = 1, .ack = 1, WHY(SEND_RST_NO_READER));
    IN_STATE(CLOSED);
}

// RFC 9293 §3.10.1: a listener may open actively.
static void listener_that_connects_keeps_its_port(void **state)
{
    (void)state;
    LISTEN(1);
    bench.socket = bench.listener;
    bench.listener = 0;
    RESULT(segment_user_connect(), OK);
    IN_STATE(SYN_SENT);
    EXPECT(.flags = SYN);
    SEND(.flags = SYN | ACK, .ack = 1);
    EXPECT(.flags = ACK, .seq = 1, .ack = 1);
    IN_STATE(ESTABLISHED);
}

// RFC 9293 §3.9.1.1 [MUST-46]
static void connect_to_a_group_is_refused(void **state)
{
    static const char *const v4[] = {"224.0.0.1", "239.255.0.1", "255.255.255.255", "192.0.2.255",
                                     "0.0.0.0"};
    static const char *const v6[] = {"ff02::1", "ff05::2", "ff0e::1", "ff01::1", "::"};
    (void)state;
    segment_wait_for_iss();
    for (size_t i = 0; i < 5; i++) {
        struct synfin_endpoint remote = {.port = 80};
        RESULT(synfin_socket_open(bench.stack, &bench.socket), OK);
        RESULT(synfin_addr_parse(bench.version == 4 ? v4[i] : v6[i], &remote.addr), OK);
        RESULT(synfin_socket_connect(bench.stack, bench.socket, &remote, bench.now_ns), INVALID);
        EXPECT_NOTHING();
        CLOSE();
    }
    EXPECT_FREE();
}

static void connect_to_port_zero_is_refused(void **state)
{
    (void)state;
    segment_wait_for_iss();
    RESULT(synfin_socket_open(bench.stack, &bench.socket), OK);
    bench.peer_port = 0;
    RESULT(segment_user_connect(), INVALID);
}

// RFC 9293 §3.9.2 [MUST-49]; §3.9.1.9 [MUST-48, SHLD-21, SHLD-22]
static void hop_limit_and_traffic_class_are_the_users(void **state)
{
    (void)state;
    OPEN_ACTIVE();
    SET(HOP_LIMIT, 17);
    SET(TRAFFIC_CLASS, 0x28);
    WRITE(5);
    EXPECT(.flags = PSH | ACK, .seq = 1, .ack = 1, .data = 5, .hop_limit = 17,
           .traffic_class = 0x28);
    SET(TRAFFIC_CLASS, 0xb8);
    SET(HOP_LIMIT, 255);
    SEND(.flags = PSH | ACK, .seq = 1, .ack = 6, .data = 5);
    EXPECT_WITHIN(MS(500), .flags = ACK, .seq = 6, .ack = 6, .hop_limit = 255,
                  .traffic_class = 0xb8);
}

// Who reads no more is given nothing that has come before, but the end.
static void shutdown_of_reading_drops_what_was_received(void **state)
{
    size_t received = 1;
    (void)state;
    segment_reach(SYNFIN_TCP_STATE_ESTABLISHED, HERE);
    SEND(.flags = PSH | ACK, .seq = 1, .ack = 1, .data = 100);
    SHUTDOWN(READ);
    RESULT(segment_user_recv(100, &received), OK);
    CHECK_EQ(received, 0);
    segment_forget_sent();
}

// Its handle can be guessed, and names nobody yet.
static void connection_before_accept_cannot_be_reached(void **state)
{
    (void)state;
    LISTEN(8);
    SEND(.flags = SYN, .mss = 1460);
    EXPECT(.flags = SYN | ACK, .ack = 1);
    SEND(.flags = ACK, .seq = 1, .ack = 1);
    uint32_t children = 0;
    for (uint32_t i = 0; i < 8; i++) {
        const struct tcp_conn *conn = slab_pool_at(&bench.tcp->conns, i);
        if (conn != NULL && conn->listener != NULL) {
            size_t sent;
            synfin_socket guessed = socket_handle(bench.stack, conn);
            RESULT(synfin_socket_send(bench.stack, guessed, "x", 1, &sent, bench.now_ns),
                   BAD_HANDLE);
            children++;
        }
    }
    CHECK_EQ(children, 1);
    ACCEPT();
}

static const struct CMUnitTest tests[] = {
    SEGMENT_TEST(send_in_every_state),
    SEGMENT_TEST(recv_in_every_state),
    SEGMENT_TEST(shutdown_in_every_state),
    SEGMENT_TEST(connect_in_every_state),
    SEGMENT_TEST(listen_in_every_state),
    SEGMENT_TEST(accept_belongs_to_listeners),
    SEGMENT_TEST(close_in_every_state),
    SEGMENT_TEST(hist_113_orphan_of_every_state_ends),
    SEGMENT_TEST(hist_125_shutdown_in_syn_received_then_data),
    SEGMENT_TEST(listener_that_connects_keeps_its_port),
    SEGMENT_TEST(connect_to_a_group_is_refused),
    SEGMENT_TEST(connect_to_port_zero_is_refused),
    SEGMENT_TEST(hop_limit_and_traffic_class_are_the_users),
    SEGMENT_TEST(shutdown_of_reading_drops_what_was_received),
    SEGMENT_TEST(connection_before_accept_cannot_be_reached),
};
SEGMENT_MAIN_TWICE(tests)
