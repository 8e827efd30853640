// SPDX-License-Identifier: MIT
//
// Dates of HTTP; see http_date.h. The names of days and months are English whatever the locale,
// so the C library's own formats are of no use.
#include "cli/http_date.h"

#include <stdio.h>
#include <string.h>

static const char days[7][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

void http_date_format(time_t when, char out[HTTP_DATE_BYTES])
{
    struct tm tm;
    gmtime_r(&when, &tm);
    // A file can carry any date; four digits are all that the form has room for.
    unsigned year = (unsigned)(tm.tm_year + 1900) % 10000;
    snprintf(out, HTTP_DATE_BYTES, "%s, %02u %s %04u %02u:%02u:%02u GMT", days[tm.tm_wday % 7],
             (unsigned)tm.tm_mday % 100, months[tm.tm_mon % 12], year, (unsigned)tm.tm_hour % 100,
             (unsigned)tm.tm_min % 100, (unsigned)tm.tm_sec % 100);
}

// RFC 9110 §5.6.7: a two-digit year more than 50 years ahead is of the century before.
static int whole_year(int two_digits)
{
    time_t now = time(NULL);
    struct tm tm;
    gmtime_r(&now, &tm);
    int year = tm.tm_year + 1900;
    int guess = year - year % 100 + two_digits;
    return guess > year + 50 ? guess - 100 : guess;
}

// The C library reads names of days and months as the locale has them: this program never leaves
// the "C" locale, whose names are the English ones.
static bool read_form(const char *text, const char *form, struct tm *tm)
{
    memset(tm, 0, sizeof(*tm));
    const char *end = strptime(text, form, tm);
    return end != NULL && *end == '\0';
}

bool http_date_parse(const char *text, time_t *out)
{
    struct tm tm;
    if (read_form(text, "%a, %d-%b-%y %T GMT", &tm)) {
        tm.tm_year = whole_year(tm.tm_year % 100) - 1900;
    } else if (!read_form(text, "%a, %d %b %Y %T GMT", &tm)
               && !read_form(text, "%a %b %d %T %Y", &tm)) {
        return false;
    }
    *out = timegm(&tm);
    return true;
}
