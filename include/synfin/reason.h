// SPDX-License-Identifier: MIT
//
// Why the stack did what it did. Every segment sent or dropped, every state change, timer and
// retransmission ends in exactly one of these reasons; each has a text for a person, the RFC
// clause it follows, and a counter in the stack. The same reason appears in the lab's ladder, in
// captures as the packet's comment, in traces and in tests.
#ifndef SYNFIN_REASON_H
#define SYNFIN_REASON_H

#include <synfin/error.h>
#include <synfin/reason_list.h>

#ifdef __cplusplus
extern "C" {
#endif

enum synfin_reason {
#define SYNFIN_REASON_ENUM(code, text, clause) SYNFIN_REASON_##code,
    SYNFIN_REASONS(SYNFIN_REASON_ENUM)
#undef SYNFIN_REASON_ENUM
        SYNFIN_REASON_COUNT
};

// The code's name without its prefix, such as "SEND_SYN"; "?" for a number that is no reason.
SYNFIN_API const char *synfin_reason_name(enum synfin_reason reason);
// One phrase for a person; never NULL.
SYNFIN_API const char *synfin_reason_text(enum synfin_reason reason);
// The clause, such as "RFC 9293 §3.5 [MUST-10]"; empty when no document rules it.
SYNFIN_API const char *synfin_reason_clause(enum synfin_reason reason);

#ifdef __cplusplus
}
#endif
#endif
