// SPDX-License-Identifier: MIT
//
// What a sender does, seen from beside the link; see lab_oracle.h.
#include "cli/lab_oracle.h"

#include <stdlib.h>
#include <string.h>

enum { CAPACITY_MIN = 64 };

// The octet that a sequence number means: the one next to `near`.
static uint64_t place_of(const struct lab_oracle *oracle, uint32_t seq, uint64_t near)
{
    int32_t distance = (int32_t)(seq - (oracle->first_seq + (uint32_t)near));
    return distance < 0 && (uint64_t) - (int64_t)distance > near ? 0 : near + (uint64_t)distance;
}

static void *grow(struct lab_oracle *oracle, void *old, uint32_t *capacity, size_t bytes)
{
    uint32_t wanted = *capacity != 0 ? *capacity * 2 : CAPACITY_MIN;
    void *grown = wanted > *capacity ? realloc(old, wanted * bytes) : NULL;
    if (grown == NULL) {
        oracle->is_out_of_memory = true;
        return old;
    }
    *capacity = wanted;
    return grown;
}

static void add_timed(struct lab_oracle *oracle, uint64_t end, uint64_t sent_ns)
{
    if (oracle->timed_first == oracle->timed_end) {
        oracle->timed_first = oracle->timed_end = 0;
    }
    if (oracle->timed_end == oracle->timed_capacity
        && oracle->timed_first > oracle->timed_capacity / 2) {
        oracle->timed_end -= oracle->timed_first;
        memmove(oracle->timed, oracle->timed + oracle->timed_first,
                oracle->timed_end * sizeof oracle->timed[0]);
        oracle->timed_first = 0;
    }
    if (oracle->timed_end == oracle->timed_capacity) {
        oracle->timed =
            grow(oracle, oracle->timed, &oracle->timed_capacity, sizeof oracle->timed[0]);
    }
    if (oracle->timed_end < oracle->timed_capacity) {
        oracle->timed[oracle->timed_end++] = (struct lab_timed){end, sent_ns, false};
    }
}

// Sent again: their acknowledgments tell nothing.
static void spoil_timed(struct lab_oracle *oracle, struct lab_range range)
{
    uint64_t begin = oracle->sampled;
    for (uint32_t i = oracle->timed_first; i < oracle->timed_end && begin < range.end; i++) {
        struct lab_timed *timed = &oracle->timed[i];
        timed->is_again |= timed->end > range.begin;
        begin = timed->end;
    }
}

// Something up to `place` has just been acknowledged, and nothing beyond it. Returns the round trip
// that this tells, or 0.
static uint64_t sample(struct lab_oracle *oracle, uint64_t place, uint64_t now_ns)
{
    const struct lab_timed *latest = NULL;
    while (oracle->timed_first < oracle->timed_end
           && oracle->timed[oracle->timed_first].end <= place) {
        latest = &oracle->timed[oracle->timed_first++];
        oracle->sampled = latest->end;
    }
    if (latest == NULL || latest->is_again) {
        return 0;
    }
    cli_spread_add(&oracle->rtt, now_ns - latest->sent_ns);
    return now_ns - latest->sent_ns;
}

static bool is_arriving(const struct synfin_passage *passage)
{
    return passage->fate == SYNFIN_FATE_DELIVERED || passage->fate == SYNFIN_FATE_DUPLICATED;
}

static void count_again(struct lab_oracle *oracle, const struct synfin_passage *passage,
                        struct lab_range range, struct lab_sighting *out)
{
    uint64_t needless = range.end - range.begin - lab_ranges_count(&oracle->holes, range);
    out->is_again = true;
    out->is_spurious = needless == range.end - range.begin;
    oracle->again++;
    oracle->again_bytes += range.end - range.begin;
    oracle->again_by[passage->packet->reason < SYNFIN_REASON_COUNT ? passage->packet->reason : 0]++;
    oracle->spurious += out->is_spurious;
    oracle->spurious_bytes += needless;
    spoil_timed(oracle, range);
}

