// SPDX-License-Identifier: MIT
//
// See drill_state.h.
#include "packetdrill/drill_state.h"

#include <stdlib.h>
#include <unistd.h>

enum { PATH_TEXT = 4096 };

static bool make_path(const char *name, char path[PATH_TEXT])
{
    const char *folder = getenv("SYNFIN_DRILL_STATE");
    int bytes = folder != NULL ? snprintf(path, PATH_TEXT, "%s/%s", folder, name) : 0;
    return bytes > 0 && bytes < PATH_TEXT;
}

FILE *drill_state_open(const char *name, const char *mode)
{
    char path[PATH_TEXT];
    return make_path(name, path) ? fopen(path, mode) : NULL;
}

bool drill_state_read(const char *name, char *line, size_t room)
{
    FILE *file = drill_state_open(name, "re");
    if (file == NULL) {
        return false;
    }
    bool has_line = fgets(line, (int)room, file) != NULL;
    (void)fclose(file);
    return has_line;
}

bool drill_state_take(const char *name)
{
    char path[PATH_TEXT];
    return make_path(name, path) && unlink(path) == 0;
}
