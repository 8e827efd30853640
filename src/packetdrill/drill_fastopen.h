// SPDX-License-Identifier: MIT
//
// Fast Open of the adaptor: the settings, and calls that put a SYN off until there is data.
#ifndef SYNFIN_DRILL_FASTOPEN_H
#define SYNFIN_DRILL_FASTOPEN_H

#include "packetdrill/drill.h"

// The setting tcp_fastopen lets clients do it.
bool drill_fastopen_is_on(const struct drill *drill);
// What the settings mean for a stack.
void drill_fastopen_config(const struct drill_settings *settings,
                           struct synfin_stack_config *config);
// The stack is about to be made anew; it was: keys, and the cookie of the last server.
void drill_fastopen_save(struct drill *drill);
void drill_fastopen_restore(struct drill *drill);
// What the settings say of a listener with so long a backlog.
void drill_fastopen_listen(struct drill *drill, const struct drill_handle *handle,
                           uint32_t backlog);
// Begins to connect; the SYN waits. 0, or -1 and errno.
int drill_fastopen_connect(struct drill *drill, struct drill_handle *handle,
                           const struct sockaddr *addr, socklen_t bytes);
// Octets that the SYN that waits may carry; 0: no cookie is known.
uint32_t drill_fastopen_room(struct drill *drill, const struct drill_handle *handle);
// The SYN goes, with what was written.
void drill_fastopen_let_go(struct drill *drill, struct drill_handle *handle);

#endif
