// SPDX-License-Identifier: MIT
//
// What the lab writes around a ladder.
#include "cli/lab_report.h"

#include <inttypes.h>
#include <stdio.h>

#include "cli/cli_output.h"
#include "cli/connect_failure.h"

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

// The ends are always told of, the stranger never, further clients where they have a script.
static bool is_told(const struct lab_world *world, enum lab_actor actor)
{
    return actor == LAB_CLIENT || actor == LAB_SERVER
           || (actor != LAB_STRANGER && world->config.scenario->step[actor][0].verb != LAB_FINISH);
}

static enum synfin_tcp_state state_of(const struct lab_world *world, enum lab_actor actor)
{
    const struct lab_app *app = &world->app[actor];
    return lab_world_state(world, app->side, app->port)->state;
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

static struct connect_failure failure_of(const struct lab_world *world, enum lab_actor actor)
{
    const struct lab_app *app = &world->app[actor];
    return (struct connect_failure){
        .remote = world->endpoint[actor == LAB_SERVER ? LAB_CLIENT : LAB_SERVER],
        .error = app->error,
        .reason = app->end.reason,
        .was_open = app->was_open,
        .tries = app->end.tries,
        .waited_ns = app->end.waited_ns,
        .icmp = app->end.icmp,
    };
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

static void write_octets(const struct lab_world *world, enum lab_actor actor)
{
    const struct lab_app *app = &world->app[actor];
    if (app->sent_bytes > 0) {
        (void)printf(", sent %" PRIu64 " octets", app->sent_bytes);
    }
    if (app->received_bytes > 0) {
        (void)printf(", received %" PRIu64 " octets, %s", app->received_bytes,
                     app->has_wrong_octet ? "NOT AS THEY WERE SENT" : "all as they were sent");
    }
}

static void write_end(const struct lab_world *world, enum lab_actor actor, bool has_colour)
{
    uint64_t t_ns = 0;
    enum lab_outcome outcome = lab_world_outcome(world, actor, &t_ns);
    bool has_failed = outcome == LAB_OUTCOME_FAILED;
    const char *colour = has_failed ? "\x1b[31m" : "\x1b[32m";
    (void)printf("%s: %s", lab_world_name(actor), has_colour ? colour : "");
    if (has_failed) {
        struct connect_failure failure = failure_of(world, actor);
        connect_failure_tell(stdout, &failure);
    } else {
        (void)fputs(words_of(outcome).text, stdout);
    }
    (void)fputs(has_colour ? "\x1b[0m" : "", stdout);
    (void)fputs(outcome == LAB_OUTCOME_LISTENING || outcome == LAB_OUTCOME_NOTHING ? " after "
                                                                                   : " at ",
                stdout);
    write_time(t_ns);
    if (outcome == LAB_OUTCOME_CONNECTED) {
        (void)printf(", in the end %s", synfin_tcp_state_name(state_of(world, actor)));
    }
    write_octets(world, actor);
    (void)putchar('\n');
}

static uint32_t count_clients(const struct lab_world *world, bool is_served_only)
{
    uint32_t clients = 0;
    for (uint32_t i = 0; i < LAB_ACTORS; i++) {
        bool is_client = i != LAB_SERVER && is_told(world, (enum lab_actor)i);
        clients += is_client && (world->app[i].received_bytes > 0 || !is_served_only);
    }
    return clients;
}

static uint64_t count(const struct lab_world *world, enum synfin_reason reason)
{
    return synfin_stack_count(world->stack[SYNFIN_LINK_B], reason);
}

static void write_flood(const struct lab_world *world)
{
    const struct lab_flood *flood = &world->flood;
    (void)printf("the flood: %" PRIu64 " SYNs from strangers; %" PRIu64
                 " SYN,ACKs to them, %" PRIu64 " withheld\n",
                 flood->syns, flood->answers, count(world, SYNFIN_REASON_DROP_AMPLIFICATION));
    (void)printf("of all SYN,ACKs %" PRIu64 " were cookies; at most %" PRIu32
                 " half-open connections were kept\n",
                 count(world, SYNFIN_REASON_SEND_SYN_ACK_COOKIE), flood->half_open_most);
    (void)printf("the server's memory: %" PRIu64 " KiB at most, %" PRIu64
                 " of them taken in the flood's second half\n",
                 (flood->memory_most_bytes + 1023) / 1024,
                 (flood->memory_most_bytes - flood->memory_half_bytes + 1023) / 1024);
    (void)printf("clients served meanwhile: %" PRIu32 " of %" PRIu32 "\n",
                 count_clients(world, true), count_clients(world, false));
}

void lab_report_ends(const struct lab_world *world, bool has_colour)
{
    (void)putchar('\n');
    for (uint32_t i = 0; i < LAB_ACTORS; i++) {
        if (is_told(world, (enum lab_actor)i)) {
            write_end(world, (enum lab_actor)i, has_colour);
        }
    }
    if (world->flood.syns > 0) {
        write_flood(world);
    }
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

static void write_end_json(const struct lab_world *world, enum lab_actor actor)
{
    uint64_t t_ns = 0;
    char word[32];
    enum lab_outcome outcome = lab_world_outcome(world, actor, &t_ns);
    const struct lab_app *app = &world->app[actor];
    (void)printf("{\"event\":\"end\",\"t_ns\":%" PRIu64 ",\"host\":\"%s\",\"outcome\":\"%s\"", t_ns,
                 lab_world_name(actor),
                 outcome == LAB_OUTCOME_FAILED ? error_word(app->error, word, sizeof word)
                                               : words_of(outcome).name);
    if (outcome == LAB_OUTCOME_FAILED) {
        struct connect_failure failure = failure_of(world, actor);
        connect_failure_print_json(stdout, &failure);
    } else {
        (void)printf(",\"error\":\"%s\"", synfin_error_name(app->error));
    }
    (void)printf(",\"state\":\"%s\"", synfin_tcp_state_name(state_of(world, actor)));
    (void)printf(",\"sent\":%" PRIu64 ",\"received\":%" PRIu64 ",\"intact\":%s}\n", app->sent_bytes,
                 app->received_bytes, app->has_wrong_octet ? "false" : "true");
}

void lab_report_ends_json(const struct lab_world *world)
{
    for (uint32_t i = 0; i < LAB_ACTORS; i++) {
        if (is_told(world, (enum lab_actor)i)) {
            write_end_json(world, (enum lab_actor)i);
        }
    }
    if (world->flood.syns > 0) {
        const struct lab_flood *flood = &world->flood;
        (void)printf("{\"event\":\"flood\",\"t_ns\":%" PRIu64 ",\"syns\":%" PRIu64
                     ",\"answers\":%" PRIu64 ",\"withheld\":%" PRIu64 ",\"cookies\":%" PRIu64
                     ",\"half_open_most\":%" PRIu32,
                     world->now_ns, flood->syns, flood->answers,
                     count(world, SYNFIN_REASON_DROP_AMPLIFICATION),
                     count(world, SYNFIN_REASON_SEND_SYN_ACK_COOKIE), flood->half_open_most);
        (void)printf(",\"memory_most\":%" PRIu64 ",\"memory_half\":%" PRIu64 ",\"clients\":%" PRIu32
                     ",\"served\":%" PRIu32 "}\n",
                     flood->memory_most_bytes, flood->memory_half_bytes,
                     count_clients(world, false), count_clients(world, true));
    }
}

bool lab_report_check(const struct lab_world *world)
{
    const struct lab_scenario *scenario = world->config.scenario;
    bool is_expected = true;
    for (uint32_t i = 0; i < LAB_ACTORS; i++) {
        uint64_t t_ns = 0;
        enum lab_outcome outcome = lab_world_outcome(world, (enum lab_actor)i, &t_ns);
        enum lab_outcome expected = scenario->expected[i];
        if (!is_told(world, (enum lab_actor)i)) {
            continue;
        }
        if (outcome != expected || world->app[i].has_wrong_octet) {
            (void)fprintf(stderr, "synfin lab: %s: the %s ends \"%s\", expected \"%s\"%s\n",
                          scenario->name, lab_world_name((enum lab_actor)i), words_of(outcome).name,
                          words_of(expected).name,
                          world->app[i].has_wrong_octet ? ", and received wrong octets" : "");
            is_expected = false;
        }
    }
    return is_expected;
}

static void write_json_member(const char *name, const char *text)
{
    (void)printf("\"%s\":\"", name);
    write_json_text(text);
    (void)putchar('"');
}

static void write_model_json(const struct lab_model_head *head, const synfin_ladder *ladder)
{
    (void)fputs("{\"event\":\"model\",", stdout);
    write_json_member("name", head->control);
    (void)putchar(',');
    write_json_member("model", head->model);
    (void)putchar(',');
    write_json_member("without", head->without);
    (void)fputs("}\n", stdout);
    synfin_ladder_json(ladder, cli_output_write, stdout);
    (void)fputs("{\"event\":\"fails\",", stdout);
    write_json_member("property", head->fails);
    (void)fputs("}\n", stdout);
}

void lab_report_model(const struct lab_model_head *head, const synfin_ladder *ladder, bool has_json,
                      bool has_colour)
{
    const char *bold = has_colour ? "\x1b[1m" : "";
    const char *bad = has_colour ? "\x1b[31m" : "";
    const char *plain = has_colour ? "\x1b[0m" : "";
    if (has_json) {
        write_model_json(head, ladder);
        return;
    }
    (void)printf("%scounterexample %s%s (%s)\nwithout: %s\n\n", bold, head->control, plain,
                 head->model, head->without);
    synfin_ladder_text(ladder, cli_output_write, stdout);
    (void)printf("\n%s✗ fails%s: %s\n", bad, plain, head->fails);
}
