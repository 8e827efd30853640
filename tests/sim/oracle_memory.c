// SPDX-License-Identifier: MIT
//
// Memory and work: M1 to M4, M6. (M5 is in oracle_decode.c; M7 is held by builds that poison what
// is freed.)
#include <inttypes.h>

#include "net/net_state.h"
#include "sim/oracle_subjects.h"
#include "tcp/tcp_loss.h"

enum {
    TAKES_FREE = 4096,    // slabs of a start, tables that grow
    PACKETS_PER_TAKE = 8, // beyond those
    STEPS_FREE = 1 << 16, // of a scoreboard between two looks
    STEPS_PER_PACKET = 4096,
};

void oracle_memory_on_start(struct oracle_host *host, uint64_t now_ns)
{
    const struct test_env *memory = host->config.memory;
    (void)now_ns;
    host->start.takes = memory == NULL ? 0 : memory->takes;
    host->start.packets = 0;
}

void oracle_memory_on_gone(struct oracle_host *host, uint64_t now_ns)
{
    const struct test_env *memory = host->config.memory;
    if (memory != NULL && (memory->slabs != 0 || memory->bytes != 0)) {
        oracle_fail_host(host, ORACLE_M3, now_ns, "%u slabs of %zu octets were not given back",
                         memory->slabs, memory->bytes);
    }
}

// As many as were held at a time have their limit in octets, and the smallest hold hardly more than
// a block each; what was given back and is taken once more is what packets must not cause.
static void look_at_taken(struct oracle_host *host, uint64_t now_ns)
{
    const struct slab_source *source = &host->config.stack->memory;
    const struct test_env *memory = host->config.memory;
    size_t limit = host->stack_config.memory_limit_bytes;
    if (source->taken_bytes > limit) {
        oracle_fail_host(host, ORACLE_M1, now_ns, "%zu octets taken of %zu", source->taken_bytes,
                         limit);
    }
    if (memory == NULL) {
        return;
    }
    uint64_t takes = memory->takes - host->start.takes;
    if (memory->bytes != source->taken_bytes
        || takes > memory->slabs_max + TAKES_FREE + host->start.packets / PACKETS_PER_TAKE) {
        oracle_fail_host(host, ORACLE_M1, now_ns,
                         "%zu octets taken, %zu counted; %" PRIu64 " slabs taken for %" PRIu64
                         " packets, %u held at a time",
                         memory->bytes, source->taken_bytes, takes, host->start.packets,
                         memory->slabs_max);
    }
}

static void look_at_caps(struct oracle_host *host, uint64_t now_ns)
{
    const struct tcp *tcp = &host->config.stack->tcp;
    const struct synfin_stack_config *config = &host->stack_config;
    if (tcp->conns.objects > config->sockets_max
        || tcp->half_open.pool.objects > config->half_open_max
        || tcp->time_wait.pool.objects > config->time_wait_max
        || tcp->strays.slots > config->answers_max) {
        oracle_fail_host(host, ORACLE_M2, now_ns,
                         "%u sockets, %u half-open, %u in TIME-WAIT, %u answers",
                         tcp->conns.objects, tcp->half_open.pool.objects,
                         tcp->time_wait.pool.objects, tcp->strays.slots);
    }
}

// Blocks by state, counted again.
static void look_at_states(struct oracle_host *host, uint64_t now_ns)
{
    const struct tcp *tcp = &host->config.stack->tcp;
    const struct slab_pool *pool = &tcp->conns;
    uint32_t by_state[SYNFIN_TCP_STATE_COUNT] = {0};
    uint32_t in_table = 0;
    for (uint32_t i = 0; i < pool->slabs_high * pool->objects_per_slab; i++) {
        const struct tcp_conn *conn = slab_pool_at(pool, i);
        if (conn != NULL && conn->state < SYNFIN_TCP_STATE_COUNT) {
            by_state[conn->state]++;
            in_table += conn->is_in_table;
        }
    }
    for (uint32_t i = 0; i < SYNFIN_TCP_STATE_COUNT; i++) {
        if (by_state[i] != tcp->by_state[i]) {
            oracle_fail_host(host, ORACLE_M2, now_ns, "%u blocks in state %u, %u counted",
                             by_state[i], i, tcp->by_state[i]);
        }
    }
    if (in_table != tcp->in_table) {
        oracle_fail_host(host, ORACLE_M2, now_ns, "%u blocks in the table, %u counted", in_table,
                         tcp->in_table);
    }
}

