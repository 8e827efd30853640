// SPDX-License-Identifier: MIT
//
// TIME-WAIT: RFC 9293 §3.6.1 and §3.10.7.4, its reuse by RFC 6191, and RFC 1337's hazards.
#include "lib/segment.h"
#include "lib/segment_info.h"

enum { MSL_S = 30 };

// RFC 9293 §3.6.1 [MUST-13]
static void lasts_twice_the_segment_lifetime(void **state)
{
    (void)state;
    REACH(TIME_WAIT);
    ADVANCE(SEC(2 * MSL_S) - MS(1));
    IN_STATE(TIME_WAIT);
    ADVANCE(MS(2));
    REASON(TIME_WAIT_OVER);
    IN_STATE(CLOSED);
    EXPECT_NOTHING();
    CLOSE();
    EXPECT_FREE();
}

static void lasts_as_long_as_configured(void **state)
{
    (void)state;
    segment_config()->msl_ns = SEC(120);
    REACH(TIME_WAIT);
    CLOSE();
    ADVANCE(SEC(239));
    IN_STATE(TIME_WAIT);
    ADVANCE(SEC(2));
    IN_STATE(CLOSED);
    EXPECT_FREE();
}

// RFC 9293 §3.10.7.4, fifth and eighth: acknowledged, and 2MSL begins anew.
static void repeated_fin_is_acknowledged_and_begins_anew(void **state)
{
    (void)state;
    REACH(TIME_WAIT);
    ADVANCE(SEC(50));
    SEND(.flags = FIN | ACK, .seq = 1, .ack = 2);
    REASON(TIME_WAIT_RESTARTED);
    EXPECT(.flags = ACK, .seq = 2, .ack = 2, WHY(SEND_ACK_OF_FIN_AGAIN));
    ADVANCE(SEC(59));
    IN_STATE(TIME_WAIT);
    ADVANCE(SEC(2));
    IN_STATE(CLOSED);
}

// A segment that is no FIN is old: it must not keep the connection.
static void other_segments_do_not_begin_it_anew(void **state)
{
    (void)state;
    REACH(TIME_WAIT);
    ADVANCE(SEC(50));
    SEND(.flags = ACK, .seq = 2, .ack = 2);
    SEND(.flags = PSH | ACK, .seq = 2, .ack = 2, .data = 5);
    SEND(.flags = PSH | ACK, .seq = 900000, .ack = 2, .data = 5);
    EXPECT(.flags = ACK, .seq = 2, .ack = 2);
    ADVANCE(SEC(11));
    IN_STATE(CLOSED);
}

// hist/103: RFC 1337 §3, a reset cannot end it.
static void hist_103_reset_is_ignored(void **state)
{
    (void)state;
    REACH(TIME_WAIT);
    SEND(.flags = RST, .seq = 2);
    REASON(DROP_RST_TIME_WAIT);
    SEND(.flags = RST | ACK, .seq = 2, .ack = 2);
    SEND(.flags = RST, .seq = 1000);
    SEND(.flags = RST, .seq = 900000);
    EXPECT_NOTHING();
    IN_STATE(TIME_WAIT);
}

// hist/103: old data is acknowledged within the connection's limit, and kills nothing.
static void hist_103_old_data_is_acknowledged(void **state)
{
    (void)state;
    REACH(TIME_WAIT);
    SEND(.flags = PSH | ACK, .seq = 0, .ack = 1, .data = 1);
    EXPECT(.flags = ACK, .seq = 2, .ack = 2);
    ADVANCE(MS(700));
    for (uint32_t i = 0; i < 20; i++) {
        SEND(.flags = ACK, .seq = 900000, .ack = 2);
    }
    EXPECT(.flags = ACK, .seq = 2, .ack = 2);
    EXPECT_NOTHING();
    IN_STATE(TIME_WAIT);
}

// The passive side of the pair: a listener's connection that closed first.
static void close_first_passively(void)
{
    OPEN_PASSIVE();
    SHUTDOWN(WRITE);
    EXPECT(.flags = FIN | ACK, .seq = 1, .ack = 1);
    SEND(.flags = FIN | ACK, .seq = 1, .ack = 2);
    EXPECT(.flags = ACK, .seq = 2, .ack = 2);
    IN_STATE(TIME_WAIT);
    CLOSE();
}

