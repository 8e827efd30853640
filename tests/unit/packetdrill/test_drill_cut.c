// SPDX-License-Identifier: MIT
//
// Bursts that are cut: of the stack's for a device without offloads, and of a script's into the
// segments that it says they stand for.
#include <stdbool.h>
#include <string.h>

#include <netinet/tcp.h>

#include "drill_pair.h"
#include "lib/test_cmocka.h"
#include "packetdrill/drill_tcp_info.h"

enum { HEADER_BYTES = 20 + 20 + 12, PACKET_BYTES = 65536 }; // IPv4, TCP, timestamps
enum {
    TEXT_BYTES = 3000,
    SEGMENT_TEXT_BYTES = 1448,
    BURST_BYTES = 2 * SEGMENT_TEXT_BYTES,
    FLAGS_AT = 20 + 13,
    PSH = 8
};

// Takes a segment of the client's and says whether it is pushed; the server verifies its checksums.
static bool pass_segment(struct drill_pair *pair, size_t bytes)
{
    uint8_t packet[PACKET_BYTES];
    size_t taken = sizeof packet;
    long long sent_us;
    struct packetdrill_interface *client = &pair->client;
    assert_int_equal(client->netdev_receive(client->userdata, packet, &taken, &sent_us), 0);
    assert_int_equal(taken, HEADER_BYTES + bytes);
    assert_int_equal(pair->server.netdev_send(pair->server.userdata, packet, taken), 0);
    return (packet[FLAGS_AT] & PSH) != 0;
}

static void fill_text(uint8_t text[TEXT_BYTES])
{
    for (size_t at = 0; at < TEXT_BYTES; at++) {
        text[at] = (uint8_t)(at * 7);
    }
}

static void burst_is_cut_for_a_device_without_offloads(void **state)
{
    (void)state;
    struct drill_pair pair;
    uint8_t text[TEXT_BYTES];
    uint8_t got[TEXT_BYTES] = {0};
    drill_pair_init(&pair, "profile=linux,gso=off");
    struct drill_ends ends = drill_pair_connect(&pair);
    fill_text(text);
    assert_int_equal(pair.client.write(pair.client.userdata, ends.client, text, TEXT_BYTES),
                     TEXT_BYTES);
    assert_false(pass_segment(&pair, SEGMENT_TEXT_BYTES));
    assert_true(pass_segment(&pair, SEGMENT_TEXT_BYTES)); // the end of the first burst
    assert_true(pass_segment(&pair, TEXT_BYTES - 2 * SEGMENT_TEXT_BYTES));
    assert_int_equal(pair.server.read(pair.server.userdata, ends.server, got, TEXT_BYTES),
                     TEXT_BYTES);
    assert_memory_equal(got, text, TEXT_BYTES);
    drill_pair_deinit(&pair);
}

static struct drill_tcp_info info_of_server(struct drill_pair *pair, int fd)
{
    struct drill_tcp_info info;
    socklen_t bytes = sizeof info;
    assert_int_equal(
        pair->server.getsockopt(pair->server.userdata, fd, IPPROTO_TCP, TCP_INFO, &info, &bytes),
        0);
    assert_int_equal(bytes, sizeof info);
    return info;
}

// Two segments leave the client in one packet; the server gets three, and answers once.
static void large_packet_arrives_as_the_segments_it_stands_for(void **state)
{
    (void)state;
    struct drill_pair pair;
    uint8_t text[TEXT_BYTES];
    uint8_t got[BURST_BYTES] = {0};
    drill_pair_init(&pair, "mss=1400");
    struct drill_ends ends = drill_pair_connect(&pair);
    uint32_t before = info_of_server(&pair, ends.server).data_segs_in;
    fill_text(text);
    assert_int_equal(pair.client.write(pair.client.userdata, ends.client, text, BURST_BYTES),
                     BURST_BYTES);
    assert_int_equal(drill_pair_pass(&pair.client, &pair.server), HEADER_BYTES + BURST_BYTES);
    struct drill_tcp_info info = info_of_server(&pair, ends.server);
    assert_int_equal(info.data_segs_in - before, 3);
    assert_int_equal(info.rcv_mss, 1400);
    assert_int_equal(pair.server.read(pair.server.userdata, ends.server, got, BURST_BYTES),
                     BURST_BYTES);
    assert_memory_equal(got, text, BURST_BYTES);
    assert_int_equal(drill_pair_pass(&pair.server, &pair.client), HEADER_BYTES);
    drill_pair_deinit(&pair);
}

// What is no whole segment with text goes in as it came, and is the stack's to judge.
static void packet_that_stands_for_nothing_is_not_cut(void **state)
{
    (void)state;
    struct drill_pair pair;
    uint8_t packet[PACKET_BYTES] = {0};
    uint8_t text[TEXT_BYTES] = {0};
    size_t bytes = sizeof packet;
    long long sent_us;
    drill_pair_init(&pair, "mss=1");
    struct drill_ends ends = drill_pair_connect(&pair);
    struct packetdrill_interface *client = &pair.client;
    struct packetdrill_interface *server = &pair.server;
    assert_int_equal(client->write(client->userdata, ends.client, text, BURST_BYTES), BURST_BYTES);
    assert_int_equal(client->netdev_receive(client->userdata, packet, &bytes, &sent_us), 0);
    for (size_t cut = 1; cut < bytes; cut += cut < 2 * HEADER_BYTES ? 1 : 97) {
        uint8_t part[PACKET_BYTES];
        memcpy(part, packet, cut);
        assert_int_equal(server->netdev_send(server->userdata, part, cut), 0);
        part[0] = (uint8_t)(0x60 | (part[0] & 15)); // as if of IPv6
        assert_int_equal(server->netdev_send(server->userdata, part, cut), 0);
    }
    assert_int_equal(info_of_server(&pair, ends.server).data_segs_in, 0);
    assert_int_equal(server->netdev_send(server->userdata, packet, bytes), 0);
    assert_int_equal(info_of_server(&pair, ends.server).data_segs_in, BURST_BYTES);
    drill_pair_deinit(&pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(burst_is_cut_for_a_device_without_offloads),
        cmocka_unit_test(large_packet_arrives_as_the_segments_it_stands_for),
        cmocka_unit_test(packet_that_stands_for_nothing_is_not_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
