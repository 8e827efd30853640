// SPDX-License-Identifier: MIT
//
// Reassembly of IPv4 and IPv6 datagrams. A datagram is a list of blocks sorted by offset; nothing
// is copied again when it is complete: the blocks are handed up as pieces of one view.
//
//     datagram --> [header|payload 0..1480) --> [payload 1480..2960) --> ...   ends: end_bytes
//
//   1. Blocks never overlap. A fragment that overlaps what is held, or that contradicts the known
//      end, poisons its datagram: what is held goes, and what still comes is refused until its
//      time is over (RFC 5722 §4, for IPv4 as well). An exact copy is ignored (RFC 8200 §4.5).
//   2. Every block is charged whole, so that many small fragments cost what they take.
//   3. When datagrams or blocks run out the oldest datagram goes: what arrives in order within
//      milliseconds survives a flood that must be kept up to do harm.
//   4. The first fragment keeps its packet's headers, which an error must quote.
#include <string.h>

#include "base/addr_kind.h"
#include "net/net_internal.h"
#include "wire/wire_icmp4.h"

// RFC 1122 §3.3.2: 60-120 s, which RFC 8900 §3.4 calls far too long; 30 s is what hosts use now.
#define TIMEOUT_IP4_NS (30 * NS_PER_S)
#define TIMEOUT_IP6_NS (60 * NS_PER_S) // RFC 8200 §4.5

enum { DATAGRAM_MAX = 65535, ECN_MASK = 3, ECN_CE = 3 };

void fragments_init(struct net *net)
{
    uint32_t blocks = net->config.reassembly_bytes_max / (uint32_t)sizeof(struct fragment_block);
    slab_pool_init(&net->fragments.pool, net->config.source, sizeof(struct fragment_block), blocks);
}

void fragments_deinit(struct net *net)
{
    slab_pool_deinit(&net->fragments.pool);
}

static void free_blocks(struct net *net, struct fragment_datagram *datagram)
{
    while (datagram->first != NULL) {
        struct fragment_block *next = datagram->first->next;
        slab_pool_give(&net->fragments.pool, datagram->first);
        datagram->first = next;
    }
    datagram->blocks = 0;
    datagram->held_bytes = 0;
}

static void forget(struct net *net, struct fragment_datagram *datagram)
{
    free_blocks(net, datagram);
    datagram->is_used = false;
}

static enum synfin_reason poison(struct net *net, struct fragment_datagram *datagram,
                                 enum synfin_reason reason)
{
    free_blocks(net, datagram);
    datagram->is_poisoned = true;
    return reason;
}

static bool is_of(const struct fragment_datagram *datagram, const struct fragment *fragment)
{
    return datagram->is_used && datagram->id == fragment->id && datagram->iface == fragment->iface
           && datagram->is_ip6 == fragment->is_ip6
           && (fragment->is_ip6 || datagram->protocol == fragment->protocol)
           && addr_kind_is_equal(&datagram->src, fragment->src)
           && addr_kind_is_equal(&datagram->dst, fragment->dst);
}

static struct fragment_datagram *find_datagram(struct net *net, const struct fragment *fragment)
{
    for (uint32_t i = 0; i < FRAGMENT_DATAGRAMS_MAX; i++) {
        if (is_of(&net->fragments.datagram[i], fragment)) {
            return &net->fragments.datagram[i];
        }
    }
    return NULL;
}

// The one that ends first and is not `kept`; of IPv4 and IPv6 alike.
static struct fragment_datagram *find_oldest(struct net *net, const struct fragment_datagram *kept)
{
    struct fragment_datagram *oldest = NULL;
    for (uint32_t i = 0; i < FRAGMENT_DATAGRAMS_MAX; i++) {
        struct fragment_datagram *datagram = &net->fragments.datagram[i];
        bool is_older = oldest == NULL || datagram->deadline_ns < oldest->deadline_ns;
        if (datagram->is_used && datagram != kept && is_older) {
            oldest = datagram;
        }
    }
    return oldest;
}

