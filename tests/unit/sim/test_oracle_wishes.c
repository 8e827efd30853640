// SPDX-License-Identifier: MIT
//
// What users ask for by socket options, and what violates it: each of these would be right, or
// wrong, if its user had asked for something else.
#include "judged.h"

#include <string.h>

#include "lib/test_cmocka.h"
#include "sim/oracle_subjects.h"

static struct judged judged;

static void tell_probe(uint32_t from, uint32_t before)
{
    struct segment_wire segment;
    judged_segment(&judged, from, &segment);
    segment.seq -= before;
    judged_tell_sent(&judged, from, &segment, SYNFIN_REASON_SEND_KEEPALIVE);
}

static void tell_end(enum synfin_reason reason)
{
    struct synfin_trace_event event = {.kind = SYNFIN_TRACE_STATE,
                                       .conn = judged_of(&judged, 0)->number,
                                       .t_ns = judged.world.now_ns,
                                       .reason = reason};
    event.as.state.from = SYNFIN_TCP_STATE_ESTABLISHED;
    event.as.state.to = SYNFIN_TCP_STATE_CLOSED;
    oracle_trace(oracle_trace_ctx(judged.oracle, 0), &event);
}

static void a3_probe_that_nobody_asked_for_is_seen(void **state)
{
    (void)state;
    judged_begin(&judged);
    judged.world.now_ns += 8000 * WORLD_S;
    tell_probe(0, 1);
    judged_assert_violated(&judged, ORACLE_A3);
    judged_ask(&judged, 0, SYNFIN_OPTION_KEEPALIVE, 1);
    judged.world.now_ns += WORLD_S;
    tell_probe(0, 1);
    judged_assert_right(&judged);
    judged_end(&judged);
}

static void a3_probe_of_who_was_just_heard_is_seen(void **state)
{
    (void)state;
    struct segment_wire segment;
    judged_begin(&judged);
    judged_ask(&judged, 0, SYNFIN_OPTION_KEEPALIVE, 1);
    judged_ask(&judged, 0, SYNFIN_OPTION_KEEPALIVE_IDLE, 10 * (int64_t)WORLD_S);
    judged.world.now_ns += WORLD_S;
    judged_segment(&judged, 1, &segment);
    judged_tell_received(&judged, 0, &segment, ORACLE_GENUINE);
    judged.world.now_ns += 9 * WORLD_S;
    tell_probe(0, 1);
    judged_assert_violated(&judged, ORACLE_A3);
    judged.world.now_ns += WORLD_S;
    tell_probe(0, 1);
    judged_assert_right(&judged);
    judged_end(&judged);
}

static void a3_probe_of_another_place_or_beside_data_is_seen(void **state)
{
    (void)state;
    judged_begin(&judged);
    judged_ask(&judged, 0, SYNFIN_OPTION_KEEPALIVE, 1);
    judged.world.now_ns += 8000 * WORLD_S;
    tell_probe(0, 0);
    judged_assert_violated(&judged, ORACLE_A3);
    judged_end(&judged);
    judged_fly(&judged);
    judged_ask(&judged, 0, SYNFIN_OPTION_KEEPALIVE, 1);
    judged.world.now_ns += 8000 * WORLD_S;
    tell_probe(0, 1);
    judged_assert_violated(&judged, ORACLE_A3);
    judged_end(&judged);
}

static void t6_user_timeout_that_ends_nothing_is_seen(void **state)
{
    (void)state;
    judged_fly(&judged);
    judged.world.now_ns += 11 * WORLD_S;
    judged_look(&judged, 0, true);
    judged_assert_right(&judged);
    judged_ask(&judged, 0, SYNFIN_OPTION_USER_TIMEOUT, 10 * (int64_t)WORLD_S);
    judged.world.now_ns += 11 * WORLD_S;
    judged_look(&judged, 0, true);
    judged_assert_violated(&judged, ORACLE_T6);
    judged_end(&judged);
}

