// SPDX-License-Identifier: MIT
//
// The neighbour machine: each edge of RFC 4861 §7.3.2, its times, the limits of the table, and
// what connections are told.
#include "net_fixture.h"

static const uint8_t other_mac[6] = {2, 0, 0, 0, 0, 7};

static enum net_resolution resolve(struct fixture *f, struct net_path *path, const char *dst,
                                   uint8_t mac[6])
{
    struct synfin_addr addr = fixture_addr(dst);
    return net_resolve(f->net, path, &addr, f->now_ns, mac);
}

static void unanswered_neighbour_fails_after_three_tries_a_second_apart(void **state)
{
    struct fixture *f = *state;
    struct net_path path = {0};
    uint8_t mac[6];
    uint64_t start_ns = f->now_ns;
    assert_int_equal(resolve(f, &path, PEER4, mac), NET_RESOLUTION_PENDING);
    fixture_advance(f, start_ns);
    assert_int_equal(f->sent_count, 1);
    fixture_advance(f, start_ns + S - 1);
    assert_int_equal(f->sent_count, 1);
    fixture_advance(f, start_ns + S);
    assert_int_equal(f->sent_count, 2);
    fixture_advance(f, start_ns + 2 * S);
    assert_int_equal(f->sent_count, 3);
    struct net_change change;
    fixture_advance(f, start_ns + 3 * S - 1);
    assert_false(net_next_change(f->net, &change));
    fixture_advance(f, start_ns + 3 * S);
    assert_int_equal(f->sent_count, 3);
    assert_true(net_next_change(f->net, &change));
    assert_true(change.is_failed);
    assert_int_equal(change.neighbour, path.neighbour);
    assert_false(net_next_change(f->net, &change));
    assert_null(fixture_neighbour(f, PEER4));
    assert_int_equal(fixture_count(f, SYNFIN_REASON_NEIGHBOUR_FAILED), 1);
    // Whoever still wants it asks afresh.
    assert_int_equal(resolve(f, &path, PEER4, mac), NET_RESOLUTION_PENDING);
    fixture_advance(f, f->now_ns);
    assert_int_equal(f->sent_count, 4);
}

static void hist_72_one_target_is_asked_for_once_a_second_at_most(void **state)
{
    struct fixture *f = *state;
    struct net_path path = {0};
    uint8_t mac[6];
    struct net_change change;
    for (uint32_t i = 0; i < 1000; i++) { // ten seconds
        resolve(f, &path, PEER4, mac);
        fixture_advance(f, f->now_ns + S / 100);
        net_next_change(f->net, &change);
    }
    assert_in_range(f->sent_count, 9, 11);
}

static void unused_neighbour_goes_stale_and_is_never_probed(void **state)
{
    struct fixture *f = *state;
    fixture_resolve(f, PEER4, fixture_peer_mac);
    fixture_advance(f, f->now_ns + 3600 * S);
    assert_int_equal(f->sent_count, 0);
}

static void used_neighbour_goes_delay_probe_and_away(void **state)
{
    struct fixture *f = *state;
    struct net_path path = {0};
    uint8_t mac[6];
    fixture_resolve(f, PEER4, fixture_peer_mac);
    struct neighbour *neighbour = fixture_neighbour(f, PEER4);
    assert_in_range(neighbour->deadline_ns - f->now_ns, 15 * S, 45 * S);
    fixture_advance(f, f->now_ns + 46 * S);
    uint64_t start_ns = f->now_ns;
    assert_int_equal(resolve(f, &path, PEER4, mac), NET_RESOLUTION_READY);
    assert_int_equal(neighbour->state, NEIGHBOUR_STATE_DELAY);
    fixture_advance(f, start_ns + 5 * S - 1);
    assert_int_equal(f->sent_count, 0);
    fixture_advance(f, start_ns + 5 * S);
    assert_int_equal(neighbour->state, NEIGHBOUR_STATE_PROBE);
    assert_int_equal(f->sent_count, 1);
    assert_memory_equal(f->sent[0].octets, fixture_peer_mac, 6); // asked alone
    assert_int_equal(resolve(f, &path, PEER4, mac), NET_RESOLUTION_READY);
    fixture_advance(f, start_ns + 8 * S - 1);
    assert_int_equal(f->sent_count, 3);
    fixture_advance(f, start_ns + 8 * S);
    assert_null(fixture_neighbour(f, PEER4));
    // The path notices that its entry is gone.
    assert_int_equal(resolve(f, &path, PEER4, mac), NET_RESOLUTION_PENDING);
}

