// SPDX-License-Identifier: MIT
//
// A link without faults, its limits, its memory, and that a seed decides everything.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include <synfin/link.h>

#include "base/checksum.h"
#include "link_fixture.h"

static void packet_on_plain_link_arrives_at_once_with_its_facts(void **state)
{
    (void)state;
    struct fixture_link *fixture = fixture_link_open(NULL);
    struct fixture_packet sent;
    fixture_octets(&sent, 7, 100);
    sent.packet.reason = SYNFIN_REASON_SEND_SYN;
    sent.packet.conn = 42;
    sent.packet.checksum = SYNFIN_CHECKSUM_VERIFIED;
    // The octets behind the head lie elsewhere.
    sent.packet.head_bytes = 40;
    sent.packet.spans = 2;
    sent.packet.span[0] = (struct synfin_span){sent.octets + 40, 33};
    sent.packet.span[1] = (struct synfin_span){sent.octets + 73, 27};
    assert_int_equal(fixture_send(fixture, SYNFIN_LINK_A, &sent.packet, 5), 1);
    assert_int_equal(synfin_link_next_deadline(fixture->link), 5);

    struct synfin_packet got;
    assert_false(fixture_receive(fixture, SYNFIN_LINK_A, &got, 5));
    assert_true(fixture_receive(fixture, SYNFIN_LINK_B, &got, 5));
    assert_int_equal(got.bytes, 100);
    assert_int_equal(got.head_bytes, 100);
    assert_int_equal(got.spans, 0);
    assert_memory_equal(got.head, sent.octets, 100);
    assert_int_equal(got.reason, SYNFIN_REASON_SEND_SYN);
    assert_int_equal(got.conn, 42);
    assert_int_equal(got.checksum, SYNFIN_CHECKSUM_VERIFIED);
    assert_int_equal(got.is_duplicate, 0);
    assert_int_equal(synfin_link_next_deadline(fixture->link), SYNFIN_NEVER);

    const struct synfin_passage *told = &fixture->diary.passage[0];
    assert_int_equal(fixture->diary.count, 1);
    assert_int_equal(told->number, 1);
    assert_int_equal(told->from, SYNFIN_LINK_A);
    assert_int_equal(told->sent_ns, 5);
    assert_int_equal(told->arrives_ns, 5);
    assert_int_equal(told->fate, SYNFIN_FATE_DELIVERED);
    assert_int_equal(told->fate_reason, SYNFIN_REASON_UNKNOWN);
    fixture_link_close(fixture);
}

static void packet_with_delay_arrives_at_its_time_and_not_before(void **state)
{
    (void)state;
    struct synfin_link_config config;
    synfin_link_config_default(&config);
    config.delay_ns = 1000;
    struct fixture_link *fixture = fixture_link_open(&config);
    struct fixture_packet sent;
    fixture_octets(&sent, 0, 60);
    (void)fixture_send(fixture, SYNFIN_LINK_B, &sent.packet, 10);
    const struct synfin_device *at_a = synfin_link_device(fixture->link, SYNFIN_LINK_A);
    const struct synfin_device *at_b = synfin_link_device(fixture->link, SYNFIN_LINK_B);
    assert_int_equal(at_a->ops->next_deadline(at_a), 1010);
    assert_int_equal(at_b->ops->next_deadline(at_b), SYNFIN_NEVER);
    assert_int_equal(fixture_drain(fixture, SYNFIN_LINK_A, 1009), 0);
    assert_int_equal(fixture_drain(fixture, SYNFIN_LINK_A, 1010), 1);
    fixture_link_close(fixture);
}

static void received_packets_stay_until_the_next_receive_of_that_side(void **state)
{
    (void)state;
    struct fixture_link *fixture = fixture_link_open(NULL);
    struct fixture_packet sent;
    struct synfin_packet kept;
    fixture_octets(&sent, 1, 200);
    (void)fixture_send(fixture, SYNFIN_LINK_A, &sent.packet, 0);
    assert_true(fixture_receive(fixture, SYNFIN_LINK_B, &kept, 0));
    for (uint8_t i = 0; i < 50; i++) {
        struct fixture_packet other;
        fixture_octets(&other, (uint8_t)(100 + i), 200);
        (void)fixture_send(fixture, SYNFIN_LINK_A, &other.packet, 0);
        (void)fixture_send(fixture, SYNFIN_LINK_B, &other.packet, 0);
        (void)fixture_drain(fixture, SYNFIN_LINK_A, 0);
    }
    assert_memory_equal(kept.head, sent.octets, 200);
    fixture_link_close(fixture);
}

