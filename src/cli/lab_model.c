// SPDX-License-Identifier: MIT
//
// From the rows of a counterexample to a ladder: its segments become packets between the ends'
// addresses, its events notes, and the last two columns changes of state. A row is
//
//     step | host | event | segment | fate | A | B
#include "cli/lab_model.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/lab_forge.h"

enum { COLUMNS = 7, CELL_MAX = 64, ROWS_MAX = 64, CLIENT_PORT = 5000, SERVER_PORT = 80 };

enum column {
    COLUMN_STEP,
    COLUMN_HOST,
    COLUMN_EVENT,
    COLUMN_SEGMENT,
    COLUMN_FATE,
    COLUMN_A,
    COLUMN_B
};

struct row {
    char cell[COLUMNS][CELL_MAX];
};

struct history {
    synfin_ladder *ladder;
    struct row row[ROWS_MAX];
    size_t rows;
    enum synfin_tcp_state state[2];
    uint64_t number; // of passages
};

static struct synfin_endpoint endpoint_of(enum synfin_link_side side)
{
    bool is_a = side == SYNFIN_LINK_A;
    return (struct synfin_endpoint){.addr = synfin_addr_ipv4(192, 0, 2, is_a ? 1 : 2),
                                    .port = is_a ? CLIENT_PORT : SERVER_PORT};
}

static enum synfin_link_side other_side(enum synfin_link_side side)
{
    return side == SYNFIN_LINK_A ? SYNFIN_LINK_B : SYNFIN_LINK_A;
}

static void copy_trimmed(char *out, size_t capacity, const char *text, size_t length)
{
    while (length > 0 && *text == ' ') {
        text++;
        length--;
    }
    while (length > 0 && text[length - 1] == ' ') {
        length--;
    }
    length = length < capacity ? length : capacity - 1;
    memcpy(out, text, length);
    out[length] = '\0';
}

// "name: value" of the head, when the line is one.
static bool read_head(const char *line, size_t length, struct lab_model_head *head)
{
    struct {
        const char *name;
        char *value;
    } table[] = {
        {"control:", head->control},
        {"without:", head->without},
        {"fails:", head->fails},
        {"model:", head->model},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        size_t name = strlen(table[i].name);
        if (length > name && strncmp(line, table[i].name, name) == 0) {
            copy_trimmed(table[i].value, LAB_MODEL_LINE_MAX, line + name, length - name);
            return true;
        }
    }
    return false;
}

static bool read_row(const char *line, size_t length, struct row *row)
{
    const char *end = line + length;
    for (uint32_t i = 0; i < COLUMNS; i++) {
        const char *bar = memchr(line, '|', (size_t)(end - line));
        if ((bar == NULL) != (i == COLUMNS - 1)) {
            return false;
        }
        size_t cell = bar != NULL ? (size_t)(bar - line) : (size_t)(end - line);
        copy_trimmed(row->cell[i], CELL_MAX, line, cell);
        line += cell + (bar != NULL);
    }
    return true;
}

static bool read_state(const char *name, enum synfin_tcp_state *out)
{
    for (uint32_t i = 0; i < SYNFIN_TCP_STATE_COUNT; i++) {
        if (strcmp(name, synfin_tcp_state_name((enum synfin_tcp_state)i)) == 0) {
            *out = (enum synfin_tcp_state)i;
            return true;
        }
    }
    return false;
}

// The number behind `name`, such as 11 of "ack=11"; `fallback` when it is not there.
static uint32_t number_of(const char *segment, const char *name, uint32_t fallback)
{
    const char *at = strstr(segment, name);
    return at != NULL ? (uint32_t)strtoul(at + strlen(name), NULL, 10) : fallback;
}

// "#3 FIN+ACK seq=12 ack=31 life=1"
static struct synfin_segment read_segment(const char *text, enum synfin_link_side from)
{
    static const struct {
        const char *name;
        uint16_t flag;
    } table[] = {{"SYN", SYNFIN_TCP_SYN},
                 {"ACK", SYNFIN_TCP_ACK},
                 {"FIN", SYNFIN_TCP_FIN},
                 {"RST", SYNFIN_TCP_RST}};
    struct synfin_segment segment = {
        .src = endpoint_of(from),
        .dst = endpoint_of(other_side(from)),
        .seq = number_of(text, "seq=", 0),
        .ack = number_of(text, " ack=", 0),
        .window = (uint16_t)number_of(text, "window=", UINT16_MAX),
        .bytes = strstr(text, "octet=") != NULL,
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        segment.flags |= strstr(text, table[i].name) != NULL ? table[i].flag : 0;
    }
    return segment;
}

// What stands behind "#3 ".
static const char *content_of(const char *segment)
{
    const char *space = strchr(segment, ' ');
    return space != NULL ? space + 1 : segment;
}

// Whose address the segment of row `at` carries: of an attacker's or a copy's, that of the peer of
// the end that receives it.
static enum synfin_link_side sender_of(const struct history *history, size_t at)
{
    const struct row *row = &history->row[at];
    const char *segment = row->cell[COLUMN_SEGMENT];
    if (*row->cell[COLUMN_HOST] == 'A' || *row->cell[COLUMN_HOST] == 'B') {
        return *row->cell[COLUMN_HOST] == 'A' ? SYNFIN_LINK_A : SYNFIN_LINK_B;
    }
    for (size_t i = 0; i < history->rows; i++) {
        const struct row *other = &history->row[i];
        const char *theirs = content_of(other->cell[COLUMN_SEGMENT]);
        bool is_receipt = strcmp(other->cell[COLUMN_EVENT], "receive") == 0;
        if (is_receipt && strcmp(theirs, content_of(segment)) == 0) {
            return *other->cell[COLUMN_HOST] == 'A' ? SYNFIN_LINK_B : SYNFIN_LINK_A;
        }
    }
    return SYNFIN_LINK_A;
}

