// SPDX-License-Identifier: MIT
//
// IPv6 in, ICMPv6 included: extension headers, martians, errors sent and received.
#include "net_fixture.h"

static uint8_t p[4096];

static const struct fixture_ip segment = {
    .src = TUN_PEER6, .dst = TUN_OUR6, .protocol = WIRE_PROTOCOL_TCP, .traffic_class = 0x2b};

// Puts `bytes` octets between the IPv6 header and what follows, and names them `next`.
static uint32_t insert(uint8_t next, const uint8_t *header, uint32_t bytes, uint32_t whole)
{
    memmove(p + 40 + bytes, p + 40, whole - 40);
    memcpy(p + 40, header, bytes);
    p[40] = p[6];
    p[6] = next;
    uint32_t payload = whole - 40 + bytes;
    p[4] = (uint8_t)(payload >> 8);
    p[5] = (uint8_t)payload;
    return whole + bytes;
}

static void segment_for_us_goes_up_with_its_facts(void **state)
{
    struct fixture *f = *state;
    uint32_t bytes = fixture_tcp(p, &segment, 7, 100);
    assert_int_equal(fixture_input(f, f->tun, p, bytes + 5), NET_VERDICT_TRANSPORT);
    struct synfin_addr src = fixture_addr(TUN_PEER6);
    assert_true(synfin_addr_equal(&f->out.src, &src));
    assert_int_equal(f->out.protocol, WIRE_PROTOCOL_TCP);
    assert_int_equal(f->out.traffic_class, 0x2b);
    assert_int_equal(f->out.hop_limit, 64);
    assert_int_equal(f->out.head_bytes, 120);
    assert_int_equal(f->out.payload.bytes, 120);
    assert_ptr_equal(f->out.head, f->packet + 40);
}

static void extension_headers_are_walked_over(void **state)
{
    struct fixture *f = *state;
    static const uint8_t options[16] = {0, 1, 1, 12};
    uint32_t bytes = fixture_tcp(p, &segment, 7, 10);
    bytes = insert(WIRE_PROTOCOL_DESTINATION, options, 16, bytes);
    bytes = insert(WIRE_PROTOCOL_ROUTING, (const uint8_t[8]){0, 0, 4, 0}, 8, bytes);
    bytes = insert(WIRE_PROTOCOL_HOP_BY_HOP, options, 16, bytes);
    assert_int_equal(fixture_input(f, f->tun, p, bytes), NET_VERDICT_TRANSPORT);
    assert_int_equal(f->out.protocol, WIRE_PROTOCOL_TCP);
    assert_int_equal(f->out.payload.bytes, 30);
    assert_ptr_equal(f->out.head, f->packet + 80);
}

static void hist_56_67_68_martians_are_dropped_without_an_answer(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *src, *dst;
        enum synfin_reason reason;
    } rows[] = {
        {"::", TUN_OUR6, SYNFIN_REASON_DROP_IP_MARTIAN_SOURCE},
        {"::1", TUN_OUR6, SYNFIN_REASON_DROP_IP_MARTIAN_SOURCE},
        {"ff02::1", TUN_OUR6, SYNFIN_REASON_DROP_IP_MARTIAN_SOURCE},
        {"ff0e::7", TUN_OUR6, SYNFIN_REASON_DROP_IP_MARTIAN_SOURCE},
        {TUN_OUR6, TUN_OUR6, SYNFIN_REASON_DROP_IP_MARTIAN_SOURCE},
        {OUR6, TUN_OUR6, SYNFIN_REASON_DROP_IP_MARTIAN_SOURCE},
        {TUN_PEER6, "::", SYNFIN_REASON_DROP_IP_MARTIAN_DESTINATION},
        {TUN_PEER6, "::1", SYNFIN_REASON_DROP_IP_MARTIAN_DESTINATION},
        {TUN_PEER6, "ff02::1", SYNFIN_REASON_DROP_IP_MARTIAN_DESTINATION},
        {TUN_PEER6, "ff02::1:ff00:1", SYNFIN_REASON_DROP_IP_MARTIAN_DESTINATION},
        {TUN_PEER6, "ff02::2", SYNFIN_REASON_DROP_IP_MARTIAN_DESTINATION},
        {TUN_PEER6, "fd00::3", SYNFIN_REASON_DROP_IP_NOT_OURS},
        {TUN_PEER6, OUR6, SYNFIN_REASON_DROP_IP_NOT_OURS},
    };
    static const uint8_t protocols[] = {WIRE_PROTOCOL_TCP, WIRE_PROTOCOL_UDP, 200};
    for (uint32_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        for (uint32_t k = 0; k < sizeof(protocols); k++) {
            struct fixture_ip ip = {
                .src = rows[i].src, .dst = rows[i].dst, .protocol = protocols[k]};
            fixture_expect_drop(f, f->tun, p, fixture_tcp(p, &ip, 1, 0), rows[i].reason);
        }
    }
    // IPv4-mapped addresses are a form of memory, not of the wire.
    struct synfin_addr mapped = fixture_addr("10.0.0.2");
    uint32_t bytes = fixture_tcp(p, &segment, 1, 0);
    memcpy(p + 8, mapped.octet, 16);
    fixture_expect_drop(f, f->tun, p, bytes, SYNFIN_REASON_DROP_IP_MARTIAN_SOURCE);
    bytes = fixture_tcp(p, &segment, 1, 0);
    mapped = fixture_addr(TUN_OUR4);
    memcpy(p + 24, mapped.octet, 16);
    fixture_expect_drop(f, f->tun, p, bytes, SYNFIN_REASON_DROP_IP_MARTIAN_DESTINATION);
}

