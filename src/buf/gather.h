// SPDX-License-Identifier: MIT
//
// A view of octets that lie in pieces: what is left of a packet behind its headers. It borrows
// the packet and is trimmed from both ends without touching a byte.
#ifndef SYNFIN_BUF_GATHER_H
#define SYNFIN_BUF_GATHER_H

#include <stdint.h>

#include <synfin/packet.h>

#include "base/checksum.h"

struct gather {
    struct synfin_span first;       // the piece at the front, already trimmed
    const struct synfin_span *rest; // the pieces behind it
    uint32_t bytes;                 // of the view: may end before the last piece does
};

// Everything of `packet` from `offset` octets into its head; offset <= head_bytes.
void gather_of_packet(struct gather *gather, const struct synfin_packet *packet, uint32_t offset);
// One piece.
void gather_of_octets(struct gather *gather, const void *data, uint32_t bytes);
void gather_trim_left(struct gather *gather, uint32_t bytes);
void gather_trim_right(struct gather *gather, uint32_t bytes);
// Copies the first `bytes` octets to `out` and takes them off the view.
void gather_read(struct gather *gather, void *out, uint32_t bytes);
// Adds the whole view to a sum; the view stays.
void gather_checksum(const struct gather *gather, struct checksum *sum);

#endif
