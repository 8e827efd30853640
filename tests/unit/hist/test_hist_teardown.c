// SPDX-License-Identifier: MIT
//
// docs/history.md, rows 114 to 124: connections that a peer, or nobody, would keep for ever. Each
// ends within its limits and gives everything back, and others are served meanwhile.
#include "hist_steps.h"

static uint64_t memory_used(void)
{
    struct synfin_stack_stats stats = {.size = sizeof stats};
    synfin_stack_stats(bench.stack, &stats);
    return stats.memory_used_bytes;
}

// Passes time as long as wanted, without looking at what is sent.
static void wait(uint64_t ns)
{
    ADVANCE(ns);
    segment_forget_sent();
}

static void close_at_a_shut_window(void)
{
    OPEN_ACTIVE();
    WRITE(100);
    EXPECT(.flags = PSH | ACK, .seq = 1, .ack = 1, .data = 100);
    SEND(.flags = ACK, .seq = 1, .ack = 101, .window = SHUT);
    WRITE(5000);
    EXPECT_NOTHING();
    CLOSE();
    IN_STATE(FIN_WAIT_1);
}

static void hist_114_close_before_a_silent_peer_ends(void **state)
{
    (void)state;
    close_at_a_shut_window();
    wait(SEC(700));
    IN_STATE(CLOSED);
    EXPECT_FREE();
}

// The peer answers every probe and never opens its window.
static void hist_114_close_before_a_peer_that_answers_ends(void **state)
{
    (void)state;
    close_at_a_shut_window();
    for (uint32_t second = 0; second < 700 && segment_conn() != NULL; second++) {
        wait(SEC(1));
        SEND(.flags = ACK, .seq = 1, .ack = 101, .window = SHUT);
    }
    segment_forget_sent();
    IN_STATE(CLOSED);
    EXPECT_FREE();
}

// The peer has its own data to send: nobody is there to read it.
static void hist_114_close_before_a_peer_that_sends_ends_at_once(void **state)
{
    (void)state;
    close_at_a_shut_window();
    SEND(.flags = ACK, .seq = 1, .ack = 101, .data = 1, .window = SHUT);
    EXPECT(.flags = RST | ACK, .seq = 101, .ack = 1, WHY(SEND_RST_NO_READER));
    EXPECT_FREE();
}

// The peer lives and reads after a while: all of it arrives, and the close is in order.
static void hist_114_close_before_a_peer_that_reads_is_in_order(void **state)
{
    uint32_t mss = bench.version == 4 ? 1460 : 1440;
    (void)state;
    close_at_a_shut_window();
    EXPECT_WITHIN(SEC(2), .flags = ACK, .seq = 101, .ack = 1, .data = 1, WHY(SEND_WINDOW_PROBE));
    SEND(.flags = ACK, .seq = 1, .ack = 102);
    uint32_t at = 102;
    while (at < 5101) {
        uint32_t bytes = 5101 - at < mss ? 5101 - at : mss;
        uint16_t flags = at + bytes == 5101 ? FIN | PSH | ACK : ACK;
        EXPECT(.flags = flags, .seq = at, .ack = 1, .data = bytes);
        at += bytes;
    }
    SEND(.flags = FIN | ACK, .seq = 1, .ack = 5102);
    EXPECT(.flags = ACK, .seq = 5102, .ack = 2);
    IN_STATE(TIME_WAIT);
}

enum { STUCK = 120 };

// A peer that opens its window never, and answers what it is asked.
static synfin_socket open_stuck(uint16_t port)
{
    SEND(.flags = SYN, .mss = 1000, .peer_port = port);
    EXPECT(.flags = SYN | ACK, .ack = 1, .peer_port = port);
    SEND(.flags = ACK, .seq = 1, .ack = 1, .peer_port = port, .window = SHUT);
    ACCEPT();
    WRITE(4000);
    return bench.socket;
}

static void answer_all(uint32_t from, uint32_t to)
{
    for (uint32_t i = from; i < to; i++) {
        SEND(.flags = ACK, .seq = 1, .ack = 1, .peer_port = (uint16_t)(1001 + i), .window = SHUT);
    }
    segment_forget_sent();
}

// Many of them: the first third is aborted, the second has a user timeout, the last is closed.
static void hist_115_shut_windows_hold_nothing_for_ever(void **state)
{
    (void)state;
    segment_without_iss();
    LISTEN(8);
    uint64_t before = memory_used();
    for (uint32_t i = 0; i < STUCK; i++) {
        bench.socket = open_stuck((uint16_t)(1001 + i));
        if (i < STUCK / 3) {
            ABORT();
        } else if (i < 2 * (STUCK / 3)) {
            SET(USER_TIMEOUT, (int64_t)SEC(30));
        } else {
            CLOSE();
        }
        segment_forget_sent();
    }
    CHECK_EQ(hist_by_state(SYNFIN_TCP_STATE_ESTABLISHED), STUCK / 3);
    CHECK_EQ(hist_by_state(SYNFIN_TCP_STATE_FIN_WAIT_1), STUCK / 3);
    SEND(.flags = SYN, .mss = 1000); // another peer, served meanwhile
    EXPECT(.flags = SYN | ACK, .ack = 1);
    SEND(.flags = ACK, .seq = 1, .ack = 1);
    ACCEPT();
    SEND(.flags = PSH | ACK, .seq = 1, .ack = 1, .data = 10);
    READ(10);
    EXPECT_WITHIN(MS(500), .flags = ACK, .seq = 1, .ack = 11);
    ABORT();
    for (uint32_t i = 0; i < 40; i++) {
        wait(SEC(10));
        answer_all(STUCK / 3, STUCK);
    }
    CHECK_EQ(hist_by_state(SYNFIN_TCP_STATE_FIN_WAIT_1), 0);
    hist_take_events();
    EXPECT_FREE();
    CHECK_EQ(hist_by_state(SYNFIN_TCP_STATE_CLOSED), STUCK / 3); // handles that were not closed
    CHECK(memory_used() > before);
}

