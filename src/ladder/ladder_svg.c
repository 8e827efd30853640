// SPDX-License-Identifier: MIT
//
// The SVG form: one document without scripts, fonts or images from elsewhere. Time runs down and
// is not to scale: each thing that happens takes a step, longer when more time has passed, but a
// wait of a minute takes little more room than one of a second. States are coloured bands in the
// margins, segments slanted arrows, reasons stand at the right.
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "ladder/ladder_items.h"
#include "ladder/ladder_utf8.h"
#include "ladder/ladder_words.h"

enum {
    WIDTH = 1500,
    TIME_X = 78, // right edge
    BAND_A_X = 90,
    BAND_WIDTH = 118,
    LINE_A_X = 222,
    LINE_B_X = 722,
    BAND_B_X = 736,
    REASON_X = 872,
    HEAD_Y = 84,
    LABEL_HEIGHT = 8, // above the beginning of an arrow
    FALL = 16,        // how far a lost segment falls on its way to where it ends
};

struct svg_form {
    const synfin_ladder *ladder;
    struct ladder_items items;
    uint32_t *y; // of each item
    uint32_t bottom_y;
    struct ladder_sink sink;
};

static void put_text(struct ladder_sink *sink, const char *text)
{
    size_t bytes = strlen(text);
    for (size_t i = 0; i < bytes;) {
        char out[5] = {0};
        uint32_t character = 0;
        i += ladder_utf8_decode(text + i, bytes - i, &character);
        switch (character) {
        case '&': ladder_words_put(sink, "&amp;"); break;
        case '<': ladder_words_put(sink, "&lt;"); break;
        case '>': ladder_words_put(sink, "&gt;"); break;
        case '"': ladder_words_put(sink, "&quot;"); break;
        default:
            ladder_utf8_encode(character, out);
            ladder_words_put(sink, out);
            break;
        }
    }
}

static void put_label(struct svg_form *form, uint32_t x, uint32_t y, const char *class,
                      const char *text)
{
    ladder_words_print(&form->sink, "<text x=\"%" PRIu32 "\" y=\"%" PRIu32 "\" class=\"%s\">", x, y,
                       class);
    put_text(&form->sink, text);
    ladder_words_put(&form->sink, "</text>\n");
}

static uint32_t line_x(enum synfin_link_side side)
{
    return side == SYNFIN_LINK_A ? LINE_A_X : LINE_B_X;
}

static const struct ladder_record *record_of(const struct svg_form *form, size_t i)
{
    return &form->ladder->records[form->items.item[i].record];
}

// The room an item needs above the next one.
static uint32_t height_of(const struct ladder_item *item)
{
    switch (item->kind) {
    case LADDER_ITEM_SEND: return 20;
    case LADDER_ITEM_ARRIVE: return 14;
    case LADDER_ITEM_WAIT:
    case LADDER_ITEM_FOLD: return 34;
    case LADDER_ITEM_VERDICT:
    case LADDER_ITEM_STATE:
    case LADDER_ITEM_NOTE:
    case LADDER_ITEM_RESULT: break;
    }
    return 20;
}

// What passing time adds: three units for each doubling of the milliseconds, and an end to it.
static uint32_t stretch_of(uint64_t passed_ns)
{
    uint32_t stretch = passed_ns > 0 ? 4 : 0;
    for (uint64_t ms = passed_ns / 1000000; ms > 0 && stretch < 40; ms >>= 1) {
        stretch += 3;
    }
    return stretch;
}

static void place_items(struct svg_form *form)
{
    uint32_t y = HEAD_Y + 30;
    uint64_t before_ns = form->items.used > 0 ? form->items.item[0].t_ns : 0;
    for (size_t i = 0; i < form->items.used; i++) {
        const struct ladder_item *item = &form->items.item[i];
        y += stretch_of(item->t_ns > before_ns ? item->t_ns - before_ns : 0);
        y += item->kind == LADDER_ITEM_SEND ? LABEL_HEIGHT : 0;
        form->y[i] = y;
        y += height_of(item);
        before_ns = item->t_ns > before_ns ? item->t_ns : before_ns;
    }
    form->bottom_y = y + FALL;
}

