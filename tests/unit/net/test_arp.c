// SPDX-License-Identifier: MIT
//
// ARP: what is answered, what is learnt, and what a hostile link cannot do.
#include "net_fixture.h"

static uint8_t frame[128];

static void request_for_us_is_answered_and_sender_learnt(void **state)
{
    struct fixture *f = *state;
    uint32_t bytes = fixture_arp(frame, WIRE_ARP_OPERATION_REQUEST, PEER4, fixture_peer_mac, OUR4);
    assert_int_equal(fixture_input(f, f->eth, frame, bytes), NET_VERDICT_DONE);
    assert_int_equal(f->sent_count, 1);
    assert_int_equal(f->sent[0].reason, SYNFIN_REASON_NET_ARP_REPLY);
    assert_int_equal(f->sent[0].bytes, 42);
    assert_memory_equal(f->sent[0].octets, fixture_peer_mac, 6);
    static const uint8_t expected[28] = {0,   1, 8, 0, 6, 4, 0, 2, 2, 0, 0,   0, 0, 1,
                                         192, 0, 2, 1, 2, 0, 0, 0, 0, 2, 192, 0, 2, 2};
    assert_memory_equal(f->sent[0].octets + 14, expected, 28);
    struct neighbour *neighbour = fixture_neighbour(f, PEER4);
    assert_non_null(neighbour);
    assert_int_equal(neighbour->state, NEIGHBOUR_STATE_STALE);
    assert_memory_equal(neighbour->mac, fixture_peer_mac, 6);
}

static void request_for_another_host_is_ignored(void **state)
{
    struct fixture *f = *state;
    uint32_t bytes =
        fixture_arp(frame, WIRE_ARP_OPERATION_REQUEST, PEER4, fixture_peer_mac, "192.0.2.77");
    fixture_expect_drop(f, f->eth, frame, bytes, SYNFIN_REASON_DROP_IP_NOT_OURS);
    assert_null(fixture_neighbour(f, PEER4));
}

static void request_from_beyond_the_link_is_answered_and_not_learnt(void **state)
{
    struct fixture *f = *state;
    uint32_t bytes =
        fixture_arp(frame, WIRE_ARP_OPERATION_REQUEST, "198.51.100.9", fixture_peer_mac, OUR4);
    fixture_input(f, f->eth, frame, bytes);
    assert_int_equal(f->sent_count, 1);
    assert_null(fixture_neighbour(f, "198.51.100.9"));
}

static void probe_for_our_address_is_answered(void **state)
{
    struct fixture *f = *state;
    uint32_t bytes =
        fixture_arp(frame, WIRE_ARP_OPERATION_REQUEST, "0.0.0.0", fixture_peer_mac, OUR4);
    fixture_input(f, f->eth, frame, bytes);
    assert_int_equal(f->sent_count, 1);
    assert_int_equal(f->net->neighbours.used, 0);
}

static void sender_with_our_address_is_refused(void **state)
{
    struct fixture *f = *state;
    uint32_t bytes = fixture_arp(frame, WIRE_ARP_OPERATION_REPLY, OUR4, fixture_peer_mac, OUR4);
    fixture_expect_drop(f, f->eth, frame, bytes, SYNFIN_REASON_DROP_ARP_INVALID);
}

