// SPDX-License-Identifier: MIT
//
// Devices: whatever moves packets between a stack and the world. The contract is tiny, so that a
// link in memory, a fault link around another device and a TUN descriptor are the same thing to
// the loop that drives them.
#ifndef SYNFIN_DEVICE_H
#define SYNFIN_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <synfin/packet.h>
#include <synfin/stack.h>

#ifdef __cplusplus
extern "C" {
#endif

struct synfin_device;

struct synfin_device_ops {
    // Fills up to `max` packets with what arrived; they are valid until the next receive.
    // Returns how many; 0 when nothing is there now.
    uint32_t (*receive)(struct synfin_device *device, struct synfin_packet *packets, uint32_t max,
                        uint64_t now_ns);
    // Sends `n` packets (borrowed, copied or sent before it returns); returns how many it took,
    // in order; less than `n` when the device is full: the rest stays the caller's.
    uint32_t (*send)(struct synfin_device *device, const struct synfin_packet *packets, uint32_t n,
                     uint64_t now_ns);
    // When receive may give something without the descriptor saying so; SYNFIN_NEVER if never.
    uint64_t (*next_deadline)(const struct synfin_device *device);
    void (*destroy)(struct synfin_device *device /* takes */);
};

struct synfin_device {
    const struct synfin_device_ops *ops;
    int fd;              // readable when receive has something; -1: no descriptor
    uint8_t is_ethernet; // layer 2 frames; else bare IP datagrams
    uint8_t mac[6];      // the station address a stack on it should use, when is_ethernet
    uint8_t can_checksum;
    uint32_t mtu_bytes;
    uint32_t gso_bytes; // largest super-packet it takes; 0: none
};

#ifdef __cplusplus
}
#endif
#endif
