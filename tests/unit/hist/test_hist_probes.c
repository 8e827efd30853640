// SPDX-License-Identifier: MIT
//
// docs/history.md, rows 130, 131, 133 and 136, in the language of segments: what a window probe is,
// windows of every size below a segment, windows taken back to every octet, and bursts against
// single segments.
#include <string.h>

#include "hist_steps.h"

// One of the twelve runs is enough for what tries thousands of values.
static bool is_first_run(void)
{
    return bench.version == 4 && bench.iss == 0;
}

// Row 130

// Peers that take the octet, refuse it, refuse it without a word, and answer every second one.
enum peer { TAKES, REFUSES, IS_SILENT, ANSWERS_SECOND, PEERS };

static void hist_130_probe_has_an_octet_that_every_peer_must_answer(void **state)
{
    for (uint32_t peer = 0; peer < PEERS; peer++) {
        hist_begin_again(state);
        OPEN(.mss = 1000);
        WRITE(1000);
        EXPECT(.flags = PSH | ACK, .seq = 1, .ack = 1, .data = 1000);
        SEND(.flags = ACK, .seq = 1, .ack = 1001, .window = SHUT);
        WRITE(500);
        uint32_t una = 1001;
        for (uint32_t i = 0; i < 6; i++) {
            EXPECT_WITHIN(SEC(61), .flags = ACK, .seq = una, .ack = 1, .data = 1,
                          WHY(SEND_WINDOW_PROBE));
            una += peer == TAKES;
            if (peer == TAKES || peer == REFUSES || (peer == ANSWERS_SECOND && i % 2 != 0)) {
                SEND(.flags = ACK, .seq = 1, .ack = una, .window = SHUT);
            }
        }
        SEND(.flags = ACK, .seq = 1, .ack = una, .window = 60000);
        for (uint32_t i = 0; i < 2; i++) { // the octet that was refused may go alone
            segment_forget_sent();
            SEND_ACK(segment_conn()->snd.nxt.n - segment_conn()->iss.n);
        }
        CHECK_EQ(segment_conn()->send.bytes, 0);
        ADVANCE(SEC(100));
        EXPECT_NOTHING();
    }
}

// Row 131

static void hist_131_every_window_below_a_segment_is_used(void **state)
{
    for (int32_t window = 1; window < 1000 && is_first_run(); window++) {
        hist_begin_again(state);
        OPEN(.mss = 1000, .window = 4000);
        WRITE(1000);
        EXPECT(.flags = PSH | ACK, .seq = 1, .ack = 1, .data = 1000);
        SEND(.flags = ACK, .seq = 1, .ack = 1001, .window = window);
        WRITE(2000);
        EXPECT_NOTHING();
        EXPECT_AFTER(SEC(1), .flags = ACK, .seq = 1001, .ack = 1, .data = (uint32_t)window);
        segment_forget_sent();
    }
}

// The congestion window is full as well: a probe is no matter of congestion.
static void hist_131_window_shut_on_a_full_congestion_window_is_probed(void **state)
{
    (void)state;
    OPEN(.mss = 1000);
    WRITE(20000);
    for (uint32_t seq = 1; seq < 10001; seq += 1000) {
        EXPECT(.flags = ACK, .seq = seq, .ack = 1, .data = 1000);
    }
    EXPECT_NOTHING();
    SEND(.flags = ACK, .seq = 1, .ack = 1, .window = SHUT);
    for (uint32_t i = 0; i < 5; i++) {
        EXPECT_WITHIN(SEC(61), .flags = ACK, .seq = 1, .ack = 1, .data = 1);
        SEND(.flags = ACK, .seq = 1, .ack = 1, .window = SHUT);
    }
    SEND(.flags = ACK, .seq = 1, .ack = 10001, .window = 60000);
    EXPECT(.flags = ACK, .seq = 10001, .ack = 1, .data = 1000);
    segment_forget_sent();
}

// Row 133

