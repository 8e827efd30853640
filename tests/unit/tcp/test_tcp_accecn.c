// SPDX-License-Identifier: MIT
//
// Accurate ECN feedback, RFC 9768: every combination of flags in the handshake, the counters that
// are sent and how they are read, and what becomes of a way that changes them.
#include <synfin/config.h>

#include "data_steps.h"
#include "lib/segment_info.h"
#include "tcp/tcp_accecn.h"

enum { SEGMENT_BYTES = 1220, DATA_BYTES = SEGMENT_BYTES - 12 };

#define OURS(n)     (1 + (n)*DATA_BYTES)
#define FROM(...)   SEND(.ts = TS(7, bench.last.ts_val), __VA_ARGS__)
#define TOWARD(...) EXPECT(.ts = TS(0, 7), __VA_ARGS__)
// The option that carries these counters.
#define ORDER_0(...)                                             \
    {                                                            \
        172, sizeof(uint32_t[]){__VA_ARGS__} / sizeof(uint32_t), \
        {                                                        \
            __VA_ARGS__                                          \
        }                                                        \
    }
#define ORDER_1(...)                                             \
    {                                                            \
        174, sizeof(uint32_t[]){__VA_ARGS__} / sizeof(uint32_t), \
        {                                                        \
            __VA_ARGS__                                          \
        }                                                        \
    }
#define FIRST_OPTION ORDER_0(1, 0, 1)

static const uint16_t all_flags[] = {0,  ECE,      CWR,      CWR | ECE,
                                     AE, AE | ECE, AE | CWR, AE | CWR | ECE};
// The flags that tell with which field a SYN or SYN+ACK came.
static const uint16_t echo_of[] = {
    [NOT_ECT] = CWR, [ECT1] = CWR | ECE, [ECT0] = AE, [CE] = AE | CWR};

// The flags of a counter.
static uint16_t ace(uint32_t count)
{
    return all_flags[count % 8];
}

static void configure(enum synfin_ecn ecn)
{
    segment_config()->ecn = (uint8_t)ecn;
    segment_config()->congestion = SYNFIN_CONGESTION_NEWRENO;
    segment_config()->initial_window_segments = 10;
}

// Opened by the peer; counters stand at 5.
static void open_accurate(void)
{
    configure(SYNFIN_ECN_ACCEPT);
    LISTEN(8);
    SEND(.flags = SYN | AE | CWR | ECE, .mss = SEGMENT_BYTES, .ts = TS(7, 0), .sack_ok = true);
    if (bench.has_cookies) {
        TOWARD(.flags = SYN | ACK | CWR, .ack = 1);
    } else {
        TOWARD(.flags = SYN | ACK | CWR, .ack = 1, .accecn = FIRST_OPTION);
    }
    FROM(.flags = ACK | CWR, .seq = 1, .ack = 1, .accecn = ORDER_0(1, 0));
    ACCEPT();
    EVENT(ACCEPTABLE);
    CHECK_EQ(segment_conn()->ecn.mode, TCP_ECN_ACCURATE);
}

static void fly(uint32_t segments)
{
    WRITE(2 * segments * DATA_BYTES);
    for (uint32_t i = 0; i < segments; i++) {
        TOWARD(.flags = ACK | ace(5), .seq = OURS(i), .ack = 1, .data = DATA_BYTES, .ecn = ECT0);
    }
    EXPECT_NOTHING();
}

static uint32_t delivered_ce(void)
{
    return segment_conn()->ecn.delivered_ce;
}

// Negotiation

