// SPDX-License-Identifier: MIT
//
// Neighbour discovery. Each check of RFC 4861 §6.1 and §7.1 has a row that breaks it alone, in a
// message that is valid otherwise; and options of every length and value.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "exact.h"
#include "wire/wire_icmp6.h"
#include "wire/wire_nd.h"

enum { MESSAGE_MAX = 4096 };

static const enum synfin_reason GOOD = SYNFIN_REASON_UNKNOWN;
static const enum synfin_reason BAD = SYNFIN_REASON_DROP_ND_INVALID;

static const struct synfin_addr ROUTER = {{0xfe, 0x80, [15] = 1}};
static const struct synfin_addr HOST = {{0x20, 0x01, 0x0d, 0xb8, [13] = 0xaa, 0xbb, 0xcc}};
static const struct synfin_addr SOLICITED = {{0xff, 0x02, [11] = 1, [12] = 0xff, 0xaa, 0xbb, 0xcc}};
static const struct synfin_addr ALL_NODES = {{0xff, 0x02, [15] = 1}};
static const struct synfin_addr NONE = {{0}};

// A message and the IP header it came with.
struct packet {
    struct wire_ip6 ip;
    uint8_t p[MESSAGE_MAX];
    uint32_t bytes;
};

// A valid message of this type with the link address option it may carry.
static void build(struct packet *packet, uint8_t type)
{
    static const uint32_t fixed[] = {8, 16, 24, 24};
    memset(packet, 0, sizeof(*packet));
    packet->ip = (struct wire_ip6){.src = ROUTER, .dst = HOST, .hop_limit = 255};
    packet->p[0] = type;
    packet->bytes = fixed[type - WIRE_ICMP6_ROUTER_SOLICIT];
    if (packet->bytes == 24) {
        memcpy(packet->p + 8, HOST.octet, 16);
    }
    uint8_t kind = type == WIRE_ICMP6_NEIGHBOUR_ADVERT ? 2 : 1;
    memcpy(packet->p + packet->bytes, (const uint8_t[]){kind, 1, 2, 0, 0, 0, 0, 9}, 8);
    packet->bytes += 8;
}

static enum synfin_reason parse(const struct packet *packet, struct wire_nd *out)
{
    uint8_t *copy = exact_copy(packet->p, packet->bytes);
    enum synfin_reason reason = wire_nd_parse(copy, packet->bytes, packet->bytes, &packet->ip, out);
    free(copy);
    return reason;
}

static void messages_of_ours_round_trip(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 3 * 16; i++) {
        static const uint8_t types[] = {WIRE_ICMP6_ROUTER_SOLICIT, WIRE_ICMP6_NEIGHBOUR_SOLICIT,
                                        WIRE_ICMP6_NEIGHBOUR_ADVERT};
        struct wire_nd sent = {.type = types[i / 16]}, read;
        struct packet packet;
        build(&packet, sent.type);
        bool is_advert = sent.type == WIRE_ICMP6_NEIGHBOUR_ADVERT;
        if (sent.type != WIRE_ICMP6_ROUTER_SOLICIT) {
            sent.target = HOST;
        }
        sent.has_source_link = !is_advert && (i & 1) != 0;
        sent.has_target_link = is_advert && (i & 1) != 0;
        sent.source_link = sent.target_link = (struct wire_eth_addr){{2, 3, 4, 5, 6, 7}};
        sent.is_router = is_advert && (i & 2) != 0;
        sent.is_solicited = is_advert && (i & 4) != 0;
        sent.is_override = is_advert && (i & 8) != 0;
        packet.bytes = wire_nd_emit(packet.p, &sent);
        assert_true(packet.bytes <= WIRE_ND_EMITTED_MAX);
        assert_int_equal(parse(&packet, &read), GOOD);
        assert_int_equal(read.type, sent.type);
        assert_true(synfin_addr_equal(&read.target, &sent.target));
        assert_int_equal(read.has_source_link, sent.has_source_link);
        assert_int_equal(read.has_target_link, sent.has_target_link);
        assert_int_equal(read.is_router, sent.is_router);
        assert_int_equal(read.is_solicited, sent.is_solicited);
        assert_int_equal(read.is_override, sent.is_override);
        if (read.has_source_link || read.has_target_link) {
            const struct wire_eth_addr *link = is_advert ? &read.target_link : &read.source_link;
            assert_true(wire_eth_addr_equal(link, &sent.source_link));
        }
    }
}

