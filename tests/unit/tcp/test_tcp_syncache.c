// SPDX-License-Identifier: MIT
//
// The SYN cache: every step that a segment for a half-open connection takes, what an unvalidated
// peer is sent at most, how often and when, and who has to go when there is no room.
#include "lib/segment.h"
#include "lib/segment_info.h"

static void syn_from(uint16_t port)
{
    SEND(.flags = SYN, .mss = 1460, .peer_port = port);
    EXPECT(.flags = SYN | ACK, .ack = 1, .peer_port = port, WHY(SEND_SYN_ACK));
}

static bool is_half_open(uint16_t port)
{
    uint16_t kept = bench.peer_port;
    bench.peer_port = port;
    bool is = segment_stub(&bench.tcp->half_open) != NULL;
    bench.peer_port = kept;
    return is;
}

// The steps of RFC 9293 §3.10.7.4

static void open_with_timestamps(void)
{
    LISTEN(4);
    SEND(.flags = SYN, .mss = 1460, .ts = TS(1000, 0));
    EXPECT(.flags = SYN | ACK, .ack = 1, .ts = TS(0, 1000));
}

static void timestamp_from_the_past_is_answered_and_dropped(void **state)
{
    (void)state;
    open_with_timestamps();
    SEND(.flags = ACK, .seq = 1, .ack = 1, .ts = TS(999, 0));
    REASON(DROP_PAWS);
    EXPECT(.flags = ACK, .seq = 1, .ack = 1, .ts = TS(0, 1000));
    SEND(.flags = ACK, .seq = 1, .ack = 1, .ts = TS(1000 - (UINT32_C(1) << 31), 0));
    REASON(DROP_PAWS);
    EXPECT(.flags = ACK, .seq = 1, .ack = 1);
    IN_STATE(SYN_RECEIVED);
    SEND(.flags = ACK, .seq = 1, .ack = 1, .ts = TS(1000, 0));
    IN_STATE(ESTABLISHED);
}

static uint32_t challenges_of(uint16_t port, uint32_t segments)
{
    uint64_t before = synfin_stack_count(bench.stack, SYNFIN_REASON_SEND_CHALLENGE_SYN);
    for (uint32_t i = 0; i < segments; i++) {
        SEND(.flags = SYN, .seq = 77 + i, .peer_port = port);
        segment_forget_sent();
    }
    return (uint32_t)(synfin_stack_count(bench.stack, SYNFIN_REASON_SEND_CHALLENGE_SYN) - before);
}

// RFC 5961 §7; what is sent in one connection's place leaves those of others as they are.
static void challenges_are_limited_in_each_second(void **state)
{
    (void)state;
    segment_config()->challenge_acks_per_second = 3;
    LISTEN(4);
    syn_from(40000);
    syn_from(40001);
    bench.now_ns += SEC(20) - bench.now_ns % SEC(1); // half-opens wait; the device is not asked
    CHECK_EQ(challenges_of(40000, 10), 3);
    REASON(DROP_CHALLENGE_LIMIT);
    CHECK_EQ(challenges_of(40001, 10), 3);
    bench.now_ns += SEC(1) - 1;
    CHECK_EQ(challenges_of(40000, 10), 0);
    bench.now_ns += 1;
    CHECK_EQ(challenges_of(40000, 10), 3);
}

static void reset_and_syn_need_no_timestamp(void **state)
{
    (void)state;
    open_with_timestamps();
    SEND(.flags = SYN, .seq = 77);
    EXPECT(.flags = ACK, .seq = 1, .ack = 1, WHY(SEND_CHALLENGE_SYN));
    SEND(.flags = RST, .seq = 1);
    IN_STATE(LISTEN);
    EXPECT_FREE();
}

