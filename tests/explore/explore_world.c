// SPDX-License-Identifier: MIT
//
// The two stacks, their users and their network.
#include "explore_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stack/stack_internal.h"
#include "tcp/tcp_internal.h"

enum {
    ARENA_BYTES = 256 << 10,
    STACK_BYTES = 96 << 10,
    PORT = 80,
    TICK_NS = 1 << 16, // of the timer wheel
    TRIES_MAX = 8,     // ticks until a deadline has fired
    ROUNDS_MAX = 400,  // of an end that must come
    FLIGHT_NS = 100000,
};

#define START_NS UINT64_C(1000000000)

static explore_edge_fn tell_edge;

static void on_trace(void *ctx, const struct synfin_trace_event *event)
{
    (void)ctx;
    if (event->kind == SYNFIN_TRACE_STATE) {
        tell_edge(event->as.state.from, event->as.state.to);
    }
}

static void fail(struct explore_world *world, const char *what)
{
    world->wrong = world->wrong != NULL ? world->wrong : what;
}

static void require(bool holds)
{
    if (!holds) {
        (void)fprintf(stderr, "explore: the world cannot be made\n");
        abort();
    }
}

static uint8_t octet_of(uint32_t end, uint32_t offset)
{
    return (uint8_t)(offset * 31 + end * 128 + 7);
}

static struct synfin_endpoint endpoint_of(uint32_t end)
{
    return (struct synfin_endpoint){.addr = synfin_addr_ipv4(192, 0, 2, (uint8_t)(end + 1)),
                                    .port = (uint16_t)(PORT + end)};
}

static void configure(const struct explore_scenario *scenario, struct synfin_stack_config *config)
{
    arena_config(config, STACK_BYTES);
    config->send_buffer_bytes = config->receive_buffer_bytes = 512;
    config->syn_retries = config->syn_ack_retries = config->data_retries = 1;
    config->orphan_retries = 1;
    config->syn_cookies = SYNFIN_SYN_COOKIES_NEVER;
    config->use_timestamps = config->use_sack = config->use_window_scale = scenario->has_options;
}

static void make_stack(struct explore_world *world, uint32_t index)
{
    struct explore_end *end = &world->end[index];
    struct synfin_stack_config config;
    struct synfin_iface_config iface;
    struct synfin_env env;
    struct synfin_prefix prefix = {.addr = endpoint_of(index).addr, .bits = 24};
    uint32_t number;
    configure(world->scenario, &config);
    synfin_iface_config_default(&iface);
    arena_bind(world->arena, &env);
    env.trace = on_trace;
    end->now_ns = START_NS;
    require(synfin_stack_create(&env, &config, START_NS, &end->stack) == SYNFIN_ERROR_OK
            && synfin_stack_add_iface(end->stack, &iface, &number) == SYNFIN_ERROR_OK
            && synfin_stack_add_addr(end->stack, number, &prefix) == SYNFIN_ERROR_OK);
    end->opens = world->scenario->opens[index];
    end->listens = world->scenario->listens[index];
    end->writes = world->scenario->writes[index];
}

struct explore_world *explore_world_create(const struct explore_scenario *scenario,
                                           explore_edge_fn edge)
{
    struct arena *arena = arena_create(ARENA_BYTES, 1);
    require(arena != NULL);
    struct explore_world *world = arena_take(arena, sizeof *world);
    tell_edge = edge;
    world->arena = arena;
    world->scenario = scenario;
    world->drops = scenario->drops;
    world->copies = scenario->copies;
    world->timers = scenario->timers;
    make_stack(world, 0);
    make_stack(world, 1);
    return world;
}

void explore_world_destroy(struct explore_world *world)
{
    arena_destroy(world->arena);
}

static struct tcp_pair pair_of(uint32_t end)
{
    struct synfin_endpoint local = endpoint_of(end);
    struct synfin_endpoint remote = endpoint_of(1 - end);
    return (struct tcp_pair){.local = local.addr,
                             .remote = remote.addr,
                             .local_port = local.port,
                             .remote_port = remote.port};
}

static const struct tcp_conn *conn_of(const struct explore_world *world, uint32_t end)
{
    struct tcp_pair pair = pair_of(end);
    return tcp_table_find(&world->end[end].stack->tcp, &pair);
}

static const struct tcp_stub *stub_of(const struct explore_world *world, uint32_t end,
                                      bool is_half_open)
{
    struct tcp *tcp = &world->end[end].stack->tcp;
    struct tcp_pair pair = pair_of(end);
    return tcp_stub_find(is_half_open ? &tcp->half_open : &tcp->time_wait, &pair,
                         tcp_stub_hash(&tcp->table_key, &pair));
}

