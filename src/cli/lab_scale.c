// SPDX-License-Identifier: MIT
//
// Axes; see lab_scale.h.
#include "cli/lab_scale.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>

int32_t lab_scale_place(const struct lab_scale *scale, uint64_t value)
{
    uint64_t above = value > scale->from ? value - scale->from : 0;
    uint64_t range = scale->to - scale->from;
    bool is_falling = scale->place_to < scale->place_from;
    uint64_t places = (uint64_t)(is_falling ? (int64_t)scale->place_from - scale->place_to
                                            : (int64_t)scale->place_to - scale->place_from);
    above = above < range ? above : range;
    if (range == 0) {
        return scale->place_from;
    }
    while (range > UINT64_MAX / (places + 1)) {
        range /= 2;
        above /= 2;
    }
    int32_t distance = (int32_t)((above * places + range / 2) / range);
    return is_falling ? scale->place_from - distance : scale->place_from + distance;
}

uint64_t lab_scale_step(uint64_t range, uint32_t most)
{
    static const uint64_t times[] = {1, 2, 5};
    for (uint64_t power = 1;; power *= 10) {
        for (uint32_t i = 0; i < 3; i++) {
            if (range / (times[i] * power) <= most) {
                return times[i] * power;
            }
        }
        if (power > UINT64_MAX / 100) {
            return power;
        }
    }
}

struct lab_unit lab_scale_unit(enum lab_quantity quantity, uint64_t value)
{
    static const struct lab_unit units[][4] = {
        [LAB_QUANTITY_TIME_NS] = {{1000000000, "s"}, {1000000, "ms"}, {1000, "us"}, {1, "ns"}},
        [LAB_QUANTITY_BYTES] = {{1000000000, "GB"}, {1000000, "MB"}, {1000, "kB"}, {1, "octets"}},
        [LAB_QUANTITY_BPS] = {{1000000000, "Gbit/s"},
                              {1000000, "Mbit/s"},
                              {1000, "kbit/s"},
                              {1, "bit/s"}},
    };
    uint32_t i = 0;
    while (i < 3 && value < units[quantity][i].size) {
        i++;
    }
    return units[quantity][i];
}

const char *lab_scale_label(uint64_t value, uint64_t step, struct lab_unit unit,
                            char text[LAB_SCALE_TEXT_MAX])
{
    uint64_t size = unit.size;
    uint32_t decimals = 0;
    while (size > 1 && step % size != 0) {
        size /= 10;
        decimals++;
    }
    int used = snprintf(text, LAB_SCALE_TEXT_MAX, "%" PRIu64, value / unit.size);
    uint64_t rest = value % unit.size;
    char *out = text + used;
    if (decimals > 0) {
        *out++ = '.';
    }
    for (size = unit.size / 10; decimals > 0; decimals--, size /= 10) {
        *out++ = (char)('0' + rest / size);
        rest %= size;
    }
    *out = '\0';
    return text;
}
