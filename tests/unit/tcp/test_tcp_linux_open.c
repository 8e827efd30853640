// SPDX-License-Identifier: MIT
//
// What Linux does otherwise while connections open, most of it of Fast Open: each way of
// SYNFIN_LINUX_WAYS alone. What the default does in the same places is tested with its own subject.
#include "fastopen_steps.h"
#include "lib/segment_info.h"
#include "linux_steps.h"
#include "mtu_steps.h"
#include "tcp/tcp_internal.h"

static const struct segment_cookie EXPERIMENT = {true, 0, {0}, true};

// A SYN with data has opened a connection that nobody has accepted yet.
static void open_fast_with(uint32_t bytes)
{
    segment_config()->fastopen_takes_any = 1;
    LISTEN_FAST(8);
    SEND(.flags = SYN, .mss = 1460, .data = bytes);
    EXPECT(.flags = SYN | ACK, .ack = 1 + bytes);
}

static void keep_ended_lets_a_reset_connection_be_accepted_and_read(void **state)
{
    (void)state;
    ONLY(KEEP_ENDED);
    open_fast_with(10);
    SEND(.flags = RST | ACK, .seq = 11, .ack = 1);
    CHECK(segment_conn() == NULL);
    ACCEPT();
    CHECK(INFO().state == SYNFIN_TCP_STATE_CLOSED && INFO().has_syn_data == 1);
    READ(10);
    size_t received;
    RESULT(segment_user_recv(1, &received), RESET);
    RESULT(segment_user_send(1), RESET);
}

static void keep_ended_leaves_what_arrived_at_an_accepted_connection(void **state)
{
    (void)state;
    ONLY(KEEP_ENDED);
    OPEN_PASSIVE();
    SEND(.flags = PSH | ACK, .seq = 1, .ack = 1, .data = 30);
    READ(10);
    SEND(.flags = RST, .seq = 31);
    READ(20);
    size_t received;
    RESULT(segment_user_recv(1, &received), RESET);
    CLOSE();
}

static void keep_ended_gives_all_back_when_the_listener_closes(void **state)
{
    (void)state;
    ONLY(KEEP_ENDED);
    open_fast_with(10);
    SEND(.flags = RST | ACK, .seq = 11, .ack = 1);
    synfin_socket_close(bench.stack, bench.listener, bench.now_ns);
    bench.listener = 0;
    EXPECT_NOTHING(); // the peer has reset already
    EXPECT_FREE();
}

static void keep_ended_counts_against_the_backlog(void **state)
{
    (void)state;
    ONLY(KEEP_ENDED);
    LISTEN(1);
    segment_wait_for_iss();
    SEND(.flags = SYN, .mss = 1460);
    EXPECT(.flags = SYN | ACK, .ack = 1);
    SEND(.flags = ACK, .seq = 1, .ack = 1);
    SEND(.flags = RST, .seq = 1);
    segment_without_iss();
    bench.peer_port = 40001;
    SEND(.flags = SYN, .mss = 1460);
    EXPECT_NOTHING();
    ACCEPT();
    size_t received;
    RESULT(segment_user_recv(1, &received), RESET);
}

static void unreachable_ends_a_half_open_connection(void **state)
{
    (void)state;
    ONLY(UNREACHABLE_ENDS);
    LISTEN(8);
    segment_wait_for_iss();
    SEND(.flags = SYN, .mss = 1460);
    EXPECT(.flags = SYN | ACK, .ack = 1);
    HOST_UNREACHABLE(1); // of no segment of ours
    REASON(DROP_ICMP_SEQUENCE);
    IN_STATE(SYN_RECEIVED);
    HOST_UNREACHABLE(0);
    REASON(ICMP_HEARD);
    CHECK(segment_count(SYNFIN_TCP_STATE_SYN_RECEIVED) == 0);
    SEND(.flags = ACK, .seq = 1, .ack = 1);
    EXPECT(.flags = RST, .seq = 1);
}

