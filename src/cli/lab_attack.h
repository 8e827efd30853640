// SPDX-License-Identifier: MIT
//
// The lab's stranger: what an attacker sends, and what a network delivers late.
#ifndef SYNFIN_CLI_LAB_ATTACK_H
#define SYNFIN_CLI_LAB_ATTACK_H

#include "cli/lab_app.h"

// Puts the scenario's forged segment `index` onto the link.
enum lab_verdict lab_attack_forge(struct lab_world *world, uint32_t index);
// Sends `syns` SYNs from random addresses to the server, some each millisecond.
enum lab_verdict lab_attack_flood(struct lab_world *world, struct lab_app *app, uint32_t syns);

#endif
