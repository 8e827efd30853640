// SPDX-License-Identifier: MIT
//
// The search for the path's MTU by probes that are data: RFC 4821 §7.
#include "mtu_steps.h"

static void probe_that_arrives_makes_segments_grow(void **state)
{
    (void)state;
    PROBE_SACK(6);
    uint32_t cwnd = segment_conn()->cc.cwnd_bytes;
    SEND_ACK(1 + FULL);
    REASON(MTU_PROBE_PASSED);
    REASON(MTU_SEARCH_OVER); // the interface carries no more
    PMTU(1500);
    CHECK(segment_conn()->mtu == NULL);
    CHECK(segment_conn()->cc.cwnd_bytes >= cwnd);
    SEND_ACK(1 + FULL + 6 * BASE);
    WRITE(2 * FULL);
    EXPECT_RUN_ALL(1 + FULL + 6 * BASE, 1 + 3 * FULL + 6 * BASE, FULL);
}

// RFC 4821 §7.6.2: its octets go again in segments of the size that passes, and nothing is cut.
static void probe_lost_alone_is_no_congestion(void **state)
{
    (void)state;
    PROBE_SACK(6);
    struct tcp_cc before = segment_conn()->cc;
    SEND(.flags = ACK, .seq = 1, .ack = 1, .sack = {{1 + FULL, 1 + FULL + BASE}});
    SEND(.flags = ACK, .seq = 1, .ack = 1, .sack = {{1 + FULL, 1 + FULL + 2 * BASE}});
    EXPECT_NOTHING();
    SEND(.flags = ACK, .seq = 1, .ack = 1, .sack = {{1 + FULL, 1 + FULL + 3 * BASE}});
    REASON(MTU_PROBE_LOST);
    EXPECT_BYTES(1, BASE, WHY(SEND_MTU_PROBE_AGAIN));
    EXPECT_BYTES(1 + BASE, FULL - BASE, WHY(SEND_MTU_PROBE_AGAIN));
    EXPECT_NOTHING();
    CHECK_EQ(segment_conn()->cc.cwnd_bytes, before.cwnd_bytes);
    CHECK_EQ(segment_conn()->cc.ssthresh_bytes, before.ssthresh_bytes);
    CHECK(!segment_conn()->recovery.is_active);
    PMTU(1280);
    SEND_ACK(1 + FULL + 6 * BASE);
    EXPECT_NOTHING();
}

// Whoever says that the probe was no congestion must not say so of what was lost with it.
static void probe_lost_with_others_is_congestion_and_says_nothing(void **state)
{
    (void)state;
    PROBE_SACK(6);
    uint32_t cwnd = segment_conn()->cc.cwnd_bytes;
    uint32_t second = 1 + FULL + BASE;
    for (uint32_t i = 1; i <= 3; i++) {
        SEND(.flags = ACK, .seq = 1, .ack = 1, .sack = {{second, second + i * BASE}});
    }
    REASON(MTU_PROBE_UNCLEAR);
    REASON(CC_FAST_RETRANSMIT);
    EXPECT_BYTES(1, BASE, WHY(SEND_RACK));
    CHECK(segment_conn()->cc.ssthresh_bytes < cwnd);
    segment_forget_sent();
    SEND_ACK(1 + FULL + 6 * BASE);
    PMTU(1280);
}

// The retransmission's loss is a loss like any other.
static void octets_of_a_lost_probe_that_are_lost_again_are_congestion(void **state)
{
    (void)state;
    PROBE_SACK(6);
    SEND(.flags = ACK, .seq = 1, .ack = 1, .sack = {{1 + FULL, 1 + FULL + 3 * BASE}});
    EXPECT_BYTES(1, BASE, WHY(SEND_MTU_PROBE_AGAIN));
    EXPECT_BYTES(1 + BASE, FULL - BASE, WHY(SEND_MTU_PROBE_AGAIN));
    EXPECT_WITHIN(SEC(2), .flags = ACK, .seq = 1, .ack = 1, .data = BASE, WHY(SEND_TIMEOUT));
    REASON(CC_TIMEOUT);
    SEND_ACK(1 + FULL + 6 * BASE);
}

static void probe_acknowledged_in_part_did_not_pass(void **state)
{
    (void)state;
    PROBE_SACK(6);
    SEND_ACK(1 + BASE);
    REASON(MTU_PROBE_IN_PARTS);
    PMTU(1280);
    SEND_ACK(1 + FULL + 6 * BASE);
    PMTU(1280);
}

