// SPDX-License-Identifier: MIT
//
// Feeding a ladder: passages of the link, trace events of both stacks, and the narrator's notes
// become records.
#include "ladder/ladder_model.h"

#include <stdlib.h>
#include <string.h>

#include "ladder/ladder_flow.h"

enum { WIDTH_DEFAULT = 100, WIDTH_MIN = 80, WIDTH_MAX = 240, PACKET_TEXT_MAX = 200 };

void synfin_ladder_config_default(struct synfin_ladder_config *config)
{
    memset(config, 0, sizeof *config);
    config->size = sizeof *config;
    config->name_a = "client";
    config->name_b = "server";
    config->width_columns = WIDTH_DEFAULT;
}

static void copy_name(char *out, const char *name, const char *fallback)
{
    const char *from = name != NULL ? name : fallback;
    size_t length = strlen(from);
    if (length >= LADDER_NAME_MAX) {
        length = LADDER_NAME_MAX - 1;
    }
    memcpy(out, from, length);
    out[length] = '\0';
}

enum synfin_error synfin_ladder_create(const struct synfin_ladder_config *config,
                                       synfin_ladder **out)
{
    synfin_ladder *ladder = calloc(1, sizeof *ladder);
    if (ladder == NULL) {
        return SYNFIN_ERROR_NO_MEMORY;
    }
    struct synfin_ladder_config chosen;
    synfin_ladder_config_default(&chosen);
    if (config != NULL) {
        size_t known = config->size < sizeof chosen ? config->size : sizeof chosen;
        memcpy(&chosen, config, known);
    }
    copy_name(ladder->name[0], chosen.name_a, "client");
    copy_name(ladder->name[1], chosen.name_b, "server");
    ladder->has_colour = chosen.has_colour != 0;
    ladder->counts_steps = chosen.counts_steps != 0;
    ladder->is_brief = chosen.is_brief != 0;
    ladder->fold_after = chosen.fold_after;
    uint32_t width = chosen.width_columns == 0 ? WIDTH_DEFAULT : chosen.width_columns;
    width = width < WIDTH_MIN ? WIDTH_MIN : width;
    ladder->width_columns = width > WIDTH_MAX ? WIDTH_MAX : width;
    *out = ladder;
    return SYNFIN_ERROR_OK;
}

void synfin_ladder_destroy(synfin_ladder *ladder)
{
    if (ladder != NULL) {
        free(ladder->records);
        free(ladder->flows);
        free(ladder->texts);
        free(ladder);
    }
}

// Adds an empty record; NULL when the ladder is, or now becomes, cut.
static struct ladder_record *add_record(synfin_ladder *ladder, enum ladder_kind kind,
                                        enum synfin_link_side side, uint64_t t_ns)
{
    if (ladder->records_used >= LADDER_RECORDS_MAX) {
        ladder->is_cut = true;
    }
    if (!ladder->is_cut && ladder->records_used == ladder->records_room) {
        size_t room = ladder->records_room == 0 ? 64 : ladder->records_room * 2;
        struct ladder_record *records = realloc(ladder->records, room * sizeof *records);
        ladder->is_cut = records == NULL;
        ladder->records = records != NULL ? records : ladder->records;
        ladder->records_room = records != NULL ? room : ladder->records_room;
    }
    if (ladder->is_cut) {
        return NULL;
    }
    struct ladder_record *record = &ladder->records[ladder->records_used];
    memset(record, 0, sizeof *record);
    uint64_t before_ns = ladder->records_used > 0 ? record[-1].at_ns : 0;
    ladder->records_used++;
    record->kind = kind;
    record->side = side;
    record->t_ns = t_ns;
    record->at_ns = t_ns > before_ns ? t_ns : before_ns;
    return record;
}

// Keeps a copy of `text` and gives its place; SIZE_MAX when there is no memory.
static size_t keep_text(synfin_ladder *ladder, const char *text)
{
    size_t bytes = strlen(text) + 1;
    if (ladder->texts_room - ladder->texts_used < bytes) {
        size_t room = ladder->texts_room * 2 + bytes + 256;
        char *texts = realloc(ladder->texts, room);
        if (texts == NULL) {
            ladder->is_cut = true;
            return SIZE_MAX;
        }
        ladder->texts = texts;
        ladder->texts_room = room;
    }
    size_t place = ladder->texts_used;
    memcpy(ladder->texts + place, text, bytes);
    ladder->texts_used += bytes;
    return place;
}

