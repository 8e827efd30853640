// SPDX-License-Identifier: MIT
//
// The figures of a transfer; see lab_sum.h.
#include "cli/lab_sum.h"

#include <stdio.h>
#include <string.h>

// Whatever shows that a cut was needless, its reason is called so.
static bool is_undo(enum synfin_reason reason)
{
    return strncmp(synfin_reason_name(reason), "CC_UNDO", 7) == 0;
}

void lab_sum_add(struct lab_sum *sum, const struct lab_flow *flow)
{
    const struct lab_oracle *oracle = &flow->oracle;
    sum->received_bytes += flow->received_bytes;
    sum->segments += oracle->segments;
    sum->octets += oracle->octets;
    sum->acks += oracle->acks;
    sum->ack_octets += oracle->ack_octets;
    sum->lost += oracle->lost;
    sum->again += oracle->again;
    sum->again_bytes += oracle->again_bytes;
    sum->spurious += oracle->spurious;
    sum->spurious_bytes += oracle->spurious_bytes;
    sum->timeouts += flow->timeouts;
    sum->recoveries += flow->congestion_by[SYNFIN_REASON_CC_FAST_RETRANSMIT];
    sum->marks += flow->congestion_by[SYNFIN_REASON_CC_MARK];
    sum->is_intact &= !flow->has_wrong_octet;
    for (uint32_t i = 0; i < SYNFIN_REASON_COUNT; i++) {
        sum->again_by[i] += oracle->again_by[i];
        sum->congestion_by[i] += flow->congestion_by[i];
        sum->undos += is_undo((enum synfin_reason)i) ? flow->congestion_by[i] : 0;
    }
}

void lab_sum_all(struct lab_sum *sum, const struct lab_transfer *transfer)
{
    memset(sum, 0, sizeof *sum);
    sum->is_intact = true;
    for (uint32_t i = 0; i < transfer->config.flows; i++) {
        lab_sum_add(sum, &transfer->flow[i]);
    }
}

uint64_t lab_sum_refused(const struct lab_transfer *transfer)
{
    return synfin_stack_count(transfer->stack[SYNFIN_LINK_B], SYNFIN_REASON_DROP_NO_MEMORY);
}

uint64_t lab_sum_cwnd_mean(const struct lab_flow *flow)
{
    uint64_t us = flow->looked_ns / 1000 - flow->start_ns / 1000;
    return us != 0 ? flow->cwnd_area / us : flow->cwnd_bytes;
}

const char *lab_sum_outcome(const struct lab_flow *flow, char *text, size_t capacity)
{
    const char *name = synfin_error_name(flow->error);
    size_t i = 0;
    if (!flow->is_done || flow->error == SYNFIN_ERROR_OK) {
        return flow->is_done ? "done" : "running";
    }
    for (; name[i] != '\0' && i + 1 < capacity; i++) {
        bool is_upper = name[i] >= 'A' && name[i] <= 'Z';
        text[i] = name[i] == '_' ? '-' : is_upper ? (char)(name[i] - 'A' + 'a') : name[i];
    }
    text[i] = '\0';
    return text;
}
