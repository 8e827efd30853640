// SPDX-License-Identifier: MIT
//
// The scoreboard: each call by itself; SACK blocks in every relation to what is there (rows 33 and
// 39 of docs/history.md); and without memory (row 42).
#include "tcp/tcp_scoreboard.h"

#include "base/check.h"
#include "board_box.h"
#include "lib/test_cmocka.h"
#include "lib/test_random.h"

// One letter an octet from SND.UNA on: f, r, s, l.
static void assert_states(struct board_box *f, const char *expected)
{
    assert_true(tcp_scoreboard_check(&f->board));
    uint32_t bytes = seq_distance(f->board.una, f->board.nxt);
    char states[256] = {0};
    assert_in_range(bytes, 0, sizeof states - 1);
    for (uint32_t i = 0; i < bytes; i++) {
        states[i] =
            "ffr.s...l"[board_box_state_at(f, seq_distance(board_box_at(f, 0), f->board.una) + i)];
    }
    assert_string_equal(states, expected);
}

static void sends_of_one_moment_are_one_span(void **state)
{
    (void)state;
    struct board_box f;
    board_box_init(&f, 9, 0);
    assert_true(board_box_send(&f, 4, 100) && board_box_send(&f, 8, 100));
    assert_int_equal(f.board.count, 1);
    assert_true(board_box_send(&f, 12, 101));
    assert_int_equal(f.board.count, 2);
    const struct tcp_span *span = tcp_scoreboard_find(&f.board, board_box_at(&f, 5));
    assert_int_equal(span->left.n, 0);
    assert_int_equal(span->snapshot.in_flight_bytes, 8);
    struct tcp_send_snapshot other = {.is_app_limited = true};
    assert_true(
        tcp_scoreboard_sent(&f.board, board_box_at(&f, 12), board_box_at(&f, 14), 101, &other));
    assert_int_equal(f.board.count, 3);
    assert_null(tcp_scoreboard_find(&f.board, board_box_at(&f, 14)));
    board_box_deinit(&f);
}

static void small_flights_take_no_memory(void **state)
{
    (void)state;
    struct board_box f;
    board_box_init(&f, 9, 0);
    test_env_of(&f.env)->fail_after = 0;
    for (uint32_t i = 1; i < 50; i++) {
        assert_true(board_box_send(&f, i * 10, i));
        board_box_ack(&f, i * 10);
        assert_int_equal(f.delivery.acked_bytes, 10);
        assert_int_equal(f.delivery.newest_sent_ns, i);
    }
    assert_int_equal(test_env_of(&f.env)->takes, 0);
    board_box_deinit(&f);
}

static void resends_of_one_moment_are_one_span(void **state)
{
    (void)state;
    struct board_box f;
    board_box_init(&f, 99, UINT32_MAX - 5);
    for (uint32_t i = 1; i <= 4; i++) {
        assert_true(board_box_send(&f, i * 4, i));
    }
    assert_int_equal(tcp_scoreboard_mark_lost_all(&f.board), 16);
    assert_int_equal(tcp_scoreboard_mark_lost_all(&f.board), 0);
    board_box_resend(&f, 0, 4, 50);
    board_box_resend(&f, 4, 6, 50);
    assert_states(&f, "rrrrrrllllllllll");
    assert_int_equal(f.board.count, 4);
    assert_int_equal(tcp_scoreboard_find(&f.board, board_box_at(&f, 5))->first_ns, 1);
    board_box_resend(&f, 6, 8, 51);
    assert_int_equal(f.board.count, 4);
    assert_int_equal(tcp_scoreboard_find(&f.board, board_box_at(&f, 7))->first_ns, 2);
    assert_true(seq_eq(tcp_scoreboard_first_lost(&f.board)->left, board_box_at(&f, 8)));
    assert_int_equal(tcp_scoreboard_pipe(&f.board), 8);
    board_box_deinit(&f);
}

// They were sent once, nobody knows when.
static void what_was_sent_before_gives_no_sample_and_can_be_lost(void **state)
{
    (void)state;
    struct board_box f;
    struct tcp_send_snapshot snapshot = {.in_flight_bytes = 8};
    board_box_init(&f, 99, UINT32_MAX - 5);
    tcp_scoreboard_sent_before(&f.board, board_box_at(&f, 8), 40, &snapshot);
    assert_true(board_box_send(&f, 10, 40));
    board_box_sack(&f, 4, 8);
    assert_states(&f, "ffffssssff");
    assert_true(f.delivery.has_newest && f.delivery.newest_is_mixed && f.delivery.has_once);
    assert_true(f.delivery.once_sent_ns == SYNFIN_NEVER);
    assert_int_equal(tcp_scoreboard_mark_lost_first(&f.board, 4), 4);
    board_box_deinit(&f);
}

