// SPDX-License-Identifier: MIT
//
// The path of cc_path.h.
#include "cc_path.h"

#include <stdlib.h>

#include "lib/test_cmocka.h"

struct cc_path *cc_path_create(const struct tcp_cc_ops *ops, uint64_t rate_bps, uint64_t rtt_ns,
                               uint32_t queue_bytes)
{
    struct cc_path *path = calloc(1, sizeof *path);
    assert_non_null(path);
    path->rate_bps = rate_bps;
    path->rtt_ns = rtt_ns;
    path->queue_bytes = queue_bytes;
    path->cc.ops = ops;
    path->now_ns = CC_PATH_S;
    tcp_cc_open(&path->cc, CC_PATH_MSS, 10);
    return path;
}

void cc_path_destroy(struct cc_path *path)
{
    free(path);
}

uint64_t cc_path_bdp(const struct cc_path *path)
{
    return path->rate_bps / 8 * path->rtt_ns / CC_PATH_S;
}

static uint64_t flight(const struct cc_path *path)
{
    return (path->sent - path->settled) * CC_PATH_MSS;
}

static void send_one(struct cc_path *path)
{
    struct cc_path_packet *packet = &path->packet[path->sent % CC_PATH_PACKETS_MAX];
    assert_true(path->sent - path->settled < CC_PATH_PACKETS_MAX);
    uint64_t begin_ns = path->link_free_ns > path->now_ns ? path->link_free_ns : path->now_ns;
    uint64_t queued = (begin_ns - path->now_ns) * (path->rate_bps / 8) / CC_PATH_S;
    path->queue_peak_bytes = queued > path->queue_peak_bytes ? queued : path->queue_peak_bytes;
    packet->sent_ns = path->now_ns;
    packet->is_lost = queued + CC_PATH_MSS > path->queue_bytes;
    if (path->loss_every != 0 && path->sent % path->loss_every == path->loss_every - 1) {
        packet->is_lost = true;
    }
    if (path->rate_bps != 0 && !packet->is_lost) {
        begin_ns += CC_PATH_MSS * 8 * CC_PATH_S / path->rate_bps;
        path->link_free_ns = begin_ns;
    }
    packet->ack_ns = begin_ns + path->rtt_ns;
    path->sent++;
}

static void learn_of_loss(struct cc_path *path, uint64_t flight_bytes)
{
    path->lost++;
    if (path->settled < path->recover) {
        return; // of the same window as the one before
    }
    struct tcp_cc_loss loss = {
        .flight_bytes = (uint32_t)flight_bytes, .mss_bytes = CC_PATH_MSS, .now_ns = path->now_ns};
    path->losses++;
    path->is_recovering = true;
    path->recover = path->sent;
    path->cc.ops->on_loss(&path->cc, &loss);
}

static void take_ack(struct cc_path *path, const struct cc_path_packet *packet,
                     uint64_t flight_bytes)
{
    uint64_t rtt_ns = path->now_ns - packet->sent_ns;
    path->srtt_ns = path->srtt_ns == 0 ? rtt_ns : (7 * path->srtt_ns + rtt_ns) / 8;
    path->delivered++;
    if (path->is_recovering && path->settled >= path->recover) {
        path->is_recovering = false;
    }
    path->ack = (struct tcp_cc_ack){
        .acked_bytes = CC_PATH_MSS,
        .flight_bytes = (uint32_t)flight_bytes - CC_PATH_MSS,
        .mss_bytes = CC_PATH_MSS,
        .is_limited_by_cwnd = true,
        .is_round_end = path->settled >= path->round_end,
        .is_recovering = path->is_recovering,
        .rtt_ns = path->has_no_rtt ? 0 : rtt_ns,
        .srtt_ns = path->srtt_ns,
        .rtt_min_ns = path->rtt_ns,
        .delivered_bytes = path->delivered * CC_PATH_MSS,
        .now_ns = path->now_ns,
    };
    if (path->ack.is_round_end) {
        path->round_end = path->sent;
    }
    path->cc.ops->on_ack(&path->cc, &path->ack);
}

void cc_path_turn(struct cc_path *path)
{
    while (flight(path) + CC_PATH_MSS <= path->cc.cwnd_bytes) {
        send_one(path);
    }
    struct cc_path_packet *packet = &path->packet[path->settled % CC_PATH_PACKETS_MAX];
    uint64_t flight_bytes = flight(path);
    path->now_ns = packet->ack_ns > path->now_ns ? packet->ack_ns : path->now_ns;
    if (packet->is_lost) {
        learn_of_loss(path, flight_bytes);
    } else {
        take_ack(path, packet, flight_bytes);
    }
    path->settled++;
}

void cc_path_run_until(struct cc_path *path, uint64_t end_ns)
{
    while (path->now_ns < end_ns) {
        cc_path_turn(path);
    }
}
