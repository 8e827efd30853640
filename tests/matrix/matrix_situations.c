// SPDX-License-Identifier: MIT
//
// How each situation is reached: what the peer says and what the user does, step by step.
#include "matrix_situations.h"

#include <stddef.h>

#include <synfin/packet.h>

#include "matrix_world.h"

enum {
    PEER_WINDOW = 1000,
    STRANGERS = 1100, // segments of one, more than are answered in a second
};

#define LATER_NS   UINT64_C(100000000) // less than any timer waits
#define TIMEOUT_NS UINT64_C(1000000000)

const struct matrix_situation matrix_situations[] = {
    {.name = "closed", .state = ORACLE_STATE_CLOSED},
    {.name = "listen", .state = ORACLE_STATE_LISTEN, .is_passive = true},
    {.name = "syn-sent", .state = ORACLE_STATE_SYN_SENT},
    {.name = "syn-sent-ts", .state = ORACLE_STATE_SYN_SENT, .has_timestamps = true},
    {.name = "syn-sent-fast", .state = ORACLE_STATE_SYN_SENT, .has_fast_open = true},
    {.name = "syn-sent-fast-ts",
     .state = ORACLE_STATE_SYN_SENT,
     .has_timestamps = true,
     .has_fast_open = true},
    {.name = "syn-sent-fast-again",
     .state = ORACLE_STATE_SYN_SENT,
     .has_fast_open = true,
     .is_syn_again = true},
    {.name = "syn-sent-waiting",
     .state = ORACLE_STATE_SYN_SENT,
     .has_fast_open = true,
     .is_waiting = true},
    {.name = "half-open", .state = ORACLE_STATE_SYN_RECEIVED, .is_passive = true},
    {.name = "half-open-ts",
     .state = ORACLE_STATE_SYN_RECEIVED,
     .is_passive = true,
     .has_timestamps = true},
    {.name = "half-open-fast",
     .state = ORACLE_STATE_SYN_RECEIVED,
     .is_passive = true,
     .has_fast_open = true},
    {.name = "half-open-fast-ts",
     .state = ORACLE_STATE_SYN_RECEIVED,
     .is_passive = true,
     .has_timestamps = true,
     .has_fast_open = true},
    {.name = "crossed", .state = ORACLE_STATE_SYN_RECEIVED},
    {.name = "crossed-ts", .state = ORACLE_STATE_SYN_RECEIVED, .has_timestamps = true},
    {.name = "crossed-fast", .state = ORACLE_STATE_SYN_RECEIVED, .has_fast_open = true},
    {.name = "crossed-fast-ts",
     .state = ORACLE_STATE_SYN_RECEIVED,
     .has_timestamps = true,
     .has_fast_open = true},
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

// On the way to a situation: exactly one segment with these flags, from which the peer learns.
static void expect(struct matrix_world *world, uint16_t flags)
{
    struct segment_wire sent[MATRIX_REPLIES_MAX];
    const char *malformed;
    struct oracle_tcb *tcb = &world->tcb;
    uint32_t count = matrix_world_take(world, sent, &malformed);
    const struct segment_wire got = sent[0];
    matrix_world_require(world, count == 1 && malformed == NULL, "one segment was expected");
    matrix_world_require(world, (got.flags & ~(uint16_t)ORACLE_PSH) == flags,
                         "other flags were expected");
    if ((flags & ORACLE_SYN) != 0) {
        tcb->iss = tcb->snd_una = got.seq;
    }
    uint32_t end =
        got.seq + got.payload_bytes + ((flags & ORACLE_SYN) != 0) + ((flags & ORACLE_FIN) != 0);
    tcb->snd_nxt = (int32_t)(end - tcb->snd_nxt) > 0 ? end : tcb->snd_nxt; // a SYN may go again
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
    matrix_world_give(world, &segment, has_syn);
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

static void open_socket(struct matrix_world *world, synfin_socket *out)
{
    struct synfin_endpoint local = matrix_world_ours();
    matrix_world_require_ok(world, synfin_socket_open(world->stack, out));
    matrix_world_require_ok(world, synfin_socket_bind(world->stack, *out, &local));
    matrix_world_require_ok(
        world,
        synfin_socket_set_option(world->stack, *out, SYNFIN_OPTION_QUICKACK, 1, world->now_ns));
}

static void listen_there(struct matrix_world *world)
{
    open_socket(world, &world->listener);
    matrix_world_require_ok(
        world, synfin_socket_set_option(world->stack, world->listener, SYNFIN_OPTION_FASTOPEN,
                                        world->situation->has_fast_open ? 4 : 0, world->now_ns));
    matrix_world_require_ok(world,
                            synfin_socket_listen(world->stack, world->listener, 4, world->now_ns));
    world->tcb.has_listener = world->tcb.is_passive = true;
}

static void write_octets(struct matrix_world *world)
{
    uint8_t octets[MATRIX_IN_FLIGHT];
    size_t sent;
    for (uint32_t i = 0; i < MATRIX_IN_FLIGHT; i++) {
        octets[i] = matrix_world_octet(i);
    }
    matrix_world_require_ok(world, synfin_socket_send(world->stack, world->socket, octets,
                                                      sizeof octets, &sent, world->now_ns));
}

// RFC 7413 §4.1.3: what an earlier connection would have left.
static void know_cookie(struct matrix_world *world)
{
    struct synfin_fastopen_cookie cookie = {.size = sizeof cookie,
                                            .local = matrix_world_ours().addr,
                                            .remote = matrix_world_theirs().addr,
                                            .bytes = SYNFIN_FASTOPEN_COOKIE_MAX};
    matrix_world_require_ok(world, synfin_stack_fastopen_set(world->stack, &cookie, world->now_ns));
    matrix_world_require_ok(world, synfin_socket_set_option(world->stack, world->socket,
                                                            SYNFIN_OPTION_FASTOPEN_CONNECT, 1,
                                                            world->now_ns));
}

static void connect_there(struct matrix_world *world)
{
    struct synfin_endpoint remote = matrix_world_theirs();
    bool has_text = world->situation->has_fast_open;
    open_socket(world, &world->socket);
    if (has_text) {
        know_cookie(world);
    }
    matrix_world_require_ok(
        world, synfin_socket_connect(world->stack, world->socket, &remote, world->now_ns));
    if (world->situation->is_waiting) {
        world->tcb.iss = world->tcb.snd_una = world->tcb.snd_nxt;
        world->tcb.has_syn_again = true;
        return;
    }
    if (has_text) {
        write_octets(world);
    }
    expect(world, ORACLE_SYN);
    uint32_t text = world->tcb.snd_nxt - world->tcb.iss - 1;
    matrix_world_require(world, text == (has_text ? MATRIX_IN_FLIGHT : 0), "the text of the SYN");
}

// RFC 7413 §4.2.2: without text, which may have arrived all the same.
static void wait_for_syn(struct matrix_world *world)
{
    world->now_ns += TIMEOUT_NS;
    synfin_stack_advance(world->stack, world->now_ns);
    expect(world, ORACLE_SYN);
    world->tcb.has_syn_again = true;
}

static void accept_there(struct matrix_world *world)
{
    matrix_world_require_ok(
        world, synfin_socket_accept(world->stack, world->listener, &world->socket, NULL));
}

// RFC 7413 §4.2.2: the text of a SYN is taken, and answered, before the third segment.
static void serve_at_once(struct matrix_world *world)
{
    say(world, ORACLE_SYN, 0, MATRIX_GAP);
    expect(world, ORACLE_SYN | ORACLE_ACK);
    matrix_world_require(world, world->tcb.rcv_nxt == world->peer_nxt, "the text was not taken");
    accept_there(world);
    write_octets(world);
    expect(world, ORACLE_ACK);
    world->unread = MATRIX_GAP;
    world->tcb.has_block = true;
}

// Up to SYN-SENT or SYN-RECEIVED.
static void reach_opening(struct matrix_world *world)
{
    if (world->situation->is_passive && world->situation->has_fast_open) {
        serve_at_once(world);
        return;
    }
    if (world->situation->is_passive) {
        say(world, ORACLE_SYN, 0, 0);
        expect(world, ORACLE_SYN | ORACLE_ACK);
        return;
    }
    connect_there(world);
    if (world->situation->is_syn_again) {
        wait_for_syn(world);
    }
    if (world->situation->state == ORACLE_STATE_SYN_RECEIVED) {
        say(world, ORACLE_SYN, 0, 0);
        expect(world, ORACLE_SYN | ORACLE_ACK);
    }
}

static void reach_established(struct matrix_world *world)
{
    if (world->situation->is_passive) {
        say(world, ORACLE_ACK, world->tcb.snd_nxt, 0);
        accept_there(world);
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
    matrix_world_require(world, world->tcb.rcv_wnd == 0, "the window is not shut");
}

static void read_little(struct matrix_world *world)
{
    uint8_t octets[MATRIX_WINDOW];
    size_t received;
    say(world, ORACLE_ACK, world->tcb.snd_nxt, MATRIX_GAP);
    expect(world, ORACLE_ACK);
    matrix_world_require_ok(world, synfin_socket_recv(world->stack, world->socket, octets,
                                                      sizeof octets, &received, world->now_ns));
    matrix_world_require(world, received == MATRIX_GAP, "the user has not read them");
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
    struct synfin_endpoint ours = matrix_world_ours();
    struct segment_wire syn = {
        .src = synfin_addr_ipv4(192, 0, 2, 3),
        .dst = ours.addr,
        .src_port = ours.port,
        .dst_port = (uint16_t)(ours.port + 1),
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

static void shut_ours(struct matrix_world *world)
{
    if (world->situation->has_no_user) {
        synfin_socket_close(world->stack, world->socket, world->now_ns);
        world->socket = 0;
    } else {
        matrix_world_require_ok(world,
                                synfin_socket_shutdown(world->stack, world->socket,
                                                       SYNFIN_SHUTDOWN_WRITE, world->now_ns));
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
        expect(world, ORACLE_ACK);
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

// Up to the state, with all that the user and the peer do for it.
static void reach_state(struct matrix_world *world)
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

void matrix_situations_reach(struct matrix_world *world)
{
    reach_state(world);
    world->now_ns += world->situation->is_at_once ? 0 : LATER_NS;
    synfin_stack_advance(world->stack, world->now_ns);
    if (world->situation->has_stranger) {
        tell_stranger(world);
    }
}
