// SPDX-License-Identifier: MIT
//
// The text form against golden drawings of conversations made by hand.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ladder_script.h"

#include <string.h>

#define A   SYNFIN_LINK_A
#define B   SYNFIN_LINK_B
#define SYN SYNFIN_TCP_SYN
#define ACK SYNFIN_TCP_ACK
#define FIN SYNFIN_TCP_FIN
#define PSH SYNFIN_TCP_PSH

static void text_handshake_shows_states_and_reasons(void **state)
{
    (void)state;
    synfin_ladder *ladder = script_ladder(NULL);
    synfin_ladder_note(ladder, 0, "the client connects");
    script_play_handshake(ladder, 0);
    script_expect_golden(ladder, synfin_ladder_text, "handshake.txt");
    synfin_ladder_destroy(ladder);
}

static void text_on_terminal_is_coloured(void **state)
{
    (void)state;
    struct synfin_ladder_config config;
    synfin_ladder_config_default(&config);
    config.has_colour = 1;
    synfin_ladder *ladder = script_ladder(&config);
    script_play_handshake(ladder, MS(5000));
    script_expect_golden(ladder, synfin_ladder_text, "handshake-colour.txt");
    synfin_ladder_destroy(ladder);
}

static void text_losses_show_waits_and_tries(void **state)
{
    (void)state;
    synfin_ladder *ladder = script_ladder(NULL);
    script_play_losses(ladder);
    script_expect_golden(ladder, synfin_ladder_text, "losses.txt");
    synfin_ladder_destroy(ladder);
}

static void text_simultaneous_open_shows_crossing(void **state)
{
    (void)state;
    synfin_ladder *ladder = script_ladder(NULL);
    struct script_segment a = {A, 0, MS(20), SYN, 0, 0, 0, 0, SYNFIN_REASON_SEND_SYN, 0, 0};
    struct script_segment b = {B, MS(5), MS(20), SYN, 0, 0, 0, 0, SYNFIN_REASON_SEND_SYN, 0, 0};
    script_state(ladder, A, 0, SYNFIN_TCP_STATE_SYN_SENT, SYNFIN_REASON_USER_CONNECT);
    script_send(ladder, &a);
    script_state(ladder, B, MS(5), SYNFIN_TCP_STATE_SYN_SENT, SYNFIN_REASON_USER_CONNECT);
    script_send(ladder, &b);
    script_judge(ladder, &a, SYNFIN_TRACE_SEGMENT_RECEIVED, SYNFIN_REASON_RECEIVED_SYN_CROSSED);
    script_state(ladder, B, MS(20), SYNFIN_TCP_STATE_SYN_RECEIVED, SYNFIN_REASON_SYN_CROSSED);
    struct script_segment b2 = {
        B, MS(20), MS(20), SYN | ACK, 0, 1, 0, 0, SYNFIN_REASON_SEND_SYN_ACK, 0, 0};
    script_send(ladder, &b2);
    script_judge(ladder, &b, SYNFIN_TRACE_SEGMENT_RECEIVED, SYNFIN_REASON_RECEIVED_SYN_CROSSED);
    script_state(ladder, A, MS(25), SYNFIN_TCP_STATE_SYN_RECEIVED, SYNFIN_REASON_SYN_CROSSED);
    script_judge(ladder, &b2, SYNFIN_TRACE_SEGMENT_RECEIVED, SYNFIN_REASON_RECEIVED_HANDSHAKE_ACK);
    script_state(ladder, A, MS(40), SYNFIN_TCP_STATE_ESTABLISHED, SYNFIN_REASON_SYN_IS_ACKED);
    script_expect_golden(ladder, synfin_ladder_text, "crossing.txt");
    synfin_ladder_destroy(ladder);
}

