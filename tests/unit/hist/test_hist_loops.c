// SPDX-License-Identifier: MIT
//
// docs/history.md, rows 105 to 108: answers to what is not acceptable, one at most for each, with
// our own numbers, and without a trace in memory when they are not sent.
#include "hist_steps.h"

static void hist_105_challenge_has_our_numbers_and_its_reset_closes(void **state)
{
    static const uint32_t numbers[] = {0, 2, 70000, UINT32_C(1) << 31, UINT32_MAX};
    for (size_t i = 0; i < COUNT_OF(numbers); i++) {
        hist_begin_again(state);
        OPEN(.mss = 1000);
        WRITE(20);
        EXPECT(.flags = PSH | ACK, .seq = 1, .ack = 1, .data = 20);
        SEND(.flags = SYN, .seq = numbers[i]); // the peer began anew
        EXPECT(.flags = ACK, .seq = 21, .ack = 1, WHY(SEND_CHALLENGE_SYN));
        SEND(.flags = RST, .seq = 1); // <SEQ=SEG.ACK> of the challenge
        EVENT_CLOSED(RESET);
        EXPECT_NOTHING();
        EXPECT_FREE();
    }
}

// Challenges beyond the limit are not sent: what was begun for them is given back.
static void hist_106_challenges_leave_memory_as_it_was(void **state)
{
    uint64_t times = test_rows_times(20000);
    (void)state;
    OPEN(.mss = 1000);
    struct synfin_stack_stats before = {.size = sizeof before};
    struct synfin_stack_stats after = {.size = sizeof after};
    synfin_stack_stats(bench.stack, &before);
    uint32_t sent = 0;
    for (uint64_t i = 0; i < times; i++) {
        struct segment_wire shot = {.src_port = bench.peer_port,
                                    .dst_port = bench.stack_port,
                                    .seq = bench.irs + 2 + (uint32_t)i % 60000,
                                    .flags = i % 2 == 0 ? RST : SYN,
                                    .wscale = -1};
        hist_inject(shot);
        sent += hist_drain(NULL);
        bench.now_ns += 10000;
    }
    uint64_t seconds = times / 100000 + 1;
    CHECK(sent >= 10 && sent <= 10 * (seconds + 1));
    synfin_stack_stats(bench.stack, &after);
    CHECK_EQ(after.memory_bytes, before.memory_bytes);
    CHECK_EQ(after.memory_used_bytes, before.memory_used_bytes);
    IN_STATE(ESTABLISHED);
}

// One segment, at most one answer; pure acknowledgments of what is known have none.
static void hist_108_one_segment_has_one_answer_at_most(void **state)
{
    static const uint32_t offs[] = {0, 1, UINT32_MAX, 1000, 70000, UINT32_C(1) << 31};
    for (uint32_t i = 0; i < SYNFIN_TCP_STATE_COUNT; i++) {
        if (i == SYNFIN_TCP_STATE_SYN_SENT) {
            continue; // RST and SYN answer a challenge there: row 112
        }
        for (uint32_t k = 0; k < COUNT_OF(offs) * COUNT_OF(offs); k++) {
            hist_begin_again(state);
            segment_reach((enum synfin_tcp_state)i, HERE);
            segment_forget_sent();
            SEND(.flags = ACK, .seq = bench.peer_nxt + offs[k / COUNT_OF(offs)],
                 .ack = bench.stack_nxt + offs[k % COUNT_OF(offs)]);
            uint32_t answers = hist_drain(NULL);
            CHECK(answers <= (k == 0 && i >= SYNFIN_TCP_STATE_ESTABLISHED ? 0 : 1));
        }
    }
}

// What waits for the device is given in pieces of the size that was asked for, and only once.
static void hist_108_output_keeps_to_what_was_asked_for(void **state)
{
    enum { MSS = 536, SEGMENTS = 10 };
    struct synfin_packet packets[SEGMENTS];
    (void)state;
    OPEN(.mss = MSS);
    WRITE(MSS * SEGMENTS);
    uint32_t all = 0;
    for (uint32_t max = 1; all < SEGMENTS; max++) {
        uint32_t n = synfin_stack_output(bench.stack, 0, packets, max, bench.now_ns);
        CHECK(n >= 1 && n <= max);
        all += n;
    }
    CHECK_EQ(all, SEGMENTS);
    CHECK_EQ(synfin_stack_output(bench.stack, 0, packets, SEGMENTS, bench.now_ns), 0);
}

static const struct CMUnitTest tests[] = {
    SEGMENT_TEST(hist_105_challenge_has_our_numbers_and_its_reset_closes),
    SEGMENT_TEST(hist_106_challenges_leave_memory_as_it_was),
    SEGMENT_TEST(hist_108_one_segment_has_one_answer_at_most),
    SEGMENT_TEST(hist_108_output_keeps_to_what_was_asked_for),
};
SEGMENT_MAIN(tests)