// RFC 9293 §3.6.1 [MAY-2]: the new numbers lie beyond all of the old.
static void greater_syn_opens_the_pair_anew(void **state)
{
    ONLY_WITH_ENTRIES();
    (void)state;
    close_first_passively();
    uint32_t old = segment_iss();
    segment_new_incarnation(3); // RCV.NXT of the old is 2
    SEND(.flags = SYN, .mss = 1460);
    REASON(SYN_NEW_INCARNATION);
    EXPECT(.flags = SYN | ACK, .ack = 1);
    IN_STATE(SYN_RECEIVED);
    CHECK((int32_t)(segment_iss() - (old + 2)) > 0);
    CHECK_EQ(segment_count(SYNFIN_TCP_STATE_TIME_WAIT), 0);
    SEND(.flags = ACK, .seq = 1, .ack = 1);
    IN_STATE(ESTABLISHED);
}

static void syn_not_beyond_the_old_numbers_is_challenged(void **state)
{
    static const uint32_t numbers[] = {0, 1, UINT32_MAX, (UINT32_C(1) << 31) + 3};
    (void)state;
    close_first_passively();
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        SEND(.flags = SYN, .seq = numbers[i]);
        EXPECT(.flags = ACK, .seq = 2, .ack = 2);
        IN_STATE(TIME_WAIT);
        SEND(.flags = SYN, .seq = numbers[i]); // but once within half a second
        EXPECT_NOTHING();
        ADVANCE(MS(700));
    }
}

// The number behind the old FIN is greater than all that were used: found by tests/matrix.
// RFC 9293 §3.6.1 [MAY-2]
static void least_greater_syn_opens_the_pair_anew(void **state)
{
    ONLY_WITH_ENTRIES();
    (void)state;
    close_first_passively();
    segment_new_incarnation(2);
    SEND(.flags = SYN, .mss = 1460);
    IN_STATE(SYN_RECEIVED);
    EXPECT(.flags = SYN | ACK, .ack = 1);
}

static void syn_for_which_nobody_listens_does_not_reopen(void **state)
{
    (void)state;
    REACH(TIME_WAIT); // after an active open
    SEND(.flags = SYN, .seq = 5000);
    EXPECT(.flags = ACK, .seq = 2, .ack = 2);
    IN_STATE(TIME_WAIT);
}

// Only a bare SYN opens.
static void syn_with_other_flags_does_not_reopen(void **state)
{
    (void)state;
    close_first_passively();
    SEND(.flags = SYN | RST, .seq = 5000);
    EXPECT_NOTHING();
    SEND(.flags = SYN | ACK, .seq = 5000, .ack = 2);
    EXPECT(.flags = ACK, .seq = 2, .ack = 2);
    IN_STATE(TIME_WAIT);
}

static void close_first_with_timestamps(void)
{
    LISTEN(4);
    SEND(.flags = SYN, .mss = 1460, .ts = TS(1000, 0));
    EXPECT(.flags = SYN | ACK, .ack = 1);
    SEND(.flags = ACK, .seq = 1, .ack = 1, .ts = TS(1001, 0));
    ACCEPT();
    SHUTDOWN(WRITE);
    EXPECT(.flags = FIN | ACK, .seq = 1, .ack = 1);
    SEND(.flags = FIN | ACK, .seq = 1, .ack = 2, .ts = TS(1002, 0));
    EXPECT(.flags = ACK, .seq = 2, .ack = 2);
    IN_STATE(TIME_WAIT);
    CLOSE();
}

// RFC 9293 §3.6.1 [SHLD-4]: RFC 6191 §2, a later timestamp is enough, whatever the number.
static void later_timestamp_opens_the_pair_anew(void **state)
{
    (void)state;
    close_first_with_timestamps();
    segment_new_incarnation(UINT32_C(1) << 31);
    SEND(.flags = SYN, .mss = 1460, .ts = TS(1003, 0));
    EXPECT(.flags = SYN | ACK, .ack = 1);
    IN_STATE(SYN_RECEIVED);
}

// hist/128: RFC 6191 §2, the other three cases.
static void hist_128_timestamp_not_later_does_not_reopen(void **state)
{
    (void)state;
    close_first_with_timestamps();
    SEND(.flags = SYN, .seq = 70000, .ts = TS(1001, 0)); // older
    EXPECT(.flags = ACK, .seq = 2, .ack = 2);
    ADVANCE(MS(700));
    IN_STATE(TIME_WAIT);
    SEND(.flags = SYN, .seq = 1, .ts = TS(1002, 0)); // the same, and the number is not beyond
    EXPECT(.flags = ACK, .seq = 2, .ack = 2);
    IN_STATE(TIME_WAIT);
    segment_new_incarnation(70000);
    SEND(.flags = SYN, .mss = 1460, .ts = TS(1002, 0)); // the same, and the number is beyond
    EXPECT(.flags = SYN | ACK, .ack = 1);
    IN_STATE(SYN_RECEIVED);
}

