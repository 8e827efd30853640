// SPDX-License-Identifier: MIT
//
// docs/history.md, rows 78, 89, 90 and 92: the third segment in every shape and at every moment,
// with a half-open entry and with a cookie alike, and segments of earlier connections among them.
#include "hist_steps.h"
#include "lib/test_random.h"

#define COOKIE_LIFETIME_NS SEC(128)

static const enum synfin_syn_cookies ways[] = {SYNFIN_SYN_COOKIES_NEVER, SYNFIN_SYN_COOKIES_ALWAYS};

// A handshake's first half, with these options, by entry or by cookie.
static void begin(void **state, enum synfin_syn_cookies way, bool has_ts)
{
    hist_begin_again(state);
    segment_config()->syn_cookies = (uint8_t)way;
    LISTEN(2);
    struct segment syn = {.flags = SYN, .mss = 1460, .wscale = SHIFT(7), .sack_ok = true};
    syn.ts.is_set = has_ts;
    syn.ts.val = 1000;
    segment_send(&syn, HERE);
    struct segment answer = {.flags = SYN | ACK, .ack = 1};
    answer.ts.is_set = has_ts;
    answer.ts.ecr = 1000;
    segment_expect(&answer, 0, HERE);
}

struct third {
    uint16_t flags;
    uint32_t data;
    int16_t stamp; // 0: as it must be; 1: none; 2: older than the SYN's
    bool opens;
};

static const struct third thirds[] = {
    {ACK, 0, 0, true},        {PSH | ACK, 100, 0, true},  {FIN | ACK, 0, 0, true},
    {FIN | ACK, 50, 0, true}, {URG | ACK, 10, 0, true},   {ACK, 0, 1, false},
    {PSH | ACK, 9, 1, false}, {FIN | ACK, 0, 1, false},   {ACK, 0, 2, false},
    {FIN | ACK, 5, 2, false}, {ACK | PSH, 1460, 0, true},
};

static void send_third(const struct third *third, uint32_t ts_val)
{
    struct segment segment = {
        .flags = third->flags, .seq = 1, .ack = 1, .data = third->data, .urgent = 3};
    segment.ts.is_set = third->stamp != 1;
    segment.ts.val = third->stamp == 2 ? 900 : 1001;
    segment.ts.ecr = ts_val;
    segment_send(&segment, HERE);
}

// The entry is used up or it expires, nothing stays in the accept queue, and the next one is
// served. A cookie knows of no timestamp but the one that comes back.
static void hist_90_third_segment_of_any_shape_opens_or_is_gone_in_time(void **state)
{
    for (size_t i = 0; i < COUNT_OF(thirds) * COUNT_OF(ways); i++) {
        const struct third *third = &thirds[i / COUNT_OF(ways)];
        enum synfin_syn_cookies way = ways[i % COUNT_OF(ways)];
        begin(state, way, true);
        send_third(third, bench.last.ts_val);
        segment_forget_sent();
        if (way == SYNFIN_SYN_COOKIES_NEVER || third->opens) {
            CHECK_EQ(bench.tcp->conns.objects, third->opens ? 2 : 1);
        }
        if (third->opens) {
            ACCEPT();
            hist_take_events();
            for (uint32_t left = third->data; left > 0;) { // perhaps with a stop at the mark
                size_t received;
                RESULT(segment_user_recv(left, &received), OK);
                CHECK(received > 0);
                left -= (uint32_t)received;
            }
            ABORT();
        }
        segment_forget_sent();
        ADVANCE(SEC(130));
        segment_forget_sent();
        synfin_socket other;
        while (synfin_socket_accept(bench.stack, bench.listener, &other, NULL) == SYNFIN_ERROR_OK) {
            synfin_socket_abort(bench.stack, other, bench.now_ns);
        }
        segment_forget_sent();
        CHECK_EQ(hist_connections(), 0);
        SEND(.flags = SYN, .mss = 1460, .peer_port = 40001);
        EXPECT(.flags = SYN | ACK, .ack = 1, .peer_port = 40001);
        SEND(.flags = ACK, .seq = 1, .ack = 1, .peer_port = 40001);
        ACCEPT();
    }
}

