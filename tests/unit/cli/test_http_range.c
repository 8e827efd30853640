// SPDX-License-Identifier: MIT
//
// Conditions and ranges: a table of requests for one file of ten octets, and dates in their three
// forms.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cli/http_date.h"
#include "cli/http_range.h"

static const char *const date = "Sun, 06 Nov 1994 08:49:37 GMT";
static const char *const earlier = "Sun, 06 Nov 1994 08:49:36 GMT";
static const char *const later = "Sun, 06 Nov 1994 08:49:38 GMT";
static const time_t date_s = 784111777;

static struct http_range_file make_file(uint64_t octets)
{
    return (struct http_range_file){.octets = octets, .modified = date_s, .etag = "\"a\""};
}

static void expect_range(const char *range, int status, uint64_t first, uint64_t octets)
{
    const struct http_request request = {.method = HTTP_METHOD_GET, .range = range};
    const struct http_range_file file = make_file(10);
    struct http_range_part part;
    assert_int_equal(http_range_judge(&request, &file, &part), status);
    if (status != 416) {
        assert_int_equal(part.first, first);
        assert_int_equal(part.octets, octets);
    }
}

static void range_gives_its_part(void **state)
{
    (void)state;
    expect_range("bytes=0-0", 206, 0, 1);
    expect_range("bytes=0-9", 206, 0, 10);
    expect_range("bytes=9-", 206, 9, 1);
    expect_range("bytes=3-5", 206, 3, 3);
    expect_range("bytes=3-99", 206, 3, 7);
    expect_range("bytes=-1", 206, 9, 1);
    expect_range("bytes=-10", 206, 0, 10);
    expect_range("bytes=-11", 206, 0, 10);
    expect_range("Bytes= 3-5", 206, 3, 3);
    expect_range("bytes=3-99999999999999999999999", 206, 3, 7);
}

static void range_beyond_the_file_is_not_satisfiable(void **state)
{
    (void)state;
    expect_range("bytes=10-", 416, 0, 0);
    expect_range("bytes=10-12", 416, 0, 0);
    expect_range("bytes=-0", 416, 0, 0);
    expect_range("bytes=99999999999999999999-", 416, 0, 0);
}

static void range_that_is_none_gives_the_whole(void **state)
{
    (void)state;
    expect_range(NULL, 200, 0, 10);
    expect_range("lines=1-2", 200, 0, 10);
    expect_range("bytes=5-3", 200, 0, 10);
    expect_range("bytes=-", 200, 0, 10);
    expect_range("bytes=a-b", 200, 0, 10);
    expect_range("bytes=1-2x", 200, 0, 10);
    expect_range("bytes=1", 200, 0, 10);
    expect_range("bytes=", 200, 0, 10);
    expect_range("bytes=0-1,3-4", 200, 0, 10);
}

static void range_of_an_empty_file_is_not_satisfiable(void **state)
{
    (void)state;
    const struct http_request request = {.method = HTTP_METHOD_GET, .range = "bytes=0-"};
    const struct http_range_file file = make_file(0);
    struct http_range_part part;
    assert_int_equal(http_range_judge(&request, &file, &part), 416);
}

static void range_counts_for_get_only(void **state)
{
    (void)state;
    const struct http_request request = {.method = HTTP_METHOD_HEAD, .range = "bytes=0-1"};
    const struct http_range_file file = make_file(10);
    struct http_range_part part;
    assert_int_equal(http_range_judge(&request, &file, &part), 200);
}

static void conditions_are_judged_in_order(void **state)
{
    (void)state;
    const struct {
        struct http_request request;
        int status;
    } cases[] = {
        {{.if_none_match = "\"a\""}, 304},
        {{.if_none_match = "W/\"a\""}, 304},
        {{.if_none_match = "\"b\", \"a\""}, 304},
        {{.if_none_match = "*"}, 304},
        {{.if_none_match = "\"b\""}, 200},
        {{.if_none_match = "a"}, 200},
        {{.if_none_match = "\"a"}, 200},
        {{.if_none_match = "\"b\"", .if_modified_since = later}, 200},
        {{.if_modified_since = date}, 304},
        {{.if_modified_since = later}, 304},
        {{.if_modified_since = earlier}, 200},
        {{.if_modified_since = "yesterday"}, 200},
        {{.if_match = "\"a\""}, 200},
        {{.if_match = "*"}, 200},
        {{.if_match = "W/\"a\""}, 412},
        {{.if_match = "\"b\""}, 412},
        {{.if_match = "\"a\"", .if_unmodified_since = earlier}, 200},
        {{.if_unmodified_since = earlier}, 412},
        {{.if_unmodified_since = date}, 200},
        {{.range = "bytes=0-1", .if_range = "\"a\""}, 206},
        {{.range = "bytes=0-1", .if_range = "\"b\""}, 200},
        {{.range = "bytes=0-1", .if_range = "W/\"a\""}, 200},
        {{.range = "bytes=0-1", .if_range = date}, 206},
        {{.range = "bytes=0-1", .if_range = later}, 200},
        {{.range = "bytes=0-1", .if_none_match = "\"a\""}, 304},
        {{.range = "bytes=50-", .if_range = "\"b\""}, 200},
    };
    const struct http_range_file file = make_file(10);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct http_range_part part;
        struct http_request request = cases[i].request;
        request.method = HTTP_METHOD_GET;
        int status = http_range_judge(&request, &file, &part);
        if (status != cases[i].status) {
            fail_msg("case %zu: %d, not %d", i, status, cases[i].status);
        }
    }
}

static void date_in_any_form_is_read(void **state)
{
    (void)state;
    time_t when = 0;
    assert_true(http_date_parse(date, &when));
    assert_int_equal(when, date_s);
    assert_true(http_date_parse("Sunday, 06-Nov-94 08:49:37 GMT", &when));
    assert_int_equal(when, date_s);
    assert_true(http_date_parse("Sun Nov  6 08:49:37 1994", &when));
    assert_int_equal(when, date_s);
}

static void date_that_is_none_is_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "",
        "Sun",
        "784111777",
        "Sun, 06 Nov 1994 08:49:37",
        "Sun, 06 Nov 1994 24:49:37 GMT",
        "Sun, 06 Foo 1994 08:49:37 GMT",
        "Sun, 32 Nov 1994 08:49:37 GMT",
        "Sun, 06 No 1994 08:49:37 GMT",
        "Sun, 06 Nov -994 08:49:37 GMT",
    };
    time_t when;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_false(http_date_parse(wrong[i], &when));
    }
}

static void date_written_is_read_again(void **state)
{
    (void)state;
    char text[HTTP_DATE_BYTES];
    http_date_format(date_s, text);
    assert_string_equal(text, date);
    for (int64_t when = 0; when < INT64_C(4102444800); when += 86400 * 31 + 12345) {
        time_t again = 0;
        http_date_format((time_t)when, text);
        assert_int_equal(strlen(text), HTTP_DATE_BYTES - 1);
        assert_true(http_date_parse(text, &again));
        assert_int_equal(again, when);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(range_gives_its_part),
        cmocka_unit_test(range_beyond_the_file_is_not_satisfiable),
        cmocka_unit_test(range_that_is_none_gives_the_whole),
        cmocka_unit_test(range_of_an_empty_file_is_not_satisfiable),
        cmocka_unit_test(range_counts_for_get_only),
        cmocka_unit_test(conditions_are_judged_in_order),
        cmocka_unit_test(date_in_any_form_is_read),
        cmocka_unit_test(date_that_is_none_is_refused),
        cmocka_unit_test(date_written_is_read_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
