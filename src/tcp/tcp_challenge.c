// SPDX-License-Identifier: MIT
//
// Acknowledgments that answer a segment which was refused. They are limited per connection, by
// counters that no other connection can see (RFC 5961 §7; a limit for the whole stack would be
// an oracle for somebody off the path).
#include "tcp/tcp_internal.h"
#include "tcp/tcp_sack.h"

// Two ends that each hold the other's segments for unacceptable would answer each other for
// ever: a segment without data is answered at most this often.
#define ANSWER_INTERVAL_NS (500 * NS_PER_MS)

void tcp_challenge_send(struct tcp *tcp, struct tcp_conn *conn, enum synfin_reason reason,
                        uint64_t now_ns)
{
    if (deadline_age(conn->challenges_ns, now_ns) >= NS_PER_S) {
        conn->challenges_ns = now_ns;
        conn->challenges = 0;
    }
    if (conn->challenges >= tcp->config.challenge_acks_per_second) {
        report_count(tcp->report, SYNFIN_REASON_DROP_CHALLENGE_LIMIT);
        return;
    }
    conn->challenges++;
    tcp_output_acknowledge(tcp, conn, reason);
}

void tcp_challenge_answer(struct tcp *tcp, struct tcp_conn *conn, const struct tcp_segment *seg,
                          uint64_t now_ns)
{
    bool takes_space = tcp_segment_len(seg) > 0;
    bool is_recent =
        conn->has_answered && deadline_age(conn->answered_ns, now_ns) < ANSWER_INTERVAL_NS;
    if (!takes_space && is_recent) {
        report_count(tcp->report, SYNFIN_REASON_DROP_DUPLICATE_ACK_LIMIT);
        return;
    }
    if (!takes_space) {
        conn->has_answered = true;
        conn->answered_ns = now_ns;
    }
    bool is_old = seq_lt(seg->h.seq, conn->rcv.nxt);
    if (!tcp_segment_has(seg, SYNFIN_TCP_SYN)) {
        tcp_sack_note_old(conn, seg->h.seq, tcp_segment_len(seg));
    }
    tcp_output_acknowledge(tcp, conn,
                           is_old && takes_space ? SYNFIN_REASON_SEND_ACK_DUPLICATE
                                                 : SYNFIN_REASON_SEND_ACK_UNACCEPTABLE);
}