static void unreachable_ends_what_connects(void **state)
{
    (void)state;
    ONLY(UNREACHABLE_ENDS);
    CONNECT();
    EXPECT(.flags = SYN);
    HOST_UNREACHABLE(0);
    EVENT_CLOSED(HOST_UNREACHABLE);
    CLOSE();
}

static void unreachable_ends_fast_open_before_accept_and_not_after(void **state)
{
    (void)state;
    segment_config()->linux_ways = UINT32_C(1) << SYNFIN_LINUX_WAY_UNREACHABLE_ENDS
                                   | UINT32_C(1) << SYNFIN_LINUX_WAY_KEEP_ENDED;
    open_fast_with(10);
    HOST_UNREACHABLE(0);
    EVENT(ACCEPTABLE);
    ACCEPT();
    EVENT(READABLE);
    EVENT_CLOSED(HOST_UNREACHABLE);
    READ(10);
    CLOSE();
    bench.peer_port = 40001;
    SEND(.flags = SYN, .mss = 1460, .data = 10);
    EXPECT(.flags = SYN | ACK, .ack = 11);
    ACCEPT();
    HOST_UNREACHABLE(0);
    IN_STATE(SYN_RECEIVED);
    SEND(.flags = ACK, .seq = 11, .ack = 1);
    IN_STATE(ESTABLISHED);
}

static void small_tails_wait_for_small_segments_only(void **state)
{
    (void)state;
    ONLY(SMALL_TAILS);
    OPEN_ACTIVE();
    uint32_t mss = INFO().snd_mss_bytes;
    WRITE(mss + 100);
    EXPECT(.flags = ACK, .seq = 1, .ack = 1, .data = mss);
    EXPECT(.flags = PSH | ACK, .seq = 1 + mss, .ack = 1, .data = 100);
    WRITE(100);
    EXPECT_NOTHING();
    SEND(.flags = ACK, .seq = 1, .ack = 1 + mss);
    EXPECT_NOTHING(); // the small one is still out
    SEND(.flags = ACK, .seq = 1, .ack = 101 + mss);
    EXPECT(.flags = PSH | ACK, .seq = 101 + mss, .ack = 1, .data = 100);
}

static void path_mss_is_what_a_syn_offers_after_a_routers_word(void **state)
{
    (void)state;
    ONLY(PATH_MSS);
    if (bench.version == 6) {
        return; // no path of IPv6 is so narrow
    }
    LEARN_COOKIE(1460);
    CONNECT_FAST(40000);
    WRITE(1000);
    EXPECT(.flags = SYN, .mss = 1460, .data = 1000, .fastopen = COOKIE);
    TOO_BIG(840, 0);
    EXPECT(.flags = SYN, .mss = 800, WHY(SEND_PMTU));
    SEND(.flags = SYN | ACK, .ack = 1, .mss = 1460);
    EXPECT(.flags = ACK, .seq = 1, .ack = 1, .data = 800);
    EXPECT(.flags = PSH | ACK, .seq = 801, .ack = 1, .data = 200);
}

// Once, and then never again.
static void try_experiment_asks_once_in_the_other_option(void **state)
{
    (void)state;
    ONLY(TRY_EXPERIMENT);
    for (uint16_t port = 40000; port < 40004; port++) {
        struct segment_cookie option =
            port == 40001 ? EXPERIMENT : (struct segment_cookie)FASTOPEN_REQUEST;
        CONNECT_FAST(port);
        WRITE(1);
        EXPECT(.flags = SYN, .fastopen = option);
        SEND(.flags = SYN | ACK, .ack = 1, .mss = 1460);
        EXPECT(.flags = PSH | ACK, .seq = 1, .ack = 1, .data = 1);
        FINISH(2);
    }
}

