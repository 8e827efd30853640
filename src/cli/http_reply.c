// SPDX-License-Identifier: MIT
//
// The head of a response; see http_reply.h.
#include "cli/http_reply.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct head {
    char *out;
    size_t count;
};

// Appends a text. Every value has its own limit, and together they fit; what would not is left out.
static void put(struct head *head, const char *text)
{
    size_t length = strlen(text);
    if (length < HTTP_REPLY_HEAD_MAX - head->count) {
        memcpy(head->out + head->count, text, length);
        head->count += length;
    }
}

static void put_field(struct head *head, const char *name, const char *value)
{
    put(head, name);
    put(head, ": ");
    put(head, value);
    put(head, "\r\n");
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

static void put_content(struct head *head, const struct http_reply *reply)
{
    char text[80];
    if (reply->status == 206) {
        snprintf(text, sizeof(text), "bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64, reply->first,
                 reply->first + reply->octets - 1, reply->whole);
        put_field(head, "Content-Range", text);
    } else if (reply->status == 416) {
        snprintf(text, sizeof(text), "bytes */%" PRIu64, reply->whole);
        put_field(head, "Content-Range", text);
    }
    // RFC 9110 §8.6: a 304 has no content, and its length would be the file's.
    if (reply->status != 304) {
        snprintf(text, sizeof(text), "%" PRIu64, reply->octets);
        put_field(head, "Content-Length", text);
    }
    if (reply->type != NULL) {
        put_field(head, "Content-Type", reply->type);
        put_field(head, "X-Content-Type-Options", "nosniff");
    }
}

static void put_if(struct head *head, const char *name, const char *value)
{
    if (value != NULL) {
        put_field(head, name, value);
    }
}

size_t http_reply_head(const struct http_reply *reply, char *out)
{
    struct head head = {0};
    char line[80];
    head.out = out;
    snprintf(line, sizeof(line), "HTTP/1.1 %d %s\r\n", reply->status,
             http_reply_phrase(reply->status));
    put(&head, line);
    put_field(&head, "Date", reply->date);
    put_field(&head, "Server", "synfin");
    put_content(&head, reply);
    put_if(&head, "Accept-Ranges", reply->has_ranges ? "bytes" : NULL);
    put_if(&head, "ETag", reply->etag);
    put_if(&head, "Last-Modified", reply->modified);
    put_if(&head, "Allow", reply->status == 405 ? "GET, HEAD" : NULL); // RFC 9110 §15.5.6
    put_if(&head, "Location", reply->location);
    if (reply->is_last) {
        put_field(&head, "Connection", "close");
    } else if (reply->is_http10) {
        put_field(&head, "Connection", "keep-alive");
    }
    put(&head, "\r\n");
    return head.count;
}

size_t http_reply_page(int status, char *out, size_t capacity)
{
    const char *phrase = http_reply_phrase(status);
    int needed = snprintf(out, capacity, "<!doctype html>\n<title>%d %s</title>\n<h1>%d %s</h1>\n",
                          status, phrase, status, phrase);
    return needed < 0 || (size_t)needed >= capacity ? 0 : (size_t)needed;
}
