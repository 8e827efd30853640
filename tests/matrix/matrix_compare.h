// SPDX-License-Identifier: MIT
//
// What the oracle expects of a segment, held against what the stack did with it.
#ifndef MATRIX_COMPARE_H
#define MATRIX_COMPARE_H

#include <stdbool.h>
#include <stdio.h>

#include "matrix_world.h"

// NULL when they agree, else what differs.
const char *matrix_compare(const struct oracle_tcb *before, const struct oracle_verdict *expected,
                           const struct matrix_seen *seen);
// Where the oracle says that the connection goes: to LISTEN when nothing is left but a listener.
enum oracle_state matrix_state_after(const struct oracle_verdict *expected);
// Several lines, for people.
void matrix_compare_print(FILE *out, const struct oracle_verdict *expected,
                          const struct matrix_seen *seen);

#endif
