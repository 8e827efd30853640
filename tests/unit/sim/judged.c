// SPDX-License-Identifier: MIT
//
// A world with the judge at its doors; see judged.h.
#include "judged.h"

#include <string.h>

#include "lib/test_cmocka.h"
#include "lib/test_random.h"
#include "sim/oracle_subjects.h"

enum { BURST = 64 };

void judged_config(struct world_config *config)
{
    world_config_default(config);
    config->stack[0].accurate_ecn = config->stack[1].accurate_ecn = 1;
}

struct oracle_host *judged_host(struct judged *judged, uint32_t host)
{
    return &judged->oracle->host[host];
}

static void add_host(struct judged *judged, const struct world_config *config, uint32_t i)
{
    const struct world_host *host = &judged->world.host[i];
    struct oracle_host_config own = {
        .stack = host->stack, .config = &config->stack[i], .memory = &host->memory, .ifaces = 1};
    synfin_iface_config_default(&own.iface[0]);
    own.iface[0].is_ethernet = host->device->is_ethernet;
    memcpy(own.iface[0].mac, host->device->mac, sizeof own.iface[0].mac);
    own.iface[0].mtu_bytes = host->device->mtu_bytes;
    oracle_host_add(judged->oracle, i, &own, judged->world.now_ns);
}

void judged_init(struct judged *judged, const struct world_config *config, uint32_t version)
{
    assert_null(judged->oracle); // ended before it begins again
    memset(judged, 0, sizeof *judged);
    world_init(&judged->world, config);
    judged->oracle = oracle_create(config->seed, WORLD_HOSTS);
    judged->random = config->seed;
    judged->version = version;
    add_host(judged, config, 0);
    add_host(judged, config, 1);
    judged->listener = world_listen(&judged->world, version, JUDGED_PORT, 8);
    oracle_listening(judged->oracle, 1, judged->listener, 8);
}

void judged_end(struct judged *judged)
{
    world_deinit(&judged->world);
    oracle_destroy(judged->oracle);
    judged->oracle = NULL;
}

static void told(struct judged *judged, uint32_t i)
{
    oracle_after_event(judged->oracle, i, judged->world.now_ns);
}

static bool receive(struct judged *judged, uint32_t i)
{
    static struct synfin_packet packets[BURST];
    static uint8_t octets[SYNFIN_PACKET_MAX + 64];
    struct world_host *host = &judged->world.host[i];
    uint64_t now_ns = judged->world.now_ns;
    uint32_t n = host->device->ops->receive(host->device, packets, BURST, now_ns);
    for (uint32_t k = 0; k < n; k++) {
        struct oracle_arrival arrival = {.octets = octets};
        arrival.bytes = synfin_packet_copy(&packets[k], octets, sizeof octets);
        oracle_received(judged->oracle, i, host->iface, &arrival, now_ns);
        synfin_stack_input(host->stack, host->iface, &packets[k], 1, now_ns);
        told(judged, i);
    }
    return n > 0;
}

static void keep(struct judged *judged, uint32_t i, const struct synfin_packet *packet)
{
    uint8_t *at = judged->last[i];
    if (packet->bytes > sizeof judged->last[i]) {
        return;
    }
    judged->last_bytes[i] = synfin_packet_copy(packet, at, sizeof judged->last[i]);
    if (packet->bytes > packet->head_bytes) {
        memcpy(judged->data[i], at, packet->bytes);
        judged->data_bytes[i] = packet->bytes;
    }
}

static bool send_out(struct judged *judged, uint32_t i)
{
    static struct synfin_packet packets[BURST];
    struct world_host *host = &judged->world.host[i];
    uint64_t now_ns = judged->world.now_ns;
    uint32_t n = synfin_stack_output(host->stack, host->iface, packets, BURST, now_ns);
    for (uint32_t k = 0; k < n; k++) {
        oracle_sent(judged->oracle, i, host->iface, &packets[k], now_ns);
        keep(judged, i, &packets[k]);
    }
    if (n > 0) {
        assert_int_equal(host->device->ops->send(host->device, packets, n, now_ns), n);
        told(judged, i);
    }
    return n > 0;
}

static bool advance(struct judged *judged, uint32_t i)
{
    struct world_host *host = &judged->world.host[i];
    if (synfin_stack_next_deadline(host->stack) > judged->world.now_ns) {
        return false;
    }
    oracle_advancing(judged->oracle, i, judged->world.now_ns);
    synfin_stack_advance(host->stack, judged->world.now_ns);
    told(judged, i);
    return synfin_stack_has_output(host->stack, host->iface);
}