// RFC 4821 §7.6.3: a timer tells of no packet in particular.
static void probe_in_a_timeout_is_asked_again_three_times(void **state)
{
    (void)state;
    PROBE_PLAIN(6);
    uint32_t base = 1;
    for (uint32_t i = 0; i < 3; i++) {
        if (i > 0) {
            segment_conn()->cc.cwnd_bytes = 20 * BASE;
            ADVANCE(SEC(1));
            WRITE(FULL + 6 * BASE);
            EXPECT_BYTES(base, FULL, WHY(SEND_MTU_PROBE));
            EXPECT_RUN_ALL(base + FULL, base + FULL + 6 * BASE, BASE);
        }
        EXPECT_WITHIN(SEC(60), .flags = ACK, .seq = base, .ack = 1, .data = BASE,
                      WHY(SEND_TIMEOUT));
        CHECK_EQ(bench.tcp->report->count[i < 2 ? SYNFIN_REASON_MTU_PROBE_UNCLEAR
                                                : SYNFIN_REASON_MTU_PROBES_LOST],
                 i < 2 ? i + 1 : 1);
        base += FULL + 6 * BASE;
        SEND_ACK(base);
    }
    CHECK(segment_conn()->mtu->high_bytes < 1500);
    PMTU(1280);
}

// RFC 4821 §7.6.2: what a router says of a probe is heard, and the next probe has that size.
static void router_that_drops_a_probe_says_the_next_one(void **state)
{
    (void)state;
    PROBE_SACK(6);
    TOO_BIG(1400, 1);
    REASON(MTU_PROBE_TOLD);
    PMTU(1280);
    SEND(.flags = ACK, .seq = 1, .ack = 1, .sack = {{1 + FULL, 1 + FULL + 6 * BASE}});
    EXPECT_BYTES(1, BASE, WHY(SEND_MTU_PROBE_AGAIN));
    EXPECT_BYTES(1 + BASE, FULL - BASE, WHY(SEND_MTU_PROBE_AGAIN));
    uint32_t at = 1 + FULL + 6 * BASE;
    SEND_ACK(at);
    ADVANCE(MS(900)); // eight round trips, and no RTO of idle time
    WRITE(mtu_payload(1400) + 6 * BASE);
    EXPECT_BYTES(at, mtu_payload(1400), WHY(SEND_MTU_PROBE));
    segment_forget_sent();
    SEND_ACK(at + mtu_payload(1400) + 6 * BASE);
    REASON(MTU_PROBE_PASSED);
    REASON(MTU_SEARCH_OVER);
    PMTU(1400);
}

// Only a word about the probe itself, and below its size.
static void word_about_other_segments_does_not_touch_a_probe(void **state)
{
    (void)state;
    PROBE_SACK(6);
    TOO_BIG(1400, 1 + FULL);
    REASON(DROP_ICMP_MTU_KNOWN);
    TOO_BIG(1500, 1);
    REASON(DROP_ICMP_MTU_KNOWN);
    CHECK_EQ(segment_conn()->mtu->high_bytes, 1500);
    SEND_ACK(1 + FULL + 6 * BASE);
    PMTU(1500);
}

// After a lost probe the common size in the middle is next, then what is left in the middle; the
// search ends where the rest is not worth a packet.
static void search_narrows_down_and_rests(void **state)
{
    static const uint32_t sizes[] = {1450, 1400, 1420, 1410};
    static const bool passes[] = {false, true, false, false};
    (void)state;
    PROBE_SACK(6);
    uint32_t at = 1;
    uint32_t probe = FULL;
    uint32_t now = BASE;
    bool has_passed = false;
    for (uint32_t i = 0; i < 4; i++) {
        uint32_t end = at + probe + 6 * now;
        if (!has_passed) {
            SEND(.flags = ACK, .seq = 1, .ack = at, .sack = {{at + probe, end}});
            REASON(MTU_PROBE_LOST);
            segment_forget_sent();
            ADVANCE(MS(20));
        }
        SEND_ACK(end);
        at = end;
        now = mtu_payload(segment_conn()->pmtu_bytes);
        probe = mtu_payload(sizes[i]);
        has_passed = passes[i];
        ADVANCE(MS(900));
        WRITE(probe + 6 * now);
        EXPECT_BYTES(at, probe, WHY(SEND_MTU_PROBE));
        segment_forget_sent();
        ADVANCE(MS(100));
    }
    SEND(.flags = ACK, .seq = 1, .ack = at, .sack = {{at + probe, at + probe + 6 * now}});
    segment_forget_sent();
    SEND_ACK(at + probe + 6 * now);
    PMTU(1400);
    ADVANCE(MS(900));
    WRITE(8 * now); // 1400 passes and 1410 does not: that is good enough
    segment_forget_sent();
    REASON(MTU_SEARCH_OVER);
    SEND_ACK(at + probe + 14 * now);
}

