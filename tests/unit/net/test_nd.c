// SPDX-License-Identifier: MIT
//
// Neighbour discovery between hosts: each check of RFC 4861 §7.1 failing alone, address
// resolution, answers, and the probe for duplicate addresses.
#include "net_fixture.h"

#define SOLICITED_NODE "ff02::1:ff00:1" // of 2001:db8::1

static uint8_t frame[2300];
static uint8_t *const ip = frame + 14;
static uint8_t *const icmp = frame + 54;

static struct wire_nd solicit_of(const char *target)
{
    struct wire_nd nd = {.type = WIRE_ICMP6_NEIGHBOUR_SOLICIT,
                         .target = fixture_addr(target),
                         .has_source_link = true};
    memcpy(nd.source_link.octet, fixture_peer_mac, 6);
    return nd;
}

static struct wire_nd advert_of(const char *target, bool is_solicited)
{
    struct wire_nd nd = {.type = WIRE_ICMP6_NEIGHBOUR_ADVERT,
                         .target = fixture_addr(target),
                         .has_target_link = true,
                         .is_solicited = is_solicited,
                         .is_override = true};
    memcpy(nd.target_link.octet, fixture_peer_mac, 6);
    return nd;
}

static void solicit_for_us_is_answered_and_sender_learnt(void **state)
{
    struct fixture *f = *state;
    struct wire_nd nd = solicit_of(OUR6);
    uint32_t bytes = fixture_nd(frame, &nd, PEER6, SOLICITED_NODE, fixture_peer_mac);
    fixture_input(f, f->eth, frame, bytes);
    assert_int_equal(f->sent_count, 1);
    const uint8_t *sent = f->sent[0].octets;
    assert_int_equal(f->sent[0].reason, SYNFIN_REASON_NET_ND_ADVERTISE);
    assert_int_equal(f->sent[0].bytes, 14 + 40 + 32);
    assert_memory_equal(sent, fixture_peer_mac, 6);
    assert_int_equal(sent[14 + 7], 255);
    assert_int_equal(sent[54], WIRE_ICMP6_NEIGHBOUR_ADVERT);
    assert_int_equal(sent[58], 0x60); // solicited, override, no router
    assert_memory_equal(sent + 62, nd.target.octet, 16);
    assert_int_equal(sent[78], 2);
    assert_int_equal(sent[79], 1);
    assert_memory_equal(sent + 80, fixture_our_mac, 6);
    uint8_t fixed[128];
    memcpy(fixed, sent, f->sent[0].bytes);
    fixture_fix_icmp(fixed + 14, 32);
    assert_memory_equal(fixed + 56, sent + 56, 2);
    assert_int_equal(fixture_neighbour(f, PEER6)->state, NEIGHBOUR_STATE_STALE);
}

// One way in which a valid solicitation or advertisement is made invalid.
struct fault {
    const char *what;
    void (*spoil)(void);
    enum synfin_reason reason;
    bool keeps_checksum; // the fault is the checksum, or must not be covered by a new one
};

static void spoil_hop_limit(void)
{
    ip[7] = 254;
}

static void spoil_checksum(void)
{
    icmp[2] ^= 1;
}

static void spoil_code(void)
{
    icmp[1] = 1;
}

// Row 63: with code 0 and everything else wrong, the checks still stand.
static void spoil_hop_limit_to_1(void)
{
    ip[7] = 1;
}

static void spoil_target(void)
{
    memset(icmp + 8, 0, 16);
    icmp[8] = 0xff;
    icmp[9] = 0x02;
    icmp[23] = 1;
}

static void spoil_option_length(void)
{
    icmp[25] = 0; // row 65
}

static void spoil_option_end(void)
{
    icmp[25] = 2; // row 66: longer than the message
}

static void spoil_link(void)
{
    icmp[26] |= 1; // a link address of a group
}

static void spoil_source_to_unspecified(void)
{
    memset(ip + 8, 0, 16);
}

static const struct fault faults_both[] = {
    {"hop limit 254", spoil_hop_limit, SYNFIN_REASON_DROP_ND_HOP_LIMIT, false},
    {"hop limit 1", spoil_hop_limit_to_1, SYNFIN_REASON_DROP_ND_HOP_LIMIT, false},
    {"checksum", spoil_checksum, SYNFIN_REASON_DROP_ICMP_CHECKSUM, true},
    {"code", spoil_code, SYNFIN_REASON_DROP_ND_INVALID, false},
    {"multicast target", spoil_target, SYNFIN_REASON_DROP_ND_INVALID, false},
    {"option of length 0", spoil_option_length, SYNFIN_REASON_DROP_ND_INVALID, false},
    {"option beyond the end", spoil_option_end, SYNFIN_REASON_DROP_ND_INVALID, false},
    {"group as link address", spoil_link, SYNFIN_REASON_DROP_ND_INVALID, false},
    {"unspecified source", spoil_source_to_unspecified, SYNFIN_REASON_DROP_ND_INVALID, false},
};

