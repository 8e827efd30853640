// SPDX-License-Identifier: MIT
//
// See drill_report.h. Octets are counted from the first one that the connection queued.
#include "packetdrill/drill_report.h"

#include <errno.h>
#include <linux/net_tstamp.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "packetdrill/drill.h"
#include "packetdrill/drill_keep.h"

enum {
    OPT_ID_TCP = 1 << 16, // SOF_TIMESTAMPING_OPT_ID_TCP, younger than some systems' headers
    TIMESTAMPED = SOF_TIMESTAMPING_TX_SCHED | SOF_TIMESTAMPING_TX_SOFTWARE
                  | SOF_TIMESTAMPING_TX_ACK, // what there is to know without hardware
};

// A send of which something is to be told.
struct drill_mark {
    struct drill_mark *next;
    struct drill_handle *handle;
    uint64_t end;          // behind its last octet
    uint32_t timestamping; // of those that are TIMESTAMPED, what it waits for
    uint32_t zerocopy;     // the number of the send, when is_zerocopy
    bool is_zerocopy;
};

// How far a connection has come.
struct progress {
    uint64_t queued, sent, acked;
    bool is_over; // nothing more will happen
};

static struct progress progress_of(struct drill *drill, const struct drill_handle *handle)
{
    struct synfin_tcp_info info = {.size = sizeof info};
    int64_t waiting = 0;
    enum synfin_error error =
        synfin_socket_info(drill->stack, handle->socket, &info, drill_stack_now(drill));
    (void)!synfin_socket_get_option(drill->stack, handle->socket, SYNFIN_OPTION_SEND_QUEUE,
                                    &waiting);
    return (struct progress){
        .queued = info.bytes_acked + (uint64_t)waiting,
        .sent = info.bytes_sent,
        .acked = info.bytes_acked,
        .is_over = error != SYNFIN_ERROR_OK || handle->is_ended,
    };
}

// Numbers begin at what is not acknowledged yet, or with OPT_ID_TCP at what is not queued yet.
int drill_report_set_timestamping(struct drill *drill, struct drill_handle *handle, uint32_t flags)
{
    struct drill_reports *reports = &handle->reports;
    bool has_id = (flags & SOF_TIMESTAMPING_OPT_ID) != 0;
    if (has_id && (reports->timestamping & SOF_TIMESTAMPING_OPT_ID) == 0) {
        struct progress progress = progress_of(drill, handle);
        bool is_from_end = (flags & OPT_ID_TCP) != 0;
        reports->first_octet = is_from_end ? progress.queued : progress.acked;
    }
    reports->timestamping = flags;
    return 0;
}

static void append_mark(struct drill *drill, struct drill_mark *mark)
{
    struct drill_mark **last = &drill->marks;
    while (*last != NULL) {
        last = &(*last)->next;
    }
    *last = mark;
}

bool drill_report_is_zerocopy(const struct drill_handle *handle, int flags)
{
    return (flags & MSG_ZEROCOPY) != 0 && drill_keep_get(handle, SOL_SOCKET, SO_ZEROCOPY, 0) != 0;
}

void drill_report_on_sent(struct drill *drill, struct drill_handle *handle, int flags)
{
    struct drill_reports *reports = &handle->reports;
    bool is_zerocopy = drill_report_is_zerocopy(handle, flags);
    uint32_t timestamping = reports->timestamping & TIMESTAMPED;
    struct drill_mark *mark = is_zerocopy || timestamping != 0 ? calloc(1, sizeof *mark) : NULL;
    if (mark == NULL) {
        return;
    }
    mark->handle = handle;
    mark->end = progress_of(drill, handle).queued;
    mark->timestamping = timestamping;
    mark->is_zerocopy = is_zerocopy;
    mark->zerocopy = reports->zerocopies;
    reports->zerocopies += is_zerocopy;
    append_mark(drill, mark);
}

// Numbers in a row are told in one report, as long as nobody has taken it.
static bool extend_newest(const struct drill_reports *reports, uint32_t zerocopy)
{
    struct sock_extended_err *error = reports->newest != NULL ? &reports->newest->error : NULL;
    if (error == NULL || error->ee_origin != SO_EE_ORIGIN_ZEROCOPY
        || error->ee_data + 1 != zerocopy) {
        return false;
    }
    error->ee_data = zerocopy;
    return true;
}

