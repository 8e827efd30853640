// SPDX-License-Identifier: MIT
//
// Fast Open at a listener, RFC 7413 §4.1.2, §4.2 and §5.1.
#include <string.h>

#include "data_steps.h"
#include "fastopen_steps.h"
#include "lib/segment_info.h"
#include "tcp/tcp_fastopen.h"

// What the stack would give this address now.
static struct segment_cookie cookie_of(const struct synfin_addr *client)
{
    struct wire_tcp h = {.has_fastopen = false};
    struct segment_cookie cookie = {.is_set = true, .bytes = TCP_FASTOPEN_COOKIE};
    struct tcp_pair pair = {.local = bench.ours, .remote = *client};
    tcp_fastopen_give(&bench.tcp->fastopen_jar, &pair, bench.now_ns, &h);
    memcpy(cookie.octets, h.cookie, sizeof cookie.octets);
    return cookie;
}

// A listener with Fast Open, at the moment when the next connection begins with bench.iss.
static struct segment_cookie listen_fast(int64_t most)
{
    LISTEN_FAST(most);
    return cookie_of(&bench.theirs);
}

static void off_by_default_ignores_option_and_data(void **state)
{
    (void)state;
    LISTEN(8);
    SEND(.flags = SYN, .mss = 1460, .fastopen = FASTOPEN_REQUEST);
    EXPECT(.flags = SYN | ACK, .ack = 1, WHY(SEND_SYN_ACK));
    struct segment_cookie cookie = cookie_of(&bench.theirs);
    bench.peer_port = 40001;
    SEND(.flags = SYN, .data = 100, .fastopen = cookie);
    EXPECT(.flags = SYN | ACK, .ack = 1, WHY(SEND_SYN_ACK));
    NO_EVENT();
}

// RFC 7413 §4.2.1; the SYN+ACK that goes again goes without it.
static void request_is_answered_with_a_cookie_once(void **state)
{
    (void)state;
    struct segment_cookie cookie = listen_fast(8);
    SEND(.flags = SYN, .mss = 1460, .ts = TS(7, 0), .data = 30, .fastopen = FASTOPEN_REQUEST);
    EXPECT(.flags = SYN | ACK, .ack = 1, .ts = TS(0, 7), .fastopen = cookie,
           WHY(SEND_SYN_ACK_FASTOPEN_COOKIE));
    IN_STATE(SYN_RECEIVED);
    CHECK(bench.tcp->in_table == 0); // a stub, and no more
    EXPECT_AFTER(SEC(1), .flags = SYN | ACK, .ack = 1);
    SEND(.flags = ACK, .seq = 1, .ack = 1, .ts = TS(8, 0), .data = 30);
    ACCEPT();
    READ(30);
    EXPECT_WITHIN(MS(50), .flags = ACK, .seq = 1, .ack = 31);
}

static void request_is_answered_in_the_option_that_it_came_in(void **state)
{
    (void)state;
    struct segment_cookie cookie = listen_fast(8);
    cookie.is_experimental = true;
    SEND(.flags = SYN, .mss = 1460, .fastopen = {.is_set = true, .is_experimental = true});
    EXPECT(.flags = SYN | ACK, .ack = 1, .fastopen = cookie, WHY(SEND_SYN_ACK_FASTOPEN_COOKIE));
    bench.peer_port = 40001;
    segment_without_iss();
    SEND(.flags = SYN, .mss = 1460, .data = 100, .fastopen = cookie);
    EXPECT(.flags = SYN | ACK, .ack = 101, WHY(SEND_SYN_ACK_OF_DATA));
    ACCEPT();
    READ(100);
}

// For networks in which no sender's address can be forged.
static void data_without_a_cookie_are_taken_where_the_user_says_so(void **state)
{
    (void)state;
    segment_config()->fastopen_takes_any = 1;
    (void)listen_fast(8);
    SEND(.flags = SYN, .mss = 1460, .data = 100);
    EXPECT(.flags = SYN | ACK, .ack = 101, WHY(SEND_SYN_ACK_OF_DATA));
    ACCEPT();
    READ(100);
    CHECK(INFO().has_syn_data == 1);
    bench.peer_port = 40001;
    SEND(.flags = SYN, .mss = 1460); // without data: an ordinary handshake
    EXPECT(.flags = SYN | ACK, .ack = 1, .is_absolute = false, WHY(SEND_SYN_ACK));
}

static void listener_says_for_itself_that_it_needs_no_cookies(void **state)
{
    (void)state;
    (void)listen_fast(8);
    SEND(.flags = SYN, .mss = 1460, .data = 100);
    EXPECT(.flags = SYN | ACK, .ack = 1, WHY(SEND_SYN_ACK));
    SEND(.flags = RST, .seq = 1);
    RESULT(synfin_socket_set_option(bench.stack, bench.listener, SYNFIN_OPTION_FASTOPEN_NO_COOKIE,
                                    1, bench.now_ns),
           OK);
    bench.peer_port = 40001;
    SEND(.flags = SYN, .mss = 1460, .data = 100);
    EXPECT(.flags = SYN | ACK, .ack = 101, .is_absolute = false, WHY(SEND_SYN_ACK_OF_DATA));
    ACCEPT();
    READ(100);
}