static void check_faults(struct fixture *f, const struct wire_nd *nd, const char *dst)
{
    for (uint32_t i = 0; i < sizeof(faults_both) / sizeof(faults_both[0]); i++) {
        const struct fault *fault = &faults_both[i];
        uint32_t bytes = fixture_nd(frame, nd, PEER6, dst, fixture_peer_mac);
        fault->spoil();
        if (!fault->keeps_checksum) {
            fixture_fix_icmp(ip, 32);
        }
        print_message("%s\n", fault->what);
        fixture_expect_drop(f, f->eth, frame, bytes, fault->reason);
    }
}

static void hist_63_65_66_each_check_of_a_solicitation_stands_alone(void **state)
{
    struct fixture *f = *state;
    struct wire_nd nd = solicit_of(OUR6);
    // To our address, so that an unspecified source breaks only the rule on its destination.
    check_faults(f, &nd, OUR6);
    assert_int_equal(f->net->neighbours.used, 0);
    uint32_t bytes = fixture_nd(frame, &nd, PEER6, OUR6, fixture_peer_mac);
    assert_int_equal(fixture_input(f, f->eth, frame, bytes), NET_VERDICT_DONE);
    assert_int_equal(f->sent_count, 1); // without a fault it is answered
}

static void hist_63_65_66_each_check_of_an_advertisement_stands_alone(void **state)
{
    struct fixture *f = *state;
    struct synfin_addr peer = fixture_addr(PEER6);
    assert_non_null(neighbour_want(f->net, f->eth, &peer, f->now_ns));
    fixture_advance(f, f->now_ns);
    struct wire_nd nd = advert_of(PEER6, true);
    check_faults(f, &nd, OUR6);
    // A solicited answer to all.
    uint32_t bytes = fixture_nd(frame, &nd, PEER6, "ff02::1", fixture_peer_mac);
    fixture_expect_drop(f, f->eth, frame, bytes, SYNFIN_REASON_DROP_ND_INVALID);
    assert_int_equal(fixture_neighbour(f, PEER6)->state, NEIGHBOUR_STATE_INCOMPLETE);
    bytes = fixture_nd(frame, &nd, PEER6, OUR6, fixture_peer_mac);
    fixture_input(f, f->eth, frame, bytes);
    assert_int_equal(fixture_neighbour(f, PEER6)->state, NEIGHBOUR_STATE_REACHABLE);
}

static void messages_too_short_are_dropped(void **state)
{
    struct fixture *f = *state;
    struct wire_nd nd = solicit_of(OUR6);
    nd.has_source_link = false;
    for (uint32_t message = 0; message < 24; message++) {
        fixture_nd(frame, &nd, PEER6, OUR6, fixture_peer_mac);
        ip[5] = (uint8_t)message;
        if (message >= 4) {
            fixture_fix_icmp(ip, message);
        }
        enum synfin_reason reason =
            message < 8 ? SYNFIN_REASON_DROP_ICMP_SHORT : SYNFIN_REASON_DROP_ND_INVALID;
        fixture_expect_drop(f, f->eth, frame, 54 + message, reason);
    }
}

static void hist_64_66_options_of_every_length_are_refused_or_harmless(void **state)
{
    struct fixture *f = *state;
    for (uint32_t kind = 0; kind < 256; kind++) {
        for (uint32_t units = 1; units < 32; units++) {
            struct wire_nd nd = solicit_of(OUR6);
            nd.has_source_link = false;
            fixture_nd(frame, &nd, PEER6, OUR6, fixture_peer_mac);
            memset(icmp + 24, 0x22, 8 * units);
            icmp[24] = (uint8_t)kind;
            icmp[25] = (uint8_t)units;
            uint32_t message = 24 + 8 * units;
            ip[4] = (uint8_t)(message >> 8);
            ip[5] = (uint8_t)message;
            fixture_fix_icmp(ip, message);
            fixture_forget_sent(f);
            fixture_resolve(f, PEER6, fixture_peer_mac);
            fixture_input(f, f->eth, frame, 54 + message);
            assert_int_equal(f->sent_count, kind == 1 && units != 1 ? 0 : 1);
            // One octet less than the option says.
            ip[5] = (uint8_t)(message - 1);
            ip[4] = (uint8_t)((message - 1) >> 8);
            fixture_fix_icmp(ip, message - 1);
            fixture_forget_sent(f);
            fixture_expect_drop(f, f->eth, frame, 53 + message, SYNFIN_REASON_DROP_ND_INVALID);
        }
    }
}

