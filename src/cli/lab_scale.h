// SPDX-License-Identifier: MIT
//
// Axes: where a value lies in a picture, which values get a line and a label, and what the label
// says. Places are in tenths of a unit of the picture, so that nothing needs floating point.
#ifndef SYNFIN_CLI_LAB_SCALE_H
#define SYNFIN_CLI_LAB_SCALE_H

#include <stdint.h>

enum { LAB_SCALE_TEXT_MAX = 40 };

// Values from `from` to `to` lie at places from `place_from` to `place_to`, which may fall.
struct lab_scale {
    uint64_t from, to; // to > from
    int32_t place_from, place_to;
};

// A unit of labels: so many of the values are one of it.
struct lab_unit {
    uint64_t size; // a power of ten
    const char *name;
};

enum lab_quantity { LAB_QUANTITY_TIME_NS, LAB_QUANTITY_BYTES, LAB_QUANTITY_BPS };

// Values outside lie at the nearer end.
int32_t lab_scale_place(const struct lab_scale *scale, uint64_t value);
// The least of 1, 2 and 5 times a power of ten with which at most `most` steps fit into `range`.
uint64_t lab_scale_step(uint64_t range, uint32_t most);
// The unit in which values of this size are read, such as ms or MB.
struct lab_unit lab_scale_unit(enum lab_quantity quantity, uint64_t value);
// The value in the unit, with as many decimals as the step needs: "1.5". Returns `text`.
const char *lab_scale_label(uint64_t value, uint64_t step, struct lab_unit unit,
                            char text[LAB_SCALE_TEXT_MAX]);

#endif
