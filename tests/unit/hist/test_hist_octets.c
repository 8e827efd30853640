// SPDX-License-Identifier: MIT
//
// docs/history.md, rows 141 and 142, in the language of segments: acknowledgments at every octet of
// every segment, before and after it was sent again; and packets that come in one to eight pieces
// of odd and even lengths.
#include <stdlib.h>
#include <string.h>

#include "hist_steps.h"
#include "lib/test_random.h"

enum { MSS = 100, SEGMENTS = 6, OCTETS = MSS * SEGMENTS };

static bool is_first_run(void)
{
    return bench.version == 4 && bench.iss == 0;
}

// Row 141

// What lies between here and the end comes, from this octet on, in whatever pieces; the octets are
// compared one by one.
static void finish_from(uint32_t una, struct segment_place at)
{
    for (uint32_t round = 0; una < 1 + OCTETS && round < 40; round++) {
        segment_forget_sent();
        segment_send(&(struct segment){.flags = ACK, .seq = 1, .ack = una}, at);
        segment_forget_sent();
        uint32_t left = OCTETS + 1 - una;
        uint32_t step = left < MSS ? left : MSS;
        segment_check(segment_conn()->send.bytes == left, "exactly the rest is kept", at);
        una += step;
    }
    segment_send(&(struct segment){.flags = ACK, .seq = 1, .ack = 1 + OCTETS}, at);
    segment_forget_sent();
    segment_check(segment_conn()->send.bytes == 0, "all is acknowledged", at);
}

enum moment { AT_ONCE, AFTER_TIMEOUT, IN_RECOVERY, IN_SACK_RECOVERY, MOMENTS };

static void fly(enum moment moment)
{
    OPEN(.mss = MSS, .sack_ok = moment == IN_SACK_RECOVERY);
    SET(NODELAY, 1);
    WRITE(OCTETS);
    for (uint32_t i = 0; i < SEGMENTS; i++) {
        EXPECT(.flags = i + 1 == SEGMENTS ? PSH | ACK : ACK, .seq = 1 + MSS * i, .ack = 1,
               .data = MSS);
    }
    if (moment == AFTER_TIMEOUT) {
        EXPECT_AFTER(SEC(1), .flags = ACK, .seq = 1, .ack = 1, .data = MSS);
    }
    for (uint32_t i = 0; i < 3 && moment == IN_RECOVERY; i++) {
        SEND_ACK(1);
    }
    if (moment == IN_SACK_RECOVERY) {
        SEND(.flags = ACK, .seq = 1, .ack = 1, .sack = {{1 + 2 * MSS, 1 + 5 * MSS}});
    }
    if (moment == IN_RECOVERY || moment == IN_SACK_RECOVERY) {
        EXPECT(.flags = ACK, .seq = 1, .ack = 1, .data = MSS);
    }
    segment_forget_sent();
}

// The next transmission of what is not acknowledged begins at this very octet.
static void hist_141_acknowledgment_at_every_octet_of_every_segment(void **state)
{
    for (uint32_t moment = 0; moment < MOMENTS && is_first_run(); moment++) {
        for (uint32_t place = 2; place < 1 + OCTETS; place++) {
            hist_begin_again(state);
            fly((enum moment)moment);
            SEND_ACK(place);
            CHECK_EQ(segment_conn()->snd.una.n - segment_conn()->iss.n, place);
            CHECK_EQ(segment_conn()->send.bytes, OCTETS + 1 - place);
            finish_from(place, HERE);
        }
    }
}

static void hist_141_retransmission_begins_at_the_octet_that_is_missing(void **state)
{
    for (uint32_t place = 2; place < 1 + OCTETS && is_first_run(); place++) {
        hist_begin_again(state);
        fly(AT_ONCE);
        SEND_ACK(place);
        uint32_t left = OCTETS + 1 - place;
        EXPECT_WITHIN(SEC(3), .flags = left > MSS ? ACK : PSH | ACK, .seq = place, .ack = 1,
                      .data = left < MSS ? left : MSS);
        SEND_ACK(1 + OCTETS);
        EXPECT_NOTHING();
    }
}

// Row 142

// Gives a packet in so many pieces: the headers whole, the payload cut at any octet.
static void give_in_pieces(const uint8_t *octets, uint32_t bytes, uint32_t header, uint32_t pieces,
                           uint64_t *random)
{
    struct synfin_packet packet;
    uint8_t *copy = malloc(bytes);
    assert_non_null(copy);
    memcpy(copy, octets, bytes);
    synfin_packet_wrap(&packet, copy, header);
    packet.bytes = bytes;
    uint32_t at = header;
    for (uint32_t i = 0; i < pieces && at < bytes; i++) {
        uint32_t left = bytes - at;
        uint32_t part = i + 1 == pieces ? left : 1 + test_random_below(random, left);
        packet.span[packet.spans++] = (struct synfin_span){copy + at, part};
        at += part;
    }
    packet.bytes = at;
    segment_check(at == bytes, "all of it is given", HERE);
    synfin_stack_input(bench.stack, 0, &packet, 1, bench.now_ns);
    free(copy);
}

static uint32_t build(uint32_t seq, uint32_t data, uint8_t *out)
{
    static uint8_t payload[4000];
    const struct tcp_conn *conn = segment_conn();
    for (uint32_t i = 0; i < data; i++) {
        payload[i] = segment_octet(false, seq + i);
    }
    struct segment_wire seg = {.src = bench.theirs,
                               .dst = bench.ours,
                               .src_port = bench.peer_port,
                               .dst_port = bench.stack_port,
                               .seq = conn->irs.n + seq,
                               .ack = conn->snd.una.n,
                               .flags = ACK,
                               .window = 60000,
                               .wscale = -1,
                               .payload = payload,
                               .payload_bytes = data};
    return segment_wire_build(&seg, out);
}

static uint64_t bad_checksums(void)
{
    return synfin_stack_count(bench.stack, SYNFIN_REASON_DROP_TCP_CHECKSUM);
}

// Whole, it is taken; with any one octet changed, its checksum is wrong and it is dropped.
static void hist_142_packets_in_one_to_eight_odd_pieces_are_summed_right(void **state)
{
    static uint8_t octets[SEGMENT_WIRE_MAX];
    uint64_t random = bench.iss + 1u;
    uint32_t seq = 1;
    uint64_t dropped = 0;
    (void)state;
    OPEN(.mss = 1000);
    uint32_t header = bench.version == 4 ? 40 : 60;
    for (uint32_t i = 0; i < 1000; i++) {
        uint32_t data = 1 + test_random_below(&random, 200);
        uint32_t bytes = build(seq, data, octets);
        uint32_t at = header + test_random_below(&random, data);
        octets[at] ^= (uint8_t)(1u << (i % 8));
        give_in_pieces(octets, bytes, header, 1 + i % 8, &random);
        CHECK_EQ(bad_checksums(), ++dropped);
        octets[at] ^= (uint8_t)(1u << (i % 8));
        give_in_pieces(octets, bytes, header, 1 + i % 8, &random);
        CHECK_EQ(bad_checksums(), dropped);
        seq += data;
        hist_read_all(data, HERE);
        segment_forget_sent();
    }
}

static const struct CMUnitTest tests[] = {
    SEGMENT_TEST(hist_141_acknowledgment_at_every_octet_of_every_segment),
    SEGMENT_TEST(hist_141_retransmission_begins_at_the_octet_that_is_missing),
    SEGMENT_TEST(hist_142_packets_in_one_to_eight_odd_pieces_are_summed_right),
};
SEGMENT_MAIN(tests)
