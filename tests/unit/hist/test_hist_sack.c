// SPDX-License-Identifier: MIT
//
// docs/history.md, rows 29 to 31, 33 and 43: selective acknowledgments made to cost, at the
// smallest segments that a peer can ask for. Every counter is what a recount says after each of
// them, the work of one is bounded by what it changes, and a block counts only within what is in
// flight.
#include <stdlib.h>
#include <string.h>

#include "hist_steps.h"
#include "lib/test_random.h"
#include "tcp/tcp_loss.h"

enum { MSS_FLOOR = 64, SPANS_MAX = 1 << 16 };

static bool is_first_run(void)
{
    return bench.version == 4 && bench.iss == 0;
}

// A flight of so many segments to a peer that wants the smallest; the window is set by hand.
static void fly(uint32_t segments)
{
    static uint8_t octets[1 << 16];
    uint64_t left = (uint64_t)segments * MSS_FLOOR;
    segment_config()->send_buffer_bytes = (uint32_t)left + 4096;
    segment_config()->use_pacing = 0;
    segment_config()->congestion = SYNFIN_CONGESTION_NEWRENO;
    OPEN(.mss = 8, .sack_ok = true, .wscale = SHIFT(14));
    SEND_ACK(1);
    struct tcp_conn *conn = segment_conn();
    conn->cc.cwnd_bytes = (uint32_t)left;
    while (left > 0) {
        size_t bytes = left < sizeof octets ? (size_t)left : sizeof octets;
        RESULT(synfin_socket_send(bench.stack, bench.socket, octets, bytes, &bytes, bench.now_ns),
               OK);
        left -= bytes;
        (void)hist_drain(NULL);
    }
    CHECK_EQ(conn->snd.nxt.n - conn->snd.una.n, segments * MSS_FLOOR);
    CHECK_EQ(conn->snd.mss, MSS_FLOOR);
}

// One acknowledgment with up to four blocks, whose places count from our ISS.
static void acknowledge(uint32_t place, uint32_t edges[][2], uint32_t blocks)
{
    const struct tcp_conn *conn = segment_conn();
    struct segment_wire seg = {
        .src_port = bench.peer_port,
        .dst_port = bench.stack_port,
        .seq = conn->rcv.nxt.n,
        .ack = conn->iss.n + place,
        .flags = ACK,
        .window = 65535,
        .wscale = -1,
        .sack_blocks = (uint8_t)blocks,
    };
    for (uint32_t i = 0; i < blocks; i++) {
        seg.sack[i].left = conn->iss.n + edges[i][0];
        seg.sack[i].right = conn->iss.n + edges[i][1];
    }
    hist_inject(seg);
}

// Row 29

static void hist_29_storms_of_blocks_keep_every_counter_right(void **state)
{
    enum { SEGMENTS = 1500 };
    uint64_t random = 29;
    (void)state;
    if (!is_first_run()) {
        return;
    }
    fly(SEGMENTS);
    uint32_t nxt = 1 + SEGMENTS * MSS_FLOOR;
    for (uint64_t i = 0; i < test_rows_times(2000); i++) {
        uint32_t una = segment_conn()->snd.una.n - segment_conn()->iss.n;
        uint32_t edges[4][2];
        uint32_t blocks = 1 + test_random_below(&random, 4);
        for (uint32_t k = 0; k < blocks; k++) {
            uint32_t width = i % 3 == 0 ? 10000 : 200;
            edges[k][0] = una + test_random_below(&random, nxt + 100 - una);
            edges[k][1] = edges[k][0] + test_random_below(&random, width) - width / 10;
        }
        bool moves = test_random_below(&random, 50) == 0;
        acknowledge(una + (moves ? test_random_below(&random, 150) : 0), edges, blocks);
        (void)hist_drain(NULL);
        segment_check_all(HERE); // recounts the scoreboard and compares it
    }
    acknowledge(nxt, NULL, 0);
    CHECK_EQ(segment_conn()->send.bytes, 0);
    CHECK_EQ(bench.tcp->spans.objects, 0);
}