static void answer_syn(enum synfin_ecn ecn, uint16_t flags, uint8_t field)
{
    bool is_on = ecn != SYNFIN_ECN_NEVER && flags != 0;
    bool is_classic = is_on && flags == (CWR | ECE);
    bool is_accurate = is_on && !is_classic;
    configure(ecn);
    LISTEN(8);
    SEND(.flags = SYN | flags, .mss = SEGMENT_BYTES, .ts = TS(7, 0), .ecn = field);
    struct segment want = {.flags = SYN | ACK, .ack = 1, .ts = TS(0, 7)};
    want.flags |= is_classic ? ECE : is_accurate ? echo_of[field] : 0;
    if (is_accurate && !bench.has_cookies) {
        want.accecn = (struct segment_accecn)FIRST_OPTION;
    }
    segment_expect(&want, 0, HERE);
    FROM(.flags = ACK | (is_accurate ? CWR : 0), .seq = 1, .ack = 1);
    CHECK_EQ(segment_conn()->ecn.mode, is_classic    ? TCP_ECN_CLASSIC
                                       : is_accurate ? TCP_ECN_ACCURATE
                                                     : TCP_ECN_NONE);
    CHECK_EQ(segment_conn()->ecn.received_ce, 0); // a marked SYN does not count, §3.2.2.2
    ACCEPT();
    WRITE(100);
    TOWARD(.flags = ACK | PSH | (is_accurate ? ace(5) : 0), .seq = 1, .ack = 1, .data = 100,
           .ecn = is_on ? ECT0 : NOT_ECT);
}

// §3.1.2 Table 2, §3.1.3: what nobody sends yet asks for accurate feedback.
static void syn_of_every_kind_is_answered(void **state)
{
    for (uint32_t ecn = SYNFIN_ECN_NEVER; ecn <= SYNFIN_ECN_ASK_ACCURATE; ecn += 1) {
        for (uint32_t i = 0; i < 8; i++) {
            answer_syn((enum synfin_ecn)ecn, all_flags[i], NOT_ECT);
            steps_begin_again(state);
        }
    }
    for (uint32_t field = NOT_ECT; field <= CE; field++) {
        answer_syn(SYNFIN_ECN_ACCEPT, AE | CWR | ECE, (uint8_t)field);
        steps_begin_again(state);
    }
}

// §3.1.2 Table 2, §3.1.3, §3.2.2.3: a SYN+ACK that tells of another field than the SYN had shows a
// way that changes it.
static void syn_ack_of_every_kind_is_taken(void **state)
{
    ONLY_WITH_ENTRIES();
    for (uint32_t i = 0; i < 8; i++) {
        uint16_t flags = all_flags[i];
        bool is_classic = flags == ECE;
        bool is_accurate = flags != 0 && flags != ECE && flags != (AE | CWR | ECE);
        bool is_changed = flags == (CWR | ECE) || flags == AE || flags == (AE | CWR);
        configure(SYNFIN_ECN_ASK_ACCURATE);
        CONNECT();
        EXPECT(.flags = SYN | AE | CWR | ECE);
        SEND(.flags = SYN | ACK | flags, .ack = 1, .mss = SEGMENT_BYTES);
        segment_reason(SYNFIN_REASON_ECN_MANGLED, is_changed, HERE);
        struct segment want = {.flags = ACK | (is_accurate ? CWR : 0), .seq = 1, .ack = 1};
        if (is_accurate) {
            want.accecn = (struct segment_accecn)ORDER_0(1, 0);
        }
        segment_expect(&want, 0, HERE);
        CHECK_EQ(segment_conn()->ecn.mode, is_classic    ? TCP_ECN_CLASSIC
                                           : is_accurate ? TCP_ECN_ACCURATE
                                                         : TCP_ECN_NONE);
        WRITE(100);
        bool is_capable = is_classic || (is_accurate && !is_changed);
        want = (struct segment){.flags = ACK | PSH | (is_accurate ? ace(5) : 0),
                                .seq = 1,
                                .ack = 1,
                                .data = 100,
                                .ecn = is_capable ? ECT0 : NOT_ECT,
                                .accecn = want.accecn};
        segment_expect(&want, 0, HERE);
        steps_begin_again(state);
    }
}

