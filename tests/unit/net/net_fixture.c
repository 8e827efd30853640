// SPDX-License-Identifier: MIT
//
// The network layer in a box; see net_fixture.h.
#include "net_fixture.h"

#include <stdlib.h>

#include "wire/wire_tcp.h"

const uint8_t fixture_our_mac[6] = {0x02, 0, 0, 0, 0, 1};
const uint8_t fixture_peer_mac[6] = {0x02, 0, 0, 0, 0, 2};
const uint8_t fixture_router_mac[6] = {0x02, 0, 0, 0, 0, 9};

struct synfin_addr fixture_addr(const char *text)
{
    struct synfin_addr addr;
    assert_int_equal(synfin_addr_parse(text, &addr), SYNFIN_ERROR_OK);
    return addr;
}

static void add_addr(struct fixture *fixture, uint32_t iface, const char *text)
{
    struct synfin_prefix prefix;
    assert_int_equal(synfin_prefix_parse(text, &prefix), SYNFIN_ERROR_OK);
    assert_int_equal(net_add_addr(fixture->net, iface, &prefix, fixture->now_ns), SYNFIN_ERROR_OK);
}

static uint32_t add_iface(struct fixture *fixture, bool is_ethernet, bool accepts)
{
    struct synfin_iface_config config = {.size = sizeof(config),
                                         .is_ethernet = is_ethernet,
                                         .mtu_bytes = 1500,
                                         .accept_router_advertisements = accepts};
    uint32_t iface;
    memcpy(config.mac, fixture_our_mac, sizeof(config.mac));
    assert_int_equal(net_add_iface(fixture->net, &config, fixture->now_ns, &iface),
                     SYNFIN_ERROR_OK);
    return iface;
}

static struct fixture *create(bool has_routers)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    assert_non_null(fixture);
    test_env_bind(&fixture->env, &fixture->memory, 1);
    fixture->now_ns = 1000 * S;
    slab_source_init(&fixture->source, &fixture->env, 4 << 20, 65536);
    wheel_init(&fixture->wheel, fixture->now_ns);
    report_init(&fixture->report, NULL, NULL);
    struct net_config config = {.source = &fixture->source,
                                .wheel = &fixture->wheel,
                                .report = &fixture->report,
                                .key = {1, 2},
                                .reassembly_bytes_max = 262144,
                                .hop_limit = 64};
    fixture->net = net_create(&config, fixture->now_ns);
    assert_non_null(fixture->net);
    fixture->eth = add_iface(fixture, true, has_routers);
    fixture->tun = add_iface(fixture, false, false);
    add_addr(fixture, fixture->eth, OUR4 "/24");
    add_addr(fixture, fixture->tun, TUN_OUR4 "/24");
    add_addr(fixture, fixture->tun, TUN_OUR6 "/64");
    if (!has_routers) {
        add_addr(fixture, fixture->eth, OUR6 "/64");
        fixture_advance(fixture, fixture->now_ns + 2 * S); // addresses are proved unique
    }
    fixture_advance(fixture, fixture->now_ns);
    fixture_forget_sent(fixture);
    return fixture;
}

struct fixture *fixture_create(void)
{
    return create(false);
}

struct fixture *fixture_create_with_routers(void)
{
    return create(true);
}

void fixture_destroy(struct fixture *fixture)
{
    assert_true(net_check(fixture->net));
    net_destroy(fixture->net);
    assert_int_equal(fixture->source.taken_bytes, 0);
    assert_int_equal(fixture->memory.slabs, 0);
    assert_int_equal(fixture->wheel.entries, 0);
    free(fixture->packet);
    free(fixture);
}

int fixture_set_up(void **state)
{
    *state = fixture_create();
    return 0;
}

int fixture_set_up_with_routers(void **state)
{
    *state = fixture_create_with_routers();
    return 0;
}

int fixture_tear_down(void **state)
{
    fixture_destroy(*state);
    return 0;
}

