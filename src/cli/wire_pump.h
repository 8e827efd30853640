// SPDX-License-Identifier: MIT
//
// A wire between two devices, in real time: what one receives goes through its side of the fault
// link and is sent on the other when its time has come.
//
//     device A -> receive -> [side A  link  side B] -> send -> device B
//     device A <- send <- [side A  link  side B] <- receive <- device B
//
// Packets leave the link one by one, because only so is known for each when it should have left;
// on a TUN device a packet is a system call in any case.
#ifndef SYNFIN_CLI_WIRE_PUMP_H
#define SYNFIN_CLI_WIRE_PUMP_H

#include <stdbool.h>
#include <stdint.h>

#include <synfin/device.h>
#include <synfin/link.h>

#include "cli/cli_spread.h"

enum { WIRE_PUMP_BURST = 64 };

// One direction.
struct wire_way {
    struct synfin_device *from, *to;    // the devices
    struct synfin_device *entry, *exit; // the link's ends
    bool is_full;                       // `to` refused: `kept` waits until it is writable
    struct synfin_packet kept;          // in the link's memory
    uint64_t kept_due_ns;               // when it should have left
    uint64_t last_ns;                   // when the last packet left
    uint64_t active_ns, active_octets;  // between packets that left without a longer pause
    struct cli_spread excess;           // of those that left
};

struct wire_pump {
    synfin_link *link;
    struct wire_way way[2];                        // by the side that sends
    uint64_t (*now)(void);                         // the clock, ns
    struct synfin_packet packets[WIRE_PUMP_BURST]; // being received
};

// All borrowed; the devices' kind and the link's must be the same.
void wire_pump_init(struct wire_pump *pump, synfin_link *link, struct synfin_device *a,
                    struct synfin_device *b, uint64_t (*now)(void));
// Receives at most a burst from each device, and sends what is due, at most a few bursts. True
// when there may be more to do at once.
bool wire_pump_turn(struct wire_pump *pump);
// When the next packet is due; SYNFIN_NEVER when none is, or when its device is full.
uint64_t wire_pump_deadline(const struct wire_pump *pump);
// Lets a full device be tried again: it is writable.
void wire_pump_writable(struct wire_pump *pump, enum synfin_link_side to);

#endif
