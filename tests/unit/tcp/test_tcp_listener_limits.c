// SPDX-License-Identifier: MIT
//
// What a listener may hold: half-open and unaccepted children, each up to its backlog, and what
// becomes of them when the limits are reached, when they die before anybody took them, and when
// the listener itself goes.
#include "lib/segment.h"

static void syn_from(uint16_t port)
{
    SEND(.flags = SYN, .mss = 1460, .peer_port = port);
    EXPECT(.flags = SYN | ACK, .ack = 1, .peer_port = port);
}

static void open_from(uint16_t port)
{
    syn_from(port);
    SEND(.flags = ACK, .seq = 1, .ack = 1, .peer_port = port);
}

static uint32_t count(enum synfin_tcp_state state)
{
    return segment_count(state);
}

// The rest are answered by cookies, of which nothing is kept.
static void half_open_children_are_limited_by_the_backlog(void **state)
{
    (void)state;
    LISTEN(2);
    syn_from(1001);
    syn_from(1002);
    SEND(.flags = SYN, .mss = 1460, .peer_port = 1004);
    EXPECT(.flags = SYN | ACK, .ack = 1, .peer_port = 1004, WHY(SEND_SYN_ACK_COOKIE));
    CHECK_EQ(count(SYNFIN_TCP_STATE_SYN_RECEIVED), 2);
    SEND(.flags = RST, .seq = 1, .peer_port = 1001);
    syn_from(1003);
    SEND(.flags = ACK, .seq = 1, .ack = 1, .peer_port = 1002);
    syn_from(1005);
    CHECK_EQ(count(SYNFIN_TCP_STATE_SYN_RECEIVED), 2);
}

// The third segment is dropped while nobody accepts: the handshake completes when there is room.
static void full_accept_queue_delays_the_handshake(void **state)
{
    (void)state;
    LISTEN(2);
    syn_from(1000);
    syn_from(40000);
    SEND(.flags = ACK, .seq = 1, .ack = 1, .peer_port = 1000);
    open_from(1001);
    EVENT(ACCEPTABLE);
    SEND(.flags = ACK, .seq = 1, .ack = 1);
    REASON(DROP_ACCEPT_QUEUE);
    IN_STATE(SYN_RECEIVED);
    NO_EVENT();
    EXPECT_WITHIN(SEC(2), .flags = SYN | ACK, .ack = 1);
    synfin_socket first;
    RESULT(synfin_socket_accept(bench.stack, bench.listener, &first, NULL), OK);
    SEND(.flags = ACK, .seq = 1, .ack = 1);
    IN_STATE(ESTABLISHED);
    EVENT(ACCEPTABLE);
    ACCEPT();
    CHECK(first != bench.socket);
}

static void children_are_accepted_in_the_order_of_their_handshakes(void **state)
{
    static const uint16_t order[] = {1002, 1003, 1001};
    (void)state;
    LISTEN(8);
    for (uint16_t port = 1001; port <= 1003; port++) {
        syn_from(port);
    }
    for (size_t i = 0; i < 3; i++) {
        SEND(.flags = ACK, .seq = 1, .ack = 1, .peer_port = order[i]);
    }
    for (size_t i = 0; i < 3; i++) {
        struct synfin_endpoint peer;
        synfin_socket child;
        RESULT(synfin_socket_accept(bench.stack, bench.listener, &child, &peer), OK);
        CHECK_EQ(peer.port, order[i]);
    }
    synfin_socket none;
    RESULT(synfin_socket_accept(bench.stack, bench.listener, &none, NULL), AGAIN);
}

static void child_reset_before_accept_makes_room(void **state)
{
    (void)state;
    LISTEN(1);
    open_from(1001);
    SEND(.flags = RST, .seq = 1, .peer_port = 1001);
    synfin_socket none;
    RESULT(synfin_socket_accept(bench.stack, bench.listener, &none, NULL), AGAIN);
    EXPECT_FREE();
    open_from(40000);
    ACCEPT();
}

// What arrived before accept is told right after it.
static void child_with_data_and_fin_before_accept_gives_them(void **state)
{
    (void)state;
    LISTEN(1);
    syn_from(40000);
    SEND(.flags = FIN | PSH | ACK, .seq = 1, .ack = 1, .data = 99);
    EXPECT(.flags = ACK, .seq = 1, .ack = 101);
    EVENT(ACCEPTABLE);
    NO_EVENT();
    ACCEPT();
    EVENT(READABLE);
    READ(99);
    READ(0);
    CLOSE();
    EXPECT(.flags = FIN | ACK, .seq = 1, .ack = 101);
    SEND(.flags = ACK, .seq = 101, .ack = 2);
    EXPECT_FREE();
}

