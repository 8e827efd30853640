// SPDX-License-Identifier: MIT
//
// Flows are found by comparing both endpoints, the newest first: a ladder is for a person and
// holds few of them.
#include "ladder/ladder_flow.h"

#include <stdlib.h>
#include <string.h>

#include "base/seq.h"

// A ladder's connections carry less than this: where strangers speak, a number that is farther from
// the initial one is none of this connection's.
#define FAR (UINT32_C(1) << 24)

uint32_t ladder_flow_length(const struct synfin_segment *segment)
{
    uint32_t has_syn = (segment->flags & SYNFIN_TCP_SYN) != 0;
    uint32_t has_fin = (segment->flags & SYNFIN_TCP_FIN) != 0;
    return segment->bytes + has_syn + has_fin;
}

static bool is_same_endpoint(const struct synfin_endpoint *a, const struct synfin_endpoint *b)
{
    return a->port == b->port && memcmp(&a->addr, &b->addr, sizeof a->addr) == 0;
}

static bool make_room(synfin_ladder *ladder)
{
    if (ladder->flows_used < ladder->flows_room) {
        return true;
    }
    uint32_t room = ladder->flows_room == 0 ? 4 : ladder->flows_room * 2;
    struct ladder_flow *flows = realloc(ladder->flows, room * sizeof *flows);
    if (flows == NULL) {
        ladder->is_cut = true;
        return false;
    }
    ladder->flows = flows;
    ladder->flows_room = room;
    return true;
}

uint32_t ladder_flow_find(synfin_ladder *ladder, const struct synfin_endpoint end[2])
{
    if (end[0].port == 0 || end[1].port == 0) {
        return 0;
    }
    for (uint32_t n = ladder->flows_used; n > 0; n--) {
        const struct ladder_flow *flow = &ladder->flows[n - 1];
        if (is_same_endpoint(&flow->end[0], &end[0]) && is_same_endpoint(&flow->end[1], &end[1])) {
            return n;
        }
    }
    if (!make_room(ladder)) {
        return 0;
    }
    struct ladder_flow *flow = &ladder->flows[ladder->flows_used++];
    memset(flow, 0, sizeof *flow);
    flow->end[0] = end[0];
    flow->end[1] = end[1];
    return ladder->flows_used;
}

static void set_iss(struct ladder_flow *flow, enum synfin_link_side side, uint32_t iss)
{
    flow->has_iss[side] = true;
    flow->iss[side] = iss;
    flow->sent_end[side] = iss;
}

void ladder_flow_learn(struct ladder_flow *flow, enum synfin_link_side side,
                       const struct synfin_segment *segment)
{
    enum synfin_link_side other = ladder_model_other(side);
    bool has_rst = (segment->flags & SYNFIN_TCP_RST) != 0;
    if ((segment->flags & SYNFIN_TCP_SYN) != 0) {
        if (!flow->has_iss[side] || flow->iss[side] != segment->seq) {
            // A first SYN, or the next incarnation of the connection.
            set_iss(flow, side, segment->seq);
        }
    } else if (!has_rst && !flow->has_iss[side]) {
        // Fed from the middle of a connection: what comes first counts as octet 1.
        set_iss(flow, side, segment->seq - 1);
    }
    // Where strangers speak, an acknowledgment may be an answer to them.
    bool is_told = !has_rst && !flow->has_strangers && (segment->flags & SYNFIN_TCP_ACK) != 0;
    if (is_told && !flow->has_iss[other]) {
        set_iss(flow, other, segment->ack - 1);
    }
    struct seq end = seq_make(segment->seq + ladder_flow_length(segment));
    if (!has_rst && seq_lt(seq_make(flow->sent_end[side]), end)) {
        flow->sent_end[side] = end.n;
    }
}

static bool is_far(const struct ladder_flow *flow, enum synfin_link_side side, uint32_t relative)
{
    return flow->has_strangers && (!flow->has_iss[side] || relative >= FAR);
}

void ladder_flow_relate(const struct ladder_flow *flow, enum synfin_link_side side,
                        struct ladder_segment *segment)
{
    enum synfin_link_side other = ladder_model_other(side);
    bool has_ack = (segment->wire.flags & SYNFIN_TCP_ACK) != 0;
    segment->rel_seq = flow->has_iss[side] ? segment->wire.seq - flow->iss[side] : 0;
    segment->rel_ack = has_ack && flow->has_iss[other] ? segment->wire.ack - flow->iss[other] : 0;
    segment->is_seq_far = is_far(flow, side, segment->rel_seq);
    segment->is_ack_far = has_ack && is_far(flow, other, segment->rel_ack);
}

static bool is_earlier_sending(const struct ladder_record *record, uint32_t flow,
                               enum synfin_link_side side, const struct synfin_segment *segment)
{
    const struct synfin_segment *earlier = &record->segment.wire;
    if (record->kind != LADDER_KIND_SEGMENT || record->flow != flow || record->side != side
        || record->as.passage.fate == SYNFIN_FATE_DUPLICATED || record->as.passage.origin != 0) {
        return false;
    }
    uint16_t both = earlier->flags | segment->flags;
    if ((both & SYNFIN_TCP_SYN) != 0
        && ((earlier->flags ^ segment->flags) & (SYNFIN_TCP_SYN | SYNFIN_TCP_ACK)) != 0) {
        // A SYN and the SYN,ACK of a simultaneous open share a number and are not the same.
        return false;
    }
    uint32_t last = segment->seq + ladder_flow_length(segment) - 1;
    return last - earlier->seq < ladder_flow_length(earlier);
}

uint32_t ladder_flow_tries(const synfin_ladder *ladder, uint32_t flow, enum synfin_link_side side,
                           const struct synfin_segment *segment)
{
    uint32_t length = ladder_flow_length(segment);
    const struct ladder_flow *known = &ladder->flows[flow - 1];
    struct seq end = seq_make(segment->seq + length);
    bool is_new = !known->has_iss[side] || seq_lt(seq_make(known->sent_end[side]), end);
    if (length == 0 || (segment->flags & SYNFIN_TCP_RST) != 0 || is_new) {
        return 1;
    }
    uint32_t tries = 1;
    size_t first =
        ladder->records_used > LADDER_LOOK_BACK ? ladder->records_used - LADDER_LOOK_BACK : 0;
    for (size_t i = first; i < ladder->records_used; i++) {
        tries += is_earlier_sending(&ladder->records[i], flow, side, segment);
    }
    return tries;
}
