// SPDX-License-Identifier: MIT
//
// Every packet that comes in ends in exactly one verdict: a segment received or dropped, a packet
// dropped, or something handled below TCP. Random segments, ICMP errors and octets, whole and
// spoilt, at a stack with a listener and a connection; after each the verdicts are counted.
#include <string.h>

#include "lib/segment_wire.h"
#include "lib/test_cmocka.h"
#include "lib/test_random.h"
#include "lib/world.h"

enum { PORT = 80, PACKETS = 60000, NEAR = 4000 };

struct peer {
    struct world world;
    uint32_t version;
    struct synfin_endpoint ours, theirs; // of the open connection
    struct synfin_tcp_info info;         // of it, as it stands
    uint64_t random;
    uint8_t octets[SEGMENT_WIRE_MAX];
};

// Verdicts that the trace told, of host 1.
static uint32_t verdicts;

static void on_trace(void *ctx, const struct synfin_trace_event *event)
{
    (void)ctx;
    verdicts += event->kind == SYNFIN_TRACE_SEGMENT_RECEIVED
                || event->kind == SYNFIN_TRACE_SEGMENT_DROPPED
                || event->kind == SYNFIN_TRACE_PACKET_DROPPED;
}

// Verdicts that only a counter tells.
static uint64_t count_silent(const struct peer *p)
{
    static const enum synfin_reason silent[] = {
        SYNFIN_REASON_NET_CONSUMED,
        SYNFIN_REASON_ICMP_TOO_BIG,
        SYNFIN_REASON_ICMP_HEARD,
    };
    uint64_t count = 0;
    for (size_t i = 0; i < sizeof silent / sizeof silent[0]; i++) {
        count += synfin_stack_count(p->world.host[1].stack, silent[i]);
    }
    return count;
}

static uint32_t below(struct peer *p, uint32_t bound)
{
    return test_random_below(&p->random, bound);
}

static uint32_t near(struct peer *p, uint32_t number)
{
    return below(p, 8) == 0 ? (uint32_t)test_random(&p->random)
                            : number + below(p, NEAR) - NEAR / 2 * below(p, 2);
}

static struct segment_wire make_segment(struct peer *p)
{
    static const uint8_t payload[1400];
    struct segment_wire segment = {
        .src = p->theirs.addr,
        .dst = p->ours.addr,
        .src_port = (uint16_t)(p->theirs.port + below(p, 3)),
        .dst_port = (uint16_t)(p->ours.port + (below(p, 8) == 0)),
        .seq = near(p, p->info.rcv_nxt),
        .ack = near(p, p->info.snd_nxt),
        .flags = (uint16_t)below(p, 64),
        .window = (uint16_t)test_random(&p->random),
        .wscale = -1,
        .has_bad_checksum = below(p, 16) == 0,
        .payload = payload,
        .payload_bytes = below(p, 2) * below(p, 1400),
    };
    if (below(p, 2) != 0) {
        segment.flags = SYNFIN_TCP_ACK;
    }
    return segment;
}

// What our segment may have met on its way.
static uint32_t make_icmp(struct peer *p)
{
    struct segment_wire sent = {
        .src = p->ours.addr,
        .dst = p->theirs.addr,
        .src_port = p->ours.port,
        .dst_port = (uint16_t)(p->theirs.port + (below(p, 4) == 0)),
        .seq = near(p, p->info.snd_una),
        .flags = SYNFIN_TCP_ACK,
        .wscale = -1,
    };
    uint8_t type_code[2] = {(uint8_t)(1 + below(p, p->version == 4 ? 12 : 4)),
                            (uint8_t)below(p, 16)};
    return segment_wire_build_icmp(&p->theirs.addr, &sent, type_code, below(p, 1600), p->octets);
}

static uint32_t make_packet(struct peer *p)
{
    struct segment_wire segment = make_segment(p);
    uint32_t bytes = below(p, 5) == 0 ? make_icmp(p) : segment_wire_build(&segment, p->octets);
    if (below(p, 8) == 0) {
        p->octets[below(p, bytes)] ^= (uint8_t)(1u << below(p, 8));
    }
    return below(p, 16) == 0 ? below(p, bytes + 1) : bytes;
}

static void drain(struct peer *p)
{
    struct synfin_packet packets[16];
    struct world_host *host = &p->world.host[1];
    while (synfin_stack_output(host->stack, host->iface, packets, 16, p->world.now_ns) > 0) {
    }
}

static void begin(struct peer *p, uint32_t version)
{
    struct world_config config;
    synfin_socket pair[2];
    memset(p, 0, sizeof *p);
    world_config_default(&config);
    config.trace = on_trace;
    world_init(&p->world, &config);
    synfin_socket listener = world_listen(&p->world, version, PORT, 8);
    world_open_pair(&p->world, version, PORT, listener, pair);
    p->version = version;
    p->random = version;
    p->info.size = sizeof p->info;
    assert_int_equal(synfin_socket_endpoints(p->world.host[1].stack, pair[1], &p->ours, &p->theirs),
                     SYNFIN_ERROR_OK);
    size_t sent = 0;
    assert_int_equal(
        synfin_socket_send(p->world.host[1].stack, pair[1], "in flight", 9, &sent, p->world.now_ns),
        SYNFIN_ERROR_OK);
    drain(p);
    assert_int_equal(synfin_socket_info(p->world.host[1].stack, pair[1], &p->info, p->world.now_ns),
                     SYNFIN_ERROR_OK);
}

static void packet_ends_in_one_verdict(void **state)
{
    static struct peer peer;
    struct peer *p = &peer;
    (void)state;
    for (uint32_t version = 4; version <= 6; version += 2) {
        begin(p, version);
        for (uint32_t i = 0; i < PACKETS; i++) {
            struct synfin_packet packet = {.head = p->octets};
            packet.head_bytes = packet.bytes = make_packet(p);
            uint64_t silent = count_silent(p);
            verdicts = 0;
            synfin_stack_input(p->world.host[1].stack, p->world.host[1].iface, &packet, 1,
                               p->world.now_ns);
            assert_int_equal(verdicts + count_silent(p) - silent, 1);
            drain(p);
            p->world.now_ns += WORLD_MS / 10;
        }
        world_deinit(&p->world);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packet_ends_in_one_verdict),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
