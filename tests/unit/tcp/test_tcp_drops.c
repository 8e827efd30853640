// SPDX-License-Identifier: MIT
//
// Refusals that no other test is about, each with its reason and counter: segments that the network
// layer keeps away from TCP already, combinations of flags, the limits on memory and on resets.
#include "lib/segment.h"

// Below the network layer's own checks, as if that had none.
static void arrive(const struct synfin_addr *from, uint16_t flags, uint16_t port)
{
    static uint8_t octets[SEGMENT_WIRE_MAX];
    struct segment_wire segment = {
        .src = *from,
        .dst = bench.ours,
        .src_port = port,
        .dst_port = bench.stack_port,
        .flags = flags,
        .wscale = -1,
    };
    uint32_t header = bench.version == 4 ? 20 : 40;
    uint32_t bytes = segment_wire_build(&segment, octets) - header;
    struct tcp_arrival arrival = {
        .src = segment.src,
        .dst = segment.dst,
        .head = octets + header,
        .head_bytes = bytes,
        .path = bench.tcp->answer[0],
    };
    gather_of_octets(&arrival.segment, octets + header, bytes);
    segment_step(HERE);
    tcp_input(bench.tcp, &arrival, bench.now_ns);
}

// RFC 9293 §3.9.2.3 [MUST-57, MUST-63]
static void segment_of_a_group_or_of_nobody_is_dropped(void **state)
{
    struct synfin_addr group;
    struct synfin_addr nobody;
    (void)state;
    LISTEN(4);
    assert_int_equal(synfin_addr_parse(bench.version == 4 ? "224.0.0.1" : "ff02::1", &group),
                     SYNFIN_ERROR_OK);
    assert_int_equal(synfin_addr_parse(bench.version == 4 ? "0.0.0.0" : "::", &nobody),
                     SYNFIN_ERROR_OK);
    arrive(&group, SYN, 40000);
    REASON(DROP_TCP_ADDRESS);
    arrive(&nobody, SYN, 40000);
    REASON(DROP_TCP_ADDRESS);
    EXPECT_NOTHING();
}

// hist/86: even without the network layer's check of the source.
static void hist_86_segment_from_its_own_destination_is_dropped(void **state)
{
    (void)state;
    LISTEN(4);
    arrive(&bench.ours, SYN, bench.stack_port);
    REASON(DROP_TCP_LAND);
    EXPECT_NOTHING();
    EXPECT_FREE();
}

static void syn_with_fin_is_dropped(void **state)
{
    (void)state;
    LISTEN(4);
    SEND(.flags = SYN | FIN);
    REASON(DROP_TCP_FLAGS);
    EXPECT_NOTHING();
    EXPECT_FREE();
}

static void crossed_syn_with_fin_is_dropped(void **state)
{
    (void)state;
    CONNECT();
    EXPECT(.flags = SYN);
    SEND(.flags = SYN | FIN);
    REASON(DROP_TCP_FLAGS);
    IN_STATE(SYN_SENT);
    EXPECT_NOTHING();
}

// RFC 5961 §7: a flood of segments to nowhere makes no flood of resets.
static void resets_to_nowhere_are_limited(void **state)
{
    (void)state;
    LISTEN(4);
    segment_without_iss();
    ADVANCE(SEC(1) - bench.now_ns % SEC(1)); // the beginning of a second
    for (uint32_t i = 0; i < TCP_RESETS_PER_SECOND; i++) {
        SEND(.flags = ACK, .ack = 1, .stack_port = 81);
        REASON(DROP_NO_CONNECTION);
        segment_forget_sent();
    }
    SEND(.flags = ACK, .ack = 1, .stack_port = 81);
    REASON(DROP_RST_LIMIT);
    EXPECT_NOTHING();
    SEND(.flags = ACK, .ack = 1); // what a listener resets counts as well
    REASON(DROP_RST_LIMIT);
    EXPECT_NOTHING();
    ADVANCE(MS(999));
    SEND(.flags = ACK, .ack = 1);
    REASON(DROP_RST_LIMIT);
    ADVANCE(MS(1));
    SEND(.flags = ACK, .ack = 1);
    EXPECT(.flags = RST, .seq = 1);
}

// What the memory limit refuses is not acknowledged, and so comes again.
static void data_beyond_the_memory_limit_is_not_acknowledged(void **state)
{
    (void)state;
    OPEN_PASSIVE();
    size_t limit_bytes = bench.tcp->memory->limit_bytes;
    bench.tcp->memory->limit_bytes = bench.tcp->memory->taken_bytes;
    SEND(.flags = PSH | ACK, .seq = 1, .ack = 1, .data = 100);
    REASON(DROP_NO_MEMORY);
    EXPECT_NOTHING();
    SEND(.flags = PSH | ACK, .seq = 101, .ack = 1, .data = 100);
    REASON(DROP_NO_ROOM_TO_KEEP);
    EXPECT(.flags = ACK, .seq = 1, .ack = 1);
    bench.tcp->memory->limit_bytes = limit_bytes;
    SEND(.flags = PSH | ACK, .seq = 1, .ack = 1, .data = 200);
    READ(200);
}

