// SPDX-License-Identifier: MIT
//
// A wire between two devices of the test, on a clock of the test: when packets leave, what a full
// device does to them, and what is counted.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <synfin/host.h>

#include "cli/wire_pump.h"

enum { PACKET_BYTES = 100, SENT_MAX = 1024 };

// Gives packets that are numbered in their first octets, and takes what it has room for.
struct end {
    struct synfin_device device;
    uint32_t waiting, given; // to be received, received so far
    uint32_t room;           // packets it still takes
    uint32_t taken;
    uint32_t number[SENT_MAX]; // of each packet taken
    uint8_t octets[WIRE_PUMP_BURST][PACKET_BYTES];
};

static struct end ends[2];
static struct wire_pump pump;
static uint64_t clock_ns, step_ns;

static uint64_t read_clock(void)
{
    clock_ns += step_ns;
    return clock_ns;
}

static uint32_t receive(struct synfin_device *device, struct synfin_packet *packets, uint32_t max,
                        uint64_t now_ns)
{
    (void)now_ns;
    struct end *end = (struct end *)device;
    uint32_t n = 0;
    for (; n < max && n < WIRE_PUMP_BURST && end->waiting > 0; n++) {
        memcpy(end->octets[n], &end->given, sizeof(end->given));
        synfin_packet_wrap(&packets[n], end->octets[n], PACKET_BYTES);
        end->given++;
        end->waiting--;
    }
    return n;
}

static uint32_t take(struct synfin_device *device, const struct synfin_packet *packets, uint32_t n,
                     uint64_t now_ns)
{
    (void)now_ns;
    struct end *end = (struct end *)device;
    uint32_t taken = 0;
    for (; taken < n && end->room > 0; taken++) {
        assert_true(end->taken < SENT_MAX);
        assert_int_equal(packets[taken].bytes, PACKET_BYTES);
        memcpy(&end->number[end->taken++], packets[taken].head, sizeof(uint32_t));
        end->room--;
    }
    return taken;
}

static uint64_t never(const struct synfin_device *device)
{
    (void)device;
    return SYNFIN_NEVER;
}

static void open_pump(struct synfin_link_config *config)
{
    static const struct synfin_device_ops ops = {receive, take, never, NULL};
    struct synfin_env env;
    synfin_link *link = NULL;
    synfin_host_env(&env);
    memset(ends, 0, sizeof(ends));
    for (int i = 0; i < 2; i++) {
        ends[i].device = (struct synfin_device){.ops = &ops, .fd = -1, .mtu_bytes = 1500};
        ends[i].room = UINT32_MAX;
    }
    assert_int_equal(synfin_link_create(&env, config, &link), SYNFIN_ERROR_OK);
    clock_ns = 1000;
    step_ns = 0;
    wire_pump_init(&pump, link, &ends[0].device, &ends[1].device, read_clock);
}

static void close_pump(void)
{
    synfin_link_destroy(pump.link);
}

static void packets_leave_when_their_delay_is_over_and_not_before(void **state)
{
    (void)state;
    struct synfin_link_config config;
    synfin_link_config_default(&config);
    config.delay_ns = 5000;
    open_pump(&config);
    assert_int_equal(wire_pump_deadline(&pump), SYNFIN_NEVER);
    ends[0].waiting = 3;
    ends[1].waiting = 1;
    assert_false(wire_pump_turn(&pump));
    assert_int_equal(wire_pump_deadline(&pump), 6000);
    clock_ns = 5999;
    (void)wire_pump_turn(&pump);
    assert_int_equal(ends[1].taken, 0);
    clock_ns = 6000;
    (void)wire_pump_turn(&pump);
    assert_int_equal(ends[1].taken, 3);
    assert_int_equal(ends[0].taken, 1);
    assert_int_equal(ends[1].number[2], 2);
    assert_int_equal(wire_pump_deadline(&pump), SYNFIN_NEVER);
    close_pump();
}