static void collect(struct fixture *fixture)
{
    struct synfin_packet packets[8];
    for (uint32_t iface = 0; iface < net_ifaces(fixture->net); iface++) {
        uint32_t count;
        while ((count = net_output(fixture->net, iface, packets, 8, fixture->now_ns)) > 0) {
            for (uint32_t i = 0; i < count; i++) {
                assert_in_range(fixture->sent_count, 0, FIXTURE_SENT_MAX - 1);
                struct fixture_sent *sent = &fixture->sent[fixture->sent_count++];
                sent->iface = iface;
                sent->reason = packets[i].reason;
                sent->bytes = synfin_packet_copy(&packets[i], sent->octets, FIXTURE_FRAME_MAX);
                assert_int_not_equal(sent->bytes, 0);
            }
            net_reclaim(fixture->net);
        }
        assert_false(net_has_output(fixture->net, iface));
    }
    assert_true(net_check(fixture->net));
}

enum net_verdict fixture_input_pieces(struct fixture *fixture, uint32_t iface,
                                      const uint8_t *octets, uint32_t bytes, uint32_t head_bytes)
{
    struct synfin_packet packet;
    // The head ends where its memory ends; the rest lies elsewhere, in two pieces.
    uint8_t *copy = malloc(bytes + 1);
    uint8_t *head = malloc(head_bytes > 0 ? head_bytes : 1);
    memcpy(copy, octets, bytes);
    memcpy(head, octets, head_bytes);
    uint32_t rest = bytes - head_bytes;
    synfin_packet_wrap(&packet, head, head_bytes);
    packet.bytes = bytes;
    packet.spans = 2;
    packet.span[0] = (struct synfin_span){copy + head_bytes, rest / 2};
    packet.span[1] = (struct synfin_span){copy + head_bytes + rest / 2, rest - rest / 2};
    enum net_verdict verdict =
        net_input(fixture->net, iface, &packet, fixture->now_ns, &fixture->out);
    collect(fixture);
    free(head);
    free(copy);
    return verdict;
}

enum net_verdict fixture_input(struct fixture *fixture, uint32_t iface, const uint8_t *octets,
                               uint32_t bytes)
{
    struct synfin_packet packet;
    free(fixture->packet);
    fixture->packet = malloc(bytes > 0 ? bytes : 1);
    memcpy(fixture->packet, octets, bytes);
    synfin_packet_wrap(&packet, fixture->packet, bytes);
    enum net_verdict verdict =
        net_input(fixture->net, iface, &packet, fixture->now_ns, &fixture->out);
    collect(fixture);
    return verdict;
}

void fixture_advance(struct fixture *fixture, uint64_t now_ns)
{
    while (wheel_next_deadline(&fixture->wheel) <= now_ns) {
        uint64_t next_ns = wheel_next_deadline(&fixture->wheel);
        fixture->now_ns = next_ns > fixture->now_ns ? next_ns : fixture->now_ns;
        wheel_advance(&fixture->wheel, fixture->now_ns);
        struct wheel_entry *entry;
        while ((entry = wheel_pop_due(&fixture->wheel)) != NULL) {
            assert_ptr_equal(entry, net_tick(fixture->net));
            net_advance(fixture->net, fixture->now_ns);
        }
        collect(fixture);
    }
    fixture->now_ns = now_ns;
    collect(fixture);
}

void fixture_forget_sent(struct fixture *fixture)
{
    fixture->sent_count = 0;
}

uint64_t fixture_count(const struct fixture *fixture, enum synfin_reason reason)
{
    return fixture->report.count[reason];
}

void fixture_expect_drop(struct fixture *fixture, uint32_t iface, const uint8_t *octets,
                         uint32_t bytes, enum synfin_reason reason)
{
    uint64_t before[SYNFIN_REASON_COUNT];
    memcpy(before, fixture->report.count, sizeof(before));
    uint32_t sent = fixture->sent_count;
    assert_int_equal(fixture_input(fixture, iface, octets, bytes), NET_VERDICT_DONE);
    for (uint32_t i = 0; i < SYNFIN_REASON_COUNT; i++) {
        uint64_t more = fixture->report.count[i] - before[i];
        if (more != (i == (uint32_t)reason ? 1 : 0)) {
            fail_msg("%s counted %u times, expected the drop %s",
                     synfin_reason_name((enum synfin_reason)i), (unsigned)more,
                     synfin_reason_name(reason));
        }
    }
    assert_int_equal(fixture->sent_count, sent);
}