static void closing_the_listener_resets_what_nobody_took(void **state)
{
    (void)state;
    LISTEN(4);
    open_from(40000);
    ACCEPT();
    syn_from(1001);
    open_from(1002);
    synfin_socket_close(bench.stack, bench.listener, bench.now_ns);
    EXPECT(.flags = RST | ACK, .seq = 1, .ack = 1, .peer_port = 1002, WHY(SEND_RST_LISTENER_GONE));
    EXPECT(.flags = RST | ACK, .seq = 1, .ack = 1, .peer_port = 1001, WHY(SEND_RST_LISTENER_GONE));
    IN_STATE(ESTABLISHED); // the one that was taken lives on
    WRITE(5);
    EXPECT(.flags = PSH | ACK, .seq = 1, .ack = 1, .data = 5);
    SEND(.flags = ACK, .seq = 1, .ack = 6);
    SEND(.flags = SYN, .peer_port = 1003);
    EXPECT(.flags = RST | ACK, .is_absolute = true, .ack = bench.irs + 1, .peer_port = 1003);
}

// hist/89: the listener goes after a SYN came and before its answer left.
static void hist_89_listener_closed_before_the_answer_left(void **state)
{
    (void)state;
    LISTEN(4);
    SEND(.flags = SYN, .mss = 1460);
    synfin_socket_close(bench.stack, bench.listener, bench.now_ns);
    EXPECT(.flags = SYN | ACK, .ack = 1);
    EXPECT(.flags = RST | ACK, .seq = 1, .ack = 1);
    EXPECT_NOTHING();
    CHECK_EQ(bench.tcp->conns.objects, 0);
    SEND(.flags = ACK, .seq = 1, .ack = 1);
    EXPECT(.flags = RST, .seq = 1);
}

// hist/89: every segment against a child whose answer has not left yet.
static void hist_89_segments_before_the_answer_left(void **state)
{
    static const uint16_t flags[] = {ACK, RST, RST | ACK, FIN | ACK, SYN, SYN | ACK, FIN, 0};
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
        for (uint32_t ack = 0; ack <= 4; ack += 2) { // 1 would be a lucky guess
            (void)segment_teardown(state);
            (void)segment_setup(state);
            LISTEN(4);
            SEND(.flags = SYN, .mss = 1460);
            SEND(.flags = flags[i], .seq = 1, .ack = ack);
            SEND(.flags = flags[i], .seq = 0, .ack = ack);
            NO_EVENT(); // nobody knew our number: nothing can have been acknowledged
            CHECK_EQ(count(SYNFIN_TCP_STATE_ESTABLISHED), 0);
            segment_forget_sent();
            segment_step(HERE);
        }
    }
}

static void child_beyond_the_limit_on_sockets_is_dropped(void **state)
{
    (void)state;
    segment_config()->sockets_max = 2;
    LISTEN(8);
    open_from(40000);
    open_from(1001);
    REASON(DROP_SOCKETS);
    EXPECT_NOTHING();
    CHECK_EQ(count(SYNFIN_TCP_STATE_SYN_RECEIVED), 1); // it may complete the handshake later
    ACCEPT();
    ABORT();
    EXPECT(.flags = RST | ACK, .seq = 1, .ack = 1);
    SEND(.flags = ACK, .seq = 1, .ack = 1, .peer_port = 1001);
    CHECK_EQ(count(SYNFIN_TCP_STATE_ESTABLISHED), 1);
}

// Without memory for a stub there are still cookies.
static void syn_beyond_the_limit_on_memory_gets_a_cookie(void **state)
{
    (void)state;
    segment_config()->slab_bytes = 4096;
    LISTEN(100000);
    bench.tcp->memory->limit_bytes = bench.tcp->memory->taken_bytes;
    SEND(.flags = SYN, .mss = 1460, .peer_port = 1000);
    EXPECT(.flags = SYN | ACK, .ack = 1, .peer_port = 1000, WHY(SEND_SYN_ACK_COOKIE));
    CHECK_EQ(count(SYNFIN_TCP_STATE_SYN_RECEIVED), 0);
    bench.tcp->memory->limit_bytes += 8192; // a page and its buckets
    uint32_t answers = 0;
    while (synfin_stack_count(bench.stack, SYNFIN_REASON_SEND_SYN_ACK_COOKIE) == 1) {
        uint16_t port = (uint16_t)(1001 + answers++);
        SEND(.flags = SYN, .mss = 1460, .peer_port = port);
        EXPECT(.flags = SYN | ACK, .ack = 1, .peer_port = port);
    }
    CHECK_EQ(count(SYNFIN_TCP_STATE_SYN_RECEIVED), answers - 1);
    CHECK(answers > 30);
    ADVANCE(SEC(70));
    segment_forget_sent();
    EXPECT_FREE(); // silent clients are freed, and others are served
    syn_from(40001);
}