// RFC 4821 §7.4: enough behind it that its loss be noticed, and room for all of that.
static void probe_waits_for_company(void **state)
{
    (void)state;
    mtu_open(SYNFIN_MTU_PROBING_ALWAYS, 1500, true, HERE);
    WRITE(FULL + 3 * BASE - 1);
    EXPECT_RUN(1, 1 + 4 * BASE, BASE);
    uint32_t rest = FULL - BASE - 1;
    EXPECT_NOTHING();
    SEND_ACK(1 + 4 * BASE);
    EXPECT(.flags = PSH | ACK, .seq = 1 + 4 * BASE, .ack = 1, .data = rest);
    SEND_ACK(1 + 4 * BASE + rest);
}

// The peer's MSS is the limit, and what the user set.
static void probe_is_no_larger_than_the_peer_takes(void **state)
{
    (void)state;
    mtu_open(SYNFIN_MTU_PROBING_ALWAYS, 1400, true, HERE);
    WRITE(mtu_payload(1400) + 6 * BASE);
    EXPECT_BYTES(1, mtu_payload(1400), WHY(SEND_MTU_PROBE));
    segment_forget_sent();
    SEND_ACK(1 + mtu_payload(1400) + 6 * BASE);
    PMTU(1400);
    CHECK(segment_conn()->mtu == NULL);
}

static void small_mss_is_not_searched(void **state)
{
    (void)state;
    mtu_open(SYNFIN_MTU_PROBING_ALWAYS, 1000, true, HERE);
    CHECK(segment_conn()->mtu == NULL);
    WRITE(2 * mtu_payload(1000));
    EXPECT_RUN_ALL(1, 1 + 2 * mtu_payload(1000), mtu_payload(1000));
    SEND_ACK(1 + 2 * mtu_payload(1000));
}

// Without SACK three duplicates say that the probe is missing.
static void probe_lost_alone_without_sack_is_no_congestion(void **state)
{
    (void)state;
    PROBE_PLAIN(6);
    struct tcp_cc before = segment_conn()->cc;
    SEND_ACK(1);
    SEND_ACK(1);
    EXPECT_NOTHING();
    SEND_ACK(1);
    REASON(MTU_PROBE_LOST);
    EXPECT_BYTES(1, BASE, WHY(SEND_MTU_PROBE_AGAIN));
    SEND_ACK(1);
    SEND_ACK(1);
    SEND_ACK(1);
    EXPECT_NOTHING();
    SEND_ACK(1 + BASE);
    EXPECT_BYTES(1 + BASE, BASE, WHY(SEND_MTU_PROBE_AGAIN));
    SEND_ACK(1 + FULL + 6 * BASE);
    CHECK(segment_conn()->cc.cwnd_bytes >= before.cwnd_bytes);
    CHECK_EQ(segment_conn()->cc.ssthresh_bytes, before.ssthresh_bytes);
    CHECK_EQ(segment_conn()->recovery.inflation_bytes, 0);
    EXPECT_NOTHING();
}

static void hole_behind_a_lost_probe_without_sack_is_congestion(void **state)
{
    (void)state;
    PROBE_PLAIN(6);
    SEND_ACK(1);
    SEND_ACK(1);
    SEND_ACK(1);
    EXPECT_BYTES(1, BASE, WHY(SEND_MTU_PROBE_AGAIN));
    SEND_ACK(1 + BASE);
    EXPECT_BYTES(1 + BASE, BASE, WHY(SEND_MTU_PROBE_AGAIN));
    SEND_ACK(1 + FULL); // the segment behind it is missing as well
    REASON(CC_FAST_RETRANSMIT);
    EXPECT_BYTES(1 + FULL, BASE, WHY(SEND_FAST_RETRANSMIT));
    SEND_ACK(1 + FULL + 6 * BASE);
}

static void probe_that_went_again_says_nothing(void **state)
{
    (void)state;
    PROBE_SACK(6);
    uint32_t end = 1 + FULL + 6 * BASE;
    ADVANCE(SEC(2)); // the tail-loss probe and the timer
    segment_forget_sent();
    SEND_ACK(end);
    PMTU(1280);
    NO_REASON(MTU_PROBE_PASSED);
}

