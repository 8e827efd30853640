// SPDX-License-Identifier: MIT
//
// From records to items, in four steps: every record gives its items, they are sorted into the
// order in which things happened, runs of data are folded, and crossing segments are found. An
// arrival stands before the record in which its receiver speaks of it; a receiver that is not
// traced (a real peer) says nothing, and then its time decides.
#include "ladder/ladder_items.h"

#include <stdlib.h>
#include <string.h>

// Of a folded run, so many data segments are still shown: the question and the answer's begin.
// Acknowledgments alone are shown for longer.
enum { SHOWN_OF_RUN = 2, ACKS_PER_SEGMENT = 2 };

// Items [from, to) that open, close and break nothing.
struct run {
    size_t from, to;
    uint32_t data_segments, acks;
};

// The first record behind `sent` that is not earlier than `t_ns`.
static size_t find_time(const synfin_ladder *ladder, size_t sent, uint64_t t_ns)
{
    size_t low = sent + 1;
    size_t high = ladder->records_used;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (ladder->records[middle].at_ns < t_ns) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static void push(struct ladder_items *items, enum ladder_item_kind kind, uint64_t t_ns,
                 size_t position, size_t record)
{
    items->item[items->used++] =
        (struct ladder_item){.kind = kind, .t_ns = t_ns, .position = position, .record = record};
}

// A stack says what it made of a segment after what it did for it: the arrival stands before all.
static size_t find_effects(const synfin_ladder *ladder, size_t verdict)
{
    const struct ladder_record *judged = &ladder->records[verdict];
    size_t first = verdict;
    while (first > 0) {
        const struct ladder_record *before = &ladder->records[first - 1];
        bool is_effect = before->kind == LADDER_KIND_STATE || before->kind == LADDER_KIND_RESULT;
        if (!is_effect || before->side != judged->side || before->t_ns != judged->t_ns) {
            break;
        }
        first--;
    }
    return first;
}

static void push_segment(const synfin_ladder *ladder, struct ladder_items *items, size_t i)
{
    const struct ladder_record *record = &ladder->records[i];
    const struct ladder_passage *passage = &record->as.passage;
    push(items, LADDER_ITEM_SEND, record->t_ns, i, i);
    if (passage->arrives_ns != SYNFIN_NEVER) {
        size_t position = passage->verdict != 0 ? find_effects(ladder, passage->verdict)
                                                : find_time(ladder, i, passage->arrives_ns);
        push(items, LADDER_ITEM_ARRIVE, passage->arrives_ns, position, i);
    }
}

// Received segments do what everyone expects; these do something worth a line.
static bool is_worth_a_line(enum synfin_reason received)
{
    return received == SYNFIN_REASON_RECEIVED_OUT_OF_ORDER
           || received == SYNFIN_REASON_RECEIVED_GAP_FILLED;
}

static void push_record(const synfin_ladder *ladder, struct ladder_items *items, size_t i)
{
    const struct ladder_record *record = &ladder->records[i];
    uint64_t t_ns = record->t_ns;
    switch (record->kind) {
    case LADDER_KIND_SEGMENT:
    case LADDER_KIND_PACKET: push_segment(ladder, items, i); break;
    case LADDER_KIND_RECEIVED:
        if (is_worth_a_line(record->reason)) {
            push(items, LADDER_ITEM_VERDICT, t_ns, i, i);
        }
        break;
    case LADDER_KIND_DROPPED: push(items, LADDER_ITEM_VERDICT, t_ns, i, i); break;
    case LADDER_KIND_STATE:
        // A connection that is made at a listener begins in LISTEN for no time at all; one that
        // returns there is gone.
        if (record->as.state.to != SYNFIN_TCP_STATE_LISTEN || record->flow == 0
            || record->as.state.from != SYNFIN_TCP_STATE_CLOSED) {
            push(items, LADDER_ITEM_STATE, t_ns, i, i);
        }
        break;
    case LADDER_KIND_TIMER:
        // The segment that a delayed acknowledgment's timer sends says so itself.
        if (record->as.timer.timer != SYNFIN_TCP_TIMER_DELAYED_ACK) {
            push(items, LADDER_ITEM_WAIT, t_ns, i, i);
        }
        break;
    case LADDER_KIND_NOTE: push(items, LADDER_ITEM_NOTE, t_ns, i, i); break;
    case LADDER_KIND_RESULT: push(items, LADDER_ITEM_RESULT, t_ns, i, i); break;
    }
}

static int compare(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

static int compare_items(const void *left, const void *right)
{
    const struct ladder_item *a = left;
    const struct ladder_item *b = right;
    bool a_is_arrival = a->kind == LADDER_ITEM_ARRIVE;
    bool b_is_arrival = b->kind == LADDER_ITEM_ARRIVE;
    int order = compare(a->position, b->position);
    if (order == 0) {
        order = compare(b_is_arrival, a_is_arrival);
    }
    if (order == 0) {
        order = compare(a->t_ns, b->t_ns);
    }
    return order != 0 ? order : compare(a->record, b->record);
}

// A mark of congestion, the first that is heard of it, and what is said of the cut.
static bool is_about_marks(const struct ladder_record *record)
{
    return record->as.passage.fate_reason == SYNFIN_REASON_LINK_MARKED
           || record->reason == SYNFIN_REASON_SEND_ACK_MARKED
           || record->reason == SYNFIN_REASON_SEND_ACK_MARKS
           || record->reason == SYNFIN_REASON_SEND_DATA_CWR;
}

// Data and its acknowledgments, which open, close and break nothing.
static bool is_plain(const synfin_ladder *ladder, const struct ladder_item *item)
{
    const struct ladder_record *record = &ladder->records[item->record];
    switch (item->kind) {
    case LADDER_ITEM_SEND:
    case LADDER_ITEM_ARRIVE:
        return record->kind == LADDER_KIND_SEGMENT && record->as.passage.origin == 0
               && !is_about_marks(record) && record->reason != SYNFIN_REASON_SEND_MTU_PROBE
               && (record->segment.wire.flags & (SYNFIN_TCP_SYN | SYNFIN_TCP_FIN | SYNFIN_TCP_RST))
                      == 0;
    case LADDER_ITEM_VERDICT: return record->kind == LADDER_KIND_RECEIVED;
    case LADDER_ITEM_STATE:
    case LADDER_ITEM_WAIT:
    case LADDER_ITEM_NOTE:
    case LADDER_ITEM_RESULT:
    case LADDER_ITEM_FOLD: break;
    }
    return false;
}

static bool is_sending(const synfin_ladder *ladder, const struct ladder_item *item, bool is_data)
{
    return item->kind == LADDER_ITEM_SEND
           && ladder->records[item->record].kind == LADDER_KIND_SEGMENT
           && (ladder->records[item->record].segment.wire.bytes > 0) == is_data;
}

static void count_into(const synfin_ladder *ladder, const struct ladder_item *item,
                       struct ladder_fold *fold)
{
    const struct ladder_record *record = &ladder->records[item->record];
    if (item->kind != LADDER_ITEM_SEND) {
        return;
    }
    uint32_t bytes = record->segment.wire.bytes;
    fold->data_segments[record->side] += bytes > 0;
    fold->acks[record->side] += bytes == 0;
    fold->octets[record->side] += bytes;
    fold->retransmitted += record->as.passage.tries > 1;
    fold->lost += record->as.passage.fate == SYNFIN_FATE_LOST;
}

// The first item of the run that is not shown: the sending of data, or of an acknowledgment where
// there is little data.
static size_t skip_shown(const synfin_ladder *ladder, const struct ladder_items *items,
                         struct run run, bool is_data)
{
    uint32_t shown = 0;
    size_t i = run.from;
    while (i < run.to && shown + is_sending(ladder, &items->item[i], is_data) <= SHOWN_OF_RUN) {
        shown += is_sending(ladder, &items->item[i], is_data);
        i++;
    }
    return i;
}

// Makes one FOLD of the run, and marks the records whose items go.
static void fold_run(const synfin_ladder *ladder, struct ladder_items *items, bool *is_hidden,
                     struct run run)
{
    struct ladder_fold *counts = &items->fold[items->folds];
    memset(counts, 0, sizeof *counts);
    for (size_t i = run.from; i < run.to; i++) {
        if (items->item[i].kind != LADDER_ITEM_ARRIVE) {
            is_hidden[items->item[i].record] = true;
        }
        count_into(ladder, &items->item[i], counts);
        counts->until_ns = items->item[i].t_ns;
    }
    items->item[run.from].kind = LADDER_ITEM_FOLD;
    items->item[run.from].record = items->folds++;
}

static void drop_hidden(struct ladder_items *items, const bool *is_hidden)
{
    size_t used = 0;
    for (size_t i = 0; i < items->used; i++) {
        if (items->item[i].kind == LADDER_ITEM_FOLD || !is_hidden[items->item[i].record]) {
            items->item[used++] = items->item[i];
        }
    }
    items->used = used;
}

// Where the plain items from `from` on end; counts what they send.
static struct run find_run(const synfin_ladder *ladder, const struct ladder_items *items,
                           size_t from)
{
    struct run run = {.from = from, .to = from};
    while (run.to < items->used && is_plain(ladder, &items->item[run.to])) {
        run.data_segments += is_sending(ladder, &items->item[run.to], true);
        run.acks += is_sending(ladder, &items->item[run.to], false);
        run.to++;
    }
    return run;
}

static void fold_runs(const synfin_ladder *ladder, struct ladder_items *items, bool *is_hidden)
{
    uint32_t limit = ladder->fold_after > SHOWN_OF_RUN ? ladder->fold_after : SHOWN_OF_RUN;
    size_t i = 0;
    while (i < items->used) {
        struct run run = find_run(ladder, items, i);
        bool is_data = run.data_segments > limit;
        i = run.to > i ? run.to : i + 1;
        if (is_data || run.acks > ACKS_PER_SEGMENT * limit) {
            run.from = skip_shown(ladder, items, run, is_data);
            fold_run(ladder, items, is_hidden, run);
        }
    }
    drop_hidden(items, is_hidden);
}

// Whether `between`, which stands after the sending of `sent` and before its arrival, must be
// seen to do so. What the same end sends behind it changes nothing for the eye.
static bool is_crossed_by(const synfin_ladder *ladder, size_t sent,
                          const struct ladder_item *between)
{
    enum synfin_link_side sender = ladder->records[sent].side;
    if (between->kind == LADDER_ITEM_FOLD || between->kind == LADDER_ITEM_NOTE) {
        return false;
    }
    const struct ladder_record *other = &ladder->records[between->record];
    if (between->kind == LADDER_ITEM_ARRIVE) {
        return other->side != sender || between->record > sent;
    }
    // What the receiver does in the moment of the arrival belongs to a segment right before it.
    bool is_same_moment = between->kind != LADDER_ITEM_SEND
                          && between->t_ns == ladder->records[sent].as.passage.arrives_ns;
    return other->side != sender && !is_same_moment;
}

// Marks, by record, the segment sent by item `i` when something comes before its arrival, and what
// the other end sends in that time: the two cross.
static void find_crossing(const synfin_ladder *ladder, const struct ladder_items *items, size_t i,
                          bool *is_crossing)
{
    size_t sent = items->item[i].record;
    for (size_t k = i + 1; k < items->used; k++) {
        const struct ladder_item *between = &items->item[k];
        if (between->kind == LADDER_ITEM_ARRIVE && between->record == sent) {
            return;
        }
        if (is_crossed_by(ladder, sent, between)) {
            is_crossing[sent] = true;
            is_crossing[between->record] |= between->kind == LADDER_ITEM_SEND;
        }
    }
}

static void find_crossings(const synfin_ladder *ladder, struct ladder_items *items,
                           bool *is_crossing)
{
    for (size_t i = 0; i < items->used; i++) {
        const struct ladder_item *item = &items->item[i];
        if (item->kind == LADDER_ITEM_SEND
            && ladder->records[item->record].as.passage.arrives_ns != SYNFIN_NEVER) {
            find_crossing(ladder, items, i, is_crossing);
        }
    }
    for (size_t i = 0; i < items->used; i++) {
        struct ladder_item *item = &items->item[i];
        bool is_segment = item->kind == LADDER_ITEM_SEND || item->kind == LADDER_ITEM_ARRIVE;
        item->is_crossing = is_segment && is_crossing[item->record]
                            && ladder->records[item->record].as.passage.arrives_ns != SYNFIN_NEVER;
    }
}

enum synfin_error ladder_items_build(const synfin_ladder *ladder, struct ladder_items *out)
{
    size_t records = ladder->records_used;
    memset(out, 0, sizeof *out);
    out->item = calloc(2 * records + 1, sizeof *out->item);
    out->fold = calloc(records / (SHOWN_OF_RUN + 1) + 1, sizeof *out->fold);
    bool *marks = calloc(2 * records + 1, sizeof *marks); // by record: hidden; then: crossing
    if (out->item == NULL || out->fold == NULL || marks == NULL) {
        free(marks);
        ladder_items_free(out);
        return SYNFIN_ERROR_NO_MEMORY;
    }
    for (size_t i = 0; i < records; i++) {
        push_record(ladder, out, i);
    }
    qsort(out->item, out->used, sizeof *out->item, compare_items);
    if (ladder->fold_after > 0) {
        fold_runs(ladder, out, marks);
    }
    find_crossings(ladder, out, marks + records);
    free(marks);
    return SYNFIN_ERROR_OK;
}

void ladder_items_free(struct ladder_items *items)
{
    free(items->item);
    free(items->fold);
    memset(items, 0, sizeof *items);
}
