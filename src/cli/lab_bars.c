// SPDX-License-Identifier: MIT
//
// Stretches of octets over time; see lab_bars.h.
#include "cli/lab_bars.h"

#include <stdlib.h>

#include "cli/lab_series.h"

static int compare_bars(const void *a, const void *b)
{
    const struct lab_bar *first = a;
    const struct lab_bar *second = b;
    if (first->t_ns != second->t_ns) {
        return first->t_ns < second->t_ns ? -1 : 1;
    }
    return (first->begin > second->begin) - (first->begin < second->begin);
}

uint32_t lab_bars_join(struct lab_bar *bar, uint32_t bars, uint64_t step_ns, uint64_t step_bytes)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < bars && step_ns > 0; i++) {
        bar[i].t_ns -= bar[i].t_ns % step_ns;
    }
    qsort(bar, bars, sizeof bar[0], compare_bars);
    for (uint32_t i = 0; i < bars; i++) {
        struct lab_bar *last = kept > 0 ? &bar[kept - 1] : NULL;
        if (last != NULL && last->t_ns == bar[i].t_ns && bar[i].begin <= last->end + step_bytes) {
            last->end = bar[i].end > last->end ? bar[i].end : last->end;
        } else {
            bar[kept++] = bar[i];
        }
    }
    return kept;
}

// Joins ever more until half of the place is free again.
static void compact(struct lab_bars *bars)
{
    while (bars->bars > LAB_SERIES_MAX / 2) {
        bars->step_ns = bars->step_ns != 0 ? bars->step_ns * 2 : 1000;
        bars->step_bytes = bars->step_bytes != 0 ? bars->step_bytes * 2 : 1;
        bars->bars = lab_bars_join(bars->bar, bars->bars, bars->step_ns, bars->step_bytes);
    }
}

void lab_bars_add(struct lab_bars *bars, uint64_t t_ns, uint64_t begin, uint64_t end)
{
    struct lab_bar *last = bars->bars > 0 ? &bars->bar[bars->bars - 1] : NULL;
    if (last != NULL && last->t_ns == t_ns && last->end == begin) {
        last->end = end;
        return;
    }
    if (bars->bars == bars->capacity) {
        bars->bar = lab_series_grow(bars->bar, &bars->capacity, sizeof bars->bar[0]);
    }
    if (bars->bars == bars->capacity && bars->bars >= LAB_SERIES_MAX) {
        compact(bars);
    }
    if (bars->bar == NULL || bars->bars == bars->capacity) {
        bars->is_out_of_memory = true;
        return;
    }
    bars->bar[bars->bars++] = (struct lab_bar){t_ns, begin, end};
}

void lab_bars_deinit(struct lab_bars *bars)
{
    free(bars->bar);
    *bars = (struct lab_bars){0};
}
