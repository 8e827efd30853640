// SPDX-License-Identifier: MIT
//
// What `synfin serve` tells while it runs: lines for a person with --verbose, one JSON object per
// line with --json, otherwise nothing.
#ifndef SYNFIN_CLI_SERVE_LOG_H
#define SYNFIN_CLI_SERVE_LOG_H

#include "cli/serve.h"

void serve_log_accept(const struct serve_conn *conn, uint64_t now_ns);
// The end of a connection as the server sees it; `reason` may be UNKNOWN.
void serve_log_end(const struct serve_conn *conn, enum synfin_error error,
                   enum synfin_reason reason, uint64_t now_ns);
void serve_log_request(const struct serve_conn *conn, const char *method, const char *target,
                       int status, uint64_t octets);
// The outcome's word in the JSON events, such as "closed", "reset", "timed-out".
const char *serve_log_outcome(enum synfin_error error);
// Writes a JSON string with its quotes.
void serve_log_put_string(FILE *out, const char *text);

#endif
