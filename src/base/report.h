// SPDX-License-Identifier: MIT
//
// Where the floors tell what they did: one counter per reason, and the trace sink. A stack has
// one report and lends it to its network layer and its connections. Without a sink only the
// counter is touched.
#ifndef SYNFIN_BASE_REPORT_H
#define SYNFIN_BASE_REPORT_H

#include <stdint.h>

#include <synfin/reason.h>
#include <synfin/trace.h>

struct report {
    uint64_t count[SYNFIN_REASON_COUNT]; // how often each reason occurred
    synfin_trace_fn trace;               // NULL: no tracing
    void *trace_ctx;
};

void report_init(struct report *report, synfin_trace_fn trace, void *trace_ctx);
// Counts a reason that has no event of its own.
static inline void report_count(struct report *report, enum synfin_reason reason)
{
    report->count[reason]++;
}
// Counts the drop of a packet below TCP and tells the sink.
void report_packet_dropped(struct report *report, enum synfin_reason reason, uint64_t now_ns);

#endif
