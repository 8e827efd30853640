// SPDX-License-Identifier: MIT
//
// A transfer's figures for programs: one object of the path, one of each flow, one of all of them,
// each on a line. Integers only.
#ifndef SYNFIN_CLI_LAB_TRANSFER_JSON_H
#define SYNFIN_CLI_LAB_TRANSFER_JSON_H

#include "cli/lab_transfer.h"

void lab_transfer_json_write(const struct lab_transfer *transfer);

#endif