static void request_is_answered_by_a_syn_cookie_too(void **state)
{
    (void)state;
    segment_config()->syn_cookies = SYNFIN_SYN_COOKIES_ALWAYS;
    struct segment_cookie cookie = listen_fast(8);
    SEND(.flags = SYN, .mss = 1460, .fastopen = FASTOPEN_REQUEST);
    EXPECT(.flags = SYN | ACK, .ack = 1, .fastopen = cookie, .is_absolute = false,
           WHY(SEND_SYN_ACK_COOKIE));
    SEND(.flags = ACK, .seq = 1, .ack = 1);
    ACCEPT();
}

// RFC 7413 §4.2.2: data to read and an answer on its way before the third segment.
static void good_cookie_delivers_data_before_the_handshake_is_complete(void **state)
{
    (void)state;
    struct segment_cookie cookie = listen_fast(8);
    SEND(.flags = SYN, .mss = 1460, .data = 100, .fastopen = cookie);
    REASON(RECEIVED_SYN_DATA);
    REASON(FASTOPEN_ARRIVED);
    EVENT(ACCEPTABLE);
    ACCEPT();
    EVENT(READABLE);
    READ(100);
    EXPECT(.flags = SYN | ACK, .ack = 101, WHY(SEND_SYN_ACK_OF_DATA));
    IN_STATE(SYN_RECEIVED);
    WRITE(200);
    EXPECT(.flags = PSH | ACK, .seq = 1, .ack = 101, .data = 200);
    NO_EVENT();
    SEND(.flags = ACK, .seq = 101, .ack = 201);
    IN_STATE(ESTABLISHED);
    EVENT(CONNECTED);
    SEND(.flags = PSH | ACK, .seq = 101, .ack = 201, .data = 10);
    EVENT(READABLE);
    READ(10);
    EXPECT_WITHIN(MS(50), .flags = ACK, .seq = 201, .ack = 111);
    NO_EVENT();
}

// The third segment may acknowledge our SYN alone, and the peer's window counts from it.
static void third_segment_of_the_syn_alone_leaves_our_data_in_flight(void **state)
{
    (void)state;
    struct segment_cookie cookie = listen_fast(8);
    SEND(.flags = SYN, .mss = 1000, .data = 5, .window = 1000, .fastopen = cookie);
    ACCEPT();
    EXPECT(.flags = SYN | ACK, .ack = 6);
    WRITE(3000);
    EXPECT(.flags = ACK, .seq = 1, .ack = 6, .data = 1000);
    SEND(.flags = ACK, .seq = 6, .ack = 1, .window = 1000);
    EXPECT_NOTHING();
    SEND(.flags = ACK, .seq = 6, .ack = 1001, .window = 5000);
    EXPECT(.flags = ACK, .seq = 1001, .ack = 6, .data = 1000);
    EXPECT(.flags = PSH | ACK, .seq = 2001, .ack = 6, .data = 1000);
    SEND(.flags = ACK, .seq = 6, .ack = 3001);
}

static void syn_without_data_and_with_cookie_opens_at_once(void **state)
{
    (void)state;
    struct segment_cookie cookie = listen_fast(8);
    SEND(.flags = SYN, .mss = 1460, .fastopen = cookie);
    EXPECT(.flags = SYN | ACK, .ack = 1);
    EVENT(ACCEPTABLE);
    ACCEPT();
    WRITE(50);
    EXPECT(.flags = PSH | ACK, .seq = 1, .ack = 1, .data = 50);
    SEND(.flags = ACK, .seq = 1, .ack = 51);
    EVENT(CONNECTED);
}

// hist/91, while the connection is there: the reader gets the data once.
static void hist_91_repeated_syn_with_data_is_delivered_once_while_connected(void **state)
{
    (void)state;
    struct segment_cookie cookie = listen_fast(8);
    SEND(.flags = SYN, .mss = 1460, .data = 100, .fastopen = cookie);
    EXPECT(.flags = SYN | ACK, .ack = 101);
    ACCEPT();
    READ(100);
    SEND(.flags = SYN, .mss = 1460, .data = 100, .fastopen = cookie);
    REASON(RECEIVED_SYN_AGAIN);
    EXPECT(.flags = SYN | ACK, .ack = 101);
    size_t received;
    RESULT(segment_user_recv(1, &received), AGAIN);
    SEND(.flags = ACK, .seq = 101, .ack = 1);
    IN_STATE(ESTABLISHED);
    SEND(.flags = SYN, .mss = 1460, .data = 100, .fastopen = cookie);
    EXPECT(.flags = ACK, .seq = 1, .ack = 101, WHY(SEND_CHALLENGE_SYN));
    RESULT(segment_user_recv(1, &received), AGAIN);
    RESULT(synfin_socket_accept(bench.stack, bench.listener, &bench.socket, NULL), AGAIN);
}

