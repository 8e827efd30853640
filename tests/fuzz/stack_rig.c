// SPDX-License-Identifier: MIT
//
// Two stacks for fuzz targets: their configuration from the input, their wire, their time, and
// what must hold of them after every step and at the end.
#include "stack_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "net/net.h"
#include "stack/stack_internal.h"

enum {
    BURST_MAX = 16,
    PULLS_MAX = 20000, // packets in a row that nothing but the stack itself causes
    EVENTS_MAX = 20000,
    LAST_STEPS_MAX = 4000,
    CONNS_MAX = 64,
    MSS_LEAST = 64, // what a peer asks for below it only makes work, docs/history.md row 31
};

// Time stays far from the end of its 64 bits.
#define NOW_NS_MAX (UINT64_C(1) << 63)

_Noreturn void rig_fail(const char *file, int line, const char *what)
{
    fprintf(stderr, "%s:%d: %s\n", file, line, what);
    abort();
}

_Noreturn void synfin_panic(const char *file, int line, const char *what)
{
    rig_fail(file, line, what);
}

// For whoever looks into a failure: with RIG_SHOW in the environment, every packet as a line.
static void show(const struct rig *rig, const char *what, uint32_t host,
                 const struct synfin_packet *packet)
{
    char line[512];
    if (getenv("RIG_SHOW") == NULL) {
        return;
    }
    bool is_ethernet = rig->host[host].iface.is_ethernet != 0;
    (void)synfin_packet_print(packet, is_ethernet, line, sizeof line);
    fprintf(stderr, "%12.6f %s %u: %s\n", (double)rig->now_ns / 1e9, what, (unsigned)host, line);
}

uint32_t rig_take(struct rig_input *in, uint32_t octets)
{
    uint32_t value = 0;
    for (; octets > 0; octets--) {
        value <<= 8;
        if (in->bytes > 0) {
            value |= *in->data++;
            in->bytes--;
        }
    }
    return value;
}

uint32_t rig_take_last(struct rig_input *in)
{
    return in->bytes > 0 ? in->data[--in->bytes] : 0;
}

uint32_t rig_below(struct rig_input *in, uint32_t bound)
{
    return rig_take(in, bound > 256 ? 2 : 1) % bound;
}

uint8_t rig_octet(uint32_t seq)
{
    return (uint8_t)(seq ^ seq >> 8 ^ seq >> 16 ^ seq >> 24);
}

struct rig_conn *rig_conn_of(struct rig_host *host, uint32_t number)
{
    RIG_REQUIRE(number < RIG_CONNS);
    return &host->conn[number];
}

static void read_config(struct rig *rig, struct synfin_stack_config *config)
{
    static const uint32_t memory[] = {96 << 10, 160 << 10, 256 << 10, 512 << 10, 4 << 20};
    static const uint32_t slab[] = {1024, 4096, 16384, 65536};
    static const uint32_t chunk[] = {256, 1024, 4096, 65536};
    static const uint32_t buffer[] = {512, 2048, 16384, 65536, 512 << 10};
    static const uint32_t ranges[] = {0, 1, 3, 64};
    static const uint32_t rto_ms[] = {1, 200, 1000};
    struct rig_input *in = &rig->in;
    uint32_t flags = rig_take(in, 1);
    synfin_stack_config_default(config);
    rig->memory_limit_bytes = config->memory_limit_bytes = memory[rig_below(in, 5)];
    config->slab_bytes = slab[rig_below(in, 4)];
    config->chunk_bytes = chunk[rig_below(in, 4)];
    config->send_buffer_bytes = buffer[rig_below(in, 5)];
    config->receive_buffer_bytes = buffer[rig_below(in, 5)];
    config->out_of_order_ranges_max = ranges[rig_below(in, 4)];
    config->rto_min_ns = rto_ms[rig_below(in, 3)] * (RIG_S / 1000);
    config->use_timestamps = (flags & 1) == 0;
    config->use_window_scale = (flags & 2) == 0;
    config->use_sack = (flags & 4) == 0;
    if ((flags & 8) != 0) {
        config->port_first = 5000;
        config->port_last = 5003;
    }
    rig->has_trace = (flags & 64) != 0;
    config->sockets_max = (flags & 16) != 0 ? 6 : 64;
    config->reassembly_bytes_max = (flags & 32) != 0 ? 4096 : 65536;
}

