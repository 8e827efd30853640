// SPDX-License-Identifier: MIT
//
// Trace events of TCP. Each function counts the reason, and fills an event only when somebody
// listens.
#include <string.h>

#include "tcp/tcp_internal.h"
#include "tcp/tcp_mtu.h"

static void begin(struct synfin_trace_event *event, const struct tcp_pair *pair, uint32_t number,
                  enum synfin_trace_kind kind, enum synfin_reason reason, uint64_t now_ns)
{
    memset(event, 0, sizeof(*event));
    event->kind = kind;
    event->reason = reason;
    event->t_ns = now_ns;
    event->conn = number;
    event->local.addr = pair->local;
    event->local.port = pair->local_port;
    event->remote.addr = pair->remote;
    event->remote.port = pair->remote_port;
}

static void tell(const struct tcp *tcp, const struct synfin_trace_event *event)
{
    tcp->report->trace(tcp->report->trace_ctx, event);
}

void tcp_trace_state(struct tcp *tcp, const struct tcp_change *change, uint64_t now_ns)
{
    report_count(tcp->report, change->cause);
    if (tcp->report->trace == NULL) {
        return;
    }
    struct synfin_trace_event event;
    begin(&event, change->pair, change->number, SYNFIN_TRACE_STATE, change->cause, now_ns);
    event.as.state.from = change->from;
    event.as.state.to = change->to;
    tell(tcp, &event);
}

void tcp_trace_timer(struct tcp *tcp, const struct tcp_tick *tick, uint64_t now_ns)
{
    report_count(tcp->report, tick->reason);
    if (tcp->report->trace == NULL) {
        return;
    }
    struct synfin_trace_event event;
    begin(&event, tick->pair, tick->number, tick->kind, tick->reason, now_ns);
    event.as.timer.timer = tick->timer;
    event.as.timer.deadline_ns = tick->deadline_ns;
    event.as.timer.count = tick->count;
    tell(tcp, &event);
}

void tcp_trace_congestion(struct tcp *tcp, const struct tcp_conn *conn, enum synfin_reason reason,
                          uint64_t now_ns)
{
    report_count(tcp->report, reason);
    if (tcp->report->trace == NULL) {
        return;
    }
    struct synfin_trace_event event;
    begin(&event, &conn->pair, conn->number, SYNFIN_TRACE_CONGESTION, reason, now_ns);
    event.as.congestion.cwnd_bytes = conn->cc.cwnd_bytes;
    event.as.congestion.ssthresh_bytes = conn->cc.ssthresh_bytes;
    tell(tcp, &event);
}

void tcp_trace_buffer(struct tcp *tcp, const struct tcp_conn *conn, const struct tcp_resize *resize,
                      uint64_t now_ns)
{
    report_count(tcp->report, resize->reason);
    if (tcp->report->trace == NULL) {
        return;
    }
    struct synfin_trace_event event;
    begin(&event, &conn->pair, conn->number, SYNFIN_TRACE_BUFFER, resize->reason, now_ns);
    event.as.buffer.bytes = resize->bytes;
    event.as.buffer.before_bytes = resize->before_bytes;
    event.as.buffer.measured_bytes = resize->measured_bytes;
    event.as.buffer.rtt_ns = resize->rtt_ns;
    tell(tcp, &event);
}

void tcp_trace_path_mtu(struct tcp *tcp, const struct tcp_conn *conn, enum synfin_reason reason,
                        uint64_t now_ns)
{
    report_count(tcp->report, reason);
    if (tcp->report->trace == NULL) {
        return;
    }
    struct synfin_trace_event event;
    begin(&event, &conn->pair, conn->number, SYNFIN_TRACE_PATH_MTU, reason, now_ns);
    event.as.path_mtu.mtu_bytes = conn->pmtu_bytes;
    event.as.path_mtu.probe_bytes = conn->mtu != NULL ? conn->mtu->probe_bytes : 0;
    tell(tcp, &event);
}

void tcp_trace_outcome(struct tcp *tcp, const struct tcp_pair *pair, uint32_t number,
                       enum synfin_error error, enum synfin_reason reason, uint64_t now_ns)
{
    if (tcp->report->trace == NULL) {
        return;
    }
    struct synfin_trace_event event;
    begin(&event, pair, number, SYNFIN_TRACE_OUTCOME, reason, now_ns);
    event.as.outcome.error = error;
    tell(tcp, &event);
}

void tcp_trace_received(struct tcp *tcp, const struct tcp_segment *seg, uint32_t number,
                        enum synfin_trace_kind kind, uint32_t payload_bytes, uint64_t now_ns)
{
    report_count(tcp->report, (enum synfin_reason)seg->reason);
    if (tcp->report->trace == NULL) {
        return;
    }
    const struct tcp_arrival *arrival = seg->arrival;
    struct tcp_pair pair = {.local = arrival->dst,
                            .remote = arrival->src,
                            .local_port = seg->h.dst_port,
                            .remote_port = seg->h.src_port};
    struct synfin_trace_event event;
    begin(&event, &pair, number, kind, (enum synfin_reason)seg->reason, now_ns);
    wire_tcp_describe(&seg->h, &arrival->src, &arrival->dst, payload_bytes, &event.as.segment);
    tell(tcp, &event);
}

void tcp_trace_sent(struct tcp *tcp, const struct tcp_sent *sent, uint64_t now_ns)
{
    report_count(tcp->report, sent->reason);
    if (tcp->report->trace == NULL) {
        return;
    }
    struct synfin_trace_event event;
    enum synfin_trace_kind kind =
        sent->is_again ? SYNFIN_TRACE_SEGMENT_RETRANSMITTED : SYNFIN_TRACE_SEGMENT_SENT;
    begin(&event, sent->pair, sent->number, kind, sent->reason, now_ns);
    wire_tcp_describe(sent->h, &sent->pair->local, &sent->pair->remote, sent->payload_bytes,
                      &event.as.segment);
    tell(tcp, &event);
}