// A segment with data that goes for the first time, or begins with what was sent before.
static void take_data(struct lab_oracle *oracle, const struct synfin_passage *passage,
                      struct lab_range range, struct lab_sighting *out)
{
    struct lab_range again = {range.begin, range.end < oracle->sent ? range.end : oracle->sent};
    if (again.begin < again.end) {
        count_again(oracle, passage, again, out);
        if (is_arriving(passage)) {
            oracle->got_through += lab_ranges_count(&oracle->holes, again);
            lab_ranges_remove(&oracle->holes, again);
        }
    }
    struct lab_range fresh = {range.begin > oracle->sent ? range.begin : oracle->sent, range.end};
    if (fresh.begin < fresh.end) {
        oracle->sent = fresh.end;
        add_timed(oracle, fresh.end, passage->sent_ns);
        if (is_arriving(passage)) {
            oracle->got_through += fresh.end - fresh.begin;
        } else {
            lab_ranges_add(&oracle->holes, fresh);
        }
    }
}

void lab_oracle_sent(struct lab_oracle *oracle, const struct synfin_passage *passage,
                     const struct synfin_segment *segment, struct lab_sighting *out)
{
    *out = (struct lab_sighting){0};
    if ((segment->flags & SYNFIN_TCP_SYN) != 0) {
        oracle->first_seq = segment->seq + 1;
        oracle->has_first = true;
    }
    // The link's copy of a packet is not the sender's doing, and its loss is its own.
    if (passage->fate == SYNFIN_FATE_DUPLICATED || !oracle->has_first || segment->bytes == 0
        || oracle->is_out_of_memory) {
        return;
    }
    uint32_t seq = segment->seq + ((segment->flags & SYNFIN_TCP_SYN) != 0);
    struct lab_range range = {.begin = place_of(oracle, seq, oracle->sent)};
    range.end = range.begin + segment->bytes;
    out->begin = range.begin;
    out->end = range.end;
    oracle->segments++;
    oracle->octets += passage->packet->bytes;
    oracle->lost += !is_arriving(passage);
    if (segment->bytes > oracle->payload_bytes_max) {
        oracle->payload_bytes_max = segment->bytes;
        oracle->packet_bytes_max = passage->packet->bytes;
    }
    take_data(oracle, passage, range, out);
}

void lab_oracle_returned(struct lab_oracle *oracle, const struct synfin_passage *passage,
                         const struct synfin_segment *segment, struct lab_sighting *out)
{
    *out = (struct lab_sighting){0};
    bool has_syn = (segment->flags & SYNFIN_TCP_SYN) != 0;
    if (has_syn && segment->wscale_shift >= 0) {
        oracle->window_shift = (uint8_t)segment->wscale_shift;
    }
    oracle->acks += passage->fate != SYNFIN_FATE_DUPLICATED;
    oracle->ack_octets += passage->fate != SYNFIN_FATE_DUPLICATED ? passage->packet->bytes : 0;
    if (!oracle->has_first || !is_arriving(passage) || (segment->flags & SYNFIN_TCP_ACK) == 0) {
        return;
    }
    uint64_t next = place_of(oracle, segment->ack, oracle->sent);
    uint64_t window = segment->window;
    oracle->window_end = next + (has_syn ? window : window << oracle->window_shift);
    uint64_t acked = next < oracle->sent ? next : oracle->sent; // a FIN is no octet
    uint64_t edge = acked;
    for (uint32_t i = 0; i < segment->sack_blocks; i++) {
        struct lab_range block = {place_of(oracle, segment->sack[i].left, oracle->sent),
                                  place_of(oracle, segment->sack[i].right, oracle->sent)};
        // The first block may repeat what was acknowledged before (D-SACK, RFC 2883 §4).
        if (block.begin >= acked && block.end <= oracle->sent) {
            lab_ranges_add(&oracle->islands, block);
            edge = block.end > edge ? block.end : edge;
        }
    }
    oracle->acked = acked > oracle->acked ? acked : oracle->acked;
    lab_ranges_remove(&oracle->islands, (struct lab_range){0, oracle->acked});
    oracle->is_out_of_memory |= oracle->holes.is_out_of_memory | oracle->islands.is_out_of_memory;
    oracle->sacked = edge > oracle->sacked ? edge : oracle->sacked;
    out->rtt_ns = sample(oracle, edge, passage->arrives_ns);
}

void lab_oracle_deinit(struct lab_oracle *oracle)
{
    lab_ranges_deinit(&oracle->holes);
    lab_ranges_deinit(&oracle->islands);
    free(oracle->timed);
    oracle->timed = NULL;
}
