// SPDX-License-Identifier: MIT
//
// Timestamps (RFC 7323): our clock, TS.Recent, and the check that refuses segments from the past
// (PAWS). TS.Recent changes only after the sequence numbers were found acceptable, so that a
// forged timestamp alone can blind nobody.
#include "tcp/tcp_internal.h"
#include "tcp/tcp_linux.h"

// RFC 7323 §5.5: a TS.Recent older than this says nothing any more.
#define TS_RECENT_VALID_NS (24 * 24 * 3600 * NS_PER_S)

// RFC 7323 §5.4: a clock of 1 ms.
uint32_t tcp_paws_clock(uint64_t now_ns)
{
    return (uint32_t)(now_ns / NS_PER_MS);
}

// With an offset of the connection's own: RFC 7323 §7.1.
uint32_t tcp_paws_now(const struct tcp_conn *conn, uint64_t now_ns)
{
    return tcp_paws_clock(now_ns) + conn->ts_offset;
}

// RFC 7323 §5.3, R1; and §3.2: once agreed on, every segment but a reset carries the option.
enum tcp_verdict tcp_paws_check(struct tcp *tcp, struct tcp_conn *conn, struct tcp_segment *seg,
                                uint64_t now_ns)
{
    if (!conn->uses_timestamps || tcp_segment_has(seg, SYNFIN_TCP_RST)) {
        return TCP_VERDICT_GO_ON;
    }
    if (!seg->h.has_timestamps && tcp_segment_has(seg, SYNFIN_TCP_SYN)) {
        return TCP_VERDICT_GO_ON; // a peer that restarted, perhaps: the challenge tells it
    }
    if (!seg->h.has_timestamps && tcp_linux_has(conn, SYNFIN_LINUX_WAY_BARE_SEGMENTS)) {
        return TCP_VERDICT_GO_ON;
    }
    if (!seg->h.has_timestamps) {
        return tcp_segment_drop(seg, SYNFIN_REASON_DROP_NO_TIMESTAMP);
    }
    bool is_older = (int32_t)(seg->h.ts_val - conn->ts_recent) < 0;
    if (!is_older || deadline_age(conn->ts_recent_ns, now_ns) > TS_RECENT_VALID_NS) {
        return TCP_VERDICT_GO_ON;
    }
    tcp_challenge_answer(tcp, conn, seg, now_ns);
    return tcp_segment_drop(seg, SYNFIN_REASON_DROP_PAWS);
}

// DEVIATES RFC 7323 §5.3 R3: called once RST, SYN and ACK were judged as well, not before, so that
// what RFC 5961 refuses moves no timestamp either.
// RFC 7323 §4.3 (2): SEG.TSval >= TS.Recent and SEG.SEQ <= Last.ACK.sent.
void tcp_paws_update(struct tcp_conn *conn, const struct tcp_segment *seg, uint64_t now_ns)
{
    if (!conn->uses_timestamps || !seg->h.has_timestamps) {
        return;
    }
    if (seq_le(seg->h.seq, conn->rcv.acked)) {
        conn->ts_recent = seg->h.ts_val;
        conn->ts_recent_ns = now_ns;
    }
}
