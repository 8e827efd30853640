// SPDX-License-Identifier: MIT
//
// Fast Open at the end that connects, RFC 7413 §4.1.3 and §4.2.
#include "fastopen_steps.h"
#include "lib/segment_info.h"
#include "loss_steps.h"
#include "mtu_steps.h"

static void off_by_default_never_asks(void **state)
{
    (void)state;
    OPEN_ACTIVE(); // EXPECT refuses an option that no test asked for
    WRITE(10);
    EXPECT(.flags = PSH | ACK, .seq = 1, .ack = 1, .data = 10);
    SEND(.flags = RST, .seq = 1);
    CHECK(bench.tcp->fastopen_peers.peer == NULL); // and costs no memory
}

static void syn_waits_for_data_and_asks_for_a_cookie(void **state)
{
    (void)state;
    CONNECT_FAST(40000);
    EXPECT_NOTHING();
    ADVANCE(SEC(10));
    EXPECT_NOTHING();
    RESULT(segment_user_connect(), IN_PROGRESS);
    WRITE(10);
    EXPECT(.flags = SYN, .fastopen = FASTOPEN_REQUEST, WHY(SEND_SYN_COOKIE_REQUEST));
    NO_EVENT();
    SEND(.flags = SYN | ACK, .ack = 1, .mss = 1460, .fastopen = COOKIE);
    EVENT(CONNECTED);
    EXPECT(.flags = PSH | ACK, .seq = 1, .ack = 1, .data = 10);
}

// RFC 7413 §4.2.2.
static void known_cookie_takes_data_with_the_syn(void **state)
{
    (void)state;
    LEARN_COOKIE(1460);
    CONNECT_FAST(40000);
    WRITE(100);
    EXPECT(.flags = SYN, .mss = 1460 - (bench.version == 6 ? 20 : 0), .data = 100,
           .fastopen = COOKIE, WHY(SEND_SYN_DATA));
    EXPECT_NOTHING();
    SEND(.flags = SYN | ACK, .ack = 101, .mss = 1460);
    REASON(RECEIVED_SYN_ACK_OF_DATA);
    EVENT(CONNECTED);
    EXPECT(.flags = ACK, .seq = 101, .ack = 1);
    WRITE(50);
    EXPECT(.flags = PSH | ACK, .seq = 101, .ack = 1, .data = 50);
    SEND(.flags = ACK, .seq = 1, .ack = 151);
    EXPECT_NOTHING();
}

// What answers a SYN cannot be meant for one that has not gone.
static void challenge_of_a_syn_that_waits_is_not_its_failure(void **state)
{
    (void)state;
    LEARN_COOKIE(1460);
    CONNECT_FAST(40000);
    SEND(.flags = ACK, .seq = 1, .ack = 7777);
    EXPECT(.flags = RST, .seq = 7777);
    EXPECT_NOTHING();
    WRITE(100);
    EXPECT(.flags = SYN, .data = 100, .fastopen = COOKIE, WHY(SEND_SYN_DATA));
    SEND(.flags = ACK, .seq = 1, .ack = 7777);
    EXPECT(.flags = RST, .seq = 7777);
    EXPECT(.flags = SYN, WHY(SEND_SYN_AFTER_CHALLENGE));
    EXPECT_AFTER(SEC(1), .flags = SYN);
}

