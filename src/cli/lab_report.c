// SPDX-License-Identifier: MIT
//
// What the lab writes around a ladder.
#include "cli/lab_report.h"

#include <inttypes.h>
#include <stdio.h>

struct outcome {
    const char *name, *text;
};

static struct outcome words_of(enum lab_outcome outcome)
{
    static const struct outcome table[] = {
#define LAB_OUTCOME_WORDS(code, name, text) [LAB_OUTCOME_##code] = {name, text},
        LAB_OUTCOMES(LAB_OUTCOME_WORDS)
#undef LAB_OUTCOME_WORDS
    };
    return table[outcome];
}

static const char *name_of(enum synfin_link_side side)
{
    return side == SYNFIN_LINK_A ? "client" : "server";
}

// An error's name as outcomes are written: "timed-out".
static const char *error_word(enum synfin_error error, char *text, size_t capacity)
{
    const char *name = synfin_error_name(error);
    size_t i = 0;
    for (; name[i] != '\0' && i + 1 < capacity; i++) {
        bool is_upper = name[i] >= 'A' && name[i] <= 'Z';
        text[i] = name[i] == '_' ? '-' : is_upper ? (char)(name[i] - 'A' + 'a') : name[i];
    }
    text[i] = '\0';
    return text;
}

static void write_time(uint64_t ns)
{
    uint64_t us = (ns + 500) / 1000;
    if (us < 1000000) {
        (void)printf("%" PRIu64 ".%03" PRIu64 " ms", us / 1000, us % 1000);
    } else {
        (void)printf("%" PRIu64 ".%03" PRIu64 " s", us / 1000000, us / 1000 % 1000);
    }
}

void lab_report_story(const struct lab_scenario *scenario, bool has_colour)
{
    const char *bold = has_colour ? "\x1b[1m" : "";
    const char *plain = has_colour ? "\x1b[0m" : "";
    (void)printf("%s%s: %s%s\n\n%s\n\n", bold, scenario->name, scenario->summary, plain,
                 scenario->story);
}

static void write_octets(const struct lab_world *world, enum synfin_link_side side)
{
    const struct lab_app *app = &world->app[side];
    if (app->sent_bytes > 0) {
        (void)printf(", sent %" PRIu64 " octets", app->sent_bytes);
    }
    if (app->received_bytes > 0) {
        (void)printf(", received %" PRIu64 " octets, %s", app->received_bytes,
                     app->has_wrong_octet ? "NOT AS THEY WERE SENT" : "all as they were sent");
    }
}

static void write_end(const struct lab_world *world, enum synfin_link_side side, bool has_colour)
{
    uint64_t t_ns = 0;
    char word[32];
    enum lab_outcome outcome = lab_world_outcome(world, side, &t_ns);
    const struct lab_app *app = &world->app[side];
    bool has_failed = outcome == LAB_OUTCOME_FAILED;
    const char *colour = has_failed ? "\x1b[31m" : "\x1b[32m";
    (void)printf("%s: %s", name_of(side), has_colour ? colour : "");
    if (has_failed) {
        (void)printf("%s (%s)", error_word(app->error, word, sizeof word),
                     synfin_error_text(app->error));
    } else {
        (void)fputs(words_of(outcome).text, stdout);
    }
    (void)fputs(has_colour ? "\x1b[0m" : "", stdout);
    (void)fputs(outcome == LAB_OUTCOME_LISTENING || outcome == LAB_OUTCOME_NOTHING ? " after "
                                                                                   : " at ",
                stdout);
    write_time(t_ns);
    if (outcome == LAB_OUTCOME_CONNECTED) {
        (void)printf(", in the end %s", synfin_tcp_state_name(world->state[side].state));
    }
    write_octets(world, side);
    (void)putchar('\n');
}

void lab_report_ends(const struct lab_world *world, bool has_colour)
{
    (void)putchar('\n');
    write_end(world, SYNFIN_LINK_A, has_colour);
    write_end(world, SYNFIN_LINK_B, has_colour);
}

// The texts of the table hold no octet that JSON would escape but the line's end.
static void write_json_text(const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '"') {
            (void)fputs("\\\"", stdout);
        } else {
            (void)putchar(*text == '\n' ? ' ' : *text);
        }
    }
}

void lab_report_story_json(const struct lab_scenario *scenario, uint64_t seed,
                           const struct synfin_link_config *link)
{
    (void)printf("{\"event\":\"scenario\",\"name\":\"%s\",\"summary\":\"", scenario->name);
    write_json_text(scenario->summary);
    (void)fputs("\",\"story\":\"", stdout);
    write_json_text(scenario->story);
    (void)printf("\",\"seed\":%" PRIu64 ",\"delay_ns\":%" PRIu64 "}\n", seed, link->delay_ns);
}

static void write_end_json(const struct lab_world *world, enum synfin_link_side side)
{
    uint64_t t_ns = 0;
    char word[32];
    enum lab_outcome outcome = lab_world_outcome(world, side, &t_ns);
    const struct lab_app *app = &world->app[side];
    (void)printf("{\"event\":\"end\",\"t_ns\":%" PRIu64 ",\"host\":\"%s\",\"outcome\":\"%s\"", t_ns,
                 name_of(side),
                 outcome == LAB_OUTCOME_FAILED ? error_word(app->error, word, sizeof word)
                                               : words_of(outcome).name);
    (void)printf(",\"error\":\"%s\",\"state\":\"%s\"", synfin_error_name(app->error),
                 synfin_tcp_state_name(world->state[side].state));
    (void)printf(",\"sent\":%" PRIu64 ",\"received\":%" PRIu64 ",\"intact\":%s}\n", app->sent_bytes,
                 app->received_bytes, app->has_wrong_octet ? "false" : "true");
}

void lab_report_ends_json(const struct lab_world *world)
{
    write_end_json(world, SYNFIN_LINK_A);
    write_end_json(world, SYNFIN_LINK_B);
}

bool lab_report_check(const struct lab_world *world)
{
    static const enum synfin_link_side sides[] = {SYNFIN_LINK_A, SYNFIN_LINK_B};
    bool is_expected = true;
    for (uint32_t i = 0; i < 2; i++) {
        uint64_t t_ns = 0;
        enum lab_outcome outcome = lab_world_outcome(world, sides[i], &t_ns);
        enum lab_outcome expected = world->scenario->expected[i];
        if (outcome != expected || world->app[i].has_wrong_octet) {
            (void)fprintf(stderr, "synfin lab: %s: the %s ends \"%s\", expected \"%s\"%s\n",
                          world->scenario->name, name_of(sides[i]), words_of(outcome).name,
                          words_of(expected).name,
                          world->app[i].has_wrong_octet ? ", and received wrong octets" : "");
            is_expected = false;
        }
    }
    return is_expected;
}