// hist/128: a peer behind an address translator, whose clock says nothing.
static void hist_128_syn_without_timestamps_goes_by_its_number(void **state)
{
    ONLY_WITH_ENTRIES();
    (void)state;
    close_first_with_timestamps();
    segment_new_incarnation(70000);
    SEND(.flags = SYN, .mss = 1460);
    EXPECT(.flags = SYN | ACK, .ack = 1);
}

// RFC 9293 §3.6.1: an old duplicate SYN that reopened dies in SYN-RECEIVED.
static void old_duplicate_that_reopened_is_reset(void **state)
{
    ONLY_WITH_ENTRIES();
    (void)state;
    close_first_passively();
    segment_new_incarnation(5000);
    SEND(.flags = SYN, .mss = 1460);
    EXPECT(.flags = SYN | ACK, .ack = 1);
    SEND(.flags = RST, .seq = 1); // the peer knows of no such SYN
    IN_STATE(LISTEN);
    EXPECT_FREE();
}

static void user_calls_after_the_end_in_order(void **state)
{
    size_t received;
    (void)state;
    REACH(TIME_WAIT);
    RESULT(segment_user_send(1), SHUT_DOWN);
    RESULT(segment_user_recv(1, &received), OK);
    CHECK_EQ(received, 0);
    ABORT();
    IN_STATE(CLOSED);
    EXPECT_NOTHING();
    EXPECT_FREE();
}

// Data that came before the peer's FIN may be read in TIME-WAIT and after it.
static void unread_data_survives_time_wait(void **state)
{
    (void)state;
    REACH(FIN_WAIT_2);
    SEND(.flags = FIN | PSH | ACK, .seq = 1, .ack = 2, .data = 77);
    EXPECT(.flags = ACK, .seq = 2, .ack = 79);
    ADVANCE(SEC(61));
    IN_STATE(CLOSED);
    READ(77);
    READ(0);
    CLOSE();
    EXPECT_FREE();
}

// Limits

// With a number of their own of which none is in TIME-WAIT yet.
static void close_first_from(uint16_t port)
{
    bench.peer_port = port;
    SEND(.flags = SYN, .mss = 1460);
    EXPECT(.flags = SYN | ACK, .ack = 1);
    SEND(.flags = ACK, .seq = 1, .ack = 1);
    ACCEPT();
    CLOSE();
    EXPECT(.flags = FIN | ACK, .seq = 1, .ack = 1);
    SEND(.flags = FIN | ACK, .seq = 1, .ack = 2);
    EXPECT(.flags = ACK, .seq = 2, .ack = 2);
    IN_STATE(TIME_WAIT);
}

static bool is_waiting(uint16_t port)
{
    bench.peer_port = port;
    return segment_stub(&bench.tcp->time_wait) != NULL;
}

static void oldest_ends_early_beyond_the_limit(void **state)
{
    ONLY_WITH_ENTRIES();
    (void)state;
    segment_config()->time_wait_max = 2;
    LISTEN(4);
    close_first_from(1001);
    ADVANCE(SEC(1));
    close_first_from(1002);
    ADVANCE(SEC(1));
    bench.peer_port = 1001;
    SEND(.flags = FIN | ACK, .seq = 1, .ack = 2); // begins anew, and is the younger one now
    EXPECT(.flags = ACK, .seq = 2, .ack = 2);
    close_first_from(1003);
    CHECK_EQ(synfin_stack_count(bench.stack, SYNFIN_REASON_TIME_WAIT_EVICTED), 1);
    CHECK(is_waiting(1001) && !is_waiting(1002) && is_waiting(1003));
    bench.peer_port = 1002;
    SEND(.flags = FIN | ACK, .seq = 1, .ack = 2);
    EXPECT(.flags = RST, .seq = 2);
    ADVANCE(SEC(61));
    EXPECT_FREE();
}

