// SPDX-License-Identifier: MIT
//
// Bulk transfers in virtual time; see lab_transfer.h. The applications are as simple as they can
// be: the client gives its stack octets whenever there is room, the server takes what is there.
#include "cli/lab_transfer.h"

#include <stdlib.h>
#include <string.h>

#include "cli/cli_figures.h"
#include "cli/lab.h"
#include "cli/lab_rig.h"

enum {
    BURST = 32,
    GIVE_BYTES = 1 << 16,
    // A prime, so that an octet that was moved by any segment's length shows.
    PATTERN_BYTES = 65521,
};

// What has not ended by then never will.
#define LIMIT_NS (UINT64_C(100) * 24 * 3600 * 1000000000)

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static struct lab_flow *flow_of_port(struct lab_transfer *transfer, uint16_t port)
{
    uint32_t number = (uint32_t)port - LAB_CLIENT_PORT;
    return port >= LAB_CLIENT_PORT && number < transfer->flows_begun ? &transfer->flow[number]
                                                                     : NULL;
}

static void on_trace(void *ctx, const struct synfin_trace_event *event)
{
    struct lab_transfer_tap *tap = ctx;
    struct lab_transfer *transfer = tap->transfer;
    const struct lab_audience *audience = &transfer->config.audience;
    if (audience->trace != NULL) {
        audience->trace(audience->ctx, tap->side, event);
    }
    bool is_timeout = event->kind == SYNFIN_TRACE_TIMER_FIRED
                      && event->as.timer.timer == SYNFIN_TCP_TIMER_RETRANSMIT;
    bool is_congestion = event->kind == SYNFIN_TRACE_CONGESTION;
    bool is_received = event->kind == SYNFIN_TRACE_SEGMENT_RECEIVED;
    struct lab_flow *flow = flow_of_port(transfer, event->local.port);
    if (tap->side != SYNFIN_LINK_A || flow == NULL
        || !(is_congestion || is_timeout || is_received)) {
        return;
    }
    flow->is_touched = true;
    flow->timeouts += is_timeout;
    flow->congestion_by[event->reason] += is_congestion;
    if (is_congestion && audience->congestion != NULL) {
        audience->congestion(audience->ctx, flow->number, event);
    }
}

static void on_passage(void *ctx, const struct synfin_passage *passage)
{
    struct lab_transfer *transfer = ctx;
    const struct lab_audience *audience = &transfer->config.audience;
    struct synfin_segment segment;
    struct lab_sighting sighting = {0};
    bool is_from_client = passage->from == SYNFIN_LINK_A;
    if (audience->passage != NULL) {
        audience->passage(audience->ctx, passage);
    }
    if (!synfin_packet_segment(passage->packet, false, &segment)) {
        return;
    }
    struct lab_flow *flow =
        flow_of_port(transfer, is_from_client ? segment.src.port : segment.dst.port);
    if (flow == NULL) {
        return;
    }
    if (is_from_client) {
        lab_oracle_sent(&flow->oracle, passage, &segment, &sighting);
        flow->is_touched = true;
        if (passage->fate == SYNFIN_FATE_DELIVERED) {
            cli_spread_add(&transfer->waits, passage->waits_ns);
        }
    } else {
        lab_oracle_returned(&flow->oracle, passage, &segment, &sighting);
    }
    if (audience->packet != NULL) {
        audience->packet(audience->ctx, flow->number, passage, &sighting, &flow->oracle);
    }
}

static enum synfin_error add_stack(struct lab_transfer *transfer, enum synfin_link_side side)
{
    transfer->tap[side] = (struct lab_transfer_tap){transfer, side};
    transfer->random[side] = transfer->config.seed * 2 + (side == SYNFIN_LINK_B);
    transfer->endpoint[side].addr = lab_rig_addr(side, transfer->config.is_ipv6);
    struct lab_rig_host host = {.stack = transfer->config.stack,
                                .addr = transfer->endpoint[side].addr,
                                .random = &transfer->random[side],
                                .trace = on_trace,
                                .trace_ctx = &transfer->tap[side]};
    return lab_rig_make(&host, &transfer->stack[side]);
}

