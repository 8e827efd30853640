// SPDX-License-Identifier: MIT
//
// docs/history.md, rows 104, 107, 109 and 117: two whole stacks that say the same thing at the
// same time, have lost their common numbers, or close in any order, with every pattern of losses
// among the first segments each way. Both must come to rest.
#include <stdlib.h>
#include <string.h>

#include "lib/segment_wire.h"
#include "lib/test_cmocka.h"
#include "lib/test_rows.h"
#include "lib/world.h"

enum { LOSS_BITS = 5, PATTERNS = 1 << (2 * LOSS_BITS), PORT_A = 1000, PORT_B = 2000 };

static uint64_t resets; // sent by either end

static void watch(void *ctx, const struct synfin_trace_event *event)
{
    (void)ctx;
    resets +=
        event->kind == SYNFIN_TRACE_SEGMENT_SENT && (event->as.segment.flags & SYNFIN_TCP_RST) != 0;
}

// The bits of `pattern` say which of the first LOSS_BITS segments of each side are lost, counted
// from `skip` more.
static void lose(struct synfin_link_config *link, uint32_t pattern, const uint32_t skip[2])
{
    link->drop_rules = 0;
    for (uint32_t i = 0; i < 2 * LOSS_BITS; i++) {
        if ((pattern >> i & 1) != 0) {
            uint32_t side = i / LOSS_BITS;
            link->drop_rule[link->drop_rules++] = (struct synfin_drop_rule){
                .side = (enum synfin_link_side)side, .nth = 1 + skip[side] + i % LOSS_BITS};
        }
    }
}

static void begin(struct world *world, uint32_t pattern, const uint32_t skip[2])
{
    struct world_config config;
    world_config_default(&config);
    lose(&config.link, pattern, skip);
    for (uint32_t i = 0; i < 2; i++) {
        config.stack[i].syn_ack_retries = 7; // losses of both sides in a row must not be too many
    }
    config.trace = watch;
    resets = 0;
    world_init(world, &config);
}

static synfin_socket open_from(struct world *world, uint32_t host, uint32_t version, uint16_t port)
{
    synfin_socket socket;
    struct synfin_endpoint local = {.addr = world_addr(world, host, version), .port = port};
    synfin_stack *stack = world->host[host].stack;
    assert_int_equal(synfin_socket_open(stack, &socket), SYNFIN_ERROR_OK);
    assert_int_equal(synfin_socket_bind(stack, socket, &local), SYNFIN_ERROR_OK);
    return socket;
}

// Both ends call connect in the same moment.
static void open_crossing(struct world *world, uint32_t version, synfin_socket pair[2])
{
    static const uint16_t port[] = {PORT_A, PORT_B};
    for (uint32_t i = 0; i < 2; i++) {
        pair[i] = open_from(world, i, version, port[i]);
    }
    for (uint32_t i = 0; i < 2; i++) {
        struct synfin_endpoint remote = {.addr = world_addr(world, 1 - i, version),
                                         .port = port[1 - i]};
        assert_int_equal(
            synfin_socket_connect(world->host[i].stack, pair[i], &remote, world->now_ns),
            SYNFIN_ERROR_OK);
    }
}

static bool say(struct world *world, uint32_t host, synfin_socket socket, char octet)
{
    size_t sent;
    return synfin_socket_send(world->host[host].stack, socket, &octet, 1, &sent, world->now_ns)
           == SYNFIN_ERROR_OK;
}

static bool hear(struct world *world, uint32_t host, synfin_socket socket, char octet)
{
    char got = 0;
    size_t received;
    return synfin_socket_recv(world->host[host].stack, socket, &got, 1, &received, world->now_ns)
               == SYNFIN_ERROR_OK
           && received == 1 && got == octet;
}

static uint64_t packets(const struct world *world)
{
    return world->host[0].packets + world->host[1].packets;
}

// Nothing moves any more: neither end has anything to ask.
static void assert_quiet(struct world *world)
{
    uint64_t before = packets(world);
    world_run(world, 100 * WORLD_S);
    assert_int_equal(packets(world), before);
}

static void hist_109_crossed_syns_with_every_pattern_of_losses(void **state)
{
    static const uint32_t skip[2] = {0, 0};
    (void)state;
    for (uint32_t i = 0; i < 2 * PATTERNS; i++) {
        struct world world;
        synfin_socket pair[2];
        begin(&world, i / 2, skip);
        open_crossing(&world, i % 2 == 0 ? 4 : 6, pair);
        world_run(&world, 200 * WORLD_S);
        for (uint32_t k = 0; k < 2; k++) {
            assert_int_equal(world_state(&world, k, pair[k]), SYNFIN_TCP_STATE_ESTABLISHED);
            assert_true(say(&world, k, pair[k], (char)('a' + k)));
        }
        world_run(&world, 100 * WORLD_S);
        assert_true(hear(&world, 0, pair[0], 'b'));
        assert_true(hear(&world, 1, pair[1], 'a'));
        assert_int_equal(resets, 0);
        assert_quiet(&world);
        world_deinit(&world);
    }
}

