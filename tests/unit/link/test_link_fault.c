// SPDX-License-Identifier: MIT
//
// Each fault alone: that it does what it says, at the rate that was asked for, and that setting
// another fault does not change its choices.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <synfin/link.h>

#include "link_fixture.h"

enum { SENT = 9000, GAP_NS = 1000 };

static struct synfin_link_config defaults(void)
{
    struct synfin_link_config config;
    synfin_link_config_default(&config);
    config.seed = 2024;
    return config;
}

// Sends numbered packets, one each GAP_NS, and takes none.
static struct fixture_link *send_many(const struct synfin_link_config *config)
{
    struct fixture_link *fixture = fixture_link_open(config);
    struct fixture_packet sent;
    fixture_octets(&sent, 0, 100);
    for (uint32_t i = 0; i < SENT; i++) {
        sent.packet.conn = i + 1;
        (void)fixture_send(fixture, SYNFIN_LINK_A, &sent.packet, (uint64_t)i * GAP_NS);
    }
    return fixture;
}

// 4 standard deviations at 10 % of 9000 are 114.
static void assert_near_tenth(uint32_t count)
{
    assert_in_range(count, SENT / 10 - 114, SENT / 10 + 114);
}

static void loss_takes_its_share_and_says_why(void **state)
{
    (void)state;
    struct synfin_link_config config = defaults();
    config.loss_ppm = 100000;
    struct fixture_link *fixture = send_many(&config);
    assert_near_tenth(fixture->diary.by_fate[SYNFIN_FATE_LOST]);
    for (uint32_t i = 0; i < SENT; i++) {
        const struct synfin_passage *told = &fixture->diary.passage[i];
        bool is_lost = told->fate == SYNFIN_FATE_LOST;
        assert_int_equal(told->fate_reason,
                         is_lost ? SYNFIN_REASON_LINK_LOST_RANDOM : SYNFIN_REASON_UNKNOWN);
    }
    assert_int_equal(fixture_drain(fixture, SYNFIN_LINK_B, SENT * GAP_NS),
                     fixture->diary.by_fate[SYNFIN_FATE_DELIVERED]);
    fixture_link_close(fixture);
}

static void loss_of_everything_and_of_nothing_is_exact(void **state)
{
    (void)state;
    struct synfin_link_config config = defaults();
    config.loss_ppm = 1000000;
    struct fixture_link *fixture = send_many(&config);
    assert_int_equal(fixture->diary.by_fate[SYNFIN_FATE_LOST], SENT);
    fixture_link_close(fixture);
    config.loss_ppm = 0;
    fixture = send_many(&config);
    assert_int_equal(fixture->diary.by_fate[SYNFIN_FATE_DELIVERED], SENT);
    fixture_link_close(fixture);
}

static void losses_do_not_depend_on_other_faults_nor_on_the_other_side(void **state)
{
    (void)state;
    struct synfin_link_config config = defaults();
    config.loss_ppm = 100000;
    struct fixture_link *one = send_many(&config);
    config.jitter_ns = 100;
    config.corrupt_ppm = config.reorder_ppm = 300000;
    struct fixture_link *two = fixture_link_open(&config);
    struct fixture_packet sent;
    fixture_octets(&sent, 0, 100);
    for (uint32_t i = 0; i < SENT; i++) {
        (void)fixture_send(two, SYNFIN_LINK_A, &sent.packet, i);
        bool was_lost = one->diary.passage[i].fate == SYNFIN_FATE_LOST;
        assert_int_equal(two->diary.passage[two->diary.count - 1].fate == SYNFIN_FATE_LOST,
                         was_lost);
        if (i % 3 == 0) {
            (void)fixture_send(two, SYNFIN_LINK_B, &sent.packet, i);
        }
    }
    fixture_link_close(one);
    fixture_link_close(two);
}

