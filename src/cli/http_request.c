// SPDX-License-Identifier: MIT
//
// The head of an HTTP/1 request; see http_request.h. Where RFC 9112 leaves a choice between
// guessing and refusing, this refuses: what two servers read differently is how requests are
// smuggled past one of them.
#include "cli/http_request.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
    STATUS_BAD_REQUEST = 400,
    STATUS_URI_TOO_LONG = 414,
    STATUS_FIELDS_TOO_LARGE = 431,
    STATUS_NOT_IMPLEMENTED = 501,
    STATUS_VERSION_NOT_SUPPORTED = 505,
};

static size_t skip_empty_lines(const char *octets, size_t count)
{
    size_t at = 0;
    while (at < count && (octets[at] == '\r' || octets[at] == '\n')) {
        at++;
    }
    return at;
}

size_t http_request_head(const char *octets, size_t count)
{
    size_t at = skip_empty_lines(octets, count);
    const char *next;
    while ((next = memchr(octets + at, '\n', count - at)) != NULL) {
        at = (size_t)(next - octets) + 1;
        if (at < count && octets[at] == '\n') {
            return at + 1;
        }
        if (at + 1 < count && octets[at] == '\r' && octets[at + 1] == '\n') {
            return at + 2;
        }
    }
    return 0;
}

int http_request_limit(const char *octets, size_t count)
{
    size_t start = skip_empty_lines(octets, count);
    bool has_line = memchr(octets + start, '\n', count - start) != NULL;
    if (!has_line && count - start > HTTP_REQUEST_LINE_MAX) {
        return STATUS_URI_TOO_LONG;
    }
    return count > HTTP_REQUEST_HEAD_MAX ? STATUS_FIELDS_TOO_LARGE : 0;
}

// RFC 9110 §5.6.2.
static bool is_token_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')
           || (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static bool is_token(const char *text)
{
    const char *c = text;
    while (is_token_char(*c)) {
        c++;
    }
    return c > text && *c == '\0';
}

static bool is_target(const char *text)
{
    const char *c = text;
    while (*c > ' ' && *c < 0x7f) {
        c++;
    }
    return c > text && *c == '\0';
}

// Cuts the next line off `*rest`, without its end; NULL when there is none, or a NUL or lone CR
// stands in it, which no field may contain (RFC 9110 §5.5).
static char *cut_line(char **rest, const char *end)
{
    char *line = *rest;
    char *newline = memchr(line, '\n', (size_t)(end - line));
    if (newline == NULL) {
        return NULL;
    }
    *rest = newline + 1;
    char *stop = newline > line && newline[-1] == '\r' ? newline - 1 : newline;
    *stop = '\0';
    if (strlen(line) != (size_t)(stop - line) || strchr(line, '\r') != NULL) {
        return NULL;
    }
    return line;
}

// RFC 9112 §2.3.
static int read_version(const char *text, struct http_request *out)
{
    bool has_form = strncmp(text, "HTTP/", 5) == 0 && text[5] >= '0' && text[5] <= '9'
                    && text[6] == '.' && text[7] >= '0' && text[7] <= '9' && text[8] == '\0';
    if (!has_form) {
        return STATUS_BAD_REQUEST;
    }
    out->minor = text[7] == '0' ? 0 : 1;
    return text[5] == '1' ? 0 : STATUS_VERSION_NOT_SUPPORTED;
}

// RFC 9112 §3.2.2: a server accepts the absolute form too; what it names beside the path is us.
static int read_target(char *target, struct http_request *out)
{
    if (!is_target(target)) {
        return STATUS_BAD_REQUEST;
    }
    if (strncasecmp(target, "http://", 7) == 0) {
        char *path = strpbrk(target + 7, "/?");
        if (path == NULL || *path == '?') {
            // The shortest path that means the same, in the space of the scheme.
            char *query = path;
            path = target + 6;
            if (query != NULL) {
                memmove(path + 1, query, strlen(query) + 1);
            } else {
                path[1] = '\0';
            }
        }
        target = path;
    }
    bool is_options = strcmp(out->method_name, "OPTIONS") == 0;
    if (target[0] != '/' && !(is_options && strcmp(target, "*") == 0)) {
        return STATUS_BAD_REQUEST;
    }
    out->target = target;
    return 0;
}

static int read_request_line(char *line, struct http_request *out)
{
    char *target = strchr(line, ' ');
    char *version = target != NULL ? strchr(target + 1, ' ') : NULL;
    if (version == NULL) {
        return STATUS_BAD_REQUEST;
    }
    *target++ = '\0';
    *version++ = '\0';
    if (!is_token(line)) {
        return STATUS_BAD_REQUEST;
    }
    out->method_name = line;
    out->method = strcmp(line, "GET") == 0    ? HTTP_METHOD_GET
                  : strcmp(line, "HEAD") == 0 ? HTTP_METHOD_HEAD
                                              : HTTP_METHOD_OTHER;
    int status = read_version(version, out);
    return status != 0 ? status : read_target(target, out);
}

// The place of a field in the request; NULL when it does not matter here.
static const char **find_field(struct http_request *out, const char *name)
{
    const struct {
        const char *name;
        const char **value;
    } fields[] = {
        {"host", &out->host},
        {"connection", &out->connection},
        {"range", &out->range},
        {"if-range", &out->if_range},
        {"if-match", &out->if_match},
        {"if-none-match", &out->if_none_match},
        {"if-modified-since", &out->if_modified_since},
        {"if-unmodified-since", &out->if_unmodified_since},
        {"content-length", &out->content_length},
        {"transfer-encoding", &out->transfer_encoding},
    };
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        if (strcasecmp(fields[i].name, name) == 0) {
            return fields[i].value;
        }
    }
    return NULL;
}

