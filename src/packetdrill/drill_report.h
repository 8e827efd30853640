// SPDX-License-Identifier: MIT
//
// The error queue of a socket, as far as it tells what became of a send: when its last octet left
// and when it was acknowledged (SO_TIMESTAMPING), and that nobody looks at its memory any more
// (MSG_ZEROCOPY). A send leaves a mark at its last octet; what the stack counts as sent and as
// acknowledged passes the mark, and makes reports of it.
#ifndef SYNFIN_DRILL_REPORT_H
#define SYNFIN_DRILL_REPORT_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include <linux/errqueue.h> // which does not say what a timespec is

struct drill;
struct drill_handle;

// What a script takes from the error queue at a time.
struct drill_report {
    struct drill_report *next;
    struct sock_extended_err error; // what it is about
    uint64_t at_us;                 // when it happened
    bool has_time;                  // which is told
    bool has_data;                  // the packet's octets would come with it
};

// Of one handle.
struct drill_reports {
    uint32_t timestamping; // SOF_TIMESTAMPING_* as the script has set them
    uint64_t first_octet;  // SOF_TIMESTAMPING_OPT_ID: the octet with number 0
    uint32_t zerocopies;   // sends with MSG_ZEROCOPY so far: the number of the next one
    uint32_t count;        // how often there was a report, for edge-triggered epoll
    struct drill_report *oldest, *newest;
};

// SO_TIMESTAMPING. 0, or -1 and errno.
int drill_report_set_timestamping(struct drill *drill, struct drill_handle *handle, uint32_t flags);
// Whether a send with these flags tells when its memory is free.
bool drill_report_is_zerocopy(const struct drill_handle *handle, int flags);
// A call with these flags has queued octets: what there is to report of them will be.
void drill_report_on_sent(struct drill *drill, struct drill_handle *handle, int flags);
// The stack may have sent something, or heard of it.
void drill_report_look(struct drill *drill);
// A copy of the oldest report, which is then gone; false when there is none.
bool drill_report_take(struct drill_handle *handle, struct drill_report *out);
// The handle is about to be closed.
void drill_report_forget(struct drill *drill, struct drill_handle *handle);

#endif
