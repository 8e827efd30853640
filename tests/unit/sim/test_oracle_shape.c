// SPDX-License-Identifier: MIT
//
// What violates Q10, and is named: a transfer is run twice, the second time with other keys.
#include <string.h>

#include "judged.h"

#include "lib/test_cmocka.h"
#include "sim/oracle_trail.h"

static struct judged judged;
static struct oracle_trail trail;

// A transfer over a bad link; only the keys of both stacks follow from `keys`.
static void begin_run(uint64_t keys)
{
    struct world_config config;
    judged_config(&config);
    config.seed = keys;
    config.link.seed = 5;
    config.link.loss_ppm = 30000;
    config.link.reorder_ppm = 30000;
    judged_init(&judged, &config, 4);
    judged.random = 3;
    judged.oracle->seed = 3;
    oracle_follow(judged.oracle, &trail);
    judged_open(&judged);
    judged_write(&judged, 0, 200000);
    judged_write(&judged, 1, 50000);
}

static void q10_other_keys_keep_every_shape(void **state)
{
    (void)state;
    begin_run(1);
    judged_close(&judged);
    judged_assert_right(&judged);
    judged_end(&judged);
    trail.is_whole = true;
    for (uint64_t keys = 2; keys < 10; keys++) {
        begin_run(keys);
        judged_close(&judged);
        judged_assert_right(&judged);
        judged_end(&judged);
    }
    oracle_trail_deinit(&trail);
}

// A transfer twice, with other keys the second time, and behind it something for each run to tell.
static void run_twice(void (*tell)(uint32_t run))
{
    begin_run(1);
    tell(0);
    judged_end(&judged);
    trail.is_whole = true;
    begin_run(2);
    judged_assert_right(&judged);
    tell(1);
}

static void end_run(void)
{
    judged_end(&judged);
    oracle_trail_deinit(&trail);
}

// The text of the violation, which need not be the first: other rules may find something wrong with
// what the runs have told. "" when there is none.
static const char *find_violated(const struct judged *world, enum oracle_rule rule)
{
    const struct oracle_violation *violation;
    uint32_t violations = oracle_violations(world->oracle, &violation);
    for (uint32_t i = 0; i < violations; i++) {
        if (violation[i].rule == rule) {
            return violation[i].text;
        }
    }
    return "";
}

static void send_window(uint32_t more, enum synfin_reason reason)
{
    struct segment_wire segment;
    judged_segment(&judged, 0, &segment);
    segment.window = (uint16_t)(segment.window + more);
    segment.ts_ecr = judged_of(&judged, 1)->ts_first;
    judged_tell_sent(&judged, 0, &segment, reason);
}

static void send_another_window(uint32_t run)
{
    send_window(run, SYNFIN_REASON_SEND_ACK_DUPLICATE);
}

static void q10_segment_by_the_number_is_seen(void **state)
{
    (void)state;
    run_twice(send_another_window);
    const char *text = find_violated(&judged, ORACLE_Q10);
    assert_non_null(strstr(
        text, "SEND_ACK_DUPLICATE; was segment of connection 1 of host 0, SEND_ACK_DUPLICATE: "
              "window "));
    end_run();
}

static void send_for_another_reason(uint32_t run)
{
    send_window(0,
                run == 0 ? SYNFIN_REASON_SEND_ACK_DUPLICATE : SYNFIN_REASON_SEND_ACK_UNACCEPTABLE);
}

static void q10_reason_by_the_number_is_seen(void **state)
{
    (void)state;
    run_twice(send_for_another_reason);
    const char *text = find_violated(&judged, ORACLE_Q10);
    assert_non_null(strstr(
        text, "SEND_ACK_UNACCEPTABLE; was segment of connection 1 of host 0, SEND_ACK_DUPLICATE"));
    end_run();
}

static void send_in_the_first_run(uint32_t run)
{
    if (run == 0) {
        send_window(0, SYNFIN_REASON_SEND_ACK_DUPLICATE);
    }
}

static void q10_segment_that_is_missing_is_seen(void **state)
{
    (void)state;
    run_twice(send_in_the_first_run);
    oracle_trail_end(judged.oracle, judged.world.now_ns);
    const char *text = find_violated(&judged, ORACLE_Q10);
    assert_non_null(strstr(text, " with other keys"));
    end_run();
}

// A reset from a port where nobody is.
static void reset_stranger(uint32_t run)
{
    struct segment_wire segment;
    judged_segment(&judged, 1, &segment);
    segment.src_port = 9;
    segment.flags = ORACLE_RST | ORACLE_ACK;
    segment.traffic_class = (uint8_t)(run << 2);
    judged_tell_stray(&judged, 1, &segment);
}