static void set_passage(const synfin_ladder *ladder, struct ladder_record *record,
                        const struct synfin_passage *passage)
{
    record->as.passage.origin = ladder->origin;
    record->reason = (enum synfin_reason)passage->packet->reason;
    record->as.passage.arrives_ns = passage->arrives_ns;
    record->as.passage.fate = passage->fate;
    record->as.passage.fate_reason = passage->fate_reason;
    record->as.passage.tries = 1;
}

static void add_packet(synfin_ladder *ladder, const struct synfin_passage *passage)
{
    char line[PACKET_TEXT_MAX] = "";
    (void)synfin_packet_print(passage->packet, passage->is_ethernet, line, sizeof line);
    size_t text = keep_text(ladder, line);
    struct ladder_record *record =
        add_record(ladder, LADDER_KIND_PACKET, passage->from, passage->sent_ns);
    if (record != NULL) {
        set_passage(ladder, record, passage);
        record->as.passage.text = text;
    }
}

void synfin_ladder_passage(void *ctx, const struct synfin_passage *passage)
{
    synfin_ladder *ladder = ctx;
    struct synfin_segment wire;
    if (!synfin_packet_segment(passage->packet, passage->is_ethernet, &wire)) {
        add_packet(ladder, passage);
        return;
    }
    enum synfin_link_side side = passage->from;
    struct synfin_endpoint end[2];
    end[side] = wire.src;
    end[ladder_model_other(side)] = wire.dst;
    uint32_t flow = ladder_flow_find(ladder, end);
    uint32_t tries = 1;
    if (flow != 0 && ladder->origin != 0) {
        ladder->flows[flow - 1].has_strangers = true;
    } else if (flow != 0 && passage->fate != SYNFIN_FATE_DUPLICATED) {
        tries = ladder_flow_tries(ladder, flow, side, &wire);
        ladder_flow_learn(&ladder->flows[flow - 1], side, &wire);
    }
    struct ladder_record *record = add_record(ladder, LADDER_KIND_SEGMENT, side, passage->sent_ns);
    if (record == NULL) {
        return;
    }
    set_passage(ladder, record, passage);
    record->flow = flow;
    record->segment.has_wire = true;
    record->segment.wire = wire;
    record->as.passage.tries = tries;
    if (flow != 0) {
        ladder_flow_relate(&ladder->flows[flow - 1], side, &record->segment);
    }
}

void synfin_ladder_origin(synfin_ladder *ladder, const char *who)
{
    size_t place = who != NULL ? keep_text(ladder, who) : SIZE_MAX;
    ladder->origin = place != SIZE_MAX ? place + 1 : 0;
}

static bool is_same_segment(const struct synfin_segment *a, const struct synfin_segment *b)
{
    return a->seq == b->seq && a->ack == b->ack && a->flags == b->flags && a->bytes == b->bytes;
}

// Finds the passage that `verdict`, the newest record, is about, and joins the two.
static void join_verdict(synfin_ladder *ladder, const struct ladder_record *verdict)
{
    enum synfin_link_side receiver = verdict->side;
    size_t last = ladder->records_used - 1;
    bool is_open_before = false;
    for (size_t i = ladder->first_open[receiver]; i < last; i++) {
        struct ladder_record *sent = &ladder->records[i];
        bool is_open = sent->kind == LADDER_KIND_SEGMENT && sent->side != receiver
                       && sent->as.passage.arrives_ns != SYNFIN_NEVER
                       && sent->as.passage.verdict == 0;
        if (is_open && sent->flow == verdict->flow && sent->as.passage.arrives_ns <= verdict->t_ns
            && is_same_segment(&sent->segment.wire, &verdict->segment.wire)) {
            sent->as.passage.verdict = last;
            return;
        }
        // What is due and was never judged will not be: the search need not see it again.
        is_open_before |= is_open && sent->as.passage.arrives_ns >= verdict->t_ns;
        if (!is_open_before) {
            ladder->first_open[receiver] = i + 1;
        }
    }
}

