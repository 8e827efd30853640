// SPDX-License-Identifier: MIT
//
// The text form: every item becomes one or a few rows. A segment is an arrow with its numbers,
// and beneath it, near its sender, what else it says and why it was sent.
#include <inttypes.h>
#include <string.h>

#include "ladder/ladder_paint.h"

enum { FILL_WHOLE = 0x2500, FILL_COPY = 0x254c, FILL_CORRUPTED = '~', FILL_LATER = 0x2508 };

// Without a timer to name, a silence from this length on gets a row of its own.
#define SILENCE_NS UINT64_C(500000000)

struct text_form {
    struct ladder_painter painter;
    struct ladder_items items;
    enum synfin_reason last_reason; // so that an outcome does not repeat its cause
    uint64_t last_ns;
};

static enum ladder_style style_of(const struct ladder_record *record)
{
    uint16_t flags = record->segment.wire.flags;
    if (record->kind == LADDER_KIND_PACKET) {
        return LADDER_STYLE_DIM;
    }
    if ((flags & SYNFIN_TCP_RST) != 0) {
        return LADDER_STYLE_BAD;
    }
    if ((flags & SYNFIN_TCP_SYN) != 0) {
        return LADDER_STYLE_OPEN;
    }
    return (flags & SYNFIN_TCP_FIN) != 0 ? LADDER_STYLE_CLOSE : LADDER_STYLE_PLAIN;
}

// What stands beneath an arrow, one paragraph: absolute numbers that did not fit, and options.
static void add_details(struct ladder_phrase *phrase, const synfin_ladder *ladder,
                        const struct ladder_record *record, bool has_absolute)
{
    const struct synfin_segment *wire = &record->segment.wire;
    if (record->kind != LADDER_KIND_SEGMENT) {
        return;
    }
    if (!has_absolute && !ladder->counts_steps) {
        ladder_words_add(phrase, "(seq %" PRIu32, wire->seq);
        if ((wire->flags & SYNFIN_TCP_ACK) != 0) {
            ladder_words_add(phrase, ", ack %" PRIu32, wire->ack);
        }
        ladder_words_add(phrase, ") ");
    }
    if (record->as.passage.tries == 1) {
        ladder_words_add_options(phrase, ladder, &record->segment);
    }
}

static uint32_t fill_of(const struct ladder_passage *passage, bool is_late)
{
    switch (passage->fate) {
    case SYNFIN_FATE_DELIVERED:
    case SYNFIN_FATE_LOST:
        if (is_late) {
            return FILL_LATER;
        }
        return passage->origin != 0 ? FILL_COPY : FILL_WHOLE;
    case SYNFIN_FATE_CORRUPTED: return FILL_CORRUPTED;
    case SYNFIN_FATE_DUPLICATED: return FILL_COPY;
    }
    return FILL_WHOLE;
}

// Still on the link where the ladder ends.
static bool is_under_way(const struct ladder_passage *passage)
{
    return passage->arrives_ns == SYNFIN_NEVER && passage->fate != SYNFIN_FATE_LOST;
}

static void begin_row(struct text_form *form)
{
    ladder_paint_begin(&form->painter, false);
}

// A paragraph near `side`, in rows of its own.
static void write_words(struct text_form *form, enum synfin_link_side side, const char *text,
                        enum ladder_style style)
{
    if (*text != '\0') {
        begin_row(form);
        ladder_paint_words(&form->painter, side, text, style);
    }
}

static void write_reason(struct text_form *form, const struct ladder_record *record)
{
    struct ladder_phrase phrase = {0};
    if (record->reason != SYNFIN_REASON_UNKNOWN && !form->painter.ladder->is_brief) {
        ladder_words_add_reason(&phrase, record->reason);
        write_words(form, record->side, phrase.text, LADDER_STYLE_DIM);
    }
    form->last_reason = record->reason;
}

