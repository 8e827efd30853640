// SPDX-License-Identifier: MIT
//
// How much may go while losses are repaired: proportional rate reduction (RFC 9937). What leaves is
// tied to what arrives, so that the window shrinks to ssthresh evenly over the round trip.
#include "tcp/tcp_internal.h"
#include "tcp/tcp_linux.h"
#include "tcp/tcp_loss.h"

// §5: RecoverFS is what will have to be reported as delivered until recovery ends: without what
// was SACKED before, and with what the ACK brought that began it.
void tcp_prr_begin(struct tcp_conn *conn, uint32_t delivered_bytes)
{
    const struct tcp_scoreboard *board = &conn->loss->board;
    uint32_t open = seq_distance(conn->snd.una, conn->snd.nxt) - board->sacked_bytes;
    conn->loss->prr = (struct tcp_prr){.flight_bytes = open + delivered_bytes};
}

void tcp_prr_spend(struct tcp_loss *loss, uint32_t bytes)
{
    struct tcp_prr *prr = &loss->prr;
    prr->out_bytes += bytes;
    prr->allowed_bytes = prr->allowed_bytes > bytes ? prr->allowed_bytes - bytes : 0;
}

// SndCnt; `is_safe` is SafeACK: SND.UNA has moved, and nothing more was found lost.
void tcp_prr_allow(struct tcp_conn *conn, uint32_t delivered_bytes, bool is_safe)
{
    struct tcp_prr *prr = &conn->loss->prr;
    uint32_t pipe = tcp_scoreboard_pipe(&conn->loss->board);
    uint32_t ssthresh = conn->cc.ssthresh_bytes;
    uint32_t mss = conn->snd.mss;
    prr->delivered_bytes += delivered_bytes;
    uint64_t allowed;
    if (pipe > ssthresh) {
        uint64_t flight = prr->flight_bytes > 0 ? prr->flight_bytes : 1;
        uint64_t due = (prr->delivered_bytes * ssthresh + flight - 1) / flight;
        allowed = due > prr->out_bytes ? due - prr->out_bytes : 0;
    } else {
        uint64_t behind =
            prr->delivered_bytes > prr->out_bytes ? prr->delivered_bytes - prr->out_bytes : 0;
        bool repays = is_safe || !tcp_linux_has(conn, SYNFIN_LINUX_WAY_REPAY_RESENT);
        allowed = deadline_max(repays ? behind : 0, delivered_bytes) + (is_safe ? mss : 0);
        allowed = deadline_min(allowed, ssthresh - pipe);
    }
    if (prr->out_bytes == 0) {
        allowed = deadline_max(allowed, mss); // the first retransmission goes at once
    }
    prr->allowed_bytes = (uint32_t)deadline_min(allowed, UINT32_MAX);
}
