// SPDX-License-Identifier: MIT
//
// What arrives twice is reported, once, in the first SACK block: RFC 2883.
#include "data_steps.h"

static void open_with_sack(void)
{
    segment_config()->delayed_ack_ns = MS(40);
    OPEN(.mss = 1000, .sack_ok = true);
}

// RFC 2883 §4.1.1
static void duplicate_of_acknowledged_data_is_reported_once(void **state)
{
    ONLY_WITH_ENTRIES();
    (void)state;
    open_with_sack();
    SEND(.flags = ACK, .seq = 1, .ack = 1, .data = 100);
    SEND(.flags = ACK, .seq = 101, .ack = 1, .data = 100);
    EXPECT_WITHIN(MS(40), .flags = ACK, .seq = 1, .ack = 201);
    SEND(.flags = ACK, .seq = 1, .ack = 1, .data = 100);
    EXPECT(.flags = ACK, .seq = 1, .ack = 201, .sack = {{1, 101}}, WHY(SEND_ACK_DUPLICATE));
    SEND(.flags = ACK, .seq = 201, .ack = 1, .data = 100);
    SEND(.flags = ACK, .seq = 301, .ack = 1, .data = 100);
    EXPECT_WITHIN(MS(40), .flags = ACK, .seq = 1, .ack = 401);
    READ(400);
}

// RFC 2883 §4.1.2
static void duplicate_of_acknowledged_data_comes_before_what_is_held(void **state)
{
    ONLY_WITH_ENTRIES();
    (void)state;
    open_with_sack();
    SEND(.flags = ACK, .seq = 1, .ack = 1, .data = 100);
    SEND(.flags = ACK, .seq = 201, .ack = 1, .data = 100);
    EXPECT(.flags = ACK, .seq = 1, .ack = 101, .sack = {{201, 301}});
    SEND(.flags = ACK, .seq = 1, .ack = 1, .data = 100);
    EXPECT(.flags = ACK, .seq = 1, .ack = 101, .sack = {{1, 101}, {201, 301}});
    SEND(.flags = ACK, .seq = 401, .ack = 1, .data = 100);
    EXPECT(.flags = ACK, .seq = 1, .ack = 101, .sack = {{401, 501}, {201, 301}});
    READ(100);
}

// RFC 2883 §4.1.3
static void duplicate_of_held_data_is_followed_by_its_run(void **state)
{
    ONLY_WITH_ENTRIES();
    (void)state;
    open_with_sack();
    SEND(.flags = ACK, .seq = 101, .ack = 1, .data = 300);
    EXPECT(.flags = ACK, .seq = 1, .ack = 1, .sack = {{101, 401}});
    SEND(.flags = ACK, .seq = 501, .ack = 1, .data = 100);
    EXPECT(.flags = ACK, .seq = 1, .ack = 1, .sack = {{501, 601}, {101, 401}});
    SEND(.flags = ACK, .seq = 201, .ack = 1, .data = 100);
    EXPECT(.flags = ACK, .seq = 1, .ack = 1, .sack = {{201, 301}, {101, 401}, {501, 601}});
    SEND(.flags = ACK, .seq = 501, .ack = 1, .data = 100); // a whole run
    EXPECT(.flags = ACK, .seq = 1, .ack = 1, .sack = {{501, 601}, {501, 601}, {101, 401}});
    SEND(.flags = ACK, .seq = 701, .ack = 1, .data = 100);
    EXPECT(.flags = ACK, .seq = 1, .ack = 1, .sack = {{701, 801}, {501, 601}, {101, 401}});
}

// RFC 2883 §4.2.1: the part that came before, and only it.
static void part_of_a_segment_is_reported(void **state)
{
    ONLY_WITH_ENTRIES();
    (void)state;
    open_with_sack();
    SEND(.flags = ACK, .seq = 1, .ack = 1, .data = 100);
    EXPECT_WITHIN(MS(40), .flags = ACK, .seq = 1, .ack = 101);
    SEND(.flags = ACK, .seq = 51, .ack = 1, .data = 100);
    EXPECT_WITHIN(MS(40), .flags = ACK, .seq = 1, .ack = 151, .sack = {{51, 101}});
    SEND(.flags = ACK, .seq = 251, .ack = 1, .data = 100);
    EXPECT(.flags = ACK, .seq = 1, .ack = 151, .sack = {{251, 351}});
    SEND(.flags = ACK, .seq = 301, .ack = 1, .data = 100);
    EXPECT(.flags = ACK, .seq = 1, .ack = 151, .sack = {{301, 351}, {251, 401}});
    SEND(.flags = ACK, .seq = 201, .ack = 1, .data = 100);
    EXPECT(.flags = ACK, .seq = 1, .ack = 151, .sack = {{251, 301}, {201, 401}});
    READ(150);
}

