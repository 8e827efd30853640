// SPDX-License-Identifier: MIT
//
// docs/history.md, rows 93 to 102: somebody who cannot see a connection's segments tries to end
// it, to put octets into it, to slow it down, or to learn of it.
#include <string.h>

#include "hist_steps.h"
#include "lib/test_random.h"

enum { WND = 65535 };

static const enum synfin_tcp_state synchronised[] = {
    SYNFIN_TCP_STATE_ESTABLISHED, SYNFIN_TCP_STATE_FIN_WAIT_1, SYNFIN_TCP_STATE_FIN_WAIT_2,
    SYNFIN_TCP_STATE_CLOSE_WAIT,  SYNFIN_TCP_STATE_CLOSING,    SYNFIN_TCP_STATE_LAST_ACK,
};

// Distances from RCV.NXT, and whether a reset there is within the window.
static const struct {
    uint32_t off;
    bool is_inside;
} places[] = {
    {1, true},      {1000, true},        {WND - 2, true},   {WND + 1, false},
    {70000, false}, {UINT32_MAX, false}, {1u << 31, false},
};

static void challenge(uint16_t flags, uint32_t off, enum synfin_reason reason)
{
    SEND(.flags = flags, .seq = bench.peer_nxt + off, .ack = bench.stack_nxt);
    EXPECT(.flags = ACK, .seq = bench.stack_nxt, .ack = bench.peer_nxt, .reason = (uint16_t)reason);
    EXPECT_NOTHING();
}

// RFC 5961 §3.2 in every synchronised state.
static void hist_93_only_the_exact_reset_counts(void **state)
{
    for (size_t i = 0; i < COUNT_OF(synchronised) * COUNT_OF(places); i++) {
        enum synfin_tcp_state in = synchronised[i / COUNT_OF(places)];
        uint32_t off = places[i % COUNT_OF(places)].off;
        hist_begin_again(state);
        segment_reach(in, HERE);
        if (places[i % COUNT_OF(places)].is_inside) {
            challenge(RST, off, SYNFIN_REASON_SEND_CHALLENGE_RST);
            challenge(RST | ACK, off, SYNFIN_REASON_SEND_CHALLENGE_RST);
        } else {
            SEND(.flags = RST, .seq = bench.peer_nxt + off);
            REASON(DROP_RST_OUT_OF_WINDOW);
            EXPECT_NOTHING();
        }
        segment_in_state(in, HERE);
        SEND(.flags = RST, .seq = bench.peer_nxt);
        IN_STATE(CLOSED);
        EXPECT_NOTHING();
        EXPECT_FREE();
    }
}

// RFC 5961 §4.2: a SYN, wherever it lies.
static void hist_93_no_syn_counts(void **state)
{
    for (size_t i = 0; i < COUNT_OF(synchronised) * COUNT_OF(places); i++) {
        enum synfin_tcp_state in = synchronised[i / COUNT_OF(places)];
        hist_begin_again(state);
        segment_reach(in, HERE);
        challenge(SYN, places[i % COUNT_OF(places)].off, SYNFIN_REASON_SEND_CHALLENGE_SYN);
        challenge(SYN, 0, SYNFIN_REASON_SEND_CHALLENGE_SYN);
        segment_in_state(in, HERE);
    }
}

// The ports fit and one address does not, or the addresses are of the other IP version.
static void hist_94_ports_alone_name_no_connection(void **state)
{
    struct synfin_addr ours6;
    struct synfin_addr theirs6;
    struct synfin_prefix prefix = {.bits = bench.version == 4 ? 64 : 24};
    (void)state;
    OPEN_ACTIVE();
    RESULT(synfin_addr_parse(bench.version == 4 ? "2001:db8::1" : "192.0.2.1", &ours6), OK);
    RESULT(synfin_addr_parse(bench.version == 4 ? "2001:db8::2" : "192.0.2.2", &theirs6), OK);
    prefix.addr = ours6;
    RESULT(synfin_stack_add_addr(bench.stack, 0, &prefix), OK);
    SEND(.flags = RST, .seq = 1, .from = &theirs6, .to = &ours6);
    REASON(DROP_RST_NO_CONNECTION);
    EXPECT_NOTHING();
    SEND(.flags = PSH | ACK, .seq = 1, .ack = 1, .data = 4, .from = &theirs6, .to = &ours6);
    EXPECT(.flags = RST, .seq = 1, .from = &ours6, .to = &theirs6);
    IN_STATE(ESTABLISHED);
    RESULT(segment_user_recv(10, &(size_t){0}), AGAIN);
}

