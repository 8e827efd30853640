// SPDX-License-Identifier: MIT
//
// The command line and the output of the benchmark programs.
#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char *running; // name of the benchmark
static bool is_json, is_quick;
static uint64_t count_given; // by --count; 0: none
static char **options;       // the command line

void harness_report(const struct harness_figure *figure)
{
    harness_report_with(figure, NULL, 0);
}

void harness_report_with(const struct harness_figure *figure, const struct harness_detail *details,
                         uint32_t count)
{
    const char *peer = figure->peer != NULL ? figure->peer : "";
    if (!is_json) {
        printf("%-14s %-58s %14.4g %s", running, figure->what, figure->value, figure->unit);
        if (figure->peer != NULL) {
            printf("  (%.3g of %s)", figure->ratio, peer);
        }
        for (uint32_t i = 0; i < count; i++) {
            printf("  %s %.4g", details[i].name, details[i].value);
        }
        putchar('\n');
    } else {
        printf("{\"bench\":\"%s\",\"what\":\"%s\",\"value\":%.6g,\"unit\":\"%s\",\"peer\":\"%s\",",
               running, figure->what, figure->value, figure->unit, peer);
        if (figure->peer != NULL) {
            printf("\"ratio\":%.4g", figure->ratio);
        } else {
            printf("\"ratio\":null");
        }
        for (uint32_t i = 0; i < count; i++) {
            if (details[i].value < 0) {
                printf(",\"%s\":null", details[i].name);
            } else {
                printf(",\"%s\":%.6g", details[i].name, details[i].value);
            }
        }
        puts("}");
    }
    fflush(stdout);
}

_Noreturn void harness_fail(const char *what)
{
    fprintf(stderr, "%s: %s\n", running, what);
    exit(1);
}

static uint64_t read_clock(clockid_t clock)
{
    struct timespec time;
    clock_gettime(clock, &time);
    return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

uint64_t harness_now_ns(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

uint64_t harness_cpu_ns(void)
{
    return read_clock(CLOCK_PROCESS_CPUTIME_ID);
}

uint64_t harness_number(const char *row, uint32_t place)
{
    char *end;
    uint64_t number = strtoull(row, &end, 10);
    while (place-- > 0 && end != row) {
        row = end;
        number = strtoull(row, &end, 10);
    }
    return end != row ? number : 0;
}

static int compare(const void *a, const void *b)
{
    double difference = *(const double *)a - *(const double *)b;
    return (difference > 0) - (difference < 0);
}

uint32_t harness_runs(void)
{
    return is_quick ? 1 : HARNESS_RUNS;
}

uint64_t harness_count(uint64_t usual, uint64_t quick)
{
    return count_given > 0 ? count_given : is_quick ? quick : usual;
}

bool harness_is_quick(void)
{
    return is_quick;
}

const char *harness_option(const char *name)
{
    size_t length = strlen(name);
    for (char **at = options; *at != NULL; at++) {
        if (strncmp(*at, "--", 2) == 0 && strncmp(*at + 2, name, length) == 0
            && (*at)[2 + length] == '=') {
            return *at + 2 + length + 1;
        }
    }
    return NULL;
}

double harness_median_of(const double *values, uint32_t runs)
{
    double sorted[HARNESS_RUNS];
    memcpy(sorted, values, runs * sizeof *sorted);
    qsort(sorted, runs, sizeof *sorted, compare);
    return sorted[runs / 2];
}

double harness_median(const double *values)
{
    return harness_median_of(values, harness_runs());
}

static void divide(const double *values, const double *peer_values, uint32_t runs, double *ratios)
{
    for (uint32_t i = 0; i < runs; i++) {
        harness_require(peer_values[i] > 0, "the peer did nothing");
        ratios[i] = values[i] / peer_values[i];
    }
}

double harness_ratio_of(const double *values, const double *peer_values, uint32_t runs)
{
    double ratios[HARNESS_RUNS] = {0};
    divide(values, peer_values, runs, ratios);
    return harness_median_of(ratios, runs);
}

double harness_ratio(const double *values, const double *peer_values)
{
    return harness_ratio_of(values, peer_values, harness_runs());
}

double harness_least_ratio(const double *values, const double *peer_values, uint32_t runs)
{
    double ratios[HARNESS_RUNS] = {0};
    divide(values, peer_values, runs, ratios);
    for (uint32_t i = 1; i < runs; i++) {
        ratios[0] = ratios[i] < ratios[0] ? ratios[i] : ratios[0];
    }
    return ratios[0];
}

static int print_list(const struct harness_bench *benches, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (benches[i].listing != HARNESS_HIDDEN) {
            printf("%s%s\n", benches[i].name,
                   benches[i].listing == HARNESS_NAMED ? " (only when named)" : "");
        }
    }
    return 0;
}

int harness_main(int argc, char **argv, const struct harness_bench *benches, uint32_t count)
{
    const char *name = NULL;
    options = argv;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--list") == 0) {
            return print_list(benches, count);
        }
        if (strcmp(argv[i], "--json") == 0) {
            is_json = true;
        } else if (strcmp(argv[i], "--quick") == 0) {
            is_quick = true;
        } else if (strncmp(argv[i], "--count=", strlen("--count=")) == 0) {
            count_given = strtoull(argv[i] + strlen("--count="), NULL, 10);
        } else if (strncmp(argv[i], "--", 2) != 0) {
            name = argv[i];
        }
    }
    for (uint32_t i = 0; name != NULL && i < count; i++) {
        if (strcmp(benches[i].name, name) == 0) {
            running = name;
            return benches[i].run() ? 0 : 1;
        }
    }
    fprintf(stderr, "usage: %s --list | NAME [--json] [--quick] [--count=N]\n", argv[0]);
    return 2;
}
