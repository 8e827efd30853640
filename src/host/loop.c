// SPDX-License-Identifier: MIT
//
// The event loop: one epoll set around one stack. It holds the devices' descriptors, those that
// the caller watches, and a timer that becomes readable when the stack or a device is due, so
// that the epoll descriptor alone is enough for an outer loop to wait on. A turn is
//
//     wait -> receive, input -> advance -> events -> watched descriptors -> on_turn -> output, send
//
// Receiving is bounded per turn, so that acknowledgments leave and timers run while a peer floods
// us. What a device could not take is kept (loop_port.c) and nothing more is pulled from the
// stack for it until it has room, so that a full device slows the sender instead of losing.
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <synfin/host.h>

#include "base/deadline.h"
#include "host/loop_port.h"

enum {
    BATCH = 64,             // epoll events per turn
    ALWAYS_READY_MAX = 8,   // watched descriptors that epoll does not take: files
    BURSTS_PER_TURN = 4,    // received bursts of one device before the others have their turn
    OUTPUT_ROUNDS_MAX = 64, // sent bursts of one device in a turn
};

// What an epoll event names: the kind in the upper half, a descriptor or a port below.
enum source_kind { SOURCE_TIMER, SOURCE_PORT, SOURCE_WATCHED, SOURCE_FORGOTTEN };

// A file is always ready; epoll refuses to hold one.
struct ready_file {
    int fd;
    bool want_read, want_write;
};

struct synfin_loop {
    synfin_stack *stack;
    struct synfin_loop_ops ops;
    void *ctx;
    int epoll_fd, timer_fd;
    uint64_t timer_ns; // when the timer becomes readable; SYNFIN_NEVER when disarmed
    bool is_stopped;
    bool has_failed; // a device is gone
    uint32_t ports, files;
    struct loop_port port[SYNFIN_IFACES_MAX];
    struct ready_file file[ALWAYS_READY_MAX];
    int batch_count; // of the turn that runs; 0 between turns
    struct epoll_event batch[BATCH];
    struct synfin_packet packets[LOOP_PORT_BURST]; // in turn received and to be sent
};

static uint64_t source(enum source_kind kind, int number)
{
    return ((uint64_t)kind << 32) | (uint32_t)number;
}

static enum source_kind kind_of(const struct epoll_event *event)
{
    return (enum source_kind)(event->data.u64 >> 32);
}

static int number_of(const struct epoll_event *event)
{
    return (int)(uint32_t)event->data.u64;
}

static int control(synfin_loop *loop, int operation, int fd, uint32_t events, uint64_t data)
{
    struct epoll_event event = {.events = events, .data = {.u64 = data}};
    return epoll_ctl(loop->epoll_fd, operation, fd, &event);
}

enum synfin_error synfin_loop_create(synfin_stack *stack, const struct synfin_loop_ops *ops,
                                     void *ctx, synfin_loop **out)
{
    synfin_loop *loop = calloc(1, sizeof(*loop));
    *out = NULL;
    if (loop == NULL) {
        return SYNFIN_ERROR_NO_MEMORY;
    }
    loop->stack = stack;
    loop->ops = *ops;
    loop->ctx = ctx;
    loop->timer_ns = SYNFIN_NEVER;
    loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    loop->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (loop->epoll_fd < 0 || loop->timer_fd < 0
        || control(loop, EPOLL_CTL_ADD, loop->timer_fd, EPOLLIN, source(SOURCE_TIMER, 0)) != 0) {
        synfin_loop_destroy(loop);
        return SYNFIN_ERROR_IO;
    }
    *out = loop;
    return SYNFIN_ERROR_OK;
}

void synfin_loop_destroy(synfin_loop *loop)
{
    for (uint32_t i = 0; i < loop->ports; i++) {
        loop_port_deinit(&loop->port[i]);
    }
    if (loop->timer_fd >= 0) {
        close(loop->timer_fd);
    }
    if (loop->epoll_fd >= 0) {
        close(loop->epoll_fd);
    }
    free(loop);
}

enum synfin_error synfin_loop_add_device(synfin_loop *loop, uint32_t iface,
                                         struct synfin_device *device)
{
    if (loop->ports == SYNFIN_IFACES_MAX) {
        return SYNFIN_ERROR_LIMIT;
    }
    if (device->fd >= 0
        && control(loop, EPOLL_CTL_ADD, device->fd, EPOLLIN, source(SOURCE_PORT, (int)loop->ports))
               != 0) {
        return SYNFIN_ERROR_IO;
    }
    loop_port_init(&loop->port[loop->ports], iface, device);
    loop->ports++;
    return SYNFIN_ERROR_OK;
}

// Events of this turn that were already fetched must not reach a descriptor that is forgotten.
static void forget_in_batch(synfin_loop *loop, int fd)
{
    for (int i = 0; i < loop->batch_count; i++) {
        if (loop->batch[i].data.u64 == source(SOURCE_WATCHED, fd)) {
            loop->batch[i].data.u64 = source(SOURCE_FORGOTTEN, fd);
        }
    }
}