// Small limits are where the unusual happens.
static void read_handshake(struct rig_input *in, struct synfin_stack_config *config)
{
    static const uint32_t half_open[] = {1 << 16, 1, 2, 40};
    static const uint32_t time_wait[] = {1 << 20, 1, 3, 20};
    static const uint32_t answers[] = {1024, 8, 16, 1024};
    static const uint32_t retries[] = {5, 0, 2, 40};
    uint32_t limits = rig_take_last(in);
    uint32_t waits = rig_take_last(in);
    config->half_open_max = half_open[limits & 3];
    config->time_wait_max = time_wait[limits >> 2 & 3];
    config->answers_max = answers[limits >> 4 & 3];
    config->syn_cookies = (uint8_t)((limits >> 6) % 3);
    config->syn_cookies = limits >> 6 == 0 ? SYNFIN_SYN_COOKIES_WHEN_FULL : config->syn_cookies;
    config->syn_cookies = limits >> 6 == 3 ? SYNFIN_SYN_COOKIES_NEVER : config->syn_cookies;
    config->syn_ack_retries = retries[waits & 3];
    config->syn_ack_initial_ns = (waits & 4) != 0 ? RIG_S / 1000 : RIG_S;
    config->syn_ack_max_ns = (waits & 8) != 0 ? RIG_S : 60 * RIG_S;
    config->has_cookie_secret = (waits & 16) != 0;
    config->cookie_clock_offset_ns = (waits & 32) != 0 ? UINT64_MAX - 77 * RIG_S : 0;
    config->cookie_lifetime_ns = (waits & 64) != 0 ? RIG_S : 128 * RIG_S;
    config->msl_ns = (waits & 128) != 0 ? RIG_S / 100 : 30 * RIG_S;
}

static void read_iface(struct rig_input *in, struct synfin_iface_config *config)
{
    static const uint32_t mtu[] = {1500, 576, 1280, 9000, 65535};
    uint32_t flags = rig_take(in, 1);
    synfin_iface_config_default(config);
    config->mtu_bytes = mtu[rig_below(in, 5)];
    config->is_ethernet = (flags & 1) != 0;
    config->can_checksum = (flags & 2) != 0;
    config->gso_bytes = (flags & 6) == 6 ? SYNFIN_PACKET_MAX : 0;
}

// Whatever is told has a reason that tells it.
static void check_trace(void *ctx, const struct synfin_trace_event *event)
{
    const struct rig *rig = ctx;
    RIG_REQUIRE(event->kind < SYNFIN_TRACE_KIND_COUNT && event->t_ns <= rig->now_ns);
    RIG_REQUIRE(event->reason > SYNFIN_REASON_UNKNOWN && event->reason < SYNFIN_REASON_COUNT);
    RIG_REQUIRE(event->kind != SYNFIN_TRACE_STATE || event->as.state.from != event->as.state.to);
}

static bool add_host(struct rig *rig, uint32_t index, const struct synfin_stack_config *config,
                     const struct synfin_iface_config *iface)
{
    struct rig_host *host = &rig->host[index];
    struct synfin_env env;
    uint32_t number;
    test_env_bind(&env, &host->memory, index + 1);
    env.trace = rig->has_trace ? check_trace : NULL;
    env.trace_ctx = rig;
    if (synfin_stack_create(&env, config, rig->now_ns, &host->stack) != SYNFIN_ERROR_OK) {
        return false;
    }
    const uint8_t mac[6] = {2, 0, 0, 0, 0, (uint8_t)(index + 1)};
    host->tcp = &host->stack->tcp;
    host->iface = *iface;
    memcpy(host->iface.mac, mac, sizeof mac);
    if (synfin_stack_add_iface(host->stack, &host->iface, &number) != SYNFIN_ERROR_OK) {
        return false;
    }
    host->addr[0] = synfin_addr_ipv4(192, 0, 2, (uint8_t)(index + 1));
    host->addr[1] = (struct synfin_addr){{0x20, 1, 0xd, 0xb8, [15] = (uint8_t)(index + 1)}};
    for (uint32_t i = 0; i < 2 && (i == 0 || iface->mtu_bytes >= 1280); i++) {
        struct synfin_prefix prefix = {.addr = host->addr[i], .bits = i == 0 ? 24 : 64};
        if (synfin_stack_add_addr(host->stack, number, &prefix) != SYNFIN_ERROR_OK) {
            return false;
        }
    }
    return true;
}

