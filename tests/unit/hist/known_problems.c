// SPDX-License-Identifier: MIT
//
// The checks; see known_problems.h.
#include "known_problems.h"

#include <string.h>

#define TICK_NS UINT64_C(2000000)

// RFC 9293 §3.7.1 [MUST-15]
enum { DEFAULT_MSS_4 = 536, DEFAULT_MSS_6 = 1220, INITIAL_SEGMENTS = 10 };

const char *known_problems_name(uint32_t item)
{
    static const char *const names[ITEMS] = {
        [ITEM_NO_SLOW_START] = "no initial slow start",
        [ITEM_SLOW_START_AFTER_RTO] = "no slow start after a timeout",
        [ITEM_WINDOW_NOT_SET] = "congestion window not set",
        [ITEM_INCONSISTENT_RESEND] = "inconsistent retransmission",
        [ITEM_DATA_NOT_RETAINED] = "data above a gap not retained",
        [ITEM_ADDITIVE_CONSTANT] = "additive constant in congestion avoidance",
        [ITEM_RTO_TOO_LOW] = "initial RTO too low",
        [ITEM_NO_DEFLATION] = "window not deflated after recovery",
        [ITEM_KEEPALIVE_TOO_SHORT] = "keep-alive gives up too soon",
        [ITEM_NO_BACKOFF] = "RTO not backed off",
        [ITEM_KEEPALIVE_TOO_OFTEN] = "keep-alives too often",
        [ITEM_PROBE_DEADLOCK] = "window probes stop",
        [ITEM_STRETCH_ACK] = "stretched acknowledgments",
        [ITEM_SEVERAL_RESENT] = "several packets sent again",
        [ITEM_LATE_FIN] = "FIN not sent promptly",
        [ITEM_NO_RST_AFTER_CLOSE] = "no reset after close",
        [ITEM_NO_RST_WITH_DATA] = "no reset with data pending",
        [ITEM_OPTIONS_NOT_SUBTRACTED] = "options not subtracted from the MSS",
    };
    return item < ITEMS && names[item] != NULL ? names[item] : "?";
}

static void check(struct known_problems *audit, uint32_t item, bool holds)
{
    audit->seen[item]++;
    audit->broken[item] += !holds;
}

static uint32_t mss_of(const struct known_problems *audit)
{
    uint32_t usual = audit->transfer->config.version == 6 ? DEFAULT_MSS_6 : DEFAULT_MSS_4;
    return audit->has_peer_mss ? audit->peer_mss : usual;
}

// Of an algorithm whose window RFC 5681 describes.
static bool has_classic_window(const struct synfin_tcp_info *info)
{
    return strcmp(info->congestion, "newreno") == 0 || strcmp(info->congestion, "cubic") == 0;
}

// The sender

static void judge_first_flight(struct known_problems *audit, uint32_t bytes)
{
    uint64_t most = (uint64_t)INITIAL_SEGMENTS * mss_of(audit);
    audit->first_flight += bytes;
    check(audit, audit->has_peer_mss ? ITEM_NO_SLOW_START : ITEM_WINDOW_NOT_SET,
          audit->first_flight <= most);
}

// RFC 6298 §5.5: each timeout of the same octets doubles the wait, up to its limit.
static void judge_timeout(struct known_problems *audit, const struct tap_sight *sight)
{
    const struct synfin_stack_config *config = &audit->transfer->config.world.stack[audit->end];
    uint64_t gap_ns = sight->now_ns - audit->timeout_at_ns;
    if (audit->had_timeout) {
        check(audit, ITEM_NO_BACKOFF,
              audit->timeout_gap_ns == 0 || gap_ns + TICK_NS >= 2 * audit->timeout_gap_ns
                  || gap_ns + TICK_NS >= config->rto_max_ns);
        audit->timeout_gap_ns = gap_ns;
    } else {
        audit->timeout_gap_ns = 0;
        check(audit, ITEM_RTO_TOO_LOW,
              sight->now_ns + TICK_NS >= audit->una_moved_ns + config->rto_min_ns);
    }
    audit->had_timeout = audit->is_after_timeout = true;
    audit->timeout_at_ns = sight->now_ns;
    audit->since_timeout = 0;
}

