// SPDX-License-Identifier: MIT
//
// The lab's world: how packets move, how time jumps, and what the traces say.
#include "cli/lab_world.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/lab_app.h"
#include "cli/lab_rig.h"

enum { BURST = 16 };

#define NS_PER_S UINT64_C(1000000000)
// Long after every timer of a connection that ends: what is still running then never ends.
#define LIMIT_NS (6 * 3600 * NS_PER_S)

static enum synfin_link_side other_side(enum synfin_link_side side)
{
    return side == SYNFIN_LINK_A ? SYNFIN_LINK_B : SYNFIN_LINK_A;
}

// Whether the far end of something at `side` is not the other host.
static bool is_stranger(const struct lab_world *world, enum synfin_link_side side,
                        const struct synfin_endpoint *remote)
{
    const struct synfin_addr *peer = &world->endpoint[other_side(side)].addr;
    return remote->port != 0 && memcmp(&remote->addr, peer, sizeof *peer) != 0;
}

// Moves the state's connection to the front; one that changed longest ago falls out.
static void keep_state(struct lab_state *states, const struct lab_state *state)
{
    uint32_t at = 0;
    while (at < LAB_STATES_MAX - 1 && states[at].port != 0 && states[at].port != state->port) {
        at++;
    }
    memmove(states + 1, states, at * sizeof *states);
    states[0] = *state;
}

const struct lab_state *lab_world_state(const struct lab_world *world, enum synfin_link_side side,
                                        uint16_t port)
{
    const struct lab_state *states = world->state[side];
    for (uint32_t i = 0; i < LAB_STATES_MAX && port != 0; i++) {
        if (states[i].port == port) {
            return &states[i];
        }
    }
    return &states[0];
}

// Appends " · RFC 4015 §3" with spaces at which no line is broken.
static void add_clause(char *text, size_t capacity, const char *clause)
{
    size_t used = strlen(text);
    (void)snprintf(text + used, capacity - used, " \u00b7");
    while (*clause != '\0') {
        const char *end = clause + strcspn(clause, " ");
        used = strlen(text);
        (void)snprintf(text + used, capacity - used, "\u00a0%.*s", (int)(end - clause), clause);
        clause = *end == ' ' ? end + 1 : end;
    }
}

// The ladder draws segments and states; what a loss does to the sender is told beside them.
static void note_congestion(const struct lab_world *world, enum synfin_link_side side,
                            const struct synfin_trace_event *event)
{
    char text[200];
    if (event->reason == SYNFIN_REASON_CC_OPEN) {
        return;
    }
    (void)snprintf(text, sizeof text, "%s sets its congestion window to %" PRIu32 " octets: %s",
                   lab_world_name(side == SYNFIN_LINK_A ? LAB_CLIENT : LAB_SERVER),
                   event->as.congestion.cwnd_bytes, synfin_reason_text(event->reason));
    add_clause(text, sizeof text, synfin_reason_clause(event->reason));
    synfin_ladder_note(world->config.ladder, event->t_ns, text);
}

// Why a buffer is as large as it is.
static void note_buffer(const struct lab_world *world, enum synfin_link_side side,
                        const struct synfin_trace_event *event)
{
    char text[240];
    const char *name = lab_world_name(side == SYNFIN_LINK_A ? LAB_CLIENT : LAB_SERVER);
    uint32_t measured = event->as.buffer.measured_bytes;
    uint32_t ms = (uint32_t)(event->as.buffer.rtt_ns / 1000000);
    if (event->reason == SYNFIN_REASON_RECEIVE_BUFFER_GREW) {
        (void)snprintf(text, sizeof text,
                       "%s grows its receive buffer to %" PRIu32 " octets for a reader of %" PRIu32
                       " octets in %" PRIu32 " ms: %s",
                       name, event->as.buffer.bytes, measured, ms,
                       synfin_reason_text(event->reason));
    } else if (event->reason == SYNFIN_REASON_SEND_BUFFER_GREW) {
        (void)snprintf(text, sizeof text,
                       "%s grows its send buffer to %" PRIu32
                       " octets for a congestion window of %" PRIu32 ": %s",
                       name, event->as.buffer.bytes, measured, synfin_reason_text(event->reason));
    } else {
        (void)snprintf(text, sizeof text, "%s leaves its buffer at %" PRIu32 " octets: %s", name,
                       event->as.buffer.bytes, synfin_reason_text(event->reason));
    }
    add_clause(text, sizeof text, synfin_reason_clause(event->reason));
    synfin_ladder_note(world->config.ladder, event->t_ns, text);
}

