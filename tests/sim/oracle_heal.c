// SPDX-License-Identifier: MIT
//
// Liveness: T7. From the healing on everything that users have written arrives, and every end
// comes to its own, within a bound that is worked out from the path, from what is left to send and
// from how far timers have backed off.
#include <inttypes.h>

#include "sim/oracle_subjects.h"

enum { ROUNDS_EXTRA = 40, OCTETS_LEAST = 200 };

#define CORK_NS (200 * ORACLE_MS) // as long as a cork holds: SYNFIN_OPTION_CORK

static uint64_t most(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

// What users have asked for that makes them slower, as far as they and their listeners still live.
struct slowness {
    uint64_t least;    // octets that go in a round trip, at worst
    uint64_t delay_ns; // before they do
    uint64_t wait_ns;  // for a client's first octets
    uint64_t end_ns;   // until a peer without an answer is given up
    uint64_t rate;     // octets per second; 0: no limit
};

static void note_buffer(struct slowness *slow, uint32_t bytes)
{
    enum { PART = 4 }; // windows open by halves, and are used by halves: RFC 9293 §3.8.6.2
    if (bytes != 0 && bytes / PART < slow->least) {
        slow->least = bytes / PART + 1;
    }
}

static void note_wishes(struct slowness *slow, const struct oracle_wishes *wishes)
{
    enum { OPTIONS_MOST = 40 };
    uint32_t mss = wishes->mss_bytes;
    uint64_t silence_ns =
        wishes->keepalive_idle_ns + (wishes->keepalive_probes + 1) * wishes->keepalive_interval_ns;
    note_buffer(slow, wishes->send_buffer_bytes);
    note_buffer(slow, wishes->receive_buffer_bytes);
    note_buffer(slow, wishes->notsent_lowat_bytes);
    note_buffer(slow, wishes->window_clamp_bytes);
    if (mss != 0 && mss - OPTIONS_MOST < slow->least) {
        slow->least = mss - OPTIONS_MOST;
    }
    slow->end_ns = most(slow->end_ns, most(silence_ns, wishes->fin_wait_2_ns));
    slow->wait_ns = most(slow->wait_ns, wishes->defer_accept_ns);
    slow->delay_ns = wishes->has_cork ? CORK_NS : slow->delay_ns;
    if (wishes->pacing_rate_max != 0 && (slow->rate == 0 || wishes->pacing_rate_max < slow->rate)) {
        slow->rate = wishes->pacing_rate_max;
    }
}

static bool is_scaled(const struct oracle_end *end)
{
    return end->offered.wscale >= 0 && end->heard.wscale >= 0;
}

// Of two crossed SYNs one may have lost its scale on the way: RFC 7323 §2.2 has no answer to that.
// Then who scales offers windows that are taken for what their fields say.
static void note_scale(struct slowness *slow, const struct oracle_end *end,
                       const struct tcp_conn *conn)
{
    if (end->peer != NULL && is_scaled(end) && !is_scaled(end->peer)) {
        uint32_t field = conn->set.receive_buffer_bytes >> end->offered.wscale;
        note_buffer(slow, field + (field == 0));
    }
}

static struct slowness find_slowest(const struct oracle *oracle)
{
    struct slowness slow = {.least = OCTETS_LEAST};
    for (uint32_t i = 0; i < oracle->ends; i++) {
        const struct oracle_end *end = oracle->end[i];
        const struct oracle_host *host = &oracle->host[end->host];
        const struct tcp_conn *conn = oracle_ends_block(host, end);
        if (conn != NULL) {
            note_wishes(&slow, oracle_wishes_of(host, end));
            note_scale(&slow, end, conn);
        }
    }
    for (uint32_t i = 0; i < oracle->hosts_max; i++) {
        const struct oracle_host *host = &oracle->host[i];
        note_wishes(&slow, &host->wishes);
        for (uint32_t j = 0; j < host->listeners; j++) {
            if (host->listener[j].wishes != NULL) {
                note_wishes(&slow, host->listener[j].wishes);
            }
        }
    }
    return slow;
}

// B = 3 W + (R + D) (N + 40) + 2 L + P + E + C, where
//   W  the longest that any timer may have backed off to: rto_max, or that of SYN+ACKs;
//   R  a round trip with full queues, D what delayed acknowledgments add to it, and a sender's wait
//      before it uses a window smaller than its segments (RFC 9293 §3.8.6.2.1);
//   N  the segments of the connection that has most left to send, one in each round trip at worst;
//   40 rounds for opening, probes, what was lost and the end;
//   L  the slowest link's time for what all have left;
//   P  what has most left to send at the pace that its user allows, and a listener's wait for data;
//   E  the longest that an end without a user or without an answer may last;
//   C  how far a clock has leapt back: until it is where it was nothing is due.
uint64_t oracle_heal(struct oracle *oracle, const struct oracle_path *path, uint64_t now_ns)
{
    uint64_t wait_ns = 0;
    uint64_t delay_ns = 0;
    uint64_t end_ns = 0;
    uint64_t octets = 0;
    uint64_t longest = 0;
    uint64_t behind_ns = 0;
    for (uint32_t i = 0; i < oracle->hosts_max; i++) {
        const struct synfin_stack_config *config = &oracle->host[i].stack_config;
        wait_ns = most(wait_ns, most(config->rto_max_ns, config->syn_ack_max_ns));
        delay_ns = most(delay_ns, 2 * config->delayed_ack_ns + config->rto_min_ns);
        behind_ns = most(behind_ns, oracle->host[i].behind_ns);
        end_ns = most(end_ns, most(config->orphan_ns, config->fin_wait_2_ns));
    }
    for (uint32_t i = 0; i < oracle->ends; i++) {
        const struct oracle_end *end = oracle->end[i];
        uint64_t told = end->una_told > 0 ? end->una_told - 1 : 0;
        uint64_t left = end->written > told ? end->written - told : 0;
        octets += left;
        longest = most(longest, left + path->octets);
    }
    octets += path->connections * path->octets;
    struct slowness slow = find_slowest(oracle);
    uint64_t segments = longest / slow.least + 1;
    uint64_t paced_ns = slow.rate == 0 ? 0 : longest * 2 * ORACLE_S / slow.rate;
    uint64_t line_ns = path->rate_bps == 0 ? 0 : octets * 8 * ORACLE_S / path->rate_bps;
    oracle->is_healed = true;
    oracle->heal_ns = now_ns;
    oracle->heal_bound_ns =
        now_ns + 3 * wait_ns + (path->rtt_ns + delay_ns + slow.delay_ns) * (segments + ROUNDS_EXTRA)
        + 2 * line_ns + paced_ns + slow.wait_ns + most(end_ns, slow.end_ns) + behind_ns;
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
