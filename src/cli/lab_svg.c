// SPDX-License-Identifier: MIT
//
// Writing an SVG; see lab_svg.h.
#include "cli/lab_svg.h"

#include <inttypes.h>

// A place or a length, such as "12.5", with `before` in front of it unless it has a sign.
static void put_tenths(const struct lab_svg *svg, const char *before, int32_t tenths)
{
    uint32_t size = tenths < 0 ? 0U - (uint32_t)tenths : (uint32_t)tenths;
    (void)fputs(tenths < 0 ? "-" : before, svg->file);
    if (size % 10 == 0) {
        (void)fprintf(svg->file, "%" PRIu32, size / 10);
    } else if (size < 10) {
        (void)fprintf(svg->file, ".%" PRIu32, size);
    } else {
        (void)fprintf(svg->file, "%" PRIu32 ".%" PRIu32, size / 10, size % 10);
    }
}

static void put_attribute(const struct lab_svg *svg, const char *name, int32_t tenths)
{
    (void)fprintf(svg->file, " %s=\"", name);
    put_tenths(svg, "", tenths);
    (void)fputc('"', svg->file);
}

void lab_svg_escape(struct lab_svg *svg, const char *text)
{
    for (; *text != '\0'; text++) {
        switch (*text) {
        case '&': (void)fputs("&amp;", svg->file); break;
        case '<': (void)fputs("&lt;", svg->file); break;
        case '>': (void)fputs("&gt;", svg->file); break;
        default: (void)fputc(*text, svg->file); break;
        }
    }
}

void lab_svg_text(struct lab_svg *svg, int32_t x, int32_t y, const char *class, const char *text)
{
    (void)fputs("<text", svg->file);
    put_attribute(svg, "x", x);
    put_attribute(svg, "y", y);
    (void)fprintf(svg->file, " class=\"%s\">", class);
    lab_svg_escape(svg, text);
    (void)fputs("</text>\n", svg->file);
}

void lab_svg_rect(struct lab_svg *svg, int32_t x, int32_t y, int32_t width, int32_t height,
                  const char *class)
{
    (void)fputs("<rect", svg->file);
    put_attribute(svg, "x", x);
    put_attribute(svg, "y", y);
    put_attribute(svg, "width", width);
    put_attribute(svg, "height", height);
    (void)fprintf(svg->file, " class=\"%s\"/>\n", class);
}

void lab_svg_line(struct lab_svg *svg, int32_t x1, int32_t y1, int32_t x2, int32_t y2,
                  const char *class)
{
    lab_svg_path_move(svg, class, x1, y1);
    lab_svg_path_line(svg, x2, y2);
    lab_svg_path_end(svg);
}

void lab_svg_path_move(struct lab_svg *svg, const char *class, int32_t x, int32_t y)
{
    if (!svg->is_open) {
        (void)fprintf(svg->file, "<path class=\"%s\" d=\"M", class);
        svg->x = svg->y = 0;
    } else {
        (void)fputc('m', svg->file);
    }
    put_tenths(svg, "", x - svg->x);
    put_tenths(svg, " ", y - svg->y);
    svg->x = x;
    svg->y = y;
    svg->is_open = true;
}

void lab_svg_path_line(struct lab_svg *svg, int32_t x, int32_t y)
{
    int32_t right = x - svg->x;
    int32_t down = y - svg->y;
    if (down == 0) {
        (void)fputc('h', svg->file);
        put_tenths(svg, "", right);
    } else if (right == 0) {
        (void)fputc('v', svg->file);
        put_tenths(svg, "", down);
    } else {
        (void)fputc('l', svg->file);
        put_tenths(svg, "", right);
        put_tenths(svg, " ", down);
    }
    svg->x = x;
    svg->y = y;
}

void lab_svg_path_end(struct lab_svg *svg)
{
    (void)fputs(svg->is_open ? "\"/>\n" : "", svg->file);
    svg->is_open = false;
}
