// SPDX-License-Identifier: MIT
//
// What the devices of the operating system share: the frame buffers of one burst, the gathering
// of a packet's pieces for one system call, interface questions, and the one line that tells a
// person why a device could not be opened.
#ifndef SYNFIN_HOST_DEVICE_OS_H
#define SYNFIN_HOST_DEVICE_OS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include <synfin/device.h>
#include <synfin/error.h>

enum {
    DEVICE_OS_BURST = 64,          // packets per receive
    DEVICE_OS_ETHERNET_BYTES = 18, // header and one VLAN tag
    DEVICE_OS_IOV = 1 + SYNFIN_PACKET_SPANS,
};

// Where the reason for a failure goes; `text` may be NULL.
struct device_os_why {
    char *text;
    size_t bytes;
};

// Writes the line and returns `error`, so that a failure is one statement.
enum synfin_error device_os_fail(struct device_os_why why, enum synfin_error error,
                                 const char *format, ...) __attribute__((format(printf, 3, 4)));
// The API's error for an errno of opening and configuring.
enum synfin_error device_os_error(int error_number);

// Receive buffers: one per packet of a burst, in one mapping of which only touched pages are
// resident. Their distance is an odd number of cache lines, so that they do not fall into the
// same sets of the cache.
struct device_os_frames {
    uint8_t *start;
    size_t mapped_bytes;
    uint32_t frame_bytes; // capacity of each
    uint32_t stride_bytes;
};

// Errors: NO_MEMORY.
enum synfin_error device_os_map_frames(struct device_os_frames *frames, uint32_t frame_bytes);
void device_os_unmap_frames(struct device_os_frames *frames);
uint8_t *device_os_frame(const struct device_os_frames *frames, uint32_t index);

// The packet's pieces as the system wants them; returns how many of DEVICE_OS_IOV are in use.
int device_os_gather(const struct synfin_packet *packet, struct iovec *iov);

struct mmsghdr;
// Gives the socket as many of these messages as it has room for; one that it refuses for good
// counts as sent, for it would be refused again. Returns how many.
uint32_t device_os_send(int fd, struct mmsghdr *messages, uint32_t count);

struct device_os_iface {
    int index;
    bool is_up;
    bool is_running;   // its queue passes packets
    uint16_t hardware; // ARPHRD_*
    uint32_t mtu_bytes;
    uint8_t mac[6];
};

// Asks the kernel about the interface `name`. Errors: NO_DEVICE, IO.
enum synfin_error device_os_query(const char *name, struct device_os_iface *out);
// Sets it up. Errors: PERMISSION, NO_DEVICE, IO.
enum synfin_error device_os_bring_up(const char *name);
// A station address of our own beside the interface's: unicast, locally administered (IEEE 802
// §8.2), and the same at every start, so that the neighbours' caches stay right.
void device_os_own_mac(const uint8_t iface_mac[6], uint8_t out[6]);

enum synfin_error device_tun_open(const char *name, bool is_ethernet, struct synfin_device **out,
                                  struct device_os_why why);
enum synfin_error device_packet_open(const char *name, struct synfin_device **out,
                                     struct device_os_why why);
enum synfin_error device_wire_open(const char *name, struct synfin_device **out,
                                   struct device_os_why why);

// A packet socket that listens promiscuously on the interface `name`, whose facts go to `iface`.
// `prepare` is called before anything can arrive; it returns 0, or -1 with errno.
enum synfin_error device_packet_listen(const char *name,
                                       int (*prepare)(int fd, const struct device_os_iface *iface),
                                       struct device_os_iface *iface, int *fd,
                                       struct device_os_why why);

#endif
