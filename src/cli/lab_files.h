// SPDX-License-Identifier: MIT
//
// What the lab draws and captures into: ladders, and the files that the flags name.
#ifndef SYNFIN_CLI_LAB_FILES_H
#define SYNFIN_CLI_LAB_FILES_H

#include <stdio.h>

#include <synfin/ladder.h>
#include <synfin/link.h>

#include "cli/lab_play.h"

struct lab_files_capture {
    synfin_capture *capture; // NULL: none was asked for
    FILE *file;
};

// Makes a ladder as the flags and the terminal want it. Complains on an error.
enum synfin_error lab_files_ladder(const struct lab_play *play, bool counts_steps,
                                   synfin_ladder **out);
// Begins the file of --pcapng, if there is one; false, with a complaint, when it cannot be written.
bool lab_files_begin_capture(const struct lab_play *play, struct lab_files_capture *out);
// Closes it; false, with a complaint, when it is not whole.
bool lab_files_end_capture(const struct lab_play *play, struct lab_files_capture *capture);
// Writes the file of --svg, if there is one; false, with a complaint, when it is not whole.
bool lab_files_svg(const struct lab_play *play, const synfin_ladder *ladder);

#endif
