// SPDX-License-Identifier: MIT
//
// Shapes: Q10. Initial sequence numbers, timestamps and ports follow from keys that a stack draws
// when it begins. Nothing else may: comparisons of numbers work anywhere on their circle (RFC 9293
// §3.4), so that of two runs of one world with different keys each segment has the same shape.
#include <inttypes.h>
#include <stdlib.h>

#include "sim/oracle_subjects.h"

void oracle_follow(struct oracle *oracle, struct oracle_trail *trail)
{
    oracle->trail = trail;
    trail->at = 0;
}

void oracle_trail_deinit(struct oracle_trail *trail)
{
    free(trail->shape);
    *trail = (struct oracle_trail){0};
}

static void add(struct oracle_trail *trail, uint64_t shape)
{
    if (trail->count == trail->room) {
        trail->room = trail->room == 0 ? 1024 : 2 * trail->room;
        trail->shape = oracle_allocate(trail->shape, (size_t)trail->room * sizeof *trail->shape);
    }
    trail->shape[trail->count++] = shape;
}

// What keys have no part in.
static uint64_t shape_of_frame(const struct oracle_sight *sight, uint32_t number)
{
    const struct oracle_packet *packet = sight->packet;
    uint64_t shape = oracle_mix((uint64_t)sight->host->id << 32 | number, sight->now_ns);
    shape = oracle_mix(shape, (uint64_t)packet->datagram_bytes << 32 | packet->payload_bytes);
    shape = oracle_mix(shape, (uint64_t)packet->flags << 32 | packet->window);
    shape = oracle_mix(shape, (uint64_t)packet->mss << 32 | (uint16_t)packet->wscale);
    return oracle_mix(shape, (uint64_t)packet->traffic_class << 32 | packet->sack_blocks);
}

// Numbers of its own and of its peer, from their first ones on.
static uint64_t shape_of_numbers(const struct oracle_sight *sight)
{
    const struct oracle_packet *packet = sight->packet;
    struct oracle_end *end = sight->end;
    uint64_t shape = oracle_mix(sight->seq, sight->ack);
    for (uint32_t i = 0; i < packet->sack_blocks && end->has_irs; i++) {
        shape = oracle_mix(shape, (uint64_t)(packet->sack[i].left - end->irs) << 32
                                      | (packet->sack[i].right - end->irs));
    }
    if (!packet->has_timestamps) {
        return shape;
    }
    if (!end->has_ts_first) {
        end->ts_first = packet->ts_val;
        end->has_ts_first = true;
    }
    bool has_echo = end->peer != NULL && end->peer->has_ts_first && packet->ts_ecr != 0;
    uint32_t echo = has_echo ? packet->ts_ecr - end->peer->ts_first : 0;
    return oracle_mix(shape, (uint64_t)(packet->ts_val - end->ts_first) << 32 | echo);
}

void oracle_shape_on_sent(const struct oracle_sight *sight, uint32_t number)
{
    struct oracle_trail *trail = sight->host->oracle->trail;
    if (trail == NULL || number == 0) { // answers to strangers go in any order
        return;
    }
    uint64_t shape = shape_of_frame(sight, number);
    bool is_reset = (sight->packet->flags & ORACLE_RST) != 0;
    if (sight->end != NULL && !is_reset) { // a reset has numbers of what it answers
        shape = oracle_mix(shape, shape_of_numbers(sight));
    }
    if (!trail->is_whole) {
        add(trail, shape);
        return;
    }
    uint64_t at = trail->at++;
    if (at >= trail->count || trail->shape[at] != shape) {
        oracle_fail_host(sight->host, ORACLE_Q10, sight->now_ns,
                         "segment %" PRIu64 " of %" PRIu64
                         ", of connection %u, is another one with other keys (%s)",
                         at, trail->count, number,
                         synfin_reason_name((enum synfin_reason)sight->reason));
        sight->host->oracle->trail = NULL; // the first difference says it all
    }
}

void oracle_shape_on_finish(struct oracle *oracle, uint64_t now_ns)
{
    const struct oracle_trail *trail = oracle->trail;
    if (trail != NULL && trail->is_whole && trail->at != trail->count) {
        oracle_fail_host(&oracle->host[0], ORACLE_Q10, now_ns,
                         "%" PRIu64 " segments, %" PRIu64 " with other keys", trail->at,
                         trail->count);
    }
}
