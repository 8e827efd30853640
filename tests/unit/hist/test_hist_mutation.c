// SPDX-License-Identifier: MIT
//
// docs/history.md, row 16: mutated packets to a port where nobody listens. A second decoder,
// written here from the RFCs alone, says whether a packet is a whole and correct segment; the stack
// answers exactly these, each by one reset.
#include <stdlib.h>
#include <string.h>

#include "lib/segment_wire.h"
#include "lib/test_cmocka.h"
#include "lib/test_random.h"
#include "lib/test_rows.h"
#include "lib/world.h"

enum { PACKET_MAX = 160, TCP = 6, SEEDS = 6 };

enum opinion { SILENCE, ANSWER, NO_OPINION };

static uint32_t word(const uint8_t *p)
{
    return (uint32_t)p[0] * 256 + p[1];
}

// RFC 1071; 0xffff over data with a right checksum.
static uint32_t ones_sum(uint32_t so_far, const uint8_t *p, uint32_t bytes)
{
    for (uint32_t i = 0; i < bytes; i += 2) {
        so_far += (uint32_t)p[i] * 256 + (i + 1 < bytes ? p[i + 1] : 0);
        so_far = so_far % 65536 + so_far / 65536;
    }
    return so_far;
}

static bool are_options_whole(const uint8_t *p, uint32_t bytes)
{
    while (bytes > 0 && p[0] != 0) {
        uint32_t length = 1;
        if (p[0] != 1) {
            if (bytes == 1 || p[1] < 2 || p[1] > bytes) {
                return false;
            }
            length = p[1];
        }
        p += length;
        bytes -= length;
    }
    return true;
}

// `addresses` are those of the pseudo-header, `address_bytes` both together.
static enum opinion judge_tcp(const uint8_t *p, uint32_t bytes, const uint8_t *addresses,
                              uint32_t address_bytes)
{
    if (bytes < 20) {
        return SILENCE;
    }
    uint32_t header = p[12] / 16 * 4u;
    uint32_t sum = ones_sum(TCP + bytes, addresses, address_bytes);
    if (header < 20 || header > bytes || ones_sum(sum, p, bytes) != 0xffff
        || !are_options_whole(p + 20, header - 20)) {
        return SILENCE;
    }
    bool has_ports = word(p) != 0 && word(p + 2) != 0;
    bool is_reset = (p[13] & SYNFIN_TCP_RST) != 0;
    return has_ports && !is_reset ? ANSWER : SILENCE;
}

static enum opinion judge_v4(const uint8_t *p, uint32_t bytes, const uint8_t *original)
{
    uint32_t header = (p[0] & 15) * 4u;
    if (bytes < 20 || header < 20 || word(p + 2) < header || word(p + 2) > bytes || header > bytes
        || ones_sum(0, p, header) != 0xffff) {
        return SILENCE;
    }
    if (memcmp(p + 12, original + 12, 8) != 0 || p[9] != TCP || header > 20 || p[6] >= 128) {
        return NO_OPINION; // another host or protocol, options, the reserved bit
    }
    if ((word(p + 6) & 0x3fff) != 0) {
        return SILENCE; // a fragment waits for the others
    }
    return judge_tcp(p + header, word(p + 2) - header, p + 12, 8);
}

static enum opinion judge_v6(const uint8_t *p, uint32_t bytes, const uint8_t *original)
{
    if (bytes < 40 || 40 + word(p + 4) > bytes) {
        return SILENCE;
    }
    if (memcmp(p + 8, original + 8, 32) != 0 || p[6] != TCP) {
        return NO_OPINION;
    }
    return judge_tcp(p + 40, word(p + 4), p + 8, 32);
}

static enum opinion judge(const uint8_t *p, uint32_t bytes, const uint8_t *original)
{
    if (bytes == 0) {
        return SILENCE;
    }
    if (p[0] / 16 != original[0] / 16) {
        return NO_OPINION;
    }
    return p[0] / 16 == 4 ? judge_v4(p, bytes, original) : judge_v6(p, bytes, original);
}

static uint32_t build(struct world *world, uint32_t kind, uint64_t *seed, uint8_t *packet)
{
    static const uint8_t octets[30];
    uint32_t version = kind % 2 == 0 ? 4 : 6;
    struct segment_wire segment = {
        .src = world_addr(world, 0, version),
        .dst = world_addr(world, 1, version),
        .src_port = (uint16_t)(1 + test_random_below(seed, 65535)),
        .dst_port = 80,
        .seq = (uint32_t)test_random(seed),
        .ack = (uint32_t)test_random(seed),
        .flags = (uint16_t)(kind / 2 == 0 ? SYNFIN_TCP_SYN : SYNFIN_TCP_ACK),
        .mss = kind / 2 == 0 ? 1460 : 0,
        .wscale = kind / 2 == 0 ? 7 : -1,
        .sack_permitted = kind / 2 == 0,
        .has_timestamps = kind / 2 != 1,
        .payload = octets,
        .payload_bytes = kind / 2 == 0 ? 0 : test_random_below(seed, sizeof octets),
    };
    return segment_wire_build(&segment, packet);
}

