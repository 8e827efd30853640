// SPDX-License-Identifier: MIT
//
// A transfer as a picture: which panels there are, and what stands in them. One flow is drawn with
// everything that is known of it; of several, what lets them be compared.
#include "cli/lab_plot.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli_figures.h"
#include "cli/lab_plot_internal.h"
#include "cli/lab_transfer_report.h"

enum {
    HEAD = 640,
    FOOT = 450,
    SEQUENCE_HEIGHT = 3400,
    WINDOW_HEIGHT = 1900,
    RATE_HEIGHT = 1300,
    DELAY_HEIGHT = 1300,
    PANELS = 4,
    PANEL_HEAD = 360,
    BINS_MIN = 60, // of the rate: a round trip each, within these bounds
    BINS_MAX = 300,
};

static const char *const flow_class[LAB_TRACKS_MAX] = {"f0", "f1", "f2", "f3",
                                                       "f4", "f5", "f6", "f7"};

static uint64_t greatest(const struct lab_series *series)
{
    uint64_t most = 0;
    for (uint32_t i = 0; i < series->points; i++) {
        uint64_t value = series->point[i].value;
        most = value != LAB_SERIES_GAP && value > most ? value : most;
    }
    return most;
}

static uint64_t with_air(uint64_t most)
{
    return most + most / 12 + 1;
}

static void put_legend_of_flow(struct lab_plot *plot, uint32_t flow)
{
    char text[40];
    (void)snprintf(text, sizeof text, "%" PRIu32 " %s", flow + 1,
                   synfin_congestion_name(plot->transfer->flow[flow].congestion));
    lab_panel_legend(plot, flow_class[flow], text);
}

// From the first octet that is sent here, or has been acknowledged, to the last.
static struct lab_panel sequence_panel(const struct lab_plot *plot)
{
    struct lab_panel panel = {
        .title = "octets", .quantity = LAB_QUANTITY_BYTES, .height = SEQUENCE_HEIGHT};
    uint64_t least = UINT64_MAX;
    for (uint32_t i = 0; i < plot->record->tracks; i++) {
        const struct lab_track *track = &plot->record->track[i];
        for (uint32_t k = 0; k < track->sent.bars; k++) {
            const struct lab_bar *bar = &track->sent.bar[k];
            panel.to = bar->end > panel.to ? bar->end : panel.to;
            least = bar->begin < least ? bar->begin : least;
        }
        if (track->acked.points > 0 && track->acked.point[0].value < least) {
            least = track->acked.point[0].value;
        }
    }
    panel.from = least < panel.to ? least : 0;
    panel.to += (panel.to - panel.from) / 20 + 1;
    return panel;
}

static void draw_sequence_of_one(struct lab_plot *plot, struct lab_track *track)
{
    lab_plot_turns_shade(plot);
    lab_panel_bars(plot, &track->sent, "sent", "sent");
    lab_panel_crosses(plot, &track->lost_random, "lost", "lost");
    lab_panel_crosses(plot, &track->lost_queue, "full", "queue full");
    lab_panel_crosses(plot, &track->lost_chosen, "chosen", "--drop");
    lab_panel_series(plot, &track->window_end, "edge", true, "receiver's window");
    lab_panel_series(plot, &track->sacked, "sacked", true, "SACK");
    lab_panel_series(plot, &track->acked, "acked", true, "acknowledged");
    lab_panel_bars(plot, &track->again, "again", "sent again");
    lab_panel_bars(plot, &track->spurious, "needless", "for nothing");
}

static void draw_sequence(struct lab_plot *plot)
{
    struct lab_panel panel = sequence_panel(plot);
    lab_panel_begin(plot, &panel);
    if (plot->record->tracks == 1) {
        draw_sequence_of_one(plot, &plot->record->track[0]);
        return;
    }
    for (uint32_t i = 0; i < plot->record->tracks; i++) {
        lab_panel_series(plot, &plot->record->track[i].acked, flow_class[i], true, NULL);
        put_legend_of_flow(plot, i);
    }
    if (plot->transfer->config.flows > plot->record->tracks) {
        char text[60];
        (void)snprintf(text, sizeof text, "and %" PRIu32 " more, not drawn",
                       plot->transfer->config.flows - plot->record->tracks);
        lab_svg_text(&plot->svg, plot->legend_x, plot->top - 30, "key", text);
    }
}

