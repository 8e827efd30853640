// SPDX-License-Identifier: MIT
//
// Asks the device for its features, as ethtool does.
#include "packetdrill/drill_offload.h"

#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static bool is_off(int fd, const char *device, uint32_t feature)
{
    struct ethtool_value value = {.cmd = feature};
    struct ifreq request = {.ifr_data = (char *)&value};
    size_t bytes = strnlen(device, sizeof request.ifr_name - 1);
    memcpy(request.ifr_name, device, bytes);
    return ioctl(fd, SIOCETHTOOL, &request) == 0 && value.data == 0;
}

bool drill_offload_is_off(const char *device)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return false;
    }
    bool result = is_off(fd, device, ETHTOOL_GGSO) && is_off(fd, device, ETHTOOL_GTSO);
    (void)syscall(SYS_close, fd);
    return result;
}
