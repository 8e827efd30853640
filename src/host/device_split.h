// SPDX-License-Identifier: MIT
//
// Splits a frame that holds many segments, as the kernel makes them where it leaves segmentation to
// hardware (GSO) or has joined what came in (GRO), into the segments that would be on the wire:
// TCP over both IP versions, and UDP. Each is its own header in a packet's room, and a span into
// the frame; its checksum complete.
#ifndef SYNFIN_HOST_DEVICE_SPLIT_H
#define SYNFIN_HOST_DEVICE_SPLIT_H

#include <stdbool.h>
#include <stdint.h>

#include <synfin/packet.h>

struct device_split {
    const uint8_t *frame; // Ethernet, borrowed until the last segment is out of use
    uint32_t header_bytes, payload_bytes;
    uint32_t ip, transport; // where the headers begin
    uint32_t segment_bytes; // payload of each segment but the last
    uint32_t at;            // payload that was handed out
    uint32_t number;        // of the next segment
    bool is_ip4, is_tcp;
};

// Prepares to split; `transport` is where the TCP or UDP header begins. False when the frame is
// none that can be split.
bool device_split_begin(struct device_split *split, const uint8_t *frame, uint32_t bytes,
                        uint32_t transport, uint32_t segment_bytes);
// Gives the next segment; false when there is none.
bool device_split_next(struct device_split *split, struct synfin_packet *out);

#endif
