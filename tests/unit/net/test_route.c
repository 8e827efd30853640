// SPDX-License-Identifier: MIT
//
// Routes and addresses: the longest prefix against a naive model, gateways, source choice, and
// the errors and limits of what a user adds.
#include "net_fixture.h"

#include "lib/test_random.h"

static struct synfin_prefix prefix_of(const char *text)
{
    struct synfin_prefix prefix;
    assert_int_equal(synfin_prefix_parse(text, &prefix), SYNFIN_ERROR_OK);
    return prefix;
}

static enum synfin_error add(struct fixture *f, uint32_t iface, const char *prefix,
                             const char *gateway)
{
    struct synfin_prefix to = prefix_of(prefix);
    struct synfin_addr by = fixture_addr(gateway);
    return net_add_route(f->net, iface, &to, &by);
}

static bool route(struct fixture *f, const char *dst, uint32_t iface, struct net_path *path)
{
    struct synfin_addr addr = fixture_addr(dst);
    return net_route(f->net, &addr, iface, path);
}

static void longest_prefix_wins(void **state)
{
    struct fixture *f = *state;
    struct net_path path;
    assert_int_equal(add(f, f->eth, "0.0.0.0/0", PEER4), SYNFIN_ERROR_OK);
    assert_int_equal(add(f, f->tun, "198.51.100.0/24", "::"), SYNFIN_ERROR_OK);
    assert_int_equal(add(f, f->eth, "198.51.100.128/25", "0.0.0.0"), SYNFIN_ERROR_OK);
    assert_true(route(f, "203.0.113.1", NET_IFACE_ANY, &path));
    assert_int_equal(path.iface, f->eth);
    assert_true(route(f, "198.51.100.1", NET_IFACE_ANY, &path));
    assert_int_equal(path.iface, f->tun);
    assert_true(route(f, "198.51.100.200", NET_IFACE_ANY, &path));
    assert_int_equal(path.iface, f->eth);
    assert_false(route(f, "2001:db8:77::1", NET_IFACE_ANY, &path)); // of the other version
}

static void routes_agree_with_a_naive_model(void **state)
{
    struct fixture *f = *state;
    struct synfin_prefix model[SYNFIN_ROUTES_MAX];
    uint8_t iface[SYNFIN_ROUTES_MAX];
    struct synfin_addr none = {{0}};
    uint64_t random = 5;
    uint32_t count = 0;
    while (count < SYNFIN_ROUTES_MAX) {
        struct synfin_addr addr = fixture_addr("11.0.0.0");
        test_random_fill(&random, addr.octet + 13, 3);
        addr.octet[13] &= 0x81;
        addr.octet[14] &= 0x81;
        struct synfin_prefix to = {.addr = addr,
                                   .bits = (uint8_t)(8 + test_random_below(&random, 25))};
        bool is_known = false;
        for (uint32_t i = 0; i < count; i++) {
            is_known |= model[i].bits == to.bits && synfin_prefix_contains(&model[i], &addr);
        }
        if (is_known) {
            continue;
        }
        iface[count] = (uint8_t)test_random_below(&random, 2);
        assert_int_equal(net_add_route(f->net, iface[count], &to, &none), SYNFIN_ERROR_OK);
        model[count++] = to;
    }
    uint32_t found = 0;
    for (uint32_t turn = 0; turn < 20000; turn++) {
        struct synfin_addr dst = fixture_addr("11.0.0.0");
        test_random_fill(&random, dst.octet + 13, 3);
        dst.octet[13] &= 0x81;
        dst.octet[14] &= 0x81;
        int best = -1;
        for (uint32_t i = 0; i < count; i++) {
            if (synfin_prefix_contains(&model[i], &dst)
                && (best < 0 || model[i].bits > model[best].bits)) {
                best = (int)i;
            }
        }
        struct net_path path;
        assert_int_equal(net_route(f->net, &dst, NET_IFACE_ANY, &path), best >= 0);
        if (best >= 0) {
            assert_int_equal(path.iface, iface[best]);
            found++;
        }
    }
    assert_true(found > 1000);
    assert_int_equal(add(f, f->eth, "12.0.0.0/8", "::"), SYNFIN_ERROR_LIMIT);
}

