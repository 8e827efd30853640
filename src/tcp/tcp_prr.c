// SPDX-License-Identifier: MIT
//
// How much may go while losses are repaired: proportional rate reduction (RFC 6937). What leaves is
// tied to what arrives, so that the window shrinks to ssthresh evenly over the round trip.
#include "tcp/tcp_internal.h"
#include "tcp/tcp_loss.h"

void tcp_prr_spend(struct tcp_loss *loss, uint32_t bytes)
{
    struct tcp_prr *prr = &loss->prr;
    prr->out_bytes += bytes;
    prr->allowed_bytes = prr->allowed_bytes > bytes ? prr->allowed_bytes - bytes : 0;
}

// RFC 6937 §3.1, with the reduction bound of its slow start as long as recovery makes progress.
void tcp_prr_allow(struct tcp_conn *conn, uint32_t delivered, bool is_progress)
{
    struct tcp_prr *prr = &conn->loss->prr;
    uint32_t pipe = tcp_scoreboard_pipe(&conn->loss->board);
    uint32_t ssthresh = conn->cc.ssthresh_bytes;
    uint32_t mss = conn->snd.mss;
    prr->delivered_bytes += delivered;
    uint64_t allowed;
    if (pipe > ssthresh) {
        uint64_t flight = prr->flight_bytes > 0 ? prr->flight_bytes : 1;
        uint64_t due = (prr->delivered_bytes * ssthresh + flight - 1) / flight;
        allowed = due > prr->out_bytes ? due - prr->out_bytes : 0;
    } else {
        uint64_t behind =
            prr->delivered_bytes > prr->out_bytes ? prr->delivered_bytes - prr->out_bytes : 0;
        allowed = behind > delivered ? behind : delivered;
        allowed += is_progress ? mss : 0;
        allowed = deadline_min(allowed, ssthresh - pipe);
    }
    if (prr->out_bytes == 0) {
        allowed = deadline_max(allowed, mss); // the first retransmission goes at once
    }
    prr->allowed_bytes = (uint32_t)deadline_min(allowed, UINT32_MAX);
}