// A message's own fault, applied to a packet that build() made.
enum fault {
    FAULT_NONE,
    FAULT_HOP_LIMIT,
    FAULT_CODE,
    FAULT_SHORT, // cut into its fixed part
    FAULT_OPTION_ZERO,
    FAULT_OPTION_PAST_END,
    FAULT_LINK_LONG,
    FAULT_LINK_GROUP,
    FAULT_LINK_ZERO,
    FAULT_TARGET_MULTICAST,
    FAULT_TARGET_MAPPED,
    FAULT_TARGET_NONE,
    FAULT_SOURCE_GLOBAL,                  // of a router advertisement
    FAULT_UNSPECIFIED_WITH_LINK,          // of a solicitation
    FAULT_UNSPECIFIED_TO_UNICAST,         // of a neighbour solicitation
    FAULT_UNSPECIFIED_TO_OTHER_MULTICAST, // of a neighbour solicitation
    FAULT_SOLICITED_MULTICAST,            // of a neighbour advertisement
};

static void break_form(struct packet *packet, enum fault fault)
{
    uint8_t *option = packet->p + packet->bytes - 8;
    switch ((int)fault) {
    case FAULT_HOP_LIMIT: packet->ip.hop_limit = 254; break;
    case FAULT_CODE: packet->p[1] = 1; break;
    case FAULT_SHORT: packet->bytes -= 9; break;
    case FAULT_OPTION_ZERO: option[1] = 0; break;
    case FAULT_OPTION_PAST_END:
        option[0] = 200;
        option[1] = 2;
        break;
    case FAULT_LINK_LONG:
        option[1] = 2;
        packet->bytes += 8;
        break;
    case FAULT_LINK_GROUP: option[2] = 0x33; break;
    case FAULT_LINK_ZERO: memset(option + 2, 0, 6); break;
    default: break;
    }
}

static void break_addresses(struct packet *packet, enum fault fault)
{
    static const struct synfin_addr mapped = {{[10] = 0xff, 0xff, 192, 0, 2, 1}};
    bool is_unspecified =
        fault == FAULT_UNSPECIFIED_TO_UNICAST || fault == FAULT_UNSPECIFIED_TO_OTHER_MULTICAST;
    switch ((int)fault) {
    case FAULT_TARGET_MULTICAST: memcpy(packet->p + 8, ALL_NODES.octet, 16); break;
    case FAULT_TARGET_MAPPED: memcpy(packet->p + 8, mapped.octet, 16); break;
    case FAULT_TARGET_NONE: memset(packet->p + 8, 0, 16); break;
    case FAULT_SOURCE_GLOBAL: packet->ip.src = HOST; break;
    case FAULT_UNSPECIFIED_WITH_LINK:
        packet->ip.src = NONE;
        packet->ip.dst = SOLICITED;
        break;
    case FAULT_UNSPECIFIED_TO_OTHER_MULTICAST: packet->ip.dst = ALL_NODES; break;
    case FAULT_SOLICITED_MULTICAST:
        packet->ip.dst = ALL_NODES;
        packet->p[4] = 0x40;
        break;
    default: break;
    }
    if (is_unspecified) {
        packet->ip.src = NONE;
        packet->bytes -= 8; // without the link address, which would be a fault of its own
    }
}

