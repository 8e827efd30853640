// SPDX-License-Identifier: MIT
//
// docs/history.md, rows 36 to 40: what arrives out of order, in the smallest pieces, or beyond the
// window. Memory and work stay bounded, the window is kept, and what is delivered is the stream.
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "hist_steps.h"
#include "lib/test_random.h"

static bool is_first_run(void)
{
    return bench.version == 4 && bench.iss == 0;
}

static uint64_t memory_used(void)
{
    struct synfin_stack_stats stats = {.size = sizeof stats};
    synfin_stack_stats(bench.stack, &stats);
    return stats.memory_used_bytes;
}

static void give_text(uint32_t place, uint32_t data, uint16_t flags)
{
    static uint8_t payload[2000];
    const struct tcp_conn *conn = segment_conn();
    for (uint32_t i = 0; i < data; i++) {
        payload[i] = segment_octet(false, place + i);
    }
    hist_inject((struct segment_wire){
        .src_port = bench.peer_port,
        .dst_port = bench.stack_port,
        .seq = conn->irs.n + place,
        .ack = conn->snd.nxt.n,
        .flags = (uint16_t)(ACK | flags),
        .window = 65535,
        .wscale = -1,
        .payload = payload,
        .payload_bytes = data,
    });
}

// Rows 36 and 37

enum order { UPWARDS, DOWNWARDS, AT_RANDOM, ORDERS };

static uint32_t place_of(enum order order, uint32_t i, uint32_t room, uint64_t *random)
{
    switch (order) {
    case UPWARDS: return 3 + 2 * i % room;
    case DOWNWARDS: return 3 + (room - 2 * i % room);
    case AT_RANDOM:
    case ORDERS: return 3 + 2 * test_random_below(random, room / 2);
    }
    return 3;
}

// One octet of every two over the whole window: held runs stay below the limit and memory with
// them, and the slowest thousand segments cost no more than twenty times what half of them do.
static void hold(enum order order, uint32_t thousands)
{
    enum { ROOM = 60000, RUNS = 64, SOME = 1 << 17 };
    uint64_t random = order;
    clock_t cost[1000];
    segment_config()->out_of_order_ranges_max = RUNS;
    OPEN(.mss = 1460, .sack_ok = true);
    uint64_t before = memory_used();
    for (uint32_t t = 0; t < thousands; t++) {
        clock_t begin = clock();
        for (uint32_t i = 0; i < 1000; i++) {
            give_text(place_of(order, 1000 * t + i, ROOM, &random), 1, 0);
            (void)hist_drain(NULL);
        }
        cost[t] = clock() - begin;
        segment_check_all(HERE);
        CHECK(segment_conn()->ooo.runs <= RUNS);
        CHECK(memory_used() <= before + SOME + RUNS * 4096);
    }
    clock_t worst = 0;
    clock_t median = 0;
    for (uint32_t t = 0; t < thousands; t++) {
        uint32_t less = 0;
        for (uint32_t k = 0; k < thousands; k++) {
            less += cost[k] < cost[t] || (cost[k] == cost[t] && k < t);
        }
        worst = cost[t] > worst ? cost[t] : worst;
        median = less == thousands / 2 ? cost[t] : median;
    }
    CHECK(worst <= 20 * median + CLOCKS_PER_SEC / 50);
}

static void hist_36_37_octets_out_of_order_cost_bounded_work_and_memory(void **state)
{
    for (uint32_t order = 0; order < ORDERS && is_first_run(); order++) {
        hist_begin_again(state);
        hold((enum order)order, (uint32_t)test_rows_times(20));
    }
}

// Row 38

