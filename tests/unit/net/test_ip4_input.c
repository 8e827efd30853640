// SPDX-License-Identifier: MIT
//
// IPv4 in: what reaches TCP and how, martians, unknown transports, padding and pieces.
#include "net_fixture.h"

static uint8_t p[4096];

static const struct fixture_ip segment = {
    .src = TUN_PEER4, .dst = TUN_OUR4, .protocol = WIRE_PROTOCOL_TCP, .traffic_class = 0x2b};

static void segment_for_us_goes_up_with_its_facts(void **state)
{
    struct fixture *f = *state;
    uint32_t bytes = fixture_tcp(p, &segment, 7, 100);
    assert_int_equal(fixture_input(f, f->tun, p, bytes), NET_VERDICT_TRANSPORT);
    struct synfin_addr src = fixture_addr(TUN_PEER4);
    struct synfin_addr dst = fixture_addr(TUN_OUR4);
    assert_true(synfin_addr_equal(&f->out.src, &src));
    assert_true(synfin_addr_equal(&f->out.dst, &dst));
    assert_int_equal(f->out.protocol, WIRE_PROTOCOL_TCP);
    assert_int_equal(f->out.traffic_class, 0x2b);
    assert_int_equal(f->out.hop_limit, 64);
    assert_int_equal(f->out.iface, f->tun);
    assert_int_equal(f->out.head_bytes, 120);
    assert_int_equal(f->out.payload.bytes, 120);
    assert_ptr_equal(f->out.head, f->packet + 20);
    assert_false(f->out.is_checksum_verified);
}

static void padding_of_the_frame_is_no_payload(void **state)
{
    struct fixture *f = *state;
    struct fixture_ip ip = {.src = PEER4, .dst = OUR4, .protocol = WIRE_PROTOCOL_TCP};
    uint32_t bytes = fixture_tcp(p + 14, &ip, 7, 0);
    bytes = fixture_eth(p, fixture_our_mac, fixture_peer_mac, WIRE_ETH_TYPE_IP4, bytes);
    assert_int_equal(fixture_input(f, f->eth, p, 60), NET_VERDICT_TRANSPORT);
    assert_int_equal(bytes, 54);
    assert_int_equal(f->out.payload.bytes, 20);
    assert_int_equal(f->out.head_bytes, 20);
}

static void packet_in_pieces_is_one_view(void **state)
{
    struct fixture *f = *state;
    uint32_t bytes = fixture_tcp(p, &segment, 7, 1000);
    for (uint32_t head = 20; head <= bytes; head += 7) {
        assert_int_equal(fixture_input_pieces(f, f->tun, p, bytes, head), NET_VERDICT_TRANSPORT);
        assert_int_equal(f->out.payload.bytes, bytes - 20);
        assert_in_range(f->out.head_bytes, 1, bytes - 20);
    }
    assert_int_equal(fixture_input_pieces(f, f->tun, p, bytes, 19), NET_VERDICT_DONE);
    assert_int_equal(fixture_count(f, SYNFIN_REASON_DROP_NOT_LINEAR), 1);
}

static void verified_checksum_is_told(void **state)
{
    struct fixture *f = *state;
    struct synfin_packet packet;
    synfin_packet_wrap(&packet, p, fixture_tcp(p, &segment, 7, 1));
    packet.checksum = SYNFIN_CHECKSUM_VERIFIED;
    assert_int_equal(net_input(f->net, f->tun, &packet, f->now_ns, &f->out), NET_VERDICT_TRANSPORT);
    assert_true(f->out.is_checksum_verified);
}

