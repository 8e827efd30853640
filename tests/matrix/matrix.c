// SPDX-License-Identifier: MIT
//
// The matrix of states and segments: every situation of matrix_world.c with every segment of
// matrix_cases.c, given to the real stack and judged by the oracle.
//
//     matrix [--every N]      all, or one in N, by two processes
//     matrix --first N        one in N, until the first disagreement
//     matrix --controls       each rule of the oracle taken away in turn must be noticed
//     matrix --without RULE   the same of one rule, with the first case that notices
//     matrix SITUATION NUMBER one case, explained
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "matrix_cases.h"
#include "matrix_compare.h"
#include "matrix_world.h"

enum {
    PROCESSES = 2,
    SHOWN_MAX = 12,     // disagreements that a process prints
    CONTROL_EVERY = 31, // prime to every class
    DELIVERIES = 3,     // none, some, all of the text
    AGAIN_ONE_IN = 64,  // cases of which the segment comes again and again
    AGAIN_ONE_IN_MANY = 1024,
    AGAIN_FEW = 10,
    AGAIN_MORE = 3, // than are answered
};

// What a process has counted, in memory that both share.
struct tally {
    uint64_t cases, disagreements;
    uint64_t asked[ORACLE_RULE_COUNT];
    bool edge[ORACLE_STATE_COUNT][ORACLE_STATE_COUNT];
    // By state before, state after, reply, delivery, and whether SND.UNA moved.
    bool outcome[ORACLE_STATE_COUNT][ORACLE_STATE_COUNT][ORACLE_REPLY_COUNT][DELIVERIES][2];
};

struct plan {
    uint32_t every, part, parts; // cases of which number / every % parts == part
    enum oracle_rule without;
    uint64_t disagreements_max; // the run ends there
    FILE *out;                  // NULL: disagreements are only counted
};

static void note_outcome(struct tally *tally, const struct oracle_tcb *before,
                         const struct oracle_segment *segment, const struct oracle_verdict *judged)
{
    enum oracle_state after = matrix_state_after(judged);
    uint32_t delivery = judged->delivered == 0 ? 0 : judged->delivered < segment->text ? 1 : 2;
    tally->edge[before->state][after] = true;
    tally->outcome[before->state][after][judged->reply][delivery]
                  [judged->tcb.snd_una != before->snd_una] = true;
}

static void tell(FILE *out, const struct matrix_world *world, uint32_t number,
                 const struct oracle_segment *segment, const char *differs)
{
    char text[256];
    matrix_case_print(&world->tcb, segment, text, sizeof text);
    (void)fprintf(out, "%s %u: %s\n", world->situation->name, (unsigned)number, text);
    (void)fprintf(out, "  %s\n", differs == NULL ? "as it should be" : differs);
}

// The same segment over and over: which of them are answered, when it changes nothing.
static const char *try_again(struct matrix_world *world, uint32_t number,
                             const struct oracle_segment *segment,
                             const struct oracle_verdict *expected)
{
    uint32_t limit = expected->answers_max;
    uint32_t one_in = limit > AGAIN_FEW ? AGAIN_ONE_IN_MANY : AGAIN_ONE_IN;
    if ((number * UINT32_C(2246822519) >> 7) % one_in != 0 || expected->reply == ORACLE_NONE
        || limit == 0) {
        return NULL;
    }
    uint32_t replies = matrix_world_repeat(world, segment, limit + AGAIN_MORE);
    return replies != limit ? "how often it is answered" : NULL;
}

