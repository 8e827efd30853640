// SPDX-License-Identifier: MIT
//
// SYNs that have arrived for a pair; see oracle_syns.h.
#include "sim/oracle_syns.h"

enum { WSCALE_MOST = 14 }; // RFC 7323 §2.3

void oracle_offer_read(struct oracle_offer *offer, const struct oracle_packet *syn)
{
    *offer = (struct oracle_offer){.is_known = true,
                                   .has_timestamps = syn->has_timestamps,
                                   .has_sack = syn->has_sack_permitted,
                                   .has_fastopen = syn->has_fastopen,
                                   .wscale = syn->wscale,
                                   .mss = syn->mss};
}

bool oracle_offer_is_same(const struct oracle_offer *a, const struct oracle_offer *b)
{
    return a->is_known == b->is_known && a->has_timestamps == b->has_timestamps
           && a->has_sack == b->has_sack && a->wscale == b->wscale && a->mss == b->mss;
}

static uint32_t known(const struct oracle_syns *syns)
{
    return syns->count < ORACLE_SYNS_MAX ? syns->count : ORACLE_SYNS_MAX;
}

const struct oracle_syn *oracle_syns_find(const struct oracle_syns *syns, uint32_t seq)
{
    for (uint32_t i = 0; i < known(syns); i++) {
        if (syns->at[i].seq == seq) {
            return &syns->at[i];
        }
    }
    return NULL;
}

const struct oracle_syn *oracle_syns_acked(const struct oracle_syns *syns, uint32_t ack)
{
    const struct oracle_syn *nearest = NULL;
    for (uint32_t i = 0; i < known(syns); i++) {
        const struct oracle_syn *syn = &syns->at[i];
        uint32_t beyond = ack - syn->seq - 1;
        if (beyond <= syn->bytes && (nearest == NULL || beyond < ack - nearest->seq - 1)) {
            nearest = syn;
        }
    }
    return nearest;
}

// A SYN again leaves out the cookie and the data that the first one had, and both may have arrived.
static void add(struct oracle_syn *syn, const struct oracle_packet *packet,
                enum oracle_origin origin)
{
    struct oracle_offer offer;
    oracle_offer_read(&offer, packet);
    offer.has_fastopen = offer.has_fastopen || syn->offer.has_fastopen;
    syn->is_mixed =
        syn->is_mixed || (syn->offer.is_known && !oracle_offer_is_same(&syn->offer, &offer));
    syn->is_genuine = syn->is_genuine && origin == ORACLE_GENUINE;
    syn->offer = offer;
    syn->bytes = packet->payload_bytes > syn->bytes ? packet->payload_bytes : syn->bytes;
    syn->window = packet->window;
}

void oracle_syns_note(struct oracle_syns *syns, const struct oracle_packet *packet,
                      enum oracle_origin origin)
{
    for (uint32_t i = 0; i < known(syns); i++) {
        if (syns->at[i].seq == packet->seq) {
            add(&syns->at[i], packet, origin);
            return;
        }
    }
    struct oracle_syn *syn = &syns->at[syns->count++ % ORACLE_SYNS_MAX];
    *syn = (struct oracle_syn){.seq = packet->seq, .is_genuine = true};
    add(syn, packet, origin);
}

// Not known where SYNs with this number differ, one was changed on the way, or it is forgotten.
// Then any scale may be in use that our own answer offers.
void oracle_syns_read(const struct oracle_syns *syns, uint32_t seq, struct oracle_offer *out)
{
    const struct oracle_syn *syn = oracle_syns_find(syns, seq);
    *out = syn != NULL ? syn->offer : (struct oracle_offer){.has_fastopen = true};
    if (syn == NULL || syn->is_mixed || !syn->is_genuine) {
        out->is_known = false;
        out->wscale = WSCALE_MOST;
    }
}
