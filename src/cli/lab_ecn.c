// SPDX-License-Identifier: MIT
//
// Scenarios of congestion that is told and not suffered: marks instead of losses.
#include "cli/lab_steps.h"

#include <synfin/config.h>

// A full segment carries 1448 octets: the MSS of 1460 less 12 of timestamps.
enum { SEGMENT = 1448 };

// So that segments arrive one after the other: a full one takes 1.2 ms.
#define RATE_BPS UINT64_C(10000000)

static const struct lab_scenario scenarios[] = {
    {
        .name = "ecn",
        .summary = "a router marks a packet instead of losing it, and nothing is sent twice",
        .story =
            "Both ends agree on explicit congestion notification with their SYNs, and data go\n"
            "as ECN-capable. A router whose queue grows marks the third segment and forwards\n"
            "it. The server echoes the mark (ECE) with every acknowledgment; the client cuts\n"
            "its window as for a loss, once, and says so with its next data (CWR), which ends\n"
            "the echo. Nothing was lost, and nothing had to be sent again.",
        .mark = "client:DATA:3",
        .ecn = SYNFIN_ECN_ASK,
        .rate_bps = RATE_BPS,
        .tells_congestion = true,
        .step = {[LAB_CLIENT] = {OPENS, {LAB_AT, 100}, {LAB_SEND, 14 * SEGMENT}},
                 [LAB_SERVER] = {ACCEPTS, {LAB_READ, 14 * SEGMENT}}},
        .expected = {[LAB_CLIENT] = LAB_OUTCOME_CONNECTED, [LAB_SERVER] = LAB_OUTCOME_CONNECTED},
    },
    {
        .name = "accurate-ecn",
        .summary = "every mark is counted and told, and not only that there was one",
        .story =
            "The three flags AE, CWR and ECE of the SYN ask for accurate feedback, and those of\n"
            "the SYN+ACK agree and tell how the SYN has arrived. From then on the three are a\n"
            "number: how many packets came with a mark, from 5 on. A router marks two segments;\n"
            "the counter goes to 7, and an option says how many octets they carried.",
        .mark = "client:DATA:3-4",
        .ecn = SYNFIN_ECN_ASK_ACCURATE,
        .rate_bps = RATE_BPS,
        .tells_congestion = true,
        .step = {[LAB_CLIENT] = {OPENS, {LAB_AT, 100}, {LAB_SEND, 8 * SEGMENT}},
                 [LAB_SERVER] = {ACCEPTS, {LAB_READ, 8 * SEGMENT}}},
        .expected = {[LAB_CLIENT] = LAB_OUTCOME_CONNECTED, [LAB_SERVER] = LAB_OUTCOME_CONNECTED},
    },
};

const struct lab_scenario *lab_ecn_at(size_t i)
{
    return i < sizeof scenarios / sizeof scenarios[0] ? &scenarios[i] : NULL;
}