// Bursts of 10 packets on average that begin with one packet in 100 take the share
// 1/100 / (1/100 + 1/10) of all: 818 of 9000. With some 80 bursts its standard deviation is about
// 120, and so is that of none being long.
static void losses_in_bursts_come_together_and_in_their_share(void **state)
{
    (void)state;
    struct synfin_link_config config = defaults();
    config.burst_begin_ppm = 10000;
    config.burst_end_ppm = 100000;
    config.burst_loss_ppm = 1000000;
    struct fixture_link *fixture = send_many(&config);
    uint32_t bursts = 0, lost = fixture->diary.by_fate[SYNFIN_FATE_LOST];
    for (uint32_t i = 1; i < SENT; i++) {
        bursts += fixture->diary.passage[i].fate == SYNFIN_FATE_LOST
                  && fixture->diary.passage[i - 1].fate != SYNFIN_FATE_LOST;
    }
    assert_in_range(lost, 818 - 360, 818 + 360);
    assert_in_range(bursts, 82 - 36, 82 + 36);
    assert_in_range(lost / bursts, 7, 14);
    // Outside of them the other probability holds.
    config.loss_ppm = 1000000;
    config.burst_loss_ppm = 0;
    struct fixture_link *inverse = send_many(&config);
    assert_int_equal(inverse->diary.by_fate[SYNFIN_FATE_LOST], SENT - lost);
    // What is healed in the middle of a burst loses nothing any more.
    config.loss_ppm = 0;
    config.burst_begin_ppm = config.burst_loss_ppm = 1000000;
    config.burst_end_ppm = 0;
    struct fixture_link *lossy = send_many(&config);
    struct fixture_packet sent;
    fixture_octets(&sent, 0, 100);
    assert_int_equal(lossy->diary.by_fate[SYNFIN_FATE_LOST], SENT);
    synfin_link_heal(lossy->link);
    (void)fixture_send(lossy, SYNFIN_LINK_A, &sent.packet, SENT * GAP_NS);
    assert_int_equal(lossy->diary.by_fate[SYNFIN_FATE_DELIVERED], 1);
    fixture_link_close(fixture);
    fixture_link_close(inverse);
    fixture_link_close(lossy);
}

static void chance_from_one_side_spares_the_other_but_rules_do_not(void **state)
{
    (void)state;
    for (uint32_t from = SYNFIN_CHANCE_BOTH; from <= SYNFIN_CHANCE_FROM_B; from++) {
        struct synfin_link_config config = defaults();
        config.loss_ppm = 1000000;
        config.chance_from = (uint8_t)from;
        config.drop_rules = 1;
        config.drop_rule[0] =
            (struct synfin_drop_rule){.side = SYNFIN_LINK_A, .flags_set = SYNFIN_TCP_FIN};
        struct fixture_link *fixture = fixture_link_open(&config);
        struct fixture_packet sent;
        fixture_segment(&sent, SYNFIN_TCP_ACK, 1);
        (void)fixture_send(fixture, SYNFIN_LINK_A, &sent.packet, 0);
        (void)fixture_send(fixture, SYNFIN_LINK_B, &sent.packet, 0);
        assert_int_equal(fixture_drain(fixture, SYNFIN_LINK_B, 0), from == SYNFIN_CHANCE_FROM_B);
        assert_int_equal(fixture_drain(fixture, SYNFIN_LINK_A, 0), from == SYNFIN_CHANCE_FROM_A);
        fixture_segment(&sent, SYNFIN_TCP_FIN | SYNFIN_TCP_ACK, 0);
        (void)fixture_send(fixture, SYNFIN_LINK_A, &sent.packet, 0);
        assert_int_equal(fixture->diary.passage[2].fate_reason, SYNFIN_REASON_LINK_LOST_CHOSEN);
        fixture_link_close(fixture);
    }
}

// Adjacent packets and different faults share no draw: of any two events of probability 1/2, both
// happen in a quarter of the cases. 5 standard deviations at 9000 are 205.
static void faults_of_neighbouring_packets_are_independent(void **state)
{
    (void)state;
    struct synfin_link_config config = defaults();
    config.corrupt_ppm = config.reorder_ppm = 500000;
    struct fixture_link *clean = send_many(&config);
    config.loss_ppm = 500000;
    struct fixture_link *lossy = send_many(&config);
    for (uint32_t distance = 0; distance < 3; distance++) {
        uint32_t both = 0;
        uint32_t both_lost = 0;
        for (uint32_t i = 0; i + distance < SENT; i++) {
            const struct synfin_passage *later = &lossy->diary.passage[i + distance];
            bool is_lost = later->fate == SYNFIN_FATE_LOST;
            both += is_lost && clean->diary.passage[i].fate == SYNFIN_FATE_CORRUPTED;
            both_lost += is_lost && lossy->diary.passage[i].fate == SYNFIN_FATE_LOST;
        }
        assert_in_range(both, SENT / 4 - 205, SENT / 4 + 205);
        assert_true(distance == 0 || (both_lost > SENT / 4 - 205 && both_lost < SENT / 4 + 205));
    }
    fixture_link_close(clean);
    fixture_link_close(lossy);
}