static void write_fate(struct text_form *form, const struct ladder_record *record, bool is_late)
{
    const struct ladder_passage *passage = &record->as.passage;
    struct ladder_phrase phrase = {0};
    if (passage->fate_reason != SYNFIN_REASON_UNKNOWN && !form->painter.ladder->is_brief) {
        ladder_words_add_reason(&phrase, passage->fate_reason);
    }
    if (is_late) {
        ladder_words_add(&phrase, "%sarrives at ", phrase.used > 0 ? ", " : "");
        ladder_words_add_moment(&phrase, form->painter.ladder, passage->arrives_ns);
    }
    write_words(form, record->side, phrase.text, LADDER_STYLE_BAD);
}

static void write_sending(struct text_form *form, const struct ladder_item *item)
{
    struct ladder_painter *painter = &form->painter;
    const struct ladder_record *record = &painter->ladder->records[item->record];
    struct ladder_phrase label = {0};
    struct ladder_phrase details = {0};
    uint8_t lane = LADDER_NO_LANE;
    if (item->is_crossing) {
        lane = ladder_paint_take_lane(painter, record->side, item->record);
    }
    bool is_late = item->is_crossing && lane == LADDER_NO_LANE;
    bool wants_absolute = !painter->ladder->is_brief;
    ladder_words_add_label(&label, painter->ladder, record, wants_absolute);
    bool has_absolute = ladder_canvas_width(label.text, label.used) <= ladder_paint_room(painter);
    if (!has_absolute) {
        label.used = 0;
        ladder_words_add_label(&label, painter->ladder, record, false);
    }
    if (!painter->ladder->is_brief) {
        add_details(&details, painter->ladder, record, has_absolute);
    }
    begin_row(form);
    ladder_paint_time(painter, item->t_ns);
    ladder_paint_arrow(painter, &(struct ladder_arrow){
                                    .side = record->side,
                                    .label = label.text,
                                    .style = style_of(record),
                                    .fill = fill_of(&record->as.passage, is_late),
                                    .lane = lane,
                                    .is_lost = record->as.passage.fate == SYNFIN_FATE_LOST,
                                    .is_under_way = is_under_way(&record->as.passage),
                                });
    ladder_paint_end(painter);
    write_words(form, record->side, details.text, LADDER_STYLE_PLAIN);
    write_reason(form, record);
    write_fate(form, record, is_late);
}

static void write_arrival(struct text_form *form, const struct ladder_item *item)
{
    struct ladder_painter *painter = &form->painter;
    const struct ladder_record *record = &painter->ladder->records[item->record];
    uint8_t lane = ladder_paint_find_lane(painter, record->side, item->record);
    struct ladder_phrase label = {0};
    if (lane == LADDER_NO_LANE) {
        return;
    }
    if (record->kind == LADDER_KIND_SEGMENT) {
        ladder_words_add_flow(&label, painter->ladder, record->flow);
        ladder_words_add_flags(&label, record->segment.wire.flags);
        ladder_words_add_seq(&label, painter->ladder, &record->segment, false);
        ladder_words_add(&label, " ");
    }
    ladder_words_add(&label, "arrives");
    begin_row(form);
    ladder_paint_time(painter, item->t_ns);
    ladder_paint_arrival(painter, &(struct ladder_arrow){
                                      .side = record->side,
                                      .label = label.text,
                                      .style = style_of(record),
                                      .fill = fill_of(&record->as.passage, false),
                                      .lane = lane,
                                  });
    ladder_paint_end(painter);
}

static void write_verdict(struct text_form *form, const struct ladder_record *record)
{
    bool is_dropped = record->kind == LADDER_KIND_DROPPED;
    struct ladder_phrase phrase = {0};
    // What is withheld was never a packet.
    bool is_withheld = record->reason == SYNFIN_REASON_DROP_AMPLIFICATION;
    ladder_words_add(&phrase, "%s", is_withheld ? "✗ " : is_dropped ? "✗ drops " : "");
    if (record->segment.has_wire) {
        ladder_words_add_flow(&phrase, form->painter.ladder, record->flow);
        ladder_words_add_flags(&phrase, record->segment.wire.flags);
        ladder_words_add_seq(&phrase, form->painter.ladder, &record->segment, false);
        ladder_words_add(&phrase, ": ");
    } else {
        ladder_words_add(&phrase, "%s", is_withheld ? "" : "a packet: ");
    }
    ladder_words_add_reason(&phrase, record->reason);
    begin_row(form);
    ladder_paint_time(&form->painter, record->t_ns);
    ladder_paint_words(&form->painter, record->side, phrase.text,
                       is_dropped ? LADDER_STYLE_BAD : LADDER_STYLE_DIM);
}