static uint32_t fixture_ip4(uint8_t *p, const struct fixture_ip *ip, uint32_t bytes)
{
    struct wire_ip4 header = {
        .src = fixture_addr(ip->src),
        .dst = fixture_addr(ip->dst),
        .total_bytes = bytes + WIRE_IP4_HEADER,
        .fragment_bytes = ip->offset,
        .id = ip->id,
        .has_more_fragments = ip->has_more,
        .protocol = ip->protocol,
        .ttl = ip->hop_limit != 0 ? ip->hop_limit : 64,
        .traffic_class = ip->traffic_class,
    };
    wire_ip4_emit(p, &header);
    return bytes + WIRE_IP4_HEADER;
}

uint32_t fixture_ip(uint8_t *p, const struct fixture_ip *ip, uint32_t bytes)
{
    if (strchr(ip->dst, ':') == NULL) {
        return fixture_ip4(p, ip, bytes);
    }
    struct wire_ip6 header = {
        .src = fixture_addr(ip->src),
        .dst = fixture_addr(ip->dst),
        .payload_bytes = bytes,
        .next_header = ip->protocol,
        .hop_limit = ip->hop_limit != 0 ? ip->hop_limit : 64,
        .traffic_class = ip->traffic_class,
    };
    wire_ip6_emit(p, &header);
    return bytes + WIRE_IP6_HEADER;
}

uint32_t fixture_eth(uint8_t *p, const uint8_t dst[6], const uint8_t src[6], uint16_t type,
                     uint32_t bytes)
{
    memcpy(p, dst, 6);
    memcpy(p + 6, src, 6);
    p[12] = (uint8_t)(type >> 8);
    p[13] = (uint8_t)type;
    return bytes + 14;
}

void fixture_fix_icmp(uint8_t *ip, uint32_t bytes)
{
    bool is_ip4 = ip[0] >> 4 == 4;
    uint8_t *p = ip + (is_ip4 ? (ip[0] & 0xf) * 4 : WIRE_IP6_HEADER);
    struct checksum sum;
    checksum_init(&sum);
    if (!is_ip4) {
        struct synfin_addr src = wire_addr_load6(ip + 8);
        struct synfin_addr dst = wire_addr_load6(ip + 24);
        wire_pseudo_header_add(&sum, &src, &dst, WIRE_PROTOCOL_ICMP6, bytes);
    }
    p[2] = p[3] = 0;
    checksum_add(&sum, p, bytes);
    uint16_t value = checksum_finish(&sum);
    p[2] = (uint8_t)(value >> 8);
    p[3] = (uint8_t)value;
}

uint32_t fixture_tcp(uint8_t *p, const struct fixture_ip *ip, uint32_t seq, uint32_t data_bytes)
{
    uint8_t *tcp = p + (strchr(ip->dst, ':') == NULL ? WIRE_IP4_HEADER : WIRE_IP6_HEADER);
    struct wire_tcp header = {
        .src_port = 1000, .dst_port = 80, .seq = seq_make(seq), .flags = SYNFIN_TCP_ACK};
    header.sack_blocks = 0;
    header.has_mss = false;
    uint32_t header_bytes = wire_tcp_emit(tcp, &header);
    for (uint32_t i = 0; i < data_bytes; i++) {
        tcp[header_bytes + i] = (uint8_t)(i * 7);
    }
    return fixture_ip(p, ip, header_bytes + data_bytes);
}

