// SPDX-License-Identifier: MIT
//
// A segment for which there is no connection and no listener: RFC 9293 §3.10.7.1, state CLOSED.
#include "tcp/tcp_internal.h"

// The reset that RFC 9293 §3.5.2 group 1 describes: it takes its sequence number from the
// segment's acknowledgment, or acknowledges what the segment occupies.
void tcp_closed_input_reset(struct tcp *tcp, const struct tcp_segment *seg, uint32_t number,
                            enum synfin_reason reason)
{
    const struct tcp_arrival *arrival = seg->arrival;
    struct tcp_stray stray = {
        .pair = {.local = arrival->dst,
                 .remote = arrival->src,
                 .local_port = seg->h.dst_port,
                 .remote_port = seg->h.src_port},
        .reason = (uint16_t)reason,
        .number = number,
        .iface = arrival->path.iface,
        .hop_limit = tcp->config.hop_limit,
    };
    if (tcp_segment_has(seg, SYNFIN_TCP_ACK)) {
        stray.seq = seg->h.ack;
        stray.flags = SYNFIN_TCP_RST;
    } else {
        stray.ack = seq_add(seg->h.seq, tcp_segment_len(seg));
        stray.flags = SYNFIN_TCP_RST | SYNFIN_TCP_ACK;
    }
    (void)tcp_stray_push(tcp, &stray);
}

enum tcp_verdict tcp_closed_input(struct tcp *tcp, struct tcp_segment *seg, uint64_t now_ns)
{
    if (tcp_segment_has(seg, SYNFIN_TCP_RST)) {
        return tcp_segment_drop(seg, SYNFIN_REASON_DROP_RST_NO_CONNECTION);
    }
    if (!tcp_stray_may_reset(tcp, &seg->arrival->src, now_ns)) {
        return tcp_segment_drop(seg, SYNFIN_REASON_DROP_RST_LIMIT);
    }
    tcp_closed_input_reset(tcp, seg, 0, SYNFIN_REASON_SEND_RST_NO_CONNECTION);
    return tcp_segment_drop(seg, SYNFIN_REASON_DROP_NO_CONNECTION);
}