static void messages_behind_extension_headers_are_refused(void **state)
{
    struct fixture *f = *state;
    struct wire_nd nd = solicit_of(OUR6);
    static const uint8_t atomic_fragment[8] = {58, 0, 0, 0, 1, 2, 3, 4};
    static const uint8_t options[8] = {58, 0, 1, 4};
    for (uint32_t i = 0; i < 2; i++) {
        uint32_t bytes = fixture_nd(frame, &nd, PEER6, OUR6, fixture_peer_mac);
        memmove(icmp + 8, icmp, 32);
        memcpy(icmp, i == 0 ? atomic_fragment : options, 8);
        ip[6] = i == 0 ? WIRE_PROTOCOL_FRAGMENT : WIRE_PROTOCOL_DESTINATION;
        ip[5] = 40;
        fixture_expect_drop(f, f->eth, frame, bytes + 8, SYNFIN_REASON_DROP_ND_INVALID);
    }
}

static void solicit_for_another_host_is_ignored(void **state)
{
    struct fixture *f = *state;
    struct wire_nd nd = solicit_of("2001:db8::ff:0:1"); // shares our group, is not ours
    uint32_t bytes = fixture_nd(frame, &nd, PEER6, SOLICITED_NODE, fixture_peer_mac);
    fixture_expect_drop(f, f->eth, frame, bytes, SYNFIN_REASON_DROP_IP_NOT_OURS);
    assert_int_equal(f->net->neighbours.used, 0);
}

static void solicit_from_beyond_the_link_is_refused(void **state)
{
    struct fixture *f = *state;
    struct wire_nd nd = solicit_of(OUR6);
    uint32_t bytes = fixture_nd(frame, &nd, "2001:db8:77::2", OUR6, fixture_peer_mac);
    fixture_expect_drop(f, f->eth, frame, bytes, SYNFIN_REASON_DROP_ND_INVALID);
}

static void unasked_advertisement_makes_no_entry(void **state)
{
    struct fixture *f = *state;
    for (uint32_t i = 0; i < 4; i++) {
        struct wire_nd nd = advert_of(PEER6, i % 2 != 0);
        nd.is_override = i / 2 != 0;
        uint32_t bytes = fixture_nd(frame, &nd, PEER6, OUR6, fixture_peer_mac);
        fixture_expect_drop(f, f->eth, frame, bytes, SYNFIN_REASON_DROP_ND_UNSOLICITED);
    }
    assert_int_equal(f->net->neighbours.used, 0);
}

static void wanted_neighbour_is_solicited_by_group_then_answered(void **state)
{
    struct fixture *f = *state;
    struct net_path path = {0};
    struct synfin_addr peer = fixture_addr(PEER6);
    uint8_t mac[6];
    assert_int_equal(net_resolve(f->net, &path, &peer, f->now_ns, mac), NET_RESOLUTION_PENDING);
    struct wire_nd nd = advert_of(PEER6, true);
    uint32_t bytes = fixture_nd(frame, &nd, PEER6, OUR6, fixture_peer_mac);
    fixture_input(f, f->eth, frame, bytes);
    static const uint8_t group_mac[6] = {0x33, 0x33, 0xff, 0, 0, 2};
    const uint8_t *sent = f->sent[0].octets;
    assert_int_equal(f->sent_count, 1);
    assert_int_equal(f->sent[0].reason, SYNFIN_REASON_NET_ND_SOLICIT);
    assert_memory_equal(sent, group_mac, 6);
    struct synfin_addr group = fixture_addr("ff02::1:ff00:2");
    assert_memory_equal(sent + 14 + 24, group.octet, 16);
    assert_int_equal(sent[14 + 7], 255);
    assert_int_equal(sent[54 + 24], 1); // with our link address
    assert_memory_equal(sent + 54 + 26, fixture_our_mac, 6);
    assert_int_equal(net_resolve(f->net, &path, &peer, f->now_ns, mac), NET_RESOLUTION_READY);
    assert_memory_equal(mac, fixture_peer_mac, 6);
}

