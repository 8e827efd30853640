// SPDX-License-Identifier: MIT
//
// What a connection weighs that is half open: 100,000 SYNs from different addresses and ports, all
// answered, none of the answers ever acknowledged. Beside it the object that Linux keeps of each.
#include "forge.h"
#include "harness.h"
#include "peer_kernel.h"
#include "twins.h"

enum {
    SYNS = 100000,
    PORT = 9000,
};

struct half_open {
    struct twins twins;
    struct forge_flood flood;
    uint32_t syns, answers;
    uint8_t datagram[TWINS_BURST][FORGE_SYN_BYTES];
};

struct weight {
    double taken, per_second;
};

static void open_listener(struct half_open *bench)
{
    struct synfin_stack_config config;
    synfin_stack_config_default(&config);
    config.memory_limit_bytes = (size_t)4 << 30;
    config.half_open_max = 2 * bench->syns;
    config.syn_cookies = SYNFIN_SYN_COOKIES_NEVER;
    twins_create(&bench->twins, &config);
    twins_route_all(&bench->twins);
    (void)twins_listen(&bench->twins, PORT, 2 * bench->syns);
    forge_flood_init(&bench->flood, TWINS_SERVER_IPV4, PORT);
    bench->answers = 0;
}

// One burst of SYNs in, and their answers out.
static void burst(struct half_open *bench, uint32_t count)
{
    struct twins *twins = &bench->twins;
    uint32_t n;
    for (uint32_t i = 0; i < count; i++) {
        forge_flood_next(&bench->flood, bench->datagram[i]);
        synfin_packet_wrap(&twins->packets[i], bench->datagram[i], FORGE_SYN_BYTES);
    }
    synfin_stack_input(twins->server, 0, twins->packets, count, twins->now_ns);
    while ((n = synfin_stack_output(twins->server, 0, twins->packets, TWINS_BURST, twins->now_ns))
           > 0) {
        bench->answers += n;
    }
}

static struct weight measure(struct half_open *bench)
{
    struct synfin_stack_stats before = {.size = sizeof before}, after = {.size = sizeof after};
    open_listener(bench);
    synfin_stack_stats(bench->twins.server, &before);
    uint64_t start_ns = harness_cpu_ns();
    for (uint32_t done = 0; done < bench->syns; done += TWINS_BURST) {
        uint32_t left = bench->syns - done;
        burst(bench, left < TWINS_BURST ? left : TWINS_BURST);
    }
    uint64_t spent_ns = harness_cpu_ns() - start_ns;
    synfin_stack_stats(bench->twins.server, &after);
    harness_require(bench->answers == bench->syns, "each SYN has one answer");
    harness_require(after.by_state[SYNFIN_TCP_STATE_SYN_RECEIVED] == bench->syns,
                    "all are half open");
    twins_destroy(&bench->twins);
    return (struct weight){
        .taken = (double)(after.memory_bytes - before.memory_bytes) / bench->syns,
        .per_second = 1e9 * bench->syns / (double)spent_ns,
    };
}

static bool run_half_open(void)
{
    static struct half_open bench;
    double per_second[HARNESS_RUNS];
    struct weight weight = {0};
    bench.syns = (uint32_t)harness_count(SYNS, SYNS);
    for (uint32_t i = 0; i < harness_runs(); i++) {
        weight = measure(&bench);
        per_second[i] = weight.per_second;
    }
    uint32_t linux_bytes = peer_kernel_object_bytes("request_sock_TCP");
    const struct harness_figure figures[] = {
        {"taken by the stack, per half-open connection", weight.taken, "octets",
         linux_bytes > 0 ? "Linux, request_sock_TCP" : NULL, weight.taken / linux_bytes},
        {"SYN in, SYN+ACK out, from the empty table on", harness_median(per_second), "SYN/s", NULL,
         0},
    };
    for (size_t i = 0; i < sizeof figures / sizeof figures[0]; i++) {
        harness_report(&figures[i]);
    }
    return true;
}

int main(int argc, char **argv)
{
    static const struct harness_bench benches[] = {{"half-open", run_half_open, HARNESS_LISTED}};
    return harness_main(argc, argv, benches, sizeof benches / sizeof benches[0]);
}
