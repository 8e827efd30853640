// SPDX-License-Identifier: MIT
//
// What is written of a bulk transfer for people: the path, each flow, all of them together.
#ifndef SYNFIN_CLI_LAB_TRANSFER_REPORT_H
#define SYNFIN_CLI_LAB_TRANSFER_REPORT_H

#include <stdio.h>

#include "cli/lab_transfer.h"

// One line each, without its end: what is transferred, over what, and what came of it.
void lab_transfer_report_title(FILE *file, const struct lab_transfer_config *config);
void lab_transfer_report_link(FILE *file, const struct synfin_link_config *link);
void lab_transfer_report_line(FILE *file, const struct lab_transfer *transfer);
// The whole report to stdout, in two parts.
void lab_transfer_report_path(const struct lab_transfer_config *config, bool has_colour);
void lab_transfer_report_text(const struct lab_transfer *transfer);
// Whether every octet has arrived as it was sent; says on stderr what has not.
bool lab_transfer_report_check(const struct lab_transfer *transfer);

#endif