static void probe_for_our_address_is_answered_to_all(void **state)
{
    struct fixture *f = *state;
    struct wire_nd nd = solicit_of(OUR6);
    nd.has_source_link = false;
    uint32_t bytes = fixture_nd(frame, &nd, "::", SOLICITED_NODE, fixture_peer_mac);
    fixture_input(f, f->eth, frame, bytes);
    assert_int_equal(f->sent_count, 1);
    struct synfin_addr all = fixture_addr("ff02::1");
    assert_memory_equal(f->sent[0].octets + 14 + 24, all.octet, 16);
    assert_int_equal(f->sent[0].octets[58], 0x20); // override, not solicited
    // The same with a link address breaks RFC 4861 §7.1.1.
    nd.has_source_link = true;
    bytes = fixture_nd(frame, &nd, "::", SOLICITED_NODE, fixture_peer_mac);
    fixture_expect_drop(f, f->eth, frame, bytes, SYNFIN_REASON_DROP_ND_INVALID);
}

static struct synfin_addr add_probed(struct fixture *f, const char *text)
{
    struct synfin_prefix prefix = {.addr = fixture_addr(text), .bits = 64};
    assert_int_equal(net_add_addr(f->net, f->eth, &prefix, f->now_ns), SYNFIN_ERROR_OK);
    return prefix.addr;
}

static void new_address_is_probed_once_and_used_at_once(void **state)
{
    struct fixture *f = *state;
    struct synfin_addr addr = add_probed(f, "2001:db8::42");
    assert_true(net_is_local(f->net, &addr));
    fixture_advance(f, f->now_ns + 10 * S);
    assert_int_equal(f->sent_count, 1);
    const uint8_t *sent = f->sent[0].octets;
    static const uint8_t zero[16] = {0};
    assert_memory_equal(sent + 14 + 8, zero, 16);
    assert_int_equal(sent[54], WIRE_ICMP6_NEIGHBOUR_SOLICIT);
    assert_memory_equal(sent + 62, addr.octet, 16);
    assert_int_equal(f->sent[0].bytes, 14 + 40 + 24); // no link address
    assert_int_equal(addrs_find(f->net, f->eth, &addr)->state, ADDR_STATE_PREFERRED);
}

static void want(struct fixture *f, const char *text)
{
    struct net_path path = {.iface_bound = (uint8_t)(f->eth + 1)};
    struct synfin_addr peer = fixture_addr(text);
    uint8_t mac[6];
    fixture_forget_sent(f);
    assert_int_equal(net_resolve(f->net, &path, &peer, f->now_ns, mac), NET_RESOLUTION_PENDING);
    fixture_advance(f, f->now_ns);
}

static void expect_solicit_from(struct fixture *f, const char *source)
{
    struct synfin_addr addr = fixture_addr(source);
    const uint8_t *sent = f->sent[f->sent_count - 1].octets;
    assert_int_equal(sent[54], WIRE_ICMP6_NEIGHBOUR_SOLICIT);
    assert_memory_equal(sent + 14 + 8, addr.octet, 16);
    assert_int_equal(sent[54 + 24], 1); // with our link address
}

// RFC 4429 §3.2: another one that is proved asks, be its prefix another.
static void address_being_probed_is_no_source_of_solicitations(void **state)
{
    struct fixture *f = *state;
    add_probed(f, "2001:db8:7::42");
    fixture_advance(f, f->now_ns);
    want(f, "2001:db8:7::9");
    assert_int_equal(f->sent_count, 1);
    expect_solicit_from(f, OUR6);
}

// Where there is none the packet waits, and the wait is no try.
static void neighbours_are_sought_once_an_address_is_proved(void **state)
{
    struct fixture *f = *state;
    uint64_t begin_ns = f->now_ns;
    for (uint32_t i = 0; i < f->net->addrs; i++) { // the link-local one too
        addrs_on_duplicate(f->net, &f->net->addr[i]);
    }
    add_probed(f, "2001:db8:7::42");
    fixture_advance(f, f->now_ns + S / 2);
    want(f, "2001:db8:7::9");
    assert_int_equal(f->sent_count, 0);
    fixture_advance(f, begin_ns + S - 1);
    assert_int_equal(f->sent_count, 0);
    fixture_advance(f, begin_ns + S + S / 100);
    assert_int_equal(f->sent_count, 1);
    expect_solicit_from(f, "2001:db8:7::42");
    fixture_advance(f, begin_ns + 10 * S);
    assert_int_equal(f->sent_count, 3);
}

