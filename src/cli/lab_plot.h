// SPDX-License-Identifier: MIT
//
// A transfer as a picture: octets over time, the congestion window, rates, round trip and queue, in
// panels above each other that share the axis of time.
#ifndef SYNFIN_CLI_LAB_PLOT_H
#define SYNFIN_CLI_LAB_PLOT_H

#include <stdio.h>

#include "cli/lab_record.h"
#include "cli/lab_transfer.h"

// Writes an SVG that fits both a light and a dark page. Thins the record as far as it draws it.
void lab_plot_write(FILE *file, const struct lab_transfer *transfer, struct lab_record *record);

#endif
