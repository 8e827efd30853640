// SPDX-License-Identifier: MIT
//
// Values as people write them: a decimal number, then a unit that says what one of it is.
#include "cli/cli_values.h"

#include <stddef.h>
#include <string.h>

struct unit {
    const char *name;
    uint64_t size;
};

static bool add_digit(uint64_t *number, char digit)
{
    return !__builtin_mul_overflow(*number, UINT64_C(10), number)
           && !__builtin_add_overflow(*number, (uint64_t)(digit - '0'), number);
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

// Reads "12", "1.5" or ".5" as a number over a power of ten; gives what follows, NULL when it is
// no number or too long to be exact.
static const char *read_decimal(const char *text, uint64_t *number, uint64_t *divisor)
{
    bool has_digits = false;
    bool has_point = false;
    *number = 0;
    *divisor = 1;
    for (; is_digit(*text) || (*text == '.' && !has_point); text++) {
        if (*text == '.') {
            has_point = true;
            continue;
        }
        has_digits = true;
        if (!add_digit(number, *text)) {
            return NULL;
        }
        *divisor *= has_point ? 10 : 1;
        if (*divisor > UINT64_C(1000000000000)) {
            return NULL;
        }
    }
    return has_digits ? text : NULL;
}

// A number and one of `units`, the last of which has no name; the result must be whole.
static bool read_with_unit(const char *text, const struct unit *units, uint64_t *out)
{
    uint64_t number = 0;
    uint64_t divisor = 1;
    const char *rest = read_decimal(text, &number, &divisor);
    if (rest == NULL) {
        return false;
    }
    for (; units->name != NULL; units++) {
        if (strcmp(rest, units->name) == 0) {
            uint64_t product = 0;
            bool is_exact =
                !__builtin_mul_overflow(number, units->size, &product) && product % divisor == 0;
            *out = product / divisor;
            return is_exact;
        }
    }
    return false;
}

bool cli_values_time(const char *text, uint64_t *ns)
{
    static const struct unit units[] = {
        {"ns", 1},
        {"us", 1000},
        {"µs", 1000},
        {"ms", 1000000},
        {"s", 1000000000},
        {"min", UINT64_C(60000000000)},
        {"h", UINT64_C(3600000000000)},
        {NULL, 0},
    };
    if (strcmp(text, "0") == 0) {
        *ns = 0;
        return true;
    }
    return read_with_unit(text, units, ns);
}

bool cli_values_probability(const char *text, uint64_t *ppm)
{
    static const struct unit units[] = {{"%", 10000}, {"", 1000000}, {NULL, 0}};
    return read_with_unit(text, units, ppm) && *ppm <= 1000000;
}

bool cli_values_rate(const char *text, uint64_t *bps)
{
    static const struct unit units[] = {
        {"", 1}, {"bit", 1}, {"kbit", 1000}, {"mbit", 1000000}, {"gbit", 1000000000}, {NULL, 0},
    };
    return read_with_unit(text, units, bps) && *bps > 0;
}

bool cli_values_bytes(const char *text, uint64_t *bytes)
{
    static const struct unit units[] = {
        {"", 1},          {"kB", 1000},     {"MB", 1000000},  {"GB", 1000000000},
        {"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {NULL, 0},
    };
    return read_with_unit(text, units, bytes) && *bytes > 0;
}

static bool read_hex(const char *text, uint64_t *number)
{
    static const char digits[] = "0123456789abcdef";
    size_t length = strlen(text);
    *number = 0;
    for (const char *c = text; *c != '\0'; c++) {
        char lower = *c >= 'A' && *c <= 'F' ? (char)(*c - 'A' + 'a') : *c;
        const char *digit = strchr(digits, lower);
        if (digit == NULL) {
            return false;
        }
        *number = *number << 4 | (uint64_t)(digit - digits);
    }
    return length > 0 && length <= 16;
}

bool cli_values_number(const char *text, uint64_t *number)
{
    static const struct unit units[] = {{"", 1}, {NULL, 0}};
    if (strncmp(text, "0x", 2) == 0) {
        return read_hex(text + 2, number);
    }
    return strchr(text, '.') == NULL && read_with_unit(text, units, number);
}
