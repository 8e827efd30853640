// SPDX-License-Identifier: MIT
//
// Shared steps; see hist_steps.h.
#include "hist_steps.h"

#include <stdlib.h>
#include <string.h>

void hist_begin_again(void **state)
{
    (void)segment_teardown(state);
    (void)segment_setup(state);
}

void hist_take_events(void)
{
    struct synfin_event event;
    while (synfin_stack_next_event(bench.stack, &event)) {
    }
}

void hist_open(const struct segment *syn, struct segment_place at)
{
    segment_listen(8, at);
    segment_send(syn, at);
    struct segment answer = {.flags = SYN | ACK, .ack = 1};
    struct segment third = {.flags = ACK, .seq = 1, .ack = 1, .window = syn->window};
    answer.ts.is_set = third.ts.is_set = syn->ts.is_set;
    answer.ts.ecr = third.ts.val = syn->ts.val;
    segment_expect(&answer, 0, at);
    third.ts.ecr = bench.last.ts_val;
    segment_send(&third, at);
    segment_accept(at);
    hist_take_events();
    bench.stack_nxt = bench.peer_nxt = 1;
}

void hist_read_all(uint32_t bytes, struct segment_place at)
{
    size_t received;
    while (bytes > 0) {
        segment_result(segment_user_recv(bytes, &received), SYNFIN_ERROR_OK, at);
        segment_check(received > 0, "recv makes progress", at);
        bytes -= (uint32_t)received;
    }
    segment_result(segment_user_recv(1, &received), SYNFIN_ERROR_AGAIN, at);
}

uint64_t hist_drops(void)
{
    uint64_t drops = 0;
    for (uint32_t i = 0; i < SYNFIN_REASON_COUNT; i++) {
        enum synfin_reason reason = (enum synfin_reason)i;
        if (strncmp(synfin_reason_name(reason), "DROP_", 5) == 0) {
            drops += synfin_stack_count(bench.stack, reason);
        }
    }
    return drops;
}

void hist_give(const uint8_t *packet, uint32_t bytes)
{
    struct synfin_packet wrapped;
    uint8_t *copy = malloc(bytes); // exactly as long as the packet, for the sanitizers
    assert_non_null(copy);
    memcpy(copy, packet, bytes);
    synfin_packet_wrap(&wrapped, copy, bytes);
    synfin_stack_input(bench.stack, 0, &wrapped, 1, bench.now_ns);
    free(copy);
}

static uint32_t sum(uint32_t so_far, const uint8_t *octets, uint32_t bytes)
{
    for (uint32_t i = 0; i < bytes; i++) {
        so_far += i % 2 == 0 ? (uint32_t)octets[i] << 8 : octets[i];
        so_far = (so_far & 0xffff) + (so_far >> 16);
    }
    return so_far;
}

static void store(uint8_t *at, uint32_t checksum)
{
    at[0] = (uint8_t)(~checksum >> 8 & 0xff);
    at[1] = (uint8_t)(~checksum & 0xff);
}

void hist_fix_checksums(uint8_t *packet, uint32_t bytes)
{
    enum { TCP = 6, CHECKSUM_AT = 16 };
    bool is_v4 = packet[0] >> 4 == 4;
    uint32_t header = is_v4 ? (packet[0] & 15u) * 4 : 40;
    if (is_v4 && header >= 20 && header <= bytes) {
        packet[10] = packet[11] = 0;
        store(packet + 10, sum(0, packet, header));
    }
    uint32_t end =
        is_v4 ? (uint32_t)packet[2] << 8 | packet[3] : 40 + ((uint32_t)packet[4] << 8 | packet[5]);
    if (end > bytes || end < header + 20) {
        return;
    }
    uint32_t length = end - header;
    packet[header + CHECKSUM_AT] = packet[header + CHECKSUM_AT + 1] = 0;
    uint32_t total = is_v4 ? sum(0, packet + 12, 8) : sum(0, packet + 8, 32);
    total = sum(TCP + total + length, packet + header, length);
    store(packet + header + CHECKSUM_AT, total);
}

void hist_inject(struct segment_wire segment)
{
    static const struct synfin_addr unspecified;
    static uint8_t packet[SEGMENT_WIRE_MAX];
    if (synfin_addr_equal(&segment.src, &unspecified)) {
        segment.src = bench.theirs;
        segment.dst = bench.ours;
    }
    hist_give(packet, segment_wire_build(&segment, packet));
}

uint32_t hist_drain(uint64_t *octets)
{
    struct synfin_packet packets[16];
    uint32_t all = 0;
    uint32_t n;
    while ((n = synfin_stack_output(bench.stack, 0, packets, COUNT_OF(packets), bench.now_ns))
           > 0) {
        all += n;
        for (uint32_t i = 0; i < n && octets != NULL; i++) {
            *octets += packets[i].bytes;
        }
    }
    return all;
}

struct synfin_addr hist_addr(const char *v4, const char *v6)
{
    struct synfin_addr addr;
    RESULT(synfin_addr_parse(bench.version == 4 ? v4 : v6, &addr), OK);
    return addr;
}

uint64_t hist_by_state(enum synfin_tcp_state state)
{
    struct synfin_stack_stats stats = {.size = sizeof stats};
    synfin_stack_stats(bench.stack, &stats);
    return stats.by_state[state];
}

uint64_t hist_connections(void)
{
    uint64_t n = 0;
    for (uint32_t i = SYNFIN_TCP_STATE_SYN_SENT; i < SYNFIN_TCP_STATE_COUNT; i++) {
        n += hist_by_state((enum synfin_tcp_state)i);
    }
    return n;
}