static void packet_above_mtu_is_lost_with_that_reason(void **state)
{
    (void)state;
    for (uint8_t is_ethernet = 0; is_ethernet < 2; is_ethernet++) {
        struct synfin_link_config config;
        synfin_link_config_default(&config);
        config.mtu_bytes = 576;
        config.is_ethernet = is_ethernet;
        struct fixture_link *fixture = fixture_link_open(&config);
        uint32_t largest = 576 + (is_ethernet ? 14 : 0);
        struct fixture_packet sent;
        fixture_octets(&sent, 0, largest);
        (void)fixture_send(fixture, SYNFIN_LINK_A, &sent.packet, 0);
        fixture_octets(&sent, 0, largest + 1);
        assert_int_equal(fixture_send(fixture, SYNFIN_LINK_A, &sent.packet, 0), 1);
        assert_int_equal(fixture_drain(fixture, SYNFIN_LINK_B, 0), 1);
        assert_int_equal(fixture->diary.passage[1].fate, SYNFIN_FATE_LOST);
        assert_int_equal(fixture->diary.passage[1].fate_reason, SYNFIN_REASON_LINK_LOST_MTU);
        assert_int_equal(fixture->diary.passage[1].arrives_ns, SYNFIN_NEVER);
        fixture_link_close(fixture);
    }
}

static void partial_checksum_is_completed_on_the_way(void **state)
{
    (void)state;
    struct fixture_link *fixture = fixture_link_open(NULL);
    struct fixture_packet sent;
    fixture_segment(&sent, SYNFIN_TCP_ACK, 11);
    sent.octets[36] = 0x12; // the pseudo-header's sum
    sent.octets[37] = 0x34;
    uint16_t whole = checksum_of(sent.octets + 20, 31);
    sent.packet.checksum = SYNFIN_CHECKSUM_PARTIAL;
    sent.packet.checksum_start = 20;
    sent.packet.checksum_offset = 16;
    (void)fixture_send(fixture, SYNFIN_LINK_A, &sent.packet, 0);
    struct synfin_packet got;
    assert_true(fixture_receive(fixture, SYNFIN_LINK_B, &got, 0));
    assert_int_equal(got.checksum, SYNFIN_CHECKSUM_COMPLETE);
    assert_int_equal(got.head[36] << 8 | got.head[37], whole);
    // A place outside the packet is left alone.
    sent.packet.checksum_start = 50;
    (void)fixture_send(fixture, SYNFIN_LINK_A, &sent.packet, 0);
    assert_true(fixture_receive(fixture, SYNFIN_LINK_B, &got, 0));
    assert_memory_equal(got.head, sent.octets, 51);
    fixture_link_close(fixture);
}

static void packets_beyond_the_limit_are_lost_until_some_are_taken(void **state)
{
    (void)state;
    struct synfin_link_config config;
    synfin_link_config_default(&config);
    config.packets_max = 10;
    struct fixture_link *fixture = fixture_link_open(&config);
    struct fixture_packet sent;
    fixture_octets(&sent, 0, 60);
    for (int i = 0; i < 12; i++) {
        (void)fixture_send(fixture, SYNFIN_LINK_A, &sent.packet, 0);
    }
    assert_int_equal(fixture->diary.by_fate[SYNFIN_FATE_LOST], 2);
    assert_int_equal(fixture->diary.passage[11].fate_reason, SYNFIN_REASON_LINK_LOST_QUEUE);
    assert_int_equal(fixture_drain(fixture, SYNFIN_LINK_B, 0), 10);
    (void)fixture_send(fixture, SYNFIN_LINK_A, &sent.packet, 0);
    assert_int_equal(fixture->diary.by_fate[SYNFIN_FATE_LOST], 2);
    fixture_link_close(fixture);
}

static void packets_are_lost_when_the_environment_has_no_memory(void **state)
{
    (void)state;
    struct fixture_link *fixture = fixture_link_open(NULL);
    fixture->memory.limit_bytes = fixture->memory.taken_bytes;
    struct fixture_packet sent;
    fixture_octets(&sent, 0, 60);
    (void)fixture_send(fixture, SYNFIN_LINK_A, &sent.packet, 0);
    assert_int_equal(fixture->diary.passage[0].fate_reason, SYNFIN_REASON_LINK_LOST_QUEUE);
    fixture->memory.limit_bytes = SIZE_MAX;
    (void)fixture_send(fixture, SYNFIN_LINK_A, &sent.packet, 0);
    assert_int_equal(fixture_drain(fixture, SYNFIN_LINK_B, 0), 1);
    fixture_link_close(fixture);
}

