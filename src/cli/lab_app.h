// SPDX-License-Identifier: MIT
//
// The applications of the lab: they do what the scenario's script says.
#ifndef SYNFIN_CLI_LAB_APP_H
#define SYNFIN_CLI_LAB_APP_H

#include "cli/lab_world.h"

// What became of a step.
enum lab_verdict { LAB_VERDICT_DONE, LAB_VERDICT_WAIT, LAB_VERDICT_FAILED };

// Does all steps that can be done now; true when any was.
bool lab_app_run(struct lab_world *world, enum lab_actor actor);
// Waits until `t_ns`.
enum lab_verdict lab_app_wait(struct lab_world *world, struct lab_app *app, uint64_t t_ns);
// An event of the end's stack.
void lab_app_event(struct lab_world *world, enum synfin_link_side side,
                   const struct synfin_event *event);

#endif