static bool take_events(struct judged *judged, uint32_t i)
{
    struct synfin_event event;
    bool has_any = false;
    while (synfin_stack_next_event(judged->world.host[i].stack, &event)) {
        oracle_event(judged->oracle, i, &event, judged->world.now_ns);
        has_any = true;
    }
    return has_any;
}

static bool write_some(struct judged *judged, uint32_t i)
{
    static uint8_t octets[JUDGED_CALL_MAX];
    struct judged_user *user = &judged->user[i];
    synfin_stack *stack = judged->world.host[i].stack;
    uint64_t left = user->to_write - user->written;
    uint32_t bytes = 1 + test_random_below(&judged->random, JUDGED_CALL_MAX);
    size_t sent = 0;
    bytes = bytes > left ? (uint32_t)left : bytes;
    oracle_next_octets(judged->oracle, i, user->socket, octets, bytes);
    if (bytes == 0
        || synfin_socket_send(stack, user->socket, octets, bytes, &sent, judged->world.now_ns)
               != SYNFIN_ERROR_OK) {
        return false;
    }
    user->written += sent;
    oracle_wrote(judged->oracle, i, user->socket, sent, judged->world.now_ns);
    told(judged, i);
    return true;
}

static bool read_some(struct judged *judged, uint32_t i)
{
    static uint8_t octets[JUDGED_CALL_MAX];
    struct judged_user *user = &judged->user[i];
    size_t received = 0;
    if (user->reads_nothing || user->has_end
        || synfin_socket_recv(judged->world.host[i].stack, user->socket, octets, sizeof octets,
                              &received, judged->world.now_ns)
               != SYNFIN_ERROR_OK) {
        return false;
    }
    oracle_read(judged->oracle, i, user->socket, octets, received, judged->world.now_ns);
    user->delivered += received;
    user->has_end = received == 0;
    told(judged, i);
    return true;
}

static bool shut(struct judged *judged, uint32_t i)
{
    struct judged_user *user = &judged->user[i];
    if (user->keeps_open || user->has_shut || user->written < user->to_write) {
        return false;
    }
    user->has_shut = true;
    assert_int_equal(synfin_socket_shutdown(judged->world.host[i].stack, user->socket,
                                            SYNFIN_SHUTDOWN_WRITE, judged->world.now_ns),
                     SYNFIN_ERROR_OK);
    oracle_shut(judged->oracle, i, user->socket, SYNFIN_SHUTDOWN_WRITE, judged->world.now_ns);
    told(judged, i);
    return true;
}

static bool try_accept(struct judged *judged)
{
    struct judged_user *user = &judged->user[1];
    if (user->is_open
        || synfin_socket_accept(judged->world.host[1].stack, judged->listener, &user->socket, NULL)
               != SYNFIN_ERROR_OK) {
        return false;
    }
    user->is_open = true;
    oracle_accepted(judged->oracle, 1, judged->listener, user->socket, judged->world.now_ns);
    told(judged, 1);
    return true;
}

static bool act(struct judged *judged, uint32_t i)
{
    bool has_moved = take_events(judged, i);
    if (!judged->user[i].is_open) {
        return has_moved;
    }
    while (write_some(judged, i) || read_some(judged, i) || shut(judged, i)) {
        has_moved = true;
    }
    return has_moved;
}

static void settle(struct judged *judged)
{
    bool has_moved = true;
    while (has_moved) {
        has_moved = try_accept(judged);
        for (uint32_t i = 0; i < WORLD_HOSTS; i++) {
            has_moved |= receive(judged, i);
            has_moved |= advance(judged, i);
            has_moved |= act(judged, i);
            has_moved |= send_out(judged, i);
        }
    }
}

void judged_run(struct judged *judged, uint64_t ns)
{
    uint64_t end_ns = judged->world.now_ns + ns;
    settle(judged);
    while (judged->world.now_ns < end_ns) {
        uint64_t next_ns = world_next_deadline(&judged->world);
        uint64_t least_ns = judged->world.now_ns + (UINT64_C(1) << 16);
        next_ns = next_ns <= judged->world.now_ns ? least_ns : next_ns;
        judged->world.now_ns = next_ns < end_ns ? next_ns : end_ns;
        settle(judged);
    }
}

