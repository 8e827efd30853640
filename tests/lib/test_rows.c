// SPDX-License-Identifier: MIT
//
// Choosing tests by row; see test_rows.h.
#include "lib/test_rows.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TESTS_MAX = 128 };

static uint64_t times; // 0: as usual

uint64_t test_rows_times(uint64_t usual)
{
    return times != 0 ? times : usual;
}

static bool is_of_row(const char *name, unsigned long row)
{
    static const char prefix[] = "hist_";
    if (strncmp(name, prefix, sizeof prefix - 1) != 0) {
        return false;
    }
    name += sizeof prefix - 1;
    while (*name >= '0' && *name <= '9') {
        char *end;
        if (strtoul(name, &end, 10) == row) {
            return true;
        }
        name = *end == '_' ? end + 1 : end;
    }
    return false;
}

int test_rows_main(int argc, char **argv, const struct CMUnitTest *tests, size_t count,
                   test_rows_fn run)
{
    struct CMUnitTest chosen[TESTS_MAX];
    size_t n = 0;
    if (argc == 1) {
        return run(tests, count);
    }
    unsigned long row = strtoul(argv[1], NULL, 10);
    times = argc > 2 ? strtoull(argv[2], NULL, 10) : 0;
    for (size_t i = 0; i < count && n < TESTS_MAX; i++) {
        if (is_of_row(tests[i].name, row)) {
            chosen[n++] = tests[i];
        }
    }
    if (n == 0) {
        (void)fprintf(stderr, "%s has no test of row %s\n", argv[0], argv[1]);
        return 1;
    }
    return run(chosen, n);
}

int test_rows_run(const struct CMUnitTest *tests, size_t count)
{
    return _cmocka_run_group_tests("rows", tests, count, NULL, NULL);
}
