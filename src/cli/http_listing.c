// SPDX-License-Identifier: MIT
//
// A directory as a page; see http_listing.h. Names that begin with a dot are left out, as ls
// leaves them out; they are still served to whoever knows them.
#include "cli/http_listing.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/http_path.h"

enum { ENTRIES_MAX = 10000 };

static void put_escaped(FILE *page, const char *text)
{
    for (; *text != '\0'; text++) {
        switch (*text) {
        case '&': fputs("&amp;", page); break;
        case '<': fputs("&lt;", page); break;
        case '>': fputs("&gt;", page); break;
        case '"': fputs("&quot;", page); break;
        default: fputc(*text, page);
        }
    }
}

static void put_entry(FILE *page, int fd, const char *name)
{
    char link[3 * 256 + 1];
    struct stat status;
    if (fstatat(fd, name, &status, 0) != 0) {
        return;
    }
    const char *slash = S_ISDIR(status.st_mode) ? "/" : "";
    http_path_encode(name, link, sizeof(link));
    // "./" keeps a name with a colon from being read as a scheme (RFC 3986 §4.2).
    fprintf(page, "<tr><td><a href=\"./%s%s\">", link, slash);
    put_escaped(page, name);
    fprintf(page, "%s</a><td align=\"right\">", slash);
    if (S_ISREG(status.st_mode)) {
        fprintf(page, "%" PRIu64, (uint64_t)status.st_size);
    }
    fputs("\n", page);
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static size_t read_names(DIR *dir, char **names)
{
    size_t count = 0;
    struct dirent *entry;
    while (count < ENTRIES_MAX && (entry = readdir(dir)) != NULL) {
        if (entry->d_name[0] != '.') {
            names[count] = strdup(entry->d_name);
            count += names[count] != NULL;
        }
    }
    qsort(names, count, sizeof(names[0]), compare_names);
    return count;
}

static void put_page(FILE *page, DIR *dir, const char *path, char **names)
{
    fputs("<!doctype html>\n<meta charset=\"utf-8\">\n<title>/", page);
    put_escaped(page, strcmp(path, ".") == 0 ? "" : path);
    fputs("</title>\n<h1>/", page);
    put_escaped(page, strcmp(path, ".") == 0 ? "" : path);
    fputs("</h1>\n<table>\n", page);
    if (strcmp(path, ".") != 0) {
        fputs("<tr><td><a href=\"../\">../</a><td>\n", page);
    }
    size_t count = read_names(dir, names);
    for (size_t i = 0; i < count; i++) {
        put_entry(page, dirfd(dir), names[i]);
        free(names[i]);
    }
    fputs("</table>\n", page);
    if (count == ENTRIES_MAX) {
        fprintf(page, "<p>Only the first %d entries are listed.</p>\n", ENTRIES_MAX);
    }
}

char *http_listing_make(int fd, const char *path, size_t *octets)
{
    char *text = NULL;
    char **names = calloc(ENTRIES_MAX, sizeof(*names));
    DIR *dir = fdopendir(fd);
    FILE *page = open_memstream(&text, octets);
    if (names != NULL && dir != NULL && page != NULL) {
        put_page(page, dir, path, names);
    }
    if (page != NULL && fclose(page) != 0) {
        free(text);
        text = NULL;
    }
    if (dir != NULL) {
        closedir(dir);
    } else {
        close(fd);
    }
    free((void *)names);
    return text;
}