static const char *colour_of(enum synfin_tcp_state state)
{
    switch (state) {
    case SYNFIN_TCP_STATE_CLOSED: return "#eceff1";
    case SYNFIN_TCP_STATE_LISTEN: return "#cfd8dc";
    case SYNFIN_TCP_STATE_SYN_SENT:
    case SYNFIN_TCP_STATE_SYN_RECEIVED: return "#bbdefb";
    case SYNFIN_TCP_STATE_ESTABLISHED: return "#c8e6c9";
    case SYNFIN_TCP_STATE_CLOSE_WAIT:
    case SYNFIN_TCP_STATE_FIN_WAIT_1:
    case SYNFIN_TCP_STATE_CLOSING:
    case SYNFIN_TCP_STATE_LAST_ACK:
    case SYNFIN_TCP_STATE_FIN_WAIT_2: return "#ffe0b2";
    case SYNFIN_TCP_STATE_TIME_WAIT: return "#e1bee7";
    case SYNFIN_TCP_STATE_COUNT: break;
    }
    return "#ffffff";
}

static void put_band(struct svg_form *form, enum synfin_link_side side, uint32_t from_y,
                     uint32_t to_y, enum synfin_tcp_state state)
{
    uint32_t x = side == SYNFIN_LINK_A ? BAND_A_X : BAND_B_X;
    if (to_y <= from_y) {
        return;
    }
    ladder_words_print(&form->sink,
                       "<rect x=\"%" PRIu32 "\" y=\"%" PRIu32 "\" width=\"%d\" height=\"%" PRIu32
                       "\" fill=\"%s\"/>\n",
                       x, from_y, BAND_WIDTH, to_y - from_y - 1, colour_of(state));
    put_label(form, x + BAND_WIDTH / 2, from_y + 13, "state", synfin_tcp_state_name(state));
}

static void put_bands(struct svg_form *form, enum synfin_link_side side)
{
    uint32_t from_y = HEAD_Y;
    enum synfin_tcp_state state = SYNFIN_TCP_STATE_CLOSED;
    bool is_first = true;
    for (size_t i = 0; i < form->items.used; i++) {
        const struct ladder_record *record = record_of(form, i);
        if (form->items.item[i].kind != LADDER_ITEM_STATE || record->side != side) {
            continue;
        }
        state = is_first ? record->as.state.from : state;
        is_first = false;
        put_band(form, side, from_y, form->y[i] - 9, state);
        from_y = form->y[i] - 9;
        state = record->as.state.to;
    }
    if (!is_first) {
        put_band(form, side, from_y, form->bottom_y, state);
    }
}

static const char *class_of(const struct ladder_record *record)
{
    uint16_t flags = record->segment.wire.flags;
    if (record->as.passage.fate == SYNFIN_FATE_LOST
        || record->as.passage.fate == SYNFIN_FATE_CORRUPTED || (flags & SYNFIN_TCP_RST) != 0) {
        return "bad";
    }
    if ((flags & SYNFIN_TCP_SYN) != 0) {
        return "open";
    }
    return (flags & SYNFIN_TCP_FIN) != 0 ? "shut" : "plain";
}

static void put_line(struct svg_form *form, uint32_t x1, uint32_t y1, uint32_t x2, uint32_t y2,
                     const char *class)
{
    ladder_words_print(&form->sink,
                       "<line x1=\"%" PRIu32 "\" y1=\"%" PRIu32 "\" x2=\"%" PRIu32
                       "\" y2=\"%" PRIu32 "\" class=\"%s\"/>\n",
                       x1, y1, x2, y2, class);
}

// Where the segment sent by item `i` arrives; `i` itself when it does not.
static size_t find_arrival(const struct svg_form *form, size_t i)
{
    for (size_t k = i + 1; k < form->items.used; k++) {
        if (form->items.item[k].kind == LADDER_ITEM_ARRIVE
            && form->items.item[k].record == form->items.item[i].record) {
            return k;
        }
    }
    return i;
}

static void put_lost(struct svg_form *form, size_t i, const struct ladder_record *record)
{
    bool is_a = record->side == SYNFIN_LINK_A;
    uint32_t x = is_a ? LINE_A_X + 350 : LINE_B_X - 350;
    uint32_t y = form->y[i] + FALL;
    put_line(form, line_x(record->side), form->y[i], x, y, "bad");
    if (record->as.passage.fate != SYNFIN_FATE_LOST) {
        put_label(form, is_a ? x + 12 : x - 12, y + 4, is_a ? "lost" : "lost end", "under way");
        return;
    }
    put_line(form, x - 6, y - 6, x + 6, y + 6, "bad cross");
    put_line(form, x - 6, y + 6, x + 6, y - 6, "bad cross");
    put_label(form, is_a ? x + 12 : x - 12, y + 4, is_a ? "lost" : "lost end", "lost");
}

