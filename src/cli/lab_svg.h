// SPDX-License-Identifier: MIT
//
// Writing an SVG: shapes at places in tenths of a unit, colours by classes, text escaped. Lines are
// written by what they move from point to point, which keeps them short.
#ifndef SYNFIN_CLI_LAB_SVG_H
#define SYNFIN_CLI_LAB_SVG_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct lab_svg {
    FILE *file;
    int32_t x, y; // where the path is
    bool is_open; // a path is being written
};

void lab_svg_text(struct lab_svg *svg, int32_t x, int32_t y, const char *class, const char *text);
void lab_svg_rect(struct lab_svg *svg, int32_t x, int32_t y, int32_t width, int32_t height,
                  const char *class);
void lab_svg_line(struct lab_svg *svg, int32_t x1, int32_t y1, int32_t x2, int32_t y2,
                  const char *class);
// Only characters that mean something in XML are changed.
void lab_svg_escape(struct lab_svg *svg, const char *text);

// One path: begin, then any number of moves and lines, then end. A path without any is not written.
void lab_svg_path_move(struct lab_svg *svg, const char *class, int32_t x, int32_t y);
void lab_svg_path_line(struct lab_svg *svg, int32_t x, int32_t y);
void lab_svg_path_end(struct lab_svg *svg);

#endif