enum order { A_FIRST, B_FIRST, TOGETHER, A_BEFORE_B_HEARS, ORDERS };

static void shut(struct world *world, uint32_t host, synfin_socket socket)
{
    synfin_socket_close(world->host[host].stack, socket, world->now_ns);
}

static void close_in_order(struct world *world, const synfin_socket pair[2], enum order order)
{
    uint32_t first = order == B_FIRST ? 1 : 0;
    shut(world, first, pair[first]);
    switch (order) {
    case A_FIRST:
    case B_FIRST:
        (void)world_run_to_state(world, 1 - first, pair[1 - first], SYNFIN_TCP_STATE_CLOSE_WAIT,
                                 70 * WORLD_S);
        break;
    case A_BEFORE_B_HEARS: // our FIN is on the wire
        world_settle(world);
        break;
    case TOGETHER:
    case ORDERS: break;
    }
    shut(world, 1 - first, pair[1 - first]);
}

static uint32_t connections(const struct world *world)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < SYNFIN_TCP_STATE_COUNT; i++) {
        for (uint32_t host = 0; host < WORLD_HOSTS && i != SYNFIN_TCP_STATE_LISTEN; host++) {
            n += world_count_state(world, host, (enum synfin_tcp_state)i);
        }
    }
    return n;
}

// Every order of closing, every pattern among the first segments after it.
static void hist_117_every_order_of_closing_with_every_pattern_of_losses(void **state)
{
    static const uint32_t skip[2] = {2, 1}; // the handshake
    (void)state;
    for (uint32_t i = 0; i < 2 * ORDERS * PATTERNS; i++) {
        struct world world;
        synfin_socket pair[2];
        uint32_t version = i % 2 == 0 ? 4 : 6;
        begin(&world, i / 2 / ORDERS, skip);
        synfin_socket listener = world_listen(&world, version, PORT_B, 1);
        world_open_pair(&world, version, PORT_B, listener, pair);
        assert_int_equal(world.host[0].packets, skip[0]);
        assert_int_equal(world.host[1].packets, skip[1]);
        close_in_order(&world, pair, (enum order)(i / 2 % ORDERS));
        world_run(&world, 400 * WORLD_S);
        assert_int_equal(connections(&world), 0);
        assert_int_equal(resets, 0);
        assert_quiet(&world);
        world_deinit(&world);
    }
}

// Writes until nothing more is taken; how many octets.
static uint64_t fill(struct world *world, uint32_t host, synfin_socket socket)
{
    static const char octets[4096];
    size_t sent;
    uint64_t all = 0;
    while (synfin_socket_send(world->host[host].stack, socket, octets, sizeof octets, &sent,
                              world->now_ns)
           == SYNFIN_ERROR_OK) {
        all += sent;
        world_run(world, 2 * WORLD_S);
    }
    return all;
}

static uint64_t read_all(struct world *world, uint32_t host, synfin_socket socket)
{
    char octets[4096];
    size_t received;
    uint64_t all = 0;
    while (synfin_socket_recv(world->host[host].stack, socket, octets, sizeof octets, &received,
                              world->now_ns)
           == SYNFIN_ERROR_OK) {
        all += received;
    }
    return all;
}

// Both windows are shut and both ends have more to send: all they do is probe, ever more rarely.
// Then the readers come, and everything arrives.
static void shut_both_windows(uint64_t delay_ns, uint32_t pattern)
{
    static const uint32_t skip[2] = {2, 1};
    struct world world;
    struct world_config config;
    synfin_socket pair[2];
    world_config_default(&config);
    for (uint32_t i = 0; i < 2; i++) {
        config.stack[i].receive_buffer_bytes = 4096;
        config.stack[i].send_buffer_bytes = 8192;
    }
    config.link.delay_ns = delay_ns;
    lose(&config.link, pattern, skip);
    world_init(&world, &config);
    synfin_socket listener = world_listen(&world, 4, PORT_B, 1);
    world_open_pair(&world, 4, PORT_B, listener, pair);
    uint64_t put[2] = {0, 0};
    for (uint32_t round = 0; round < 4; round++) { // what is lost comes later
        for (uint32_t i = 0; i < 2; i++) {
            put[i] += fill(&world, i, pair[i]);
        }
        world_run(&world, 50 * WORLD_S);
    }
    uint64_t before = packets(&world);
    world_run(&world, 600 * WORLD_S);
    // A probe and its answer in 60 s each way, and an acknowledgment of what the probe brings.
    assert_in_range(packets(&world) - before, 10, 60);
    uint64_t got[2] = {0, 0};
    for (uint32_t round = 0; round < 20; round++) {
        for (uint32_t i = 0; i < 2; i++) {
            got[i] += read_all(&world, i, pair[i]);
        }
        world_run(&world, 10 * WORLD_S);
    }
    assert_true(put[0] > 8192 && put[1] > 8192);
    assert_int_equal(got[0], put[1]);
    assert_int_equal(got[1], put[0]);
    assert_quiet(&world);
    world_deinit(&world);
}

