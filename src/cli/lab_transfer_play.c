// SPDX-License-Identifier: MIT
//
// `synfin lab transfer`: the path and the flows that its flags describe, played, told and, where
// somebody asks for it, drawn.
#include "cli/lab_transfer_play.h"

#include <stdio.h>
#include <string.h>

#include "cli/cli_output.h"
#include "cli/cli_values.h"
#include "cli/lab_files.h"
#include "cli/lab_plot.h"
#include "cli/lab_transfer.h"
#include "cli/lab_transfer_json.h"
#include "cli/lab_transfer_report.h"

enum {
    // What a link of 100 Gbit/s and 600 ms holds.
    PACKETS_MAX = 1 << 23,
    QUEUE_PACKETS_MIN = 10,
    PACKET_BYTES = 1500,
};

#define NS_PER_MS  UINT64_C(1000000)
#define DELAY_NS   (20 * NS_PER_MS)
#define RATE_BPS   UINT64_C(100000000)
#define BYTES      UINT64_C(10000000)
#define STAGGER_NS (100 * NS_PER_MS)

#define AT(member) offsetof(struct lab_transfer_flags, member)

static bool take_side(void *object, const char *text, const char **why)
{
    struct lab_transfer_flags *flags = object;
    *why = "client or server";
    bool is_client = strcmp(text, "client") == 0;
    flags->chance_from = is_client ? SYNFIN_CHANCE_FROM_A : SYNFIN_CHANCE_FROM_B;
    return is_client || strcmp(text, "server") == 0;
}

static bool take_plot_time(void *object, const char *text, const char **why)
{
    struct lab_transfer_flags *flags = object;
    char from[32] = "";
    const char *dash = strchr(text, '-');
    *why = "FROM-TO, two times such as 1.2s-1.5s";
    if (dash == NULL || (size_t)(dash - text) >= sizeof from) {
        return false;
    }
    memcpy(from, text, (size_t)(dash - text));
    return cli_values_time(from, &flags->plot_from_ns)
           && cli_values_time(dash + 1, &flags->plot_to_ns)
           && flags->plot_from_ns < flags->plot_to_ns;
}

static const struct cli_flag own_flags[] = {
    {"--bytes", CLI_FLAG_BYTES, AT(bytes), "N", "octets of each flow, such as 1GB; 10MB", NULL},
    {"--time", CLI_FLAG_TIME, AT(time_ns), "T", "all flows end after this", NULL},
    {"--flows", CLI_FLAG_COUNT, AT(flows), "N", "so many; with --cc a,b of each in turn", NULL},
    {"--stagger", CLI_FLAG_TIME, AT(stagger_ns), "T", "between the begins of two flows; 100ms",
     NULL},
    {"--only-from", CLI_FLAG_SPECIAL, AT(chance_from), "SIDE",
     "client or server: chance befalls only what comes from there", take_side},
    {"--plot", CLI_FLAG_TEXT, AT(plot_path), "FILE",
     "octets, window, rates and delays over time as a picture (SVG)", NULL},
    {"--plot-time", CLI_FLAG_SPECIAL, AT(plot_from_ns), "FROM-TO",
     "only this part of the time, such as 1.2s-1.5s", take_plot_time},
    {"--ladder", CLI_FLAG_SWITCH, AT(has_ladder), NULL, "draw every segment before the figures",
     NULL},
};

// One transfer being played: what it writes to.
struct scene {
    const struct lab_play *play;
    struct synfin_link_config link;
    struct synfin_stack_config stack;
    synfin_ladder *ladder; // NULL: nobody wants one
    struct lab_files_capture capture;
    struct lab_record record; // tracks 0: nobody wants a picture
};

void lab_transfer_play_add(struct cli_parser *parser, struct lab_transfer_flags *flags)
{
    *flags = (struct lab_transfer_flags){.bytes = BYTES,
                                         .time_ns = SYNFIN_NEVER,
                                         .flows = 1,
                                         .stagger_ns = STAGGER_NS,
                                         .plot_to_ns = SYNFIN_NEVER};
    cli_parse_add(parser, "transfer", own_flags, sizeof own_flags / sizeof own_flags[0], flags);
}

