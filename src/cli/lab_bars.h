// SPDX-License-Identifier: MIT
//
// Stretches of octets over time that are to be drawn: those that a segment carries, or a burst of
// them. As many as somebody adds are held in bounded memory, by joining those that are so near to
// each other that a picture of some thousand columns would not part them.
#ifndef SYNFIN_CLI_LAB_BARS_H
#define SYNFIN_CLI_LAB_BARS_H

#include <stdbool.h>
#include <stdint.h>

// The octets from `begin` to `end` at a time.
struct lab_bar {
    uint64_t t_ns, begin, end;
};

struct lab_bars {
    struct lab_bar *bar;
    uint32_t bars, capacity;
    uint64_t step_ns, step_bytes; // bars no further apart than this have become one
    bool is_out_of_memory;
};

// Adds a bar; times rise.
void lab_bars_add(struct lab_bars *bars, uint64_t t_ns, uint64_t begin, uint64_t end);
void lab_bars_deinit(struct lab_bars *bars);
// Joins bars of the same `step_ns` whose ends are no further apart than `step_bytes`; they are
// sorted by time and place afterwards. Returns how many are left.
uint32_t lab_bars_join(struct lab_bar *bar, uint32_t bars, uint64_t step_ns, uint64_t step_bytes);

#endif
