// SPDX-License-Identifier: MIT
//
// RST, SYN and ACK inside an open connection: RFC 9293 §3.10.7.4, steps one, two, four and five,
// with the narrower rules of RFC 5961 §3 to §5 and the limits of its §7.
#include "lib/segment.h"

enum { WND = 65535 }; // of the handshakes without window scale

// RFC 9293 §3.6 [MUST-12]; §3.5.3 [SHLD-2]; hist/93: only the exact number resets.
static void hist_93_exact_reset_ends_the_connection(void **state)
{
    (void)state;
    OPEN_ACTIVE();
    WRITE(100);
    EXPECT(.flags = PSH | ACK, .seq = 1, .ack = 1, .data = 100);
    SEND(.flags = PSH | ACK, .seq = 1, .ack = 1, .data = 10);
    SEND(.flags = RST, .seq = 11, .data = 20);
    REASON(RECEIVED_RST);
    IN_STATE(CLOSED);
    EVENT(READABLE);
    EVENT_CLOSED(RESET);
    NO_EVENT();
    size_t received;
    RESULT(segment_user_recv(10, &received), RESET);
    RESULT(segment_user_send(10), RESET);
    RESULT(segment_user_shutdown(SYNFIN_SHUTDOWN_WRITE), NOT_CONNECTED);
    EXPECT_NOTHING();
    EXPECT_FREE();
}

static void reset_within_the_window_is_challenged(void **state)
{
    static const uint32_t numbers[] = {2, 3, 1000, WND};
    (void)state;
    OPEN_PASSIVE();
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        SEND(.flags = RST, .seq = numbers[i]);
        EXPECT(.flags = ACK, .seq = 1, .ack = 1, WHY(SEND_CHALLENGE_RST));
        REASON(DROP_RST_INEXACT);
        SEND(.flags = RST | ACK, .seq = numbers[i], .ack = 1);
        EXPECT(.flags = ACK, .seq = 1, .ack = 1);
    }
    IN_STATE(ESTABLISHED);
}

static void reset_outside_the_window_is_dropped_silently(void **state)
{
    static const uint32_t numbers[] = {0,
                                       UINT32_MAX,
                                       WND + 1,
                                       UINT32_C(1) << 31,
                                       (UINT32_C(1) << 31) + 1,
                                       (UINT32_C(1) << 31) + 2};
    (void)state;
    OPEN_PASSIVE();
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        SEND(.flags = RST, .seq = numbers[i]);
        REASON(DROP_RST_OUT_OF_WINDOW);
        EXPECT_NOTHING();
    }
    IN_STATE(ESTABLISHED);
}

// hist/98: what is expected counts, not what was acknowledged last.
static void hist_98_reset_is_exact_while_an_acknowledgment_waits(void **state)
{
    (void)state;
    OPEN_PASSIVE();
    SEND(.flags = PSH | ACK, .seq = 1, .ack = 1, .data = 100);
    SEND(.flags = ACK, .seq = 301, .ack = 1, .data = 100); // kept, after a gap
    SEND(.flags = RST, .seq = 101);
    IN_STATE(LISTEN);
    EXPECT_NOTHING();
    EXPECT_FREE();
}

// RFC 9293 §3.4 [MUST-66]
static void hist_98_reset_is_taken_at_a_shut_window(void **state)
{
    (void)state;
    segment_config()->receive_buffer_bytes = 2000;
    OPEN_PASSIVE();
    SEND(.flags = PSH | ACK, .seq = 1, .ack = 1, .data = 2000);
    EXPECT_WITHIN(MS(500), .flags = ACK, .seq = 1, .ack = 2001, .window = SHUT);
    SEND(.flags = RST, .seq = 2002);
    REASON(DROP_RST_OUT_OF_WINDOW);
    IN_STATE(ESTABLISHED);
    SEND(.flags = RST, .seq = 2001);
    IN_STATE(LISTEN);
}

// RFC 5961 §4.2: irrespective of the sequence number.
static void syn_is_challenged_wherever_it_lies(void **state)
{
    static const uint32_t numbers[] = {0, 1, 2, WND, WND + 1, UINT32_MAX, UINT32_C(1) << 31};
    (void)state;
    OPEN_PASSIVE();
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        SEND(.flags = SYN, .seq = numbers[i]);
        EXPECT(.flags = ACK, .seq = 1, .ack = 1, WHY(SEND_CHALLENGE_SYN));
        REASON(DROP_SYN_IN_CONNECTION);
    }
    IN_STATE(ESTABLISHED);
}

static void syn_ack_again_is_acknowledged_again(void **state)
{
    (void)state;
    OPEN_ACTIVE();
    SEND(.flags = SYN | ACK, .seq = 0, .ack = 1, .mss = 1460);
    EXPECT(.flags = ACK, .seq = 1, .ack = 1, WHY(SEND_HANDSHAKE_ACK_AGAIN));
    IN_STATE(ESTABLISHED);
}

