// SPDX-License-Identifier: MIT
//
// The frame of the command: what a subcommand is. Each has one file cmd_<name>.c with one
// function; main.c holds the table of them.
#ifndef SYNFIN_CLI_CLI_H
#define SYNFIN_CLI_CLI_H

enum cli_status {
    CLI_STATUS_DONE = 0,
    CLI_STATUS_FAILED = 1, // with the reason on stderr
    CLI_STATUS_USAGE = 2,  // wrong usage, named on stderr
};

// Runs a subcommand: argv[0] is its name. Returns an enum cli_status, the exit status.
typedef int cli_command_fn(int argc, char **argv);

cli_command_fn cmd_lab, cmd_serve, cmd_connect, cmd_wire;

#endif