// Everything at random, but not what only somebody on the path can know: the exact next number,
// or a number in the window together with an acknowledgment of what is in flight.
static struct segment_wire blind_segment(uint64_t *seed, const struct tcp_conn *conn)
{
    static const uint8_t data[4] = {0xee, 0xee, 0xee, 0xee};
    uint32_t next = conn->rcv.nxt.n;
    struct segment_wire shot = {
        .src_port = bench.peer_port,
        .dst_port = bench.stack_port,
        .seq = (uint32_t)test_random(seed),
        .ack = (uint32_t)test_random(seed),
        .flags = (uint16_t)(test_random(seed) & 0x3f),
        .window = (uint16_t)test_random(seed),
        .urgent = (uint16_t)test_random(seed),
        .wscale = -1,
        .payload = data,
        .payload_bytes = test_random_below(seed, 5),
    };
    if (test_random_below(seed, 2) == 0) {
        shot.seq = next + test_random_below(seed, WND);
    }
    if (shot.seq == next) {
        shot.seq++;
    }
    if (conn->snd.nxt.n - shot.ack <= WND + 10000) {
        shot.ack += UINT32_C(1) << 31;
    }
    return shot;
}

// A live conversation under fire: 240,000 segments here, as many as wanted by the argument.
static void hist_95_blind_segments_neither_reset_nor_inject_nor_stall(void **state)
{
    uint64_t seed = bench.iss + 95;
    uint64_t times = test_rows_times(20000);
    uint32_t in = 1;
    uint32_t out = 1;
    (void)state;
    OPEN(.mss = 1000);
    for (uint64_t i = 0; i < times; i++) {
        hist_inject(blind_segment(&seed, segment_conn()));
        CHECK(hist_drain(NULL) <= 1);
        if (i % 500 == 0) {
            SEND(.flags = PSH | ACK, .seq = in, .ack = out, .data = 10);
            READ_ALL(10);
            in += 10;
            WRITE(7);
            EXPECT(.flags = PSH | ACK, .seq = out, .ack = in, .data = 7);
            out += 7;
            SEND(.flags = ACK, .seq = in, .ack = out);
            ADVANCE(MS(1));
        }
    }
    IN_STATE(ESTABLISHED);
    CHECK_EQ(segment_conn()->ooo.bytes, 0);
}

enum { NOTES = 64 };

struct note {
    uint64_t t_ns;
    uint32_t seq, ack, ts_ecr;
    uint16_t flags, window;
};

// What the victim's peer and user see, with or without somebody who busies the stack elsewhere.
static void live_beside_an_attacker(void **state, bool is_attacked, struct note notes[NOTES])
{
    uint64_t seed = 96;
    hist_begin_again(state);
    segment_without_iss();
    OPEN(.mss = 1000, .ts = TS(100, 0));
    SET(QUICKACK, 1);
    for (uint32_t i = 0; i < NOTES; i++) {
        for (uint32_t shot = 0; is_attacked && shot < 40; shot++) {
            struct segment_wire other = blind_segment(&seed, segment_conn());
            other.src_port = (uint16_t)(50000 + test_random_below(&seed, 8));
            hist_inject(other);
        }
        segment_forget_sent();
        bool is_challenge = i % 3 == 0;
        if (is_challenge) {
            SEND(.flags = RST, .seq = 2 + 10 * i);
        } else {
            SEND(.flags = PSH | ACK, .seq = bench.peer_nxt, .ack = 1, .data = 10,
                 .ts = TS(100 + i, 0));
            bench.peer_nxt += 10;
            READ_ALL(10);
        }
        struct segment want = {.flags = ACK, .seq = 1, .ack = bench.peer_nxt};
        segment_expect(&want, 0, HERE);
        notes[i] = (struct note){bench.now_ns,      bench.last.seq,   bench.last.ack,
                                 bench.last.ts_ecr, bench.last.flags, bench.last.window};
        ADVANCE(MS(50));
    }
    segment_forget_sent();
}

