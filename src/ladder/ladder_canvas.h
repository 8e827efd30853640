// SPDX-License-Identifier: MIT
//
// One row of the text form: cells with a character and a style each, drawn in any order and then
// written out as UTF-8, with ANSI colours only where they are wanted.
#ifndef SYNFIN_LADDER_CANVAS_H
#define SYNFIN_LADDER_CANVAS_H

#include "ladder/ladder_words.h"

enum { LADDER_CANVAS_COLUMNS = 256 };

enum ladder_style {
    LADDER_STYLE_PLAIN,
    LADDER_STYLE_DIM,
    LADDER_STYLE_NAME,
    LADDER_STYLE_STATE,
    LADDER_STYLE_OPEN,  // SYN
    LADDER_STYLE_CLOSE, // FIN
    LADDER_STYLE_BAD,   // RST, losses, errors
    LADDER_STYLE_GOOD,
};

struct ladder_cell {
    uint32_t character;
    enum ladder_style style;
};

struct ladder_canvas {
    uint32_t columns;
    struct ladder_cell cell[LADDER_CANVAS_COLUMNS];
};

// Empties a row of `columns` columns, at most LADDER_CANVAS_COLUMNS.
void ladder_canvas_clear(struct ladder_canvas *canvas, uint32_t columns);
// Sets one cell; columns outside the row are ignored.
void ladder_canvas_set(struct ladder_canvas *canvas, uint32_t column, uint32_t character,
                       enum ladder_style style);
// Writes `bytes` octets of UTF-8 from `column` on; gives the column behind.
uint32_t ladder_canvas_write(struct ladder_canvas *canvas, uint32_t column, const char *text,
                             size_t bytes, enum ladder_style style);
// Characters, each taken for one column wide, in `bytes` octets of UTF-8.
uint32_t ladder_canvas_width(const char *text, size_t bytes);
void ladder_canvas_emit(const struct ladder_canvas *canvas, bool has_colour,
                        struct ladder_sink *sink);

#endif
