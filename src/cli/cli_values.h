// SPDX-License-Identifier: MIT
//
// Values as people write them on a command line: times, probabilities, rates, sizes, counts.
// Integers only: "1.5s" is read exactly. Each returns false for what it does not understand.
#ifndef SYNFIN_CLI_CLI_VALUES_H
#define SYNFIN_CLI_CLI_VALUES_H

#include <stdbool.h>
#include <stdint.h>

// "20ms", "1.5s", "250us", "10ns", "2min", "1h"; "0" needs no unit.
bool cli_values_time(const char *text, uint64_t *ns);
// "1%", "0.5%", "0.01"; from 0 to 1, in parts per million.
bool cli_values_probability(const char *text, uint64_t *ppm);
// "100mbit", "1.5gbit", "64kbit", "9600bit" or a number of bits per second.
bool cli_values_rate(const char *text, uint64_t *bps);
// "10MB", "1.5GB", "64KiB" or a number of octets; more than none.
bool cli_values_bytes(const char *text, uint64_t *bytes);
// A decimal number, or hexadecimal behind "0x".
bool cli_values_number(const char *text, uint64_t *number);

#endif