static void confirmed_neighbour_is_not_probed(void **state)
{
    struct fixture *f = *state;
    struct net_path path = {0};
    uint8_t mac[6];
    fixture_resolve(f, PEER4, fixture_peer_mac);
    for (uint32_t i = 0; i < 600; i++) {
        assert_int_equal(resolve(f, &path, PEER4, mac), NET_RESOLUTION_READY);
        fixture_advance(f, f->now_ns + S);
        net_confirm(f->net, &path, f->now_ns);
    }
    assert_int_equal(f->sent_count, 0);
}

static void probe_answered_makes_it_reachable_again(void **state)
{
    struct fixture *f = *state;
    struct net_path path = {0};
    uint8_t mac[6];
    uint8_t frame[64];
    fixture_resolve(f, PEER4, fixture_peer_mac);
    fixture_advance(f, f->now_ns + 46 * S);
    resolve(f, &path, PEER4, mac);
    fixture_advance(f, f->now_ns + 5 * S);
    uint32_t bytes = fixture_arp(frame, WIRE_ARP_OPERATION_REPLY, PEER4, fixture_peer_mac, OUR4);
    fixture_input(f, f->eth, frame, bytes);
    assert_int_equal(fixture_neighbour(f, PEER4)->state, NEIGHBOUR_STATE_REACHABLE);
}

// RFC 4861 §7.2.5 and appendix C, as a table: state, what the advertisement says, what follows.
static void advertisement_changes_exactly_what_the_table_says(void **state)
{
    struct fixture *f = *state;
    static const struct {
        bool is_unresolved, is_solicited, is_override, has_link, is_other;
        enum neighbour_state expected;
        bool is_mac_other;
    } rows[] = {
        {true, true, true, true, true, NEIGHBOUR_STATE_REACHABLE, true},
        {true, true, false, true, true, NEIGHBOUR_STATE_REACHABLE, true},
        {true, false, true, true, true, NEIGHBOUR_STATE_STALE, true},
        {true, true, true, false, false, NEIGHBOUR_STATE_INCOMPLETE, false},
        {false, true, false, true, true, NEIGHBOUR_STATE_STALE, false},
        {false, false, false, true, true, NEIGHBOUR_STATE_STALE, false},
        {false, true, true, true, true, NEIGHBOUR_STATE_REACHABLE, true},
        {false, false, true, true, true, NEIGHBOUR_STATE_STALE, true},
        {false, false, true, true, false, NEIGHBOUR_STATE_REACHABLE, false},
        {false, true, false, false, false, NEIGHBOUR_STATE_REACHABLE, false},
        {false, true, true, true, false, NEIGHBOUR_STATE_REACHABLE, false},
    };
    for (uint32_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char text[32];
        snprintf(text, sizeof(text), "2001:db8::1:%x", i + 1);
        struct synfin_addr addr = fixture_addr(text);
        struct neighbour *n = neighbour_want(f->net, f->eth, &addr, f->now_ns);
        struct wire_eth_addr link;
        memcpy(link.octet, fixture_peer_mac, 6);
        struct neighbour_advert advert = {.link = &link, .is_solicited = true};
        if (!rows[i].is_unresolved) {
            neighbour_on_advert(f->net, n, &advert, f->now_ns);
        }
        memcpy(link.octet, rows[i].is_other ? other_mac : fixture_peer_mac, 6);
        advert = (struct neighbour_advert){.link = rows[i].has_link ? &link : NULL,
                                           .is_solicited = rows[i].is_solicited,
                                           .is_override = rows[i].is_override};
        neighbour_on_advert(f->net, n, &advert, f->now_ns + 2 * S);
        assert_int_equal(n->state, rows[i].expected);
        assert_int_equal(memcmp(n->mac, other_mac, 6) == 0, rows[i].is_mac_other);
    }
}