// A peer that restarted learns from the challenge that an old connection is in its way.
static void restarted_peer_clears_the_connection(void **state)
{
    (void)state;
    OPEN_PASSIVE();
    SEND(.flags = SYN, .seq = 400000);
    EXPECT(.flags = ACK, .seq = 1, .ack = 1);
    SEND(.flags = RST, .seq = 1); // <SEQ=SEG.ACK><CTL=RST>
    IN_STATE(LISTEN);
    EVENT_CLOSED(RESET);
    segment_new_incarnation(400000);
    SEND(.flags = SYN, .mss = 1460);
    EXPECT(.flags = SYN | ACK, .ack = 1);
}

static void segment_without_ack_is_dropped_silently(void **state)
{
    static const uint16_t flags[] = {0, FIN, PSH, URG, FIN | PSH | URG};
    (void)state;
    OPEN_PASSIVE();
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
        SEND(.flags = flags[i], .seq = 1, .data = (uint32_t)i);
        REASON(DROP_NO_ACK);
        EXPECT_NOTHING();
    }
    IN_STATE(ESTABLISHED);
}

// RFC 9293 §3.10.7.4, fifth: acknowledges something not yet sent.
static void acknowledgment_of_the_unsent_is_answered_and_dropped(void **state)
{
    static const uint32_t acks[] = {2, 3, 1000, UINT32_C(1) << 31};
    (void)state;
    OPEN_PASSIVE();
    for (size_t i = 0; i < sizeof acks / sizeof acks[0]; i++) {
        SEND(.flags = PSH | ACK, .seq = 1, .ack = acks[i], .data = 8);
        REASON(DROP_BAD_ACK);
        EXPECT(.flags = ACK, .seq = 1, .ack = 1);
    }
    size_t received;
    RESULT(segment_user_recv(10, &received), AGAIN);
}

// RFC 5961 §5.2, RFC 9293 §3.10.7.4 [MAY-12]:
// SND.UNA - MAX.SND.WND is the oldest that may be acknowledged.
static void text_with_an_acknowledgment_too_old_is_discarded(void **state)
{
    (void)state;
    OPEN_PASSIVE();
    SEND(.flags = PSH | ACK, .seq = 1, .ack = 1u - WND - 1, .data = 8);
    REASON(DROP_BAD_ACK);
    EXPECT(.flags = ACK, .seq = 1, .ack = 1, WHY(SEND_CHALLENGE_ACK));
    SEND(.flags = PSH | ACK, .seq = 1, .ack = (UINT32_C(1) << 31) + 5, .data = 8);
    EXPECT(.flags = ACK, .seq = 1, .ack = 1);
    size_t received;
    RESULT(segment_user_recv(10, &received), AGAIN);
}

// hist/97: an acknowledgment that was overtaken is no reason to lose the text with it.
static void hist_97_text_with_an_old_acknowledgment_is_taken(void **state)
{
    (void)state;
    OPEN_PASSIVE();
    WRITE(100);
    EXPECT(.flags = PSH | ACK, .seq = 1, .ack = 1, .data = 100);
    SEND(.flags = ACK, .seq = 1, .ack = 101);
    SEND(.flags = PSH | ACK, .seq = 1, .ack = 51, .data = 10);
    READ(10);
    SEND(.flags = PSH | ACK, .seq = 11, .ack = 101u - WND, .data = 10);
    READ(10);
    EXPECT_WITHIN(MS(500), .flags = ACK, .seq = 101, .ack = 21);
}

// RFC 9293 §3.5.2, group 3: <SEQ=SND.NXT><ACK=RCV.NXT>, and nothing changes. hist/105
static void hist_105_answer_names_our_numbers_not_the_segments(void **state)
{
    (void)state;
    OPEN_PASSIVE();
    WRITE(10);
    EXPECT(.flags = PSH | ACK, .seq = 1, .ack = 1, .data = 10);
    SEND(.flags = PSH | ACK, .seq = 500000, .ack = 1, .data = 5);
    REASON(DROP_UNACCEPTABLE);
    EXPECT(.flags = ACK, .seq = 11, .ack = 1, WHY(SEND_ACK_UNACCEPTABLE));
    SEND(.flags = RST, .seq = 100);
    EXPECT(.flags = ACK, .seq = 11, .ack = 1, WHY(SEND_CHALLENGE_RST));
    IN_STATE(ESTABLISHED);
    SEND(.flags = ACK, .seq = 1, .ack = 11);
}

struct edge_row {
    uint32_t seq, data;
    bool is_acceptable;
};

