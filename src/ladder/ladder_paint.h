// SPDX-License-Identifier: MIT
//
// The text form's drawing: rows with a time, two margins for states, and between the ends' two
// lines an area for arrows and words. Segments whose arrival must be seen apart from their
// sending turn down in a lane, cross what comes between, and turn into the other end's line:
//
//     time     state A │── SYN seq 0 ──────────────────────╮    │ state B
//                      │     ╭─────────────────────────────┼────│
//                      │     │                             ╰───▶│
//                         ^ lanes of B's          lanes of A's ^
#ifndef SYNFIN_LADDER_PAINT_H
#define SYNFIN_LADDER_PAINT_H

#include "ladder/ladder_canvas.h"
#include "ladder/ladder_items.h"

enum { LADDER_LANES = 4, LADDER_NO_LANE = 255 };

struct ladder_painter {
    const synfin_ladder *ladder;
    struct ladder_sink *sink;
    struct ladder_canvas canvas;
    uint32_t line[2];             // columns of the two ends' lines
    size_t lane[2][LADDER_LANES]; // by sender: the record under way in it, plus 1; 0: free
    uint64_t first_ns;            // what the times are relative to
    uint64_t shown_ns;            // the time that was written last
    bool has_shown;
};

void ladder_paint_init(struct ladder_painter *painter, const synfin_ladder *ladder,
                       struct ladder_sink *sink);
// Begins a row: both lines, and the lanes that are in use. A row in which time passes and
// nothing else is dashed.
void ladder_paint_begin(struct ladder_painter *painter, bool is_dashed);
void ladder_paint_end(struct ladder_painter *painter);
// Writes the time at the left when it is another than the last one written.
void ladder_paint_time(struct ladder_painter *painter, uint64_t t_ns);
void ladder_paint_state(struct ladder_painter *painter, enum synfin_link_side side,
                        enum synfin_tcp_state state);
// Writes words between the lines, near `side`, over as many rows as they need; the first row is
// begun already, and all are ended.
void ladder_paint_words(struct ladder_painter *painter, enum synfin_link_side side,
                        const char *text, enum ladder_style style);
// Columns that words may use.
uint32_t ladder_paint_room(const struct ladder_painter *painter);

// An arrow from `side` with a label near it, in a begun row: to the other end, to the lane
// `lane`, or, with `is_lost` or `is_under_way`, to where it ends.
struct ladder_arrow {
    enum synfin_link_side side;
    const char *label;
    enum ladder_style style;
    uint32_t fill; // the character it is drawn with
    uint8_t lane;  // LADDER_NO_LANE: all the way
    bool is_lost, is_under_way;
};
void ladder_paint_arrow(struct ladder_painter *painter, const struct ladder_arrow *arrow);
// The end of an arrow that comes out of a lane; frees the lane.
void ladder_paint_arrival(struct ladder_painter *painter, const struct ladder_arrow *arrow);

// A free lane for the record, or LADDER_NO_LANE.
uint8_t ladder_paint_take_lane(struct ladder_painter *painter, enum synfin_link_side side,
                               size_t record);
// The lane that holds the record, or LADDER_NO_LANE.
uint8_t ladder_paint_find_lane(const struct ladder_painter *painter, enum synfin_link_side side,
                               size_t record);

#endif