static void evict(struct net *net, struct fragment_datagram *datagram, uint64_t now_ns)
{
    net_drop(net, SYNFIN_REASON_DROP_FRAGMENT_LIMIT, now_ns);
    forget(net, datagram);
}

static struct fragment_datagram *add_datagram(struct net *net, const struct fragment *fragment,
                                              uint64_t now_ns)
{
    struct fragment_datagram *datagram = NULL;
    for (uint32_t i = 0; i < FRAGMENT_DATAGRAMS_MAX && datagram == NULL; i++) {
        bool is_free = !net->fragments.datagram[i].is_used;
        datagram = is_free ? &net->fragments.datagram[i] : NULL;
    }
    if (datagram == NULL) {
        datagram = find_oldest(net, NULL);
        evict(net, datagram, now_ns);
    }
    *datagram = (struct fragment_datagram){
        .src = *fragment->src,
        .dst = *fragment->dst,
        .id = fragment->id,
        .protocol = fragment->protocol,
        .iface = fragment->iface,
        .traffic_class = fragment->traffic_class,
        .hop_limit = fragment->hop_limit,
        .is_used = true,
        .is_ip6 = fragment->is_ip6,
    };
    datagram->deadline_ns =
        deadline_after(now_ns, fragment->is_ip6 ? TIMEOUT_IP6_NS : TIMEOUT_IP4_NS);
    net_arm(net, datagram->deadline_ns);
    return datagram;
}

static struct fragment_block *take_block(struct net *net, const struct fragment_datagram *datagram,
                                         uint64_t now_ns)
{
    for (;;) {
        struct fragment_block *block = slab_pool_take_raw(&net->fragments.pool, NULL);
        if (block != NULL) {
            return block;
        }
        struct fragment_datagram *oldest = find_oldest(net, datagram);
        if (oldest == NULL) {
            return NULL;
        }
        evict(net, oldest, now_ns);
    }
}

static uint32_t block_end(const struct fragment_block *block)
{
    return block->offset_bytes + block->bytes;
}

// True when a fragment of the same place, length and octets is held. `at` is its first block.
static bool is_copy(const struct fragment_block *at, const struct fragment *fragment)
{
    struct gather left = *fragment->payload;
    if (at == NULL || at->offset_bytes != fragment->offset_bytes
        || at->fragment_bytes != left.bytes) {
        return false;
    }
    while (left.bytes > 0) {
        const uint8_t *held = at->octets + at->header_bytes;
        for (uint32_t done = 0; done < at->bytes;) {
            uint32_t rest = at->bytes - done;
            uint32_t piece = left.first.bytes < left.bytes ? left.first.bytes : left.bytes;
            uint32_t bytes = piece < rest ? piece : rest;
            if (memcmp(held + done, left.first.data, bytes) != 0) {
                return false;
            }
            gather_trim_left(&left, bytes);
            done += bytes;
        }
        at = at->next;
    }
    return true;
}

// Where the fragment's blocks are to be linked in; UNKNOWN, or why they are not.
static enum synfin_reason find_place(struct fragment_datagram *datagram,
                                     const struct fragment *fragment, struct fragment_block ***out)
{
    uint32_t end = fragment->offset_bytes + fragment->payload->bytes;
    struct fragment_block **at = &datagram->first;
    while (*at != NULL && block_end(*at) <= fragment->offset_bytes) {
        at = &(*at)->next;
    }
    *out = at;
    if (is_copy(*at, fragment)) {
        return SYNFIN_REASON_NET_CONSUMED;
    }
    bool is_overlapping = *at != NULL && (*at)->offset_bytes < end;
    return is_overlapping ? SYNFIN_REASON_DROP_FRAGMENT_OVERLAP : SYNFIN_REASON_UNKNOWN;
}