static void close_from_the_peer(uint32_t seq)
{
    SEND(.flags = FIN | ACK, .seq = seq, .ack = 1);
    EXPECT(.flags = ACK, .seq = 1, .ack = seq + 1);
    CLOSE();
    EXPECT(.flags = FIN | ACK, .seq = 1, .ack = seq + 1);
    SEND(.flags = ACK, .seq = seq + 1, .ack = 2);
    IN_STATE(LISTEN);
}

// hist/91, as socket.h says: after the connection has ended the same SYN opens another.
static void hist_91_repeated_syn_with_data_is_delivered_again_after_the_end(void **state)
{
    (void)state;
    struct segment_cookie cookie = listen_fast(8);
    SEND(.flags = SYN, .mss = 1460, .data = 100, .fastopen = cookie);
    EXPECT(.flags = SYN | ACK, .ack = 101);
    SEND(.flags = ACK, .seq = 101, .ack = 1);
    ACCEPT();
    READ(100);
    close_from_the_peer(101);
    segment_new_incarnation(0);
    SEND(.flags = SYN, .mss = 1460, .data = 100, .fastopen = cookie);
    EXPECT(.flags = SYN | ACK, .ack = 101);
    CHECK_EQ(segment_conn()->receive.bytes, 100);
    SEND(.flags = RST, .seq = 101);
    EXPECT_FREE();
}

// hist/91: but not while TIME-WAIT remembers it.
static void hist_91_repeated_syn_with_data_is_not_delivered_in_time_wait(void **state)
{
    (void)state;
    struct segment_cookie cookie = listen_fast(8);
    SEND(.flags = SYN, .mss = 1460, .data = 100, .fastopen = cookie);
    EXPECT(.flags = SYN | ACK, .ack = 101);
    SEND(.flags = ACK, .seq = 101, .ack = 1);
    ACCEPT();
    READ(100);
    CLOSE();
    EXPECT(.flags = FIN | ACK, .seq = 1, .ack = 101);
    SEND(.flags = FIN | ACK, .seq = 101, .ack = 2);
    EXPECT(.flags = ACK, .seq = 2, .ack = 102);
    IN_STATE(TIME_WAIT);
    SEND(.flags = SYN, .mss = 1460, .data = 100, .fastopen = cookie);
    EXPECT(.flags = ACK, .seq = 2, .ack = 102);
    IN_STATE(TIME_WAIT);
}

// A later SYN ends TIME-WAIT and opens at once, with numbers beyond the old ones.
static void pair_in_time_wait_may_open_anew(void **state)
{
    (void)state;
    struct segment_cookie cookie = listen_fast(8);
    SEND(.flags = SYN, .mss = 1460, .data = 100, .fastopen = cookie);
    EXPECT(.flags = SYN | ACK, .ack = 101);
    SEND(.flags = ACK, .seq = 101, .ack = 1);
    ACCEPT();
    READ(100);
    CLOSE();
    EXPECT(.flags = FIN | ACK, .seq = 1, .ack = 101);
    SEND(.flags = FIN | ACK, .seq = 101, .ack = 2);
    EXPECT(.flags = ACK, .seq = 2, .ack = 102);
    uint32_t old = segment_iss();
    segment_new_incarnation(1000);
    SEND(.flags = SYN, .mss = 1460, .data = 50, .fastopen = cookie);
    REASON(SYN_NEW_INCARNATION);
    EXPECT(.flags = SYN | ACK, .ack = 51);
    CHECK(segment_iss() - (old + 2) < 0x80000000);
    IN_STATE(SYN_RECEIVED);
    CHECK_EQ(bench.tcp->time_wait.pool.objects, 0);
}

// hist/91: a cookie of another length is none; the option is passed over whole.
static void hist_91_cookie_of_a_length_not_its_own_is_ignored(void **state)
{
    (void)state;
    struct segment_cookie cookie = listen_fast(8);
    for (uint8_t length = 3; length <= 9; length += 2) {
        struct segment segment = {.flags = SYN,
                                  .data = 10,
                                  .peer_port = (uint16_t)(41000 + length),
                                  .options = {34, length},
                                  .option_bytes = length};
        memcpy(segment.options + 2, cookie.octets, length - 2u);
        segment_send(&segment, HERE);
        EXPECT(.flags = SYN | ACK, .ack = 1, .peer_port = (uint16_t)(41000 + length));
    }
    NO_EVENT();
}

static void expect_refused(const struct segment_cookie *bad, uint16_t port)
{
    SEND(.flags = SYN, .data = 10, .fastopen = *bad, .peer_port = port);
    REASON(FASTOPEN_COOKIE_BAD);
    EXPECT(.flags = SYN | ACK, .ack = 1, .fastopen = FASTOPEN_ANY, .peer_port = port);
    CHECK_EQ(bench.last.fastopen.bytes, TCP_FASTOPEN_COOKIE);
    NO_EVENT();
}

