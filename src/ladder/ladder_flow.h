// SPDX-License-Identifier: MIT
//
// Flows: which records belong to one connection, what its initial sequence numbers are, and
// which segments carry octets that were sent before.
#ifndef SYNFIN_LADDER_FLOW_H
#define SYNFIN_LADDER_FLOW_H

#include "ladder/ladder_model.h"

// Octets of sequence space: payload, and one each for SYN and FIN.
uint32_t ladder_flow_length(const struct synfin_segment *segment);
// The number of the flow between these ends (A's, B's), made when new. 0 for a listener's, which
// has no peer, and when there is no memory: then the ladder is cut.
uint32_t ladder_flow_find(synfin_ladder *ladder, const struct synfin_endpoint end[2]);
// Learns initial sequence numbers from a segment that `side` sent, and how far it has sent.
void ladder_flow_learn(struct ladder_flow *flow, enum synfin_link_side side,
                       const struct synfin_segment *segment);
// Fills the relative numbers of a segment that `side` sent.
void ladder_flow_relate(const struct ladder_flow *flow, enum synfin_link_side side,
                        struct ladder_segment *segment);
// How often `side` has sent this segment's last octet, with the segment itself, which is not
// recorded yet; 1 when it takes no sequence space.
uint32_t ladder_flow_tries(const synfin_ladder *ladder, uint32_t flow, enum synfin_link_side side,
                           const struct synfin_segment *segment);

#endif