static void text_reordering_shows_overtaking(void **state)
{
    (void)state;
    synfin_ladder *ladder = script_ladder(NULL);
    script_play_handshake(ladder, 0);
    struct script_segment late = {A,
                                  MS(100),
                                  MS(50),
                                  ACK | PSH,
                                  1,
                                  1,
                                  100,
                                  0,
                                  SYNFIN_REASON_SEND_DATA,
                                  SYNFIN_REASON_LINK_REORDERED,
                                  0};
    struct script_segment early = {
        A, MS(101), MS(20), ACK | PSH, 101, 1, 100, 0, SYNFIN_REASON_SEND_DATA, 0, 0};
    script_send(ladder, &late);
    script_send(ladder, &early);
    script_judge(ladder, &early, SYNFIN_TRACE_SEGMENT_RECEIVED,
                 SYNFIN_REASON_RECEIVED_OUT_OF_ORDER);
    script_judge(ladder, &late, SYNFIN_TRACE_SEGMENT_RECEIVED, SYNFIN_REASON_RECEIVED_GAP_FILLED);
    script_expect_golden(ladder, synfin_ladder_text, "reordering.txt");
    synfin_ladder_destroy(ladder);
}

static void text_refused_segment_shows_drop_reason(void **state)
{
    (void)state;
    synfin_ladder *ladder = script_ladder(NULL);
    script_play_handshake(ladder, 0);
    struct script_segment copy = {A,
                                  MS(100),
                                  MS(20),
                                  ACK | FIN,
                                  1,
                                  1,
                                  0,
                                  SYNFIN_FATE_DUPLICATED,
                                  SYNFIN_REASON_SEND_FIN,
                                  SYNFIN_REASON_LINK_DUPLICATED,
                                  0};
    script_send(ladder, &copy);
    script_judge(ladder, &copy, SYNFIN_TRACE_SEGMENT_DROPPED, SYNFIN_REASON_DROP_UNACCEPTABLE);
    script_expect_golden(ladder, synfin_ladder_text, "dropped.txt");
    synfin_ladder_destroy(ladder);
}

// Asks for a page of `segments` full segments, every second one acknowledged, and closes.
static void play_bulk(synfin_ladder *ladder, uint32_t segments)
{
    uint64_t t_ns = MS(100);
    script_play_handshake(ladder, 0);
    script_send(ladder, &(struct script_segment){A, t_ns, MS(20), ACK | PSH, 1, 1, 80, 0,
                                                 SYNFIN_REASON_SEND_DATA, 0, 0});
    for (uint32_t i = 0; i < segments; i++) {
        t_ns += MS(1);
        script_send(ladder, &(struct script_segment){B, t_ns, MS(20), ACK, 1 + i * 1460, 81, 1460,
                                                     0, SYNFIN_REASON_SEND_DATA, 0, 0});
        if (i % 2 == 1) {
            script_send(ladder,
                        &(struct script_segment){A, t_ns, MS(20), ACK, 81, 1 + i * 1460, 0, 0,
                                                 SYNFIN_REASON_SEND_ACK_EVERY_SECOND, 0, 0});
        }
    }
    t_ns += MS(40);
    script_state(ladder, B, t_ns, SYNFIN_TCP_STATE_FIN_WAIT_1, SYNFIN_REASON_USER_CLOSE);
    script_send(ladder, &(struct script_segment){B, t_ns, MS(20), ACK | FIN, 1 + segments * 1460,
                                                 81, 0, 0, SYNFIN_REASON_SEND_FIN, 0, 0});
    script_state(ladder, A, t_ns + MS(20), SYNFIN_TCP_STATE_CLOSE_WAIT, SYNFIN_REASON_FIN_ARRIVED);
}

static void text_long_run_is_folded(void **state)
{
    (void)state;
    struct synfin_ladder_config config;
    synfin_ladder_config_default(&config);
    config.fold_after = 8;
    synfin_ladder *ladder = script_ladder(&config);
    play_bulk(ladder, 712);
    script_expect_golden(ladder, synfin_ladder_text, "folded.txt");
    synfin_ladder_destroy(ladder);
}

static void text_run_at_limit_is_not_folded(void **state)
{
    (void)state;
    static struct script_output out;
    struct synfin_ladder_config config;
    synfin_ladder_config_default(&config);
    config.fold_after = 8;
    synfin_ladder *ladder = script_ladder(&config);
    play_bulk(ladder, 7);
    script_capture(ladder, synfin_ladder_text, &out);
    assert_null(strstr(out.text, "..."));
    synfin_ladder_destroy(ladder);
}

