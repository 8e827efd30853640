// SPDX-License-Identifier: MIT
//
// Our SYN is out: RFC 9293 §3.10.7.3.
#include "lib/segment.h"

static void open_syn(void)
{
    CONNECT();
    EXPECT(.flags = SYN, WHY(SEND_SYN));
}

// RFC 9293 §3.7.1 [MUST-14, MUST-67, SHLD-5]; §3.9.1.1 [MUST-44]
static void syn_carries_every_option(void **state)
{
    (void)state;
    CONNECT();
    IN_STATE(SYN_SENT);
    EXPECT(.flags = SYN, .mss = bench.version == 4 ? 1460 : 1440, .wscale = SHIFT(4),
           .sack_ok = true, .window = 65535);
    CHECK(bench.last.has_timestamps);
    CHECK_EQ(bench.last.ts_ecr, 0);
    CHECK_EQ(bench.last.seq, bench.iss);
}

static void syn_ack_is_acknowledged_and_establishes(void **state)
{
    (void)state;
    open_syn();
    SEND(.flags = SYN | ACK, .ack = 1, .mss = 1460);
    REASON(RECEIVED_SYN_ACK);
    IN_STATE(ESTABLISHED);
    EXPECT(.flags = ACK, .seq = 1, .ack = 1, WHY(SEND_HANDSHAKE_ACK));
    EVENT(CONNECTED);
    NO_EVENT();
}

static void data_with_the_syn_ack_is_taken(void **state)
{
    (void)state;
    open_syn();
    SEND(.flags = SYN | ACK | PSH, .ack = 1, .data = 11);
    // The octets of a segment with a SYN begin at sequence number 1: the test's stand at 0.
    IN_STATE(ESTABLISHED);
    EXPECT(.flags = ACK, .seq = 1, .ack = 12);
}

static void fin_with_the_syn_ack_is_taken(void **state)
{
    (void)state;
    open_syn();
    SEND(.flags = SYN | ACK | FIN, .ack = 1);
    IN_STATE(CLOSE_WAIT);
    EXPECT(.flags = ACK, .seq = 1, .ack = 2);
    READ(0);
}

static void queued_data_goes_with_the_acknowledgment(void **state)
{
    (void)state;
    CONNECT();
    WRITE(100);
    EXPECT(.flags = SYN);
    EXPECT_NOTHING();
    SEND(.flags = SYN | ACK, .ack = 1, .mss = 1460);
    EXPECT(.flags = PSH | ACK, .seq = 1, .ack = 1, .data = 100);
    SEND(.flags = ACK, .seq = 1, .ack = 101);
}

// RFC 9293 §3.7.1 [MUST-15]
static void peer_without_mss_option_gets_the_default(void **state)
{
    uint32_t mss = bench.version == 4 ? 536 : 1220;
    (void)state;
    open_syn();
    SEND(.flags = SYN | ACK, .ack = 1);
    EXPECT(.flags = ACK, .seq = 1, .ack = 1);
    WRITE(mss);
    WRITE(2 * mss);
    for (uint32_t i = 0; i < 3; i++) {
        EXPECT(.flags = i == 2 ? PSH | ACK : ACK, .seq = 1 + i * mss, .ack = 1, .data = mss);
    }
}

// hist/88: what may acknowledge our SYN, at the edges, against RFC 9293 §3.10.7.3.
static void hist_88_flags_against_acknowledgments(void **state)
{
    static const uint16_t flags[] = {SYN | ACK,       RST | ACK,       ACK,      FIN | ACK,
                                     SYN | RST | ACK, SYN | FIN | ACK, PSH | ACK};
    static const uint32_t acks[] = {
        0, 1, 2, UINT32_MAX, UINT32_C(1) << 31, (UINT32_C(1) << 31) + 1};
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
        for (size_t j = 0; j < sizeof acks / sizeof acks[0]; j++) {
            bool is_good = acks[j] == 1;
            bool has_rst = (flags[i] & RST) != 0;
            bool has_syn = (flags[i] & SYN) != 0;
            (void)segment_teardown(state);
            (void)segment_setup(state);
            open_syn();
            SEND(.flags = flags[i], .seq = 0, .ack = acks[j]);
            if (!is_good && !has_rst) {
                EXPECT(.flags = RST, .seq = acks[j], WHY(SEND_RST_BAD_HANDSHAKE_ACK));
                if (!has_syn) { // a challenge: our SYN goes again
                    EXPECT(.flags = SYN, WHY(SEND_SYN_AFTER_CHALLENGE));
                }
                IN_STATE(SYN_SENT);
            } else if (is_good && has_rst) {
                IN_STATE(CLOSED);
                EVENT_CLOSED(REFUSED);
            } else if (is_good && has_syn) {
                bool has_fin = (flags[i] & FIN) != 0;
                EXPECT(.flags = ACK, .seq = 1, .ack = has_fin ? 2 : 1);
                segment_in_state(
                    has_fin ? SYNFIN_TCP_STATE_CLOSE_WAIT : SYNFIN_TCP_STATE_ESTABLISHED, HERE);
            } else {
                EXPECT_NOTHING();
                IN_STATE(SYN_SENT);
            }
        }
    }
}