static void hist_63_each_check_alone_refuses_the_message(void **state)
{
    (void)state;
    enum { RS = 1, RA = 2, NS = 4, NA = 8, ALL = 15 };
    static const struct {
        enum fault fault;
        uint32_t types;
        enum synfin_reason reason;
    } rows[] = {
        {FAULT_NONE, ALL, SYNFIN_REASON_UNKNOWN},
        {FAULT_HOP_LIMIT, ALL, SYNFIN_REASON_DROP_ND_HOP_LIMIT},
        {FAULT_CODE, ALL, SYNFIN_REASON_DROP_ND_INVALID},
        {FAULT_SHORT, ALL, SYNFIN_REASON_DROP_ND_INVALID},
        {FAULT_OPTION_ZERO, ALL, SYNFIN_REASON_DROP_ND_INVALID},
        {FAULT_OPTION_PAST_END, ALL, SYNFIN_REASON_DROP_ND_INVALID},
        {FAULT_LINK_LONG, ALL, SYNFIN_REASON_DROP_ND_INVALID},
        {FAULT_LINK_GROUP, ALL, SYNFIN_REASON_DROP_ND_INVALID},
        {FAULT_LINK_ZERO, ALL, SYNFIN_REASON_DROP_ND_INVALID},
        {FAULT_TARGET_MULTICAST, NS | NA, SYNFIN_REASON_DROP_ND_INVALID},
        {FAULT_TARGET_MAPPED, NS | NA, SYNFIN_REASON_DROP_ND_INVALID},
        {FAULT_TARGET_NONE, NS | NA, SYNFIN_REASON_DROP_ND_INVALID},
        {FAULT_SOURCE_GLOBAL, RA, SYNFIN_REASON_DROP_ND_INVALID},
        {FAULT_SOURCE_GLOBAL, RS | NS | NA, SYNFIN_REASON_UNKNOWN},
        {FAULT_UNSPECIFIED_WITH_LINK, RS | NS, SYNFIN_REASON_DROP_ND_INVALID},
        {FAULT_UNSPECIFIED_TO_UNICAST, NS, SYNFIN_REASON_DROP_ND_INVALID},
        {FAULT_UNSPECIFIED_TO_OTHER_MULTICAST, NS, SYNFIN_REASON_DROP_ND_INVALID},
        {FAULT_UNSPECIFIED_TO_OTHER_MULTICAST, RS, SYNFIN_REASON_UNKNOWN},
        {FAULT_SOLICITED_MULTICAST, NA, SYNFIN_REASON_DROP_ND_INVALID},
    };
    for (uint32_t i = 0; i < sizeof(rows) / sizeof(rows[0]) * 4; i++) {
        struct packet packet;
        struct wire_nd nd;
        if ((rows[i / 4].types & 1u << i % 4) != 0) {
            build(&packet, (uint8_t)(WIRE_ICMP6_ROUTER_SOLICIT + i % 4));
            break_form(&packet, rows[i / 4].fault);
            break_addresses(&packet, rows[i / 4].fault);
            assert_int_equal(parse(&packet, &nd), rows[i / 4].reason);
        }
    }
}

static void duplicate_address_detection_is_valid(void **state)
{
    (void)state;
    struct packet packet;
    struct wire_nd nd;
    build(&packet, WIRE_ICMP6_NEIGHBOUR_SOLICIT);
    packet.bytes -= 8;
    packet.ip.src = NONE;
    packet.ip.dst = SOLICITED;
    assert_int_equal(parse(&packet, &nd), GOOD);
    assert_false(nd.has_source_link);
}

static void unsolicited_advertisement_to_all_nodes_is_valid(void **state)
{
    (void)state;
    struct packet packet;
    struct wire_nd nd;
    build(&packet, WIRE_ICMP6_NEIGHBOUR_ADVERT);
    packet.ip.dst = ALL_NODES;
    packet.p[4] = 0x20;
    assert_int_equal(parse(&packet, &nd), GOOD);
    assert_true(nd.is_override && !nd.is_solicited && nd.has_target_link);
}

static void redirect_and_other_types_are_passed_by(void **state)
{
    (void)state;
    for (uint32_t type = 0; type < 256; type++) {
        struct packet packet;
        struct wire_nd nd;
        build(&packet, WIRE_ICMP6_NEIGHBOUR_SOLICIT);
        packet.p[0] = (uint8_t)type;
        enum synfin_reason reason = parse(&packet, &nd);
        assert_int_equal(reason == SYNFIN_REASON_DROP_ICMP_TYPE, type < 133 || type > 136);
    }
}