// §3.2.2.1 Table 3: the acknowledgment of the SYN+ACK goes alone and tells with which field that
// has come; a marked one counts, but once.
static void field_of_the_syn_ack_is_told(void **state)
{
    ONLY_WITH_ENTRIES();
    for (uint32_t field = NOT_ECT; field <= CE; field++) {
        configure(SYNFIN_ECN_ASK_ACCURATE);
        CONNECT();
        EXPECT(.flags = SYN | AE | CWR | ECE);
        WRITE(100);
        SEND(.flags = SYN | ACK | CWR, .ack = 1, .mss = SEGMENT_BYTES, .ecn = (uint8_t)field);
        EXPECT(.flags = ACK | echo_of[field], .seq = 1, .ack = 1, .accecn = ORDER_0(1, 0));
        EXPECT(.flags = ACK | PSH | ace(field == CE ? 6 : 5), .seq = 1, .ack = 1, .data = 100,
               .ecn = ECT0, .accecn = ORDER_0(1, 0));
        SEND(.flags = SYN | ACK | CWR, .ack = 1, .mss = SEGMENT_BYTES, .ecn = CE);
        EXPECT(.flags = ACK | AE | CWR, .seq = 101, .ack = 1, WHY(SEND_HANDSHAKE_ACK_AGAIN));
        CHECK_EQ(segment_conn()->ecn.received_ce, 1);
        steps_begin_again(state);
    }
}

// §3.2.2.1 Table 4, Note 1.
static void third_segment_of_every_kind_is_taken(void **state)
{
    ONLY_WITH_ENTRIES();
    for (uint32_t i = 0; i < 8; i++) {
        bool is_changed = i == 3 || i == 4 || i == 6;
        configure(SYNFIN_ECN_ACCEPT);
        LISTEN(8);
        SEND(.flags = SYN | AE | CWR | ECE, .mss = SEGMENT_BYTES);
        EXPECT(.flags = SYN | ACK | CWR, .ack = 1, .accecn = FIRST_OPTION);
        SEND(.flags = ACK | ace(i), .seq = 1, .ack = 1);
        segment_reason(SYNFIN_REASON_ECN_MANGLED, is_changed, HERE);
        segment_reason(SYNFIN_REASON_ECN_ZEROED, i == 0, HERE);
        CHECK_EQ(delivered_ce(), i == 6);
        CHECK_EQ(segment_conn()->ecn.is_deaf, i == 0);
        ACCEPT();
        WRITE(100);
        EXPECT(.flags = ACK | PSH | ace(5), .seq = 1, .ack = 1, .data = 100,
               .ecn = is_changed || i == 0 ? NOT_ECT : ECT0);
        steps_begin_again(state);
    }
}

// §3.1.4.1: twice with the flags, then without; the mode is that of the SYN+ACK that comes.
static void lost_syn_asks_once_more(void **state)
{
    ONLY_WITH_ENTRIES();
    (void)state;
    configure(SYNFIN_ECN_ASK_ACCURATE);
    CONNECT();
    EXPECT(.flags = SYN | AE | CWR | ECE);
    EXPECT_AFTER(SEC(1), .flags = SYN | AE | CWR | ECE, WHY(SEND_SYN_AGAIN));
    EXPECT_AFTER(SEC(2), .flags = SYN, WHY(SEND_SYN_AGAIN));
    SEND(.flags = SYN | ACK | CWR, .ack = 1, .mss = SEGMENT_BYTES);
    EXPECT(.flags = ACK | CWR, .seq = 1, .ack = 1, .accecn = ORDER_0(1, 0));
    WRITE(100);
    EXPECT(.flags = ACK | PSH | ace(5), .seq = 1, .ack = 1, .data = 100, .ecn = ECT0,
           .accecn = ORDER_0(1, 0));
}

