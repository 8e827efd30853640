// SPDX-License-Identifier: MIT
//
// Options by level and name, in a short list.
#include "packetdrill/drill_keep.h"

#include <string.h>

bool drill_keep_set(struct drill_handle *handle, int level, int name, int value)
{
    uint32_t at = 0;
    while (at < handle->kept
           && (handle->keep[at].level != level || handle->keep[at].name != name)) {
        at++;
    }
    if (at == DRILL_KEPT_OPTIONS) {
        return false;
    }
    handle->keep[at] = (struct drill_kept){.level = level, .name = name, .value = value};
    handle->kept += at == handle->kept;
    return true;
}

int drill_keep_get(const struct drill_handle *handle, int level, int name, int otherwise)
{
    for (uint32_t at = 0; at < handle->kept; at++) {
        if (handle->keep[at].level == level && handle->keep[at].name == name) {
            return handle->keep[at].value;
        }
    }
    return otherwise;
}

void drill_keep_inherit(struct drill_handle *handle, const struct drill_handle *listener)
{
    handle->kept = listener->kept;
    memcpy(handle->keep, listener->keep, sizeof handle->keep);
    handle->reports.timestamping = listener->reports.timestamping;
}
