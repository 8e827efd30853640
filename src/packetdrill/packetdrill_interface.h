// SPDX-License-Identifier: MIT
//
// The contract between packetdrill and a stack under test that lives in a shared object: a table
// of functions, which packetdrill calls instead of the kernel. Order and types are packetdrill's;
// results and errno are those of the POSIX call of the same name. The table is filled by
// packetdrill_interface_init, which packetdrill looks up by this name.
#ifndef SYNFIN_PACKETDRILL_INTERFACE_H
#define SYNFIN_PACKETDRILL_INTERFACE_H

#include <poll.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/uio.h>

struct packetdrill_interface {
    void *userdata; // first argument of all that follows
    void (*free)(void *userdata);
    int (*socket)(void *userdata, int domain, int type, int protocol);
    int (*bind)(void *userdata, int fd, const struct sockaddr *addr, socklen_t addr_bytes);
    int (*listen)(void *userdata, int fd, int backlog);
    int (*accept)(void *userdata, int fd, struct sockaddr *addr, socklen_t *addr_bytes);
    int (*connect)(void *userdata, int fd, const struct sockaddr *addr, socklen_t addr_bytes);
    ssize_t (*read)(void *userdata, int fd, void *data, size_t bytes);
    ssize_t (*readv)(void *userdata, int fd, const struct iovec *pieces, int count);
    ssize_t (*recv)(void *userdata, int fd, void *data, size_t bytes, int flags);
    ssize_t (*recvfrom)(void *userdata, int fd, void *data, size_t bytes, int flags,
                        struct sockaddr *addr, socklen_t *addr_bytes);
    ssize_t (*recvmsg)(void *userdata, int fd, struct msghdr *message, int flags);
    ssize_t (*write)(void *userdata, int fd, const void *data, size_t bytes);
    ssize_t (*writev)(void *userdata, int fd, const struct iovec *pieces, int count);
    ssize_t (*send)(void *userdata, int fd, const void *data, size_t bytes, int flags);
    ssize_t (*sendto)(void *userdata, int fd, const void *data, size_t bytes, int flags,
                      const struct sockaddr *addr, socklen_t addr_bytes);
    ssize_t (*sendmsg)(void *userdata, int fd, const struct msghdr *message, int flags);
    int (*fcntl)(void *userdata, int fd, int command, ...);
    int (*ioctl)(void *userdata, int fd, unsigned long request, ...);
    int (*close)(void *userdata, int fd);
    int (*shutdown)(void *userdata, int fd, int how);
    int (*getsockopt)(void *userdata, int fd, int level, int name, void *value, socklen_t *bytes);
    int (*setsockopt)(void *userdata, int fd, int level, int name, const void *value,
                      socklen_t bytes);
    int (*poll)(void *userdata, struct pollfd *fds, nfds_t count, int timeout_ms);
    // One IP datagram from the peer, without link header.
    int (*netdev_send)(void *userdata, const void *packet, size_t bytes);
    // The next IP datagram to the peer, and when it was sent on the clock of gettimeofday.
    int (*netdev_receive)(void *userdata, void *packet, size_t *bytes, long long *time_us);
    int (*usleep)(void *userdata, useconds_t us);
    int (*gettimeofday)(void *userdata, struct timeval *time, struct timezone *zone);
    int (*epoll_create)(void *userdata, int size);
    int (*epoll_ctl)(void *userdata, int epoll, int op, int fd, struct epoll_event *event);
    int (*epoll_wait)(void *userdata, int epoll, struct epoll_event *events, int max,
                      int timeout_ms);
    int (*pipe)(void *userdata, int fds[2]);
    int (*splice)(void *userdata, int fd_in, loff_t *at_in, int fd_out, loff_t *at_out,
                  size_t bytes, unsigned int flags);
};

__attribute__((visibility("default"))) void
packetdrill_interface_init(const char *flags, struct packetdrill_interface *interface);

#endif
