// SPDX-License-Identifier: MIT
//
// The stack under the matrix: how a segment comes to it, and what is looked at afterwards.
#include "matrix_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stack/stack_internal.h"
#include "tcp/tcp_internal.h"

enum {
    ARENA_BYTES = 256 << 10,
    STACK_PORT = 80,
    PEER_PORT = 40000,
    PEER_WSCALE = 2,
    PEER_MSS = 1460,
    ISN_TICK_NS = 4000,
};

// Both ends' numbers pass 2^32 within what is in flight and what may arrive.
static const uint32_t ISS = UINT32_C(0xfffffff8);
static const uint32_t IRS = UINT32_C(0xffffff80);

#define START_NS UINT64_C(1000000000)

_Noreturn void synfin_panic(const char *file, int line, const char *what)
{
    (void)fprintf(stderr, "%s:%d: %s\n", file, line, what);
    abort();
}

void matrix_world_require(const struct matrix_world *world, bool holds, const char *what)
{
    if (!holds) {
        (void)fprintf(stderr, "matrix: %s: %s\n", world->situation->name, what);
        abort();
    }
}

void matrix_world_require_ok(const struct matrix_world *world, enum synfin_error error)
{
    matrix_world_require(world, error == SYNFIN_ERROR_OK, synfin_error_text(error));
}

static struct tcp_pair pair_of_world(void)
{
    return (struct tcp_pair){
        .local = synfin_addr_ipv4(192, 0, 2, 1),
        .remote = synfin_addr_ipv4(192, 0, 2, 2),
        .local_port = STACK_PORT,
        .remote_port = PEER_PORT,
    };
}

struct synfin_endpoint matrix_world_ours(void)
{
    struct tcp_pair pair = pair_of_world();
    return (struct synfin_endpoint){.addr = pair.local, .port = pair.local_port};
}

struct synfin_endpoint matrix_world_theirs(void)
{
    struct tcp_pair pair = pair_of_world();
    return (struct synfin_endpoint){.addr = pair.remote, .port = pair.remote_port};
}

uint8_t matrix_world_octet(uint32_t place)
{
    return (uint8_t)(7 * place + 1);
}

static uint8_t peer_octet(uint32_t seq)
{
    return (uint8_t)(seq * 13 + (seq >> 8) * 5);
}

// Past the network layer, which would refuse its source.
static void give_to_tcp(struct matrix_world *world, const struct segment_wire *segment,
                        const uint8_t *wire, uint32_t bytes)
{
    enum { IP_HEADER = 20 };
    struct tcp_arrival arrival = {
        .src = segment->src,
        .dst = segment->dst,
        .head = wire + IP_HEADER,
        .head_bytes = bytes - IP_HEADER,
        .path = world->stack->tcp.answer[0],
    };
    gather_of_octets(&arrival.segment, wire + IP_HEADER, bytes - IP_HEADER);
    tcp_input(&world->stack->tcp, &arrival, world->now_ns);
}

void matrix_world_give(struct matrix_world *world, const struct oracle_segment *segment,
                       bool has_syn_options)
{
    static uint8_t wire[SEGMENT_WIRE_MAX];
    static uint8_t payload[SEGMENT_WIRE_MAX];
    struct tcp_pair pair = pair_of_world();
    uint32_t first = segment->seq + ((segment->flags & ORACLE_SYN) != 0);
    struct segment_wire out = {
        .src = segment->is_from_us ? pair.local : pair.remote,
        .dst = pair.local,
        .src_port = segment->is_from_us ? pair.local_port : pair.remote_port,
        .dst_port = pair.local_port,
        .seq = segment->seq,
        .ack = segment->ack,
        .flags = segment->flags,
        .window = segment->wnd,
        .urgent = segment->up,
        .mss = has_syn_options ? PEER_MSS : 0,
        .wscale = has_syn_options && world->situation->has_timestamps ? PEER_WSCALE : -1,
        .sack_permitted = has_syn_options && world->situation->has_timestamps,
        .has_timestamps = segment->has_ts,
        .ts_val = segment->ts_val,
        .ts_ecr = world->stack_ts,
        .payload = payload,
        .payload_bytes = segment->text,
    };
    for (uint32_t i = 0; i < segment->text; i++) {
        payload[i] = peer_octet(first + i);
    }
    uint32_t bytes = segment_wire_build(&out, wire);
    if (segment->is_from_us) {
        give_to_tcp(world, &out, wire, bytes);
        return;
    }
    struct synfin_packet packet;
    synfin_packet_wrap(&packet, wire, bytes);
    synfin_stack_input(world->stack, 0, &packet, 1, world->now_ns);
}

// Takes all that the stack sends now; returns how many segments.
uint32_t matrix_world_take(struct matrix_world *world, struct segment_wire *out,
                           const char **malformed)
{
    static uint8_t wire[MATRIX_REPLIES_MAX][SEGMENT_WIRE_MAX];
    struct synfin_packet packet;
    uint32_t count = 0;
    *malformed = NULL;
    while (count < MATRIX_REPLIES_MAX
           && synfin_stack_output(world->stack, 0, &packet, 1, world->now_ns) > 0) {
        uint32_t bytes = synfin_packet_copy(&packet, wire[count], SEGMENT_WIRE_MAX);
        const char *wrong = segment_wire_parse(wire[count], bytes, &out[count]);
        *malformed = *malformed != NULL ? *malformed : wrong;
        count++;
    }
    return count;
}

