// SPDX-License-Identifier: MIT
//
// What senders get out of a path that loses, delays and reorders, in virtual time: goodput by
// algorithm, loss, round trip and rate, beside what the path carries and beside what the
// algorithm's response function says; losses in bursts; reordering; fairness; the queue.
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <synfin/synfin.h>

#include "emulated_path.h"
#include "harness.h"

enum {
    MTU_BYTES = 1500,
    PAYLOAD_BYTES = 1448, // less 20 of IP, 20 of TCP, 12 of timestamps
    QUEUE_MIN = 10,       // an initial window
    BUFFER_MIN = 1 << 20,
    WARM_S = 40,
    MEASURED_S = 80,
    // What one point may cost; a third of it to warm up.
    PACKETS = 300000,
    NAME_MAX = 96,
};

static const char *const congestions[] = {"newreno", "cubic", "bbr"};

struct point {
    const char *table, *congestion;
    uint32_t rtt_ms, rate_mbps;
    uint32_t queue_percent;                // of a bandwidth-delay product
    uint32_t loss_ppm;                     // by itself
    uint32_t burst_ppm, burst_packets;     // a burst's beginning, its mean length
    uint32_t burst_loss_ppm;               // in it
    uint32_t reorder_ppm, reorder_late_ms; // how many are held back, for how long
    bool is_late_by_chance;                // for any time up to that
    uint32_t mark_packets;                 // a longer queue marks packets; 0: none does
};

struct measured {
    double mbits, resent_percent, queue_ms, seconds;
};

static uint32_t bdp_packets(const struct point *point)
{
    return point->rate_mbps * 1000 / 8 * point->rtt_ms / MTU_BYTES;
}

static void describe(const struct point *point, struct synfin_link_config *link)
{
    uint32_t queue = bdp_packets(point) * point->queue_percent / 100;
    synfin_link_config_default(link);
    link->delay_ns = (uint64_t)point->rtt_ms * 500000;
    link->rate_bps = (uint64_t)point->rate_mbps * 1000000;
    link->queue_packets = queue > QUEUE_MIN ? queue : QUEUE_MIN;
    link->mark_packets = point->mark_packets;
    link->packets_max = 1 << 20;
    link->chance_from = SYNFIN_CHANCE_FROM_A;
    link->loss_ppm = point->loss_ppm;
    link->reorder_ppm = point->reorder_ppm;
    uint64_t *late_ns = point->is_late_by_chance ? &link->reorder_jitter_ns : &link->reorder_ns;
    *late_ns = (uint64_t)point->reorder_late_ms * 1000000;
    if (point->burst_ppm > 0) {
        link->burst_begin_ppm = point->burst_ppm;
        link->burst_end_ppm = 1000000 / point->burst_packets;
        link->burst_loss_ppm = point->burst_loss_ppm;
    }
}

// Room for what is in flight and in the queue, and as much again.
static uint32_t buffer_of(const struct point *point)
{
    uint32_t queue = bdp_packets(point) * point->queue_percent / 100;
    uint32_t bytes = (bdp_packets(point) + queue) * 2 * MTU_BYTES;
    return bytes > BUFFER_MIN ? bytes : BUFFER_MIN;
}

static struct measured compare(const struct emulated_path_totals *from,
                               const struct emulated_path_totals *to)
{
    double ns = (double)(to->time_ns - from->time_ns);
    uint64_t octets = 0, queued = to->queued - from->queued;
    for (uint32_t i = 0; i < EMULATED_PATH_FLOWS_MAX; i++) {
        octets += to->octets[i] - from->octets[i];
    }
    return (struct measured){
        .mbits = (double)octets * 8e3 / ns,
        .resent_percent =
            100.0 * (double)(to->resent - from->resent) / (double)(to->packets - from->packets),
        .queue_ms = queued > 0 ? (double)(to->queue_ns - from->queue_ns) / 1e6 / (double)queued : 0,
        .seconds = ns / 1e9,
    };
}

