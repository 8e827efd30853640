// SPDX-License-Identifier: MIT
//
// Dates of HTTP (RFC 9110 §5.6.7): written in the one form that senders use, read in all three.
#ifndef SYNFIN_CLI_HTTP_DATE_H
#define SYNFIN_CLI_HTTP_DATE_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

enum { HTTP_DATE_BYTES = 30 }; // "Sun, 06 Nov 1994 08:49:37 GMT" and the NUL

void http_date_format(time_t when, char out[HTTP_DATE_BYTES]);
// False when the text is no date in any of the three forms.
bool http_date_parse(const char *text, time_t *out);

#endif
