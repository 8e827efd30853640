// SPDX-License-Identifier: MIT
//
// The origin of a test's clock; see test_origin.h.
#include "lib/test_origin.h"

#include <stdlib.h>
#include <string.h>

#include "lib/test_random.h"

enum { STEP_OF = 32 }; // steps of a world to one of its clock

#define NS_PER_S UINT64_C(1000000000)

static uint64_t unit_ns(const char *unit)
{
    if (strcmp(unit, "ms") == 0) {
        return 1000000;
    }
    return strcmp(unit, "us") == 0 ? 1000 : 1;
}

uint64_t test_origin_ns(void)
{
    const char *text = getenv("SYNFIN_TEST_ORIGIN");
    if (text == NULL || *text == '\0') {
        return NS_PER_S;
    }
    char *end;
    if (strncmp(text, "2^", 2) != 0) {
        return strtoull(text, NULL, 10);
    }
    unsigned long power = strtoul(text + 2, &end, 10);
    return (UINT64_C(1) << (power & 63)) * unit_ns(end) - 2 * NS_PER_S;
}

uint64_t test_origin_step_ns(uint64_t *random)
{
    const char *text = getenv("SYNFIN_TEST_STEPS");
    if (text == NULL || *text == '\0' || test_random_below(random, STEP_OF) != 0) {
        return 0;
    }
    return test_random(random) % (strtoull(text, NULL, 10) * unit_ns("ms") + 1);
}

uint64_t test_origin_time(uint64_t now_ns)
{
    return now_ns - test_origin_ns() + NS_PER_S;
}