// True when stack and oracle agree.
static bool try_case(struct matrix_world *world, uint32_t number, struct oracle *oracle,
                     struct tally *tally, FILE *out)
{
    struct oracle_segment segment;
    struct oracle_verdict expected;
    struct matrix_seen seen;
    matrix_case(&world->tcb, number, &segment);
    oracle_judge(oracle, &world->tcb, &segment, &expected);
    matrix_world_try(world, &segment, &seen);
    const char *differs = matrix_compare(&world->tcb, &expected, &seen);
    differs = differs != NULL ? differs : try_again(world, number, &segment, &expected);
    tally->cases++;
    note_outcome(tally, &world->tcb, &segment, &expected);
    if (differs == NULL) {
        return true;
    }
    tally->disagreements++;
    if (out != NULL && tally->disagreements <= SHOWN_MAX) {
        tell(out, world, number, &segment, differs);
        matrix_compare_print(out, &expected, &seen);
    }
    return false;
}

static void try_all(const struct plan *plan, struct tally *tally)
{
    struct oracle oracle = {.without = plan->without};
    for (uint32_t i = 0; i < matrix_situation_count; i++) {
        struct matrix_world world;
        matrix_world_init(&world, &matrix_situations[i]);
        uint32_t count = matrix_case_count(&world.tcb);
        for (uint32_t number = plan->every * plan->part;
             number < count && tally->disagreements < plan->disagreements_max;
             number += plan->every * plan->parts) {
            (void)try_case(&world, number, &oracle, tally, plan->out);
        }
        matrix_world_deinit(&world);
    }
    memcpy(tally->asked, oracle.asked, sizeof tally->asked);
}

static void add_tally(struct tally *sum, const struct tally *one)
{
    bool *to = &sum->outcome[0][0][0][0][0];
    const bool *from = &one->outcome[0][0][0][0][0];
    sum->cases += one->cases;
    sum->disagreements += one->disagreements;
    for (uint32_t i = 0; i < ORACLE_RULE_COUNT; i++) {
        sum->asked[i] += one->asked[i];
    }
    for (uint32_t i = 0; i < sizeof sum->edge; i++) {
        (&sum->edge[0][0])[i] |= (&one->edge[0][0])[i];
    }
    for (uint32_t i = 0; i < sizeof sum->outcome; i++) {
        to[i] |= from[i];
    }
}

// Both halves, each in a process of its own; false when one did not come to its end.
static bool try_in_processes(uint32_t every, uint64_t disagreements_max, struct tally *sum)
{
    struct tally *tally = mmap(NULL, PROCESSES * sizeof *tally, PROT_READ | PROT_WRITE,
                               MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pid_t child[PROCESSES];
    bool is_good = tally != MAP_FAILED;
    for (uint32_t i = 0; i < PROCESSES && is_good; i++) {
        struct plan plan = {.every = every,
                            .part = i,
                            .parts = PROCESSES,
                            .without = ORACLE_RULE_COUNT,
                            .disagreements_max = disagreements_max,
                            .out = stderr};
        child[i] = fork();
        if (child[i] == 0) {
            try_all(&plan, &tally[i]);
            _exit(0);
        }
    }
    for (uint32_t i = 0; i < PROCESSES && tally != MAP_FAILED; i++) {
        int status = 0;
        is_good = waitpid(child[i], &status, 0) == child[i] && status == 0 && is_good;
        add_tally(sum, &tally[i]);
    }
    return is_good;
}

static uint32_t count_true(const bool *flags, size_t count)
{
    uint32_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += flags[i];
    }
    return sum;
}

static int run(uint32_t every)
{
    static struct tally sum;
    bool is_good = try_in_processes(every, UINT64_MAX, &sum) && sum.disagreements == 0;
    for (uint32_t i = 0; i < ORACLE_RULE_COUNT; i++) {
        if (sum.asked[i] == 0) {
            (void)fprintf(stderr, "no case asks for %s\n", oracle_rule_name((enum oracle_rule)i));
            is_good = false;
        }
    }
    printf("matrix: %llu cases in %u situations, %u rules, %u outcomes, %u edges, "
           "%llu disagreements\n",
           (unsigned long long)sum.cases, (unsigned)matrix_situation_count, ORACLE_RULE_COUNT,
           (unsigned)count_true(&sum.outcome[0][0][0][0][0], sizeof sum.outcome),
           (unsigned)count_true(&sum.edge[0][0], sizeof sum.edge),
           (unsigned long long)sum.disagreements);
    return is_good ? 0 : 1;
}

