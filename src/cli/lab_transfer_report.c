// SPDX-License-Identifier: MIT
//
// A transfer's figures in words: first the path, then what it carried, then what that cost.
#include "cli/lab_transfer_report.h"

#include <inttypes.h>
#include <stdio.h>

#include "cli/cli_figures.h"
#include "cli/lab_sum.h"

enum { LABEL_COLUMNS = 14, TEXT_MAX = CLI_FIGURES_TEXT_MAX };

struct words {
    char number[TEXT_MAX], time[TEXT_MAX], share[TEXT_MAX], rate[TEXT_MAX];
};

static void write_label(const char *label)
{
    (void)printf("%-*s", LABEL_COLUMNS, label);
}

static void write_chance(FILE *file, uint32_t ppm, const char *what)
{
    char text[TEXT_MAX];
    if (ppm > 0) {
        (void)fprintf(file, ", %s %s", cli_figures_share(ppm, text), what);
    }
}

static void write_hold(FILE *file, const struct synfin_link_config *link)
{
    struct words w;
    if (link->reorder_ppm > 0 && link->reorder_ns > 0) {
        (void)fprintf(file, " by %s", cli_figures_time(link->reorder_ns, w.time));
    }
    if (link->reorder_ppm > 0 && link->reorder_jitter_ns > 0) {
        (void)fprintf(file, "%s up to %s%s", link->reorder_ns > 0 ? " and" : " by",
                      cli_figures_time(link->reorder_jitter_ns, w.time),
                      link->reorder_ns > 0 ? " more" : "");
    }
}

void lab_transfer_report_link(FILE *file, const struct synfin_link_config *link)
{
    struct words w;
    (void)fprintf(file, "%s each way", cli_figures_time(link->delay_ns, w.time));
    if (link->jitter_ns > 0) {
        (void)fprintf(file, " and up to %s more", cli_figures_time(link->jitter_ns, w.time));
    }
    if (link->rate_bps > 0) {
        (void)fprintf(file, ", %s, queue of %" PRIu32 " packets",
                      cli_figures_bps(link->rate_bps, w.rate), link->queue_packets);
    }
    if (link->police_bps > 0) {
        (void)fprintf(file, ", policed to %s", cli_figures_bps(link->police_bps, w.rate));
        (void)fprintf(file, " in bursts of %s octets",
                      cli_figures_number(link->police_bytes, w.number));
    }
    write_chance(file, link->loss_ppm, "lost");
    if (link->burst_begin_ppm > 0) {
        (void)fprintf(file, ", bursts (%s begin",
                      cli_figures_share(link->burst_begin_ppm, w.share));
        (void)fprintf(file, ", %s end", cli_figures_share(link->burst_end_ppm, w.share));
        (void)fprintf(file, ", %s lost)", cli_figures_share(link->burst_loss_ppm, w.share));
    }
    write_chance(file, link->duplicate_ppm, "twice");
    write_chance(file, link->reorder_ppm, "held back");
    write_hold(file, link);
    write_chance(file, link->corrupt_ppm, "corrupted");
}

void lab_transfer_report_title(FILE *file, const struct lab_transfer_config *config)
{
    struct words w;
    if (config->bytes != UINT64_MAX) {
        (void)fprintf(file, "transfer: %s octets", cli_figures_number(config->bytes, w.number));
    } else {
        (void)fprintf(file, "transfer: %s", cli_figures_time(config->time_ns, w.time));
    }
    if (config->flows > 1) {
        (void)fprintf(file, " in each of %" PRIu32 " flows", config->flows);
    }
    (void)fprintf(file, ", %s", synfin_congestion_name(config->congestion[0]));
    for (uint32_t i = 1; i < config->congestions; i++) {
        (void)fprintf(file, "%s%s", i + 1 < config->congestions ? ", " : " and ",
                      synfin_congestion_name(config->congestion[i]));
    }
}

void lab_transfer_report_line(FILE *file, const struct lab_transfer *transfer)
{
    struct words w;
    struct lab_sum sum;
    lab_sum_all(&sum, transfer);
    uint64_t goodput_bps = cli_figures_rate(sum.received_bytes, transfer->end_ns);
    uint64_t capacity_bps = lab_transfer_capacity(transfer);
    (void)fprintf(file, "goodput %s", cli_figures_bps(goodput_bps, w.rate));
    if (capacity_bps > 0) {
        (void)fprintf(file, " (%s)",
                      cli_figures_share(cli_figures_ppm(goodput_bps, capacity_bps), w.share));
    }
    (void)fprintf(file, " in %s", cli_figures_exact(transfer->end_ns, w.time));
    (void)fprintf(file, "; %s segments sent again", cli_figures_number(sum.again, w.number));
    (void)fprintf(file, ", %s for nothing", cli_figures_number(sum.spurious, w.number));
    (void)fprintf(file, "; %" PRIu64 " timeouts, %" PRIu64 " undone", sum.timeouts, sum.undos);
}

