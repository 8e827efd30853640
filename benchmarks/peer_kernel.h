// SPDX-License-Identifier: MIT
//
// The Linux kernel's TCP over loopback as a peer: the same work as synfin's, between two sockets of
// this process and on its one thread, where the kernel handles a packet of the loopback within the
// call that sends it.
#ifndef BENCHMARKS_PEER_KERNEL_H
#define BENCHMARKS_PEER_KERNEL_H

#include <stdbool.h>
#include <stdint.h>

// Moves this process into a new network namespace whose loopback is up, with its MTU as it is;
// false when none can be made, and the machine's own loopback serves. Sockets stay where they were
// opened, so that a process can have flows in several.
bool peer_kernel_enter(void);
// In the namespace entered last: MTU 1500, and every packet made one by one instead of in
// super-packets of 64 KB; false when that is refused.
bool peer_kernel_unload(void);

struct peer_kernel_flow {
    int from, to;
};

// One connection; `mss` bounds its segments, 0 leaves them.
void peer_kernel_flow_open(struct peer_kernel_flow *flow, int mss);
void peer_kernel_flow_transfer(const struct peer_kernel_flow *flow, uint64_t bytes);
void peer_kernel_flow_close(const struct peer_kernel_flow *flow);

enum { PEER_KERNEL_PARALLEL = 32 };

// Opens, carries one octet each way and closes, `parallel` connections side by side.
void peer_kernel_churn(uint32_t connections, uint32_t parallel);

struct peer_kernel_weight {
    uint32_t connections;
    double endpoint_bytes;
};

// What an idle endpoint adds to the kernel's slabs. Holds at most `connections` for as long as it
// measures; fewer when the limit of open files says so.
struct peer_kernel_weight peer_kernel_weigh(uint32_t connections);
// Octets of an object of this slab of the kernel; 0 when it does not tell.
uint32_t peer_kernel_object_bytes(const char *slab);

#endif