bool rig_begin(struct rig *rig)
{
    struct synfin_stack_config config;
    struct synfin_iface_config iface;
    read_config(rig, &config);
    read_handshake(&rig->in, &config);
    read_iface(&rig->in, &iface);
    rig->now_ns = rig_below(&rig->in, 2) == 0 ? RIG_S : UINT64_C(1) << 62;
    for (uint32_t i = 0; i < RIG_HOSTS; i++) {
        if (!add_host(rig, i, &config, &iface)) {
            return false;
        }
    }
    return true;
}

uint32_t rig_conns(const struct rig_host *host, struct tcp_conn **out, uint32_t max)
{
    const struct slab_pool *pool = &host->tcp->conns;
    uint32_t count = 0;
    for (uint32_t i = 0; i < pool->slabs_high * pool->objects_per_slab && count < max; i++) {
        struct tcp_conn *conn = slab_pool_at(pool, i);
        if (conn != NULL && conn->is_in_table) {
            out[count++] = conn;
        }
    }
    return count;
}

static void check_host(struct rig *rig, const struct rig_host *host)
{
    const struct slab_pool *pool = &host->tcp->conns;
    uint32_t objects = 0;
    uint32_t states = 0;
    for (uint32_t i = 0; i < pool->slabs_high * pool->objects_per_slab; i++) {
        const struct tcp_conn *conn = slab_pool_at(pool, i);
        if (conn != NULL) {
            tcp_conn_check(host->tcp, conn);
            RIG_REQUIRE(conn->state < SYNFIN_TCP_STATE_ESTABLISHED
                        || conn->snd.mss_peer >= MSS_LEAST);
            objects++;
        }
    }
    for (uint32_t i = 0; i < SYNFIN_TCP_STATE_COUNT; i++) {
        states += host->tcp->by_state[i];
    }
    RIG_REQUIRE(objects == pool->objects && states == objects);
    tcp_stub_table_check(&host->tcp->half_open);
    tcp_stub_table_check(&host->tcp->time_wait);
    rig_ledger_check(host);
    RIG_REQUIRE(host->memory.bytes == host->stack->memory.taken_bytes);
    RIG_REQUIRE(host->memory.bytes <= rig->memory_limit_bytes);
    RIG_REQUIRE(net_check(host->stack->net));
}

void rig_check(struct rig *rig)
{
    for (uint32_t i = 0; i < RIG_HOSTS; i++) {
        check_host(rig, &rig->host[i]);
    }
}

void rig_drop(struct rig_host *host, uint32_t at)
{
    free(host->wire[at].octets);
    host->wire_count--;
    memmove(&host->wire[at], &host->wire[at + 1], (host->wire_count - at) * sizeof *host->wire);
}

void rig_count_anew(struct rig_host *host)
{
    host->controls = host->datas = host->resets = host->others = 0;
}

static uint32_t pull_once(struct rig *rig, uint32_t index, uint32_t burst)
{
    struct synfin_packet packets[BURST_MAX];
    struct rig_host *host = &rig->host[index];
    uint32_t n = synfin_stack_output(host->stack, 0, packets, burst, rig->now_ns);
    RIG_REQUIRE(n <= burst);
    for (uint32_t i = 0; i < n; i++) {
        struct rig_frame frame;
        show(rig, "from", index, &packets[i]);
        rig_judge(rig, index, &packets[i], &frame);
        if (host->wire_count == RIG_WIRE_MAX) {
            rig_drop(host, 0);
        }
        host->wire[host->wire_count++] = frame;
    }
    return n;
}

void rig_pull(struct rig *rig, uint32_t host, uint32_t burst, uint32_t pulls)
{
    burst = burst < BURST_MAX ? burst : BURST_MAX;
    while (pulls-- > 0 && pull_once(rig, host, burst) > 0) {
    }
}

void rig_drain(struct rig *rig, uint32_t host)
{
    for (uint32_t i = 0; pull_once(rig, host, BURST_MAX) > 0; i++) {
        RIG_REQUIRE(i < PULLS_MAX);
    }
    RIG_REQUIRE(!synfin_stack_has_output(rig->host[host].stack, 0));
}

