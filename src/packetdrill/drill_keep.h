// SPDX-License-Identifier: MIT
//
// Socket options that the stack knows nothing of, kept as they were set.
#ifndef SYNFIN_DRILL_KEEP_H
#define SYNFIN_DRILL_KEEP_H

#include "packetdrill/drill.h"

// False when there is no more room.
bool drill_keep_set(struct drill_handle *handle, int level, int name, int value);
int drill_keep_get(const struct drill_handle *handle, int level, int name, int otherwise);

#endif
