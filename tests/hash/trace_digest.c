// SPDX-License-Identifier: MIT
//
// What goes into the number; see trace_digest.h.
#include "trace_digest.h"

void trace_digest_init(struct trace_digest *digest)
{
    *digest = (struct trace_digest){.hash = UINT64_C(0xcbf29ce484222325)};
}

void trace_digest_octets(struct trace_digest *digest, const uint8_t *octets, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        digest->hash = (digest->hash ^ octets[i]) * UINT64_C(0x100000001b3);
    }
}

void trace_digest_number(struct trace_digest *digest, uint64_t number)
{
    for (uint32_t shift = 0; shift < 64; shift += 8) {
        uint8_t octet = (uint8_t)(number >> shift);
        trace_digest_octets(digest, &octet, 1);
    }
}

void trace_digest_passage(void *ctx, const struct synfin_passage *passage)
{
    struct trace_digest *digest = ctx;
    const struct synfin_packet *packet = passage->packet;
    digest->packets++;
    trace_digest_number(digest, passage->number);
    trace_digest_number(digest, passage->from);
    trace_digest_number(digest, passage->sent_ns);
    trace_digest_number(digest, passage->arrives_ns);
    trace_digest_number(digest, passage->fate);
    trace_digest_number(digest, packet->reason);
    trace_digest_octets(digest, packet->head, packet->head_bytes);
    for (uint32_t i = 0; i < packet->spans; i++) {
        trace_digest_octets(digest, packet->span[i].data, packet->span[i].bytes);
    }
}

static void add_endpoint(struct trace_digest *digest, const struct synfin_endpoint *endpoint)
{
    trace_digest_octets(digest, endpoint->addr.octet, sizeof endpoint->addr.octet);
    trace_digest_number(digest, endpoint->port);
}

static void add_segment(struct trace_digest *digest, const struct synfin_segment *segment)
{
    const uint64_t field[] = {segment->seq,
                              segment->ack,
                              segment->bytes,
                              segment->flags,
                              segment->window,
                              segment->urgent,
                              segment->mss,
                              (uint8_t)segment->wscale_shift,
                              segment->has_sack_permitted,
                              segment->has_timestamps,
                              segment->ts_val,
                              segment->ts_ecr,
                              segment->fastopen,
                              segment->accecn_kind,
                              segment->sack_blocks};
    for (uint32_t i = 0; i < sizeof field / sizeof field[0]; i++) {
        trace_digest_number(digest, field[i]);
    }
    for (uint32_t i = 0; i < segment->sack_blocks; i++) {
        trace_digest_number(digest, segment->sack[i].left);
        trace_digest_number(digest, segment->sack[i].right);
    }
}

static void add_details(struct trace_digest *digest, const struct synfin_trace_event *event)
{
    switch (event->kind) {
    case SYNFIN_TRACE_SEGMENT_SENT:
    case SYNFIN_TRACE_SEGMENT_RETRANSMITTED:
    case SYNFIN_TRACE_SEGMENT_RECEIVED:
    case SYNFIN_TRACE_SEGMENT_DROPPED: add_segment(digest, &event->as.segment); break;
    case SYNFIN_TRACE_STATE:
        trace_digest_number(digest, event->as.state.from);
        trace_digest_number(digest, event->as.state.to);
        break;
    case SYNFIN_TRACE_TIMER_ARMED:
    case SYNFIN_TRACE_TIMER_FIRED:
        trace_digest_number(digest, event->as.timer.timer);
        trace_digest_number(digest, event->as.timer.deadline_ns);
        trace_digest_number(digest, event->as.timer.count);
        break;
    case SYNFIN_TRACE_CONGESTION:
        trace_digest_number(digest, event->as.congestion.cwnd_bytes);
        trace_digest_number(digest, event->as.congestion.ssthresh_bytes);
        break;
    case SYNFIN_TRACE_OUTCOME: trace_digest_number(digest, event->as.outcome.error); break;
    case SYNFIN_TRACE_BUFFER:
        trace_digest_number(digest, event->as.buffer.bytes);
        trace_digest_number(digest, event->as.buffer.before_bytes);
        trace_digest_number(digest, event->as.buffer.rtt_ns);
        break;
    case SYNFIN_TRACE_PATH_MTU:
        trace_digest_number(digest, event->as.path_mtu.mtu_bytes);
        trace_digest_number(digest, event->as.path_mtu.probe_bytes);
        break;
    case SYNFIN_TRACE_PACKET_DROPPED:
    case SYNFIN_TRACE_KIND_COUNT: break;
    }
}

void trace_digest_event(void *ctx, const struct synfin_trace_event *event)
{
    struct trace_digest *digest = ctx;
    digest->events++;
    trace_digest_number(digest, event->kind);
    trace_digest_number(digest, event->reason);
    trace_digest_number(digest, event->t_ns);
    trace_digest_number(digest, event->conn);
    add_endpoint(digest, &event->local);
    add_endpoint(digest, &event->remote);
    add_details(digest, event);
}
