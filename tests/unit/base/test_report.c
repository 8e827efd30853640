// SPDX-License-Identifier: MIT
//
// Reasons are counted always and told only to a sink.
#include "base/report.h"

#include <string.h>

#include "lib/test_cmocka.h"

struct sink {
    uint32_t events;
    struct synfin_trace_event last;
};

static void take_event(void *ctx, const struct synfin_trace_event *event)
{
    struct sink *sink = ctx;
    sink->events++;
    sink->last = *event;
}

static void without_a_sink_reasons_are_counted(void **state)
{
    (void)state;
    struct report report;
    memset(&report, 0xff, sizeof(report));
    report_init(&report, NULL, NULL);
    report_packet_dropped(&report, SYNFIN_REASON_DROP_IP_SHORT, 5);
    report_packet_dropped(&report, SYNFIN_REASON_DROP_IP_SHORT, 6);
    report_count(&report, SYNFIN_REASON_NET_CONSUMED);
    for (uint32_t i = 0; i < SYNFIN_REASON_COUNT; i++) {
        uint64_t expected = i == SYNFIN_REASON_DROP_IP_SHORT ? 2 : i == SYNFIN_REASON_NET_CONSUMED;
        assert_int_equal(report.count[i], expected);
    }
}

static void drop_is_told_once_with_its_reason_and_time(void **state)
{
    (void)state;
    struct report report;
    struct sink sink = {0};
    report_init(&report, take_event, &sink);
    report_packet_dropped(&report, SYNFIN_REASON_DROP_LINK_TYPE, 77);
    assert_int_equal(sink.events, 1);
    assert_int_equal(sink.last.kind, SYNFIN_TRACE_PACKET_DROPPED);
    assert_int_equal(sink.last.reason, SYNFIN_REASON_DROP_LINK_TYPE);
    assert_int_equal(sink.last.t_ns, 77);
    assert_int_equal(sink.last.conn, 0);
    report_count(&report, SYNFIN_REASON_NET_CONSUMED);
    assert_int_equal(sink.events, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_sink_reasons_are_counted),
        cmocka_unit_test(drop_is_told_once_with_its_reason_and_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
