// SPDX-License-Identifier: MIT
//
// One row of cells, and its way out: runs of one style, spaces at the end left away.
#include "ladder/ladder_canvas.h"

#include "ladder/ladder_utf8.h"

void ladder_canvas_clear(struct ladder_canvas *canvas, uint32_t columns)
{
    canvas->columns = columns < LADDER_CANVAS_COLUMNS ? columns : LADDER_CANVAS_COLUMNS;
    for (uint32_t i = 0; i < canvas->columns; i++) {
        canvas->cell[i] = (struct ladder_cell){' ', LADDER_STYLE_PLAIN};
    }
}

void ladder_canvas_set(struct ladder_canvas *canvas, uint32_t column, uint32_t character,
                       enum ladder_style style)
{
    if (column < canvas->columns) {
        canvas->cell[column] = (struct ladder_cell){character, style};
    }
}

uint32_t ladder_canvas_write(struct ladder_canvas *canvas, uint32_t column, const char *text,
                             size_t bytes, enum ladder_style style)
{
    for (size_t i = 0; i < bytes; column++) {
        uint32_t character = 0;
        i += ladder_utf8_decode(text + i, bytes - i, &character);
        ladder_canvas_set(canvas, column, character, style);
    }
    return column;
}

uint32_t ladder_canvas_width(const char *text, size_t bytes)
{
    uint32_t width = 0;
    for (size_t i = 0; i < bytes; width++) {
        uint32_t character = 0;
        i += ladder_utf8_decode(text + i, bytes - i, &character);
    }
    return width;
}

static const char *escape_of(enum ladder_style style)
{
    switch (style) {
    case LADDER_STYLE_PLAIN: return "\x1b[0m";
    case LADDER_STYLE_DIM: return "\x1b[0;2m";
    case LADDER_STYLE_NAME: return "\x1b[0;1m";
    case LADDER_STYLE_STATE: return "\x1b[0;1;36m";
    case LADDER_STYLE_OPEN: return "\x1b[0;32m";
    case LADDER_STYLE_CLOSE: return "\x1b[0;33m";
    case LADDER_STYLE_BAD: return "\x1b[0;31m";
    case LADDER_STYLE_GOOD: return "\x1b[0;1;32m";
    }
    return "";
}

void ladder_canvas_emit(const struct ladder_canvas *canvas, bool has_colour,
                        struct ladder_sink *sink)
{
    // A run of one style at a time: at most four octets for each cell, and the NUL.
    char run[LADDER_CANVAS_COLUMNS * 4 + 1];
    uint32_t end = canvas->columns;
    while (end > 0 && canvas->cell[end - 1].character == ' ') {
        end--;
    }
    enum ladder_style style = LADDER_STYLE_PLAIN;
    for (uint32_t i = 0; i < end;) {
        char *out = run;
        enum ladder_style next = canvas->cell[i].style;
        while (i < end && (canvas->cell[i].style == next || canvas->cell[i].character == ' ')) {
            out = ladder_utf8_encode(canvas->cell[i++].character, out);
        }
        *out = '\0';
        if (has_colour && next != style) {
            ladder_words_put(sink, escape_of(next));
            style = next;
        }
        ladder_words_put(sink, run);
    }
    ladder_words_put(sink, has_colour && style != LADDER_STYLE_PLAIN ? "\x1b[0m\n" : "\n");
}
