// SPDX-License-Identifier: MIT
//
// Tail-loss probes, RFC 8985 §7: when the end of a flight is lost, nothing comes back that could
// say so, and the retransmission timeout is long. After two round trips of silence one segment goes
// again, or a new one first: its acknowledgment tells what is missing.
#include "tcp/tcp_internal.h"
#include "tcp/tcp_loss.h"

// §7.2: how long a peer may hold back the acknowledgment of a single segment.
#define WORST_DELAYED_ACK_NS (200 * NS_PER_MS)

// Nothing is known to be missing: then RACK has no use for another acknowledgment.
static bool may_probe(const struct tcp_conn *conn)
{
    const struct tcp_loss *loss = conn->loss;
    return loss != NULL && !conn->recovery.is_active && !conn->recovery.has_recover
           && !loss->tail.is_out && loss->board.sacked_bytes == 0 && loss->board.lost_bytes == 0
           && tcp_scoreboard_pipe(&loss->board) > 0 && conn->snd.wnd > 0;
}

// §7.2, TLP_calc_PTO
static uint64_t wait_ns(const struct tcp_conn *conn)
{
    bool is_single = tcp_scoreboard_pipe(&conn->loss->board) <= conn->snd.mss;
    return 2 * conn->rtt.srtt_ns + (is_single ? WORST_DELAYED_ACK_NS : 0);
}

void tcp_tail_schedule(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns)
{
    bool is_due = may_probe(conn) && conn->rtt.srtt_ns > 0;
    tcp_timer_on_tail(tcp, conn, is_due ? wait_ns(conn) : 0, now_ns);
}

void tcp_tail_fire(struct tcp *tcp, struct tcp_conn *conn)
{
    if (may_probe(conn)) {
        conn->pending.tail_probe = true;
        tcp_output_want(tcp, conn);
    }
}

// §7.3: one probe per flight.
void tcp_tail_on_sent(struct tcp_conn *conn, const struct tcp_plan *plan)
{
    struct tcp_tail *tail = &conn->loss->tail;
    tail->is_out = true;
    tail->is_again = plan->is_again;
    tail->end = conn->loss->board.nxt;
}

// §7.4, TLP_process_ack. True when the probe has repaired a loss that nothing else has shown.
bool tcp_tail_on_ack(struct tcp_conn *conn, const struct tcp_segment *seg, bool has_dsack)
{
    struct tcp_tail *tail = &conn->loss->tail;
    if (!tail->is_out || seq_lt(seg->h.ack, tail->end)) {
        return false;
    }
    bool is_beyond = seq_gt(seg->h.ack, tail->end);
    bool is_plain_duplicate = !is_beyond && seg->h.sack_blocks == 0;
    if (!tail->is_again || has_dsack) {
        tail->is_out = false; // nothing was lost, or RACK has found it
    } else if (is_beyond) {
        tail->is_out = false;
        return true;
    } else if (is_plain_duplicate) {
        tail->is_out = false;
    }
    return false;
}
