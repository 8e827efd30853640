// SPDX-License-Identifier: MIT
//
// The user's side of the segment tests: calls on the one socket of a test, events, and ways to
// each state that several tests begin from.
#include <stdio.h>
#include <string.h>

#include "lib/segment.h"

enum { CALL_MAX = 1 << 20 };

static uint8_t octets[CALL_MAX];
// Where the stack's user and the peer's reader stand in the streams.
static uint32_t written, read_so_far;

uint8_t segment_octet(bool is_ours, uint32_t seq)
{
    return (uint8_t)(seq * 7 + (seq >> 8) * 31 + (is_ours ? 0x40 : 0));
}

void segment_result(enum synfin_error got, enum synfin_error wanted, struct segment_place at)
{
    if (got != wanted) {
        char text[96];
        (void)snprintf(text, sizeof text, "the result is %s, not %s", synfin_error_name(got),
                       synfin_error_name(wanted));
        segment_fail(text, at);
    }
}

static synfin_socket open_bound(struct segment_place at)
{
    synfin_socket socket;
    struct synfin_endpoint local = {.addr = bench.ours, .port = bench.stack_port};
    segment_step(at);
    segment_result(synfin_socket_open(bench.stack, &socket), SYNFIN_ERROR_OK, at);
    segment_result(synfin_socket_bind(bench.stack, socket, &local), SYNFIN_ERROR_OK, at);
    written = read_so_far = 1;
    return socket;
}

void segment_listen(uint32_t backlog, struct segment_place at)
{
    bench.listener = open_bound(at);
    segment_result(synfin_socket_listen(bench.stack, bench.listener, backlog, bench.now_ns),
                   SYNFIN_ERROR_OK, at);
    segment_step(at);
}

enum synfin_error segment_user_connect(void)
{
    struct synfin_endpoint remote = {.addr = bench.theirs, .port = bench.peer_port};
    segment_step(HERE);
    enum synfin_error error =
        synfin_socket_connect(bench.stack, bench.socket, &remote, bench.now_ns);
    return error;
}

void segment_open_client(uint16_t port, struct segment_place at)
{
    bench.stack_port = port;
    bench.peer_port = 80;
    segment_step(at);
    segment_wait_for_iss();
    bench.socket = open_bound(at);
}

void segment_connect(struct segment_place at)
{
    segment_open_client(40000, at);
    segment_result(segment_user_connect(), SYNFIN_ERROR_OK, at);
}

void segment_accept(struct segment_place at)
{
    struct synfin_endpoint peer;
    segment_step(at);
    segment_result(synfin_socket_accept(bench.stack, bench.listener, &bench.socket, &peer),
                   SYNFIN_ERROR_OK, at);
    segment_check(synfin_addr_equal(&peer.addr, &bench.theirs), "accept tells the peer", at);
    segment_step(at);
}

void segment_close(struct segment_place at)
{
    segment_step(at);
    synfin_socket_close(bench.stack, bench.socket, bench.now_ns);
}

void segment_abort(struct segment_place at)
{
    segment_step(at);
    synfin_socket_abort(bench.stack, bench.socket, bench.now_ns);
}

enum synfin_error segment_user_send(uint32_t bytes)
{
    size_t sent = 0;
    assert_true(bytes <= CALL_MAX);
    segment_step(HERE);
    for (uint32_t i = 0; i < bytes; i++) {
        octets[i] = segment_octet(true, written + i);
    }
    enum synfin_error error =
        synfin_socket_send(bench.stack, bench.socket, octets, bytes, &sent, bench.now_ns);
    written += (uint32_t)sent;
    if (error == SYNFIN_ERROR_OK && sent != bytes) {
        segment_fail("send took less than all", HERE);
    }
    return error;
}

enum synfin_error segment_user_recv(uint32_t capacity, size_t *received)
{
    assert_true(capacity <= CALL_MAX);
    segment_step(HERE);
    enum synfin_error error =
        synfin_socket_recv(bench.stack, bench.socket, octets, capacity, received, bench.now_ns);
    for (uint32_t i = 0; i < *received; i++) {
        segment_check(octets[i] == segment_octet(false, read_so_far + i), "octets received", HERE);
    }
    read_so_far += (uint32_t)*received;
    return error;
}

void segment_user_got(uint32_t bytes, struct segment_place at)
{
    size_t received;
    segment_result(segment_user_recv(bytes == 0 ? 1 : bytes, &received), SYNFIN_ERROR_OK, at);
    segment_equal(received, bytes, "octets received", at);
}

enum synfin_error segment_user_shutdown(enum synfin_shutdown how)
{
    segment_step(HERE);
    return synfin_socket_shutdown(bench.stack, bench.socket, how, bench.now_ns);
}

void segment_set_option(enum synfin_option option, int64_t value, struct segment_place at)
{
    segment_step(at);
    segment_result(synfin_socket_set_option(bench.stack, bench.socket, option, value, bench.now_ns),
                   SYNFIN_ERROR_OK, at);
}

void segment_event(enum synfin_event_kind kind, struct segment_place at)
{
    if (!synfin_stack_next_event(bench.stack, &bench.event)) {
        segment_fail("an event was expected and there is none", at);
    }
    if (bench.event.kind != kind) {
        char text[64];
        (void)snprintf(text, sizeof text, "the event is %s, not %s",
                       synfin_event_name(bench.event.kind), synfin_event_name(kind));
        segment_fail(text, at);
    }
}

