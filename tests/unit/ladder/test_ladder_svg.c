// SPDX-License-Identifier: MIT
//
// The SVG form: golden documents, and that nothing fed can break out of a text element.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ladder_script.h"

#include <string.h>

static void svg_handshake_is_golden(void **state)
{
    (void)state;
    synfin_ladder *ladder = script_ladder(NULL);
    synfin_ladder_note(ladder, 0, "the client connects");
    script_play_handshake(ladder, 0);
    script_expect_golden(ladder, synfin_ladder_svg, "handshake.svg");
    synfin_ladder_destroy(ladder);
}

static void svg_losses_are_golden(void **state)
{
    (void)state;
    synfin_ladder *ladder = script_ladder(NULL);
    script_play_losses(ladder);
    script_expect_golden(ladder, synfin_ladder_svg, "losses.svg");
    synfin_ladder_destroy(ladder);
}

static void svg_markup_in_note_is_escaped(void **state)
{
    (void)state;
    static struct script_output out;
    synfin_ladder *ladder = script_ladder(NULL);
    synfin_ladder_note(ladder, 0, "</text><script>&\"\x01\xc3");
    script_capture(ladder, synfin_ladder_svg, &out);
    assert_null(strstr(out.text, "<script>"));
    assert_non_null(strstr(out.text, "&lt;/text&gt;&lt;script&gt;&amp;&quot;?\?</text>"));
    synfin_ladder_destroy(ladder);
}

static void svg_nothing_fed_is_whole_document(void **state)
{
    (void)state;
    static struct script_output out;
    synfin_ladder *ladder = script_ladder(NULL);
    script_capture(ladder, synfin_ladder_svg, &out);
    assert_memory_equal(out.text, "<svg ", 5);
    assert_string_equal(out.text + out.used - 7, "</svg>\n");
    synfin_ladder_destroy(ladder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(svg_handshake_is_golden),
        cmocka_unit_test(svg_losses_are_golden),
        cmocka_unit_test(svg_markup_in_note_is_escaped),
        cmocka_unit_test(svg_nothing_fed_is_whole_document),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
