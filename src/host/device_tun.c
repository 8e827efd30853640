// SPDX-License-Identifier: MIT
//
// TUN and TAP: an interface of the kernel whose other end is this process. Each read and write
// is one packet, without a header before it (IFF_NO_PI); a packet's pieces go into one writev, so
// that payload is copied once, by the kernel. An interface that exists is used as it is; one
// that does not is made and vanishes with the descriptor.
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "host/device_os.h"

struct device_tun {
    struct synfin_device device;
    struct device_os_frames frames;
};

static struct device_tun *tun_of(struct synfin_device *device)
{
    return (struct device_tun *)device;
}

static uint32_t receive_burst(struct synfin_device *device, struct synfin_packet *packets,
                              uint32_t max, uint64_t now_ns)
{
    (void)now_ns;
    struct device_tun *tun = tun_of(device);
    uint32_t limit = max < DEVICE_OS_BURST ? max : DEVICE_OS_BURST;
    uint32_t n = 0;
    while (n < limit) {
        uint8_t *frame = device_os_frame(&tun->frames, n);
        ssize_t got = read(device->fd, frame, tun->frames.frame_bytes);
        if (got > 0) {
            synfin_packet_wrap(&packets[n], frame, (uint32_t)got);
            n++;
        } else if (got == 0 || errno != EINTR) {
            break;
        }
    }
    return n;
}

// A packet that the kernel refuses (its interface is down, its header is not IP) is lost as on
// any wire; only a full queue leaves it with the caller.
static bool write_packet(int fd, const struct synfin_packet *packet)
{
    struct iovec iov[DEVICE_OS_IOV];
    int pieces = device_os_gather(packet, iov);
    ssize_t written;
    do {
        written = writev(fd, iov, pieces);
    } while (written < 0 && errno == EINTR);
    return written >= 0 || errno != EAGAIN;
}

static uint32_t send_burst(struct synfin_device *device, const struct synfin_packet *packets,
                           uint32_t n, uint64_t now_ns)
{
    (void)now_ns;
    uint32_t sent = 0;
    while (sent < n && write_packet(device->fd, &packets[sent])) {
        sent++;
    }
    return sent;
}

static uint64_t find_no_deadline(const struct synfin_device *device)
{
    (void)device;
    return SYNFIN_NEVER;
}

static void destroy(struct synfin_device *device)
{
    struct device_tun *tun = tun_of(device);
    close(device->fd);
    device_os_unmap_frames(&tun->frames);
    free(tun);
}

static const struct synfin_device_ops tun_ops = {
    .receive = receive_burst,
    .send = send_burst,
    .next_deadline = find_no_deadline,
    .destroy = destroy,
};

// Ties the descriptor to the interface. An interface made with several queues can only be joined
// by asking for one of them, which the kernel says with EINVAL.
static int attach(int fd, const char *name, bool is_ethernet)
{
    struct ifreq request = {0};
    memcpy(request.ifr_name, name, strlen(name));
    int kind = (is_ethernet ? IFF_TAP : IFF_TUN) | IFF_NO_PI;
    request.ifr_flags = (short)kind;
    if (ioctl(fd, TUNSETIFF, &request) == 0) {
        return 0;
    }
    if (errno == EINVAL) {
        request.ifr_flags = (short)(kind | IFF_MULTI_QUEUE);
        return ioctl(fd, TUNSETIFF, &request);
    }
    return -1;
}

static enum synfin_error explain_attach(int reason, const char *name, const char *kind,
                                        struct device_os_why why)
{
    switch (reason) {
    case EPERM:
    case EACCES:
        return device_os_fail(why, SYNFIN_ERROR_PERMISSION,
                              "no permission to create or use %s: run as root, inside "
                              "`unshare -Urn`, or grant cap_net_admin",
                              name);
    case EBUSY:
        return device_os_fail(why, SYNFIN_ERROR_IO, "%s is in use by another program", name);
    case EINVAL:
        return device_os_fail(why, SYNFIN_ERROR_INVALID,
                              "%s exists and is no %s interface: choose another name", name, kind);
    default:
        return device_os_fail(why, device_os_error(reason), "cannot open %s %s: %s", kind, name,
                              strerror(reason));
    }
}

