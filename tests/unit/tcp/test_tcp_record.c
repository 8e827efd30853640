// SPDX-License-Identifier: MIT
//
// Ends of records, SYNFIN_OPTION_RECORD_END: segments keep them, at first and when they are sent
// again.
#include "loss_steps.h"

static int64_t is_at_end(void)
{
    int64_t value = -1;
    RESULT(synfin_socket_get_option(bench.stack, bench.socket, SYNFIN_OPTION_RECORD_END, &value),
           OK);
    return value;
}

static void write_record(uint32_t bytes)
{
    WRITE(bytes);
    SET(RECORD_END, 1);
}

static void expect_record(uint32_t seq, uint32_t bytes)
{
    EXPECT(.flags = PSH | ACK, .seq = seq, .ack = 1, .data = bytes);
}

static void segment_stops_at_the_end_of_a_record(void **state)
{
    (void)state;
    OPEN(.mss = 1000);
    write_record(1400);
    WRITE(1600);
    EXPECT(.flags = ACK, .seq = 1, .ack = 1, .data = 1000);
    expect_record(1001, 400);
    EXPECT(.flags = ACK, .seq = 1401, .ack = 1, .data = 1000);
    EXPECT_NOTHING(); // what follows has no end: Nagle's algorithm holds it
    SEND_ACK(2401);
    expect_record(2401, 600);
    SEND_ACK(3001);
}

// Nagle's algorithm waits to fill a segment, which nothing can fill any more.
static void records_do_not_wait_for_one_another(void **state)
{
    (void)state;
    OPEN(.mss = 1000);
    write_record(100);
    write_record(200);
    write_record(300);
    expect_record(1, 100);
    expect_record(101, 200);
    expect_record(301, 300);
    EXPECT_NOTHING();
    SEND_ACK(601);
}

static void cork_holds_the_last_record_and_no_other(void **state)
{
    (void)state;
    OPEN(.mss = 1000);
    SET(CORK, 1);
    write_record(100);
    EXPECT_NOTHING();
    write_record(200);
    expect_record(1, 100);
    EXPECT_NOTHING();
    SET(CORK, 0);
    expect_record(101, 200);
    SEND_ACK(301);
}

static void record_beyond_the_window_goes_by_its_edge(void **state)
{
    (void)state;
    OPEN(.mss = 1000, .window = 1500);
    write_record(1400);
    write_record(400);
    EXPECT(.flags = ACK, .seq = 1, .ack = 1, .data = 1000);
    expect_record(1001, 400);
    EXPECT_NOTHING(); // 100 octets of the second have room
    SEND(.flags = ACK, .seq = 1, .ack = 1401, .window = 1500);
    expect_record(1401, 400);
    SEND_ACK(1801);
}

static void mark_twice_is_one_end(void **state)
{
    (void)state;
    OPEN(.mss = 1000);
    CHECK_EQ(is_at_end(), 0);
    write_record(100);
    SET(RECORD_END, 1);
    CHECK_EQ(is_at_end(), 1);
    WRITE(10);
    CHECK_EQ(is_at_end(), 0);
    expect_record(1, 100);
    SEND_ACK(101);
    expect_record(101, 10);
    SEND_ACK(111);
    SET(RECORD_END, 1); // nothing is queued: it ends here anyway
    CHECK_EQ(is_at_end(), 0);
    CHECK(segment_conn()->records == NULL);
}

static void end_is_kept_by_what_was_sent_before_the_mark(void **state)
{
    (void)state;
    OPEN(.mss = 1000);
    WRITE(100);
    expect_record(1, 100);
    SET(RECORD_END, 1);
    SET(NODELAY, 1);
    WRITE(200);
    expect_record(101, 200);
    EXPECT_WITHIN(SEC(2), .flags = PSH | ACK, .seq = 1, .ack = 1, .data = 100, WHY(SEND_TIMEOUT));
    expect_record(101, 200);
    SEND_ACK(301);
}

// Going back after a timeout, without SACK.
static void timeout_sends_records_again_one_by_one(void **state)
{
    (void)state;
    OPEN(.mss = 1000);
    for (uint32_t i = 0; i < 3; i++) {
        write_record(100);
    }
    for (uint32_t i = 0; i < 3; i++) {
        expect_record(1 + 100 * i, 100);
    }
    EXPECT_WITHIN(SEC(2), .flags = PSH | ACK, .seq = 1, .ack = 1, .data = 100, WHY(SEND_TIMEOUT));
    expect_record(101, 100);
    expect_record(201, 100);
    SEND_ACK(301);
}

// By the scoreboard: three records are one span of it, and go as three segments.
static void lost_records_go_again_one_by_one(void **state)
{
    (void)state;
    LOSS_OPEN(10);
    for (uint32_t i = 0; i < 3; i++) {
        write_record(200);
    }
    WRITE(4000);
    for (uint32_t i = 0; i < 3; i++) {
        expect_record(1 + 200 * i, 200);
    }
    EXPECT_RUN_ALL(601, 4601, 1000);
    ADVANCE(MS(100));
    SEND_SACK(1, {601, 4601});
    for (uint32_t i = 0; i < 3; i++) {
        EXPECT_WITHIN(MS(50), .flags = PSH | ACK, .seq = 1 + 200 * i, .ack = 1, .data = 200);
        ADVANCE(MS(100));
        SEND_SACK(201 + 200 * i, {601, 4601});
    }
    SEND_ACK(4601);
}

