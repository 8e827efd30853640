// SPDX-License-Identifier: MIT
//
// One scenario is one or more worlds, one after the other, each with its ladder.
#include "cli/lab_play.h"

#include <stdio.h>
#include <string.h>

#include "cli/cli_output.h"
#include "cli/lab_files.h"
#include "cli/lab_model.h"
#include "cli/lab_report.h"
#include "cli/lab_world.h"

enum { COUNTEREXAMPLE_MAX = 1 << 16 };

#define NS_PER_MS UINT64_C(1000000)
#define DELAY_NS  (20 * NS_PER_MS)

// One world being played: what it writes to.
struct scene {
    const struct lab_play *play;
    const struct lab_scenario *scenario;
    bool has_files; // writes the files that the flags name
    struct synfin_link_config link;
    struct synfin_stack_config stack;
    synfin_ladder *ladder;
    struct lab_files_capture capture;
};

static enum cli_status worse(enum cli_status a, enum cli_status b)
{
    return a > b ? a : b;
}

static void add_drops(const struct lab_scenario *scenario, struct synfin_link_config *link)
{
    for (uint32_t i = 0; i < LAB_DROPS_MAX; i++) {
        const char *text = scenario->drop[i];
        struct synfin_drop_rule *rule = &link->drop_rule[link->drop_rules];
        if (text != NULL
            && synfin_drop_rule_parse(text, "client", "server", rule) == SYNFIN_ERROR_OK) {
            link->drop_rules++;
        }
    }
}

static void add_late(const struct lab_scenario *scenario, struct synfin_link_config *link)
{
    for (uint32_t i = 0; i < LAB_LATE_MAX; i++) {
        const struct lab_late *late = &scenario->late[i];
        struct synfin_late_rule *rule = &link->late_rule[link->late_rules];
        if (late->which != NULL
            && synfin_drop_rule_parse(late->which, "client", "server", &rule->which)
                   == SYNFIN_ERROR_OK) {
            rule->late_ns = late->ms * NS_PER_MS;
            link->late_rules++;
        }
    }
}

static void add_mark(const struct lab_scenario *scenario, struct synfin_link_config *link)
{
    if (scenario->mark != NULL
        && synfin_drop_rule_parse(scenario->mark, "client", "server", &link->mark_rule[0])
               == SYNFIN_ERROR_OK) {
        link->mark_rules = 1;
    }
}

void lab_play_configs(const struct lab_scenario *scenario, bool has_drops,
                      struct synfin_link_config *link, struct synfin_stack_config *stack)
{
    synfin_link_config_default(link);
    link->delay_ns = scenario->delay_ms > 0 ? scenario->delay_ms * NS_PER_MS : DELAY_NS;
    link->rate_bps = scenario->rate_bps;
    link->queue_packets = scenario->queue_packets;
    if (has_drops) {
        add_drops(scenario, link);
    }
    add_late(scenario, link);
    add_mark(scenario, link);
    link->path_mtu_bytes = scenario->path_mtu_bytes;
    link->tells_path_mtu = scenario->tells_path_mtu;
    synfin_stack_config_default(stack);
    if (scenario->ecn != SYNFIN_ECN_NEVER) {
        stack->ecn = (uint8_t)scenario->ecn;
    }
}

static void set_configs(struct scene *scene)
{
    const struct cli_flags *flags = scene->play->flags;
    lab_play_configs(scene->scenario, flags->drop_rules == 0, &scene->link, &scene->stack);
    scene->link.seed = flags->seed;
    cli_flags_to_link(scene->play->parser, flags, &scene->link);
    cli_flags_to_stack(scene->play->parser, flags, &scene->stack);
}

static void write_story(const struct scene *scene)
{
    if (scene->play->flags->has_json) {
        lab_report_story_json(scene->scenario, scene->play->flags->seed, &scene->link);
    } else {
        lab_report_story(scene->scenario, scene->play->has_colour);
    }
}

static void write_world(const struct scene *scene, const struct lab_world *world)
{
    if (scene->play->flags->has_json) {
        synfin_ladder_json(scene->ladder, cli_output_write, stdout);
        lab_report_ends_json(world);
    } else {
        synfin_ladder_text(scene->ladder, cli_output_write, stdout);
        lab_report_ends(world, scene->play->has_colour);
    }
}

