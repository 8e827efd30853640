// SPDX-License-Identifier: MIT
//
// Reading a subcommand's arguments by tables: what a flag is called, what it takes, where its
// value goes, and what --help says of it. Several tables serve one subcommand: those that all
// share (cli_flags.h) and its own.
//
// Use: cli_parse_add for each table, cli_parse_run, then what its outcome says.
#ifndef SYNFIN_CLI_CLI_PARSE_H
#define SYNFIN_CLI_CLI_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CLI_PARSE_SETS_MAX = 8, CLI_PARSE_OPERANDS_MAX = 8 };

// What a flag takes, and the type of the member at its offset.
enum cli_flag_kind {
    CLI_FLAG_SWITCH,      // nothing; bool
    CLI_FLAG_TEXT,        // anything; const char *
    CLI_FLAG_TIME,        // uint64_t, ns
    CLI_FLAG_PROBABILITY, // uint64_t, parts per million
    CLI_FLAG_RATE,        // uint64_t, bits per second
    CLI_FLAG_NUMBER,      // uint64_t, any
    CLI_FLAG_BYTES,       // uint64_t, octets
    CLI_FLAG_COUNT,       // uint64_t, at most 2^32 - 1
    CLI_FLAG_SPECIAL,     // `take` of the flag
};

struct cli_flag {
    const char *name; // with its dashes
    enum cli_flag_kind kind;
    size_t offset;     // of the member in the set's object
    const char *value; // how --help calls the value, such as "T"; NULL for a switch
    const char *help;  // one line
    // SPECIAL: takes the value; false when it is wrong, with `why` set to what is expected.
    bool (*take)(void *object, const char *text, const char **why);
};

struct cli_flag_set {
    const char *title; // of the group in --help
    const struct cli_flag *flag;
    size_t flags;
    void *object;
    uint64_t given; // bit n: flag n was given
};

struct cli_parser {
    const char *command;   // the subcommand's name
    const char *usage;     // what follows it in the usage line
    const char *about;     // a paragraph for --help
    uint32_t operands_max; // at most CLI_PARSE_OPERANDS_MAX
    struct cli_flag_set set[CLI_PARSE_SETS_MAX];
    uint32_t sets;
    const char *operand[CLI_PARSE_OPERANDS_MAX]; // what is no flag, in order
    uint32_t operands;
};

enum cli_parse_outcome {
    CLI_PARSE_READY,  // go on
    CLI_PARSE_HELPED, // --help was answered: exit with CLI_STATUS_DONE
    CLI_PARSE_WRONG,  // stderr names the flag and the value: exit with CLI_STATUS_USAGE
};

// Adds a table; at most 64 flags, at most CLI_PARSE_SETS_MAX tables.
void cli_parse_add(struct cli_parser *parser, const char *title, const struct cli_flag *flags,
                   size_t count, void *object);
// Reads "--name value" and "--name=value"; behind "--" everything is an operand.
enum cli_parse_outcome cli_parse_run(struct cli_parser *parser, int argc, char **argv);
// Whether the flag whose member is at `offset` of `object` was given.
bool cli_parse_has(const struct cli_parser *parser, const void *object, size_t offset);
// Says on stderr what is wrong, as "synfin lab: ...".
__attribute__((format(printf, 2, 3))) void cli_parse_complain(const struct cli_parser *parser,
                                                              const char *format, ...);

#endif
