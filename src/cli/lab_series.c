// SPDX-License-Identifier: MIT
//
// Values and stretches of octets over time; see lab_series.h.
#include "cli/lab_series.h"

#include <stdlib.h>
#include <string.h>

enum { CAPACITY_MIN = 256, COLUMNS = LAB_SERIES_MAX / 8 };

void *lab_series_grow(void *old, uint32_t *capacity, size_t bytes)
{
    uint32_t wanted = *capacity != 0 ? *capacity * 2 : CAPACITY_MIN;
    void *grown = wanted <= LAB_SERIES_MAX ? realloc(old, wanted * bytes) : NULL;
    if (grown == NULL) {
        return old;
    }
    memset((char *)grown + *capacity * bytes, 0, (wanted - *capacity) * bytes);
    *capacity = wanted;
    return grown;
}

static bool make_room(struct lab_series *series)
{
    if (series->points < series->capacity) {
        return series->point != NULL;
    }
    series->point = lab_series_grow(series->point, &series->capacity, sizeof series->point[0]);
    if (series->points == series->capacity && series->points >= LAB_SERIES_MAX) {
        uint64_t from_ns = series->point[0].t_ns;
        uint64_t to_ns = series->point[series->points - 1].t_ns;
        series->points = lab_series_thin(series->point, series->points, from_ns, to_ns, COLUMNS);
    }
    return series->point != NULL && series->points < series->capacity;
}

void lab_series_add(struct lab_series *series, uint64_t t_ns, uint64_t value)
{
    struct lab_point *last = series->points >= 2 ? &series->point[series->points - 1] : NULL;
    bool is_level = last != NULL && last[0].value == value && last[-1].value == value;
    if (is_level && last->t_ns <= t_ns) {
        last->t_ns = t_ns;
        return;
    }
    if (!make_room(series)) {
        series->is_out_of_memory = true;
        return;
    }
    struct lab_point *point = series->point;
    uint32_t at = series->points++;
    while (at > 0 && point[at - 1].t_ns > t_ns) {
        point[at] = point[at - 1];
        at--;
    }
    point[at] = (struct lab_point){t_ns, value};
}

void lab_series_deinit(struct lab_series *series)
{
    free(series->point);
    *series = (struct lab_series){0};
}

static uint64_t column_of(uint64_t t_ns, uint64_t from_ns, uint64_t width_ns)
{
    return t_ns > from_ns ? (t_ns - from_ns) / width_ns : 0;
}

// Writes first, least, greatest and last of a column in their order; returns how many.
static uint32_t keep_column(const struct lab_point *point, uint32_t points, struct lab_point *out)
{
    uint32_t keep[4] = {0, 0, 0, points - 1};
    for (uint32_t i = 1; i < points; i++) {
        keep[1] = point[i].value < point[keep[1]].value ? i : keep[1];
        keep[2] = point[i].value > point[keep[2]].value ? i : keep[2];
    }
    if (keep[1] > keep[2]) {
        uint32_t swapped = keep[1];
        keep[1] = keep[2];
        keep[2] = swapped;
    }
    uint32_t kept = 0;
    for (uint32_t i = 0; i < 4; i++) {
        if (i == 0 || keep[i] != keep[i - 1]) {
            out[kept++] = point[keep[i]];
        }
    }
    return kept;
}

uint32_t lab_series_thin(struct lab_point *point, uint32_t points, uint64_t from_ns, uint64_t to_ns,
                         uint32_t columns)
{
    uint64_t width_ns = (to_ns - from_ns) / columns + 1;
    uint32_t kept = 0;
    for (uint32_t first = 0; first < points;) {
        uint64_t column = column_of(point[first].t_ns, from_ns, width_ns);
        uint32_t end = first + 1;
        while (end < points && column_of(point[end].t_ns, from_ns, width_ns) == column) {
            end++;
        }
        // Never ahead of what is read: a column keeps at most what it has.
        struct lab_point column_kept[4];
        uint32_t count = keep_column(point + first, end - first, column_kept);
        memcpy(point + kept, column_kept, count * sizeof column_kept[0]);
        kept += count;
        first = end;
    }
    return kept;
}

uint64_t lab_series_at(const struct lab_series *series, uint64_t t_ns, uint64_t otherwise)
{
    uint32_t low = 0;
    uint32_t high = series->points;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (series->point[middle].t_ns <= t_ns) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low > 0 ? series->point[low - 1].value : otherwise;
}