static void hist_96_attack_on_others_is_not_seen_in_a_connection(void **state)
{
    static struct note alone[NOTES], beside[NOTES];
    live_beside_an_attacker(state, false, alone);
    live_beside_an_attacker(state, true, beside);
    for (uint32_t i = 0; i < NOTES; i++) {
        CHECK_EQ(beside[i].t_ns, alone[i].t_ns);
        CHECK_EQ(beside[i].seq, alone[i].seq);
        CHECK_EQ(beside[i].ack, alone[i].ack);
        CHECK_EQ(beside[i].ts_ecr, alone[i].ts_ecr);
        CHECK_EQ(beside[i].flags, alone[i].flags);
        CHECK_EQ(beside[i].window, alone[i].window);
    }
}

enum { PROBES = 1100 };

// Which of its probes of a closed port somebody gets a reset to, with or without others that use up
// their own resets in between: whose first half of the address is another's, as far as IPv6 goes.
static void probe_beside_an_attacker(void **state, bool is_attacked, bool answered[PROBES])
{
    struct synfin_addr victim;
    hist_begin_again(state);
    segment_without_iss();
    ADVANCE(SEC(1) - bench.now_ns % SEC(1)); // the beginning of a second
    victim = bench.theirs;
    victim.octet[bench.version == 4 ? 15 : 7] ^= 0x10;
    for (uint32_t i = 0; i < PROBES; i++) {
        for (uint32_t shot = 0; is_attacked && shot < 3; shot++) {
            SEND(.flags = PSH | ACK, .seq = 1, .ack = 7, .data = 1, .from = &victim);
            segment_forget_sent();
        }
        SEND(.flags = ACK, .ack = 7);
        answered[i] = synfin_stack_has_output(bench.stack, 0);
        if (answered[i]) {
            EXPECT(.flags = RST, .seq = 7);
        }
    }
}

static void hist_96_resets_to_nowhere_tell_nothing_of_others(void **state)
{
    static bool alone[PROBES], beside[PROBES];
    probe_beside_an_attacker(state, false, alone);
    CHECK(alone[0] && !alone[PROBES - 1]);
    probe_beside_an_attacker(state, true, beside);
    CHECK(memcmp(alone, beside, sizeof alone) == 0);
}

// Any combination of flags that has RST, in any state: nothing that comes back is a reset, and a
// listener goes on to listen.
static void hist_99_nothing_resets_a_reset(void **state)
{
    for (uint32_t i = 0; i < SYNFIN_TCP_STATE_COUNT * 32; i++) {
        enum synfin_tcp_state in = (enum synfin_tcp_state)(i / 32);
        uint32_t bits = i % 32;
        uint16_t flags = (uint16_t)(RST | (bits & 3) | (bits & 0x1c) << 1);
        hist_begin_again(state);
        segment_reach(in, HERE);
        uint64_t sent = bench.tcp->segments_out;
        SEND(.flags = flags, .seq = bench.peer_nxt + 1, .ack = bench.stack_nxt);
        if (bench.tcp->segments_out != sent || synfin_stack_has_output(bench.stack, 0)) {
            EXPECT(.flags = ACK, .seq = bench.stack_nxt, .ack = bench.peer_nxt);
        }
        EXPECT_NOTHING();
        if (in == SYNFIN_TCP_STATE_LISTEN) {
            SEND(.flags = SYN, .mss = 1000);
            EXPECT(.flags = SYN | ACK, .ack = 1);
        }
    }
}

struct stamp_row {
    uint32_t seq, data;
    bool may_store; // when the timestamp is later
};

