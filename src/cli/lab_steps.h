// SPDX-License-Identifier: MIT
//
// What the files of scenarios share: steps that go together, and who has which scenarios.
#ifndef SYNFIN_CLI_LAB_STEPS_H
#define SYNFIN_CLI_LAB_STEPS_H

#include "cli/lab.h"

// What opens a connection, on either side.
#define OPENS             \
    {LAB_CONNECT, 0},     \
    {                     \
        LAB_AWAIT_OPEN, 0 \
    }
#define ACCEPTS       \
    {LAB_LISTEN, 0},  \
    {                 \
        LAB_ACCEPT, 0 \
    }

// The scenarios of loss, of disorder and of windows; NULL behind the last.
const struct lab_scenario *lab_loss_at(size_t i);
// The scenarios of marks instead of losses; NULL behind the last.
const struct lab_scenario *lab_ecn_at(size_t i);
// The scenarios of windows that size themselves; NULL behind the last.
const struct lab_scenario *lab_window_at(size_t i);
// The scenarios in which somebody means harm, or the network remembers; NULL behind the last.
const struct lab_scenario *lab_trouble_at(size_t i);

#endif
