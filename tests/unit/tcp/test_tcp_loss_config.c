// SPDX-License-Identifier: MIT
//
// What a configuration says of finding losses: how many segments that come first show one, and
// which of the ways of RFC 8985 and RFC 5682 are taken. And with which packet a search for the
// path's MTU begins.
#include "data_steps.h"
#include "loss_steps.h"

// RFC 8985 §6.2 step 4 with another DupThresh; before it is reached, time shows the loss.
static void reordering_degree_delays_a_loss_that_sacks_show(void **state)
{
    (void)state;
    segment_config()->reordering_segments = 5;
    LOSS_OPEN(10);
    FLY(7, 0);
    SEND_SACK(1, {1001, 5001});
    EXPECT_NOTHING();
    SEND_SACK(1, {1001, 6001});
    EXPECT_SEGMENT(1, WHY(SEND_RACK));
    SEND_ACK(7001);
}

static void reordering_degree_of_one_takes_the_first_sack_for_a_loss(void **state)
{
    (void)state;
    segment_config()->reordering_segments = 1;
    LOSS_OPEN(10);
    FLY(3, 0);
    SEND_SACK(1, {1001, 2001});
    EXPECT_SEGMENT(1, WHY(SEND_RACK));
    SEND_ACK(3001);
}

// RFC 5681 §3.2 step 2, and RFC 3042 sends for the first two and no more.
static void reordering_degree_delays_a_loss_that_duplicates_show(void **state)
{
    (void)state;
    segment_config()->reordering_segments = 4;
    segment_config()->congestion = SYNFIN_CONGESTION_NEWRENO;
    segment_config()->initial_window_segments = 5;
    OPEN(.mss = 1000);
    WRITE(9000);
    EXPECT_RUN(1, 5001, 1000);
    SEND_ACK(1);
    EXPECT_SEGMENT(5001, WHY(SEND_LIMITED_TRANSMIT));
    SEND_ACK(1);
    EXPECT_SEGMENT(6001, WHY(SEND_LIMITED_TRANSMIT));
    SEND_ACK(1);
    EXPECT_NOTHING();
    SEND_ACK(1);
    EXPECT_SEGMENT(1, WHY(SEND_FAST_RETRANSMIT));
    CHECK_EQ(segment_conn()->recovery.inflation_bytes, 4000); // so many have left the network
    SEND_ACK(7001);
    segment_forget_sent();
    SEND_ACK(9001);
}

static void tail_that_is_not_probed_waits_for_the_timer(void **state)
{
    (void)state;
    segment_config()->use_tail_probes = 0;
    LOSS_OPEN(10);
    FLY(3, 0);
    EXPECT_WITHIN(SEC(2), .flags = ACK, .seq = 1, .ack = 1, .data = 1000, WHY(SEND_TIMEOUT));
    SEND_ACK(3001);
}

// Without F-RTO the first acknowledgment after a timeout lets the old go again, not the new.
static void timeout_that_is_not_checked_sends_the_old_again(void **state)
{
    (void)state;
    segment_config()->use_frto = 0;
    segment_config()->congestion = SYNFIN_CONGESTION_NEWRENO;
    segment_config()->initial_window_segments = 5;
    OPEN(.mss = 1000);
    WRITE(10000);
    EXPECT_RUN(1, 5001, 1000);
    EXPECT_AFTER(SEC(1), .flags = ACK, .seq = 1, .ack = 1, .data = 1000, WHY(SEND_TIMEOUT));
    SEND_ACK(1001);
    EXPECT_SEGMENT(1001, WHY(SEND_AFTER_TIMEOUT));
    EXPECT_SEGMENT(2001, WHY(SEND_AFTER_TIMEOUT));
    SEND_ACK(5001);
    segment_forget_sent();
}

// By how many quarters of a round trip, when the peer reports that a segment arrived twice.
static uint8_t widening_after_a_duplicate(uint8_t adapt_reordering)
{
    segment_config()->adapt_reordering = adapt_reordering;
    LOSS_OPEN(10);
    FLY(3, 0);
    SEND_SACK(1001, {1, 1001});
    uint8_t widening = segment_conn()->recovery.reo_wnd_mult;
    segment_forget_sent();
    SEND_ACK(3001);
    return widening;
}

static void window_for_reordering_widens_with_duplicates(void **state)
{
    (void)state;
    CHECK_EQ(widening_after_a_duplicate(1), 1);
}

static void window_for_reordering_stands_still_where_it_shall(void **state)
{
    (void)state;
    CHECK_EQ(widening_after_a_duplicate(0), 0);
}

static uint32_t first_packet_of_a_search(uint32_t base_bytes)
{
    segment_config()->mtu_probing = SYNFIN_MTU_PROBING_ALWAYS;
    segment_config()->mtu_base_bytes = base_bytes;
    OPEN(.mss = 1400);
    return segment_conn()->pmtu_bytes;
}

// RFC 4821 §7.2; no IPv6 path carries less than 1280, RFC 8200 §5.
static void search_begins_with_the_packet_that_is_configured(void **state)
{
    (void)state;
    CHECK_EQ(first_packet_of_a_search(1000), bench.version == 4 ? 1000 : 1280);
}

static void search_begins_no_lower_than_its_floor(void **state)
{
    (void)state;
    CHECK_EQ(first_packet_of_a_search(300), bench.version == 4 ? 552 : 1280);
}

static void search_with_a_large_beginning_begins_with_what_the_path_may_carry(void **state)
{
    (void)state;
    uint32_t first = first_packet_of_a_search(9000);
    CHECK_EQ(first, segment_conn()->path.mtu_bytes);
}

static const struct CMUnitTest tests[] = {
    SEGMENT_TEST(reordering_degree_delays_a_loss_that_sacks_show),
    SEGMENT_TEST(reordering_degree_of_one_takes_the_first_sack_for_a_loss),
    SEGMENT_TEST(reordering_degree_delays_a_loss_that_duplicates_show),
    SEGMENT_TEST(tail_that_is_not_probed_waits_for_the_timer),
    SEGMENT_TEST(timeout_that_is_not_checked_sends_the_old_again),
    SEGMENT_TEST(window_for_reordering_widens_with_duplicates),
    SEGMENT_TEST(window_for_reordering_stands_still_where_it_shall),
    SEGMENT_TEST(search_begins_with_the_packet_that_is_configured),
    SEGMENT_TEST(search_begins_no_lower_than_its_floor),
    SEGMENT_TEST(search_with_a_large_beginning_begins_with_what_the_path_may_carry),
};

SEGMENT_MAIN(tests)