static void reply_completes_what_was_asked(void **state)
{
    struct fixture *f = *state;
    struct synfin_addr peer = fixture_addr(PEER4);
    struct net_path path = {0};
    uint8_t mac[6];
    assert_int_equal(net_resolve(f->net, &path, &peer, f->now_ns, mac), NET_RESOLUTION_PENDING);
    uint32_t bytes = fixture_arp(frame, WIRE_ARP_OPERATION_REPLY, PEER4, fixture_peer_mac, OUR4);
    fixture_input(f, f->eth, frame, bytes);
    assert_int_equal(f->sent_count, 1); // the request
    assert_int_equal(f->sent[0].reason, SYNFIN_REASON_NET_ARP_REQUEST);
    assert_int_equal(f->sent[0].octets[0], 0xff);
    struct net_change change;
    assert_true(net_next_change(f->net, &change));
    assert_false(change.is_failed);
    assert_int_equal(change.neighbour, path.neighbour);
    assert_true(synfin_addr_equal(&change.next_hop, &peer));
    assert_false(net_next_change(f->net, &change));
    assert_int_equal(net_resolve(f->net, &path, &peer, f->now_ns, mac), NET_RESOLUTION_READY);
    assert_memory_equal(mac, fixture_peer_mac, 6);
    assert_int_equal(fixture_neighbour(f, PEER4)->state, NEIGHBOUR_STATE_REACHABLE);
}

static void hist_72_scan_and_unasked_answers_leave_live_and_static_entries(void **state)
{
    struct fixture *f = *state;
    struct synfin_addr fixed = fixture_addr("192.0.2.3");
    static const uint8_t fixed_mac[6] = {2, 0, 0, 0, 0, 3};
    static const uint8_t evil_mac[6] = {2, 0, 0, 0, 0, 0x66};
    assert_int_equal(net_add_neighbour(f->net, f->eth, &fixed, fixed_mac), SYNFIN_ERROR_OK);
    fixture_resolve(f, PEER4, fixture_peer_mac);
    struct net_path path = {0};
    struct synfin_addr peer = fixture_addr(PEER4);
    uint8_t mac[6];
    assert_int_equal(net_resolve(f->net, &path, &peer, f->now_ns, mac), NET_RESOLUTION_READY);
    for (uint32_t turn = 0; turn < 3000; turn++) {
        char sender[16];
        uint8_t sender_mac[6] = {2, 1, 0, 0, (uint8_t)(turn >> 8), (uint8_t)turn};
        snprintf(sender, sizeof(sender), "192.0.2.%u", 4 + turn % 250);
        uint32_t bytes = fixture_arp(frame, WIRE_ARP_OPERATION_REQUEST, sender, sender_mac, OUR4);
        fixture_input(f, f->eth, frame, bytes);
        bytes = fixture_arp(frame, WIRE_ARP_OPERATION_REPLY, "192.0.2.3", evil_mac, OUR4);
        fixture_input(f, f->eth, frame, bytes);
        fixture_forget_sent(f);
    }
    assert_in_range(f->net->neighbours.used, 1, NET_NEIGHBOURS_MAX);
    assert_memory_equal(fixture_neighbour(f, "192.0.2.3")->mac, fixed_mac, 6);
    assert_int_equal(net_resolve(f->net, &path, &peer, f->now_ns, mac), NET_RESOLUTION_READY);
    assert_memory_equal(mac, fixture_peer_mac, 6);
}

static void hist_72_unasked_answers_make_no_entry(void **state)
{
    struct fixture *f = *state;
    for (uint32_t i = 2; i < 250; i++) {
        char sender[16];
        snprintf(sender, sizeof(sender), "192.0.2.%u", i);
        uint32_t bytes =
            fixture_arp(frame, WIRE_ARP_OPERATION_REPLY, sender, fixture_peer_mac, OUR4);
        fixture_expect_drop(f, f->eth, frame, bytes, SYNFIN_REASON_DROP_ARP_UNSOLICITED);
        bytes = fixture_arp(frame, WIRE_ARP_OPERATION_REQUEST, sender, fixture_peer_mac, sender);
        fixture_expect_drop(f, f->eth, frame, bytes, SYNFIN_REASON_DROP_ARP_UNSOLICITED);
    }
    assert_int_equal(f->net->neighbours.used, 0);
}