static void resends_saturate(void **state)
{
    (void)state;
    struct board_box f;
    board_box_init(&f, 9, 0);
    assert_true(board_box_send(&f, 4, 1));
    for (uint32_t i = 0; i < 300; i++) {
        tcp_scoreboard_mark_lost_all(&f.board);
        board_box_resend(&f, 0, 4, 2 + i);
    }
    assert_int_equal(tcp_scoreboard_find(&f.board, board_box_at(&f, 0))->resends, UINT8_MAX);
    board_box_deinit(&f);
}

static void delivery_names_the_newest_and_reordering(void **state)
{
    (void)state;
    struct board_box f;
    board_box_init(&f, 99, 7);
    for (uint32_t i = 1; i <= 5; i++) {
        assert_true(board_box_send(&f, i * 2, i * 10));
    }
    board_box_sack(&f, 4, 8); // the highest until now is SND.UNA: in order
    assert_int_equal(f.delivery.sacked_bytes, 4);
    assert_int_equal(f.delivery.newest_sent_ns, 40);
    assert_true(seq_eq(f.delivery.newest_right, board_box_at(&f, 8)));
    assert_true(f.delivery.has_once && !f.delivery.is_reordered);
    assert_int_equal(f.delivery.once_sent_ns, 40);
    tcp_scoreboard_mark_lost_first(&f.board, 2);
    board_box_resend(&f, 0, 2, 60);
    board_box_ack(&f, 2); // sent again: tells nothing of order or time
    assert_true(f.delivery.has_newest && !f.delivery.has_once && !f.delivery.is_reordered);
    assert_int_equal(f.delivery.newest_resends, 1);
    assert_int_equal(f.delivery.newest_sent_ns, 60);
    assert_int_equal(f.delivery.newest_first_ns, 10);
    assert_int_equal(f.delivery.newest_snapshot.delivered_ns, 60);
    board_box_ack(&f, 10); // 2 to 4 was overtaken
    assert_int_equal(f.delivery.acked_bytes, 4);
    assert_true(f.delivery.is_reordered);
    assert_true(seq_eq(f.delivery.reordered_right, board_box_at(&f, 4)));
    assert_true(seq_eq(f.board.fack, board_box_at(&f, 10)));
    board_box_deinit(&f);
}

// RFC 8985 §6.2 step 5.
static void time_marks_what_is_older_than_the_rack_segment(void **state)
{
    (void)state;
    struct board_box f;
    uint64_t remaining_ns;
    board_box_init(&f, 999, 0);
    for (uint32_t i = 1; i <= 100; i++) {
        assert_true(board_box_send(&f, i, i * 10));
    }
    // 950 from the transmission on. At 1005, what was sent until 55 is lost; many more wait.
    uint32_t lost = tcp_scoreboard_mark_lost_by_time(&f.board, 995, board_box_at(&f, 100), 950,
                                                     1005, &remaining_ns);
    assert_int_equal(lost, 5);
    assert_int_equal(remaining_ns, 995 + 950 - 1005);
    // Few wait: the last of them was sent at 80. The segment itself was sent at 85.
    lost = tcp_scoreboard_mark_lost_by_time(&f.board, 85, board_box_at(&f, 100), 950, 1010,
                                            &remaining_ns);
    assert_int_equal(lost, 1);
    assert_int_equal(remaining_ns, 80 + 950 - 1010);
    // At the segment's own moment its right edge decides.
    lost =
        tcp_scoreboard_mark_lost_by_time(&f.board, 80, board_box_at(&f, 7), 0, 1010, &remaining_ns);
    assert_int_equal(lost, 1);
    assert_int_equal(remaining_ns, 0);
    lost =
        tcp_scoreboard_mark_lost_by_time(&f.board, 80, board_box_at(&f, 8), 0, 1010, &remaining_ns);
    assert_int_equal(lost, 1);
    // Sent again it is young.
    board_box_resend(&f, 0, 2, 2000);
    lost = tcp_scoreboard_mark_lost_by_time(&f.board, 1999, board_box_at(&f, 100), 0, 3000,
                                            &remaining_ns);
    assert_int_equal(lost, 92);
    assert_int_equal(f.board.lost_bytes, 98);
    lost = tcp_scoreboard_mark_lost_by_time(&f.board, 2001, board_box_at(&f, 0), 10, 2001,
                                            &remaining_ns);
    assert_int_equal(lost, 0);
    assert_int_equal(remaining_ns, 9);
    board_box_deinit(&f);
}

