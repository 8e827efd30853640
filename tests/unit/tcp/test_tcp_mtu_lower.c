// SPDX-License-Identifier: MIT
//
// What makes segments smaller: routers that may lie (RFC 5927 §7.2), and black holes (RFC 2923
// §2.1, RFC 4821 §7.7).
#include "mtu_steps.h"

// Full segments of which nothing is heard: the timer, the timer, and smaller ones; IPv6 paths carry
// 1280 octets, so that nothing below is tried there.
static void full_segments_that_vanish_are_sent_in_smaller_pieces(void **state)
{
    (void)state;
    MTU_OPEN(BLACK_HOLE);
    WRITE(3 * FULL);
    EXPECT_RUN_ALL(1, 1 + 3 * FULL, FULL);
    EXPECT_AFTER(SEC(1), .flags = ACK, .seq = 1, .ack = 1, .data = FULL, WHY(SEND_TIMEOUT));
    EXPECT_AFTER(SEC(2), .flags = ACK, .seq = 1, .ack = 1, .data = BASE, WHY(SEND_BLACK_HOLE));
    REASON(MTU_SUSPECTED);
    bool has_less = bench.version == 4;
    uint32_t third = has_less ? mtu_payload(1024) : BASE;
    uint32_t fourth = has_less ? mtu_payload(552) : BASE;
    EXPECT_AFTER(SEC(4), .flags = ACK, .seq = 1, .ack = 1, .data = third);
    EXPECT_AFTER(SEC(8), .flags = ACK, .seq = 1, .ack = 1, .data = fourth);
    segment_forget_sent(); // one full segment as it was when the timer cut the window
    EXPECT_AFTER(SEC(16), .flags = ACK, .seq = 1, .ack = 1, .data = fourth, WHY(SEND_TIMEOUT));
    segment_forget_sent();
    SEND_ACK(1 + fourth);
    REASON(MTU_BLACK_HOLE);
    segment_forget_sent();
    SEND_ACK(1 + 3 * FULL);
    PMTU(has_less ? 552 : 1280);
    CHECK_EQ(segment_conn()->mtu->high_bytes, 1499);
}

// What small segments are lost from is no black hole.
static void small_segments_that_vanish_keep_their_size(void **state)
{
    (void)state;
    MTU_OPEN(BLACK_HOLE);
    WRITE(500);
    EXPECT(.flags = PSH | ACK, .seq = 1, .ack = 1, .data = 500);
    for (uint32_t i = 0; i < 5; i++) {
        EXPECT_WITHIN(SEC(60), .flags = PSH | ACK, .seq = 1, .ack = 1, .data = 500);
    }
    NO_REASON(MTU_SUSPECTED);
    PMTU(1500);
    SEND_ACK(501);
}

// Once such packets have arrived the path is more likely to be down: one timeout more, and the old
// size is what is tried first when something arrives again.
static void size_that_has_passed_is_given_up_later_and_tried_again_first(void **state)
{
    (void)state;
    MTU_OPEN_SACK();
    WRITE(2 * FULL);
    EXPECT_RUN_ALL(1, 1 + 2 * FULL, FULL);
    ADVANCE(MS(100));
    SEND_ACK(1 + 2 * FULL);
    uint32_t at = 1 + 2 * FULL;
    WRITE(2 * FULL);
    EXPECT_RUN_ALL(at, at + 2 * FULL, FULL);
    segment_conn()->uses_sack = true;
    ADVANCE(SEC(4)); // the tail-loss probe and two timeouts
    PMTU(1500);
    segment_forget_sent();
    EXPECT_WITHIN(SEC(8), .flags = ACK, .seq = at, .ack = 1, .data = BASE, WHY(SEND_BLACK_HOLE));
    SEND_ACK(at + 2 * FULL);
    REASON(MTU_BLACK_HOLE);
    CHECK_EQ(segment_conn()->mtu->high_bytes, 1500);
    segment_forget_sent();
    segment_conn()->cc.cwnd_bytes = 20 * FULL;
    WRITE(FULL + 6 * BASE);
    EXPECT_BYTES(at + 2 * FULL, FULL, WHY(SEND_MTU_PROBE));
    segment_forget_sent();
    SEND_ACK(at + 3 * FULL + 6 * BASE);
    REASON(MTU_PROBE_PASSED);
    PMTU(1500);
}