static void expect_error(struct fixture *f, uint8_t type, uint8_t code, uint32_t pointer,
                         uint32_t received)
{
    assert_int_equal(f->sent_count, 1);
    const uint8_t *octets = f->sent[0].octets;
    assert_int_equal(octets[6], WIRE_PROTOCOL_ICMP6);
    assert_int_equal(octets[40], type);
    assert_int_equal(octets[41], code);
    assert_int_equal(bytes_load32(octets + 44), pointer);
    uint32_t quote = received < 1232 ? received : 1232;
    assert_int_equal(f->sent[0].bytes, 48 + quote);
    assert_memory_equal(octets + 48, p, quote);
    assert_memory_equal(octets + 8, p + 24, 16);
    assert_memory_equal(octets + 24, p + 8, 16);
    uint8_t fixed[1280];
    memcpy(fixed, octets, f->sent[0].bytes);
    fixture_fix_icmp(fixed, f->sent[0].bytes - 40);
    assert_memory_equal(fixed + 42, octets + 42, 2);
    fixture_forget_sent(f);
}

static void unknown_next_headers_get_parameter_problem_with_the_pointer(void **state)
{
    struct fixture *f = *state;
    // Row 54: IP inside IP included; row 60: the quote's length.
    static const uint8_t protocols[] = {WIRE_PROTOCOL_IP4, WIRE_PROTOCOL_IP6, 50, 51, 132, 255};
    for (uint32_t i = 0; i < sizeof(protocols); i++) {
        struct fixture_ip ip = {.src = TUN_PEER6, .dst = TUN_OUR6, .protocol = protocols[i]};
        uint32_t bytes = fixture_ip(p, &ip, 1400);
        fixture_input(f, f->tun, p, bytes);
        expect_error(f, WIRE_ICMP6_PARAMETER_PROBLEM, WIRE_ICMP6_CODE_NEXT_HEADER, 6, bytes);
        bytes = insert(WIRE_PROTOCOL_DESTINATION, (const uint8_t[8]){0, 0, 1, 4}, 8,
                       fixture_ip(p, &ip, 9));
        fixture_input(f, f->tun, p, bytes);
        expect_error(f, WIRE_ICMP6_PARAMETER_PROBLEM, WIRE_ICMP6_CODE_NEXT_HEADER, 40, bytes);
    }
    assert_int_equal(fixture_count(f, SYNFIN_REASON_DROP_IP_PROTOCOL), 12);
    struct fixture_ip none = {.src = TUN_PEER6, .dst = TUN_OUR6, .protocol = WIRE_PROTOCOL_NONE};
    fixture_expect_drop(f, f->tun, p, fixture_ip(p, &none, 4), SYNFIN_REASON_DROP_IP_PROTOCOL);
}

