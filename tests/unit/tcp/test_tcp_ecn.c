// SPDX-License-Identifier: MIT
//
// Classic explicit congestion notification, RFC 3168: who agrees with whom, what is ECN-capable,
// ECE until CWR, one cut per window, and what becomes of a SYN that is lost.
#include <synfin/config.h>

#include "data_steps.h"
#include "lib/segment_info.h"

enum { SEGMENT_BYTES = 1220 }; // which a cookie brings back as it is

static const uint16_t all_flags[] = {0,  ECE,      CWR,      CWR | ECE,
                                     AE, AE | ECE, AE | CWR, AE | CWR | ECE};

static void configure(enum synfin_ecn ecn)
{
    segment_config()->ecn = (uint8_t)ecn;
    segment_config()->accurate_ecn = 0; // test_tcp_accecn.c
    segment_config()->congestion = SYNFIN_CONGESTION_NEWRENO;
    segment_config()->initial_window_segments = 4;
}

// An open connection with ECN, opened by the peer.
static void open_marked(void)
{
    configure(SYNFIN_ECN_ACCEPT);
    LISTEN(8);
    SEND(.flags = SYN | ECE | CWR, .mss = SEGMENT_BYTES, .ts = TS(7, 0));
    EXPECT(.flags = SYN | ACK | ECE, .ack = 1, .ts = TS(0, 7));
    SEND(.flags = ACK, .seq = 1, .ack = 1, .ts = TS(7, bench.last.ts_val));
    ACCEPT();
    EVENT(ACCEPTABLE);
    CHECK_EQ(segment_conn()->ecn.mode, TCP_ECN_CLASSIC);
    CHECK_EQ(segment_conn()->snd.mss, SEGMENT_BYTES - 12);
}

#define DATA_BYTES  (SEGMENT_BYTES - 12)
#define OURS(n)     (1 + (n)*DATA_BYTES)
#define FROM(...)   SEND(.ts = TS(7, bench.last.ts_val), __VA_ARGS__)
#define TOWARD(...) EXPECT(.ts = TS(0, 7), __VA_ARGS__)

// Four segments of new data, all of them ECN-capable; the peer's acknowledgments could be here.
static void fly_four(void)
{
    WRITE(8 * DATA_BYTES);
    for (uint32_t i = 0; i < 4; i++) {
        TOWARD(.flags = ACK, .seq = OURS(i), .ack = 1, .data = DATA_BYTES, .ecn = ECT0);
    }
    EXPECT_NOTHING();
}

static void answer_syn(enum synfin_ecn ecn, uint16_t flags)
{
    bool is_agreed = ecn != SYNFIN_ECN_NEVER && (flags & (ECE | CWR)) == (ECE | CWR);
    configure(ecn);
    LISTEN(8);
    SEND(.flags = SYN | flags, .mss = SEGMENT_BYTES, .ts = TS(7, 0));
    TOWARD(.flags = SYN | ACK | (is_agreed ? ECE : 0), .ack = 1);
    FROM(.flags = ACK, .seq = 1, .ack = 1);
    CHECK_EQ(segment_conn()->ecn.mode, is_agreed ? TCP_ECN_CLASSIC : TCP_ECN_NONE);
    ACCEPT();
    WRITE(100);
    TOWARD(.flags = ACK | PSH, .seq = 1, .ack = 1, .data = 100, .ecn = is_agreed ? ECT0 : NOT_ECT);
}

// RFC 3168 §6.1.1: only a SYN with ECE and CWR asks.
static void syn_is_answered_as_configured(void **state)
{
    for (uint32_t ecn = SYNFIN_ECN_NEVER; ecn <= SYNFIN_ECN_ASK; ecn++) {
        for (uint32_t i = 0; i < 8; i++) {
            answer_syn((enum synfin_ecn)ecn, all_flags[i]);
            steps_begin_again(state);
        }
    }
}

