// SPDX-License-Identifier: MIT
//
// What a link counts: each fate once, per side, and nothing is in two of them.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include <synfin/link.h>

#include "link_fixture.h"

static struct synfin_link_stats stats_of(const struct fixture_link *fixture,
                                         enum synfin_link_side side)
{
    struct synfin_link_stats stats = {.size = sizeof stats};
    synfin_link_stats(fixture->link, side, &stats);
    return stats;
}

static void send_octets(struct fixture_link *fixture, uint32_t bytes, uint64_t now_ns)
{
    struct fixture_packet sent;
    fixture_octets(&sent, 0, bytes);
    assert_int_equal(fixture_send(fixture, SYNFIN_LINK_A, &sent.packet, now_ns), 1);
}

static void plain_wire_counts_per_side_what_is_sent_and_delivered(void **state)
{
    (void)state;
    struct fixture_link *fixture = fixture_link_open(NULL);
    send_octets(fixture, 100, 0);
    send_octets(fixture, 50, 0);
    struct synfin_link_stats stats = stats_of(fixture, SYNFIN_LINK_A);
    assert_int_equal(stats.packets, 2);
    assert_int_equal(stats.octets, 150);
    assert_int_equal(stats.delivered, 0);
    assert_int_equal(stats.flight_packets, 2);
    assert_int_equal(fixture_drain(fixture, SYNFIN_LINK_B, 0), 2);
    stats = stats_of(fixture, SYNFIN_LINK_A);
    assert_int_equal(stats.delivered, 2);
    assert_int_equal(stats.delivered_octets, 150);
    assert_int_equal(stats.flight_packets, 0);
    assert_int_equal(stats_of(fixture, SYNFIN_LINK_B).packets, 0);
    fixture_link_close(fixture);
}

static void queue_counts_those_behind_the_packet_on_the_line(void **state)
{
    (void)state;
    struct synfin_link_config config;
    synfin_link_config_default(&config);
    config.rate_bps = 8000; // an octet in a millisecond
    config.queue_packets = 3;
    struct fixture_link *fixture = fixture_link_open(&config);
    send_octets(fixture, 100, 0);
    assert_int_equal(stats_of(fixture, SYNFIN_LINK_A).queue_packets_max, 0);
    for (int i = 0; i < 5; i++) {
        send_octets(fixture, 100, 0);
    }
    struct synfin_link_stats stats = stats_of(fixture, SYNFIN_LINK_A);
    assert_int_equal(stats.queue_packets, 3);
    assert_int_equal(stats.queue_packets_max, 3);
    assert_int_equal(stats.lost_queue, 2);
    assert_int_equal(stats.flight_packets, 4);
    assert_int_equal(fixture_drain(fixture, SYNFIN_LINK_B, 300000000), 3);
    stats = stats_of(fixture, SYNFIN_LINK_A);
    assert_int_equal(stats.queue_packets, 0);
    assert_int_equal(stats.queue_packets_max, 3);
    assert_int_equal(stats.flight_packets, 1);
    fixture_link_close(fixture);
}

static void every_fate_is_counted_once(void **state)
{
    (void)state;
    enum { SENT = 4000 };
    struct synfin_link_config config;
    synfin_link_config_default(&config);
    config.mtu_bytes = 200;
    config.loss_ppm = config.duplicate_ppm = config.corrupt_ppm = config.reorder_ppm = 100000;
    config.drop_rules = 1;
    assert_int_equal(synfin_drop_rule_parse("a:SYN:*", "a", "b", &config.drop_rule[0]),
                     SYNFIN_ERROR_OK);
    struct fixture_link *fixture = fixture_link_open(&config);
    uint32_t delivered = 0;
    for (int i = 0; i < SENT; i++) {
        struct fixture_packet sent;
        fixture_segment(&sent, i % 8 == 0 ? SYNFIN_TCP_SYN : SYNFIN_TCP_ACK, i % 16 == 1 ? 300 : 9);
        (void)fixture_send(fixture, SYNFIN_LINK_A, &sent.packet, 0);
        delivered += fixture_drain(fixture, SYNFIN_LINK_B, 0);
    }
    delivered += fixture_drain(fixture, SYNFIN_LINK_B, 10000000);
    struct synfin_link_stats stats = stats_of(fixture, SYNFIN_LINK_A);
    const struct fixture_diary *diary = &fixture->diary;
    uint64_t lost = stats.lost_mtu + stats.lost_chosen + stats.lost_random + stats.lost_queue;
    assert_int_equal(stats.packets, SENT);
    assert_int_equal(stats.lost_mtu, SENT / 16);
    assert_int_equal(stats.lost_chosen, SENT / 8);
    assert_int_equal(stats.lost_queue, 0);
    assert_int_equal(lost, diary->by_fate[SYNFIN_FATE_LOST]);
    assert_int_equal(stats.corrupted, diary->by_fate[SYNFIN_FATE_CORRUPTED]);
    assert_int_equal(stats.duplicated, diary->by_fate[SYNFIN_FATE_DUPLICATED]);
    assert_true(stats.held_back > 200 && stats.lost_random > 200);
    assert_int_equal(stats.delivered, delivered);
    assert_int_equal(stats.delivered, SENT - lost + stats.duplicated);
    assert_int_equal(stats.flight_packets, 0);
    fixture_link_close(fixture);
}

static void caller_of_an_older_header_gets_as_much_as_it_knows(void **state)
{
    (void)state;
    struct fixture_link *fixture = fixture_link_open(NULL);
    send_octets(fixture, 100, 0);
    struct synfin_link_stats stats;
    memset(&stats, 0x5A, sizeof stats);
    stats.size = offsetof(struct synfin_link_stats, octets);
    synfin_link_stats(fixture->link, SYNFIN_LINK_A, &stats);
    assert_int_equal(stats.packets, 1);
    assert_int_equal(stats.octets, UINT64_C(0x5A5A5A5A5A5A5A5A));
    fixture_link_close(fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_wire_counts_per_side_what_is_sent_and_delivered),
        cmocka_unit_test(queue_counts_those_behind_the_packet_on_the_line),
        cmocka_unit_test(every_fate_is_counted_once),
        cmocka_unit_test(caller_of_an_older_header_gets_as_much_as_it_knows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
