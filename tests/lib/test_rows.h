// SPDX-License-Identifier: MIT
//
// Tests that belong to rows of docs/history.md: hist_23_<what> is a test of row 23, and
// hist_23_28_<what> one of rows 23 and 28. A program with such a main runs all its tests, or with
// a number as its argument those of that row, of which there must be at least one. A second
// number says how often tests that repeat something do that.
#ifndef TEST_ROWS_H
#define TEST_ROWS_H

#include "lib/test_cmocka.h"

typedef int (*test_rows_fn)(const struct CMUnitTest *tests, size_t count);

int test_rows_main(int argc, char **argv, const struct CMUnitTest *tests, size_t count,
                   test_rows_fn run);
// The second argument, or what is usual.
uint64_t test_rows_times(uint64_t usual);
// Runs them once, without set-up.
int test_rows_run(const struct CMUnitTest *tests, size_t count);

#define ROWS_MAIN(tests)                                                               \
    int main(int argc, char **argv)                                                    \
    {                                                                                  \
        return test_rows_main(argc, argv, (tests), sizeof(tests) / sizeof((tests)[0]), \
                              test_rows_run);                                          \
    }

#endif