// What the path holds without its queue.
static uint64_t product(const struct lab_transfer *transfer)
{
    const struct synfin_link_config *link = transfer->config.link;
    uint64_t us = 2 * link->delay_ns / 1000;
    return link->rate_bps / 8 / 1000000 * us + link->rate_bps / 8 % 1000000 * us / 1000000;
}

static void draw_window(struct lab_plot *plot)
{
    struct lab_panel panel = {
        .title = "window", .quantity = LAB_QUANTITY_BYTES, .height = WINDOW_HEIGHT};
    for (uint32_t i = 0; i < plot->record->tracks; i++) {
        const struct lab_track *track = &plot->record->track[i];
        uint64_t cwnd = greatest(&track->cwnd);
        uint64_t flight = plot->record->tracks == 1 ? greatest(&track->flight) : 0;
        panel.to = cwnd > panel.to ? cwnd : panel.to;
        panel.to = flight > panel.to ? flight : panel.to;
    }
    panel.to = with_air(panel.to);
    lab_panel_begin(plot, &panel);
    if (plot->record->tracks == 1) {
        struct lab_track *track = &plot->record->track[0];
        lab_plot_turns_shade(plot);
        lab_panel_area(plot, &track->flight, "flight", true, "not acknowledged, nor by SACK");
        lab_panel_series(plot, &track->ssthresh, "ssthresh", true, "slow-start threshold");
        lab_panel_series(plot, &track->cwnd, "cwnd", true, "congestion window");
    }
    for (uint32_t i = 0; i < plot->record->tracks && plot->record->tracks > 1; i++) {
        lab_panel_series(plot, &plot->record->track[i].cwnd, flow_class[i], true, NULL);
    }
    lab_panel_level(plot, product(plot->transfer), "level", "what the path holds");
    lab_plot_turns_mark(plot);
}

// Bits per second of what got through, in equal parts of the time.
static bool bin_rate(const struct lab_plot *plot, const struct lab_series *octets,
                     struct lab_series *out)
{
    uint64_t width_ns = (plot->to_ns - plot->from_ns) / BINS_MAX + 1;
    uint64_t widest_ns = (plot->to_ns - plot->from_ns) / BINS_MIN + 1;
    uint64_t rtt_ns = 2 * plot->transfer->config.link->delay_ns;
    rtt_ns = rtt_ns < widest_ns ? rtt_ns : widest_ns;
    width_ns = width_ns > rtt_ns ? width_ns : rtt_ns;
    uint64_t before = octets->points > 0 && plot->from_ns > 0 ? octets->point[0].value : 0;
    for (uint64_t t_ns = plot->from_ns + width_ns; t_ns <= plot->to_ns; t_ns += width_ns) {
        uint64_t now = lab_series_at(octets, t_ns, before);
        now = now > before ? now : before;
        if (octets->points == 0 || octets->point[0].t_ns > t_ns) {
            continue; // the flow has not begun
        }
        lab_series_add(out, t_ns - width_ns / 2, cli_figures_rate(now - before, width_ns));
        before = now;
    }
    return !out->is_out_of_memory;
}

static void draw_rates(struct lab_plot *plot)
{
    struct lab_series rate[LAB_TRACKS_MAX] = {{0}};
    struct lab_panel panel = {.title = "rate", .quantity = LAB_QUANTITY_BPS, .height = RATE_HEIGHT};
    uint64_t capacity_bps = lab_transfer_capacity(plot->transfer);
    uint64_t pacing_bps = greatest(&plot->record->track[0].pacing_bps);
    panel.to = capacity_bps;
    for (uint32_t i = 0; i < plot->record->tracks; i++) {
        (void)bin_rate(plot, &plot->record->track[i].got_through, &rate[i]);
        uint64_t most = greatest(&rate[i]);
        panel.to = most > panel.to ? most : panel.to;
    }
    // Pacing may be far above what the path can carry: then its line leaves the panel.
    uint64_t shown_bps = pacing_bps < panel.to * 2 ? pacing_bps : panel.to * 2;
    bool has_pacing = plot->record->tracks == 1 && pacing_bps > 0;
    panel.to = with_air(has_pacing && shown_bps > panel.to ? shown_bps : panel.to);
    lab_panel_begin(plot, &panel);
    if (plot->record->tracks == 1) {
        lab_panel_series(plot, &plot->record->track[0].pacing_bps, "pacing", true, "pacing");
        lab_panel_series(plot, &rate[0], "rate", false, "arriving for the first time");
    }
    for (uint32_t i = 0; i < plot->record->tracks; i++) {
        if (plot->record->tracks > 1) {
            lab_panel_series(plot, &rate[i], flow_class[i], false, NULL);
        }
        lab_series_deinit(&rate[i]);
    }
    lab_panel_level(plot, capacity_bps, "level", "what the path can carry");
}