// Many come and go, and the table holds together.
static void limit_holds_for_many(void **state)
{
    (void)state;
    segment_config()->time_wait_max = 7;
    LISTEN(4);
    for (uint16_t i = 0; i < 60; i++) {
        close_first_from((uint16_t)(1001 + i));
        CHECK(segment_count(SYNFIN_TCP_STATE_TIME_WAIT) <= 7);
    }
    for (uint16_t i = 0; i < 60; i++) {
        CHECK_EQ(is_waiting((uint16_t)(1001 + i)), i >= 53);
    }
    ADVANCE(SEC(61));
    EXPECT_FREE();
}

static void reach_fin_wait_2_without_memory(void)
{
    REACH(FIN_WAIT_2);
    bench.tcp->memory->limit_bytes = bench.tcp->memory->taken_bytes;
}

static void without_memory_the_last_acknowledgment_is_sent_nevertheless(void **state)
{
    (void)state;
    reach_fin_wait_2_without_memory();
    SEND(.flags = FIN | ACK, .seq = 1, .ack = 2);
    EXPECT(.flags = ACK, .seq = 2, .ack = 2);
    CHECK_EQ(synfin_stack_count(bench.stack, SYNFIN_REASON_TIME_WAIT_NO_MEMORY), 1);
    IN_STATE(CLOSED);
    EVENT(READABLE);
    EVENT_CLOSED(OK);
    NO_EVENT();
    CLOSE();
    EXPECT_FREE();
}

// The FIN comes twice before the device takes anything.
static void acknowledgment_is_owed_though_another_segment_comes(void **state)
{
    (void)state;
    for (uint32_t has_memory = 0; has_memory < 2; has_memory++) {
        (void)segment_teardown(state);
        (void)segment_setup(state);
        reach_fin_wait_2_without_memory();
        if (has_memory != 0) {
            bench.tcp->memory->limit_bytes = SIZE_MAX;
        }
        SEND(.flags = FIN | ACK, .seq = 1, .ack = 2);
        SEND(.flags = ACK, .seq = 2, .ack = 2);
        EXPECT(.flags = ACK, .seq = 2, .ack = 2);
        if (has_memory == 0) {
            EXPECT(.flags = RST, .seq = 2); // it is closed already
        }
        EXPECT_NOTHING();
        EVENT(READABLE);
        EVENT_CLOSED(OK);
        CLOSE();
    }
}

static void repeated_fin_before_the_acknowledgment_left_is_acknowledged(void **state)
{
    (void)state;
    REACH(FIN_WAIT_2);
    SEND(.flags = FIN | PSH | ACK, .seq = 1, .ack = 2, .data = 10);
    SEND(.flags = FIN | PSH | ACK, .seq = 1, .ack = 2, .data = 10);
    REASON(TIME_WAIT_RESTARTED);
    EXPECT(.flags = ACK, .seq = 2, .ack = 12);
    EXPECT(.flags = ACK, .seq = 2, .ack = 12);
    EXPECT_NOTHING();
    READ(10);
    READ(0);
}

// Another part of what came with the FIN, or the FIN alone: it is the last number that counts.
static void fin_with_other_text_is_repeated_too(void **state)
{
    (void)state;
    REACH(FIN_WAIT_2);
    SEND(.flags = FIN | PSH | ACK, .seq = 1, .ack = 2, .data = 10);
    EXPECT(.flags = ACK, .seq = 2, .ack = 12);
    SEND(.flags = FIN | PSH | ACK, .seq = 6, .ack = 2, .data = 5);
    REASON(TIME_WAIT_RESTARTED);
    EXPECT(.flags = ACK, .seq = 2, .ack = 12);
    SEND(.flags = FIN | ACK, .seq = 11, .ack = 2);
    REASON(TIME_WAIT_RESTARTED);
    EXPECT(.flags = ACK, .seq = 2, .ack = 12);
    SEND(.flags = FIN | PSH | ACK, .seq = 1, .ack = 2, .data = 11);
    NO_REASON(TIME_WAIT_RESTARTED);
    segment_forget_sent();
    READ(10);
}

// The handle of a connection in TIME-WAIT

static void handle_tells_of_time_wait_and_of_its_end(void **state)
{
    (void)state;
    REACH(TIME_WAIT);
    CHECK_EQ(INFO().state, SYNFIN_TCP_STATE_TIME_WAIT);
    CHECK_EQ(INFO().snd_nxt, INFO().iss + 2);
    CHECK_EQ(INFO().rcv_nxt, INFO().irs + 2);
    ADVANCE(SEC(61));
    CHECK_EQ(INFO().state, SYNFIN_TCP_STATE_CLOSED);
    CLOSE();
    EXPECT_FREE();
}

