// SPDX-License-Identifier: MIT
//
// What one acknowledgment costs a sender that has 64 MB in flight, 45,000 segments, whatever its
// SACK blocks say: a stream of them without a hole, one hole before all of it, every other segment
// missing, and blocks at random places, as an attacker would send them (CVE-2019-11478). The peer
// is made by hand; what the sender sends again is taken from it and thrown away, between two
// acknowledgments, and timed by itself: the place of a segment among 64 MB must be found.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "forge.h"
#include "harness.h"
#include "twins.h"

enum {
    MSS = 1460,
    FLIGHT_BYTES = 64 << 20,
    WINDOW_SHIFT = 10,
    ACKS = 20000,
    ACKS_QUICK = 2000,
    ROUND_TRIP_NS = 1000000,
    BETWEEN_NS = 1000,
    EXTRA_SEGMENTS = 4, // that may be sent between two acknowledgments
};

struct sender {
    struct twins twins;
    synfin_socket socket;
    struct synfin_endpoint local, remote;
    uint32_t una, nxt, peer_nxt; // sequence numbers as on the wire
    uint64_t random;
    uint64_t *input_ns, *output_ns; // of one acknowledgment, and of what goes after it
};

enum pattern { IN_ORDER, ONE_HOLE, EVERY_OTHER, RANDOM, PATTERNS };

static const char *const PATTERN_NAMES[] = {
    [IN_ORDER] = "no hole",
    [ONE_HOLE] = "one hole",
    [EVERY_OTHER] = "every other segment missing",
    [RANDOM] = "blocks at random places",
};

static uint32_t ipv4_of(const struct synfin_addr *addr)
{
    const uint8_t *o = addr->octet + 12;
    return (uint32_t)o[0] << 24 | (uint32_t)o[1] << 16 | (uint32_t)o[2] << 8 | o[3];
}

static void read_state(struct sender *sender)
{
    struct synfin_tcp_info info = {.size = sizeof info};
    harness_require(
        synfin_socket_info(sender->twins.client, sender->socket, &info, sender->twins.now_ns)
            == SYNFIN_ERROR_OK,
        "the connection");
    sender->una = info.snd_una;
    sender->nxt = info.snd_nxt;
    sender->peer_nxt = info.rcv_nxt;
}

// Takes what the sender has to say, `most` segments or all of it; returns the ns it took.
static uint64_t throw_away(struct sender *sender, uint32_t most)
{
    struct twins *twins = &sender->twins;
    uint32_t n = 1;
    uint64_t start_ns = harness_now_ns();
    for (uint32_t taken = 0; taken < most && n > 0; taken += n) {
        uint32_t room = most - taken < TWINS_BURST ? most - taken : TWINS_BURST;
        n = synfin_stack_output(twins->client, 0, twins->packets, room, twins->now_ns);
    }
    return harness_now_ns() - start_ns;
}

// Gives the sender an acknowledgment; returns the ns it took.
static uint64_t acknowledge(struct sender *sender, struct forge_segment *ack)
{
    uint8_t datagram[FORGE_BYTES_MAX];
    struct synfin_packet packet;
    ack->src = ipv4_of(&sender->remote.addr);
    ack->dst = ipv4_of(&sender->local.addr);
    ack->src_port = sender->remote.port;
    ack->dst_port = sender->local.port;
    ack->seq = sender->peer_nxt;
    ack->flags = SYNFIN_TCP_ACK;
    ack->window = UINT16_MAX;
    synfin_packet_wrap(&packet, datagram, forge_emit(ack, datagram));
    uint64_t start_ns = harness_now_ns();
    synfin_stack_input(sender->twins.client, 0, &packet, 1, sender->twins.now_ns);
    return harness_now_ns() - start_ns;
}

static void open_sender(struct sender *sender)
{
    struct synfin_stack_config config;
    synfin_stack_config_default(&config);
    config.use_timestamps = 0;
    config.use_pacing = 0;
    config.memory_limit_bytes = (size_t)1 << 30;
    config.send_buffer_bytes = 2 * FLIGHT_BYTES;
    config.receive_buffer_bytes = UINT16_MAX << WINDOW_SHIFT;
    twins_create(&sender->twins, &config);
    sender->random = UINT64_C(0xACC5);
    sender->socket = twins_connect(&sender->twins, 0);
    twins_settle(&sender->twins);
    (void)twins_accept(&sender->twins, 0);
    harness_require(synfin_socket_endpoints(sender->twins.client, sender->socket, &sender->local,
                                            &sender->remote)
                        == SYNFIN_ERROR_OK,
                    "the ends of the connection");
}