static void reset_without_acknowledgment_is_ignored(void **state)
{
    (void)state;
    open_syn();
    SEND(.flags = RST, .seq = 0);
    REASON(DROP_RST_SYN_SENT);
    SEND(.flags = RST | SYN, .seq = 0);
    EXPECT_NOTHING();
    IN_STATE(SYN_SENT);
}

// RFC 9293 §3.5.3 [SHLD-2]; §3.6 [MUST-12]
static void reset_with_data_refuses_too(void **state)
{
    (void)state;
    open_syn();
    SEND(.flags = RST | ACK, .ack = 1, .data = 40);
    IN_STATE(CLOSED);
    EVENT_CLOSED(REFUSED);
    NO_EVENT();
    RESULT(segment_user_send(1), REFUSED);
    EXPECT_NOTHING();
    EXPECT_FREE();
}

static void segment_without_syn_and_rst_is_dropped(void **state)
{
    static const uint16_t flags[] = {0, FIN, PSH, URG, FIN | PSH | URG};
    (void)state;
    open_syn();
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
        SEND(.flags = flags[i], .data = (uint32_t)i);
        REASON(DROP_SYN_SENT_NOTHING);
        EXPECT_NOTHING();
    }
    IN_STATE(SYN_SENT);
}

// RFC 9293 §3.10.4: the block is deleted, and nothing is sent.
static void close_ends_silently(void **state)
{
    (void)state;
    open_syn();
    WRITE(10);
    CLOSE();
    IN_STATE(CLOSED);
    EXPECT_NOTHING();
    EXPECT_FREE();
    SEND(.flags = SYN | ACK, .ack = 1); // the answer now finds nobody
    EXPECT(.flags = RST, .seq = 1);
}

static void shutdown_sends_fin_after_the_handshake(void **state)
{
    (void)state;
    open_syn();
    SHUTDOWN(WRITE);
    IN_STATE(SYN_SENT);
    EXPECT_NOTHING();
    SEND(.flags = SYN | ACK, .ack = 1, .mss = 1460);
    IN_STATE(FIN_WAIT_1);
    EXPECT(.flags = FIN | ACK, .seq = 1, .ack = 1);
    SEND(.flags = ACK, .seq = 1, .ack = 2);
    IN_STATE(FIN_WAIT_2);
}

// hist/112: the peer still holds an old connection of the pair and challenges our SYN.
static void hist_112_challenge_is_reset_and_the_syn_goes_again_at_once(void **state)
{
    (void)state;
    open_syn();
    SEND(.flags = ACK, .seq = 5000, .ack = 777777);
    EXPECT(.flags = RST, .seq = 777777);
    EXPECT(.flags = SYN, WHY(SEND_SYN_AFTER_CHALLENGE));
    SEND(.flags = ACK, .seq = 5000, .ack = 777777); // not for ever
    EXPECT(.flags = RST, .seq = 777777);
    EXPECT_NOTHING();
    SEND(.flags = SYN | ACK, .ack = 1);
    EXPECT(.flags = ACK, .seq = 1, .ack = 1);
    IN_STATE(ESTABLISHED);
}

static const struct CMUnitTest tests[] = {
    SEGMENT_TEST(syn_carries_every_option),
    SEGMENT_TEST(syn_ack_is_acknowledged_and_establishes),
    SEGMENT_TEST(data_with_the_syn_ack_is_taken),
    SEGMENT_TEST(fin_with_the_syn_ack_is_taken),
    SEGMENT_TEST(queued_data_goes_with_the_acknowledgment),
    SEGMENT_TEST(peer_without_mss_option_gets_the_default),
    SEGMENT_TEST(hist_88_flags_against_acknowledgments),
    SEGMENT_TEST(reset_without_acknowledgment_is_ignored),
    SEGMENT_TEST(reset_with_data_refuses_too),
    SEGMENT_TEST(segment_without_syn_and_rst_is_dropped),
    SEGMENT_TEST(close_ends_silently),
    SEGMENT_TEST(shutdown_sends_fin_after_the_handshake),
    SEGMENT_TEST(hist_112_challenge_is_reset_and_the_syn_goes_again_at_once),
};
SEGMENT_MAIN(tests)
