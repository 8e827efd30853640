// SPDX-License-Identifier: MIT
//
// An attacker who knows both ends of a connection, addresses and ports, but none of its numbers
// (RFC 5961 §1.2), sends segments of every kind to both ends with random numbers, while now and
// then data flows. Nothing may come of it: no reset, no octet in, no transfer that stands still.
// The random numbers are the same in every run, so a hit that chance allows would be found again.
#include <string.h>

#include "forge.h"
#include "harness.h"
#include "twins.h"

enum {
    SEGMENTS = 100000000,
    SEGMENTS_QUICK = 1 << 18,
    SEGMENT_NS = 1000,       // of virtual time between two segments
    BLOCK_BYTES = 8192,      // of a transfer, each way
    BURSTS_PER_BLOCK = 4096, // of the attacker's, from the beginning of a transfer to the next
    STALL_BURSTS = 1 << 21,  // some 5 s of virtual time
    BURST_MAX = 4,           // segments that arrive before the end's answer leaves: 1 to so many
};

struct side {
    synfin_stack *stack;
    synfin_socket socket;
    struct synfin_endpoint local, remote;
    uint64_t sent, received; // octets of its user
};

struct blind {
    struct twins twins;
    struct side side[2];
    uint64_t random, segments;
    uint64_t resets, injected, stalls; // what may not be
    uint32_t waiting;                  // bursts since the transfer began
    uint64_t attack_ns;
    uint8_t datagram[BURST_MAX][FORGE_BYTES_MAX];
    struct synfin_packet packets[BURST_MAX];
};

// The octet at this place of a stream; never the attacker's.
static uint8_t octet_at(uint32_t side, uint64_t place)
{
    return (uint8_t)((place * 7 + side * 3) % FORGE_OCTET);
}

static uint32_t ipv4_of(const struct synfin_addr *addr)
{
    const uint8_t *o = addr->octet + 12;
    return (uint32_t)o[0] << 24 | (uint32_t)o[1] << 16 | (uint32_t)o[2] << 8 | o[3];
}

static void forge(struct blind *blind, const struct side *victim, uint32_t slot)
{
    static const uint8_t kinds[] = {
        SYNFIN_TCP_SYN,
        SYNFIN_TCP_RST,
        SYNFIN_TCP_ACK | SYNFIN_TCP_PSH,
        SYNFIN_TCP_ACK,
        SYNFIN_TCP_ACK | SYNFIN_TCP_FIN,
        SYNFIN_TCP_RST | SYNFIN_TCP_ACK,
        SYNFIN_TCP_SYN | SYNFIN_TCP_ACK,
        SYNFIN_TCP_ACK | SYNFIN_TCP_PSH | SYNFIN_TCP_URG,
    };
    uint64_t numbers = forge_random(&blind->random), stamps = forge_random(&blind->random);
    uint64_t rest = forge_random(&blind->random);
    uint8_t flags = kinds[rest % sizeof kinds];
    const struct forge_segment segment = {
        .src = ipv4_of(&victim->remote.addr),
        .dst = ipv4_of(&victim->local.addr),
        .src_port = victim->remote.port,
        .dst_port = victim->local.port,
        .seq = (uint32_t)numbers,
        .ack = (uint32_t)(numbers >> 32),
        .flags = flags,
        .window = (uint16_t)(rest >> 16),
        .has_timestamps = (rest >> 8) % 4 != 0,
        .ts_val = (uint32_t)stamps,
        .ts_ecr = (uint32_t)(stamps >> 32),
        .payload_bytes =
            (flags & SYNFIN_TCP_PSH) != 0 ? 1 + (uint32_t)((rest >> 32) % FORGE_PAYLOAD_MAX) : 0,
    };
    uint32_t bytes = forge_emit(&segment, blind->datagram[slot]);
    synfin_packet_wrap(&blind->packets[slot], blind->datagram[slot], bytes);
}

// One burst to one end; only what the end does with it is timed.
static void attack(struct blind *blind, const struct side *victim, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        forge(blind, victim, i);
    }
    uint64_t start_ns = harness_now_ns();
    synfin_stack_input(victim->stack, 0, blind->packets, count, blind->twins.now_ns);
    blind->attack_ns += harness_now_ns() - start_ns;
    blind->segments += count;
    twins_pass(&blind->twins, (uint64_t)count * SEGMENT_NS);
}

static bool is_open(struct blind *blind, const struct side *side)
{
    struct synfin_tcp_info info = {.size = sizeof info};
    return synfin_socket_info(side->stack, side->socket, &info, blind->twins.now_ns)
               == SYNFIN_ERROR_OK
           && info.state == SYNFIN_TCP_STATE_ESTABLISHED;
}

static bool write_block(struct blind *blind, uint32_t number)
{
    uint8_t block[BLOCK_BYTES];
    size_t taken = 0;
    struct side *side = &blind->side[number];
    for (uint32_t i = 0; i < sizeof block; i++) {
        block[i] = octet_at(number, side->sent + i);
    }
    enum synfin_error error = synfin_socket_send(side->stack, side->socket, block, sizeof block,
                                                 &taken, blind->twins.now_ns);
    side->sent += taken;
    return error == SYNFIN_ERROR_OK && taken == sizeof block;
}

