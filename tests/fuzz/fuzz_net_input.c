// SPDX-License-Identifier: MIT
//
// Any packets at any times into a network layer with an Ethernet and a bare interface. The input
// is a list of steps: a packet (repaired as far as asked for, or it would die at the first
// checksum), time that passes, a neighbour that is wanted, memory that runs out. After each step
// the structures are walked, limits are held, what is sent is decoded, and at the end all memory
// must come back.

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/deadline.h"
#include "net/net.h"
#include "wire/wire_icmp6.h"
#include "wire/wire_ip4.h"
#include "wire/wire_ip6.h"
#include "wire/wire_protocol.h"
#include "wire/wire_tcp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ETH, TUN, PACKET_MAX = 4096, MEMORY_MAX = 1 << 20, MTU = 1500, LINK_HEADER = 14 };
// A step's first octet: what it is, and for packets what is repaired.
enum { STEP_ETH, STEP_TUN, STEP_TIME, STEP_WANT, STEP_KINDS };
enum { REPAIR_LINK = 4, REPAIR_ADDRS = 8, REPAIR_LENGTH = 16, REPAIR_SUMS = 32, IN_PIECES = 64 };
enum { WITHOUT_MEMORY = 128 };

struct fuzz {
    const uint8_t *data;
    size_t size;
    struct slab_source source;
    struct wheel wheel;
    struct report report;
    struct net *net;
    uint64_t now_ns;
    uint32_t slabs;
};

static void require(bool condition)
{
    if (!condition) {
        abort();
    }
}

static void *take_slab(void *ctx, size_t bytes)
{
    struct fuzz *fuzz = ctx;
    void *slab = aligned_alloc(64, (bytes + 63) / 64 * 64);
    fuzz->slabs += slab != NULL;
    return slab;
}

static void give_slab(void *ctx, void *slab, size_t bytes)
{
    struct fuzz *fuzz = ctx;
    (void)bytes;
    fuzz->slabs--;
    free(slab);
}

static uint32_t take_octets(struct fuzz *fuzz, uint32_t octets)
{
    uint32_t value = 0;
    while (octets-- > 0 && fuzz->size > 0) {
        value = value << 8 | *fuzz->data++;
        fuzz->size--;
    }
    return value;
}

static const uint8_t our_mac[6] = {2, 0, 0, 0, 0, 1};

static struct synfin_addr our_addr(uint32_t iface, bool is_ip6)
{
    struct synfin_addr ip6 = {{0xfd, [7] = (uint8_t)iface, [15] = 1}};
    return is_ip6 ? ip6 : synfin_addr_ipv4(10, (uint8_t)iface, 0, 1);
}

static void add_iface(struct fuzz *fuzz, uint32_t number)
{
    struct synfin_iface_config config = {.size = sizeof(config),
                                         .is_ethernet = number == ETH,
                                         .mtu_bytes = MTU,
                                         .accept_router_advertisements = number == ETH};
    uint32_t iface;
    memcpy(config.mac, our_mac, sizeof(our_mac));
    require(net_add_iface(fuzz->net, &config, 0, &iface) == SYNFIN_ERROR_OK && iface == number);
    for (uint32_t i = 0; i < 2; i++) {
        struct synfin_prefix prefix = {.addr = our_addr(number, i != 0), .bits = i != 0 ? 64 : 24};
        require(net_add_addr(fuzz->net, iface, &prefix, 0) == SYNFIN_ERROR_OK);
    }
}

static void begin(struct fuzz *fuzz)
{
    struct synfin_env env = {
        .size = sizeof(env), .ctx = fuzz, .slab_take = take_slab, .slab_give = give_slab};
    slab_source_init(&fuzz->source, &env, MEMORY_MAX, 65536);
    wheel_init(&fuzz->wheel, 0);
    report_init(&fuzz->report, NULL, NULL);
    struct net_config config = {.source = &fuzz->source,
                                .wheel = &fuzz->wheel,
                                .report = &fuzz->report,
                                .key = {3, 4},
                                .reassembly_bytes_max = 65536,
                                .hop_limit = 64};
    fuzz->net = net_create(&config, 0);
    require(fuzz->net != NULL);
    add_iface(fuzz, ETH);
    add_iface(fuzz, TUN);
}

