// SPDX-License-Identifier: MIT
//
// A link: its life, its two devices, and a packet's way through it. A packet is copied once into
// a slot of MTU size when it is sent, and handed out from there when its time has come; the slot
// is free again at that side's next receive. Slots are taken in slabs when needed, are never
// more than packets_max, and go back when the link is destroyed: what finds no slot is lost like
// what finds the queue full.
#include <string.h>

#include <synfin/link.h>

#include "base/check.h"
#include "base/checksum.h"
#include "base/deadline.h"
#include "buf/gather.h"
#include "link/link_internal.h"

enum {
    MTU_MIN = 68, // RFC 791 §3.2: every link carries at least this
    VLAN_BYTES = 4,
    SLAB_BYTES = 256 * 1024,
    QUEUE_DEFAULT = 1000,
    PACKETS_DEFAULT = 65536,
};

// Octets times 8e9 plus a remainder below the rate must fit 64 bits, see link_line_depart.
static const uint64_t rate_max_bps = UINT64_C(1) << 62;

void synfin_link_config_default(struct synfin_link_config *config)
{
    memset(config, 0, sizeof *config);
    config->size = sizeof *config;
    config->seed = 1;
    config->queue_packets = QUEUE_DEFAULT;
    config->mtu_bytes = 1500;
    config->packets_max = PACKETS_DEFAULT;
}

static bool is_rule_valid(const struct synfin_drop_rule *rule)
{
    return rule->side == SYNFIN_LINK_A || rule->side == SYNFIN_LINK_B;
}

static bool are_rules_valid(const struct synfin_link_config *config)
{
    bool are_valid = config->drop_rules <= SYNFIN_DROP_RULES_MAX
                     && config->late_rules <= SYNFIN_LATE_RULES_MAX
                     && config->mark_rules <= SYNFIN_MARK_RULES_MAX;
    for (uint32_t i = 0; are_valid && i < config->mark_rules; i++) {
        are_valid = is_rule_valid(&config->mark_rule[i]);
    }
    for (uint32_t i = 0; are_valid && i < config->drop_rules; i++) {
        are_valid = is_rule_valid(&config->drop_rule[i]);
    }
    for (uint32_t i = 0; are_valid && i < config->late_rules; i++) {
        are_valid = is_rule_valid(&config->late_rule[i].which);
    }
    return are_valid;
}

static bool is_config_valid(const struct synfin_link_config *config)
{
    return config->loss_ppm <= LINK_PPM && config->duplicate_ppm <= LINK_PPM
           && config->reorder_ppm <= LINK_PPM && config->corrupt_ppm <= LINK_PPM
           && config->burst_begin_ppm <= LINK_PPM && config->burst_end_ppm <= LINK_PPM
           && config->burst_loss_ppm <= LINK_PPM && config->chance_from <= SYNFIN_CHANCE_FROM_B
           && config->mtu_bytes >= MTU_MIN && config->mtu_bytes <= SYNFIN_PACKET_MAX
           && (config->path_mtu_bytes == 0 || config->path_mtu_bytes >= MTU_MIN)
           && config->path_mtu_bytes <= SYNFIN_PACKET_MAX && config->tells_path_mtu <= 1
           && config->rate_bps <= rate_max_bps && config->police_bps <= rate_max_bps
           && config->police_bytes <= SYNFIN_POLICE_BYTES_MAX && are_rules_valid(config);
}

// A shorter struct is that of an older header: what it lacks has its default.
static bool read_config(struct synfin_link_config *to, const struct synfin_link_config *from)
{
    synfin_link_config_default(to);
    if (from != NULL) {
        if (from->size < sizeof from->size || from->size > sizeof *to) {
            return false;
        }
        memcpy(to, from, from->size);
        to->size = sizeof *to;
    }
    to->queue_packets = to->queue_packets != 0 ? to->queue_packets : QUEUE_DEFAULT;
    to->packets_max = to->packets_max != 0 ? to->packets_max : PACKETS_DEFAULT;
    return is_config_valid(to);
}

static struct link_side *side_of(struct synfin_device *device)
{
    return CONTAINER_OF(device, struct link_side, device);
}