static enum synfin_error begin_listening(struct lab_transfer *transfer)
{
    synfin_stack *server = transfer->stack[SYNFIN_LINK_B];
    struct synfin_endpoint local = transfer->endpoint[SYNFIN_LINK_B];
    local.port = LAB_PORT;
    enum synfin_error error = synfin_socket_open(server, &transfer->listener);
    if (error == SYNFIN_ERROR_OK) {
        error = synfin_socket_bind(server, transfer->listener, &local);
    }
    return error == SYNFIN_ERROR_OK
               ? synfin_socket_listen(server, transfer->listener, LAB_FLOWS_MAX, 0)
               : error;
}

static enum synfin_error make_flows(struct lab_transfer *transfer)
{
    const struct lab_transfer_config *config = &transfer->config;
    transfer->flow = calloc(config->flows, sizeof *transfer->flow);
    transfer->pattern = malloc(PATTERN_BYTES + GIVE_BYTES);
    if (transfer->flow == NULL || transfer->pattern == NULL) {
        return SYNFIN_ERROR_NO_MEMORY;
    }
    for (uint32_t i = 0; i < PATTERN_BYTES + GIVE_BYTES; i++) {
        uint32_t place = i % PATTERN_BYTES;
        transfer->pattern[i] = (uint8_t)(place * 131 + (place >> 8) * 17);
    }
    for (uint32_t i = 0; i < config->flows; i++) {
        transfer->flow[i] = (struct lab_flow){
            .transfer = transfer,
            .number = i,
            .congestion = config->congestion[i % config->congestions],
            .start_ns = i * config->stagger_ns,
        };
    }
    return SYNFIN_ERROR_OK;
}

enum synfin_error lab_transfer_create(const struct lab_transfer_config *config,
                                      struct lab_transfer *out)
{
    struct synfin_env env;
    memset(out, 0, sizeof *out);
    out->config = *config;
    lab_rig_env(&env);
    enum synfin_error error = make_flows(out);
    if (error == SYNFIN_ERROR_OK) {
        error = synfin_link_create(&env, config->link, &out->link);
    }
    if (error == SYNFIN_ERROR_OK) {
        synfin_link_observe(out->link, on_passage, out);
        error = add_stack(out, SYNFIN_LINK_A);
    }
    if (error == SYNFIN_ERROR_OK) {
        error = add_stack(out, SYNFIN_LINK_B);
    }
    if (error == SYNFIN_ERROR_OK) {
        error = begin_listening(out);
    }
    if (error != SYNFIN_ERROR_OK) {
        lab_transfer_destroy(out);
    }
    return error;
}

void lab_transfer_destroy(struct lab_transfer *transfer)
{
    for (uint32_t i = 0; i < 2; i++) {
        if (transfer->stack[i] != NULL) {
            synfin_stack_destroy(transfer->stack[i]);
        }
    }
    if (transfer->link != NULL) {
        synfin_link_destroy(transfer->link);
    }
    for (uint32_t i = 0; transfer->flow != NULL && i < transfer->config.flows; i++) {
        lab_oracle_deinit(&transfer->flow[i].oracle);
    }
    free(transfer->flow);
    free(transfer->pattern);
}

// What counts for fairness ends as soon as one flow is over.
static void end_common_time(struct lab_transfer *transfer)
{
    if (transfer->flows_begun < transfer->config.flows || transfer->flows_over > 0) {
        return;
    }
    transfer->all_ended_ns = transfer->now_ns;
    for (uint32_t i = 0; i < transfer->config.flows; i++) {
        struct lab_flow *flow = &transfer->flow[i];
        flow->received_within = flow->received_bytes - flow->received_before;
    }
}

static void finish(struct lab_transfer *transfer, struct lab_flow *flow, enum synfin_error error)
{
    if (flow->is_done) {
        return;
    }
    end_common_time(transfer);
    flow->is_done = true;
    flow->error = error;
    flow->end_ns = transfer->now_ns;
    transfer->flows_over++;
    transfer->end_ns = transfer->now_ns;
}