// The gap is filled by a segment that goes on into what is held: all of it is acknowledged now.
static void part_that_was_held_is_reported_when_the_gap_is_filled(void **state)
{
    ONLY_WITH_ENTRIES();
    (void)state;
    open_with_sack();
    SEND(.flags = ACK, .seq = 101, .ack = 1, .data = 100);
    EXPECT(.flags = ACK, .seq = 1, .ack = 1, .sack = {{101, 201}});
    SEND(.flags = ACK, .seq = 1, .ack = 1, .data = 150);
    EXPECT(.flags = ACK, .seq = 1, .ack = 201, .sack = {{101, 151}});
    READ(200);
}

// RFC 2883 §4.2.3: one block only, and it is the lowest.
static void of_two_parts_the_lower_is_reported(void **state)
{
    ONLY_WITH_ENTRIES();
    (void)state;
    open_with_sack();
    SEND(.flags = ACK, .seq = 101, .ack = 1, .data = 100);
    EXPECT(.flags = ACK, .seq = 1, .ack = 1, .sack = {{101, 201}});
    SEND(.flags = ACK, .seq = 301, .ack = 1, .data = 100);
    EXPECT(.flags = ACK, .seq = 1, .ack = 1, .sack = {{301, 401}, {101, 201}});
    SEND(.flags = ACK, .seq = 51, .ack = 1, .data = 400);
    EXPECT(.flags = ACK, .seq = 1, .ack = 1, .sack = {{101, 201}, {51, 451}});
    SEND(.flags = ACK, .seq = 1, .ack = 1, .data = 40);
    EXPECT(.flags = ACK, .seq = 1, .ack = 41, .sack = {{51, 451}});
    SEND(.flags = ACK, .seq = 21, .ack = 1, .data = 80); // acknowledged, and held
    EXPECT(.flags = ACK, .seq = 1, .ack = 451, .sack = {{21, 41}});
    READ(450);
}

// A retransmission that was not needed is most of all one of the last segment.
static void duplicate_of_the_fin_is_reported(void **state)
{
    ONLY_WITH_ENTRIES();
    (void)state;
    open_with_sack();
    SEND(.flags = FIN | ACK, .seq = 1, .ack = 1, .data = 100);
    EXPECT(.flags = ACK, .seq = 1, .ack = 102);
    SEND(.flags = FIN | ACK, .seq = 1, .ack = 1, .data = 100);
    EXPECT(.flags = ACK, .seq = 1, .ack = 102, .sack = {{1, 102}});
    SEND(.flags = FIN | ACK, .seq = 101, .ack = 1);
    EXPECT(.flags = ACK, .seq = 1, .ack = 102, .sack = {{101, 102}});
    READ(100);
}

// Octets before the peer's first were never received, whoever says so.
static void what_never_came_is_no_duplicate(void **state)
{
    ONLY_WITH_ENTRIES();
    (void)state;
    open_with_sack();
    SEND(.flags = ACK, .seq = 1u - 500, .ack = 1, .data = 100);
    EXPECT(.flags = ACK, .seq = 1, .ack = 1);
    SEND(.flags = ACK, .seq = 1u - 500, .ack = 1, .data = 600); // 99 octets of it are new
    EXPECT_WITHIN(MS(40), .flags = ACK, .seq = 1, .ack = 101);
    SEND(.flags = ACK, .seq = 1u - 500, .ack = 1, .data = 550);
    EXPECT(.flags = ACK, .seq = 1, .ack = 101, .sack = {{1, 51}});
    READ(100);
}