static void take_syn_ack(enum synfin_ecn ecn, uint16_t flags)
{
    bool is_asked = ecn == SYNFIN_ECN_ASK;
    bool is_agreed = is_asked && (flags & (ECE | CWR)) == ECE;
    configure(ecn);
    CONNECT();
    EXPECT(.flags = SYN | (is_asked ? ECE | CWR : 0));
    SEND(.flags = SYN | ACK | flags, .ack = 1, .mss = SEGMENT_BYTES);
    EXPECT(.flags = ACK, .seq = 1, .ack = 1);
    CHECK_EQ(segment_conn()->ecn.mode, is_agreed ? TCP_ECN_CLASSIC : TCP_ECN_NONE);
    WRITE(100);
    EXPECT(.flags = ACK | PSH, .seq = 1, .ack = 1, .data = 100, .ecn = is_agreed ? ECT0 : NOT_ECT);
}

// RFC 3168 §6.1.1: a SYN+ACK with ECE alone agrees. One that reflects both flags does not, and
// nobody agrees to what was not asked.
static void syn_ack_agrees_by_ece_alone(void **state)
{
    ONLY_WITH_ENTRIES();
    for (uint32_t ecn = SYNFIN_ECN_NEVER; ecn <= SYNFIN_ECN_ASK; ecn++) {
        for (uint32_t i = 0; i < 8; i++) {
            take_syn_ack((enum synfin_ecn)ecn, all_flags[i]);
            steps_begin_again(state);
        }
    }
}

// RFC 3168 §6.1.1.1, §6.1.1: the second SYN does not ask. A server that took the first one echoes
// marks, and is told of those on its data, but what we send is not ECN-capable any more.
static void lost_syn_goes_again_without_asking(void **state)
{
    ONLY_WITH_ENTRIES();
    (void)state;
    configure(SYNFIN_ECN_ASK);
    CONNECT();
    EXPECT(.flags = SYN | ECE | CWR);
    EXPECT_AFTER(SEC(1), .flags = SYN, WHY(SEND_SYN_AGAIN));
    SEND(.flags = SYN | ACK | ECE, .ack = 1, .mss = SEGMENT_BYTES);
    EXPECT(.flags = ACK, .seq = 1, .ack = 1);
    WRITE(100);
    EXPECT(.flags = ACK | PSH, .seq = 1, .ack = 1, .data = 100);
    SEND(.flags = ACK, .seq = 1, .ack = 101, .data = 100, .ecn = CE);
    EXPECT(.flags = ACK | ECE, .seq = 101, .ack = 101);
    uint32_t cwnd = segment_conn()->cc.cwnd_bytes;
    WRITE(100);
    EXPECT(.flags = ACK | PSH | ECE, .seq = 101, .ack = 101, .data = 100);
    SEND(.flags = ACK | ECE, .seq = 101, .ack = 201); // of what, if nothing can be marked?
    CHECK(segment_conn()->cc.cwnd_bytes >= cwnd);
}

// A reset of an old connection says nothing of the way: the SYN behind it asks again.
static void syn_after_a_challenge_asks_again(void **state)
{
    ONLY_WITH_ENTRIES();
    (void)state;
    configure(SYNFIN_ECN_ASK);
    CONNECT();
    EXPECT(.flags = SYN | ECE | CWR);
    SEND(.flags = ACK, .seq = 5, .ack = 77);
    EXPECT(.flags = RST, .seq = 77);
    EXPECT(.flags = SYN | ECE | CWR, WHY(SEND_SYN_AFTER_CHALLENGE));
}

// Both SYNs ask, and both SYN+ACKs agree.
static void simultaneous_open_agrees_when_both_ask(void **state)
{
    ONLY_WITH_ENTRIES();
    for (uint32_t i = 0; i < 4; i++) {
        bool do_we = (i & 1) != 0;
        bool do_they = (i & 2) != 0;
        bool is_agreed = do_we && do_they;
        configure(do_we ? SYNFIN_ECN_ASK : SYNFIN_ECN_ACCEPT);
        CONNECT();
        EXPECT(.flags = SYN | (do_we ? ECE | CWR : 0));
        SEND(.flags = SYN | (do_they ? ECE | CWR : 0), .mss = SEGMENT_BYTES);
        EXPECT(.flags = SYN | ACK | (is_agreed ? ECE : 0), .ack = 1);
        SEND(.flags = SYN | ACK | (is_agreed ? ECE : 0), .ack = 1, .mss = SEGMENT_BYTES);
        IN_STATE(ESTABLISHED);
        EXPECT(.flags = ACK, .seq = 1, .ack = 1);
        CHECK_EQ(segment_conn()->ecn.mode, is_agreed ? TCP_ECN_CLASSIC : TCP_ECN_NONE);
        steps_begin_again(state);
    }
}

