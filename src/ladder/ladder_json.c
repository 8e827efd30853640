// SPDX-License-Identifier: MIT
//
// The JSON form: one object per line and record, in the order in which they were fed, nothing
// folded and nothing left out, for programs.
#include <inttypes.h>
#include <string.h>

#include "ladder/ladder_utf8.h"
#include "ladder/ladder_words.h"

static void put_string(struct ladder_sink *sink, const char *text)
{
    size_t bytes = strlen(text);
    ladder_words_put(sink, "\"");
    for (size_t i = 0; i < bytes;) {
        uint8_t octet = (uint8_t)text[i];
        char out[5] = {0};
        uint32_t character = 0;
        i += ladder_utf8_decode(text + i, bytes - i, &character);
        if (octet == '"' || octet == '\\') {
            ladder_words_print(sink, "\\%c", octet);
        } else if (octet < 0x20) {
            ladder_words_print(sink, "\\u%04x", octet);
        } else {
            ladder_utf8_encode(character, out);
            ladder_words_put(sink, out);
        }
    }
    ladder_words_put(sink, "\"");
}

static void put_member(struct ladder_sink *sink, const char *name, const char *text)
{
    ladder_words_print(sink, ",\"%s\":", name);
    put_string(sink, text);
}

static void put_number(struct ladder_sink *sink, const char *name, uint64_t number)
{
    ladder_words_print(sink, ",\"%s\":%" PRIu64, name, number);
}

static void put_reason(struct ladder_sink *sink, enum synfin_reason reason)
{
    put_member(sink, "why", synfin_reason_text(reason));
    put_member(sink, "rfc", synfin_reason_clause(reason));
}

static void begin(struct ladder_sink *sink, const char *event, const struct ladder_record *record)
{
    ladder_words_print(sink, "{\"event\":\"%s\",\"t_ns\":%" PRIu64, event, record->t_ns);
}

static void put_options(struct ladder_sink *sink, const struct synfin_segment *wire)
{
    ladder_words_print(sink, ",\"options\":{\"sack_permitted\":%s,\"timestamps\":%s",
                       wire->has_sack_permitted ? "true" : "false",
                       wire->has_timestamps ? "true" : "false");
    if (wire->mss != 0) {
        put_number(sink, "mss", wire->mss);
    }
    if (wire->wscale_shift >= 0) {
        put_number(sink, "window_scale", (uint64_t)wire->wscale_shift);
    }
    if (wire->fastopen != SYNFIN_FASTOPEN_NONE) {
        bool is_request = wire->fastopen == SYNFIN_FASTOPEN_REQUEST;
        put_member(sink, "fastopen", is_request ? "request" : "cookie");
    }
    for (uint32_t i = 0; i < wire->accecn_fields && i < 3; i++) {
        static const char *const names[] = {"accecn_e0b", "accecn_ceb", "accecn_e1b"};
        put_number(sink, names[wire->accecn_kind == 172 ? i : 2 - i], wire->accecn[i]);
    }
    ladder_words_put(sink, "}");
}

static void put_sack(struct ladder_sink *sink, const struct synfin_segment *wire)
{
    const char *before = "";
    ladder_words_put(sink, ",\"sack\":[");
    for (uint32_t i = 0; i < wire->sack_blocks && i < SYNFIN_SACK_BLOCKS_MAX; i++) {
        ladder_words_print(sink, "%s[%" PRIu32 ",%" PRIu32 "]", before, wire->sack[i].left,
                           wire->sack[i].right);
        before = ",";
    }
    ladder_words_put(sink, "]");
}

static void put_segment(struct ladder_sink *sink, const struct ladder_record *record)
{
    const struct synfin_segment *wire = &record->segment.wire;
    struct ladder_phrase flags = {0};
    ladder_words_add_flags(&flags, wire->flags);
    put_member(sink, "flags", flags.text);
    put_number(sink, "seq", wire->seq);
    put_number(sink, "ack", wire->ack);
    put_number(sink, "rel_seq", record->segment.rel_seq);
    put_number(sink, "rel_ack", record->segment.rel_ack);
    put_number(sink, "len", wire->bytes);
    put_number(sink, "window", wire->window);
    if ((wire->flags & SYNFIN_TCP_SYN) != 0) {
        put_options(sink, wire);
    }
    if (wire->sack_blocks > 0) {
        put_sack(sink, wire);
    }
}