// RFC 5681 §3.1: one segment for each window acknowledged.
static void judge_growth(struct known_problems *audit, const struct synfin_tcp_info *info)
{
    bool avoids =
        info->cwnd_bytes >= info->ssthresh_bytes && !info->is_in_recovery && !audit->had_timeout;
    if (!avoids || strcmp(info->congestion, "newreno") != 0) {
        audit->epoch_cwnd = 0;
        return;
    }
    if (audit->epoch_cwnd == 0) {
        audit->epoch_cwnd = info->cwnd_bytes;
        audit->round_end = audit->nxt;
        audit->rounds = 0;
    }
    if (audit->una >= audit->round_end) {
        audit->round_end = audit->nxt;
        audit->rounds++;
        check(audit, ITEM_ADDITIVE_CONSTANT,
              info->cwnd_bytes
                  <= audit->epoch_cwnd + (audit->rounds + 1) * (uint64_t)info->snd_mss_bytes);
    }
}

// RFC 5681 §3.2 step 6: what inflated the window is gone with recovery.
static void judge_deflation(struct known_problems *audit, const struct synfin_tcp_info *info)
{
    if (audit->was_recovering && !info->is_in_recovery && !audit->had_timeout) {
        check(audit, ITEM_NO_DEFLATION,
              info->cwnd_bytes <= info->ssthresh_bytes + 2 * info->snd_mss_bytes);
    }
    audit->was_recovering = info->is_in_recovery;
}

static void judge_resend(struct known_problems *audit, const struct tap_sight *sight)
{
    if (sight->reason == SYNFIN_REASON_SEND_TIMEOUT) {
        judge_timeout(audit, sight);
        audit->resent_since_ack = 0;
    }
    bool is_single = sight->reason == SYNFIN_REASON_SEND_TIMEOUT
                     || sight->reason == SYNFIN_REASON_SEND_FAST_RETRANSMIT;
    audit->resent_since_ack++;
    if (is_single) {
        check(audit, ITEM_SEVERAL_RESENT, audit->resent_since_ack == 1);
    }
}

static void judge_data(struct known_problems *audit, const struct tap_sight *sight)
{
    const struct segment_wire *seg = sight->seg;
    struct synfin_tcp_info info = transfer_info(audit->transfer, audit->end);
    uint64_t left = seg->seq - audit->iss;
    uint32_t options = seg->has_timestamps ? 12 : 0;
    options += seg->sack_blocks > 0 ? 4u + 8u * seg->sack_blocks : 0;
    check(audit, ITEM_OPTIONS_NOT_SUBTRACTED, seg->payload_bytes + options <= mss_of(audit));
    if (left < audit->nxt) {
        judge_resend(audit, sight);
    }
    if (audit->is_after_timeout) {
        audit->since_timeout += seg->payload_bytes;
        check(audit, ITEM_SLOW_START_AFTER_RTO, audit->since_timeout <= info.snd_mss_bytes);
    }
    bool is_probe = sight->reason == SYNFIN_REASON_SEND_TAIL_PROBE
                    || sight->reason == SYNFIN_REASON_SEND_LIMITED_TRANSMIT;
    if (!audit->has_ack && !is_probe) {
        judge_first_flight(audit, left < audit->nxt ? 0 : seg->payload_bytes);
    }
    if (has_classic_window(&info)) {
        judge_deflation(audit, &info);
        judge_growth(audit, &info);
    }
    if (audit->nxt == audit->una) {
        audit->una_moved_ns = sight->now_ns;
    }
    uint64_t right = left + seg->payload_bytes;
    audit->nxt = right > audit->nxt ? right : audit->nxt;
}

static void judge_syn(struct known_problems *audit, const struct tap_sight *sight)
{
    if (audit->has_iss) {
        check(audit, ITEM_RTO_TOO_LOW, sight->now_ns + TICK_NS >= audit->first_syn_ns + WORLD_S);
        return;
    }
    audit->has_iss = true;
    audit->iss = sight->seg->seq;
    audit->una = audit->nxt = 1;
    audit->first_syn_ns = sight->now_ns;
}

