// SPDX-License-Identifier: MIT
//
// Words between the commands that a script runs and the adaptor: files in the directory that
// SYNFIN_DRILL_STATE names. Without it there are none.
#ifndef SYNFIN_DRILL_STATE_H
#define SYNFIN_DRILL_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

// A file of that directory, as fopen opens it; NULL when there is none.
FILE *drill_state_open(const char *name, const char *mode);
// The first line of a file there; false when there is none.
bool drill_state_read(const char *name, char *line, size_t room);
// Whether there is such a file, which is then gone.
bool drill_state_take(const char *name);

#endif