// §3.2.3.2.2, §3.1.5: first without the option, then without the flags too, after which nothing
// that is sent may be ECN-capable, though counters go on.
static void lost_syn_ack_loses_option_and_flags(void **state)
{
    ONLY_WITH_ENTRIES();
    (void)state;
    configure(SYNFIN_ECN_ACCEPT);
    LISTEN(8);
    SEND(.flags = SYN | AE | CWR | ECE, .mss = SEGMENT_BYTES, .option_bytes = 20); // pays for three
    EXPECT(.flags = SYN | ACK | CWR, .ack = 1, .accecn = FIRST_OPTION);
    EXPECT_AFTER(SEC(1), .flags = SYN | ACK | CWR, .ack = 1);
    EXPECT_AFTER(SEC(2), .flags = SYN | ACK, .ack = 1);
    SEND(.flags = ACK | CWR, .seq = 1, .ack = 1);
    ACCEPT();
    WRITE(100);
    EXPECT(.flags = ACK | PSH | ace(5), .seq = 1, .ack = 1, .data = 100);
}

// §3.1.5: the latest SYN's field is told, the first one's agreement stays; a SYN without the flags
// keeps us from sending ECN-capable packets.
static void repeated_syn_leaves_the_agreement(void **state)
{
    ONLY_WITH_ENTRIES();
    (void)state;
    configure(SYNFIN_ECN_ACCEPT);
    LISTEN(8);
    SEND(.flags = SYN | AE | CWR | ECE, .mss = SEGMENT_BYTES);
    EXPECT(.flags = SYN | ACK | CWR, .ack = 1, .accecn = FIRST_OPTION);
    ADVANCE(MS(100));
    SEND(.flags = SYN | AE | CWR | ECE, .mss = SEGMENT_BYTES, .ecn = CE);
    EXPECT(.flags = SYN | ACK | AE | CWR, .ack = 1);
    SEND(.flags = ACK | CWR, .seq = 1, .ack = 1);
    CHECK_EQ(segment_conn()->ecn.is_barred, false);
    steps_begin_again(state);
    configure(SYNFIN_ECN_ACCEPT);
    LISTEN(8);
    SEND(.flags = SYN | AE | CWR | ECE, .mss = SEGMENT_BYTES);
    EXPECT(.flags = SYN | ACK | CWR, .ack = 1, .accecn = FIRST_OPTION);
    ADVANCE(MS(100));
    SEND(.flags = SYN, .mss = SEGMENT_BYTES);
    EXPECT(.flags = SYN | ACK | CWR, .ack = 1);
    SEND(.flags = ACK | CWR, .seq = 1, .ack = 1);
    CHECK_EQ(segment_conn()->ecn.mode, TCP_ECN_ACCURATE);
    CHECK_EQ(segment_conn()->ecn.is_barred, true);
}

// §3.1.5: MUST reset.
static void both_kinds_in_one_handshake_are_reset(void **state)
{
    ONLY_WITH_ENTRIES();
    for (uint32_t i = 0; i < 2; i++) {
        configure(SYNFIN_ECN_ACCEPT);
        LISTEN(8);
        SEND(.flags = SYN | CWR | ECE | (i == 0 ? AE : 0), .mss = SEGMENT_BYTES);
        segment_forget_sent();
        SEND(.flags = SYN | CWR | ECE | (i == 0 ? 0 : AE), .mss = SEGMENT_BYTES);
        segment_reason(SYNFIN_REASON_DROP_ECN_KINDS, 2, HERE); // the segment, the handshake
        EXPECT(.flags = RST | ACK, .seq = 0, .ack = bench.irs + 1, .is_absolute = true);
        IN_STATE(LISTEN);
        steps_begin_again(state);
    }
}

// §3.1.2: both answer as servers would.
static void simultaneous_open_agrees_on_accurate(void **state)
{
    ONLY_WITH_ENTRIES();
    (void)state;
    configure(SYNFIN_ECN_ASK_ACCURATE);
    CONNECT();
    EXPECT(.flags = SYN | AE | CWR | ECE);
    SEND(.flags = SYN | AE | CWR | ECE, .mss = SEGMENT_BYTES, .ecn = ECT0);
    EXPECT(.flags = SYN | ACK | AE, .ack = 1, .accecn = FIRST_OPTION);
    CHECK_EQ(segment_conn()->ecn.mode, TCP_ECN_ACCURATE);
    // The peer's SYN once more, by another way: what it carried now is what is told.
    SEND(.flags = SYN | AE | CWR | ECE, .mss = SEGMENT_BYTES, .ecn = CE);
    CHECK_EQ(segment_conn()->ecn.syn_field, CE);
    segment_forget_sent();
}

