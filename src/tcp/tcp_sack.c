// SPDX-License-Identifier: MIT
//
// SACK blocks that we send: RFC 2018 and, for what arrived twice, RFC 2883. A duplicate is
// remembered until the next segment that acknowledges, which reports it in its first block:
//
//     before RCV.NXT            {duplicate} {run} {run} ...
//     inside a run that we hold {duplicate} {the run it lies in} {run} ...
//
// and in no later one. Several before that acknowledgment are one block where they touch, else the
// last is reported. A run may be given up meanwhile: then nothing may be said of what it held.
#include "tcp/tcp_sack.h"

#include "tcp/tcp_accecn.h"

enum { OPTIONS_ROOM = 40, TIMESTAMPS_ROOM = 12, HEAD = 4, BLOCK = 8 };

// 12 + 4 + 3*8 = 40 with timestamps; two with what ECN tells besides.
static uint32_t blocks_max(const struct tcp_conn *conn)
{
    uint32_t used = (conn->uses_timestamps ? TIMESTAMPS_ROOM : 0) + tcp_accecn_option_bytes(conn);
    uint32_t most = (OPTIONS_ROOM - used - HEAD) / BLOCK;
    return most < SYNFIN_SACK_BLOCKS_MAX ? most : SYNFIN_SACK_BLOCKS_MAX;
}

static struct seq right_of(const struct reassembly_run *run)
{
    return seq_add(run->left, run->data.bytes);
}

static void note(struct tcp_conn *conn, struct seq left, struct seq right)
{
    struct tcp_receive_vars *rcv = &conn->rcv;
    if (!conn->uses_sack || !seq_lt(left, right)) {
        return;
    }
    bool touches = tcp_sack_has_again(conn) && seq_le(left, rcv->again_right)
                   && seq_le(rcv->again_left, right);
    rcv->again_left = touches ? seq_min(left, rcv->again_left) : left;
    rcv->again_right = touches ? seq_max(right, rcv->again_right) : right;
}

// A number may lie before everything that the peer has ever sent here: that is no duplicate.
void tcp_sack_note_old(struct tcp_conn *conn, struct seq left, uint32_t length)
{
    if (seq_ge(left, conn->rcv.nxt)) {
        return;
    }
    uint64_t taken = conn->totals.bytes_received + conn->fin_received;
    struct seq right = seq_min(seq_add(left, length), conn->rcv.nxt);
    if (seq_distance(left, conn->rcv.nxt) > taken) {
        left = seq_sub(conn->rcv.nxt, (uint32_t)taken);
    }
    note(conn, left, right);
}

void tcp_sack_note_syn(struct tcp_conn *conn)
{
    note(conn, conn->irs, seq_add(conn->irs, 1));
}

// RFC 2883 §4: of several parts the lowest is reported.
void tcp_sack_note_held(struct tcp_conn *conn, struct seq left, uint32_t bytes)
{
    const struct reassembly_run *run = reassembly_find(&conn->ooo, left, bytes);
    if (run != NULL) {
        note(conn, seq_max(left, run->left), seq_min(seq_add(left, bytes), right_of(run)));
    }
}

// The run that holds all of the duplicate; NULL when none does.
static const struct reassembly_run *run_around_again(const struct tcp_conn *conn)
{
    struct seq left = conn->rcv.again_left;
    struct seq right = conn->rcv.again_right;
    const struct reassembly_run *run = reassembly_find(&conn->ooo, left, seq_distance(left, right));
    return run != NULL && seq_le(run->left, left) && seq_le(right, right_of(run)) ? run : NULL;
}

static bool may_report_again(const struct tcp_conn *conn)
{
    return tcp_sack_has_again(conn)
           && (seq_le(conn->rcv.again_right, conn->rcv.nxt) || run_around_again(conn) != NULL);
}

bool tcp_sack_has_two(const struct tcp_conn *conn)
{
    return conn->uses_sack && conn->ooo.runs + may_report_again(conn) >= 2;
}

uint32_t tcp_sack_count(const struct tcp_conn *conn)
{
    uint32_t count = conn->uses_sack ? conn->ooo.runs + may_report_again(conn) : 0;
    if (count == 0) {
        return 0;
    }
    uint32_t most = blocks_max(conn);
    return count < most ? count : most;
}

static void add(struct wire_tcp *h, struct seq left, struct seq right)
{
    h->sack[h->sack_blocks].left = left;
    h->sack[h->sack_blocks].right = right;
    h->sack_blocks++;
}

// RFC 2018 §4: the block with the segment that arrived last comes first, but for the duplicate and
// the run around it (RFC 2883 §4.1.2).
void tcp_sack_add(struct tcp_conn *conn, struct wire_tcp *h)
{
    struct reassembly_block blocks[SYNFIN_SACK_BLOCKS_MAX];
    uint32_t most = blocks_max(conn);
    uint32_t count = reassembly_blocks(&conn->ooo, blocks, most);
    const struct reassembly_run *around = NULL;
    if (may_report_again(conn)) {
        around = run_around_again(conn);
        add(h, conn->rcv.again_left, conn->rcv.again_right);
    }
    if (around != NULL) {
        add(h, around->left, right_of(around));
    }
    for (uint32_t i = 0; i < count && h->sack_blocks < most; i++) {
        if (around == NULL || !seq_eq(blocks[i].left, around->left)) {
            add(h, blocks[i].left, blocks[i].right);
        }
    }
    conn->rcv.again_left = conn->rcv.again_right;
}