// RFC 7323 §4.3: the SYN that is answered is the one whose clock is echoed; §5.3, R1: one that was
// overtaken is not acceptable, and its answer no SYN+ACK.
static void repeated_syn_brings_a_newer_timestamp(void **state)
{
    (void)state;
    open_with_timestamps();
    ADVANCE(MS(500));
    SEND(.flags = SYN, .mss = 1460, .ts = TS(1500, 0));
    EXPECT(.flags = SYN | ACK, .ack = 1, .ts = TS(0, 1500));
    ADVANCE(MS(500));
    SEND(.flags = SYN, .mss = 1460, .ts = TS(1400, 0));
    REASON(DROP_PAWS);
    EXPECT(.flags = ACK, .seq = 1, .ack = 1, .ts = TS(0, 1500), WHY(SEND_ACK_UNACCEPTABLE));
    SEND(.flags = SYN, .mss = 1460, .ts = TS(1500, 0));
    EXPECT(.flags = SYN | ACK, .ack = 1, .ts = TS(0, 1500));
}

// The four cases of RFC 9293 §3.10.7.4, Table 6, at the edges of the window that was offered.
static void window_of_the_syn_ack_is_what_is_acceptable(void **state)
{
    static const struct {
        uint32_t seq, data;
        bool is_in;
    } cases[] = {
        {0, 0, false},          {0, 1, false},
        {0, 2, true},           {1, 0, true},
        {1000, 5, true},        {1000, 0, true},
        {1001, 0, false},       {1001, 7, false},
        {UINT32_MAX, 1, false}, {(UINT32_C(1) << 31) + 1, 1, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        (void)segment_teardown(state);
        (void)segment_setup(state);
        segment_config()->receive_buffer_bytes = 1000;
        LISTEN(4);
        SEND(.flags = SYN, .mss = 1460);
        EXPECT(.flags = SYN | ACK, .ack = 1, .window = 1000);
        SEND(.flags = ACK, .seq = cases[i].seq, .ack = 1, .data = cases[i].data);
        if (cases[i].is_in) {
            IN_STATE(ESTABLISHED);
            segment_forget_sent();
            continue;
        }
        REASON(DROP_UNACCEPTABLE);
        EXPECT(.flags = ACK, .seq = 1, .ack = 1, WHY(SEND_ACK_UNACCEPTABLE));
        IN_STATE(SYN_RECEIVED);
    }
}

static void reset_with_an_acknowledgment_counts_like_one_without(void **state)
{
    (void)state;
    LISTEN(4);
    syn_from(40000);
    SEND(.flags = RST | ACK, .seq = 1, .ack = 777);
    REASON(RECEIVED_RST);
    IN_STATE(LISTEN);
    EXPECT_FREE();
}

static void syn_with_acknowledgment_is_challenged(void **state)
{
    (void)state;
    LISTEN(4);
    syn_from(40000);
    SEND(.flags = SYN | ACK, .seq = 0, .ack = 1);
    EXPECT(.flags = ACK, .seq = 1, .ack = 1, WHY(SEND_CHALLENGE_SYN));
    IN_STATE(SYN_RECEIVED);
}

static void window_of_a_challenge_is_scaled(void **state)
{
    (void)state;
    segment_config()->receive_buffer_bytes = 1 << 20;
    LISTEN(4);
    SEND(.flags = SYN, .mss = 1460, .wscale = SHIFT(7));
    EXPECT(.flags = SYN | ACK, .ack = 1, .window = 65535, .wscale = SHIFT(5));
    SEND(.flags = SYN, .seq = 5);
    EXPECT(.flags = ACK, .seq = 1, .ack = 1, .window = 65535 >> 5);
}

// The SYN+ACK has said how the window is scaled, whatever the user changes afterwards.
static void scale_that_was_offered_stays(void **state)
{
    (void)state;
    segment_config()->receive_buffer_bytes = 1 << 20;
    LISTEN(4);
    SEND(.flags = SYN, .mss = 1460, .wscale = SHIFT(0));
    EXPECT(.flags = SYN | ACK, .ack = 1, .wscale = SHIFT(5));
    bench.socket = bench.listener;
    SET(RECEIVE_BUFFER, 65535);
    EXPECT_WITHIN(SEC(2), .flags = SYN | ACK, .ack = 1, .wscale = SHIFT(5));
    SEND(.flags = ACK, .seq = 1, .ack = 1, .data = 3000);
    EXPECT_WITHIN(MS(500), .flags = ACK, .seq = 1, .ack = 3001);
    CHECK(bench.last.window <= 65535 >> 5);
    ACCEPT();
    CHECK_EQ(INFO().rcv_wscale_shift, 5);
}

static void third_segment_with_text_and_fin_counts_after_retries(void **state)
{
    (void)state;
    LISTEN(4);
    syn_from(40000);
    EXPECT_AFTER(SEC(1), .flags = SYN | ACK, .ack = 1, WHY(SEND_SYN_ACK_AGAIN));
    EXPECT_AFTER(SEC(2), .flags = SYN | ACK, .ack = 1);
    SEND(.flags = FIN | PSH | ACK, .seq = 1, .ack = 1, .data = 9);
    EXPECT(.flags = ACK, .seq = 1, .ack = 11);
    IN_STATE(CLOSE_WAIT);
    ACCEPT();
    READ(9);
    READ(0);
}

// RFC 6298 §2.2: the handshake is the first measurement.
static void handshake_is_measured(void **state)
{
    (void)state;
    LISTEN(4);
    syn_from(40000);
    ADVANCE(MS(300));
    SEND(.flags = ACK, .seq = 1, .ack = 1);
    ACCEPT();
    CHECK(INFO().srtt_ns > MS(299) && INFO().srtt_ns <= MS(300));
    CHECK_EQ(INFO().cwnd_bytes, 10 * INFO().snd_mss_bytes);
}

// RFC 6298 §3 (Karn), RFC 5681 §3.1: an answer to one of two is no measurement, and what was lost
// begins with one segment, whether we or the peer noticed.
static void handshake_sent_twice_is_not_measured(void **state)
{
    (void)state;
    for (uint32_t by_peer = 0; by_peer < 2; by_peer++) {
        (void)segment_teardown(state);
        (void)segment_setup(state);
        LISTEN(4);
        syn_from(40000);
        if (by_peer != 0) {
            ADVANCE(MS(700));
            SEND(.flags = SYN, .mss = 1460);
            EXPECT(.flags = SYN | ACK, .ack = 1);
        } else {
            EXPECT_AFTER(SEC(1), .flags = SYN | ACK, .ack = 1);
        }
        ADVANCE(MS(50));
        SEND(.flags = ACK, .seq = 1, .ack = 1);
        ACCEPT();
        CHECK_EQ(INFO().srtt_ns, 0);
        CHECK_EQ(INFO().cwnd_bytes, INFO().snd_mss_bytes);
    }
}

// Retries

static void waits_double_up_to_the_longest(void **state)
{
    static const uint64_t waits_ms[] = {200, 400, 800, 1000, 1000, 1000};
    (void)state;
    segment_config()->syn_ack_initial_ns = MS(200);
    segment_config()->syn_ack_max_ns = MS(1000);
    segment_config()->syn_ack_retries = 6;
    LISTEN(4);
    SEND(.flags = SYN, .mss = 1460, .data = 400); // enough to be sent as much again
    EXPECT(.flags = SYN | ACK, .ack = 1);
    for (size_t i = 0; i < 6; i++) {
        EXPECT_AFTER(MS(waits_ms[i]), .flags = SYN | ACK, .ack = 1);
    }
    ADVANCE(MS(1000) - MS(1));
    IN_STATE(SYN_RECEIVED);
    ADVANCE(MS(2));
    IN_STATE(LISTEN);
    EXPECT_FREE();
}

static void waits_grow_as_configured(void **state)
{
    static const uint32_t percents[] = {100, 150, 300};
    static const uint64_t waits_ms[][4] = {
        {200, 200, 200, 200}, {200, 300, 450, 675}, {200, 600, 1800, 2000}};
    for (size_t i = 0; i < 3; i++) {
        (void)segment_teardown(state);
        (void)segment_setup(state);
        segment_config()->syn_ack_initial_ns = MS(200);
        segment_config()->syn_ack_max_ns = MS(2000);
        segment_config()->syn_ack_backoff_percent = percents[i];
        LISTEN(4);
        SEND(.flags = SYN, .mss = 1460, .data = 400);
        EXPECT(.flags = SYN | ACK, .ack = 1);
        for (size_t k = 0; k < 4; k++) {
            EXPECT_AFTER(MS(waits_ms[i][k]), .flags = SYN | ACK, .ack = 1);
        }
    }
}

// More retries than the cache has queues.
static void many_retries_keep_the_longest_wait(void **state)
{
    (void)state;
    segment_config()->syn_ack_initial_ns = MS(10);
    segment_config()->syn_ack_max_ns = SEC(3600);
    segment_config()->syn_ack_retries = 40;
    LISTEN(4);
    SEND(.flags = SYN, .mss = 1460, .data = 1000);
    uint32_t sent = 0, withheld = 0;
    for (uint64_t i = 0; i <= 40; i++) {
        IN_STATE(SYN_RECEIVED);
        segment_step(HERE);
        ADVANCE(MS(10) << (i < 14 ? i : 14));
        ADVANCE(MS(1));
    }
    IN_STATE(LISTEN);
    EXPECT_FREE();
    sent = (uint32_t)synfin_stack_count(bench.stack, SYNFIN_REASON_SEND_SYN_ACK_AGAIN);
    withheld = (uint32_t)synfin_stack_count(bench.stack, SYNFIN_REASON_DROP_AMPLIFICATION);
    CHECK_EQ(sent + withheld, 40);
    CHECK(withheld > 0);
    segment_forget_sent();
}

static void no_retries_means_one_answer(void **state)
{
    (void)state;
    segment_config()->syn_ack_retries = 0;
    LISTEN(4);
    syn_from(40000);
    ADVANCE(MS(1002));
    EXPECT_NOTHING();
    IN_STATE(LISTEN);
    EXPECT_FREE();
}

// Who repeats its SYN for ever keeps nothing for ever.
static void repeated_syns_do_not_keep_an_entry_for_ever(void **state)
{
    (void)state;
    LISTEN(4);
    syn_from(40000);
    uint32_t iss = bench.last.seq;
    uint32_t rounds = 0;
    do {
        ADVANCE(MS(900));
        SEND(.flags = SYN, .mss = 1460);
        segment_forget_sent();
        struct tcp_stub *stub = segment_stub(&bench.tcp->half_open);
        if (stub == NULL || stub->ours.n != iss) {
            break;
        }
    } while (++rounds < 400);
    CHECK(rounds < 80); // 63 s and a bit
    ADVANCE(SEC(200));
    segment_forget_sent();
    EXPECT_FREE();
}

// Amplification: what really leaves is at most three times what really came.

static void check_ratio(void)
{
    segment_forget_sent();
    CHECK(bench.octets_out <= 3 * bench.octets_in);
}

static void send_syn_number(uint32_t i)
{
    static const struct segment syns[] = {
        {.flags = SYN},
        {.flags = SYN, .mss = 1460},
        {.flags = SYN, .mss = 1460, .wscale = SHIFT(7), .sack_ok = true, .ts = TS(5, 0)},
        {.flags = SYN, .ts = TS(5, 0)},
        {.flags = SYN, .mss = 1460, .sack_ok = true},
        {.flags = SYN, .data = 1},
        {.flags = SYN, .data = 1400, .mss = 1460, .wscale = SHIFT(14)},
        {.flags = SYN, .wscale = SHIFT(0), .options = {1, 1, 1, 1, 1, 1, 1, 1}, .option_bytes = 8},
    };
    segment_send(&syns[i % 8], HERE);
}

// What the attacker adds; nobody in between answers.
static void provoke(uint32_t how)
{
    switch (how) {
    case 0: return;
    case 1: SEND(.flags = ACK, .seq = 1, .ack = 999); return;
    case 2: SEND(.flags = RST, .seq = 5); return;
    case 3: SEND(.flags = SYN, .seq = 99999); return;
    case 4: SEND(.flags = ACK, .seq = 900000, .ack = 1, .ts = TS(9, 0)); return;
    case 5: SEND(.flags = FIN | ACK, .seq = 1, .ack = 5, .data = 3); return;
    default:
        ADVANCE(MS(50));
        SEND(.flags = SYN, .mss = 1460);
        return;
    }
}

static void unvalidated_peer_is_sent_three_times_as_much_at_most(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 8 * 7 * 2; i++) {
        (void)segment_teardown(state);
        (void)segment_setup(state);
        segment_config()->syn_ack_retries = 20;
        LISTEN(4);
        send_syn_number(i);
        check_ratio();
        for (uint32_t k = 0; k < 5; k++) {
            provoke(i / 8 % 7);
            check_ratio();
            ADVANCE(SEC(1));
            check_ratio();
        }
        ADVANCE(SEC(i < 56 ? 400 : 5));
        synfin_socket_close(bench.stack, bench.listener, bench.now_ns);
        check_ratio();
    }
}

