// SPDX-License-Identifier: MIT
//
// Exploration of the real code: every order of what can happen to two stacks and a few packets,
// scenario by scenario, two processes at a time.
//
//     explore                 every scenario; all legal edges and pairs must be seen, no others
//     explore --controls      with a legal edge forbidden, and without timers, it must fail
//     explore --first N       the first N states of every scenario: nothing illegal
//     explore SCENARIO [N]    one, or its first N states, and the pairs that it saw
//     explore --pairs         all of them, and the pairs that were seen
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "explore_search.h"

enum { PROCESSES = 2 };

static const struct explore_scenario scenarios[] = {
    {.name = "open",
     .flight_max = 3,
     .drops = 2,
     .copies = 1,
     .timers = 4,
     .opens = {1, 0},
     .listens = {0, 1},
     .may_close = true,
     .may_unlisten = true,
     .states_max = 1000000},
    {.name = "close",
     .flight_max = 3,
     .drops = 1,
     .copies = 1,
     .timers = 3,
     .opens = {1, 0},
     .listens = {0, 1},
     .writes = {1, 1},
     .may_shut = true,
     .may_close = true,
     .states_max = 1000000},
    {.name = "crossed",
     .flight_max = 4,
     .drops = 1,
     .copies = 1,
     .timers = 3,
     .opens = {1, 1},
     .may_shut = true,
     .may_close = true,
     .states_max = 1000000},
    {.name = "abort",
     .flight_max = 3,
     .drops = 1,
     .timers = 3,
     .opens = {1, 0},
     .listens = {0, 1},
     .writes = {1, 0},
     .may_shut = true,
     .may_close = true,
     .may_abort = true,
     .states_max = 1000000},
    {.name = "two-lives",
     .flight_max = 3,
     .copies = 1,
     .timers = 4,
     .opens = {2, 0},
     .listens = {0, 1},
     .may_close = true,
     .may_abort = true,
     .states_max = 1000000},
    {.name = "again",
     .flight_max = 3,
     .opens = {2, 0},
     .listens = {0, 1},
     .may_shut = true,
     .may_abort = true,
     .states_max = 1000000},
    {.name = "old-syn",
     .flight_max = 3,
     .copies = 1,
     .opens = {1, 1},
     .listens = {0, 1},
     .may_close = true,
     .may_unlisten = true,
     .states_max = 1000000},
    {.name = "options",
     .flight_max = 3,
     .drops = 1,
     .timers = 3,
     .opens = {1, 0},
     .listens = {0, 1},
     .writes = {2, 0},
     .may_shut = true,
     .has_options = true,
     .states_max = 1000000},
    {.name = "eager",
     .flight_max = 3,
     .drops = 1,
     .timers = 2,
     .opens = {1, 1},
     .writes = {2, 0},
     .may_shut = true,
     .may_close = true,
     .states_max = 500000},
    {.name = "anybody",
     .flight_max = 3,
     .timers = 2,
     .opens = {1, 1},
     .listens = {1, 1},
     .may_close = true,
     .may_abort = true,
     .may_unlisten = true,
     .states_max = 1000000},
};
enum { SCENARIOS = sizeof scenarios / sizeof *scenarios };

static void search_first(const struct explore_scenario *whole, uint32_t states_max,
                         struct explore_tally *tally)
{
    struct explore_scenario scenario = *whole;
    scenario.states_max = states_max < whole->states_max ? states_max : whole->states_max;
    explore_search(&scenario, true, tally);
}

static pid_t begin(uint32_t i, uint32_t states_max, struct explore_tally *tally)
{
    pid_t child = fork();
    if (child == 0) {
        search_first(&scenarios[i], states_max, &tally[i]);
        _exit(0);
    }
    return child;
}

// Two at a time; false when a process did not come to its end.
static bool search_all(uint32_t states_max, struct explore_tally *tally)
{
    uint32_t begun = 0;
    uint32_t running = 0;
    bool is_good = true;
    while (begun < SCENARIOS || running > 0) {
        if (begun < SCENARIOS && running < PROCESSES) {
            running += begin(begun++, states_max, tally) > 0;
            continue;
        }
        int status = 0;
        is_good = wait(&status) > 0 && status == 0 && is_good;
        running--;
    }
    return is_good;
}

static void tell_scenario(const struct explore_scenario *scenario,
                          const struct explore_tally *tally)
{
    printf("%-10s %8llu states, %9llu steps, depth %3u%s%s\n", scenario->name,
           (unsigned long long)tally->states, (unsigned long long)tally->steps,
           (unsigned)tally->depth, tally->is_complete ? ", complete" : "",
           tally->has_failed ? ", FAILED" : "");
    (void)fflush(stdout);
}

static void add(struct explore_tally *sum, const struct explore_tally *one)
{
    sum->states += one->states;
    sum->steps += one->steps;
    sum->has_failed = sum->has_failed || one->has_failed;
    for (uint32_t a = 0; a < EXPLORE_STATES; a++) {
        for (uint32_t b = 0; b < EXPLORE_STATES; b++) {
            sum->edge[a][b] = sum->edge[a][b] || one->edge[a][b];
            sum->pair[a][b] = sum->pair[a][b] || one->pair[a][b];
        }
    }
}

