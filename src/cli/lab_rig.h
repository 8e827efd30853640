// SPDX-License-Identifier: MIT
//
// What every world of the lab is made of: memory, entropy that one seed decides, the two hosts'
// addresses, and their stacks.
#ifndef SYNFIN_CLI_LAB_RIG_H
#define SYNFIN_CLI_LAB_RIG_H

#include <stdbool.h>
#include <stdint.h>

#include <synfin/link.h>
#include <synfin/synfin.h>

// A deadline may be told up to a timer wheel's tick too early; time must move all the same.
#define LAB_RIG_STEP_NS UINT64_C(1000)

// One host, on a wire of its own to the other.
struct lab_rig_host {
    const struct synfin_stack_config *stack;
    struct synfin_addr addr;
    uint64_t *random; // state of its entropy; lives as long as the stack
    synfin_trace_fn trace;
    void *trace_ctx;
};

// Fills the environment with aligned memory of the C library; no entropy, no trace.
void lab_rig_env(struct synfin_env *env);
// 192.0.2.1 and .2 (RFC 5737 §3), or 2001:db8::1 and ::2 (RFC 3849 §2).
struct synfin_addr lab_rig_addr(enum synfin_link_side side, bool is_ipv6);
// Makes the host's stack. It knows a way to everybody, so that strangers are answered.
// Errors: INVALID, NO_MEMORY; then *out is NULL, or to be destroyed all the same.
SYNFIN_MUST_USE enum synfin_error lab_rig_make(const struct lab_rig_host *host, synfin_stack **out);

#endif