static void sides_have_different_luck(void **state)
{
    (void)state;
    struct synfin_link_config config = defaults();
    config.loss_ppm = 500000;
    struct fixture_link *fixture = fixture_link_open(&config);
    struct fixture_packet sent;
    fixture_octets(&sent, 0, 100);
    uint32_t same = 0;
    for (uint32_t i = 0; i < 1000; i++) {
        (void)fixture_send(fixture, SYNFIN_LINK_A, &sent.packet, i);
        (void)fixture_send(fixture, SYNFIN_LINK_B, &sent.packet, i);
        const struct synfin_passage *told = &fixture->diary.passage[(size_t)i * 2];
        same += told[0].fate == told[1].fate;
    }
    assert_in_range(same, 400, 600);
    fixture_link_close(fixture);
}

static uint32_t bits_that_differ(const uint8_t *a, const uint8_t *b, uint32_t bytes)
{
    uint32_t bits = 0;
    for (uint32_t i = 0; i < bytes; i++) {
        bits += (uint32_t)__builtin_popcount((unsigned)(a[i] ^ b[i]));
    }
    return bits;
}

static void corruption_flips_one_bit_behind_the_link_header(void **state)
{
    (void)state;
    struct synfin_link_config config = defaults();
    config.is_ethernet = 1;
    config.corrupt_ppm = 100000;
    struct fixture_link *fixture = fixture_link_open(&config);
    struct fixture_packet sent;
    fixture_octets(&sent, 0, 20); // 14 octets of header, 48 bits behind it
    sent.packet.checksum = SYNFIN_CHECKSUM_VERIFIED;
    uint32_t corrupted = 0;
    uint8_t touched[20] = {0};
    for (uint32_t i = 0; i < SENT; i++) {
        struct synfin_packet got;
        (void)fixture_send(fixture, SYNFIN_LINK_A, &sent.packet, i);
        assert_true(fixture_receive(fixture, SYNFIN_LINK_B, &got, i));
        bool is_corrupted = fixture->diary.passage[i].fate == SYNFIN_FATE_CORRUPTED;
        assert_int_equal(bits_that_differ(got.head, sent.octets, 20), is_corrupted ? 1 : 0);
        assert_int_equal(got.checksum,
                         is_corrupted ? SYNFIN_CHECKSUM_COMPLETE : SYNFIN_CHECKSUM_VERIFIED);
        for (uint32_t at = 0; at < 20; at++) {
            touched[at] |= got.head[at] ^ sent.octets[at];
        }
        corrupted += is_corrupted;
    }
    assert_near_tenth(corrupted);
    for (uint32_t at = 0; at < 20; at++) {
        assert_int_equal(touched[at], at < 14 ? 0 : 0xFF);
    }
    fixture_link_close(fixture);
}

static void corruption_leaves_a_packet_without_payload_alone(void **state)
{
    (void)state;
    struct synfin_link_config config = defaults();
    config.is_ethernet = 1;
    config.corrupt_ppm = 1000000;
    struct fixture_link *fixture = fixture_link_open(&config);
    struct fixture_packet sent;
    fixture_octets(&sent, 0, 14);
    (void)fixture_send(fixture, SYNFIN_LINK_A, &sent.packet, 0);
    assert_int_equal(fixture->diary.by_fate[SYNFIN_FATE_DELIVERED], 1);
    fixture_link_close(fixture);
}