// A half-open connection answers each copy of the SYN alike.
static void repeated_syn_is_answered_with_ece_again(void **state)
{
    ONLY_WITH_ENTRIES();
    (void)state;
    configure(SYNFIN_ECN_ACCEPT);
    LISTEN(8);
    SEND(.flags = SYN | ECE | CWR, .mss = SEGMENT_BYTES);
    EXPECT(.flags = SYN | ACK | ECE, .ack = 1);
    EXPECT_AFTER(SEC(1), .flags = SYN | ACK | ECE, .ack = 1);
    ADVANCE(MS(100));
    SEND(.flags = SYN | ECE | CWR, .mss = SEGMENT_BYTES);
    EXPECT(.flags = SYN | ACK | ECE, .ack = 1);
}

// Nothing of an offer without timestamps comes back with a cookie: the SYN+ACK must not agree.
static void cookie_without_timestamps_does_not_agree(void **state)
{
    (void)state;
    configure(SYNFIN_ECN_ACCEPT);
    segment_config()->syn_cookies = SYNFIN_SYN_COOKIES_ALWAYS;
    LISTEN(8);
    SEND(.flags = SYN | ECE | CWR, .mss = SEGMENT_BYTES);
    EXPECT(.flags = SYN | ACK, .ack = 1);
    SEND(.flags = ACK, .seq = 1, .ack = 1);
    CHECK_EQ(segment_conn()->ecn.mode, TCP_ECN_NONE);
}

// Sender

// RFC 9293 §3.8.2 [SHLD-8], RFC 3168 §6.1.2: the acknowledgment with ECE cuts, the window does not
// grow by it, CWR goes with the next new data and only there, and until that is acknowledged ECE is
// no news.
static void ece_cuts_once_per_window_and_cwr_tells(void **state)
{
    (void)state;
    open_marked();
    fly_four();
    ADVANCE(MS(50));
    FROM(.flags = ACK | ECE, .seq = 1, .ack = OURS(1));
    REASON(CC_MARK);
    CHECK_EQ(segment_conn()->cc.cwnd_bytes, 2 * DATA_BYTES); // half: in slow start as for a loss
    CHECK_EQ(segment_conn()->cc.ssthresh_bytes, 2 * DATA_BYTES);
    EXPECT_NOTHING();
    CHECK_EQ(INFO().repair, SYNFIN_REPAIR_REDUCED);
    FROM(.flags = ACK | ECE, .seq = 1, .ack = OURS(2));
    NO_REASON(CC_MARK);
    EXPECT_NOTHING();
    FROM(.flags = ACK | ECE, .seq = 1, .ack = OURS(3));
    TOWARD(.flags = ACK | CWR, .seq = OURS(4), .ack = 1, .data = DATA_BYTES, .ecn = ECT0,
           WHY(SEND_DATA_CWR));
    FROM(.flags = ACK | ECE, .seq = 1, .ack = OURS(4)); // the last of what was in flight then
    NO_REASON(CC_MARK);
    TOWARD(.flags = ACK, .seq = OURS(5), .ack = 1, .data = DATA_BYTES, .ecn = ECT0, WHY(SEND_DATA));
    FROM(.flags = ACK | ECE, .seq = 1, .ack = OURS(5)); // marked again, behind the cut
    REASON(CC_MARK);
    TOWARD(.flags = ACK | CWR, .seq = OURS(6), .ack = 1, .data = DATA_BYTES, .ecn = ECT0);
    struct synfin_tcp_info info = INFO();
    CHECK_EQ(info.has_ecn, 1);
    CHECK_EQ(info.delivered_ce, 5);
    CHECK_EQ(info.total_retransmits, 0);
}

