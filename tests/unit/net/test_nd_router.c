// SPDX-License-Identifier: MIT
//
// What routers can and cannot make of a host: default routes, prefixes, addresses, parameters,
// and their ends.
#include "net_fixture.h"

static uint8_t frame[2300];
static uint8_t *const ip = frame + 14;
static uint8_t *const icmp = frame + 54;

#define ROUTER "fe80::9"

static struct wire_nd advert(uint16_t lifetime_s)
{
    struct wire_nd nd = {.type = WIRE_ICMP6_ROUTER_ADVERT, .router_lifetime_s = lifetime_s};
    memcpy(nd.source_link.octet, fixture_router_mac, 6);
    return nd;
}

static void add_prefix(struct wire_nd *nd, const char *prefix, uint8_t bits, uint32_t valid_s)
{
    nd->prefix[nd->prefixes++] = (struct wire_nd_prefix){
        .prefix = {.addr = fixture_addr(prefix), .bits = bits},
        .valid_s = valid_s,
        .preferred_s = valid_s / 2,
        .is_on_link = true,
        .is_autonomous = true,
    };
}

static void give(struct fixture *f, const struct wire_nd *nd)
{
    uint32_t bytes = fixture_nd(frame, nd, ROUTER, "ff02::1", fixture_router_mac);
    uint64_t consumed = fixture_count(f, SYNFIN_REASON_NET_CONSUMED);
    assert_int_equal(fixture_input(f, f->eth, frame, bytes), NET_VERDICT_DONE);
    assert_int_equal(fixture_count(f, SYNFIN_REASON_NET_CONSUMED), consumed + 1);
}

static bool has_route(struct fixture *f, const char *dst, struct net_path *path)
{
    struct synfin_addr addr = fixture_addr(dst);
    return net_route(f->net, &addr, NET_IFACE_ANY, path);
}

static uint32_t count_solicits(const struct fixture *f)
{
    uint32_t solicits = 0;
    for (uint32_t i = 0; i < f->sent_count; i++) {
        solicits += f->sent[i].reason == SYNFIN_REASON_NET_ND_ROUTER_SOLICIT;
    }
    return solicits;
}

static void solicitations_are_three_and_end_with_an_answer(void **state)
{
    struct fixture *f = *state;
    uint64_t start_ns = f->now_ns;
    fixture_forget_sent(f);
    fixture_advance(f, start_ns + 60 * S);
    assert_int_equal(count_solicits(f), 3);
    struct fixture *other = fixture_create_with_routers();
    struct wire_nd nd = advert(1800);
    give(other, &nd);
    fixture_forget_sent(other);
    fixture_advance(other, other->now_ns + 60 * S);
    assert_int_equal(other->sent_count, 0);
    fixture_destroy(other);
}

// RFC 4861 §6.3.7: what could not be said is said when the next is due.
static void solicitation_without_room_for_it_is_left_out(void **state)
{
    struct fixture *f = *state;
    fixture_forget_sent(f);
    uint64_t dropped = fixture_count(f, SYNFIN_REASON_DROP_OUTPUT_FULL);
    f->net->control_small.objects_max = 0;
    fixture_advance(f, f->now_ns + S);
    assert_true(fixture_count(f, SYNFIN_REASON_DROP_OUTPUT_FULL) > dropped);
    assert_int_equal(f->sent_count, 0);
    f->net->control_small.objects_max = CONTROL_SMALL_MAX;
    fixture_advance(f, f->now_ns + 60 * S);
    assert_int_equal(count_solicits(f), 2);
}

static void router_becomes_the_default_until_its_lifetime_ends(void **state)
{
    struct fixture *f = *state;
    struct net_path path;
    assert_false(has_route(f, "2001:db8:99::1", &path));
    struct wire_nd nd = advert(1800);
    give(f, &nd);
    assert_true(has_route(f, "2001:db8:99::1", &path));
    assert_int_equal(path.iface, f->eth);
    assert_false(has_route(f, "203.0.113.1", &path));
    // Its link address came along: no solicitation is needed.
    struct synfin_addr dst = fixture_addr("2001:db8:99::1");
    uint8_t mac[6];
    assert_int_equal(net_resolve(f->net, &path, &dst, f->now_ns, mac), NET_RESOLUTION_READY);
    assert_memory_equal(mac, fixture_router_mac, 6);
    fixture_advance(f, f->now_ns + 1799 * S);
    assert_true(has_route(f, "2001:db8:99::1", &path));
    fixture_advance(f, f->now_ns + 1 * S);
    assert_false(has_route(f, "2001:db8:99::1", &path));
    give(f, &nd);
    assert_true(has_route(f, "2001:db8:99::1", &path));
    nd = advert(0);
    give(f, &nd);
    assert_false(has_route(f, "2001:db8:99::1", &path));
}