void lab_transfer_report_path(const struct lab_transfer_config *config, bool has_colour)
{
    (void)fputs(has_colour ? "\x1b[1m" : "", stdout);
    lab_transfer_report_title(stdout, config);
    (void)puts(has_colour ? "\x1b[0m\n" : "\n");
    write_label("path");
    lab_transfer_report_link(stdout, config->link);
    (void)putchar('\n');
}

static void write_goodput(const struct lab_transfer *transfer, uint64_t goodput_bps)
{
    struct words w;
    uint64_t capacity_bps = lab_transfer_capacity(transfer);
    write_label("goodput");
    (void)fputs(cli_figures_bps(goodput_bps, w.rate), stdout);
    if (capacity_bps > 0) {
        (void)printf(", %s of what the path can carry",
                     cli_figures_share(cli_figures_ppm(goodput_bps, capacity_bps), w.share));
    }
    (void)putchar('\n');
}

static void write_carried(const struct lab_transfer *transfer, const struct lab_sum *sum)
{
    struct words w;
    write_goodput(transfer, cli_figures_rate(sum->received_bytes, transfer->end_ns));
    if (transfer->all_ended_ns > transfer->all_began_ns && transfer->config.flows > 1) {
        uint64_t ppm = lab_transfer_jain(transfer);
        write_label("fairness");
        (void)printf("%" PRIu64 ".%03" PRIu64 " (Jain) in the %s in which all flows ran\n",
                     ppm / 1000000, ppm % 1000000 / 1000,
                     cli_figures_exact(transfer->all_ended_ns - transfer->all_began_ns, w.time));
    }
    write_label("duration");
    (void)printf("%s: %s octets, %s\n", cli_figures_exact(transfer->end_ns, w.time),
                 cli_figures_number(sum->received_bytes, w.number),
                 sum->is_intact ? "all as they were sent" : "NOT AS THEY WERE SENT");
}

static void write_rtt(const struct lab_flow *flow)
{
    const struct cli_spread *rtt = &flow->oracle.rtt;
    char text[TEXT_MAX];
    write_label("round trip");
    (void)printf("%s least, ", cli_figures_time(rtt->least_ns, text));
    (void)printf("%s median, ", cli_figures_time(cli_spread_quantile(rtt, 500), text));
    (void)printf("%s at 95 %%, ", cli_figures_time(cli_spread_quantile(rtt, 950), text));
    (void)printf("%s greatest; ", cli_figures_time(rtt->greatest_ns, text));
    (void)printf("smoothed %s\n", cli_figures_time(flow->last_info.srtt_ns, text));
}

static void write_window(const struct lab_flow *flow)
{
    struct words w;
    write_label("window");
    (void)printf("%s octets on average, ", cli_figures_number(lab_sum_cwnd_mean(flow), w.number));
    (void)printf("%s greatest\n", cli_figures_number(flow->cwnd_bytes_max, w.number));
}

static void write_queue(const struct lab_transfer *transfer, const struct synfin_link_stats *link)
{
    const struct cli_spread *waits = &transfer->waits;
    char text[TEXT_MAX];
    if (transfer->config.link->rate_bps == 0) {
        return;
    }
    write_label("queue");
    (void)printf("%s mean wait, ", cli_figures_time(cli_spread_mean(waits), text));
    (void)printf("%s at 95 %%, ", cli_figures_time(cli_spread_quantile(waits, 950), text));
    (void)printf("%s greatest, %" PRIu32 " packets\n", cli_figures_time(waits->greatest_ns, text),
                 link->queue_packets_max);
}

static void add_lost(uint64_t *parts, uint64_t count, const char *text)
{
    if (count > 0) {
        (void)printf("%s%" PRIu64 " %s", *parts > 0 ? ", " : "", count, text);
        *parts += 1;
    }
}

static void write_lost(const struct lab_transfer *transfer, const struct synfin_link_stats *link)
{
    uint64_t parts = 0;
    write_label("lost");
    add_lost(&parts, link->lost_random, "at random");
    add_lost(&parts, link->lost_queue, "at the full queue");
    add_lost(&parts, link->lost_policed, "by the policer");
    add_lost(&parts, link->lost_chosen, "by --drop");
    add_lost(&parts, link->lost_mtu, "longer than the path's MTU");
    add_lost(&parts, link->corrupted, "corrupted");
    add_lost(&parts, lab_sum_refused(transfer), "for which the receiver had no room");
    (void)puts(parts > 0 ? "" : "nothing");
}

