// SPDX-License-Identifier: MIT
//
// Segments that no stack sends: those of an attacker, old ones that a network kept, and those of a
// model. They are built here octet by octet, for a stack would not make them.
#ifndef SYNFIN_CLI_LAB_FORGE_H
#define SYNFIN_CLI_LAB_FORGE_H

#include <synfin/trace.h>

enum { LAB_FORGE_PAYLOAD_MAX = 1000, LAB_FORGE_BYTES_MAX = 40 + 32 + LAB_FORGE_PAYLOAD_MAX };

// Writes the segment as an IP datagram with right checksums; returns its length. Of the options
// only the timestamps are written; the payload is at most LAB_FORGE_PAYLOAD_MAX octets of 'x'.
uint32_t lab_forge_datagram(const struct synfin_segment *segment, uint8_t *out);

#endif