// A SYN of Fast Open waits for data, which nobody can acknowledge before it leaves.
static void t6_user_timeout_begins_with_the_syn(void **state)
{
    (void)state;
    judged_fly(&judged);
    judged_ask(&judged, 0, SYNFIN_OPTION_USER_TIMEOUT, 10 * (int64_t)WORLD_S);
    judged_look(&judged, 0, false);
    judged.world.now_ns += 11 * WORLD_S;
    judged_of(&judged, 0)->patience.begun_ns = judged.world.now_ns - WORLD_S;
    judged_look(&judged, 0, true);
    judged_assert_right(&judged);
    judged.world.now_ns += 10 * WORLD_S;
    judged_look(&judged, 0, true);
    judged_assert_violated(&judged, ORACLE_T6);
    judged_end(&judged);
}

static void t6_silent_peer_that_is_kept_is_seen(void **state)
{
    (void)state;
    judged_begin(&judged);
    judged_ask(&judged, 0, SYNFIN_OPTION_KEEPALIVE_IDLE, 100 * (int64_t)WORLD_MS);
    judged_ask(&judged, 0, SYNFIN_OPTION_KEEPALIVE_INTERVAL, 10 * (int64_t)WORLD_MS);
    judged.world.now_ns += 900 * WORLD_MS;
    judged_look(&judged, 0, true);
    judged_assert_right(&judged);
    judged_ask(&judged, 0, SYNFIN_OPTION_KEEPALIVE, 1);
    judged.world.now_ns += 900 * WORLD_MS; // and the stack was not given the time
    judged_look(&judged, 0, true);
    judged_assert_violated(&judged, ORACLE_T6);
    judged_end(&judged);
}

static void end_a_second_early_and_in_time(void)
{
    tell_end(SYNFIN_REASON_USER_TIMEOUT_OVER);
    judged_assert_violated(&judged, ORACLE_T8);
    judged.world.now_ns += WORLD_S;
    tell_end(SYNFIN_REASON_USER_TIMEOUT_OVER);
    judged_assert_right(&judged);
    judged_end(&judged);
}

static void t8_user_timeout_before_its_time_is_seen(void **state)
{
    (void)state;
    judged_fly(&judged);
    judged.world.now_ns += 9 * WORLD_S;
    tell_end(SYNFIN_REASON_USER_TIMEOUT_OVER);
    judged_assert_violated(&judged, ORACLE_T8);
    judged_ask(&judged, 0, SYNFIN_OPTION_USER_TIMEOUT, 10 * (int64_t)WORLD_S);
    end_a_second_early_and_in_time();
}

// Called when the clock stands at 0, by a user who waits for ten seconds.
static void call_at_0(void)
{
    struct world_config config;
    judged_config(&config);
    config.start_ns = 0;
    judged_init(&judged, &config, 4);
    judged.user[0].socket = world_connect(&judged.world, 4, JUDGED_PORT);
    oracle_connecting(judged.oracle, 0, judged.user[0].socket, 0);
    judged_ask(&judged, 0, SYNFIN_OPTION_USER_TIMEOUT, 10 * (int64_t)WORLD_S);
}

static void end_after_10_s(void)
{
    judged.world.now_ns = 9 * WORLD_S;
    judged_run(&judged, 0);
    end_a_second_early_and_in_time();
}

// World 342 of seed 1; the SYN has to wait, as for a next hop.
static void t8_user_timeout_of_a_call_at_0_is_judged(void **state)
{
    (void)state;
    call_at_0();
    end_after_10_s();
}

// The same of what was looked at then, by a clock that stands still while segments come and go.
static void t8_user_timeout_of_a_look_at_0_is_judged(void **state)
{
    (void)state;
    call_at_0();
    judged_of(&judged, 0)->patience.since_ns = 0;
    judged_run(&judged, 0);
    end_after_10_s();
}

