// SPDX-License-Identifier: MIT
//
// The functions of the table, one for each of packetdrill's system calls, and what their files
// share. Results and errno are those of the call of the same name.
#ifndef SYNFIN_PACKETDRILL_H
#define SYNFIN_PACKETDRILL_H

#include "packetdrill/drill.h"
#include "packetdrill/packetdrill_interface.h"

// drill_call.c: what every call begins and ends with. Locks; what is passed is packetdrill's
// userdata.
struct drill *drill_call_enter(void *userdata);
// Lets the stack act on what the call did, wakes who waited for it, and unlocks; errno stays.
int drill_call_leave(struct drill *drill, int result);
ssize_t drill_call_leave_bytes(struct drill *drill, ssize_t result);

// drill_open.c
int packetdrill_socket(void *userdata, int domain, int type, int protocol);
int packetdrill_bind(void *userdata, int fd, const struct sockaddr *addr, socklen_t bytes);
int packetdrill_listen(void *userdata, int fd, int backlog);
int packetdrill_accept(void *userdata, int fd, struct sockaddr *addr, socklen_t *bytes);
int packetdrill_connect(void *userdata, int fd, const struct sockaddr *addr, socklen_t bytes);
int packetdrill_close(void *userdata, int fd);
int packetdrill_shutdown(void *userdata, int fd, int how);
// Until the connection is open; 0, or -1 and errno, which is EINPROGRESS for who may not wait.
int drill_open_await(struct drill *drill, struct drill_handle *handle, int flags);

// drill_receive.c
ssize_t packetdrill_read(void *userdata, int fd, void *data, size_t bytes);
ssize_t packetdrill_readv(void *userdata, int fd, const struct iovec *pieces, int count);
ssize_t packetdrill_recv(void *userdata, int fd, void *data, size_t bytes, int flags);
ssize_t packetdrill_recvfrom(void *userdata, int fd, void *data, size_t bytes, int flags,
                             struct sockaddr *addr, socklen_t *addr_bytes);
ssize_t packetdrill_recvmsg(void *userdata, int fd, struct msghdr *message, int flags);
// Octets into the pieces, in order; called with the lock held.
ssize_t drill_receive(struct drill *drill, struct drill_handle *handle, const struct iovec *pieces,
                      size_t count, int flags);

// drill_send.c
ssize_t packetdrill_write(void *userdata, int fd, const void *data, size_t bytes);
ssize_t packetdrill_writev(void *userdata, int fd, const struct iovec *pieces, int count);
ssize_t packetdrill_send(void *userdata, int fd, const void *data, size_t bytes, int flags);
ssize_t packetdrill_sendto(void *userdata, int fd, const void *data, size_t bytes, int flags,
                           const struct sockaddr *addr, socklen_t addr_bytes);
ssize_t packetdrill_sendmsg(void *userdata, int fd, const struct msghdr *message, int flags);
// Octets of the pieces, in order; called with the lock held.
ssize_t drill_send(struct drill *drill, struct drill_handle *handle, const struct iovec *pieces,
                   size_t count, int flags);

// drill_control.c
int packetdrill_fcntl(void *userdata, int fd, int command, ...);
int packetdrill_ioctl(void *userdata, int fd, unsigned long request, ...);

// drill_option.c
int packetdrill_getsockopt(void *userdata, int fd, int level, int name, void *value,
                           socklen_t *bytes);
int packetdrill_setsockopt(void *userdata, int fd, int level, int name, const void *value,
                           socklen_t bytes);

// drill_tcp_info.c: TCP_INFO of Linux, as many octets as there is room for; 0 or errno.
int drill_tcp_info_read(struct drill *drill, const struct drill_handle *handle, void *value,
                        socklen_t *bytes);

// drill_poll.c
int packetdrill_poll(void *userdata, struct pollfd *fds, nfds_t count, int timeout_ms);

// drill_epoll.c
int packetdrill_epoll_create(void *userdata, int size);
int packetdrill_epoll_ctl(void *userdata, int epoll, int op, int fd, struct epoll_event *event);
int packetdrill_epoll_wait(void *userdata, int epoll, struct epoll_event *events, int max,
                           int timeout_ms);
// Whether anything that this epoll watches is ready.
bool drill_epoll_is_ready(struct drill *drill, const struct drill_handle *epoll);
// The handle is about to be closed: nobody watches it any more, and its own list is freed.
void drill_epoll_forget(struct drill *drill, struct drill_handle *handle);

// drill_device.c
int packetdrill_netdev_send(void *userdata, const void *packet, size_t bytes);
int packetdrill_netdev_receive(void *userdata, void *packet, size_t *bytes, long long *time_us);
int packetdrill_usleep(void *userdata, useconds_t us);
int packetdrill_gettimeofday(void *userdata, struct timeval *time, struct timezone *zone);

// drill_pipe.c
int packetdrill_pipe(void *userdata, int fds[2]);
int packetdrill_splice(void *userdata, int fd_in, loff_t *at_in, int fd_out, loff_t *at_out,
                       size_t bytes, unsigned int flags);

// drill_file.c: not in the table, but packetdrill calls the C library's.
ssize_t packetdrill_sendfile(void *userdata, int fd_out, int fd_in, off_t *at, size_t bytes);

// When a wait of this many ms ends; a negative one never does.
uint64_t drill_call_deadline(const struct drill *drill, int timeout_ms);
// Takes the error that the script was not told yet, 0 when there is none.
int drill_call_take_error(struct drill_handle *handle);
// Whether this call may wait.
bool drill_call_may_wait(const struct drill_handle *handle, int flags);

#endif