// Receiver

// §3.2, §3.2.2.5.1, §3.2.3.3: every mark counts, in packets and octets; the first of a row and
// every second one is told at once.
static void marks_are_counted_and_told(void **state)
{
    (void)state;
    open_accurate();
    FROM(.flags = ACK | ace(5), .seq = 1, .ack = 1, .data = 100, .ecn = ECT0);
    EXPECT_NOTHING();
    FROM(.flags = ACK | ace(5), .seq = 101, .ack = 1, .data = 100, .ecn = CE);
    TOWARD(.flags = ACK | ace(6), .seq = 1, .ack = 201, .accecn = ORDER_0(101, 100),
           WHY(SEND_ACK_MARKS));
    FROM(.flags = ACK | ace(5), .seq = 201, .ack = 1, .data = 100, .ecn = CE);
    EXPECT_NOTHING();
    FROM(.flags = ACK | ace(5), .seq = 301, .ack = 1, .data = 100, .ecn = CE);
    TOWARD(.flags = ACK | ace(8), .seq = 1, .ack = 401, .accecn = ORDER_0(101, 300),
           WHY(SEND_ACK_MARKS));
    FROM(.flags = ACK | ace(5), .seq = 401, .ack = 1, .data = 100, .ecn = ECT1);
    WRITE(100); // data carry counters as well
    TOWARD(.flags = ACK | PSH | ace(8), .seq = 1, .ack = 501, .data = 100, .ecn = ECT0,
           .accecn = ORDER_0(101, 300, 101));
    SET(NODELAY, 1);
    WRITE(100); // nothing has moved since
    TOWARD(.flags = ACK | PSH | ace(8), .seq = 101, .ack = 501, .data = 100, .ecn = ECT0);
    READ(500);
    struct synfin_tcp_info info = INFO();
    CHECK_EQ(info.has_ecn, 2);
    CHECK_EQ(info.received_ce, 3);
}

// Where ECT(0) has never come, the other order says more.
static void order_1_serves_who_marks_by_ect_1(void **state)
{
    (void)state;
    open_accurate();
    SET(QUICKACK, 1);
    FROM(.flags = ACK | ace(5), .seq = 1, .ack = 1, .data = 100, .ecn = ECT1);
    TOWARD(.flags = ACK | ace(5), .seq = 1, .ack = 101, .accecn = ORDER_1(101, 0));
    FROM(.flags = ACK | ace(5), .seq = 101, .ack = 1, .data = 100, .ecn = CE);
    TOWARD(.flags = ACK | ace(6), .seq = 1, .ack = 201, .accecn = ORDER_1(101, 100));
    READ(200);
}

// The counter goes around, and a mark at any place counts.
static void counter_wraps(void **state)
{
    (void)state;
    open_accurate();
    SET(QUICKACK, 1);
    for (uint32_t i = 0; i < 20; i++) {
        FROM(.flags = ACK | ace(5), .seq = 1 + 10 * i, .ack = 1, .data = 10, .ecn = CE);
        TOWARD(.flags = ACK | ace(6 + i), .seq = 1, .ack = 11 + 10 * i,
               .accecn = ORDER_0(1, 10 * (i + 1)));
    }
    READ(200);
}

// §3.2.2.5.1: acknowledgments that are marked are acknowledged, but every third only.
static void marked_acknowledgments_are_told_by_threes(void **state)
{
    (void)state;
    open_accurate();
    for (uint32_t i = 0; i < 6; i++) {
        FROM(.flags = ACK | ace(5), .seq = 1, .ack = 1, .ecn = CE);
        if (i % 3 == 2) {
            TOWARD(.flags = ACK | ace(6 + i), .seq = 1, .ack = 1, WHY(SEND_ACK_MARKS));
        } else {
            EXPECT_NOTHING();
        }
    }
}

