// SPDX-License-Identifier: MIT
//
// A SYN flood from one process, a listener in another, and this one as the client who is not the
// attacker, in a network namespace of their own. The listener is synfin's behind a TUN device, or
// the kernel's in a second namespace behind a pair of virtual Ethernet devices. The sender hands
// its SYNs to the device by a packet socket, as many as the listener takes and no more: what a full
// queue before the listener loses is nobody's merit.
#ifndef BENCHMARKS_TUN_FLOOD_H
#define BENCHMARKS_TUN_FLOOD_H

#include <stdbool.h>
#include <stdint.h>

enum tun_flood_listener { TUN_FLOOD_SYNFIN, TUN_FLOOD_LINUX };

struct tun_flood_result {
    double syns_per_second;     // sent and answered
    double connects_per_second; // of the client: open, an octet each way, reset
    uint64_t connects, failed;
    double worst_ms;                  // the slowest of them
    uint64_t bytes_first, bytes_last; // taken by the stack when the flood was on, and at its end
};

struct tun_flood_setup {
    enum tun_flood_listener listener;
    uint32_t ms;              // how long to measure
    uint32_t syns_per_second; // at most; 0: as many as are taken
};

// False when no namespace or no device can be made here.
bool tun_flood_run(const struct tun_flood_setup *setup, struct tun_flood_result *result);

#endif