static void undo_returns_only_what_was_sent_once(void **state)
{
    (void)state;
    struct board_box f;
    uint64_t remaining_ns;
    board_box_init(&f, 99, 0x7ffffffc);
    for (uint32_t i = 1; i <= 4; i++) {
        assert_true(board_box_send(&f, i * 2, i));
    }
    board_box_sack(&f, 6, 8);
    tcp_scoreboard_mark_lost_all(&f.board);
    board_box_resend(&f, 0, 1, 20);
    tcp_scoreboard_mark_lost_by_time(&f.board, 30, board_box_at(&f, 8), 1, 40, &remaining_ns);
    assert_true(board_box_send(&f, 10, 50));
    assert_states(&f, "llllllssff");
    assert_int_equal(tcp_scoreboard_undo_lost(&f.board), 5);
    assert_states(&f, "lfffffssff");
    assert_int_equal(tcp_scoreboard_undo_lost(&f.board), 0);
    // Back in the order of time: the oldest is found again first.
    tcp_scoreboard_mark_lost_by_time(&f.board, 2, board_box_at(&f, 3), 0, 60, &remaining_ns);
    assert_states(&f, "llffffssff");
    board_box_deinit(&f);
}

static void reneging_loses_what_was_sacked_for_good(void **state)
{
    (void)state;
    struct board_box f;
    struct seq right;
    board_box_init(&f, 99, 0);
    assert_true(board_box_send(&f, 8, 1));
    assert_false(tcp_scoreboard_highest_sacked(&f.board, &right));
    board_box_sack(&f, 2, 4);
    board_box_sack(&f, 5, 6);
    assert_true(tcp_scoreboard_highest_sacked(&f.board, &right));
    assert_int_equal(right.n, 6);
    assert_int_equal(tcp_scoreboard_forget_sacks(&f.board), 3);
    assert_states(&f, "ffllflff");
    assert_int_equal(tcp_scoreboard_undo_lost(&f.board), 0);
    assert_false(tcp_scoreboard_highest_sacked(&f.board, &right));
    board_box_sack(&f, 2, 4);
    assert_false(f.delivery.is_reordered);
    board_box_deinit(&f);
}

static void reneged_span_has_no_time_of_its_own(void **state)
{
    (void)state;
    struct board_box f;
    board_box_init(&f, 99, 0);
    for (uint32_t i = 1; i <= 5; i++) {
        assert_true(board_box_send(&f, i * 2, i));
    }
    board_box_sack(&f, 4, 6);
    board_box_sack(&f, 6, 8);
    board_box_sack(&f, 2, 4);
    tcp_scoreboard_forget_sacks(&f.board);
    const struct tcp_span *span = tcp_scoreboard_find(&f.board, board_box_at(&f, 5));
    assert_int_equal(span->right.n - span->left.n, 6);
    assert_true(span->is_mixed && span->first_ns == 2 && span->sent_ns == 4);
    assert_int_equal(span->snapshot.in_flight_bytes, 8);
    board_box_ack(&f, 8);
    assert_int_equal(f.delivery.once_sent_ns, 1);
    assert_true(f.delivery.newest_is_mixed);
    board_box_deinit(&f);
}

static void new_reno_marks_the_front(void **state)
{
    (void)state;
    struct board_box f;
    board_box_init(&f, 99, 0);
    assert_true(board_box_send(&f, 4, 1) && board_box_send(&f, 8, 2));
    assert_int_equal(tcp_scoreboard_mark_lost_first(&f.board, 0), 0);
    assert_int_equal(tcp_scoreboard_mark_lost_first(&f.board, 3), 3);
    assert_states(&f, "lllfffff");
    assert_int_equal(tcp_scoreboard_mark_lost_first(&f.board, 6), 3);
    assert_int_equal(tcp_scoreboard_mark_lost_first(&f.board, UINT32_MAX), 2);
    assert_states(&f, "llllllll");
    board_box_deinit(&f);
}