static void never_means_never(void **state)
{
    (void)state;
    MTU_OPEN(NEVER);
    WRITE(2 * FULL);
    EXPECT_RUN_ALL(1, 1 + 2 * FULL, FULL);
    for (uint32_t i = 0; i < 5; i++) {
        EXPECT_WITHIN(SEC(60), .flags = ACK, .seq = 1, .ack = 1, .data = FULL);
    }
    TOO_BIG(1280, 1); // routers are heard all the same
    REASON(ICMP_TOO_BIG);
    PMTU(1280);
    CHECK(segment_conn()->mtu == NULL);
    segment_forget_sent();
    SEND_ACK(1 + 2 * FULL);
}

static void open_with_passed_size(struct segment_place at)
{
    mtu_open(SYNFIN_MTU_PROBING_BLACK_HOLE, 1500, true, at);
    segment_result(segment_user_send(FULL), SYNFIN_ERROR_OK, at);
    segment_forget_sent();
    segment_advance(MS(100), at);
    segment_send(&(struct segment){.flags = ACK, .seq = 1, .ack = 1 + FULL}, at);
    segment_equal(segment_conn()->mtu_trust, TCP_MTU_TRUST_PASSED, "a full segment passed", at);
}

// RFC 5927 §7.2: packets of the size that "cannot pass" have passed, and this one does too.
static void hist_69_word_that_progress_disproves_is_dropped(void **state)
{
    (void)state;
    open_with_passed_size(HERE);
    WRITE(3 * FULL);
    EXPECT_RUN_ALL(1 + FULL, 1 + 4 * FULL, FULL);
    TOO_BIG(1280, 1 + FULL);
    REASON(ICMP_TOO_BIG_WAITS);
    EXPECT_NOTHING();
    PMTU(1500);
    SEND_ACK(1 + 2 * FULL);
    REASON(DROP_ICMP_PROGRESS);
    SEND_ACK(1 + 4 * FULL);
    PMTU(1500);
    CHECK(segment_conn()->mtu == NULL);
}

// The same when the octet was acknowledged selectively, by the time silence would bear it out.
static void hist_69_word_about_what_was_sacked_is_dropped(void **state)
{
    (void)state;
    open_with_passed_size(HERE);
    uint32_t at = 1 + FULL;
    WRITE(3 * FULL);
    EXPECT_RUN_ALL(at, at + 3 * FULL, FULL);
    TOO_BIG(1280, at + FULL);
    SEND(.flags = ACK, .seq = 1, .ack = at, .sack = {{at + FULL, at + 2 * FULL}});
    ADVANCE(SEC(2));
    segment_forget_sent();
    PMTU(1500);
    CHECK(bench.tcp->report->count[SYNFIN_REASON_DROP_ICMP_PROGRESS] == 1);
    SEND_ACK(at + 3 * FULL);
}

static void word_that_silence_bears_out_is_believed(void **state)
{
    (void)state;
    open_with_passed_size(HERE);
    uint32_t cwnd = segment_conn()->cc.cwnd_bytes;
    uint32_t at = 1 + FULL;
    WRITE(3 * FULL);
    EXPECT_RUN_ALL(at, at + 3 * FULL, FULL);
    TOO_BIG(1280, at);
    EXPECT_NOTHING();
    EXPECT_AFTER(MS(200), .flags = ACK, .seq = at, .ack = 1, .data = BASE, WHY(SEND_PMTU));
    REASON(ICMP_TOO_BIG);
    EXPECT_BYTES(at + BASE, BASE, WHY(SEND_PMTU));
    segment_forget_sent();
    PMTU(1280);
    CHECK_EQ(segment_conn()->cc.cwnd_bytes, cwnd);
    SEND_ACK(at + 3 * FULL);
}

// Without SACK there are no tail-loss probes: the timer bears it out.
static void word_that_the_timer_bears_out_is_believed(void **state)
{
    (void)state;
    MTU_OPEN(BLACK_HOLE);
    WRITE(FULL);
    EXPECT(.flags = PSH | ACK, .seq = 1, .ack = 1, .data = FULL);
    SEND_ACK(1 + FULL);
    WRITE(2 * FULL);
    EXPECT_RUN_ALL(1 + FULL, 1 + 3 * FULL, FULL);
    TOO_BIG(1280, 1 + FULL);
    EXPECT_NOTHING();
    EXPECT_AFTER(SEC(1), .flags = ACK, .seq = 1 + FULL, .ack = 1, .data = BASE, WHY(SEND_PMTU));
    SEND_ACK(1 + 3 * FULL);
    PMTU(1280);
}