const char *lab_transfer_play_given(const struct cli_parser *parser)
{
    for (uint32_t i = 0; i < parser->sets; i++) {
        const struct cli_flag_set *set = &parser->set[i];
        for (size_t k = 0; set->flag == own_flags && k < set->flags; k++) {
            if ((set->given >> k & 1) != 0) {
                return set->flag[k].name;
            }
        }
    }
    return NULL;
}

// What the path holds on its way there and back: a queue as long as that keeps a window that was
// halved from leaving the path idle.
static uint32_t product_packets(const struct synfin_link_config *link)
{
    uint64_t us = 2 * link->delay_ns / 1000;
    uint64_t octets_per_s = link->rate_bps / 8;
    uint64_t octets = octets_per_s / 1000000 * us + octets_per_s % 1000000 * us / 1000000;
    uint64_t packets = (octets + PACKET_BYTES - 1) / PACKET_BYTES;
    packets = packets > QUEUE_PACKETS_MIN ? packets : QUEUE_PACKETS_MIN;
    return packets < PACKETS_MAX / 2 ? (uint32_t)packets : PACKETS_MAX / 2;
}

static void set_configs(struct scene *scene, const struct lab_transfer_flags *flags)
{
    const struct lab_play *play = scene->play;
    synfin_link_config_default(&scene->link);
    scene->link.delay_ns = DELAY_NS;
    scene->link.rate_bps = RATE_BPS;
    scene->link.packets_max = PACKETS_MAX;
    scene->link.queue_packets = 0;
    cli_flags_to_link(play->parser, play->flags, &scene->link);
    scene->link.seed = play->flags->seed;
    scene->link.chance_from = (uint8_t)flags->chance_from;
    if (scene->link.queue_packets == 0) {
        scene->link.queue_packets = product_packets(&scene->link);
    }
    synfin_stack_config_default(&scene->stack);
    // The transfer shows what a sender does, not how many of them a host holds.
    scene->stack.memory_limit_bytes = SIZE_MAX / 4;
    cli_flags_to_stack(play->parser, play->flags, &scene->stack);
}

static void on_passage(void *ctx, const struct synfin_passage *passage)
{
    const struct scene *scene = ctx;
    if (scene->ladder != NULL) {
        synfin_ladder_passage(scene->ladder, passage);
    }
    if (scene->capture.capture != NULL) {
        synfin_capture_passage(scene->capture.capture, passage);
    }
}

static void on_trace(void *ctx, enum synfin_link_side side, const struct synfin_trace_event *event)
{
    const struct scene *scene = ctx;
    synfin_ladder_trace(scene->ladder, side, event);
}

static void on_packet(void *ctx, uint32_t flow, const struct synfin_passage *passage,
                      const struct lab_sighting *sighting, const struct lab_oracle *oracle)
{
    struct scene *scene = ctx;
    lab_record_packet(&scene->record, flow, passage, sighting, oracle);
}

static void on_info(void *ctx, uint32_t flow, const struct synfin_tcp_info *info, uint64_t now_ns)
{
    struct scene *scene = ctx;
    lab_record_info(&scene->record, flow, info, now_ns);
}

static void on_congestion(void *ctx, uint32_t flow, const struct synfin_trace_event *event)
{
    struct scene *scene = ctx;
    lab_record_congestion(&scene->record, flow, event);
}

static bool write_plot(struct scene *scene, const struct lab_transfer *transfer, const char *path)
{
    FILE *file = path != NULL ? fopen(path, "wb") : NULL;
    bool is_whole = file != NULL && lab_record_is_whole(&scene->record);
    if (path == NULL) {
        return true;
    }
    if (file != NULL) {
        lab_plot_write(file, transfer, &scene->record);
        is_whole &= ferror(file) == 0;
        is_whole &= fclose(file) == 0;
    }
    if (!is_whole) {
        cli_parse_complain(scene->play->parser, "--plot: cannot write \"%s\"", path);
    }
    return is_whole;
}

static bool draw(struct scene *scene, const struct lab_transfer_flags *flags)
{
    if (scene->ladder == NULL) {
        return true;
    }
    if (flags->has_ladder && scene->play->flags->has_json) {
        synfin_ladder_json(scene->ladder, cli_output_write, stdout);
    } else if (flags->has_ladder) {
        synfin_ladder_text(scene->ladder, cli_output_write, stdout);
        (void)putchar('\n');
    }
    return lab_files_svg(scene->play, scene->ladder);
}