static void try_experiment_goes_back_to_the_option_of_a_new_cookie(void **state)
{
    (void)state;
    struct segment_cookie old = COOKIE;
    old.is_experimental = true;
    ONLY(TRY_EXPERIMENT);
    CONNECT_FAST(40000);
    WRITE(1);
    EXPECT(.flags = SYN, .fastopen = FASTOPEN_REQUEST);
    SEND(.flags = SYN | ACK, .ack = 1, .mss = 1460);
    EXPECT(.flags = PSH | ACK, .seq = 1, .ack = 1, .data = 1);
    FINISH(2);
    CONNECT_FAST(40001);
    WRITE(1);
    EXPECT(.flags = SYN, .fastopen = EXPERIMENT);
    SEND(.flags = SYN | ACK, .ack = 1, .mss = 1460, .fastopen = old);
    EXPECT(.flags = PSH | ACK, .seq = 1, .ack = 1, .data = 1);
    FINISH(2);
    CONNECT_FAST(40002);
    WRITE(5);
    EXPECT(.flags = SYN, .data = 5, .fastopen = old);
    SEND(.flags = SYN | ACK, .ack = 6, .mss = 1460, .fastopen = COOKIE);
    EXPECT(.flags = ACK, .seq = 6, .ack = 1);
    FINISH(6);
    CONNECT_FAST(40003);
    WRITE(5);
    EXPECT(.flags = SYN, .data = 5, .fastopen = COOKIE);
}

static void push_bursts_pushes_what_a_syn_carried_in_vain(void **state)
{
    (void)state;
    ONLY(PUSH_BURSTS);
    LEARN_COOKIE(540);
    CONNECT_FAST(40000);
    WRITE(600);
    EXPECT(.flags = SYN, .data = 500, .fastopen = COOKIE);
    SEND(.flags = SYN | ACK, .ack = 1, .mss = 540);
    EXPECT(.flags = PSH | ACK, .seq = 1, .ack = 1, .data = 500);
}

// The answer to the SYN is acknowledged by the data that waited for it, and what the peer says next
// waits for more of them.
static void quick_acks_wait_behind_data_that_waited_for_the_handshake(void **state)
{
    (void)state;
    ONLY(QUICK_ACKS);
    CONNECT_FAST(40000);
    WRITE(10);
    EXPECT(.flags = SYN, .fastopen = FASTOPEN_REQUEST);
    SEND(.flags = SYN | ACK, .ack = 1, .mss = 1460);
    EXPECT(.flags = PSH | ACK, .seq = 1, .ack = 1, .data = 10);
    SEND(.flags = PSH | ACK, .seq = 1, .ack = 11, .data = 10);
    EXPECT_NOTHING();
    EXPECT_WITHIN(MS(50), .flags = ACK, .seq = 11, .ack = 11);
}

static void bare_segments_complete_a_handshake(void **state)
{
    (void)state;
    ONLY(BARE_SEGMENTS);
    LISTEN(8);
    segment_wait_for_iss();
    SEND(.flags = SYN, .mss = 1460, .ts = TS(100, 0));
    EXPECT(.flags = SYN | ACK, .ack = 1, .ts = TS(0, 100));
    SEND(.flags = ACK, .seq = 1, .ack = 1);
    IN_STATE(ESTABLISHED);
}

// In units of the scale, and not more than what has arrived bears.
static void grow_window_begins_with_64_kib(void **state)
{
    (void)state;
    ONLY(GROW_WINDOW);
    segment_config()->receive_buffer_bytes = 200000;
    segment_config()->receive_buffer_bytes_max = 15000000;
    LISTEN(8);
    segment_wait_for_iss();
    SEND(.flags = SYN, .mss = 1000, .wscale = SHIFT(7));
    EXPECT(.flags = SYN | ACK, .ack = 1, .wscale = SHIFT(8), .window = 65535);
    SEND(.flags = ACK, .seq = 1, .ack = 1);
    ACCEPT();
    WRITE(1);
    EXPECT(.flags = PSH | ACK, .seq = 1, .ack = 1, .data = 1, .window = 256);
    SEND(.flags = ACK, .seq = 1, .ack = 2, .data = 100);
    READ(100);
    EXPECT_WITHIN(MS(50), .flags = ACK, .seq = 2, .ack = 101, .window = 256); // tiny
    SEND(.flags = ACK, .seq = 101, .ack = 2, .data = 1000);
    READ(1000);
    uint32_t grown = 65535 + 2 * (bench.version == 6 ? 1440 : 1460);
    EXPECT_WITHIN(MS(50), .flags = ACK, .seq = 2, .ack = 1101,
                  .window = (int32_t)(grown + 255) / 256);
}

