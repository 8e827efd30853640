// SPDX-License-Identifier: MIT
//
// A plot's panels, their axes, and what can be drawn in them.
#include <string.h>

#include "cli/lab_plot_internal.h"

enum {
    HEAD = 260, // a panel's title and legend, above it
    GAP = 100,
    CHARACTER = 60, // of a legend, about
    SWATCH = 160,
    TICKS_X = 12,
    TICKS_Y = 5,
    BARS_MAX = 6000,
    CROSS = 22,
    CROSSES_MAX = 3000,
};

void lab_panel_legend(struct lab_plot *plot, const char *class, const char *text)
{
    int32_t y = plot->top - 70;
    lab_svg_line(&plot->svg, plot->legend_x, y, plot->legend_x + SWATCH, y, class);
    lab_svg_text(&plot->svg, plot->legend_x + SWATCH + 50, y + 40, "key", text);
    plot->legend_x += SWATCH + 200 + (int32_t)strlen(text) * CHARACTER;
}

static void put_grid_x(struct lab_plot *plot)
{
    uint64_t step = lab_scale_step(plot->to_ns - plot->from_ns, TICKS_X);
    for (uint64_t t_ns = (plot->from_ns + step - 1) / step * step; t_ns <= plot->to_ns;
         t_ns += step) {
        int32_t x = lab_scale_place(&plot->x, t_ns);
        lab_svg_path_move(&plot->svg, "grid", x, plot->top);
        lab_svg_path_line(&plot->svg, x, plot->bottom);
    }
    lab_svg_path_end(&plot->svg);
}

static void put_grid_y(struct lab_plot *plot, struct lab_unit unit)
{
    uint64_t step = lab_scale_step(plot->y.to - plot->y.from, TICKS_Y);
    uint64_t first = (plot->y.from + step - 1) / step * step;
    char text[LAB_SCALE_TEXT_MAX];
    for (uint64_t value = first; value <= plot->y.to; value += step) {
        int32_t y = lab_scale_place(&plot->y, value);
        lab_svg_path_move(&plot->svg, "grid", LAB_PLOT_LEFT, y);
        lab_svg_path_line(&plot->svg, LAB_PLOT_RIGHT, y);
    }
    lab_svg_path_end(&plot->svg);
    for (uint64_t value = first; value <= plot->y.to; value += step) {
        lab_svg_text(&plot->svg, LAB_PLOT_LEFT - 60, lab_scale_place(&plot->y, value) + 40, "end",
                     lab_scale_label(value, step, unit, text));
    }
}

void lab_panel_begin(struct lab_plot *plot, const struct lab_panel *panel)
{
    struct lab_unit unit = lab_scale_unit(panel->quantity, panel->to);
    char title[80];
    plot->top = plot->bottom + GAP + HEAD;
    plot->bottom = plot->top + panel->height;
    plot->y = (struct lab_scale){.from = panel->from,
                                 .to = panel->to > panel->from ? panel->to : panel->from + 1,
                                 .place_from = plot->bottom,
                                 .place_to = plot->top};
    lab_svg_rect(&plot->svg, LAB_PLOT_LEFT, plot->top, LAB_PLOT_RIGHT - LAB_PLOT_LEFT,
                 panel->height, "panel");
    put_grid_x(plot);
    put_grid_y(plot, unit);
    lab_svg_path_move(&plot->svg, "frame", LAB_PLOT_LEFT, plot->top);
    lab_svg_path_line(&plot->svg, LAB_PLOT_LEFT, plot->bottom);
    lab_svg_path_line(&plot->svg, LAB_PLOT_RIGHT, plot->bottom);
    lab_svg_path_end(&plot->svg);
    (void)snprintf(title, sizeof title, "%s, %s", panel->title, unit.name);
    lab_svg_text(&plot->svg, LAB_PLOT_LEFT, plot->top - 30, "name", title);
    plot->legend_x = LAB_PLOT_LEFT + 260 + (int32_t)strlen(title) * CHARACTER;
}

void lab_panel_time_axis(struct lab_plot *plot)
{
    uint64_t step = lab_scale_step(plot->to_ns - plot->from_ns, TICKS_X);
    struct lab_unit unit = lab_scale_unit(LAB_QUANTITY_TIME_NS, plot->to_ns);
    char text[LAB_SCALE_TEXT_MAX];
    char title[80];
    for (uint64_t t_ns = (plot->from_ns + step - 1) / step * step; t_ns <= plot->to_ns;
         t_ns += step) {
        lab_svg_text(&plot->svg, lab_scale_place(&plot->x, t_ns), plot->bottom + 160, "middle",
                     lab_scale_label(t_ns, step, unit, text));
    }
    (void)snprintf(title, sizeof title, "time since the first SYN, %s", unit.name);
    lab_svg_text(&plot->svg, (LAB_PLOT_LEFT + LAB_PLOT_RIGHT) / 2, plot->bottom + 330,
                 "middle name", title);
}

static bool is_within(const struct lab_plot *plot, uint64_t value)
{
    return value >= plot->y.from && value <= plot->y.to;
}

static uint32_t thin(const struct lab_plot *plot, struct lab_series *series)
{
    series->points =
        lab_series_thin(series->point, series->points, plot->from_ns, plot->to_ns, plot->columns);
    uint32_t visible = 0;
    for (uint32_t i = 0; i < series->points; i++) {
        visible += is_within(plot, series->point[i].value);
    }
    return visible;
}

