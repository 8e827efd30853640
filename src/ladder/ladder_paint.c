// SPDX-License-Identifier: MIT
//
// Where everything of a text row goes. Columns: ten for the time, twelve for a state at either
// side (SYN-RECEIVED is the longest), and what is left belongs to the arrows.
#include "ladder/ladder_paint.h"

#include <string.h>

enum { TIME_COLUMNS = 10, STATE_COLUMNS = 12, LANE_STEP = 2, LABEL_INDENT = 3 };

enum {
    CHAR_LINE = 0x2502,       // │
    CHAR_DASHED = 0x250a,     // ┊
    CHAR_CROSS = 0x253c,      // ┼
    CHAR_HEAD_RIGHT = 0x25b6, // ▶
    CHAR_HEAD_LEFT = 0x25c0,  // ◀
    CHAR_DOWN_LEFT = 0x256e,  // ╮
    CHAR_DOWN_RIGHT = 0x256d, // ╭
    CHAR_UP_RIGHT = 0x2570,   // ╰
    CHAR_UP_LEFT = 0x256f,    // ╯
    CHAR_STRAIGHT = 0x2500,   // ─
    CHAR_LOST = 0x2573,       // ╳
    CHAR_MORE = 0x2026,       // …
};

void ladder_paint_init(struct ladder_painter *painter, const synfin_ladder *ladder,
                       struct ladder_sink *sink)
{
    memset(painter, 0, sizeof *painter);
    painter->ladder = ladder;
    painter->sink = sink;
    painter->line[0] = TIME_COLUMNS + 1 + STATE_COLUMNS + 1;
    painter->line[1] = ladder->width_columns - STATE_COLUMNS - 2;
    painter->first_ns = ladder->records_used > 0 ? ladder->records[0].t_ns : 0;
}

static uint32_t lane_column(const struct ladder_painter *painter, uint32_t sender, uint32_t lane)
{
    uint32_t inset = LABEL_INDENT + lane * LANE_STEP;
    return sender == 0 ? painter->line[1] - inset : painter->line[0] + inset;
}

static uint32_t lanes_in_use(const struct ladder_painter *painter, uint32_t sender)
{
    uint32_t lanes = 0;
    for (uint32_t i = 0; i < LADDER_LANES; i++) {
        lanes = painter->lane[sender][i] != 0 ? i + 1 : lanes;
    }
    return lanes;
}

// The columns [from, to) that words may use: between the lines and clear of the lanes.
static void find_room(const struct ladder_painter *painter, uint32_t *from, uint32_t *to)
{
    uint32_t left = lanes_in_use(painter, 1);
    uint32_t right = lanes_in_use(painter, 0);
    *from = painter->line[0] + LABEL_INDENT + 1;
    *to = painter->line[1] - LABEL_INDENT;
    *from = left > 0 ? lane_column(painter, 1, left - 1) + 2 : *from;
    *to = right > 0 ? lane_column(painter, 0, right - 1) - 1 : *to;
}

uint32_t ladder_paint_room(const struct ladder_painter *painter)
{
    uint32_t from = 0;
    uint32_t to = 0;
    find_room(painter, &from, &to);
    return to - from;
}

void ladder_paint_begin(struct ladder_painter *painter, bool is_dashed)
{
    struct ladder_canvas *canvas = &painter->canvas;
    uint32_t character = is_dashed ? CHAR_DASHED : CHAR_LINE;
    ladder_canvas_clear(canvas, painter->ladder->width_columns);
    for (uint32_t side = 0; side < 2; side++) {
        ladder_canvas_set(canvas, painter->line[side], character, LADDER_STYLE_PLAIN);
        for (uint32_t i = 0; i < LADDER_LANES; i++) {
            if (painter->lane[side][i] != 0) {
                ladder_canvas_set(canvas, lane_column(painter, side, i), character,
                                  LADDER_STYLE_PLAIN);
            }
        }
    }
}

void ladder_paint_end(struct ladder_painter *painter)
{
    ladder_canvas_emit(&painter->canvas, painter->ladder->has_colour, painter->sink);
}

