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
#include "cli/lab_transfer_play.h"

struct options {
    struct cli_flags flags;
    struct lab_transfer_flags transfer;
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

static bool is_transfer(const struct cli_parser *parser)
{
    return parser->operands > 0 && strcmp(parser->operand[0], LAB_TRANSFER_NAME) == 0;
}

// What only a transfer understands.
static enum cli_parse_outcome check_transfer(const struct cli_parser *parser,
                                             const struct options *options)
{
    const char *flag = lab_transfer_play_given(parser);
    if (flag != NULL && !is_transfer(parser)) {
        cli_parse_complain(parser, "%s is for synfin lab %s", flag, LAB_TRANSFER_NAME);
        return CLI_PARSE_WRONG;
    }
    if (options->flags.congestions > 1 && !is_transfer(parser)) {
        cli_parse_complain(parser, "--cc names several for synfin lab %s only", LAB_TRANSFER_NAME);
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
    parser->usage = "[SCENARIO | transfer | --all | --list | --counterexample FILE] [FLAGS]";
    parser->about =
        "Plays a part of a connection's life between two stacks over an emulated link\n"
        "in virtual time, and draws it. Needs no privilege. The flags of the link, its\n"
        "faults and TCP's times override the scenario's own; --drop replaces what it\n"
        "loses. A transfer is many segments, told in figures and, by --plot, in a picture.";
    parser->operands_max = 1;
    cli_parse_add(parser, "lab", own_flags, sizeof own_flags / sizeof own_flags[0], options);
    lab_transfer_play_add(parser, &options->transfer);
    cli_flags_add(parser, &options->flags, CLI_FLAGS_FAULT | CLI_FLAGS_TCP | CLI_FLAGS_OUTPUT);
    options->flags.seed = 1;
    options->flags.takes_cc_list = true;
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
    return check_transfer(parser, options);
}

static void write_list(void)
{
    const struct lab_scenario *scenario = NULL;
    for (size_t i = 0; (scenario = lab_scenarios_at(i)) != NULL; i++) {
        (void)printf("%-20s %s\n", scenario->name, scenario->summary);
    }
    (void)printf("%-20s %s\n", LAB_TRANSFER_NAME, LAB_TRANSFER_SUMMARY);
}

static enum cli_status play_all(const struct lab_play *play,
                                const struct lab_transfer_flags *transfer)
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
    if (worst == CLI_STATUS_USAGE) {
        return worst;
    }
    (void)fputs(play->flags->has_json ? "" : "\n\n", stdout);
    enum cli_status status = lab_transfer_play(play, transfer);
    return status > worst ? status : worst;
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
        return (int)play_all(&play, &options.transfer);
    }
    if (options.counterexample != NULL) {
        return (int)lab_play_counterexample(&play, options.counterexample);
    }
    if (is_transfer(&parser)) {
        return (int)lab_transfer_play(&play, &options.transfer);
    }
    const struct lab_scenario *scenario = lab_scenarios_find(parser.operand[0]);
    if (scenario == NULL) {
        cli_parse_complain(&parser, "no scenario \"%s\" (synfin lab --list names them)",
                           parser.operand[0]);
        return CLI_STATUS_USAGE;
    }
    return (int)lab_play_scenario(&play, scenario);
}