// hist/76: a flood costs its backlog and no more.
static void hist_76_flood_of_syns_keeps_to_the_backlog(void **state)
{
    (void)state;
    LISTEN(16);
    for (uint16_t i = 0; i < 600; i++) {
        SEND(.flags = SYN, .mss = 1460, .peer_port = (uint16_t)(1001 + i));
        EXPECT(.flags = SYN | ACK, .ack = 1, .peer_port = (uint16_t)(1001 + i));
    }
    EXPECT_NOTHING();
    CHECK_EQ(bench.tcp->conns.objects, 1);
    CHECK_EQ(count(SYNFIN_TCP_STATE_SYN_RECEIVED), 16);
    ADVANCE(SEC(64));
    segment_forget_sent();
    CHECK_EQ(bench.tcp->conns.objects, 1);
    EXPECT_FREE();
    open_from(40000);
    ACCEPT();
}

// hist/110: who only pretends to be the peer gets few segments, and no data.
static void hist_110_spoofed_syn_is_answered_by_few_segments(void **state)
{
    (void)state;
    LISTEN(4);
    SEND(.flags = SYN, .mss = 1460);
    uint32_t answers = 0;
    for (uint32_t i = 0; i < 3; i++, answers++) {
        EXPECT_WITHIN(SEC(33), .flags = SYN | ACK, .ack = 1);
    }
    ADVANCE(SEC(600));
    EXPECT_NOTHING();
    CHECK_EQ(answers, 3); // of the length of the SYN
}

// hist/111: data to nobody is answered by one reset, within a limit.
static void hist_111_resets_to_nowhere_are_limited(void **state)
{
    (void)state;
    segment_wait_for_iss();
    ADVANCE(SEC(1) - bench.now_ns % SEC(1)); // the beginning of a second
    uint32_t resets = 0;
    for (uint32_t i = 0; i < 1200; i++) {
        SEND(.flags = PSH | ACK, .seq = 1, .ack = 7, .data = 10);
        if (synfin_stack_has_output(bench.stack, 0)) {
            EXPECT(.flags = RST, .seq = 7);
            resets++;
        }
    }
    CHECK_EQ(resets, TCP_RESETS_PER_SECOND);
    ADVANCE(SEC(1));
    SEND(.flags = PSH | ACK, .seq = 1, .ack = 7, .data = 10);
    EXPECT(.flags = RST, .seq = 7);
}

static void listening_again_changes_the_backlog(void **state)
{
    (void)state;
    LISTEN(1);
    syn_from(1001);
    SEND(.flags = SYN, .peer_port = 1009);
    EXPECT(.flags = SYN | ACK, .ack = 1, .peer_port = 1009, WHY(SEND_SYN_ACK_COOKIE));
    RESULT(synfin_socket_listen(bench.stack, bench.listener, 3, bench.now_ns), OK);
    syn_from(1002);
    syn_from(1003);
    RESULT(synfin_socket_listen(bench.stack, bench.listener, 1, bench.now_ns), OK);
    SEND(.flags = SYN, .peer_port = 1004);
    EXPECT(.flags = SYN | ACK, .ack = 1, .peer_port = 1004, WHY(SEND_SYN_ACK_COOKIE));
}

static const struct CMUnitTest tests[] = {
    SEGMENT_TEST(half_open_children_are_limited_by_the_backlog),
    SEGMENT_TEST(full_accept_queue_delays_the_handshake),
    SEGMENT_TEST(children_are_accepted_in_the_order_of_their_handshakes),
    SEGMENT_TEST(child_reset_before_accept_makes_room),
    SEGMENT_TEST(child_with_data_and_fin_before_accept_gives_them),
    SEGMENT_TEST(closing_the_listener_resets_what_nobody_took),
    SEGMENT_TEST(hist_89_listener_closed_before_the_answer_left),
    SEGMENT_TEST(hist_89_segments_before_the_answer_left),
    SEGMENT_TEST(child_beyond_the_limit_on_sockets_is_dropped),
    SEGMENT_TEST(syn_beyond_the_limit_on_memory_gets_a_cookie),
    SEGMENT_TEST(hist_76_flood_of_syns_keeps_to_the_backlog),
    SEGMENT_TEST(hist_110_spoofed_syn_is_answered_by_few_segments),
    SEGMENT_TEST(hist_111_resets_to_nowhere_are_limited),
    SEGMENT_TEST(listening_again_changes_the_backlog),
};
SEGMENT_MAIN(tests)
