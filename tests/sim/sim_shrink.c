// SPDX-License-Identifier: MIT
//
// Smaller worlds that still fail; see sim_shrink.h.
#include "sim/sim_shrink.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/check.h"

enum { TRIALS_MAX = 150, TRIAL_SECONDS = 120 };

// Where a process that runs one world leaves its result.
static int result_fd = -1;

// In the place of the library's own: an assertion of the stack is a result like another.
_Noreturn void synfin_panic(const char *file, int line, const char *what)
{
    struct sim_result result = {.rule = "ASSERT", .totals.violations = 1};
    (void)snprintf(result.text, sizeof result.text, "%s:%d: %s", file, line, what);
    if (result_fd < 0 || write(result_fd, &result, sizeof result) != (ssize_t)sizeof result) {
        (void)fprintf(stderr, "sim: %s\n", result.text);
    }
    _exit(3);
}

uint64_t sim_world_seed(uint64_t seed, uint64_t number)
{
    return sim_stream(seed, 7000 + number);
}

static _Noreturn void run_one(uint64_t seed, const struct sim_switches *switches,
                              const struct sim_run_options *options, int fd)
{
    struct sim_plan plan;
    struct sim_result result;
    result_fd = fd;
    (void)alarm(TRIAL_SECONDS);
    sim_plan_make(&plan, seed, switches);
    sim_world_run(&plan, options, &result);
    _exit(write(fd, &result, sizeof result) == (ssize_t)sizeof result ? 0 : 3);
}

static bool read_result(int fd, struct sim_result *result)
{
    size_t bytes = 0;
    while (bytes < sizeof *result) {
        ssize_t n = read(fd, (char *)result + bytes, sizeof *result - bytes);
        if (n <= 0) {
            return false;
        }
        bytes += (size_t)n;
    }
    return true;
}

void sim_try(uint64_t seed, const struct sim_switches *switches,
             const struct sim_run_options *options, struct sim_result *result)
{
    int ends[2];
    int status = 0;
    (void)fflush(stdout);
    if (pipe(ends) != 0) {
        abort();
    }
    pid_t child = fork();
    if (child == 0) {
        (void)close(ends[0]);
        run_one(seed, switches, options, ends[1]);
    }
    (void)close(ends[1]);
    bool is_told = child > 0 && read_result(ends[0], result);
    (void)close(ends[0]);
    (void)waitpid(child, &status, 0);
    if (!is_told) {
        memset(result, 0, sizeof *result);
        int number = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
        result->totals.violations = 1;
        (void)snprintf(result->rule, sizeof result->rule, "%s",
                       number == SIGALRM ? "endless" : "crash");
        (void)snprintf(result->text, sizeof result->text, "the world stopped: %s",
                       number == 0 ? "exit" : strsignal(number));
    }
}

struct shrinking {
    uint64_t seed;
    struct sim_switches *best;
    struct sim_result *result;
    uint32_t trials;
};

// Whether these switches, too, let the world fail by the same rule; then they are the best ones.
static bool is_enough(struct shrinking *shrinking, const struct sim_switches *switches)
{
    struct sim_result result;
    const struct sim_run_options options = {0};
    if (shrinking->trials >= TRIALS_MAX) {
        return false;
    }
    shrinking->trials++;
    sim_try(shrinking->seed, switches, &options, &result);
    if (strcmp(result.rule, shrinking->result->rule) != 0) {
        return false;
    }
    *shrinking->best = *switches;
    *shrinking->result = result;
    return true;
}

static bool drop_faults(struct shrinking *shrinking)
{
    struct sim_plan plan;
    sim_plan_make(&plan, shrinking->seed, shrinking->best);
    struct sim_switches fewer = *shrinking->best;
    bool has_shrunk = false;
    fewer.without = SIM_FAULTS_ALL;
    if (plan.faults != 0 && is_enough(shrinking, &fewer)) {
        return true;
    }
    for (uint32_t i = 0; i < SIM_FAULT_COUNT; i++) {
        fewer = *shrinking->best;
        fewer.without |= SIM_FAULT_BIT(i);
        if ((plan.faults & SIM_FAULT_BIT(i)) != 0 && is_enough(shrinking, &fewer)) {
            has_shrunk = true;
        }
    }
    return has_shrunk;
}

static bool drop_hosts(struct shrinking *shrinking)
{
    struct sim_plan plan;
    bool has_shrunk = false;
    sim_plan_make(&plan, shrinking->seed, shrinking->best);
    for (uint32_t hosts = 2; hosts < plan.hosts; hosts *= 2) {
        struct sim_switches fewer = *shrinking->best;
        fewer.hosts = hosts;
        if (is_enough(shrinking, &fewer)) {
            has_shrunk = true;
            break;
        }
    }
    return has_shrunk;
}

static bool drop_connections(struct shrinking *shrinking)
{
    struct sim_plan plan;
    sim_plan_make(&plan, shrinking->seed, shrinking->best);
    for (uint32_t connections = 1; connections < plan.connections; connections *= 2) {
        struct sim_switches fewer = *shrinking->best;
        fewer.connections = connections;
        if (is_enough(shrinking, &fewer)) {
            return true;
        }
    }
    return false;
}

static bool drop_octets(struct shrinking *shrinking)
{
    struct sim_plan plan;
    sim_plan_make(&plan, shrinking->seed, shrinking->best);
    for (uint64_t octets = 1; octets < plan.octets_max; octets *= 8) {
        struct sim_switches fewer = *shrinking->best;
        fewer.octets = octets;
        if (is_enough(shrinking, &fewer)) {
            return true;
        }
    }
    return false;
}

uint32_t sim_shrink(uint64_t seed, struct sim_switches *switches, struct sim_result *result)
{
    struct shrinking shrinking = {.seed = seed, .best = switches, .result = result};
    bool has_shrunk = true;
    while (has_shrunk && shrinking.trials < TRIALS_MAX) {
        has_shrunk = drop_connections(&shrinking);
        has_shrunk |= drop_hosts(&shrinking);
        has_shrunk |= drop_faults(&shrinking);
        has_shrunk |= drop_octets(&shrinking);
    }
    return shrinking.trials;
}
