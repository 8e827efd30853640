// SPDX-License-Identifier: MIT
//
// Listening at a stack's door; see tap.h.
#include "lib/tap.h"

#include <stdlib.h>
#include <string.h>

#include "lib/test_cmocka.h"

enum { BURST = 64 };

static struct tap *tap_of(const struct synfin_device *device)
{
    return (struct tap *)(uintptr_t)device; // its first member
}

static void tell(struct tap *tap, bool is_out, uint16_t reason, const uint8_t *octets,
                 uint32_t bytes)
{
    struct segment_wire seg;
    if (!segment_wire_is_tcp(octets, bytes) || segment_wire_parse(octets, bytes, &seg) != NULL) {
        return; // what is broken is nothing to the stack either
    }
    struct tap_sight sight = {
        .is_out = is_out, .now_ns = tap->now_ns, .reason = reason, .seg = &seg};
    for (uint32_t i = 0; i < tap->observers; i++) {
        tap->observer[i].see(tap->observer[i].ctx, &sight);
    }
}

static void queue(struct tap *tap, const uint8_t *octets, uint32_t bytes)
{
    assert_true(tap->queued < TAP_QUEUE_MAX);
    uint32_t at = (tap->first + tap->queued) % TAP_QUEUE_MAX;
    tap->queue[at] = malloc(bytes); // exactly as long as the packet, for the sanitizers
    assert_non_null(tap->queue[at]);
    memcpy(tap->queue[at], octets, bytes);
    tap->queue_bytes[at] = bytes;
    tap->queued++;
}

void tap_pass(struct tap *tap, const struct segment_wire *seg)
{
    static uint8_t octets[SEGMENT_WIRE_MAX];
    struct segment_wire copy = *seg;
    copy.extra_bytes = 0;
    queue(tap, octets, segment_wire_build(&copy, octets));
}

static void take_in(struct tap *tap, const struct synfin_packet *packet)
{
    static uint8_t octets[SEGMENT_WIRE_MAX];
    struct segment_wire seg;
    uint32_t bytes = synfin_packet_copy(packet, octets, sizeof octets);
    if (tap->filter != NULL && segment_wire_is_tcp(octets, bytes)
        && segment_wire_parse(octets, bytes, &seg) == NULL) {
        tap->filter(tap->ctx, tap, &seg);
    } else {
        queue(tap, octets, bytes);
    }
}

// What the last call gave is the stack's no longer.
static void free_given(struct tap *tap)
{
    for (; tap->given > 0; tap->given--) {
        free(tap->queue[tap->first]);
        tap->first = (tap->first + 1) % TAP_QUEUE_MAX;
        tap->queued--;
    }
}

static uint32_t receive(struct synfin_device *device, struct synfin_packet *packets, uint32_t max,
                        uint64_t now_ns)
{
    struct synfin_packet arrived[BURST];
    struct tap *tap = tap_of(device);
    tap->now_ns = now_ns;
    free_given(tap);
    if (tap->queued < TAP_QUEUE_MAX / 2) {
        uint32_t n = tap->inner->ops->receive(tap->inner, arrived, BURST, now_ns);
        for (uint32_t i = 0; i < n; i++) {
            take_in(tap, &arrived[i]);
        }
    }
    for (; tap->given < tap->queued && tap->given < max; tap->given++) {
        uint32_t at = (tap->first + tap->given) % TAP_QUEUE_MAX;
        synfin_packet_wrap(&packets[tap->given], tap->queue[at], tap->queue_bytes[at]);
        tap->segments_in++;
        tell(tap, false, 0, tap->queue[at], tap->queue_bytes[at]);
    }
    return tap->given;
}

static uint32_t send_out(struct synfin_device *device, const struct synfin_packet *packets,
                         uint32_t n, uint64_t now_ns)
{
    static uint8_t octets[SEGMENT_WIRE_MAX];
    struct tap *tap = tap_of(device);
    tap->now_ns = now_ns;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t bytes = synfin_packet_copy(&packets[i], octets, sizeof octets);
        tap->segments_out++;
        tap->octets_out += bytes;
        tell(tap, true, packets[i].reason, octets, bytes);
    }
    uint32_t taken = tap->inner->ops->send(tap->inner, packets, n, now_ns);
    for (uint32_t i = 0; i < taken && tap->mangle != NULL; i++) {
        tap->mangle(tap->ctx, (struct synfin_packet *)(uintptr_t)&packets[i]);
    }
    return taken;
}

static uint64_t next_deadline(const struct synfin_device *device)
{
    const struct tap *tap = tap_of(device);
    return tap->inner->ops->next_deadline(tap->inner);
}

static void destroy(struct synfin_device *device)
{
    (void)device;
}

void tap_init(struct tap *tap, struct world *world, uint32_t host)
{
    static const struct synfin_device_ops ops = {
        .receive = receive, .send = send_out, .next_deadline = next_deadline, .destroy = destroy};
    memset(tap, 0, sizeof *tap);
    tap->inner = world->host[host].device;
    tap->device = *tap->inner;
    tap->device.ops = &ops;
    world->host[host].device = &tap->device;
}

void tap_deinit(struct tap *tap)
{
    tap->given = tap->queued;
    free_given(tap);
}

void tap_observe(struct tap *tap, tap_see_fn see, void *ctx)
{
    assert_true(tap->observers < TAP_OBSERVERS_MAX);
    tap->observer[tap->observers].see = see;
    tap->observer[tap->observers].ctx = ctx;
    tap->observers++;
}
