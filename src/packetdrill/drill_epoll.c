// SPDX-License-Identifier: MIT
//
// epoll: a list of watches. A level-triggered one tells whatever is ready; an edge-triggered one
// only when something has happened since it last told; a one-shot one tells once.
#include <errno.h>
#include <stdlib.h>

#include "packetdrill/packetdrill.h"

struct watch {
    int fd;
    struct epoll_event event;
    bool is_off;       // EPOLLONESHOT has told
    bool has_looked;   // an edge-triggered watch: since it was set
    uint32_t arrivals; // of the handle, when it last told
    uint32_t departures;
    uint32_t reports;
};

struct drill_epoll {
    uint32_t count;
    struct watch watches[DRILL_HANDLES];
};

static struct watch *find(struct drill_epoll *epoll, int fd)
{
    for (uint32_t at = 0; at < epoll->count; at++) {
        if (epoll->watches[at].fd == fd) {
            return &epoll->watches[at];
        }
    }
    return NULL;
}

// Something that this watch asks for has happened since it last told. Reports need no asking.
static bool has_edge(const struct watch *watch, const struct drill_handle *handle)
{
    bool has_arrived =
        watch->arrivals != handle->arrivals && (watch->event.events & (EPOLLIN | EPOLLRDHUP)) != 0;
    bool has_left =
        watch->departures != handle->departures && (watch->event.events & EPOLLOUT) != 0;
    bool has_report = watch->reports != handle->reports.count;
    return !watch->has_looked || has_arrived || has_left || has_report;
}

static uint32_t tell_of(struct drill *drill, const struct watch *watch)
{
    struct drill_handle *handle = &drill->handles[watch->fd];
    if (watch->is_off) {
        return 0;
    }
    if ((watch->event.events & EPOLLET) != 0 && !has_edge(watch, handle)) {
        return 0;
    }
    return drill_ready_mask(drill, handle) & (watch->event.events | EPOLLERR | EPOLLHUP);
}

static void note_told(const struct drill *drill, struct watch *watch)
{
    const struct drill_handle *handle = &drill->handles[watch->fd];
    watch->has_looked = true;
    watch->arrivals = handle->arrivals;
    watch->departures = handle->departures;
    watch->reports = handle->reports.count;
    watch->is_off = (watch->event.events & EPOLLONESHOT) != 0;
}

static int collect(struct drill *drill, struct drill_epoll *epoll, struct epoll_event *events,
                   int max)
{
    int count = 0;
    for (uint32_t at = 0; at < epoll->count && count < max; at++) {
        struct watch *watch = &epoll->watches[at];
        uint32_t mask = tell_of(drill, watch);
        if (mask != 0) {
            events[count].events = mask;
            events[count].data = watch->event.data;
            note_told(drill, watch);
            count++;
        }
    }
    return count;
}

bool drill_epoll_is_ready(struct drill *drill, const struct drill_handle *epoll)
{
    for (uint32_t at = 0; at < epoll->epoll->count; at++) {
        if (tell_of(drill, &epoll->epoll->watches[at]) != 0) {
            return true;
        }
    }
    return false;
}

static void remove_watch(struct drill_epoll *epoll, struct watch *watch)
{
    *watch = epoll->watches[--epoll->count];
}

void drill_epoll_forget(struct drill *drill, struct drill_handle *handle)
{
    free(handle->epoll);
    handle->epoll = NULL;
    for (int fd = 0; fd < DRILL_HANDLES; fd++) {
        struct drill_handle *other = &drill->handles[fd];
        struct watch *watch = other->kind == DRILL_EPOLL && other->epoll != NULL
                                  ? find(other->epoll, handle->fd)
                                  : NULL;
        if (watch != NULL) {
            remove_watch(other->epoll, watch);
        }
    }
}

int packetdrill_epoll_create(void *userdata, int size)
{
    struct drill *drill = drill_call_enter(userdata);
    if (size <= 0) {
        return drill_call_leave(drill, drill_errno_fail(EINVAL));
    }
    struct drill_handle *handle = drill_handle_open(drill, DRILL_EPOLL);
    if (handle == NULL) {
        return drill_call_leave(drill, -1);
    }
    handle->epoll = calloc(1, sizeof *handle->epoll);
    if (handle->epoll == NULL) {
        drill_handle_close(drill, handle);
        return drill_call_leave(drill, drill_errno_fail(ENOMEM));
    }
    return drill_call_leave(drill, handle->fd);
}

static struct drill_epoll *epoll_of(struct drill *drill, int fd)
{
    struct drill_handle *handle = drill_handle_find(drill, fd);
    if (handle != NULL && handle->kind != DRILL_EPOLL) {
        errno = EINVAL;
    }
    return handle != NULL && handle->kind == DRILL_EPOLL ? handle->epoll : NULL;
}

static int add(struct drill_epoll *epoll, int fd, const struct epoll_event *event)
{
    if (find(epoll, fd) != NULL) {
        return drill_errno_fail(EEXIST);
    }
    if (epoll->count == DRILL_HANDLES) {
        return drill_errno_fail(ENOSPC);
    }
    epoll->watches[epoll->count++] = (struct watch){.fd = fd, .event = *event};
    return 0;
}

static int change(struct drill_epoll *epoll, int op, int fd, const struct epoll_event *event)
{
    if (event == NULL && op != EPOLL_CTL_DEL) {
        return drill_errno_fail(EFAULT);
    }
    if (op == EPOLL_CTL_ADD) {
        return add(epoll, fd, event);
    }
    struct watch *watch = find(epoll, fd);
    if (watch == NULL) {
        return drill_errno_fail(ENOENT);
    }
    if (op == EPOLL_CTL_DEL) {
        remove_watch(epoll, watch);
    } else if (op == EPOLL_CTL_MOD) {
        *watch = (struct watch){.fd = fd, .event = *event};
    } else {
        return drill_errno_fail(EINVAL);
    }
    return 0;
}

int packetdrill_epoll_ctl(void *userdata, int epoll, int op, int fd, struct epoll_event *event)
{
    struct drill *drill = drill_call_enter(userdata);
    struct drill_epoll *list = epoll_of(drill, epoll);
    int result = -1;
    if (list != NULL && drill_handle_find(drill, fd) != NULL) {
        result = fd != epoll ? change(list, op, fd, event) : drill_errno_fail(EINVAL);
    }
    return drill_call_leave(drill, result);
}

int packetdrill_epoll_wait(void *userdata, int epoll, struct epoll_event *events, int max,
                           int timeout_ms)
{
    struct drill *drill = drill_call_enter(userdata);
    struct drill_epoll *list = epoll_of(drill, epoll);
    if (list == NULL || max <= 0) {
        return drill_call_leave(drill, list == NULL ? -1 : drill_errno_fail(EINVAL));
    }
    uint64_t until_us = drill_call_deadline(drill, timeout_ms);
    int count;
    do {
        count = collect(drill, list, events, max);
    } while (count == 0 && drill_clock_wait(drill, until_us));
    return drill_call_leave(drill, count);
}