void lab_panel_series(struct lab_plot *plot, struct lab_series *series, const char *class,
                      bool is_stepped, const char *legend)
{
    bool is_drawing = false;
    int32_t y_before = 0;
    if (thin(plot, series) == 0) {
        return;
    }
    for (uint32_t i = 0; i < series->points; i++) {
        int32_t x = lab_scale_place(&plot->x, series->point[i].t_ns);
        if (is_drawing && is_stepped && x != plot->svg.x) {
            lab_svg_path_line(&plot->svg, x, y_before);
        }
        if (!is_within(plot, series->point[i].value)) {
            is_drawing = false;
            continue;
        }
        int32_t y = lab_scale_place(&plot->y, series->point[i].value);
        if (!is_drawing) {
            lab_svg_path_move(&plot->svg, class, x, y);
        } else if (x != plot->svg.x || y != plot->svg.y) {
            lab_svg_path_line(&plot->svg, x, y);
        }
        y_before = y;
        is_drawing = true;
    }
    lab_svg_path_end(&plot->svg);
    if (legend != NULL) {
        lab_panel_legend(plot, class, legend);
    }
}

void lab_panel_area(struct lab_plot *plot, struct lab_series *series, const char *class,
                    bool is_stepped, const char *legend)
{
    if (thin(plot, series) == 0) {
        return;
    }
    for (uint32_t i = 0; i < series->points; i++) {
        int32_t x = lab_scale_place(&plot->x, series->point[i].t_ns);
        int32_t y = lab_scale_place(&plot->y, series->point[i].value);
        if (i == 0) {
            lab_svg_path_move(&plot->svg, class, x, plot->bottom);
        }
        if (is_stepped && x != plot->svg.x) {
            lab_svg_path_line(&plot->svg, x, plot->svg.y);
        }
        if (x != plot->svg.x || y != plot->svg.y) {
            lab_svg_path_line(&plot->svg, x, y);
        }
    }
    lab_svg_path_line(&plot->svg, plot->svg.x, plot->bottom);
    lab_svg_path_end(&plot->svg);
    int32_t y = plot->top - 120;
    lab_svg_rect(&plot->svg, plot->legend_x, y, SWATCH, 90, class);
    lab_svg_text(&plot->svg, plot->legend_x + SWATCH + 50, plot->top - 30, "key", legend);
    plot->legend_x += SWATCH + 200 + (int32_t)strlen(legend) * CHARACTER;
}

// Joins bars until there are at most `most`, from cells of `pixels` on.
static void join(const struct lab_plot *plot, struct lab_bars *bars, uint32_t most, uint32_t pixels)
{
    uint64_t step_ns = (plot->to_ns - plot->from_ns) / LAB_PLOT_COLUMNS * pixels + 1;
    uint64_t height = (uint64_t)(plot->bottom - plot->top) / 10;
    uint64_t step_bytes = (plot->y.to - plot->y.from) / height * pixels;
    bars->bars = lab_bars_join(bars->bar, bars->bars, step_ns, step_bytes);
    while (bars->bars > most) {
        step_ns *= 2;
        step_bytes = step_bytes * 2 + 1;
        bars->bars = lab_bars_join(bars->bar, bars->bars, step_ns, step_bytes);
    }
}

void lab_panel_bars(struct lab_plot *plot, struct lab_bars *bars, const char *class,
                    const char *legend)
{
    if (bars->bars == 0) {
        return;
    }
    join(plot, bars, BARS_MAX, 1);
    for (uint32_t i = 0; i < bars->bars; i++) {
        int32_t x = lab_scale_place(&plot->x, bars->bar[i].t_ns);
        lab_svg_path_move(&plot->svg, class, x, lab_scale_place(&plot->y, bars->bar[i].begin));
        lab_svg_path_line(&plot->svg, x, lab_scale_place(&plot->y, bars->bar[i].end));
    }
    lab_svg_path_end(&plot->svg);
    lab_panel_legend(plot, class, legend);
}

static void put_cross(struct lab_plot *plot, const char *class, int32_t x, int32_t y)
{
    lab_svg_path_move(&plot->svg, class, x - CROSS, y - CROSS);
    lab_svg_path_line(&plot->svg, x + CROSS, y + CROSS);
    lab_svg_path_move(&plot->svg, class, x + CROSS, y - CROSS);
    lab_svg_path_line(&plot->svg, x - CROSS, y + CROSS);
}

void lab_panel_crosses(struct lab_plot *plot, struct lab_bars *bars, const char *class,
                       const char *legend)
{
    if (bars->bars == 0) {
        return;
    }
    join(plot, bars, CROSSES_MAX, 3);
    for (uint32_t i = 0; i < bars->bars; i++) {
        const struct lab_bar *bar = &bars->bar[i];
        put_cross(plot, class, lab_scale_place(&plot->x, bar->t_ns),
                  lab_scale_place(&plot->y, bar->begin + (bar->end - bar->begin) / 2));
    }
    lab_svg_path_end(&plot->svg);
    put_cross(plot, class, plot->legend_x + SWATCH / 2, plot->top - 70);
    lab_svg_path_end(&plot->svg);
    lab_svg_text(&plot->svg, plot->legend_x + SWATCH + 20, plot->top - 30, "key", legend);
    plot->legend_x += SWATCH + 170 + (int32_t)strlen(legend) * CHARACTER;
}

void lab_panel_level(struct lab_plot *plot, uint64_t value, const char *class, const char *legend)
{
    if (value == 0 || !is_within(plot, value)) {
        return;
    }
    int32_t y = lab_scale_place(&plot->y, value);
    lab_svg_line(&plot->svg, LAB_PLOT_LEFT, y, LAB_PLOT_RIGHT, y, class);
    lab_panel_legend(plot, class, legend);
}