static void handle_does_not_tell_of_the_next_connection(void **state)
{
    ONLY_WITH_ENTRIES();
    (void)state;
    OPEN_PASSIVE();
    SHUTDOWN(WRITE);
    EXPECT(.flags = FIN | ACK, .seq = 1, .ack = 1);
    SEND(.flags = FIN | ACK, .seq = 1, .ack = 2);
    EXPECT(.flags = ACK, .seq = 2, .ack = 2);
    CHECK_EQ(INFO().state, SYNFIN_TCP_STATE_TIME_WAIT);
    synfin_socket old = bench.socket;
    segment_new_incarnation(500);
    SEND(.flags = SYN, .mss = 1460);
    EXPECT(.flags = SYN | ACK, .ack = 1);
    CHECK_EQ(INFO().state, SYNFIN_TCP_STATE_CLOSED);
    SEND(.flags = ACK, .seq = 1, .ack = 1);
    ACCEPT();
    CLOSE();
    EXPECT(.flags = FIN | ACK, .seq = 1, .ack = 1);
    SEND(.flags = FIN | ACK, .seq = 1, .ack = 2);
    EXPECT(.flags = ACK, .seq = 2, .ack = 2);
    bench.socket = old;
    CHECK_EQ(INFO().state, SYNFIN_TCP_STATE_CLOSED);
    ABORT(); // ends nothing of the other's
    IN_STATE(TIME_WAIT);
}

static void closing_the_handle_leaves_time_wait(void **state)
{
    (void)state;
    REACH(TIME_WAIT);
    CLOSE();
    IN_STATE(TIME_WAIT);
    CHECK_EQ(bench.tcp->conns.objects, 0);
    SEND(.flags = FIN | ACK, .seq = 1, .ack = 2);
    EXPECT(.flags = ACK, .seq = 2, .ack = 2);
}

// SO_LINGER with 0: closing is aborting.
static void lingering_for_no_time_ends_time_wait(void **state)
{
    (void)state;
    REACH(TIME_WAIT);
    SET(LINGER, 0);
    CLOSE();
    IN_STATE(CLOSED);
    EXPECT_NOTHING();
    EXPECT_FREE();
}

// Timestamps

static void segment_from_the_past_is_refused(void **state)
{
    (void)state;
    close_first_with_timestamps();
    SEND(.flags = FIN | ACK, .seq = 1, .ack = 2, .ts = TS(1001, 0));
    REASON(DROP_PAWS);
    EXPECT(.flags = ACK, .seq = 2, .ack = 2, .ts = TS(0, 1002));
    SEND(.flags = FIN | ACK, .seq = 1, .ack = 2);
    REASON(DROP_NO_TIMESTAMP);
    EXPECT_NOTHING();
    SEND(.flags = FIN | ACK, .seq = 1, .ack = 2, .ts = TS(1010, 0));
    REASON(TIME_WAIT_RESTARTED);
    EXPECT(.flags = ACK, .seq = 2, .ack = 2, .ts = TS(0, 1010));
    SEND(.flags = RST, .seq = 2); // no timestamp is asked of a reset, and it does nothing
    REASON(DROP_RST_TIME_WAIT);
}

// RFC 6191 §2: without timestamps before and with them now no old segment can be taken for new.
static void timestamps_that_are_new_open_the_pair_anew(void **state)
{
    (void)state;
    close_first_passively();
    segment_new_incarnation((UINT32_C(1) << 31) + 5);
    SEND(.flags = SYN, .mss = 1460, .ts = TS(7, 0));
    REASON(SYN_NEW_INCARNATION);
    EXPECT(.flags = SYN | ACK, .ack = 1, .ts = TS(0, 7));
    IN_STATE(SYN_RECEIVED);
}

static void timestamps_that_we_do_not_use_open_nothing(void **state)
{
    (void)state;
    segment_config()->use_timestamps = 0;
    close_first_passively();
    SEND(.flags = SYN, .seq = (UINT32_C(1) << 31) + 5, .mss = 1460, .ts = TS(7, 0));
    REASON(DROP_SYN_IN_CONNECTION);
    segment_forget_sent();
    IN_STATE(TIME_WAIT);
}

// Reuse, answered by a cookie

