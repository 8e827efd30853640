// SPDX-License-Identifier: MIT
//
// Which part of a file is wanted, and whether it is wanted at all: RFC 9110 §13 (conditions) and
// §14 (ranges), for one validator pair of a file.
#ifndef SYNFIN_CLI_HTTP_RANGE_H
#define SYNFIN_CLI_HTTP_RANGE_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "cli/http_request.h"

enum { HTTP_RANGE_ETAG_BYTES = 40 };

struct http_range_file {
    uint64_t octets;
    time_t modified;
    char etag[HTTP_RANGE_ETAG_BYTES]; // strong, with its quotes
};

struct http_range_part {
    uint64_t first;
    uint64_t octets;
};

// The status that RFC 9110 §13.2.2 and §14.2 give this request for this file: 200, 206, 304, 412
// or 416. `part` is what to send with 200 and 206. Several ranges in one field are answered with
// the whole file, as §14.2 allows.
int http_range_judge(const struct http_request *request, const struct http_range_file *file,
                     struct http_range_part *part);

#endif
