// SPDX-License-Identifier: MIT
//
// The phrases that all three forms of a ladder share. All numbers are integers, so that the same
// input gives the same bytes everywhere.
#include "ladder/ladder_words.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

// Holds a clause together where a line is broken; written out as an ordinary space.
#define NO_BREAK_SPACE "\u00a0"

void ladder_words_add(struct ladder_phrase *phrase, const char *format, ...)
{
    va_list arguments;
    size_t room = sizeof phrase->text - phrase->used;
    va_start(arguments, format);
    int needed = vsnprintf(phrase->text + phrase->used, room, format, arguments);
    va_end(arguments);
    if (needed > 0) {
        phrase->used += (size_t)needed < room ? (size_t)needed : room - 1;
    }
}

// `number` thousandths, without zeros at the end.
static void add_thousandths(struct ladder_phrase *phrase, uint64_t number)
{
    uint64_t rest = number % 1000;
    ladder_words_add(phrase, "%" PRIu64, number / 1000);
    if (rest % 100 == 0 && rest != 0) {
        ladder_words_add(phrase, ".%" PRIu64, rest / 100);
    } else if (rest % 10 == 0 && rest != 0) {
        ladder_words_add(phrase, ".%02" PRIu64, rest / 10);
    } else if (rest != 0) {
        ladder_words_add(phrase, ".%03" PRIu64, rest);
    }
}

// Below one second: ns, then hundredths of a microsecond's or millisecond's multiple.
static void add_fraction(struct ladder_phrase *phrase, uint64_t ns)
{
    if (ns == 0) {
        ladder_words_add(phrase, "0");
    } else if (ns < 1000) {
        ladder_words_add(phrase, "%" PRIu64 " ns", ns);
    } else if (ns < 1000000) {
        add_thousandths(phrase, (ns + 5) / 10 * 10);
        ladder_words_add(phrase, " µs");
    } else {
        add_thousandths(phrase, (ns + 5000) / 10000 * 10);
        ladder_words_add(phrase, " ms");
    }
}

void ladder_words_add_time(struct ladder_phrase *phrase, uint64_t ns)
{
    uint64_t ms = (ns + 500000) / 1000000;
    if (ms < 1000) {
        add_fraction(phrase, ns);
    } else {
        ladder_words_add(phrase, "%" PRIu64 ".%03" PRIu64 " s", ms / 1000, ms % 1000);
    }
}

void ladder_words_add_moment(struct ladder_phrase *phrase, const synfin_ladder *ladder,
                             uint64_t t_ns)
{
    uint64_t first_ns = ladder->records_used > 0 ? ladder->records[0].t_ns : 0;
    if (ladder->counts_steps) {
        ladder_words_add(phrase, "step %" PRIu64, t_ns);
    } else {
        ladder_words_add_time(phrase, t_ns > first_ns ? t_ns - first_ns : 0);
    }
}

void ladder_words_add_span(struct ladder_phrase *phrase, uint64_t ns)
{
    uint64_t ms = (ns + 500000) / 1000000;
    if (ms < 1000) {
        add_fraction(phrase, ns);
    } else {
        add_thousandths(phrase, ms);
        ladder_words_add(phrase, " s");
    }
}

void ladder_words_add_number(struct ladder_phrase *phrase, uint64_t number)
{
    char digits[24];
    int count = snprintf(digits, sizeof digits, "%" PRIu64, number);
    for (int i = 0; i < count; i++) {
        bool is_group = i > 0 && (count - i) % 3 == 0;
        ladder_words_add(phrase, "%s%c", is_group ? "," : "", digits[i]);
    }
}

void ladder_words_add_flags(struct ladder_phrase *phrase, uint16_t flags)
{
    static const struct {
        uint16_t flag;
        const char *name;
    } table[] = {
        {SYNFIN_TCP_SYN, "SYN"}, {SYNFIN_TCP_FIN, "FIN"}, {SYNFIN_TCP_RST, "RST"},
        {SYNFIN_TCP_PSH, "PSH"}, {SYNFIN_TCP_ACK, "ACK"}, {SYNFIN_TCP_URG, "URG"},
        {SYNFIN_TCP_ECE, "ECE"}, {SYNFIN_TCP_CWR, "CWR"}, {SYNFIN_TCP_AE, "AE"},
    };
    const char *before = "";
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if ((flags & table[i].flag) != 0) {
            ladder_words_add(phrase, "%s%s", before, table[i].name);
            before = ",";
        }
    }
    if (*before == '\0') {
        ladder_words_add(phrase, "none");
    }
}

