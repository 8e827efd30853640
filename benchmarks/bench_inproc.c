// SPDX-License-Identifier: MIT
//
// Two stacks on one core, packets handed over in memory: what the protocol itself costs, both
// ends together. inproc-bulk is one flow of full-sized segments; inproc-churn opens a connection,
// sends one octet each way and closes, over and over.
#include <stdlib.h>
#include <string.h>

#include "harness.h"
#include "twins.h"

enum {
    RUNS = 7,
    BUFFER_BYTES = 128 << 10, // in flight at most, so that it stays in a second-level cache
    WRITE_BYTES = 64 << 10,
    BULK_BYTES = 1 << 30, // per run
    CHURN_CONNECTIONS = 100000,
    IDLE_CONNECTIONS = 100000,
    PARALLEL = 32,
    SEGMENT_BYTES = 1448, // 1500 less IPv4, TCP and timestamps
    MSL_NS = 1000000,
    STEP_NS = 2000, // between two exchanges of packets
};

static uint8_t source[WRITE_BYTES], sink[WRITE_BYTES];

static void config_init(struct synfin_stack_config *config)
{
    synfin_stack_config_default(config);
    config->memory_limit_bytes = (size_t)4 << 30;
    config->slab_bytes = 256 << 10;
    config->send_buffer_bytes = BUFFER_BYTES;
    config->receive_buffer_bytes = BUFFER_BYTES;
    config->msl_ns = MSL_NS;
}

struct bulk {
    struct twins twins;
    synfin_socket from, to;
    uint64_t sent, received;
};

static void fill(struct bulk *bulk, uint64_t total)
{
    size_t taken;
    while (bulk->sent < total) {
        uint64_t left = total - bulk->sent;
        size_t bytes = left < WRITE_BYTES ? (size_t)left : WRITE_BYTES;
        if (synfin_socket_send(bulk->twins.client, bulk->from, source, bytes, &taken,
                               bulk->twins.now_ns)
            != SYNFIN_ERROR_OK) {
            return;
        }
        bulk->sent += taken;
    }
}

static void empty(struct bulk *bulk)
{
    size_t taken;
    while (synfin_socket_recv(bulk->twins.server, bulk->to, sink, sizeof sink, &taken,
                              bulk->twins.now_ns)
               == SYNFIN_ERROR_OK
           && taken > 0) {
        bulk->received += taken;
    }
}

// Sends until `total` octets of the flow have arrived.
static void transfer(struct bulk *bulk, uint64_t total)
{
    struct twins *twins = &bulk->twins;
    uint32_t idle = 0;
    while (bulk->received < total) {
        uint64_t before = bulk->received;
        fill(bulk, total);
        (void)twins_carry(twins, twins->client, twins->server);
        empty(bulk);
        (void)twins_carry(twins, twins->server, twins->client);
        twins_pass(twins, STEP_NS);
        idle = bulk->received == before ? idle + 1 : 0;
        harness_require(idle < 1000000, "the flow stands still");
    }
}

static void bulk_open(struct bulk *bulk)
{
    struct synfin_stack_config config;
    config_init(&config);
    memset(bulk, 0, sizeof *bulk);
    twins_create(&bulk->twins, &config);
    bulk->from = twins_connect(&bulk->twins, 0);
    twins_settle(&bulk->twins);
    bulk->to = twins_accept(&bulk->twins, 0);
}

static uint64_t data_segments(const struct bulk *bulk)
{
    struct synfin_tcp_info info = {.size = sizeof info};
    harness_require(synfin_socket_info(bulk->twins.client, bulk->from, &info, bulk->twins.now_ns)
                        == SYNFIN_ERROR_OK,
                    "info");
    harness_require(info.total_retransmits == 0, "nothing may be lost");
    return info.data_segments_out;
}

// The machine's yardstick: the same octets copied once, in blocks of a segment, within the same
// amount of memory.
static double copy_ns_per_segment(void)
{
    static uint8_t from[BUFFER_BYTES], to[BUFFER_BYTES];
    uint64_t segments = BULK_BYTES / SEGMENT_BYTES;
    uint64_t start_ns = harness_now_ns();
    size_t at = 0;
    for (uint64_t i = 0; i < segments; i++) {
        memcpy(to + at, from + at, SEGMENT_BYTES);
        __asm__ volatile("" : : "r"(to) : "memory");
        at = at + 2 * SEGMENT_BYTES < BUFFER_BYTES ? at + SEGMENT_BYTES : 0;
    }
    return (double)(harness_now_ns() - start_ns) / (double)segments;
}

static bool run_bulk(void)
{
    static struct bulk bulk;
    double gbps[RUNS], segment_ns[RUNS], copy_ns[RUNS];
    bulk_open(&bulk);
    transfer(&bulk, WRITE_BYTES * 64); // past slow start
    for (int i = 0; i < RUNS; i++) {
        uint64_t segments = data_segments(&bulk);
        uint64_t start_ns = harness_now_ns();
        transfer(&bulk, bulk.received + BULK_BYTES);
        double took_ns = (double)(harness_now_ns() - start_ns);
        gbps[i] = 8.0 * BULK_BYTES / took_ns;
        segment_ns[i] = took_ns / (double)(data_segments(&bulk) - segments);
        copy_ns[i] = copy_ns_per_segment();
    }
    twins_destroy(&bulk.twins);
    double copy = harness_median(copy_ns, RUNS);
    double segment = harness_median(segment_ns, RUNS);
    const struct harness_figure figures[] = {
        {"one flow, MTU 1500, checksums on, both ends", harness_median(gbps, RUNS), "Gbit/s",
         "memcpy of the same octets", copy / segment},
        {"the same, per data segment", segment, "ns", "memcpy of a segment", segment / copy},
    };
    harness_report(&figures[0]);
    harness_report(&figures[1]);
    return true;
}