static void gateway_is_the_neighbour_that_is_asked_for(void **state)
{
    struct fixture *f = *state;
    struct net_path path = {0};
    uint8_t mac[6];
    struct synfin_addr dst = fixture_addr("203.0.113.1");
    assert_int_equal(add(f, f->eth, "0.0.0.0/0", "192.0.2.254"), SYNFIN_ERROR_OK);
    assert_int_equal(net_resolve(f->net, &path, &dst, f->now_ns, mac), NET_RESOLUTION_PENDING);
    assert_non_null(fixture_neighbour(f, "192.0.2.254"));
    assert_null(fixture_neighbour(f, "203.0.113.1"));
    fixture_resolve(f, "192.0.2.254", fixture_router_mac);
    assert_int_equal(net_resolve(f->net, &path, &dst, f->now_ns, mac), NET_RESOLUTION_READY);
    assert_memory_equal(mac, fixture_router_mac, 6);
    // A better route later: the path notices by itself.
    assert_int_equal(add(f, f->tun, "203.0.113.0/24", "::"), SYNFIN_ERROR_OK);
    assert_int_equal(net_resolve(f->net, &path, &dst, f->now_ns, mac), NET_RESOLUTION_READY);
    assert_int_equal(path.iface, f->tun);
}

static void path_without_route_fails(void **state)
{
    struct fixture *f = *state;
    struct net_path path = {0};
    uint8_t mac[6];
    struct synfin_addr dst = fixture_addr("203.0.113.1");
    assert_int_equal(net_resolve(f->net, &path, &dst, f->now_ns, mac), NET_RESOLUTION_FAILED);
    static const char *const nobody[] = {
        "0.0.0.0", "255.255.255.255", "192.0.2.255", "224.0.0.1", "127.0.0.1", "::",
        "::1",     "ff02::1",         OUR4,          OUR6};
    assert_int_equal(add(f, f->eth, "0.0.0.0/0", PEER4), SYNFIN_ERROR_OK);
    assert_int_equal(add(f, f->eth, "::/0", PEER6), SYNFIN_ERROR_OK);
    for (uint32_t i = 0; i < sizeof(nobody) / sizeof(nobody[0]); i++) {
        assert_false(route(f, nobody[i], NET_IFACE_ANY, &path));
    }
}

static void link_local_is_reached_only_on_its_own_link(void **state)
{
    struct fixture *f = *state;
    struct net_path path;
    assert_true(route(f, "fe80::2", f->eth, &path));
    assert_int_equal(path.iface, f->eth);
    assert_false(route(f, "fe80::2", f->tun, &path));
    struct synfin_addr dst = fixture_addr("fe80::2");
    struct synfin_addr src;
    assert_true(route(f, "fe80::2", f->eth, &path));
    assert_true(net_source(f->net, &path, &dst, &src));
    assert_int_equal(src.octet[0], 0xfe);
    // Another address is preferred on the interface asked for, and found elsewhere if need be.
    assert_true(route(f, TUN_PEER4, f->eth, &path));
    assert_int_equal(path.iface, f->tun);
    // A path remembers where its peer is to be reached.
    uint8_t mac[6];
    assert_true(route(f, "fe80::2", f->eth, &path));
    assert_int_equal(add(f, f->tun, "fe80::/64", "::"), SYNFIN_ERROR_OK);
    assert_int_equal(net_resolve(f->net, &path, &dst, f->now_ns, mac), NET_RESOLUTION_PENDING);
    assert_int_equal(path.iface, f->eth);
}

