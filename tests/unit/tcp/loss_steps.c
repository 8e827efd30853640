// SPDX-License-Identifier: MIT
//
// Steps of the tests about losses; see loss_steps.h.
#include "loss_steps.h"

#include "tcp/tcp_recovery.h"

enum { TIMESTAMPS_BYTES = 12 };

void loss_open(uint32_t window_segments, bool has_ts, struct segment_place at)
{
    struct synfin_event event;
    segment_config()->congestion = SYNFIN_CONGESTION_NEWRENO;
    segment_config()->initial_window_segments = (uint8_t)window_segments;
    segment_listen(1, at);
    struct segment syn = {
        .flags = SYN,
        .mss = (uint16_t)(LOSS_SEGMENT + (has_ts ? TIMESTAMPS_BYTES : 0)),
        .sack_ok = true,
        .ts = {has_ts, LOSS_TS, 0},
    };
    segment_send(&syn, at);
    segment_expect(
        &(struct segment){
            .flags = SYN | ACK, .ack = 1, .sack_ok = true, .ts = {has_ts, 0, LOSS_TS}},
        0, at);
    segment_advance(MS(100), at);
    struct segment third = {
        .flags = ACK, .seq = 1, .ack = 1, .ts = {has_ts, LOSS_TS, bench.last.ts_val}};
    segment_send(&third, at);
    segment_accept(at);
    while (synfin_stack_next_event(bench.stack, &event)) {
    }
    struct tcp_rtt *rtt = &segment_conn()->rtt;
    segment_check(rtt->srtt_ns > MS(99) && rtt->srtt_ns <= MS(100), "SRTT is 100 ms", at);
    rtt->srtt_ns = 0; // a half-open connection counts more coarsely
    tcp_rtt_sample(segment_conn(), MS(100), bench.now_ns);
}

void loss_fly(uint32_t segments, uint32_t more, struct segment_place at)
{
    bool has_ts = segment_conn()->uses_timestamps;
    segment_result(segment_user_send(segments * LOSS_SEGMENT + more), SYNFIN_ERROR_OK, at);
    for (uint32_t i = 0; i < segments; i++) {
        bool is_last = i + 1 == segments && more == 0;
        struct segment want = {.flags = (uint16_t)(ACK | (is_last ? PSH : 0)),
                               .seq = 1 + i * LOSS_SEGMENT,
                               .ack = 1,
                               .data = LOSS_SEGMENT,
                               .ts = {has_ts, 0, LOSS_TS}};
        segment_expect(&want, 0, at);
    }
    segment_expect_nothing(at);
    segment_advance(MS(100), at);
}

void loss_of_first(struct segment_place at)
{
    loss_open(10, false, at);
    loss_fly(10, 0, at);
    segment_send(&(struct segment){.flags = ACK, .seq = 1, .ack = 1, .sack = {{1001, 4001}}}, at);
    segment_expect(&(struct segment){.flags = ACK, .seq = 1, .ack = 1, .data = LOSS_SEGMENT}, 0,
                   at);
}

struct tcp_loss *loss_part(struct segment_place at)
{
    segment_check(segment_conn()->loss != NULL, "something is in flight", at);
    return segment_conn()->loss;
}