static void fix(uint8_t *p, uint32_t bytes)
{
    bool is_v4 = p[0] / 16 == 4;
    uint32_t header = is_v4 ? (p[0] & 15) * 4u : 40;
    uint32_t end = is_v4 ? word(p + 2) : 40 + word(p + 4);
    if (is_v4 && header >= 20 && header <= bytes) {
        p[10] = p[11] = 0;
        uint32_t sum = ~ones_sum(0, p, header);
        p[10] = (uint8_t)(sum >> 8);
        p[11] = (uint8_t)sum;
    }
    if (end <= bytes && end >= header + 20) {
        uint8_t *at = p + header + 16;
        at[0] = at[1] = 0;
        uint32_t sum = ones_sum(TCP + end - header, p + (is_v4 ? 12 : 8), is_v4 ? 8 : 32);
        sum = ~ones_sum(sum, p + header, end - header);
        at[0] = (uint8_t)(sum >> 8);
        at[1] = (uint8_t)sum;
    }
}

// One to three changes; in half of the packets the checksums are set right again afterwards, so
// that what lies behind them is reached as well.
static uint32_t mutate(uint8_t *p, uint32_t bytes, uint64_t *seed)
{
    static const uint8_t edges[] = {0, 1, 2, 4, 0x7f, 0x80, 0xf0, 0xff};
    for (uint32_t n = 1 + test_random_below(seed, 3); n > 0; n--) {
        uint32_t at = test_random_below(seed, bytes);
        switch (test_random_below(seed, 4)) {
        case 0: p[at] ^= (uint8_t)(1u << test_random_below(seed, 8)); break;
        case 1: p[at] = edges[test_random_below(seed, sizeof edges)]; break;
        case 2: p[at] = (uint8_t)test_random(seed); break;
        default:
            if (test_random_below(seed, 4) == 0 && bytes > 40) {
                bytes -= test_random_below(seed, 24);
            }
            break;
        }
    }
    if (bytes >= 20 && test_random_below(seed, 2) == 0) {
        fix(p, bytes);
    }
    return bytes;
}

static uint32_t give(struct world *world, const uint8_t *packet, uint32_t bytes)
{
    struct synfin_packet wrapped;
    struct synfin_packet out[4];
    struct world_host *host = &world->host[1];
    uint8_t *copy = malloc(bytes); // exactly as long as the packet, for the sanitizers
    assert_non_null(copy);
    memcpy(copy, packet, bytes);
    synfin_packet_wrap(&wrapped, copy, bytes);
    synfin_stack_input(host->stack, host->iface, &wrapped, 1, world->now_ns);
    free(copy);
    uint32_t resets = 0;
    uint32_t n = synfin_stack_output(host->stack, host->iface, out, 4, world->now_ns);
    for (uint32_t i = 0; i < n; i++) { // the rest is ICMP, about what no opinion was had of
        resets += out[i].reason == SYNFIN_REASON_SEND_RST_NO_CONNECTION;
    }
    world->now_ns += 2 * WORLD_MS; // within the limit of resets
    synfin_stack_advance(host->stack, world->now_ns);
    return resets;
}

static void hist_16_mutated_packets_are_answered_when_a_second_decoder_says_so(void **state)
{
    struct world world;
    struct world_config config;
    uint64_t seed = 16;
    uint64_t times = test_rows_times(1000000);
    uint64_t opinions[NO_OPINION + 1] = {0, 0, 0};
    (void)state;
    world_config_default(&config);
    world_init(&world, &config);
    for (uint64_t i = 0; i < times; i++) {
        uint8_t original[PACKET_MAX];
        uint8_t packet[PACKET_MAX];
        uint32_t bytes = build(&world, (uint32_t)(i % SEEDS), &seed, original);
        memcpy(packet, original, bytes);
        bytes = mutate(packet, bytes, &seed);
        enum opinion opinion = judge(packet, bytes, original);
        uint32_t resets = give(&world, packet, bytes);
        opinions[opinion]++;
        if (opinion != NO_OPINION && resets != (opinion == ANSWER ? 1 : 0)) {
            fail_msg("packet %llu of seed 16: %u resets", (unsigned long long)i, resets);
        }
    }
    assert_true(opinions[ANSWER] > times / 10 && opinions[SILENCE] > times / 10);
    assert_true(opinions[NO_OPINION] < times / 2);
    world_deinit(&world);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(hist_16_mutated_packets_are_answered_when_a_second_decoder_says_so),
};
ROWS_MAIN(tests)