// RFC 7413 §4.2.2: an ordinary handshake, which brings a good one.
static void cookie_that_is_not_ours_gives_an_ordinary_handshake(void **state)
{
    (void)state;
    struct segment_cookie cookie = listen_fast(8);
    struct segment_cookie bad = cookie;
    bad.bytes = 4;
    expect_refused(&bad, 41000);
    bad.bytes = 16;
    expect_refused(&bad, 41001);
    bad.bytes = 8;
    for (uint16_t i = 0; i < 8; i++) {
        bad = cookie;
        bad.octets[i] ^= 0x10;
        expect_refused(&bad, (uint16_t)(41002 + i % 6));
        SEND(.flags = RST, .seq = 1, .peer_port = (uint16_t)(41002 + i % 6));
    }
}

static void cookie_of_another_address_is_not_good(void **state)
{
    (void)state;
    struct segment_cookie cookie = listen_fast(8);
    struct synfin_addr other = bench.theirs;
    other.octet[15] ^= 4;
    SEND(.flags = SYN, .data = 10, .fastopen = cookie, .from = &other);
    REASON(FASTOPEN_COOKIE_BAD);
    EXPECT(.flags = SYN | ACK, .ack = 1, .fastopen = cookie_of(&other), .to = &other);
    NO_EVENT();
}

// RFC 7413 §4.1.2: the key changes, and the one before is good as long again; then it is not.
static void cookie_of_the_last_key_is_good_and_renewed_in(bool is_experimental)
{
    struct segment_cookie cookie = listen_fast(8);
    uint64_t epoch_ns = SEC(12 * 3600);
    ADVANCE(epoch_ns - bench.now_ns % epoch_ns);
    struct segment_cookie next = cookie_of(&bench.theirs);
    cookie.is_experimental = next.is_experimental = is_experimental;
    CHECK(memcmp(next.octets, cookie.octets, TCP_FASTOPEN_COOKIE) != 0);
    SEND(.flags = SYN, .data = 10, .fastopen = cookie);
    EXPECT(.flags = SYN | ACK, .ack = 11, .fastopen = next);
    EXPECT_AFTER(SEC(1), .flags = SYN | ACK, .ack = 11);
    SEND(.flags = RST, .seq = 11);
    ADVANCE(epoch_ns);
    SEND(.flags = SYN, .data = 10, .fastopen = cookie, .peer_port = 41000);
    REASON(FASTOPEN_COOKIE_BAD);
    EXPECT(.flags = SYN | ACK, .ack = 1, .fastopen = FASTOPEN_ANY, .peer_port = 41000);
}

static void cookie_of_the_last_key_is_good_and_renewed(void **state)
{
    cookie_of_the_last_key_is_good_and_renewed_in(false);
    steps_begin_again(state);
    cookie_of_the_last_key_is_good_and_renewed_in(true);
}

// RFC 7413 §5.1: PendingFastOpenRequests.
static void limit_of_pending_gives_ordinary_handshakes(void **state)
{
    (void)state;
    struct segment_cookie cookie = listen_fast(2);
    for (uint16_t port = 41000; port < 41002; port++) {
        SEND(.flags = SYN, .data = 10, .fastopen = cookie, .peer_port = port);
        EXPECT(.flags = SYN | ACK, .ack = 11, .peer_port = port);
    }
    SEND(.flags = SYN, .data = 10, .fastopen = cookie, .peer_port = 41002);
    REASON(FASTOPEN_LIMIT);
    EXPECT(.flags = SYN | ACK, .ack = 1, .fastopen = cookie, .peer_port = 41002);
    SEND(.flags = ACK, .seq = 11, .ack = 1, .peer_port = 41000);
    SEND(.flags = SYN, .data = 10, .fastopen = cookie, .peer_port = 41003);
    NO_REASON(FASTOPEN_LIMIT);
    EXPECT(.flags = SYN | ACK, .ack = 11, .peer_port = 41003);
}

// RFC 7413 §5.1: a reset ends the connection, and its place is free again a minute later.
static void reset_before_the_third_segment_keeps_the_place_for_a_minute(void **state)
{
    (void)state;
    struct segment_cookie cookie = listen_fast(1);
    SEND(.flags = SYN, .data = 10, .fastopen = cookie);
    EXPECT(.flags = SYN | ACK, .ack = 11);
    ACCEPT();
    EVENT(ACCEPTABLE);
    EVENT(READABLE);
    SEND(.flags = RST, .seq = 12);
    EXPECT(.flags = ACK, .seq = 1, .ack = 11, WHY(SEND_CHALLENGE_RST));
    SEND(.flags = RST, .seq = 11);
    EVENT_CLOSED(RESET);
    EXPECT_FREE();
    SEND(.flags = SYN, .data = 10, .fastopen = cookie, .peer_port = 41000);
    REASON(FASTOPEN_LIMIT);
    EXPECT(.flags = SYN | ACK, .ack = 1, .fastopen = cookie, .peer_port = 41000);
    SEND(.flags = RST, .seq = 1, .peer_port = 41000);
    ADVANCE(SEC(60));
    SEND(.flags = SYN, .data = 10, .fastopen = cookie_of(&bench.theirs), .peer_port = 41001);
    EXPECT(.flags = SYN | ACK, .ack = 11, .peer_port = 41001);
}