static void configure(const struct matrix_situation *situation, struct synfin_stack_config *config)
{
    arena_config(config, ARENA_BYTES);
    config->send_buffer_bytes = 4096;
    config->receive_buffer_bytes = MATRIX_WINDOW;
    config->syn_cookies =
        situation->has_cookie ? SYNFIN_SYN_COOKIES_ALWAYS : SYNFIN_SYN_COOKIES_WHEN_FULL;
    config->fastopen_peers_max = situation->has_fast_open ? 1 : 0;
    config->fastopen_takes_any =
        situation->has_fast_open && situation->state != ORACLE_STATE_LISTEN;
    config->use_timestamps = config->use_sack = config->use_window_scale =
        situation->has_timestamps;
}

static void make_stack(struct matrix_world *world)
{
    struct synfin_stack_config config;
    struct synfin_iface_config iface;
    struct synfin_env env;
    struct tcp_pair pair = pair_of_world();
    struct synfin_prefix prefix = {.addr = pair.local, .bits = 24};
    uint32_t number;
    configure(world->situation, &config);
    synfin_iface_config_default(&iface);
    arena_bind(world->arena, &env);
    matrix_world_require_ok(world, synfin_stack_create(&env, &config, START_NS, &world->stack));
    matrix_world_require_ok(world, synfin_stack_add_iface(world->stack, &iface, &number));
    matrix_world_require_ok(world, synfin_stack_add_addr(world->stack, number, &prefix));
    // The clock of RFC 9293 §3.4.1 comes by ISS.
    uint64_t ticks = START_NS / ISN_TICK_NS + 1;
    uint32_t ahead = ISS - tcp_isn(&world->stack->tcp, &pair, ticks * ISN_TICK_NS).n;
    world->now_ns = (ticks + ahead) * ISN_TICK_NS;
    synfin_stack_advance(world->stack, world->now_ns);
}

static void take_events(struct matrix_world *world)
{
    struct synfin_event event;
    while (synfin_stack_next_event(world->stack, &event)) {
    }
}

void matrix_world_init(struct matrix_world *world, const struct matrix_situation *situation)
{
    *world = (struct matrix_world){
        .situation = situation,
        .arena = arena_create(ARENA_BYTES, 1),
        .saved = malloc(ARENA_BYTES),
        .peer_nxt = IRS,
        .peer_ts = UINT32_C(0xfffffff0),
    };
    matrix_world_require(world, world->arena != NULL && world->saved != NULL, "no memory");
    world->tcb.irs = world->tcb.rcv_nxt = IRS;
    world->tcb.snd_nxt = ISS;
    world->tcb.has_timestamps = situation->has_timestamps;
    world->tcb.snd_wscale = situation->has_timestamps ? PEER_WSCALE : 0;
    make_stack(world);
    matrix_situations_reach(world);
    take_events(world);
    world->tcb.state = situation->state;
    world->tcb.user_nxt = world->tcb.rcv_nxt - world->unread;
    arena_save(world->arena, world->saved);
    struct matrix_seen seen;
    matrix_world_try(world, NULL, &seen);
    matrix_world_require(world, seen.state == situation->state && seen.replies == 0,
                         "it was not reached");
}

void matrix_world_deinit(struct matrix_world *world)
{
    arena_restore(world->arena, world->saved);
    synfin_stack_destroy(world->stack);
    matrix_world_require(world, world->arena->slabs == 0 && world->arena->held_bytes == 0,
                         "a slab is missing");
    arena_destroy(world->arena);
    free(world->saved);
}

static enum oracle_state state_of(uint8_t state)
{
    switch ((enum synfin_tcp_state)state) {
    case SYNFIN_TCP_STATE_CLOSED: return ORACLE_STATE_CLOSED;
    case SYNFIN_TCP_STATE_LISTEN: return ORACLE_STATE_LISTEN;
    case SYNFIN_TCP_STATE_SYN_SENT: return ORACLE_STATE_SYN_SENT;
    case SYNFIN_TCP_STATE_SYN_RECEIVED: return ORACLE_STATE_SYN_RECEIVED;
    case SYNFIN_TCP_STATE_ESTABLISHED: return ORACLE_STATE_ESTABLISHED;
    case SYNFIN_TCP_STATE_CLOSE_WAIT: return ORACLE_STATE_CLOSE_WAIT;
    case SYNFIN_TCP_STATE_FIN_WAIT_1: return ORACLE_STATE_FIN_WAIT_1;
    case SYNFIN_TCP_STATE_CLOSING: return ORACLE_STATE_CLOSING;
    case SYNFIN_TCP_STATE_LAST_ACK: return ORACLE_STATE_LAST_ACK;
    case SYNFIN_TCP_STATE_FIN_WAIT_2: return ORACLE_STATE_FIN_WAIT_2;
    case SYNFIN_TCP_STATE_TIME_WAIT: return ORACLE_STATE_TIME_WAIT;
    case SYNFIN_TCP_STATE_COUNT: break;
    }
    abort();
}