void ladder_words_add_ordinal(struct ladder_phrase *phrase, uint32_t number)
{
    static const char *const ending[] = {"th", "st", "nd", "rd"};
    bool is_teen = number % 100 >= 11 && number % 100 <= 13;
    bool is_special = !is_teen && number % 10 <= 3;
    ladder_words_add(phrase, "%" PRIu32 "%s", number, ending[is_special ? number % 10 : 0]);
}

void ladder_words_add_flow(struct ladder_phrase *phrase, const synfin_ladder *ladder, uint32_t flow)
{
    if (ladder->flows_used > 1 && flow != 0) {
        ladder_words_add(phrase, "#%" PRIu32 " ", flow);
    }
}

static void add_number(struct ladder_phrase *phrase, uint32_t relative, uint32_t absolute,
                       bool is_far, bool has_absolute)
{
    if (is_far) {
        ladder_words_add(phrase, "(%" PRIu32 ")", absolute);
        return;
    }
    ladder_words_add(phrase, "%" PRIu32, relative);
    if (has_absolute) {
        ladder_words_add(phrase, " (%" PRIu32 ")", absolute);
    }
}

void ladder_words_add_seq(struct ladder_phrase *phrase, const synfin_ladder *ladder,
                          const struct ladder_segment *segment, bool has_absolute)
{
    ladder_words_add(phrase, " seq ");
    if (ladder->counts_steps) {
        ladder_words_add(phrase, "%" PRIu32, segment->wire.seq);
    } else {
        add_number(phrase, segment->rel_seq, segment->wire.seq, segment->is_seq_far, has_absolute);
    }
}

static void add_ack(struct ladder_phrase *phrase, const synfin_ladder *ladder,
                    const struct ladder_segment *segment, bool has_absolute)
{
    ladder_words_add(phrase, " ack ");
    if (ladder->counts_steps) {
        ladder_words_add(phrase, "%" PRIu32, segment->wire.ack);
    } else {
        add_number(phrase, segment->rel_ack, segment->wire.ack, segment->is_ack_far, has_absolute);
    }
}

void ladder_words_add_label(struct ladder_phrase *phrase, const synfin_ladder *ladder,
                            const struct ladder_record *record, bool has_absolute)
{
    const struct ladder_segment *segment = &record->segment;
    const struct ladder_passage *passage = &record->as.passage;
    if (record->kind == LADDER_KIND_PACKET) {
        const char *text = ladder->texts + passage->text;
        const char *quote = strstr(text, " about "); // what an ICMP error quotes may be left out
        int shown = (int)(has_absolute || quote == NULL ? strlen(text) : (size_t)(quote - text));
        ladder_words_add(phrase, "%.*s", shown, text);
        return;
    }
    ladder_words_add_flow(phrase, ladder, record->flow);
    ladder_words_add_flags(phrase, segment->wire.flags);
    if (passage->origin != 0) {
        ladder_words_add(phrase, " (%s)", ladder->texts + passage->origin - 1);
    }
    if (passage->tries > 1) {
        ladder_words_add(phrase, " (");
        ladder_words_add_ordinal(phrase, passage->tries);
        ladder_words_add(phrase, " try)");
    }
    if (passage->fate == SYNFIN_FATE_DUPLICATED) {
        ladder_words_add(phrase, " (copy)");
    }
    ladder_words_add_seq(phrase, ladder, segment, has_absolute);
    if ((segment->wire.flags & SYNFIN_TCP_ACK) != 0) {
        add_ack(phrase, ladder, segment, has_absolute);
    }
    if (segment->wire.bytes > 0) {
        ladder_words_add(phrase, " len %" PRIu32, segment->wire.bytes);
    }
}