static void message_cut_at_any_octet_is_refused_or_whole(void **state)
{
    (void)state;
    static const uint32_t fixed[] = {8, 16, 24, 24};
    for (uint32_t type = 133; type <= 136; type++) {
        struct packet packet;
        struct wire_nd nd;
        build(&packet, (uint8_t)type);
        uint32_t whole = packet.bytes;
        for (packet.bytes = 0; packet.bytes <= whole; packet.bytes++) {
            bool is_whole = packet.bytes == whole || packet.bytes == fixed[type - 133];
            assert_int_equal(parse(&packet, &nd), is_whole ? GOOD : BAD);
        }
        assert_int_equal(wire_nd_parse(packet.p, whole - 1, whole, &packet.ip, &nd),
                         SYNFIN_REASON_DROP_NOT_LINEAR);
    }
}

static void router_advertisement_is_read_whole(void **state)
{
    (void)state;
    static const uint8_t options[] = {
        3,    4,    64,   0xc0, 0, 0, 0x0e, 0x10, 0, 0, 0x07, 0x08, 0, 0, 0, 0,
        0x20, 0x01, 0x0d, 0xb8, 0, 0, 0,    0,    0, 0, 0,    0,    0, 0, 0, 0, // 2001:db8::/64
        5,    1,    0,    0,    0, 0, 0x05, 0x78,                               // MTU 1400
        25,   1,    0,    0,    0, 0, 0,    0}; // recursive DNS servers, of an odd length
    struct packet packet;
    struct wire_nd nd;
    build(&packet, WIRE_ICMP6_ROUTER_ADVERT);
    memcpy(packet.p + 4, (const uint8_t[]){64, 0xc0, 0x07, 0x08, 0, 0, 0x75, 0x30, 0, 0, 3, 0xe8},
           12);
    memcpy(packet.p + packet.bytes, options, sizeof(options));
    packet.bytes += (uint32_t)sizeof(options);
    assert_int_equal(parse(&packet, &nd), GOOD);
    assert_int_equal(nd.hop_limit, 64);
    assert_true(nd.is_managed && nd.has_other_config && nd.has_source_link);
    assert_int_equal(nd.router_lifetime_s, 1800);
    assert_int_equal(nd.reachable_ms, 30000);
    assert_int_equal(nd.retrans_ms, 1000);
    assert_int_equal(nd.mtu, 1400);
    assert_int_equal(nd.prefixes, 1);
    assert_int_equal(nd.prefix[0].prefix.bits, 64);
    assert_int_equal(nd.prefix[0].prefix.addr.octet[3], 0xb8);
    assert_true(nd.prefix[0].is_on_link && nd.prefix[0].is_autonomous);
    assert_int_equal(nd.prefix[0].valid_s, 3600);
    assert_int_equal(nd.prefix[0].preferred_s, 1800);
}

// A router advertisement with one option of this kind and length, its octets all `value`.
static enum synfin_reason parse_option(uint8_t type, uint8_t kind, uint32_t units, uint8_t value)
{
    struct packet packet;
    struct wire_nd nd;
    build(&packet, type);
    packet.bytes -= 8;
    uint32_t bytes = units == 0 ? 8 : units * 8;
    memset(packet.p + packet.bytes, value, bytes);
    packet.p[packet.bytes] = kind;
    packet.p[packet.bytes + 1] = (uint8_t)units;
    packet.bytes += bytes;
    return parse(&packet, &nd);
}

static void hist_64_each_option_of_every_length_keeps_to_its_size(void **state)
{
    (void)state;
    for (uint32_t kind = 0; kind < 256; kind++) {
        for (uint32_t units = 0; units < 256; units++) {
            bool is_good = units != 0;
            if (kind == 1 || kind == 5) {
                is_good = units == 1;
            } else if (kind == 3) {
                is_good = units == 4;
            }
            assert_int_equal(parse_option(WIRE_ICMP6_ROUTER_ADVERT, (uint8_t)kind, units, 0x40),
                             is_good ? GOOD : BAD);
        }
    }
}

static void hist_64_prefix_length_above_128_is_refused(void **state)
{
    (void)state;
    for (uint32_t bits = 0; bits < 256; bits++) {
        assert_int_equal(parse_option(WIRE_ICMP6_ROUTER_ADVERT, 3, 4, (uint8_t)bits),
                         bits <= 128 ? GOOD : BAD);
    }
}

