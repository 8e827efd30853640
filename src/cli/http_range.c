// SPDX-License-Identifier: MIT
//
// Conditions and ranges; see http_range.h.
#include "cli/http_range.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cli/http_date.h"

enum {
    STATUS_OK = 200,
    STATUS_PARTIAL = 206,
    STATUS_NOT_MODIFIED = 304,
    STATUS_PRECONDITION_FAILED = 412,
    STATUS_RANGE_NOT_SATISFIABLE = 416,
};

// True when `etag` stands in the list, or the list is "*". The weak comparison of RFC 9110
// §8.8.3.2 takes W/"x" for "x"; the strong one does not.
static bool list_has_etag(const char *list, const char *etag, bool is_weak_enough)
{
    size_t length = strlen(etag);
    if (strcmp(list, "*") == 0) {
        return true;
    }
    while (*list != '\0') {
        list += strspn(list, " \t,");
        bool is_weak = strncmp(list, "W/", 2) == 0;
        list += is_weak ? 2 : 0;
        if (*list != '"') {
            return false;
        }
        const char *close = strchr(list + 1, '"');
        if (close == NULL) {
            return false;
        }
        bool is_same = (size_t)(close + 1 - list) == length && memcmp(list, etag, length) == 0;
        if (is_same && (!is_weak || is_weak_enough)) {
            return true;
        }
        list = close + 1;
    }
    return false;
}

// RFC 9110 §13.2.2, steps 1 to 4. A date that is no date is ignored.
static int judge_conditions(const struct http_request *request, const struct http_range_file *file)
{
    time_t when;
    if (request->if_match != NULL) {
        if (!list_has_etag(request->if_match, file->etag, false)) {
            return STATUS_PRECONDITION_FAILED;
        }
    } else if (request->if_unmodified_since != NULL
               && http_date_parse(request->if_unmodified_since, &when) && file->modified > when) {
        return STATUS_PRECONDITION_FAILED;
    }
    if (request->if_none_match != NULL) {
        return list_has_etag(request->if_none_match, file->etag, true) ? STATUS_NOT_MODIFIED
                                                                       : STATUS_OK;
    }
    if (request->if_modified_since != NULL && http_date_parse(request->if_modified_since, &when)
        && file->modified <= when) {
        return STATUS_NOT_MODIFIED;
    }
    return STATUS_OK;
}

// RFC 9110 §13.1.5: the part is wanted only of the very file the client has a part of.
static bool range_applies(const struct http_request *request, const struct http_range_file *file)
{
    time_t when;
    if (request->method != HTTP_METHOD_GET || request->range == NULL) {
        return false;
    }
    const char *validator = request->if_range;
    if (validator == NULL) {
        return true;
    }
    if (validator[0] == '"') {
        return strcmp(validator, file->etag) == 0;
    }
    return http_date_parse(validator, &when) && when == file->modified;
}

// Digits at *text, which it moves behind them. Numbers beyond 18 digits count as that many.
static bool read_number(const char **text, uint64_t *out)
{
    size_t digits = strspn(*text, "0123456789");
    *out = digits > 18 ? UINT64_C(999999999999999999) : strtoull(*text, NULL, 10);
    *text += digits;
    return digits > 0;
}

// One range of RFC 9110 §14.1.2: 206 or 416, or 200 when it is none and must be ignored.
static int read_range(const char *text, uint64_t octets, struct http_range_part *part)
{
    uint64_t first;
    uint64_t last;
    bool has_first = read_number(&text, &first);
    if (*text++ != '-') {
        return STATUS_OK;
    }
    bool has_last = read_number(&text, &last);
    text += strspn(text, " \t");
    if (*text != '\0' || (!has_first && !has_last) || (has_first && has_last && last < first)) {
        return STATUS_OK;
    }
    if (!has_first) {
        part->octets = last < octets ? last : octets;
        part->first = octets - part->octets;
        return part->octets > 0 ? STATUS_PARTIAL : STATUS_RANGE_NOT_SATISFIABLE;
    }
    if (first >= octets) {
        return STATUS_RANGE_NOT_SATISFIABLE;
    }
    part->first = first;
    part->octets = has_last && last < octets ? last - first + 1 : octets - first;
    return STATUS_PARTIAL;
}

int http_range_judge(const struct http_request *request, const struct http_range_file *file,
                     struct http_range_part *part)
{
    int status = judge_conditions(request, file);
    *part = (struct http_range_part){0, file->octets};
    if (status != STATUS_OK || !range_applies(request, file)
        || strncasecmp(request->range, "bytes=", 6) != 0) {
        return status;
    }
    const char *text = request->range + 6;
    text += strspn(text, " \t");
    return strchr(text, ',') != NULL ? STATUS_OK : read_range(text, file->octets, part);
}
