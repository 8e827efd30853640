// SPDX-License-Identifier: MIT
//
// From the target of a request to an open file, without a way out of the served directory: the
// kernel itself resolves the path beneath it, symbolic links included.
#ifndef SYNFIN_CLI_HTTP_PATH_H
#define SYNFIN_CLI_HTTP_PATH_H

#include <stdbool.h>
#include <stddef.h>

// Decodes `target` in place (its query is cut off) into a path relative to the served directory:
// without a slash at its front, "." for the directory itself. False when an escape is wrong or a
// NUL is asked for. The path never ends in a slash; *is_directory says whether it did.
bool http_path_decode(char *target, char **path, bool *is_directory);
// Opens `path` beneath `root_fd` for reading; -1 with errno.
int http_path_open(int root_fd, const char *path);
// Writes `text` with everything but unreserved characters (RFC 3986 §2.3) and slashes escaped;
// returns the octets written, without the NUL; never more than capacity - 1.
size_t http_path_encode(const char *text, char *out, size_t capacity);
// The media type of a file of this name.
const char *http_path_type(const char *name);

#endif