static void full_table_keeps_entries_in_use_and_gives_up_unused_ones(void **state)
{
    struct fixture *f = *state;
    struct net_path path = {0};
    uint8_t mac[6];
    fixture_resolve(f, PEER4, fixture_peer_mac);
    resolve(f, &path, PEER4, mac);
    struct wire_eth_addr link = {{2, 0, 0, 0, 0, 8}};
    for (uint32_t i = 0; i < 2 * NET_NEIGHBOURS_MAX; i++) {
        struct synfin_addr addr = fixture_addr("2001:db8::2:0");
        addr.octet[14] = (uint8_t)(i >> 8);
        addr.octet[15] = (uint8_t)i;
        neighbour_on_source(f->net, f->eth, &addr, &link, f->now_ns);
    }
    assert_int_equal(f->net->neighbours.used, NET_NEIGHBOURS_MAX);
    assert_true(net_check(f->net));
    assert_int_equal(resolve(f, &path, PEER4, mac), NET_RESOLUTION_READY);
    // A station that we want to reach still gets in.
    struct net_path wanted = {0};
    assert_int_equal(resolve(f, &wanted, "192.0.2.99", mac), NET_RESOLUTION_PENDING);
    // Where all are in use, nobody goes for a station that is not looked for.
    for (uint32_t i = 0; i < f->net->neighbours.slots; i++) {
        neighbour_at(f->net, i)->was_used = true;
    }
    struct synfin_addr stranger = fixture_addr("2001:db8::3:1");
    neighbour_on_source(f->net, f->eth, &stranger, &link, f->now_ns);
    assert_null(neighbour_find(f->net, f->eth, &stranger));
}

static void hist_73_unresolved_neighbours_are_limited_and_the_rest_fails_at_once(void **state)
{
    struct fixture *f = *state;
    uint8_t mac[6];
    uint32_t failed = 0;
    for (uint32_t i = 0; i < 1000; i++) {
        struct net_path path = {0};
        struct synfin_addr addr = fixture_addr("2001:db8::3:0");
        addr.octet[14] = (uint8_t)(i >> 8);
        addr.octet[15] = (uint8_t)i;
        failed += net_resolve(f->net, &path, &addr, f->now_ns, mac) == NET_RESOLUTION_FAILED;
        fixture_advance(f, f->now_ns); // the device takes what is sent
        fixture_forget_sent(f);
    }
    assert_int_equal(failed, 1000 - NEIGHBOUR_INCOMPLETE_MAX);
    fixture_advance(f, f->now_ns + S);
    assert_in_range(f->sent_count, 1, NEIGHBOUR_INCOMPLETE_MAX);
    fixture_forget_sent(f);
    fixture_advance(f, f->now_ns + 2 * S);
    struct net_change change;
    uint32_t told = 0;
    while (net_next_change(f->net, &change)) {
        assert_true(change.is_failed);
        told++;
    }
    assert_int_equal(told, NEIGHBOUR_INCOMPLETE_MAX);
    assert_int_equal(f->net->neighbours.used, 0);
    fixture_forget_sent(f);
    fixture_advance(f, f->now_ns + 60 * S);
    assert_int_equal(f->sent_count, 0); // and then it is quiet
}

static uint32_t echo_request(uint8_t *p, const char *src)
{
    static const uint8_t echo[8] = {8};
    struct fixture_ip ip = {.src = src, .dst = OUR4, .protocol = WIRE_PROTOCOL_ICMP4};
    memcpy(p + 34, echo, sizeof(echo));
    uint32_t bytes = fixture_ip(p + 14, &ip, sizeof(echo));
    fixture_fix_icmp(p + 14, sizeof(echo));
    return fixture_eth(p, fixture_our_mac, other_mac, WIRE_ETH_TYPE_IP4, bytes);
}

