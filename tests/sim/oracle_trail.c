// SPDX-License-Identifier: MIT
//
// See oracle_trail.h.
#include "sim/oracle_trail.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/oracle_subjects.h"

struct form {
    const char *name;
    const char *field[ORACLE_STEP_FIELDS];
};

#define SHAPE_NAME(code, name) name,
#define SHAPE_NAMES            ORACLE_SHAPE(SHAPE_NAME)
#define HEADER_NAMES           "flags", "octets", "window", "MSS", "window scale", "SACK blocks"
#define TIMER_NAMES            "timer", "deadline in s", "and ns", "times"
#define TOLD(kind)             [ORACLE_STEP_TOLD + SYNFIN_TRACE_##kind]

static const struct form forms[] = {
    [ORACLE_STEP_SEGMENT] = {"segment", {SHAPE_NAMES}},
    [ORACLE_STEP_COUNTED] = {"counted", {"times", "times 2^32"}},
    TOLD(SEGMENT_SENT) = {"made", {HEADER_NAMES}},
    TOLD(SEGMENT_RETRANSMITTED) = {"made again", {HEADER_NAMES}},
    TOLD(SEGMENT_RECEIVED) = {"received", {HEADER_NAMES}},
    TOLD(SEGMENT_DROPPED) = {"dropped", {HEADER_NAMES}},
    TOLD(PACKET_DROPPED) = {"packet dropped", {NULL}},
    TOLD(STATE) = {"state", {"from", "to"}},
    TOLD(TIMER_ARMED) = {"timer armed", {TIMER_NAMES}},
    TOLD(TIMER_FIRED) = {"timer fired", {TIMER_NAMES}},
    TOLD(CONGESTION) = {"congestion", {"cwnd", "ssthresh"}},
    TOLD(OUTCOME) = {"outcome", {"error"}},
    TOLD(BUFFER) = {"buffer", {"octets", "before", "measured", "round trip in us"}},
    TOLD(PATH_MTU) = {"path MTU", {"octets", "probe"}},
};
#undef SHAPE_NAME

_Static_assert(sizeof forms / sizeof forms[0] == ORACLE_STEP_TOLD + SYNFIN_TRACE_KIND_COUNT,
               "every kind of event has its names");

void oracle_follow(struct oracle *oracle, struct oracle_trail *trail)
{
    oracle->trail = trail;
    trail->at = 0;
}

void oracle_trail_deinit(struct oracle_trail *trail)
{
    free(trail->step);
    *trail = (struct oracle_trail){0};
}

static void add(struct oracle_trail *trail, const struct oracle_step *step)
{
    if (trail->count == trail->room) {
        trail->room = trail->room == 0 ? 1024 : 2 * trail->room;
        trail->step = oracle_allocate(trail->step, (size_t)trail->room * sizeof *trail->step);
    }
    trail->step[trail->count++] = *step;
}

// The reason of a loose one is told and not compared.
static bool is_same(const struct oracle_step *a, const struct oracle_step *b)
{
    bool has_reason = a->reason == b->reason || (a->is_loose && b->is_loose);
    return a->now_ns == b->now_ns && a->host == b->host && a->conn == b->conn && a->what == b->what
           && has_reason && memcmp(a->field, b->field, sizeof a->field) == 0;
}

static const char *print_name(const struct oracle_step *step, char *text, size_t capacity)
{
    (void)snprintf(text, capacity, "%s of connection %" PRIu32 " of host %" PRIu32 ", %s",
                   forms[step->what].name, step->conn, step->host,
                   synfin_reason_name((enum synfin_reason)step->reason));
    return text;
}

// Such as "payload 1448, was 536"; what it was is what the first run had in its place.
static const char *print_difference(const struct oracle_step *is, const struct oracle_step *was,
                                    char *text, size_t capacity)
{
    size_t at = 0;
    text[0] = '\0';
    if (is->now_ns != was->now_ns) {
        at = (size_t)snprintf(text, capacity, "at %" PRIu64 ", was at %" PRIu64, is->now_ns,
                              was->now_ns);
    }
    for (uint32_t i = 0; i < ORACLE_STEP_FIELDS && at < capacity; i++) {
        const char *name = forms[is->what].field[i];
        if (is->what == was->what && name != NULL && is->field[i] != was->field[i]) {
            at += (size_t)snprintf(text + at, capacity - at, "%s%s %" PRIu32 ", was %" PRIu32,
                                   at == 0 ? "" : "; ", name, is->field[i], was->field[i]);
        }
    }
    return text;
}

static void report(struct oracle_host *host, const struct oracle_step *step,
                   const struct oracle_step *was)
{
    const struct oracle_end nobody = {.host = host->id, .number = step->conn};
    const struct oracle_end *end = oracle_ends_of_number(host, step->conn);
    const struct oracle_trail *trail = host->oracle->trail;
    char is_name[ORACLE_TEXT_MAX];
    char was_name[ORACLE_TEXT_MAX];
    char text[ORACLE_TEXT_MAX];
    oracle_fail(host->oracle, ORACLE_Q10, end != NULL ? end : &nobody, step->now_ns,
                "step %" PRIu64 " of %" PRIu64 ": %s; was %s: %s", trail->at, trail->count,
                print_name(step, is_name, sizeof is_name),
                print_name(was, was_name, sizeof was_name),
                print_difference(step, was, text, sizeof text));
}

static void compare(struct oracle_host *host, const struct oracle_step *step)
{
    static const struct oracle_step none;
    struct oracle_trail *trail = host->oracle->trail;
    const struct oracle_step *was = trail->at < trail->count ? &trail->step[trail->at] : &none;
    if (is_same(was, step)) {
        trail->at++;
        return;
    }
    trail->is_parted = was->is_loose || step->is_loose;
    if (!trail->is_parted) {
        report(host, step, was);
    }
    host->oracle->trail = NULL; // the first difference says it all
}

void oracle_trail_step(struct oracle_host *host, const struct oracle_step *step)
{
    struct oracle_trail *trail = host->oracle->trail;
    if (trail == NULL) {
        return;
    }
    if (trail->is_whole) {
        compare(host, step);
    } else {
        add(trail, step);
    }
}

void oracle_trail_end(struct oracle *oracle, uint64_t now_ns)
{
    const struct oracle_trail *trail = oracle->trail;
    if (trail != NULL && trail->is_whole && trail->at != trail->count) {
        oracle_fail_host(&oracle->host[0], ORACLE_Q10, now_ns,
                         "%" PRIu64 " steps, %" PRIu64 " with other keys", trail->count, trail->at);
    }
    oracle->trail = NULL;
}