static void router_that_says_it_is_none_is_forgotten(void **state)
{
    struct fixture *f = *state;
    struct net_path path;
    struct wire_nd nd = advert(1800);
    give(f, &nd);
    struct wire_nd none = {.type = WIRE_ICMP6_NEIGHBOUR_ADVERT, .target = fixture_addr(ROUTER)};
    uint32_t bytes = fixture_nd(frame, &none, ROUTER, "ff02::1", fixture_router_mac);
    fixture_input(f, f->eth, frame, bytes);
    assert_false(has_route(f, "2001:db8:99::1", &path));
}

static void autonomous_prefix_gives_an_address_from_the_mac(void **state)
{
    struct fixture *f = *state;
    struct net_path path;
    struct wire_nd nd = advert(1800);
    add_prefix(&nd, "2001:db8:5::", 64, 7200);
    give(f, &nd);
    struct synfin_addr ours = fixture_addr("2001:db8:5::ff:fe00:1"); // 02 becomes 00
    assert_true(net_is_local(f->net, &ours));
    assert_true(has_route(f, "2001:db8:5::77", &path));
    struct synfin_addr dst = fixture_addr("2001:db8:99::1");
    struct synfin_addr src;
    assert_true(net_source(f->net, &path, &dst, &src));
    assert_true(synfin_addr_equal(&src, &ours));
    fixture_advance(f, f->now_ns + 7200 * S - 1);
    assert_true(net_is_local(f->net, &ours));
    fixture_advance(f, f->now_ns + 1);
    assert_false(net_is_local(f->net, &ours));
    assert_false(has_route(f, "2001:db8:5::77", &path));
}

static void deprecated_address_yields_to_a_preferred_one(void **state)
{
    struct fixture *f = *state;
    struct wire_nd nd = advert(1800);
    add_prefix(&nd, "2001:db8:5::", 64, 100000);
    add_prefix(&nd, "2001:db8:6::", 64, 100000);
    nd.prefix[0].preferred_s = 0;
    give(f, &nd);
    struct net_path path;
    struct synfin_addr src;
    struct synfin_addr dst = fixture_addr("2001:db8:5::99");
    assert_true(net_route(f->net, &dst, NET_IFACE_ANY, &path));
    assert_true(net_source(f->net, &path, &dst, &src));
    assert_int_equal(src.octet[5], 6); // though the other shares more bits
}

static void forged_lifetime_cannot_end_an_address_within_two_hours(void **state)
{
    struct fixture *f = *state;
    struct wire_nd nd = advert(1800);
    add_prefix(&nd, "2001:db8:5::", 64, 100000);
    give(f, &nd);
    struct synfin_addr ours = fixture_addr("2001:db8:5::ff:fe00:1");
    nd.prefix[0].valid_s = nd.prefix[0].preferred_s = 1;
    give(f, &nd);
    fixture_advance(f, f->now_ns + 7199 * S);
    assert_true(net_is_local(f->net, &ours));
    give(f, &nd); // less than two hours are left: ignored, RFC 4862 §5.5.3
    fixture_advance(f, f->now_ns + 1 * S);
    assert_false(net_is_local(f->net, &ours));
}

static void prefixes_that_make_no_sense_are_ignored(void **state)
{
    struct fixture *f = *state;
    uint32_t addrs = f->net->addrs;
    static const struct {
        const char *prefix;
        uint8_t bits;
    } rows[] = {{"fe80::", 64}, {"2001:db8:7::", 63}, {"2001:db8:7::", 128}, {"ff02::", 64}};
    for (uint32_t i = 0; i < 4; i++) {
        struct wire_nd nd = advert(0);
        add_prefix(&nd, rows[i].prefix, rows[i].bits, 7200);
        give(f, &nd);
    }
    struct wire_nd nd = advert(0);
    add_prefix(&nd, "2001:db8:8::", 64, 10);
    nd.prefix[0].preferred_s = 11;
    give(f, &nd);
    assert_int_equal(f->net->addrs, addrs);
}