// What leaves must be whole: right lengths and sums, not longer than the MTU.
static void check_sent(const struct synfin_packet *packet, uint32_t iface)
{
    uint32_t link_bytes = iface == ETH ? LINK_HEADER : 0;
    require(packet->spans == 0 && packet->bytes == packet->head_bytes);
    require(packet->bytes > link_bytes && packet->bytes <= MTU + link_bytes);
    const uint8_t *p = packet->head + link_bytes;
    uint32_t bytes = packet->bytes - link_bytes;
    uint32_t type = iface == ETH ? bytes_load16(p - 2) : p[0] >> 4 == 4 ? 0x0800 : 0x86dd;
    struct wire_ip4 ip4;
    struct wire_ip6 ip6;
    if (type == 0x0800) {
        require(wire_ip4_parse(p, bytes, bytes, &ip4) == SYNFIN_REASON_UNKNOWN);
        require(ip4.total_bytes == bytes && ip4.protocol == WIRE_PROTOCOL_ICMP4);
        require(checksum_of(p + ip4.header_bytes, bytes - ip4.header_bytes) == 0);
    } else if (type == 0x86dd) {
        struct checksum sum;
        require(wire_ip6_parse(p, bytes, bytes, &ip6) == SYNFIN_REASON_UNKNOWN);
        require(ip6.payload_bytes == bytes - WIRE_IP6_HEADER);
        checksum_init(&sum);
        wire_pseudo_header_add(&sum, &ip6.src, &ip6.dst, WIRE_PROTOCOL_ICMP6, ip6.payload_bytes);
        checksum_add(&sum, p + WIRE_IP6_HEADER, ip6.payload_bytes);
        require(ip6.next_header == WIRE_PROTOCOL_ICMP6 && checksum_finish(&sum) == 0);
    } else {
        require(type == 0x0806 && bytes == 28);
    }
}

static void settle(struct fuzz *fuzz)
{
    struct synfin_packet packets[4];
    struct net_change change;
    for (uint32_t iface = ETH; iface <= TUN; iface++) {
        uint32_t count;
        while ((count = net_output(fuzz->net, iface, packets, 4, fuzz->now_ns)) > 0) {
            for (uint32_t i = 0; i < count; i++) {
                check_sent(&packets[i], iface);
            }
            net_reclaim(fuzz->net);
        }
    }
    while (net_next_change(fuzz->net, &change)) {
        require(change.neighbour < NET_NEIGHBOURS_MAX);
    }
    require(net_check(fuzz->net));
    require(fuzz->source.taken_bytes <= MEMORY_MAX);
}

static void repair_addr(uint8_t *p, bool is_ip6, uint32_t iface, uint8_t how)
{
    struct synfin_addr addr = our_addr(iface, is_ip6);
    if (is_ip6 && (how & 1) == 0) {
        memcpy(p + 24, addr.octet, 16);
    } else if (!is_ip6) {
        memcpy(p + 16, addr.octet + 12, 4);
    }
}

// Now and then the source is ourselves, or the destination is left to somebody else.
static void repair_ends(uint8_t *p, bool is_ip6, uint32_t iface)
{
    uint8_t how = p[is_ip6 ? 39 : 19];
    struct synfin_addr addr = our_addr(iface, is_ip6);
    if (how % 16 == 15) {
        memcpy(p + (is_ip6 ? 8 : 12), addr.octet + (is_ip6 ? 0 : 12), is_ip6 ? 16 : 4);
    }
    if (how % 16 != 14) {
        repair_addr(p, is_ip6, iface, how);
    }
}

// The checksums of IPv4's header and of an ICMP message right behind the IP header.
static void repair_sums(uint8_t *p, uint32_t bytes, bool is_ip6)
{
    uint32_t header_bytes = is_ip6 ? WIRE_IP6_HEADER : (p[0] & 0xfU) * 4;
    if (header_bytes < WIRE_IP4_HEADER || bytes < header_bytes + 4) {
        return;
    }
    struct checksum sum;
    checksum_init(&sum);
    uint8_t *icmp = p + header_bytes;
    uint32_t icmp_bytes = bytes - header_bytes;
    if (is_ip6) {
        struct synfin_addr src = wire_addr_load6(p + 8);
        struct synfin_addr dst = wire_addr_load6(p + 24);
        wire_pseudo_header_add(&sum, &src, &dst, WIRE_PROTOCOL_ICMP6, icmp_bytes);
    } else {
        bytes_store16(p + 10, 0);
        bytes_store16(p + 10, checksum_of(p, header_bytes));
    }
    if (p[is_ip6 ? 6 : 9] == (is_ip6 ? WIRE_PROTOCOL_ICMP6 : WIRE_PROTOCOL_ICMP4)) {
        bytes_store16(icmp + 2, 0);
        checksum_add(&sum, icmp, icmp_bytes);
        bytes_store16(icmp + 2, checksum_finish(&sum));
    }
}

