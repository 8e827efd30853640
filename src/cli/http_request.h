// SPDX-License-Identifier: MIT
//
// The head of an HTTP/1 request (RFC 9112 §2, §3, §5), read in place: the octets stay where they
// are, are cut into NUL-terminated texts, and the request points at them. Everything that can be
// judged from the head alone is judged here, as the status to answer with.
#ifndef SYNFIN_CLI_HTTP_REQUEST_H
#define SYNFIN_CLI_HTTP_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    HTTP_REQUEST_HEAD_MAX = 8192, // octets of request line and fields
    HTTP_REQUEST_LINE_MAX = 4096,
    HTTP_REQUEST_FIELDS_MAX = 100,
};

enum http_method { HTTP_METHOD_GET, HTTP_METHOD_HEAD, HTTP_METHOD_OTHER };

struct http_request {
    enum http_method method;
    const char *method_name;
    char *target;         // as sent, in origin form; "*" only with OPTIONS
    uint8_t minor;        // of HTTP/1.x; everything above 1 counts as 1
    bool is_keep_alive;   // the client wants the connection to stay
    uint64_t body_octets; // to be skipped behind the head
    // Fields as sent; NULL when absent.
    const char *host, *range, *if_range, *if_match, *if_none_match;
    const char *if_modified_since, *if_unmodified_since;
    // Of the fields that say how long the body is.
    const char *content_length, *transfer_encoding, *connection;
};

// Where the head in `octets` ends: octets up to and with its empty line, or 0 when it has none
// yet. Empty lines before the request line are part of it (RFC 9112 §2.2).
size_t http_request_head(const char *octets, size_t count);
// Reads a whole head of `count` octets, which it cuts up. Returns 0, or the status to refuse
// with; then only method, method_name and minor are to be relied on.
int http_request_parse(char *head, size_t count, struct http_request *out);
// The status for a head of `count` octets that has no end yet; 0 while more may come.
int http_request_limit(const char *octets, size_t count);

#endif