// Each piece in memory of its own, so that a read past its end is seen.
static void give_pieces(struct rig *rig, uint32_t host, uint8_t *octets, uint32_t bytes,
                        uint8_t split, bool is_verified)
{
    uint32_t head_bytes = split == 0 ? bytes : (uint32_t)split * 2;
    head_bytes = head_bytes < bytes ? head_bytes : bytes;
    uint32_t middle = (bytes - head_bytes) / 3;
    uint32_t last = bytes - head_bytes - middle;
    uint8_t *piece[3] = {malloc(head_bytes + 1), malloc(middle + 1), malloc(last + 1)};
    memcpy(piece[0], octets, head_bytes);
    memcpy(piece[1], octets + head_bytes, middle);
    memcpy(piece[2], octets + head_bytes + middle, last);
    struct synfin_packet packet;
    synfin_packet_wrap(&packet, piece[0], head_bytes);
    packet.bytes = bytes;
    packet.spans = bytes > head_bytes ? 2 : 0;
    packet.span[0] = (struct synfin_span){piece[1], middle};
    packet.span[1] = (struct synfin_span){piece[2], last};
    packet.checksum = is_verified ? SYNFIN_CHECKSUM_VERIFIED : SYNFIN_CHECKSUM_COMPLETE;
    show(rig, "  to", host, &packet);
    synfin_stack_input(rig->host[host].stack, 0, &packet, 1, rig->now_ns);
    for (uint32_t i = 0; i < 3; i++) {
        free(piece[i]);
    }
    uint32_t link = rig->host[host].iface.is_ethernet ? 14 : 0;
    if (bytes > link) {
        rig_ledger_received(&rig->host[host], octets + link, bytes - link);
    }
}

void rig_give_ip(struct rig *rig, uint32_t host, const uint8_t *octets, uint32_t bytes,
                 uint8_t split)
{
    uint8_t *frame = malloc(bytes + 14);
    uint32_t link = 0;
    if (rig->host[host].iface.is_ethernet) {
        const uint8_t rest[8] = {2, 0, 0, 0, 0, 3};
        memcpy(frame, rig->host[host].iface.mac, 6);
        memcpy(frame + 6, rest, sizeof rest);
        frame[12] = bytes > 0 && octets[0] >> 4 == 6 ? 0x86 : 0x08;
        frame[13] = frame[12] == 0x86 ? 0xdd : 0x00;
        link = 14;
    }
    memcpy(frame + link, octets, bytes);
    give_pieces(rig, host, frame, link + bytes, split, false);
    free(frame);
}

void rig_give_frame(struct rig *rig, uint32_t host, const struct rig_frame *frame, uint8_t split)
{
    give_pieces(rig, host, frame->octets, frame->bytes, split, frame->is_verified);
}

void rig_deliver(struct rig *rig, uint32_t from, uint32_t at)
{
    struct rig_host *host = &rig->host[from];
    rig_give_frame(rig, 1 - from, &host->wire[at], 0);
    rig_drop(host, at);
}

void rig_settle(struct rig *rig, uint32_t rounds)
{
    while (rounds-- > 0) {
        for (uint32_t i = 0; i < RIG_HOSTS; i++) {
            rig_pull(rig, i, BURST_MAX, 2);
            while (rig->host[i].wire_count > 0) {
                rig_deliver(rig, i, 0);
            }
        }
        if (!synfin_stack_has_output(rig->host[0].stack, 0)
            && !synfin_stack_has_output(rig->host[1].stack, 0)) {
            return;
        }
    }
}

// What is due fires; what remains lies ahead, or at most one tick of the wheel behind.
static void run_timers(struct rig *rig)
{
    for (uint32_t i = 0; i < RIG_HOSTS; i++) {
        synfin_stack *stack = rig->host[i].stack;
        synfin_stack_advance(stack, rig->now_ns);
        uint64_t next_ns = synfin_stack_next_deadline(stack);
        RIG_REQUIRE(next_ns >= rig->now_ns || rig->now_ns - next_ns < RIG_TICK_NS);
    }
}

static uint64_t next_deadline(const struct rig *rig)
{
    uint64_t a_ns = synfin_stack_next_deadline(rig->host[0].stack);
    uint64_t b_ns = synfin_stack_next_deadline(rig->host[1].stack);
    return a_ns < b_ns ? a_ns : b_ns;
}