// RFC 7323 §4.3: TS.Recent follows only a segment that is in the window and begins no later than
// what was acknowledged last.
static void hist_100_timestamps_are_kept_from_the_right_segments_only(void **state)
{
    static const struct stamp_row rows[] = {
        {1, 10, true},      {1, 0, true},         {100, 10, false},       {WND, 1, false},
        {70000, 10, false}, {1u << 31, 1, false}, {UINT32_MAX, 1, false},
    };
    static const uint32_t later[] = {0, 1, 1000, 0x7ffffffe, 0x7fffffff};
    for (size_t i = 0; i < COUNT_OF(rows) * COUNT_OF(later); i++) {
        const struct stamp_row *row = &rows[i / COUNT_OF(later)];
        uint32_t val = 5000 + later[i % COUNT_OF(later)];
        hist_begin_again(state);
        OPEN(.mss = 1000, .ts = TS(5000, 0));
        SEND(.flags = ACK, .seq = row->seq, .ack = 1, .data = row->data, .ts = TS(val, 0));
        CHECK_EQ(segment_conn()->ts_recent, row->may_store ? val : 5000);
        SEND(.flags = ACK, .seq = row->seq, .ack = 1, .data = row->data, .ts = TS(4999, 0));
        REASON(DROP_PAWS); // from before: RFC 7323 §5.3
        CHECK_EQ(segment_conn()->ts_recent, row->may_store ? val : 5000);
        segment_forget_sent();
    }
}

// No IPv4 packet can be told apart by a counter: all have DF and identification 0, RFC 6864 §4.1.
static void check_identification(uint16_t flags, uint32_t number)
{
    struct synfin_packet packet;
    uint8_t octets[128];
    struct segment_wire segment = {
        .src_port = (uint16_t)(41000 + number), .dst_port = 80, .flags = flags, .wscale = -1};
    hist_inject(segment);
    while (synfin_stack_output(bench.stack, 0, &packet, 1, bench.now_ns) > 0) {
        uint32_t n = (uint32_t)synfin_packet_copy(&packet, octets, sizeof octets);
        CHECK(n >= 40);
        if (bench.version == 4) {
            CHECK_EQ(octets[4] << 8 | octets[5], 0);
            CHECK_EQ(octets[6], 0x40);
        } else {
            CHECK_EQ(octets[6], 6); // no fragment header, which alone has an identification
        }
    }
}

static void hist_101_no_packet_carries_a_counter(void **state)
{
    (void)state;
    LISTEN(64);
    for (uint32_t i = 0; i < 50; i++) {
        check_identification(SYN, i);
        check_identification(ACK, 100 + i);
    }
    CHECK_EQ(bench.tcp->segments_out, 100);
}

// There is no forwarding and no translation of ports here: what is for another host goes nowhere.
static void hist_102_nothing_is_forwarded_whatever_its_ports(void **state)
{
    struct synfin_addr other = hist_addr("192.0.2.77", "2001:db8::77");
    static const uint16_t flags[] = {SYN, ACK, RST, SYN | ACK};
    (void)state;
    OPEN_ACTIVE();
    for (size_t i = 0; i < COUNT_OF(flags); i++) {
        SEND(.flags = flags[i], .seq = 1, .ack = 1, .to = &other);
        REASON(DROP_IP_NOT_OURS);
        EXPECT_NOTHING();
    }
    IN_STATE(ESTABLISHED);
}

static const struct CMUnitTest tests[] = {
    SEGMENT_TEST(hist_93_only_the_exact_reset_counts),
    SEGMENT_TEST(hist_93_no_syn_counts),
    SEGMENT_TEST(hist_94_ports_alone_name_no_connection),
    SEGMENT_TEST(hist_95_blind_segments_neither_reset_nor_inject_nor_stall),
    SEGMENT_TEST(hist_96_attack_on_others_is_not_seen_in_a_connection),
    SEGMENT_TEST(hist_96_resets_to_nowhere_tell_nothing_of_others),
    SEGMENT_TEST(hist_99_nothing_resets_a_reset),
    SEGMENT_TEST(hist_100_timestamps_are_kept_from_the_right_segments_only),
    SEGMENT_TEST(hist_101_no_packet_carries_a_counter),
    SEGMENT_TEST(hist_102_nothing_is_forwarded_whatever_its_ports),
};
SEGMENT_MAIN(tests)