static struct link_side *other_side(const struct link_side *side)
{
    return &side->link->sides[side->side == SYNFIN_LINK_A ? SYNFIN_LINK_B : SYNFIN_LINK_A];
}

static uint64_t advance_time(synfin_link *link, uint64_t now_ns)
{
    link->now_ns = deadline_max(link->now_ns, now_ns);
    return link->now_ns;
}

// The far side finds no offloads: what the sender left to the device is done here. The field
// holds the sum of the pseudo-header; a sum of 0 is written as its other form, as UDP wants.
static void complete_checksum(struct link_slot *slot, const struct synfin_packet *packet)
{
    uint32_t start = packet->checksum_start;
    uint32_t field = start + packet->checksum_offset;
    slot->checksum = SYNFIN_CHECKSUM_COMPLETE;
    if (field + 2 > slot->bytes) {
        return;
    }
    uint16_t sum = checksum_of(slot->data + start, slot->bytes - start);
    sum = sum != 0 ? sum : 0xFFFF;
    slot->data[field] = (uint8_t)(sum >> 8);
    slot->data[field + 1] = (uint8_t)sum;
}

static struct link_slot *take_slot(synfin_link *link)
{
    struct link_slot *slot = link->free_slots;
    if (slot == NULL) {
        return slab_pool_take_raw(&link->slots, NULL);
    }
    link->free_slots = slot->next;
    return slot;
}

static void give_slot(synfin_link *link, struct link_slot *slot)
{
    slot->next = link->free_slots;
    link->free_slots = slot;
}

static struct link_slot *copy_packet(synfin_link *link, const struct synfin_packet *packet)
{
    struct link_slot *slot = take_slot(link);
    if (slot == NULL) {
        return NULL;
    }
    slot->bytes = packet->bytes;
    slot->conn = packet->conn;
    slot->reason = packet->reason;
    slot->checksum = packet->checksum;
    slot->is_duplicate = packet->is_duplicate;
    (void)synfin_packet_copy(packet, slot->data, packet->bytes);
    if (packet->checksum == SYNFIN_CHECKSUM_PARTIAL) {
        complete_checksum(slot, packet);
    }
    return slot;
}

static void tell(const struct link_side *side, const struct synfin_packet *packet,
                 struct synfin_passage *passage)
{
    const synfin_link *link = side->link;
    if (link->observe == NULL) {
        return;
    }
    passage->from = side->side;
    passage->sent_ns = link->now_ns;
    passage->packet = packet;
    passage->is_ethernet = link->config.is_ethernet != 0;
    link->observe(link->observe_ctx, passage);
}

static void lose(struct link_side *side, const struct synfin_packet *packet, uint64_t number,
                 enum synfin_reason reason)
{
    link_stats_lose(side, reason);
    struct synfin_passage passage = {.number = number,
                                     .arrives_ns = SYNFIN_NEVER,
                                     .fate = SYNFIN_FATE_LOST,
                                     .fate_reason = reason};
    tell(side, packet, &passage);
}

static void tell_arrival(const struct link_side *side, const struct synfin_packet *packet,
                         const struct link_slot *slot, const struct link_verdict *verdict,
                         uint64_t waits_ns)
{
    struct synfin_passage passage = {.number = slot->number,
                                     .arrives_ns = slot->arrives_ns,
                                     .fate = SYNFIN_FATE_DELIVERED,
                                     .fate_reason = SYNFIN_REASON_UNKNOWN,
                                     .waits_ns = waits_ns};
    if (verdict->is_corrupted) {
        passage.fate = SYNFIN_FATE_CORRUPTED;
        passage.fate_reason = SYNFIN_REASON_LINK_CORRUPTED;
    } else if (verdict->is_marked) {
        passage.fate_reason = SYNFIN_REASON_LINK_MARKED;
    } else if (verdict->is_held_back) {
        passage.fate_reason = SYNFIN_REASON_LINK_REORDERED;
    }
    tell(side, packet, &passage);
}

