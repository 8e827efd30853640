// SPDX-License-Identifier: MIT
//
// synfin lab: plays scenarios between two real stacks over an emulated link in virtual time, and
// draws what happens. Needs no privilege, touches no network.
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/cli_flags.h"
#include "cli/cli_output.h"
#include "cli/lab_report.h"
#include "cli/lab_world.h"

enum { FOLD_AFTER = 8 };

#define DELAY_NS UINT64_C(20000000)

struct options {
    struct cli_flags flags;
    bool has_list, has_all, has_ipv6;
};

static const struct cli_flag own_flags[] = {
    {"--list", CLI_FLAG_SWITCH, offsetof(struct options, has_list), NULL, "name the scenarios",
     NULL},
    {"--all", CLI_FLAG_SWITCH, offsetof(struct options, has_all), NULL, "play all of them", NULL},
    {"--ipv6", CLI_FLAG_SWITCH, offsetof(struct options, has_ipv6), NULL,
     "play over IPv6 instead of IPv4", NULL},
};

// One scenario being played: what it writes to.
struct play {
    const struct cli_parser *parser;
    const struct options *options;
    const struct lab_scenario *scenario;
    struct synfin_link_config link;
    struct synfin_stack_config stack;
    synfin_ladder *ladder;
    synfin_capture *capture;
    FILE *capture_file;
    bool has_colour;
};

static enum cli_parse_outcome read_options(struct cli_parser *parser, struct options *options,
                                           int argc, char **argv)
{
    memset(parser, 0, sizeof *parser);
    memset(options, 0, sizeof *options);
    parser->command = "lab";
    parser->usage = "[SCENARIO | --all | --list] [FLAGS]";
    parser->about =
        "Plays a part of a connection's life between two stacks over an emulated link\n"
        "in virtual time, and draws it. Needs no privilege. The flags of the link, its\n"
        "faults and TCP's times override the scenario's own; --drop replaces what it\n"
        "loses.";
    parser->operands_max = 1;
    cli_parse_add(parser, "lab", own_flags, sizeof own_flags / sizeof own_flags[0], options);
    cli_flags_add(parser, &options->flags, CLI_FLAGS_FAULT | CLI_FLAGS_TCP | CLI_FLAGS_OUTPUT);
    options->flags.seed = 1;
    enum cli_parse_outcome outcome = cli_parse_run(parser, argc, argv);
    if (outcome != CLI_PARSE_READY || options->has_list) {
        return outcome;
    }
    if (parser->operands == 0 && !options->has_all) {
        cli_parse_complain(parser, "name a scenario (synfin lab --list names them), or --all");
        return CLI_PARSE_WRONG;
    }
    if (parser->operands > 0 && options->has_all) {
        cli_parse_complain(parser, "\"%s\" and --all exclude each other", parser->operand[0]);
        return CLI_PARSE_WRONG;
    }
    bool has_file = options->flags.svg_path != NULL || options->flags.pcapng_path != NULL;
    if (options->has_all && has_file) {
        cli_parse_complain(parser, "--svg and --pcapng hold one scenario, not --all");
        return CLI_PARSE_WRONG;
    }
    return CLI_PARSE_READY;
}

static void write_list(void)
{
    size_t count = 0;
    const struct lab_scenario *all = lab_scenarios_all(&count);
    for (size_t i = 0; i < count; i++) {
        (void)printf("%-20s %s\n", all[i].name, all[i].summary);
    }
}

static void set_configs(struct play *play)
{
    const struct cli_flags *flags = &play->options->flags;
    synfin_link_config_default(&play->link);
    play->link.seed = flags->seed;
    play->link.delay_ns = DELAY_NS;
    for (uint32_t i = 0; flags->drop_rules == 0 && i < LAB_DROPS_MAX; i++) {
        const char *text = play->scenario->drop[i];
        struct synfin_drop_rule *rule = &play->link.drop_rule[play->link.drop_rules];
        if (text != NULL
            && synfin_drop_rule_parse(text, "client", "server", rule) == SYNFIN_ERROR_OK) {
            play->link.drop_rules++;
        }
    }
    cli_flags_to_link(play->parser, flags, &play->link);
    synfin_stack_config_default(&play->stack);
    cli_flags_to_stack(play->parser, flags, &play->stack);
}

static enum synfin_error make_ladder(struct play *play)
{
    struct synfin_ladder_config config;
    synfin_ladder_config_default(&config);
    config.has_colour = play->has_colour;
    config.width_columns = cli_output_columns();
    config.fold_after = FOLD_AFTER;
    return synfin_ladder_create(&config, &play->ladder);
}

static bool make_capture(struct play *play)
{
    struct synfin_env env;
    const char *path = play->options->flags.pcapng_path;
    if (path == NULL) {
        return true;
    }
    lab_world_env(&env);
    play->capture_file = fopen(path, "wb");
    if (play->capture_file == NULL
        || synfin_capture_create(&env, false, cli_output_write, play->capture_file, &play->capture)
               != SYNFIN_ERROR_OK) {
        cli_parse_complain(play->parser, "--pcapng: cannot write \"%s\"", path);
        return false;
    }
    return true;
}

