// SPDX-License-Identifier: MIT
//
// The scoreboard against a model that keeps every octet by itself, from all initial sequence
// numbers of docs/history.md row 34; and short of memory, where only what is safe must hold.
#include "tcp/tcp_scoreboard.h"

#include <string.h>

#include "board_box.h"
#include "lib/test_cmocka.h"
#include "lib/test_random.h"
#include "lib/test_rows.h"

enum { WINDOW = 96 };

// What is known of one octet.
struct octet {
    uint32_t state;
    uint32_t resends;
    uint64_t sent_ns;
    uint64_t snapshot;
    bool is_undoable;
    bool is_reneged; // was SACKED: what its span knows of time is not its own
};

struct model {
    struct octet octets[WINDOW]; // from SND.UNA on
    uint32_t una, nxt, fack;     // places
    uint64_t now_ns;
    uint64_t seed;
    // Of the operation:
    uint32_t delivered, newest, lowest; // places + 1; 0: none
    uint64_t newest_ns, once_ns, newest_snapshot;
    uint32_t newest_resends;
    bool has_reneged;
};

static struct octet *octet_at(struct model *m, uint32_t place)
{
    return &m->octets[place - m->una];
}

static bool is_in_flight(const struct octet *octet)
{
    return octet->state == TCP_SPAN_STATE_FLIGHT || octet->state == TCP_SPAN_STATE_RESENT;
}

static void model_note(struct model *m, uint32_t place)
{
    const struct octet *octet = octet_at(m, place);
    m->delivered++;
    m->has_reneged = m->has_reneged || octet->is_reneged;
    if (m->newest == 0 || octet->sent_ns >= m->newest_ns) {
        m->newest = place + 1;
        m->newest_ns = octet->sent_ns;
        m->newest_snapshot = octet->snapshot;
        m->newest_resends = octet->resends;
    }
    if (octet->resends == 0) {
        m->once_ns =
            m->once_ns == SYNFIN_NEVER || octet->sent_ns > m->once_ns ? octet->sent_ns : m->once_ns;
        if (m->lowest == 0 && place < m->fack) {
            m->lowest = place + 1;
        }
    }
}

static void model_begin(struct model *m)
{
    m->delivered = m->newest = m->lowest = m->newest_resends = 0;
    m->newest_ns = m->newest_snapshot = 0;
    m->once_ns = SYNFIN_NEVER;
    m->has_reneged = false;
}

// SACKED neighbours are one span with the highest count of resends.
static void model_level_sacked(struct model *m)
{
    for (uint32_t i = m->una + 1; i < 2 * m->nxt - m->una; i++) {
        uint32_t place = i < m->nxt ? i : 2 * m->nxt - i - 1; // there and back
        if (place > m->una && octet_at(m, place)->state == TCP_SPAN_STATE_SACKED
            && octet_at(m, place - 1)->state == TCP_SPAN_STATE_SACKED) {
            uint32_t a = octet_at(m, place)->resends;
            uint32_t b = octet_at(m, place - 1)->resends;
            octet_at(m, place)->resends = octet_at(m, place - 1)->resends = a > b ? a : b;
        }
    }
}

static void assert_delivery(const struct board_box *f, const struct model *m)
{
    const struct tcp_delivery *d = &f->delivery;
    assert_int_equal(d->acked_bytes + d->sacked_bytes, m->delivered);
    assert_int_equal(d->has_newest, m->newest != 0);
    if (d->has_newest && !m->has_reneged) {
        assert_int_equal(d->newest_right.n - f->iss, m->newest);
        assert_int_equal(d->newest_sent_ns, m->newest_ns);
        assert_int_equal(d->newest_resends, m->newest_resends);
        assert_int_equal(d->newest_snapshot.delivered_bytes, m->newest_snapshot);
    }
    assert_int_equal(d->has_once, m->once_ns != SYNFIN_NEVER);
    assert_true(d->once_sent_ns == m->once_ns || m->has_reneged);
    assert_int_equal(d->is_reordered, m->lowest != 0);
    if (d->is_reordered) {
        assert_in_range(d->reordered_right.n - f->iss, m->lowest, m->fack - 1);
    }
}