static void reset_before_accept_leaves_nothing(void **state)
{
    (void)state;
    struct segment_cookie cookie = listen_fast(8);
    SEND(.flags = SYN, .data = 10, .fastopen = cookie);
    EXPECT(.flags = SYN | ACK, .ack = 11);
    SEND(.flags = RST, .seq = 11);
    EXPECT_FREE();
    RESULT(synfin_socket_accept(bench.stack, bench.listener, &bench.socket, NULL), AGAIN);
}

// RFC 7413 §4.2.2: the SYN+ACK goes again alone, and our data once it is answered.
static void lost_syn_ack_goes_again_alone_and_data_follow_its_answer(void **state)
{
    (void)state;
    struct segment_cookie cookie = listen_fast(8);
    SEND(.flags = SYN, .mss = 1460, .data = 10, .fastopen = cookie);
    EXPECT(.flags = SYN | ACK, .ack = 11);
    ACCEPT();
    READ(10);
    WRITE(300);
    EXPECT(.flags = PSH | ACK, .seq = 1, .ack = 11, .data = 300);
    EXPECT_AFTER(SEC(1), .flags = SYN | ACK, .ack = 11);
    EXPECT_NOTHING();
    EXPECT_AFTER(SEC(2), .flags = SYN | ACK, .ack = 11);
    SEND(.flags = ACK, .seq = 11, .ack = 1);
    IN_STATE(ESTABLISHED);
    EXPECT(.flags = PSH | ACK, .seq = 1, .ack = 11, .data = 300);
    SEND(.flags = ACK, .seq = 11, .ack = 301);
}

// The device takes nothing: 1+2 s, as if the SYN+ACK had left and had gone again.
static void syn_ack_that_never_leaves_is_given_up_and_its_place_is_free(void **state)
{
    (void)state;
    segment_config()->syn_ack_retries = 1;
    struct segment_cookie cookie = listen_fast(1);
    SEND(.flags = SYN, .data = 10, .fastopen = cookie);
    ACCEPT();
    EVENT(ACCEPTABLE);
    EVENT(READABLE);
    bench.now_ns += SEC(3);
    synfin_stack_advance(bench.stack, bench.now_ns);
    EVENT_CLOSED(NOT_SENT);
    CHECK_EQ(bench.event.reason, SYNFIN_REASON_SYN_NEVER_LEFT);
    EXPECT_FREE();
    SEND(.flags = SYN, .data = 10, .fastopen = cookie, .peer_port = 41000);
    NO_REASON(FASTOPEN_LIMIT);
    EXPECT(.flags = SYN | ACK, .ack = 11, .peer_port = 41000);
}

static void client_that_never_answers_is_given_up_and_its_place_is_free(void **state)
{
    (void)state;
    segment_config()->syn_ack_retries = 1;
    struct segment_cookie cookie = listen_fast(1);
    SEND(.flags = SYN, .data = 10, .fastopen = cookie);
    EXPECT(.flags = SYN | ACK, .ack = 11);
    ACCEPT();
    READ(10);
    EXPECT_AFTER(SEC(1), .flags = SYN | ACK, .ack = 11);
    EVENT(ACCEPTABLE);
    EVENT(READABLE);
    ADVANCE(SEC(3));
    EVENT_CLOSED(TIMED_OUT);
    SEND(.flags = SYN, .data = 10, .fastopen = cookie_of(&bench.theirs), .peer_port = 41000);
    EXPECT(.flags = SYN | ACK, .ack = 11, .peer_port = 41000);
}

// The user may be done before the third segment comes.
static void answer_and_close_before_the_third_segment(void **state)
{
    (void)state;
    struct segment_cookie cookie = listen_fast(1);
    SEND(.flags = SYN, .mss = 1460, .data = 10, .fastopen = cookie);
    EXPECT(.flags = SYN | ACK, .ack = 11);
    ACCEPT();
    READ(10);
    WRITE(20);
    CLOSE();
    EXPECT(.flags = FIN | PSH | ACK, .seq = 1, .ack = 11, .data = 20);
    SEND(.flags = ACK, .seq = 11, .ack = 22);
    IN_STATE(FIN_WAIT_2);
    SEND(.flags = FIN | ACK, .seq = 11, .ack = 22);
    EXPECT(.flags = ACK, .seq = 22, .ack = 12);
    IN_STATE(TIME_WAIT);
    SEND(.flags = SYN, .data = 10, .fastopen = cookie, .peer_port = 41000);
    EXPECT(.flags = SYN | ACK, .ack = 11, .peer_port = 41000);
}