static void hist_107_two_shut_windows_on_a_link_without_delay(void **state)
{
    (void)state;
    shut_both_windows(0, 0);
}

static void hist_109_crossed_window_probes_with_every_pattern_of_losses(void **state)
{
    (void)state;
    for (uint32_t pattern = 0; pattern < PATTERNS; pattern++) {
        shut_both_windows(WORLD_MS, pattern);
    }
}

// Octets that the true peer never sent, at the right place: each end's RCV.NXT runs ahead.
static void inject(struct world *world, uint32_t host, synfin_socket socket, uint16_t src_port,
                   uint16_t dst_port)
{
    static const uint8_t octets[100];
    uint8_t packet[256];
    struct synfin_tcp_info info = {.size = sizeof info};
    struct synfin_packet wrapped;
    assert_int_equal(synfin_socket_info(world->host[host].stack, socket, &info, world->now_ns),
                     SYNFIN_ERROR_OK);
    struct segment_wire forged = {.src = world_addr(world, 1 - host, 4),
                                  .dst = world_addr(world, host, 4),
                                  .src_port = src_port,
                                  .dst_port = dst_port,
                                  .seq = info.rcv_nxt,
                                  .ack = info.snd_nxt,
                                  .flags = SYNFIN_TCP_ACK | SYNFIN_TCP_PSH,
                                  .window = 1000,
                                  .wscale = -1,
                                  .payload = octets,
                                  .payload_bytes = sizeof octets};
    synfin_packet_wrap(&wrapped, packet, segment_wire_build(&forged, packet));
    synfin_stack_input(world->host[host].stack, world->host[host].iface, &wrapped, 1,
                       world->now_ns);
}

static void hist_104_two_ends_out_of_step_fall_silent(void **state)
{
    struct world world;
    struct world_config config;
    synfin_socket pair[2];
    (void)state;
    world_config_default(&config);
    for (uint32_t i = 0; i < 2; i++) {
        config.stack[i].use_timestamps = 0;
    }
    world_init(&world, &config);
    synfin_socket listener = world_listen(&world, 4, PORT_B, 1);
    world_open_pair(&world, 4, PORT_B, listener, pair);
    struct synfin_endpoint local;
    assert_int_equal(synfin_socket_endpoints(world.host[0].stack, pair[0], &local, NULL),
                     SYNFIN_ERROR_OK);
    inject(&world, 0, pair[0], PORT_B, local.port);
    inject(&world, 1, pair[1], local.port, PORT_B);
    for (uint32_t second = 0; second < 60; second++) {
        uint64_t before = packets(&world);
        world_run(&world, WORLD_S);
        assert_true(packets(&world) - before <= 2 * (2 + 1)); // answers, and what is sent again
    }
    for (uint32_t i = 0; i < 2; i++) {
        assert_true(say(&world, i, pair[i], 'x')); // less than what was injected: never taken
    }
    for (uint32_t second = 0; second < 60; second++) {
        uint64_t before = packets(&world);
        world_run(&world, WORLD_S);
        // Data, its answer, and the same again for a tail-loss probe and for the timer, which
        // comes up twice in the first second.
        assert_true(packets(&world) - before <= 2 * (2 + 8));
    }
    world_run(&world, 3600 * WORLD_S); // R2 and more
    for (uint32_t i = 0; i < 2; i++) {
        assert_int_equal(world_state(&world, i, pair[i]), SYNFIN_TCP_STATE_CLOSED);
    }
    assert_quiet(&world);
    world_deinit(&world);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(hist_104_two_ends_out_of_step_fall_silent),
    cmocka_unit_test(hist_107_two_shut_windows_on_a_link_without_delay),
    cmocka_unit_test(hist_109_crossed_syns_with_every_pattern_of_losses),
    cmocka_unit_test(hist_109_crossed_window_probes_with_every_pattern_of_losses),
    cmocka_unit_test(hist_117_every_order_of_closing_with_every_pattern_of_losses),
};
ROWS_MAIN(tests)