static void cookie_opens_the_pair_anew_by_its_timestamp(void **state)
{
    (void)state;
    segment_config()->syn_cookies = SYNFIN_SYN_COOKIES_ALWAYS;
    segment_without_iss();
    LISTEN(4);
    SEND(.flags = SYN, .mss = 1460, .ts = TS(1000, 0));
    EXPECT(.flags = SYN | ACK, .ack = 1);
    SEND(.flags = ACK, .seq = 1, .ack = 1, .ts = TS(1001, bench.last.ts_val));
    ACCEPT();
    CLOSE();
    EXPECT(.flags = FIN | ACK, .seq = 1, .ack = 1);
    SEND(.flags = FIN | ACK, .seq = 1, .ack = 2, .ts = TS(1002, 0));
    EXPECT(.flags = ACK, .seq = 2, .ack = 2);
    SEND(.flags = SYN, .seq = 90000, .mss = 1460); // could not be told from old ones
    REASON(DROP_BACKLOG);
    EXPECT_NOTHING();
    IN_STATE(TIME_WAIT);
    segment_new_incarnation(90000);
    SEND(.flags = SYN, .mss = 1460, .ts = TS(2000, 0));
    REASON(SYN_NEW_INCARNATION);
    EXPECT(.flags = SYN | ACK, .ack = 1, WHY(SEND_SYN_ACK_COOKIE));
    IN_STATE(LISTEN);
    SEND(.flags = ACK, .seq = 1, .ack = 1, .ts = TS(2001, bench.last.ts_val));
    IN_STATE(ESTABLISHED);
}

static void syn_that_nobody_has_room_for_leaves_time_wait(void **state)
{
    (void)state;
    LISTEN(1);
    close_first_from(1001);
    bench.peer_port = 1002;
    SEND(.flags = SYN, .mss = 1460);
    EXPECT(.flags = SYN | ACK, .ack = 1);
    SEND(.flags = ACK, .seq = 1, .ack = 1);
    bench.peer_port = 1001;
    SEND(.flags = SYN, .seq = 90000, .mss = 1460);
    REASON(DROP_ACCEPT_QUEUE);
    EXPECT_NOTHING();
    IN_STATE(TIME_WAIT);
}

// Our own opening

static void reach_with_timestamps(void)
{
    CONNECT();
    EXPECT(.flags = SYN);
    SEND(.flags = SYN | ACK, .ack = 1, .mss = 1460, .ts = TS(50, bench.last.ts_val));
    EXPECT(.flags = ACK, .seq = 1, .ack = 1);
    CLOSE();
    EXPECT(.flags = FIN | ACK, .seq = 1, .ack = 1);
    SEND(.flags = FIN | ACK, .seq = 1, .ack = 2, .ts = TS(51, 0));
    EXPECT(.flags = ACK, .seq = 2, .ack = 2);
    IN_STATE(TIME_WAIT);
}

static void connect_again(enum synfin_error wanted)
{
    struct synfin_endpoint local = {.addr = bench.ours, .port = bench.stack_port};
    RESULT(synfin_socket_open(bench.stack, &bench.socket), OK);
    RESULT(synfin_socket_bind(bench.stack, bench.socket, &local), OK);
    segment_result(segment_user_connect(), wanted, HERE);
}

static void own_opening_takes_the_pair_when_its_clock_has_moved_on(void **state)
{
    (void)state;
    reach_with_timestamps();
    uint32_t old = segment_iss(), ts = bench.last.ts_val;
    connect_again(SYNFIN_ERROR_IN_USE);
    CLOSE();
    ADVANCE(MS(1001));
    connect_again(SYNFIN_ERROR_OK);
    REASON(TIME_WAIT_TAKEN);
    segment_new_incarnation(9);
    EXPECT(.flags = SYN);
    CHECK((int32_t)(segment_iss() - (old + 2)) > 0);
    CHECK((int32_t)(bench.last.ts_val - ts) > 0);
    CHECK_EQ(segment_count(SYNFIN_TCP_STATE_TIME_WAIT), 0);
    segment_step(HERE);
}

