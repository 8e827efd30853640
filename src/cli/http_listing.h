// SPDX-License-Identifier: MIT
//
// A page that lists a directory without an index.html.
#ifndef SYNFIN_CLI_HTTP_LISTING_H
#define SYNFIN_CLI_HTTP_LISTING_H

#include <stddef.h>

// Lists the directory `fd` (taken) under the name `path`. NULL without memory; else the page, for
// free(), and its octets.
char *http_listing_make(int fd /* takes */, const char *path, size_t *octets);

#endif
