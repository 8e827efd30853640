// SPDX-License-Identifier: MIT
//
// Devices by their text: KIND:NAME. Everything that can be said about a wrong text is said here,
// before the system is asked for anything.
#include <net/if.h>
#include <string.h>

#include <synfin/host.h>

#include "host/device_os.h"

struct device_kind {
    const char *prefix;
    enum synfin_error (*open)(const char *name, struct synfin_device **out,
                              struct device_os_why why);
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
    {"tun:", open_tun},
    {"tap:", open_tap},
    {"packet:", device_packet_open},
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

enum synfin_error synfin_device_open(const char *spec, struct synfin_device **out, char *why,
                                     size_t why_bytes)
{
    struct device_os_why line = {why, why_bytes};
    *out = NULL;
    if (why != NULL && why_bytes > 0) {
        why[0] = '\0';
    }
    for (size_t i = 0; i < sizeof(device_kinds) / sizeof(device_kinds[0]); i++) {
        const struct device_kind *kind = &device_kinds[i];
        size_t length = strlen(kind->prefix);
        if (strncmp(spec, kind->prefix, length) == 0) {
            enum synfin_error error = check_name(spec + length, line);
            return error != SYNFIN_ERROR_OK ? error : kind->open(spec + length, out, line);
        }
    }
    return device_os_fail(line, SYNFIN_ERROR_INVALID,
                          "\"%s\" names no device: tun:NAME, tap:NAME or packet:INTERFACE", spec);
}