static void give(struct lab_transfer *transfer, struct lab_flow *flow)
{
    synfin_stack *client = transfer->stack[SYNFIN_LINK_A];
    enum synfin_error error = SYNFIN_ERROR_OK;
    while (flow->given_bytes < transfer->config.bytes && error == SYNFIN_ERROR_OK) {
        uint64_t rest = transfer->config.bytes - flow->given_bytes;
        size_t sent = 0;
        error = synfin_socket_send(client, flow->sender,
                                   transfer->pattern + flow->given_bytes % PATTERN_BYTES,
                                   (size_t)least(rest, GIVE_BYTES), &sent, transfer->now_ns);
        flow->given_bytes += error == SYNFIN_ERROR_OK ? sent : 0;
    }
    if (flow->given_bytes == transfer->config.bytes && error == SYNFIN_ERROR_OK) {
        error =
            synfin_socket_shutdown(client, flow->sender, SYNFIN_SHUTDOWN_WRITE, transfer->now_ns);
    }
    if (error != SYNFIN_ERROR_OK && error != SYNFIN_ERROR_AGAIN && error != SYNFIN_ERROR_SHUT_DOWN
        && error != SYNFIN_ERROR_NO_MEMORY) {
        finish(transfer, flow, error);
    }
}

static void check_octets(struct lab_transfer *transfer, struct lab_flow *flow,
                         const struct synfin_span *piece)
{
    for (uint32_t at = 0; at < piece->bytes;) {
        uint32_t count = (uint32_t)least(piece->bytes - at, GIVE_BYTES);
        const uint8_t *wanted = transfer->pattern + flow->received_bytes % PATTERN_BYTES;
        flow->has_wrong_octet |= memcmp(piece->data + at, wanted, count) != 0;
        flow->received_bytes += count;
        at += count;
    }
}

// Takes what is there; without copying, since nobody keeps it.
static void take(struct lab_transfer *transfer, struct lab_flow *flow)
{
    synfin_stack *server = transfer->stack[SYNFIN_LINK_B];
    for (;;) {
        struct synfin_span piece[8];
        uint32_t pieces = sizeof piece / sizeof piece[0];
        size_t bytes = 0;
        enum synfin_error error = synfin_socket_peek(server, flow->receiver, piece, &pieces);
        if (error == SYNFIN_ERROR_AGAIN) {
            return;
        }
        if (error != SYNFIN_ERROR_OK || pieces == 0) {
            finish(transfer, flow, error);
            synfin_socket_close(server, flow->receiver, transfer->now_ns);
            flow->receiver = 0;
            return;
        }
        for (uint32_t i = 0; i < pieces; i++) {
            check_octets(transfer, flow, &piece[i]);
            bytes += piece[i].bytes;
        }
        error = synfin_socket_consume(server, flow->receiver, bytes, transfer->now_ns);
        if (error != SYNFIN_ERROR_OK) {
            finish(transfer, flow, error);
            return;
        }
    }
}

static enum synfin_error connect_flow(struct lab_transfer *transfer, struct lab_flow *flow)
{
    synfin_stack *client = transfer->stack[SYNFIN_LINK_A];
    struct synfin_endpoint local = transfer->endpoint[SYNFIN_LINK_A];
    struct synfin_endpoint remote = transfer->endpoint[SYNFIN_LINK_B];
    local.port = (uint16_t)(LAB_CLIENT_PORT + flow->number);
    remote.port = LAB_PORT;
    enum synfin_error error = synfin_socket_open(client, &flow->sender);
    if (error == SYNFIN_ERROR_OK) {
        error = synfin_socket_set_user(client, flow->sender, flow);
    }
    if (error == SYNFIN_ERROR_OK) {
        error = synfin_socket_set_congestion(client, flow->sender,
                                             synfin_congestion_name(flow->congestion));
    }
    if (error == SYNFIN_ERROR_OK) {
        error = synfin_socket_bind(client, flow->sender, &local);
    }
    return error == SYNFIN_ERROR_OK
               ? synfin_socket_connect(client, flow->sender, &remote, transfer->now_ns)
               : error;
}

