// SPDX-License-Identifier: MIT
//
// From a request's target to an open file; see http_path.h.
#include "cli/http_path.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <strings.h>
#include <sys/syscall.h>
#include <unistd.h>

static int hex_value(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    char lower = (char)(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

bool http_path_decode(char *target, char **path, bool *is_directory)
{
    char *in = target;
    char *out = target;
    while (*in != '\0' && *in != '?' && *in != '#') {
        char c = *in++;
        if (c == '%') {
            int high = hex_value(in[0]);
            int low = high < 0 ? -1 : hex_value(in[1]);
            if (low < 0 || high + low == 0) {
                return false;
            }
            c = (char)(high * 16 + low);
            in += 2;
        }
        *out++ = c;
    }
    *is_directory = out > target && out[-1] == '/';
    while (out > target && out[-1] == '/') {
        out--;
    }
    *out = '\0';
    *path = target + strspn(target, "/");
    if (**path == '\0') {
        static char self[] = ".";
        *path = self;
        *is_directory = true;
    }
    return true;
}

// Before Linux 5.6: one component after the other, following no link and refusing "..".
static int open_by_components(int root_fd, const char *path, int flags)
{
    int fd = dup(root_fd);
    while (fd >= 0 && *path != '\0') {
        char name[256];
        size_t length = strcspn(path, "/");
        if (length >= sizeof(name) || (length == 2 && memcmp(path, "..", 2) == 0)) {
            close(fd);
            errno = length == 2 ? EXDEV : ENAMETOOLONG;
            return -1;
        }
        memcpy(name, path, length);
        name[length] = '\0';
        path += length + strspn(path + length, "/");
        int next = openat(fd, name,
                          *path != '\0' ? O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC
                                        : flags | O_NOFOLLOW);
        int reason = errno;
        close(fd);
        errno = reason;
        fd = next;
    }
    return fd;
}

int http_path_open(int root_fd, const char *path)
{
    // Non-blocking, because opening a FIFO would wait for its writer.
    const int flags = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
    struct open_how how = {
        .flags = (unsigned)flags,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
    };
    long fd = syscall(SYS_openat2, root_fd, path, &how, sizeof(how));
    if (fd < 0 && (errno == ENOSYS || errno == EPERM)) {
        return open_by_components(root_fd, path, flags);
    }
    return (int)fd;
}

size_t http_path_encode(const char *text, char *out, size_t capacity)
{
    static const char hex[] = "0123456789ABCDEF";
    size_t count = 0;
    for (; *text != '\0' && count + 4 <= capacity; text++) {
        char c = *text;
        char lower = (char)(c | 0x20);
        bool is_plain =
            (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || strchr("-._~/", c) != NULL;
        if (is_plain) {
            out[count++] = c;
        } else {
            out[count++] = '%';
            out[count++] = hex[(unsigned char)c >> 4];
            out[count++] = hex[(unsigned char)c & 15];
        }
    }
    out[count] = '\0';
    return count;
}

const char *http_path_type(const char *name)
{
    static const struct {
        const char *extension, *type;
    } types[] = {
        {"html", "text/html; charset=utf-8"},
        {"htm", "text/html; charset=utf-8"},
        {"txt", "text/plain; charset=utf-8"},
        {"md", "text/markdown; charset=utf-8"},
        {"c", "text/plain; charset=utf-8"},
        {"h", "text/plain; charset=utf-8"},
        {"sh", "text/plain; charset=utf-8"},
        {"log", "text/plain; charset=utf-8"},
        {"css", "text/css; charset=utf-8"},
        {"js", "text/javascript; charset=utf-8"},
        {"mjs", "text/javascript; charset=utf-8"},
        {"csv", "text/csv; charset=utf-8"},
        {"json", "application/json"},
        {"xml", "application/xml"},
        {"pdf", "application/pdf"},
        {"wasm", "application/wasm"},
        {"gz", "application/gzip"},
        {"zip", "application/zip"},
        {"tar", "application/x-tar"},
        {"pcap", "application/vnd.tcpdump.pcap"},
        {"svg", "image/svg+xml"},
        {"png", "image/png"},
        {"jpg", "image/jpeg"},
        {"jpeg", "image/jpeg"},
        {"gif", "image/gif"},
        {"webp", "image/webp"},
        {"ico", "image/vnd.microsoft.icon"},
        {"mp3", "audio/mpeg"},
        {"ogg", "audio/ogg"},
        {"mp4", "video/mp4"},
        {"webm", "video/webm"},
        {"woff", "font/woff"},
        {"woff2", "font/woff2"},
    };
    const char *slash = strrchr(name, '/');
    const char *dot = strrchr(slash != NULL ? slash : name, '.');
    for (size_t i = 0; dot != NULL && i < sizeof(types) / sizeof(types[0]); i++) {
        if (strcasecmp(dot + 1, types[i].extension) == 0) {
            return types[i].type;
        }
    }
    return "application/octet-stream";
}
