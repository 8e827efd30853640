// SPDX-License-Identifier: MIT
//
// The head of an HTTP/1.1 response, and the short page that explains an error to a person.
#ifndef SYNFIN_CLI_HTTP_REPLY_H
#define SYNFIN_CLI_HTTP_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

enum { HTTP_REPLY_HEAD_MAX = 1024 + 3 * 1024 };

struct http_reply {
    int status;
    bool is_last;         // the connection ends after it
    bool is_http10;       // to a client of HTTP/1.0, which must be told that it stays open
    const char *date;     // of now, as HTTP wants it
    const char *type;     // of the content; NULL: none
    uint64_t octets;      // of the content, also when it is not sent (HEAD)
    const char *etag;     // NULL: none
    const char *modified; // date; NULL: none
    const char *location; // NULL: none
    bool has_ranges;      // says that ranges are served
    uint64_t first;       // 206: the first octet of the part
    uint64_t whole;       // 206, 416: octets of the file
};

// The reason phrase of RFC 9110 §15.
const char *http_reply_phrase(int status);
// Writes the head with its empty line; returns its octets. `out` has HTTP_REPLY_HEAD_MAX.
size_t http_reply_head(const struct http_reply *reply, char *out);
// Writes the page for an error, NUL-terminated; returns its octets.
size_t http_reply_page(int status, char *out, size_t capacity);

#endif