static void t8_keepalive_before_its_time_is_seen(void **state)
{
    (void)state;
    struct segment_wire segment;
    judged_begin(&judged);
    tell_end(SYNFIN_REASON_KEEPALIVE_OVER);
    judged_assert_violated(&judged, ORACLE_T8);
    judged_ask(&judged, 0, SYNFIN_OPTION_KEEPALIVE, 1);
    judged_segment(&judged, 1, &segment);
    judged_tell_received(&judged, 0, &segment, ORACLE_GENUINE);
    judged.world.now_ns += 7200 * WORLD_S + 8 * 75 * WORLD_S;
    tell_end(SYNFIN_REASON_KEEPALIVE_OVER);
    judged_assert_violated(&judged, ORACLE_T8);
    judged.world.now_ns += 75 * WORLD_S;
    tell_end(SYNFIN_REASON_KEEPALIVE_OVER);
    judged_assert_right(&judged);
    judged_end(&judged);
}

static void c6_close_that_should_abort_is_seen(void **state)
{
    (void)state;
    struct segment_wire segment;
    judged_begin(&judged);
    judged_ask(&judged, 0, SYNFIN_OPTION_LINGER, 0);
    judged_segment(&judged, 0, &segment);
    segment.flags = ORACLE_FIN | ORACLE_ACK;
    oracle_closing(judged.oracle, 0, judged.user[0].socket, judged.world.now_ns);
    judged_tell_sent(&judged, 0, &segment, SYNFIN_REASON_SEND_FIN);
    judged_assert_violated(&judged, ORACLE_C6);
    judged_end(&judged);
}

static void c6_abort_that_tells_nobody_is_seen(void **state)
{
    (void)state;
    judged_begin(&judged);
    oracle_aborting(judged.oracle, 0, judged.user[0].socket, judged.world.now_ns);
    oracle_finish(judged.oracle, judged.world.now_ns);
    judged_assert_violated(&judged, ORACLE_C6);
    judged_end(&judged);
}

static void m2_more_queued_than_was_asked_for_is_seen(void **state)
{
    (void)state;
    static const enum synfin_option options[] = {SYNFIN_OPTION_NOTSENT_LOWAT,
                                                 SYNFIN_OPTION_SEND_BUFFER};
    for (uint32_t i = 0; i < 2; i++) {
        judged_begin(&judged);
        judged_ask(&judged, 0, options[i], 1000);
        oracle_wrote(judged.oracle, 0, judged.user[0].socket, 1000, judged.world.now_ns);
        judged_assert_right(&judged);
        oracle_wrote(judged.oracle, 0, judged.user[0].socket, 1, judged.world.now_ns);
        judged_assert_violated(&judged, ORACLE_M2);
        judged_end(&judged);
    }
}

// Host 0 makes segments that no next hop takes: the judge is told by the trace alone.
static void hear_trace(void *ctx, const struct synfin_trace_event *event)
{
    const struct judged *told = ctx;
    bool is_of_first = event->kind == SYNFIN_TRACE_PACKET_DROPPED
                       || synfin_addr_equal(&event->local.addr, &told->world.host[0].addr[0]);
    if (told->oracle != NULL && is_of_first) {
        oracle_trace(oracle_trace_ctx(told->oracle, 0), event);
    }
}

// A user who sends with the SYN, to a host whose answers are lost until the link heals.
static void begin_without_next_hop(int64_t lowat)
{
    struct world_config config;
    judged_config(&config);
    config.is_ethernet = true;
    config.link.loss_ppm = 1000000;
    config.stack[0].fastopen_sends_any = 1;
    config.stack[1].receive_buffer_bytes = config.stack[1].receive_buffer_bytes_max = 512;
    config.trace = hear_trace;
    config.trace_ctx = &judged;
    judged_init(&judged, &config, 4);
    const struct synfin_endpoint to = {.addr = world_addr(&judged.world, 1, 4),
                                       .port = JUDGED_PORT};
    struct judged_user *user = &judged.user[0];
    synfin_stack *stack = judged.world.host[0].stack;
    assert_int_equal(synfin_socket_open(stack, &user->socket), SYNFIN_ERROR_OK);
    judged_ask(&judged, 0, SYNFIN_OPTION_FASTOPEN_CONNECT, 1);
    judged_ask(&judged, 0, SYNFIN_OPTION_NOTSENT_LOWAT, lowat);
    assert_int_equal(synfin_socket_connect(stack, user->socket, &to, judged.world.now_ns),
                     SYNFIN_ERROR_OK);
    oracle_connecting(judged.oracle, 0, user->socket, judged.world.now_ns);
    user->is_open = user->keeps_open = judged.user[1].keeps_open = true;
}