static void q10_answer_to_a_stranger_by_the_number_is_seen(void **state)
{
    (void)state;
    run_twice(reset_stranger);
    const char *text = find_violated(&judged, ORACLE_Q10);
    assert_non_null(strstr(text, ": traffic class 4, was 0"));
    end_run();
}

static void tell(const struct synfin_trace_event *event)
{
    oracle_trace(oracle_trace_ctx(judged.oracle, 0), event);
}

static void drop_for_another_reason(uint32_t run)
{
    const struct synfin_trace_event event = {.kind = SYNFIN_TRACE_SEGMENT_DROPPED,
                                             .reason = run == 0 ? SYNFIN_REASON_DROP_UNACCEPTABLE
                                                                : SYNFIN_REASON_DROP_BAD_ACK,
                                             .conn = 1};
    tell(&event);
}

static void q10_drop_by_the_number_is_seen(void **state)
{
    (void)state;
    run_twice(drop_for_another_reason);
    const char *text = find_violated(&judged, ORACLE_Q10);
    assert_non_null(strstr(
        text, "dropped of connection 1 of host 0, DROP_BAD_ACK; was dropped of connection 1 of "
              "host 0, DROP_UNACCEPTABLE"));
    end_run();
}

static void arm_timer_otherwise(uint32_t run)
{
    const struct synfin_trace_event event = {.kind = SYNFIN_TRACE_TIMER_ARMED,
                                             .as.timer.deadline_ns = 5000000000 + run};
    tell(&event);
}

static void q10_timer_by_the_number_is_seen(void **state)
{
    (void)state;
    run_twice(arm_timer_otherwise);
    const char *text = find_violated(&judged, ORACLE_Q10);
    assert_non_null(strstr(text, "and ns 1, was 0"));
    end_run();
}

static void count_in_the_second_run(uint32_t run)
{
    synfin_stack *stack = judged.world.host[1].stack;
    stack->report.count[SYNFIN_REASON_DROP_CHALLENGE_LIMIT] += run;
    oracle_host_ending(judged.oracle, 1, judged.world.now_ns);
}

static void q10_count_by_the_number_is_seen(void **state)
{
    (void)state;
    run_twice(count_in_the_second_run);
    const char *text = find_violated(&judged, ORACLE_Q10);
    assert_non_null(strstr(text, "counted of connection 0 of host 1, DROP_CHALLENGE_LIMIT"));
    end_run();
}

// Octets that were no options before a bit of them changed.
static void drop_damaged(uint32_t run)
{
    struct synfin_trace_event event = {.kind = SYNFIN_TRACE_SEGMENT_DROPPED,
                                       .reason = SYNFIN_REASON_DROP_TCP_CHECKSUM};
    if (run == 1) {
        event.reason = SYNFIN_REASON_DROP_TCP_OPTION;
        event.as.segment.sack_blocks = 2;
    }
    tell(&event);
}

static void q10_options_of_damaged_octets_may_differ(void **state)
{
    (void)state;
    run_twice(drop_damaged);
    assert_string_equal(find_violated(&judged, ORACLE_Q10), "");
    assert_false(trail.is_parted);
    end_run();
}

// The listener answers somebody's SYN by a cookie.
static void tell_cookie(struct segment_wire *segment)
{
    judged_segment(&judged, 1, segment);
    segment->flags = ORACLE_SYN | ORACLE_ACK;
    segment->mss = 1460;
    segment->seq += 5555;
    segment->ack += 7777;
    judged_tell_stray(&judged, 1, segment);
}

// And the connection hears it.
static void hear_cookie(void)
{
    struct segment_wire segment;
    tell_cookie(&segment);
    judged_tell_received(&judged, 0, &segment, ORACLE_GENUINE);
}

static void answer_cookie_for_another_reason(uint32_t run)
{
    hear_cookie();
    send_for_another_reason(run);
}

static void answer_cookie_otherwise(uint32_t run)
{
    hear_cookie();
    send_another_window(run);
}

static void q10_reason_to_answer_a_cookie_may_differ(void **state)
{
    (void)state;
    run_twice(answer_cookie_for_another_reason);
    assert_string_equal(find_violated(&judged, ORACLE_Q10), "");
    assert_false(trail.is_parted);
    assert_int_equal(trail.at, trail.count);
    end_run();
}

static void q10_answer_to_a_cookie_may_part_the_runs(void **state)
{
    (void)state;
    run_twice(answer_cookie_otherwise);
    assert_string_equal(find_violated(&judged, ORACLE_Q10), "");
    assert_true(trail.is_parted);
    end_run();
}