static void close_without_an_answer_before_the_third_segment(void **state)
{
    (void)state;
    struct segment_cookie cookie = listen_fast(1);
    SEND(.flags = SYN, .mss = 1460, .data = 10, .fastopen = cookie);
    EXPECT(.flags = SYN | ACK, .ack = 11);
    ACCEPT();
    READ(10);
    CLOSE();
    IN_STATE(FIN_WAIT_1);
    EXPECT(.flags = FIN | ACK, .seq = 1, .ack = 11);
    SEND(.flags = ACK, .seq = 11, .ack = 2);
    IN_STATE(FIN_WAIT_2);
    SEND(.flags = SYN, .data = 10, .fastopen = cookie, .peer_port = 41000);
    EXPECT(.flags = SYN | ACK, .ack = 11, .peer_port = 41000);
}

static void listener_that_closes_resets_what_nobody_accepted(void **state)
{
    (void)state;
    struct segment_cookie cookie = listen_fast(8);
    SEND(.flags = SYN, .data = 10, .fastopen = cookie);
    EXPECT(.flags = SYN | ACK, .ack = 11);
    SEND(.flags = SYN, .data = 10, .fastopen = cookie, .peer_port = 41000);
    EXPECT(.flags = SYN | ACK, .ack = 11, .peer_port = 41000);
    ACCEPT();
    synfin_socket_close(bench.stack, bench.listener, bench.now_ns);
    EXPECT(.flags = RST | ACK, .seq = 1, .ack = 11, .peer_port = 41000,
           WHY(SEND_RST_LISTENER_GONE));
    SEND(.flags = ACK, .seq = 11, .ack = 1); // the accepted one lives on, counted by nobody
    IN_STATE(ESTABLISHED);
}

static void full_accept_queue_takes_no_more(void **state)
{
    (void)state;
    LISTEN(1);
    fastopen_limit(8, HERE);
    struct segment_cookie cookie = cookie_of(&bench.theirs);
    segment_without_iss();
    SEND(.flags = SYN, .data = 10, .fastopen = cookie);
    EXPECT(.flags = SYN | ACK, .ack = 11);
    SEND(.flags = SYN, .data = 10, .fastopen = cookie, .peer_port = 41000);
    REASON(DROP_ACCEPT_QUEUE);
    EXPECT_NOTHING();
}

// The window of the SYN+ACK is what the SYN's data have left of the buffer.
static void data_of_the_syn_count_against_the_window(void **state)
{
    (void)state;
    segment_config()->receive_buffer_bytes = 1000;
    struct segment_cookie cookie = listen_fast(8);
    SEND(.flags = SYN, .data = 300, .fastopen = cookie);
    EXPECT(.flags = SYN | ACK, .ack = 301, .window = 700);
    SEND(.flags = SYN, .data = 1400, .fastopen = cookie, .peer_port = 41000);
    EXPECT(.flags = SYN | ACK, .ack = 1001, .window = SHUT, .peer_port = 41000);
}

// RFC 6928 §2 counts segments of data: a SYN+ACK that is out takes no place of theirs.
static void whole_initial_window_goes_before_the_third_segment(void **state)
{
    (void)state;
    struct segment_cookie cookie = listen_fast(8);
    SEND(.flags = SYN, .mss = 1000, .data = 5, .fastopen = cookie);
    EXPECT(.flags = SYN | ACK, .ack = 6);
    ACCEPT();
    WRITE(20000);
    for (uint32_t at = 0; at < 10; at++) {
        EXPECT(.flags = ACK, .seq = 1 + 1000 * at, .ack = 6, .data = 1000);
    }
    EXPECT_NOTHING();
}

// A client that has SACK, five octets of its SYN read, and the third segment is yet to come.
static struct segment_cookie take_syn_data(void)
{
    struct segment_cookie cookie = listen_fast(8);
    SEND(.flags = SYN, .mss = 1000, .sack_ok = true, .data = 5, .fastopen = cookie);
    EXPECT(.flags = SYN | ACK, .ack = 6, .sack_ok = true);
    ACCEPT();
    READ(5);
    return cookie;
}

static void write_segments(uint32_t count)
{
    WRITE(1000 * count);
    for (uint32_t i = 1; i <= count; i++) {
        EXPECT(.flags = i == count ? PSH | ACK : ACK, .seq = 1000 * i - 999, .ack = 6,
               .data = 1000);
    }
}

// What went before the third segment is lost like any other, and the third segment may say so.
static void loss_before_the_third_segment_is_repaired_by_sack(void **state)
{
    (void)state;
    (void)take_syn_data();
    write_segments(5);
    ADVANCE(MS(10));
    SEND(.flags = ACK, .seq = 6, .ack = 1, .sack = {{2001, 5001}});
    IN_STATE(ESTABLISHED);
    EXPECT(.flags = ACK, .seq = 1, .ack = 6, .data = 1000, WHY(SEND_RACK));
    EXPECT(.flags = ACK, .seq = 1001, .ack = 6, .data = 1000, WHY(SEND_RACK));
    SEND(.flags = ACK, .seq = 6, .ack = 5001);
    EXPECT_NOTHING();
}