// One octet to the server and one back, on connections that are open.
static void exchange(struct twins *twins, const synfin_socket *client, const synfin_socket *server,
                     uint32_t count)
{
    size_t n;
    uint8_t octet = 1;
    for (uint32_t i = 0; i < count; i++) {
        harness_require(synfin_socket_send(twins->client, client[i], &octet, 1, &n, twins->now_ns)
                            == SYNFIN_ERROR_OK,
                        "send");
    }
    twins_settle(twins);
    for (uint32_t i = 0; i < count; i++) {
        harness_require(synfin_socket_recv(twins->server, server[i], &octet, 1, &n, twins->now_ns)
                                == SYNFIN_ERROR_OK
                            && n == 1,
                        "receive at the server");
        harness_require(synfin_socket_send(twins->server, server[i], &octet, 1, &n, twins->now_ns)
                            == SYNFIN_ERROR_OK,
                        "send back");
    }
    twins_settle(twins);
    for (uint32_t i = 0; i < count; i++) {
        harness_require(synfin_socket_recv(twins->client, client[i], &octet, 1, &n, twins->now_ns)
                                == SYNFIN_ERROR_OK
                            && n == 1,
                        "receive at the client");
    }
}

// `count` connections from SYN to FIN, side by side.
static void live_and_die(struct twins *twins, uint32_t count)
{
    synfin_socket client[PARALLEL], server[PARALLEL];
    for (uint32_t i = 0; i < count; i++) {
        client[i] = twins_connect(twins, 0);
    }
    twins_settle(twins);
    for (uint32_t i = 0; i < count; i++) {
        server[i] = twins_accept(twins, 0);
    }
    // Accepted in the order of their SYNs, which is the order of connecting.
    exchange(twins, client, server, count);
    for (uint32_t i = 0; i < count; i++) {
        synfin_socket_close(twins->client, client[i], twins->now_ns);
    }
    twins_settle(twins);
    for (uint32_t i = 0; i < count; i++) {
        synfin_socket_close(twins->server, server[i], twins->now_ns);
    }
    twins_settle(twins);
    twins_drain_events(twins);
    twins_pass(twins, STEP_NS * count);
}

static void churn(struct twins *twins, uint32_t connections, uint32_t parallel)
{
    for (uint32_t done = 0; done < connections; done += parallel) {
        live_and_die(twins, parallel);
    }
}

static double churn_per_second(uint32_t idle, uint32_t parallel)
{
    static struct twins twins;
    struct synfin_stack_config config;
    double rates[RUNS];
    config_init(&config);
    twins_create(&twins, &config);
    twins_open_idle(&twins, idle);
    churn(&twins, CHURN_CONNECTIONS / 10, parallel);
    for (int i = 0; i < RUNS; i++) {
        uint64_t start_ns = harness_now_ns();
        churn(&twins, CHURN_CONNECTIONS, parallel);
        rates[i] = 1e9 * CHURN_CONNECTIONS / (double)(harness_now_ns() - start_ns);
    }
    struct synfin_stack_stats stats = {.size = sizeof stats};
    synfin_stack_stats(twins.server, &stats);
    harness_require(stats.by_state[SYNFIN_TCP_STATE_ESTABLISHED] == idle, "the idle ones stay");
    twins_destroy(&twins);
    return harness_median(rates, RUNS);
}

static bool run_churn(void)
{
    double alone = churn_per_second(0, 1);
    double crowded = churn_per_second(IDLE_CONNECTIONS, 1);
    double parallel = churn_per_second(0, PARALLEL);
    const struct harness_figure figures[] = {
        {"one at a time, no others", alone, "connections/s", NULL, 0},
        {"one at a time, 100,000 idle", crowded, "connections/s", "the same without idle ones",
         crowded / alone},
        {"32 at a time, no others", parallel, "connections/s", "one at a time", parallel / alone},
    };
    for (size_t i = 0; i < sizeof figures / sizeof figures[0]; i++) {
        harness_report(&figures[i]);
    }
    return true;
}

// Fixed amounts of work, whose difference an instruction counter takes (bench_instructions.c).
static void bulk_segments(uint32_t segments)
{
    static struct bulk bulk;
    bulk_open(&bulk);
    transfer(&bulk, WRITE_BYTES * 16 + (uint64_t)segments * SEGMENT_BYTES);
    twins_destroy(&bulk.twins);
}

static void churn_connections(uint32_t connections)
{
    static struct twins twins;
    struct synfin_stack_config config;
    config_init(&config);
    twins_create(&twins, &config);
    churn(&twins, connections, 1);
    twins_destroy(&twins);
}

static bool run_bulk_short(void)
{
    bulk_segments(2000);
    return true;
}

static bool run_bulk_long(void)
{
    bulk_segments(12000);
    return true;
}

static bool run_churn_short(void)
{
    churn_connections(200);
    return true;
}

static bool run_churn_long(void)
{
    churn_connections(1200);
    return true;
}

int main(int argc, char **argv)
{
    static const struct harness_bench benches[] = {
        {"inproc-bulk", run_bulk, false},     {"inproc-churn", run_churn, false},
        {"bulk-2000", run_bulk_short, true},  {"bulk-12000", run_bulk_long, true},
        {"churn-200", run_churn_short, true}, {"churn-1200", run_churn_long, true},
    };
    return harness_main(argc, argv, benches, sizeof benches / sizeof benches[0]);
}
