// SPDX-License-Identifier: MIT
//
// Segments without a connection on their way out: next hops that must be found first, floods from
// addresses where nobody is, routes by another interface, and an array shared with connections.
#include <string.h>

#include <synfin/socket.h>
#include <synfin/stack.h>

#include "lib/test_cmocka.h"
#include "lib/world.h"
#include "stack/stack_internal.h"

enum { PORT = 80, OCTETS = 60000, SETTLED_S = 5 };

static uint8_t octets[OCTETS];

static uint32_t pull(struct world *world, uint32_t host, uint32_t iface,
                     struct synfin_packet *packets, uint32_t max)
{
    return synfin_stack_output(world->host[host].stack, iface, packets, max, world->now_ns);
}

static uint64_t count(const struct world *world, uint32_t host, enum synfin_reason reason)
{
    return synfin_stack_count(world->host[host].stack, reason);
}

// Two hosts on Ethernet that have finished duplicate address detection.
static void init_ethernet(struct world *world, uint64_t delay_ns)
{
    struct world_config config;
    world_config_default(&config);
    config.is_ethernet = true;
    config.link.delay_ns = delay_ns;
    world_init(world, &config);
    world_run(world, SETTLED_S * WORLD_S);
}

// Host 0 knows host 1 without asking, so that host 1 has never heard of host 0's link address.
static void introduce(struct world *world, uint32_t version)
{
    struct synfin_addr addr = world_addr(world, 1, version);
    assert_int_equal(net_add_neighbour(world->host[0].stack->net, world->host[0].iface, &addr,
                                       world->host[1].device->mac),
                     SYNFIN_ERROR_OK);
}

// A reset from host 1 to an address of its link.
static bool push_reset(struct world *world, uint32_t iface, const struct synfin_addr *to,
                       uint16_t port)
{
    struct tcp_stray stray = {
        .pair = {.local = world_addr(world, 1, 4),
                 .remote = *to,
                 .local_port = PORT,
                 .remote_port = port},
        .flags = SYNFIN_TCP_RST,
        .reason = SYNFIN_REASON_SEND_RST_NO_CONNECTION,
        .iface = iface,
        .hop_limit = 61,
        .traffic_class = 0xb8,
    };
    return tcp_stray_push(&world->host[1].stack->tcp, &stray);
}

// Question and answer for the next hop take one round trip, and the handshake goes on at once: the
// first retransmission would come after a second.
static void first_connection_of_a_new_neighbour_waits_for_one_question(void **state)
{
    (void)state;
    for (uint32_t version = 4; version <= 6; version += 2) {
        struct world world;
        init_ethernet(&world, WORLD_MS);
        introduce(&world, version);
        (void)world_listen(&world, version, PORT, 8);
        synfin_socket socket = world_connect(&world, version, PORT);
        assert_true(
            world_run_to_state(&world, 0, socket, SYNFIN_TCP_STATE_ESTABLISHED, 5 * WORLD_MS));
        assert_int_equal(count(&world, 0, SYNFIN_REASON_SEND_SYN), 1);
        assert_int_equal(count(&world, 1, SYNFIN_REASON_SEND_SYN_ACK), 1);
        world_deinit(&world);
    }
}

static void reset_to_a_new_neighbour_waits_for_one_question(void **state)
{
    (void)state;
    for (uint32_t version = 4; version <= 6; version += 2) {
        struct world world;
        init_ethernet(&world, WORLD_MS);
        introduce(&world, version);
        synfin_socket socket = world_connect(&world, version, PORT);
        assert_true(world_run_to_state(&world, 0, socket, SYNFIN_TCP_STATE_CLOSED, 5 * WORLD_MS));
        assert_int_equal(count(&world, 1, SYNFIN_REASON_SEND_RST_NO_CONNECTION), 1);
        assert_int_equal(count(&world, 1, SYNFIN_REASON_DROP_NEIGHBOUR_FAILED), 0);
        world_deinit(&world);
    }
}

