// SPDX-License-Identifier: MIT
//
// What a stack sends and when: next hops that must be found first, that are never found, turns of
// connections that share a device, and devices that take one packet at a time.
#include <string.h>

#include <synfin/socket.h>
#include <synfin/stack.h>

#include "lib/test_cmocka.h"
#include "lib/world.h"

enum { PORT = 80, FLOOD = 60000 };

static uint8_t flood[FLOOD];

static uint32_t pull(struct world *world, uint32_t host, struct synfin_packet *packets,
                     uint32_t max)
{
    return synfin_stack_output(world->host[host].stack, world->host[host].iface, packets, max,
                               world->now_ns);
}

static void begin_on_ethernet(struct world *world)
{
    struct world_config config;
    world_config_default(&config);
    config.is_ethernet = true;
    world_init(world, &config);
}

// Host 0 begins to connect to this address, which may be nobody's.
static synfin_socket connect_to(struct world *world, const struct synfin_addr *addr)
{
    synfin_stack *stack = world->host[0].stack;
    struct synfin_endpoint remote = {.addr = *addr, .port = PORT};
    synfin_socket socket;
    assert_int_equal(synfin_socket_open(stack, &socket), SYNFIN_ERROR_OK);
    assert_int_equal(synfin_socket_connect(stack, socket, &remote, world->now_ns), SYNFIN_ERROR_OK);
    return socket;
}

// The SYN waits; what leaves is the question for the next hop, and nothing else.
static void first_packet_on_ethernet_is_the_question_for_the_next_hop(void **state)
{
    (void)state;
    static const enum synfin_reason reason[] = {SYNFIN_REASON_NET_ARP_REQUEST,
                                                SYNFIN_REASON_NET_ND_SOLICIT};
    for (uint32_t i = 0; i < 2; i++) {
        struct world world;
        struct synfin_packet packets[16];
        begin_on_ethernet(&world);
        world_run(&world, 5 * WORLD_S); // duplicate address detection
        (void)world_connect(&world, i == 0 ? 4 : 6, PORT);
        assert_true(synfin_stack_has_output(world.host[0].stack, 0));
        assert_int_equal(pull(&world, 0, packets, 16), 1);
        assert_int_equal(packets[0].reason, reason[i]);
        assert_false(synfin_stack_has_output(world.host[0].stack, 0));
        assert_int_equal(pull(&world, 0, packets, 16), 0);
        world_deinit(&world);
    }
}

struct closed_wait {
    uint32_t host;
    synfin_socket socket;
    struct synfin_event event;
};

static bool has_closed(struct world *world, void *ctx)
{
    struct closed_wait *wait = ctx;
    while (synfin_stack_next_event(world->host[wait->host].stack, &wait->event)) {
        if (wait->event.socket == wait->socket && wait->event.kind == SYNFIN_EVENT_CLOSED) {
            return true;
        }
    }
    return false;
}

// A next hop that never answers: the SYNs count as sent, and the end comes in bounded time.
static void next_hop_that_never_answers_ends_the_connection(void **state)
{
    (void)state;
    for (uint32_t version = 4; version <= 6; version += 2) {
        struct world_config config;
        struct world world;
        struct closed_wait wait = {.host = 0};
        world_config_default(&config);
        config.is_ethernet = true;
        config.stack[0].syn_retries = 3;
        world_init(&world, &config);
        struct synfin_addr addr = world_addr(&world, 1, version);
        addr.octet[15] = 77;
        wait.socket = connect_to(&world, &addr);
        assert_true(world_run_until(&world, has_closed, &wait, 120 * WORLD_S));
        assert_int_equal(wait.event.error, SYNFIN_ERROR_NO_NEIGHBOUR);
        assert_int_equal(wait.event.reason, SYNFIN_REASON_SYN_RETRIES_OVER);
        assert_int_equal(wait.event.tries, 4);
        assert_int_equal(wait.event.icmp.version, 0);
        assert_true(synfin_stack_count(world.host[0].stack, SYNFIN_REASON_DROP_NEIGHBOUR_FAILED)
                    >= 1);
        world_deinit(&world);
    }
}