// An acknowledgment with the numbers of the third segment comes back, and opens in the first run.
static void bring_cookie_back(uint32_t run, uint32_t later)
{
    struct segment_wire cookie, segment;
    struct synfin_trace_event event = {.kind = SYNFIN_TRACE_SEGMENT_DROPPED,
                                       .reason = SYNFIN_REASON_DROP_COOKIE};
    tell_cookie(&cookie);
    judged_segment(&judged, 0, &segment);
    segment.seq = cookie.ack;
    segment.ack = cookie.seq + 1;
    segment.ts_ecr = cookie.ts_val + later;
    judged_tell_received(&judged, 1, &segment, ORACLE_GENUINE);
    if (run == 0) {
        event.kind = SYNFIN_TRACE_STATE;
        event.reason = SYNFIN_REASON_COOKIE_RETURNED;
        event.as.state.from = SYNFIN_TCP_STATE_LISTEN;
        event.as.state.to = SYNFIN_TCP_STATE_SYN_RECEIVED;
    }
    oracle_trace(oracle_trace_ctx(judged.oracle, 1), &event);
}

static void echo_cookies_stamp(uint32_t run)
{
    bring_cookie_back(run, 0);
}

static void echo_later_stamp(uint32_t run)
{
    bring_cookie_back(run, 128);
}

static void q10_cookie_by_the_number_is_seen(void **state)
{
    (void)state;
    run_twice(echo_cookies_stamp);
    const char *text = find_violated(&judged, ORACLE_Q10);
    assert_non_null(strstr(text, ", DROP_COOKIE; was state of connection 0 of host 1, "));
    end_run();
}

// World 87 of seed 4: a copy that came late, whose echo had the bits of the cookie's in one run.
static void q10_cookie_with_a_later_echo_may_part_the_runs(void **state)
{
    (void)state;
    run_twice(echo_later_stamp);
    assert_string_equal(find_violated(&judged, ORACLE_Q10), "");
    assert_true(trail.is_parted);
    end_run();
}

// A segment of another pair of the same hosts, as after a translator's change of mind.
static void answer_other_pair_otherwise(uint32_t run)
{
    struct segment_wire segment;
    judged_segment(&judged, 1, &segment);
    segment.seq += 1 << 20;
    judged_host(&judged, 0)->config.has_translators = true;
    judged_tell_received(&judged, 0, &segment, ORACLE_GENUINE);
    send_another_window(run);
}

static void q10_number_of_another_pair_may_part_the_runs(void **state)
{
    (void)state;
    run_twice(answer_other_pair_otherwise);
    assert_string_equal(find_violated(&judged, ORACLE_Q10), "");
    assert_true(trail.is_parted);
    end_run();
}

static void longest_stream_is_told(void **state)
{
    (void)state;
    struct oracle_longest longest;
    begin_run(1);
    assert_true(oracle_longest(judged.oracle, 0, &longest));
    assert_int_equal(longest.octets, 200001);
    assert_int_equal(longest.iss, judged_of(&judged, 0)->iss);
    assert_int_equal(longest.remote.port, JUDGED_PORT);
    assert_true(oracle_longest(judged.oracle, 1, &longest));
    assert_int_equal(longest.octets, 50001);
    judged_of(&judged, 1)->has_cookie = true;
    assert_false(oracle_longest(judged.oracle, 1, &longest));
    end_run();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(q10_other_keys_keep_every_shape),
        cmocka_unit_test(q10_segment_by_the_number_is_seen),
        cmocka_unit_test(q10_reason_by_the_number_is_seen),
        cmocka_unit_test(q10_segment_that_is_missing_is_seen),
        cmocka_unit_test(q10_answer_to_a_stranger_by_the_number_is_seen),
        cmocka_unit_test(q10_drop_by_the_number_is_seen),
        cmocka_unit_test(q10_timer_by_the_number_is_seen),
        cmocka_unit_test(q10_count_by_the_number_is_seen),
        cmocka_unit_test(q10_options_of_damaged_octets_may_differ),
        cmocka_unit_test(q10_reason_to_answer_a_cookie_may_differ),
        cmocka_unit_test(q10_answer_to_a_cookie_may_part_the_runs),
        cmocka_unit_test(q10_cookie_by_the_number_is_seen),
        cmocka_unit_test(q10_cookie_with_a_later_echo_may_part_the_runs),
        cmocka_unit_test(q10_number_of_another_pair_may_part_the_runs),
        cmocka_unit_test(longest_stream_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