static void draw_delays(struct lab_plot *plot)
{
    struct lab_panel panel = {
        .title = "delay", .quantity = LAB_QUANTITY_TIME_NS, .height = DELAY_HEIGHT};
    panel.to = greatest(&plot->record->waits_ns);
    for (uint32_t i = 0; i < plot->record->tracks; i++) {
        uint64_t most = greatest(&plot->record->track[i].rtt_ns);
        panel.to = most > panel.to ? most : panel.to;
    }
    panel.to = with_air(panel.to);
    lab_panel_begin(plot, &panel);
    lab_panel_area(plot, &plot->record->waits_ns, "wait", false, "wait in the path's queue");
    for (uint32_t i = 0; i < plot->record->tracks; i++) {
        bool is_one = plot->record->tracks == 1;
        lab_panel_series(plot, &plot->record->track[i].rtt_ns, is_one ? "rtt" : flow_class[i],
                         false, is_one ? "round trip" : NULL);
    }
}

static void put_head(struct lab_plot *plot)
{
    FILE *file = plot->svg.file;
    int32_t height = HEAD + SEQUENCE_HEIGHT + WINDOW_HEIGHT + RATE_HEIGHT + DELAY_HEIGHT
                     + PANELS * PANEL_HEAD + FOOT;
    (void)fprintf(file,
                  "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %" PRId32
                  "\" width=\"%d\" height=\"%" PRId32 "\" role=\"img\">\n<title>",
                  LAB_PLOT_WIDTH / 10, height / 10, LAB_PLOT_WIDTH / 10, height / 10);
    lab_transfer_report_title(file, &plot->transfer->config);
    (void)fprintf(file, "</title>\n%s", lab_plot_style);
    lab_svg_rect(&plot->svg, 0, 0, LAB_PLOT_WIDTH, height, "page");
    (void)fprintf(file, "<text x=\"%d\" y=\"28\" class=\"title\">", LAB_PLOT_LEFT / 10);
    lab_transfer_report_title(file, &plot->transfer->config);
    (void)fprintf(file, "</text>\n<text x=\"%d\" y=\"46\">path: ", LAB_PLOT_LEFT / 10);
    lab_transfer_report_link(file, plot->transfer->config.link);
    (void)fprintf(file, "</text>\n<text x=\"%d\" y=\"61\">", LAB_PLOT_LEFT / 10);
    lab_transfer_report_line(file, plot->transfer);
    (void)fputs("</text>\n", file);
    plot->bottom = HEAD;
}

void lab_plot_write(FILE *file, const struct lab_transfer *transfer, struct lab_record *record)
{
    uint64_t to_ns = record->to_ns < transfer->end_ns ? record->to_ns : transfer->end_ns;
    struct lab_plot plot = {
        .svg = {.file = file},
        .transfer = transfer,
        .record = record,
        .from_ns = record->from_ns,
        .to_ns = to_ns > record->from_ns ? to_ns : record->from_ns + 1,
        .columns = LAB_PLOT_COLUMNS / (record->tracks < 3 ? 1 : record->tracks / 2),
    };
    plot.x = (struct lab_scale){.from = plot.from_ns,
                                .to = plot.to_ns,
                                .place_from = LAB_PLOT_LEFT,
                                .place_to = LAB_PLOT_RIGHT};
    put_head(&plot);
    draw_sequence(&plot);
    draw_window(&plot);
    draw_rates(&plot);
    draw_delays(&plot);
    lab_panel_time_axis(&plot);
    (void)fputs("</svg>\n", file);
}