// The SYN comes again, and before it is answered the third segment comes.
static void third_segment_before_a_syn_is_answered_again_says_what_goes_again(void **state)
{
    (void)state;
    struct segment_cookie cookie = take_syn_data();
    write_segments(5);
    SEND(.flags = SYN, .mss = 1000, .sack_ok = true, .data = 5, .fastopen = cookie);
    SEND(.flags = ACK, .seq = 6, .ack = 1, .sack = {{1001, 4001}});
    IN_STATE(ESTABLISHED);
    EXPECT(.flags = ACK, .seq = 1, .ack = 6, .data = 1000, WHY(SEND_RACK));
    EXPECT_NOTHING();
    SEND(.flags = ACK, .seq = 6, .ack = 5001);
    EXPECT_NOTHING();
}

// Neither then is anything lost that nobody has called so: only our SYN was to go again.
static void third_segment_before_a_syn_is_answered_again_repeats_no_data(bool has_sack)
{
    struct segment_cookie cookie = listen_fast(8);
    SEND(.flags = SYN, .mss = 1000, .sack_ok = has_sack, .data = 5, .fastopen = cookie);
    EXPECT(.flags = SYN | ACK, .ack = 6, .sack_ok = has_sack);
    ACCEPT();
    write_segments(3);
    SEND(.flags = SYN, .mss = 1000, .sack_ok = has_sack, .data = 5, .fastopen = cookie);
    SEND(.flags = ACK, .seq = 6, .ack = 1);
    IN_STATE(ESTABLISHED);
    EXPECT_NOTHING();
    SEND(.flags = ACK, .seq = 6, .ack = 3001);
    CHECK_EQ(segment_conn()->totals.retransmits, 0);
}

static void data_before_the_third_segment_go_once(void **state)
{
    third_segment_before_a_syn_is_answered_again_repeats_no_data(true);
    steps_begin_again(state);
    third_segment_before_a_syn_is_answered_again_repeats_no_data(false);
}

// When each of them left is not known: the round trip is that of the SYN+ACK.
static void data_before_the_third_segment_are_no_samples_of_the_round_trip(void **state)
{
    (void)state;
    (void)take_syn_data();
    for (uint32_t i = 0; i < 2; i++) {
        WRITE(1000);
        EXPECT(.flags = PSH | ACK, .seq = 1 + 1000 * i, .ack = 6, .data = 1000);
        ADVANCE(MS(40));
    }
    SEND(.flags = ACK, .seq = 6, .ack = 1);
    CHECK_EQ(segment_conn()->rtt.min_ns, MS(80));
    SEND(.flags = ACK, .seq = 6, .ack = 2001);
    CHECK_EQ(segment_conn()->rtt.min_ns, MS(80));
}

// Its cookies are its own: those of the stack are not good there, and go again when it has none.
static void listener_with_keys_of_its_own_gives_and_takes_their_cookies(void **state)
{
    (void)state;
    static const uint8_t keys[48] = {1, 2, 3};
    struct segment_cookie stacks = listen_fast(8);
    RESULT(synfin_socket_fastopen_keys(bench.stack, bench.listener, keys, 3), INVALID);
    RESULT(synfin_socket_fastopen_keys(bench.stack, bench.listener, keys, 1), OK);
    SEND(.flags = SYN, .mss = 1460, .data = 10, .fastopen = stacks);
    EXPECT(.flags = SYN | ACK, .ack = 1, .fastopen = FASTOPEN_ANY,
           WHY(SEND_SYN_ACK_FASTOPEN_COOKIE));
    struct wire_tcp h = {.has_fastopen = false};
    struct tcp_pair pair = {.local = bench.ours, .remote = bench.theirs};
    struct tcp_fastopen_jar jar = {.has_keys = false};
    tcp_fastopen_set_keys(&jar, &(struct siphash_key){0x030201, 0}, 1);
    tcp_fastopen_give(&jar, &pair, bench.now_ns, &h);
    struct segment_cookie own = {.is_set = true, .bytes = TCP_FASTOPEN_COOKIE};
    memcpy(own.octets, h.cookie, sizeof own.octets);
    bench.peer_port = 40001;
    SEND(.flags = SYN, .mss = 1460, .data = 10, .fastopen = own);
    EXPECT(.flags = SYN | ACK, .ack = 11, WHY(SEND_SYN_ACK_OF_DATA));
    RESULT(synfin_socket_fastopen_keys(bench.stack, bench.listener, keys, 0), OK);
    bench.peer_port = 40002;
    SEND(.flags = SYN, .mss = 1460, .data = 10, .fastopen = stacks);
    EXPECT(.flags = SYN | ACK, .ack = 11, WHY(SEND_SYN_ACK_OF_DATA));
}

