// SPDX-License-Identifier: MIT
//
// Files behind synfin_write_fn, and what stdout can show. In a pipe the output depends on
// nothing but the arguments.
#include "cli/cli_output.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { COLUMNS_DEFAULT = 100, COLUMNS_MIN = 80, COLUMNS_MAX = 140 };

bool cli_output_write(void *file, const void *bytes, size_t count)
{
    return fwrite(bytes, 1, count, file) == count;
}

bool cli_output_has_colour(void)
{
    const char *refused = getenv("NO_COLOR");
    const char *terminal = getenv("TERM");
    bool is_refused = refused != NULL && *refused != '\0';
    bool is_dumb = terminal == NULL || strcmp(terminal, "dumb") == 0;
    return isatty(STDOUT_FILENO) && !is_refused && !is_dumb;
}

uint32_t cli_output_columns(void)
{
    struct winsize size;
    if (!isatty(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0
        || size.ws_col == 0) {
        return COLUMNS_DEFAULT;
    }
    uint32_t columns = size.ws_col < COLUMNS_MIN ? COLUMNS_MIN : size.ws_col;
    return columns > COLUMNS_MAX ? COLUMNS_MAX : columns;
}
