// SPDX-License-Identifier: MIT
//
// Socket addresses to and from the stack's endpoints. Both write IPv4 as ::ffff:a.b.c.d in 16
// octets, so a socket of AF_INET6 takes and tells mapped addresses as they are.
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "packetdrill/drill.h"

bool drill_addr_read(const struct drill_handle *handle, const struct sockaddr *from,
                     socklen_t bytes, struct synfin_endpoint *to)
{
    memset(to, 0, sizeof *to);
    if (from == NULL) {
        errno = EFAULT;
        return false;
    }
    if (bytes >= sizeof(struct sockaddr_in) && from->sa_family == AF_INET
        && handle->family == AF_INET) {
        struct sockaddr_in in;
        uint8_t octet[4];
        memcpy(&in, from, sizeof in);
        memcpy(octet, &in.sin_addr, sizeof octet);
        to->addr = synfin_addr_ipv4(octet[0], octet[1], octet[2], octet[3]);
        to->port = ntohs(in.sin_port);
        return true;
    }
    if (bytes >= sizeof(struct sockaddr_in6) && from->sa_family == AF_INET6
        && handle->family == AF_INET6) {
        struct sockaddr_in6 in6;
        memcpy(&in6, from, sizeof in6);
        memcpy(to->addr.octet, &in6.sin6_addr, sizeof to->addr.octet);
        to->port = ntohs(in6.sin6_port);
        return true;
    }
    errno = bytes < sizeof(struct sockaddr_in) ? EINVAL : EAFNOSUPPORT;
    return false;
}

static void copy_out(const void *from, socklen_t bytes, struct sockaddr *to, socklen_t *room)
{
    memcpy(to, from, *room < bytes ? *room : bytes);
    *room = bytes;
}

void drill_addr_write(const struct drill_handle *handle, const struct synfin_endpoint *from,
                      struct sockaddr *to, socklen_t *bytes)
{
    if (to == NULL || bytes == NULL) {
        return;
    }
    if (handle->family == AF_INET) {
        struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(from->port)};
        memcpy(&in.sin_addr, &from->addr.octet[12], sizeof in.sin_addr);
        copy_out(&in, sizeof in, to, bytes);
    } else {
        struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(from->port)};
        memcpy(&in6.sin6_addr, from->addr.octet, sizeof in6.sin6_addr);
        copy_out(&in6, sizeof in6, to, bytes);
    }
}
