// SPDX-License-Identifier: MIT
//
// lwIP as a peer, as Debian packages it (liblwip-dev), through its raw interface on one thread: two
// interfaces of one instance whose packets are each other's input. Without that package the build
// takes peer_lwip_absent.c, which has nothing to compare with.
#ifndef BENCHMARKS_PEER_LWIP_H
#define BENCHMARKS_PEER_LWIP_H

#include <stdint.h>

// What to call it; NULL when it is not there. Nothing below may be called then.
const char *peer_lwip_name(void);
// Once, before the others.
void peer_lwip_init(void);

void peer_lwip_flow_open(void);
void peer_lwip_flow_transfer(uint64_t bytes);

enum { PEER_LWIP_PARALLEL = 32 };

// Opens, carries one octet each way and closes, `parallel` connections side by side. What is in
// TIME-WAIT is thrown away every 32 connections: lwIP searches it one by one.
void peer_lwip_churn(uint32_t connections, uint32_t parallel);
// The same one at a time, and nothing is thrown away.
void peer_lwip_churn_kept(uint32_t connections);

#endif
