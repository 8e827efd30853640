// SPDX-License-Identifier: MIT
//
// Names of rules; see sim_rules.h.
#include "sim/sim_rules.h"

#include <string.h>

#include "sim/oracle_rules.h"

bool sim_rules_parse(const char *text, uint64_t *out)
{
    *out = 0;
    if (strcmp(text, "all") == 0) {
        *out = ORACLE_RULES_ALL;
        return true;
    }
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
