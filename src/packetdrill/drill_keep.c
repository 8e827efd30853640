// SPDX-License-Identifier: MIT
//
// Options by level and name, in a short list.
#include "packetdrill/drill_keep.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>

static const struct {
    int level, name;
} KNOWN[] = {
    {SOL_SOCKET, SO_BINDTODEVICE},
    {SOL_SOCKET, SO_BROADCAST},
    {SOL_SOCKET, SO_DEBUG},
    {SOL_SOCKET, SO_DONTROUTE},
    {SOL_SOCKET, SO_MARK},
    {SOL_SOCKET, SO_NO_CHECK},
    {SOL_SOCKET, SO_OOBINLINE},
    {SOL_SOCKET, SO_PRIORITY},
    {SOL_SOCKET, SO_RCVTIMEO},
    {SOL_SOCKET, SO_REUSEPORT},
    {SOL_SOCKET, SO_SNDTIMEO},
    {SOL_SOCKET, SO_TIMESTAMP},
    {SOL_SOCKET, SO_ZEROCOPY},
    {IPPROTO_TCP, TCP_INQ},
    {IPPROTO_TCP, TCP_NOTSENT_LOWAT},
    {IPPROTO_TCP, TCP_THIN_DUPACK},
    {IPPROTO_TCP, TCP_THIN_LINEAR_TIMEOUTS},
    {IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT},
    {IPPROTO_IP, IP_FREEBIND},
    {IPPROTO_IP, IP_MTU_DISCOVER},
    {IPPROTO_IP, IP_RECVERR},
    {IPPROTO_IP, IP_TRANSPARENT},
    {IPPROTO_IPV6, IPV6_MTU_DISCOVER},
    {IPPROTO_IPV6, IPV6_RECVERR},
    {IPPROTO_IPV6, IPV6_V6ONLY},
};

bool drill_keep_knows(int level, int name)
{
    for (size_t at = 0; at < sizeof KNOWN / sizeof KNOWN[0]; at++) {
        if (KNOWN[at].level == level && KNOWN[at].name == name) {
            return true;
        }
    }
    return false;
}

bool drill_keep_set(struct drill_handle *handle, int level, int name, int value)
{
    uint32_t at = 0;
    while (at < handle->kept
           && (handle->keep[at].level != level || handle->keep[at].name != name)) {
        at++;
    }
    if (at == DRILL_KEPT_OPTIONS) {
        return false;
    }
    handle->keep[at] = (struct drill_kept){.level = level, .name = name, .value = value};
    handle->kept += at == handle->kept;
    return true;
}

static const struct drill_kept *find(const struct drill_handle *handle, int level, int name)
{
    for (uint32_t at = 0; at < handle->kept; at++) {
        if (handle->keep[at].level == level && handle->keep[at].name == name) {
            return &handle->keep[at];
        }
    }
    return NULL;
}

bool drill_keep_has(const struct drill_handle *handle, int level, int name)
{
    return find(handle, level, name) != NULL;
}

int drill_keep_get(const struct drill_handle *handle, int level, int name, int otherwise)
{
    const struct drill_kept *kept = find(handle, level, name);
    return kept != NULL ? kept->value : otherwise;
}

void drill_keep_inherit(struct drill_handle *handle, const struct drill_handle *listener)
{
    handle->kept = listener->kept;
    memcpy(handle->keep, listener->keep, sizeof handle->keep);
    handle->reports.timestamping = listener->reports.timestamping;
    handle->linger_s = listener->linger_s;
}
