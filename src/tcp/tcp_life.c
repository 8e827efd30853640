// SPDX-License-Identifier: MIT
//
// Birth and end of TCP and of connection blocks. A block lives from open (or a completed handshake)
// until both the protocol and the user are done with it:
//
//     user holds it   protocol runs      what it is
//     yes             yes                a connection
//     yes             no                 a handle that still tells how it ended, and holds data
//     no              yes                an orphan: closing
//     no              no                 free
//
// Half-open connections and those in TIME-WAIT need no block: stubs keep them (tcp_stub.h).
// Children of a listener that nobody has accepted belong to the listener.
#include <string.h>

#include "base/check.h"
#include "base/cpu.h"
#include "tcp/tcp_autotune.h"
#include "tcp/tcp_fastopen_conn.h"
#include "tcp/tcp_internal.h"
#include "tcp/tcp_linux.h"
#include "tcp/tcp_loss.h"
#include "tcp/tcp_mtu.h"
#include "tcp/tcp_record.h"

static struct siphash_key draw_key(const struct slab_source *memory)
{
    struct siphash_key key;
    memory->env.entropy(memory->env.ctx, &key, sizeof(key));
    return key;
}

// The same on machines of either byte order.
static void read_secret(const uint8_t octets[32], uint64_t secret[4])
{
    for (uint32_t i = 0; i < 4; i++) {
        secret[i] = 0;
        for (uint32_t k = 8; k-- > 0;) {
            secret[i] = secret[i] << 8 | octets[8 * i + k];
        }
    }
}

static void init_cookies(struct tcp *tcp)
{
    const struct synfin_stack_config *config = &tcp->config;
    uint64_t secret[4];
    _Static_assert(sizeof(secret) == sizeof(config->cookie_secret), "the secret as configured");
    if (config->has_cookie_secret) {
        read_secret(config->cookie_secret, secret);
    } else {
        tcp->memory->env.entropy(tcp->memory->env.ctx, secret, sizeof(secret));
    }
    tcp_cookie_init(&tcp->cookies, secret, config->cookie_clock_offset_ns,
                    config->cookie_lifetime_ns);
    tcp_fastopen_init(&tcp->fastopen_jar, secret, config->cookie_clock_offset_ns);
    if (config->has_cookie_secret) {
        tcp->ts_key = tcp_cookie_stamp_key(&tcp->cookies);
    }
}

static void init_keys(struct tcp *tcp)
{
    struct siphash_key entropy_key = draw_key(tcp->memory);
    entropy_init(&tcp->entropy, &entropy_key);
    tcp->table_key = draw_key(tcp->memory);
    tcp->isn_key = draw_key(tcp->memory);
    tcp->ts_key = draw_key(tcp->memory);
    init_cookies(tcp);
    tcp->strays.reset_key = draw_key(tcp->memory);
}