// The acknowledgments that come after the last data segment was sent.
static void text_long_run_of_acks_is_folded(void **state)
{
    (void)state;
    static struct script_output out;
    struct synfin_ladder_config config;
    synfin_ladder_config_default(&config);
    config.fold_after = 4;
    for (uint32_t acks = 8; acks <= 9; acks++) {
        synfin_ladder *ladder = script_ladder(&config);
        for (uint32_t i = 0; i < acks; i++) {
            script_send(ladder,
                        &(struct script_segment){B, MS(1), 0, ACK, 1, 1 + i, 0, 0, 0, 0, 0});
        }
        script_capture(ladder, synfin_ladder_text, &out);
        bool is_folded = strstr(out.text, "... 7 acknowledgments from") != NULL;
        assert_int_equal(is_folded, acks == 9);
        synfin_ladder_destroy(ladder);
    }
}

static void text_real_peer_leaves_margin_empty(void **state)
{
    (void)state;
    struct synfin_ladder_config config;
    synfin_ladder_config_default(&config);
    config.name_a = "synfin";
    config.name_b = "kernel";
    config.width_columns = 120;
    synfin_ladder *ladder = script_ladder(&config);
    script_send(ladder, &(struct script_segment){B, MS(70000), 0, SYN, 0, 0, 0, 0, 0, 0, 0});
    script_state(ladder, A, MS(70000), SYNFIN_TCP_STATE_SYN_RECEIVED, SYNFIN_REASON_SYN_ARRIVED);
    script_send(ladder, &(struct script_segment){A, MS(70000), 0, SYN | ACK, 0, 1, 0, 0,
                                                 SYNFIN_REASON_SEND_SYN_ACK, 0, 0});
    script_send(ladder, &(struct script_segment){B, MS(72500), 0, ACK, 1, 1, 0, 0, 0, 0, 0});
    script_expect_golden(ladder, synfin_ladder_text, "real-peer.txt");
    synfin_ladder_destroy(ladder);
}

static void text_two_connections_are_numbered(void **state)
{
    (void)state;
    synfin_ladder *ladder = script_ladder(NULL);
    for (uint16_t i = 0; i < 2; i++) {
        script_send(ladder,
                    &(struct script_segment){A, MS(i), MS(20), SYN, 0, 0, 0, 0,
                                             SYNFIN_REASON_SEND_SYN, 0, (uint16_t)(40000 + i)});
    }
    script_expect_golden(ladder, synfin_ladder_text, "two-connections.txt");
    synfin_ladder_destroy(ladder);
}

// A stranger's segments teach the ladder nothing about the end whose address they carry.
static void text_stranger_is_named_and_not_believed(void **state)
{
    (void)state;
    synfin_ladder *ladder = script_ladder(NULL);
    struct script_segment old = {.from = A, .delay_ns = MS(20), .flags = SYN, .seq = 1u << 31};
    struct script_segment answer = {
        B, MS(20), MS(20), SYN | ACK, 0, (1u << 31) + 1, 0, 0, SYNFIN_REASON_SEND_SYN_ACK, 0, 0};
    struct script_segment reset = {
        .from = A, .t_ns = MS(200), .delay_ns = MS(20), .flags = SYNFIN_TCP_RST, .seq = 500};
    synfin_ladder_origin(ladder, "old duplicate");
    script_send(ladder, &old);
    synfin_ladder_origin(ladder, NULL);
    script_send(ladder, &answer);
    script_play_handshake(ladder, MS(100));
    synfin_ladder_origin(ladder, "attacker");
    script_send(ladder, &reset);
    script_judge(ladder, &reset, SYNFIN_TRACE_SEGMENT_DROPPED, SYNFIN_REASON_DROP_RST_INEXACT);
    script_expect_golden(ladder, synfin_ladder_text, "strangers.txt");
    script_expect_golden(ladder, synfin_ladder_json, "strangers.json");
    script_expect_golden(ladder, synfin_ladder_svg, "strangers.svg");
    synfin_ladder_destroy(ladder);
}