static void cookies_are_not_larger_than_three_times_their_syn(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 8; i++) {
        (void)segment_teardown(state);
        (void)segment_setup(state);
        segment_config()->syn_cookies = SYNFIN_SYN_COOKIES_ALWAYS;
        LISTEN(4);
        send_syn_number(i);
        check_ratio();
        provoke(1);
        check_ratio();
        ADVANCE(SEC(100));
        check_ratio();
    }
}

// Room

static void without_cookies_the_oldest_of_the_listener_goes(void **state)
{
    (void)state;
    segment_config()->syn_cookies = SYNFIN_SYN_COOKIES_NEVER;
    LISTEN(3);
    for (uint16_t port = 1001; port <= 1003; port++) {
        syn_from(port);
        ADVANCE(MS(10));
    }
    syn_from(1004);
    REASON(HALF_OPEN_EVICTED);
    CHECK(!is_half_open(1001) && is_half_open(1002) && is_half_open(1004));
    ADVANCE(MS(1500)); // the older wait in another queue now
    segment_forget_sent();
    syn_from(1005);
    CHECK(!is_half_open(1002) && is_half_open(1003));
    SEND(.flags = ACK, .seq = 1, .ack = 1, .peer_port = 1002);
    EXPECT(.flags = RST, .seq = 1, .peer_port = 1002);
}