// The end that this fragment shows, against what is known of the datagram.
static enum synfin_reason check_end(const struct fragment_datagram *datagram,
                                    const struct fragment *fragment)
{
    uint32_t end = fragment->offset_bytes + fragment->payload->bytes;
    ASSERT(end <= DATAGRAM_MAX); // wire has looked, with the headers that stay
    if (datagram->end_bytes != 0
        && (end > datagram->end_bytes || (!fragment->has_more && end != datagram->end_bytes))) {
        return SYNFIN_REASON_DROP_FRAGMENT_OVERLAP;
    }
    if (fragment->has_more) {
        return SYNFIN_REASON_UNKNOWN;
    }
    for (const struct fragment_block *block = datagram->first; block != NULL; block = block->next) {
        if (block_end(block) > end) {
            return SYNFIN_REASON_DROP_FRAGMENT_OVERLAP;
        }
    }
    return SYNFIN_REASON_UNKNOWN;
}

// Copies the payload into blocks linked in at `at`; false when there is no room for all.
static bool store(struct net *net, struct fragment_datagram *datagram,
                  const struct fragment *fragment, struct fragment_block **at, uint64_t now_ns)
{
    struct gather *payload = fragment->payload;
    uint32_t offset = fragment->offset_bytes;
    uint32_t fragment_bytes = payload->bytes;
    while (payload->bytes > 0) {
        if (datagram->blocks == FRAGMENT_BLOCKS_MAX) {
            return false;
        }
        struct fragment_block *block = take_block(net, datagram, now_ns);
        if (block == NULL) {
            return false;
        }
        uint32_t header_bytes = offset == 0 ? fragment->header_bytes : 0;
        uint32_t room = FRAGMENT_OCTETS - header_bytes;
        uint32_t bytes = payload->bytes < room ? payload->bytes : room;
        memcpy(block->octets, fragment->header, header_bytes);
        gather_read(payload, block->octets + header_bytes, bytes);
        block->header_bytes = (uint16_t)header_bytes;
        block->bytes = (uint16_t)bytes;
        block->offset_bytes = offset;
        block->fragment_bytes = fragment_bytes;
        block->next = *at;
        *at = block;
        at = &block->next;
        fragment_bytes = 0;
        offset += bytes;
        datagram->held_bytes += bytes;
        datagram->blocks++;
    }
    return true;
}

static void note_facts(struct fragment_datagram *datagram, const struct fragment *fragment,
                       uint32_t end_bytes)
{
    if (!fragment->has_more) {
        datagram->end_bytes = end_bytes;
    }
    if (fragment->offset_bytes == 0) {
        datagram->protocol = fragment->protocol;
        datagram->hop_limit = fragment->hop_limit;
    }
    // RFC 3168 §5.3: congestion seen by one fragment was seen by the datagram.
    if ((fragment->traffic_class & ECN_MASK) == ECN_CE) {
        datagram->traffic_class |= ECN_CE;
    }
    datagram->is_group |= fragment->is_group;
}

enum synfin_reason fragments_add(struct net *net, const struct fragment *fragment, uint64_t now_ns,
                                 const struct fragment_datagram **whole)
{
    struct fragment_datagram *datagram = find_datagram(net, fragment);
    if (datagram == NULL) {
        datagram = add_datagram(net, fragment, now_ns);
    } else if (datagram->is_poisoned) {
        return SYNFIN_REASON_DROP_FRAGMENT_OVERLAP;
    }
    uint32_t end = fragment->offset_bytes + fragment->payload->bytes;
    struct fragment_block **at;
    enum synfin_reason reason = find_place(datagram, fragment, &at);
    if (reason == SYNFIN_REASON_UNKNOWN) {
        reason = check_end(datagram, fragment);
    }
    if (reason == SYNFIN_REASON_NET_CONSUMED) {
        return reason;
    }
    if (reason != SYNFIN_REASON_UNKNOWN) {
        return poison(net, datagram, reason);
    }
    if (!store(net, datagram, fragment, at, now_ns)) {
        return poison(net, datagram, SYNFIN_REASON_DROP_FRAGMENT_LIMIT);
    }
    note_facts(datagram, fragment, end);
    if (datagram->end_bytes == 0 || datagram->held_bytes != datagram->end_bytes) {
        return SYNFIN_REASON_NET_CONSUMED;
    }
    net->fragments.delivered = *datagram;
    datagram->first = NULL;
    datagram->is_used = false;
    *whole = &net->fragments.delivered;
    return SYNFIN_REASON_UNKNOWN;
}