// RFC 9293 §3.6.1 [MAY-2]: who sends faster than the clock of initial sequence numbers runs, which
// is a megabyte in four seconds, has left numbers behind that the clock has not reached.
static void own_opening_begins_beyond_numbers_that_ran_ahead_of_the_clock(void **state)
{
    (void)state;
    reach_with_timestamps();
    struct tcp_stub *stub = segment_stub(&bench.tcp->time_wait);
    struct seq ours = stub->ours = seq_add(stub->ours, 1000000);
    ADVANCE(MS(1001));
    connect_again(SYNFIN_ERROR_OK);
    REASON(TIME_WAIT_TAKEN);
    segment_new_incarnation(9);
    EXPECT(.flags = SYN);
    CHECK(seq_gt(seq_make(segment_iss()), ours));
}

static void own_opening_without_timestamps_waits(void **state)
{
    (void)state;
    REACH(TIME_WAIT);
    CLOSE();
    ADVANCE(SEC(30));
    connect_again(SYNFIN_ERROR_IN_USE);
    CLOSE();
    ADVANCE(SEC(31));
    connect_again(SYNFIN_ERROR_OK);
    segment_new_incarnation(0);
    EXPECT(.flags = SYN);
}

// What is over is over, though nobody has run the timers yet.
static void own_opening_takes_a_pair_whose_time_is_over(void **state)
{
    (void)state;
    for (uint32_t late_s = 0; late_s < 100; late_s += 33) {
        (void)segment_teardown(state);
        (void)segment_setup(state);
        reach_with_timestamps();
        bench.now_ns += SEC(60 + late_s) + MS(1);
        connect_again(SYNFIN_ERROR_OK);
        segment_new_incarnation(0);
        EXPECT(.flags = SYN);
    }
}

static void ephemeral_port_in_time_wait_is_the_last_choice(void **state)
{
    (void)state;
    segment_config()->port_first = 40000;
    segment_config()->port_last = 40001;
    reach_with_timestamps();
    ADVANCE(SEC(2));
    RESULT(synfin_socket_open(bench.stack, &bench.socket), OK);
    RESULT(segment_user_connect(), OK);
    NO_REASON(TIME_WAIT_TAKEN);
    bench.stack_port = 40001;
    EXPECT(.flags = SYN);
    RESULT(synfin_socket_open(bench.stack, &bench.socket), OK);
    RESULT(segment_user_connect(), OK);
    REASON(TIME_WAIT_TAKEN);
    bench.stack_port = 40000;
    segment_new_incarnation(0);
    EXPECT(.flags = SYN);
    RESULT(synfin_socket_open(bench.stack, &bench.socket), OK);
    RESULT(segment_user_connect(), NO_PORTS);
}

// Time

static void answers_are_limited_after_pauses(void **state)
{
    (void)state;
    REACH(TIME_WAIT);
    CLOSE();
    for (uint32_t i = 0; i < 200; i++) {
        SEND(.flags = FIN | ACK, .seq = 1, .ack = 2); // keeps it
        EXPECT(.flags = ACK, .seq = 2, .ack = 2);
        SEND(.flags = ACK, .seq = 900000, .ack = 2);
        EXPECT(.flags = ACK, .seq = 2, .ack = 2, WHY(SEND_ACK_UNACCEPTABLE));
        SEND(.flags = ACK, .seq = 900000, .ack = 2);
        EXPECT_NOTHING();
        ADVANCE(MS(600) + MS(137) * i);
    }
}

static void waits_near_the_end_of_time(void **state)
{
    (void)state;
    REACH(FIN_WAIT_2);
    bench.now_ns = SYNFIN_NEVER - SEC(61);
    SEND(.flags = FIN | ACK, .seq = 1, .ack = 2);
    EXPECT(.flags = ACK, .seq = 2, .ack = 2);
    IN_STATE(TIME_WAIT);
    SEND(.flags = FIN | ACK, .seq = 1, .ack = 2);
    EXPECT(.flags = ACK, .seq = 2, .ack = 2);
    CLOSE();
    bench.now_ns = SYNFIN_NEVER - MS(900);
    synfin_stack_advance(bench.stack, bench.now_ns);
    EXPECT_FREE();
}

// The acknowledgment never leaves: until it does the block itself waits, and no longer than a stub.
static void is_over_on_time_though_the_device_takes_nothing(void **state)
{
    (void)state;
    REACH(FIN_WAIT_2);
    SEND(.flags = FIN | ACK, .seq = 1, .ack = 2);
    IN_STATE(TIME_WAIT);
    bench.now_ns += SEC(60) - MS(1);
    synfin_stack_advance(bench.stack, bench.now_ns);
    IN_STATE(TIME_WAIT);
    bench.now_ns += MS(2);
    synfin_stack_advance(bench.stack, bench.now_ns);
    REASON(TIME_WAIT_OVER);
    IN_STATE(CLOSED);
    EVENT(READABLE);
    EVENT_CLOSED(OK);
    EXPECT_NOTHING();
}