// What SYNs may carry is told before anything is sent.
static void empty_send_lets_the_syn_go_without_data(void **state)
{
    (void)state;
    CONNECT_FAST(39999);
    CHECK(INFO().syn_room_bytes == 0); // no cookie
    WRITE(0);
    EXPECT(.flags = SYN, .fastopen = FASTOPEN_REQUEST, WHY(SEND_SYN_COOKIE_REQUEST));
    SEND(.flags = SYN | ACK, .ack = 1, .mss = 1000, .fastopen = COOKIE);
    EXPECT(.flags = ACK, .seq = 1, .ack = 1);
    FINISH(1);
    CONNECT_FAST(40000);
    CHECK(INFO().syn_room_bytes == 960);
    WRITE(0);
    CHECK(INFO().syn_room_bytes == 0); // too late
    EXPECT(.flags = SYN, .fastopen = COOKIE);
    SEND(.flags = SYN | ACK, .ack = 1, .mss = 1000);
    EXPECT(.flags = ACK, .seq = 1, .ack = 1); // nothing was refused: Fast Open goes on
    CHECK(INFO().has_syn_data == 0);
    FINISH(1);
    CONNECT_FAST(40001);
    WRITE(100);
    EXPECT(.flags = SYN, .data = 100, .fastopen = COOKIE, WHY(SEND_SYN_DATA));
    SEND(.flags = SYN | ACK, .ack = 51, .mss = 1000);
    EXPECT(.flags = PSH | ACK, .seq = 51, .ack = 1, .data = 50);
    CHECK(INFO().has_syn_data == 0 && INFO().syn_data_bytes == 50); // not all of them
    FINISH(101);
    CONNECT_FAST(40002);
    WRITE(100);
    EXPECT(.flags = SYN, .data = 100, .fastopen = COOKIE);
    SEND(.flags = SYN | ACK, .ack = 101, .mss = 1000);
    EXPECT(.flags = ACK, .seq = 101, .ack = 1);
    CHECK(INFO().has_syn_data == 1 && INFO().syn_data_bytes == 100);
}

static void data_go_without_a_cookie_where_the_user_says_so(void **state)
{
    (void)state;
    segment_config()->fastopen_sends_any = 1;
    CONNECT_FAST(40000);
    WRITE(1000);
    EXPECT(.flags = SYN, .data = 1000, WHY(SEND_SYN_DATA));
    SEND(.flags = SYN | ACK, .ack = 1001, .mss = 940, .fastopen = COOKIE); // nobody asked
    EXPECT(.flags = ACK, .seq = 1001, .ack = 1);
    FINISH(1001);
    CONNECT_FAST(40001);
    WRITE(1000);
    EXPECT(.flags = SYN, .data = 900, WHY(SEND_SYN_DATA)); // in the size that it told
    EXPECT_AFTER(SEC(1), .flags = SYN);
}

static void socket_says_for_itself_that_it_needs_no_cookie(void **state)
{
    (void)state;
    CONNECT_FAST(40000);
    SET(FASTOPEN_NO_COOKIE, 1);
    WRITE(100);
    EXPECT(.flags = SYN, .data = 100, WHY(SEND_SYN_DATA));
    SEND(.flags = SYN | ACK, .ack = 101, .mss = 1000);
    EXPECT(.flags = ACK, .seq = 101, .ack = 1);
}

static void cookie_goes_back_in_the_option_that_brought_it(void **state)
{
    (void)state;
    struct segment_cookie cookie = COOKIE;
    cookie.is_experimental = true;
    CONNECT_FAST(39999);
    WRITE(0);
    EXPECT(.flags = SYN, .fastopen = FASTOPEN_REQUEST);
    SEND(.flags = SYN | ACK, .ack = 1, .mss = 1460, .fastopen = cookie);
    EXPECT(.flags = ACK, .seq = 1, .ack = 1);
    FINISH(1);
    CONNECT_FAST(40000);
    WRITE(100);
    EXPECT(.flags = SYN, .data = 100, .fastopen = cookie);
}

// A network that loses such SYNs now and then is no reason to turn Fast Open off where the user
// says so.
static void failures_turn_nothing_off_where_the_user_says_so(void **state)
{
    (void)state;
    segment_config()->fastopen_off_ns = 0;
    LEARN_COOKIE(1460);
    CONNECT_FAST(40000);
    WRITE(100);
    EXPECT(.flags = SYN, .data = 100, .fastopen = COOKIE);
    EXPECT_AFTER(SEC(1), .flags = SYN);
    SEND(.flags = SYN | ACK, .ack = 1, .mss = 1460);
    EXPECT(.flags = PSH | ACK, .seq = 1, .ack = 1, .data = 100);
    FINISH(101);
    CONNECT_FAST(40001);
    WRITE(100);
    EXPECT(.flags = SYN, .data = 100, .fastopen = COOKIE);
}

