// SPDX-License-Identifier: MIT
//
// ICMP for IPv4: echo, errors about our segments, errors that we send and those we must not.
#include "net_fixture.h"

static uint8_t p[70000];

static uint32_t message(const uint8_t *icmp, uint32_t bytes, const char *src)
{
    struct fixture_ip ip = {.src = src, .dst = TUN_OUR4, .protocol = WIRE_PROTOCOL_ICMP4};
    memmove(p + 20, icmp, bytes);
    uint32_t whole = fixture_ip(p, &ip, bytes);
    if (bytes >= 4) {
        fixture_fix_icmp(p, bytes);
    }
    return whole;
}

static void echo_is_answered_with_its_octets(void **state)
{
    struct fixture *f = *state;
    uint8_t icmp[1480] = {8, 0, 0, 0, 0x12, 0x34, 0, 1};
    for (uint32_t bytes = 8; bytes <= sizeof(icmp); bytes += 31) {
        for (uint32_t i = 8; i < bytes; i++) {
            icmp[i] = (uint8_t)(i + bytes);
        }
        fixture_forget_sent(f);
        fixture_advance(f, f->now_ns + S);
        fixture_input(f, f->tun, p, message(icmp, bytes, TUN_PEER4));
        assert_int_equal(f->sent_count, 1);
        const uint8_t *reply = f->sent[0].octets;
        assert_int_equal(f->sent[0].bytes, 20 + bytes);
        assert_int_equal(checksum_of(reply, 20), 0);
        assert_int_equal(checksum_of(reply + 20, bytes), 0);
        assert_int_equal(reply[20], 0);
        assert_memory_equal(reply + 24, icmp + 4, bytes - 4);
        assert_memory_equal(reply + 12, p + 16, 4);
        assert_memory_equal(reply + 16, p + 12, 4);
        assert_int_equal(reply[6] & 0x40, 0x40); // never to be fragmented
    }
}

static void hist_58_echo_of_every_length_and_lie_never_reads_beyond(void **state)
{
    struct fixture *f = *state;
    static const uint8_t types[] = {8, 0, 3, 11, 12, 4, 5};
    for (uint32_t k = 0; k < sizeof(types); k++) {
        for (uint32_t bytes = 0; bytes <= 100; bytes++) {
            uint8_t icmp[100] = {types[k]};
            fixture_forget_sent(f);
            fixture_advance(f, f->now_ns + S);
            uint32_t whole = message(icmp, bytes, TUN_PEER4);
            fixture_input(f, f->tun, p, whole);
            assert_int_equal(f->sent_count, types[k] == 8 && bytes >= 8 ? 1 : 0);
            // The same with a header that claims more than there is.
            fixture_expect_drop(f, f->tun, p, whole - 1, SYNFIN_REASON_DROP_IP_SHORT);
        }
    }
}

static void long_echo_in_fragments_is_cut_off(void **state)
{
    struct fixture *f = *state;
    static uint8_t icmp[3000] = {8};
    message(icmp, sizeof(icmp), TUN_PEER4);
    static uint8_t whole[3000];
    memcpy(whole, p + 20, sizeof(whole));
    struct fixture_ip ip = {
        .src = TUN_PEER4, .dst = TUN_OUR4, .protocol = WIRE_PROTOCOL_ICMP4, .has_more = true};
    memcpy(p + 20, whole, 1480);
    fixture_input(f, f->tun, p, fixture_ip(p, &ip, 1480));
    ip.offset = 1480;
    ip.has_more = false;
    memcpy(p + 20, whole + 1480, 1520);
    fixture_input(f, f->tun, p, fixture_ip(p, &ip, 1520));
    assert_int_equal(f->sent_count, 1);
    assert_int_equal(f->sent[0].bytes, 1500); // RFC 1122 §3.2.2.6
    assert_int_equal(checksum_of(f->sent[0].octets + 20, 1480), 0);
}

static void echo_limit_holds(void **state)
{
    struct fixture *f = *state;
    static const uint8_t icmp[8] = {8};
    for (uint32_t i = 0; i < 500; i++) {
        fixture_input(f, f->tun, p, message(icmp, sizeof(icmp), TUN_PEER4));
    }
    assert_int_equal(f->sent_count, 100);
    assert_int_equal(fixture_count(f, SYNFIN_REASON_DROP_ICMP_LIMIT), 400);
    fixture_advance(f, f->now_ns + S / 100);
    fixture_input(f, f->tun, p, message(icmp, sizeof(icmp), TUN_PEER4));
    assert_int_equal(f->sent_count, 101);
}

