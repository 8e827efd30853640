// SPDX-License-Identifier: MIT
//
// A view of octets in pieces. The front piece is kept trimmed, and is never empty while the view
// is not; pieces behind the view's end are never looked at.
#include "buf/gather.h"

#include <string.h>

#include "base/check.h"

// Moves to the next piece that holds octets when the front one is used up.
static void skip_empty(struct gather *gather)
{
    while (gather->first.bytes == 0 && gather->bytes > 0) {
        gather->first = *gather->rest++;
    }
}

void gather_of_packet(struct gather *gather, const struct synfin_packet *packet, uint32_t offset)
{
    ASSERT(offset <= packet->head_bytes);
    gather->first = (struct synfin_span){packet->head + offset, packet->head_bytes - offset};
    gather->rest = packet->span;
    gather->bytes = packet->bytes - offset;
    skip_empty(gather);
}

void gather_of_octets(struct gather *gather, const void *data, uint32_t bytes)
{
    gather->first = (struct synfin_span){data, bytes};
    gather->rest = NULL;
    gather->bytes = bytes;
}

// Octets of the front piece that belong to the view, at most `bytes`.
static uint32_t front_bytes(const struct gather *gather, uint32_t bytes)
{
    return bytes < gather->first.bytes ? bytes : gather->first.bytes;
}

static void take_front(struct gather *gather, uint32_t bytes)
{
    gather->first.data += bytes;
    gather->first.bytes -= bytes;
    gather->bytes -= bytes;
    skip_empty(gather);
}

void gather_trim_left(struct gather *gather, uint32_t bytes)
{
    ASSERT(bytes <= gather->bytes);
    while (bytes > 0) {
        uint32_t taken = front_bytes(gather, bytes);
        take_front(gather, taken);
        bytes -= taken;
    }
}

void gather_trim_right(struct gather *gather, uint32_t bytes)
{
    ASSERT(bytes <= gather->bytes);
    gather->bytes -= bytes;
}

void gather_read(struct gather *gather, void *out, uint32_t bytes)
{
    ASSERT(bytes <= gather->bytes);
    uint8_t *to = out;
    while (bytes > 0) {
        uint32_t taken = front_bytes(gather, bytes);
        memcpy(to, gather->first.data, taken);
        take_front(gather, taken);
        to += taken;
        bytes -= taken;
    }
}

void gather_checksum(const struct gather *gather, struct checksum *sum)
{
    struct gather left = *gather;
    while (left.bytes > 0) {
        uint32_t taken = front_bytes(&left, left.bytes);
        checksum_add(sum, left.first.data, taken);
        take_front(&left, taken);
    }
}