static void announcement_moves_an_entry_only_after_a_second(void **state)
{
    struct fixture *f = *state;
    static const uint8_t other[6] = {2, 0, 0, 0, 0, 7};
    fixture_resolve(f, PEER4, fixture_peer_mac);
    uint32_t bytes = fixture_arp(frame, WIRE_ARP_OPERATION_REQUEST, PEER4, other, PEER4);
    fixture_input(f, f->eth, frame, bytes);
    struct neighbour *neighbour = fixture_neighbour(f, PEER4);
    assert_memory_equal(neighbour->mac, fixture_peer_mac, 6);
    assert_int_equal(neighbour->state, NEIGHBOUR_STATE_STALE);
    f->now_ns += 2 * S;
    fixture_input(f, f->eth, frame, bytes);
    assert_memory_equal(neighbour->mac, other, 6);
    assert_int_equal(neighbour->state, NEIGHBOUR_STATE_STALE);
}

static void hist_75_reverse_arp_and_unknown_types_are_dropped(void **state)
{
    struct fixture *f = *state;
    uint32_t bytes = fixture_arp(frame, WIRE_ARP_OPERATION_REQUEST, PEER4, fixture_peer_mac, OUR4);
    frame[21] = 3; // reverse ARP's operation inside ARP
    fixture_expect_drop(f, f->eth, frame, bytes, SYNFIN_REASON_DROP_ARP_INVALID);
    static const uint16_t types[] = {0x8035, 0x8100, 0x88cc, 0x0801, 0xffff, 0x0100};
    for (uint32_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        fixture_eth(frame, fixture_our_mac, fixture_peer_mac, types[i], 0);
        fixture_expect_drop(f, f->eth, frame, bytes, SYNFIN_REASON_DROP_LINK_TYPE);
    }
}

static void frames_of_every_length_are_refused_without_an_answer(void **state)
{
    struct fixture *f = *state;
    uint32_t whole = fixture_arp(frame, WIRE_ARP_OPERATION_REQUEST, PEER4, fixture_peer_mac, OUR4);
    for (uint32_t bytes = 0; bytes < whole; bytes++) {
        fixture_expect_drop(f, f->eth, frame, bytes,
                            bytes < 14 ? SYNFIN_REASON_DROP_LINK_SHORT
                                       : SYNFIN_REASON_DROP_ARP_INVALID);
    }
}

static void frames_of_other_stations_are_dropped(void **state)
{
    struct fixture *f = *state;
    uint32_t bytes = fixture_arp(frame, WIRE_ARP_OPERATION_REQUEST, PEER4, fixture_peer_mac, OUR4);
    frame[0] = 0x02;
    fixture_expect_drop(f, f->eth, frame, bytes, SYNFIN_REASON_DROP_LINK_NOT_FOR_US);
    // Our own frame, come back.
    bytes = fixture_arp(frame, WIRE_ARP_OPERATION_REQUEST, PEER4, fixture_our_mac, OUR4);
    fixture_expect_drop(f, f->eth, frame, bytes, SYNFIN_REASON_DROP_LINK_NOT_FOR_US);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(request_for_us_is_answered_and_sender_learnt),
        FIXTURE_TEST(request_for_another_host_is_ignored),
        FIXTURE_TEST(request_from_beyond_the_link_is_answered_and_not_learnt),
        FIXTURE_TEST(probe_for_our_address_is_answered),
        FIXTURE_TEST(sender_with_our_address_is_refused),
        FIXTURE_TEST(reply_completes_what_was_asked),
        FIXTURE_TEST(hist_72_scan_and_unasked_answers_leave_live_and_static_entries),
        FIXTURE_TEST(hist_72_unasked_answers_make_no_entry),
        FIXTURE_TEST(announcement_moves_an_entry_only_after_a_second),
        FIXTURE_TEST(hist_75_reverse_arp_and_unknown_types_are_dropped),
        FIXTURE_TEST(frames_of_every_length_are_refused_without_an_answer),
        FIXTURE_TEST(frames_of_other_stations_are_dropped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