static void wrong_checksum_is_dropped(void **state)
{
    struct fixture *f = *state;
    static const uint8_t icmp[9] = {8, 0, 0, 0, 1, 2, 3, 4, 5};
    uint32_t bytes = message(icmp, sizeof(icmp), TUN_PEER4);
    for (uint32_t bit = 0; bit < 8 * sizeof(icmp); bit++) {
        p[20 + bit / 8] ^= (uint8_t)(1 << bit % 8);
        bool is_type = bit < 8; // other types are refused for their type first
        if (!is_type) {
            fixture_expect_drop(f, f->tun, p, bytes, SYNFIN_REASON_DROP_ICMP_CHECKSUM);
        }
        p[20 + bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}

// An error of this type and code that quotes a segment of ours, of so many octets; 28 of them.
static uint32_t error_about(uint16_t quoted_bytes, uint8_t type, uint8_t code, uint16_t mtu)
{
    uint8_t icmp[8 + 28] = {type, code, 0, 0, 0, 0, (uint8_t)(mtu >> 8), (uint8_t)mtu};
    struct fixture_ip ours = {.src = TUN_OUR4, .dst = "203.0.113.5", .protocol = 6};
    uint8_t quote[64];
    fixture_tcp(quote, &ours, 0x01020304, 0);
    quote[2] = (uint8_t)(quoted_bytes >> 8);
    quote[3] = (uint8_t)quoted_bytes;
    memcpy(icmp + 8, quote, 28);
    return message(icmp, sizeof(icmp), "198.51.100.1");
}

static uint32_t error_about_ours(uint8_t type, uint8_t code, uint16_t mtu)
{
    return error_about(1500, type, code, mtu);
}

static void errors_are_told_by_kind_with_the_quoted_segment(void **state)
{
    struct fixture *f = *state;
    static const struct {
        uint8_t type, code;
        enum net_error_kind kind;
    } rows[] = {
        {3, 0, NET_ERROR_NET_UNREACHABLE},   {3, 1, NET_ERROR_HOST_UNREACHABLE},
        {3, 2, NET_ERROR_PORT_UNREACHABLE},  {3, 3, NET_ERROR_PORT_UNREACHABLE},
        {3, 4, NET_ERROR_TOO_BIG},           {3, 5, NET_ERROR_HOST_UNREACHABLE},
        {3, 6, NET_ERROR_NET_UNREACHABLE},   {3, 7, NET_ERROR_HOST_UNREACHABLE},
        {3, 8, NET_ERROR_NET_UNREACHABLE},   {3, 9, NET_ERROR_PROHIBITED},
        {3, 10, NET_ERROR_PROHIBITED},       {3, 11, NET_ERROR_NET_UNREACHABLE},
        {3, 12, NET_ERROR_HOST_UNREACHABLE}, {3, 13, NET_ERROR_PROHIBITED},
        {11, 0, NET_ERROR_TIME_EXCEEDED},    {11, 1, NET_ERROR_TIME_EXCEEDED},
        {12, 0, NET_ERROR_PARAMETER},
    };
    struct synfin_addr local = fixture_addr(TUN_OUR4);
    struct synfin_addr remote = fixture_addr("203.0.113.5");
    for (uint32_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint32_t bytes = error_about_ours(rows[i].type, rows[i].code, 1400);
        assert_int_equal(fixture_input(f, f->tun, p, bytes), NET_VERDICT_ICMP_ERROR);
        const struct net_error *error = &f->out.error;
        assert_int_equal(error->kind, rows[i].kind);
        assert_true(synfin_addr_equal(&error->local.addr, &local));
        assert_true(synfin_addr_equal(&error->remote.addr, &remote));
        assert_int_equal(error->local.port, 1000);
        assert_int_equal(error->remote.port, 80);
        assert_int_equal(error->seq.n, 0x01020304);
        assert_int_equal(error->mtu_bytes, rows[i].kind == NET_ERROR_TOO_BIG ? 1400 : 0);
        // In pieces, cut anywhere behind the ICMP header: row 61.
        for (uint32_t head = 28; head < bytes; head++) {
            assert_int_equal(fixture_input_pieces(f, f->tun, p, bytes, head),
                             NET_VERDICT_ICMP_ERROR);
            assert_int_equal(f->out.error.seq.n, 0x01020304);
        }
    }
    fixture_expect_drop(f, f->tun, p, error_about_ours(3, 16, 0), SYNFIN_REASON_DROP_ICMP_TYPE);
    assert_int_equal(f->sent_count, 0);
}

static void hist_69_quench_and_impossible_mtus_are_ignored(void **state)
{
    struct fixture *f = *state;
    fixture_expect_drop(f, f->tun, p, error_about_ours(4, 0, 0), SYNFIN_REASON_DROP_ICMP_QUENCH);
    fixture_expect_drop(f, f->tun, p, error_about_ours(5, 0, 0), SYNFIN_REASON_DROP_ICMP_TYPE);
    for (uint16_t mtu = 1; mtu < 68; mtu++) {
        fixture_expect_drop(f, f->tun, p, error_about_ours(3, 4, mtu), SYNFIN_REASON_DROP_ICMP_MTU);
    }
    assert_int_equal(fixture_input(f, f->tun, p, error_about_ours(3, 4, 68)),
                     NET_VERDICT_ICMP_ERROR);
    assert_int_equal(f->out.error.mtu_bytes, 68);
    // An old router tells none: the plateau below the quoted length of 1500.
    assert_int_equal(fixture_input(f, f->tun, p, error_about_ours(3, 4, 0)),
                     NET_VERDICT_ICMP_ERROR);
    assert_int_equal(f->out.error.mtu_bytes, 1492);
    // Below, and not at it.
    assert_int_equal(fixture_input(f, f->tun, p, error_about(1492, 3, 4, 0)),
                     NET_VERDICT_ICMP_ERROR);
    assert_int_equal(f->out.error.mtu_bytes, 1006);
}

static void hist_70_errors_about_others_change_nothing(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *src, *dst;
        uint8_t protocol;
        uint32_t bytes;
    } rows[] = {
        {TUN_PEER4, "203.0.113.5", 6, 28}, // not from us
        {TUN_OUR4, "224.0.0.1", 6, 28},    // to nobody we could talk to
        {TUN_OUR4, "203.0.113.5", 17, 28}, // not TCP
        {TUN_OUR4, "203.0.113.5", 6, 27},  // cut off before the sequence number's end
        {TUN_OUR4, "203.0.113.5", 6, 20},  {TUN_OUR4, "203.0.113.5", 6, 19},
        {TUN_OUR4, "203.0.113.5", 6, 0},
    };
    static struct net before;
    before = *f->net;
    for (uint32_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint8_t icmp[8 + 64] = {3, 1};
        struct fixture_ip quoted = {
            .src = rows[i].src, .dst = rows[i].dst, .protocol = rows[i].protocol};
        fixture_tcp(icmp + 8, &quoted, 1, 0);
        uint32_t bytes = message(icmp, 8 + rows[i].bytes, "198.51.100.1");
        fixture_expect_drop(f, f->tun, p, bytes, SYNFIN_REASON_DROP_ICMP_QUOTE);
    }
    assert_memory_equal(&before, f->net, sizeof(before));
}

static uint32_t unknown_transport(const char *src, uint32_t bytes)
{
    struct fixture_ip ip = {.src = src, .dst = TUN_OUR4, .protocol = 200};
    return fixture_ip(p, &ip, bytes);
}

static void hist_60_errors_quote_no_more_than_was_received_nor_548(void **state)
{
    struct fixture *f = *state;
    for (uint32_t bytes = 0; bytes < 1480; bytes += 9) {
        fixture_forget_sent(f);
        fixture_advance(f, f->now_ns + S);
        uint32_t whole = unknown_transport(TUN_PEER4, bytes);
        fixture_input(f, f->tun, p, whole);
        assert_int_equal(f->sent_count, 1);
        uint32_t quote = whole < 548 ? whole : 548;
        assert_int_equal(f->sent[0].bytes, 28 + quote);
        assert_memory_equal(f->sent[0].octets + 28, p, quote);
        assert_int_equal(checksum_of(f->sent[0].octets + 20, 8 + quote), 0);
    }
}

static void hist_71_errors_are_limited_and_never_about_what_must_not_be(void **state)
{
    struct fixture *f = *state;
    for (uint32_t i = 0; i < 1000000; i++) { // in one second
        f->now_ns += 1000;
        fixture_input(f, f->tun, p, unknown_transport(TUN_PEER4, 8));
        if (f->sent_count == FIXTURE_SENT_MAX) {
            break;
        }
    }
    assert_in_range(f->sent_count, 100, 121);
    fixture_forget_sent(f);
    fixture_advance(f, f->now_ns + S);
    // An unknown transport that comes to many, or from nobody: rows of net_is_no_peer are
    // martians already; what is left is the error about an error, which is refused by its quote.
    uint8_t icmp[8 + 28] = {3, 3};
    fixture_input(f, f->tun, p, message(icmp, sizeof(icmp), TUN_PEER4));
    assert_int_equal(f->sent_count, 0);
}

static void no_error_is_sent_about_an_icmp_error_a_group_or_nobody(void **state)
{
    struct fixture *f = *state;
    struct synfin_addr src = fixture_addr(TUN_PEER4);
    struct synfin_addr dst = fixture_addr(TUN_OUR4);
    struct synfin_addr nobody[] = {fixture_addr("0.0.0.0"), fixture_addr("255.255.255.255"),
                                   fixture_addr("10.0.0.255"), fixture_addr("224.0.0.1"),
                                   fixture_addr("127.0.0.1")};
    uint8_t octets[64] = {0};
    struct icmp_fault fault = {.type = 3, .code = 2, .reason = SYNFIN_REASON_NET_ICMP_PROTOCOL};
    struct icmp_offence good = {.src = &src,
                                .dst = &dst,
                                .transport = octets,
                                .transport_bytes = 8,
                                .iface = f->tun,
                                .protocol = 200};
    gather_of_octets(&good.quote, octets, sizeof(octets));
    struct icmp_offence bad = good;
    bad.protocol = WIRE_PROTOCOL_ICMP4;
    static const uint8_t errors[] = {3, 4, 5, 11, 12};
    for (uint32_t i = 0; i < sizeof(errors); i++) {
        octets[0] = errors[i];
        icmp_error_send(f->net, &bad, &fault, f->now_ns);
    }
    bad = good;
    bad.is_group = true;
    icmp_error_send(f->net, &bad, &fault, f->now_ns);
    for (uint32_t i = 0; i < sizeof(nobody) / sizeof(nobody[0]); i++) {
        bad = good;
        bad.src = &nobody[i];
        icmp_error_send(f->net, &bad, &fault, f->now_ns);
    }
    fixture_advance(f, f->now_ns);
    assert_int_equal(f->sent_count, 0);
    icmp_error_send(f->net, &good, &fault, f->now_ns);
    fixture_advance(f, f->now_ns);
    assert_int_equal(f->sent_count, 1);
}

static void error_without_room_for_it_is_counted_and_not_sent(void **state)
{
    struct fixture *f = *state;
    struct synfin_addr src = fixture_addr(TUN_PEER4);
    struct synfin_addr dst = fixture_addr(TUN_OUR4);
    uint8_t octets[28] = {0};
    struct icmp_fault fault = {.type = 3, .code = 2, .reason = SYNFIN_REASON_NET_ICMP_PROTOCOL};
    struct icmp_offence offence = {
        .src = &src, .dst = &dst, .iface = f->tun, .protocol = WIRE_PROTOCOL_UDP};
    gather_of_octets(&offence.quote, octets, sizeof(octets));
    f->net->control_small.objects_max = 0;
    icmp_error_send(f->net, &offence, &fault, f->now_ns);
    fixture_advance(f, f->now_ns);
    assert_int_equal(f->sent_count, 0);
    assert_int_equal(fixture_count(f, SYNFIN_REASON_DROP_OUTPUT_FULL), 1);
    f->net->control_small.objects_max = CONTROL_SMALL_MAX;
    icmp_error_send(f->net, &offence, &fault, f->now_ns);
    fixture_advance(f, f->now_ns);
    assert_int_equal(f->sent_count, 1);
}

static void hist_62_answers_stay_valid_until_reclaimed(void **state)
{
    struct fixture *f = *state;
    struct synfin_packet packets[4];
    static const uint8_t icmp[12] = {8, 0, 0, 0, 9, 9, 9, 9, 1, 2, 3, 4};
    struct synfin_packet packet;
    synfin_packet_wrap(&packet, p, message(icmp, sizeof(icmp), TUN_PEER4));
    net_input(f->net, f->tun, &packet, f->now_ns, &f->out);
    assert_int_equal(net_output(f->net, f->tun, packets, 4, f->now_ns), 1);
    for (uint32_t i = 0; i < 20; i++) { // more work before the device is done with it
        net_input(f->net, f->tun, &packet, f->now_ns, &f->out);
    }
    assert_memory_equal(packets[0].head + 24, icmp + 4, 8);
    memset(packets[0].head, 0xdd, packets[0].bytes); // the device may do as it likes
    net_reclaim(f->net);
    assert_int_equal(net_output(f->net, f->tun, packets, 4, f->now_ns), 4);
    assert_memory_equal(packets[3].head + 24, icmp + 4, 8);
    net_reclaim(f->net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(echo_is_answered_with_its_octets),
        FIXTURE_TEST(hist_58_echo_of_every_length_and_lie_never_reads_beyond),
        FIXTURE_TEST(long_echo_in_fragments_is_cut_off),
        FIXTURE_TEST(echo_limit_holds),
        FIXTURE_TEST(wrong_checksum_is_dropped),
        FIXTURE_TEST(errors_are_told_by_kind_with_the_quoted_segment),
        FIXTURE_TEST(hist_69_quench_and_impossible_mtus_are_ignored),
        FIXTURE_TEST(hist_70_errors_about_others_change_nothing),
        FIXTURE_TEST(hist_60_errors_quote_no_more_than_was_received_nor_548),
        FIXTURE_TEST(hist_71_errors_are_limited_and_never_about_what_must_not_be),
        FIXTURE_TEST(no_error_is_sent_about_an_icmp_error_a_group_or_nobody),
        FIXTURE_TEST(error_without_room_for_it_is_counted_and_not_sent),
        FIXTURE_TEST(hist_62_answers_stay_valid_until_reclaimed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