// What TCP has sent and the stack has lost, because the next hop does not answer, waits no longer
// (sim --seed 91 --world 6705, --world 8528).
static void m2_what_no_next_hop_takes_is_sent(void **state)
{
    (void)state;
    begin_without_next_hop(1000);
    judged.user[0].to_write = 1000;
    judged_run(&judged, 2 * WORLD_S); // the search goes on: nothing is sent
    assert_int_equal(judged.user[0].written, 1000);
    oracle_wrote(judged.oracle, 0, judged.user[0].socket, 1, judged.world.now_ns);
    judged_assert_violated(&judged, ORACLE_M2);
    judged_of(&judged, 0)->written--;
    judged.user[0].to_write = 3000;
    judged_run(&judged, 10 * WORLD_S);
    assert_int_equal(judged.user[0].written, 2000);
    judged_assert_right(&judged);
    oracle_wrote(judged.oracle, 0, judged.user[0].socket, 1, judged.world.now_ns);
    judged_assert_violated(&judged, ORACLE_M2);
    judged_of(&judged, 0)->written--;
    synfin_link_heal(judged.world.link);
    judged_run(&judged, 60 * WORLD_S);
    assert_int_equal(judged.user[1].delivered, 3000);
    judged_assert_right(&judged);
    judged_end(&judged);
}

static void q6_segment_above_the_users_limit_is_seen(void **state)
{
    (void)state;
    struct segment_wire segment;
    judged_begin(&judged);
    judged_ask(&judged, 0, SYNFIN_OPTION_MAXSEG, 500);
    judged_segment(&judged, 0, &segment);
    judged_text(&judged, 0, &segment, 500); // beside timestamps
    judged_tell_sent(&judged, 0, &segment, SYNFIN_REASON_SEND_DATA);
    judged_assert_violated(&judged, ORACLE_Q6);
    judged_end(&judged);
}

static void s5_mark_that_nobody_made_is_seen(void **state)
{
    (void)state;
    struct segment_wire segment;
    judged_begin(&judged);
    judged_segment(&judged, 0, &segment);
    judged_text(&judged, 0, &segment, 100);
    segment.flags |= ORACLE_URG;
    segment.urgent = 100;
    judged_tell_sent(&judged, 0, &segment, SYNFIN_REASON_SEND_DATA);
    judged_assert_violated(&judged, ORACLE_S5);
    oracle_option(judged.oracle, 0, judged.user[0].socket, SYNFIN_OPTION_URGENT_MARK, 1,
                  judged.world.now_ns);
    judged_tell_sent(&judged, 0, &segment, SYNFIN_REASON_SEND_DATA);
    judged_assert_right(&judged);
    judged_end(&judged);
}

static void i5_another_hop_limit_than_asked_for_is_seen(void **state)
{
    (void)state;
    struct segment_wire segment;
    judged_begin(&judged);
    judged_ask(&judged, 0, SYNFIN_OPTION_HOP_LIMIT, 9);
    judged_segment(&judged, 0, &segment);
    judged_of(&judged, 0)->account->credit = 2;
    judged_tell_sent(&judged, 0, &segment, SYNFIN_REASON_SEND_ACK_DELAYED);
    judged_assert_violated(&judged, ORACLE_I5);
    segment.hop_limit = 9;
    judged_tell_sent(&judged, 0, &segment, SYNFIN_REASON_SEND_ACK_DELAYED);
    judged_assert_right(&judged);
    judged_end(&judged);
}

