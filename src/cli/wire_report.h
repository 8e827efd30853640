// SPDX-License-Identifier: MIT
//
// What a wire has to say of itself: that it stands, and at its end the figures of each direction.
#ifndef SYNFIN_CLI_WIRE_REPORT_H
#define SYNFIN_CLI_WIRE_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include <synfin/link.h>

#include "cli/wire_pump.h"

struct wire_report {
    const char *spec[2]; // of the devices, by side
    bool has_json;
    bool is_realtime; // runs before ordinary programs
    uint64_t begun_ns, ended_ns;
    struct synfin_link_config config; // as asked for
};

// The line that says that packets pass from now on.
void wire_report_begin(const struct wire_report *report);
void wire_report_end(const struct wire_report *report, const struct wire_pump *pump);

#endif
