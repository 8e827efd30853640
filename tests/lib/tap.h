// SPDX-License-Identifier: MIT
//
// A device around a stack's device that a test listens at: every segment is told in the order in
// which the stack hears and sends it, as the stack sees it, decoded by segment_wire.c. What comes
// in may be changed, kept back, multiplied and made up on the way:
//
//     link -> filter (0 to TAP_QUEUE_MAX packets for each) -> observers -> stack
//     stack -> observers -> mangle (what is behind the copy) -> link
#ifndef TAP_H
#define TAP_H

#include <stdbool.h>
#include <stdint.h>

#include <synfin/device.h>

#include "lib/segment_wire.h"
#include "lib/world.h"

enum { TAP_OBSERVERS_MAX = 4, TAP_QUEUE_MAX = 512 };

struct tap;

// One segment at a stack's door.
struct tap_sight {
    bool is_out;     // the stack has sent it
    uint64_t now_ns; // and when
    uint16_t reason; // enum synfin_reason that it was sent with
    const struct segment_wire *seg;
};
typedef void (*tap_see_fn)(void *ctx, const struct tap_sight *sight);
// What becomes of a segment that comes in: nothing, or what is given to tap_pass.
typedef void (*tap_filter_fn)(void *ctx, struct tap *tap, const struct segment_wire *seg);
// A driver's way to treat what it was given, once the copy for the link is made.
typedef void (*tap_mangle_fn)(void *ctx, struct synfin_packet *packet);

struct tap {
    struct synfin_device device;
    struct synfin_device *inner;
    struct {
        tap_see_fn see;
        void *ctx;
    } observer[TAP_OBSERVERS_MAX];
    uint32_t observers;
    tap_filter_fn filter;
    tap_mangle_fn mangle;
    void *ctx; // of filter and mangle
    uint64_t now_ns;
    uint8_t *queue[TAP_QUEUE_MAX]; // packets that wait for the stack
    uint32_t queue_bytes[TAP_QUEUE_MAX];
    uint32_t first, queued, given;
    uint64_t segments_in, segments_out, octets_out;
};

// Puts it between a host's stack and its device, until tap_deinit.
void tap_init(struct tap *tap, struct world *world, uint32_t host);
void tap_deinit(struct tap *tap);
void tap_observe(struct tap *tap, tap_see_fn see, void *ctx);
// The stack hears this segment next, after what waits already.
void tap_pass(struct tap *tap, const struct segment_wire *seg);

#endif