static struct measured measure(const struct point *point)
{
    static struct emulated_path path;
    struct synfin_link_config link;
    uint64_t packets = harness_count(PACKETS, PACKETS / 10);
    describe(point, &link);
    emulated_path_open(&path, &link, buffer_of(point));
    emulated_path_add(&path, point->congestion);
    emulated_path_run(&path, WARM_S * EMULATED_PATH_S, packets / 3);
    struct emulated_path_totals warm = path.totals;
    emulated_path_run(&path, MEASURED_S * EMULATED_PATH_S, packets - packets / 3);
    struct measured measured = compare(&warm, &path.totals);
    emulated_path_close(&path);
    return measured;
}

// The share of packets that the path loses by chance.
static double loss_of(const struct point *point)
{
    double burst = point->burst_ppm * 1e-6 * point->burst_packets;
    return point->loss_ppm * 1e-6 + burst / (1 + burst) * point->burst_loss_ppm * 1e-6;
}

// Mbit/s of payload.
static double carried(const struct point *point)
{
    return point->rate_mbps * (double)PAYLOAD_BYTES / MTU_BYTES * (1 - loss_of(point));
}

// The mean window in segments at this loss (RFC 3649 §2 for NewReno, of one segment per round trip;
// RFC 9438 §5.1 for CUBIC, which is never below the former: §4.3), as goodput, and never more than
// the path carries. Of BBR there is none: it does not answer to losses like these.
static double response(const struct point *point)
{
    double loss = loss_of(point), rtt_s = point->rtt_ms * 1e-3;
    double window = sqrt(1.5 / loss);
    if (strcmp(point->congestion, "bbr") == 0) {
        return -1;
    }
    if (strcmp(point->congestion, "cubic") == 0) {
        double ratio = sqrt(rtt_s / loss);
        double curve = 1.054 * ratio * sqrt(ratio);
        window = curve > window ? curve : window;
    }
    double mbits = window * PAYLOAD_BYTES * 8e-6 / rtt_s * (1 - loss);
    return loss > 0 && mbits < carried(point) ? mbits : carried(point);
}

static bool is_wanted(const char *key)
{
    const char *wanted = harness_option("points");
    return wanted == NULL || strstr(key, wanted) != NULL;
}

static bool knows(const char *congestion)
{
    enum synfin_congestion algorithm;
    return synfin_congestion_find(congestion, &algorithm);
}

static void report(const char *what, const struct point *point, const struct measured *measured)
{
    double model = response(point), path = carried(point);
    const struct harness_detail details[] = {
        {"path", path},
        {"response", model},
        {"to_response", model > 0 ? measured->mbits / model : -1},
        {"resent_percent", measured->resent_percent},
        {"queue_ms", measured->queue_ms},
        {"seconds", measured->seconds},
    };
    const struct harness_figure figure = {.what = what,
                                          .value = measured->mbits,
                                          .unit = "Mbit/s",
                                          .peer = "what the path carries",
                                          .ratio = measured->mbits / path};
    harness_report_with(&figure, details, sizeof details / sizeof details[0]);
}

static void run_point(const struct point *point, const char *fault)
{
    char what[NAME_MAX];
    snprintf(what, sizeof what, "%s/%s/%s/%ums/%uM", point->table, point->congestion, fault,
             point->rtt_ms, point->rate_mbps);
    if (knows(point->congestion) && is_wanted(what)) {
        struct measured measured = measure(point);
        report(what, point, &measured);
    }
}

#define COUNT(table) (sizeof(table) / sizeof(table)[0])

static void run_losses(const char *congestion)
{
    static const uint32_t losses[] = {0, 1000, 10000, 30000, 100000}, rtts[] = {1, 40, 200};
    static const uint32_t rates[] = {10, 100, 1000};
    for (uint32_t i = 0; i < COUNT(losses) * COUNT(rtts) * COUNT(rates); i++) {
        struct point point = {.table = "loss",
                              .congestion = congestion,
                              .loss_ppm = losses[i / 9],
                              .rtt_ms = rtts[i / 3 % 3],
                              .rate_mbps = rates[i % 3],
                              .queue_percent = 100};
        char fault[16];
        snprintf(fault, sizeof fault, "%g%%", point.loss_ppm / 1e4);
        run_point(&point, fault);
    }
}

