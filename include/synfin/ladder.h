// SPDX-License-Identifier: MIT
//
// The ladder: a drawing of a conversation between two ends, time running down, both ends'
// states in the margins, segments as arrows, losses and waits shown, and a reason with its RFC
// clause beside each. It is fed with what a link and the stacks' traces tell, and drawn as text,
// as JSON lines or as SVG. It is the only renderer: the demo, the lab, failing tests and the
// documentation all use it.
#ifndef SYNFIN_LADDER_H
#define SYNFIN_LADDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <synfin/error.h>
#include <synfin/link.h>
#include <synfin/trace.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct synfin_ladder synfin_ladder;

struct synfin_ladder_config {
    size_t size;
    const char *name_a, *name_b; // the ends, such as "client" and "server"
    uint8_t has_colour;          // ANSI colours in the text form
    uint32_t width_columns;      // of the text form; 0: 100
    uint32_t fold_after; // a run of more data segments, or twice as many acknowledgments, becomes a
                         // line; 0: never
    uint8_t counts_steps; // times are no times but the numbers of steps, and sequence numbers are
                          // drawn as they are: the history of a model
    uint8_t is_brief;     // leaves out options, numbers as on the wire, and why each step is taken
};

// Fills every field: 100 columns, no colour, no folding.
SYNFIN_API void synfin_ladder_config_default(struct synfin_ladder_config *config);
// Makes an empty ladder; `config` and its names are copied. NULL: the defaults.
// Errors: NO_MEMORY.
SYNFIN_API SYNFIN_MUST_USE enum synfin_error
synfin_ladder_create(const struct synfin_ladder_config *config, synfin_ladder **out);
SYNFIN_API void synfin_ladder_destroy(synfin_ladder *ladder /* takes */);

// A packet went onto the link (a synfin_passage_fn with the ladder as ctx).
SYNFIN_API void synfin_ladder_passage(void *ladder, const struct synfin_passage *passage);
// Who sends the packets of the next passages, such as "attacker", though they carry an end's
// address; copied. They are drawn as such, and nothing is learned from them about that end. NULL:
// the ends themselves.
SYNFIN_API void synfin_ladder_origin(synfin_ladder *ladder, const char *who);
// What the stack at `side` traces.
SYNFIN_API void synfin_ladder_trace(synfin_ladder *ladder, enum synfin_link_side side,
                                    const struct synfin_trace_event *event);
// A line of the narrator, such as what the user of an end does; copied. One that begins with the
// name of the end B is drawn near it.
SYNFIN_API void synfin_ladder_note(synfin_ladder *ladder, uint64_t t_ns, const char *text);

// Each draws everything fed so far. `write` gets the bytes in pieces, and is not called again once
// it has returned false. Memory that ran out while feeding or drawing shows as a remark.
SYNFIN_API void synfin_ladder_text(const synfin_ladder *ladder, synfin_write_fn write, void *ctx);
SYNFIN_API void synfin_ladder_json(const synfin_ladder *ladder, synfin_write_fn write, void *ctx);
SYNFIN_API void synfin_ladder_svg(const synfin_ladder *ladder, synfin_write_fn write, void *ctx);

#ifdef __cplusplus
}
#endif
#endif