static void source_shares_version_scope_and_longest_prefix(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *dst, *src;
    } rows[] = {
        {PEER4, OUR4},
        {"198.51.100.77", "198.51.100.1"},
        {PEER6, OUR6},
        {"2001:db8:2::7", "2001:db8:2::1"},
        {"fe80::1234", "fe80::ff:fe00:1"},
    };
    struct synfin_prefix more[2] = {prefix_of("198.51.100.1/24"), prefix_of("2001:db8:2::1/64")};
    assert_int_equal(net_add_addr(f->net, f->eth, &more[0], f->now_ns), SYNFIN_ERROR_OK);
    assert_int_equal(net_add_addr(f->net, f->eth, &more[1], f->now_ns), SYNFIN_ERROR_OK);
    for (uint32_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct net_path path;
        struct synfin_addr src;
        struct synfin_addr dst = fixture_addr(rows[i].dst);
        struct synfin_addr expected = fixture_addr(rows[i].src);
        assert_true(route(f, rows[i].dst, f->eth, &path));
        assert_true(net_source(f->net, &path, &dst, &src));
        assert_true(synfin_addr_equal(&src, &expected));
    }
}

static void what_makes_no_sense_is_refused(void **state)
{
    struct fixture *f = *state;
    static const char *const bad_addrs[] = {"127.0.0.1/8", "0.0.0.0/0",   "224.0.0.1/24",
                                            "::1/128",     "ff02::1/64",  "255.255.255.255/32",
                                            "::/0",        "240.1.1.1/24"};
    for (uint32_t i = 0; i < sizeof(bad_addrs) / sizeof(bad_addrs[0]); i++) {
        struct synfin_prefix prefix = prefix_of(bad_addrs[i]);
        assert_int_equal(net_add_addr(f->net, f->eth, &prefix, f->now_ns), SYNFIN_ERROR_INVALID);
    }
    struct synfin_prefix ours = prefix_of(OUR4 "/24");
    assert_int_equal(net_add_addr(f->net, f->tun, &ours, f->now_ns), SYNFIN_ERROR_IN_USE);
    assert_int_equal(net_add_addr(f->net, 7, &ours, f->now_ns), SYNFIN_ERROR_INVALID);
    ours.bits = 33;
    assert_int_equal(net_add_addr(f->net, f->eth, &ours, f->now_ns), SYNFIN_ERROR_INVALID);
    assert_int_equal(add(f, 7, "10.1.0.0/16", "::"), SYNFIN_ERROR_INVALID);
    assert_int_equal(add(f, f->eth, "10.1.0.0/16", PEER6), SYNFIN_ERROR_INVALID);
    assert_int_equal(add(f, f->eth, "10.1.0.0/16", OUR4), SYNFIN_ERROR_INVALID);
    assert_int_equal(add(f, f->eth, "10.1.0.0/16", "192.0.2.255"), SYNFIN_ERROR_INVALID);
    static const uint8_t group[6] = {1};
    struct synfin_addr peer = fixture_addr(PEER4);
    assert_int_equal(net_add_neighbour(f->net, f->eth, &peer, group), SYNFIN_ERROR_INVALID);
    assert_int_equal(net_add_neighbour(f->net, f->tun, &peer, fixture_peer_mac),
                     SYNFIN_ERROR_INVALID);
}

static void interfaces_are_checked_and_limited(void **state)
{
    struct fixture *f = *state;
    uint32_t iface;
    struct synfin_iface_config config = {.is_ethernet = 1, .mtu_bytes = 1500};
    assert_int_equal(net_add_iface(f->net, &config, f->now_ns, &iface), SYNFIN_ERROR_INVALID);
    memcpy(config.mac, fixture_our_mac, 6);
    config.mac[0] |= 1;
    assert_int_equal(net_add_iface(f->net, &config, f->now_ns, &iface), SYNFIN_ERROR_INVALID);
    config.mac[0] = 2;
    static const uint32_t mtus[] = {0, 575, 65536};
    for (uint32_t i = 0; i < 3; i++) {
        config.mtu_bytes = mtus[i];
        assert_int_equal(net_add_iface(f->net, &config, f->now_ns, &iface), SYNFIN_ERROR_INVALID);
    }
    config.mtu_bytes = 576;
    for (uint32_t i = 2; i < SYNFIN_IFACES_MAX; i++) {
        assert_int_equal(net_add_iface(f->net, &config, f->now_ns, &iface), SYNFIN_ERROR_OK);
        assert_int_equal(iface, i);
    }
    assert_int_equal(net_add_iface(f->net, &config, f->now_ns, &iface), SYNFIN_ERROR_LIMIT);
    struct synfin_prefix ip6 = prefix_of("2001:db8:9::1/64");
    assert_int_equal(net_add_addr(f->net, 3, &ip6, f->now_ns), SYNFIN_ERROR_INVALID);
    assert_ptr_equal(net_iface_config(f->net, SYNFIN_IFACES_MAX), NULL);
    assert_int_equal(net_iface_config(f->net, 3)->mtu_bytes, 576);
}