// RFC 1191 §6.3, RFC 8201 §4: ten minutes, and then by one packet that may be lost.
static void told_size_is_questioned_after_ten_minutes(void **state)
{
    (void)state;
    MTU_OPEN_SACK();
    WRITE(2 * FULL);
    EXPECT_RUN_ALL(1, 1 + 2 * FULL, FULL);
    TOO_BIG(1280, 1);
    segment_forget_sent();
    ADVANCE(MS(100));
    SEND_ACK(1 + 2 * FULL);
    uint32_t at = 1 + 2 * FULL;
    ADVANCE(SEC(590));
    WRITE(8 * BASE);
    EXPECT_RUN_ALL(at, at + 8 * BASE, BASE);
    SEND_ACK(at + 8 * BASE);
    at += 8 * BASE;
    ADVANCE(SEC(10));
    WRITE(FULL + 3 * BASE);
    EXPECT_BYTES(at, FULL, WHY(SEND_MTU_PROBE));
    EXPECT_RUN_ALL(at + FULL, at + FULL + 3 * BASE, BASE);
    ADVANCE(MS(100));
    SEND_ACK(at + FULL + 3 * BASE);
    REASON(MTU_PROBE_PASSED);
    PMTU(1500);
}

// The path shrinks under a probe.
static void shrinking_path_ends_a_search(void **state)
{
    (void)state;
    PROBE_SACK(6);
    uint32_t less = bench.version == 4 ? 1000 : 1280;
    TOO_BIG(less, 1 + FULL);
    if (bench.version == 4) {
        REASON(ICMP_TOO_BIG);
        EXPECT_BYTES(1, mtu_payload(1000), WHY(SEND_PMTU));
    } else {
        REASON(DROP_ICMP_MTU_KNOWN);
    }
    segment_forget_sent();
    SEND_ACK(1 + FULL + 6 * BASE);
    PMTU(bench.version == 4 ? 1000 : 1500);
}

// The least that is believed is the user's to say; IPv6 has its own.
static void configured_floor_is_kept(void **state)
{
    (void)state;
    segment_config()->mtu_floor_bytes = 1200;
    MTU_OPEN(BLACK_HOLE);
    WRITE(2 * FULL);
    EXPECT_RUN_ALL(1, 1 + 2 * FULL, FULL);
    TOO_BIG(bench.version == 4 ? 576 : 1280, 1);
    PMTU(bench.version == 4 ? 1200 : 1280);
    segment_forget_sent();
    SEND_ACK(1 + 2 * FULL);
}

// Any MTU that anybody may write into an error: no segment becomes smaller than the floor's.
static void hist_43_mtu_of_an_error_never_leads_below_the_floor(void **state)
{
    (void)state;
    MTU_OPEN(BLACK_HOLE);
    WRITE(3 * FULL);
    segment_forget_sent();
    for (uint32_t mtu = 1501; mtu-- > 0;) {
        TOO_BIG(mtu, 1);
        segment_conn()->mtu_trust = TCP_MTU_TRUST_NONE; // so that each is judged at once
        CHECK(segment_conn()->snd.mss >= mtu_payload(bench.version == 4 ? 552 : 1280));
        segment_forget_sent();
    }
    PMTU(bench.version == 4 ? 552 : 1280);
    SEND_ACK(1 + 3 * FULL);
}

// Who has no segment of ours in flight to quote leaves no trace for connections to come.
static void hist_70_error_about_nothing_is_not_remembered(void **state)
{
    (void)state;
    MTU_OPEN(BLACK_HOLE);
    WRITE(2 * FULL);
    segment_forget_sent();
    TOO_BIG(1280, 1 + 2 * FULL);
    REASON(DROP_ICMP_SEQUENCE);
    bench.peer_port++;
    TOO_BIG(1280, 1);
    REASON(DROP_ICMP_QUOTE);
    bench.peer_port--;
    CHECK(bench.tcp->mtu_cache.entry == NULL);
    TOO_BIG(1280, 1);
    CHECK(tcp_mtu_cache_find(&bench.tcp->mtu_cache, &bench.theirs)->mtu_bytes == 1280);
    segment_forget_sent();
    SEND_ACK(1 + 2 * FULL);
}