static void judge_ack_heard(struct known_problems *audit, const struct tap_sight *sight)
{
    uint64_t ack = sight->seg->ack - audit->iss;
    const struct transfer_end *user = &audit->transfer->end[audit->end];
    audit->resent_since_ack = 0;
    audit->has_ack = audit->has_ack || audit->nxt > 1;
    if (ack <= audit->una || ack > audit->nxt + 1) {
        return;
    }
    // RFC 9293 §3.10.4: all was acknowledged that the user had, and it has closed.
    if (user->has_shut && ack > user->to_write) {
        check(audit, ITEM_LATE_FIN, audit->has_fin);
    }
    audit->una = ack;
    audit->una_moved_ns = sight->now_ns;
    audit->is_after_timeout = audit->had_timeout = false;
}

// The receiver

static void hold(struct known_problems *audit, uint64_t left, uint64_t right)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < audit->ranges; i++) {
        if (audit->range[i].right < left || audit->range[i].left > right) {
            audit->range[kept++] = audit->range[i];
        } else {
            left = audit->range[i].left < left ? audit->range[i].left : left;
            right = audit->range[i].right > right ? audit->range[i].right : right;
        }
    }
    audit->ranges = kept;
    if (audit->ranges < RANGES_MAX) {
        audit->range[audit->ranges].left = left;
        audit->range[audit->ranges++].right = right;
    }
}

// One beyond the last octet of what is there without a gap.
static uint64_t contiguous(const struct known_problems *audit)
{
    for (uint32_t i = 0; i < audit->ranges; i++) {
        if (audit->range[i].left <= 1) {
            return audit->range[i].right;
        }
    }
    return 1;
}

// RFC 5681 §4.2: at the latest the second full segment; a burst that arrives at one moment may be
// acknowledged once, when that moment is over.
static void judge_text_heard(struct known_problems *audit, const struct tap_sight *sight)
{
    uint64_t left = sight->seg->seq - audit->irs;
    uint64_t before = contiguous(audit);
    if (audit->full_segments >= 2 && audit->full_since_ns < sight->now_ns) {
        check(audit, ITEM_STRETCH_ACK, false);
    }
    hold(audit, left, left + sight->seg->payload_bytes);
    uint64_t gained = contiguous(audit) - before;
    if (gained > sight->seg->payload_bytes) {
        audit->seen[ITEM_DATA_NOT_RETAINED]++;
    }
    if (gained >= 1000 && ++audit->full_segments >= 2) {
        audit->full_since_ns = sight->now_ns;
        audit->seen[ITEM_STRETCH_ACK]++;
    }
}

static void judge_ack_sent(struct known_problems *audit, const struct tap_sight *sight)
{
    uint64_t ack = sight->seg->ack - audit->irs;
    audit->broken[ITEM_DATA_NOT_RETAINED] += ack < contiguous(audit);
    audit->full_segments = 0;
}

static void see(void *ctx, const struct tap_sight *sight)
{
    struct known_problems *audit = ctx;
    const struct segment_wire *seg = sight->seg;
    bool is_syn = (seg->flags & SYNFIN_TCP_SYN) != 0;
    bool has_ack = (seg->flags & SYNFIN_TCP_ACK) != 0;
    if (!audit->transfer->flight[audit->end].has_socket && !is_syn) {
        return; // closed by now
    }
    if (is_syn && sight->is_out) {
        judge_syn(audit, sight);
    } else if (is_syn) {
        audit->irs = seg->seq;
        audit->has_peer_mss = seg->mss != 0;
        audit->peer_mss = seg->mss;
    } else if (sight->is_out) {
        audit->has_fin = audit->has_fin || (seg->flags & SYNFIN_TCP_FIN) != 0;
        if (seg->payload_bytes > 0) {
            judge_data(audit, sight);
        }
        judge_ack_sent(audit, sight);
    } else {
        if (has_ack) {
            judge_ack_heard(audit, sight);
        }
        if (seg->payload_bytes > 0) {
            judge_text_heard(audit, sight);
        }
    }
}

void known_problems_init(struct known_problems *audit, struct transfer *transfer, uint32_t end)
{
    memset(audit, 0, sizeof *audit);
    audit->transfer = transfer;
    audit->end = end;
    tap_observe(&transfer->tap[end], see, audit);
}
