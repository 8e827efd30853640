// SPDX-License-Identifier: MIT
//
// A table of counts over steps that grow with the value; see wire_excess.h.
#include "cli/wire_excess.h"

enum { STEP_BITS = 5, STEPS_PER_POWER = 1 << STEP_BITS };

_Static_assert(WIRE_EXCESS_STEPS == (64 - STEP_BITS - 1 + 2) * STEPS_PER_POWER,
               "the greatest value falls into the last step");

// How far a value is shifted so that its first six bits are left.
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

void wire_excess_add(struct wire_excess *excess, uint64_t ns)
{
    if (excess->count == 0 || ns < excess->least_ns) {
        excess->least_ns = ns;
    }
    if (ns > excess->greatest_ns) {
        excess->greatest_ns = ns;
    }
    excess->count++;
    excess->step[step_of(ns)]++;
}

// The rank is rounded up without the product count * permille, which could overflow.
static uint64_t rank_of(uint64_t count, uint32_t permille)
{
    uint64_t rank = count / 1000 * permille + (count % 1000 * permille + 999) / 1000;
    return rank != 0 ? rank : 1;
}

uint64_t wire_excess_quantile(const struct wire_excess *excess, uint32_t permille)
{
    uint64_t rank = rank_of(excess->count, permille);
    uint64_t seen = 0;
    for (uint32_t step = 0; step < WIRE_EXCESS_STEPS; step++) {
        seen += excess->step[step];
        if (seen >= rank) {
            uint64_t end_ns = end_of(step);
            return end_ns < excess->greatest_ns ? end_ns : excess->greatest_ns;
        }
    }
    return excess->greatest_ns;
}
