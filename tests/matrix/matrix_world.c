// SPDX-License-Identifier: MIT
//
// The stack under the matrix: how each situation is reached, and what is looked at afterwards.
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
    PEER_WINDOW = 1000,
    PEER_WSCALE = 2,
    PEER_MSS = 1460,
    ISN_TICK_NS = 4000,
    STRANGERS = 1100, // segments of one, more than are answered in a second
};

// Both ends' numbers pass 2^32 within what is in flight and what may arrive.
static const uint32_t ISS = UINT32_C(0xfffffff8);
static const uint32_t IRS = UINT32_C(0xffffff80);

#define START_NS UINT64_C(1000000000)
#define LATER_NS UINT64_C(100000000) // less than any timer waits

const struct matrix_situation matrix_situations[] = {
    {.name = "closed", .state = ORACLE_STATE_CLOSED},
    {.name = "listen", .state = ORACLE_STATE_LISTEN, .is_passive = true},
    {.name = "syn-sent", .state = ORACLE_STATE_SYN_SENT},
    {.name = "syn-sent-ts", .state = ORACLE_STATE_SYN_SENT, .has_timestamps = true},
    {.name = "half-open", .state = ORACLE_STATE_SYN_RECEIVED, .is_passive = true},
    {.name = "half-open-ts",
     .state = ORACLE_STATE_SYN_RECEIVED,
     .is_passive = true,
     .has_timestamps = true},
    {.name = "crossed", .state = ORACLE_STATE_SYN_RECEIVED},
    {.name = "crossed-ts", .state = ORACLE_STATE_SYN_RECEIVED, .has_timestamps = true},
    {.name = "established", .state = ORACLE_STATE_ESTABLISHED},
    {.name = "established-passive", .state = ORACLE_STATE_ESTABLISHED, .is_passive = true},
    {.name = "established-ts", .state = ORACLE_STATE_ESTABLISHED, .has_timestamps = true},
    {.name = "established-shut", .state = ORACLE_STATE_ESTABLISHED, .is_shut = true},
    {.name = "fin-wait-1", .state = ORACLE_STATE_FIN_WAIT_1},
    {.name = "fin-wait-1-ts", .state = ORACLE_STATE_FIN_WAIT_1, .has_timestamps = true},
    {.name = "fin-wait-1-shut", .state = ORACLE_STATE_FIN_WAIT_1, .is_shut = true},
    {.name = "fin-wait-1-orphan", .state = ORACLE_STATE_FIN_WAIT_1, .has_no_user = true},
    {.name = "fin-wait-2", .state = ORACLE_STATE_FIN_WAIT_2},
    {.name = "fin-wait-2-ts", .state = ORACLE_STATE_FIN_WAIT_2, .has_timestamps = true},
    {.name = "fin-wait-2-shut", .state = ORACLE_STATE_FIN_WAIT_2, .is_shut = true},
    {.name = "fin-wait-2-orphan", .state = ORACLE_STATE_FIN_WAIT_2, .has_no_user = true},
    {.name = "close-wait", .state = ORACLE_STATE_CLOSE_WAIT},
    {.name = "close-wait-ts", .state = ORACLE_STATE_CLOSE_WAIT, .has_timestamps = true},
    {.name = "closing", .state = ORACLE_STATE_CLOSING},
    {.name = "closing-ts", .state = ORACLE_STATE_CLOSING, .has_timestamps = true},
    {.name = "last-ack", .state = ORACLE_STATE_LAST_ACK},
    {.name = "last-ack-ts", .state = ORACLE_STATE_LAST_ACK, .has_timestamps = true},
    {.name = "last-ack-orphan", .state = ORACLE_STATE_LAST_ACK, .has_no_user = true},
    {.name = "established-gap", .state = ORACLE_STATE_ESTABLISHED, .has_gap = true},
    {.name = "established-cookie-gap-ts",
     .state = ORACLE_STATE_ESTABLISHED,
     .is_passive = true,
     .has_timestamps = true,
     .has_cookie = true,
     .has_gap = true},
    {.name = "established-read", .state = ORACLE_STATE_ESTABLISHED, .has_read = true},
    {.name = "fin-wait-2-gap-ts",
     .state = ORACLE_STATE_FIN_WAIT_2,
     .has_timestamps = true,
     .has_gap = true},
    {.name = "closed-stranger", .state = ORACLE_STATE_CLOSED, .has_stranger = true},
    {.name = "listen-fast",
     .state = ORACLE_STATE_LISTEN,
     .is_passive = true,
     .has_fast_open = true},
    {.name = "time-wait-at-once",
     .state = ORACLE_STATE_TIME_WAIT,
     .is_passive = true,
     .is_at_once = true},
    {.name = "time-wait", .state = ORACLE_STATE_TIME_WAIT},
    {.name = "time-wait-ts", .state = ORACLE_STATE_TIME_WAIT, .has_timestamps = true},
    {.name = "time-wait-listen", .state = ORACLE_STATE_TIME_WAIT, .is_passive = true},
    {.name = "time-wait-listen-ts",
     .state = ORACLE_STATE_TIME_WAIT,
     .is_passive = true,
     .has_timestamps = true},
};
const uint32_t matrix_situation_count = sizeof matrix_situations / sizeof *matrix_situations;

