// SPDX-License-Identifier: MIT
//
// What of a transfer is kept for its picture; see lab_record.h.
#include "cli/lab_record.h"

#include <stdlib.h>
#include <string.h>

enum {
    TURNS_MAX = 1 << 18, // beyond, a picture is full of them
    // A slow-start threshold of at least this was never set.
    SSTHRESH_MAX = 1 << 30,
};

bool lab_record_init(struct lab_record *record, uint32_t flows, uint64_t from_ns, uint64_t to_ns)
{
    memset(record, 0, sizeof *record);
    record->from_ns = from_ns;
    record->to_ns = to_ns;
    record->tracks = flows < LAB_TRACKS_MAX ? flows : LAB_TRACKS_MAX;
    record->track = calloc(record->tracks, sizeof record->track[0]);
    return record->track != NULL;
}

void lab_record_deinit(struct lab_record *record)
{
    for (uint32_t i = 0; record->track != NULL && i < record->tracks; i++) {
        struct lab_track *track = &record->track[i];
        struct lab_series *series[] = {&track->acked,      &track->sacked,      &track->window_end,
                                       &track->cwnd,       &track->ssthresh,    &track->flight,
                                       &track->pacing_bps, &track->got_through, &track->rtt_ns,
                                       &track->islands};
        struct lab_bars *bars[] = {&track->sent,        &track->again,      &track->spurious,
                                   &track->lost_random, &track->lost_queue, &track->lost_chosen};
        for (uint32_t k = 0; k < sizeof series / sizeof series[0]; k++) {
            lab_series_deinit(series[k]);
        }
        for (uint32_t k = 0; k < sizeof bars / sizeof bars[0]; k++) {
            lab_bars_deinit(bars[k]);
        }
    }
    lab_series_deinit(&record->waits_ns);
    free(record->track);
    free(record->turn);
    memset(record, 0, sizeof *record);
}

static bool is_kept(const struct lab_record *record, uint32_t flow, uint64_t t_ns)
{
    return flow < record->tracks && t_ns >= record->from_ns && t_ns <= record->to_ns;
}

static void take_fate(struct lab_track *track, const struct synfin_passage *passage,
                      const struct lab_sighting *sighting)
{
    struct lab_bars *bars =
        passage->fate_reason == SYNFIN_REASON_LINK_LOST_QUEUE    ? &track->lost_queue
        : passage->fate_reason == SYNFIN_REASON_LINK_LOST_CHOSEN ? &track->lost_chosen
                                                                 : &track->lost_random;
    if (passage->fate == SYNFIN_FATE_LOST || passage->fate == SYNFIN_FATE_CORRUPTED) {
        lab_bars_add(bars, passage->sent_ns, sighting->begin, sighting->end);
    }
}

static void take_sent(struct lab_record *record, struct lab_track *track,
                      const struct synfin_passage *passage, const struct lab_sighting *sighting,
                      const struct lab_oracle *oracle)
{
    if (sighting->begin == sighting->end) {
        return;
    }
    struct lab_bars *bars = sighting->is_spurious ? &track->spurious
                            : sighting->is_again  ? &track->again
                                                  : &track->sent;
    lab_bars_add(bars, passage->sent_ns, sighting->begin, sighting->end);
    take_fate(track, passage, sighting);
    if (passage->arrives_ns != SYNFIN_NEVER) {
        lab_series_add(&record->waits_ns, passage->sent_ns, passage->waits_ns);
        lab_series_add(&track->got_through, passage->arrives_ns, oracle->got_through);
    }
}

static void take_returned(struct lab_track *track, const struct synfin_passage *passage,
                          const struct lab_sighting *sighting, const struct lab_oracle *oracle)
{
    uint64_t t_ns = passage->arrives_ns;
    if (t_ns == SYNFIN_NEVER) {
        return;
    }
    lab_series_add(&track->acked, t_ns, oracle->acked);
    lab_series_add(&track->sacked, t_ns,
                   oracle->sacked > oracle->acked ? oracle->sacked : LAB_SERIES_GAP);
    lab_series_add(&track->window_end, t_ns, oracle->window_end);
    lab_series_add(&track->islands, t_ns, oracle->islands.octets);
    if (sighting->rtt_ns != 0) {
        lab_series_add(&track->rtt_ns, t_ns, sighting->rtt_ns);
    }
}

void lab_record_packet(struct lab_record *record, uint32_t flow,
                       const struct synfin_passage *passage, const struct lab_sighting *sighting,
                       const struct lab_oracle *oracle)
{
    if (!is_kept(record, flow, passage->sent_ns)) {
        return;
    }
    struct lab_track *track = &record->track[flow];
    if (passage->from == SYNFIN_LINK_A) {
        take_sent(record, track, passage, sighting, oracle);
    } else {
        take_returned(track, passage, sighting, oracle);
    }
}

void lab_record_info(struct lab_record *record, uint32_t flow, const struct synfin_tcp_info *info,
                     uint64_t now_ns)
{
    if (!is_kept(record, flow, now_ns)) {
        return;
    }
    struct lab_track *track = &record->track[flow];
    lab_series_add(&track->cwnd, now_ns, info->cwnd_bytes);
    uint64_t islands = lab_series_at(&track->islands, now_ns, 0);
    uint64_t unacked = info->unacked_bytes;
    lab_series_add(&track->flight, now_ns, unacked > islands ? unacked - islands : 0);
    lab_series_add(&track->ssthresh, now_ns,
                   info->ssthresh_bytes < SSTHRESH_MAX ? info->ssthresh_bytes : LAB_SERIES_GAP);
    lab_series_add(&track->pacing_bps, now_ns,
                   info->pacing_rate != 0 ? info->pacing_rate * 8 : LAB_SERIES_GAP);
}

void lab_record_congestion(struct lab_record *record, uint32_t flow,
                           const struct synfin_trace_event *event)
{
    if (!is_kept(record, flow, event->t_ns) || event->reason == SYNFIN_REASON_CC_OPEN
        || record->turns == TURNS_MAX) {
        return;
    }
    if (record->turns == record->turns_capacity) {
        uint32_t wanted = record->turns_capacity != 0 ? record->turns_capacity * 2 : 64;
        struct lab_turn *grown = realloc(record->turn, wanted * sizeof record->turn[0]);
        if (grown == NULL) {
            record->is_out_of_memory = true;
            return;
        }
        record->turn = grown;
        record->turns_capacity = wanted;
    }
    record->turn[record->turns++] =
        (struct lab_turn){.t_ns = event->t_ns,
                          .flow = flow,
                          .reason = event->reason,
                          .cwnd_bytes = event->as.congestion.cwnd_bytes,
                          .ssthresh_bytes = event->as.congestion.ssthresh_bytes};
}

bool lab_record_is_whole(const struct lab_record *record)
{
    bool is_whole = !record->is_out_of_memory && !record->waits_ns.is_out_of_memory;
    for (uint32_t i = 0; i < record->tracks; i++) {
        const struct lab_track *track = &record->track[i];
        is_whole &= !track->acked.is_out_of_memory && !track->sent.is_out_of_memory
                    && !track->again.is_out_of_memory && !track->cwnd.is_out_of_memory
                    && !track->got_through.is_out_of_memory && !track->rtt_ns.is_out_of_memory;
    }
    return is_whole;
}