static struct ready_file *find_file(synfin_loop *loop, int fd)
{
    for (uint32_t i = 0; i < loop->files; i++) {
        if (loop->file[i].fd == fd) {
            return &loop->file[i];
        }
    }
    return NULL;
}

static void forget(synfin_loop *loop, int fd)
{
    struct ready_file *file = find_file(loop, fd);
    if (file != NULL) {
        *file = loop->file[--loop->files];
        return;
    }
    forget_in_batch(loop, fd);
    // A descriptor that was closed before has left the set by itself.
    control(loop, EPOLL_CTL_DEL, fd, 0, 0);
}

static enum synfin_error watch_file(synfin_loop *loop, int fd, bool want_read, bool want_write)
{
    struct ready_file *file = find_file(loop, fd);
    if (file == NULL) {
        if (loop->files == ALWAYS_READY_MAX) {
            return SYNFIN_ERROR_LIMIT;
        }
        file = &loop->file[loop->files++];
    }
    *file = (struct ready_file){.fd = fd, .want_read = want_read, .want_write = want_write};
    return SYNFIN_ERROR_OK;
}

enum synfin_error synfin_loop_watch(synfin_loop *loop, int fd, bool want_read, bool want_write)
{
    if (!want_read && !want_write) {
        forget(loop, fd);
        return SYNFIN_ERROR_OK;
    }
    uint32_t events = (want_read ? EPOLLIN | EPOLLRDHUP : 0U) | (want_write ? EPOLLOUT : 0U);
    uint64_t data = source(SOURCE_WATCHED, fd);
    if (control(loop, EPOLL_CTL_MOD, fd, events, data) == 0
        || (errno == ENOENT && control(loop, EPOLL_CTL_ADD, fd, events, data) == 0)) {
        return SYNFIN_ERROR_OK;
    }
    if (errno == EPERM) {
        return watch_file(loop, fd, want_read, want_write);
    }
    return errno == ENOSPC || errno == ENOMEM ? SYNFIN_ERROR_LIMIT : SYNFIN_ERROR_IO;
}

int synfin_loop_fd(const synfin_loop *loop)
{
    return loop->epoll_fd;
}

// When something is due that no descriptor announces; 0: at once.
static uint64_t find_deadline(const synfin_loop *loop)
{
    if (loop->files > 0 || loop->has_failed) {
        return 0;
    }
    uint64_t deadline_ns = synfin_stack_next_deadline(loop->stack);
    for (uint32_t i = 0; i < loop->ports; i++) {
        deadline_ns = deadline_min(deadline_ns, loop_port_deadline(&loop->port[i], loop->stack));
    }
    return deadline_ns;
}

uint64_t synfin_loop_timeout(const synfin_loop *loop, uint64_t now_ns)
{
    uint64_t deadline_ns = find_deadline(loop);
    return deadline_ns == SYNFIN_NEVER ? SYNFIN_NEVER : deadline_age(now_ns, deadline_ns);
}

// The timer may stand too early, which costs one empty turn, but never too late. Timers that are
// pushed back with every segment so cost no system call.
static void arm_timer(synfin_loop *loop, uint64_t deadline_ns)
{
    if (deadline_ns >= loop->timer_ns) {
        return;
    }
    uint64_t at_ns = deadline_max(deadline_ns, 1); // 0 would disarm it
    struct itimerspec when = {
        .it_value = {.tv_sec = (time_t)(at_ns / NS_PER_S), .tv_nsec = (long)(at_ns % NS_PER_S)},
    };
    if (timerfd_settime(loop->timer_fd, TFD_TIMER_ABSTIME, &when, NULL) == 0) {
        loop->timer_ns = deadline_ns;
    }
}

static void on_timer(synfin_loop *loop)
{
    uint64_t expirations;
    if (read(loop->timer_fd, &expirations, sizeof(expirations)) > 0) {
        loop->timer_ns = SYNFIN_NEVER;
    }
}

static uint32_t tell_events(synfin_loop *loop, uint64_t now_ns)
{
    uint32_t told = 0;
    struct synfin_event event;
    while (synfin_stack_next_event(loop->stack, &event)) {
        if (loop->ops.on_event != NULL) {
            loop->ops.on_event(loop->ctx, &event, now_ns);
        }
        told++;
    }
    return told;
}

// Waits until a descriptor, a deadline or `wait_ns`; epoll counts in ms, the timer in ns.
static void wait_for_work(synfin_loop *loop, uint64_t wait_ns)
{
    uint64_t now_ns = synfin_host_now();
    uint64_t deadline_ns = deadline_min(find_deadline(loop), deadline_after(now_ns, wait_ns));
    int timeout_ms = 0;
    if (deadline_ns > now_ns) {
        if (deadline_ns != SYNFIN_NEVER) {
            arm_timer(loop, deadline_ns);
        }
        timeout_ms = -1;
    }
    int count = epoll_wait(loop->epoll_fd, loop->batch, BATCH, timeout_ms);
    loop->batch_count = count > 0 ? count : 0;
}

