// SPDX-License-Identifier: MIT
//
// Counterexamples: what each row gives to the ladder, and texts that are none. Those of the models
// are all drawn by tests/golden/lab.sh.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cli/lab_model.h"

#define HEAD    "control: c\nwithout: w\nfails: P0: f\nmodel: m.pml X=1\n\n"
#define COLUMNS "step | host | event | segment | fate | A | B\n"

struct output {
    size_t used;
    char text[1 << 14];
};

static bool keep(void *ctx, const void *bytes, size_t count)
{
    struct output *output = ctx;
    assert_true(count < sizeof output->text - output->used);
    memcpy(output->text + output->used, bytes, count);
    output->used += count;
    output->text[output->used] = '\0';
    return true;
}

// Feeds the text and draws it as JSON; false when it is no counterexample.
static bool draw(const char *text, struct lab_model_head *head, struct output *output,
                 uint32_t *wrong_line)
{
    struct synfin_ladder_config config;
    synfin_ladder *ladder = NULL;
    synfin_ladder_config_default(&config);
    config.counts_steps = 1;
    assert_int_equal(synfin_ladder_create(&config, &ladder), SYNFIN_ERROR_OK);
    bool is_good = lab_model_feed(text, ladder, head, wrong_line);
    output->used = 0;
    output->text[0] = '\0';
    synfin_ladder_json(ladder, keep, output);
    synfin_ladder_destroy(ladder);
    return is_good;
}

// Exactly once, so that a row that is drawn twice shows.
static void expect_once(const struct output *output, const char *text)
{
    const char *found = strstr(output->text, text);
    if (found == NULL || strstr(found + 1, text) != NULL) {
        fail_msg("\"%s\" not once in:\n%s", text, output->text);
    }
}

static void rows_become_notes_states_and_segments(void **state)
{
    (void)state;
    struct lab_model_head head;
    static struct output output;
    uint32_t line = 0;
    assert_true(draw(HEAD COLUMNS "1|A|old|#1 SYN seq=60 life=0|delivered at 4|CLOSED|CLOSED\n"
                                  "2|B|listen|||CLOSED|LISTEN\n"
                                  "3|A|write|1 octet||CLOSED|LISTEN\n"
                                  "3|X|send|#2 RST seq=7 forged|delivered at 5|CLOSED|LISTEN\n"
                                  "4|B|receive|#1 SYN seq=60 life=0||CLOSED|SYN-RECEIVED\n"
                                  "4|-|copy|#3 ACK seq=8 ack=9 octet=1|in flight|CLOSED|LISTEN\n"
                                  "4|B|send|#4 SYN+ACK seq=5 ack=61|lost at 6|CLOSED|LISTEN\n"
                                  "5|A|receive|#2 RST seq=7 forged||CLOSED|LISTEN\n",
                     &head, &output, &line));
    assert_string_equal(head.control, "c");
    assert_string_equal(head.without, "w");
    assert_string_equal(head.fails, "P0: f");
    assert_string_equal(head.model, "m.pml X=1");
    expect_once(&output,
                "\"src\":\"client\",\"by\":\"old duplicate\",\"flags\":\"SYN\",\"seq\":60");
    // An attacker's segment carries the address of the receiver's peer.
    expect_once(&output, "\"src\":\"server\",\"by\":\"attacker\",\"flags\":\"RST\",\"seq\":7");
    expect_once(&output, "\"fate\":\"duplicated\"");
    expect_once(&output, "\"fate\":\"lost\"");
    expect_once(&output, "\"arrives_ns\":4");
    expect_once(&output, "server listens\"");
    expect_once(&output, "client writes 1 octet\"");
    expect_once(&output, "\"to\":\"SYN-RECEIVED\"");
}

static void what_is_no_counterexample_names_its_line(void **state)
{
    (void)state;
    static const struct {
        uint32_t line;
        const char *text;
    } table[] = {
        {0, ""},
        {1, "x\n"},
        {6, HEAD "1 | A | open\n"},
        {6, HEAD "1 | 2 | 3 | 4 | 5 | 6 | 7 | 8\n"},
        {7, HEAD COLUMNS "1|A|open|||ASLEEP|CLOSED\n"},
        {7, HEAD COLUMNS "1|A|open|||CLOSED|\n"},
        {7, HEAD COLUMNS "x|A|open|||CLOSED|CLOSED\n"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct lab_model_head head;
        static struct output output;
        uint32_t line = 0;
        assert_false(draw(table[i].text, &head, &output, &line));
        assert_int_equal(line, table[i].line);
    }
}

// Cells and rows beyond what a counterexample has are cut or refused, never written past the end.
static void long_texts_stay_within_their_room(void **state)
{
    (void)state;
    static char text[1 << 16];
    static struct output output;
    struct lab_model_head head;
    uint32_t line = 0;
    (void)strcpy(text, "fails: ");
    memset(text + 7, 'f', 1000);
    (void)strcpy(text + 1007, "\n" COLUMNS "1|A|write|");
    size_t used = strlen(text);
    memset(text + used, 'w', 1000);
    (void)strcpy(text + used + 1000, "||CLOSED|CLOSED\n");
    assert_true(draw(text, &head, &output, &line));
    assert_int_equal(strlen(head.fails), LAB_MODEL_LINE_MAX - 1);
    for (uint32_t i = 0; i < 100; i++) {
        (void)strcat(text, "2|A|read|||CLOSED|CLOSED\n");
    }
    assert_false(draw(text, &head, &output, &line));
}

static void known_text_is_found_by_name_only(void **state)
{
    (void)state;
    static struct output output;
    struct lab_model_head head;
    uint32_t line = 0;
    assert_null(lab_model_texts_find("nosuch"));
    const char *text = lab_model_texts_find("two-way-handshake");
    assert_non_null(text);
    assert_true(draw(text, &head, &output, &line));
    assert_string_equal(head.control, "two-way-handshake");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_become_notes_states_and_segments),
        cmocka_unit_test(what_is_no_counterexample_names_its_line),
        cmocka_unit_test(long_texts_stay_within_their_room),
        cmocka_unit_test(known_text_is_found_by_name_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