void ladder_words_add_reason(struct ladder_phrase *phrase, enum synfin_reason reason)
{
    const char *clause = synfin_reason_clause(reason);
    if (reason == SYNFIN_REASON_UNKNOWN) {
        return;
    }
    ladder_words_add(phrase, "%s", synfin_reason_text(reason));
    if (*clause == '\0') {
        return;
    }
    ladder_words_add(phrase, " ·" NO_BREAK_SPACE);
    for (; *clause != '\0'; clause++) {
        if (*clause == ' ') {
            ladder_words_add(phrase, NO_BREAK_SPACE);
        } else {
            ladder_words_add(phrase, "%c", *clause);
        }
    }
}

static void add_separated(struct ladder_phrase *phrase, size_t start, const char *text)
{
    ladder_words_add(phrase, "%s%s", phrase->used > start ? ", " : "", text);
}

// RFC 2883 §4: the first block is a duplicate when it is acknowledged, or lies in the second.
static bool is_duplicate(const struct synfin_segment *wire, uint32_t i)
{
    bool is_acked = (int32_t)(wire->sack[0].right - wire->ack) <= 0;
    bool is_in_second = wire->sack_blocks > 1
                        && (int32_t)(wire->sack[0].left - wire->sack[1].left) >= 0
                        && (int32_t)(wire->sack[1].right - wire->sack[0].right) >= 0;
    return i == 0 && (is_acked || is_in_second);
}

static void add_sack(struct ladder_phrase *phrase, size_t start,
                     const struct ladder_segment *segment)
{
    uint32_t irs = segment->wire.ack - segment->rel_ack;
    for (uint32_t i = 0; i < segment->wire.sack_blocks && i < SYNFIN_SACK_BLOCKS_MAX; i++) {
        add_separated(phrase, start, is_duplicate(&segment->wire, i) ? "twice " : "has ");
        ladder_words_add(phrase, "%" PRIu32 " to %" PRIu32, segment->wire.sack[i].left - irs,
                         segment->wire.sack[i].right - irs);
    }
}

static const char *fastopen_phrase(const struct synfin_segment *wire)
{
    if (wire->fastopen == SYNFIN_FASTOPEN_NONE) {
        return "";
    }
    bool is_request = wire->fastopen == SYNFIN_FASTOPEN_REQUEST;
    return is_request ? ", fastopen request" : ", fastopen cookie";
}

void ladder_words_add_options(struct ladder_phrase *phrase, const synfin_ladder *ladder,
                              const struct ladder_segment *segment)
{
    const struct synfin_segment *wire = &segment->wire;
    size_t start = phrase->used;
    if (ladder->counts_steps) {
        // A model's segment has a window where windows are what the model is about.
        if (wire->window != UINT16_MAX) {
            ladder_words_add(phrase, "window %u", wire->window);
        }
        return;
    }
    if ((wire->flags & SYNFIN_TCP_SYN) != 0) {
        ladder_words_add(phrase, "window %u", wire->window);
        if (wire->mss != 0) {
            ladder_words_add(phrase, ", mss %u", wire->mss);
        }
        if (wire->wscale_shift >= 0) {
            ladder_words_add(phrase, ", window scale %d", wire->wscale_shift);
        }
        ladder_words_add(phrase, "%s%s%s", wire->has_sack_permitted ? ", sack permitted" : "",
                         wire->has_timestamps ? ", timestamps" : "", fastopen_phrase(wire));
    } else if (wire->window == 0 && (wire->flags & SYNFIN_TCP_RST) == 0) {
        ladder_words_add(phrase, "window closed");
    }
    if ((wire->flags & SYNFIN_TCP_URG) != 0) {
        add_separated(phrase, start, "urgent");
    }
    if (wire->accecn_fields >= 2 && wire->accecn[1] > 0) {
        add_separated(phrase, start, "");
        ladder_words_add(phrase, "%u octets marked", wire->accecn[1]);
    }
    add_sack(phrase, start, segment);
}

void ladder_words_add_outcome(struct ladder_phrase *phrase, const struct ladder_record *result)
{
    if (result->as.error == SYNFIN_ERROR_OK) {
        bool is_open = result->reason == SYNFIN_REASON_OPENED;
        ladder_words_add(phrase, "%s", is_open ? "connected" : "closed");
        return;
    }
    for (const char *c = synfin_error_name(result->as.error); *c != '\0'; c++) {
        bool is_upper = *c >= 'A' && *c <= 'Z';
        ladder_words_add(phrase, "%c", *c == '_' ? '-' : is_upper ? *c - 'A' + 'a' : *c);
    }
}