// The peer closed, we have said our last and its acknowledgment never comes.
static void hist_118_passive_close_with_data_in_flight_ends(void **state)
{
    (void)state;
    LISTEN(8);
    uint64_t before = memory_used();
    SEND(.flags = SYN, .mss = 1000);
    EXPECT(.flags = SYN | ACK, .ack = 1);
    SEND(.flags = FIN | ACK, .seq = 1, .ack = 1);
    EXPECT(.flags = ACK, .seq = 1, .ack = 2);
    ACCEPT();
    hist_take_events();
    WRITE(3000);
    CLOSE();
    wait(SEC(700));
    IN_STATE(LISTEN);
    EXPECT_FREE();
    CHECK_EQ(memory_used(), before);
}

static void set_keepalive(void)
{
    SET(KEEPALIVE_IDLE, (int64_t)SEC(10));
    SET(KEEPALIVE_INTERVAL, (int64_t)SEC(5));
    SET(KEEPALIVE_PROBES, 4);
    SET(KEEPALIVE, 1);
}

static void hist_124_vanished_peer_is_noticed_while_idle(void **state)
{
    (void)state;
    OPEN(.mss = 1000);
    set_keepalive();
    EXPECT_AFTER(SEC(10), .flags = ACK, .seq = 0, .ack = 1);
    for (uint32_t i = 0; i < 3; i++) {
        EXPECT_AFTER(SEC(5), .flags = ACK, .seq = 0, .ack = 1);
    }
    EXPECT_AFTER(SEC(5), .flags = RST | ACK, .seq = 1, .ack = 1);
    EVENT_CLOSED(TIMED_OUT);
    CLOSE();
    EXPECT_FREE();
}

// With data in flight R2 or the user timeout ends it, with and without keep-alive.
static void hist_124_vanished_peer_is_noticed_with_data_in_flight(void **state)
{
    for (uint32_t i = 0; i < 4; i++) {
        hist_begin_again(state);
        OPEN(.mss = 1000);
        if ((i & 1) != 0) {
            set_keepalive();
        }
        if ((i & 2) != 0) {
            SET(USER_TIMEOUT, (int64_t)SEC(20));
        }
        WRITE(100);
        wait((i & 2) != 0 ? SEC(21) : SEC(1000));
        while (synfin_stack_next_event(bench.stack, &bench.event)
               && bench.event.kind != SYNFIN_EVENT_CLOSED) {
        }
        CHECK_EQ(bench.event.kind, SYNFIN_EVENT_CLOSED);
        RESULT(bench.event.error, TIMED_OUT);
        CLOSE();
        EXPECT_FREE();
    }
}

static void hist_124_vanished_peer_is_noticed_at_a_shut_window(void **state)
{
    for (uint32_t i = 0; i < 2; i++) {
        hist_begin_again(state);
        OPEN(.mss = 1000);
        if (i == 1) {
            SET(USER_TIMEOUT, (int64_t)SEC(20));
        }
        SEND(.flags = ACK, .seq = 1, .ack = 1, .window = SHUT);
        WRITE(100);
        wait(i == 1 ? SEC(21) : SEC(1200));
        while (synfin_stack_next_event(bench.stack, &bench.event)
               && bench.event.kind != SYNFIN_EVENT_CLOSED) {
        }
        CHECK_EQ(bench.event.kind, SYNFIN_EVENT_CLOSED);
        RESULT(bench.event.error, TIMED_OUT);
        CLOSE();
        EXPECT_FREE();
    }
}

// Nothing is lost for good: the acknowledgment that was lost is asked for again.
static void hist_124_lost_acknowledgment_is_asked_for_again(void **state)
{
    (void)state;
    OPEN(.mss = 1000);
    WRITE(100);
    EXPECT(.flags = PSH | ACK, .seq = 1, .ack = 1, .data = 100);
    EXPECT_AFTER(SEC(1), .flags = PSH | ACK, .seq = 1, .ack = 1, .data = 100);
    SEND(.flags = ACK, .seq = 1, .ack = 101);
    ADVANCE(SEC(100));
    EXPECT_NOTHING();
    IN_STATE(ESTABLISHED);
}

static const struct CMUnitTest tests[] = {
    SEGMENT_TEST(hist_114_close_before_a_silent_peer_ends),
    SEGMENT_TEST(hist_114_close_before_a_peer_that_answers_ends),
    SEGMENT_TEST(hist_114_close_before_a_peer_that_sends_ends_at_once),
    SEGMENT_TEST(hist_114_close_before_a_peer_that_reads_is_in_order),
    SEGMENT_TEST(hist_115_shut_windows_hold_nothing_for_ever),
    SEGMENT_TEST(hist_118_passive_close_with_data_in_flight_ends),
    SEGMENT_TEST(hist_124_vanished_peer_is_noticed_while_idle),
    SEGMENT_TEST(hist_124_vanished_peer_is_noticed_with_data_in_flight),
    SEGMENT_TEST(hist_124_vanished_peer_is_noticed_at_a_shut_window),
    SEGMENT_TEST(hist_124_lost_acknowledgment_is_asked_for_again),
};
SEGMENT_MAIN(tests)
