// SPDX-License-Identifier: MIT
//
// Why a connection could not be opened, or ended, in one line for a person and as JSON members.
#ifndef SYNFIN_CLI_CONNECT_FAILURE_H
#define SYNFIN_CLI_CONNECT_FAILURE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <synfin/socket.h>

struct connect_failure {
    struct synfin_endpoint remote;
    enum synfin_error error;
    enum synfin_reason reason; // UNKNOWN: none but the error
    bool was_open;
    bool is_own_limit; // the command gave up, before TCP would have
    uint32_t tries;    // these three as in struct synfin_event
    uint64_t waited_ns;
    struct synfin_icmp icmp;
};

// "refused: reset in answer to our SYN (RFC 9293 §3.10.7.3)"
void connect_failure_tell(FILE *out, const struct connect_failure *failure);
// "192.0.2.7 port 80: refused: reset in answer to our SYN (RFC 9293 §3.10.7.3)" as a line
void connect_failure_print(FILE *out, const struct connect_failure *failure);
// ,"error":"TIMED_OUT","tries":8,"waited_ns":183000000000 and, when one was heard, ,"icmp":{...}
void connect_failure_print_json(FILE *out, const struct connect_failure *failure);

#endif