// §3.2.3.3: two SACK blocks go before the option, the third behind it.
static void option_leaves_two_sack_blocks(void **state)
{
    ONLY_WITH_ENTRIES();
    (void)state;
    open_accurate();
    for (uint32_t i = 0; i < 3; i++) {
        FROM(.flags = ACK | ace(5), .seq = 101 + 200 * i, .ack = 1, .data = 100, .ecn = ECT0);
        struct segment want = {
            .flags = ACK | ace(5), .seq = 1, .ack = 1, .ts = TS(0, 7), .sack = {{101, 201}}};
        want.accecn = (struct segment_accecn)ORDER_0(101 + 100 * i, 0);
        want.sack[0].left = 101 + 200 * i;
        want.sack[0].right = 201 + 200 * i;
        want.sack[1].left = i > 0 ? want.sack[0].left - 200 : 0;
        want.sack[1].right = i > 0 ? want.sack[0].right - 200 : 0;
        segment_expect(&want, 0, HERE);
    }
    // With three counters there is room for one block only: the option waits.
    FROM(.flags = ACK | ace(5), .seq = 701, .ack = 1, .data = 100, .ecn = ECT1);
    TOWARD(.flags = ACK | ace(5), .seq = 1, .ack = 1, .accecn = ORDER_1(101, 0),
           .sack = {{701, 801}, {501, 601}});
}

// §3.2.3.2.2: when the first data are lost with the option, options may be what is dropped.
static void option_that_was_lost_is_not_sent_again(void **state)
{
    ONLY_WITH_ENTRIES();
    (void)state;
    configure(SYNFIN_ECN_ASK_ACCURATE);
    CONNECT();
    EXPECT(.flags = SYN | AE | CWR | ECE);
    SEND(.flags = SYN | ACK | CWR, .ack = 1, .mss = SEGMENT_BYTES, .accecn = FIRST_OPTION);
    EXPECT(.flags = ACK | CWR, .seq = 1, .ack = 1, .accecn = ORDER_0(1, 0));
    WRITE(100);
    EXPECT(.flags = ACK | PSH | ace(5), .seq = 1, .ack = 1, .data = 100, .ecn = ECT0,
           .accecn = ORDER_0(1, 0));
    EXPECT_AFTER(SEC(1), .flags = ACK | PSH | ace(5), .seq = 1, .ack = 1, .data = 100);
    SEND(.flags = ACK | ace(5), .seq = 1, .ack = 101, .data = 100, .ecn = CE);
    EXPECT(.flags = ACK | ace(6), .seq = 101, .ack = 101);
}

// Sender

// §3.2.2.2, RFC 3168 §6.1.2: marks cut the window once per flight; every one counts.
static void marks_cut_once_per_window_and_all_count(void **state)
{
    (void)state;
    open_accurate();
    fly(10);
    FROM(.flags = ACK | ace(6), .seq = 1, .ack = OURS(2));
    REASON(CC_MARK);
    CHECK_EQ(segment_conn()->cc.cwnd_bytes, 5 * DATA_BYTES);
    FROM(.flags = ACK | ace(8), .seq = 1, .ack = OURS(4));
    NO_REASON(CC_MARK);
    FROM(.flags = ACK | ace(11), .seq = 1, .ack = OURS(7)); // 8 to 11: wraps
    CHECK_EQ(delivered_ce(), 6);
    NO_REASON(CC_MARK);
    for (uint32_t i = 0; i < 2; i++) { // no CWR: the flag is a part of the counter
        TOWARD(.flags = ACK | ace(5), .seq = OURS(10 + i), .ack = 1, .data = DATA_BYTES,
               .ecn = ECT0);
    }
    FROM(.flags = ACK | ace(12), .seq = 1, .ack = OURS(11));
    REASON(CC_MARK);
    segment_forget_sent();
}

