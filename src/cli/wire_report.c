// SPDX-License-Identifier: MIT
//
// The figures of a wire: for people both directions side by side, for programs one object each.
#include "cli/wire_report.h"

#include <inttypes.h>
#include <stdio.h>

#include "cli/cli_figures.h"

enum { LABEL_COLUMNS = 30, FIGURE_COLUMNS = 18, TEXT_MAX = 64 };

// What is told of one direction.
struct figures {
    struct synfin_link_stats link;
    uint64_t rate_bps;
    uint64_t least_ns, median_ns, p99_ns, greatest_ns; // later than asked for
};

static struct figures figures_of(const struct wire_pump *pump, enum synfin_link_side side)
{
    const struct wire_way *way = &pump->way[side];
    struct figures figures = {
        .link = {.size = sizeof(figures.link)},
        .least_ns = way->excess.least_ns,
        .median_ns = cli_spread_quantile(&way->excess, 500),
        .p99_ns = cli_spread_quantile(&way->excess, 990),
        .greatest_ns = way->excess.greatest_ns,
    };
    synfin_link_stats(pump->link, side, &figures.link);
    figures.rate_bps = cli_figures_rate(way->active_octets, way->active_ns);
    return figures;
}

static char name_of(enum synfin_link_side side)
{
    return side == SYNFIN_LINK_A ? 'a' : 'b';
}

void wire_report_begin(const struct wire_report *report)
{
    const struct synfin_link_config *config = &report->config;
    if (report->has_json) {
        printf("{\"event\":\"joined\",\"t_ns\":%" PRIu64 ",\"a\":\"%s\",\"b\":\"%s\","
               "\"layer\":\"%s\",\"mtu\":%u,\"realtime\":%s}\n",
               report->begun_ns, report->spec[SYNFIN_LINK_A], report->spec[SYNFIN_LINK_B],
               config->is_ethernet ? "ethernet" : "ip", config->mtu_bytes,
               report->is_realtime ? "true" : "false");
    } else {
        printf("joined a = %s and b = %s: %s of up to %u octets\n", report->spec[SYNFIN_LINK_A],
               report->spec[SYNFIN_LINK_B],
               config->is_ethernet ? "Ethernet frames" : "IP datagrams", config->mtu_bytes);
        if (!report->is_realtime) {
            puts("no privilege for real-time priority: delays depend on what else runs here");
        }
    }
    (void)fflush(stdout);
}

static void write_object(const struct wire_report *report, const struct wire_pump *pump,
                         enum synfin_link_side side)
{
    struct figures figures = figures_of(pump, side);
    const struct synfin_link_stats *link = &figures.link;
    bool is_a = side == SYNFIN_LINK_A;
    printf("{\"event\":\"direction\",\"t_ns\":%" PRIu64 ",\"from\":\"%c\",\"to\":\"%c\"",
           report->ended_ns, name_of(side), name_of(is_a ? SYNFIN_LINK_B : SYNFIN_LINK_A));
    printf(",\"packets\":%" PRIu64 ",\"octets\":%" PRIu64 ",\"delivered\":%" PRIu64
           ",\"delivered_octets\":%" PRIu64 ",\"under_way\":%u",
           link->packets, link->octets, link->delivered, link->delivered_octets,
           link->flight_packets);
    printf(",\"lost_random\":%" PRIu64 ",\"lost_targeted\":%" PRIu64 ",\"lost_queue\":%" PRIu64
           ",\"lost_mtu\":%" PRIu64 ",\"lost_policed\":%" PRIu64,
           link->lost_random, link->lost_chosen, link->lost_queue, link->lost_mtu,
           link->lost_policed);
    printf(",\"duplicated\":%" PRIu64 ",\"reordered\":%" PRIu64 ",\"corrupted\":%" PRIu64
           ",\"rate_bps\":%" PRIu64 ",\"queue_packets_max\":%u",
           link->duplicated, link->held_back, link->corrupted, figures.rate_bps,
           link->queue_packets_max);
    printf(",\"delay_ns\":%" PRIu64 ",\"jitter_ns\":%" PRIu64 ",\"late_ns\":{\"min\":%" PRIu64
           ",\"median\":%" PRIu64 ",\"p99\":%" PRIu64 ",\"max\":%" PRIu64 "}}\n",
           report->config.delay_ns, report->config.jitter_ns, figures.least_ns, figures.median_ns,
           figures.p99_ns, figures.greatest_ns);
}