// A packet in 100, in bursts: of 5 packets that are all lost, or of 20 of which half are.
static void run_bursts(const char *congestion)
{
    static const uint32_t lengths[] = {5, 20}, rates[] = {10, 100};
    for (uint32_t i = 0; i < COUNT(lengths) * COUNT(rates); i++) {
        struct point point = {.table = "bursts",
                              .congestion = congestion,
                              .burst_packets = lengths[i / 2],
                              .burst_ppm = i / 2 == 0 ? 2020 : 1020,
                              .burst_loss_ppm = i / 2 == 0 ? 1000000 : 500000,
                              .rtt_ms = 40,
                              .rate_mbps = rates[i % 2],
                              .queue_percent = 100};
        char fault[16];
        snprintf(fault, sizeof fault, i / 2 == 0 ? "all-of-%u" : "half-of-%u", point.burst_packets);
        run_point(&point, fault);
    }
}

static void run_reordering(const char *congestion)
{
    static const uint32_t late_ms[] = {5, 20, 50, 5, 20, 50}, rates[] = {10, 100};
    for (uint32_t i = 0; i < COUNT(late_ms) * COUNT(rates); i++) {
        struct point point = {.table = "reorder",
                              .congestion = congestion,
                              .reorder_ppm = 10000,
                              .reorder_late_ms = late_ms[i / 2],
                              .is_late_by_chance = i >= COUNT(late_ms),
                              .rtt_ms = 40,
                              .rate_mbps = rates[i % 2],
                              .queue_percent = 100};
        char fault[16];
        snprintf(fault, sizeof fault, "1%%%s%ums", point.is_late_by_chance ? "up-to" : "by",
                 point.reorder_late_ms);
        run_point(&point, fault);
    }
}

struct crowd {
    const char *congestion[2]; // in turn; the second NULL: all the same
    uint32_t flows;
    uint32_t queue_percent; // of a bandwidth-delay product
    uint32_t loss_ppm;
};

static double jain(const double *shares, uint32_t count)
{
    double sum = 0, squares = 0;
    for (uint32_t i = 0; i < count; i++) {
        sum += shares[i];
        squares += shares[i] * shares[i];
    }
    return squares > 0 ? sum * sum / (count * squares) : 0;
}

static void report_crowd(const char *what, const struct crowd *crowd, const struct point *point,
                         const struct emulated_path_totals totals[2])
{
    struct measured measured = compare(&totals[0], &totals[1]);
    double shares[EMULATED_PATH_FLOWS_MAX], first = 0, all = 0;
    for (uint32_t i = 0; i < crowd->flows; i++) {
        shares[i] = (double)(totals[1].octets[i] - totals[0].octets[i]);
        all += shares[i];
        first += i % 2 == 0 ? shares[i] : 0;
    }
    const struct harness_detail details[] = {
        {"of_path", measured.mbits / carried(point)},
        {"first_share", crowd->congestion[1] != NULL ? first / all : -1},
        {"resent_percent", measured.resent_percent},
        {"queue_ms", measured.queue_ms},
    };
    const struct harness_figure figure = {
        .what = what, .value = jain(shares, crowd->flows), .unit = "Jain's index"};
    harness_report_with(&figure, details, COUNT(details));
}

static void name_crowd(const struct crowd *crowd, const char *second, char what[NAME_MAX])
{
    char path[32] = "";
    if (crowd->queue_percent != 100) {
        snprintf(path, sizeof path, "/%gBDP", crowd->queue_percent / 100.0);
    } else if (crowd->loss_ppm != 0) {
        snprintf(path, sizeof path, "/%g%%", crowd->loss_ppm / 1e4);
    }
    snprintf(what, NAME_MAX, "fairness/%s/%s/%uflows%s", crowd->congestion[0], second, crowd->flows,
             path);
}