// Row 30

enum pattern { UPWARDS, DOWNWARDS, AT_RANDOM, THE_SAME, PATTERNS };

static uint32_t target_of(enum pattern pattern, uint32_t i, uint32_t segments, uint64_t *random)
{
    switch (pattern) {
    case UPWARDS: return 2 * i % segments;
    case DOWNWARDS: return segments - 1 - 2 * i % segments;
    case AT_RANDOM: return test_random_below(random, segments);
    case THE_SAME:
    case PATTERNS: return segments / 2;
    }
    return 0;
}

// 10^5 segments in flight. Steps of the scoreboard's tree and list for one acknowledgment: four
// blocks are looked up in at most 24 log2 n steps each, as are what is lost and what goes next, and
// what changes is paid for once.
static void attack(enum pattern pattern, uint32_t times)
{
    enum { SEGMENTS = 100000, LOOKUPS = 8, STEPS_EACH = 24 * 17, STEPS_CHANGED = 40 };
    uint64_t random = pattern;
    fly(SEGMENTS);
    struct tcp_conn *conn = segment_conn();
    for (uint32_t i = 0; i < times; i++) {
        uint32_t edges[4][2];
        for (uint32_t k = 0; k < 4; k++) {
            uint32_t target = target_of(pattern, 4 * i + k, SEGMENTS, &random);
            edges[k][0] = 1 + target * MSS_FLOOR + (target == 0) + i % 7;
            edges[k][1] = 1 + (target + 1) * MSS_FLOOR;
        }
        const struct tcp_scoreboard before = conn->loss->board;
        acknowledge(1, edges, 4);
        const struct tcp_scoreboard *board = &conn->loss->board;
        uint64_t octets =
            board->sacked_bytes - before.sacked_bytes
            + (board->lost_bytes > before.lost_bytes ? board->lost_bytes - before.lost_bytes
                                                     : before.lost_bytes - board->lost_bytes);
        uint64_t changed = 16 + octets / MSS_FLOOR;
        CHECK(board->order.steps - before.order.steps
              <= LOOKUPS * STEPS_EACH + STEPS_CHANGED * changed);
        CHECK(board->count <= SPANS_MAX);
        if (i % 64 == 0) {
            (void)hist_drain(NULL);
        }
    }
    (void)hist_drain(NULL);
}

static void hist_30_work_for_an_acknowledgment_is_bounded_by_what_it_changes(void **state)
{
    for (uint32_t pattern = 0; pattern < PATTERNS && is_first_run(); pattern++) {
        hist_begin_again(state);
        attack((enum pattern)pattern, (uint32_t)test_rows_times(12500));
    }
}

// Row 31

static void hist_31_smallest_segments_carry_the_floor_and_cost_bounded_memory(void **state)
{
    for (uint16_t mss = 1; mss < MSS_FLOOR && is_first_run(); mss++) {
        hist_begin_again(state);
        OPEN(.mss = mss);
        WRITE(MSS_FLOOR * 4);
        for (uint32_t i = 0; i < 4; i++) {
            EXPECT(.flags = i == 3 ? PSH | ACK : ACK, .seq = 1 + MSS_FLOOR * i, .ack = 1,
                   .data = MSS_FLOOR);
        }
        SEND_ACK(1 + MSS_FLOOR * 4);
    }
    if (is_first_run()) {
        struct synfin_stack_stats stats = {.size = sizeof stats};
        enum { SEGMENTS = 40000, EACH = MSS_FLOOR + 128 + 8 };
        hist_begin_again(state);
        fly(SEGMENTS);
        synfin_stack_stats(bench.stack, &stats);
        CHECK(stats.memory_used_bytes <= SEGMENTS * (uint64_t)EACH + (1 << 20));
    }
}

// Row 33

enum { FLIGHT = 640, EDGES = 18 };

