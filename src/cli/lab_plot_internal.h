// SPDX-License-Identifier: MIT
//
// What the files of the plot share. All places are in tenths of a unit.
#ifndef SYNFIN_CLI_LAB_PLOT_INTERNAL_H
#define SYNFIN_CLI_LAB_PLOT_INTERNAL_H

#include "cli/lab_plot.h"
#include "cli/lab_scale.h"
#include "cli/lab_svg.h"

enum {
    LAB_PLOT_WIDTH = 12000,
    LAB_PLOT_LEFT = 760,
    LAB_PLOT_RIGHT = 11760,
    LAB_PLOT_COLUMNS = (LAB_PLOT_RIGHT - LAB_PLOT_LEFT) / 10,
};

struct lab_plot {
    struct lab_svg svg;
    const struct lab_transfer *transfer;
    struct lab_record *record;
    uint64_t from_ns, to_ns;
    uint32_t columns; // that a line may use: fewer when there are many
    // The panel that is being drawn.
    struct lab_scale x, y;
    int32_t top, bottom;
    int32_t legend_x;
};

struct lab_panel {
    const char *title;
    enum lab_quantity quantity;
    uint64_t from, to; // of its values
    int32_t height;
};

// lab_panel.c
// Begins a panel below the one before: frame, grid, labels.
void lab_panel_begin(struct lab_plot *plot, const struct lab_panel *panel);
// The labels of the axis of time, below the last panel.
void lab_panel_time_axis(struct lab_plot *plot);
// Adds to the panel's legend a line in the colour of the class.
void lab_panel_legend(struct lab_plot *plot, const char *class, const char *text);
// A line through the points, level between them when `is_stepped`; values above the panel are left
// out. `legend` NULL: none. Nothing is drawn, and no legend, of a series that has no value here.
void lab_panel_series(struct lab_plot *plot, struct lab_series *series, const char *class,
                      bool is_stepped, const char *legend);
// The same as an area above the panel's floor.
void lab_panel_area(struct lab_plot *plot, struct lab_series *series, const char *class,
                    bool is_stepped, const char *legend);
// Each as an upright line from its first octet to its last.
void lab_panel_bars(struct lab_plot *plot, struct lab_bars *bars, const char *class,
                    const char *legend);
// Each as a cross in its middle.
void lab_panel_crosses(struct lab_plot *plot, struct lab_bars *bars, const char *class,
                       const char *legend);
// A level line through the panel, if the value lies in it.
void lab_panel_level(struct lab_plot *plot, uint64_t value, const char *class, const char *legend);

// lab_plot_turns.c
// Shades the panel while the flow recovers from a loss.
void lab_plot_turns_shade(struct lab_plot *plot);
// Marks at the panel's top what set the window, each with its reason as a tooltip.
void lab_plot_turns_mark(struct lab_plot *plot);

// lab_plot_style.c
extern const char lab_plot_style[];

#endif