// History row 39, with SACK blocks: a block in each of Allen's 13 relations to [20, 30), where
// each edge can be at, before or behind each edge.
static void block_in_each_relation_to_another_gives_the_union(void **state)
{
    (void)state;
    static const uint32_t edges[] = {10, 15, 20, 23, 27, 30, 35, 40};
    enum { EDGES = sizeof edges / sizeof *edges };
    for (uint32_t i = 0; i < EDGES * EDGES; i++) {
        uint32_t left = edges[i / EDGES];
        uint32_t right = edges[i % EDGES];
        struct board_box f;
        board_box_init(&f, 99, UINT32_MAX - 25);
        assert_true(board_box_send(&f, 25, 1) && board_box_send(&f, 50, 2));
        board_box_sack(&f, 20, 30);
        board_box_sack(&f, left, right);
        uint32_t bytes = 10;
        for (uint32_t place = 0; place < 50; place++) {
            bool is_new = place >= left && place < right && (place < 20 || place >= 30);
            bool is_sacked = is_new || (place >= 20 && place < 30);
            assert_true((board_box_state_at(&f, place) == TCP_SPAN_STATE_SACKED) == is_sacked);
            bytes += is_new;
        }
        assert_int_equal(f.board.sacked_bytes, bytes);
        assert_int_equal(f.delivery.sacked_bytes, bytes - 10);
        assert_true(tcp_scoreboard_check(&f.board));
        board_box_deinit(&f);
    }
}

// History row 33: SACK edges at SND.UNA, SND.NXT and half a circle away, one octet to either side.
static void block_with_edges_outside_the_window_is_ignored(void **state)
{
    (void)state;
    static const uint32_t isns[] = {0, 1, 0x7fffffff, 0x80000000, 0xffffffff, 0xfffffff0};
    static const uint32_t bases[] = {0, 10, 30, 0x80000000, 0x8000000a, 0x8000001e};
    enum { BASES = sizeof bases / sizeof *bases, EDGES = 3 * BASES };
    for (uint32_t i = 0; i < EDGES * EDGES * 6; i++) {
        uint32_t a = i % EDGES;
        uint32_t b = i / EDGES % EDGES;
        uint32_t left = bases[a / 3] + a % 3 - 1;
        uint32_t right = bases[b / 3] + b % 3 - 1;
        struct board_box f;
        board_box_init(&f, 99, isns[i / EDGES / EDGES]);
        assert_true(board_box_send(&f, 20, 1) && board_box_send(&f, 30, 2));
        board_box_ack(&f, 10);
        board_box_sack(&f, left, right);
        bool is_valid = left > 10 && left < right && right <= 30;
        assert_int_equal(f.delivery.sacked_bytes, is_valid ? right - left : 0);
        assert_int_equal(f.board.sacked_bytes, f.delivery.sacked_bytes);
        assert_true(tcp_scoreboard_check(&f.board));
        board_box_deinit(&f);
    }
}

static void ack_outside_the_window_is_ignored(void **state)
{
    (void)state;
    struct board_box f;
    board_box_init(&f, 99, 0xfffffff8);
    assert_true(board_box_send(&f, 16, 1));
    board_box_ack(&f, 4);
    static const uint32_t places[] = {3, 0, 17, 0x80000004, 0x80000003, 0x80000005};
    for (uint32_t i = 0; i < sizeof places / sizeof *places; i++) {
        board_box_ack(&f, places[i]);
        assert_int_equal(f.delivery.acked_bytes, 0);
        assert_states(&f, "ffffffffffff");
    }
    board_box_deinit(&f);
}

static void clock_that_goes_back_keeps_the_order(void **state)
{
    (void)state;
    struct board_box f;
    board_box_init(&f, 99, 0);
    assert_true(board_box_send(&f, 4, 100) && board_box_send(&f, 8, 50));
    assert_int_equal(tcp_scoreboard_find(&f.board, board_box_at(&f, 7))->sent_ns, 100);
    tcp_scoreboard_mark_lost_all(&f.board);
    board_box_resend(&f, 0, 4, 60);
    tcp_scoreboard_undo_lost(&f.board);
    assert_true(tcp_scoreboard_check(&f.board));
    board_box_deinit(&f);
}

// Without memory for another span: pool empty, or the cap reached. `fill` leaves three spans, of
// which the middle one is in the state asked for.
static void set_up_full(struct board_box *f, bool is_capped)
{
    board_box_init(f, is_capped ? 3 : 99, 0);
    assert_true(board_box_send(f, 10, 1) && board_box_send(f, 20, 2) && board_box_send(f, 30, 3));
    f->pool.objects_max = is_capped ? UINT32_MAX : 2;
}