static void look_at_block(const struct matrix_world *world, const struct tcp_conn *conn,
                          struct matrix_seen *seen)
{
    tcp_conn_check(&world->stack->tcp, conn);
    seen->has_block = true;
    seen->state = state_of(conn->state);
    seen->snd_una = conn->snd.una.n;
    seen->rcv_nxt = conn->rcv.nxt.n;
    seen->snd_wnd = conn->snd.wnd;
    seen->ts_recent = conn->ts_recent;
    seen->has_urgent = conn->has_urgent;
    seen->rcv_up = conn->rcv.up.n;
}

static void look_at_state(const struct matrix_world *world, struct matrix_seen *seen)
{
    struct tcp *tcp = &world->stack->tcp;
    struct tcp_pair pair = pair_of_world();
    uint64_t hash = tcp_stub_hash(&tcp->table_key, &pair);
    const struct tcp_conn *conn = tcp_table_find(tcp, &pair);
    const struct tcp_stub *half_open = tcp_stub_find(&tcp->half_open, &pair, hash);
    const struct tcp_stub *time_wait = tcp_stub_find(&tcp->time_wait, &pair, hash);
    seen->state = world->listener != 0 ? ORACLE_STATE_LISTEN : ORACLE_STATE_CLOSED;
    seen->connections = tcp->in_table + tcp->half_open.pool.objects + tcp->time_wait.pool.objects;
    if (conn != NULL) {
        look_at_block(world, conn, seen);
    } else if (half_open != NULL) {
        seen->state = ORACLE_STATE_SYN_RECEIVED;
        seen->snd_una = half_open->ours.n;
        seen->rcv_nxt = half_open->theirs.n + 1;
        seen->ts_recent = half_open->ts_recent;
    } else if (time_wait != NULL) {
        seen->state = ORACLE_STATE_TIME_WAIT;
        seen->snd_una = time_wait->ours.n;
        seen->rcv_nxt = time_wait->theirs.n;
        seen->ts_recent = time_wait->ts_recent;
    }
}

// The user takes all there is.
static void read_all(const struct matrix_world *world, const struct oracle_segment *segment,
                     struct matrix_seen *seen)
{
    bool has_syn = (segment->flags & ORACLE_SYN) != 0;
    uint32_t irs = world->situation->state == ORACLE_STATE_SYN_SENT && has_syn ? segment->seq : IRS;
    uint8_t octets[2 * MATRIX_WINDOW];
    size_t received = 0;
    uint32_t total = 0;
    synfin_socket socket = world->socket;
    if (socket == 0 && world->listener != 0 && !world->situation->has_no_user
        && synfin_socket_accept(world->stack, world->listener, &socket, NULL) != SYNFIN_ERROR_OK) {
        return;
    }
    // One call stops at an urgent mark.
    while (
        socket != 0
        && synfin_socket_recv(world->stack, socket, octets, sizeof octets, &received, world->now_ns)
               == SYNFIN_ERROR_OK
        && received > 0) {
        for (size_t i = 0; i < received; i++) {
            uint8_t wanted = peer_octet(irs + 1 + world->read + total + (uint32_t)i);
            seen->has_wrong_octets = seen->has_wrong_octets || octets[i] != wanted;
        }
        total += (uint32_t)received;
    }
    seen->delivered = total > world->unread ? total - world->unread : 0;
}

// Each octet of a reply is the one that the user has written there.
static bool is_ours(const struct matrix_world *world, const struct segment_wire *reply)
{
    for (uint32_t i = 0; i < reply->payload_bytes; i++) {
        if (reply->payload[i] != matrix_world_octet(reply->seq - world->tcb.iss - 1 + i)) {
            return false;
        }
    }
    return true;
}

void matrix_world_try(struct matrix_world *world, const struct oracle_segment *segment,
                      struct matrix_seen *seen)
{
    *seen = (struct matrix_seen){0};
    arena_restore(world->arena, world->saved);
    if (segment != NULL) {
        matrix_world_give(world, segment, false);
    }
    seen->replies = matrix_world_take(world, seen->reply, &seen->malformed);
    for (uint32_t i = 0; i < seen->replies; i++) {
        seen->has_wrong_octets = seen->has_wrong_octets || !is_ours(world, &seen->reply[i]);
    }
    look_at_state(world, seen);
    if (segment != NULL && segment->text > 0) {
        read_all(world, segment, seen);
    }
}

uint32_t matrix_world_repeat(struct matrix_world *world, const struct oracle_segment *segment,
                             uint32_t times)
{
    struct segment_wire sent[MATRIX_REPLIES_MAX];
    const char *malformed;
    uint32_t replies = 0;
    arena_restore(world->arena, world->saved);
    for (uint32_t i = 0; i < times; i++) {
        matrix_world_give(world, segment, false);
        replies += matrix_world_take(world, sent, &malformed);
    }
    return replies;
}