// RFC 8511 §3.1: in congestion avoidance a mark costs a fifth with NewReno.
static void mark_in_congestion_avoidance_cuts_less_than_a_loss(void **state)
{
    (void)state;
    open_marked();
    segment_conn()->cc.ssthresh_bytes = segment_conn()->cc.cwnd_bytes = 4 * DATA_BYTES;
    fly_four();
    FROM(.flags = ACK | ECE, .seq = 1, .ack = OURS(1));
    CHECK_EQ(segment_conn()->cc.cwnd_bytes, 4 * DATA_BYTES * 8 / 10);
}

// RFC 3168 §6.1.5: not what is sent again; §6.1.2: CWR after any cut, with new data.
static void retransmission_is_not_ecn_capable_and_cwr_follows_a_loss(void **state)
{
    (void)state;
    open_marked();
    fly_four();
    for (uint32_t i = 0; i < 3; i++) {
        FROM(.flags = ACK, .seq = 1, .ack = 1);
        if (i < 2) { // limited transmit
            TOWARD(.flags = ACK, .seq = OURS(4 + i), .ack = 1, .data = DATA_BYTES, .ecn = ECT0);
        }
    }
    TOWARD(.flags = ACK, .seq = 1, .ack = 1, .data = DATA_BYTES, WHY(SEND_FAST_RETRANSMIT));
    FROM(.flags = ACK, .seq = 1, .ack = OURS(6));
    TOWARD(.flags = ACK | CWR, .seq = OURS(6), .ack = 1, .data = DATA_BYTES, .ecn = ECT0);
    TOWARD(.flags = ACK | PSH, .seq = OURS(7), .ack = 1, .data = DATA_BYTES, .ecn = ECT0);
}

// RFC 3168 §6.1.2: a mark and a loss of one flight are one sign of congestion. The loss decides, as
// it cuts more: what the window was before the mark counts.
static void loss_behind_a_mark_cuts_as_a_loss_alone(void **state)
{
    (void)state;
    open_marked();
    segment_conn()->cc.ssthresh_bytes = segment_conn()->cc.cwnd_bytes = 4 * DATA_BYTES;
    fly_four();
    for (uint32_t i = 0; i < 3; i++) {
        FROM(.flags = ACK | ECE, .seq = 1, .ack = 1);
    }
    TOWARD(.flags = ACK, .seq = 1, .ack = 1, .data = DATA_BYTES, WHY(SEND_FAST_RETRANSMIT));
    CHECK_EQ(segment_conn()->cc.ssthresh_bytes, 2 * DATA_BYTES);
    TOWARD(.flags = ACK | CWR, .seq = OURS(4), .ack = 1, .data = DATA_BYTES, .ecn = ECT0);
}

// A mark of the flight in which a loss was found cuts nothing more.
static void mark_behind_a_loss_does_not_cut_again(void **state)
{
    (void)state;
    open_marked();
    fly_four();
    EXPECT_WITHIN(SEC(2), .flags = ACK, .seq = 1, .ack = 1, .data = DATA_BYTES, .ts = TS(0, 7),
                  WHY(SEND_TIMEOUT));
    uint32_t cwnd = segment_conn()->cc.cwnd_bytes;
    FROM(.flags = ACK | ECE, .seq = 1, .ack = OURS(1));
    NO_REASON(CC_MARK);
    CHECK_EQ(segment_conn()->cc.cwnd_bytes, cwnd); // nor does it grow
    TOWARD(.flags = ACK | CWR, .seq = OURS(4), .ack = 1, .data = DATA_BYTES, .ecn = ECT0,
           WHY(SEND_FRTO));
}

