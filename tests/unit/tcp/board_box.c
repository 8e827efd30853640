// SPDX-License-Identifier: MIT
//
// The scoreboard that the tests share.
#include "board_box.h"

#include "lib/test_cmocka.h"

void board_box_init(struct board_box *box, uint32_t spans_max, uint32_t iss)
{
    test_env_init(&box->env);
    slab_source_init(&box->source, &box->env, SIZE_MAX, 4096);
    slab_pool_init(&box->pool, &box->source, sizeof(struct tcp_span), UINT32_MAX);
    tcp_scoreboard_init(&box->board, &box->pool, spans_max, 99, seq_make(iss));
    box->iss = iss;
}

void board_box_deinit(struct board_box *box)
{
    tcp_scoreboard_clear(&box->board);
    assert_true(tcp_scoreboard_check(&box->board));
    assert_int_equal(box->board.count, 0);
    assert_int_equal(box->pool.objects, 0);
    slab_pool_deinit(&box->pool);
    assert_int_equal(test_env_of(&box->env)->slabs, 0);
}

struct seq board_box_at(const struct board_box *box, uint32_t place)
{
    return seq_make(box->iss + place);
}

bool board_box_send(struct board_box *box, uint32_t right, uint64_t now_ns)
{
    struct tcp_send_snapshot snapshot = {.in_flight_bytes = right};
    return tcp_scoreboard_sent(&box->board, box->board.nxt, board_box_at(box, right), now_ns,
                               &snapshot);
}

void board_box_resend(struct board_box *box, uint32_t left, uint32_t right, uint64_t now_ns)
{
    struct tcp_send_snapshot snapshot = {.delivered_ns = now_ns};
    tcp_scoreboard_resent(&box->board, board_box_at(box, left), board_box_at(box, right), now_ns,
                          &snapshot);
}

void board_box_ack(struct board_box *box, uint32_t una)
{
    tcp_scoreboard_delivery_init(&box->board, &box->delivery);
    tcp_scoreboard_acked(&box->board, board_box_at(box, una), &box->delivery);
}

void board_box_sack(struct board_box *box, uint32_t left, uint32_t right)
{
    tcp_scoreboard_delivery_init(&box->board, &box->delivery);
    tcp_scoreboard_sacked(&box->board, board_box_at(box, left), board_box_at(box, right),
                          &box->delivery);
}

enum tcp_span_state board_box_state_at(struct board_box *box, uint32_t place)
{
    const struct tcp_span *span = tcp_scoreboard_find(&box->board, board_box_at(box, place));
    assert_non_null(span);
    return tcp_scoreboard_state_of(span);
}