// The answer may come with the SYN+ACK, and what is too much for the SYN goes after it.
static void data_are_bounded_by_the_size_the_server_told(void **state)
{
    (void)state;
    LEARN_COOKIE(1000);
    CONNECT_FAST(40000);
    SET(NODELAY, 1);
    WRITE(2000);
    EXPECT(.flags = SYN, .data = 960, .fastopen = COOKIE);
    SEND(.flags = SYN | ACK, .ack = 961, .mss = 1000, .data = 20);
    EXPECT(.flags = ACK, .seq = 961, .ack = 21, .data = 1000);
    EXPECT(.flags = PSH | ACK, .seq = 1961, .ack = 21, .data = 40);
    READ(20);
}

static void server_without_mss_option_gets_the_default(void **state)
{
    (void)state;
    LEARN_COOKIE(0);
    CONNECT_FAST(40000);
    WRITE(2000);
    EXPECT(.flags = SYN, .data = 496, .fastopen = COOKIE);
    FINISH(497);
}

// The data go again with the third segment, and this port is left alone for a minute.
static void data_not_taken_go_again_at_once(void **state)
{
    (void)state;
    LEARN_COOKIE(1460);
    CONNECT_FAST(40000);
    WRITE(100);
    EXPECT(.flags = SYN, .data = 100, .fastopen = COOKIE);
    SEND(.flags = SYN | ACK, .ack = 1, .mss = 1460);
    REASON(FASTOPEN_OFF);
    EXPECT(.flags = PSH | ACK, .seq = 1, .ack = 1, .data = 100, WHY(SEND_SYN_DATA_AGAIN));
    SEND(.flags = ACK, .seq = 1, .ack = 101);
    FINISH(101);
    CONNECT_FAST(40001);
    WRITE(100);
    EXPECT(.flags = SYN, WHY(SEND_SYN));
    SEND(.flags = RST | ACK, .ack = 1);
    CLOSE();
    ADVANCE(SEC(60));
    CONNECT_FAST(40002);
    WRITE(100);
    EXPECT(.flags = SYN, .data = 100, .fastopen = COOKIE);
    FINISH(101);
}

// A server whose key has changed gives another cookie: that is no failure.
static void data_not_taken_with_a_new_cookie_is_no_failure(void **state)
{
    (void)state;
    static const struct segment_cookie other = {true, 8, {9, 9, 9, 9, 9, 9, 9, 9}, false};
    LEARN_COOKIE(1460);
    CONNECT_FAST(40000);
    WRITE(100);
    EXPECT(.flags = SYN, .data = 100, .fastopen = COOKIE);
    SEND(.flags = SYN | ACK, .ack = 1, .mss = 1460, .fastopen = other);
    NO_REASON(FASTOPEN_OFF);
    EXPECT(.flags = PSH | ACK, .seq = 1, .ack = 1, .data = 100);
    FINISH(101);
    CONNECT_FAST(40001);
    WRITE(100);
    EXPECT(.flags = SYN, .data = 100, .fastopen = other);
    FINISH(101);
}

// What a SYN carried in vain is sent once more, lost like any other, and found by SACK.
static void data_not_taken_are_repaired_by_sack_when_they_are_lost_again(void **state)
{
    (void)state;
    LEARN_COOKIE(1040);
    CONNECT_FAST(40000);
    WRITE(4000);
    EXPECT(.flags = SYN, .data = 1000, .fastopen = COOKIE);
    ADVANCE(MS(20));
    SEND(.flags = SYN | ACK, .ack = 1, .mss = 1000, .sack_ok = true);
    EXPECT(.flags = ACK, .seq = 1, .ack = 1, .data = 1000, WHY(SEND_SYN_DATA_AGAIN));
    EXPECT_RUN_ALL(1001, 4001, 1000);
    ADVANCE(MS(20));
    SEND_SACK(1, {1001, 4001});
    EXPECT(.flags = ACK, .seq = 1, .ack = 1, .data = 1000, WHY(SEND_RACK));
    SEND_ACK(4001);
    EXPECT_NOTHING();
}