static enum synfin_error explain_node(int reason, struct device_os_why why)
{
    if (reason == ENOENT || reason == ENODEV || reason == ENXIO) {
        return device_os_fail(why, SYNFIN_ERROR_NO_DEVICE,
                              "this system has no /dev/net/tun: load the module tun, or let the "
                              "container have that device");
    }
    if (reason == EACCES || reason == EPERM) {
        return device_os_fail(why, SYNFIN_ERROR_PERMISSION,
                              "no permission to open /dev/net/tun: run as root, or let this user "
                              "read and write it");
    }
    return device_os_fail(why, device_os_error(reason), "cannot open /dev/net/tun: %s",
                          strerror(reason));
}

// Our descriptor is the interface's cable. The kernel notices a moment later that it is plugged in,
// and loses until then what it wants to send, such as the answer to our first packet.
static enum synfin_error await_carrier(const char *name, struct device_os_iface *iface)
{
    enum { TRIES = 200 };
    const struct timespec pause = {.tv_nsec = 1000000};
    enum synfin_error error = device_os_query(name, iface);
    for (int i = 0; i < TRIES && error == SYNFIN_ERROR_OK && !iface->is_running; i++) {
        nanosleep(&pause, NULL);
        error = device_os_query(name, iface);
    }
    return error;
}

static enum synfin_error bring_up(const char *name, struct device_os_iface *iface,
                                  struct device_os_why why)
{
    enum synfin_error error = device_os_query(name, iface);
    if (error == SYNFIN_ERROR_OK && !iface->is_up) {
        error = device_os_bring_up(name);
    }
    if (error == SYNFIN_ERROR_PERMISSION) {
        return device_os_fail(why, error,
                              "%s is down, and setting it up needs cap_net_admin: "
                              "`ip link set %s up` as root",
                              name, name);
    }
    if (error != SYNFIN_ERROR_OK) {
        return device_os_fail(why, error, "cannot set up %s", name);
    }
    return await_carrier(name, iface);
}

static enum synfin_error make_device(int fd, bool is_ethernet, const struct device_os_iface *iface,
                                     struct synfin_device **out, struct device_os_why why)
{
    struct device_tun *tun = calloc(1, sizeof(*tun));
    // An octet more, so that what is cut off, because the MTU was raised since, is too long instead
    // of seeming whole.
    uint32_t frame_bytes = iface->mtu_bytes + (is_ethernet ? DEVICE_OS_ETHERNET_BYTES : 0) + 1;
    if (tun == NULL || device_os_map_frames(&tun->frames, frame_bytes) != SYNFIN_ERROR_OK) {
        free(tun);
        return device_os_fail(why, SYNFIN_ERROR_NO_MEMORY, "no memory for frame buffers");
    }
    tun->device = (struct synfin_device){
        .ops = &tun_ops,
        .fd = fd,
        .is_ethernet = is_ethernet,
        .mtu_bytes = iface->mtu_bytes,
    };
    if (is_ethernet) {
        device_os_own_mac(iface->mac, tun->device.mac);
    }
    *out = &tun->device;
    return SYNFIN_ERROR_OK;
}

enum synfin_error device_tun_open(const char *name, bool is_ethernet, struct synfin_device **out,
                                  struct device_os_why why)
{
    struct device_os_iface iface = {0};
    int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) {
        return explain_node(errno, why);
    }
    enum synfin_error error;
    if (attach(fd, name, is_ethernet) != 0) {
        error = explain_attach(errno, name, is_ethernet ? "tap" : "tun", why);
    } else {
        error = bring_up(name, &iface, why);
    }
    if (error == SYNFIN_ERROR_OK) {
        error = make_device(fd, is_ethernet, &iface, out, why);
    }
    if (error != SYNFIN_ERROR_OK) {
        close(fd);
    }
    return error;
}
