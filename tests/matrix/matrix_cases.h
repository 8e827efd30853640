// SPDX-License-Identifier: MIT
//
// The segments of the matrix: every combination of flags with the numbers, lengths, windows and
// timestamps that lie on either side of each border of §3.10.7.
#ifndef MATRIX_CASES_H
#define MATRIX_CASES_H

#include <stddef.h>
#include <stdint.h>

#include "matrix_oracle.h"

// How many there are in a situation of which this is known.
uint32_t matrix_case_count(const struct oracle_tcb *tcb);
// The segment of this number, below the count.
void matrix_case(const struct oracle_tcb *tcb, uint32_t number, struct oracle_segment *out);
// One line.
void matrix_case_print(const struct oracle_tcb *tcb, const struct oracle_segment *segment,
                       char *out, size_t bytes);

#endif
