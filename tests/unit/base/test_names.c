// SPDX-License-Identifier: MIT
//
// Names and texts of errors, reasons, states, trace events and timers: all there, and harmless
// for numbers out of range.
#include <synfin/error.h>
#include <synfin/reason.h>
#include <synfin/stack.h>
#include <synfin/trace.h>

#include <string.h>

#include "lib/test_cmocka.h"

static void error_has_a_name_and_a_text(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < SYNFIN_ERROR_COUNT; i++) {
        const char *text = synfin_error_text((enum synfin_error)i);
        assert_string_not_equal(synfin_error_name((enum synfin_error)i), "?");
        assert_true(strlen(text) > 2 && text[strlen(text) - 1] != '.');
    }
    assert_string_equal(synfin_error_name(SYNFIN_ERROR_TIMED_OUT), "TIMED_OUT");
    assert_string_equal(synfin_error_name(SYNFIN_ERROR_COUNT), "?");
    assert_string_equal(synfin_error_text((enum synfin_error) - 1), "unknown error");
}

static void reason_has_a_name_a_text_and_a_well_formed_clause(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < SYNFIN_REASON_COUNT; i++) {
        enum synfin_reason reason = (enum synfin_reason)i;
        assert_string_not_equal(synfin_reason_name(reason), "?");
        assert_true(strlen(synfin_reason_text(reason)) > 5);
        const char *clause = synfin_reason_clause(reason);
        assert_true(clause[0] == '\0' || strncmp(clause, "RFC ", 4) == 0);
    }
    assert_string_equal(synfin_reason_name(SYNFIN_REASON_SEND_SYN), "SEND_SYN");
    assert_string_equal(synfin_reason_clause(SYNFIN_REASON_SEND_SYN), "RFC 9293 §3.5");
    assert_string_equal(synfin_reason_name(SYNFIN_REASON_COUNT), "?");
    assert_non_null(synfin_reason_text(SYNFIN_REASON_COUNT));
    assert_string_equal(synfin_reason_clause((enum synfin_reason) - 1), "");
}

static void state_names_are_those_of_the_rfc(void **state)
{
    (void)state;
    assert_string_equal(synfin_tcp_state_name(SYNFIN_TCP_STATE_CLOSED), "CLOSED");
    assert_string_equal(synfin_tcp_state_name(SYNFIN_TCP_STATE_SYN_RECEIVED), "SYN-RECEIVED");
    assert_string_equal(synfin_tcp_state_name(SYNFIN_TCP_STATE_FIN_WAIT_1), "FIN-WAIT-1");
    assert_string_equal(synfin_tcp_state_name(SYNFIN_TCP_STATE_TIME_WAIT), "TIME-WAIT");
    assert_string_equal(synfin_tcp_state_name(SYNFIN_TCP_STATE_COUNT), "?");
}

static void trace_timer_and_event_names_end_with_their_lists(void **state)
{
    (void)state;
    assert_string_equal(synfin_trace_kind_name(SYNFIN_TRACE_SEGMENT_SENT), "sent");
    assert_string_equal(synfin_trace_kind_name(SYNFIN_TRACE_OUTCOME), "outcome");
    assert_string_equal(synfin_trace_kind_name(SYNFIN_TRACE_KIND_COUNT), "?");
    assert_string_equal(synfin_tcp_timer_name(SYNFIN_TCP_TIMER_RETRANSMIT), "retransmission");
    assert_string_equal(synfin_tcp_timer_name(SYNFIN_TCP_TIMER_COUNT), "?");
    assert_string_equal(synfin_event_name(SYNFIN_EVENT_CLOSED), "closed");
    assert_string_equal(synfin_event_name(SYNFIN_EVENT_COUNT), "?");
}

static void congestion_control_is_found_by_its_name_and_by_reno(void **state)
{
    (void)state;
    enum synfin_congestion found = SYNFIN_CONGESTION_COUNT;
    for (uint32_t i = 0; i < SYNFIN_CONGESTION_COUNT; i++) {
        assert_true(
            synfin_congestion_find(synfin_congestion_name((enum synfin_congestion)i), &found));
        assert_int_equal(found, i);
    }
    assert_true(synfin_congestion_find("reno", &found));
    assert_int_equal(found, SYNFIN_CONGESTION_NEWRENO);
    static const char *const unknown[] = {"", "cubi", "cubic2", "CUBIC", "renos", "newreno "};
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++) {
        assert_false(synfin_congestion_find(unknown[i], &found));
    }
    assert_string_equal(synfin_congestion_name(SYNFIN_CONGESTION_COUNT), "?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(error_has_a_name_and_a_text),
        cmocka_unit_test(reason_has_a_name_a_text_and_a_well_formed_clause),
        cmocka_unit_test(state_names_are_those_of_the_rfc),
        cmocka_unit_test(trace_timer_and_event_names_end_with_their_lists),
        cmocka_unit_test(congestion_control_is_found_by_its_name_and_by_reno),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
