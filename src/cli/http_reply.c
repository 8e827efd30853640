// SPDX-License-Identifier: MIT
//
// The head of a response; see http_reply.h.
#include "cli/http_reply.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

struct head {
    char *out;
    size_t count;
};

static void add(struct head *head, const char *format, ...) __attribute__((format(printf, 2, 3)));

// Every value has its own limit, and together they fit; what would not is left out whole.
static void add(struct head *head, const char *format, ...)
{
    size_t room = HTTP_REPLY_HEAD_MAX - head->count;
    va_list arguments;
    va_start(arguments, format);
    int needed = vsnprintf(head->out + head->count, room, format, arguments);
    va_end(arguments);
    if (needed > 0 && (size_t)needed < room) {
        head->count += (size_t)needed;
    }
}

const char *http_reply_phrase(int status)
{
    switch (status) {
    case 200: return "OK";
    case 206: return "Partial Content";
    case 301: return "Moved Permanently";
    case 304: return "Not Modified";
    case 400: return "Bad Request";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 408: return "Request Timeout";
    case 412: return "Precondition Failed";
    case 413: return "Content Too Large";
    case 414: return "URI Too Long";
    case 416: return "Range Not Satisfiable";
    case 431: return "Request Header Fields Too Large";
    case 501: return "Not Implemented";
    case 503: return "Service Unavailable";
    case 505: return "HTTP Version Not Supported";
    default: return "Internal Server Error";
    }
}

static void add_content(struct head *head, const struct http_reply *reply)
{
    if (reply->status == 206) {
        add(head, "Content-Range: bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64 "\r\n", reply->first,
            reply->first + reply->octets - 1, reply->whole);
    } else if (reply->status == 416) {
        add(head, "Content-Range: bytes */%" PRIu64 "\r\n", reply->whole);
    }
    // RFC 9110 §8.6: a 304 has no content, and its length would be the file's.
    if (reply->status != 304) {
        add(head, "Content-Length: %" PRIu64 "\r\n", reply->octets);
    }
    if (reply->type != NULL) {
        add(head, "Content-Type: %s\r\nX-Content-Type-Options: nosniff\r\n", reply->type);
    }
}

size_t http_reply_head(const struct http_reply *reply, char *out)
{
    struct head head = {out, 0};
    add(&head, "HTTP/1.1 %d %s\r\nDate: %s\r\nServer: synfin\r\n", reply->status,
        http_reply_phrase(reply->status), reply->date);
    add_content(&head, reply);
    if (reply->has_ranges) {
        add(&head, "Accept-Ranges: bytes\r\n");
    }
    if (reply->etag != NULL) {
        add(&head, "ETag: %s\r\n", reply->etag);
    }
    if (reply->modified != NULL) {
        add(&head, "Last-Modified: %s\r\n", reply->modified);
    }
    if (reply->status == 405) {
        add(&head, "Allow: GET, HEAD\r\n"); // RFC 9110 §15.5.6
    }
    if (reply->location != NULL) {
        add(&head, "Location: %s\r\n", reply->location);
    }
    if (reply->is_last) {
        add(&head, "Connection: close\r\n");
    } else if (reply->is_http10) {
        add(&head, "Connection: keep-alive\r\n");
    }
    add(&head, "\r\n");
    return head.count;
}

size_t http_reply_page(int status, char *out, size_t capacity)
{
    const char *phrase = http_reply_phrase(status);
    int needed = snprintf(out, capacity, "<!doctype html>\n<title>%d %s</title>\n<h1>%d %s</h1>\n",
                          status, phrase, status, phrase);
    return needed < 0 || (size_t)needed >= capacity ? 0 : (size_t)needed;
}
