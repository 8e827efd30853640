// SPDX-License-Identifier: MIT
//
// Steps of the tests about the path's MTU; see mtu_steps.h.
#include "mtu_steps.h"

uint32_t mtu_payload(uint32_t mtu_bytes)
{
    return mtu_bytes - (bench.version == 4 ? 40 : 60);
}

void mtu_open(enum synfin_mtu_probing probing, uint32_t mtu_bytes, bool has_sack,
              struct segment_place at)
{
    struct synfin_event event;
    segment_config()->congestion = SYNFIN_CONGESTION_NEWRENO;
    segment_config()->initial_window_segments = 20;
    segment_config()->mtu_probing = probing;
    segment_listen(1, at);
    struct segment syn = {
        .flags = SYN, .mss = (uint16_t)mtu_payload(mtu_bytes), .sack_ok = has_sack};
    segment_send(&syn, at);
    segment_expect(&(struct segment){.flags = SYN | ACK, .ack = 1, .sack_ok = has_sack}, 0, at);
    segment_advance(MS(100), at);
    segment_send(&(struct segment){.flags = ACK, .seq = 1, .ack = 1}, at);
    segment_accept(at);
    while (synfin_stack_next_event(bench.stack, &event)) {
    }
    segment_conn()->rtt.srtt_ns = segment_conn()->rtt.min_ns = MS(100);
}

void mtu_too_big(uint32_t mtu_bytes, uint32_t seq, struct segment_place at)
{
    static const uint8_t v4[2] = {3, 4};
    static const uint8_t v6[2] = {2, 0};
    segment_icmp(bench.version == 4 ? v4 : v6, mtu_bytes, seq, at);
}

void mtu_probe(uint32_t segments, bool has_sack, struct segment_place at)
{
    mtu_open(SYNFIN_MTU_PROBING_ALWAYS, 1500, has_sack, at);
    segment_equal(segment_conn()->pmtu_bytes, 1280, "the first size", at);
    segment_result(segment_user_send(FULL + segments * BASE), SYNFIN_ERROR_OK, at);
    segment_expect(
        &(struct segment){
            .flags = ACK, .seq = 1, .ack = 1, .data = FULL, .reason = SYNFIN_REASON_SEND_MTU_PROBE},
        0, at);
    steps_expect_run(1 + FULL, 1 + FULL + segments * BASE, BASE, true, at);
    segment_expect_nothing(at);
    segment_advance(MS(100), at);
}