// Sets when `slot` arrives and queues it: in order, or held back beyond that.
static void launch(struct link_side *side, struct link_slot *slot,
                   const struct link_verdict *verdict)
{
    const struct synfin_link_config *config = &side->link->config;
    uint64_t arrives_ns = deadline_after(slot->departs_ns, config->delay_ns);
    arrives_ns = deadline_after(arrives_ns, verdict->jitter_ns);
    arrives_ns = deadline_max(arrives_ns, side->last_arrival_ns);
    if (verdict->is_held_back) {
        slot->arrives_ns = deadline_after(arrives_ns, verdict->hold_ns);
        link_queue_hold(&side->queue, slot);
    } else {
        slot->arrives_ns = arrives_ns;
        side->last_arrival_ns = arrives_ns;
        link_queue_push(&side->queue, slot);
    }
}

// The copy travels with its original, behind it, but without its flipped bit. It was made on
// the way: it takes no time on the sender's line.
static void duplicate(struct link_side *side, const struct synfin_packet *packet,
                      uint64_t departs_ns, const struct link_verdict *verdict)
{
    synfin_link *link = side->link;
    if (verdict->is_held_back && !link_queue_reserve(&side->queue, &link->source)) {
        return;
    }
    struct link_slot *slot = copy_packet(link, packet);
    if (slot == NULL) {
        return;
    }
    slot->number = ++link->numbers;
    slot->departs_ns = departs_ns;
    slot->is_duplicate = 1;
    side->stats.duplicated++;
    launch(side, slot, verdict);
    struct synfin_packet copy = *packet;
    copy.is_duplicate = 1;
    struct synfin_passage passage = {.number = slot->number,
                                     .arrives_ns = slot->arrives_ns,
                                     .fate = SYNFIN_FATE_DUPLICATED,
                                     .fate_reason = SYNFIN_REASON_LINK_DUPLICATED};
    tell(side, &copy, &passage);
}

// A slot for a packet that no fault has lost; NULL when the queue or the memory is full.
static struct link_slot *admit(struct link_side *side, const struct synfin_packet *packet,
                               const struct link_verdict *verdict)
{
    synfin_link *link = side->link;
    // One packet is on the line, queue_packets wait behind it.
    if (side->line.waiting > link->config.queue_packets) {
        return NULL;
    }
    if (verdict->is_held_back && !link_queue_reserve(&side->queue, &link->source)) {
        return NULL;
    }
    return copy_packet(link, packet);
}

// The message takes no time on a line: it begins in the middle of the link.
static void tell_too_big(struct link_side *side, const struct synfin_packet *packet)
{
    synfin_link *link = side->link;
    struct link_side *back = other_side(side);
    uint8_t quoted[LINK_QUOTE_BYTES_MAX + LINK_ETHERNET_BYTES];
    uint8_t message[LINK_TOO_BIG_BYTES_MAX];
    struct synfin_packet said;
    struct gather octets;
    gather_of_packet(&octets, packet, 0);
    uint32_t shown = octets.bytes < sizeof quoted ? octets.bytes : (uint32_t)sizeof quoted;
    gather_read(&octets, quoted, shown);
    uint32_t bytes = link_too_big_build(quoted, shown, link->config.is_ethernet != 0,
                                        link->config.path_mtu_bytes, message);
    if (bytes == 0) {
        return;
    }
    synfin_packet_wrap(&said, message, bytes);
    said.reason = SYNFIN_REASON_NET_ICMP_TOO_BIG;
    struct link_slot *slot = copy_packet(link, &said);
    if (slot == NULL) {
        return;
    }
    slot->number = ++link->numbers;
    slot->departs_ns = link->now_ns;
    back->stats.packets++;
    back->stats.octets += bytes;
    struct link_verdict nothing = {.lost = SYNFIN_REASON_UNKNOWN};
    launch(back, slot, &nothing);
    tell_arrival(back, &said, slot, &nothing, 0);
}