static void other_listeners_keep_theirs(void **state)
{
    (void)state;
    segment_config()->syn_cookies = SYNFIN_SYN_COOKIES_NEVER;
    LISTEN(8);
    synfin_socket first = bench.listener;
    for (uint16_t port = 1001; port <= 1005; port++) {
        syn_from(port);
    }
    bench.stack_port = 81;
    LISTEN(2);
    CHECK(bench.listener != first);
    syn_from(2001);
    syn_from(2002);
    syn_from(2003);
    REASON(HALF_OPEN_EVICTED);
    CHECK(!is_half_open(2001) && is_half_open(2002) && is_half_open(2003));
    bench.stack_port = 80;
    for (uint16_t port = 1001; port <= 1005; port++) {
        CHECK(is_half_open(port));
    }
}

// Behind more than a few older ones of others a listener's own are not looked for.
static void search_for_the_oldest_is_short(void **state)
{
    (void)state;
    segment_config()->syn_cookies = SYNFIN_SYN_COOKIES_NEVER;
    LISTEN(100);
    for (uint16_t i = 0; i < 31; i++) {
        syn_from((uint16_t)(1001 + i));
    }
    bench.stack_port = 81;
    LISTEN(1);
    syn_from(2001);
    syn_from(2002); // the 32nd
    REASON(HALF_OPEN_EVICTED);
    bench.stack_port = 80;
    SEND(.flags = RST, .seq = 1, .peer_port = 1001);
    syn_from(3001);
    syn_from(3002);
    bench.stack_port = 81;
    SEND(.flags = RST, .seq = 1, .peer_port = 2002);
    syn_from(2003);
    SEND(.flags = SYN, .mss = 1460, .peer_port = 2004); // the 33rd
    REASON(DROP_BACKLOG);
    EXPECT_NOTHING();
    CHECK(is_half_open(2003));
}