static void begin_flow(struct lab_transfer *transfer)
{
    struct lab_flow *flow = &transfer->flow[transfer->flows_begun++];
    flow->has_begun = true;
    flow->looked_ns = transfer->now_ns;
    enum synfin_error error = connect_flow(transfer, flow);
    if (error != SYNFIN_ERROR_OK) {
        finish(transfer, flow, error);
    }
    if (transfer->flows_begun == transfer->config.flows && transfer->flows_over == 0) {
        transfer->all_began_ns = transfer->now_ns;
        for (uint32_t i = 0; i < transfer->config.flows; i++) {
            transfer->flow[i].received_before = transfer->flow[i].received_bytes;
        }
    }
}

static void accept_flows(struct lab_transfer *transfer)
{
    synfin_stack *server = transfer->stack[SYNFIN_LINK_B];
    synfin_socket socket = 0;
    struct synfin_endpoint peer;
    while (synfin_socket_accept(server, transfer->listener, &socket, &peer) == SYNFIN_ERROR_OK) {
        struct lab_flow *flow = flow_of_port(transfer, peer.port);
        if (flow == NULL || synfin_socket_set_user(server, socket, flow) != SYNFIN_ERROR_OK) {
            synfin_socket_abort(server, socket, transfer->now_ns);
            continue;
        }
        flow->receiver = socket;
        take(transfer, flow);
    }
}

static void take_event(struct lab_transfer *transfer, enum synfin_link_side side,
                       const struct synfin_event *event)
{
    struct lab_flow *flow = event->user;
    if (event->kind == SYNFIN_EVENT_ACCEPTABLE) {
        accept_flows(transfer);
    } else if (flow == NULL) {
        return;
    } else if (event->kind == SYNFIN_EVENT_CLOSED && event->error != SYNFIN_ERROR_OK) {
        finish(transfer, flow, event->error);
    } else if (side == SYNFIN_LINK_A && event->socket == flow->sender && flow->is_done) {
        synfin_socket_close(transfer->stack[side], flow->sender, transfer->now_ns);
        flow->sender = 0;
    } else if (side == SYNFIN_LINK_A && event->socket == flow->sender) {
        give(transfer, flow);
    } else if (side == SYNFIN_LINK_B && event->socket == flow->receiver) {
        take(transfer, flow);
    }
}

static bool turn_end(struct lab_transfer *transfer, enum synfin_link_side side)
{
    struct synfin_packet packets[BURST];
    struct synfin_event event;
    struct synfin_device *device = synfin_link_device(transfer->link, side);
    uint32_t n = device->ops->receive(device, packets, BURST, transfer->now_ns);
    bool is_busy = n > 0;
    if (n > 0) {
        synfin_stack_input(transfer->stack[side], 0, packets, n, transfer->now_ns);
    }
    synfin_stack_advance(transfer->stack[side], transfer->now_ns);
    while (synfin_stack_next_event(transfer->stack[side], &event)) {
        take_event(transfer, side, &event);
        is_busy = true;
    }
    return is_busy;
}

static bool transmit(struct lab_transfer *transfer, enum synfin_link_side side)
{
    struct synfin_packet packets[BURST];
    struct synfin_device *device = synfin_link_device(transfer->link, side);
    uint32_t n = synfin_stack_output(transfer->stack[side], 0, packets, BURST, transfer->now_ns);
    if (n > 0) {
        (void)device->ops->send(device, packets, n, transfer->now_ns);
    }
    return n > 0;
}

static void look_at(struct lab_transfer *transfer, struct lab_flow *flow)
{
    const struct lab_audience *audience = &transfer->config.audience;
    struct synfin_tcp_info info = {.size = sizeof info};
    flow->is_touched = false;
    if (flow->sender == 0 || flow->is_done
        || synfin_socket_info(transfer->stack[SYNFIN_LINK_A], flow->sender, &info, transfer->now_ns)
               != SYNFIN_ERROR_OK) {
        return;
    }
    uint64_t passed_us = transfer->now_ns / 1000 - flow->looked_ns / 1000;
    flow->cwnd_area += passed_us * flow->cwnd_bytes;
    flow->looked_ns = transfer->now_ns;
    flow->cwnd_bytes = info.cwnd_bytes;
    flow->cwnd_bytes_max =
        info.cwnd_bytes > flow->cwnd_bytes_max ? info.cwnd_bytes : flow->cwnd_bytes_max;
    flow->last_info = info;
    if (audience->info != NULL) {
        audience->info(audience->ctx, flow->number, &info, transfer->now_ns);
    }
}

