// SPDX-License-Identifier: MIT
//
// The program sim: worlds one after the other, in as many processes as it is told, until a number
// of them or a time is over. What it found is one line for each failure and one line at the end.
#include <errno.h>
#include <inttypes.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "sim/sim_rules.h"
#include "sim/sim_shrink.h"

enum {
    JOBS_MAX = 64,
    FAILURES_MAX = 8,
    WORLDS_DEFAULT = 100,
    WORLDS_HASHED = 16,
    PATH_TEXT_MAX = 512
};

struct options {
    uint64_t seed, first, worlds;
    double minutes;
    uint32_t jobs;
    bool has_json, has_hash, is_verbose, is_survey, keeps_size, records;
    const char *folder;
    struct sim_switches switches;
    char shown[SIM_PLAN_TEXT_MAX]; // the switches as they were given
};

// What the processes share.
struct job {
    struct sim_totals totals;
    uint64_t hash;
    uint64_t world; // the one that runs
    _Atomic bool is_running;
};
struct shared {
    _Atomic uint64_t next;
    struct job job[JOBS_MAX];
};

static double seconds_now(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static _Noreturn void complain(const char *what, const char *about)
{
    (void)fprintf(stderr, "sim: %s: %s\n", what, about);
    exit(2);
}

static _Noreturn void print_usage(int status)
{
    (void)fputs("usage: sim [--minutes N | --worlds N] [--seed S] [--jobs N] [--json] [--hash]\n"
                "           [--world N] [--without LIST | --only LIST] [--hosts N]\n"
                "           [--connections N] [--octets N] [--mtu N] [--clock-origin 2^N[us|ms]]\n"
                "           [--burst N] [--idle SECONDS] [--leave-out RULES] [--keep FOLDER] "
                "[--whole] [--record]\n"
                "           [--twice] [--survey] [--verbose] [--faults]\n",
                status == 0 ? stdout : stderr);
    exit(status);
}

static _Noreturn void print_faults(void)
{
#define FAULT_LINE(code, name, text) (void)printf("%-12s %s\n", name, text);
    SIM_FAULTS(FAULT_LINE)
#undef FAULT_LINE
    exit(0);
}

static uint64_t parse_number(const char *name, const char *text)
{
    char *end;
    uint64_t value = text != NULL ? strtoull(text, &end, 0) : 0;
    if (text == NULL || end == text || *end != '\0') {
        complain(name, "wants a number");
    }
    return value;
}

// "2^K", a power of two of ns, us or ms; the clocks begin a second before it.
static uint64_t parse_origin(const char *text)
{
    char *end = NULL;
    if (text == NULL || strncmp(text, "2^", 2) != 0) {
        return parse_number("--clock-origin", text);
    }
    uint64_t power = strtoull(text + 2, &end, 10);
    uint64_t unit = strcmp(end, "ms") == 0 ? SIM_MS : strcmp(end, "us") == 0 ? SIM_US : 1;
    if (power > 63 || (unit == 1 && *end != '\0' && strcmp(end, "ns") != 0)
        || (UINT64_C(1) << power) > UINT64_MAX / unit) {
        complain("--clock-origin", "wants 2^0 to 2^63, of ns, us or ms, within 64 bits");
    }
    uint64_t at_ns = (UINT64_C(1) << power) * unit;
    return at_ns > SIM_S ? at_ns - SIM_S : 0;
}

static void parse_faults(const char *name, const char *text, uint64_t *out)
{
    if (text == NULL || !sim_plan_parse_faults(text, out)) {
        complain(name, "wants names of faults, see --faults");
    }
}

static bool parse_switch(struct options *options, const char *name, const char *value)
{
    struct sim_switches *switches = &options->switches;
    uint64_t only;
    if (strcmp(name, "--hosts") == 0) {
        switches->hosts = (uint32_t)parse_number(name, value);
    } else if (strcmp(name, "--connections") == 0) {
        switches->connections = (uint32_t)parse_number(name, value);
    } else if (strcmp(name, "--octets") == 0) {
        switches->octets = parse_number(name, value);
    } else if (strcmp(name, "--mtu") == 0) {
        switches->mtu_bytes = (uint32_t)parse_number(name, value);
    } else if (strcmp(name, "--without") == 0) {
        parse_faults(name, value, &switches->without);
    } else if (strcmp(name, "--only") == 0) {
        parse_faults(name, value, &only);
        switches->without = SIM_FAULTS_ALL & ~only;
    } else if (strcmp(name, "--clock-origin") == 0) {
        switches->origin_ns = parse_origin(value);
        switches->has_origin = true;
    } else if (strcmp(name, "--burst") == 0) {
        switches->burst = (uint32_t)parse_number(name, value);
        if (switches->burst < 1 || switches->burst > 64) {
            complain(name, "wants 1 to 64");
        }
    } else if (strcmp(name, "--idle") == 0) {
        switches->idle_ns = parse_number(name, value) * SIM_S;
    } else {
        return false;
    }
    return true;
}

static void make_folder(const char *path)
{
    struct stat found;
    if (mkdir(path, 0777) != 0 && (stat(path, &found) != 0 || !S_ISDIR(found.st_mode))) {
        complain("--keep", strerror(errno));
    }
}

static bool parse_value(struct options *options, const char *name, const char *value)
{
    if (strcmp(name, "--seed") == 0) {
        options->seed = parse_number(name, value);
    } else if (strcmp(name, "--minutes") == 0) {
        options->minutes = value != NULL ? strtod(value, NULL) : 0;
    } else if (strcmp(name, "--worlds") == 0) {
        options->worlds = parse_number(name, value);
    } else if (strcmp(name, "--world") == 0) {
        options->first = parse_number(name, value);
        options->worlds = 1;
    } else if (strcmp(name, "--jobs") == 0) {
        options->jobs = (uint32_t)parse_number(name, value);
    } else if (strcmp(name, "--leave-out") == 0) {
        if (value == NULL || !sim_rules_parse(value, &options->switches.left_out)) {
            complain(name, "wants names of rules, such as A3,T8");
        }
    } else if (strcmp(name, "--keep") == 0 && value != NULL) {
        options->folder = value;
        make_folder(value);
    } else {
        return parse_switch(options, name, value);
    }
    return true;
}

static bool parse_flag(struct options *options, const char *name)
{
    if (strcmp(name, "--json") == 0) {
        options->has_json = true;
    } else if (strcmp(name, "--hash") == 0) {
        options->has_hash = true;
    } else if (strcmp(name, "--verbose") == 0) {
        options->is_verbose = true;
    } else if (strcmp(name, "--survey") == 0) {
        options->is_survey = true;
    } else if (strcmp(name, "--whole") == 0) {
        options->keeps_size = true;
    } else if (strcmp(name, "--twice") == 0) {
        options->switches.is_twice = true;
    } else if (strcmp(name, "--record") == 0) {
        options->records = true;
    } else if (strcmp(name, "--faults") == 0) {
        print_faults();
    } else if (strcmp(name, "--help") == 0) {
        print_usage(0);
    } else {
        return false;
    }
    return true;
}

static void parse_options(struct options *options, int argc, char **argv)
{
    *options = (struct options){.seed = 1, .jobs = 1, .folder = "."};
    for (int i = 1; i < argc; i++) {
        if (parse_flag(options, argv[i])) {
            continue;
        }
        if (!parse_value(options, argv[i], i + 1 < argc ? argv[i + 1] : NULL)) {
            print_usage(2);
        }
        i++;
    }
    if (options->worlds == 0) {
        options->worlds = options->minutes > 0 ? UINT64_MAX
                          : options->has_hash  ? WORLDS_HASHED
                                               : WORLDS_DEFAULT;
    }
    if (options->jobs < 1 || options->jobs > JOBS_MAX) {
        complain("--jobs", "wants 1 to 64");
    }
    if (options->has_hash) { // how much memory objects take depends on the machine
        options->switches.without |= SIM_FAULT_BIT(SIM_FAULT_MEMORY);
    }
}

static void add(struct sim_totals *totals, const struct sim_totals *more)
{
    totals->connections += more->connections;
    totals->segments += more->segments;
    totals->faults += more->faults;
    totals->octets += more->octets;
    totals->sim_ms += more->sim_ms;
    totals->violations += more->violations;
    totals->worlds += more->worlds;
    totals->frames += more->frames;
    totals->delivered += more->delivered;
    totals->steps += more->steps;
    totals->parted += more->parted;
}

static void print_world(const struct options *options, uint64_t world, const struct sim_plan *plan,
                        const struct sim_result *result, double seconds)
{
    char faults[SIM_PLAN_TEXT_MAX];
    if (options->is_verbose) {
        (void)printf("world %" PRIu64 ": %u hosts, %u connections, %" PRIu64
                     " octets each, %" PRIu64 " packets, %" PRIu64
                     " octets read, %.1f s simulated, %.2f s, hash %016" PRIx64 ", %s\n",
                     world, plan->hosts, plan->connections, plan->octets_max, result->totals.frames,
                     result->totals.delivered, (double)result->totals.sim_ms / 1e3, seconds,
                     result->hash, sim_plan_faults(plan->faults, faults));
        (void)fflush(stdout);
    }
}

// Of a survey: what went wrong in which world, with all its faults and nothing kept.
static void print_finding(uint64_t world, const struct sim_plan *plan,
                          const struct sim_result *result)
{
    char faults[SIM_PLAN_TEXT_MAX];
    if (result->rule[0] != '\0') {
        (void)printf("world %" PRIu64 " violates %s: %s [%s]\n", world, result->rule, result->text,
                     sim_plan_faults(plan->faults, faults));
        (void)fflush(stdout);
    }
}

// Where what is kept of a world goes, without the ending.
static const char *path_of(const struct options *options, uint64_t world, char *path)
{
    (void)snprintf(path, PATH_TEXT_MAX, "%s/sim-%" PRIu64 "-%" PRIu64, options->folder,
                   options->seed, world);
    return path;
}

// One process: worlds until none is left, the time is over, or one fails.
static _Noreturn void work(const struct options *options, struct shared *shared, struct job *job,
                           double end)
{
    struct sim_run_options run = {.has_hash = options->has_hash};
    char path[PATH_TEXT_MAX];
    struct sim_plan plan;
    struct sim_result result;
    while (options->minutes <= 0 || seconds_now() < end) {
        uint64_t number = atomic_fetch_add(&shared->next, 1);
        double begin = seconds_now();
        if (number - options->first >= options->worlds) {
            break;
        }
        job->world = number;
        atomic_store(&job->is_running, true);
        sim_plan_make(&plan, sim_world_seed(options->seed, number), &options->switches);
        run.record = options->records ? path_of(options, number, path) : NULL;
        sim_world_run(&plan, &run, &result);
        if (result.rule[0] != '\0' && !options->is_survey) {
            _exit(4);
        }
        atomic_store(&job->is_running, false);
        add(&job->totals, &result.totals);
        job->hash += result.hash * (2 * number + 1);
        print_world(options, number, &plan, &result, seconds_now() - begin);
        print_finding(number, &plan, &result);
    }
    _exit(0);
}

static void print_again(const struct options *options, uint64_t world,
                        const struct sim_switches *switches)
{
    char faults[SIM_PLAN_TEXT_MAX];
    struct sim_plan plan;
    sim_plan_make(&plan, sim_world_seed(options->seed, world), switches);
    (void)printf(" Again: sim --seed %" PRIu64 " --world %" PRIu64, options->seed, world);
    if (switches->without != 0) {
        (void)printf(" --only %s", sim_plan_faults(plan.faults, faults));
    }
    if (switches->hosts != 0) {
        (void)printf(" --hosts %u", switches->hosts);
    }
    if (switches->connections != 0) {
        (void)printf(" --connections %u", switches->connections);
    }
    if (switches->octets != 0) {
        (void)printf(" --octets %" PRIu64, switches->octets);
    }
    if (switches->mtu_bytes != 0) {
        (void)printf(" --mtu %u", switches->mtu_bytes);
    }
    if (switches->burst != 0) {
        (void)printf(" --burst %u", switches->burst);
    }
    if (switches->is_twice) {
        (void)printf(" --twice");
    }
    if (switches->has_origin) {
        (void)printf(" --clock-origin %" PRIu64, switches->origin_ns);
    }
    if (switches->idle_ns != 0) {
        (void)printf(" --idle %" PRIu64, switches->idle_ns / SIM_S);
    }
}

// A failure is one line: what, how to see it again, and where its capture and ladder are.
static void report(const struct options *options, uint64_t world)
{
    struct sim_switches switches = options->switches;
    struct sim_run_options run = {0};
    struct sim_result result;
    struct sim_result kept;
    char path[PATH_TEXT_MAX];
    uint64_t seed = sim_world_seed(options->seed, world);
    sim_try(seed, &switches, &run, &result);
    uint32_t tried =
        options->keeps_size || result.rule[0] == '\0' ? 0 : sim_shrink(seed, &switches, &result);
    run.record = path_of(options, world, path);
    run.pair = result.pair;
    sim_try(seed, &switches, &run, &kept);
    (void)printf("sim: %s violated: %s.",
                 result.rule[0] != '\0' ? result.rule : "in this process only", result.text);
    print_again(options, world, &switches);
    (void)printf(" (%u worlds tried; kept: %s.pcapng, %s.ladder)\n", tried, path, path);
    (void)fflush(stdout);
}

static pid_t start(const struct options *options, struct shared *shared, uint32_t index, double end)
{
    (void)fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        work(options, shared, &shared->job[index], end);
    }
    return child;
}