static void both_sack(struct board_box *f, struct model *m, uint32_t left, uint32_t right)
{
    model_begin(m);
    uint32_t highest = m->fack;
    for (uint32_t place = left; place < right && left > m->una; place++) {
        struct octet *octet = octet_at(m, place);
        if (octet->state != TCP_SPAN_STATE_SACKED) {
            model_note(m, place);
            octet->state = TCP_SPAN_STATE_SACKED;
            octet->is_undoable = false;
            highest = place + 1 > highest ? place + 1 : highest;
        }
    }
    board_box_sack(f, left, right);
    assert_delivery(f, m);
    m->fack = highest;
    model_level_sacked(m);
}

static void both_ack(struct board_box *f, struct model *m, uint32_t una)
{
    model_begin(m);
    for (uint32_t place = m->una; place < una; place++) {
        if (octet_at(m, place)->state != TCP_SPAN_STATE_SACKED) {
            model_note(m, place);
        }
    }
    board_box_ack(f, una);
    assert_delivery(f, m);
    memmove(m->octets, m->octets + (una - m->una), (m->nxt - una) * sizeof *m->octets);
    m->una = una;
    m->fack = una > m->fack ? una : m->fack;
}

static void both_send(struct board_box *f, struct model *m, uint32_t right)
{
    struct tcp_send_snapshot snapshot = {.delivered_bytes = test_random_below(&m->seed, 2)};
    struct seq left = board_box_at(f, m->nxt);
    if (right == m->nxt) {
        return;
    }
    for (; m->nxt < right; m->nxt++) {
        *octet_at(m, m->nxt) = (struct octet){.state = TCP_SPAN_STATE_FLIGHT,
                                              .sent_ns = m->now_ns,
                                              .snapshot = snapshot.delivered_bytes};
    }
    assert_true(tcp_scoreboard_sent(&f->board, left, board_box_at(f, right), m->now_ns, &snapshot));
}

static void both_resend(struct board_box *f, struct model *m, uint32_t left, uint32_t right)
{
    struct tcp_send_snapshot snapshot = {.delivered_bytes = test_random_below(&m->seed, 2)};
    for (uint32_t place = left; place < right; place++) {
        struct octet *octet = octet_at(m, place);
        if (octet->state != TCP_SPAN_STATE_SACKED) {
            uint32_t resends = octet->resends + (octet->resends < UINT8_MAX);
            *octet = (struct octet){.state = TCP_SPAN_STATE_RESENT,
                                    .resends = resends,
                                    .sent_ns = m->now_ns,
                                    .snapshot = snapshot.delivered_bytes};
        }
    }
    tcp_scoreboard_resent(&f->board, board_box_at(f, left), board_box_at(f, right), m->now_ns,
                          &snapshot);
}

static uint32_t model_mark(struct octet *octet)
{
    octet->is_undoable = octet->state == TCP_SPAN_STATE_FLIGHT;
    octet->state = TCP_SPAN_STATE_LOST;
    return 1;
}

static void both_mark_front(struct board_box *f, struct model *m, uint32_t right)
{
    uint32_t lost = 0;
    for (uint32_t place = m->una; place < right; place++) {
        lost += is_in_flight(octet_at(m, place)) ? model_mark(octet_at(m, place)) : 0;
    }
    uint32_t marked = right == m->nxt ? tcp_scoreboard_mark_lost_all(&f->board)
                                      : tcp_scoreboard_mark_lost_first(&f->board, right - m->una);
    assert_int_equal(marked, lost);
}