static void hist_74_dead_neighbour_holds_three_packets_and_delays_nobody(void **state)
{
    struct fixture *f = *state;
    uint8_t frame[64];
    fixture_resolve(f, PEER4, fixture_peer_mac);
    for (uint32_t i = 0; i < 10; i++) {
        uint32_t bytes = echo_request(frame, "192.0.2.66");
        fixture_input(f, f->eth, frame, bytes);
    }
    assert_int_equal(f->sent_count, 1); // one ARP request, no reply
    assert_int_equal(fixture_count(f, SYNFIN_REASON_DROP_NEIGHBOUR_FULL), 7);
    uint32_t bytes = echo_request(frame, PEER4);
    fixture_input(f, f->eth, frame, bytes);
    assert_int_equal(f->sent_count, 2);
    assert_int_equal(f->sent[1].reason, SYNFIN_REASON_NET_ECHO_REPLY);
    fixture_advance(f, f->now_ns + 3 * S);
    assert_int_equal(fixture_count(f, SYNFIN_REASON_DROP_NEIGHBOUR_FAILED), 3);
    assert_int_equal(f->net->control_small.objects, 0);
}

static void waiting_packets_go_out_in_order_when_it_answers(void **state)
{
    struct fixture *f = *state;
    uint8_t frame[64];
    for (uint32_t i = 0; i < 2; i++) {
        uint32_t bytes = echo_request(frame, PEER4);
        fixture_input(f, f->eth, frame, bytes);
    }
    fixture_forget_sent(f);
    uint32_t bytes = fixture_arp(frame, WIRE_ARP_OPERATION_REPLY, PEER4, fixture_peer_mac, OUR4);
    fixture_input(f, f->eth, frame, bytes);
    assert_int_equal(f->sent_count, 2);
    assert_memory_equal(f->sent[0].octets, fixture_peer_mac, 6);
    assert_memory_equal(f->sent[0].octets + 6, fixture_our_mac, 6);
    struct net_change change;
    assert_false(net_next_change(f->net, &change)); // no connection waited
}

static void device_without_room_bounds_the_queue(void **state)
{
    struct fixture *f = *state;
    struct synfin_packet packet;
    uint8_t frame[64];
    fixture_resolve(f, PEER4, fixture_peer_mac);
    uint32_t bytes = echo_request(frame, PEER4);
    synfin_packet_wrap(&packet, frame, bytes);
    for (uint32_t i = 0; i < CONTROL_SMALL_MAX + 5; i++) { // nobody calls net_output
        assert_int_equal(net_input(f->net, f->eth, &packet, f->now_ns, &f->out), NET_VERDICT_DONE);
    }
    assert_int_equal(fixture_count(f, SYNFIN_REASON_DROP_OUTPUT_FULL), 5);
    assert_true(net_check(f->net));
}

static void without_memory_a_neighbour_fails_and_nothing_breaks(void **state)
{
    struct fixture *f = *state;
    struct net_path path = {0};
    uint8_t mac[6];
    f->memory.fail_after = 0;
    assert_int_equal(resolve(f, &path, PEER4, mac), NET_RESOLUTION_FAILED);
    assert_true(net_check(f->net));
}

static void failed_neighbour_that_nobody_asked_about_yet_is_asked_for_again(void **state)
{
    struct fixture *f = *state;
    struct net_path path = {0};
    uint8_t mac[6];
    resolve(f, &path, PEER4, mac);
    fixture_advance(f, f->now_ns + 3 * S);
    assert_int_equal(f->sent_count, 3);
    assert_int_equal(resolve(f, &path, PEER4, mac), NET_RESOLUTION_PENDING);
    fixture_advance(f, f->now_ns);
    assert_int_equal(f->sent_count, 4);
    uint8_t frame[64];
    uint32_t bytes = fixture_arp(frame, WIRE_ARP_OPERATION_REPLY, PEER4, fixture_peer_mac, OUR4);
    fixture_input(f, f->eth, frame, bytes);
    assert_int_equal(resolve(f, &path, PEER4, mac), NET_RESOLUTION_READY);
    assert_memory_equal(mac, fixture_peer_mac, 6);
}