// Whether all of them agree, without a word of which rules were asked for.
static int run_first(uint32_t every)
{
    static struct tally sum;
    bool is_good = try_in_processes(every, 1, &sum) && sum.disagreements == 0;
    printf("matrix: %llu cases, %s\n", (unsigned long long)sum.cases,
           is_good ? "no disagreement" : "FAILED");
    return is_good ? 0 : 1;
}

// True when the loss of the rule is noticed.
static bool try_without(enum oracle_rule rule, FILE *out)
{
    static struct tally tally;
    struct plan plan = {
        .every = CONTROL_EVERY, .parts = 1, .without = rule, .disagreements_max = 1, .out = out};
    tally = (struct tally){0};
    try_all(&plan, &tally);
    printf("without %-24s %s after %llu cases (%s: %s)\n", oracle_rule_name(rule),
           tally.disagreements > 0 ? "noticed" : "NOT NOTICED", (unsigned long long)tally.cases,
           oracle_rule_clause(rule), oracle_rule_text(rule));
    return tally.disagreements > 0;
}

static int run_controls(void)
{
    uint32_t missed = 0;
    for (uint32_t i = 0; i < ORACLE_RULE_COUNT; i++) {
        missed += !try_without((enum oracle_rule)i, NULL);
    }
    printf("controls: %u rules taken away, %u not noticed\n", ORACLE_RULE_COUNT, (unsigned)missed);
    return missed == 0 ? 0 : 1;
}

static int run_without(const char *name)
{
    for (uint32_t i = 0; i < ORACLE_RULE_COUNT; i++) {
        if (strcmp(name, oracle_rule_name((enum oracle_rule)i)) == 0) {
            return try_without((enum oracle_rule)i, stdout) ? 1 : 0;
        }
    }
    (void)fprintf(stderr, "matrix: no rule %s\n", name);
    return 2;
}

static int run_one(const char *name, uint32_t number)
{
    for (uint32_t i = 0; i < matrix_situation_count; i++) {
        struct matrix_world world;
        struct oracle oracle = {.without = ORACLE_RULE_COUNT};
        static struct tally tally;
        if (strcmp(name, matrix_situations[i].name) != 0) {
            continue;
        }
        matrix_world_init(&world, &matrix_situations[i]);
        bool is_known = number < matrix_case_count(&world.tcb);
        bool is_good = is_known && try_case(&world, number, &oracle, &tally, stdout);
        printf("%s\n", is_good ? "they agree" : is_known ? "they do not" : "no such case");
        matrix_world_deinit(&world);
        return is_good ? 0 : 1;
    }
    (void)fprintf(stderr, "matrix: no situation %s\n", name);
    return 2;
}

int main(int argc, char **argv)
{
    if (argc == 1) {
        return run(1);
    }
    if (argc == 2 && strcmp(argv[1], "--controls") == 0) {
        return run_controls();
    }
    uint32_t number = argc == 3 ? (uint32_t)strtoul(argv[2], NULL, 10) : 0;
    if (argc == 3 && strcmp(argv[1], "--every") == 0 && number > 0) {
        return run(number);
    }
    if (argc == 3 && strcmp(argv[1], "--first") == 0 && number > 0) {
        return run_first(number);
    }
    if (argc == 3 && strcmp(argv[1], "--without") == 0) {
        return run_without(argv[2]);
    }
    if (argc == 3 && argv[1][0] != '-') {
        return run_one(argv[1], number);
    }
    (void)fprintf(stderr, "usage: matrix [--every N | --first N | --controls | --without RULE | "
                          "SITUATION NUMBER]\n");
    return 2;
}
