// SPDX-License-Identifier: MIT
//
// How values spread: least, mean, quantiles, greatest. A table of counts whose steps grow with the
// value, 128 to each power of two, holds any number of them in a fixed place and is never off by
// more than a 128th; least, greatest and mean are exact.
#ifndef SYNFIN_CLI_CLI_SPREAD_H
#define SYNFIN_CLI_CLI_SPREAD_H

#include <stdint.h>

// Values below 256 have their own step; then 128 for each of the 56 powers of two above.
enum { CLI_SPREAD_STEPS = 256 + 56 * 128 };

struct cli_spread {
    uint64_t count;
    uint64_t least_ns, greatest_ns; // 0 while the count is 0
    uint64_t sum_ns;
    uint64_t step[CLI_SPREAD_STEPS];
};

void cli_spread_add(struct cli_spread *spread, uint64_t ns);
// The value that `permille` of all do not exceed, at most a 128th too great; 0 when there are none.
uint64_t cli_spread_quantile(const struct cli_spread *spread, uint32_t permille);
// 0 when there are none.
uint64_t cli_spread_mean(const struct cli_spread *spread);

#endif