enum synfin_error tcp_init(struct tcp *tcp, const struct synfin_stack_config *config,
                           struct slab_source *memory, struct wheel *wheel, struct report *report)
{
    memset(tcp, 0, sizeof(*tcp));
    tcp->config = *config;
    tcp->memory = memory;
    tcp->wheel = wheel;
    tcp->report = report;
    tcp->has_avx2 = cpu_has_avx2();
    init_keys(tcp);
    slab_pool_init(&tcp->conns, memory, sizeof(struct tcp_conn), config->sockets_max);
    slab_pool_init(&tcp->runs, memory, sizeof(struct reassembly_run), UINT32_MAX);
    slab_pool_init(&tcp->losses, memory, sizeof(struct tcp_loss), UINT32_MAX);
    slab_pool_init(&tcp->spans, memory, sizeof(struct tcp_span), UINT32_MAX);
    slab_pool_init(&tcp->cc_states, memory, tcp_cc_state_bytes_max(), UINT32_MAX);
    slab_pool_init(&tcp->autotunes, memory, sizeof(struct tcp_autotune), UINT32_MAX);
    slab_pool_init(&tcp->mtus, memory, sizeof(struct tcp_mtu), UINT32_MAX);
    slab_pool_init(&tcp->fastopen_jars, memory, sizeof(struct tcp_fastopen_jar), UINT32_MAX);
    slab_pool_init(&tcp->records, memory, tcp_record_bytes(), UINT32_MAX);
    chunk_pool_init(&tcp->chunks, memory, config->chunk_bytes);
    tcp_stub_table_init(&tcp->half_open, memory, wheel, &tcp->table_key, &tcp->stub_addrs,
                        config->half_open_max);
    tcp_stub_table_init(&tcp->time_wait, memory, wheel, &tcp->table_key, &tcp->stub_addrs,
                        config->time_wait_max);
    tcp_mtu_cache_init(&tcp->mtu_cache, memory, &tcp->table_key);
    tcp_fastopen_peers_init(&tcp->fastopen_peers, memory, config->fastopen_peers_max,
                            config->fastopen_off_ns);
    list_init(&tcp->events);
    list_init(&tcp->starved);
    for (uint32_t i = 0; i < SYNFIN_IFACES_MAX; i++) {
        list_init(&tcp->ready[i]);
        list_init(&tcp->parked[i]);
    }
    if (!tcp_stray_init(tcp)) {
        return SYNFIN_ERROR_NO_MEMORY;
    }
    enum synfin_error error = tcp_table_init(tcp);
    if (error != SYNFIN_ERROR_OK) {
        tcp_stray_deinit(tcp);
    }
    return error;
}

void tcp_deinit(struct tcp *tcp)
{
    // First these: they take their entries off the wheel, whose other entries lie in connections.
    tcp_stub_table_deinit(&tcp->half_open);
    tcp_stub_table_deinit(&tcp->time_wait);
    slab_pool_deinit(&tcp->conns);
    slab_pool_deinit(&tcp->runs);
    slab_pool_deinit(&tcp->losses);
    slab_pool_deinit(&tcp->spans);
    slab_pool_deinit(&tcp->cc_states);
    slab_pool_deinit(&tcp->autotunes);
    slab_pool_deinit(&tcp->mtus);
    slab_pool_deinit(&tcp->fastopen_jars);
    slab_pool_deinit(&tcp->records);
    tcp_mtu_cache_deinit(&tcp->mtu_cache);
    chunk_pool_deinit(&tcp->chunks);
    tcp_fastopen_peers_deinit(&tcp->fastopen_peers);
    tcp_table_deinit(tcp);
    tcp_stray_deinit(tcp);
}

static void init_settings(struct tcp_settings *set, const struct synfin_stack_config *config)
{
    set->congestion = (uint8_t)config->congestion;
    set->ecn = config->ecn;
    set->has_accurate_ecn = config->accurate_ecn != 0;
    set->send_buffer_bytes = config->send_buffer_bytes;
    set->receive_buffer_bytes = config->receive_buffer_bytes;
    set->keepalive_idle_ns = config->keepalive_idle_ns;
    set->has_pacing = config->use_pacing != 0;
    set->linux_ways = config->linux_ways;
    set->burst_segments_min = (uint8_t)config->burst_segments_min;
    set->reordering_segments = (uint8_t)config->reordering_segments;
    set->has_adaptive_reordering = config->adapt_reordering != 0;
    set->has_tail_probes = config->use_tail_probes != 0;
    set->has_frto = config->use_frto != 0;
    set->keepalive_interval_ns = config->keepalive_interval_ns;
    set->keepalive_probes = (uint8_t)config->keepalive_probes;
    set->syn_retries = (uint8_t)config->syn_retries;
    set->fin_wait_2_ns = config->fin_wait_2_ns;
    set->hop_limit = config->hop_limit;
    set->linger = -1;
}