// Closes the files; false, with a complaint, when one of them is not whole.
static bool finish_capture(struct play *play)
{
    bool is_whole = play->capture == NULL || synfin_capture_ok(play->capture);
    if (play->capture != NULL) {
        synfin_capture_destroy(play->capture);
    }
    if (play->capture_file != NULL) {
        is_whole &= fclose(play->capture_file) == 0;
    }
    if (!is_whole) {
        cli_parse_complain(play->parser, "--pcapng: cannot write \"%s\"",
                           play->options->flags.pcapng_path);
    }
    return is_whole;
}

static bool write_svg(const struct play *play)
{
    const char *path = play->options->flags.svg_path;
    if (path == NULL) {
        return true;
    }
    FILE *file = fopen(path, "wb");
    if (file != NULL) {
        synfin_ladder_svg(play->ladder, cli_output_write, file);
    }
    bool is_whole = file != NULL && ferror(file) == 0;
    if (file != NULL) {
        is_whole &= fclose(file) == 0;
    }
    if (!is_whole) {
        cli_parse_complain(play->parser, "--svg: cannot write \"%s\"", path);
    }
    return is_whole;
}

static void write_scenario(const struct play *play, const struct lab_world *world)
{
    const struct options *options = play->options;
    if (options->flags.has_json) {
        lab_report_story_json(play->scenario, options->flags.seed, &play->link);
        synfin_ladder_json(play->ladder, cli_output_write, stdout);
        lab_report_ends_json(world);
    } else {
        lab_report_story(play->scenario, play->has_colour);
        synfin_ladder_text(play->ladder, cli_output_write, stdout);
        lab_report_ends(world, play->has_colour);
    }
}

// With no fault and no time of TCP chosen, the scenario must end as it says.
static bool is_as_written(const struct play *play)
{
    const struct cli_flags *flags = &play->options->flags;
    return !cli_flags_has_fault(play->parser, flags) && !cli_flags_has_tcp(play->parser);
}

static enum cli_status play_in_world(struct play *play)
{
    struct lab_world world;
    struct lab_world_config config = {
        .scenario = play->scenario,
        .link = &play->link,
        .stack = &play->stack,
        .seed = play->options->flags.seed,
        .is_ipv6 = play->options->has_ipv6,
        .ladder = play->ladder,
        .capture = play->capture,
    };
    enum synfin_error error = lab_world_create(&config, &world);
    if (error != SYNFIN_ERROR_OK) {
        cli_parse_complain(play->parser, "these flags cannot be played: %s",
                           synfin_error_text(error));
        return error == SYNFIN_ERROR_INVALID ? CLI_STATUS_USAGE : CLI_STATUS_FAILED;
    }
    lab_world_run(&world);
    write_scenario(play, &world);
    bool is_good = write_svg(play);
    if (is_as_written(play)) {
        is_good &= lab_report_check(&world);
    }
    lab_world_destroy(&world);
    return is_good ? CLI_STATUS_DONE : CLI_STATUS_FAILED;
}

static enum cli_status play_scenario(struct play *play)
{
    set_configs(play);
    if (make_ladder(play) != SYNFIN_ERROR_OK) {
        cli_parse_complain(play->parser, "no memory");
        return CLI_STATUS_FAILED;
    }
    enum cli_status status = make_capture(play) ? play_in_world(play) : CLI_STATUS_FAILED;
    if (!finish_capture(play) && status == CLI_STATUS_DONE) {
        status = CLI_STATUS_FAILED;
    }
    synfin_ladder_destroy(play->ladder);
    return status;
}

static enum cli_status play_all(const struct cli_parser *parser, const struct options *options)
{
    size_t count = 0;
    const struct lab_scenario *all = lab_scenarios_all(&count);
    enum cli_status worst = CLI_STATUS_DONE;
    for (size_t i = 0; i < count && worst != CLI_STATUS_USAGE; i++) {
        struct play play = {.parser = parser,
                            .options = options,
                            .scenario = &all[i],
                            .has_colour = cli_output_has_colour()};
        if (i > 0 && !options->flags.has_json) {
            (void)fputs("\n\n", stdout);
        }
        enum cli_status status = play_scenario(&play);
        worst = status > worst ? status : worst;
    }
    return worst;
}

int cmd_lab(int argc, char **argv)
{
    struct cli_parser parser;
    struct options options;
    enum cli_parse_outcome outcome = read_options(&parser, &options, argc, argv);
    if (outcome != CLI_PARSE_READY) {
        return outcome == CLI_PARSE_HELPED ? CLI_STATUS_DONE : CLI_STATUS_USAGE;
    }
    if (options.has_list) {
        write_list();
        return CLI_STATUS_DONE;
    }
    if (options.has_all) {
        return (int)play_all(&parser, &options);
    }
    struct play play = {.parser = &parser,
                        .options = &options,
                        .scenario = lab_scenarios_find(parser.operand[0]),
                        .has_colour = cli_output_has_colour()};
    if (play.scenario == NULL) {
        cli_parse_complain(&parser, "no scenario \"%s\" (synfin lab --list names them)",
                           parser.operand[0]);
        return CLI_STATUS_USAGE;
    }
    return (int)play_scenario(&play);
}