// Two values of a field: only those of lists may come twice. Of Connection only "close" matters,
// of the others the first, and a wrong guess costs a whole answer instead of a part.
static int read_again(const char **value, const char *text, const struct http_request *out)
{
    if (value == &out->content_length) {
        return strcmp(*value, text) == 0 ? 0 : STATUS_BAD_REQUEST;
    }
    if (value == &out->host || value == &out->transfer_encoding) {
        return STATUS_BAD_REQUEST;
    }
    if (value == &out->connection && strcasestr(text, "close") != NULL) {
        *value = text;
    }
    return 0;
}

static int read_field(char *line, struct http_request *out)
{
    char *colon = strchr(line, ':');
    // A line that begins with a space would continue the one before: RFC 9112 §5.2 refuses.
    if (colon == NULL || line[0] == ' ' || line[0] == '\t') {
        return STATUS_BAD_REQUEST;
    }
    *colon = '\0';
    if (!is_token(line)) {
        return STATUS_BAD_REQUEST;
    }
    char *value = colon + 1 + strspn(colon + 1, " \t");
    size_t length = strlen(value);
    while (length > 0 && (value[length - 1] == ' ' || value[length - 1] == '\t')) {
        value[--length] = '\0';
    }
    const char **place = find_field(out, line);
    if (place == NULL) {
        return 0;
    }
    if (*place != NULL) {
        return read_again(place, value, out);
    }
    *place = value;
    return 0;
}

// RFC 9112 §6.3. Bodies of unknown length are refused, since no method here wants one.
static int read_body_length(struct http_request *out)
{
    if (out->transfer_encoding != NULL) {
        bool is_strange = out->content_length != NULL || out->minor == 0;
        return is_strange ? STATUS_BAD_REQUEST : STATUS_NOT_IMPLEMENTED;
    }
    if (out->content_length == NULL) {
        return 0;
    }
    size_t digits = strspn(out->content_length, "0123456789");
    if (digits == 0 || digits > 18 || out->content_length[digits] != '\0') {
        return STATUS_BAD_REQUEST;
    }
    out->body_octets = strtoull(out->content_length, NULL, 10);
    return 0;
}

// RFC 9110 §7.6.1: a list of options, in any case.
static bool has_option(const char *list, const char *option)
{
    size_t length = strlen(option);
    while (list != NULL && *list != '\0') {
        list += strspn(list, " \t,");
        size_t item = strcspn(list, " \t,");
        if (item == length && strncasecmp(list, option, length) == 0) {
            return true;
        }
        list += item;
    }
    return false;
}

static int judge(struct http_request *out)
{
    // RFC 9112 §9.3.
    out->is_keep_alive = out->minor > 0 ? !has_option(out->connection, "close")
                                        : has_option(out->connection, "keep-alive");
    if (out->minor > 0 && out->host == NULL) {
        return STATUS_BAD_REQUEST; // RFC 9112 §3.2
    }
    return read_body_length(out);
}

int http_request_parse(char *head, size_t count, struct http_request *out)
{
    char *rest = head + skip_empty_lines(head, count);
    const char *end = head + count;
    memset(out, 0, sizeof(*out));
    out->method = HTTP_METHOD_OTHER;
    out->method_name = "?";
    char *line = cut_line(&rest, end);
    if (line == NULL) {
        return STATUS_BAD_REQUEST;
    }
    if (strlen(line) > HTTP_REQUEST_LINE_MAX) {
        return STATUS_URI_TOO_LONG;
    }
    int status = read_request_line(line, out);
    for (int fields = 0; status == 0; fields++) {
        line = cut_line(&rest, end);
        if (line == NULL) {
            return STATUS_BAD_REQUEST;
        }
        if (*line == '\0') {
            return judge(out);
        }
        status =
            fields == HTTP_REQUEST_FIELDS_MAX ? STATUS_FIELDS_TOO_LARGE : read_field(line, out);
    }
    return status;
}
