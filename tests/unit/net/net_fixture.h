// SPDX-License-Identifier: MIT
//
// One network layer with two interfaces, in virtual time: `eth` is Ethernet and has a peer and a
// router on its link, `tun` carries bare datagrams. Packets go in as octets in memory of exactly
// their size, so that AddressSanitizer sees every read past the end; everything that the layer
// sends is collected as copies.
#ifndef SYNFIN_TESTS_NET_FIXTURE_H
#define SYNFIN_TESTS_NET_FIXTURE_H

#include <stdio.h>
#include <string.h>

#include "lib/test_cmocka.h"
#include "lib/test_env.h"
#include "net/net_internal.h"
#include "wire/wire_addr.h"
#include "wire/wire_arp.h"
#include "wire/wire_icmp4.h"
#include "wire/wire_protocol.h"

enum { FIXTURE_SENT_MAX = 512, FIXTURE_FRAME_MAX = 1600 };

#define S NS_PER_S

// eth: 192.0.2.1/24 and 2001:db8::1/64; tun: 10.0.0.1/24 and fd00::1/64.
#define OUR4      "192.0.2.1"
#define PEER4     "192.0.2.2"
#define OUR6      "2001:db8::1"
#define PEER6     "2001:db8::2"
#define TUN_OUR4  "10.0.0.1"
#define TUN_PEER4 "10.0.0.2"
#define TUN_OUR6  "fd00::1"
#define TUN_PEER6 "fd00::2"

struct fixture_sent {
    uint32_t bytes;
    uint32_t iface;
    uint16_t reason;
    uint8_t octets[FIXTURE_FRAME_MAX];
};

struct fixture {
    struct synfin_env env;
    struct test_env memory;
    struct slab_source source;
    struct wheel wheel;
    struct report report;
    struct net *net;
    uint64_t now_ns;
    uint32_t eth, tun;
    uint8_t *packet; // the last one given in
    struct net_datagram out;
    uint32_t sent_count;
    struct fixture_sent sent[FIXTURE_SENT_MAX];
};

extern const uint8_t fixture_our_mac[6], fixture_peer_mac[6], fixture_router_mac[6];

// A cmocka test that has its fixture as *state.
#define FIXTURE_TEST(name) cmocka_unit_test_setup_teardown(name, fixture_set_up, fixture_tear_down)
#define FIXTURE_ROUTERS_TEST(name) \
    cmocka_unit_test_setup_teardown(name, fixture_set_up_with_routers, fixture_tear_down)
int fixture_set_up(void **state);
int fixture_set_up_with_routers(void **state);
int fixture_tear_down(void **state);

struct synfin_addr fixture_addr(const char *text);

struct fixture *fixture_create(void);
// The same with eth taking router advertisements, and no IPv6 address of the user's on it.
struct fixture *fixture_create_with_routers(void);
// Checks the structures, and that all memory comes back.
void fixture_destroy(struct fixture *fixture);

// One packet as one head; collects what is sent in answer.
enum net_verdict fixture_input(struct fixture *fixture, uint32_t iface, const uint8_t *octets,
                               uint32_t bytes);
// The same in pieces: the head of `head_bytes`, the rest in two spans; nobody may read
// `out`'s pointers afterwards.
enum net_verdict fixture_input_pieces(struct fixture *fixture, uint32_t iface,
                                      const uint8_t *octets, uint32_t bytes, uint32_t head_bytes);
// Runs every deadline in order up to `now_ns`, collecting what is sent.
void fixture_advance(struct fixture *fixture, uint64_t now_ns);
void fixture_forget_sent(struct fixture *fixture);
uint64_t fixture_count(const struct fixture *fixture, enum synfin_reason reason);
// Checks that the packet was dropped for this reason, once, and that nothing was sent.
void fixture_expect_drop(struct fixture *fixture, uint32_t iface, const uint8_t *octets,
                         uint32_t bytes, enum synfin_reason reason);

// Builders write at `p` and return the length of everything built so far, payload included.
struct fixture_ip {
    const char *src, *dst;
    uint8_t protocol;
    uint8_t hop_limit; // 0: 64
    uint8_t traffic_class;
    uint16_t id;
    uint32_t offset;
    bool has_more;
};

// Puts a header of either version in front of `bytes` octets already at p + its length.
uint32_t fixture_ip(uint8_t *p, const struct fixture_ip *ip, uint32_t bytes);
// Puts an Ethernet header in front of `bytes` octets already at p + 14, to us.
uint32_t fixture_eth(uint8_t *p, const uint8_t dst[6], const uint8_t src[6], uint16_t type,
                     uint32_t bytes);
// Corrects the checksum of the ICMP or ICMPv6 message of `bytes` octets behind the IP header.
void fixture_fix_icmp(uint8_t *ip, uint32_t bytes);
// A TCP header of 20 octets and `data_bytes` of pattern, behind an IP header.
uint32_t fixture_tcp(uint8_t *p, const struct fixture_ip *ip, uint32_t seq, uint32_t data_bytes);
// An ARP packet in a frame.
uint32_t fixture_arp(uint8_t *p, enum wire_arp_operation operation, const char *sender,
                     const uint8_t sender_mac[6], const char *target);
// A neighbour or router message in a frame from `mac` to our station or the group.
uint32_t fixture_nd(uint8_t *p, const struct wire_nd *nd, const char *src, const char *dst,
                    const uint8_t mac[6]);
// Makes the peer's IPv4 or IPv6 address a resolved neighbour on eth.
void fixture_resolve(struct fixture *fixture, const char *addr, const uint8_t mac[6]);
struct neighbour *fixture_neighbour(struct fixture *fixture, const char *addr);

#endif