// Each is lost when its own next hop is given up, and not sent.
static void strays_to_nobody_are_lost_with_their_next_hop(void **state)
{
    (void)state;
    struct world world;
    struct synfin_addr nobody[2] = {synfin_addr_ipv4(192, 0, 2, 77),
                                    synfin_addr_ipv4(192, 0, 2, 78)};
    init_ethernet(&world, WORLD_MS);
    const struct tcp_strays *strays = &world.host[1].stack->tcp.strays;
    for (uint16_t i = 0; i < 3; i++) {
        assert_true(push_reset(&world, 0, &nobody[0], i));
    }
    world_run(&world, 2 * WORLD_S);
    assert_true(push_reset(&world, 0, &nobody[1], 9));
    world_run(&world, 1500 * WORLD_MS);
    assert_int_equal(count(&world, 1, SYNFIN_REASON_DROP_NEIGHBOUR_FAILED), 3);
    assert_int_equal(strays->parked_count, 1);
    world_run(&world, 2 * WORLD_S);
    assert_int_equal(count(&world, 1, SYNFIN_REASON_DROP_NEIGHBOUR_FAILED), 4);
    assert_int_equal(strays->parked_count, 0);
    assert_int_equal(count(&world, 1, SYNFIN_REASON_SEND_RST_NO_CONNECTION), 0);
    assert_true(tcp_stray_check(&world.host[1].stack->tcp));
    world_deinit(&world);
}

// All of them fail at the same time, and none goes on to ask again.
static void next_hops_that_fail_together_lose_all_their_strays(void **state)
{
    (void)state;
    struct world world;
    init_ethernet(&world, WORLD_MS);
    for (uint8_t i = 100; i < 110; i++) {
        struct synfin_addr nobody = synfin_addr_ipv4(192, 0, 2, i);
        assert_true(push_reset(&world, 0, &nobody, i));
    }
    world_run(&world, 3500 * WORLD_MS);
    assert_int_equal(world.host[1].stack->tcp.strays.parked_count, 0);
    assert_int_equal(count(&world, 1, SYNFIN_REASON_DROP_NEIGHBOUR_FAILED), 10);
    world_deinit(&world);
}

// A round of a flood: answers to as many addresses of the link as there are, where nobody is.
static void flood_from_the_link(struct world *world, uint16_t round)
{
    for (uint8_t i = 100; i < 240; i++) {
        struct synfin_addr nobody = synfin_addr_ipv4(192, 0, 2, i);
        for (uint16_t j = 0; j < 8; j++) {
            (void)push_reset(world, 0, &nobody, (uint16_t)(round * 8 + j));
        }
    }
}

static void flood_from_nobody_does_not_grow_nor_hold_up_others(void **state)
{
    (void)state;
    struct world world;
    size_t bytes = 0;
    init_ethernet(&world, WORLD_MS);
    (void)world_listen(&world, 4, PORT, 64);
    struct world_host *host = &world.host[1];
    for (uint16_t round = 0; round < 100; round++) {
        flood_from_the_link(&world, round);
        synfin_socket socket = world_connect(&world, 4, PORT);
        flood_from_the_link(&world, round);
        assert_true(
            world_run_to_state(&world, 0, socket, SYNFIN_TCP_STATE_ESTABLISHED, 5 * WORLD_MS));
        synfin_socket_abort(world.host[0].stack, socket, world.now_ns);
        world_run(&world, 50 * WORLD_MS);
        assert_true(host->stack->tcp.strays.parked_count <= host->stack->config.answers_max / 4);
        if (round == 10) {
            bytes = host->memory.bytes;
        }
    }
    assert_int_equal(host->memory.bytes, bytes);
    assert_int_equal(count(&world, 0, SYNFIN_REASON_SEND_TIMEOUT), 0);
    assert_true(count(&world, 1, SYNFIN_REASON_DROP_NEIGHBOUR_FAILED) > 10000);
    assert_true(tcp_stray_check(&host->stack->tcp));
    world_run(&world, 10 * WORLD_S);
    assert_int_equal(host->stack->tcp.strays.parked_count, 0);
    world_deinit(&world);
}