enum synfin_tcp_state explore_world_state(const struct explore_world *world, uint32_t end)
{
    const struct tcp_conn *conn = conn_of(world, end);
    if (conn != NULL) {
        return (enum synfin_tcp_state)conn->state;
    }
    if (stub_of(world, end, true) != NULL) {
        return SYNFIN_TCP_STATE_SYN_RECEIVED;
    }
    if (stub_of(world, end, false) != NULL) {
        return SYNFIN_TCP_STATE_TIME_WAIT;
    }
    return world->end[end].listener != 0 ? SYNFIN_TCP_STATE_LISTEN : SYNFIN_TCP_STATE_CLOSED;
}

// A new connection of this end begins.
static void begin(struct explore_end *end)
{
    end->written_last = end->written;
    end->written = end->read = 0;
    end->has_shut = end->has_eof = end->has_ended = false;
}

static void send_out(struct explore_world *world, uint32_t index)
{
    struct explore_end *end = &world->end[index];
    struct synfin_packet packet;
    while (synfin_stack_output(end->stack, 0, &packet, 1, end->now_ns) > 0) {
        struct explore_packet sent = {.from = (uint8_t)index, .bytes = (uint16_t)packet.bytes};
        struct segment_wire segment;
        require(packet.bytes <= EXPLORE_PACKET_MAX);
        (void)synfin_packet_copy(&packet, sent.octets, EXPLORE_PACKET_MAX);
        const char *malformed = segment_wire_parse(sent.octets, sent.bytes, &segment);
        if (malformed != NULL) {
            fail(world, malformed);
        } else if ((segment.flags & SYNFIN_TCP_SYN) != 0) {
            end->iss = segment.seq;
        } else if ((segment.flags & SYNFIN_TCP_RST) != 0) {
            end->resets++;
        }
        if (world->in_flight < world->scenario->flight_max) {
            world->flight[world->in_flight++] = sent;
        }
    }
}

static void take_events(struct explore_world *world, uint32_t index)
{
    struct explore_end *end = &world->end[index];
    struct synfin_event event;
    while (synfin_stack_next_event(end->stack, &event)) {
        if (event.kind == SYNFIN_EVENT_CLOSED && event.socket == end->socket) {
            end->has_ended = true;
        }
    }
    synfin_socket socket;
    if (end->socket == 0 && end->listener != 0
        && synfin_socket_accept(end->stack, end->listener, &socket, NULL) == SYNFIN_ERROR_OK) {
        begin(end);
        end->socket = socket;
    }
}

// What follows from a step without anybody's choice.
static void settle(struct explore_world *world)
{
    for (uint32_t i = 0; i < 2; i++) {
        send_out(world, i);
        take_events(world, i);
        send_out(world, i);
        const struct tcp_conn *conn = conn_of(world, i);
        if (conn != NULL) {
            tcp_conn_check(&world->end[i].stack->tcp, conn);
        }
    }
}

static void remove_packet(struct explore_world *world, uint32_t at)
{
    world->in_flight--;
    memmove(&world->flight[at], &world->flight[at + 1],
            (world->in_flight - at) * sizeof *world->flight);
}

static void deliver(struct explore_world *world, uint32_t at)
{
    struct explore_packet given = world->flight[at];
    struct explore_end *end = &world->end[1 - given.from];
    struct synfin_packet packet;
    remove_packet(world, at);
    end->now_ns += FLIGHT_NS;
    synfin_packet_wrap(&packet, given.octets, given.bytes);
    synfin_stack_input(end->stack, 0, &packet, 1, end->now_ns);
}

static void tick(struct explore_end *end)
{
    uint64_t next_ns = synfin_stack_next_deadline(end->stack);
    end->now_ns = next_ns > end->now_ns ? next_ns : end->now_ns;
    for (uint32_t i = 0; i < TRIES_MAX; i++) {
        synfin_stack_advance(end->stack, end->now_ns);
        if (synfin_stack_next_deadline(end->stack) != next_ns
            || synfin_stack_has_output(end->stack, 0)) {
            return;
        }
        end->now_ns += TICK_NS;
    }
}