static enum cli_status play_transfer(struct scene *scene, const struct lab_transfer_config *config,
                                     const struct lab_transfer_flags *flags)
{
    static struct lab_transfer transfer;
    const struct lab_play *play = scene->play;
    enum synfin_error error = lab_transfer_create(config, &transfer);
    if (error != SYNFIN_ERROR_OK) {
        cli_parse_complain(play->parser, "these flags cannot be played: %s",
                           synfin_error_text(error));
        return error == SYNFIN_ERROR_INVALID ? CLI_STATUS_USAGE : CLI_STATUS_FAILED;
    }
    lab_transfer_run(&transfer);
    bool is_good = draw(scene, flags);
    is_good &= write_plot(scene, &transfer, flags->plot_path);
    if (play->flags->has_json) {
        lab_transfer_json_write(&transfer);
    } else {
        lab_transfer_report_path(config, play->has_colour);
        lab_transfer_report_text(&transfer);
    }
    is_good &= lab_transfer_report_check(&transfer);
    lab_transfer_destroy(&transfer);
    return is_good ? CLI_STATUS_DONE : CLI_STATUS_FAILED;
}

static enum cli_status play_scene(struct scene *scene, const struct lab_transfer_flags *flags)
{
    const struct lab_play *play = scene->play;
    bool has_time = cli_parse_has(play->parser, flags, AT(time_ns));
    bool has_bytes = cli_parse_has(play->parser, flags, AT(bytes));
    static const enum synfin_congestion cubic[] = {SYNFIN_CONGESTION_CUBIC};
    bool has_list = play->flags->congestions > 0;
    struct lab_transfer_config config = {
        .link = &scene->link,
        .stack = &scene->stack,
        .seed = play->flags->seed,
        .is_ipv6 = play->has_ipv6,
        .bytes = has_time && !has_bytes ? UINT64_MAX : flags->bytes,
        .time_ns = flags->time_ns,
        .flows = (uint32_t)flags->flows,
        .stagger_ns = flags->stagger_ns,
        .congestion = has_list ? play->flags->congestion_list : cubic,
        .congestions = has_list ? play->flags->congestions : 1,
        .audience = {.ctx = scene, .passage = on_passage},
    };
    bool needs_ladder = flags->has_ladder || play->flags->svg_path != NULL;
    if (needs_ladder && lab_files_ladder(play, false, &scene->ladder) != SYNFIN_ERROR_OK) {
        return CLI_STATUS_FAILED;
    }
    config.audience.trace = needs_ladder ? on_trace : NULL;
    if (flags->plot_path != NULL) {
        config.audience.packet = on_packet;
        config.audience.info = on_info;
        config.audience.congestion = on_congestion;
    }
    bool is_ready = lab_files_begin_capture(play, &scene->capture);
    enum cli_status status = is_ready ? play_transfer(scene, &config, flags) : CLI_STATUS_FAILED;
    bool is_whole = lab_files_end_capture(play, &scene->capture);
    if (needs_ladder) {
        synfin_ladder_destroy(scene->ladder);
    }
    return is_whole || status != CLI_STATUS_DONE ? status : CLI_STATUS_FAILED;
}

enum cli_status lab_transfer_play(const struct lab_play *play,
                                  const struct lab_transfer_flags *flags)
{
    struct scene scene = {.play = play};
    if (flags->flows == 0 || flags->flows > LAB_FLOWS_MAX) {
        cli_parse_complain(play->parser, "--flows is a number from 1 to %d", LAB_FLOWS_MAX);
        return CLI_STATUS_USAGE;
    }
    if (flags->plot_path != NULL
        && !lab_record_init(&scene.record, (uint32_t)flags->flows, flags->plot_from_ns,
                            flags->plot_to_ns)) {
        cli_parse_complain(play->parser, "no memory");
        return CLI_STATUS_FAILED;
    }
    set_configs(&scene, flags);
    enum cli_status status = play_scene(&scene, flags);
    lab_record_deinit(&scene.record);
    return status;
}