void fragments_view(struct net *net, const struct fragment_datagram *whole, struct gather *out)
{
    struct synfin_span *span = net->fragments.span;
    uint32_t count = 0;
    for (const struct fragment_block *block = whole->first; block != NULL; block = block->next) {
        span[count++] = (struct synfin_span){block->octets + block->header_bytes, block->bytes};
    }
    ASSERT(count > 0 && count == whole->blocks);
    *out = (struct gather){.first = span[0], .rest = span + 1, .bytes = whole->end_bytes};
}

void fragments_release(struct net *net)
{
    if (net->fragments.delivered.is_used) {
        forget(net, &net->fragments.delivered);
    }
}

// RFC 792 §1, RFC 4443 §3.3: only when the first fragment is there to be quoted.
static void send_time_exceeded(struct net *net, const struct fragment_datagram *datagram,
                               uint64_t now_ns)
{
    const struct fragment_block *first = datagram->first;
    if (first == NULL || first->offset_bytes != 0) {
        return;
    }
    struct icmp_offence offence = {
        .src = &datagram->src,
        .dst = &datagram->dst,
        .transport = first->octets + first->header_bytes,
        .transport_bytes = first->bytes,
        .iface = datagram->iface,
        .protocol = datagram->protocol,
        .is_group = datagram->is_group,
    };
    gather_of_octets(&offence.quote, first->octets, (uint32_t)first->header_bytes + first->bytes);
    struct icmp_fault fault = {
        .type = datagram->is_ip6 ? WIRE_ICMP6_TIME_EXCEEDED : WIRE_ICMP4_TIME_EXCEEDED,
        .code = datagram->is_ip6 ? WIRE_ICMP6_CODE_REASSEMBLY : WIRE_ICMP4_CODE_REASSEMBLY,
        .reason = SYNFIN_REASON_NET_ICMP_TIME,
    };
    icmp_error_send(net, &offence, &fault, now_ns);
}

uint64_t fragments_advance(struct net *net, uint64_t now_ns)
{
    uint64_t next_ns = SYNFIN_NEVER;
    for (uint32_t i = 0; i < FRAGMENT_DATAGRAMS_MAX; i++) {
        struct fragment_datagram *datagram = &net->fragments.datagram[i];
        if (!datagram->is_used) {
            continue;
        }
        if (!deadline_is_due(datagram->deadline_ns, now_ns)) {
            next_ns = deadline_min(next_ns, datagram->deadline_ns);
            continue;
        }
        if (!datagram->is_poisoned) {
            send_time_exceeded(net, datagram, now_ns);
            net_drop(net, SYNFIN_REASON_DROP_FRAGMENT_TIMEOUT, now_ns);
        }
        forget(net, datagram);
    }
    return next_ns;
}

static bool datagram_check(const struct fragment_datagram *datagram)
{
    uint32_t blocks = 0;
    uint32_t bytes = 0;
    uint32_t end = 0;
    for (const struct fragment_block *block = datagram->first; block != NULL; block = block->next) {
        if (block->offset_bytes < end || block->bytes == 0) {
            return false;
        }
        end = block_end(block);
        bytes += block->bytes;
        blocks++;
    }
    return blocks == datagram->blocks && bytes == datagram->held_bytes
           && blocks <= FRAGMENT_BLOCKS_MAX && end <= DATAGRAM_MAX
           && (datagram->end_bytes == 0 || end <= datagram->end_bytes);
}

bool fragments_check(const struct net *net)
{
    const struct fragments *store = &net->fragments;
    uint32_t blocks = store->delivered.is_used ? store->delivered.blocks : 0;
    for (uint32_t i = 0; i < FRAGMENT_DATAGRAMS_MAX; i++) {
        if (store->datagram[i].is_used) {
            if (!datagram_check(&store->datagram[i])) {
                return false;
            }
            blocks += store->datagram[i].blocks;
        }
    }
    return blocks == store->pool.objects;
}