// Appendix A.1: an acknowledgment that was overtaken is old, and so is what it counts.
static void older_counter_is_ignored(void **state)
{
    (void)state;
    open_accurate();
    fly(10);
    FROM(.flags = ACK | ace(7), .seq = 1, .ack = OURS(4));
    CHECK_EQ(delivered_ce(), 2);
    FROM(.flags = ACK | ace(6), .seq = 1, .ack = OURS(2));
    FROM(.flags = ACK | ace(6), .seq = 1, .ack = OURS(4));
    CHECK_EQ(delivered_ce(), 2);
    segment_forget_sent();
}

// Appendix A.2.1 and A.2.2, with their numbers.
static void safest_likely_count_is_taken(void **state)
{
    (void)state;
    static const uint32_t marked[] = {0, 1460, 10200, 14600};
    CHECK_EQ(tcp_accecn_safer(2, 9, 1460, NULL), 2);
    CHECK_EQ(tcp_accecn_safer(2, 10, 1460, NULL), 10);
    CHECK_EQ(tcp_accecn_safer(0, 7, 1460, NULL), 0);
    CHECK_EQ(tcp_accecn_safer(0, 8, 1460, NULL), 8);
    CHECK_EQ(tcp_accecn_safer(7, 3, 1460, NULL), 7); // more marks than packets: it is right
    CHECK_EQ(tcp_accecn_safer(0, 8, 1460, &marked[0]), 0);
    CHECK_EQ(tcp_accecn_safer(0, 8, 1460, &marked[1]), 8);
    CHECK_EQ(tcp_accecn_safer(2, 10, 1460, &marked[1]), 2);
    CHECK_EQ(tcp_accecn_safer(7, 15, 1460, &marked[2]), 7);
    CHECK_EQ(tcp_accecn_safer(2, 10, 1460, &marked[3]), 10);
}

// §3.2.2.5.2: acknowledgments of two segments, then one of nine: eight marks may hide in it, unless
// the option says how many octets were marked.
static void long_acknowledgment_may_hide_eight_marks(void **state)
{
    for (uint32_t has_option = 0; has_option < 2; has_option++) {
        open_accurate();
        fly(10);
        FROM(.flags = ACK | ace(5), .seq = 1, .ack = OURS(2));
        segment_forget_sent();
        if (has_option) {
            FROM(.flags = ACK | ace(5), .seq = 1, .ack = OURS(10),
                 .accecn = ORDER_0(1 + 10 * DATA_BYTES, 0));
        } else {
            FROM(.flags = ACK | ace(5), .seq = 1, .ack = OURS(10));
        }
        CHECK_EQ(delivered_ce(), has_option ? 0 : 8);
        segment_forget_sent();
        steps_begin_again(state);
    }
}

// A peer that always acknowledges many at once has lost no acknowledgments.
static void habit_of_long_acknowledgments_hides_nothing(void **state)
{
    (void)state;
    open_accurate();
    fly(10);
    FROM(.flags = ACK | ace(5), .seq = 1, .ack = OURS(10));
    CHECK_EQ(delivered_ce(), 0);
    segment_forget_sent();
}

// §3.2.2.4
static void counter_that_begins_with_zero_is_not_believed(void **state)
{
    (void)state;
    open_accurate();
    fly(10);
    FROM(.flags = ACK, .seq = 1, .ack = OURS(2));
    REASON(ECN_ZEROED);
    NO_REASON(CC_MARK);
    TOWARD(.flags = ACK | ace(5), .seq = OURS(10), .ack = 1, .data = DATA_BYTES);
    segment_forget_sent();
    FROM(.flags = ACK | ace(7), .seq = 1, .ack = OURS(4));
    NO_REASON(CC_MARK);
    segment_forget_sent();
}

// §3.2.3.2.5: octets were marked, and no packet.
static void option_against_the_counter_ends_ecn(void **state)
{
    (void)state;
    open_accurate();
    fly(10);
    FROM(.flags = ACK | ace(5), .seq = 1, .ack = OURS(2), .accecn = ORDER_0(1 + DATA_BYTES, 1208));
    REASON(ECN_INCONSISTENT);
    TOWARD(.flags = ACK | ace(5), .seq = OURS(10), .ack = 1, .data = DATA_BYTES);
    segment_forget_sent();
}

