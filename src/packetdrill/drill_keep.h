// SPDX-License-Identifier: MIT
//
// Socket options that the stack knows nothing of, kept as they were set.
#ifndef SYNFIN_DRILL_KEEP_H
#define SYNFIN_DRILL_KEEP_H

#include "packetdrill/drill.h"

// Whether an option is one of those that can be kept: what it asks for is done always, or means
// nothing where there is one interface and one user.
bool drill_keep_knows(int level, int name);
// False when there is no more room.
bool drill_keep_set(struct drill_handle *handle, int level, int name, int value);
bool drill_keep_has(const struct drill_handle *handle, int level, int name);
int drill_keep_get(const struct drill_handle *handle, int level, int name, int otherwise);
// What a listener passes on to those that it accepts.
void drill_keep_inherit(struct drill_handle *handle, const struct drill_handle *listener);

#endif