void judged_open(struct judged *judged)
{
    struct judged_user *user = &judged->user[0];
    user->keeps_open = judged->user[1].keeps_open = true;
    user->socket = world_connect(&judged->world, judged->version, JUDGED_PORT);
    user->is_open = true;
    oracle_connecting(judged->oracle, 0, user->socket, judged->world.now_ns);
    judged_run(judged, WORLD_S);
}

void judged_begin(struct judged *judged)
{
    struct world_config config;
    judged_config(&config);
    judged_init(judged, &config, 4);
    judged_open(judged);
    judged_assert_right(judged);
    assert_true(judged->user[1].is_open);
}

void judged_write(struct judged *judged, uint32_t host, uint64_t octets)
{
    judged->user[host].to_write += octets;
    judged_run(judged, WORLD_S);
    assert_int_equal(judged->user[host].written, judged->user[host].to_write);
}

void judged_ask_of(struct judged *judged, uint32_t host, synfin_socket socket,
                   enum synfin_option option, int64_t value)
{
    uint64_t now_ns = judged->world.now_ns;
    assert_int_equal(
        synfin_socket_set_option(judged->world.host[host].stack, socket, option, value, now_ns),
        SYNFIN_ERROR_OK);
    oracle_option(judged->oracle, host, socket, option, value, now_ns);
    told(judged, host);
}

void judged_ask(struct judged *judged, uint32_t host, enum synfin_option option, int64_t value)
{
    judged_ask_of(judged, host, judged->user[host].socket, option, value);
}

void judged_close(struct judged *judged)
{
    for (uint32_t i = 0; i < WORLD_HOSTS; i++) {
        judged->user[i].keeps_open = false;
    }
    judged_run(judged, 10 * WORLD_S);
    for (uint32_t i = 0; i < WORLD_HOSTS; i++) {
        oracle_closing(judged->oracle, i, judged->user[i].socket, judged->world.now_ns);
        synfin_socket_close(judged->world.host[i].stack, judged->user[i].socket,
                            judged->world.now_ns);
        judged->user[i].is_open = false;
        told(judged, i);
    }
    judged->user[1].is_open = true; // nobody accepts any more
    oracle_closing(judged->oracle, 1, judged->listener, judged->world.now_ns);
    synfin_socket_close(judged->world.host[1].stack, judged->listener, judged->world.now_ns);
    judged->user[1].socket = 0;
    judged->user[1].reads_nothing = judged->user[1].has_shut = true;
    judged->user[1].to_write = judged->user[1].written;
    judged_run(judged, 200 * WORLD_S);
    oracle_finish(judged->oracle, judged->world.now_ns);
    for (uint32_t i = 0; i < WORLD_HOSTS; i++) {
        oracle_host_ending(judged->oracle, i, judged->world.now_ns);
    }
}

struct oracle_end *judged_of(struct judged *judged, uint32_t host)
{
    struct oracle_end *end =
        oracle_ends_of_socket(judged_host(judged, host), judged->user[host].socket);
    assert_non_null(end);
    return end;
}

struct tcp_conn *judged_block(struct judged *judged, uint32_t host)
{
    struct tcp_conn *conn = socket_conn(judged->world.host[host].stack, judged->user[host].socket);
    assert_non_null(conn);
    return conn;
}

void judged_segment(struct judged *judged, uint32_t from, struct segment_wire *segment)
{
    const struct tcp_conn *conn = judged_block(judged, from);
    *segment = (struct segment_wire){.src = conn->pair.local,
                                     .dst = conn->pair.remote,
                                     .src_port = conn->pair.local_port,
                                     .dst_port = conn->pair.remote_port,
                                     .hop_limit = 64,
                                     .seq = conn->snd.nxt.n,
                                     .ack = conn->rcv.nxt.n,
                                     .flags = ORACLE_ACK,
                                     .wscale = -1,
                                     .has_timestamps = conn->uses_timestamps,
                                     .ts_val = judged_of(judged, 1 - from)->ts_told,
                                     .ts_ecr = judged_of(judged, from)->ts_told};
    uint32_t window = conn->rcv.adv.n - conn->rcv.nxt.n;
    segment->window =
        (uint16_t)((window + (1u << conn->rcv.wscale_shift) - 1) >> conn->rcv.wscale_shift);
}

void judged_tell_octets(struct judged *judged, uint32_t from, uint8_t *octets, uint32_t bytes,
                        enum synfin_reason reason)
{
    struct synfin_packet packet;
    synfin_packet_wrap(&packet, octets, bytes);
    packet.conn = judged_of(judged, from)->number;
    packet.reason = (uint16_t)reason;
    oracle_sent(judged->oracle, from, 0, &packet, judged->world.now_ns);
}