// RFC 9293 §3.10.7.4, Table 6, at the edges of a window of 65535; an acknowledgment alone is heard
// at the right edge and one beyond, where a peer stands that has filled or probed the window.
static void window_edges_decide_what_is_acceptable(void **state)
{
    static const struct edge_row rows[] = {
        {1, 0, true},
        {0, 0, false},
        {WND, 0, true},
        {WND + 3, 0, false},
        {0, 1, false},
        {UINT32_MAX, 3, true},
        {0, 2, true},
        {WND, 1, true},
        {WND, 100, true},
        {WND + 1, 1, false},
        {UINT32_MAX, 2, false},
        {1u << 31, 1, false},
        {(1u << 31) + 1, 1, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        (void)segment_teardown(state);
        (void)segment_setup(state);
        OPEN_PASSIVE();
        SEND(.flags = ACK, .seq = rows[i].seq, .ack = 1, .data = rows[i].data);
        segment_reason(SYNFIN_REASON_DROP_UNACCEPTABLE, rows[i].is_acceptable ? 0 : 1, HERE);
        if (!rows[i].is_acceptable) {
            EXPECT(.flags = ACK, .seq = 1, .ack = 1);
        } else if (rows[i].data > 0) {
            uint32_t taken = rows[i].seq + rows[i].data - 1;
            bool is_next = rows[i].seq != WND;
            if (is_next) {
                EXPECT_WITHIN(MS(500), .flags = ACK, .seq = 1, .ack = 1 + taken);
            } else {
                EXPECT(.flags = ACK, .seq = 1, .ack = 1);
            }
        }
        EXPECT_NOTHING();
    }
}

// hist/104: two ends that hold each other's segments for unacceptable fall silent.
static void hist_104_bare_segments_are_answered_twice_a_second_at_most(void **state)
{
    (void)state;
    OPEN_PASSIVE();
    SEND(.flags = ACK, .seq = 500000, .ack = 1);
    EXPECT(.flags = ACK, .seq = 1, .ack = 1);
    for (uint32_t i = 0; i < 20; i++) {
        SEND(.flags = ACK, .seq = 500000, .ack = 1);
        REASON(DROP_DUPLICATE_ACK_LIMIT);
        EXPECT_NOTHING();
        ADVANCE(MS(20));
    }
    ADVANCE(MS(100));
    SEND(.flags = ACK, .seq = 500000, .ack = 1);
    EXPECT(.flags = ACK, .seq = 1, .ack = 1);
}

// RFC 5961 §7; hist/106: the way on which nothing is sent loses nothing.
static void hist_106_challenges_are_limited_and_cost_no_memory(void **state)
{
    (void)state;
    OPEN_PASSIVE();
    uint64_t used = bench.tcp->chunks.pool.objects;
    for (uint32_t i = 0; i < 1000; i++) {
        SEND(.flags = SYN, .seq = i);
        if (i < 10) {
            EXPECT(.flags = ACK, .seq = 1, .ack = 1);
        } else {
            REASON(DROP_CHALLENGE_LIMIT);
            EXPECT_NOTHING();
        }
    }
    CHECK_EQ(bench.tcp->chunks.pool.objects, used);
    ADVANCE(SEC(1));
    SEND(.flags = RST, .seq = 2);
    EXPECT(.flags = ACK, .seq = 1, .ack = 1);
}

// hist/96: what one connection is asked must not be seen at another.
static void hist_96_challenge_limit_is_each_connections_own(void **state)
{
    (void)state;
    OPEN_PASSIVE();
    SEND(.flags = SYN, .mss = 1460, .peer_port = 40001);
    EXPECT(.flags = SYN | ACK, .ack = 1, .peer_port = 40001);
    SEND(.flags = ACK, .seq = 1, .ack = 1, .peer_port = 40001);
    for (uint32_t i = 0; i < 100; i++) {
        SEND(.flags = SYN, .seq = 5, .peer_port = 40001);
        if (i < 10) {
            EXPECT(.flags = ACK, .seq = 1, .ack = 1, .peer_port = 40001);
        }
    }
    for (uint32_t i = 0; i < 10; i++) {
        SEND(.flags = RST, .seq = 2);
        EXPECT(.flags = ACK, .seq = 1, .ack = 1);
    }
}

// hist/94: the whole pair of endpoints is the connection's name.
static void hist_94_another_address_with_the_same_ports_is_nobody(void **state)
{
    struct synfin_addr other, ours;
    (void)state;
    OPEN_ACTIVE();
    RESULT(synfin_addr_parse(bench.version == 4 ? "192.0.2.7" : "2001:db8::7", &other), OK);
    segment_add_addr(bench.version == 4 ? "192.0.2.8" : "2001:db8::8", &ours);
    SEND(.flags = RST, .seq = 1, .from = &other);
    SEND(.flags = RST, .seq = 1, .to = &ours);
    EXPECT_NOTHING();
    SEND(.flags = PSH | ACK, .seq = 1, .ack = 1, .data = 4, .from = &other);
    EXPECT(.flags = RST, .seq = 1, .to = &other);
    SEND(.flags = PSH | ACK, .seq = 1, .ack = 1, .data = 4, .to = &ours);
    EXPECT(.flags = RST, .seq = 1, .from = &ours);
    IN_STATE(ESTABLISHED);
    size_t received;
    RESULT(segment_user_recv(10, &received), AGAIN);
}

// hist/100: a timestamp from the far future, in a segment that is not acceptable.
static void hist_100_timestamp_of_an_unacceptable_segment_is_not_kept(void **state)
{
    (void)state;
    LISTEN(1);
    SEND(.flags = SYN, .mss = 1460, .ts = TS(1000, 0));
    EXPECT(.flags = SYN | ACK, .ack = 1, .ts = TS(0, 1000));
    SEND(.flags = ACK, .seq = 1, .ack = 1, .ts = TS(1001, 0));
    ACCEPT();
    SEND(.flags = ACK, .seq = 700000, .ack = 1, .data = 1, .ts = TS(0x70000000, 0));
    EXPECT(.flags = ACK, .seq = 1, .ack = 1, .ts = TS(0, 1001));
    SEND(.flags = ACK, .seq = 1, .ack = 90000, .data = 1, .ts = TS(0x70000000, 0));
    EXPECT(.flags = ACK, .seq = 1, .ack = 1, .ts = TS(0, 1001));
    SEND(.flags = PSH | ACK, .seq = 1, .ack = 1, .data = 5, .ts = TS(1002, 0));
    READ(5);
    EXPECT_WITHIN(MS(500), .flags = ACK, .seq = 1, .ack = 6, .ts = TS(0, 1002));
}

// hist/108: an acknowledgment is never answered by more than one segment.
static void hist_108_bare_acknowledgments_are_not_answered(void **state)
{
    (void)state;
    OPEN_PASSIVE();
    for (uint32_t i = 0; i < 50; i++) {
        SEND(.flags = ACK, .seq = 1, .ack = 1, .window = (int32_t)(1000 + i));
        EXPECT_NOTHING();
    }
    ADVANCE(SEC(5));
    EXPECT_NOTHING();
}

// RFC 9293 §3.5.3 [SHLD-2], §3.4 [MUST-66]: the text of a reset asks for no room.
static void reset_with_text_is_taken_at_a_shut_window(void **state)
{
    (void)state;
    segment_config()->receive_buffer_bytes = 2000;
    OPEN_PASSIVE();
    SEND(.flags = PSH | ACK, .seq = 1, .ack = 1, .data = 2000);
    EXPECT_WITHIN(MS(500), .flags = ACK, .seq = 1, .ack = 2001, .window = SHUT);
    SEND(.flags = RST | ACK, .seq = 2001, .ack = 1, .data = 10);
    REASON(RECEIVED_RST);
    IN_STATE(LISTEN);
}

static const struct CMUnitTest tests[] = {
    SEGMENT_TEST(hist_93_exact_reset_ends_the_connection),
    SEGMENT_TEST(reset_within_the_window_is_challenged),
    SEGMENT_TEST(reset_outside_the_window_is_dropped_silently),
    SEGMENT_TEST(hist_98_reset_is_exact_while_an_acknowledgment_waits),
    SEGMENT_TEST(hist_98_reset_is_taken_at_a_shut_window),
    SEGMENT_TEST(reset_with_text_is_taken_at_a_shut_window),
    SEGMENT_TEST(syn_is_challenged_wherever_it_lies),
    SEGMENT_TEST(syn_ack_again_is_acknowledged_again),
    SEGMENT_TEST(restarted_peer_clears_the_connection),
    SEGMENT_TEST(segment_without_ack_is_dropped_silently),
    SEGMENT_TEST(acknowledgment_of_the_unsent_is_answered_and_dropped),
    SEGMENT_TEST(text_with_an_acknowledgment_too_old_is_discarded),
    SEGMENT_TEST(hist_97_text_with_an_old_acknowledgment_is_taken),
    SEGMENT_TEST(hist_105_answer_names_our_numbers_not_the_segments),
    SEGMENT_TEST(window_edges_decide_what_is_acceptable),
    SEGMENT_TEST(hist_104_bare_segments_are_answered_twice_a_second_at_most),
    SEGMENT_TEST(hist_106_challenges_are_limited_and_cost_no_memory),
    SEGMENT_TEST(hist_96_challenge_limit_is_each_connections_own),
    SEGMENT_TEST(hist_94_another_address_with_the_same_ports_is_nobody),
    SEGMENT_TEST(hist_100_timestamp_of_an_unacceptable_segment_is_not_kept),
    SEGMENT_TEST(hist_108_bare_acknowledgments_are_not_answered),
};
SEGMENT_MAIN_TWICE(tests)
