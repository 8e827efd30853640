// SPDX-License-Identifier: MIT
//
// How late packets left a wire: each beyond the time that was asked for. A table of counts whose
// steps grow with the value, 32 to each power of two, holds any number of them in a fixed place and
// is never off by more than a 32nd; least and greatest are exact.
#ifndef SYNFIN_CLI_WIRE_EXCESS_H
#define SYNFIN_CLI_WIRE_EXCESS_H

#include <stdint.h>

// Values below 64 have their own step; then 32 for each of the 58 powers of two above.
enum { WIRE_EXCESS_STEPS = 64 + 58 * 32 };

struct wire_excess {
    uint64_t count;
    uint64_t least_ns, greatest_ns; // 0 while the count is 0
    uint64_t step[WIRE_EXCESS_STEPS];
};

void wire_excess_add(struct wire_excess *excess, uint64_t ns);
// The value that `permille` of all do not exceed, at most a 32nd too great; 0 when there are none.
uint64_t wire_excess_quantile(const struct wire_excess *excess, uint32_t permille);

#endif
