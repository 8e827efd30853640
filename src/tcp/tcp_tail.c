// SPDX-License-Identifier: MIT
//
// Tail-loss probes, RFC 8985 §7: when the end of a flight is lost, nothing comes back that could
// say so, and the retransmission timeout is long. After two round trips of silence one segment goes
// again, or a new one first: its acknowledgment tells what is missing.
#include "tcp/tcp_internal.h"
#include "tcp/tcp_linux.h"
#include "tcp/tcp_loss.h"
#include "tcp/tcp_record.h"

// §7.2: how long a peer may hold back the acknowledgment of a single segment.
#define WORST_DELAYED_ACK_NS (200 * NS_PER_MS)

// Nothing is known to be missing: then RACK has no use for another acknowledgment.
bool tcp_tail_may_probe(const struct tcp_conn *conn)
{
    const struct tcp_loss *loss = conn->loss;
    return loss != NULL && conn->set.has_tail_probes && !tcp_loss_is_repairing(conn)
           && !loss->tail.is_out && loss->board.sacked_bytes == 0 && loss->board.lost_bytes == 0
           && tcp_scoreboard_pipe(&loss->board) > 0 && conn->snd.wnd > 0;
}

// §7.2, TLP_calc_PTO
static uint64_t wait_ns(const struct tcp_conn *conn)
{
    bool is_single = tcp_scoreboard_pipe(&conn->loss->board) <= conn->snd.mss;
    uint64_t extra_ns = is_single ? WORST_DELAYED_ACK_NS : tcp_linux_late(conn);
    return 2 * conn->rtt.srtt_ns + extra_ns;
}

void tcp_tail_schedule(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns)
{
    bool is_due = tcp_tail_may_probe(conn) && conn->rtt.srtt_ns > 0;
    tcp_timer_on_tail(tcp, conn, is_due ? wait_ns(conn) : 0, now_ns);
}

void tcp_tail_fire(struct tcp *tcp, struct tcp_conn *conn)
{
    tcp_rate_check_dry(conn);
    if (tcp_tail_may_probe(conn)) {
        conn->pending.tail_probe = true;
        tcp_output_want(tcp, conn);
    }
}

// Just that segment, so that what the peer reports of a copy tells about all of it.
struct seq tcp_tail_last(const struct tcp_conn *conn, uint32_t mss)
{
    struct tcp_scoreboard *board = &conn->loss->board;
    const struct tcp_span *span = tcp_scoreboard_find(board, seq_sub(board->nxt, 1));
    struct seq end = seq_sub(span->right, conn->fin_sent ? 1 : 0);
    struct seq begin = tcp_record_begin(conn, span->left, end);
    uint32_t bytes = seq_distance(begin, end);
    return seq_add(begin, bytes > 0 ? (bytes - 1) / mss * mss : 0);
}

// §7.3: one probe per flight.
void tcp_tail_on_sent(struct tcp_conn *conn, const struct tcp_plan *plan)
{
    struct tcp_tail *tail = &conn->loss->tail;
    tail->is_out = true;
    tail->is_again = plan->is_again;
    tail->end = conn->loss->board.nxt;
    tail->flight_bytes = seq_distance(conn->snd.una, tail->end);
}

// §7.4, TLP_process_ack. True when the probe has repaired a loss that nothing else has shown: more
// than it is acknowledged, and no copy of it was reported. Until then nothing is known.
bool tcp_tail_on_ack(struct tcp_conn *conn, const struct tcp_segment *seg, bool has_dsack)
{
    struct tcp_tail *tail = &conn->loss->tail;
    if (!tail->is_out || seq_lt(seg->h.ack, tail->end)) {
        return false;
    }
    bool is_copy = has_dsack && seq_eq(seg->h.sack[0].right, tail->end);
    bool is_beyond = seq_gt(seg->h.ack, tail->end);
    tail->is_out = tail->is_again && !is_copy && !is_beyond;
    return tail->is_again && !is_copy && is_beyond;
}

// §7.4.2: both copies have arrived, at a peer that does not report the second.
void tcp_tail_on_duplicate(struct tcp_conn *conn, const struct tcp_segment *seg)
{
    struct tcp_tail *tail = &conn->loss->tail;
    tail->is_out = tail->is_out && !seq_eq(seg->h.ack, tail->end);
}
