// SPDX-License-Identifier: MIT
//
// The scoreboard under any order of sending, acknowledging, losing and reneging, against an array
// of what each octet is. With memory they agree octet by octet. Without, the board may know less
// than it was told, but says of no octet that it was delivered which was not, and goes on.
#include <string.h>

#include "fuzz_input.h"
#include "lib/test_env.h"
#include "tcp/tcp_scoreboard.h"

enum { WINDOW = 128, SPANS_MAX = 1000, SPANS_FEW = 4 };

struct model {
    struct test_env memory;
    struct slab_source source;
    struct slab_pool pool;
    struct tcp_scoreboard board;
    struct tcp_delivery delivery;      // of the present call
    enum tcp_span_state octet[WINDOW]; // from SND.UNA on
    bool was_resent[WINDOW];
    uint32_t una, nxt; // counted from the first octet
    uint32_t iss;
    uint64_t now_ns;
    bool is_scarce; // spans ran out, so the model knows more
};

static struct seq seq_of(const struct model *m, uint32_t place)
{
    return seq_make(m->iss + place);
}

// A part of what is out, maybe empty.
static void take_range(const struct model *m, struct fuzz_input *in, uint32_t *left,
                       uint32_t *right)
{
    uint32_t out = m->nxt - m->una;
    uint32_t at = (uint32_t)fuzz_take(in, 1) % (out + 1);
    uint32_t bytes = (uint32_t)fuzz_take(in, 1) % (out - at + 1);
    *left = m->una + at;
    *right = m->una + at + bytes;
}

static void send_new(struct model *m, struct fuzz_input *in)
{
    struct tcp_send_snapshot snapshot = {.delivered_bytes = m->una};
    uint32_t bytes = (uint32_t)fuzz_take(in, 1) % (WINDOW - (m->nxt - m->una) + 1);
    if (bytes == 0
        || !tcp_scoreboard_sent(&m->board, seq_of(m, m->nxt), seq_of(m, m->nxt + bytes), m->now_ns,
                                &snapshot)) {
        fuzz_require(bytes == 0 || (m->is_scarce && m->nxt > m->una));
        return;
    }
    for (uint32_t i = 0; i < bytes; i++, m->nxt++) {
        m->octet[m->nxt - m->una] = TCP_SPAN_STATE_FLIGHT;
        m->was_resent[m->nxt - m->una] = false;
    }
}

static void send_again(struct model *m, struct fuzz_input *in)
{
    struct tcp_send_snapshot snapshot = {.delivered_bytes = m->una};
    uint32_t left;
    uint32_t right;
    take_range(m, in, &left, &right);
    if (left == right) {
        return;
    }
    tcp_scoreboard_resent(&m->board, seq_of(m, left), seq_of(m, right), m->now_ns, &snapshot);
    for (uint32_t i = left - m->una; i < right - m->una; i++) {
        if (m->octet[i] != TCP_SPAN_STATE_SACKED) {
            m->octet[i] = TCP_SPAN_STATE_RESENT;
            m->was_resent[i] = true;
        }
    }
}

static void acknowledge(struct model *m, struct fuzz_input *in)
{
    uint32_t una = m->una + (uint32_t)fuzz_take(in, 1) % (m->nxt - m->una + 1);
    uint32_t delivered = 0;
    for (uint32_t i = 0; i < una - m->una; i++) {
        delivered += m->octet[i] != TCP_SPAN_STATE_SACKED;
    }
    tcp_scoreboard_delivery_init(&m->board, &m->delivery);
    tcp_scoreboard_acked(&m->board, seq_of(m, una), &m->delivery);
    fuzz_require(m->delivery.sacked_bytes == 0);
    fuzz_require(m->is_scarce ? m->delivery.acked_bytes <= una - m->una
                              : m->delivery.acked_bytes == delivered);
    uint32_t left = m->nxt - una;
    memmove(m->octet, m->octet + (una - m->una), left * sizeof *m->octet);
    memmove(m->was_resent, m->was_resent + (una - m->una), left * sizeof *m->was_resent);
    m->una = una;
}

// A block of the peer's; one that begins below SND.UNA or ends above SND.NXT says nothing.
static void block(struct model *m, struct fuzz_input *in)
{
    uint32_t left;
    uint32_t right;
    uint32_t delivered = 0;
    take_range(m, in, &left, &right);
    uint32_t lie = (uint32_t)fuzz_take(in, 1);
    left -= lie == 1;
    right += lie == 2 ? 1 + m->nxt - right : 0;
    bool is_good = left > m->una && left < right && right <= m->nxt && left + 1 != 0;
    for (uint32_t at = left; is_good && at < right; at++) {
        delivered += m->octet[at - m->una] != TCP_SPAN_STATE_SACKED;
        m->octet[at - m->una] = TCP_SPAN_STATE_SACKED;
    }
    tcp_scoreboard_delivery_init(&m->board, &m->delivery);
    tcp_scoreboard_sacked(&m->board, seq_of(m, left), seq_of(m, right), &m->delivery);
    fuzz_require(m->delivery.acked_bytes == 0);
    // A board that has lost count may learn again what the model knows.
    fuzz_require(m->is_scarce ? m->delivery.sacked_bytes <= (is_good ? right - left : 0)
                              : m->delivery.sacked_bytes == delivered);
}