static void addresses_per_interface_are_limited(void **state)
{
    struct fixture *f = *state;
    for (uint32_t i = 2; i <= SYNFIN_ADDRS_MAX; i++) {
        struct synfin_prefix prefix = prefix_of("10.9.0.0/32");
        prefix.addr.octet[15] = (uint8_t)i;
        enum synfin_error error = net_add_addr(f->net, f->tun, &prefix, f->now_ns);
        assert_int_equal(error, i < SYNFIN_ADDRS_MAX ? SYNFIN_ERROR_OK : SYNFIN_ERROR_LIMIT);
    }
}

static void no_peer_and_broadcast_follow_our_networks(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *addr;
        bool expected;
    } rows[] = {{"192.0.2.255", true}, {"192.0.2.254", false}, {"10.0.0.255", true},
                {"10.0.1.255", false}, {"0.0.0.0", true},      {"0.9.9.9", true},
                {"127.9.9.9", true},   {"224.0.0.1", true},    {"250.0.0.1", true},
                {"::", true},          {"::1", true},          {"ff0e::1", true},
                {"fe80::1", false},    {PEER6, false},         {"8.8.8.8", false}};
    for (uint32_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct synfin_addr addr = fixture_addr(rows[i].addr);
        assert_int_equal(net_is_no_peer(f->net, &addr), rows[i].expected);
    }
    // RFC 3021: both addresses of a /31 are hosts.
    struct synfin_prefix pair = prefix_of("10.7.0.0/31");
    assert_int_equal(net_add_addr(f->net, f->tun, &pair, f->now_ns), SYNFIN_ERROR_OK);
    struct synfin_addr other = fixture_addr("10.7.0.1");
    assert_false(net_is_no_peer(f->net, &other));
}

static void all_routes_of_all_kinds_are_limited_together(void **state)
{
    struct fixture *f = *state;
    struct synfin_addr none = {{0}};
    for (uint32_t i = 0; i < SYNFIN_ROUTES_MAX; i++) {
        struct synfin_prefix to = prefix_of("11.0.0.0/24");
        to.addr.octet[14] = (uint8_t)i;
        assert_int_equal(net_add_route(f->net, f->tun, &to, &none), SYNFIN_ERROR_OK);
    }
    struct synfin_iface_config config = {.mtu_bytes = 1500};
    uint32_t added = f->net->addrs;
    enum synfin_error error = SYNFIN_ERROR_OK;
    while (error == SYNFIN_ERROR_OK) {
        uint32_t iface = 2 + added / SYNFIN_ADDRS_MAX;
        if (iface == net_ifaces(f->net)) {
            assert_int_equal(net_add_iface(f->net, &config, f->now_ns, &iface), SYNFIN_ERROR_OK);
        }
        struct synfin_prefix own = prefix_of("10.9.0.1/24");
        own.addr.octet[14] = (uint8_t)added;
        error = net_add_addr(f->net, iface, &own, f->now_ns);
        added += error == SYNFIN_ERROR_OK;
    }
    assert_int_equal(error, SYNFIN_ERROR_LIMIT);
    assert_int_equal(f->net->routes, NET_ROUTES_MAX);
    assert_int_equal(f->net->addrs, added); // the one without a route is not kept
    // Nor is an interface that would bring such an address.
    config = (struct synfin_iface_config){.is_ethernet = 1,
                                          .mtu_bytes = 1500,
                                          .mac = {2, 0, 0, 0, 9, 9},
                                          .accept_router_advertisements = 1};
    uint32_t ifaces = net_ifaces(f->net), refused;
    assert_int_equal(net_add_iface(f->net, &config, f->now_ns, &refused), SYNFIN_ERROR_LIMIT);
    assert_int_equal(net_ifaces(f->net), ifaces);
}

