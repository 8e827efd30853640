// SPDX-License-Identifier: MIT
//
// The work of each call of the scoreboard on 50,000 spans (docs/history.md 29 and 30), whatever the
// blocks are: it follows from what the call changes, and not from what is in flight.
#include "board_box.h"
#include "lib/test_cmocka.h"
#include "lib/test_random.h"

enum { MANY = 50000, LOG_MANY = 16 };

// The bound on the work of one call: steps, at most 24 log2 n and 12 for each span changed.
struct work {
    uint64_t steps;
    uint32_t changed;
};

static void assert_work(struct board_box *f, struct work *work, uint32_t changed)
{
    uint64_t steps = f->board.order.steps - work->steps;
    assert_in_range(steps, 0, 24 * LOG_MANY + 12 * changed);
    work->steps = f->board.order.steps;
}

// MANY spans of two octets, of which a peer has acknowledged every other octet.
static void set_up_comb(struct board_box *f, struct work *work)
{
    board_box_init(f, UINT32_MAX, 0xffff0000);
    *work = (struct work){0};
    for (uint32_t i = 1; i <= MANY; i++) {
        assert_true(board_box_send(f, 2 * i, i));
        assert_work(f, work, 1);
    }
    uint64_t seed = 53;
    for (uint32_t i = 0; i < 4 * MANY; i++) {
        uint32_t place = i < 3 * MANY ? test_random_below(&seed, MANY) : i - 3 * MANY;
        board_box_sack(f, 2 * place + 1, 2 * place + 2);
        assert_work(f, work, 2);
    }
    assert_int_equal(f->board.count, 2 * MANY);
    assert_true(tcp_scoreboard_check(&f->board));
}

static void hostile_blocks_cost_what_they_change(void **state)
{
    (void)state;
    static struct board_box f;
    struct work work;
    uint64_t seed = 59;
    set_up_comb(&f, &work);
    for (uint32_t i = 0; i < 100000; i++) {
        uint32_t left = 1 + test_random_below(&seed, 2 * MANY - 2);
        uint32_t bytes = 1 + test_random_below(&seed, 2 * MANY - left);
        board_box_sack(&f, left, left + (i % 2 == 0 ? bytes % 8 : bytes));
        assert_work(&f, &work, 2 + 2 * f.delivery.sacked_bytes);
    }
    board_box_sack(&f, 1, 2 * MANY); // covers everything, again and again
    assert_work(&f, &work, 2 + 2 * f.delivery.sacked_bytes);
    assert_int_equal(f.board.count, 2);
    for (uint32_t i = 0; i < 1000; i++) {
        board_box_sack(&f, 1, 2 * MANY);
        assert_work(&f, &work, 0);
    }
    board_box_deinit(&f);
}

static void other_calls_cost_what_they_change(void **state)
{
    (void)state;
    static struct board_box f;
    struct work work;
    struct seq right;
    uint64_t remaining_ns;
    set_up_comb(&f, &work);
    for (uint32_t i = 5000; i > 0; i--) {
        uint32_t lost =
            tcp_scoreboard_mark_lost_by_time(&f.board, MANY, f.board.nxt, i, MANY, &remaining_ns);
        assert_work(&f, &work, lost + 2);
        assert_non_null(tcp_scoreboard_first_lost(&f.board));
        assert_true(tcp_scoreboard_highest_sacked(&f.board, &right));
        assert_work(&f, &work, 0);
    }
    tcp_scoreboard_mark_lost_all(&f.board);
    assert_int_equal(f.board.lost_bytes, MANY);
    assert_work(&f, &work, MANY);
    for (uint32_t i = 0; i < MANY / 2; i++) {
        struct seq left = tcp_scoreboard_first_lost(&f.board)->left;
        assert_work(&f, &work, 0);
        uint32_t place = left.n - f.iss;
        board_box_resend(&f, place, place + 1, 2 * MANY + i);
        assert_work(&f, &work, 1);
    }
    uint32_t back = tcp_scoreboard_undo_lost(&f.board);
    assert_int_equal(back, MANY / 2);
    assert_work(&f, &work, back);
    assert_int_equal(tcp_scoreboard_forget_sacks(&f.board), MANY);
    assert_work(&f, &work, MANY);
    for (uint32_t i = 0; i < MANY; i += 10) {
        board_box_ack(&f, i);
        assert_work(&f, &work, 10);
    }
    assert_true(tcp_scoreboard_check(&f.board));
    board_box_deinit(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hostile_blocks_cost_what_they_change),
        cmocka_unit_test(other_calls_cost_what_they_change),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