// The peer takes its window back and gives it again: what lay beyond it goes again.
static void probe_that_was_unwelcome_says_nothing(void **state)
{
    (void)state;
    PROBE_SACK(6);
    SEND(.flags = ACK, .seq = 1, .ack = 1, .window = SHUT);
    EXPECT_WITHIN(SEC(3), .flags = ACK, .seq = 1, .ack = 1, .data = 1, WHY(SEND_WINDOW_PROBE));
    SEND(.flags = ACK, .seq = 1, .ack = 1);
    EXPECT_BYTES(1, 1, WHY(SEND_WINDOW_OPENED));
    REASON(MTU_PROBE_UNCLEAR);
    segment_forget_sent();
    SEND_ACK(1 + FULL + 6 * BASE);
    PMTU(1280);
    NO_REASON(MTU_PROBE_PASSED);
}

// One packet that no device splits, among super-packets that it does.
static void probe_is_no_super_packet(void **state)
{
    (void)state;
    segment_iface_config()->gso_bytes = 65535;
    mtu_open(SYNFIN_MTU_PROBING_ALWAYS, 1500, true, HERE);
    WRITE(FULL + 6 * BASE);
    EXPECT_BYTES(1, FULL, WHY(SEND_MTU_PROBE));
    EXPECT(.flags = PSH | ACK, .seq = 1 + FULL, .ack = 1, .data = 6 * BASE);
    SEND_ACK(1 + FULL + 6 * BASE);
    PMTU(1500);
}

// SYNFIN_OPTION_RECORD_END: a segment keeps the end, whatever its size could be.
static void no_probe_reaches_across_the_end_of_a_record(void **state)
{
    (void)state;
    MTU_OPEN(ALWAYS);
    SET(CORK, 1);
    WRITE(1000);
    SET(RECORD_END, 1);
    WRITE(FULL + 6 * BASE);
    SET(CORK, 0);
    EXPECT(.flags = PSH | ACK, .seq = 1, .ack = 1, .data = 1000, WHY(SEND_DATA));
    EXPECT_BYTES(1001, FULL, WHY(SEND_MTU_PROBE));
    segment_forget_sent();
    SEND_ACK(1001 + FULL + 6 * BASE);
}

// The user's limit holds for probes too, also when a search has begun with more.
static void limit_that_the_user_sets_during_a_search_holds(void **state)
{
    (void)state;
    mtu_open(SYNFIN_MTU_PROBING_ALWAYS, 1500, true, HERE);
    WRITE(10);
    EXPECT(.flags = PSH | ACK, .seq = 1, .ack = 1, .data = 10);
    SEND_ACK(11);
    SET(MAXSEG, 1000);
    WRITE(10000);
    EXPECT_RUN_ALL(11, 10011, 1000);
    NO_REASON(SEND_MTU_PROBE);
    SEND_ACK(10011);
}

static const struct CMUnitTest tests[] = {
    SEGMENT_TEST(probe_that_arrives_makes_segments_grow),
    SEGMENT_TEST(probe_lost_alone_is_no_congestion),
    SEGMENT_TEST(probe_lost_with_others_is_congestion_and_says_nothing),
    SEGMENT_TEST(octets_of_a_lost_probe_that_are_lost_again_are_congestion),
    SEGMENT_TEST(probe_acknowledged_in_part_did_not_pass),
    SEGMENT_TEST(probe_in_a_timeout_is_asked_again_three_times),
    SEGMENT_TEST(router_that_drops_a_probe_says_the_next_one),
    SEGMENT_TEST(word_about_other_segments_does_not_touch_a_probe),
    SEGMENT_TEST(search_narrows_down_and_rests),
    SEGMENT_TEST(probe_waits_for_company),
    SEGMENT_TEST(probe_is_no_larger_than_the_peer_takes),
    SEGMENT_TEST(small_mss_is_not_searched),
    SEGMENT_TEST(probe_lost_alone_without_sack_is_no_congestion),
    SEGMENT_TEST(hole_behind_a_lost_probe_without_sack_is_congestion),
    SEGMENT_TEST(probe_that_went_again_says_nothing),
    SEGMENT_TEST(probe_that_was_unwelcome_says_nothing),
    SEGMENT_TEST(probe_is_no_super_packet),
    SEGMENT_TEST(no_probe_reaches_across_the_end_of_a_record),
    SEGMENT_TEST(limit_that_the_user_sets_during_a_search_holds),
};
SEGMENT_MAIN(tests)