static void udp_gets_port_unreachable(void **state)
{
    struct fixture *f = *state;
    struct fixture_ip ip = {.src = TUN_PEER6, .dst = TUN_OUR6, .protocol = WIRE_PROTOCOL_UDP};
    uint32_t bytes = fixture_ip(p, &ip, 20);
    fixture_input(f, f->tun, p, bytes);
    expect_error(f, WIRE_ICMP6_UNREACHABLE, WIRE_ICMP6_CODE_PORT, 0, bytes);
}

static void hist_53_routing_header_with_segments_left_is_a_problem(void **state)
{
    struct fixture *f = *state;
    for (uint32_t type = 0; type < 256; type++) {
        fixture_advance(f, f->now_ns + S);
        uint8_t header[24] = {0, 2, (uint8_t)type, 1};
        uint32_t bytes = insert(WIRE_PROTOCOL_ROUTING, header, 24, fixture_tcp(p, &segment, 1, 0));
        assert_int_equal(fixture_input(f, f->tun, p, bytes), NET_VERDICT_DONE);
        expect_error(f, WIRE_ICMP6_PARAMETER_PROBLEM, WIRE_ICMP6_CODE_FIELD, 42, bytes);
    }
    assert_int_equal(fixture_count(f, SYNFIN_REASON_DROP_IP6_ROUTING), 256);
}

static void hist_50_52_each_bad_option_of_a_burst_is_answered_once(void **state)
{
    struct fixture *f = *state;
    for (uint32_t burst = 1; burst <= 16; burst++) {
        fixture_advance(f, f->now_ns + S);
        for (uint32_t i = 0; i < burst; i++) {
            // A good option, then one that asks for a report, at a place of its own.
            uint8_t header[32] = {0, 3, 1, (uint8_t)i};
            header[4 + i] = 0x80 | 0x1e;
            header[5 + i] = (uint8_t)(26 - i);
            uint32_t bytes =
                insert(WIRE_PROTOCOL_DESTINATION, header, 32, fixture_tcp(p, &segment, 1, 0));
            fixture_input(f, f->tun, p, bytes);
            expect_error(f, WIRE_ICMP6_PARAMETER_PROBLEM, WIRE_ICMP6_CODE_OPTION, 44 + i, bytes);
        }
    }
}

static void hist_51_extension_lengths_and_chains_never_loop_or_overread(void **state)
{
    struct fixture *f = *state;
    static const uint8_t kinds[] = {0, 43, 60, 44};
    for (uint32_t length = 0; length < 256; length++) {
        for (uint32_t chain = 1; chain <= 12; chain++) {
            for (uint32_t k = 0; k < sizeof(kinds); k++) {
                uint32_t bytes = fixture_tcp(p, &segment, 1, 4);
                for (uint32_t i = 0; i < chain; i++) {
                    uint8_t header[8] = {0, 0, 1, 4};
                    header[1] = i == chain / 2 ? (uint8_t)length : 0;
                    header[2] = kinds[k] == 43 || kinds[k] == 44 ? 0 : 1;
                    header[3] = kinds[k] == 43 || kinds[k] == 44 ? 0 : 4;
                    bytes = insert(kinds[k], header, 8, bytes);
                }
                f->now_ns += S;
                fixture_forget_sent(f);
                enum net_verdict verdict = fixture_input(f, f->tun, p, bytes);
                bool is_sound = length == 0 || kinds[k] == 44;
                bool is_allowed = kinds[k] == 43 || kinds[k] == 60 ? chain <= 8 : chain == 1;
                if (is_sound) {
                    assert_int_equal(verdict,
                                     is_allowed ? NET_VERDICT_TRANSPORT : NET_VERDICT_DONE);
                }
                assert_in_range(f->sent_count, 0, 1);
            }
        }
    }
}

