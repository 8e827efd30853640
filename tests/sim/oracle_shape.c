// SPDX-License-Identifier: MIT
//
// Shapes: Q10. Initial sequence numbers, timestamps and ports follow from keys that a stack draws
// when it begins. Nothing else may: comparisons of numbers work anywhere on their circle (RFC 9293
// §3.4), so that of two runs of one world with different keys each segment has the same shape, and
// every stack tells the same of what it did and why.
#include <string.h>

#include "sim/oracle_subjects.h"
#include "sim/oracle_trail.h"

// What keys have no part in.
static void fill_frame(const struct oracle_packet *packet, uint32_t *field)
{
    field[ORACLE_SHAPE_FLAGS] = packet->flags;
    field[ORACLE_SHAPE_OCTETS] = packet->datagram_bytes;
    field[ORACLE_SHAPE_PAYLOAD] = packet->payload_bytes;
    field[ORACLE_SHAPE_WINDOW] = packet->window;
    field[ORACLE_SHAPE_MSS] = packet->mss;
    field[ORACLE_SHAPE_WSCALE] = (uint16_t)packet->wscale;
    field[ORACLE_SHAPE_CLASS] = packet->traffic_class;
    field[ORACLE_SHAPE_BLOCKS] = packet->sack_blocks;
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
    bool is_ack = (packet->flags & ORACLE_ACK) != 0;
    bool has_echo = is_ack && end->peer != NULL && end->peer->has_ts_first;
    field[ORACLE_SHAPE_STAMP] = packet->ts_val - end->ts_first;
    uint32_t echo = has_echo ? packet->ts_ecr - end->peer->ts_first : 0;
    // What lies before the first one is from the peer's cookie: its low bits are not a clock's.
    field[ORACLE_SHAPE_ECHO] = echo >= UINT32_C(1) << 31 ? 0 : echo;
}

// Numbers and timestamps of one pair go on from each other, and those of two pairs do not (RFC 6528
// §3, RFC 7323 §7.1). When a translator has changed its mind, a call has two pairs at its peer, and
// a pair hears what was sent to another.
static bool is_of_another_pair(const struct oracle_sight *sight)
{
    const struct oracle_end *end = sight->end;
    uint32_t place = sight->packet->seq - end->irs;
    return sight->host->config.has_translators && (end->peer == NULL || place > end->peer->nxt);
}

// A cookie is a hash and no clock at all (RFC 4987 §3.6), and its timestamp, whose low bits are
// options, is too early by what keys decide. What is forged after its SYN+ACK has that timestamp.
static bool is_beside_cookie(const struct oracle_sight *sight)
{
    const struct oracle_end *peer = sight->end->peer;
    if ((sight->packet->flags & ORACLE_SYN) == 0 && sight->origin != ORACLE_FORGED) {
        return false;
    }
    const struct oracle_end *sender = oracle_ends_of_shown(sight->host->oracle, sight->packet->seq);
    return (sender != NULL && sender->has_cookie) || (peer != NULL && peer->has_cookie);
}

// What is too old, too new or forged is dropped by its timestamp or by its number, as a SYN or for
// what it acknowledges: keys choose among these here, which have limits of their own, and a reason
// that says on which side of the window it lies.
void oracle_shape_on_heard(const struct oracle_sight *sight)
{
    if (sight->end->has_irs && (is_of_another_pair(sight) || is_beside_cookie(sight))) {
        sight->end->is_loose = sight->host->is_loose = true;
    }
}

// The options of a connection that a cookie opens are read from the low bits of the echo, and the
// cookie is a hash of them, too. Those of a SYN+ACK are right; those of what was sent later are
// any, and keys decide whether a late acknowledgment opens once more (RFC 4987 §3.6).
void oracle_shape_on_cookie(const struct oracle_sight *sight)
{
    const struct oracle_packet *packet = sight->packet;
    if (packet->has_timestamps && (int32_t)(packet->ts_ecr - sight->end->ts_cookie) > 0) {
        sight->host->pending.has_late_cookie = true;
    }
}

static bool is_loose(struct oracle_host *host, uint32_t number)
{
    const struct oracle_end *end = number != 0 ? oracle_ends_of_number(host, number) : NULL;
    return end != NULL && end->is_loose;
}

void oracle_shape_on_sent(const struct oracle_sight *sight, uint32_t number)
{
    struct oracle_step step = {.now_ns = sight->now_ns,
                               .host = sight->host->id,
                               .conn = number,
                               .what = ORACLE_STEP_SEGMENT,
                               .reason = sight->reason};
    bool is_reset = (sight->packet->flags & ORACLE_RST) != 0;
    if (sight->host->oracle->trail == NULL) {
        return;
    }
    step.is_loose = is_loose(sight->host, number);
    fill_frame(sight->packet, step.field);
    if (sight->end != NULL && !is_reset) { // a reset has numbers of what it answers
        fill_numbers(sight, step.field);
    }
    oracle_trail_step(sight->host, &step);
}