// A flow begins every 100 ms; a third of the time is for finding the balance.
static void run_crowd(const struct crowd *crowd)
{
    static struct emulated_path path;
    const struct point point = {.rtt_ms = 40,
                                .rate_mbps = 100,
                                .queue_percent = crowd->queue_percent,
                                .loss_ppm = crowd->loss_ppm};
    struct synfin_link_config link;
    char what[NAME_MAX];
    const char *second = crowd->congestion[1] != NULL ? crowd->congestion[1] : crowd->congestion[0];
    name_crowd(crowd, second, what);
    if (!knows(crowd->congestion[0]) || !knows(second) || !is_wanted(what)) {
        return;
    }
    describe(&point, &link);
    emulated_path_open(&path, &link, buffer_of(&point));
    for (uint32_t i = 0; i < crowd->flows; i++) {
        emulated_path_add(&path, i % 2 == 0 ? crowd->congestion[0] : second);
        emulated_path_run(&path, EMULATED_PATH_S / 10, UINT64_MAX);
    }
    uint64_t time_ns = (harness_is_quick() ? 10 : 30) * EMULATED_PATH_S;
    emulated_path_run(&path, time_ns, UINT64_MAX);
    struct emulated_path_totals totals[2] = {path.totals};
    emulated_path_run(&path, 2 * time_ns, UINT64_MAX);
    totals[1] = path.totals;
    emulated_path_close(&path);
    report_crowd(what, crowd, &point, totals);
}

static void run_fairness(void)
{
    static const struct crowd crowds[] = {
        {{"newreno"}, 2, 100, 0},
        {{"newreno"}, 10, 100, 0},
        {{"cubic"}, 2, 100, 0},
        {{"cubic"}, 10, 100, 0},
        {{"bbr"}, 2, 100, 0},
        {{"bbr"}, 10, 100, 0},
        {{"cubic", "newreno"}, 2, 100, 0},
        {{"cubic", "newreno"}, 10, 100, 0},
        {{"bbr", "cubic"}, 2, 100, 0},
        {{"bbr", "cubic"}, 10, 100, 0},
        {{"bbr", "newreno"}, 2, 100, 0},
        {{"bbr"}, 2, 10, 0},
        {{"bbr"}, 10, 10, 0},
        {{"bbr"}, 2, 25, 0},
        {{"bbr"}, 10, 25, 0},
        {{"bbr"}, 2, 3, 0},
        {{"bbr"}, 10, 3, 0},
        {{"bbr", "cubic"}, 2, 10, 0},
        {{"bbr", "cubic"}, 2, 25, 0},
        {{"bbr", "cubic"}, 10, 25, 0},
        {{"bbr"}, 2, 100, 30000},
        {{"bbr"}, 10, 100, 30000},
        {{"bbr", "cubic"}, 2, 100, 1000},
    };
    for (size_t i = 0; i < COUNT(crowds); i++) {
        run_crowd(&crowds[i]);
    }
}

// What a single flow does to those beside it, with a queue of so much of what is under way: what
// waits in a long one, and what is lost at a short one.
static void run_queue(const char *congestion)
{
    static const uint32_t percents[] = {10, 25, 100, 400};
    for (size_t i = 0; i < COUNT(percents); i++) {
        struct point point = {.table = "queue",
                              .congestion = congestion,
                              .rtt_ms = 40,
                              .rate_mbps = 100,
                              .queue_percent = percents[i]};
        char fault[16];
        snprintf(fault, sizeof fault, "%gBDP", percents[i] / 100.0);
        run_point(&point, fault);
    }
}

// A queue of more than 20 packets marks those that come; nothing is lost.
static void run_marks(const char *congestion)
{
    static const uint32_t rtts_ms[] = {1, 40};
    for (uint32_t i = 0; i < COUNT(rtts_ms); i++) {
        struct point point = {.table = "marks",
                              .congestion = congestion,
                              .rtt_ms = rtts_ms[i],
                              .rate_mbps = 100,
                              .queue_percent = rtts_ms[i] == 1 ? 4000 : 100,
                              .mark_packets = 20};
        run_point(&point, "above-20");
    }
}

static bool run_loss(void)
{
    uint64_t begun_ns = harness_cpu_ns();
    for (size_t i = 0; i < COUNT(congestions); i++) {
        run_losses(congestions[i]);
    }
    for (size_t i = 0; i < COUNT(congestions); i++) {
        run_bursts(congestions[i]);
        run_reordering(congestions[i]);
        run_queue(congestions[i]);
        run_marks(congestions[i]);
    }
    run_marks("dctcp");
    run_fairness();
    fprintf(stderr, "loss: %.0f s of processor time\n",
            (double)(harness_cpu_ns() - begun_ns) / 1e9);
    return true;
}

int main(int argc, char **argv)
{
    static const struct harness_bench benches[] = {{"loss", run_loss, HARNESS_NAMED}};
    return harness_main(argc, argv, benches, sizeof benches / sizeof benches[0]);
}