void judged_tell_sent(struct judged *judged, uint32_t from, const struct segment_wire *segment,
                      enum synfin_reason reason)
{
    static uint8_t octets[SEGMENT_WIRE_MAX];
    uint32_t bytes = segment_wire_build(segment, octets);
    judged_tell_octets(judged, from, octets, bytes, reason);
}

void judged_tell_stray(struct judged *judged, uint32_t from, const struct segment_wire *segment)
{
    static uint8_t octets[SEGMENT_WIRE_MAX];
    struct synfin_packet packet;
    synfin_packet_wrap(&packet, octets, segment_wire_build(segment, octets));
    oracle_sent(judged->oracle, from, 0, &packet, judged->world.now_ns);
}

void judged_tell_block(struct judged *judged, uint32_t from, int32_t left, int32_t right,
                       enum synfin_reason reason)
{
    struct segment_wire segment;
    judged_segment(judged, from, &segment);
    segment.sack_blocks = 1;
    segment.sack[0].left = segment.ack + (uint32_t)left;
    segment.sack[0].right = segment.ack + (uint32_t)right;
    judged_tell_sent(judged, from, &segment, reason);
}

void judged_tell_received(struct judged *judged, uint32_t to, const struct segment_wire *segment,
                          enum oracle_origin origin)
{
    static uint8_t octets[SEGMENT_WIRE_MAX];
    judged_hear(judged, to, octets, segment_wire_build(segment, octets), origin);
}

void judged_hear(struct judged *judged, uint32_t to, const uint8_t *octets, uint32_t bytes,
                 enum oracle_origin origin)
{
    const struct oracle_arrival arrival = {.octets = octets, .bytes = bytes, .origin = origin};
    oracle_received(judged->oracle, to, 0, &arrival, judged->world.now_ns);
}

void judged_give(struct judged *judged, uint32_t to, const struct segment_wire *segment)
{
    static uint8_t octets[SEGMENT_WIRE_MAX];
    struct synfin_packet packet;
    judged_tell_received(judged, to, segment, ORACLE_GENUINE);
    synfin_packet_wrap(&packet, octets, segment_wire_build(segment, octets));
    synfin_stack_input(judged->world.host[to].stack, 0, &packet, 1, judged->world.now_ns);
    told(judged, to);
}

void judged_text(struct judged *judged, uint32_t from, struct segment_wire *segment, uint32_t bytes)
{
    static uint8_t octets[SYNFIN_PACKET_MAX];
    struct oracle_end *end = judged_of(judged, from);
    uint64_t offset = segment->seq - end->iss - 1;
    oracle_stream_octets(end->key, offset, octets, bytes);
    end->written = offset + bytes > end->written ? offset + bytes : end->written;
    segment->payload = octets;
    segment->payload_bytes = bytes;
}

void judged_begin_owing(struct judged *judged, uint32_t bytes)
{
    struct segment_wire segment;
    judged_begin(judged);
    judged_segment(judged, 0, &segment);
    judged_text(judged, 0, &segment, bytes);
    judged_give(judged, 1, &segment);
}

void judged_fly(struct judged *judged)
{
    judged_begin(judged);
    judged->user[0].to_write = 5000;
    judged_run(judged, WORLD_MS / 2);
    assert_true(judged_block(judged, 0)->snd.una.n != judged_block(judged, 0)->snd.nxt.n);
    judged_assert_right(judged);
}

void judged_look(struct judged *judged, uint32_t host, bool is_advancing)
{
    if (is_advancing) {
        oracle_advancing(judged->oracle, host, judged->world.now_ns);
    }
    oracle_touch(judged->oracle, judged_of(judged, host));
    told(judged, host);
}

void judged_assert_right(struct judged *judged)
{
    const struct oracle_violation *violation;
    char text[512];
    for (uint32_t i = 0; i < oracle_violations(judged->oracle, &violation); i++) {
        print_error("%s\n", oracle_violation_print(&violation[i], text, sizeof text));
    }
    assert_int_equal(oracle_violations(judged->oracle, &violation), 0);
}

void judged_assert_violated(struct judged *judged, enum oracle_rule rule)
{
    const struct oracle_violation *violation;
    uint32_t count = oracle_violations(judged->oracle, &violation);
    if (count == 0) {
        fail_msg("%s was violated and not seen", oracle_rule_name(rule));
    }
    assert_string_equal(oracle_rule_name(violation[0].rule), oracle_rule_name(rule));
    judged->oracle->violations = 0;
}