// A model's history: steps instead of times, its own numbers, a segment that never arrives.
static void text_model_counts_steps(void **state)
{
    (void)state;
    struct synfin_ladder_config config;
    synfin_ladder_config_default(&config);
    config.counts_steps = 1;
    synfin_ladder *ladder = script_ladder(&config);
    struct script_segment syn = {.from = A, .t_ns = 1, .delay_ns = 2, .flags = SYN};
    struct script_segment answer = {.from = B, .t_ns = 3, .flags = SYN | ACK, .ack = 1};
    answer.delay_ns = SCRIPT_UNDER_WAY;
    script_state(ladder, A, 1, SYNFIN_TCP_STATE_SYN_SENT, SYNFIN_REASON_UNKNOWN);
    script_send(ladder, &syn);
    script_state(ladder, B, 3, SYNFIN_TCP_STATE_ESTABLISHED, SYNFIN_REASON_UNKNOWN);
    script_send(ladder, &answer);
    script_expect_golden(ladder, synfin_ladder_text, "steps.txt");
    script_expect_golden(ladder, synfin_ladder_svg, "steps.svg");
    synfin_ladder_destroy(ladder);
}

static void text_brief_has_no_reasons(void **state)
{
    (void)state;
    struct synfin_ladder_config config;
    synfin_ladder_config_default(&config);
    config.is_brief = 1;
    synfin_ladder *ladder = script_ladder(&config);
    script_play_handshake(ladder, 0);
    script_expect_golden(ladder, synfin_ladder_text, "brief.txt");
    script_expect_golden(ladder, synfin_ladder_svg, "brief.svg");
    synfin_ladder_destroy(ladder);
}

static void text_nothing_fed_draws_heads_only(void **state)
{
    (void)state;
    static struct script_output out;
    synfin_ladder *ladder = script_ladder(NULL);
    script_capture(ladder, synfin_ladder_text, &out);
    assert_non_null(strstr(out.text, "client"));
    assert_non_null(strstr(out.text, "server"));
    assert_null(strstr(out.text, "│"));
    synfin_ladder_destroy(ladder);
}

static void text_control_characters_are_not_written(void **state)
{
    (void)state;
    static struct script_output out;
    synfin_ladder *ladder = script_ladder(NULL);
    synfin_ladder_note(ladder, 0, "a\x1b[2Jb\xff");
    script_capture(ladder, synfin_ladder_text, &out);
    assert_null(strchr(out.text, '\x1b'));
    assert_null(strchr(out.text, '\xff'));
    assert_non_null(strstr(out.text, "a?[2Jb?"));
    synfin_ladder_destroy(ladder);
}

static bool refuse(void *ctx, const void *bytes, size_t count)
{
    uint32_t *calls = ctx;
    (void)bytes;
    (void)count;
    *calls += 1;
    return false;
}

static void text_failing_writer_is_called_once(void **state)
{
    (void)state;
    uint32_t calls = 0;
    synfin_ladder *ladder = script_ladder(NULL);
    script_play_handshake(ladder, 0);
    synfin_ladder_text(ladder, refuse, &calls);
    assert_int_equal(calls, 1);
    synfin_ladder_destroy(ladder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_handshake_shows_states_and_reasons),
        cmocka_unit_test(text_on_terminal_is_coloured),
        cmocka_unit_test(text_losses_show_waits_and_tries),
        cmocka_unit_test(text_simultaneous_open_shows_crossing),
        cmocka_unit_test(text_reordering_shows_overtaking),
        cmocka_unit_test(text_refused_segment_shows_drop_reason),
        cmocka_unit_test(text_long_run_is_folded),
        cmocka_unit_test(text_run_at_limit_is_not_folded),
        cmocka_unit_test(text_long_run_of_acks_is_folded),
        cmocka_unit_test(text_real_peer_leaves_margin_empty),
        cmocka_unit_test(text_two_connections_are_numbered),
        cmocka_unit_test(text_stranger_is_named_and_not_believed),
        cmocka_unit_test(text_model_counts_steps),
        cmocka_unit_test(text_brief_has_no_reasons),
        cmocka_unit_test(text_nothing_fed_draws_heads_only),
        cmocka_unit_test(text_control_characters_are_not_written),
        cmocka_unit_test(text_failing_writer_is_called_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
