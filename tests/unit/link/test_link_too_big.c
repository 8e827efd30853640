// SPDX-License-Identifier: MIT
//
// A link whose middle carries less than its ends: what is too large is lost, and its sender told
// when the router in the middle speaks.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include <synfin/link.h>

#include "base/bytes.h"
#include "base/checksum.h"
#include "link_fixture.h"
#include "wire/wire_icmp4.h"
#include "wire/wire_ip4.h"

enum { DELAY = 1000 };

static struct fixture_link *open_narrow(uint32_t path_mtu_bytes, bool tells)
{
    struct synfin_link_config config;
    synfin_link_config_default(&config);
    config.delay_ns = DELAY;
    config.path_mtu_bytes = path_mtu_bytes;
    config.tells_path_mtu = tells;
    return fixture_link_open(&config);
}

static void send_segment(struct fixture_link *fixture, struct fixture_packet *sent,
                         uint32_t payload, bool has_dont_fragment)
{
    fixture_segment(sent, SYNFIN_TCP_ACK, payload);
    sent->octets[6] = has_dont_fragment ? 0x40 : 0;
    (void)fixture_send(fixture, SYNFIN_LINK_A, &sent->packet, 0);
}

static void black_hole_loses_what_is_longer_and_nothing_else(void **state)
{
    (void)state;
    struct fixture_link *fixture = open_narrow(1000, false);
    struct fixture_packet sent;
    send_segment(fixture, &sent, 960, true);
    send_segment(fixture, &sent, 961, true);
    assert_int_equal(fixture->diary.passage[0].fate, SYNFIN_FATE_DELIVERED);
    assert_int_equal(fixture->diary.passage[1].fate_reason, SYNFIN_REASON_LINK_LOST_MTU);
    assert_int_equal(fixture_drain(fixture, SYNFIN_LINK_B, DELAY), 1);
    assert_int_equal(fixture_drain(fixture, SYNFIN_LINK_A, DELAY), 0);
    fixture_link_close(fixture);
}

static void sender_is_told_what_the_way_on_carries(void **state)
{
    (void)state;
    struct fixture_link *fixture = open_narrow(1000, true);
    struct fixture_packet sent;
    struct synfin_packet told;
    struct wire_ip4 ip;
    struct wire_icmp4 icmp;
    send_segment(fixture, &sent, 961, true);
    assert_false(fixture_receive(fixture, SYNFIN_LINK_A, &told, DELAY - 1));
    assert_true(fixture_receive(fixture, SYNFIN_LINK_A, &told, DELAY));
    assert_int_equal(told.reason, SYNFIN_REASON_NET_ICMP_TOO_BIG);
    assert_int_equal(wire_ip4_parse(told.head, told.bytes, told.bytes, &ip), SYNFIN_REASON_UNKNOWN);
    assert_memory_equal(told.head + 12, sent.octets + 16, 4); // in the destination's name
    assert_memory_equal(told.head + 16, sent.octets + 12, 4);
    const uint8_t *message = told.head + WIRE_IP4_HEADER;
    uint32_t bytes = told.bytes - WIRE_IP4_HEADER;
    assert_int_equal(checksum_of(message, bytes), 0);
    assert_int_equal(wire_icmp4_parse(message, bytes, bytes, &icmp), SYNFIN_REASON_UNKNOWN);
    assert_int_equal(icmp.type, WIRE_ICMP4_UNREACHABLE);
    assert_int_equal(icmp.code, WIRE_ICMP4_CODE_TOO_BIG);
    assert_int_equal(icmp.mtu, 1000);
    assert_memory_equal(message + WIRE_ICMP4_HEADER, sent.octets, 28);
    fixture_link_close(fixture);
}

// RFC 1191 §3: it may be cut up, though this link does not.
static void who_allows_fragments_is_not_told(void **state)
{
    (void)state;
    struct fixture_link *fixture = open_narrow(1000, true);
    struct fixture_packet sent;
    send_segment(fixture, &sent, 961, false);
    fixture_octets(&sent, 0x11, 1400); // neither version
    (void)fixture_send(fixture, SYNFIN_LINK_A, &sent.packet, 0);
    assert_int_equal(fixture_drain(fixture, SYNFIN_LINK_A, DELAY), 0);
    fixture_link_close(fixture);
}

static void path_mtu_changes_and_heals(void **state)
{
    (void)state;
    struct fixture_link *fixture = open_narrow(0, false);
    struct fixture_packet sent;
    send_segment(fixture, &sent, 1460, true);
    synfin_link_set_path_mtu(fixture->link, 1400, true);
    send_segment(fixture, &sent, 1460, true);
    synfin_link_heal(fixture->link);
    send_segment(fixture, &sent, 1460, true);
    assert_int_equal(fixture_drain(fixture, SYNFIN_LINK_B, DELAY), 2);
    assert_int_equal(fixture_drain(fixture, SYNFIN_LINK_A, DELAY), 1);
    fixture_link_close(fixture);
}

static void path_mtu_that_no_link_has_is_refused(void **state)
{
    (void)state;
    struct synfin_link_config config;
    struct fixture_memory memory = {.limit_bytes = SIZE_MAX};
    struct synfin_env env;
    synfin_link *link = NULL;
    fixture_env(&env, &memory);
    static const uint32_t mtus[] = {1, 67, 65536};
    for (uint32_t i = 0; i < 3; i++) {
        synfin_link_config_default(&config);
        config.path_mtu_bytes = mtus[i];
        assert_int_equal(synfin_link_create(&env, &config, &link), SYNFIN_ERROR_INVALID);
    }
    synfin_link_config_default(&config);
    config.tells_path_mtu = 2;
    assert_int_equal(synfin_link_create(&env, &config, &link), SYNFIN_ERROR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(black_hole_loses_what_is_longer_and_nothing_else),
        cmocka_unit_test(sender_is_told_what_the_way_on_carries),
        cmocka_unit_test(who_allows_fragments_is_not_told),
        cmocka_unit_test(path_mtu_changes_and_heals),
        cmocka_unit_test(path_mtu_that_no_link_has_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