static void open_there(struct explore_world *world, uint32_t index)
{
    struct explore_end *end = &world->end[index];
    struct synfin_endpoint local = endpoint_of(index);
    struct synfin_endpoint remote = endpoint_of(1 - index);
    synfin_socket socket;
    end->opens--;
    require(synfin_socket_open(end->stack, &socket) == SYNFIN_ERROR_OK);
    if (synfin_socket_bind(end->stack, socket, &local) != SYNFIN_ERROR_OK
        || synfin_socket_connect(end->stack, socket, &remote, end->now_ns) != SYNFIN_ERROR_OK) {
        synfin_socket_close(end->stack, socket, end->now_ns); // the pair waits in TIME-WAIT
        return;
    }
    begin(end);
    end->socket = socket;
}

static void listen_there(struct explore_world *world, uint32_t index)
{
    struct explore_end *end = &world->end[index];
    struct synfin_endpoint local = endpoint_of(index);
    end->listens--;
    require(synfin_socket_open(end->stack, &end->listener) == SYNFIN_ERROR_OK);
    if (synfin_socket_set_option(end->stack, end->listener, SYNFIN_OPTION_REUSE_ADDR, 1,
                                 end->now_ns)
            != SYNFIN_ERROR_OK
        || synfin_socket_bind(end->stack, end->listener, &local) != SYNFIN_ERROR_OK
        || synfin_socket_listen(end->stack, end->listener, 2, end->now_ns) != SYNFIN_ERROR_OK) {
        synfin_socket_close(end->stack, end->listener, end->now_ns);
        end->listener = 0;
    }
}

static void write_there(struct explore_world *world, uint32_t index)
{
    struct explore_end *end = &world->end[index];
    uint8_t octet = octet_of(index, end->written);
    size_t sent = 0;
    end->writes--;
    if (synfin_socket_send(end->stack, end->socket, &octet, 1, &sent, end->now_ns)
        == SYNFIN_ERROR_OK) {
        end->written += (uint32_t)sent;
    }
}

// Octets come in order; the end of the file comes behind all that was written.
static void read_there(struct explore_world *world, uint32_t index)
{
    struct explore_end *end = &world->end[index];
    const struct explore_end *peer = &world->end[1 - index];
    uint8_t octets[16];
    size_t received = 0;
    if (synfin_socket_recv(end->stack, end->socket, octets, sizeof octets, &received, end->now_ns)
        != SYNFIN_ERROR_OK) {
        return;
    }
    for (size_t i = 0; i < received; i++) {
        if (octets[i] != octet_of(1 - index, end->read)) {
            fail(world, "an octet is not the next one that was written");
        }
        end->read++;
    }
    if (received == 0) {
        end->has_eof = true;
        if (end->read != peer->written && end->read != peer->written_last) {
            fail(world, "an end of file before the last octet");
        }
    }
}

static void close_there(struct explore_world *world, uint32_t index, bool is_abort)
{
    struct explore_end *end = &world->end[index];
    if (is_abort) {
        synfin_socket_abort(end->stack, end->socket, end->now_ns);
    } else {
        synfin_socket_close(end->stack, end->socket, end->now_ns);
    }
    end->socket = 0;
}

static void shut_there(struct explore_end *end)
{
    (void)!synfin_socket_shutdown(end->stack, end->socket, SYNFIN_SHUTDOWN_WRITE, end->now_ns);
    end->has_shut = true;
}

static void unlisten_there(struct explore_end *end)
{
    synfin_socket_close(end->stack, end->listener, end->now_ns);
    end->listener = 0;
}

// Octets that nobody reads any more: RFC 9293 §3.6.1 [SHLD-3] has the peer told by a reset.
static bool has_unread(const struct explore_end *end)
{
    int64_t bytes = 0;
    return end->socket != 0
           && synfin_socket_get_option(end->stack, end->socket, SYNFIN_OPTION_READ_QUEUE, &bytes)
                  == SYNFIN_ERROR_OK
           && bytes > 0;
}

// What a call that ends the sending must lead to.
struct ending {
    bool must_reset, must_wait;
    uint32_t resets; // before it
};

// RFC 9293 §3.10.4: in SYN-RECEIVED it waits for ESTABLISHED while something is queued.
static struct ending ending_of(const struct explore_world *world, struct explore_step step)
{
    const struct explore_end *end = &world->end[step.which & 1];
    bool is_close = step.kind == EXPLORE_CLOSE;
    bool is_ending = is_close || step.kind == EXPLORE_SHUT;
    return (struct ending){
        .must_reset = is_close && has_unread(end) && !end->has_ended,
        .must_wait = is_ending && end->written > 0
                     && explore_world_state(world, step.which & 1) == SYNFIN_TCP_STATE_SYN_RECEIVED,
        .resets = end->resets,
    };
}

