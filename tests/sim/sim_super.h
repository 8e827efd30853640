// SPDX-License-Identifier: MIT
//
// Super-packets: what hardware does to long segments on their way out, and to those that follow
// each other on their way in.
#ifndef SIM_SUPER_H
#define SIM_SUPER_H

#include "sim/sim.h"

// Cuts a frame into segments of so much payload, 0: as it is. Returns how many there are in `out`.
uint32_t sim_super_cut(struct sim_world *world, struct sim_frame *frame /* takes */,
                       uint32_t segment_bytes, struct sim_frame **out);
// Whether `next` could be put behind `*frame` without anything getting lost but where it began. If
// so it was taken, and `*frame` is another one of `most` octets at most.
bool sim_super_join(struct sim_world *world, struct sim_frame **frame, struct sim_frame *next,
                    uint32_t most);

#endif
