// SPDX-License-Identifier: MIT
//
// Shapes: Q10. Initial sequence numbers, timestamps and ports follow from keys that a stack draws
// when it begins. Nothing else may: comparisons of numbers work anywhere on their circle (RFC 9293
// §3.4), so that of two runs of one world with different keys each segment has the same shape.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

static const char *const field_name[] = {
#define FIELD_NAME(code, name) name,
    ORACLE_SHAPE(FIELD_NAME)
#undef FIELD_NAME
};

static void add(struct oracle_trail *trail, const struct oracle_shape *shape)
{
    if (trail->count == trail->room) {
        trail->room = trail->room == 0 ? 1024 : 2 * trail->room;
        trail->shape = oracle_allocate(trail->shape, (size_t)trail->room * sizeof *trail->shape);
    }
    trail->shape[trail->count++] = *shape;
}

// What keys have no part in.
static void fill_frame(const struct oracle_sight *sight, uint32_t number, uint32_t *field)
{
    const struct oracle_packet *packet = sight->packet;
    field[ORACLE_SHAPE_MS] = (uint32_t)(sight->now_ns / 1000000);
    field[ORACLE_SHAPE_NS] = (uint32_t)(sight->now_ns % 1000000);
    field[ORACLE_SHAPE_HOST] = sight->host->id;
    field[ORACLE_SHAPE_CONN] = number;
    field[ORACLE_SHAPE_FLAGS] = packet->flags;
    field[ORACLE_SHAPE_OCTETS] = packet->datagram_bytes;
    field[ORACLE_SHAPE_PAYLOAD] = packet->payload_bytes;
    field[ORACLE_SHAPE_WINDOW] = packet->window;
    field[ORACLE_SHAPE_MSS] = packet->mss;
    field[ORACLE_SHAPE_WSCALE] = (uint16_t)packet->wscale;
    field[ORACLE_SHAPE_CLASS] = packet->traffic_class;
    field[ORACLE_SHAPE_BLOCKS] = packet->sack_blocks;
    field[ORACLE_SHAPE_REASON] = sight->reason;
}

// Numbers of its own and of its peer, from their first ones on.
static void fill_numbers(const struct oracle_sight *sight, uint32_t *field)
{
    const struct oracle_packet *packet = sight->packet;
    struct oracle_end *end = sight->end;
    uint64_t edges = 0;
    for (uint32_t i = 0; i < packet->sack_blocks && end->has_irs; i++) {
        edges = oracle_mix(edges, (uint64_t)(packet->sack[i].left - end->irs) << 32
                                      | (packet->sack[i].right - end->irs));
    }
    field[ORACLE_SHAPE_SEQ] = (uint32_t)sight->seq;
    field[ORACLE_SHAPE_ACK] = (uint32_t)sight->ack;
    field[ORACLE_SHAPE_EDGES] = (uint32_t)edges;
    if (!packet->has_timestamps) {
        return;
    }
    if (!end->has_ts_first) {
        end->ts_first = packet->ts_val;
        end->has_ts_first = true;
    }
    bool has_echo = end->peer != NULL && end->peer->has_ts_first && packet->ts_ecr != 0;
    field[ORACLE_SHAPE_STAMP] = packet->ts_val - end->ts_first;
    uint32_t echo = has_echo ? packet->ts_ecr - end->peer->ts_first : 0;
    // What lies before the first one is from the peer's cookie: its low bits are not a clock's.
    field[ORACLE_SHAPE_ECHO] = echo >= UINT32_C(1) << 31 ? 0 : echo;
}

// The reason is told, and not compared: on which side of a window the number of an old connection
// lies, too old or too new, is up to keys.
static bool is_same(const struct oracle_shape *a, const struct oracle_shape *b)
{
    return memcmp(a->field, b->field, ORACLE_SHAPE_REASON * sizeof a->field[0]) == 0;
}

// Such as "payload 1448, was 536"; what it was is what the first run had in its place.
static const char *print_difference(const struct oracle_shape *is, const struct oracle_shape *was,
                                    char *text, size_t capacity)
{
    size_t at = 0;
    text[0] = '\0';
    for (uint32_t i = 0; i < ORACLE_SHAPE_REASON && at < capacity; i++) {
        if (is->field[i] != was->field[i]) {
            at += (size_t)snprintf(text + at, capacity - at, "%s%s %" PRIu32 ", was %" PRIu32,
                                   at == 0 ? "" : "; ", field_name[i], is->field[i], was->field[i]);
        }
    }
    return text;
}

static void report(const struct oracle_sight *sight, uint64_t at, const struct oracle_shape *shape)
{
    static const struct oracle_shape none;
    const struct oracle_trail *trail = sight->host->oracle->trail;
    const struct oracle_shape *was = at < trail->count ? &trail->shape[at] : &none;
    char text[ORACLE_TEXT_MAX];
    oracle_fail_host(sight->host, ORACLE_Q10, sight->now_ns,
                     "segment %" PRIu64 " of %" PRIu64 ", of connection %" PRIu32
                     ": %s, was %s; %s",
                     at, trail->count, shape->field[ORACLE_SHAPE_CONN],
                     synfin_reason_name((enum synfin_reason)sight->reason),
                     synfin_reason_name((enum synfin_reason)was->field[ORACLE_SHAPE_REASON]),
                     print_difference(shape, was, text, sizeof text));
}

void oracle_shape_on_sent(const struct oracle_sight *sight, uint32_t number)
{
    struct oracle_trail *trail = sight->host->oracle->trail;
    struct oracle_shape shape = {0};
    if (trail == NULL || number == 0) { // answers to strangers go in any order
        return;
    }
    bool is_reset = (sight->packet->flags & ORACLE_RST) != 0;
    fill_frame(sight, number, shape.field);
    if (sight->end != NULL && !is_reset) { // a reset has numbers of what it answers
        fill_numbers(sight, shape.field);
    }
    if (!trail->is_whole) {
        add(trail, &shape);
        return;
    }
    uint64_t at = trail->at++;
    if (at >= trail->count || !is_same(&trail->shape[at], &shape)) {
        report(sight, at, &shape);
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