// Rows 56, 67 and 68 in both directions of the address.
static const struct {
    const char *src, *dst;
    enum synfin_reason reason;
} martians[] = {
    {"0.0.0.0", TUN_OUR4, SYNFIN_REASON_DROP_IP_MARTIAN_SOURCE},
    {"0.1.2.3", TUN_OUR4, SYNFIN_REASON_DROP_IP_MARTIAN_SOURCE},
    {"127.0.0.1", TUN_OUR4, SYNFIN_REASON_DROP_IP_MARTIAN_SOURCE},
    {"127.255.255.254", TUN_OUR4, SYNFIN_REASON_DROP_IP_MARTIAN_SOURCE},
    {"224.0.0.1", TUN_OUR4, SYNFIN_REASON_DROP_IP_MARTIAN_SOURCE},
    {"240.0.0.1", TUN_OUR4, SYNFIN_REASON_DROP_IP_MARTIAN_SOURCE},
    {"255.255.255.255", TUN_OUR4, SYNFIN_REASON_DROP_IP_MARTIAN_SOURCE},
    {"10.0.0.255", TUN_OUR4, SYNFIN_REASON_DROP_IP_MARTIAN_SOURCE},
    {"192.0.2.255", TUN_OUR4, SYNFIN_REASON_DROP_IP_MARTIAN_SOURCE},
    {TUN_OUR4, TUN_OUR4, SYNFIN_REASON_DROP_IP_MARTIAN_SOURCE},
    {OUR4, TUN_OUR4, SYNFIN_REASON_DROP_IP_MARTIAN_SOURCE},
    {TUN_PEER4, "0.0.0.0", SYNFIN_REASON_DROP_IP_MARTIAN_DESTINATION},
    {TUN_PEER4, "127.0.0.1", SYNFIN_REASON_DROP_IP_MARTIAN_DESTINATION},
    {TUN_PEER4, "224.0.0.1", SYNFIN_REASON_DROP_IP_MARTIAN_DESTINATION},
    {TUN_PEER4, "255.255.255.255", SYNFIN_REASON_DROP_IP_MARTIAN_DESTINATION},
    {TUN_PEER4, "10.0.0.255", SYNFIN_REASON_DROP_IP_MARTIAN_DESTINATION},
    {TUN_PEER4, "10.0.0.3", SYNFIN_REASON_DROP_IP_NOT_OURS},
    {TUN_PEER4, OUR4, SYNFIN_REASON_DROP_IP_NOT_OURS},
};

static void hist_56_67_68_martians_are_dropped_without_an_answer(void **state)
{
    struct fixture *f = *state;
    static const uint8_t protocols[] = {WIRE_PROTOCOL_TCP, WIRE_PROTOCOL_UDP, 200};
    for (uint32_t i = 0; i < sizeof(martians) / sizeof(martians[0]); i++) {
        for (uint32_t k = 0; k < sizeof(protocols); k++) {
            struct fixture_ip ip = {
                .src = martians[i].src, .dst = martians[i].dst, .protocol = protocols[k]};
            uint32_t bytes = fixture_tcp(p, &ip, 1, 0);
            fixture_expect_drop(f, f->tun, p, bytes, martians[i].reason);
        }
    }
}