// RFC 3168 §6.1.4, §6.1.6: acknowledgments, keep-alives, probes and a FIN alone.
static void what_is_no_new_data_is_not_ecn_capable(void **state)
{
    (void)state;
    open_marked();
    SET(KEEPALIVE_IDLE, (int64_t)SEC(5));
    SET(KEEPALIVE, 1);
    FROM(.flags = ACK, .seq = 1, .ack = 1, .window = SHUT, .data = 100);
    EXPECT_WITHIN(MS(100), .flags = ACK, .seq = 1, .ack = 101, .ts = TS(0, 7));
    EXPECT_WITHIN(SEC(6), .flags = ACK, .seq = 0, .ack = 101, .ts = TS(0, 7), WHY(SEND_KEEPALIVE));
    SET(KEEPALIVE, 0);
    WRITE(100);
    EXPECT_WITHIN(SEC(2), .flags = ACK, .seq = 1, .ack = 101, .data = 1, .ts = TS(0, 7),
                  WHY(SEND_WINDOW_PROBE));
    FROM(.flags = ACK, .seq = 101, .ack = 2);
    TOWARD(.flags = ACK | PSH, .seq = 2, .ack = 101, .data = 99, .ecn = ECT0);
    FROM(.flags = ACK, .seq = 101, .ack = 101);
    SHUTDOWN(WRITE);
    TOWARD(.flags = FIN | ACK, .seq = 101, .ack = 101);
}

// Receiver

// RFC 3168 §6.1.3: ECE with everything from the mark on until CWR.
static void mark_is_echoed_until_cwr(void **state)
{
    (void)state;
    open_marked();
    SET(QUICKACK, 1);
    FROM(.flags = ACK, .seq = 1, .ack = 1, .data = 100, .ecn = ECT0);
    TOWARD(.flags = ACK, .seq = 1, .ack = 101);
    FROM(.flags = ACK, .seq = 101, .ack = 1, .data = 100, .ecn = CE);
    TOWARD(.flags = ACK | ECE, .seq = 1, .ack = 201);
    FROM(.flags = ACK, .seq = 201, .ack = 1, .data = 100, .ecn = ECT0);
    TOWARD(.flags = ACK | ECE, .seq = 1, .ack = 301);
    WRITE(100);
    TOWARD(.flags = ACK | PSH | ECE, .seq = 1, .ack = 301, .data = 100, .ecn = ECT0);
    FROM(.flags = ACK | CWR, .seq = 301, .ack = 101, .data = 100, .ecn = ECT0);
    TOWARD(.flags = ACK, .seq = 101, .ack = 401);
    FROM(.flags = ACK | CWR, .seq = 401, .ack = 101, .data = 100, .ecn = CE); // and marked itself
    TOWARD(.flags = ACK | ECE, .seq = 101, .ack = 501);
    CHECK_EQ(segment_conn()->ecn.received_ce, 2);
    READ(500);
}

// The first mark does not wait for a second segment.
static void first_mark_is_acknowledged_at_once(void **state)
{
    (void)state;
    open_marked();
    FROM(.flags = ACK, .seq = 1, .ack = 1, .data = 100, .ecn = ECT0);
    EXPECT_NOTHING();
    FROM(.flags = ACK, .seq = 101, .ack = 1, .data = 100, .ecn = CE);
    TOWARD(.flags = ACK | ECE, .seq = 1, .ack = 201, WHY(SEND_ACK_MARKED));
    FROM(.flags = ACK, .seq = 201, .ack = 1, .data = 100, .ecn = CE);
    EXPECT_NOTHING();
    READ(300);
}

// The same whichever segment of four is marked, also one that comes early.
static void mark_counts_at_every_place(void **state)
{
    for (uint32_t marked = 0; marked < 4; marked++) {
        open_marked();
        SET(QUICKACK, 1);
        for (uint32_t i = 0; i < 4; i++) {
            uint32_t at = i < 2 ? i : 5 - i; // the last two change places
            bool is_echoed = i >= marked;
            FROM(.flags = ACK, .seq = 1 + 100 * at, .ack = 1, .data = 100,
                 .ecn = i == marked ? CE : ECT0);
            TOWARD(.flags = ACK | (is_echoed ? ECE : 0), .seq = 1,
                   .ack = i == 3   ? 401
                          : i == 2 ? 201
                                   : 101 + 100 * i);
        }
        READ(400);
        steps_begin_again(state);
    }
}

// RFC 3168 §6.1.5: outside the window it says nothing, for anybody could have sent it.
static void mark_outside_the_window_is_ignored(void **state)
{
    (void)state;
    open_marked();
    FROM(.flags = ACK, .seq = 10000000, .ack = 1, .data = 100, .ecn = CE);
    TOWARD(.flags = ACK, .seq = 1, .ack = 1);
    CHECK_EQ(segment_conn()->ecn.received_ce, 0);
}