static void lateness_is_what_the_clock_says_beyond_the_time_asked_for(void **state)
{
    (void)state;
    struct synfin_link_config config;
    synfin_link_config_default(&config);
    config.delay_ns = 5000;
    open_pump(&config);
    ends[0].waiting = 2;
    (void)wire_pump_turn(&pump);
    clock_ns = 6700;
    (void)wire_pump_turn(&pump);
    const struct wire_way *way = &pump.way[SYNFIN_LINK_A];
    assert_int_equal(way->excess.count, 2);
    assert_int_equal(way->excess.least_ns, 700);
    assert_int_equal(way->excess.greatest_ns, 700);
    assert_int_equal(way->last_ns, 6700);
    assert_int_equal(pump.way[SYNFIN_LINK_B].excess.count, 0);
    close_pump();
}

static void rate_counts_what_follows_without_a_longer_pause(void **state)
{
    (void)state;
    struct synfin_link_config config;
    synfin_link_config_default(&config);
    open_pump(&config);
    static const uint64_t pauses_ns[] = {0, 1000000, 100000000, 100000001, 2000000};
    for (size_t i = 0; i < sizeof(pauses_ns) / sizeof(pauses_ns[0]); i++) {
        clock_ns += pauses_ns[i];
        ends[0].waiting = 1;
        (void)wire_pump_turn(&pump);
    }
    assert_int_equal(ends[1].taken, 5);
    assert_int_equal(pump.way[SYNFIN_LINK_A].active_ns, 103000000);
    assert_int_equal(pump.way[SYNFIN_LINK_A].active_octets, 3 * PACKET_BYTES);
    close_pump();
}

static void full_device_keeps_the_order_and_loses_nothing(void **state)
{
    (void)state;
    struct synfin_link_config config;
    synfin_link_config_default(&config);
    open_pump(&config);
    ends[0].waiting = 10;
    ends[1].room = 4;
    assert_false(wire_pump_turn(&pump));
    assert_int_equal(ends[1].taken, 4);
    assert_true(pump.way[SYNFIN_LINK_A].is_full);
    // Nothing is worth a turn while it is full, although packets are due.
    assert_int_equal(wire_pump_deadline(&pump), SYNFIN_NEVER);
    wire_pump_writable(&pump, SYNFIN_LINK_B);
    assert_true(pump.way[SYNFIN_LINK_A].is_full);
    // The other device was never full.
    wire_pump_writable(&pump, SYNFIN_LINK_A);
    ends[1].room = UINT32_MAX;
    ends[0].waiting = 5;
    wire_pump_writable(&pump, SYNFIN_LINK_B);
    assert_false(wire_pump_turn(&pump));
    assert_int_equal(ends[1].taken, 15);
    for (uint32_t i = 0; i < 15; i++) {
        assert_int_equal(ends[1].number[i], i);
    }
    assert_int_equal(pump.way[SYNFIN_LINK_A].excess.count, 15);
    close_pump();
}

static void turn_is_bounded_and_says_when_there_is_more(void **state)
{
    (void)state;
    struct synfin_link_config config;
    synfin_link_config_default(&config);
    open_pump(&config);
    ends[0].waiting = WIRE_PUMP_BURST + 1;
    assert_true(wire_pump_turn(&pump));
    assert_int_equal(ends[1].taken, WIRE_PUMP_BURST);
    assert_false(wire_pump_turn(&pump));
    assert_int_equal(ends[1].taken, WIRE_PUMP_BURST + 1);
    close_pump();
}

static void packets_that_become_due_while_others_leave_are_sent_in_the_same_turn(void **state)
{
    (void)state;
    struct synfin_link_config config;
    synfin_link_config_default(&config);
    config.rate_bps = 800000000; // a packet in a microsecond
    open_pump(&config);
    ends[0].waiting = 20;
    (void)wire_pump_turn(&pump);
    step_ns = 1000;
    (void)wire_pump_turn(&pump);
    assert_int_equal(ends[1].taken, 20);
    close_pump();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packets_leave_when_their_delay_is_over_and_not_before),
        cmocka_unit_test(lateness_is_what_the_clock_says_beyond_the_time_asked_for),
        cmocka_unit_test(rate_counts_what_follows_without_a_longer_pause),
        cmocka_unit_test(full_device_keeps_the_order_and_loses_nothing),
        cmocka_unit_test(turn_is_bounded_and_says_when_there_is_more),
        cmocka_unit_test(packets_that_become_due_while_others_leave_are_sent_in_the_same_turn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