static void static_neighbours_fill_the_table_and_no_more(void **state)
{
    struct fixture *f = *state;
    struct synfin_addr addr = fixture_addr("2001:db8::5:0");
    for (uint32_t i = 0; i < NET_NEIGHBOURS_MAX; i++) {
        addr.octet[15] = (uint8_t)i;
        assert_int_equal(net_add_neighbour(f->net, f->eth, &addr, other_mac), SYNFIN_ERROR_OK);
    }
    addr.octet[14]++;
    assert_int_equal(net_add_neighbour(f->net, f->eth, &addr, other_mac), SYNFIN_ERROR_LIMIT);
    struct net_path path = {0};
    uint8_t mac[6];
    assert_int_equal(resolve(f, &path, "2001:db8::5:7", mac), NET_RESOLUTION_READY);
    assert_memory_equal(mac, other_mac, 6);
    struct net_path other = {0};
    assert_int_equal(resolve(f, &other, PEER4, mac), NET_RESOLUTION_FAILED);
}

static void static_neighbour_that_makes_no_sense_is_refused(void **state)
{
    struct fixture *f = *state;
    static const uint8_t group_mac[6] = {1, 0, 0, 0, 0, 7};
    struct synfin_addr addr = fixture_addr(PEER4);
    assert_int_equal(net_add_neighbour(f->net, 2, &addr, other_mac), SYNFIN_ERROR_INVALID);
    assert_int_equal(net_add_neighbour(f->net, f->tun, &addr, other_mac), SYNFIN_ERROR_INVALID);
    assert_int_equal(net_add_neighbour(f->net, f->eth, &addr, group_mac), SYNFIN_ERROR_INVALID);
    addr = fixture_addr("224.0.0.1");
    assert_int_equal(net_add_neighbour(f->net, f->eth, &addr, other_mac), SYNFIN_ERROR_INVALID);
    assert_int_equal(f->net->neighbours.used, 0);
}

static void reply_without_a_route_is_dropped(void **state)
{
    struct fixture *f = *state;
    uint8_t frame[64];
    fixture_input(f, f->eth, frame, echo_request(frame, "198.51.100.7"));
    assert_int_equal(f->sent_count, 0);
    assert_int_equal(fixture_count(f, SYNFIN_REASON_DROP_NEIGHBOUR_FAILED), 1);
    assert_int_equal(f->net->control_small.objects, 0);
}

static void reply_leaves_where_its_route_leads(void **state)
{
    struct fixture *f = *state;
    uint8_t frame[64];
    struct synfin_prefix prefix;
    assert_int_equal(synfin_prefix_parse("198.51.100.0/24", &prefix), SYNFIN_ERROR_OK);
    struct synfin_addr none = {{0}};
    assert_int_equal(net_add_route(f->net, f->tun, &prefix, &none), SYNFIN_ERROR_OK);
    fixture_input(f, f->eth, frame, echo_request(frame, "198.51.100.7"));
    assert_int_equal(f->sent_count, 1);
    assert_int_equal(f->sent[0].iface, f->tun);
    assert_int_equal(f->sent[0].bytes, 28); // without a link header
    // And behind a gateway the gateway is asked for.
    assert_int_equal(synfin_prefix_parse("203.0.113.0/24", &prefix), SYNFIN_ERROR_OK);
    struct synfin_addr gateway = fixture_addr(PEER4);
    assert_int_equal(net_add_route(f->net, f->eth, &prefix, &gateway), SYNFIN_ERROR_OK);
    fixture_resolve(f, PEER4, fixture_peer_mac);
    fixture_forget_sent(f);
    fixture_input(f, f->eth, frame, echo_request(frame, "203.0.113.7"));
    assert_int_equal(f->sent_count, 1);
    assert_memory_equal(f->sent[0].octets, fixture_peer_mac, 6);
}

static void reply_finds_no_room_among_unresolved_neighbours(void **state)
{
    struct fixture *f = *state;
    uint8_t frame[64], mac[6];
    struct synfin_addr addr = fixture_addr(PEER6);
    for (uint32_t i = 0; i < NEIGHBOUR_INCOMPLETE_MAX; i++) {
        struct net_path path = {0};
        addr.octet[14] = (uint8_t)(1 + i);
        assert_int_equal(net_resolve(f->net, &path, &addr, f->now_ns, mac), NET_RESOLUTION_PENDING);
        fixture_advance(f, f->now_ns); // the device takes what is sent
    }
    fixture_forget_sent(f);
    fixture_input(f, f->eth, frame, echo_request(frame, PEER4));
    assert_int_equal(f->sent_count, 0);
    assert_int_equal(fixture_count(f, SYNFIN_REASON_DROP_NEIGHBOUR_FULL), 1);
}