// What an end learns of the path. A search that is over changes nothing that could be seen.
static void note_path_mtu(const struct lab_world *world, enum synfin_link_side side,
                          const struct synfin_trace_event *event)
{
    char text[240];
    const char *name = lab_world_name(side == SYNFIN_LINK_A ? LAB_CLIENT : LAB_SERVER);
    if (event->as.path_mtu.probe_bytes != 0) {
        (void)snprintf(text, sizeof text, "%s asked with a packet of %" PRIu32 " octets: %s", name,
                       event->as.path_mtu.probe_bytes, synfin_reason_text(event->reason));
    } else {
        (void)snprintf(text, sizeof text, "%s sends packets of up to %" PRIu32 " octets: %s", name,
                       event->as.path_mtu.mtu_bytes, synfin_reason_text(event->reason));
    }
    add_clause(text, sizeof text, synfin_reason_clause(event->reason));
    synfin_ladder_note(world->config.ladder, event->t_ns, text);
}

static bool is_drawn(const struct lab_world *world, uint64_t t_ns)
{
    uint64_t draws_ms = world->config.scenario->draws_ms;
    return draws_ms == 0 || t_ns < draws_ms * 1000000;
}

static void on_trace(void *ctx, const struct synfin_trace_event *event)
{
    struct lab_tap *tap = ctx;
    struct lab_world *world = tap->world;
    // A flood is counted and not drawn; a dropped packet does not say whose it was.
    bool is_of_flood = event->kind == SYNFIN_TRACE_PACKET_DROPPED && world->flood.syns > 0;
    if (is_of_flood || is_stranger(world, tap->side, &event->remote)) {
        return;
    }
    bool is_rare = event->kind == SYNFIN_TRACE_STATE || event->kind == SYNFIN_TRACE_OUTCOME;
    if (is_rare || is_drawn(world, event->t_ns)) {
        synfin_ladder_trace(world->config.ladder, tap->side, event);
    }
    if (event->kind == SYNFIN_TRACE_CONGESTION && world->config.scenario->tells_congestion) {
        note_congestion(world, tap->side, event);
    }
    if (event->kind == SYNFIN_TRACE_BUFFER && world->config.scenario->tells_buffers) {
        note_buffer(world, tap->side, event);
    }
    if (event->kind == SYNFIN_TRACE_PATH_MTU) {
        note_path_mtu(world, tap->side, event);
    }
    if (event->kind == SYNFIN_TRACE_STATE && event->remote.port != 0) {
        keep_state(world->state[tap->side],
                   &(struct lab_state){
                       .port = tap->side == SYNFIN_LINK_A ? event->local.port : event->remote.port,
                       .state = event->as.state.to,
                       .reason = event->reason,
                       .since_ns = event->t_ns,
                   });
    }
}

static void keep_numbers(struct lab_numbers *numbers, enum synfin_link_side from,
                         const struct synfin_segment *segment)
{
    uint32_t has_syn = (segment->flags & SYNFIN_TCP_SYN) != 0;
    uint32_t has_fin = (segment->flags & SYNFIN_TCP_FIN) != 0;
    *numbers = (struct lab_numbers){
        .client_port = from == SYNFIN_LINK_A ? segment->src.port : segment->dst.port,
        .next_seq = segment->seq + segment->bytes + has_syn + has_fin,
        .ack = segment->ack,
        .has_timestamps = segment->has_timestamps != 0,
        .ts_val = segment->ts_val,
    };
}

