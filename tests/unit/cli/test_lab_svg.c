// SPDX-License-Identifier: MIT
//
// How shapes are written: tenths, relative paths, escaped text.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "cli/lab_svg.h"

static struct lab_svg svg;
static char text[1000];

static int begin(void **state)
{
    (void)state;
    svg = (struct lab_svg){.file = tmpfile()};
    return svg.file == NULL;
}

static const char *written(void)
{
    rewind(svg.file);
    text[fread(text, 1, sizeof text - 1, svg.file)] = '\0';
    (void)fclose(svg.file);
    return text;
}

static void places_are_tenths_without_needless_digits(void **state)
{
    (void)state;
    lab_svg_rect(&svg, 0, 5, 120, -123, "x");
    assert_string_equal(written(),
                        "<rect x=\"0\" y=\".5\" width=\"12\" height=\"-12.3\" class=\"x\"/>\n");
}

static void path_says_only_what_changes(void **state)
{
    (void)state;
    lab_svg_path_move(&svg, "x", 10, 20);
    lab_svg_path_line(&svg, 15, 20);
    lab_svg_path_line(&svg, 15, 10);
    lab_svg_path_line(&svg, 10, 13);
    lab_svg_path_move(&svg, "ignored", 0, 0);
    lab_svg_path_line(&svg, 1, 1);
    lab_svg_path_end(&svg);
    assert_string_equal(written(), "<path class=\"x\" d=\"M1 2h.5v-1l-.5 .3m-1-1.3l.1 .1\"/>\n");
}

static void path_without_points_is_not_written(void **state)
{
    (void)state;
    lab_svg_path_end(&svg);
    assert_string_equal(written(), "");
}

static void text_is_escaped(void **state)
{
    (void)state;
    lab_svg_text(&svg, 0, 0, "x", "a < b & c > d");
    assert_string_equal(written(),
                        "<text x=\"0\" y=\"0\" class=\"x\">a &lt; b &amp; c &gt; d</text>\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(places_are_tenths_without_needless_digits, begin),
        cmocka_unit_test_setup(path_says_only_what_changes, begin),
        cmocka_unit_test_setup(path_without_points_is_not_written, begin),
        cmocka_unit_test_setup(text_is_escaped, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
