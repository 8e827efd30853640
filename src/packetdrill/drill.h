// SPDX-License-Identifier: MIT
//
// The adaptor that lets packetdrill drive a synfin stack. One struct drill holds a stack, a clock
// that only moves when packetdrill lets it, the packets that the stack has sent, and the handles
// that scripts know its sockets by.
//
// Threads. packetdrill calls from its main thread, and makes calls that a script expects to block
// from a second one. One lock is held inside every call. Who must wait sleeps on `changed`: the
// main thread sees it asleep and goes on with the script. Virtual time stands still while a
// sleeper that may have got what it waits for looks (drill_clock.c), so that the moment at which
// its call returns is exact.
//
// Handles are descriptors of /dev/null: real ones, so that packetdrill may close them, and no two
// the same, so that getsockopt, sendfile and close of the C library can tell ours from others'.
#ifndef SYNFIN_DRILL_H
#define SYNFIN_DRILL_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

#include <synfin/socket.h>
#include <synfin/stack.h>

#include "packetdrill/drill_report.h"
#include "packetdrill/drill_settings.h"

enum { DRILL_HANDLES = 1024, DRILL_KEPT_OPTIONS = 32 };

enum drill_kind { DRILL_FREE, DRILL_SOCKET, DRILL_EPOLL };

// A socket option that means nothing to the stack, as the script has set it.
struct drill_kept {
    int level, name, value;
};

struct drill_epoll;

// One descriptor of the script's.
struct drill_handle {
    enum drill_kind kind;
    int fd;
    int family;           // AF_INET or AF_INET6: the form in which it is told addresses
    synfin_socket socket; // DRILL_SOCKET
    bool is_nonblocking;
    bool is_listener;
    bool is_acceptable;   // a listener: accept may give something
    bool is_connecting;   // connect was called
    bool is_connected;    // and has succeeded, or the socket came from accept
    bool is_deferred;     // its SYN waits for the first write
    bool is_ended;        // the connection is over
    bool is_corked;       // TCP_CORK as the script has set it
    int linger_s;         // close waits so long for what is queued
    bool more_announced;  // MSG_MORE of the last send
    bool is_urgent_taken; // MSG_OOB has given the urgent octet
    int error;            // errno that the script was not told yet
    uint32_t arrivals;    // how often something happened that wakes a reader ...
    uint32_t departures;  // ... or a writer, for edge-triggered epoll
    struct drill_reports reports;
    uint32_t kept;
    struct drill_kept keep[DRILL_KEPT_OPTIONS];
    struct drill_epoll *epoll; // DRILL_EPOLL
};

// A packet that the stack has sent and the script has not seen.
struct drill_packet {
    struct drill_packet *next;
    uint64_t sent_us;
    uint32_t bytes;
    uint8_t octet[];
};

struct drill {
    pthread_mutex_t lock;
    pthread_cond_t changed; // sleepers: look again
    pthread_cond_t settled; // the main thread: all have looked
    pthread_t main;         // who drives the clock
    uint64_t now_us;
    uint64_t wake_us;    // the earliest time at which a sleeper must look again
    uint32_t sleepers;   // threads that wait on `changed`
    uint32_t unsettled;  // of those that were told to look, how many have not yet
    uint64_t generation; // of the changes
    pid_t returned;      // the thread whose call came back last; 0: it has been awaited

    struct drill_settings settings; // in force: those of `stack`
    synfin_stack *stack;            // NULL until the first socket
    uint32_t iface;
    bool is_shut;                                  // the device takes nothing
    uint32_t sockets;                              // handles with a socket
    struct synfin_addr fastopen_peer;              // the last server that was asked for a cookie
    struct synfin_fastopen_cookie fastopen_cookie; // of the stack before, size 0: none
    struct drill_packet *first, **last;
    struct drill_mark *marks;                   // what reports wait for, oldest first
    struct drill_handle handles[DRILL_HANDLES]; // by descriptor
};

// drill_stack.c: the stack and what moves it.

// Makes the stack, or another when the settings have changed and nothing is open; false and errno
// when that fails.
bool drill_stack_prepare(struct drill *drill);
void drill_stack_destroy(struct drill *drill);
uint64_t drill_stack_now(const struct drill *drill); // ns
// Lets the stack do what is due now, and collects its events and packets.
void drill_stack_pump(struct drill *drill);
// The next packet of the stack's, which is the caller's; NULL when there is none.
struct drill_packet *drill_stack_take(struct drill *drill);

// drill_input.c: one datagram for the stack, or as many segments as it stands for.
bool drill_input(struct drill *drill, const void *octets, size_t bytes);

// drill_clock.c: the only place that moves the clock.

// Moves the clock on, stopping wherever the stack or a sleeper has something to do.
void drill_clock_advance(struct drill *drill, uint64_t until_us);
// The next time at which something is due on its own; UINT64_MAX when nothing is.
uint64_t drill_clock_next(const struct drill *drill);
// Called in a loop by who waits for a condition: returns false once `until_us` is reached, or, in
// the main thread, when nothing will ever happen. UINT64_MAX waits for ever.
bool drill_clock_wait(struct drill *drill, uint64_t until_us);
// Lets sleepers look whether what just happened is what they wait for, and waits for them.
void drill_clock_settle(struct drill *drill);
uint64_t drill_clock_read(struct drill *drill); // us; a little later at every call
// Without the lock: lets a thread whose call has come back do what it does with the result, until
// it sleeps or a second is over.
void drill_clock_await_returned(pid_t thread);

// drill_handle.c: descriptors.

// The handle of this descriptor; NULL and EBADF when it is none of ours.
struct drill_handle *drill_handle_find(struct drill *drill, int fd);
// The same, of a socket only; ENOTSOCK for another kind.
struct drill_handle *drill_handle_socket(struct drill *drill, int fd);
// A new one; NULL and errno when there can be none.
struct drill_handle *drill_handle_open(struct drill *drill, enum drill_kind kind);
void drill_handle_close(struct drill *drill, struct drill_handle *handle);
// The drill that the process-wide getsockopt, sendfile and close look at; NULL: none.
void drill_handle_publish(struct drill *drill);
// Whose handle this descriptor is; NULL when it is a descriptor like any other.
struct drill *drill_handle_owner(int fd);

// errno of an error of the stack's, and -1.
int drill_errno_set(enum synfin_error error);
int drill_errno_of(enum synfin_error error);
int drill_errno_fail(int error); // sets errno, gives -1

// drill_addr.c: addresses.
bool drill_addr_read(const struct drill_handle *handle, const struct sockaddr *from,
                     socklen_t bytes, struct synfin_endpoint *to);
// Writes as much as *bytes has room for; *bytes becomes what there was to write.
void drill_addr_write(const struct drill_handle *handle, const struct synfin_endpoint *from,
                      struct sockaddr *to, socklen_t *bytes);

// drill_ready.c: what poll and epoll say of a handle, as bits of poll(2).
uint32_t drill_ready_mask(struct drill *drill, struct drill_handle *handle);

#endif
