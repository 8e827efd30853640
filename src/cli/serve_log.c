// SPDX-License-Identifier: MIT
//
// What `synfin serve` tells while it runs; see serve_log.h.
#include "cli/serve_log.h"

#include <inttypes.h>

void serve_log_put_string(FILE *out, const char *text)
{
    fputc('"', out);
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\') {
            fprintf(out, "\\%c", c);
        } else if (c < ' ' || c >= 0x7f) {
            // Octets that need not be UTF-8 are shown as the code points of the same number.
            fprintf(out, "\\u%04x", c);
        } else {
            fputc(c, out);
        }
    }
    fputc('"', out);
}

const char *serve_log_outcome(enum synfin_error error)
{
    switch ((unsigned)error) {
    case SYNFIN_ERROR_OK: return "closed";
    case SYNFIN_ERROR_RESET: return "reset";
    case SYNFIN_ERROR_REFUSED: return "refused";
    case SYNFIN_ERROR_TIMED_OUT: return "timed-out";
    case SYNFIN_ERROR_ABORTED: return "aborted";
    case SYNFIN_ERROR_NET_UNREACHABLE:
    case SYNFIN_ERROR_HOST_UNREACHABLE:
    case SYNFIN_ERROR_NO_NEIGHBOUR:
    case SYNFIN_ERROR_PORT_UNREACHABLE: return "unreachable";
    default: return "failed";
    }
}

static const char *peer_text(const struct serve_conn *conn, char text[SYNFIN_ENDPOINT_TEXT_MAX])
{
    return synfin_endpoint_format(&conn->peer, text);
}

void serve_log_accept(const struct serve_conn *conn, uint64_t now_ns)
{
    char peer[SYNFIN_ENDPOINT_TEXT_MAX];
    if (conn->serve->has_json) {
        printf("{\"event\":\"accepted\",\"t_ns\":%" PRIu64 ",\"number\":%" PRIu64
               ",\"peer\":\"%s\"}\n",
               now_ns, conn->number, peer_text(conn, peer));
    } else if (conn->serve->is_verbose) {
        printf("%" PRIu64 ": connection from %s\n", conn->number, peer_text(conn, peer));
    }
}

void serve_log_end(const struct serve_conn *conn, enum synfin_error error,
                   enum synfin_reason reason, uint64_t now_ns)
{
    char peer[SYNFIN_ENDPOINT_TEXT_MAX];
    const char *why = reason != SYNFIN_REASON_UNKNOWN ? synfin_reason_text(reason) : "";
    const char *clause = reason != SYNFIN_REASON_UNKNOWN ? synfin_reason_clause(reason) : "";
    if (conn->serve->has_json) {
        printf("{\"event\":\"result\",\"t_ns\":%" PRIu64 ",\"host\":\"server\",\"number\":%" PRIu64
               ",\"peer\":\"%s\",\"outcome\":\"%s\",\"octets_in\":%" PRIu64
               ",\"octets_out\":%" PRIu64 ",\"why\":",
               now_ns, conn->number, peer_text(conn, peer), serve_log_outcome(error),
               conn->octets_in, conn->octets_out);
        serve_log_put_string(stdout, why);
        printf(",\"rfc\":\"%s\"}\n", clause);
    } else if (conn->serve->is_verbose) {
        printf("%" PRIu64 ": %s, %" PRIu64 " octets in, %" PRIu64 " out%s%s%s%s\n", conn->number,
               serve_log_outcome(error), conn->octets_in, conn->octets_out, *why ? ": " : "", why,
               *clause ? ", " : "", clause);
    }
}

void serve_log_request(const struct serve_conn *conn, const char *method, const char *target,
                       int status, uint64_t octets)
{
    if (conn->serve->has_json) {
        printf("{\"event\":\"request\",\"number\":%" PRIu64 ",\"method\":", conn->number);
        serve_log_put_string(stdout, method);
        fputs(",\"target\":", stdout);
        serve_log_put_string(stdout, target);
        printf(",\"status\":%d,\"octets\":%" PRIu64 "}\n", status, octets);
    } else if (conn->serve->is_verbose) {
        printf("%" PRIu64 ": ", conn->number);
        serve_log_put_string(stdout, method);
        fputc(' ', stdout);
        serve_log_put_string(stdout, target);
        printf(" %d, %" PRIu64 " octets\n", status, octets);
    }
}
