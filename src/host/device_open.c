// SPDX-License-Identifier: MIT
//
// Devices by their text: KIND:NAME. Everything that can be said about a wrong text is said here,
// before the system is asked for anything.
#include <errno.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>

#include <synfin/host.h>

#include "host/device_os.h"

typedef enum synfin_error open_fn(const char *name, struct synfin_device **out,
                                  struct device_os_why why);

struct device_kind {
    const char *prefix;
    open_fn *open;
    open_fn *open_wire; // as the end of a wire
};

static enum synfin_error open_tun(const char *name, struct synfin_device **out,
                                  struct device_os_why why)
{
    return device_tun_open(name, false, out, why);
}

static enum synfin_error open_tap(const char *name, struct synfin_device **out,
                                  struct device_os_why why)
{
    return device_tun_open(name, true, out, why);
}

static const struct device_kind device_kinds[] = {
    {"tun:", open_tun, open_tun},
    {"tap:", open_tap, open_tap},
    {"packet:", device_packet_open, device_wire_open},
};

// What the kernel accepts as an interface's name; '%' would make it choose one itself.
static enum synfin_error check_name(const char *name, struct device_os_why why)
{
    size_t length = strlen(name);
    if (length == 0) {
        return device_os_fail(why, SYNFIN_ERROR_INVALID,
                              "the interface's name is missing, as in tun:tun0");
    }
    if (length >= IFNAMSIZ) {
        return device_os_fail(why, SYNFIN_ERROR_INVALID,
                              "\"%s\" is too long for an interface's name: at most %d characters",
                              name, IFNAMSIZ - 1);
    }
    if (strpbrk(name, "/%: \t\n") != NULL || strcmp(name, ".") == 0 || strcmp(name, "..") == 0) {
        return device_os_fail(why, SYNFIN_ERROR_INVALID, "\"%s\" cannot be an interface's name",
                              name);
    }
    return SYNFIN_ERROR_OK;
}

static enum synfin_error open_kind(const char *spec, bool is_wire, struct synfin_device **out,
                                   struct device_os_why line)
{
    *out = NULL;
    if (line.text != NULL && line.bytes > 0) {
        line.text[0] = '\0';
    }
    for (size_t i = 0; i < sizeof(device_kinds) / sizeof(device_kinds[0]); i++) {
        const struct device_kind *kind = &device_kinds[i];
        size_t length = strlen(kind->prefix);
        if (strncmp(spec, kind->prefix, length) == 0) {
            enum synfin_error error = check_name(spec + length, line);
            open_fn *open = is_wire ? kind->open_wire : kind->open;
            return error != SYNFIN_ERROR_OK ? error : open(spec + length, out, line);
        }
    }
    return device_os_fail(line, SYNFIN_ERROR_INVALID,
                          "\"%s\" names no device: tun:NAME, tap:NAME or packet:INTERFACE", spec);
}

enum synfin_error synfin_device_open(const char *spec, struct synfin_device **out, char *why,
                                     size_t why_bytes)
{
    return open_kind(spec, false, out, (struct device_os_why){why, why_bytes});
}

enum synfin_error synfin_device_open_wire(const char *spec, struct synfin_device **out, char *why,
                                          size_t why_bytes)
{
    return open_kind(spec, true, out, (struct device_os_why){why, why_bytes});
}

// An interface that is only down comes back; the socket of one that was removed is bound to
// none. A TUN descriptor has an error only when its interface is gone.
bool synfin_device_has_failed(const struct synfin_device *device)
{
    int error = 0;
    socklen_t length = sizeof(error);
    if (getsockopt(device->fd, SOL_SOCKET, SO_ERROR, &error, &length) != 0) {
        return true;
    }
    struct sockaddr_ll local = {0};
    length = sizeof(local);
    bool is_bound =
        getsockname(device->fd, (struct sockaddr *)&local, &length) == 0 && local.sll_ifindex > 0;
    return !is_bound || (error != 0 && error != ENETDOWN);
}
