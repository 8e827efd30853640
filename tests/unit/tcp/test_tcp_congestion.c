// SPDX-License-Identifier: MIT
//
// Congestion control as sockets see it: the choice by name, what a listener's connections begin
// with, and what reaches the algorithm from the wire.
#include <string.h>

#include "data_steps.h"
#include "tcp/tcp_internal.h"

static const char *name_of(synfin_socket socket)
{
    const char *name = NULL;
    CHECK_EQ(synfin_socket_congestion(bench.stack, socket, &name), SYNFIN_ERROR_OK);
    return name;
}

static enum synfin_error choose(synfin_socket socket, const char *name)
{
    return synfin_socket_set_congestion(bench.stack, socket, name);
}

static void connection_begins_with_the_configured_algorithm(void **state)
{
    (void)state;
    segment_config()->congestion = SYNFIN_CONGESTION_NEWRENO;
    OPEN(.mss = 1000);
    CHECK_EQ(strcmp(name_of(bench.socket), "newreno"), 0);
    CHECK_EQ(segment_conn()->cc.ops == &tcp_cc_newreno, true);
}

static void default_is_cubic(void **state)
{
    (void)state;
    OPEN(.mss = 1000);
    CHECK_EQ(strcmp(name_of(bench.socket), "cubic"), 0);
    CHECK_EQ(segment_conn()->cc.ops == &tcp_cc_cubic, true);
}

static void unknown_name_is_refused_and_changes_nothing(void **state)
{
    (void)state;
    OPEN(.mss = 1000);
    CHECK_EQ(choose(bench.socket, "vegas"), SYNFIN_ERROR_INVALID);
    CHECK_EQ(choose(bench.socket, ""), SYNFIN_ERROR_INVALID);
    CHECK_EQ(strcmp(name_of(bench.socket), "cubic"), 0);
}

static void open_connection_changes_over_with_its_window(void **state)
{
    (void)state;
    OPEN(.mss = 1000);
    WRITE(8000);
    EXPECT_RUN_ALL(1, 8001, 1000);
    for (uint32_t i = 0; i < 3; i++) {
        SEND_ACK(1);
    }
    EXPECT(.flags = ACK, .seq = 1, .ack = 1, .data = 1000);
    CHECK_EQ(segment_conn()->cc.ssthresh_bytes, 5600); // 0.7 of 8000
    SEND_ACK(8001);
    uint32_t cwnd = segment_conn()->cc.cwnd_bytes;
    CHECK_EQ(choose(bench.socket, "reno"), SYNFIN_ERROR_OK);
    CHECK_EQ(strcmp(name_of(bench.socket), "newreno"), 0);
    CHECK_EQ(segment_conn()->cc.ops == &tcp_cc_newreno, true);
    CHECK_EQ(segment_conn()->cc.cwnd_bytes, cwnd);
    CHECK_EQ(segment_conn()->cc.ssthresh_bytes, 5600);
}

static void listener_gives_its_choice_to_what_it_accepts(void **state)
{
    (void)state;
    LISTEN(1);
    CHECK_EQ(choose(bench.listener, "newreno"), SYNFIN_ERROR_OK);
    SEND(.flags = SYN, .mss = 1000);
    EXPECT(.flags = SYN | ACK, .ack = 1);
    SEND(.flags = ACK, .seq = 1, .ack = 1);
    ACCEPT();
    CHECK_EQ(strcmp(name_of(bench.socket), "newreno"), 0);
    CHECK_EQ(segment_conn()->cc.ops == &tcp_cc_newreno, true);
}

// The whole way of a sample: TSecr, the round, HyStart++.
static void echoed_timestamps_reach_slow_start(void **state)
{
    (void)state;
    enum { PAYLOAD = 1000 - 12 };
    OPEN(.mss = 1000, .ts = TS(1, 0));
    uint32_t una = 1;
    for (uint32_t round = 0; round < 2; round++) {
        WRITE(8 * PAYLOAD);
        segment_forget_sent();
        ADVANCE(MS(30));
        for (uint32_t i = 0; i < 8; i++) {
            una += PAYLOAD;
            SEND(.flags = ACK, .seq = 1, .ack = una,
                 .ts = TS(2, tcp_paws_now(segment_conn(), bench.now_ns) - 30U));
        }
    }
    CHECK_EQ(segment_conn()->cc.own.cubic.hystart.last_round_min_us, 30000);
}

static const struct CMUnitTest tests[] = {
    SEGMENT_TEST(connection_begins_with_the_configured_algorithm),
    SEGMENT_TEST(default_is_cubic),
    SEGMENT_TEST(unknown_name_is_refused_and_changes_nothing),
    SEGMENT_TEST(open_connection_changes_over_with_its_window),
    SEGMENT_TEST(listener_gives_its_choice_to_what_it_accepts),
    SEGMENT_TEST(echoed_timestamps_reach_slow_start),
};

SEGMENT_MAIN(tests)