static void hist_64_prefix_length_beyond_128_drops_the_message(void **state)
{
    struct fixture *f = *state;
    for (uint32_t bits = 0; bits < 256; bits++) {
        struct wire_nd nd = advert(1800);
        add_prefix(&nd, "2001:db8:5::", 64, 7200);
        uint32_t bytes = fixture_nd(frame, &nd, ROUTER, "ff02::1", fixture_router_mac);
        icmp[24 + 2] = (uint8_t)bits;
        fixture_fix_icmp(ip, bytes - 54);
        uint64_t invalid = fixture_count(f, SYNFIN_REASON_DROP_ND_INVALID);
        fixture_input(f, f->eth, frame, bytes);
        assert_int_equal(fixture_count(f, SYNFIN_REASON_DROP_ND_INVALID) - invalid, bits > 128);
    }
}

static void each_check_of_an_advertisement_stands_alone(void **state)
{
    struct fixture *f = *state;
    struct wire_nd nd = advert(1800);
    for (uint32_t i = 0; i < 6; i++) {
        // RFC 4861 §6.1.2: source, hop limit, checksum, code, length, option length.
        const char *src = i == 0 ? "2001:db8::9" : ROUTER;
        uint32_t bytes = fixture_nd(frame, &nd, src, "ff02::1", fixture_router_mac);
        ip[7] = i == 1 ? 254 : ip[7];
        icmp[1] = i == 3;
        if (i == 4) {
            ip[5] = 15;
            bytes = 54 + 15;
        }
        icmp[17] = i == 5 ? 0 : icmp[17];
        fixture_fix_icmp(ip, bytes - 54);
        icmp[2] ^= i == 2;
        fixture_expect_drop(f, f->eth, frame, bytes,
                            i == 1   ? SYNFIN_REASON_DROP_ND_HOP_LIMIT
                            : i == 2 ? SYNFIN_REASON_DROP_ICMP_CHECKSUM
                                     : SYNFIN_REASON_DROP_ND_INVALID);
    }
    give(f, &nd);
}

static void parameters_are_taken_within_bounds(void **state)
{
    struct fixture *f = *state;
    struct net_path path;
    static const struct {
        uint32_t told, expected;
    } mtus[] = {{1400, 1400}, {1279, 1400}, {1280, 1280}, {1501, 1280}, {1500, 1500}};
    for (uint32_t i = 0; i < 5; i++) {
        struct wire_nd nd = advert(1800);
        nd.mtu = mtus[i].told;
        nd.hop_limit = (uint8_t)(10 + i);
        nd.retrans_ms = i == 0 ? 2000 : 1; // one per second at most, whoever says otherwise
        give(f, &nd);
        assert_true(has_route(f, "2001:db8:99::1", &path));
        assert_int_equal(path.mtu_bytes, mtus[i].expected);
        assert_int_equal(f->net->iface[f->eth].hop_limit6, 10 + i);
        assert_int_equal(f->net->iface[f->eth].retrans_ns, 2 * S);
    }
}

static void many_routers_and_prefixes_stay_within_the_limits(void **state)
{
    struct fixture *f = *state;
    struct synfin_prefix own = {.addr = fixture_addr("2001:db8::1"), .bits = 64};
    for (uint32_t i = 0; i < 500; i++) {
        struct wire_nd nd = advert(1800);
        add_prefix(&nd, "2001:db8:5::", 64, 7200);
        nd.prefix[0].prefix.addr.octet[6] = (uint8_t)(i >> 8);
        nd.prefix[0].prefix.addr.octet[7] = (uint8_t)i;
        char router[32];
        snprintf(router, sizeof(router), "fe80::%x", i + 1);
        uint32_t bytes = fixture_nd(frame, &nd, router, "ff02::1", fixture_router_mac);
        fixture_input(f, f->eth, frame, bytes);
        fixture_forget_sent(f);
    }
    assert_in_range(f->net->addrs, 4, 7);
    assert_in_range(f->net->routes, 4, 4 + NET_ROUTES_LEARNT_MAX);
    // The user's own still fit.
    assert_int_equal(net_add_addr(f->net, f->eth, &own, f->now_ns), SYNFIN_ERROR_OK);
}

static void advertisements_are_ignored_unless_asked_for(void **state)
{
    struct fixture *f = *state;
    struct fixture *plain = fixture_create();
    struct wire_nd nd = advert(1800);
    uint32_t bytes = fixture_nd(frame, &nd, ROUTER, "ff02::1", fixture_router_mac);
    fixture_expect_drop(plain, plain->eth, frame, bytes, SYNFIN_REASON_DROP_ICMP_TYPE);
    struct net_path path;
    assert_false(has_route(plain, "2001:db8:99::1", &path));
    fixture_destroy(plain);
    (void)f;
}