static void check_echo_resets_an_answer_to_none_of_our_syns(void **state)
{
    (void)state;
    ONLY(CHECK_ECHO);
    segment_open_client(40000, HERE);
    segment_without_iss();
    RESULT(segment_user_connect(), OK);
    EXPECT(.flags = SYN);
    uint32_t ours = tcp_paws_now(segment_conn(), bench.now_ns);
    SEND(.flags = SYN | ACK, .ack = 1, .mss = 1460, .ts = TS(7, ours + 1));
    EXPECT(.flags = RST, .seq = 1);
    SEND(.flags = SYN | ACK, .ack = 1, .mss = 1460, .ts = TS(7, ours - 1));
    EXPECT(.flags = RST, .seq = 1);
    IN_STATE(SYN_SENT);
    SEND(.flags = SYN | ACK, .ack = 1, .mss = 1460, .ts = TS(7, ours));
    EXPECT(.flags = ACK, .seq = 1, .ack = 1, .ts = TS(0, 7));
}

static void report_syns_tells_a_syn_that_came_again(void **state)
{
    for (FOR_BOTH(REPORT_SYNS)) {
        CONNECT();
        EXPECT(.flags = SYN);
        SEND(.flags = SYN, .mss = 1460, .sack_ok = true);
        EXPECT(.flags = SYN | ACK, .ack = 1);
        for (uint32_t i = 0; i < 2; i++) { // it has crossed ours, and is repeated
            SEND(.flags = SYN | ACK, .ack = 1, .mss = 1460, .sack_ok = true);
            IN_STATE(ESTABLISHED);
            EXPECT(.flags = ACK, .seq = 1, .ack = 1, .sack = {{0, is_linux}});
        }
    }
}

static const struct CMUnitTest tests[] = {
    SEGMENT_TEST(keep_ended_lets_a_reset_connection_be_accepted_and_read),
    SEGMENT_TEST(keep_ended_leaves_what_arrived_at_an_accepted_connection),
    SEGMENT_TEST(keep_ended_gives_all_back_when_the_listener_closes),
    SEGMENT_TEST(keep_ended_counts_against_the_backlog),
    SEGMENT_TEST(unreachable_ends_a_half_open_connection),
    SEGMENT_TEST(unreachable_ends_what_connects),
    SEGMENT_TEST(unreachable_ends_fast_open_before_accept_and_not_after),
    SEGMENT_TEST(small_tails_wait_for_small_segments_only),
    SEGMENT_TEST(path_mss_is_what_a_syn_offers_after_a_routers_word),
    SEGMENT_TEST(try_experiment_asks_once_in_the_other_option),
    SEGMENT_TEST(try_experiment_goes_back_to_the_option_of_a_new_cookie),
    SEGMENT_TEST(push_bursts_pushes_what_a_syn_carried_in_vain),
    SEGMENT_TEST(quick_acks_wait_behind_data_that_waited_for_the_handshake),
    SEGMENT_TEST(bare_segments_complete_a_handshake),
    SEGMENT_TEST(grow_window_begins_with_64_kib),
    SEGMENT_TEST(report_syns_tells_a_syn_that_came_again),
    SEGMENT_TEST(check_echo_resets_an_answer_to_none_of_our_syns),
};
SEGMENT_MAIN(tests)
