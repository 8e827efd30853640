// SPDX-License-Identifier: MIT
//
// Rules that are left out; see sim_rules.h.
#include "sim/sim_rules.h"

#include <stddef.h>
#include <string.h>

#include "sim/oracle_rules.h"
#include "sim/sim_plan.h"

struct exception {
    enum oracle_rule rule;
    uint64_t faults; // any of them
};

static const struct exception exceptions[] = {
    {ORACLE_RULE_COUNT, 0},
};

uint64_t sim_rules_left_out(uint64_t faults)
{
    uint64_t left_out = 0;
    for (size_t i = 0; i < sizeof exceptions / sizeof exceptions[0]; i++) {
        if ((faults & exceptions[i].faults) != 0) {
            left_out |= UINT64_C(1) << exceptions[i].rule;
        }
    }
    return left_out;
}

bool sim_rules_parse(const char *text, uint64_t *out)
{
    *out = 0;
    while (*text != '\0') {
        size_t bytes = strcspn(text, ",");
        uint32_t rule = 0;
        while (rule < ORACLE_RULE_COUNT
               && (strlen(oracle_rule_name((enum oracle_rule)rule)) != bytes
                   || memcmp(oracle_rule_name((enum oracle_rule)rule), text, bytes) != 0)) {
            rule++;
        }
        if (rule == ORACLE_RULE_COUNT) {
            return false;
        }
        *out |= UINT64_C(1) << rule;
        text += bytes + (text[bytes] == ',' ? 1 : 0);
    }
    return true;
}