// Both ways lead to the same connection: what either end may send, and in what pieces.
static void hist_78_entry_and_cookie_make_the_same_connection(void **state)
{
    static const uint16_t sizes[] = {536, 1220, 1440, 1460, 0};
    for (size_t i = 0; i < COUNT_OF(sizes) * 4; i++) {
        struct synfin_tcp_info info[2];
        for (size_t way = 0; way < COUNT_OF(ways); way++) {
            hist_begin_again(state);
            segment_without_iss();
            segment_config()->syn_cookies = (uint8_t)ways[way];
            segment_config()->receive_buffer_bytes = 1 << 20; // offered by a scale of ours
            struct segment syn = {.mss = sizes[i / 4], .window = 5000};
            syn.ts.is_set = (i & 1) != 0; // without it, a cookie has no room for the rest
            syn.ts.val = 77;
            if (syn.ts.is_set) {
                syn.sack_ok = (i & 2) != 0;
                syn.wscale = (i & 2) != 0 ? SHIFT(3) : 0;
            }
            syn.flags = SYN;
            hist_open(&syn, HERE);
            info[way] = (struct synfin_tcp_info){.size = sizeof info[way]};
            RESULT(synfin_socket_info(bench.stack, bench.socket, &info[way], bench.now_ns), OK);
            SEND(.flags = PSH | ACK, .seq = 1, .ack = 1, .data = 10, .ts = {syn.ts.is_set, 78, 0});
            READ(10);
            segment_forget_sent();
        }
        CHECK_EQ(info[1].snd_mss_bytes, info[0].snd_mss_bytes);
        CHECK_EQ(info[1].snd_wnd_bytes, info[0].snd_wnd_bytes);
        CHECK_EQ(info[1].rcv_wnd_bytes, info[0].rcv_wnd_bytes);
        CHECK_EQ(info[1].has_timestamps, info[0].has_timestamps);
        CHECK_EQ(info[1].has_sack, info[0].has_sack);
        CHECK_EQ(info[1].has_window_scale, info[0].has_window_scale);
        CHECK_EQ(info[1].snd_wscale_shift, info[0].snd_wscale_shift);
        CHECK_EQ(info[1].rcv_wscale_shift, info[0].rcv_wscale_shift);
        CHECK_EQ(info[1].cwnd_bytes, info[0].cwnd_bytes);
        CHECK_EQ(info[1].state, SYNFIN_TCP_STATE_ESTABLISHED);
    }
}

// The listener goes between SYN and third segment, or goes and comes again. An entry goes with it;
// a cookie is the new listener's as well, because nothing of the old is in it.
static void hist_78_listener_goes_and_comes_between_syn_and_third_segment(void **state)
{
    for (uint32_t i = 0; i < 4; i++) {
        bool comes_again = (i & 1) != 0;
        enum synfin_syn_cookies way = ways[i / 2];
        begin(state, way, true);
        synfin_socket_close(bench.stack, bench.listener, bench.now_ns);
        if (way == SYNFIN_SYN_COOKIES_NEVER) {
            EXPECT(.flags = RST | ACK, .seq = 1, .ack = 1, WHY(SEND_RST_LISTENER_GONE));
        }
        EXPECT_NOTHING();
        bench.listener = 0;
        if (comes_again) {
            LISTEN(2);
        }
        send_third(&thirds[0], bench.last.ts_val);
        if (comes_again && way == SYNFIN_SYN_COOKIES_ALWAYS) {
            ACCEPT();
            IN_STATE(ESTABLISHED);
            ABORT();
            segment_forget_sent();
        } else {
            EXPECT(.flags = RST, .seq = 1);
            CHECK_EQ(hist_connections(), 0);
        }
        EXPECT_FREE();
    }
}

static void random_step(uint64_t *seed, uint16_t port)
{
    static const uint16_t flags[] = {SYN, SYN, ACK, ACK, RST, FIN | ACK, SYN | ACK, PSH | ACK};
    synfin_socket child = 0;
    struct segment segment = {.flags = flags[test_random_below(seed, COUNT_OF(flags))],
                              .seq = test_random_below(seed, 3),
                              .ack = test_random_below(seed, 3),
                              .data = test_random_below(seed, 2) * 10,
                              .peer_port = port};
    switch (test_random_below(seed, 16)) {
    case 0:
        synfin_socket_close(bench.stack, bench.listener, bench.now_ns);
        segment_forget_sent();
        LISTEN(3);
        break;
    case 1:
    case 2:
        if (synfin_socket_accept(bench.stack, bench.listener, &child, NULL) == SYNFIN_ERROR_OK) {
            synfin_socket_abort(bench.stack, child, bench.now_ns);
        }
        break;
    case 3: RESULT(synfin_socket_listen(bench.stack, bench.listener, 1, bench.now_ns), OK); break;
    case 4: ADVANCE(MS(700)); break;
    case 5: segment_forget_sent(); break; // else what was said has not left yet
    default: segment_send(&segment, HERE); break;
    }
}