// Each connection hears of its own next hop, not only the first that is told.
static void next_hops_that_fail_together_fail_all_their_connections(void **state)
{
    (void)state;
    struct world world;
    begin_on_ethernet(&world);
    for (uint8_t i = 0; i < 5; i++) {
        struct synfin_addr addr = synfin_addr_ipv4(192, 0, 2, (uint8_t)(70 + i));
        (void)connect_to(&world, &addr);
    }
    world_run(&world, 3500 * WORLD_MS);
    assert_int_equal(synfin_stack_count(world.host[0].stack, SYNFIN_REASON_NEIGHBOUR_FAILED), 5);
    assert_int_equal(synfin_stack_count(world.host[0].stack, SYNFIN_REASON_DROP_NEIGHBOUR_FAILED),
                     5);
    world_deinit(&world);
}

struct transfer {
    synfin_socket pair[2];
    size_t sent, received;
};

static bool is_transferred(struct world *world, void *ctx)
{
    struct transfer *transfer = ctx;
    size_t n;
    if (transfer->sent < FLOOD
        && synfin_socket_send(world->host[0].stack, transfer->pair[0], flood + transfer->sent,
                              FLOOD - transfer->sent, &n, world->now_ns)
               == SYNFIN_ERROR_OK) {
        transfer->sent += n;
        world_settle(world);
    }
    uint8_t octets[4096];
    while (synfin_socket_recv(world->host[1].stack, transfer->pair[1], octets, sizeof octets, &n,
                              world->now_ns)
               == SYNFIN_ERROR_OK
           && n > 0) {
        assert_memory_equal(octets, flood + transfer->received, n);
        transfer->received += n;
    }
    return transfer->received == FLOOD;
}

static void fill_flood(void)
{
    for (size_t i = 0; i < FLOOD; i++) {
        flood[i] = (uint8_t)(i * 7 + (i >> 8));
    }
}

// The same octets arrive whether the device takes one packet at a time or many.
static void output_one_packet_at_a_time_carries_everything(void **state)
{
    (void)state;
    fill_flood();
    for (uint32_t max = 1; max <= 64; max += 21) {
        struct world world;
        struct transfer transfer = {0};
        world_init_default(&world);
        world.output_max = max;
        synfin_socket listener = world_listen(&world, 4, PORT, 0);
        world_open_pair(&world, 4, PORT, listener, transfer.pair);
        assert_true(world_run_until(&world, is_transferred, &transfer, 10 * WORLD_S));
        world_deinit(&world);
    }
}

static void send_all(struct world *world, synfin_socket socket)
{
    size_t sent;
    assert_int_equal(
        synfin_socket_send(world->host[0].stack, socket, flood, FLOOD, &sent, world->now_ns),
        SYNFIN_ERROR_OK);
    assert_int_equal(sent, FLOOD);
}

// Two connections with much to send: neither gets a whole burst while the other has none, and whose
// turn it is does not depend on how many packets are asked for at a time.
static void connections_with_much_to_send_take_turns(void **state)
{
    (void)state;
    for (uint32_t max = 1; max <= 32; max += max + 2) {
        struct world_config config;
        struct world world;
        struct synfin_packet packets[32];
        synfin_socket pair[2][2];
        struct synfin_tcp_info info = {.size = sizeof info};
        uint32_t conn[2], segments[2] = {0, 0};
        world_config_default(&config);
        config.stack[0].initial_window_segments = 40;
        world_init(&world, &config);
        synfin_socket listener = world_listen(&world, 4, PORT, 0);
        for (int i = 0; i < 2; i++) {
            world_open_pair(&world, 4, PORT, listener, pair[i]);
            assert_int_equal(
                synfin_socket_info(world.host[0].stack, pair[i][0], &info, world.now_ns),
                SYNFIN_ERROR_OK);
            conn[i] = info.conn;
        }
        world_run(&world, WORLD_S);
        send_all(&world, pair[0][0]);
        send_all(&world, pair[1][0]);
        for (uint32_t pulled = 0; pulled < 32;) {
            uint32_t n = pull(&world, 0, packets, max);
            assert_true(n > 0);
            for (uint32_t i = 0; i < n; i++) {
                uint32_t which = packets[i].conn == conn[1];
                assert_int_equal(which, (pulled + i) / 16 % 2);
                segments[which]++;
            }
            pulled += n;
        }
        assert_in_range(segments[0], 16, 32 - 16 + max);
        assert_int_not_equal(conn[0], conn[1]);
        world_deinit(&world);
    }
}