static void send_one(struct link_side *side, const struct synfin_packet *packet)
{
    synfin_link *link = side->link;
    uint64_t number = ++link->numbers;
    side->stats.packets++;
    side->stats.octets += packet->bytes;
    struct link_verdict verdict;
    link_fault_judge(side, packet, &verdict);
    if (verdict.lost != SYNFIN_REASON_UNKNOWN) {
        lose(side, packet, number, verdict.lost);
        if (verdict.lost == SYNFIN_REASON_LINK_LOST_MTU && link->config.tells_path_mtu != 0
            && link->config.path_mtu_bytes != 0) {
            tell_too_big(side, packet);
        }
        return;
    }
    struct link_slot *slot = admit(side, packet, &verdict);
    if (slot == NULL) {
        lose(side, packet, number, SYNFIN_REASON_LINK_LOST_QUEUE);
        return;
    }
    slot->number = number;
    uint64_t begins_ns = deadline_max(side->line.free_ns, link->now_ns);
    bool is_chosen = link_drop_is_marked(link, side->side, packet);
    if (is_chosen || link_mark_is_due(side, begins_ns - link->now_ns)) {
        verdict.is_marked = link_mark(side, slot);
        side->stats.marked += verdict.is_marked;
    }
    slot->departs_ns =
        link_line_depart(&side->line, link->config.rate_bps, packet->bytes, link->now_ns);
    if (slot->departs_ns > link->now_ns) {
        link_line_wait(&side->line, slot);
        link_stats_queue(side);
    }
    if (verdict.is_corrupted) {
        uint32_t header_bytes = link->config.is_ethernet ? LINK_ETHERNET_BYTES : 0;
        link_fault_corrupt(slot, header_bytes, verdict.corrupt_draw);
        side->stats.corrupted++;
    }
    side->stats.held_back += verdict.is_held_back;
    launch(side, slot, &verdict);
    tell_arrival(side, packet, slot, &verdict, begins_ns - link->now_ns);
    if (verdict.is_duplicated) {
        duplicate(side, packet, slot->departs_ns, &verdict);
    }
}

static uint32_t link_send(struct synfin_device *device, const struct synfin_packet *packets,
                          uint32_t n, uint64_t now_ns)
{
    struct link_side *side = side_of(device);
    link_line_advance(&side->line, advance_time(side->link, now_ns));
    for (uint32_t i = 0; i < n; i++) {
        send_one(side, &packets[i]);
    }
    return n;
}

static void free_received(struct link_side *side)
{
    while (side->received != NULL) {
        struct link_slot *slot = side->received;
        side->received = slot->next;
        give_slot(side->link, slot);
    }
}

static void hand_out(struct link_slot *slot, struct synfin_packet *packet)
{
    synfin_packet_wrap(packet, slot->data, slot->bytes);
    packet->checksum = slot->checksum;
    packet->is_duplicate = slot->is_duplicate;
    packet->reason = slot->reason;
    packet->conn = slot->conn;
}

static uint32_t link_receive(struct synfin_device *device, struct synfin_packet *packets,
                             uint32_t max, uint64_t now_ns)
{
    struct link_side *side = side_of(device);
    struct link_side *from = other_side(side);
    uint64_t latest_ns = advance_time(side->link, now_ns);
    link_line_advance(&from->line, latest_ns);
    free_received(side);
    uint32_t n = 0;
    while (n < max) {
        struct link_slot *slot = link_queue_peek(&from->queue);
        if (slot == NULL || !deadline_is_due(slot->arrives_ns, latest_ns)) {
            break;
        }
        link_queue_pop(&from->queue);
        hand_out(slot, &packets[n++]);
        from->stats.delivered++;
        from->stats.delivered_octets += slot->bytes;
        slot->next = side->received;
        side->received = slot;
    }
    return n;
}

static uint64_t side_deadline(const struct link_side *side)
{
    const struct link_slot *slot = link_queue_peek(&side->queue);
    return slot != NULL ? slot->arrives_ns : SYNFIN_NEVER;
}

static uint64_t link_device_deadline(const struct synfin_device *device)
{
    const struct link_side *side =
        (const struct link_side *)(const void *)((const uint8_t *)device
                                                 - offsetof(struct link_side, device));
    return side_deadline(other_side(side));
}