static uint32_t lose_first(struct model *m, uint32_t bytes)
{
    uint32_t lost = 0;
    for (uint32_t i = 0; i < m->nxt - m->una && i < bytes; i++) {
        if (m->octet[i] == TCP_SPAN_STATE_FLIGHT || m->octet[i] == TCP_SPAN_STATE_RESENT) {
            m->octet[i] = TCP_SPAN_STATE_LOST;
            lost++;
        }
    }
    return lost;
}

// Every octet of one state becomes one of another.
static uint32_t turn(struct model *m, enum tcp_span_state from, enum tcp_span_state to)
{
    uint32_t turned = 0;
    for (uint32_t i = 0; i < m->nxt - m->una; i++) {
        if (m->octet[i] == from && (to != TCP_SPAN_STATE_FLIGHT || !m->was_resent[i])) {
            m->octet[i] = to;
            turned++;
        }
    }
    return turned;
}

static void lose(struct model *m, struct fuzz_input *in)
{
    uint32_t bytes = (uint32_t)fuzz_take(in, 1);
    uint32_t lost = bytes >= WINDOW ? tcp_scoreboard_mark_lost_all(&m->board)
                                    : tcp_scoreboard_mark_lost_first(&m->board, bytes);
    fuzz_require(lose_first(m, bytes) == lost || m->is_scarce);
}

static void renege(struct model *m)
{
    uint32_t lost = tcp_scoreboard_forget_sacks(&m->board);
    for (uint32_t i = 0; i < m->nxt - m->una; i++) { // for good: no undo brings it back
        m->was_resent[i] = m->was_resent[i] || m->octet[i] == TCP_SPAN_STATE_SACKED;
    }
    fuzz_require(turn(m, TCP_SPAN_STATE_SACKED, TCP_SPAN_STATE_LOST) == lost || m->is_scarce);
}

static void check_octets(struct model *m)
{
    uint32_t sacked = 0;
    for (uint32_t place = m->una; place < m->nxt; place++) {
        const struct tcp_span *span = tcp_scoreboard_find(&m->board, seq_of(m, place));
        enum tcp_span_state wanted = m->octet[place - m->una];
        fuzz_require(span != NULL);
        enum tcp_span_state state = tcp_scoreboard_state_of(span);
        fuzz_require(m->is_scarce || state == wanted);
        fuzz_require(state != TCP_SPAN_STATE_SACKED || wanted == TCP_SPAN_STATE_SACKED);
        sacked += state == TCP_SPAN_STATE_SACKED;
    }
    fuzz_require(m->board.sacked_bytes == sacked);
}

static void check(struct model *m)
{
    fuzz_require(tcp_scoreboard_check(&m->board));
    fuzz_require(seq_eq(m->board.una, seq_of(m, m->una)));
    fuzz_require(seq_eq(m->board.nxt, seq_of(m, m->nxt)));
    const struct tcp_scoreboard *board = &m->board;
    fuzz_require(board->flight_bytes + board->resent_bytes + board->sacked_bytes + board->lost_bytes
                 == m->nxt - m->una);
    fuzz_require(tcp_scoreboard_find(&m->board, seq_of(m, m->nxt)) == NULL);
    check_octets(m);
}

static void run_step(struct model *m, struct fuzz_input *in)
{
    uint32_t choice = (uint32_t)fuzz_take(in, 1);
    m->now_ns += choice / 16;
    switch (choice % 10) {
    case 0:
    case 1: send_new(m, in); break;
    case 2: send_again(m, in); break;
    case 3:
    case 4: acknowledge(m, in); break;
    case 5:
    case 6: block(m, in); break;
    case 7: lose(m, in); break;
    case 8: renege(m); break;
    default: {
        uint32_t back = tcp_scoreboard_undo_lost(&m->board);
        fuzz_require(turn(m, TCP_SPAN_STATE_LOST, TCP_SPAN_STATE_FLIGHT) == back || m->is_scarce);
        break;
    }
    }
    check(m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct model m;
    struct synfin_env env;
    struct fuzz_input in = {data, size};
    memset(&m, 0, sizeof m);
    uint32_t how = (uint32_t)fuzz_take(&in, 1);
    m.is_scarce = (how & 1) != 0;
    m.iss = 0U - (uint32_t)fuzz_take(&in, 1) + (how & 2) * (1U << 30); // across 0 or 2^31
    test_env_bind(&env, &m.memory, 1);
    slab_source_init(&m.source, &env, SIZE_MAX, 4096);
    slab_pool_init(&m.pool, &m.source, sizeof(struct tcp_span), UINT32_MAX);
    tcp_scoreboard_init(&m.board, &m.pool, m.is_scarce ? SPANS_FEW : SPANS_MAX, 99,
                        seq_make(m.iss));
    m.memory.fail_after = m.is_scarce && (how & 4) != 0 ? 0 : UINT32_MAX;
    while (in.bytes > 0) {
        run_step(&m, &in);
    }
    tcp_scoreboard_clear(&m.board);
    fuzz_require(m.board.count == 0 && m.pool.objects == 0);
    slab_pool_deinit(&m.pool);
    fuzz_require(m.memory.slabs == 0);
    return 0;
}
