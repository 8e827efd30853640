// SPDX-License-Identifier: MIT
//
// A path that holds much more than any window begins with. Its transfer has tens of thousands of
// segments, so that what is drawn of it are the handshake and what the two ends say of their
// buffers and windows.
#include "cli/lab_steps.h"

enum { TRANSFER = 100000000 };

static const struct lab_scenario scenarios[] = {
    {
        .name = "long-fat-path",
        .summary = "1 Gbit/s over 100 ms: buffers at both ends grow until the path is full",
        .story =
            "12.5 million octets are on their way when this path is full, and both buffers\n"
            "begin with 131,072. The SYNs agree on a window scale for all that may come. Then\n"
            "the server measures what its reader takes in one round trip and makes room for\n"
            "twice that and more, and the client keeps as much ready as its congestion window\n"
            "may ask for. Neither is ever what limits the other. No segment is drawn behind\n"
            "the handshake.",
        .rate_bps = UINT64_C(1000000000),
        .delay_ms = 50,
        .queue_packets = 8000,
        .draws_ms = 190,
        .tells_congestion = true,
        .tells_buffers = true,
        .step = {[LAB_CLIENT] = {OPENS, {LAB_AT, 200}, {LAB_SEND, TRANSFER}},
                 [LAB_SERVER] = {ACCEPTS, {LAB_READ, TRANSFER}}},
        .expected = {[LAB_CLIENT] = LAB_OUTCOME_CONNECTED, [LAB_SERVER] = LAB_OUTCOME_CONNECTED},
    },
};

const struct lab_scenario *lab_window_at(size_t i)
{
    return i < sizeof scenarios / sizeof scenarios[0] ? &scenarios[i] : NULL;
}