// Feeds and writes a counterexample; `name` is how a complaint calls it.
static enum cli_status play_model(const struct lab_play *play, const char *text, const char *name,
                                  bool has_files)
{
    struct lab_model_head head;
    synfin_ladder *ladder = NULL;
    uint32_t line = 0;
    if (lab_files_ladder(play, true, &ladder) != SYNFIN_ERROR_OK) {
        return CLI_STATUS_FAILED;
    }
    enum cli_status status = CLI_STATUS_DONE;
    if (!lab_model_feed(text, ladder, &head, &line)) {
        cli_parse_complain(play->parser, "\"%s\" is no counterexample: line %u", name,
                           (unsigned)line);
        status = CLI_STATUS_USAGE;
    } else {
        lab_report_model(&head, ladder, play->flags->has_json, play->has_colour);
        status = !has_files || lab_files_svg(play, ladder) ? CLI_STATUS_DONE : CLI_STATUS_FAILED;
    }
    synfin_ladder_destroy(ladder);
    return status;
}

// One of the counterexamples that the command knows by name.
static enum cli_status play_known_model(const struct scene *scene, const char *name,
                                        const char *before, const char *behind)
{
    bool has_text = !scene->play->flags->has_json;
    if (name == NULL) {
        return CLI_STATUS_DONE;
    }
    (void)fputs(has_text ? before : "", stdout);
    enum cli_status status = play_model(scene->play, lab_model_texts_find(name), name, false);
    (void)fputs(has_text ? behind : "", stdout);
    return status;
}

// With no fault and no time of TCP chosen, the scenario must end as it says.
static bool is_as_written(const struct lab_play *play)
{
    return !cli_flags_has_fault(play->parser, play->flags) && !cli_flags_has_tcp(play->parser);
}

static enum cli_status play_in_world(struct scene *scene)
{
    struct lab_world world;
    const struct lab_play *play = scene->play;
    struct lab_world_config config = {
        .scenario = scene->scenario,
        .link = &scene->link,
        .stack = &scene->stack,
        .seed = play->flags->seed,
        .is_ipv6 = play->has_ipv6,
        .ladder = scene->ladder,
        .capture = scene->capture.capture,
    };
    enum synfin_error error = lab_world_create(&config, &world);
    if (error != SYNFIN_ERROR_OK) {
        cli_parse_complain(play->parser, "these flags cannot be played: %s",
                           synfin_error_text(error));
        return error == SYNFIN_ERROR_INVALID ? CLI_STATUS_USAGE : CLI_STATUS_FAILED;
    }
    write_story(scene);
    enum cli_status status = play_known_model(scene, scene->scenario->model_before, "",
                                              "\nThe same against the real stacks:\n\n");
    lab_world_run(&world);
    write_world(scene, &world);
    bool is_good = !scene->has_files || lab_files_svg(play, scene->ladder);
    if (is_as_written(play)) {
        is_good &= lab_report_check(&world);
    }
    lab_world_destroy(&world);
    status = worse(status, play_known_model(scene, scene->scenario->model_after, "\n", ""));
    return worse(status, is_good ? CLI_STATUS_DONE : CLI_STATUS_FAILED);
}

static enum cli_status play_scene(struct scene *scene)
{
    set_configs(scene);
    if (lab_files_ladder(scene->play, false, &scene->ladder) != SYNFIN_ERROR_OK) {
        return CLI_STATUS_FAILED;
    }
    bool is_ready = !scene->has_files || lab_files_begin_capture(scene->play, &scene->capture);
    enum cli_status status = is_ready ? play_in_world(scene) : CLI_STATUS_FAILED;
    if (!lab_files_end_capture(scene->play, &scene->capture)) {
        status = worse(status, CLI_STATUS_FAILED);
    }
    synfin_ladder_destroy(scene->ladder);
    return status;
}

enum cli_status lab_play_scenario(const struct lab_play *play, const struct lab_scenario *scenario)
{
    enum cli_status status = CLI_STATUS_DONE;
    const struct lab_scenario *part = scenario;
    while (part != NULL && status != CLI_STATUS_USAGE) {
        struct scene scene = {.play = play, .scenario = part, .has_files = part == scenario};
        if (part != scenario && !play->flags->has_json) {
            (void)fputs("\n\n", stdout);
        }
        status = worse(status, play_scene(&scene));
        part = part->sequel;
    }
    return status;
}

enum cli_status lab_play_counterexample(const struct lab_play *play, const char *path)
{
    static char text[COUNTEREXAMPLE_MAX];
    FILE *file = fopen(path, "rb");
    size_t bytes = file != NULL ? fread(text, 1, sizeof text - 1, file) : 0;
    bool is_read = file != NULL && ferror(file) == 0;
    if (file != NULL) {
        (void)fclose(file);
    }
    if (!is_read) {
        cli_parse_complain(play->parser, "--counterexample: cannot read \"%s\"", path);
        return CLI_STATUS_FAILED;
    }
    text[bytes] = '\0';
    return play_model(play, text, path, true);
}