static void both_mark_by_time(struct board_box *f, struct model *m)
{
    uint64_t back_ns = test_random_below(&m->seed, 40);
    uint64_t rack_ns = m->now_ns > back_ns ? m->now_ns - back_ns : 0;
    uint64_t wait_ns = test_random_below(&m->seed, 60);
    bool takes_ties = test_random_below(&m->seed, 2) != 0;
    uint32_t lost = 0;
    uint64_t least_ns = 0;
    for (uint32_t place = m->una; place < m->nxt; place++) {
        struct octet *octet = octet_at(m, place);
        bool is_elder = octet->sent_ns < rack_ns || (takes_ties && octet->sent_ns == rack_ns);
        if (is_in_flight(octet) && is_elder) {
            if (m->now_ns >= octet->sent_ns + wait_ns) {
                lost += model_mark(octet);
            } else if (octet->sent_ns + wait_ns - m->now_ns > least_ns) {
                least_ns = octet->sent_ns + wait_ns - m->now_ns;
            }
        }
    }
    uint64_t remaining_ns;
    uint64_t most_ns = least_ns == 0 ? 0 : rack_ns + wait_ns - m->now_ns;
    struct seq edge = board_box_at(f, takes_ties ? m->nxt : m->una);
    assert_int_equal(tcp_scoreboard_mark_lost_by_time(&f->board, rack_ns, edge, wait_ns, m->now_ns,
                                                      &remaining_ns),
                     lost);
    assert_in_range(remaining_ns, least_ns, f->board.count > 31 ? most_ns : least_ns);
}

static void both_forget(struct board_box *f, struct model *m)
{
    uint32_t lost = 0;
    for (uint32_t place = m->una; place < m->nxt; place++) {
        if (octet_at(m, place)->state == TCP_SPAN_STATE_SACKED) {
            octet_at(m, place)->state = TCP_SPAN_STATE_LOST;
            octet_at(m, place)->is_reneged = true;
            lost++;
        }
    }
    m->fack = m->una;
    assert_int_equal(tcp_scoreboard_forget_sacks(&f->board), lost);
}

static void both_undo(struct board_box *f, struct model *m)
{
    uint32_t back = 0;
    for (uint32_t place = m->una; place < m->nxt; place++) {
        if (octet_at(m, place)->is_undoable) {
            octet_at(m, place)->is_undoable = false;
            octet_at(m, place)->state = TCP_SPAN_STATE_FLIGHT;
            back++;
        }
    }
    assert_int_equal(tcp_scoreboard_undo_lost(&f->board), back);
}

static void both_act(struct board_box *f, struct model *m)
{
    uint32_t bytes = m->nxt - m->una;
    uint32_t left = m->una + (bytes == 0 ? 0 : test_random_below(&m->seed, bytes));
    uint32_t right = left + (bytes == 0 ? 0 : test_random_below(&m->seed, m->nxt - left) + 1);
    uint32_t act = test_random_below(&m->seed, 40);
    m->now_ns += test_random_below(&m->seed, 4);
    if (act < 14) {
        uint32_t more = test_random_below(&m->seed, 8);
        more = more <= WINDOW - bytes ? more : WINDOW - bytes;
        both_send(f, m, m->nxt + more);
    } else if (act < 24) {
        both_sack(f, m, left, right < left + 4 ? right : left + 4);
    } else if (act < 27) {
        both_ack(f, m, m->una + (right - m->una) / 2);
    } else if (act < 34) {
        both_resend(f, m, left, right < left + 5 ? right : left + 5);
    } else if (act < 38) {
        both_mark_by_time(f, m);
    } else if (act == 38) {
        both_mark_front(f, m, test_random_below(&m->seed, 2) == 0 ? m->nxt : right);
    } else if (test_random_below(&m->seed, 3) == 0) {
        both_forget(f, m);
    } else {
        both_undo(f, m);
    }
}

static void assert_equals_model(struct board_box *f, struct model *m)
{
    assert_true(tcp_scoreboard_check(&f->board));
    assert_true(seq_eq(f->board.una, board_box_at(f, m->una))
                && seq_eq(f->board.nxt, board_box_at(f, m->nxt)));
    assert_true(seq_eq(f->board.fack, board_box_at(f, m->fack)));
    const struct tcp_span *span = NULL;
    bool has_lost = false;
    for (uint32_t place = m->una; place < m->nxt; place++) {
        const struct octet *octet = octet_at(m, place);
        if (span == NULL || seq_eq(span->right, board_box_at(f, place))) {
            span = tcp_scoreboard_find(&f->board, board_box_at(f, place));
        }
        assert_int_equal(tcp_scoreboard_state_of(span), octet->state);
        assert_int_equal(span->resends, octet->resends);
        if (is_in_flight(octet)) {
            assert_int_equal(span->sent_ns, octet->sent_ns);
        }
        if (!has_lost && octet->state == TCP_SPAN_STATE_LOST) {
            assert_ptr_equal(tcp_scoreboard_first_lost(&f->board), span);
            has_lost = true;
        }
    }
    assert_true(has_lost || tcp_scoreboard_first_lost(&f->board) == NULL);
}