// SYN, third segment, reset and the listener's going and coming in any order, sent at once or
// later. After each step every invariant of every connection is checked.
static void hist_89_segments_at_every_step_of_making_and_closing(void **state)
{
    uint64_t seed = bench.iss + 89;
    uint64_t times = test_rows_times(3000);
    (void)state;
    segment_config()->syn_cookies = (uint8_t)ways[bench.irs % 2];
    segment_without_iss();
    LISTEN(3);
    for (uint64_t i = 0; i < times; i++) {
        random_step(&seed, (uint16_t)(1001 + test_random_below(&seed, 4)));
        hist_take_events();
    }
    synfin_socket_close(bench.stack, bench.listener, bench.now_ns);
    ADVANCE(SEC(200));
    segment_forget_sent();
    CHECK_EQ(hist_connections(), 0);
    EXPECT_FREE();
}

// An earlier connection's SYN comes late: a half-open entry at most, which its own sender's reset
// takes away; no acknowledgment of the earlier one's numbers completes it.
static void hist_92_old_syn_makes_no_connection(void **state)
{
    for (size_t i = 0; i < COUNT_OF(ways); i++) {
        begin(state, ways[i], false);
        CHECK_EQ(bench.tcp->config.cookie_lifetime_ns, COOKIE_LIFETIME_NS);
        uint32_t iss = segment_iss();
        SEND(.flags = ACK, .seq = 1, .ack = 1);
        ACCEPT();
        ABORT();
        EXPECT(.flags = RST | ACK, .seq = 1, .ack = 1);
        ADVANCE(COOKIE_LIFETIME_NS); // until then its own third segment is as good as new
        SEND(.flags = SYN, .seq = 0, .mss = 1460);
        segment_forget_sent();
        for (uint32_t k = 0; k < 3; k++) { // the old third segment, and more of that time
            struct segment_wire old = {.src_port = bench.peer_port,
                                       .dst_port = bench.stack_port,
                                       .seq = bench.irs + 1 + k,
                                       .ack = iss + 1 + k,
                                       .flags = ACK,
                                       .window = 1000,
                                       .wscale = -1};
            hist_inject(old);
            segment_forget_sent();
        }
        synfin_socket none;
        RESULT(synfin_socket_accept(bench.stack, bench.listener, &none, NULL), AGAIN);
        SEND(.flags = RST, .seq = 1);
        EXPECT_NOTHING();
        EXPECT_FREE();
        CHECK_EQ(hist_connections(), 0);
    }
}

// An earlier connection's SYN+ACK comes to a new SYN: reset, and the new one goes on.
static void hist_92_old_syn_ack_makes_no_connection(void **state)
{
    static const uint32_t behind[] = {1, 1000, 250000, 1u << 31};
    (void)state;
    CONNECT();
    EXPECT(.flags = SYN);
    for (size_t i = 0; i < COUNT_OF(behind); i++) {
        SEND(.flags = SYN | ACK, .seq = 7, .ack = 1 - behind[i]);
        EXPECT(.flags = RST, .seq = 1 - behind[i]);
        IN_STATE(SYN_SENT);
    }
    SEND(.flags = SYN | ACK, .ack = 1, .mss = 1460);
    EXPECT(.flags = ACK, .seq = 1, .ack = 1);
    IN_STATE(ESTABLISHED);
}

static const struct CMUnitTest tests[] = {
    SEGMENT_TEST(hist_78_entry_and_cookie_make_the_same_connection),
    SEGMENT_TEST(hist_78_listener_goes_and_comes_between_syn_and_third_segment),
    SEGMENT_TEST(hist_89_segments_at_every_step_of_making_and_closing),
    SEGMENT_TEST(hist_90_third_segment_of_any_shape_opens_or_is_gone_in_time),
    SEGMENT_TEST(hist_92_old_syn_makes_no_connection),
    SEGMENT_TEST(hist_92_old_syn_ack_makes_no_connection),
};
SEGMENT_MAIN(tests)
