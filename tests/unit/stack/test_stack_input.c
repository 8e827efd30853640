// SPDX-License-Identifier: MIT
//
// What comes in by other ways than as a segment in one piece: fragments, what routers say about
// our segments, echo requests, and packets that are damaged.
#include <string.h>

#include <synfin/socket.h>
#include <synfin/stack.h>

#include "lib/test_cmocka.h"
#include "lib/world.h"

enum { PORT = 80, PACKET_MAX = 2048, IP4_HEADER = 20, ICMP_HEADER = 8, QUOTED = 28 };

// A packet in one piece.
struct octets {
    uint8_t octet[PACKET_MAX];
    uint32_t bytes;
};

static void put16(uint8_t *p, uint32_t value)
{
    p[0] = (uint8_t)(value >> 8);
    p[1] = (uint8_t)value;
}

// RFC 1071, word by word: on purpose not the library's.
static uint16_t sum_of(const uint8_t *p, uint32_t bytes)
{
    uint32_t sum = 0;
    for (uint32_t i = 0; i < bytes; i++) {
        sum += i % 2 == 0 ? (uint32_t)p[i] << 8 : p[i];
    }
    while (sum >> 16 != 0) {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return (uint16_t)~sum;
}

static void fix_ip4(uint8_t *p)
{
    put16(p + 10, 0);
    put16(p + 10, sum_of(p, IP4_HEADER));
}

// The next packet that the host sends, whatever it is.
static bool take(struct world *world, uint32_t host, struct octets *out)
{
    struct synfin_packet packet;
    if (synfin_stack_output(world->host[host].stack, 0, &packet, 1, world->now_ns) == 0) {
        return false;
    }
    out->bytes = synfin_packet_copy(&packet, out->octet, sizeof out->octet);
    assert_int_equal(out->bytes, packet.bytes);
    return true;
}

static void give(struct world *world, uint32_t host, struct octets *octets)
{
    struct synfin_packet packet;
    synfin_packet_wrap(&packet, octets->octet, octets->bytes);
    synfin_stack_input(world->host[host].stack, 0, &packet, 1, world->now_ns);
}

// An IPv4 header between two hosts; `bytes` is the whole packet's length.
static void put_ip4(struct octets *out, uint8_t from, uint8_t to, uint8_t protocol, uint32_t bytes)
{
    memset(out, 0, sizeof *out);
    out->bytes = bytes;
    out->octet[0] = 0x45;
    put16(out->octet + 2, bytes);
    out->octet[8] = 64;
    out->octet[9] = protocol;
    memcpy(out->octet + 12, (uint8_t[]){192, 0, 2, from, 192, 0, 2, to}, 8);
    fix_ip4(out->octet);
}

// An ICMP error about `quoted`, a packet of host 0.
static void put_icmp_error(struct octets *out, uint8_t code, uint32_t mtu,
                           const struct octets *quoted)
{
    put_ip4(out, 254, 1, 1, IP4_HEADER + ICMP_HEADER + QUOTED);
    uint8_t *icmp = out->octet + IP4_HEADER;
    icmp[0] = 3; // destination unreachable
    icmp[1] = code;
    put16(icmp + 6, mtu);
    memcpy(icmp + ICMP_HEADER, quoted->octet, QUOTED);
    put16(icmp + 2, sum_of(icmp, ICMP_HEADER + QUOTED));
}

static void open_world(struct world *world, synfin_socket pair[2])
{
    struct world_config config;
    world_config_default(&config);
    world_init(world, &config);
    if (pair != NULL) {
        world_open_pair(world, 4, PORT, world_listen(world, 4, PORT, 0), pair);
        world_run(world, WORLD_S);
    }
}

static void send_octets(struct world *world, synfin_socket socket, uint32_t bytes)
{
    static const uint8_t octets[PACKET_MAX] = {1, 2, 3};
    size_t sent;
    assert_int_equal(
        synfin_socket_send(world->host[0].stack, socket, octets, bytes, &sent, world->now_ns),
        SYNFIN_ERROR_OK);
    assert_int_equal(sent, bytes);
}

static void segment_in_fragments_is_received_whole(void **state)
{
    (void)state;
    struct world world;
    struct octets whole, part;
    synfin_socket pair[2];
    uint8_t text[1024];
    size_t n;
    open_world(&world, pair);
    send_octets(&world, pair[0], 1000);
    assert_true(take(&world, 0, &whole));
    assert_true(whole.bytes > 1000);
    for (uint32_t at = 0, last = 0; last == 0; at += 400) {
        uint32_t left = whole.bytes - IP4_HEADER - at;
        uint32_t bytes = left > 400 ? 400 : left;
        last = bytes == left;
        memcpy(part.octet, whole.octet, IP4_HEADER);
        memcpy(part.octet + IP4_HEADER, whole.octet + IP4_HEADER + at, bytes);
        part.bytes = IP4_HEADER + bytes;
        put16(part.octet + 2, part.bytes);
        put16(part.octet + 4, 4711);
        put16(part.octet + 6, (last == 0 ? 0x2000 : 0) | at / 8);
        fix_ip4(part.octet);
        give(&world, 1, &part);
    }
    assert_int_equal(
        synfin_socket_recv(world.host[1].stack, pair[1], text, sizeof text, &n, world.now_ns),
        SYNFIN_ERROR_OK);
    assert_int_equal(n, 1000);
    world_deinit(&world);
}

static void damaged_segment_is_dropped_and_counted(void **state)
{
    (void)state;
    struct world world;
    struct octets octets;
    synfin_socket pair[2];
    uint8_t text[8];
    size_t n;
    open_world(&world, pair);
    send_octets(&world, pair[0], 100);
    assert_true(take(&world, 0, &octets));
    octets.octet[octets.bytes - 1] ^= 1;
    give(&world, 1, &octets);
    assert_int_equal(
        synfin_socket_recv(world.host[1].stack, pair[1], text, sizeof text, &n, world.now_ns),
        SYNFIN_ERROR_AGAIN);
    assert_int_equal(synfin_stack_count(world.host[1].stack, SYNFIN_REASON_DROP_TCP_CHECKSUM), 1);
    octets.octet[8]--; // the time to live, which the header's checksum covers
    give(&world, 1, &octets);
    assert_int_equal(synfin_stack_count(world.host[1].stack, SYNFIN_REASON_DROP_IP_CHECKSUM), 1);
    world_deinit(&world);
}

static void echo_request_is_answered(void **state)
{
    (void)state;
    struct world world;
    struct octets octets, answer;
    open_world(&world, NULL);
    put_ip4(&octets, 2, 1, 1, IP4_HEADER + ICMP_HEADER + 4);
    memcpy(octets.octet + IP4_HEADER, "\x08\x00\x00\x00\x12\x34\x00\x01ping", 12);
    put16(octets.octet + IP4_HEADER + 2, sum_of(octets.octet + IP4_HEADER, 12));
    give(&world, 0, &octets);
    assert_true(synfin_stack_has_output(world.host[0].stack, 0));
    assert_true(take(&world, 0, &answer));
    assert_int_equal(answer.bytes, octets.bytes);
    assert_int_equal(answer.octet[IP4_HEADER], 0);
    assert_memory_equal(answer.octet + IP4_HEADER + 4, octets.octet + IP4_HEADER + 4, 8);
    assert_memory_equal(answer.octet + 12, octets.octet + 16, 4);
    world_deinit(&world);
}

static bool has_ended(struct world *world, synfin_socket socket, struct synfin_event *event)
{
    while (synfin_stack_next_event(world->host[0].stack, event)) {
        if (event->socket == socket && event->kind == SYNFIN_EVENT_CLOSED) {
            return true;
        }
    }
    return false;
}

static void port_unreachable_ends_what_is_being_opened(void **state)
{
    (void)state;
    struct world world;
    struct octets syn, error;
    struct synfin_event event;
    open_world(&world, NULL);
    synfin_socket socket = world_connect(&world, 4, PORT);
    assert_true(take(&world, 0, &syn));
    put_icmp_error(&error, 3, 0, &syn);
    give(&world, 0, &error);
    assert_true(has_ended(&world, socket, &event));
    assert_int_equal(event.error, SYNFIN_ERROR_PORT_UNREACHABLE);
    world_deinit(&world);
}

static void host_unreachable_does_not_end_what_is_being_opened(void **state)
{
    (void)state;
    struct world world;
    struct octets syn, error;
    struct synfin_event event;
    open_world(&world, NULL);
    synfin_socket socket = world_connect(&world, 4, PORT);
    assert_true(take(&world, 0, &syn));
    put_icmp_error(&error, 1, 0, &syn);
    give(&world, 0, &error);
    assert_false(has_ended(&world, socket, &event));
    assert_int_equal(world_state(&world, 0, socket), SYNFIN_TCP_STATE_SYN_SENT);
    world_deinit(&world);
}

static uint32_t pmtu_of(struct world *world, synfin_socket socket)
{
    struct synfin_tcp_info info = {.size = sizeof info};
    assert_int_equal(synfin_socket_info(world->host[0].stack, socket, &info, world->now_ns),
                     SYNFIN_ERROR_OK);
    return info.pmtu_bytes;
}

static void too_big_shrinks_only_what_it_proves_to_have_seen(void **state)
{
    (void)state;
    struct world world;
    struct octets data, error;
    synfin_socket pair[2];
    open_world(&world, pair);
    assert_int_equal(pmtu_of(&world, pair[0]), 1500);
    send_octets(&world, pair[0], 1448);
    assert_true(take(&world, 0, &data));
    struct octets forged = data;
    put16(forged.octet + IP4_HEADER + 4, 0x1234); // a sequence number that is not in flight
    put_icmp_error(&error, 4, 1300, &forged);
    give(&world, 0, &error);
    assert_int_equal(pmtu_of(&world, pair[0]), 1500);
    assert_int_equal(synfin_stack_count(world.host[0].stack, SYNFIN_REASON_DROP_ICMP_SEQUENCE), 1);
    put_icmp_error(&error, 4, 1300, &data);
    give(&world, 0, &error);
    assert_int_equal(pmtu_of(&world, pair[0]), 1300);
    assert_true(take(&world, 0, &data));
    assert_int_equal(data.bytes, 1300);
    world_deinit(&world);
}

// The way changed while nothing was in flight: no router will say what we know ourselves.
static void route_that_carries_less_shrinks_a_connection_at_rest(void **state)
{
    (void)state;
    struct world world;
    struct octets data;
    synfin_socket pair[2];
    struct synfin_endpoint remote;
    struct synfin_iface_config config;
    uint32_t iface;
    open_world(&world, pair);
    synfin_stack *stack = world.host[0].stack;
    synfin_iface_config_default(&config);
    config.mtu_bytes = 1000;
    assert_int_equal(synfin_stack_add_iface(stack, &config, &iface), SYNFIN_ERROR_OK);
    struct synfin_prefix ours = {.bits = 24};
    assert_int_equal(synfin_addr_parse("198.51.100.1", &ours.addr), SYNFIN_ERROR_OK);
    assert_int_equal(synfin_stack_add_addr(stack, iface, &ours), SYNFIN_ERROR_OK);
    assert_int_equal(synfin_socket_endpoints(stack, pair[0], NULL, &remote), SYNFIN_ERROR_OK);
    struct synfin_prefix peer = {.addr = remote.addr, .bits = 32};
    struct synfin_addr on_link = {.octet = {0}};
    assert_int_equal(synfin_stack_add_route(stack, iface, &peer, &on_link), SYNFIN_ERROR_OK);
    send_octets(&world, pair[0], 1448);
    assert_false(take(&world, 0, &data)); // the other interface has it
    assert_int_equal(pmtu_of(&world, pair[0]), 1000);
    struct synfin_packet packet;
    assert_int_equal(synfin_stack_output(stack, iface, &packet, 1, world.now_ns), 1);
    assert_int_equal(packet.bytes, 1000);
    world_deinit(&world);
}

static void pieces_of_a_packet_are_read_as_one(void **state)
{
    (void)state;
    struct world world;
    struct octets whole;
    struct synfin_packet packet;
    synfin_socket pair[2];
    uint8_t text[1024];
    size_t n;
    open_world(&world, pair);
    send_octets(&world, pair[0], 1000);
    assert_true(take(&world, 0, &whole));
    uint32_t header = whole.bytes - 1000;
    synfin_packet_wrap(&packet, whole.octet, whole.bytes);
    packet.head_bytes = header + 1;
    packet.spans = 2;
    packet.span[0] = (struct synfin_span){whole.octet + header + 1, 333};
    packet.span[1] = (struct synfin_span){whole.octet + header + 334, 666};
    synfin_stack_input(world.host[1].stack, 0, &packet, 1, world.now_ns);
    assert_int_equal(
        synfin_socket_recv(world.host[1].stack, pair[1], text, sizeof text, &n, world.now_ns),
        SYNFIN_ERROR_OK);
    assert_int_equal(n, 1000);
    assert_memory_equal(text, whole.octet + header, 1000);
    world_deinit(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(segment_in_fragments_is_received_whole),
        cmocka_unit_test(damaged_segment_is_dropped_and_counted),
        cmocka_unit_test(echo_request_is_answered),
        cmocka_unit_test(port_unreachable_ends_what_is_being_opened),
        cmocka_unit_test(host_unreachable_does_not_end_what_is_being_opened),
        cmocka_unit_test(too_big_shrinks_only_what_it_proves_to_have_seen),
        cmocka_unit_test(route_that_carries_less_shrinks_a_connection_at_rest),
        cmocka_unit_test(pieces_of_a_packet_are_read_as_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
