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

static bool find_month(const char *name, int *month)
{
    for (int i = 0; i < 12; i++) {
        if (memcmp(name, months[i], 3) == 0) {
            *month = i;
            return true;
        }
    }
    return false;
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

static bool read_fields(const char *text, struct tm *tm, char month[4])
{
    int end = 0;
    memset(tm, 0, sizeof(*tm));
    if (sscanf(text, "%*3[A-Za-z], %2d %3[A-Za-z] %4d %2d:%2d:%2d GMT%n", &tm->tm_mday, month,
               &tm->tm_year, &tm->tm_hour, &tm->tm_min, &tm->tm_sec, &end)
            == 6
        && end > 0) {
        return true;
    }
    if (sscanf(text, "%*9[A-Za-z], %2d-%3[A-Za-z]-%2d %2d:%2d:%2d GMT%n", &tm->tm_mday, month,
               &tm->tm_year, &tm->tm_hour, &tm->tm_min, &tm->tm_sec, &end)
            == 6
        && end > 0) {
        tm->tm_year = whole_year(tm->tm_year);
        return true;
    }
    return sscanf(text, "%*3[A-Za-z] %3[A-Za-z] %2d %2d:%2d:%2d %4d%n", month, &tm->tm_mday,
                  &tm->tm_hour, &tm->tm_min, &tm->tm_sec, &tm->tm_year, &end)
               == 6
           && end > 0;
}

bool http_date_parse(const char *text, time_t *out)
{
    struct tm tm;
    char month[4] = "";
    if (!read_fields(text, &tm, month) || strlen(month) != 3 || !find_month(month, &tm.tm_mon)) {
        return false;
    }
    if (tm.tm_year < 1601 || tm.tm_mday < 1 || tm.tm_mday > 31 || tm.tm_hour < 0 || tm.tm_hour > 23
        || tm.tm_min < 0 || tm.tm_min > 59 || tm.tm_sec < 0 || tm.tm_sec > 60) {
        return false;
    }
    tm.tm_year -= 1900;
    *out = timegm(&tm);
    return true;
}