static void lifetime_grows_as_the_router_says(void **state)
{
    struct fixture *f = *state;
    struct wire_nd nd = advert(1800);
    add_prefix(&nd, "2001:db8:5::", 64, 3600);
    give(f, &nd);
    nd.prefix[0].valid_s = 86400;
    give(f, &nd);
    struct synfin_addr ours = fixture_addr("2001:db8:5::ff:fe00:1");
    fixture_advance(f, f->now_ns + 86399 * S);
    assert_true(net_is_local(f->net, &ours));
    fixture_advance(f, f->now_ns + 2 * S);
    assert_false(net_is_local(f->net, &ours));
}

static void infinite_lifetime_never_ends(void **state)
{
    struct fixture *f = *state;
    struct wire_nd nd = advert(1800);
    add_prefix(&nd, "2001:db8:5::", 64, UINT32_MAX); // RFC 4861 §4.6.2
    give(f, &nd);
    struct synfin_addr ours = fixture_addr("2001:db8:5::ff:fe00:1");
    fixture_advance(f, f->now_ns + 5000000000 * S);
    assert_true(net_is_local(f->net, &ours));
}

static void prefix_that_is_only_one_of_the_two_is_only_that(void **state)
{
    struct fixture *f = *state;
    struct wire_nd nd = advert(1800);
    add_prefix(&nd, "2001:db8:5::", 64, 3600);
    add_prefix(&nd, "2001:db8:6::", 64, 3600);
    add_prefix(&nd, "2001:db8:7::", 64, 3600);
    nd.prefix[0].is_on_link = false;
    nd.prefix[1].is_autonomous = false;
    nd.prefix[2].preferred_s = 3601; // RFC 4862 §5.5.3 c
    give(f, &nd);
    struct synfin_addr addr = fixture_addr("2001:db8:5::ff:fe00:1");
    assert_true(net_is_local(f->net, &addr));
    assert_false(route_is_on_link(f->net, f->eth, &addr));
    addr = fixture_addr("2001:db8:6::ff:fe00:1");
    assert_false(net_is_local(f->net, &addr));
    assert_true(route_is_on_link(f->net, f->eth, &addr));
    addr = fixture_addr("2001:db8:7::ff:fe00:1");
    assert_false(net_is_local(f->net, &addr));
}

static void times_beyond_an_hour_are_not_taken(void **state)
{
    struct fixture *f = *state;
    struct net_iface *eth = &f->net->iface[f->eth];
    struct wire_nd nd = advert(1800);
    nd.reachable_ms = nd.retrans_ms = 5000;
    give(f, &nd);
    assert_int_equal(eth->reachable_ns, 5 * S);
    assert_int_equal(eth->retrans_ns, 5 * S);
    nd.reachable_ms = nd.retrans_ms = 3600001; // RFC 4861 §4.2
    give(f, &nd);
    assert_int_equal(eth->reachable_ns, 5 * S);
    assert_int_equal(eth->retrans_ns, 5 * S);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_ROUTERS_TEST(solicitations_are_three_and_end_with_an_answer),
        FIXTURE_ROUTERS_TEST(solicitation_without_room_for_it_is_left_out),
        FIXTURE_ROUTERS_TEST(router_becomes_the_default_until_its_lifetime_ends),
        FIXTURE_ROUTERS_TEST(router_that_says_it_is_none_is_forgotten),
        FIXTURE_ROUTERS_TEST(autonomous_prefix_gives_an_address_from_the_mac),
        FIXTURE_ROUTERS_TEST(deprecated_address_yields_to_a_preferred_one),
        FIXTURE_ROUTERS_TEST(forged_lifetime_cannot_end_an_address_within_two_hours),
        FIXTURE_ROUTERS_TEST(prefixes_that_make_no_sense_are_ignored),
        FIXTURE_ROUTERS_TEST(hist_64_prefix_length_beyond_128_drops_the_message),
        FIXTURE_ROUTERS_TEST(each_check_of_an_advertisement_stands_alone),
        FIXTURE_ROUTERS_TEST(parameters_are_taken_within_bounds),
        FIXTURE_ROUTERS_TEST(many_routers_and_prefixes_stay_within_the_limits),
        FIXTURE_ROUTERS_TEST(advertisements_are_ignored_unless_asked_for),
        FIXTURE_ROUTERS_TEST(lifetime_grows_as_the_router_says),
        FIXTURE_ROUTERS_TEST(infinite_lifetime_never_ends),
        FIXTURE_ROUTERS_TEST(prefix_that_is_only_one_of_the_two_is_only_that),
        FIXTURE_ROUTERS_TEST(times_beyond_an_hour_are_not_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
