// SPDX-License-Identifier: MIT
//
// Heads of HTTP requests: what is read from them, and what is refused with which status.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/http_request.h"

static char buffer[2 * HTTP_REQUEST_HEAD_MAX];

// Parses `text` as a whole head; returns the status. The request points into `buffer`.
static int parse(const char *text, struct http_request *out)
{
    size_t count = strlen(text);
    memcpy(buffer, text, count + 1);
    assert_int_equal(http_request_head(buffer, count), count);
    return http_request_parse(buffer, count, out);
}

static void head_ends_at_its_empty_line(void **state)
{
    (void)state;
    static const char head[] = "\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\nGET ";
    const size_t end = sizeof(head) - 1 - 4;
    for (size_t count = 0; count < end; count++) {
        assert_int_equal(http_request_head(head, count), 0);
    }
    assert_int_equal(http_request_head(head, end), end);
    assert_int_equal(http_request_head(head, sizeof(head) - 1), end);
    assert_int_equal(http_request_head("GET / HTTP/1.0\n\nx", 17), 16);
    assert_int_equal(http_request_head("GET / HTTP/1.0\n\r\nx", 18), 17);
}

static void request_with_fields_is_read(void **state)
{
    (void)state;
    struct http_request request;
    assert_int_equal(parse("GET /a%20b?q HTTP/1.1\r\nhOST:x\r\nRange: \t bytes=1-2 \r\n"
                           "If-None-Match: \"a\"\r\nContent-Length: 12\r\n\r\n",
                           &request),
                     0);
    assert_int_equal(request.method, HTTP_METHOD_GET);
    assert_string_equal(request.target, "/a%20b?q");
    assert_string_equal(request.host, "x");
    assert_string_equal(request.range, "bytes=1-2");
    assert_string_equal(request.if_none_match, "\"a\"");
    assert_int_equal(request.body_octets, 12);
    assert_true(request.is_keep_alive);
    assert_null(request.if_range);
}

static void connection_stays_as_version_and_field_say(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool is_keep_alive;
    } cases[] = {
        {"GET / HTTP/1.1\r\nHost: x\r\n\r\n", true},
        {"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", false},
        {"GET / HTTP/1.1\r\nHost: x\r\nConnection: upgrade, CLOSE\r\n\r\n", false},
        {"GET / HTTP/1.1\r\nHost: x\r\nConnection: a\r\nConnection: close\r\n\r\n", false},
        {"GET / HTTP/1.1\r\nHost: x\r\nConnection: closer\r\n\r\n", true},
        {"GET / HTTP/1.0\r\n\r\n", false},
        {"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", true},
        {"GET / HTTP/1.9\r\nHost: x\r\n\r\n", true},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct http_request request;
        assert_int_equal(parse(cases[i].text, &request), 0);
        assert_int_equal(request.is_keep_alive, cases[i].is_keep_alive);
    }
}

static void target_in_absolute_form_loses_its_origin(void **state)
{
    (void)state;
    struct http_request request;
    assert_int_equal(parse("GET http://h:80/p?q HTTP/1.1\r\nHost: h\r\n\r\n", &request), 0);
    assert_string_equal(request.target, "/p?q");
    assert_int_equal(parse("GET HTTP://h HTTP/1.1\r\nHost: h\r\n\r\n", &request), 0);
    assert_string_equal(request.target, "/");
    assert_int_equal(parse("GET http://h?q HTTP/1.1\r\nHost: h\r\n\r\n", &request), 0);
    assert_string_equal(request.target, "/?q");
    assert_int_equal(parse("OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n", &request), 0);
    assert_int_equal(request.method, HTTP_METHOD_OTHER);
}

static void head_with_a_fault_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int status;
    } cases[] = {
        {"GET\r\n\r\n", 400},
        {"GET /\r\n\r\n", 400},
        {"GET  / HTTP/1.1\r\nHost: x\r\n\r\n", 400},
        {"GET / HTTP/1.1 \r\nHost: x\r\n\r\n", 400},
        {"GET / http/1.1\r\nHost: x\r\n\r\n", 400},
        {"GET / HTTP/11\r\nHost: x\r\n\r\n", 400},
        {"GET / HTTP/2.0\r\nHost: x\r\n\r\n", 505},
        {"GET / HTTP/0.9\r\nHost: x\r\n\r\n", 505},
        {"G(T / HTTP/1.1\r\nHost: x\r\n\r\n", 400},
        {"GET x HTTP/1.1\r\nHost: x\r\n\r\n", 400},
        {"GET * HTTP/1.1\r\nHost: x\r\n\r\n", 400},
        {"GET /\x01 HTTP/1.1\r\nHost: x\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: x\r\nno colon\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost : x\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: x\r\n folded: x\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: x\r\n: x\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: x\ry\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1x\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 9999999999999999999\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", 501},
        {"GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: a\r\nContent-Length: 1\r\n\r\n", 400},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct http_request request;
        int status = parse(cases[i].text, &request);
        if (status != cases[i].status) {
            fail_msg("%s: %d, not %d", cases[i].text, status, cases[i].status);
        }
    }
}

