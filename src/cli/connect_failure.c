// SPDX-License-Identifier: MIT
//
// See connect_failure.h. What happened comes first in a word or two, then how it was found out:
// what was heard, or how long nothing was.
#include "cli/connect_failure.h"

#include <inttypes.h>

static const char *word_of(enum synfin_error error)
{
    switch ((unsigned)error) {
    case SYNFIN_ERROR_REFUSED: return "refused";
    case SYNFIN_ERROR_TIMED_OUT: return "timed out";
    case SYNFIN_ERROR_NOT_SENT: return "not sent";
    case SYNFIN_ERROR_NO_NEIGHBOUR: return "the next hop does not answer";
    case SYNFIN_ERROR_NET_UNREACHABLE: return "network unreachable";
    case SYNFIN_ERROR_HOST_UNREACHABLE: return "host unreachable";
    case SYNFIN_ERROR_PORT_UNREACHABLE: return "port unreachable";
    case SYNFIN_ERROR_PROHIBITED: return "prohibited";
    default: return synfin_error_text(error);
    }
}

static void print_seconds(FILE *out, uint64_t ns)
{
    uint64_t tenths = (ns + 50000000) / 100000000;
    fprintf(out, "%" PRIu64 ".%" PRIu64 " s", tenths / 10, tenths % 10);
}

static void print_silence(FILE *out, const struct connect_failure *failure)
{
    fprintf(out, "%" PRIu32 " SYN%s in ", failure->tries, failure->tries == 1 ? "" : "s");
    print_seconds(out, failure->waited_ns);
    fputs(failure->is_own_limit ? " (--timeout), no answer" : ", no answer", out);
}

static void print_icmp(FILE *out, const struct synfin_icmp *icmp)
{
    char from[SYNFIN_ADDR_TEXT_MAX];
    fprintf(out, "%s type %u code %u from %s", icmp->version == 4 ? "ICMP" : "ICMPv6",
            (unsigned)icmp->type, (unsigned)icmp->code, synfin_addr_format(&icmp->from, from));
}

static void explain_opening(FILE *out, const struct connect_failure *failure)
{
    bool is_ipv4 = synfin_addr_is_ipv4(&failure->remote.addr);
    switch ((unsigned)failure->error) {
    case SYNFIN_ERROR_REFUSED:
        fprintf(out, ": reset in answer to our %s",
                failure->reason == SYNFIN_REASON_SYN_REFUSED ? "SYN" : "SYN,ACK");
        return;
    case SYNFIN_ERROR_NO_NEIGHBOUR:
        fprintf(out, ": nothing by %s in ", is_ipv4 ? "ARP" : "neighbour discovery");
        print_seconds(out, failure->waited_ns);
        return;
    case SYNFIN_ERROR_NOT_SENT:
        fputs(": the device has taken nothing in ", out);
        print_seconds(out, failure->waited_ns);
        return;
    case SYNFIN_ERROR_TIMED_OUT:
    case SYNFIN_ERROR_NET_UNREACHABLE:
    case SYNFIN_ERROR_HOST_UNREACHABLE:
        fputs(": ", out);
        print_silence(out, failure);
        return;
    default: return;
    }
}

static void explain_ending(FILE *out, const struct connect_failure *failure)
{
    if (failure->reason != SYNFIN_REASON_UNKNOWN) {
        fprintf(out, ": %s", synfin_reason_text(failure->reason));
    }
    if (failure->tries > 1) {
        fprintf(out, ": sent %" PRIu32 " times, the peer last heard ", failure->tries);
        print_seconds(out, failure->waited_ns);
        fputs(" before", out);
    }
}

void connect_failure_tell(FILE *out, const struct connect_failure *failure)
{
    const char *clause = synfin_reason_clause(failure->reason);
    bool is_answer = failure->error == SYNFIN_ERROR_REFUSED || failure->error == SYNFIN_ERROR_RESET;
    fputs(failure->was_open ? synfin_error_text(failure->error) : word_of(failure->error), out);
    if (failure->icmp.version != 0 && !is_answer) {
        fputs(": ", out);
        print_icmp(out, &failure->icmp);
    }
    if (failure->was_open) {
        explain_ending(out, failure);
    } else {
        explain_opening(out, failure);
    }
    fprintf(out, *clause != '\0' ? " (%s)" : "%s", clause);
}

void connect_failure_print(FILE *out, const struct connect_failure *failure)
{
    char addr[SYNFIN_ADDR_TEXT_MAX];
    fprintf(out, "%s port %u: ", synfin_addr_format(&failure->remote.addr, addr),
            (unsigned)failure->remote.port);
    connect_failure_tell(out, failure);
    fputc('\n', out);
}

void connect_failure_print_json(FILE *out, const struct connect_failure *failure)
{
    const struct synfin_icmp *icmp = &failure->icmp;
    char from[SYNFIN_ADDR_TEXT_MAX];
    fprintf(out, ",\"error\":\"%s\",\"tries\":%" PRIu32 ",\"waited_ns\":%" PRIu64,
            synfin_error_name(failure->error), failure->tries, failure->waited_ns);
    if (icmp->version != 0) {
        fprintf(out, ",\"icmp\":{\"version\":%u,\"type\":%u,\"code\":%u,\"from\":\"%s\"}",
                (unsigned)icmp->version, (unsigned)icmp->type, (unsigned)icmp->code,
                synfin_addr_format(&icmp->from, from));
    }
}