static void put_arrow(struct svg_form *form, size_t i)
{
    const struct ladder_record *record = record_of(form, i);
    bool is_a = record->side == SYNFIN_LINK_A;
    struct ladder_phrase label = {0};
    ladder_words_add_label(&label, form->ladder, record, !form->ladder->is_brief);
    put_label(form, is_a ? LINE_A_X + 10 : LINE_B_X - 10, form->y[i] - 4,
              is_a ? "label" : "label end", label.text);
    size_t arrival = find_arrival(form, i);
    if (arrival == i) {
        put_lost(form, i, record);
        return;
    }
    bool is_whole =
        record->as.passage.fate == SYNFIN_FATE_DELIVERED && record->as.passage.origin == 0;
    const char *class = class_of(record);
    ladder_words_print(&form->sink, "<g class=\"%s\">", is_whole ? "whole" : "changed");
    ladder_words_print(&form->sink,
                       "<line x1=\"%" PRIu32 "\" y1=\"%" PRIu32 "\" x2=\"%" PRIu32
                       "\" y2=\"%" PRIu32 "\" class=\"%s\" marker-end=\"url(#head-%s)\"/></g>\n",
                       line_x(record->side), form->y[i], line_x(ladder_model_other(record->side)),
                       form->y[arrival], class, class);
}

// What stands at the right of an item.
static void add_remark(const struct svg_form *form, size_t i, struct ladder_phrase *remark)
{
    const struct ladder_item *item = &form->items.item[i];
    const struct ladder_record *record = record_of(form, i);
    bool is_fold = item->kind == LADDER_ITEM_FOLD;
    bool is_sending = item->kind == LADDER_ITEM_SEND;
    if (is_fold || item->kind == LADDER_ITEM_NOTE || item->kind == LADDER_ITEM_ARRIVE
        || ((is_sending || item->kind == LADDER_ITEM_STATE)
            && (record->reason == SYNFIN_REASON_UNKNOWN || form->ladder->is_brief))) {
        return;
    }
    ladder_words_add_flow(remark, form->ladder, record->flow);
    ladder_words_add(remark, "%s: ", form->ladder->name[record->side]);
    if (item->kind == LADDER_ITEM_RESULT) {
        ladder_words_add_outcome(remark, record);
        ladder_words_add(remark, "; ");
    }
    ladder_words_add(remark, "%s", record->kind == LADDER_KIND_DROPPED ? "dropped: " : "");
    ladder_words_add_reason(remark, record->reason);
    if (is_sending && record->as.passage.fate_reason != SYNFIN_REASON_UNKNOWN) {
        ladder_words_add(remark, "; ");
        ladder_words_add_reason(remark, record->as.passage.fate_reason);
    }
}

static void put_middle(struct svg_form *form, size_t i)
{
    const struct ladder_item *item = &form->items.item[i];
    struct ladder_phrase phrase = {0};
    uint32_t y = form->y[i];
    if (item->kind == LADDER_ITEM_FOLD) {
        ladder_words_add_fold(&phrase, form->ladder, &form->items.fold[item->record]);
    } else if (item->kind == LADDER_ITEM_NOTE) {
        ladder_words_add(&phrase, "%s", form->ladder->texts + record_of(form, i)->as.text);
    } else {
        ladder_words_add(&phrase, "%s ", form->ladder->name[record_of(form, i)->side]);
        ladder_words_add_wait(&phrase, record_of(form, i));
    }
    put_label(form, (LINE_A_X + LINE_B_X) / 2, y + 4, "middle", phrase.text);
}

static void put_item(struct svg_form *form, size_t i)
{
    struct ladder_phrase remark = {0};
    switch (form->items.item[i].kind) {
    case LADDER_ITEM_SEND: put_arrow(form, i); break;
    case LADDER_ITEM_WAIT:
    case LADDER_ITEM_NOTE:
    case LADDER_ITEM_FOLD: put_middle(form, i); break;
    case LADDER_ITEM_ARRIVE:
    case LADDER_ITEM_VERDICT:
    case LADDER_ITEM_STATE:
    case LADDER_ITEM_RESULT: break;
    }
    add_remark(form, i, &remark);
    if (remark.used > 0) {
        put_label(form, REASON_X, form->y[i] + 4, "remark", remark.text);
    }
}