static void feed_segment(struct history *history, size_t at, uint64_t step)
{
    const struct row *row = &history->row[at];
    const char *fate = row->cell[COLUMN_FATE];
    enum synfin_link_side from = sender_of(history, at);
    struct synfin_segment segment = read_segment(row->cell[COLUMN_SEGMENT], from);
    uint8_t octets[LAB_FORGE_BYTES_MAX];
    struct synfin_packet packet;
    synfin_packet_wrap(&packet, octets, lab_forge_datagram(&segment, octets));
    bool is_copy = strcmp(row->cell[COLUMN_EVENT], "copy") == 0;
    bool is_lost = strncmp(fate, "lost", 4) == 0;
    struct synfin_passage passage = {
        .number = ++history->number,
        .from = from,
        .sent_ns = step,
        .arrives_ns = number_of(fate, "delivered at ", 0),
        .fate = is_lost   ? SYNFIN_FATE_LOST
                : is_copy ? SYNFIN_FATE_DUPLICATED
                          : SYNFIN_FATE_DELIVERED,
        .packet = &packet,
    };
    if (passage.arrives_ns == 0) {
        passage.arrives_ns = SYNFIN_NEVER;
    }
    bool is_old = strcmp(row->cell[COLUMN_EVENT], "old") == 0;
    bool is_forged = *row->cell[COLUMN_HOST] == 'X';
    synfin_ladder_origin(history->ladder, is_old ? "old duplicate" : is_forged ? "attacker" : NULL);
    synfin_ladder_passage(history->ladder, &passage);
    synfin_ladder_origin(history->ladder, NULL);
}

// What an end does that is no segment, in words; NULL for what the ladder shows in another way.
static const char *words_of(const char *event)
{
    static const struct {
        const char *event, *words;
    } table[] = {
        {"listen", "listens"},
        {"open", "connects"},
        {"write", "writes"},
        {"read", "reads"},
        {"close", "closes"},
        {"abort", "aborts"},
        {"restart", "restarts, and has forgotten everything"},
        {"end-of-file", "reads the end of the data,"},
        {"retransmission-timer", "waited long enough (retransmission timer)"},
        {"persist-timer", "waited long enough (persist timer)"},
        {"cycle begins", "and so on: what follows repeats for ever"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (strcmp(table[i].event, event) == 0) {
            return table[i].words;
        }
    }
    return NULL;
}

static void feed_event(struct history *history, const struct row *row, uint64_t step)
{
    const char *words = words_of(row->cell[COLUMN_EVENT]);
    const char *host = row->cell[COLUMN_HOST];
    const char *detail = row->cell[COLUMN_SEGMENT];
    const char *name = *host == 'A' ? "client " : *host == 'B' ? "server " : "";
    char text[3 * CELL_MAX];
    if (words != NULL) {
        (void)snprintf(text, sizeof text, "%s%s%s%s", name, words, *detail != '\0' ? " " : "",
                       detail);
        synfin_ladder_note(history->ladder, step, text);
    }
}

static bool feed_states(struct history *history, const struct row *row, uint64_t step)
{
    for (uint32_t i = 0; i < 2; i++) {
        enum synfin_link_side side = i == 0 ? SYNFIN_LINK_A : SYNFIN_LINK_B;
        struct synfin_trace_event event = {
            .kind = SYNFIN_TRACE_STATE, .t_ns = step, .local = endpoint_of(side)};
        event.as.state.from = history->state[i];
        if (!read_state(row->cell[COLUMN_A + i], &event.as.state.to)) {
            return false;
        }
        // A listener has no peer.
        if (event.as.state.to != SYNFIN_TCP_STATE_LISTEN) {
            event.remote = endpoint_of(other_side(side));
        }
        if (event.as.state.to != history->state[i]) {
            synfin_ladder_trace(history->ladder, side, &event);
        }
        history->state[i] = event.as.state.to;
    }
    return true;
}

static bool feed_row(struct history *history, size_t at)
{
    const struct row *row = &history->row[at];
    const char *event = row->cell[COLUMN_EVENT];
    uint64_t step = strtoul(row->cell[COLUMN_STEP], NULL, 10);
    bool is_sending =
        strcmp(event, "send") == 0 || strcmp(event, "old") == 0 || strcmp(event, "copy") == 0;
    if (step == 0) {
        return false;
    }
    if (is_sending) {
        feed_segment(history, at, step);
    } else {
        feed_event(history, row, step);
    }
    return feed_states(history, row, step);
}

bool lab_model_feed(const char *text, synfin_ladder *ladder, struct lab_model_head *head,
                    uint32_t *wrong_line)
{
    struct history history = {.ladder = ladder};
    uint32_t first_row = 0;
    memset(head, 0, sizeof *head);
    *wrong_line = 0;
    while (*text != '\0') {
        size_t length = strcspn(text, "\n");
        ++*wrong_line;
        if (length > 0 && !read_head(text, length, head)) {
            if (history.rows == ROWS_MAX || !read_row(text, length, &history.row[history.rows])) {
                return false;
            }
            first_row = first_row == 0 ? *wrong_line : first_row;
            history.rows++;
        }
        text += length + (text[length] == '\n');
    }
    // The first row names the columns.
    for (size_t i = 1; i < history.rows; i++) {
        *wrong_line = first_row + (uint32_t)i;
        if (!feed_row(&history, i)) {
            return false;
        }
    }
    return history.rows > 1 && *head->fails != '\0';
}
