// SPDX-License-Identifier: MIT
//
// What set the congestion window: marks with their reasons, and the times of recovery.
#include <inttypes.h>
#include <string.h>

#include "cli/cli_figures.h"
#include "cli/lab_plot_internal.h"

enum {
    MARK = 45,       // half of its width
    MARK_APART = 60, // nearer ones of a kind become one
    BAND_APART = 10,
    RECOVERIES_MAX = 150, // more of them would colour the whole panel
};

enum kind { KIND_CUT, KIND_TIMEOUT, KIND_UNDO, KIND_MARK, KIND_OTHER, KIND_END };

static const struct {
    const char *class, *legend;
} kinds[KIND_END] = {
    [KIND_CUT] = {"cut", "loss found"},       [KIND_TIMEOUT] = {"timeout", "timeout"},
    [KIND_UNDO] = {"undo", "undone"},         [KIND_MARK] = {"mark", "marked by a router"},
    [KIND_OTHER] = {"other", "other causes"},
};

static enum kind kind_of(enum synfin_reason reason)
{
    if (reason == SYNFIN_REASON_CC_FAST_RETRANSMIT) {
        return KIND_CUT;
    }
    if (reason == SYNFIN_REASON_CC_TIMEOUT) {
        return KIND_TIMEOUT;
    }
    if (reason == SYNFIN_REASON_CC_MARK) {
        return KIND_MARK;
    }
    if (reason == SYNFIN_REASON_CC_RECOVERED) {
        return KIND_END;
    }
    return strncmp(synfin_reason_name(reason), "CC_UNDO", 7) == 0 ? KIND_UNDO : KIND_OTHER;
}

static void put_band(struct lab_plot *plot, int32_t from, int32_t to)
{
    lab_svg_rect(&plot->svg, from, plot->top, to > from + BAND_APART ? to - from : BAND_APART,
                 plot->bottom - plot->top, "band");
}

static uint32_t count_recoveries(const struct lab_record *record)
{
    uint32_t recoveries = 0;
    for (uint32_t i = 0; i < record->turns; i++) {
        enum kind kind = kind_of(record->turn[i].reason);
        recoveries += kind == KIND_CUT || kind == KIND_TIMEOUT;
    }
    return recoveries;
}

void lab_plot_turns_shade(struct lab_plot *plot)
{
    const struct lab_record *record = plot->record;
    int32_t from = 0; // of the band that is not drawn yet; 0: none
    int32_t to = 0;
    bool is_recovering = false;
    if (count_recoveries(record) > RECOVERIES_MAX) {
        return;
    }
    for (uint32_t i = 0; i < record->turns; i++) {
        const struct lab_turn *turn = &record->turn[i];
        enum kind kind = kind_of(turn->reason);
        int32_t x = lab_scale_place(&plot->x, turn->t_ns);
        if (kind == KIND_CUT || kind == KIND_TIMEOUT) {
            if (!is_recovering && from != 0 && x > to + BAND_APART) {
                put_band(plot, from, to);
                from = 0;
            }
            from = from != 0 ? from : x;
            is_recovering = true;
        } else if (is_recovering && (kind == KIND_END || kind == KIND_UNDO)) {
            is_recovering = false;
            to = x;
        }
    }
    if (from != 0) {
        put_band(plot, from, is_recovering ? LAB_PLOT_RIGHT : to);
    }
}

// What a tooltip says of one turn, or of `more` others right behind it too.
static void put_tooltip(struct lab_plot *plot, const struct lab_turn *turn, uint32_t more)
{
    char time[CLI_FIGURES_TEXT_MAX];
    char cwnd[CLI_FIGURES_TEXT_MAX];
    char text[400];
    const char *clause = synfin_reason_clause(turn->reason);
    int used =
        snprintf(text, sizeof text, "%s: %s%s%s\nwindow %s octets",
                 cli_figures_exact(turn->t_ns, time), synfin_reason_text(turn->reason),
                 *clause != '\0' ? " · " : "", clause, cli_figures_number(turn->cwnd_bytes, cwnd));
    if (more > 0 && used > 0 && (size_t)used < sizeof text) {
        (void)snprintf(text + used, sizeof text - (size_t)used,
                       "\nand %" PRIu32 " more right after", more);
    }
    (void)fputs("<title>", plot->svg.file);
    lab_svg_escape(&plot->svg, text);
    (void)fputs("</title>", plot->svg.file);
}

static void put_shape(struct lab_plot *plot, const char *class, int32_t x, int32_t y)
{
    lab_svg_path_move(&plot->svg, class, x - MARK, y - MARK);
    lab_svg_path_line(&plot->svg, x + MARK, y - MARK);
    lab_svg_path_line(&plot->svg, x, y + MARK);
    lab_svg_path_end(&plot->svg);
}

static void put_mark(struct lab_plot *plot, enum kind kind, const struct lab_turn *turn,
                     uint32_t more)
{
    (void)fputs("<g>", plot->svg.file);
    put_tooltip(plot, turn, more);
    put_shape(plot, kinds[kind].class, lab_scale_place(&plot->x, turn->t_ns), plot->top + 60);
    (void)fputs("</g>\n", plot->svg.file);
}

static void put_kind(struct lab_plot *plot, enum kind kind)
{
    const struct lab_record *record = plot->record;
    const struct lab_turn *first = NULL;
    uint32_t more = 0;
    for (uint32_t i = 0; i < record->turns; i++) {
        const struct lab_turn *turn = &record->turn[i];
        if (kind_of(turn->reason) != kind) {
            continue;
        }
        int32_t x = lab_scale_place(&plot->x, turn->t_ns);
        if (first != NULL && x < lab_scale_place(&plot->x, first->t_ns) + MARK_APART) {
            more++;
            continue;
        }
        if (first != NULL) {
            put_mark(plot, kind, first, more);
        }
        first = turn;
        more = 0;
    }
    if (first != NULL) {
        put_mark(plot, kind, first, more);
        put_shape(plot, kinds[kind].class, plot->legend_x + MARK, plot->top - 70);
        lab_svg_text(&plot->svg, plot->legend_x + 150, plot->top - 30, "key", kinds[kind].legend);
        plot->legend_x += 300 + (int32_t)strlen(kinds[kind].legend) * 60;
    }
}

void lab_plot_turns_mark(struct lab_plot *plot)
{
    for (uint32_t kind = 0; kind < KIND_END; kind++) {
        put_kind(plot, (enum kind)kind);
    }
}
