// SPDX-License-Identifier: MIT
//
// What happens to a packet, as far as chance and rules decide it. The generator is SplitMix64:
// its n-th number is a mix of seed + n * gamma, so that every fault has its own place among a
// packet's draws, is computed only when it is set, and setting one does not move the others.
#include <synfin/link.h>

#include "base/deadline.h"
#include "link/link_internal.h"

// The draws of one packet, in this order for ever: traces of old seeds depend on it.
enum draw {
    DRAW_LOSS,
    DRAW_CORRUPT,
    DRAW_CORRUPT_BIT,
    DRAW_DUPLICATE,
    DRAW_REORDER,
    DRAW_JITTER,
    DRAW_BURST,
    DRAW_HOLD,
};

enum { DRAWS = 8 }; // per packet, with room for faults to come

// 2^64 divided by the golden ratio, made odd.
static const uint64_t gamma = UINT64_C(0x9E3779B97F4A7C15);

// The output function of SplitMix64 (Steele, Lea and Flood 2014, variant 13 of Stafford).
static uint64_t mix(uint64_t z)
{
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

// The state of a side's generator; sides of one seed have nothing in common.
uint64_t link_fault_dice(uint64_t seed, enum synfin_link_side side)
{
    return mix(seed + gamma) ^ mix(~seed - (side == SYNFIN_LINK_A ? 0 : gamma));
}

static uint64_t draw_number(const struct link_side *side, enum draw which)
{
    return mix(side->dice + ((uint64_t)which + 1) * gamma);
}

static bool is_spared(const struct link_side *side)
{
    uint8_t from = side->link->config.chance_from;
    return from != SYNFIN_CHANCE_BOTH
           && (from == SYNFIN_CHANCE_FROM_A) != (side->side == SYNFIN_LINK_A);
}

static bool draw_chance(const struct link_side *side, enum draw which, uint32_t ppm)
{
    return ppm != 0 && !is_spared(side)
           && ((draw_number(side, which) >> 32) * LINK_PPM) >> 32 < ppm;
}

// A time from 0 to `most_ns`.
static uint64_t draw_time(const struct link_side *side, enum draw which, uint64_t most_ns)
{
    if (most_ns == 0) {
        return 0;
    }
    uint64_t number = draw_number(side, which);
    return most_ns == UINT64_MAX ? number : number % (most_ns + 1);
}

static enum synfin_reason find_loss(const struct link_side *side,
                                    const struct synfin_packet *packet)
{
    synfin_link *link = side->link;
    const struct synfin_link_config *config = &link->config;
    bool is_narrow = config->path_mtu_bytes != 0 && config->path_mtu_bytes < config->mtu_bytes;
    uint32_t mtu = is_narrow ? config->path_mtu_bytes : config->mtu_bytes;
    uint32_t bytes_max = mtu + (config->is_ethernet ? LINK_ETHERNET_BYTES : 0);
    bool is_chosen = config->drop_rules != 0 && link_drop_is_chosen(link, side->side, packet);
    if (packet->bytes > bytes_max) {
        return SYNFIN_REASON_LINK_LOST_MTU;
    }
    if (is_chosen) {
        return SYNFIN_REASON_LINK_LOST_CHOSEN;
    }
    uint32_t loss_ppm = side->is_in_burst ? config->burst_loss_ppm : config->loss_ppm;
    return draw_chance(side, DRAW_LOSS, loss_ppm) ? SYNFIN_REASON_LINK_LOST_RANDOM
                                                  : SYNFIN_REASON_UNKNOWN;
}

static bool is_within_police(struct link_side *side, uint32_t bytes)
{
    const synfin_link *link = side->link;
    return link->config.police_bps == 0
           || link_line_fits(&side->police, link->config.police_bps, link->config.police_bytes,
                             bytes, link->now_ns);
}

// How long a packet is held back beyond its time. A link without delay has no natural measure;
// a millisecond lets others overtake there as well.
static uint64_t hold_of(const struct link_side *side)
{
    const struct synfin_link_config *config = &side->link->config;
    if (config->reorder_jitter_ns != 0) {
        return deadline_after(config->reorder_ns,
                              draw_time(side, DRAW_HOLD, config->reorder_jitter_ns));
    }
    if (config->reorder_ns != 0) {
        return config->reorder_ns;
    }
    return config->delay_ns != 0 ? config->delay_ns : NS_PER_MS;
}

// What a rule holds back is late by the rule's time, other packets by chance.
static void judge_order(const struct link_side *side, const struct synfin_packet *packet,
                        struct link_verdict *verdict)
{
    synfin_link *link = side->link;
    const struct synfin_link_config *config = &link->config;
    uint64_t late_ns = config->late_rules != 0 ? link_drop_lateness(link, side->side, packet) : 0;
    verdict->is_held_back = late_ns != 0 || draw_chance(side, DRAW_REORDER, config->reorder_ppm);
    verdict->hold_ns = late_ns != 0 ? late_ns : hold_of(side);
}

void link_fault_judge(struct link_side *side, const struct synfin_packet *packet,
                      struct link_verdict *verdict)
{
    const struct synfin_link_config *config = &side->link->config;
    uint32_t header_bytes = config->is_ethernet ? LINK_ETHERNET_BYTES : 0;
    side->is_in_burst ^= draw_chance(
        side, DRAW_BURST, side->is_in_burst ? config->burst_end_ppm : config->burst_begin_ppm);
    verdict->is_marked = false;
    verdict->lost = find_loss(side, packet);
    if (verdict->lost == SYNFIN_REASON_UNKNOWN && !is_within_police(side, packet->bytes)) {
        verdict->lost = SYNFIN_REASON_LINK_LOST_POLICED;
    }
    verdict->is_corrupted =
        packet->bytes > header_bytes && draw_chance(side, DRAW_CORRUPT, config->corrupt_ppm);
    verdict->corrupt_draw = verdict->is_corrupted ? draw_number(side, DRAW_CORRUPT_BIT) : 0;
    verdict->is_duplicated = draw_chance(side, DRAW_DUPLICATE, config->duplicate_ppm);
    judge_order(side, packet, verdict);
    verdict->jitter_ns = draw_time(side, DRAW_JITTER, config->jitter_ns);
    side->dice += DRAWS * gamma;
}

// Flips one bit behind the link header. A checksum that was verified before must be verified
// again.
void link_fault_corrupt(struct link_slot *slot, uint32_t header_bytes, uint64_t draw)
{
    uint64_t bits = (uint64_t)(slot->bytes - header_bytes) * 8;
    uint64_t bit = draw % bits;
    slot->data[header_bytes + bit / 8] ^= (uint8_t)(0x80U >> bit % 8);
    slot->checksum = SYNFIN_CHECKSUM_COMPLETE;
}
