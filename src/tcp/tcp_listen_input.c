// SPDX-License-Identifier: MIT
//
// A segment for a listener: RFC 9293 §3.10.7.2. A SYN makes a child in SYN-RECEIVED that belongs
// to the listener until somebody accepts it; the listener itself never changes.
#include "base/check.h"
#include "tcp/tcp_internal.h"

enum { ISN_STEP = 65536 }; // beyond what old segments of the pair could still acknowledge

static struct tcp_conn *make_child(struct tcp *tcp, const struct tcp_conn *listener,
                                   const struct tcp_segment *seg, uint64_t now_ns)
{
    struct tcp_conn *conn = tcp_life_create(tcp);
    if (conn == NULL) {
        return NULL;
    }
    conn->pair = (struct tcp_pair){.local = seg->arrival->dst,
                                   .remote = seg->arrival->src,
                                   .local_port = seg->h.dst_port,
                                   .remote_port = seg->h.src_port};
    conn->is_passive = true;
    conn->set = listener->set;
    tcp_state_set(tcp, conn, SYNFIN_TCP_STATE_LISTEN, SYNFIN_REASON_USER_LISTEN, now_ns);
    tcp_table_insert(tcp, conn);
    tcp_open_init(tcp, conn, &seg->arrival->path, now_ns);
    // RFC 9293 §3.6.1 [MAY-2]: larger than every number of the previous incarnation.
    if (seg->has_isn_floor && seq_le(conn->iss, seg->isn_floor)) {
        tcp_open_set_iss(conn, seq_add(seg->isn_floor, ISN_STEP));
    }
    tcp_open_take_syn(conn, seg, now_ns);
    return conn;
}

static enum tcp_verdict take_syn(struct tcp *tcp, struct tcp_conn *listener,
                                 struct tcp_segment *seg, uint64_t now_ns)
{
    if (listener->listen.half_opens >= listener->listen.backlog) {
        return tcp_segment_drop(seg, SYNFIN_REASON_DROP_BACKLOG);
    }
    struct tcp_conn *conn = make_child(tcp, listener, seg, now_ns);
    if (conn == NULL) {
        return tcp_segment_drop(seg, SYNFIN_REASON_DROP_NO_MEMORY);
    }
    conn->listener = listener;
    list_push_back(&listener->listen.half_open, &conn->family);
    listener->listen.half_opens++;
    tcp_state_set(tcp, conn, SYNFIN_TCP_STATE_SYN_RECEIVED, SYNFIN_REASON_SYN_ARRIVED, now_ns);
    tcp_output_want(tcp, conn);
    return tcp_segment_accept(seg, SYNFIN_REASON_RECEIVED_SYN);
}

enum tcp_verdict tcp_listen_input(struct tcp *tcp, struct tcp_conn *listener,
                                  struct tcp_segment *seg, uint64_t now_ns)
{
    if (tcp_segment_has(seg, SYNFIN_TCP_RST)) {
        return tcp_segment_drop(seg, SYNFIN_REASON_DROP_RST_LISTEN);
    }
    if (tcp_segment_has(seg, SYNFIN_TCP_ACK)) {
        if (!tcp_stray_is_allowed(tcp, now_ns)) {
            return tcp_segment_drop(seg, SYNFIN_REASON_DROP_RST_LIMIT);
        }
        tcp_closed_input_reset(tcp, seg, 0, SYNFIN_REASON_SEND_RST_LISTEN_ACK);
        return tcp_segment_drop(seg, SYNFIN_REASON_DROP_LISTEN_NOTHING);
    }
    if (!tcp_segment_has(seg, SYNFIN_TCP_SYN)) {
        return tcp_segment_drop(seg, SYNFIN_REASON_DROP_LISTEN_NOTHING);
    }
    if (tcp_segment_has(seg, SYNFIN_TCP_FIN)) {
        return tcp_segment_drop(seg, SYNFIN_REASON_DROP_TCP_FLAGS);
    }
    return take_syn(tcp, listener, seg, now_ns);
}
