// SPDX-License-Identifier: MIT
//
// Reading arguments by tables.
#include "cli/cli_parse.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli_values.h"

enum { HELP_COLUMN = 26 };

void cli_parse_add(struct cli_parser *parser, const char *title, const struct cli_flag *flags,
                   size_t count, void *object)
{
    if (parser->sets < CLI_PARSE_SETS_MAX) {
        parser->set[parser->sets++] =
            (struct cli_flag_set){.title = title, .flag = flags, .flags = count, .object = object};
    }
}

void cli_parse_complain(const struct cli_parser *parser, const char *format, ...)
{
    va_list arguments;
    (void)fprintf(stderr, "synfin %s: ", parser->command);
    va_start(arguments, format);
    (void)vfprintf(stderr, format, arguments);
    va_end(arguments);
    (void)fputc('\n', stderr);
}

static void write_flag(const struct cli_flag *flag)
{
    char name[64];
    bool has_value = flag->value != NULL;
    int width = snprintf(name, sizeof name, "  %s%s%s", flag->name, has_value ? " " : "",
                         has_value ? flag->value : "");
    if (width >= HELP_COLUMN) {
        (void)printf("%s\n%*s%s\n", name, HELP_COLUMN, "", flag->help);
    } else {
        (void)printf("%-*s%s\n", HELP_COLUMN, name, flag->help);
    }
}

static void write_help(const struct cli_parser *parser)
{
    (void)printf("usage: synfin %s %s\n\n%s\n", parser->command, parser->usage, parser->about);
    for (uint32_t i = 0; i < parser->sets; i++) {
        const struct cli_flag_set *set = &parser->set[i];
        (void)printf("\n%s:\n", set->title);
        for (size_t k = 0; k < set->flags; k++) {
            write_flag(&set->flag[k]);
        }
    }
    (void)puts("\nTimes are written like 20ms or 1.5s, probabilities like 1% or 0.01, rates like "
               "100mbit.");
}

// What the kind of flag expects, for the complaint.
static const char *expectation_of(enum cli_flag_kind kind)
{
    switch (kind) {
    case CLI_FLAG_TIME: return "a time such as 20ms or 1.5s";
    case CLI_FLAG_PROBABILITY: return "a probability such as 1% or 0.01";
    case CLI_FLAG_RATE: return "a rate such as 100mbit";
    case CLI_FLAG_NUMBER: return "a number";
    case CLI_FLAG_BYTES: return "a number of octets such as 10MB or 64KiB";
    case CLI_FLAG_COUNT: return "a number of at most 4294967295";
    case CLI_FLAG_SWITCH:
    case CLI_FLAG_TEXT:
    case CLI_FLAG_SPECIAL: break;
    }
    return "a value";
}

static bool take_value(const struct cli_flag *flag, void *object, const char *text,
                       const char **why)
{
    void *member = (char *)object + flag->offset;
    *why = expectation_of(flag->kind);
    switch (flag->kind) {
    case CLI_FLAG_SWITCH: *(bool *)member = true; return true;
    case CLI_FLAG_TEXT: *(const char **)member = text; return *text != '\0';
    case CLI_FLAG_TIME: return cli_values_time(text, member);
    case CLI_FLAG_PROBABILITY: return cli_values_probability(text, member);
    case CLI_FLAG_RATE: return cli_values_rate(text, member);
    case CLI_FLAG_NUMBER: return cli_values_number(text, member);
    case CLI_FLAG_BYTES: return cli_values_bytes(text, member);
    case CLI_FLAG_COUNT:
        return cli_values_number(text, member) && *(uint64_t *)member <= UINT32_MAX;
    case CLI_FLAG_SPECIAL: return flag->take(object, text, why);
    }
    return false;
}

// Finds the flag whose name is the first `length` octets of `text`.
static const struct cli_flag *find_flag(struct cli_parser *parser, const char *text, size_t length,
                                        struct cli_flag_set **set)
{
    for (uint32_t i = 0; i < parser->sets; i++) {
        *set = &parser->set[i];
        for (size_t k = 0; k < (*set)->flags; k++) {
            const char *name = (*set)->flag[k].name;
            if (strlen(name) == length && memcmp(name, text, length) == 0) {
                return &(*set)->flag[k];
            }
        }
    }
    return NULL;
}

// Takes the flag at argv[*at], and its value; leaves *at at the last argument taken.
static bool take_flag(struct cli_parser *parser, int argc, char **argv, int *at)
{
    struct cli_flag_set *set = NULL;
    const char *argument = argv[*at];
    const char *equals = strchr(argument, '=');
    size_t length = equals != NULL ? (size_t)(equals - argument) : strlen(argument);
    const struct cli_flag *flag = find_flag(parser, argument, length, &set);
    if (flag == NULL) {
        cli_parse_complain(parser, "no flag %.*s (see synfin %s --help)", (int)length, argument,
                           parser->command);
        return false;
    }
    bool is_switch = flag->kind == CLI_FLAG_SWITCH;
    if (is_switch && equals != NULL) {
        cli_parse_complain(parser, "%s takes no value, but has \"%s\"", flag->name, equals + 1);
        return false;
    }
    if (!is_switch && equals == NULL && *at + 1 >= argc) {
        cli_parse_complain(parser, "%s needs a value (%s)", flag->name, flag->value);
        return false;
    }
    const char *text = "";
    if (!is_switch) {
        text = equals != NULL ? equals + 1 : argv[++*at];
    }
    const char *why = NULL;
    if (!take_value(flag, set->object, text, &why)) {
        cli_parse_complain(parser, "%s: \"%s\" is not %s", flag->name, text, why);
        return false;
    }
    set->given |= UINT64_C(1) << (flag - set->flag);
    return true;
}

enum cli_parse_outcome cli_parse_run(struct cli_parser *parser, int argc, char **argv)
{
    bool is_flag_end = false;
    for (int at = 1; at < argc; at++) {
        const char *argument = argv[at];
        bool is_flag = !is_flag_end && argument[0] == '-' && argument[1] != '\0';
        if (is_flag && strcmp(argument, "--") == 0) {
            is_flag_end = true;
        } else if (is_flag && (strcmp(argument, "--help") == 0 || strcmp(argument, "-h") == 0)) {
            write_help(parser);
            return CLI_PARSE_HELPED;
        } else if (is_flag) {
            if (!take_flag(parser, argc, argv, &at)) {
                return CLI_PARSE_WRONG;
            }
        } else if (parser->operands == parser->operands_max) {
            cli_parse_complain(parser, "\"%s\" is one argument too many", argument);
            return CLI_PARSE_WRONG;
        } else {
            parser->operand[parser->operands++] = argument;
        }
    }
    return CLI_PARSE_READY;
}

bool cli_parse_has(const struct cli_parser *parser, const void *object, size_t offset)
{
    for (uint32_t i = 0; i < parser->sets; i++) {
        const struct cli_flag_set *set = &parser->set[i];
        for (size_t k = 0; set->object == object && k < set->flags; k++) {
            if (set->flag[k].offset == offset && (set->given >> k & 1) != 0) {
                return true;
            }
        }
    }
    return false;
}