static uint32_t index_of(const pid_t *children, uint32_t jobs, pid_t child)
{
    uint32_t at = 0;
    while (at < jobs && children[at] != child) {
        at++;
    }
    return at;
}

// Keeps the processes at work; one that ended with a failed world is replaced.
static uint64_t run_all(const struct options *options, struct shared *shared)
{
    pid_t children[JOBS_MAX];
    uint32_t running = options->jobs;
    uint64_t failures = 0;
    double end = seconds_now() + options->minutes * 60;
    for (uint32_t i = 0; i < options->jobs; i++) {
        children[i] = start(options, shared, i, end);
    }
    while (running > 0) {
        int status = 0;
        uint32_t at = index_of(children, options->jobs, wait(&status));
        if (at == options->jobs) {
            break;
        }
        running--;
        if (status == 0) {
            continue;
        }
        failures++;
        report(options, shared->job[at].world);
        if (failures < FAILURES_MAX) {
            children[at] = start(options, shared, at, end);
            running++;
        }
    }
    return failures;
}

static void print_totals(const struct options *options, const struct sim_totals *totals,
                         uint64_t hash)
{
    if (options->has_hash) {
        (void)printf("hash %016" PRIx64 "\n", hash);
    }
    if (options->has_json) {
        (void)printf("{\"connections\":%" PRIu64 ",\"segments\":%" PRIu64 ",\"faults\":%" PRIu64
                     ",\"octets\":%" PRIu64 ",\"sim_seconds\":%.3f,\"violations\":%" PRIu64 "}\n",
                     totals->connections, totals->segments, totals->faults, totals->octets,
                     (double)totals->sim_ms / 1e3, totals->violations);
        return;
    }
    (void)printf("sim: %" PRIu64 " worlds, %" PRIu64 " connections, %" PRIu64 " segments, %" PRIu64
                 " faults, %" PRIu64 " octets checked, %.0f s simulated, %" PRIu64 " violations",
                 totals->worlds, totals->connections, totals->segments, totals->faults,
                 totals->octets, (double)totals->sim_ms / 1e3, totals->violations);
    if (options->switches.is_twice) {
        (void)printf("; %" PRIu64 " steps twice, %" PRIu64 " worlds parted", totals->steps,
                     totals->parted);
    }
    (void)puts("");
}

int main(int argc, char **argv)
{
    struct options options;
    struct sim_totals totals = {0};
    uint64_t hash = 0;
    // What a world gives back the next one takes; it need not go through the kernel.
    (void)mallopt(M_MMAP_THRESHOLD, 1 << 30);
    (void)mallopt(M_TRIM_THRESHOLD, 1 << 30);
    parse_options(&options, argc, argv);
    struct shared *shared =
        mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED) {
        complain("mmap", "no memory");
    }
    memset(shared, 0, sizeof *shared);
    atomic_store(&shared->next, options.first);
    uint64_t failures = run_all(&options, shared);
    for (uint32_t i = 0; i < options.jobs; i++) {
        add(&totals, &shared->job[i].totals);
        hash += shared->job[i].hash;
    }
    totals.violations += failures;
    print_totals(&options, &totals, hash);
    return totals.violations == 0 ? 0 : 1;
}
