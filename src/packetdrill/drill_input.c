// SPDX-License-Identifier: MIT
//
// Packets for the stack. A script may inject what a device with receive offload would have put
// together of many segments, larger than any link carries. When it says how large the segments
// were, the stack gets those, as one burst, like from a device without that offload.
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "packetdrill/drill.h"
#include "packetdrill/drill_cut.h"

// Packets of one burst and their octets, one behind the other.
struct burst {
    uint32_t count;
    struct synfin_packet *packets;
    uint8_t *octets;
};

static bool make_burst(struct burst *burst, size_t packets, size_t octets)
{
    burst->count = 0;
    burst->packets = calloc(packets, sizeof *burst->packets);
    burst->octets = malloc(octets);
    return burst->packets != NULL && burst->octets != NULL;
}

static void free_burst(struct burst *burst)
{
    free(burst->packets);
    free(burst->octets);
}

static bool make_one(struct burst *burst, const uint8_t *packet, uint32_t bytes)
{
    if (!make_burst(burst, 1, bytes)) {
        return false;
    }
    memcpy(burst->octets, packet, bytes);
    synfin_packet_wrap(&burst->packets[burst->count++], burst->octets, bytes);
    return true;
}

static bool make_segments(struct burst *burst, const uint8_t *packet, uint32_t bytes,
                          uint32_t mss_bytes)
{
    uint32_t text_bytes = drill_cut_text_bytes(packet, bytes);
    uint32_t count = (text_bytes + mss_bytes - 1) / mss_bytes;
    if (!make_burst(burst, count, count * (size_t)(bytes - text_bytes) + text_bytes)) {
        return false;
    }
    uint8_t *to = burst->octets;
    for (uint32_t at = 0; at < text_bytes; at += mss_bytes) {
        uint32_t segment_bytes = drill_cut(packet, bytes, at, mss_bytes, to);
        synfin_packet_wrap(&burst->packets[burst->count++], to, segment_bytes);
        to += segment_bytes;
    }
    return true;
}

bool drill_input(struct drill *drill, const void *octets, size_t bytes)
{
    uint32_t mss_bytes = drill->settings.mss_bytes;
    struct burst burst;
    if (bytes == 0 || bytes > SYNFIN_PACKET_MAX) {
        errno = EINVAL;
        return false;
    }
    if (drill->stack == NULL) {
        return true; // nobody is there to hear it
    }
    bool is_large = mss_bytes != 0 && drill_cut_text_bytes(octets, (uint32_t)bytes) > mss_bytes;
    bool is_made = is_large ? make_segments(&burst, octets, (uint32_t)bytes, mss_bytes)
                            : make_one(&burst, octets, (uint32_t)bytes);
    if (is_made) {
        synfin_stack_input(drill->stack, drill->iface, burst.packets, burst.count,
                           drill_stack_now(drill));
    }
    free_burst(&burst);
    if (is_made) {
        drill_stack_pump(drill);
    }
    return is_made;
}
