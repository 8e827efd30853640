// SPDX-License-Identifier: MIT
//
// Urgent data as the BSD interface has it: one octet, the last before the urgent pointer, which is
// taken out of line by MSG_OOB unless SO_OOBINLINE is set. The stack keeps all octets in line and
// tells how far the pointer is (RFC 6093), of which this makes the octet.
#ifndef SYNFIN_DRILL_URGENT_H
#define SYNFIN_DRILL_URGENT_H

#include "packetdrill/drill.h"

// All that the user has queued so far is urgent.
void drill_urgent_mark(struct drill *drill, const struct drill_handle *handle);
// The urgent octet into the first piece; -1 and errno where there is none.
ssize_t drill_urgent_receive(struct drill *drill, struct drill_handle *handle,
                             const struct iovec *pieces, size_t count, int flags);
// Throws away the urgent octet when it is next and out of line.
void drill_urgent_skip(struct drill *drill, const struct drill_handle *handle);
// How many octets a read may give before it stops at the urgent one; SIZE_MAX: there is none.
size_t drill_urgent_ahead(struct drill *drill, const struct drill_handle *handle);
bool drill_urgent_is_at_mark(struct drill *drill, const struct drill_handle *handle);
// The same, and the octet is out of line: a read passes over it.
bool drill_urgent_is_next(struct drill *drill, const struct drill_handle *handle);
// Whether MSG_OOB would give an octet.
bool drill_urgent_is_there(struct drill *drill, const struct drill_handle *handle);

#endif
