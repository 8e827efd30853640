// SPDX-License-Identifier: MIT
//
// Names, texts and clauses of the reasons, from the lists in synfin/reason_list.h.
#include <synfin/reason.h>

#include <stdint.h>

static const char *const names[] = {
#define REASON_NAME(code, text, clause) #code,
    SYNFIN_REASONS(REASON_NAME)
#undef REASON_NAME
};

static const char *const texts[] = {
#define REASON_TEXT(code, text, clause) text,
    SYNFIN_REASONS(REASON_TEXT)
#undef REASON_TEXT
};

static const char *const clauses[] = {
#define REASON_CLAUSE(code, text, clause) clause,
    SYNFIN_REASONS(REASON_CLAUSE)
#undef REASON_CLAUSE
};

const char *synfin_reason_name(enum synfin_reason reason)
{
    return (uint32_t)reason < SYNFIN_REASON_COUNT ? names[reason] : "?";
}

const char *synfin_reason_text(enum synfin_reason reason)
{
    return (uint32_t)reason < SYNFIN_REASON_COUNT ? texts[reason] : "unknown reason";
}

const char *synfin_reason_clause(enum synfin_reason reason)
{
    return (uint32_t)reason < SYNFIN_REASON_COUNT ? clauses[reason] : "";
}