void segment_event_closed(enum synfin_error error, struct segment_place at)
{
    segment_event(SYNFIN_EVENT_CLOSED, at);
    segment_result(bench.event.error, error, at);
}

void segment_no_event(struct segment_place at)
{
    if (synfin_stack_next_event(bench.stack, &bench.event)) {
        segment_fail(synfin_event_name(bench.event.kind), at);
    }
}

static void take_events(void)
{
    while (synfin_stack_next_event(bench.stack, &bench.event)) {
    }
}

void segment_open_passive(struct segment_place at)
{
    segment_listen(8, at);
    segment_send(&(struct segment){.flags = SYN, .mss = 1460}, at);
    segment_expect(&(struct segment){.flags = SYN | ACK, .ack = 1}, 0, at);
    segment_send(&(struct segment){.flags = ACK, .seq = 1, .ack = 1}, at);
    segment_accept(at);
    take_events();
    bench.stack_nxt = bench.peer_nxt = 1;
}

void segment_open_active(struct segment_place at)
{
    segment_connect(at);
    segment_expect(&(struct segment){.flags = SYN}, 0, at);
    segment_send(&(struct segment){.flags = SYN | ACK, .ack = 1, .mss = 1460}, at);
    segment_expect(&(struct segment){.flags = ACK, .seq = 1, .ack = 1}, 0, at);
    take_events();
    bench.stack_nxt = bench.peer_nxt = 1;
}

static void shut_ours(struct segment_place at)
{
    segment_result(segment_user_shutdown(SYNFIN_SHUTDOWN_WRITE), SYNFIN_ERROR_OK, at);
    segment_expect(
        &(struct segment){.flags = FIN | ACK, .seq = bench.stack_nxt, .ack = bench.peer_nxt}, 0,
        at);
    bench.stack_nxt++;
}

static void shut_theirs(uint32_t ack, struct segment_place at)
{
    segment_send(&(struct segment){.flags = FIN | ACK, .seq = bench.peer_nxt, .ack = ack}, at);
    bench.peer_nxt++;
    segment_expect(&(struct segment){.flags = ACK, .seq = bench.stack_nxt, .ack = bench.peer_nxt},
                   0, at);
}

static void ack_fin(struct segment_place at)
{
    segment_send(&(struct segment){.flags = ACK, .seq = bench.peer_nxt, .ack = bench.stack_nxt},
                 at);
}

// Before the handshake is complete.
static void reach_opening(enum synfin_tcp_state state, struct segment_place at)
{
    if (state == SYNFIN_TCP_STATE_SYN_SENT) {
        segment_connect(at);
        segment_expect(&(struct segment){.flags = SYN}, 0, at);
        bench.stack_nxt = 1;
        bench.peer_nxt = 0;
        return;
    }
    segment_listen(8, at);
    if (state == SYNFIN_TCP_STATE_SYN_RECEIVED) {
        segment_send(&(struct segment){.flags = SYN, .mss = 1460}, at);
        segment_expect(&(struct segment){.flags = SYN | ACK, .ack = 1}, 0, at);
        bench.stack_nxt = bench.peer_nxt = 1;
    }
}

static void reach_closing(enum synfin_tcp_state state, struct segment_place at)
{
    shut_ours(at);
    if (state == SYNFIN_TCP_STATE_CLOSING) {
        shut_theirs(1, at);
    } else if (state != SYNFIN_TCP_STATE_FIN_WAIT_1) {
        ack_fin(at);
    }
    if (state == SYNFIN_TCP_STATE_TIME_WAIT) {
        shut_theirs(bench.stack_nxt, at);
    }
}

void segment_reach(enum synfin_tcp_state state, struct segment_place at)
{
    switch (state) {
    case SYNFIN_TCP_STATE_LISTEN:
    case SYNFIN_TCP_STATE_SYN_SENT:
    case SYNFIN_TCP_STATE_SYN_RECEIVED: reach_opening(state, at); break;
    case SYNFIN_TCP_STATE_ESTABLISHED: segment_open_active(at); break;
    case SYNFIN_TCP_STATE_FIN_WAIT_1:
    case SYNFIN_TCP_STATE_FIN_WAIT_2:
    case SYNFIN_TCP_STATE_CLOSING:
    case SYNFIN_TCP_STATE_TIME_WAIT:
        segment_open_active(at);
        reach_closing(state, at);
        break;
    case SYNFIN_TCP_STATE_CLOSE_WAIT:
    case SYNFIN_TCP_STATE_LAST_ACK:
    case SYNFIN_TCP_STATE_CLOSED:
        segment_open_active(at);
        shut_theirs(1, at);
        if (state != SYNFIN_TCP_STATE_CLOSE_WAIT) {
            shut_ours(at);
        }
        if (state == SYNFIN_TCP_STATE_CLOSED) {
            ack_fin(at);
        }
        break;
    case SYNFIN_TCP_STATE_COUNT: segment_fail("no such state", at);
    }
    take_events();
    segment_in_state(state, at);
    segment_step(at);
}
