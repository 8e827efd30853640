// SPDX-License-Identifier: MIT
//
// Segments out of a super-packet: on the way out for a device without segmentation offload, because
// like the kernel the stack still plans bursts; on the way in for one without receive offload.
#ifndef SYNFIN_DRILL_CUT_H
#define SYNFIN_DRILL_CUT_H

#include <stdint.h>

// Writes to `out` the segment that begins with octet `at` of the text of `whole`, an IP packet with
// TCP, with at most `text_bytes` of it; `out` has room for the headers and those. Returns the
// octets of the segment, 0 when no text is left.
uint32_t drill_cut(const uint8_t *whole, uint32_t bytes, uint32_t at, uint32_t text_bytes,
                   uint8_t *out);
// Octets of the headers of IP and TCP.
uint32_t drill_cut_header_bytes(const uint8_t *whole);
// Octets of text of a packet that may be anything; 0 too when it is none that can be cut: only
// segments with an acknowledgment, and neither SYN nor RST nor URG, stand for several.
uint32_t drill_cut_text_bytes(const uint8_t *whole, uint32_t bytes);

#endif
