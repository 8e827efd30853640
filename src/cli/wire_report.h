// SPDX-License-Identifier: MIT
//
// What a wire has to say of itself: that it stands, and at its end the figures of each direction.
#ifndef SYNFIN_CLI_WIRE_REPORT_H
#define SYNFIN_CLI_WIRE_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include <synfin/link.h>

#include "cli/wire_pump.h"

enum { WIRE_REPORT_TIME_MAX = 32 };

struct wire_report {
    const char *spec[2]; // of the devices, by side
    bool has_json;
    bool is_realtime; // runs before ordinary programs
    uint64_t begun_ns, ended_ns;
    struct synfin_link_config config; // as asked for
};

// Bits per second of `octets` in a time; 0 when there was none.
uint64_t wire_report_rate(uint64_t octets, uint64_t time_ns);
// A time as people read it, cut off behind its first decimal, such as "20 ms" or "41.3 us".
// Returns `text`.
const char *wire_report_time(uint64_t ns, char text[WIRE_REPORT_TIME_MAX]);

// The line that says that packets pass from now on.
void wire_report_begin(const struct wire_report *report);
void wire_report_end(const struct wire_report *report, const struct wire_pump *pump);

#endif
