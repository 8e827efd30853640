// SPDX-License-Identifier: MIT
//
// Playing a scenario of the lab, with the counterexamples and the sequel that belong to it: from
// the flags to what is written.
#ifndef SYNFIN_CLI_LAB_PLAY_H
#define SYNFIN_CLI_LAB_PLAY_H

#include "cli/cli.h"
#include "cli/cli_flags.h"
#include "cli/lab.h"

struct lab_play {
    const struct cli_parser *parser;
    const struct cli_flags *flags;
    bool has_ipv6, has_colour, is_brief;
};

// Plays it and writes it to stdout. --svg and --pcapng hold what is played first.
enum cli_status lab_play_scenario(const struct lab_play *play, const struct lab_scenario *scenario);
// What a scenario wants of its link and stacks before any flag; `has_drops`: with its losses.
void lab_play_configs(const struct lab_scenario *scenario, bool has_drops,
                      struct synfin_link_config *link, struct synfin_stack_config *stack);
// Draws the counterexample of a model in this file (models/README.md).
enum cli_status lab_play_counterexample(const struct lab_play *play, const char *path);

#endif
