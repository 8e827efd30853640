// SPDX-License-Identifier: MIT
//
// Any octets as a packet to be printed and read as a segment. The first octet says whether it is
// an Ethernet frame, the second how much of it is in one piece, the third how much room the line
// has: what it needs must not depend on that, and a line that is cut is the start of the whole.

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <synfin/trace.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LINE_MAX_OCTETS = 1024 };

static void require(bool condition)
{
    if (!condition) {
        abort();
    }
}

static void print(const struct synfin_packet *packet, bool is_ethernet, size_t capacity)
{
    char whole[LINE_MAX_OCTETS];
    size_t needed = synfin_packet_print(packet, is_ethernet, whole, sizeof(whole));
    require(needed > 0 && needed < sizeof(whole) && strlen(whole) == needed);
    char *cut = malloc(capacity);
    require(synfin_packet_print(packet, is_ethernet, cut, capacity) == needed);
    if (capacity > 0) {
        size_t length = needed < capacity ? needed : capacity - 1;
        require(strlen(cut) == length && memcmp(cut, whole, length) == 0);
    }
    free(cut);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 3 || size > UINT16_MAX) {
        return 0;
    }
    bool is_ethernet = (data[0] & 1) != 0;
    struct synfin_packet packet = {.bytes = (uint32_t)size - 3};
    packet.head_bytes = data[1] == 255 || data[1] > packet.bytes ? packet.bytes : data[1];
    packet.head = malloc(packet.head_bytes);
    if (packet.head_bytes != 0) {
        memcpy(packet.head, data + 3, packet.head_bytes);
    }
    struct synfin_segment segment;
    if (synfin_packet_segment(&packet, is_ethernet, &segment)) {
        require(segment.bytes <= packet.bytes && segment.sack_blocks <= SYNFIN_SACK_BLOCKS_MAX);
        require(segment.flags <= 0x1ff);
    }
    print(&packet, is_ethernet, data[2]);
    free(packet.head);
    return 0;
}
