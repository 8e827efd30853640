// SPDX-License-Identifier: MIT
//
// Figures as people read them; see cli_figures.h.
#include "cli/cli_figures.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>

uint64_t cli_figures_rate(uint64_t octets, uint64_t time_ns)
{
    uint64_t time_us = time_ns / 1000;
    if (time_us == 0) {
        return 0;
    }
    // Quotient and remainder apart: neither product overflows within 200 days.
    uint64_t bits = octets * 8;
    return bits / time_us * 1000000 + bits % time_us * 1000000 / time_us;
}

const char *cli_figures_time(uint64_t ns, char text[CLI_FIGURES_TEXT_MAX])
{
    static const struct {
        uint64_t ns;
        const char *name;
    } units[] = {{1000000000, "s"}, {1000000, "ms"}, {1000, "us"}};
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (ns >= units[i].ns) {
            uint64_t tenths = ns % units[i].ns / (units[i].ns / 10);
            if (tenths != 0) {
                (void)snprintf(text, CLI_FIGURES_TEXT_MAX, "%" PRIu64 ".%" PRIu64 " %s",
                               ns / units[i].ns, tenths, units[i].name);
            } else {
                (void)snprintf(text, CLI_FIGURES_TEXT_MAX, "%" PRIu64 " %s", ns / units[i].ns,
                               units[i].name);
            }
            return text;
        }
    }
    (void)snprintf(text, CLI_FIGURES_TEXT_MAX, "%" PRIu64 " ns", ns);
    return text;
}

uint64_t cli_figures_ppm(uint64_t part, uint64_t whole)
{
    // Without the product part * 1000000, which could overflow.
    while (whole > UINT64_MAX / 1000000) {
        part /= 2;
        whole /= 2;
    }
    if (whole == 0) {
        return 0;
    }
    return part / whole * 1000000 + part % whole * 1000000 / whole;
}

const char *cli_figures_exact(uint64_t ns, char text[CLI_FIGURES_TEXT_MAX])
{
    uint64_t us = ns / 1000;
    bool has_seconds = us >= 1000000;
    uint64_t thousandths = has_seconds ? us / 1000 : us;
    (void)snprintf(text, CLI_FIGURES_TEXT_MAX, "%" PRIu64 ".%03" PRIu64 " %s", thousandths / 1000,
                   thousandths % 1000, has_seconds ? "s" : "ms");
    return text;
}

const char *cli_figures_bps(uint64_t bps, char text[CLI_FIGURES_TEXT_MAX])
{
    static const struct {
        uint64_t bps;
        const char *name;
    } units[] = {{1000000000, "Gbit/s"}, {1000000, "Mbit/s"}, {1000, "kbit/s"}};
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (bps >= units[i].bps) {
            (void)snprintf(text, CLI_FIGURES_TEXT_MAX, "%" PRIu64 ".%02" PRIu64 " %s",
                           bps / units[i].bps, bps % units[i].bps / (units[i].bps / 100),
                           units[i].name);
            return text;
        }
    }
    (void)snprintf(text, CLI_FIGURES_TEXT_MAX, "%" PRIu64 " bit/s", bps);
    return text;
}

const char *cli_figures_number(uint64_t number, char text[CLI_FIGURES_TEXT_MAX])
{
    char plain[CLI_FIGURES_TEXT_MAX];
    int digits = snprintf(plain, sizeof plain, "%" PRIu64, number);
    char *out = text;
    for (int i = 0; i < digits; i++) {
        if (i > 0 && (digits - i) % 3 == 0) {
            *out++ = ',';
        }
        *out++ = plain[i];
    }
    *out = '\0';
    return text;
}

const char *cli_figures_share(uint64_t ppm, char text[CLI_FIGURES_TEXT_MAX])
{
    (void)snprintf(text, CLI_FIGURES_TEXT_MAX, "%" PRIu64 ".%02" PRIu64 " %%", ppm / 10000,
                   ppm % 10000 / 100);
    return text;
}