static void write_state(struct text_form *form, const struct ladder_record *record)
{
    struct ladder_phrase phrase = {0};
    ladder_words_add_flow(&phrase, form->painter.ladder, record->flow);
    if (!form->painter.ladder->is_brief) {
        ladder_words_add_reason(&phrase, record->reason);
    }
    begin_row(form);
    ladder_paint_time(&form->painter, record->t_ns);
    ladder_paint_state(&form->painter, record->side, record->as.state.to);
    ladder_paint_words(&form->painter, record->side, phrase.text, LADDER_STYLE_DIM);
    form->last_reason = record->reason;
}

static void write_wait(struct text_form *form, const struct ladder_record *record)
{
    struct ladder_phrase phrase = {0};
    ladder_words_add_flow(&phrase, form->painter.ladder, record->flow);
    ladder_words_add(&phrase, "%s ", form->painter.ladder->name[record->side]);
    ladder_words_add_wait(&phrase, record);
    ladder_paint_begin(&form->painter, true);
    ladder_paint_words(&form->painter, record->side, phrase.text, LADDER_STYLE_NAME);
}

static void write_result(struct text_form *form, const struct ladder_record *record)
{
    bool is_good = record->as.error == SYNFIN_ERROR_OK;
    struct ladder_phrase phrase = {0};
    ladder_words_add(&phrase, "%s ", is_good ? "✓" : "✗");
    ladder_words_add_flow(&phrase, form->painter.ladder, record->flow);
    ladder_words_add_outcome(&phrase, record);
    if (!is_good) {
        ladder_words_add(&phrase, ": %s", synfin_error_text(record->as.error));
    }
    if (record->reason != form->last_reason && record->reason != SYNFIN_REASON_UNKNOWN
        && !form->painter.ladder->is_brief) {
        ladder_words_add(&phrase, "%s", is_good ? ": " : "; ");
        ladder_words_add_reason(&phrase, record->reason);
    }
    begin_row(form);
    ladder_paint_time(&form->painter, record->t_ns);
    ladder_paint_words(&form->painter, record->side, phrase.text,
                       is_good ? LADDER_STYLE_GOOD : LADDER_STYLE_BAD);
}

static void write_note(struct text_form *form, const struct ladder_record *record)
{
    struct ladder_phrase phrase = {0};
    ladder_words_add(&phrase, "» %s", form->painter.ladder->texts + record->as.text);
    begin_row(form);
    ladder_paint_time(&form->painter, record->t_ns);
    ladder_paint_words(&form->painter, record->side, phrase.text, LADDER_STYLE_NAME);
}

static void write_fold(struct text_form *form, const struct ladder_item *item)
{
    const struct ladder_fold *fold = &form->items.fold[item->record];
    struct ladder_phrase phrase = {0};
    form->last_ns = fold->until_ns;
    ladder_words_add_fold(&phrase, form->painter.ladder, fold);
    ladder_paint_begin(&form->painter, true);
    ladder_paint_time(&form->painter, item->t_ns);
    ladder_paint_words(&form->painter, SYNFIN_LINK_A, phrase.text, LADDER_STYLE_NAME);
}