static void put_times(struct svg_form *form)
{
    uint64_t shown_ns = UINT64_MAX;
    for (size_t i = 0; i < form->items.used; i++) {
        uint64_t t_ns = form->items.item[i].t_ns;
        struct ladder_phrase phrase = {0};
        if (t_ns != shown_ns) {
            ladder_words_add_moment(&phrase, form->ladder, t_ns);
            put_label(form, TIME_X, form->y[i] + 4, "time", phrase.text);
        }
        shown_ns = t_ns;
    }
}

static void put_marker(struct svg_form *form, const char *class)
{
    ladder_words_print(&form->sink,
                       "<marker id=\"head-%s\" viewBox=\"0 0 10 10\" refX=\"10\" refY=\"5\" "
                       "markerWidth=\"8\" markerHeight=\"8\" orient=\"auto\">"
                       "<path d=\"M0 1L10 5L0 9z\" class=\"tip %s\"/></marker>\n",
                       class, class);
}

static const char style_text[] =
    "<style>\n"
    "text{font:12px sans-serif;fill:#263238}\n"
    ".time,.end{text-anchor:end}\n"
    ".time,.remark,.address{fill:#607d8b}\n"
    ".remark,.address{font-size:11px}\n"
    ".state,.middle,.name,.address{text-anchor:middle}\n"
    ".state{font-size:11px;font-weight:bold}\n"
    ".name{font-size:15px;font-weight:bold}\n"
    ".label{font-family:monospace;font-size:11px}\n"
    ".label,.middle,.lost{paint-order:stroke;stroke:#ffffff;stroke-width:3px}\n"
    ".middle{font-style:italic}\n"
    ".lost{fill:#c62828;font-weight:bold}\n"
    "line{stroke-width:1.5}\n"
    ".end-line{stroke:#455a64;stroke-width:2}\n"
    ".plain{stroke:#455a64}.open{stroke:#2e7d32}.shut{stroke:#ef6c00}.bad{stroke:#c62828}\n"
    ".tip{stroke:none}.tip.plain{fill:#455a64}.tip.open{fill:#2e7d32}\n"
    ".tip.shut{fill:#ef6c00}.tip.bad{fill:#c62828}\n"
    ".changed line{stroke-dasharray:5 3}.cross{stroke-width:2.5}\n"
    "</style>\n";

static void put_head(struct svg_form *form)
{
    static const char *const classes[] = {"plain", "open", "shut", "bad"};
    ladder_words_print(&form->sink,
                       "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %" PRIu32
                       "\" width=\"%d\" height=\"%" PRIu32 "\">\n",
                       WIDTH, form->bottom_y + 20, WIDTH, form->bottom_y + 20);
    ladder_words_put(&form->sink, style_text);
    ladder_words_put(&form->sink, "<defs>\n");
    for (size_t i = 0; i < sizeof classes / sizeof classes[0]; i++) {
        put_marker(form, classes[i]);
    }
    ladder_words_put(&form->sink,
                     "</defs>\n<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n");
}

static void put_ends(struct svg_form *form)
{
    for (uint32_t i = 0; i < 2; i++) {
        enum synfin_link_side side = i == 0 ? SYNFIN_LINK_A : SYNFIN_LINK_B;
        char address[SYNFIN_ENDPOINT_TEXT_MAX];
        put_label(form, line_x(side), 36, "name", form->ladder->name[side]);
        if (form->ladder->flows_used > 0) {
            put_label(form, line_x(side), 54, "address",
                      synfin_endpoint_format(&form->ladder->flows[0].end[side], address));
        }
        if (!form->ladder->has_states[side]) {
            put_label(form, line_x(side), 70, "address", "(states not visible)");
        }
        put_bands(form, side);
        put_line(form, line_x(side), HEAD_Y - 8, line_x(side), form->bottom_y, "end-line");
    }
}

void synfin_ladder_svg(const synfin_ladder *ladder, synfin_write_fn write, void *ctx)
{
    struct svg_form form = {.ladder = ladder, .sink = {.write = write, .ctx = ctx}};
    enum synfin_error error = ladder_items_build(ladder, &form.items);
    form.y = calloc(form.items.used + 1, sizeof *form.y);
    if (error == SYNFIN_ERROR_OK && form.y != NULL) {
        place_items(&form);
        put_head(&form);
        put_ends(&form);
        put_times(&form);
        for (size_t i = 0; i < form.items.used; i++) {
            put_item(&form, i);
        }
        ladder_words_put(&form.sink, "</svg>\n");
    }
    free(form.y);
    ladder_items_free(&form.items);
}
