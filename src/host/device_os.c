// SPDX-License-Identifier: MIT
//
// The common part of the operating system's devices; see device_os.h.
#include "host/device_os.h"

#include <errno.h>
#include <net/if.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CACHE_LINE_BYTES = 64, MAC_BYTES = 6 };

enum synfin_error device_os_fail(struct device_os_why why, enum synfin_error error,
                                 const char *format, ...)
{
    if (why.text != NULL && why.bytes > 0) {
        va_list arguments;
        va_start(arguments, format);
        vsnprintf(why.text, why.bytes, format, arguments);
        va_end(arguments);
    }
    return error;
}

enum synfin_error device_os_error(int error_number)
{
    switch (error_number) {
    case EPERM:
    case EACCES: return SYNFIN_ERROR_PERMISSION;
    case ENOENT:
    case ENXIO:
    case ENODEV: return SYNFIN_ERROR_NO_DEVICE;
    case ENOMEM:
    case ENOBUFS: return SYNFIN_ERROR_NO_MEMORY;
    default: return SYNFIN_ERROR_IO;
    }
}

enum synfin_error device_os_map_frames(struct device_os_frames *frames, uint32_t frame_bytes)
{
    uint32_t lines = (frame_bytes + CACHE_LINE_BYTES - 1) / CACHE_LINE_BYTES;
    frames->frame_bytes = frame_bytes;
    frames->stride_bytes = (lines | 1) * CACHE_LINE_BYTES;
    frames->mapped_bytes = (size_t)frames->stride_bytes * DEVICE_OS_BURST;
    void *start = mmap(NULL, frames->mapped_bytes, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (start == MAP_FAILED) {
        frames->start = NULL;
        return SYNFIN_ERROR_NO_MEMORY;
    }
    frames->start = start;
    return SYNFIN_ERROR_OK;
}

void device_os_unmap_frames(struct device_os_frames *frames)
{
    if (frames->start != NULL) {
        munmap(frames->start, frames->mapped_bytes);
        frames->start = NULL;
    }
}

uint8_t *device_os_frame(const struct device_os_frames *frames, uint32_t index)
{
    return frames->start + (size_t)index * frames->stride_bytes;
}

int device_os_gather(const struct synfin_packet *packet, struct iovec *iov)
{
    iov[0] = (struct iovec){.iov_base = packet->head, .iov_len = packet->head_bytes};
    for (int i = 0; i < packet->spans; i++) {
        // struct iovec serves reading and writing alike, so its pointer is not to const.
        void *data = (void *)(uintptr_t)packet->span[i].data;
        iov[1 + i] = (struct iovec){.iov_base = data, .iov_len = packet->span[i].bytes};
    }
    return 1 + packet->spans;
}

uint32_t device_os_send(int fd, struct mmsghdr *messages, uint32_t count)
{
    uint32_t sent = 0;
    while (sent < count) {
        int taken = sendmmsg(fd, messages + sent, count - sent, MSG_DONTWAIT);
        if (taken > 0) {
            sent += (uint32_t)taken;
        } else if (errno == EAGAIN) {
            break;
        } else if (errno != EINTR) {
            sent++;
        }
    }
    return sent;
}

static int ask(int fd, unsigned long request, const char *name, struct ifreq *question)
{
    // Every caller has checked that the name fits.
    memset(question, 0, sizeof(*question));
    memcpy(question->ifr_name, name, strlen(name));
    return ioctl(fd, request, question);
}

static enum synfin_error query_with(int fd, const char *name, struct device_os_iface *out)
{
    struct ifreq answer;
    if (ask(fd, SIOCGIFINDEX, name, &answer) != 0) {
        return device_os_error(errno);
    }
    out->index = answer.ifr_ifindex;
    if (ask(fd, SIOCGIFFLAGS, name, &answer) != 0) {
        return device_os_error(errno);
    }
    out->is_up = (answer.ifr_flags & IFF_UP) != 0;
    out->is_running = (answer.ifr_flags & IFF_RUNNING) != 0;
    if (ask(fd, SIOCGIFMTU, name, &answer) != 0) {
        return device_os_error(errno);
    }
    out->mtu_bytes = (uint32_t)answer.ifr_mtu;
    if (ask(fd, SIOCGIFHWADDR, name, &answer) != 0) {
        return device_os_error(errno);
    }
    out->hardware = answer.ifr_hwaddr.sa_family;
    memcpy(out->mac, answer.ifr_hwaddr.sa_data, MAC_BYTES);
    return SYNFIN_ERROR_OK;
}

enum synfin_error device_os_query(const char *name, struct device_os_iface *out)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return device_os_error(errno);
    }
    enum synfin_error error = query_with(fd, name, out);
    close(fd);
    return error;
}

enum synfin_error device_os_bring_up(const char *name)
{
    struct ifreq request;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return device_os_error(errno);
    }
    bool done = ask(fd, SIOCGIFFLAGS, name, &request) == 0;
    if (done && (request.ifr_flags & IFF_UP) == 0) {
        request.ifr_flags = (short)(request.ifr_flags | IFF_UP);
        done = ioctl(fd, SIOCSIFFLAGS, &request) == 0;
    }
    int reason = errno;
    close(fd);
    return done ? SYNFIN_ERROR_OK : device_os_error(reason);
}

void device_os_own_mac(const uint8_t iface_mac[6], uint8_t out[6])
{
    enum { GROUP = 0x01, LOCALLY_ADMINISTERED = 0x02 };
    memcpy(out, iface_mac, MAC_BYTES);
    out[0] = (uint8_t)((out[0] & ~GROUP) | LOCALLY_ADMINISTERED);
    // Any constant does; it only has to differ from the interface's own address.
    out[1] ^= 0x53;
    out[2] ^= 0x46;
}