// With less than an eighth of the memory left, who holds much takes no more before it was read;
// what was refused was not acknowledged. Two segments are always taken.
static void who_holds_much_takes_no_more_while_memory_is_short(void **state)
{
    (void)state;
    OPEN_PASSIVE();
    for (uint32_t i = 0; i < 40; i++) {
        SEND(.flags = ACK, .seq = 1 + 1000 * i, .ack = 1, .data = 1000);
    }
    ADVANCE(MS(500));
    segment_forget_sent();
    size_t limit_bytes = bench.tcp->memory->limit_bytes;
    bench.tcp->memory->limit_bytes = bench.tcp->memory->taken_bytes;
    SEND(.flags = PSH | ACK, .seq = 40001, .ack = 1, .data = 1000);
    REASON(DROP_OVER_SHARE);
    EXPECT_WITHIN(MS(500), .flags = ACK, .seq = 1, .ack = 40001);
    READ(40000);
    segment_forget_sent();
    SEND(.flags = ACK, .seq = 40001, .ack = 1, .data = 1000);
    SEND(.flags = PSH | ACK, .seq = 41001, .ack = 1, .data = 1000);
    NO_REASON(DROP_OVER_SHARE);
    EXPECT_WITHIN(MS(500), .flags = ACK, .seq = 1, .ack = 42001);
    READ(2000);
    bench.tcp->memory->limit_bytes = limit_bytes;
}

// RFC 9293 §3.6.1 [SHLD-3]
static void data_that_nobody_will_read_resets(void **state)
{
    (void)state;
    OPEN_PASSIVE();
    CLOSE();
    EXPECT(.flags = FIN | ACK, .seq = 1, .ack = 1);
    SEND(.flags = PSH | ACK, .seq = 1, .ack = 2, .data = 5);
    CHECK(synfin_stack_count(bench.stack, SYNFIN_REASON_DROP_NO_READER) > 0);
    EXPECT(.flags = RST | ACK, .seq = 2, .ack = 1, WHY(SEND_RST_NO_READER));
    EXPECT_FREE();
}

// The limit on entries costs the oldest its rest, and nobody else anything.
static void one_more_in_time_wait_than_the_limit_ends_the_oldest(void **state)
{
    (void)state;
    segment_config()->time_wait_max = 1;
    REACH(TIME_WAIT);
    uint16_t stack_port = bench.stack_port;
    uint16_t peer_port = bench.peer_port;
    bench.stack_port = 81;
    bench.peer_port = 40001;
    LISTEN(4);
    SEND(.flags = SYN, .mss = 1460);
    EXPECT(.flags = SYN | ACK, .ack = 1);
    SEND(.flags = ACK, .seq = 1, .ack = 1);
    ACCEPT();
    SHUTDOWN(WRITE);
    EXPECT(.flags = FIN | ACK, .seq = 1, .ack = 1);
    SEND(.flags = FIN | ACK, .seq = 1, .ack = 2);
    EXPECT(.flags = ACK, .seq = 2, .ack = 2);
    CHECK_EQ(synfin_stack_count(bench.stack, SYNFIN_REASON_TIME_WAIT_EVICTED), 1);
    CHECK_EQ(segment_count(SYNFIN_TCP_STATE_TIME_WAIT), 1);
    IN_STATE(TIME_WAIT);
    bench.stack_port = stack_port;
    bench.peer_port = peer_port;
    CHECK(segment_stub(&bench.tcp->time_wait) == NULL);
}

static const struct CMUnitTest tests[] = {
    SEGMENT_TEST(segment_of_a_group_or_of_nobody_is_dropped),
    SEGMENT_TEST(hist_86_segment_from_its_own_destination_is_dropped),
    SEGMENT_TEST(syn_with_fin_is_dropped),
    SEGMENT_TEST(crossed_syn_with_fin_is_dropped),
    SEGMENT_TEST(resets_to_nowhere_are_limited),
    SEGMENT_TEST(data_beyond_the_memory_limit_is_not_acknowledged),
    SEGMENT_TEST(who_holds_much_takes_no_more_while_memory_is_short),
    SEGMENT_TEST(data_that_nobody_will_read_resets),
    SEGMENT_TEST(one_more_in_time_wait_than_the_limit_ends_the_oldest),
};

SEGMENT_MAIN(tests)