static void on_passage(void *ctx, const struct synfin_passage *passage)
{
    struct lab_world *world = ctx;
    struct synfin_segment segment;
    if (is_drawn(world, world->now_ns)) {
        synfin_ladder_passage(world->config.ladder, passage);
    }
    if (world->config.capture != NULL) {
        synfin_capture_passage(world->config.capture, passage);
    }
    // A stranger's packet has no reason: only the stacks say why they send.
    if (passage->packet->reason != SYNFIN_REASON_UNKNOWN
        && synfin_packet_segment(passage->packet, false, &segment)) {
        keep_numbers(&world->numbers[passage->from], passage->from, &segment);
    }
}

static enum synfin_error add_stack(struct lab_world *world, enum synfin_link_side side)
{
    struct lab_tap *tap = &world->tap[side];
    struct lab_rig_host host = {.stack = world->config.stack,
                                .addr = world->endpoint[side].addr,
                                .random = &tap->random,
                                .trace = on_trace,
                                .trace_ctx = tap};
    return lab_rig_make(&host, &world->stack[side]);
}

enum synfin_error lab_world_restart(struct lab_world *world, enum synfin_link_side side)
{
    synfin_stack *before = world->stack[side];
    enum synfin_error error = add_stack(world, side);
    synfin_stack *gone = before;
    if (error == SYNFIN_ERROR_OK) {
        memset(world->state[side], 0, sizeof world->state[side]);
    } else {
        gone = world->stack[side];
        world->stack[side] = before;
    }
    if (gone != NULL) {
        synfin_stack_destroy(gone);
    }
    return error;
}

enum synfin_error lab_world_create(const struct lab_world_config *config, struct lab_world *out)
{
    struct synfin_env env;
    memset(out, 0, sizeof *out);
    out->config = *config;
    for (uint32_t i = 0; i < 2; i++) {
        enum synfin_link_side side = i == 0 ? SYNFIN_LINK_A : SYNFIN_LINK_B;
        out->endpoint[i].addr = lab_rig_addr(side, config->is_ipv6);
    }
    for (uint32_t i = 0; i < LAB_ACTORS; i++) {
        out->app[i] = (struct lab_app){
            .actor = (enum lab_actor)i,
            .side = i == LAB_SERVER ? SYNFIN_LINK_B : SYNFIN_LINK_A,
            .step = config->scenario->step[i],
            .wake_ns = SYNFIN_NEVER,
        };
    }
    for (uint32_t i = 0; i < 2; i++) {
        enum synfin_link_side side = i == 0 ? SYNFIN_LINK_A : SYNFIN_LINK_B;
        out->tap[i] = (struct lab_tap){out, side, config->seed * 2 + i};
    }
    out->flood.random = config->seed;
    lab_rig_env(&env);
    enum synfin_error error = synfin_link_create(&env, config->link, &out->link);
    if (error == SYNFIN_ERROR_OK) {
        synfin_link_observe(out->link, on_passage, out);
        error = add_stack(out, SYNFIN_LINK_A);
    }
    if (error == SYNFIN_ERROR_OK) {
        error = add_stack(out, SYNFIN_LINK_B);
    }
    if (error != SYNFIN_ERROR_OK) {
        lab_world_destroy(out);
    }
    return error;
}

void lab_world_destroy(struct lab_world *world)
{
    for (uint32_t i = 0; i < 2; i++) {
        if (world->stack[i] != NULL) {
            synfin_stack_destroy(world->stack[i]);
        }
    }
    if (world->link != NULL) {
        synfin_link_destroy(world->link);
    }
}

static bool receive(struct lab_world *world, enum synfin_link_side side)
{
    struct synfin_packet packets[BURST];
    struct synfin_device *device = synfin_link_device(world->link, side);
    uint32_t n = device->ops->receive(device, packets, BURST, world->now_ns);
    if (n > 0) {
        synfin_stack_input(world->stack[side], 0, packets, n, world->now_ns);
    }
    return n > 0;
}

// What goes to strangers leaves the link for somewhere else, and is counted.
static bool is_answer_to_stranger(struct lab_world *world, enum synfin_link_side side,
                                  const struct synfin_packet *packet)
{
    struct synfin_segment segment;
    if (!synfin_packet_segment(packet, false, &segment)
        || !is_stranger(world, side, &segment.dst)) {
        return false;
    }
    world->flood.answers += (segment.flags & SYNFIN_TCP_SYN) != 0;
    return true;
}