static void limit_of_the_stack_counts_all_listeners(void **state)
{
    (void)state;
    segment_config()->half_open_max = 3;
    LISTEN(8);
    syn_from(1001);
    syn_from(1002);
    bench.stack_port = 81;
    LISTEN(8);
    syn_from(2001);
    SEND(.flags = SYN, .mss = 1460, .peer_port = 2002);
    EXPECT(.flags = SYN | ACK, .ack = 1, .peer_port = 2002, WHY(SEND_SYN_ACK_COOKIE));
    CHECK_EQ(segment_count(SYNFIN_TCP_STATE_SYN_RECEIVED), 3);
    SEND(.flags = ACK, .seq = 1, .ack = 1, .peer_port = 2001);
    syn_from(2003);
}

static void limit_of_the_stack_without_cookies_evicts_ones_own(void **state)
{
    (void)state;
    segment_config()->syn_cookies = SYNFIN_SYN_COOKIES_NEVER;
    segment_config()->half_open_max = 2;
    LISTEN(8);
    syn_from(1001);
    syn_from(1002);
    bench.stack_port = 81;
    LISTEN(8);
    SEND(.flags = SYN, .mss = 1460, .peer_port = 2001); // it has none to lose
    REASON(DROP_BACKLOG);
    EXPECT_NOTHING();
    bench.stack_port = 80;
    syn_from(1003);
    REASON(HALF_OPEN_EVICTED);
    CHECK(!is_half_open(1001));
}