static void no_parameter_problem_about_an_icmp_error_or_a_later_fragment(void **state)
{
    struct fixture *f = *state;
    static const uint8_t option[8] = {0, 0, 0x9e, 4};
    struct fixture_ip ip = {.src = TUN_PEER6, .dst = TUN_OUR6, .protocol = WIRE_PROTOCOL_ICMP6};
    memset(p + 40, 0, 64);
    p[40] = WIRE_ICMP6_UNREACHABLE;
    uint32_t bytes = insert(WIRE_PROTOCOL_DESTINATION, option, 8, fixture_ip(p, &ip, 64));
    fixture_expect_drop(f, f->tun, p, bytes, SYNFIN_REASON_DROP_IP6_OPTION);
    p[48] = WIRE_ICMP6_ECHO_REPLY; // about anything else it is sent
    fixture_input(f, f->tun, p, bytes);
    assert_int_equal(f->sent_count, 1);
    fixture_forget_sent(f);
    ip.protocol = WIRE_PROTOCOL_FRAGMENT;
    memset(p + 40, 0, 64);
    p[40] = WIRE_PROTOCOL_TCP;
    p[43] = 0x09; // offset 8, more to come, and 55 octets
    bytes = fixture_ip(p, &ip, 63);
    fixture_expect_drop(f, f->tun, p, bytes, SYNFIN_REASON_DROP_FRAGMENT_LENGTH);
    p[43] = 0x01; // the first one may be told of
    fixture_input(f, f->tun, p, bytes);
    assert_int_equal(f->sent_count, 1);
}

static uint32_t icmp6(const uint8_t *icmp, uint32_t bytes, const char *dst)
{
    struct fixture_ip ip = {.src = TUN_PEER6, .dst = dst, .protocol = WIRE_PROTOCOL_ICMP6};
    memmove(p + 40, icmp, bytes);
    uint32_t whole = fixture_ip(p, &ip, bytes);
    if (bytes >= 4) {
        fixture_fix_icmp(p, bytes);
    }
    return whole;
}

static void echo_is_answered_to_one_and_not_to_many(void **state)
{
    struct fixture *f = *state;
    uint8_t echo[64] = {WIRE_ICMP6_ECHO_REQUEST, 0, 0, 0, 1, 2, 3, 4, 5};
    fixture_input(f, f->tun, p, icmp6(echo, sizeof(echo), TUN_OUR6));
    assert_int_equal(f->sent_count, 1);
    assert_int_equal(f->sent[0].bytes, 104);
    assert_int_equal(f->sent[0].octets[40], WIRE_ICMP6_ECHO_REPLY);
    assert_memory_equal(f->sent[0].octets + 44, echo + 4, 60);
    fixture_expect_drop(f, f->tun, p, icmp6(echo, sizeof(echo), "ff02::1"),
                        SYNFIN_REASON_DROP_IP_MARTIAN_DESTINATION);
}

static void hist_58_59_every_length_and_lie_never_reads_beyond(void **state)
{
    struct fixture *f = *state;
    static const uint8_t types[] = {128, 129, 1, 2, 3, 4, 133, 134, 135, 136, 137};
    for (uint32_t k = 0; k < sizeof(types); k++) {
        for (uint32_t bytes = 0; bytes <= 100; bytes++) {
            uint8_t icmp[100] = {types[k]};
            f->now_ns += S;
            fixture_forget_sent(f);
            uint32_t whole = icmp6(icmp, bytes, TUN_OUR6);
            fixture_input(f, f->tun, p, whole);
            assert_int_equal(f->sent_count, types[k] == 128 && bytes >= 8 ? 1 : 0);
            fixture_expect_drop(f, f->tun, p, whole - 1, SYNFIN_REASON_DROP_IP_SHORT);
        }
    }
}

static uint32_t error_about_ours(uint8_t type, uint8_t code, uint32_t value, bool has_extensions)
{
    uint8_t icmp[200] = {type, code};
    bytes_store32(icmp + 4, value);
    struct fixture_ip ours = {.src = TUN_OUR6, .dst = "2001:db8:5::5", .protocol = 6};
    uint32_t bytes = fixture_tcp(p, &ours, 0x01020304, 0);
    if (has_extensions) {
        bytes = insert(WIRE_PROTOCOL_DESTINATION, (const uint8_t[8]){0, 0, 1, 4}, 8, bytes);
        bytes = insert(WIRE_PROTOCOL_FRAGMENT, (const uint8_t[8]){0, 0, 0, 0, 1}, 8, bytes);
        bytes = insert(WIRE_PROTOCOL_ROUTING, (const uint8_t[8]){0}, 8, bytes);
        bytes = insert(WIRE_PROTOCOL_HOP_BY_HOP, (const uint8_t[8]){0, 0, 1, 4}, 8, bytes);
    }
    memcpy(icmp + 8, p, bytes - 12); // cut off behind the sequence number
    return icmp6(icmp, 8 + bytes - 12, TUN_OUR6);
}