// What a listener's user has asked for its connections begin with.
static void accepted_connection_has_the_listeners_wishes(void **state)
{
    (void)state;
    struct world_config config;
    judged_config(&config);
    judged_init(&judged, &config, 4);
    judged_ask_of(&judged, 1, judged.listener, SYNFIN_OPTION_HOP_LIMIT, 9);
    oracle_listening(judged.oracle, 1, judged.listener, 8);
    judged_open(&judged);
    judged_assert_right(&judged);
    assert_int_equal(oracle_wishes_of(judged_host(&judged, 1), judged_of(&judged, 1))->hop_limit,
                     9);
    assert_int_equal(oracle_wishes_of(judged_host(&judged, 0), judged_of(&judged, 0))->hop_limit,
                     64);
    judged_end(&judged);
}

// RFC 9293 §3.8.6.2, §3.7.1: T7's bound follows from what users have asked for, and is what it was
// where none has.
static void bound_of_liveness_knows_what_makes_users_slow(void **state)
{
    (void)state;
    static const struct {
        enum synfin_option option;
        int64_t value;
        bool is_slow;
    } row[] = {
        {SYNFIN_OPTION_NODELAY, 1, false},
        {SYNFIN_OPTION_USER_TIMEOUT, 1000000, false},
        {SYNFIN_OPTION_MAXSEG, 1000, false},
        {SYNFIN_OPTION_SEND_BUFFER, 100000, false},
        {SYNFIN_OPTION_CORK, 1, true},
        {SYNFIN_OPTION_MAXSEG, 100, true},
        {SYNFIN_OPTION_RECEIVE_BUFFER, 512, true},
        {SYNFIN_OPTION_NOTSENT_LOWAT, 10, true},
        {SYNFIN_OPTION_PACING_RATE_MAX, 10, true},
    };
    const struct oracle_path path = {.rtt_ns = WORLD_S, .octets = 100000, .connections = 1};
    for (uint32_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        judged_begin(&judged);
        uint64_t before_ns = oracle_heal(judged.oracle, &path, judged.world.now_ns);
        judged_ask(&judged, 0, row[i].option, row[i].value);
        uint64_t after_ns = oracle_heal(judged.oracle, &path, judged.world.now_ns);
        assert_int_equal(after_ns > before_ns, row[i].is_slow);
        judged_end(&judged);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a3_probe_that_nobody_asked_for_is_seen),
        cmocka_unit_test(a3_probe_of_who_was_just_heard_is_seen),
        cmocka_unit_test(a3_probe_of_another_place_or_beside_data_is_seen),
        cmocka_unit_test(t6_user_timeout_that_ends_nothing_is_seen),
        cmocka_unit_test(t6_user_timeout_begins_with_the_syn),
        cmocka_unit_test(t6_silent_peer_that_is_kept_is_seen),
        cmocka_unit_test(t8_user_timeout_before_its_time_is_seen),
        cmocka_unit_test(t8_user_timeout_of_a_call_at_0_is_judged),
        cmocka_unit_test(t8_user_timeout_of_a_look_at_0_is_judged),
        cmocka_unit_test(t8_keepalive_before_its_time_is_seen),
        cmocka_unit_test(c6_close_that_should_abort_is_seen),
        cmocka_unit_test(c6_abort_that_tells_nobody_is_seen),
        cmocka_unit_test(m2_more_queued_than_was_asked_for_is_seen),
        cmocka_unit_test(m2_what_no_next_hop_takes_is_sent),
        cmocka_unit_test(q6_segment_above_the_users_limit_is_seen),
        cmocka_unit_test(s5_mark_that_nobody_made_is_seen),
        cmocka_unit_test(i5_another_hop_limit_than_asked_for_is_seen),
        cmocka_unit_test(accepted_connection_has_the_listeners_wishes),
        cmocka_unit_test(bound_of_liveness_knows_what_makes_users_slow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