static void memory_is_taken_in_slabs_and_not_per_packet(void **state)
{
    (void)state;
    struct fixture_link *fixture = fixture_link_open(NULL);
    struct fixture_packet sent;
    fixture_octets(&sent, 0, 1500);
    for (int round = 0; round < 20; round++) {
        for (int i = 0; i < 500; i++) {
            (void)fixture_send(fixture, SYNFIN_LINK_A, &sent.packet, 0);
        }
        assert_int_equal(fixture_drain(fixture, SYNFIN_LINK_B, 0), 500);
    }
    // The link, a directory, and 501 slots of less than 1.7 KB in slabs of 256 KB.
    assert_in_range(fixture->memory.takes, 3, 8);
    fixture_link_close(fixture);
}

static void time_that_runs_backwards_counts_as_the_latest(void **state)
{
    (void)state;
    struct fixture_link *fixture = fixture_link_open(NULL);
    struct fixture_packet sent;
    fixture_octets(&sent, 0, 60);
    (void)fixture_send(fixture, SYNFIN_LINK_A, &sent.packet, 1000);
    (void)fixture_send(fixture, SYNFIN_LINK_A, &sent.packet, 10);
    assert_int_equal(fixture->diary.passage[1].sent_ns, 1000);
    assert_int_equal(fixture_drain(fixture, SYNFIN_LINK_B, 10), 2);
    fixture_link_close(fixture);
}

static void config_out_of_range_is_refused(void **state)
{
    (void)state;
    struct fixture_memory memory;
    struct synfin_env env;
    fixture_env(&env, &memory);
    struct synfin_link_config good;
    synfin_link_config_default(&good);
    struct synfin_link_config bad[17];
    for (size_t i = 0; i < 17; i++) {
        bad[i] = good;
    }
    bad[0].size = 0;
    bad[1].size = sizeof good + 1;
    bad[2].loss_ppm = 1000001;
    bad[3].duplicate_ppm = 1000001;
    bad[4].reorder_ppm = 1000001;
    bad[5].corrupt_ppm = 1000001;
    bad[6].mtu_bytes = 67;
    bad[7].mtu_bytes = 65536;
    bad[8].rate_bps = UINT64_MAX;
    bad[9].drop_rules = SYNFIN_DROP_RULES_MAX + 1;
    bad[10].drop_rules = 1;
    bad[10].drop_rule[0].side = (enum synfin_link_side)2;
    bad[11].late_rules = SYNFIN_LATE_RULES_MAX + 1;
    bad[12].late_rules = 1;
    bad[12].late_rule[0].which.side = (enum synfin_link_side)2;
    bad[13].burst_begin_ppm = 1000001;
    bad[14].burst_end_ppm = 1000001;
    bad[15].burst_loss_ppm = 1000001;
    bad[16].chance_from = SYNFIN_CHANCE_FROM_B + 1;
    synfin_link *link = NULL;
    for (size_t i = 0; i < 17; i++) {
        assert_int_equal(synfin_link_create(&env, &bad[i], &link), SYNFIN_ERROR_INVALID);
    }
    memory.limit_bytes = 0;
    assert_int_equal(synfin_link_create(&env, &good, &link), SYNFIN_ERROR_NO_MEMORY);
    assert_null(link);
    assert_int_equal(memory.takes, 0);
}

static void devices_tell_what_the_link_is(void **state)
{
    (void)state;
    struct synfin_link_config config;
    synfin_link_config_default(&config);
    config.mtu_bytes = 9000;
    config.is_ethernet = 1;
    struct fixture_link *fixture = fixture_link_open(&config);
    const struct synfin_device *a = synfin_link_device(fixture->link, SYNFIN_LINK_A);
    const struct synfin_device *b = synfin_link_device(fixture->link, SYNFIN_LINK_B);
    assert_ptr_not_equal(a, b);
    assert_memory_not_equal(a->mac, b->mac, 6);
    assert_int_equal(a->mac[0] & 3, 2); // one station, locally administered
    assert_int_equal(a->fd, -1);
    assert_int_equal(a->mtu_bytes, 9000);
    assert_int_equal(a->is_ethernet, 1);
    assert_int_equal(a->can_checksum, 0);
    assert_int_equal(a->gso_bytes, 0);
    fixture_link_close(fixture);
}