static void part_of_the_data_taken_leaves_the_rest(void **state)
{
    (void)state;
    LEARN_COOKIE(1460);
    CONNECT_FAST(40000);
    WRITE(100);
    EXPECT(.flags = SYN, .data = 100, .fastopen = COOKIE);
    SEND(.flags = SYN | ACK, .ack = 41, .mss = 1460);
    NO_REASON(FASTOPEN_OFF);
    EXPECT(.flags = PSH | ACK, .seq = 41, .ack = 1, .data = 60, WHY(SEND_SYN_DATA_AGAIN));
    SEND(.flags = ACK, .seq = 1, .ack = 101);
    EXPECT_NOTHING();
}

// A window smaller than what went with the SYN: the rest waits for room.
static void server_with_a_small_window_is_not_overrun(void **state)
{
    (void)state;
    LEARN_COOKIE(1460);
    CONNECT_FAST(40000);
    WRITE(1000);
    EXPECT(.flags = SYN, .data = 1000, .fastopen = COOKIE);
    SEND(.flags = SYN | ACK, .ack = 301, .mss = 1460, .window = 200);
    EXPECT(.flags = ACK, .seq = 301, .ack = 1, .data = 200);
    SEND(.flags = ACK, .seq = 1, .ack = 501, .window = 5000);
    EXPECT(.flags = PSH | ACK, .seq = 501, .ack = 1, .data = 500);
}

// The window of the SYN+ACK counts from what it acknowledges.
static void window_of_the_answer_lies_behind_the_data_it_takes(void **state)
{
    (void)state;
    LEARN_COOKIE(1000);
    CONNECT_FAST(40000);
    SET(NODELAY, 1);
    WRITE(3000);
    EXPECT(.flags = SYN, .data = 960, .fastopen = COOKIE);
    SEND(.flags = SYN | ACK, .ack = 961, .mss = 1000, .window = 600);
    EXPECT(.flags = ACK, .seq = 961, .ack = 1, .data = 600);
    SEND(.flags = ACK, .seq = 1, .ack = 1561, .window = 5000);
    EXPECT(.flags = ACK, .seq = 1561, .ack = 1, .data = 1000);
    EXPECT(.flags = PSH | ACK, .seq = 2561, .ack = 1, .data = 440);
}

// RFC 7413 §4.2.2, §4.1.3.1.
static void lost_syn_goes_again_without_data_and_option(void **state)
{
    (void)state;
    LEARN_COOKIE(1460);
    CONNECT_FAST(40000);
    WRITE(100);
    EXPECT(.flags = SYN, .data = 100, .fastopen = COOKIE);
    EXPECT_AFTER(SEC(1), .flags = SYN, WHY(SEND_SYN_AGAIN));
    EXPECT_AFTER(SEC(2), .flags = SYN);
    SEND(.flags = SYN | ACK, .ack = 1, .mss = 1460);
    EVENT(CONNECTED);
    EXPECT(.flags = PSH | ACK, .seq = 1, .ack = 1, .data = 100, WHY(SEND_SYN_DATA_AGAIN));
    FINISH(101);
    CONNECT_FAST(40001);
    WRITE(100);
    EXPECT(.flags = SYN, WHY(SEND_SYN));
    FINISH(1);
}

// The first SYN was only late: what it brought counts.
static void late_answer_to_the_first_syn_acknowledges_its_data(void **state)
{
    (void)state;
    LEARN_COOKIE(1460);
    CONNECT_FAST(40000);
    WRITE(100);
    EXPECT(.flags = SYN, .data = 100, .fastopen = COOKIE);
    EXPECT_AFTER(SEC(1), .flags = SYN);
    SEND(.flags = SYN | ACK, .ack = 101, .mss = 1460);
    EVENT(CONNECTED);
    EXPECT(.flags = ACK, .seq = 101, .ack = 1);
    FINISH(101);
    CONNECT_FAST(40001);
    WRITE(100);
    EXPECT(.flags = SYN, .data = 100, .fastopen = COOKIE);
    FINISH(101);
}