// Listeners that come and go

static void closing_resets_within_what_the_peer_has_earned(void **state)
{
    (void)state;
    LISTEN(4);
    syn_from(40000);
    synfin_socket_close(bench.stack, bench.listener, bench.now_ns);
    EXPECT(.flags = RST | ACK, .seq = 1, .ack = 1, WHY(SEND_RST_LISTENER_GONE));
    EXPECT_FREE();
    SEND(.flags = ACK, .seq = 1, .ack = 1);
    EXPECT(.flags = RST, .seq = 1);
    LISTEN(4);
    SEND(.flags = ACK, .seq = 1, .ack = 1); // the new one knows nothing of it
    EXPECT(.flags = RST, .seq = 1);
    segment_new_incarnation(70000);
    syn_from(40000);
    SEND(.flags = ACK, .seq = 1, .ack = 1);
    IN_STATE(ESTABLISHED);
}

static void closing_one_listener_leaves_the_other(void **state)
{
    (void)state;
    LISTEN(4);
    synfin_socket first = bench.listener;
    syn_from(1001);
    bench.stack_port = 81;
    LISTEN(4);
    syn_from(2001);
    synfin_socket_close(bench.stack, first, bench.now_ns);
    segment_forget_sent();
    CHECK(is_half_open(2001));
    SEND(.flags = ACK, .seq = 1, .ack = 1, .peer_port = 2001);
    CHECK_EQ(segment_count(SYNFIN_TCP_STATE_ESTABLISHED), 1);
}

// Nobody can slip in between SYN and ACK: neither beside nor in front.
static void another_listener_for_the_same_is_refused(void **state)
{
    synfin_socket other;
    struct synfin_endpoint any = {.port = 80};
    struct synfin_addr more;
    (void)state;
    segment_add_addr(bench.version == 4 ? "192.0.2.77" : "2001:db8::77", &more);
    LISTEN(4);
    syn_from(40000);
    RESULT(synfin_socket_open(bench.stack, &other), OK);
    RESULT(synfin_socket_bind(bench.stack, other, &any), IN_USE);
    struct synfin_endpoint same = {.addr = bench.ours, .port = 80};
    RESULT(synfin_socket_bind(bench.stack, other, &same), IN_USE);
    struct synfin_endpoint beside = {.addr = more, .port = 80};
    RESULT(synfin_socket_bind(bench.stack, other, &beside), OK);
    RESULT(synfin_socket_listen(bench.stack, other, 1, bench.now_ns), OK);
    segment_step(HERE);
    SEND(.flags = ACK, .seq = 1, .ack = 1);
    IN_STATE(ESTABLISHED);
    RESULT(synfin_socket_accept(bench.stack, other, &bench.socket, NULL), AGAIN);
    ACCEPT();
}