// Takes what has come from the other side and compares it.
static void read_all(struct blind *blind, uint32_t number)
{
    uint8_t block[BLOCK_BYTES];
    size_t got;
    struct side *side = &blind->side[number];
    while (synfin_socket_recv(side->stack, side->socket, block, sizeof block, &got,
                              blind->twins.now_ns)
               == SYNFIN_ERROR_OK
           && got > 0) {
        for (size_t i = 0; i < got; i++) {
            blind->injected += block[i] != octet_at(1 - number, side->received + i);
        }
        side->received += got;
    }
}

static bool has_arrived(const struct blind *blind)
{
    return blind->side[0].received == blind->side[1].sent
           && blind->side[1].received == blind->side[0].sent;
}

// One exchange of packets between the ends; the attacker's segments lie between two of these.
static void carry(struct blind *blind)
{
    struct twins *twins = &blind->twins;
    (void)twins_carry(twins, twins->client, twins->server);
    (void)twins_carry(twins, twins->server, twins->client);
    read_all(blind, 0);
    read_all(blind, 1);
    twins_drain_events(twins);
}

static void begin_block(struct blind *blind)
{
    if (!write_block(blind, 0) || !write_block(blind, 1)) {
        blind->stalls++;
    }
}

static void run_attack(struct blind *blind, uint64_t segments)
{
    for (uint64_t burst = 0; blind->segments < segments; burst++) {
        if (burst % BURSTS_PER_BLOCK == 0 && has_arrived(blind)) {
            begin_block(blind);
            blind->waiting = 0;
        }
        uint64_t left = segments - blind->segments;
        uint32_t count = 1 + (uint32_t)(forge_random(&blind->random) % BURST_MAX);
        attack(blind, &blind->side[burst % 2], left < count ? (uint32_t)left : count);
        carry(blind);
        blind->waiting++;
        if (blind->waiting == STALL_BURSTS && !has_arrived(blind)) {
            blind->stalls++;
            blind->waiting = 0;
        }
    }
}

// With the attacker silent, known octets must go both ways.
static void transfer_after(struct blind *blind)
{
    begin_block(blind);
    for (uint32_t i = 0; i < STALL_BURSTS && !has_arrived(blind); i++) {
        carry(blind);
        twins_pass(&blind->twins, BURST_MAX * SEGMENT_NS);
    }
    blind->stalls += !has_arrived(blind);
}

static void open_connection(struct blind *blind)
{
    struct synfin_stack_config config;
    synfin_stack_config_default(&config);
    memset(blind, 0, sizeof *blind);
    twins_create(&blind->twins, &config);
    blind->random = UINT64_C(0xB11D);
    blind->side[0].stack = blind->twins.client;
    blind->side[1].stack = blind->twins.server;
    blind->side[0].socket = twins_connect(&blind->twins, 0);
    twins_settle(&blind->twins);
    blind->side[1].socket = twins_accept(&blind->twins, 0);
    for (uint32_t i = 0; i < 2; i++) {
        struct side *side = &blind->side[i];
        harness_require(
            synfin_socket_endpoints(side->stack, side->socket, &side->local, &side->remote)
                == SYNFIN_ERROR_OK,
            "the ends of the connection");
    }
}

static uint64_t count_of(const struct blind *blind, enum synfin_reason reason)
{
    return synfin_stack_count(blind->side[0].stack, reason)
           + synfin_stack_count(blind->side[1].stack, reason);
}

static void report(const struct blind *blind)
{
    double challenges = (double)(count_of(blind, SYNFIN_REASON_SEND_CHALLENGE_SYN)
                                 + count_of(blind, SYNFIN_REASON_SEND_CHALLENGE_RST)
                                 + count_of(blind, SYNFIN_REASON_SEND_CHALLENGE_ACK));
    double answers = challenges
                     + (double)(count_of(blind, SYNFIN_REASON_SEND_ACK_DUPLICATE)
                                + count_of(blind, SYNFIN_REASON_SEND_ACK_UNACCEPTABLE));
    double seconds = 1e-9 * SEGMENT_NS * (double)blind->segments;
    double segments = (double)blind->segments;
    const struct harness_figure figures[] = {
        {"blind segments, to both ends in turn", segments, "segments", NULL, 0},
        {"connections reset", (double)blind->resets, "connections", NULL, 0},
        {"octets injected", (double)blind->injected, "octets", NULL, 0},
        {"transfers that stood still", (double)blind->stalls, "transfers", NULL, 0},
        {"octets sent meanwhile that arrived", (double)blind->side[0].received, "octets", NULL, 0},
        {"challenges sent, per second at 1,000,000 segments/s", challenges / seconds,
         "challenges/s", NULL, 0},
        {"all answers, per blind segment", answers / segments, "answers", NULL, 0},
        {"time per blind segment", (double)blind->attack_ns / segments, "ns", NULL, 0},
    };
    for (size_t i = 0; i < sizeof figures / sizeof figures[0]; i++) {
        harness_report(&figures[i]);
    }
}

static bool run_blind(void)
{
    static struct blind blind;
    open_connection(&blind);
    run_attack(&blind, harness_count(SEGMENTS, SEGMENTS_QUICK));
    transfer_after(&blind);
    blind.resets = !is_open(&blind, &blind.side[0]) + !is_open(&blind, &blind.side[1]);
    report(&blind);
    twins_destroy(&blind.twins);
    return blind.resets == 0 && blind.injected == 0 && blind.stalls == 0;
}

int main(int argc, char **argv)
{
    static const struct harness_bench benches[] = {{"blind", run_blind, HARNESS_LISTED}};
    return harness_main(argc, argv, benches, sizeof benches / sizeof benches[0]);
}
