// SPDX-License-Identifier: MIT
//
// synfin wire by its own figures, between two kernels: what it carries of 1500-octet packets, and
// how much later than asked for they leave, with a transfer of TCP under way.
#include <stdio.h>

#include "bulk_ends.h"
#include "harness.h"
#include "wire_path.h"

enum { RUNS = 3, SECONDS = 3, HEADED_BYTES = 1500, PAYLOAD_BYTES = 1448 };

struct load {
    const char *name;
    struct wire_path_faults faults;
};

struct figures {
    double mbits[HARNESS_RUNS], median_us[HARNESS_RUNS], p99_us[HARNESS_RUNS];
};

static struct wire_path path;

static void transfer(const struct load *load, uint32_t run, struct figures *figures)
{
    struct bulk_result result;
    wire_path_join(&path, &load->faults);
    bulk_run(&path, BULK_KERNEL, "cubic", SECONDS * UINT64_C(1000000000), &result);
    wire_path_part(&path, result.wire);
    figures->mbits[run] = result.mbits * HEADED_BYTES / PAYLOAD_BYTES;
    figures->median_us[run] = (double)result.wire[WIRE_PATH_A].late_median_ns / 1e3;
    figures->p99_us[run] = (double)result.wire[WIRE_PATH_A].late_p99_ns / 1e3;
}

static void measure(const struct load *load)
{
    struct figures figures;
    uint32_t runs = harness_is_quick() ? 1 : RUNS;
    double asked = (double)load->faults.rate_bps / 1e6;
    for (uint32_t run = 0; run < runs; run++) {
        transfer(load, run, &figures);
    }
    double mbits = harness_median_of(figures.mbits, runs);
    const struct harness_detail details[] = {
        {"late_median_us", harness_median_of(figures.median_us, runs)},
        {"late_p99_us", harness_median_of(figures.p99_us, runs)},
    };
    const struct harness_figure figure = {
        .what = load->name,
        .value = mbits,
        .unit = "Mbit/s",
        .peer = asked > 0 ? "asked for" : NULL,
        .ratio = asked > 0 ? mbits / asked : 0,
    };
    harness_report_with(&figure, details, sizeof details / sizeof details[0]);
}

static bool run_wire(void)
{
    static const struct load loads[] = {
        {"100 Mbit/s, round trip 40 ms",
         {.rtt_ns = 40000000, .rate_bps = 100000000, .queue_packets = 333}},
        {"1 Gbit/s, round trip 10 ms",
         {.rtt_ns = 10000000, .rate_bps = 1000000000, .queue_packets = 833}},
        {"no limit, round trip 2 ms", {.rtt_ns = 2000000}},
    };
    if (!wire_path_create(&path)) {
        fprintf(stderr, "wire: no network namespace or no TUN device can be made here\n");
        return true;
    }
    for (size_t i = 0; i < sizeof loads / sizeof loads[0]; i++) {
        measure(&loads[i]);
    }
    wire_path_destroy(&path);
    return true;
}

int main(int argc, char **argv)
{
    static const struct harness_bench benches[] = {{"wire", run_wire, HARNESS_NAMED}};
    return harness_main(argc, argv, benches, sizeof benches / sizeof benches[0]);
}