static void datagram_to_us_in_a_frame_to_all_is_dropped(void **state)
{
    struct fixture *f = *state;
    static const uint8_t all[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    struct fixture_ip ip = {.src = PEER4, .dst = OUR4, .protocol = WIRE_PROTOCOL_TCP};
    uint32_t bytes = fixture_tcp(p + 14, &ip, 7, 0);
    bytes = fixture_eth(p, all, fixture_peer_mac, WIRE_ETH_TYPE_IP4, bytes);
    fixture_expect_drop(f, f->eth, p, bytes, SYNFIN_REASON_DROP_IP_MARTIAN_DESTINATION);
}

static void hist_54_55_ip_in_ip_is_an_unknown_transport(void **state)
{
    struct fixture *f = *state;
    static const uint8_t protocols[] = {WIRE_PROTOCOL_IP4, WIRE_PROTOCOL_IP6, 47, 50, 51, 2, 255};
    for (uint32_t i = 0; i < sizeof(protocols); i++) {
        // A hundred headers inside each other: only the first is ever looked at.
        struct fixture_ip ip = {.src = TUN_PEER4, .dst = TUN_OUR4, .protocol = protocols[i]};
        uint32_t bytes = 0;
        for (uint32_t depth = 0; depth < 100; depth++) {
            memmove(p + 20, p, bytes);
            bytes = fixture_ip(p, &ip, bytes);
        }
        fixture_forget_sent(f);
        fixture_advance(f, f->now_ns + S);
        assert_int_equal(fixture_input(f, f->tun, p, bytes), NET_VERDICT_DONE);
        assert_int_equal(fixture_count(f, SYNFIN_REASON_DROP_IP_PROTOCOL), i + 1);
        assert_int_equal(f->sent_count, 1);
        assert_int_equal(f->sent[0].octets[20], WIRE_ICMP4_UNREACHABLE);
        assert_int_equal(f->sent[0].octets[21], WIRE_ICMP4_CODE_PROTOCOL);
    }
}

static void udp_gets_port_unreachable(void **state)
{
    struct fixture *f = *state;
    struct fixture_ip ip = {.src = TUN_PEER4, .dst = TUN_OUR4, .protocol = WIRE_PROTOCOL_UDP};
    uint32_t bytes = fixture_ip(p, &ip, 8);
    assert_int_equal(fixture_input(f, f->tun, p, bytes), NET_VERDICT_DONE);
    assert_int_equal(f->sent_count, 1);
    assert_int_equal(f->sent[0].reason, SYNFIN_REASON_NET_ICMP_PORT);
    assert_int_equal(f->sent[0].octets[20], WIRE_ICMP4_UNREACHABLE);
    assert_int_equal(f->sent[0].octets[21], WIRE_ICMP4_CODE_PORT);
    assert_memory_equal(f->sent[0].octets + 28, p, bytes); // the quote
    assert_int_equal(f->sent[0].bytes, 28 + bytes);
    assert_int_equal(checksum_of(f->sent[0].octets, 20), 0);
    assert_int_equal(checksum_of(f->sent[0].octets + 20, f->sent[0].bytes - 20), 0);
}

static void truncated_packets_of_every_length_are_dropped(void **state)
{
    struct fixture *f = *state;
    uint32_t whole = fixture_tcp(p, &segment, 7, 3);
    for (uint32_t bytes = 0; bytes < whole; bytes++) {
        assert_int_equal(fixture_input(f, f->tun, p, bytes), NET_VERDICT_DONE);
    }
    assert_int_equal(fixture_count(f, SYNFIN_REASON_DROP_IP_SHORT), whole);
    assert_int_equal(f->sent_count, 0);
}

static void other_versions_are_dropped(void **state)
{
    struct fixture *f = *state;
    uint32_t bytes = fixture_tcp(p, &segment, 7, 3);
    for (uint32_t version = 0; version < 16; version++) {
        if (version != 4 && version != 6) {
            p[0] = (uint8_t)(version << 4 | 5);
            fixture_expect_drop(f, f->tun, p, bytes, SYNFIN_REASON_DROP_IP_VERSION);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(segment_for_us_goes_up_with_its_facts),
        FIXTURE_TEST(padding_of_the_frame_is_no_payload),
        FIXTURE_TEST(packet_in_pieces_is_one_view),
        FIXTURE_TEST(verified_checksum_is_told),
        FIXTURE_TEST(hist_56_67_68_martians_are_dropped_without_an_answer),
        FIXTURE_TEST(datagram_to_us_in_a_frame_to_all_is_dropped),
        FIXTURE_TEST(hist_54_55_ip_in_ip_is_an_unknown_transport),
        FIXTURE_TEST(udp_gets_port_unreachable),
        FIXTURE_TEST(truncated_packets_of_every_length_are_dropped),
        FIXTURE_TEST(other_versions_are_dropped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