// Everything at once, both ways; returns the hash of what was told and of every octet received.
static uint64_t play(uint64_t seed)
{
    struct synfin_link_config config;
    synfin_link_config_default(&config);
    config.seed = seed;
    config.delay_ns = 100000;
    config.jitter_ns = 50000;
    config.rate_bps = 100000000;
    config.queue_packets = 20;
    config.loss_ppm = config.duplicate_ppm = config.reorder_ppm = config.corrupt_ppm = 50000;
    struct fixture_link *fixture = fixture_link_open(&config);
    uint64_t octets_hash = 1;
    for (uint64_t t_ns = 0; t_ns < 100000000; t_ns += 50000) {
        struct fixture_packet sent;
        fixture_octets(&sent, (uint8_t)(t_ns / 50000), 40 + (uint32_t)(t_ns / 50000 * 7 % 1400));
        (void)fixture_send(fixture, SYNFIN_LINK_A, &sent.packet, t_ns);
        (void)fixture_send(fixture, SYNFIN_LINK_B, &sent.packet, t_ns);
        struct synfin_packet got;
        while (fixture_receive(fixture, SYNFIN_LINK_B, &got, t_ns)) {
            for (uint32_t i = 0; i < got.bytes; i++) {
                octets_hash = (octets_hash ^ got.head[i]) * UINT64_C(0x100000001B3);
            }
        }
        (void)fixture_drain(fixture, SYNFIN_LINK_A, t_ns);
    }
    for (int fate = 0; fate < 4; fate++) {
        assert_true(fixture->diary.by_fate[fate] != 0);
    }
    uint64_t hash = fixture->diary.hash ^ octets_hash;
    fixture_link_close(fixture);
    return hash;
}

static void same_seed_gives_same_passages_and_another_seed_others(void **state)
{
    (void)state;
    uint64_t hash = play(7);
    assert_true(hash == play(7));
    assert_true(hash != play(8));
}

static void heal_makes_a_plain_wire_and_keeps_what_is_under_way(void **state)
{
    (void)state;
    struct synfin_link_config config;
    synfin_link_config_default(&config);
    config.delay_ns = 1000;
    config.rate_bps = 1000;
    config.drop_rules = 1;
    config.drop_rule[0].flags_set = SYNFIN_TCP_SYN;
    struct fixture_link *fixture = fixture_link_open(&config);
    struct fixture_packet sent;
    fixture_segment(&sent, SYNFIN_TCP_ACK, 85); // 125 octets: 1 s at 1000 bit/s
    (void)fixture_send(fixture, SYNFIN_LINK_A, &sent.packet, 0);
    config.loss_ppm = 1000000;
    synfin_link_heal(fixture->link);
    assert_int_equal(synfin_link_next_deadline(fixture->link), 1000001000);
    fixture_segment(&sent, SYNFIN_TCP_SYN, 0);
    (void)fixture_send(fixture, SYNFIN_LINK_A, &sent.packet, 1);
    (void)fixture_send(fixture, SYNFIN_LINK_B, &sent.packet, 1);
    assert_int_equal(fixture_drain(fixture, SYNFIN_LINK_A, 1), 1);
    assert_int_equal(fixture_drain(fixture, SYNFIN_LINK_B, 1000000999), 0);
    // In order also across the healing.
    assert_int_equal(fixture_drain(fixture, SYNFIN_LINK_B, 1000001000), 2);
    assert_int_equal(fixture->diary.by_fate[SYNFIN_FATE_DELIVERED], 3);
    fixture_link_close(fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packet_on_plain_link_arrives_at_once_with_its_facts),
        cmocka_unit_test(packet_with_delay_arrives_at_its_time_and_not_before),
        cmocka_unit_test(received_packets_stay_until_the_next_receive_of_that_side),
        cmocka_unit_test(packet_above_mtu_is_lost_with_that_reason),
        cmocka_unit_test(partial_checksum_is_completed_on_the_way),
        cmocka_unit_test(packets_beyond_the_limit_are_lost_until_some_are_taken),
        cmocka_unit_test(packets_are_lost_when_the_environment_has_no_memory),
        cmocka_unit_test(memory_is_taken_in_slabs_and_not_per_packet),
        cmocka_unit_test(time_that_runs_backwards_counts_as_the_latest),
        cmocka_unit_test(config_out_of_range_is_refused),
        cmocka_unit_test(devices_tell_what_the_link_is),
        cmocka_unit_test(same_seed_gives_same_passages_and_another_seed_others),
        cmocka_unit_test(heal_makes_a_plain_wire_and_keeps_what_is_under_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
