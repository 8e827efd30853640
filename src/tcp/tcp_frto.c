// SPDX-License-Identifier: MIT
//
// After a timeout only the first segment goes again. If the path had only stood still, the
// acknowledgments of the first transmissions come one after the other. So the first one that moves
// SND.UNA is answered by new data instead of more of the old, and the second one decides:
//
//     timeout -> FIRST -- SND.UNA moves ----> NEW: up to two new segments
//                  |                           |-- what was sent once arrives: spurious, undo
//                  |-- all acknowledged: OFF   |-- only the new arrives: OFF, the loss was real
//                  \-- timeout: FIRST again    \-- timeout, or nothing new to send: OFF
//
// OFF is slow start over what is lost, as ever. A peer with SACK says exactly what has arrived
// (RFC 5682 §3.1); without it a duplicate means that only the new did (§2.1).
#include "tcp/tcp_frto.h"

#include "tcp/tcp_internal.h"
#include "tcp/tcp_loss.h"

enum { NEW_SEGMENTS = 2 }; // step 2b

// Step 1. While losses were being repaired, more than the first segment had been sent again, and
// acknowledgments would prove nothing.
// A timeout of the same first segment once more does not end it (RFC 5682 §2.2): nothing else was
// sent again, and a path may stand still for longer than two timeouts.
void tcp_frto_on_timeout(struct tcp_conn *conn, bool was_repairing)
{
    bool is_first = !was_repairing || conn->undo.frto == TCP_FRTO_FIRST;
    bool may_begin = is_first && conn->is_syn_acked && conn->set.has_frto;
    conn->undo.frto = may_begin ? TCP_FRTO_FIRST : TCP_FRTO_OFF;
    conn->undo.frto_segments = 0;
}

static void go_on_with_new(struct tcp_conn *conn)
{
    conn->undo.frto = TCP_FRTO_NEW;
    conn->undo.frto_segments = NEW_SEGMENTS;
}

// Step 3a. Slow start has come to no more than the three segments that are allowed here.
static void take_for_loss(struct tcp_conn *conn)
{
    conn->undo.frto = TCP_FRTO_OFF;
    if (conn->loss == NULL) {
        conn->snd.resend = conn->snd.una;
    }
}

// Step 2a: not all of what the timer sent again is acknowledged.
static bool is_first_open(const struct tcp_conn *conn)
{
    const struct tcp_span *first = tcp_scoreboard_find(&conn->loss->board, conn->snd.una);
    return first != NULL && tcp_scoreboard_state_of(first) == TCP_SPAN_STATE_RESENT;
}

bool tcp_frto_on_delivery(struct tcp_conn *conn, const struct tcp_delivery *delivery, bool is_moved)
{
    bool is_all = seq_ge(conn->snd.una, conn->recovery.recover);
    bool is_new = delivery->acked_bytes + delivery->sacked_bytes > 0;
    if (conn->undo.frto == TCP_FRTO_OFF) {
        return false;
    }
    if (conn->undo.frto == TCP_FRTO_NEW) {
        if (delivery->has_once && seq_le(delivery->once_lowest, conn->recovery.recover)) {
            conn->undo.frto = TCP_FRTO_OFF; // step 3b
            return true;
        }
        if (is_new) {
            take_for_loss(conn);
        }
    } else if (is_all || (is_moved && is_first_open(conn))) {
        conn->undo.frto = TCP_FRTO_OFF;
    } else if (is_moved) {
        go_on_with_new(conn);
    }
    return false;
}

bool tcp_frto_on_ack(struct tcp_conn *conn)
{
    bool is_spurious = conn->undo.frto == TCP_FRTO_NEW;
    bool is_decided =
        seq_ge(conn->snd.una, conn->recovery.recover) || seq_lt(conn->snd.una, conn->snd.resend);
    if (conn->undo.frto == TCP_FRTO_FIRST && !is_decided) {
        go_on_with_new(conn);
        conn->snd.resend = conn->snd.nxt;
    } else {
        conn->undo.frto = TCP_FRTO_OFF;
    }
    return is_spurious;
}

void tcp_frto_on_duplicate(struct tcp_conn *conn)
{
    if (conn->undo.frto == TCP_FRTO_NEW) {
        take_for_loss(conn);
    }
    conn->undo.frto = TCP_FRTO_OFF;
}

// Slow start has come to two segments, unless the first acknowledgment was for less than one.
uint32_t tcp_frto_room(const struct tcp_conn *conn)
{
    uint32_t flight = conn->loss != NULL ? tcp_scoreboard_pipe(&conn->loss->board)
                                         : seq_distance(conn->recovery.recover, conn->snd.nxt);
    uint32_t window = conn->cc.cwnd_bytes > flight ? conn->cc.cwnd_bytes - flight : 0;
    return tcp_cc_smaller(conn->undo.frto_segments * (uint32_t)conn->snd.mss, window);
}

void tcp_frto_on_sent(struct tcp_conn *conn, uint32_t bytes)
{
    uint32_t segments = bytes > 0 ? (bytes + conn->snd.mss - 1) / conn->snd.mss : 1;
    uint32_t left = conn->undo.frto_segments;
    conn->undo.frto_segments = (uint8_t)(left > segments ? left - segments : 0);
}

// Step 2b: one segment is enough; without any the timeout is taken for what it seemed.
void tcp_frto_on_nothing_new(struct tcp_conn *conn)
{
    if (conn->undo.frto_segments < NEW_SEGMENTS) {
        conn->undo.frto_segments = 0;
    } else {
        take_for_loss(conn);
    }
}
