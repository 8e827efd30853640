// SPDX-License-Identifier: MIT
//
// Headers in front of what TCP built: every octet of both versions, and the packet's facts.
#include "net_fixture.h"

static void make(struct synfin_packet *packet, uint32_t bytes)
{
    memset(packet, 0, sizeof(*packet));
    packet->head = packet->room + SYNFIN_PACKET_ROOM - bytes;
    packet->head_bytes = bytes;
    packet->bytes = bytes + 1000; // of which 1000 lie elsewhere
    packet->checksum = SYNFIN_CHECKSUM_PARTIAL;
    packet->checksum_offset = 16;
}

static void ip4_on_ethernet(void **state)
{
    struct fixture *f = *state;
    struct synfin_packet packet;
    struct synfin_addr src = fixture_addr(OUR4);
    struct synfin_addr dst = fixture_addr(PEER4);
    struct net_header header = {.src = &src,
                                .dst = &dst,
                                .mac = fixture_peer_mac,
                                .iface = (uint8_t)f->eth,
                                .protocol = 6,
                                .traffic_class = 2};
    make(&packet, 20);
    uint8_t *transport = packet.head;
    net_emit(f->net, &packet, &header);
    assert_ptr_equal(packet.head, transport - 34);
    assert_int_equal(packet.head_bytes, 54);
    assert_int_equal(packet.bytes, 1054);
    assert_int_equal(packet.checksum_start, 34);
    assert_int_equal(packet.checksum_offset, 16);
    static const uint8_t expected[] = {2,    0,    0,    0,    0,    2,    2, 0, 0,    0, 0,  1,
                                       0x08, 0x00, 0x45, 0x02, 0x04, 0x10, 0, 0, 0x40, 0, 64, 6};
    assert_memory_equal(packet.head, expected, sizeof(expected));
    assert_memory_equal(packet.head + 26, src.octet + 12, 4);
    assert_memory_equal(packet.head + 30, dst.octet + 12, 4);
    assert_int_equal(checksum_of(packet.head + 14, 20), 0);
}

static void ip6_without_link_header(void **state)
{
    struct fixture *f = *state;
    struct synfin_packet packet;
    struct synfin_addr src = fixture_addr(TUN_OUR6);
    struct synfin_addr dst = fixture_addr(TUN_PEER6);
    struct net_header header = {.src = &src,
                                .dst = &dst,
                                .flow_label = 0xabcde,
                                .iface = (uint8_t)f->tun,
                                .protocol = 6,
                                .traffic_class = 0x12,
                                .hop_limit = 9};
    make(&packet, 32);
    net_emit(f->net, &packet, &header);
    assert_int_equal(packet.head_bytes, 72);
    assert_int_equal(packet.checksum_start, 40);
    static const uint8_t expected[] = {0x61, 0x2a, 0xbc, 0xde, 0x04, 0x08, 6, 9};
    assert_memory_equal(packet.head, expected, sizeof(expected));
    assert_memory_equal(packet.head + 8, src.octet, 16);
    assert_memory_equal(packet.head + 24, dst.octet, 16);
}

static void ip6_on_ethernet_uses_the_whole_room(void **state)
{
    struct fixture *f = *state;
    struct synfin_packet packet;
    struct synfin_addr src = fixture_addr(OUR6);
    struct synfin_addr dst = fixture_addr(PEER6);
    struct net_header header = {
        .src = &src, .dst = &dst, .mac = fixture_peer_mac, .iface = (uint8_t)f->eth};
    make(&packet, 60);
    uint8_t *transport = packet.head;
    net_emit(f->net, &packet, &header);
    assert_ptr_equal(packet.head, transport - NET_HEADERS_MAX);
    assert_int_equal(packet.head[12], 0x86);
    assert_int_equal(packet.head[13], 0xdd);
    assert_int_equal(packet.head[14 + 7], 64); // the default hop limit
}

static void what_is_emitted_is_taken_in_again(void **state)
{
    struct fixture *f = *state;
    static uint8_t octets[1100];
    static const char *const pairs[][2] = {{TUN_OUR4, TUN_PEER4}, {TUN_OUR6, TUN_PEER6}};
    for (uint32_t i = 0; i < 2; i++) {
        struct synfin_packet packet;
        // As the peer would send it.
        struct synfin_addr src = fixture_addr(pairs[i][1]);
        struct synfin_addr dst = fixture_addr(pairs[i][0]);
        struct net_header header = {
            .src = &src, .dst = &dst, .iface = (uint8_t)f->tun, .protocol = 6};
        make(&packet, 20);
        packet.bytes = 20;
        net_emit(f->net, &packet, &header);
        uint32_t bytes = synfin_packet_copy(&packet, octets, sizeof(octets));
        assert_int_equal(fixture_input(f, f->tun, octets, bytes), NET_VERDICT_TRANSPORT);
        assert_int_equal(f->out.payload.bytes, 20);
        assert_true(synfin_addr_equal(&f->out.src, &src));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(ip4_on_ethernet),
        FIXTURE_TEST(ip6_without_link_header),
        FIXTURE_TEST(ip6_on_ethernet_uses_the_whole_room),
        FIXTURE_TEST(what_is_emitted_is_taken_in_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
