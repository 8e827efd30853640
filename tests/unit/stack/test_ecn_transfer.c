// SPDX-License-Identifier: MIT
//
// Transfers over a router that marks: nothing is lost, nothing is sent twice, and with DCTCP the
// queue stays where the router begins to mark (RFC 8257 §1), whichever kind of ECN tells it.
#include "lib/test_cmocka.h"
#include "lib/transfer.h"

enum { MARK_PACKETS = 20, OCTETS = 3000000 };

struct outcome {
    struct synfin_tcp_info sender, receiver;
    struct synfin_link_stats link;
    uint64_t rate; // octets per second
};

static void run(enum synfin_ecn ecn, enum synfin_congestion congestion, struct outcome *out)
{
    struct transfer_config config;
    static struct transfer transfer;
    transfer_config_default(&config, 1);
    config.octets[0] = OCTETS;
    config.world.link.rate_bps = 100000000;
    config.world.link.delay_ns = 2 * WORLD_MS;
    config.world.link.queue_packets = 500;
    config.world.link.mark_packets = MARK_PACKETS;
    for (uint32_t i = 0; i < WORLD_HOSTS; i++) {
        config.world.stack[i].ecn = (uint8_t)ecn;
        config.world.stack[i].accurate_ecn = ecn != SYNFIN_ECN_ASK;
        config.world.stack[i].congestion = congestion;
    }
    transfer_begin(&transfer, &config);
    assert_true(transfer_run(&transfer, 20 * WORLD_S));
    out->sender = transfer_info(&transfer, 0);
    out->receiver = transfer_info(&transfer, 1);
    out->rate = transfer_rate(&transfer, 1);
    out->link.size = sizeof out->link;
    synfin_link_stats(transfer.world.link, SYNFIN_LINK_A, &out->link);
    transfer_finish(&transfer);
}

static void assert_lossless(const struct outcome *outcome, uint32_t kind)
{
    assert_int_equal(outcome->sender.has_ecn, kind);
    assert_int_equal(outcome->link.lost_queue, 0);
    assert_int_equal(outcome->sender.total_retransmits, 0);
    assert_true(outcome->link.marked > 0);
    assert_int_equal(outcome->receiver.received_ce, outcome->link.marked);
}

static void cubic_is_held_back_by_marks_alone(void **state)
{
    (void)state;
    static const enum synfin_ecn kinds[] = {SYNFIN_ECN_ASK, SYNFIN_ECN_ASK_ACCURATE};
    for (uint32_t i = 0; i < 2; i++) {
        struct outcome outcome;
        run(kinds[i], SYNFIN_CONGESTION_CUBIC, &outcome);
        assert_lossless(&outcome, 1 + i);
        assert_true(outcome.rate > 10000000); // of 12.5 million
    }
}

// RFC 8257 §4.2: K = 20 packets is above C * RTT / 7, and the queue swings little above it.
static void dctcp_holds_the_queue_at_the_threshold(void **state)
{
    (void)state;
    static const enum synfin_ecn kinds[] = {SYNFIN_ECN_ASK, SYNFIN_ECN_ACCEPT};
    for (uint32_t i = 0; i < 2; i++) {
        struct outcome outcome;
        run(kinds[i], SYNFIN_CONGESTION_DCTCP, &outcome);
        assert_lossless(&outcome, 1 + i);
        assert_true(outcome.rate > 11000000);
        assert_true(outcome.link.queue_packets_max < 4 * MARK_PACKETS);
        assert_true(outcome.sender.delivered_ce >= outcome.link.marked * 9 / 10);
        assert_true(outcome.sender.delivered_ce <= outcome.link.marked * 11 / 10 + 2);
    }
}

// What accurate feedback tells is what was marked, to the packet.
static void accurate_feedback_counts_every_mark(void **state)
{
    (void)state;
    struct outcome outcome;
    run(SYNFIN_ECN_ASK_ACCURATE, SYNFIN_CONGESTION_NEWRENO, &outcome);
    assert_lossless(&outcome, 2);
    assert_int_equal(outcome.sender.delivered_ce, outcome.link.marked);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cubic_is_held_back_by_marks_alone),
        cmocka_unit_test(dctcp_holds_the_queue_at_the_threshold),
        cmocka_unit_test(accurate_feedback_counts_every_mark),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
