// SPDX-License-Identifier: MIT
//
// The JSON form: golden lines, one object per record, and texts that need escaping.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ladder_script.h"

#include <string.h>

static void json_handshake_is_golden(void **state)
{
    (void)state;
    synfin_ladder *ladder = script_ladder(NULL);
    synfin_ladder_note(ladder, 0, "the client connects");
    script_play_handshake(ladder, 0);
    script_expect_golden(ladder, synfin_ladder_json, "handshake.json");
    synfin_ladder_destroy(ladder);
}

static void json_losses_tell_fates_and_tries(void **state)
{
    (void)state;
    synfin_ladder *ladder = script_ladder(NULL);
    script_play_losses(ladder);
    script_expect_golden(ladder, synfin_ladder_json, "losses.json");
    synfin_ladder_destroy(ladder);
}

static void json_is_never_folded(void **state)
{
    (void)state;
    static struct script_output out;
    struct synfin_ladder_config config;
    synfin_ladder_config_default(&config);
    config.fold_after = 3;
    synfin_ladder *ladder = script_ladder(&config);
    for (uint32_t i = 0; i < 50; i++) {
        script_send(ladder, &(struct script_segment){.from = SYNFIN_LINK_A,
                                                     .t_ns = MS(i),
                                                     .flags = SYNFIN_TCP_ACK,
                                                     .seq = 1 + i * 10,
                                                     .ack = 1,
                                                     .bytes = 10});
    }
    uint32_t lines = 0;
    script_capture(ladder, synfin_ladder_json, &out);
    for (const char *c = out.text; *c != '\0'; c++) {
        lines += *c == '\n';
    }
    assert_int_equal(lines, 50);
    synfin_ladder_destroy(ladder);
}

static void json_text_with_quotes_is_escaped(void **state)
{
    (void)state;
    static struct script_output out;
    synfin_ladder *ladder = script_ladder(NULL);
    synfin_ladder_note(ladder, 5, "say \"yes\\no\"\n\xfe§");
    script_capture(ladder, synfin_ladder_json, &out);
    assert_string_equal(out.text, "{\"event\":\"note\",\"t_ns\":5,\"text\":"
                                  "\"say \\\"yes\\\\no\\\"\\u000a?§\"}\n");
    synfin_ladder_destroy(ladder);
}

static void json_second_incarnation_counts_from_its_own_syn(void **state)
{
    (void)state;
    static struct script_output out;
    synfin_ladder *ladder = script_ladder(NULL);
    struct script_segment syn = {.from = SYNFIN_LINK_A, .flags = SYNFIN_TCP_SYN};
    script_send(ladder, &syn);
    syn.t_ns = MS(100);
    syn.seq = 70000;
    script_send(ladder, &syn);
    script_capture(ladder, synfin_ladder_json, &out);
    assert_non_null(strstr(out.text, "\"seq\":71000,\"ack\":0,\"rel_seq\":0,"));
    assert_null(strstr(out.text, "\"try\":2"));
    synfin_ladder_destroy(ladder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_handshake_is_golden),
        cmocka_unit_test(json_losses_tell_fates_and_tries),
        cmocka_unit_test(json_is_never_folded),
        cmocka_unit_test(json_text_with_quotes_is_escaped),
        cmocka_unit_test(json_second_incarnation_counts_from_its_own_syn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
