// SPDX-License-Identifier: MIT
//
// The file in which `synfin connect --fastopen` keeps a server's Fast Open cookie from one run to
// the next: one line, "LOCAL REMOTE MSS COOKIE", the cookie in hexadecimal.
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli_values.h"
#include "cli/connect.h"

enum { LINE_MAX_BYTES = 256 };

static int digit_of(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *found = c != '\0' ? strchr(digits, c) : NULL;
    return found != NULL ? (int)(found - digits) : -1;
}

static bool read_octets(const char *text, struct synfin_fastopen_cookie *cookie)
{
    size_t length = strlen(text);
    if (length % 2 != 0 || length > 2 * sizeof(cookie->octet)) {
        return false;
    }
    cookie->bytes = (uint8_t)(length / 2);
    for (size_t i = 0; i < length / 2; i++) {
        int high = digit_of(text[2 * i]);
        int low = digit_of(text[2 * i + 1]);
        if (high < 0 || low < 0) {
            return false;
        }
        cookie->octet[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

static bool read_line(const char *line, struct synfin_fastopen_cookie *cookie)
{
    char local[64], remote[64], mss[64], octets[64];
    uint64_t number = 0;
    if (sscanf(line, "%63s %63s %63s %63s", local, remote, mss, octets) != 4
        || !cli_values_number(mss, &number) || number > UINT16_MAX) {
        return false;
    }
    cookie->mss_bytes = (uint16_t)number;
    return synfin_addr_parse(local, &cookie->local) == SYNFIN_ERROR_OK
           && synfin_addr_parse(remote, &cookie->remote) == SYNFIN_ERROR_OK
           && read_octets(octets, cookie);
}

void connect_cookie_load(struct connect *connect, uint64_t now_ns)
{
    struct synfin_fastopen_cookie cookie = {.size = sizeof(cookie)};
    const char *path = connect->options.fastopen_path;
    char line[LINE_MAX_BYTES];
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        return; // the first time
    }
    if (fgets(line, sizeof(line), file) != NULL
        && (!read_line(line, &cookie)
            || synfin_stack_fastopen_set(connect->host.stack, &cookie, now_ns)
                   != SYNFIN_ERROR_OK)) {
        fprintf(stderr, "synfin: %s holds no Fast Open cookie; it is asked for anew\n", path);
    }
    (void)fclose(file);
}

static void write_line(FILE *file, const struct synfin_fastopen_cookie *cookie)
{
    char local[SYNFIN_ADDR_TEXT_MAX], remote[SYNFIN_ADDR_TEXT_MAX];
    fprintf(file, "%s %s %u ", synfin_addr_format(&cookie->local, local),
            synfin_addr_format(&cookie->remote, remote), cookie->mss_bytes);
    for (uint32_t i = 0; i < cookie->bytes; i++) {
        fprintf(file, "%02x", cookie->octet[i]);
    }
    fputc('\n', file);
}

void connect_cookie_save(const struct connect *connect)
{
    struct synfin_fastopen_cookie cookie = {.size = sizeof(cookie)};
    const char *path = connect->options.fastopen_path;
    if (synfin_stack_fastopen_get(connect->host.stack, &connect->local.addr, &connect->remote.addr,
                                  &cookie)
        != SYNFIN_ERROR_OK) {
        return;
    }
    FILE *file = fopen(path, "w");
    if (file != NULL) {
        write_line(file, &cookie);
    }
    if (file == NULL || fclose(file) != 0) {
        fprintf(stderr, "synfin: cannot write %s: %s\n", path, strerror(errno));
    }
}
