// SPDX-License-Identifier: MIT
//
// Values over time that are to be drawn. A series holds as many as somebody adds in bounded memory:
// when it is full, it keeps what a picture of some thousand columns would still show.
#ifndef SYNFIN_CLI_LAB_SERIES_H
#define SYNFIN_CLI_LAB_SERIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// A value that breaks the line: from here on there is none.
#define LAB_SERIES_GAP UINT64_MAX

enum { LAB_SERIES_MAX = 1 << 16 }; // points held at once

struct lab_point {
    uint64_t t_ns, value;
};

struct lab_series {
    struct lab_point *point;
    uint32_t points, capacity;
    bool is_out_of_memory; // what was added since is missing
};

// Adds a point; it may lie before those added last.
void lab_series_add(struct lab_series *series, uint64_t t_ns, uint64_t value);
void lab_series_deinit(struct lab_series *series);
// Leaves of the points, whose times lie between `from_ns` and `to_ns` and rise, the first, the
// last, the least and the greatest of each of `columns` equal parts of the time: a line through
// them covers the same columns as one through all. Returns how many are left, four times the
// columns at most.
uint32_t lab_series_thin(struct lab_point *point, uint32_t points, uint64_t from_ns, uint64_t to_ns,
                         uint32_t columns);
// The value at a time, or the last one before it; `otherwise` when there is none.
uint64_t lab_series_at(const struct lab_series *series, uint64_t t_ns, uint64_t otherwise);

// Makes room for more of so many octets each, up to LAB_SERIES_MAX of them; gives `old`, and leaves
// the capacity, when there is none.
void *lab_series_grow(void *old, uint32_t *capacity, size_t bytes);

#endif
