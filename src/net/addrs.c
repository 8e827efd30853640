// SPDX-License-Identifier: MIT
//
// Our own addresses: which are ours, which one to speak from, and when they end. An IPv6 address
// on Ethernet is used at once and given up when another station shows that it has it (optimistic
// duplicate detection, RFC 4429); one probe is sent, RFC 4862 §5.1 DupAddrDetectTransmits.
#include <string.h>

#include "base/addr_kind.h"
#include "net/net_internal.h"
#include "wire/wire_addr.h"

enum { ADDR_LINK_LOCAL_BITS = 64 };

static uint32_t broadcast_of(uint32_t ip4, uint32_t bits)
{
    // RFC 3021 §2.1: the two addresses of a /31 are both hosts.
    return bits >= 31 ? 0 : ip4 | (UINT32_MAX >> bits);
}

static bool is_link_local6(const struct synfin_addr *addr)
{
    return !wire_addr_is_mapped(addr) && wire_addr_is_link_local(addr);
}

// One place is kept for the link-local address, three for what routers announce.
static bool has_room(const struct net *net, uint32_t iface, bool is_autonomous, bool is_link_local)
{
    uint32_t all = 0;
    uint32_t same = 0;
    for (uint32_t i = 0; i < net->addrs; i++) {
        const struct net_addr *own = &net->addr[i];
        bool is_counted = own->is_autonomous == is_autonomous && !is_link_local6(&own->addr);
        all += own->iface == iface;
        same += own->iface == iface && is_counted;
    }
    uint32_t limit = is_autonomous ? NET_ADDRS_PER_IFACE - SYNFIN_ADDRS_MAX - 1 : SYNFIN_ADDRS_MAX;
    return all < NET_ADDRS_PER_IFACE && (is_link_local || same < limit);
}

static const struct net_addr *find_on(const struct net *net, uint32_t iface,
                                      const struct synfin_addr *addr)
{
    for (uint32_t i = 0; i < net->addrs; i++) {
        const struct net_addr *own = &net->addr[i];
        if ((own->iface == iface || iface == NET_IFACE_ANY) && own->state != ADDR_STATE_DUPLICATE
            && addr_kind_is_equal(&own->addr, addr)) {
            return own;
        }
    }
    return NULL;
}

static enum synfin_error check_new(const struct net *net, uint32_t iface,
                                   const struct synfin_prefix *prefix, bool is_autonomous)
{
    bool is_ip4 = addr_kind_is_ipv4(&prefix->addr);
    if (net_is_no_peer(net, &prefix->addr) || prefix->bits > (is_ip4 ? 32 : 128)) {
        return SYNFIN_ERROR_INVALID;
    }
    bool is_link_local = is_link_local6(&prefix->addr);
    // Link-local addresses need to be unique on their link only.
    if (find_on(net, is_link_local ? iface : NET_IFACE_ANY, &prefix->addr) != NULL) {
        return SYNFIN_ERROR_IN_USE;
    }
    return has_room(net, iface, is_autonomous, is_link_local) ? SYNFIN_ERROR_OK
                                                              : SYNFIN_ERROR_LIMIT;
}

enum synfin_error addrs_add(struct net *net, uint32_t iface, const struct synfin_prefix *prefix,
                            bool is_autonomous, uint64_t now_ns)
{
    enum synfin_error error = check_new(net, iface, prefix, is_autonomous);
    if (error != SYNFIN_ERROR_OK) {
        return error;
    }
    struct route route = {.prefix = *prefix,
                          .valid_ns = SYNFIN_NEVER,
                          .iface = (uint8_t)iface,
                          .origin = ROUTE_ORIGIN_CONNECTED};
    // Whether a prefix from a router is on the link, the router says itself.
    error = is_autonomous ? SYNFIN_ERROR_OK : route_add(net, &route);
    if (error != SYNFIN_ERROR_OK) {
        return error;
    }
    bool is_ip4 = addr_kind_is_ipv4(&prefix->addr);
    bool is_probed = !is_ip4 && net->iface[iface].config.is_ethernet;
    struct net_addr *addr = &net->addr[net->addrs++];
    memset(addr, 0, sizeof(*addr));
    addr->addr = prefix->addr;
    addr->bits = prefix->bits;
    addr->iface = (uint8_t)iface;
    addr->is_autonomous = is_autonomous;
    addr->preferred_ns = addr->valid_ns = addr->probe_ns = SYNFIN_NEVER;
    addr->ip4 = is_ip4 ? bytes_load32(prefix->addr.octet + 12) : 0;
    addr->broadcast4 = is_ip4 ? broadcast_of(addr->ip4, prefix->bits) : 0;
    addr->state = is_probed ? ADDR_STATE_OPTIMISTIC : ADDR_STATE_PREFERRED;
    net->epoch++;
    if (is_probed) {
        // RFC 4862 §5.4: proved when RetransTimer passes without an answer.
        addr->probe_ns = deadline_after(now_ns, net->iface[iface].retrans_ns);
        nd_probe_duplicate(net, addr, now_ns);
        net_arm(net, addr->probe_ns);
    }
    return SYNFIN_ERROR_OK;
}

void addrs_remove(struct net *net, struct net_addr *addr)
{
    *addr = net->addr[--net->addrs];
    net->epoch++;
}

struct net_addr *addrs_find(struct net *net, uint32_t iface, const struct synfin_addr *addr)
{
    const struct net_addr *own = find_on(net, iface, addr);
    return own != NULL ? &net->addr[own - net->addr] : NULL;
}

bool addrs_is_local(const struct net *net, const struct synfin_addr *addr)
{
    return find_on(net, NET_IFACE_ANY, addr) != NULL;
}