static void hist_35_board_equals_model_after_random_operations(void **state)
{
    (void)state;
    static const uint32_t isns[] = {0, 1, 0x7fffffff, 0x80000000, 0xffffffff};
    enum { ISNS = sizeof isns / sizeof *isns };
    uint64_t seed = 43;
    for (uint32_t round = 0; round < ISNS + 64; round++) {
        static struct board_box f;
        uint32_t drawn = (uint32_t)test_random(&seed);
        board_box_init(&f, UINT32_MAX, round < ISNS ? isns[round] : drawn);
        struct model m = {.now_ns = 100, .seed = test_random(&seed)};
        for (uint32_t step = 0; step < test_rows_times(14500); step++) {
            both_act(&f, &m);
            assert_equals_model(&f, &m);
        }
        board_box_deinit(&f);
    }
}

// One random call on a board that has no memory to spare: what was not offered in a SACK block is
// never SACKED, and every octet is delivered once.
static uint32_t act_starved(struct board_box *f, bool *offered, uint64_t *seed, uint64_t now_ns)
{
    uint32_t una = f->board.una.n - f->iss;
    uint32_t nxt = f->board.nxt.n - f->iss;
    uint32_t left = una + test_random_below(seed, nxt - una + 1);
    uint32_t right = left + test_random_below(seed, nxt - left + 1);
    uint64_t remaining_ns;
    f->delivery = (struct tcp_delivery){0};
    switch (test_random_below(seed, 6)) {
    case 0:
        if (nxt - una < WINDOW
            && !board_box_send(f, nxt + 1 + test_random_below(seed, 5), now_ns)) {
            assert_int_equal(board_box_state_at(f, nxt - 1), TCP_SPAN_STATE_SACKED);
        }
        break;
    case 1:
        memset(offered + left, 1, left > una ? right - left : 0);
        board_box_sack(f, left, right);
        break;
    case 2: board_box_ack(f, una + (left - una) / 4); break;
    case 3: board_box_resend(f, left, right, now_ns); break;
    case 4:
        tcp_scoreboard_mark_lost_by_time(&f->board, now_ns - 1, f->board.nxt, 9, now_ns,
                                         &remaining_ns);
        break;
    default: tcp_scoreboard_mark_lost_first(&f->board, right - una); break;
    }
    return f->delivery.acked_bytes + f->delivery.sacked_bytes;
}

static void hist_32_35_starved_board_never_claims_what_was_not_delivered(void **state)
{
    (void)state;
    uint64_t seed = 47;
    for (uint32_t round = 0; round < 400; round++) {
        static struct board_box f;
        static bool offered[4096];
        uint32_t delivered = 0;
        memset(offered, 0, sizeof offered);
        board_box_init(&f, 1 + round % 9, (uint32_t)test_random(&seed));
        for (uint32_t step = 0; step < 500; step++) {
            // Memory comes and goes, beside the cap.
            f.pool.objects_max = test_random_below(&seed, 8);
            delivered += act_starved(&f, offered, &seed, 10 + step);
            assert_true(tcp_scoreboard_check(&f.board));
            for (struct seq s = f.board.una; !seq_eq(s, f.board.nxt); s = seq_add(s, 1)) {
                uint32_t place = s.n - f.iss;
                assert_true(offered[place]
                            || board_box_state_at(&f, place) != TCP_SPAN_STATE_SACKED);
            }
        }
        board_box_ack(&f, f.board.nxt.n - f.iss);
        assert_int_equal(delivered + f.delivery.acked_bytes, f.board.nxt.n - f.iss);
        board_box_deinit(&f);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hist_35_board_equals_model_after_random_operations),
        cmocka_unit_test(hist_32_35_starved_board_never_claims_what_was_not_delivered),
    };
    return test_rows_main(argc, argv, tests, sizeof tests / sizeof tests[0], test_rows_run);
}
