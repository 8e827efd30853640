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

#define WITH(fault) SIM_FAULT_BIT(SIM_FAULT_##fault)
// An answer without state: its numbers are known to nobody until it is answered.
#define COOKIES     (WITH(CONFIG) | WITH(BACKLOG))
// Octets that no checksum tells from the sender's, in headers too.
#define LIES        (WITH(OPTIMIST) | WITH(LIAR) | WITH(REWRITE) | WITH(NAT))
#define DECEIT      (LIES | WITH(SWAP) | WITH(BLIND))

static const struct exception exceptions[] = {
    // What arrives and finds no memory has not arrived: the judge cannot tell.
    {ORACLE_A3, WITH(MEMORY)},
    {ORACLE_Q9, WITH(MEMORY)},
    // A pair that is used again within a moment: old and new timers share a number.
    {ORACLE_T8, WITH(PORTS) | WITH(RESTART)},
    {ORACLE_H1, COOKIES},
    {ORACLE_Q1, COOKIES | DECEIT},
    {ORACLE_Q3, COOKIES},
    {ORACLE_C1, COOKIES | DECEIT},
    // Segments of an earlier life of a host, or of a translated pair.
    {ORACLE_H2, WITH(RESTART) | WITH(OLD) | DECEIT},
    {ORACLE_H4, DECEIT},
    {ORACLE_S2, DECEIT},
    // Bounds are sums of waits by clocks that do not jump.
    {ORACLE_T7, WITH(JUMP)},
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
