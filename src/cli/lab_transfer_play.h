// SPDX-License-Identifier: MIT
//
// `synfin lab transfer`: from its flags to what it writes.
#ifndef SYNFIN_CLI_LAB_TRANSFER_PLAY_H
#define SYNFIN_CLI_LAB_TRANSFER_PLAY_H

#include "cli/cli.h"
#include "cli/cli_parse.h"
#include "cli/lab_play.h"

// The flags that no scenario has.
struct lab_transfer_flags {
    uint64_t bytes, time_ns, flows, stagger_ns;
    enum synfin_chance_from chance_from;
    bool has_ladder;
    const char *plot_path; // NULL: not given
    uint64_t plot_from_ns, plot_to_ns;
};

#define LAB_TRANSFER_NAME    "transfer"
#define LAB_TRANSFER_SUMMARY "a bulk transfer, and what became of it in figures"

// Adds them, with `flags` (borrowed for as long) as where values go.
void lab_transfer_play_add(struct cli_parser *parser, struct lab_transfer_flags *flags);
// The first of them that was given; NULL: none was.
const char *lab_transfer_play_given(const struct cli_parser *parser);
enum cli_status lab_transfer_play(const struct lab_play *play,
                                  const struct lab_transfer_flags *flags);

#endif