// 12 + 4 + 3 * 8 = 40 octets: RFC 2018 §3.
static void three_blocks_in_all_fit_beside_timestamps(void **state)
{
    (void)state;
    OPEN(.mss = 1000, .sack_ok = true, .ts = TS(1, 0));
    for (uint32_t i = 0; i < 4; i++) {
        SEND(.flags = ACK, .seq = 101 + 100 * i, .ack = 1, .data = 50, .ts = TS(1, 0));
    }
    segment_forget_sent();
    SEND(.flags = ACK, .seq = 111, .ack = 1, .data = 20, .ts = TS(1, 0));
    EXPECT(.flags = ACK, .seq = 1, .ack = 1, .ts = TS(0, 1),
           .sack = {{111, 131}, {101, 151}, {401, 451}});
    SEND(.flags = ACK, .seq = 1, .ack = 1, .data = 110, .ts = TS(1, 0));
    EXPECT(.flags = ACK, .seq = 1, .ack = 151, .ts = TS(0, 1),
           .sack = {{101, 111}, {401, 451}, {301, 351}});
    READ(150);
}

static void without_sack_nothing_is_reported(void **state)
{
    (void)state;
    OPEN(.mss = 1000);
    SEND(.flags = ACK, .seq = 1, .ack = 1, .data = 100);
    EXPECT_WITHIN(MS(500), .flags = ACK, .seq = 1, .ack = 101);
    SEND(.flags = ACK, .seq = 1, .ack = 1, .data = 100);
    EXPECT(.flags = ACK, .seq = 1, .ack = 101, WHY(SEND_ACK_DUPLICATE));
    SEND(.flags = ACK, .seq = 201, .ack = 1, .data = 100);
    EXPECT(.flags = ACK, .seq = 1, .ack = 101);
    SEND(.flags = ACK, .seq = 201, .ack = 1, .data = 100);
    EXPECT(.flags = ACK, .seq = 1, .ack = 101);
    READ(100);
}

// The report is the segment's own: what is longer by it must not be longer than the MSS.
static void duplicate_is_reported_with_data_that_goes_anyway(void **state)
{
    ONLY_WITH_ENTRIES();
    (void)state;
    segment_iface_config()->gso_bytes = 65535;
    open_with_sack();
    SEND(.flags = ACK, .seq = 1, .ack = 1, .data = 100);
    EXPECT_WITHIN(MS(40), .flags = ACK, .seq = 1, .ack = 101);
    SEND(.flags = ACK, .seq = 51, .ack = 1, .data = 100); // its acknowledgment waits
    WRITE(1988);
    EXPECT(.flags = ACK, .seq = 1, .ack = 151, .data = 988, .sack = {{51, 101}});
    EXPECT(.flags = PSH | ACK, .seq = 989, .ack = 151, .data = 1000);
    SEND(.flags = ACK, .seq = 151, .ack = 1989);
    READ(150);
}

// Memory for what comes first is taken from what is held: nothing is said of it any more.
static void duplicate_in_a_run_given_up_is_not_reported(void **state)
{
    ONLY_WITH_ENTRIES();
    (void)state;
    open_with_sack();
    SEND(.flags = ACK, .seq = 201, .ack = 1, .data = 100);
    EXPECT(.flags = ACK, .seq = 1, .ack = 1, .sack = {{201, 301}});
    struct tcp_conn *conn = segment_conn();
    conn->rcv.again_left = seq_add(conn->rcv.nxt, 399); // held once, and given up
    conn->rcv.again_right = seq_add(conn->rcv.nxt, 499);
    SEND(.flags = ACK, .seq = 601, .ack = 1, .data = 100);
    EXPECT(.flags = ACK, .seq = 1, .ack = 1, .sack = {{601, 701}, {201, 301}});
}

static const struct CMUnitTest tests[] = {
    SEGMENT_TEST(duplicate_of_acknowledged_data_is_reported_once),
    SEGMENT_TEST(duplicate_of_acknowledged_data_comes_before_what_is_held),
    SEGMENT_TEST(duplicate_of_held_data_is_followed_by_its_run),
    SEGMENT_TEST(part_of_a_segment_is_reported),
    SEGMENT_TEST(part_that_was_held_is_reported_when_the_gap_is_filled),
    SEGMENT_TEST(of_two_parts_the_lower_is_reported),
    SEGMENT_TEST(duplicate_of_the_fin_is_reported),
    SEGMENT_TEST(what_never_came_is_no_duplicate),
    SEGMENT_TEST(three_blocks_in_all_fit_beside_timestamps),
    SEGMENT_TEST(without_sack_nothing_is_reported),
    SEGMENT_TEST(duplicate_is_reported_with_data_that_goes_anyway),
    SEGMENT_TEST(duplicate_in_a_run_given_up_is_not_reported),
};

SEGMENT_MAIN_TWICE(tests)