void ladder_paint_time(struct ladder_painter *painter, uint64_t t_ns)
{
    struct ladder_phrase phrase = {0};
    if (painter->has_shown && painter->shown_ns == t_ns) {
        return;
    }
    painter->has_shown = true;
    painter->shown_ns = t_ns;
    ladder_words_add_moment(&phrase, painter->ladder, t_ns);
    uint32_t width = ladder_canvas_width(phrase.text, phrase.used);
    uint32_t column = width < TIME_COLUMNS ? TIME_COLUMNS - width : 0;
    ladder_canvas_write(&painter->canvas, column, phrase.text, phrase.used, LADDER_STYLE_DIM);
}

void ladder_paint_state(struct ladder_painter *painter, enum synfin_link_side side,
                        enum synfin_tcp_state state)
{
    const char *name = synfin_tcp_state_name(state);
    size_t bytes = strlen(name);
    uint32_t column =
        side == SYNFIN_LINK_A ? painter->line[0] - 1 - (uint32_t)bytes : painter->line[1] + 2;
    ladder_canvas_write(&painter->canvas, column, name, bytes, LADDER_STYLE_STATE);
}

// Octets of `text` that fit into `room` columns, ended between words where there is a gap.
static size_t fit_words(const char *text, uint32_t room)
{
    size_t bytes = strlen(text);
    if (ladder_canvas_width(text, bytes) <= room) {
        return bytes;
    }
    size_t best = 0;
    size_t i = 1;
    for (; i < bytes && ladder_canvas_width(text, i) <= room; i++) {
        best = text[i] == ' ' ? i : best;
    }
    return best > 0 ? best : i - 1;
}

void ladder_paint_words(struct ladder_painter *painter, enum synfin_link_side side,
                        const char *text, enum ladder_style style)
{
    uint32_t from = 0;
    uint32_t to = 0;
    find_room(painter, &from, &to);
    for (bool is_first = true; is_first || *text != '\0'; is_first = false) {
        size_t bytes = fit_words(text, to - from);
        uint32_t width = ladder_canvas_width(text, bytes);
        uint32_t column = side == SYNFIN_LINK_A ? from : to - width;
        if (!is_first) {
            ladder_paint_begin(painter, false);
        }
        ladder_canvas_write(&painter->canvas, column, text, bytes, style);
        ladder_paint_end(painter);
        text += bytes;
        text += *text == ' ';
    }
}

static void put_cell(struct ladder_painter *painter, uint32_t column, uint32_t character,
                     enum ladder_style style)
{
    uint32_t there = painter->canvas.cell[column].character;
    bool is_lane = there == CHAR_LINE || there == CHAR_DASHED;
    ladder_canvas_set(&painter->canvas, column, is_lane ? CHAR_CROSS : character, style);
}

static void put_fill(struct ladder_painter *painter, uint32_t from, uint32_t to,
                     const struct ladder_arrow *arrow)
{
    for (uint32_t column = from; column < to; column++) {
        put_cell(painter, column, arrow->fill, arrow->style);
    }
}

// The columns of a label of `width` near `side`, within the room for words.
static uint32_t place_label(const struct ladder_painter *painter, enum synfin_link_side side,
                            uint32_t width)
{
    uint32_t from = 0;
    uint32_t to = 0;
    find_room(painter, &from, &to);
    if (side == SYNFIN_LINK_A) {
        return from;
    }
    return to > width + from ? to - width : from;
}

static void put_label(struct ladder_painter *painter, uint32_t column, const char *label,
                      enum ladder_style style)
{
    column = ladder_canvas_write(&painter->canvas, column - 1, " ", 1, style);
    column = ladder_canvas_write(&painter->canvas, column, label, strlen(label), style);
    ladder_canvas_write(&painter->canvas, column, " ", 1, style);
}