// What the law allows and nobody came by; returns how many there are. Counts what was seen.
static uint32_t count_missing(const struct explore_tally *sum, uint32_t *edges, uint32_t *pairs)
{
    uint32_t missing = 0;
    for (uint32_t i = 0; i < (uint32_t)EXPLORE_STATES * EXPLORE_STATES; i++) {
        enum synfin_tcp_state a = (enum synfin_tcp_state)(i / EXPLORE_STATES);
        enum synfin_tcp_state b = (enum synfin_tcp_state)(i % EXPLORE_STATES);
        *edges += sum->edge[a][b];
        *pairs += a <= b && sum->pair[a][b];
        if (explore_law_allows_edge(a, b) && !explore_law_forgoes_edge(a, b) && !sum->edge[a][b]) {
            (void)fprintf(stderr, "never went from %s to %s\n", synfin_tcp_state_name(a),
                          synfin_tcp_state_name(b));
            missing++;
        }
        if (a <= b && explore_law_allows_pair(a, b) && !sum->pair[a][b]) {
            (void)fprintf(stderr, "never were %s and %s\n", synfin_tcp_state_name(a),
                          synfin_tcp_state_name(b));
            missing++;
        }
    }
    return missing;
}

static void tell_pairs(const struct explore_tally *sum)
{
    for (uint32_t a = 0; a < EXPLORE_STATES; a++) {
        printf("%s:", synfin_tcp_state_name((enum synfin_tcp_state)a));
        for (uint32_t b = a; b < EXPLORE_STATES; b++) {
            if (sum->pair[a][b]) {
                printf(" %s", synfin_tcp_state_name((enum synfin_tcp_state)b));
            }
        }
        printf("\n");
    }
}

// Every scenario, each as far as `states_max`; false when one fails or does not come to its end.
static bool search_and_add(uint32_t states_max, struct explore_tally *sum)
{
    struct explore_tally *tally = mmap(NULL, SCENARIOS * sizeof *tally, PROT_READ | PROT_WRITE,
                                       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (tally == MAP_FAILED) {
        return false;
    }
    bool is_good = search_all(states_max, tally) && explore_law_is_the_models();
    for (uint32_t i = 0; i < SCENARIOS; i++) {
        tell_scenario(&scenarios[i], &tally[i]);
        add(sum, &tally[i]);
    }
    return is_good && !sum->has_failed;
}

static int run(bool shows_pairs)
{
    static struct explore_tally sum;
    uint32_t edges = 0;
    uint32_t pairs = 0;
    bool is_good = search_and_add(UINT32_MAX, &sum);
    is_good = count_missing(&sum, &edges, &pairs) == 0 && is_good;
    if (shows_pairs) {
        tell_pairs(&sum);
    }
    printf("explore: %llu states, %llu steps, %u edges, %u pairs of states, %s\n",
           (unsigned long long)sum.states, (unsigned long long)sum.steps, (unsigned)edges,
           (unsigned)pairs, is_good ? "none of them illegal, none missing" : "FAILED");
    return is_good ? 0 : 1;
}

// Without a word of what must have been seen.
static int run_first(uint32_t states_max)
{
    static struct explore_tally sum;
    bool is_good = search_and_add(states_max, &sum);
    printf("explore: %llu states, %llu steps, %s\n", (unsigned long long)sum.states,
           (unsigned long long)sum.steps, is_good ? "nothing illegal" : "FAILED");
    return is_good ? 0 : 1;
}

// In a process of its own, whose way it prints; true when the search failed.
static bool fails(uint32_t scenario, bool may_tick, bool forbids)
{
    int status = 0;
    (void)fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        static struct explore_tally tally;
        if (forbids) {
            explore_law_forbid(SYNFIN_TCP_STATE_CLOSING, SYNFIN_TCP_STATE_TIME_WAIT);
        }
        explore_search(&scenarios[scenario], may_tick, &tally);
        _exit(tally.has_failed ? 3 : 0);
    }
    return waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 3;
}

static int run_controls(void)
{
    bool is_edge_noticed = fails(2, true, true);
    bool is_deadlock_noticed = fails(1, false, false);
    printf("controls: an illegal edge is %s, an end that does not come is %s\n",
           is_edge_noticed ? "noticed" : "NOT NOTICED",
           is_deadlock_noticed ? "noticed" : "NOT NOTICED");
    return is_edge_noticed && is_deadlock_noticed ? 0 : 1;
}

static int run_one(const struct explore_scenario *scenario, uint32_t states_max)
{
    static struct explore_tally tally;
    search_first(scenario, states_max, &tally);
    tell_scenario(scenario, &tally);
    tell_pairs(&tally);
    return tally.has_failed ? 1 : 0;
}

int main(int argc, char **argv)
{
    if (argc == 1) {
        return run(false);
    }
    if (argc == 2 && strcmp(argv[1], "--pairs") == 0) {
        return run(true);
    }
    if (argc == 2 && strcmp(argv[1], "--controls") == 0) {
        return run_controls();
    }
    uint32_t states_max = argc == 3 ? (uint32_t)strtoul(argv[2], NULL, 10) : UINT32_MAX;
    if (argc == 3 && strcmp(argv[1], "--first") == 0) {
        return run_first(states_max);
    }
    for (uint32_t i = 0; i < SCENARIOS && (argc == 2 || argc == 3); i++) {
        if (strcmp(argv[1], scenarios[i].name) == 0) {
            return run_one(&scenarios[i], states_max);
        }
    }
    (void)fprintf(stderr,
                  "usage: explore [--pairs | --controls | --first N | SCENARIO [STATES]]\n");
    return 2;
}