// RFC 9293 §3.6.1 [MUST-13]: who lets go of the handle before the acknowledgment of the FIN has
// left does not change how long the pair waits.
static void time_wait_outlasts_an_orphans_life(void **state)
{
    (void)state;
    segment_config()->orphan_ns = SEC(1);
    REACH(FIN_WAIT_2);
    SEND(.flags = FIN | ACK, .seq = 1, .ack = 2);
    IN_STATE(TIME_WAIT);
    CLOSE();
    bench.now_ns += SEC(59);
    synfin_stack_advance(bench.stack, bench.now_ns);
    IN_STATE(TIME_WAIT);
    EXPECT(.flags = ACK, .seq = 2, .ack = 2);
}

static const struct CMUnitTest tests[] = {
    SEGMENT_TEST(lasts_twice_the_segment_lifetime),
    SEGMENT_TEST(lasts_as_long_as_configured),
    SEGMENT_TEST(repeated_fin_is_acknowledged_and_begins_anew),
    SEGMENT_TEST(other_segments_do_not_begin_it_anew),
    SEGMENT_TEST(hist_103_reset_is_ignored),
    SEGMENT_TEST(hist_103_old_data_is_acknowledged),
    SEGMENT_TEST(greater_syn_opens_the_pair_anew),
    SEGMENT_TEST(least_greater_syn_opens_the_pair_anew),
    SEGMENT_TEST(syn_not_beyond_the_old_numbers_is_challenged),
    SEGMENT_TEST(syn_for_which_nobody_listens_does_not_reopen),
    SEGMENT_TEST(syn_with_other_flags_does_not_reopen),
    SEGMENT_TEST(later_timestamp_opens_the_pair_anew),
    SEGMENT_TEST(hist_128_timestamp_not_later_does_not_reopen),
    SEGMENT_TEST(hist_128_syn_without_timestamps_goes_by_its_number),
    SEGMENT_TEST(old_duplicate_that_reopened_is_reset),
    SEGMENT_TEST(user_calls_after_the_end_in_order),
    SEGMENT_TEST(unread_data_survives_time_wait),
    SEGMENT_TEST(oldest_ends_early_beyond_the_limit),
    SEGMENT_TEST(limit_holds_for_many),
    SEGMENT_TEST(without_memory_the_last_acknowledgment_is_sent_nevertheless),
    SEGMENT_TEST(acknowledgment_is_owed_though_another_segment_comes),
    SEGMENT_TEST(repeated_fin_before_the_acknowledgment_left_is_acknowledged),
    SEGMENT_TEST(fin_with_other_text_is_repeated_too),
    SEGMENT_TEST(handle_tells_of_time_wait_and_of_its_end),
    SEGMENT_TEST(handle_does_not_tell_of_the_next_connection),
    SEGMENT_TEST(closing_the_handle_leaves_time_wait),
    SEGMENT_TEST(lingering_for_no_time_ends_time_wait),
    SEGMENT_TEST(segment_from_the_past_is_refused),
    SEGMENT_TEST(timestamps_that_are_new_open_the_pair_anew),
    SEGMENT_TEST(timestamps_that_we_do_not_use_open_nothing),
    SEGMENT_TEST(cookie_opens_the_pair_anew_by_its_timestamp),
    SEGMENT_TEST(syn_that_nobody_has_room_for_leaves_time_wait),
    SEGMENT_TEST(own_opening_takes_the_pair_when_its_clock_has_moved_on),
    SEGMENT_TEST(own_opening_begins_beyond_numbers_that_ran_ahead_of_the_clock),
    SEGMENT_TEST(own_opening_without_timestamps_waits),
    SEGMENT_TEST(own_opening_takes_a_pair_whose_time_is_over),
    SEGMENT_TEST(ephemeral_port_in_time_wait_is_the_last_choice),
    SEGMENT_TEST(answers_are_limited_after_pauses),
    SEGMENT_TEST(waits_near_the_end_of_time),
    SEGMENT_TEST(is_over_on_time_though_the_device_takes_nothing),
    SEGMENT_TEST(time_wait_outlasts_an_orphans_life),
};
SEGMENT_MAIN_TWICE(tests)