_Noreturn void synfin_panic(const char *file, int line, const char *what)
{
    (void)fprintf(stderr, "%s:%d: %s\n", file, line, what);
    abort();
}

static void require(bool holds, const struct matrix_world *world, const char *what)
{
    if (!holds) {
        (void)fprintf(stderr, "matrix: %s: %s\n", world->situation->name, what);
        abort();
    }
}

static void require_ok(enum synfin_error error, const struct matrix_world *world)
{
    require(error == SYNFIN_ERROR_OK, world, synfin_error_text(error));
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

static void give(struct matrix_world *world, const struct oracle_segment *segment,
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
static uint32_t take(struct matrix_world *world, struct segment_wire *out, const char **malformed)
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

// On the way to a situation: exactly one segment with these flags, from which the peer learns.
static void expect(struct matrix_world *world, uint16_t flags)
{
    struct segment_wire sent[MATRIX_REPLIES_MAX];
    const char *malformed;
    struct oracle_tcb *tcb = &world->tcb;
    uint32_t count = take(world, sent, &malformed);
    const struct segment_wire got = sent[0];
    require(count == 1 && malformed == NULL, world, "one segment was expected");
    require((got.flags & ~(uint16_t)ORACLE_PSH) == flags, world, "other flags were expected");
    if ((flags & ORACLE_SYN) != 0) {
        tcb->iss = tcb->snd_una = got.seq;
    }
    tcb->snd_nxt =
        got.seq + got.payload_bytes + ((flags & ORACLE_SYN) != 0) + ((flags & ORACLE_FIN) != 0);
    tcb->has_fin_out = (flags & ORACLE_FIN) != 0 || tcb->has_fin_out;
    if ((flags & ORACLE_ACK) != 0) {
        tcb->rcv_nxt = tcb->last_ack_sent = got.ack;
    }
    tcb->rcv_wnd = got.window;
    world->stack_ts = got.has_timestamps ? got.ts_val : 0;
}

// The peer says something in order, and acknowledges up to `ack`.
static void say(struct matrix_world *world, uint8_t flags, uint32_t ack, uint32_t text)
{
    struct oracle_tcb *tcb = &world->tcb;
    bool has_syn = (flags & ORACLE_SYN) != 0;
    struct oracle_segment segment = {
        .flags = flags,
        .seq = world->peer_nxt,
        .ack = (flags & ORACLE_ACK) != 0 ? ack : 0,
        .text = text,
        .wnd = PEER_WINDOW,
        .has_ts = world->situation->has_timestamps,
        .ts_val = ++world->peer_ts,
    };
    give(world, &segment, has_syn);
    world->peer_nxt += text + has_syn + ((flags & ORACLE_FIN) != 0);
    tcb->has_sack = tcb->has_sack || (has_syn && segment.has_ts);
    tcb->ts_recent = world->peer_ts;
    tcb->snd_wnd = (uint32_t)PEER_WINDOW << (has_syn ? 0 : tcb->snd_wscale);
    tcb->snd_wnd_max = tcb->snd_wnd > tcb->snd_wnd_max ? tcb->snd_wnd : tcb->snd_wnd_max;
    tcb->snd_wl1 = segment.seq;
    tcb->snd_wl2 = segment.ack;
    if ((flags & ORACLE_ACK) != 0) {
        tcb->snd_una = ack;
    }
}

static void configure(const struct matrix_situation *situation, struct synfin_stack_config *config)
{
    arena_config(config, ARENA_BYTES);
    config->send_buffer_bytes = 4096;
    config->receive_buffer_bytes = MATRIX_WINDOW;
    config->syn_cookies =
        situation->has_cookie ? SYNFIN_SYN_COOKIES_ALWAYS : SYNFIN_SYN_COOKIES_WHEN_FULL;
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
    require_ok(synfin_stack_create(&env, &config, START_NS, &world->stack), world);
    require_ok(synfin_stack_add_iface(world->stack, &iface, &number), world);
    require_ok(synfin_stack_add_addr(world->stack, number, &prefix), world);
    // The clock of RFC 9293 §3.4.1 comes by ISS.
    uint64_t ticks = START_NS / ISN_TICK_NS + 1;
    uint32_t ahead = ISS - tcp_isn(&world->stack->tcp, &pair, ticks * ISN_TICK_NS).n;
    world->now_ns = (ticks + ahead) * ISN_TICK_NS;
    synfin_stack_advance(world->stack, world->now_ns);
}

static void open_socket(struct matrix_world *world, synfin_socket *out)
{
    struct tcp_pair pair = pair_of_world();
    struct synfin_endpoint local = {.addr = pair.local, .port = pair.local_port};
    require_ok(synfin_socket_open(world->stack, out), world);
    require_ok(synfin_socket_bind(world->stack, *out, &local), world);
    require_ok(
        synfin_socket_set_option(world->stack, *out, SYNFIN_OPTION_QUICKACK, 1, world->now_ns),
        world);
}

static void listen_there(struct matrix_world *world)
{
    open_socket(world, &world->listener);
    require_ok(synfin_socket_set_option(world->stack, world->listener, SYNFIN_OPTION_FASTOPEN,
                                        world->situation->has_fast_open ? 4 : 0, world->now_ns),
               world);
    require_ok(synfin_socket_listen(world->stack, world->listener, 4, world->now_ns), world);
    world->tcb.has_listener = world->tcb.is_passive = true;
}

static void connect_there(struct matrix_world *world)
{
    struct tcp_pair pair = pair_of_world();
    struct synfin_endpoint remote = {.addr = pair.remote, .port = pair.remote_port};
    open_socket(world, &world->socket);
    require_ok(synfin_socket_connect(world->stack, world->socket, &remote, world->now_ns), world);
    expect(world, ORACLE_SYN);
}

// Up to SYN-SENT or SYN-RECEIVED.
static void reach_opening(struct matrix_world *world)
{
    if (world->situation->is_passive) {
        say(world, ORACLE_SYN, 0, 0);
        expect(world, ORACLE_SYN | ORACLE_ACK);
        return;
    }
    connect_there(world);
    if (world->situation->state == ORACLE_STATE_SYN_RECEIVED) {
        say(world, ORACLE_SYN, 0, 0);
        expect(world, ORACLE_SYN | ORACLE_ACK);
    }
}

static void reach_established(struct matrix_world *world)
{
    if (world->situation->is_passive) {
        say(world, ORACLE_ACK, world->tcb.snd_nxt, 0);
        require_ok(synfin_socket_accept(world->stack, world->listener, &world->socket, NULL),
                   world);
        return;
    }
    say(world, ORACLE_SYN | ORACLE_ACK, world->tcb.snd_nxt, 0);
    expect(world, ORACLE_ACK);
}

static void fill_window(struct matrix_world *world)
{
    say(world, ORACLE_ACK, world->tcb.snd_nxt, MATRIX_WINDOW);
    expect(world, ORACLE_ACK);
    world->unread = MATRIX_WINDOW;
    require(world->tcb.rcv_wnd == 0, world, "the window is not shut");
}

static void read_little(struct matrix_world *world)
{
    uint8_t octets[MATRIX_WINDOW];
    size_t received;
    say(world, ORACLE_ACK, world->tcb.snd_nxt, MATRIX_GAP);
    expect(world, ORACLE_ACK);
    require_ok(synfin_socket_recv(world->stack, world->socket, octets, sizeof octets, &received,
                                  world->now_ns),
               world);
    require(received == MATRIX_GAP, world, "the user has not read them");
    world->read = MATRIX_GAP;
}

// RFC 7323 §4.3: TS.Recent stays, for the segment does not begin where the last answer ended.
static void leave_gap(struct matrix_world *world)
{
    struct oracle_tcb *tcb = &world->tcb;
    uint32_t ts_recent = tcb->ts_recent;
    world->peer_nxt += MATRIX_GAP;
    tcb->kept[0] = (struct oracle_block){world->peer_nxt, world->peer_nxt + MATRIX_GAP};
    tcb->kept_count = 1;
    say(world, ORACLE_ACK, tcb->snd_una, MATRIX_GAP);
    expect(world, ORACLE_ACK);
    tcb->ts_recent = ts_recent;
}

// From another address, to a port where nobody is.
static void tell_stranger(struct matrix_world *world)
{
    static uint8_t wire[SEGMENT_WIRE_MAX];
    struct tcp_pair pair = pair_of_world();
    struct segment_wire syn = {
        .src = synfin_addr_ipv4(192, 0, 2, 3),
        .dst = pair.local,
        .src_port = PEER_PORT,
        .dst_port = STACK_PORT + 1,
        .flags = ORACLE_SYN,
        .wscale = -1,
    };
    struct synfin_packet packet;
    uint32_t bytes = segment_wire_build(&syn, wire);
    for (uint32_t i = 0; i < STRANGERS; i++) {
        synfin_packet_wrap(&packet, wire, bytes);
        synfin_stack_input(world->stack, 0, &packet, 1, world->now_ns);
        while (synfin_stack_output(world->stack, 0, &packet, 1, world->now_ns) > 0) {
        }
    }
}

static void write_octets(struct matrix_world *world)
{
    uint8_t octets[MATRIX_IN_FLIGHT] = {0};
    size_t sent;
    require_ok(synfin_socket_send(world->stack, world->socket, octets, sizeof octets, &sent,
                                  world->now_ns),
               world);
    expect(world, ORACLE_ACK);
}

static void shut_ours(struct matrix_world *world)
{
    if (world->situation->has_no_user) {
        synfin_socket_close(world->stack, world->socket, world->now_ns);
        world->socket = 0;
    } else {
        require_ok(synfin_socket_shutdown(world->stack, world->socket, SYNFIN_SHUTDOWN_WRITE,
                                          world->now_ns),
                   world);
    }
    expect(world, ORACLE_FIN | ORACLE_ACK);
    world->tcb.has_no_user = world->situation->has_no_user;
}

static void shut_theirs(struct matrix_world *world)
{
    say(world, ORACLE_FIN | ORACLE_ACK, world->tcb.snd_una, 0);
    expect(world, ORACLE_ACK);
}

static void reach_closing(struct matrix_world *world)
{
    enum oracle_state state = world->situation->state;
    if (state == ORACLE_STATE_CLOSE_WAIT || state == ORACLE_STATE_LAST_ACK) {
        shut_theirs(world);
    }
    if (state != ORACLE_STATE_FIN_WAIT_2 && state != ORACLE_STATE_TIME_WAIT) {
        write_octets(world);
    }
    if (state == ORACLE_STATE_ESTABLISHED || state == ORACLE_STATE_CLOSE_WAIT) {
        return;
    }
    shut_ours(world);
    if (state == ORACLE_STATE_FIN_WAIT_2 || state == ORACLE_STATE_TIME_WAIT) {
        say(world, ORACLE_ACK, world->tcb.snd_nxt, 0);
    }
    if (state == ORACLE_STATE_CLOSING || state == ORACLE_STATE_TIME_WAIT) {
        shut_theirs(world);
    }
}

static void reach(struct matrix_world *world)
{
    const struct matrix_situation *situation = world->situation;
    if (situation->is_passive) {
        listen_there(world);
    }
    if (situation->state == ORACLE_STATE_CLOSED || situation->state == ORACLE_STATE_LISTEN) {
        return;
    }
    reach_opening(world);
    if (situation->state == ORACLE_STATE_SYN_SENT
        || situation->state == ORACLE_STATE_SYN_RECEIVED) {
        return;
    }
    reach_established(world);
    if (situation->is_shut) {
        fill_window(world);
    }
    if (situation->has_read) {
        read_little(world);
    }
    reach_closing(world);
    if (situation->has_gap) {
        leave_gap(world);
    }
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
    require(world->arena != NULL && world->saved != NULL, world, "no memory");
    world->tcb.irs = world->tcb.rcv_nxt = IRS;
    world->tcb.has_timestamps = situation->has_timestamps;
    world->tcb.snd_wscale = situation->has_timestamps ? PEER_WSCALE : 0;
    make_stack(world);
    reach(world);
    take_events(world);
    world->now_ns += situation->is_at_once ? 0 : LATER_NS;
    synfin_stack_advance(world->stack, world->now_ns);
    if (situation->has_stranger) {
        tell_stranger(world);
    }
    world->tcb.state = situation->state;
    world->tcb.user_nxt = world->tcb.rcv_nxt - world->unread;
    arena_save(world->arena, world->saved);
    struct matrix_seen seen;
    matrix_world_try(world, NULL, &seen);
    require(seen.state == situation->state && seen.replies == 0, world, "it was not reached");
}

void matrix_world_deinit(struct matrix_world *world)
{
    arena_restore(world->arena, world->saved);
    synfin_stack_destroy(world->stack);
    require(world->arena->slabs == 0 && world->arena->held_bytes == 0, world, "a slab is missing");
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

void matrix_world_try(struct matrix_world *world, const struct oracle_segment *segment,
                      struct matrix_seen *seen)
{
    *seen = (struct matrix_seen){0};
    arena_restore(world->arena, world->saved);
    if (segment != NULL) {
        give(world, segment, false);
    }
    seen->replies = take(world, seen->reply, &seen->malformed);
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
        give(world, segment, false);
        replies += take(world, sent, &malformed);
    }
    return replies;
}
