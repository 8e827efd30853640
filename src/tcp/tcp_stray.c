// SPDX-License-Identifier: MIT
//
// Segments without a connection block: resets, in a ring of fixed size that the device drains.
// When the ring is full the newest is not sent: a reset is a courtesy that the peer's next
// segment asks for again. Resets to nowhere are limited in time as well, so that this stack
// reflects no flood.
#include "base/check.h"
#include "tcp/tcp_internal.h"

enum {
    RESETS_PER_SECOND = 1000, // RFC 5961 §7 leaves the figure to us
};

void tcp_stray_push(struct tcp *tcp, const struct tcp_stray *stray)
{
    if (tcp->stray_count == TCP_RESETS_MAX) {
        report_count(tcp->report, SYNFIN_REASON_DROP_OUTPUT_FULL);
        return;
    }
    tcp->stray[(tcp->stray_first + tcp->stray_count) % TCP_RESETS_MAX] = *stray;
    tcp->stray_count++;
}

bool tcp_stray_is_allowed(struct tcp *tcp, uint64_t now_ns)
{
    uint64_t earned = deadline_age(tcp->reset_tokens_ns, now_ns) / (NS_PER_S / RESETS_PER_SECOND);
    if (earned > 0) {
        uint64_t tokens = tcp->reset_tokens + deadline_min(earned, TCP_RESETS_BURST);
        tcp->reset_tokens = (uint32_t)deadline_min(tokens, TCP_RESETS_BURST);
        tcp->reset_tokens_ns = now_ns;
    }
    if (tcp->reset_tokens == 0) {
        return false;
    }
    tcp->reset_tokens--;
    return true;
}

// RFC 9293 §3.10.5: <SEQ=SND.NXT><CTL=RST>; the acknowledgment is added so that the peer can
// tell it from a blind guess.
void tcp_stray_reset(struct tcp *tcp, const struct tcp_conn *conn, enum synfin_reason reason)
{
    struct tcp_stray stray = {
        .pair = conn->pair,
        .seq = conn->snd.nxt,
        .ack = conn->rcv.nxt,
        .flags = SYNFIN_TCP_RST | SYNFIN_TCP_ACK,
        .reason = (uint16_t)reason,
        .number = conn->number,
        .iface = conn->path.iface,
        .hop_limit = conn->set.hop_limit,
    };
    tcp_stray_push(tcp, &stray);
}

// Moves the first stray of `iface` to the front of the ring; false when there is none.
static bool bring_to_front(struct tcp *tcp, uint32_t iface)
{
    for (uint32_t i = 0; i < tcp->stray_count; i++) {
        uint32_t at = (tcp->stray_first + i) % TCP_RESETS_MAX;
        if (tcp->stray[at].iface == iface) {
            struct tcp_stray found = tcp->stray[at];
            tcp->stray[at] = tcp->stray[tcp->stray_first];
            tcp->stray[tcp->stray_first] = found;
            return true;
        }
    }
    return false;
}

bool tcp_stray_output(struct tcp *tcp, uint32_t iface, struct synfin_packet *packet,
                      struct tcp_stray *stray, uint64_t now_ns)
{
    if (!bring_to_front(tcp, iface)) {
        return false;
    }
    *stray = tcp->stray[tcp->stray_first];
    tcp->stray_first = (tcp->stray_first + 1) % TCP_RESETS_MAX;
    tcp->stray_count--;
    struct wire_tcp h = {
        .src_port = stray->pair.local_port,
        .dst_port = stray->pair.remote_port,
        .seq = stray->seq,
        .ack = stray->ack,
        .flags = stray->flags,
    };
    tcp_emit_header(tcp, packet, &stray->pair, &h);
    packet->reason = stray->reason;
    packet->conn = stray->number;
    tcp->segments_out++;
    struct tcp_sent sent = {.pair = &stray->pair,
                            .h = &h,
                            .number = stray->number,
                            .reason = (enum synfin_reason)stray->reason};
    tcp_trace_sent(tcp, &sent, now_ns);
    return true;
}