uint32_t fixture_arp(uint8_t *p, enum wire_arp_operation operation, const char *sender,
                     const uint8_t sender_mac[6], const char *target)
{
    static const uint8_t all[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    struct wire_arp arp = {
        .operation = operation, .sender = fixture_addr(sender), .target = fixture_addr(target)};
    bool is_reply = operation == WIRE_ARP_OPERATION_REPLY;
    memcpy(arp.sender_link.octet, sender_mac, 6);
    memcpy(arp.target_link.octet, is_reply ? fixture_our_mac : all, 6);
    wire_arp_emit(p + 14, &arp);
    return fixture_eth(p, is_reply ? fixture_our_mac : all, sender_mac, WIRE_ETH_TYPE_ARP,
                       WIRE_ARP_BYTES);
}

// A router advertisement, which the codec only reads: 16 octets and its link address.
static uint32_t emit_router_advert(uint8_t *p, const struct wire_nd *nd)
{
    memset(p, 0, 24);
    p[0] = WIRE_ICMP6_ROUTER_ADVERT;
    p[4] = nd->hop_limit;
    bytes_store16(p + 6, nd->router_lifetime_s);
    bytes_store32(p + 8, nd->reachable_ms);
    bytes_store32(p + 12, nd->retrans_ms);
    p[16] = 1;
    p[17] = 1;
    memcpy(p + 18, nd->source_link.octet, 6);
    uint32_t at = 24;
    if (nd->mtu != 0) {
        memset(p + at, 0, 8);
        p[at] = 5;
        p[at + 1] = 1;
        bytes_store32(p + at + 4, nd->mtu);
        at += 8;
    }
    for (uint32_t i = 0; i < nd->prefixes; i++, at += 32) {
        const struct wire_nd_prefix *prefix = &nd->prefix[i];
        memset(p + at, 0, 32);
        p[at] = 3;
        p[at + 1] = 4;
        p[at + 2] = prefix->prefix.bits;
        p[at + 3] = (uint8_t)((prefix->is_on_link ? 0x80 : 0) | (prefix->is_autonomous ? 0x40 : 0));
        bytes_store32(p + at + 4, prefix->valid_s);
        bytes_store32(p + at + 8, prefix->preferred_s);
        memcpy(p + at + 16, prefix->prefix.addr.octet, 16);
    }
    return at;
}

uint32_t fixture_nd(uint8_t *p, const struct wire_nd *nd, const char *src, const char *dst,
                    const uint8_t mac[6])
{
    uint8_t *ip = p + 14;
    uint8_t *message = ip + WIRE_IP6_HEADER;
    uint32_t bytes = nd->type == WIRE_ICMP6_ROUTER_ADVERT ? emit_router_advert(message, nd)
                                                          : wire_nd_emit(message, nd);
    struct fixture_ip header = {
        .src = src, .dst = dst, .protocol = WIRE_PROTOCOL_ICMP6, .hop_limit = 255};
    uint32_t ip_bytes = fixture_ip(ip, &header, bytes);
    fixture_fix_icmp(ip, bytes);
    struct synfin_addr to = fixture_addr(dst);
    struct wire_eth_addr link;
    memcpy(link.octet, fixture_our_mac, 6);
    if (wire_addr_is_multicast(&to)) {
        link = wire_eth_group(&to);
    }
    return fixture_eth(p, link.octet, mac, WIRE_ETH_TYPE_IP6, ip_bytes);
}

void fixture_resolve(struct fixture *fixture, const char *addr, const uint8_t mac[6])
{
    struct synfin_addr peer = fixture_addr(addr);
    struct neighbour *neighbour =
        neighbour_want(fixture->net, fixture->eth, &peer, fixture->now_ns);
    struct wire_eth_addr link;
    memcpy(link.octet, mac, 6);
    struct neighbour_advert advert = {.link = &link, .is_solicited = true, .is_override = true};
    assert_non_null(neighbour);
    neighbour_on_advert(fixture->net, neighbour, &advert, fixture->now_ns);
    collect(fixture);
    fixture_forget_sent(fixture);
}

struct neighbour *fixture_neighbour(struct fixture *fixture, const char *addr)
{
    struct synfin_addr peer = fixture_addr(addr);
    return neighbour_find(fixture->net, fixture->eth, &peer);
}