// Everything that happens at this moment.
static void turn(struct lab_transfer *transfer)
{
    static const enum synfin_link_side sides[] = {SYNFIN_LINK_A, SYNFIN_LINK_B};
    bool is_busy = true;
    while (transfer->flows_begun < transfer->config.flows
           && transfer->flow[transfer->flows_begun].start_ns <= transfer->now_ns) {
        begin_flow(transfer);
    }
    while (is_busy) {
        is_busy = false;
        for (uint32_t i = 0; i < 2; i++) {
            is_busy |= turn_end(transfer, sides[i]);
        }
        for (uint32_t i = 0; i < 2; i++) {
            is_busy |= transmit(transfer, sides[i]);
        }
    }
    for (uint32_t i = 0; i < transfer->flows_begun; i++) {
        if (transfer->flow[i].is_touched) {
            look_at(transfer, &transfer->flow[i]);
        }
    }
}

static uint64_t next_time(const struct lab_transfer *transfer)
{
    uint64_t next_ns = synfin_link_next_deadline(transfer->link);
    for (uint32_t i = 0; i < 2; i++) {
        next_ns = least(next_ns, synfin_stack_next_deadline(transfer->stack[i]));
    }
    if (transfer->flows_begun < transfer->config.flows) {
        next_ns = least(next_ns, transfer->flow[transfer->flows_begun].start_ns);
    }
    return next_ns;
}

void lab_transfer_run(struct lab_transfer *transfer)
{
    uint64_t limit_ns = least(transfer->config.time_ns, LIMIT_NS);
    while (transfer->now_ns < limit_ns) {
        turn(transfer);
        uint64_t next_ns = next_time(transfer);
        if (next_ns == SYNFIN_NEVER) {
            return;
        }
        uint64_t least_ns = transfer->now_ns + LAB_RIG_STEP_NS;
        transfer->now_ns = next_ns > least_ns ? next_ns : least_ns;
    }
    transfer->now_ns = limit_ns;
    transfer->end_ns = transfer->flows_over < transfer->config.flows ? limit_ns : transfer->end_ns;
    end_common_time(transfer);
}

uint64_t lab_transfer_goodput(const struct lab_flow *flow)
{
    uint64_t end_ns = flow->is_done ? flow->end_ns : flow->transfer->end_ns;
    return end_ns > flow->start_ns ? cli_figures_rate(flow->received_bytes, end_ns - flow->start_ns)
                                   : 0;
}

uint64_t lab_transfer_capacity(const struct lab_transfer *transfer)
{
    uint32_t payload_bytes = 0;
    uint32_t packet_bytes = 1;
    for (uint32_t i = 0; i < transfer->config.flows; i++) {
        const struct lab_oracle *oracle = &transfer->flow[i].oracle;
        if (oracle->payload_bytes_max > payload_bytes) {
            payload_bytes = oracle->payload_bytes_max;
            packet_bytes = oracle->packet_bytes_max;
        }
    }
    // The quotient apart, so that no rate overflows.
    const struct synfin_link_config *link = transfer->config.link;
    bool is_policed = link->police_bps != 0 && link->police_bps < link->rate_bps;
    uint64_t rate_bps = is_policed ? link->police_bps : link->rate_bps;
    return rate_bps / packet_bytes * payload_bytes
           + rate_bps % packet_bytes * payload_bytes / packet_bytes;
}

uint64_t lab_transfer_jain(const struct lab_transfer *transfer)
{
    uint64_t sum = 0;
    uint64_t squares = 0;
    uint64_t most = 1;
    for (uint32_t i = 0; i < transfer->config.flows; i++) {
        uint64_t bytes = transfer->flow[i].received_within;
        most = bytes > most ? bytes : most;
    }
    // Scaled to 14 bits: the square of the sum of 256 of them has 44.
    uint64_t unit = most / (1 << 14) + 1;
    for (uint32_t i = 0; i < transfer->config.flows; i++) {
        uint64_t share = transfer->flow[i].received_within / unit;
        sum += share;
        squares += share * share;
    }
    return cli_figures_ppm(sum * sum, squares * transfer->config.flows);
}
