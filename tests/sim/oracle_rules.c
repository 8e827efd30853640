// SPDX-License-Identifier: MIT
//
// Names and texts of the invariants.
#include "sim/oracle_rules.h"

static const char *const names[] = {
#define RULE_NAME(name, text) [ORACLE_##name] = #name,
    ORACLE_RULES(RULE_NAME)
#undef RULE_NAME
};

static const char *const texts[] = {
#define RULE_TEXT(name, text) [ORACLE_##name] = text,
    ORACLE_RULES(RULE_TEXT)
#undef RULE_TEXT
};

_Static_assert(sizeof names / sizeof names[0] == ORACLE_RULE_COUNT, "a name for each");

const char *oracle_rule_name(enum oracle_rule rule)
{
    return rule < ORACLE_RULE_COUNT ? names[rule] : "?";
}

const char *oracle_rule_text(enum oracle_rule rule)
{
    return rule < ORACLE_RULE_COUNT ? texts[rule] : "?";
}