// A reader that takes nothing, and a peer that sends octet by octet: each octet that the window
// promised is taken, it costs no more than the buffer's chunks, and others are served meanwhile.
static void hist_38_segments_of_one_octet_fill_the_window_and_no_more(void **state)
{
    enum { BUFFER = 50000, CHUNK = 4096 };
    (void)state;
    if (!is_first_run()) {
        return;
    }
    segment_config()->receive_buffer_bytes = BUFFER;
    OPEN(.mss = 1460);
    uint64_t before = memory_used();
    uint32_t place = 1;
    for (; place <= 2 * BUFFER; place++) {
        give_text(place, 1, 0);
        (void)hist_drain(NULL);
        const struct tcp_conn *conn = segment_conn();
        if (conn->rcv.nxt.n - conn->irs.n != place + 1) {
            break;
        }
    }
    CHECK_EQ(place, BUFFER + 1);
    CHECK(memory_used() <= before + BUFFER + 2 * CHUNK);
    SEND(.flags = SYN, .peer_port = 50000, .mss = 1460);
    EXPECT(.flags = SYN | ACK, .peer_port = 50000, .ack = 1);
    hist_read_all(BUFFER, HERE);
    segment_forget_sent();
    give_text(BUFFER + 1, 1, 0);
    hist_read_all(1, HERE);
    segment_forget_sent();
}

// Rows 39 and 40

enum { WINDOW = 40, HELD_LEFT = 11, HELD_RIGHT = 21, PLACES = 50 };

// A held run, one more segment in any relation to it and to both edges of the window, then what is
// missing: exactly the window's octets are there, and the FIN counts only within it.
static void cross(uint32_t left, uint32_t right, bool has_fin)
{
    segment_config()->receive_buffer_bytes = 512;
    OPEN(.mss = 1460);
    give_text(1, 512 - WINDOW, 0);
    uint32_t first = 1 + 512 - WINDOW;
    (void)hist_drain(NULL);
    give_text(first + HELD_LEFT - 1, HELD_RIGHT - HELD_LEFT, 0);
    give_text(first + left - 5, right - left, has_fin ? FIN : 0); // from below the window on
    (void)hist_drain(NULL);
    segment_check_all(HERE); // nothing is held beyond the window
    const struct tcp_conn *conn = segment_conn();
    uint32_t end = right - 5;
    CHECK(!has_fin || conn->has_fin == (end <= WINDOW));
    give_text(first, WINDOW, 0);
    (void)hist_drain(NULL);
    bool has_end = has_fin && end <= WINDOW && end > 0;
    CHECK_EQ(conn->rcv.nxt.n - conn->irs.n, has_end ? first + end + 1 : first + WINDOW);
    size_t received = 0;
    uint32_t wanted = first - 1 + (has_end ? end : WINDOW);
    while (wanted > 0) { // each octet is compared by the bench
        RESULT(segment_user_recv(wanted, &received), OK);
        CHECK(received > 0);
        wanted -= (uint32_t)received;
    }
    (void)hist_drain(NULL);
}

static void hist_39_40_segments_across_held_runs_and_edges_leave_the_stream(void **state)
{
    for (uint32_t left = 1; left < PLACES && is_first_run(); left++) {
        for (uint32_t right = left + 1; right <= PLACES; right++) {
            hist_begin_again(state);
            cross(left, right, false);
        }
    }
}

// Beyond what is in order a FIN says where the stream ends; text held behind it is no data.
static void hist_40_fin_counts_only_within_the_window(void **state)
{
    for (uint32_t left = HELD_RIGHT + 5; left < PLACES && is_first_run(); left++) {
        for (uint32_t right = left + 1; right <= PLACES; right++) {
            hist_begin_again(state);
            cross(left, right, true);
        }
    }
}

static const struct CMUnitTest tests[] = {
    SEGMENT_TEST(hist_36_37_octets_out_of_order_cost_bounded_work_and_memory),
    SEGMENT_TEST(hist_38_segments_of_one_octet_fill_the_window_and_no_more),
    SEGMENT_TEST(hist_39_40_segments_across_held_runs_and_edges_leave_the_stream),
    SEGMENT_TEST(hist_40_fin_counts_only_within_the_window),
};
SEGMENT_MAIN(tests)
