// SPDX-License-Identifier: MIT
//
// What recvmsg gives beside octets: control messages, and reports from the error queue.
#ifndef SYNFIN_DRILL_MESSAGE_H
#define SYNFIN_DRILL_MESSAGE_H

#include "packetdrill/drill.h"

// With TCP_INQ: what is left to read, one more when the end is among it.
void drill_message_add_queue(struct drill *drill, const struct drill_handle *handle,
                             struct msghdr *message, ssize_t result);
// The oldest report of the error queue; -1 and EAGAIN when there is none.
ssize_t drill_message_take_report(struct drill_handle *handle, struct msghdr *message);

#endif