struct tcp_conn *tcp_life_create(struct tcp *tcp, uint32_t number)
{
    struct tcp_conn *conn = slab_pool_take(&tcp->conns, NULL);
    if (conn == NULL) {
        return NULL;
    }
    conn->state = SYNFIN_TCP_STATE_CLOSED;
    tcp->by_state[SYNFIN_TCP_STATE_CLOSED]++;
    conn->number = number != 0 ? number : ++tcp->next_number;
    conn->generation = ++tcp->next_generation;
    list_init(&conn->ready);
    list_init(&conn->event);
    list_init(&conn->family);
    list_init(&conn->listen.acceptable);
    wheel_entry_init(&conn->timer);
    stream_init(&conn->send);
    stream_init(&conn->receive);
    reassembly_init(&conn->ooo);
    for (uint32_t i = 0; i < SYNFIN_TCP_TIMER_COUNT; i++) {
        conn->deadline_ns[i] = SYNFIN_NEVER;
    }
    init_settings(&conn->set, &tcp->config);
    return conn;
}

static struct reassembly_memory ooo_memory(struct tcp *tcp)
{
    return (struct reassembly_memory){.runs = &tcp->runs, .chunks = &tcp->chunks};
}

// Whoever has the handle, or the listener, still has the block.
static void detach(struct tcp *tcp, struct tcp_conn *conn)
{
    tcp_output_forget(tcp, conn);
    tcp_loss_free(tcp, conn);
    tcp_congestion_free(tcp, conn);
    tcp_autotune_free(tcp, conn);
    tcp_mtu_free(tcp, conn);
    tcp_timer_cancel_all(tcp, conn);
    tcp_table_remove(tcp, conn);
    tcp_port_remove(tcp, conn);
    tcp_fastopen_conn_release(tcp, conn);
    struct reassembly_memory memory = ooo_memory(tcp);
    reassembly_clear(&conn->ooo, &memory);
    tcp_record_drop_all(tcp, conn);
    stream_clear(&conn->send, &tcp->chunks);
    memset(&conn->pending, 0, sizeof(conn->pending));
}

void tcp_life_detach(struct tcp *tcp, struct tcp_conn *conn)
{
    tcp_life_leave_listener(conn);
    detach(tcp, conn);
}

void tcp_life_free(struct tcp *tcp, struct tcp_conn *conn)
{
    tcp_life_detach(tcp, conn);
    tcp_fastopen_conn_free_keys(tcp, conn);
    list_remove(&conn->event);
    stream_clear(&conn->receive, &tcp->chunks);
    tcp->by_state[conn->state]--;
    slab_pool_give(&tcp->conns, conn);
}

void tcp_life_leave_listener(struct tcp_conn *conn)
{
    struct tcp_conn *listener = conn->listener;
    list_remove(&conn->family);
    if (listener == NULL) {
        return;
    }
    conn->listener = NULL;
    listener->listen.acceptables--;
}

void tcp_life_end(struct tcp *tcp, struct tcp_conn *conn, enum synfin_error error,
                  enum synfin_reason cause, uint64_t now_ns)
{
    bool is_kept = tcp_linux_keeps(conn, cause);
    bool stays_acceptable = is_kept && conn->listener != NULL && !list_is_empty(&conn->family);
    bool has_user = !conn->is_orphan && (conn->listener == NULL || stays_acceptable);
    if (!stays_acceptable) {
        tcp_life_leave_listener(conn);
    }
    if (conn->state != SYNFIN_TCP_STATE_CLOSED) {
        tcp_state_set(tcp, conn, SYNFIN_TCP_STATE_CLOSED, cause, now_ns);
    }
    detach(tcp, conn);
    if (!has_user) {
        if (!conn->is_done) {
            tcp_trace_outcome(tcp, &conn->pair, conn->number, error, cause, now_ns);
        }
        tcp_life_free(tcp, conn);
        return;
    }
    if (error != SYNFIN_ERROR_OK && !is_kept) {
        stream_clear(&conn->receive, &tcp->chunks);
    }
    tcp_event_end(tcp, conn, error, cause, now_ns);
}

void tcp_life_reset(struct tcp *tcp, struct tcp_conn *conn, enum synfin_error error,
                    enum synfin_reason rst_reason, enum synfin_reason cause, uint64_t now_ns)
{
    tcp_stray_reset(tcp, conn, rst_reason, now_ns);
    tcp_life_end(tcp, conn, error, cause, now_ns);
}