static void fill(struct sender *sender)
{
    static uint8_t zeros[1 << 16];
    size_t taken = 1;
    while (synfin_socket_send(sender->twins.client, sender->socket, zeros, sizeof zeros, &taken,
                              sender->twins.now_ns)
           == SYNFIN_ERROR_OK) {
    }
}

// Slow start, until the window is in flight.
static void grow(struct sender *sender)
{
    for (;;) {
        fill(sender);
        (void)throw_away(sender, UINT32_MAX);
        read_state(sender);
        if (sender->nxt - sender->una >= FLIGHT_BYTES - 2 * MSS) {
            return;
        }
        twins_pass(&sender->twins, ROUND_TRIP_NS);
        for (uint32_t at = sender->una; at != sender->nxt;) {
            at = sender->nxt - at > 8 * MSS ? at + 8 * MSS : sender->nxt;
            struct forge_segment ack = {.ack = at};
            (void)acknowledge(sender, &ack);
        }
    }
}

static void add_block(struct forge_segment *ack, uint32_t left, uint32_t right)
{
    ack->sack[ack->sack_blocks].left = left;
    ack->sack[ack->sack_blocks].right = right;
    ack->sack_blocks++;
}

static void make(struct sender *sender, enum pattern pattern, uint32_t i, struct forge_segment *ack)
{
    uint32_t una = sender->una, segments = (sender->nxt - una) / MSS;
    ack->ack = una;
    if (pattern == IN_ORDER) {
        ack->ack = una + (i + 1) * 2 * MSS % (segments * MSS);
    } else if (pattern == ONE_HOLE) {
        add_block(ack, una + MSS, una + (2 + i % (segments - 2)) * MSS);
    } else if (pattern == EVERY_OTHER) {
        for (uint32_t block = 0; block < 3; block++) { // the newest first, RFC 2018 §4
            uint32_t place = 1 + 2 * (i > block ? i - block : 0) % (segments - 2);
            add_block(ack, una + place * MSS, una + (place + 1) * MSS);
        }
    } else {
        for (uint32_t block = 0; block < 4; block++) {
            uint64_t random = forge_random(&sender->random);
            uint32_t left = (uint32_t)(random % ((segments - 64) * MSS)) + 1;
            add_block(ack, una + left, una + left + 1 + (uint32_t)(random >> 40) % (16 * MSS));
        }
    }
}

static int compare(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static void report(const char *of, enum pattern pattern, uint64_t *cost_ns, size_t count)
{
    char what[96];
    size_t middle = count / 2, p99 = count * 99 / 100;
    qsort(cost_ns, count, sizeof cost_ns[0], compare);
    const struct harness_detail details[] = {
        {"p99_ns", (double)cost_ns[p99]},
        {"most_ns", (double)cost_ns[count - 1]},
    };
    snprintf(what, sizeof what, "%s, 64 MB in flight, %s", of, PATTERN_NAMES[pattern]);
    const struct harness_figure figure = {what, (double)cost_ns[middle], "ns", NULL, 0};
    harness_report_with(&figure, details, 2);
}

static void measure(enum pattern pattern, size_t count)
{
    static struct sender sender;
    memset(&sender, 0, sizeof sender);
    sender.input_ns = calloc(count, sizeof sender.input_ns[0]);
    sender.output_ns = calloc(count, sizeof sender.output_ns[0]);
    harness_require(sender.input_ns != NULL && sender.output_ns != NULL, "memory for the times");
    open_sender(&sender);
    grow(&sender);
    twins_pass(&sender.twins, ROUND_TRIP_NS);
    for (uint32_t i = 0; i < count; i++) {
        struct forge_segment ack = {0};
        make(&sender, pattern, i, &ack);
        sender.input_ns[i] = acknowledge(&sender, &ack);
        sender.output_ns[i] = throw_away(&sender, EXTRA_SEGMENTS);
        twins_pass(&sender.twins, BETWEEN_NS);
    }
    report("one acknowledgment", pattern, sender.input_ns, count);
    report("what goes after it", pattern, sender.output_ns, count);
    free(sender.input_ns);
    free(sender.output_ns);
    twins_destroy(&sender.twins);
}

static bool run_acks(void)
{
    for (enum pattern pattern = IN_ORDER; pattern < PATTERNS; pattern++) {
        measure(pattern, (size_t)harness_count(ACKS, ACKS_QUICK));
    }
    return true;
}

int main(int argc, char **argv)
{
    static const struct harness_bench benches[] = {{"acks", run_acks, HARNESS_NAMED}};
    return harness_main(argc, argv, benches, sizeof benches / sizeof benches[0]);
}