static bool transmit(struct lab_world *world, enum synfin_link_side side)
{
    struct synfin_packet packets[BURST];
    struct synfin_device *device = synfin_link_device(world->link, side);
    uint32_t n = synfin_stack_output(world->stack[side], 0, packets, BURST, world->now_ns);
    for (uint32_t i = 0; i < n; i++) {
        // What the link does not take is lost, as on a wire without flow control.
        if (!is_answer_to_stranger(world, side, &packets[i])) {
            (void)device->ops->send(device, &packets[i], 1, world->now_ns);
        }
    }
    return n > 0;
}

static bool turn_end(struct lab_world *world, enum synfin_link_side side)
{
    struct synfin_event event;
    bool is_busy = receive(world, side);
    synfin_stack_advance(world->stack[side], world->now_ns);
    while (synfin_stack_next_event(world->stack[side], &event)) {
        lab_app_event(world, side, &event);
        is_busy = true;
    }
    return is_busy;
}

// Everything that happens at this moment.
static void turn(struct lab_world *world)
{
    static const enum synfin_link_side sides[] = {SYNFIN_LINK_A, SYNFIN_LINK_B};
    bool is_busy = true;
    while (is_busy) {
        is_busy = false;
        for (uint32_t i = 0; i < 2; i++) {
            is_busy |= turn_end(world, sides[i]);
        }
        // The server first, so that it listens before a client connects.
        is_busy |= lab_app_run(world, LAB_SERVER);
        for (uint32_t i = 0; i < LAB_ACTORS; i++) {
            is_busy |= i != LAB_SERVER && lab_app_run(world, (enum lab_actor)i);
        }
        for (uint32_t i = 0; i < 2; i++) {
            is_busy |= transmit(world, sides[i]);
        }
    }
}

static uint64_t next_time(const struct lab_world *world)
{
    uint64_t next_ns = synfin_link_next_deadline(world->link);
    for (uint32_t i = 0; i < 2; i++) {
        uint64_t stack_ns = synfin_stack_next_deadline(world->stack[i]);
        next_ns = stack_ns < next_ns ? stack_ns : next_ns;
    }
    for (uint32_t i = 0; i < LAB_ACTORS; i++) {
        next_ns = world->app[i].wake_ns < next_ns ? world->app[i].wake_ns : next_ns;
    }
    return next_ns;
}

void lab_world_run(struct lab_world *world)
{
    while (world->now_ns < LIMIT_NS) {
        turn(world);
        uint64_t next_ns = next_time(world);
        if (next_ns == SYNFIN_NEVER) {
            return;
        }
        uint64_t least_ns = world->now_ns + LAB_RIG_STEP_NS;
        world->now_ns = next_ns > least_ns ? next_ns : least_ns;
    }
}

const char *lab_world_name(enum lab_actor actor)
{
    static const char *const name[LAB_ACTORS] = {
        [LAB_CLIENT] = "client",     [LAB_SERVER] = "server",     [LAB_STRANGER] = "attacker",
        [LAB_CLIENT_2] = "client 2", [LAB_CLIENT_3] = "client 3",
    };
    return name[actor];
}

enum lab_outcome lab_world_outcome(const struct lab_world *world, enum lab_actor actor,
                                   uint64_t *t_ns)
{
    const struct lab_app *app = &world->app[actor];
    const struct lab_state *state = lab_world_state(world, app->side, app->port);
    if (app->error != SYNFIN_ERROR_OK) {
        *t_ns = app->error_ns;
        return LAB_OUTCOME_FAILED;
    }
    *t_ns = state->since_ns;
    if (app->was_open && state->state == SYNFIN_TCP_STATE_CLOSED) {
        return LAB_OUTCOME_CLOSED;
    }
    if (app->was_open) {
        *t_ns = app->open_ns;
        return LAB_OUTCOME_CONNECTED;
    }
    if (state->reason == SYNFIN_REASON_SYN_ACK_RETRIES_OVER) {
        return LAB_OUTCOME_FREED;
    }
    *t_ns = world->now_ns;
    return app->was_listening ? LAB_OUTCOME_LISTENING : LAB_OUTCOME_NOTHING;
}