// §3.2.3.2.4: an option whose counters are zero from the beginning is not read.
static void zeroed_option_is_ignored(void **state)
{
    ONLY_WITH_ENTRIES();
    (void)state;
    configure(SYNFIN_ECN_ASK_ACCURATE);
    CONNECT();
    EXPECT(.flags = SYN | AE | CWR | ECE);
    SEND(.flags = SYN | ACK | CWR, .ack = 1, .mss = SEGMENT_BYTES, .accecn = ORDER_0(0, 0, 0));
    EXPECT(.flags = ACK | CWR, .seq = 1, .ack = 1, .accecn = ORDER_0(1, 0));
    CHECK_EQ(segment_conn()->ecn.is_option_zeroed, true);
    WRITE(100);
    EXPECT(.flags = ACK | PSH | ace(5), .seq = 1, .ack = 1, .data = 100, .ecn = ECT0,
           .accecn = ORDER_0(1, 0));
    SEND(.flags = ACK | ace(6), .seq = 1, .ack = 101, .accecn = ORDER_1(1, 70));
    CHECK_EQ(delivered_ce(), 1);
    CHECK_EQ(segment_conn()->ecn.delivered_ceb, 0);
}

// §3.1.2: what has classic ECN only is met with classic ECN, and a stack that was told so has no
// other.
static void stack_without_accurate_feedback_answers_classic(void **state)
{
    (void)state;
    configure(SYNFIN_ECN_ACCEPT);
    segment_config()->accurate_ecn = 0;
    LISTEN(8);
    SEND(.flags = SYN | AE | CWR | ECE, .mss = SEGMENT_BYTES, .ts = TS(7, 0));
    TOWARD(.flags = SYN | ACK | ECE, .ack = 1);
    FROM(.flags = ACK, .seq = 1, .ack = 1);
    CHECK_EQ(segment_conn()->ecn.mode, TCP_ECN_CLASSIC);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        SEGMENT_TEST(syn_of_every_kind_is_answered),
        SEGMENT_TEST(syn_ack_of_every_kind_is_taken),
        SEGMENT_TEST(field_of_the_syn_ack_is_told),
        SEGMENT_TEST(third_segment_of_every_kind_is_taken),
        SEGMENT_TEST(lost_syn_asks_once_more),
        SEGMENT_TEST(lost_syn_ack_loses_option_and_flags),
        SEGMENT_TEST(repeated_syn_leaves_the_agreement),
        SEGMENT_TEST(both_kinds_in_one_handshake_are_reset),
        SEGMENT_TEST(simultaneous_open_agrees_on_accurate),
        SEGMENT_TEST(marks_are_counted_and_told),
        SEGMENT_TEST(order_1_serves_who_marks_by_ect_1),
        SEGMENT_TEST(counter_wraps),
        SEGMENT_TEST(marked_acknowledgments_are_told_by_threes),
        SEGMENT_TEST(option_leaves_two_sack_blocks),
        SEGMENT_TEST(option_that_was_lost_is_not_sent_again),
        SEGMENT_TEST(marks_cut_once_per_window_and_all_count),
        SEGMENT_TEST(older_counter_is_ignored),
        SEGMENT_TEST(safest_likely_count_is_taken),
        SEGMENT_TEST(long_acknowledgment_may_hide_eight_marks),
        SEGMENT_TEST(habit_of_long_acknowledgments_hides_nothing),
        SEGMENT_TEST(counter_that_begins_with_zero_is_not_believed),
        SEGMENT_TEST(option_against_the_counter_ends_ecn),
        SEGMENT_TEST(zeroed_option_is_ignored),
        SEGMENT_TEST(stack_without_accurate_feedback_answers_classic),
    };
    return test_rows_main(argc, argv, tests, sizeof tests / sizeof tests[0], segment_run_twice);
}