// Without an agreement a mark is a mistake of the network's.
static void mark_without_agreement_is_ignored(void **state)
{
    (void)state;
    OPEN_PASSIVE();
    SEND(.flags = ACK | CWR, .seq = 1, .ack = 1, .data = 100, .ecn = CE);
    EXPECT_WITHIN(MS(100), .flags = ACK, .seq = 1, .ack = 101);
    CHECK_EQ(segment_conn()->ecn.received_ce, 0);
    READ(100);
}

// The option chooses for one socket, and the user's DSCP leaves ECN's two bits alone.
static void option_asks_and_dscp_leaves_the_field_alone(void **state)
{
    ONLY_WITH_ENTRIES();
    (void)state;
    int64_t value = -1;
    segment_open_client(40000, HERE);
    SET(ECN, SYNFIN_ECN_ASK);
    SET(TRAFFIC_CLASS, 0xbb);
    RESULT(synfin_socket_get_option(bench.stack, bench.socket, SYNFIN_OPTION_TRAFFIC_CLASS, &value),
           OK);
    CHECK_EQ(value, 0xb8);
    RESULT(synfin_socket_get_option(bench.stack, bench.socket, SYNFIN_OPTION_ECN, &value), OK);
    CHECK_EQ(value, SYNFIN_ECN_ASK);
    RESULT(segment_user_connect(), OK);
    EXPECT(.flags = SYN | ECE | CWR, .traffic_class = 0xb8);
    SEND(.flags = SYN | ACK | ECE, .ack = 1, .mss = SEGMENT_BYTES);
    EXPECT(.flags = ACK, .seq = 1, .ack = 1, .traffic_class = 0xb8);
    WRITE(100);
    EXPECT(.flags = ACK | PSH, .seq = 1, .ack = 1, .data = 100, .traffic_class = 0xb8, .ecn = ECT0);
}

// DCTCP

static void open_dctcp(void)
{
    configure(SYNFIN_ECN_ACCEPT);
    segment_config()->congestion = SYNFIN_CONGESTION_DCTCP;
    LISTEN(8);
    SEND(.flags = SYN | ECE | CWR, .mss = SEGMENT_BYTES, .ts = TS(7, 0));
    EXPECT(.flags = SYN | ACK | ECE, .ack = 1, .ts = TS(0, 7));
    SEND(.flags = ACK, .seq = 1, .ack = 1, .ts = TS(7, bench.last.ts_val));
    ACCEPT();
}

// RFC 8257 §3.2: ECE says how the last segment came, a change is told at once, CWR ends nothing.
static void dctcp_echoes_how_the_last_segment_came(void **state)
{
    (void)state;
    open_dctcp();
    FROM(.flags = ACK, .seq = 1, .ack = 1, .data = 100, .ecn = ECT0);
    EXPECT_NOTHING();
    FROM(.flags = ACK, .seq = 101, .ack = 1, .data = 100, .ecn = CE);
    TOWARD(.flags = ACK | ECE, .seq = 1, .ack = 201, WHY(SEND_ACK_MARK_CHANGE));
    FROM(.flags = ACK | CWR, .seq = 201, .ack = 1, .data = 100, .ecn = CE);
    EXPECT_NOTHING();
    FROM(.flags = ACK, .seq = 301, .ack = 1, .data = 100, .ecn = ECT0);
    TOWARD(.flags = ACK, .seq = 1, .ack = 401, WHY(SEND_ACK_MARK_CHANGE));
    READ(400);
}

// It asks for ECN by itself, for the kind that tells more where it is to be had.
static void dctcp_asks_for_ecn(void **state)
{
    ONLY_WITH_ENTRIES();
    for (uint32_t i = 0; i < 3; i++) {
        configure(i == 2 ? SYNFIN_ECN_NEVER : SYNFIN_ECN_ACCEPT);
        segment_config()->congestion = SYNFIN_CONGESTION_DCTCP;
        segment_config()->accurate_ecn = i == 1;
        CONNECT();
        EXPECT(.flags = SYN | (i == 2 ? 0 : ECE | CWR) | (i == 1 ? AE : 0));
        steps_begin_again(state);
    }
}