static void duplicates_are_told_and_marked_and_follow_their_original(void **state)
{
    (void)state;
    struct synfin_link_config config = defaults();
    config.duplicate_ppm = 100000;
    config.corrupt_ppm = 1000000;
    struct fixture_link *fixture = send_many(&config);
    uint32_t copies = fixture->diary.by_fate[SYNFIN_FATE_DUPLICATED];
    assert_near_tenth(copies);
    struct fixture_packet sent;
    fixture_octets(&sent, 0, 100);
    struct synfin_packet got;
    uint32_t conn = 0;
    for (uint32_t i = 0; i < fixture->diary.count; i++) {
        const struct synfin_passage *told = &fixture->diary.passage[i];
        assert_int_equal(told->number, i + 1);
        assert_true(fixture_receive(fixture, SYNFIN_LINK_B, &got, SENT * GAP_NS));
        bool is_copy = told->fate == SYNFIN_FATE_DUPLICATED;
        assert_int_equal(got.is_duplicate, is_copy);
        assert_int_equal(fixture->diary.is_marked_copy[i], is_copy);
        conn += !is_copy;
        assert_int_equal(got.conn, conn);
        // The copy was made before the bit was flipped.
        assert_int_equal(bits_that_differ(got.head, sent.octets, 100), is_copy ? 0 : 1);
    }
    assert_false(fixture_receive(fixture, SYNFIN_LINK_B, &got, SENT * GAP_NS));
    fixture_link_close(fixture);
}

static void jitter_spreads_delays_and_keeps_order(void **state)
{
    (void)state;
    struct synfin_link_config config = defaults();
    config.delay_ns = 5000;
    config.jitter_ns = 10 * GAP_NS;
    struct fixture_link *fixture = send_many(&config);
    uint64_t least = UINT64_MAX;
    uint64_t most = 0;
    for (uint32_t i = 0; i < SENT; i++) {
        const struct synfin_passage *told = &fixture->diary.passage[i];
        uint64_t wait_ns = told->arrives_ns - told->sent_ns;
        assert_in_range(wait_ns, 5000, 15000);
        least = wait_ns < least ? wait_ns : least;
        most = wait_ns > most ? wait_ns : most;
        assert_true(i == 0 || told->arrives_ns >= told[-1].arrives_ns);
    }
    assert_in_range(least, 5000, 8000);
    assert_in_range(most, 14900, 15000);
    struct synfin_packet got;
    for (uint32_t i = 0; i < SENT; i++) {
        assert_true(fixture_receive(fixture, SYNFIN_LINK_B, &got, SENT * GAP_NS + 15000));
        assert_int_equal(got.conn, i + 1);
    }
    fixture_link_close(fixture);
}

static void reordered_packets_are_overtaken_by_later_ones(void **state)
{
    (void)state;
    struct synfin_link_config config = defaults();
    config.delay_ns = 20000;
    config.reorder_ppm = 100000;
    config.reorder_ns = 4500;
    struct fixture_link *fixture = send_many(&config);
    uint32_t held_back = 0;
    for (uint32_t i = 0; i < SENT; i++) {
        const struct synfin_passage *told = &fixture->diary.passage[i];
        bool is_held_back = told->fate_reason == SYNFIN_REASON_LINK_REORDERED;
        assert_int_equal(told->fate, SYNFIN_FATE_DELIVERED);
        assert_int_equal(told->arrives_ns - told->sent_ns, is_held_back ? 24500 : 20000);
        held_back += is_held_back;
    }
    assert_near_tenth(held_back);
    struct synfin_packet got;
    uint32_t overtaken = 0;
    uint32_t highest = 0;
    uint64_t before_ns = 0;
    for (uint32_t i = 0; i < SENT; i++) {
        assert_true(fixture_receive(fixture, SYNFIN_LINK_B, &got, 2 * SENT * GAP_NS));
        uint64_t arrives_ns = fixture->diary.passage[got.conn - 1].arrives_ns;
        assert_true(arrives_ns >= before_ns);
        before_ns = arrives_ns;
        overtaken += got.conn < highest;
        highest = got.conn > highest ? got.conn : highest;
    }
    // A held-back packet arrives after the four that follow it, unless those are held back too.
    assert_in_range(overtaken, held_back * 9 / 10, held_back);
    fixture_link_close(fixture);
}