static void repair(uint8_t *packet, uint32_t bytes, uint32_t iface, uint8_t step)
{
    uint32_t link_bytes = iface == ETH ? LINK_HEADER : 0;
    if (bytes < link_bytes + WIRE_IP4_HEADER) {
        return;
    }
    uint8_t *p = packet + link_bytes;
    bool is_ip6 = p[0] >> 4 == 6;
    if (iface == ETH && (step & REPAIR_LINK) != 0 && (packet[0] & 1) == 0) {
        memcpy(packet, our_mac, sizeof(our_mac));
        if (packet[11] % 16 == 15) {
            memcpy(packet + 6, our_mac, sizeof(our_mac)); // as if it came from ourselves
        }
    }
    if ((is_ip6 && bytes - link_bytes < WIRE_IP6_HEADER) || (p[0] >> 4 != 4 && !is_ip6)) {
        return;
    }
    if ((step & REPAIR_ADDRS) != 0) {
        repair_ends(p, is_ip6, iface);
    }
    if ((step & REPAIR_LENGTH) != 0) {
        uint32_t length = bytes - link_bytes;
        bytes_store16(p + (is_ip6 ? 4 : 2), is_ip6 ? length - WIRE_IP6_HEADER : length);
    }
    if ((step & REPAIR_SUMS) != 0) {
        repair_sums(p, bytes - link_bytes, is_ip6);
    }
}

static uint64_t count_reasons(const struct fuzz *fuzz)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < SYNFIN_REASON_COUNT; i++) {
        sum += fuzz->report.count[i];
    }
    return sum;
}

// Whether whoever carried and sent this packet meant us: the frame's and the packet's addresses,
// read anew. A packet that claims to come from ourselves came from somebody else.
static bool is_for_us(const uint8_t *packet, uint32_t iface)
{
    const uint8_t *p = packet + (iface == ETH ? LINK_HEADER : 0);
    bool is_ip6 = p[0] >> 4 == 6;
    if (iface == ETH && (memcmp(packet + 6, our_mac, 6) == 0 || memcmp(packet, our_mac, 6) != 0)) {
        return false;
    }
    bool is_ours = false;
    for (uint32_t i = ETH; i <= TUN; i++) {
        struct synfin_addr ours = our_addr(i, is_ip6);
        const uint8_t *octets = ours.octet + (is_ip6 ? 0 : 12);
        uint32_t bytes = is_ip6 ? 16 : 4;
        if (memcmp(p + (is_ip6 ? 8 : 12), octets, bytes) == 0) {
            return false;
        }
        is_ours = is_ours || memcmp(p + (is_ip6 ? 24 : 16), octets, bytes) == 0;
    }
    // IPv6 gives itself addresses, by itself or as a router says.
    return is_ours || is_ip6;
}

static void check_up(const struct net_datagram *up)
{
    static uint8_t octets[SYNFIN_PACKET_MAX];
    struct gather view = up->payload;
    require(up->protocol == WIRE_PROTOCOL_TCP && view.bytes <= sizeof(octets));
    require(up->head_bytes <= view.bytes);
    gather_read(&view, octets, view.bytes);
    require(memcmp(octets, up->head, up->head_bytes) == 0);
}

// A segment as it should be, from a neighbour of this interface or, by `ends`, from ourselves, to
// us or to somebody else.
static uint32_t make_segment(uint8_t *packet, uint32_t iface, uint8_t ends)
{
    static const uint8_t mac[6] = {2, 0, 0, 0, 0, 2};
    bool is_ip6 = (ends & 1) != 0;
    struct synfin_addr src = our_addr(iface, is_ip6);
    struct synfin_addr dst = src;
    uint32_t ip_bytes = is_ip6 ? WIRE_IP6_HEADER : WIRE_IP4_HEADER;
    uint32_t bytes = (iface == ETH ? LINK_HEADER : 0) + ip_bytes + WIRE_TCP_HEADER_MIN;
    uint8_t *p = packet + (iface == ETH ? LINK_HEADER : 0);
    src.octet[15] = (ends & 6) == 6 ? src.octet[15] : 7;
    dst.octet[15] = (ends & 24) == 24 ? 9 : dst.octet[15];
    memset(packet, 0, bytes);
    if (iface == ETH) {
        memcpy(packet, our_mac, 6);
        memcpy(packet + 6, (ends & 96) == 96 ? our_mac : mac, 6);
        bytes_store16(packet + 12, is_ip6 ? 0x86dd : 0x0800);
    }
    if (is_ip6) {
        struct wire_ip6 ip = {.src = src,
                              .dst = dst,
                              .payload_bytes = WIRE_TCP_HEADER_MIN,
                              .next_header = WIRE_PROTOCOL_TCP,
                              .hop_limit = 64};
        wire_ip6_emit(p, &ip);
    } else {
        struct wire_ip4 ip = {.src = src,
                              .dst = dst,
                              .total_bytes = ip_bytes + WIRE_TCP_HEADER_MIN,
                              .protocol = WIRE_PROTOCOL_TCP,
                              .ttl = 64};
        wire_ip4_emit(p, &ip);
    }
    p[ip_bytes + 12] = 0x50;
    return bytes;
}