static void lost_request_goes_again_without_it(void **state)
{
    (void)state;
    CONNECT_FAST(40000);
    WRITE(10);
    EXPECT(.flags = SYN, .fastopen = FASTOPEN_REQUEST);
    EXPECT_AFTER(SEC(1), .flags = SYN);
    SEND(.flags = SYN | ACK, .ack = 1, .mss = 1460, .fastopen = COOKIE); // nobody asks any more
    EXPECT(.flags = PSH | ACK, .seq = 1, .ack = 1, .data = 10);
    FINISH(11);
    CONNECT_FAST(40001);
    WRITE(10);
    EXPECT(.flags = SYN, WHY(SEND_SYN));
    FINISH(1);
}

static void cookie_that_nobody_asked_for_is_not_kept(void **state)
{
    (void)state;
    CONNECT();
    EXPECT(.flags = SYN);
    SEND(.flags = SYN | ACK, .ack = 1, .mss = 1460, .fastopen = COOKIE);
    EXPECT(.flags = ACK, .seq = 1, .ack = 1);
    CHECK_EQ(bench.tcp->fastopen_peers.count, 0);
}

static void acknowledgment_beyond_the_data_is_reset(void **state)
{
    (void)state;
    LEARN_COOKIE(1460);
    CONNECT_FAST(40000);
    WRITE(100);
    EXPECT(.flags = SYN, .data = 100, .fastopen = COOKIE);
    SEND(.flags = SYN | ACK, .ack = 102, .mss = 1460);
    EXPECT(.flags = RST, .seq = 102, WHY(SEND_RST_BAD_HANDSHAKE_ACK));
    SEND(.flags = SYN | ACK, .ack = 0, .mss = 1460);
    EXPECT(.flags = RST, .seq = 0, WHY(SEND_RST_BAD_HANDSHAKE_ACK));
    IN_STATE(SYN_SENT);
}

static void refusal_is_told_like_any_other(void **state)
{
    (void)state;
    LEARN_COOKIE(1460);
    CONNECT_FAST(40000);
    WRITE(100);
    EXPECT(.flags = SYN, .data = 100, .fastopen = COOKIE);
    SEND(.flags = RST | ACK, .ack = 101);
    EVENT_CLOSED(REFUSED);
}

// RFC 7413 §4.1.3.1: an ICMP error is an answer to Fast Open too.
static void unreachable_turns_it_off(void **state)
{
    (void)state;
    LEARN_COOKIE(1460);
    CONNECT_FAST(40000);
    WRITE(100);
    EXPECT(.flags = SYN, .data = 100, .fastopen = COOKIE);
    HOST_UNREACHABLE(0);
    REASON(FASTOPEN_OFF);
    EXPECT_AFTER(SEC(1), .flags = SYN);
}

static void shutdown_or_close_let_a_waiting_syn_go(void **state)
{
    (void)state;
    CONNECT_FAST(40000);
    SHUTDOWN(WRITE);
    EXPECT(.flags = SYN, .fastopen = FASTOPEN_REQUEST);
    SEND(.flags = SYN | ACK, .ack = 1, .mss = 1460, .fastopen = COOKIE);
    EXPECT(.flags = FIN | ACK, .seq = 1, .ack = 1);
    FINISH(2);
    CONNECT_FAST(40001);
    SHUTDOWN(WRITE);
    EXPECT(.flags = SYN, WHY(SEND_SYN)); // a cookie is of no use without data
    FINISH(1);
    CONNECT_FAST(40002);
    CLOSE();
    EXPECT_NOTHING();
    EXPECT_FREE();
}