static void head_with_a_nul_is_refused(void **state)
{
    (void)state;
    struct http_request request;
    char in_line[] = "GET /\0x HTTP/1.1\r\nHost: x\r\n\r\n";
    char in_field[] = "GET / HTTP/1.1\r\nHost: x\0y\r\n\r\n";
    assert_int_equal(http_request_parse(in_line, sizeof(in_line) - 1, &request), 400);
    assert_int_equal(http_request_parse(in_field, sizeof(in_field) - 1, &request), 400);
}

static void head_with_too_many_fields_is_refused(void **state)
{
    (void)state;
    struct http_request request;
    static char text[HTTP_REQUEST_HEAD_MAX];
    size_t count = (size_t)sprintf(text, "GET / HTTP/1.1\r\nHost: x\r\n");
    for (int i = 0; i < HTTP_REQUEST_FIELDS_MAX; i++) {
        count += (size_t)sprintf(text + count, "a:b\r\n");
    }
    strcpy(text + count, "\r\n");
    assert_int_equal(parse(text, &request), 431);
    strcpy(text + count - 5, "\r\n");
    assert_int_equal(parse(text, &request), 0);
}

static void unfinished_head_is_refused_at_its_limit(void **state)
{
    (void)state;
    static char octets[HTTP_REQUEST_HEAD_MAX + 1];
    memset(octets, 'a', sizeof(octets));
    assert_int_equal(http_request_limit(octets, HTTP_REQUEST_LINE_MAX), 0);
    assert_int_equal(http_request_limit(octets, HTTP_REQUEST_LINE_MAX + 1), 414);
    octets[10] = '\n';
    assert_int_equal(http_request_limit(octets, HTTP_REQUEST_HEAD_MAX), 0);
    assert_int_equal(http_request_limit(octets, HTTP_REQUEST_HEAD_MAX + 1), 431);
}

// Whatever the octets are, the parser stays within them and gives one of its statuses.
static void random_octets_are_survived(void **state)
{
    (void)state;
    static const char pieces[][12] = {
        "GET ", "HEAD ", "/",           " ",        "HTTP/1.1", "HTTP/1.0", "\r\n", "\n",
        "\r",   "Host:", "x",           ":",        "http://",  "?",        "%",    "\x7f",
        "\t",   "close", "Connection:", "Content-", "Length:",  "1",        ",",    "a b"};
    uint32_t random = 1;
    int seen[600] = {0};
    for (int round = 0; round < 200000; round++) {
        size_t count = 0;
        for (int i = 0; i < 14; i++) {
            random = random * 1664525U + 1013904223U;
            const char *piece = pieces[(random >> 16) % (sizeof(pieces) / sizeof(pieces[0]))];
            strcpy(buffer + count, piece);
            count += strlen(piece);
        }
        strcpy(buffer + count, "\r\n\r\n");
        // In memory of its own, so that a step outside is found.
        size_t head = http_request_head(buffer, count + 4);
        char *copy = malloc(head > 0 ? head : 1);
        struct http_request request;
        assert_non_null(copy);
        memcpy(copy, buffer, head);
        int status = head > 0 ? http_request_parse(copy, head, &request) : 400;
        assert_true(status == 0 || (status >= 400 && status < 600));
        seen[status]++;
        free(copy);
    }
    assert_true(seen[400] > 1000);
    assert_true(seen[0] > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(head_ends_at_its_empty_line),
        cmocka_unit_test(request_with_fields_is_read),
        cmocka_unit_test(connection_stays_as_version_and_field_say),
        cmocka_unit_test(target_in_absolute_form_loses_its_origin),
        cmocka_unit_test(head_with_a_fault_is_refused),
        cmocka_unit_test(head_with_a_nul_is_refused),
        cmocka_unit_test(head_with_too_many_fields_is_refused),
        cmocka_unit_test(unfinished_head_is_refused_at_its_limit),
        cmocka_unit_test(random_octets_are_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
