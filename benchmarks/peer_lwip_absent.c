// SPDX-License-Identifier: MIT
//
// Where lwIP is not installed.
#include <stddef.h>

#include "harness.h"
#include "peer_lwip.h"

const char *peer_lwip_name(void)
{
    return NULL;
}

void peer_lwip_init(void)
{
    harness_fail("lwIP is not there");
}

void peer_lwip_flow_open(void)
{
    harness_fail("lwIP is not there");
}

void peer_lwip_flow_transfer(uint64_t bytes)
{
    (void)bytes;
    harness_fail("lwIP is not there");
}

void peer_lwip_churn(uint32_t connections, uint32_t parallel)
{
    (void)connections;
    (void)parallel;
    harness_fail("lwIP is not there");
}

void peer_lwip_churn_kept(uint32_t connections)
{
    (void)connections;
    harness_fail("lwIP is not there");
}