static void receive_from(synfin_loop *loop, struct loop_port *port, uint64_t now_ns)
{
    for (uint32_t i = 0; i < BURSTS_PER_TURN; i++) {
        uint32_t n = loop_port_receive(port, loop->packets, now_ns);
        if (n > 0) {
            synfin_stack_input(loop->stack, port->iface, loop->packets, n, now_ns);
        }
        if (n < LOOP_PORT_BURST) {
            return;
        }
    }
}

static void take_port_event(synfin_loop *loop, const struct epoll_event *event)
{
    struct loop_port *port = &loop->port[number_of(event)];
    port->is_readable |= (event->events & EPOLLIN) != 0;
    port->is_full &= (event->events & EPOLLOUT) == 0;
    if ((event->events & (EPOLLERR | EPOLLHUP)) != 0) {
        loop->has_failed |= synfin_device_has_failed(port->device);
    }
}

static void receive_all(synfin_loop *loop, uint64_t now_ns)
{
    for (int i = 0; i < loop->batch_count; i++) {
        const struct epoll_event *event = &loop->batch[i];
        if (kind_of(event) == SOURCE_TIMER) {
            on_timer(loop);
        } else if (kind_of(event) == SOURCE_PORT) {
            take_port_event(loop, event);
        }
    }
    for (uint32_t i = 0; i < loop->ports; i++) {
        struct loop_port *port = &loop->port[i];
        if (loop_port_is_due(port, now_ns)) {
            port->is_readable = false;
            receive_from(loop, port, now_ns);
        }
    }
}

static void tell_descriptors(synfin_loop *loop, uint64_t now_ns)
{
    if (loop->ops.on_fd == NULL) {
        return;
    }
    for (int i = 0; i < loop->batch_count; i++) {
        const struct epoll_event *event = &loop->batch[i];
        if (kind_of(event) == SOURCE_WATCHED) {
            const uint32_t ended = EPOLLERR | EPOLLHUP;
            bool readable = (event->events & (EPOLLIN | EPOLLRDHUP | ended)) != 0;
            bool writable = (event->events & (EPOLLOUT | ended)) != 0;
            loop->ops.on_fd(loop->ctx, number_of(event), readable, writable, now_ns);
        }
    }
    // From the end, because the callback may forget the one it is told of.
    for (uint32_t i = loop->files; i-- > 0;) {
        struct ready_file file = loop->file[i];
        loop->ops.on_fd(loop->ctx, file.fd, file.want_read, file.want_write, now_ns);
    }
}

static void update_interest(synfin_loop *loop, uint32_t number)
{
    struct loop_port *port = &loop->port[number];
    if (port->device->fd < 0 || port->is_full == port->is_full_told) {
        return;
    }
    uint32_t events = EPOLLIN | (port->is_full ? EPOLLOUT : 0U);
    if (control(loop, EPOLL_CTL_MOD, port->device->fd, events, source(SOURCE_PORT, (int)number))
        == 0) {
        port->is_full_told = port->is_full;
    }
}

static void send_on(synfin_loop *loop, struct loop_port *port, uint64_t now_ns)
{
    for (uint32_t i = 0; i < OUTPUT_ROUNDS_MAX && loop_port_has_room(port, now_ns); i++) {
        uint32_t n =
            synfin_stack_output(loop->stack, port->iface, loop->packets, LOOP_PORT_BURST, now_ns);
        if (n == 0) {
            return;
        }
        loop_port_send(port, loop->packets, n, now_ns);
    }
}

enum synfin_error synfin_loop_turn(synfin_loop *loop, uint64_t wait_ns)
{
    // Calls between two turns may have left something to tell.
    uint32_t told = tell_events(loop, synfin_host_now());
    wait_for_work(loop, told > 0 ? 0 : wait_ns);
    uint64_t now_ns = synfin_host_now();
    receive_all(loop, now_ns);
    synfin_stack_advance(loop->stack, now_ns);
    tell_events(loop, now_ns);
    tell_descriptors(loop, now_ns);
    loop->batch_count = 0;
    if (loop->ops.on_turn != NULL) {
        loop->ops.on_turn(loop->ctx, now_ns);
    }
    tell_events(loop, now_ns); // of what the callbacks did
    now_ns = synfin_host_now();
    for (uint32_t i = 0; i < loop->ports; i++) {
        send_on(loop, &loop->port[i], now_ns);
        update_interest(loop, i);
    }
    uint64_t deadline_ns = find_deadline(loop);
    if (wait_ns == 0 && deadline_ns != SYNFIN_NEVER) {
        arm_timer(loop, deadline_ns); // whoever does not wait here waits on the descriptor
    }
    return loop->has_failed ? SYNFIN_ERROR_IO : SYNFIN_ERROR_OK;
}

enum synfin_error synfin_loop_run(synfin_loop *loop)
{
    enum synfin_error error = SYNFIN_ERROR_OK;
    loop->is_stopped = false;
    while (!loop->is_stopped && error == SYNFIN_ERROR_OK) {
        error = synfin_loop_turn(loop, SYNFIN_NEVER);
    }
    return error;
}

void synfin_loop_stop(synfin_loop *loop)
{
    loop->is_stopped = true;
}
