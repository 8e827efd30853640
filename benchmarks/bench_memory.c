// SPDX-License-Identifier: MIT
//
// What an idle connection weighs: 100,000 of them between two stacks in this process, counted by
// the stacks themselves and by the kernel. The peer is the kernel's own TCP over loopback, 20,000
// connections or as many as this process may open: what its slabs grow by, sockets' files included,
// since no socket of the kernel's is without one.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness.h"
#include "peer_kernel.h"
#include "twins.h"

enum { CONNECTIONS = 100000, KERNEL_CONNECTIONS = 20000 };

static uint64_t resident_bytes(void)
{
    char line[128] = "";
    FILE *file = fopen("/proc/self/statm", "r");
    harness_require(file != NULL, "statm");
    char *read = fgets(line, sizeof line, file);
    fclose(file);
    // The second number: the first is the size of the address space.
    char *resident = read != NULL ? strchr(line, ' ') : NULL;
    harness_require(resident != NULL, "statm");
    return strtoull(resident, NULL, 10) * (uint64_t)sysconf(_SC_PAGESIZE);
}

struct weight {
    uint64_t taken, used, resident;
};

static struct weight weigh(const struct twins *twins)
{
    struct synfin_stack_stats client = {.size = sizeof client}, server = {.size = sizeof server};
    synfin_stack_stats(twins->client, &client);
    synfin_stack_stats(twins->server, &server);
    return (struct weight){
        .taken = client.memory_bytes + server.memory_bytes,
        .used = client.memory_used_bytes + server.memory_used_bytes,
        .resident = resident_bytes(),
    };
}

static double per_endpoint(uint64_t before, uint64_t after)
{
    return (double)(after - before) / (2.0 * CONNECTIONS);
}

static bool run_memory(void)
{
    static struct twins twins;
    struct synfin_stack_config config;
    synfin_stack_config_default(&config);
    config.memory_limit_bytes = (size_t)4 << 30;
    twins_create(&twins, &config);
    struct weight before = weigh(&twins);
    twins_open_idle(&twins, CONNECTIONS);
    struct weight after = weigh(&twins);
    (void)peer_kernel_enter();
    struct peer_kernel_weight kernel = peer_kernel_weigh(KERNEL_CONNECTIONS);
    double resident = per_endpoint(before.resident, after.resident);
    char slabs[64];
    snprintf(slabs, sizeof slabs, "Linux loopback, slabs, %" PRIu32 " connections",
             kernel.connections);
    const struct harness_figure figures[] = {
        {"resident, per idle endpoint, of 100,000 connections", resident, "octets", slabs,
         resident / kernel.endpoint_bytes},
        {"taken by the stack, per idle endpoint", per_endpoint(before.taken, after.taken), "octets",
         NULL, 0},
        {"in use by its objects, per idle endpoint", per_endpoint(before.used, after.used),
         "octets", NULL, 0},
    };
    for (size_t i = 0; i < sizeof figures / sizeof figures[0]; i++) {
        harness_report(&figures[i]);
    }
    twins_destroy(&twins);
    return true;
}

int main(int argc, char **argv)
{
    static const struct harness_bench benches[] = {{"memory", run_memory, HARNESS_LISTED}};
    return harness_main(argc, argv, benches, sizeof benches / sizeof benches[0]);
}