// Without an address of that version ARP asks as RFC 5227 §1.1 probes do; RFC 4861 §7.2.2 has no
// such question.
static void neighbour_is_asked_for_without_an_address_of_ours(void **state)
{
    struct fixture *f = *state;
    struct synfin_iface_config config = {
        .is_ethernet = 1, .mtu_bytes = 1500, .mac = {2, 0, 0, 0, 9, 9}};
    uint32_t bare;
    assert_int_equal(net_add_iface(f->net, &config, f->now_ns, &bare), SYNFIN_ERROR_OK);
    struct synfin_addr none = {{0}};
    struct synfin_prefix prefix;
    struct net_path path = {0};
    uint8_t mac[6];
    assert_int_equal(synfin_prefix_parse("198.51.100.0/24", &prefix), SYNFIN_ERROR_OK);
    assert_int_equal(net_add_route(f->net, bare, &prefix, &none), SYNFIN_ERROR_OK);
    assert_int_equal(resolve(f, &path, "198.51.100.1", mac), NET_RESOLUTION_PENDING);
    fixture_advance(f, f->now_ns);
    assert_int_equal(f->sent_count, 1);
    assert_int_equal(bytes_load32(f->sent[0].octets + 14 + 14), 0); // the sender's address
    assert_int_equal(synfin_prefix_parse("2001:db8:7::/64", &prefix), SYNFIN_ERROR_OK);
    assert_int_equal(net_add_route(f->net, bare, &prefix, &none), SYNFIN_ERROR_OK);
    path = (struct net_path){0};
    assert_int_equal(resolve(f, &path, "2001:db8:7::1", mac), NET_RESOLUTION_PENDING);
    fixture_forget_sent(f);
    fixture_advance(f, f->now_ns);
    assert_int_equal(f->sent_count, 0);
    fixture_advance(f, f->now_ns + 3 * S);
    assert_int_equal(fixture_count(f, SYNFIN_REASON_NEIGHBOUR_FAILED), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(unanswered_neighbour_fails_after_three_tries_a_second_apart),
        FIXTURE_TEST(hist_72_one_target_is_asked_for_once_a_second_at_most),
        FIXTURE_TEST(unused_neighbour_goes_stale_and_is_never_probed),
        FIXTURE_TEST(used_neighbour_goes_delay_probe_and_away),
        FIXTURE_TEST(confirmed_neighbour_is_not_probed),
        FIXTURE_TEST(probe_answered_makes_it_reachable_again),
        FIXTURE_TEST(advertisement_changes_exactly_what_the_table_says),
        FIXTURE_TEST(full_table_keeps_entries_in_use_and_gives_up_unused_ones),
        FIXTURE_TEST(hist_73_unresolved_neighbours_are_limited_and_the_rest_fails_at_once),
        FIXTURE_TEST(hist_74_dead_neighbour_holds_three_packets_and_delays_nobody),
        FIXTURE_TEST(waiting_packets_go_out_in_order_when_it_answers),
        FIXTURE_TEST(device_without_room_bounds_the_queue),
        FIXTURE_TEST(without_memory_a_neighbour_fails_and_nothing_breaks),
        FIXTURE_TEST(failed_neighbour_that_nobody_asked_about_yet_is_asked_for_again),
        FIXTURE_TEST(static_neighbours_fill_the_table_and_no_more),
        FIXTURE_TEST(static_neighbour_that_makes_no_sense_is_refused),
        FIXTURE_TEST(reply_without_a_route_is_dropped),
        FIXTURE_TEST(reply_leaves_where_its_route_leads),
        FIXTURE_TEST(reply_finds_no_room_among_unresolved_neighbours),
        FIXTURE_TEST(neighbour_is_asked_for_without_an_address_of_ours),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
