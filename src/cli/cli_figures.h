// SPDX-License-Identifier: MIT
//
// Figures as people read them: rates, times, sizes, shares. Integers only, cut off and never
// rounded up, so that what is written is never more than what was measured.
#ifndef SYNFIN_CLI_CLI_FIGURES_H
#define SYNFIN_CLI_CLI_FIGURES_H

#include <stdint.h>

enum { CLI_FIGURES_TEXT_MAX = 40 };

// Bits per second of `octets` in a time; 0 when there was none.
uint64_t cli_figures_rate(uint64_t octets, uint64_t time_ns);
// `part` of `whole` in parts per million; 0 when there is no whole.
uint64_t cli_figures_ppm(uint64_t part, uint64_t whole);

// Each writes into `text` and returns it.
// A time with its first decimal, such as "20 ms" or "41.3 us".
const char *cli_figures_time(uint64_t ns, char text[CLI_FIGURES_TEXT_MAX]);
// A duration with three decimals of seconds or milliseconds: "868.612 ms" or "1.061 s".
const char *cli_figures_exact(uint64_t ns, char text[CLI_FIGURES_TEXT_MAX]);
// A rate with its first two decimals, such as "96.54 Mbit/s".
const char *cli_figures_bps(uint64_t bps, char text[CLI_FIGURES_TEXT_MAX]);
// A number in groups of three digits, such as "10,000,000".
const char *cli_figures_number(uint64_t number, char text[CLI_FIGURES_TEXT_MAX]);
// A share with its first two decimals, such as "96.41 %".
const char *cli_figures_share(uint64_t ppm, char text[CLI_FIGURES_TEXT_MAX]);

#endif