static void prefix_that_means_ip4_in_memory_is_refused(void **state)
{
    (void)state;
    struct packet packet;
    struct wire_nd nd;
    build(&packet, WIRE_ICMP6_ROUTER_ADVERT);
    packet.bytes = 16;
    memcpy(packet.p + 16, (const uint8_t[]){3, 4, 96}, 3);
    memcpy(packet.p + 32 + 10, (const uint8_t[]){0xff, 0xff}, 2);
    packet.bytes += 32;
    assert_int_equal(parse(&packet, &nd), BAD);
}

static void prefixes_beyond_the_limit_are_left_out(void **state)
{
    (void)state;
    struct packet packet;
    struct wire_nd nd;
    build(&packet, WIRE_ICMP6_ROUTER_ADVERT);
    for (uint32_t i = 0; i < 40; i++) {
        memcpy(packet.p + packet.bytes, (const uint8_t[]){3, 4, (uint8_t)i}, 3);
        packet.bytes += 32;
    }
    assert_int_equal(parse(&packet, &nd), GOOD);
    assert_int_equal(nd.prefixes, WIRE_ND_PREFIXES_MAX);
    assert_int_equal(nd.prefix[WIRE_ND_PREFIXES_MAX - 1].prefix.bits, WIRE_ND_PREFIXES_MAX - 1);
}

static void hist_65_option_of_length_zero_refuses_the_message_wherever_it_stands(void **state)
{
    (void)state;
    for (uint32_t before = 0; before < 8; before++) {
        struct packet packet;
        struct wire_nd nd;
        build(&packet, WIRE_ICMP6_NEIGHBOUR_SOLICIT);
        for (uint32_t i = 0; i < before; i++) {
            memcpy(packet.p + packet.bytes, (const uint8_t[]){200, 1}, 2);
            packet.bytes += 8;
        }
        assert_int_equal(parse(&packet, &nd), GOOD);
        packet.p[packet.bytes] = 200;
        packet.bytes += 8;
        assert_int_equal(parse(&packet, &nd), BAD);
    }
}

static void hist_66_link_address_option_is_one_unit_on_ethernet(void **state)
{
    (void)state;
    for (uint32_t units = 0; units < 256; units++) {
        enum synfin_reason expected = units == 1 ? GOOD : BAD;
        assert_int_equal(parse_option(WIRE_ICMP6_ROUTER_SOLICIT, 1, units, 2), expected);
        assert_int_equal(parse_option(WIRE_ICMP6_NEIGHBOUR_SOLICIT, 1, units, 2), expected);
        assert_int_equal(parse_option(WIRE_ICMP6_NEIGHBOUR_ADVERT, 2, units, 2), expected);
    }
}

static void options_of_other_messages_are_passed_over(void **state)
{
    (void)state;
    static const uint8_t kinds[] = {2, 3, 4, 5};
    for (uint32_t i = 0; i < sizeof(kinds); i++) {
        assert_int_equal(parse_option(WIRE_ICMP6_NEIGHBOUR_SOLICIT, kinds[i], 3, 0xff), GOOD);
    }
    assert_int_equal(parse_option(WIRE_ICMP6_NEIGHBOUR_ADVERT, 1, 3, 0xff), GOOD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_of_ours_round_trip),
        cmocka_unit_test(hist_63_each_check_alone_refuses_the_message),
        cmocka_unit_test(duplicate_address_detection_is_valid),
        cmocka_unit_test(unsolicited_advertisement_to_all_nodes_is_valid),
        cmocka_unit_test(redirect_and_other_types_are_passed_by),
        cmocka_unit_test(message_cut_at_any_octet_is_refused_or_whole),
        cmocka_unit_test(router_advertisement_is_read_whole),
        cmocka_unit_test(hist_64_each_option_of_every_length_keeps_to_its_size),
        cmocka_unit_test(hist_64_prefix_length_above_128_is_refused),
        cmocka_unit_test(prefix_that_means_ip4_in_memory_is_refused),
        cmocka_unit_test(prefixes_beyond_the_limit_are_left_out),
        cmocka_unit_test(hist_65_option_of_length_zero_refuses_the_message_wherever_it_stands),
        cmocka_unit_test(hist_66_link_address_option_is_one_unit_on_ethernet),
        cmocka_unit_test(options_of_other_messages_are_passed_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
