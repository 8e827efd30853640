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

// An algorithm with state of its own, and no memory for it.
static void algorithm_without_memory_is_refused_and_changes_nothing(void **state)
{
    (void)state;
    OPEN(.mss = 1000);
    uint32_t cwnd = segment_conn()->cc.cwnd_bytes;
    bench.tcp->cc_states.objects_max = 0;
    CHECK_EQ(choose(bench.socket, "bbr"), SYNFIN_ERROR_NO_MEMORY);
    CHECK_EQ(strcmp(name_of(bench.socket), "cubic"), 0);
    CHECK_EQ(segment_conn()->cc.ops == &tcp_cc_cubic, true);
    CHECK_EQ(segment_conn()->cc.cwnd_bytes, cwnd);
    bench.tcp->cc_states.objects_max = 1;
    CHECK_EQ(choose(bench.socket, "bbr"), SYNFIN_ERROR_OK);
    CHECK_EQ(bench.tcp->cc_states.objects, 1);
    CHECK_EQ(segment_conn()->cc.cwnd_bytes, cwnd);
    CHECK_EQ(choose(bench.socket, "reno"), SYNFIN_ERROR_OK);
    CHECK_EQ(bench.tcp->cc_states.objects, 0);
}

static void connection_without_memory_begins_with_the_default_algorithm(void **state)
{
    (void)state;
    segment_config()->congestion = SYNFIN_CONGESTION_BBR;
    LISTEN(1);
    bench.tcp->cc_states.objects_max = 0;
    SEND(.flags = SYN, .mss = 1000);
    EXPECT(.flags = SYN | ACK, .ack = 1);
    SEND(.flags = ACK, .seq = 1, .ack = 1);
    REASON(CC_NO_MEMORY);
    ACCEPT();
    CHECK_EQ(strcmp(name_of(bench.socket), "cubic"), 0);
    CHECK_EQ(strcmp(name_of(bench.listener), "bbr"), 0);
}

// The block's state is there from the SYN to the end, whatever the end.
static void state_lives_as_long_as_the_connection(void **state)
{
    (void)state;
    segment_config()->congestion = SYNFIN_CONGESTION_BBR;
    OPEN(.mss = 1000);
    CHECK_EQ(bench.tcp->cc_states.objects, 1);
    WRITE(3000);
    segment_forget_sent();
    ADVANCE(MS(100));
    SEND_ACK(3001);
    CHECK_EQ(segment_conn()->cc.pacing_rate > 0, true);
    SEND(.flags = RST, .seq = 1);
    CHECK_EQ(bench.tcp->cc_states.objects, 0);
    CHECK_EQ(choose(bench.socket, "bbr"), SYNFIN_ERROR_OK); // for nothing
    CHECK_EQ(bench.tcp->cc_states.objects, 0);
}

static const struct CMUnitTest tests[] = {
    SEGMENT_TEST(connection_begins_with_the_configured_algorithm),
    SEGMENT_TEST(default_is_cubic),
    SEGMENT_TEST(unknown_name_is_refused_and_changes_nothing),
    SEGMENT_TEST(open_connection_changes_over_with_its_window),
    SEGMENT_TEST(listener_gives_its_choice_to_what_it_accepts),
    SEGMENT_TEST(echoed_timestamps_reach_slow_start),
    SEGMENT_TEST(algorithm_without_memory_is_refused_and_changes_nothing),
    SEGMENT_TEST(connection_without_memory_begins_with_the_default_algorithm),
    SEGMENT_TEST(state_lives_as_long_as_the_connection),
};

SEGMENT_MAIN(tests)
