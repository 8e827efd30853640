// SPDX-License-Identifier: MIT
//
// Liveness: T7. From the healing on everything that users have written arrives, and every end
// comes to its own, within a bound that is worked out from the path, from what is left to send and
// from how far timers have backed off.
#include <inttypes.h>

#include "sim/oracle_subjects.h"

enum { ROUNDS_EXTRA = 40, MSS_LEAST = 200 };

static uint64_t most(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

// B = 3 W + (R + D) (N + 40) + 2 L + E + C, where
//   W  the longest that any timer may have backed off to: rto_max;
//   R  a round trip with full queues, D what delayed acknowledgments add to it, and a sender's wait
//      before it uses a window smaller than its segments (RFC 9293 §3.8.6.2.1);
//   N  the segments of the connection that has most left to send, one in each round trip at worst;
//   40 rounds for opening, probes, what was lost and the end;
//   L  the slowest link's time for what all have left;
//   E  the longest that an end without a user or without an answer may last;
//   C  how far a clock has leapt back: until it is where it was nothing is due.
uint64_t oracle_heal(struct oracle *oracle, const struct oracle_path *path, uint64_t now_ns)
{
    uint64_t wait_ns = 0;
    uint64_t delay_ns = 0;
    uint64_t end_ns = 0;
    uint64_t octets = 0;
    uint64_t segments = 0;
    uint64_t behind_ns = 0;
    for (uint32_t i = 0; i < oracle->hosts_max; i++) {
        const struct synfin_stack_config *config = &oracle->host[i].stack_config;
        wait_ns = most(wait_ns, config->rto_max_ns);
        delay_ns = most(delay_ns, 2 * config->delayed_ack_ns + config->rto_min_ns);
        behind_ns = most(behind_ns, oracle->host[i].behind_ns);
        end_ns = most(end_ns, most(config->orphan_ns, config->fin_wait_2_ns));
    }
    for (uint32_t i = 0; i < oracle->ends; i++) {
        const struct oracle_end *end = oracle->end[i];
        uint64_t told = end->una_told > 0 ? end->una_told - 1 : 0;
        uint64_t left = end->written > told ? end->written - told : 0;
        octets += left;
        segments = most(segments, (left + path->octets) / MSS_LEAST + 1);
    }
    octets += path->connections * path->octets;
    uint64_t line_ns = path->rate_bps == 0 ? 0 : octets * 8 * ORACLE_S / path->rate_bps;
    oracle->is_healed = true;
    oracle->heal_ns = now_ns;
    oracle->heal_bound_ns = now_ns + 3 * wait_ns
                            + (path->rtt_ns + delay_ns) * (segments + ROUNDS_EXTRA) + 2 * line_ns
                            + end_ns + behind_ns;
    return oracle->heal_bound_ns;
}

// An end that lives, is open at both ends, and has not heard of everything that was written.
static bool is_left_behind(const struct oracle_host *host, const struct oracle_end *end)
{
    const struct tcp_conn *conn = oracle_ends_block(host, end);
    if (conn == NULL || end->is_lied_to || conn->state == SYNFIN_TCP_STATE_TIME_WAIT
        || conn->is_done) {
        return false;
    }
    const struct oracle_end *peer = end->peer;
    return peer == NULL || !end->has_read_end || end->delivered < peer->written;
}

bool oracle_is_lied_to(struct oracle *oracle, uint32_t host, synfin_socket socket)
{
    const struct oracle_end *end = oracle_ends_of_socket(&oracle->host[host], socket);
    return end != NULL && (end->is_lied_to || (end->peer != NULL && end->peer->is_lied_to));
}

void oracle_heal_on_finish(struct oracle *oracle, uint64_t now_ns)
{
    if (!oracle->is_healed) {
        return;
    }
    for (uint32_t i = 0; i < oracle->ends; i++) {
        struct oracle_end *end = oracle->end[i];
        const struct oracle_host *host = &oracle->host[end->host];
        if (host->is_up && end->boot == host->boot && is_left_behind(host, end)) {
            oracle_fail(oracle, ORACLE_T7, end, now_ns,
                        "%.3f s after the healing: %" PRIu64 " octets read of %" PRIu64
                        ", state %u, %" PRIu64 " written and %" PRIu64 " acknowledged",
                        (double)(now_ns - oracle->heal_ns) / 1e9, end->delivered,
                        end->peer == NULL ? 0 : end->peer->written,
                        oracle_ends_block(host, end)->state, end->written, end->una_told);
        }
    }
}
