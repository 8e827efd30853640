// SPDX-License-Identifier: MIT
//
// synfin lab: plays scenarios between two real stacks over an emulated link in virtual time, and
// draws what happens. Needs no privilege, touches no network.
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/cli_flags.h"
#include "cli/cli_output.h"
#include "cli/lab_play.h"

struct options {
    struct cli_flags flags;
    bool has_list, has_all, has_ipv6, is_brief;
    const char *counterexample; // NULL: not given
};

static const struct cli_flag own_flags[] = {
    {"--list", CLI_FLAG_SWITCH, offsetof(struct options, has_list), NULL, "name the scenarios",
     NULL},
    {"--all", CLI_FLAG_SWITCH, offsetof(struct options, has_all), NULL, "play all of them", NULL},
    {"--ipv6", CLI_FLAG_SWITCH, offsetof(struct options, has_ipv6), NULL,
     "play over IPv6 instead of IPv4", NULL},
    {"--brief", CLI_FLAG_SWITCH, offsetof(struct options, is_brief), NULL,
     "draw segments and states only, without the reasons", NULL},
    {"--counterexample", CLI_FLAG_TEXT, offsetof(struct options, counterexample), "FILE",
     "draw how a model fails instead (models/counterexamples)", NULL},
};

static enum cli_parse_outcome check_counterexample(const struct cli_parser *parser,
                                                   const struct options *options)
{
    if (parser->operands > 0 || options->has_all) {
        cli_parse_complain(parser, "--counterexample stands alone, without a scenario or --all");
        return CLI_PARSE_WRONG;
    }
    return CLI_PARSE_READY;
}

static enum cli_parse_outcome read_options(struct cli_parser *parser, struct options *options,
                                           int argc, char **argv)
{
    memset(parser, 0, sizeof *parser);
    memset(options, 0, sizeof *options);
    parser->command = "lab";
    parser->usage = "[SCENARIO | --all | --list | --counterexample FILE] [FLAGS]";
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
    if (options->counterexample != NULL) {
        return check_counterexample(parser, options);
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
    const struct lab_scenario *scenario = NULL;
    for (size_t i = 0; (scenario = lab_scenarios_at(i)) != NULL; i++) {
        (void)printf("%-20s %s\n", scenario->name, scenario->summary);
    }
}

static enum cli_status play_all(const struct lab_play *play)
{
    enum cli_status worst = CLI_STATUS_DONE;
    const struct lab_scenario *scenario = NULL;
    for (size_t i = 0; (scenario = lab_scenarios_at(i)) != NULL && worst != CLI_STATUS_USAGE; i++) {
        if (i > 0 && !play->flags->has_json) {
            (void)fputs("\n\n", stdout);
        }
        enum cli_status status = lab_play_scenario(play, scenario);
        worst = status > worst ? status : worst;
    }
    return worst;
}

int cmd_lab(int argc, char **argv)
{
    struct cli_parser parser;
    struct options options;
    enum cli_parse_outcome outcome = read_options(&parser, &options, argc, argv);
    struct lab_play play = {.parser = &parser,
                            .flags = &options.flags,
                            .has_ipv6 = options.has_ipv6,
                            .is_brief = options.is_brief,
                            .has_colour = cli_output_has_colour()};
    if (outcome != CLI_PARSE_READY) {
        return outcome == CLI_PARSE_HELPED ? CLI_STATUS_DONE : CLI_STATUS_USAGE;
    }
    if (options.has_list) {
        write_list();
        return CLI_STATUS_DONE;
    }
    if (options.has_all) {
        return (int)play_all(&play);
    }
    if (options.counterexample != NULL) {
        return (int)lab_play_counterexample(&play, options.counterexample);
    }
    const struct lab_scenario *scenario = lab_scenarios_find(parser.operand[0]);
    if (scenario == NULL) {
        cli_parse_complain(&parser, "no scenario \"%s\" (synfin lab --list names them)",
                           parser.operand[0]);
        return CLI_STATUS_USAGE;
    }
    return (int)lab_play_scenario(&play, scenario);
}