static void fill_header(const struct synfin_segment *segment, uint32_t *field)
{
    field[0] = segment->flags;
    field[1] = segment->bytes;
    field[2] = segment->window;
    field[3] = segment->mss;
    field[4] = (uint8_t)segment->wscale_shift;
    field[5] = segment->sack_blocks;
}

static void fill_told(const struct synfin_trace_event *event, uint32_t *field)
{
    switch (event->kind) {
    case SYNFIN_TRACE_SEGMENT_SENT:
    case SYNFIN_TRACE_SEGMENT_RETRANSMITTED:
    case SYNFIN_TRACE_SEGMENT_RECEIVED:
    case SYNFIN_TRACE_SEGMENT_DROPPED: fill_header(&event->as.segment, field); break;
    case SYNFIN_TRACE_STATE:
        field[0] = event->as.state.from;
        field[1] = event->as.state.to;
        break;
    case SYNFIN_TRACE_TIMER_ARMED:
    case SYNFIN_TRACE_TIMER_FIRED:
        field[0] = event->as.timer.timer;
        field[1] = (uint32_t)(event->as.timer.deadline_ns / ORACLE_S);
        field[2] = (uint32_t)(event->as.timer.deadline_ns % ORACLE_S);
        field[3] = event->as.timer.count;
        break;
    case SYNFIN_TRACE_CONGESTION:
        field[0] = event->as.congestion.cwnd_bytes;
        field[1] = event->as.congestion.ssthresh_bytes;
        break;
    case SYNFIN_TRACE_OUTCOME: field[0] = event->as.outcome.error; break;
    case SYNFIN_TRACE_BUFFER:
        field[0] = event->as.buffer.bytes;
        field[1] = event->as.buffer.before_bytes;
        field[2] = event->as.buffer.measured_bytes;
        field[3] = (uint32_t)(event->as.buffer.rtt_ns / 1000);
        break;
    case SYNFIN_TRACE_PATH_MTU:
        field[0] = event->as.path_mtu.mtu_bytes;
        field[1] = event->as.path_mtu.probe_bytes;
        break;
    case SYNFIN_TRACE_PACKET_DROPPED:
    case SYNFIN_TRACE_KIND_COUNT:
    default: break;
    }
}

// Options are read before the sum is, so that a damaged segment may have impossible ones, or other
// ones, by what keys had put there.
static void forget_options(struct oracle_step *step)
{
    if (step->reason == SYNFIN_REASON_DROP_TCP_CHECKSUM
        || step->reason == SYNFIN_REASON_DROP_TCP_OPTION) {
        step->reason = SYNFIN_REASON_DROP_TCP_CHECKSUM;
        memset(step->field, 0, sizeof step->field);
    }
}

void oracle_shape_on_trace(struct oracle_host *host, const struct synfin_trace_event *event)
{
    struct oracle_step step = {.now_ns = event->t_ns,
                               .host = host->id,
                               .conn = event->conn,
                               .what = (uint16_t)(ORACLE_STEP_TOLD + event->kind),
                               .reason = (uint16_t)event->reason};
    bool has_opened_late =
        host->pending.has_late_cookie && event->reason == SYNFIN_REASON_COOKIE_RETURNED;
    if (host->oracle->trail != NULL) {
        step.is_loose = has_opened_late || is_loose(host, event->conn);
        fill_told(event, step.field);
        forget_options(&step);
        oracle_trail_step(host, &step);
    }
}

// Not all reasons have an event of their own; each has a counter. Those of a host that may answer
// something for one reason or another may differ as well.
void oracle_shape_on_ending(struct oracle_host *host, uint64_t now_ns)
{
    if (host->oracle->trail == NULL || host->is_loose) {
        return;
    }
    for (uint32_t i = 0; i < SYNFIN_REASON_COUNT; i++) {
        uint64_t times = synfin_stack_count(host->config.stack, (enum synfin_reason)i);
        if (i == SYNFIN_REASON_DROP_TCP_CHECKSUM) { // see forget_options
            times += synfin_stack_count(host->config.stack, SYNFIN_REASON_DROP_TCP_OPTION);
        }
        if (times > 0 && i != SYNFIN_REASON_DROP_TCP_OPTION) {
            const struct oracle_step step = {.now_ns = now_ns,
                                             .host = host->id,
                                             .what = ORACLE_STEP_COUNTED,
                                             .reason = (uint16_t)i,
                                             .field = {(uint32_t)times, (uint32_t)(times >> 32)}};
            oracle_trail_step(host, &step);
        }
    }
}

void oracle_shape_on_finish(struct oracle *oracle, uint64_t now_ns)
{
    for (uint32_t i = 0; i < oracle->hosts_max; i++) {
        if (oracle->host[i].is_up) {
            oracle_shape_on_ending(&oracle->host[i], now_ns);
        }
    }
    oracle_trail_end(oracle, now_ns);
}