static void stray_leaves_by_the_interface_of_its_route(void **state)
{
    (void)state;
    struct world world;
    struct synfin_iface_config iface;
    struct synfin_packet packets[4];
    uint32_t other;
    world_init_default(&world);
    synfin_iface_config_default(&iface);
    iface.is_ethernet = false;
    assert_int_equal(synfin_stack_add_iface(world.host[1].stack, &iface, &other), SYNFIN_ERROR_OK);
    world_run(&world, SETTLED_S * WORLD_S);
    struct synfin_addr peer = world_addr(&world, 0, 4);
    assert_true(push_reset(&world, other, &peer, 7));
    assert_true(synfin_stack_has_output(world.host[1].stack, other));
    assert_int_equal(pull(&world, 1, other, packets, 4), 0);
    assert_false(synfin_stack_has_output(world.host[1].stack, other));
    assert_true(synfin_stack_has_output(world.host[1].stack, 0));
    assert_int_equal(pull(&world, 1, 0, packets, 4), 1);
    assert_int_equal(packets[0].head[1], 0xb8); // type of service
    assert_int_equal(packets[0].head[8], 61);   // time to live
    world_deinit(&world);
}

static void stray_without_a_route_is_lost(void **state)
{
    (void)state;
    struct world world;
    struct synfin_packet packets[4];
    struct synfin_addr far = synfin_addr_ipv4(198, 51, 100, 1);
    world_init_default(&world);
    assert_true(push_reset(&world, 0, &far, 7));
    world_run(&world, SETTLED_S * WORLD_S);
    assert_int_equal(pull(&world, 1, 0, packets, 4), 0);
    assert_int_equal(count(&world, 1, SYNFIN_REASON_DROP_NEIGHBOUR_FAILED), 1);
    world_deinit(&world);
}

// Host 1 has a connection with 40 segments to send, and 200 strays.
static void init_busy(struct world *world)
{
    struct world_config config;
    synfin_socket pair[2];
    size_t sent;
    world_config_default(&config);
    config.stack[1].initial_window_segments = 40;
    world_init(world, &config);
    world_run(world, SETTLED_S * WORLD_S);
    synfin_socket listener = world_listen(world, 4, PORT, 8);
    world_open_pair(world, 4, PORT, listener, pair);
    world_run(world, WORLD_S);
    assert_int_equal(
        synfin_socket_send(world->host[1].stack, pair[1], octets, OCTETS, &sent, world->now_ns),
        SYNFIN_ERROR_OK);
    struct synfin_addr peer = world_addr(world, 0, 4);
    for (uint16_t i = 0; i < 200; i++) {
        assert_true(push_reset(world, 0, &peer, i));
    }
}

// Half of every array; of arrays of one packet, every second.
static void strays_and_connections_share_the_array(void **state)
{
    (void)state;
    for (uint32_t max = 1; max <= 8; max++) {
        struct world world;
        struct synfin_packet packets[8];
        uint32_t strays = 0, pulled = 0;
        init_busy(&world);
        while (pulled < 64) {
            uint32_t n = pull(&world, 1, 0, packets, max);
            assert_int_equal(n, max);
            for (uint32_t i = 0; i < n; i++) {
                strays += packets[i].conn == 0;
            }
            pulled += n;
            assert_in_range(strays, pulled / 2, (pulled + 1) / 2);
        }
        world_deinit(&world);
    }
}

// What the one leaves over is the other's.
static void array_is_filled_when_only_one_kind_waits(void **state)
{
    (void)state;
    struct world world;
    struct synfin_packet packets[64];
    init_busy(&world);
    assert_int_equal(pull(&world, 1, 0, packets, 64), 64);
    assert_int_equal(pull(&world, 1, 0, packets, 64), 64);
    uint32_t strays = 0;
    for (uint32_t i = 0; i < 64; i++) {
        strays += packets[i].conn == 0;
    }
    assert_int_equal(strays, 64 - (40 - 32));
    assert_int_equal(pull(&world, 1, 0, packets, 64), 64);
    world_deinit(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_connection_of_a_new_neighbour_waits_for_one_question),
        cmocka_unit_test(reset_to_a_new_neighbour_waits_for_one_question),
        cmocka_unit_test(strays_to_nobody_are_lost_with_their_next_hop),
        cmocka_unit_test(next_hops_that_fail_together_lose_all_their_strays),
        cmocka_unit_test(flood_from_nobody_does_not_grow_nor_hold_up_others),
        cmocka_unit_test(stray_leaves_by_the_interface_of_its_route),
        cmocka_unit_test(stray_without_a_route_is_lost),
        cmocka_unit_test(strays_and_connections_share_the_array),
        cmocka_unit_test(array_is_filled_when_only_one_kind_waits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
