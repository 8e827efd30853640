// SPDX-License-Identifier: MIT
//
// What the lab writes around a ladder: the story before it, each end's outcome behind it.
#ifndef SYNFIN_CLI_LAB_REPORT_H
#define SYNFIN_CLI_LAB_REPORT_H

#include "cli/lab_model.h"
#include "cli/lab_world.h"

void lab_report_story(const struct lab_scenario *scenario, bool has_colour);
void lab_report_ends(const struct lab_world *world, bool has_colour);
// The same as one JSON object each.
void lab_report_story_json(const struct lab_scenario *scenario, uint64_t seed,
                           const struct synfin_link_config *link);
void lab_report_ends_json(const struct lab_world *world);
// A counterexample: what was taken away, the ladder, what fails then.
void lab_report_model(const struct lab_model_head *head, const synfin_ladder *ladder, bool has_json,
                      bool has_colour);
// Says on stderr where the ends are not as the scenario expects; true when they are.
bool lab_report_check(const struct lab_world *world);

#endif