static void hist_133_window_taken_back_to_every_octet_resumes(void **state)
{
    for (uint32_t left = 0; left <= 4000 && is_first_run(); left++) {
        hist_begin_again(state);
        OPEN(.mss = 1000);
        WRITE(5000);
        segment_forget_sent();
        SEND(.flags = ACK, .seq = 1, .ack = 1001, .window = left == 0 ? SHUT : (int32_t)left);
        WRITE(1000);
        EXPECT_NOTHING();
        uint32_t bytes = left == 0 ? 1 : left < 1000 ? left : 1000; // a probe, or what fits
        EXPECT_AFTER(SEC(1), .flags = ACK, .seq = 1001, .ack = 1, .data = bytes);
        SEND(.flags = ACK, .seq = 1, .ack = 5001, .window = 5000);
        EXPECT(.flags = PSH | ACK, .seq = 5001, .ack = 1, .data = 1000);
        SEND_ACK(6001);
        EXPECT_NOTHING();
    }
}

// Row 136

enum way { ONE_BY_ONE, AT_ONCE, MERGED, WAYS };

static void give_burst(enum way way, uint32_t segments)
{
    if (way == MERGED) {
        SEND(.flags = PSH | ACK, .seq = 1, .ack = 1, .data = 1000 * segments);
        segment_forget_sent();
        return;
    }
    for (uint32_t i = 0; i < segments; i++) {
        SEND(.flags = i + 1 == segments ? PSH | ACK : ACK, .seq = 1 + 1000 * i, .ack = 1,
             .data = 1000);
        if (way == ONE_BY_ONE) {
            segment_forget_sent();
        }
    }
}

// As single segments, as segments of one burst, and merged into one as a device may: the same
// octets are acknowledged at the latest when a delayed acknowledgment is due.
static void hist_136_bursts_and_merged_segments_end_in_the_same_state(void **state)
{
    for (uint32_t segments = 1; segments <= 44; segments += 1 + segments / 4) {
        for (uint32_t way = 0; way < WAYS; way++) {
            hist_begin_again(state);
            OPEN(.mss = 1000);
            give_burst((enum way)way, segments);
            ADVANCE(MS(500));
            segment_forget_sent();
            const struct tcp_conn *conn = segment_conn();
            CHECK_EQ(conn->rcv.nxt.n - conn->irs.n, 1 + 1000 * segments);
            CHECK_EQ(conn->rcv.acked.n - conn->irs.n, 1 + 1000 * segments);
            hist_read_all(1000 * segments, HERE);
            segment_forget_sent();
        }
    }
}

// The acknowledgment that ends a transfer is not held back by what could still be merged with it.
static void hist_136_last_acknowledgment_of_a_burst_counts_at_once(void **state)
{
    (void)state;
    OPEN(.mss = 1000);
    WRITE(3000);
    for (uint32_t seq = 1; seq < 3001; seq += 1000) {
        EXPECT(.flags = seq == 2001 ? PSH | ACK : ACK, .seq = seq, .ack = 1, .data = 1000);
    }
    SEND_ACK(1001);
    SEND_ACK(2001);
    SEND_ACK(3001);
    CHECK_EQ(segment_conn()->send.bytes, 0);
    CHECK_EQ(segment_conn()->deadline_ns[SYNFIN_TCP_TIMER_RETRANSMIT], SYNFIN_NEVER);
}

static const struct CMUnitTest tests[] = {
    SEGMENT_TEST(hist_130_probe_has_an_octet_that_every_peer_must_answer),
    SEGMENT_TEST(hist_131_every_window_below_a_segment_is_used),
    SEGMENT_TEST(hist_131_window_shut_on_a_full_congestion_window_is_probed),
    SEGMENT_TEST(hist_133_window_taken_back_to_every_octet_resumes),
    SEGMENT_TEST(hist_136_bursts_and_merged_segments_end_in_the_same_state),
    SEGMENT_TEST(hist_136_last_acknowledgment_of_a_burst_counts_at_once),
};
SEGMENT_MAIN(tests)
