// SPDX-License-Identifier: MIT
//
// One device in a loop: whether it may have something to receive, and what it could not take
// when it was full. The stack's packets live only until the next call on the stack, so what is
// left over is copied here, at most one burst.
#ifndef SYNFIN_HOST_LOOP_PORT_H
#define SYNFIN_HOST_LOOP_PORT_H

#include <stdbool.h>
#include <stdint.h>

#include <synfin/device.h>
#include <synfin/stack.h>

enum { LOOP_PORT_BURST = 64 };

// A packet that waits for room, with its octets behind it.
struct loop_port_kept;

struct loop_port {
    uint32_t iface;
    struct synfin_device *device; // owned
    bool is_readable;             // its descriptor says that there is something
    bool is_full;                 // it did not take everything: wait until it is writable
    bool is_full_told;            // is_full as the epoll set knows it
    uint64_t retry_ns;            // when a full device without a descriptor is tried again
    uint32_t kept_first, kept_count;
    struct loop_port_kept *kept[LOOP_PORT_BURST];
};

void loop_port_init(struct loop_port *port, uint32_t iface,
                    struct synfin_device *device /* takes */);
void loop_port_deinit(struct loop_port *port);
// When this port needs a turn that its descriptor does not announce; 0: at once.
uint64_t loop_port_deadline(const struct loop_port *port, const synfin_stack *stack);
// True when receiving may give something now.
bool loop_port_is_due(const struct loop_port *port, uint64_t now_ns);
uint32_t loop_port_receive(struct loop_port *port, struct synfin_packet *packets, uint64_t now_ns);
// Sends what was kept; true when nothing of it is left and the device takes more.
bool loop_port_has_room(struct loop_port *port, uint64_t now_ns);
// Sends `n` packets, at most LOOP_PORT_BURST, and keeps those that the device does not take.
void loop_port_send(struct loop_port *port, const struct synfin_packet *packets, uint32_t n,
                    uint64_t now_ns);

#endif
