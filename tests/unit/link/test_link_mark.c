// SPDX-License-Identifier: MIT
//
// Marks of congestion by the link: whom, when, and what becomes of the header.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <synfin/link.h>

#include "base/checksum.h"
#include "link_fixture.h"

enum { NOT_ECT, ECT1, ECT0, CE };

static void set_ip4_field(struct fixture_packet *packet, uint8_t field)
{
    uint8_t *ip = packet->octets;
    ip[1] = (uint8_t)(0xb8 | field);
    ip[10] = ip[11] = 0;
    uint16_t sum = checksum_of(ip, 20);
    ip[10] = (uint8_t)(sum >> 8);
    ip[11] = (uint8_t)sum;
}

// A rule marks what is ECN-capable, and only that; DSCP stays and the checksum is right.
static void mark_of_every_field(uint8_t field, uint8_t payload)
{
    struct synfin_link_config config;
    synfin_link_config_default(&config);
    config.mark_rules = 1;
    config.mark_rule[0] = (struct synfin_drop_rule){.side = SYNFIN_LINK_A};
    struct fixture_link *fixture = fixture_link_open(&config);
    struct fixture_packet sent;
    struct synfin_packet got;
    fixture_segment(&sent, SYNFIN_TCP_ACK, payload);
    set_ip4_field(&sent, field);
    (void)fixture_send(fixture, SYNFIN_LINK_A, &sent.packet, 0);
    assert_true(fixture_receive(fixture, SYNFIN_LINK_B, &got, 0));
    bool is_marked = field == ECT0 || field == ECT1;
    assert_int_equal(got.head[1], 0xb8 | (field == NOT_ECT ? NOT_ECT : CE));
    assert_int_equal(checksum_of(got.head, 20), 0);
    assert_int_equal(fixture->diary.passage[0].fate, SYNFIN_FATE_DELIVERED);
    assert_int_equal(fixture->diary.passage[0].fate_reason,
                     is_marked ? SYNFIN_REASON_LINK_MARKED : SYNFIN_REASON_UNKNOWN);
    struct synfin_link_stats stats = {.size = sizeof stats};
    synfin_link_stats(fixture->link, SYNFIN_LINK_A, &stats);
    assert_int_equal(stats.marked, is_marked);
    fixture_link_close(fixture);
}

static void only_ecn_capable_packets_are_marked(void **state)
{
    (void)state;
    for (uint32_t payload = 0; payload < 256; payload++) { // and so many checksums
        for (uint32_t field = NOT_ECT; field <= CE; field++) {
            mark_of_every_field((uint8_t)field, (uint8_t)payload);
        }
    }
}

static void ipv6_is_marked_in_its_traffic_class(void **state)
{
    (void)state;
    struct synfin_link_config config;
    synfin_link_config_default(&config);
    config.mark_ns = 1;
    config.rate_bps = 8000;
    struct fixture_link *fixture = fixture_link_open(&config);
    for (uint32_t field = NOT_ECT; field <= CE; field++) {
        struct fixture_packet sent;
        struct synfin_packet got;
        fixture_octets(&sent, 0, 40);
        sent.octets[0] = 0x6b; // DSCP 46
        sent.octets[1] = (uint8_t)(0x85 | field << 4);
        uint64_t now_ns = field * UINT64_C(1000000000);
        (void)fixture_send(fixture, SYNFIN_LINK_A, &sent.packet, now_ns);
        (void)fixture_send(fixture, SYNFIN_LINK_A, &sent.packet, now_ns); // which waits
        assert_true(fixture_receive(fixture, SYNFIN_LINK_B, &got, now_ns + 900000000));
        assert_int_equal(got.head[1], 0x85 | field << 4);
        assert_true(fixture_receive(fixture, SYNFIN_LINK_B, &got, now_ns + 900000000));
        assert_int_equal(got.head[0], 0x6b);
        assert_int_equal(got.head[1], 0x85 | (field == NOT_ECT ? NOT_ECT : CE) << 4);
    }
    fixture_link_close(fixture);
}

// Behind more than so many packets, the one on the line among them.
static void queue_beyond_the_threshold_marks(void **state)
{
    (void)state;
    struct synfin_link_config config;
    synfin_link_config_default(&config);
    config.mark_packets = 3;
    config.queue_packets = 5;
    config.rate_bps = 8000;
    struct fixture_link *fixture = fixture_link_open(&config);
    struct fixture_packet sent;
    fixture_segment(&sent, SYNFIN_TCP_ACK, 100);
    set_ip4_field(&sent, ECT0);
    for (uint32_t i = 0; i < 8; i++) {
        (void)fixture_send(fixture, SYNFIN_LINK_A, &sent.packet, 0);
        enum synfin_reason told = fixture->diary.passage[i].fate_reason;
        assert_int_equal(told, i < 4   ? SYNFIN_REASON_UNKNOWN
                               : i < 6 ? SYNFIN_REASON_LINK_MARKED
                                       : SYNFIN_REASON_LINK_LOST_QUEUE);
    }
    fixture_link_close(fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_ecn_capable_packets_are_marked),
        cmocka_unit_test(ipv6_is_marked_in_its_traffic_class),
        cmocka_unit_test(queue_beyond_the_threshold_marks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