static void stack_that_keeps_no_peers_never_asks(void **state)
{
    (void)state;
    segment_config()->fastopen_peers_max = 0;
    CONNECT_FAST(40000);
    EXPECT_NOTHING();
    WRITE(10);
    EXPECT(.flags = SYN, WHY(SEND_SYN));
    SEND(.flags = SYN | ACK, .ack = 1, .mss = 1460, .fastopen = COOKIE);
    EXPECT(.flags = PSH | ACK, .seq = 1, .ack = 1, .data = 10);
}

// The peer's SYN crosses ours: the data go again once both ends are there.
static void crossed_syns_leave_the_data_for_later(void **state)
{
    (void)state;
    LEARN_COOKIE(1460);
    CONNECT_FAST(40000);
    WRITE(100);
    EXPECT(.flags = SYN, .data = 100, .fastopen = COOKIE);
    SEND(.flags = SYN, .mss = 1460);
    EXPECT(.flags = SYN | ACK, .ack = 1);
    SEND(.flags = SYN | ACK, .ack = 1, .mss = 1460);
    IN_STATE(ESTABLISHED);
    EXPECT(.flags = PSH | ACK, .seq = 1, .ack = 1, .data = 100, WHY(SEND_SYN_DATA_AGAIN));
    SEND(.flags = ACK, .seq = 1, .ack = 101);
}

// Nothing was sent, so nothing is acknowledged, not even half the circle away.
static void waiting_end_refuses_every_acknowledgment(void **state)
{
    (void)state;
    static const uint32_t acks[] = {0, 1, 2, 0x7fffffff, 0x80000000, 0x80000001, 0xffffffff};
    CONNECT_FAST(40000);
    for (uint32_t i = 0; i < sizeof acks / sizeof acks[0]; i++) {
        uint32_t ack = segment_conn()->iss.n + acks[i];
        SEND(.flags = SYN | ACK, .seq = bench.irs, .ack = ack, .is_absolute = true);
        EXPECT(.flags = RST, .seq = ack, .is_absolute = true, WHY(SEND_RST_BAD_HANDSHAKE_ACK));
        IN_STATE(SYN_SENT);
    }
    CLOSE();
}

// The peer connects to us while our SYN waits.
static void waiting_end_answers_a_crossing_syn(void **state)
{
    (void)state;
    CONNECT_FAST(40000);
    SEND(.flags = SYN, .mss = 1460);
    EXPECT(.flags = SYN | ACK, .ack = 1);
    SEND(.flags = ACK, .seq = 1, .ack = 1);
    IN_STATE(ESTABLISHED);
    WRITE(10);
    EXPECT(.flags = PSH | ACK, .seq = 1, .ack = 1, .data = 10);
}

// RFC 7413 §4.2.2 by a router's word instead of a timeout: at once, without data and option.
static void syn_too_big_for_the_path_goes_again_without_data(void **state)
{
    (void)state;
    uint16_t mss = bench.version == 6 ? 1440 : 1460;
    LEARN_COOKIE(1460);
    CONNECT_FAST(40000);
    WRITE(1300);
    EXPECT(.flags = SYN, .mss = mss, .data = 1300, .fastopen = COOKIE);
    TOO_BIG(1300, 0);
    EXPECT(.flags = SYN, .mss = mss, WHY(SEND_PMTU)); // what we receive has not changed
    EXPECT_NOTHING();
    SEND(.flags = SYN | ACK, .ack = 1, .mss = 1460);
    uint32_t fits = mss - 200;
    EXPECT(.flags = ACK, .seq = 1, .ack = 1, .data = fits);
    EXPECT(.flags = PSH | ACK, .seq = 1 + fits, .ack = 1, .data = 1300 - fits);
}

// RFC 7413 §4.2.2 with the user's own limit, SYNFIN_OPTION_MAXSEG, of which options take 40.
static void data_are_bounded_by_the_users_segment_size(void **state)
{
    (void)state;
    LEARN_COOKIE(1460);
    CONNECT_FAST(40000);
    SET(MAXSEG, 600);
    WRITE(1000);
    EXPECT(.flags = SYN, .data = 560, .fastopen = COOKIE);
    SEND(.flags = SYN | ACK, .ack = 561, .mss = 1460);
    EXPECT(.flags = PSH | ACK, .seq = 561, .ack = 1, .data = 440);
    SEND_ACK(1001);
}

