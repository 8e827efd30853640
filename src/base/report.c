// SPDX-License-Identifier: MIT
//
// Counters of reasons and the event of a dropped packet; see report.h.
#include "base/report.h"

#include <string.h>

#include "base/check.h"

void report_init(struct report *report, synfin_trace_fn trace, void *trace_ctx)
{
    memset(report, 0, sizeof(*report));
    report->trace = trace;
    report->trace_ctx = trace_ctx;
}

void report_packet_dropped(struct report *report, enum synfin_reason reason, uint64_t now_ns)
{
    ASSERT((uint32_t)reason < SYNFIN_REASON_COUNT);
    report->count[reason]++;
    if (report->trace == NULL) {
        return;
    }
    struct synfin_trace_event event;
    memset(&event, 0, sizeof(event));
    event.kind = SYNFIN_TRACE_PACKET_DROPPED;
    event.reason = reason;
    event.t_ns = now_ns;
    report->trace(report->trace_ctx, &event);
}
