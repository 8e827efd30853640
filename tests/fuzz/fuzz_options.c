// SPDX-License-Identifier: MIT
//
// TCP's options of every length up to 40 octets, through the parser and through a decoder written
// apart from it; tests/exhaustive tries all of four octets. The header is right, whatever follows.
#include <string.h>

#include "exhaustive/naive_options.h"
#include "fuzz_input.h"

enum { OPTIONS_MAX = 40 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct wire_tcp tcp;
    uint32_t bytes = size < OPTIONS_MAX ? (uint32_t)size & ~UINT32_C(3) : OPTIONS_MAX;
    uint32_t segment_bytes = WIRE_TCP_HEADER_MIN + bytes;
    uint8_t *segment = calloc(1, segment_bytes);
    fuzz_require(segment != NULL);
    segment[12] = (uint8_t)(segment_bytes / 4 << 4);
    if (bytes > 0) {
        memcpy(segment + WIRE_TCP_HEADER_MIN, data, bytes);
    }
    enum synfin_reason reason = wire_tcp_parse(segment, segment_bytes, segment_bytes, &tcp);
    fuzz_require(tcp.flags == 0 && tcp.urgent == 0); // whatever the options say
    fuzz_require(naive_agrees(segment + WIRE_TCP_HEADER_MIN, bytes, reason, &tcp));
    free(segment);
    return 0;
}