bool addrs_is_broadcast4(const struct net *net, uint32_t ip4)
{
    for (uint32_t i = 0; i < net->addrs; i++) {
        if (net->addr[i].broadcast4 != 0 && net->addr[i].broadcast4 == ip4) {
            return true;
        }
    }
    return ip4 == UINT32_MAX;
}

static uint32_t common_bits(const struct synfin_addr *a, const struct synfin_addr *b)
{
    for (uint32_t i = 0; i < sizeof(a->octet); i++) {
        uint32_t differing = (uint32_t)(a->octet[i] ^ b->octet[i]);
        if (differing != 0) {
            return i * 8 + (uint32_t)__builtin_clz(differing) - 24;
        }
    }
    return 128;
}

static bool is_link_scoped(const struct synfin_addr *addr)
{
    bool is_link_group = addr->octet[0] == 0xff && (addr->octet[1] & 0xf) == 2; // RFC 4291 §2.7
    return is_link_group || wire_addr_is_link_local(addr);
}

// RFC 6724 §5: rule 2 (scope), rule 3 (not deprecated), rule 8 (longest prefix), in this order.
static uint32_t score_source(const struct net_addr *own, const struct synfin_addr *dst)
{
    bool has_scope = is_link_scoped(&own->addr) == is_link_scoped(dst);
    bool is_preferred = own->preferred_ns != 0;
    return (has_scope ? 512U : 0) + (is_preferred ? 256U : 0) + common_bits(&own->addr, dst);
}

static const struct net_addr *choose_source(const struct net *net, uint32_t iface,
                                            const struct synfin_addr *dst, bool is_proved)
{
    const struct net_addr *best = NULL;
    uint32_t best_score = 0;
    bool is_ip4 = wire_addr_is_mapped(dst);
    for (uint32_t i = 0; i < net->addrs; i++) {
        const struct net_addr *own = &net->addr[i];
        bool is_usable = own->state == ADDR_STATE_PREFERRED
                         || (own->state == ADDR_STATE_OPTIMISTIC && !is_proved);
        if (own->iface != iface || !is_usable || (own->ip4 != 0) != is_ip4) {
            continue;
        }
        uint32_t score = score_source(own, dst);
        if (best == NULL || score > best_score) {
            best = own;
            best_score = score;
        }
    }
    return best;
}

const struct net_addr *addrs_source(const struct net *net, uint32_t iface,
                                    const struct synfin_addr *dst)
{
    return choose_source(net, iface, dst, false);
}

const struct net_addr *addrs_proved_source(const struct net *net, uint32_t iface,
                                           const struct synfin_addr *dst)
{
    return choose_source(net, iface, dst, true);
}

bool addrs_hears_group(const struct net *net, uint32_t iface, const struct synfin_addr *group)
{
    static const struct synfin_addr all_nodes = {{0xff, 0x02, [15] = 1}}; // RFC 4291 §2.7.1
    if (addr_kind_is_equal(group, &all_nodes)) {
        return true;
    }
    for (uint32_t i = 0; i < net->addrs; i++) {
        const struct net_addr *own = &net->addr[i];
        if (own->iface == iface && own->ip4 == 0 && own->state != ADDR_STATE_DUPLICATE) {
            struct synfin_addr heard = wire_addr_solicited_node(&own->addr);
            if (addr_kind_is_equal(group, &heard)) {
                return true;
            }
        }
    }
    return false;
}

void addrs_set_eui64(struct synfin_addr *addr, const uint8_t mac[WIRE_ETH_ADDR])
{
    uint8_t *id = addr->octet + 8;
    memcpy(id, mac, 3);
    id[0] ^= 0x02;
    id[3] = 0xff;
    id[4] = 0xfe;
    memcpy(id + 5, mac + 3, 3);
}

enum synfin_error addrs_add_link_local(struct net *net, uint32_t iface, uint64_t now_ns)
{
    for (uint32_t i = 0; i < net->addrs; i++) {
        const struct net_addr *own = &net->addr[i];
        if (own->iface == iface && own->ip4 == 0 && wire_addr_is_link_local(&own->addr)) {
            return SYNFIN_ERROR_OK;
        }
    }
    struct synfin_prefix prefix = {.addr = {{0xfe, 0x80}}, .bits = ADDR_LINK_LOCAL_BITS};
    addrs_set_eui64(&prefix.addr, net->iface[iface].config.mac);
    return addrs_add(net, iface, &prefix, false, now_ns);
}

void addrs_on_duplicate(struct net *net, struct net_addr *addr)
{
    addr->state = ADDR_STATE_DUPLICATE;
    addr->probe_ns = SYNFIN_NEVER;
    net->epoch++;
}

uint64_t addrs_advance(struct net *net, uint64_t now_ns)
{
    uint64_t next_ns = SYNFIN_NEVER;
    for (uint32_t i = 0; i < net->addrs;) {
        struct net_addr *addr = &net->addr[i];
        if (deadline_is_due(addr->valid_ns, now_ns)) {
            addrs_remove(net, addr);
            continue;
        }
        if (deadline_is_due(addr->probe_ns, now_ns)) {
            addr->state = ADDR_STATE_PREFERRED;
            addr->probe_ns = SYNFIN_NEVER;
            neighbour_solicit_waiting(net, addr->iface, now_ns);
        }
        if (addr->preferred_ns != 0 && deadline_is_due(addr->preferred_ns, now_ns)) {
            addr->preferred_ns = 0;
        }
        next_ns = deadline_min(next_ns, deadline_min(addr->valid_ns, addr->probe_ns));
        if (addr->preferred_ns != 0) {
            next_ns = deadline_min(next_ns, addr->preferred_ns);
        }
        i++;
    }
    return next_ns;
}