void oracle_memory_look_host(struct oracle_host *host, uint64_t now_ns)
{
    look_at_taken(host, now_ns);
    look_at_caps(host, now_ns);
    look_at_states(host, now_ns);
}

// Chunks are what a buffer costs: half-filled ones count in full.
static void look_at_buffers(const struct oracle_look *look)
{
    const struct tcp_conn *conn = look->conn;
    uint64_t receive_max = (uint64_t)conn->set.receive_buffer_bytes * 3 / 2;
    struct oracle_shadow *shadow = &look->end->shadow;
    shadow->receive_max = receive_max > shadow->receive_max ? receive_max : shadow->receive_max;
    uint64_t held = (uint64_t)conn->receive.bytes + conn->ooo.bytes;
    if (held > shadow->receive_max + UINT16_MAX) {
        oracle_fail(look->host->oracle, ORACLE_M2, look->end, look->now_ns,
                    "%" PRIu64 " octets held for the reader, the buffer has %u", held,
                    conn->set.receive_buffer_bytes);
    }
}

static void look_at_steps(const struct oracle_look *look)
{
    const struct tcp_loss *loss = look->conn->loss;
    struct oracle_shadow *shadow = &look->end->shadow;
    uint64_t steps = loss == NULL ? 0 : loss->board.order.steps;
    uint64_t before = loss == NULL || shadow->steps > steps ? 0 : shadow->steps;
    uint64_t packets = look->host->pending.received + look->host->pending.sent + 1;
    if (steps - before > STEPS_FREE + packets * STEPS_PER_PACKET) {
        oracle_fail(look->host->oracle, ORACLE_M4, look->end, look->now_ns,
                    "%" PRIu64 " steps for %" PRIu64 " packets", steps - before, packets);
    }
    shadow->steps = steps;
}

void oracle_memory_look(const struct oracle_look *look)
{
    look_at_buffers(look);
    look_at_steps(look);
}

static void judge_left(struct oracle_host *host, uint64_t now_ns, uint32_t left, const char *what)
{
    if (left > 0) {
        oracle_fail_host(host, ORACLE_M3, now_ns, "%u %s are left", left, what);
    }
}

// When no connection is left nothing of any is.
void oracle_memory_on_finish(struct oracle_host *host, uint64_t now_ns)
{
    const struct tcp *tcp = &host->config.stack->tcp;
    bool has_stubs = tcp->half_open.pool.objects + tcp->time_wait.pool.objects > 0;
    if (tcp->conns.objects > 0 || has_stubs) {
        return;
    }
    judge_left(host, now_ns, tcp->runs.objects, "runs");
    judge_left(host, now_ns, tcp->losses.objects, "scoreboards");
    judge_left(host, now_ns, tcp->spans.objects, "spans");
    judge_left(host, now_ns, tcp->cc_states.objects, "states of congestion control");
    judge_left(host, now_ns, tcp->autotunes.objects, "measured buffers");
    judge_left(host, now_ns, tcp->mtus.objects, "path MTU searches");
    judge_left(host, now_ns, tcp->chunks.pool.objects, "chunks");
    judge_left(host, now_ns, tcp->in_table, "pairs");
    for (uint32_t i = 0; i < TCP_PORT_BUCKETS; i++) {
        judge_left(host, now_ns, tcp->port_bucket[i] != NULL, "ports");
    }
    for (uint32_t i = 0; i < SYNFIN_IFACES_MAX; i++) {
        judge_left(host, now_ns, tcp->ready[i].next != &tcp->ready[i], "ready connections");
    }
    uint32_t of_net =
        host->config.stack->net->tick.node.next != &host->config.stack->net->tick.node;
    judge_left(host, now_ns, host->config.stack->wheel.entries - of_net, "timers");
}
