// SPDX-License-Identifier: MIT
//
// Steps that the tests about data share; see data_steps.h.
#include "data_steps.h"

static void take_events(void)
{
    struct synfin_event event;
    while (synfin_stack_next_event(bench.stack, &event)) {
    }
}

void steps_open(const struct segment *syn, struct segment_place at)
{
    segment_listen(8, at);
    segment_send(syn, at);
    struct segment answer = {.flags = SYN | ACK, .ack = 1};
    struct segment third = {.flags = ACK, .seq = 1, .ack = 1, .window = syn->window};
    answer.ts.is_set = third.ts.is_set = syn->ts.is_set;
    answer.ts.ecr = third.ts.val = syn->ts.val;
    segment_expect(&answer, 0, at);
    segment_send(&third, at);
    segment_accept(at);
    take_events();
    bench.stack_nxt = bench.peer_nxt = 1;
}

void steps_open_timed(bool is_paced, struct segment_place at)
{
    enum { MSS = 1000, SEGMENTS = 10 }; // RFC 6928
    segment_config()->use_pacing = is_paced;
    segment_connect(at);
    segment_expect(&(struct segment){.flags = SYN}, 0, at);
    segment_advance(MS(40), at);
    segment_send(&(struct segment){.flags = SYN | ACK, .ack = 1, .mss = MSS}, at);
    segment_expect(&(struct segment){.flags = ACK, .seq = 1, .ack = 1}, 0, at);
    take_events();
    segment_result(segment_user_send(SEGMENTS * MSS), SYNFIN_ERROR_OK, at);
    steps_expect_run(1, SEGMENTS * MSS + 1, MSS, true, at);
    segment_advance(MS(40), at);
    segment_send(&(struct segment){.flags = ACK, .seq = 1, .ack = SEGMENTS * MSS + 1}, at);
}

void steps_expect_run(uint32_t seq, uint32_t end, uint32_t mss, bool is_all,
                      struct segment_place at)
{
    while (seq < end) {
        uint32_t bytes = end - seq < mss ? end - seq : mss;
        bool is_last = is_all && seq + bytes == end;
        struct segment want = {.flags = ACK, .seq = seq, .ack = 1, .data = bytes};
        want.flags |= is_last ? PSH : 0;
        segment_expect(&want, 0, at);
        seq += bytes;
    }
}

void steps_host_unreachable(uint32_t seq, struct segment_place at)
{
    static const uint8_t v4[2] = {3, 1};
    static const uint8_t v6[2] = {1, 3};
    segment_icmp(bench.version == 4 ? v4 : v6, 0, seq, at);
}

void steps_begin_again(void **state)
{
    (void)segment_teardown(state);
    (void)segment_setup(state);
}