static void smaller_backlog_ends_nothing(void **state)
{
    (void)state;
    LISTEN(4);
    for (uint16_t port = 1001; port <= 1004; port++) {
        syn_from(port);
    }
    RESULT(synfin_socket_listen(bench.stack, bench.listener, 2, bench.now_ns), OK);
    segment_step(HERE);
    CHECK_EQ(segment_count(SYNFIN_TCP_STATE_SYN_RECEIVED), 4);
    for (uint16_t port = 1001; port <= 1004; port++) {
        SEND(.flags = ACK, .seq = 1, .ack = 1, .peer_port = port);
    }
    CHECK_EQ(segment_count(SYNFIN_TCP_STATE_ESTABLISHED), 2);
    RESULT(synfin_socket_listen(bench.stack, bench.listener, 4, bench.now_ns), OK);
    SEND(.flags = ACK, .seq = 1, .ack = 1, .peer_port = 1003);
    CHECK_EQ(segment_count(SYNFIN_TCP_STATE_ESTABLISHED), 3);
}

// RFC 9293 §3.10.1: a listener turns into a client only when it has no children.
static void listener_with_half_open_children_does_not_connect(void **state)
{
    (void)state;
    LISTEN(4);
    syn_from(1001);
    bench.socket = bench.listener;
    RESULT(segment_user_connect(), CONNECTED);
    SEND(.flags = RST, .seq = 1, .peer_port = 1001);
    RESULT(segment_user_connect(), OK);
    EXPECT(.flags = SYN);
    segment_step(HERE);
}

static const struct CMUnitTest tests[] = {
    SEGMENT_TEST(timestamp_from_the_past_is_answered_and_dropped),
    SEGMENT_TEST(challenges_are_limited_in_each_second),
    SEGMENT_TEST(reset_and_syn_need_no_timestamp),
    SEGMENT_TEST(repeated_syn_brings_a_newer_timestamp),
    SEGMENT_TEST(window_of_the_syn_ack_is_what_is_acceptable),
    SEGMENT_TEST(reset_with_an_acknowledgment_counts_like_one_without),
    SEGMENT_TEST(syn_with_acknowledgment_is_challenged),
    SEGMENT_TEST(window_of_a_challenge_is_scaled),
    SEGMENT_TEST(scale_that_was_offered_stays),
    SEGMENT_TEST(third_segment_with_text_and_fin_counts_after_retries),
    SEGMENT_TEST(handshake_is_measured),
    SEGMENT_TEST(handshake_sent_twice_is_not_measured),
    SEGMENT_TEST(waits_double_up_to_the_longest),
    SEGMENT_TEST(waits_grow_as_configured),
    SEGMENT_TEST(many_retries_keep_the_longest_wait),
    SEGMENT_TEST(no_retries_means_one_answer),
    SEGMENT_TEST(repeated_syns_do_not_keep_an_entry_for_ever),
    SEGMENT_TEST(unvalidated_peer_is_sent_three_times_as_much_at_most),
    SEGMENT_TEST(cookies_are_not_larger_than_three_times_their_syn),
    SEGMENT_TEST(without_cookies_the_oldest_of_the_listener_goes),
    SEGMENT_TEST(other_listeners_keep_theirs),
    SEGMENT_TEST(search_for_the_oldest_is_short),
    SEGMENT_TEST(limit_of_the_stack_counts_all_listeners),
    SEGMENT_TEST(limit_of_the_stack_without_cookies_evicts_ones_own),
    SEGMENT_TEST(closing_resets_within_what_the_peer_has_earned),
    SEGMENT_TEST(closing_one_listener_leaves_the_other),
    SEGMENT_TEST(another_listener_for_the_same_is_refused),
    SEGMENT_TEST(smaller_backlog_ends_nothing),
    SEGMENT_TEST(listener_with_half_open_children_does_not_connect),
};
SEGMENT_MAIN(tests)