static void append(struct drill_handle *handle, const struct drill_report *what)
{
    struct drill_reports *reports = &handle->reports;
    struct drill_report *report = malloc(sizeof *report);
    if (report == NULL) {
        return; // as when there is no room in a kernel's queue
    }
    *report = *what;
    if (reports->newest != NULL) {
        reports->newest->next = report;
    } else {
        reports->oldest = report;
    }
    reports->newest = report;
}

// Octets are copied into the stack's buffers, which is told of memory that was to be lent.
static void report_zerocopy(struct drill_handle *handle, uint32_t zerocopy)
{
    const struct drill_report report = {
        .error = {.ee_origin = SO_EE_ORIGIN_ZEROCOPY,
                  .ee_code = SO_EE_CODE_ZEROCOPY_COPIED,
                  .ee_info = zerocopy,
                  .ee_data = zerocopy},
    };
    if (!extend_newest(&handle->reports, zerocopy)) {
        append(handle, &report);
    }
    handle->reports.count++;
}

static void report_time(const struct drill *drill, const struct drill_mark *mark, uint32_t what)
{
    struct drill_reports *reports = &mark->handle->reports;
    bool has_id = (reports->timestamping & SOF_TIMESTAMPING_OPT_ID) != 0;
    const struct drill_report report = {
        .error = {.ee_errno = ENOMSG,
                  .ee_origin = SO_EE_ORIGIN_TIMESTAMPING,
                  .ee_info = what,
                  .ee_data = has_id ? (uint32_t)(mark->end - 1 - reports->first_octet) : 0},
        .at_us = drill->now_us,
        .has_time = (reports->timestamping & SOF_TIMESTAMPING_SOFTWARE) != 0,
        .has_data = (reports->timestamping & SOF_TIMESTAMPING_OPT_TSONLY) == 0,
    };
    append(mark->handle, &report);
    reports->count++;
}

// What was asked for of this kind is told once.
static void report_once(const struct drill *drill, struct drill_mark *mark, uint32_t flag,
                        uint32_t what)
{
    if ((mark->timestamping & flag) != 0) {
        report_time(drill, mark, what);
        mark->timestamping &= ~flag;
    }
}

static void look_at_sent(const struct drill *drill, struct drill_mark *mark,
                         const struct progress *progress)
{
    if (progress->sent >= mark->end) {
        report_once(drill, mark, SOF_TIMESTAMPING_TX_SCHED, SCM_TSTAMP_SCHED);
        report_once(drill, mark, SOF_TIMESTAMPING_TX_SOFTWARE, SCM_TSTAMP_SND);
    }
}

// True when nothing is left to tell of it. Memory is free also when the connection has ended.
static bool look_at_acked(const struct drill *drill, struct drill_mark *mark,
                          const struct progress *progress)
{
    if (progress->acked >= mark->end) {
        report_once(drill, mark, SOF_TIMESTAMPING_TX_ACK, SCM_TSTAMP_ACK);
    } else if (!progress->is_over) {
        return false;
    }
    if (mark->is_zerocopy) {
        report_zerocopy(mark->handle, mark->zerocopy);
    }
    return true;
}

static void remove_mark(struct drill_mark **link)
{
    struct drill_mark *mark = *link;
    *link = mark->next;
    free(mark);
}

// All that has left before anything that was acknowledged: that is how it happened.
void drill_report_look(struct drill *drill)
{
    for (struct drill_mark *mark = drill->marks; mark != NULL; mark = mark->next) {
        struct progress progress = progress_of(drill, mark->handle);
        look_at_sent(drill, mark, &progress);
    }
    for (struct drill_mark **link = &drill->marks; *link != NULL;) {
        struct progress progress = progress_of(drill, (*link)->handle);
        if (look_at_acked(drill, *link, &progress)) {
            remove_mark(link);
        } else {
            link = &(*link)->next;
        }
    }
}

bool drill_report_take(struct drill_handle *handle, struct drill_report *out)
{
    struct drill_reports *reports = &handle->reports;
    struct drill_report *report = reports->oldest;
    if (report == NULL) {
        return false;
    }
    reports->oldest = report->next;
    reports->newest = report->next != NULL ? reports->newest : NULL;
    *out = *report;
    free(report);
    return true;
}

void drill_report_forget(struct drill *drill, struct drill_handle *handle)
{
    struct drill_report report;
    for (struct drill_mark **link = &drill->marks; *link != NULL;) {
        if ((*link)->handle == handle) {
            remove_mark(link);
        } else {
            link = &(*link)->next;
        }
    }
    while (drill_report_take(handle, &report)) {
    }
}