static void put_passage(struct ladder_sink *sink, const struct ladder_record *record)
{
    const struct ladder_passage *passage = &record->as.passage;
    put_member(sink, "fate", ladder_words_fate(passage->fate));
    if (passage->arrives_ns != SYNFIN_NEVER) {
        put_number(sink, "arrives_ns", passage->arrives_ns);
    }
    if (passage->fate_reason != SYNFIN_REASON_UNKNOWN) {
        put_member(sink, "fate_why", synfin_reason_text(passage->fate_reason));
    }
    put_reason(sink, record->reason);
}

static void put_sending(struct ladder_sink *sink, const synfin_ladder *ladder,
                        const struct ladder_record *record)
{
    if (record->kind == LADDER_KIND_PACKET) {
        begin(sink, "packet", record);
        put_member(sink, "src", ladder->name[record->side]);
        put_member(sink, "text", ladder->texts + record->as.passage.text);
    } else {
        begin(sink, "segment", record);
        put_number(sink, "conn", record->flow);
        put_member(sink, "src", ladder->name[record->side]);
        if (record->as.passage.origin != 0) {
            put_member(sink, "by", ladder->texts + record->as.passage.origin - 1);
        }
        put_segment(sink, record);
        put_number(sink, "try", record->as.passage.tries);
    }
    put_passage(sink, record);
}

static void put_host(struct ladder_sink *sink, const synfin_ladder *ladder, const char *event,
                     const struct ladder_record *record)
{
    begin(sink, event, record);
    if (record->flow != 0) {
        put_number(sink, "conn", record->flow);
    }
    put_member(sink, "host", ladder->name[record->side]);
}

static void put_verdict(struct ladder_sink *sink, const synfin_ladder *ladder,
                        const struct ladder_record *record)
{
    bool is_received = record->kind == LADDER_KIND_RECEIVED;
    put_host(sink, ladder, is_received ? "received" : "dropped", record);
    if (record->segment.has_wire) {
        put_segment(sink, record);
    }
    put_reason(sink, record->reason);
}

static void put_timer(struct ladder_sink *sink, const synfin_ladder *ladder,
                      const struct ladder_record *record)
{
    put_host(sink, ladder, "timer", record);
    put_member(sink, "timer", synfin_tcp_timer_name(record->as.timer.timer));
    put_number(sink, "count", record->as.timer.count);
    if (record->as.timer.has_waited) {
        put_number(sink, "waited_ns", record->as.timer.waited_ns);
    }
    put_reason(sink, record->reason);
}

static void put_result(struct ladder_sink *sink, const synfin_ladder *ladder,
                       const struct ladder_record *record)
{
    struct ladder_phrase outcome = {0};
    ladder_words_add_outcome(&outcome, record);
    put_host(sink, ladder, "result", record);
    put_member(sink, "outcome", outcome.text);
    put_member(sink, "error", synfin_error_name(record->as.error));
    put_reason(sink, record->reason);
}

static void put_record(struct ladder_sink *sink, const synfin_ladder *ladder,
                       const struct ladder_record *record)
{
    switch (record->kind) {
    case LADDER_KIND_SEGMENT:
    case LADDER_KIND_PACKET: put_sending(sink, ladder, record); break;
    case LADDER_KIND_RECEIVED:
    case LADDER_KIND_DROPPED: put_verdict(sink, ladder, record); break;
    case LADDER_KIND_STATE:
        put_host(sink, ladder, "state", record);
        put_member(sink, "from", synfin_tcp_state_name(record->as.state.from));
        put_member(sink, "to", synfin_tcp_state_name(record->as.state.to));
        put_reason(sink, record->reason);
        break;
    case LADDER_KIND_TIMER: put_timer(sink, ladder, record); break;
    case LADDER_KIND_NOTE:
        begin(sink, "note", record);
        put_member(sink, "text", ladder->texts + record->as.text);
        break;
    case LADDER_KIND_RESULT: put_result(sink, ladder, record); break;
    }
    ladder_words_put(sink, "}\n");
}

void synfin_ladder_json(const synfin_ladder *ladder, synfin_write_fn write, void *ctx)
{
    struct ladder_sink sink = {.write = write, .ctx = ctx};
    for (size_t i = 0; i < ladder->records_used; i++) {
        put_record(&sink, ladder, &ladder->records[i]);
    }
    if (ladder->is_cut) {
        ladder_words_put(&sink, "{\"event\":\"cut\"}\n");
    }
}
