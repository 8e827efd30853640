// SPDX-License-Identifier: MIT
//
// Two stacks on one core, packets handed over in memory: what the protocol itself costs, both
// ends together. inproc-bulk is one flow of full-sized segments; inproc-churn opens a connection,
// sends one octet each way and closes, over and over. The peers do the same in the same run, in
// turn with synfin, so that what else the machine does meets all of them.
#include <stdlib.h>
#include <string.h>

#include "harness.h"
#include "peer_kernel.h"
#include "peer_lwip.h"
#include "twins.h"

enum {
    BUFFER_BYTES = 128 << 10, // in flight at most, so that it stays in a second-level cache
    WRITE_BYTES = 64 << 10,
    BULK_BYTES = 1 << 30, // per run
    PEER_BULK_BYTES = 256 << 20,
    CHURN_CONNECTIONS = 100000,
    PEER_CHURN_CONNECTIONS = 4096,
    IDLE_CONNECTIONS = 100000,
    PARALLEL = 32,
    SEGMENT_BYTES = 1448,      // 1500 less IPv4, TCP and timestamps
    LWIP_SEGMENT_BYTES = 1460, // it is built without timestamps
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
    config->send_buffer_bytes_max = config->receive_buffer_bytes_max = 0;
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

// The kernel's flows, lwIP's, and how many of them there are.
struct bulk_peers {
    struct peer_kernel_flow whole, segmented;
    const char *segmented_name;
    bool has_lwip;
};

static void peers_open(struct bulk_peers *peers)
{
    (void)peer_kernel_enter();
    peer_kernel_flow_open(&peers->whole, 0);
    // A namespace of its own, so that the first flow's loopback stays as it is.
    bool is_segmented = peer_kernel_enter() && peer_kernel_unload();
    peers->segmented_name = is_segmented ? "Linux loopback, MTU 1500, no offload"
                                         : "Linux loopback, TCP_MAXSEG 1460, offloads on";
    peer_kernel_flow_open(&peers->segmented, is_segmented ? 0 : 1460);
    peers->has_lwip = peer_lwip_name() != NULL;
    if (peers->has_lwip) {
        peer_lwip_init();
        peer_lwip_flow_open();
    }
}

static double gbps_of(uint64_t bytes, uint64_t start_ns)
{
    return 8.0 * (double)bytes / (double)(harness_now_ns() - start_ns);
}

static double kernel_gbps(const struct peer_kernel_flow *flow)
{
    uint64_t start_ns = harness_now_ns();
    peer_kernel_flow_transfer(flow, PEER_BULK_BYTES);
    return gbps_of(PEER_BULK_BYTES, start_ns);
}

static double lwip_gbps(void)
{
    uint64_t start_ns = harness_now_ns();
    peer_lwip_flow_transfer(PEER_BULK_BYTES);
    return gbps_of(PEER_BULK_BYTES, start_ns);
}

struct bulk_runs {
    double gbps[HARNESS_RUNS], segment_ns[HARNESS_RUNS], copy_ns[HARNESS_RUNS];
    double whole[HARNESS_RUNS], segmented[HARNESS_RUNS], lwip[HARNESS_RUNS];
};

static void measure_bulk(struct bulk *bulk, const struct bulk_peers *peers, struct bulk_runs *runs)
{
    for (uint32_t i = 0; i < harness_runs(); i++) {
        uint64_t segments = data_segments(bulk);
        uint64_t start_ns = harness_now_ns();
        transfer(bulk, bulk->received + BULK_BYTES);
        runs->gbps[i] = gbps_of(BULK_BYTES, start_ns);
        runs->segment_ns[i] =
            8.0 * BULK_BYTES / runs->gbps[i] / (double)(data_segments(bulk) - segments);
        runs->copy_ns[i] = copy_ns_per_segment();
        runs->whole[i] = kernel_gbps(&peers->whole);
        runs->segmented[i] = kernel_gbps(&peers->segmented);
        runs->lwip[i] = peers->has_lwip ? lwip_gbps() : 0;
    }
}

static void report_bulk(struct bulk_runs *runs, const struct bulk_peers *peers)
{
    static const char what[] = "one flow, MTU 1500, checksums on, both ends";
    double gbps = harness_median(runs->gbps);
    double segment = harness_median(runs->segment_ns);
    const struct harness_figure figures[] = {
        {what, gbps, "Gbit/s", "Linux loopback, MTU as it is",
         harness_ratio(runs->gbps, runs->whole)},
        {what, gbps, "Gbit/s", peers->segmented_name, harness_ratio(runs->gbps, runs->segmented)},
        {"the same, per data segment", segment, "ns", "memcpy of a segment",
         harness_ratio(runs->segment_ns, runs->copy_ns)},
    };
    for (size_t i = 0; i < sizeof figures / sizeof figures[0]; i++) {
        harness_report(&figures[i]);
    }
    if (peers->has_lwip) {
        const struct harness_figure lwip = {what, gbps, "Gbit/s", peer_lwip_name(),
                                            harness_ratio(runs->gbps, runs->lwip)};
        harness_report(&lwip);
    }
}

static bool run_bulk(void)
{
    static struct bulk bulk;
    static struct bulk_peers peers;
    static struct bulk_runs runs;
    peers_open(&peers);
    bulk_open(&bulk);
    transfer(&bulk, WRITE_BYTES * 64); // past slow start
    measure_bulk(&bulk, &peers, &runs);
    report_bulk(&runs, &peers);
    twins_destroy(&bulk.twins);
    peer_kernel_flow_close(&peers.whole);
    peer_kernel_flow_close(&peers.segmented);
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

struct churn_runs {
    double alone[HARNESS_RUNS], crowded[HARNESS_RUNS], parallel[HARNESS_RUNS];
    double kernel_alone[HARNESS_RUNS], kernel_parallel[HARNESS_RUNS];
    double lwip_alone[HARNESS_RUNS], lwip_parallel[HARNESS_RUNS];
};

static double churn_per_second(struct twins *twins, uint32_t parallel)
{
    uint64_t start_ns = harness_now_ns();
    churn(twins, CHURN_CONNECTIONS, parallel);
    return 1e9 * CHURN_CONNECTIONS / (double)(harness_now_ns() - start_ns);
}

static double peer_per_second(void (*peer_churn)(uint32_t, uint32_t), uint32_t parallel)
{
    uint64_t start_ns = harness_now_ns();
    peer_churn(PEER_CHURN_CONNECTIONS, parallel);
    return 1e9 * PEER_CHURN_CONNECTIONS / (double)(harness_now_ns() - start_ns);
}

static void churn_open(struct twins *twins, uint32_t idle, uint32_t parallel)
{
    struct synfin_stack_config config;
    config_init(&config);
    twins_create(twins, &config);
    twins_open_idle(twins, idle);
    churn(twins, CHURN_CONNECTIONS / 10, parallel);
}

static void churn_close(struct twins *twins, uint32_t idle)
{
    struct synfin_stack_stats stats = {.size = sizeof stats};
    synfin_stack_stats(twins->server, &stats);
    harness_require(stats.by_state[SYNFIN_TCP_STATE_ESTABLISHED] == idle, "the idle ones stay");
    twins_destroy(twins);
}

static void measure_churn(struct churn_runs *runs)
{
    static struct twins alone, crowded, parallel;
    bool has_lwip = peer_lwip_name() != NULL;
    churn_open(&alone, 0, 1);
    churn_open(&crowded, IDLE_CONNECTIONS, 1);
    churn_open(&parallel, 0, PARALLEL);
    for (uint32_t i = 0; i < harness_runs(); i++) {
        runs->alone[i] = churn_per_second(&alone, 1);
        runs->kernel_alone[i] = peer_per_second(peer_kernel_churn, 1);
        runs->lwip_alone[i] = has_lwip ? peer_per_second(peer_lwip_churn, 1) : 0;
        runs->crowded[i] = churn_per_second(&crowded, 1);
        runs->parallel[i] = churn_per_second(&parallel, PARALLEL);
        runs->kernel_parallel[i] = peer_per_second(peer_kernel_churn, PARALLEL);
        runs->lwip_parallel[i] = has_lwip ? peer_per_second(peer_lwip_churn, PARALLEL) : 0;
    }
    churn_close(&alone, 0);
    churn_close(&crowded, IDLE_CONNECTIONS);
    churn_close(&parallel, 0);
}

static void report_churn(struct churn_runs *runs)
{
    static const char one[] = "one at a time, no others", many[] = "32 at a time, no others";
    static const char unit[] = "connections/s", linux_name[] = "Linux loopback";
    double alone = harness_median(runs->alone);
    double crowded = harness_median(runs->crowded);
    double parallel = harness_median(runs->parallel);
    const struct harness_figure figures[] = {
        {one, alone, unit, linux_name, harness_ratio(runs->alone, runs->kernel_alone)},
        {"one at a time, 100,000 idle", crowded, unit, "the same without idle ones",
         harness_ratio(runs->crowded, runs->alone)},
        {many, parallel, unit, linux_name, harness_ratio(runs->parallel, runs->kernel_parallel)},
    };
    for (size_t i = 0; i < sizeof figures / sizeof figures[0]; i++) {
        harness_report(&figures[i]);
    }
    if (peer_lwip_name() != NULL) {
        const struct harness_figure lwip[] = {
            {one, alone, unit, peer_lwip_name(), harness_ratio(runs->alone, runs->lwip_alone)},
            {many, parallel, unit, peer_lwip_name(),
             harness_ratio(runs->parallel, runs->lwip_parallel)},
        };
        harness_report(&lwip[0]);
        harness_report(&lwip[1]);
    }
}

static bool run_churn(void)
{
    static struct churn_runs runs;
    (void)peer_kernel_enter();
    if (peer_lwip_name() != NULL) {
        peer_lwip_init();
    }
    measure_churn(&runs);
    report_churn(&runs);
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

static void lwip_segments(uint32_t segments)
{
    peer_lwip_init();
    peer_lwip_flow_open();
    peer_lwip_flow_transfer(WRITE_BYTES * 16 + (uint64_t)segments * LWIP_SEGMENT_BYTES);
}

static bool run_lwip_bulk_short(void)
{
    lwip_segments(2000);
    return true;
}

static bool run_lwip_bulk_long(void)
{
    lwip_segments(12000);
    return true;
}

static bool run_lwip_churn_short(void)
{
    peer_lwip_init();
    peer_lwip_churn(224, 1);
    return true;
}

static bool run_lwip_churn_long(void)
{
    peer_lwip_init();
    peer_lwip_churn(1224, 1);
    return true;
}

int main(int argc, char **argv)
{
    static const struct harness_bench benches[] = {
        {"inproc-bulk", run_bulk, HARNESS_LISTED},
        {"inproc-churn", run_churn, HARNESS_LISTED},
        {"bulk-2000", run_bulk_short, HARNESS_HIDDEN},
        {"bulk-12000", run_bulk_long, HARNESS_HIDDEN},
        {"churn-200", run_churn_short, HARNESS_HIDDEN},
        {"churn-1200", run_churn_long, HARNESS_HIDDEN},
        {"lwip-bulk-2000", run_lwip_bulk_short, HARNESS_HIDDEN},
        {"lwip-bulk-12000", run_lwip_bulk_long, HARNESS_HIDDEN},
        {"lwip-churn-224", run_lwip_churn_short, HARNESS_HIDDEN},
        {"lwip-churn-1224", run_lwip_churn_long, HARNESS_HIDDEN},
    };
    return harness_main(argc, argv, benches, sizeof benches / sizeof benches[0]);
}