static void hist_61_errors_are_told_by_kind_whatever_the_quote_and_its_pieces(void **state)
{
    struct fixture *f = *state;
    static const struct {
        uint8_t type, code;
        enum net_error_kind kind;
    } rows[] = {
        {1, 0, NET_ERROR_NET_UNREACHABLE},  {1, 1, NET_ERROR_PROHIBITED},
        {1, 2, NET_ERROR_NET_UNREACHABLE},  {1, 3, NET_ERROR_HOST_UNREACHABLE},
        {1, 4, NET_ERROR_PORT_UNREACHABLE}, {1, 5, NET_ERROR_PROHIBITED},
        {1, 6, NET_ERROR_PROHIBITED},       {2, 0, NET_ERROR_TOO_BIG},
        {3, 0, NET_ERROR_TIME_EXCEEDED},    {3, 1, NET_ERROR_TIME_EXCEEDED},
        {4, 0, NET_ERROR_PARAMETER},        {4, 1, NET_ERROR_PORT_UNREACHABLE},
        {4, 2, NET_ERROR_PARAMETER},
    };
    for (uint32_t i = 0; i < 2 * sizeof(rows) / sizeof(rows[0]); i++) {
        uint32_t bytes = error_about_ours(rows[i / 2].type, rows[i / 2].code, 1300, i % 2 != 0);
        for (uint32_t head = 48; head <= bytes; head++) {
            assert_int_equal(fixture_input_pieces(f, f->tun, p, bytes, head),
                             NET_VERDICT_ICMP_ERROR);
            assert_int_equal(f->out.error.kind, rows[i / 2].kind);
            assert_int_equal(f->out.error.seq.n, 0x01020304);
            assert_int_equal(f->out.error.local.port, 1000);
            assert_int_equal(f->out.error.mtu_bytes,
                             rows[i / 2].kind == NET_ERROR_TOO_BIG ? 1300 : 0);
        }
        // One octet less and the sequence number is not whole.
        p[4 + 1]--;
        fixture_fix_icmp(p, bytes - 41);
        fixture_expect_drop(f, f->tun, p, bytes - 1, SYNFIN_REASON_DROP_ICMP_QUOTE);
    }
    fixture_expect_drop(f, f->tun, p, error_about_ours(1, 7, 0, false),
                        SYNFIN_REASON_DROP_ICMP_TYPE);
}

static void hist_69_mtu_below_1280_is_ignored(void **state)
{
    struct fixture *f = *state;
    static const uint32_t mtus[] = {0, 1, 68, 1279};
    for (uint32_t i = 0; i < 4; i++) {
        fixture_expect_drop(f, f->tun, p, error_about_ours(2, 0, mtus[i], false),
                            SYNFIN_REASON_DROP_ICMP_MTU);
    }
    assert_int_equal(fixture_input(f, f->tun, p, error_about_ours(2, 0, 1280, false)),
                     NET_VERDICT_ICMP_ERROR);
}

// An ICMPv6 echo request of 8 octets behind an Ethernet header.
static uint32_t echo6(const char *src, const uint8_t mac[6])
{
    struct fixture_ip ip = {.src = src, .dst = OUR6, .protocol = WIRE_PROTOCOL_ICMP6};
    static const uint8_t echo[8] = {128, 0, 0, 0, 1, 2, 3, 4};
    memcpy(p + 54, echo, 8);
    uint32_t bytes = fixture_ip(p + 14, &ip, 8);
    fixture_fix_icmp(p + 14, 8);
    return fixture_eth(p, mac, fixture_peer_mac, 0x86dd, bytes);
}

static void echo_from_nobody_is_dropped(void **state)
{
    struct fixture *f = *state;
    fixture_expect_drop(f, f->eth, p, echo6("::", fixture_our_mac),
                        SYNFIN_REASON_DROP_IP_MARTIAN_SOURCE);
}

static void unicast_in_a_frame_to_many_is_dropped(void **state)
{
    struct fixture *f = *state;
    static const uint8_t all_nodes[6] = {0x33, 0x33, 0, 0, 0, 1};
    fixture_expect_drop(f, f->eth, p, echo6(PEER6, all_nodes),
                        SYNFIN_REASON_DROP_IP_MARTIAN_DESTINATION);
}