// RFC 8985 §7.3: the last segment, not what the last segment's size would make of the octets.
static void tail_probe_is_the_last_record(void **state)
{
    (void)state;
    LOSS_OPEN(10);
    write_record(1300);
    write_record(150);
    EXPECT(.flags = ACK, .seq = 1, .ack = 1, .data = 1000);
    expect_record(1001, 300);
    expect_record(1301, 150);
    EXPECT_AFTER(MS(200), .flags = PSH | ACK, .seq = 1301, .ack = 1, .data = 150,
                 WHY(SEND_TAIL_PROBE));
    SEND_ACK(1451);
}

static void tail_probe_of_new_octets_stops_at_the_end(void **state)
{
    (void)state;
    LOSS_OPEN(10);
    FLY(10, 0);
    write_record(300);
    WRITE(300);
    EXPECT_AFTER(MS(100), .flags = PSH | ACK, .seq = 10001, .ack = 1, .data = 300,
                 WHY(SEND_TAIL_PROBE));
    SEND_ACK(10301);
    segment_forget_sent();
    SEND_ACK(10601);
}

static void marks_are_freed_as_they_are_acknowledged(void **state)
{
    (void)state;
    OPEN(.mss = 1000);
    uint64_t before = bench.tcp->records.objects;
    for (uint32_t i = 0; i < 5; i++) {
        write_record(10);
    }
    CHECK_EQ(bench.tcp->records.objects, before + 6);
    segment_forget_sent();
    SEND_ACK(25); // in the middle of the third
    CHECK_EQ(bench.tcp->records.objects, before + 4);
    SEND_ACK(51);
    CHECK_EQ(bench.tcp->records.objects, before);
    CHECK(segment_conn()->records == NULL);
}

static void marks_are_freed_with_their_connection(void **state)
{
    (void)state;
    OPEN(.mss = 1000);
    write_record(10);
    write_record(10);
    segment_forget_sent();
    SEND(.flags = RST, .seq = 1);
    EVENT_CLOSED(RESET);
    CHECK_EQ(bench.tcp->records.objects, 0);
    RESULT(synfin_socket_set_option(bench.stack, bench.socket, SYNFIN_OPTION_RECORD_END, 1,
                                    bench.now_ns),
           INVALID);
}

// What was queued stays, without an end; with memory the call is made again.
static void mark_without_memory_is_refused(void **state)
{
    (void)state;
    for (uint32_t marks = 0; marks < 2; marks++) {
        steps_begin_again(state);
        OPEN(.mss = 1000);
        SET(CORK, 1);
        WRITE(100);
        if (marks > 0) {
            SET(RECORD_END, 1);
            WRITE(100);
        }
        bench.tcp->records.objects_max = bench.tcp->records.objects + (marks == 0);
        RESULT(synfin_socket_set_option(bench.stack, bench.socket, SYNFIN_OPTION_RECORD_END, 1,
                                        bench.now_ns),
               NO_MEMORY);
        CHECK_EQ(is_at_end(), 0);
        CHECK((segment_conn()->records != NULL) == (marks > 0));
        bench.tcp->records.objects_max = UINT32_MAX;
        SET(RECORD_END, 1);
        CHECK_EQ(is_at_end(), 1);
        SET(CORK, 0);
        for (uint32_t i = 0; i <= marks; i++) {
            expect_record(1 + 100 * i, 100);
        }
        SEND_ACK(101 + 100 * marks);
    }
}

// The FIN has its own number, behind the last record.
static void fin_goes_with_the_last_record(void **state)
{
    (void)state;
    OPEN(.mss = 1000);
    write_record(100);
    write_record(100);
    SHUTDOWN(WRITE);
    expect_record(1, 100);
    EXPECT(.flags = FIN | PSH | ACK, .seq = 101, .ack = 1, .data = 100);
    SEND_ACK(202);
}

static const struct CMUnitTest TESTS[] = {
    SEGMENT_TEST(segment_stops_at_the_end_of_a_record),
    SEGMENT_TEST(records_do_not_wait_for_one_another),
    SEGMENT_TEST(cork_holds_the_last_record_and_no_other),
    SEGMENT_TEST(record_beyond_the_window_goes_by_its_edge),
    SEGMENT_TEST(mark_twice_is_one_end),
    SEGMENT_TEST(end_is_kept_by_what_was_sent_before_the_mark),
    SEGMENT_TEST(timeout_sends_records_again_one_by_one),
    SEGMENT_TEST(lost_records_go_again_one_by_one),
    SEGMENT_TEST(tail_probe_is_the_last_record),
    SEGMENT_TEST(tail_probe_of_new_octets_stops_at_the_end),
    SEGMENT_TEST(marks_are_freed_as_they_are_acknowledged),
    SEGMENT_TEST(marks_are_freed_with_their_connection),
    SEGMENT_TEST(fin_goes_with_the_last_record),
    SEGMENT_TEST(mark_without_memory_is_refused),
};

SEGMENT_MAIN(TESTS)