static void check_ending(struct explore_world *world, uint32_t index, const struct ending *ending)
{
    if (ending->must_reset && world->end[index].resets == ending->resets) {
        fail(world, "octets that nobody has read are thrown away without a reset");
    }
    if (ending->must_wait && explore_world_state(world, index) != SYNFIN_TCP_STATE_SYN_RECEIVED) {
        fail(world, "SYN-RECEIVED ends before what is queued has gone");
    }
}

void explore_world_take(struct explore_world *world, struct explore_step step)
{
    struct explore_end *end = &world->end[step.which & 1];
    const struct ending ending = ending_of(world, step);
    switch ((enum explore_kind)step.kind) {
    case EXPLORE_DELIVER: deliver(world, step.which); break;
    case EXPLORE_DROP:
        world->drops--;
        remove_packet(world, step.which);
        break;
    case EXPLORE_COPY:
        world->copies--;
        world->flight[world->in_flight++] = world->flight[step.which];
        break;
    case EXPLORE_TIMER:
        world->timers--;
        tick(end);
        break;
    case EXPLORE_OPEN: open_there(world, step.which); break;
    case EXPLORE_LISTEN: listen_there(world, step.which); break;
    case EXPLORE_UNLISTEN: unlisten_there(end); break;
    case EXPLORE_WRITE: write_there(world, step.which); break;
    case EXPLORE_READ: read_there(world, step.which); break;
    case EXPLORE_SHUT: shut_there(end); break;
    case EXPLORE_CLOSE: close_there(world, step.which, false); break;
    case EXPLORE_ABORT: close_there(world, step.which, true); break;
    case EXPLORE_KIND_COUNT: break;
    }
    settle(world);
    check_ending(world, step.which & 1, &ending);
}

struct list {
    struct explore_step *steps;
    uint32_t count;
};

static void offer(struct list *list, bool is_possible, enum explore_kind kind, uint32_t which)
{
    if (is_possible && list->count < EXPLORE_STEPS_MAX) {
        list->steps[list->count++] = (struct explore_step){(uint8_t)kind, (uint8_t)which};
    }
}

static bool has_something_to_read(const struct explore_end *end)
{
    struct synfin_tcp_info info = {.size = sizeof info};
    if (end->socket == 0 || end->has_eof) {
        return false;
    }
    return has_unread(end)
           || (synfin_socket_info(end->stack, end->socket, &info, end->now_ns) == SYNFIN_ERROR_OK
               && (info.state == SYNFIN_TCP_STATE_CLOSE_WAIT
                   || info.state == SYNFIN_TCP_STATE_LAST_ACK));
}

static void offer_calls(const struct explore_world *world, uint32_t i, struct list *list)
{
    const struct explore_scenario *scenario = world->scenario;
    const struct explore_end *end = &world->end[i];
    bool has_socket = end->socket != 0;
    bool is_open = has_socket && !end->has_shut && !end->has_ended;
    offer(list, end->opens > 0 && !has_socket, EXPLORE_OPEN, i);
    offer(list, end->listens > 0 && end->listener == 0, EXPLORE_LISTEN, i);
    offer(list, scenario->may_unlisten && end->listener != 0, EXPLORE_UNLISTEN, i);
    offer(list, is_open && end->writes > 0, EXPLORE_WRITE, i);
    offer(list, has_something_to_read(end), EXPLORE_READ, i);
    offer(list, is_open && scenario->may_shut, EXPLORE_SHUT, i);
    offer(list, has_socket && (scenario->may_close || end->has_ended), EXPLORE_CLOSE, i);
    offer(list, has_socket && !end->has_ended && scenario->may_abort, EXPLORE_ABORT, i);
}

uint32_t explore_world_steps(const struct explore_world *world, struct explore_step *out)
{
    struct list list = {.steps = out};
    bool has_room = world->in_flight < world->scenario->flight_max;
    for (uint32_t i = 0; i < world->in_flight; i++) {
        offer(&list, true, EXPLORE_DELIVER, i);
        offer(&list, world->drops > 0, EXPLORE_DROP, i);
        offer(&list, world->copies > 0 && has_room, EXPLORE_COPY, i);
    }
    for (uint32_t i = 0; i < 2; i++) {
        bool is_waiting = synfin_stack_next_deadline(world->end[i].stack) != SYNFIN_NEVER;
        offer(&list, is_waiting && world->timers > 0, EXPLORE_TIMER, i);
        offer_calls(world, i, &list);
    }
    return list.count;
}