static void duplicate_found_while_probing_is_given_up(void **state)
{
    struct fixture *f = *state;
    struct synfin_addr addr = add_probed(f, "2001:db8::42");
    struct wire_nd nd = advert_of("2001:db8::42", false);
    uint32_t bytes = fixture_nd(frame, &nd, "2001:db8::42", "ff02::1", fixture_peer_mac);
    fixture_input(f, f->eth, frame, bytes);
    assert_false(net_is_local(f->net, &addr));
    struct synfin_addr second = add_probed(f, "2001:db8::43");
    nd = solicit_of("2001:db8::43");
    nd.has_source_link = false;
    bytes = fixture_nd(frame, &nd, "::", "ff02::1:ff00:43", fixture_peer_mac);
    fixture_input(f, f->eth, frame, bytes);
    assert_false(net_is_local(f->net, &second));
    // One that is proved is defended instead.
    struct synfin_addr ours = fixture_addr(OUR6);
    nd = advert_of(OUR6, false);
    bytes = fixture_nd(frame, &nd, "fe80::7", "ff02::1", fixture_peer_mac);
    fixture_input(f, f->eth, frame, bytes);
    assert_true(net_is_local(f->net, &ours));
    assert_int_equal(fixture_count(f, SYNFIN_REASON_DROP_ND_UNSOLICITED), 1);
}

static void packets_from_an_address_being_probed_are_refused(void **state)
{
    struct fixture *f = *state;
    struct synfin_addr addr = add_probed(f, "2001:db8::42");
    fixture_advance(f, f->now_ns);
    fixture_forget_sent(f);
    struct fixture_ip header = {.src = "2001:db8::42", .dst = OUR6, .protocol = WIRE_PROTOCOL_TCP};
    uint32_t bytes = fixture_tcp(ip, &header, 1, 0);
    fixture_eth(frame, fixture_our_mac, fixture_peer_mac, WIRE_ETH_TYPE_IP6, bytes);
    fixture_expect_drop(f, f->eth, frame, bytes + 14, SYNFIN_REASON_DROP_IP_MARTIAN_SOURCE);
    struct wire_nd nd = solicit_of(OUR6);
    bytes = fixture_nd(frame, &nd, "2001:db8::42", OUR6, fixture_peer_mac);
    fixture_expect_drop(f, f->eth, frame, bytes, SYNFIN_REASON_DROP_IP_MARTIAN_SOURCE);
    assert_true(net_is_local(f->net, &addr));
}

static void interfaces_without_link_addresses_discover_nothing(void **state)
{
    struct fixture *f = *state;
    struct wire_nd nd = solicit_of(TUN_OUR6);
    uint32_t bytes = fixture_nd(frame, &nd, TUN_PEER6, TUN_OUR6, fixture_peer_mac);
    fixture_expect_drop(f, f->tun, ip, bytes - 14, SYNFIN_REASON_DROP_ICMP_TYPE);
    nd.type = WIRE_ICMP6_ROUTER_SOLICIT;
    bytes = fixture_nd(frame, &nd, PEER6, OUR6, fixture_peer_mac);
    fixture_expect_drop(f, f->eth, frame, bytes, SYNFIN_REASON_DROP_ICMP_TYPE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(solicit_for_us_is_answered_and_sender_learnt),
        FIXTURE_TEST(hist_63_65_66_each_check_of_a_solicitation_stands_alone),
        FIXTURE_TEST(hist_63_65_66_each_check_of_an_advertisement_stands_alone),
        FIXTURE_TEST(messages_too_short_are_dropped),
        FIXTURE_TEST(hist_64_66_options_of_every_length_are_refused_or_harmless),
        FIXTURE_TEST(messages_behind_extension_headers_are_refused),
        FIXTURE_TEST(solicit_for_another_host_is_ignored),
        FIXTURE_TEST(solicit_from_beyond_the_link_is_refused),
        FIXTURE_TEST(unasked_advertisement_makes_no_entry),
        FIXTURE_TEST(wanted_neighbour_is_solicited_by_group_then_answered),
        FIXTURE_TEST(probe_for_our_address_is_answered_to_all),
        FIXTURE_TEST(new_address_is_probed_once_and_used_at_once),
        FIXTURE_TEST(address_being_probed_is_no_source_of_solicitations),
        FIXTURE_TEST(neighbours_are_sought_once_an_address_is_proved),
        FIXTURE_TEST(duplicate_found_while_probing_is_given_up),
        FIXTURE_TEST(packets_from_an_address_being_probed_are_refused),
        FIXTURE_TEST(interfaces_without_link_addresses_discover_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