// The device lives as long as its link.
static void link_device_destroy(struct synfin_device *device)
{
    (void)device;
}

static const struct synfin_device_ops link_ops = {
    .receive = link_receive,
    .send = link_send,
    .next_deadline = link_device_deadline,
    .destroy = link_device_destroy,
};

static void init_side(synfin_link *link, enum synfin_link_side which)
{
    struct link_side *side = &link->sides[which];
    side->link = link;
    side->side = which;
    side->dice = link_fault_dice(link->config.seed, which);
    side->device.ops = &link_ops;
    side->device.fd = -1;
    side->device.is_ethernet = link->config.is_ethernet != 0;
    side->device.mtu_bytes = link->config.mtu_bytes;
    // Locally administered station addresses that differ in the last octet.
    side->device.mac[0] = 0x02;
    side->device.mac[1] = 's';
    side->device.mac[2] = 'f';
    side->device.mac[5] = (uint8_t)(which == SYNFIN_LINK_A ? 0x0A : 0x0B);
}

enum synfin_error synfin_link_create(const struct synfin_env *env,
                                     const struct synfin_link_config *config, synfin_link **out)
{
    struct synfin_link_config checked;
    if (env == NULL || env->slab_take == NULL || env->slab_give == NULL
        || !read_config(&checked, config)) {
        return SYNFIN_ERROR_INVALID;
    }
    synfin_link *link = env->slab_take(env->ctx, sizeof *link);
    if (link == NULL) {
        return SYNFIN_ERROR_NO_MEMORY;
    }
    memset(link, 0, sizeof *link);
    link->env = *env;
    link->config = checked;
    slab_source_init(&link->source, env, SIZE_MAX, SLAB_BYTES);
    uint32_t slot_bytes =
        (uint32_t)sizeof(struct link_slot) + checked.mtu_bytes + LINK_ETHERNET_BYTES + VLAN_BYTES;
    slab_pool_init(&link->slots, &link->source, slot_bytes, checked.packets_max);
    init_side(link, SYNFIN_LINK_A);
    init_side(link, SYNFIN_LINK_B);
    *out = link;
    return SYNFIN_ERROR_OK;
}

void synfin_link_destroy(synfin_link *link)
{
    if (link == NULL) {
        return;
    }
    link_queue_deinit(&link->sides[SYNFIN_LINK_A].queue, &link->source);
    link_queue_deinit(&link->sides[SYNFIN_LINK_B].queue, &link->source);
    slab_pool_deinit(&link->slots);
    struct synfin_env env = link->env;
    env.slab_give(env.ctx, link, sizeof *link);
}

struct synfin_device *synfin_link_device(synfin_link *link, enum synfin_link_side side)
{
    return &link->sides[side == SYNFIN_LINK_A ? SYNFIN_LINK_A : SYNFIN_LINK_B].device;
}

uint64_t synfin_link_next_deadline(const synfin_link *link)
{
    return deadline_min(side_deadline(&link->sides[SYNFIN_LINK_A]),
                        side_deadline(&link->sides[SYNFIN_LINK_B]));
}

void synfin_link_heal(synfin_link *link)
{
    struct synfin_link_config *config = &link->config;
    config->delay_ns = config->jitter_ns = config->rate_bps = config->police_bps = 0;
    config->reorder_ns = config->reorder_jitter_ns = 0;
    config->loss_ppm = config->duplicate_ppm = config->reorder_ppm = config->corrupt_ppm = 0;
    config->drop_rules = config->late_rules = config->burst_begin_ppm = 0;
    link->sides[SYNFIN_LINK_A].is_in_burst = link->sides[SYNFIN_LINK_B].is_in_burst = false;
    config->path_mtu_bytes = 0;
}

void synfin_link_set_path_mtu(synfin_link *link, uint32_t path_mtu_bytes, bool tells)
{
    link->config.path_mtu_bytes = path_mtu_bytes;
    link->config.tells_path_mtu = tells;
}

void synfin_link_observe(synfin_link *link, synfin_passage_fn observe, void *ctx)
{
    link->observe = observe;
    link->observe_ctx = ctx;
}
