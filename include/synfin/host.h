// SPDX-License-Identifier: MIT
//
// The host layer for Linux: an environment from the operating system (memory, entropy, clock),
// devices on TUN, TAP and AF_PACKET, and an event loop that drives one stack over its devices
// and can itself live inside another loop by one descriptor and one timeout.
#ifndef SYNFIN_HOST_H
#define SYNFIN_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <synfin/device.h>
#include <synfin/error.h>
#include <synfin/link.h>
#include <synfin/stack.h>

#ifdef __cplusplus
extern "C" {
#endif

// Fills `env` with aligned memory from the C library and entropy from the kernel; no trace.
SYNFIN_API void synfin_host_env(struct synfin_env *env);
// CLOCK_MONOTONIC, ns.
SYNFIN_API uint64_t synfin_host_now(void);
// What must be added to synfin_host_now for ns since 1970, for captures.
SYNFIN_API int64_t synfin_host_epoch_offset(void);

// Opens a device by its text: "tun:NAME", "tap:NAME" (existing or made), "packet:IFACE". On
// failure `why` (may be NULL) gets one line for a person, at most `why_bytes` with its NUL.
// Errors: INVALID, NO_DEVICE, PERMISSION, IO, NO_MEMORY.
SYNFIN_API SYNFIN_MUST_USE enum synfin_error
synfin_device_open(const char *spec, struct synfin_device **out, char *why, size_t why_bytes);

// The same as the end of a wire, for who passes packets on instead of answering them. "packet:"
// then takes every frame that comes in, whoever it is for, as it was on the wire: with its VLAN
// tag, its checksums complete, and split where this machine had joined or not yet split it. The
// kernel sees those frames too: an interface at the end of a wire should have no addresses of its
// own. Errors: as of synfin_device_open.
SYNFIN_API SYNFIN_MUST_USE enum synfin_error
synfin_device_open_wire(const char *spec, struct synfin_device **out, char *why, size_t why_bytes);
// After an error on the device's descriptor: true when its interface is gone for good, and not
// only down. One that is removed is down first, without another error later.
SYNFIN_API bool synfin_device_has_failed(const struct synfin_device *device);

typedef struct synfin_loop synfin_loop;

// What the loop calls; any may be NULL.
struct synfin_loop_ops {
    // One event of the stack; may call the stack's sockets.
    void (*on_event)(void *ctx, const struct synfin_event *event, uint64_t now_ns);
    // A descriptor added by synfin_loop_watch is ready. NULL when none is watched.
    void (*on_fd)(void *ctx, int fd, bool readable, bool writable, uint64_t now_ns);
    // Called once per turn after the events; NULL when not wanted.
    void (*on_turn)(void *ctx, uint64_t now_ns);
};

// Makes a loop around `stack` (borrowed). Errors: NO_MEMORY, IO.
SYNFIN_API SYNFIN_MUST_USE enum synfin_error synfin_loop_create(synfin_stack *stack,
                                                                const struct synfin_loop_ops *ops,
                                                                void *ctx, synfin_loop **out);
// Destroys its devices too; not the stack.
SYNFIN_API void synfin_loop_destroy(synfin_loop *loop /* takes */);
// Drives `device` as the stack's interface `iface`. Errors: LIMIT, IO.
SYNFIN_API SYNFIN_MUST_USE enum synfin_error
synfin_loop_add_device(synfin_loop *loop, uint32_t iface, struct synfin_device *device /* takes */);
// Watches a descriptor of the caller's; with neither wanted, forgets it. Errors: LIMIT, IO.
SYNFIN_API SYNFIN_MUST_USE enum synfin_error synfin_loop_watch(synfin_loop *loop, int fd,
                                                               bool want_read, bool want_write);
// The descriptor for another loop: readable when a turn has work.
SYNFIN_API int synfin_loop_fd(const synfin_loop *loop);
// ns from `now_ns` until a turn is needed even if the descriptor stays silent; SYNFIN_NEVER.
SYNFIN_API uint64_t synfin_loop_timeout(const synfin_loop *loop, uint64_t now_ns);
// One turn: waits at most `wait_ns` (0: not at all), then receives, advances, tells events, and
// sends. Errors: IO (the device failed).
SYNFIN_API SYNFIN_MUST_USE enum synfin_error synfin_loop_turn(synfin_loop *loop, uint64_t wait_ns);
// Turns until synfin_loop_stop is called from a callback. Errors: IO (the device failed).
SYNFIN_API SYNFIN_MUST_USE enum synfin_error synfin_loop_run(synfin_loop *loop);
// Lets synfin_loop_run return after the present turn.
SYNFIN_API void synfin_loop_stop(synfin_loop *loop);

// The short way: opens the device `link` (as synfin_device_open), makes a stack with its defaults
// and the address `cidr` ("192.0.2.2/24") on it, and a loop that drives both. The caller destroys
// the loop, then the stack. Errors: as of the calls it stands for.
SYNFIN_API SYNFIN_MUST_USE enum synfin_error synfin_host_start(const char *link, const char *cidr,
                                                               const struct synfin_loop_ops *ops,
                                                               void *ctx, synfin_stack **stack,
                                                               synfin_loop **loop);
// A listener for `port` on every address of both IP versions. Errors: IN_USE, LIMIT, NO_MEMORY.
SYNFIN_API SYNFIN_MUST_USE enum synfin_error synfin_host_listen(synfin_stack *stack, uint16_t port,
                                                                synfin_socket *listener);

#ifdef __cplusplus
}
#endif
#endif
