// SPDX-License-Identifier: MIT
//
// The command synfin: finds the subcommand and runs it. A new one needs a file cmd_<name>.c, its
// declaration in cli.h and a line in the table below.
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

struct command {
    const char *name;
    cli_command_fn *run;
    const char *help;
};

static const struct command commands[] = {
    {"lab", cmd_lab, "play a part of a connection's life between two stacks, and draw it"},
    {"serve", cmd_serve, "serve files over HTTP, or echo, discard and chargen, on a device"},
    {"connect", cmd_connect, "connect standard input and output to a peer"},
    {"wire", cmd_wire, "join two devices by a link with delay, loss and other faults"},
};

enum { COMMANDS = sizeof commands / sizeof commands[0] };

static void write_usage(FILE *out)
{
    (void)fputs("synfin: TCP from SYN to FIN, in user space\n"
                "\n"
                "usage: synfin COMMAND [ARGUMENTS]\n"
                "       synfin COMMAND --help\n"
                "       synfin --version\n"
                "\n"
                "commands:\n",
                out);
    for (size_t i = 0; i < COMMANDS; i++) {
        (void)fprintf(out, "  %-10s %s\n", commands[i].name, commands[i].help);
    }
    (void)fputs("\nexit status: 0 done, 1 failed (the reason is on stderr), 2 wrong usage\n", out);
}

static const struct command *find_command(const char *name)
{
    for (size_t i = 0; i < COMMANDS; i++) {
        if (strcmp(commands[i].name, name) == 0) {
            return &commands[i];
        }
    }
    return NULL;
}

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "";
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || strcmp(name, "help") == 0) {
        write_usage(stdout);
        return CLI_STATUS_DONE;
    }
    if (strcmp(name, "--version") == 0) {
        (void)puts("synfin " SYNFIN_VERSION);
        return CLI_STATUS_DONE;
    }
    const struct command *command = find_command(name);
    if (command == NULL) {
        if (*name != '\0') {
            (void)fprintf(stderr, "synfin: no command \"%s\"\n\n", name);
        }
        write_usage(stderr);
        return CLI_STATUS_USAGE;
    }
    int status = command->run(argc - 1, argv + 1);
    if (fflush(stdout) != 0 && status == CLI_STATUS_DONE) {
        (void)fprintf(stderr, "synfin %s: cannot write the output\n", name);
        return CLI_STATUS_FAILED;
    }
    return status;
}
