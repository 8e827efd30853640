// SPDX-License-Identifier: MIT
//
// Virtual time. The clock moves by one microsecond whenever it is read, so that packetdrill, which
// waits for a moment by reading it again and again, comes there; and by as much as packetdrill
// sleeps. On its way it stops wherever the stack has a deadline or a sleeper's wait ends.
//
// A sleeper is woken by every change and looks whether it has what it waits for. If not, it sleeps
// on; if so, its call returns, and packetdrill reads the clock in that thread to learn when. Until
// it has, the thread that drives the clock waits (drill_clock_settle).
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "packetdrill/drill.h"

enum {
    NS_PER_US = 1000,
    NS_PER_S = 1000000000,
    STEP_NS = 50000,
    // Who has been woken reads the clock soon. If it never does, time goes on after this long.
    PATIENCE_S = 1,
};

// This thread's call is about to return, and the clock stands still until it has read it.
static _Thread_local bool is_returning;

// The stack's deadline on our clock; up to one step late rather than early.
static uint64_t stack_deadline(const struct drill *drill)
{
    uint64_t due_ns =
        drill->stack != NULL ? synfin_stack_next_deadline(drill->stack) : SYNFIN_NEVER;
    return due_ns == SYNFIN_NEVER ? UINT64_MAX : (due_ns + NS_PER_US - 1) / NS_PER_US;
}

uint64_t drill_clock_next(const struct drill *drill)
{
    uint64_t due_us = stack_deadline(drill);
    due_us = drill->wake_us < due_us ? drill->wake_us : due_us;
    return due_us > drill->now_us ? due_us : drill->now_us + 1;
}

void drill_clock_settle(struct drill *drill)
{
    if (drill->sleepers == 0) {
        return;
    }
    struct timespec limit;
    (void)clock_gettime(CLOCK_REALTIME, &limit);
    limit.tv_sec += PATIENCE_S;
    drill->generation++;
    drill->unsettled += drill->sleepers;
    drill->wake_us = UINT64_MAX;
    (void)pthread_cond_broadcast(&drill->changed);
    while (drill->unsettled > 0) {
        if (pthread_cond_timedwait(&drill->settled, &drill->lock, &limit) == ETIMEDOUT) {
            drill->unsettled = 0;
        }
    }
}

static void settle_one(struct drill *drill)
{
    if (drill->unsettled > 0) {
        drill->unsettled--;
    }
    (void)pthread_cond_signal(&drill->settled);
}

void drill_clock_advance(struct drill *drill, uint64_t until_us)
{
    while (drill->now_us < until_us) {
        uint64_t next_us = drill_clock_next(drill);
        bool is_due = next_us <= until_us;
        drill->now_us = is_due ? next_us : until_us;
        if (is_due) {
            drill_stack_pump(drill);
            drill_clock_settle(drill);
        }
    }
}

uint64_t drill_clock_read(struct drill *drill)
{
    if (is_returning) {
        is_returning = false;
        drill->returned = (pid_t)syscall(SYS_gettid);
        settle_one(drill);
    } else {
        drill_clock_advance(drill, drill->now_us + 1);
    }
    return drill->now_us;
}

// What /proc says of a thread of ours: R while it runs; a space when there is none.
static char run_state(pid_t thread)
{
    char path[64];
    char line[256] = "";
    (void)snprintf(path, sizeof path, "/proc/self/task/%d/stat", (int)thread);
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return ' ';
    }
    const char *got = fgets(line, sizeof line, file);
    (void)fclose(file);
    const char *name_end = got != NULL ? strrchr(line, ')') : NULL;
    return name_end != NULL && name_end[1] != '\0' ? name_end[2] : ' ';
}

void drill_clock_await_returned(pid_t thread)
{
    const struct timespec step = {.tv_nsec = STEP_NS};
    for (uint32_t at = 0; at < PATIENCE_S * (NS_PER_S / STEP_NS) && run_state(thread) == 'R';
         at++) {
        (void)nanosleep(&step, NULL);
    }
}

// Nobody else moves the clock while the main thread waits: it does so itself.
static bool wait_in_main(struct drill *drill, uint64_t until_us)
{
    uint64_t next_us = drill_clock_next(drill);
    if (drill->now_us >= until_us
        || (stack_deadline(drill) == UINT64_MAX && until_us == UINT64_MAX)) {
        return false;
    }
    drill_clock_advance(drill, next_us < until_us ? next_us : until_us);
    return true;
}

bool drill_clock_wait(struct drill *drill, uint64_t until_us)
{
    if (pthread_equal(pthread_self(), drill->main) != 0) {
        return wait_in_main(drill, until_us);
    }
    if (drill->now_us >= until_us) {
        return false;
    }
    if (is_returning) { // it looked, and waits on
        is_returning = false;
        settle_one(drill);
    }
    drill->wake_us = until_us < drill->wake_us ? until_us : drill->wake_us;
    uint64_t generation = drill->generation;
    drill->sleepers++;
    while (generation == drill->generation) {
        (void)pthread_cond_wait(&drill->changed, &drill->lock);
    }
    drill->sleepers--;
    is_returning = true;
    return true;
}