static void write_row(const char *label, const char *a, const char *b)
{
    printf("%-*s%*s%*s\n", LABEL_COLUMNS, label, FIGURE_COLUMNS, a, FIGURE_COLUMNS, b);
}

static void write_counts(const char *label, uint64_t a, uint64_t b)
{
    char text[2][TEXT_MAX];
    (void)snprintf(text[0], TEXT_MAX, "%" PRIu64, a);
    (void)snprintf(text[1], TEXT_MAX, "%" PRIu64, b);
    write_row(label, text[0], text[1]);
}

// A fault that never happened has no row.
static void write_faults(const char *label, uint64_t a, uint64_t b)
{
    if (a != 0 || b != 0) {
        write_counts(label, a, b);
    }
}

static void write_times(const char *label, uint64_t a_ns, uint64_t b_ns)
{
    char text[2][CLI_FIGURES_TEXT_MAX];
    write_row(label, cli_figures_time(a_ns, text[0]), cli_figures_time(b_ns, text[1]));
}

static void write_rates(const struct figures *a, const struct figures *b)
{
    char text[2][TEXT_MAX];
    const struct figures *each[] = {a, b};
    for (int i = 0; i < 2; i++) {
        uint64_t kbps = each[i]->rate_bps / 1000;
        (void)snprintf(text[i], TEXT_MAX, "%" PRIu64 ".%03" PRIu64 " Mbit/s", kbps / 1000,
                       kbps % 1000);
    }
    write_row("rate, pauses left out", text[0], text[1]);
}

static void write_delays(const struct wire_report *report, const struct figures *a,
                         const struct figures *b)
{
    write_times("delay asked for", report->config.delay_ns, report->config.delay_ns);
    if (report->config.jitter_ns != 0) {
        write_times("  and at random up to", report->config.jitter_ns, report->config.jitter_ns);
    }
    write_times("later than asked: least", a->least_ns, b->least_ns);
    write_times("  median", a->median_ns, b->median_ns);
    write_times("  99 %", a->p99_ns, b->p99_ns);
    write_times("  greatest", a->greatest_ns, b->greatest_ns);
}

static void write_table(const struct wire_report *report, const struct wire_pump *pump)
{
    struct figures a = figures_of(pump, SYNFIN_LINK_A);
    struct figures b = figures_of(pump, SYNFIN_LINK_B);
    write_row("", "from a to b", "from b to a");
    write_counts("packets", a.link.packets, b.link.packets);
    write_counts("octets", a.link.octets, b.link.octets);
    write_faults("lost at random", a.link.lost_random, b.link.lost_random);
    write_faults("lost by --drop", a.link.lost_chosen, b.link.lost_chosen);
    write_faults("lost, the queue was full", a.link.lost_queue, b.link.lost_queue);
    write_faults("lost by --police", a.link.lost_policed, b.link.lost_policed);
    write_faults("lost, longer than the MTU", a.link.lost_mtu, b.link.lost_mtu);
    write_faults("duplicated", a.link.duplicated, b.link.duplicated);
    write_faults("reordered", a.link.held_back, b.link.held_back);
    write_faults("corrupted", a.link.corrupted, b.link.corrupted);
    write_faults("under way at the end", a.link.flight_packets, b.link.flight_packets);
    write_counts("delivered", a.link.delivered, b.link.delivered);
    write_rates(&a, &b);
    write_faults("greatest queue, packets", a.link.queue_packets_max, b.link.queue_packets_max);
    write_delays(report, &a, &b);
}

void wire_report_end(const struct wire_report *report, const struct wire_pump *pump)
{
    if (report->has_json) {
        write_object(report, pump, SYNFIN_LINK_A);
        write_object(report, pump, SYNFIN_LINK_B);
    } else {
        write_table(report, pump);
    }
}