// What the time was for, as the timer's owner sees it.
static const char *purpose_of(enum synfin_tcp_timer timer)
{
    switch (timer) {
    case SYNFIN_TCP_TIMER_RETRANSMIT: return "for an answer";
    case SYNFIN_TCP_TIMER_PERSIST: return "for the window to open";
    case SYNFIN_TCP_TIMER_DELAYED_ACK: return "for a second segment to acknowledge";
    case SYNFIN_TCP_TIMER_KEEPALIVE: return "while nothing is heard";
    case SYNFIN_TCP_TIMER_USER_TIMEOUT: return "for data to be acknowledged";
    case SYNFIN_TCP_TIMER_REORDER: return "for what is late";
    case SYNFIN_TCP_TIMER_TAIL_PROBE: return "for an acknowledgment of the last segment";
    case SYNFIN_TCP_TIMER_CORK: return "for a full segment";
    case SYNFIN_TCP_TIMER_PACE: return "for its turn at the pace";
    case SYNFIN_TCP_TIMER_LINGER: return "in a closing state";
    case SYNFIN_TCP_TIMER_COUNT: break;
    }
    return "";
}

void ladder_words_add_wait(struct ladder_phrase *phrase, const struct ladder_record *timer)
{
    enum synfin_tcp_timer kind = timer->as.timer.timer;
    ladder_words_add(phrase, "waits ");
    if (timer->as.timer.has_waited) {
        ladder_words_add_span(phrase, timer->as.timer.waited_ns);
        ladder_words_add(phrase, " ");
    }
    if (kind == SYNFIN_TCP_TIMER_LINGER && timer->as.timer.state != SYNFIN_TCP_STATE_CLOSED) {
        ladder_words_add(phrase, "in %s", synfin_tcp_state_name(timer->as.timer.state));
    } else {
        ladder_words_add(phrase, "%s", purpose_of(kind));
    }
    ladder_words_add(phrase, " (%s timer)", synfin_tcp_timer_name(kind));
}

static void add_counted(struct ladder_phrase *phrase, uint64_t number, const char *what)
{
    ladder_words_add_number(phrase, number);
    ladder_words_add(phrase, " %s%s", what, number == 1 ? "" : "s");
}

void ladder_words_add_fold(struct ladder_phrase *phrase, const synfin_ladder *ladder,
                           const struct ladder_fold *fold)
{
    ladder_words_add(phrase, "... ");
    for (uint32_t side = 0; side < 2; side++) {
        if (fold->data_segments[side] > 0) {
            add_counted(phrase, fold->data_segments[side], "segment");
            ladder_words_add(phrase, " from %s, ", ladder->name[side]);
            add_counted(phrase, fold->octets[side], "octet");
            ladder_words_add(phrase, "; ");
        }
    }
    for (uint32_t side = 0; side < 2; side++) {
        if (fold->acks[side] > 0) {
            add_counted(phrase, fold->acks[side], "acknowledgment");
            ladder_words_add(phrase, " from %s; ", ladder->name[side]);
        }
    }
    ladder_words_add_number(phrase, fold->retransmitted);
    ladder_words_add(phrase, " retransmitted, ");
    ladder_words_add_number(phrase, fold->lost);
    ladder_words_add(phrase, " lost ...");
}

const char *ladder_words_fate(enum synfin_fate fate)
{
    switch (fate) {
    case SYNFIN_FATE_DELIVERED: return "delivered";
    case SYNFIN_FATE_LOST: return "lost";
    case SYNFIN_FATE_CORRUPTED: return "corrupted";
    case SYNFIN_FATE_DUPLICATED: return "duplicated";
    }
    return "?";
}

void ladder_words_put(struct ladder_sink *sink, const char *text)
{
    size_t bytes = strlen(text);
    if (!sink->has_failed && bytes > 0) {
        sink->has_failed = !sink->write(sink->ctx, text, bytes);
    }
}

void ladder_words_print(struct ladder_sink *sink, const char *format, ...)
{
    char piece[1024];
    va_list arguments;
    va_start(arguments, format);
    int needed = vsnprintf(piece, sizeof piece, format, arguments);
    va_end(arguments);
    if (needed > 0) {
        ladder_words_put(sink, piece);
    }
}