// RFC 7413 §4.1.1: an option without a cookie is a request, which nobody makes of a client.
static void answer_with_an_empty_option_or_without_mss_says_nothing(void **state)
{
    (void)state;
    CONNECT_FAST(40000);
    WRITE(10);
    EXPECT(.flags = SYN, .fastopen = FASTOPEN_REQUEST);
    SEND(.flags = SYN | ACK, .ack = 1, .mss = 1460, .fastopen = FASTOPEN_REQUEST);
    EXPECT(.flags = PSH | ACK, .seq = 1, .ack = 1, .data = 10);
    FINISH(11);
    LEARN_COOKIE(1000);
    CONNECT_FAST(40001);
    WRITE(10);
    EXPECT(.flags = SYN, .data = 10, .fastopen = COOKIE);
    SEND(.flags = SYN | ACK, .ack = 11); // the size that it told before stays
    FINISH(11);
    segment_forget_sent();
    CONNECT_FAST(40002);
    WRITE(1500);
    EXPECT(.flags = SYN, .data = 960, .fastopen = COOKIE);
}

static const struct CMUnitTest tests[] = {
    SEGMENT_TEST(off_by_default_never_asks),
    SEGMENT_TEST(syn_waits_for_data_and_asks_for_a_cookie),
    SEGMENT_TEST(known_cookie_takes_data_with_the_syn),
    SEGMENT_TEST(challenge_of_a_syn_that_waits_is_not_its_failure),
    SEGMENT_TEST(empty_send_lets_the_syn_go_without_data),
    SEGMENT_TEST(data_go_without_a_cookie_where_the_user_says_so),
    SEGMENT_TEST(socket_says_for_itself_that_it_needs_no_cookie),
    SEGMENT_TEST(cookie_goes_back_in_the_option_that_brought_it),
    SEGMENT_TEST(failures_turn_nothing_off_where_the_user_says_so),
    SEGMENT_TEST(data_are_bounded_by_the_size_the_server_told),
    SEGMENT_TEST(server_without_mss_option_gets_the_default),
    SEGMENT_TEST(data_not_taken_go_again_at_once),
    SEGMENT_TEST(data_not_taken_with_a_new_cookie_is_no_failure),
    SEGMENT_TEST(data_not_taken_are_repaired_by_sack_when_they_are_lost_again),
    SEGMENT_TEST(part_of_the_data_taken_leaves_the_rest),
    SEGMENT_TEST(server_with_a_small_window_is_not_overrun),
    SEGMENT_TEST(window_of_the_answer_lies_behind_the_data_it_takes),
    SEGMENT_TEST(lost_syn_goes_again_without_data_and_option),
    SEGMENT_TEST(late_answer_to_the_first_syn_acknowledges_its_data),
    SEGMENT_TEST(lost_request_goes_again_without_it),
    SEGMENT_TEST(cookie_that_nobody_asked_for_is_not_kept),
    SEGMENT_TEST(acknowledgment_beyond_the_data_is_reset),
    SEGMENT_TEST(refusal_is_told_like_any_other),
    SEGMENT_TEST(unreachable_turns_it_off),
    SEGMENT_TEST(shutdown_or_close_let_a_waiting_syn_go),
    SEGMENT_TEST(stack_that_keeps_no_peers_never_asks),
    SEGMENT_TEST(crossed_syns_leave_the_data_for_later),
    SEGMENT_TEST(syn_too_big_for_the_path_goes_again_without_data),
    SEGMENT_TEST(waiting_end_refuses_every_acknowledgment),
    SEGMENT_TEST(waiting_end_answers_a_crossing_syn),
    SEGMENT_TEST(data_are_bounded_by_the_users_segment_size),
    SEGMENT_TEST(answer_with_an_empty_option_or_without_mss_says_nothing),
};
SEGMENT_MAIN(tests)