// What is left when both stacks are as they were before their first connection.
static bool is_empty(const struct explore_end *end)
{
    const struct tcp *tcp = &end->stack->tcp;
    return tcp->in_table == 0 && tcp->half_open.pool.objects == 0
           && tcp->time_wait.pool.objects == 0 && tcp->conns.objects == 0;
}

static void check_memory(struct explore_world *world)
{
    for (uint32_t i = 0; i < 2; i++) {
        const struct tcp *tcp = &world->end[i].stack->tcp;
        if (tcp->runs.objects != 0 || tcp->chunks.pool.objects != 0 || tcp->losses.objects != 0
            || tcp->spans.objects != 0 || tcp->mtus.objects != 0 || tcp->autotunes.objects != 0) {
            fail(world, "memory of a connection that is gone");
        }
        synfin_stack_destroy(world->end[i].stack);
    }
    if (world->arena->slabs != 0 || world->arena->held_bytes != 0) {
        fail(world, "a slab was not given back");
    }
}

void explore_world_tell(const struct explore_world *world, struct explore_step step, FILE *out)
{
    static const char *const name[] = {
#define EXPLORE_KIND_TEXT(name, text) text,
        EXPLORE_STEPS(EXPLORE_KIND_TEXT)
#undef EXPLORE_KIND_TEXT
    };
    (void)fprintf(out, "%-12s | %-12s  ", synfin_tcp_state_name(explore_world_state(world, 0)),
                  synfin_tcp_state_name(explore_world_state(world, 1)));
    if (step.kind > EXPLORE_COPY) {
        (void)fprintf(out, "%c: %s\n", 'A' + step.which, name[step.kind]);
        return;
    }
    struct explore_packet sent = world->flight[step.which];
    struct synfin_packet packet;
    char line[256];
    synfin_packet_wrap(&packet, sent.octets, sent.bytes);
    (void)synfin_packet_print(&packet, false, line, sizeof line);
    (void)fprintf(out, "%s %c -> %c: %s\n", name[step.kind], 'A' + sent.from, 'B' - sent.from,
                  line);
}

static void do_last(struct explore_world *world, enum explore_kind kind, uint32_t which, FILE *out)
{
    struct explore_step step = {(uint8_t)kind, (uint8_t)which};
    if (out != NULL) {
        explore_world_tell(world, step, out);
    }
    explore_world_take(world, step);
}

// Listeners and sockets go; what there is to read is read before.
static void end_calls(struct explore_world *world, FILE *out)
{
    for (uint32_t i = 0; i < 2; i++) {
        struct explore_end *end = &world->end[i];
        if (end->listener != 0) {
            do_last(world, EXPLORE_UNLISTEN, i, out);
        }
        for (uint32_t tries = 0; tries < 4 && has_something_to_read(end); tries++) {
            do_last(world, EXPLORE_READ, i, out);
        }
        if (end->socket != 0) {
            do_last(world, EXPLORE_CLOSE, i, out);
        }
    }
}

// Which end's next deadline is nearer; 2: there is none.
static uint32_t sooner_end(const struct explore_world *world)
{
    uint64_t least_ns = SYNFIN_NEVER;
    uint32_t sooner = 2;
    for (uint32_t i = 0; i < 2; i++) {
        const struct explore_end *end = &world->end[i];
        uint64_t next_ns = synfin_stack_next_deadline(end->stack);
        uint64_t ahead_ns = next_ns > end->now_ns ? next_ns - end->now_ns : 0;
        if (next_ns != SYNFIN_NEVER && ahead_ns < least_ns) {
            least_ns = ahead_ns;
            sooner = i;
        }
    }
    return sooner;
}

void explore_world_finish(struct explore_world *world, bool may_tick, FILE *out)
{
    for (uint32_t round = 0; round < ROUNDS_MAX && world->wrong == NULL; round++) {
        end_calls(world, out);
        uint32_t sooner = sooner_end(world);
        if (world->in_flight > 0) {
            do_last(world, EXPLORE_DELIVER, 0, out);
        } else if (is_empty(&world->end[0]) && is_empty(&world->end[1])) {
            check_memory(world);
            return;
        } else if (may_tick && sooner < 2) {
            do_last(world, EXPLORE_TIMER, sooner, out);
        } else {
            break;
        }
    }
    fail(world, "both users have closed and the network is kind, but they do not come to an end");
}
