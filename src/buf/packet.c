// SPDX-License-Identifier: MIT
//
// The two things everyone does with packets (synfin/packet.h): make one of plain octets, and make
// plain octets of one.
#include <synfin/packet.h>

#include <string.h>

#include "base/check.h"

void synfin_packet_wrap(struct synfin_packet *packet, uint8_t *data, uint32_t bytes)
{
    // Field by field: the spans and the room are large, and nobody reads them.
    packet->head = data;
    packet->head_bytes = bytes;
    packet->bytes = bytes;
    packet->spans = 0;
    packet->gso_bytes = 0;
    packet->checksum = SYNFIN_CHECKSUM_COMPLETE;
    packet->is_duplicate = 0;
    packet->checksum_start = 0;
    packet->checksum_offset = 0;
    packet->reason = SYNFIN_REASON_UNKNOWN;
    packet->conn = 0;
}

// Appends one piece; an empty one may be no address at all.
static void put_piece(uint8_t *out, const uint8_t *data, uint32_t bytes)
{
    if (bytes > 0) {
        memcpy(out, data, bytes);
    }
}

uint32_t synfin_packet_copy(const struct synfin_packet *packet, uint8_t *out, uint32_t capacity)
{
    if (capacity < packet->bytes) {
        return 0;
    }
    ASSERT(packet->head_bytes <= packet->bytes);
    put_piece(out, packet->head, packet->head_bytes);
    uint32_t copied = packet->head_bytes;
    for (uint32_t i = 0; i < packet->spans; i++) {
        ASSERT(packet->span[i].bytes <= packet->bytes - copied);
        put_piece(out + copied, packet->span[i].data, packet->span[i].bytes);
        copied += packet->span[i].bytes;
    }
    return copied;
}
