// SPDX-License-Identifier: MIT
//
// A run that is kept: every packet in a capture whose comments say why it was sent and what became
// of it, and one pair of endpoints as a ladder.
#ifndef SIM_RECORD_H
#define SIM_RECORD_H

#include <stdbool.h>

#include <synfin/link.h>
#include <synfin/trace.h>

#include "sim/sim.h"

// The two ends that the ladder shows: all connections between them.
struct sim_pair {
    uint32_t host[2];
    struct synfin_endpoint end[2];
    bool is_known;
};

// Begins to keep everything of the world in `path`.pcapng and `path`.ladder; false: no file.
bool sim_record_begin(struct sim_world *world, const char *path, const struct sim_pair *pair);
void sim_record_end(struct sim_world *world);
void sim_record_note(struct sim_world *world, const char *text);
// What the stack of a host traces.
void sim_record_trace(struct sim_world *world, uint32_t host,
                      const struct synfin_trace_event *event);

void sim_record_frame(struct sim_world *world, const struct sim_frame *frame,
                      enum synfin_fate fate);
static inline void sim_record_passed(struct sim_world *world, const struct sim_frame *frame)
{
    if (world->record != NULL) {
        sim_record_frame(world, frame,
                         frame->origin == ORACLE_CORRUPTED ? SYNFIN_FATE_CORRUPTED
                                                           : SYNFIN_FATE_DELIVERED);
    }
}
static inline void sim_record_lost(struct sim_world *world, const struct sim_frame *frame)
{
    if (world->record != NULL) {
        sim_record_frame(world, frame, SYNFIN_FATE_LOST);
    }
}
static inline void sim_record_copy(struct sim_world *world, const struct sim_frame *frame)
{
    if (world->record != NULL) {
        sim_record_frame(world, frame, SYNFIN_FATE_DUPLICATED);
    }
}
// Nobody of this world has sent it, or long ago.
void sim_record_forged(struct sim_world *world, const struct sim_frame *frame);

#endif