static void echo_limit_holds_for_ip6(void **state)
{
    struct fixture *f = *state;
    fixture_resolve(f, PEER6, fixture_peer_mac);
    fixture_forget_sent(f);
    for (uint32_t i = 0; i < 150; i++) {
        fixture_input(f, f->eth, p, echo6(PEER6, fixture_our_mac));
    }
    assert_int_equal(f->sent_count, 100);
    assert_int_equal(fixture_count(f, SYNFIN_REASON_DROP_ICMP_LIMIT), 50);
}

// What the device has verified is not summed again: a wrong sum goes unseen.
static void checksum_verified_by_the_device_is_believed(void **state)
{
    struct fixture *f = *state;
    fixture_resolve(f, PEER6, fixture_peer_mac);
    fixture_forget_sent(f);
    struct synfin_packet packet;
    uint32_t bytes = echo6(PEER6, fixture_our_mac);
    p[56] ^= 0xff;
    fixture_expect_drop(f, f->eth, p, bytes, SYNFIN_REASON_DROP_ICMP_CHECKSUM);
    synfin_packet_wrap(&packet, p, bytes);
    packet.checksum = SYNFIN_CHECKSUM_VERIFIED;
    net_input(f->net, f->eth, &packet, f->now_ns, &f->out);
    assert_true(net_has_output(f->net, f->eth));
}

// RFC 4443 §2.4 e.3: an option that asks for it is answered about even when it came by multicast.
static void unknown_option_in_a_multicast_is_told_from_our_address(void **state)
{
    struct fixture *f = *state;
    fixture_resolve(f, PEER6, fixture_peer_mac);
    fixture_forget_sent(f);
    struct fixture_ip ip = {.src = PEER6, .dst = "ff02::1", .protocol = WIRE_PROTOCOL_DESTINATION};
    static const uint8_t options[16] = {WIRE_PROTOCOL_NONE, 0, 0x80 | 0x1e, 4};
    memcpy(p + 54, options, 16);
    uint32_t bytes = fixture_ip(p + 14, &ip, 16);
    static const uint8_t all_nodes[6] = {0x33, 0x33, 0, 0, 0, 1};
    fixture_input(f, f->eth, p, fixture_eth(p, all_nodes, fixture_peer_mac, 0x86dd, bytes));
    assert_int_equal(f->sent_count, 1);
    const uint8_t *sent = f->sent[0].octets + 14;
    struct synfin_addr ours = fixture_addr(OUR6);
    assert_memory_equal(sent + 8, ours.octet, 16);
    assert_int_equal(sent[40], 4); // parameter problem
    assert_int_equal(sent[41], 2); // unrecognised option
    assert_int_equal(bytes_load32(sent + 44), 42);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(segment_for_us_goes_up_with_its_facts),
        FIXTURE_TEST(extension_headers_are_walked_over),
        FIXTURE_TEST(hist_56_67_68_martians_are_dropped_without_an_answer),
        FIXTURE_TEST(unknown_next_headers_get_parameter_problem_with_the_pointer),
        FIXTURE_TEST(udp_gets_port_unreachable),
        FIXTURE_TEST(hist_53_routing_header_with_segments_left_is_a_problem),
        FIXTURE_TEST(hist_50_52_each_bad_option_of_a_burst_is_answered_once),
        FIXTURE_TEST(hist_51_extension_lengths_and_chains_never_loop_or_overread),
        FIXTURE_TEST(no_parameter_problem_about_an_icmp_error_or_a_later_fragment),
        FIXTURE_TEST(echo_is_answered_to_one_and_not_to_many),
        FIXTURE_TEST(hist_58_59_every_length_and_lie_never_reads_beyond),
        FIXTURE_TEST(hist_61_errors_are_told_by_kind_whatever_the_quote_and_its_pieces),
        FIXTURE_TEST(hist_69_mtu_below_1280_is_ignored),
        FIXTURE_TEST(echo_from_nobody_is_dropped),
        FIXTURE_TEST(unicast_in_a_frame_to_many_is_dropped),
        FIXTURE_TEST(echo_limit_holds_for_ip6),
        FIXTURE_TEST(checksum_verified_by_the_device_is_believed),
        FIXTURE_TEST(unknown_option_in_a_multicast_is_told_from_our_address),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
