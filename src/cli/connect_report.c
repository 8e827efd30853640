// SPDX-License-Identifier: MIT
//
// What `synfin connect` tells on standard error: progress, a summary, and why it failed.
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/connect.h"
#include "cli/serve_log.h"

#define NS_PER_S  UINT64_C(1000000000)
#define NS_PER_MS UINT64_C(1000000)

enum { TEXT_BYTES = 32 };

// "1.5 MB": three significant digits or so, in powers of 1000.
static const char *format_octets(uint64_t octets, char text[TEXT_BYTES])
{
    static const char *const units[] = {"octets", "kB", "MB", "GB", "TB", "PB"};
    uint64_t tenths = octets * 10;
    size_t unit = 0;
    if (octets > UINT64_MAX / 10) {
        tenths = UINT64_MAX;
    }
    while (tenths >= 10000 && unit + 1 < sizeof(units) / sizeof(units[0])) {
        tenths /= 1000;
        unit++;
    }
    if (unit == 0) {
        snprintf(text, TEXT_BYTES, "%" PRIu64 " octets", octets);
    } else {
        snprintf(text, TEXT_BYTES, "%" PRIu64 ".%" PRIu64 " %s", tenths / 10, tenths % 10,
                 units[unit]);
    }
    return text;
}

static const char *format_time(uint64_t ns, char text[TEXT_BYTES])
{
    if (ns < NS_PER_MS) {
        snprintf(text, TEXT_BYTES, "%" PRIu64 " us", ns / 1000);
    } else if (ns < NS_PER_S) {
        uint64_t hundredths = ns / (NS_PER_MS / 100);
        snprintf(text, TEXT_BYTES, "%" PRIu64 ".%02" PRIu64 " ms", hundredths / 100,
                 hundredths % 100);
    } else {
        uint64_t hundredths = ns / (NS_PER_S / 100);
        snprintf(text, TEXT_BYTES, "%" PRIu64 ".%02" PRIu64 " s", hundredths / 100,
                 hundredths % 100);
    }
    return text;
}

static uint64_t rate_of(uint64_t octets, uint64_t took_ns)
{
    uint64_t us = took_ns / 1000;
    return us == 0 ? 0 : octets / us * 1000000 + octets % us * 1000000 / us;
}

static void print_transfer(const struct connect *connect, uint64_t rate)
{
    char in[TEXT_BYTES];
    char out[TEXT_BYTES];
    char per_second[TEXT_BYTES];
    char rtt[TEXT_BYTES];
    fprintf(stderr, "%s sent, %s received, %s/s, RTT %s, %" PRIu64 " segments sent again",
            format_octets(connect->octets_out, out), format_octets(connect->octets_in, in),
            format_octets(rate, per_second), format_time(connect->info.srtt_ns, rtt),
            connect->segments_retransmitted);
}

void connect_report_progress(struct connect *connect, uint64_t now_ns)
{
    if (now_ns < connect->progress_ns || !connect->is_connected) {
        return;
    }
    bool is_terminal = isatty(STDERR_FILENO) != 0;
    uint64_t octets = connect->octets_in + connect->octets_out;
    uint64_t rate = rate_of(octets - connect->progress_octets, now_ns - connect->progress_last_ns);
    fputs(is_terminal ? "\r\033[K" : "", stderr);
    print_transfer(connect, rate);
    fputs(is_terminal ? "" : "\n", stderr);
    fflush(stderr);
    connect->has_progress_line = is_terminal;
    connect->progress_octets = octets;
    connect->progress_last_ns = now_ns;
    connect->progress_ns = now_ns + (is_terminal ? NS_PER_S / 2 : NS_PER_S);
}

static void sum_up(const struct connect *connect)
{
    const uint64_t long_ns = 2 * NS_PER_S;
    char text[TEXT_BYTES];
    uint64_t took_ns = connect->ended_ns - connect->connected_ns;
    bool is_wanted =
        connect->options.is_verbose || connect->options.has_progress || took_ns >= long_ns;
    if (!connect->is_connected || !is_wanted) {
        return;
    }
    print_transfer(connect, rate_of(connect->octets_in + connect->octets_out, took_ns));
    fprintf(stderr, ", in %s\n", format_time(took_ns, text));
}

static void print_result(const struct connect *connect)
{
    const struct connect_failure *failure = &connect->failure;
    char peer[SYNFIN_ENDPOINT_TEXT_MAX];
    fprintf(stderr,
            "{\"event\":\"result\",\"t_ns\":%" PRIu64 ",\"host\":\"client\",\"peer\":\"%s\","
            "\"outcome\":\"%s\",\"octets_in\":%" PRIu64 ",\"octets_out\":%" PRIu64
            ",\"srtt_ns\":%" PRIu64 ",\"segments_retransmitted\":%" PRIu64
            ",\"send_buffer_bytes\":%" PRIu32 ",\"receive_buffer_bytes\":%" PRIu32
            ",\"why\":\"%s\",\"rfc\":\"%s\"",
            connect->ended_ns, synfin_endpoint_format(&connect->remote, peer),
            serve_log_outcome(failure->error), connect->octets_in, connect->octets_out,
            connect->info.srtt_ns, connect->segments_retransmitted, connect->info.snd_buffer_bytes,
            connect->info.rcv_buffer_bytes, synfin_reason_text(failure->reason),
            synfin_reason_clause(failure->reason));
    if (failure->error != SYNFIN_ERROR_OK) {
        connect_failure_print_json(stderr, failure);
    }
    fputs("}\n", stderr);
}

int connect_report_end(struct connect *connect)
{
    connect->failure.remote = connect->remote;
    connect->failure.was_open = connect->is_connected;
    if (connect->has_progress_line) {
        fputs("\r\033[K", stderr);
    }
    if (connect->flags.has_json) {
        print_result(connect);
    } else {
        sum_up(connect);
    }
    if (connect->local_failure != NULL) {
        fprintf(stderr, "synfin: %s: %s\n", connect->local_failure, strerror(connect->local_errno));
        return CLI_STATUS_FAILED;
    }
    if (connect->failure.error != SYNFIN_ERROR_OK) {
        fputs("synfin: ", stderr);
        connect_failure_print(stderr, &connect->failure);
        return CLI_STATUS_FAILED;
    }
    return CLI_STATUS_DONE;
}
