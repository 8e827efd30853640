// SPDX-License-Identifier: MIT
//
// What every benchmark program shares: the command line (`--list`, `NAME [--json] [--quick]
// [--count=N] [--OPTION=TEXT]`), one line per figure, and the median of several runs.
#ifndef BENCHMARKS_HARNESS_H
#define BENCHMARKS_HARNESS_H

#include <stdbool.h>
#include <stdint.h>

enum { HARNESS_RUNS = 7 };

// One more number of a figure, under a name of its own.
struct harness_detail {
    const char *name;
    double value; // below 0: there is none
};

struct harness_figure {
    const char *what;
    double value;
    const char *unit;
    const char *peer; // what was measured beside it in the same run; NULL: nothing
    double ratio;     // value to the peer's value, the median of the runs' ratios
};

enum harness_listing {
    HARNESS_LISTED,
    HARNESS_HIDDEN, // a fixed amount of work for an outer measurement
    HARNESS_NAMED,  // takes long: listed, but run only when it is named
};

struct harness_bench {
    const char *name;
    // Measures, and reports figures; false when it could not.
    bool (*run)(void);
    enum harness_listing listing;
};

// The program's main: finds the benchmark that argv names and runs it.
int harness_main(int argc, char **argv, const struct harness_bench *benches, uint32_t count);
void harness_report(const struct harness_figure *figure);
void harness_report_with(const struct harness_figure *figure, const struct harness_detail *details,
                         uint32_t count);
// Stops the program.
_Noreturn void harness_fail(const char *what);
// The same when something that must succeed has not.
static inline void harness_require(bool condition, const char *what)
{
    if (!condition) {
        harness_fail(what);
    }
}
// Monotonic time in ns.
uint64_t harness_now_ns(void);
// Time this process has computed, in ns: what else the machine does is not counted. A slow call.
uint64_t harness_cpu_ns(void);
// The number at this place of a row of numbers, from 0; 0 when there is none.
uint64_t harness_number(const char *row, uint32_t place);
// What --NAME=... says; NULL: nothing.
const char *harness_option(const char *name);
bool harness_is_quick(void);
// How often to measure: HARNESS_RUNS, or once for --quick, which only shows that it works.
uint32_t harness_runs(void);
// How much of something to do: what --count says, else `quick` for --quick, else `usual`.
uint64_t harness_count(uint64_t usual, uint64_t quick);
// The value in the middle of all runs.
double harness_median(const double *values);
// The ratio in the middle: run by run, so that a machine that slows down for a while slows both.
double harness_ratio(const double *values, const double *peer_values);
// The same of so many runs, at most HARNESS_RUNS.
double harness_median_of(const double *values, uint32_t runs);
double harness_ratio_of(const double *values, const double *peer_values, uint32_t runs);
// The least of the runs' ratios.
double harness_least_ratio(const double *values, const double *peer_values, uint32_t runs);

#endif