// Beyond the least time by any part of the jitter; who is held back is the same as without it.
static void reordering_with_jitter_spreads_the_times_alone(void **state)
{
    (void)state;
    struct synfin_link_config config = defaults();
    config.reorder_ppm = 100000;
    config.reorder_ns = 1000;
    struct fixture_link *steady = send_many(&config);
    config.reorder_jitter_ns = 10 * GAP_NS;
    struct fixture_link *fixture = send_many(&config);
    uint64_t least_ns = UINT64_MAX, most_ns = 0;
    for (uint32_t i = 0; i < SENT; i++) {
        const struct synfin_passage *told = &fixture->diary.passage[i];
        uint64_t wait_ns = told->arrives_ns - told->sent_ns;
        assert_int_equal(told->fate_reason, steady->diary.passage[i].fate_reason);
        if (told->fate_reason == SYNFIN_REASON_LINK_REORDERED) {
            assert_in_range(wait_ns, 1000, 1000 + 10 * GAP_NS);
            least_ns = wait_ns < least_ns ? wait_ns : least_ns;
            most_ns = wait_ns > most_ns ? wait_ns : most_ns;
        } else {
            assert_int_equal(wait_ns, 0);
        }
    }
    assert_in_range(least_ns, 1000, 1000 + GAP_NS);
    assert_in_range(most_ns, 1000 + 9 * GAP_NS, 1000 + 10 * GAP_NS);
    fixture_link_close(steady);
    fixture_link_close(fixture);
}

static void reordering_with_jitter_alone_holds_back_from_nothing_on(void **state)
{
    (void)state;
    struct synfin_link_config config = defaults();
    config.delay_ns = 20000;
    config.reorder_ppm = 1000000;
    config.reorder_jitter_ns = 10 * GAP_NS;
    struct fixture_link *fixture = send_many(&config);
    uint64_t sum_ns = 0;
    for (uint32_t i = 0; i < SENT; i++) {
        const struct synfin_passage *told = &fixture->diary.passage[i];
        assert_in_range(told->arrives_ns - told->sent_ns, 20000, 20000 + 10 * GAP_NS);
        sum_ns += told->arrives_ns - told->sent_ns - 20000;
    }
    assert_in_range(sum_ns / SENT, 4 * GAP_NS, 6 * GAP_NS);
    fixture_link_close(fixture);
}

static void reorder_without_a_time_holds_back_one_delay(void **state)
{
    (void)state;
    struct synfin_link_config config = defaults();
    config.reorder_ppm = 1000000;
    struct fixture_packet sent;
    fixture_octets(&sent, 0, 100);
    struct fixture_link *fixture = fixture_link_open(&config);
    (void)fixture_send(fixture, SYNFIN_LINK_A, &sent.packet, 0);
    assert_int_equal(fixture->diary.passage[0].arrives_ns, 1000000);
    fixture_link_close(fixture);
    config.delay_ns = 300;
    fixture = fixture_link_open(&config);
    (void)fixture_send(fixture, SYNFIN_LINK_A, &sent.packet, 0);
    assert_int_equal(fixture->diary.passage[0].arrives_ns, 600);
    fixture_link_close(fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loss_takes_its_share_and_says_why),
        cmocka_unit_test(loss_of_everything_and_of_nothing_is_exact),
        cmocka_unit_test(losses_do_not_depend_on_other_faults_nor_on_the_other_side),
        cmocka_unit_test(losses_in_bursts_come_together_and_in_their_share),
        cmocka_unit_test(chance_from_one_side_spares_the_other_but_rules_do_not),
        cmocka_unit_test(faults_of_neighbouring_packets_are_independent),
        cmocka_unit_test(sides_have_different_luck),
        cmocka_unit_test(corruption_flips_one_bit_behind_the_link_header),
        cmocka_unit_test(corruption_leaves_a_packet_without_payload_alone),
        cmocka_unit_test(duplicates_are_told_and_marked_and_follow_their_original),
        cmocka_unit_test(jitter_spreads_delays_and_keeps_order),
        cmocka_unit_test(reordered_packets_are_overtaken_by_later_ones),
        cmocka_unit_test(reordering_with_jitter_spreads_the_times_alone),
        cmocka_unit_test(reordering_with_jitter_alone_holds_back_from_nothing_on),
        cmocka_unit_test(reorder_without_a_time_holds_back_one_delay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
