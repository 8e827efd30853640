// SPDX-License-Identifier: MIT
//
// Which algorithm of congestion control a connection has, and the memory of those that need more
// than the block holds: it is taken when such an algorithm is chosen and given back when another
// one is, or with the connection's end.
#include "tcp/tcp_internal.h"

static struct tcp_cc_state *create_state(struct tcp *tcp, const struct tcp_cc_ops *ops)
{
    struct tcp_cc_state *state = NULL;
    if (ops->state_bytes > 0) {
        state = slab_pool_take(&tcp->cc_states, NULL);
    }
    if (state != NULL) {
        state->random = entropy_next(&tcp->entropy);
    }
    return state;
}

static void give_state(struct tcp *tcp, struct tcp_cc_state *state)
{
    if (state != NULL) {
        slab_pool_give(&tcp->cc_states, state);
    }
}

void tcp_congestion_open(struct tcp *tcp, struct tcp_conn *conn, uint64_t now_ns)
{
    const struct tcp_cc_ops *ops = tcp_cc_ops_of((enum synfin_congestion)conn->set.congestion);
    give_state(tcp, tcp_cc_state_of(&conn->cc));
    conn->cc.own.state = create_state(tcp, ops);
    if (ops->state_bytes > 0 && conn->cc.own.state == NULL) {
        conn->set.congestion = SYNFIN_CONGESTION_DEFAULT;
        ops = tcp_cc_ops_of(SYNFIN_CONGESTION_DEFAULT);
        tcp_trace_congestion(tcp, conn, SYNFIN_REASON_CC_NO_MEMORY, now_ns);
    }
    conn->cc.ops = ops;
    tcp_cc_open(&conn->cc, conn->snd.mss, tcp->config.initial_window_segments);
}

enum synfin_error tcp_set_congestion(struct tcp *tcp, struct tcp_conn *conn,
                                     enum synfin_congestion algorithm)
{
    const struct tcp_cc_ops *ops = tcp_cc_ops_of(algorithm);
    if (conn->cc.ops != NULL && conn->cc.ops != ops && !conn->is_done) {
        struct tcp_cc_state *before = tcp_cc_state_of(&conn->cc);
        struct tcp_cc_state *state = create_state(tcp, ops);
        if (ops->state_bytes > 0 && state == NULL) {
            return SYNFIN_ERROR_NO_MEMORY;
        }
        tcp_cc_switch(&conn->cc, ops, state);
        give_state(tcp, before);
    }
    conn->set.congestion = (uint8_t)algorithm;
    return SYNFIN_ERROR_OK;
}

// What it came to stays to be seen.
void tcp_congestion_free(struct tcp *tcp, struct tcp_conn *conn)
{
    struct tcp_cc_state *state = tcp_cc_state_of(&conn->cc);
    if (state != NULL) {
        uint64_t pacing_rate = conn->cc.pacing_rate;
        give_state(tcp, state);
        tcp_cc_switch(&conn->cc, tcp_cc_ops_of(SYNFIN_CONGESTION_DEFAULT), NULL);
        conn->cc.pacing_rate = pacing_rate;
    }
}