static void route_of_another_version_or_length_is_refused(void **state)
{
    struct fixture *f = *state;
    struct synfin_addr none = {{0}};
    struct synfin_prefix to = prefix_of("11.0.0.0/24");
    assert_int_equal(net_add_route(f->net, 2, &to, &none), SYNFIN_ERROR_INVALID);
    to.bits = 33;
    assert_int_equal(net_add_route(f->net, f->tun, &to, &none), SYNFIN_ERROR_INVALID);
    to = prefix_of("2001:db8:5::/64");
    to.bits = 129;
    assert_int_equal(net_add_route(f->net, f->tun, &to, &none), SYNFIN_ERROR_INVALID);
    assert_int_equal(add(f, f->tun, "2001:db8:5::/64", "10.0.0.2"), SYNFIN_ERROR_INVALID);
    assert_int_equal(add(f, f->tun, "11.0.0.0/24", TUN_OUR4), SYNFIN_ERROR_INVALID);
    assert_int_equal(add(f, f->tun, "11.0.0.0/24", "224.0.0.1"), SYNFIN_ERROR_INVALID);
}

static void interface_that_is_not_there_has_no_output(void **state)
{
    struct fixture *f = *state;
    struct synfin_packet packet;
    assert_false(net_has_output(f->net, 2));
    assert_int_equal(net_output(f->net, 2, &packet, 1, f->now_ns), 0);
}

static void address_of_ours_is_its_own_best_source(void **state)
{
    struct fixture *f = *state;
    struct net_path path = {0};
    struct synfin_addr src, own = fixture_addr(TUN_OUR6);
    struct synfin_prefix near = prefix_of("fd00::100/64");
    assert_int_equal(net_add_addr(f->net, f->tun, &near, f->now_ns), SYNFIN_ERROR_OK);
    path.iface = (uint8_t)f->tun;
    assert_true(net_source(f->net, &path, &own, &src)); // RFC 6724 §5, rule 1
    assert_true(synfin_addr_equal(&src, &own));
    struct synfin_iface_config config = {.mtu_bytes = 1500};
    uint32_t bare;
    assert_int_equal(net_add_iface(f->net, &config, f->now_ns, &bare), SYNFIN_ERROR_OK);
    path.iface = (uint8_t)bare;
    assert_false(net_source(f->net, &path, &own, &src));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(longest_prefix_wins),
        FIXTURE_TEST(routes_agree_with_a_naive_model),
        FIXTURE_TEST(gateway_is_the_neighbour_that_is_asked_for),
        FIXTURE_TEST(path_without_route_fails),
        FIXTURE_TEST(link_local_is_reached_only_on_its_own_link),
        FIXTURE_TEST(source_shares_version_scope_and_longest_prefix),
        FIXTURE_TEST(what_makes_no_sense_is_refused),
        FIXTURE_TEST(interfaces_are_checked_and_limited),
        FIXTURE_TEST(addresses_per_interface_are_limited),
        FIXTURE_TEST(no_peer_and_broadcast_follow_our_networks),
        FIXTURE_TEST(all_routes_of_all_kinds_are_limited_together),
        FIXTURE_TEST(route_of_another_version_or_length_is_refused),
        FIXTURE_TEST(interface_that_is_not_there_has_no_output),
        FIXTURE_TEST(address_of_ours_is_its_own_best_source),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