static void add_verdict(synfin_ladder *ladder, enum synfin_link_side side, uint32_t flow,
                        const struct synfin_trace_event *event)
{
    bool is_received = event->kind == SYNFIN_TRACE_SEGMENT_RECEIVED;
    enum ladder_kind kind = is_received ? LADDER_KIND_RECEIVED : LADDER_KIND_DROPPED;
    struct ladder_record *record = add_record(ladder, kind, side, event->t_ns);
    if (record == NULL) {
        return;
    }
    record->reason = event->reason;
    record->flow = flow;
    if (event->kind == SYNFIN_TRACE_PACKET_DROPPED) {
        return;
    }
    record->segment.has_wire = true;
    record->segment.wire = event->as.segment;
    if (flow != 0) {
        ladder_flow_relate(&ladder->flows[flow - 1], ladder_model_other(side), &record->segment);
    }
    join_verdict(ladder, record);
}

static void add_timer(synfin_ladder *ladder, enum synfin_link_side side, uint32_t flow,
                      const struct synfin_trace_event *event)
{
    enum synfin_tcp_timer timer = event->as.timer.timer;
    struct ladder_flow *known = flow != 0 ? &ladder->flows[flow - 1] : NULL;
    if (event->kind == SYNFIN_TRACE_TIMER_ARMED) {
        if (known != NULL) {
            known->is_armed[side][timer] = true;
            known->armed_ns[side][timer] = event->t_ns;
        }
        return;
    }
    struct ladder_record *record = add_record(ladder, LADDER_KIND_TIMER, side, event->t_ns);
    if (record == NULL) {
        return;
    }
    record->reason = event->reason;
    record->flow = flow;
    record->as.timer.timer = timer;
    record->as.timer.count = event->as.timer.count;
    if (known != NULL && known->is_armed[side][timer]) {
        record->as.timer.has_waited = true;
        record->as.timer.waited_ns = event->t_ns - known->armed_ns[side][timer];
        known->is_armed[side][timer] = false;
    }
    if (known != NULL) {
        record->as.timer.state = known->state[side];
    }
}

static uint32_t flow_of_event(synfin_ladder *ladder, enum synfin_link_side side,
                              const struct synfin_trace_event *event)
{
    struct synfin_endpoint end[2];
    end[side] = event->local;
    end[ladder_model_other(side)] = event->remote;
    return ladder_flow_find(ladder, end);
}

void synfin_ladder_trace(synfin_ladder *ladder, enum synfin_link_side side,
                         const struct synfin_trace_event *event)
{
    uint32_t flow = flow_of_event(ladder, side, event);
    struct ladder_record *record = NULL;
    ladder->has_states[side] = true;
    switch (event->kind) {
    case SYNFIN_TRACE_SEGMENT_RECEIVED:
    case SYNFIN_TRACE_SEGMENT_DROPPED:
    case SYNFIN_TRACE_PACKET_DROPPED: add_verdict(ladder, side, flow, event); return;
    case SYNFIN_TRACE_TIMER_ARMED:
    case SYNFIN_TRACE_TIMER_FIRED: add_timer(ladder, side, flow, event); return;
    case SYNFIN_TRACE_STATE:
        record = add_record(ladder, LADDER_KIND_STATE, side, event->t_ns);
        if (record != NULL) {
            record->as.state.from = event->as.state.from;
            record->as.state.to = event->as.state.to;
        }
        if (flow != 0) {
            ladder->flows[flow - 1].state[side] = event->as.state.to;
        }
        break;
    case SYNFIN_TRACE_OUTCOME:
        record = add_record(ladder, LADDER_KIND_RESULT, side, event->t_ns);
        if (record != NULL) {
            record->as.error = event->as.outcome.error;
        }
        break;
    case SYNFIN_TRACE_SEGMENT_SENT: // the link tells the same, with what became of it
    case SYNFIN_TRACE_SEGMENT_RETRANSMITTED:
    case SYNFIN_TRACE_CONGESTION:
    case SYNFIN_TRACE_BUFFER:
    case SYNFIN_TRACE_PATH_MTU:
    case SYNFIN_TRACE_KIND_COUNT: return;
    }
    if (record != NULL) {
        record->reason = event->reason;
        record->flow = flow;
    }
}

void synfin_ladder_note(synfin_ladder *ladder, uint64_t t_ns, const char *text)
{
    size_t place = keep_text(ladder, text);
    size_t length = strlen(ladder->name[1]);
    bool is_of_b = strncmp(text, ladder->name[1], length) == 0 && text[length] == ' ';
    enum synfin_link_side side = is_of_b ? SYNFIN_LINK_B : SYNFIN_LINK_A;
    struct ladder_record *record = add_record(ladder, LADDER_KIND_NOTE, side, t_ns);
    if (record != NULL) {
        record->as.text = place;
    }
}