// RFC 5961 §4.2: a SYN+ACK is the other half of an open that crossed, and the end that was called
// has sent no SYN that could cross. `matrix half-open-fast 30195`.
static void syn_ack_to_the_end_that_was_called_is_challenged(void **state)
{
    (void)state;
    struct segment_cookie cookie = listen_fast(8);
    SEND(.flags = SYN, .mss = 1460, .data = 100, .fastopen = cookie);
    EXPECT(.flags = SYN | ACK, .ack = 101, WHY(SEND_SYN_ACK_OF_DATA));
    ACCEPT();
    for (uint32_t bytes = 0; bytes <= 200; bytes += 50) {
        SEND(.flags = SYN | ACK, .ack = 1, .mss = 1460, .data = bytes);
        EXPECT(.flags = ACK, .seq = 1, .ack = 101, WHY(SEND_CHALLENGE_SYN));
        SEND(.flags = SYN | ACK, .ack = 2, .mss = 1460, .data = bytes); // nor is it reset
        EXPECT(.flags = ACK, .seq = 1, .ack = 101, WHY(SEND_CHALLENGE_SYN));
        IN_STATE(SYN_RECEIVED);
    }
    READ(100);
    SEND(.flags = ACK, .seq = 101, .ack = 1);
    IN_STATE(ESTABLISHED);
}

// RFC 7413 §5.1: another listener of the same port has nothing to do with the places of the first.
static void reset_counts_at_the_listener_that_took_the_data_only(void **state)
{
    (void)state;
    struct segment_cookie cookie = listen_fast(1);
    SEND(.flags = SYN, .mss = 1460, .data = 10, .fastopen = cookie);
    EXPECT(.flags = SYN | ACK, .ack = 11);
    ACCEPT();
    synfin_socket_close(bench.stack, bench.listener, bench.now_ns);
    LISTEN_FAST(1);
    SEND(.flags = RST, .seq = 11);
    SEND(.flags = SYN, .data = 10, .fastopen = cookie, .peer_port = 41000);
    NO_REASON(FASTOPEN_LIMIT);
    EXPECT(.flags = SYN | ACK, .ack = 11, .peer_port = 41000);
}

static const struct CMUnitTest tests[] = {
    SEGMENT_TEST(off_by_default_ignores_option_and_data),
    SEGMENT_TEST(request_is_answered_with_a_cookie_once),
    SEGMENT_TEST(request_is_answered_in_the_option_that_it_came_in),
    SEGMENT_TEST(data_without_a_cookie_are_taken_where_the_user_says_so),
    SEGMENT_TEST(listener_says_for_itself_that_it_needs_no_cookies),
    SEGMENT_TEST(request_is_answered_by_a_syn_cookie_too),
    SEGMENT_TEST(good_cookie_delivers_data_before_the_handshake_is_complete),
    SEGMENT_TEST(third_segment_of_the_syn_alone_leaves_our_data_in_flight),
    SEGMENT_TEST(syn_without_data_and_with_cookie_opens_at_once),
    SEGMENT_TEST(hist_91_repeated_syn_with_data_is_delivered_once_while_connected),
    SEGMENT_TEST(hist_91_repeated_syn_with_data_is_delivered_again_after_the_end),
    SEGMENT_TEST(hist_91_repeated_syn_with_data_is_not_delivered_in_time_wait),
    SEGMENT_TEST(pair_in_time_wait_may_open_anew),
    SEGMENT_TEST(hist_91_cookie_of_a_length_not_its_own_is_ignored),
    SEGMENT_TEST(cookie_that_is_not_ours_gives_an_ordinary_handshake),
    SEGMENT_TEST(cookie_of_another_address_is_not_good),
    SEGMENT_TEST(cookie_of_the_last_key_is_good_and_renewed),
    SEGMENT_TEST(limit_of_pending_gives_ordinary_handshakes),
    SEGMENT_TEST(reset_before_the_third_segment_keeps_the_place_for_a_minute),
    SEGMENT_TEST(reset_before_accept_leaves_nothing),
    SEGMENT_TEST(lost_syn_ack_goes_again_alone_and_data_follow_its_answer),
    SEGMENT_TEST(syn_ack_that_never_leaves_is_given_up_and_its_place_is_free),
    SEGMENT_TEST(client_that_never_answers_is_given_up_and_its_place_is_free),
    SEGMENT_TEST(answer_and_close_before_the_third_segment),
    SEGMENT_TEST(close_without_an_answer_before_the_third_segment),
    SEGMENT_TEST(listener_that_closes_resets_what_nobody_accepted),
    SEGMENT_TEST(full_accept_queue_takes_no_more),
    SEGMENT_TEST(data_of_the_syn_count_against_the_window),
    SEGMENT_TEST(whole_initial_window_goes_before_the_third_segment),
    SEGMENT_TEST(loss_before_the_third_segment_is_repaired_by_sack),
    SEGMENT_TEST(third_segment_before_a_syn_is_answered_again_says_what_goes_again),
    SEGMENT_TEST(data_before_the_third_segment_go_once),
    SEGMENT_TEST(data_before_the_third_segment_are_no_samples_of_the_round_trip),
    SEGMENT_TEST(listener_with_keys_of_its_own_gives_and_takes_their_cookies),
    SEGMENT_TEST(syn_ack_to_the_end_that_was_called_is_challenged),
    SEGMENT_TEST(reset_counts_at_the_listener_that_took_the_data_only),
};

SEGMENT_MAIN(tests)
