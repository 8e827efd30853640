// SPDX-License-Identifier: MIT
//
// Where a subcommand's output goes: files behind synfin_write_fn, and what stdout can show.
#ifndef SYNFIN_CLI_CLI_OUTPUT_H
#define SYNFIN_CLI_CLI_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// A synfin_write_fn whose ctx is a FILE.
bool cli_output_write(void *file, const void *bytes, size_t count);
// Colours: stdout is a terminal that has them, and NO_COLOR is not set.
bool cli_output_has_colour(void);
// Columns of a ladder on stdout: as the terminal has them, within what is readable; else 100.
uint32_t cli_output_columns(void);

#endif
