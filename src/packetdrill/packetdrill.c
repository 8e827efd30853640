// SPDX-License-Identifier: MIT
//
// Makes a drill and hands its functions to packetdrill.
#include "packetdrill/packetdrill.h"

#include <stdlib.h>

// The clock begins far from 0, as a machine's does that has been up for a while.
#define FIRST_US (UINT64_C(1000) * 1000 * 1000)

static void free_drill(void *userdata)
{
    struct drill *drill = userdata;
    struct drill_packet *packet;
    drill_handle_publish(NULL);
    for (int fd = 0; fd < DRILL_HANDLES; fd++) {
        if (drill->handles[fd].kind != DRILL_FREE) {
            drill_handle_close(drill, &drill->handles[fd]);
        }
    }
    drill_stack_destroy(drill);
    while ((packet = drill_stack_take(drill)) != NULL) {
        free(packet);
    }
    (void)pthread_cond_destroy(&drill->changed);
    (void)pthread_cond_destroy(&drill->settled);
    (void)pthread_mutex_destroy(&drill->lock);
    free(drill);
}

static struct drill *make_drill(const char *flags)
{
    struct drill *drill = calloc(1, sizeof *drill);
    if (drill == NULL || !drill_settings_parse(flags, &drill->settings)) {
        free(drill);
        return NULL;
    }
    (void)pthread_mutex_init(&drill->lock, NULL);
    (void)pthread_cond_init(&drill->changed, NULL);
    (void)pthread_cond_init(&drill->settled, NULL);
    drill->main = pthread_self();
    drill->now_us = FIRST_US;
    drill->wake_us = UINT64_MAX;
    drill->last = &drill->first;
    return drill;
}

// packetdrill gives no way to refuse but to end.
void packetdrill_interface_init(const char *flags, struct packetdrill_interface *interface)
{
    struct drill *drill = make_drill(flags);
    if (drill == NULL) {
        exit(EXIT_FAILURE);
    }
    drill_handle_publish(drill);
    *interface = (struct packetdrill_interface){
        .userdata = drill,
        .free = free_drill,
        .socket = packetdrill_socket,
        .bind = packetdrill_bind,
        .listen = packetdrill_listen,
        .accept = packetdrill_accept,
        .connect = packetdrill_connect,
        .read = packetdrill_read,
        .readv = packetdrill_readv,
        .recv = packetdrill_recv,
        .recvfrom = packetdrill_recvfrom,
        .recvmsg = packetdrill_recvmsg,
        .write = packetdrill_write,
        .writev = packetdrill_writev,
        .send = packetdrill_send,
        .sendto = packetdrill_sendto,
        .sendmsg = packetdrill_sendmsg,
        .fcntl = packetdrill_fcntl,
        .ioctl = packetdrill_ioctl,
        .close = packetdrill_close,
        .shutdown = packetdrill_shutdown,
        .getsockopt = packetdrill_getsockopt,
        .setsockopt = packetdrill_setsockopt,
        .poll = packetdrill_poll,
        .netdev_send = packetdrill_netdev_send,
        .netdev_receive = packetdrill_netdev_receive,
        .usleep = packetdrill_usleep,
        .gettimeofday = packetdrill_gettimeofday,
        .epoll_create = packetdrill_epoll_create,
        .epoll_ctl = packetdrill_epoll_ctl,
        .epoll_wait = packetdrill_epoll_wait,
        .pipe = packetdrill_pipe,
        .splice = packetdrill_splice,
    };
}