// RFC 8257 §3.3: alpha falls by a sixteenth with a round trip without marks, and the next cut is by
// so much less.
static void dctcp_cuts_by_the_share_of_marks(void **state)
{
    (void)state;
    open_dctcp();
    fly_four();
    CHECK_EQ(segment_conn()->cc.own.dctcp.alpha, 1 << 20);
    FROM(.flags = ACK | ECE, .seq = 1, .ack = OURS(2)); // the first round trip: as if all were
    REASON(CC_MARK);
    CHECK_EQ(segment_conn()->cc.cwnd_bytes, 2 * DATA_BYTES);
    FROM(.flags = ACK, .seq = 1, .ack = OURS(4));
    segment_forget_sent();
    FROM(.flags = ACK, .seq = 1, .ack = OURS(6));
    segment_forget_sent();
    CHECK_EQ(segment_conn()->cc.own.dctcp.alpha, (1 << 20) / 16 * 15);
}

// RFC 3168 §6.1.2: CWR goes with the first segment of new data; what cuts a super-packet into
// segments would put it on each of them.
static void window_that_was_cut_is_told_by_one_segment_of_many(void **state)
{
    (void)state;
    segment_iface_config()->gso_bytes = 65535;
    open_marked();
    segment_conn()->cc.cwnd_bytes = 8 * DATA_BYTES;
    WRITE(16 * DATA_BYTES);
    TOWARD(.flags = ACK, .seq = 1, .ack = 1, .data = 8 * DATA_BYTES, .ecn = ECT0);
    FROM(.flags = ACK | ECE, .seq = 1, .ack = OURS(8));
    TOWARD(.flags = ACK | CWR, .seq = OURS(8), .ack = 1, .data = DATA_BYTES, .ecn = ECT0,
           WHY(SEND_DATA_CWR));
    TOWARD(.flags = ACK, .seq = OURS(9), .ack = 1, .data = 3 * DATA_BYTES, .ecn = ECT0);
    EXPECT_NOTHING();
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        SEGMENT_TEST(syn_is_answered_as_configured),
        SEGMENT_TEST(syn_ack_agrees_by_ece_alone),
        SEGMENT_TEST(lost_syn_goes_again_without_asking),
        SEGMENT_TEST(syn_after_a_challenge_asks_again),
        SEGMENT_TEST(simultaneous_open_agrees_when_both_ask),
        SEGMENT_TEST(repeated_syn_is_answered_with_ece_again),
        SEGMENT_TEST(cookie_without_timestamps_does_not_agree),
        SEGMENT_TEST(ece_cuts_once_per_window_and_cwr_tells),
        SEGMENT_TEST(mark_in_congestion_avoidance_cuts_less_than_a_loss),
        SEGMENT_TEST(retransmission_is_not_ecn_capable_and_cwr_follows_a_loss),
        SEGMENT_TEST(loss_behind_a_mark_cuts_as_a_loss_alone),
        SEGMENT_TEST(mark_behind_a_loss_does_not_cut_again),
        SEGMENT_TEST(what_is_no_new_data_is_not_ecn_capable),
        SEGMENT_TEST(mark_is_echoed_until_cwr),
        SEGMENT_TEST(first_mark_is_acknowledged_at_once),
        SEGMENT_TEST(mark_counts_at_every_place),
        SEGMENT_TEST(mark_outside_the_window_is_ignored),
        SEGMENT_TEST(mark_without_agreement_is_ignored),
        SEGMENT_TEST(option_asks_and_dscp_leaves_the_field_alone),
        SEGMENT_TEST(dctcp_echoes_how_the_last_segment_came),
        SEGMENT_TEST(dctcp_asks_for_ecn),
        SEGMENT_TEST(dctcp_cuts_by_the_share_of_marks),
        SEGMENT_TEST(window_that_was_cut_is_told_by_one_segment_of_many),
    };
    return test_rows_main(argc, argv, tests, sizeof tests / sizeof tests[0], segment_run_twice);
}
