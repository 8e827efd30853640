// SPDX-License-Identifier: MIT
//
// One connection in a box; see conn_box.h.
#include "conn_box.h"

#include <string.h>

static void configure(struct synfin_stack_config *config)
{
    memset(config, 0, sizeof *config);
    config->size = sizeof *config;
    config->chunk_bytes = 4096;
    config->sockets_max = 16;
    config->send_buffer_bytes = config->receive_buffer_bytes = 65535;
    config->out_of_order_ranges_max = 16;
    config->rto_initial_ns = config->rto_min_ns = config->syn_ack_initial_ns = BOX_S;
    config->rto_max_ns = 60 * BOX_S;
    config->syn_retries = config->syn_ack_retries = config->data_retries = 8;
    config->orphan_retries = config->keepalive_probes = 3;
    config->delayed_ack_ns = 40 * BOX_MS;
    config->msl_ns = config->fin_wait_2_ns = 30 * BOX_S;
    config->keepalive_idle_ns = 7200 * BOX_S;
    config->keepalive_interval_ns = 75 * BOX_S;
    config->initial_window_segments = 10;
    config->challenge_acks_per_second = 10;
    config->answers_max = 64;
}

static void establish(struct tcp_conn *conn)
{
    conn->state = SYNFIN_TCP_STATE_ESTABLISHED;
    conn->is_syn_acked = true;
    conn->iss = seq_make(BOX_ISS);
    conn->irs = seq_make(BOX_IRS);
    conn->snd.una = conn->snd.nxt = conn->snd.resend = seq_make(BOX_ISS + 1);
    conn->snd.wnd = conn->snd.wnd_max = 65535;
    conn->snd.edge = seq_add(conn->snd.una, conn->snd.wnd);
    conn->set.reordering_segments = 3;
    conn->snd.mss = conn->snd.mss_peer = conn->rcv.mss = conn->rcv.mss_seen = BOX_MSS;
    conn->rcv.nxt = conn->rcv.adv = conn->rcv.acked = seq_make(BOX_IRS + 1);
    conn->cc.ops = &tcp_cc_newreno;
    tcp_cc_open(&conn->cc, BOX_MSS, 10);
}

void conn_box_init(struct conn_box *box)
{
    struct synfin_stack_config config;
    memset(box, 0, sizeof *box);
    configure(&config);
    test_env_bind(&box->env, &box->memory, 1);
    box->now_ns = 1000 * BOX_S;
    slab_source_init(&box->source, &box->env, (size_t)4 << 30, 65536);
    wheel_init(&box->wheel, box->now_ns);
    report_init(&box->report, NULL, NULL);
    assert_int_equal(tcp_init(&box->tcp, &config, &box->source, &box->wheel, &box->report),
                     SYNFIN_ERROR_OK);
    box->conn = tcp_life_create(&box->tcp, 0);
    assert_non_null(box->conn);
    establish(box->conn);
}

void conn_box_deinit(struct conn_box *box)
{
    box->conn->state = SYNFIN_TCP_STATE_CLOSED;
    tcp_life_free(&box->tcp, box->conn);
    tcp_deinit(&box->tcp);
    assert_int_equal(box->memory.slabs, 0);
}

void conn_box_advance(struct conn_box *box, uint64_t wait_ns)
{
    struct wheel_entry *entry;
    box->now_ns += wait_ns;
    wheel_advance(&box->wheel, box->now_ns);
    while ((entry = wheel_pop_due(&box->wheel)) != NULL) {
        tcp_timer_fire(&box->tcp, entry, box->now_ns);
    }
}

void conn_box_send(struct conn_box *box, uint32_t bytes)
{
    static const uint8_t octets[65536];
    struct gather from;
    gather_of_octets(&from, octets, bytes);
    assert_int_equal(stream_append(&box->conn->send, &box->tcp.chunks, &from, bytes), bytes);
    box->conn->snd.nxt = box->conn->snd.resend = seq_add(box->conn->snd.nxt, bytes);
}

void conn_box_ack(struct conn_box *box, uint32_t bytes)
{
    stream_drop(&box->conn->send, &box->tcp.chunks, bytes);
    box->conn->snd.una = seq_add(box->conn->snd.una, bytes);
}