static void edges_of(uint32_t edge[EDGES])
{
    static const uint32_t around[] = {0, 1, UINT32_MAX};
    static const uint32_t far[] = {0, UINT32_C(1) << 31, (UINT32_C(1) << 31) - 1};
    uint32_t n = 0;
    for (uint32_t i = 0; i < 3; i++) {
        for (uint32_t k = 0; k < 3; k++) {
            edge[n++] = 1 + around[i] + far[k];
            edge[n++] = 1 + FLIGHT + around[i] + far[k];
        }
    }
}

static bool counts(const uint32_t block[2])
{
    return block[0] > 1 && block[0] < block[1] && block[1] <= 1 + FLIGHT;
}

// Octets that either block may acknowledge.
static uint32_t sacked_by(uint32_t blocks[2][2])
{
    uint32_t n = 0;
    for (uint32_t place = 1; place < 1 + FLIGHT; place++) {
        bool is_sacked = false;
        for (uint32_t i = 0; i < 2; i++) {
            is_sacked =
                is_sacked || (counts(blocks[i]) && place >= blocks[i][0] && place < blocks[i][1]);
        }
        n += is_sacked;
    }
    return n;
}

static void try_blocks(void **state, uint32_t blocks[2][2])
{
    hist_begin_again(state);
    segment_config()->rto_min_ns = SEC(1);
    OPEN(.mss = MSS_FLOOR, .sack_ok = true);
    WRITE(FLIGHT);
    (void)hist_drain(NULL);
    acknowledge(1, blocks, 2);
    segment_check_all(HERE);
    CHECK_EQ(segment_conn()->loss->board.sacked_bytes, sacked_by(blocks));
    (void)hist_drain(NULL);
}

// Each pair of edges around SND.UNA, SND.NXT and half the circle from them, and then two of these
// blocks in one acknowledgment.
static void hist_33_blocks_with_edges_anywhere_count_only_within_the_flight(void **state)
{
    uint32_t edge[EDGES];
    uint64_t random = bench.iss;
    edges_of(edge);
    for (uint32_t i = 0; i < EDGES * EDGES; i++) {
        uint32_t blocks[2][2] = {{edge[i / EDGES], edge[i % EDGES]}, {1, 1}};
        try_blocks(state, blocks);
    }
    for (uint64_t i = 0; i < test_rows_times(300); i++) {
        uint32_t blocks[2][2];
        for (uint32_t k = 0; k < 4; k++) {
            blocks[k / 2][k % 2] = edge[test_random_below(&random, EDGES)];
        }
        try_blocks(state, blocks);
    }
}

// Row 43

// Whatever a router tells of the path, segments stay above the floor, and the data gets there.
static void hist_43_any_mtu_that_a_router_tells_leaves_whole_segments(void **state)
{
    static const uint8_t v4[] = {3, 4};
    static const uint8_t v6[] = {2, 0};
    for (uint32_t mtu = 0; mtu <= 1500 && bench.iss == 0; mtu++) {
        hist_begin_again(state);
        OPEN(.mss = 1400);
        WRITE(4200);
        (void)hist_drain(NULL);
        segment_icmp(bench.version == 4 ? v4 : v6, mtu, 1, HERE);
        (void)hist_drain(NULL);
        CHECK(segment_conn()->snd.mss >= MSS_FLOOR && segment_conn()->snd.mss <= 1400);
        SEND_ACK(4201);
        CHECK_EQ(segment_conn()->send.bytes, 0);
    }
}

static const struct CMUnitTest tests[] = {
    SEGMENT_TEST(hist_29_storms_of_blocks_keep_every_counter_right),
    SEGMENT_TEST(hist_30_work_for_an_acknowledgment_is_bounded_by_what_it_changes),
    SEGMENT_TEST(hist_31_smallest_segments_carry_the_floor_and_cost_bounded_memory),
    SEGMENT_TEST(hist_43_any_mtu_that_a_router_tells_leaves_whole_segments),
    SEGMENT_TEST(hist_33_blocks_with_edges_anywhere_count_only_within_the_flight),
};
SEGMENT_MAIN(tests)
