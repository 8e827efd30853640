// SPDX-License-Identifier: MIT
//
// A table of counts over steps that grow with the value; see cli_spread.h.
#include "cli/cli_spread.h"

enum { STEP_BITS = 7, STEPS_PER_POWER = 1 << STEP_BITS };

_Static_assert(CLI_SPREAD_STEPS == (64 - STEP_BITS - 1 + 2) * STEPS_PER_POWER,
               "the greatest value falls into the last step");

// How far a value is shifted so that its first eight bits are left.
static uint32_t shift_of(uint64_t ns)
{
    uint32_t bits = ns != 0 ? 64 - (uint32_t)__builtin_clzll(ns) : 0;
    return bits > STEP_BITS + 1 ? bits - STEP_BITS - 1 : 0;
}

static uint32_t step_of(uint64_t ns)
{
    uint32_t shift = shift_of(ns);
    return shift * STEPS_PER_POWER + (uint32_t)(ns >> shift);
}

// The greatest value that falls into a step.
static uint64_t end_of(uint32_t step)
{
    if (step < 2 * STEPS_PER_POWER) {
        return step;
    }
    uint32_t shift = step / STEPS_PER_POWER - 1;
    uint64_t first_bits = step - shift * STEPS_PER_POWER;
    return (first_bits << shift) + ((UINT64_C(1) << shift) - 1);
}

void cli_spread_add(struct cli_spread *spread, uint64_t ns)
{
    if (spread->count == 0 || ns < spread->least_ns) {
        spread->least_ns = ns;
    }
    if (ns > spread->greatest_ns) {
        spread->greatest_ns = ns;
    }
    spread->count++;
    spread->sum_ns += ns;
    spread->step[step_of(ns)]++;
}

// The rank is rounded up without the product count * permille, which could overflow.
static uint64_t rank_of(uint64_t count, uint32_t permille)
{
    uint64_t rank = count / 1000 * permille + (count % 1000 * permille + 999) / 1000;
    return rank != 0 ? rank : 1;
}

uint64_t cli_spread_quantile(const struct cli_spread *spread, uint32_t permille)
{
    uint64_t rank = rank_of(spread->count, permille);
    uint64_t seen = 0;
    for (uint32_t step = 0; step < CLI_SPREAD_STEPS; step++) {
        seen += spread->step[step];
        if (seen >= rank) {
            uint64_t end_ns = end_of(step);
            return end_ns < spread->greatest_ns ? end_ns : spread->greatest_ns;
        }
    }
    return spread->greatest_ns;
}

uint64_t cli_spread_mean(const struct cli_spread *spread)
{
    return spread->count != 0 ? spread->sum_ns / spread->count : 0;
}