// So many octets of the input, repaired as the step says; a length that begins with 0xf stands for
// a segment that needs none.
static uint32_t take_packet(struct fuzz *fuzz, uint32_t iface, uint8_t step, uint32_t length,
                            uint8_t *packet)
{
    if (length >> 12 == 0xf) {
        return make_segment(packet, iface, (uint8_t)length);
    }
    uint32_t bytes = length % PACKET_MAX;
    bytes = bytes < fuzz->size ? bytes : (uint32_t)fuzz->size;
    memcpy(packet, fuzz->data, bytes);
    fuzz->data += bytes;
    fuzz->size -= bytes;
    repair(packet, bytes, iface, step);
    return bytes;
}

static void give_packet(struct fuzz *fuzz, uint32_t iface, uint8_t step)
{
    static uint8_t whole[PACKET_MAX];
    uint32_t length = take_octets(fuzz, 2);
    uint32_t cut = (step & IN_PIECES) != 0 ? take_octets(fuzz, 1) : PACKET_MAX;
    uint32_t bytes = take_packet(fuzz, iface, step, length, whole);
    uint32_t head_bytes = cut < bytes ? cut : bytes;
    uint8_t *head = malloc(head_bytes + 1);
    uint8_t *rest = malloc(bytes - head_bytes + 1);
    memcpy(head, whole, head_bytes);
    memcpy(rest, whole + head_bytes, bytes - head_bytes);
    struct synfin_packet packet;
    struct net_datagram up;
    synfin_packet_wrap(&packet, head, head_bytes);
    packet.bytes = bytes;
    packet.spans = 1;
    packet.span[0] = (struct synfin_span){rest, bytes - head_bytes};
    uint64_t before = count_reasons(fuzz);
    switch (net_input(fuzz->net, iface, &packet, fuzz->now_ns, &up)) {
    case NET_VERDICT_DONE: require(count_reasons(fuzz) > before); break;
    case NET_VERDICT_TRANSPORT:
        require(is_for_us(whole, iface));
        check_up(&up);
        break;
    case NET_VERDICT_ICMP_ERROR: require(net_is_local(fuzz->net, &up.error.local.addr)); break;
    }
    free(head);
    free(rest);
}

static void pass_time(struct fuzz *fuzz)
{
    uint64_t until_ns = fuzz->now_ns + (take_octets(fuzz, 2) * (NS_PER_S / 64));
    while (wheel_next_deadline(&fuzz->wheel) <= until_ns) {
        fuzz->now_ns = deadline_max(fuzz->now_ns, wheel_next_deadline(&fuzz->wheel));
        wheel_advance(&fuzz->wheel, fuzz->now_ns);
        while (wheel_pop_due(&fuzz->wheel) != NULL) {
            net_advance(fuzz->net, fuzz->now_ns);
        }
        settle(fuzz);
    }
    fuzz->now_ns = until_ns;
}

static void want_neighbour(struct fuzz *fuzz)
{
    uint8_t choice = (uint8_t)take_octets(fuzz, 1);
    struct synfin_addr dst = our_addr(choice >> 7, (choice & 0x40) != 0);
    struct net_path path = {0};
    uint8_t mac[6];
    dst.octet[15] = choice & 0x3f;
    if (net_resolve(fuzz->net, &path, &dst, fuzz->now_ns, mac) == NET_RESOLUTION_READY) {
        net_confirm(fuzz->net, &path, fuzz->now_ns);
    }
}

static void run_step(struct fuzz *fuzz)
{
    uint8_t step = (uint8_t)take_octets(fuzz, 1);
    size_t limit_bytes = fuzz->source.limit_bytes;
    if ((step & WITHOUT_MEMORY) != 0) {
        fuzz->source.limit_bytes = fuzz->source.taken_bytes;
    }
    switch (step % STEP_KINDS) {
    case STEP_ETH: give_packet(fuzz, ETH, step); break;
    case STEP_TUN: give_packet(fuzz, TUN, step); break;
    case STEP_TIME: pass_time(fuzz); break;
    default: want_neighbour(fuzz); break;
    }
    fuzz->source.limit_bytes = limit_bytes;
    settle(fuzz);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz fuzz = {.data = data, .size = size};
    begin(&fuzz);
    while (fuzz.size > 0) {
        run_step(&fuzz);
    }
    net_destroy(fuzz.net);
    require(fuzz.slabs == 0 && fuzz.source.taken_bytes == 0 && fuzz.wheel.entries == 0);
    return 0;
}
