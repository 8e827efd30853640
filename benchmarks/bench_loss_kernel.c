// SPDX-License-Identifier: MIT
//
// The kernel's sender and synfin's, one after the other over the same emulated path, to the same
// receiver of the kernel: goodput, what was sent again, and what of that was in vain. The order of
// the two alternates, and each pair of runs has the same losses: the same packets by their number.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <synfin/synfin.h>

#include "bulk_ends.h"
#include "harness.h"
#include "wire_path.h"

enum {
    RUNS = 5,
    SECONDS = 30, // 150 round trips at least; and three times what BBR's least round trip is kept
    RATE_MBPS = 100,
    PACKET_BYTES = 1500,
    POINTS_QUICK = 3
};

struct point {
    const char *congestion;
    uint32_t loss_ppm, rtt_ms;
};

// Medians of one sender's runs.
struct side {
    double mbits[HARNESS_RUNS], resent[HARNESS_RUNS], spurious[HARNESS_RUNS];
};

static struct wire_path path;

static uint64_t measured_ns(void)
{
    const char *text = harness_option("seconds");
    uint64_t s = text != NULL ? strtoull(text, NULL, 10) : SECONDS;
    return s * 1000000000;
}

static void transfer(const struct point *point, enum bulk_sender sender, uint32_t run,
                     struct side *side)
{
    uint64_t bdp_bytes = (uint64_t)RATE_MBPS * 1000 / 8 * point->rtt_ms;
    struct wire_path_faults faults = {
        .seed = run + 1,
        .rtt_ns = (uint64_t)point->rtt_ms * 1000000,
        .rate_bps = (uint64_t)RATE_MBPS * 1000000,
        .loss_ppm = point->loss_ppm,
        .queue_packets = (uint32_t)(bdp_bytes / PACKET_BYTES),
    };
    struct bulk_result result;
    char file[512];
    if (harness_option("pcapng") != NULL) {
        snprintf(file, sizeof file, "%s-%s-%u.pcapng", harness_option("pcapng"),
                 sender == BULK_KERNEL ? "linux" : "synfin", run + 1);
        faults.pcapng = file;
    }
    wire_path_join(&path, &faults);
    bulk_run(&path, sender, point->congestion, measured_ns(), &result);
    wire_path_part(&path, result.wire);
    side->mbits[run] = result.mbits;
    side->resent[run] = (double)result.resent;
    side->spurious[run] = (double)result.spurious;
}

static void measure(const struct point *point, uint32_t runs)
{
    static struct side side[2];
    char what[64], peer[32];
    for (uint32_t run = 0; run < runs; run++) {
        enum bulk_sender first = run % 2 == 0 ? BULK_KERNEL : BULK_SYNFIN;
        transfer(point, first, run, &side[first]);
        transfer(point, 1 - first, run, &side[1 - first]);
    }
    snprintf(what, sizeof what, "%s, %u.%u %% lost, RTT %u ms", point->congestion,
             point->loss_ppm / 10000, point->loss_ppm / 1000 % 10, point->rtt_ms);
    // Linux has the first version of BBR, synfin the third, which answers to losses above 2 %.
    snprintf(peer, sizeof peer, "Linux %s%s", point->congestion,
             point->congestion[0] == 'b' ? " (version 1)" : "");
    const struct side *ours = &side[BULK_SYNFIN], *theirs = &side[BULK_KERNEL];
    const struct harness_detail details[] = {
        {"peer_value", harness_median_of(theirs->mbits, runs)},
        {"least_ratio", harness_least_ratio(ours->mbits, theirs->mbits, runs)},
        {"resent", harness_median_of(ours->resent, runs)},
        {"peer_resent", harness_median_of(theirs->resent, runs)},
        {"spurious", harness_median_of(ours->spurious, runs)},
        {"peer_spurious", harness_median_of(theirs->spurious, runs)},
    };
    const struct harness_figure figure = {
        .what = what,
        .value = harness_median_of(ours->mbits, runs),
        .unit = "Mbit/s",
        .peer = peer,
        .ratio = harness_ratio_of(ours->mbits, theirs->mbits, runs),
    };
    harness_report_with(&figure, details, sizeof details / sizeof details[0]);
}

// The quick points are those of a middling round trip.
static bool is_wanted(const struct point *point)
{
    const char *wanted = harness_option("points");
    char name[64];
    snprintf(name, sizeof name, "%s/%g/%u", point->congestion, point->loss_ppm / 1e4,
             point->rtt_ms);
    return wanted != NULL
               ? strstr(name, wanted) != NULL
               : !harness_is_quick() || (point->rtt_ms == 40 && point->congestion[0] == 'c');
}

static bool knows(const char *congestion)
{
    enum synfin_congestion algorithm;
    return synfin_congestion_find(congestion, &algorithm);
}

static bool run_loss_kernel(void)
{
    static const char *const congestions[] = {"cubic", "bbr"};
    static const uint32_t losses_ppm[] = {1000, 10000, 30000}, rtts_ms[] = {10, 40, 200};
    uint32_t runs = (uint32_t)harness_count(RUNS, 1);
    harness_require(runs <= HARNESS_RUNS, "--count is at most 7 here");
    if (!wire_path_create(&path)) {
        fprintf(stderr, "loss-kernel: no network namespace or no TUN device can be made here\n");
        return true;
    }
    for (uint32_t i = 0; i < 18; i++) {
        const struct point point = {.congestion = congestions[i / 9],
                                    .loss_ppm = losses_ppm[i / 3 % 3],
                                    .rtt_ms = rtts_ms[i % 3]};
        if (knows(point.congestion) && is_wanted(&point)) {
            measure(&point, runs);
        }
    }
    wire_path_destroy(&path);
    return true;
}

int main(int argc, char **argv)
{
    static const struct harness_bench benches[] = {{"loss-kernel", run_loss_kernel, HARNESS_NAMED}};
    return harness_main(argc, argv, benches, sizeof benches / sizeof benches[0]);
}