// To the next deadline, but not beyond `until_ns`; false when that is reached.
static bool step_time(struct rig *rig, uint64_t until_ns)
{
    uint64_t next_ns = next_deadline(rig);
    if (next_ns <= rig->now_ns) {
        next_ns = rig->now_ns + RIG_TICK_NS;
    }
    bool is_before = next_ns < until_ns;
    rig->now_ns = is_before ? next_ns : until_ns;
    run_timers(rig);
    return is_before;
}

void rig_advance(struct rig *rig, uint64_t ns, uint32_t steps)
{
    uint64_t until_ns = rig->now_ns + ns;
    until_ns = until_ns < NOW_NS_MAX ? until_ns : NOW_NS_MAX;
    while (steps-- > 0 && step_time(rig, until_ns)) {
        rig_drain(rig, 0);
        rig_drain(rig, 1);
        rig_check(rig);
    }
    rig->now_ns = until_ns;
    run_timers(rig);
}

void rig_take_events(struct rig *rig, uint32_t index, uint32_t most)
{
    struct rig_host *host = &rig->host[index];
    struct synfin_event event;
    for (uint32_t i = 0; i < most && synfin_stack_next_event(host->stack, &event); i++) {
        RIG_REQUIRE(i < EVENTS_MAX);
        RIG_REQUIRE(event.kind < SYNFIN_EVENT_COUNT && event.reason < SYNFIN_REASON_COUNT);
        RIG_REQUIRE(event.error < SYNFIN_ERROR_COUNT);
        bool is_known = false;
        for (uint32_t k = 0; k < RIG_SOCKETS; k++) {
            is_known = is_known || host->socket[k].handle == event.socket;
        }
        RIG_REQUIRE(is_known);
    }
}

static void end_sockets(struct rig *rig, uint32_t how)
{
    for (uint32_t i = 0; i < RIG_HOSTS; i++) {
        struct rig_host *host = &rig->host[i];
        for (uint32_t k = 0; k < RIG_SOCKETS; k++) {
            struct rig_socket *socket = &host->socket[k];
            struct synfin_tcp_info info = {.size = sizeof info};
            if (socket->handle == 0) {
                continue;
            }
            if (synfin_socket_info(host->stack, socket->handle, &info, rig->now_ns)
                == SYNFIN_ERROR_OK) {
                struct rig_conn *conn = rig_conn_of(host, info.conn);
                conn->is_closing = conn->has_iss = true;
                conn->iss = info.iss;
            }
            if (how == 0) {
                synfin_socket_abort(host->stack, socket->handle, rig->now_ns);
            } else {
                synfin_socket_close(host->stack, socket->handle, rig->now_ns);
            }
            socket->handle = 0;
        }
    }
}

static uint32_t count_sockets(const struct rig *rig)
{
    return rig->host[0].tcp->conns.objects + rig->host[1].tcp->conns.objects;
}

// Nobody holds a socket and no packet arrives: every connection must find its end, in time.
static void outlive(struct rig *rig)
{
    uint64_t until_ns = rig->now_ns + 7200 * RIG_S;
    for (uint32_t i = 0; count_sockets(rig) > 0; i++) {
        RIG_REQUIRE(i < LAST_STEPS_MAX);
        RIG_REQUIRE(step_time(rig, until_ns));
        rig_drain(rig, 0);
        rig_drain(rig, 1);
        rig_check(rig);
    }
}

static void destroy_host(struct rig_host *host)
{
    synfin_stack_destroy(host->stack);
    RIG_REQUIRE(host->memory.slabs == 0 && host->memory.bytes == 0);
    while (host->wire_count > 0) {
        rig_drop(host, 0);
    }
}

void rig_finish(struct rig *rig)
{
    if (rig->host[0].stack != NULL && rig->host[1].stack != NULL) {
        uint32_t how = rig_below(&rig->in, 3);
        if (how < 2) {
            end_sockets(rig, how);
            rig_drain(rig, 0);
            rig_drain(rig, 1);
            rig_check(rig);
            outlive(rig);
        }
    }
    for (uint32_t i = 0; i < RIG_HOSTS; i++) {
        destroy_host(&rig->host[i]);
    }
}