static void send_without_memory_joins_the_last(void **state)
{
    (void)state;
    for (uint32_t is_capped = 0; is_capped < 2; is_capped++) {
        struct board_box f;
        set_up_full(&f, is_capped != 0);
        assert_true(board_box_send(&f, 40, 4));
        const struct tcp_span *last = tcp_scoreboard_find(&f.board, board_box_at(&f, 25));
        assert_true(last->is_mixed && last->sent_ns == 4 && last->first_ns == 3);
        assert_int_equal(f.board.flight_bytes, 40);
        board_box_sack(&f, 20, 40); // its time says nothing of its first octets: no RTT sample
        assert_true(f.delivery.has_once && f.delivery.newest_is_mixed);
        assert_true(f.delivery.once_sent_ns == SYNFIN_NEVER);
        assert_false(board_box_send(&f, 50, 5));
        assert_true(seq_eq(f.board.nxt, board_box_at(&f, 40)));
        board_box_ack(&f, 10);
        f.pool.objects_max = 3;
        assert_true(board_box_send(&f, 50, 5));
        tcp_scoreboard_mark_lost_all(&f.board);
        f.pool.objects_max = 0;
        f.board.spans_max = 3;
        assert_true(board_box_send(&f, 60, 6)); // joins a LOST one
        assert_int_equal(f.board.lost_bytes, 30);
        assert_int_equal(tcp_scoreboard_undo_lost(&f.board), 10);
        assert_true(tcp_scoreboard_check(&f.board));
        board_box_deinit(&f);
    }
}

static void sack_without_memory_leaves_what_it_cannot_cut(void **state)
{
    (void)state;
    for (uint32_t is_capped = 0; is_capped < 2; is_capped++) {
        struct board_box f;
        set_up_full(&f, is_capped != 0);
        board_box_sack(&f, 12, 18);
        assert_int_equal(f.delivery.sacked_bytes, 0);
        assert_false(f.delivery.has_newest);
        assert_states(&f, "ffffffffffffffffffffffffffffff");
        board_box_sack(&f, 8, 24); // the middle one needs no cut, and then its right edge moves
        assert_int_equal(f.delivery.sacked_bytes, 14);
        assert_true(seq_eq(f.board.fack, board_box_at(&f, 24)));
        board_box_sack(&f, 8, 24);
        assert_int_equal(f.delivery.sacked_bytes, 2);
        assert_states(&f, "ffffffffssssssssssssssssffffff");
        board_box_sack(&f, 8, 30);
        assert_int_equal(f.board.count, 2);
        board_box_deinit(&f);
    }
}

static void resend_without_memory_takes_the_whole_span(void **state)
{
    (void)state;
    for (uint32_t is_capped = 0; is_capped < 2; is_capped++) {
        struct board_box f;
        set_up_full(&f, is_capped != 0);
        tcp_scoreboard_mark_lost_all(&f.board);
        board_box_resend(&f, 10, 14, 9);
        assert_states(&f, "llllllllllrrrrrrrrrrllllllllll");
        board_box_resend(&f, 20, 24,
                         9); // joins its neighbour of the same moment when that is unmixed
        assert_int_equal(f.board.resent_bytes, 20);
        board_box_deinit(&f);
    }
}

static void mark_without_memory_takes_the_whole_span(void **state)
{
    (void)state;
    struct board_box f;
    set_up_full(&f, true);
    assert_int_equal(tcp_scoreboard_mark_lost_first(&f.board, 14), 20);
    assert_states(&f, "llllllllllllllllllllffffffffff");
    board_box_deinit(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sends_of_one_moment_are_one_span),
        cmocka_unit_test(small_flights_take_no_memory),
        cmocka_unit_test(resends_of_one_moment_are_one_span),
        cmocka_unit_test(what_was_sent_before_gives_no_sample_and_can_be_lost),
        cmocka_unit_test(resends_saturate),
        cmocka_unit_test(delivery_names_the_newest_and_reordering),
        cmocka_unit_test(time_marks_what_is_older_than_the_rack_segment),
        cmocka_unit_test(undo_returns_only_what_was_sent_once),
        cmocka_unit_test(reneging_loses_what_was_sacked_for_good),
        cmocka_unit_test(reneged_span_has_no_time_of_its_own),
        cmocka_unit_test(new_reno_marks_the_front),
        cmocka_unit_test(block_in_each_relation_to_another_gives_the_union),
        cmocka_unit_test(block_with_edges_outside_the_window_is_ignored),
        cmocka_unit_test(ack_outside_the_window_is_ignored),
        cmocka_unit_test(clock_that_goes_back_keeps_the_order),
        cmocka_unit_test(send_without_memory_joins_the_last),
        cmocka_unit_test(sack_without_memory_leaves_what_it_cannot_cut),
        cmocka_unit_test(resend_without_memory_takes_the_whole_span),
        cmocka_unit_test(mark_without_memory_takes_the_whole_span),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