// A connection beyond a gateway that is not there does not hold up one to a neighbour.
static void connection_without_a_next_hop_does_not_hold_up_others(void **state)
{
    (void)state;
    struct world_config config;
    struct world world;
    synfin_socket far, pair[2];
    struct synfin_prefix prefix = {.addr = synfin_addr_ipv4(0, 0, 0, 0), .bits = 0};
    struct synfin_addr gateway = synfin_addr_ipv4(192, 0, 2, 99);
    struct synfin_endpoint remote = {.addr = synfin_addr_ipv4(198, 51, 100, 7), .port = PORT};
    world_config_default(&config);
    config.is_ethernet = true;
    world_init(&world, &config);
    synfin_stack *stack = world.host[0].stack;
    assert_int_equal(synfin_stack_add_route(stack, 0, &prefix, &gateway), SYNFIN_ERROR_OK);
    assert_int_equal(synfin_socket_open(stack, &far), SYNFIN_ERROR_OK);
    assert_int_equal(synfin_socket_connect(stack, far, &remote, world.now_ns), SYNFIN_ERROR_OK);
    synfin_socket listener = world_listen(&world, 4, PORT, 0);
    uint64_t before_ns = world.now_ns;
    world_open_pair(&world, 4, PORT, listener, pair);
    assert_true(world.now_ns - before_ns < 100 * WORLD_MS);
    assert_int_equal(world_state(&world, 0, far), SYNFIN_TCP_STATE_SYN_SENT);
    world_deinit(&world);
}

// A refused connection learns so by a reset, over a link whose next hop must be known for it.
static void reset_to_nowhere_leaves_on_ethernet(void **state)
{
    (void)state;
    struct world_config config;
    struct world world;
    struct closed_wait wait = {.host = 0};
    world_config_default(&config);
    config.is_ethernet = true;
    world_init(&world, &config);
    wait.socket = world_connect(&world, 4, PORT);
    assert_true(world_run_until(&world, has_closed, &wait, 100 * WORLD_MS));
    assert_int_equal(wait.event.error, SYNFIN_ERROR_REFUSED);
    world_deinit(&world);
}

// A question can be open to a limited number of next hops: for one more the SYN counts as lost at
// once, and the connection goes on trying.
static void more_next_hops_than_can_be_asked_for_lose_their_syns(void **state)
{
    (void)state;
    struct world world;
    begin_on_ethernet(&world);
    synfin_stack *stack = world.host[0].stack;
    struct synfin_addr addr = world_addr(&world, 1, 6);
    synfin_socket socket = 0;
    for (uint32_t i = 0; i < 200; i++) {
        addr.octet[15] = (uint8_t)(10 + i);
        socket = connect_to(&world, &addr);
    }
    world_settle(&world);
    assert_true(synfin_stack_count(stack, SYNFIN_REASON_DROP_NEIGHBOUR_FAILED) >= 200 - 128);
    struct synfin_tcp_info info = {.size = sizeof info};
    assert_int_equal(synfin_socket_info(stack, socket, &info, world.now_ns), SYNFIN_ERROR_OK);
    assert_int_equal(info.state, SYNFIN_TCP_STATE_SYN_SENT);
    world_deinit(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_packet_on_ethernet_is_the_question_for_the_next_hop),
        cmocka_unit_test(next_hop_that_never_answers_ends_the_connection),
        cmocka_unit_test(next_hops_that_fail_together_fail_all_their_connections),
        cmocka_unit_test(output_one_packet_at_a_time_carries_everything),
        cmocka_unit_test(connections_with_much_to_send_take_turns),
        cmocka_unit_test(connection_without_a_next_hop_does_not_hold_up_others),
        cmocka_unit_test(reset_to_nowhere_leaves_on_ethernet),
        cmocka_unit_test(more_next_hops_than_can_be_asked_for_lose_their_syns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