// What the device splits is split into segments of the new size.
static void super_packets_are_of_smaller_segments(void **state)
{
    (void)state;
    segment_iface_config()->gso_bytes = 65535;
    MTU_OPEN(BLACK_HOLE);
    WRITE(4 * FULL);
    EXPECT(.flags = PSH | ACK, .seq = 1, .ack = 1, .data = 4 * FULL);
    TOO_BIG(1280, 1 + FULL); // about a segment in the middle
    REASON(ICMP_TOO_BIG);
    EXPECT_BYTES(1, BASE, WHY(SEND_PMTU));
    segment_forget_sent();
    SEND_ACK(1 + 4 * FULL);
    uint32_t at = 1 + 4 * FULL;
    WRITE(5 * BASE);
    EXPECT(.flags = PSH | ACK, .seq = at, .ack = 1, .data = 5 * BASE);
    SEND_ACK(at + 5 * BASE);
}

// RFC 5927 §7.2 wants a word about what has passed to wait; where it cannot, the timer tells.
static void word_without_memory_to_wait_for_silence_is_dropped(void **state)
{
    (void)state;
    open_with_passed_size(HERE);
    WRITE(FULL);
    EXPECT(.flags = PSH | ACK, .seq = 1 + FULL, .ack = 1, .data = FULL);
    uint32_t objects_max = bench.tcp->mtus.objects_max;
    bench.tcp->mtus.objects_max = bench.tcp->mtus.objects;
    TOO_BIG(1280, 1 + FULL);
    REASON(DROP_NO_MEMORY);
    EXPECT_NOTHING();
    PMTU(1500);
    bench.tcp->mtus.objects_max = objects_max;
    SEND_ACK(1 + 2 * FULL);
}

// RFC 1191 §6.3: who does not search drops what is old, and routers say it again.
static void what_a_router_said_is_forgotten_in_time_without_searches(void **state)
{
    (void)state;
    MTU_OPEN(NEVER);
    WRITE(2 * FULL);
    EXPECT_RUN_ALL(1, 1 + 2 * FULL, FULL);
    TOO_BIG(1280, 1);
    PMTU(1280);
    segment_forget_sent();
    SEND(.flags = RST, .seq = 1);
    CLOSE();
    segment_without_iss();
    for (uint32_t is_old = 0; is_old < 2; is_old++) {
        ADVANCE(is_old ? SEC(600) : SEC(60));
        segment_open_client((uint16_t)(40001 + is_old), HERE);
        RESULT(segment_user_connect(), OK);
        EXPECT(.flags = SYN);
        PMTU(is_old ? 1500 : 1280);
        ABORT();
        segment_forget_sent();
    }
}

static const struct CMUnitTest tests[] = {
    SEGMENT_TEST(full_segments_that_vanish_are_sent_in_smaller_pieces),
    SEGMENT_TEST(small_segments_that_vanish_keep_their_size),
    SEGMENT_TEST(size_that_has_passed_is_given_up_later_and_tried_again_first),
    SEGMENT_TEST(never_means_never),
    SEGMENT_TEST(hist_69_word_that_progress_disproves_is_dropped),
    SEGMENT_TEST(hist_69_word_about_what_was_sacked_is_dropped),
    SEGMENT_TEST(word_that_silence_bears_out_is_believed),
    SEGMENT_TEST(word_that_the_timer_bears_out_is_believed),
    SEGMENT_TEST(told_size_is_questioned_after_ten_minutes),
    SEGMENT_TEST(shrinking_path_ends_a_search),
    SEGMENT_TEST(configured_floor_is_kept),
    SEGMENT_TEST(hist_43_mtu_of_an_error_never_leads_below_the_floor),
    SEGMENT_TEST(hist_70_error_about_nothing_is_not_remembered),
    SEGMENT_TEST(super_packets_are_of_smaller_segments),
    SEGMENT_TEST(word_without_memory_to_wait_for_silence_is_dropped),
    SEGMENT_TEST(what_a_router_said_is_forgotten_in_time_without_searches),
};
SEGMENT_MAIN(tests)