static void write_sent(const struct lab_sum *sum)
{
    struct words w;
    write_label("sent");
    (void)printf("%s segments, ", cli_figures_number(sum->segments, w.number));
    (void)printf("%s octets on the wire; ", cli_figures_number(sum->octets, w.number));
    (void)printf("%s acknowledgments came back\n", cli_figures_number(sum->acks, w.number));
}

static void write_again(const struct lab_sum *sum)
{
    struct words w;
    write_label("sent again");
    (void)printf("%s segment%s", cli_figures_number(sum->again, w.number),
                 sum->again == 1 ? "" : "s");
    if (sum->again > 0) {
        (void)printf(" (%s), %s of them for nothing",
                     cli_figures_share(cli_figures_ppm(sum->again, sum->segments), w.share),
                     cli_figures_number(sum->spurious, w.rate));
    }
    (void)putchar('\n');
    for (uint32_t i = 0; i < SYNFIN_REASON_COUNT; i++) {
        enum synfin_reason reason = (enum synfin_reason)i;
        if (sum->again_by[i] > 0) {
            (void)printf("%*s%7" PRIu64 "  %s · %s\n", LABEL_COLUMNS, "", sum->again_by[i],
                         synfin_reason_text(reason), synfin_reason_clause(reason));
        }
    }
    write_label("recovery");
    (void)printf("%" PRIu64 " by acknowledgments, %" PRIu64 " timeouts, %" PRIu64 " undone",
                 sum->recoveries, sum->timeouts, sum->undos);
    if (sum->marks > 0) {
        (void)printf("; %" PRIu64 " times slower at a router's mark", sum->marks);
    }
    (void)putchar('\n');
}

static void write_flows(const struct lab_transfer *transfer)
{
    (void)printf("\n%-5s%-9s%10s%11s%15s%10s%10s%8s%8s\n", "flow", "", "began", "ended", "goodput",
                 "rtt", "window", "again", "timeout");
    for (uint32_t i = 0; i < transfer->config.flows; i++) {
        const struct lab_flow *flow = &transfer->flow[i];
        char text[5][TEXT_MAX];
        char outcome[TEXT_MAX];
        bool has_ended = flow->is_done && flow->error == SYNFIN_ERROR_OK;
        (void)printf("%-5" PRIu32 "%-9s%10s%11s%15s%10s%10" PRIu64 "%8" PRIu64 "%8" PRIu64 "\n",
                     i + 1, synfin_congestion_name(flow->congestion),
                     cli_figures_time(flow->start_ns, text[0]),
                     has_ended ? cli_figures_exact(flow->end_ns, text[1])
                               : lab_sum_outcome(flow, outcome, sizeof outcome),
                     cli_figures_bps(lab_transfer_goodput(flow), text[2]),
                     cli_figures_time(cli_spread_quantile(&flow->oracle.rtt, 500), text[3]),
                     lab_sum_cwnd_mean(flow), flow->oracle.again, flow->timeouts);
    }
    (void)puts("      goodput from begin to end; rtt: median; window: mean octets; again: "
               "segments");
}

void lab_transfer_report_text(const struct lab_transfer *transfer)
{
    struct lab_sum sum;
    struct synfin_link_stats link = {.size = sizeof link};
    lab_sum_all(&sum, transfer);
    synfin_link_stats(transfer->link, SYNFIN_LINK_A, &link);
    write_carried(transfer, &sum);
    if (transfer->config.flows == 1) {
        write_rtt(&transfer->flow[0]);
        write_window(&transfer->flow[0]);
    }
    write_queue(transfer, &link);
    write_lost(transfer, &link);
    write_sent(&sum);
    write_again(&sum);
    if (transfer->config.flows > 1) {
        write_flows(transfer);
    }
}

// What is wrong with a flow; NULL when nothing is.
static const char *fault_of(const struct lab_transfer *transfer, const struct lab_flow *flow)
{
    if (flow->has_wrong_octet) {
        return "octets arrived that were not sent";
    }
    if (flow->oracle.is_out_of_memory) {
        return "no memory for the figures";
    }
    if (!flow->is_done) {
        return transfer->config.time_ns == SYNFIN_NEVER ? "it does not end" : NULL;
    }
    return flow->error != SYNFIN_ERROR_OK ? synfin_error_text(flow->error) : NULL;
}

bool lab_transfer_report_check(const struct lab_transfer *transfer)
{
    bool is_good = true;
    for (uint32_t i = 0; i < transfer->config.flows; i++) {
        const char *fault = fault_of(transfer, &transfer->flow[i]);
        if (fault != NULL) {
            (void)fprintf(stderr, "synfin lab: transfer: flow %" PRIu32 ": %s\n", i + 1, fault);
            is_good = false;
        }
    }
    return is_good;
}