static void write_silence(struct text_form *form, const struct ladder_item *item)
{
    struct ladder_phrase phrase = {0};
    bool is_shown =
        item->kind == LADDER_ITEM_WAIT || (item->kind == LADDER_ITEM_ARRIVE && !item->is_crossing);
    if (!is_shown && item->t_ns >= form->last_ns + SILENCE_NS && form->painter.has_shown) {
        ladder_words_add_span(&phrase, item->t_ns - form->last_ns);
        ladder_words_add(&phrase, " later");
        ladder_paint_begin(&form->painter, true);
        ladder_paint_words(&form->painter, SYNFIN_LINK_A, phrase.text, LADDER_STYLE_DIM);
    }
    form->last_ns = item->t_ns > form->last_ns ? item->t_ns : form->last_ns;
}

static void write_item(struct text_form *form, const struct ladder_item *item)
{
    const struct ladder_record *record = &form->painter.ladder->records[item->record];
    write_silence(form, item);
    switch (item->kind) {
    case LADDER_ITEM_SEND: write_sending(form, item); break;
    case LADDER_ITEM_ARRIVE: write_arrival(form, item); break;
    case LADDER_ITEM_VERDICT: write_verdict(form, record); break;
    case LADDER_ITEM_STATE: write_state(form, record); break;
    case LADDER_ITEM_WAIT: write_wait(form, record); break;
    case LADDER_ITEM_NOTE: write_note(form, record); break;
    case LADDER_ITEM_RESULT: write_result(form, record); break;
    case LADDER_ITEM_FOLD: write_fold(form, item); break;
    }
}

// One text for each end, above its line.
static void write_heading(struct text_form *form, const char *const text[2],
                          enum ladder_style style)
{
    struct ladder_painter *painter = &form->painter;
    uint32_t columns = painter->ladder->width_columns;
    uint32_t width[2];
    for (uint32_t side = 0; side < 2; side++) {
        width[side] = ladder_canvas_width(text[side], strlen(text[side]));
    }
    uint32_t a = width[0] <= painter->line[0] ? painter->line[0] + 1 - width[0] : 0;
    uint32_t b = painter->line[1];
    if (b + width[1] > columns) {
        b = width[1] < columns ? columns - width[1] : 0;
    }
    ladder_canvas_clear(&painter->canvas, columns);
    ladder_canvas_write(&painter->canvas, a, text[0], strlen(text[0]), style);
    ladder_canvas_write(&painter->canvas, b, text[1], strlen(text[1]), style);
    ladder_paint_end(painter);
}

static void write_head(struct text_form *form)
{
    const synfin_ladder *ladder = form->painter.ladder;
    const char *const names[2] = {ladder->name[0], ladder->name[1]};
    write_heading(form, names, LADDER_STYLE_NAME);
    if (ladder->flows_used > 0) {
        char text[2][SYNFIN_ENDPOINT_TEXT_MAX];
        const char *const ends[2] = {synfin_endpoint_format(&ladder->flows[0].end[0], text[0]),
                                     synfin_endpoint_format(&ladder->flows[0].end[1], text[1])};
        write_heading(form, ends, LADDER_STYLE_DIM);
    }
    if (!ladder->has_states[0] || !ladder->has_states[1]) {
        const char *const unknown[2] = {ladder->has_states[0] ? "" : "(states not visible)",
                                        ladder->has_states[1] ? "" : "(states not visible)"};
        write_heading(form, unknown, LADDER_STYLE_DIM);
    }
}

void synfin_ladder_text(const synfin_ladder *ladder, synfin_write_fn write, void *ctx)
{
    struct ladder_sink sink = {.write = write, .ctx = ctx};
    struct text_form form = {0};
    if (ladder_items_build(ladder, &form.items) != SYNFIN_ERROR_OK) {
        ladder_words_put(&sink, "no memory to draw the ladder\n");
        return;
    }
    ladder_paint_init(&form.painter, ladder, &sink);
    form.last_ns = form.painter.first_ns;
    write_head(&form);
    for (size_t i = 0; i < form.items.used; i++) {
        write_item(&form, &form.items.item[i]);
    }
    if (ladder->is_cut) {
        ladder_words_put(&sink, "what followed was not recorded: the ladder is full\n");
    }
    ladder_items_free(&form.items);
}