// The arrow of a segment that does not arrive ends behind its label, three quarters of the way if
// that is farther.
static void put_lost(struct ladder_painter *painter, const struct ladder_arrow *arrow,
                     uint32_t label, uint32_t width)
{
    const char *word = arrow->is_lost ? "lost" : "under way";
    uint32_t mark = arrow->is_lost ? CHAR_LOST : CHAR_MORE;
    uint32_t bytes = (uint32_t)strlen(word);
    uint32_t area = painter->line[1] - painter->line[0];
    if (arrow->side == SYNFIN_LINK_A) {
        uint32_t x = painter->line[0] + area * 3 / 4;
        x = x > label + width + 3 ? x : label + width + 3;
        put_fill(painter, painter->line[0] + 1, x, arrow);
        put_cell(painter, x, mark, LADDER_STYLE_BAD);
        ladder_canvas_write(&painter->canvas, x + 1, " ", 1, LADDER_STYLE_BAD);
        ladder_canvas_write(&painter->canvas, x + 2, word, bytes, LADDER_STYLE_BAD);
        return;
    }
    uint32_t x = painter->line[1] - area * 3 / 4;
    x = x + 4 < label ? x : label - 4;
    put_fill(painter, x + 1, painter->line[1], arrow);
    put_cell(painter, x, mark, LADDER_STYLE_BAD);
    ladder_canvas_write(&painter->canvas, x - 1 - bytes, word, bytes, LADDER_STYLE_BAD);
    ladder_canvas_write(&painter->canvas, x - 1, " ", 1, LADDER_STYLE_BAD);
}

static void put_shaft(struct ladder_painter *painter, const struct ladder_arrow *arrow)
{
    bool is_right = arrow->side == SYNFIN_LINK_A;
    uint32_t from = painter->line[0] + 1;
    uint32_t to = painter->line[1];
    if (arrow->lane == LADDER_NO_LANE) {
        put_fill(painter, from, to, arrow);
        ladder_canvas_set(&painter->canvas, is_right ? to - 1 : from,
                          is_right ? CHAR_HEAD_RIGHT : CHAR_HEAD_LEFT, arrow->style);
        return;
    }
    uint32_t turn = lane_column(painter, arrow->side, arrow->lane);
    put_fill(painter, is_right ? from : turn + 1, is_right ? turn : to, arrow);
    ladder_canvas_set(&painter->canvas, turn, is_right ? CHAR_DOWN_LEFT : CHAR_DOWN_RIGHT,
                      arrow->style);
}

void ladder_paint_arrow(struct ladder_painter *painter, const struct ladder_arrow *arrow)
{
    uint32_t width = ladder_canvas_width(arrow->label, strlen(arrow->label));
    uint32_t label = place_label(painter, arrow->side, width);
    if (arrow->is_lost || arrow->is_under_way) {
        put_lost(painter, arrow, label, width);
    } else {
        put_shaft(painter, arrow);
    }
    put_label(painter, label, arrow->label, arrow->style);
}

void ladder_paint_arrival(struct ladder_painter *painter, const struct ladder_arrow *arrow)
{
    bool is_right = arrow->side == SYNFIN_LINK_A;
    uint32_t turn = lane_column(painter, arrow->side, arrow->lane);
    uint32_t width = ladder_canvas_width(arrow->label, strlen(arrow->label));
    uint32_t head = is_right ? painter->line[1] - 1 : painter->line[0] + 1;
    put_fill(painter, is_right ? turn + 1 : head, is_right ? head : turn, arrow);
    ladder_canvas_set(&painter->canvas, head, is_right ? CHAR_HEAD_RIGHT : CHAR_HEAD_LEFT,
                      arrow->style);
    ladder_canvas_set(&painter->canvas, turn, is_right ? CHAR_UP_RIGHT : CHAR_UP_LEFT,
                      arrow->style);
    uint32_t from = 0;
    uint32_t to = 0;
    find_room(painter, &from, &to);
    ladder_canvas_write(&painter->canvas, is_right ? to - width : from, arrow->label,
                        strlen(arrow->label), LADDER_STYLE_DIM);
    painter->lane[arrow->side][arrow->lane] = 0;
}

uint8_t ladder_paint_take_lane(struct ladder_painter *painter, enum synfin_link_side side,
                               size_t record)
{
    uint32_t next = lanes_in_use(painter, side);
    if (next == LADDER_LANES) {
        return LADDER_NO_LANE;
    }
    painter->lane[side][next] = record + 1;
    return (uint8_t)next;
}

uint8_t ladder_paint_find_lane(const struct ladder_painter *painter, enum synfin_link_side side,
                               size_t record)
{
    for (uint32_t i = 0; i < LADDER_LANES; i++) {
        if (painter->lane[side][i] == record + 1) {
            return (uint8_t)i;
        }
    }
    return LADDER_NO_LANE;
}
