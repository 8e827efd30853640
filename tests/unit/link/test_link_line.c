// SPDX-License-Identifier: MIT
//
// Rate and queue, with times calculated by hand.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "link/link_internal.h"
#include "link_fixture.h"

static void packets_depart_one_after_the_other_at_the_rate(void **state)
{
    (void)state;
    struct synfin_link_config config;
    synfin_link_config_default(&config);
    config.rate_bps = 8000000; // 1 us per octet
    config.delay_ns = 500;
    struct fixture_link *fixture = fixture_link_open(&config);
    struct fixture_packet sent;
    fixture_octets(&sent, 0, 100);
    (void)fixture_send(fixture, SYNFIN_LINK_A, &sent.packet, 1000);
    fixture_octets(&sent, 0, 1500);
    (void)fixture_send(fixture, SYNFIN_LINK_A, &sent.packet, 1000);
    fixture_octets(&sent, 0, 40);
    (void)fixture_send(fixture, SYNFIN_LINK_A, &sent.packet, 50000);
    (void)fixture_send(fixture, SYNFIN_LINK_B, &sent.packet, 50000); // a line of its own
    (void)fixture_send(fixture, SYNFIN_LINK_A, &sent.packet, 9000000);
    const struct synfin_passage *told = fixture->diary.passage;
    assert_int_equal(told[0].arrives_ns, 1000 + 100000 + 500);
    assert_int_equal(told[1].arrives_ns, 1000 + 1600000 + 500);
    assert_int_equal(told[2].arrives_ns, 1000 + 1640000 + 500);
    assert_int_equal(told[3].arrives_ns, 50000 + 40000 + 500);
    assert_int_equal(told[4].arrives_ns, 9000000 + 40000 + 500);
    fixture_link_close(fixture);
}

static void odd_rate_does_not_drift(void **state)
{
    (void)state;
    struct link_line line = {.first = NULL};
    uint64_t departs_ns = 0;
    for (uint64_t i = 1; i <= 7000; i++) {
        departs_ns = link_line_depart(&line, 7, 1, 0);
        assert_int_equal(departs_ns, i * 8000000000U / 7);
    }
    assert_int_equal(departs_ns, UINT64_C(8000000000000));
    assert_int_equal(line.remainder, 0);
}

// 1 us per octet and a bucket of 1000: what it has no room for is lost and takes none, and what
// passes is not late.
static void policer_loses_what_its_bucket_does_not_hold(void **state)
{
    (void)state;
    static const struct {
        uint32_t bytes, at_us;
        bool passes;
    } rows[] = {
        {600, 0, true},     {401, 0, false},      {400, 0, true},      {40, 39, false},
        {40, 40, true},     {500, 539, false},    {500, 540, true},    {1000, 1539, false},
        {1000, 1540, true}, {1001, 90000, false}, {1000, 90000, true},
    };
    struct synfin_link_config config;
    synfin_link_config_default(&config);
    config.police_bps = 8000000;
    config.police_bytes = 1000;
    struct fixture_link *fixture = fixture_link_open(&config);
    const struct synfin_passage *told = fixture->diary.passage;
    uint32_t lost = 0;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fixture_packet sent;
        fixture_octets(&sent, 0, rows[i].bytes);
        (void)fixture_send(fixture, SYNFIN_LINK_A, &sent.packet, rows[i].at_us * 1000);
        assert_int_equal(told[i].fate_reason,
                         rows[i].passes ? SYNFIN_REASON_UNKNOWN : SYNFIN_REASON_LINK_LOST_POLICED);
        assert_true(!rows[i].passes || told[i].arrives_ns == rows[i].at_us * 1000);
        lost += !rows[i].passes;
    }
    struct synfin_link_stats stats = {.size = sizeof stats};
    synfin_link_stats(fixture->link, SYNFIN_LINK_A, &stats);
    assert_int_equal(stats.lost_policed, lost);
    assert_int_equal(stats.lost_policed + stats.delivered + stats.flight_packets, stats.packets);
    fixture_link_close(fixture);
}

static void queue_takes_its_number_and_loses_the_rest(void **state)
{
    (void)state;
    struct synfin_link_config config;
    synfin_link_config_default(&config);
    config.rate_bps = 8000000;
    config.queue_packets = 3;
    config.delay_ns = 1000000000;
    struct fixture_link *fixture = fixture_link_open(&config);
    struct fixture_packet sent;
    fixture_octets(&sent, 0, 100); // 100 us each
    for (int i = 0; i < 6; i++) {
        (void)fixture_send(fixture, SYNFIN_LINK_A, &sent.packet, 0);
    }
    // One on the line and three behind it.
    for (int i = 0; i < 6; i++) {
        assert_int_equal(fixture->diary.passage[i].fate_reason,
                         i < 4 ? SYNFIN_REASON_UNKNOWN : SYNFIN_REASON_LINK_LOST_QUEUE);
    }
    // At 100 us the first has departed, long before it arrives: room for one.
    (void)fixture_send(fixture, SYNFIN_LINK_A, &sent.packet, 99999);
    (void)fixture_send(fixture, SYNFIN_LINK_A, &sent.packet, 100000);
    (void)fixture_send(fixture, SYNFIN_LINK_A, &sent.packet, 100000);
    assert_int_equal(fixture->diary.passage[6].fate, SYNFIN_FATE_LOST);
    assert_int_equal(fixture->diary.passage[7].fate, SYNFIN_FATE_DELIVERED);
    assert_int_equal(fixture->diary.passage[7].arrives_ns, 1000500000);
    assert_int_equal(fixture->diary.passage[8].fate, SYNFIN_FATE_LOST);
    assert_int_equal(fixture_drain(fixture, SYNFIN_LINK_B, 2000000000), 5);
    fixture_link_close(fixture);
}

static void lost_packets_take_no_time_on_the_line(void **state)
{
    (void)state;
    struct synfin_link_config config;
    synfin_link_config_default(&config);
    config.rate_bps = 8000000;
    config.drop_rules = 1;
    config.drop_rule[0] = (struct synfin_drop_rule){.flags_set = SYNFIN_TCP_ACK, .nth = 1};
    struct fixture_link *fixture = fixture_link_open(&config);
    struct fixture_packet sent;
    fixture_segment(&sent, SYNFIN_TCP_ACK, 60);
    (void)fixture_send(fixture, SYNFIN_LINK_A, &sent.packet, 0);
    (void)fixture_send(fixture, SYNFIN_LINK_A, &sent.packet, 0);
    assert_int_equal(fixture->diary.passage[0].fate_reason, SYNFIN_REASON_LINK_LOST_CHOSEN);
    assert_int_equal(fixture->diary.passage[1].arrives_ns, 100000);
    fixture_link_close(fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packets_depart_one_after_the_other_at_the_rate),
        cmocka_unit_test(odd_rate_does_not_drift),
        cmocka_unit_test(policer_loses_what_its_bucket_does_not_hold),
        cmocka_unit_test(queue_takes_its_number_and_loses_the_rest),
        cmocka_unit_test(lost_packets_take_no_time_on_the_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
